/* Teams of random small graphs: nobody twice, held together, worth what they say; balancing never
 * lowers the least; with room for one team of two it is the best of all pairs. */
#include "engine/operations/teams.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { N = 24, M = 60 };

typedef struct sample {
    gx_graph graph;
    gx_job job;
    double willing[N], weight[N][N];
} sample;

static void make(sample *s, uint64_t number) {
    uint32_t src[M], dst[M];
    float weight[M];
    gx_rng rng = gx_rng_at(number, 4);
    *s = (sample){0};
    for (uint32_t v = 0; v < N; v++) {
        s->willing[v] = gx_rng_real(&rng);
    }
    for (uint32_t i = 0; i < M; i++) {
        src[i] = (uint32_t)gx_rng_below(&rng, N);
        dst[i] = (uint32_t)gx_rng_below(&rng, N);
        weight[i] = (float)(1 + gx_rng_below(&rng, 8)) / 8;
    }
    gx_job_init(&s->job, 1, 1);
    assert_int_equal(
        gx_graph_build(&s->graph, N, M, src, dst, weight, GX_GRAPH_UNDIRECTED, &s->job, NULL),
        GX_OK);
    for (uint32_t u = 0; u < N; u++) {
        for (uint64_t i = s->graph.out_ptr[u]; i < s->graph.out_ptr[u + 1]; i++) {
            s->weight[u][s->graph.out_dst[i]] = (double)s->graph.out_weight[i];
        }
    }
}

static double worth(const sample *s, const uint32_t *member, uint32_t size, double close) {
    double willing = 0, tied = 0;
    for (uint32_t i = 0; i < size; i++) {
        willing += s->willing[member[i]];
        for (uint32_t k = 0; k < i; k++) {
            tied += s->weight[member[i]][member[k]];
        }
    }
    return (1 - close) * willing / size + close * tied / (size * (size - 1.0) / 2);
}

static void check(const sample *s, const gx_team *team, uint32_t count, uint32_t size,
                  double close) {
    bool seen[N] = {false};
    for (uint32_t t = 0; t < count; t++) {
        bool in[N] = {false};
        uint32_t reached = 1;
        for (uint32_t i = 0; i < size; i++) {
            assert_false(seen[team[t].member[i]]);
            seen[team[t].member[i]] = true;
        }
        in[team[t].member[0]] = true;
        for (uint32_t step = 0; step < size; step++) {
            for (uint32_t i = 0; i < size * size; i++) {
                const uint32_t u = team[t].member[i / size], v = team[t].member[i % size];
                if (in[u] && !in[v] && s->weight[u][v] > 0) {
                    in[v] = true;
                    reached++;
                }
            }
        }
        assert_int_equal(reached, size);
        assert_true(fabs(team[t].value - worth(s, team[t].member, size, close)) < 1e-9);
        assert_true(t == 0 || team[t].value <= team[t - 1].value);
    }
}

static void teams_are_as_they_should_be(void **state) {
    (void)state;
    for (uint64_t number = 0; number < 400; number++) {
        sample s;
        gx_team *team[2];
        uint32_t count[2];
        make(&s, number);
        const uint32_t size = 2 + (uint32_t)(number % 4);
        gx_team_options o = {.ties = &s.graph,
                             .willing = s.willing,
                             .size = size,
                             .count = 1 + (uint32_t)(number % 7),
                             .close = (double)(number % 3) / 2};
        for (int b = 0; b < 2; b++) {
            o.balance = b;
            assert_int_equal(gx_teams_form(&team[b], &count[b], &o, &s.job, NULL), GX_OK);
            assert_true(count[b] <= o.count);
            check(&s, team[b], count[b], size, o.close);
        }
        assert_int_equal(count[0], count[1]);
        assert_true(count[0] == 0 ||
                    team[1][count[1] - 1].value >= team[0][count[0] - 1].value - 1e-9);
        if (size == 2 && o.count == 1 && count[0]) {
            for (uint32_t u = 0; u < N; u++) {
                for (uint32_t v = 0; v < u; v++) {
                    const uint32_t pair[] = {u, v};
                    assert_true(s.weight[u][v] == 0 ||
                                worth(&s, pair, 2, o.close) <= team[0][0].value + 1e-9);
                }
            }
        }
        gx_job_free(&s.job, team[0]);
        gx_job_free(&s.job, team[1]);
        gx_graph_finish(&s.graph);
        assert_int_equal(s.job.mem_used, 0);
    }
}

