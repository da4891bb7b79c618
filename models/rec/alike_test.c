/* Members alike against a naive twin, on random members; damage and memory. */
#include "models/rec/alike.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>

enum { USERS = 120, ITEMS = 40, REGIONS = 4 };

typedef struct people {
    gx_matrix history;
    gx_arrays *arrays;
    gx_alike alike;
    gx_job job;
    uint32_t region[USERS];
    gx_alike_entry entries[USERS];
    bool chose[USERS][ITEMS];
} people;

static uint64_t hash_of(uint32_t region) {
    const char name = (char)('a' + region);
    return gx_alike_hash(gx_slice_of("region"), (gx_slice){&name, 1});
}

static void people_open(people *p, uint64_t seed, int threads) {
    gx_rng rng = gx_rng_at(seed, 8);
    uint32_t row[USERS * 8], col[USERS * 8], count = 0;
    memset(p, 0, sizeof *p);
    gx_job_init(&p->job, threads, 1);
    for (uint32_t u = 0; u < USERS; u++) {
        p->region[u] = (uint32_t)(gx_rng_real(&rng) * gx_rng_real(&rng) * REGIONS);
        p->entries[u] = (gx_alike_entry){hash_of(p->region[u]), u};
        for (uint64_t k = gx_rng_below(&rng, 8); k > 0; k--) {
            const uint32_t item = (p->region[u] * 10 + (uint32_t)gx_rng_below(&rng, 15)) % ITEMS;
            p->chose[u][item] = true;
            row[count] = u;
            col[count++] = item;
        }
    }
    assert_int_equal(
        gx_matrix_build(&p->history, USERS, ITEMS, count, row, col, NULL, NULL, &p->job, NULL),
        GX_OK);
    assert_int_equal(gx_arrays_create(&p->arrays, NULL), GX_OK);
    assert_int_equal(
        gx_alike_add(p->arrays, p->entries, USERS, &p->history, GX_ALIKE_LEAST, &p->job, NULL),
        GX_OK);
    assert_int_equal(gx_alike_open(&p->alike, p->arrays, ITEMS, NULL), GX_OK);
}

static void people_close(people *p) {
    gx_arrays_destroy(p->arrays);
    gx_matrix_finish(&p->history);
}

/* 1 where nothing may be told. Fewer than 64 items: all of them are among the most chosen. */
static double twin(const people *p, uint32_t region, uint32_t item, uint32_t *members) {
    double all = 0, any = 0, k = 0, inside = 0;
    for (uint32_t u = 0; u < USERS; u++) {
        bool chose = false;
        for (uint32_t i = 0; i < ITEMS; i++) {
            chose |= p->chose[u][i];
        }
        any += chose;
        all += p->chose[u][item];
        inside += chose && p->region[u] == region;
        k += p->chose[u][item] && p->region[u] == region;
    }
    *members = (uint32_t)inside;
    const double share = all / any;
    const double lift = all > 0 ? (k + 20 * share) / ((inside + 20) * share) : 1;
    return k >= 3 || lift < 1 ? lift : 1;
}

static void lifts_are_what_the_definition_says(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        people p;
        people_open(&p, seed, 1);
        for (uint32_t region = 0; region < REGIONS; region++) {
            float score[ITEMS];
            uint32_t members = 0;
            const uint64_t hash = hash_of(region);
            for (uint32_t i = 0; i < ITEMS; i++) {
                score[i] = 1;
            }
            const bool any = gx_alike_apply(score, &p.alike, &hash, 1);
            for (uint32_t i = 0; i < ITEMS; i++) {
                const double expected = twin(&p, region, i, &members);
                assert_true(fabs((double)score[i] - (members >= 10 ? expected : 1)) < 1e-5);
            }
            assert_int_equal(any, members >= 10);
        }
        people_close(&p);
    }
}

static void the_same_bytes_at_any_number_of_threads(void **state) {
    (void)state;
    people one, many;
    people_open(&one, 3, 1);
    people_open(&many, 3, 4);
    for (size_t k = 0; k < gx_arrays_count(one.arrays); k++) {
        const gx_array *a = gx_arrays_at(one.arrays, k), *b = gx_arrays_at(many.arrays, k);
        assert_true(a->bytes == b->bytes && memcmp(a->data, b->data, a->bytes) == 0);
    }
    people_close(&one);
    people_close(&many);
}

static void damage_is_refused_and_memory_that_ends_is_told(void **state) {
    (void)state;
    people p;
    people_open(&p, 5, 1);
    gx_alike a;
    float *lift = gx_arrays_find(p.arrays, "alike.lift")->data;
    const float was = lift[0];
    lift[0] = NAN;
    assert_int_equal(gx_alike_open(&a, p.arrays, ITEMS, NULL), GX_CORRUPT);
    lift[0] = was;
    assert_int_equal(gx_alike_open(&a, p.arrays, 1, NULL), GX_CORRUPT);
    gx_status status = GX_NO_MEMORY;
    for (uint64_t k = 1; status != GX_OK; k++) {
        gx_arrays *made = NULL;
        assert_int_equal(gx_arrays_create(&made, NULL), GX_OK);
        gx_alloc_fail_at(k);
        status = gx_alike_add(made, p.entries, USERS, &p.history, GX_ALIKE_LEAST, &p.job, NULL);
        gx_alloc_fail_at(0);
        assert_true(status == GX_OK || status == GX_NO_MEMORY);
        gx_arrays_destroy(made);
    }
    people_close(&p);
}

/* Never below what is taken; what each value keeps is bounded, not counted. */
static void what_it_takes_is_told_before(void **state) {
    (void)state;
    people p;
    people_open(&p, 7, 1);
    gx_job job;
    gx_arrays *made = NULL;
    const gx_estimate told = gx_alike_estimate(p.entries, USERS, &p.history, GX_ALIKE_LEAST);
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_arrays_create(&made, NULL), GX_OK);
    assert_int_equal(gx_alike_add(made, p.entries, USERS, &p.history, GX_ALIKE_LEAST, &job, NULL),
                     GX_OK);
    const double took = (double)atomic_load(&job.mem_peak), said = (double)told.mem_bytes;
    assert_true(took <= said && said <= 2 * took && told.cpu_s > 0);
    gx_arrays_destroy(made);
    people_close(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lifts_are_what_the_definition_says),
        cmocka_unit_test(the_same_bytes_at_any_number_of_threads),
        cmocka_unit_test(what_it_takes_is_told_before),
        cmocka_unit_test(damage_is_refused_and_memory_that_ends_is_told),
    };
    return cmocka_run_group_tests_name("alike", tests, NULL, NULL);
}
