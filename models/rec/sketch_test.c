/* Bounds are bounds, and lists made from them are those made from the scores of all items, to the
 * byte: a recommender scores every item for its first list, so a new one stands for the slow way.
 */
#include "models/rec/testing.h"

#include "models/factors.h"
#include "models/rec/rec_parts.h"
#include "models/rec/sketch.h"

enum { MANY = 4224, WIDE = 64, ROUNDS = 400, WHAT = 13 };

/* ---- bounds --------------------------------------------------------------------------------- */

static float bell(gx_rng *rng) {
    double sum = 0;
    for (int k = 0; k < 4; k++) {
        sum += gx_rng_real(rng) - 0.5;
    }
    return (float)sum;
}

/* From next to nothing to next to too large, with rows of zeros. */
static float size_of(gx_rng *rng) {
    static const float sizes[] = {0, 1e-42F, 1e-20F, 1e-3F, 1, 100, 1e15F};
    return sizes[gx_rng_below(rng, GX_COUNT(sizes))];
}

static void test_bounds(void **unused) {
    (void)unused;
    enum { SOME = 60, MOST = 300 };
    static float item[SOME * MOST], w[MOST], upper[SOME], all[SOME];
    double loose = 0, rows = 0;
    for (uint64_t round = 0; round < 600; round++) {
        gx_rng rng = gx_rng_at(71, round);
        const uint32_t d = 1 + (uint32_t)gx_rng_below(&rng, MOST);
        const gx_factors f = {.item = item, .items = SOME, .d = d};
        gx__sketch *sketch = NULL;
        for (uint32_t i = 0; i < SOME; i++) {
            const float size = size_of(&rng);
            for (uint32_t j = 0; j < d; j++) {
                item[i * d + j] = size * bell(&rng);
            }
        }
        const float size = size_of(&rng);
        for (uint32_t j = 0; j < d; j++) {
            w[j] = size * bell(&rng);
        }
        assert_int_equal(gx__sketch_create(&sketch, &f, NULL), GX_OK);
        assert_non_null(sketch);
        assert_true(gx__sketch_bounds(upper, sketch, w));
        gx__factors_exact_all(all, &f, w);
        for (uint32_t i = 0; i < SOME; i++) {
            const float exact = gx__factors_exact(&f, w, i);
            double norm = 0, other = 0;
            assert_memory_equal(&exact, &all[i], sizeof exact);
            assert_true(upper[i] >= exact);
            for (uint32_t j = 0; j < d; j++) {
                norm += (double)item[i * d + j] * (double)item[i * d + j];
                other += (double)w[j] * (double)w[j];
            }
            if (norm * other > 1e-20) {
                loose += ((double)upper[i] - (double)exact) / sqrt(norm * other);
                rows++;
            }
        }
        gx__sketch_destroy(sketch);
    }
    assert_true(loose / rows < 0.01); /* of the largest that a score may be */
    w[0] = INFINITY;
    item[0] = NAN;
    gx__sketch *none = NULL;
    const gx_factors f = {.item = item, .items = SOME, .d = 8};
    assert_int_equal(gx__sketch_create(&none, &f, NULL), GX_OK);
    assert_null(none);
}

/* ---- lists ---------------------------------------------------------------------------------- */

typedef struct wide_shop {
    gx_arena *arena;
    gx_arrays *arrays;
    gx_rec *quick;
    float factor[MANY + NEW_ITEMS];
    uint8_t pass[MANY + NEW_ITEMS];
    gx_columns *columns;
    gx_slate slate;
    gx_slate_limit limit;
    gx_slate_pin pins[2];
    gx_rec_request request;
    gx_rec_member member;
    gx_job job;
} wide_shop;

static float *matrix(gx_arrays *arrays, const char *name, uint64_t rows, gx_rng *rng) {
    void *data = NULL;
    assert_int_equal(gx_arrays_add(&data, arrays, name, GX_F32, rows, WIDE, NULL, NULL), GX_OK);
    for (uint64_t k = 0; k < rows * WIDE; k++) {
        ((float *)data)[k] = bell(rng) * (k / WIDE % 17 == 3 ? 0 : 1);
    }
    return data;
}

