/* What a pass would take on a graph that is not there. */
#include "api/compute.h"

static uint64_t direction_bytes(uint64_t users, uint64_t arcs) {
    return 8 * (users + 1) + 4 * arcs;
}

/* The graphs a pass needs, read from a store: what stays, and what reading holds beside it (both ends
 * and a weight a tie, then the rows of the sort). Measured: docs/bench.md. */
static gx_estimate view_estimate(unsigned needs, uint64_t users, uint64_t ties) {
    bool directed = needs & (GX_NEED_GRAPH | GX_NEED_IN), undirected = needs & GX_NEED_UNDIRECTED;
    uint64_t one = direction_bytes(users, ties), both = direction_bytes(users, 2 * ties);
    gx_estimate e = {0};
    if (directed) {
        e.mem_bytes += one + (needs & GX_NEED_IN ? one : 0);
        e.cpu_s += (1.3e-7 + (needs & GX_NEED_IN ? 2e-8 : 0)) * (double)ties;
    }
    if (undirected) {
        e.mem_bytes += both;
        e.cpu_s += 1.6e-7 * (double)ties;
    }
    e.mem_bytes += 12 * ties + 8 * ties;
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

gx_status gx_estimate_graph(gx_value *out, const gx_pass *pass, const gx_value *params,
                            uint32_t users, uint64_t ties, int threads, gx_arena *arena,
                            gx_error *err) {
    gx_status status = GX_OK;
    gx_plan plan = {0};
    gx_plan_step wanted = {.pass = pass, .instance = pass->name, .params = params};
    gx_graph directed = {.n = users, .m = ties, .directed = true};
    gx_graph undirected = {.n = users, .m = 2 * ties};
    gx_input input = {.graph = &directed, .undirected = &undirected, .users = users};
    GX_TRY(gx_plan_make(&plan, gx_pass_tables(), gx_pass_tables_count, &wanted, 1, err));
    GX_TRY(check(&plan, arena, err));
    gx_estimate view = view_estimate(plan.needs, users, ties);
    gx_estimate whole = gx_plan_estimate(&plan, &input, threads);
    gx_estimate all = {view.mem_bytes + whole.mem_bytes, view.cpu_s + whole.cpu_s};
    *out = gx_estimate_value(arena, &plan, &view, all);
done:
    gx_plan_finish(&plan);
    return status;
}
