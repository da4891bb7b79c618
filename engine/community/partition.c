/* Partitions as plain arrays: renumbering, grouping, splitting. All O(n) or O(n + m). */
#include "engine/community/partition.h"

#include <math.h>

uint32_t gx_partition_count(const uint32_t *community, uint32_t n) {
    uint32_t count = 0;
    for (uint32_t v = 0; v < n; v++) {
        count = community[v] >= count ? community[v] + 1 : count;
    }
    return count;
}

gx_status gx_partition_circles(const uint32_t **out, uint32_t *out_count, const gx_input *input,
                               gx_error *err) {
    const uint32_t n = input->users;
    gx_status status = gx_arrays_need(out, input->arrays, "leiden.community", GX_U32, n, err);
    for (uint32_t v = 0; status == GX_OK && v < n; v++) {
        if ((*out)[v] >= n) {
            return gx_fail(err, GX_CORRUPT, "leiden.community of member %u is %u of %u members", v,
                           (*out)[v], n);
        }
    }
    *out_count = status == GX_OK ? gx_partition_count(*out, n) : 0;
    return status;
}

gx_status gx_partition_compact(uint32_t *community, uint32_t n, uint32_t *out_count, gx_job *job,
                               gx_error *err) {
    uint32_t *number = NULL;
    gx_status status = gx_job_alloc(job, &number, n, sizeof *number, err);
    if (status != GX_OK) {
        return status;
    }
    uint32_t count = 0;
    for (uint32_t v = 0; v < n; v++) {
        uint32_t *given = &number[community[v]]; /* 0: none yet */
        if (*given == 0) {
            *given = ++count;
        }
        community[v] = *given - 1;
    }
    gx_job_free(job, number);
    *out_count = count;
    return GX_OK;
}

gx_status gx_partition_order(uint32_t *community, uint32_t n, uint32_t *out_count, gx_job *job,
                             gx_error *err) {
    uint32_t *size = NULL, *by_size = NULL, *at = NULL, *number = NULL;
    uint32_t count, largest = 0;
    gx_status status;
    /* Compact numbers are in order of smallest member, which a stable sort by size keeps. */
    GX_TRY(gx_partition_compact(community, n, &count, job, err));
    GX_TRY(gx_job_alloc(job, &size, count, sizeof *size, err));
    GX_TRY(gx_job_alloc(job, &by_size, count, sizeof *by_size, err));
    GX_TRY(gx_job_alloc(job, &number, count, sizeof *number, err));
    for (uint32_t v = 0; v < n; v++) {
        size[community[v]]++;
    }
    for (uint32_t c = 0; c < count; c++) {
        largest = size[c] > largest ? size[c] : largest;
    }
    for (uint32_t c = 0; c < count; c++) {
        size[c] = largest - size[c];
    }
    GX_TRY(gx_job_alloc(job, &at, (size_t)largest + 2, sizeof *at, err));
    gx_partition_group(at, by_size, size, largest + 1, NULL, count);
    for (uint32_t i = 0; i < count; i++) {
        number[by_size[i]] = i;
    }
    for (uint32_t v = 0; v < n; v++) {
        community[v] = number[community[v]];
    }
    *out_count = count;
done:
    gx_job_free(job, number);
    gx_job_free(job, at);
    gx_job_free(job, by_size);
    gx_job_free(job, size);
    return status;
}

enum { NODES_BETWEEN_CHECKS = 1 << 14 };

/* Labels the component of `start` inside its community; `stack` has room for every node, `done`
 * counts them. Stops half way where the job is to. */
static void label_component(uint32_t *label, uint32_t *stack, const uint32_t *community,
                            const gx_graph *graph, uint32_t start, uint32_t name, uint32_t *done,
                            gx_job *job) {
    uint32_t depth = 0;
    stack[depth++] = start;
    label[start] = name;
    while (depth > 0) {
        uint32_t v = stack[--depth];
        if (++*done % NODES_BETWEEN_CHECKS == 0 && gx_job_should_stop(job)) {
            return;
        }
        for (uint64_t arc = graph->out_ptr[v]; arc < graph->out_ptr[v + 1]; arc++) {
            uint32_t u = graph->out_dst[arc];
            bool counts = !graph->out_weight || graph->out_weight[arc] > 0.0f;
            if (counts && label[u] == GX_NONE && community[u] == community[v]) {
                label[u] = name;
                stack[depth++] = u;
            }
        }
    }
}

