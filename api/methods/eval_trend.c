/* eval.trend: how alike the lists of members are, and how they spread over the catalogue, from one
 * snapshot to the next (R79). Every member's list is made by the snapshot's own model from what the
 * member had done by the time of its newest event. */
#include "api/eval/eval.h"

#include <math.h>
#include <stdio.h>

static const gx_param params[] = {
    {"models", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, GX_PARAM_POSITIONAL,
     "which models (every one the snapshots hold)"},
    {"snapshots", GX_PARAM_ANY, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "numbers of snapshots (all there are)"},
    {"cutoff", GX_PARAM_INT, "20", 1, GX_CUTOFF_LONGEST, "items", NULL, 0, "length of the lists"},
};

enum { SNAPSHOTS_MAX = 64, MODELS_MAX = 64 };

typedef struct trend {
    gx_call_env *call;
    gx_arena *arena;
    const gx_model *model[MODELS_MAX];
    double before[MODELS_MAX]; /* personalisation in the snapshot before; NaN: not there */
    size_t models;
    bool all;                          /* models were not named */
    uint32_t cutoff, held[MODELS_MAX]; /* snapshots that have the model */
    gx_value rows, without;
} trend;

/* ---- what is asked ----------------------------------------------------------------------------
 */

static gx_status choose_models(trend *t, gx_error *err) {
    const gx_value *given = gx_arg_value(t->call->args, "models");
    t->all = given->type != GX_LIST;
    for (size_t i = 0; t->all && i < gx_models()->count && i < MODELS_MAX; i++) {
        t->model[t->models++] = gx_models()->rows[i];
    }
    for (uint32_t i = 0; given->type == GX_LIST && i < given->size; i++) {
        const gx_slice name = {given->as.items[i].as.text, given->as.items[i].size};
        const char *text = gx_arena_printf(t->arena, "%.*s", (int)name.size, name.data);
        const gx_model *model = text ? gx_model_find(text) : NULL;
        if (!model) {
            return gx_any_pass_missing(name, GX_KIND_MODEL, err);
        }
        t->model[t->models++] = model;
    }
    for (size_t i = 0; i < t->models; i++) {
        t->before[i] = (double)NAN;
    }
    return GX_OK;
}

/* Rising. */
static gx_status choose_snapshots(uint32_t *out, uint32_t *out_count, trend *t, gx_error *err) {
    const gx_value *given = gx_arg_value(t->call->args, "snapshots");
    gx_snapshot_info *list = NULL;
    size_t count = 0;
    if (given->type != GX_NIL) {
        return gx_eval_numbers(out, out_count, SNAPSHOTS_MAX, given, "snapshots", 1, 999999, err);
    }
    gx_status status = gx_snapshot_list(&list, &count, gx_store_path(t->call->db->store), err);
    if (status == GX_OK && count == 0) {
        status = gx_fail(err, GX_CONFLICT, "no snapshot yet: run `guanxi build`");
    }
    const size_t taken = count < SNAPSHOTS_MAX ? count : SNAPSHOTS_MAX; /* the newest */
    *out_count = 0;
    for (size_t i = taken; status == GX_OK && i-- > 0;) {
        out[(*out_count)++] = list[i].number;
    }
    gx_free(list);
    return status;
}

/* ---- what members had done --------------------------------------------------------------------
 */

/* The part of a matrix that a snapshot of so many members and items knows. */
static gx_status clip(gx_matrix *out, const gx_matrix *all, uint32_t users, uint32_t items,
                      gx_job *job, gx_error *err) {
    gx_status status;
    uint32_t *row = NULL, *col = NULL;
    float *value = NULL;
    uint64_t count = 0;
    GX_TRY(gx_job_alloc(job, &row, all->nnz, sizeof *row, err));
    GX_TRY(gx_job_alloc(job, &col, all->nnz, sizeof *col, err));
    GX_TRY(gx_job_alloc(job, &value, all->nnz, sizeof *value, err));
    for (uint32_t u = 0; u < all->rows && u < users; u++) {
        for (uint64_t k = all->ptr[u]; k < all->ptr[u + 1]; k++) {
            if (all->col[k] < items) {
                row[count] = u;
                col[count] = all->col[k];
                value[count++] = all->value ? all->value[k] : 1;
            }
        }
    }
    GX_TRY(gx_matrix_build(out, users, items, count, row, col, value, NULL, job, err));
done:
    gx_job_free(job, row);
    gx_job_free(job, col);
    gx_job_free(job, value);
    return status;
}

