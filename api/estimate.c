/* What a pass would take on a graph that is not there, or that did not fit. */
#include "api/compute.h"

#include <math.h>
#include <stdio.h>

/* With a weight an arc: most kinds of tie count less than 1. */
static uint64_t direction_bytes(uint64_t users, uint64_t arcs) {
    return 8 * (users + 1) + 8 * arcs;
}

/* Of the graphs a pass needs: held afterwards. `arcs` are those of the directed one. */
static uint64_t view_held(unsigned needs, uint64_t users, uint64_t ties, uint64_t arcs) {
    uint64_t one = direction_bytes(users, arcs), held = 0;
    held += needs & (GX_NEED_GRAPH | GX_NEED_IN) ? one : 0;
    held += needs & GX_NEED_IN ? one : 0;
    held += needs & GX_NEED_UNDIRECTED ? direction_bytes(users, 2 * ties) : 0;
    return held;
}

/* And while they are read from a store: ends and weight of each tie, rows and scratch of the sort.
 * The figures are measured from a million to 16 million ties, where time an arc grows with the
 * caches that no longer hold what is gathered: docs/bench.md. */
static gx_estimate view_estimate(unsigned needs, uint64_t users, uint64_t ties, uint64_t arcs,
                                 int threads) {
    static const double directed_s = 7.3e-8, undirected_s = 1.0e-7;
    static const uint64_t directed_bytes = 34, undirected_bytes = 46;
    const uint64_t bucket = arcs < 40000 ? arcs : 40000; /* of the sort, one a thread */
    bool directed = needs & (GX_NEED_GRAPH | GX_NEED_IN), undirected = needs & GX_NEED_UNDIRECTED;
    double m = (double)ties, doublings = m > 1e6 ? log2(m / 1e6) : 0;
    gx_estimate e = {.mem_bytes = 16 * users};
    if (directed) {
        e.mem_bytes += 8 * users + directed_bytes * arcs + 35 * bucket * (uint64_t)threads;
        e.cpu_s += (directed_s + 8.7e-9 * doublings) * (double)arcs;
    }
    if (undirected) {
        uint64_t peak = undirected_bytes * ties;
        peak += directed ? view_held(needs & ~(unsigned)GX_NEED_UNDIRECTED, users, ties, arcs) : 0;
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
                                uint32_t users, uint64_t ties, bool both_ways, int threads,
                                gx_arena *arena, gx_error *err) {
    gx_status status = GX_OK;
    const uint64_t arcs = both_ways ? 2 * ties : ties;
    gx_plan plan = {0};
    gx_plan_step wanted = {.pass = pass, .instance = pass->name, .params = params};
    gx_graph directed = {.n = users, .m = arcs, .directed = !both_ways};
    gx_graph undirected = {.n = users, .m = 2 * ties};
    gx_input input = {.graph = &directed, .undirected = &undirected, .users = users};
    GX_TRY(gx_plan_make(&plan, gx_pass_tables(), gx_pass_tables_count, &wanted, 1, err));
    GX_TRY(check(&plan, arena, err));
    gx_estimate view = view_estimate(plan.needs, users, ties, arcs, threads);
    gx_estimate whole = gx_plan_estimate(&plan, &input, threads);
    uint64_t later = view_held(plan.needs, users, ties, arcs) + whole.mem_bytes;
    gx_estimate all = {later > view.mem_bytes ? later : view.mem_bytes, view.cpu_s + whole.cpu_s,
                       view.cpu_s + whole.cpu_most_s};
    *out = gx_estimate_value(arena, &plan, &view, all);
done:
    gx_plan_finish(&plan);
    return status;
}

gx_status gx_estimate_graph(gx_value *out, const gx_pass *pass, const gx_value *params,
                            uint32_t users, uint64_t ties, bool both_ways, int threads,
                            gx_arena *arena, gx_error *err) {
    uint64_t most = users ? (uint64_t)users * (users - 1) / (both_ways ? 2 : 1) : 0;
    if (ties > most) {
        return gx_fail_at(err, GX_BAD_REQUEST, "ties",
                          "ties: %llu was given; among %lu members accepted are at most %llu%s",
                          (unsigned long long)ties, (unsigned long)users, (unsigned long long)most,
                          both_ways ? ", each both ways" : "");
    }
    return estimate_graph(out, pass, params, users, ties, both_ways, threads, arena, err);
}

/* ---- of one pass on the graph that is there
 * ----------------------------------------------------- */

/* What the snapshot has takes nothing. */
static gx_value of_stored(gx_arena *arena) {
    gx_value map = gx_map(arena, 5);
    gx_map_put(arena, &map, "from", gx_str("snapshot"));
    gx_map_put(arena, &map, "steps", gx_list(arena, 1));
    gx_map_put(arena, &map, "mem_bytes", gx_int(0));
    gx_map_put(arena, &map, "cpu_s", gx_real(0));
    gx_map_put(arena, &map, "cpu_most_s", gx_real(0));
    return map;
}

gx_status gx_estimate_pass(gx_value *out, gx_db *db, const gx_pass *pass, const gx_value *params,
                           const gx_view_spec *spec, gx_arena *arena, gx_job *job, gx_error *err) {
    gx_value passes = gx_list(arena, 1), by_pass = gx_map(arena, 1);
    if (!pass) {
        *out = of_stored(arena);
        return GX_OK;
    }
    gx_list_add(arena, &passes, gx_str(pass->name));
    if (params->type == GX_MAP) {
        gx_map_put(arena, &by_pass, pass->name, *params);
    }
    gx_build_options options = {.passes = &passes, .params = &by_pass, .spec = *spec};
    return gx_build_estimate(out, db, &options, 0, arena, job, err);
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
    uint64_t ties = gx_tie_count(txn);
    if (estimate_graph(&told, pass, params, gx_word_count(txn, GX_SPACE_USER), ties,
                       2 * both_ways > ties, job->threads, arena, NULL) != GX_OK) {
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
