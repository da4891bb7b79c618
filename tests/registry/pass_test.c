/* What every pass and model must hold, whatever it computes: one loop over the tables. A new row is
 * tested by being there. Passes that need arrays of others are run by the plan, with default
 * parameters. */
#include "engine/engine.h"
#include "models/model.h"
#include "tests/registry/support.h"

enum { ITEMS = 12, CATEGORIES = 3, ALLOCATIONS_MAX = 3000 };

/* ---- inputs
 * -------------------------------------------------------------------------------------- */

typedef struct world {
    arc_list ties;
    gx_graph graph, undirected;
    gx_matrix matrix, groups;
    gx_firsts firsts;
    gx_labels category;
    uint32_t label[ITEMS], name_at[CATEGORIES + 1];
    char names[CATEGORIES + 1];
} world;

typedef struct scene {
    const char *name;
    uint32_t n;
    uint64_t arcs; /* drawn at random; 0: see `ring` */
    bool ring, loops, repeats;
    float weight; /* of every tie; 0: drawn; negative: none are given */
    bool zero;    /* every weight is 0 */
} scene;

static const scene scenes[] = {
    {.name = "no members", .n = 0, .weight = -1},
    {.name = "one member", .n = 1, .weight = -1},
    {.name = "one member tied to itself", .n = 1, .arcs = 2, .loops = true, .weight = -1},
    {.name = "members without ties", .n = 5, .weight = -1},
    {.name = "two members", .n = 2, .ring = true, .weight = -1},
    {.name = "a ring", .n = 9, .ring = true, .weight = -1},
    {.name = "random ties", .n = 30, .arcs = 90, .weight = -1},
    {.name = "self-loops kept", .n = 20, .arcs = 80, .loops = true, .weight = -1},
    {.name = "every tie three times", .n = 20, .arcs = 40, .repeats = true},
    {.name = "disconnected parts", .n = 60, .arcs = 40},
    {.name = "drawn weights", .n = 40, .arcs = 200},
    {.name = "equal weights", .n = 25, .arcs = 90, .weight = 2.5f},
    {.name = "huge weights", .n = 25, .arcs = 90, .weight = 1e37f},
    {.name = "tiny weights", .n = 25, .arcs = 90, .weight = 1e-37f},
    {.name = "weights of 0", .n = 15, .arcs = 50, .zero = true},
};

static const scene usual = {.name = "usual", .n = 40, .arcs = 200};

static void draw_ties(arc_list *out, const scene *s, const uint32_t *number) {
    gx_rng rng = gx_rng_at(11, s->n + s->arcs);
    *out = (arc_list){.n = s->n};
    for (uint32_t v = 0; s->ring && v < s->n; v++) {
        arcs_add(out, number[v], number[(v + 1) % s->n]);
    }
    for (uint64_t i = 0; i < s->arcs; i++) {
        uint32_t u = (uint32_t)gx_rng_below(&rng, s->n), v = (uint32_t)gx_rng_below(&rng, s->n);
        for (int k = 0; k < (s->repeats ? 3 : 1); k++) {
            arcs_add(out, number[u], number[v]);
        }
    }
    if (s->weight >= 0) {
        out->weight = gx_alloc(out->m, sizeof *out->weight);
        for (uint64_t i = 0; i < out->m; i++) {
            float drawn = (float)(1 + gx_rng_below(&rng, 7));
            out->weight[i] = s->zero ? 0 : s->weight > 0 ? s->weight : drawn;
        }
    }
}

static void draw_events(gx_matrix *out, const scene *s, const uint32_t *number) {
    enum { EVENTS_MAX = 512 };
    uint32_t row[EVENTS_MAX], col[EVENTS_MAX];
    float value[EVENTS_MAX];
    int64_t ts[EVENTS_MAX];
    gx_rng rng = gx_rng_at(12, s->n);
    uint64_t count = 4 * s->n < EVENTS_MAX ? 4 * s->n : EVENTS_MAX;
    for (uint64_t i = 0; i < count; i++) {
        row[i] = number[gx_rng_below(&rng, s->n)];
        col[i] = (uint32_t)gx_rng_below(&rng, ITEMS);
        value[i] = (float)(1 + gx_rng_below(&rng, 5));
        ts[i] = 1700000000000 + (int64_t)gx_rng_below(&rng, 86400000);
    }
    gx_job job;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_matrix_build(out, s->n, ITEMS, count, row, col, value, ts, &job, NULL),
                     GX_OK);
}

