/* Lists of a time that has passed: the build of then, and every member as they were. */
#include "api/build/blend_lists.h"

#include "api/build/blend_past.h"
#include "api/people/member.h"
#include "models/parallel.h"

bool gx_blend_list_find(gx_weighing *out, gx_slice name) {
    gx_weighing how = {.learnt = gx_slice_is(name, "blend")};
    bool found = how.learnt || gx_slice_is(name, "configured");
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        bool alone = gx_slice_is(name, gx_channel_name((gx_channel)c));
        how.configured[c] = found ? (float)gx_channel_weight_default((gx_channel)c) : alone;
    }
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        found |= how.configured[c] > 0;
    }
    *out = how;
    return found;
}

/* What one thread works with. */
typedef struct worker {
    gx_txn *txn;
    gx_arena *arena;
    uint8_t *pass; /* items; all 1 between members */
    gx_status status;
    gx_error error;
} worker;

typedef struct making {
    const gx_past *past;
    const gx_weighing *how;
    size_t count;
    int64_t cut_ms;
    uint32_t longest;
    const uint32_t *at; /* of each member wanted its row in `item` */
    uint32_t **item;    /* for each of `how`: rows × longest */
    uint32_t **length;  /* rows */
    gx_job *job;
} making;

static gx_status make_member(const making *m, worker *own, uint32_t user, gx_error *err) {
    const gx_past *p = m->past;
    gx_member_live live;
    gx_status status =
        gx_member_read_until(&live, own->txn, &p->state, user, m->cut_ms, own->arena, err);
    if (status != GX_OK) {
        return status;
    }
    const gx_history *history = &live.rec.history;
    for (uint32_t k = 0; k < history->count; k++) {
        own->pass[history->item[k]] = 0;
    }
    for (size_t h = 0; h < m->count && status == GX_OK; h++) {
        gx_rec_request request = {.n = m->longest, .pass = own->pass, .items = p->state.items};
        gx_rec_list list;
        (void)gx_listing_weights_of(request.weights, &m->how[h], p->state.rec, &live.rec);
        status =
            gx_rec_list_make(&list, p->state.rec, &live.rec, &request, own->arena, m->job, err);
        for (uint32_t k = 0; status == GX_OK && k < list.count; k++) {
            m->item[h][(size_t)m->at[user] * m->longest + k] = list.items[k].item;
        }
        m->length[h][m->at[user]] = status == GX_OK ? list.count : 0;
    }
    for (uint32_t k = 0; k < history->count; k++) {
        own->pass[history->item[k]] = 1;
    }
    return status;
}

static gx_status workers_open(worker *workers, const making *m, gx_db *db, gx_error *err) {
    gx_status status = GX_OK;
    for (int t = 0; t < m->job->threads; t++) {
        worker *own = &workers[t];
        GX_TRY(gx_txn_read(&own->txn, db->store, err));
        if (gx_txn_state(own->txn) != m->past->views.state) {
            GX_TRY(gx_fail(err, GX_BUSY, "the store was written to while it was read; try again"));
        }
        own->arena = gx_arena_create();
        if (!own->arena) {
            GX_TRY(gx_fail_memory(err, 0));
        }
        GX_TRY(gx_job_alloc(m->job, &own->pass, m->past->state.items, 1, err));
        memset(own->pass, 1, m->past->state.items);
    }
done:
    return status;
}

static gx_status make_all(const making *m, gx_db *db, const uint8_t *wanted, uint32_t users,
                          gx_error *err) {
    gx_job *job = m->job;
    worker *workers = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &workers, (size_t)job->threads, sizeof *workers, err));
    GX_TRY(workers_open(workers, m, db, err));
