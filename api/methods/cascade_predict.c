/* cascade.predict: how far a past cascade should have gone, by what was known before it began, set
 * beside how far it went: docs/cascades.md. */
#include "api/build/compute.h"
#include "api/graphs.h"
#include "api/referral/cascades.h"
#include "engine/influence/simulate.h"

#include <math.h>
#include <stdlib.h>

/* clang-format off */
static const gx_param params[] = {
    GX_CASCADE_PARAMS,
    {"runs", GX_PARAM_INT, "1000", 2, 1e6, "runs", NULL, 0, "prediction: how often it is played"},
    {"within", GX_PARAM_REAL, "0.9", 0.01, 0.999, NULL, NULL, 0,
     "prediction: one campaign ends between low and high with this chance"},
};
/* clang-format on */

enum { WINDOW_DAYS = 14 }; /* of the pass influence */

typedef struct prediction {
    gx_call_env *call;
    gx_trees trees;
    uint32_t *root; /* members; in the arena */
    uint32_t roots, members, brought;
    int64_t began_ms, log_ms; /* and what the log begins with */
    const gx_held *held;
    gx_arrays *learnt;
    gx_simulation played;
} prediction;

/* The one cascade asked for: who began it, when, and how many came. */
static gx_status observe(prediction *p, gx_error *err) {
    gx_call_env *call = p->call;
    const char *asked = gx_arg_is(call->args, "by", "campaign") ? "campaign" : "item";
    if (!gx_arg_has(call->args, asked) || gx_arg_is(call->args, "by", "all") ||
        gx_arg_is(call->args, "by", "invite")) {
        return gx_fail_at(err, GX_BAD_REQUEST, asked,
                          "a prediction is of one cascade: accepted is item, or by campaign and "
                          "campaign");
    }
    gx_status status = gx_cascade_trees(&p->trees, call, err);
    const gx_trees *t = &p->trees;
    p->began_ms = INT64_MAX;
    p->log_ms = INT64_MAX;
    for (uint32_t v = 0; status == GX_OK && v < t->count; v++) {
        p->began_ms =
            t->ts_ms[v] != INT64_MIN && t->ts_ms[v] < p->began_ms ? t->ts_ms[v] : p->began_ms;
    }
    if (status == GX_OK && (t->forests != 1 || p->began_ms == INT64_MAX)) {
        return gx_fail_at(err, GX_CONFLICT, asked,
                          "nobody joined it at a time that is known: there is nothing to predict");
    }
    return status;
}

static gx_status first_time(void *user, const gx_event *event, gx_error *err) {
    (void)err;
    if (event->ts_ms == GX_TIME_UNKNOWN) {
        return GX_OK;
    }
    *(int64_t *)user = event->ts_ms;
    return GX_NOT_FOUND; /* enough */
}

/* Ties and what they were worth, as the store knew them before. */
static gx_status learn(prediction *p, gx_error *err) {
    gx_call_env *call = p->call;
    const gx_pass *pass = gx_any_pass_find("influence");
    const gx_view_spec before = {.from_ms = INT64_MIN, .to_ms = p->began_ms};
    gx_status status = GX_OK;
    GX_TRY(gx_graph_hold(&p->held, call->db, &call->state->rules, GX_GRAPH_IN, &before, call->job,
                         err));
    status = gx_event_between(call->txn, INT64_MIN, p->began_ms, first_time, &p->log_ms, NULL);
    GX_TRY(status == GX_NOT_FOUND ? GX_OK : status);
    GX_TRY(gx_compute(&p->learnt, call->db, pass, "influence", NULL, &before, call->job, err));
done:
    return status;
}

static gx_status find_roots(prediction *p, gx_error *err) {
    const gx_trees *t = &p->trees;
    p->root = gx_arena_get(p->call->arena, ((size_t)t->count + 1) * sizeof *p->root);
    if (!p->root) {
        return gx_fail_memory(err, t->count * sizeof *p->root);
    }
    for (uint32_t v = 0; v < t->count; v++) {
        if (t->parent[v] != GX_NONE) {
            p->brought++;
        } else if (t->user[v] < p->held->graph.n) {
            p->root[p->roots++] = t->user[v];
        }
    }
    p->members = t->count;
    return GX_OK;
}

/* The chance of each arc: from roots who shared it without taking it as what is shared is taken,
 * from others as they pass on what they take. */
static gx_status make_chances(float **out, const prediction *p, gx_error *err) {
    gx_job *job = p->call->job;
    const gx_graph *g = &p->held->graph;
    const gx_trees *t = &p->trees;
    const float *passed = gx_arrays_get(p->learnt, "influence.probability", GX_F32, g->m);
    const float *shared = gx_arrays_get(p->learnt, "influence.shared", GX_F32, g->m);
    uint8_t *shares = NULL;
    float *given = NULL;
    gx_status status = GX_OK;
    if (g->m > 0 && (!passed || !shared)) {
        return gx_fail(err, GX_CONFLICT, "the store was written to meanwhile: ask again");
    }
    GX_TRY(gx_job_alloc(job, &given, (size_t)g->m + 1, sizeof *given, err));
    GX_TRY(gx_job_alloc(job, &shares, (size_t)g->n + 1, 1, err));
    for (uint32_t v = 0; v < t->count; v++) {
        if (t->parent[v] == GX_NONE && t->sales[v] == 0 && t->user[v] < g->n) {
            shares[t->user[v]] = 1;
        }
    }
    for (uint64_t e = 0; e < g->m; e++) {
        given[e] = shares[g->out_dst[e]] ? shared[e] : passed[e];
    }
    *out = given;
    given = NULL;
done:
    gx_job_free(job, shares);
    gx_job_free(job, given);
    return status;
}

