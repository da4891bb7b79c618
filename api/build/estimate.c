/* What passes would take: how it is told, and of a graph that is not there or did not fit. */
#include "api/build/estimate.h"

#include <math.h>
#include <stdio.h>

void gx_estimate_add(gx_arena *arena, gx_value *steps, const char *name, gx_estimate estimate) {
    gx_value step = gx_map(arena, 4);
    gx_map_put(arena, &step, "pass", gx_str(name));
    gx_map_put(arena, &step, "mem_bytes", gx_int((int64_t)estimate.mem_bytes));
    gx_map_put(arena, &step, "cpu_s", gx_real(estimate.cpu_s));
    gx_map_put(arena, &step, "cpu_most_s", gx_real(fmax(estimate.cpu_s, estimate.cpu_most_s)));
    gx_list_add(arena, steps, step);
}

gx_value gx_estimate_map(gx_arena *arena, gx_value steps, gx_estimate whole) {
    gx_value map = gx_map(arena, 5);
    gx_map_put(arena, &map, "steps", steps);
    gx_map_put(arena, &map, "mem_bytes", gx_int((int64_t)whole.mem_bytes));
    gx_map_put(arena, &map, "cpu_s", gx_real(whole.cpu_s));
    gx_map_put(arena, &map, "cpu_most_s", gx_real(fmax(whole.cpu_s, whole.cpu_most_s)));
    return map;
}

gx_value gx_estimate_value(gx_arena *arena, const gx_plan *plan, gx_estimate view, uint64_t held,
                           gx_estimate later, const gx_part_estimate *first,
                           const gx_part_estimate *parts, size_t count) {
    gx_value steps = gx_list(arena, (uint32_t)(plan->count + count) + 2);
    uint64_t after = later.kept_bytes;
    if (first) {
        gx_estimate_add(arena, &steps, first->name, first->estimate);
    }
    gx_estimate_add(arena, &steps, "view", view);
    for (size_t i = 0; i < plan->count; i++) {
        gx_estimate_add(arena, &steps, plan->steps[i].pass->name, plan->steps[i].estimate);
    }
    for (size_t i = 0; i < count; i++) {
        const gx_estimate *part = &parts[i].estimate;
        gx_estimate_add(arena, &steps, parts[i].name, *part);
        after += part->mem_bytes;
        later.cpu_s += part->cpu_s;
        later.cpu_most_s += fmax(part->cpu_s, part->cpu_most_s);
    }
    later.mem_bytes = held + (later.mem_bytes > after ? later.mem_bytes : after);
    later.mem_bytes = later.mem_bytes > view.mem_bytes ? later.mem_bytes : view.mem_bytes;
    later.cpu_s += view.cpu_s;
    later.cpu_most_s += view.cpu_s;
    if (first) {
        const gx_estimate *one = &first->estimate;
        later.mem_bytes = one->mem_bytes > later.mem_bytes ? one->mem_bytes : later.mem_bytes;
        later.cpu_s += one->cpu_s;
        later.cpu_most_s += fmax(one->cpu_s, one->cpu_most_s);
    }
    return gx_estimate_map(arena, steps, later);
}

gx_value gx_estimate_steps(gx_arena *arena, const gx_part_estimate *steps, size_t count,
                           size_t done) {
    gx_estimate whole = {0};
    gx_value list = gx_list(arena, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        gx_estimate step = steps[i].estimate;
        step.cpu_most_s = i < done ? step.cpu_s : 2 * step.cpu_s;
        whole.cpu_s += step.cpu_s;
        whole.cpu_most_s += step.cpu_most_s;
        whole.mem_bytes = step.mem_bytes > whole.mem_bytes ? step.mem_bytes : whole.mem_bytes;
        gx_estimate_add(arena, &list, steps[i].name, step);
    }
    return gx_estimate_map(arena, list, whole);
}

/* ---- a graph that is not there -----------------------------------------------------------------
 */

/* With a weight an arc: most kinds of tie count less than 1. */
static uint64_t direction_bytes(uint64_t users, uint64_t arcs) {
    return 8 * (users + 1) + 8 * arcs;
}

/* Of the directed graph. */
static uint64_t arcs_of(const gx_graph_size *size) {
    return size->both_ways ? 2 * size->ties : size->ties;
}

/* Of the graphs a pass needs: held afterwards. */
static uint64_t view_held(unsigned needs, const gx_graph_size *size) {
    uint64_t one = direction_bytes(size->members, arcs_of(size)), held = 0;
    held += needs & (GX_NEED_GRAPH | GX_NEED_IN) ? one : 0;
    held += needs & GX_NEED_IN ? one : 0;
    held += needs & GX_NEED_UNDIRECTED ? direction_bytes(size->members, 2 * size->ties) : 0;
    return held;
}

/* And while they are read from a store: ends and weight of each tie, rows and scratch of the sort.
 * The figures are measured from a million to 16 million ties, where time an arc grows with the
 * caches that no longer hold what is gathered: docs/bench.md. */
