/* Small seeded graphs of every sort, and a pass run on one: what the oracle tests are made of. */
#ifndef GX_TESTS_REGISTRY_SAMPLE_H
#define GX_TESTS_REGISTRY_SAMPLE_H

#include "engine/engine.h"
#include "tests/registry/support.h"

enum { SEEDS = 2000, N_MAX = 24 };

/* ---- graphs ------------------------------------------------------------------------------------
 */

typedef struct sample {
    arc_list arcs;
    gx_graph graph, undirected;
    gx_input input;
} sample;

enum { SHAPES = 9 };

/* Whether u is tied to v in a path, a ring, a star, the same the other way, a clique of both
 * directions, one of a single direction, cliques apart, two sides, or nowhere. */
static inline bool shape_has(uint32_t shape, uint32_t n, uint32_t u, uint32_t v) {
    const bool has[SHAPES] = {
        v == u + 1, v == (u + 1) % n, u == 0,         v == 0, true,
        u < v,      u % 3 == v % 3,   u % 2 != v % 2, false,
    };
    return u != v && has[shape];
}

/* Every eighth graph is a plain shape, sometimes with members tied to nobody behind it. */
static inline void sample_shape(arc_list *arcs, gx_rng *rng) {
    uint32_t shape = (uint32_t)gx_rng_below(rng, SHAPES);
    uint32_t n = arcs->n - (uint32_t)gx_rng_below(rng, 2) * (arcs->n / 3);
    for (uint32_t u = 0; u < n; u++) {
        for (uint32_t v = 0; v < n; v++) {
            if (shape_has(shape, n, u, v)) {
                arcs_add(arcs, u, v);
            }
        }
    }
}

/* The views of the arcs, and what a pass is given. */
static inline void sample_settle(sample *s, unsigned flags, int threads) {
    graph_of(&s->graph, &s->arcs, GX_GRAPH_IN | flags, threads);
    graph_of(&s->undirected, &s->arcs, GX_GRAPH_UNDIRECTED | flags, threads);
    s->input = (gx_input){.graph = &s->graph, .undirected = &s->undirected, .users = s->graph.n};
}

/* Quarters up to 4. */
static inline void sample_weigh(sample *s, gx_rng *rng) {
    s->arcs.weight = gx_alloc(s->arcs.m, sizeof *s->arcs.weight);
    for (uint64_t i = 0; i < s->arcs.m; i++) {
        s->arcs.weight[i] = (float)(1 + gx_rng_below(rng, 16)) / 4;
    }
}

/* Sizes, densities, weights and disconnected parts all vary with the seed. */
static inline void sample_make(sample *s, uint64_t seed, bool weighted) {
    gx_rng rng = gx_rng_at(seed, 21), shapes = gx_rng_at(seed, 20);
    *s = (sample){.arcs.n = 1 + (uint32_t)gx_rng_below(&rng, N_MAX)};
    bool shaped = gx_rng_below(&shapes, 8) == 0, equal = shaped && gx_rng_below(&shapes, 2);
    uint64_t m = shaped ? 0 : gx_rng_below(&rng, 4 * s->arcs.n);
    uint32_t parts = 1 + (uint32_t)gx_rng_below(&rng, 3);
    for (uint64_t i = 0; i < m; i++) {
        uint32_t u = (uint32_t)gx_rng_below(&rng, s->arcs.n);
        uint32_t v = (uint32_t)gx_rng_below(&rng, s->arcs.n);
        if (u % parts == v % parts) {
            arcs_add(&s->arcs, u, v);
        }
    }
    if (shaped) {
        sample_shape(&s->arcs, &shapes);
    }
    if (weighted) {
        sample_weigh(s, &rng);
        for (uint64_t i = 0; equal && i < s->arcs.m; i++) {
            s->arcs.weight[i] = 1.5f;
        }
    }
    sample_settle(s, 0, 1);
}

static inline void sample_free(sample *s) {
    arcs_free(&s->arcs);
    gx_graph_finish(&s->graph);
    gx_graph_finish(&s->undirected);
}

/* ---- running ------------------------------------------------------------------------------------
 */

typedef struct run_result {
    gx_arena *arena;
    gx_arrays *arrays;
} run_result;

/* Runs a pass with parameters given as texts; NULL ends them. */
static inline run_result run_seeded(const char *name, const gx_input *input, int threads,
                                    uint64_t seed, const char *const *params) {
    run_result r = {.arena = gx_arena_create()};
    gx_error err = {0};
    gx_job job;
    gx_value map = gx_map(r.arena, 8);
    for (; params && params[0]; params += 2) {
        gx_map_put(r.arena, &map, params[0], gx_str(params[1]));
    }
    gx_job_init(&job, threads, seed);
    assert_int_equal(gx_arrays_create(&r.arrays, NULL), GX_OK);
    const gx_pass *pass = gx_pass_find(gx_engine_passes(), name);
    gx_status status = gx_pass_run(r.arrays, pass, NULL, input, &map, &job, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, GX_OK);
    return r;
}

static inline run_result run(const char *name, const gx_input *input, int threads,
                             const char *const *params) {
    return run_seeded(name, input, threads, 1, params);
}

/* The estimate of a pass with these parameters covers what it holds, by 20% at most (and a little
 * for a graph so small that blocks count). Threads 2, as the job that is measured. */
static inline void assert_estimate_true(const char *name, const gx_input *input,
                                        const char *const *params) {
    gx_arena *arena = gx_arena_create();
    const gx_pass *pass = gx_pass_find(gx_engine_passes(), name);
    gx_estimate estimate = {0};
    gx_arrays *arrays;
    gx_args args;
    gx_job job;
    gx_value map = gx_map(arena, 4);
    for (const char *const *at = params; at && at[0]; at += 2) {
        gx_map_put(arena, &map, at[0], gx_str(at[1]));
    }
    assert_int_equal(gx_args_parse(&args, arena, pass->params, pass->param_count, &map, NULL),
                     GX_OK);
    gx_job_init(&job, 2, 1);
    assert_int_equal(gx_arrays_create(&arrays, NULL), GX_OK);
    pass->estimate(&estimate, input, &args, 2);
    assert_int_equal(gx_pass_run(arrays, pass, NULL, input, &map, &job, NULL), GX_OK);
    uint64_t peak = atomic_load(&job.mem_peak);
    print_message("%s: estimated %.2f MiB, held %.2f MiB\n", name,
                  (double)estimate.mem_bytes / 1048576, (double)peak / 1048576);
    assert_true(estimate.mem_bytes >= peak);
    assert_true((double)estimate.mem_bytes <= 1.2 * (double)peak + 65536);
    gx_arrays_destroy(arrays);
    gx_arena_destroy(arena);
}

static inline const double *score_of(const run_result *r, const char *name, const gx_input *input) {
    return gx_result_get(r->arrays, name, "score", GX_F64, input->users);
}

static inline const uint32_t *community_of(const run_result *r, const char *name,
                                           const gx_input *input) {
    return gx_result_get(r->arrays, name, "community", GX_U32, input->users);
}

static inline void run_free(run_result *r) {
    gx_arrays_destroy(r->arrays);
    gx_arena_destroy(r->arena);
}

#define PARAMS(...)                                                                                \
    (const char *const[]) {                                                                        \
        __VA_ARGS__, NULL                                                                          \
    }

#endif
