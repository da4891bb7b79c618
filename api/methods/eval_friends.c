/* eval.friends: how well rec.friends finds ties that were hidden from it, beside Adamic–Adar alone.
 */
#include "api/build/estimate.h"
#include "api/people/friends.h"
#include "api/support.h"
#include "engine/operations/meet_eval.h"

static const gx_param params[] = {
    {"hide", GX_PARAM_REAL, "0.1", 1e-6, 0.9, NULL, NULL, 0, "share of the ties that are hidden"},
    {"members", GX_PARAM_INT, "2000", 1, 1e8, "members", NULL, 0,
     "how many of those with a hidden tie are judged"},
    {"cutoff", GX_PARAM_INT, "10", 1, 1000, "members", NULL, 0, "length of the list"},
    {"k", GX_PARAM_INT, "200", 1, 1e6, "ties", NULL, 0,
     "of each member so many ties are walked, the strongest, as the snapshot has them"},
    {"weights", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "of the parts: adamic, near, far, circle, taste"},
    {"everybody", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "rank all members, as though each were there and had agreed to be named, not only those whom "
     "rec.friends may show"},
    GX_ESTIMATE_PARAM,
};

static gx_status read_weights(gx_meet_weights *out, const gx_args *args, gx_error *err) {
    const struct {
        const char *name;
        double *weight;
    } parts[] = {{"adamic", &out->adamic},
                 {"near", &out->near},
                 {"far", &out->far},
                 {"circle", &out->circle},
                 {"taste", &out->taste}};
    const gx_value *map = gx_arg_value(args, "weights");
    *out = gx_meet_weights_default;
    for (uint32_t i = 0; map->type == GX_MAP && i < map->size; i++) {
        const gx_pair *pair = &map->as.pairs[i];
        gx_slice name = {pair->key.as.text, pair->key.size};
        size_t p = 0;
        while (p < GX_COUNT(parts) && !gx_slice_is(name, parts[p].name)) {
            p++;
        }
        if (p == GX_COUNT(parts)) {
            char shown[64];
            return gx_fail_at(err, GX_BAD_REQUEST, "weights",
                              "weights: %s was given; accepted are adamic, near, far, circle and "
                              "taste",
                              gx_quote(shown, sizeof shown, name.data, name.size));
        }
        gx_status status = gx_weight_read(parts[p].weight, "weights", pair, err);
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}

static gx_value figures_value(gx_arena *arena, const char *name, const gx_meet_figures *figures,
                              uint32_t cutoff) {
    gx_value row = gx_map(arena, 3);
    const char *key = gx_arena_printf(arena, "precision@%u", cutoff);
    gx_map_put(arena, &row, "score", gx_str(name));
    gx_map_put(arena, &row, "auc", gx_real(figures->auc));
    gx_map_put(arena, &row, key ? key : "", gx_real(figures->precision));
    return row;
}

/* A member newer than the graph would not fit: then taste is left out. */
static gx_status read_events(gx_matrix *out, gx_call_env *call, gx_error *err) {
    gx_txn *txn;
    const gx_event_view view = {.decay = true};
    gx_status status = gx_txn_read(&txn, call->db->store, err);
    if (status == GX_OK) {
        status = gx_view_events(out, txn, &call->state->rules, &view, call->job, err);
        gx_txn_abort(txn);
    }
    return status;
}

/* Who may stand in a list, of the graph's members. conflict: nobody. */
static gx_status read_shown(uint8_t **out, uint32_t *out_count, gx_call_env *call, uint32_t n,
                            gx_error *err) {
    gx_txn *txn = NULL;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(call->job, out, n, 1, err));
    GX_TRY(gx_txn_read(&txn, call->db->store, err));
    GX_TRY(gx_meeting_mark(*out, n, txn, call->job, err));
    *out_count = 0;
    for (uint32_t u = 0; u < n; u++) {
        *out_count += (*out)[u];
    }
    if (*out_count == 0) {
        GX_TRY(gx_fail_at(err, GX_CONFLICT, "everybody",
                          "none of %u member%s agreed to be named (field consent), so rec.friends "
                          "shows nobody; everybody (--everybody) judges the score among all",
                          n, gx_plural(n, "", "s")));
    }
done:
    gx_txn_abort(txn);
    return status;
}

