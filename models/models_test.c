/* The table of models, what every model must hold, and naive twins of popular, linear and gx_eval.
 */
#include "models/model.h"
#include "models/scoring.h"
#include "models/testing.h"

#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { USERS = 60, ITEMS = 40, EVENTS = 700 };

typedef enum shape { BINARY, WEIGHTED, DISLIKES, EQUAL, ENORMOUS, SHAPES } shape;

static float draw_value(shape kind, gx_rng *rng) {
    const float value = (float)(1 + gx_rng_below(rng, 5));
    switch (kind) {
    case DISLIKES:
        return gx_rng_below(rng, 4) == 0 ? -value : value;
    case EQUAL:
        return 2.5F;
    case ENORMOUS:
        return gx_rng_below(rng, 2) ? value * 1e36F : value * 1e-36F;
    default:
        return value;
    }
}

/* Skewed, so that some items are in most histories; the last two items and the last member are in
 * none. */
static void draw(gx_matrix *out, uint32_t users, uint32_t items, uint32_t events, shape kind) {
    uint32_t row[EVENTS], col[EVENTS];
    float value[EVENTS];
    int64_t ts[EVENTS];
    gx_rng rng = gx_rng_at(3, users + events + (uint64_t)kind);
    for (uint32_t k = 0; k < events; k++) {
        const double skewed = gx_rng_real(&rng);
        row[k] = (uint32_t)gx_rng_below(&rng, users > 1 ? users - 1 : 1);
        col[k] = (uint32_t)(skewed * skewed * (items > 2 ? items - 2 : 1));
        value[k] = draw_value(kind, &rng);
        ts[k] = 1700000000000 + (int64_t)gx_rng_below(&rng, 100) * 86400000;
    }
    gx_job job;
    gx_error err = {0};
    gx_job_init(&job, 1, 1);
    if (kind == BINARY) { /* no pair twice */
        static uint8_t there[USERS][ITEMS];
        memset(there, 0, sizeof there);
        uint32_t kept = 0;
        for (uint32_t k = 0; k < events; k++) {
            if (!there[row[k]][col[k]]) {
                there[row[k]][col[k]] = 1;
                row[kept] = row[k];
                col[kept++] = col[k];
            }
        }
        events = kept;
    }
    must(gx_matrix_build(out, users, items, events, row, col, kind == BINARY ? NULL : value,
                         kind == BINARY ? NULL : ts, &job, &err),
         &err);
}

static double value_at(const gx_matrix *m, uint32_t u, uint32_t i) {
    const uint64_t k = gx_matrix_find(m, u, i);
    return k == UINT64_MAX ? 0 : m->value ? (double)m->value[k] : 1;
}

static gx_input input_of(const gx_matrix *m) {
    return (gx_input){.matrix = m, .users = m->rows, .items = m->cols};
}

/* What some models need of earlier passes: circles, as leiden would give them. */
static gx_status add_circles(gx_arrays **out, uint32_t users) {
    uint32_t *community;
    gx_status status = gx_arrays_create(out, NULL);
    if (status == GX_OK) {
        status = gx_arrays_add(&community, *out, "leiden.community", GX_U32, users, 0, NULL, NULL);
    }
    for (uint32_t u = 0; status == GX_OK && u < users; u++) {
        community[u] = u % 3;
    }
    return status;
}

/* A fit and its opened state. */
typedef struct fitted {
    gx_arrays *arrays;
    void *state;
} fitted;

static fitted fit_with(const gx_model *model, const gx_matrix *m, const gx_value *params,
                       int threads) {
    gx_job job;
    gx_error err = {0};
    fitted f = {0};
    gx_input input = input_of(m);
    gx_arrays *circles = NULL;
    gx_job_init(&job, threads, 1);
    must(add_circles(&circles, m->rows), &err);
    input.arrays = circles;
    must(gx_arrays_create(&f.arrays, &err), &err);
    must(gx_pass_run(f.arrays, &model->pass, NULL, &input, params, &job, &err), &err);
    gx_arrays_destroy(circles);
    must(model->open(&f.state, f.arrays, model->pass.name, m->rows, m->cols, &err), &err);
    return f;
}

