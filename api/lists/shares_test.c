/* Shares are true: of every list of every model they sum to 1, and without a channel a score is
 * lower by exactly its share. Lists whose rules take memory fail cleanly wherever memory ends. 60
 * draws a model; 3,000 with GX_LONG=1. */
#include "api/testing.h"
#include "models/rec/rec.h"

#include <math.h>
#include <stdlib.h>

enum { USERS = 60, ITEMS = 40 };

typedef struct draw {
    double weight[GX_CHANNEL_COUNT];
    double novelty;
    bool boosted;
    uint32_t user, n;
} draw;

static draw drawn(gx_rng *rng) {
    draw d = {.user = (uint32_t)gx_rng_below(rng, USERS), .n = 1 + (uint32_t)gx_rng_below(rng, 20)};
    for (int c = 0; c < GX_CHANNEL_COUNT; c++) {
        d.weight[c] = gx_rng_below(rng, 4) ? gx_rng_real(rng) : 0;
    }
    d.weight[gx_rng_below(rng, GX_CHANNEL_COUNT)] = 0.1 + gx_rng_real(rng);
    d.novelty = gx_rng_below(rng, 3) ? 0 : gx_rng_real(rng);
    d.boosted = gx_rng_below(rng, 3) == 0;
    return d;
}

/* The arguments that both methods share; a channel may be left out. */
static gx_value args_of(test_shop *s, const draw *d, int without) {
    gx_value args = gx_map(s->arena, 8), channels = gx_map(s->arena, GX_CHANNEL_COUNT);
    for (int c = 0; c < GX_CHANNEL_COUNT; c++) {
        gx_map_put(s->arena, &channels, gx_channel_name((gx_channel)c),
                   gx_real(c == without ? 0 : d->weight[c]));
    }
    gx_map_put(s->arena, &args, "channels", channels);
    gx_map_put(s->arena, &args, "n", gx_int(d->n));
    gx_map_put(s->arena, &args, "novelty", gx_real(d->novelty));
    if (d->boosted) {
        gx_map_put(s->arena, &args, "boost", gx_str("2.5 where category = \"c1\"; 0.3 item i3"));
    }
    return args;
}

static gx_value called(test_shop *s, const char *method, const gx_value *args) {
    gx_error err = {0};
    gx_value out = gx_nil();
    if (gx_call(&out, s->db, method, args, s->arena, &err) != GX_OK) {
        fail_msg("%s: %s", method, err.message);
    }
    return out;
}

static gx_value explained(test_shop *s, const draw *d, const gx_value *id, int without) {
    gx_value args = args_of(s, d, without);
    test_put_int(s, &args, "user", "u", d->user);
    gx_map_put(s->arena, &args, "item", *id);
    return called(s, "rec.explain", &args);
}

static double real_of(const gx_value *map, const char *key) {
    double value = NAN;
    const gx_value *found = gx_map_get(map, key);
    assert_true(found && gx_value_as_real(found, &value));
    return value;
}

/* What the channels earned: on the rung `popular` the score is another one. */
static double earned(const gx_value *told) {
    const gx_value *shares = gx_map_get(told, "channels");
    double sum = 0;
    for (int c = 0; c < GX_CHANNEL_COUNT; c++) {
        sum += real_of(shares, gx_channel_name((gx_channel)c));
    }
    return sum == 0 && test_is(gx_map_get(told, "rung"), "popular") ? 0 : real_of(told, "score");
}

static void check_item(test_shop *s, const draw *d, const gx_value *row) {
    const gx_value *id = gx_map_get(row, "id"), *shares = gx_map_get(row, "channels");
    const gx_value whole = explained(s, d, id, -1);
    const double score = real_of(&whole, "score");
    double sum = 0;
    assert_true(gx_value_equal(shares, gx_map_get(&whole, "channels")));
    for (int c = 0; c < GX_CHANNEL_COUNT; c++) {
        const double share = real_of(shares, gx_channel_name((gx_channel)c));
        double others = 0;
        sum += share;
        assert_true(share >= 0 && (share == 0 || d->weight[c] > 0));
        for (int o = 0; o < GX_CHANNEL_COUNT; o++) {
            others += o == c ? 0 : d->weight[o];
        }
        if (others > 0) { /* else nothing would be asked for */
            const gx_value less = explained(s, d, id, c);
            const double fell = score - earned(&less);
            if (fabs(fell - share * score) > 1e-6 + 1e-5 * score) {
                fail_msg("%s is %.0f%% of %g, and without it the score falls by %g",
                         gx_channel_name((gx_channel)c), share * 100, score, fell);
            }
        }
    }
    assert_true(score > 0 ? fabs(sum - 1) < 1e-9 : sum == 0);
}

