/* The contract of everything that is computed: a pass (engine) or a model (models) is one constant
 * description and its functions, in one file, named by one row of its room's table. Loops over the
 * tables give the library call, the CLI, the RPC method, the generic tests, the benchmark line and
 * the reference page. A pass sees memory only: no file, socket, clock or environment. */
#ifndef GX_PASS_PASS_H
#define GX_PASS_PASS_H

#include "graph/base/param.h"
#include "graph/csr/firsts.h"
#include "graph/snapshot/arrays.h"

/* What a pass may be given. Whatever its needs do not name may be NULL. */
typedef struct gx_input {
    const gx_graph *graph;      /* social ties, directed, in-arrays where asked for */
    const gx_graph *undirected; /* the same without direction */
    const gx_matrix *matrix;    /* members × items, decayed weights, ts */
    const gx_labels *category;  /* of items, top level */
    const gx_matrix *times;     /* members × members: when two were last tied, both ways */
    const gx_matrix *groups;    /* members × groups they are in */
    const gx_matrix *acts;      /* members × members: how often one did something to another */
    const gx_matrix *bought;    /* members × items: purchases alone, latest time; undecayed */
    const gx_matrix *first;     /* the entries of matrix, each with the time of its first event */
    const gx_firsts *takes;     /* who took and passed on what first, and by way of whom */
    const gx_facts *facts;      /* what members did, counted */
    const uint8_t *departed;    /* members: 1 for those who have left the shop; NULL: nobody has */
    const double *against; /* items: Σ of what members say against each, faded; made with `matrix`;
                            NULL: nobody does */
    const gx_arrays *arrays; /* what earlier passes gave */
    const gx_arrays *before; /* what the last snapshot holds; NULL: there is none */
    uint32_t users, items;
    uint32_t ids_given; /* ids of circles below this may be known from snapshots after `before` */
} gx_input;

enum {
    GX_NEED_GRAPH = 1,
    GX_NEED_IN = 2, /* the transpose of `graph` */
    GX_NEED_UNDIRECTED = 4,
    GX_NEED_MATRIX = 8,
    GX_NEED_CATEGORY = 16,
    GX_NEED_TIMES = 256,
    GX_NEED_GROUPS = 512,
    GX_NEED_ACTS = 1024,
    GX_NEED_BOUGHT = 2048, /* left out where the store knows no purchases */
    GX_NEED_FIRST = 4096,
    GX_NEED_TAKES = 8192,
    GX_NEED_FACTS = 16384,
    GX_NEED_DEPARTED = 32768
};

typedef enum gx_kind {
    GX_KIND_CENTRALITY, /* gives NAME.score, f64, one a member */
    GX_KIND_COMMUNITY,  /* gives NAME.community, u32, one a member, ids 0.. by falling size */
    GX_KIND_TIE,        /* gives rows of ties */
    GX_KIND_LEADERS,
    GX_KIND_PROFILE,
    GX_KIND_MODEL,
    GX_KIND_COUNT
} gx_kind;

const char *gx_kind_name(gx_kind kind); /* "centrality" */

typedef enum gx_length { GX_LEN_USERS, GX_LEN_ITEMS, GX_LEN_OTHER } gx_length;

/* An array the pass gives, without the instance's name and dot. */
typedef struct gx_gives {
    const char *suffix; /* "score" */
    gx_dtype dtype;
    gx_length rows;
    const char *help; /* with unit */
} gx_gives;

typedef struct gx_estimate {
    uint64_t mem_bytes; /* held at the peak beyond the input */
    /* Of it, what is left in arrays of which `gives` does not tell how large they are: of other
     * lengths than members or items, or of several columns. Of a plan, all that is left. */
    uint64_t kept_bytes;
    double cpu_s; /* on one core of a machine of today; 0: not known */
    /* What it may take at the most, where the pass looks at the graph as it goes when to stop, so
     * that cpu_s is but the usual; 0: cpu_s is all there is to tell. */
    double cpu_most_s;
} gx_estimate;

typedef struct gx_pass gx_pass;
typedef struct gx_output gx_output;

