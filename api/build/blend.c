/* What the blend is learnt from, gathered from the store, and the learning as a step of a build.
 *
 * A take is the first thing a member does with an item, where they come to have it (buy, rate or
 * review it) and do not dislike it. T is the time that SHARE of all events precede. The passes
 * behind the channels are run over the ties and events before T; then every take since is answered
 * as rec.user would have been asked just before it: the snapshot of T, the member's own history and
 * friends' acts up to that moment. Nothing of the take itself or of later is read. */
#include "api/build/blend.h"

#include "api/build/blend_past.h"
#include "api/people/member.h"
#include "models/parallel.h"

#include <math.h>
#include <stdlib.h>

enum { CELLS_A_TAKE = 2 * GX_BLEND_CELLS };

/* ---- the evidence -------------------------------------------------------------------------- */

/* One list that a member could have asked for. */
typedef struct look {
    gx_blend_take *take;
    gx_blend_list *list;
    int64_t when_ms;
} look;

/* What one thread reads with. */
typedef struct worker {
    gx_txn *txn;
    const gx_columns *columns; /* of the items; shared */
    gx_arena *arena;           /* of the looks at hand */
    uint8_t *skip;             /* items; all 0 between looks */
    float *raw;                /* scores of the looks at hand; NULL: made one by one */
    gx_member_live live[GX_REC_FOLD_BLOCK];
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

/* A list is looked at some time before something is taken from it, and lasts: drawn from the time
 * since the snapshot, earlier moments likelier (docs/blend.md tells what other draws gave). */
static int64_t asked_ms(const gx_taken *t, int64_t cut_ms, uint64_t seed) {
    gx_rng rng = gx_rng_at(seed + 1, (uint64_t)t->user << 32 | t->item);
    const double drawn = gx_rng_real(&rng);
    return cut_ms + (int64_t)(drawn * drawn * ((double)t->ts_ms - (double)cut_ms));
}

/* Both lists of every take of the round: the one of some time before, and the one just before it.
 */
static size_t add_looks(look *looks, gx_blend_evidence *out, uint32_t round, uint64_t seed) {
    size_t count = 0;
    for (uint32_t k = 0; k < out->count; k++) {
        const gx_taken *t = &out->takes.take[k];
        gx_blend_take *take = &out->take[k];
        if (t->round != round) {
            continue;
        }
        *take = (gx_blend_take){.user = t->user, .item = t->item, .ts_ms = t->ts_ms};
        take->some_time.from = (uint64_t)k * CELLS_A_TAKE;
        take->just.from = take->some_time.from + GX_BLEND_CELLS;
        looks[count++] =
            (look){take, &take->some_time, asked_ms(t, out->takes.cut_ms[round], seed)};
        looks[count++] = (look){take, &take->just, t->ts_ms};
    }
    return count;
}

/* The scores of all items for a block of looks, which are read together; fewer are left as they
 * are, for one by one. */
static gx_status score_looks(worker *own, uint32_t count, const gx_past *p, gx_error *err) {
    const gx_rec_member *members[GX_REC_FOLD_BLOCK] = {0};
    const uint32_t width = p->state.items;
    bool made[GX_REC_FOLD_BLOCK];
    for (uint32_t k = 0; k < count; k++) {
        members[k] = &own->live[k].rec;
    }
    gx_status status =
        gx_rec_fold_members(own->raw, width, made, p->state.rec, members, count, p->job, err);
    for (uint32_t k = 0; status == GX_OK && k < count; k++) {
        own->live[k].rec.raw = made[k] ? own->raw + (size_t)k * width : NULL;
    }
    return status;
}

/* What the lists held, and of those just before a take what moved the member. */
static gx_status look_at(worker *own, gx_blend_cell *cells, const look *looks, uint32_t count,
                         const gx_past *p, gx_error *err) {
    gx_status status = GX_OK;
    gx_arena_reset(own->arena);
    for (uint32_t k = 0; k < count; k++) {
        GX_TRY(gx_member_read_until(&own->live[k], own->txn, &p->state, own->columns,
                                    looks[k].take->user, looks[k].when_ms, own->arena, err));
    }
    if (own->raw) {
        GX_TRY(score_looks(own, count, p, err));
    }
    for (uint32_t k = 0; k < count; k++) {
        const gx_member_live *live = &own->live[k];
        gx_blend_take *take = looks[k].take;
        gx_blend_list *list = looks[k].list;
        skip_had(own->skip, live, p->state.items, 1);
        status = gx_rec_evidence(list, cells + list->from, list == &take->just ? take : NULL,
                                 p->state.rec, &live->rec, own->skip, take->item, err);
        skip_had(own->skip, live, p->state.items, 0);
        GX_TRY(status);
    }
done:
    return status;
}

static gx_status workers_make(worker *workers, gx_db *db, const gx_past *p,
                              const gx_columns *columns, uint32_t block, gx_error *err) {
    gx_status status = GX_OK;
    for (int t = 0; t < p->job->threads; t++) {
        GX_TRY(gx_txn_read(&workers[t].txn, db->store, err));
        if (gx_txn_state(workers[t].txn) != p->views.state) {
            GX_TRY(gx_fail(err, GX_BUSY, "the store was written to while it was read; try again"));
        }
        workers[t].columns = columns;
        workers[t].arena = gx_arena_create();
        if (!workers[t].arena) {
            GX_TRY(gx_fail_memory(err, 0));
        }
        GX_TRY(gx_job_alloc(p->job, &workers[t].skip, p->state.items, 1, err));
        if (block) {
            GX_TRY(gx_job_alloc(p->job, &workers[t].raw, (size_t)block * p->state.items,
                                sizeof(float), err));
        }
    }
done:
    return status;
}

static void workers_finish(worker *workers, gx_job *job) {
    for (int t = 0; workers && t < job->threads; t++) {
        gx_txn_abort(workers[t].txn);
        gx_arena_destroy(workers[t].arena);
        gx_job_free(job, workers[t].skip);
        gx_job_free(job, workers[t].raw);
    }
    gx_job_free(job, workers);
}

/* The takes of one round, a block of looks at a time. */
static gx_status look_all(gx_blend_evidence *out, gx_db *db, const gx_past *p,
                          const gx_columns *columns, uint32_t round, gx_error *err) {
    enum { ONE_BY_ONE = 16 };
    gx_job *job = p->job;
    const uint32_t fold = gx_rec_fold_block(p->state.rec), block = fold ? fold : ONE_BY_ONE;
    worker *workers = NULL;
    look *looks = NULL;
    size_t count;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &looks, 2 * (size_t)out->count, sizeof *looks, err));
    count = add_looks(looks, out, round, job->seed);
    GX_TRY(gx_job_alloc(job, &workers, (size_t)job->threads, sizeof *workers, err));
    GX_TRY(workers_make(workers, db, p, columns, fold, err));
