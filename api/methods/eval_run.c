/* eval.run: how well models rank what members did later (or a held-out set of actions). Full
 * ranking, train items left out. */
#include "api/support.h"

#include <stdio.h>
#include <stdlib.h>

static const gx_param params[] = {
    {"models", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, GX_PARAM_POSITIONAL,
     "which models (linear): popular, linear, ials, …"},
    {"split", GX_PARAM_TEXT, "time:0.8", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "time:SHARE trains on that share of the events by time; actions:TRAIN/TEST splits by action"},
    {"cutoff", GX_PARAM_INT, "20", 1, 1000, "items", NULL, 0, "length of the list that is judged"},
    {"params", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "map of model to its parameters"},
};

/* ---- splits -------------------------------------------------------------------------------------
 */

typedef struct split {
    gx_event_view train, test;
    const char *train_actions[2], *test_actions[2];
} split;

typedef struct times {
    int64_t *ms;
    size_t count, capacity;
} times;

static gx_status take_times(void *user, const gx_event_core *events, size_t count, gx_error *err) {
    times *t = user;
    if (t->capacity - t->count < count) {
        size_t capacity = 2 * t->capacity + count + 4096;
        int64_t *grown = gx_realloc(t->ms, capacity, sizeof *grown);
        if (!grown) {
            return gx_fail_memory(err, capacity * sizeof *grown);
        }
        t->ms = grown;
        t->capacity = capacity;
    }
    for (size_t i = 0; i < count; i++) {
        t->ms[t->count++] = events[i].ts_ms;
    }
    return GX_OK;
}

