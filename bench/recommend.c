/* Suite `recommend`: rec.user over a Unix socket at a steady rate, as a shop calls it. The server
 * has one loop and is kept on one processor with all its threads, the caller is on another. A call
 * has its time, and what it takes counts from then: a slow call is charged for those it keeps
 * waiting. Calls take turns: filters that let .1%, 5% and half of the items pass, excluded items,
 * every rule of a list, and members whose event was put 10 ms before. */
#include "api/db.h"
#include "bench/bench.h"
#include "bench/market.h"
#include "bench/served.h"
#include "models/rec/rec.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    MEMBERS = 200000,
    RATE = 200,
    SECONDS = 20,
    CALLS = RATE * SECONDS,
    FIRST = 1200, /* calls before those by the clock, one after the other */
    COLD = 120,   /* of them, that are not counted */
    CONNECTIONS = 8,
    DEPTH = 16,
    EXCLUDED = 50
};

static const int64_t SECOND_NS = 1000000000, PUT_BEFORE_NS = 10000000;

/* What is asked beside the member. */
typedef struct sort {
    const char *name;
    const char *args; /* JSON with ' for ", and ^ for the quotes within an expression */
    bool excludes, puts;
} sort;

static const sort sorts[] = {
    {"plain", "{}", false, false},
    {"where_rare", "{'where': 'tags = ^t7^'}", false, false},
    {"where_some", "{'where': 'region = ^r3^ and price < 800'}", false, false},
    {"where_half", "{'where': 'price < 31 and kind = ^product^ or price < 30'}", false, false},
    {"exclude", "{'where': 'price < 100', 'seen': 'all'}", true, false},
    {"mmr", "{'diversity': 0.3}", false, false},
    {"mmr_some", "{'diversity': 0.5, 'where': 'region in (^r3^, ^r4^)'}", true, false},
    {"dpp", "{'diversity': 0.3, 'diversify': 'dpp'}", false, false},
    {"caps", "{'caps': {'category': 1, 'brand': 1, 'seller': 1}, 'n': 50}", false, false},
    {"rules",
     "{'boost': '1.5 where brand = ^b7^; 0.5 where price > 500', 'novelty': 0.3, 'explore': 0.1,"
     " 'pin': ['i11', 'i12'], 'kinds': {'product': 14, 'content': 3, 'event': 3}}",
     false, false},
    {"fold_in", "{}", false, true},
    {"fold_in_mmr", "{'where': 'price < 100', 'diversity': 0.3}", true, true},
};

enum { SORTS = GX_COUNT(sorts), PUT = SORTS, STEPS = 2 * CALLS };

/* A call to be made. */
typedef struct planned {
    gx_load_step step;
    int sort; /* PUT: an event */
} planned;

typedef struct bed {
    gx_bench *bench;
    gx_db *db;
    gx_served served;
    uint32_t members, items;
    gx_arena *arena; /* of the arguments */
    planned *plan;
    gx_load_step *steps; /* of the plan */
    float *took_us, *some;
    uint32_t count; /* of the plan */
    float *cpu_us;  /* of the first calls: what each took of the server */
    uint32_t rungs[GX_RUNG_COUNT], answers, shorter; /* of those */
    const char *model;
} bed;

/* ---- what is asked ----------------------------------------------------------------------------
 */

static gx_status read_args(gx_value *out, gx_arena *arena, const char *text, gx_error *err) {
    gx_buffer json = {0};
    for (const char *c = text; *c; c++) {
        gx_buffer_text(&json, *c == '\'' ? "\"" : *c == '^' ? "\\\"" : (char[]){*c, 0});
    }
    gx_status status = json.failed ? gx_fail_memory(err, json.size)
                                   : gx_json_read(out, arena, json.bytes, json.size, err);
    gx_buffer_finish(&json);
    return status;
}

static gx_value name_of(gx_arena *arena, const char *head, uint64_t number) {
    const char *text = gx_arena_printf(arena, "%s%llu", head, (unsigned long long)number);
    return gx_str(text ? text : "");
}

static gx_status make_ask(gx_value *args, bed *b, const sort *s, uint64_t member, gx_rng *rng,
                          gx_error *err) {
    gx_value users = gx_list(b->arena, 1);
    gx_status status = read_args(args, b->arena, s->args, err);
    if (status != GX_OK) {
        return status;
    }
    gx_list_add(b->arena, &users, name_of(b->arena, "u", member));
    gx_map_put(b->arena, args, "users", users);
    if (s->excludes) {
        gx_value list = gx_list(b->arena, EXCLUDED);
        for (int k = 0; k < EXCLUDED; k++) {
            gx_list_add(b->arena, &list, name_of(b->arena, "i", gx_rng_below(rng, b->items)));
        }
        gx_map_put(b->arena, args, "exclude", list);
    }
    return GX_OK;
}

