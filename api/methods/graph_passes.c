/* graph.passes: every pass and model there is, with parameters, source and what it gives; the
 * reference page and the help of `guanxi run` are made from it. */
#include "api/support.h"

static const gx_param params[] = {
    {"pass", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_POSITIONAL,
     "only this one"},
};

static gx_value describe(gx_arena *arena, const gx_pass *pass) {
    gx_value row = gx_map(arena, 8);
    gx_map_put(arena, &row, "name", gx_str(pass->name));
    gx_map_put(arena, &row, "kind", gx_str(gx_kind_name(pass->kind)));
    gx_map_put(arena, &row, "summary", gx_str(pass->summary));
    gx_map_put(arena, &row, "source", gx_str(pass->paper ? pass->paper : ""));
    gx_map_put(arena, &row, "complexity", gx_str(pass->complexity ? pass->complexity : ""));
    gx_value list = gx_list(arena, (uint32_t)pass->param_count);
    for (size_t i = 0; i < pass->param_count; i++) {
        gx_list_add(arena, &list, gx_param_describe(arena, &pass->params[i]));
    }
    gx_map_put(arena, &row, "params", list);
    gx_value gives = gx_list(arena, (uint32_t)pass->give_count);
    for (size_t i = 0; i < pass->give_count; i++) {
        gx_value give = gx_map(arena, 3);
        const char *name = gx_arena_printf(arena, "%s.%s", pass->name, pass->gives[i].suffix);
        gx_map_put(arena, &give, "array", gx_str(name ? name : ""));
        gx_map_put(arena, &give, "dtype", gx_str(gx_dtype_name(pass->gives[i].dtype)));
        gx_map_put(arena, &give, "help", gx_str(pass->gives[i].help));
        gx_list_add(arena, &gives, give);
    }
    gx_map_put(arena, &row, "gives", gives);
    return row;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_slice wanted = gx_arg_text(call->args, "pass");
    gx_value list = gx_list(call->arena, 32);
    const gx_pass *pass;
    for (size_t i = 0; (pass = gx_any_pass_at(i)) != NULL; i++) {
        if (!wanted.size || gx_slice_is(wanted, pass->name)) {
            gx_list_add(call->arena, &list, describe(call->arena, pass));
        }
    }
    if (wanted.size && !list.size) {
        return gx_any_pass_missing(wanted, GX_KIND_COUNT, err);
    }
    *out = gx_map(call->arena, 1);
    gx_map_put(call->arena, out, "passes", list);
    return GX_OK;
}

const gx_method gx_method_graph_passes = {
    .name = "graph.passes",
    .summary = "every pass and model there is, with parameters and source",
    .scope = GX_SCOPE_NONE,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{passes: [{name, kind, summary, source, complexity, params, gives}]}",
    .run = run,
};
