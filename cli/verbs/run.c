/* guanxi run: any pass or model fit; alone, the list of them. */
#include "cli/verb.h"

static const gx_param params[] = {
    {"list", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "list the passes there are"},
};

/* Without a pass: what there is. */
static gx_status list_passes(gx_command *command, gx_target *target, gx_error *err) {
    gx_value result;
    gx_status status = gx_target_call(&result, target, "graph.passes", NULL, command, err);
    return status == GX_OK
               ? gx_print(command, &result, "passes", "name,kind,summary,source", false, err)
               : status;
}

static gx_status run(gx_command *command, gx_error *err) {
    gx_target *target = NULL;
    gx_value result;
    gx_status status = gx_target_open(&target, command, err);
    if (status == GX_OK && gx_arg_bool(&command->args, "list")) {
        status = list_passes(command, target, err);
    } else if (status == GX_OK) {
        gx_value args = gx_method_args(command, gx_method_find(command->verb->method));
        status = gx_target_call(&result, target, command->verb->method, &args, command, err);
        gx_progress_end(command);
        if (status == GX_OK) {
            status = gx_print(command, &result, gx_map_get(&result, "steps") ? "steps" : "arrays",
                              NULL, false, err);
        }
    }
    gx_target_close(target);
    return status;
}

static gx_status prepare(gx_command *command, gx_error *err) {
    if (!gx_map_get(&command->given, "pass")) {
        gx_map_put(command->arena, &command->given, "pass", gx_str(""));
        gx_map_put(command->arena, &command->given, "list", gx_str("true"));
    }
    return gx_prepare_pass_flags(command, err);
}

const gx_verb gx_verb_run = {
    .name = "run",
    .group = "graph",
    .summary = "run any pass or model fit over the live store; alone, list them",
    .method = "graph.run",
    .params = params,
    .param_count = GX_COUNT(params),
    .flags = GX_VERB_PASS_FLAGS,
    .run = run,
    .prepare = prepare,
    .examples = "  guanxi run shop.gx\n  guanxi run shop.gx kcore\n"
                "  guanxi run shop.gx leiden --resolution 2 --estimate\n",
};