/* Items in pairs that are alike to the bit, so that places are decided by their numbers. */
static void make_factors(gx_arrays *arrays, gx_rng *rng) {
    float *item = matrix(arrays, "ials.item_factor", MANY, rng);
    matrix(arrays, "ials.user_factor", USERS, rng);
    for (uint32_t i = 0; i + 1 < MANY; i += 6) {
        memcpy(item + (size_t)(i + 1) * WIDE, item + (size_t)i * WIDE, WIDE * sizeof *item);
    }
    for (uint32_t i = 5; i < MANY; i += 11) {
        item[(size_t)i * WIDE + i % WIDE] *= 12; /* the rest of it is lost in a byte */
    }
    float *gram = array(arrays, "ials.gram", GX_F32, WIDE);
    double *loss = array(arrays, "ials.loss", GX_F64, 4);
    uint64_t *seen = array(arrays, "ials.seen", GX_U64, USERS);
    memset(seen, 0, USERS * sizeof *seen);
    for (uint32_t j = 0; j < WIDE; j++) {
        gram[j] = MANY / 3.0F;
    }
    loss[0] = 0.1;
    loss[1] = 0.05;
    loss[2] = 1;
    loss[3] = 1;
}

/* Two values an item, every third item with little history of its own. */
static void make_attributes(gx_arrays *arrays, gx_rng *rng) {
    enum { VALUES = 12, ROW = 64 };
    uint64_t *hash = array(arrays, "attributes.hash", GX_U64, VALUES);
    float *weight = array(arrays, "attributes.weight", GX_F32, VALUES);
    float *field = array(arrays, "attributes.field", GX_F32, GX_ATTRIBUTE_COUNT);
    uint64_t *ptr = array(arrays, "attributes.ptr", GX_U64, VALUES + 1);
    uint32_t *item = array(arrays, "attributes.item", GX_U32, VALUES * ROW);
    float *part = array(arrays, "attributes.part", GX_F32, VALUES * ROW);
    uint64_t *item_ptr = array(arrays, "attributes.item_ptr", GX_U64, MANY + 1);
    uint32_t *value = array(arrays, "attributes.item_value", GX_U32, MANY * 2);
    float *trust = array(arrays, "attributes.trust", GX_F32, MANY);
    for (uint32_t v = 0; v < VALUES; v++) {
        hash[v] = (v + 1) * 1000;
        weight[v] = 0.1F + (float)gx_rng_real(rng);
        ptr[v] = (uint64_t)v * ROW;
        for (uint32_t k = 0; k < ROW; k++) {
            item[v * ROW + k] = k * (MANY / ROW) + v;
            part[v * ROW + k] = (float)gx_rng_real(rng) / ROW;
        }
    }
    ptr[VALUES] = VALUES * ROW;
    item_ptr[0] = 0;
    for (uint32_t f = 0; f < GX_ATTRIBUTE_COUNT; f++) {
        field[f] = 0.5F;
    }
    for (uint32_t i = 0; i < MANY; i++) {
        value[i * 2] = i % (VALUES / 2);
        value[i * 2 + 1] = VALUES / 2 + i % 5;
        item_ptr[i + 1] = (uint64_t)(i + 1) * 2;
        trust[i] = i % 3 == 0 ? 0.3F : 0.9F;
    }
}

static gx_columns *make_columns(void) {
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g"};
    gx_columns *columns = NULL;
    gx_arena *arena = gx_arena_create();
    assert_int_equal(gx_columns_create(&columns, NULL), GX_OK);
    for (uint32_t i = 0; i < MANY + NEW_ITEMS; i++) {
        gx_value row = gx_map(arena, 2);
        gx_map_put(arena, &row, "category", gx_str(names[i % GX_COUNT(names)]));
        gx_map_put(arena, &row, "brand", gx_str(names[i / 3 % GX_COUNT(names)]));
        assert_int_equal(gx_columns_set(columns, i, &row, NULL), GX_OK);
        gx_arena_reset(arena);
    }
    gx_arena_destroy(arena);
    return columns;
}

static void wide_open(wide_shop *s, bool attributes) {
    gx_rng rng = gx_rng_at(72, attributes);
    *s = (wide_shop){.arena = gx_arena_create()};
    gx_job_init(&s->job, 1, 1);
    assert_int_equal(gx_arrays_create(&s->arrays, NULL), GX_OK);
    make_factors(s->arrays, &rng);
    make_circles(s->arrays, &rng);
    make_leaders(s->arrays, &rng);
    make_strength(s->arrays);
    if (attributes) {
        make_attributes(s->arrays, &rng);
    }
    float *popular = array(s->arrays, "popular.score", GX_F32, MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        popular[i] = (float)gx_rng_below(&rng, 50);
    }
    s->columns = make_columns();
    assert_int_equal(gx_rec_open(&s->quick, s->arrays, NULL, USERS, MANY, NULL), GX_OK);
}

