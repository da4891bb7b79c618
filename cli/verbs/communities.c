/* guanxi communities: the circles of a shop, or who is in which. */
#include "cli/verb.h"

static gx_status run(gx_command *command, gx_error *err) {
    gx_target *target = NULL;
    gx_value result;
    bool members = gx_arg_bool(&command->args, "members");
    gx_value args = gx_method_args(command, gx_method_find(command->verb->method));
    gx_status status = gx_target_open(&target, command, err);
    if (status == GX_OK) {
        status = gx_target_call(&result, target, command->verb->method, &args, command, err);
    }
    gx_progress_end(command);
    if (status == GX_OK) {
        status = gx_print(command, &result, members ? "members" : "communities",
                          members ? "user_id,community" : NULL, false, err);
    }
    gx_target_close(target);
    return status;
}

const gx_verb gx_verb_communities = {
    .name = "communities",
    .group = "graph",
    .summary = "the circles of the shop, or who is in which",
    .method = "graph.communities",
    .flags = GX_VERB_PASS_FLAGS,
    .run = run,
    .prepare = gx_prepare_pass_flags,
    .examples = "  guanxi communities shop.gx --min-size 10\n"
                "  guanxi communities shop.gx --members --format csv -o circles.csv\n"
                "  guanxi communities edges.txt --preset snap --undirected --resolution 2\n",
};
