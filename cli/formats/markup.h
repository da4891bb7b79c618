/* Text and values inside of XML: what GraphML, GEXF and SVG have in common. */
#ifndef GX_CLI_FORMATS_MARKUP_H
#define GX_CLI_FORMATS_MARKUP_H

#include "cli/format.h"

/* Escaped for text and for attributes; what XML has no way to say (control characters, bytes that
 * are no UTF-8) becomes U+FFFD. */
void gx_markup_text(FILE *out, const char *text, size_t size);
/* A plain value as text: numbers exact, true and false. Nothing for nil, lists and maps. */
void gx_markup_value(FILE *out, const gx_value *value);
/* The row's value of that key where it has one that is not nil. */
const gx_value *gx_markup_get(const gx_value *row, const char *key);
/* That value as a number; `fallback` where it is none. */
double gx_markup_number(const gx_value *row, const char *key, double fallback);

#endif
