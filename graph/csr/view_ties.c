/* What else a store knows about two members: when they were last tied, what they did to each other,
 * and the groups they are in, as sparse matrices. Two scans each, to count and to fill. */
#include "graph/csr/view.h"

enum { POLL_EVERY = 1 << 14 };

typedef struct pairs {
    gx_txn *txn;
    const gx_rules *rules;
    gx_job *job;
    int64_t from_ms, to_ms; /* 0, 0: no window */
    uint64_t seen, count;
    uint32_t *row, *col; /* NULL while counting */
    int64_t *ts;
    float *value;
} pairs;

static gx_status poll(pairs *p, gx_error *err) {
    return ++p->seen % POLL_EVERY == 0 ? gx_job_step(p->job, p->seen, err) : GX_OK;
}

static void add_pair(pairs *p, uint32_t row, uint32_t col, int64_t ts_ms, float value) {
    if (p->row) {
        p->row[p->count] = row;
        p->col[p->count] = col;
    }
    if (p->ts) {
        p->ts[p->count] = ts_ms;
    }
    if (p->value) {
        p->value[p->count] = value;
    }
    p->count++;
}

/* Room for as many as were counted, with their times or with their values. */
static gx_status take_pairs(pairs *p, bool timed, gx_error *err) {
    gx_status status;
    const uint64_t count = p->count;
    p->count = 0;
    GX_TRY(gx_job_alloc(p->job, &p->row, count, sizeof *p->row, err));
    GX_TRY(gx_job_alloc(p->job, &p->col, count, sizeof *p->col, err));
    if (timed) {
        GX_TRY(gx_job_alloc(p->job, &p->ts, count, sizeof *p->ts, err));
    } else {
        GX_TRY(gx_job_alloc(p->job, &p->value, count, sizeof *p->value, err));
    }
done:
    return status;
}

static void give_pairs(pairs *p) {
    gx_job_free(p->job, p->row);
    gx_job_free(p->job, p->col);
    gx_job_free(p->job, p->ts);
    gx_job_free(p->job, p->value);
}

static gx_status add_tie(void *context, const gx_tie *tie, gx_error *err) {
    pairs *p = context;
    if (gx_kind_rule_of(p->rules, p->txn, tie->kind)->weight > 0 && tie->ts_ms != GX_TIME_UNKNOWN &&
        gx__in_window(tie->ts_ms, p->from_ms, p->to_ms) && tie->src != tie->dst) {
        add_pair(p, tie->src, tie->dst, tie->ts_ms, 1);
        add_pair(p, tie->dst, tie->src, tie->ts_ms, 1);
    }
    return poll(p, err);
}

gx_status gx_view_times(gx_matrix *out, gx_txn *txn, const gx_rules *rules, int64_t from_ms,
                        int64_t to_ms, gx_job *job, gx_error *err) {
    gx_status status;
    pairs p = {.txn = txn, .rules = rules, .job = job, .from_ms = from_ms, .to_ms = to_ms};
    const uint32_t users = gx_word_count(txn, GX_SPACE_USER);
    gx_job_stage(job, "reading times of ties", 2 * gx_tie_count(txn));
    GX_TRY(gx_tie_each(txn, add_tie, &p, err));
    GX_TRY(take_pairs(&p, true, err));
    GX_TRY(gx_tie_each(txn, add_tie, &p, err));
    gx_job_tick(job, p.seen);
    GX_TRY(gx_matrix_build(out, users, users, p.count, p.row, p.col, NULL, p.ts, job, err));
done:
    give_pairs(&p);
    return status;
}

/* ---- interactions -------------------------------------------------------------------------- */

static void add_acts(pairs *p, uint32_t row, uint32_t col, int64_t ts_ms, float count) {
    if (row != col && count > 0 &&
        (ts_ms == GX_TIME_UNKNOWN || gx__in_window(ts_ms, p->from_ms, p->to_ms))) {
        add_pair(p, row, col, ts_ms, count);
    }
}

static gx_status add_tie_acts(void *context, const gx_tie *tie, gx_error *err) {
    pairs *p = context;
    if (gx_kind_rule_of(p->rules, p->txn, tie->kind)->acts) {
        add_acts(p, tie->src, tie->dst, tie->ts_ms, tie->weight);
    }
    return poll(p, err);
}

