/* The pass `influence` against its definitions, member by member and item by item, on thousands of
 * small logs. */
#include "tests/registry/sample.h"

enum { LOGS = 2000, ITEMS = 7, EVENTS = 120, CLASSES = 8, NEVER = -1 };

static const int64_t DAY = 86400000;

typedef struct log {
    sample s;
    gx_firsts firsts;
    uint32_t n;
    int64_t end;
    int64_t took[N_MAX][ITEMS], passed[N_MAX][ITEMS]; /* NEVER */
    uint32_t via[N_MAX][ITEMS];
    int64_t since[N_MAX];
} log_of;

typedef struct rule {
    const char *name;
    int64_t window;
    bool by_acts, beyond, named;
} rule;

/* ---- logs ------------------------------------------------------------------------------------ */

static void note(log_of *l, const gx_first_event *e) {
    int64_t *at = e->passes ? &l->passed[e->user][e->item] : &l->took[e->user][e->item];
    const uint32_t via = e->via == e->user ? GX_NONE : e->via;
    uint32_t *by = &l->via[e->user][e->item];
    if (!e->passes && *at == e->ts_ms) {
        *by = via < *by ? via : *by;
    }
    if (*at == NEVER || e->ts_ms < *at) {
        *at = e->ts_ms;
        *by = e->passes ? *by : via;
    }
    l->end = e->ts_ms > l->end ? e->ts_ms : l->end;
}

static void log_make(log_of *l, uint64_t seed) {
    gx_first_event event[EVENTS];
    gx_rng rng = gx_rng_at(seed, 91);
    gx_job job;
    *l = (log_of){0};
    sample_make(&l->s, seed, seed % 2 == 0);
    l->n = l->s.graph.n;
    memset(l->took, 0xff, sizeof l->took);
    memset(l->passed, 0xff, sizeof l->passed);
    const uint64_t count = gx_rng_below(&rng, EVENTS);
    for (uint64_t i = 0; i < count; i++) {
        event[i] = (gx_first_event){(int64_t)gx_rng_below(&rng, 200) * DAY / 4,
                                    (uint32_t)gx_rng_below(&rng, l->n),
                                    (uint32_t)gx_rng_below(&rng, ITEMS), GX_NONE, false};
        event[i].passes = gx_rng_below(&rng, 3) == 0 && seed % 5;
        event[i].via = gx_rng_below(&rng, 4) ? GX_NONE : (uint32_t)gx_rng_below(&rng, l->n);
        note(l, &event[i]);
    }
    for (uint32_t v = 0; v < l->n; v++) {
        l->since[v] = gx_rng_below(&rng, 2) ? (int64_t)gx_rng_below(&rng, 40) * DAY : INT64_MIN;
    }
    gx_job_init(&job, 2, 1);
    assert_int_equal(gx_firsts_build(&l->firsts, l->n, ITEMS, l->since, count, event, &job, NULL),
                     GX_OK);
    l->s.input.takes = &l->firsts;
    l->s.input.items = ITEMS;
}

static void log_free(log_of *l) {
    gx_firsts_finish(&l->firsts);
    sample_free(&l->s);
}

/* ---- the definitions ------------------------------------------------------------------------- */

static int64_t passing(const log_of *l, const rule *r, uint32_t b, uint32_t i) {
    return r->by_acts ? l->took[b][i] : l->passed[b][i];
}

static bool is_over(const log_of *l, const rule *r, int64_t t) {
    return t != NEVER && l->end - t >= r->window;
}

/* Whether b's passing is one that a could follow: its window is over and a had joined. */
static bool counts(const log_of *l, const rule *r, uint32_t a, int64_t t) {
    return is_over(l, r, t) && l->since[a] <= t;
}

/* Days from b's passing to a's taking, 0 where that is no trial that ended so. */
static int64_t delay_of(const log_of *l, const rule *r, uint32_t a, uint32_t b, uint32_t i) {
    const int64_t t = passing(l, r, b, i);
    const bool within =
        counts(l, r, a, t) && l->took[a][i] > t && l->took[a][i] - t <= r->window && a != b;
    return within ? l->took[a][i] - t : 0;
}

static int class_of(const rule *r, int64_t delay) {
    int64_t edge = r->window;
    int c = CLASSES - 1;
    for (; c > 0 && delay <= edge / 2; c--) {
        edge /= 2;
    }
    return c;
}

typedef struct twin {
    double trials[N_MAX * N_MAX], acts[N_MAX * N_MAX], days[N_MAX * N_MAX]; /* by arc */
    double after[CLASSES], before[CLASSES], kept[CLASSES], mean_days;
} twin;

