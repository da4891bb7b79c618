/* igraph's C library as a peer, called as its users call it, in a process of its own
 * (peer_apart.c). The clock runs around igraph's own function only, not around the copying of its
 * answer. */
#include "bench/graph.h"

#include <igraph/igraph.h>
#include <omp.h>

typedef struct call {
    const igraph_t *graph;
    const igraph_vector_t *weights; /* NULL: ties are alike */
    uint32_t n, source;             /* the member with most ties, of equals the first */
    igraph_vector_t score;          /* what the function gives: one of the two */
    igraph_vector_int_t member;
} call;

typedef struct peer {
    gx__peer head;
    const gx__ground *ground;
    igraph_t graph; /* one at a time is kept: tasks come sorted by the graph they work on */
    bool made, directed, weighed;
    igraph_vector_t weights; /* of its ties */
    uint32_t source[2];      /* of the graph without directions, and with */
} peer;

static gx_status said(igraph_error_t code, gx_error *err) {
    return code == IGRAPH_SUCCESS ? GX_OK : gx_fail(err, GX_INTERNAL, "%s", igraph_strerror(code));
}

/* ---- tasks ------------------------------------------------------------------------------------
 */

static igraph_error_t degree(call *c) {
    return igraph_degree(c->graph, &c->member, igraph_vss_all(), IGRAPH_ALL, true);
}

static igraph_error_t degree_in(call *c) {
    return igraph_degree(c->graph, &c->member, igraph_vss_all(), IGRAPH_IN, true);
}

static igraph_error_t degree_weighted(call *c) {
    return igraph_strength(c->graph, &c->score, igraph_vss_all(), IGRAPH_ALL, true, c->weights);
}

static igraph_error_t pagerank(call *c) {
    igraph_real_t value;
    return igraph_pagerank(c->graph, IGRAPH_PAGERANK_ALGO_PRPACK, &c->score, &value,
                           igraph_vss_all(), true, 0.85, c->weights, NULL);
}

/* From the first member. */
static igraph_error_t pagerank_one(call *c) {
    igraph_real_t value;
    return igraph_personalized_pagerank_vs(c->graph, IGRAPH_PAGERANK_ALGO_PRPACK, &c->score, &value,
                                           igraph_vss_all(), true, 0.85, igraph_vss_1(0),
                                           c->weights, NULL);
}

static igraph_error_t eigenvector(call *c) {
    igraph_arpack_options_t options;
    igraph_real_t value;
    igraph_arpack_options_init(&options);
    return igraph_eigenvector_centrality(c->graph, &c->score, &value, igraph_is_directed(c->graph),
                                         true, c->weights, &options);
}

static igraph_error_t hits(call *c) {
    igraph_arpack_options_t options;
    igraph_real_t value;
    igraph_arpack_options_init(&options);
    return igraph_hub_and_authority_scores(c->graph, NULL, &c->score, &value, true, c->weights,
                                           &options);
}

/* `count` members, the same one perhaps more than once. */
static igraph_error_t draw(igraph_vector_int_t *out, const call *c, uint32_t count) {
    igraph_error_t code = igraph_vector_int_init(out, 0);
    gx_rng rng = gx_rng_at(1, 0);
    for (uint32_t i = 0; code == IGRAPH_SUCCESS && i < count; i++) {
        code = igraph_vector_int_push_back(out, (igraph_integer_t)gx_rng_below(&rng, c->n));
    }
    return code;
}

static igraph_error_t betweenness(call *c) {
    igraph_vector_int_t from;
    igraph_error_t code = draw(&from, c, 16);
    if (code == IGRAPH_SUCCESS) {
        code = igraph_betweenness_subset(c->graph, &c->score, igraph_vss_all(), true,
                                         igraph_vss_vector(&from), igraph_vss_all(), c->weights);
    }
    igraph_vector_int_destroy(&from);
    return code;
}

/* Where a graph has directions, along them: so all that follow paths. */
static igraph_error_t betweenness_exact(call *c) {
    return igraph_betweenness(c->graph, &c->score, igraph_vss_all(), true, c->weights);
}

static igraph_error_t closeness(call *c) {
    return igraph_closeness(c->graph, &c->score, NULL, NULL, igraph_vss_all(), IGRAPH_OUT,
                            c->weights, true);
}

