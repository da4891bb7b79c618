/* What the blend is learnt from, gathered from the store, and the learning as a step of a build.
 *
 * A take is the first thing a member does with an item, where they come to have it (buy, rate or
 * review it) and do not dislike it. T is the time that SHARE of all events precede. The passes
 * behind the channels are run over the ties and events before T; then every take since is answered
 * as rec.user would have been asked just before it: the snapshot of T, the member's own history and
 * friends' acts up to that moment. Nothing of the take itself or of later is read. */
#include "api/blend.h"

#include "api/blend_past.h"
#include "api/eval.h"
#include "api/member.h"
#include "api/vector.h"
#include "graph/csr/signal.h"
#include "models/parallel.h"

#include <math.h>
#include <stdlib.h>

enum {
    ROUNDS = 4,
    MEMBER_TAKES = 32,
    LEAST_TAKES = 200,
    ENOUGH_TAKES = 5000,
    CELLS_A_TAKE = 2 * GX_BLEND_CELLS
};

static const double shares[ROUNDS] = {0.6, 0.7, 0.8, 0.9};

/* ---- takes --------------------------------------------------------------------------------- */

typedef struct taken {
    uint32_t user, item;
    int64_t ts_ms;
    uint64_t draw;
    uint32_t round;
} taken;

typedef struct finder {
    gx_txn *txn;
    const gx_rules *rules;
    int64_t cut_ms[ROUNDS], to_ms; /* of takes */
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
    const taken *x = a, *y = b;
    if (x->draw != y->draw) {
        return x->draw < y->draw ? -1 : 1;
    }
    if (x->user != y->user) {
        return x->user < y->user ? -1 : 1;
    }
    return (x->item > y->item) - (x->item < y->item);
}

static int by_user_time(const void *a, const void *b) {
    const taken *x = a, *y = b;
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
            taken *t = vector_add(&f->takes);
            if (!t) {
                return gx_fail_memory(err, f->takes.capacity * sizeof *t);
            }
            gx_rng rng = gx_rng_at(f->seed, (uint64_t)f->user << 32 | events[from].item);
            *t = (taken){f->user, events[from].item, events[from].ts_ms, gx_rng_next(&rng), 0};
            for (uint32_t r = 1; r < ROUNDS; r++) {
                t->round = t->ts_ms >= f->cut_ms[r] ? r : t->round;
            }
        }
    }
    if (f->takes.count - first > MEMBER_TAKES) {
        qsort((taken *)f->takes.data + first, f->takes.count - first, sizeof(taken), by_draw);
        f->takes.count = first + MEMBER_TAKES;
    }
    f->events.count = 0;
    return GX_OK;
}

