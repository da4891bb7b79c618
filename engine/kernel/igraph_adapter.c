/* The door to igraph: see the header. A session holds the lock, sets igraph's handlers and random
 * stream, and puts the handlers back at its end. igraph reports an error to the handler first,
 * which keeps the words and lets igraph's own stack of half-made objects go; then the call returns
 * a code. */
#include "engine/kernel/igraph_adapter.h"

#include <igraph/igraph.h>

#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum { WAIT_NS = 10000000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Of the session that holds the lock. */
static gx_job *session_job;
static char session_error[200];

typedef struct session {
    igraph_error_handler_t *error;
    igraph_warning_handler_t *warning;
    igraph_interruption_handler_t *interruption;
    igraph_progress_handler_t *progress;
} session;

static void on_error(const char *reason, const char *file, int line, igraph_error_t code) {
    (void)file;
    (void)line;
    (void)code;
    snprintf(session_error, sizeof session_error, "%s", reason);
    IGRAPH_FINALLY_FREE();
}

static igraph_error_t on_interruption(void *data) {
    (void)data;
    if (gx_job_should_stop(session_job)) {
        IGRAPH_FINALLY_FREE();
        return IGRAPH_INTERRUPTED;
    }
    return IGRAPH_SUCCESS;
}

static igraph_error_t on_progress(const char *message, igraph_real_t percent, void *data) {
    (void)message;
    (void)data;
    gx_job_tick(session_job, percent > 0 ? (uint64_t)percent : 0);
    return IGRAPH_SUCCESS;
}

static gx_status session_open(session *out, gx_job *job, gx_error *err) {
    while (pthread_mutex_trylock(&lock) != 0) {
        gx_status status = gx_job_check(job, err);
        if (status != GX_OK) {
            return status;
        }
        nanosleep(&(struct timespec){.tv_nsec = WAIT_NS}, NULL);
    }
    session_job = job;
    session_error[0] = '\0';
    out->error = igraph_set_error_handler(on_error);
    out->warning = igraph_set_warning_handler(igraph_warning_handler_ignore);
    out->interruption = igraph_set_interruption_handler(on_interruption);
    out->progress = igraph_set_progress_handler(on_progress);
    igraph_rng_seed(igraph_rng_default(), (igraph_uint_t)job->seed);
    return GX_OK;
}

static void session_close(const session *s) {
    igraph_set_error_handler(s->error);
    igraph_set_warning_handler(s->warning);
    igraph_set_interruption_handler(s->interruption);
    igraph_set_progress_handler(s->progress);
    session_job = NULL;
    pthread_mutex_unlock(&lock);
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
        return gx_fail(err, GX_NO_MEMORY, "igraph ran out of memory: %s", session_error);
    }
    return gx_fail(err, GX_INTERNAL, "igraph: %s (%s)", igraph_strerror(code), session_error);
}

#define IG_TRY(call) GX_TRY(status_of((call), job, err))

/* ---- graphs ---------------------------------------------------------------------------------- */

/* A copy of a graph, and its weights in igraph's order of edges. */
typedef struct copy {
    igraph_t graph;
    igraph_vector_t weight;
    bool has_graph, has_weight;
    uint64_t charged;
} copy;

uint64_t gx__igraph_graph_bytes(uint64_t n, uint64_t m) {
    enum { LIST = 16, EDGE = 32, SORT = 16, WEIGHT = 8, NODE = 32 };
    return m * (LIST + EDGE + SORT + WEIGHT) + n * NODE;
}

static void copy_finish(copy *c, gx_job *job) {
    if (c->has_graph) {
        igraph_destroy(&c->graph);
    }
    if (c->has_weight) {
        igraph_vector_destroy(&c->weight);
    }
    gx_job_refund(job, c->charged);
}

static bool is_listed(const gx_graph *graph, uint32_t v, uint64_t arc) {
    return (graph->directed || v <= graph->out_dst[arc]) &&
           (!graph->out_weight || graph->out_weight[arc] > 0);
}

