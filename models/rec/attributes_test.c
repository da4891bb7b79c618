/* What is expected by attributes against a naive twin, on random catalogues; damage and memory. */
#include "models/rec/attributes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { USERS = 40, ITEMS = 50, NEW = 10, ALL = ITEMS + NEW };

typedef struct catalogue {
    gx_arena *arena;
    gx_columns *columns;
    gx_arrays *arrays;
    gx_matrix history;
    gx_attributes a;
    gx_job job;
    uint32_t chosen[ITEMS];
} catalogue;

static void put(gx_value *row, gx_arena *arena, const char *key, const char *head, uint64_t n) {
    gx_map_put(arena, row, key, gx_str(gx_arena_printf(arena, "%s%u", head, (uint32_t)n)));
}

static void set_row(catalogue *c, uint32_t item, gx_rng *rng) {
    gx_value row = gx_map(c->arena, 6), tags = gx_list(c->arena, 3);
    if (gx_rng_below(rng, 8) > 0) {
        const uint32_t levels = (uint32_t)gx_rng_below(rng, 3);
        const uint32_t a = (uint32_t)gx_rng_below(rng, 3), b = (uint32_t)gx_rng_below(rng, 2);
        gx_map_put(c->arena, &row, "category",
                   gx_str(levels == 0   ? gx_arena_printf(c->arena, "a%u", a)
                          : levels == 1 ? gx_arena_printf(c->arena, "a%u/b%u", a, b)
                                        : gx_arena_printf(c->arena, "a%u/b%u/c%u", a, b, b)));
    }
    if (gx_rng_below(rng, 3) > 0) {
        put(&row, c->arena, "brand", "brand", gx_rng_below(rng, 6));
    }
    for (uint64_t k = gx_rng_below(rng, 3); k > 0; k--) {
        gx_list_add(c->arena, &tags,
                    gx_str(gx_arena_printf(c->arena, "t%u", (uint32_t)gx_rng_below(rng, 5))));
    }
    gx_map_put(c->arena, &row, "tags", tags);
    if (gx_rng_below(rng, 2) > 0) {
        gx_map_put(c->arena, &row, "price", gx_real(gx_rng_real(rng) * 100));
    } else {
        put(&row, c->arena, "price", "", gx_rng_below(rng, 100));
    }
    assert_int_equal(gx_columns_set(c->columns, item, &row, NULL), GX_OK);
}

static void catalogue_open(catalogue *c, uint64_t seed, int threads) {
    gx_rng rng = gx_rng_at(seed, 5);
    uint32_t row[USERS * 12], col[USERS * 12];
    uint64_t count = 0;
    *c = (catalogue){.arena = gx_arena_create()};
    gx_job_init(&c->job, threads, 1);
    assert_int_equal(gx_columns_create(&c->columns, NULL), GX_OK);
    for (uint32_t i = 0; i < ALL; i++) {
        set_row(c, i, &rng);
    }
    for (uint32_t u = 0; u < USERS; u++) {
        for (uint64_t k = gx_rng_below(&rng, 12); k > 0; k--) {
            row[count] = u;
            col[count++] = (uint32_t)(gx_rng_real(&rng) * gx_rng_real(&rng) * ITEMS);
        }
    }
    assert_int_equal(
        gx_matrix_build(&c->history, USERS, ITEMS, count, row, col, NULL, NULL, &c->job, NULL),
        GX_OK);
    for (uint64_t k = 0; k < c->history.nnz; k++) {
        c->chosen[c->history.col[k]]++;
    }
    assert_int_equal(gx_arrays_create(&c->arrays, NULL), GX_OK);
    assert_int_equal(gx_attributes_add(c->arrays, c->columns, &c->history, &c->job, NULL), GX_OK);
    assert_int_equal(gx_attributes_open(&c->a, c->arrays, ITEMS, NULL), GX_OK);
}

static void catalogue_close(catalogue *c) {
    gx_arrays_destroy(c->arrays);
    gx_matrix_finish(&c->history);
    gx_columns_destroy(c->columns);
    gx_arena_destroy(c->arena);
}

static bool has(const catalogue *c, uint32_t item, uint64_t hash) {
    gx_trait row[GX_ATTRIBUTES_MAX];
    const uint32_t count = gx_attributes_of(row, c->columns, item);
    for (uint32_t k = 0; k < count; k++) {
        if (row[k].hash == hash) {
            return true;
        }
    }
    return false;
}

static double trust(const catalogue *c, uint32_t item) {
    return item < ITEMS ? c->chosen[item] / (c->chosen[item] + 5.0) : 0;
}

/* Straight from the definition; no value of so small a catalogue has more than 64 items. */
static double twin(const catalogue *c, const float *raw, uint32_t item) {
    gx_trait row[GX_ATTRIBUTES_MAX];
    const uint32_t count = gx_attributes_of(row, c->columns, item);
    double sum = 0, weight = 0;
    for (uint32_t k = 0; k < count; k++) {
        double top = 0, bottom = 2, carry = 0, warm = 0;
        for (uint32_t i = 0; i < ITEMS; i++) {
            if (has(c, i, row[k].hash)) {
                top += trust(c, i) * (double)raw[i];
                bottom += trust(c, i);
                carry++;
                warm += c->chosen[i] > 0;
            }
        }
        if (bottom == 2 && item < ITEMS) {
            continue; /* of no item with a history: the snapshot does not keep it */
        }
        sum += carry > 0 ? (double)c->a.field[row[k].field] * top / bottom * warm / carry : 0;
        weight += (double)c->a.field[row[k].field];
    }
    return weight > 0 ? sum / weight : 0;
}

