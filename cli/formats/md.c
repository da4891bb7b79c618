/* A table in Markdown, for pages: the main list of an answer, or the answer as one row, with the
 * columns of CSV; a list in its cell by the first entry of each. */
#include "cli/formats/columns.h"

/* A line of a table ends at "|". */
static void cell_md(gx_buffer *out, const gx_value *value) {
    gx_buffer text = {0};
    gx_columns_text(&text, value);
    for (size_t i = 0; i < text.size; i++) {
        if (text.bytes[i] == '|') {
            gx_buffer_text(out, "\\");
        }
        gx_buffer_append(out, text.bytes + i, 1);
    }
    gx_buffer_finish(&text);
}

static void print_rows(const gx_value *list, const char *given, gx_arena *arena, FILE *out) {
    gx_column_names c;
    gx_buffer line = {0};
    gx_columns_all(&c, arena, list, given);
    if (c.count == 0) {
        return;
    }
    for (size_t k = 0; k < c.count; k++) {
        gx_buffer_printf(&line, "| %.*s ", (int)c.name[k].size, c.name[k].data);
    }
    gx_buffer_text(&line, "|\n");
    for (size_t k = 0; k < c.count; k++) {
        gx_buffer_text(&line, "|---");
    }
    gx_buffer_text(&line, "|\n");
    for (uint32_t i = 0; i < list->size; i++) {
        for (size_t k = 0; k < c.count; k++) {
            const gx_value *value = gx_columns_cell(&list->as.items[i], c.name[k]);
            gx_buffer_text(&line, "| ");
            if (value) {
                cell_md(&line, value);
            }
            gx_buffer_text(&line, " ");
        }
        gx_buffer_text(&line, "|\n");
        gx_buffer_flush(&line, out);
    }
    gx_buffer_finish(&line);
}

static void write(FILE *out, const gx_answer *answer) {
    gx_value one = *answer->value;
    gx_value single = {.type = GX_LIST, .size = 1, .as.items = &one};
    gx_arena *arena = gx_arena_create();
    if (arena) {
        print_rows(answer->rows ? answer->rows : &single, answer->rows ? answer->columns : NULL,
                   arena, out);
    }
    gx_arena_destroy(arena);
}

const gx_form gx_form_md = {.name = "md", .flat = true, .write = write};
