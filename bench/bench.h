/* The benchmark runner: one table of tasks, one line a result. A task is a file and a row of
 * bench/tasks.def. Peers run beside guanxi, on the same input, in the same run. */
#ifndef GX_BENCH_BENCH_H
#define GX_BENCH_BENCH_H

#include "graph/codec/codec.h"
#include "graph/csr/graph.h"

/* One line: medians over the runs. */
typedef struct gx_bench_line {
    const char *task, *tool; /* "pagerank", "guanxi"; texts are copied by `emit` */
    const char *graph;       /* of the input, "lfr_100k_mu5" */
    uint64_t input;          /* hash of what was read; 0: generated */
    uint64_t members, ties;  /* of the graph, a tie either way counted once; 0: there is none */
    int threads;
    double wall_s, wall_min_s, cpu_s;
    uint64_t rss_bytes;     /* the most the process held while this task ran */
    double value;           /* what tells that the answer is right: modularity, calls a second, … */
    const char *value_name; /* NULL: there is none */
    double p50_us, p99_us;  /* of calls; 0: does not apply */
    double p999_us;         /* 0: not measured */
    bool has_peer;          /* ratio and agrees are set */
    double ratio;           /* own shortest wall time over the fastest peer's; see docs/bench.md */
    bool agrees;
    uint64_t
        mem_bytes;   /* what the process grew by at the most while the task ran; 0: not measured */
    const char *how; /* how the answers were compared, and how near they are; NULL: they were not */
    bool is_peer;    /* `equal` is set: its answer is as good as guanxi's */
    bool equal;
    const char *version;                 /* of a peer; NULL: guanxi */
    double over_s;                       /* the peer was stopped after so long; 0: it was not */
    const char *note;                    /* why there is no time; NULL: there is one */
    bool has_estimate;                   /* the four below are set */
    uint64_t estimate_bytes, used_bytes; /* of the job: told before, and held at the peak */
    double estimate_cpu_s;               /* told before; measured is cpu_s */
    double estimate_most_s;              /* the most it may take; 0: not told */
} gx_bench_line;

typedef struct gx_bench {
    const char *suite;
    int runs;    /* counted ones; one more warms up */
    int threads; /* the most to use; 1 is measured too */
    bool peers;
    const char *data; /* file or folder; NULL: what guanxi generates */
    /* Of the suite recommend. */
    const char *model; /* of the interest channel; NULL: the usual one */
    uint32_t members;  /* of the shop that is made; 0: 200,000 */
    /* Of the suite graph. */
    const gx_value
        *have; /* lines of a run that was interrupted: their tasks are left out; NULL: none */
    const gx_value *only; /* list of task names; NULL: all but the quadratic of large graphs */
    const gx_value *thread_list; /* of numbers as text; NULL: 1 and `threads` */
    const gx_value *tools;       /* list of peers; NULL: all there are */
    const char *python;          /* with the peers' packages; one that is not there is left out */
    const char *scripts;         /* folder of with_PEER.py */
    double peer_limit_s; /* one run of a peer at most, but for tasks that take guanxi as long */
    uint64_t rss_limit;  /* guanxi's runs fail beyond it; 0: none */
    double budget_s;     /* no further run of a tool on a task after so long */
    gx_job *job;
    void (*emit)(void *user, const gx_bench_line *line, const char *suite);
    void (*say)(void *user, const char *format, ...) GX_PRINTF(2, 3); /* for people */
    void *user;
} gx_bench;

typedef struct gx_bench_task {
    const char *suite, *summary;
    gx_status (*run)(gx_bench *bench, gx_error *err);
} gx_bench_task;

typedef struct gx_bench_table {
    const gx_bench_task *const *rows;
    size_t count;
} gx_bench_table;

const gx_bench_table *gx_bench_tasks(void);
/* Every task of the suite ("all": of every suite). not_found names the suites there are. */
GX_MUST_CHECK gx_status gx_bench_run(gx_bench *bench, gx_error *err);

/* ---- timing --------------------------------------------------------------------------------- */

typedef gx_status (*gx_bench_fn)(void *user, gx_error *err);

/* Sorts them. */
double gx_bench_median(double *values, int count);
/* One warm-up, then `runs`; fills the medians of the line. `setup` (may be NULL) is not timed. */
GX_MUST_CHECK gx_status gx_bench_time(gx_bench_line *line, int runs, gx_bench_fn fn,
                                      gx_bench_fn setup, void *user, gx_error *err);

/* "AMD EPYC …", and the commit this was built from ("unknown" outside a checkout). */
const char *gx_bench_cpu(void);
const char *gx_bench_commit(void);
uint64_t gx_bench_hash(uint64_t seed, const void *data, size_t bytes);
/* Forgets the peak so far, and reads the peak since. */
void gx_bench_rss_reset(void);
uint64_t gx_bench_rss_peak(void);
uint64_t gx_bench_rss_now(void);

