/* Events, returns and invites as arrays. */
#include "api/referral/log.h"

#include "api/eval/eval.h"
#include "api/vector.h"
#include "graph/csr/signal.h"

#include <math.h>
#include <stdlib.h>

enum { LOOK_EVERY = 1 << 14 };

/* How many rows have been read, and whose job may be cancelled meanwhile. */
typedef struct pace {
    gx_job *job;
    uint64_t seen;
} pace;

static gx_status look(pace *p, gx_error *err) {
    return ++p->seen % LOOK_EVERY == 0 ? gx_job_step(p->job, p->seen, err) : GX_OK;
}

/* ---- members with a name --------------------------------------------------------------------- */

typedef struct naming {
    pace pace;
    uint8_t *live;
    uint32_t users;
} naming;

static gx_status take_name(void *user, uint32_t id, gx_slice word, gx_error *err) {
    naming *n = user;
    (void)word;
    if (id < n->users) {
        n->live[id] = 1;
    }
    return look(&n->pace, err);
}

/* *out: 1 for each member with a name; the job's. */
static gx_status read_names(uint8_t **out, uint32_t users, gx_call_env *call, gx_error *err) {
    gx_status status;
    naming n = {.pace.job = call->job, .users = users};
    GX_TRY(gx_job_alloc(call->job, out, users, sizeof **out, err));
    n.live = *out;
    GX_TRY(gx_word_each(call->txn, GX_SPACE_USER, take_name, &n, err));
done:
    return status;
}

/* ---- events ---------------------------------------------------------------------------------- */

typedef struct reading {
    gx_call_env *call;
    const gx_log_spec *spec;
    const gx_rules *rules;
    vector acts, ids;
    bool *joins;    /* by action */
    uint8_t *sells; /* by action: 1 a purchase, 2 takes one back, 4 a share */
    uint32_t actions;
    uint8_t *live; /* members with a name */
    uint32_t users;
    pace pace;
    uint64_t held; /* bytes of acts and ids, counted against the job */
    gx_log_told told;
} reading;

static bool is_spread(const gx_action_rule *rule) {
    return rule->is_purchase || rule->is_share;
}

enum { SELLS = 1, TAKES_BACK = 2, TRADES = SELLS | TAKES_BACK, SHARES = 4 };

static gx_status choose_actions(reading *r, gx_error *err) {
    static const gx_value none = {.type = GX_NIL};
    gx_txn *txn = r->call->txn;
    gx_job *job = r->call->job;
    gx_status status;
    GX_TRY(gx_actions_choose(&r->joins, &r->actions, txn, r->rules,
                             r->spec->actions ? r->spec->actions : &none, is_spread, job, err));
    GX_TRY(gx_job_alloc(job, &r->sells, r->actions, sizeof *r->sells, err));
    for (uint32_t a = 0; a < r->actions; a++) {
        const gx_action_rule *rule = gx_action_rule_of(r->rules, txn, a);
        const char *undoes = rule->undoes;
        const bool back = undoes[0] && (strcmp(undoes, GX_UNDOES_PURCHASE) == 0 ||
                                        gx_action_rule_named(r->rules, undoes)->is_purchase);
        r->sells[a] = (uint8_t)((rule->is_purchase ? SELLS : 0) | (back ? TAKES_BACK : 0) |
                                (rule->is_share ? SHARES : 0));
    }
done:
    return status;
}

/* Room for `more` entries behind those of the vector. */
static gx_status make_room(reading *r, vector *v, size_t more, gx_error *err) {
    gx_status status = GX_OK;
    if (v->count + more > v->capacity) {
        const size_t capacity = v->capacity * 2 + more + 64;
        const uint64_t bytes = (capacity - v->capacity) * v->size;
        GX_TRY(gx_job_charge(r->call->job, bytes, err));
        r->held += bytes;
        if (!vector_room(v, capacity)) {
            GX_TRY(gx_fail_memory(err, capacity * v->size));
        }
    }
done:
    return status;
}

