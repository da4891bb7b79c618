/* Ids of members in a file, in memory: a list that a command is given. */
#include "graph/import/import.h"
#include "graph/import/reader.h"

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
    if (gx__reader_id_column(&reader) == GX_NONE && reader.name_count > 0) { /* no header */
        GX_TRY(add(&list, arena, path, 1, reader.names[0], err));
    }
    for (;;) {
        GX_TRY(gx__reader_next(&row, &reader, err));
        if (row.end) {
            break;
        }
        const uint32_t column = gx__reader_id_column(&reader), at = column == GX_NONE ? 0 : column;
        const gx__cell *cell = row.count > at ? &row.cells[at] : NULL;
        if (cell && cell->data) {
            GX_TRY(add(&list, arena, path, row.line, (gx_slice){cell->data, cell->size}, err));
        }
    }
    *out = list;
done:
    gx__reader_finish(&reader);
    return status;
}
