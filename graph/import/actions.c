/* The table of actions in a file, in memory: what action.put takes. Of csv, tsv and jsonl the
 * reader of all files finds the rows; a whole JSON document, as `guanxi actions --format json`
 * writes it, is read at once. */
#include "graph/codec/codec.h"
#include "graph/import/import.h"
#include "graph/import/reader.h"

#include <string.h>
#include <strings.h>

enum { BYTES_MOST = 16 << 20, BLOCK = 1 << 16 };

typedef enum cell_form { NAME, TEXT, NUMBER, FLAG, DURATION, IGNORED } cell_form;

static const struct {
    const char *name;
    cell_form form;
} columns[] = {
    {"action", NAME},   {"weight", NUMBER}, {"half_life", DURATION}, {"polarity", NUMBER},
    {"repeat", FLAG},   {"purchase", FLAG}, {"share", FLAG},         {"scaled", FLAG},
    {"centre", NUMBER}, {"undoes", TEXT},   {"from", IGNORED}, /* as action.list tells them */
    {"used", IGNORED},
};

typedef struct table {
    const char *path;
    gx_arena *arena;
    gx_value *rows, *places;
    gx_error *err;
} table;

/* GX_COUNT(columns): none of them. */
static size_t column_of(gx_slice name) {
    size_t c = 0;
    while (c < GX_COUNT(columns) && !gx_slice_is(name, columns[c].name)) {
        c++;
    }
    return c;
}

static gx_status fail_column(const table *t, const char *place, gx_slice name) {
    char shown[64];
    return gx_fail(t->err, GX_BAD_REQUEST,
                   "%s: %s is no column of the table of actions; accepted are action, weight, "
                   "half_life, polarity, repeat, purchase, share, scaled, centre, undoes",
                   place, gx_quote(shown, sizeof shown, name.data, name.size));
}

/* A row with the same action again would say two things at once. */
static gx_status add_row(const table *t, gx_value row, const char *place) {
    const gx_value *name = gx_map_get(&row, "action");
    if (!name || name->type != GX_TEXT || name->size == 0) {
        return gx_fail(t->err, GX_BAD_REQUEST, "%s: a row has its name in `action`", place);
    }
    for (uint32_t i = 0; i < t->rows->size; i++) {
        const gx_value *other = gx_map_get(&t->rows->as.items[i], "action");
        if (gx_slice_equal((gx_slice){other->as.text, other->size},
                           (gx_slice){name->as.text, name->size})) {
            char shown[64];
            return gx_fail(t->err, GX_BAD_REQUEST, "%s: %s is there twice, first in %s", place,
                           gx_quote(shown, sizeof shown, name->as.text, name->size),
                           t->places->as.items[i].as.text);
        }
    }
    gx_list_add(t->arena, t->rows, row);
    gx_list_add(t->arena, t->places, gx_str(place));
    return GX_OK;
}

/* ---- rows of text --------------------------------------------------------------------------- */

static bool spells(gx_slice text, const char *a, const char *b, const char *c) {
    const char *const words[] = {a, b, c};
    for (size_t k = 0; k < GX_COUNT(words); k++) {
        if (text.size == strlen(words[k]) && strncasecmp(text.data, words[k], text.size) == 0) {
            return true;
        }
    }
    return false;
}

/* What does not read as its column wants stays a text: whoever takes the row refuses it. */
static gx_value value_of(const table *t, cell_form form, const gx__cell *cell) {
    const gx_slice text = {cell->data, cell->size};
    const bool bare = cell->type == GX__CELL_BARE;
    int64_t whole;
    double real;
    if (form == FLAG && (bare || cell->type == GX__CELL_BOOL)) {
        if (spells(text, "true", "yes", "1")) {
            return gx_bool(true);
        }
        if (spells(text, "false", "no", "0")) {
            return gx_bool(false);
        }
    }
    if ((form == NUMBER || form == DURATION) && (bare || cell->type == GX__CELL_NUMBER)) {
        if (gx_parse_int(text, &whole)) {
            return gx_int(whole);
        }
        if (form == NUMBER && gx_parse_real(text, &real)) {
            return gx_real(real);
        }
    }
    return gx_text_copy(t->arena, text.data, text.size);
}

static gx_status read_row(const table *t, const gx__reader *reader, const gx__row *row) {
    const char *place =
        gx_arena_printf(t->arena, "%s:%llu", t->path, (unsigned long long)row->line);
    gx_value map = gx_map(t->arena, GX_COUNT(columns));
    char shown[80];
    if (!place) {
        return gx_fail_memory(t->err, 0);
    }
    if (row->reason != GX__NONE) {
        return gx_fail(t->err, GX_BAD_REQUEST, "%s: %s is no row of the table of actions", place,
                       gx_quote(shown, sizeof shown, row->raw.data, row->raw.size));
    }
    for (uint32_t k = 0; k < row->count; k++) {
        const gx__cell *cell = &row->cells[k];
        const size_t c = column_of(reader->names[k]);
        if (c == GX_COUNT(columns)) {
            return fail_column(t, place, reader->names[k]);
        }
        /* An empty cell says nothing, but that the action undoes none. */
        if (!cell->data || columns[c].form == IGNORED ||
            (cell->size == 0 && columns[c].form != TEXT)) {
            continue;
        }
        if (!row->plain && !gx_utf8_is_valid(cell->data, cell->size)) {
            return gx_fail(t->err, GX_BAD_REQUEST, "%s: %s is not UTF-8", place,
                           gx_quote(shown, sizeof shown, cell->data, cell->size));
        }
        gx_map_put(t->arena, &map, columns[c].name, value_of(t, columns[c].form, cell));
    }
    return add_row(t, map, place);
}

