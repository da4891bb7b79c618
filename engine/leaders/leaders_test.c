/* The leader score: each measure against its definition over dense tables, the score against its
 * parts, and the shapes it must see through. */
#include "engine/leaders/leaders.h"

#include "engine/leaders/measures.h"
#include "engine/leaders/topic.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

extern const gx_pass gx_pass_leaders;

enum { N_MAX = 40, ITEMS = 8, CATEGORIES = 2, DAY_MS = 86400000 };

typedef struct world {
    uint32_t n;
    bool follows[N_MAX][N_MAX];
    int64_t act[N_MAX][ITEMS]; /* time, 0: none */
    uint32_t circle[N_MAX], label[ITEMS];
    gx_graph graph;
    gx_matrix matrix;
    gx_labels category;
    gx_arrays *given;
    const uint8_t *departed;
} world;

static void add_given(gx_arrays *arrays, const char *name, uint32_t n, const double *value) {
    double *data;
    assert_int_equal(gx_arrays_add(&data, arrays, name, GX_F64, n, 0, NULL, NULL), GX_OK);
    memcpy(data, value, n * sizeof *data);
}

/* Graph, matrix and the arrays of other passes, from the tables; coreness and PageRank stand in as
 * the follower count. */
static void world_build(world *w, bool timed) {
    uint32_t src[N_MAX * N_MAX], dst[N_MAX * N_MAX], row[N_MAX * ITEMS], col[N_MAX * ITEMS];
    int64_t ts[N_MAX * ITEMS];
    uint64_t m = 0, nnz = 0;
    double followers[N_MAX] = {0};
    for (uint32_t u = 0; u < w->n; u++) {
        for (uint32_t v = 0; v < w->n; v++) {
            if (w->follows[u][v]) {
                src[m] = u;
                dst[m++] = v;
                followers[v]++;
            }
        }
        for (uint32_t i = 0; i < ITEMS; i++) {
            if (w->act[u][i]) {
                row[nnz] = u;
                col[nnz] = i;
                ts[nnz++] = w->act[u][i];
            }
        }
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        w->label[i] = i % CATEGORIES;
    }
    w->category = (gx_labels){.n = ITEMS, .count = CATEGORIES, .label = w->label};
    gx_job job;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_graph_build(&w->graph, w->n, m, src, dst, NULL, GX_GRAPH_IN, &job, NULL),
                     GX_OK);
    assert_int_equal(gx_matrix_build(&w->matrix, w->n, ITEMS, nnz, row, col, NULL,
                                     timed ? ts : NULL, &job, NULL),
                     GX_OK);
    assert_int_equal(gx_arrays_create(&w->given, NULL), GX_OK);
    add_given(w->given, "pagerank.score", w->n, followers);
    add_given(w->given, "kcore.score", w->n, followers);
    uint32_t *community;
    assert_int_equal(
        gx_arrays_add(&community, w->given, "leiden.community", GX_U32, w->n, 0, NULL, NULL),
        GX_OK);
    memcpy(community, w->circle, w->n * sizeof *community);
}

static void world_draw(world *w, uint64_t seed) {
    gx_rng rng = gx_rng_at(seed, 41);
    *w = (world){.n = 1 + (uint32_t)gx_rng_below(&rng, 14)};
    for (uint32_t u = 0; u < w->n; u++) {
        w->circle[u] = (uint32_t)gx_rng_below(&rng, w->n < 3 ? w->n : 3);
        for (uint32_t v = 0; v < w->n; v++) {
            w->follows[u][v] = u != v && gx_rng_below(&rng, 4) == 0;
        }
        for (uint32_t i = 0; i < ITEMS; i++) {
            w->act[u][i] = gx_rng_below(&rng, 2) ? (int64_t)(1 + gx_rng_below(&rng, 9)) : 0;
        }
    }
    world_build(w, true);
}

static void world_free(world *w) {
    gx_graph_finish(&w->graph);
    gx_matrix_finish(&w->matrix);
    gx_arrays_destroy(w->given);
}

