/* action.put: rows of the table of actions. A field given replaces what it was. */
#include "api/actions.h"
#include "api/support.h"

#include <stdio.h>

static const gx_param params[] = {
    {"actions", GX_PARAM_ANY, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "[{action, weight, half_life, polarity, repeat, purchase, share, scaled, centre, undoes}]"},
};

static gx_status put_all(uint32_t *count, gx_value *setting, gx_call_env *call, gx_error *err) {
    const gx_value *rows = gx_arg_value(call->args, "actions");
    gx_status status = GX_OK;
    if (rows->type == GX_MAP) {
        *count = 1;
        return gx_actions_put(setting, call->arena, rows, err);
    }
    if (rows->type != GX_LIST) {
        return gx_fail_at(err, GX_BAD_REQUEST, "actions",
                          "actions: a %s was given; accepted is a list of {action, weight, …}",
                          gx_type_name(rows->type));
    }
    for (uint32_t i = 0; status == GX_OK && i < rows->size; i++, ++*count) {
        status = gx_actions_put(setting, call->arena, &rows->as.items[i], err);
        if (status == GX_BAD_REQUEST && err) { /* which one, for whoever read them from a file */
            snprintf(err->at, sizeof err->at, "actions[%u]", i);
        }
    }
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_value setting;
    gx_status status;
    uint32_t count = 0;
    GX_TRY(gx_setting_get(&setting, call->txn, call->arena, "actions", err));
    GX_TRY(put_all(&count, &setting, call, err));
    GX_TRY(gx_setting_put(call->txn, "actions", &setting, err));
    *out = gx_map(call->arena, 1);
    gx_map_put(call->arena, out, "actions", gx_int(count));
done:
    return status;
}

const gx_method gx_method_action_put = {
    .name = "action.put",
    .summary = "say what actions mean; holds from the next build, reload or start",
    .scope = GX_SCOPE_ADMIN,
    .cost = GX_COST_WRITE,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{actions (how many were given)}",
    .run = run,
};
