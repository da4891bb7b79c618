/* Which keys of a list of rows are shown, and how a cell reads. */
#include "cli/formats/columns.h"

#include <math.h>

static gx_slice key_of(const gx_pair *pair) {
    return (gx_slice){pair->key.as.text, pair->key.size};
}

bool gx_columns_add(gx_column_names *c, gx_slice name) {
    for (size_t i = 0; i < c->count; i++) {
        if (gx_slice_equal(c->name[i], name)) {
            return false;
        }
    }
    if (c->count < GX_COLUMNS_MAX) {
        c->name[c->count++] = name;
        return true;
    }
    return false;
}

static void add_given(gx_column_names *c, const char *given) {
    for (const char *s = given; s && *s;) {
        size_t size = strcspn(s, ",");
        gx_columns_add(c, (gx_slice){s, size});
        s += size + (s[size] == ',');
    }
}

void gx_columns_choose(gx_column_names *c, const gx_value *list, const char *given) {
    c->count = 0;
    add_given(c, given);
    for (uint32_t i = 0; !given && i < list->size && i < 100; i++) {
        const gx_value *row = &list->as.items[i];
        for (uint32_t k = 0; row->type == GX_MAP && k < row->size; k++) {
            const gx_value *key = &row->as.pairs[k].key;
            gx_columns_add(c, (gx_slice){key->as.text, key->size});
        }
    }
    if (c->count == 0 && list->size > 0) {
        gx_columns_add(c, gx_slice_of("value"));
    }
}

/* ---- all that rows have -----------------------------------------------------------------------
 */

typedef struct walk {
    gx_column_names *columns;
    bool bare[GX_COLUMNS_MAX]; /* no row had more than nothing there: a map may open it */
    size_t at;                 /* where the next is looked for first: rows have one order of keys */
    gx_buffer path;
    gx_arena *arena;
} walk;

/* The column is of a map at `outer`: "outer.name". */
static bool is_within(gx_slice column, gx_slice outer) {
    return column.size > outer.size && column.data[outer.size] == '.' &&
           memcmp(column.data, outer.data, outer.size) == 0;
}

/* In place of the map that it opens, else behind those of its map, else last. */
static void insert(walk *w, gx_slice path, bool bare) {
    gx_column_names *c = w->columns;
    gx_slice outer = path;
    size_t place = c->count, opened = GX_COLUMNS_MAX;
    while (outer.size > 0 && path.data[--outer.size] != '.') {
    }
    for (size_t i = 0; outer.size > 0 && i < c->count; i++) {
        opened = w->bare[i] && is_within(path, c->name[i]) ? i : opened;
        place = is_within(c->name[i], outer) ? i + 1 : place;
    }
    place = opened < GX_COLUMNS_MAX ? opened : place;
    char *name =
        place == opened || c->count < GX_COLUMNS_MAX ? gx_arena_get(w->arena, path.size) : NULL;
    if (!name) {
        return;
    }
    memcpy(name, path.data, path.size);
    if (place != opened) {
        memmove(&c->name[place + 1], &c->name[place], (c->count - place) * sizeof *c->name);
        memmove(&w->bare[place + 1], &w->bare[place], (c->count - place) * sizeof *w->bare);
        c->count++;
    }
    c->name[place] = (gx_slice){name, path.size};
    w->bare[place] = bare;
    w->at = place + 1;
}

static void add_path(walk *w, bool bare) {
    const gx_column_names *c = w->columns;
    const gx_slice path = {(const char *)w->path.bytes, w->path.size};
    for (size_t k = 0; k < c->count; k++) {
        const size_t i = (w->at + k) % c->count;
        if (gx_slice_equal(c->name[i], path) || (bare && is_within(c->name[i], path))) {
            w->bare[i] &= bare;
            w->at = i + 1;
            return;
        }
    }
    insert(w, path, bare);
}

