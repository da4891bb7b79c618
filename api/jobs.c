/* Jobs: long calls that run on their own, to be asked after, watched and cancelled. A job is a
 * method and its arguments; its answer is kept until the job is forgotten (the oldest finished of
 * many go first). Calls that doors make directly stand among them while they run, and are gone with
 * their answer, which is their caller's.
 *
 * Who watches a job is told under the mutex: so once gx_jobs_unwatch returns, nobody is any more.
 * Watchers live as long as the job runs, one a subscriber and job. */
#include "api/db.h"

#include <stdio.h>

enum { JOBS_KEPT = 256, JOBS_RUNNING_MAX = 4 };

static const int64_t TELL_EVERY_NS = 200000000;

typedef enum job_phase { JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_CANCELLED } job_phase;

static const char *const phase_names[] = {"running", "done", "failed", "cancelled"};

typedef struct watcher watcher;

struct watcher {
    watcher *next;
    gx_subscriber *subscriber;
};

typedef struct entry entry;

struct entry {
    entry *next; /* older */
    uint64_t id;
    gx_jobs *jobs;
    const gx_method *method;
    gx_job *job;
    char principal[64]; /* empty: the owner of the process */

    /* Of a call that was made directly: what its job told before. */
    bool direct;
    gx_progress_fn tell;
    void *tell_user;

    /* Of those that run on their own. */
    gx_arena *arena; /* the arguments, then the answer */
    gx_value args, result;
    gx_job own;
    pthread_t thread;

    /* Under the mutex. */
    job_phase phase;
    gx_error error;
    int64_t started_ms, ended_ms;
    char stage[80];
    uint64_t done, total;
    watcher *watchers; /* none once it ended */
    int64_t told_ns;
};

struct gx_jobs {
    gx_db *db;
    pthread_mutex_t mutex;
    entry *newest;
    uint64_t last_id;
    size_t count, running; /* without direct calls */
};

gx_status gx_jobs_create(gx_jobs **out, gx_db *db, gx_error *err) {
    gx_jobs *jobs = gx_alloc0(1, sizeof *jobs);
    if (!jobs) {
        return gx_fail_memory(err, sizeof *jobs);
    }
    jobs->db = db;
    pthread_mutex_init(&jobs->mutex, NULL);
    *out = jobs;
    return GX_OK;
}

static void entry_destroy(entry *e) {
    pthread_join(e->thread, NULL);
    gx_arena_destroy(e->arena);
    gx_free(e);
}

void gx_jobs_destroy(gx_jobs *jobs) {
    if (!jobs) {
        return;
    }
    for (entry *e = jobs->newest; e; e = e->next) {
        gx_job_cancel(e->job);
    }
    while (jobs->newest) {
        entry *e = jobs->newest;
        jobs->newest = e->next;
        entry_destroy(e);
    }
    pthread_mutex_destroy(&jobs->mutex);
    gx_free(jobs);
}

/* ---- watchers; under the mutex -----------------------------------------------------------------
 */

/* News may be lost (here for want of memory, at the other end of a slow connection for want of
 * room): who hears nothing for long asks job.get. */
static void tell(entry *e) {
    gx_arena *arena = e->watchers ? gx_arena_create() : NULL;
    if (!arena) {
        return;
    }
    gx_value map = gx_map(arena, 6);
    gx_map_put(arena, &map, "job", gx_int((int64_t)e->id));
    gx_map_put(arena, &map, "method", gx_str(e->method->name));
    gx_map_put(arena, &map, "state", gx_str(phase_names[e->phase]));
    gx_map_put(arena, &map, "stage", gx_str(e->stage));
    gx_map_put(arena, &map, "done", gx_int((int64_t)e->done));
    gx_map_put(arena, &map, "total", gx_int((int64_t)e->total));
    if (gx_arena_status(arena) == GX_OK) {
        for (watcher *w = e->watchers; w; w = w->next) {
            w->subscriber->notify(w->subscriber->user, "job.progress", &map);
        }
    }
    gx_arena_destroy(arena);
}

