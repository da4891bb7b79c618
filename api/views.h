/* From the store to arrays: views as passes need them. */
#ifndef GX_API_VIEWS_H
#define GX_API_VIEWS_H

#include "graph/csr/view.h"
#include "graph/pass/pass.h"

/* What of the store a computation looks at. */
typedef struct gx_view_spec {
    const char *const *kinds; /* tie kinds, NULL-ended; NULL: every social kind */
    int64_t from_ms, to_ms;   /* ties and events of this time only; 0, 0: all */
} gx_view_spec;

typedef struct gx_views {
    gx_graph ties, undirected;
    gx_matrix matrix, times, groups, acts, bought, first;
    gx_matrix owned; /* purchases that stand, of what the member is against now too */
    gx_firsts takes;
    gx_labels category;
    gx_facts facts;
    uint8_t *departed;
    gx_item_sums sums; /* with the matrix */
    uint64_t state;    /* of the store they were made from */
    gx_job *job;       /* which they are counted against; outlives them */
    uint64_t held;     /* bytes so counted */
    uint64_t charged;  /* of them, those not from gx_job_alloc */
    gx_input input;
} gx_views;

/* Makes what `needs` (GX_NEED_*) names. `input.arrays` is left NULL. */
GX_MUST_CHECK gx_status gx_views_make(gx_views *out, gx_store *store, const gx_rules *rules,
                                      unsigned needs, const gx_view_spec *spec, gx_job *job,
                                      gx_error *err);
/* Adds `owned`. */
GX_MUST_CHECK gx_status gx_views_own(gx_views *views, gx_store *store, const gx_rules *rules,
                                     gx_error *err);
void gx_views_finish(gx_views *views);
/* "category.name_at" and "category.names", what gx_category_value reads. */
GX_MUST_CHECK gx_status gx_categories_add(gx_arrays *arrays, const gx_labels *labels, gx_job *job,
                                          gx_error *err);

#endif