static double passed_on(const log_of *l, const rule *r) {
    double did = 0, of = 0;
    for (uint32_t v = 0; v < l->n; v++) {
        for (uint32_t i = 0; i < ITEMS; i++) {
            const int64_t t = l->took[v][i], p = passing(l, r, v, i);
            of += is_over(l, r, t);
            did += is_over(l, r, t) && p != NEVER && p >= t && p - t <= r->window;
        }
    }
    return of > 0 && !r->by_acts ? fmin(did / of, 0.9) : 0;
}

static void count_classes(twin *t, const log_of *l, const rule *r) {
    const gx_graph *g = &l->s.graph;
    for (uint32_t a = 0; a < l->n; a++) {
        for (uint32_t i = 0; i < ITEMS; i++) {
            int64_t after = INT64_MAX, before = INT64_MAX;
            const int64_t took = l->took[a][i];
            for (uint64_t e = g->out_ptr[a]; e < g->out_ptr[a + 1]; e++) {
                const uint32_t b = g->out_dst[e];
                const int64_t d = delay_of(l, r, a, b, i), p = passing(l, r, b, i);
                const int64_t own = l->passed[a][i];
                after = d > 0 && d < after ? d : after;
                if (took != NEVER && a != b && counts(l, r, a, p) && took < p &&
                    p - took <= r->window && (r->by_acts || own == NEVER || own >= p)) {
                    before = p - took < before ? p - took : before;
                }
            }
            if (took != NEVER && l->via[a][i] == GX_NONE) {
                t->after[class_of(r, after)] += after != INT64_MAX;
                t->before[class_of(r, before)] += before != INT64_MAX;
            }
        }
    }
    for (int c = 0; c < CLASSES; c++) {
        t->before[c] /= 1 - passed_on(l, r);
        const double beyond = t->after[c] - t->before[c];
        t->kept[c] = !r->beyond                                  ? 1
                     : beyond > sqrt(t->after[c] + t->before[c]) ? beyond / t->after[c]
                                                                 : 0;
    }
}

/* b's part of what a took of item i; `tau` NULL: even shares. */
static double part_of(const twin *t, const log_of *l, const rule *r, uint32_t a, uint64_t arc,
                      uint32_t i, const double *tau) {
    const gx_graph *g = &l->s.graph;
    const bool whole = strcmp(r->name, "bernoulli") == 0 || strcmp(r->name, "jaccard") == 0;
    const int64_t own = delay_of(l, r, a, g->out_dst[arc], i);
    double sum = 0, mine = 0;
    int64_t nearest = INT64_MAX;
    if (own == 0) {
        return 0;
    }
    if (l->via[a][i] != GX_NONE) {
        return l->via[a][i] == g->out_dst[arc];
    }
    if (r->named) {
        return 0;
    }
    for (uint64_t e = g->out_ptr[a]; e < g->out_ptr[a + 1]; e++) {
        const int64_t d = delay_of(l, r, a, g->out_dst[e], i);
        if (d > 0) {
            const double w = tau ? exp(-(double)d / (double)DAY / tau[e]) / tau[e] : 1;
            sum += w;
            mine = e == arc ? w : mine;
            nearest = d < nearest ? d : nearest;
        }
    }
    return t->kept[class_of(r, nearest)] * (whole ? 1 : mine / sum);
}

static void share_out(twin *t, const log_of *l, const rule *r, const double *tau) {
    const gx_graph *g = &l->s.graph;
    double all = 0, days = 0;
    for (uint32_t a = 0; a < l->n; a++) {
        for (uint64_t e = g->out_ptr[a]; e < g->out_ptr[a + 1]; e++) {
            t->acts[e] = 0;
            for (uint32_t i = 0; i < ITEMS; i++) {
                const double part = part_of(t, l, r, a, e, i, tau);
                t->acts[e] += part;
                if (!tau) {
                    t->days[e] += part * (double)delay_of(l, r, a, g->out_dst[e], i) / (double)DAY;
                }
            }
            all += t->acts[e];
            days += t->days[e];
        }
    }
    if (!tau) {
        t->mean_days = all > 0 ? days / all : (double)r->window / (double)DAY / 4;
        for (uint64_t e = 0; e < g->m; e++) {
            t->days[e] = (t->days[e] + 3 * t->mean_days) / (t->acts[e] + 3);
        }
    }
}

static void count_trials(twin *t, const log_of *l, const rule *r) {
    const gx_graph *g = &l->s.graph;
    const bool either = strcmp(r->name, "jaccard") == 0;
    for (uint32_t a = 0; a < l->n; a++) {
        for (uint64_t e = g->out_ptr[a]; e < g->out_ptr[a + 1]; e++) {
            const uint32_t b = g->out_dst[e];
            double own = 0, some = 0;
            for (uint32_t i = 0; i < ITEMS && a != b; i++) {
                const int64_t p = passing(l, r, b, i), took = l->took[a][i];
                const bool over = counts(l, r, a, p);
                some += over;
                own += took != NEVER && !over;
                t->trials[e] += over && (either || took == NEVER || took > p);
            }
            if (either && some > 0) {
                t->trials[e] += own;
            }
        }
    }
}

