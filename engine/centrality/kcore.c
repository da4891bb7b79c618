/* Coreness: the largest k such that a member belongs to a group in which everybody is tied to at
 * least k of the others.
 *
 * Batagelj and Zaveršnik, An O(m) algorithm for cores decomposition of networks (2003): members lie
 * sorted by degree; the first is taken away, and each neighbour of higher degree moves down by one,
 * by a swap with the first member of its degree. Ties count once, without weight; self-loops do not
 * count. O(n + m) time; 16 bytes a member. The arcs into members already taken are known by their
 * order, so that most of the work is one read of each arc and of its end's degree.
 */
#include "engine/kernel/scores.h"

enum { LOOK = 16384 };

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "largest k with the member in the k-core"},
};

typedef struct peeling {
    const gx_graph *graph;
    uint32_t *degree; /* of each member, among those not yet taken; at the end its coreness */
    uint32_t *order;  /* members by rising degree */
    uint32_t *place;  /* of each member in `order` */
    uint32_t *first;  /* of each degree, its first place in `order` */
} peeling;

static uint32_t plain_degree(const gx_graph *graph, uint32_t v) {
    uint32_t degree = 0;
    for (uint64_t i = graph->out_ptr[v]; i < graph->out_ptr[v + 1]; i++) {
        degree += graph->out_dst[i] != v;
    }
    return degree;
}

/* A counting sort of members by degree. `first` holds one entry a degree and one more. */
static void sort_by_degree(peeling *p, uint32_t degrees) {
    uint32_t n = p->graph->n;
    for (uint32_t v = 0; v < n; v++) {
        p->first[p->degree[v] + 1]++;
    }
    for (uint32_t d = 0; d < degrees; d++) {
        p->first[d + 1] += p->first[d];
    }
    for (uint32_t v = 0; v < n; v++) {
        p->place[v] = p->first[p->degree[v]]++;
        p->order[p->place[v]] = v;
    }
    for (uint32_t d = degrees; d > 0; d--) {
        p->first[d] = p->first[d - 1];
    }
    p->first[0] = 0;
}

/* Moves v from its degree to the one below: it swaps places with the first of its degree. */
static void demote(peeling *p, uint32_t v) {
    uint32_t d = p->degree[v]--;
    uint32_t to = p->first[d]++, from = p->place[v], other = p->order[to];
    p->order[from] = other;
    p->place[other] = from;
    p->order[to] = v;
    p->place[v] = to;
}

static gx_status peel(peeling *p, gx_job *job, gx_error *err) {
    const gx_graph *g = p->graph;
    gx_status status = GX_OK;
    uint64_t looked = LOOK;
    for (uint32_t i = 0; i < g->n; i++) {
        uint32_t v = p->order[i], own = p->degree[v];
        for (uint64_t a = g->out_ptr[v]; a < g->out_ptr[v + 1]; a++) {
            if (p->degree[g->out_dst[a]] > own) {
                demote(p, g->out_dst[a]);
            }
        }
        looked += g->out_ptr[v + 1] - g->out_ptr[v] + 1;
        if (looked >= LOOK) {
            looked = 0;
            gx_job_tick(job, i);
            GX_TRY(gx_job_check(job, err));
        }
    }
done:
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)args;
    (void)threads;
    double m = input->undirected ? (double)input->undirected->m : 0;
    out->mem_bytes = 24 * (uint64_t)input->users + 64;
    out->cpu_s = 2e-8 * input->users + 6e-9 * m + 1e-6;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    (void)args;
    gx_status status = GX_OK;
    double *score;
    uint32_t n = input->users, largest = 0;
    peeling p = {.graph = input->undirected};
    gx_job_stage(job, "kcore", n);
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(gx_job_alloc(job, &p.degree, n, sizeof *p.degree, err));
    GX_TRY(gx_job_alloc(job, &p.order, n, sizeof *p.order, err));
    GX_TRY(gx_job_alloc(job, &p.place, n, sizeof *p.place, err));
    for (uint32_t v = 0; v < n; v++) {
        p.degree[v] = plain_degree(p.graph, v);
        largest = p.degree[v] > largest ? p.degree[v] : largest;
    }
    GX_TRY(gx_job_alloc(job, &p.first, (size_t)largest + 2, sizeof *p.first, err));
    sort_by_degree(&p, largest + 1);
    GX_TRY(peel(&p, job, err));
    for (uint32_t v = 0; v < n; v++) {
        score[v] = p.degree[v];
    }
done:
    gx_job_free(job, p.degree);
    gx_job_free(job, p.order);
    gx_job_free(job, p.place);
    gx_job_free(job, p.first);
    return status;
}

/* A member of coreness k is tied to at least k of coreness k or more, and to at most k of more. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const double *score;
    const gx_graph *g = input->undirected;
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    for (uint32_t v = 0; status == GX_OK && v < input->users; v++) {
        double same = 0, more = 0;
        for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
            uint32_t u = g->out_dst[i];
            same += u != v && score[u] >= score[v];
            more += u != v && score[u] > score[v];
        }
        if (same < score[v] || more > score[v]) {
            return gx_fail(
                err, GX_INTERNAL,
                "%s.score of member %u is %g, with %g neighbours of at least that and %g of "
                "more",
                instance, v, score[v], same, more);
        }
    }
    return status;
}

const gx_pass gx_pass_kcore = {
    .name = "kcore",
    .kind = GX_KIND_CENTRALITY,
    .summary = "coreness: how dense a group a member belongs to",
    .paper = "Batagelj, Zaversnik: An O(m) algorithm for cores decomposition of networks, 2003",
    .complexity = "O(n + m) time, one thread; 24 bytes a member",
    .needs = GX_NEED_UNDIRECTED,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .estimate = estimate,
    .run = run,
    .check = check,
};
