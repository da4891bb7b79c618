/* The store as passes see it. */
#include "api/views.h"

/* What lives on counts against the cap until the views are given back. */
static gx_status hold(gx_views *v, uint64_t bytes, gx_job *job, gx_error *err) {
    gx_status status = gx_job_charge(job, bytes, err);
    v->charged += status == GX_OK ? bytes : 0;
    return status;
}

/* Purchases alone, as they were; where there are none, no such view. */
static gx_status make_bought(gx_views *v, gx_txn *txn, const gx_rules *rules,
                             const gx_event_view *events, gx_job *job, gx_error *err) {
    gx_event_view view = {.from_ms = events->from_ms, .to_ms = events->to_ms, .purchases = true};
    gx_status status;
    GX_TRY(gx_view_events(&v->bought, txn, rules, &view, job, err));
    GX_TRY(hold(v, gx_matrix_bytes(&v->bought), job, err));
    v->input.bought = v->bought.nnz > 0 ? &v->bought : NULL;
done:
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
        events.items = &v->sums;
        GX_TRY(gx_view_events(&v->matrix, txn, rules, &events, job, err));
        v->input.matrix = &v->matrix;
        v->input.against = v->sums.any_against ? v->sums.against : NULL;
        GX_TRY(hold(v, gx_matrix_bytes(&v->matrix), job, err));
    }
    if (needs & GX_NEED_CATEGORY) {
        GX_TRY(gx_view_labels(&v->category, txn, GX_SPACE_ITEM, "category", true, job, err));
        v->input.category = &v->category;
    }
    if (needs & GX_NEED_TIMES) {
        GX_TRY(gx_view_times(&v->times, txn, rules, ties.from_ms, ties.to_ms, job, err));
        v->input.times = &v->times;
        GX_TRY(hold(v, gx_matrix_bytes(&v->times), job, err));
    }
    if (needs & GX_NEED_GROUPS) {
        GX_TRY(gx_view_groups(&v->groups, txn, ties.from_ms, ties.to_ms, job, err));
        v->input.groups = &v->groups;
        GX_TRY(hold(v, gx_matrix_bytes(&v->groups), job, err));
    }
    if (needs & GX_NEED_ACTS) {
        GX_TRY(gx_view_interactions(&v->acts, txn, rules, events.from_ms, events.to_ms, job, err));
        v->input.acts = &v->acts;
        GX_TRY(hold(v, gx_matrix_bytes(&v->acts), job, err));
    }
    if (needs & GX_NEED_FIRST) {
        gx_event_view first = {
            .decay = true, .first = true, .from_ms = events.from_ms, .to_ms = events.to_ms};
        GX_TRY(gx_view_events(&v->first, txn, rules, &first, job, err));
        v->input.first = &v->first;
        GX_TRY(hold(v, gx_matrix_bytes(&v->first), job, err));
    }
    if (needs & GX_NEED_TAKES) {
        GX_TRY(gx_view_firsts(&v->takes, txn, rules, events.from_ms, events.to_ms, job, err));
        v->input.takes = &v->takes;
        GX_TRY(hold(v, gx_firsts_bytes(&v->takes), job, err));
    }
    if (needs & GX_NEED_FACTS) {
        GX_TRY(gx_view_facts(&v->facts, txn, rules, events.from_ms, events.to_ms, job, err));
        v->input.facts = &v->facts;
    }
    if (needs & GX_NEED_DEPARTED) {
        GX_TRY(gx_view_departed(&v->departed, txn, ties.to_ms, job, err));
        v->input.departed = v->departed;
    }
    if (needs & GX_NEED_BOUGHT) {
        GX_TRY(make_bought(v, txn, rules, &events, job, err));
    }
done:
    return status;
}

gx_status gx_views_make(gx_views *out, gx_store *store, const gx_rules *rules, unsigned needs,
                        const gx_view_spec *spec, gx_job *job, gx_error *err) {
    gx_txn *txn;
    memset(out, 0, sizeof *out);
    const uint64_t before = atomic_load(&job->mem_used);
    gx_status status = gx_txn_read(&txn, store, err);
    if (status != GX_OK) {
        return status;
    }
    status = make_views(out, txn, rules, needs, spec, job, err);
    out->held = atomic_load(&job->mem_used) - before;
    gx_txn_abort(txn);
    if (status != GX_OK) {
        gx_views_finish(out);
    }
    return status;
}

gx_status gx_views_own(gx_views *views, gx_store *store, const gx_rules *rules, gx_error *err) {
    const gx_event_view view = {.purchases = true, .opposed = true};
    gx_txn *txn;
    gx_status status = gx_txn_read(&txn, store, err);
    if (status != GX_OK) {
        return status;
    }
    status = gx_view_events(&views->owned, txn, rules, &view, views->job, err);
    gx_txn_abort(txn);
    return status == GX_OK ? hold(views, gx_matrix_bytes(&views->owned), views->job, err) : status;
}

void gx_views_finish(gx_views *views) {
    gx_graph_finish(&views->ties);
    gx_graph_finish(&views->undirected);
    gx_matrix_finish(&views->matrix);
    gx_matrix_finish(&views->times);
    gx_matrix_finish(&views->groups);
    gx_matrix_finish(&views->acts);
    gx_matrix_finish(&views->bought);
    gx_matrix_finish(&views->owned);
    gx_matrix_finish(&views->first);
    gx_firsts_finish(&views->takes);
    if (views->job) {
        gx_item_sums_finish(&views->sums, views->job);
        gx_facts_finish(&views->facts, views->job);
        gx_job_free(views->job, views->departed);
        views->departed = NULL;
    }
    gx_labels_finish(&views->category);
    memset(&views->input, 0, sizeof views->input);
    if (views->job) {
        gx_job_refund(views->job, views->charged);
        views->charged = views->held = 0;
    }
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