static gx_arrays *run(const world *w, const gx_value *params, int threads) {
    gx_job job;
    gx_error err = {0};
    gx_arrays *arrays;
    gx_job_init(&job, threads, 1);
    gx_input input = {.graph = &w->graph,
                      .matrix = &w->matrix,
                      .category = &w->category,
                      .departed = w->departed,
                      .arrays = w->given,
                      .users = w->n,
                      .items = ITEMS};
    assert_int_equal(gx_arrays_create(&arrays, NULL), GX_OK);
    gx_status status = gx_pass_run(arrays, &gx_pass_leaders, "leaders", &input, params, &job, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, GX_OK);
    status = gx_pass_leaders.check(arrays, "leaders", &input, NULL, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, GX_OK);
    return arrays;
}

/* ---- measures ------------------------------------------------------------------------------ */

static double naive_reach(const world *w, uint32_t v, int steps) {
    double sum = 0;
    for (uint32_t u = 0; u < w->n; u++) {
        sum += w->follows[u][v] ? (steps == 1 ? 1 : naive_reach(w, u, steps - 1)) : 0;
    }
    return sum;
}

static double naive_breadth(const world *w, uint32_t v) {
    double count[N_MAX] = {0}, all = 0, squares = 0;
    for (uint32_t u = 0; u < w->n; u++) {
        count[w->circle[u]] += w->follows[u][v];
        all += w->follows[u][v];
    }
    for (uint32_t c = 0; c < w->n; c++) {
        squares += count[c] * count[c];
    }
    return squares > 0 ? all * all / squares : 0;
}

static bool came_before(const world *w, uint32_t v, uint32_t u, uint32_t i, int64_t window) {
    int64_t theirs = w->act[v][i], own = w->act[u][i];
    return theirs && own && theirs < own && (window == 0 || own - theirs <= window);
}

/* Shared credit of v's act on item i; *observed counts the followers behind it. */
static double naive_credit(const world *w, uint32_t v, uint32_t i, int64_t window,
                           double *observed) {
    double sum = 0;
    for (uint32_t u = 0; u < w->n; u++) {
        double sharers = 0;
        for (uint32_t x = 0; x < w->n; x++) {
            sharers += w->follows[u][x] && came_before(w, x, u, i, window);
        }
        if (w->follows[u][v] && came_before(w, v, u, i, window)) {
            sum += 1 / sharers;
            *observed += 1;
        }
    }
    return sum;
}

static bool is_active(const world *w, uint32_t u) {
    bool active = false;
    for (uint32_t i = 0; i < ITEMS; i++) {
        active = active || w->act[u][i];
    }
    return active;
}

/* The share beyond what as many members who do not follow v did, and two standard deviations. */
static double naive_kept(const world *w, uint32_t v, int64_t window) {
    double observed = 0, others_acts = 0, followers = 0, others = 1;
    for (uint32_t i = 0; i < ITEMS; i++) {
        if (!w->act[v][i]) {
            continue;
        }
        naive_credit(w, v, i, window, &observed);
        for (uint32_t u = 0; u < w->n; u++) {
            others_acts += !w->follows[u][v] && came_before(w, v, u, i, window);
        }
    }
    for (uint32_t u = 0; u < w->n; u++) {
        followers += w->follows[u][v] && is_active(w, u);
        others += u != v && !w->follows[u][v] && is_active(w, u);
    }
    double expected = others_acts * followers / others;
    return observed > 0 ? fmax(0, (observed - expected - 2 * sqrt(expected)) / observed) : 0;
}