gx_status gx_partition_split(uint32_t *community, const gx_graph *graph, uint32_t *out_count,
                             gx_job *job, gx_error *err) {
    uint32_t *label = NULL, *stack = NULL, count = 0, labelled = 0;
    const uint32_t n = graph->n;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &label, n, sizeof *label, err));
    GX_TRY(gx_job_alloc(job, &stack, n, sizeof *stack, err));
    for (uint32_t v = 0; v < n; v++) {
        label[v] = GX_NONE;
    }
    for (uint32_t v = 0; v < n; v++) {
        if (label[v] == GX_NONE) {
            label_component(label, stack, community, graph, v, count++, &labelled, job);
        }
        if (v % NODES_BETWEEN_CHECKS == 0) {
            GX_TRY(gx_job_check(job, err));
        }
    }
    GX_TRY(gx_job_check(job, err));
    for (uint32_t v = 0; v < n; v++) {
        community[v] = label[v];
    }
    *out_count = count;
done:
    gx_job_free(job, stack);
    gx_job_free(job, label);
    return status;
}

void gx_partition_group(uint32_t *at, uint32_t *item, const uint32_t *group, uint32_t groups,
                        const uint32_t *order, uint32_t n) {
    memset(at, 0, ((size_t)groups + 1) * sizeof *at);
    for (uint32_t v = 0; v < n; v++) {
        at[group[v] + 1]++;
    }
    for (uint32_t g = 0; g < groups; g++) {
        at[g + 1] += at[g];
    }
    /* Filled from the back, each end moves down to its start: no second array of cursors. */
    for (uint32_t i = n; i-- > 0;) {
        uint32_t v = order ? order[i] : i;
        item[--at[group[v] + 1]] = v;
    }
    for (uint32_t g = 0; g < groups; g++) {
        at[g] = at[g + 1];
    }
    at[groups] = n;
}

/* ---- for estimates ------------------------------------------------------------------------- */

/* A circle of k members holds together by k − 1 ties at least; the others may lead anywhere. */
static uint64_t most_pairs(const gx_graph *graph, const uint32_t *community, uint32_t circles) {
    uint64_t pairs = 0, joined = 0, *beyond = gx_alloc0(circles, sizeof *beyond);
    if (!beyond) {
        return graph->m;
    }
    for (uint32_t v = 0; v < graph->n; v++) {
        if (community[v] < circles) {
            beyond[community[v]] += graph->out_ptr[v + 1] - graph->out_ptr[v];
            beyond[community[v]] -= 2; /* below 0 for a moment, or for a circle's last member */
        }
    }
    for (uint32_t c = 0; c < circles; c++) {
        beyond[c] = (int64_t)(beyond[c] + 2) > 0 ? beyond[c] + 2 : 0;
        joined += beyond[c] > 0;
    }
    for (uint32_t c = 0; c < circles; c++) {
        pairs += beyond[c] < joined ? beyond[c] : joined;
    }
    gx_free(beyond);
    return pairs;
}

uint64_t gx_partition_expected(uint64_t *out_pairs, const gx_input *input) {
    const gx_arrays *arrays = input->arrays;
    const gx_graph *graph = input->undirected;
    const gx_array *sizes = arrays ? gx_arrays_find(arrays, "leiden.size") : NULL;
    const uint32_t *community =
        arrays ? gx_result_get(arrays, "leiden", "community", GX_U32, input->users) : NULL;
    const uint64_t arcs = graph ? graph->m : 0;
    uint64_t circles = sizes ? sizes->shape[0] : (uint64_t)(2 * sqrt((double)input->users)) + 1;
    circles = circles < input->users ? circles : input->users;
    /* Of circles that are not known: most are small, and tied to a few others. */
    uint64_t pairs = circles < 20 ? circles * circles : 20 * circles;
    if (sizes && community && graph && graph->out_ptr && circles > 0) {
        pairs = most_pairs(graph, community, (uint32_t)circles);
    }
    *out_pairs = pairs < arcs ? pairs : arcs;
    return circles;
}
