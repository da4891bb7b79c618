/* CSV by RFC 4180, for programs: the main list of an answer, or the answer as one row. It has all
 * that a line of JSON lines has, under the same name: a map as columns OUTER.NAME (as
 * pandas.json_normalize names them), a list as JSON in its cell. A graph is its list of edges,
 * `source` and `target` first, as Gephi, NetworkX and guanxi import read one. */
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

/* The row's cells, or the titles where there is none. */
static void print_line(FILE *out, const gx_column_names *key, const gx_column_names *title,
                       const gx_value *row) {
    gx_buffer line = {0};
    for (size_t k = 0; k < key->count; k++) {
        gx_value name = gx_text(title->name[k].data, title->name[k].size);
        gx_buffer_text(&line, k ? "," : "");
        cell_csv(&line, row ? gx_columns_cell(row, key->name[k]) : &name);
    }
    gx_buffer_text(&line, "\n");
    gx_buffer_flush(&line, out);
    gx_buffer_finish(&line);
}

static void print_rows(const gx_value *list, const char *given, gx_arena *arena, FILE *out) {
    gx_column_names c;
    gx_columns_all(&c, arena, list, given);
    if (c.count > 0) {
        print_line(out, &c, &c, NULL);
    }
    for (uint32_t i = 0; i < list->size; i++) {
        print_line(out, &c, &c, &list->as.items[i]);
    }
}

/* An answer of one row has no cell with a list of maps in it either: those are columns, as
 * OUTER.0.NAME. */
static void add_flat(gx_value *row, gx_arena *arena, const char *prefix, const gx_value *value) {
    bool maps = value->type == GX_LIST && value->size && value->as.items[0].type == GX_MAP;
    for (uint32_t i = 0; value->type == GX_MAP && i < value->size; i++) {
        const gx_pair *pair = &value->as.pairs[i];
        const char *name = gx_arena_printf(arena, "%s%s%.*s", prefix, *prefix ? "." : "",
                                           (int)pair->key.size, pair->key.as.text);
        if (name) {
            add_flat(row, arena, name, &pair->value);
        }
    }
    for (uint32_t i = 0; maps && i < value->size; i++) {
        const char *name = gx_arena_printf(arena, "%s.%u", prefix, i);
        if (name) {
            add_flat(row, arena, name, &value->as.items[i]);
        }
    }
    if (value->type != GX_MAP && !maps) {
        gx_map_put(arena, row, prefix, *value);
    }
}

static void print_one(const gx_value *value, gx_arena *arena, FILE *out) {
    gx_value one = *value;
    if (value->type == GX_MAP) {
        one = gx_map(arena, 16);
        add_flat(&one, arena, "", value);
    }
    gx_value single = {.type = GX_LIST, .size = 1, .as.items = &one};
    print_rows(&single, NULL, arena, out);
}

static void write(FILE *out, const gx_answer *answer) {
    gx_arena *arena = gx_arena_create();
    if (arena && answer->rows) {
        print_rows(answer->rows, answer->columns, arena, out);
    } else if (arena) {
        print_one(answer->value, arena, out);
    }
    gx_arena_destroy(arena);
}

/* ---- graphs ---------------------------------------------------------------------------------- */

typedef struct table {
    FILE *out;
    gx_column_names key, title;
} table;

static void add_column(table *t, const char *key, const char *title) {
    if (gx_columns_add(&t->key, gx_slice_of(key))) {
        t->title.name[t->key.count - 1] = gx_slice_of(title);
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
    print_line(t->out, &t->key, &t->title, row);
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
    print_line(out, &t.key, &t.title, NULL);
    return (source->nodes ? source->each_node : source->each_edge)(source->user, write_row, &t,
                                                                   err);
}

const gx_form gx_form_csv = {
    .name = "csv", .flat = true, .write = write, .write_graph = write_graph};
