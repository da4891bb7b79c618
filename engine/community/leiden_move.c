/* Leiden, first phase: moving nodes (Traag, Waltman and van Eck 2019, algorithm A.2,
 * MoveNodesFast).
 *
 * The paper's queue is served in batches. All nodes of a batch are weighed in parallel against the
 * partition as it stood before the batch; then their moves are made one after the other, in order,
 * each only if it still gains with the totals as they are by then. A batch is a sixteenth of the
 * queue, whatever the number of threads, so the result is the same bytes for any.
 *
 * Two neighbours in one batch may trade places, each towards where the other was. Both are looked
 * at again; the queue is in random order and shrinks, and one of fewer than sixteen nodes is served
 * one by one, so they do not chase each other for long.
 *
 * A sweep over a arcs costs O(a) time; sweeps shrink to the nodes whose neighbourhood changed. */
#include "engine/community/leiden_parts.h"
#include "engine/kernel/parallel.h"

enum {
    BATCHES = 16,          /* of a sweep; a queue of fewer nodes is served one by one */
    BATCHES_SETTLED = 4,   /* of a long sweep after one that moved fewer than a node in SETTLED */
    SETTLED = 8,
    SETTLED_FEWEST = 16384, /* shorter ones might swap neighbours for ever */
    CHUNK = 64,            /* nodes a thread takes at a time */
    PARALLEL_ARCS = 32768, /* of a batch: below, waking threads costs more than they save */
};

typedef struct sweep {
    gx__leiden *leiden;
    uint32_t count;  /* nodes in the queue */
    uint32_t batch;  /* nodes a batch */
    uint32_t number; /* of the present batch, counted over all sweeps */
    uint32_t movers; /* of the last batch */
    uint32_t moved;  /* in the last sweep */
    bool all;        /* the next sweep visits everybody: no need to tell whom a move concerns */
    uint32_t vacancies;
    bool stopped;
} sweep;

/* Weight that the null model expects between a node of such costs (pull · mass) and community c. */
static inline double expected(const gx__leiden *leiden, uint32_t c, double cost, double cost_in) {
    return leiden->directed ? cost * leiden->total_in[c] + cost_in * leiden->total[c]
                            : cost * leiden->total[c];
}

/* The same between a node and itself. */
static inline double expected_self(const gx__leiden *leiden, uint32_t v) {
    const double mass = leiden->mass[v];
    return leiden->pull * (leiden->directed ? 2.0 * mass * leiden->mass_in[v] : mass * mass);
}

/* The community that v gains most by, its own where none is better, GX_NONE for one of its own.
 * *gain is the weight won; what the totals cost is weighed again when the move is made. */
static uint32_t best_target(const gx__leiden *leiden, uint32_t v, gx__scratch *scratch,
                            double *gain) {
    const uint32_t own = leiden->community[v];
    const double cost = leiden->pull * leiden->mass[v];
    const double cost_in = leiden->directed ? leiden->pull * leiden->mass_in[v] : 0.0;
    gx__scratch_add_row(scratch, &leiden->level, v, leiden->community);
    const double own_weight = scratch->weight[own];
    double best = own_weight - expected(leiden, own, cost, cost_in) + expected_self(leiden, v) +
                  leiden->least * leiden->mass[v];
    uint32_t target = own;
    for (uint32_t i = 0; i < scratch->count; i++) {
        uint32_t c = scratch->touched[i];
        double score = scratch->weight[c] - expected(leiden, c, cost, cost_in);
        if (score > best && c != own) {
            best = score;
            target = c;
        }
    }
    if (best < 0.0 && leiden->size[own] > 1) {
        target = GX_NONE;
    }
    *gain = (target == GX_NONE ? 0.0 : scratch->weight[target]) - own_weight;
    gx__scratch_clear(scratch);
    return target;
}

/* Neighbours of a node that moved must be weighed again, but for those it joined. */
static void touch_neighbours(const gx__leiden *leiden, uint32_t v, uint32_t number) {
    const gx__level *level = &leiden->level;
    const uint32_t joined = leiden->community[v];
    for (uint64_t arc = level->from[v]; arc < level->to[v]; arc++) {
        uint32_t u = level->dst[arc];
        if (leiden->community[u] != joined) {
            __atomic_store_n(&leiden->touched_at[u], number, __ATOMIC_RELAXED);
        }
    }
}

static inline void shift_total(double *total, double mass, uint32_t from, uint32_t to) {
    total[from] -= mass;
    total[to] += mass;
}

/* Makes one move if it gains still; false where it does not. */
static bool make_move(sweep *s, uint32_t v, uint32_t target, double gain) {
    gx__leiden *leiden = s->leiden;
    const uint32_t from = leiden->community[v];
    if (target == GX_NONE) {
        if (leiden->size[from] == 1) {
            return false;
        }
        target = leiden->vacant[--s->vacancies];
    } else if (leiden->size[target] == 0) {
        return false; /* everybody left it in this very batch: two single nodes swapping places */
    }
    const double cost = leiden->pull * leiden->mass[v];
    const double cost_in = leiden->directed ? leiden->pull * leiden->mass_in[v] : 0.0;
    gain -= expected(leiden, target, cost, cost_in) - expected(leiden, from, cost, cost_in) +
            expected_self(leiden, v);
    if (gain <= leiden->least * leiden->mass[v]) {
        if (leiden->size[target] == 0) {
            s->vacancies++;
        }
        return false;
    }
    shift_total(leiden->total, leiden->mass[v], from, target);
    if (leiden->directed) {
        shift_total(leiden->total_in, leiden->mass_in[v], from, target);
    }
    leiden->size[target]++;
    if (--leiden->size[from] == 0) {
        leiden->total[from] = 0.0;
        if (leiden->directed) {
            leiden->total_in[from] = 0.0;
        }
        leiden->vacant[s->vacancies++] = from;
    }
    leiden->community[v] = target;
    return true;
}

