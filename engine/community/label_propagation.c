/* Label propagation: everybody takes the label that weighs most among their ties, again and again.
 *
 * Raghavan, Albert and Kumara: Near linear time algorithm to detect community structures in
 * large-scale networks, Physical Review E 76, 036106 (2007). Alone it lets one label flood a dense
 * graph. Two rules are against that, each a parameter that can be switched off:
 *
 *  - hop attenuation (Leung, Hui, Liò and Crowcroft: Towards real-time community detection in large
 *    networks, Physical Review E 79, 066107, 2009): a label loses `attenuation` of its strength,
 *    at first 1, with every member it is handed on to, and weighs tie × strength;
 *  - a price on large labels (Barber and Clark: Detecting network communities by propagating labels
 *    under constraints, Physical Review E 80, 026129, 2009, eq. 10): `penalty` times the weight
 *    that chance would lead there, k_v K_l / 2m. Without attenuation and with penalty 1 this is
 *    their propagation by modularity.
 *
 * With `direction` labels go along ties: `in`, everybody asks those whose ties point to them, so
 * that labels go the way ties point (igraph's mode "out"); `out`, those their own ties point to.
 * The weight that chance would lead from those with label l to v is then that of Leicht and
 * Newman's directed modularity (Community structure in directed networks, PRL 100, 118703, 2008,
 * eq. 2): the ties v receives times those that label l gives, over m; for `out` the other way.
 *
 * A member keeps the label it has unless another weighs more; equals are told apart by a hash of
 * (seed, member, label). Members are served in batches, drawn anew in every sweep by a hash: all of
 * a batch are weighed, in parallel, against the labels before it, and change together
 * (semi-synchronous: Cordasco and Gargano: Community detection via semi-synchronous label
 * propagation algorithms, BASNA 2010, with random batches instead of a colouring). Only members
 * with a neighbour that changed are served again. So the result does not depend on threads, and
 * two who swap labels soon fall into different batches. While most are to be served, batches are of
 * blocks of 16 members in a row, which halves the time: their ties lie side by side. At the end,
 * labels that lie in several pieces are split, as Raghavan does.
 *
 * Else ties count without direction. O(m) a sweep, ten or so sweeps of which the later ones touch
 * few; 46 bytes a member, 54 with a direction, and 12 a member and thread.
 */
#include "engine/community/partition.h"
#include "engine/community/quality.h"
#include "engine/community/weakness.h"
#include "engine/kernel/neighbours.h"
#include "engine/kernel/parallel.h"

enum {
    BATCHES = 32,              /* of a sweep */
    CHUNK = 64,                /* members a thread takes at a time */
    BLOCK_SHIFT_MOST = 4,      /* 16 members */
    BLOCKS_A_BATCH = 16,       /* at least */
    PARALLEL_MEMBERS = 2048,   /* of a batch: below, waking threads costs more than they save */
    ARCS_PER_THREAD = 1 << 16, /* fewer are not worth a thread */
};

static const gx_param params[] = {
    {"attenuation", GX_PARAM_REAL, "0.1", 0, 1, NULL, NULL, 0,
     "strength a label loses with each member it is handed on to; 0: none"},
    {"penalty", GX_PARAM_REAL, "0.5", 0, 1e6, NULL, NULL, 0,
     "price of a label for the weight it has already; 0: none, and one label may take all"},
    {"weighted", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "ties count by their weights"},
    {"direction", GX_PARAM_CHOICE, "all", GX_PARAM_UNCHECKED, NULL, "all|in|out", 0,
     "who is asked for a label: all whom a tie joins, whose ties point to the member, or to whom "
     "the member's point"},
    {"sweeps", GX_PARAM_INT, "100", 1, 1e6, "sweeps", NULL, 0,
     "stop here at the latest; before, when nobody changes"},
};

static const gx_gives gives[] = {
    {"community", GX_U32, GX_LEN_USERS, "number of the community, 0 the largest"},
    {"sweeps", GX_U32, GX_LEN_OTHER, "one number: sweeps until nobody changed, or all allowed"},
};

