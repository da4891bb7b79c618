/* Leiden, first phase: moving nodes (Traag, Waltman and van Eck 2019, algorithm A.2,
 * MoveNodesFast).
 *
 * The paper's queue is served in batches. All nodes of a batch are weighed in parallel against the
 * partition as it stood before the batch; then their moves are made one after the other, in order,
 * each only if it still gains with the totals as they are by then. A batch is a sixteenth of the
 * queue, in large graphs a sixty-fourth of a long one, whatever the number of threads, so the
 * result is the same bytes for any. Where communities are weak, larger ones cost quality: too many
 * neighbours choose at once.
 *
 * Two neighbours in one batch may trade places, each towards where the other was. Both are looked
 * at again; the queue is in random order and shrinks, and one of 1,024 nodes or fewer is served by
 * one thread, one by one, so they do not chase each other for long.
 *
 * A level ends when no move is left, or after a sweep that gained next to nothing beside those
 * before: where there are no communities to find, gains go on for a hundred sweeps, and the levels
 * above, which are smaller and lie closer in memory, find them at a fraction of the price.
 *
 * A sweep over a arcs costs O(a) time; sweeps shrink to the nodes whose neighbourhood changed. */
#include "engine/community/leiden_parts.h"
#include "engine/kernel/crew.h"

enum {
    BATCHES = 16,        /* of a sweep at least */
    BATCHES_MOST = 64,   /* of a sweep; the result is better with more, the hand-overs dearer */
    BATCH_LEAST = 256,   /* nodes in one, where there are more batches than the least */
    BATCHES_SETTLED = 4, /* of a long sweep after one that moved fewer than a node in SETTLED */
    SETTLED = 8,
    SETTLED_FEWEST = 16384, /* shorter ones might swap neighbours for ever */
    ALONE_MOST = 1024,      /* nodes of a sweep that one thread makes, one node after the other */
    CHUNK = 64,             /* nodes a thread takes at a time */
    CHUNKS_MOST = 1 << 20,  /* of a batch: in longer ones a thread takes more */
};