/* 0: the empty text. */
static gx_status keep_id(uint64_t *out, reading *r, gx_slice id, gx_error *err) {
    const size_t size = id.size + 1;
    *out = 0;
    if (id.size == 0) {
        return GX_OK;
    }
    gx_status status = make_room(r, &r->ids, size, err);
    if (status != GX_OK) {
        return status;
    }
    char *at = (char *)r->ids.data + r->ids.count;
    memcpy(at, id.data, id.size);
    at[id.size] = '\0';
    *out = r->ids.count;
    r->ids.count += size;
    return GX_OK;
}

static int64_t coins_of(reading *r, double amount) {
    int64_t coins = 0;
    if (isnan(amount)) {
        r->told.no_amount++;
    } else if (!gx_coins_of(&coins, amount, r->spec->decimals) || coins < 0 ||
               coins >= GX_SALE_COINS_MAX) {
        r->told.bad_amount++;
        coins = 0;
    }
    return coins;
}

static gx_status take_event(void *user, const gx_event *e, gx_error *err) {
    reading *r = user;
    const gx_log_spec *spec = r->spec;
    gx_status status;
    if (e->action >= r->actions || e->user >= r->users || !r->live[e->user]) {
        return look(&r->pace, err);
    }
    gx_log_act act = {.ts_ms = e->ts_ms,
                      .user = e->user,
                      .item = e->item,
                      .action = e->action,
                      .via = e->via,
                      .campaign = e->campaign,
                      .inside = gx__in_window(e->ts_ms, spec->from_ms, spec->to_ms) &&
                                (spec->item == GX_NONE || e->item == spec->item) &&
                                (spec->campaign == GX_NONE || e->campaign == spec->campaign),
                      .joins = r->joins[e->action],
                      .share = r->sells[e->action] & SHARES,
                      .sale = r->sells[e->action] & SELLS};
    const bool counts = act.inside && (!spec->of_items || e->item != GX_NONE) &&
                        (!spec->of_campaigns || e->campaign != GX_NONE);
    if (act.via == act.user) {
        r->told.self_via += counts;
        act.via = GX_NONE;
    } else if (act.via != GX_NONE && (act.via >= r->users || !r->live[act.via])) {
        r->told.unknown_via += counts;
        act.via = GX_NONE;
    }
    if (act.via == GX_NONE && !act.joins && !(r->sells[e->action] & TRADES)) {
        return look(&r->pace, err);
    }
    GX_TRY(make_room(r, &r->acts, 1, err));
    act.coins = act.sale && act.inside ? coins_of(r, e->amount) : 0;
    GX_TRY(keep_id(&act.id, r, spec->ids && act.sale ? e->event_id : (gx_slice){0}, err));
    ((gx_log_act *)r->acts.data)[r->acts.count++] = act;
    return look(&r->pace, err);
done:
    return status;
}

/* ---- purchases that stand ------------------------------------------------------------------ */

typedef struct waiting {
    uint32_t user, item;
    uint32_t order; /* into acts */
} waiting;

static int by_user_item(const void *a, const void *b) {
    const waiting *x = a, *y = b;
    if (x->user != y->user) {
        return x->user < y->user ? -1 : 1;
    }
    if (x->item != y->item) {
        return x->item < y->item ? -1 : 1;
    }
    return (x->order > y->order) - (x->order < y->order);
}

static void settle_run(reading *r, gx_deed *deeds, const waiting *run, size_t count) {
    gx_log_act *acts = r->acts.data;
    gx_signal signal;
    for (size_t k = 0; k < count; k++) {
        const gx_log_act *act = &acts[run[k].order];
        const gx_event_core core = {.ts_ms = act->ts_ms,
                                    .user = act->user,
                                    .item = act->item,
                                    .action = act->action,
                                    .value = NAN};
        deeds[k] =
            gx_deed_of(&core, gx_action_rule_of(r->rules, r->call->txn, act->action), (uint32_t)k);
    }
    gx_signal_make(&signal, deeds, count, 0, false);
    for (size_t k = 0; k < count; k++) {
        gx_log_act *act = &acts[run[deeds[k].order].order];
        act->returned = act->sale && deeds[k].undone;
        act->sale = act->sale && !deeds[k].undone;
    }
}

/* Behind the last of those of one member and item that begin at `from`. */
static uint64_t run_end(const waiting *all, uint64_t from, uint64_t count) {
    uint64_t end = from + 1;
    while (end < count && all[end].user == all[from].user && all[end].item == all[from].item) {
        end++;
    }
    return end;
}