static void test_measures_against_definitions(void **state) {
    (void)state;
    uint32_t kept = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        world w;
        world_draw(&w, seed);
        double followers[N_MAX], reach[N_MAX], breadth[N_MAX], highest = 0;
        uint64_t credit[N_MAX * ITEMS] = {0};
        int64_t window = seed % 2 ? 0 : 3;
        gx_job job;
        gx_job_init(&job, 2, 1);
        gx__leaders_followers(followers, &w.graph);
        assert_int_equal(gx__leaders_reach(reach, followers, &w.graph, &job, NULL), GX_OK);
        assert_int_equal(gx__leaders_breadth(breadth, &w.graph, w.circle, &job, NULL), GX_OK);
        assert_int_equal(gx__leaders_credit(
                             credit, NULL, &w.graph, &w.matrix, NULL,
                             &(gx__leaders_after){window, INT64_MIN, INT64_MAX, false}, &job, NULL),
                         GX_OK);
        for (uint32_t v = 0; v < w.n; v++) {
            highest = fmax(highest, naive_reach(&w, v, 3));
        }
        for (uint32_t v = 0; v < w.n; v++) {
            assert_true(followers[v] == naive_reach(&w, v, 1));
            assert_true(fabs(reach[v] * highest - naive_reach(&w, v, 3)) < 1e-9);
            assert_true(fabs(breadth[v] - naive_breadth(&w, v)) < 1e-12);
            for (uint64_t k = w.matrix.ptr[v]; k < w.matrix.ptr[v + 1]; k++) {
                double observed = 0;
                double wanted = naive_credit(&w, v, w.matrix.col[k], window, &observed) *
                                naive_kept(&w, v, window);
                kept += wanted > 0;
                assert_true(fabs((double)credit[k] / GX_CREDIT_ONE - wanted) < 1e-5);
            }
        }
        world_free(&w);
    }
    assert_true(kept > 100); /* or nothing was compared */
}

/* One history of a few acts beside one of thousands: found by search, the same credit. */
static void test_credit_of_unequal_histories(void **state) {
    (void)state;
    enum { MANY = 5000, FEW = 7 };
    uint32_t *row = gx_alloc(MANY + FEW, sizeof *row), *col = gx_alloc(MANY + FEW, sizeof *col);
    int64_t *ts = gx_alloc(MANY + FEW, sizeof *ts);
    uint64_t *credit = gx_alloc0(MANY + FEW, sizeof *credit), sum = 0;
    for (uint32_t i = 0; i < MANY + FEW; i++) {
        row[i] = i < MANY ? 0 : 1;
        col[i] = i < MANY ? i : (i - MANY) * 700;
        ts[i] = i < MANY ? 10 : 11;
    }
    for (uint32_t leader = 0; leader < 2;
         leader++) { /* either may be the one with the long history */
        const uint32_t src = 1 - leader, dst = leader;
        gx_graph graph;
        gx_matrix matrix;
        gx_job job;
        gx_job_init(&job, 1, 1);
        assert_int_equal(gx_graph_build(&graph, 2, 1, &src, &dst, NULL, GX_GRAPH_IN, &job, NULL),
                         GX_OK);
        assert_int_equal(
            gx_matrix_build(&matrix, 2, MANY, MANY + FEW, row, col, NULL, ts, &job, NULL), GX_OK);
        memset(credit, 0, (MANY + FEW) * sizeof *credit);
        assert_int_equal(gx__leaders_credit(credit, NULL, &graph, &matrix, NULL,
                                            &(gx__leaders_after){0, INT64_MIN, INT64_MAX, false},
                                            &job, NULL),
                         GX_OK);
        sum = 0;
        for (uint32_t i = 0; i < MANY + FEW; i++) {
            sum += credit[i];
        }
        assert_int_equal(sum, leader == 0 ? (uint64_t)FEW * GX_CREDIT_ONE : 0);
        gx_graph_finish(&graph);
        gx_matrix_finish(&matrix);
    }
    gx_free(row);
    gx_free(col);
    gx_free(ts);
    gx_free(credit);
}

/* ---- the score ----------------------------------------------------------------------------- */

static void test_score_is_the_sum_of_its_parts(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        world w;
        world_draw(&w, seed);
        gx_arrays *one = run(&w, NULL, 1), *two = run(&w, NULL, 2);
        const double *score = gx_arrays_get(one, "leaders.score", GX_F64, w.n);
        const uint32_t *rank = gx_arrays_get(one, "leaders.rank", GX_U32, w.n);
        const uint8_t *excluded = gx_arrays_get(one, "leaders.excluded", GX_U8, w.n);
        const float *risk = gx_arrays_get(one, "leaders.risk", GX_F32, w.n);
        const float *flag = gx_arrays_get(one, "leaders.flag", GX_F32, w.n);
        uint64_t ranks = 0;
        for (uint32_t v = 0; v < w.n; v++) {
            ranks |= (uint64_t)1 << rank[v];
            assert_true((score[v] > 0) == (naive_reach(&w, v, 1) > 0 && !excluded[v]));
            const bool ring = flag[v * GX_LEADER_FLAG_COUNT + GX_FLAG_RING] > 0;
            assert_true(ring ? !excluded[v] || risk[v] > 50 : excluded[v] == (risk[v] > 50));
            for (uint32_t u = 0; u < w.n; u++) {
                assert_true(score[u] <= score[v] || rank[u] < rank[v]);
            }
        }
        assert_int_equal(ranks, ((uint64_t)1 << w.n) * 2 - 2); /* 1 … n, each once */
        for (size_t i = 0; i < gx_arrays_count(one); i++) {
            const gx_array *a = gx_arrays_at(one, i), *b = gx_arrays_at(two, i);
            assert_int_equal(a->bytes, b->bytes);
            assert_true(a->bytes == 0 || memcmp(a->data, b->data, a->bytes) == 0);
        }
        gx_arrays_destroy(one);
        gx_arrays_destroy(two);
        world_free(&w);
    }
}

