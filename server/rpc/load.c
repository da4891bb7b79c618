/* Load on a server: one thread keeps `depth` calls in flight on each of many connections, or sends
 * each call at its time, and times every one of them. The msgid of a call is its slot, which is
 * free again when the answer is there, so that answers may come in any order. */
#include "server/rpc/rpc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 65536, EVENTS = 256, TIMEOUT_MS = 20000 };

typedef struct lane {
    int fd;
    gx_buffer in, out;
    size_t sent;
    int64_t *started_ns; /* of each slot */
    uint64_t *call;      /* the number of the call in it */
    uint32_t *idle;      /* slots without one */
    uint32_t idle_count;
} lane;

typedef struct driver {
    const gx_load *load;
    lane *lanes;
    int epoll_fd, timer_fd; /* timer: of steps; -1: none */
    int64_t start_ns;
    uint64_t begun, ended, errors, bytes;
    float *taken_us; /* of each call that ended */
    int64_t now_ns;
} driver;

static void ask(driver *d, lane *l) {
    const gx_load *load = d->load;
    if (d->begun == load->calls || l->idle_count == 0) {
        return;
    }
    const uint32_t slot = l->idle[--l->idle_count];
    const gx_load_step *step = load->steps ? &load->steps[d->begun] : NULL;
    const size_t count = load->args_count;
    const gx_value *args = step ? step->args : count ? &load->args[d->begun % count] : NULL;
    gx_frame_write_request(&l->out, slot, step ? step->method : load->method, args);
    l->started_ns[slot] = step ? d->start_ns + step->at_ns : d->now_ns;
    l->call[slot] = d->begun++;
}

static gx_status flush(driver *d, lane *l, gx_error *err) {
    while (l->sent < l->out.size) {
        ssize_t n = send(l->fd, l->out.bytes + l->sent, l->out.size - l->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            return GX_OK; /* goes on when answers have come */
        }
        if (n < 0) {
            return gx_fail_errno(err, errno, "writing to", d->load->address);
        }
        l->sent += (size_t)n;
    }
    l->sent = l->out.size = 0;
    return l->out.failed ? gx_fail_memory(err, ROOM) : GX_OK;
}

/* The whole answers that are there; each frees its slot for the next call. */
static gx_status take_answers(driver *d, lane *l, gx_error *err) {
    static const gx_pack_limits limits = {1u << 30, 32, 1u << 28};
    size_t taken = 0, size;
    while (taken < l->in.size) {
        const char *at = l->in.bytes + taken;
        gx_guard_verdict verdict = gx_guard_walk(&size, at, l->in.size - taken, &limits, err);
        if (verdict == GX_GUARD_PARTIAL) {
            break;
        }
        uint32_t slot = 0;
        bool failed = false;
        if (verdict == GX_GUARD_REFUSED || !gx_frame_peek_answer(&slot, &failed, at, size) ||
            slot >= d->load->depth || l->idle_count == d->load->depth) {
            return gx_fail(err, GX_BAD_REQUEST, "%s answers what is no answer", d->load->address);
        }
        const float took = (float)((double)(d->now_ns - l->started_ns[slot]) / 1e3);
        d->taken_us[d->ended++] = took;
        if (d->load->step_us) {
            d->load->step_us[l->call[slot]] = took;
        }
        d->errors += failed;
        d->bytes += size;
        taken += size;
        l->idle[l->idle_count++] = slot;
        if (!d->load->steps) {
            ask(d, l);
        }
    }
    memmove(l->in.bytes, l->in.bytes + taken, l->in.size - taken);
    l->in.size -= taken;
    return GX_OK;
}

static gx_status on_answers(driver *d, lane *l, gx_error *err) {
    if (!gx_buffer_reserve(&l->in, ROOM)) {
        return gx_fail_memory(err, ROOM);
    }
    ssize_t n = recv(l->fd, l->in.bytes + l->in.size, l->in.capacity - l->in.size, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return GX_OK;
    }
    if (n <= 0) {
        return gx_fail(err, GX_UNREACHABLE, "%s closed a connection", d->load->address);
    }
    l->in.size += (size_t)n;
    d->now_ns = gx_clock_ns();
    gx_status status = take_answers(d, l, err);
    return status == GX_OK ? flush(d, l, err) : status;
}

static gx_status connect_lane(driver *d, lane *l, gx_error *err) {
    gx_status status = gx_rpc_connect(&l->fd, d->load->address, TIMEOUT_MS, NULL, err);
    if (status != GX_OK) {
        return status;
    }
    const uint32_t depth = d->load->depth;
    l->started_ns = gx_alloc(depth, sizeof *l->started_ns);
    l->call = gx_alloc(depth, sizeof *l->call);
    l->idle = gx_alloc(depth, sizeof *l->idle);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = l};
    if (!l->started_ns || !l->call || !l->idle) {
        return gx_fail_memory(err, depth * (sizeof *l->started_ns + sizeof *l->call));
    }
    while (l->idle_count < depth) {
        l->idle[l->idle_count] = depth - 1 - l->idle_count;
        l->idle_count++;
    }
    if (fcntl(l->fd, F_SETFL, fcntl(l->fd, F_GETFL) | O_NONBLOCK) != 0 ||
        epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, l->fd, &event) != 0) {
        return gx_fail_errno(err, errno, "watching", d->load->address);
    }
    return GX_OK;
}

/* ---- by the clock -----------------------------------------------------------------------------
 */

