#include "api/people/strength.h"

#include "api/support.h"
#include "api/vector.h"

#include <stdlib.h>

typedef struct gx_tie_time {
    uint32_t user;
    int64_t ts_ms;
} tie_time;

/* ---- what is known of the member ----------------------------------------------------------------
 */

typedef struct times {
    gx_call_env *call;
    uint32_t user;
    vector rows; /* tie_time */
} times;

static gx_status add_time(void *context, const gx_tie *tie, gx_error *err) {
    times *t = context;
    bool social = gx_kind_rule_of(&t->call->state->rules, t->call->txn, tie->kind)->weight > 0;
    if (!social || tie->ts_ms == GX_TIME_UNKNOWN) {
        return GX_OK;
    }
    tie_time *row = vector_add(&t->rows);
    if (!row) {
        return gx_fail_memory(err, t->rows.capacity * t->rows.size);
    }
    *row = (tie_time){tie->src == t->user ? tie->dst : tie->src, tie->ts_ms};
    return GX_OK;
}

/* By user, the latest of one first. */
static int by_user_then_late(const void *a, const void *b) {
    const tie_time *x = a, *y = b;
    if (x->user != y->user) {
        return x->user < y->user ? -1 : 1;
    }
    return (x->ts_ms < y->ts_ms) - (x->ts_ms > y->ts_ms);
}

static gx_status read_times(gx_ties *ties, gx_error *err) {
    gx_status status = GX_OK;
    gx_txn *txn = ties->call->txn;
    times t = {.call = ties->call, .user = ties->user, .rows = {.size = sizeof(tie_time)}};
    GX_TRY(gx_tie_out(txn, ties->user, add_time, &t, err));
    GX_TRY(gx_tie_in(txn, ties->user, add_time, &t, err));
    ties->time = gx_arena_get(ties->call->arena, t.rows.count * sizeof *ties->time + 1);
    if (!ties->time) {
        GX_TRY(gx_fail_memory(err, t.rows.count * sizeof *ties->time));
    }
    if (t.rows.count > 0) {
        qsort(t.rows.data, t.rows.count, t.rows.size, by_user_then_late);
    }
    for (size_t i = 0; i < t.rows.count; i++) {
        const tie_time *row = (const tie_time *)t.rows.data + i;
        if (ties->time_count == 0 || ties->time[ties->time_count - 1].user != row->user) {
            ties->time[ties->time_count++] = *row;
        }
    }
done:
    gx_free(t.rows.data);
    return status;
}

static gx_status count_member(void *context, const gx_membership *member, gx_error *err) {
    (void)err;
    *(uint64_t *)context += member->left_ms == GX_TIME_UNKNOWN;
    return GX_OK;
}

static gx_status add_group(void *context, const gx_membership *member, gx_error *err) {
    if (member->left_ms != GX_TIME_UNKNOWN) {
        return GX_OK;
    }
    uint32_t *row = vector_add(context);
    if (!row) {
        return gx_fail_memory(err, sizeof *row);
    }
    *row = member->group;
    return GX_OK;
}

/* Groups the user is in, by rising number; *out->data is the caller's to free. */
static gx_status read_groups(vector *out, gx_txn *txn, uint32_t user, gx_error *err) {
    *out = (vector){.size = sizeof(uint32_t)};
    gx_status status = gx_member_of_user(txn, user, add_group, out, err);
    if (status == GX_OK && out->count > 0) {
        qsort(out->data, out->count, out->size, gx_by_number);
    }
    return status;
}

static gx_status weigh_groups(gx_ties *ties, gx_error *err) {
    gx_arena *arena = ties->call->arena;
    gx_txn *txn = ties->call->txn;
    vector groups;
    gx_status status = GX_OK;
    GX_TRY(read_groups(&groups, txn, ties->user, err));
    ties->group = gx_arena_get(arena, groups.count * sizeof(uint32_t) + 1);
    ties->group_weight = gx_arena_get(arena, groups.count * sizeof(double) + 1);
    if (!ties->group || !ties->group_weight) {
        GX_TRY(gx_fail_memory(err, groups.count * sizeof(double)));
    }
    for (size_t g = 0; g < groups.count; g++) {
        uint64_t members = 0;
        ties->group[g] = ((uint32_t *)groups.data)[g];
        GX_TRY(gx_member_of_group(txn, ties->group[g], count_member, &members, err));
        ties->group_weight[g] = gx_tie_group_weight(members);
    }
    ties->group_count = (uint32_t)groups.count;
done:
    gx_free(groups.data);
    return status;
}