/* A star: everybody follows member 0, nothing else. */
static void test_the_centre_of_a_star_leads(void **state) {
    (void)state;
    world w = {.n = 12};
    for (uint32_t u = 1; u < w.n; u++) {
        w.follows[u][0] = true;
    }
    world_build(&w, true);
    gx_arrays *arrays = run(&w, NULL, 1);
    const double *score = gx_arrays_get(arrays, "leaders.score", GX_F64, w.n);
    const uint32_t *rank = gx_arrays_get(arrays, "leaders.rank", GX_U32, w.n);
    const uint32_t *follower_rank = gx_arrays_get(arrays, "leaders.follower_rank", GX_U32, w.n);
    const double *correlation = gx_arrays_get(arrays, "leaders.follower_correlation", GX_F64, 1);
    assert_int_equal(rank[0], 1);
    assert_int_equal(follower_rank[0], 1);
    assert_true(fabs(score[0] - 100) < 1e-9); /* what nobody has counts for nobody */
    assert_true(score[1] == 0);
    assert_true(fabs(*correlation - 1) < 1e-12);
    gx_arrays_destroy(arrays);
    world_free(&w);
}

/* Two members with the same followers: the one whose acts the followers repeat leads, in the shop
 * and in the category of those acts. Without times the two are equal and the lower number comes
 * first. */
static void test_repeated_acts_tell_leaders_from_the_popular(void **state) {
    (void)state;
    for (int timed = 0; timed < 2; timed++) {
        world w = {.n = 20};
        for (uint32_t u = 2; u < w.n; u++) {
            w.follows[u][0] = w.follows[u][1] = true;
            w.act[u][2] = 5 * DAY_MS;
            w.act[u][4] = 2 * DAY_MS;
        }
        w.act[0][2] = 9 * DAY_MS; /* follows the crowd */
        w.act[1][2] = 1 * DAY_MS; /* leads it */
        w.act[0][4] = w.act[1][4] = 7 * DAY_MS;
        world_build(&w, timed == 1);
        gx_arrays *arrays = run(&w, NULL, 1);
        const uint32_t *rank = gx_arrays_get(arrays, "leaders.rank", GX_U32, w.n);
        const uint64_t *ptr = gx_arrays_get(arrays, "leaders.category_ptr", GX_U64, CATEGORIES + 1);
        const uint32_t *user = gx_arrays_get(arrays, "leaders.category_user", GX_U32, 0);
        assert_int_equal(rank[timed], 1);
        assert_int_equal(rank[1 - timed], 2);
        assert_int_equal(ptr[1], 2); /* both acted on items 2 and 4, of category 0 */
        assert_int_equal(ptr[2], 2); /* and nobody in category 1 */
        assert_int_equal(user[0], timed);
        gx_arrays_destroy(arrays);
        world_free(&w);
    }
}

/* Each category anew: own weight and credit against the means of those who have any. */
static double naive_authority(const double own[N_MAX], const double credit[N_MAX], uint32_t n,
                              uint32_t v) {
    double usual[2] = {0}, count[2] = {0};
    for (uint32_t u = 0; u < n; u++) {
        usual[0] += own[u];
        usual[1] += credit[u];
        count[0] += own[u] > 0;
        count[1] += credit[u] > 0;
    }
    double knows = own[v] / (own[v] + usual[0] / count[0]);
    return count[1] > 0 ? (knows + credit[v] / (credit[v] + usual[1] / count[1])) / 2 : knows;
}

