/* guanxi version. */
#include "cli/verb.h"

static gx_status run(gx_command *command, gx_error *err) {
    (void)err;
    fprintf(command->out, "guanxi %s\n", gx_version());
    return GX_OK;
}

const gx_verb gx_verb_version = {
    .name = "version",
    .group = "serving",
    .summary = "which version this is",
    .flags = GX_VERB_NO_TARGET | GX_VERB_NO_SHAPE,
    .run = run,
};
