/* guanxi restore: a store from a backup, verified first. */
#include "cli/verb.h"
#include "graph/store/store.h"

static const gx_param params[] = {
    {"from", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "the backup"},
};

static gx_status run(gx_command *command, gx_error *err) {
    const char *from = gx_arg_word(&command->args, "from");
    gx_status status = gx_store_restore(from, command->target, &command->job, err);
    if (status == GX_OK) {
        gx_say(command, "restored %s from %s", command->target, from);
    }
    return status;
}

const gx_verb gx_verb_restore = {
    .name = "restore",
    .group = "store",
    .summary = "make a store from a backup",
    .params = params,
    .param_count = GX_COUNT(params),
    .flags = GX_VERB_LOCAL | GX_VERB_WRITES | GX_VERB_NO_SHAPE,
    .run = run,
    .examples = "  guanxi restore shop.gx shop-monday.gx\n",
};
