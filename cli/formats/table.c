/* Aligned tables, for people. */
#include "cli/formats/columns.h"
#include "graph/codec/codec.h"

enum { CELL_WIDEST = 60 };

typedef struct columns {
    gx_column_names shown;
    size_t width[GX_COLUMNS_MAX];
    bool number[GX_COLUMNS_MAX];
} columns;

/* Bytes of a character of UTF-8 by its first. */
static size_t length_of(char byte) {
    unsigned char c = (unsigned char)byte;
    return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

/* Terminal columns of UTF-8 text: Chinese characters take two. */
static size_t width_of(const char *text, size_t size) {
    size_t width = 0;
    for (size_t i = 0; i < size;) {
        size_t length = length_of(text[i]);
        width += length >= 3 ? 2 : 1;
        i += length;
    }
    return width;
}

/* Cuts to at most `widest` columns, at a character. */
static size_t fitting(const char *text, size_t size, size_t widest) {
    size_t width = 0, i = 0;
    while (i < size) {
        size_t length = length_of(text[i]);
        size_t next = width + (length >= 3 ? 2 : 1);
        if (next > widest || i + length > size) {
            break;
        }
        width = next;
        i += length;
    }
    return i;
}

/* ---- rows
 * -------------------------------------------------------------------------------------------- */

static void pad(FILE *out, size_t count) {
    while (count-- > 0) {
        fputc(' ', out);
    }
}

static void table_cell(gx_buffer *cell, const gx_value *row, gx_slice column) {
    const gx_value *value = gx_columns_cell(row, column);
    cell->size = 0;
    if (value) {
        gx_columns_text(cell, value);
    }
}

static void measure(columns *c, const gx_value *list, gx_buffer *cell) {
    for (size_t k = 0; k < c->shown.count; k++) {
        c->width[k] = width_of(c->shown.name[k].data, c->shown.name[k].size);
        c->number[k] = list->size > 0;
        for (uint32_t i = 0; i < list->size; i++) {
            const gx_value *value = gx_columns_cell(&list->as.items[i], c->shown.name[k]);
            table_cell(cell, &list->as.items[i], c->shown.name[k]);
            size_t width = width_of(cell->bytes, cell->size);
            /* The last column has the rest of the line to itself. */
            width = width > CELL_WIDEST && k + 1 < c->shown.count ? CELL_WIDEST : width;
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
    gx_columns_choose(&c.shown, list, given);
    if (c.shown.count == 0) {
        fputs("none\n", out);
        return;
    }
    measure(&c, list, &cell);
    for (size_t k = 0; k < c.shown.count; k++) {
        print_cell(out, c.shown.name[k].data, c.shown.name[k].size, c.width[k], c.number[k],
                   k + 1 == c.shown.count);
    }
    for (uint32_t i = 0; i < list->size; i++) {
        for (size_t k = 0; k < c.shown.count; k++) {
            table_cell(&cell, &list->as.items[i], c.shown.name[k]);
            print_cell(out, cell.bytes, cell.size, c.width[k], c.number[k], k + 1 == c.shown.count);
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
            if (pair->value.type == GX_LIST && pair->value.size == 0) {
                gx_buffer_text(&cell, "none");
            } else {
                gx_columns_text(&cell, &pair->value);
            }
            fprintf(out, "%.*s", (int)pair->key.size, pair->key.as.text);
            pad(out, widest - pair->key.size + 2);
            fwrite(cell.bytes, 1, cell.size, out);
            fputc('\n', out);
        }
    }
    gx_buffer_finish(&cell);
}

static void write(FILE *out, const gx_answer *answer) {
    if (answer->value->type == GX_MAP) {
        print_map(answer->value, answer->list, answer->columns, out);
    } else if (answer->rows) {
        print_rows(answer->rows, answer->columns, out);
    } else {
        gx_print_json(out, answer->value, false);
    }
}

const gx_form gx_form_table = {.name = "table", .flat = true, .write = write};