/* A purchase, or what takes one back, of some item. */
static bool waits(const reading *r, const gx_log_act *act) {
    return (r->sells[act->action] & TRADES) != 0 && act->item != GX_NONE;
}

/* Where nothing was taken back, every purchase stands. */
static gx_status settle_sales(reading *r, gx_error *err) {
    const gx_log_act *acts = r->acts.data;
    gx_job *job = r->call->job;
    gx_status status = GX_OK;
    waiting *all = NULL;
    gx_deed *deeds = NULL;
    uint64_t count = 0, longest = 0;
    bool back = false;
    for (uint64_t i = 0; i < r->acts.count; i++) {
        count += waits(r, &acts[i]);
        back |= (r->sells[acts[i].action] & TAKES_BACK) != 0;
    }
    if (!back) {
        return GX_OK;
    }
    GX_TRY(gx_job_alloc(job, &all, count, sizeof *all, err));
    count = 0;
    for (uint64_t i = 0; i < r->acts.count; i++) {
        if (waits(r, &acts[i])) {
            all[count++] = (waiting){acts[i].user, acts[i].item, (uint32_t)i};
        }
    }
    if (count > 1) {
        qsort(all, count, sizeof *all, by_user_item);
    }
    for (uint64_t from = 0, end; from < count; from = end) {
        end = run_end(all, from, count);
        longest = end - from > longest ? end - from : longest;
    }
    GX_TRY(gx_job_alloc(job, &deeds, longest, sizeof *deeds, err));
    for (uint64_t from = 0, end; from < count; from = end) {
        end = run_end(all, from, count);
        settle_run(r, deeds, all + from, end - from);
        GX_TRY(look(&r->pace, err));
    }
done:
    gx_job_free(job, all);
    gx_job_free(job, deeds);
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------ */

gx_status gx_log_read(gx_log *out, gx_call_env *call, const gx_log_spec *spec, gx_error *err) {
    gx_job *job = call->job;
    gx_status status;
    reading r = {.call = call, .spec = spec, .rules = &call->state->rules, .pace.job = job};
    r.acts.size = sizeof(gx_log_act);
    r.ids.size = 1;
    r.users = gx_word_count(call->txn, GX_SPACE_USER);
    gx_job_stage(job, "reading the log", r.users + gx_event_count(call->txn));
    GX_TRY(choose_actions(&r, err));
    GX_TRY(read_names(&r.live, r.users, call, err));
    GX_TRY(make_room(&r, &r.ids, 1, err));
    ((char *)r.ids.data)[r.ids.count++] = '\0';
    GX_TRY(gx_event_between(call->txn, INT64_MIN, INT64_MAX, take_event, &r, err));
    gx_job_tick(job, r.users + gx_event_count(call->txn));
    if (r.acts.count >= GX_NONE) {
        GX_TRY(gx_fail(err, GX_OVER_LIMIT, "%llu events were kept; at most %u can be",
                       (unsigned long long)r.acts.count, GX_NONE - 1));
    }
    GX_TRY(settle_sales(&r, err));
    *out = (gx_log){job, r.held, r.acts.data, r.acts.count, r.ids.data, r.told};
    r.acts.data = r.ids.data = NULL;
    r.held = 0;
done:
    gx_free(r.acts.data);
    gx_free(r.ids.data);
    gx_job_refund(job, r.held);
    gx_job_free(job, r.joins);
    gx_job_free(job, r.sells);
    gx_job_free(job, r.live);
    return status;
}

void gx_log_finish(gx_log *log) {
    gx_free(log->acts);
    gx_free(log->ids);
    if (log->job) {
        gx_job_refund(log->job, log->held);
    }
    *log = (gx_log){0};
}

/* ---- invites -------------------------------------------------------------------------------- */

typedef struct inviting {
    gx_call_env *call;
    gx_invites *in;
    uint32_t kind; /* GX_NONE: no tie is an invite */
    pace pace;
    bool *by_record; /* members */
} inviting;

static gx_status take_record(void *user, uint32_t id, const gx_value *fields, gx_error *err) {
    inviting *r = user;
    gx_invites *in = r->in;
    const gx_value *by = gx_map_get(fields, "invited_by");
    const gx_value *joined = gx_map_get(fields, "joined_at");
    if (id >= in->users || !in->live[id]) {
        return look(&r->pace, err);
    }
    if (joined && joined->type == GX_INT) {
        in->ts_ms[id] = joined->as.integer;
    }
    if (by && by->type == GX_TEXT && by->size) {
        uint32_t who;
        r->by_record[id] = true;
        if (gx_word_find(&who, r->call->txn, GX_SPACE_USER, (gx_slice){by->as.text, by->size}) !=
                GX_OK ||
            who >= in->users || !in->live[who]) {
            in->unknown++;
        } else if (who == id) {
            in->self++;
        } else {
            in->by[id] = who;
        }
    }
    return look(&r->pace, err);
}

static gx_status take_tie(void *user, const gx_tie *tie, gx_error *err) {
    inviting *r = user;
    gx_invites *in = r->in;
    if (tie->kind != r->kind || tie->dst >= in->users || tie->src >= in->users ||
        !in->live[tie->src] || !in->live[tie->dst] || r->by_record[tie->dst]) {
        return look(&r->pace, err);
    }
    if (tie->src == tie->dst) {
        in->self++;
        return look(&r->pace, err);
    }
    /* Ties come by rising src: of equal times the first stays. A known time beats none. */
    int64_t *best = &in->ts_ms[tie->dst];
    const bool first = in->by[tie->dst] == GX_NONE;
    const bool earlier = tie->ts_ms != INT64_MIN && (*best == INT64_MIN || tie->ts_ms < *best);
    if (first || earlier) {
        in->by[tie->dst] = tie->src;
        *best = tie->ts_ms;
    }
    return look(&r->pace, err);
}

gx_status gx_invites_read(gx_invites *out, gx_call_env *call, gx_error *err) {
    gx_job *job = call->job;
    gx_status status;
    gx_invites in = {.job = job, .users = gx_word_count(call->txn, GX_SPACE_USER)};
    inviting r = {.call = call, .in = &in, .kind = GX_NONE, .pace.job = job};
    int64_t *joined = NULL;
    gx_job_stage(job, "reading invites", in.users + gx_tie_count(call->txn));
    GX_TRY(gx_job_alloc(job, &in.by, in.users, sizeof *in.by, err));
    GX_TRY(gx_job_alloc(job, &in.ts_ms, in.users, sizeof *in.ts_ms, err));
    GX_TRY(gx_job_alloc(job, &r.by_record, in.users, sizeof *r.by_record, err));
    GX_TRY(gx_job_alloc(job, &joined, in.users, sizeof *joined, err));
    for (uint32_t u = 0; u < in.users; u++) {
        in.by[u] = GX_NONE;
        in.ts_ms[u] = INT64_MIN;
    }
    GX_TRY(read_names(&in.live, in.users, call, err));
    GX_TRY(gx_record_each(call->txn, GX_SPACE_USER, take_record, &r, err));
    if (gx_word_find(&r.kind, call->txn, GX_SPACE_TIE_KIND, gx_slice_of("invite")) == GX_OK) {
        for (uint32_t u = 0; u < in.users; u++) {
            joined[u] = in.ts_ms[u];
            in.ts_ms[u] = r.by_record[u] ? in.ts_ms[u] : INT64_MIN;
        }
        GX_TRY(gx_tie_each(call->txn, take_tie, &r, err));
        for (uint32_t u = 0; u < in.users; u++) {
            in.ts_ms[u] = joined[u] == INT64_MIN ? in.ts_ms[u] : joined[u];
        }
    }
    *out = in;
    in = (gx_invites){.job = job};
done:
    gx_job_free(job, joined);
    gx_job_free(job, r.by_record);
    gx_invites_finish(&in);
    return status;
}

void gx_invites_finish(gx_invites *invites) {
    if (invites->job) {
        gx_job_free(invites->job, invites->by);
        gx_job_free(invites->job, invites->ts_ms);
        gx_job_free(invites->job, invites->live);
    }
    *invites = (gx_invites){0};
}
