/* Lists of a time that has passed: the build of then, and every member as they were. */
#include "api/build/blend_lists.h"

#include "api/build/blend_past.h"
#include "api/build/interest.h"
#include "api/eval/tuned.h"
#include "api/lists/member_list.h"
#include "models/parallel.h"

bool gx_blend_list_find(gx_weighing *out, gx_slice name) {
    gx_weighing how = {.learnt = gx_slice_is(name, "blend")};
    bool found = how.learnt || gx_slice_is(name, "configured");
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT && !found; c++) {
        how.configured[c] = gx_slice_is(name, gx_channel_name((gx_channel)c));
    }
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        found |= how.configured[c] > 0;
    }
    *out = how;
    return found;
}

/* What one thread works with. */
typedef struct worker {
    gx_call_env call; /* arena: of one member */
    uint8_t *mask;
    gx_status status;
    gx_error error;
} worker;

typedef struct making {
    gx_past *past;
    gx_list_asked asked;
    gx_columns *columns; /* of the items */
    gx_weighing how[GX_BLEND_LISTS_MOST];
    size_t count;
    uint32_t longest;
    const uint32_t *at; /* of each member wanted its row in `item` */
    uint32_t **item;    /* for each of `how`: rows × longest */
    uint32_t **length;  /* rows */
    gx_job *job;
} making;

/* A call of rec.user at the time. The caller aborts call->txn and destroys call->arena, after a
 * failure too. */
static gx_status call_open(gx_call_env *call, const making *m, gx_db *db, gx_error *err) {
    *call = (gx_call_env){.db = db, .job = m->job, .state = &m->past->state};
    gx_status status = gx_txn_read(&call->txn, db->store, err);
    if (status == GX_OK && gx_txn_state(call->txn) != m->past->views.state) {
        status = gx_fail(err, GX_BUSY, "the store was written to while it was read; try again");
    }
    if (status != GX_OK) {
        return status;
    }
    call->arena = gx_arena_create();
    return call->arena ? GX_OK : gx_fail_memory(err, 0);
}

static void call_close(gx_call_env *call) {
    gx_call_unbill(call);
    gx_txn_abort(call->txn);
    gx_arena_destroy(call->arena);
}

/* What every list is asked for; in the arena of `call`. What is configured is the shop's. */
static gx_status ask(making *m, gx_call_env *call, gx_args *args, gx_slice seen, int64_t cut_ms,
                     gx_error *err) {
    gx_value given = gx_map(call->arena, 4), users = gx_list(call->arena, 1);
    gx_status status;
    gx_list_add(call->arena, &users, gx_str("-")); /* one after the other: make_member */
    gx_map_put(call->arena, &given, "users", users);
    gx_map_put(call->arena, &given, "why", gx_bool(false));
    gx_map_put(call->arena, &given, "n", gx_int(m->longest));
    gx_map_put(call->arena, &given, "seen", gx_text(seen.data, seen.size));
    GX_TRY(gx_db_parse_args(args, call->arena, gx_method_find("rec.user"), &given, err));
    call->args = args;
    GX_TRY(gx_items_read(&m->columns, call->txn, err));
    GX_TRY(gx_list_asked_read(&m->asked, call, m->columns, cut_ms, err));
    for (size_t h = 0; h < m->count; h++) {
        bool alone = false;
        for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
            alone |= m->how[h].configured[c] > 0;
        }
        if (!alone) {
            memcpy(m->how[h].configured, m->asked.weighing.configured, sizeof m->how[h].configured);
        }
    }
done:
    return status;
}

static gx_status make_member(const making *m, worker *own, uint32_t user, gx_error *err) {
    const size_t row = m->at[user];
    gx_member_list made;
    gx_status status = gx_member_list_read(&made, &m->asked, &own->call, user, (gx_slice){0}, err);
    for (size_t h = 0; h < m->count && status == GX_OK; h++) {
        made.weighing = &m->how[h];
        status = gx_member_list_make(&made, &m->asked, &own->call, own->mask, NULL, 0, err);
        for (uint32_t k = 0; status == GX_OK && k < made.list.count; k++) {
            m->item[h][row * m->longest + k] = made.list.items[k].item;
        }
        m->length[h][row] = status == GX_OK ? made.list.count : 0;
    }
    return status;
}

static gx_status workers_open(worker *workers, const making *m, gx_db *db, gx_error *err) {
    gx_status status = GX_OK;
    for (int t = 0; t < m->job->threads; t++) {
        GX_TRY(call_open(&workers[t].call, m, db, err));
        GX_TRY(gx_job_alloc(m->job, &workers[t].mask, m->asked.filter.items + 1ULL, 1, err));
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
            gx_arena_reset(own->call.arena);
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
        call_close(&workers[t].call);
        gx_job_free(job, workers[t].mask);
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

/* What a build of then would have made. */
static gx_status make_past(gx_past *p, gx_db *db, const gx_state *now, int64_t cut_ms, bool learnt,
                           gx_error *err) {
    const gx_value none = gx_nil();
    gx_value tuned;
    gx_interest interest;
    gx_arena *arena = gx_arena_create();
    gx_build_options options = {.spec = {.from_ms = INT64_MIN + 1, .to_ms = cut_ms},
                                .params = &tuned};
    if (now->arrays && !gx_interest_was_tried(now->arrays)) {
        options.interest = gx_rec_interest_model(now->rec);
    }
    gx_status status = arena ? GX_OK : gx_fail_memory(err, 0);
    GX_TRY(status);
    GX_TRY(gx_tuned_beneath(&tuned, &none, db, arena, err));
    GX_TRY(gx_interest_settle(&options, &interest, db, arena, p->job, err));
    GX_TRY(gx_past_make(p, GX_PAST_LISTS, db, now, &options, cut_ms, err));
    if (learnt) {
        GX_TRY(gx_blend_add(p->arrays, db, &p->views, &options, p->job, err));
    }
    GX_TRY(gx_past_open(p, err));
done:
    gx_arena_destroy(arena);
    return status;
}

gx_status gx_blend_lists_make(gx_lists *out, const gx_weighing *how, size_t count, gx_db *db,
                              gx_slice seen, int64_t cut_ms, const uint8_t *wanted, uint32_t users,
                              uint32_t longest, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_state *now = gx_db_hold_state(db);
    gx_past p = {.job = job};
    gx_call_env call = {0};
    gx_args args;
    bool learnt = false;
    making m = {.past = &p, .count = count, .longest = longest, .job = job};
    for (size_t h = 0; h < count; h++) {
        out[h] = (gx_lists){0};
        m.how[h] = how[h];
        learnt |= how[h].learnt;
    }
    GX_TRY(make_past(&p, db, now, cut_ms, learnt, err));
    gx_job_stage(job, "eval: lists", 0);
    GX_TRY(call_open(&call, &m, db, err));
    GX_TRY(ask(&m, &call, &args, seen, cut_ms, err));
    GX_TRY(make_rows(out, &m, db, wanted, users < p.state.users ? users : p.state.users, err));
done:
    call_close(&call);
    gx_columns_destroy(m.columns);
    gx_past_finish(&p);
    gx_state_release(now);
    return status;
}
