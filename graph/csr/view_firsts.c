/* Who took and passed on what first: two scans of the events, to count and to fill. */
#include "graph/csr/signal.h"

enum { POLL_EVERY = 1 << 14 };

typedef struct scan {
    gx_txn *txn;
    const gx_rules *rules;
    gx_job *job;
    uint64_t seen;
    uint64_t bought, spoken,
        shared;          /* counts of purchases, of other words for an item, of shares */
    bool buys;           /* takes are purchases */
    gx_first_event *out; /* NULL while counting */
    uint64_t count;
} scan;

static void put(scan *s, const gx_event *event, bool passes) {
    s->out[s->count++] = (gx_first_event){.ts_ms = event->ts_ms,
                                          .user = event->user,
                                          .item = event->item,
                                          .via = event->via,
                                          .passes = passes};
}

static gx_status visit(void *context, const gx_event *event, gx_error *err) {
    scan *s = context;
    if (event->item != GX_NONE) {
        const gx_action_rule *rule = gx_action_rule_of(s->rules, s->txn, event->action);
        const bool share = rule->is_share, buy = rule->is_purchase;
        const bool speaks = !share && !buy && gx_event_weight(rule, event->value) > 0;
        if (!s->out) {
            s->shared += share;
            s->bought += buy;
            s->spoken += speaks;
        } else if (share || (s->buys ? buy : speaks)) {
            put(s, event, share);
        }
    }
    return ++s->seen % POLL_EVERY == 0 ? gx_job_step(s->job, s->seen, err) : GX_OK;
}

typedef struct joining {
    int64_t *since; /* users */
    uint32_t users;
    uint64_t seen;
    gx_job *job;
} joining;

static gx_status note_joined(void *context, uint32_t user, const gx_value *fields, gx_error *err) {
    joining *j = context;
    const gx_value *at = gx_map_get(fields, "joined_at");
    if (user < j->users && at && at->type == GX_INT) {
        j->since[user] = at->as.integer;
    }
    return ++j->seen % POLL_EVERY == 0 ? gx_job_check(j->job, err) : GX_OK;
}

static gx_status read_joined(joining *j, gx_txn *txn, gx_error *err) {
    gx_status status = gx_job_alloc(j->job, &j->since, j->users, sizeof *j->since, err);
    for (uint32_t v = 0; status == GX_OK && v < j->users; v++) {
        j->since[v] = INT64_MIN;
    }
    return status == GX_OK ? gx_record_each(txn, GX_SPACE_USER, note_joined, j, err) : status;
}

gx_status gx_view_firsts(gx_firsts *out, gx_txn *txn, const gx_rules *rules, int64_t from_ms,
                         int64_t to_ms, gx_job *job, gx_error *err) {
    const bool whole = from_ms == 0 && to_ms == 0;
    const int64_t from = whole ? INT64_MIN : from_ms, to = whole || !to_ms ? INT64_MAX : to_ms;
    gx_status status;
    gx_first_event *events = NULL;
    scan s = {.txn = txn, .rules = rules, .job = job};
    joining j = {.users = gx_word_count(txn, GX_SPACE_USER), .job = job};
    gx_job_stage(job, "reading who took what first", whole ? 2 * gx_event_count(txn) : 0);
    GX_TRY(gx_event_between(txn, from, to, visit, &s, err));
    s.buys = s.bought > 0;
    GX_TRY(
        gx_job_alloc(job, &events, s.shared + (s.buys ? s.bought : s.spoken), sizeof *events, err));
    s.out = events;
    if (s.shared + s.bought + s.spoken > 0) {
        GX_TRY(gx_event_between(txn, from, to, visit, &s, err));
    }
    gx_job_tick(job, whole ? 2 * gx_event_count(txn) : s.seen);
    GX_TRY(read_joined(&j, txn, err));
    GX_TRY(gx_firsts_build(out, j.users, gx_word_count(txn, GX_SPACE_ITEM), j.since, s.count,
                           events, job, err));
done:
    gx_job_free(job, j.since);
    gx_job_free(job, events);
    return status;
}
