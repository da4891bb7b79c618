/* The graph in an answer: its lists of nodes and of edges, and what their rows have. */
#include "cli/format.h"

enum { ATTRIBUTES_MAX = 40 };

typedef struct lists {
    const gx_value *nodes, *edges;
} lists;

static gx_status each(const gx_value *list, gx_row_fn fn, void *ctx, gx_error *err) {
    gx_status status = GX_OK;
    for (uint32_t i = 0; i < list->size && status == GX_OK; i++) {
        status = fn(ctx, &list->as.items[i], err);
    }
    return status;
}

static gx_status each_node(void *user, gx_row_fn fn, void *ctx, gx_error *err) {
    return each(((lists *)user)->nodes, fn, ctx, err);
}

static gx_status each_edge(void *user, gx_row_fn fn, void *ctx, gx_error *err) {
    return each(((lists *)user)->edges, fn, ctx, err);
}

/* Whole numbers among reals are reals, anything else that is mixed is text. */
static gx_type common_type(gx_type a, gx_type b) {
    bool numbers = (a == GX_INT || a == GX_REAL) && (b == GX_INT || b == GX_REAL);
    return a == b ? a : numbers ? GX_REAL : GX_TEXT;
}

static void note(gx_attribute *out, size_t *in_out_count, gx_arena *arena, const gx_pair *pair) {
    for (size_t i = 0; i < *in_out_count; i++) {
        if (gx_slice_is((gx_slice){pair->key.as.text, pair->key.size}, out[i].name)) {
            out[i].type = common_type(out[i].type, pair->value.type);
            return;
        }
    }
    const char *name = gx_arena_printf(arena, "%.*s", (int)pair->key.size, pair->key.as.text);
    if (name && *in_out_count < ATTRIBUTES_MAX) {
        out[(*in_out_count)++] = (gx_attribute){name, pair->value.type};
    }
}

static bool is_plain(const gx_value *value) {
    return value->type == GX_BOOL || value->type == GX_INT || value->type == GX_REAL ||
           value->type == GX_TEXT;
}

/* Every key of plain values but the names themselves. */
static size_t attributes_of(gx_attribute *out, gx_arena *arena, const gx_value *list,
                            const char *name, const char *other) {
    size_t count = 0;
    for (uint32_t i = 0; i < list->size; i++) {
        const gx_value *row = &list->as.items[i];
        for (uint32_t k = 0; row->type == GX_MAP && k < row->size; k++) {
            const gx_pair *pair = &row->as.pairs[k];
            gx_slice key = {pair->key.as.text, pair->key.size};
            if (is_plain(&pair->value) && !gx_slice_is(key, name) && !gx_slice_is(key, other)) {
                note(out, &count, arena, pair);
            }
        }
    }
    return count;
}

gx_status gx_graph_of_value(const gx_form *form, const gx_command *command, const gx_value *value,
                            gx_error *err) {
    static const gx_value empty = {.type = GX_LIST};
    const gx_graph_keys *keys = command->verb->graph;
    gx_attribute node[ATTRIBUTES_MAX], edge[ATTRIBUTES_MAX];
    const gx_value *nodes = value->type == GX_MAP ? gx_map_get(value, keys->nodes) : NULL;
    const gx_value *edges = value->type == GX_MAP ? gx_map_get(value, keys->edges) : NULL;
    lists both = {nodes ? nodes : &empty, edges ? edges : &empty};
    gx_graph_source source = {.nodes = gx_arg_is(&command->args, "part", "nodes"),
                              .id = keys->id,
                              .src = keys->src,
                              .dst = keys->dst,
                              .node = node,
                              .edge = edge,
                              .each_node = each_node,
                              .each_edge = each_edge,
                              .user = &both};
    source.node_count = attributes_of(node, command->arena, both.nodes, keys->id, keys->id);
    source.edge_count = attributes_of(edge, command->arena, both.edges, keys->src, keys->dst);
    return form->write_graph(command->out, &source, err);
}