/* A gain below this share of the member's ties is rounding. */
static const double GAIN_LEAST = 1e-10;

typedef struct mark {
    uint32_t label;
    float strength;
} mark;

typedef struct scratch {
    double *weight; /* by label; 0 where not touched */
    uint32_t *touched;
} scratch;

typedef struct propagation {
    uint32_t n;
    gx__rows_view asked;  /* by each member for their labels; weights NULL: all 1 */
    gx__rows_view asking; /* whom a change of the member's label concerns */
    bool directed;
    float attenuation;
    double price; /* penalty / 2m; penalty / m where ties have a direction */
    uint64_t seed;
    mark *now;      /* of each member */
    mark *next;     /* of each place in the batch */
    double *degree; /* weight of each member's ties to those asked */
    double *weighs; /* of each member's ties to those who ask: what they add to `total` */
    double *total;  /* of each label: that of those who have it */
    uint32_t *queue, *sorted;
    uint8_t *waiting; /* a neighbour changed since the member was weighed */
    uint8_t *weighed; /* in which batch of this sweep, from 1; 0: not in this one */
    scratch *scratch;
    int threads;
    uint32_t movers; /* of this sweep, in `queue` from its start */
    gx_job *job;
} propagation;

static uint64_t hash_of(const propagation *p, uint64_t a, uint64_t b) {
    return gx_mix64(p->seed ^ gx_mix64(a << 32 | b));
}

/* ---- one member ---------------------------------------------------------------------------- */

/* Sums what v has towards each label around; returns how many there are. */
static uint32_t add_neighbours(const propagation *p, uint32_t v, scratch *s) {
    const gx__rows_view rows = p->asked;
    uint32_t count = 0;
    for (uint64_t i = rows.ptr[v]; i < rows.ptr[v + 1]; i++) {
        uint32_t u = rows.end[i];
        mark theirs = p->now[u];
        double w = gx__row_weight(&rows, i) * (double)theirs.strength;
        if (u != v) {
            s->touched[count] = theirs.label;
            count += (s->weight[theirs.label] == 0.0) & (w > 0.0);
            s->weight[theirs.label] += w;
        }
    }
    return count;
}

/* How strong the label is at v when v takes it from a neighbour. */
static float strength_at(const propagation *p, uint32_t v, uint32_t label) {
    const gx__rows_view rows = p->asked;
    float most = 0;
    for (uint64_t i = rows.ptr[v]; i < rows.ptr[v + 1]; i++) {
        mark theirs = p->now[rows.end[i]];
        bool counts = theirs.label == label && (!rows.weight || rows.weight[i] > 0.0f);
        most = counts && theirs.strength > most ? theirs.strength : most;
    }
    return most > p->attenuation ? most - p->attenuation : 0;
}

/* The label that v takes, and how strong it is then. */
static mark weigh(const propagation *p, uint32_t v, scratch *s) {
    const mark own = p->now[v];
    const double degree = p->degree[v], price = p->price * degree;
    uint32_t count = add_neighbours(p, v, s), chosen = own.label;
    double best =
        s->weight[own.label] - price * (p->total[own.label] - p->weighs[v]) + GAIN_LEAST * degree;
    uint64_t best_hash = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t label = s->touched[i];
        double weight = s->weight[label];
        s->weight[label] = 0.0;
        if (weight < best) {
            continue; /* whatever its price is */
        }
        double worth = weight - price * p->total[label];
        if (label == own.label || worth < best || (worth == best && chosen == own.label)) {
            continue;
        }
        if (worth == best) {
            uint64_t hash = hash_of(p, v, label);
            best_hash = best_hash ? best_hash : hash_of(p, v, chosen);
            if (hash <= best_hash) {
                continue;
            }
            best_hash = hash;
        } else {
            best_hash = 0;
        }
        best = worth;
        chosen = label;
    }
    return chosen == own.label ? own : (mark){chosen, strength_at(p, v, chosen)};
}

