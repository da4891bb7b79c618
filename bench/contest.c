/* One task, run by every contestant in turns. The first turn warms up; whoever takes long in it has
 * it counted and gets fewer turns, or no more. */
#include "bench/graph.h"

#include <math.h>
#include <stdio.h>

enum { RUNS_MAX = 101, CONTESTANTS_MAX = 24, THREADS_MAX = 8 };

typedef struct contestant {
    gx__peer *peer; /* NULL: guanxi */
    int threads;
    int wanted, runs; /* counted ones */
    double wall[RUNS_MAX], cpu[RUNS_MAX];
    uint64_t rss_bytes, mem_bytes;
    double *answer;
    char note[120]; /* why it is out */
    double over_s;  /* it was stopped after so long */
    gx__verdict verdict;
    gx__told told; /* of guanxi's passes, at this number of threads */
} contestant;

typedef struct contest {
    gx__ground *ground;
    const gx__task *task;
    contestant *all;
    size_t count;
    bool same_bytes; /* guanxi's at every number of threads */
    double ours_s;   /* the longest of guanxi's runs */
} contest;

/* ---- turns ------------------------------------------------------------------------------------
 */

/* Whoever is stopped took longer than guanxi: the limit grows with guanxi's own time. */
static double peer_limit(const contest *c) {
    return fmax(c->ground->bench->peer_limit_s, 1.2 * c->ours_s);
}

/* How long the peer takes at least, as it was stopped with fewer threads and t threads are t times
 * as fast at best; 0: nothing is known. */
static double least_time(const contest *c, const contestant *who) {
    double least = 0;
    for (size_t i = 0; i < c->count; i++) {
        const contestant *other = &c->all[i];
        if (other->peer == who->peer && other->threads < who->threads) {
            least = fmax(least, other->over_s * other->threads / who->threads);
        }
    }
    return least;
}

static gx_status turn(contest *c, contestant *who, gx__result *out, gx_error *err) {
    *out = (gx__result){0};
    if (!who->peer) {
        gx_status status = gx__run_ours(out, &who->told, c->ground, c->task, who->threads, err);
        c->ours_s = fmax(c->ours_s, out->wall_s);
        return status;
    }
    return who->peer->run(who->peer, out, c->task, who->threads, peer_limit(c), err);
}

/* How many more turns after one that took so long. */
static int turns_after(const gx_bench *bench, double wall_s) {
    double fit = wall_s > 0 ? bench->budget_s / wall_s : RUNS_MAX;
    int runs = bench->runs < RUNS_MAX ? bench->runs : RUNS_MAX;
    return fit < 2 ? 0 : fit < runs ? (int)fit : runs;
}

static void count_turn(contestant *who, const gx__result *result) {
    who->wall[who->runs] = result->wall_s;
    who->cpu[who->runs++] = result->cpu_s;
}

/* A peer that fails or takes too long is out; guanxi failing ends the benchmark. */
static gx_status play(contest *c, contestant *who, bool warm_up, gx_error *err) {
    gx__result result;
    gx_error why = {0};
    gx_status status = gx_job_check(c->ground->bench->job, err);
    if (status != GX_OK) {
        return status;
    }
    double least_s = who->peer && warm_up ? least_time(c, who) : 0;
    if (least_s > c->ours_s * 1.2) {
        who->wanted = -1;
        who->over_s = least_s;
        snprintf(who->note, sizeof who->note, "stopped with fewer threads");
        return GX_OK;
    }
    status = turn(c, who, &result, &why);
    if (status != GX_OK) {
        if (!who->peer) {
            *err = why;
            return status;
        }
        who->wanted = -1;
        if (!who->runs) { /* else what was counted stays */
            who->over_s = status == GX_DEADLINE ? peer_limit(c) : 0;
            snprintf(who->note, sizeof who->note, "%.110s", why.message);
        }
        return GX_OK;
    }
    uint64_t limit = c->ground->bench->rss_limit;
    if (!who->peer && limit && result.rss_bytes > limit) {
        gx_free(result.answer);
        return gx_fail(err, GX_OVER_LIMIT, "%s on %s: the process held %llu bytes, of at most %llu",
                       c->task->name, c->ground->arcs->name, (unsigned long long)result.rss_bytes,
                       (unsigned long long)limit);
    }
    who->rss_bytes = result.rss_bytes > who->rss_bytes ? result.rss_bytes : who->rss_bytes;
    who->mem_bytes = result.mem_bytes > who->mem_bytes ? result.mem_bytes : who->mem_bytes;
    gx_free(who->answer);
    who->answer = result.answer;
    if (warm_up) {
        who->wanted = turns_after(c->ground->bench, result.wall_s);
    }
    if (!warm_up || who->wanted == 0) {
        count_turn(who, &result);
    }
    return GX_OK;
}

