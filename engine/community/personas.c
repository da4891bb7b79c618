/* Ego networks and the persona graph: see the header.
 *
 * The ego network of u is the ties among u's neighbours, u left out. Its groups are found by
 * propagating labels (Raghavan, Albert and Kumara 2007), one neighbour after the other, until
 * hardly anybody changes; among equals the own label stays, or a hash decides. What differs from
 * the paper: groups of fewer than `least` join the largest, since a neighbour who knows nobody else
 * tells nothing of a circle, and would be a persona of one tie.
 *
 * Ties of an ego network are found by walking along two sorted rows, and kept for the next sweep as
 * far as a buffer of fixed size goes; what did not fit is found again each time. So memory is known
 * before, however large the ego network of a hub is.
 */
#include "engine/community/personas.h"
#include "engine/kernel/parallel.h"

#include <math.h>

enum {
    SWEEPS_MOST = 5,
    SETTLED = 64,    /* fewer than one neighbour in so many changed: the groups are there */
    KEPT = 1 << 18,  /* ties of an ego network that are kept, a thread */
    SEARCH_FROM = 8, /* how many times longer a row is that is searched instead of walked along */
    SAMPLES = 1024,
    SAMPLE_STEPS = 1 << 22,    /* no more are drawn after so many: some 20 ms */
    CHUNK = 32,                /* members a thread takes at a time */
    ARCS_PER_THREAD = 1 << 14, /* fewer are not worth a thread */
};

typedef struct kept {
    uint32_t place; /* of a neighbour in the ego's row */
    float weight;
} kept;

typedef struct span {
    uint32_t begin, end; /* in `kept`; begin GX_NONE: not there */
} span;

/* One thread's; the arrays are as long as the longest row. */
typedef struct ego {
    const gx_graph *graph;
    bool weighted;
    uint32_t u, degree;
    const uint32_t *row; /* u's neighbours */
    uint32_t *label;     /* of each neighbour: a place */
    double *weight;      /* by label: what one neighbour has towards it; 0 between neighbours */
    uint32_t *touched;
    uint32_t touched_count;
    uint32_t *size; /* by label */
    span *span;     /* of each neighbour: where its ties are kept */
    kept *kept;
    uint32_t kept_count, kept_most;
    uint64_t steps;
} ego;

static uint64_t longest_row(const gx_graph *g) {
    uint64_t longest = 0;
    for (uint32_t v = 0; g->out_ptr && v < g->n; v++) {
        uint64_t degree = g->out_ptr[v + 1] - g->out_ptr[v];
        longest = degree > longest ? degree : longest;
    }
    return longest;
}

static uint32_t kept_room(uint64_t longest) {
    return longest * longest < KEPT ? (uint32_t)(longest * longest) : KEPT;
}

static void ego_finish(ego *e, gx_job *job) {
    gx_job_free(job, e->label);
    gx_job_free(job, e->weight);
    gx_job_free(job, e->touched);
    gx_job_free(job, e->size);
    gx_job_free(job, e->span);
    gx_job_free(job, e->kept);
}

static gx_status ego_init(ego *e, const gx_graph *graph, bool weighted, gx_job *job,
                          gx_error *err) {
    const size_t longest = (size_t)longest_row(graph);
    gx_status status;
    *e = (ego){.graph = graph, .weighted = weighted && graph->out_weight};
    GX_TRY(gx_job_alloc(job, &e->label, longest, sizeof *e->label, err));
    GX_TRY(gx_job_alloc(job, &e->weight, longest, sizeof *e->weight, err));
    GX_TRY(gx_job_alloc(job, &e->touched, longest + 1, sizeof *e->touched, err));
    GX_TRY(gx_job_alloc(job, &e->size, longest, sizeof *e->size, err));
    GX_TRY(gx_job_alloc(job, &e->span, longest, sizeof *e->span, err));
    e->kept_most = kept_room(longest);
    GX_TRY(gx_job_alloc(job, &e->kept, e->kept_most, sizeof *e->kept, err));
done:
    return status;
}

/* ---- ties of the ego network -------------------------------------------------------------------
 */

/* Where the first entry of row[from … size) that is not below `what` is; they are sorted. */
static uint32_t first_from(const uint32_t *row, uint32_t from, uint32_t size, uint32_t what) {
    uint32_t end = size;
    while (from < end) {
        uint32_t middle = from + (end - from) / 2;
        if (row[middle] < what) {
            from = middle + 1;
        } else {
            end = middle;
        }
    }
    return from;
}

