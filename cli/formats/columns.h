/* Which keys of a list of rows are shown, in which order: for the formats that have columns. */
#ifndef GX_CLI_FORMATS_COLUMNS_H
#define GX_CLI_FORMATS_COLUMNS_H

#include "cli/format.h"
#include "graph/codec/codec.h"

enum { GX_COLUMNS_MAX = 160 };

typedef struct gx_column_names {
    gx_slice name[GX_COLUMNS_MAX];
    size_t count;
} gx_column_names;

/* One more; false: it is there already, or there is no room. */
bool gx_columns_add(gx_column_names *c, gx_slice name);
/* The given ones ("a,b,c"), else every key in the order it is first seen in the first hundred
 * rows; none where there is no row either. */
void gx_columns_choose(gx_column_names *out, const gx_value *list, const char *given);
/* The given ones, then all that any row has, in the order it is first seen; a map is not a column
 * but its entries are, OUTER.NAME, behind each other. Names are in the arena. None where none is
 * given and there is no row: then nothing is known of what a row would have, and nothing printed.
 */
void gx_columns_all(gx_column_names *out, gx_arena *arena, const gx_value *list, const char *given);
/* The row's value of that column, which may be OUTER.NAME of a map in it; NULL where it has none. A
 * row that is not a map is its own "value". */
const gx_value *gx_columns_cell(const gx_value *row, gx_slice column);
/* A cell for people: reals rounded to what is worth reading, a list as "a, b". */
void gx_columns_text(gx_buffer *out, const gx_value *value);

#endif
