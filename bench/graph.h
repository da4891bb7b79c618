/* Inside the room only: the suite `graph`. Contestants (guanxi at several numbers of threads, and
 * peers) run each task of graph_tasks.def in turns on the same graph, so that what else the machine
 * does meets all of them; then their answers are compared. */
#ifndef GX_BENCH_GRAPH_H
#define GX_BENCH_GRAPH_H

#include "bench/bench.h"
#include "graph/pass/pass.h"

#include <sys/types.h>

/* How answers are compared with guanxi's. */
typedef enum gx__compare {
    GX__SCORES,    /* member by member, within the tolerance */
    GX__DIRECTION, /* the same after dividing by the largest: a factor is free */
    GX__TOP,       /* the scores sorted: of equal ones any may have been left out */
    GX__PARTITION, /* the same groups, whatever their numbers */
    GX__QUALITY,   /* modularity of its ties no lower than the others' by more than the tolerance */
    GX__TRUTH,     /* NMI with the labels no lower; where there are none, modularity */
    GX__TIME       /* only timed: tools draw samples of their own */
} gx__compare;

/* In what time grows with: ties, ties times hundreds of searches, the sum of squares of degrees,
 * members × ties; the last two with members and members × ties, but so slowly done that only
 * smaller graphs are for them. */
typedef enum gx__cost {
    GX__LINEAR,
    GX__SEARCHES,
    GX__TWO_STEPS,
    GX__QUADRATIC,
    GX__SLOW,
    GX__SLOWEST
} gx__cost;

typedef struct gx__task {
    const char *name;
    const char *pass;   /* of the engine; NULL: a build of the graph */
    const char *params; /* "samples=16,weighted=false" */
    bool directed;
    gx__compare compare;
    double tolerance;
    gx__cost cost;
} gx__task;

