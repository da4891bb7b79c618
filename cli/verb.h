/* The contract of a verb. One file in cli/verbs/ and one row in cli/verbs.def. Most verbs are a
 * method and the way its answer is laid out; a verb with work of its own has `run`. */
#ifndef GX_CLI_VERB_H
#define GX_CLI_VERB_H

#include "api/api.h"
#include "graph/pass/pass.h"

#include <stdio.h>

enum {
    GX_VERB_LOCAL = 1,       /* needs a store directory: not a server, not a bare file */
    GX_VERB_NO_TARGET = 2,   /* takes none */
    GX_VERB_SNAPSHOTS = 32,  /* of snapshots that were kept: not a bare file */
    GX_VERB_WRITES = 4,      /* opens the store for writing */
    GX_VERB_MAY_TARGET = 16, /* the target may be left out, and its arguments with it */
    GX_VERB_RESUMES = 64,    /* with its flag `resume` FILE.part is opened as it was left */
    GX_VERB_FILES = 128,     /* reads data files into its target */
    GX_VERB_NO_SHAPE = 256,  /* reads no data file: --preset and --undirected say nothing */
    GX_VERB_PASS_FLAGS = 8   /* flags it does not know are parameters of the pass it names */
};

typedef struct gx_command gx_command;

/* A word of the command line whose parameters are flags: a pass, a model of random graphs. */
typedef struct gx_more {
    const char *name, *summary;
    const gx_param *params;
    size_t param_count;
} gx_more;

/* Where an answer has a graph: keys of its lists and of their rows. */
typedef struct gx_graph_keys {
    const char *nodes, *id;
    const char *edges, *src, *dst;
} gx_graph_keys;

typedef struct gx_verb {
    const char *name, *group;
    const char *summary;
    const char *method;     /* what it calls; NULL: see run */
    const gx_param *params; /* beyond the method's own */
    size_t param_count;
    unsigned flags;
    const char *list;    /* key of the result's main list, for table, jsonl and csv; NULL: none */
    const char *columns; /* "a,b.c": of that list, all that a table has and the first that csv and
                            md have, b.c an entry of a map; NULL: as they come */
    bool bare_list;      /* --format json prints the list alone */
    const gx_graph_keys *graph; /* the answer can be written as a graph; NULL: it is none */
    const char *examples;       /* lines for help */
    const char *const *ids; /* lists of members that files may stand for (gx_ids_from_files), ended
                               by NULL; NULL: none */
    /* Replaces the plain call. The answer, if there is one, is printed by gx_print. */
    gx_status (*run)(gx_command *command, gx_error *err);
    /* Words on stderr about an answer of the plain call; may be NULL. */
    void (*say)(const gx_command *command, const gx_value *result);
    /* For table, csv and md: a result of lists in lists as plain rows, made in `arena`; may be
     * NULL. */
    gx_value (*rows)(gx_arena *arena, const gx_value *result);
    /* For table and md, which people read: the rows alone where `say` tells the rest, and what a
     * list in them says in words; may be NULL. */
    gx_value (*words)(gx_arena *arena, const gx_value *result);
    /* The i-th word the first positional may be and the flags that come with it, as passes are for
     * GX_VERB_PASS_FLAGS; false: no more. May be NULL. */
    bool (*more)(gx_more *out, size_t i);
    gx_kind pass_kind; /* of GX_VERB_PASS_FLAGS: which passes; GX_KIND_COUNT: all */
    /* Changes the arguments between flags and method; may be NULL. */
    gx_status (*prepare)(gx_command *command, gx_error *err);
} gx_verb;

/* GX_FORMAT_TABLE, … */
typedef enum gx_format {
#define GX_FORM(id, name) GX_FORMAT_##id,
#include "cli/formats.def"
#undef GX_FORM
} gx_format;

/* A command line, taken apart. */
struct gx_command {
    const gx_verb *verb;
    const char *target; /* as given; NULL: none */
    gx_arena *arena;
    gx_value
        given; /* flags and positionals by parameter name, as text, for the verb and its method */
    gx_value pass_flags; /* flags of passes or of `more`: a map */
    gx_args args;        /* `given` checked against the verb's table, method's included */
    gx_args common;      /* against gx_cli_common */
    gx_format format;
    FILE *out;
    bool keep_part;   /* the verb failed, but what it wrote is whole up to there: FILE.part stays */
    bool from_files;  /* the target was made of files, in the shape that was given */
    const char *part; /* where -o FILE is written until it is whole; NULL: not to a plain file */
    gx_job job;
    struct gx_progress *progress;
};