static gx_status play_all(contest *c, gx_error *err) {
    gx_status status = GX_OK;
    for (int round = -1; round < RUNS_MAX; round++) {
        bool any = false;
        for (size_t i = 0; i < c->count; i++) {
            contestant *who = &c->all[i];
            if (round < 0 || who->wanted > round) {
                GX_TRY(play(c, who, round < 0, err));
                any = true;
            }
        }
        if (!any) {
            break;
        }
    }
done:
    return status;
}

/* ---- lines ------------------------------------------------------------------------------------
 */

static gx_status judge(contest *c, gx_error *err) {
    gx_status status = GX_OK;
    const contestant *ours = &c->all[0];
    c->same_bytes = true;
    for (size_t i = 1; i < c->count; i++) {
        contestant *who = &c->all[i];
        if (who->peer && who->runs) {
            GX_TRY(gx__agree(&who->verdict, c->ground, c->task, ours->answer, who->answer, err));
        } else if (!who->peer && ours->answer && who->answer) {
            c->same_bytes = c->same_bytes && memcmp(ours->answer, who->answer,
                                                    c->ground->arcs->n * sizeof(double)) == 0;
        }
    }
done:
    return status;
}

/* Groups must be as good as everybody's; scores must be somebody's, as a peer may be wrong. */
static bool we_agree(const contest *c) {
    bool any = false, all = true, compared = false;
    for (size_t i = 0; i < c->count; i++) {
        const gx__verdict *v = &c->all[i].verdict;
        compared = compared || v->compared;
        any = any || (v->compared && v->agrees);
        all = all && (!v->compared || v->agrees);
    }
    return c->same_bytes && (!compared || (gx__judges_groups(c->task) ? all : any));
}

static double least(const contestant *who) {
    double best = INFINITY;
    for (int r = 0; r < who->runs; r++) {
        best = fmin(best, who->wall[r]);
    }
    return best;
}

/* Of the peers at as many threads or fewer the fastest whose answer is as good; where all groups
 * are worse than guanxi's, the fastest of those. NULL: none. Shortest runs are compared: what else
 * the machine does only ever adds to a run (Chen and Revels 2016). */
static const contestant *fastest_peer(const contest *c, int threads) {
    const contestant *good = NULL, *worse = NULL;
    for (size_t i = 0; i < c->count; i++) {
        const contestant *who = &c->all[i];
        if (who->peer && who->runs && who->threads <= threads) {
            const contestant **best = who->verdict.counts ? &good : &worse;
            *best = !*best || least(who) < least(*best) ? who : *best;
        }
    }
    return good ? good : gx__judges_groups(c->task) ? worse : NULL;
}

/* What there is to say of guanxi's answer beside that of `best`; NULL: nothing. */
static const char *how_ours(const contest *c, contestant *who, const contestant *best) {
    bool compared = false;
    for (size_t i = 0; i < c->count; i++) {
        compared = compared || c->all[i].verdict.compared;
    }
    if (!c->same_bytes) {
        return "bytes differ between numbers of threads";
    }
    if (!best) {
        return compared ? "no peer agrees" : NULL;
    }
    if (!best->verdict.counts) {
        snprintf(who->verdict.how, sizeof who->verdict.how, "better than any peer: %.90s",
                 best->verdict.how);
        return who->verdict.how;
    }
    return compared ? NULL : "not compared";
}

static void set_ours(const contest *c, contestant *who, gx_bench_line *line) {
    const contestant *best = fastest_peer(c, who->threads);
    if (best) {
        line->has_peer = true;
        line->ratio = least(who) / least(best);
        line->agrees = we_agree(c);
    }
    if (c->task->pass) {
        line->has_estimate = true;
        line->estimate_bytes = who->told.estimate.mem_bytes;
        line->estimate_cpu_s = who->told.estimate.cpu_s;
        line->estimate_most_s = who->told.estimate.cpu_most_s;
        line->used_bytes = who->told.used_bytes;
    } else {
        const gx_graph *g = c->task->directed ? &c->ground->ties : &c->ground->undirected;
        double edges = c->task->directed ? (double)g->m : (double)g->m / 2;
        line->value = edges > 0 ? (double)gx_graph_bytes(g) / edges : 0;
        line->value_name = "bytes_an_edge";
    }
    line->how = how_ours(c, who, best);
}