/* ---- shares and scale ---------------------------------------------------------------------------
 */

static const double half_life_default_ms = 365 * 86400000.0;

static gx_status read_scale(gx_ties *ties, gx_error *err) {
    const gx_arrays *arrays = ties->call->state->arrays;
    const double *share = gx_result_get(arrays, "strength", "share", GX_F64, GX_TIE_PART_COUNT);
    const double *scale = gx_result_get(arrays, "strength", "scale", GX_F64, GX_TIE_SCALES);
    if (share && scale) {
        memcpy(ties->share, share, sizeof ties->share);
        ties->usual_weight = scale[GX_TIE_SCALE_WEIGHT];
        ties->now_ms = (int64_t)scale[GX_TIE_SCALE_NOW];
        ties->half_life_ms = scale[GX_TIE_SCALE_HALF_LIFE];
        return GX_OK;
    }
    for (int p = 0; p < GX_TIE_PART_COUNT; p++) {
        ties->share[p] = gx_tie_part_default((gx_tie_part)p);
    }
    ties->now_ms = gx_time_ms();
    ties->half_life_ms = half_life_default_ms;
    return gx_tie_usual_weight(&ties->usual_weight, &ties->undirected->graph, ties->call->job, err);
}

/* Without a snapshot: what the store knows nothing of does not count. */
static void drop_unknown(gx_ties *ties) {
    gx_txn *txn = ties->call->txn;
    const gx_arrays *arrays = ties->call->state->arrays;
    if (!gx_result_get(arrays, "strength", "share", GX_F64, GX_TIE_PART_COUNT)) {
        ties->share[GX_TIE_RECENCY] *= ties->time_count > 0 ? 1 : 0;
        ties->share[GX_TIE_GROUPS] *= gx_member_count(txn) > 0 ? 1 : 0;
        ties->share[GX_TIE_PURCHASES] *= gx_event_count(txn) > 0 ? 1 : 0;
        (void)gx_tie_shares(ties->share);
    }
}

gx_status gx_ties_open(gx_ties *out, gx_call_env *call, uint32_t user, gx_error *err) {
    const gx_rules *rules = &call->state->rules;
    gx_status status = GX_OK;
    *out = (gx_ties){.call = call, .user = user};
    GX_TRY(gx_graph_hold(&out->undirected, call->db, rules, GX_GRAPH_UNDIRECTED, NULL, call->job,
                         err));
    GX_TRY(gx_graph_hold(&out->directed, call->db, rules, 0, NULL, call->job, err));
    GX_TRY(read_scale(out, err));
    GX_TRY(read_times(out, err));
    drop_unknown(out);
    GX_TRY(weigh_groups(out, err));
    GX_TRY(gx_member_history(&out->history, call->txn, call->state, user, call->arena, err));
done:
    return status;
}

void gx_ties_close(gx_ties *ties) {
    if (ties->call) {
        gx_graph_release(ties->call->db, ties->undirected);
        gx_graph_release(ties->call->db, ties->directed);
    }
    *ties = (gx_ties){0};
}

/* ---- one tie ------------------------------------------------------------------------------------
 */

typedef struct row {
    const uint32_t *dst;
    const float *weight; /* NULL: all 1 */
    uint32_t count;
} row;

/* A member newer than the graph has no ties in it. */
static row row_of(const gx_held *held, uint32_t user) {
    const gx_graph *graph = &held->graph;
    if (user >= graph->n) {
        return (row){0};
    }
    uint64_t from = graph->out_ptr[user];
    return (row){graph->out_dst + from, graph->out_weight ? graph->out_weight + from : NULL,
                 (uint32_t)(graph->out_ptr[user + 1] - from)};
}

/* 0 where there is none. */
static double weight_to(const row *r, uint32_t user) {
    const uint32_t *found =
        r->count ? bsearch(&user, r->dst, r->count, sizeof *r->dst, gx_by_number) : NULL;
    return !found ? 0 : r->weight ? (double)r->weight[found - r->dst] : 1;
}

static bool is_tied(const row *r, uint32_t user) {
    return r->count && bsearch(&user, r->dst, r->count, sizeof *r->dst, gx_by_number);
}

static uint32_t count_common(const row *a, const row *b) {
    uint32_t i = 0, k = 0, common = 0;
    while (i < a->count && k < b->count) {
        if (a->dst[i] == b->dst[k]) {
            common++;
            i++;
            k++;
        } else if (a->dst[i] < b->dst[k]) {
            i++;
        } else {
            k++;
        }
    }
    return common;
}