typedef struct gx_verb_table {
    const gx_verb *const *rows;
    size_t count;
} gx_verb_table;

const gx_verb_table *gx_verbs(void);
const gx_verb *gx_verb_find(const char *name);
/* Flags every verb takes. */
extern const gx_param gx_cli_common[];
extern const size_t gx_cli_common_count;
/* The verb's whole table: its own parameters, then its method's; in the arena. */
const gx_param *gx_verb_params(size_t *out_count, gx_arena *arena, const gx_verb *verb);
/* The i-th of `more`, or of the passes; false: no more, or none at all. */
bool gx_verb_more(gx_more *out, const gx_verb *verb, size_t i);
/* The one of that name; NULL: there is none. */
const gx_param *gx_param_find(const gx_param *params, size_t count, const char *name);
/* The method's arguments out of the command's: those the method has, that were given. */
gx_value gx_method_args(const gx_command *command, const gx_method *method);

/* Takes argv apart, without the program's name. On bad_request the message says what is accepted.
 */
GX_MUST_CHECK gx_status gx_command_parse(gx_command *out, gx_arena *arena, int argc, char **argv,
                                         gx_error *err);
/* A `prepare`: flags of the pass into `params`. */
GX_MUST_CHECK gx_status gx_prepare_pass_flags(gx_command *command, gx_error *err);
/* The pass the words name; NULL: none, or a verb that runs none. */
const gx_pass *gx_command_pass(const gx_command *command);
/* The text of a flag given for the verb's own parameter; NULL where it was not. */
const char *gx_given_text(const gx_command *command, const char *name);

/* The map in a file of JSON, or the one under `key` in it where there is one. bad_request: it is
 * none. */
GX_MUST_CHECK gx_status gx_map_file_read(gx_value *out, const char *path, const char *key,
                                         gx_arena *arena, gx_error *err);
/* A new map: what `over` has goes before, and maps that both have are joined alike. */
gx_value gx_map_over(const gx_value *over, const gx_value *under, gx_arena *arena);

/* "seeds.csv", "-", or a path to something that is there. */
bool gx_is_id_file(const char *text);
/* The ids of members in a file, as gx_import_ids reads it; bad_request: there are none. */
GX_MUST_CHECK gx_status gx_ids_of_file(gx_value *out, const char *path, gx_arena *arena,
                                       gx_error *err);
/* In the list `name` of the arguments what stands in files in place of their names: FILE.csv, or
 * whatever gx_import_ids reads. */
GX_MUST_CHECK gx_status gx_ids_from_files(gx_value *args, gx_command *command, const char *name,
                                          gx_error *err);
/* In place of the argument `name`, where it is called like a file of a table or a path (no field
 * is), the map in it: a member and a number a line, as gx_import_pairs reads, or of FILE.json the
 * map {member: number}. */
GX_MUST_CHECK gx_status gx_numbers_from_file(gx_value *args, gx_command *command, const char *name,
                                             gx_error *err);

/* An argument as text that ends with 0, as the words of the command line do; NULL: not given. */
const char *gx_arg_word(const gx_args *args, const char *name);

/* ---- targets -------------------------------------------------------------------------------- */

/* Of a server, not a path: "unix:…", "tcp:…". */
bool gx_is_address(const char *text);
bool gx_is_store(const char *text);
/* Calls a method of the command's target: a store, a server, or a file or folder that is imported
 * into a throwaway store. The answer is in the command's arena; the line of progress is over. */
GX_MUST_CHECK gx_status gx_ask(gx_value *out, gx_command *command, const char *method,
                               const gx_value *args, gx_error *err);

/* The plain verb, for a `run` that is one in some cases: asks the verb's method and prints. */
GX_MUST_CHECK gx_status gx_run_method(gx_command *command, gx_error *err);

/* The same target for many calls. A throwaway store is built by the first that needs it. */
typedef struct gx_target gx_target;
GX_MUST_CHECK gx_status gx_target_open(gx_target **out, gx_command *command, gx_error *err);
/* The answer is in `arena`. */
GX_MUST_CHECK gx_status gx_target_call(gx_value *out, gx_target *target, const char *method,
                                       const gx_value *args, gx_command *command, gx_arena *arena,
                                       gx_error *err);
void gx_target_close(gx_target *target); /* accepts NULL */

