/* graph.map: the circles of the snapshot as bubbles, and the ties between them. A bubble's area is
 * the number of members; circles with much between them, for their sizes, lie close. */
#include "api/people/community.h"
#include "engine/operations/layout.h"

#include <math.h>

static const gx_param params[] = {
    {"n", GX_PARAM_INT, "40", 1, 500, "circles", NULL, 0,
     "at most so many as were built, the largest first"},
    {"min_size", GX_PARAM_INT, "2", 1, 1e9, "members", NULL, 0, "leave out the smaller ones"},
};

/* Ties as `strength` gives them: each is seen from both of its ends. */
typedef struct ties {
    const uint64_t *ptr;
    const uint32_t *dst;
    const float *weight;
} ties;

typedef struct map {
    gx_call_env *call;
    gx_txn *txn;
    gx_circles circles;
    uint32_t count;   /* bubbles: circles 0 … count - 1 */
    double *weight;   /* count × count, symmetric: strength of the ties between two circles */
    uint64_t *number; /* the same: how many ties; on the diagonal twice those inside */
    double *xy, *radius;
} map;

static gx_status ties_resolve(ties *out, const gx_state *state, gx_error *err) {
    gx_status status = GX_OK;
    const uint64_t n = state->users;
    GX_TRY(gx_need_array(&out->ptr, state, "strength.ptr", GX_U64, n + 1, err));
    GX_TRY(gx_need_array(&out->dst, state, "strength.dst", GX_U32, out->ptr[n], err));
    GX_TRY(gx_need_array(&out->weight, state, "strength.weight", GX_F32, out->ptr[n], err));
done:
    return status;
}

/* What lies between each two circles. */
static gx_status sum_ties(map *m, const ties *t, gx_error *err) {
    const uint32_t *community = m->circles.community;
    gx_status status = GX_OK;
    for (uint32_t u = 0; u < m->circles.members && status == GX_OK; u++) {
        if (u % 4096 == 0) {
            status = gx_job_check(m->call->job, err);
        }
        if (community[u] >= m->count) {
            continue;
        }
        size_t row = (size_t)community[u] * m->count;
        for (uint64_t k = t->ptr[u]; k < t->ptr[u + 1]; k++) {
            if (t->dst[k] < m->circles.members && community[t->dst[k]] < m->count) {
                m->weight[row + community[t->dst[k]]] += (double)t->weight[k];
                m->number[row + community[t->dst[k]]]++;
            }
        }
    }
    return status;
}

/* Springs as strong as the ties between two circles are for their sizes: a large circle has many
 * ties with everybody. */
static gx_status lay_out(map *m, gx_error *err) {
    enum { ITERATIONS = 1000, ROUNDS = 2000 };
    gx_arena *arena = m->call->arena;
    const uint32_t n = m->count;
    size_t pairs = (size_t)n * n / 2 + 1;
    uint32_t *a = gx_arena_get(arena, pairs * sizeof *a),
             *b = gx_arena_get(arena, pairs * sizeof *b);
    float *pull = gx_arena_get(arena, pairs * sizeof *pull);
    gx_graph graph = {0};
    gx_status status = GX_OK;
    double members = 0, sum = 0;
    uint64_t links = 0;
    if (!a || !b || !pull) {
        return gx_fail_memory(err, pairs * 12);
    }
    for (uint32_t c = 0; c < n; c++) {
        members += m->circles.size[c];
        for (uint32_t d = 0; d < c; d++) {
            double expected = sqrt((double)m->circles.size[c] * m->circles.size[d]);
            a[links] = d;
            b[links] = c;
            pull[links] = (float)(m->weight[(size_t)c * n + d] / expected);
            sum += (double)pull[links];
            links += pull[links] > 0;
        }
    }
    for (uint64_t k = 0; k < links; k++) {
        pull[k] = (float)((double)pull[k] * (double)links / sum);
    }
    GX_TRY(gx_graph_build(&graph, n, links, a, b, pull, GX_GRAPH_UNDIRECTED, m->call->job, err));
    GX_TRY(gx_layout_find(m->xy, &graph, true, ITERATIONS, m->call->job, err));
    for (uint32_t c = 0; c < n; c++) { /* all bubbles together: a quarter of the square */
        m->radius[c] = sqrt(m->circles.size[c] / members / 3.14159265358979) + 0.01;
    }
    gx_layout_separate(m->xy, m->radius, n, ROUNDS);
done:
    gx_graph_finish(&graph);
    return status;
}

/* The member of each circle with the highest leader score; GX_NONE where there are no scores. */
static uint32_t *find_leaders(const map *m) {
    const double *score =
        gx_result_get(m->call->state->arrays, "leaders", "score", GX_F64, m->circles.members);
    uint32_t *leader = gx_arena_get(m->call->arena, ((size_t)m->count + 1) * sizeof *leader);
    for (uint32_t c = 0; leader && c < m->count; c++) {
        leader[c] = GX_NONE;
    }
    for (uint32_t u = 0; leader && score && u < m->circles.members; u++) {
        uint32_t c = m->circles.community[u];
        if (c < m->count && (leader[c] == GX_NONE || score[u] > score[leader[c]])) {
            leader[c] = u;
        }
    }
    return leader;
}

