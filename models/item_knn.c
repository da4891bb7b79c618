/* The nearest items: each item's row is its most alike others, and a score is the sum of the rows
 * of a history (Sarwar et al. 2001; Deshpande and Karypis 2004).
 *
 *   cosine        Σ_u x_ui x_uj / (|i|^(2−2α) |j|^(2α) + h)     α = ½ is the plain one; Aiolli 2013
 *   jaccard       Σ_u x_ui x_uj / (|i|² + |j|² − Σ_u x_ui x_uj + h)        (Tanimoto of weights)
 *   conditional   Σ_u x_ui x_uj / (|i|² |j|^(2α) + h)           P(j | i) / P(j)^α, eq. 5 of the
 * latter
 *
 * with h the shrinkage and x the positive values of the matrix over their largest, or, an item
 * being a document and members its terms,
 *
 *   tfidf         √r · idf(u)
 *   bm25          r (k1 + 1) / (k1 (1 − b + b · len(i) / mean len) + r) · idf(u)
 *
 * where idf(u) = ln(1 + items / d_u), which is never below 0: members who do everything say little
 * of what is alike. k1 = 1.2, b = .75. Histories are not weighted so: an event counts what the
 * matrix says. An item is not in its own row.
 *
 * Who keeps its N most alike: `kept_by=history` each item of a history, as Deshpande and Karypis
 * do; `kept_by=target` each item that may be recommended (Sarwar et al., 3.3: an item is predicted
 * from the N items most similar to it). The first gives popular items many places, since
 * they are alike to many; with the second every item is spoken for by N at most.
 *
 * Rows are made as item_rows_make.c says: O(Σ_u d_u²) time, 8 bytes a kept weight.
 *
 * Dislikes (values ≤ 0) take no part in the fit; in a history they subtract the item's row. */
#include "models/item_rows.h"

#include <math.h>

static const double BM25_K = 1.2, BM25_B = 0.75;

static const gx_param params[] = {
    {.name = "neighbours",
     .type = GX_PARAM_INT,
     .fallback = "700",
     .low = 1,
     .high = 1e6,
     .unit = "items",
     .flags = GX_PARAM_SEARCH,
     .help = "how many of the most alike are kept"},
    {.name = "kept_by",
     .type = GX_PARAM_CHOICE,
     .fallback = "target",
     .low = 1,
     .choices = "history|target",
     .flags = GX_PARAM_SEARCH,
     .help = "who keeps its most alike: each item of a history, or each that may be recommended"},
    {.name = "likeness",
     .type = GX_PARAM_CHOICE,
     .fallback = "cosine",
     .low = 1,
     .choices = "cosine|jaccard|conditional",
     .flags = GX_PARAM_SEARCH,
     .help = "what makes two items alike"},
    {.name = "weighting",
     .type = GX_PARAM_CHOICE,
     .fallback = "tfidf",
     .low = 1,
     .choices = "none|tfidf|bm25",
     .flags = GX_PARAM_SEARCH,
     .help = "how members with many events are held back"},
    {.name = "shrinkage",
     .type = GX_PARAM_REAL,
     .fallback = "60",
     .low = 0,
     .high = 1e6,
     .flags = GX_PARAM_SEARCH,
     .help =
         "h: how much few members in common are doubted; with a weighting each counts idf squared"},
    {.name = "target_exponent",
     .type = GX_PARAM_REAL,
     .fallback = "0.35",
     .low = 0,
     .high = 1,
     .flags = GX_PARAM_SEARCH,
     .help = "alpha of cosine and conditional: how much popular items are held back as answers"},
};

static const gx_gives gives[] = {GX__ITEM_ROWS_GIVES};

/* Everything the rows are made from; read by all threads. */
typedef struct fit {
    gx_matrix history; /* x */
    float *taken, *weighted;
    float *from, *to; /* what an item's length makes of a sum, as one of a history and as answer */
    float shrinkage;
} fit;

/* x into f->weighted, which is the history's own. */
static gx_status weight_values(fit *f, bool bm25, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const gx_matrix *h = &f->history;
    double *length = NULL, mean = 0;
    GX_TRY(gx_job_alloc(job, &f->weighted, h->nnz, sizeof *f->weighted, err));
    GX_TRY(gx_job_alloc(job, &length, h->cols, sizeof *length, err));
    gx__column_sums(length, h);
    for (uint32_t i = 0; i < h->cols; i++) {
        mean += length[i] / h->cols;
    }
    for (uint32_t u = 0; u < h->rows; u++) {
        const double idf = log1p(h->cols / fmax(gx__row_sum(h, u), 1e-9));
        for (uint64_t k = h->ptr[u]; k < h->ptr[u + 1]; k++) {
            const double r = gx_matrix_value(h, k);
            const double norm = BM25_K * (1 - BM25_B + BM25_B * length[h->col[k]] / mean);
            const double x = bm25 ? r * (BM25_K + 1) / (norm + r) : sqrt(r);
            f->weighted[k] = r > 0 ? (float)(x * idf) : 0;
        }
    }
    f->history.value = f->weighted;
done:
    gx_job_free(job, length);
    return status;
}

