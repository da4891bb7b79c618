/* What a pass may read, on as many members as are wanted: circles of thirty, hubs, members tied to
 * nobody, weights, events, groups and categories. */
#ifndef GX_TESTS_REGISTRY_WORLD_H
#define GX_TESTS_REGISTRY_WORLD_H

#include "graph/pass/pass.h"
#include "tests/registry/support.h"

enum { WORLD_ITEMS = 40, WORLD_CATEGORIES = 4, WORLD_GROUPS = 300 };

typedef struct world {
    arc_list ties;
    gx_graph graph, undirected;
    gx_matrix matrix, groups;
    gx_firsts firsts;
    gx_labels category;
    uint32_t label[WORLD_ITEMS], name_at[WORLD_CATEGORIES + 1];
    char names[WORLD_CATEGORIES + 1];
    gx_input input;
} world;

static inline void world_draw_matrix(gx_matrix *out, uint32_t members, uint32_t cols,
                                     uint64_t count, uint32_t most, bool timed) {
    uint32_t *row = gx_alloc(count, sizeof *row), *col = gx_alloc(count, sizeof *col);
    float *value = gx_alloc(count, sizeof *value);
    int64_t *ts = gx_alloc(count, sizeof *ts);
    gx_rng rng = gx_rng_at(31, cols);
    gx_job job;
    gx_job_init(&job, 1, 1);
    for (uint64_t i = 0; i < count; i++) {
        row[i] = (uint32_t)gx_rng_below(&rng, members);
        col[i] = (uint32_t)gx_rng_below(&rng, cols);
        value[i] = (float)(1 + gx_rng_below(&rng, most));
        ts[i] = 1700000000000 + (int64_t)gx_rng_below(&rng, 86400000);
    }
    assert_int_equal(
        gx_matrix_build(out, members, cols, count, row, col, value, timed ? ts : NULL, &job, NULL),
        GX_OK);
    gx_free(row);
    gx_free(col);
    gx_free(value);
    gx_free(ts);
}

static inline void world_draw_firsts(gx_firsts *out, uint32_t members, uint64_t count) {
    gx_first_event *event = gx_alloc(count, sizeof *event);
    gx_rng rng = gx_rng_at(33, count);
    gx_job job;
    gx_job_init(&job, 1, 1);
    for (uint64_t i = 0; i < count; i++) {
        event[i] = (gx_first_event){1700000000000 + (int64_t)gx_rng_below(&rng, 40 * 86400000LL),
                                    (uint32_t)gx_rng_below(&rng, members),
                                    (uint32_t)gx_rng_below(&rng, WORLD_ITEMS), GX_NONE, i % 3 == 0};
    }
    assert_int_equal(gx_firsts_build(out, members, WORLD_ITEMS, NULL, count, event, &job, NULL),
                     GX_OK);
    gx_free(event);
}

static inline void world_draw(world *w, uint32_t members, uint32_t ties) {
    gx_rng rng = gx_rng_at(32, 0);
    *w = (world){.ties.n = members};
    for (uint32_t i = 0; i < ties; i++) {
        double skew = gx_rng_real(&rng);
        uint32_t u = (uint32_t)(skew * skew * members), v = u / 30 * 30;
        v = i % 4 ? v + (uint32_t)gx_rng_below(&rng, 30) : (uint32_t)gx_rng_below(&rng, members);
        arcs_add(&w->ties, u, v < members ? v : u);
    }
    w->ties.weight = gx_alloc(w->ties.m, sizeof *w->ties.weight);
    for (uint64_t i = 0; i < w->ties.m; i++) {
        w->ties.weight[i] = (float)(1 + gx_rng_below(&rng, 16)) / 4;
    }
    graph_of(&w->graph, &w->ties, GX_GRAPH_IN, 2);
    graph_of(&w->undirected, &w->ties, GX_GRAPH_UNDIRECTED, 2);
    world_draw_matrix(&w->matrix, members, WORLD_ITEMS, 5 * members, 5, true);
    world_draw_firsts(&w->firsts, members, 5 * (uint64_t)members);
    world_draw_matrix(&w->groups, members, WORLD_GROUPS, members, 2, false);
    for (uint32_t i = 0; i < WORLD_ITEMS; i++) {
        w->label[i] = i % WORLD_CATEGORIES;
    }
    for (uint32_t c = 0; c <= WORLD_CATEGORIES; c++) {
        w->name_at[c] = c;
        w->names[c] = (char)('a' + c);
    }
    w->category = (gx_labels){WORLD_ITEMS, WORLD_CATEGORIES, w->label, w->name_at, w->names};
    w->input = (gx_input){.graph = &w->graph,
                          .undirected = &w->undirected,
                          .matrix = &w->matrix,
                          .category = &w->category,
                          .groups = &w->groups,
                          .takes = &w->firsts,
                          .users = members,
                          .items = WORLD_ITEMS};
}

static inline void world_finish(world *w) {
    arcs_free(&w->ties);
    gx_graph_finish(&w->graph);
    gx_graph_finish(&w->undirected);
    gx_matrix_finish(&w->matrix);
    gx_matrix_finish(&w->groups);
    gx_firsts_finish(&w->firsts);
}

#endif
