/* The table of models, and what every model must hold. */
#include "models/testing.h"

#include <glob.h>
#include <math.h>
#include <stdio.h>

enum { USERS = 60, ITEMS = 40, EVENTS = 700 };

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

static fitted_model fit_circled(const gx_model *model, const gx_matrix *m, int threads) {
    gx_input input = input_of(m);
    gx_arrays *circles = NULL;
    must(add_circles(&circles, m->rows), &(gx_error){0});
    input.arrays = circles;
    fitted_model f = fit_input(model, &input, NULL, threads);
    gx_arrays_destroy(circles);
    return f;
}

/* ---- the table ------------------------------------------------------------------------------- */

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

/* ---- what every model must hold -------------------------------------------------------------- */

static void assert_block_agrees(const gx_model *model, const fitted_model *f, const gx_matrix *m) {
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
static void assert_lists_agree(const gx_model *model, const fitted_model *f, const gx_matrix *m) {
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

static void assert_parts_sum(const gx_model *model, const fitted_model *f, const gx_matrix *m) {
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
static void assert_at_once(const gx_model *model, const fitted_model *f, const gx_matrix *m) {
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

static void assert_finite(const gx_model *model, const fitted_model *f, const gx_matrix *m) {
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
static void assert_strangers(const gx_model *model, const fitted_model *f, const gx_matrix *m) {
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
            draw_matrix(&m, USERS, ITEMS, EVENTS, (shape)kind, 3);
            fitted_model f = fit_circled(model, &m, 2);
            assert_finite(model, &f, &m);
            assert_strangers(model, &f, &m);
            if (kind != ENORMOUS) {
                assert_block_agrees(model, &f, &m);
                assert_lists_agree(model, &f, &m);
                assert_at_once(model, &f, &m);
                assert_parts_sum(model, &f, &m);
            }
            fit_drop(model, &f);
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
            draw_matrix(&m, sizes[s][0], sizes[s][1], sizes[s][2], WEIGHTED, 3);
            fitted_model f = fit_circled(model, &m, 2);
            assert_finite(model, &f, &m);
            assert_strangers(model, &f, &m);
            fit_drop(model, &f);
            gx_matrix_finish(&m);
        }
        gx_matrix none;
        draw_matrix(&none, 0, 0, 0, WEIGHTED, 3);
        fitted_model f = fit_circled(model, &none, 2);
        fit_drop(model, &f);
        gx_matrix_finish(&none);
    }
}

static void same_bytes_at_any_threads(void **unused) {
    (void)unused;
    for (size_t k = 0; k < gx_models()->count; k++) {
        const gx_model *model = gx_models()->rows[k];
        gx_matrix m;
        draw_matrix(&m, USERS, ITEMS, EVENTS, DISLIKES, 3);
        fitted_model one = fit_circled(model, &m, 1);
        for (int threads = 2; threads <= 4; threads *= 2) {
            fitted_model more = fit_circled(model, &m, threads);
            for (size_t i = 0; i < gx_arrays_count(one.arrays); i++) {
                const gx_array *a = gx_arrays_at(one.arrays, i);
                const gx_array *b = gx_arrays_at(more.arrays, i);
                assert_int_equal(a->bytes, b->bytes);
                assert_memory_equal(a->data, b->data, a->bytes);
            }
            fit_drop(model, &more);
        }
        fit_drop(model, &one);
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
        draw_matrix(&m, 20, 15, 80, WEIGHTED, 3);
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
    draw_matrix(&m, USERS, ITEMS, EVENTS, WEIGHTED, 3);
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
    draw_matrix(&m, USERS, ITEMS, EVENTS, WEIGHTED, 3);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_definitions), cmocka_unit_test(every_model_scores),
        cmocka_unit_test(degenerate),           cmocka_unit_test(same_bytes_at_any_threads),
        cmocka_unit_test(failing_allocator),    cmocka_unit_test(stops_and_limits),
        cmocka_unit_test(estimates_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