static gx_status play(prediction *p, gx_error *err) {
    gx_job *job = p->call->job;
    const gx_graph *g = &p->held->graph;
    const gx_simulation_options options = {
        .seed = p->root,
        .count = p->roots,
        .runs = (uint32_t)gx_arg_int(p->call->args, "runs"),
    };
    gx_chance_options chance = {.model = GX_SPREAD_CASCADE, .rule = GX_CHANCE_GIVEN, .raise = 1};
    gx_chances chances = {0};
    float *given = NULL;
    gx_status status = GX_OK;
    GX_TRY(make_chances(&given, p, err));
    chance.given = given;
    GX_TRY(gx_chances_make(&chances, g, &chance, true, job, err));
    GX_TRY(gx_simulate(&p->played, &chances, &options, job, err));
done:
    gx_chances_finish(&chances, job);
    gx_job_free(job, given);
    return status;
}

/* ---- the answer -------------------------------------------------------------------------------
 */

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of members brought, run by run. */
static gx_value predicted_row(const prediction *p) {
    gx_arena *arena = p->call->arena;
    gx_value row = gx_map(arena, 5);
    double *size = p->played.reached;
    const double last = p->played.runs - 1.0, within = gx_arg_real(p->call->args, "within");
    const double seeds = p->played.by_step[0];
    qsort(size, p->played.runs, sizeof *size, by_size);
    const double low = size[(uint32_t)floor(last * (1 - within) / 2)];
    const double high = size[(uint32_t)ceil(last * (1 + within) / 2)];
    gx_map_put(arena, &row, "mean", gx_real(p->played.mean - seeds));
    gx_map_put(arena, &row, "error", gx_real(p->played.error));
    gx_map_put(arena, &row, "low", gx_real(low - seeds));
    gx_map_put(arena, &row, "median", gx_real(size[(uint32_t)(last / 2)] - seeds));
    gx_map_put(arena, &row, "high", gx_real(high - seeds));
    return row;
}

static gx_value generation_rows(const prediction *p) {
    gx_arena *arena = p->call->arena;
    const gx_trees *t = &p->trees;
    uint32_t seen[GX_SPREAD_STEPS] = {0}, last = 0;
    gx_value list = gx_list(arena, 8);
    for (uint32_t v = 0; v < t->count; v++) {
        const uint32_t g = t->forest.generation[v];
        seen[g < GX_SPREAD_STEPS ? g : GX_SPREAD_STEPS - 1]++;
    }
    for (uint32_t g = 0; g < GX_SPREAD_STEPS; g++) {
        last = seen[g] > 0 || p->played.by_step[g] > 0 ? g : last;
    }
    for (uint32_t g = 0; g <= last; g++) {
        gx_value row = gx_map(arena, 3);
        gx_map_put(arena, &row, "generation", gx_int(g));
        gx_map_put(arena, &row, "observed", gx_int(seen[g]));
        gx_map_put(arena, &row, "predicted", gx_real(p->played.by_step[g]));
        gx_list_add(arena, &list, row);
    }
    return list;
}

static gx_value warning(const prediction *p, double days, double mean) {
    char *text = NULL;
    if (days < WINDOW_DAYS) {
        text = gx_arena_printf(p->call->arena,
                               "the log began %.1f days before: too short to learn from, the "
                               "chances are a guess",
                               days);
    } else if (!(mean > 0)) {
        text = gx_arena_printf(p->call->arena,
                               "nobody was known to heed those who began it before it began");
    }
    return text ? gx_str(text) : gx_nil();
}

static void answer(gx_value *out, const prediction *p) {
    gx_arena *arena = p->call->arena;
    gx_value row = gx_map(arena, 15);
    const gx_value predicted = predicted_row(p);
    const double mean = p->played.mean - p->played.by_step[0];
    const double days = p->log_ms < p->began_ms ? (double)(p->began_ms - p->log_ms) / 86400000 : 0;
    const double low = gx_map_get(&predicted, "low")->as.real;
    const double high = gx_map_get(&predicted, "high")->as.real;
    gx_trees_put_key(&row, p->call, &p->trees, 0);
    gx_map_put(arena, &row, "began", gx_int(p->began_ms));
    gx_map_put(arena, &row, "members", gx_int(p->members));
    gx_map_put(arena, &row, "roots", gx_int(p->members - p->brought));
    gx_map_put(arena, &row, "brought", gx_int(p->brought));
    gx_map_put(arena, &row, "predicted", predicted);
    gx_map_put(arena, &row, "ratio", mean > 0 ? gx_real(p->brought / mean) : gx_nil());
    gx_map_put(arena, &row, "inside", gx_bool(low <= p->brought && p->brought <= high));
    gx_map_put(arena, &row, "generations", generation_rows(p));
    gx_map_put(arena, &row, "runs", gx_int(p->played.runs));
    gx_map_put(arena, &row, "history_days", gx_real(days));
    gx_map_put(arena, &row, "short", warning(p, days, mean));
    *out = row;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    prediction p = {.call = call};
    GX_TRY(observe(&p, err));
    GX_TRY(learn(&p, err));
    GX_TRY(find_roots(&p, err));
    GX_TRY(play(&p, err));
    answer(out, &p);
done:
    gx_simulation_finish(&p.played, call->job);
    gx_arrays_destroy(p.learnt);
    gx_graph_release(call->db, p.held);
    gx_trees_finish(&p.trees);
    return status;
}

const gx_method gx_method_cascade_predict = {
    .name = "cascade.predict",
    .summary =
        "how far a past cascade should have gone by what was known before, and how far it did",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result = "{item?, campaign?, began, members, roots, brought, predicted: {mean, error, low, "
              "median, high}, ratio, inside, generations: [{generation, observed, predicted}], "
              "runs, history_days, short}",
    .run = run,
};
