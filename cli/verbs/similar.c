/* guanxi similar: items like an item. */
#include "cli/verb.h"

/* A row a likeness. */
static gx_value rows(gx_arena *arena, const gx_value *result) {
    gx_value list = gx_list(arena, 32);
    for (uint32_t u = 0; result->type == GX_LIST && u < result->size; u++) {
        const gx_value *entry = &result->as.items[u], *items = gx_map_get(entry, "items");
        for (uint32_t i = 0; items && items->type == GX_LIST && i < items->size; i++) {
            const gx_value *item = &items->as.items[i];
            gx_value row = gx_map(arena, 8);
            gx_row_copy(arena, &row, "of", entry, "item");
            for (uint32_t k = 0; item->type == GX_MAP && k < item->size; k++) {
                gx_map_put_text(arena, &row, item->as.pairs[k].key, item->as.pairs[k].value);
            }
            gx_list_add(arena, &list, row);
        }
    }
    return list;
}

/* Of an item whose list is missing or short: what rows have no room for. */
static void say(const gx_command *command, const gx_value *result) {
    if (result->type == GX_LIST && result->size > 0) {
        gx_say_notes(command, &result->as.items[0]); /* of the call: all have the same */
    }
    for (uint32_t i = 0; result->type == GX_LIST && i < result->size; i++) {
        const gx_value *entry = &result->as.items[i], *item = gx_map_get(entry, "item");
        const gx_value *error = gx_map_get(entry, "error"), *why = gx_map_get(entry, "short");
        why = error ? gx_map_get(error, "message") : why;
        if (item && why && why->type == GX_TEXT) {
            gx_say(command, "%.*s: %.*s", (int)item->size, item->as.text, (int)why->size,
                   why->as.text);
        }
    }
}

const gx_verb gx_verb_similar = {
    .name = "similar",
    .group = "products",
    .summary = "items like an item",
    .method = "rec.similar",
    .say = say,
    .rows = rows,
    .columns = "of,id,title,score",
    .examples = "  guanxi similar shop.gx sku-12 -n 5\n",
};
