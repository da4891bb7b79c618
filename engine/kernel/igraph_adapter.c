/* The door to igraph: see the header.
 *
 * A session takes the one place there is, sets igraph's handlers and random stream, and puts the
 * handlers back at its end. igraph reports an error to the handler first, which keeps the words and
 * lets igraph's own stack of half-made objects go; then the call returns a code.
 *
 * Some of igraph's functions look for an interruption rarely or never (Infomap). So they run on a
 * thread of their own, and the caller waits for its end or for the job's stop, whichever comes
 * first. Where the stop comes first the call is abandoned: the caller goes on at once, the thread
 * ends when igraph lets it, cleans up, and only then gives the place free. */
#include "engine/kernel/igraph_adapter.h"

#include <igraph/igraph.h>

#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <time.h>

enum { WAIT_NS = 10000000 };

/* The session's place, and what igraph's handlers find there: they are given nothing of theirs. */
static atomic_bool place_taken;
static atomic_bool place_stop;
static _Atomic uint32_t place_percent;
static char place_error[200];

typedef struct handlers {
    igraph_error_handler_t *error;
    igraph_warning_handler_t *warning;
    igraph_interruption_handler_t *interruption;
    igraph_progress_handler_t *progress;
} handlers;

static handlers place_before; /* as they were outside of the session */

static void on_error(const char *reason, const char *file, int line, igraph_error_t code) {
    (void)file;
    (void)line;
    (void)code;
    snprintf(place_error, sizeof place_error, "%s", reason);
    IGRAPH_FINALLY_FREE();
}

static igraph_error_t on_interruption(void *data) {
    (void)data;
    if (atomic_load(&place_stop)) {
        IGRAPH_FINALLY_FREE();
        return IGRAPH_INTERRUPTED;
    }
    return IGRAPH_SUCCESS;
}

static igraph_error_t on_progress(const char *message, igraph_real_t percent, void *data) {
    (void)message;
    (void)data;
    atomic_store(&place_percent, percent > 0 ? (uint32_t)percent : 0);
    return IGRAPH_SUCCESS;
}

static gx_status session_open(gx_job *job, gx_error *err) {
    bool taken = false;
    while (!atomic_compare_exchange_strong(&place_taken, &taken, true)) {
        gx_status status = gx_job_check(job, err);
        if (status != GX_OK) {
            return status;
        }
        nanosleep(&(struct timespec){.tv_nsec = WAIT_NS}, NULL);
        taken = false;
    }
    atomic_store(&place_stop, false);
    atomic_store(&place_percent, 0);
    place_error[0] = '\0';
    place_before.error = igraph_set_error_handler(on_error);
    place_before.warning = igraph_set_warning_handler(igraph_warning_handler_ignore);
    place_before.interruption = igraph_set_interruption_handler(on_interruption);
    place_before.progress = igraph_set_progress_handler(on_progress);
    igraph_rng_seed(igraph_rng_default(), (igraph_uint_t)job->seed);
    return GX_OK;
}

static void session_close(void) {
    igraph_set_error_handler(place_before.error);
    igraph_set_warning_handler(place_before.warning);
    igraph_set_interruption_handler(place_before.interruption);
    igraph_set_progress_handler(place_before.progress);
    atomic_store(&place_taken, false);
}

/* What an igraph code means here. A stop that igraph noticed is the job's to tell. */
static gx_status status_of(igraph_error_t code, gx_job *job, gx_error *err) {
    if (code == IGRAPH_SUCCESS) {
        return GX_OK;
    }
    gx_status status = gx_job_check(job, err);
    if (status != GX_OK) {
        return status;
    }
    if (code == IGRAPH_ENOMEM) {
        return gx_fail(err, GX_NO_MEMORY, "igraph ran out of memory: %s", place_error);
    }
    return gx_fail(err, GX_INTERNAL, "igraph: %s (%s)", igraph_strerror(code), place_error);
}

