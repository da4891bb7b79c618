/* What the server counts, and how it is shown.
 *
 * Latencies fall into buckets of a quarter octave (the two bits below the leading one), from 128 ns
 * to minutes: a percentile read from them is at most 25 % too high, and adding a call is two
 * relaxed stores. */
#include "server/rpc/rpc.h"

enum { SMALLEST_OCTAVE = 7, STEPS = 4 };

static unsigned bucket_of(uint64_t ns) {
    if (ns < 1u << SMALLEST_OCTAVE) {
        return 0;
    }
    unsigned octave = 63u - (unsigned)__builtin_clzll(ns);
    unsigned bucket = (octave - SMALLEST_OCTAVE) * STEPS + (unsigned)(ns >> (octave - 2) & 3) + 1;
    return bucket < GX_RPC_BUCKETS ? bucket : GX_RPC_BUCKETS - 1;
}

/* The upper end of a bucket. */
static double bucket_ns(unsigned bucket) {
    unsigned octave = bucket / STEPS + SMALLEST_OCTAVE;
    return (double)(1ull << octave) * (1.0 + (bucket % STEPS) / (double)STEPS);
}

void gx_rpc_stats_call(gx_rpc_stats *stats, size_t method, gx_status status, int64_t ns) {
    gx_rpc_method_stats *m = &stats->methods[method];
    uint64_t time = ns > 0 ? (uint64_t)ns : 0;
    gx_rpc_count(&m->calls, 1);
    gx_rpc_count(&m->errors, status != GX_OK);
    gx_rpc_count(&m->total_ns, time);
    gx_rpc_count(&m->bucket[bucket_of(time)], 1);
}

/* ---- showing: the sum over the loops -------------------------------------------------------- */

typedef struct method_sum {
    uint64_t calls, errors, total_ns, bucket[GX_RPC_BUCKETS];
} method_sum;

static uint64_t get(const _Atomic uint64_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static method_sum sum_method(const gx_server *server, size_t row) {
    method_sum sum = {0};
    for (uint32_t i = 0; i < server->loop_count; i++) {
        const gx_rpc_method_stats *m = &server->loops[i].stats.methods[row];
        sum.calls += get(&m->calls);
        sum.errors += get(&m->errors);
        sum.total_ns += get(&m->total_ns);
        for (int b = 0; b < GX_RPC_BUCKETS; b++) {
            sum.bucket[b] += get(&m->bucket[b]);
        }
    }
    return sum;
}

static double percentile_us(const method_sum *sum, double share) {
    double wanted = share * (double)sum->calls, seen = 0;
    for (unsigned b = 0; b < GX_RPC_BUCKETS; b++) {
        seen += (double)sum->bucket[b];
        if (seen >= wanted) {
            return bucket_ns(b) / 1e3;
        }
    }
    return bucket_ns(GX_RPC_BUCKETS - 1) / 1e3;
}

static gx_value show_method(gx_arena *arena, const char *name, const method_sum *sum) {
    gx_value map = gx_map(arena, 6);
    gx_map_put(arena, &map, "method", gx_str(name));
    gx_map_put(arena, &map, "calls", gx_int((int64_t)sum->calls));
    gx_map_put(arena, &map, "errors", gx_int((int64_t)sum->errors));
    gx_map_put(arena, &map, "mean_us", gx_real((double)sum->total_ns / (double)sum->calls / 1e3));
    gx_map_put(arena, &map, "p50_us", gx_real(percentile_us(sum, 0.50)));
    gx_map_put(arena, &map, "p99_us", gx_real(percentile_us(sum, 0.99)));
    return map;
}

static void show_loops(const gx_server *server, gx_arena *arena, gx_value *map) {
    uint64_t accepted = 0, dropped = 0, in = 0, out = 0, notifications = 0, unknown = 0;
    for (uint32_t i = 0; i < server->loop_count; i++) {
        const gx_rpc_stats *s = &server->loops[i].stats;
        accepted += get(&s->accepted);
        dropped += get(&s->dropped);
        in += get(&s->bytes_in);
        out += get(&s->bytes_out);
        notifications += get(&s->notifications);
        unknown += get(&s->unknown_methods);
    }
    gx_map_put(arena, map, "connections_accepted", gx_int((int64_t)accepted));
    gx_map_put(arena, map, "connections_dropped", gx_int((int64_t)dropped));
    gx_map_put(arena, map, "connections_refused", gx_int((int64_t)get(&server->refused)));
    gx_map_put(arena, map, "bytes_in", gx_int((int64_t)in));
    gx_map_put(arena, map, "bytes_out", gx_int((int64_t)out));
    gx_map_put(arena, map, "notifications", gx_int((int64_t)notifications));
    gx_map_put(arena, map, "unknown_methods", gx_int((int64_t)unknown));
}

void gx_rpc_stats_show(void *user, gx_arena *arena, gx_value *out) {
    gx_server *server = user;
    gx_value map = gx_map(arena, 16), methods = gx_list(arena, 0);
    gx_map_put(arena, &map, "connections", gx_int(atomic_load(&server->connections)));
    show_loops(server, arena, &map);
    gx_map_put(arena, &map, "writes_waiting", gx_int(gx_rpc_queue_size(&server->writes)));
    gx_map_put(arena, &map, "long_calls_waiting", gx_int(gx_rpc_queue_size(&server->longs)));
    gx_map_put(arena, &map, "reloads", gx_int((int64_t)get(&server->reloaded)));
    gx_map_put(arena, &map, "reload_failures", gx_int((int64_t)get(&server->reload_failures)));
    uint64_t calls = 0, errors = 0;
    for (size_t row = 0; row < gx_methods()->count; row++) {
        method_sum sum = sum_method(server, row);
        calls += sum.calls;
        errors += sum.errors;
        if (sum.calls) {
            gx_list_add(arena, &methods, show_method(arena, gx_methods()->rows[row]->name, &sum));
        }
    }
    gx_map_put(arena, &map, "calls", gx_int((int64_t)calls));
    gx_map_put(arena, &map, "errors", gx_int((int64_t)errors));
    gx_map_put(arena, &map, "methods", methods);
    gx_map_put(arena, out, "server", map);
}