/* Opens the store, or what the file or folder makes, for `fn`. */
GX_MUST_CHECK gx_status gx_with_db(gx_command *command,
                                   gx_status (*fn)(void *user, gx_db *db, gx_error *err),
                                   void *user, gx_error *err);

/* ---- output -----------------------------------------------------------------------------------
 */

/* For `rows` of a verb: row[as] is from[key], nil where that has none. */
void gx_row_copy(gx_arena *arena, gx_value *row, const char *as, const gx_value *from,
                 const char *key);
/* For `rows` of a verb: all that `from` has and the row has not, but the keys `told` ("a,b"), which
 * the row tells under another name. */
void gx_row_rest(gx_arena *arena, gx_value *row, const gx_value *from, const char *told);
/* A time in milliseconds under `key`, if there is one, as people read it. */
void gx_row_time(gx_arena *arena, gx_value *row, const char *key);
/* The texts that the maps of a list (NULL: none) have under `key` (NULL: the texts of the list), as
 * one. */
gx_value gx_row_join(gx_arena *arena, const gx_value *list, const char *key, const char *between);
/* A `rows`: rank, item, title, score and why of each of the map's `items`. */
gx_value gx_rows_of_items(gx_arena *arena, const gx_value *result);
/* A map as rows of {part, name, figure, value}: part is where in the map, "audience.regions", `top`
 * of what is in no map within it; an entry of a list goes by its first value and has a row a
 * figure. */
gx_value gx_rows_of_figures(gx_arena *arena, const char *top, const gx_value *map);
/* The entries of a map (NULL: none), each as a column of the row. */
void gx_row_add(gx_arena *arena, gx_value *row, const gx_value *map);
/* A `say`: what a list of one map is short of, and which ids the store does not have. */
void gx_say_list(const gx_command *command, const gx_value *result);
/* A `say`: the same, and who of those who were named has departed. */
void gx_say_group(const gx_command *command, const gx_value *result);
/* Its `notes`, a line each. */
void gx_say_notes(const gx_command *command, const gx_value *result);
/* What was met in the log and could not be used as it stands, by the counts of an answer (NULL:
 * none). */
void gx_say_odd(const gx_command *command, const gx_value *counts);
/* " (2.7 to 1136.0 with 95%)" of an average with an `interval`, else "". In the arena. */
const char *gx_interval_text(const gx_command *command, const gx_value *average);
/* A `say`: each of `notes`; gx_say_list does too. */
void gx_say_notes(const gx_command *command, const gx_value *result);
/* A `say`, where it is assumed how many of those reached take it (`rate`, `rate_from`). */
void gx_say_rate(const gx_command *command, const gx_value *result);
/* A `say`: how many circles are not in the list that is shown. */
void gx_say_circles(const gx_command *command, const gx_value *result);
/* In the command's format. `list` and `columns` as in gx_verb. */
GX_MUST_CHECK gx_status gx_print(const gx_command *command, const gx_value *value, const char *list,
                                 const char *columns, bool bare_list, gx_error *err);
/* What a failed write to the output means: io, or nothing where the reader has gone away. */
GX_MUST_CHECK gx_status gx_write_failed(gx_error *err);
/* bad_request where a flag was given that neither `method` has nor the `count` of `own`; `of` is
 * what was asked for, as it is typed: "`guanxi credit STORE ledger`". */
GX_MUST_CHECK gx_status gx_refuse_others(const gx_command *command, const gx_method *method,
                                         const char *const *own, size_t count, const char *of,
                                         gx_error *err);
/* bad_request where --show, which chooses one list of several, was given with --format json, which
 * has them all. */
GX_MUST_CHECK gx_status gx_refuse_show(const gx_command *command, gx_error *err);
/* One line on stderr; quiet under --progress none. */
void gx_say(const gx_command *command, const char *format, ...) GX_PRINTF(2, 3);

/* ---- progress ----------------------------------------------------------------------------------
 */

void gx_progress_begin(gx_command *command);
void gx_progress_end(gx_command *command);

/* ---- help ---------------------------------------------------------------------------------------
 */

void gx_help_overview(FILE *out);
void gx_help_verb(FILE *out, gx_arena *arena, const gx_verb *verb);
void gx_help_pass(FILE *out, const gx_pass *pass);
/* "half_life" as it is typed: "half-life". */
void gx_flag_name(char *out, size_t size, const char *name);
void gx_help_man(FILE *out, gx_arena *arena);
void gx_help_completion(FILE *out, gx_arena *arena);

#endif