/* ---- likeness ------------------------------------------------------------------------------- */

/* cosine and conditional: the divisor is from_i · to_j + h. */
static void weigh_product(const void *model, uint32_t item, float *sum, const uint32_t *touched,
                          uint32_t count) {
    const fit *f = model;
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t j = touched[k];
        const float likeness = sum[j] / (f->from[item] * f->to[j] + f->shrinkage);
        sum[j] = gx__weight_between(likeness, FLT_MIN, GX__WEIGHT_MAX);
    }
}

/* jaccard: from_i + to_j − sum + h, which rounding must not bring below the sum. */
static void weigh_jaccard(const void *model, uint32_t item, float *sum, const uint32_t *touched,
                          uint32_t count) {
    const fit *f = model;
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t j = touched[k];
        const float either = f->from[item] + f->to[j] - sum[j];
        const float likeness = sum[j] / ((either > sum[j] ? either : sum[j]) + f->shrinkage);
        sum[j] = gx__weight_between(likeness, FLT_MIN, GX__WEIGHT_MAX);
    }
}

static bool is_of_target(const gx_args *args) {
    return gx_arg_is(args, "kept_by", "target");
}

/* Lengths into `from` and `to`, by what the likeness makes of them. */
static gx_status measure(fit *f, const gx_args *args, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const gx_matrix *h = &f->history;
    const bool conditional = gx_arg_is(args, "likeness", "conditional");
    const bool jaccard = gx_arg_is(args, "likeness", "jaccard");
    const bool turned = is_of_target(args);
    const double target = jaccard ? 1 : gx_arg_real(args, "target_exponent");
    const double own = jaccard || conditional ? 1 : 1 - target;
    const double from = turned ? target : own, to = turned ? own : target;
    double *square = NULL;
    GX_TRY(gx_job_alloc(job, &square, h->cols, sizeof *square, err));
    GX_TRY(gx_job_alloc(job, &f->from, h->cols, sizeof *f->from, err));
    GX_TRY(gx_job_alloc(job, &f->to, h->cols, sizeof *f->to, err));
    for (uint64_t k = 0; k < h->nnz; k++) {
        square[h->col[k]] += gx_matrix_value(h, k) * gx_matrix_value(h, k);
    }
    for (uint32_t i = 0; i < h->cols; i++) {
        f->from[i] = (float)pow(square[i], from);
        f->to[i] = (float)pow(square[i], to);
    }
done:
    gx_job_free(job, square);
    return status;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    fit f = {.shrinkage = (float)gx_arg_real(args, "shrinkage")};
    GX_TRY(gx__positive_values(&f.history, &f.taken, input->matrix, job, err));
    if (!gx_arg_is(args, "weighting", "none")) {
        GX_TRY(weight_values(&f, gx_arg_is(args, "weighting", "bm25"), job, err));
        gx_job_free(job, f.taken);
        f.taken = NULL;
    }
    GX_TRY(measure(&f, args, job, err));
    const gx__item_rows_plan plan = {
        .counting = "item_knn: counting",
        .filling = "item_knn: rows",
        .history = f.history,
        .keep = (uint64_t)gx_arg_int(args, "neighbours"),
        .of_target = is_of_target(args),
        .weigh = gx_arg_is(args, "likeness", "jaccard") ? weigh_jaccard : weigh_product,
        .model = &f};
    GX_TRY(gx__item_rows_make(out, &plan, job, err));
done:
    gx_job_free(job, f.taken);
    gx_job_free(job, f.weighted);
    gx_job_free(job, f.from);
    gx_job_free(job, f.to);
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const bool weighted = !gx_arg_is(args, "weighting", "none");
    gx__item_rows_estimate(out, input, (uint64_t)gx_arg_int(args, "neighbours"), weighted,
                           is_of_target(args), threads);
    out->mem_bytes += (uint64_t)input->items * 8;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    return is_of_target(args)
               ? gx__item_rows_check_targets(result, instance, input,
                                             (uint64_t)gx_arg_int(args, "neighbours"), err)
               : gx__item_rows_check_neighbours(result, instance, input, args, err);
}

const gx_model gx_model_item_knn = {
    .pass = {.name = "item_knn",
             .kind = GX_KIND_MODEL,
             .summary = "the most alike items by who did them: cosine, jaccard or conditional",
             .paper = "Deshpande and Karypis, Item-based Top-N Recommendation Algorithms, 2004; "
                      "Sarwar et al., Item-based Collaborative Filtering Recommendation "
                      "Algorithms, 2001; Aiolli, Efficient Top-N Recommendation for Very Large "
                      "Scale Binary Rated Datasets, 2013 (the cosine with two exponents)",
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
             .check = check},
    GX__ITEM_ROWS_SERVE,
};