static void make_put(gx_value *args, bed *b, uint64_t member, uint64_t item) {
    gx_value list = gx_list(b->arena, 1), row = gx_map(b->arena, 4);
    gx_map_put(b->arena, &row, "user_id", name_of(b->arena, "u", member));
    gx_map_put(b->arena, &row, "item_id", name_of(b->arena, "i", item));
    gx_map_put(b->arena, &row, "action", gx_str("buy"));
    gx_map_put(b->arena, &row, "ts", gx_int(gx_time_ms()));
    gx_list_add(b->arena, &list, row);
    *args = gx_map(b->arena, 1);
    gx_map_put(b->arena, args, "events", list);
}

static int by_time(const void *a, const void *b) {
    const planned *x = a, *y = b;
    return (x->step.at_ns > y->step.at_ns) - (x->step.at_ns < y->step.at_ns);
}

static void add_call(bed *b, int64_t at_ns, int which, gx_value *args) {
    b->plan[b->count++] = (planned){{at_ns, which == PUT ? "event.put" : "rec.user", args}, which};
}

/* `calls` of them evenly, or by chance, RATE a second. */
static gx_status make_plan(bed *b, uint32_t calls, bool by_chance, uint64_t stream, gx_error *err) {
    gx_rng rng = gx_rng_at(b->bench->job->seed, stream);
    double at = (double)PUT_BEFORE_NS;
    b->count = 0;
    gx_arena_reset(b->arena);
    for (uint32_t k = 0; k < calls; k++) {
        const int which = (int)(k % SORTS);
        const uint64_t member = gx_rng_below(&rng, b->members);
        const uint64_t item = gx_rng_below(&rng, b->items);
        gx_value *args = gx_arena_get(b->arena, 2 * sizeof *args);
        gx_status status = args ? make_ask(args, b, &sorts[which], member, &rng, err)
                                : gx_fail_memory(err, 2 * sizeof *args);
        if (status != GX_OK) {
            return status;
        }
        add_call(b, (int64_t)at, which, args);
        if (sorts[which].puts) {
            make_put(args + 1, b, member, item);
            add_call(b, (int64_t)at - PUT_BEFORE_NS, PUT, args + 1);
        }
        at += (by_chance ? -log(1 - gx_rng_real(&rng)) : 1) * (double)SECOND_NS / RATE;
    }
    qsort(b->plan, b->count, sizeof *b->plan, by_time);
    for (uint32_t k = 0; k < b->count; k++) {
        b->steps[k] = b->plan[k].step;
    }
    return gx_arena_status(b->arena) == GX_OK ? GX_OK : gx_fail_memory(err, sizeof *b->plan);
}

/* ---- one after the other -----------------------------------------------------------------------
 */

static void count_answer(bed *b, const gx_value *lists) {
    const gx_value *list = lists->type == GX_LIST && lists->size > 0 ? lists->as.items : NULL;
    const gx_slice rung = gx_bench_text(list ? gx_map_get(list, "rung") : NULL);
    b->answers++;
    b->shorter += list && gx_map_get(list, "short")->type != GX_NIL;
    for (int r = 0; r < GX_RUNG_COUNT; r++) {
        b->rungs[r] += gx_slice_is(rung, gx_rung_name((gx_rung)r));
    }
}

/* CPU time of all threads but the calling one, which is the server's here. */
static int64_t server_cpu_ns(void) {
    struct timespec own = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &own);
    return gx_clock_cpu_ns() - ((int64_t)own.tv_sec * SECOND_NS + own.tv_nsec);
}

/* What each call costs the server, which no other load on the machine changes much, and what they
 * answer. */
static gx_status ask_one_by_one(bed *b, gx_error *err) {
    gx_status status = GX_OK;
    gx_client *client = NULL;
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, sizeof(gx_value));
    }
    GX_TRY(make_plan(b, FIRST, false, 1, err));
    GX_TRY(gx_client_open(&client, b->served.address, 20000, NULL, err));
    for (uint32_t k = 0; k < b->count; k++) {
        gx_value out;
        gx_arena_reset(arena);
        const int64_t cpu = server_cpu_ns();
        GX_TRY(gx_client_call(&out, client, b->steps[k].method, b->steps[k].args, arena, err));
        b->cpu_us[k] = k < COLD ? 0 : (float)((double)(server_cpu_ns() - cpu) / 1e3);
        if (b->plan[k].sort != PUT) {
            count_answer(b, &out);
        }
    }
done:
    gx_client_close(client);
    gx_arena_destroy(arena);
    return status;
}

/* ---- timing -----------------------------------------------------------------------------------
 */

