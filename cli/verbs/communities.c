/* guanxi communities: the circles of a shop, or who is in which. */
#include "cli/verb.h"
#include "graph/import/import.h"

#include <errno.h>
#include <unistd.h>

/* No field is called like a path or a file of a table. */
static bool names_a_file(const char *text) {
    static const char *const ends[] = {".txt",  ".csv",   ".tsv", ".dat",
                                       ".json", ".jsonl", ".gz",  ".zst"};
    const char *dot = strrchr(text, '.');
    bool found = strchr(text, '/') != NULL;
    for (size_t i = 0; dot && i < GX_COUNT(ends); i++) {
        found = found || strcmp(dot, ends[i]) == 0;
    }
    return found;
}

/* --labels FILE: the file is read here, since a server has not got it. Anything else names a field.
 */
static gx_status read_labels(gx_value *args, gx_command *command, gx_error *err) {
    const gx_value *given = gx_map_get(args, "labels");
    if (!given || given->type != GX_TEXT) {
        return GX_OK;
    }
    if (access(given->as.text, R_OK) != 0) {
        return names_a_file(given->as.text) ? gx_fail_errno(err, errno, "--labels", given->as.text)
                                            : GX_OK;
    }
    gx_value map;
    gx_status status = gx_import_pairs(&map, given->as.text, "label", false, command->arena, err);
    if (status == GX_OK) {
        gx_map_put(command->arena, args, "labels", map);
    }
    return status;
}

static gx_status run(gx_command *command, gx_error *err) {
    gx_value result;
    bool members = gx_arg_bool(&command->args, "members") || gx_arg_has(&command->args, "of");
    gx_value args = gx_method_args(command, gx_method_find(command->verb->method));
    gx_status status = read_labels(&args, command, err);
    if (status == GX_OK) {
        status = gx_ask(&result, command, command->verb->method, &args, err);
    }
    if (status == GX_OK) {
        status = gx_print(command, &result, members ? "members" : "communities",
                          members ? "user_id,community" : NULL, false, err);
    }
    return status;
}

const gx_verb gx_verb_communities = {
    .name = "communities",
    .group = "graph",
    .summary = "the circles of the shop, or who is in which",
    .method = "graph.communities",
    .flags = GX_VERB_PASS_FLAGS,
    .pass_kind = GX_KIND_COMMUNITY,
    .run = run,
    .prepare = gx_prepare_pass_flags,
    .examples =
        "  guanxi communities shop.gx --min-size 10\n"
        "  guanxi communities shop.gx --members --format csv -o circles.csv\n"
        "  guanxi communities edges.txt --preset snap --undirected --resolution 2\n"
        "  guanxi communities shop.gx --level 1\n"
        "  guanxi communities shop.gx --quality --labels region --format json\n"
        "  guanxi communities edges.txt label_propagation --preset snap --labels labels.txt\n",
};
