/* Contacts as Burt (Structural Holes, 1992, chapter 2) counts them: what two members give each
 * other in both directions together, and each member's shares of it. */
#ifndef GX_KERNEL_CONTACTS_H
#define GX_KERNEL_CONTACTS_H

#include "engine/kernel/neighbours.h"

/* Rows are those of the undirected view, w_ij = w_ji. They may hold the member itself, who is no
 * contact. */
typedef struct gx__contacts {
    uint32_t n;
    gx__rows_view rows;
    double *strength; /* n: Σ_j w_ij */
    float *own;       /* weights made here; NULL where the view's are taken */
} gx__contacts;

/* w_ij is the weight of the tie in the undirected view; with `directed` (a_ij + a_ji) / 2, a the
 * weights of `graph`. Not `weighted`: every a is 1. */
GX_MUST_CHECK gx_status gx__contacts_make(gx__contacts *out, const gx_input *input, bool directed,
                                          bool weighted, gx_job *job, gx_error *err);
void gx__contacts_free(gx__contacts *contacts, gx_job *job);
/* Held by it; with `directed` 4 bytes an arc more. */
uint64_t gx__contacts_bytes(const gx_input *input, bool directed);

/* What both ends of a tie share: Σ over the q that i and j are both in contact with of w_iq w_jq, by
 * 1 / strength[q] where asked for. It is the same from either end. */
typedef void (*gx__contacts_pair_fn)(void *user, uint32_t i, uint32_t j, double weight,
                                     double shared);

/* Calls `each` once for each tie, from one thread and in one order at any thread count; what is
 * shared is summed by many, along the shorter of the two rows: Σ over ties of the lower degree. */
GX_MUST_CHECK gx_status gx__contacts_pairs(const gx__contacts *contacts, bool by_strength,
                                           gx__contacts_pair_fn each, void *user, const char *stage,
                                           gx_job *job, gx_error *err);
uint64_t gx__contacts_pairs_bytes(const gx_input *input, int threads);
/* Seconds on one core. */
double gx__contacts_pairs_cpu_s(const gx_graph *graph);

#endif
