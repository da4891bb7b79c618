/* Weights of the leader score, learnt from the log itself: the acts before a time give the measures
 * of those who were followed, credit for what followers did after it, beyond chance, is what they
 * are to tell (fit.c). Nothing that happened after the split reaches a measure but ties, which are
 * taken as they are.
 *
 * Two runs of credit over the matrix; memory 34 bytes an entry, 84 a member learnt from. */
#include "engine/kernel/rank.h"
#include "engine/leaders/score.h"
#include "graph/base/sorted.h"

#include <math.h>
#include <stdlib.h>

enum {
    MEASURES = GX_LEADER_MEASURE_COUNT,
    FIT_HEEDED_LEAST = 30, /* or what followers did later says too little to learn from */
    SPLIT_SAMPLE = 1 << 16
};
static const double fit_ridge = 0.003;

/* The time that a share of the acts lies before. */
static gx_status find_split(int64_t *out, const gx_matrix *matrix, double share, gx_job *job,
                            gx_error *err) {
    const uint64_t stride = matrix->nnz / SPLIT_SAMPLE + 1, count = matrix->nnz / stride;
    int64_t *time;
    gx_status status = gx_job_alloc(job, &time, count + 1, sizeof *time, err);
    if (status != GX_OK) {
        return status;
    }
    for (uint64_t i = 0; i < count; i++) {
        time[i] = matrix->ts[i * stride];
    }
    qsort(time, count, sizeof *time, gx_by_i64);
    *out = count ? time[(uint64_t)(share * (double)(count - 1))] : 0;
    gx_job_free(job, time);
    return GX_OK;
}

/* A copy of the entries that began before a time. What went on after it weighs nothing: how much of
 * it was before is not known here. */
typedef struct early {
    gx_matrix matrix;
    uint64_t *ptr;
    uint32_t *col;
    float *value;
    int64_t *ts, *first;
} early;

static void early_finish(early *e, gx_job *job) {
    gx_job_free(job, e->ptr);
    gx_job_free(job, e->col);
    gx_job_free(job, e->value);
    gx_job_free(job, e->ts);
    gx_job_free(job, e->first);
}

static gx_status early_make(early *e, const gx_matrix *from, const int64_t *first, int64_t split,
                            gx_job *job, gx_error *err) {
    uint64_t count = 0;
    gx_status status;
    for (uint64_t i = 0; i < from->nnz; i++) {
        count += first[i] < split;
    }
    GX_TRY(gx_job_alloc(job, &e->ptr, (size_t)from->rows + 1, sizeof *e->ptr, err));
    GX_TRY(gx_job_alloc(job, &e->col, count, sizeof *e->col, err));
    GX_TRY(gx_job_alloc(job, &e->value, count, sizeof *e->value, err));
    GX_TRY(gx_job_alloc(job, &e->ts, count, sizeof *e->ts, err));
    GX_TRY(gx_job_alloc(job, &e->first, count, sizeof *e->first, err));
    count = 0;
    for (uint32_t v = 0; v < from->rows; v++) {
        e->ptr[v] = count;
        for (uint64_t i = from->ptr[v]; i < from->ptr[v + 1]; i++) {
            if (first[i] < split) {
                e->col[count] = from->col[i];
                e->value[count] = from->ts[i] < split ? (float)gx_matrix_value(from, i) : 0.0f;
                e->first[count] = first[i];
                e->ts[count++] = from->ts[i];
            }
        }
    }
    e->ptr[from->rows] = count;
    e->matrix = (gx_matrix){.rows = from->rows,
                            .cols = from->cols,
                            .nnz = count,
                            .ptr = e->ptr,
                            .col = e->col,
                            .value = e->value,
                            .ts = e->ts};
done:
    return status;
}

typedef struct examples {
    uint32_t *member;
    double *x, *y; /* rows × measures; rows */
    uint32_t rows;
} examples;

static void lesson_finish(examples *lesson, gx_job *job) {
    gx_job_free(job, lesson->member);
    gx_job_free(job, lesson->x);
    gx_job_free(job, lesson->y);
}

/* Those followed, every `stride`-th of them. */
static gx_status lesson_init(examples *out, const gx__leaders *l, gx_job *job, gx_error *err) {
    uint32_t followed = 0, seen = 0;
    gx_status status;
    for (uint32_t v = 0; v < l->n; v++) {
        followed += l->followers[v] > 0.0;
    }
    const uint32_t stride = followed / GX__FIT_ROWS_MOST + 1, room = followed / stride + 1;
    GX_TRY(gx_job_alloc(job, &out->member, room, sizeof *out->member, err));
    GX_TRY(gx_job_alloc(job, &out->x, room, MEASURES * sizeof *out->x, err));
    GX_TRY(gx_job_alloc(job, &out->y, room, sizeof *out->y, err));
    for (uint32_t v = 0; v < l->n; v++) {
        if (l->followers[v] > 0.0 && seen++ % stride == 0) {
            out->member[out->rows++] = v;
        }
    }
done:
    return status;
}

