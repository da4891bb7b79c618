/* Every pass of the engine that uses threads, on a graph large enough that it does: the same bytes
 * at 1, 2 and 16, and its own check holds. */
#include "engine/engine.h"
#include "tests/registry/support.h"

enum { MEMBERS = 12000, TIES = 70000, ITEMS = 40, CATEGORIES = 4, GROUPS = 300 };

typedef struct world {
    arc_list ties;
    gx_graph graph, undirected;
    gx_matrix matrix, groups;
    gx_labels category;
    uint32_t label[ITEMS], name_at[CATEGORIES + 1];
    char names[CATEGORIES + 1];
    gx_input input;
} world;

static void draw_matrix(gx_matrix *out, uint32_t cols, uint64_t count, uint32_t most, bool timed) {
    uint32_t *row = gx_alloc(count, sizeof *row), *col = gx_alloc(count, sizeof *col);
    float *value = gx_alloc(count, sizeof *value);
    int64_t *ts = gx_alloc(count, sizeof *ts);
    gx_rng rng = gx_rng_at(31, cols);
    gx_job job;
    gx_job_init(&job, 1, 1);
    for (uint64_t i = 0; i < count; i++) {
        row[i] = (uint32_t)gx_rng_below(&rng, MEMBERS);
        col[i] = (uint32_t)gx_rng_below(&rng, cols);
        value[i] = (float)(1 + gx_rng_below(&rng, most));
        ts[i] = 1700000000000 + (int64_t)gx_rng_below(&rng, 86400000);
    }
    assert_int_equal(
        gx_matrix_build(out, MEMBERS, cols, count, row, col, value, timed ? ts : NULL, &job, NULL),
        GX_OK);
    gx_free(row);
    gx_free(col);
    gx_free(value);
    gx_free(ts);
}

/* Circles of thirty, hubs, and members tied to nobody. */
static int world_make(void **state) {
    static world w;
    gx_rng rng = gx_rng_at(32, 0);
    w = (world){.ties.n = MEMBERS};
    for (uint32_t i = 0; i < TIES; i++) {
        double skew = gx_rng_real(&rng);
        uint32_t u = (uint32_t)(skew * skew * MEMBERS), v = u / 30 * 30;
        v = i % 4 ? v + (uint32_t)gx_rng_below(&rng, 30) : (uint32_t)gx_rng_below(&rng, MEMBERS);
        arcs_add(&w.ties, u, v < MEMBERS ? v : u);
    }
    w.ties.weight = gx_alloc(w.ties.m, sizeof *w.ties.weight);
    for (uint64_t i = 0; i < w.ties.m; i++) {
        w.ties.weight[i] = (float)(1 + gx_rng_below(&rng, 16)) / 4;
    }
    graph_of(&w.graph, &w.ties, GX_GRAPH_IN, 2);
    graph_of(&w.undirected, &w.ties, GX_GRAPH_UNDIRECTED, 2);
    draw_matrix(&w.matrix, ITEMS, 60000, 5, true);
    draw_matrix(&w.groups, GROUPS, MEMBERS, 2, false);
    for (uint32_t i = 0; i < ITEMS; i++) {
        w.label[i] = i % CATEGORIES;
    }
    for (uint32_t c = 0; c <= CATEGORIES; c++) {
        w.name_at[c] = c;
        w.names[c] = (char)('a' + c);
    }
    w.category = (gx_labels){ITEMS, CATEGORIES, w.label, w.name_at, w.names};
    w.input = (gx_input){.graph = &w.graph,
                         .undirected = &w.undirected,
                         .matrix = &w.matrix,
                         .category = &w.category,
                         .groups = &w.groups,
                         .users = MEMBERS,
                         .items = ITEMS};
    *state = &w;
    return 0;
}

static int world_free(void **state) {
    world *w = *state;
    arcs_free(&w->ties);
    gx_graph_finish(&w->graph);
    gx_graph_finish(&w->undirected);
    gx_matrix_finish(&w->matrix);
    gx_matrix_finish(&w->groups);
    return 0;
}

/* Parameters of a pass: NULL, its defaults; or `weighted` and `directed` other than they are. False
 * where it has neither. */
