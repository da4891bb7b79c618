/* One CSV cell (RFC 4180). */
#include "graph/import/text.h"

/* Also around the separators this file does not use: a reader may detect its own by counting. */
static bool needs_quotes(gx_slice text) {
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte == '"' || byte == ',' || byte == ';' || byte == '\t' || byte == '\n' ||
            byte == '\r') {
            return true;
        }
    }
    /* Blanks at the ends would read back the same, and yet look like a mistake. */
    return text.size && (text.data[0] == ' ' || text.data[text.size - 1] == ' ');
}

void gx__csv_cell(gx_buffer *out, gx_slice text) {
    if (!needs_quotes(text)) {
        gx_buffer_append(out, text.data, text.size);
        return;
    }
    gx_buffer_append(out, "\"", 1);
    for (size_t from = 0; from < text.size;) {
        const char *quote = memchr(text.data + from, '"', text.size - from);
        size_t to = quote ? (size_t)(quote - text.data) + 1 : text.size;
        gx_buffer_append(out, text.data + from, to - from);
        if (quote) {
            gx_buffer_append(out, "\"", 1);
        }
        from = to;
    }
    gx_buffer_append(out, "\"", 1);
}