static void shares_are_what_a_score_loses(void **state) {
    (void)state;
    const char *wanted = getenv("GX_LONG");
    const int draws = wanted && *wanted ? 3000 : 60;
    const gx_model_table *models = gx_models();
    for (size_t m = 0; m < models->count; m++) {
        const char *name = models->rows[m]->pass.name;
        gx_rng rng = gx_rng_at(5, m);
        test_shop s;
        if (strcmp(name, "popular") == 0) {
            continue;
        }
        test_shop_open(&s);
        test_shop_fill(&s, 11 + m, USERS, 4);
        test_call(&s, "model.build",
                  "{'passes': ['leiden', 'strength', 'circle', 'leaders', 'popular', '%s']}", name);
        for (int k = 0; k < draws; k++) {
            gx_arena_reset(s.arena);
            const draw d = drawn(&rng);
            gx_value args = args_of(&s, &d, -1), users = gx_list(s.arena, 1);
            gx_list_add(s.arena, &users, gx_str(gx_arena_printf(s.arena, "u%u", d.user)));
            gx_map_put(s.arena, &args, "users", users);
            const gx_value lists = called(&s, "rec.user", &args);
            const gx_value *list = &lists.as.items[0], *items = gx_map_get(list, "items");
            if (!test_is(gx_map_get(list, "rung"), "popular") && items->size > 0) {
                check_item(&s, &d, &items->as.items[gx_rng_below(&rng, items->size)]);
            }
        }
        test_shop_close(&s);
    }
}

/* ---- memory that ends -------------------------------------------------------------------------
 */

static gx_status call_once(test_shop *s, const char *method, const gx_value *args) {
    gx_arena *arena = gx_arena_create();
    gx_value out;
    gx_error err = {0};
    if (!arena) {
        return GX_NO_MEMORY;
    }
    const gx_status status = gx_call(&out, s->db, method, args, arena, &err);
    gx_arena_destroy(arena);
    return status;
}

static void fail_each(test_shop *s, const char *method, const char *json) {
    gx_value args;
    gx_error err = {0};
    char text[512];
    snprintf(text, sizeof text, "%s", json);
    for (char *c = text; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    assert_int_equal(gx_json_read(&args, s->arena, text, strlen(text), &err), GX_OK);
    assert_int_equal(call_once(s, method, &args), GX_OK);
    const uint64_t blocks = gx_alloc_live_blocks();
    gx_status status = GX_NO_MEMORY;
    uint64_t k = 0;
    while (status != GX_OK) {
        gx_alloc_fail_at(++k);
        status = call_once(s, method, &args);
        gx_alloc_fail_at(0);
        if (status != GX_OK && status != GX_NO_MEMORY) {
            fail_msg("%s %s, allocation %u: %s", method, text, (unsigned)k, gx_status_name(status));
        }
        assert_int_equal(gx_alloc_live_blocks(), blocks);
        assert_true(k < 5000);
    }
    assert_true(k > 2);
}

static void any_allocation_of_a_slate_may_fail(void **state) {
    (void)state;
    static const char *const rules[] = {
        "'diversity': 0.4",
        "'diversity': 0.4, 'diversify': 'dpp'",
        "'explore': 0.5, 'seed': 3",
        "'caps': {'category': 2, 'category/1': 3, 'brand': 1}, 'n': 30",
        "'pin': {'i3': 2}, 'boost': '2 item i4', 'novelty': 0.4",
        "'kinds': {'product': 5}, 'diversity': 0.2, 'explore': 0.3, 'seed': 1, 'exclude': ['i1']"};
    static const char *const models[] = {"linear", "ials", "fusion", "userknn", "spectral"};
    char text[512];
    for (size_t m = 0; m < GX_COUNT(models); m++) {
        test_shop s;
        test_shop_open(&s);
        test_shop_fill(&s, 4, USERS, 4);
        test_call(&s, "model.build", "{'passes': ['leiden', 'strength', 'popular', '%s']}",
                  models[m]);
        for (size_t k = 0; k < GX_COUNT(rules); k++) {
            snprintf(text, sizeof text, "{'users': ['u7'], %s}", rules[k]);
            fail_each(&s, "rec.user", text);
        }
        fail_each(&s, "rec.explain",
                  "{'user': 'u7', 'item': 'i5', 'diversity': 0.3, 'explore': 0.3, 'seed': 1}");
        fail_each(&s, "model.list", "{}");
        test_shop_close(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_what_a_score_loses),
        cmocka_unit_test(any_allocation_of_a_slate_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