static int by_size(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Of one sort of calls (−1: of all lists) the times that are known, sorted; how many. */
static uint32_t gather(bed *b, const float *took_us, int which) {
    uint32_t count = 0;
    for (uint32_t k = 0; k < b->count; k++) {
        const int own = b->plan[k].sort;
        if (took_us[k] > 0 && (own == which || (which < 0 && own != PUT))) {
            b->some[count++] = took_us[k];
        }
    }
    qsort(b->some, count, sizeof *b->some, by_size);
    return count;
}

static double quantile(const bed *b, uint32_t count, uint32_t permille) {
    return count ? (double)b->some[(uint64_t)(count - 1) * permille / 1000] : 0;
}

static void emit(bed *b, const char *name, const float *took_us, int which, gx_bench_line line) {
    const uint32_t count = gather(b, took_us, which);
    line.task = name;
    line.tool = "guanxi";
    line.graph = b->model;
    line.threads = 1;
    line.members = b->members;
    line.rss_bytes = gx_bench_rss_peak();
    line.p50_us = quantile(b, count, 500);
    line.p99_us = quantile(b, count, 990);
    line.p999_us = quantile(b, count, 999);
    b->bench->emit(b->bench->user, &line, b->bench->suite);
}

/* CPU of the server: p50, p99 and p99.9 of the calls of each sort. */
static gx_status costs(bed *b, gx_error *err) {
    char how[160], name[48];
    gx_status status = ask_one_by_one(b, err);
    if (status != GX_OK) {
        return status;
    }
    snprintf(how, sizeof how, "%u answers, %u short, %u folded in, %u fitted", b->answers,
             b->shorter, b->rungs[GX_RUNG_FOLD_IN], b->rungs[GX_RUNG_FULL]);
    emit(b, "cpu", b->cpu_us, -1, (gx_bench_line){.how = how});
    for (int k = 0; k <= PUT; k++) {
        snprintf(name, sizeof name, "cpu_%s", k == PUT ? "event_put" : sorts[k].name);
        emit(b, name, b->cpu_us, k, (gx_bench_line){0});
    }
    return GX_OK;
}

/* A server that needs more than there is falls behind for ever. */
static bool keeps_up(bed *b) {
    double sum = 0;
    const uint32_t count = gather(b, b->cpu_us, -1);
    for (uint32_t k = 0; k < count; k++) {
        sum += (double)b->some[k];
    }
    const double share = count ? sum / count * RATE / 1e6 : 0;
    if (share > 0.9) {
        b->bench->say(b->bench->user,
                      "%d calls a second would take %.1f processors: nothing is timed by the clock",
                      RATE, share);
    }
    return share <= 0.9;
}

static gx_status timed(bed *b, bool by_chance, gx_error *err) {
    gx_status status = GX_OK;
    gx_load_result result;
    char how[64];
    GX_TRY(make_plan(b, CALLS, by_chance, by_chance ? 3 : 2, err));
    gx_load load = {.address = b->served.address,
                    .connections = CONNECTIONS,
                    .depth = DEPTH,
                    .calls = b->count,
                    .steps = b->steps,
                    .step_us = b->took_us};
    const int64_t cpu = gx_clock_cpu_ns();
    GX_TRY(gx_load_run(&result, &load, err));
    const double cpu_s = (double)(gx_clock_cpu_ns() - cpu) / 1e9 - result.own_cpu_s;
    snprintf(how, sizeof how, "%llu errors", (unsigned long long)result.errors);
    emit(b, by_chance ? "mix_by_chance" : "mix", b->took_us, -1,
         (gx_bench_line){.wall_s = result.wall_s,
                         .wall_min_s = result.wall_s,
                         .cpu_s = cpu_s,
                         .value = CALLS / result.wall_s,
                         .value_name = "calls_a_s",
                         .how = how});
    for (int k = 0; !by_chance && k <= PUT; k++) {
        emit(b, k == PUT ? "event_put" : sorts[k].name, b->took_us, k, (gx_bench_line){0});
    }
done:
    return status;
}

/* ---- the store --------------------------------------------------------------------------------
 */

static gx_status make_store(const char *path, const bed *b, gx_error *err) {
    gx_status status = GX_OK;
    gx_store *store = NULL;
    gx_store_options options = {.create = true, .sync = GX_SYNC_NONE};
    const gx_market_size size = {b->members, b->items, (uint64_t)b->members * 20};
    GX_TRY(gx_store_open(&store, path, &options, err));
    status = gx_bench_market(store, &size, b->bench->job, err);
done:
    gx_store_close(store);
    return status;
}

/* Unless what is served has the model already. */
static gx_status build(bed *b, gx_error *err) {
    static const char *const beside[] = {"leiden", "strength", "circle", "leaders", "popular"};
    const char *wanted = b->bench->model;
    gx_state *state = gx_db_hold_state(b->db);
    const char *served = gx_rec_interest_model(state->rec);
    const bool there = served && (!wanted || strcmp(wanted, served) == 0);
    gx_state_release(state);
    if (there) {
        return GX_OK;
    }
    gx_value args = gx_map(b->arena, 1), list = gx_list(b->arena, 8), out;
    for (size_t k = 0; k < GX_COUNT(beside); k++) {
        gx_list_add(b->arena, &list, gx_str(beside[k]));
    }
    if (wanted) {
        gx_list_add(b->arena, &list, gx_str(wanted));
        gx_map_put(b->arena, &args, "passes", list);
    }
    gx_call_options options = {.job = b->bench->job};
    b->bench->say(b->bench->user, "building %s", wanted ? wanted : "what is usual");
    return gx_db_call(&out, b->db, gx_method_find("model.build"), &args, &options, b->arena, err);
}

/* The counts a store has may be other ones than were asked for. */
static gx_status learn_sizes(bed *b, gx_error *err) {
    gx_txn *txn;
    gx_status status = gx_txn_read(&txn, gx_db_store(b->db), err);
    if (status == GX_OK) {
        b->members = gx_word_count(txn, GX_SPACE_USER);
        b->items = gx_word_count(txn, GX_SPACE_ITEM);
        gx_txn_abort(txn);
        if (b->members == 0 || b->items == 0) {
            status = gx_fail_at(err, GX_BAD_REQUEST, "data", "the store has no members or items");
        }
    }
    return status;
}

static gx_status open_bed(bed *b, const char *folder, gx_error *err) {
    gx_status status = GX_OK;
    struct stat info;
    gx_db_options how = {.threads = b->bench->threads};
    const char *path = b->bench->data;
    char own[GX_FOLDER_MAX + 16];
    snprintf(own, sizeof own, "%s/market.gx", folder);
    path = path ? path : own;
    if (stat(path, &info) != 0) {
        b->bench->say(b->bench->user, "making a shop of %u members and %u items", b->members,
                      b->items);
        GX_TRY(make_store(path, b, err));
    }
    GX_TRY(gx_db_open(&b->db, path, &how, err));
    GX_TRY(learn_sizes(b, err));
    GX_TRY(build(b, err));
    status = gx_served_begin(&b->served, b->db, folder, 1, true, err);
done:
    return status;
}

static gx_status make_room(bed *b, gx_error *err) {
    b->arena = gx_arena_create();
    b->plan = gx_alloc(STEPS, sizeof *b->plan);
    b->steps = gx_alloc(STEPS, sizeof *b->steps);
    b->took_us = gx_alloc(STEPS, sizeof *b->took_us);
    b->cpu_us = gx_alloc(STEPS, sizeof *b->cpu_us);
    b->some = gx_alloc(STEPS, sizeof *b->some);
    const bool good = b->arena && b->plan && b->steps && b->took_us && b->cpu_us && b->some;
    return good ? GX_OK : gx_fail_memory(err, STEPS * sizeof *b->plan);
}

static gx_status run(gx_bench *bench, gx_error *err) {
    bed b = {.bench = bench};
    char folder[GX_FOLDER_MAX], model[40] = "none";
    cpu_set_t before;
    gx_status status = gx_folder_make(folder, sizeof folder, err);
    if (status != GX_OK) {
        return status;
    }
    const bool pinned = sched_getaffinity(0, sizeof before, &before) == 0;
    b.members = bench->members ? bench->members : MEMBERS;
    b.items = b.members / 2;
    GX_TRY(make_room(&b, err));
    GX_TRY(open_bed(&b, folder, err));
    gx_state *state = gx_db_hold_state(b.db);
    const char *served = gx_rec_interest_model(state->rec);
    snprintf(model, sizeof model, "%s", served ? served : "none");
    gx_state_release(state);
    b.model = model;
    gx_stay_on(1);
    gx_bench_rss_reset();
    GX_TRY(costs(&b, err));
    if (!keeps_up(&b)) {
        goto done;
    }
    GX_TRY(timed(&b, false, err));
    GX_TRY(timed(&b, true, err));
done:
    if (pinned) {
        (void)sched_setaffinity(0, sizeof before, &before);
    }
    gx_served_end(&b.served);
    gx_db_close(b.db);
    gx_arena_destroy(b.arena);
    gx_free(b.plan);
    gx_free(b.steps);
    gx_free(b.took_us);
    gx_free(b.cpu_us);
    gx_free(b.some);
    gx_folder_remove(folder);
    return status;
}

const gx_bench_task gx_bench_recommend = {
    .suite = "recommend",
    .summary = "rec.user with filters and rules, 200 calls a second on one core",
    .run = run,
};
