/* Plain rows out of answers of lists in lists. */
#include "cli/verb.h"

void gx_row_copy(gx_arena *arena, gx_value *row, const char *as, const gx_value *from,
                 const char *key) {
    const gx_value *value = gx_map_get(from, key);
    gx_map_put(arena, row, as, value ? *value : gx_nil());
}

static bool is_told(const char *told, gx_slice key) {
    for (const char *s = told; *s;) {
        const size_t size = strcspn(s, ",");
        if (gx_slice_equal((gx_slice){s, size}, key)) {
            return true;
        }
        s += size + (s[size] == ',');
    }
    return false;
}

void gx_row_rest(gx_arena *arena, gx_value *row, const gx_value *from, const char *told) {
    const uint32_t had = row->size;
    for (uint32_t k = 0; from->type == GX_MAP && k < from->size; k++) {
        const gx_pair *pair = &from->as.pairs[k];
        const gx_slice key = {pair->key.as.text, pair->key.size};
        bool has = is_told(told, key);
        for (uint32_t i = 0; i < had && !has; i++) {
            const gx_value *other = &row->as.pairs[i].key;
            has = gx_slice_equal((gx_slice){other->as.text, other->size}, key);
        }
        if (!has) {
            gx_map_put_text(arena, row, pair->key, pair->value);
        }
    }
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
        gx_row_rest(arena, &row, item, "id");
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

/* ---- a map as rows ----------------------------------------------------------------------------
 */

typedef struct figures {
    gx_arena *arena;
    const char *top; /* the part of what is in no map within */
    gx_value list;
} figures;

static void add_figure(figures *f, const char *part, gx_value name, gx_value figure,
                       const gx_value *value) {
    gx_value row = gx_map(f->arena, 4);
    gx_map_put(f->arena, &row, "part", gx_str(part));
    gx_map_put(f->arena, &row, "name", name);
    gx_map_put(f->arena, &row, "figure", figure);
    gx_map_put(f->arena, &row, "value", *value);
    gx_list_add(f->arena, &f->list, row);
}

/* An entry of a list: its first text is what it is called, the others are its figures. */
static void add_entry(figures *f, const char *part, const gx_value *entry) {
    if (entry->type != GX_MAP) {
        const gx_value none = gx_nil();
        add_figure(f, part, *entry, none, &none);
        return;
    }
    for (uint32_t k = 1; k < entry->size; k++) {
        add_figure(f, part, entry->as.pairs[0].value, entry->as.pairs[k].key,
                   &entry->as.pairs[k].value);
    }
}

static void add_map(figures *f, const char *part, const gx_value *map) {
    for (uint32_t k = 0; k < map->size; k++) {
        const gx_pair *pair = &map->as.pairs[k];
        const gx_value *value = &pair->value;
        const bool nested = value->type == GX_MAP || value->type == GX_LIST;
        char *inner = nested ? gx_arena_printf(f->arena, "%s%s%.*s", part, *part ? "." : "",
                                               (int)pair->key.size, pair->key.as.text)
                             : NULL;
        if (inner && value->type == GX_MAP) {
            add_map(f, inner, value);
        }
        for (uint32_t i = 0; inner && value->type == GX_LIST && i < value->size; i++) {
            add_entry(f, inner, &value->as.items[i]);
        }
        if (!nested) {
            add_figure(f, *part ? part : f->top, pair->key, gx_nil(), value);
        }
    }
}

gx_value gx_rows_of_figures(gx_arena *arena, const char *top, const gx_value *map) {
    figures f = {arena, top, gx_list(arena, 32)};
    add_map(&f, "", map);
    return f.list;
}

void gx_row_add(gx_arena *arena, gx_value *row, const gx_value *map) {
    for (uint32_t k = 0; map && map->type == GX_MAP && k < map->size; k++) {
        gx_map_put_text(arena, row, map->as.pairs[k].key, map->as.pairs[k].value);
    }
}

const char *gx_interval_text(const gx_command *command, const gx_value *average) {
    const gx_value *ends = gx_map_get(average, "interval");
    double low, high;
    if (!ends || ends->type != GX_LIST || ends->size != 2 ||
        !gx_value_as_real(&ends->as.items[0], &low) ||
        !gx_value_as_real(&ends->as.items[1], &high)) {
        return "";
    }
    const char *text = gx_arena_printf(command->arena, " (%.1f to %.1f with 95%%)", low, high);
    return text ? text : "";
}

void gx_say_notes(const gx_command *command, const gx_value *result) {
    const gx_value *notes = gx_map_get(result, "notes");
    for (uint32_t i = 0; notes && notes->type == GX_LIST && i < notes->size; i++) {
        const gx_value *note = &notes->as.items[i];
        gx_say(command, "%.*s", (int)note->size, note->as.text);
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
    gx_say_notes(command, result);
    say_risky(command, result);
}

void gx_say_group(const gx_command *command, const gx_value *result) {
    const gx_value *gone = gx_map_get(result, "departed");
    gx_say_list(command, result);
    for (uint32_t i = 0; gone && gone->type == GX_LIST && i < gone->size; i++) {
        const gx_value *id = &gone->as.items[i];
        gx_say(command, "%.*s has departed: left out", (int)id->size, id->as.text);
    }
}

void gx_say_odd(const gx_command *command, const gx_value *counts) {
    static const struct {
        const char *key, *one, *more, *text;
    } odd[] = {{"self_via", "", "", "via the member itself: taken as via nobody"},
               {"unknown_via", "", "", "via somebody the store does not know: taken as via nobody"},
               {"cycles", "cycle: ", "cycles: ", "via somebody the member had brought"},
               {"early", "member ", "members ", "who joined before whoever invited them"},
               {"no_amount", "sale ", "sales ", "without an amount: taken as 0"},
               {"bad_amount", "amount ", "amounts ", "below 0 or too large: taken as 0"}};
    for (size_t i = 0; counts && i < GX_COUNT(odd); i++) {
        const gx_value *count = gx_map_get(counts, odd[i].key);
        if (count && count->type == GX_INT && count->as.integer > 0) {
            gx_say(command, "%lld %s%s", (long long)count->as.integer,
                   gx_plural((uint64_t)count->as.integer, odd[i].one, odd[i].more), odd[i].text);
        }
    }
}

void gx_say_rate(const gx_command *command, const gx_value *result) {
    const gx_value *from = gx_map_get(result, "rate_from");
    if (from && from->type == GX_TEXT && strcmp(from->as.text, "assumed") == 0) {
        gx_say(command,
               "it is assumed that %.3g of those reached take what suits them as well as "
               "others: --rate says otherwise, or chances learned by the pass influence",
               gx_map_real(result, "rate"));
    }
}

void gx_say_circles(const gx_command *command, const gx_value *result) {
    const gx_value *more = gx_map_get(result, "circles_more");
    if (more && more->type == GX_INT && more->as.integer > 0) {
        gx_say(command, "%lld more circle%s, of which nothing is to be told, %s not listed",
               (long long)more->as.integer, gx_plural((uint64_t)more->as.integer, "", "s"),
               gx_plural((uint64_t)more->as.integer, "is", "are"));
    }
}
