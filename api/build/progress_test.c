/* What methods tell while they read: every reading is a stage, and one whose rows are known
 * beforehand comes to its end. */
#include "api/testing.h"

enum { STAGES = 64 };

typedef struct told {
    char stage[STAGES][40];
    uint64_t done[STAGES], total[STAGES];
    size_t count;
} told;

static void hear(void *user, const char *stage, uint64_t done, uint64_t total, uint64_t bytes) {
    told *t = user;
    (void)bytes;
    const char *name = stage ? stage : "";
    if (done == 0 && t->count < STAGES) {
        snprintf(t->stage[t->count++], sizeof t->stage[0], "%s", name);
    }
    assert_true(t->count > 0);
    assert_string_equal(t->stage[t->count - 1], name);
    assert_true(done >= t->done[t->count - 1] || done == 0);
    assert_true(total == 0 || done <= total);
    t->done[t->count - 1] = done;
    t->total[t->count - 1] = total;
}

static void call_told(test_shop *s, const char *method, const char *json, told *t) {
    gx_value args, out;
    gx_error err = {0};
    gx_job job;
    gx_job_init(&job, 1, 1);
    job.progress = hear;
    job.progress_user = t;
    *t = (told){.count = 0};
    const gx_call_options options = {.job = &job};
    assert_int_equal(gx_json_read(&args, s->arena, json, strlen(json), &err), GX_OK);
    if (gx_db_call(&out, s->db, gx_method_find(method), &args, &options, s->arena, &err) != GX_OK) {
        fail_msg("%s: %s", method, err.message);
    }
}

static void every_reading_is_told(void **state) {
    (void)state;
    static const struct {
        const char *method, *args, *reads;
    } cases[] = {
        {"seed.select", "{\"k\": 2, \"sets\": 1000}", "reading ties"},
        {"seed.select", "{\"k\": 2, \"min_activity\": 1, \"sets\": 1000}", "reading events"},
        {"seed.plan", "{\"item\": \"i1\", \"k\": 2}", "reading ties"},
        {"seed.simulate", "{\"seeds\": [\"u1\"], \"runs\": 4}", "reading ties"},
        {"cascade.stats", "{}", "reading the log"},
        {"cascade.report", "{\"item\": \"i1\"}", "reading the log"},
        {"credit.stats", "{}", "reading the log"},
        {"credit.report", "{\"item\": \"i1\"}", "reading the log"},
        {"audience.detractors", "{}", "reading events"},
        {"audience.leakage", "{\"where\": \"category = 'c1'\"}", "reading events"},
        {"eval.run", "{\"models\": [\"popular\"]}", "reading events"},
        {"eval.run", "{\"models\": [\"popular\"], \"split\": \"time:0.8\"}", "reading times"},
        {"eval.leaders", "{}", "reading times"},
        {"eval.spreading", "{\"runs\": 2}", "reading ties"},
        {"graph.run", "{\"pass\": \"leaders\"}", "reading deeds"},
    };
    const gx_db_options options = {.threads = 1};
    test_shop s;
    test_shop_open(&s);
    test_shop_fill(&s, 7, 60, 0);
    test_call(&s, "model.build", "{'passes': ['leaders', 'circle']}");
    for (size_t c = 0; c < GX_COUNT(cases); c++) {
        told t;
        bool read = false;
        gx_db_close(s.db); /* graphs are kept between calls, and read once */
        assert_int_equal(gx_db_open(&s.db, s.folder, &options, NULL), GX_OK);
        call_told(&s, cases[c].method, cases[c].args, &t);
        for (size_t i = 0; i < t.count; i++) {
            const bool reads = strncmp(t.stage[i], "reading", strlen("reading")) == 0;
            read = read || strcmp(t.stage[i], cases[c].reads) == 0;
            if (reads && t.total[i] > 0 && t.done[i] != t.total[i]) {
                fail_msg("%s: %s ended at %u of %u", cases[c].method, t.stage[i],
                         (unsigned)t.done[i], (unsigned)t.total[i]);
            }
        }
        if (!read) {
            fail_msg("%s does not tell %s", cases[c].method, cases[c].reads);
        }
    }
    test_shop_close(&s);
}

/* Where it is said how many sets are drawn, and where only an estimate is asked for. */
static void how_far_a_choice_of_seeds_is(void **state) {
    (void)state;
    static const char *const asked[] = {"{\"k\": 2, \"sets\": 4000}",
                                        "{\"k\": 2, \"sets\": 4000, \"estimate\": true}",
                                        "{\"k\": 2, \"estimate\": true}"};
    test_shop s;
    test_shop_open(&s);
    test_shop_fill(&s, 7, 60, 0);
    for (size_t c = 0; c < GX_COUNT(asked); c++) {
        told t;
        bool sets = false;
        call_told(&s, "seed.select", asked[c], &t);
        for (size_t i = 0; i < t.count; i++) { /* what a pass begins with is not known yet */
            const bool again = i + 1 < t.count && strcmp(t.stage[i], t.stage[i + 1]) == 0;
            sets = sets || strcmp(t.stage[i], c == 0 ? "seeds" : "sets tried") == 0;
            if (t.total[i] == 0 && !again) {
                fail_msg("%s: how much %s has to do is not told", asked[c], t.stage[i]);
            }
        }
        assert_true(sets);
    }
    test_shop_close(&s);
}

/* Also of the longest pass of eval.influence and cascade.predict. */
static void how_far_learning_is(void **state) {
    (void)state;
    test_shop s;
    told t;
    uint64_t far = 0;
    test_shop_open(&s);
    test_shop_fill(&s, 7, 60, 0);
    call_told(&s, "graph.run", "{\"pass\": \"influence\"}", &t);
    for (size_t i = 0; i < t.count; i++) {
        if (strcmp(t.stage[i], "influence") == 0 && t.total[i] > 0) {
            assert_int_equal(t.done[i], t.total[i]);
            far = t.done[i];
        }
    }
    assert_true(far > 0);
    test_shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_reading_is_told),
                                       cmocka_unit_test(how_far_a_choice_of_seeds_is),
                                       cmocka_unit_test(how_far_learning_is)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
