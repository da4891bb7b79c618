/* Figures of a partition: see the header. */
#include "api/people/partition.h"

#include "api/graphs.h"
#include "engine/community/quality.h"

#include <inttypes.h>
#include <stdlib.h>

/* The partition over all n members there are now, in dense numbers. */
static gx_status extend(uint32_t **out, const uint32_t *community, uint32_t members, uint32_t n,
                        gx_job *job, gx_error *err) {
    uint32_t *all, next = 0;
    gx_status status = gx_job_alloc(job, &all, n, sizeof *all, err);
    if (status != GX_OK) {
        return status;
    }
    for (uint32_t v = 0; v < members && v < n; v++) {
        next = community[v] != GX_NONE && community[v] >= next ? community[v] + 1 : next;
    }
    for (uint32_t v = 0; v < n; v++) {
        all[v] = v < members && community[v] != GX_NONE ? community[v] : next++;
    }
    *out = all;
    return GX_OK;
}

/* Leicht and Newman's; *in_out and *out_directed stay as they are where no tie has a direction. */
static gx_status judge_directed(double *in_out, bool *out_directed, gx_call_env *call,
                                const uint32_t *community, uint32_t members,
                                const gx_view_spec *spec, gx_error *err) {
    gx_status status;
    const gx_held *held = NULL;
    uint32_t *all = NULL;
    GX_TRY(gx_graph_hold(&held, call->db, &call->state->rules, 0, spec, call->job, err));
    if (held->graph.directed) {
        GX_TRY(extend(&all, community, members, held->graph.n, call->job, err));
        GX_TRY(gx_quality_objective(in_out, &held->graph, all, 1.0, 0, call->job, err));
        *out_directed = true;
    }
done:
    gx_job_free(call->job, all);
    gx_graph_release(call->db, held);
    return status;
}

gx_status gx_partition_quality(gx_value *out, gx_call_env *call, const uint32_t *community,
                               uint32_t members, bool directed, const gx_view_spec *spec,
                               gx_error *err) {
    gx_status status;
    const gx_held *held = NULL;
    uint32_t *all = NULL;
    gx_quality q;
    bool by_direction = false;
    GX_TRY(gx_graph_hold(&held, call->db, &call->state->rules, GX_GRAPH_UNDIRECTED, spec, call->job,
                         err));
    GX_TRY(extend(&all, community, members, held->graph.n, call->job, err));
    GX_TRY(gx_quality_measure(&q, &held->graph, all, call->job, err));
    if (directed) {
        GX_TRY(judge_directed(&q.modularity, &by_direction, call, community, members, spec, err));
    }
    *out = gx_map(call->arena, 8);
    gx_map_put(call->arena, out, "directed", gx_bool(by_direction));
    gx_map_put(call->arena, out, "modularity", gx_real(q.modularity));
    gx_map_put(call->arena, out, "coverage", gx_real(q.coverage));
    gx_map_put(call->arena, out, "performance", gx_real(q.performance));
    gx_map_put(call->arena, out, "conductance", gx_real(q.conductance));
    gx_map_put(call->arena, out, "conductance_most", gx_real(q.conductance_most));
    gx_map_put(call->arena, out, "disconnected", gx_int(q.disconnected));
done:
    gx_job_free(call->job, all);
    gx_graph_release(call->db, held);
    return status;
}

/* ---- labels ------------------------------------------------------------------------------------
 */

typedef struct given {
    gx_slice label;
    uint32_t user;
} given;

static int by_label(const void *a, const void *b) {
    const given *x = a, *y = b;
    return gx_slice_order(x->label, y->label);
}

static gx_status label_text(gx_slice *out, gx_arena *arena, const gx_pair *pair, gx_error *err) {
    const gx_value *value = &pair->value;
    char name[60];
    if (value->type == GX_TEXT) {
        *out = (gx_slice){value->as.text, value->size};
        return GX_OK;
    }
    if (value->type != GX_INT) {
        return gx_fail_at(err, GX_BAD_REQUEST, "labels",
                          "the label of %s is neither a text nor a whole number",
                          gx_quote(name, sizeof name, pair->key.as.text, pair->key.size));
    }
    const char *text = gx_arena_printf(arena, "%" PRId64, value->as.integer);
    if (!text) {
        return gx_fail_memory(err, 24);
    }
    *out = gx_slice_of(text);
    return GX_OK;
}

