/* The H-index of a member: the largest h such that h neighbours have at least h neighbours each
 * (Lü, Zhou, Zhang and Stanley, Nature Communications 7:10168, 2016).
 *
 * `order` applies the operator H again to its own result: order 0 is the degree, 1 the H-index, and
 * from some order on nothing changes any more, which is the coreness. All members at once, so that
 * the order of members does not matter. `in` and `out` count one side of the directed ties only.
 * Self-loops do not count.
 *
 * With `weighted` the degree is the strength, and the index the largest x such that the ties to
 * neighbours of x or more weigh x together, which the operator of the paper becomes where ties
 * weigh other than 1: order 1 of equal weights of 1 is the H-index, and from some order on it is
 * the coreness by weights (Eidsaa and Almaas 2013) that `kcore` with `weighted` gives.
 *
 * Time O(n + m) an order, by counting instead of sorting; weighted O(m log m), by sorting. Memory:
 * 16 bytes a member, 4 a tie of the largest member for each thread, weighted 16.
 */
#include "engine/kernel/neighbours.h"
#include "engine/kernel/parallel.h"

#include <stdlib.h>

enum { MEMBERS_CHUNK = 256, SMALL = 1 << 14, ORDER_MAX = 1000000 };

static const gx_param params[] = {
    {.name = "order",
     .type = GX_PARAM_INT,
     .fallback = "1",
     .low = 0,
     .high = ORDER_MAX,
     .help = "how often the operator is applied to the degrees; ends early where nothing changes"},
    GX__PARAM_DIRECTION("ties counted: from either side, received or given"),
    GX__PARAM_BOOL("weighted", "false", "by the weight of the ties instead of their number"),
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS,
     "largest h with h neighbours, or ties of weight h, to those of at least h"},
};

/* A neighbour, by weight. */
typedef struct entry {
    double value, weight;
} entry;

static uint64_t scratch_bytes(uint64_t users, uint64_t largest, bool weighted, int threads) {
    return weighted ? users * sizeof(double) + largest * sizeof(entry) * (uint64_t)threads
                    : 2 * users * sizeof(uint32_t) +
                          (largest + 1) * sizeof(uint32_t) * (uint64_t)threads;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    double m = (double)gx__arcs_by(input, args);
    double orders = (double)gx_arg_int(args, "order");
    uint64_t largest = 0;
    if (m > 0) {
        gx__rows_view rows = gx__rows_by(input, args);
        largest = rows.ptr ? gx__row_longest(&rows, input->users) : input->users;
    }
    bool weighted = gx_arg_bool(args, "weighted");
    orders = orders > 30 ? 30 : orders; /* by then nearly nothing changes */
    out->mem_bytes = sizeof(double) * (uint64_t)input->users +
                     scratch_bytes(input->users, largest, weighted, m > SMALL ? threads : 1);
    const gx__degrees degrees = gx__degrees_by(input, args);
    out->cpu_s =
        orders * gx__ties_seconds(&degrees, 64, (gx__pace){18.5, weighted ? 60 : 2.8, 0.7, 2.9}) +
        1e-6;
}

/* H of the values of v's neighbours. `count` is cleared, and left so. */
static uint32_t h_of(const gx__rows_view *rows, const uint32_t *value, uint32_t v,
                     uint32_t *count) {
    const uint64_t from = rows->ptr[v], to = rows->ptr[v + 1];
    const uint32_t most = (uint32_t)(to - from);
    for (uint64_t i = from; i < to; i++) {
        uint32_t u = rows->end[i];
        uint32_t x = u == v ? 0 : value[u];
        count[x < most ? x : most]++;
    }
    uint32_t h = most, reach = count[h];
    while (h > 0 && reach < h) {
        reach += count[--h];
    }
    memset(count, 0, ((size_t)most + 1) * sizeof *count);
    return h;
}

/* One order; whether anything changed. */
static bool apply(uint32_t *fresh, const uint32_t *value, const gx__rows_view *rows, uint32_t n,
                  uint32_t *counts, size_t width, int threads, gx_job *job) {
    bool changed = false;
#pragma omp parallel num_threads(threads) reduction(|| : changed) if (threads > 1)
    {
        uint32_t *count = counts + (size_t)gx_thread() * width;
#pragma omp for schedule(dynamic, MEMBERS_CHUNK)
        for (uint32_t v = 0; v < n; v++) {
            if (!gx_job_should_stop(job)) {
                fresh[v] = h_of(rows, value, v, count);
                changed = changed || fresh[v] != value[v];
            }
        }
    }
    return changed;
}

static gx_status by_number(double *score, const gx__rows_view *all_rows, uint32_t n, int64_t orders,
                           int threads, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const gx__rows_view rows = *all_rows;
    const size_t width = (size_t)gx__row_longest(&rows, n) + 1;
    uint32_t *value = NULL, *fresh = NULL, *counts = NULL;
    bool changed = true;
    GX_TRY(gx_job_alloc(job, &value, n, sizeof *value, err));
    GX_TRY(gx_job_alloc(job, &fresh, n, sizeof *fresh, err));
    GX_TRY(gx_job_alloc(job, &counts, width, (size_t)threads * sizeof *counts, err));
    gx__others_all(value, &rows, n, job);
    GX_TRY(gx_job_check(job, err));
    for (int64_t k = 0; k < orders && changed; k++) {
        changed = apply(fresh, value, &rows, n, counts, width, threads, job);
        GX_TRY(gx_job_check(job, err));
        uint32_t *before = value;
        value = fresh;
        fresh = before;
        gx_job_tick(job, (uint64_t)k + 1);
    }
    for (uint32_t v = 0; v < n; v++) {
        score[v] = value[v];
    }
done:
    gx_job_free(job, value);
    gx_job_free(job, fresh);
    gx_job_free(job, counts);
    return status;
}

