/* Kept masks: expressions asked again and again while rows change, the table grows and more of them
 * are asked than are kept, against each row alone; from many threads at once; memory that ends. */
#include "models/rec/masks.h"

#include "models/rec/where.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>

enum { ROWS = 9000, ROUNDS = 400, EXPRESSIONS = 20 };

static gx_value random_row(gx_arena *arena, gx_rng *rng) {
    static const char *const colours[] = {"red", "green", "blue"};
    gx_value row = gx_map(arena, 4), tags = gx_list(arena, 2);
    if (gx_rng_below(rng, 4)) {
        gx_map_put(arena, &row, "price", gx_int((int64_t)gx_rng_below(rng, 100)));
    }
    if (gx_rng_below(rng, 4)) {
        gx_map_put(arena, &row, "colour", gx_str(colours[gx_rng_below(rng, 3)]));
    }
    gx_list_add(arena, &tags, gx_str(colours[gx_rng_below(rng, 3)]));
    gx_list_add(arena, &tags, gx_int((int64_t)gx_rng_below(rng, 3)));
    gx_map_put(arena, &row, "tags", tags);
    if (gx_rng_below(rng, 9) == 0) {
        gx_map_put(arena, &row, "price", gx_str("12.5"));
    }
    return row;
}

static gx_where *expression(gx_arena *arena, uint64_t which) {
    gx_where *where = NULL;
    const char *text =
        which % 4 == 0   ? gx_arena_printf(arena, "price < %u", (unsigned)which * 3)
        : which % 4 == 1 ? gx_arena_printf(arena, "tags = %u or not price exists", (unsigned)which)
        : which % 4 == 2 ? gx_arena_printf(arena, "colour != 'red' and price > %u", (unsigned)which)
                         : gx_arena_printf(arena, "tags in ('r*', %u)", (unsigned)which % 3);
    assert_int_equal(gx_where_compile(&where, arena, gx_slice_of(text), NULL), GX_OK);
    return where;
}

static void set(gx_columns *columns, gx_arena *arena, gx_rng *rng, uint32_t rows) {
    const gx_value row = random_row(arena, rng);
    assert_int_equal(gx_columns_set(columns, (uint32_t)gx_rng_below(rng, rows), &row, NULL), GX_OK);
}

static void masks_follow_the_rows(void **state) {
    (void)state;
    gx_columns *columns = NULL;
    gx_arena *arena = gx_arena_create();
    gx_rng rng = gx_rng_at(5, 1);
    uint8_t *pass = gx_alloc(ROWS, 1);
    assert_true(arena && pass);
    assert_int_equal(gx_columns_create(&columns, NULL), GX_OK);
    for (uint32_t k = 0; k < ROWS / 2; k++) {
        gx_arena_reset(arena);
        set(columns, arena, &rng, ROWS / 2);
    }
    for (uint32_t round = 0; round < ROUNDS; round++) {
        gx_arena_reset(arena);
        const uint32_t end = ROWS / 2 + round * (ROWS / 2) / ROUNDS;
        for (uint64_t k = gx_rng_below(&rng, 6); k > 0; k--) {
            set(columns, arena, &rng, end);
        }
        const gx_where *where = expression(arena, gx_rng_below(&rng, EXPRESSIONS));
        const uint32_t count = (uint32_t)gx_rng_below(&rng, 3) ? ROWS : end - 100;
        memset(pass, 7, ROWS);
        assert_int_equal(gx_where_eval(pass, where, columns, count, NULL), GX_OK);
        for (uint32_t r = 0; r < count; r++) {
            assert_int_equal(pass[r], gx_where_row(where, columns, r));
        }
        assert_true(count == ROWS || pass[count] == 7);
    }
    gx_columns_destroy(columns);
    gx_free(pass);
    gx_arena_destroy(arena);
}

/* ---- threads -------------------------------------------------------------------------------- */

typedef struct asker {
    pthread_t thread;
    const gx_columns *columns;
    uint64_t seed, wrong;
} asker;

static void *ask(void *user) {
    asker *a = user;
    gx_arena *arena = gx_arena_create();
    gx_rng rng = gx_rng_at(a->seed, 2);
    uint8_t pass[ROWS];
    for (int k = 0; k < 60; k++) {
        gx_arena_reset(arena);
        const gx_where *where = expression(arena, gx_rng_below(&rng, EXPRESSIONS));
        a->wrong += gx_where_eval(pass, where, a->columns, ROWS, NULL) != GX_OK;
        for (uint32_t r = 0; r < ROWS; r += 7) {
            a->wrong += pass[r] != gx_where_row(where, a->columns, r);
        }
    }
    gx_arena_destroy(arena);
    return NULL;
}

static void many_threads_ask_at_once(void **state) {
    (void)state;
    enum { THREADS = 4 };
    asker askers[THREADS];
    gx_columns *columns = NULL;
    gx_arena *arena = gx_arena_create();
    gx_rng rng = gx_rng_at(6, 1);
    assert_int_equal(gx_columns_create(&columns, NULL), GX_OK);
    for (uint32_t k = 0; k < ROWS; k++) {
        gx_arena_reset(arena);
        set(columns, arena, &rng, ROWS);
    }
    for (uint32_t t = 0; t < THREADS; t++) {
        askers[t] = (asker){.columns = columns, .seed = t};
        assert_int_equal(pthread_create(&askers[t].thread, NULL, ask, &askers[t]), 0);
    }
    for (uint32_t t = 0; t < THREADS; t++) {
        pthread_join(askers[t].thread, NULL);
        assert_int_equal(askers[t].wrong, 0);
    }
    gx_columns_destroy(columns);
    gx_arena_destroy(arena);
}

/* ---- memory --------------------------------------------------------------------------------- */

/* What cannot be kept is evaluated, and what cannot be evaluated is an error and changes nothing.
 */
static void memory_that_ends_leaves_masks_right(void **state) {
    (void)state;
    gx_columns *columns = NULL;
    gx_arena *arena = gx_arena_create();
    gx_rng rng = gx_rng_at(7, 1);
    uint8_t pass[ROWS];
    assert_int_equal(gx_columns_create(&columns, NULL), GX_OK);
    for (uint32_t round = 0; round < 200; round++) {
        gx_arena_reset(arena);
        set(columns, arena, &rng, 1000 + round * 40);
        const gx_where *where = expression(arena, round % 3);
        gx_alloc_fail_at(round % 5);
        const gx_status status = gx_where_eval(pass, where, columns, 1000 + round * 40, NULL);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        for (uint32_t r = 0; status == GX_OK && r < 1000 + round * 40; r++) {
            assert_int_equal(pass[r], gx_where_row(where, columns, r));
        }
    }
    gx_columns_destroy(columns);
    gx_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_follow_the_rows),
        cmocka_unit_test(many_threads_ask_at_once),
        cmocka_unit_test(memory_that_ends_leaves_masks_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