#define IG_TRY(call) GX_TRY(status_of((call), job, err))

/* ---- a call on its own thread --------------------------------------------------------------- */

typedef enum call_state { RUNNING, DONE, ABANDONED } call_state;

/* All that the thread may touch: nothing of it is the caller's, who may be gone. One, since the
 * session is one. */
static struct call {
    igraph_t graph;
    bool has_graph, directed;
    igraph_integer_t nodes;
    igraph_vector_int_t edges;
    igraph_vector_t weight;   /* empty: all 1 */
    igraph_vector_int_t node; /* communities */
    igraph_vector_t score;
    igraph_real_t number;
    igraph_integer_t trials; /* or iterations, or steps */
    igraph_error_t (*work)(struct call *c);
    igraph_error_t code;
    _Atomic call_state state;
    sem_t done;
} the_call;

static gx_status call_open(struct call *c, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    *c = (struct call){.has_graph = false};
    sem_init(&c->done, 0, 0);
    IG_TRY(igraph_vector_int_init(&c->edges, 0));
    IG_TRY(igraph_vector_init(&c->weight, 0));
    IG_TRY(igraph_vector_int_init(&c->node, 0));
    IG_TRY(igraph_vector_init(&c->score, 0));
done:
    return status;
}

/* Accepts a call that is half open: igraph's destructors take cleared vectors. */
static void call_close(struct call *c) {
    if (c->has_graph) {
        igraph_destroy(&c->graph);
    }
    igraph_vector_int_destroy(&c->edges);
    igraph_vector_destroy(&c->weight);
    igraph_vector_int_destroy(&c->node);
    igraph_vector_destroy(&c->score);
    sem_destroy(&c->done);
    session_close();
}

static void *call_run(void *opaque) {
    struct call *c = opaque;
    c->code = igraph_create(&c->graph, &c->edges, c->nodes, c->directed);
    if (c->code == IGRAPH_SUCCESS) {
        c->has_graph = true;
        igraph_vector_int_clear(&c->edges);
        c->code = c->work(c);
    }
    call_state expected = RUNNING;
    if (atomic_compare_exchange_strong(&c->state, &expected, DONE)) {
        sem_post(&c->done);
    } else {
        call_close(c);
    }
    return NULL;
}

/* Whether the call came to its end before some 10 ms were over. */
static bool wait_a_little(sem_t *done) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += WAIT_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return sem_timedwait(done, &until) == 0;
}

/* Runs the call to its end, or leaves it behind where the job is to stop: `*out_abandoned` then,
 * and the call is no longer the caller's. */
static gx_status call_wait(bool *out_abandoned, struct call *c, gx_job *job, gx_error *err) {
    pthread_t thread;
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    int failure = pthread_create(&thread, &detached, call_run, c);
    pthread_attr_destroy(&detached);
    if (failure) {
        return gx_fail_errno(err, failure, "starting a thread for", "igraph");
    }
    while (!wait_a_little(&c->done)) {
        if (gx_job_should_stop(job)) {
            atomic_store(&place_stop, true);
            gx_status status = gx_job_check(job, err);
            call_state expected = RUNNING;
            if (atomic_compare_exchange_strong(&c->state, &expected, ABANDONED)) {
                *out_abandoned = true;
                return status;
            }
        }
        gx_job_tick(job, atomic_load(&place_percent));
    }
    return status_of(c->code, job, err);
}

enum { CHECK_ROWS = 1 << 12 }; /* between two looks at whether to stop: a few ms of work */

/* ---- graphs ---------------------------------------------------------------------------------- */

uint64_t gx__igraph_graph_bytes(uint64_t n, uint64_t m) {
    enum { LIST = 16, EDGE = 32, SORT = 16, WEIGHT = 8, NODE = 32 };
    return m * (LIST + EDGE + SORT + WEIGHT) + n * NODE;
}

/* Each edge of an undirected graph once. With weights, ties of weight 0 are left out: igraph wants
 * them positive, and nothing flows along them. */
