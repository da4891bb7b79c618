/* Leiden: nodes renumbered by community, so that what refinement and aggregation read for one
 * community lies together and need not be told from the rest; without it nearly each of their reads
 * waits for memory. The copy costs about half a sweep. O(arcs) time. */
#include "engine/community/leiden_parts.h"
#include "engine/community/partition.h"
#include "engine/kernel/parallel.h"

enum { COMMUNITIES_CHUNK = 4, NODES_CHECKED = 1024 };

static void permute(double *value, double *room, const uint32_t *item, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        room[i] = value[item[i]];
    }
    memcpy(value, room, n * sizeof *value);
}

/* Copies a row of community [first, last), what stays in it from the front and what leaves it from
 * the back; returns where the first ends. Which of both comes next cannot be predicted, so there is
 * no branch on it. */
static uint64_t copy_row(const gx__level *level, gx__leiden_rows *rows, const uint32_t *number,
                         uint32_t old, uint64_t at, uint32_t first, uint32_t last) {
    const uint64_t from = level->from[old], to = level->to[old];
    uint64_t front = at, back = at + (to - from);
    for (uint64_t arc = from; arc < to; arc++) {
        const uint32_t u = number[level->dst[arc]];
        const uint64_t stays = u - first < last - first;
        back -= 1 - stays;
        const uint64_t place = back + ((front - back) & (0 - stays));
        rows->dst[place] = u;
        if (level->weight) {
            rows->weight[place] = level->weight[arc];
        }
        front += stays;
    }
    return front;
}

gx_status gx__leiden_renumber(gx__leiden *leiden, uint32_t communities, gx_error *err) {
    const gx__level level = leiden->level;
    const uint32_t n = level.n;
    gx__leiden_rows *rows = &leiden->rows[1];
    uint32_t *const item = leiden->group_item, *const number = leiden->refined;
    gx_status status = gx__leiden_make_room(leiden, rows, level.arcs, err);
    if (status != GX_OK) {
        return status;
    }
    gx_partition_group(leiden->group_at, item, leiden->community, communities, NULL, n);
    uint64_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        number[item[i]] = i;
        rows->from[i] = at;
        at += level.to[item[i]] - level.from[item[i]];
        rows->to[i] = at;
    }
    const int threads = gx__leiden_threads(leiden);
    (void)threads;
#pragma omp parallel for num_threads(threads) schedule(dynamic, COMMUNITIES_CHUNK)
    for (uint32_t c = 0; c < communities; c++) {
        const uint32_t first = leiden->group_at[c], last = leiden->group_at[c + 1];
        for (uint32_t i = first; i < last; i++) {
            if ((i - first) % NODES_CHECKED == 0 && gx_job_should_stop(leiden->job)) {
                break;
            }
            gx__prefetch_rows(&level, item, i, n);
            leiden->inner_to[i] =
                copy_row(&level, rows, number, item[i], rows->from[i], first, last);
        }
    }
    permute(leiden->mass, leiden->part_total, item, n);
    if (leiden->directed) {
        permute(leiden->mass_in, leiden->part_total, item, n);
    }
    for (uint32_t c = 0; c < communities; c++) {
        for (uint32_t i = leiden->group_at[c]; i < leiden->group_at[c + 1]; i++) {
            leiden->community[i] = c;
        }
    }
    for (uint32_t v = 0; v < leiden->n; v++) {
        leiden->node_of[v] = number[leiden->node_of[v]];
    }
    leiden->level.from = rows->from;
    leiden->level.to = rows->to;
    leiden->level.dst = rows->dst;
    leiden->level.weight = level.weight ? rows->weight : NULL;
    return gx_job_check(leiden->job, err);
}
