/* Contacts as Burt (Structural Holes, 1992, chapter 2) counts them: what two members give each
 * other in both directions together, and what two contacts share. */
#ifndef GX_KERNEL_CONTACTS_H
#define GX_KERNEL_CONTACTS_H

#include "engine/kernel/degrees.h"
#include "engine/kernel/neighbours.h"

/* Rows of contacts with their weight w_ij = w_ji, by place: members of many contacts come first, so
 * that what is read most lies together. Without self-loops. */
typedef struct gx__contacts {
    uint32_t n;
    uint32_t *member;   /* n: who has the place */
    gx__rows_view rows; /* places, in the order of the members' numbers; owned */
    double *root;       /* in place of rows.weight, where gx__contacts_make_roots made it */
    double *strength;   /* n: Σ_j w_ij */
} gx__contacts;

/* w_ij is the weight of the tie in the undirected view; with `directed` (a_ij + a_ji) / 2, a the
 * weights of `graph`. Not `weighted`: every a is 1. O(n + m) time. */
GX_MUST_CHECK gx_status gx__contacts_make(gx__contacts *out, const gx_input *input, bool directed,
                                          bool weighted, gx_job *job, gx_error *err);
/* The same with the cube root of the weight of a tie: of the view's, or with `directed`
 * a_ij^(1/3) + a_ji^(1/3); a graph without weights has none. So the product of the three ties of a
 * triangle is its intensity (Onnela et al. 2005). There are no strengths. */
GX_MUST_CHECK gx_status gx__contacts_make_roots(gx__contacts *out, const gx_input *input,
                                                bool directed, gx_job *job, gx_error *err);
void gx__contacts_free(gx__contacts *contacts, gx_job *job);

#define GX__CONTACTS_PARAMS                                                                        \
    GX__PARAM_BOOL("weighted", "true",                                                             \
                   "shares by the weight of the ties; else all ties are alike"),                   \
        GX__PARAM_BOOL("directed", "false",                                                        \
                       "add up what is given and received; else a mutual tie is one tie")

/* `reads` of a pass with the parameter `directed`. */
static inline unsigned gx__contacts_reads(const gx_args *args) {
    return gx__reads_directed(args, GX__NEED_TIES);
}

/* What both ends of a tie share: Σ over the q that i and j are both in contact with of w_iq w_jq,
 * by 1 / strength[q] where asked for. It is the same from either end. i and j are places. */
typedef void (*gx__contacts_pair_fn)(void *user, uint32_t i, uint32_t j, double weight,
                                     double shared);

/* Calls `each` once for each tie, from one thread and in one order at any thread count; what is
 * shared is summed by many, along the shorter of the two rows: Σ over ties of the lower degree. */
GX_MUST_CHECK gx_status gx__contacts_pairs(const gx__contacts *contacts, bool by_strength,
                                           gx__contacts_pair_fn each, void *user, const char *stage,
                                           gx_job *job, gx_error *err);

/* Bytes held at the peak by all this. */
uint64_t gx__contacts_bytes(const gx_input *input, bool directed, bool weighted, int threads);
uint64_t gx__contacts_roots_bytes(const gx_input *input, int threads);
/* Seconds on one core. */
double gx__contacts_cpu_s(const gx__degrees *degrees, bool directed, bool weighted);

#endif
