/* Circle profiles against counts over dense tables, on many seeded shops. */
#include "graph/pass/pass.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

extern const gx_pass gx_pass_circle, gx_pass_spanners;

enum { N_MAX = 30, ITEMS = 9, CATEGORIES = 3, CIRCLES = 4 };

typedef struct world {
    uint32_t n;
    bool tie[N_MAX][N_MAX], act[N_MAX][ITEMS];
    uint32_t circle[N_MAX], label[ITEMS];
    gx_graph graph;
    gx_matrix matrix;
    gx_labels category;
    gx_arrays *given;
} world;

static void world_make(world *w, uint64_t seed) {
    gx_rng rng = gx_rng_at(seed, 31);
    gx_job job;
    gx_job_init(&job, 1, 1);
    *w = (world){.n = CIRCLES + (uint32_t)gx_rng_below(&rng, N_MAX - CIRCLES)};
    uint32_t src[N_MAX * N_MAX], dst[N_MAX * N_MAX], row[N_MAX * ITEMS], col[N_MAX * ITEMS];
    uint64_t m = 0, nnz = 0;
    for (uint32_t u = 0; u < w->n; u++) {
        w->circle[u] = u < CIRCLES ? u : (uint32_t)gx_rng_below(&rng, CIRCLES);
        for (uint32_t v = 0; v < u; v++) {
            if (gx_rng_below(&rng, w->circle[u] == w->circle[v] ? 2 : 6) == 0) {
                w->tie[u][v] = w->tie[v][u] = true;
                src[m] = u;
                dst[m++] = v;
            }
        }
        for (uint32_t i = 0; i < ITEMS; i++) {
            if (gx_rng_below(&rng, i % CIRCLES == w->circle[u] ? 2 : 5) == 0) {
                w->act[u][i] = true;
                row[nnz] = u;
                col[nnz++] = i;
            }
        }
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        w->label[i] = i == 0 ? GX_NONE : i % CATEGORIES;
    }
    w->category = (gx_labels){.n = ITEMS, .count = CATEGORIES, .label = w->label};
    assert_int_equal(
        gx_graph_build(&w->graph, w->n, m, src, dst, NULL, GX_GRAPH_UNDIRECTED, &job, NULL), GX_OK);
    assert_int_equal(
        gx_matrix_build(&w->matrix, w->n, ITEMS, nnz, row, col, NULL, NULL, &job, NULL), GX_OK);
    uint32_t *community;
    assert_int_equal(gx_arrays_create(&w->given, NULL), GX_OK);
    assert_int_equal(
        gx_arrays_add(&community, w->given, "leiden.community", GX_U32, w->n, 0, NULL, NULL),
        GX_OK);
    memcpy(community, w->circle, w->n * sizeof *community);
}

static void world_free(world *w) {
    gx_graph_finish(&w->graph);
    gx_matrix_finish(&w->matrix);
    gx_arrays_destroy(w->given);
}

static gx_input input_of(const world *w) {
    return (gx_input){.undirected = &w->graph,
                      .matrix = &w->matrix,
                      .category = &w->category,
                      .arrays = w->given,
                      .users = w->n,
                      .items = ITEMS};
}

/* Members of circle c (CIRCLES: of all) who acted on the item, or in the category. */
static double acted(const world *w, uint32_t c, uint32_t kind, bool categories) {
    double count = 0;
    for (uint32_t u = 0; u < w->n; u++) {
        bool any = false;
        for (uint32_t i = 0; i < ITEMS; i++) {
            any = any || (w->act[u][i] && (categories ? w->label[i] == kind : i == kind));
        }
        count += any && (c == CIRCLES || w->circle[u] == c);
    }
    return count;
}

static double size_of(const world *w, uint32_t c) {
    double size = 0;
    for (uint32_t u = 0; u < w->n; u++) {
        size += w->circle[u] == c;
    }
    return size;
}

static void assert_shape(const world *w, const gx_arrays *arrays) {
    const uint32_t *size = gx_arrays_get(arrays, "circle.size", GX_U32, CIRCLES);
    const double *density = gx_arrays_get(arrays, "circle.density", GX_F64, CIRCLES);
    const double *conductance = gx_arrays_get(arrays, "circle.conductance", GX_F64, CIRCLES);
    for (uint32_t c = 0; c < CIRCLES; c++) {
        double inside = 0, cut = 0, rest = 0, members = size_of(w, c);
        for (uint32_t u = 0; u < w->n; u++) {
            for (uint32_t v = 0; v < w->n; v++) {
                bool a = w->circle[u] == c, b = w->circle[v] == c;
                inside += w->tie[u][v] && a && b;
                cut += w->tie[u][v] && a && !b;
                rest += w->tie[u][v] && !a;
            }
        }
        double smaller = fmin(inside + cut, rest);
        assert_true((double)size[c] == members);
        assert_true(fabs(density[c] - (members > 1 ? inside / (members * (members - 1)) : 0)) <
                    1e-12);
        assert_true(fabs(conductance[c] - (cut > 0 ? cut / smaller : 0)) < 1e-12);
    }
}

