/* Every member's list, measured. What is kept of a member is its figures; lists are counted in the
 * order of members: the same doubles at any thread count. */
#include "models/eval/rank.h"

#include "models/parallel.h"

#include <math.h>
#include <stdlib.h>

typedef struct judge {
    const gx_matrix *fit, *history, *test;
    const gx_eval_options *options;
    gx_judgement *out;
    bool given; /* lists, and no model */
    uint32_t items;
    gx__ranker ranker;
    uint8_t *tested;   /* members of the test: whether there is something to find */
    uint32_t *popular; /* items: members who have each in the fit */
    uint32_t members;  /* with an item in the fit */
    uint8_t *third;    /* items */
    gx_shown shown[GX_CUTOFFS_MAX];
} judge;

static uint64_t row_size(const gx_matrix *m, uint32_t u) {
    return u < m->rows ? m->ptr[u + 1] - m->ptr[u] : 0;
}

static bool has(const gx_matrix *m, uint32_t row, uint32_t col) {
    return row < m->rows && gx_matrix_find(m, row, col) != UINT64_MAX;
}

static gx_status check(const judge *j, gx_error *err) {
    const gx_eval_options *o = j->options;
    for (uint32_t c = 0; c < o->cutoff_count; c++) {
        if (o->cutoff[c] < 1 || o->cutoff[c] > GX_CUTOFF_LONGEST ||
            (c > 0 && o->cutoff[c] <= o->cutoff[c - 1])) {
            return gx_fail_at(err, GX_BAD_REQUEST, "cutoff",
                              "cutoff is %u; 1 to %d is accepted, each once and rising",
                              o->cutoff[c], GX_CUTOFF_LONGEST);
        }
    }
    if (o->cutoff_count < 1 || o->cutoff_count > GX_CUTOFFS_MAX) {
        return gx_fail_at(err, GX_BAD_REQUEST, "cutoff", "%u cutoffs; 1 to %d are accepted",
                          o->cutoff_count, GX_CUTOFFS_MAX);
    }
    if (j->test->rows > j->fit->rows || j->test->cols > j->fit->cols ||
        j->history->rows != j->fit->rows || j->history->cols != j->fit->cols) {
        return gx_fail_at(err, GX_BAD_REQUEST, "test",
                          "the test has %u members and %u items, the train only %u and %u",
                          j->test->rows, j->test->cols, j->fit->rows, j->fit->cols);
    }
    return GX_OK;
}

/* ---- popularity -------------------------------------------------------------------------------
 */

static int more_popular(const void *a, const void *b, void *ctx) {
    const uint32_t *popular = ctx, x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return popular[x] != popular[y] ? (popular[x] > popular[y] ? -1 : 1) : (x > y) - (x < y);
}

/* The thirds: items by falling popularity, cut where a third, and two, of the fit's pairs are
 * before. */
static gx_status cut_thirds(judge *j, gx_job *job, gx_error *err) {
    gx_status status;
    uint32_t *order = NULL;
    uint64_t before = 0;
    GX_TRY(gx_job_alloc(job, &order, j->items, sizeof *order, err));
    for (uint32_t i = 0; i < j->items; i++) {
        order[i] = i;
    }
    if (j->items) {
        qsort_r(order, j->items, sizeof *order, more_popular, j->popular);
    }
    for (uint32_t r = 0; r < j->items; r++) {
        const uint32_t i = order[r];
        const uint64_t third = j->popular[i] ? GX_THIRDS * before / j->fit->nnz : GX_THIRDS - 1;
        j->third[i] = (uint8_t)third;
        before += j->popular[i];
        j->out->catalogue[third] += 1.0 / j->items;
    }
done:
    gx_job_free(job, order);
    return status;
}