/* The neighbour that is looked at has a tie to the one at `other`. */
static void add_tie(ego *e, uint32_t other, float weight) {
    uint32_t label = e->label[other];
    e->touched[e->touched_count] = label;
    e->touched_count += (e->weight[label] == 0.0) & (weight > 0.0f);
    e->weight[label] += (double)weight;
}

/* Ties of the neighbour at `place` within the ego network, from the rows; kept as far as they fit.
 */
static void walk_ties(ego *e, uint32_t place, bool keep) {
    const gx_graph *g = e->graph;
    const uint32_t v = e->row[place];
    const uint64_t from = g->out_ptr[v];
    const uint32_t *theirs = g->out_dst + from;
    const uint32_t count = (uint32_t)(g->out_ptr[v + 1] - from);
    const bool search_theirs = count / SEARCH_FROM > e->degree;
    const bool search_ours = e->degree / SEARCH_FROM > count;
    uint32_t begin = e->kept_count;
    for (uint32_t i = 0, k = 0; i < e->degree && k < count; e->steps++) {
        if (e->row[i] < theirs[k]) {
            i = search_ours ? first_from(e->row, i, e->degree, theirs[k]) : i + 1;
        } else if (e->row[i] > theirs[k]) {
            k = search_theirs ? first_from(theirs, k, count, e->row[i]) : k + 1;
        } else {
            float weight = e->weighted ? g->out_weight[from + k] : 1.0f;
            if (i != place && e->row[i] != e->u) {
                add_tie(e, i, weight);
                keep = keep && e->kept_count < e->kept_most;
                if (keep) {
                    e->kept[e->kept_count++] = (kept){i, weight};
                }
            }
            i++;
            k++;
        }
    }
    e->span[place] = (span){keep ? begin : GX_NONE, e->kept_count};
    e->kept_count = keep ? e->kept_count : begin;
}

static void add_ties(ego *e, uint32_t place, bool first_sweep) {
    const span at = e->span[place];
    e->touched_count = 0;
    if (first_sweep || at.begin == GX_NONE) {
        walk_ties(e, place, first_sweep);
        return;
    }
    for (uint32_t i = at.begin; i < at.end; i++) {
        add_tie(e, e->kept[i].place, e->kept[i].weight);
    }
    e->steps += at.end - at.begin;
}

/* ---- groups of one ego network -----------------------------------------------------------------
 */

static uint64_t hash_of(const ego *e, uint64_t seed, uint32_t place, uint32_t label) {
    return gx_mix64(gx_mix64(seed ^ e->u) ^ ((uint64_t)e->row[place] << 32 | e->row[label]));
}

/* The heaviest label around; clears the weights. */
static uint32_t best_label(ego *e, uint64_t seed, uint32_t place) {
    const uint32_t own = e->label[place];
    uint32_t chosen = own;
    double best = e->weight[own];
    for (uint32_t i = 0; i < e->touched_count; i++) {
        uint32_t label = e->touched[i];
        double weight = e->weight[label];
        bool draw = weight == best && chosen != own && label != own;
        if (weight > best ||
            (draw && hash_of(e, seed, place, label) > hash_of(e, seed, place, chosen))) {
            best = weight;
            chosen = label;
        }
    }
    for (uint32_t i = 0; i < e->touched_count; i++) {
        e->weight[e->touched[i]] = 0.0;
    }
    return chosen;
}

static void propagate(ego *e, uint64_t seed, gx_job *job) {
    uint32_t changed = e->degree;
    for (uint32_t sweep = 0; sweep < SWEEPS_MOST && changed > e->degree / SETTLED; sweep++) {
        changed = 0;
        for (uint32_t i = 0; i < e->degree && !gx_job_should_stop(job); i++) {
            if (e->row[i] == e->u) {
                continue;
            }
            add_ties(e, i, sweep == 0);
            uint32_t label = best_label(e, seed, i);
            changed += label != e->label[i];
            e->label[i] = label;
        }
    }
}

/* Numbers the groups in order of their first member; `part` gets one number a neighbour. */
static uint32_t number_groups(ego *e, uint32_t *part, uint32_t least) {
    uint32_t largest = 0, count = 0, *number = e->touched;
    for (uint32_t i = 0; i < e->degree; i++) {
        e->size[e->label[i]] += e->row[i] != e->u;
    }
    for (uint32_t i = 0; i < e->degree; i++) {
        largest = e->size[i] > e->size[largest] ? i : largest;
        number[i] = GX_NONE;
    }
    for (uint32_t i = 0; i < e->degree; i++) {
        uint32_t label = e->size[e->label[i]] < least ? largest : e->label[i];
        if (e->row[i] != e->u && number[label] == GX_NONE) {
            number[label] = count++;
        }
        part[i] = number[label];
    }
    memset(e->size, 0, e->degree * sizeof *e->size);
    return count ? count : 1;
}