/* ---- by weight ------------------------------------------------------------------------------ */

static int highest_first(const void *a, const void *b) {
    double x = ((const entry *)a)->value, y = ((const entry *)b)->value;
    return (x < y) - (x > y);
}

/* The largest x with ties that weigh x to those of value x or more: values fall along the sorted
 * row while the weight so far rises, and x is where they meet. */
static double weighted_h_of(const gx__rows_view *rows, const double *value, uint32_t v,
                            entry *entries) {
    size_t count = 0;
    double so_far = 0, h = 0;
    for (uint64_t i = rows->ptr[v]; i < rows->ptr[v + 1]; i++) {
        if (rows->end[i] != v) {
            entries[count++] = (entry){value[rows->end[i]], gx__row_weight(rows, i)};
        }
    }
    if (count > 1) {
        qsort(entries, count, sizeof *entries, highest_first);
    }
    for (size_t k = 0; k < count && entries[k].value > h; k++) {
        so_far += entries[k].weight;
        h = so_far < entries[k].value ? so_far : entries[k].value;
    }
    return h < value[v] ? h : value[v]; /* it never rises, but for rounding */
}

static gx_status by_weight(double *score, const gx__rows_view *rows, uint32_t n, int64_t orders,
                           int threads, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const size_t width = gx__row_longest(rows, n);
    double *before = NULL;
    entry *entries = NULL;
    bool changed = true;
    GX_TRY(gx_job_alloc(job, &before, n, sizeof *before, err));
    GX_TRY(gx_job_alloc(job, &entries, width, (size_t)threads * sizeof *entries, err));
    for (uint32_t v = 0; v < n && !gx_job_should_stop(job); v++) {
        score[v] = gx__others_strength(rows, v);
    }
    GX_TRY(gx_job_check(job, err));
    for (int64_t k = 0; k < orders && changed && n > 0; k++) {
        memcpy(before, score, n * sizeof *before);
        changed = false;
#pragma omp parallel num_threads(threads) reduction(|| : changed) if (threads > 1)
        {
            entry *own = entries + (size_t)gx_thread() * width;
#pragma omp for schedule(dynamic, MEMBERS_CHUNK)
            for (uint32_t v = 0; v < n; v++) {
                if (!gx_job_should_stop(job)) {
                    score[v] = weighted_h_of(rows, before, v, own);
                    changed = changed || score[v] < before[v];
                }
            }
        }
        GX_TRY(gx_job_check(job, err));
        gx_job_tick(job, (uint64_t)k + 1);
    }
done:
    gx_job_free(job, before);
    gx_job_free(job, entries);
    return status;
}

/* ---- the pass ------------------------------------------------------------------------------- */

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const gx__rows_view rows = gx__rows_by(input, args);
    const int threads = gx__arcs_by(input, args) > SMALL ? job->threads : 1;
    const int64_t orders = gx_arg_int(args, "order");
    double *score;
    gx_job_stage(job, "hindex", (uint64_t)orders);
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(gx_arg_bool(args, "weighted")
               ? by_weight(score, &rows, input->users, orders, threads, job, err)
               : by_number(score, &rows, input->users, orders, threads, job, err));
done:
    return status;
}

/* So many neighbours have so many neighbours of their own; or it is at most the strength. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const double *score;
    const gx__rows_view rows = gx__rows_by(input, args);
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    for (uint32_t v = 0; status == GX_OK && v < input->users; v++) {
        const bool weighted = gx_arg_bool(args, "weighted");
        double reach = weighted ? gx__others_strength(&rows, v) * (1 + 1e-9) : 0;
        for (uint64_t i = rows.ptr[v]; !weighted && i < rows.ptr[v + 1]; i++) {
            uint32_t u = rows.end[i];
            reach += u != v && (gx_arg_int(args, "order") == 0 ||
                                (double)(rows.ptr[u + 1] - rows.ptr[u]) >= score[v]);
        }
        if (reach < score[v]) {
            return gx_fail(err, GX_INTERNAL, "%s.score of member %u is %g, with %g of such ties",
                           instance, v, score[v], reach);
        }
    }
    return status;
}

const gx_pass gx_pass_hindex = {
    .name = "hindex",
    .kind = GX_KIND_CENTRALITY,
    .summary = "H-index: largest h with h neighbours who have h neighbours each",
    .paper = "Lü, Zhou, Zhang, Stanley: The H-index of a network node and its relation to degree "
             "and coreness, Nature Communications 7, 2016",
    .complexity = "O(n + m) time an order, weighted O(m log m); 16 bytes a member, 4 a tie of the "
                  "largest member and thread, weighted 16",
    .needs = GX__NEED_TIES,
    .reads = gx__reads_by_direction,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .estimate = estimate,
    .run = run,
    .check = check,
};
