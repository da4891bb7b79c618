/* What choices reach by sets as they were drawn: the same as by those sets turned to be by member,
 * looked at one by one, for one to eight choices, at any number of threads; and what is done beside
 * a drawing is done once, and changes no set. A choice that is stopped, or finds no memory, at any
 * moment leaves nothing behind. */
#include "engine/influence/reach.h"
#include "engine/influence/seeds.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { N = 60, M = 150, CASES = 300, CHUNKS = 2, DRAWN = 3000 };

typedef struct drawn {
    gx_job job;
    gx_graph graph;
    gx_chances chances;
    gx__roots roots;
    gx__sets sets[CHUNKS], turned[CHUNKS];
    int done_beside;
} drawn;

static void beside(void *user) {
    ((drawn *)user)->done_beside++;
}

static void draw(gx__sets *out, drawn *d, uint64_t chunk, bool by_member) {
    gx__drawing *drawing;
    assert_int_equal(
        gx__drawing_create(&drawing, &d->chances, &d->roots, DRAWN, (gx__drawn){0}, &d->job, NULL),
        GX_OK);
    if (!by_member) {
        gx__drawing_beside(drawing, beside, d);
    }
    assert_int_equal(gx__sets_draw(out, drawing, chunk * DRAWN, DRAWN, UINT64_MAX, by_member, NULL),
                     GX_OK);
    gx__drawing_destroy(drawing);
}

/* Random ties; sets of all kinds of chances. */
static void make(drawn *d, uint64_t number) {
    uint32_t src[M], dst[M];
    gx_rng rng = gx_rng_at(number, 3);
    *d = (drawn){.done_beside = 0};
    gx_job_init(&d->job, number % 5 == 0 ? 16 : 1 + (int)(number % 2), number);
    for (int i = 0; i < M; i++) {
        src[i] = (uint32_t)gx_rng_below(&rng, N);
        dst[i] = (uint32_t)gx_rng_below(&rng, N);
    }
    const gx_chance_options o = {.model = (gx_spread_model)(number % 2),
                                 .rule = number / 2 % 2 ? GX_CHANCE_CONSTANT : GX_CHANCE_WEIGHTED,
                                 .constant = 0.02 + 0.1 * (double)(number % 4),
                                 .raise = 1};
    assert_int_equal(gx_graph_build(&d->graph, N, M, src, dst, NULL, GX_GRAPH_IN, &d->job, NULL),
                     GX_OK);
    assert_int_equal(gx_chances_make(&d->chances, &d->graph, &o, false, &d->job, NULL), GX_OK);
    assert_int_equal(gx__roots_make(&d->roots, NULL, N, &d->job, NULL), GX_OK);
    for (uint64_t k = 0; k < CHUNKS; k++) {
        draw(&d->sets[k], d, k, false);
        draw(&d->turned[k], d, k, true);
    }
    assert_int_equal(d->done_beside, CHUNKS);
}

