/* A peer in a process of its own: bench/peers/with_NAME.py. It is asked a line of JSON and answers
 * one, with two more before it where it loads the graph first, which the limit leaves out; whoever
 * takes longer than the limit is killed and started anew when it is asked again. */
#include "bench/graph.h"
#include "graph/codec/codec.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1 << 16, START_S = 120, LOAD_S = 600 };

typedef struct peer {
    gx__peer head;
    const gx__ground *ground;
    char name[32], version[32], script[4096];
    gx__child child;
    gx_arena *tasks_arena;
    gx_value tasks, threaded; /* what it said it can do; of these, what takes threads */
    char line[LINE_MAX_BYTES];
    size_t filled, taken; /* bytes of `line`; those of lines that were read */
} peer;

/* ---- the process ------------------------------------------------------------------------------
 */

static void stop(peer *p) {
    gx__child_stop(&p->child);
    p->filled = p->taken = 0;
}

static void become(void *user, int in, int out) {
    const peer *p = user;
    const gx__ground *g = p->ground;
    char members[16];
    snprintf(members, sizeof members, "%u", g->arcs->n);
    if (setpgid(0, 0) == 0 && dup2(in, 0) >= 0 && dup2(out, 1) >= 0) {
        execl(g->bench->python, g->bench->python, p->script, g->folder, members, (char *)NULL);
    }
    _exit(127);
}

static gx_status start(peer *p, gx_error *err) {
    const gx_bench *bench = p->ground->bench;
    snprintf(p->script, sizeof p->script, "%s/with_%s.py", bench->scripts, p->name);
    if (access(bench->python, X_OK) != 0 || access(p->script, R_OK) != 0) {
        return gx_fail(err, GX_NOT_FOUND, "%s is not installed", p->name);
    }
    return gx__child_start(&p->child, become, p, p->name, err);
}

/* ---- lines ------------------------------------------------------------------------------------
 */

/* The next line, from the start of `line` to a '\0'. deadline, or io where the process is gone. */
static gx_status read_line(peer *p, double limit_s, gx_error *err) {
    int64_t end_ns = gx_clock_ns() + (int64_t)(limit_s * 1e9);
    memmove(p->line, p->line + p->taken, p->filled - p->taken);
    p->filled -= p->taken;
    p->taken = 0;
    for (;;) {
        char *newline = memchr(p->line, '\n', p->filled);
        if (newline) {
            *newline = '\0';
            p->taken = (size_t)(newline - p->line) + 1;
            return GX_OK;
        }
        int64_t left_ms = (end_ns - gx_clock_ns()) / 1000000;
        struct pollfd ready = {.fd = p->child.out, .events = POLLIN};
        if (left_ms <= 0 || gx_job_should_stop(p->ground->bench->job)) {
            stop(p);
            return gx_fail(err, GX_DEADLINE, "over the limit of %.3g s", limit_s);
        }
        if (poll(&ready, 1, left_ms < 100 ? (int)left_ms : 100) <= 0) {
            continue;
        }
        ssize_t got = read(p->child.out, p->line + p->filled, sizeof p->line - 1 - p->filled);
        if (got <= 0) {
            stop(p);
            return gx_fail(err, GX_IO, "%s ended", p->name);
        }
        p->filled += (size_t)got;
        if (p->filled + 1 >= sizeof p->line) {
            stop(p);
            return gx_fail(err, GX_CORRUPT, "%s says too much", p->name);
        }
    }
}

/* `out` is in the arena; `p->line` is free afterwards. */
static gx_status read_map(gx_value *out, peer *p, double limit_s, gx_arena *arena, gx_error *err) {
    gx_status status = read_line(p, limit_s, err);
    if (status != GX_OK) {
        return status;
    }
    gx_value text = gx_text_copy(arena, p->line, strlen(p->line));
    status = gx_json_read(out, arena, text.as.text, text.size, err);
    if (status == GX_OK && out->type != GX_MAP) {
        status = gx_fail(err, GX_CORRUPT, "%s says what is not a map", p->name);
    }
    const gx_value *error = status == GX_OK ? gx_map_get(out, "error") : NULL;
    if (error && error->type == GX_TEXT) {
        status = gx_fail(err, GX_INTERNAL, "%.*s", (int)error->size, error->as.text);
    }
    return status;
}

