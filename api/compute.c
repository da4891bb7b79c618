/* Views for passes, and one pass on demand. */
#include "api/compute.h"

#include "api/support.h"
#include "engine/engine.h"

#include <inttypes.h>
#include <stdio.h>

const gx_pass_table *const *gx_pass_tables(void) {
    static const gx_pass_table *tables[2];
    tables[0] = gx_engine_passes();
    tables[1] = gx_model_passes();
    return tables;
}

const size_t gx_pass_tables_count = 2;

const gx_pass *gx_any_pass_find(const char *name) {
    const gx_pass_table *const *tables = gx_pass_tables();
    for (size_t t = 0; t < gx_pass_tables_count; t++) {
        const gx_pass *pass = gx_pass_find(tables[t], name);
        if (pass) {
            return pass;
        }
    }
    return NULL;
}

const gx_param *gx_any_pass_param(const char *name) {
    const gx_pass_table *const *tables = gx_pass_tables();
    for (size_t t = 0; t < gx_pass_tables_count; t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            const gx_pass *pass = tables[t]->rows[i];
            for (size_t k = 0; k < pass->param_count; k++) {
                if (strcmp(pass->params[k].name, name) == 0) {
                    return &pass->params[k];
                }
            }
        }
    }
    return NULL;
}

/* Names a near one, and what there is of that kind (GX_KIND_COUNT: of any). */
gx_status gx_any_pass_missing(gx_slice name, gx_kind kind, gx_error *err) {
    enum { MOST = 128 };
    const gx_pass_table *const *tables = gx_pass_tables();
    const char *known[MOST];
    char names[330] = "", given[64], copy[64], hint[64] = "", rest[48] = "";
    size_t at = 0, count = 0, told = 0;
    for (size_t t = 0; t < gx_pass_tables_count; t++) {
        for (size_t i = 0; i < tables[t]->count && count < MOST; i++) {
            const gx_pass *pass = tables[t]->rows[i];
            if (kind == GX_KIND_COUNT || pass->kind == kind) {
                known[count++] = pass->name;
            }
        }
    }
    while (told < count && at + strlen(known[told]) + 3 < sizeof names) {
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "", known[told]);
        told++;
    }
    if (told < count) {
        snprintf(rest, sizeof rest, " and %zu more, told by graph.passes", count - told);
    }
    snprintf(copy, sizeof copy, "%.*s", (int)name.size, name.data);
    const char *near = gx_nearest(copy, known, count);
    if (near) {
        snprintf(hint, sizeof hint, " did you mean %s?", near);
    }
    const gx_pass *other = kind == GX_KIND_COUNT ? NULL : gx_any_pass_find(copy);
    if (other) {
        return gx_fail(err, GX_NOT_FOUND,
                       "there is no %s %s, that is a pass of the kind %s; there "
                       "are %s%s",
                       gx_kind_name(kind), gx_quote(given, sizeof given, name.data, name.size),
                       gx_kind_name(other->kind), names, rest);
    }
    return gx_fail(err, GX_NOT_FOUND, "there is no %s %s;%s there are %s%s",
                   kind == GX_KIND_COUNT ? "pass" : gx_kind_name(kind),
                   gx_quote(given, sizeof given, name.data, name.size), hint, names, rest);
}

/* What lives on counts against the cap until the views are given back. */
static gx_status hold(gx_views *v, uint64_t bytes, gx_job *job, gx_error *err) {
    gx_status status = gx_job_charge(job, bytes, err);
    v->held += status == GX_OK ? bytes : 0;
    return status;
}