/* What members took: by third, and how popular it is. */
static double measure_taken(judge *j) {
    double sum = 0;
    for (uint64_t k = 0; k < j->test->nnz; k++) {
        sum += j->popular[j->test->col[k]];
        j->out->taken[j->third[j->test->col[k]]] += 1.0 / (double)j->test->nnz;
    }
    return j->test->nnz && j->members ? sum / ((double)j->test->nnz * j->members) : 0;
}

/* ---- lists ------------------------------------------------------------------------------------
 */

/* `row` of the figures, list b of the block. */
static void measure(const judge *j, uint64_t row, uint32_t b) {
    uint8_t hit[GX_CUTOFF_LONGEST];
    const gx__ranker *r = &j->ranker;
    const uint32_t *list = r->list + (size_t)b * r->longest;
    const uint32_t u = r->member[b];
    double *figure = j->out->figure + row * j->out->columns;
    for (uint32_t k = 0; k < r->length[b]; k++) {
        hit[k] = has(j->test, u, list[k]);
    }
    for (uint32_t c = 0; c < j->options->cutoff_count; c++) {
        const uint32_t cutoff = j->options->cutoff[c];
        const gx_listed listed = {.hit = hit,
                                  .length = r->length[b] < cutoff ? r->length[b] : cutoff,
                                  .cutoff = cutoff,
                                  .tested = (uint32_t)row_size(j->test, u)};
        gx_measure_list(figure + (size_t)c * GX_MEMBER_METRICS, &listed);
    }
}

/* In the order of members, one thread. */
static void count_list(judge *j, uint32_t b) {
    const gx__ranker *r = &j->ranker;
    const uint32_t u = r->member[b];
    const uint32_t *list = r->list + (size_t)b * r->longest;
    for (uint32_t c = 0; c < j->options->cutoff_count; c++) {
        const uint32_t cutoff = j->options->cutoff[c];
        gx_shown_add(&j->shown[c], list, r->length[b] < cutoff ? r->length[b] : cutoff);
    }
    j->out->unlisted += r->length[b] == 0;
    for (uint32_t k = 0; j->given && k < r->length[b]; k++) {
        j->out->known += has(j->history, u, list[k]);
    }
    for (uint64_t k = j->test->ptr[u]; k < j->test->ptr[u + 1]; k++) {
        j->out->repeats += has(j->history, u, j->test->col[k]);
    }
}

