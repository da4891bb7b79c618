/* Takes of a log, by one scan of its events. */
#include "api/build/blend_takes.h"

#include "api/eval/eval.h"
#include "api/vector.h"
#include "graph/csr/signal.h"

#include <math.h>
#include <stdlib.h>

enum { MEMBER_TAKES = 32, ENOUGH_TAKES = 5000 };

const double gx_take_shares[GX_TAKE_ROUNDS] = {0.6, 0.7, 0.8, 0.9};

typedef struct finder {
    gx_txn *txn;
    const gx_rules *rules;
    int64_t cut_ms[GX_TAKE_ROUNDS], to_ms; /* of takes */
    uint64_t seed;
    uint32_t user;
    vector events; /* gx_event_core of `user` */
    vector deeds;  /* gx_deed of one item of theirs */
    vector takes;
    vector crowd; /* gx_crowd_take: everybody's, from crowd_from_ms on */
    int64_t crowd_from_ms;
    gx_job *job;
} finder;

static int by_item(const void *a, const void *b) {
    const gx_event_core *x = a, *y = b;
    if (x->item != y->item) {
        return x->item < y->item ? -1 : 1;
    }
    return (x->ts_ms > y->ts_ms) - (x->ts_ms < y->ts_ms);
}

static int by_draw(const void *a, const void *b) {
    const gx_taken *x = a, *y = b;
    if (x->draw != y->draw) {
        return x->draw < y->draw ? -1 : 1;
    }
    if (x->user != y->user) {
        return x->user < y->user ? -1 : 1;
    }
    return (x->item > y->item) - (x->item < y->item);
}

static int by_user_time(const void *a, const void *b) {
    const gx_taken *x = a, *y = b;
    if (x->user != y->user) {
        return x->user < y->user ? -1 : 1;
    }
    if (x->ts_ms != y->ts_ms) {
        return x->ts_ms < y->ts_ms ? -1 : 1;
    }
    return (x->item > y->item) - (x->item < y->item);
}

/* Whether a run of events with one item, oldest first, is a take. What is later than the window is
 * not looked at. */
static gx_status is_take(bool *out, finder *f, const gx_event_core *events, size_t count,
                         gx_error *err) {
    gx_signal signal;
    f->deeds.count = 0;
    for (size_t i = 0; i < count && events[i].ts_ms < f->to_ms; i++) {
        gx_deed *deed = vector_add(&f->deeds);
        if (!deed) {
            return gx_fail_memory(err, f->deeds.capacity * sizeof *deed);
        }
        *deed = gx_deed_of(&events[i], gx_action_rule_of(f->rules, f->txn, events[i].action),
                           (uint32_t)i);
    }
    gx_signal_make(&signal, f->deeds.data, f->deeds.count, 0, false);
    *out = signal.has && signal.value > 0;
    return GX_OK;
}

/* Of a member with very many takes some, drawn. */
static gx_status end_member(finder *f, gx_error *err) {
    gx_event_core *events = f->events.data;
    size_t first = f->takes.count;
    if (f->events.count > 0) {
        qsort(events, f->events.count, sizeof *events, by_item);
    }
    for (size_t from = 0, to; from < f->events.count; from = to) {
        for (to = from; to < f->events.count && events[to].item == events[from].item; to++) {
        }
        const gx_event_core *first_event = &events[from];
        bool takes = false;
        if (first_event->ts_ms >= f->crowd_from_ms) {
            gx_status status = is_take(&takes, f, first_event, to - from, err);
            if (status != GX_OK) {
                return status;
            }
        }
        if (!takes) {
            continue;
        }
        gx_crowd_take *other = vector_add(&f->crowd);
        if (!other) {
            return gx_fail_memory(err, f->crowd.capacity * sizeof *other);
        }
        *other = (gx_crowd_take){first_event->ts_ms, f->user, first_event->item, GX_NONE};
        if (first_event->ts_ms >= f->cut_ms[0]) {
            gx_taken *t = vector_add(&f->takes);
            if (!t) {
                return gx_fail_memory(err, f->takes.capacity * sizeof *t);
            }
            gx_rng rng = gx_rng_at(f->seed, (uint64_t)f->user << 32 | events[from].item);
            *t = (gx_taken){f->user, events[from].item, events[from].ts_ms, gx_rng_next(&rng), 0};
            for (uint32_t r = 1; r < GX_TAKE_ROUNDS; r++) {
                t->round = t->ts_ms >= f->cut_ms[r] ? r : t->round;
            }
        }
    }
    if (f->takes.count - first > MEMBER_TAKES) {
        qsort((gx_taken *)f->takes.data + first, f->takes.count - first, sizeof(gx_taken), by_draw);
        f->takes.count = first + MEMBER_TAKES;
    }
    f->events.count = 0;
    return GX_OK;
}