static gx_status add_watcher(entry *e, gx_subscriber *subscriber, gx_error *err) {
    for (watcher *w = e->watchers; w; w = w->next) {
        if (w->subscriber == subscriber) {
            return GX_OK;
        }
    }
    watcher *w = gx_alloc(1, sizeof *w);
    if (!w) {
        return gx_fail_memory(err, sizeof *w);
    }
    *w = (watcher){.next = e->watchers, .subscriber = subscriber};
    e->watchers = w;
    subscriber->subscribed = true;
    return GX_OK;
}

/* Those of `subscriber`, or all when it is NULL. */
static void drop_watchers(entry *e, const gx_subscriber *subscriber) {
    for (watcher **at = &e->watchers; *at;) {
        watcher *w = *at;
        if (!subscriber || w->subscriber == subscriber) {
            *at = w->next;
            gx_free(w);
        } else {
            at = &w->next;
        }
    }
}

/* ---- running -----------------------------------------------------------------------------------
 */

static void note_progress(void *user, const char *stage, uint64_t done, uint64_t total,
                          uint64_t mem_bytes) {
    entry *e = user;
    pthread_mutex_lock(&e->jobs->mutex);
    snprintf(e->stage, sizeof e->stage, "%s", stage ? stage : "");
    e->done = done;
    e->total = total;
    int64_t now = gx_clock_ns();
    if (now - e->told_ns >= TELL_EVERY_NS) {
        e->told_ns = now;
        tell(e);
    }
    pthread_mutex_unlock(&e->jobs->mutex);
    if (e->tell) {
        e->tell(e->tell_user, stage, done, total, mem_bytes);
    }
}

static job_phase phase_of(gx_status status) {
    return status == GX_OK ? JOB_DONE : status == GX_CANCELLED ? JOB_CANCELLED : JOB_FAILED;
}

static void *run(void *user) {
    entry *e = user;
    gx_error err = {0};
    gx_value result = gx_nil();
    gx_call_options options = {.job = e->job};
    gx_status status =
        gx_db_call(&result, e->jobs->db, e->method, &e->args, &options, e->arena, &err);
    pthread_mutex_lock(&e->jobs->mutex);
    e->phase = phase_of(status);
    e->error = err;
    e->result = result;
    e->ended_ms = gx_time_ms();
    e->jobs->running--;
    tell(e);
    drop_watchers(e, NULL);
    pthread_mutex_unlock(&e->jobs->mutex);
    return NULL;
}

/* The oldest finished job goes when there are many; under the mutex. */
static void forget_oldest(gx_jobs *jobs) {
    entry **oldest = NULL;
    for (entry **at = &jobs->newest; *at; at = &(*at)->next) {
        if ((*at)->phase != JOB_RUNNING && !(*at)->direct) {
            oldest = at;
        }
    }
    if (oldest && jobs->count >= JOBS_KEPT) {
        entry *gone = *oldest;
        *oldest = gone->next;
        jobs->count--;
        entry_destroy(gone); /* finished: the join does not wait */
    }
}

static gx_status entry_make(entry **out, gx_jobs *jobs, const gx_method *method,
                            const gx_value *args, gx_error *err) {
    const gx_db_options *options = gx_db_get_options(jobs->db);
    entry *e = gx_alloc0(1, sizeof *e);
    gx_arena *arena = gx_arena_create();
    if (!e || !arena) {
        gx_free(e);
        gx_arena_destroy(arena);
        return gx_fail_memory(err, sizeof *e);
    }
    e->jobs = jobs;
    e->method = method;
    e->arena = arena;
    e->args = args ? gx_value_copy(arena, args) : gx_nil();
    e->started_ms = gx_time_ms();
    e->job = &e->own;
    gx_job_init(e->job, options->threads, options->seed);
    e->job->mem_limit = options->mem_bytes;
    e->job->progress = note_progress;
    e->job->progress_user = e;
    *out = e;
    return GX_OK;
}