static int by_time(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static gx_status split_by_time(split *out, gx_txn *txn, double share, gx_error *err) {
    times t = {0};
    gx_status status = gx_event_scan(txn, take_times, &t, err);
    if (status == GX_OK && t.count < 2) {
        status = gx_fail(err, GX_CONFLICT, "there are %zu events; a split needs two", t.count);
    }
    if (status == GX_OK) {
        qsort(t.ms, t.count, sizeof *t.ms, by_time);
        size_t at = (size_t)(share * (double)t.count);
        int64_t cut = t.ms[at < t.count ? at : t.count - 1];
        out->train = (gx_event_view){.from_ms = INT64_MIN + 1, .to_ms = cut, .decay = true};
        out->test = (gx_event_view){.from_ms = cut, .to_ms = INT64_MAX};
    }
    gx_free(t.ms);
    return status;
}

static gx_status bad_split(gx_slice text, gx_error *err) {
    char shown[80];
    return gx_fail_at(err, GX_BAD_REQUEST, "split",
                      "split: %s was given; accepted is time:SHARE with 0 < SHARE < 1, or "
                      "actions:TRAIN/TEST",
                      gx_quote(shown, sizeof shown, text.data, text.size));
}

static gx_status make_split(split *out, gx_call_env *call, gx_txn *txn, gx_error *err) {
    gx_slice text = gx_arg_text(call->args, "split");
    double share;
    memset(out, 0, sizeof *out);
    if (text.size > 5 && memcmp(text.data, "time:", 5) == 0) {
        if (!gx_parse_real((gx_slice){text.data + 5, text.size - 5}, &share) || share <= 0 ||
            share >= 1) {
            return bad_split(text, err);
        }
        return split_by_time(out, txn, share, err);
    }
    const char *slash = text.size > 8 ? memchr(text.data, '/', text.size) : NULL;
    if (!slash || memcmp(text.data, "actions:", 8) != 0) {
        return bad_split(text, err);
    }
    const char *end = text.data + text.size;
    out->train_actions[0] =
        gx_arena_printf(call->arena, "%.*s", (int)(slash - text.data - 8), text.data + 8);
    out->test_actions[0] = gx_arena_printf(call->arena, "%.*s", (int)(end - slash - 1), slash + 1);
    out->train.actions = out->train_actions;
    out->test.actions = out->test_actions;
    return GX_OK;
}

/* ---- results
 * --------------------------------------------------------------------------------------- */

static gx_value result_row(gx_arena *arena, const char *model, const gx_eval_result *r) {
    gx_value row = gx_map(arena, 20);
    const struct {
        const char *name;
        double value;
    } figures[] = {{"recall", r->recall},     {"ndcg", r->ndcg}, {"precision", r->precision},
                   {"hit_rate", r->hit_rate}, {"mrr", r->mrr},   {"map", r->map}};
    gx_map_put(arena, &row, "model", gx_str(model));
    gx_map_put(arena, &row, "users", gx_int(r->users));
    for (size_t i = 0; i < GX_COUNT(figures); i++) {
        const char *key = gx_arena_printf(arena, "%s@%u", figures[i].name, r->cutoff);
        gx_map_put(arena, &row, key ? key : "", gx_real(figures[i].value));
    }
    gx_map_put(arena, &row, "coverage", gx_real(r->coverage));
    gx_map_put(arena, &row, "fit_cpu_s", gx_real(r->fit_cpu_s));
    gx_map_put(arena, &row, "fit_wall_s", gx_real(r->fit_wall_s));
    gx_map_put(arena, &row, "score_cpu_s", gx_real(r->score_cpu_s));
    gx_map_put(arena, &row, "score_wall_s", gx_real(r->score_wall_s));
    gx_map_put(arena, &row, "rss_bytes", gx_int((int64_t)r->rss_bytes));
    return row;
}

static gx_status evaluate(gx_value *list, gx_call_env *call, gx_slice name, gx_views *train,
                          const gx_matrix *test, gx_error *err) {
    const char *text = gx_arena_printf(call->arena, "%.*s", (int)name.size, name.data);
    const gx_model *model = text ? gx_model_find(text) : NULL;
    if (!model) {
        return gx_any_pass_missing(name, GX_KIND_MODEL, err);
    }
    gx_eval_result result;
    const gx_value *all = gx_arg_value(call->args, "params");
    gx_status status = gx_eval(&result, model, gx_map_get(all, model->pass.name), &train->input,
                               test, (uint32_t)gx_arg_int(call->args, "cutoff"), call->job, err);
    if (status == GX_OK) {
        gx_list_add(call->arena, list, result_row(call->arena, model->pass.name, &result));
    }
    return status;
}

static gx_status make_matrices(gx_views *train, gx_matrix *test, gx_call_env *call, gx_error *err) {
    gx_txn *txn = NULL;
    split s;
    gx_status status = gx_txn_read(&txn, call->db->store, err);
    if (status != GX_OK) {
        return status;
    }
    const gx_rules *rules = &call->state->rules;
    GX_TRY(make_split(&s, call, txn, err));
    GX_TRY(gx_view_events(&train->matrix, txn, rules, &s.train, call->job, err));
    GX_TRY(gx_view_events(test, txn, rules, &s.test, call->job, err));
    train->input = (gx_input){
        .matrix = &train->matrix, .users = train->matrix.rows, .items = train->matrix.cols};
done:
    gx_txn_abort(txn);
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_views train = {0};
    gx_matrix test = {0};
    gx_value list = gx_list(call->arena, 4);
    gx_status status = GX_OK;
    const gx_value *models = gx_arg_value(call->args, "models");
    GX_TRY(make_matrices(&train, &test, call, err));
    if (models->type == GX_LIST) {
        for (uint32_t i = 0; i < models->size; i++) {
            gx_slice name = {models->as.items[i].as.text, models->as.items[i].size};
            GX_TRY(evaluate(&list, call, name, &train, &test, err));
        }
    } else {
        GX_TRY(evaluate(&list, call, gx_slice_of("linear"), &train, &test, err));
    }
    *out = gx_map(call->arena, 1);
    gx_map_put(call->arena, out, "results", list);
done:
    gx_matrix_finish(&test);
    gx_views_finish(&train);
    return status;
}

const gx_method gx_method_eval_run = {
    .name = "eval.run",
    .summary = "how well models rank what members did later",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{results: [{model, users, recall@N, ndcg@N, precision@N, hit_rate@N, mrr@N, map@N, "
              "coverage, fit_cpu_s, fit_wall_s, score_cpu_s, score_wall_s, rss_bytes}]}",
    .run = run,
};
