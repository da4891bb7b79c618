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

/* `value` is the thread's own: one a member, all 0 before and after each call. */
typedef double (*gx__contacts_fn)(const gx__contacts *contacts, uint32_t member, double *value);

/* score[v] = measure(v). Threads share the members; each is computed by one. */
GX_MUST_CHECK gx_status gx__contacts_each(double *score, const gx__contacts *contacts,
                                          gx__contacts_fn measure, const char *stage, gx_job *job,
                                          gx_error *err);
uint64_t gx__contacts_each_bytes(uint64_t n, int threads);

/* Σ over the q that i and j are both in contact with of value[q] · w_jq; value is 0 but for
 * contacts of i. By the row of j, or where that is far longer, by a search in it. */
double gx__contacts_shared(const gx__contacts *contacts, const double *value, uint32_t i,
                           uint32_t j);

/* Entries that gx__contacts_shared reads for all pairs, at most: Σ over ties of ties. */
double gx__contacts_work(const gx_graph *graph);

#endif
