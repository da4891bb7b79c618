/* Bridges: ties without which a part of the graph would fall in two, and cut members, without whom
 * it would. By one depth-first search of each component (Tarjan: A note on finding the bridges of a
 * graph, Information Processing Letters 2, 1974; Hopcroft and Tarjan: Algorithm 447, CACM 16,
 * 1973):
 *
 *   low(v)  the earliest member that v's subtree reaches by at most one tie that is not of the tree
 *   (p, v)  is a bridge where low(v) comes after p; p cuts v's subtree off where low(v) does not
 *           come before p
 *
 * The search keeps its place in each row and the way back in `parent`, so there is no recursion and
 * no stack. O(n + m) time, one thread, at the most 34 bytes a member. A tie of weight 0 is a tie, a
 * tie there and back is one, a self-loop is none. */
#include "engine/community/partition.h"
#include "engine/kernel/degrees.h"
#include "graph/pass/pass.h"

enum { STEPS_A_LOOK = 1 << 16 };

static const gx_param params[] = {
    {"min_side", GX_PARAM_INT, "1", 1, 1e9, "members", NULL, 0,
     "leave out bridges with fewer members on the smaller side; 1 keeps those to a single member"},
};

static const gx_gives gives[] = {
    {"src", GX_U32, GX_LEN_OTHER, "one end of each bridge, the lower number; by falling side"},
    {"dst", GX_U32, GX_LEN_OTHER, "the other end"},
    {"side", GX_U32, GX_LEN_OTHER, "members on the smaller side of the bridge"},
    {"parts", GX_U32, GX_LEN_USERS, "into how many more parts the graph falls without the member"},
};

typedef struct search {
    const gx_graph *graph;
    uint32_t *order;               /* when a member was met, 1..; 0: not yet */
    uint32_t *low, *parent, *size; /* of the subtree */
    uint32_t *met;                 /* members as they were met */
    uint64_t *cursor;              /* place in the row */
    uint32_t *parts;               /* the output */
    uint32_t time;
    uint64_t steps;
} search;

static void meet(search *s, uint32_t v, uint32_t parent) {
    s->met[s->time] = v;
    s->order[v] = s->low[v] = ++s->time;
    s->parent[v] = parent;
    s->size[v] = 1;
    s->cursor[v] = s->graph->out_ptr[v];
}

static bool is_bridge(const search *s, uint32_t v) {
    uint32_t p = s->parent[v];
    return p != GX_NONE && s->low[v] > s->order[p];
}

/* One step along v's row: the member to go on from. */
static uint32_t step(search *s, uint32_t v) {
    uint32_t u = s->graph->out_dst[s->cursor[v]++];
    if (s->order[u] == 0) {
        meet(s, u, v);
        return u;
    }
    if (u != s->parent[v] && s->order[u] < s->low[v]) {
        s->low[v] = s->order[u];
    }
    return v;
}

/* v's row is done: what it found goes to its parent. */
static uint32_t step_back(search *s, uint32_t v) {
    uint32_t p = s->parent[v];
    if (p != GX_NONE) {
        s->low[p] = s->low[v] < s->low[p] ? s->low[v] : s->low[p];
        s->size[p] += s->size[v];
        s->parts[p] += s->low[v] >= s->order[p];
    }
    return p;
}

/* The component of `root`. Afterwards low holds, for a bridge (parent, v), the smaller side, and 0
 * for other members. */
static gx_status search_from(search *s, uint32_t root, gx_job *job, gx_error *err) {
    uint32_t first = s->time, v = root;
    meet(s, root, GX_NONE);
    while (v != GX_NONE) {
        v = s->cursor[v] < s->graph->out_ptr[v + 1] ? step(s, v) : step_back(s, v);
        if (++s->steps % STEPS_A_LOOK == 0) {
            gx_status status = gx_job_check(job, err);
            gx_job_tick(job, s->time);
            if (status != GX_OK) {
                return status;
            }
        }
    }
    s->parts[root] -= s->parts[root] > 0; /* one subtree is the rest itself */
    uint32_t all = s->size[root];
    for (uint32_t i = s->time; i-- > first;) { /* children before parents */
        uint32_t u = s->met[i], below = s->size[u];
        s->low[u] = !is_bridge(s, u) ? 0 : below < all - below ? below : all - below;
    }
    return GX_OK;
}

/* ---- the pass -------------------------------------------------------------------------------- */

/* The smaller side of the tie (u, v), 0 where it is no bridge. */
static uint32_t side_of(const search *s, uint32_t u, uint32_t v) {
    return s->parent[v] == u ? s->low[v] : s->parent[u] == v ? s->low[u] : 0;
}

static uint32_t list_bridges(const search *s, uint32_t least, uint32_t *src, uint32_t *dst,
                             uint32_t *side) {
    uint32_t count = 0;
    for (uint32_t u = 0; u < s->graph->n; u++) {
        for (uint64_t i = s->graph->out_ptr[u]; i < s->graph->out_ptr[u + 1]; i++) {
            uint32_t v = s->graph->out_dst[i], members = v > u ? side_of(s, u, v) : 0;
            if (members >= least && members > 0) {
                if (src) {
                    src[count] = u;
                    dst[count] = v;
                    side[count] = members;
                }
                count++;
            }
        }
    }
    return count;
}