static gx_status take_run(void *user, const gx_event_core *events, size_t count, gx_error *err) {
    finder *f = user;
    gx_status status = gx_job_check(f->job, err);
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

/* The times of a build's rounds: shares of what happened before its end. */
typedef struct before {
    int64_t to_ms;
    uint64_t count;
} before;

static gx_status count_before(void *user, const gx_event_core *events, size_t count,
                              gx_error *err) {
    before *b = user;
    (void)err;
    for (size_t i = 0; i < count; i++) {
        b->count += events[i].ts_ms < b->to_ms ? 1 : 0;
    }
    return GX_OK;
}

static gx_status find_cuts(finder *f, gx_error *err) {
    before b = {.to_ms = f->to_ms};
    double share[ROUNDS];
    gx_status status = gx_event_scan(f->txn, count_before, &b, err);
    for (int r = 0; r < ROUNDS; r++) {
        share[r] = shares[r] * (double)b.count / (double)gx_event_count(f->txn);
    }
    return status == GX_OK ? gx_eval_cuts(f->cut_ms, share, ROUNDS, f->txn, err) : status;
}

static gx_status find_takes(finder *f, gx_error *err) {
    f->events.size = sizeof(gx_event_core);
    f->deeds.size = sizeof(gx_deed);
    f->takes.size = sizeof(taken);
    f->crowd.size = sizeof(gx_crowd_take);
    gx_status status = gx_event_scan(f->txn, take_run, f, err);
    if (status == GX_OK) {
        status = end_member(f, err);
    }
    return status;
}

/* ---- the evidence -------------------------------------------------------------------------- */

/* What one thread reads with. */
typedef struct worker {
    gx_txn *txn;
    gx_arena *arena;
    uint8_t *skip; /* items; all 0 between takes */
    gx_status status;
    gx_error error;
} worker;

/* Whom rec.user would not have been given: what the member had or disliked. */
static void skip_had(uint8_t *skip, const gx_member_live *live, uint32_t items, uint8_t value) {
    for (uint32_t k = 0; k < live->rec.history.count; k++) {
        if (live->did[k] != 0 && live->rec.history.item[k] < items) {
            skip[live->rec.history.item[k]] = value;
        }
    }
}

/* A list is looked at some time before something is taken from it: drawn evenly from the time since
 * the snapshot. */
static int64_t asked_ms(const taken *t, int64_t cut_ms, uint64_t seed) {
    gx_rng rng = gx_rng_at(seed + 1, (uint64_t)t->user << 32 | t->item);
    return cut_ms + (int64_t)(gx_rng_real(&rng) * ((double)t->ts_ms - (double)cut_ms));
}

/* One list that the member could have asked for, and, of the one just before the take, what moved
 * them. */
static gx_status look_at(gx_blend_take *take, gx_blend_list *list, gx_blend_cell *cells,
                         worker *own, const gx_past *p, int64_t when_ms, gx_error *err) {
    gx_member_live live;
    const gx_rec *rec = p->state.rec;
    gx_arena_reset(own->arena);
    gx_status status =
        gx_member_read_until(&live, own->txn, &p->state, take->user, when_ms, own->arena, err);
    if (status != GX_OK) {
        return status;
    }
    skip_had(own->skip, &live, p->state.items, 1);
    status = gx_rec_evidence(list, cells, rec, &live.rec, own->skip, take->item, err);
    if (status == GX_OK && list == &take->just) {
        status = gx_rec_chances(take, rec, &live.rec, own->skip, take->item, err);
    }
    skip_had(own->skip, &live, p->state.items, 0);
    return status;
}

static gx_status look(gx_blend_take *take, gx_blend_cell *cells, worker *own, const gx_past *p,
                      const taken *t, int64_t cut_ms, gx_error *err) {
    gx_blend_list *first = &take->some_time, *second = &take->just;
    take->user = t->user;
    take->item = t->item;
    take->ts_ms = t->ts_ms;
    gx_status status =
        look_at(take, first, cells + first->from, own, p, asked_ms(t, cut_ms, p->job->seed), err);
    return status == GX_OK ? look_at(take, second, cells + second->from, own, p, t->ts_ms, err)
                           : status;
}

static gx_status workers_make(worker *workers, gx_db *db, const gx_past *p, gx_error *err) {
    gx_status status = GX_OK;
    for (int t = 0; t < p->job->threads; t++) {
        GX_TRY(gx_txn_read(&workers[t].txn, db->store, err));
        if (gx_txn_state(workers[t].txn) != p->views.state) {
            GX_TRY(gx_fail(err, GX_BUSY, "the store was written to while it was read; try again"));
        }
        workers[t].arena = gx_arena_create();
        if (!workers[t].arena) {
            GX_TRY(gx_fail_memory(err, 0));
        }
        GX_TRY(gx_job_alloc(p->job, &workers[t].skip, p->state.items, 1, err));
    }
done:
    return status;
}

static void workers_finish(worker *workers, gx_job *job) {
    for (int t = 0; workers && t < job->threads; t++) {
        gx_txn_abort(workers[t].txn);
        gx_arena_destroy(workers[t].arena);
        gx_job_free(job, workers[t].skip);
    }
    gx_job_free(job, workers);
}

/* The takes of one round. */
static gx_status look_all(gx_blend_evidence *out, gx_db *db, const gx_past *p, const taken *takes,
                          uint32_t round, int64_t cut_ms, gx_error *err) {
    gx_job *job = p->job;
    worker *workers = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &workers, (size_t)job->threads, sizeof *workers, err));
    GX_TRY(workers_make(workers, db, p, err));