/* What a row of a table of tasks stands for, as GX_TASK(…). */
#define GX__TASK_ROW(name_, pass_, params_, directed_, compare_, tolerance_, cost_)                \
    {.name = name_,                                                                                \
     .pass = pass_,                                                                                \
     .params = params_,                                                                            \
     .directed = directed_,                                                                        \
     .compare = GX__##compare_,                                                                    \
     .tolerance = tolerance_,                                                                      \
     .cost = GX__##cost_},

enum { GX__TASKS_MAX = 128 }; /* of a table */

/* A graph to compete on. */
typedef struct gx__ground {
    gx_bench *bench;
    const gx_bench_arcs *arcs;
    gx_graph ties, undirected;
    gx_matrix groups;           /* that members are in: none */
    uint64_t tie_count;         /* either way counted once */
    float *weight[2][2];        /* of rows [directed][in]; NULL: not made, or the out-rows' */
    char folder[GX_FOLDER_MAX]; /* for peers: files of pairs of u32: `arcs` as given,
                                    `directed` and `undirected` each tie once, and files of a
                                    byte a tie with weights */
} gx__ground;

/* ---- the ground (ground.c) --------------------------------------------------------------------
 */

/* To be finished, also where it fails. */
GX_MUST_CHECK gx_status gx__ground_make(gx__ground *out, gx_bench *bench, const gx_bench_arcs *arcs,
                                        gx_error *err);
void gx__ground_finish(gx__ground *ground);
/* Makes the folder. */
GX_MUST_CHECK gx_status gx__ground_write(gx__ground *ground, gx_error *err);
/* The file `answer` in the folder, a double a member. corrupt, naming the peer: it is not whole. */
GX_MUST_CHECK gx_status gx__answer_write(const gx__ground *ground, const double *answer,
                                         gx_error *err);
GX_MUST_CHECK gx_status gx__answer_read(double **out, const gx__ground *ground, const char *peer,
                                        gx_error *err);
/* Ties have no weights in the files, so those of weighted tasks are drawn from the pair: 1 to 10,
 * whichever of the two is first. */
uint8_t gx__pair_weight(uint32_t u, uint32_t v);
/* The task counts ties by their weights. */
bool gx__is_weighted(const gx__task *task);
/* Makes weights where there are none yet. */
GX_MUST_CHECK gx_status gx__weigh(gx__ground *ground, bool directed, gx_error *err);
/* The ties of one kind, borrowed; with weights where they are wanted and were made. */
gx_graph gx__ties_of(const gx__ground *ground, bool directed, bool weighted);

/* ---- peers ------------------------------------------------------------------------------------
 */

/* One run. */
typedef struct gx__result {
    double wall_s, cpu_s;
    uint64_t rss_bytes, mem_bytes;
    double *answer; /* one number a member, to be freed; NULL: none was given */
} gx__result;

/* What guanxi's pass told before, and what its job then held. */
typedef struct gx__told {
    gx_estimate estimate;
    uint64_t used_bytes;
} gx__told;

/* Guanxi itself (ours.c). The task's pass is in the engine's table, or it is a build. */
bool gx__is_ours(const gx__task *task);
/* A run of it; weights were made. A build replaces the ties. */
GX_MUST_CHECK gx_status gx__run_ours(gx__result *out, gx__told *told, gx__ground *ground,
                                     const gx__task *task, int threads, gx_error *err);

typedef struct gx__peer gx__peer;
struct gx__peer {
    const char *name, *version;
    int threads; /* the most it can use */
    bool (*knows)(const gx__peer *peer, const char *task);
    int (*threads_for)(const gx__peer *peer, const char *task); /* of those */
    /* Makes the graph that a task works on, which has no limit; NULL: `run` does. */
    gx_status (*load)(gx__peer *peer, const gx__task *task, gx_error *err);
    /* deadline: `limit_s` is over; the peer can be asked again. */
    gx_status (*run)(gx__peer *peer, gx__result *out, const gx__task *task, int threads,
                     double limit_s, gx_error *err);
    void (*close)(gx__peer *peer);
};

/* igraph's C library, in this process; it has `load`. */
GX_MUST_CHECK gx_status gx__peer_igraph(gx__peer **out, const gx__ground *ground, gx_error *err);
/* The same peer in a process forked from this one. Takes `inner`, also where it fails. The folder
 * of the ground must be there. */
GX_MUST_CHECK gx_status gx__peer_apart(gx__peer **out, gx__peer *inner, const gx__ground *ground,
                                       gx_error *err);
/* bench/peers/with_NAME.py in a process of its own. not_found: it is not installed. */
GX_MUST_CHECK gx_status gx__peer_script(gx__peer **out, const char *name, const gx__ground *ground,
                                        gx_error *err);

/* A process with a pipe to it and one from it (child.c). */
typedef struct gx__child {
    pid_t process; /* 0: not running */
    int in, out;   /* ours: what it reads, what it writes */
} gx__child;

/* `become` runs in the new process, with its own ends of the pipes; where it returns, the process
 * ends. io names the peer. */
GX_MUST_CHECK gx_status gx__child_start(gx__child *out, void (*become)(void *user, int in, int out),
                                        void *user, const char *name, gx_error *err);
void gx__child_stop(gx__child *child); /* at once */

/* ---- agreement (agree.c) ----------------------------------------------------------------------
 */

typedef struct gx__verdict {
    bool compared, agrees;
    bool counts; /* theirs is as good as ours: a time to beat */
    char how[120];
} gx__verdict;

/* Answers are groups, of which one may be better than another. */
bool gx__judges_groups(const gx__task *task);
/* Of an answer beside guanxi's. */
GX_MUST_CHECK gx_status gx__agree(gx__verdict *out, const gx__ground *ground, const gx__task *task,
                                  const double *ours, const double *theirs, gx_error *err);
/* Modularity, number of groups or nothing: what a line shows of an answer. The name is NULL where
 * there is nothing. */
GX_MUST_CHECK gx_status gx__value_of(double *out, const char **out_name, const gx__ground *ground,
                                     const gx__task *task, const double *answer, gx_error *err);

/* ---- all tasks of a table, on every graph of the bench's data (graph.c) -----------------------
 */

/* bad_request: no data; not_found: --only names a task that is not in the table. */
GX_MUST_CHECK gx_status gx__graph_run(gx_bench *bench, const gx__task *table, size_t count,
                                      gx_error *err);

/* ---- a task (contest.c) ------------------------------------------------------------------------
 */

GX_MUST_CHECK gx_status gx__contest(gx__ground *ground, const gx__task *task, gx__peer **peers,
                                    size_t peer_count, gx_error *err);

#endif
