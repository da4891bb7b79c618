/* Whether two tools gave the same answer. */
#include "bench/graph.h"
#include "engine/community/quality.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- groups ---------------------------------------------------------------------------------- */

/* Numbers 0.. in order of first appearance. `fresh` has room for n, and is all GX_NONE beforehand
 * and afterwards. */
static uint32_t number_groups(uint32_t *out, const double *answer, uint32_t n, uint32_t *fresh) {
    uint32_t count = 0;
    for (uint32_t v = 0; v < n; v++) {
        uint32_t group = answer[v] >= 0 && answer[v] < n ? (uint32_t)answer[v] : 0;
        fresh[group] = fresh[group] == GX_NONE ? count++ : fresh[group];
        out[v] = fresh[group];
    }
    memset(fresh, 0xff, n * sizeof *fresh);
    return count;
}

static gx_status groups_of(uint32_t **out, uint32_t *out_count, const double *answer, uint32_t n,
                           gx_error *err) {
    uint32_t *group = gx_alloc(n + 1u, sizeof *group), *fresh = gx_alloc(n + 1u, sizeof *fresh);
    if (!group || !fresh) {
        gx_free(group);
        gx_free(fresh);
        return gx_fail_memory(err, 2 * n * sizeof *group);
    }
    memset(fresh, 0xff, n * sizeof *fresh);
    *out_count = number_groups(group, answer, n, fresh);
    *out = group;
    gx_free(fresh);
    return GX_OK;
}

bool gx__judges_groups(const gx__task *task) {
    return task->compare == GX__QUALITY || task->compare == GX__TRUTH;
}

/* Groups are judged by the labels of the ground, else by modularity. */
static bool by_truth(const gx__ground *ground, const gx__task *task) {
    return task->compare == GX__TRUTH && ground->arcs->label;
}

/* Modularity of the ties the task works on, or NMI with the labels. */
static gx_status quality(double *out, const gx__ground *ground, const gx__task *task,
                         const double *answer, gx_error *err) {
    const gx_graph ties = gx__ties_of(ground, task->directed, gx__is_weighted(task));
    uint32_t *group, count;
    gx_job job;
    gx_job_init(&job, 1, 1);
    gx_status status = groups_of(&group, &count, answer, ground->arcs->n, err);
    if (status != GX_OK) {
        return status;
    }
    status = by_truth(ground, task)
                 ? gx_quality_nmi(out, group, ground->arcs->label, ground->arcs->n, &job, err)
                 : gx_quality_objective(out, &ties, group, 1, 0, &job, err);
    gx_free(group);
    return status;
}

static gx_status same_groups(gx__verdict *out, uint32_t n, const double *ours, const double *theirs,
                             gx_error *err) {
    uint32_t *a = NULL, *b = NULL, count_a, count_b;
    gx_status status = GX_OK;
    GX_TRY(groups_of(&a, &count_a, ours, n, err));
    GX_TRY(groups_of(&b, &count_b, theirs, n, err));
    out->agrees = count_a == count_b && memcmp(a, b, n * sizeof *a) == 0;
    if (out->agrees) {
        snprintf(out->how, sizeof out->how, "same partition");
    } else {
        snprintf(out->how, sizeof out->how, "%u groups against %u", count_a, count_b);
    }
done:
    gx_free(a);
    gx_free(b);
    return status;
}

/* ---- scores ---------------------------------------------------------------------------------- */

static double largest(const double *answer, uint32_t n) {
    double most = 0;
    for (uint32_t v = 0; v < n; v++) {
        most = fabs(answer[v]) > most ? fabs(answer[v]) : most;
    }
    return most > 0 ? most : 1;
}

/* Two that are not numbers are the same: a peer's way to say that there is none is 0 here. */
static void same_scores(gx__verdict *out, const gx__task *task, uint32_t n, const double *ours,
                        const double *theirs) {
    bool free_factor = task->compare == GX__DIRECTION;
    double a = free_factor ? largest(ours, n) : 1, b = free_factor ? largest(theirs, n) : 1;
    double most = 0;
    for (uint32_t v = 0; v < n; v++) {
        double x = isnan(ours[v]) ? 0 : ours[v], y = isnan(theirs[v]) ? 0 : theirs[v];
        double gap = fabs(x / a - y / b);
        most = gap > most ? gap : most;
    }
    out->agrees = most <= task->tolerance;
    snprintf(out->how, sizeof out->how, "max diff %.2g%s", most,
             free_factor ? " of the largest" : "");
}

static int falling(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

static gx_status same_top(gx__verdict *out, const gx__task *task, uint32_t n, const double *ours,
                          const double *theirs, gx_error *err) {
    double *sorted = gx_alloc(2 * (size_t)n + 1, sizeof *sorted);
    if (!sorted) {
        return gx_fail_memory(err, 2 * (size_t)n * sizeof *sorted);
    }
    memcpy(sorted, ours, n * sizeof *sorted);
    memcpy(sorted + n, theirs, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, falling);
    qsort(sorted + n, n, sizeof *sorted, falling);
    same_scores(out, task, n, sorted, sorted + n);
    gx_free(sorted);
    return GX_OK;
}

/* ---- the verdict ------------------------------------------------------------------------------
 */

static gx_status no_worse(gx__verdict *out, const gx__ground *ground, const gx__task *task,
                          const double *ours, const double *theirs, gx_error *err) {
    gx_status status = GX_OK;
    double a = 0, b = 0;
    GX_TRY(quality(&a, ground, task, ours, err));
    GX_TRY(quality(&b, ground, task, theirs, err));
    out->agrees = a >= b - task->tolerance;
    out->counts = b >= a - task->tolerance;
    snprintf(out->how, sizeof out->how, "%s %.4f against %.4f",
             by_truth(ground, task) ? "NMI" : "Q", a, b);
done:
    return status;
}

gx_status gx__agree(gx__verdict *out, const gx__ground *ground, const gx__task *task,
                    const double *ours, const double *theirs, gx_error *err) {
    gx_status status = GX_OK;
    *out = (gx__verdict){.compared = ours && theirs && task->compare != GX__TIME, .counts = true};
    if (!out->compared) {
        return GX_OK;
    }
    if (gx__judges_groups(task)) {
        return no_worse(out, ground, task, ours, theirs, err);
    }
    if (task->compare == GX__PARTITION) {
        status = same_groups(out, ground->arcs->n, ours, theirs, err);
    } else if (task->compare == GX__TOP) {
        status = same_top(out, task, ground->arcs->n, ours, theirs, err);
    } else {
        same_scores(out, task, ground->arcs->n, ours, theirs);
    }
    out->counts = out->agrees;
    return status;
}

gx_status gx__value_of(double *out, const char **out_name, const gx__ground *ground,
                       const gx__task *task, const double *answer, gx_error *err) {
    uint32_t *group, count;
    *out_name = NULL;
    if (!answer || task->compare < GX__PARTITION || task->compare == GX__TIME) {
        return GX_OK;
    }
    if (gx__judges_groups(task)) {
        *out_name = by_truth(ground, task) ? "nmi" : "modularity";
        return quality(out, ground, task, answer, err);
    }
    gx_status status = groups_of(&group, &count, answer, ground->arcs->n, err);
    if (status == GX_OK) {
        *out = count;
        *out_name = "groups";
        gx_free(group);
    }
    return status;
}
