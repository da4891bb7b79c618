/* guanxi overlap: how many members two audiences have in common. */
#include "cli/verb.h"

/* A file of members, or ids between commas, becomes a list; anything else is the method's to read.
 */
static gx_status read_list(gx_command *command, gx_value *args, const char *name, gx_error *err) {
    gx_arena *arena = command->arena;
    const gx_value *given = gx_map_get(args, name);
    if (!given || given->type != GX_TEXT) {
        return GX_OK;
    }
    const gx_value text = *given;
    gx_value list = gx_list(arena, 8);
    const bool ids = memchr(text.as.text, ',', text.size) && !strpbrk(text.as.text, " \"'=<>():");
    if (!ids && !gx_is_id_file(text.as.text)) {
        return GX_OK;
    }
    for (const char *at = text.as.text, *end = at + text.size; ids && at <= end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *to = comma ? comma : end;
        char *id = gx_arena_printf(arena, "%.*s", (int)(to - at), at);
        if (!id) {
            return gx_fail_memory(err, text.size);
        }
        if (to > at) {
            gx_list_add(arena, &list, gx_str(id));
        }
        at = to + 1;
    }
    if (!ids) {
        gx_list_add(arena, &list, text);
    }
    gx_map_put(arena, args, name, list);
    return gx_ids_from_files(args, command, name, err);
}

static gx_value row_of(gx_arena *arena, const gx_value *result, const char *side) {
    static const char *const own[] = {"name", "kind", "members", "share", "only", "common"};
    static const char *const shared[] = {"both", "either", "jaccard", "expected", "lift"};
    gx_value row = gx_map(arena, 12);
    gx_map_put(arena, &row, "audience", gx_str(side));
    for (size_t i = 0; i < GX_COUNT(own); i++) {
        gx_row_copy(arena, &row, own[i], gx_map_get(result, side), own[i]);
    }
    for (size_t i = 0; i < GX_COUNT(shared); i++) {
        gx_row_copy(arena, &row, shared[i], result, shared[i]);
    }
    return row;
}

static gx_status run(gx_command *command, gx_error *err) {
    gx_arena *arena = command->arena;
    const gx_method *method = gx_method_find(command->verb->method);
    gx_value args = gx_method_args(command, method), result, rows = gx_list(arena, 2);
    gx_status status = GX_OK;
    GX_TRY(read_list(command, &args, "a", err));
    GX_TRY(read_list(command, &args, "b", err));
    GX_TRY(gx_ask(&result, command, method->name, &args, err));
    gx_say_list(command, &result);
    if (command->format == GX_FORMAT_JSON) {
        return gx_print(command, &result, NULL, NULL, false, err);
    }
    gx_list_add(arena, &rows, row_of(arena, &result, "a"));
    gx_list_add(arena, &rows, row_of(arena, &result, "b"));
    GX_TRY(
        gx_print(command, &rows, NULL,
                 "audience,name,kind,members,share,only,common,both,either,jaccard,expected,lift",
                 false, err));
done:
    return status;
}

const gx_verb gx_verb_overlap = {
    .name = "overlap",
    .group = "spread",
    .summary = "how many members two groups, circles, brands, segments or lists have in common",
    .method = "audience.overlap",
    .run = run,
    .examples = "  guanxi overlap shop.gx c-3 c-17\n"
                "  guanxi overlap shop.gx brand:Lantern brand:Kite --took bought\n"
                "  guanxi overlap shop.gx 'region = \"Zhejiang\"' category:tea --format json\n"
                "  guanxi overlap shop.gx prospects.csv book-club --exact\n"
                "  guanxi overlap shop.gx u7,u31,u40 item:sku-12 --format csv -o overlap.csv\n",
};
