/* Trees from acts and from invites. Acts are taken forest by forest, oldest first, so that whoever
 * brought a member has a smaller number and no cycle can close; invites say nothing of order, and
 * cycles of them are cut. */
#include "api/referral/log.h"

#include <stdlib.h>

typedef struct keyed {
    uint32_t key;
    uint32_t act; /* in the order of the log */
} keyed;

typedef struct making {
    gx_trees *trees;
    gx_job *job;
    uint32_t *node_of;             /* by member: its node in the forest being made, */
    uint32_t *forest_of;           /* if this is that forest's number + 1 */
    uint32_t *via_of;              /* by member: via whom it last came there without joining, */
    uint32_t *via_forest;          /* likewise */
    uint32_t *back_from, *back_to; /* acts via somebody of those there already, as nodes */
    uint64_t backs;
} making;

static int by_key(const void *a, const void *b) {
    const keyed *x = a, *y = b;
    if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    return (x->act > y->act) - (x->act < y->act);
}

/* The acts that are part of some forest, and which. */
static gx_status sort_acts(keyed **out, uint64_t *out_count, const gx_log *log, gx_tree_by by,
                           gx_job *job, gx_error *err) {
    keyed *all = NULL;
    uint64_t count = 0;
    gx_status status = gx_job_alloc(job, &all, log->count, sizeof *all, err);
    for (uint64_t i = 0; status == GX_OK && i < log->count; i++) {
        const gx_log_act *act = &log->acts[i];
        const uint32_t key = by == GX_TREE_ITEM       ? act->item
                             : by == GX_TREE_CAMPAIGN ? act->campaign
                                                      : 0;
        if (act->inside && (act->joins || act->via != GX_NONE) && key != GX_NONE) {
            all[count++] = (keyed){key, (uint32_t)i};
        }
    }
    if (count > 1) {
        qsort(all, count, sizeof *all, by_key);
    }
    *out = all;
    *out_count = count;
    return status;
}

/* Room for `count` nodes. */
static gx_status take_room(gx_trees *t, uint64_t count, gx_error *err) {
    gx_job *job = t->job;
    gx_status status;
    if (count >= GX_NONE) {
        return gx_fail(err, GX_OVER_LIMIT, "%llu acts make more trees than fit; ask for less time",
                       (unsigned long long)count);
    }
    GX_TRY(gx_job_alloc(job, &t->user, count, sizeof *t->user, err));
    GX_TRY(gx_job_alloc(job, &t->parent, count, sizeof *t->parent, err));
    GX_TRY(gx_job_alloc(job, &t->sales, count, sizeof *t->sales, err));
    GX_TRY(gx_job_alloc(job, &t->shares, count, sizeof *t->shares, err));
    GX_TRY(gx_job_alloc(job, &t->ts_ms, count, sizeof *t->ts_ms, err));
    GX_TRY(gx_job_alloc(job, &t->revenue, count, sizeof *t->revenue, err));
done:
    return status;
}

static uint32_t add_node(making *m, uint32_t user, uint32_t parent, int64_t ts_ms) {
    gx_trees *t = m->trees;
    const uint32_t v = t->count++;
    t->user[v] = user;
    t->parent[v] = parent;
    t->ts_ms[v] = ts_ms;
    m->node_of[user] = v;
    m->forest_of[user] = t->forests;
    return v;
}

/* An act that does not join says via whom the member came, for when it does. */
static void place_act(making *m, const gx_log_act *act) {
    gx_trees *t = m->trees;
    const bool there = m->forest_of[act->user] == t->forests;
    uint32_t parent = GX_NONE, via = act->via;
    if (!act->joins) {
        if (!there) {
            m->via_of[act->user] = via;
            m->via_forest[act->user] = t->forests;
        }
        return;
    }
    if (via == GX_NONE && !there && m->via_forest[act->user] == t->forests) {
        via = m->via_of[act->user];
    }
    if (via != GX_NONE) {
        if (m->forest_of[via] != t->forests) {
            t->implied++;
            add_node(m, via, GX_NONE, INT64_MIN);
        }
        parent = m->node_of[via];
    }
    if (!there) {
        add_node(m, act->user, parent, act->ts_ms);
    } else if (parent != GX_NONE && t->parent[m->node_of[act->user]] != parent) {
        t->again++;
        m->back_from[m->backs] = m->node_of[act->user];
        m->back_to[m->backs++] = parent;
    }
    const uint32_t v = m->node_of[act->user];
    t->shares[v] += act->share;
    if (act->sale) {
        t->sales[v]++;
        t->revenue[v] += act->coins;
    }
}