/* Asks for what make_move will need of a community. */
__attribute__((always_inline)) static inline void prefetch_community(const gx__leiden *leiden,
                                                                     uint32_t c) {
    if (c != GX_NONE) {
        __builtin_prefetch(&leiden->total[c], 1);
        __builtin_prefetch(&leiden->size[c], 1);
    }
}

/* The batch's moves, in order. */
static void make_moves(sweep *s, uint32_t first, uint32_t last) {
    enum { AHEAD = 8 };
    gx__leiden *leiden = s->leiden;
    s->movers = 0;
    for (uint32_t i = first; i < last; i++) {
        if (i + AHEAD < last) {
            prefetch_community(leiden, leiden->target[i + AHEAD - first]);
            prefetch_community(leiden, leiden->community[leiden->queue[i + AHEAD]]);
        }
        uint32_t v = leiden->queue[i], target = leiden->target[i - first];
        if (target == leiden->community[v]) {
            continue;
        }
        if (make_move(s, v, target, leiden->gain[i - first])) {
            leiden->mover[s->movers++] = v;
        } else {
            leiden->touched_at[v] = s->number;
        }
    }
}

/* Threads that a batch of this queue has work for. */
static int sweep_threads(const sweep *s) {
    const gx__level *level = &s->leiden->level;
    return s->batch * (level->arcs / level->n) < PARALLEL_ARCS ? 1 : s->leiden->scratch_count;
}

/* One pass over the queue. What a batch moved is told to the neighbours while the next is weighed.
 */
static void run_sweep(sweep *s) {
    gx__leiden *leiden = s->leiden;
    const int threads = sweep_threads(s);
    (void)threads;
#pragma omp parallel num_threads(threads)
    {
        gx__scratch *scratch = &leiden->scratch[gx_thread()];
        for (uint32_t first = 0;; first += s->batch) {
#pragma omp for schedule(dynamic, CHUNK) nowait
            for (uint32_t i = 0; i < (s->all ? 0 : s->movers); i++) {
                touch_neighbours(leiden, leiden->mover[i], s->number);
            }
            if (first >= s->count || s->stopped) {
                break;
            }
            const uint32_t last = s->count - first < s->batch ? s->count : first + s->batch;
#pragma omp for schedule(dynamic, CHUNK)
            for (uint32_t i = first; i < last; i++) {
                uint32_t v = leiden->queue[i];
                gx__prefetch_rows(&leiden->level, leiden->queue, i, last);
                leiden->target[i - first] =
                    best_target(leiden, v, scratch, &leiden->gain[i - first]);
                leiden->seen_at[v] = s->number + 1;
            }
#pragma omp single
            {
                s->number++;
                make_moves(s, first, last);
                s->moved += s->movers;
                s->stopped = gx_job_should_stop(leiden->job);
            }
        }
    }
    s->movers = 0;
}

/* All nodes, or those that somebody touched since, or while, they were last weighed. */
static uint32_t fill_queue(gx__leiden *leiden, bool all) {
    const uint32_t n = leiden->level.n;
    const uint32_t *const touched_at = leiden->touched_at, *const seen_at = leiden->seen_at;
    uint32_t count = 0;
    for (uint32_t i = 0; i < leiden->blocks; i++) {
        const uint32_t first = leiden->order[i] * leiden->block;
        const uint32_t last = n - first < leiden->block ? n : first + leiden->block;
        for (uint32_t v = first; v < last; v++) {
            leiden->queue[count] = v;
            count += all | (touched_at[v] >= seen_at[v]);
        }
    }
    return count;
}

gx_status gx__leiden_move(gx__leiden *leiden, uint32_t sweeps, gx_error *err) {
    const uint32_t n = leiden->level.n;
    sweep s = {.leiden = leiden};
    for (uint32_t v = 0; v < n; v++) {
        leiden->touched_at[v] = leiden->seen_at[v] = 0;
    }
    for (uint32_t c = n; c-- > 0;) {
        if (leiden->size[c] == 0) {
            leiden->vacant[s.vacancies++] = c;
        }
    }
    /* Of members who are all alone nearly each moves. */
    s.all = s.vacancies == 0;
    s.moved = s.all ? n : 0;
    bool settled;
    for (uint32_t i = 0; i < sweeps; i++) {
        s.count = fill_queue(leiden, s.all);
        s.all = s.all && i == 0;
        settled = s.count >= SETTLED_FEWEST && s.moved < s.count / SETTLED;
        s.batch = s.count / (settled ? BATCHES_SETTLED : BATCHES) + 1;
        s.moved = 0;
        if (s.count == 0) {
            break;
        }
        run_sweep(&s);
        gx_status status = gx_job_check(leiden->job, err);
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}