/* Measures of what was known at the split. */
static gx_status look_back(examples *lesson, gx__leaders *l, const gx_matrix *matrix,
                           const int64_t *first, gx_job *job, gx_error *err) {
    gx_status status;
    memset(l->credit, 0, matrix->nnz * sizeof *l->credit);
    GX_TRY(gx__leaders_credit(l->credit, l->kept, l->input->graph, matrix, first, &l->after, job,
                              err));
    for (int p = 0; p < MEASURES; p++) {
        GX_TRY(gx__leaders_measure(l, (gx_leader_measure)p, matrix, first, job, err));
        const double unit = gx__leaders_unit(l);
        for (uint32_t i = 0; i < lesson->rows; i++) {
            lesson->x[(size_t)i * MEASURES + (size_t)p] =
                unit > 0.0 ? log1p(l->raw[lesson->member[i]] / unit) : 0.0;
        }
    }
done:
    return status;
}

/* How well weights tell what came, over the members they were learnt from. */
static gx_status judge(double *out, const examples *lesson, const double weight[MEASURES],
                       gx__leaders *l, gx_job *job, gx_error *err) {
    for (uint32_t i = 0; i < lesson->rows; i++) {
        l->raw[i] = 0.0;
        for (int p = 0; p < MEASURES; p++) {
            l->raw[i] += weight[p] * lesson->x[(size_t)i * MEASURES + (size_t)p];
        }
    }
    return gx__rank_spearman(out, l->raw, lesson->y, lesson->rows, job, err);
}

gx_status gx__leaders_learn(gx__leaders *l, double share, gx_job *job, gx_error *err) {
    const gx_matrix *matrix = l->input->matrix;
    const double followers[MEASURES] = {[GX_MEASURE_FOLLOWERS] = 1.0};
    double weight[MEASURES];
    early e = {.ptr = NULL};
    examples lesson = {.member = NULL};
    int64_t split;
    uint32_t heeded = 0;
    gx_status status;
    GX_TRY(find_split(&split, matrix, share, job, err));
    GX_TRY(lesson_init(&lesson, l, job, err));
    GX_TRY(early_make(&e, matrix, l->first, split, job, err));
    l->after.until_ms = split;
    GX_TRY(look_back(&lesson, l, &e.matrix, e.first, job, err));
    early_finish(&e, job);
    e = (early){.ptr = NULL};
    l->after.until_ms = INT64_MAX;
    l->after.since_ms = split;
    memset(l->credit, 0, matrix->nnz * sizeof *l->credit);
    GX_TRY(gx__leaders_credit(l->credit, l->kept, l->input->graph, matrix, l->first, &l->after, job,
                              err));
    l->after.since_ms = INT64_MIN;
    gx__leaders_sum_credit(l->raw, l->credit, matrix);
    for (uint32_t i = 0; i < lesson.rows; i++) {
        const uint32_t v = lesson.member[i];
        lesson.y[i] = l->raw[v] * l->authentic[v];
        heeded += lesson.y[i] > 0.0;
    }
    l->fit[GX_FIT_MEMBERS] = lesson.rows;
    l->fit[GX_FIT_HEEDED] = heeded;
    l->fit[GX_FIT_SPLIT_MS] = (double)split;
    if (heeded >= FIT_HEEDED_LEAST) {
        double sum = 0.0;
        GX_TRY(gx__leaders_poisson(weight, lesson.x, lesson.y, lesson.rows, fit_ridge, job, err));
        GX_TRY(judge(&l->fit[GX_FIT_SPEARMAN], &lesson, weight, l, job, err));
        GX_TRY(judge(&l->fit[GX_FIT_FOLLOWERS], &lesson, followers, l, job, err));
        for (int p = 0; p < MEASURES; p++) {
            sum += weight[p];
        }
        l->fitted = sum > 0.0;
    }
    if (l->fitted) {
        memcpy(l->weight, weight, sizeof weight);
        l->fit[GX_FIT_FITTED] = 1.0;
    }
done:
    early_finish(&e, job);
    lesson_finish(&lesson, job);
    return status;
}
