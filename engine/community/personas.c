/* The persona graph: see the header. What differs from the paper: groups of fewer than `least` join
 * the largest, since a neighbour who knows nobody else tells nothing of a circle, and would be a
 * persona of one tie.
 *
 * Members of up to LARGE ties are split first, on all threads; then hubs, on two at most, since the
 * ties of an ego network are kept while it is parted, and those of a hub may be a good part of all
 * there are. So memory is known before. */
#include "engine/community/personas.h"

#include "engine/community/ego.h"
#include "engine/kernel/parallel.h"

enum {
    LARGE = 512,
    LANES_MOST = 2, /* hubs parted at a time */
    SAMPLES = 1024,
    SAMPLE_STEPS = 1 << 22, /* no more are drawn after so many: some 20 ms */
    CHUNK = 32,             /* members a thread takes at a time */
    MEMBERS_A_LOOK = 1024,
    ARCS_PER_THREAD = 1 << 14, /* fewer are not worth a thread */
};

/* ---- ego networks -------------------------------------------------------------------------- */

static uint64_t longest_row(const gx_graph *g) {
    uint64_t longest = 0;
    for (uint32_t v = 0; g->out_ptr && v < g->n; v++) {
        uint64_t degree = g->out_ptr[v + 1] - g->out_ptr[v];
        longest = degree > longest ? degree : longest;
    }
    return longest;
}

/* Ties there may be among so many neighbours. */
static uint64_t ties_among(const gx_graph *g, uint64_t degree) {
    uint64_t pairs = degree * (degree - (degree > 0)) / 2, all = g->m / 2;
    return pairs < all ? pairs : all;
}

typedef struct splitting {
    const gx_graph *graph;
    gx__oriented oriented;
    uint32_t *place_of; /* n */
    uint32_t *part;     /* of each arc, the group its target is in */
    uint32_t *first;    /* [v + 1]: groups of v */
    const gx__personas_options *options;
    gx_job *job;
} splitting;

/* Those of more than `above` ties and up to `most`. */
static gx_status split_some(splitting *s, uint64_t above, uint64_t most, int threads,
                            gx_error *err) {
    const gx_graph *g = s->graph;
    const int chunk = above ? 1 : CHUNK;
    gx__ego *ego = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(s->job, &ego, (size_t)threads, sizeof *ego, err));
    for (int t = 0; t < threads; t++) {
        ego[t] = (gx__ego){.graph = g,
                           .oriented = &s->oriented,
                           .place_of = s->place_of,
                           .weighted = s->options->weighted};
        GX_TRY(gx__ego_init(&ego[t], most, ties_among(g, most), s->job, err));
    }
#pragma omp parallel for num_threads(threads) schedule(dynamic, chunk) if (threads > 1)
    for (uint32_t v = 0; v < g->n; v++) {
        uint64_t degree = g->out_ptr[v + 1] - g->out_ptr[v];
        if ((degree > above || above == 0) && degree <= most && !gx_job_should_stop(s->job)) {
            s->first[v + 1] = gx__ego_groups(&ego[gx_thread()], s->part + g->out_ptr[v], v,
                                             s->options->least, s->job);
        }
    }
    status = gx_job_check(s->job, err);
done:
    for (int t = 0; ego && t < threads; t++) {
        gx__ego_finish(&ego[t], s->job);
    }
    gx_job_free(s->job, ego);
    return status;
}

static gx_status split_all(uint32_t *part, uint32_t *first, const gx_graph *g,
                           const gx__personas_options *options, gx_job *job, gx_error *err) {
    const int threads = gx__threads_worth(g->m, ARCS_PER_THREAD, job->threads);
    const uint64_t longest = longest_row(g);
    splitting s = {.graph = g, .part = part, .first = first, .options = options, .job = job};
    gx_status status;
    gx_job_stage(job, "ego networks", g->n);
    GX_TRY(gx__orient(&s.oriented, g, options->weighted, job, err));
    GX_TRY(gx_job_alloc(job, &s.place_of, g->n, sizeof *s.place_of, err));
    for (uint32_t p = 0; p < g->n; p++) {
        s.place_of[s.oriented.member[p]] = p;
    }
    GX_TRY(split_some(&s, 0, longest < LARGE ? longest : LARGE, threads, err));
    if (longest > LARGE) {
        GX_TRY(split_some(&s, LARGE, longest, threads < LANES_MOST ? threads : LANES_MOST, err));
    }
done:
    gx_job_free(job, s.place_of);
    gx__oriented_free(&s.oriented, job);
    return status;
}