static bool is_listed(const gx_graph *graph, bool weighted, uint32_t v, uint64_t arc) {
    return (graph->directed || v <= graph->out_dst[arc]) &&
           (!weighted || graph->out_weight[arc] > 0);
}

static uint64_t listed_count(const gx_graph *graph, bool weighted, gx_job *job) {
    uint64_t count = 0;
    for (uint32_t v = 0; v < graph->n; v++) {
        if (v % CHECK_ROWS == 0 && gx_job_should_stop(job)) {
            break; /* list_edges tells */
        }
        for (uint64_t i = graph->out_ptr[v]; i < graph->out_ptr[v + 1]; i++) {
            count += is_listed(graph, weighted, v, i);
        }
    }
    return count;
}

/* The list of edges that the call makes its graph of. */
static gx_status list_edges(struct call *c, const gx_graph *graph, bool weighted, uint64_t count,
                            gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    IG_TRY(igraph_vector_int_resize(&c->edges, (igraph_integer_t)(2 * count)));
    IG_TRY(igraph_vector_resize(&c->weight, weighted ? (igraph_integer_t)count : 0));
    uint64_t k = 0;
    for (uint32_t v = 0; v < graph->n; v++) {
        GX_TRY(v % CHECK_ROWS == 0 ? gx_job_check(job, err) : GX_OK);
        for (uint64_t i = graph->out_ptr[v]; i < graph->out_ptr[v + 1]; i++) {
            if (!is_listed(graph, weighted, v, i)) {
                continue;
            }
            VECTOR(c->edges)[2 * k] = v;
            VECTOR(c->edges)[2 * k + 1] = graph->out_dst[i];
            if (weighted) {
                VECTOR(c->weight)[k] = (double)graph->out_weight[i];
            }
            k++;
        }
    }
    c->nodes = graph->n;
    c->directed = graph->directed;
    GX_TRY(gx_job_check(job, err));
done:
    return status;
}

/* ---- what is asked of it -------------------------------------------------------------------- */

typedef struct question {
    const char *stage;
    uint64_t total; /* of the stage: 100 where igraph tells how far it is */
    igraph_error_t (*work)(struct call *c);
    uint64_t (*bytes)(uint64_t n, uint64_t m); /* held beside the graph; NULL: nothing */
    uint32_t trials;
} question;

/* Where the answer goes: one of the two, and a number. */
typedef struct answer {
    uint32_t *community;
    double *xy, number;
} answer;

static gx_status ask(answer *out, const question *q, const gx_graph *graph, bool weighted,
                     gx_job *job, gx_error *err) {
    struct call *c = &the_call;
    bool abandoned = false;
    weighted = weighted && graph->out_weight;
    uint64_t edges = listed_count(graph, weighted, job);
    uint64_t bytes = gx__igraph_graph_bytes(graph->n, edges);
    bytes += q->bytes ? q->bytes(graph->n, edges) : 0;
    gx_status status = gx_job_charge(job, bytes, err);
    if (status != GX_OK) {
        return status;
    }
    status = session_open(job, err);
    if (status != GX_OK) {
        gx_job_refund(job, bytes);
        return status;
    }
    gx_job_stage(job, q->stage, q->total);
    GX_TRY(call_open(c, job, err));
    GX_TRY(list_edges(c, graph, weighted, edges, job, err));
    c->trials = q->trials;
    c->work = q->work;
    GX_TRY(call_wait(&abandoned, c, job, err));
    for (uint32_t v = 0; out->community && v < graph->n; v++) {
        out->community[v] = (uint32_t)VECTOR(c->node)[v];
    }
    for (uint64_t i = 0; out->xy && i < 2 * (uint64_t)graph->n; i++) {
        out->xy[i] = VECTOR(c->score)[i];
    }
    out->number = c->number;
done:
    if (!abandoned) {
        call_close(c);
    }
    gx_job_refund(job, bytes);
    return status;
}