/* The category that members like most beyond others, by the circle's profile; nil where there is
 * none. */
static gx_value topic_of(const map *m, uint32_t c) {
    const gx_arrays *arrays = m->call->state->arrays;
    const uint64_t *ptr =
        gx_arrays_get(arrays, "circle.category_ptr", GX_U64, (uint64_t)m->circles.count + 1);
    const uint32_t *category = gx_arrays_get(arrays, "circle.category", GX_U32, 0);
    return ptr && category && ptr[c] < ptr[c + 1]
               ? gx_category_value(m->call->arena, arrays, category[ptr[c]])
               : gx_nil();
}

static gx_value circle_rows(const map *m) {
    gx_arena *arena = m->call->arena;
    gx_txn *txn = m->txn;
    const uint32_t *leader = find_leaders(m);
    gx_value list = gx_list(arena, m->count);
    for (uint32_t c = 0; c < m->count; c++) {
        gx_value row = gx_circle_row(arena, &m->circles, c);
        gx_value items = gx_circle_items(arena, txn, &m->circles, c, 1);
        gx_value topic = topic_of(m, c);
        if (topic.type == GX_TEXT) {
            gx_map_put(arena, &row, "topic", topic);
        }
        if (items.size) {
            const gx_value *title = gx_map_get(&items.as.items[0], "title");
            const gx_value *item = gx_map_get(&items.as.items[0], "item");
            gx_map_put(arena, &row, "top_item", title ? *title : *item);
        }
        if (leader && leader[c] != GX_NONE) {
            gx_map_put(arena, &row, "leader", gx_word_value(arena, txn, GX_SPACE_USER, leader[c]));
        }
        gx_map_put(arena, &row, "x", gx_real(m->xy[2 * (size_t)c]));
        gx_map_put(arena, &row, "y", gx_real(m->xy[2 * (size_t)c + 1]));
        gx_map_put(arena, &row, "radius", gx_real(m->radius[c]));
        gx_list_add(arena, &list, row);
    }
    return list;
}

static gx_value link_rows(const map *m) {
    gx_arena *arena = m->call->arena;
    gx_value list = gx_list(arena, 64);
    for (uint32_t c = 0; c < m->count; c++) {
        for (uint32_t d = c + 1; d < m->count; d++) {
            size_t at = (size_t)c * m->count + d;
            if (m->number[at] == 0) {
                continue;
            }
            gx_value row = gx_map(arena, 4);
            gx_map_put(arena, &row, "src", gx_community_value(arena, m->call->state, c));
            gx_map_put(arena, &row, "dst", gx_community_value(arena, m->call->state, d));
            gx_map_put(arena, &row, "ties", gx_int((int64_t)m->number[at]));
            gx_map_put(arena, &row, "weight", gx_real(m->weight[at]));
            gx_list_add(arena, &list, row);
        }
    }
    return list;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    map m = {.call = call};
    ties t;
    gx_status status = GX_OK;
    GX_TRY(gx_circles_resolve(&m.circles, call->state, err));
    GX_TRY(ties_resolve(&t, call->state, err));
    uint32_t n = (uint32_t)gx_arg_int(call->args, "n");
    uint32_t smallest = (uint32_t)gx_arg_int(call->args, "min_size");
    while (m.count < m.circles.count && m.count < n && m.circles.size[m.count] >= smallest) {
        m.count++;
    }
    size_t cells = (size_t)m.count * m.count + 1;
    m.weight = gx_arena_get(call->arena, cells * sizeof *m.weight);
    m.number = gx_arena_get(call->arena, cells * sizeof *m.number);
    m.xy = gx_arena_get(call->arena, 2 * ((size_t)m.count + 1) * sizeof *m.xy);
    m.radius = gx_arena_get(call->arena, ((size_t)m.count + 1) * sizeof *m.radius);
    if (!m.weight || !m.number || !m.xy || !m.radius) {
        return gx_fail_memory(err, cells * sizeof *m.weight);
    }
    memset(m.weight, 0, cells * sizeof *m.weight);
    memset(m.number, 0, cells * sizeof *m.number);
    GX_TRY(sum_ties(&m, &t, err));
    GX_TRY(lay_out(&m, err));
    GX_TRY(gx_txn_read(&m.txn, call->db->store, err));
    *out = gx_map(call->arena, 3);
    gx_map_put(call->arena, out, "circles", circle_rows(&m));
    gx_map_put(call->arena, out, "links", link_rows(&m));
    gx_map_put(call->arena, out, "left_out", gx_int(m.circles.count - m.count));
done:
    gx_txn_abort(m.txn);
    return status;
}

const gx_method gx_method_graph_map = {
    .name = "graph.map",
    .summary = "the circles as bubbles of a picture, and the ties between them",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_LONG,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{circles: [{community, size, density, conductance, topic, top_item, leader, x, y, "
              "radius}], "
              "links: [{src, dst, ties, weight}], left_out}",
    .run = run,
};