static twin *twin_of(const log_of *l, const rule *r) {
    twin *t = gx_alloc0(1, sizeof *t);
    double tau[N_MAX * N_MAX];
    count_classes(t, l, r);
    count_trials(t, l, r);
    share_out(t, l, r, NULL);
    if (strcmp(r->name, "decayed") == 0) {
        memcpy(tau, t->days, sizeof tau);
        share_out(t, l, r, tau);
    }
    return t;
}

/* ---- the pass -------------------------------------------------------------------------------- */

static void expect(double got, double wanted, const char *what, uint64_t seed, uint64_t arc) {
    if (!(fabs(got - wanted) <= 1e-4 * (1 + fabs(wanted)))) {
        fail_msg("log %llu: %s of arc %llu is %.9g, not %.9g", (unsigned long long)seed, what,
                 (unsigned long long)arc, got, wanted);
    }
}

static void compare(const log_of *l, const rule *r, uint64_t seed) {
    char window[32];
    const gx_graph *g = &l->s.graph;
    snprintf(window, sizeof window, "%lld", (long long)r->window);
    run_result got = run("influence", &l->s.input, 1 + (int)(seed % 3),
                         PARAMS("method", r->name, "window", window, "trigger",
                                r->by_acts ? "act" : "share", "beyond_chance",
                                r->beyond ? "true" : "false", "named", r->named ? "true" : "false",
                                "prior", "0", "fallback", "constant", "constant", "0.25"));
    const uint32_t *trials = gx_result_get(got.arrays, "influence", "trials", GX_U32, g->m);
    const float *acts = gx_result_get(got.arrays, "influence", "acts", GX_F32, g->m);
    const float *delay = gx_result_get(got.arrays, "influence", "delay", GX_F32, g->m);
    const float *shared = gx_result_get(got.arrays, "influence", "shared", GX_F32, g->m);
    twin *t = twin_of(l, r);
    for (uint64_t e = 0; e < g->m; e++) {
        expect(trials[e], t->trials[e], "trials", seed, e);
        expect((double)acts[e], t->acts[e], "acts", seed, e);
        expect((double)delay[e], t->days[e], "delay", seed, e);
        if (t->trials[e] > 0) {
            expect((double)shared[e], fmin(t->acts[e] / t->trials[e], 1), "chance", seed, e);
        }
    }
    gx_free(t);
    run_free(&got);
}

static void test_evidence(void **state) {
    (void)state;
    static const char *const methods[] = {"bernoulli", "jaccard", "credit", "decayed"};
    static const int64_t windows[] = {1, 7, 14, 30};
    for (uint64_t seed = 0; seed < LOGS; seed++) {
        log_of l;
        log_make(&l, seed);
        const rule r = {methods[seed % 4], windows[seed / 4 % 4] * DAY, seed % 7 == 0,
                        seed % 3 != 0, seed % 5 == 1};
        compare(&l, &r, seed);
        log_free(&l);
    }
}

/* In a log that says nothing the chances are the fallback's. */
static void test_silence(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        sample s;
        gx_firsts none;
        gx_job job;
        gx_job_init(&job, 1, 1);
        sample_make(&s, seed, true);
        assert_int_equal(gx_firsts_build(&none, s.graph.n, 0, NULL, 0, NULL, &job, NULL), GX_OK);
        s.input.takes = &none;
        run_result weighted = run("influence", &s.input, 1, NULL);
        run_result constant =
            run("influence", &s.input, 1, PARAMS("fallback", "constant", "constant", "0.25"));
        const float *p =
            gx_result_get(weighted.arrays, "influence", "probability", GX_F32, s.graph.m);
        const float *q =
            gx_result_get(constant.arrays, "influence", "probability", GX_F32, s.graph.m);
        for (uint32_t a = 0; a < s.graph.n; a++) {
            for (uint64_t e = s.graph.out_ptr[a]; e < s.graph.out_ptr[a + 1]; e++) {
                expect((double)p[e], 1 / (double)(s.graph.out_ptr[a + 1] - s.graph.out_ptr[a]),
                       "fallback", seed, e);
                expect((double)q[e], 0.25, "constant", seed, e);
            }
        }
        run_free(&weighted);
        run_free(&constant);
        gx_firsts_finish(&none);
        sample_free(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_silence),
    };
    return cmocka_run_group_tests_name("influence", tests, NULL, NULL);
}
