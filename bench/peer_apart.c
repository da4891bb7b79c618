/* A peer that is a library, in a process of its own: forked once with the graph, it serves tasks
 * until it is closed. A library may look seldom or never whether it should stop, or not survive it,
 * so the process is killed where the limit is over, and forked anew when it is asked again. */
#include "bench/graph.h"

#include <errno.h>
#include <fcntl.h>
#include <omp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOAD_S = 600 };

typedef struct question {
    gx__task task;
    int threads;
    double limit_s;
} question;

typedef struct reply {
    gx_status status;
    bool answered; /* the file `apart` in the folder has it */
    gx__result result;
    char message[128];
} reply;

typedef struct peer {
    gx__peer head;
    gx__peer *inner;
    const gx__ground *ground;
    pid_t process; /* 0: not running */
    int in, out;   /* of ours */
} peer;

/* ---- the other process ------------------------------------------------------------------------
 */

static void path_of(char *out, size_t size, const peer *p) {
    snprintf(out, size, "%s/apart", p->ground->folder);
}

static bool write_answer(const peer *p, const double *answer) {
    char path[GX_FOLDER_MAX + 16];
    path_of(path, sizeof path, p);
    FILE *file = fopen(path, "wb");
    size_t n = p->ground->arcs->n;
    bool whole = file && fwrite(answer, sizeof *answer, n, file) == n;
    return file && fclose(file) == 0 && whole;
}

static bool say(int fd, const reply *r) {
    return write(fd, r, sizeof *r) == (ssize_t)sizeof *r;
}

/* Two replies to each question: loaded, and what it took. */
static void serve(peer *p, int in, int out) {
    question q;
    while (read(in, &q, sizeof q) == (ssize_t)sizeof q) {
        gx_error err = {0};
        reply r = {.status = p->inner->load(p->inner, &q.task, &err)};
        snprintf(r.message, sizeof r.message, "%.127s", r.status == GX_OK ? "" : err.message);
        if (!say(out, &r)) {
            break;
        }
        if (r.status != GX_OK) {
            continue;
        }
        r.status = p->inner->run(p->inner, &r.result, &q.task, q.threads, q.limit_s, &err);
        r.answered = r.status == GX_OK && r.result.answer && write_answer(p, r.result.answer);
        snprintf(r.message, sizeof r.message, "%.127s", r.status == GX_OK ? "" : err.message);
        gx_free(r.result.answer);
        r.result.answer = NULL;
        if (!say(out, &r)) {
            break;
        }
    }
}

static void stop(peer *p) {
    if (p->process > 0) {
        kill(p->process, SIGKILL);
        waitpid(p->process, NULL, 0);
        close(p->in);
        close(p->out);
    }
    p->process = 0;
}

static gx_status start(peer *p, gx_error *err) {
    int down[2], up[2];
    if (pipe2(down, O_CLOEXEC) != 0) {
        return gx_fail_errno(err, errno, "starting", p->head.name);
    }
    if (pipe2(up, O_CLOEXEC) != 0) {
        close(down[0]);
        close(down[1]);
        return gx_fail_errno(err, errno, "starting", p->head.name);
    }
    fflush(NULL); /* nothing is written twice */
    omp_pause_resource_all(
        omp_pause_hard); /* a fork takes no threads along, and would wait for them */
    pid_t parent = getpid();
    p->process = fork();
    if (p->process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(down[1]);
        close(up[0]);
        if (getppid() == parent) {
            serve(p, down[0], up[1]);
        }
        _exit(0);
    }
    close(down[0]);
    close(up[1]);
    p->in = down[1];
    p->out = up[0];
    if (p->process < 0) {
        int number = errno;
        p->process = 0;
        close(p->in);
        close(p->out);
        return gx_fail_errno(err, number, "starting", p->head.name);
    }
    return GX_OK;
}

/* ---- ours -------------------------------------------------------------------------------------
 */

static gx_status hear(reply *out, peer *p, double limit_s, gx_error *err) {
    int64_t end_ns = gx_clock_ns() + (int64_t)(limit_s * 1e9);
    for (;;) {
        struct pollfd ready = {.fd = p->out, .events = POLLIN};
        if (gx_clock_ns() > end_ns || gx_job_should_stop(p->ground->bench->job)) {
            stop(p);
            return gx_fail(err, GX_DEADLINE, "over the limit of %.3g s", limit_s);
        }
        if (poll(&ready, 1, 100) <= 0) {
            continue;
        }
        if (read(p->out, out, sizeof *out) != (ssize_t)sizeof *out) {
            stop(p);
            return gx_fail(err, GX_IO, "%s ended", p->head.name);
        }
        return out->status == GX_OK ? GX_OK : gx_fail(err, out->status, "%s", out->message);
    }
}

static gx_status read_answer(double **out, const peer *p, gx_error *err) {
    char path[GX_FOLDER_MAX + 16];
    size_t n = p->ground->arcs->n;
    path_of(path, sizeof path, p);
    FILE *file = fopen(path, "rb");
    double *answer = gx_alloc(n + 1, sizeof *answer);
    bool whole = file && answer && fread(answer, sizeof *answer, n, file) == n;
    if (file) {
        fclose(file);
    }
    if (!whole) {
        gx_free(answer);
        return gx_fail(err, GX_CORRUPT, "%s gave no answer for every member", p->head.name);
    }
    *out = answer;
    return GX_OK;
}

static gx_status run(gx__peer *self, gx__result *out, const gx__task *task, int threads,
                     double limit_s, gx_error *err) {
    peer *p = (peer *)self;
    question q = {.task = *task, .threads = threads, .limit_s = limit_s};
    reply r;
    gx_status status = GX_OK;
    if (p->process == 0) {
        GX_TRY(start(p, err));
    }
    if (write(p->in, &q, sizeof q) != (ssize_t)sizeof q) {
        stop(p);
        return gx_fail(err, GX_IO, "%s ended", p->head.name);
    }
    GX_TRY(hear(&r, p, LOAD_S, err));
    GX_TRY(hear(&r, p, limit_s, err));
    if (r.answered) {
        GX_TRY(read_answer(&r.result.answer, p, err));
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
    return p->inner->threads_for ? p->inner->threads_for(p->inner, task) : p->inner->threads;
}

static void close_peer(gx__peer *self) {
    peer *p = (peer *)self;
    stop(p);
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