/* ---- a batch, a sweep ---------------------------------------------------------------------- */

static void weigh_batch(propagation *p, const uint32_t *member, uint32_t count, uint8_t batch) {
    const int threads = count < PARALLEL_MEMBERS ? 1 : p->threads;
    (void)threads;
#pragma omp parallel for num_threads(threads) schedule(dynamic) if (threads > 1)
    for (uint32_t from = 0; from < count; from += CHUNK) {
        if (gx_job_should_stop(p->job)) {
            continue;
        }
        scratch *s = &p->scratch[gx_thread()];
        uint32_t to = count - from < CHUNK ? count : from + CHUNK;
        for (uint32_t i = from; i < to; i++) {
            p->next[i] = weigh(p, member[i], s);
            p->weighed[member[i]] = batch;
        }
    }
}

static void change_labels(propagation *p, const uint32_t *member, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t v = member[i];
        if (p->next[i].label != p->now[v].label) {
            p->total[p->now[v].label] -= p->weighs[v];
            p->total[p->next[i].label] += p->weighs[v];
            p->now[v] = p->next[i];
            p->queue[p->movers++] = v;
        }
    }
}

/* Who is to be weighed again: those who ask members that changed, but for those who have the new
 * label already, which only gained, and those who were weighed after the change. */
static void wake_neighbours(propagation *p) {
    const gx__rows_view rows = p->asking;
    const int threads = p->movers < PARALLEL_MEMBERS ? 1 : p->threads;
    (void)threads;
#pragma omp parallel for num_threads(threads) schedule(dynamic, CHUNK) if (threads > 1)
    for (uint32_t i = 0; i < p->movers; i++) {
        if (gx_job_should_stop(p->job)) {
            continue;
        }
        uint32_t v = p->queue[i], label = p->now[v].label;
        for (uint64_t a = rows.ptr[v]; a < rows.ptr[v + 1]; a++) {
            uint32_t u = rows.end[a];
            bool knows = p->weighed[u] > p->weighed[v];
            if (!knows && p->now[u].label != label) {
                __atomic_store_n(&p->waiting[u], 1, __ATOMIC_RELAXED);
            }
        }
    }
}

/* While most wait, neighbours in number go together, so that rows are read in order: 2^shift of
 * them, and a batch holds several such blocks still. */
static int block_shift(uint32_t n) {
    int shift = 0;
    while (shift < BLOCK_SHIFT_MOST && n >> (shift + 1) >= BLOCKS_A_BATCH * BATCHES) {
        shift++;
    }
    return shift;
}

/* Who waits, sorted by random batch; `at` gets where each begins. Returns how many batches. */
static uint32_t draw_batches(propagation *p, uint32_t sweep, uint32_t at[BATCHES + 1]) {
    uint32_t count = 0;
    for (uint32_t v = 0; v < p->n; v++) {
        p->queue[count] = v;
        count += p->waiting[v];
    }
    memset(p->waiting, 0, p->n);
    memset(p->weighed, 0, p->n);
    p->movers = 0;
    memset(at, 0, (BATCHES + 1) * sizeof *at);
    if (count == 0) {
        return 0;
    }
    uint32_t cursor[BATCHES] = {0};
    const int shift = count > p->n / 2 ? block_shift(p->n) : 0;
    for (uint32_t i = 0; i < count; i++) {
        at[hash_of(p, sweep, p->queue[i] >> shift) % BATCHES + 1]++;
    }
    for (uint32_t b = 0; b < BATCHES; b++) {
        at[b + 1] += at[b];
        cursor[b] = at[b];
    }
    for (uint32_t i = 0; i < count; i++) {
        p->sorted[cursor[hash_of(p, sweep, p->queue[i] >> shift) % BATCHES]++] = p->queue[i];
    }
    return BATCHES;
}

