/* A store that is open for questions: dispatch, the served state, group commit. */
#include "api/db.h"

#include <stdio.h>

/* ---- open and close ------------------------------------------------------------------------- */

/* The store opens all the same, so that there is a way back; who needs a snapshot is told. */
static void log_damage(const gx_db *db) {
    const gx_error *damage = &db->state->damage;
    if (damage->code != GX_OK && db->options.log) {
        char line[sizeof damage->message + 80];
        snprintf(line, sizeof line, "event=snapshot_refused code=%s message=\"%s\"",
                 gx_status_name(damage->code), damage->message);
        db->options.log(db->options.log_user, 0, line);
    }
}

gx_status gx_db_open(gx_db **out, const char *path, const gx_db_options *options, gx_error *err) {
    gx_status status = GX_OK;
    gx_db *db = gx_alloc0(1, sizeof *db);
    if (!db) {
        return gx_fail_memory(err, sizeof *db);
    }
    db->options = options ? *options : (gx_db_options){0};
    if (db->options.seed == 0) {
        db->options.seed = 1;
    }
    gx_job job;
    gx_job_init(&job, db->options.threads, db->options.seed);
    db->threads_max = job.threads;
    db->opened_ms = gx_time_ms();
    pthread_mutex_init(&db->state_lock, NULL);
    pthread_mutex_init(&db->publish_lock, NULL);
    db->path = gx_strdup(path);
    if (!db->path) {
        GX_TRY(gx_fail_memory(err, strlen(path)));
    }
    gx_store_options store = {.create = db->options.create, .read_only = db->options.read_only};
    GX_TRY(gx_store_open(&db->store, path, &store, err));
    GX_TRY(gx_items_create(&db->items, err));
    GX_TRY(gx_graphs_create(&db->graphs, err));
    GX_TRY(gx_jobs_create(&db->jobs, db, err));
    GX_TRY(gx_state_make(&db->state, db->store, true, err));
    log_damage(db);
    *out = db;
    db = NULL;
done:
    gx_db_close(db);
    return status;
}

void gx_db_close(gx_db *db) {
    if (!db) {
        return;
    }
    gx_jobs_destroy(db->jobs);
    gx_state_release(db->state);
    gx_items_destroy(db->items);
    gx_graphs_destroy(db->graphs);
    gx_store_close(db->store);
    pthread_mutex_destroy(&db->state_lock);
    pthread_mutex_destroy(&db->publish_lock);
    gx_free(db->path);
    gx_free(db);
}

gx_store *gx_db_store(gx_db *db) {
    return db->store;
}

const gx_db_options *gx_db_get_options(const gx_db *db) {
    return &db->options;
}

void gx_db_set_stats_source(gx_db *db, gx_stats_fn fn, void *user) {
    pthread_mutex_lock(&db->state_lock);
    db->stats = fn;
    db->stats_user = user;
    pthread_mutex_unlock(&db->state_lock);
}

void gx_db_unsubscribe(gx_db *db, gx_subscriber *subscriber) {
    gx_jobs_unwatch(db->jobs, subscriber);
}

/* ---- the served state ---------------------------------------------------------------------------
 */

gx_state *gx_db_hold_state(gx_db *db) {
    pthread_mutex_lock(&db->state_lock);
    gx_state *state = db->state;
    atomic_fetch_add(&state->holders, 1);
    pthread_mutex_unlock(&db->state_lock);
    return state;
}

gx_status gx_db_reload(gx_db *db, gx_error *err) {
    gx_state *fresh;
    gx_status status = gx_state_make(&fresh, db->store, false, err);
    if (status != GX_OK) {
        return status;
    }
    pthread_mutex_lock(&db->state_lock);
    gx_state *rest = fresh; /* of the two, the one that is let go */
    bool gone = db->state->snapshot && !fresh->snapshot;
    if (gone) {
        status = gx_fail(err, GX_NOT_FOUND,
                         "there is no current snapshot in %s any more; number %u goes on serving",
                         db->path, gx_snapshot_number(db->state->snapshot));
    } else {
        rest = db->state;
        db->state = fresh;
    }
    pthread_mutex_unlock(&db->state_lock);
    gx_state_release(rest);
    return status;
}