static double recency(const gx_ties *ties, uint32_t other) {
    const tie_time *found = ties->time_count ? bsearch(&other, ties->time, ties->time_count,
                                                       sizeof *ties->time, gx_by_number)
                                             : NULL;
    return found ? gx_tie_recency_part(found->ts_ms, ties->now_ms, ties->half_life_ms)
                 : GX_TIE_RECENCY_UNKNOWN;
}

static gx_status purchases(double *out, const gx_ties *ties, uint32_t other, gx_error *err) {
    gx_history their;
    uint32_t both;
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, 0);
    }
    gx_status status =
        gx_member_history(&their, ties->call->txn, ties->call->state, other, arena, err);
    if (status == GX_OK) {
        *out = gx_history_cosine(&both, &ties->history, &their);
    }
    gx_arena_destroy(arena);
    return status;
}

static gx_status groups(double *out, const gx_ties *ties, uint32_t other, gx_error *err) {
    vector their;
    gx_status status = read_groups(&their, ties->call->txn, other, err);
    double sum = 0;
    for (uint32_t g = 0; status == GX_OK && g < ties->group_count; g++) {
        bool both = their.count &&
                    bsearch(&ties->group[g], their.data, their.count, their.size, gx_by_number);
        sum += both ? ties->group_weight[g] : 0;
    }
    gx_free(their.data);
    *out = gx_tie_groups_part(sum);
    return status;
}

gx_status gx_ties_measure(gx_tie_measure *out, const gx_ties *ties, uint32_t other, gx_error *err) {
    gx_status status = GX_OK;
    const row own = row_of(ties->undirected, ties->user), their = row_of(ties->undirected, other);
    const row there = row_of(ties->directed, ties->user), back = row_of(ties->directed, other);
    gx_tie_measure m = {.user = other};
    if (!is_tied(&own, other)) {
        return gx_fail(err, GX_NOT_FOUND, "the two members have no tie");
    }
    m.common = count_common(&own, &their);
    m.part[GX_TIE_WEIGHT] = gx_tie_weight_part(weight_to(&own, other), ties->usual_weight);
    m.part[GX_TIE_RECENCY] = recency(ties, other);
    m.part[GX_TIE_RECIPROCITY] =
        ties->directed->graph.directed
            ? gx_tie_reciprocity_part(weight_to(&there, other), weight_to(&back, ties->user))
            : 1;
    m.part[GX_TIE_COMMON] = gx_tie_common_part(m.common, own.count, their.count);
    GX_TRY(groups(&m.part[GX_TIE_GROUPS], ties, other, err));
    GX_TRY(purchases(&m.part[GX_TIE_PURCHASES], ties, other, err));
    m.strength = gx_tie_strength(ties->share, m.part);
    *out = m;
done:
    return status;
}

static int by_strength(const void *a, const void *b) {
    const gx_tie_measure *x = a, *y = b;
    if (x->strength != y->strength) {
        return x->strength > y->strength ? -1 : 1;
    }
    return (x->user > y->user) - (x->user < y->user);
}

gx_status gx_ties_measure_all(gx_tie_measure **out, uint32_t *out_count, const gx_ties *ties,
                              gx_error *err) {
    const row own = row_of(ties->undirected, ties->user);
    gx_status status = GX_OK;
    gx_tie_measure *all = gx_arena_get(ties->call->arena, own.count * sizeof *all + 1);
    if (!all) {
        return gx_fail_memory(err, own.count * sizeof *all);
    }
    for (uint32_t i = 0; i < own.count; i++) {
        GX_TRY(gx_ties_measure(&all[i], ties, own.dst[i], err));
        GX_TRY(gx_job_check(ties->call->job, err));
    }
    if (own.count > 0) {
        qsort(all, own.count, sizeof *all, by_strength);
    }
    *out = all;
    *out_count = own.count;
done:
    return status;
}

gx_value gx_ties_parts_value(gx_arena *arena, const gx_ties *ties, const double *part) {
    gx_value map = gx_map(arena, GX_TIE_PART_COUNT);
    for (int p = 0; p < GX_TIE_PART_COUNT; p++) {
        if (ties->share[p] > 0) {
            gx_map_put(arena, &map, gx_tie_part_name((gx_tie_part)p), gx_real(part[p]));
        }
    }
    return map;
}
