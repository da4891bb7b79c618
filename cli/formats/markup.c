/* Text and values inside of XML. */
#include "cli/formats/markup.h"
#include "graph/codec/codec.h"

/* Bytes of the character of UTF-8 that starts here; 0: it is none, or XML may not have it. */
static size_t character(const unsigned char *s, size_t size) {
    size_t length = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    if (length == 0 || length > size || s[0] > 0xF4) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    bool control = s[0] < 0x20 && s[0] != '\t' && s[0] != '\n' && s[0] != '\r';
    bool too_long = (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
    bool no_character = (s[0] == 0xED && s[1] >= 0xA0) || (s[0] == 0xF4 && s[1] >= 0x90) ||
                        (s[0] == 0xEF && s[1] == 0xBF && s[2] >= 0xBE);
    return control || too_long || no_character ? 0 : length;
}

static const char *escape(unsigned char c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\t':
        return "&#9;";
    case '\n':
        return "&#10;";
    case '\r':
        return "&#13;";
    default:
        return NULL;
    }
}

void gx_markup_text(FILE *out, const char *text, size_t size) {
    for (size_t i = 0; i < size;) {
        size_t length = character((const unsigned char *)text + i, size - i);
        const char *escaped = escape((unsigned char)text[i]);
        if (length == 0) {
            fputs("\xEF\xBF\xBD", out);
        } else if (escaped) {
            fputs(escaped, out);
        } else {
            fwrite(text + i, 1, length, out);
        }
        i += length ? length : 1;
    }
}

void gx_markup_value(FILE *out, const gx_value *value) {
    gx_buffer number = {0};
    switch (value->type) {
    case GX_TEXT:
        gx_markup_text(out, value->as.text, value->size);
        break;
    case GX_BOOL:
    case GX_INT:
    case GX_REAL:
        gx_json_write(&number, value, GX_JSON_COMPACT);
        gx_buffer_flush(&number, out);
        break;
    default:
        break;
    }
    gx_buffer_finish(&number);
}

void gx_markup_attribute(FILE *out, const char *name, const gx_value *value) {
    fprintf(out, " %s=\"", name);
    if (value) {
        gx_markup_value(out, value);
    }
    fputs("\"", out);
}

const char *gx_markup_type(gx_type type) {
    return type == GX_BOOL   ? "boolean"
           : type == GX_INT  ? "long"
           : type == GX_REAL ? "double"
                             : "string";
}

const gx_value *gx_markup_get(const gx_value *row, const char *key) {
    const gx_value *value = row->type == GX_MAP ? gx_map_get(row, key) : NULL;
    return value && value->type != GX_NIL ? value : NULL;
}

double gx_markup_number(const gx_value *row, const char *key, double fallback) {
    const gx_value *value = gx_markup_get(row, key);
    return !value                   ? fallback
           : value->type == GX_REAL ? value->as.real
           : value->type == GX_INT  ? (double)value->as.integer
                                    : fallback;
}

/* ---- arcs ------------------------------------------------------------------------------------ */

typedef struct arcs {
    const gx_graph_source *source;
    bool directed;
    gx_arc_fn fn;
    void *ctx;
} arcs;

static bool is_directed(const gx_value *row) {
    const gx_value *directed = gx_markup_get(row, "directed");
    return directed && directed->type == GX_BOOL && directed->as.boolean;
}

static gx_status look_at_edge(void *ctx, const gx_value *row, gx_error *err) {
    (void)err;
    *(bool *)ctx |= is_directed(row);
    return GX_OK;
}

gx_status gx_markup_directed(bool *out, const gx_graph_source *source, gx_error *err) {
    *out = false;
    return source->each_edge(source->user, look_at_edge, out, err);
}

static gx_status give_edge(void *ctx, const gx_value *row, gx_error *err) {
    (void)err;
    const arcs *a = ctx;
    a->fn(a->ctx, row, a->source->src, a->source->dst);
    if (a->directed && !is_directed(row)) {
        a->fn(a->ctx, row, a->source->dst, a->source->src);
    }
    return GX_OK;
}

gx_status gx_markup_arcs(const gx_graph_source *source, bool directed, gx_arc_fn fn, void *ctx,
                         gx_error *err) {
    arcs a = {source, directed, fn, ctx};
    return source->each_edge(source->user, give_edge, &a, err);
}