static gx_status make_views(gx_views *v, gx_txn *txn, const gx_rules *rules, unsigned needs,
                            const gx_view_spec *spec, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_tie_view ties = {.flags = needs & GX_NEED_IN ? GX_GRAPH_IN : 0};
    gx_event_view events = {.decay = true};
    if (spec) {
        ties.kinds = spec->kinds;
        ties.from_ms = events.from_ms = spec->from_ms;
        ties.to_ms = events.to_ms = spec->to_ms;
    }
    v->state = gx_txn_state(txn);
    v->job = job;
    v->input.users = gx_word_count(txn, GX_SPACE_USER);
    v->input.items = gx_word_count(txn, GX_SPACE_ITEM);
    if (needs & (GX_NEED_GRAPH | GX_NEED_IN)) {
        GX_TRY(gx_view_ties(&v->ties, txn, rules, &ties, job, err));
        v->input.graph = &v->ties;
        GX_TRY(hold(v, gx_graph_bytes(&v->ties), job, err));
    }
    if (needs & GX_NEED_UNDIRECTED) {
        ties.flags = GX_GRAPH_UNDIRECTED;
        GX_TRY(gx_view_ties(&v->undirected, txn, rules, &ties, job, err));
        v->input.undirected = &v->undirected;
        GX_TRY(hold(v, gx_graph_bytes(&v->undirected), job, err));
    }
    if (needs & GX_NEED_MATRIX) {
        GX_TRY(gx_view_events(&v->matrix, txn, rules, &events, job, err));
        v->input.matrix = &v->matrix;
        GX_TRY(hold(v, gx_matrix_bytes(&v->matrix), job, err));
    }
    if (needs & GX_NEED_CATEGORY) {
        GX_TRY(gx_view_labels(&v->category, txn, GX_SPACE_ITEM, "category", true, job, err));
        v->input.category = &v->category;
    }
    if (needs & GX_NEED_TIMES) {
        GX_TRY(gx_view_times(&v->times, txn, rules, job, err));
        v->input.times = &v->times;
        GX_TRY(hold(v, gx_matrix_bytes(&v->times), job, err));
    }
    if (needs & GX_NEED_GROUPS) {
        GX_TRY(gx_view_groups(&v->groups, txn, job, err));
        v->input.groups = &v->groups;
        GX_TRY(hold(v, gx_matrix_bytes(&v->groups), job, err));
    }
    if (needs & GX_NEED_ACTS) {
        GX_TRY(gx_view_interactions(&v->acts, txn, rules, events.from_ms, events.to_ms, job, err));
        v->input.acts = &v->acts;
        GX_TRY(hold(v, gx_matrix_bytes(&v->acts), job, err));
    }
done:
    return status;
}

gx_status gx_views_make(gx_views *out, gx_store *store, const gx_rules *rules, unsigned needs,
                        const gx_view_spec *spec, gx_job *job, gx_error *err) {
    gx_txn *txn;
    memset(out, 0, sizeof *out);
    gx_status status = gx_txn_read(&txn, store, err);
    if (status != GX_OK) {
        return status;
    }
    status = make_views(out, txn, rules, needs, spec, job, err);
    gx_txn_abort(txn);
    if (status != GX_OK) {
        gx_views_finish(out);
    }
    return status;
}

gx_status gx_categories_add(gx_arrays *arrays, const gx_labels *labels, gx_job *job,
                            gx_error *err) {
    uint32_t *name_at;
    uint8_t *names;
    gx_status status = GX_OK;
    uint32_t bytes = labels->count ? labels->name_at[labels->count] : 0;
    GX_TRY(gx_arrays_add(&name_at, arrays, "category.name_at", GX_U32, labels->count + 1, 0, job,
                         err));
    GX_TRY(gx_arrays_add(&names, arrays, "category.names", GX_U8, bytes, 0, job, err));
    if (labels->count) {
        memcpy(name_at, labels->name_at, (labels->count + 1) * sizeof *name_at);
        memcpy(names, labels->names, bytes);
    }
done:
    return status;
}

void gx_views_finish(gx_views *views) {
    gx_graph_finish(&views->ties);
    gx_graph_finish(&views->undirected);
    gx_matrix_finish(&views->matrix);
    gx_matrix_finish(&views->times);
    gx_matrix_finish(&views->groups);
    gx_matrix_finish(&views->acts);
    gx_labels_finish(&views->category);
    memset(&views->input, 0, sizeof views->input);
    if (views->job) {
        gx_job_refund(views->job, views->held);
        views->held = 0;
    }
}

/* ---- members by id ------------------------------------------------------------------------------
 */

static gx_status add_number(gx_value *list, gx_arena *arena, gx_txn *txn, gx_slice id,
                            gx_error *err) {
    uint32_t number;
    gx_status status = gx_need_word(&number, txn, GX_SPACE_USER, id, err);
    if (status == GX_OK) {
        char *text = gx_arena_printf(arena, "%" PRIu32, number);
        gx_list_add(arena, list, gx_str(text ? text : ""));
    }
    return status;
}

/* What is not text is kept, for the pass's own check to refuse. */
static gx_status resolve_list(gx_value *out, gx_arena *arena, gx_txn *txn, const gx_value *given,
                              gx_error *err) {
    gx_status status = GX_OK;
    gx_value list = gx_list(arena, given->type == GX_LIST ? given->size : 4);
    if (given->type == GX_TEXT) { /* as the program gives it */
        const char *at = given->as.text, *end = at + given->size;
        while (status == GX_OK && at <= end) {
            const char *comma = memchr(at, ',', (size_t)(end - at));
            const char *stop = comma ? comma : end;
            status = add_number(&list, arena, txn, (gx_slice){at, (size_t)(stop - at)}, err);
            at = stop + 1;
        }
    }
    for (uint32_t i = 0; given->type == GX_LIST && status == GX_OK && i < given->size; i++) {
        const gx_value *item = &given->as.items[i];
        if (item->type == GX_TEXT) {
            status = add_number(&list, arena, txn, (gx_slice){item->as.text, item->size}, err);
        } else {
            gx_list_add(arena, &list, *item);
        }
    }
    *out = given->type == GX_TEXT || given->type == GX_LIST ? list : *given;
    return status;
}

