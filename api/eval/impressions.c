/* Impressions are read once, sorted by member and request, and joined with one scan of the events:
 * an event is credited to the member's latest impression of the item before it. */
#include "api/eval/impressions.h"

#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

typedef struct shown {
    int64_t ts_ms;
    uint64_t request; /* hash of its id */
    uint32_t user, item, place;
    float propensity;
} shown;

typedef struct reader {
    gx_call_env *call;
    const gx_impressions_asked *asked;
    gx_impressions *out;
    gx_txn *txn;
    shown *shown;
    uint64_t capacity, seen;
    uint64_t *order; /* of the rows, by member, item and time */
    bool *counts;    /* by action */
    bool *against;   /* by action: an event of it takes a reward back */
    uint32_t actions;
} reader;

enum { POLL_EVERY = 1 << 14 };

static bool is_named(const gx_value *list, gx_slice name) {
    if (list->type != GX_LIST) {
        return true;
    }
    for (uint32_t i = 0; i < list->size; i++) {
        const gx_value *one = &list->as.items[i];
        if (gx_slice_equal(name, (gx_slice){one->as.text, one->size})) {
            return true;
        }
    }
    return false;
}

static gx_status take_impression(void *user, const gx_impression *row, gx_error *err) {
    reader *r = user;
    gx_impressions *out = r->out;
    if (++r->seen % POLL_EVERY == 0) {
        gx_status status = gx_job_step(r->call->job, r->seen, err);
        if (status != GX_OK) {
            return status;
        }
    }
    if (row->ts_ms < r->asked->since_ms || row->ts_ms >= r->asked->until_ms ||
        !is_named(r->asked->arms, row->arm)) {
        return GX_OK;
    }
    out->asked++;
    if (isnan(row->propensity)) {
        out->without++;
    } else if (!(row->propensity > 0 && row->propensity <= 1)) {
        out->outside++;
    } else if (out->count < r->capacity) {
        r->shown[out->count++] =
            (shown){.ts_ms = row->ts_ms,
                    .request = XXH3_64bits(row->request_id.data, row->request_id.size),
                    .user = row->user,
                    .item = row->item,
                    .place = row->pos,
                    .propensity = row->propensity};
    }
    return GX_OK;
}

