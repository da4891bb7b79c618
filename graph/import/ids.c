/* Ids of members in a file, in memory: a list that a command is given. A table has a column of
 * them, or, as the teams that `guanxi teams` writes, of lists of them; what is no table has one a
 * line. */
#include "graph/codec/codec.h"
#include "graph/import/import.h"
#include "graph/import/reader.h"

#include <stdio.h>
#include <strings.h>

static const char *const known[] = {"user_id", "user", "uid", "member_id", "member", "id"};

uint32_t gx__reader_id_column(const gx__reader *reader) {
    for (size_t k = 0; k < GX_COUNT(known); k++) {
        for (uint32_t i = 0; i < reader->name_count; i++) {
            const gx_slice name = reader->names[i];
            if (name.size == strlen(known[k]) && strncasecmp(name.data, known[k], name.size) == 0) {
                return i;
            }
        }
    }
    return GX_NONE;
}

static gx_status add(gx_value *list, gx_arena *arena, const char *path, uint64_t line, gx_slice id,
                     gx_error *err) {
    if (id.size == 0 || id.data[0] == '#') {
        return GX_OK;
    }
    if (id.size > GX_ID_BYTES_MAX || !gx_utf8_is_valid(id.data, id.size)) {
        char shown[60];
        return gx_fail(err, GX_BAD_REQUEST,
                       "%s:%llu: %s is no id; accepted are up to %d bytes of UTF-8", path,
                       (unsigned long long)line, gx_quote(shown, sizeof shown, id.data, id.size),
                       GX_ID_BYTES_MAX);
    }
    gx_list_add(arena, list, gx_text_copy(arena, id.data, id.size));
    return GX_OK;
}

/* The column of lists of members, as teams have it. */
static uint32_t lists_column(const gx__reader *reader) {
    for (uint32_t i = 0; i < reader->name_count; i++) {
        if (gx_slice_is(reader->names[i], "members")) {
            return i;
        }
    }
    return GX_NONE;
}

static gx_status refuse_row(const char *path, const gx__row *row, const char *what, gx_slice given,
                            gx_error *err) {
    char shown[60];
    return gx_fail(err, GX_BAD_REQUEST, "%s:%llu: %s %s", path, (unsigned long long)row->line, what,
                   gx_quote(shown, sizeof shown, given.data, given.size));
}

/* No column is known to hold ids. */
static gx_status refuse_columns(const gx__reader *reader, const char *path, uint64_t line,
                                gx_error *err) {
    char found[160], accepted[100] = "";
    for (size_t k = 0; k < GX_COUNT(known); k++) {
        const size_t used = strlen(accepted);
        snprintf(accepted + used, sizeof accepted - used, "%s, ", known[k]);
    }
    return gx_fail(err, GX_BAD_REQUEST,
                   "%s:%llu: of the columns %s none is known to hold ids of members; accepted are "
                   "%smembers (a list of them), or a file of one id a line",
                   path, (unsigned long long)line,
                   gx__reader_list_names(found, sizeof found, reader), accepted);
}

/* The id of a text, of a number, or of a map that has one under a known name; nil: there is none.
 */
static gx_value id_of(const gx_value *one, gx_arena *arena) {
    for (size_t k = 0; one->type == GX_MAP && k < GX_COUNT(known); k++) {
        const gx_value *value = gx_map_get(one, known[k]);
        if (value) {
            return id_of(value, arena);
        }
    }
    if (one->type == GX_INT) {
        const char *text = gx_arena_printf(arena, "%lld", (long long)one->as.integer);
        return gx_str(text ? text : "");
    }
    return one->type == GX_TEXT ? *one : gx_nil();
}

/* [id, …] or [{user: id, …}, …], as JSON. */
static gx_status add_members(gx_value *list, gx_arena *arena, const char *path, const gx__row *row,
                             gx_slice cell, gx_error *err) {
    gx_value read;
    gx_status status = GX_OK;
    if (gx_json_read(&read, arena, cell.data, cell.size, NULL) != GX_OK || read.type != GX_LIST) {
        return refuse_row(path, row, "accepted as members is a list in JSON, not", cell, err);
    }
    for (uint32_t i = 0; status == GX_OK && i < read.size; i++) {
        const gx_value id = id_of(&read.as.items[i], arena);
        status = id.type == GX_NIL
                     ? refuse_row(path, row, "an entry of members has no id:", cell, err)
                     : add(list, arena, path, row->line, (gx_slice){id.as.text, id.size}, err);
    }
    return status;
}

static gx_status add_row(gx_value *list, gx_arena *arena, const gx__reader *reader,
                         const char *path, const gx__row *row, gx_error *err) {
    const bool table = reader->name_count > 1 || reader->format->open_names;
    const uint32_t ids = gx__reader_id_column(reader), lists = lists_column(reader);
    const bool of_lists = ids == GX_NONE && lists != GX_NONE;
    const uint32_t at = ids != GX_NONE ? ids : lists != GX_NONE ? lists : 0;
    if (row->raw.size && row->raw.data[0] == '#') {
        return GX_OK;
    }
    if (row->reason != GX__NONE) {
        return refuse_row(path, row, gx__reason_text(row->reason), row->raw, err);
    }
    if (table && ids == GX_NONE && !of_lists) {
        return refuse_columns(reader, path, row->line, err);
    }
    const gx__cell *cell = row->count > at ? &row->cells[at] : NULL;
    if (!cell || !cell->data) {
        return GX_OK;
    }
    const gx_slice text = {cell->data, cell->size};
    return of_lists && text.size ? add_members(list, arena, path, row, text, err)
                                 : add(list, arena, path, row->line, text, err);
}

gx_status gx_import_ids(gx_value *out, const char *path, gx_arena *arena, gx_error *err) {
    gx__source *source;
    gx__reader reader;
    gx__row row;
    gx_value list = gx_list(arena, 64);
    gx_status status = gx__source_open(&source, path, err);
    if (status == GX_OK) {
        status = gx__reader_open(&reader, source, NULL, err);
    }
    if (status != GX_OK) {
        return status;
    }
    if (gx__reader_id_column(&reader) == GX_NONE && lists_column(&reader) == GX_NONE &&
        reader.name_count > 0) { /* no header */
        GX_TRY(reader.name_count > 1 ? refuse_columns(&reader, path, 1, err)
                                     : add(&list, arena, path, 1, reader.names[0], err));
    }
    for (;;) {
        GX_TRY(gx__reader_next(&row, &reader, err));
        if (row.end) {
            break;
        }
        GX_TRY(add_row(&list, arena, &reader, path, &row, err));
    }
    *out = list;
done:
    gx__reader_finish(&reader);
    return status;
}
