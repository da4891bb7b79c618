/* Leiden and Louvain on real graphs and on benchmark graphs with known communities, where the data
 * is there: at least the modularity that igraph's reach, no community of Leiden disconnected, the
 * same bytes on one thread and two. */
#include "engine/community/leiden.h"
#include "engine/community/quality.h"
#include "tests/registry/support.h"

typedef struct example {
    const char *name;
    double modularity; /* igraph's, two rounds, mean of several seeds, less 0.001 */
    double louvain;    /* the same of its Louvain */
    double nmi;        /* against the labels; 0: not asked */
} example;

static const example examples[] = {
    {"musae_facebook/edges", 0.8158, 0.8110, 0},
    {"email-eu-core/edges_directed", 0.4154, 0.4124, 0.5},
    {"polblogs/edges_directed", 0.4259, 0.4257, 0},
    {"lfr_10k_mu3/edges", 0.6695, 0.6696, 0.97},
    {"cond-mat-2005/edges", 0.7378, 0.7259, 0},
    {"lfr_100k_mu5/edges", 0.4905, 0.4903, 0.93},
};

static uint32_t *read_labels(const char *name, uint32_t n) {
    char path[256], line[128];
    snprintf(path, sizeof path, "%s/%.*s/labels.txt.gz", DATA_GRAPHS, (int)strcspn(name, "/"),
             name);
    gzFile file = gzopen(path, "rb");
    assert_non_null(file);
    uint32_t *label = gx_alloc0(n, sizeof *label);
    assert_non_null(label);
    while (gzgets(file, line, sizeof line)) {
        unsigned v, l;
        if (sscanf(line, "%u %u", &v, &l) == 2 && v < n && l < n) {
            label[v] = l;
        }
    }
    gzclose(file);
    return label;
}

static void find(uint32_t *community, const gx_graph *graph, bool louvain, gx_job *job) {
    gx_error err = {0};
    uint32_t count = 0;
    const gx_leiden_options options = {
        .resolution = 1, .rounds = louvain ? 1 : 10, .tolerance = 1e-4, .louvain = louvain};
    gx_status status = gx_leiden_find(community, &count, graph, &options, job, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, GX_OK);
}

static void assert_good(const example *e, const gx_graph *graph, const uint32_t *community,
                        gx_job *job) {
    double q = 0;
    uint32_t broken = 1;
    assert_int_equal(gx_quality_modularity(&q, graph, community, 1, job, NULL), GX_OK);
    assert_int_equal(gx_quality_disconnected(&broken, graph, community, job, NULL), GX_OK);
    print_message("%s: modularity %.4f\n", e->name, q);
    assert_true(q >= e->modularity);
    assert_int_equal(broken, 0);
    if (e->nmi > 0) {
        uint32_t *label = read_labels(e->name, graph->n);
        double nmi = 0;
        assert_int_equal(gx_quality_nmi(&nmi, community, label, graph->n, job, NULL), GX_OK);
        print_message("%s: NMI %.4f\n", e->name, nmi);
        assert_true(nmi >= e->nmi);
        gx_free(label);
    }
}

static void assert_good_louvain(const example *e, const gx_graph *graph, uint32_t *one,
                                uint32_t *two) {
    gx_job job;
    double q = 0;
    gx_job_init(&job, 1, 1);
    find(one, graph, true, &job);
    gx_job_init(&job, 2, 1);
    find(two, graph, true, &job);
    assert_memory_equal(one, two, graph->n * sizeof *one);
    assert_int_equal(gx_quality_modularity(&q, graph, one, 1, &job, NULL), GX_OK);
    print_message("%s: modularity by Louvain %.4f\n", e->name, q);
    assert_true(q >= e->louvain);
}

static void test_real_graphs(void **state) {
    (void)state;
    int seen = 0;
    for (size_t i = 0; i < GX_COUNT(examples); i++) {
        char path[256];
        arc_list arcs;
        snprintf(path, sizeof path, "%s/%s.txt.gz", DATA_GRAPHS, examples[i].name);
        if (!arcs_read(&arcs, path)) {
            print_message("skipped: no data at %s\n", path);
            continue;
        }
        gx_graph graph;
        gx_job job;
        seen++;
        graph_of(&graph, &arcs, GX_GRAPH_UNDIRECTED, 1);
        uint32_t *one = gx_alloc(graph.n, sizeof *one), *two = gx_alloc(graph.n, sizeof *two);
        assert_true(one && two);
        gx_job_init(&job, 1, 1);
        find(one, &graph, false, &job);
        gx_job_init(&job, 2, 1);
        find(two, &graph, false, &job);
        assert_memory_equal(one, two, graph.n * sizeof *one);
        assert_good(&examples[i], &graph, one, &job);
        assert_good_louvain(&examples[i], &graph, one, two);
        gx_free(one);
        gx_free(two);
        gx_graph_finish(&graph);
        arcs_free(&arcs);
    }
    if (!seen) {
        skip();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_graphs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