/* The `keep` highest of those who act there and stand well, the highest first. */
static void expect_ranked(const uint32_t *user, const float *score, uint64_t count, uint32_t keep,
                          const double *structure, const double own[N_MAX],
                          const double credit[N_MAX], uint32_t n) {
    bool listed[N_MAX] = {false};
    double expected[N_MAX] = {0}, last = INFINITY;
    uint32_t fit = 0;
    for (uint32_t v = 0; v < n; v++) {
        if (structure[v] > 0 && own[v] > 0) {
            expected[v] = 100 * structure[v] * naive_authority(own, credit, n, v);
            fit++;
        }
    }
    assert_int_equal(count, fit < keep ? fit : keep);
    for (uint64_t i = 0; i < count; i++) {
        assert_true(expected[user[i]] > 0 && !listed[user[i]]);
        assert_true(expected[user[i]] <= last + 1e-9);
        assert_true(fabs((double)score[i] - expected[user[i]]) <= 1e-4);
        listed[user[i]] = true;
        last = expected[user[i]];
    }
    for (uint32_t v = 0; v < n && count > 0; v++) {
        assert_true(listed[v] || expected[v] <= last + 1e-9);
    }
}

/* Items of no category and acts of no weight come between others; few are kept. */
static void test_categories_against_the_definition(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        world w;
        world_draw(&w, seed);
        gx_rng rng = gx_rng_at(seed, 43);
        uint32_t row[N_MAX * ITEMS], col[N_MAX * ITEMS], keep = 1 + (uint32_t)(seed % 20);
        float value[N_MAX * ITEMS];
        uint64_t credit[N_MAX * ITEMS], nnz = 0;
        double structure[N_MAX], own[CATEGORIES][N_MAX] = {{0}}, led[CATEGORIES][N_MAX] = {{0}};
        for (uint32_t i = 0; i < ITEMS; i++) {
            uint64_t drawn = gx_rng_below(&rng, CATEGORIES + 1);
            w.label[i] = drawn < CATEGORIES ? (uint32_t)drawn : GX_NONE;
        }
        for (uint32_t u = 0; u < w.n; u++) {
            structure[u] = (double)gx_rng_below(&rng, 5) / 4;
            for (uint32_t i = 0; i < ITEMS; i++) {
                if (gx_rng_below(&rng, 2)) {
                    uint64_t share = seed % 7 ? gx_rng_below(&rng, 3) * GX_CREDIT_ONE / 2 : 0;
                    row[nnz] = u;
                    col[nnz] = i;
                    value[nnz] = (float)gx_rng_below(&rng, 4);
                    credit[nnz] = share;
                    if (w.label[i] != GX_NONE && value[nnz] > 0) {
                        own[w.label[i]][u] += (double)value[nnz];
                        led[w.label[i]][u] += (double)share / GX_CREDIT_ONE;
                    }
                    nnz++;
                }
            }
        }
        gx_job job;
        gx_job_init(&job, 1, 1);
        gx_matrix_finish(&w.matrix);
        assert_int_equal(
            gx_matrix_build(&w.matrix, w.n, ITEMS, nnz, row, col, value, NULL, &job, NULL), GX_OK);
        gx_input input = {.matrix = &w.matrix, .category = &w.category, .users = w.n};
        gx_output out = {.instance = "leaders", .job = &job};
        assert_int_equal(gx_arrays_create(&out.arrays, NULL), GX_OK);
        assert_int_equal(gx__leaders_by_category(&out, &input, structure, credit, keep, &job, NULL),
                         GX_OK);
        const uint64_t *ptr =
            gx_arrays_get(out.arrays, "leaders.category_ptr", GX_U64, CATEGORIES + 1);
        const uint32_t *user = gx_arrays_get(out.arrays, "leaders.category_user", GX_U32, 0);
        const float *score = gx_arrays_get(out.arrays, "leaders.category_score", GX_F32, 0);
        for (uint32_t c = 0; c < CATEGORIES; c++) {
            expect_ranked(user + ptr[c], score + ptr[c], ptr[c + 1] - ptr[c], keep, structure,
                          own[c], led[c], w.n);
        }
        gx_arrays_destroy(out.arrays);
        world_free(&w);
    }
}

