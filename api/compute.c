/* Views for passes, and one pass on demand. */
#include "api/compute.h"

#include "engine/engine.h"

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

/* Names what there is of that kind (GX_KIND_COUNT: of any). */
gx_status gx_any_pass_missing(gx_slice name, gx_kind kind, gx_error *err) {
    const gx_pass_table *const *tables = gx_pass_tables();
    char names[400] = "", given[64];
    size_t at = 0;
    for (size_t t = 0; t < gx_pass_tables_count; t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            const gx_pass *pass = tables[t]->rows[i];
            size_t size = strlen(pass->name);
            if ((kind == GX_KIND_COUNT || pass->kind == kind) && at + size + 3 < sizeof names) {
                memcpy(names + at, at ? ", " : "", at ? 2 : 0);
                at += at ? 2 : 0;
                memcpy(names + at, pass->name, size + 1);
                at += size;
            }
        }
    }
    return gx_fail(err, GX_NOT_FOUND, "there is no %s %s; there are %s",
                   kind == GX_KIND_COUNT ? "pass" : gx_kind_name(kind),
                   gx_quote(given, sizeof given, name.data, name.size), names);
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
    v->input.users = gx_word_count(txn, GX_SPACE_USER);
    v->input.items = gx_word_count(txn, GX_SPACE_ITEM);
    if (needs & (GX_NEED_GRAPH | GX_NEED_IN)) {
        GX_TRY(gx_view_ties(&v->ties, txn, rules, &ties, job, err));
        v->input.graph = &v->ties;
    }
    if (needs & GX_NEED_UNDIRECTED) {
        ties.flags = GX_GRAPH_UNDIRECTED;
        GX_TRY(gx_view_ties(&v->undirected, txn, rules, &ties, job, err));
        v->input.undirected = &v->undirected;
    }
    if (needs & GX_NEED_MATRIX) {
        GX_TRY(gx_view_events(&v->matrix, txn, rules, &events, job, err));
        v->input.matrix = &v->matrix;
    }
    if (needs & GX_NEED_CATEGORY) {
        GX_TRY(gx_view_labels(&v->category, txn, GX_SPACE_ITEM, "category", true, job, err));
        v->input.category = &v->category;
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

void gx_views_finish(gx_views *views) {
    gx_graph_finish(&views->ties);
    gx_graph_finish(&views->undirected);
    gx_matrix_finish(&views->matrix);
    gx_labels_finish(&views->category);
    memset(&views->input, 0, sizeof views->input);
}

gx_status gx_compute(gx_arrays **out, gx_db *db, const gx_pass *pass, const gx_value *params,
                     const gx_view_spec *spec, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_plan plan = {0};
    gx_views views = {0};
    gx_arrays *results = NULL;
    gx_plan_step wanted = {.pass = pass, .instance = pass->name, .params = params};
    gx_state *state = gx_db_hold_state(db);
    GX_TRY(gx_plan_make(&plan, gx_pass_tables(), gx_pass_tables_count, &wanted, 1, err));
    GX_TRY(gx_views_make(&views, db->store, &state->rules, plan.needs, spec, job, err));
    GX_TRY(gx_arrays_create(&results, err));
    views.input.arrays = results;
    GX_TRY(gx_plan_run(results, &plan, &views.input, job, err));
    *out = results;
    results = NULL;
done:
    gx_arrays_destroy(results);
    gx_views_finish(&views);
    gx_plan_finish(&plan);
    gx_state_release(state);
    return status;
}