static igraph_error_t closeness_in(call *c) {
    return igraph_closeness(c->graph, &c->score, NULL, NULL, igraph_vss_all(), IGRAPH_IN,
                            c->weights, true);
}

/* As many searches as guanxi makes: of so many members. */
static igraph_error_t closeness_sampled(call *c) {
    igraph_vector_int_t of;
    igraph_error_t code = draw(&of, c, 256);
    if (code == IGRAPH_SUCCESS) {
        code = igraph_closeness(c->graph, &c->score, NULL, NULL, igraph_vss_vector(&of), IGRAPH_OUT,
                                c->weights, true);
    }
    igraph_vector_int_destroy(&of);
    igraph_vector_clear(&c->score); /* not an answer for every member */
    return code;
}

static igraph_error_t harmonic(call *c) {
    return igraph_harmonic_centrality(c->graph, &c->score, igraph_vss_all(), IGRAPH_OUT, c->weights,
                                      false);
}

static igraph_error_t distances(call *c) {
    igraph_matrix_t result;
    igraph_error_t code = igraph_matrix_init(&result, 0, 0);
    if (code != IGRAPH_SUCCESS) {
        return code;
    }
    igraph_vs_t from = igraph_vss_1((igraph_integer_t)c->source);
    code = c->weights ? igraph_distances_dijkstra(c->graph, &result, from, igraph_vss_all(),
                                                  c->weights, IGRAPH_OUT)
                      : igraph_distances(c->graph, &result, from, igraph_vss_all(), IGRAPH_OUT);
    if (code == IGRAPH_SUCCESS) {
        code = igraph_matrix_get_row(&result, &c->score, 0);
    }
    igraph_matrix_destroy(&result);
    return code;
}

static igraph_error_t bridges(call *c) {
    igraph_vector_int_t found;
    igraph_error_t code = igraph_vector_int_init(&found, 0);
    if (code != IGRAPH_SUCCESS) {
        return code;
    }
    code = igraph_bridges(c->graph, &found);
    if (code == IGRAPH_SUCCESS) {
        code = igraph_vector_resize(&c->score, c->n);
        igraph_vector_null(&c->score);
    }
    for (igraph_integer_t i = 0; code == IGRAPH_SUCCESS && i < igraph_vector_int_size(&found);
         i++) {
        VECTOR(c->score)[IGRAPH_FROM(c->graph, VECTOR(found)[i])]++;
        VECTOR(c->score)[IGRAPH_TO(c->graph, VECTOR(found)[i])]++;
    }
    igraph_vector_int_destroy(&found);
    return code;
}

static igraph_error_t kcore(call *c) {
    return igraph_coreness(c->graph, &c->member, IGRAPH_ALL);
}

static igraph_error_t kcore_in(call *c) {
    return igraph_coreness(c->graph, &c->member, IGRAPH_IN);
}

static igraph_error_t triangles(call *c) {
    return igraph_adjacent_triangles(c->graph, &c->score, igraph_vss_all());
}

static igraph_error_t clustering(call *c) {
    return igraph_transitivity_local_undirected(c->graph, &c->score, igraph_vss_all(),
                                                IGRAPH_TRANSITIVITY_ZERO);
}

static igraph_error_t clustering_weighted(call *c) {
    return igraph_transitivity_barrat(c->graph, &c->score, igraph_vss_all(), c->weights,
                                      IGRAPH_TRANSITIVITY_ZERO);
}

static igraph_error_t constraint(call *c) {
    return igraph_constraint(c->graph, &c->score, igraph_vss_all(), c->weights);
}

static igraph_error_t components(call *c) {
    return igraph_connected_components(c->graph, &c->member, NULL, NULL, IGRAPH_WEAK);
}

static igraph_error_t strong_components(call *c) {
    return igraph_connected_components(c->graph, &c->member, NULL, NULL, IGRAPH_STRONG);
}

/* Two rounds, as it is mostly called. */
static igraph_error_t leiden(call *c) {
    igraph_vector_t strength;
    igraph_real_t quality;
    igraph_integer_t clusters;
    igraph_error_t code = igraph_vector_init(&strength, 0);
    if (code == IGRAPH_SUCCESS) {
        code = igraph_strength(c->graph, &strength, igraph_vss_all(), IGRAPH_ALL, true, c->weights);
    }
    if (code == IGRAPH_SUCCESS) {
        double twice = igraph_vector_sum(&strength);
        code = igraph_community_leiden(c->graph, c->weights, &strength, twice > 0 ? 1 / twice : 1,
                                       0.01, false, 2, &c->member, &clusters, &quality);
    }
    igraph_vector_destroy(&strength);
    return code;
}

