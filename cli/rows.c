/* Plain rows out of answers of lists in lists. */
#include "cli/verb.h"

void gx_row_copy(gx_arena *arena, gx_value *row, const char *as, const gx_value *from,
                 const char *key) {
    const gx_value *value = gx_map_get(from, key);
    gx_map_put(arena, row, as, value ? *value : gx_nil());
}

void gx_row_time(gx_arena *arena, gx_value *row, const char *key) {
    char text[32];
    const gx_value *at = gx_map_get(row, key);
    if (at && at->type == GX_INT) {
        gx_format_time_ms(text, at->as.integer);
        gx_map_put(arena, row, key, gx_text_copy(arena, text, strlen(text)));
    }
}

gx_value gx_row_join(gx_arena *arena, const gx_value *list, const char *key, const char *between) {
    const char *text = "";
    for (uint32_t i = 0; list && list->type == GX_LIST && i < list->size; i++) {
        const gx_value *one = key ? gx_map_get(&list->as.items[i], key) : &list->as.items[i];
        if (one && one->type == GX_TEXT) {
            const char *longer = gx_arena_printf(arena, "%s%s%.*s", text, *text ? between : "",
                                                 (int)one->size, one->as.text);
            text = longer ? longer : text;
        }
    }
    return gx_str(text);
}

gx_value gx_rows_of_items(gx_arena *arena, const gx_value *result) {
    gx_value list = gx_list(arena, 16);
    const gx_value *items = gx_map_get(result, "items");
    for (uint32_t i = 0; items && items->type == GX_LIST && i < items->size; i++) {
        const gx_value *item = &items->as.items[i];
        gx_value row = gx_map(arena, 5);
        gx_row_copy(arena, &row, "rank", item, "rank");
        gx_row_copy(arena, &row, "item", item, "id");
        gx_row_copy(arena, &row, "title", item, "title");
        gx_row_copy(arena, &row, "score", item, "score");
        gx_map_put(arena, &row, "why", gx_row_join(arena, gx_map_get(item, "why"), "en", "; "));
        gx_list_add(arena, &list, row);
    }
    return list;
}

/* Of seeds and teams: those whom the pass leaders finds too risky. */
static void say_risky(const gx_command *command, const gx_value *result) {
    const gx_value *left = gx_map_get(result, "seeds_left_out");
    left = left ? left : gx_map_get(result, "left_out");
    const double risky = left && left->type == GX_MAP ? gx_map_real(left, "risk") : 0;
    if (risky > 0) {
        gx_say(command,
               "%.0f of too great a risk are left out (guanxi leaders STORE --flagged lists them, "
               "--risk-most 100 takes them)",
               risky);
    }
}

void gx_say_list(const gx_command *command, const gx_value *result) {
    const gx_value *missing = gx_map_get(result, "short"), *ids = gx_map_get(result, "unknown");
    if (missing && missing->type == GX_TEXT) {
        gx_say(command, "%.*s", (int)missing->size, missing->as.text);
    }
    for (uint32_t i = 0; ids && ids->type == GX_LIST && i < ids->size; i++) {
        const gx_value *id = &ids->as.items[i];
        gx_say(command, "%.*s is not in this store", (int)id->size, id->as.text);
    }
    const gx_value *notes = gx_map_get(result, "notes");
    for (uint32_t i = 0; notes && notes->type == GX_LIST && i < notes->size; i++) {
        const gx_value *note = &notes->as.items[i];
        gx_say(command, "%.*s", (int)note->size, note->as.text);
    }
    say_risky(command, result);
}