/* ---- inputs --------------------------------------------------------------------------------- */

typedef struct gx_bench_arcs {
    char name[64];
    uint32_t n;
    uint64_t m;
    uint32_t *src, *dst;
    uint32_t *label; /* of each node or GX_NONE, from labels.txt beside the edges; NULL: no node */
    uint64_t hash;
} gx_bench_arcs;

/* Calls `fn` for each edge list at `path`: the file, the ties of a store, or edges*.txt.gz in the
 * folder and in those below it, by name. */
typedef gx_status (*gx_bench_arcs_fn)(void *user, const gx_bench_arcs *arcs, gx_error *err);
GX_MUST_CHECK gx_status gx_bench_each_graph(const char *path, gx_bench_arcs_fn fn, void *user,
                                            gx_job *job, gx_error *err);
/* A file of "user item item …" a line; members × items. */
GX_MUST_CHECK gx_status gx_bench_matrix(gx_matrix *out, const char *path, gx_job *job,
                                        gx_error *err);
/* A sample shop, imported and built, in a folder the caller removes. */
GX_MUST_CHECK gx_status gx_bench_shop(const char *folder, uint32_t users, gx_job *job,
                                      gx_error *err);

/* ---- pages --------------------------------------------------------------------------------------
 */

/* Adds the lines of a file of JSON lines to a list; they are made in the arena. */
GX_MUST_CHECK gx_status gx_bench_read(gx_value *list, gx_arena *arena, const char *path,
                                      gx_error *err);
/* The whole of a file of at most 1 MiB, ended by '\0', in the arena. */
GX_MUST_CHECK gx_status gx_bench_read_text(const char **out, gx_arena *arena, const char *path,
                                           gx_error *err);
/* Lines of the suite graph (maps, as the bench verb prints them) as a row a graph and task: guanxi
 * beside the fastest peer whose answer is as good (where all are worse, the fastest), at each
 * number of threads; tasks that no peer ran are left out where there are peers. Made in the arena.
 */
gx_value gx_bench_page(gx_arena *arena, const gx_value *lines);
/* Numbers of one task, at one number of threads. */
typedef struct gx_bench_pair {
    const gx_value *ours, *peer; /* lines; peer NULL: none is to be compared with */
    double ratio;                /* of shortest runs; where the peer was stopped, at most this; NAN:
                                    there is none */
    bool stopped;                /* the peer did not end within its limit */
} gx_bench_pair;
gx_bench_pair gx_bench_pair_of(const gx_value *lines, const gx_value *ours);
bool gx_bench_is_ours(const gx_value *line);
gx_slice gx_bench_text(const gx_value *value);               /* empty: it is none, or NULL */
bool gx_bench_lists(const gx_value *list, const char *text); /* NULL: no */
/* not_found: the list (NULL: nothing) names a task that is not among these. */
GX_MUST_CHECK gx_status gx_bench_check_only(const gx_value *only, const char *const *names,
                                            size_t count, gx_error *err);
gx_value gx_bench_digits(gx_arena *arena,
                         double value); /* three, as text; "–" where there are none */
bool gx_bench_same(const gx_value *a, const gx_value *b, const char *key); /* as text or number */
double gx_bench_real(const gx_value *line, const char *key);               /* NAN: it has none */

/* The same lines as a page of Markdown: how it was made, a section with a table for each graph, the
 * speed against igraph where bars are set, every row above 1.0, and, of lines of the suite
 * estimates that are among them, how far those hold and what a process held. What people wrote for
 * it comes from the notes (text of a file, see bench/graph_notes.md; NULL: none). */
void gx_bench_document(gx_buffer *out, gx_arena *arena, const gx_value *lines, const char *notes);

/* Lines of the suite estimates (or graph) as a row a graph, task and number of threads: told, held
 * or taken, their ratio, and whether both are within a fifth ("yes", "memory" or "time" where only
 * that is, "range" where time is within the most that was told and memory within a fifth, "no");
 * memory below a megabyte and time below 10 ms are not judged. */
gx_value gx_bench_estimates_page(gx_arena *arena, const gx_value *lines);
/* The lines of the suite estimates, or all others. */
gx_value gx_bench_lines_of(gx_arena *arena, const gx_value *lines, bool estimates);
/* Parts of the document: how far what was told held, and what a process held on a line's graph. */
void gx_bench_told(gx_buffer *out, gx_arena *arena, const gx_value *lines);
void gx_bench_memory(gx_buffer *out, const gx_value *lines, const gx_value *graph);

/* ---- two runs compared -------------------------------------------------------------------------
 */

/* Lines of two JSON-lines files side by side: {suite, task, graph, tool, threads, before_s,
 * after_s, ratio}, as a list made in `arena`. */
GX_MUST_CHECK gx_status gx_bench_compare(gx_value *out, gx_arena *arena, const char *before,
                                         const char *after, gx_error *err);

#endif