static gx_status take_run(void *user, const gx_event_core *events, size_t count, gx_error *err) {
    finder *f = user;
    gx_status status = GX_OK;
    for (size_t i = 0; status == GX_OK && i < count; i++) {
        if (events[i].user != f->user) {
            status = end_member(f, err);
            f->user = events[i].user;
        }
        if (status == GX_OK && events[i].item != GX_NONE) {
            gx_event_core *e = vector_add(&f->events);
            if (!e) {
                return gx_fail_memory(err, f->events.capacity * sizeof *e);
            }
            *e = events[i];
        }
    }
    return status;
}

static gx_status find_takes(finder *f, gx_error *err) {
    f->events.size = sizeof(gx_event_core);
    f->deeds.size = sizeof(gx_deed);
    f->takes.size = sizeof(gx_taken);
    f->crowd.size = sizeof(gx_crowd_take);
    gx_status status = gx_view_scan(f->txn, "reading takes", take_run, f, f->job, err);
    if (status == GX_OK) {
        status = end_member(f, err);
    }
    return status;
}

/* The last rounds that have takes enough: what is served is as fresh there as may be. Returns the
 * first of them. */
static uint32_t keep_rounds(finder *f) {
    gx_taken *takes = f->takes.data;
    size_t in_round[GX_TAKE_ROUNDS] = {0}, count = 0, kept = 0;
    uint32_t first = GX_TAKE_ROUNDS - 1;
    for (size_t k = 0; k < f->takes.count; k++) {
        in_round[takes[k].round]++;
    }
    for (count = in_round[first]; first > 0 && count < ENOUGH_TAKES; count += in_round[first]) {
        first--;
    }
    for (size_t k = 0; k < f->takes.count; k++) {
        if (takes[k].round >= first) {
            takes[kept++] = takes[k];
        }
    }
    f->takes.count = kept;
    return first;
}

gx_status gx_takes_find(gx_takes *out, gx_txn *txn, const gx_rules *rules, int64_t to_ms,
                        gx_job *job, gx_error *err) {
    finder f = {
        .txn = txn, .rules = rules, .to_ms = to_ms, .seed = job->seed, .user = GX_NONE, .job = job};
    gx_status status = GX_OK;
    gx_error why = {0};
    *out = (gx_takes){.job = job};
    if (gx_event_count(txn) < GX_TAKES_LEAST) {
        return GX_OK;
    }
    status = gx_eval_cuts(f.cut_ms, gx_take_shares, GX_TAKE_ROUNDS, to_ms, txn, job, &why);
    if (status == GX_CONFLICT) {
        return GX_OK; /* next to nothing happened by then */
    }
    if (status != GX_OK) {
        *err = why;
        return status;
    }
    f.crowd_from_ms =
        f.cut_ms[0] - (int64_t)(gx_blend_window_days[GX_BLEND_REACHES - 1] * 86400000.0);
    GX_TRY(find_takes(&f, err));
    memcpy(out->cut_ms, f.cut_ms, sizeof f.cut_ms);
    out->found = f.takes.count;
    if (f.takes.count < GX_TAKES_LEAST) {
        goto done;
    }
    uint64_t bytes = f.takes.capacity * f.takes.size + f.crowd.capacity * f.crowd.size;
    GX_TRY(gx_job_charge(job, bytes, err));
    out->held = bytes;
    out->first_round = keep_rounds(&f);
    out->count = f.takes.count < GX_TAKES_MOST ? (uint32_t)f.takes.count : GX_TAKES_MOST;
    qsort(f.takes.data, f.takes.count, sizeof(gx_taken), by_draw);
    qsort(f.takes.data, out->count, sizeof(gx_taken), by_user_time);
    out->take = f.takes.data;
    out->crowd = f.crowd.data;
    out->crowd_count = f.crowd.count;
    f.takes.data = NULL;
    f.crowd.data = NULL;
done:
    gx_free(f.events.data);
    gx_free(f.deeds.data);
    gx_free(f.takes.data);
    gx_free(f.crowd.data);
    return status;
}

void gx_takes_finish(gx_takes *takes) {
    gx_free(takes->take);
    gx_free(takes->crowd);
    if (takes->job) {
        gx_job_refund(takes->job, takes->held);
    }
    *takes = (gx_takes){0};
}