static gx_status grow(making *m, const gx_log *log, const keyed *all, uint64_t count,
                      gx_error *err) {
    gx_trees *t = m->trees;
    gx_status status;
    for (uint64_t i = 0; i < count; i++) {
        t->forests += i == 0 || all[i].key != all[i - 1].key;
    }
    GX_TRY(gx_job_alloc(m->job, &t->first, (size_t)t->forests + 1, sizeof *t->first, err));
    GX_TRY(gx_job_alloc(m->job, &t->key, t->forests, sizeof *t->key, err));
    t->forests = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (i == 0 || all[i].key != all[i - 1].key) {
            t->first[t->forests] = t->count;
            t->key[t->forests++] = t->by == GX_TREE_ALL ? GX_NONE : all[i].key;
        }
        place_act(m, &log->acts[all[i].act]);
        if (i % 16384 == 0) {
            GX_TRY(gx_job_check(m->job, err));
        }
    }
    t->first[t->forests] = t->count;
done:
    return status;
}

/* Of those who are there only because others came via them, how many have no record. */
static gx_status count_unrecorded(gx_trees *t, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, 1024);
    }
    for (uint32_t v = 0; v < t->count; v++) {
        gx_value record;
        if (t->ts_ms[v] != INT64_MIN) {
            continue;
        }
        gx_arena_reset(arena);
        GX_TRY(gx_record_get(&record, call->txn, arena, GX_SPACE_USER, t->user[v], err));
        t->unrecorded += record.size == 0;
        if (v % 16384 == 0) {
            GX_TRY(gx_job_check(t->job, err));
        }
    }
done:
    gx_arena_destroy(arena);
    return status;
}

static gx_status from_acts(gx_trees *t, gx_call_env *call, const gx_log_spec *spec, gx_error *err) {
    gx_job *job = t->job;
    gx_status status;
    gx_log log = {0};
    keyed *all = NULL;
    uint64_t count;
    making m = {.trees = t, .job = job};
    gx_log_spec own = *spec;
    const uint32_t users = gx_word_count(call->txn, GX_SPACE_USER);
    own.of_items = t->by == GX_TREE_ITEM;
    own.of_campaigns = t->by == GX_TREE_CAMPAIGN;
    GX_TRY(gx_log_read(&log, call, &own, err));
    t->told = log.told;
    gx_job_stage(job, "trees", 0);
    GX_TRY(sort_acts(&all, &count, &log, t->by, job, err));
    GX_TRY(take_room(t, 2 * count, err));
    GX_TRY(gx_job_alloc(job, &m.node_of, users, sizeof *m.node_of, err));
    GX_TRY(gx_job_alloc(job, &m.forest_of, users, sizeof *m.forest_of, err));
    GX_TRY(gx_job_alloc(job, &m.via_of, users, sizeof *m.via_of, err));
    GX_TRY(gx_job_alloc(job, &m.via_forest, users, sizeof *m.via_forest, err));
    GX_TRY(gx_job_alloc(job, &m.back_from, count, sizeof *m.back_from, err));
    GX_TRY(gx_job_alloc(job, &m.back_to, count, sizeof *m.back_to, err));
    GX_TRY(grow(&m, &log, all, count, err));
    GX_TRY(count_unrecorded(t, call, err));
    GX_TRY(gx_forest_make(&t->forest, t->parent, t->count, job, err));
    for (uint64_t i = 0; i < m.backs; i++) {
        t->cycles += gx_forest_below(&t->forest, m.back_to[i], m.back_from[i]);
    }
done:
    gx_log_finish(&log);
    gx_job_free(job, all);
    gx_job_free(job, m.node_of);
    gx_job_free(job, m.forest_of);
    gx_job_free(job, m.via_of);
    gx_job_free(job, m.via_forest);
    gx_job_free(job, m.back_from);
    gx_job_free(job, m.back_to);
    return status;
}

/* ---- invites -------------------------------------------------------------------------------- */

enum { OUTSIDE, INVITER, INSIDE };

/* Who joined inside the time, or at a time not known; and who invited one of these, whom there is
 * no tree without. Forgotten members are outside. */
static void choose_invited(uint8_t *part, const gx_invites *in, const gx_log_spec *spec) {
    for (uint32_t u = 0; u < in->users; u++) {
        const bool inside =
            in->ts_ms[u] == INT64_MIN || gx__in_window(in->ts_ms[u], spec->from_ms, spec->to_ms);
        part[u] = in->live[u] && inside ? INSIDE : OUTSIDE;
    }
    for (uint32_t u = 0; u < in->users; u++) {
        const uint32_t by = in->by[u];
        if (part[u] == INSIDE && by != GX_NONE && part[by] == OUTSIDE) {
            part[by] = INVITER;
        }
    }
}

/* Nodes in the order that gx_parents_settle gives. Inviters from outside the time are roots without
 * one, as in other trees. */
