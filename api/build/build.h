/* The build of a whole snapshot, and what it or one of its passes would take. */
#ifndef GX_API_BUILD_H
#define GX_API_BUILD_H

#include "api/db.h"
#include "api/views.h"

typedef struct gx_build_options {
    const gx_value *passes; /* list of names; NULL or nil: the usual ones */
    const gx_value *params; /* map pass → map of parameters; may be NULL */
    const char *interest;   /* the model behind the interest channel, beside the usual passes; NULL:
                               the one that finds more (api/build/interest.h) */
    gx_view_spec spec;
    bool promote;
    bool blend; /* learn the blend of the channels; only beside the usual passes */
    bool check; /* run every pass's invariant before publishing */
} gx_build_options;

/* Whether the build is of the usual passes, and not of named ones. */
static inline bool gx_build_is_usual(const gx_build_options *options) {
    return !(options->passes && options->passes->type == GX_LIST);
}

/* What a list is made of where nothing is said, and nothing can be told from what happened. */
#define GX_INTEREST_MODEL "ials"

/* What a build needs whatever its passes do. */
enum { GX_BUILD_NEEDS = GX_NEED_MATRIX | GX_NEED_CATEGORY };

/* The model behind the interest channel, and of those that were tried how well each found what
 * members took. */
enum { GX_INTEREST_TRIED = 2 };
typedef struct gx_interest {
    const char *model; /* NULL: the build was of named passes */
    uint32_t members;  /* judged; 0: none was tried */
    size_t chosen;
    double ndcg[GX_INTEREST_TRIED], p; /* of the difference */
} gx_interest;

typedef struct gx_build_result {
    gx_interest interest;
    uint32_t number;
    uint64_t bytes; /* of the arrays */
    double wall_s, cpu_s;
} gx_build_result;

/* Views → plan → arrays → a new snapshot; what is served changes only when all went well. */
GX_MUST_CHECK gx_status gx_build(gx_build_result *out, gx_db *db, const gx_build_options *options,
                                 gx_job *job, gx_error *err);
/* Names in `given` (a map pass → parameters, or nil) of passes that are not in the build, whose
 * `interest` is said: what is given for them is not used. */
gx_value gx_build_unused(gx_arena *arena, const gx_value *given, const gx_build_options *options);
/* The map of api/build/estimate.h; its first step is the views, of what the passes need and `also`
 * (GX_NEED_*). */
GX_MUST_CHECK gx_status gx_build_estimate(gx_value *out, gx_db *db, const gx_build_options *options,
                                          unsigned also, gx_arena *arena, gx_job *job,
                                          gx_error *err);
/* That map for one pass over the live store, as gx_compute would run it; `params` may be nil. A
 * NULL pass: the snapshot has the answer, so there are no steps, and `from` says why. */
GX_MUST_CHECK gx_status gx_estimate_pass(gx_value *out, gx_db *db, const gx_pass *pass,
                                         const gx_value *params, const gx_view_spec *spec,
                                         gx_arena *arena, gx_job *job, gx_error *err);

#endif