/* Returns how many groups u's neighbours fall into, one at least. */
static uint32_t find_groups(ego *e, uint32_t u, uint32_t *part, uint32_t least, gx_job *job) {
    const gx_graph *g = e->graph;
    e->u = u;
    e->degree = (uint32_t)(g->out_ptr[u + 1] - g->out_ptr[u]);
    e->row = g->out_dst + g->out_ptr[u];
    e->kept_count = 0;
    for (uint32_t i = 0; i < e->degree; i++) {
        e->label[i] = i;
    }
    if (e->degree >= 2 * least) {
        propagate(e, job->seed, job);
    } else {
        memset(e->label, 0, e->degree * sizeof *e->label); /* no room for two groups */
    }
    return number_groups(e, part, least);
}

/* ---- all of them -------------------------------------------------------------------------------
 */

static int threads_worth(uint64_t arcs, int threads) {
    uint64_t worth = arcs / ARCS_PER_THREAD + 1;
    return worth < (uint64_t)threads ? (int)worth : threads;
}

/* `part`: of each arc, the group its target is in; first[v + 1]: groups of v. */
static gx_status split_all(uint32_t *part, uint32_t *first, const gx_graph *g,
                           const gx__personas_options *options, gx_job *job, gx_error *err) {
    const int threads = threads_worth(g->m, job->threads);
    ego *scratch = NULL;
    gx_status status;
    gx_job_stage(job, "ego networks", g->n);
    GX_TRY(gx_job_alloc(job, &scratch, (size_t)threads, sizeof *scratch, err));
    for (int t = 0; t < threads; t++) {
        GX_TRY(ego_init(&scratch[t], g, options->weighted, job, err));
    }
#pragma omp parallel for num_threads(threads) schedule(dynamic, CHUNK) if (threads > 1)
    for (uint32_t v = 0; v < g->n; v++) {
        if (!gx_job_should_stop(job)) {
            first[v + 1] =
                find_groups(&scratch[gx_thread()], v, part + g->out_ptr[v], options->least, job);
        }
    }
    GX_TRY(gx_job_check(job, err));
done:
    for (int t = 0; scratch && t < threads; t++) {
        ego_finish(&scratch[t], job);
    }
    gx_job_free(job, scratch);
    return status;
}

/* Deals the arcs of every row to the personas of its member. Rows stay sorted: within a persona the
 * targets rise, and personas are numbered as their members are. `next` of a member is the arc of
 * its row that points back, since sources come in rising order too. */
static void deal_arcs(gx__personas *out, const gx_graph *g, const uint32_t *part, uint64_t *next,
                      uint64_t *fill) {
    for (uint32_t v = 0; v < g->n; v++) {
        next[v] = g->out_ptr[v];
    }
    for (uint32_t v = 0; v < g->n; v++) {
        for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
            uint32_t u = g->out_dst[i];
            uint64_t back = next[u]++;
            if (u != v) {
                uint64_t at = fill[out->first[v] + part[i]]++;
                out->dst[at] = out->first[u] + part[back];
                if (out->weight) {
                    out->weight[at] = g->out_weight[i];
                }
            }
        }
    }
}

/* ptr, from how many arcs each persona has. */
static void count_arcs(gx__personas *out, const gx_graph *g, const uint32_t *part) {
    for (uint32_t v = 0; v < g->n; v++) {
        for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
            out->ptr[out->first[v] + (g->out_dst[i] == v ? 0 : part[i]) + 1] += g->out_dst[i] != v;
        }
    }
    for (uint32_t p = 0; p < out->first[g->n]; p++) {
        out->ptr[p + 1] += out->ptr[p];
    }
}

