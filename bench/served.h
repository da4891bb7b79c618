/* A server of this process on a thread of its own, as suites that call over a socket have it. */
#ifndef GX_BENCH_SERVED_H
#define GX_BENCH_SERVED_H

#include "api/db.h"
#include "server/server.h"

#include <pthread.h>

typedef struct gx_served {
    gx_server *server;
    pthread_t thread;
    bool runs;
    bool alone;        /* on one processor: the first the process may use */
    char address[256]; /* unix:FOLDER/s */
} gx_served;

/* Serves `db`, which outlives it, on a socket in the folder. `alone`: one loop and one thread for
 * long calls, all on one processor; else `loops` of them. */
GX_MUST_CHECK gx_status gx_served_begin(gx_served *out, gx_db *db, const char *folder, int loops,
                                        bool alone, gx_error *err);
void gx_served_end(gx_served *served); /* safe on zeros */

/* The calling thread, and those it starts from now on, to the k-th processor it may use. */
void gx_stay_on(int k);

#endif
