/* The closed-form sparse item–item model.
 *
 *   B[i,j] = (Σ_u d_u^−a · r_ui · r_uj · d_j^−d · d_i^−s)^p
 *   score(u, j) = Σ_{i in history} h_i · B[i,j]
 *
 * r are the positive values of the matrix, d_u and d_i their sums by member and by item. Two items
 * are near when members with few events did both; the exponents say how much a busy member (a), a
 * popular item that recommends (s) and a popular item that is recommended (d) are held back. The
 * diagonal stays, and of each row the N largest. It is the one-hop graph filter that GF-CF and
 * Turbo-CF start from (Shen et al. 2021, Park et al. 2024), with an exponent for each side instead
 * of one for both.
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
     .help = "how many of the largest weights each item keeps"},
    {.name = "member_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "1",
     .low = 0,
     .high = 1,
     .flags = GX_PARAM_SEARCH,
     .help = "a: how much members with many events are held back"},
    {.name = "history_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "0.6",
     .low = 0,
     .high = 1,
     .flags = GX_PARAM_SEARCH,
     .help = "s: how much popular items of a history are held back"},
    {.name = "target_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "0.3",
     .low = 0,
     .high = 1,
     .flags = GX_PARAM_SEARCH,
     .help = "d: how much popular items are held back as answers"},
    {.name = "power",
     .type = GX_PARAM_REAL,
     .fallback = "1",
     .low = 0.1,
     .high = 4,
     .flags = GX_PARAM_SEARCH,
     .help = "p: exponent of every weight, below 1 evens them out"},
};

static const gx_gives gives[] = {GX__ITEM_ROWS_GIVES};

/* Everything the rows are made from; read by all threads. */
typedef struct fit {
    gx_matrix history;    /* values in [0, 1] */
    float *value;         /* of history; NULL: all 1 */
    double *member_scale; /* d_u^−a */
    float *target_scale;  /* d_j^−d */
    double *row_scale;    /* d_i^−s */
    double power;
} fit;

static gx_status make_scales(fit *f, const gx_args *args, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const double a = gx_arg_real(args, "member_exponent");
    const double s = gx_arg_real(args, "history_exponent");
    const double d = gx_arg_real(args, "target_exponent");
    const uint32_t users = f->history.rows, items = f->history.cols;
    GX_TRY(gx_job_alloc(job, &f->member_scale, users, sizeof(double), err));
    GX_TRY(gx_job_alloc(job, &f->row_scale, items, sizeof(double), err));
    GX_TRY(gx_job_alloc(job, &f->target_scale, items, sizeof(float), err));
    for (uint32_t u = 0; u < users; u++) {
        f->member_scale[u] = gx__degree_scale(gx__row_sum(&f->history, u), a);
    }
    double *degree = f->row_scale;
    gx__column_sums(degree, &f->history);
    for (uint32_t i = 0; i < items; i++) {
        const double target = gx__degree_scale(degree[i], d);
        f->target_scale[i] = (float)fmin(target, (double)GX__WEIGHT_MAX);
        f->row_scale[i] = gx__degree_scale(degree[i], s);
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
        sum[j] = gx__weight_between(sum[j] * f->target_scale[j], FLT_MIN, GX__WEIGHT_MAX);
    }
}

static float finish(const void *model, uint32_t item, float sum) {
    const fit *f = model;
    double weight = (double)sum * f->row_scale[item];
    if (f->power != 1) {
        weight = pow(weight, f->power);
    }
    return weight < (double)GX__WEIGHT_MAX ? (float)weight : GX__WEIGHT_MAX;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    fit f = {.power = gx_arg_real(args, "power")};
    GX_TRY(gx__positive_values(&f.history, &f.value, input->matrix, job, err));
    GX_TRY(make_scales(&f, args, job, err));
    const gx__item_rows_plan plan = {.counting = "linear: counting",
                                     .filling = "linear: rows",
                                     .history = f.history,
                                     .member_scale = f.member_scale,
                                     .keep = (uint64_t)gx_arg_int(args, "neighbours"),
                                     .diagonal = true,
                                     .weigh = weigh,
                                     .finish = finish,
                                     .model = &f};
    GX_TRY(gx__item_rows_make(out, &plan, job, err));
done:
    gx_job_free(job, f.value);
    gx_job_free(job, f.member_scale);
    gx_job_free(job, f.target_scale);
    gx_job_free(job, f.row_scale);
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    gx__item_rows_estimate(out, input, (uint64_t)gx_arg_int(args, "neighbours"), false, false,
                           threads);
    out->mem_bytes += (uint64_t)input->items * 12 + (uint64_t)input->users * 8;
}

const gx_model gx_model_linear = {
    .pass = {.name = "linear",
             .kind = GX_KIND_MODEL,
             .summary = "closed-form sparse item-item weights: people who did this also did that",
             .paper =
                 "one-hop graph filter with an exponent for each side; compare Shen et al., How "
                 "Powerful is Graph Convolution for Recommendation?, 2021, and Park et al., "
                 "Turbo-CF: Matrix Decomposition-Free Graph Filtering, 2024",
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
