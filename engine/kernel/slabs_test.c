/* Slabs: pieces are of zeros and apart, what is joined is kept, a cap is an error, nothing is left.
 */
#include "engine/kernel/slabs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { PIECES = 2000, KEPT = 2 };

static uint64_t live; /* blocks before a test */

static void take_all(gx__slabs *slabs, unsigned char **piece, gx_job *job, unsigned char mark) {
    for (size_t i = 0; i < PIECES; i++) {
        const size_t bytes = i * 7 % 300;
        assert_int_equal(gx__slabs_take(&piece[i], slabs, bytes, i % 5 * 1000, job, NULL), GX_OK);
        assert_int_equal((uintptr_t)piece[i] % GX_CACHE_LINE, 0);
        for (size_t b = 0; b < bytes; b++) {
            assert_int_equal(piece[i][b], 0);
        }
        memset(piece[i], mark, bytes);
    }
}

static void pieces_are_kept_apart(void **state) {
    (void)state;
    static unsigned char *piece[KEPT][PIECES];
    gx_job job;
    gx__slabs slabs = {0}, own[KEPT] = {{0}};
    gx_job_init(&job, 1, 1);
    live = gx_alloc_live_blocks();
    for (unsigned char k = 0; k < KEPT; k++) {
        take_all(&own[k], piece[k], &job, (unsigned char)(k + 1));
    }
    for (size_t k = 0; k < KEPT; k++) {
        gx__slabs_join(&slabs, &own[k]);
        assert_null(own[k].last);
    }
    for (size_t k = 0; k < KEPT; k++) {
        for (size_t i = 0; i < PIECES; i++) {
            for (size_t b = 0; b < i * 7 % 300; b++) {
                assert_int_equal(piece[k][i][b], k + 1);
            }
        }
    }
    assert_true(atomic_load(&job.mem_used) >= slabs.bytes);
    gx__slabs_finish(&slabs, &job);
    assert_int_equal(atomic_load(&job.mem_used), 0);
    assert_int_equal(gx_alloc_live_blocks(), live);
}

/* As much again fits into what was given up, except where it is in larger pieces. */
static void memory_is_handed_out_again(void **state) {
    (void)state;
    enum { ROUNDS = 5 };
    gx_job job;
    gx__slabs slabs = {0};
    uint64_t used = 0;
    gx_job_init(&job, 1, 1);
    for (int round = 0; round < ROUNDS; round++) {
        unsigned char *piece[PIECES];
        for (size_t i = 0; i < PIECES; i++) {
            const size_t bytes = 1 + i % 300;
            assert_int_equal(gx__slabs_take(&piece[i], &slabs, bytes, slabs.bytes / 8, &job, NULL),
                             GX_OK);
            memset(piece[i], (int)(i % 251), bytes);
        }
        for (size_t i = 0; i < PIECES; i++) {
            assert_int_equal(piece[i][0], i % 251);
            assert_int_equal(piece[i][i % 300], i % 251);
        }
        used = round == 0 ? atomic_load(&job.mem_used) : used;
        assert_int_equal(atomic_load(&job.mem_used), used);
        gx__slabs_reuse(&slabs);
        assert_int_equal(slabs.bytes, 0);
    }
    void *large;
    assert_int_equal(gx__slabs_take(&large, &slabs, used, 0, &job, NULL), GX_OK);
    assert_true(atomic_load(&job.mem_used) < used + used / 2);
    gx__slabs_finish(&slabs, &job);
    assert_int_equal(atomic_load(&job.mem_used), 0);
}

static void a_cap_is_an_error(void **state) {
    (void)state;
    gx_job job;
    gx_error err;
    gx__slabs slabs = {0};
    void *piece;
    gx_job_init(&job, 1, 1);
    job.mem_limit = 10000;
    assert_int_equal(gx__slabs_take(&piece, &slabs, 5000, 0, &job, &err), GX_OK);
    assert_int_equal(gx__slabs_take(&piece, &slabs, 5000, 0, &job, &err), GX_OVER_LIMIT);
    assert_int_equal(gx__slabs_take(&piece, &slabs, SIZE_MAX, 0, &job, &err), GX_NO_MEMORY);
    assert_int_equal(gx__slabs_take(&piece, &slabs, 1000, 0, &job, &err), GX_OK);
    gx__slabs_finish(&slabs, &job);
    assert_int_equal(atomic_load(&job.mem_used), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_kept_apart),
        cmocka_unit_test(memory_is_handed_out_again),
        cmocka_unit_test(a_cap_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