static void drop(const gx_model *model, fitted *f) {
    model->close(f->state);
    gx_arrays_destroy(f->arrays);
}

static gx_history history_of(const gx_matrix *m, uint32_t u, float *ones) {
    for (uint32_t k = 0; k < m->cols; k++) {
        ones[k] = 1;
    }
    return gx__row_history(m, u, ones);
}

/* ---- the table --------------------------------------------------------------------------------
 */

static void count_definitions(const char *path, size_t *count) {
    static char text[1 << 16];
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    text[fread(text, 1, sizeof text - 1, in)] = 0;
    fclose(in);
    const char *mark = "\nconst gx_model gx_model_";
    for (const char *at = text; (at = strstr(at, mark)); at++) {
        char name[64];
        assert_int_equal(sscanf(at + strlen(mark), "%63[a-z0-9_]", name), 1);
        if (!gx_model_find(name)) {
            fail_msg("%s defines %s, which has no row in models.def", path, name);
        }
        (*count)++;
    }
}

static void rows_are_definitions(void **unused) {
    (void)unused;
    glob_t files;
    size_t count = 0;
    assert_int_equal(glob("models/*.c", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        count_definitions(files.gl_pathv[i], &count);
    }
    globfree(&files);
    assert_int_equal(count, gx_models()->count);
    assert_int_equal(count, gx_model_passes()->count);
    for (size_t i = 0; i < count; i++) {
        const gx_model *model = gx_models()->rows[i];
        assert_ptr_equal(gx_model_passes()->rows[i], &model->pass);
        assert_ptr_equal(gx_model_find(model->pass.name), model);
        assert_int_equal(model->pass.kind, GX_KIND_MODEL);
        assert_true(model->open && model->close && model->score);
    }
    assert_null(gx_model_find("no such model"));
}

/* ---- what every model must hold
 * ------------------------------------------------------------------ */

static void assert_block_agrees(const gx_model *model, const fitted *f, const gx_matrix *m) {
    static float block[USERS * ITEMS], one[ITEMS], ones[ITEMS];
    gx_job job;
    gx_error err = {0};
    gx_job_init(&job, 2, 1);
    if (!model->score_block) {
        return;
    }
    must(model->score_block(block, f->state, m, 1, m->rows - 1, &job, &err), &err);
    for (uint32_t u = 1; u < m->rows; u++) {
        const gx_history h = history_of(m, u, ones);
        bool folded = true;
        must(model->score(one, &folded, f->state, &h, &err), &err);
        assert_false(folded);
        for (uint32_t i = 0; i < m->cols; i++) {
            const double a = (double)one[i], b = (double)block[(size_t)(u - 1) * m->cols + i];
            if (!(fabs(a - b) <= 1e-4 * (1 + fabs(a)))) {
                fail_msg("%s: member %u item %u: alone %g, in a block %g", model->pass.name, u, i,
                         a, b);
            }
        }
    }
}

/* The lists of everybody are the best of each member's scores, without the member's own items and
 * those left out. */
static void assert_lists_agree(const gx_model *model, const fitted *f, const gx_matrix *m) {
    enum { N = 7 };
    static gx_scored lists[USERS * N];
    static float scores[ITEMS], ones[ITEMS];
    uint32_t length[USERS];
    uint8_t skip[ITEMS];
    gx_job job;
    gx_error err = {0};
    for (int threads = 1; threads <= 2; threads++) {
        gx_job_init(&job, threads, 1);
        for (uint32_t i = 0; i < m->cols; i++) {
            skip[i] = i % 5 == 2;
        }
        must(gx_top_members(lists, length, N, model, f->state, m, m->cols, 1, m->rows - 1, skip,
                            &job, &err),
             &err);
        assert_true(!model->factors ||
                    job.mem_peak <=
                        gx_top_members_bytes(model, m->cols, m->rows - 1, threads) + 4096);
        for (uint32_t u = 1; u < m->rows; u++) {
            const gx_history h = history_of(m, u, ones);
            gx_scored best[N];
            bool folded;
            must(model->score(scores, &folded, f->state, &h, &err), &err);
            for (uint32_t k = 0; k < h.count; k++) {
                scores[h.item[k]] = -INFINITY;
            }
            const uint32_t n = gx_top(best, N, scores, m->cols, skip, -INFINITY);
            assert_int_equal(length[u - 1], n);
            for (uint32_t k = 0; k < n; k++) {
                const gx_scored got = lists[(u - 1) * N + k];
                const double want = (double)best[k].score;
                assert_true(got.item % 5 != 2 && gx_matrix_find(m, u, got.item) == UINT64_MAX);
                assert_true(fabs((double)got.score - want) <= 1e-4 * (1 + fabs(want)));
            }
        }
    }
}

static void assert_parts_sum(const gx_model *model, const fitted *f, const gx_matrix *m) {
    static float scores[ITEMS], parts[ITEMS], ones[ITEMS];
    for (uint32_t u = 0; u < m->rows && model->explain; u++) {
        const gx_history h = history_of(m, u, ones);
        gx_error err = {0};
        bool folded;
        must(model->score(scores, &folded, f->state, &h, &err), &err);
        for (uint32_t i = 0; i < m->cols; i++) {
            must(model->explain(parts, f->state, &h, i, &err), &err);
            double sum = 0, size = 0;
            for (uint32_t k = 0; k < h.count; k++) {
                sum += (double)parts[k];
                size += fabs((double)parts[k]);
            }
            if (!(fabs(sum - (double)scores[i]) <= 1e-5 * (size + 1e-3))) {
                fail_msg("%s: member %u item %u: score %g, parts sum to %g", model->pass.name, u, i,
                         (double)scores[i], sum);
            }
        }
    }
}

/* Several items at once, in an order of their own and with strangers, as one by one. */
static void assert_at_once(const gx_model *model, const fitted *f, const gx_matrix *m) {
    static float scores[ITEMS], one[ITEMS], rows[4 * ITEMS], ones[ITEMS];
    gx_error err = {0};
    const uint32_t items[] = {m->cols - 1, 0, m->cols / 2, m->cols + 5};
    for (uint32_t u = 0; u < m->rows && model->explain_items; u++) {
        const gx_history h = history_of(m, u, ones);
        must(model->explain_items(rows, f->state, &h, items, 4, &err), &err);
        for (uint32_t c = 0; c < 4; c++) {
            must(model->explain(one, f->state, &h, items[c], &err), &err);
            assert_int_equal(memcmp(one, rows + c * h.count, h.count * sizeof *one), 0);
        }
    }
    for (uint32_t i = 0; i < m->cols && model->like_items; i++) {
        if (strcmp(model->pass.name, "fusion") == 0) {
            break; /* that of its first part */
        }
        must(model->similar(scores, f->state, i, &err), &err);
        must(model->like_items(one, f->state, i, items, 3, &err), &err);
        for (uint32_t c = 0; c < 3; c++) {
            const double want = (double)scores[items[c]];
            assert_true(fabs((double)one[c] - want) <= 1e-5 * (1 + fabs(want)));
        }
    }
}

static void assert_finite(const gx_model *model, const fitted *f, const gx_matrix *m) {
    static float scores[ITEMS], ones[ITEMS];
    gx_error err = {0};
    for (uint32_t u = 0; u < m->rows; u++) {
        const gx_history h = history_of(m, u, ones);
        bool folded;
        must(model->score(scores, &folded, f->state, &h, &err), &err);
        for (uint32_t i = 0; i < m->cols; i++) {
            assert_true(isfinite(scores[i]));
        }
    }
    for (uint32_t i = 0; i < m->cols && model->similar; i++) {
        must(model->similar(scores, f->state, i, &err), &err);
        for (uint32_t j = 0; j < m->cols; j++) {
            assert_true(isfinite(scores[j]));
        }
    }
    if (model->similar) {
        assert_int_equal(model->similar(scores, f->state, m->cols, &err), GX_NOT_FOUND);
    }
}

/* Nobody known, nothing done, and items and members the fit has not seen. */
static void assert_strangers(const gx_model *model, const fitted *f, const gx_matrix *m) {
    static float scores[ITEMS], alone[ITEMS];
    const uint32_t items[] = {m->cols + 7, 0, GX_NONE - 1};
    const float weights[] = {1, 2, 3};
    const gx_history nothing = {.user = GX_NONE};
    const gx_history strange = {.user = GX_NONE, .count = 3, .item = items, .weight = weights};
    const gx_history known = {
        .user = GX_NONE, .count = 1, .item = items + 1, .weight = weights + 1};
    gx_error err = {0};
    bool folded;
    must(model->score(scores, &folded, f->state, &nothing, &err), &err);
    for (uint32_t i = 0; i < m->cols && model->explain; i++) {
        assert_true(scores[i] == 0);
    }
    must(model->score(scores, &folded, f->state, &strange, &err), &err);
    must(model->score(alone, &folded, f->state, &known, &err), &err);
    assert_memory_equal(scores, alone, m->cols * sizeof *scores);
    if (model->explain) {
        float parts[3];
        must(model->explain(parts, f->state, &strange, 0, &err), &err);
        assert_true(parts[0] == 0 && parts[2] == 0);
        must(model->explain(parts, f->state, &strange, m->cols, &err), &err);
        assert_true(parts[1] == 0);
    }
}

static void every_model_scores(void **unused) {
    (void)unused;
    for (size_t k = 0; k < gx_models()->count; k++) {
        const gx_model *model = gx_models()->rows[k];
        for (int kind = 0; kind < SHAPES; kind++) {
            gx_matrix m;
            draw(&m, USERS, ITEMS, EVENTS, (shape)kind);
            fitted f = fit_with(model, &m, NULL, 2);
            assert_finite(model, &f, &m);
            assert_strangers(model, &f, &m);
            if (kind != ENORMOUS) {
                assert_block_agrees(model, &f, &m);
                assert_lists_agree(model, &f, &m);
                assert_at_once(model, &f, &m);
                assert_parts_sum(model, &f, &m);
            }
            drop(model, &f);
            gx_matrix_finish(&m);
        }
    }
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

static void degenerate(void **unused) {
    (void)unused;
    const uint32_t sizes[][3] = {{1, 1, 0}, {1, 1, 1}, {1, 9, 5}, {9, 1, 5}, {5, 5, 0}, {2, 2, 8}};
    for (size_t k = 0; k < gx_models()->count; k++) {
        const gx_model *model = gx_models()->rows[k];
        for (size_t s = 0; s < GX_COUNT(sizes); s++) {
            gx_matrix m;
            draw(&m, sizes[s][0], sizes[s][1], sizes[s][2], WEIGHTED);
            fitted f = fit_with(model, &m, NULL, 2);
            assert_finite(model, &f, &m);
            assert_strangers(model, &f, &m);
            drop(model, &f);
            gx_matrix_finish(&m);
        }
        gx_matrix none;
        draw(&none, 0, 0, 0, WEIGHTED);
        fitted f = fit_with(model, &none, NULL, 2);
        drop(model, &f);
        gx_matrix_finish(&none);
    }
}

static void same_bytes_at_any_threads(void **unused) {
    (void)unused;
    for (size_t k = 0; k < gx_models()->count; k++) {
        const gx_model *model = gx_models()->rows[k];
        gx_matrix m;
        draw(&m, USERS, ITEMS, EVENTS, DISLIKES);
        fitted one = fit_with(model, &m, NULL, 1);
        for (int threads = 2; threads <= 4; threads *= 2) {
            fitted more = fit_with(model, &m, NULL, threads);
            for (size_t i = 0; i < gx_arrays_count(one.arrays); i++) {
                const gx_array *a = gx_arrays_at(one.arrays, i);
                const gx_array *b = gx_arrays_at(more.arrays, i);
                assert_int_equal(a->bytes, b->bytes);
                assert_memory_equal(a->data, b->data, a->bytes);
            }
            drop(model, &more);
        }
        drop(model, &one);
        gx_matrix_finish(&m);
    }
}

/* The k-th allocation fails, for every k of a fit, an opening, a score and an explanation. */
static gx_status use_all(const gx_model *model, const gx_matrix *m) {
    static float scores[ITEMS], parts[ITEMS], ones[ITEMS];
    gx_input input = input_of(m);
    const gx_history h = history_of(m, 0, ones);
    gx_arrays *arrays = NULL, *circles = NULL;
    void *state = NULL;
    bool folded;
    gx_job job;
    gx_status status = GX_OK;
    gx_job_init(&job, 2, 1);
    GX_TRY(add_circles(&circles, m->rows));
    input.arrays = circles;
    GX_TRY(gx_arrays_create(&arrays, NULL));
    GX_TRY(gx_pass_run(arrays, &model->pass, NULL, &input, NULL, &job, NULL));
    GX_TRY(model->open(&state, arrays, model->pass.name, m->rows, m->cols, NULL));
    GX_TRY(model->score(scores, &folded, state, &h, NULL));
    if (model->explain) {
        GX_TRY(model->explain(parts, state, &h, 0, NULL));
    }
done:
    if (state) {
        model->close(state);
    }
    gx_arrays_destroy(arrays);
    gx_arrays_destroy(circles);
    return status;
}

static void failing_allocator(void **unused) {
    (void)unused;
    for (size_t k = 0; k < gx_models()->count; k++) {
        gx_matrix m;
        draw(&m, 20, 15, 80, WEIGHTED);
        const uint64_t before = gx_alloc_live_blocks();
        /* An estimate gets by without its scratch, so one success is not the end. */
        uint32_t successes = 0, failures = 0;
        for (uint64_t at = 1; successes < 5; at++) {
            gx_alloc_fail_at(at);
            const gx_status status = use_all(gx_models()->rows[k], &m);
            gx_alloc_fail_at(0);
            assert_true(status == GX_OK || status == GX_NO_MEMORY);
            assert_int_equal(gx_alloc_live_blocks(), before);
            successes += status == GX_OK;
            failures += status != GX_OK;
        }
        assert_true(failures > 5);
        gx_matrix_finish(&m);
    }
}

static void stops_and_limits(void **unused) {
    (void)unused;
    gx_matrix m;
    draw(&m, USERS, ITEMS, EVENTS, WEIGHTED);
    gx_input input = input_of(&m);
    gx_arrays *circles = NULL;
    must(add_circles(&circles, m.rows), &(gx_error){0});
    input.arrays = circles;
    for (size_t k = 0; k < gx_models()->count; k++) {
        const gx_model *model = gx_models()->rows[k];
        for (int round = 0; round < 3; round++) {
            gx_job job;
            gx_error err = {0};
            gx_arrays *arrays = NULL;
            gx_job_init(&job, 2, 1);
            must(gx_arrays_create(&arrays, &err), &err);
            const gx_status want[] = {GX_CANCELLED, GX_DEADLINE, GX_OVER_LIMIT};
            if (round == 0) {
                gx_job_cancel(&job);
            } else if (round == 1) {
                job.deadline_ns = 1;
            } else {
                job.mem_limit = 100;
            }
            assert_int_equal(gx_pass_run(arrays, &model->pass, NULL, &input, NULL, &job, &err),
                             want[round]);
            assert_int_equal(gx_arrays_count(arrays), 0);
            assert_int_equal(atomic_load(&job.mem_used), 0);
            gx_arrays_destroy(arrays);
        }
    }
    gx_arrays_destroy(circles);
    gx_matrix_finish(&m);
}

/* What was estimated is what the job's account came to at most, and not far above it. */
static void estimates_hold(void **unused) {
    (void)unused;
    gx_matrix m;
    draw(&m, USERS, ITEMS, EVENTS, WEIGHTED);
    gx_input input = input_of(&m);
    gx_arrays *circles = NULL;
    must(add_circles(&circles, m.rows), &(gx_error){0});
    input.arrays = circles;
    for (size_t k = 0; k < gx_models()->count; k++) {
        const gx_pass *pass = &gx_models()->rows[k]->pass;
        gx_arena *arena = gx_arena_create();
        gx_args args;
        gx_error err = {0};
        gx_estimate estimate = {0};
        gx_arrays *arrays = NULL;
        gx_job job;
        gx_job_init(&job, 2, 1);
        must(gx_args_parse(&args, arena, pass->params, pass->param_count, NULL, &err), &err);
        pass->estimate(&estimate, &input, &args, job.threads);
        must(gx_arrays_create(&arrays, &err), &err);
        must(gx_pass_run(arrays, pass, NULL, &input, NULL, &job, &err), &err);
        const double ratio = (double)estimate.mem_bytes / (double)atomic_load(&job.mem_peak);
        if (!(ratio > 0.8 && ratio < 2)) {
            fail_msg("%s: estimated %llu bytes, peak %llu", pass->name,
                     (unsigned long long)estimate.mem_bytes,
                     (unsigned long long)atomic_load(&job.mem_peak));
        }
        gx_arrays_destroy(arrays);
        gx_arena_destroy(arena);
    }
    gx_arrays_destroy(circles);
    gx_matrix_finish(&m);
}

/* ---- popular
 * ------------------------------------------------------------------------------------- */

static void popular_fades(void **unused) {
    (void)unused;
    const gx_model *model = gx_model_find("popular");
    gx_matrix m;
    draw(&m, USERS, ITEMS, EVENTS, DISLIKES);
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 1);
    gx_map_put(arena, &params, "half_life", gx_str("10d"));
    fitted f = fit_with(model, &m, &params, 2);
    const float *score = gx_arrays_get(f.arrays, "popular.score", GX_F32, ITEMS);
    assert_non_null(score);
    int64_t newest = 0;
    for (uint64_t k = 0; k < m.nnz; k++) {
        newest = m.ts[k] > newest ? m.ts[k] : newest;
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        double sum = 0;
        for (uint32_t u = 0; u < USERS; u++) {
            const uint64_t k = gx_matrix_find(&m, u, i);
            if (k != UINT64_MAX) {
                sum += (double)m.value[k] * pow(0.5, (double)(newest - m.ts[k]) / 864000000.0);
            }
        }
        assert_true(fabs(sum - (double)score[i]) <= 1e-5 * (1 + fabs(sum)));
    }
    drop(model, &f);
    gx_arena_destroy(arena);
    gx_matrix_finish(&m);
}

/* ---- linear against the dense closed form
 * -------------------------------------------------------- */

typedef struct exponents {
    double a, s, d, p;
    uint32_t keep;
} exponents;

static double positive(const gx_matrix *m, uint32_t u, uint32_t i) {
    return fmax(value_at(m, u, i), 0);
}

/* B as the formula says, in double, row cut by sorting. */
static void dense_linear(double b[ITEMS][ITEMS], const gx_matrix *m, const exponents *e) {
    double largest = 0, du[USERS] = {0}, di[ITEMS] = {0};
    for (uint32_t u = 0; u < USERS; u++) {
        for (uint32_t i = 0; i < ITEMS; i++) {
            largest = fmax(largest, positive(m, u, i));
        }
    }
    for (uint32_t u = 0; u < USERS; u++) {
        for (uint32_t i = 0; i < ITEMS; i++) {
            du[u] += positive(m, u, i) / largest;
            di[i] += positive(m, u, i) / largest;
        }
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        double sorted[ITEMS];
        for (uint32_t j = 0; j < ITEMS; j++) {
            double sum = 0;
            for (uint32_t u = 0; u < USERS; u++) {
                const double both = positive(m, u, i) * positive(m, u, j) / largest / largest;
                sum += both > 0 ? both * pow(du[u], -e->a) : 0;
            }
            b[i][j] = sum > 0 ? pow(sum * pow(di[j], -e->d) * pow(di[i], -e->s), e->p) : 0;
            uint32_t at = j;
            for (; at > 0 && sorted[at - 1] < b[i][j]; at--) {
                sorted[at] = sorted[at - 1];
            }
            sorted[at] = b[i][j];
        }
        const double last = e->keep < ITEMS ? sorted[e->keep - 1] : 0;
        for (uint32_t j = 0; j < ITEMS; j++) {
            b[i][j] = b[i][j] >= last * (1 - 1e-6) ? b[i][j] : 0;
        }
    }
}

static void assert_linear(const gx_matrix *m, const exponents *e) {
    static double b[ITEMS][ITEMS];
    static float row[ITEMS];
    const gx_model *model = gx_model_find("linear");
    gx_arena *arena = gx_arena_create();
    gx_value params = gx_map(arena, 8);
    gx_map_put(arena, &params, "member_exponent", gx_real(e->a));
    gx_map_put(arena, &params, "history_exponent", gx_real(e->s));
    gx_map_put(arena, &params, "target_exponent", gx_real(e->d));
    gx_map_put(arena, &params, "power", gx_real(e->p));
    gx_map_put(arena, &params, "neighbours", gx_int(e->keep));
    fitted f = fit_with(model, m, &params, 2);
    dense_linear(b, m, e);
    for (uint32_t i = 0; i < ITEMS; i++) {
        gx_error err = {0};
        must(model->similar(row, f.state, i, &err), &err);
        uint32_t kept = 0, positives = 0;
        for (uint32_t j = 0; j < ITEMS; j++) {
            kept += row[j] > 0;
            positives += b[i][j] > 0;
            if (row[j] > 0 || b[i][j] == 0) { /* of equal weights only some may be kept */
                assert_true(fabs((double)row[j] - b[i][j]) <= 1e-4 * (b[i][j] + 1e-12));
            }
        }
        assert_int_equal(kept, positives < e->keep ? positives : e->keep);
    }
    drop(model, &f);
    gx_arena_destroy(arena);
}

static void linear_is_the_closed_form(void **unused) {
    (void)unused;
    const exponents all[] = {{1, 0.6, 0.3, 1, 1000}, {1, 0.6, 0.3, 1, 7},   {0.5, 0.5, 0.5, 0.5, 1},
                             {0, 0, 0, 2, 12},       {1, 1, 1, 0.7, ITEMS}, {0.3, 0, 1, 1, 3}};
    const shape kinds[] = {BINARY, WEIGHTED, DISLIKES, EQUAL};
    for (size_t k = 0; k < GX_COUNT(kinds); k++) {
        gx_matrix m;
        draw(&m, USERS, ITEMS, EVENTS, kinds[k]);
        for (size_t e = 0; e < GX_COUNT(all); e++) {
            assert_linear(&m, &all[e]);
        }
        gx_matrix_finish(&m);
    }
}

/* Rows from a file that does not hold together are refused, not followed. */
static void broken_rows_are_refused(void **unused) {
    (void)unused;
    const gx_model *model = gx_model_find("linear");
    for (int round = 0; round < 3; round++) {
        gx_error err = {0};
        gx_arrays *arrays = NULL;
        uint64_t *ptr;
        uint32_t *item;
        float *weight;
        void *state = NULL;
        must(gx_arrays_create(&arrays, &err), &err);
        must(gx_arrays_add(&ptr, arrays, "linear.ptr", GX_U64, 3, 0, NULL, &err), &err);
        must(gx_arrays_add(&item, arrays, "linear.item", GX_U32, 2, 0, NULL, &err), &err);
        must(gx_arrays_add(&weight, arrays, "linear.weight", GX_F32, 2, 0, NULL, &err), &err);
        ptr[1] = round == 0 ? 3 : 1;
        ptr[2] = round == 1 ? 9 : 2;
        item[0] = round == 2 ? 2 : 0;
        assert_int_equal(model->open(&state, arrays, "linear", 1, 2, &err), GX_CORRUPT);
        assert_null(state);
        gx_arrays_destroy(arrays);
    }
}

/* ---- evaluation
 * ----------------------------------------------------------------------------------- */

/* By the definitions, for the most popular items: every list by sorting. */
static gx_eval_result eval_by_definition(const gx_matrix *train, const gx_matrix *test,
                                         uint32_t cutoff) {
    gx_eval_result r = {.cutoff = cutoff};
    uint8_t shown[ITEMS] = {0};
    for (uint32_t u = 0; u < train->rows; u++) {
        const double tested = (double)(test->ptr[u + 1] - test->ptr[u]);
        double hits = 0, gain = 0, ideal = 0, first = 0, precisions = 0;
        bool taken[ITEMS] = {false};
        if (tested == 0) {
            continue;
        }
        for (uint32_t k = 1; k <= cutoff; k++) {
            uint32_t best = GX_NONE;
            double most = -1;
            for (uint32_t i = 0; i < train->cols; i++) {
                double sum = 0;
                for (uint32_t v = 0; v < train->rows; v++) {
                    sum += value_at(train, v, i);
                }
                if (!taken[i] && sum > most && gx_matrix_find(train, u, i) == UINT64_MAX) {
                    best = i;
                    most = sum;
                }
            }
            if (best == GX_NONE) {
                break;
            }
            taken[best] = true;
            shown[best] = 1;
            ideal += k <= tested ? 1 / log2(k + 1) : 0;
            if (gx_matrix_find(test, u, best) != UINT64_MAX) {
                hits++;
                gain += 1 / log2(k + 1);
                first = first > 0 ? first : 1.0 / k;
                precisions += hits / k;
            }
        }
        r.users++;
        r.recall += hits / tested;
        r.ndcg += gain / ideal;
        r.precision += hits / cutoff;
        r.hit_rate += hits > 0;
        r.mrr += first;
        r.map += precisions / fmin(tested, cutoff);
    }
    for (uint32_t i = 0; i < train->cols; i++) {
        r.coverage += shown[i] / (double)train->cols;
    }
    return r;
}

static void assert_near(double a, double b) {
    if (!(fabs(a - b) <= 1e-9)) {
        fail_msg("%.12g is not %.12g", a, b);
    }
}

static void eval_is_by_definition(void **unused) {
    (void)unused;
    const uint32_t cutoffs[] = {1, 5, 20};
    gx_matrix train, test;
    draw(&train, USERS, ITEMS, 300, BINARY);
    draw(&test, USERS, ITEMS, 150, BINARY);
    const gx_input input = input_of(&train);
    for (size_t c = 0; c < GX_COUNT(cutoffs); c++) {
        const gx_eval_result want = eval_by_definition(&train, &test, cutoffs[c]);
        for (int threads = 1; threads <= 2; threads++) {
            gx_eval_result got;
            gx_error err = {0};
            gx_job job;
            gx_job_init(&job, threads, 1);
            must(gx_eval(&got, gx_model_find("popular"), NULL, &input, &test, cutoffs[c], &job,
                         &err),
                 &err);
            assert_int_equal(got.users, want.users);
            assert_near(got.recall, want.recall / want.users);
            assert_near(got.ndcg, want.ndcg / want.users);
            assert_near(got.precision, want.precision / want.users);
            assert_near(got.hit_rate, want.hit_rate / want.users);
            assert_near(got.mrr, want.mrr / want.users);
            assert_near(got.map, want.map / want.users);
            assert_near(got.coverage, want.coverage);
        }
    }
    gx_matrix_finish(&train);
    gx_matrix_finish(&test);
}

static void eval_refuses(void **unused) {
    (void)unused;
    gx_matrix train, test, wide;
    draw(&train, 10, 10, 30, BINARY);
    draw(&test, 10, 10, 10, BINARY);
    draw(&wide, 10, 11, 10, BINARY);
    const gx_input input = input_of(&train), empty = {.users = 10, .items = 10};
    const gx_model *model = gx_model_find("linear");
    gx_eval_result got;
    gx_error err = {0};
    gx_job job;
    gx_job_init(&job, 1, 1);
    assert_int_equal(gx_eval(&got, model, NULL, &input, &test, 0, &job, &err), GX_BAD_REQUEST);
    assert_int_equal(gx_eval(&got, model, NULL, &input, &wide, 5, &job, &err), GX_BAD_REQUEST);
    assert_int_equal(gx_eval(&got, model, NULL, &empty, &test, 5, &job, &err), GX_BAD_REQUEST);
    gx_job_cancel(&job);
    assert_int_equal(gx_eval(&got, model, NULL, &input, &test, 5, &job, &err), GX_CANCELLED);
    gx_matrix_finish(&train);
    gx_matrix_finish(&test);
    gx_matrix_finish(&wide);
    assert_int_equal(gx_alloc_live_blocks(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_definitions),
        cmocka_unit_test(every_model_scores),
        cmocka_unit_test(degenerate),
        cmocka_unit_test(same_bytes_at_any_threads),
        cmocka_unit_test(failing_allocator),
        cmocka_unit_test(stops_and_limits),
        cmocka_unit_test(estimates_hold),
        cmocka_unit_test(popular_fades),
        cmocka_unit_test(linear_is_the_closed_form),
        cmocka_unit_test(broken_rows_are_refused),
        cmocka_unit_test(eval_is_by_definition),
        cmocka_unit_test(eval_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
