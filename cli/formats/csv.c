/* CSV by RFC 4180, for programs: the main list of an answer, or the answer as one row. A graph is
 * its list of edges, `source` and `target` first, as Gephi, NetworkX and guanxi import read one. */
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

/* ---- graphs ---------------------------------------------------------------------------------- */

typedef struct table {
    FILE *out;
    const char *key[GX_COLUMNS_MAX + 3], *title[GX_COLUMNS_MAX + 3];
    size_t count;
} table;

static void add_column(table *t, const char *key, const char *title) {
    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(t->key[i], key) == 0) {
            return;
        }
    }
    if (t->count < GX_COUNT(t->key)) {
        t->key[t->count] = key;
        t->title[t->count++] = title;
    }
}

static void add_attributes(table *t, const gx_attribute *attribute, size_t count,
                           const char *first) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(attribute[i].name, first) == 0) {
            add_column(t, first, first);
        }
    }
    for (size_t i = 0; i < count; i++) {
        add_column(t, attribute[i].name, attribute[i].name);
    }
}

static gx_status write_row(void *ctx, const gx_value *row, gx_error *err) {
    (void)err;
    const table *t = ctx;
    gx_buffer line = {0};
    for (size_t k = 0; k < t->count; k++) {
        gx_value title = gx_str(t->title[k]);
        gx_buffer_text(&line, k ? "," : "");
        cell_csv(&line, row ? gx_columns_cell(row, gx_slice_of(t->key[k])) : &title);
    }
    gx_buffer_text(&line, "\n");
    gx_buffer_flush(&line, t->out);
    gx_buffer_finish(&line);
    return GX_OK;
}

static gx_status write_graph(FILE *out, const gx_graph_source *source, gx_error *err) {
    table t = {.out = out};
    if (source->nodes) {
        add_column(&t, source->id, "id");
        add_attributes(&t, source->node, source->node_count, "label");
    } else {
        add_column(&t, source->src, "source");
        add_column(&t, source->dst, "target");
        add_attributes(&t, source->edge, source->edge_count, "weight");
    }
    gx_status status = write_row(&t, NULL, err);
    return status != GX_OK ? status
           : source->nodes ? source->each_node(source->user, write_row, &t, err)
                           : source->each_edge(source->user, write_row, &t, err);
}

const gx_form gx_form_csv = {
    .name = "csv", .flat = true, .write = write, .write_graph = write_graph};
