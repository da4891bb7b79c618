/* Connected components: members who can reach each other over ties in any direction.
 *
 * Afforest (Sutton, Ben-Nun and Barak: Optimizing parallel graph connectivity computation via
 * subgraph sampling, IPDPS 2018). Every member points to another of its component with a smaller
 * number, in the end to the smallest; linking two members joins the trees above them. A few
 * neighbours of each member are linked first. That finds nearly all of the giant component, whose
 * members are then left out while all other neighbours are linked: an arc into the giant is seen
 * from its other end, since arcs lie both ways.
 *
 * The trees depend on timing, their roots do not: the root is the smallest member of the component,
 * so the result is the same at any thread count. O(n + m) time at worst, far less where there is a
 * giant component; 4 bytes a member.
 */
#include "engine/community/partition.h"
#include "engine/community/quality.h"
#include "engine/kernel/degrees.h"
#include "engine/kernel/scores.h"

#include <stdatomic.h>

enum { BLOCK = 4096, SAMPLED_NEIGHBOURS = 2, SAMPLES = 1024, SMALL = 1 << 14 };

static const gx_gives gives[] = {
    {"community", GX_U32, GX_LEN_USERS, "number of the component, 0 the largest"},
};

typedef struct forest {
    const gx_graph *graph;
    _Atomic uint32_t *parent; /* a smaller member of the same component, or itself */
    uint32_t giant;           /* a root whose members need no further links; GX_NONE: none */
    uint32_t first, last;     /* neighbours that this round links, by their place in the row */
    int threads;
    gx_job *job;
} forest;

static uint32_t parent_of(const forest *f, uint32_t v) {
    return atomic_load_explicit(&f->parent[v], memory_order_relaxed);
}

/* Joins the trees of u and v: the larger root is hung below the smaller one. */
static void link_trees(forest *f, uint32_t u, uint32_t v) {
    uint32_t p = parent_of(f, u), q = parent_of(f, v);
    while (p != q) {
        uint32_t high = p > q ? p : q, low = p > q ? q : p;
        uint32_t above = parent_of(f, high);
        if (above == low) {
            return;
        }
        if (above == high &&
            atomic_compare_exchange_strong_explicit(&f->parent[high], &above, low,
                                                    memory_order_relaxed, memory_order_relaxed)) {
            return;
        }
        p = parent_of(f, parent_of(f, high));
        q = parent_of(f, low);
    }
}

static void link_block(forest *f, uint32_t begin, uint32_t end) {
    const gx_graph *g = f->graph;
    for (uint32_t v = begin; v < end; v++) {
        if (parent_of(f, v) == f->giant) {
            continue;
        }
        uint64_t row = g->out_ptr[v], degree = g->out_ptr[v + 1] - row;
        uint64_t last = degree < f->last ? degree : f->last;
        for (uint64_t i = f->first; i < last; i++) {
            link_trees(f, v, g->out_dst[row + i]);
        }
    }
}

/* Points every member of the block straight to its root. */
static void flatten_block(forest *f, uint32_t begin, uint32_t end) {
    for (uint32_t v = begin; v < end; v++) {
        uint32_t root = parent_of(f, v), above;
        while ((above = parent_of(f, root)) != root) {
            root = above;
        }
        atomic_store_explicit(&f->parent[v], root, memory_order_relaxed);
    }
}

static void for_blocks(forest *f, void (*work)(forest *, uint32_t, uint32_t)) {
    uint32_t n = f->graph->n, blocks = n / BLOCK + 1;
#pragma omp parallel for num_threads(f->threads) schedule(dynamic) if (f->threads > 1)
    for (uint32_t b = 0; b < blocks; b++) {
        if (!gx_job_should_stop(f->job)) {
            work(f, b * BLOCK, b + 1 < blocks ? (b + 1) * BLOCK : n);
        }
    }
}

/* The root most met at evenly spread members. Any root would be right; this one saves the most. */
static uint32_t likely_giant(const forest *f) {
    uint32_t n = f->graph->n, best = GX_NONE, votes = 0;
    for (uint32_t i = 0; i < SAMPLES && n > 0; i++) {
        uint32_t root = parent_of(f, (uint32_t)((uint64_t)i * n / SAMPLES));
        if (votes == 0) {
            best = root;
        }
        votes += root == best ? 1 : UINT32_MAX; /* majority vote of Boyer and Moore */
    }
    return best;
}

static gx_status connect(forest *f, gx_error *err) {
    gx_status status = GX_OK;
    f->giant = GX_NONE;
    for (uint32_t i = 0; i < SAMPLED_NEIGHBOURS; i++) {
        f->first = i;
        f->last = i + 1;
        for_blocks(f, link_block);
        for_blocks(f, flatten_block);
        GX_TRY(gx_job_check(f->job, err));
    }
    f->giant = likely_giant(f);
    f->first = SAMPLED_NEIGHBOURS;
    f->last = UINT32_MAX;
    for_blocks(f, link_block);
    for_blocks(f, flatten_block);
    GX_TRY(gx_job_check(f->job, err));
done:
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)args;
    (void)threads;
    double n = input->users, m = input->undirected ? (double)input->undirected->m : 0;
    out->mem_bytes = 12 * (uint64_t)input->users + 64;
    out->cpu_s = 1.8e-8 * n + 3.5e-10 * m + 1e-6;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    (void)args;
    gx_status status = GX_OK;
    uint32_t *community, count, n = input->users;
    forest f = {.graph = input->undirected, .threads = 1, .job = job};
    if (f.graph->m + n > SMALL) {
        f.threads = job->threads;
    }
    gx_job_stage(job, "components", n);
    GX_TRY(gx_output_add(&community, out, "community", GX_U32, n, 0, err));
    GX_TRY(gx_job_alloc(job, &f.parent, n, sizeof *f.parent, err));
    for (uint32_t v = 0; v < n; v++) {
        atomic_init(&f.parent[v], v);
    }
    GX_TRY(connect(&f, err));
    for (uint32_t v = 0; v < n; v++) {
        community[v] = parent_of(&f, v);
    }
    GX_TRY(gx_partition_order(community, n, &count, job, err));
    gx_job_tick(job, n);
done:
    gx_job_free(job, f.parent);
    return status;
}

/* Numbers fall by size, every component is connected, and no tie leaves one. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const gx_graph *g = input->undirected;
    const uint32_t *community = gx_result_get(result, instance, "community", GX_U32, input->users);
    gx_graph ties = *g;
    ties.out_weight = NULL; /* a tie of weight 0 is a tie */
    gx_status status = gx_quality_check(community, &ties, err);
    for (uint32_t v = 0; status == GX_OK && v < input->users; v++) {
        for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
            if (community[v] != community[g->out_dst[i]]) {
                return gx_fail(err, GX_INTERNAL, "%s: members %u and %u are tied but apart",
                               instance, v, g->out_dst[i]);
            }
        }
    }
    return status;
}

const gx_pass gx_pass_components = {
    .name = "components",
    .kind = GX_KIND_COMMUNITY,
    .summary = "members who can reach each other over ties in any direction",
    .paper =
        "Sutton, Ben-Nun, Barak: Optimizing parallel graph connectivity computation via subgraph "
        "sampling, IPDPS 2018",
    .complexity = "O(n + m) time, far less where there is a giant component; 12 bytes a member",
    .needs = GX_NEED_UNDIRECTED,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .estimate = estimate,
    .run = run,
    .check = check,
};