static gx_status judge_members(judge *j, gx_job *job, gx_error *err) {
    const gx__ranker *r = &j->ranker;
    const uint32_t users = j->test->rows;
    gx_status status = GX_OK;
    uint64_t row = 0;
    gx_job_stage(job, "eval: ranking", users);
    for (uint32_t u = 0; u < users && status == GX_OK;) {
        status = gx__rank_next(&j->ranker, &u, users, j->tested, job, err);
        if (status != GX_OK) {
            break;
        }
#pragma omp parallel for schedule(dynamic, 4) num_threads(job->threads)
        for (uint32_t b = 0; b < r->count; b++) {
            measure(j, row + b, b);
        }
        for (uint32_t b = 0; b < r->count; b++) {
            count_list(j, b);
        }
        row += r->count;
        gx_job_tick(job, u);
        status = gx_job_check(job, err);
    }
    return status;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static gx_status take_counts(judge *j, gx_job *job, gx_error *err) {
    gx_status status;
    GX_TRY(gx_job_alloc(job, &j->popular, j->items, sizeof *j->popular, err));
    GX_TRY(gx_job_alloc(job, &j->third, j->items, sizeof *j->third, err));
    j->members = gx_count_popular(j->popular, j->fit);
    GX_TRY(cut_thirds(j, job, err));
    const double taken = measure_taken(j);
    for (uint32_t c = 0; c < j->options->cutoff_count; c++) {
        gx_shown *s = &j->shown[c];
        *s = (gx_shown){
            .items = j->items, .members = j->members, .popular = j->popular, .taken = taken};
        GX_TRY(gx_job_alloc(job, &s->count, j->items, sizeof *s->count, err));
        GX_TRY(gx_job_alloc(job, &s->weight, j->items, sizeof *s->weight, err));
    }
done:
    return status;
}

static gx_status take_figures(judge *j, gx_job *job, gx_error *err) {
    gx_status status;
    gx_judgement *out = j->out;
    for (uint32_t u = 0; u < j->test->rows; u++) {
        out->users += row_size(j->test, u) > 0;
    }
    out->columns = j->options->cutoff_count * GX_MEMBER_METRICS;
    GX_TRY(gx_job_alloc(job, &out->user, out->users, sizeof *out->user, err));
    GX_TRY(gx_job_alloc(job, &out->figure, (uint64_t)out->users * out->columns, sizeof *out->figure,
                        err));
    GX_TRY(gx_job_alloc(job, &j->tested, j->test->rows, sizeof *j->tested, err));
    for (uint32_t u = 0, row = 0; u < j->test->rows; u++) {
        j->tested[u] = row_size(j->test, u) > 0;
        if (j->tested[u]) {
            out->user[row++] = u;
        }
    }
done:
    return status;
}

static gx_status sum_up(judge *j, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_judgement *out = j->out;
    for (uint32_t u = 0; u < out->users; u++) {
        for (uint32_t k = 0; k < out->columns; k++) {
            out->mean[k] += out->figure[(size_t)u * out->columns + k];
        }
    }
    for (uint32_t k = 0; k < out->columns && out->users; k++) {
        out->mean[k] /= out->users;
    }
    for (uint32_t c = 0; c < j->options->cutoff_count && status == GX_OK; c++) {
        status = gx_measure_lists(out->list[c], &j->shown[c], job, err);
    }
    const gx_shown *s = &j->shown[j->options->cutoff_count - 1];
    for (uint32_t i = 0; i < j->items && s->places; i++) {
        out->shown[j->third[i]] += (double)s->count[i] / (double)s->places;
    }
    return status;
}

static void drop(judge *j, gx_job *job) {
    for (uint32_t c = 0; c < GX_CUTOFFS_MAX; c++) {
        gx_job_free(job, j->shown[c].count);
        gx_job_free(job, j->shown[c].weight);
    }
    gx__ranker_close(&j->ranker, job);
    gx_job_free(job, j->tested);
    gx_job_free(job, j->popular);
    gx_job_free(job, j->third);
}

gx_status gx_judge(gx_judgement *out, const gx_judged *what, const gx_matrix *fit,
                   const gx_matrix *history, const gx_matrix *test, const gx_eval_options *options,
                   gx_job *job, gx_error *err) {
    gx_judgement made = {.job = job};
    judge j = {.fit = fit,
               .history = history,
               .test = test,
               .options = options,
               .out = &made,
               .given = !what->model,
               .items = fit->cols};
    gx_status status;
    const int64_t wall = gx_clock_ns(), cpu = gx_clock_cpu_ns();
    GX_TRY(check(&j, err));
    GX_TRY(take_figures(&j, job, err));
    GX_TRY(take_counts(&j, job, err));
    GX_TRY(gx__ranker_open(&j.ranker, what, fit, history,
                           options->cutoff[options->cutoff_count - 1], job, err));
    GX_TRY(judge_members(&j, job, err));
    GX_TRY(sum_up(&j, job, err));
    made.score_wall_s = (double)(gx_clock_ns() - wall) * 1e-9;
    made.score_cpu_s = (double)(gx_clock_cpu_ns() - cpu) * 1e-9;
    *out = made;
done:
    drop(&j, job);
    if (status != GX_OK) {
        gx_judgement_finish(&made);
    }
    return status;
}

void gx_judgement_finish(gx_judgement *judgement) {
    if (judgement->job) {
        gx_job_free(judgement->job, judgement->user);
        gx_job_free(judgement->job, judgement->figure);
    }
    *judgement = (gx_judgement){0};
}
