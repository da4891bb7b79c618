/* Most popular: score(i) = Σ over members u of value(u, i) × 2^(−age(u, i) / half-life), the age
 * counted back from the newest event in the matrix. The matrix may carry the decay of its actions
 * already; `half_life` fades on top of that and is off by default. Values below zero, and what
 * members say against an item (gx_input.against), subtract. O(nnz) time, 8 bytes an item; sums in
 * double, in the order of the matrix. */
#include "models/popular.h"

#include "models/model.h"
#include "models/scoring.h"

static const double SCORE_MAX = 1e30; /* keeps sums of huge values finite */

static const gx_param params[] = {GX__HALF_LIFE_PARAM};

static const gx_gives gives[] = {
    {"score", GX_F32, GX_LEN_ITEMS, "sum of the faded weights of an item's events"},
};

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)args;
    (void)threads;
    out->mem_bytes = (uint64_t)input->items * (sizeof(double) + sizeof(float));
    out->cpu_s = 4e-9 * (double)input->matrix->nnz;
}

gx__fading gx__fading_of(const gx_matrix *matrix, double half_life) {
    int64_t newest = INT64_MIN;
    const bool fades = half_life > 0 && matrix->ts && matrix->nnz > 0;
    for (uint64_t k = 0; fades && k < matrix->nnz; k++) {
        newest = matrix->ts[k] > newest ? matrix->ts[k] : newest;
    }
    return (gx__fading){.half_life = fades ? half_life : 0, .now = fades ? (double)newest : 0};
}

static gx_status sum_values(double *sum, const gx_matrix *matrix, double half_life, gx_job *job,
                            gx_error *err) {
    const gx__fading fading = gx__fading_of(matrix, half_life);
    for (uint32_t u = 0; u < matrix->rows; u++) {
        if (u % 4096 == 0) {
            gx_status status = gx_job_check(job, err);
            if (status != GX_OK) {
                return status;
            }
            gx_job_tick(job, u);
        }
        for (uint64_t k = matrix->ptr[u]; k < matrix->ptr[u + 1]; k++) {
            sum[matrix->col[k]] += gx__faded(&fading, matrix, k);
        }
    }
    return GX_OK;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    double *sum = NULL;
    float *score;
    gx_status status = GX_OK;
    gx_job_stage(job, "popular: sums", input->matrix->rows);
    GX_TRY(gx_job_alloc(job, &sum, input->items, sizeof *sum, err));
    GX_TRY(gx_output_add(&score, out, "score", GX_F32, input->items, 0, err));
    GX_TRY(sum_values(sum, input->matrix, (double)gx_arg_int(args, "half_life"), job, err));
    for (uint32_t i = 0; i < input->items; i++) {
        sum[i] -= input->against ? input->against[i] : 0;
        score[i] = (float)fmax(-SCORE_MAX, fmin(sum[i], SCORE_MAX));
    }
done:
    gx_job_free(job, sum);
    return status;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const float *score = gx_result_get(result, instance, "score", GX_F32, input->items);
    if (!score && input->items) {
        return gx_fail(err, GX_INTERNAL, "%s.score is not there", instance);
    }
    for (uint32_t i = 0; i < input->items; i++) {
        if (!isfinite(score[i])) {
            return gx_fail(err, GX_INTERNAL, "%s.score of item %u is %g", instance, i,
                           (double)score[i]);
        }
    }
    return GX_OK;
}

/* ---- scoring -------------------------------------------------------------------------------- */

typedef struct state {
    const float *score;
    uint32_t items;
} state;

static gx_status open_state(void **out_state, const gx_arrays *arrays, const char *instance,
                            uint32_t users, uint32_t items, gx_error *err) {
    (void)users;
    const float *score = gx_result_get(arrays, instance, "score", GX_F32, items);
    if (!score && items) {
        return gx_fail_at(err, GX_NOT_FOUND, instance, "there is no %s.score of %u items", instance,
                          items);
    }
    const state found = {.score = score, .items = items};
    return gx__state_keep(out_state, &found, sizeof found, err);
}

static gx_status score_one(float *scores, bool *folded, const void *opaque,
                           const gx_history *history, gx_error *err) {
    (void)history;
    (void)err;
    const state *s = opaque;
    if (s->items) {
        memcpy(scores, s->score, s->items * sizeof *scores);
    }
    *folded = false;
    return GX_OK;
}

const gx_model gx_model_popular = {
    .pass = {.name = "popular",
             .kind = GX_KIND_MODEL,
             .summary = "most popular items, by events that fade with time",
             .paper = "sum of exponentially faded event weights",
             .complexity = "O(events) time, O(items) memory",
             .needs = GX_NEED_MATRIX,
             .gives = gives,
             .give_count = GX_COUNT(gives),
             .params = params,
             .param_count = GX_COUNT(params),
             .estimate = estimate,
             .run = run,
             .check = check},
    .open = open_state,
    .close = gx_free,
    .score = score_one,
};