static gx_status make_timer(driver *d, gx_error *err) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    d->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (d->timer_fd < 0 || epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, d->timer_fd, &event) != 0) {
        return gx_fail_errno(err, errno, "making", "a timer");
    }
    return GX_OK;
}

static lane *idle_lane(const driver *d) {
    for (uint32_t i = 0; i < d->load->connections; i++) {
        lane *l = &d->lanes[(d->begun + i) % d->load->connections];
        if (l->idle_count > 0) {
            return l;
        }
    }
    return NULL;
}

/* Sends what is due, and sets the timer for what is due next. */
static gx_status send_due(driver *d, gx_error *err) {
    lane *l = NULL;
    d->now_ns = gx_clock_ns();
    while (d->begun < d->load->calls && d->start_ns + d->load->steps[d->begun].at_ns <= d->now_ns &&
           (l = idle_lane(d))) {
        ask(d, l);
        gx_status status = flush(d, l, err);
        if (status != GX_OK) {
            return status;
        }
    }
    if (d->begun < d->load->calls) {
        const int64_t at = d->start_ns + d->load->steps[d->begun].at_ns;
        const int64_t wait = at > d->now_ns ? at - d->now_ns : 1000000; /* all places are taken */
        const struct itimerspec next = {
            .it_value = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000}};
        if (timerfd_settime(d->timer_fd, 0, &next, NULL) != 0) {
            return gx_fail_errno(err, errno, "setting", "a timer");
        }
    }
    return GX_OK;
}

/* ---- all ------------------------------------------------------------------------------------- */

static gx_status begin(driver *d, gx_error *err) {
    gx_status status = GX_OK;
    d->start_ns = d->now_ns = gx_clock_ns();
    if (d->load->steps) {
        GX_TRY(make_timer(d, err));
        return send_due(d, err);
    }
    for (uint32_t i = 0; i < d->load->connections; i++) {
        for (uint32_t slot = 0; slot < d->load->depth; slot++) {
            ask(d, &d->lanes[i]);
        }
        GX_TRY(flush(d, &d->lanes[i], err));
    }
done:
    return status;
}

static gx_status drive(driver *d, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(begin(d, err));
    while (d->ended < d->load->calls) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(d->epoll_fd, events, EVENTS, TIMEOUT_MS);
        if (count == 0) {
            GX_TRY(gx_fail(err, GX_DEADLINE, "no answer from %s within %d ms", d->load->address,
                           TIMEOUT_MS));
        }
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr) {
                GX_TRY(on_answers(d, events[i].data.ptr, err));
            }
        }
        if (d->load->steps) {
            uint64_t ticks;
            ssize_t n = read(d->timer_fd, &ticks, sizeof ticks);
            (void)n; /* not run off yet: nothing to read */
            GX_TRY(send_due(d, err));
        }
    }
done:
    return status;
}

static int compare_floats(const void *a, const void *b) {
    float x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static gx_load_result summarise(driver *d, double wall_s) {
    double sum = 0;
    for (uint64_t i = 0; i < d->ended; i++) {
        sum += d->taken_us[i];
    }
    qsort(d->taken_us, d->ended, sizeof *d->taken_us, compare_floats);
    return (gx_load_result){.calls = d->ended,
                            .errors = d->errors,
                            .bytes = d->bytes,
                            .wall_s = wall_s,
                            .mean_us = sum / (double)d->ended,
                            .p50_us = d->taken_us[(d->ended - 1) / 2],
                            .p99_us = d->taken_us[(d->ended - 1) * 99 / 100]};
}

static void finish(driver *d) {
    for (uint32_t i = 0; d->lanes && i < d->load->connections; i++) {
        if (d->lanes[i].fd > 0) {
            close(d->lanes[i].fd);
        }
        gx_buffer_finish(&d->lanes[i].in);
        gx_buffer_finish(&d->lanes[i].out);
        gx_free(d->lanes[i].started_ns);
        gx_free(d->lanes[i].call);
        gx_free(d->lanes[i].idle);
    }
    if (d->timer_fd >= 0) {
        close(d->timer_fd);
    }
    if (d->epoll_fd >= 0) {
        close(d->epoll_fd);
    }
    gx_free(d->lanes);
    gx_free(d->taken_us);
}

static double thread_cpu_s(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

gx_status gx_load_run(gx_load_result *out, const gx_load *load, gx_error *err) {
    gx_status status = GX_OK;
    const double cpu_s = thread_cpu_s();
    driver d = {.load = load, .epoll_fd = epoll_create1(EPOLL_CLOEXEC), .timer_fd = -1};
    if (!load->connections || !load->depth || !load->calls) {
        GX_TRY(gx_fail(err, GX_BAD_REQUEST, "connections, depth and calls are 1 or more"));
    }
    d.lanes = gx_alloc0(load->connections, sizeof *d.lanes);
    d.taken_us = gx_alloc(load->calls, sizeof *d.taken_us);
    if (!d.lanes || !d.taken_us) {
        GX_TRY(gx_fail_memory(err, load->calls * sizeof *d.taken_us));
    }
    for (uint32_t i = 0; i < load->connections; i++) {
        GX_TRY(connect_lane(&d, &d.lanes[i], err));
    }
    int64_t started = gx_clock_ns();
    GX_TRY(drive(&d, err));
    *out = summarise(&d, (double)(gx_clock_ns() - started) / 1e9);
    out->own_cpu_s = thread_cpu_s() - cpu_s;
done:
    finish(&d);
    return status;
}