static void finish(drawn *d) {
    for (int k = 0; k < CHUNKS; k++) {
        gx__sets_finish(&d->sets[k], &d->job);
        gx__sets_finish(&d->turned[k], &d->job);
    }
    gx__roots_finish(&d->roots, &d->job);
    gx_chances_finish(&d->chances, &d->job);
    gx_graph_finish(&d->graph);
    assert_int_equal(d->job.mem_used, 0);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void draw_choice(uint32_t *seed, gx__choice *out, gx_rng *rng) {
    bool taken[N] = {false};
    out->seed = seed;
    out->count = (uint32_t)gx_rng_below(rng, 6);
    for (uint32_t i = 0; i < out->count; i++) {
        uint32_t v;
        do {
            v = (uint32_t)gx_rng_below(rng, N);
        } while (taken[v]);
        taken[v] = true;
        seed[i] = v;
    }
}

/* The place in the choice of the first seed in each numbered set. */
static void first_of(uint32_t *first, const gx__sets *sets, const gx__choice *choice) {
    memset(first, 0xff, DRAWN * sizeof *first);
    for (uint32_t i = choice->count; i-- > 0;) {
        const uint32_t v = choice->seed[i];
        for (uint64_t at = sets->ptr[v]; at < sets->ptr[v + 1]; at++) {
            first[sets->set[at]] = i;
        }
    }
}

static uint32_t place_of(const gx__choice *choice, uint32_t v) {
    uint32_t i = 0;
    while (i < choice->count && choice->seed[i] != v) {
        i++;
    }
    return i < choice->count ? i : GX_NONE;
}

static gx__reached count_twin(uint64_t *begun, const drawn *d, const gx__choice *choice) {
    gx__reached all = {0};
    uint32_t first[DRAWN];
    for (int k = 0; k < CHUNKS; k++) {
        const gx__sets *sets = &d->turned[k];
        first_of(first, sets, choice);
        for (uint32_t s = 0; s < sets->kept; s++) {
            const uint32_t root = place_of(choice, sets->root[s]);
            all.covered += first[s] != GX_NONE;
            all.begun += root != GX_NONE;
            if (root != GX_NONE) {
                begun[root]++;
            }
        }
        for (uint32_t i = 0; i < choice->count; i++) {
            all.covered += sets->alone[choice->seed[i]];
            all.begun += sets->alone[choice->seed[i]];
            begun[i] += sets->alone[choice->seed[i]];
        }
    }
    return all;
}

static void gains_twin(double *gain, const drawn *d, const gx__choice *choice,
                       const uint64_t *begun, double each, const double *weight) {
    uint32_t first[DRAWN];
    for (uint32_t i = 0; i < choice->count; i++) {
        gain[i] = begun[i] == 0 ? weight[choice->seed[i]] : 0;
    }
    for (int k = 0; k < CHUNKS; k++) {
        const gx__sets *sets = &d->turned[k];
        first_of(first, sets, choice);
        for (uint32_t s = 0; s < sets->kept; s++) {
            const uint32_t root = place_of(choice, sets->root[s]);
            if (first[s] != GX_NONE) {
                gain[first[s]] +=
                    root == GX_NONE ? each : weight[sets->root[s]] / (double)begun[root];
            }
        }
        for (uint32_t i = 0; i < choice->count; i++) {
            const uint32_t v = choice->seed[i];
            gain[i] += begun[i] ? sets->alone[v] * weight[v] / (double)begun[i] : 0;
        }
    }
}

static void choices_reach_what_they_reach_one_by_one(void **state) {
    (void)state;
    for (uint64_t number = 0; number < CASES; number++) {
        uint32_t seed[GX__CHOICES_MOST][N];
        gx__choice choice[GX__CHOICES_MOST];
        gx__reached reached[GX__CHOICES_MOST];
        double weight[N];
        drawn d;
        gx_rng rng = gx_rng_at(number, 11);
        const size_t choices = 1 + (size_t)gx_rng_below(&rng, GX__CHOICES_MOST);
        make(&d, number);
        for (int v = 0; v < N; v++) {
            weight[v] = gx_rng_real(&rng);
        }
        for (size_t k = 0; k < choices; k++) {
            draw_choice(seed[k], &choice[k], &rng);
        }
        assert_int_equal(gx__reach_count(reached, d.sets, CHUNKS, choice, choices, &d.job, NULL),
                         GX_OK);
        for (size_t k = 0; k < choices; k++) {
            uint64_t begun[N] = {0};
            double gain[N], twin[N];
            const gx__reached truth = count_twin(begun, &d, &choice[k]);
            assert_int_equal(reached[k].covered, truth.covered);
            assert_int_equal(reached[k].begun, truth.begun);
            assert_int_equal(
                gx__reach_gains(gain, d.sets, CHUNKS, &choice[k], 0.25, weight, &d.job, NULL),
                GX_OK);
            gains_twin(twin, &d, &choice[k], begun, 0.25, weight);
            for (uint32_t i = 0; i < choice[k].count; i++) {
                assert_true(fabs(gain[i] - twin[i]) < 1e-9 * (1 + twin[i]));
            }
        }
        finish(&d);
    }
}

/* Turned afterwards they are as if they had been by member at once. */
static void turned_later_is_turned_at_once(void **state) {
    (void)state;
    for (uint64_t number = 0; number < CASES; number++) {
        drawn d;
        make(&d, number);
        for (int k = 0; k < CHUNKS; k++) {
            gx__sets *later = &d.sets[k], *at_once = &d.turned[k];
            assert_int_equal(gx__sets_turn(later, &d.job, NULL), GX_OK);
            assert_null(later->block);
            assert_int_equal(later->kept, at_once->kept);
            assert_memory_equal(later->ptr, at_once->ptr, (N + 1) * sizeof *later->ptr);
            assert_memory_equal(later->set, at_once->set, later->ptr[N] * sizeof *later->set);
            assert_memory_equal(later->root, at_once->root, later->kept * sizeof *later->root);
            assert_memory_equal(later->alone, at_once->alone, N * sizeof *later->alone);
        }
        finish(&d);
    }
}

/* ---- cut short ------------------------------------------------------------------------------- */

static _Atomic uint32_t looks_left;

static void stop_at_last(gx_job *job) {
    if (atomic_fetch_sub(&looks_left, 1) == 1) {
        gx_job_cancel(job);
    }
}

static void choose_cut_short(const gx_graph *graph, uint64_t number, uint32_t at, int threads) {
    const gx_seed_options o = {.chance = {.model = (gx_spread_model)(number % 2),
                                          .rule = GX_CHANCE_CONSTANT,
                                          .constant = number % 3 ? 0.1 : 0.6,
                                          .raise = 1},
                               .limits = {.n = N, .count = 3},
                               .eps = 0.5,
                               .heuristics = true};
    gx_seeds seeds;
    gx_job job;
    gx_error err;
    const uint64_t blocks = gx_alloc_live_blocks();
    gx_job_init(&job, threads, number);
    if (number / 2 % 3 == 0) {
        looks_left = at;
        job.looked = stop_at_last;
    } else if (number / 2 % 3 == 1) {
        gx_alloc_fail_at(at);
    } else {
        job.mem_limit = 500 * (uint64_t)at;
    }
    const gx_status status = gx_seeds_choose(&seeds, graph, &o, &job, &err);
    gx_alloc_fail_at(0);
    if (status == GX_OK) {
        assert_int_equal(seeds.count, 3);
        gx_seeds_finish(&seeds, &job);
    }
    assert_int_equal(job.mem_used, 0);
    assert_int_equal(gx_alloc_live_blocks(), blocks);
}

static void a_choice_cut_short_leaves_nothing(void **state) {
    (void)state;
    for (uint64_t number = 0; number < 12; number++) {
        drawn d;
        make(&d, number);
        for (uint32_t at = 1; at < 2000; at += 1 + at / 16) {
            choose_cut_short(&d.graph, number, at, 1);
            choose_cut_short(&d.graph, number, at, 3);
        }
        finish(&d);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_reach_what_they_reach_one_by_one),
        cmocka_unit_test(turned_later_is_turned_at_once),
        cmocka_unit_test(a_choice_cut_short_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