/* Everybody in one or two of three groups, every seventh member a host. */
static void draw_groups(gx_matrix *out, const scene *s, const uint32_t *number) {
    uint32_t row[128], col[128];
    float value[128];
    uint64_t count = 0;
    for (uint32_t v = 0; v < s->n; v++) {
        for (uint32_t k = 0; k <= v % 2; k++) {
            row[count] = number[v];
            col[count] = (v + k) % 3;
            value[count++] = v % 7 == 3 ? 2 : 1;
        }
    }
    gx_job job;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_matrix_build(out, s->n, 3, count, row, col, value, NULL, &job, NULL),
                     GX_OK);
}

/* The same log as the matrix; every third time something is passed on. */
static void draw_firsts(gx_firsts *out, const scene *s, const uint32_t *number) {
    gx_first_event event[512];
    gx_rng rng = gx_rng_at(14, s->n);
    const uint64_t count = 8 * s->n < GX_COUNT(event) ? 8 * s->n : GX_COUNT(event);
    gx_job job;
    gx_job_init(&job, 1, 1);
    for (uint64_t i = 0; i < count; i++) {
        event[i] = (gx_first_event){1700000000000 + (int64_t)gx_rng_below(&rng, 40 * 86400000LL),
                                    number[gx_rng_below(&rng, s->n)],
                                    (uint32_t)gx_rng_below(&rng, ITEMS), GX_NONE, i % 3 == 0};
        event[i].via = i % 5 == 0 ? number[gx_rng_below(&rng, s->n)] : GX_NONE;
    }
    assert_int_equal(gx_firsts_build(out, s->n, ITEMS, NULL, count, event, &job, NULL), GX_OK);
}

/* `number` renames the members; NULL: as they are. */
static void world_make(world *w, const scene *s, const uint32_t *number) {
    uint32_t same[64];
    for (uint32_t v = 0; v < 64; v++) {
        same[v] = v;
    }
    *w = (world){0};
    draw_ties(&w->ties, s, number ? number : same);
    unsigned loops = s->loops ? GX_GRAPH_LOOPS : 0;
    graph_of(&w->graph, &w->ties, GX_GRAPH_IN | loops, 1);
    graph_of(&w->undirected, &w->ties, GX_GRAPH_UNDIRECTED | loops, 1);
    draw_events(&w->matrix, s, number ? number : same);
    draw_groups(&w->groups, s, number ? number : same);
    draw_firsts(&w->firsts, s, number ? number : same);
    for (uint32_t i = 0; i < ITEMS; i++) {
        w->label[i] = i % (CATEGORIES + 1) < CATEGORIES ? i % (CATEGORIES + 1) : GX_NONE;
    }
    for (uint32_t c = 0; c <= CATEGORIES; c++) {
        w->name_at[c] = c;
        w->names[c] = (char)('a' + c);
    }
    w->category = (gx_labels){ITEMS, CATEGORIES, w->label, w->name_at, w->names};
}

static void world_free(world *w) {
    arcs_free(&w->ties);
    gx_graph_finish(&w->graph);
    gx_graph_finish(&w->undirected);
    gx_matrix_finish(&w->matrix);
    gx_matrix_finish(&w->groups);
    gx_firsts_finish(&w->firsts);
}

static gx_input input_of(const world *w) {
    return (gx_input){.graph = &w->graph,
                      .undirected = &w->undirected,
                      .matrix = &w->matrix,
                      .category = &w->category,
                      .groups = &w->groups,
                      .takes = &w->firsts,
                      .users = w->graph.n,
                      .items = ITEMS};
}

/* ---- running ------------------------------------------------------------------------------------
 */

static const gx_pass_table *const *tables(size_t *out_count) {
    static const gx_pass_table *all[2];
    all[0] = gx_engine_passes();
    all[1] = gx_model_passes();
    *out_count = GX_COUNT(all);
    return all;
}

/* The pass and whatever it needs before it. */
static gx_status run_plan(gx_arrays **out, const gx_pass *pass, const world *w, gx_job *job,
                          gx_error *err) {
    size_t count;
    const gx_pass_table *const *all = tables(&count);
    gx_plan plan = {0};
    gx_plan_step wanted = {.pass = pass};
    gx_input input = input_of(w);
    gx_arrays *results = NULL;
    gx_status status = GX_OK;
    GX_TRY(gx_plan_make(&plan, all, count, &wanted, 1, err));
    GX_TRY(gx_arrays_create(&results, err));
    GX_TRY(gx_plan_run(results, &plan, &input, job, err));
    *out = results;
    results = NULL;
done:
    gx_arrays_destroy(results);
    gx_plan_finish(&plan);
    return status;
}

