#include "bench/served.h"

#include <sched.h>
#include <stdio.h>

enum { STOP_MS = 2000 };

void gx_stay_on(int k) {
    cpu_set_t all, one;
    if (sched_getaffinity(0, sizeof all, &all) != 0 || CPU_COUNT(&all) < 2) {
        return;
    }
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &all) && k-- == 0) {
            CPU_SET(cpu, &one);
        }
    }
    (void)sched_setaffinity(0, sizeof one, &one);
}

static void *serve(void *user) {
    gx_served *s = user;
    gx_error err;
    if (s->alone) {
        gx_stay_on(0);
    }
    gx_status status = gx_server_run(s->server, false, &err);
    (void)status;
    return NULL;
}

gx_status gx_served_begin(gx_served *out, gx_db *db, const char *folder, int loops, bool alone,
                          gx_error *err) {
    gx_server_options options;
    snprintf(out->address, sizeof out->address, "unix:%.240s/s", folder);
    const char *addresses[] = {out->address, NULL};
    gx_server_options_init(&options);
    options.listen = addresses;
    options.loops = alone ? 1 : loops;
    options.long_threads = alone ? 1 : options.long_threads;
    out->alone = alone;
    gx_status status = gx_server_open(&out->server, db, &options, err);
    if (status == GX_OK && pthread_create(&out->thread, NULL, serve, out) != 0) {
        status = gx_fail(err, GX_BUSY, "no more threads");
    }
    out->runs = status == GX_OK;
    return status;
}

void gx_served_end(gx_served *served) {
    if (served->runs) {
        gx_server_stop(served->server, STOP_MS);
        pthread_join(served->thread, NULL);
    }
    gx_server_close(served->server);
    *served = (gx_served){0};
}