typedef struct sweep {
    gx__leiden *leiden;
    uint32_t left;        /* sweeps that may follow */
    uint32_t count;       /* nodes in the queue */
    uint32_t batch;       /* nodes a batch */
    uint32_t first, last; /* places of the present batch in the queue */
    uint32_t chunk;       /* nodes a thread takes */
    uint32_t told;        /* chunks of movers whose neighbours are to be told */
    uint32_t number;      /* of the present batch, counted over all sweeps */
    uint32_t movers;      /* of the last batch */
    uint32_t moved;       /* in the last sweep */
    double gained;        /* by the moves of the last sweep, in weight */
    double gained_all;    /* by those of all sweeps */
    bool all; /* the next sweep visits everybody: no need to tell whom a move concerns */
    uint32_t vacancies;
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
    s->gained += gain;
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

/* Is another sweep worth its while after this one? */
static bool is_idle(const sweep *s) {
    const double absolute = 0.5 * s->leiden->idle * s->leiden->weight2m;
    return (s->count >= SETTLED_FEWEST && s->gained < absolute) ||
           (s->count > ALONE_MOST && s->gained < s->leiden->idle_part * s->gained_all);
}

static uint32_t batches_of(const sweep *s) {
    if (s->count >= SETTLED_FEWEST && s->moved < s->count / SETTLED) {
        return BATCHES_SETTLED;
    }
    const uint32_t batches = s->count / BATCH_LEAST;
    return batches < BATCHES || !s->leiden->large ? BATCHES
           : batches > BATCHES_MOST               ? BATCHES_MOST
                                                  : batches;
}

/* The next sweep's queue, in batches; false where there is nobody to visit or no sweep left. */
static bool start_sweep(sweep *s) {
    const bool all = s->all;
    s->gained_all += s->gained;
    if (s->left == 0 || is_idle(s)) {
        return false;
    }
    s->left--;
    s->count = fill_queue(s->leiden, all);
    s->all = all && s->number == 0;
    s->batch = s->count / batches_of(s) + 1;
    s->chunk = CHUNK + s->batch / CHUNKS_MOST;
    s->first = s->last = 0;
    s->movers = s->moved = 0;
    s->gained = 0.0;
    return s->count > 0;
}

/* A short sweep, made while nobody else works: one by one as in the paper, so that neighbours
 * cannot trade places for ever. */
static void sweep_alone(sweep *s) {
    enum { CHECKED = 4 };
    gx__leiden *leiden = s->leiden;
    for (uint32_t i = 0; i < s->count; i++) {
        if (i % CHECKED == 0 && gx_job_should_stop(leiden->job)) {
            return;
        }
        const uint32_t v = leiden->queue[i];
        gx__prefetch_rows(&leiden->level, leiden->queue, i, s->count);
        leiden->target[0] = best_target(leiden, v, &leiden->scratch[0], &leiden->gain[0]);
        leiden->seen_at[v] = ++s->number;
        make_moves(s, i, i + 1);
        if (s->movers > 0) {
            s->moved++;
            touch_neighbours(leiden, v, s->number);
        } else {
            leiden->touched_at[v] = 0; /* nobody was in its way: a gain that is rounding */
        }
    }
}

static uint32_t chunks_for(const sweep *s, uint32_t nodes) {
    return nodes / s->chunk + (nodes % s->chunk > 0);
}

/* Between two batches: makes the moves of the one that was weighed. What it moved is told to the
 * neighbours while the next is weighed, or after the last of a sweep alone. */
static uint32_t next_batch(void *user) {
    sweep *s = user;
    if (gx_job_should_stop(s->leiden->job)) {
        return 0;
    }
    s->movers = 0;
    if (s->first < s->last) {
        s->number++;
        make_moves(s, s->first, s->last);
        s->moved += s->movers;
    }
    s->told = s->all ? 0 : chunks_for(s, s->movers);
    s->first = s->last;
    if (s->first == s->count) {
        if (s->told > 0) {
            return s->told;
        }
        do {
            if (gx_job_should_stop(s->leiden->job) || !start_sweep(s)) {
                return 0;
            }
            if (s->count <= ALONE_MOST) {
                sweep_alone(s);
            }
        } while (s->count <= ALONE_MOST);
    }
    s->last = s->count - s->first < s->batch ? s->count : s->first + s->batch;
    return s->told + chunks_for(s, s->last - s->first);
}

static void tell_chunk(const sweep *s, uint32_t chunk) {
    const uint32_t from = chunk * s->chunk;
    const uint32_t to = s->movers - from < s->chunk ? s->movers : from + s->chunk;
    for (uint32_t i = from; i < to; i++) {
        touch_neighbours(s->leiden, s->leiden->mover[i], s->number);
    }
}

static void weigh_chunk(const sweep *s, uint32_t chunk, gx__scratch *scratch) {
    gx__leiden *leiden = s->leiden;
    const uint32_t from = s->first + chunk * s->chunk;
    const uint32_t to = s->last - from < s->chunk ? s->last : from + s->chunk;
    for (uint32_t i = from; i < to; i++) {
        const uint32_t v = leiden->queue[i];
        gx__prefetch_rows(&leiden->level, leiden->queue, i, s->last);
        leiden->target[i - s->first] = best_target(leiden, v, scratch, &leiden->gain[i - s->first]);
        leiden->seen_at[v] = s->number + 1;
    }
}

static void work_chunk(void *user, uint32_t chunk, int thread) {
    const sweep *s = user;
    if (gx_job_should_stop(s->leiden->job)) {
        return; /* next_batch ends it all */
    }
    if (chunk < s->told) {
        tell_chunk(s, chunk);
    } else {
        weigh_chunk(s, chunk - s->told, &s->leiden->scratch[thread]);
    }
}

gx_status gx__leiden_move(gx__leiden *leiden, uint32_t sweeps, gx_error *err) {
    const uint32_t n = leiden->level.n;
    sweep s = {.leiden = leiden, .left = sweeps};
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
    s.chunk = CHUNK;
    gx__crew_run(gx__leiden_threads(leiden), next_batch, work_chunk, &s);
    return gx_job_check(leiden->job, err);
}