/* Puts list[order[k]] at k. */
static void reorder(uint32_t *list, uint32_t *spare, const uint32_t *order, uint32_t count) {
    for (uint32_t k = 0; k < count; k++) {
        spare[k] = list[order[k]];
    }
    for (uint32_t k = 0; k < count; k++) {
        list[k] = spare[k];
    }
}

/* By falling side, then by number. The sizes of subtrees are not needed any more, and hold the
 * keys. */
static gx_status give_bridges(gx_output *out, const search *s, uint32_t least, gx_job *job,
                              gx_error *err) {
    uint32_t *src, *dst, *side, *at = NULL, *order = NULL, *key = s->size;
    uint32_t count = list_bridges(s, least, NULL, NULL, NULL), largest = 0;
    gx_status status;
    GX_TRY(gx_output_add(&src, out, "src", GX_U32, count, 0, err));
    GX_TRY(gx_output_add(&dst, out, "dst", GX_U32, count, 0, err));
    GX_TRY(gx_output_add(&side, out, "side", GX_U32, count, 0, err));
    GX_TRY(gx_job_alloc(job, &order, count, sizeof *order, err));
    list_bridges(s, least, src, dst, side);
    for (uint32_t k = 0; k < count; k++) {
        largest = side[k] > largest ? side[k] : largest;
    }
    for (uint32_t k = 0; k < count; k++) {
        key[k] = largest - side[k];
    }
    GX_TRY(gx_job_alloc(job, &at, (size_t)largest + 2, sizeof *at, err));
    gx_partition_group(at, order, key, largest + 1, NULL, count);
    reorder(src, key, order, count);
    reorder(dst, key, order, count);
    reorder(side, key, order, count);
done:
    gx_job_free(job, at);
    gx_job_free(job, order);
    return status;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    search s = {.graph = input->undirected};
    uint32_t n = s.graph->n;
    gx_status status;
    gx_job_stage(job, "bridges", n);
    GX_TRY(gx_output_add(&s.parts, out, "parts", GX_U32, n, 0, err));
    GX_TRY(gx_job_alloc(job, &s.order, n, sizeof *s.order, err));
    GX_TRY(gx_job_alloc(job, &s.low, n, sizeof *s.low, err));
    GX_TRY(gx_job_alloc(job, &s.parent, n, sizeof *s.parent, err));
    GX_TRY(gx_job_alloc(job, &s.size, n, sizeof *s.size, err));
    GX_TRY(gx_job_alloc(job, &s.met, n, sizeof *s.met, err));
    GX_TRY(gx_job_alloc(job, &s.cursor, n, sizeof *s.cursor, err));
    for (uint32_t v = 0; v < n; v++) {
        if (s.order[v] == 0) {
            GX_TRY(search_from(&s, v, job, err));
        }
    }
    GX_TRY(gx_job_check(job, err));
    gx_job_free(job, s.cursor);
    gx_job_free(job, s.met);
    gx_job_free(job, s.order);
    s.cursor = NULL;
    s.met = s.order = NULL;
    GX_TRY(give_bridges(out, &s, (uint32_t)gx_arg_int(args, "min_side"), job, err));
done:
    gx_job_free(job, s.order);
    gx_job_free(job, s.low);
    gx_job_free(job, s.parent);
    gx_job_free(job, s.size);
    gx_job_free(job, s.met);
    gx_job_free(job, s.cursor);
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)args;
    (void)threads;
    const gx__degrees degrees = gx__degrees_of(input->undirected, input->users);
    out->mem_bytes =
        (uint64_t)input->users * 34 + 256; /* 32 while it searches, 16 and 16 a bridge */
    out->cpu_s = gx__ties_seconds(&degrees, 48, (gx__pace){56, 4.5, 11, 67}) + 1e-6;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const gx_graph *graph = input->undirected;
    const uint32_t *src = gx_result_get(result, instance, "src", GX_U32, 0);
    const uint32_t *dst = gx_result_get(result, instance, "dst", GX_U32, 0);
    const uint32_t *side = gx_result_get(result, instance, "side", GX_U32, 0);
    const uint32_t *parts = gx_result_get(result, instance, "parts", GX_U32, graph->n);
    const gx_array *array = gx_result_find(result, instance, "src");
    if (!src || !dst || !side || !parts || !array) {
        return gx_fail(err, GX_INTERNAL, "%s did not give src, dst, side and parts", instance);
    }
    for (uint64_t k = 0; k < array->shape[0]; k++) {
        if (src[k] >= dst[k] || dst[k] >= graph->n || side[k] > graph->n / 2 ||
            side[k] < (uint64_t)gx_arg_int(args, "min_side") || (k && side[k] > side[k - 1])) {
            return gx_fail(err, GX_INTERNAL, "%s: bridge %llu of %u and %u has a side of %u",
                           instance, (unsigned long long)k, src[k], dst[k], side[k]);
        }
    }
    return GX_OK;
}

const gx_pass gx_pass_bridges = {
    .name = "bridges",
    .kind = GX_KIND_TIE,
    .summary = "ties and members without whom the graph falls apart",
    .paper = "Tarjan, A note on finding the bridges of a graph, IPL 2 (1974); Hopcroft, Tarjan, "
             "Algorithm 447, CACM 16 (1973)",
    .complexity = "time O(n + m); at the most 34 bytes a member",
    .needs = GX_NEED_UNDIRECTED,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .member_arrays = (const char *const[]){"src", "dst", NULL},
    .params = params,
    .param_count = GX_COUNT(params),
    .estimate = estimate,
    .run = run,
    .check = check,
};