static const char *const names[2][5] = {
    {"circle.ptr", "circle.item", "circle.count", "circle.lift", "circle.everywhere"},
    {"circle.category_ptr", "circle.category", "circle.category_count", "circle.category_lift",
     "circle.category_everywhere"},
};

static void assert_taste(const world *w, const gx_arrays *arrays, bool categories, uint32_t keep,
                         double support, double prior) {
    const uint64_t *ptr = gx_arrays_get(arrays, names[categories][0], GX_U64, CIRCLES + 1);
    const uint32_t *kind = gx_arrays_get(arrays, names[categories][1], GX_U32, 0);
    const uint32_t *count = gx_arrays_get(arrays, names[categories][2], GX_U32, 0);
    const float *lift = gx_arrays_get(arrays, names[categories][3], GX_F32, 0);
    const uint32_t *everywhere = gx_arrays_get(arrays, names[categories][4], GX_U32, 0);
    for (uint32_t c = 0; c < CIRCLES; c++) {
        double last = INFINITY;
        uint32_t listed = 0, expected = 0;
        for (uint64_t i = ptr[c]; i < ptr[c + 1]; i++) {
            double here = acted(w, c, kind[i], categories);
            double p = acted(w, CIRCLES, kind[i], categories) / w->n;
            double wanted = (here + prior * p) / (size_of(w, c) + prior) / p;
            assert_true(here == count[i] && here >= support);
            assert_true(fabs((double)lift[i] - wanted) < 1e-5 * wanted);
            assert_true(everywhere[i] == acted(w, CIRCLES, kind[i], categories));
            assert_true(wanted * here <= last + 1e-9);
            last = wanted * here;
            assert_false(listed >> kind[i] & 1);
            listed |= 1u << kind[i];
        }
        for (uint32_t k = 0; k < (categories ? CATEGORIES : ITEMS); k++) {
            expected += acted(w, c, k, categories) >= support;
        }
        assert_int_equal(ptr[c + 1] - ptr[c], expected < keep ? expected : keep);
    }
}

static void test_against_dense_tables(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        world w;
        world_make(&w, seed);
        gx_arena *arena = gx_arena_create();
        gx_value params = gx_map(arena, 4);
        uint32_t keep = seed % 3 ? 100 : 2, support = 1 + (uint32_t)(seed % 2);
        double prior = seed % 5 ? 10 : 0;
        gx_map_put(arena, &params, "items", gx_int(keep));
        gx_map_put(arena, &params, "support", gx_int(support));
        gx_map_put(arena, &params, "prior", gx_real(prior));
        gx_arrays *arrays;
        gx_error err = {0};
        gx_job job;
        gx_job_init(&job, 2, 1);
        gx_input input = input_of(&w);
        assert_int_equal(gx_arrays_create(&arrays, NULL), GX_OK);
        gx_status status =
            gx_pass_run(arrays, &gx_pass_circle, "circle", &input, &params, &job, &err);
        assert_string_equal(err.message, "");
        assert_int_equal(status, GX_OK);
        assert_shape(&w, arrays);
        assert_taste(&w, arrays, false, keep, support, prior);
        assert_taste(&w, arrays, true, keep, support, prior);
        assert_int_equal(gx_pass_circle.check(arrays, "circle", &input, NULL, &err), GX_OK);
        gx_arrays_destroy(arrays);
        gx_arena_destroy(arena);
        world_free(&w);
    }
}

static void test_refuses_numbers_out_of_range(void **state) {
    (void)state;
    world w;
    world_make(&w, 3);
    gx_arrays *arrays;
    gx_error err = {0};
    gx_job job;
    gx_job_init(&job, 1, 1);
    gx_input input = input_of(&w);
    const gx_array *community = gx_arrays_find(w.given, "leiden.community");
    ((uint32_t *)community->data)[1] = GX_NONE;
    assert_int_equal(gx_arrays_create(&arrays, NULL), GX_OK);
    const gx_pass *const passes[] = {&gx_pass_circle, &gx_pass_spanners};
    for (size_t i = 0; i < GX_COUNT(passes); i++) {
        assert_int_equal(gx_pass_run(arrays, passes[i], NULL, &input, NULL, &job, &err),
                         GX_CORRUPT);
    }
    assert_int_equal(gx_arrays_count(arrays), 0);
    gx_arrays_destroy(arrays);
    world_free(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_dense_tables),
        cmocka_unit_test(test_refuses_numbers_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