static igraph_error_t infomap(struct call *c) {
    bool weighted = igraph_vector_size(&c->weight) > 0;
    return igraph_community_infomap(&c->graph, weighted ? &c->weight : NULL, NULL, c->trials,
                                    &c->node, &c->number);
}

gx_status gx__igraph_infomap(uint32_t *out_community, double *out_length, const gx_graph *graph,
                             bool weighted, uint32_t trials, gx_job *job, gx_error *err) {
    const question q = {.stage = "infomap", .work = infomap, .trials = trials};
    answer a = {.community = out_community};
    gx_status status = ask(&a, &q, graph, weighted, job, err);
    *out_length = a.number;
    return status;
}

uint64_t gx__igraph_walktrap_bytes(uint64_t n, uint64_t m) {
    enum { NODE = 160, EDGE = 96, REACHED = 8 };
    /* where the walks from each node may be: nearly everywhere, where the graph is small; beyond
     * 2^30 nodes no more is counted, lest it wrap */
    uint64_t square = n < 1 << 30 ? n * n : (uint64_t)1 << 60;
    return NODE * n + EDGE * m + REACHED * square;
}

static igraph_error_t walktrap(struct call *c) {
    bool weighted = igraph_vector_size(&c->weight) > 0;
    igraph_matrix_int_t merges;
    igraph_error_t code = igraph_matrix_int_init(&merges, 0, 0);
    if (code != IGRAPH_SUCCESS) {
        return code;
    }
    code = igraph_community_walktrap(&c->graph, weighted ? &c->weight : NULL, c->trials, &merges,
                                     &c->score, &c->node);
    igraph_matrix_int_destroy(&merges);
    return code;
}

gx_status gx__igraph_walktrap(uint32_t *out_community, const gx_graph *graph, bool weighted,
                              uint32_t steps, gx_job *job, gx_error *err) {
    const question q = {
        .stage = "walktrap", .work = walktrap, .bytes = gx__igraph_walktrap_bytes, .trials = steps};
    answer a = {.community = out_community};
    return ask(&a, &q, graph, weighted, job, err);
}

uint64_t gx__igraph_layout_bytes(uint64_t n, uint64_t m) {
    /* positions, displacements, the grid's lists; which edge leads out of which node */
    enum { NODE = 2 * 8 + 4 * 8 + 3 * 8, EDGE = 8 };
    return NODE * n + EDGE * m;
}

static igraph_error_t layout(struct call *c) {
    bool weighted = igraph_vector_size(&c->weight) > 0;
    igraph_matrix_t place;
    igraph_error_t code = igraph_matrix_init(&place, 0, 0);
    if (code != IGRAPH_SUCCESS) {
        return code;
    }
    double spread = sqrt((double)c->nodes);
    code = igraph_layout_fruchterman_reingold(&c->graph, &place, false, c->trials, spread / 10,
                                              IGRAPH_LAYOUT_AUTOGRID, weighted ? &c->weight : NULL,
                                              NULL, NULL, NULL, NULL);
    if (code == IGRAPH_SUCCESS) {
        code = igraph_vector_resize(&c->score, 2 * c->nodes);
    }
    for (igraph_integer_t v = 0; code == IGRAPH_SUCCESS && v < c->nodes; v++) {
        VECTOR(c->score)[2 * v] = MATRIX(place, v, 0);
        VECTOR(c->score)[2 * v + 1] = MATRIX(place, v, 1);
    }
    igraph_matrix_destroy(&place);
    return code;
}

gx_status gx__igraph_layout(double *out_xy, const gx_graph *graph, bool weighted,
                            uint32_t iterations, gx_job *job, gx_error *err) {
    const question q = {.stage = "layout",
                        .total = 100,
                        .work = layout,
                        .bytes = gx__igraph_layout_bytes,
                        .trials = iterations};
    answer a = {.xy = out_xy};
    return ask(&a, &q, graph, weighted, job, err);
}