/* Under the mutex. */
static void list(entry *e) {
    e->id = ++e->jobs->last_id;
    e->next = e->jobs->newest;
    e->jobs->newest = e;
}

gx_status gx_jobs_start(uint64_t *out_id, gx_jobs *jobs, const gx_method *method,
                        const gx_value *args, gx_error *err) {
    entry *e = NULL;
    gx_status status = entry_make(&e, jobs, method, args, err);
    if (status != GX_OK) {
        return status;
    }
    pthread_mutex_lock(&jobs->mutex);
    if (jobs->running >= JOBS_RUNNING_MAX) {
        status = gx_fail(err, GX_BUSY, "%d jobs are running already; wait for one, or cancel one",
                         JOBS_RUNNING_MAX);
    } else if (pthread_create(&e->thread, NULL, run, e) != 0) {
        status = gx_fail(err, GX_BUSY, "the system gives no thread for the job");
    }
    if (status != GX_OK) {
        pthread_mutex_unlock(&jobs->mutex);
        gx_arena_destroy(e->arena);
        gx_free(e);
        return status;
    }
    forget_oldest(jobs);
    list(e);
    jobs->count++;
    jobs->running++;
    *out_id = e->id;
    pthread_mutex_unlock(&jobs->mutex);
    return GX_OK;
}

/* ---- calls that were made directly --------------------------------------------------------------
 */

gx_listed *gx_jobs_enter(gx_jobs *jobs, const gx_method *method, gx_job *job,
                         const char *principal) {
    entry *e = gx_alloc0(1, sizeof *e);
    if (!e) {
        return NULL;
    }
    e->jobs = jobs;
    e->method = method;
    e->job = job;
    e->direct = true;
    e->started_ms = gx_time_ms();
    snprintf(e->principal, sizeof e->principal, "%s", principal ? principal : "");
    e->tell = job->progress;
    e->tell_user = job->progress_user;
    job->progress = note_progress;
    job->progress_user = e;
    pthread_mutex_lock(&jobs->mutex);
    list(e);
    pthread_mutex_unlock(&jobs->mutex);
    return (gx_listed *)e;
}

void gx_jobs_leave(gx_listed *listed, gx_status status) {
    entry *e = (entry *)listed;
    if (!e) {
        return;
    }
    pthread_mutex_lock(&e->jobs->mutex);
    entry **at = &e->jobs->newest;
    while (*at != e) {
        at = &(*at)->next;
    }
    *at = e->next;
    e->phase = phase_of(status);
    tell(e);
    drop_watchers(e, NULL);
    pthread_mutex_unlock(&e->jobs->mutex);
    e->job->progress = e->tell;
    e->job->progress_user = e->tell_user;
    gx_free(e);
}

/* ---- what is asked of them ----------------------------------------------------------------------
 */

static entry *find(gx_jobs *jobs, uint64_t id) {
    entry *e = jobs->newest;
    while (e && e->id != id) {
        e = e->next;
    }
    return e;
}

/* Under the mutex. */
static gx_status missing(const gx_jobs *jobs, uint64_t id, gx_error *err) {
    return id > 0 && id <= jobs->last_id
               ? gx_fail_at(err, GX_NOT_FOUND, "job",
                            "there is no job %llu any more: it was a call that is over, or of the "
                            "last %d jobs it is none",
                            (unsigned long long)id, JOBS_KEPT)
               : gx_fail_at(err, GX_NOT_FOUND, "job", "there is no job %llu",
                            (unsigned long long)id);
}