#pragma omp parallel for num_threads(job->threads) schedule(dynamic, 8)
    for (uint32_t u = 0; u < users; u++) {
        worker *own = &workers[gx__worker()];
        if (wanted[u] && own->status == GX_OK && !gx_job_should_stop(job)) {
            gx_arena_reset(own->arena);
            own->status = make_member(m, own, u, &own->error);
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
    for (int t = 0; workers && t < job->threads; t++) {
        gx_txn_abort(workers[t].txn);
        gx_arena_destroy(workers[t].arena);
        gx_job_free(job, workers[t].pass);
    }
    gx_job_free(job, workers);
    return status;
}

/* The rows of one, put together. */
static gx_status keep_lists(gx_lists *out, const making *m, size_t h, const uint8_t *wanted,
                            uint32_t users, gx_error *err) {
    uint64_t kept = 0, rows = 0;
    gx_status status;
    out->rows = users;
    GX_TRY(gx_job_alloc(m->job, &out->ptr, users + 1ULL, sizeof *out->ptr, err));
    for (uint32_t u = 0; u < users; u++) {
        rows += wanted[u] ? m->length[h][m->at[u]] : 0;
        out->ptr[u + 1] = rows;
    }
    GX_TRY(gx_job_alloc(m->job, &out->item, rows, sizeof *out->item, err));
    for (uint32_t u = 0; u < users; u++) {
        uint64_t length = out->ptr[u + 1] - out->ptr[u];
        if (length) {
            memcpy(out->item + kept, m->item[h] + (size_t)m->at[u] * m->longest,
                   length * sizeof *out->item);
        }
        kept += length;
    }
done:
    return status;
}

static gx_status make_rows(gx_lists *out, making *m, gx_db *db, const uint8_t *wanted,
                           uint32_t users, gx_error *err) {
    uint32_t *at = NULL, *item[GX_BLEND_LISTS_MOST] = {0}, *length[GX_BLEND_LISTS_MOST] = {0};
    uint32_t rows = 0;
    gx_status status;
    GX_TRY(gx_job_alloc(m->job, &at, users, sizeof *at, err));
    for (uint32_t u = 0; u < users; u++) {
        at[u] = rows;
        rows += wanted[u] ? 1 : 0;
    }
    for (size_t h = 0; h < m->count; h++) {
        GX_TRY(gx_job_alloc(m->job, &item[h], (size_t)rows * m->longest, sizeof **item, err));
        GX_TRY(gx_job_alloc(m->job, &length[h], rows, sizeof **length, err));
    }
    m->at = at;
    m->item = item;
    m->length = length;
    GX_TRY(make_all(m, db, wanted, users, err));
    for (size_t h = 0; h < m->count; h++) {
        GX_TRY(keep_lists(&out[h], m, h, wanted, users, err));
    }
done:
    for (size_t h = 0; h < m->count; h++) {
        gx_job_free(m->job, item[h]);
        gx_job_free(m->job, length[h]);
    }
    gx_job_free(m->job, at);
    return status;
}

gx_status gx_blend_lists_make(gx_lists *out, const gx_weighing *how, size_t count, gx_db *db,
                              int64_t cut_ms, const uint8_t *wanted, uint32_t users,
                              uint32_t longest, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_state *now = gx_db_hold_state(db);
    gx_past p = {.job = job};
    const gx_build_options options = {.spec = {.from_ms = INT64_MIN + 1, .to_ms = cut_ms}};
    making m = {&p, how, count, cut_ms, longest, NULL, NULL, NULL, job};
    bool learnt = false;
    for (size_t h = 0; h < count; h++) {
        out[h] = (gx_lists){0};
        learnt |= how[h].learnt;
    }
    GX_TRY(gx_past_make(&p, db, now, &options, cut_ms, err));
    if (learnt) {
        GX_TRY(gx_blend_add(p.arrays, db, &p.views, &options, job, err));
    }
    GX_TRY(gx_past_open(&p, err));
    gx_job_stage(job, "eval: lists", 0);
    GX_TRY(make_rows(out, &m, db, wanted, users < p.state.users ? users : p.state.users, err));
done:
    gx_past_finish(&p);
    gx_state_release(now);
    return status;
}
