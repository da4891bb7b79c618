/* The one path for every door. A door (CLI, RPC, library) turns its bytes into a gx_value, calls
 * here, and turns the answer back. */
#ifndef GX_API_API_H
#define GX_API_API_H

#include "api/method.h"

/* How a door makes a call; all fields may be zero. */
typedef struct gx_call_options {
    gx_job *job; /* the caller's: progress, cancel, deadline, threads; NULL: one is made */
    const char *principal;
    bool listed;               /* in job.list while it runs; with a job, and not for writes */
    gx_subscriber *subscriber; /* of calls of GX_COST_SHORT; NULL: job.watch is refused */
} gx_call_options;

/* gx_call with options. deadline_ms among the args tightens the job's deadline. */
GX_MUST_CHECK gx_status gx_db_call(gx_value *out, gx_db *db, const gx_method *method,
                                   const gx_value *args, const gx_call_options *options,
                                   gx_arena *arena, gx_error *err);

/* Several calls of GX_COST_WRITE in one transaction and one commit: group commit. Each is undone
 * alone when it fails; when the commit fails, all are told. */
typedef struct gx_write_call {
    const gx_method *method;
    const gx_value *args;
    gx_arena *arena;
    const char *principal;
    gx_value result;  /* out */
    gx_status status; /* out */
    gx_error error;   /* out */
} gx_write_call;

void gx_db_write(gx_db *db, gx_write_call *calls, size_t count);

/* Afterwards the subscriber is told nothing more. Before it goes, and before the db is closed. */
void gx_db_unsubscribe(gx_db *db, gx_subscriber *subscriber);

/* Follows CURRENT: maps the new snapshot beside the old one and swaps one pointer. A broken
 * or missing one is refused and the old one goes on serving. Also reloads settings. */
GX_MUST_CHECK gx_status gx_db_reload(gx_db *db, gx_error *err);

gx_store *gx_db_store(gx_db *db);
/* A server tells here what sys.stats shows of it; `fn` NULL takes it away. */
typedef void (*gx_stats_fn)(void *user, gx_arena *arena, gx_value *map);
void gx_db_set_stats_source(gx_db *db, gx_stats_fn fn, void *user);
const gx_db_options *gx_db_get_options(const gx_db *db);

#endif