/* The floor and ceiling of the share, by counting; and how far a team is from it. */
static void check_mix(const gx_team *team, const uint32_t *kind, uint32_t kinds, uint32_t size) {
    double off = 0;
    for (uint32_t k = 0; k < kinds; k++) {
        uint32_t all = 0, in = 0;
        for (uint32_t v = 0; v < N; v++) {
            all += kind[v] == k;
        }
        for (uint32_t i = 0; i < size; i++) {
            in += kind[team->member[i]] == k;
        }
        assert_true((in + 1) * N > size * all); /* in > share − 1 */
        assert_true(in * N < size * all + N);   /* in < share + 1 */
        off += fabs((double)in / size - (double)all / N);
    }
    assert_true(fabs(team->even - (1 - off / 2)) < 1e-9);
}

/* The best of all pairs whose mix keeps the quotas, by looking at each. */
static void check_pair(const sample *s, const gx_team_options *o, const gx_team *team,
                       uint32_t count) {
    double best = -1;
    for (uint32_t u = 0; u < N; u++) {
        for (uint32_t v = 0; v < u; v++) {
            const uint32_t pair[] = {u, v};
            bool keeps = s->weight[u][v] > 0;
            for (uint32_t k = 0; k < o->kinds; k++) {
                uint32_t all = 0;
                for (uint32_t w = 0; w < N; w++) {
                    all += o->kind[w] == k;
                }
                const uint32_t in = (o->kind[u] == k ? 1u : 0) + (o->kind[v] == k ? 1u : 0);
                keeps &= (in + 1) * N > 2 * all && in * N < 2 * all + N;
            }
            best = keeps ? fmax(best, worth(s, pair, 2, o->close)) : best;
        }
    }
    assert_int_equal(count, best >= 0);
    assert_true(count == 0 || fabs(team->value - best) < 1e-9);
}

static void teams_are_mixed_as_all_are(void **state) {
    (void)state;
    uint32_t formed = 0;
    for (uint64_t number = 0; number < 600; number++) {
        sample s;
        gx_team *team;
        uint32_t count, kind[N];
        make(&s, number);
        gx_rng rng = gx_rng_at(number, 5);
        const uint32_t size = 2 + (uint32_t)(number % 5), kinds = 1 + (uint32_t)(number % 6);
        for (uint32_t v = 0; v < N; v++) { /* some kinds are rare, or nobody's */
            kind[v] = (uint32_t)gx_rng_below(&rng, 1 + gx_rng_below(&rng, kinds));
        }
        const gx_team_options o = {.ties = &s.graph,
                                   .willing = s.willing,
                                   .size = size,
                                   .count = 1 + (uint32_t)(number / 5 % 3),
                                   .close = (double)(number % 3) / 2,
                                   .balance = number % 2,
                                   .kind = kind,
                                   .kinds = kinds};
        assert_int_equal(gx_teams_form(&team, &count, &o, &s.job, NULL), GX_OK);
        assert_true(count <= o.count);
        check(&s, team, count, size, o.close);
        for (uint32_t t = 0; t < count; t++) {
            check_mix(&team[t], kind, kinds, size);
        }
        if (size == 2 && o.count == 1) {
            check_pair(&s, &o, team, count);
        }
        formed += count;
        gx_job_free(&s.job, team);
        gx_graph_finish(&s.graph);
        assert_int_equal(s.job.mem_used, 0);
    }
    assert_true(formed > 600);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(teams_are_as_they_should_be),
                                       cmocka_unit_test(teams_are_mixed_as_all_are)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
