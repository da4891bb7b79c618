/* Walks of three steps on the graph of members and items: from a member to an item of theirs, to
 * another member who did it, to what that one did (P³ α, Cooper et al. 2014), the chance of ending
 * at an item divided by its popularity to the power of β (RP³β, Paudel et al. 2017):
 *
 *   B[i,j] = Σ_u (r_ui / d_i)^α (r_uj / d_u)^α / d_j^β     score(u, j) = Σ_{i in history} h_i
 * B[i,j]
 *
 * r are the positive values over their largest; d_u and d_i their sums by member and by item. A
 * member's own first step divides all their scores by the same d_u^α and is left out; on values
 * that differ it would be h_i^α, and is h_i, so that a reason is in proportion to what was done. Of
 * each row the N largest stay, an item not in its own: the walk back to where it was says nothing
 * of another item. Values are summed exactly instead of by drawing walks.
 *
 * With values all 1 this is `linear` with both exponents of members and histories at α.
 *
 * Rows are made as item_rows_make.c says: O(Σ_u d_u²) time, 8 bytes a kept weight.
 *
 * Dislikes (values ≤ 0) take no part in the fit; in a history they subtract the item's row. */
#include "models/item_rows.h"

#include <math.h>

static const gx_param params[] = {
    {.name = "neighbours",
     .type = GX_PARAM_INT,
     .fallback = "1000",
     .low = 1,
     .high = 1e6,
     .unit = "items",
     .help = "how many of the likeliest ends of a walk each item keeps"},
    {.name = "alpha",
     .type = GX_PARAM_REAL,
     .fallback = "0.5",
     .low = 0,
     .high = 2,
     .flags = GX_PARAM_SEARCH,
     .help = "exponent of the chance of each step"},
    {.name = "beta",
     .type = GX_PARAM_REAL,
     .fallback = "0.4",
     .low = 0,
     .high = 2,
     .flags = GX_PARAM_SEARCH,
     .help = "exponent of the popularity that the end of a walk is divided by"},
};

static const gx_gives gives[] = {GX__ITEM_ROWS_GIVES};

/* Everything the rows are made from; read by all threads. */
typedef struct fit {
    gx_matrix history; /* r^α */
    float *value;      /* of history; NULL: all 1 */
    double *leave;     /* d_u^−α, of members */
    double *begin;     /* d_i^−α, of items */
    float *end;        /* d_j^−β, of items */
} fit;

static gx_status make_steps(fit *f, const gx_args *args, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const gx_matrix *h = &f->history;
    const double alpha = gx_arg_real(args, "alpha"), beta = gx_arg_real(args, "beta");
    GX_TRY(gx_job_alloc(job, &f->leave, h->rows, sizeof *f->leave, err));
    GX_TRY(gx_job_alloc(job, &f->begin, h->cols, sizeof *f->begin, err));
    GX_TRY(gx_job_alloc(job, &f->end, h->cols, sizeof *f->end, err));
    for (uint32_t u = 0; u < h->rows; u++) {
        f->leave[u] = gx__degree_scale(gx__row_sum(h, u), alpha);
    }
    gx__column_sums(f->begin, h);
    for (uint32_t i = 0; i < h->cols; i++) {
        const double end = gx__degree_scale(f->begin[i], beta);
        f->end[i] = (float)fmin(end, (double)GX__WEIGHT_MAX);
        f->begin[i] = gx__degree_scale(f->begin[i], alpha);
    }
    for (uint64_t k = 0; f->value && k < h->nnz; k++) {
        f->value[k] = f->value[k] > 0 ? powf(f->value[k], (float)alpha) : 0;
    }
done:
    return status;
}

static void weigh(const void *model, uint32_t item, float *sum, const uint32_t *touched,
                  uint32_t count) {
    (void)item;
    const fit *f = model;
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t j = touched[k];
        sum[j] = gx__weight_between(sum[j] * f->end[j], FLT_MIN, GX__WEIGHT_MAX);
    }
}

static float finish(const void *model, uint32_t item, float sum) {
    const fit *f = model;
    return (float)fmin((double)sum * f->begin[item], (double)GX__WEIGHT_MAX);
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    fit f = {0};
    GX_TRY(gx__positive_values(&f.history, &f.value, input->matrix, job, err));
    GX_TRY(make_steps(&f, args, job, err));
    const gx__item_rows_plan plan = {.counting = "rp3beta: counting",
                                     .filling = "rp3beta: rows",
                                     .history = f.history,
                                     .member_scale = f.leave,
                                     .keep = (uint64_t)gx_arg_int(args, "neighbours"),
                                     .weigh = weigh,
                                     .finish = finish,
                                     .model = &f};
    GX_TRY(gx__item_rows_make(out, &plan, job, err));
done:
    gx_job_free(job, f.value);
    gx_job_free(job, f.leave);
    gx_job_free(job, f.begin);
    gx_job_free(job, f.end);
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    gx__item_rows_estimate(out, input, (uint64_t)gx_arg_int(args, "neighbours"), false, false,
                           threads);
    out->mem_bytes += (uint64_t)input->items * 12 + (uint64_t)input->users * 8;
}

const gx_model gx_model_rp3beta = {
    .pass = {.name = "rp3beta",
             .kind = GX_KIND_MODEL,
             .summary = "walks of three steps that hold back popular ends",
             .paper = "Paudel et al., Updatable, Accurate, Diverse, and Scalable Recommendations "
                      "for Interactive Applications, 2017; Cooper et al., Random Walks in "
                      "Recommender Systems: Exact Computation and Simulations, 2014",
             .complexity = "O(sum of squared history lengths) time, 8 bytes a kept weight",
             .needs = GX_NEED_MATRIX,
             .gives = gives,
             .give_count = GX_COUNT(gives),
             .item_arrays = (const char *const[]){"item", NULL},
             .params = params,
             .param_count = GX_COUNT(params),
             .label_dependent = true,
             .estimate = estimate,
             .run = run,
             .check = gx__item_rows_check_neighbours},
    GX__ITEM_ROWS_SERVE,
};
