/* Answers on stdout: an aligned table for people, JSON, JSON lines and CSV for programs. */
#include "cli/verb.h"
#include "graph/codec/codec.h"

#include <errno.h>
#include <math.h>

enum { COLUMNS_MAX = 40, CELL_WIDEST = 60 };

void gx_say(const gx_command *command, const char *format, ...) {
    if (command->common.count && gx_arg_is(&command->common, "progress", "none")) {
        return;
    }
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
}

/* ---- cells
 * ------------------------------------------------------------------------------------------- */

static void cell_short(gx_buffer *out, const gx_value *value);

/* A list or map inside a cell: "a, b, c", "k=v k=v"; a list of maps shows each one's first entry.
 */
static void cell_nested(gx_buffer *out, const gx_value *value) {
    if (value->type == GX_LIST) {
        for (uint32_t i = 0; i < value->size; i++) {
            const gx_value *one = &value->as.items[i];
            gx_buffer_text(out, i ? ", " : "");
            cell_short(out, one->type == GX_MAP && one->size ? &one->as.pairs[0].value : one);
        }
        return;
    }
    for (uint32_t i = 0; i < value->size; i++) {
        const gx_pair *pair = &value->as.pairs[i];
        gx_buffer_printf(out, "%s%.*s=", i ? " " : "", (int)pair->key.size, pair->key.as.text);
        cell_short(out, &pair->value);
    }
}

