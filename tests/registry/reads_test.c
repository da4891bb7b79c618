/* What a pass says it reads with given parameters (`reads`) is all it reads: on small graphs, with
 * every combination of its choices, it is estimated, run and checked with those views alone, and
 * gives the same bytes as with all of them. One loop over the table. */
#include "tests/registry/sample.h"

enum { GRAPHS = 6, CHOICES_MAX = 8, COMBINATIONS_MAX = 256 };

/* The parameters that have few values, and which value each has in a combination. */
typedef struct combination {
    const gx_param *param[CHOICES_MAX];
    uint32_t values[CHOICES_MAX], count, all;
} combination;

static uint32_t values_of(const gx_param *param) {
    uint32_t values = 1;
    if (param->type == GX_PARAM_BOOL) {
        return 2;
    }
    for (const char *at = param->type == GX_PARAM_CHOICE ? param->choices : ""; *at; at++) {
        values += *at == '|';
    }
    return values;
}

static combination combination_of(const gx_pass *pass) {
    combination c = {.all = 1};
    for (size_t i = 0; i < pass->param_count && c.count < CHOICES_MAX; i++) {
        uint32_t values = values_of(&pass->params[i]);
        if (values > 1 && c.all * values <= COMBINATIONS_MAX) {
            c.param[c.count] = &pass->params[i];
            c.values[c.count++] = values;
            c.all *= values;
        }
    }
    return c;
}

static gx_value value_at(gx_arena *arena, const gx_param *param, uint32_t k) {
    if (param->type == GX_PARAM_BOOL) {
        return gx_str(k ? "true" : "false");
    }
    const char *at = param->choices;
    for (; k > 0; at++) {
        k -= *at == '|';
    }
    return gx_str(gx_arena_printf(arena, "%.*s", (int)strcspn(at, "|"), at));
}

static gx_value params_at(gx_arena *arena, const combination *c, uint32_t which) {
    gx_value map = gx_map(arena, c->count + 1);
    for (uint32_t i = 0; i < c->count; i++) {
        gx_map_put(arena, &map, c->param[i]->name,
                   value_at(arena, c->param[i], which % c->values[i]));
        which /= c->values[i];
    }
    return map;
}

typedef struct outcome {
    gx_status status;
    gx_arrays *arrays;
} outcome;

static outcome outcome_of(const gx_pass *pass, const gx_input *input, const gx_value *params,
                          const gx_args *args) {
    outcome o;
    gx_job job;
    gx_error err = {0};
    gx_estimate estimate = {0};
    gx_job_init(&job, 2, 1);
    pass->estimate(&estimate, input, args, 2);
    assert_true(estimate.mem_bytes > 0);
    assert_int_equal(gx_arrays_create(&o.arrays, NULL), GX_OK);
    o.status = gx_pass_run(o.arrays, pass, NULL, input, params, &job, &err);
    if (o.status == GX_OK) {
        assert_int_equal(pass->check(o.arrays, pass->name, input, args, &err), GX_OK);
    }
    assert_true(o.status == GX_OK || o.status == GX_BAD_REQUEST);
    return o;
}

static void assert_same(const gx_pass *pass, const outcome *a, const outcome *b) {
    assert_int_equal(a->status, b->status);
    for (size_t i = 0; i < pass->give_count && a->status == GX_OK; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s.%s", pass->name, pass->gives[i].suffix);
        const gx_array *x = gx_arrays_find(a->arrays, name), *y = gx_arrays_find(b->arrays, name);
        assert_int_equal(x->bytes, y->bytes);
        if (x->bytes && memcmp(x->data, y->data, x->bytes) != 0) {
            fail_msg("%s depends on what it does not read", name);
        }
    }
}