static int compare(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int by_request(const void *a, const void *b) {
    const shown *x = a, *y = b;
    const int user = compare(x->user, y->user), request = compare(x->request, y->request);
    return user ? user : request ? request : compare(x->place, y->place);
}

static int by_item(const void *a, const void *b, void *ctx) {
    const shown *all = ctx, *x = &all[*(const uint64_t *)a], *y = &all[*(const uint64_t *)b];
    const int user = compare(x->user, y->user), item = compare(x->item, y->item);
    const int time = (x->ts_ms > y->ts_ms) - (x->ts_ms < y->ts_ms);
    return user ? user : item ? item : time;
}

/* ---- rewards ----------------------------------------------------------------------------------
 */

static bool is_positive(const gx_action_rule *rule) {
    return rule->weight > 0;
}

/* What was asked for by name is the reward, and takes none back. */
static gx_status choose_actions(reader *r, gx_error *err) {
    const gx_rules *rules = &r->call->state->rules;
    gx_job *job = r->call->job;
    gx_status status;
    GX_TRY(gx_actions_choose(&r->counts, &r->actions, r->txn, rules, r->asked->actions, is_positive,
                             job, err));
    GX_TRY(gx_job_alloc(job, &r->against, r->actions, sizeof *r->against, err));
    for (uint32_t a = 0; a < r->actions; a++) {
        const gx_action_rule *rule = gx_action_rule_of(rules, r->txn, a);
        r->against[a] =
            !r->counts[a] && (rule->weight < 0 || strcmp(rule->undoes, GX_UNDOES_PURCHASE) == 0);
    }
done:
    return status;
}

/* The latest impression of the item for the member at or before the time; UINT64_MAX: none. */
static uint64_t latest(const reader *r, const gx_event_core *event) {
    uint64_t low = 0, high = r->out->count; /* rows in `order` before `low` are not after it */
    while (low < high) {
        const uint64_t at = low + (high - low) / 2;
        const shown *s = &r->shown[r->order[at]];
        const int user = compare(s->user, event->user), item = compare(s->item, event->item);
        const bool after = user ? user > 0 : item ? item > 0 : s->ts_ms > event->ts_ms;
        if (after) {
            high = at;
        } else {
            low = at + 1;
        }
    }
    if (low == 0) {
        return UINT64_MAX;
    }
    const shown *s = &r->shown[r->order[low - 1]];
    return s->user == event->user && s->item == event->item ? r->order[low - 1] : UINT64_MAX;
}

static gx_status take_events(void *user, const gx_event_core *events, size_t count, gx_error *err) {
    (void)err;
    reader *r = user;
    for (size_t i = 0; i < count; i++) {
        const gx_event_core *event = &events[i];
        if (event->item == GX_NONE || event->action >= r->actions ||
            !(r->counts[event->action] || r->against[event->action])) {
            continue;
        }
        const uint64_t row = latest(r, event);
        if (row != UINT64_MAX && event->ts_ms - r->shown[row].ts_ms <= r->asked->window_ms) {
            const double reward = r->counts[event->action] ? 1 : 0;
            r->out->rewards += reward > r->out->rows[row].reward;
            r->out->rewards -= reward < r->out->rows[row].reward;
            r->out->rows[row].reward = reward;
        }
    }
    return GX_OK;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static void fill_rows(reader *r) {
    gx_impressions *out = r->out;
    uint32_t places = 0;
    out->first_ms = INT64_MAX;
    for (uint64_t k = 0; k < out->count; k++) {
        const shown *s = &r->shown[k], *before = k ? &r->shown[k - 1] : NULL;
        const bool member = !before || before->user != s->user;
        const bool request = member || before->request != s->request;
        out->members += member;
        out->requests += request;
        places = request ? 1 : places + 1;
        out->longest = places > out->longest ? places : out->longest;
        out->deepest = s->place >= out->deepest ? (uint64_t)s->place + 1 : out->deepest;
        out->first_ms = s->ts_ms < out->first_ms ? s->ts_ms : out->first_ms;
        r->order[k] = k;
        out->rows[k] = (gx_logged){.user = s->user,
                                   .item = s->item,
                                   .place = s->place,
                                   .request = (uint32_t)out->requests,
                                   .propensity = (double)s->propensity};
    }
}

static gx_status read_all(reader *r, gx_error *err) {
    gx_job *job = r->call->job;
    gx_impressions *out = r->out;
    gx_status status;
    r->capacity = gx_impression_count(r->txn);
    gx_job_stage(job, "reading impressions", r->capacity);
    GX_TRY(choose_actions(r, err));
    GX_TRY(gx_job_alloc(job, &r->shown, r->capacity, sizeof *r->shown, err));
    GX_TRY(gx_impression_each(r->txn, take_impression, r, err));
    GX_TRY(gx_job_alloc(job, &out->rows, out->count, sizeof *out->rows, err));
    GX_TRY(gx_job_alloc(job, &r->order, out->count, sizeof *r->order, err));
    if (out->count) {
        qsort(r->shown, out->count, sizeof *r->shown, by_request);
        fill_rows(r);
        qsort_r(r->order, out->count, sizeof *r->order, by_item, r->shown);
    }
    GX_TRY(gx_view_scan(r->txn, "reading what was done", take_events, r, job, err));
done:
    return status;
}

gx_status gx_impressions_read(gx_impressions *out, gx_call_env *call,
                              const gx_impressions_asked *asked, gx_error *err) {
    reader r = {.call = call, .asked = asked, .out = out};
    *out = (gx_impressions){0};
    gx_status status = gx_txn_read(&r.txn, call->db->store, err);
    if (status == GX_OK) {
        status = read_all(&r, err);
    }
    gx_txn_abort(r.txn);
    gx_job_free(call->job, r.shown);
    gx_job_free(call->job, r.order);
    gx_job_free(call->job, r.counts);
    gx_job_free(call->job, r.against);
    if (status != GX_OK) {
        gx_impressions_finish(out, call->job);
    }
    return status;
}

void gx_impressions_finish(gx_impressions *impressions, gx_job *job) {
    gx_job_free(job, impressions->rows);
    *impressions = (gx_impressions){0};
}