static gx_topic_leaders topic_of(const world *w, const gx_arrays *arrays, const uint8_t *wanted,
                                 gx_job *job) {
    const gx_input input = {
        .graph = &w->graph, .matrix = &w->matrix, .users = w->n, .items = ITEMS};
    const gx_leader_scores scores = {
        .score = gx_arrays_get(arrays, "leaders.score", GX_F64, w->n),
        .count = w->n,
        .window_ms = *(const int64_t *)gx_arrays_get(arrays, "leaders.window", GX_I64, 1)};
    gx_topic_leaders out;
    assert_int_equal(gx_leaders_of_topic(&out, &input, wanted, &scores, job, NULL), GX_OK);
    return out;
}

/* The items of a category are a topic whose list is that of the category, to the byte; the whole
 * shop has its own, and what nobody acted on has none. */
static void test_a_topic_is_a_category_of_its_own(void **state) {
    (void)state;
    gx_arena *arena = gx_arena_create();
    uint64_t listed = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        world w;
        world_draw(&w, seed);
        gx_value params = gx_map(arena, 1);
        gx_map_put(arena, &params, "window", gx_int(seed % 3 ? (int64_t)(seed % 3) * 2 : 0));
        gx_arrays *arrays = run(&w, &params, 1);
        const uint64_t *ptr = gx_arrays_get(arrays, "leaders.category_ptr", GX_U64, CATEGORIES + 1);
        const uint32_t *user = gx_arrays_get(arrays, "leaders.category_user", GX_U32, 0);
        const float *score = gx_arrays_get(arrays, "leaders.category_score", GX_F32, 0);
        gx_job job;
        gx_job_init(&job, 1 + (int)(seed % 2), 1);
        for (uint32_t c = 0; c < CATEGORIES; c++) {
            uint8_t wanted[ITEMS];
            for (uint32_t i = 0; i < ITEMS; i++) {
                wanted[i] = w.label[i] == c;
            }
            gx_topic_leaders topic = topic_of(&w, arrays, wanted, &job);
            assert_int_equal(topic.count, ptr[c + 1] - ptr[c]);
            assert_true(topic.acted >= topic.count);
            for (uint32_t i = 0; i < topic.count; i++) {
                assert_int_equal(topic.user[i], user[ptr[c] + i]);
                assert_true(topic.score[i] == score[ptr[c] + i]);
            }
            listed += topic.count;
            gx_topic_leaders_finish(&topic);
        }
        gx_topic_leaders none = topic_of(&w, arrays, (uint8_t[ITEMS]){0}, &job);
        assert_int_equal(none.count + none.acted, 0);
        gx_topic_leaders_finish(&none);
        assert_int_equal(job.mem_used, 0);
        gx_arrays_destroy(arrays);
        world_free(&w);
    }
    assert_true(listed > 1000);
    gx_arena_destroy(arena);
}

static void test_weights_are_the_callers(void **state) {
    (void)state;
    world w;
    world_draw(&w, 12);
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, GX_LEADER_MEASURE_COUNT + 1);
    for (int p = 0; p < GX_LEADER_MEASURE_COUNT; p++) {
        gx_map_put(arena, &params, gx_leader_measures[p], gx_int(p == GX_MEASURE_ACTIVITY));
    }
    gx_arrays *arrays = run(&w, &params, 1);
    const float *part = gx_arrays_get(arrays, "leaders.part", GX_F32, w.n);
    const double *score = gx_arrays_get(arrays, "leaders.score", GX_F64, w.n);
    for (uint32_t v = 0; v < w.n; v++) {
        for (uint32_t p = 0; p < GX_LEADER_AUTHENTICITY; p++) {
            double points = (double)part[v * GX_LEADER_PART_COUNT + p];
            double off = (double)part[v * GX_LEADER_PART_COUNT + GX_LEADER_AUTHENTICITY];
            assert_true(p == GX_LEADER_AUTHORITY ? fabs(points + off - score[v]) < 1e-4
                                                 : points == 0);
        }
    }
    gx_arrays_destroy(arrays);
    gx_map_put(arena, &params, "activity", gx_int(0));
    gx_job job;
    gx_error err = {0};
    gx_job_init(&job, 1, 1);
    gx_input input = {.graph = &w.graph,
                      .matrix = &w.matrix,
                      .category = &w.category,
                      .arrays = w.given,
                      .users = w.n,
                      .items = ITEMS};
    assert_int_equal(gx_arrays_create(&arrays, NULL), GX_OK);
    assert_int_equal(gx_pass_run(arrays, &gx_pass_leaders, "leaders", &input, &params, &job, &err),
                     GX_BAD_REQUEST);
    assert_int_equal(gx_arrays_count(arrays), 0);
    gx_arrays_destroy(arrays);
    gx_arena_destroy(arena);
    world_free(&w);
}