/* ---- the graph ----------------------------------------------------------------------------- */

/* Deals the arcs of every row to the personas of its member. Rows stay sorted: within a persona the
 * targets rise, and personas are numbered as their members are. `next` of a member is the arc of
 * its row that points back, since sources come in rising order too. */
static void deal_arcs(gx__personas *out, const gx_graph *g, const uint32_t *part, uint64_t *next,
                      uint64_t *fill, gx_job *job) {
    for (uint32_t v = 0; v < g->n; v++) {
        next[v] = g->out_ptr[v];
    }
    for (uint32_t v = 0; v < g->n; v++) {
        if (v % MEMBERS_A_LOOK == 0 && gx_job_should_stop(job)) {
            return;
        }
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
    deal_arcs(&made, g, part, next, fill, job);
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

/* ---- before they are made ------------------------------------------------------------------ */

double gx__personas_guess(const gx_graph *g, const gx__personas_options *options) {
    const uint32_t samples = g->n < SAMPLES ? g->n : SAMPLES;
    uint32_t drawn = 0;
    uint64_t personas = 0;
    uint32_t part[LARGE];
    double guess = g->n;
    gx_job job;
    gx__ego e = {.graph = g, .weighted = options->weighted};
    gx_job_init(&job, 1, 1);
    if (!g->out_ptr) { /* a graph that is not there: nothing to draw from */
        return 2.0 * g->n;
    }
    if (samples && gx__ego_init(&e, LARGE, ties_among(g, LARGE), &job, NULL) == GX_OK) {
        for (uint32_t i = 0; i < samples && e.steps < SAMPLE_STEPS; i++) {
            /* everybody where there are few, else drawn: numbers of members may have an order */
            uint32_t v = g->n > SAMPLES ? (uint32_t)(gx_mix64(i) % g->n) : i;
            if (g->out_ptr[v + 1] - g->out_ptr[v] <= LARGE) {
                personas += gx__ego_groups(&e, part, v, options->least, &job);
                drawn++;
            }
        }
        guess = drawn ? (double)personas * g->n / drawn : guess;
    }
    gx__ego_finish(&e, &job);
    return guess;
}

double gx__personas_cpu_s(const gx_graph *g) {
    gx__degrees degrees = gx__degrees_of(g, g->n);
    return 8 * gx__triangles_cpu_s(&degrees);
}

uint64_t gx__personas_held(const gx_graph *g, uint64_t personas) {
    return 4 * ((uint64_t)g->n + 1) + 8 * (personas + 1) + (g->out_weight ? 8 : 4) * g->m;
}

uint64_t gx__personas_bytes(const gx_graph *g, bool weighted, uint64_t personas, int threads) {
    const uint64_t n = g->n, longest = longest_row(g), some = longest < LARGE ? longest : LARGE;
    const int worth = gx__threads_worth(g->m, ARCS_PER_THREAD, threads);
    const int lanes = worth < LANES_MOST ? worth : LANES_MOST;
    weighted = weighted && g->out_weight;
    uint64_t small = (uint64_t)worth * gx__ego_bytes(g->n, some, ties_among(g, some), weighted);
    uint64_t large =
        (uint64_t)lanes * gx__ego_bytes(g->n, longest, ties_among(g, longest), weighted);
    uint64_t egos = longest > LARGE && large > small ? large : small;
    uint64_t oriented = 16 * n + 8 + (weighted ? 4 : 2) * g->m;
    uint64_t first = 4 * n + oriented + egos;
    uint64_t then = gx__personas_held(g, personas) + 8 * (n + personas);
    return 4 * g->m + (first > then ? first : then);
}