#pragma omp parallel for num_threads(job->threads) schedule(dynamic, 8)
    for (uint32_t k = 0; k < out->count; k++) {
        worker *own = &workers[gx__worker()];
        gx_blend_take *take = &out->take[k];
        take->some_time.from = (uint64_t)k * CELLS_A_TAKE;
        take->just.from = take->some_time.from + GX_BLEND_CELLS;
        if (takes[k].round == round && own->status == GX_OK && !gx_job_should_stop(job)) {
            own->status = look(take, out->cell, own, p, &takes[k], cut_ms, &own->error);
        }
    }
    for (int t = 0; t < job->threads; t++) {
        if (workers[t].status != GX_OK) {
            *err = workers[t].error;
            GX_TRY(workers[t].status);
        }
    }
    status = gx_job_check(job, err);
done:
    workers_finish(workers, job);
    return status;
}

/* The last rounds that have takes enough: what is served is as fresh there as may be. Returns the
 * first of them. */
static uint32_t keep_rounds(finder *f) {
    taken *takes = f->takes.data;
    size_t in_round[ROUNDS] = {0}, count = 0, kept = 0;
    uint32_t first = ROUNDS - 1;
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

static gx_status look_back(gx_blend_evidence *out, gx_db *db, const gx_state *now,
                           const gx_build_options *options, const finder *f, gx_error *err) {
    gx_job *job = out->job;
    const taken *takes = f->takes.data;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &out->take, out->count, sizeof *out->take, err));
    GX_TRY(
        gx_job_alloc(job, &out->cell, (size_t)out->count * CELLS_A_TAKE, sizeof *out->cell, err));
    for (uint32_t r = out->first_round; r < ROUNDS; r++) {
        gx_past p = {.job = job};
        status = gx_past_make(&p, db, now, options, f->cut_ms[r], err);
        if (status == GX_OK) {
            status = gx_past_open(&p, err);
        }
        gx_job_stage(job, "blend", 0);
        if (status == GX_OK) {
            status = look_all(out, db, &p, takes, r, f->cut_ms[r], err);
        }
        gx_past_finish(&p);
        GX_TRY(status);
    }
done:
    return status;
}

gx_status gx_blend_gather(gx_blend_evidence *out, gx_db *db, const gx_build_options *options,
                          gx_job *job, gx_error *err) {
    gx_status status;
    gx_state *now = gx_db_hold_state(db);
    finder f = {.rules = &now->rules, .seed = job->seed, .user = GX_NONE, .job = job};
    *out = (gx_blend_evidence){.job = job};
    gx_job_stage(job, "blend", 0);
    GX_TRY(gx_txn_read(&f.txn, db->store, err));
    if (gx_event_count(f.txn) < LEAST_TAKES) {
        goto done;
    }
    f.to_ms = options->spec.to_ms ? options->spec.to_ms : INT64_MAX;
    GX_TRY(find_cuts(&f, err));
    f.crowd_from_ms =
        f.cut_ms[0] - (int64_t)(gx_blend_window_days[GX_BLEND_REACHES - 1] * 86400000.0);
    GX_TRY(find_takes(&f, err));
    out->found = f.takes.count;
    if (f.takes.count < LEAST_TAKES) {
        goto done;
    }
    out->first_round = keep_rounds(&f);
    out->count =
        f.takes.count < GX_BLEND_TAKES_MOST ? (uint32_t)f.takes.count : GX_BLEND_TAKES_MOST;
    qsort(f.takes.data, f.takes.count, sizeof(taken), by_draw);
    qsort(f.takes.data, out->count, sizeof(taken), by_user_time);
    GX_TRY(look_back(out, db, now, options, &f, err));
    out->crowd = (gx_crowd){.take = f.crowd.data, .count = f.crowd.count};
    f.crowd.data = NULL;
done:
    gx_txn_abort(f.txn);
    gx_free(f.events.data);
    gx_free(f.deeds.data);
    gx_free(f.takes.data);
    gx_free(f.crowd.data);
    gx_state_release(now);
    if (status != GX_OK) {
        gx_blend_evidence_finish(out);
    }
    return status;
}

void gx_blend_evidence_finish(gx_blend_evidence *evidence) {
    if (evidence->job) {
        gx_job_free(evidence->job, evidence->take);
        gx_job_free(evidence->job, evidence->cell);
        gx_free(evidence->crowd.take);
    }
    *evidence = (gx_blend_evidence){0};
}

