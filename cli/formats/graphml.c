/* GraphML (Brandes, Eiglsperger, Herman, Himsolt and Marshall 2002): read by Gephi, Cytoscape, yEd,
 * igraph and NetworkX. */
#include "cli/formats/markup.h"

#include <string.h>

typedef struct writer {
    FILE *out;
    const gx_graph_source *source;
} writer;

/* Keys are "n0", "n1", … and "e0", …: names may have any character. */
static void write_keys(FILE *out, const char *of, const gx_attribute *attribute, size_t count) {
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "  <key id=\"%c%zu\" for=\"%s\" attr.name=\"", of[0], i, of);
        gx_markup_text(out, attribute[i].name, strlen(attribute[i].name));
        fprintf(out, "\" attr.type=\"%s\"/>\n", gx_markup_type(attribute[i].type));
    }
}

static void write_data(FILE *out, char letter, const gx_value *row, const gx_attribute *attribute,
                       size_t count) {
    for (size_t i = 0; i < count; i++) {
        const gx_value *value = gx_markup_get(row, attribute[i].name);
        if (value) {
            fprintf(out, "<data key=\"%c%zu\">", letter, i);
            gx_markup_value(out, value);
            fputs("</data>", out);
        }
    }
}

static gx_status write_node(void *ctx, const gx_value *row, gx_error *err) {
    (void)err;
    const writer *w = ctx;
    fputs("    <node", w->out);
    gx_markup_attribute(w->out, "id", gx_markup_get(row, w->source->id));
    fputs(">", w->out);
    write_data(w->out, 'n', row, w->source->node, w->source->node_count);
    fputs("</node>\n", w->out);
    return GX_OK;
}

static void write_arc(void *ctx, const gx_value *row, const char *from, const char *to) {
    const writer *w = ctx;
    fputs("    <edge", w->out);
    gx_markup_attribute(w->out, "source", gx_markup_get(row, from));
    gx_markup_attribute(w->out, "target", gx_markup_get(row, to));
    fputs(">", w->out);
    write_data(w->out, 'e', row, w->source->edge, w->source->edge_count);
    fputs("</edge>\n", w->out);
}

static gx_status write_graph(FILE *out, const gx_graph_source *source, gx_error *err) {
    writer w = {out, source};
    bool directed;
    gx_status status = gx_markup_directed(&directed, source, err);
    if (status != GX_OK) {
        return status;
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n",
          out);
    write_keys(out, "node", source->node, source->node_count);
    write_keys(out, "edge", source->edge, source->edge_count);
    fprintf(out, "  <graph edgedefault=\"%sdirected\">\n", directed ? "" : "un");
    status = source->each_node(source->user, write_node, &w, err);
    if (status == GX_OK) {
        status = gx_markup_arcs(source, directed, write_arc, &w, err);
    }
    fputs("  </graph>\n</graphml>\n", out);
    return status;
}

const gx_form gx_form_graphml = {.name = "graphml", .write_graph = write_graph};