static void number_invites(gx_trees *t, const gx_invites *in, const uint32_t *order,
                           const uint8_t *part, uint32_t *node_of) {
    for (uint32_t i = 0; i < in->users; i++) {
        const uint32_t u = order[i];
        node_of[u] = GX_NONE;
        if (part[u] == INVITER) {
            node_of[u] = t->count++;
            t->user[node_of[u]] = u;
            t->parent[node_of[u]] = GX_NONE;
            t->ts_ms[node_of[u]] = INT64_MIN;
            t->implied++;
        }
        if (part[u] != INSIDE) {
            continue;
        }
        const uint32_t v = t->count++, by = in->by[u];
        node_of[u] = v;
        t->user[v] = u;
        t->parent[v] = by == GX_NONE ? GX_NONE : node_of[by];
        t->ts_ms[v] = in->ts_ms[u];
        t->undated += in->ts_ms[u] == INT64_MIN;
        t->early += by != GX_NONE && in->ts_ms[u] != INT64_MIN && in->ts_ms[by] > in->ts_ms[u];
    }
}

static gx_status from_invites(gx_trees *t, gx_call_env *call, const gx_log_spec *spec,
                              gx_error *err) {
    gx_job *job = t->job;
    gx_status status;
    gx_log log = {0};
    gx_invites in = {0};
    uint32_t *order = NULL, *node_of = NULL;
    uint8_t *part = NULL;
    GX_TRY(gx_invites_read(&in, call, err));
    GX_TRY(gx_log_read(&log, call, spec, err));
    t->told = log.told;
    t->told.self_via = in.self;
    t->told.unknown_via = in.unknown;
    gx_job_stage(job, "trees", 0);
    GX_TRY(gx_job_alloc(job, &order, in.users, sizeof *order, err));
    GX_TRY(gx_job_alloc(job, &node_of, in.users, sizeof *node_of, err));
    GX_TRY(gx_parents_settle(in.by, order, &t->cycles, in.ts_ms, in.users, job, err));
    GX_TRY(take_room(t, in.users, err));
    GX_TRY(gx_job_alloc(job, &t->first, 2, sizeof *t->first, err));
    GX_TRY(gx_job_alloc(job, &t->key, 1, sizeof *t->key, err));
    GX_TRY(gx_job_alloc(job, &part, in.users, 1, err));
    choose_invited(part, &in, spec);
    number_invites(t, &in, order, part, node_of);
    t->key[0] = GX_NONE;
    t->forests = 1;
    t->first[1] = t->count;
    for (uint64_t i = 0; i < log.count; i++) {
        const gx_log_act *act = &log.acts[i];
        if (act->sale && act->inside && act->user < in.users && node_of[act->user] != GX_NONE) {
            t->sales[node_of[act->user]]++;
            t->revenue[node_of[act->user]] += act->coins;
        }
    }
    GX_TRY(gx_forest_make(&t->forest, t->parent, t->count, job, err));
done:
    gx_log_finish(&log);
    gx_invites_finish(&in);
    gx_job_free(job, part);
    gx_job_free(job, order);
    gx_job_free(job, node_of);
    return status;
}

static gx_status add_circles(gx_trees *t, const gx_state *state, gx_error *err) {
    const uint32_t *of =
        state->arrays ? gx_arrays_get(state->arrays, "leiden.community", GX_U32, state->users)
                      : NULL;
    gx_status status = GX_OK;
    if (!of) {
        return GX_OK;
    }
    GX_TRY(gx_job_alloc(t->job, &t->circle, t->count, sizeof *t->circle, err));
    for (uint32_t v = 0; v < t->count; v++) {
        t->circle[v] = t->user[v] < state->users ? of[t->user[v]] : GX_NONE;
    }
    t->has_circles = true;
done:
    return status;
}

gx_status gx_trees_make(gx_trees *out, gx_call_env *call, gx_tree_by by, const gx_log_spec *spec,
                        gx_error *err) {
    gx_status status;
    gx_trees t = {.job = call->job, .by = by};
    GX_TRY(by == GX_TREE_INVITE ? from_invites(&t, call, spec, err)
                                : from_acts(&t, call, spec, err));
    GX_TRY(add_circles(&t, call->state, err));
    t.facts = (gx_cascade_facts){t.ts_ms, t.circle, t.sales, t.revenue};
    *out = t;
    t = (gx_trees){.job = call->job};
done:
    gx_trees_finish(&t);
    return status;
}

void gx_trees_finish(gx_trees *trees) {
    gx_job *job = trees->job;
    if (job) {
        gx_forest_finish(&trees->forest, job);
        gx_job_free(job, trees->first);
        gx_job_free(job, trees->key);
        gx_job_free(job, trees->user);
        gx_job_free(job, trees->parent);
        gx_job_free(job, trees->circle);
        gx_job_free(job, trees->sales);
        gx_job_free(job, trees->shares);
        gx_job_free(job, trees->ts_ms);
        gx_job_free(job, trees->revenue);
    }
    *trees = (gx_trees){0};
}