static uint64_t listed_count(const gx_graph *graph) {
    uint64_t count = 0;
    for (uint32_t v = 0; v < graph->n; v++) {
        for (uint64_t i = graph->out_ptr[v]; i < graph->out_ptr[v + 1]; i++) {
            count += is_listed(graph, v, i);
        }
    }
    return count;
}

/* Each edge of an undirected graph once. With weights, ties of weight 0 are left out: igraph wants
 * them positive, and nothing flows along them. */
static gx_status copy_graph(copy *c, const gx_graph *graph, bool weighted, gx_job *job,
                            gx_error *err) {
    gx_status status = GX_OK;
    igraph_vector_int_t edges;
    bool has_edges = false;
    gx_graph plain = *graph;
    plain.out_weight = weighted ? graph->out_weight : NULL;
    uint64_t count = listed_count(&plain), bytes = gx__igraph_graph_bytes(graph->n, count);
    GX_TRY(gx_job_charge(job, bytes, err));
    c->charged = bytes;
    IG_TRY(igraph_vector_int_init(&edges, (igraph_integer_t)(2 * count)));
    has_edges = true;
    IG_TRY(igraph_vector_init(&c->weight, plain.out_weight ? (igraph_integer_t)count : 0));
    c->has_weight = true;
    uint64_t k = 0;
    for (uint32_t v = 0; v < graph->n; v++) {
        for (uint64_t i = graph->out_ptr[v]; i < graph->out_ptr[v + 1]; i++) {
            if (!is_listed(&plain, v, i)) {
                continue;
            }
            VECTOR(edges)[2 * k] = v;
            VECTOR(edges)[2 * k + 1] = graph->out_dst[i];
            if (plain.out_weight) {
                VECTOR(c->weight)[k] = (double)plain.out_weight[i];
            }
            k++;
        }
    }
    GX_TRY(gx_job_check(job, err));
    IG_TRY(igraph_create(&c->graph, &edges, graph->n, graph->directed));
    c->has_graph = true;
done:
    if (has_edges) {
        igraph_vector_int_destroy(&edges);
    }
    return status;
}

/* ---- what is asked of it
 * ------------------------------------------------------------------------- */

static gx_status betweenness(double *out_score, const copy *c, const uint32_t *sources,
                             uint32_t count, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    igraph_vector_int_t from = {0};
    igraph_vector_t score = {0};
    igraph_vector_int_init(&from, 0);
    bool has_score = false;
    IG_TRY(igraph_vector_int_resize(&from, count));
    for (uint32_t i = 0; i < count; i++) {
        VECTOR(from)[i] = sources[i];
    }
    IG_TRY(igraph_vector_init(&score, 0));
    has_score = true;
    IG_TRY(igraph_betweenness_subset(&c->graph, &score, igraph_vss_all(), true,
                                     igraph_vss_vector(&from), igraph_vss_all(), NULL));
    memcpy(out_score, VECTOR(score), (size_t)igraph_vector_size(&score) * sizeof *out_score);
done:
    if (has_score) {
        igraph_vector_destroy(&score);
    }
    igraph_vector_int_destroy(&from);
    return status;
}

gx_status gx__igraph_betweenness(double *out_score, const gx_graph *graph, const uint32_t *sources,
                                 uint32_t count, gx_job *job, gx_error *err) {
    session s;
    copy c = {.charged = 0};
    gx_status status = session_open(&s, job, err);
    if (status != GX_OK) {
        return status;
    }
    gx_job_stage(job, "betweenness", 100);
    GX_TRY(copy_graph(&c, graph, false, job, err));
    GX_TRY(betweenness(out_score, &c, sources, count, job, err));
done:
    copy_finish(&c, job);
    session_close(&s);
    return status;
}