static void wide_close(wide_shop *s) {
    gx_rec_close(s->quick);
    gx_arrays_destroy(s->arrays);
    gx_columns_destroy(s->columns);
    gx_arena_destroy(s->arena);
}

/* With a history that is spread over all items. */
static gx_rec_member spread_member(gx_arena *arena, gx_rng *rng) {
    gx_rec_member member = make_member(arena, rng);
    uint32_t *item = gx_arena_get(arena, 7 * sizeof *item);
    for (uint32_t k = 0; k < member.history.count; k++) {
        item[k] = member.history.item[k] * 54;
    }
    member.history.item = item;
    return member;
}

/* One of WHAT kinds of question. */
static void ask(wide_shop *s, gx_rng *rng, uint32_t what) {
    uint8_t *small;
    gx_arena_reset(s->arena);
    s->member = spread_member(s->arena, rng);
    s->request = make_request(s->arena, rng, &small);
    s->request.items = MANY + (uint32_t)gx_rng_below(rng, NEW_ITEMS + 1);
    s->request.pass = what == 0 ? NULL : s->pass;
    static const uint64_t shares[] = {1000, 1000, 500, 50, 5};
    const uint64_t share = shares[gx_rng_below(rng, GX_COUNT(shares))];
    for (uint32_t i = 0; i < MANY + NEW_ITEMS; i++) {
        s->pass[i] = gx_rng_below(rng, 1000) < share;
        s->factor[i] = gx_rng_below(rng, 3) ? 1 : 0.01F + 3 * (float)gx_rng_real(rng);
    }
    for (uint32_t k = 0; k < 2; k++) {
        s->pins[k] = (gx_slate_pin){k * 7 + (uint32_t)gx_rng_below(rng, 7), k * 3 + 1};
    }
    s->limit = (gx_slate_limit){.field = "category", .most = 1 + (uint32_t)gx_rng_below(rng, 6)};
    s->slate = (gx_slate){
        .watch = GX_NONE, .columns = s->columns, .limits = &s->limit, .limit_count = what >= 10};
    s->member.columns = gx_rng_below(rng, 2) ? s->columns : NULL;
    s->request.slate = what >= 2 ? &s->slate : NULL;
    s->slate.factor = what % 2 ? s->factor : NULL;
    s->slate.novelty = what == 4 || what == 5 ? 0.4F : 0;
    s->slate.diversity = what >= 6 && what <= 9 ? 0.5F : 0;
    s->slate.dpp = what == 8 || what == 9;
    s->slate.explore = what >= 9 && what <= 11 ? 0.3 : 0;
    s->slate.seed = gx_rng_below(rng, 1000);
    s->slate.pins = s->pins;
    s->slate.pin_count = what == 3 || what == 10 ? 2 : 0;
    if (what == 1 && gx_rng_below(rng, 4) == 0) {
        s->request.n = MANY / 2; /* nearly all that passes */
    }
}

static void same_lists(const gx_rec_list *a, const gx_rec_list *b) {
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->passing, b->passing);
    assert_int_equal(a->rung, b->rung);
    for (uint32_t k = 0; k < a->count; k++) {
        const gx_rec_item *x = &a->items[k], *y = &b->items[k];
        assert_int_equal(x->item, y->item);
        assert_int_equal(x->flags, y->flags);
        assert_memory_equal(&x->score, &y->score, sizeof x->score);
        assert_memory_equal(&x->propensity, &y->propensity, sizeof x->propensity);
        assert_memory_equal(x->channel, y->channel, sizeof x->channel);
        assert_int_equal(x->why_count, y->why_count);
        for (uint32_t c = 0; c < x->why_count; c++) {
            const gx_why *v = &x->why[c], *w = &y->why[c];
            assert_int_equal(v->item_count, w->item_count);
            assert_memory_equal(v->items, w->items, v->item_count * sizeof *v->items);
            assert_int_equal(v->attribute.hash, w->attribute.hash);
        }
    }
}