static void add_leaves(walk *w, const gx_value *map) {
    const size_t outer = w->path.size;
    for (uint32_t k = 0; k < map->size; k++) {
        const gx_value *value = &map->as.pairs[k].value;
        const gx_slice key = key_of(&map->as.pairs[k]);
        gx_buffer_text(&w->path, outer ? "." : "");
        gx_buffer_append(&w->path, key.data, key.size);
        if (value->type == GX_MAP && value->size > 0) {
            add_leaves(w, value);
        } else {
            add_path(w, value->type == GX_NIL || value->type == GX_MAP);
        }
        w->path.size = outer;
    }
}

void gx_columns_all(gx_column_names *c, gx_arena *arena, const gx_value *list, const char *given) {
    walk w = {.columns = c, .arena = arena};
    c->count = 0;
    add_given(c, given);
    for (size_t i = 0; i < c->count; i++) {
        w.bare[i] = true;
    }
    for (uint32_t i = 0; i < list->size; i++) {
        w.at = 0;
        if (list->as.items[i].type == GX_MAP) {
            add_leaves(&w, &list->as.items[i]);
        }
    }
    if (c->count == 0 && list->size > 0) {
        gx_columns_add(c, gx_slice_of("value"));
    }
    gx_buffer_finish(&w.path);
}

const gx_value *gx_columns_cell(const gx_value *row, gx_slice column) {
    if (row->type != GX_MAP) {
        return gx_slice_is(column, "value") ? row : NULL;
    }
    for (uint32_t k = 0; k < row->size; k++) {
        if (gx_slice_equal(column, key_of(&row->as.pairs[k]))) {
            return &row->as.pairs[k].value;
        }
    }
    for (uint32_t k = 0; k < row->size; k++) {
        const gx_slice key = key_of(&row->as.pairs[k]);
        const gx_value *inner = &row->as.pairs[k].value;
        if (inner->type == GX_MAP && is_within(column, key)) {
            return gx_columns_cell(
                inner, (gx_slice){column.data + key.size + 1, column.size - key.size - 1});
        }
    }
    return NULL;
}

/* ---- cells ------------------------------------------------------------------------------------
 */

/* A list or map inside a cell: "a, b, c", "k=v k=v"; a list of maps shows each one's first entry.
 */
static void cell_nested(gx_buffer *out, const gx_value *value) {
    if (value->type == GX_LIST) {
        for (uint32_t i = 0; i < value->size; i++) {
            const gx_value *one = &value->as.items[i];
            gx_buffer_text(out, i ? ", " : "");
            gx_columns_text(out, one->type == GX_MAP && one->size ? &one->as.pairs[0].value : one);
        }
        return;
    }
    for (uint32_t i = 0; i < value->size; i++) {
        const gx_pair *pair = &value->as.pairs[i];
        gx_buffer_printf(out, "%s%.*s=", i ? " " : "", (int)pair->key.size, pair->key.as.text);
        gx_columns_text(out, &pair->value);
    }
}

/* Four digits, and of what is larger those before the point: nobody reads money as 2.422e+04. */
static void real_text(gx_buffer *out, double real) {
    static const double plain_from = 9999.5 /* 1e+04 in four digits */, plain_to = 1e15;
    const double size = fabs(real);
    const bool plain = size < plain_to && (size >= plain_from || real == floor(real));
    gx_buffer_printf(out, plain ? "%.0f" : size < plain_to ? "%.4g" : "%.6g", real);
}

void gx_columns_text(gx_buffer *out, const gx_value *value) {
    switch (value->type) {
    case GX_NIL:
        gx_buffer_text(out, "-");
        break;
    case GX_BOOL:
        gx_buffer_text(out, value->as.boolean ? "yes" : "no");
        break;
    case GX_INT:
        gx_buffer_printf(out, "%lld", (long long)value->as.integer);
        break;
    case GX_REAL:
        real_text(out, value->as.real);
        break;
    case GX_TEXT:
        for (uint32_t i = 0; i < value->size; i++) {
            char c = value->as.text[i];
            gx_buffer_append(out, (unsigned char)c < 0x20 ? " " : &c, 1);
        }
        break;
    default:
        cell_nested(out, value);
    }
}
