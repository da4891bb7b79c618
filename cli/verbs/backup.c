/* guanxi backup: a hot copy of the store, snapshots included. */
#include "cli/verb.h"
#include "graph/store/store.h"

static const gx_param params[] = {
    {"to", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "a directory that is not there yet"},
};

static gx_status run(gx_command *command, gx_error *err) {
    gx_store *store;
    gx_store_options options = {.read_only = true};
    gx_status status = gx_store_open(&store, command->target, &options, err);
    if (status != GX_OK) {
        return status;
    }
    const char *to = gx_arg_word(&command->args, "to");
    status = gx_store_backup(store, to, &command->job, err);
    gx_store_close(store);
    if (status == GX_OK) {
        gx_say(command, "copied %s to %s", command->target, to);
    }
    return status;
}

const gx_verb gx_verb_backup = {
    .name = "backup",
    .group = "store",
    .summary = "copy a store while it is in use",
    .params = params,
    .param_count = GX_COUNT(params),
    .flags = GX_VERB_LOCAL | GX_VERB_NO_SHAPE,
    .run = run,
    .examples = "  guanxi backup shop.gx shop-monday.gx\n",
};