static gx_status propagate(propagation *p, uint32_t most, uint32_t *out_sweeps, gx_error *err) {
    uint32_t at[BATCHES + 1];
    gx_job_stage(p->job, "label_propagation", most);
    for (uint32_t sweep = 0; sweep < most; sweep++) {
        uint32_t batches = draw_batches(p, sweep, at);
        if (batches == 0) {
            break;
        }
        for (uint32_t b = 0; b < batches; b++) {
            weigh_batch(p, p->sorted + at[b], at[b + 1] - at[b], (uint8_t)(b + 1));
            gx_status status = gx_job_check(p->job, err);
            if (status != GX_OK) {
                return status;
            }
            change_labels(p, p->sorted + at[b], at[b + 1] - at[b]);
        }
        wake_neighbours(p);
        gx_status status = gx_job_check(p->job, err);
        if (status != GX_OK) {
            return status;
        }
        *out_sweeps = sweep + 1;
        gx_job_tick(p->job, sweep + 1);
    }
    return GX_OK;
}

/* ---- the pass ------------------------------------------------------------------------------ */

/* Everybody is alone, and waits. */
static void start(propagation *p, double penalty) {
    double all = 0;
    for (uint32_t v = 0; v < p->n; v++) {
        p->degree[v] = gx__row_strength(&p->asked, v);
        if (p->directed) {
            p->weighs[v] = gx__row_strength(&p->asking, v);
        }
        p->total[v] = p->weighs[v];
        p->now[v] = (mark){v, 1};
        p->waiting[v] = p->degree[v] > 0;
        all += p->degree[v];
    }
    p->price = all > 0 ? penalty / all : 0;
}

static void release(propagation *p) {
    for (int t = 0; p->scratch && t < p->threads; t++) {
        gx_job_free(p->job, p->scratch[t].weight);
        gx_job_free(p->job, p->scratch[t].touched);
    }
    gx_job_free(p->job, p->scratch);
    gx_job_free(p->job, p->now);
    gx_job_free(p->job, p->next);
    gx_job_free(p->job, p->weighs == p->degree ? NULL : p->weighs);
    gx_job_free(p->job, p->degree);
    gx_job_free(p->job, p->total);
    gx_job_free(p->job, p->queue);
    gx_job_free(p->job, p->sorted);
    gx_job_free(p->job, p->waiting);
    gx_job_free(p->job, p->weighed);
}

static gx_status obtain(propagation *p, gx_error *err) {
    gx_job *job = p->job;
    const uint32_t n = p->n;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &p->now, n, sizeof *p->now, err));
    GX_TRY(gx_job_alloc(job, &p->next, n, sizeof *p->next, err));
    GX_TRY(gx_job_alloc(job, &p->degree, n, sizeof *p->degree, err));
    p->weighs = p->degree;
    if (p->directed) {
        p->weighs = NULL;
        GX_TRY(gx_job_alloc(job, &p->weighs, n, sizeof *p->weighs, err));
    }
    GX_TRY(gx_job_alloc(job, &p->total, n, sizeof *p->total, err));
    GX_TRY(gx_job_alloc(job, &p->queue, (size_t)n + 1, sizeof *p->queue, err));
    GX_TRY(gx_job_alloc(job, &p->sorted, n, sizeof *p->sorted, err));
    GX_TRY(gx_job_alloc(job, &p->waiting, n, sizeof *p->waiting, err));
    GX_TRY(gx_job_alloc(job, &p->weighed, n, sizeof *p->weighed, err));
    GX_TRY(gx_job_alloc(job, &p->scratch, (size_t)p->threads, sizeof *p->scratch, err));
    for (int t = 0; t < p->threads; t++) {
        scratch *s = &p->scratch[t];
        GX_TRY(gx_job_alloc(job, &s->weight, n, sizeof *s->weight, err));
        GX_TRY(gx_job_alloc(job, &s->touched, (size_t)n + 1, sizeof *s->touched, err));
    }
