/* The contract of an output form: one file in cli/formats/ and one row in cli/formats.def. Most
 * forms write any answer; a graph form writes nodes and edges, of an answer that has them or of a
 * whole store. */
#ifndef GX_CLI_FORMAT_H
#define GX_CLI_FORMAT_H

#include "cli/verb.h"

/* An answer, as the verb lays it out. */
typedef struct gx_answer {
    const gx_value *value;
    const gx_value *rows; /* its main list; NULL: none */
    const char *list;     /* that list's key */
    const char *columns;  /* "a,b,c" of that list; NULL: as they come */
    bool bare_list;       /* JSON shows the list alone */
} gx_answer;

/* What nodes or edges have beyond their names: GX_BOOL, GX_INT, GX_REAL or GX_TEXT. */
typedef struct gx_attribute {
    const char *name;
    gx_type type;
} gx_attribute;

typedef gx_status (*gx_row_fn)(void *ctx, const gx_value *row, gx_error *err);

/* A graph that can be read more than once, a row at a time; a row is a map and lives until the
 * next. The keys `x`, `y` (position), `label`, `community`, `weight` and `directed` mean the same
 * to every graph form. */
typedef struct gx_graph_source {
    bool nodes; /* a form with room for one list has the nodes in it, else the edges */
    const char *id, *src, *dst; /* keys of the names: of a node, of an edge's ends */
    const gx_attribute *node, *edge;
    size_t node_count, edge_count;
    gx_status (*each_node)(void *user, gx_row_fn fn, void *ctx, gx_error *err);
    gx_status (*each_edge)(void *user, gx_row_fn fn, void *ctx, gx_error *err);
    void *user;
} gx_graph_source;

/* A verb's row for the forms that have one list. */
/* clang-format off */
#define GX_PART_PARAM                                                                              \
    {"part", GX_PARAM_CHOICE, "edges", GX_PARAM_UNCHECKED, NULL, "edges|nodes", 0,                 \
     "of csv and jsonl, which have one list: the edges, or what is at their ends"}
/* clang-format on */

typedef struct gx_form {
    const char *name;
    bool flat; /* has no room for lists in lists: gx_verb.rows comes first */
    /* At least one of the two; with both, a graph is written by the second. Failures of the file
     * itself are found afterwards. */
    void (*write)(FILE *out, const gx_answer *answer);
    gx_status (*write_graph)(FILE *out, const gx_graph_source *source, gx_error *err);
} gx_form;

const gx_form *gx_form_of(gx_format format);
gx_format gx_form_find(gx_slice name); /* of one of the choices */
/* bad_request: a graph form, of a verb whose answer is none; --part, of another form. */
GX_MUST_CHECK gx_status gx_form_check(const gx_command *command, gx_error *err);

/* The graph in an answer, by the keys of the command's verb, to a graph form. */
GX_MUST_CHECK gx_status gx_graph_of_value(const gx_form *form, const gx_command *command,
                                          const gx_value *value, gx_error *err);

/* Writes what the buffer holds, and empties it. */
void gx_buffer_flush(gx_buffer *buffer, FILE *out);
void gx_print_json(FILE *out, const gx_value *value, bool indented);

#endif
