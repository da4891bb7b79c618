/* guanxi compact: gives free pages of the store's file back to the disk. */
#include "cli/verb.h"
#include "graph/store/store.h"

static gx_status run(gx_command *command, gx_error *err) {
    gx_status status = gx_store_compact(command->target, &command->job, err);
    if (status == GX_OK) {
        gx_say(command, "compacted %s", command->target);
    }
    return status;
}

const gx_verb gx_verb_compact = {
    .name = "compact",
    .group = "store",
    .summary = "give free pages of the file back to the disk",
    .flags = GX_VERB_LOCAL | GX_VERB_WRITES | GX_VERB_NO_SHAPE,
    .run = run,
    .examples = "  guanxi compact shop.gx\n",
};
