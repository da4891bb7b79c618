/* guanxi init: an empty store. */
#include "cli/verb.h"
#include "graph/store/store.h"

static gx_status run(gx_command *command, gx_error *err) {
    gx_store *store;
    gx_store_options options = {.create = true, .exclusive = true};
    gx_status status = gx_store_open(&store, command->target, &options, err);
    if (status == GX_OK) {
        gx_store_close(store);
        gx_say(command, "made the store %s; next: guanxi import %s FILE…", command->target,
               command->target);
    }
    return status;
}

const gx_verb gx_verb_init = {
    .name = "init",
    .group = "store",
    .summary = "make an empty store",
    .flags = GX_VERB_LOCAL | GX_VERB_WRITES | GX_VERB_NO_SHAPE,
    .run = run,
    .examples = "  guanxi init shop.gx\n",
};