/* Times may be any; the follower's act at the end of them is outside of any window. */
static void test_credit_at_the_ends_of_time(void **state) {
    (void)state;
    const uint32_t follower[] = {0}, followed[] = {1}, row[] = {0, 1}, item[] = {0, 0};
    const int64_t ts[] = {INT64_MAX, INT64_MIN + 1};
    uint64_t credit[2] = {0};
    gx_graph graph;
    gx_matrix matrix;
    gx_job job;
    gx_job_init(&job, 1, 1);
    assert_int_equal(
        gx_graph_build(&graph, 2, 1, follower, followed, NULL, GX_GRAPH_IN, &job, NULL), GX_OK);
    assert_int_equal(gx_matrix_build(&matrix, 2, 1, 2, row, item, NULL, ts, &job, NULL), GX_OK);
    assert_int_equal(
        gx__leaders_credit(credit, NULL, &graph, &matrix, NULL,
                           &(gx__leaders_after){30 * 86400000LL, INT64_MIN, INT64_MAX, false}, &job,
                           NULL),
        GX_OK);
    assert_int_equal(credit[0] + credit[1], 0);
    gx_matrix_finish(&matrix);
    gx_graph_finish(&graph);
}

/* Whoever departed heeds nobody: all is as if only the others had followed. */
static void test_who_departed_follows_nobody(void **state) {
    (void)state;
    uint32_t left_alone = 0, some = 0;
    for (uint64_t seed = 0; seed < 300; seed++) {
        world all, here;
        uint8_t departed[N_MAX] = {0};
        gx_rng rng = gx_rng_at(seed, 43);
        world_draw(&all, seed);
        here = all;
        for (uint32_t u = 0; u < all.n; u++) {
            departed[u] = gx_rng_below(&rng, 2) == 0;
            for (uint32_t v = 0; departed[u] && v < all.n; v++) {
                here.follows[u][v] = false;
            }
        }
        world_build(&here, true);
        all.departed = departed;
        gx_arrays *told = run(&all, NULL, 2), *wanted = run(&here, NULL, 1);
        const float *measure = gx_arrays_get(told, "leaders.measure", GX_F32, all.n);
        assert_memory_equal(measure, gx_arrays_get(wanted, "leaders.measure", GX_F32, all.n),
                            all.n * GX_LEADER_MEASURE_COUNT * sizeof *measure);
        const double *score = gx_arrays_get(told, "leaders.score", GX_F64, all.n);
        for (uint32_t v = 0; v < all.n; v++) {
            const bool heeded = here.graph.in_ptr[v + 1] > here.graph.in_ptr[v];
            assert_true(heeded || score[v] == 0);
            left_alone += !heeded && all.graph.in_ptr[v + 1] > all.graph.in_ptr[v];
            some += score[v] > 0;
        }
        gx_arrays_destroy(told);
        gx_arrays_destroy(wanted);
        world_free(&all);
        world_free(&here);
    }
    assert_true(left_alone > 50 && some > 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measures_against_definitions),
        cmocka_unit_test(test_credit_of_unequal_histories),
        cmocka_unit_test(test_credit_at_the_ends_of_time),
        cmocka_unit_test(test_score_is_the_sum_of_its_parts),
        cmocka_unit_test(test_the_centre_of_a_star_leads),
        cmocka_unit_test(test_repeated_acts_tell_leaders_from_the_popular),
        cmocka_unit_test(test_categories_against_the_definition),
        cmocka_unit_test(test_a_topic_is_a_category_of_its_own),
        cmocka_unit_test(test_who_departed_follows_nobody),
        cmocka_unit_test(test_weights_are_the_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