static bool flipped(gx_value *out, const gx_pass *pass, gx_arena *arena) {
    *out = gx_map(arena, 3);
    for (size_t i = 0; i < pass->param_count; i++) {
        const gx_param *k = &pass->params[i];
        const bool shown = !(k->flags & GX_PARAM_HIDDEN); /* else refused */
        if (shown && (strcmp(k->name, "weighted") == 0 || strcmp(k->name, "directed") == 0)) {
            gx_map_put(arena, out, k->name, gx_bool(strcmp(k->fallback, "true") != 0));
        }
    }
    bool some = out->size > 0;
    for (size_t i = 0; some && i < pass->param_count; i++) {
        if (strcmp(pass->params[i].name, "samples") == 0) { /* searches by length take long */
            gx_map_put(arena, out, "samples", gx_int(40));
        }
    }
    return some;
}

/* Into `results`, which hold what the pass needs. */
static void run_at(gx_arrays *results, const gx_pass *pass, const gx_input *input,
                   const gx_value *params, int threads) {
    gx_error err = {0};
    gx_job job;
    gx_input given = *input;
    given.arrays = results;
    gx_job_init(&job, threads, 1);
    gx_status status = gx_pass_run(results, pass, NULL, &given, params, &job, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, GX_OK);
}

static void expect_invariant(const gx_arrays *results, const gx_pass *pass, const gx_input *input,
                             const gx_value *params, gx_arena *arena) {
    gx_args args;
    gx_error err = {0};
    gx_input given = *input;
    given.arrays = results;
    assert_int_equal(gx_args_parse(&args, arena, pass->params, pass->param_count, params, &err),
                     GX_OK);
    gx_status status = pass->check(results, pass->name, &given, &args, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, GX_OK);
}

/* Its own arrays; what it stands on is given to both. */
static void expect_same_bytes(const gx_arrays *a, const gx_arrays *b, const gx_pass *pass,
                              int threads) {
    size_t own = strlen(pass->name);
    for (size_t i = 0; i < gx_arrays_count(a); i++) {
        const gx_array *x = gx_arrays_at(a, i), *y = gx_arrays_find(b, x->name);
        bool is_own = strncmp(x->name, pass->name, own) == 0 && x->name[own] == '.';
        if (is_own && (!y || x->bytes != y->bytes || memcmp(x->data, y->data, x->bytes) != 0)) {
            fail_msg("%s is not the same bytes at %d threads", x->name, threads);
        }
    }
}

/* Everything that others stand on, on one thread. */
static void give(gx_arrays *results, const gx_pass *pass, const gx_input *input) {
    for (const char *const *name = pass->arrays; name && *name; name++) {
        char giver[64] = {0};
        snprintf(giver, sizeof giver, "%.*s", (int)strcspn(*name, "."), *name);
        const gx_pass *by = gx_pass_find(gx_engine_passes(), giver);
        assert_non_null(by);
        if (!gx_arrays_find(results, *name)) {
            give(results, by, input);
            run_at(results, by, input, NULL, 1);
        }
    }
}

static void try_pass(const gx_pass *pass, const gx_input *input, const gx_value *params,
                     gx_arena *arena) {
    gx_arrays *one;
    assert_int_equal(gx_arrays_create(&one, NULL), GX_OK);
    give(one, pass, input);
    run_at(one, pass, input, params, 1);
    expect_invariant(one, pass, input, params, arena);
    for (int threads = params ? 16 : 2; threads <= 16; threads *= 8) {
        gx_arrays *more;
        assert_int_equal(gx_arrays_create(&more, NULL), GX_OK);
        give(more, pass, input);
        run_at(more, pass, input, params, threads);
        expect_same_bytes(one, more, pass, threads);
        gx_arrays_destroy(more);
    }
    gx_arrays_destroy(one);
}

static void test_threads(void **state) {
    const world *w = *state;
    const gx_pass_table *all = gx_engine_passes();
    for (size_t p = 0; p < all->count; p++) {
        gx_arena *arena = gx_arena_create();
        gx_value other;
        if (!all->rows[p]->serial) {
            try_pass(all->rows[p], &w->input, NULL, arena);
            if (flipped(&other, all->rows[p], arena)) {
                try_pass(all->rows[p], &w->input, &other, arena);
            }
        }
        gx_arena_destroy(arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("threads", tests, world_make, world_free);
}
