/* Scores from the sums of samples. What is known of members exactly is not left to chance: a member
 * with one tie reaches what the other end reaches without it, and members tied to the same others
 * reach as many. Rankings of the many who have a tie or two hang on it. */
#include "engine/influence/percolation.h"
#include "engine/kernel/rank.h"

enum { LOOK = 1 << 14 /* members between two looks at whether to stop */ };

/* The one other that v is tied to, or GX_NONE. */
static uint32_t only_tie(const gx__rows_view *rows, uint32_t v) {
    if (gx__others(rows, v) != 1) {
        return GX_NONE;
    }
    const uint32_t first = rows->end[rows->ptr[v]];
    return first != v ? first : rows->end[rows->ptr[v] + 1];
}

/* With u the other end, v's outbreak is 1 + chance · (u's without v), and u's with it is larger by
 * the chance. Where both have that one tie, the outbreak is 1 + chance. */
static void settle_ends(double *score, const gx__rows_view *rows, uint32_t n, double chance) {
    for (uint32_t v = 0; v < n; v++) {
        const uint32_t u = only_tie(rows, v);
        if (u != GX_NONE) {
            score[v] = only_tie(rows, u) != GX_NONE ? 1 + chance : 1 + chance * (score[u] - chance);
        }
    }
}

/* A number of those v is tied to, and of itself with `closed`: the same whatever their order. */
static double name_of(const gx__rows_view *rows, uint32_t v, bool closed) {
    uint64_t sum = closed ? gx_mix64((uint64_t)v + 1) : 0;
    for (uint64_t i = rows->ptr[v]; i < rows->ptr[v + 1]; i++) {
        sum += rows->end[i] != v ? gx_mix64((uint64_t)rows->end[i] + 1) : 0;
    }
    return (double)(gx_mix64(sum) >> 11);
}

/* Whether u and v are tied to the same others, each other apart. */
static bool alike(const gx__rows_view *rows, uint32_t u, uint32_t v) {
    uint64_t i = rows->ptr[u], k = rows->ptr[v];
    const uint64_t i_end = rows->ptr[u + 1], k_end = rows->ptr[v + 1];
    for (;;) {
        while (i < i_end && (rows->end[i] == u || rows->end[i] == v)) {
            i++;
        }
        while (k < k_end && (rows->end[k] == u || rows->end[k] == v)) {
            k++;
        }
        if (i == i_end || k == k_end) {
            return i == i_end && k == k_end;
        }
        if (rows->end[i++] != rows->end[k++]) {
            return false;
        }
    }
}

/* All who are tied to the same others, and with `closed` to each other, get their mean. */
static gx_status share_alike(double *score, const gx__rows_view *rows, uint32_t n, bool closed,
                             gx_job *job, gx_error *err) {
    double *name = NULL;
    uint32_t *order = NULL;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &name, n, sizeof *name, err));
    GX_TRY(gx_job_alloc(job, &order, n, sizeof *order, err));
    for (uint32_t v = 0; v < n; v++) {
        name[v] = name_of(rows, v, closed);
        if (v % LOOK == 0) {
            GX_TRY(gx_job_check(job, err));
        }
    }
    GX_TRY(gx__rank_falling(order, name, n, job, err));
    for (uint32_t i = 0, end; i < n; i = end) {
        const uint32_t first = order[i];
        double sum = score[first];
        for (end = i + 1;
             end < n && name[order[end]] == name[first] && alike(rows, first, order[end]); end++) {
            sum += score[order[end]];
        }
        for (uint32_t k = i; end - i > 1 && k < end; k++) {
            score[order[k]] = sum / (end - i);
        }
    }
    status = gx_job_check(job, err);
done:
    gx_job_free(job, order);
    gx_job_free(job, name);
    return status;
}

gx_status gx__percolation_scores(double *score, const uint64_t *sum, double samples,
                                 const gx__spreading *spreading, gx_job *job, gx_error *err) {
    const gx_graph *graph = spreading->graph;
    const gx__rows_view rows = gx__rows_out(graph);
    gx_status status = GX_OK;
    for (uint32_t v = 0; v < graph->n; v++) {
        score[v] = 1 + (double)sum[v] / samples;
    }
    if (!spreading->directed && !(spreading->weighted && graph->out_weight)) {
        settle_ends(score, &rows, graph->n, spreading->chance);
        GX_TRY(share_alike(score, &rows, graph->n, false, job, err));
        GX_TRY(share_alike(score, &rows, graph->n, true, job, err));
    }
done:
    return status;
}