static gx_status emit(contest *c, contestant *who, gx_error *err) {
    gx_bench *bench = c->ground->bench;
    gx_bench_line line = {.task = c->task->name,
                          .tool = who->peer ? who->peer->name : "guanxi",
                          .graph = c->ground->arcs->name,
                          .input = c->ground->arcs->hash,
                          .threads = who->threads,
                          .rss_bytes = who->rss_bytes,
                          .mem_bytes = who->mem_bytes,
                          .members = c->ground->arcs->n,
                          .ties = c->ground->tie_count,
                          .is_peer = who->peer != NULL,
                          .version = who->peer ? who->peer->version : NULL,
                          .over_s = who->over_s,
                          .equal = who->runs && who->verdict.counts,
                          .note = who->note[0] ? who->note : NULL};
    gx_status status =
        gx__value_of(&line.value, &line.value_name, c->ground, c->task, who->answer, err);
    if (who->runs) {
        line.wall_s = gx_bench_median(who->wall, who->runs);
        line.wall_min_s = who->wall[0]; /* sorted by now */
        line.cpu_s = gx_bench_median(who->cpu, who->runs);
    }
    if (who->peer && who->verdict.compared) {
        line.how = who->verdict.how;
    } else if (!who->peer) {
        set_ours(c, who, &line);
    }
    if (status == GX_OK) {
        bench->emit(bench->user, &line, bench->suite);
    }
    return status;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static void add(contest *c, gx__peer *peer, int threads) {
    if (c->count < CONTESTANTS_MAX) {
        c->all[c->count] = (contestant){.peer = peer, .threads = threads};
        c->count++;
    }
}

/* The numbers of threads to run at: --threads as a list, else 1 and all. */
static size_t thread_counts(int out[THREADS_MAX], const gx_bench *bench) {
    size_t count = 0;
    const gx_value *list = bench->thread_list;
    for (uint32_t i = 0; list && i < list->size && count < THREADS_MAX; i++) {
        int64_t threads;
        const gx_value *item = &list->as.items[i];
        if (gx_parse_int((gx_slice){item->as.text, item->size}, &threads) && threads > 0) {
            out[count++] = (int)(threads < 1024 ? threads : 1024);
        }
    }
    if (count == 0) {
        out[count++] = 1;
        if (bench->threads > 1) {
            out[count++] = bench->threads;
        }
    }
    return count;
}

/* NetworkX is so slow that it runs only what nobody else among the peers has. */
static bool is_spare(const contest *c, const gx__peer *peer) {
    bool other = false;
    for (size_t i = 0; i < c->count; i++) {
        other = other || c->all[i].peer;
    }
    return other && strcmp(peer->name, "networkx") == 0;
}

static void invite(contest *c, gx__peer **peers, size_t peer_count) {
    int threads[THREADS_MAX];
    size_t count = thread_counts(threads, c->ground->bench);
    for (size_t t = 0; t < count; t++) {
        add(c, NULL, threads[t]);
    }
    for (size_t p = 0; p < peer_count; p++) {
        if (peers[p]->knows(peers[p], c->task->name) && !is_spare(c, peers[p])) {
            int most = peers[p]->threads_for(peers[p], c->task->name);
            for (size_t t = 0; t < (most > 1 ? count : 1); t++) {
                add(c, peers[p], most > 1 ? threads[t] : 1);
            }
        }
    }
}

gx_status gx__contest(gx__ground *ground, const gx__task *task, gx__peer **peers, size_t peer_count,
                      gx_error *err) {
    gx_status status = GX_OK;
    contest c = {.ground = ground, .task = task};
    if (!gx__is_ours(task)) {
        return GX_OK;
    }
    c.all = gx_alloc0(CONTESTANTS_MAX, sizeof *c.all);
    if (!c.all) {
        return gx_fail_memory(err, CONTESTANTS_MAX * sizeof *c.all);
    }
    gx_job_stage(ground->bench->job, task->name, 0);
    if (gx__is_weighted(task)) {
        GX_TRY(gx__weigh(ground, task->directed, err));
    }
    invite(&c, peers, peer_count);
    GX_TRY(play_all(&c, err));
    GX_TRY(judge(&c, err));
    for (size_t i = 0; i < c.count; i++) {
        GX_TRY(emit(&c, &c.all[i], err));
    }
done:
    for (size_t i = 0; i < c.count; i++) {
        gx_free(c.all[i].answer);
    }
    gx_free(c.all);
    return status;
}
