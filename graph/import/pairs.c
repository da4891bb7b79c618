/* Two columns of a file as a map, in memory: what is known beside a store, such as labels. */
#include "graph/import/import.h"
#include "graph/import/reader.h"

gx_status gx_import_pairs(gx_value *out, const char *path, gx_arena *arena, gx_error *err) {
    gx__source *source;
    gx__reader reader;
    gx__row row;
    gx_value map = gx_map(arena, 64);
    gx_status status = gx__source_open(&source, path, err);
    if (status == GX_OK) {
        status = gx__reader_open(&reader, source, gx__format_find("snap", true), err);
    }
    if (status != GX_OK) {
        return status;
    }
    for (;;) {
        GX_TRY(gx__reader_next(&row, &reader, err));
        if (row.end) {
            break;
        }
        if (row.reason != GX__NONE) {
            char shown[60];
            GX_TRY(gx_fail(err, GX_BAD_REQUEST, "%s:%llu: %s is not a member and a label", path,
                           (unsigned long long)row.line,
                           gx_quote(shown, sizeof shown, row.raw.data, row.raw.size)));
        }
        gx_slice key = {row.cells[0].data, row.cells[0].size};
        if (map.size == 0 && gx_slice_is(key, "user_id")) {
            continue; /* a header */
        }
        gx_map_add(arena, &map, gx_text_copy(arena, key.data, key.size),
                   gx_text_copy(arena, row.cells[1].data, row.cells[1].size));
    }
    *out = map;
done:
    gx__reader_finish(&reader);
    return status;
}