/* Numbers for the labels of a map; whom the store does not know is left out. */
static gx_status number_map(uint32_t *label, uint32_t n, const gx_value *map, gx_arena *arena,
                            gx_txn *txn, gx_error *err) {
    given *all = gx_arena_get(arena, ((size_t)map->size + 1) * sizeof *all);
    uint32_t count = 0;
    if (!all) {
        return gx_fail_memory(err, map->size * sizeof *all);
    }
    for (uint32_t i = 0; i < map->size; i++) {
        const gx_pair *pair = &map->as.pairs[i];
        gx_slice name = {pair->key.as.text, pair->key.size};
        if (gx_word_find(&all[count].user, txn, GX_SPACE_USER, name) != GX_OK) {
            continue;
        }
        gx_status status = label_text(&all[count++].label, arena, pair, err);
        if (status != GX_OK) {
            return status;
        }
    }
    qsort(all, count, sizeof *all, by_label);
    uint32_t number = 0;
    for (uint32_t i = 0; i < count; i++) {
        number += i > 0 && by_label(&all[i - 1], &all[i]) != 0;
        if (all[i].user < n) {
            label[all[i].user] = number;
        }
    }
    return GX_OK;
}

/* Numbers for the labels of a field; `label` is one a member of the partition. */
static gx_status number_field(uint32_t *label, uint32_t n, const gx_value *field, gx_arena *arena,
                              gx_txn *txn, gx_job *job, gx_error *err) {
    gx_labels labels;
    gx_value name = gx_text_copy(arena, field->as.text, field->size);
    if (name.type != GX_TEXT) {
        return gx_fail_memory(err, field->size);
    }
    gx_status status = gx_view_labels(&labels, txn, GX_SPACE_USER, name.as.text, false, job, err);
    if (status != GX_OK) {
        return status;
    }
    for (uint32_t v = 0; v < n && v < labels.n; v++) {
        label[v] = labels.label[v];
    }
    gx_labels_finish(&labels);
    return GX_OK;
}

gx_status gx_partition_agreement(gx_value *out, gx_call_env *call, gx_txn *txn,
                                 const uint32_t *community, uint32_t members,
                                 const gx_value *labels, gx_error *err) {
    gx_status status = GX_OK;
    gx_agreement found = {0};
    uint32_t *label = NULL;
    if (labels->type != GX_TEXT && labels->type != GX_MAP) {
        return gx_fail_at(err, GX_BAD_REQUEST, "labels",
                          "labels is neither the name of a field nor a map of members to labels");
    }
    GX_TRY(gx_job_alloc(call->job, &label, members, sizeof *label, err));
    for (uint32_t v = 0; v < members; v++) {
        label[v] = GX_NONE;
    }
    GX_TRY(labels->type == GX_MAP
               ? number_map(label, members, labels, call->arena, txn, err)
               : number_field(label, members, labels, call->arena, txn, call->job, err));
    GX_TRY(gx_quality_agreement(&found, community, label, members, call->job, err));
    if (found.members == 0) {
        char name[60];
        GX_TRY(labels->type == GX_MAP
                   ? gx_fail_at(err, GX_BAD_REQUEST, "labels", "no member has a label in the map")
                   : gx_fail_at(err, GX_BAD_REQUEST, "labels", "no member has a text named %s",
                                gx_quote(name, sizeof name, labels->as.text, labels->size)));
    }
    *out = gx_map(call->arena, 5);
    gx_map_put(call->arena, out, "members", gx_int(found.members));
    gx_map_put(call->arena, out, "nmi", gx_real(found.nmi));
    gx_map_put(call->arena, out, "ami", gx_real(found.ami));
    gx_map_put(call->arena, out, "ari", gx_real(found.ari));
done:
    gx_job_free(call->job, label);
    return status;
}