struct timespec gx_db_soon(void) {
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_nsec += 10000000;
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

gx_status gx_db_publishing(gx_db *db, gx_job *job, gx_error *err) {
    for (;;) {
        const struct timespec until = gx_db_soon();
        if (pthread_mutex_timedlock(&db->publish_lock, &until) == 0) {
            return GX_OK;
        }
        gx_status status = gx_job_check(job, err);
        if (status != GX_OK) {
            return status;
        }
    }
}

void gx_db_published(gx_db *db) {
    pthread_mutex_unlock(&db->publish_lock);
}

const gx_columns *gx_db_items_lock(gx_db *db, gx_txn *txn, gx_error *err) {
    return gx_items_lock(db->items, txn, err);
}

void gx_db_items_unlock(gx_db *db) {
    gx_items_unlock(db->items);
}

/* ---- calls ---------------------------------------------------------------------------------- */

/* Those arguments that have a parameter. */
static gx_value known_args(gx_arena *arena, const gx_value *args, const gx_param *params,
                           size_t count) {
    gx_value known = gx_map(arena, args->size);
    for (size_t i = 0; i < count; i++) {
        const gx_value *value = gx_map_get(args, params[i].name);
        if (value) {
            gx_map_put(arena, &known, params[i].name, *value);
        }
    }
    return known;
}

gx_status gx_db_parse_args(gx_args *out, gx_arena *arena, const gx_method *method,
                           const gx_value *args, gx_error *err) {
    size_t count = method->param_count + gx_method_common_count;
    gx_param *all = gx_arena_get(arena, count * sizeof *all);
    if (!all) {
        return gx_fail_memory(err, count * sizeof *all);
    }
    if (method->param_count) {
        memcpy(all, method->params, method->param_count * sizeof *all);
    }
    memcpy(all + method->param_count, gx_method_common, gx_method_common_count * sizeof *all);
    if (method->tolerant && args && args->type == GX_MAP) {
        const gx_value known = known_args(arena, args, all, count);
        return gx_args_parse(out, arena, all, count, &known, err);
    }
    return gx_args_parse(out, arena, all, count, args, err);
}

/* What the arguments say of the job goes before what the door or the store says; but no caller gets
 * more threads than the store was opened with. */
static void apply_args(gx_job *job, const gx_db *db, const gx_args *args) {
    if (gx_arg_has(args, "threads")) {
        int asked = (int)gx_arg_int(args, "threads");
        job->threads = asked < db->threads_max ? asked : db->threads_max;
    }
    if (gx_arg_has(args, "seed")) {
        job->seed = (uint64_t)gx_arg_int(args, "seed");
    }
    if (gx_arg_has(args, "mem")) {
        job->mem_limit = (uint64_t)gx_arg_int(args, "mem");
    }
}

static void make_job(gx_job *job, gx_db *db, const gx_args *args) {
    gx_job_init(job, db->options.threads, db->options.seed);
    job->mem_limit = db->options.mem_bytes;
    apply_args(job, db, args);
}

static void tighten_deadline(gx_job *job, const gx_args *args) {
    int64_t ms = gx_arg_int(args, "deadline_ms");
    if (ms > 0) {
        int64_t at = gx_clock_ns() + ms * 1000000;
        if (!job->deadline_ns || at < job->deadline_ns) {
            job->deadline_ns = at;
        }
    }
}

gx_status gx_call_bill(gx_call_env *call, gx_error *err) {
    const size_t bytes = gx_arena_bytes(call->arena);
    if (bytes <= call->billed) {
        return GX_OK;
    }
    gx_status status = gx_job_charge(call->job, bytes - call->billed, err);
    if (status == GX_OK) {
        atomic_fetch_add(&call->job->mem_call, bytes - call->billed);
        call->billed = bytes;
    }
    return status;
}

void gx_call_unbill(gx_call_env *call) {
    if (call->billed > 0) {
        gx_job_refund(call->job, call->billed);
        atomic_fetch_sub(&call->job->mem_call, call->billed);
        call->billed = 0;
    }
}

static gx_status finish_result(gx_status status, gx_arena *arena, gx_error *err) {
    if (status == GX_OK && gx_arena_status(arena) != GX_OK) {
        return gx_fail(err, GX_NO_MEMORY, "out of memory while the answer was made");
    }
    return status;
}

gx_status gx_db_call(gx_value *out, gx_db *db, const gx_method *method, const gx_value *args,
                     const gx_call_options *options, gx_arena *arena, gx_error *err) {
    if (method->cost == GX_COST_WRITE) {
        gx_write_call call = {.method = method, .args = args, .arena = arena};
        call.principal = options ? options->principal : NULL;
        gx_db_write(db, &call, 1);
        if (call.status == GX_OK) {
            *out = call.result;
        } else if (err) {
            *err = call.error;
        }
        return call.status;
    }
    gx_args parsed;
    gx_status status = gx_db_parse_args(&parsed, arena, method, args, err);
    if (status != GX_OK) {
        return status;
    }
    gx_job own, *job = options && options->job ? options->job : &own;
    int64_t deadline = job == &own ? 0 : job->deadline_ns;
    if (job == &own) {
        make_job(job, db, &parsed);
    } else {
        apply_args(job, db, &parsed);
    }
    tighten_deadline(job, &parsed);
    job->stage = method->name;
    const uint64_t held = atomic_load(&job->mem_call);
    gx_call_env call = {.db = db, .args = &parsed, .given = args, .arena = arena, .job = job};
    call.billed = gx_arena_bytes(arena);
    call.principal = options ? options->principal : NULL;
    call.subscriber = options ? options->subscriber : NULL;
    call.state = gx_db_hold_state(db);
    gx_value result = gx_nil();
    gx_listed *listed =
        options && options->listed ? gx_jobs_enter(db->jobs, method, job, call.principal) : NULL;
    status = gx_job_check(job, err);
    if (status == GX_OK && method->cost == GX_COST_SHORT) {
        status = gx_txn_read(&call.txn, db->store, err);
    }
    if (status == GX_OK) {
        status = method->run(&result, &call, err);
    }
    gx_txn_abort(call.txn);
    gx_state_release(call.state);
    gx_job_refund(job, atomic_exchange(&job->mem_call, held) - held);
    if (job != &own) {
        job->deadline_ns = deadline;
    }
    status = finish_result(status, arena, err);
    gx_jobs_leave(listed, status);
    if (status == GX_OK) {
        *out = result;
    }
    return status;
}

gx_status gx_call(gx_value *out, gx_db *db, const char *method, const gx_value *args,
                  gx_arena *arena, gx_error *err) {
    const gx_method *found = gx_method_find(method);
    if (!found) {
        return gx_method_missing(method, err);
    }
    return gx_db_call(out, db, found, args, NULL, arena, err);
}

/* ---- group commit --------------------------------------------------------------------------- */

/* One call inside the shared transaction, in a savepoint of its own where there are several. */
static gx_status write_one(gx_write_call *call, gx_db *db, gx_state *state, gx_txn *txn,
                           bool savepoint) {
    gx_error *err = &call->error;
    gx_args parsed;
    gx_status status = gx_db_parse_args(&parsed, call->arena, call->method, call->args, err);
    if (status != GX_OK) {
        return status;
    }
    gx_job job;
    make_job(&job, db, &parsed);
    tighten_deadline(&job, &parsed);
    gx_txn *inner = txn;
    if (savepoint) {
        status = gx_txn_nest(&inner, txn, err);
        if (status != GX_OK) {
            return status;
        }
    }
    gx_call_env env = {.db = db,
                       .args = &parsed,
                       .given = call->args,
                       .arena = call->arena,
                       .job = &job,
                       .txn = inner,
                       .state = state,
                       .principal = call->principal};
    status = finish_result(call->method->run(&call->result, &env, err), call->arena, err);
    if (savepoint && status == GX_OK) {
        status = gx_txn_commit(inner, err);
    } else if (savepoint) {
        gx_txn_abort(inner);
    }
    return status;
}

static void fail_all(gx_write_call *calls, size_t count, gx_status status, const gx_error *why) {
    for (size_t i = 0; i < count; i++) {
        if (calls[i].status == GX_OK) {
            calls[i].status = status;
            calls[i].error = *why;
        }
    }
}

void gx_db_write(gx_db *db, gx_write_call *calls, size_t count) {
    gx_error err = {0};
    gx_txn *txn = NULL;
    for (size_t i = 0; i < count; i++) {
        calls[i].status = GX_OK;
    }
    gx_status status = db->options.read_only
                           ? gx_fail(&err, GX_FORBIDDEN, "the store was opened for reading only")
                           : gx_txn_write(&txn, db->store, &err);
    if (status != GX_OK) {
        fail_all(calls, count, status, &err);
        return;
    }
    gx_state *state = gx_db_hold_state(db);
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        calls[i].status = write_one(&calls[i], db, state, txn, count > 1);
        any = any || calls[i].status == GX_OK;
    }
    gx_state_release(state);
    if (!any) {
        gx_items_committing(db->items, txn);
        gx_txn_abort(txn);
        gx_items_committed(db->items, db->store, false);
        return;
    }
    gx_items_committing(db->items, txn);
    status = gx_txn_commit(txn, &err);
    gx_items_committed(db->items, db->store, status == GX_OK);
    if (status != GX_OK) {
        fail_all(calls, count, status, &err);
    }
}