static gx_arrays *run_well(const gx_pass *pass, const world *w, int threads) {
    gx_job job;
    gx_error err = {0};
    gx_arrays *results = NULL;
    gx_job_init(&job, threads, 1);
    gx_status status = run_plan(&results, pass, w, &job, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, GX_OK);
    uint64_t held = 0;
    for (size_t i = 0; i < gx_arrays_count(results); i++) {
        held += gx_arrays_at(results, i)->bytes;
    }
    assert_int_equal(atomic_load(&job.mem_used),
                     held); /* scratch is given back, results are counted */
    return results;
}

static void assert_same_bytes(const gx_arrays *a, const gx_arrays *b) {
    assert_int_equal(gx_arrays_count(a), gx_arrays_count(b));
    for (size_t i = 0; i < gx_arrays_count(a); i++) {
        const gx_array *x = gx_arrays_at(a, i), *y = gx_arrays_at(b, i);
        assert_string_equal(x->name, y->name);
        assert_int_equal(x->dtype, y->dtype);
        assert_int_equal(x->bytes, y->bytes);
        if (x->bytes && memcmp(x->data, y->data, x->bytes) != 0) {
            fail_msg("%s is not the same bytes", x->name);
        }
    }
}

/* ---- what is asked
 * ------------------------------------------------------------------------------- */

static void assert_description(const gx_pass *pass) {
    assert_true(pass->name && pass->summary && pass->paper && pass->complexity);
    assert_true(pass->run && pass->estimate && pass->check);
    assert_true(pass->give_count > 0 && pass->gives);
    if (pass->kind == GX_KIND_CENTRALITY) {
        assert_string_equal(pass->gives[0].suffix, "score");
    }
    if (pass->kind == GX_KIND_COMMUNITY) {
        assert_string_equal(pass->gives[0].suffix, "community");
        assert_int_equal(pass->gives[0].dtype, GX_U32);
    }
    for (size_t i = 0; i < pass->give_count; i++) {
        assert_true(pass->gives[i].help && pass->gives[i].help[0]);
    }
    for (size_t i = 0; i < pass->param_count; i++) {
        assert_true(pass->params[i].name && pass->params[i].help);
    }
}

static gx_args default_args(const gx_pass *pass, gx_arena *arena) {
    gx_args args;
    gx_error err = {0};
    assert_int_equal(gx_args_parse(&args, arena, pass->params, pass->param_count, NULL, &err),
                     GX_OK);
    return args;
}

static void assert_estimate(const gx_pass *pass, const world *w) {
    gx_arena *arena = gx_arena_create();
    gx_args args = default_args(pass, arena);
    gx_input input = input_of(w);
    gx_estimate estimate = {0};
    pass->estimate(&estimate, &input, &args, 2);
    assert_true(estimate.mem_bytes > 0 || w->graph.n == 0);
    assert_true(estimate.cpu_s >= 0 && isfinite(estimate.cpu_s));
    if (pass->kind != GX_KIND_MODEL) { /* before anything is there */
        input = (gx_input){.users = w->graph.n, .items = ITEMS};
        pass->estimate(&estimate, &input, &args, 2);
        assert_true(estimate.cpu_s >= 0 && isfinite(estimate.cpu_s));
    }
    gx_arena_destroy(arena);
}

static void assert_gives(const gx_pass *pass, const gx_arrays *results, const world *w) {
    for (size_t i = 0; i < pass->give_count; i++) {
        const gx_gives *g = &pass->gives[i];
        char name[128];
        snprintf(name, sizeof name, "%s.%s", pass->name, g->suffix);
        const gx_array *array = gx_arrays_find(results, name);
        assert_non_null(array);
        assert_int_equal(array->dtype, g->dtype);
        if (g->rows != GX_LEN_OTHER) {
            assert_int_equal(array->shape[0], g->rows == GX_LEN_USERS ? w->graph.n : ITEMS);
        }
    }
}

/* What is said to hold members or items holds nothing beyond them. */
static void assert_numbers(const gx_pass *pass, const gx_arrays *results, const char *const *suffix,
                           uint32_t end) {
    for (; suffix && *suffix; suffix++) {
        const uint32_t *number = gx_result_get(results, pass->name, *suffix, GX_U32, 0);
        char name[128];
        snprintf(name, sizeof name, "%s.%s", pass->name, *suffix);
        const gx_array *array = gx_arrays_find(results, name);
        assert_true(array && number);
        for (uint64_t i = 0; i < array->shape[0]; i++) {
            assert_true(number[i] < end || number[i] == GX_NONE);
        }
    }
}

