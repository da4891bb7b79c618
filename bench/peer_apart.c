/* A peer that is a library, in a process of its own: forked once with the graph, it serves tasks
 * until it is closed. A library may look seldom or never whether it should stop, or not survive it,
 * so the process is killed where the limit is over, and forked anew when it is asked again. */
#include "bench/graph.h"

#include <omp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { LOAD_S = 600 };

typedef struct question {
    gx__task task;
    int threads;
    double limit_s;
} question;

typedef struct reply {
    gx_status status;
    bool answered; /* the folder has it */
    gx__result result;
    char message[128];
} reply;

typedef struct peer {
    gx__peer head;
    gx__peer *inner;
    const gx__ground *ground;
    gx__child child;
    pid_t parent; /* who started it */
} peer;

/* ---- the other process ------------------------------------------------------------------------
 */

static bool say(int fd, reply *r, const gx_error *err) {
    snprintf(r->message, sizeof r->message, "%.127s", r->status == GX_OK ? "" : err->message);
    return write(fd, r, sizeof *r) == (ssize_t)sizeof *r;
}

/* Two replies to each question: loaded, and what it took. */
static void serve(void *user, int in, int out) {
    peer *p = user;
    question q;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == p->parent && read(in, &q, sizeof q) == (ssize_t)sizeof q) {
        gx_error err = {0};
        reply r = {.status = p->inner->load(p->inner, &q.task, &err)};
        if (!say(out, &r, &err)) {
            break;
        }
        if (r.status != GX_OK) {
            continue;
        }
        r.status = p->inner->run(p->inner, &r.result, &q.task, q.threads, q.limit_s, &err);
        r.answered = r.status == GX_OK && r.result.answer &&
                     gx__answer_write(p->ground, r.result.answer, &err) == GX_OK;
        gx_free(r.result.answer);
        r.result.answer = NULL;
        if (!say(out, &r, &err)) {
            break;
        }
    }
}

static gx_status start(peer *p, gx_error *err) {
    fflush(NULL); /* nothing is written twice */
    /* A fork takes no threads along, and would wait for them. */
    omp_pause_resource_all(omp_pause_hard);
    p->parent = getpid();
    return gx__child_start(&p->child, serve, p, p->head.name, err);
}

/* ---- ours -------------------------------------------------------------------------------------
 */

static gx_status hear(reply *out, peer *p, double limit_s, gx_error *err) {
    int64_t end_ns = gx_clock_ns() + (int64_t)(limit_s * 1e9);
    for (;;) {
        struct pollfd ready = {.fd = p->child.out, .events = POLLIN};
        if (gx_clock_ns() > end_ns || gx_job_should_stop(p->ground->bench->job)) {
            gx__child_stop(&p->child);
            return gx_fail(err, GX_DEADLINE, "over the limit of %.3g s", limit_s);
        }
        if (poll(&ready, 1, 100) <= 0) {
            continue;
        }
        if (read(p->child.out, out, sizeof *out) != (ssize_t)sizeof *out) {
            gx__child_stop(&p->child);
            return gx_fail(err, GX_IO, "%s ended", p->head.name);
        }
        return out->status == GX_OK ? GX_OK : gx_fail(err, out->status, "%s", out->message);
    }
}

static gx_status run(gx__peer *self, gx__result *out, const gx__task *task, int threads,
                     double limit_s, gx_error *err) {
    peer *p = (peer *)self;
    question q = {.task = *task, .threads = threads, .limit_s = limit_s};
    reply r;
    gx_status status = GX_OK;
    if (p->child.process == 0) {
        GX_TRY(start(p, err));
    }
    if (write(p->child.in, &q, sizeof q) != (ssize_t)sizeof q) {
        gx__child_stop(&p->child);
        return gx_fail(err, GX_IO, "%s ended", p->head.name);
    }
    GX_TRY(hear(&r, p, LOAD_S, err));
    GX_TRY(hear(&r, p, limit_s, err));
    if (r.answered) {
        GX_TRY(gx__answer_read(&r.result.answer, p->ground, p->head.name, err));
    }
    *out = r.result;
done:
    return status;
}

static bool knows(const gx__peer *self, const char *task) {
    const peer *p = (const peer *)self;
    return p->inner->knows(p->inner, task);
}

static int threads_for(const gx__peer *self, const char *task) {
    const peer *p = (const peer *)self;
    return p->inner->threads_for(p->inner, task);
}

static void close_peer(gx__peer *self) {
    peer *p = (peer *)self;
    gx__child_stop(&p->child);
    p->inner->close(p->inner);
    gx_free(p);
}

gx_status gx__peer_apart(gx__peer **out, gx__peer *inner, const gx__ground *ground, gx_error *err) {
    peer *p = gx_alloc0(1, sizeof *p);
    if (!p) {
        inner->close(inner);
        return gx_fail_memory(err, sizeof *p);
    }
    p->head = (gx__peer){.name = inner->name,
                         .version = inner->version,
                         .threads = inner->threads,
                         .knows = knows,
                         .threads_for = threads_for,
                         .run = run,
                         .close = close_peer};
    p->inner = inner;
    p->ground = ground;
    *out = &p->head;
    return GX_OK;
}
