/* GEXF 1.2, Gephi's own format: attributes, positions and sizes. */
#include "cli/formats/markup.h"

#include <string.h>

typedef struct writer {
    FILE *out;
    const gx_graph_source *source;
    uint64_t arcs;
} writer;

enum { SQUARE = 1000 }; /* Gephi's unit is about a node's size: -1 … 1 becomes -1000 … 1000 */

static void write_attributes(FILE *out, const char *of, const gx_attribute *attribute,
                             size_t count) {
    if (count) {
        fprintf(out, "    <attributes class=\"%s\">\n", of);
    }
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "      <attribute id=\"%zu\" title=\"", i);
        gx_markup_text(out, attribute[i].name, strlen(attribute[i].name));
        fprintf(out, "\" type=\"%s\"/>\n", gx_markup_type(attribute[i].type));
    }
    if (count) {
        fputs("    </attributes>\n", out);
    }
}

static void write_values(FILE *out, const gx_value *row, const gx_attribute *attribute,
                         size_t count) {
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        const gx_value *value = gx_markup_get(row, attribute[i].name);
        if (value) {
            fprintf(out, "%s<attvalue for=\"%zu\" value=\"", any ? "" : "<attvalues>", i);
            gx_markup_value(out, value);
            fputs("\"/>", out);
            any = true;
        }
    }
    fputs(any ? "</attvalues>" : "", out);
}

static gx_status write_node(void *ctx, const gx_value *row, gx_error *err) {
    (void)err;
    const writer *w = ctx;
    const gx_value *id = gx_markup_get(row, w->source->id), *label = gx_markup_get(row, "label");
    fputs("      <node", w->out);
    gx_markup_attribute(w->out, "id", id);
    gx_markup_attribute(w->out, "label", label ? label : id);
    fputs(">", w->out);
    write_values(w->out, row, w->source->node, w->source->node_count);
    if (gx_markup_get(row, "x") && gx_markup_get(row, "y")) {
        /* Gephi's y points upwards. */
        fprintf(w->out, "<viz:position x=\"%.3f\" y=\"%.3f\"/>",
                SQUARE * gx_markup_number(row, "x", 0), -SQUARE * gx_markup_number(row, "y", 0));
    }
    if (gx_markup_get(row, "radius")) {
        fprintf(w->out, "<viz:size value=\"%.3f\"/>", SQUARE * gx_markup_number(row, "radius", 0));
    }
    fputs("</node>\n", w->out);
    return GX_OK;
}

static void write_arc(void *ctx, const gx_value *row, const char *from, const char *to) {
    writer *w = ctx;
    const gx_value *weight = gx_markup_get(row, "weight");
    fprintf(w->out, "      <edge id=\"%llu\"", (unsigned long long)w->arcs++);
    gx_markup_attribute(w->out, "source", gx_markup_get(row, from));
    gx_markup_attribute(w->out, "target", gx_markup_get(row, to));
    if (weight) {
        gx_markup_attribute(w->out, "weight", weight);
    }
    fputs(">", w->out);
    write_values(w->out, row, w->source->edge, w->source->edge_count);
    fputs("</edge>\n", w->out);
}

static gx_status write_graph(FILE *out, const gx_graph_source *source, gx_error *err) {
    writer w = {out, source, 0};
    bool directed;
    gx_status status = gx_markup_directed(&directed, source, err);
    if (status != GX_OK) {
        return status;
    }
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<gexf xmlns=\"http://www.gexf.net/1.2draft\" "
            "xmlns:viz=\"http://www.gexf.net/1.2draft/viz\" "
            "version=\"1.2\">\n  <graph defaultedgetype=\"%sdirected\">\n",
            directed ? "" : "un");
    write_attributes(out, "node", source->node, source->node_count);
    write_attributes(out, "edge", source->edge, source->edge_count);
    fputs("    <nodes>\n", out);
    status = source->each_node(source->user, write_node, &w, err);
    fputs("    </nodes>\n    <edges>\n", out);
    if (status == GX_OK) {
        status = gx_markup_arcs(source, directed, write_arc, &w, err);
    }
    fputs("    </edges>\n  </graph>\n</gexf>\n", out);
    return status;
}

const gx_form gx_form_gexf = {.name = "gexf", .write_graph = write_graph};