static gx_status read_history(gx_matrix *out, trend *t, const gx_arrays *arrays, uint32_t users,
                              uint32_t items, gx_error *err) {
    const int64_t *last = gx_arrays_get(arrays, "history.last", GX_I64, users);
    gx_event_view view = {.from_ms = INT64_MIN + 1, .to_ms = INT64_MAX, .decay = true};
    gx_matrix all = {0};
    int64_t newest = INT64_MIN;
    for (uint32_t u = 0; last && u < users; u++) {
        newest = last[u] > newest ? last[u] : newest;
    }
    view.to_ms = last && newest < INT64_MAX ? newest + 1 : INT64_MAX;
    gx_txn *txn;
    gx_status status = gx_txn_read(&txn, t->call->db->store, err);
    if (status == GX_OK) {
        status = gx_view_events(&all, txn, &t->call->state->rules, &view, t->call->job, err);
        gx_txn_abort(txn);
    }
    if (status == GX_OK) {
        status = clip(out, &all, users, items, t->call->job, err);
    }
    gx_matrix_finish(&all);
    return status;
}

/* ---- a snapshot -------------------------------------------------------------------------------
 */

static bool holds(const gx_arrays *arrays, const char *instance) {
    const size_t size = strlen(instance);
    for (size_t i = 0; i < gx_arrays_count(arrays); i++) {
        const char *name = gx_arrays_at(arrays, i)->name;
        if (strncmp(name, instance, size) == 0 && name[size] == '.') {
            return true;
        }
    }
    return false;
}

static void add_row(trend *t, size_t m, uint32_t number, const gx_lists *lists,
                    const double *figures) {
    gx_value row = gx_map(t->arena, 16);
    const double now = figures[GX_METRIC_personalisation];
    uint32_t members = 0;
    for (uint32_t u = 0; u < lists->rows; u++) {
        members += lists->ptr[u + 1] > lists->ptr[u];
    }
    gx_map_put(t->arena, &row, "snapshot", gx_int(number));
    gx_map_put(t->arena, &row, "model", gx_str(t->model[m]->pass.name));
    gx_map_put(t->arena, &row, "members", gx_int(members));
    for (int k = 0; k < GX_LIST_METRICS; k++) {
        if (k != GX_METRIC_popularity_bias) { /* nothing is looked for */
            gx_map_put(t->arena, &row, gx_list_metrics[k].name,
                       isnan(figures[k]) ? gx_nil() : gx_real(figures[k]));
        }
    }
    gx_map_put(t->arena, &row, "sameness", isnan(now) ? gx_nil() : gx_real(1 - now));
    gx_map_put(t->arena, &row, "change",
               isnan(t->before[m] - now) ? gx_nil() : gx_real(t->before[m] - now));
    t->before[m] = now;
    gx_list_add(t->arena, &t->rows, row);
}