#pragma omp parallel for num_threads(job->threads) schedule(dynamic)
    for (size_t from = 0; from < count; from += block) {
        worker *own = &workers[gx__worker()];
        const uint32_t some = count - from < block ? (uint32_t)(count - from) : block;
        if (own->status == GX_OK && !gx_job_should_stop(job)) {
            own->status = look_at(own, out->cell, looks + from, some, p, &own->error);
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
    gx_job_free(job, looks);
    return status;
}

static gx_status look_back(gx_blend_evidence *out, gx_db *db, const gx_state *now,
                           const gx_columns *columns, const gx_build_options *options,
                           gx_error *err) {
    gx_job *job = out->job;
    const gx_takes *takes = &out->takes;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &out->take, out->count, sizeof *out->take, err));
    GX_TRY(
        gx_job_alloc(job, &out->cell, (size_t)out->count * CELLS_A_TAKE, sizeof *out->cell, err));
    for (uint32_t r = takes->first_round; r < GX_TAKE_ROUNDS; r++) {
        gx_past p = {.job = job};
        status = gx_past_make(&p, GX_PAST_LEARN, db, now, options, takes->cut_ms[r], err);
        if (status == GX_OK) {
            status = gx_past_open(&p, err);
        }
        gx_job_stage(job, "blend", 0);
        if (status == GX_OK) {
            status = look_all(out, db, &p, columns, r, err);
        }
        gx_past_finish(&p);
        GX_TRY(status);
    }
done:
    return status;
}

static int64_t end_of(const gx_build_options *options) {
    return options->spec.to_ms ? options->spec.to_ms : INT64_MAX;
}