/* For people: reals rounded to what is worth reading. */
static void cell_short(gx_buffer *out, const gx_value *value) {
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
        gx_buffer_printf(out,
                         fabs(value->as.real) >= 1e6 || value->as.real == floor(value->as.real)
                             ? "%.6g"
                             : "%.4g",
                         value->as.real);
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

/* For programs: exact; nested values as JSON. Quoted by RFC 4180 where needed. */
static void cell_csv(gx_buffer *out, const gx_value *value) {
    gx_buffer text = {0};
    switch (value ? value->type : GX_NIL) {
    case GX_NIL:
        break;
    case GX_TEXT:
        gx_buffer_append(&text, value->as.text, value->size);
        break;
    default:
        gx_json_write(&text, value, GX_JSON_COMPACT);
    }
    bool quoted = false;
    for (size_t i = 0; i < text.size && !quoted; i++) {
        quoted = strchr(",\"\r\n", text.bytes[i]) != NULL;
    }
    if (!quoted) {
        gx_buffer_append(out, text.bytes, text.size);
    } else {
        gx_buffer_text(out, "\"");
        for (size_t i = 0; i < text.size; i++) {
            gx_buffer_append(out, text.bytes + i, 1);
            if (text.bytes[i] == '"') {
                gx_buffer_text(out, "\"");
            }
        }
        gx_buffer_text(out, "\"");
    }
    gx_buffer_finish(&text);
}

/* Terminal columns of UTF-8 text: Chinese characters take two. */
static size_t width_of(const char *text, size_t size) {
    size_t width = 0;
    for (size_t i = 0; i < size;) {
        unsigned char c = (unsigned char)text[i];
        size_t length = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
        width += length >= 3 ? 2 : 1;
        i += length;
    }
    return width;
}

/* Cuts to at most `widest` columns, at a character. */
static size_t fitting(const char *text, size_t size, size_t widest) {
    size_t width = 0, i = 0;
    while (i < size) {
        unsigned char c = (unsigned char)text[i];
        size_t length = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
        size_t next = width + (length >= 3 ? 2 : 1);
        if (next > widest || i + length > size) {
            break;
        }
        width = next;
        i += length;
    }
    return i;
}

/* ---- columns
 * ------------------------------------------------------------------------------------------ */

typedef struct columns {
    gx_slice name[COLUMNS_MAX];
    size_t width[COLUMNS_MAX];
    bool number[COLUMNS_MAX];
    size_t count;
} columns;

static void add_column(columns *c, gx_slice name) {
    for (size_t i = 0; i < c->count; i++) {
        if (gx_slice_equal(c->name[i], name)) {
            return;
        }
    }
    if (c->count < COLUMNS_MAX) {
        c->name[c->count++] = name;
    }
}

/* The given ones, else every key in the order it is first seen in the first hundred rows. */
static void choose_columns(columns *c, const gx_value *list, const char *given) {
    c->count = 0;
    for (const char *s = given; s && *s;) {
        size_t size = strcspn(s, ",");
        add_column(c, (gx_slice){s, size});
        s += size + (s[size] == ',');
    }
    for (uint32_t i = 0; !given && i < list->size && i < 100; i++) {
        const gx_value *row = &list->as.items[i];
        for (uint32_t k = 0; row->type == GX_MAP && k < row->size; k++) {
            const gx_value *key = &row->as.pairs[k].key;
            add_column(c, (gx_slice){key->as.text, key->size});
        }
    }
    if (c->count == 0) {
        add_column(c, gx_slice_of("value"));
    }
}

static const gx_value *cell_of(const gx_value *row, gx_slice column) {
    if (row->type != GX_MAP) {
        return gx_slice_is(column, "value") ? row : NULL;
    }
    for (uint32_t k = 0; k < row->size; k++) {
        const gx_value *key = &row->as.pairs[k].key;
        if (gx_slice_equal(column, (gx_slice){key->as.text, key->size})) {
            return &row->as.pairs[k].value;
        }
    }
    return NULL;
}

/* ---- formats
 * ------------------------------------------------------------------------------------------- */

static void flush(gx_buffer *buffer, FILE *out) {
    fwrite(buffer->bytes, 1, buffer->size, out);
    buffer->size = 0;
}

static void print_csv(const gx_value *list, const char *given, FILE *out) {
    columns c;
    gx_buffer line = {0};
    choose_columns(&c, list, given);
    for (size_t k = 0; k < c.count; k++) {
        gx_value name = gx_text(c.name[k].data, c.name[k].size);
        gx_buffer_text(&line, k ? "," : "");
        cell_csv(&line, &name);
    }
    gx_buffer_text(&line, "\n");
    for (uint32_t i = 0; i < list->size; i++) {
        for (size_t k = 0; k < c.count; k++) {
            gx_buffer_text(&line, k ? "," : "");
            cell_csv(&line, cell_of(&list->as.items[i], c.name[k]));
        }
        gx_buffer_text(&line, "\n");
        flush(&line, out);
    }
    flush(&line, out);
    gx_buffer_finish(&line);
}

static void pad(FILE *out, size_t count) {
    while (count-- > 0) {
        fputc(' ', out);
    }
}

static void table_cell(gx_buffer *cell, const gx_value *row, gx_slice column) {
    const gx_value *value = cell_of(row, column);
    cell->size = 0;
    if (value) {
        cell_short(cell, value);
    }
}

static void measure(columns *c, const gx_value *list, gx_buffer *cell) {
    for (size_t k = 0; k < c->count; k++) {
        c->width[k] = width_of(c->name[k].data, c->name[k].size);
        c->number[k] = list->size > 0;
        for (uint32_t i = 0; i < list->size; i++) {
            const gx_value *value = cell_of(&list->as.items[i], c->name[k]);
            table_cell(cell, &list->as.items[i], c->name[k]);
            size_t width = width_of(cell->bytes, cell->size);
            /* The last column has the rest of the line to itself. */
            width = width > CELL_WIDEST && k + 1 < c->count ? CELL_WIDEST : width;
            c->width[k] = width > c->width[k] ? width : c->width[k];
            c->number[k] =
                c->number[k] && value && (value->type == GX_INT || value->type == GX_REAL);
        }
    }
}

static void print_cell(FILE *out, const char *text, size_t size, size_t width, bool right,
                       bool last) {
    size_t keep = fitting(text, size, width);
    bool cut = keep < size;
    if (cut) {
        keep = fitting(text, size, width - 1);
    }
    size_t shown = width_of(text, keep) + cut;
    if (right) {
        pad(out, width - shown);
    }
    fwrite(text, 1, keep, out);
    fputs(cut ? "…" : "", out);
    if (!right && !last) {
        pad(out, width - shown);
    }
    fputs(last ? "\n" : "  ", out);
}

static void print_rows(const gx_value *list, const char *given, FILE *out) {
    columns c;
    gx_buffer cell = {0};
    choose_columns(&c, list, given);
    measure(&c, list, &cell);
    for (size_t k = 0; k < c.count; k++) {
        print_cell(out, c.name[k].data, c.name[k].size, c.width[k], c.number[k], k + 1 == c.count);
    }
    for (uint32_t i = 0; i < list->size; i++) {
        for (size_t k = 0; k < c.count; k++) {
            table_cell(&cell, &list->as.items[i], c.name[k]);
            print_cell(out, cell.bytes, cell.size, c.width[k], c.number[k], k + 1 == c.count);
        }
    }
    gx_buffer_finish(&cell);
}

/* Plain entries as "name  value", then each list of maps as a table of its own. */
static void print_map(const gx_value *map, const char *list_key, const char *given, FILE *out) {
    gx_buffer cell = {0};
    size_t widest = 0;
    for (uint32_t i = 0; i < map->size; i++) {
        widest = map->as.pairs[i].key.size > widest ? map->as.pairs[i].key.size : widest;
    }
    for (int tables = 0; tables < 2; tables++) {
        for (uint32_t i = 0; i < map->size; i++) {
            const gx_pair *pair = &map->as.pairs[i];
            bool is_main =
                list_key && gx_slice_is((gx_slice){pair->key.as.text, pair->key.size}, list_key);
            bool is_table = pair->value.type == GX_LIST && pair->value.size &&
                            (is_main || pair->value.as.items[0].type == GX_MAP);
            if (is_table != (tables == 1)) {
                continue;
            }
            if (is_table) {
                fprintf(out, "%s%.*s%s", i ? "\n" : "", is_main ? 0 : (int)pair->key.size,
                        pair->key.as.text, is_main ? "" : ":\n");
                print_rows(&pair->value, is_main ? given : NULL, out);
                continue;
            }
            cell.size = 0;
            cell_short(&cell, &pair->value);
            fprintf(out, "%.*s", (int)pair->key.size, pair->key.as.text);
            pad(out, widest - pair->key.size + 2);
            fwrite(cell.bytes, 1, cell.size, out);
            fputc('\n', out);
        }
    }
    gx_buffer_finish(&cell);
}

static void print_json(const gx_value *value, gx_json_style style, FILE *out) {
    gx_buffer text = {0};
    gx_json_write(&text, value, style);
    gx_buffer_text(&text, "\n");
    flush(&text, out);
    gx_buffer_finish(&text);
}

gx_status gx_print(const gx_command *command, const gx_value *value, const char *list,
                   const char *given, bool bare_list, gx_error *err) {
    const gx_value *main_list = value->type == GX_LIST ? value
                                : list                 ? gx_map_get(value, list)
                                                       : NULL;
    FILE *out = command->out;
    if (main_list && main_list->type != GX_LIST) {
        main_list = NULL;
    }
    if (command->format == GX_FORMAT_JSON) {
        print_json(bare_list && main_list ? main_list : value, GX_JSON_INDENTED, out);
    } else if (command->format == GX_FORMAT_TABLE) {
        if (value->type == GX_MAP) {
            print_map(value, list, given, out);
        } else if (main_list) {
            print_rows(main_list, given, out);
        } else {
            print_json(value, GX_JSON_COMPACT, out);
        }
    } else {
        gx_value one = *value;
        gx_value single = {.type = GX_LIST, .size = 1, .as.items = &one};
        const gx_value *rows = main_list ? main_list : &single;
        if (command->format == GX_FORMAT_CSV) {
            print_csv(rows, main_list ? given : NULL, out);
        } else {
            for (uint32_t i = 0; i < rows->size; i++) {
                print_json(&rows->as.items[i], GX_JSON_COMPACT, out);
            }
        }
    }
    return fflush(out) != 0 || ferror(out) ? gx_write_failed(err) : GX_OK;
}

gx_status gx_write_failed(gx_error *err) {
    /* `guanxi … | head` has read what it wanted. */
    return errno == EPIPE ? GX_OK
                          : gx_fail_errno(err, errno ? errno : EIO, "writing", "the answer");
}
