/* admin.config: the settings of a store: tie kinds, actions, the blend of the channels, what is
 * wanted again, smallest counts, parameters of models. Without a value it tells; with one it sets.
 * The blend, the counts and what is wanted again hold from the next call on; kinds and actions from
 * the next build, reload or start; parameters of models from the next build. */
#include "api/actions.h"
#include "api/eval/tuned.h"
#include "api/lists/listing.h"
#include "api/lists/repeat.h"
#include "api/privacy.h"
#include "api/support.h"

static const gx_param params[] = {
    {"name", GX_PARAM_CHOICE, NULL, GX_PARAM_UNCHECKED, NULL,
     "actions|channels|min_count|models|repeat|tie_kinds", GX_PARAM_POSITIONAL,
     "which setting; all of them where it is not given"},
    {"value", GX_PARAM_ANY, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "what it is from now on"},
};

static const char *const names[] = {"actions", "channels", "min_count",
                                    "models",  "repeat",   "tie_kinds"};

static gx_status check_value(const gx_value *value, const char *name, gx_error *err) {
    if (strcmp(name, "min_count") == 0) {
        return gx_min_count_check(value, err);
    }
    if (value->type == GX_MAP) {
        return GX_OK;
    }
    return gx_fail_at(err, GX_BAD_REQUEST, "value",
                      "value: a %s was given; %s takes a map by name (docs/signals.md, "
                      "docs/views.md, docs/recommend.md, docs/tune.md)",
                      gx_type_name(value->type), name);
}

static gx_status set_one(gx_call_env *call, const char *name, const gx_value *value,
                         gx_error *err) {
    gx_rules rules;
    gx_status status = check_value(value, name, err);
    if (status == GX_OK && strcmp(name, "models") == 0) {
        status = gx_tuned_check(value, call->arena, err);
    }
    if (status == GX_OK && strcmp(name, "actions") == 0) {
        status = gx_actions_check(value, err);
    }
    if (status == GX_OK && strcmp(name, "tie_kinds") == 0) {
        status = gx_kind_rules_check(value, err);
    }
    if (status == GX_OK && strcmp(name, "channels") == 0) {
        status = gx_listing_weights_check(value, err);
    }
    if (status == GX_OK && strcmp(name, "repeat") == 0) {
        status = gx_repeat_check(value, call->arena, err);
    }
    if (status == GX_OK) {
        status = gx_setting_put(call->txn, name, value, err);
    }
    if (status == GX_OK) { /* read as it will be read: a bad entry is refused now */
        status = gx_rules_load(&rules, call->txn, err);
    }
    if (status == GX_OK) {
        gx_rules_finish(&rules);
    }
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    const gx_value *value = gx_arg_value(call->args, "value");
    gx_slice name = gx_arg_text(call->args, "name");
    gx_value map = gx_map(call->arena, GX_COUNT(names));
    if (value->type != GX_NIL && !name.size) {
        return gx_fail_at(err, GX_BAD_REQUEST, "name", "a value was given without a name");
    }
    for (size_t i = 0; i < GX_COUNT(names) && status == GX_OK; i++) {
        gx_value now = gx_nil();
        if (name.size && !gx_slice_is(name, names[i])) {
            continue;
        }
        if (value->type != GX_NIL) {
            status = set_one(call, names[i], value, err);
        }
        if (status == GX_OK) {
            status = gx_setting_get(&now, call->txn, call->arena, names[i], err);
        }
        gx_map_put(call->arena, &map, names[i], now);
    }
    if (status == GX_OK) {
        *out = map;
    }
    return status;
}

const gx_method gx_method_admin_config = {
    .name = "admin.config",
    .summary = "the settings of the store: tell, or set one",
    .scope = GX_SCOPE_ADMIN,
    .cost = GX_COST_WRITE,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{actions, channels, min_count, models, repeat, tie_kinds}",
    .run = run,
};
