/* CSV by RFC 4180, for programs: the main list of an answer, or the answer as one row. */
#include "cli/formats/columns.h"
#include "graph/codec/codec.h"

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

static void print_rows(const gx_value *list, const char *given, FILE *out) {
    gx_column_names c;
    gx_buffer line = {0};
    gx_columns_choose(&c, list, given);
    for (size_t k = 0; k < c.count; k++) {
        gx_value name = gx_text(c.name[k].data, c.name[k].size);
        gx_buffer_text(&line, k ? "," : "");
        cell_csv(&line, &name);
    }
    gx_buffer_text(&line, "\n");
    for (uint32_t i = 0; i < list->size; i++) {
        for (size_t k = 0; k < c.count; k++) {
            gx_buffer_text(&line, k ? "," : "");
            cell_csv(&line, gx_columns_cell(&list->as.items[i], c.name[k]));
        }
        gx_buffer_text(&line, "\n");
        gx_buffer_flush(&line, out);
    }
    gx_buffer_flush(&line, out);
    gx_buffer_finish(&line);
}

static void write(FILE *out, const gx_answer *answer) {
    gx_value one = *answer->value;
    gx_value single = {.type = GX_LIST, .size = 1, .as.items = &one};
    print_rows(answer->rows ? answer->rows : &single, answer->rows ? answer->columns : NULL, out);
}

const gx_form gx_form_csv = {.name = "csv", .flat = true, .write = write};