gx_status gx_jobs_cancel(gx_jobs *jobs, uint64_t id, gx_error *err) {
    gx_status status = GX_OK;
    pthread_mutex_lock(&jobs->mutex);
    entry *e = find(jobs, id);
    if (!e) {
        status = missing(jobs, id, err);
    } else if (e->phase != JOB_RUNNING) {
        status = gx_fail_at(err, GX_CONFLICT, "job", "job %llu is %s already",
                            (unsigned long long)id, phase_names[e->phase]);
    } else {
        gx_job_cancel(e->job);
    }
    pthread_mutex_unlock(&jobs->mutex);
    return status;
}

/* Under the mutex. Copies, since the entry may be forgotten at any time. */
static gx_value describe(const entry *e, bool whole, gx_arena *arena) {
    gx_value map = gx_map(arena, 12);
    gx_map_put(arena, &map, "job", gx_int((int64_t)e->id));
    gx_map_put(arena, &map, "kind", gx_str(e->direct ? "call" : "job"));
    gx_map_put(arena, &map, "method", gx_str(e->method->name));
    gx_map_put(arena, &map, "scope", gx_str(gx_scope_name(e->method->scope)));
    if (e->principal[0]) {
        gx_map_put(arena, &map, "principal",
                   gx_text_copy(arena, e->principal, strlen(e->principal)));
    }
    gx_map_put(arena, &map, "state", gx_str(phase_names[e->phase]));
    gx_map_put(arena, &map, "started_ms", gx_int(e->started_ms));
    if (e->phase == JOB_RUNNING) {
        gx_map_put(arena, &map, "stage", gx_text_copy(arena, e->stage, strlen(e->stage)));
        gx_map_put(arena, &map, "done", gx_int((int64_t)e->done));
        gx_map_put(arena, &map, "total", gx_int((int64_t)e->total));
        return map;
    }
    gx_map_put(arena, &map, "ended_ms", gx_int(e->ended_ms));
    if (e->phase == JOB_DONE && whole) {
        gx_map_put(arena, &map, "result", gx_value_copy(arena, &e->result));
    } else if (e->phase != JOB_DONE) {
        gx_value error = gx_map(arena, 2);
        gx_map_put(arena, &error, "name", gx_str(gx_status_name(e->error.code)));
        gx_map_put(arena, &error, "message",
                   gx_text_copy(arena, e->error.message, strlen(e->error.message)));
        gx_map_put(arena, &map, "error", error);
    }
    return map;
}

gx_status gx_jobs_describe(gx_value *out, gx_jobs *jobs, uint64_t id, gx_arena *arena,
                           gx_error *err) {
    gx_status status = GX_OK;
    pthread_mutex_lock(&jobs->mutex);
    if (id == 0) {
        *out = gx_list(arena, (uint32_t)jobs->count + 8);
        for (entry *e = jobs->newest; e; e = e->next) {
            gx_list_add(arena, out, describe(e, false, arena));
        }
    } else {
        entry *e = find(jobs, id);
        if (e) {
            *out = describe(e, true, arena);
        } else {
            status = missing(jobs, id, err);
        }
    }
    pthread_mutex_unlock(&jobs->mutex);
    return status;
}

gx_status gx_jobs_watch(gx_value *out, gx_jobs *jobs, uint64_t id, gx_subscriber *subscriber,
                        gx_arena *arena, gx_error *err) {
    pthread_mutex_lock(&jobs->mutex);
    entry *e = find(jobs, id);
    gx_status status = e ? GX_OK : missing(jobs, id, err);
    if (e && e->phase == JOB_RUNNING) {
        status = add_watcher(e, subscriber, err);
    }
    if (status == GX_OK) {
        *out = describe(e, true, arena);
    }
    pthread_mutex_unlock(&jobs->mutex);
    return status;
}

void gx_jobs_unwatch(gx_jobs *jobs, gx_subscriber *subscriber) {
    if (!subscriber->subscribed) {
        return;
    }
    pthread_mutex_lock(&jobs->mutex);
    for (entry *e = jobs->newest; e; e = e->next) {
        drop_watchers(e, subscriber);
    }
    subscriber->subscribed = false;
    pthread_mutex_unlock(&jobs->mutex);
}
