/* Leiden, third phase: aggregation. Each part becomes a node, arcs between parts are summed. A
 * part's row is made by one thread from its nodes in order, in a place as large as their rows
 * together, so that nothing is counted beforehand and nothing moved afterwards. O(arcs) time. */
#include "engine/community/leiden_parts.h"
#include "engine/community/partition.h"
#include "engine/kernel/parallel.h"

enum { PARTS_CHUNK = 64 };

gx_status gx__leiden_make_room(gx__leiden *leiden, gx__leiden_rows *rows, uint64_t arcs,
                               gx_error *err) {
    if (rows->capacity >= arcs && rows->dst) {
        return GX_OK;
    }
    gx_job_free(leiden->job, rows->dst);
    gx_job_free(leiden->job, rows->weight);
    rows->dst = NULL;
    rows->weight = NULL;
    rows->capacity = 0;
    gx_status status;
    GX_TRY(gx_job_alloc(leiden->job, &rows->dst, arcs, sizeof *rows->dst, err));
    GX_TRY(gx_job_alloc(leiden->job, &rows->weight, arcs, sizeof *rows->weight, err));
    rows->capacity = arcs;
done:
    return status;
}

/* Where each part's row starts: after room for all arcs of the nodes before. */
static uint64_t place_rows(gx__leiden *leiden, uint32_t parts, gx__leiden_rows *rows) {
    const gx__level *level = &leiden->level;
    uint64_t at = 0;
    for (uint32_t p = 0; p < parts; p++) {
        rows->from[p] = at;
        for (uint32_t i = leiden->group_at[p]; i < leiden->group_at[p + 1]; i++) {
            uint32_t v = leiden->group_item[i];
            at += level->to[v] - level->from[v];
        }
    }
    return at;
}

/* Sums the rows of the part's nodes into one; arcs that stay inside are left out. */
static void make_row(const gx__leiden *leiden, uint32_t part, gx__leiden_rows *rows,
                     gx__scratch *scratch) {
    for (uint32_t i = leiden->group_at[part]; i < leiden->group_at[part + 1]; i++) {
        gx__prefetch_rows(&leiden->level, leiden->group_item, i, leiden->level.n);
        const uint32_t v = leiden->group_item[i];
        /* Of Louvain nothing that stays inside a community leaves the part. */
        const uint64_t from =
            leiden->options->louvain ? leiden->inner_to[v] : leiden->level.from[v];
        gx__scratch_add_arcs(scratch, &leiden->level, v, from, leiden->level.to[v],
                             leiden->refined);
    }
    uint64_t at = rows->from[part];
    for (uint32_t i = 0; i < scratch->count; i++) {
        const uint32_t other = scratch->touched[i];
        rows->dst[at] = other;
        rows->weight[at] = (float)scratch->weight[other];
        at += other != part;
        scratch->weight[other] = 0.0;
    }
    scratch->count = 0;
    rows->to[part] = at;
}

/* Sums the mass of each part's nodes, in the places of the nodes'. */
static void carry_mass(const gx__leiden *leiden, uint32_t parts, double *mass, double *sum) {
    for (uint32_t p = 0; p < parts; p++) {
        sum[p] = 0.0;
        for (uint32_t i = leiden->group_at[p]; i < leiden->group_at[p + 1]; i++) {
            sum[p] += mass[leiden->group_item[i]];
        }
    }
    memcpy(mass, sum, parts * sizeof *mass);
}

/* Masses and communities of the parts, in the places of the nodes'. */
static void carry_nodes(gx__leiden *leiden, uint32_t parts) {
    for (uint32_t p = 0; p < parts; p++) {
        leiden->target[p] = leiden->community[leiden->group_item[leiden->group_at[p]]];
    }
    memcpy(leiden->community, leiden->target, parts * sizeof *leiden->community);
    carry_mass(leiden, parts, leiden->mass, leiden->part_total);
    if (leiden->directed) {
        carry_mass(leiden, parts, leiden->mass_in, leiden->part_total_in);
    }
}

gx_status gx__leiden_aggregate(gx__leiden *leiden, uint32_t parts, gx_error *err) {
    const uint32_t n = leiden->level.n;
    gx__leiden_rows *rows = &leiden->rows[0];
    const int threads = gx__leiden_threads(leiden);
    (void)threads;
    gx_partition_group(leiden->group_at, leiden->group_item, leiden->refined, parts, NULL, n);
    gx_status status = gx__leiden_make_room(leiden, rows, place_rows(leiden, parts, rows), err);
    if (status != GX_OK) {
        return status;
    }
    uint64_t arcs = 0;
#pragma omp parallel num_threads(threads)
    {
        gx__scratch *scratch = &leiden->scratch[gx_thread()];
        bool stopped = false;
#pragma omp for schedule(dynamic, PARTS_CHUNK) reduction(+ : arcs)
        for (uint32_t p = 0; p < parts; p++) {
            if (p % PARTS_CHUNK == 0 && gx_job_should_stop(leiden->job)) {
                stopped = true;
            }
            if (stopped) {
                continue;
            }
            make_row(leiden, p, rows, scratch);
            arcs += rows->to[p] - rows->from[p];
        }
#pragma omp for schedule(static)
        for (uint32_t v = 0; v < leiden->n; v++) {
            leiden->node_of[v] = leiden->refined[leiden->node_of[v]];
        }
    }
    carry_nodes(leiden, parts);
    leiden->level = (gx__level){parts, rows->from, rows->to, rows->dst, rows->weight, 1.0, arcs};
    return gx_job_check(leiden->job, err);
}