/* ---- the arrays ---------------------------------------------------------------------------- */

static gx_status add_blend(gx_arrays *results, const gx_blend *blend, gx_job *job, gx_error *err) {
    uint32_t *takes, *members, *source;
    float *weight, *mix;
    double *gain, *scale, *days;
    gx_status status;
    enum { B = GX_BLEND_BUCKETS, C = GX_CHANNEL_COUNT };
    GX_TRY(gx_arrays_add(&weight, results, "blend.weight", GX_F32, B, C, job, err));
    GX_TRY(gx_arrays_add(&mix, results, "blend.mix", GX_F32, B, C, job, err));
    GX_TRY(gx_arrays_add(&takes, results, "blend.takes", GX_U32, B, 0, job, err));
    GX_TRY(gx_arrays_add(&members, results, "blend.members", GX_U32, B, 0, job, err));
    GX_TRY(gx_arrays_add(&source, results, "blend.source", GX_U32, B, 0, job, err));
    GX_TRY(gx_arrays_add(&gain, results, "blend.gain", GX_F64, B, 3, job, err));
    GX_TRY(gx_arrays_add(&scale, results, "blend.scale", GX_F64, C + 2, 0, job, err));
    GX_TRY(gx_arrays_add(&days, results, "blend.days", GX_F64, C, 0, job, err));
    memcpy(days, blend->days, sizeof blend->days);
    for (uint32_t b = 0; b < B; b++) {
        const gx_blend_part *part = &blend->part[b];
        memcpy(weight + (size_t)b * C, part->weight, sizeof part->weight);
        memcpy(mix + (size_t)b * C, part->mix, sizeof part->mix);
        takes[b] = part->takes;
        members[b] = part->members;
        source[b] = (uint32_t)part->source;
        gain[(size_t)b * 3] = part->learnt;
        gain[(size_t)b * 3 + 1] = part->interest;
        gain[(size_t)b * 3 + 2] = part->configured;
    }
    memcpy(scale, blend->sharpness, sizeof blend->sharpness);
    scale[C] = blend->prior;
    scale[C + 1] = blend->personal;
done:
    return status;
}

/* What the circles did, by the circles of now. */
static gx_status look_at_crowds(gx_blend_evidence *evidence, const gx_arrays *results,
                                const gx_views *views, gx_job *job, gx_error *err) {
    gx_crowd *crowd = &evidence->crowd;
    crowd->circle = gx_arrays_get(results, "leiden.community", GX_U32, views->input.users);
    crowd->users = views->input.users;
    crowd->items = views->input.items;
    crowd->category = &views->category;
    return gx_crowd_look(evidence->take, evidence->count, crowd, job, err);
}

gx_status gx_blend_add(gx_arrays *results, gx_db *db, const gx_views *views,
                       const gx_build_options *options, gx_job *job, gx_error *err) {
    const gx_matrix *history = &views->matrix;
    const uint32_t users = views->input.users;
    gx_blend_evidence evidence = {0};
    gx_blend blend;
    uint32_t *likes = NULL, *takes;
    float *susceptibility;
    gx_status status;
    GX_TRY(gx_blend_gather(&evidence, db, options, job, err));
    GX_TRY(look_at_crowds(&evidence, results, views, job, err));
    GX_TRY(gx_job_alloc(job, &likes, users, sizeof *likes, err));
    for (uint32_t u = 0; u < history->rows && u < users; u++) {
        likes[u] = (uint32_t)(history->ptr[u + 1] - history->ptr[u]);
    }
    GX_TRY(gx_arrays_add(&susceptibility, results, "susceptibility.weight", GX_F32, users,
                         GX_CHANNEL_COUNT, job, err));
    GX_TRY(gx_arrays_add(&takes, results, "susceptibility.takes", GX_U32, users, 0, job, err));
    GX_TRY(gx_blend_learn(&blend, susceptibility, takes, likes, users, views->input.items,
                          evidence.take, evidence.count, evidence.cell, job, err));
    GX_TRY(add_blend(results, &blend, job, err));
done:
    gx_job_free(job, likes);
    gx_blend_evidence_finish(&evidence);
    return status;
}