done:
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const bool directed = !gx_arg_is(args, "direction", "all");
    uint64_t n = input->users, m = gx__arcs_by(input, args);
    uint64_t scratches = (uint64_t)gx__threads_worth(m, ARCS_PER_THREAD, threads);
    uint64_t doubles = directed ? 3 : 2;
    uint64_t member = 2 * sizeof(mark) + doubles * sizeof(double) + 2 * sizeof(uint32_t) + 2;
    uint64_t result = sizeof(uint32_t);
    out->mem_bytes = n * (result + member + scratches * (sizeof(double) + sizeof(uint32_t))) +
                     scratches * (sizeof(scratch) + sizeof(uint32_t)) + 64;
    const gx__degrees degrees = gx__degrees_by(input, args);
    const double weakness = gx__community_weakness(input->undirected);
    /* The count of sweeps hangs on the communities: where there are none to find, equals go on. */
    out->cpu_s = gx__weighs(directed ? input->graph : input->undirected, args)
                     ? gx__ties_seconds(&degrees, 48, (gx__pace){640, 100 * weakness, 100, 60})
                     : gx__ties_seconds(&degrees, 32, (gx__pace){660, 350 * weakness, 68, 60});
    out->cpu_s += 1e-6;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const gx_graph *g = input->undirected;
    uint32_t *community, *sweeps, count;
    propagation p = {.n = g->n,
                     .asked = gx__rows_by(input, args),
                     .asking = gx__rows_against(input, args),
                     .directed = !gx_arg_is(args, "direction", "all"),
                     .attenuation = (float)gx_arg_real(args, "attenuation"),
                     .seed = gx_mix64(job->seed),
                     .threads =
                         gx__threads_worth(gx__arcs_by(input, args), ARCS_PER_THREAD, job->threads),
                     .job = job};
    if (!gx_arg_bool(args, "weighted")) {
        p.asked.weight = p.asking.weight = NULL;
    }
    GX_TRY(gx_output_add(&community, out, "community", GX_U32, g->n, 0, err));
    GX_TRY(gx_output_add(&sweeps, out, "sweeps", GX_U32, 1, 0, err));
    GX_TRY(obtain(&p, err));
    start(&p, gx_arg_real(args, "penalty"));
    GX_TRY(gx_job_check(job, err));
    GX_TRY(propagate(&p, (uint32_t)gx_arg_int(args, "sweeps"), sweeps, err));
    for (uint32_t v = 0; v < g->n; v++) {
        community[v] = p.now[v].label;
    }
    release(&p);
    p = (propagation){.job = job};
    GX_TRY(gx_partition_split(community, g, &count, job, err));
    GX_TRY(gx_partition_order(community, g->n, &count, job, err));
done:
    release(&p);
    return status;
}

/* Numbers fall by size and every community is connected. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const gx_graph *g = input->undirected;
    return gx_quality_check(gx_result_get(result, instance, "community", GX_U32, g->n), g, err);
}

/* The undirected view in any case: by it the communities are connected. */
static unsigned reads(const gx_args *args) {
    return GX_NEED_UNDIRECTED | gx__reads_both_sides(args);
}

const gx_pass gx_pass_label_propagation = {
    .name = "label_propagation",
    .kind = GX_KIND_COMMUNITY,
    .summary = "communities that agree on a label by asking their neighbours, fast",
    .paper =
        "Raghavan, Albert, Kumara: Near linear time algorithm to detect community structures "
        "in large-scale networks, PRE 76, 036106, 2007; attenuation: Leung et al., PRE 79, "
        "066107, 2009; penalty: Barber, Clark, PRE 80, 026129, 2009, eq. 10, directed: Leicht, "
        "Newman, PRL 100, 118703, 2008, eq. 2",
    .complexity = "O(m) a sweep, some ten sweeps; 46 bytes a member (54 by direction) and "
                  "12 a member and thread",
    .needs = GX__NEED_TIES,
    .reads = reads,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .label_dependent = true, /* batches and ties are drawn by the members' numbers */
    .estimate = estimate,
    .run = run,
    .check = check,
};
