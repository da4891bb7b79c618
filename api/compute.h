/* From the store to arrays: views as the passes need them, one pass on demand, and the build of a
 * whole snapshot. What long methods stand on. */
#ifndef GX_API_COMPUTE_H
#define GX_API_COMPUTE_H

#include "api/db.h"

/* What of the store a computation looks at. */
typedef struct gx_view_spec {
    const char *const *kinds; /* tie kinds, NULL-ended; NULL: every social kind */
    int64_t from_ms, to_ms;   /* ties and events of this time only; 0, 0: all */
} gx_view_spec;

typedef struct gx_views {
    gx_graph ties, undirected;
    gx_matrix matrix, times, groups, acts;
    gx_labels category;
    uint64_t state; /* of the store they were made from */
    gx_job *job;    /* which they are counted against; outlives them */
    uint64_t held;  /* bytes so counted */
    gx_input input;
} gx_views;

/* Makes what `needs` (GX_NEED_*) names. `input.arrays` is left NULL. */
GX_MUST_CHECK gx_status gx_views_make(gx_views *out, gx_store *store, const gx_rules *rules,
                                      unsigned needs, const gx_view_spec *spec, gx_job *job,
                                      gx_error *err);
void gx_views_finish(gx_views *views);
/* "category.name_at" and "category.names", what gx_category_value reads. */
GX_MUST_CHECK gx_status gx_categories_add(gx_arrays *arrays, const gx_labels *labels, gx_job *job,
                                          gx_error *err);
/* Every pass there is, of engine and models, as the plan takes them. */
extern const size_t gx_pass_tables_count;
const gx_pass_table *const *gx_pass_tables(void);
const gx_pass *gx_any_pass_find(const char *name); /* NULL: none */
/* A parameter of that name of any pass: what type the flag has. NULL: no pass has one. */
const gx_param *gx_any_pass_param(const char *name);
GX_MUST_CHECK gx_status gx_any_pass_missing(gx_slice name, gx_kind kind, gx_error *err);

/* A pass's parameters with internal numbers where members' ids were given (GX_PARAM_MEMBERS);
 * `params` itself, which may be NULL, where there are none. One text is split at commas. not_found
 * names the member. Made in the arena. */
GX_MUST_CHECK gx_status gx_params_resolve(const gx_value **out, gx_arena *arena, gx_store *store,
                                          const gx_pass *pass, const gx_value *params,
                                          gx_error *err);
/* Runs one pass (with what it needs before it) over the live store; what the snapshot served holds
 * is its `before`. The caller destroys `out`, where the names of categories lie beside what a pass
 * gave that needs them (gx_categories_add). */
GX_MUST_CHECK gx_status gx_compute(gx_arrays **out, gx_db *db, const gx_pass *pass,
                                   const gx_value *params, const gx_view_spec *spec, gx_job *job,
                                   gx_error *err);

/* The same under another name: its arrays are "INSTANCE.…". */
GX_MUST_CHECK gx_status gx_compute_as(gx_arrays **out, gx_db *db, const gx_pass *pass,
                                      const char *instance, const gx_value *params,
                                      const gx_view_spec *spec, gx_job *job, gx_error *err);

typedef struct gx_build_options {
    const gx_value *passes; /* list of names; NULL or nil: gx_build_default */
    const gx_value *params; /* map pass → map of parameters; may be NULL */
    gx_view_spec spec;
    bool promote;
    bool check; /* run every pass's invariant before publishing */
} gx_build_options;

extern const char *const gx_build_default[]; /* NULL-ended */
/* What a build needs whatever its passes do. */
enum { GX_BUILD_NEEDS = GX_NEED_MATRIX | GX_NEED_CATEGORY };

typedef struct gx_build_result {
    uint32_t number;
    uint64_t bytes; /* of the arrays */
    double wall_s, cpu_s;
} gx_build_result;

/* Views → plan → arrays → a new snapshot; what is served changes only when all went well. */
GX_MUST_CHECK gx_status gx_build(gx_build_result *out, gx_db *db, const gx_build_options *options,
                                 gx_job *job, gx_error *err);
/* {steps: [{pass, mem_bytes, cpu_s, cpu_most_s}], mem_bytes, cpu_s, cpu_most_s}; the first step is
 * the views, of what the passes need and `also` (GX_NEED_*). */
GX_MUST_CHECK gx_status gx_build_estimate(gx_value *out, gx_db *db, const gx_build_options *options,
                                          unsigned also, gx_arena *arena, gx_job *job,
                                          gx_error *err);
/* That map for one pass over the live store, as gx_compute would run it; `params` may be nil. A
 * NULL pass: the snapshot has the answer, so there are no steps, and `from` says why. */
GX_MUST_CHECK gx_status gx_estimate_pass(gx_value *out, gx_db *db, const gx_pass *pass,
                                         const gx_value *params, const gx_view_spec *spec,
                                         gx_arena *arena, gx_job *job, gx_error *err);
/* That map; `view` is a step before the plan's. */
gx_value gx_estimate_value(gx_arena *arena, const gx_plan *plan, const gx_estimate *view,
                           gx_estimate whole);
/* Adds a step to such a list, or makes the map of it. */
void gx_estimate_add(gx_arena *arena, gx_value *steps, const char *name, gx_estimate estimate);
gx_value gx_estimate_map(gx_arena *arena, gx_value steps, gx_estimate whole);
/* The same of one pass on a graph that is not there: `users` members and `ties` ties, each
 * an arc or, `both_ways`, two. bad_request: a pass that needs more than ties, more ties
 * than so many members can have, or parameters that do not parse. */
GX_MUST_CHECK gx_status gx_estimate_graph(gx_value *out, const gx_pass *pass,
                                          const gx_value *params, uint32_t users, uint64_t ties,
                                          bool both_ways, int threads, gx_arena *arena,
                                          gx_error *err);

/* Adds to the message of a job that ran out of memory while it read the graph what the whole takes,
 * by the store's number of ties; nothing where that cannot be told, or would not exceed the cap. */
void gx_tell_whole_need(gx_error *err, gx_store *store, const gx_pass *pass, const gx_value *params,
                        const gx_job *job);
/* The first id that no snapshot newer than `before` gave a circle: after a rollback they are not on
 * the way, and yet somebody may have read of a circle in one of them. Damaged ones are left out. */
GX_MUST_CHECK gx_status gx_ids_given(uint32_t *out, gx_db *db, const gx_snapshot *before,
                                     gx_job *job, gx_error *err);

#endif