static gx_status infomap(uint32_t *out_community, double *out_length, const copy *c, bool weighted,
                         uint32_t trials, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    igraph_vector_int_t membership;
    bool has_membership = false;
    IG_TRY(igraph_vector_int_init(&membership, 0));
    has_membership = true;
    IG_TRY(igraph_community_infomap(&c->graph, weighted ? &c->weight : NULL, NULL, trials,
                                    &membership, out_length));
    for (igraph_integer_t v = 0; v < igraph_vector_int_size(&membership); v++) {
        out_community[v] = (uint32_t)VECTOR(membership)[v];
    }
done:
    if (has_membership) {
        igraph_vector_int_destroy(&membership);
    }
    return status;
}

gx_status gx__igraph_infomap(uint32_t *out_community, double *out_length, const gx_graph *graph,
                             bool weighted, uint32_t trials, gx_job *job, gx_error *err) {
    session s;
    copy c = {.charged = 0};
    gx_status status = session_open(&s, job, err);
    if (status != GX_OK) {
        return status;
    }
    gx_job_stage(job, "infomap", 0);
    GX_TRY(copy_graph(&c, graph, weighted, job, err));
    GX_TRY(infomap(out_community, out_length, &c, weighted && graph->out_weight, trials, job, err));
done:
    copy_finish(&c, job);
    session_close(&s);
    return status;
}

typedef struct product {
    gx__multiply_fn multiply;
    void *user;
    uint64_t done;
} product;

static igraph_error_t multiply(igraph_real_t *to, const igraph_real_t *from, int n, void *extra) {
    (void)n;
    product *p = extra;
    if (gx_job_should_stop(session_job)) {
        return IGRAPH_INTERRUPTED;
    }
    p->multiply(p->user, to, from);
    gx_job_tick(session_job, ++p->done);
    return IGRAPH_SUCCESS;
}

enum { BASIS = 20 }; /* vectors that ARPACK keeps between restarts */

uint64_t gx__igraph_eigen_bytes(uint64_t n) {
    return (BASIS + 6) * n * sizeof(double) + BASIS * (BASIS + 8) * sizeof(double);
}

static gx_status eigen(double *in_out_vector, double *out_value, uint32_t n, product *p,
                       gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    igraph_vector_t value;
    igraph_matrix_t vector;
    bool has_value = false, has_vector = false;
    igraph_arpack_options_t options;
    igraph_arpack_options_init(&options);
    options.n = (int)n;
    options.nev = 1;
    options.ncv = n > BASIS ? BASIS : 0;
    options.which[0] = 'L';
    options.which[1] = 'A';
    options.start = 1;
    options.mxiter = 3000;
    IG_TRY(igraph_vector_init(&value, 0));
    has_value = true;
    IG_TRY(igraph_matrix_init(&vector, n, 1));
    has_vector = true;
    memcpy(&MATRIX(vector, 0, 0), in_out_vector, n * sizeof *in_out_vector);
    IG_TRY(igraph_arpack_rssolve(multiply, p, &options, NULL, &value, &vector));
    memcpy(in_out_vector, &MATRIX(vector, 0, 0), n * sizeof *in_out_vector);
    *out_value = VECTOR(value)[0];
done:
    if (has_value) {
        igraph_vector_destroy(&value);
    }
    if (has_vector) {
        igraph_matrix_destroy(&vector);
    }
    return status;
}

gx_status gx__igraph_eigen(double *in_out_vector, double *out_value, uint32_t n,
                           gx__multiply_fn multiply_, void *user, gx_job *job, gx_error *err) {
    session s;
    product p = {.multiply = multiply_, .user = user};
    uint64_t bytes = gx__igraph_eigen_bytes(n);
    gx_status status = gx_job_charge(job, bytes, err);
    if (status != GX_OK) {
        return status;
    }
    status = session_open(&s, job, err);
    if (status == GX_OK) {
        gx_job_stage(job, "eigenvector", 0);
        status = eigen(in_out_vector, out_value, n, &p, job, err);
        session_close(&s);
    }
    gx_job_refund(job, bytes);
    return status;
}