gx_status gx__personas_make(gx__personas *out, const gx_graph *g,
                            const gx__personas_options *options, gx_job *job, gx_error *err) {
    uint32_t *part = NULL;
    uint64_t *next = NULL, *fill = NULL, personas = 0;
    gx__personas made = {0};
    gx_status status;
    GX_TRY(gx_job_alloc(job, &part, g->m, sizeof *part, err));
    GX_TRY(gx_job_alloc(job, &made.first, (size_t)g->n + 1, sizeof *made.first, err));
    GX_TRY(split_all(part, made.first, g, options, job, err));
    for (uint32_t v = 0; v < g->n; v++) {
        personas += made.first[v + 1];
        made.first[v + 1] = (uint32_t)personas;
        if (personas >= GX_NONE) {
            GX_TRY(gx_fail(err, GX_OVER_LIMIT, "more than %u personas", GX_NONE - 1));
        }
    }
    GX_TRY(gx_job_alloc(job, &made.ptr, personas + 1, sizeof *made.ptr, err));
    GX_TRY(gx_job_alloc(job, &made.dst, g->m, sizeof *made.dst, err));
    if (options->weighted && g->out_weight) {
        GX_TRY(gx_job_alloc(job, &made.weight, g->m, sizeof *made.weight, err));
    }
    GX_TRY(gx_job_alloc(job, &next, g->n, sizeof *next, err));
    GX_TRY(gx_job_alloc(job, &fill, personas, sizeof *fill, err));
    count_arcs(&made, g, part);
    GX_TRY(gx_job_check(job, err));
    memcpy(fill, made.ptr, personas * sizeof *fill);
    deal_arcs(&made, g, part, next, fill);
    GX_TRY(gx_job_check(job, err));
    made.graph = (gx_graph){.n = (uint32_t)personas,
                            .m = made.ptr[personas],
                            .out_ptr = made.ptr,
                            .out_dst = made.dst,
                            .out_weight = made.weight,
                            .in_ptr = made.ptr,
                            .in_src = made.dst,
                            .in_weight = made.weight};
    *out = made;
    made = (gx__personas){0};
done:
    gx__personas_finish(&made, job);
    gx_job_free(job, fill);
    gx_job_free(job, next);
    gx_job_free(job, part);
    return status;
}

void gx__personas_finish(gx__personas *personas, gx_job *job) {
    gx_job_free(job, personas->first);
    gx_job_free(job, personas->ptr);
    gx_job_free(job, personas->dst);
    gx_job_free(job, personas->weight);
    *personas = (gx__personas){0};
}

/* ---- before they are made ----------------------------------------------------------------------
 */

void gx__personas_guess(double *out_personas, double *out_steps, const gx_graph *g,
                        const gx__personas_options *options) {
    const uint32_t samples = g->n < SAMPLES ? g->n : SAMPLES;
    uint32_t drawn = 0;
    uint64_t personas = 0;
    uint32_t *part = NULL;
    gx_job job;
    ego e = {0};
    gx_job_init(&job, 1, 1);
    *out_personas = (double)g->n;
    *out_steps = 0;
    if (!g->out_ptr) { /* a graph that is not there: nothing to draw from */
        *out_personas = 2.0 * g->n;
        *out_steps = (double)g->m * sqrt((double)g->m);
        return;
    }
    if (samples && ego_init(&e, g, options->weighted, &job, NULL) == GX_OK &&
        gx_job_alloc(&job, &part, (size_t)longest_row(g), sizeof *part, NULL) == GX_OK) {
        for (uint32_t i = 0; i < samples && e.steps < SAMPLE_STEPS; i++, drawn++) {
            /* everybody where there are few, else drawn: numbers of members may have an order */
            uint32_t v = g->n > SAMPLES ? (uint32_t)(gx_mix64(i) % g->n) : i;
            personas += find_groups(&e, v, part, options->least, &job);
        }
        *out_personas = (double)personas / drawn * g->n;
        *out_steps = (double)e.steps / drawn * g->n;
    }
    gx_job_free(&job, part);
    ego_finish(&e, &job);
}

uint64_t gx__personas_held(const gx_graph *g, uint64_t personas) {
    return 4 * ((uint64_t)g->n + 1) + 8 * (personas + 1) + (g->out_weight ? 8 : 4) * g->m;
}

uint64_t gx__personas_bytes(const gx_graph *g, uint64_t personas, int threads) {
    uint64_t longest = longest_row(g), later = 8 * ((uint64_t)g->n + personas);
    uint64_t scratch = longest * (4 + 8 + 4 + 4 + sizeof(span)) +
                       kept_room(longest) * sizeof(kept) + sizeof(ego) + 64;
    uint64_t first = 4 * (uint64_t)g->n + (uint64_t)threads_worth(g->m, threads) * scratch;
    uint64_t then = gx__personas_held(g, personas) + later;
    return 4 * g->m + (first > then ? first : then);
}