struct gx_pass {
    const char *name;
    gx_kind kind;
    const char *summary;    /* one line */
    const char *paper;      /* source: authors, title, year, equation */
    const char *complexity; /* time and memory in n and m */
    unsigned needs;         /* GX_NEED_* */
    unsigned wants;         /* GX_NEED_*, used where they are given */
    /* With these parameters: what it reads of its needs and wants. Only that is made, and the rest
     * may be NULL. NULL: all, whatever the parameters. */
    unsigned (*reads)(const gx_args *args);
    const char *const *arrays; /* full names of arrays it needs, NULL-ended; NULL: none */
    const gx_gives *gives;
    size_t give_count;
    /* Suffixes of u32 arrays whose entries are numbers of members, of items, or of categories,
     * NULL-ended; NULL: none. Whoever shows them shows ids and names. */
    const char *const *member_arrays, *const *item_arrays, *const *category_arrays;
    const gx_param *params;
    size_t param_count;
    bool serial;          /* runs on one thread (the igraph adapter), never two at once */
    bool label_dependent; /* permuting the ids may change the result (ties broken by id) */
    /* Before anything runs: whatever it needs may still be NULL (but for a model's matrix), and
     * arrays of others not there yet. A graph may be one that is not there, with n and m but no
     * arrays. */
    void (*estimate)(gx_estimate *out, const gx_input *input, const gx_args *args, int threads);
    /* Adds its arrays, named with gx_output_add, and nothing else. */
    gx_status (*run)(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err);
    /* An invariant of the result, for tests and `guanxi build --check`; internal with what broke.
     */
    gx_status (*check)(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err);
};

/* Where a run puts its arrays: `instance` is the prefix (the pass's name unless it was given
 * another). */
struct gx_output {
    const char *instance;
    gx_arrays *arrays;
    gx_job *job;
};

/* A cleared array "instance.suffix". */
GX_MUST_CHECK gx_status gx_output_add(void *out_data, gx_output *out, const char *suffix,
                                      gx_dtype dtype, uint64_t rows, uint64_t cols, gx_error *err);
/* Finds "instance.suffix"; NULL where it is not there. */
const gx_array *gx_result_find(const gx_arrays *arrays, const char *instance, const char *suffix);
/* Its data; NULL where it is not there with that type and as many rows, 0: however many. */
const void *gx_result_get(const gx_arrays *arrays, const char *instance, const char *suffix,
                          gx_dtype dtype, uint64_t rows);

/* A table of passes, as a room exports it. */
typedef struct gx_pass_table {
    const gx_pass *const *rows;
    size_t count;
} gx_pass_table;

const gx_pass *gx_pass_find(const gx_pass_table *table, const char *name); /* NULL: none */

/* Of `views` (the pass's needs or wants), what it reads with these parameters. */
unsigned gx_pass_reads(const gx_pass *pass, unsigned views, const gx_args *args);

/* Runs one pass: parses `params` (a map or NULL), checks needs, estimate against the memory cap,
 * runs, and moves the arrays into `results` only when all went well. A NULL instance is the pass's
 * own name. bad_request: a parameter, or an input that is not there; not_found: an array it needs;
 * over_limit, cancelled, deadline. */
GX_MUST_CHECK gx_status gx_pass_run(gx_arrays *results, const gx_pass *pass, const char *instance,
                                    const gx_input *input, const gx_value *params, gx_job *job,
                                    gx_error *err);

/* ---- the plan: several passes, what they need before them, in order ------------------------ */

typedef struct gx_plan_step {
    const gx_pass *pass;
    const char *instance;
    const gx_value *params; /* NULL: defaults */
    gx_estimate estimate;
} gx_plan_step;

typedef struct gx_plan {
    gx_plan_step *steps;
    size_t count;
    unsigned needs; /* of all steps together */
} gx_plan;

/* Orders `wanted` and adds whatever gives the arrays they need. In `wanted` a NULL pass is looked
 * up by its instance's name, a NULL instance is the pass's own name, and the same step twice counts
 * once. The plan borrows names and parameters from `wanted`. bad_request: an unknown name (with a
 * near one), an instance asked for with two sets of parameters, a need nobody gives, a circle. */
GX_MUST_CHECK gx_status gx_plan_make(gx_plan *out, const gx_pass_table *const *tables,
                                     size_t table_count, const gx_plan_step *wanted, size_t count,
                                     gx_error *err);
/* Fills each step's estimate; the plan's own is the sum of CPU and the largest memory plus results.
 */
gx_estimate gx_plan_estimate(gx_plan *plan, const gx_input *input, int threads);
GX_MUST_CHECK gx_status gx_plan_run(gx_arrays *results, const gx_plan *plan, gx_input *input,
                                    gx_job *job, gx_error *err);
void gx_plan_finish(gx_plan *plan);

#endif