static igraph_error_t louvain(call *c) {
    return igraph_community_multilevel(c->graph, c->weights, 1, &c->member, NULL, NULL);
}

static igraph_error_t label_propagation(call *c) {
    return igraph_community_label_propagation(c->graph, &c->member, IGRAPH_ALL, c->weights, NULL,
                                              NULL);
}

static igraph_error_t infomap(call *c) {
    igraph_real_t length;
    return igraph_community_infomap(c->graph, NULL, NULL, 1, &c->member, &length);
}

static igraph_error_t walktrap(call *c) {
    igraph_matrix_int_t merges;
    igraph_vector_t modularity;
    igraph_error_t code = igraph_matrix_int_init(&merges, 0, 0);
    if (code != IGRAPH_SUCCESS) {
        return code;
    }
    code = igraph_vector_init(&modularity, 0);
    if (code == IGRAPH_SUCCESS) {
        code = igraph_community_walktrap(c->graph, c->weights, 4, &merges, &modularity, &c->member);
        igraph_vector_destroy(&modularity);
    }
    igraph_matrix_int_destroy(&merges);
    return code;
}

static const struct {
    const char *name;
    igraph_error_t (*run)(call *c);
} tasks[] = {
    {"build", NULL},
    {"build_undirected", NULL},
    {"degree", degree},
    {"degree_in", degree_in},
    {"degree_weighted", degree_weighted},
    {"pagerank", pagerank},
    {"pagerank_1e6", pagerank},
    {"pagerank_one", pagerank_one},
    {"pagerank_weighted", pagerank},
    {"pagerank_directed", pagerank},
    {"pagerank_directed_weighted", pagerank},
    {"eigenvector", eigenvector},
    {"eigenvector_weighted", eigenvector},
    {"eigenvector_directed", eigenvector},
    {"hits", hits},
    {"hits_weighted", hits},
    {"betweenness", betweenness},
    {"betweenness_weighted", betweenness},
    {"betweenness_directed", betweenness},
    {"betweenness_directed_weighted", betweenness},
    {"betweenness_exact", betweenness_exact},
    {"betweenness_exact_weighted", betweenness_exact},
    {"betweenness_exact_directed", betweenness_exact},
    {"closeness", closeness},
    {"closeness_weighted", closeness},
    {"closeness_directed", closeness},
    {"closeness_in", closeness_in},
    {"closeness_sampled", closeness_sampled},
    {"closeness_sampled_weighted", closeness_sampled},
    {"harmonic", harmonic},
    {"harmonic_weighted", harmonic},
    {"harmonic_directed", harmonic},
    {"distances", distances},
    {"distances_directed", distances},
    {"distances_weighted", distances},
    {"bridges", bridges},
    {"kcore", kcore},
    {"kcore_in", kcore_in},
    {"triangles", triangles},
    {"clustering", clustering},
    {"clustering_weighted", clustering_weighted},
    {"constraint", constraint},
    {"constraint_weighted", constraint},
    {"constraint_directed", constraint},
    {"constraint_directed_weighted", constraint},
    {"components", components},
    {"strong_components", strong_components},
    {"leiden", leiden},
    {"leiden_weighted", leiden},
    {"louvain", louvain},
    {"louvain_weighted", louvain},
    {"label_propagation", label_propagation},
    {"label_propagation_weighted", label_propagation},
    {"infomap", infomap},
    {"infomap_directed", infomap},
    {"walktrap", walktrap},
    {"walktrap_weighted", walktrap},
};

/* Those that PRPACK or a library of linear algebra does take the threads of OpenMP; others have
 * one. */
static int threads_for(const gx__peer *self, const char *task) {
    static const char *const threaded[] = {"pagerank", "eigenvector", "hits"};
    for (size_t i = 0; i < GX_COUNT(threaded); i++) {
        if (strncmp(task, threaded[i], strlen(threaded[i])) == 0) {
            return self->threads;
        }
    }
    return 1;
}