static gx_status add_event_acts(void *context, const gx_event *event, gx_error *err) {
    pairs *p = context;
    if (event->via != GX_NONE) {
        add_acts(p, event->user, event->via, event->ts_ms, 1);
    }
    return poll(p, err);
}

static gx_status scan_acts(pairs *p, gx_error *err) {
    gx_status status = gx_tie_each(p->txn, add_tie_acts, p, err);
    return status == GX_OK ? gx_event_between(p->txn, INT64_MIN, INT64_MAX, add_event_acts, p, err)
                           : status;
}

gx_status gx_view_interactions(gx_matrix *out, gx_txn *txn, const gx_rules *rules, int64_t from_ms,
                               int64_t to_ms, gx_job *job, gx_error *err) {
    gx_status status;
    pairs p = {.txn = txn, .rules = rules, .job = job, .from_ms = from_ms, .to_ms = to_ms};
    const uint32_t users = gx_word_count(txn, GX_SPACE_USER);
    gx_job_stage(job, "reading interactions", 2 * (gx_tie_count(txn) + gx_event_count(txn)));
    GX_TRY(scan_acts(&p, err));
    GX_TRY(take_pairs(&p, false, err));
    GX_TRY(scan_acts(&p, err));
    gx_job_tick(job, p.seen);
    GX_TRY(gx_matrix_build(out, users, users, p.count, p.row, p.col, p.value, NULL, job, err));
done:
    give_pairs(&p);
    return status;
}

/* ---- groups -------------------------------------------------------------------------------- */

static bool is_host(gx_slice role) {
    const char *const hosts[] = {"owner", "host", "admin", "moderator"};
    for (size_t i = 0; i < GX_COUNT(hosts); i++) {
        if (gx_slice_is(role, hosts[i])) {
            return true;
        }
    }
    return false;
}

/* What a member of a group counts, and a host. */
static const float PLAIN = 1, HOST = 2;

/* At the end of the window, or now. */
static bool is_member(const pairs *p, const gx_membership *member) {
    const bool windowed = p->from_ms != 0 || p->to_ms != 0;
    const bool left = member->left_ms != GX_TIME_UNKNOWN;
    const bool later =
        windowed && member->joined_ms != GX_TIME_UNKNOWN && member->joined_ms >= p->to_ms;
    return !later && (!left || (windowed && member->left_ms >= p->to_ms));
}

static gx_status add_membership(void *context, const gx_membership *member, gx_error *err) {
    pairs *p = context;
    if (is_member(p, member)) {
        add_pair(p, member->user, member->group, 0, is_host(member->role) ? HOST : PLAIN);
    }
    return poll(p, err);
}

static gx_status add_owner(void *context, uint32_t group, const gx_value *record, gx_error *err) {
    pairs *p = context;
    const gx_value *owner = gx_map_get(record, "owner");
    uint32_t user;
    if (owner && owner->type == GX_TEXT &&
        gx_word_find(&user, p->txn, GX_SPACE_USER, (gx_slice){owner->as.text, owner->size}) ==
            GX_OK) {
        add_pair(p, user, group, 0, HOST);
    }
    return poll(p, err);
}

static gx_status add_places(pairs *p, gx_error *err) {
    gx_status status = gx_member_each(p->txn, add_membership, p, err);
    return status == GX_OK ? gx_record_each(p->txn, GX_SPACE_GROUP, add_owner, p, err) : status;
}

gx_status gx_view_groups(gx_matrix *out, gx_txn *txn, int64_t from_ms, int64_t to_ms, gx_job *job,
                         gx_error *err) {
    gx_status status;
    pairs p = {.txn = txn, .job = job, .from_ms = from_ms, .to_ms = to_ms};
    gx_job_stage(job, "reading members of groups", 0);
    GX_TRY(add_places(&p, err));
    GX_TRY(take_pairs(&p, false, err));
    GX_TRY(add_places(&p, err));
    GX_TRY(gx_matrix_build(out, gx_word_count(txn, GX_SPACE_USER),
                           gx_word_count(txn, GX_SPACE_GROUP), p.count, p.row, p.col, p.value, NULL,
                           job, err));
done:
    give_pairs(&p);
    return status;
}