/* Returns how many views it did without. */
static uint32_t try_combination(const gx_pass *pass, const sample *s, const gx_value *params,
                                gx_arena *arena) {
    gx_args args;
    gx_graph rows = s->graph;
    gx_input less = s->input;
    assert_int_equal(gx_args_parse(&args, arena, pass->params, pass->param_count, params, NULL),
                     GX_OK);
    const unsigned reads = gx_pass_reads(pass, pass->needs | pass->wants, &args);
    if (!(reads & GX_NEED_IN)) {
        rows.in_ptr = NULL;
        rows.in_src = NULL;
        rows.in_weight = NULL;
    }
    less.graph = reads & (GX_NEED_GRAPH | GX_NEED_IN) ? &rows : NULL;
    less.undirected = reads & GX_NEED_UNDIRECTED ? s->input.undirected : NULL;
    outcome with = outcome_of(pass, &s->input, params, &args);
    outcome without = outcome_of(pass, &less, params, &args);
    assert_same(pass, &with, &without);
    gx_arrays_destroy(with.arrays);
    gx_arrays_destroy(without.arrays);
    return (uint32_t)(!(reads & GX_NEED_IN) + !less.graph + !less.undirected);
}

static void test_nothing_else_is_read(void **state) {
    (void)state;
    const gx_pass_table *table = gx_engine_passes();
    uint32_t spared = 0, runs = 0;
    for (size_t p = 0; p < table->count; p++) {
        const gx_pass *pass = table->rows[p];
        const combination c = combination_of(pass);
        if (pass->arrays ||
            pass->needs & ~(unsigned)(GX_NEED_GRAPH | GX_NEED_IN | GX_NEED_UNDIRECTED)) {
            continue;
        }
        for (uint32_t which = 0; which < c.all; which++) {
            for (uint64_t seed = 0; seed < GRAPHS; seed++) {
                sample s;
                gx_arena *arena = gx_arena_create();
                gx_value params = params_at(arena, &c, which);
                sample_make(&s, 7 + seed, seed % 2);
                spared += try_combination(pass, &s, &params, arena);
                runs++;
                sample_free(&s);
                gx_arena_destroy(arena);
            }
        }
    }
    print_message("%u runs, %u views spared\n", runs, spared);
    assert_true(spared > runs);
}

/* The plan asks for what the parameters read, and for all where it cannot tell. */
static void test_the_plan_asks_for_no_more(void **state) {
    (void)state;
    static const struct {
        const char *pass, *param, *value;
        unsigned needs;
    } cases[] = {
        {"closeness", "directed", "false", GX_NEED_UNDIRECTED},
        {"closeness", "directed", "true", GX_NEED_GRAPH | GX_NEED_IN},
        {"closeness", "directed", "perhaps", GX_NEED_GRAPH | GX_NEED_IN | GX_NEED_UNDIRECTED},
        {"katz", "directed", "false", GX_NEED_UNDIRECTED},
        {"eigenvector", "directed", "true", GX_NEED_GRAPH | GX_NEED_IN},
        {"hindex", "direction", "out", GX_NEED_GRAPH},
        {"degree", "direction", "out", GX_NEED_GRAPH},
        {"infomap", "directed", "true", GX_NEED_GRAPH},
        {"leiden", "directed", "false", GX_NEED_UNDIRECTED},
    };
    const gx_pass_table *table = gx_engine_passes();
    for (size_t i = 0; i < GX_COUNT(cases); i++) {
        gx_plan plan;
        gx_arena *arena = gx_arena_create();
        gx_value params = gx_map(arena, 2);
        gx_map_put(arena, &params, cases[i].param, gx_str(cases[i].value));
        gx_plan_step wanted = {.instance = cases[i].pass, .params = &params};
        assert_int_equal(gx_plan_make(&plan, &table, 1, &wanted, 1, NULL), GX_OK);
        assert_int_equal(plan.needs, cases[i].needs);
        gx_plan_finish(&plan);
        gx_arena_destroy(arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_else_is_read),
        cmocka_unit_test(test_the_plan_asks_for_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
