/* Inside of the api room: what a gx_db is made of. Methods use the calls; doors use api.h. */
#ifndef GX_API_DB_H
#define GX_API_DB_H

#include "api/api.h"
#include "api/state.h"

#include <pthread.h>

typedef struct gx_jobs gx_jobs;
typedef struct gx_items gx_items;
typedef struct gx_graphs gx_graphs;

struct gx_db {
    gx_store *store;
    gx_db_options options;
    int threads_max; /* of options.threads, or the processors */
    char *path;

    pthread_mutex_t state_lock; /* around the pointer only: taken for a few instructions */
    gx_state *state;
    pthread_mutex_t publish_lock; /* gx_db_publishing */

    gx_items *items;   /* item attributes as columns */
    gx_graphs *graphs; /* kept between calls: api/graphs.h */
    gx_jobs *jobs;

    gx_stats_fn stats; /* what a server tells about itself; NULL without one */
    void *stats_user;
    int64_t opened_ms;
};

/* The state served now, held; never NULL. Let go with gx_state_release. */
gx_state *gx_db_hold_state(gx_db *db);
void gx_state_release(gx_state *state);
/* Resolves the snapshot that CURRENT names; an empty state where there is no CURRENT. A damaged one
 * is an error or, with `forgive`, an empty state that remembers the error: what needs no snapshot
 * works, and so do the ways out (model.rollback, model.promote, model.build). */
GX_MUST_CHECK gx_status gx_state_make(gx_state **out, gx_store *store, bool forgive, gx_error *err);

/* Around what publishes a snapshot, from reading the one served: of two at once neither loses what
 * the other published. Waits; cancelled, deadline. */
GX_MUST_CHECK gx_status gx_db_publishing(gx_db *db, gx_job *job, gx_error *err);
void gx_db_published(gx_db *db);
/* A hundredth of a second from now, on the clock of pthreads: how often who waits looks at its job.
 */
struct timespec gx_db_soon(void);

/* ---- item columns --------------------------------------------------------------------------- */

GX_MUST_CHECK gx_status gx_items_create(gx_items **out, gx_error *err);
void gx_items_destroy(gx_items *items);
/* Around a commit of this process: what is put between is applied when the commit went well. */
void gx_items_touch(gx_items *items, uint32_t item);
void gx_items_committing(gx_items *items, const gx_txn *txn);
void gx_items_committed(gx_items *items, gx_store *store, bool success);
/* Held for reading, as new as `txn` at least. NULL on failure. */
const gx_columns *gx_items_lock(gx_items *items, gx_txn *txn, gx_error *err);
void gx_items_unlock(gx_items *items);
/* Columns of one's own, as `txn` sees the items: for what reads them for long, since a writer waits
 * for those who hold the ones of the db. O(records of items); the caller destroys them. */
GX_MUST_CHECK gx_status gx_items_read(gx_columns **out, gx_txn *txn, gx_error *err);

/* ---- graphs that are kept ------------------------------------------------------------------- */

GX_MUST_CHECK gx_status gx_graphs_create(gx_graphs **out, gx_error *err);
void gx_graphs_destroy(gx_graphs *graphs); /* nobody holds one any more */
/* How many are kept, and in how many bytes. */
void gx_graphs_stat(uint32_t *out_count, uint64_t *out_bytes, gx_graphs *graphs);

/* ---- jobs ----------------------------------------------------------------------------------- */

GX_MUST_CHECK gx_status gx_jobs_create(gx_jobs **out, gx_db *db, gx_error *err);
void gx_jobs_destroy(gx_jobs *jobs); /* cancels and waits */
/* A call's arguments by the method's parameters and the common ones, as one table in the arena. */
GX_MUST_CHECK gx_status gx_db_parse_args(gx_args *out, gx_arena *arena, const gx_method *method,
                                         const gx_value *args, gx_error *err);
GX_MUST_CHECK gx_status gx_jobs_start(uint64_t *out_id, gx_jobs *jobs, const gx_method *method,
                                      const gx_value *args, gx_error *err);
/* A call that runs by itself, in the list of jobs from enter to leave, to be watched and cancelled
 * there; `job` tells and is told on meanwhile. NULL, for want of memory: it is not listed. */
typedef struct gx_listed gx_listed;
gx_listed *gx_jobs_enter(gx_jobs *jobs, const gx_method *method, gx_job *job,
                         const char *principal);
void gx_jobs_leave(gx_listed *listed, gx_status status);
GX_MUST_CHECK gx_status gx_jobs_cancel(gx_jobs *jobs, uint64_t id, gx_error *err);
/* The same as gx_jobs_describe of one job; while it runs, `subscriber` is told job.progress: at
 * most every 200 ms a job, and when it ends. To watch twice is to watch once. */
GX_MUST_CHECK gx_status gx_jobs_watch(gx_value *out, gx_jobs *jobs, uint64_t id,
                                      gx_subscriber *subscriber, gx_arena *arena, gx_error *err);
void gx_jobs_unwatch(gx_jobs *jobs, gx_subscriber *subscriber); /* all of its jobs */
/* One job, or with id 0 all of them as a list, newest first. */
GX_MUST_CHECK gx_status gx_jobs_describe(gx_value *out, gx_jobs *jobs, uint64_t id, gx_arena *arena,
                                         gx_error *err);

#endif
