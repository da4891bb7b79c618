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

/* Sizes, densities, weights and disconnected parts all vary with the seed. */
static inline void sample_make(sample *s, uint64_t seed, bool weighted) {
    gx_rng rng = gx_rng_at(seed, 21);
    *s = (sample){.arcs.n = 1 + (uint32_t)gx_rng_below(&rng, N_MAX)};
    uint64_t m = gx_rng_below(&rng, 4 * s->arcs.n);
    uint32_t parts = 1 + (uint32_t)gx_rng_below(&rng, 3);
    for (uint64_t i = 0; i < m; i++) {
        uint32_t u = (uint32_t)gx_rng_below(&rng, s->arcs.n);
        uint32_t v = (uint32_t)gx_rng_below(&rng, s->arcs.n);
        if (u % parts == v % parts) {
            arcs_add(&s->arcs, u, v);
        }
    }
    if (weighted) {
        s->arcs.weight = gx_alloc(s->arcs.m, sizeof *s->arcs.weight);
        for (uint64_t i = 0; i < s->arcs.m; i++) {
            s->arcs.weight[i] = (float)(1 + gx_rng_below(&rng, 16)) / 4;
        }
    }
    graph_of(&s->graph, &s->arcs, GX_GRAPH_IN, 1);
    graph_of(&s->undirected, &s->arcs, GX_GRAPH_UNDIRECTED, 1);
    s->input = (gx_input){.graph = &s->graph, .undirected = &s->undirected, .users = s->graph.n};
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

/* Runs a pass with up to four parameters given as texts; NULL ends them. */
static inline run_result run(const char *name, const gx_input *input, int threads,
                             const char *const *params) {
    run_result r = {.arena = gx_arena_create()};
    gx_error err = {0};
    gx_job job;
    gx_value map = gx_map(r.arena, 4);
    for (; params && params[0]; params += 2) {
        gx_map_put(r.arena, &map, params[0], gx_str(params[1]));
    }
    gx_job_init(&job, threads, 1);
    assert_int_equal(gx_arrays_create(&r.arrays, NULL), GX_OK);
    const gx_pass *pass = gx_pass_find(gx_engine_passes(), name);
    gx_status status = gx_pass_run(r.arrays, pass, NULL, input, &map, &job, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, GX_OK);
    return r;
}

static inline const double *score_of(const run_result *r, const char *name, const gx_input *input) {
    return gx_result_get(r->arrays, name, "score", GX_F64, input->users);
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