static gx_estimate view_estimate(unsigned needs, const gx_graph_size *size, int threads) {
    static const double directed_s = 7.3e-8, undirected_s = 1.0e-7;
    static const uint64_t directed_bytes = 34, undirected_bytes = 46;
    const uint64_t users = size->members, ties = size->ties, arcs = arcs_of(size);
    /* Of the sort, one bucket a thread: rows.c wants 32,768 arcs in each and at most 1,024 of them,
     * and halves ranges of rows until they are fewer than that. */
    const uint64_t bucket = arcs / 512 < 65536 ? 65536 : arcs / 512;
    const uint64_t sorted = bucket * (uint64_t)threads < arcs ? bucket * (uint64_t)threads : arcs;
    bool directed = needs & (GX_NEED_GRAPH | GX_NEED_IN), undirected = needs & GX_NEED_UNDIRECTED;
    double m = (double)ties, doublings = m > 1e6 ? log2(m / 1e6) : 0;
    gx_estimate e = {.mem_bytes = 16 * users};
    if (directed) {
        e.mem_bytes += 8 * users + directed_bytes * arcs + 28 * sorted;
        e.cpu_s += (directed_s + 8.7e-9 * doublings) * (double)arcs;
    }
    if (undirected) {
        uint64_t peak = undirected_bytes * ties;
        peak += directed ? view_held(needs & ~(unsigned)GX_NEED_UNDIRECTED, size) : 0;
        peak += 16 * users;
        e.mem_bytes = peak > e.mem_bytes ? peak : e.mem_bytes;
        e.cpu_s += (undirected_s + 6e-9 * doublings) * m;
    }
    return e;
}

static gx_status check(const gx_plan *plan, gx_arena *arena, gx_error *err) {
    for (size_t i = 0; i < plan->count; i++) {
        const gx_plan_step *step = &plan->steps[i];
        gx_args args;
        if (step->pass->needs & (GX_NEED_MATRIX | GX_NEED_CATEGORY)) {
            return gx_fail_at(err, GX_BAD_REQUEST, "pass",
                              "%s needs events or items; without a store only passes over ties can "
                              "be estimated",
                              step->pass->name);
        }
        gx_status status = gx_args_parse(&args, arena, step->pass->params, step->pass->param_count,
                                         step->params, err);
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}

static gx_status estimate_graph(gx_value *out, const gx_pass *pass, const gx_value *params,
                                const gx_graph_size *size, int threads, gx_arena *arena,
                                gx_error *err) {
    gx_status status = GX_OK;
    gx_plan plan = {0};
    gx_plan_step wanted = {.pass = pass, .instance = pass->name, .params = params};
    gx_graph directed = {.n = size->members, .m = arcs_of(size), .directed = !size->both_ways};
    gx_graph undirected = {.n = size->members, .m = 2 * size->ties};
    gx_input input = {.graph = &directed, .undirected = &undirected, .users = size->members};
    GX_TRY(gx_plan_make(&plan, gx_pass_tables(), gx_pass_tables_count, &wanted, 1, err));
    GX_TRY(check(&plan, arena, err));
    gx_estimate view = view_estimate(plan.needs, size, threads);
    *out = gx_estimate_value(arena, &plan, view, view_held(plan.needs, size),
                             gx_plan_estimate(&plan, &input, threads), NULL, NULL, 0);
done:
    gx_plan_finish(&plan);
    return status;
}

gx_status gx_estimate_graph(gx_value *out, const gx_pass *pass, const gx_value *params,
                            const gx_graph_size *size, int threads, gx_arena *arena,
                            gx_error *err) {
    const uint64_t n = size->members, most = n ? n * (n - 1) / (size->both_ways ? 2 : 1) : 0;
    if (size->ties > most) {
        return gx_fail_at(err, GX_BAD_REQUEST, "ties",
                          "ties: %llu was given; among %llu members accepted are at most %llu%s",
                          (unsigned long long)size->ties, (unsigned long long)n,
                          (unsigned long long)most, size->both_ways ? ", each both ways" : "");
    }
    return estimate_graph(out, pass, params, size, threads, arena, err);
}

/* ---- what a job that ran out of memory is told -------------------------------------------------
 */

static gx_status count_both_ways(void *user, const gx_tie *tie, gx_error *err) {
    (void)err;
    uint64_t *count = user;
    *count += !tie->directed;
    return GX_OK;
}

void gx_tell_whole_need(gx_error *err, gx_store *store, const gx_pass *pass, const gx_value *params,
                        const gx_job *job) {
    gx_txn *txn = NULL;
    gx_value told;
    uint64_t both_ways = 0;
    gx_arena *arena = gx_arena_create();
    if (!err || !arena || gx_txn_read(&txn, store, NULL) != GX_OK ||
        gx_tie_each(txn, count_both_ways, &both_ways, NULL) != GX_OK) {
        goto done;
    }
    gx_graph_size size = {.members = gx_word_count(txn, GX_SPACE_USER), .ties = gx_tie_count(txn)};
    size.both_ways = 2 * both_ways > size.ties;
    if (estimate_graph(&told, pass, params, &size, job->threads, arena, NULL) != GX_OK) {
        goto done;
    }
    uint64_t bytes = (uint64_t)gx_map_get(&told, "mem_bytes")->as.integer;
    size_t used = strlen(err->message);
    if (bytes > job->mem_limit) {
        char all[GX_BYTES_TEXT];
        snprintf(err->message + used, sizeof err->message - used,
                 "; reading and %s take about %s in all", pass->name, gx_bytes_text(all, bytes));
    }
done:
    gx_txn_abort(txn);
    gx_arena_destroy(arena);
}
