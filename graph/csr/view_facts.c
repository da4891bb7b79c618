/* What members did, counted: what roles are told by. One scan of the events, one of the ties, one
 * of the records of users. */
#include "graph/csr/view.h"

#include <math.h>

typedef enum act { OTHER, LOOK, PURCHASE, SHARE } act;

/* Of one member, while its events go by, oldest first. */
typedef struct recent {
    int64_t hour;
    uint32_t said; /* within it */
    uint32_t item; /* that the vote stands for */
} recent;

typedef struct scan {
    gx_facts *out;
    recent *of; /* members */
    gx_txn *txn;
    const gx_rules *rules;
    act *act; /* by action */
    uint32_t actions;
    int64_t from_ms, to_ms;
    gx_job *job;
    uint64_t seen;
} scan;

static bool is_one_of(gx_slice name, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (gx_slice_is(name, words[i])) {
            return true;
        }
    }
    return false;
}

static gx_status poll(scan *f, gx_error *err) {
    enum { EVERY = 4096 };
    return ++f->seen % EVERY == 0 ? gx_job_step(f->job, f->seen, err) : GX_OK;
}

static gx_status read_actions(scan *f, gx_error *err) {
    static const char *const looks[] = {"view",   "impression", "click", "impression_click",
                                        "search", "read",       "watch"};
    gx_status status = gx_job_alloc(f->job, &f->act, f->actions, sizeof *f->act, err);
    for (uint32_t a = 0; status == GX_OK && a < f->actions; a++) {
        const gx_action_rule *rule = gx_action_rule_of(f->rules, f->txn, a);
        f->act[a] = rule->is_purchase ? PURCHASE
                    : rule->is_share  ? SHARE
                    : is_one_of(gx_word_name(f->txn, GX_SPACE_ACTION, a), looks, GX_COUNT(looks))
                        ? LOOK
                        : OTHER;
    }
    return status;
}

static void add_said(gx_fact *fact, recent *now, const gx_event *event, bool shares) {
    enum { HOUR_MS = 3600000, QUARTER_MS = 900000 };
    const int64_t hour = event->ts_ms / HOUR_MS;
    now->said = fact->said > 0 && now->hour == hour ? now->said + 1 : 1;
    now->hour = hour;
    fact->said++;
    fact->peak = now->said > fact->peak ? now->said : fact->peak;
    fact->rushed += now->said > GX_RUSH ? 1 : now->said == GX_RUSH ? GX_RUSH : 0;
    fact->quarter += event->ts_ms % QUARTER_MS == 0;
    if (shares && event->item != GX_NONE) {
        now->item = fact->same == 0 ? event->item : now->item;
        fact->same += now->item == event->item ? 1 : UINT32_MAX;
    }
}

static gx_status add_event(void *context, const gx_event *event, gx_error *err) {
    scan *f = context;
    if (event->user < f->out->n && event->action < f->actions &&
        gx__in_window(event->ts_ms, f->from_ms, f->to_ms)) {
        gx_fact *fact = &f->out->of[event->user];
        const act did = f->act[event->action];
        fact->events++;
        fact->looks += did == LOOK;
        fact->purchases += did == PURCHASE;
        fact->coupons += did == PURCHASE && event->coupon != GX_NONE;
        fact->shares += did == SHARE;
        if (did == SHARE || did == OTHER) {
            add_said(fact, &f->of[event->user], event, did == SHARE);
        }
        if (did == PURCHASE && event->via < f->out->n && event->via != event->user) {
            f->out->of[event->via].brought++;
        }
        fact->first_ms = event->ts_ms < fact->first_ms ? event->ts_ms : fact->first_ms;
        fact->last_ms = event->ts_ms > fact->last_ms ? event->ts_ms : fact->last_ms;
        f->out->end_ms = event->ts_ms > f->out->end_ms ? event->ts_ms : f->out->end_ms;
    }
    return poll(f, err);
}

static gx_status add_tie(void *context, const gx_tie *tie, gx_error *err) {
    static const char *const answers[] = {"reply", "comment"};
    static const char *const invites[] = {"invite", "refer", "share"};
    scan *f = context;
    const gx_slice kind = gx_word_name(f->txn, GX_SPACE_TIE_KIND, tie->kind);
    if (tie->src < f->out->n && tie->src != tie->dst &&
        (tie->ts_ms == GX_TIME_UNKNOWN || gx__in_window(tie->ts_ms, f->from_ms, f->to_ms))) {
        const double times = tie->weight > 0 ? fmin(ceil((double)tie->weight), 1e6) : 0;
        f->out->of[tie->src].answers +=
            is_one_of(kind, answers, GX_COUNT(answers)) ? (uint32_t)times : 0;
        f->out->of[tie->src].invites +=
            is_one_of(kind, invites, GX_COUNT(invites)) ? (uint32_t)times : 0;
    }
    return poll(f, err);
}

static gx_status add_record(void *context, uint32_t id, const gx_value *fields, gx_error *err) {
    scan *f = context;
    const gx_value *joined = gx_map_get(fields, "joined_at");
    const gx_value *by = gx_map_get(fields, "invited_by");
    if (id < f->out->n && joined && joined->type == GX_INT) {
        f->out->of[id].joined_ms = joined->as.integer;
    }
    if (by && by->type == GX_TEXT) {
        uint32_t who;
        if (gx_word_find(&who, f->txn, GX_SPACE_USER, (gx_slice){by->as.text, by->size}) == GX_OK &&
            who < f->out->n && who != id) {
            f->out->of[who].invites++;
        }
    }
    return poll(f, err);
}

gx_status gx_view_facts(gx_facts *out, gx_txn *txn, const gx_rules *rules, int64_t from_ms,
                        int64_t to_ms, gx_job *job, gx_error *err) {
    gx_facts made = {.n = gx_word_count(txn, GX_SPACE_USER), .end_ms = INT64_MIN};
    scan f = {.out = &made,
              .txn = txn,
              .rules = rules,
              .actions = gx_word_count(txn, GX_SPACE_ACTION),
              .from_ms = from_ms,
              .to_ms = to_ms,
              .job = job};
    gx_status status;
    const uint64_t rows = gx_event_count(txn) + gx_tie_count(txn) + made.n;
    gx_job_stage(job, "reading deeds", rows);
    GX_TRY(gx_job_alloc(job, &made.of, made.n, sizeof *made.of, err));
    GX_TRY(gx_job_alloc(job, &f.of, made.n, sizeof *f.of, err));
    for (uint32_t u = 0; u < made.n; u++) {
        made.of[u] =
            (gx_fact){.joined_ms = GX_TIME_UNKNOWN, .first_ms = INT64_MAX, .last_ms = INT64_MIN};
    }
    GX_TRY(read_actions(&f, err));
    GX_TRY(gx_event_between(txn, INT64_MIN, INT64_MAX, add_event, &f, err));
    GX_TRY(gx_tie_each(txn, add_tie, &f, err));
    GX_TRY(gx_record_each(txn, GX_SPACE_USER, add_record, &f, err));
    gx_job_tick(job, rows);
    *out = made;
    made.of = NULL;
done:
    gx_job_free(job, f.act);
    gx_job_free(job, f.of);
    gx_job_free(job, made.of);
    return status;
}

void gx_facts_finish(gx_facts *facts, gx_job *job) {
    gx_job_free(job, facts->of);
    *facts = (gx_facts){.n = 0};
}
