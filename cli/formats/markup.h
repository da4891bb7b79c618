/* Text and values inside of XML: what GraphML, GEXF and SVG have in common. */
#ifndef GX_CLI_FORMATS_MARKUP_H
#define GX_CLI_FORMATS_MARKUP_H

#include "cli/format.h"

/* Escaped for text and for attributes; what XML has no way to say (control characters, bytes that
 * are no UTF-8) becomes U+FFFD. */
void gx_markup_text(FILE *out, const char *text, size_t size);
/* A plain value as text: numbers exact, true and false. Nothing for nil, lists and maps. */
void gx_markup_value(FILE *out, const gx_value *value);
/* ` name="value"`, empty for NULL. */
void gx_markup_attribute(FILE *out, const char *name, const gx_value *value);
/* What GraphML and GEXF call such values. */
const char *gx_markup_type(gx_type type);
/* The row's value of that key where it has one that is not nil. */
const gx_value *gx_markup_get(const gx_value *row, const char *key);
/* That value as a number; `fallback` where it is none. */
double gx_markup_number(const gx_value *row, const char *key, double fallback);

/* Each edge as arcs from `from` to `to` (keys of the row). GraphML and GEXF let every edge say its
 * direction, but NetworkX refuses that, and igraph does not look at it. So a graph in which some
 * edge goes one way is `directed`, and an edge that goes both ways is two arcs there. */
typedef void (*gx_arc_fn)(void *ctx, const gx_value *row, const char *from, const char *to);
GX_MUST_CHECK gx_status gx_markup_directed(bool *out, const gx_graph_source *source, gx_error *err);
GX_MUST_CHECK gx_status gx_markup_arcs(const gx_graph_source *source, bool directed, gx_arc_fn fn,
                                       void *ctx, gx_error *err);

#endif
