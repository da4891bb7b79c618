/* Strong components: members who can reach each other along directed ties, both ways.
 *
 * Tarjan's depth-first search (Tarjan: Depth-first search and linear graph algorithms, SIAM Journal
 * on Computing 1, 1972) in the form of Pearce: A space-efficient algorithm for finding strongly
 * connected components, Information Processing Letters 116, 2016, which keeps one number a member:
 * 0 before it is seen, then the smallest index it is known to reach, and, once its component is
 * complete, the component's number counted down from n − 1. Those are never below an open index, so
 * they need no flag. Without recursion: the path lies in an array, from its start, and the
 * members whose component is open in the same array, from its end.
 *
 * O(n + m) time on one thread; 12 bytes a member beside the result.
 */
#include "engine/community/partition.h"
#include "engine/community/quality.h"
#include "engine/kernel/degrees.h"
#include "engine/kernel/scores.h"

enum { STEPS_BETWEEN_CHECKS = 1 << 16 };

static const gx_gives gives[] = {
    {"community", GX_U32, GX_LEN_USERS, "number of the strong component, 0 the largest"},
};

typedef struct search {
    const gx_graph *graph;
    uint32_t *reach;      /* see above; in the end the component */
    uint32_t *stack;      /* the path from 0 up, open members from n down */
    uint64_t *cursor;     /* per depth: 2 × next arc + whether it reached further back */
    uint32_t depth, open; /* how many of each */
    uint32_t index, component;
    gx_job *job;
} search;

static void enter(search *s, uint32_t v) {
    s->reach[v] = s->index++;
    s->cursor[s->depth] = 2 * s->graph->out_ptr[v];
    s->stack[s->depth++] = v;
}

/* v, the end of the path, is done: it closes its component, or waits for the one that does. */
static void leave(search *s, uint32_t v, bool reached_back) {
    const uint32_t n = s->graph->n;
    s->depth--;
    if (reached_back) {
        s->stack[n - ++s->open] = v;
        return;
    }
    s->index--;
    while (s->open > 0 && s->reach[s->stack[n - s->open]] >= s->reach[v]) {
        s->reach[s->stack[n - s->open--]] = s->component;
        s->index--;
    }
    s->reach[v] = s->component--;
}

/* Everything that can be reached from `start` and was not seen yet. */
static void search_from(search *s, uint32_t start, uint32_t *steps) {
    const gx_graph *g = s->graph;
    enter(s, start);
    while (s->depth > 0) {
        uint32_t v = s->stack[s->depth - 1], reach = s->reach[v];
        uint64_t state = s->cursor[s->depth - 1], arc = state >> 1, end = g->out_ptr[v + 1];
        bool back = state & 1;
        uint32_t unseen = GX_NONE;
        for (; arc < end && unseen == GX_NONE; arc++) {
            uint32_t theirs = s->reach[g->out_dst[arc]];
            if (theirs == 0) {
                unseen = g->out_dst[arc--]; /* looked at again when it is done */
            } else if (theirs < reach) {
                reach = theirs;
                back = true;
            }
        }
        s->reach[v] = reach;
        s->cursor[s->depth - 1] = arc << 1 | back;
        if (unseen != GX_NONE) {
            enter(s, unseen);
        } else {
            leave(s, v, back);
        }
        if (++*steps % STEPS_BETWEEN_CHECKS == 0 && gx_job_should_stop(s->job)) {
            return;
        }
    }
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)args;
    (void)threads;
    const uint64_t n = input->users;
    const gx__degrees degrees = gx__degrees_of(input->graph, input->users);
    out->mem_bytes = 16 * n + 64;
    out->cpu_s = gx__ties_seconds(&degrees, 64, (gx__pace){0, 6, 1.5, 116}) + 1e-6;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    (void)args;
    gx_status status = GX_OK;
    uint32_t *community, count, steps = 0, n = input->users;
    search s = {.graph = input->graph, .index = 1, .component = n - 1, .job = job};
    gx_job_stage(job, "strong_components", n);
    GX_TRY(gx_output_add(&community, out, "community", GX_U32, n, 0, err));
    GX_TRY(gx_job_alloc(job, &s.stack, n, sizeof *s.stack, err));
    GX_TRY(gx_job_alloc(job, &s.cursor, n, sizeof *s.cursor, err));
    GX_TRY(gx_job_check(job, err));
    s.reach = community;
    for (uint32_t v = 0; v < n; v++) {
        if (s.reach[v] == 0) {
            search_from(&s, v, &steps);
            GX_TRY(gx_job_check(job, err));
            gx_job_tick(job, v);
        }
    }
    gx_job_free(job, s.cursor);
    gx_job_free(job, s.stack);
    s.cursor = NULL;
    s.stack = NULL;
    GX_TRY(gx_partition_order(community, n, &count, job, err));
    gx_job_tick(job, n);
done:
    gx_job_free(job, s.cursor);
    gx_job_free(job, s.stack);
    return status;
}

/* A tie from v into its own component. */
static bool has_company(const gx_graph *g, const uint32_t *community, uint32_t v) {
    for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
        if (g->out_dst[i] != v && community[g->out_dst[i]] == community[v]) {
            return true;
        }
    }
    return false;
}

/* Numbers fall by size, and nobody is in a component of several without a tie into it; that they
 * are the largest possible is for the oracle. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const gx_graph *g = input->graph;
    const uint32_t *community = gx_result_get(result, instance, "community", GX_U32, g->n);
    uint32_t *size = NULL;
    gx_status status = GX_OK;
    gx_job job;
    gx_job_init(&job, 1, 1);
    GX_TRY(gx_quality_check_order(community, g->n, err));
    GX_TRY(gx_job_alloc(&job, &size, g->n, sizeof *size, err));
    for (uint32_t v = 0; v < g->n; v++) {
        size[community[v]]++;
    }
    for (uint32_t v = 0; v < g->n; v++) {
        if (size[community[v]] > 1 && !has_company(g, community, v)) {
            GX_TRY(gx_fail(err, GX_INTERNAL, "%s: member %u has no tie into its component",
                           instance, v));
        }
    }
done:
    gx_job_free(&job, size);
    return status;
}

const gx_pass gx_pass_strong_components = {
    .name = "strong_components",
    .kind = GX_KIND_COMMUNITY,
    .summary = "members who can reach each other along directed ties, both ways",
    .paper = "Tarjan: Depth-first search and linear graph algorithms, SIAM J. Comput. 1, 1972; "
             "Pearce: A space-efficient algorithm for finding strongly connected components, IPL "
             "116, 2016",
    .complexity = "O(n + m) time on one thread; 16 bytes a member",
    .needs = GX_NEED_GRAPH,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .estimate = estimate,
    .run = run,
    .check = check,
};
