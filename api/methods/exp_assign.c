/* exp.assign: which arm members are in. Nothing is written: an arm is a hash of the id. */
#include "api/eval/experiment.h"

static const gx_param params[] = {
    {"name", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "the experiment"},
    {"users", GX_PARAM_LIST, NULL, 1, 100000, NULL, NULL, GX_PARAM_POSITIONAL | GX_PARAM_WHOM,
     "whom; ids the store does not know have an arm too; everybody where none is given"},
};

typedef struct assigning {
    gx_call_env *call;
    const gx_experiment *experiment;
    gx_value list;
    uint64_t seen;
} assigning;

static void add(assigning *a, gx_slice user) {
    const uint32_t arm = gx_experiment_arm(a->experiment, user);
    gx_value row = gx_map(a->call->arena, 2);
    gx_map_put(a->call->arena, &row, "user", gx_text_copy(a->call->arena, user.data, user.size));
    gx_map_put(a->call->arena, &row, "arm",
               gx_str(arm == GX_HOLDOUT ? "holdout" : a->experiment->arm[arm]));
    gx_list_add(a->call->arena, &a->list, row);
}

static gx_status add_word(void *user, uint32_t id, gx_slice word, gx_error *err) {
    assigning *a = user;
    (void)id;
    add(a, word);
    return ++a->seen % 4096 == 0 ? gx_job_check(a->call->job, err) : GX_OK;
}

static const char *state_of(const gx_experiment *e, int64_t now) {
    return now < e->start_ms ? "not started" : now >= e->end_ms ? "ended" : "running";
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_experiment e;
    const gx_value *users = gx_arg_value(call->args, "users");
    assigning a = {.call = call, .experiment = &e, .list = gx_list(call->arena, 16)};
    gx_status status;
    GX_TRY(gx_experiment_find(&e, call->txn, call->arena, "name", gx_arg_text(call->args, "name"),
                              err));
    for (uint32_t i = 0; users->type == GX_LIST && i < users->size; i++) {
        add(&a, (gx_slice){users->as.items[i].as.text, users->as.items[i].size});
    }
    if (users->type != GX_LIST) {
        GX_TRY(gx_word_each(call->txn, GX_SPACE_USER, add_word, &a, err));
    }
    *out = gx_map(call->arena, 3);
    gx_map_put(call->arena, out, "experiment", gx_str(e.name));
    gx_map_put(call->arena, out, "state", gx_str(state_of(&e, gx_time_ms())));
    gx_map_put(call->arena, out, "assignments", a.list);
done:
    return status;
}

static bool is_long(const gx_value *args) {
    const gx_value *users = args ? gx_map_get(args, "users") : NULL;
    return !users || (users->type == GX_LIST && users->size > 1000);
}

const gx_method gx_method_exp_assign = {
    .name = "exp.assign",
    .summary = "which arm of an experiment members are in",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = is_long,
    .result = "{experiment, state, assignments: [{user, arm (\"holdout\": in none)}]}",
    .run = run,
};