static void expected_is_what_the_definition_says(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        catalogue c;
        catalogue_open(&c, seed, 1);
        gx_rng rng = gx_rng_at(seed, 6);
        float raw[ALL] = {0}, filled[ALL];
        for (uint32_t i = 0; i < ITEMS; i++) {
            raw[i] = (float)gx_rng_real(&rng) - 0.2F;
        }
        memcpy(filled, raw, sizeof raw);
        assert_int_equal(gx_attributes_fill(filled, NULL, NULL, ALL, &c.a, c.columns, NULL), GX_OK);
        for (uint32_t i = 0; i < ALL; i++) {
            double expected = twin(&c, raw, i);
            expected = i >= ITEMS           ? expected
                       : trust(&c, i) < 0.8 ? (double)raw[i] + (1 - trust(&c, i)) * expected
                                            : (double)raw[i];
            assert_true(fabs((double)filled[i] - expected) < 1e-5);
        }
        catalogue_close(&c);
    }
}

/* Bytes: what stands side by side, and what is left over, sums as one by one. */
static void a_plan_changes_nothing(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        catalogue c;
        catalogue_open(&c, seed, 1);
        gx_rng rng = gx_rng_at(seed, 7);
        float raw[2][ALL] = {0}, added[2][ALL] = {0};
        gx_attribute_plan *plan = NULL;
        for (uint32_t i = 0; i < ITEMS; i++) {
            raw[0][i] = raw[1][i] = (float)gx_rng_real(&rng) - 0.2F;
        }
        assert_int_equal(gx_attributes_plan(&plan, &c.a, NULL), GX_OK);
        gx_attributes with = c.a;
        with.plan = plan;
        for (int told = 0; told < 2; told++) {
            for (int k = 0; k < 2; k++) {
                assert_int_equal(gx_attributes_fill(raw[k], told ? added[k] : NULL, NULL, ALL,
                                                    k ? &with : &c.a, c.columns, NULL),
                                 GX_OK);
            }
            assert_memory_equal(raw[0], raw[1], sizeof raw[0]);
            assert_memory_equal(added[0], added[1], sizeof added[0]);
        }
        gx_attributes_plan_destroy(plan);
        gx_alloc_fail_at(1 + seed % 14);
        const gx_status status = gx_attributes_plan(&plan, &c.a, NULL);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || (status == GX_NO_MEMORY && !plan));
        gx_attributes_plan_destroy(status == GX_OK ? plan : NULL);
        catalogue_close(&c);
    }
}

static void near_is_the_share_of_what_is_shared(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        catalogue c;
        catalogue_open(&c, seed, 1);
        float near[ALL];
        const uint32_t item = (uint32_t)seed % ALL;
        assert_int_equal(gx_attributes_near(near, ALL, &c.a, c.columns, item, NULL), GX_OK);
        assert_true(near[item] == 0);
        for (uint32_t i = 0; i < ALL; i++) {
            assert_true(near[i] >= 0 && near[i] <= 1);
            gx_trait row[GX_ATTRIBUTES_MAX];
            const uint32_t count = gx_attributes_of(row, c.columns, item);
            bool shares = false;
            for (uint32_t k = 0; k < count; k++) {
                shares |= has(&c, i, row[k].hash);
            }
            assert_true(shares || near[i] == 0);
        }
        catalogue_close(&c);
    }
}

static void the_same_bytes_at_any_number_of_threads(void **state) {
    (void)state;
    catalogue one, many;
    catalogue_open(&one, 3, 1);
    catalogue_open(&many, 3, 4);
    assert_int_equal(gx_arrays_count(one.arrays), gx_arrays_count(many.arrays));
    for (size_t k = 0; k < gx_arrays_count(one.arrays); k++) {
        const gx_array *a = gx_arrays_at(one.arrays, k), *b = gx_arrays_at(many.arrays, k);
        assert_true(a->bytes == b->bytes && memcmp(a->data, b->data, a->bytes) == 0);
    }
    catalogue_close(&one);
    catalogue_close(&many);
}

static void a_price_is_a_band_whether_text_or_number(void **state) {
    (void)state;
    catalogue c;
    catalogue_open(&c, 1, 1);
    gx_trait text[GX_ATTRIBUTES_MAX], number[GX_ATTRIBUTES_MAX];
    gx_value row = gx_map(c.arena, 1);
    gx_map_put(c.arena, &row, "price", gx_str("12.5"));
    assert_int_equal(gx_columns_set(c.columns, 0, &row, NULL), GX_OK);
    row = gx_map(c.arena, 1);
    gx_map_put(c.arena, &row, "price", gx_real(12.25));
    assert_int_equal(gx_columns_set(c.columns, 1, &row, NULL), GX_OK);
    assert_int_equal(gx_attributes_of(text, c.columns, 0), 1);
    assert_int_equal(gx_attributes_of(number, c.columns, 1), 1);
    assert_true(text[0].hash == number[0].hash);
    assert_int_equal(gx_attributes_of(text, c.columns, 100000), 0);
    catalogue_close(&c);
}

