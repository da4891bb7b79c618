/* Offline evaluation by full ranking: every item is ranked for every member with a test item, the
 * member's train items left out. With hits h_1 … h_K of a list (K the cutoff) and T test items:
 *
 *   recall = Σ h / T        precision = Σ h / K       hit rate = [Σ h > 0]      MRR = 1 / first hit
 *   NDCG = Σ h_k / log2(k + 1)  over  Σ_{k ≤ min(K, T)} 1 / log2(k + 1)
 *   MAP = Σ h_k · (Σ_{l ≤ k} h_l) / k  over  min(K, T)
 *
 * each averaged over members; coverage is the share of items in any list. Members are scored in
 * blocks, so memory is flat in their number. Each member's figures are kept and summed in order:
 * the same doubles at any thread count. */
#include "models/model.h"

#include "models/parallel.h"

#include <math.h>

enum { BLOCK_BYTES = 16 << 20, BLOCK_MEMBERS = 512, BLOCK_LEAST = 16, FIGURES = 6 };

typedef struct figures {
    double recall, ndcg, precision, hit_rate, mrr, map;
} figures;

/* One evaluation under way. */
typedef struct eval {
    const gx_model *model;
    void *state;
    const gx_matrix *train, *test;
    uint32_t items, cutoff, block;
    float *scores;    /* block × items */
    gx_scored *lists; /* block × cutoff */
    uint32_t *length; /* block: of each list */
    uint8_t *shown;   /* items: whether any list has it */
    float *ones;      /* weights of histories of a matrix without values */
} eval;

static bool has(const gx_matrix *m, uint32_t row, uint32_t col) {
    return gx_matrix_find(m, row, col) != UINT64_MAX;
}

static bool is_tested(const gx_matrix *test, uint32_t u) {
    return u < test->rows && test->ptr[u + 1] > test->ptr[u];
}

static figures measure(const gx_scored *list, uint32_t length, uint32_t cutoff,
                       const gx_matrix *test, uint32_t u) {
    const double tested = (double)(test->ptr[u + 1] - test->ptr[u]);
    const double ideal_hits = fmin(tested, (double)cutoff);
    double gain = 0, ideal = 0, precision_sum = 0, first = 0, hits = 0;
    for (uint32_t k = 0; k < length; k++) {
        if (has(test, u, list[k].item)) {
            hits++;
            gain += 1 / log2(k + 2.0);
            precision_sum += hits / (k + 1.0);
            first = first > 0 ? first : 1 / (k + 1.0);
        }
    }
    for (uint32_t k = 0; k < ideal_hits; k++) {
        ideal += 1 / log2(k + 2.0);
    }
    return (figures){.recall = hits / tested,
                     .ndcg = gain / ideal,
                     .precision = hits / cutoff,
                     .hit_rate = hits > 0,
                     .mrr = first,
                     .map = precision_sum / ideal_hits};
}