static int find(const char *task) {
    for (size_t i = 0; i < GX_COUNT(tasks); i++) {
        if (strcmp(tasks[i].name, task) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool knows(const gx__peer *self, const char *task) {
    (void)self;
    return find(task) >= 0;
}

/* ---- graphs ------------------------------------------------------------------------------------
 */

/* The ends of each tie once. */
static igraph_error_t list_ends(igraph_vector_int_t *out, const gx_graph *graph) {
    uint64_t at = 0, ties = graph->directed ? graph->m : graph->m / 2;
    igraph_error_t code = igraph_vector_int_init(out, (igraph_integer_t)(2 * ties));
    for (uint32_t u = 0; code == IGRAPH_SUCCESS && u < graph->n; u++) {
        for (uint64_t i = graph->out_ptr[u]; i < graph->out_ptr[u + 1]; i++) {
            if (graph->directed || graph->out_dst[i] > u) {
                VECTOR(*out)[at++] = u;
                VECTOR(*out)[at++] = graph->out_dst[i];
            }
        }
    }
    return code;
}

/* Those of the input, as they are. */
static igraph_error_t list_arcs(igraph_vector_int_t *out, const gx_bench_arcs *arcs) {
    igraph_error_t code = igraph_vector_int_init(out, (igraph_integer_t)(2 * arcs->m));
    for (uint64_t i = 0; code == IGRAPH_SUCCESS && i < arcs->m; i++) {
        VECTOR(*out)[2 * i] = arcs->src[i];
        VECTOR(*out)[2 * i + 1] = arcs->dst[i];
    }
    return code;
}

static void forget(peer *p) {
    if (p->made) {
        igraph_destroy(&p->graph);
    }
    if (p->weighed) {
        igraph_vector_destroy(&p->weights);
    }
    p->made = p->weighed = false;
}

/* Of the ties in the order of list_ends. */
static gx_status weigh(peer *p, gx_error *err) {
    const gx_graph *graph = p->directed ? &p->ground->ties : &p->ground->undirected;
    uint64_t at = 0, ties = graph->directed ? graph->m : graph->m / 2;
    if (p->weighed) {
        return GX_OK;
    }
    igraph_error_t code = igraph_vector_init(&p->weights, (igraph_integer_t)ties);
    p->weighed = code == IGRAPH_SUCCESS;
    for (uint32_t u = 0; p->weighed && u < graph->n; u++) {
        for (uint64_t i = graph->out_ptr[u]; i < graph->out_ptr[u + 1]; i++) {
            if (graph->directed || graph->out_dst[i] > u) {
                VECTOR(p->weights)[at++] = gx__pair_weight(u, graph->out_dst[i]);
            }
        }
    }
    return said(code, err);
}

/* The times are of igraph's own functions alone; the graph is without repeats and loops. */
static gx_status make(peer *p, bool directed, bool anew, int64_t *out_wall_ns, int64_t *out_cpu_ns,
                      gx_error *err) {
    const gx_graph *from = directed ? &p->ground->ties : &p->ground->undirected;
    igraph_vector_int_t ends;
    forget(p);
    igraph_error_t code = anew ? list_arcs(&ends, p->ground->arcs) : list_ends(&ends, from);
    if (code != IGRAPH_SUCCESS) {
        return said(code, err);
    }
    int64_t wall = gx_clock_ns(), cpu = gx_clock_cpu_ns();
    code = igraph_create(&p->graph, &ends, (igraph_integer_t)from->n, directed);
    p->made = code == IGRAPH_SUCCESS;
    p->directed = directed;
    if (anew && code == IGRAPH_SUCCESS) {
        code = igraph_simplify(&p->graph, true, true, NULL);
    }
    *out_wall_ns = gx_clock_ns() - wall;
    *out_cpu_ns = gx_clock_cpu_ns() - cpu;
    igraph_vector_int_destroy(&ends);
    if (code != IGRAPH_SUCCESS) {
        forget(p);
    }
    return said(code, err);
}

/* ---- running ------------------------------------------------------------------------------------
 */

static gx_status copy_answer(gx__result *out, const call *c, gx_error *err) {
    bool scored = igraph_vector_size(&c->score) == (igraph_integer_t)c->n;
    bool grouped = igraph_vector_int_size(&c->member) == (igraph_integer_t)c->n;
    if (!scored && !grouped) {
        return GX_OK;
    }
    out->answer = gx_alloc(c->n + 1u, sizeof *out->answer);
    if (!out->answer) {
        return gx_fail_memory(err, c->n * sizeof *out->answer);
    }
    for (uint32_t v = 0; v < c->n; v++) {
        out->answer[v] = scored ? VECTOR(c->score)[v] : (double)VECTOR(c->member)[v];
    }
    return GX_OK;
}

static gx_status run_task(peer *p, gx__result *out, int which, bool weighted, gx_error *err) {
    call c = {.graph = &p->graph,
              .weights = weighted ? &p->weights : NULL,
              .n = p->ground->arcs->n,
              .source = p->source[p->directed]};
    igraph_error_t code = igraph_vector_init(&c.score, 0);
    if (code == IGRAPH_SUCCESS) {
        code = igraph_vector_int_init(&c.member, 0);
    }
    igraph_rng_seed(igraph_rng_default(), 1);
    igraph_invalidate_cache(c.graph); /* it remembers whether a graph is connected, and more */
    int64_t wall = gx_clock_ns(), cpu = gx_clock_cpu_ns();
    if (code == IGRAPH_SUCCESS) {
        code = tasks[which].run(&c);
    }
    out->wall_s = (double)(gx_clock_ns() - wall) / 1e9;
    out->cpu_s = (double)(gx_clock_cpu_ns() - cpu) / 1e9;
    gx_status status = said(code, err);
    if (status == GX_OK) {
        status = copy_answer(out, &c, err);
    }
    igraph_vector_destroy(&c.score);
    igraph_vector_int_destroy(&c.member);
    return status;
}

static bool is_build(const gx__task *task) {
    return tasks[find(task->name)].run == NULL;
}

static gx_status load(gx__peer *self, const gx__task *task, gx_error *err) {
    peer *p = (peer *)self;
    int64_t wall, cpu;
    gx_status status = GX_OK;
    igraph_set_error_handler(igraph_error_handler_ignore);
    if (!is_build(task) && (!p->made || p->directed != task->directed)) {
        status = make(p, task->directed, false, &wall, &cpu, err);
    }
    return status == GX_OK && gx__is_weighted(task) ? weigh(p, err) : status;
}

static gx_status run(gx__peer *self, gx__result *out, const gx__task *task, int threads,
                     double limit_s, gx_error *err) {
    peer *p = (peer *)self;
    int64_t wall = 0, cpu = 0;
    (void)limit_s; /* kept by peer_apart.c */
    omp_set_num_threads(threads);
    gx_status status = load(self, task, err);
    gx_bench_rss_reset();
    uint64_t before = gx_bench_rss_now();
    if (status == GX_OK && is_build(task)) {
        status = make(p, task->directed, true, &wall, &cpu, err);
        out->wall_s = (double)wall / 1e9;
        out->cpu_s = (double)cpu / 1e9;
    } else if (status == GX_OK) {
        status = run_task(p, out, find(task->name), gx__is_weighted(task), err);
    }
    out->rss_bytes = gx_bench_rss_peak();
    out->mem_bytes = out->rss_bytes > before ? out->rss_bytes - before : 0;
    return status;
}

static void close_peer(gx__peer *self) {
    peer *p = (peer *)self;
    forget(p);
    gx_free(p);
}

static uint32_t most_tied(const gx_graph *graph) {
    uint32_t best = 0;
    for (uint32_t v = 1; v < graph->n; v++) {
        uint64_t degree = graph->out_ptr[v + 1] - graph->out_ptr[v];
        best = degree > graph->out_ptr[best + 1] - graph->out_ptr[best] ? v : best;
    }
    return best;
}

gx_status gx__peer_igraph(gx__peer **out, const gx__ground *ground, gx_error *err) {
    static const char *version;
    peer *p = gx_alloc0(1, sizeof *p);
    if (!p) {
        return gx_fail_memory(err, sizeof *p);
    }
    igraph_version(&version, NULL, NULL, NULL);
    p->head = (gx__peer){.name = "igraph",
                         .version = version,
                         .threads = 64,
                         .knows = knows,
                         .threads_for = threads_for,
                         .load = load,
                         .run = run,
                         .close = close_peer};
    p->ground = ground;
    p->source[0] = most_tied(&ground->undirected);
    p->source[1] = most_tied(&ground->ties);
    *out = &p->head;
    return GX_OK;
}
