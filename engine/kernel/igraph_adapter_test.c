/* The door to igraph: one call at a time from many threads, cancelled while it runs, and igraph's
 * own settings as they were afterwards. */
#include "engine/kernel/igraph_adapter.h"

#include <igraph/igraph.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Members in a ring, with chords drawn at random. */
static void ring(gx_graph *out, uint32_t n, uint32_t chords) {
    uint32_t m = n + chords;
    uint32_t *src = gx_alloc(m, sizeof *src), *dst = gx_alloc(m, sizeof *dst);
    gx_rng rng = gx_rng_at(5, n);
    gx_job job;
    gx_job_init(&job, 1, 1);
    for (uint32_t i = 0; i < m; i++) {
        src[i] = i < n ? i : (uint32_t)gx_rng_below(&rng, n);
        dst[i] = i < n ? (i + 1) % n : (uint32_t)gx_rng_below(&rng, n);
    }
    assert_int_equal(gx_graph_build(out, n, m, src, dst, NULL, GX_GRAPH_UNDIRECTED, &job, NULL),
                     GX_OK);
    gx_free(src);
    gx_free(dst);
}

static gx_status walktrap(gx_job *job, const gx_graph *graph, gx_error *err) {
    uint32_t *community = gx_alloc(graph->n, sizeof *community);
    gx_status status = gx__igraph_walktrap(community, graph, true, 4, job, err);
    gx_free(community);
    return status;
}

static gx_status infomap(gx_job *job, const gx_graph *graph, uint32_t trials, gx_error *err) {
    uint32_t *community = gx_alloc(graph->n, sizeof *community);
    double length;
    gx_status status = gx__igraph_infomap(community, &length, graph, true, trials, job, err);
    gx_free(community);
    return status;
}

static void cancel_now(void *user, const char *stage, uint64_t done, uint64_t total,
                       uint64_t mem_bytes) {
    (void)stage, (void)done, (void)total, (void)mem_bytes;
    gx_job_cancel(user);
}

/* The first report of progress cancels, while igraph is at work that would take it minutes. */
static void a_running_call_is_left(void **state) {
    (void)state;
    gx_graph graph, small;
    gx_error err;
    ring(&graph, 8000, 16000);
    ring(&small, 20, 10);
    gx_job job;
    gx_job_init(&job, 1, 1);
    job.progress = cancel_now;
    job.progress_user = &job;
    assert_int_equal(walktrap(&job, &graph, &err), GX_CANCELLED);
    assert_int_equal(atomic_load(&job.mem_used), 0);
    gx_job_init(&job, 1, 1);
    job.deadline_ns = gx_clock_ns() + 30000000;
    assert_int_equal(infomap(&job, &graph, 3, &err), GX_DEADLINE);
    assert_int_equal(atomic_load(&job.mem_used), 0);
    gx_graph_finish(&graph); /* what was left behind does not need it */
    gx_job_init(&job, 1, 1);
    assert_int_equal(walktrap(&job, &small, &err), GX_OK); /* waits for the place */
    gx_graph_finish(&small);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void one_who_waits_can_be_cancelled(void **state) {
    (void)state;
    gx_graph graph;
    gx_error err;
    ring(&graph, 8000, 16000);
    gx_job job;
    for (int round = 0; round < 2; round++) { /* the second waits for what the first left */
        gx_job_init(&job, 1, 1);
        job.deadline_ns = gx_clock_ns() + 20000000;
        assert_int_equal(infomap(&job, &graph, 3, &err), GX_DEADLINE);
    }
    gx_graph_finish(&graph);
}

static void *call_often(void *opaque) {
    gx_graph *graph = opaque;
    for (int i = 0; i < 20; i++) {
        gx_job job;
        gx_job_init(&job, 1, 1);
        if (walktrap(&job, graph, NULL) != GX_OK || infomap(&job, graph, 1, NULL) != GX_OK) {
            return NULL;
        }
    }
    return graph;
}

static void many_threads_take_turns(void **state) {
    (void)state;
    enum { THREADS = 4 };
    pthread_t thread[THREADS];
    gx_graph graph;
    ring(&graph, 30, 20);
    for (int t = 0; t < THREADS; t++) {
        assert_int_equal(pthread_create(&thread[t], NULL, call_often, &graph), 0);
    }
    for (int t = 0; t < THREADS; t++) {
        void *result;
        assert_int_equal(pthread_join(thread[t], &result), 0);
        assert_ptr_equal(result, &graph);
    }
    gx_graph_finish(&graph);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static int errors;

static void count_errors(const char *reason, const char *file, int line, igraph_error_t code) {
    (void)reason, (void)file, (void)line, (void)code;
    errors++;
    IGRAPH_FINALLY_FREE();
}

static void igraph_is_left_as_it_was(void **state) {
    (void)state;
    igraph_error_handler_t *before = igraph_set_error_handler(count_errors);
    uint32_t community[8];
    double length;
    gx_graph ties;
    gx_job job;
    gx_job_init(&job, 1, 1);
    ring(&ties, GX_COUNT(community), 0);
    assert_int_equal(gx__igraph_infomap(community, &length, &ties, false, 1, &job, NULL), GX_OK);
    assert_true(length > 0 && length <= 3);
    gx_job_cancel(&job);
    assert_int_equal(gx__igraph_infomap(community, &length, &ties, false, 1, &job, NULL),
                     GX_CANCELLED);
    gx_graph_finish(&ties);
    assert_int_equal(errors, 0); /* ours were heard by us */
    igraph_t graph;
    igraph_vector_int_t edges;
    igraph_vector_int_init_int(&edges, 2, 0, -5);
    assert_int_not_equal(igraph_create(&graph, &edges, 2, false), IGRAPH_SUCCESS);
    assert_int_equal(errors, 1);
    igraph_vector_int_destroy(&edges);
    igraph_set_error_handler(before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_running_call_is_left),
        cmocka_unit_test(one_who_waits_can_be_cancelled),
        cmocka_unit_test(many_threads_take_turns),
        cmocka_unit_test(igraph_is_left_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