static void assert_check(const gx_pass *pass, const gx_arrays *results, const world *w) {
    gx_arena *arena = gx_arena_create();
    gx_args args = default_args(pass, arena);
    gx_input input = input_of(w);
    gx_error err = {0};
    input.arrays = results;
    gx_status status = pass->check(results, pass->name, &input, &args, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, GX_OK);
    gx_arena_destroy(arena);
}

/* Community numbers of the largest first. */
static void assert_falling(const uint32_t *community, uint32_t n) {
    uint32_t size[64] = {0};
    for (uint32_t v = 0; v < n; v++) {
        assert_true(community[v] < n);
        size[community[v]]++;
    }
    for (uint32_t c = 0; c + 1 < n; c++) {
        assert_true(size[c] >= size[c + 1]);
    }
}

static void try_scene(const gx_pass *pass, const scene *s) {
    world w;
    world_make(&w, s, NULL);
    assert_estimate(pass, &w);
    gx_arrays *first = run_well(pass, &w, 1);
    assert_gives(pass, first, &w);
    assert_numbers(pass, first, pass->member_arrays, w.graph.n);
    assert_numbers(pass, first, pass->item_arrays, ITEMS);
    assert_numbers(pass, first, pass->category_arrays, CATEGORIES);
    assert_check(pass, first, &w);
    if (pass->kind == GX_KIND_COMMUNITY) {
        assert_falling(gx_result_get(first, pass->name, "community", GX_U32, w.graph.n), w.graph.n);
    }
    static const int threads[] = {1, 2, 16};
    for (size_t i = 0; i < GX_COUNT(threads); i++) {
        gx_arrays *again = run_well(pass, &w, threads[i]);
        assert_same_bytes(first, again);
        gx_arrays_destroy(again);
    }
    gx_arrays_destroy(first);
    world_free(&w);
}

/* The same members together, whatever the numbers are. */
static void assert_same_parts(const uint32_t *a, const uint32_t *b, const uint32_t *number,
                              uint32_t n) {
    for (uint32_t u = 0; u < n; u++) {
        for (uint32_t v = 0; v < u; v++) {
            assert_int_equal(a[u] == a[v], b[number[u]] == b[number[v]]);
        }
    }
}

static void try_permuted(const gx_pass *pass) {
    world w, renamed;
    uint32_t n = usual.n, number[64];
    gx_rng rng = gx_rng_at(13, 0);
    for (uint32_t v = 0; v < n; v++) {
        uint32_t k = (uint32_t)gx_rng_below(&rng, v + 1);
        number[v] = number[k];
        number[k] = v;
    }
    world_make(&w, &usual, NULL);
    world_make(&renamed, &usual, number);
    gx_arrays *a = run_well(pass, &w, 2), *b = run_well(pass, &renamed, 2);
    for (size_t i = 0; i < pass->give_count; i++) {
        const gx_gives *g = &pass->gives[i];
        char name[128];
        snprintf(name, sizeof name, "%s.%s", pass->name, g->suffix);
        const gx_array *x = gx_arrays_find(a, name), *y = gx_arrays_find(b, name);
        assert_int_equal(x->bytes, y->bytes);
        if (pass->kind == GX_KIND_COMMUNITY && g->rows == GX_LEN_USERS) {
            assert_same_parts(x->data, y->data, number, n);
        } else if (g->dtype == GX_F64 || g->dtype == GX_F32) {
            uint64_t cols = x->shape[0] ? x->bytes / gx_dtype_bytes(x->dtype) / x->shape[0] : 0;
            for (uint64_t k = 0; g->rows != GX_LEN_OTHER && k < x->shape[0] * cols; k++) {
                uint64_t row = k / cols, to = g->rows == GX_LEN_USERS ? number[row] : row;
                double p = element(x, k), q = element(y, to * cols + k % cols);
                if (!(fabs(p - q) <= 1e-6 * (1 + fabs(p)))) {
                    fail_msg("%s: %.12g became %.12g when members were renamed", name, p, q);
                }
            }
        }
    }
    gx_arrays_destroy(a);
    gx_arrays_destroy(b);
    world_free(&w);
    world_free(&renamed);
}

static void try_failing_allocator(const gx_pass *pass) {
    world w;
    world_make(&w, &usual, NULL);
    uint64_t before = gx_alloc_live_blocks(), k = 0;
    for (gx_status status = GX_NO_MEMORY; status != GX_OK;) {
        gx_job job;
        gx_error err;
        gx_arrays *results = NULL;
        gx_job_init(&job, 2, 1);
        assert_true(++k < ALLOCATIONS_MAX);
        gx_alloc_fail_at(k);
        status = run_plan(&results, pass, &w, &job, &err);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        gx_arrays_destroy(results);
        assert_int_equal(gx_alloc_live_blocks(), before);
    }
    assert_true(k > 1);
    world_free(&w);
}

