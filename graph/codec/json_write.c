/* A value as JSON text. */
#include "graph/codec/codec.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DOUBLE_DIGITS = 17, SURE_DIGITS = 15, INDENT = 2 };

static size_t utf8_sequence(const char *data, size_t size) {
    for (size_t n = 1; n <= 4 && n <= size; n++) {
        if (gx_utf8_is_valid(data, n)) {
            return n;
        }
    }
    return 0;
}

static void write_escape(gx_buffer *out, unsigned char c) {
    static const char letters[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    for (const char *at = letters; *at; at += 2) {
        if ((unsigned char)*at == c) {
            gx_buffer_append(out, (char[2]){'\\', at[1]}, 2);
            return;
        }
    }
    gx_buffer_printf(out, "\\u%04x", c);
}

static bool is_plain(unsigned char c) {
    return c >= 0x20 && c != '"' && c != '\\';
}

/* Bytes that are no UTF-8 become U+FFFD one by one, so that what is written is always JSON. */
void gx_json_write_text(gx_buffer *out, const char *data, size_t size) {
    bool valid = gx_utf8_is_valid(data, size);
    gx_buffer_append(out, "\"", 1);
    for (size_t i = 0; i < size;) {
        size_t run = i;
        while (run < size && is_plain((unsigned char)data[run]) &&
               (valid || (unsigned char)data[run] < 0x80)) {
            run++;
        }
        gx_buffer_append(out, data + i, run - i);
        i = run;
        if (i == size) {
            break;
        }
        if ((unsigned char)data[i] < 0x80) {
            write_escape(out, (unsigned char)data[i++]);
            continue;
        }
        size_t sequence = utf8_sequence(data + i, size - i);
        if (sequence) {
            gx_buffer_append(out, data + i, sequence);
        } else {
            gx_buffer_text(out, "\xef\xbf\xbd");
        }
        i += sequence ? sequence : 1;
    }
    gx_buffer_append(out, "\"", 1);
}

/* printf uses the host program's decimal separator; JSON has one. */
static void append_number(gx_buffer *out, const char *text) {
    char clean[40];
    size_t size = 0;
    for (const char *at = text; *at && size + 1 < sizeof clean; at++) {
        if (strchr("0123456789+-e", *at)) {
            clean[size++] = *at;
        } else if (!size || clean[size - 1] != '.') {
            clean[size++] = '.';
        }
    }
    clean[size] = '\0';
    gx_buffer_append(out, clean, size);
    if (!strpbrk(clean, ".e")) {
        gx_buffer_text(out, ".0"); /* stays a real when it is read back */
    }
}

/* Any decimal of 15 digits survives a normal double, so that where 15 digits read back the same,
 * printing them (without trailing zeros) is the shortest; else 16 or 17 do. Subnormals hold fewer
 * digits and are tried from one. */
void gx_json_write_real(gx_buffer *out, double value) {
    if (!isfinite(value)) {
        gx_buffer_text(out, "null");
        return;
    }
    char text[40];
    for (int digits = fabs(value) < DBL_MIN ? 1 : SURE_DIGITS; digits <= DOUBLE_DIGITS; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    append_number(out, text);
}

typedef struct writer {
    gx_buffer *out;
    bool indented;
    unsigned depth;
} writer;

static void new_line(const writer *w) {
    if (!w->indented) {
        return;
    }
    gx_buffer_append(w->out, "\n", 1);
    for (unsigned i = 0; i < w->depth * INDENT; i++) {
        gx_buffer_append(w->out, " ", 1);
    }
}

static void write_value(writer *w, const gx_value *value);

static void write_entries(writer *w, const gx_value *value) {
    bool map = value->type == GX_MAP;
    gx_buffer_append(w->out, map ? "{" : "[", 1);
    w->depth++;
    for (uint32_t i = 0; i < value->size; i++) {
        if (i) {
            gx_buffer_append(w->out, ",", 1);
        }
        new_line(w);
        if (map) {
            const gx_value *key = &value->as.pairs[i].key;
            gx_json_write_text(w->out, key->as.text, key->size);
            gx_buffer_append(w->out, ": ", w->indented ? 2 : 1);
            write_value(w, &value->as.pairs[i].value);
        } else {
            write_value(w, &value->as.items[i]);
        }
    }
    w->depth--;
    if (value->size) {
        new_line(w);
    }
    gx_buffer_append(w->out, map ? "}" : "]", 1);
}

static void write_value(writer *w, const gx_value *value) {
    switch (value->type) {
    case GX_NIL:
        gx_buffer_text(w->out, "null");
        return;
    case GX_BOOL:
        gx_buffer_text(w->out, value->as.boolean ? "true" : "false");
        return;
    case GX_INT:
        gx_buffer_printf(w->out, "%lld", (long long)value->as.integer);
        return;
    case GX_REAL:
        gx_json_write_real(w->out, value->as.real);
        return;
    case GX_TEXT:
        gx_json_write_text(w->out, value->as.text, value->size);
        return;
    case GX_LIST:
    case GX_MAP:
        write_entries(w, value);
        return;
    }
}

void gx_json_write(gx_buffer *out, const gx_value *value, gx_json_style style) {
    writer w = {.out = out, .indented = style == GX_JSON_INDENTED};
    write_value(&w, value);
}
