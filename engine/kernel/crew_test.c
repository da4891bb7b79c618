/* A crew: each chunk of each phase is done once, phases do not overlap, and what one wrote the next
 * one sees. */
#include "engine/kernel/crew.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { PHASES = 3000, CHUNKS = 40 };

typedef struct record {
    uint32_t phase, chunks;
    uint32_t done[CHUNKS]; /* the last phase that did it */
    uint64_t value, sum[CHUNKS];
    _Atomic uint32_t wrong;
} record;

static uint32_t chunks_of(uint32_t phase) {
    return phase > PHASES ? 0 : 1 + phase * 7 % CHUNKS;
}

/* Checks the phase that ends, sums up what it made and opens the next. */
static uint32_t next(void *user) {
    record *log = user;
    for (uint32_t i = 0; i < log->chunks; i++) {
        log->wrong += log->done[i] != log->phase;
        log->value += log->sum[i];
    }
    log->phase++;
    log->chunks = chunks_of(log->phase);
    return log->chunks;
}

static void work(void *user, uint32_t chunk, int thread) {
    record *log = user;
    log->wrong += chunk >= log->chunks || log->done[chunk] == log->phase || thread < 0;
    log->done[chunk] = log->phase;
    log->sum[chunk] = log->value % 1000 + chunk;
}

static uint64_t run(int threads) {
    record log = {0};
    gx__crew_run(threads, next, work, &log);
    assert_int_equal(log.wrong, 0);
    assert_int_equal(log.phase, PHASES + 1);
    return log.value;
}

static void test_phases(void **state) {
    (void)state;
    const uint64_t alone = run(1);
    assert_true(run(2) == alone);
    assert_true(run(7) == alone);
}

static uint32_t nothing(void *user) {
    (void)user;
    return 0;
}

static void test_nothing_to_do(void **state) {
    (void)state;
    gx__crew_run(3, nothing, work, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_phases),
        cmocka_unit_test(test_nothing_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
