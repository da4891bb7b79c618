/* graph.centrality: any measure of the table, from the snapshot where it is there as asked, else
 * computed on the spot. */
#include "api/build/build.h"
#include "api/build/compute.h"
#include "api/build/entries.h"
#include "api/build/keep.h"

#include <math.h>

static const gx_param params[] = {
    {"measure", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "pagerank, degree, kcore, betweenness, …, or a name that `guanxi run --write` kept"},
    {"n", GX_PARAM_INT, "20", 1, 1e7, "members", NULL, 0, "how many from the top"},
    {"all", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0, "every member, best first"},
    {"users", GX_PARAM_LIST, NULL, 1, 65536, NULL, NULL, 0, "only these members"},
    {"top", GX_PARAM_INT, NULL, 1, 1e7, "members", NULL, 0,
     "as n; what can leave out the rest does"},
    {"of", GX_PARAM_LIST, NULL, 1, 65536, "members", NULL, 0, "as users"},
    {"params", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "parameters of the measure: computed anew"},
    {"fresh", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "compute anew, even where the snapshot has it"},
    GX_ESTIMATE_PARAM,
    GX_VIEW_PARAMS,
};

typedef struct scores {
    const double *score;
    uint32_t count;
    gx_arrays *own; /* where they were computed here */
} scores;

static bool take(scores *out, const gx_array *array) {
    if (!array || array->dtype != GX_F64 || array->rank != 1) {
        return false;
    }
    out->score = array->data;
    out->count = (uint32_t)array->shape[0]; /* what was kept later may know more members */
    return true;
}

static gx_status compute(scores *out, gx_call_env *call, const gx_pass *pass,
                         const gx_view_spec *spec, gx_error *err) {
    gx_value given = gx_params_chosen(call, pass);
    gx_status status = gx_compute(&out->own, call->db, pass, pass->name,
                                  given.type == GX_MAP ? &given : NULL, spec, call->job, err);
    if (status == GX_OK && !take(out, gx_result_find(out->own, pass->name, "score"))) {
        status = gx_fail(err, GX_INTERNAL, "%s gave no scores", pass->name);
    }
    return status;
}

static void add_row(gx_value *list, gx_call_env *call, gx_value name, double score, bool known) {
    gx_value row = gx_map(call->arena, 2);
    gx_map_add(call->arena, &row, gx_str("user_id"), name);
    gx_map_add(call->arena, &row, gx_str("score"), known ? gx_real(score) : gx_nil());
    gx_list_add(call->arena, list, row);
}

static gx_status of_users(gx_value *list, gx_call_env *call, gx_txn *txn, const scores *s,
                          const gx_value *users, gx_error *err) {
    for (uint32_t i = 0; i < users->size; i++) {
        uint32_t user;
        gx_slice name = {users->as.items[i].as.text, users->as.items[i].size};
        gx_status status = gx_need_word(&user, txn, GX_SPACE_USER, name, err);
        if (status != GX_OK) {
            return status;
        }
        bool known = user < s->count && !isnan(s->score[user]); /* else not computed */
        add_row(list, call, gx_text_copy(call->arena, name.data, name.size),
                known ? s->score[user] : 0, known);
    }
    return GX_OK;
}

static void of_top(gx_value *list, gx_call_env *call, gx_txn *txn, const scores *s) {
    const char *how_many = gx_arg_has(call->args, "top") ? "top" : "n";
    uint32_t n =
        gx_arg_bool(call->args, "all") ? s->count : (uint32_t)gx_arg_int(call->args, how_many);
    uint32_t count;
    uint32_t *top = gx_top_f64(call->arena, &count, s->score, s->count, n, NULL);
    for (uint32_t i = 0; top && i < count; i++) {
        gx_value name = gx_word_value(call->arena, txn, GX_SPACE_USER, top[i]);
        if (name.type != GX_NIL) { /* a forgotten member has no name */
            add_row(list, call, name, s->score[top[i]], true);
        }
    }
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    gx_slice measure = gx_arg_text(call->args, "measure");
    const char *name = gx_arena_printf(call->arena, "%.*s", (int)measure.size, measure.data);
    const gx_pass *pass = name ? gx_any_pass_find(name) : NULL;
    scores s = {0};
    gx_txn *txn = NULL;
    gx_view_spec spec;
    GX_TRY(gx_spec_from_args(&spec, call->arena, call->args, err));
    bool is_measure = pass && pass->kind == GX_KIND_CENTRALITY;
    bool stored =
        (is_measure || !pass) && name && take(&s, gx_kept_array(call, name, "score", &spec));
    if (!stored && !is_measure) {
        GX_TRY(gx_result_missing(measure, GX_KIND_CENTRALITY, call, err));
    }
    if (gx_arg_bool(call->args, "estimate")) {
        gx_value given = stored ? gx_nil() : gx_params_chosen(call, pass);
        return gx_estimate_pass(out, call->db, stored ? NULL : pass, &given, &spec, call->arena,
                                call->job, err);
    }
    if (!stored) {
        GX_TRY(compute(&s, call, pass, &spec, err));
    }
    GX_TRY(gx_txn_read(&txn, call->db->store, err));
    gx_value list = gx_list(call->arena, 32);
    const char *whom = gx_arg_has(call->args, "of") ? "of" : "users";
    if (gx_arg_has(call->args, whom)) {
        GX_TRY(of_users(&list, call, txn, &s, gx_arg_value(call->args, whom), err));
    } else {
        of_top(&list, call, txn, &s);
    }
    *out = gx_map(call->arena, 5);
    gx_map_put(call->arena, out, "measure", gx_str(name));
    gx_map_put(call->arena, out, "from", gx_str(stored ? "snapshot" : "computed"));
    gx_map_put(call->arena, out, "members", list);
    gx_entries_numbers(out, call->arena, stored ? call->state->arrays : s.own,
                       pass ? pass : gx_kept_pass(call->state, name, call->arena), name);
done:
    gx_txn_abort(txn);
    gx_arrays_drop(s.own, call->job);
    return status;
}

const gx_method gx_method_graph_centrality = {
    .name = "graph.centrality",
    .summary = "members by a measure of their place in the graph",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{measure, from, members: [{user_id, score}], bound?, samples?, …: each array of one "
              "number that the pass gives} or {from?, steps, mem_bytes, cpu_s, cpu_most_s}",
    .run = run,
};
