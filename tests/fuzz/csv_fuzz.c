/* Any bytes as CSV or TSV (also packed): cells stay inside their rows, line numbers rise, and what
 * was read, written as CSV, reads back equal. */
#include "graph/import/reader.h"
#include "graph/import/text.h"

#include <stdlib.h>

enum { ROWS_MAX = 1 << 14 }; /* a packed input can be as long as it likes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool open_csv(gx__reader *out, const char *data, size_t size) {
    gx__source *source;
    return gx__source_open_memory(&source, data, size, NULL) == GX_OK &&
           gx__reader_open(out, source, &gx__format_csv, NULL) == GX_OK;
}

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void write_row(gx_buffer *out, const gx__row *row) {
    for (uint32_t i = 0; i < row->count; i++) {
        gx_buffer_text(out, i ? "," : "");
        if (i == 0 && row->cells[0].size == 0) {
            gx_buffer_text(out, "\"\""); /* a lone empty cell would be a blank line */
        } else {
            gx__csv_cell(out, (gx_slice){row->cells[i].data, row->cells[i].size});
        }
    }
    gx_buffer_text(out, "\n");
}

/* The good rows, as CSV under a header of plain names. */
static bool rewrite(gx_buffer *out, const char *data, size_t size) {
    gx__reader reader;
    uint64_t line = 0;
    if (!open_csv(&reader, data, size)) {
        return false;
    }
    for (uint32_t i = 0; i < reader.name_count; i++) {
        gx_buffer_printf(out, "%sc%u", i ? "," : "", i);
    }
    gx_buffer_text(out, "\n");
    for (int rows = 0; rows < ROWS_MAX; rows++) {
        gx__row row;
        if (gx__reader_next(&row, &reader, NULL) != GX_OK || row.end) {
            break;
        }
        require(row.line > line);
        line = row.line;
        if (row.reason == GX__NONE) {
            require(row.count == reader.name_count);
            write_row(out, &row);
        }
    }
    bool any = reader.name_count > 0;
    gx__reader_finish(&reader);
    return any;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gx_buffer first = {0}, second = {0};
    if (rewrite(&first, (const char *)data, size)) {
        require(!first.failed && rewrite(&second, first.bytes, first.size));
        require(first.size == second.size && memcmp(first.bytes, second.bytes, first.size) == 0);
    }
    gx_buffer_finish(&first);
    gx_buffer_finish(&second);
    require(gx_alloc_live_blocks() == 0);
    return 0;
}
