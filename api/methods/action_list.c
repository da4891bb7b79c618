/* action.list: what each action means: of the store, of the built-in table and of the setting. */
#include "api/actions.h"
#include "api/support.h"

#include <math.h>

static const gx_param params[] = {
    {"all", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "also actions that no event of the store has had"},
};

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_arena *arena = call->arena;
    gx_value list = gx_list(arena, 64), setting;
    gx_status status = GX_OK;
    const uint32_t words = gx_word_count(call->txn, GX_SPACE_ACTION);
    GX_TRY(gx_setting_get(&setting, call->txn, arena, "actions", err));
    for (uint32_t id = 0; id < words; id++) {
        gx_slice name = gx_word_name(call->txn, GX_SPACE_ACTION, id);
        GX_TRY(gx_actions_add(&list, arena, &setting, name, true, err));
    }
    bool all = gx_arg_bool(call->args, "all");
    for (size_t k = 0; all && gx_action_rule_at(k); k++) {
        gx_slice name = gx_slice_of(gx_action_rule_at(k)->name);
        if (!gx_actions_used(call->txn, name)) {
            GX_TRY(gx_actions_add(&list, arena, &setting, name, false, err));
        }
    }
    for (uint32_t i = 0; all && setting.type == GX_MAP && i < setting.size; i++) {
        const gx_value *key = &setting.as.pairs[i].key;
        gx_slice name = {key->as.text, key->size};
        if (!gx_actions_used(call->txn, name) && !gx_action_rule_default(name)->known) {
            GX_TRY(gx_actions_add(&list, arena, &setting, name, false, err));
        }
    }
    *out = gx_map(arena, 1);
    gx_map_put(arena, out, "actions", list);
done:
    return status;
}

const gx_method gx_method_action_list = {
    .name = "action.list",
    .summary = "what each action means: weight, half-life, polarity, wanted again",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .result =
        "{actions: [{action, weight, half_life, polarity, repeat, purchase, share, scaled, centre, "
        "undoes, from (setting|table|fallback), used}]}",
    .run = run,
};