static void a_damaged_snapshot_is_refused(void **state) {
    (void)state;
    catalogue c;
    catalogue_open(&c, 2, 1);
    gx_attributes a;
    uint32_t *item = (uint32_t *)gx_arrays_find(c.arrays, "attributes.item")->data;
    const uint32_t was = item[0];
    item[0] = ITEMS;
    assert_int_equal(gx_attributes_open(&a, c.arrays, ITEMS, NULL), GX_CORRUPT);
    item[0] = was;
    assert_int_equal(gx_attributes_open(&a, c.arrays, ITEMS, NULL), GX_OK);
    assert_int_equal(gx_attributes_open(&a, c.arrays, ITEMS + 1, NULL), GX_CORRUPT);
    assert_int_equal(gx_arrays_remove(c.arrays, "attributes.trust", NULL), GX_OK);
    assert_int_equal(gx_attributes_open(&a, c.arrays, ITEMS, NULL), GX_CORRUPT);
    assert_int_equal(a.count, 0);
    catalogue_close(&c);
}

static void memory_that_ends_is_an_error(void **state) {
    (void)state;
    catalogue c;
    catalogue_open(&c, 4, 1);
    gx_arrays *made = NULL;
    float raw[ALL] = {0};
    gx_status status = GX_NO_MEMORY;
    for (uint64_t k = 1; status != GX_OK; k++) {
        assert_int_equal(gx_arrays_create(&made, NULL), GX_OK);
        gx_alloc_fail_at(k);
        status = gx_attributes_add(made, c.columns, &c.history, &c.job, NULL);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        gx_arrays_destroy(made);
    }
    gx_alloc_fail_at(1);
    assert_int_equal(gx_attributes_fill(raw, NULL, NULL, ALL, &c.a, c.columns, NULL), GX_NO_MEMORY);
    gx_alloc_fail_at(1);
    assert_int_equal(gx_attributes_near(raw, ALL, &c.a, c.columns, 0, NULL), GX_NO_MEMORY);
    gx_alloc_fail_at(0);
    catalogue_close(&c);
}

static void without_choices_or_attributes_there_is_nothing(void **state) {
    (void)state;
    gx_columns *columns;
    gx_arrays *arrays;
    gx_matrix empty = {0};
    gx_attributes a;
    gx_job job;
    float raw[3] = {1, 2, 3};
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_columns_create(&columns, NULL), GX_OK);
    assert_int_equal(gx_arrays_create(&arrays, NULL), GX_OK);
    assert_int_equal(gx_matrix_build(&empty, 0, 3, 0, NULL, NULL, NULL, NULL, &job, NULL), GX_OK);
    assert_int_equal(gx_attributes_add(arrays, columns, &empty, &job, NULL), GX_OK);
    assert_int_equal(gx_attributes_open(&a, arrays, 3, NULL), GX_OK);
    assert_int_equal(a.count, 0);
    assert_int_equal(gx_attributes_fill(raw, NULL, NULL, 3, &a, columns, NULL), GX_OK);
    assert_true(raw[0] == 1 && raw[2] == 3);
    gx_matrix_finish(&empty);
    gx_arrays_destroy(arrays);
    gx_columns_destroy(columns);
}

/* From above, and within a fifth. */
static void what_it_takes_is_told_before(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        catalogue c;
        gx_job job;
        gx_estimate told;
        gx_arrays *made = NULL;
        catalogue_open(&c, seed, 1);
        assert_int_equal(gx_attributes_estimate(&told, c.columns, &c.history, &c.job, NULL), GX_OK);
        gx_job_init(&job, 1, 1);
        assert_int_equal(gx_arrays_create(&made, NULL), GX_OK);
        assert_int_equal(gx_attributes_add(made, c.columns, &c.history, &job, NULL), GX_OK);
        const double took = (double)atomic_load(&job.mem_peak), said = (double)told.mem_bytes;
        assert_true(took <= said && said <= 1.2 * took);
        assert_true(told.cpu_s > 0);
        gx_arrays_destroy(made);
        catalogue_close(&c);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expected_is_what_the_definition_says),
        cmocka_unit_test(a_plan_changes_nothing),
        cmocka_unit_test(near_is_the_share_of_what_is_shared),
        cmocka_unit_test(the_same_bytes_at_any_number_of_threads),
        cmocka_unit_test(a_price_is_a_band_whether_text_or_number),
        cmocka_unit_test(a_damaged_snapshot_is_refused),
        cmocka_unit_test(memory_that_ends_is_an_error),
        cmocka_unit_test(what_it_takes_is_told_before),
        cmocka_unit_test(without_choices_or_attributes_there_is_nothing),
    };
    return cmocka_run_group_tests_name("attributes", tests, NULL, NULL);
}
