/* guanxi build: computes what is served and publishes it. */
#include "cli/format.h"

/* The names of a list, with commas. */
static void add_names(gx_buffer *names, const gx_value *list) {
    for (uint32_t i = 0; list && list->type == GX_LIST && i < list->size; i++) {
        gx_buffer_text(names, i ? ", " : "");
        gx_buffer_append(names, list->as.items[i].as.text, list->as.items[i].size);
    }
}

/* What was served and is no more, who asks for it next would not know why; and what was given in
 * vain. */
static void say(const gx_command *command, const gx_value *result) {
    gx_buffer names = {0}, unused = {0};
    add_names(&names, gx_map_get(result, "left_out"));
    add_names(&unused, gx_map_get(result, "unused"));
    if (names.size) {
        gx_say(command,
               "this snapshot is without what the one before had: %.*s; `guanxi model rollback` "
               "serves that one again, and `guanxi run … PASS --write NAME` adds to a snapshot",
               (int)names.size, (const char *)names.bytes);
    }
    if (unused.size) {
        gx_say(command,
               "parameters of %.*s are not used: this build was not asked for it; `--passes` names "
               "what is built",
               (int)unused.size, (const char *)unused.bytes);
    }
    gx_buffer_finish(&names);
    gx_buffer_finish(&unused);
}

const gx_verb gx_verb_build = {
    .name = "build",
    .group = "serving",
    .summary = "compute what is served and publish it as a snapshot",
    .method = "model.build",
    .flags = GX_VERB_WRITES,
    .list = "steps",
    .say = say,
    .examples =
        "  guanxi build shop.gx\n  guanxi build shop.gx --estimate\n"
        "  guanxi build shop.gx --interest fusion\n"
        "  guanxi build shop.gx --params leiden.resolution=0.5 --params linear.neighbours=500\n",
};
