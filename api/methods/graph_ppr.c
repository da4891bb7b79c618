/* graph.ppr: members near one member, by the time of a walker who starts again from them (random
 * walk with restart, personalised PageRank). Looks at the ties near the member only, so that it
 * takes milliseconds on a graph of any size; the graph is kept between calls. Scores come from
 * below: `short` is the most that one may be too low, `bound` what all of them lack together. */
#include "api/graphs.h"
#include "api/support.h"
#include "engine/kernel/push.h"
#include "engine/kernel/top.h"

static const gx_param params[] = {
    {"user", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "the member where the walk starts again"},
    {"n", GX_PARAM_INT, "20", 1, 1e6, "members", NULL, 0, "how many from the top"},
    {"alpha", GX_PARAM_REAL, "0.15", 0.01, 0.99, NULL, NULL, 0,
     "probability of starting again at each step"},
    {"epsilon", GX_PARAM_REAL, "1e-6", 1e-12, 1, NULL, NULL, 0,
     "how little is not followed on, for each tie of a member; 10 times less takes up to 10 times "
     "as long"},
    {"weighted", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "follow ties in proportion to their weights"},
    {"directed", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "follow ties in their direction only"},
    GX_VIEW_PARAMS,
};

/* The best n of all that were reached but the member. */
static gx_status add_rows(gx_value *list, gx_call_env *call, gx_txn *txn, const gx__push *push,
                          const gx_graph *graph, uint32_t source, gx_error *err) {
    bool weighted = gx_arg_bool(call->args, "weighted");
    uint32_t n = (uint32_t)gx_arg_int(call->args, "n");
    gx__top top = {.capacity = n < push->count ? n : push->count};
    top.entry = gx_arena_get(call->arena, (top.capacity + 1) * sizeof *top.entry);
    if (!top.entry) {
        return gx_fail_memory(err, top.capacity * sizeof *top.entry);
    }
    for (uint32_t i = 0; i < push->count; i++) {
        uint32_t user = push->reached[i];
        if (user != source) {
            gx__top_offer(&top, push->score[user], user, 0);
        }
    }
    gx__top_sort(&top);
    for (uint32_t i = 0; i < top.count; i++) {
        gx_value name = gx_word_value(call->arena, txn, GX_SPACE_USER, top.entry[i].id);
        if (name.type != GX_NIL) { /* a forgotten member has no name */
            gx_value row = gx_map(call->arena, 3);
            gx_map_put(call->arena, &row, "user", name);
            gx_map_put(call->arena, &row, "score", gx_real(top.entry[i].score));
            gx_map_put(call->arena, &row, "short",
                       gx_real(gx__push_short(push, graph, weighted, top.entry[i].id)));
            gx_list_add(call->arena, list, row);
        }
    }
    return GX_OK;
}

static gx_status answer(gx_value *out, gx_call_env *call, gx_txn *txn, const gx__push *push,
                        const gx_graph *graph, uint32_t source, gx_error *err) {
    gx_value list = gx_list(call->arena, 32);
    gx_status status = add_rows(&list, call, txn, push, graph, source, err);
    if (status != GX_OK) {
        return status;
    }
    *out = gx_map(call->arena, 5);
    gx_map_put(call->arena, out, "members", list);
    gx_map_put(call->arena, out, "own", gx_real(push->count ? push->score[source] : 1));
    gx_map_put(call->arena, out, "bound", gx_real(push->bound));
    gx_map_put(call->arena, out, "reached", gx_int(push->count));
    gx_map_put(call->arena, out, "ties_seen", gx_int((int64_t)push->arcs));
    return GX_OK;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    gx_txn *txn = NULL;
    const gx_held *held = NULL;
    gx__push push = {0};
    gx_view_spec spec;
    uint32_t source;
    unsigned flags = gx_arg_bool(call->args, "directed") ? 0 : GX_GRAPH_UNDIRECTED;
    GX_TRY(gx_spec_from_args(&spec, call->arena, call->args, err));
    GX_TRY(gx_graph_hold(&held, call->db, &call->state->rules, flags, &spec, call->job, err));
    GX_TRY(gx_txn_read(&txn, call->db->store, err));
    GX_TRY(gx_need_word(&source, txn, GX_SPACE_USER, gx_arg_text(call->args, "user"), err));
    if (source < held->graph.n) { /* newer members have no ties */
        GX_TRY(gx__push_run(&push, &held->graph, gx_arg_bool(call->args, "weighted"), source,
                            gx_arg_real(call->args, "alpha"), gx_arg_real(call->args, "epsilon"),
                            call->job, err));
    }
    GX_TRY(answer(out, call, txn, &push, &held->graph, source, err));
done:
    gx__push_finish(&push, call->job);
    gx_txn_abort(txn);
    gx_graph_release(call->db, held);
    return status;
}

const gx_method gx_method_graph_ppr = {
    .name = "graph.ppr",
    .summary = "members near one member, by a random walk with restart",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{members: [{user, score, short}], own, bound, reached, ties_seen}",
    .run = run,
};
