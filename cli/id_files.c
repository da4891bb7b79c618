/* Lists of ids on the command line, and numbers of members, that stand in files. */
#include "cli/verb.h"
#include "graph/import/import.h"

#include <unistd.h>

/* "seeds.csv" */
static bool ends_as_a_file(const char *text) {
    static const char *const ends[] = {".txt",  ".csv", ".tsv", ".jsonl",
                                       ".list", ".dat", ".gz",  ".zst"};
    const char *dot = strrchr(text, '.');
    bool named = false;
    for (size_t i = 0; dot && i < GX_COUNT(ends); i++) {
        named = named || strcmp(dot, ends[i]) == 0;
    }
    return named;
}

bool gx_is_id_file(const char *text) {
    return strcmp(text, "-") == 0 || ends_as_a_file(text) ||
           (strchr(text, '/') && access(text, F_OK) == 0);
}

gx_status gx_ids_of_file(gx_value *out, const char *path, gx_arena *arena, gx_error *err) {
    const gx_status status = gx_import_ids(out, path, arena, err);
    return status == GX_OK && out->size == 0
               ? gx_fail(err, GX_BAD_REQUEST,
                         "%s has no ids; accepted is one a line, or a table with a column "
                         "user_id or members",
                         path)
               : status;
}

gx_status gx_ids_from_files(gx_value *args, gx_command *command, const char *name, gx_error *err) {
    const gx_value *given = gx_map_get(args, name);
    gx_status status = GX_OK;
    if (!given || given->type != GX_LIST) {
        return GX_OK;
    }
    gx_value list = gx_list(command->arena, given->size);
    for (uint32_t i = 0; status == GX_OK && i < given->size; i++) {
        const gx_value *one = &given->as.items[i];
        gx_value read;
        if (!gx_is_id_file(one->as.text)) {
            gx_list_add(command->arena, &list, *one);
            continue;
        }
        status = gx_ids_of_file(&read, one->as.text, command->arena, err);
        for (uint32_t k = 0; status == GX_OK && k < read.size; k++) {
            gx_list_add(command->arena, &list, read.as.items[k]);
        }
    }
    gx_map_put(command->arena, args, name, list);
    return status;
}

static bool is_json_file(const char *text) {
    const char *dot = strrchr(text, '.');
    return dot && strcmp(dot, ".json") == 0;
}

gx_status gx_numbers_from_file(gx_value *args, gx_command *command, const char *name,
                               gx_error *err) {
    const gx_value *given = gx_map_get(args, name);
    gx_value map;
    if (!given || given->type != GX_TEXT ||
        !(ends_as_a_file(given->as.text) || is_json_file(given->as.text) ||
          strchr(given->as.text, '/'))) {
        return GX_OK;
    }
    const gx_status status =
        is_json_file(given->as.text)
            ? gx_map_file_read(&map, given->as.text, name, command->arena, err)
            : gx_import_pairs(&map, given->as.text, name, true, command->arena, err);
    if (status == GX_OK) {
        gx_map_put(command->arena, args, name, map);
    }
    return status;
}