static gx_status measure(trend *t, size_t m, const gx_snapshot *snapshot, const gx_matrix *history,
                         const uint8_t *wanted, gx_error *err) {
    const gx_model *model = t->model[m];
    gx_job *job = t->call->job;
    const gx_matrix fit = *history; /* another address: nobody is known by a fitted row */
    double figures[GX_LIST_METRICS];
    gx_lists lists = {0};
    void *state = NULL;
    gx_status status;
    GX_TRY(model->open(&state, gx_snapshot_arrays(snapshot), model->pass.name, history->rows,
                       history->cols, err));
    const gx_judged what = {.model = model, .state = state};
    GX_TRY(gx_make_lists(&lists, &what, &fit, history, wanted, t->cutoff, job, err));
    GX_TRY(gx_measure_given(figures, &lists, history, job, err));
    add_row(t, m, gx_snapshot_number(snapshot), &lists, figures);
done:
    gx_lists_finish(&lists, job);
    if (state) {
        model->close(state);
    }
    return status;
}

static gx_status take_snapshot(trend *t, uint32_t number, gx_error *err) {
    gx_job *job = t->call->job;
    gx_snapshot *snapshot = NULL;
    gx_matrix history = {0};
    uint8_t *wanted = NULL;
    gx_status status;
    GX_TRY(gx_snapshot_open(&snapshot, gx_store_path(t->call->db->store), number, err));
    const gx_arrays *arrays = gx_snapshot_arrays(snapshot);
    const gx_array *count = gx_arrays_find(arrays, "history.count");
    const gx_array *label = gx_arrays_find(arrays, "category.label");
    if (!count || !label) {
        GX_TRY(gx_fail(err, GX_CORRUPT, "snapshot %u does not tell its members and items", number));
    }
    GX_TRY(read_history(&history, t, arrays, (uint32_t)count->shape[0], (uint32_t)label->shape[0],
                        err));
    GX_TRY(gx_job_alloc(job, &wanted, history.rows, sizeof *wanted, err));
    for (uint32_t u = 0; u < history.rows; u++) {
        wanted[u] = history.ptr[u + 1] > history.ptr[u];
    }
    for (size_t m = 0; m < t->models; m++) {
        if (holds(arrays, t->model[m]->pass.name)) {
            GX_TRY(measure(t, m, snapshot, &history, wanted, err));
            t->held[m]++;
        } else if (!t->all) {
            gx_value row = gx_map(t->arena, 2);
            gx_map_put(t->arena, &row, "snapshot", gx_int(number));
            gx_map_put(t->arena, &row, "model", gx_str(t->model[m]->pass.name));
            gx_list_add(t->arena, &t->without, row);
        }
    }
done:
    gx_job_free(job, wanted);
    gx_matrix_finish(&history);
    gx_snapshot_release(snapshot);
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    trend t = {.call = call,
               .arena = call->arena,
               .cutoff = (uint32_t)gx_arg_int(call->args, "cutoff"),
               .rows = gx_list(call->arena, 8),
               .without = gx_list(call->arena, 2)};
    uint32_t number[SNAPSHOTS_MAX], count = 0;
    gx_status status;
    GX_TRY(choose_models(&t, err));
    GX_TRY(choose_snapshots(number, &count, &t, err));
    for (uint32_t i = 0; i < count; i++) {
        GX_TRY(take_snapshot(&t, number[i], err));
    }
    for (size_t m = 0; !t.all && m < t.models; m++) {
        if (t.held[m] == 0) {
            GX_TRY(gx_fail_at(err, GX_NOT_FOUND, "models",
                              "none of the snapshots was built with %s; without models all that "
                              "they have are told",
                              t.model[m]->pass.name));
        }
    }
    *out = gx_map(call->arena, 3);
    gx_map_put(call->arena, out, "cutoff", gx_int(t.cutoff));
    gx_map_put(call->arena, out, "trend", t.rows);
    gx_map_put(call->arena, out, "without", t.without);
done:
    return status;
}

const gx_method gx_method_eval_trend = {
    .name = "eval.trend",
    .summary = "how alike members' lists are, and how they spread, from snapshot to snapshot",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{cutoff, trend: [{snapshot, model, members, coverage, gini, novelty, popularity, "
              "personalisation, sameness, change (of sameness since the snapshot before)}], "
              "without: [{snapshot, "
              "model: named, and not in it}]}",
    .run = run,
};
