/* Lists of items in a file, in memory: what another system shows, to be judged beside a store. */
#include "graph/import/import.h"
#include "graph/import/reader.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { USER, ITEM, RANK, SCORE, FIELDS };

static const char *const names[FIELDS] = {
    "user_id|user|uid|member_id", "item_id|item|sku|product_id", "rank|pos|position", "score"};

typedef struct entry {
    gx_slice user, item; /* in the arena */
    double key;          /* smaller is better */
    uint64_t line;
} entry;

typedef struct lists {
    const char *path;
    gx_arena *arena;
    gx__reader reader;
    uint32_t at[FIELDS]; /* of each in a row; GX_NONE */
    uint32_t names_done;
    entry *entries;
    size_t count, capacity;
} lists;

/* "a|b|c" has the name, whatever its case. */
static bool is_one_of(const char *all, gx_slice name) {
    while (*all) {
        const size_t size = strcspn(all, "|");
        if (size == name.size && strncasecmp(all, name.data, size) == 0) {
            return true;
        }
        all += size + (all[size] == '|');
    }
    return false;
}

static void bind(lists *l) {
    for (; l->names_done < l->reader.name_count; l->names_done++) {
        for (int f = 0; f < FIELDS; f++) {
            if (l->at[f] == GX_NONE && is_one_of(names[f], l->reader.names[l->names_done])) {
                l->at[f] = l->names_done;
            }
        }
    }
}

static gx_status fail_line(const lists *l, uint64_t line, const char *what, gx_slice given,
                           gx_error *err) {
    char shown[80];
    return gx_fail_at(err, GX_BAD_REQUEST, "lists", "%s:%llu: %s %s", l->path,
                      (unsigned long long)line,
                      gx_quote(shown, sizeof shown, given.data, given.size), what);
}

static gx_slice cell_of(const lists *l, const gx__row *row, int field) {
    const uint32_t at = l->at[field];
    const gx__cell *cell = at != GX_NONE && at < row->count ? &row->cells[at] : NULL;
    return cell && cell->data && cell->type != GX__CELL_NESTED ? (gx_slice){cell->data, cell->size}
                                                               : (gx_slice){"", 0};
}

/* The place in the member's list: by rank, else by falling score, else by line. */
static gx_status read_key(double *out, const lists *l, const gx__row *row, gx_error *err) {
    const int field = l->at[RANK] != GX_NONE ? RANK : SCORE;
    const gx_slice text = cell_of(l, row, field);
    if (l->at[field] == GX_NONE) {
        *out = 0;
        return GX_OK;
    }
    if (!gx_parse_real(text, out)) {
        return fail_line(l, row->line,
                         field == RANK ? "is no rank; a number is accepted"
                                       : "is no score; a number is accepted",
                         text, err);
    }
    *out = field == RANK ? *out : -*out;
    return GX_OK;
}

static gx_slice keep(gx_arena *arena, gx_slice text) {
    const gx_value copy = gx_text_copy(arena, text.data, text.size);
    return (gx_slice){copy.as.text, copy.size};
}

static gx_status add_row(lists *l, const gx__row *row, gx_error *err) {
    entry e = {.line = row->line};
    if (row->reason != GX__NONE) {
        return fail_line(l, row->line, "is no row of a list", row->raw, err);
    }
    bind(l);
    const gx_slice user = cell_of(l, row, USER), item = cell_of(l, row, ITEM);
    if (user.size == 0 || item.size == 0) {
        return fail_line(l, row->line,
                         user.size
                             ? "has no item_id; wanted are user_id, item_id, and rank or score"
                             : "has no user_id; wanted are user_id, item_id, and rank or score",
                         row->raw, err);
    }
    if (!gx_utf8_is_valid(user.data, user.size) || !gx_utf8_is_valid(item.data, item.size)) {
        return fail_line(l, row->line, "is not UTF-8", row->raw, err);
    }
    gx_status status = read_key(&e.key, l, row, err);
    if (status != GX_OK) {
        return status;
    }
    if (l->count == l->capacity) {
        const size_t capacity = l->capacity ? 2 * l->capacity : 1024;
        entry *grown = gx_realloc(l->entries, capacity, sizeof *grown);
        if (!grown) {
            return gx_fail_memory(err, capacity * sizeof *grown);
        }
        l->entries = grown;
        l->capacity = capacity;
    }
    e.user = keep(l->arena, user);
    e.item = keep(l->arena, item);
    if (gx_arena_status(l->arena) != GX_OK) {
        return gx_fail_memory(err, user.size + item.size);
    }
    l->entries[l->count++] = e;
    return GX_OK;
}

static int by_member(const void *a, const void *b) {
    const entry *x = a, *y = b;
    const int order = gx_slice_order(x->user, y->user);
    if (order) {
        return order;
    }
    if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    return (x->line > y->line) - (x->line < y->line);
}

static void group(gx_value *out, lists *l) {
    gx_value map = gx_map(l->arena, 64);
    if (l->count) {
        qsort(l->entries, l->count, sizeof *l->entries, by_member);
    }
    for (size_t from = 0, to; from < l->count; from = to) {
        gx_value list = gx_list(l->arena, 20);
        const gx_slice user = l->entries[from].user;
        for (to = from; to < l->count && gx_slice_equal(l->entries[to].user, user); to++) {
            gx_list_add(l->arena, &list,
                        gx_text(l->entries[to].item.data, l->entries[to].item.size));
        }
        gx_map_add(l->arena, &map, gx_text(user.data, user.size), list);
    }
    *out = map;
}

gx_status gx_import_lists(gx_value *out, const char *path, gx_arena *arena, gx_error *err) {
    lists l = {.path = path, .arena = arena, .at = {GX_NONE, GX_NONE, GX_NONE, GX_NONE}};
    gx__source *source;
    gx_status status = gx__source_open(&source, path, err);
    if (status == GX_OK) {
        status = gx__reader_open(&l.reader, source, NULL, err);
    }
    if (status != GX_OK) {
        return status;
    }
    for (;;) {
        gx__row row;
        GX_TRY(gx__reader_next(&row, &l.reader, err));
        if (row.end) {
            break;
        }
        GX_TRY(add_row(&l, &row, err));
    }
    if (l.count == 0) {
        GX_TRY(gx_fail_at(err, GX_BAD_REQUEST, "lists", "%s has no rows of lists", path));
    }
    group(out, &l);
    status = gx_arena_status(arena) == GX_OK ? GX_OK : gx_fail_memory(err, gx_arena_bytes(arena));
done:
    gx_free(l.entries);
    gx__reader_finish(&l.reader);
    return status;
}