gx_status gx_params_resolve(const gx_value **out, gx_arena *arena, gx_store *store,
                            const gx_pass *pass, const gx_value *params, gx_error *err) {
    gx_status status = GX_OK;
    gx_txn *txn = NULL;
    gx_value *made = NULL;
    for (size_t p = 0; p < pass->param_count; p++) {
        const gx_param *param = &pass->params[p];
        const gx_value *given =
            params && param->flags & GX_PARAM_MEMBERS ? gx_map_get(params, param->name) : NULL;
        if (!given) {
            continue;
        }
        if (!made) {
            GX_TRY(gx_txn_read(&txn, store, err));
            made = gx_arena_get(arena, sizeof *made);
            if (!made) {
                GX_TRY(gx_fail_memory(err, sizeof *made));
            }
            *made = gx_value_copy(arena, params);
        }
        gx_value numbers;
        GX_TRY(resolve_list(&numbers, arena, txn, given, err));
        gx_map_put(arena, made, param->name, numbers);
    }
    if (gx_arena_status(arena) != GX_OK) {
        GX_TRY(gx_fail_memory(err, 0));
    }
    *out = made ? made : params;
done:
    gx_txn_abort(txn);
    return status;
}

/* ---- one pass -----------------------------------------------------------------------------------
 */

gx_status gx_ids_given(uint32_t *out, gx_db *db, const gx_snapshot *before, gx_job *job,
                       gx_error *err) {
    static const char *const names[] = {"leiden", "louvain"};
    gx_snapshot_info *list = NULL;
    size_t count = 0;
    gx_status status;
    GX_TRY(gx_snapshot_list(&list, &count, db->path, err));
    for (size_t i = 0; i < count && list[i].number > gx_snapshot_number(before); i++) {
        gx_snapshot *newer = NULL;
        GX_TRY(gx_job_check(job, err));
        if (gx_snapshot_open(&newer, db->path, list[i].number, NULL) != GX_OK) {
            continue;
        }
        for (size_t k = 0; k < GX_COUNT(names); k++) {
            const uint32_t *next =
                gx_result_get(gx_snapshot_arrays(newer), names[k], "next_id", GX_U32, 1);
            *out = next && *next > *out ? *next : *out;
        }
        gx_snapshot_release(newer);
    }
done:
    gx_free(list);
    return status;
}

gx_status gx_compute(gx_arrays **out, gx_db *db, const gx_pass *pass, const gx_value *params,
                     const gx_view_spec *spec, gx_job *job, gx_error *err) {
    return gx_compute_as(out, db, pass, pass->name, params, spec, job, err);
}

gx_status gx_compute_as(gx_arrays **out, gx_db *db, const gx_pass *pass, const char *instance,
                        const gx_value *params, const gx_view_spec *spec, gx_job *job,
                        gx_error *err) {
    gx_status status = GX_OK;
    gx_plan plan = {0};
    gx_views views = {0};
    gx_arrays *results = NULL;
    gx_plan_step wanted = {.pass = pass, .instance = instance};
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, 0);
    }
    gx_state *state = gx_db_hold_state(db);
    GX_TRY(gx_params_resolve(&wanted.params, arena, db->store, pass, params, err));
    GX_TRY(gx_plan_make(&plan, gx_pass_tables(), gx_pass_tables_count, &wanted, 1, err));
    status = gx_views_make(&views, db->store, &state->rules, plan.needs, spec, job, err);
    if (status == GX_OVER_LIMIT) {
        gx_tell_whole_need(err, db->store, pass, wanted.params, job);
    }
    GX_TRY(status);
    GX_TRY(gx_arrays_create(&results, err));
    views.input.arrays = results;
    views.input.before = state->arrays;
    if (state->snapshot && pass->kind == GX_KIND_COMMUNITY) {
        GX_TRY(gx_ids_given(&views.input.ids_given, db, state->snapshot, job, err));
    }
    if (plan.needs & GX_NEED_CATEGORY) {
        GX_TRY(gx_categories_add(results, &views.category, job, err));
    }
    GX_TRY(gx_plan_run(results, &plan, &views.input, job, err));
    *out = results;
    results = NULL;
done:
    views.input.before = NULL;
    gx_arrays_destroy(results);
    gx_views_finish(&views);
    gx_plan_finish(&plan);
    gx_state_release(state);
    gx_arena_destroy(arena);
    return status;
}