static gx_status read_rows(const table *t, gx_slice text) {
    gx__source *source;
    gx__reader reader = {0};
    gx_status status = gx__source_open_memory(&source, text.data, text.size, t->err);
    if (status == GX_OK) {
        status = gx__reader_open(&reader, source, NULL, t->err);
    }
    if (status != GX_OK) {
        return status;
    }
    for (;;) {
        gx__row row;
        GX_TRY(gx__reader_next(&row, &reader, t->err));
        if (row.end) {
            break;
        }
        GX_TRY(read_row(t, &reader, &row));
    }
done:
    gx__reader_finish(&reader);
    return status;
}

/* ---- a JSON document ------------------------------------------------------------------------ */

static gx_status read_entry(const table *t, const gx_value *entry, uint32_t number) {
    const char *place = gx_arena_printf(t->arena, "%s: entry %u", t->path, number);
    gx_value map = gx_map(t->arena, GX_COUNT(columns));
    if (!place) {
        return gx_fail_memory(t->err, 0);
    }
    if (entry->type != GX_MAP) {
        return gx_fail(t->err, GX_BAD_REQUEST,
                       "%s: accepted is {\"action\": NAME, FIELD: VALUE, …}; given: %s", place,
                       gx_type_name(entry->type));
    }
    for (uint32_t k = 0; k < entry->size; k++) {
        const gx_pair *pair = &entry->as.pairs[k];
        const gx_slice name = {pair->key.as.text, pair->key.size};
        const size_t c = column_of(name);
        if (c == GX_COUNT(columns)) {
            return fail_column(t, place, name);
        }
        if (columns[c].form != IGNORED && pair->value.type != GX_NIL) {
            gx_map_put(t->arena, &map, columns[c].name, pair->value);
        }
    }
    return add_row(t, map, place);
}

static gx_status read_document(const table *t, gx_slice text) {
    gx_value read;
    gx_error why = {0};
    gx_status status = gx_json_read(&read, t->arena, text.data, text.size, &why);
    if (status != GX_OK) {
        return gx_fail(t->err, status, "%s: not JSON: %s", t->path, why.message);
    }
    const gx_value *list = read.type == GX_MAP ? gx_map_get(&read, "actions") : &read;
    if (!list || list->type != GX_LIST) {
        return gx_fail(t->err, GX_BAD_REQUEST,
                       "%s: accepted is a list of {\"action\": NAME, …}, or that under `actions`",
                       t->path);
    }
    for (uint32_t i = 0; i < list->size; i++) {
        GX_TRY(read_entry(t, &list->as.items[i], i));
    }
done:
    return status;
}

/* Whether the text is one JSON value over lines, or a list; not a map a line. */
static bool is_document(const table *t, gx_slice text) {
    const char *at = text.data, *end = at + text.size;
    gx_value line;
    while (at < end && strchr(" \t\r\n", *at)) {
        at++;
    }
    if (at == end || (*at != '[' && *at != '{')) {
        return false;
    }
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    return *at == '[' ||
           gx_json_read(&line, t->arena, at, (size_t)((stop ? stop : end) - at), NULL) != GX_OK ||
           gx_map_get(&line, "actions") != NULL;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static gx_status read_all(gx_buffer *out, const char *path, gx_error *err) {
    gx__source *source;
    gx_status status = gx__source_open(&source, path, err);
    size_t size = BLOCK;
    if (status != GX_OK) {
        return status;
    }
    while (status == GX_OK && size == BLOCK && out->size <= BYTES_MOST) {
        if (!gx_buffer_reserve(out, BLOCK)) {
            status = gx_fail_memory(err, out->size + BLOCK);
            break;
        }
        status = gx__source_read(&size, source, (char *)out->bytes + out->size, BLOCK, err);
        out->size += status == GX_OK ? size : 0;
    }
    gx__source_close(source);
    if (status == GX_OK && out->size > BYTES_MOST) {
        status = gx_fail(err, GX_OVER_LIMIT, "%s: over %d bytes; a table of actions is small", path,
                         BYTES_MOST);
    }
    return status;
}

gx_status gx_import_actions(gx_value *out_rows, gx_value *out_places, const char *path,
                            gx_arena *arena, gx_error *err) {
    gx_buffer text = {0};
    gx_value rows = gx_list(arena, 32), places = gx_list(arena, 32);
    const table t = {.path = path, .arena = arena, .rows = &rows, .places = &places, .err = err};
    gx_status status;
    GX_TRY(read_all(&text, path, err));
    const gx_slice all = gx_slice_unmarked((gx_slice){(const char *)text.bytes, text.size});
    GX_TRY(is_document(&t, all) ? read_document(&t, all) : read_rows(&t, all));
    if (rows.size == 0) {
        GX_TRY(gx_fail(err, GX_BAD_REQUEST, "%s has no rows of the table of actions", path));
    }
    status = gx_arena_status(arena) == GX_OK ? GX_OK : gx_fail_memory(err, gx_arena_bytes(arena));
    *out_rows = rows;
    *out_places = places;
done:
    gx_buffer_finish(&text);
    return status;
}