gx_status gx_blend_gather(gx_blend_evidence *out, gx_db *db, const gx_build_options *options,
                          gx_job *job, gx_error *err) {
    gx_status status;
    gx_txn *txn = NULL;
    gx_columns *columns = NULL;
    gx_state *now = gx_db_hold_state(db);
    *out = (gx_blend_evidence){.job = job};
    gx_job_stage(job, "blend", 0);
    GX_TRY(gx_txn_read(&txn, db->store, err));
    GX_TRY(gx_takes_find(&out->takes, txn, &now->rules, end_of(options), job, err));
    out->count = out->takes.count;
    if (out->count) {
        GX_TRY(gx_items_read(&columns, txn, err));
        GX_TRY(look_back(out, db, now, columns, options, err));
    }
done:
    gx_columns_destroy(columns);
    gx_txn_abort(txn);
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
    }
    gx_takes_finish(&evidence->takes);
    *evidence = (gx_blend_evidence){0};
}

/* ---- what it would take ---------------------------------------------------------------------- */

/* How many factors an item has, by what the model keeps; 0 of a model that has none. */
static double factors_of(const gx_plan *plan, const char *interest, const gx_input *input) {
    const gx_model *model = gx_model_find(interest ? interest : GX_INTEREST_MODEL);
    const double items = (double)input->items, members = model && model->factors ? input->users : 0;
    for (size_t i = 0; model && model->fold && i < plan->count; i++) {
        if (plan->steps[i].pass == &model->pass) {
            return (double)plan->steps[i].estimate.kept_bytes / sizeof(float) /
                   fmax(items + members, 1);
        }
    }
    return 0;
}

/* Every figure is of the last step: the views and passes of its rounds over a part of the log each,
 * and what is kept of the takes. Views have a part of the events; what passes make has a row for
 * everybody all the same. */
static double memory_of(const gx_takes *takes, const gx_views *views, gx_estimate view,
                        gx_estimate passes, double factors, int threads) {
    const double last = gx_take_shares[GX_TAKE_ROUNDS - 1], items = (double)views->input.items;
    const double held = last * (double)views->held;
    const double block = gx_rec_fold_block_of(views->input.items, factors);
    const double made = fmax(last * (double)view.mem_bytes, held + (double)passes.mem_bytes);
    const double looked = held + (double)passes.kept_bytes + 2.0 * takes->count * sizeof(look) +
                          threads * items * (1 + block * sizeof(float));
    return fmax(made, looked) + (double)takes->held +
           takes->count * (double)(sizeof(gx_blend_take) + CELLS_A_TAKE * sizeof(gx_blend_cell));
}

/* The takes are counted as the build will. Seconds: docs/blend.md. */
gx_status gx_blend_estimate(gx_estimate *out, gx_db *db, const gx_build_options *options,
                            const gx_views *views, gx_estimate view, gx_job *job, gx_error *err) {
    static const double item_s = 13e-9, factor_s = 4e-11, look_s = 3e-4, learn_s = 1e-4;
    gx_takes takes = {0};
    gx_plan plan = {0};
    gx_txn *txn = NULL;
    gx_state *now = gx_db_hold_state(db);
    gx_status status;
    *out = (gx_estimate){0};
    GX_TRY(gx_txn_read(&txn, db->store, err));
    GX_TRY(gx_takes_find(&takes, txn, &now->rules, end_of(options), job, err));
    if (!takes.count) {
        goto done;
    }
    GX_TRY(gx_past_plan(&plan, GX_PAST_LEARN, options, err));
    gx_estimate passes = gx_plan_estimate(&plan, &views->input, job->threads);
    const double factors = factors_of(&plan, options->interest, &views->input);
    double part = 0;
    for (uint32_t r = takes.first_round; r < GX_TAKE_ROUNDS; r++) {
        part += gx_take_shares[r];
    }
    out->mem_bytes = (uint64_t)memory_of(&takes, views, view, passes, factors, job->threads);
    out->cpu_s = part * (view.cpu_s + passes.cpu_s) +
                 takes.count * (look_s + learn_s +
                                (double)views->input.items * (item_s + 2 * factor_s * factors));
    out->cpu_most_s = out->cpu_s + part * (passes.cpu_most_s - passes.cpu_s);
done:
    gx_takes_finish(&takes);
    gx_plan_finish(&plan);
    gx_txn_abort(txn);
    gx_state_release(now);
    return status;
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
    const uint32_t users = views->input.users;
    gx_crowd crowd = {.take = evidence->takes.crowd,
                      .count = evidence->takes.crowd_count,
                      .circle = gx_arrays_get(results, "leiden.community", GX_U32, users),
                      .users = users,
                      .items = views->input.items,
                      .category = &views->category};
    return gx_crowd_look(evidence->take, evidence->count, &crowd, job, err);
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