/* What a job that must not finish comes to, with nothing left behind. */
static void assert_refused(const gx_pass *pass, gx_job *job, gx_status expected) {
    world w;
    gx_error err;
    gx_arrays *results = NULL;
    world_make(&w, &usual, NULL);
    uint64_t before = gx_alloc_live_blocks();
    assert_int_equal(run_plan(&results, pass, &w, job, &err), expected);
    assert_null(results);
    assert_true(err.message[0]);
    assert_int_equal(gx_alloc_live_blocks(), before);
    assert_int_equal(atomic_load(&job->mem_used), 0);
    world_free(&w);
}

static void try_stops(const gx_pass *pass) {
    gx_job job;
    gx_job_init(&job, 2, 1);
    gx_job_cancel(&job);
    assert_refused(pass, &job, GX_CANCELLED);
    gx_job_init(&job, 2, 1);
    job.deadline_ns = 1;
    assert_refused(pass, &job, GX_DEADLINE);
    gx_job_init(&job, 2, 1);
    job.mem_limit = 1;
    assert_refused(pass, &job, GX_OVER_LIMIT);
}

/* The run function itself must see a cancel, not only what calls it. */
static void try_cancel_inside(const gx_pass *pass) {
    world w;
    world_make(&w, &usual, NULL);
    if (!pass->arrays) {
        gx_arena *arena = gx_arena_create();
        gx_args args = default_args(pass, arena);
        gx_input input = input_of(&w);
        gx_job job;
        gx_error err;
        gx_output out = {.instance = pass->name, .job = &job};
        gx_job_init(&job, 2, 1);
        gx_job_cancel(&job);
        assert_int_equal(gx_arrays_create(&out.arrays, NULL), GX_OK);
        assert_int_equal(pass->run(&out, &input, &args, &job, &err), GX_CANCELLED);
        gx_arrays_destroy(out.arrays);
        gx_arena_destroy(arena);
    }
    world_free(&w);
}

static void try_unknown_parameter(const gx_pass *pass) {
    world w;
    world_make(&w, &usual, NULL);
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 1);
    gx_map_put(arena, &params, "no_such_parameter", gx_int(1));
    gx_input input = input_of(&w);
    gx_arrays *results;
    gx_job job;
    gx_error err;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_arrays_create(&results, NULL), GX_OK);
    gx_status status = gx_pass_run(results, pass, NULL, &input, &params, &job, &err);
    assert_true(status == GX_BAD_REQUEST || (pass->arrays && status == GX_NOT_FOUND));
    gx_arrays_destroy(results);
    gx_arena_destroy(arena);
    world_free(&w);
}

/* ---- the loop over the tables
 * --------------------------------------------------------------------- */

static void test_pass(void **state) {
    const gx_pass *pass = *state;
    uint64_t before = gx_alloc_live_blocks();
    assert_description(pass);
    for (size_t i = 0; i < GX_COUNT(scenes); i++) {
        print_message("    %s\n", scenes[i].name);
        try_scene(pass, &scenes[i]);
    }
    if (!pass->label_dependent) {
        try_permuted(pass);
    }
    try_failing_allocator(pass);
    try_stops(pass);
    try_cancel_inside(pass);
    try_unknown_parameter(pass);
    assert_int_equal(gx_alloc_live_blocks(), before);
}

static void test_names_are_unique(void **state) {
    (void)state;
    size_t count;
    const gx_pass_table *const *all = tables(&count);
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < all[t]->count; i++) {
            const gx_pass *pass = all[t]->rows[i];
            size_t same = 0;
            for (size_t s = 0; s < count; s++) {
                for (size_t k = 0; k < all[s]->count; k++) {
                    same += strcmp(all[s]->rows[k]->name, pass->name) == 0;
                }
            }
            assert_int_equal(same, 1);
        }
    }
}

int main(void) {
    enum { TESTS_MAX = 256 };
    static struct CMUnitTest tests[TESTS_MAX];
    size_t count, used = 0;
    const gx_pass_table *const *all = tables(&count);
    tests[used++] = (struct CMUnitTest)cmocka_unit_test(test_names_are_unique);
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < all[t]->count; i++) {
            assert_true(used < TESTS_MAX);
            tests[used++] =
                (struct CMUnitTest){.name = all[t]->rows[i]->name,
                                    .test_func = test_pass,
                                    .initial_state = (void *)(uintptr_t)all[t]->rows[i]};
        }
    }
    return cmocka_run_group_tests_name("passes", tests, NULL, NULL);
}