static gx_rec_list list_by(const wide_shop *s, const gx_rec *rec) {
    gx_rec_list list = {0};
    gx_job job = s->job;
    assert_int_equal(gx_rec_list_make(&list, rec, &s->member, &s->request, s->arena, &job, NULL),
                     GX_OK);
    return list;
}

static void lists_are_the_same(bool attributes, uint64_t rounds) {
    static wide_shop s;
    wide_open(&s, attributes);
    uint32_t spoken_for = 0;
    for (uint64_t round = 0; round < rounds; round++) {
        gx_rng rng = gx_rng_at(73 + attributes, round);
        gx_rec *slow = NULL;
        ask(&s, &rng, (uint32_t)(round % WHAT));
        assert_int_equal(gx_rec_open(&slow, s.arrays, NULL, USERS, MANY, NULL), GX_OK);
        const gx_rec_list all = list_by(&s, slow), some = list_by(&s, s.quick);
        same_lists(&all, &some);
        if (all.count > 0 && all.items[0].channel[GX_CHANNEL_INTEREST] > 0) {
            uint32_t rank = 0;
            gx_rec_item told;
            spoken_for++;
            s.request.slate = NULL;
            const gx_rec_list plain = list_by(&s, s.quick);
            const uint32_t last = plain.count - 1;
            assert_int_equal(gx_rec_explain(&told, &rank, s.quick, &s.member, &s.request,
                                            plain.items[last].item, &s.job, NULL),
                             GX_OK);
            assert_int_equal(rank, last + 1);
            assert_memory_equal(&told.score, &plain.items[last].score, sizeof told.score);
        }
        gx_rec_close(slow);
    }
    assert_true(spoken_for > rounds / 2);
    wide_close(&s);
}

static void test_lists(void **unused) {
    (void)unused;
    lists_are_the_same(false, ROUNDS);
}

static void test_lists_with_attributes(void **unused) {
    (void)unused;
    lists_are_the_same(true, ROUNDS / 4);
}

/* ---- blocks of histories ----------------------------------------------------------------------
 */

/* The scores of a block are those of one after the other but for rounding, and a member's are the
 * same bytes in any company. */
static void test_blocks(void **unused) {
    (void)unused;
    static wide_shop s;
    static float rows[GX_REC_FOLD_BLOCK * MANY], alone[GX_REC_FOLD_BLOCK * MANY], one[MANY];
    wide_open(&s, false);
    const uint32_t block = gx_rec_fold_block(s.quick);
    gx_job job = s.job;
    assert_int_equal(block, GX_REC_FOLD_BLOCK);
    uint32_t spoken_for = 0;
    for (uint32_t round = 0; round < 20; round++) {
        gx_rng rng = gx_rng_at(91, round);
        const uint32_t count = 1 + (uint32_t)gx_rng_below(&rng, block);
        gx_rec_member made[GX_REC_FOLD_BLOCK];
        const gx_rec_member *members[GX_REC_FOLD_BLOCK];
        bool there[GX_REC_FOLD_BLOCK];
        gx_arena_reset(s.arena);
        for (uint32_t k = 0; k < count; k++) {
            made[k] = spread_member(s.arena, &rng);
            members[k] = &made[k];
        }
        assert_int_equal(
            gx_rec_fold_members(rows, MANY, there, s.quick, members, count, &job, NULL), GX_OK);
        for (uint32_t k = 0; k < count; k++) {
            bool folded, really;
            float most = 0;
            assert_true(there[k]);
            assert_int_equal(
                s.quick->model->score(one, &folded, s.quick->model_state, &made[k].history, NULL),
                GX_OK);
            for (uint32_t i = 0; i < MANY; i++) {
                most = fmaxf(most, fabsf(one[i]));
            }
            for (uint32_t i = 0; i < MANY; i++) {
                assert_true(fabsf(one[i] - rows[(size_t)k * MANY + i]) <= 1e-4F * most);
            }
            spoken_for += most > 0;
            assert_int_equal(
                gx_rec_fold_members(alone, MANY, &really, s.quick, &members[k], 1, &job, NULL),
                GX_OK);
            assert_memory_equal(alone, rows + (size_t)k * MANY, MANY * sizeof *alone);
        }
    }
    assert_true(spoken_for > 100);
    wide_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_lists_with_attributes),
        cmocka_unit_test(test_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