static double real_of(const gx_value *map, const char *key) {
    double value = 0;
    const gx_value *found = gx_map_get(map, key);
    return found && gx_value_as_real(found, &value) ? value : 0;
}

/* Starts it and hears what it can do. */
static gx_status greet(peer *p, gx_error *err) {
    gx_value hello;
    gx_status status = start(p, err);
    if (status == GX_OK) {
        status = read_map(&hello, p, START_S, p->tasks_arena, err);
    }
    if (status != GX_OK) {
        stop(p);
        return status;
    }
    const gx_value *tasks = gx_map_get(&hello, "tasks"), *version = gx_map_get(&hello, "version");
    const gx_value *threaded = gx_map_get(&hello, "threaded");
    p->tasks = tasks && tasks->type == GX_LIST ? *tasks : gx_list(p->tasks_arena, 0);
    p->threaded = threaded && threaded->type == GX_LIST ? *threaded : p->tasks;
    if (version && version->type == GX_TEXT) {
        snprintf(p->version, sizeof p->version, "%.*s", (int)version->size, version->as.text);
    }
    p->head.threads = (int)real_of(&hello, "threads");
    return GX_OK;
}

/* ---- the peer ----------------------------------------------------------------------------------
 */

static bool knows(const gx__peer *self, const char *task) {
    return gx_bench_lists(&((const peer *)self)->tasks, task);
}

static int threads_for(const gx__peer *self, const char *task) {
    return gx_bench_lists(&((const peer *)self)->threaded, task) ? self->threads : 1;
}

static gx_status ask(peer *p, gx__result *out, const char *task, int threads, double limit_s,
                     gx_arena *arena, gx_error *err) {
    gx_value line;
    gx_status status = GX_OK;
    if (p->child.process == 0) {
        GX_TRY(greet(p, err));
    }
    if (dprintf(p->child.in, "{\"task\": \"%s\", \"threads\": %d}\n", task, threads) < 0) {
        stop(p);
        return gx_fail(err, GX_IO, "%s ended", p->name);
    }
    GX_TRY(read_map(&line, p, limit_s, arena, err));
    if (gx_map_get(&line, "loading")) { /* which is not what is measured */
        GX_TRY(read_map(&line, p, LOAD_S, arena, err));
        GX_TRY(read_map(&line, p, limit_s, arena, err));
    }
    *out = (gx__result){.wall_s = real_of(&line, "wall_s"),
                        .cpu_s = real_of(&line, "cpu_s"),
                        .rss_bytes = (uint64_t)real_of(&line, "rss_bytes"),
                        .mem_bytes = (uint64_t)real_of(&line, "mem_bytes")};
    if (gx_map_get(&line, "members")) {
        GX_TRY(gx__answer_read(&out->answer, p->ground, p->name, err));
    }
done:
    return status;
}

static gx_status run(gx__peer *self, gx__result *out, const gx__task *task, int threads,
                     double limit_s, gx_error *err) {
    peer *p = (peer *)self;
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, 0);
    }
    gx_status status = ask(p, out, task->name, threads, limit_s, arena, err);
    gx_arena_destroy(arena);
    return status;
}

static void close_peer(gx__peer *self) {
    peer *p = (peer *)self;
    stop(p);
    gx_arena_destroy(p->tasks_arena);
    gx_free(p);
}

gx_status gx__peer_script(gx__peer **out, const char *name, const gx__ground *ground,
                          gx_error *err) {
    peer *p = gx_alloc0(1, sizeof *p);
    if (!p) {
        return gx_fail_memory(err, sizeof *p);
    }
    snprintf(p->name, sizeof p->name, "%.30s", name);
    p->head = (gx__peer){.name = p->name,
                         .version = p->version,
                         .knows = knows,
                         .threads_for = threads_for,
                         .run = run,
                         .close = close_peer};
    p->ground = ground;
    p->tasks_arena = gx_arena_create();
    gx_status status = p->tasks_arena ? greet(p, err) : gx_fail_memory(err, 0);
    if (status != GX_OK) {
        close_peer(&p->head);
        return status;
    }
    *out = &p->head;
    return GX_OK;
}
