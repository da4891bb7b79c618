/* Events that are over: kept times against each row alone, while rows change, events become other
 * things and the table grows, and as the clock goes on; memory that ends. */
#include "models/rec/where.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { ROWS = 5000, ROUNDS = 300 };
static const int64_t now_ms = INT64_C(1760000000000);

static gx_value random_row(gx_arena *arena, gx_rng *rng) {
    static const char *const fields[] = {"ends_at", "starts_at", "attr_ends_at", "attr_starts_at"};
    static const char *const times[] = {"2001-09-09", "2033-05-18T03:33:20Z", "soon", ""};
    gx_value row = gx_map(arena, 4);
    if (gx_rng_below(rng, 4)) {
        gx_map_put(arena, &row, "kind", gx_str(gx_rng_below(rng, 3) ? "event" : "product"));
    }
    for (size_t f = 0; f < GX_COUNT(fields); f++) {
        const uint64_t what = gx_rng_below(rng, 12);
        gx_value list = gx_list(arena, 1);
        gx_list_add(arena, &list, gx_str(times[0]));
        if (what < 8) {
            const int64_t seconds = now_ms / 1000 + (int64_t)gx_rng_below(rng, 200) - 100;
            gx_map_put(arena, &row, fields[f],
                       what < 4   ? gx_str(times[what])
                       : what < 5 ? list
                                  : gx_int(what < 7 ? seconds : seconds * 1000));
        }
    }
    return row;
}

static void set(gx_columns *columns, gx_arena *arena, gx_rng *rng, uint32_t rows) {
    gx_arena_reset(arena);
    const gx_value row = random_row(arena, rng);
    assert_int_equal(gx_columns_set(columns, (uint32_t)gx_rng_below(rng, rows), &row, NULL), GX_OK);
}

static void kept_times_follow_the_rows(void **state) {
    (void)state;
    gx_columns *columns = NULL;
    gx_arena *arena = gx_arena_create();
    gx_rng rng = gx_rng_at(7, 1);
    uint8_t *pass = gx_alloc(2 * ROWS, 1);
    uint32_t over = 0;
    assert_true(arena && pass);
    assert_int_equal(gx_columns_create(&columns, NULL), GX_OK);
    memset(pass, 1, 2 * ROWS);
    assert_int_equal(gx_columns_clear_over(pass, ROWS, columns, now_ms, NULL), GX_OK);
    for (uint32_t k = 0; k < ROWS; k++) {
        set(columns, arena, &rng, ROWS / 2);
    }
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const int64_t now = now_ms + (int64_t)gx_rng_below(&rng, 200000) - 100000;
        const uint32_t count = (uint32_t)gx_rng_below(&rng, 2 * ROWS);
        for (uint64_t k = gx_rng_below(&rng, 4); k > 0; k--) {
            set(columns, arena, &rng, round % 50 == 49 ? 2 * ROWS : ROWS / 2);
        }
        memset(pass, 1, 2 * ROWS);
        assert_int_equal(gx_columns_clear_over(pass, count, columns, now, NULL), GX_OK);
        for (uint32_t i = 0; i < 2 * ROWS; i++) {
            const bool out = i < count && gx_columns_is_over(columns, i, now);
            over += out;
            assert_int_equal(pass[i], !out);
        }
    }
    assert_true(over > ROUNDS * 100);
    gx_columns_destroy(columns);
    gx_arena_destroy(arena);
    gx_free(pass);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void memory_that_ends(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    for (uint64_t k = 1; k < 200; k++) {
        gx_columns *columns = NULL;
        gx_rng rng = gx_rng_at(7, k);
        uint8_t pass[64];
        assert_int_equal(gx_columns_create(&columns, NULL), GX_OK);
        for (uint32_t i = 0; i < 64; i++) {
            set(columns, arena, &rng, 64);
        }
        memset(pass, 1, sizeof pass);
        gx_alloc_fail_at(k % 3);
        const gx_status status = gx_columns_clear_over(pass, 64, columns, now_ms, NULL);
        gx_alloc_fail_at(0);
        assert_int_equal(status, k % 3 ? GX_NO_MEMORY : GX_OK);
        assert_int_equal(gx_columns_clear_over(pass, 64, columns, now_ms, NULL), GX_OK);
        gx_columns_destroy(columns);
    }
    gx_arena_destroy(arena);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_times_follow_the_rows),
        cmocka_unit_test(memory_that_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