/* The graph is read for real; it may have been kept from an earlier call. */
static gx_value estimate_value(gx_arena *arena, const gx_held *held, gx_estimate view,
                               const gx_meet_eval_options *options, int threads) {
    gx_meet_eval_cost cost;
    gx_value steps = gx_list(arena, 5);
    gx_meet_eval_estimate(&cost, &held->graph, options, threads);
    gx_estimate whole = cost.whole;
    whole.mem_bytes = view.mem_bytes > whole.mem_bytes ? view.mem_bytes : whole.mem_bytes;
    whole.cpu_s += view.cpu_s;
    whole.cpu_most_s += view.cpu_s;
    gx_estimate_add(arena, &steps, "view", view);
    gx_estimate_add(arena, &steps, "parts", cost.parts);
    gx_estimate_add(arena, &steps, "strength", cost.strength);
    gx_estimate_add(arena, &steps, "leiden", cost.leiden);
    gx_estimate_add(arena, &steps, "judging", cost.judging);
    return gx_estimate_map(arena, steps, whole);
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_arena *arena = call->arena;
    gx_status status = GX_OK;
    const gx_held *held = NULL;
    gx_matrix matrix = {0};
    uint8_t *shown = NULL;
    gx_meet_eval eval;
    gx_meet_eval_options options = {.share = gx_arg_real(call->args, "hide"),
                                    .members = (uint32_t)gx_arg_int(call->args, "members"),
                                    .cutoff = (uint32_t)gx_arg_int(call->args, "cutoff"),
                                    .k = (uint32_t)gx_arg_int(call->args, "k")};
    options.pool = gx_meeting_pool(options.cutoff);
    GX_TRY(read_weights(&options.weights, call->args, err));
    int64_t cpu = gx_clock_cpu_ns();
    const uint64_t before = atomic_load(&call->job->mem_used);
    atomic_store(&call->job->mem_peak, before);
    GX_TRY(gx_graph_hold(&held, call->db, &call->state->rules, GX_GRAPH_UNDIRECTED, NULL, call->job,
                         err));
    GX_TRY(read_events(&matrix, call, err));
    uint32_t ranked = held->graph.n;
    if (!gx_arg_bool(call->args, "everybody")) {
        GX_TRY(read_shown(&shown, &ranked, call, held->graph.n, err));
        options.shown = shown;
    }
    if (gx_arg_bool(call->args, "estimate")) {
        gx_estimate view = {.mem_bytes = atomic_load(&call->job->mem_peak) - before,
                            .cpu_s = (double)(gx_clock_cpu_ns() - cpu) / 1e9};
        *out = estimate_value(arena, held, view, &options, call->job->threads);
        goto done;
    }
    options.matrix = matrix.rows == held->graph.n && matrix.nnz > 0 ? &matrix : NULL;
    int64_t begun = gx_clock_ns();
    GX_TRY(gx_meet_evaluate(&eval, &held->graph, &options, call->job, err));
    double wall_s = (double)(gx_clock_ns() - begun) / 1e9;
    gx_value list = gx_list(arena, 2);
    gx_list_add(arena, &list, figures_value(arena, "friends", &eval.own, options.cutoff));
    gx_list_add(arena, &list, figures_value(arena, "adamic_adar", &eval.adamic, options.cutoff));
    *out = gx_map(arena, 6);
    gx_map_put(arena, out, "ties", gx_int((int64_t)eval.ties));
    gx_map_put(arena, out, "hidden", gx_int((int64_t)eval.hidden));
    gx_map_put(arena, out, "members", gx_int(eval.members));
    gx_map_put(arena, out, "ranked", gx_int(ranked));
    gx_map_put(arena, out, "wall_s", gx_real(wall_s));
    gx_map_put(arena, out, "results", list);
done:
    gx_job_free(call->job, shown);
    gx_matrix_finish(&matrix);
    gx_graph_release(call->db, held);
    return status;
}

const gx_method gx_method_eval_friends = {
    .name = "eval.friends",
    .summary = "how well friends to meet are found among hidden ties, beside Adamic-Adar alone",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result =
        "{ties, hidden (each tie counts once), members, ranked (who may stand in a list), "
        "wall_s, results: [{score, auc, precision@N}]} or {steps, mem_bytes, cpu_s, cpu_most_s}",
    .run = run,
};