/* Scores of members first … first + count − 1, one by one where the model has no faster way. */
static gx_status score_members(const eval *e, uint32_t first, uint32_t count, gx_job *job,
                               gx_error *err) {
    if (e->model->score_block) {
        return e->model->score_block(e->scores, e->state, e->train, first, count, job, err);
    }
    for (uint32_t b = 0; b < count; b++) {
        const uint64_t from = e->train->ptr[first + b], to = e->train->ptr[first + b + 1];
        const gx_history history = {.user = first + b,
                                    .count = (uint32_t)(to - from),
                                    .item = e->train->col + from,
                                    .weight = e->train->value ? e->train->value + from : e->ones,
                                    .ts = e->train->ts ? e->train->ts + from : NULL};
        bool folded;
        gx_status status =
            e->model->score(e->scores + (size_t)b * e->items, &folded, e->state, &history, err);
        if (status == GX_OK) {
            status = gx_job_check(job, err);
        }
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}

static void rank_member(const eval *e, uint32_t first, uint32_t b) {
    float *scores = e->scores + (size_t)b * e->items;
    for (uint64_t k = e->train->ptr[first + b]; k < e->train->ptr[first + b + 1]; k++) {
        scores[e->train->col[k]] = -INFINITY;
    }
    e->length[b] =
        gx_top(e->lists + (size_t)b * e->cutoff, e->cutoff, scores, e->items, NULL, -INFINITY);
}

static void add_member(gx_eval_result *r, const eval *e, uint32_t first, uint32_t b) {
    const gx_scored *list = e->lists + (size_t)b * e->cutoff;
    const figures f = measure(list, e->length[b], e->cutoff, e->test, first + b);
    r->users++;
    r->recall += f.recall;
    r->ndcg += f.ndcg;
    r->precision += f.precision;
    r->hit_rate += f.hit_rate;
    r->mrr += f.mrr;
    r->map += f.map;
    for (uint32_t k = 0; k < e->length[b]; k++) {
        e->shown[list[k].item] = 1;
    }
}

static gx_status rank_block(gx_eval_result *r, const eval *e, uint32_t first, uint32_t count,
                            gx_job *job, gx_error *err) {
    gx_status status = score_members(e, first, count, job, err);
    if (status != GX_OK) {
        return status;
    }
#pragma omp parallel for schedule(dynamic, 4) num_threads(job->threads)
    for (uint32_t b = 0; b < count; b++) {
        if (is_tested(e->test, first + b)) {
            rank_member(e, first, b);
        }
    }
    for (uint32_t b = 0; b < count; b++) {
        if (is_tested(e->test, first + b)) {
            add_member(r, e, first, b);
        }
    }
    return GX_OK;
}

static void average(gx_eval_result *r, const eval *e) {
    double *const sums[FIGURES] = {&r->recall,   &r->ndcg, &r->precision,
                                   &r->hit_rate, &r->mrr,  &r->map};
    for (size_t i = 0; i < FIGURES && r->users > 0; i++) {
        *sums[i] /= r->users;
    }
    uint32_t shown = 0;
    for (uint32_t i = 0; i < e->items; i++) {
        shown += e->shown[i];
    }
    r->coverage = e->items ? (double)shown / e->items : 0;
}

static gx_status rank_all(gx_eval_result *r, eval *e, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t users = e->train->rows;
    const uint64_t fit = BLOCK_BYTES / ((uint64_t)e->items * sizeof(float) + 1);
    e->block = fit > BLOCK_MEMBERS ? BLOCK_MEMBERS
               : fit < BLOCK_LEAST ? BLOCK_LEAST
                                   : (uint32_t)fit;
    uint64_t longest = 0;
    for (uint32_t u = 0; u < users; u++) {
        const uint64_t n = e->train->ptr[u + 1] - e->train->ptr[u];
        longest = n > longest ? n : longest;
    }
    const uint64_t cells = (uint64_t)e->block * e->items;
    GX_TRY(gx_job_alloc(job, &e->scores, cells, sizeof *e->scores, err));
    GX_TRY(gx_job_alloc(job, &e->lists, (uint64_t)e->block * e->cutoff, sizeof *e->lists, err));
    GX_TRY(gx_job_alloc(job, &e->length, e->block, sizeof *e->length, err));
    GX_TRY(gx_job_alloc(job, &e->shown, e->items, sizeof *e->shown, err));
    GX_TRY(gx_job_alloc(job, &e->ones, longest, sizeof *e->ones, err));
    for (uint64_t k = 0; k < longest; k++) {
        e->ones[k] = 1;
    }
    gx_job_stage(job, "eval: ranking", users);
    for (uint32_t u = 0; u < users;) {
        if (!is_tested(e->test, u)) {
            u++;
            continue;
        }
        const uint32_t count = users - u < e->block ? users - u : e->block;
        GX_TRY(rank_block(r, e, u, count, job, err));
        u += count;
        gx_job_tick(job, u);
    }
    average(r, e);
done:
    gx_job_free(job, e->scores);
    gx_job_free(job, e->lists);
    gx_job_free(job, e->length);
    gx_job_free(job, e->shown);
    gx_job_free(job, e->ones);
    return status;
}

static gx_status check_test(const gx_input *train, const gx_matrix *test, uint32_t cutoff,
                            gx_error *err) {
    if (!train->matrix) {
        return gx_fail_at(err, GX_BAD_REQUEST, "train", "there are no events to fit on");
    }
    if (cutoff == 0 || cutoff > 10000) {
        return gx_fail_at(err, GX_BAD_REQUEST, "cutoff", "cutoff is %u; 1 to 10000 is accepted",
                          cutoff);
    }
    if (test->rows > train->users || test->cols > train->items) {
        return gx_fail_at(err, GX_BAD_REQUEST, "test",
                          "the test has %u members and %u items, the train only %u and %u",
                          test->rows, test->cols, train->users, train->items);
    }
    return GX_OK;
}

static double seconds_since(int64_t ns, int64_t start) {
    return (double)(ns - start) * 1e-9;
}

gx_status gx_eval(gx_eval_result *out, const gx_model *model, const gx_value *params,
                  const gx_input *train, const gx_matrix *test, uint32_t cutoff, gx_job *job,
                  gx_error *err) {
    gx_status status = GX_OK;
    gx_arrays *arrays = NULL;
    gx_eval_result result = {.cutoff = cutoff};
    eval e = {.model = model,
              .train = train->matrix,
              .test = test,
              .items = train->items,
              .cutoff = cutoff};
    GX_TRY(check_test(train, test, cutoff, err));
    GX_TRY(gx_arrays_create(&arrays, err));
    int64_t wall = gx_clock_ns(), cpu = gx_clock_cpu_ns();
    GX_TRY(gx_pass_run(arrays, &model->pass, NULL, train, params, job, err));
    result.fit_wall_s = seconds_since(gx_clock_ns(), wall);
    result.fit_cpu_s = seconds_since(gx_clock_cpu_ns(), cpu);
    wall = gx_clock_ns();
    cpu = gx_clock_cpu_ns();
    GX_TRY(model->open(&e.state, arrays, model->pass.name, train->users, train->items, err));
    GX_TRY(rank_all(&result, &e, job, err));
    result.score_wall_s = seconds_since(gx_clock_ns(), wall);
    result.score_cpu_s = seconds_since(gx_clock_cpu_ns(), cpu);
    result.rss_bytes = gx_rss_peak_bytes();
    *out = result;
done:
    if (e.state) {
        model->close(e.state);
    }
    gx_arrays_destroy(arrays);
    return status;
}
