/* Two columns of a file as a map, in memory: what is known beside a store, such as labels. */
#include "graph/import/import.h"
#include "graph/import/reader.h"

#include <stdio.h>

/* Which cells of a JSON line are the id and what is told of it: `name`, or the only other one. */
static bool find_cells(uint32_t *id, uint32_t *told, const gx__reader *reader, const gx__row *row,
                       const char *name) {
    uint32_t others = 0;
    *id = gx__reader_id_column(reader);
    *told = GX_NONE;
    for (uint32_t k = 0; k < row->count; k++) {
        if (k == *id || !row->cells[k].data) {
            continue;
        }
        if (gx_slice_is(reader->names[k], name)) {
            *told = k;
            others = 1;
            break;
        }
        *told = k;
        others++;
    }
    return *id < row->count && row->cells[*id].data && others == 1;
}

/* Nothing below 0, as limits and costs are. */
static gx_status check_number(const char *path, const gx__row *row, const char *name, gx_slice of,
                              gx_slice text, gx_error *err) {
    char shown[60], whose[60];
    double number;
    return gx_parse_real(text, &number) && number >= 0
               ? GX_OK
               : gx_fail_at(err, GX_BAD_REQUEST, name,
                            "%s:%llu: %s is no %s of %s; accepted is a number of 0 or more", path,
                            (unsigned long long)row->line,
                            gx_quote(shown, sizeof shown, text.data, text.size), name,
                            gx_quote(whose, sizeof whose, of.data, of.size));
}

static gx_status refuse(const char *path, const gx__row *row, bool json, const char *name,
                        gx_error *err) {
    char shown[60], accepted[120] = "";
    if (json) {
        snprintf(accepted, sizeof accepted, "; accepted is {\"user_id\": …, \"%s\": …}", name);
    }
    return gx_fail(err, GX_BAD_REQUEST, "%s:%llu: %s is not a member and a %s%s", path,
                   (unsigned long long)row->line,
                   gx_quote(shown, sizeof shown, row->raw.data, row->raw.size), name, accepted);
}

gx_status gx_import_pairs(gx_value *out, const char *path, const char *name, bool numbers,
                          gx_arena *arena, gx_error *err) {
    gx__source *source;
    gx__reader reader;
    gx__row row;
    gx_value map = gx_map(arena, 64);
    gx_status status = gx__source_open(&source, path, err);
    if (status == GX_OK) {
        status = gx__reader_open_or(&reader, source, gx__format_find("snap", true), err);
    }
    if (status != GX_OK) {
        return status;
    }
    const bool json = reader.format == &gx__format_jsonl;
    for (;;) {
        uint32_t id = 0, told = 1;
        GX_TRY(gx__reader_next(&row, &reader, err));
        if (row.end) {
            break;
        }
        if (row.reason != GX__NONE || (json && !find_cells(&id, &told, &reader, &row, name))) {
            GX_TRY(refuse(path, &row, json, name, err));
        }
        const gx_slice key = {row.cells[id].data, row.cells[id].size};
        const gx_slice text = {row.cells[told].data, row.cells[told].size};
        if (!json && map.size == 0 && gx_slice_is(key, "user_id")) {
            continue; /* a header */
        }
        if (numbers) {
            GX_TRY(check_number(path, &row, name, key, text, err));
        }
        gx_map_add(arena, &map, gx_text_copy(arena, key.data, key.size),
                   gx_text_copy(arena, text.data, text.size));
    }
    *out = map;
done:
    gx__reader_finish(&reader);
    return status;
}
