/* sys.describe: every method with its parameters, from the table that checks them. */
#include "api/support.h"

static const gx_param params[] = {
    {"method", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_POSITIONAL,
     "only this one"},
};

static gx_value describe_params(gx_arena *arena, const gx_param *table, size_t count) {
    gx_value list = gx_list(arena, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        if (!(table[i].flags & GX_PARAM_HIDDEN)) {
            gx_list_add(arena, &list, gx_param_describe(arena, &table[i]));
        }
    }
    return list;
}

/* What a caller meets: whether a transaction is opened for it (GX_COST_SHORT) is no matter of his.
 */
static gx_cost cost_of(const gx_method *method) {
    return method->is_long == gx_is_always_long ? GX_COST_LONG : method->cost;
}

/* Whether job.start takes it. */
static const char *job_of(const gx_method *method) {
    return cost_of(method) == GX_COST_LONG ? "always" : method->is_long ? "by_arguments" : "never";
}

static gx_value describe(gx_arena *arena, const gx_method *method) {
    gx_value map = gx_map(arena, 7);
    gx_map_put(arena, &map, "name", gx_str(method->name));
    gx_map_put(arena, &map, "summary", gx_str(method->summary));
    gx_map_put(arena, &map, "scope", gx_str(gx_scope_name(method->scope)));
    gx_map_put(arena, &map, "cost", gx_str(gx_cost_name(cost_of(method))));
    gx_map_put(arena, &map, "job", gx_str(job_of(method)));
    gx_map_put(arena, &map, "params", describe_params(arena, method->params, method->param_count));
    gx_map_put(arena, &map, "result", gx_str(method->result ? method->result : ""));
    return map;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_arena *arena = call->arena;
    gx_slice wanted = gx_arg_text(call->args, "method");
    const gx_method_table *table = gx_methods();
    gx_value methods = gx_list(arena, (uint32_t)table->count);
    for (size_t i = 0; i < table->count; i++) {
        if (!wanted.size || gx_slice_is(wanted, table->rows[i]->name)) {
            gx_list_add(arena, &methods, describe(arena, table->rows[i]));
        }
    }
    if (wanted.size && !methods.size) {
        const char *name = gx_arena_printf(arena, "%.*s", (int)wanted.size, wanted.data);
        return gx_method_missing(name ? name : "", err);
    }
    gx_value map = gx_map(arena, 2);
    gx_map_put(arena, &map, "methods", methods);
    gx_map_put(arena, &map, "common",
               describe_params(arena, gx_method_common, gx_method_common_count));
    *out = map;
    return GX_OK;
}

const gx_method gx_method_sys_describe = {
    .name = "sys.describe",
    .summary = "every method with its parameters, scope and cost",
    .scope = GX_SCOPE_NONE,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{methods: [{name, summary, scope, cost, job, params, result}], common}",
    .run = run,
};
