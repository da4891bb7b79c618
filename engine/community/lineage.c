/* Circles over time. Two partitions of the same members give a table of overlaps; from it ids are
 * carried on by greedy maximum overlap (Greene, Doyle and Cunningham: Tracking the evolution of
 * communities in dynamic social networks, ASONAM 2010, with the number of common members in place
 * of their share, so that the heir of a merger is the one that brings most), and mergers and splits
 * are read by majority (Spiliopoulou, Ntoutsi, Theodoridis and Schult: MONIC, KDD 2006, with a
 * threshold of one half): more than half of a circle is in at most one other, so each older circle
 * has one fate and each newer one origin. */
#include "engine/community/lineage.h"

#include "engine/community/partition.h"

#include <inttypes.h>

/* What two circles must share for an id to be carried on: a part of the smaller, and of the larger.
 */
enum { SMALLER_PART = 4, LARGER_PART = 20 };

static gx_status check_numbers(const uint32_t *community, uint32_t n, gx_error *err) {
    for (uint32_t v = 0; v < n; v++) {
        if (community[v] >= n) {
            return gx_fail(err, GX_CORRUPT,
                           "member %" PRIu32 " is in circle %" PRIu32 "; it must be below %" PRIu32,
                           v, community[v], n);
        }
    }
    return GX_OK;
}

static gx_status count_sizes(uint32_t **out, uint32_t *out_count, const uint32_t *community,
                             uint32_t n, gx_job *job, gx_error *err) {
    gx_status status;
    GX_TRY(check_numbers(community, n, err));
    *out_count = gx_partition_count(community, n);
    GX_TRY(gx_job_alloc(job, out, *out_count, sizeof **out, err));
    for (uint32_t v = 0; v < n; v++) {
        (*out)[community[v]]++;
    }
done:
    return status;
}

/* ---- the table of overlaps ------------------------------------------------------------------- */

/* Circle by circle: each newer circle met is an entry, in order of its first member. `entry_of`
 * tells where the entry is, if that lies within this circle's own. With `overlap` NULL it only
 * counts. */
static uint32_t list_overlaps(gx_overlap *overlap, uint32_t *entry_of, const gx_lineage *l,
                              const uint32_t *at, const uint32_t *item, const uint32_t *after) {
    uint32_t count = 0;
    for (uint32_t c = 0; c < l->to_count; c++) {
        entry_of[c] = GX_NONE;
    }
    for (uint32_t from = 0; from < l->from_count; from++) {
        uint32_t first = count;
        for (uint32_t i = at[from]; i < at[from + 1]; i++) {
            uint32_t to = after[item[i]];
            if (entry_of[to] == GX_NONE || entry_of[to] < first) {
                entry_of[to] = count++;
                if (overlap) {
                    overlap[entry_of[to]] = (gx_overlap){from, to, 0};
                }
            }
            if (overlap) {
                overlap[entry_of[to]].members++;
            }
        }
    }
    return count;
}

static gx_status find_overlaps(gx_lineage *l, const uint32_t *before, const uint32_t *after,
                               gx_job *job, gx_error *err) {
    uint32_t shared = l->from_members < l->to_members ? l->from_members : l->to_members;
    uint32_t *at = NULL, *item = NULL, *entry_of = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &at, (size_t)l->from_count + 1, sizeof *at, err));
    GX_TRY(gx_job_alloc(job, &item, shared, sizeof *item, err));
    GX_TRY(gx_job_alloc(job, &entry_of, l->to_count, sizeof *entry_of, err));
    gx_partition_group(at, item, before, l->from_count, NULL, shared);
    GX_TRY(gx_job_check(job, err));
    l->overlap_count = list_overlaps(NULL, entry_of, l, at, item, after);
    GX_TRY(gx_job_alloc(job, &l->overlap, l->overlap_count, sizeof *l->overlap, err));
    GX_TRY(gx_job_check(job, err));
    list_overlaps(l->overlap, entry_of, l, at, item, after);
done:
    gx_job_free(job, entry_of);
    gx_job_free(job, item);
    gx_job_free(job, at);
    return status;
}

/* ---- who carries on, who goes where ---------------------------------------------------------- */

static uint32_t union_of(const gx_lineage *l, const gx_overlap *o) {
    return l->from_size[o->from] + l->to_size[o->to] - o->members;
}

/* Overlaps by falling members, then rising union, then as they lie: two stable counting sorts.
 * Unions of as many members as there are overlaps, or more, count as equal: the array of counts
 * stays as short as that of overlaps. */
static gx_status sort_overlaps(uint32_t *order, const gx_lineage *l, gx_job *job, gx_error *err) {
    uint32_t n = l->overlap_count, largest = 0;
    uint32_t *key = NULL, *at = NULL, *by_union = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &key, n, sizeof *key, err));
    GX_TRY(gx_job_alloc(job, &by_union, n, sizeof *by_union, err));
    for (uint32_t i = 0; i < n; i++) {
        largest = l->overlap[i].members > largest ? l->overlap[i].members : largest;
        uint32_t size = union_of(l, &l->overlap[i]);
        key[i] = size < n ? size : n;
    }
    uint32_t groups = largest > n ? largest : n;
    GX_TRY(gx_job_alloc(job, &at, (size_t)groups + 2, sizeof *at, err));
    gx_partition_group(at, by_union, key, n + 1, NULL, n);
    GX_TRY(gx_job_check(job, err));
    for (uint32_t i = 0; i < n; i++) {
        key[i] = largest - l->overlap[i].members;
    }
    gx_partition_group(at, order, key, largest + 1, by_union, n);
done:
    gx_job_free(job, by_union);
    gx_job_free(job, at);
    gx_job_free(job, key);
    return status;
}

static bool may_carry(const gx_lineage *l, const gx_overlap *o) {
    uint64_t a = l->from_size[o->from], b = l->to_size[o->to];
    uint64_t smaller = a < b ? a : b, larger = a < b ? b : a;
    return (uint64_t)o->members * SMALLER_PART >= smaller &&
           (uint64_t)o->members * LARGER_PART >= larger;
}

static gx_status match(gx_lineage *l, gx_job *job, gx_error *err) {
    uint32_t *order = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &order, l->overlap_count, sizeof *order, err));
    GX_TRY(gx_job_alloc(job, &l->heir, l->from_count, sizeof *l->heir, err));
    GX_TRY(gx_job_alloc(job, &l->parent, l->to_count, sizeof *l->parent, err));
    GX_TRY(gx_job_alloc(job, &l->into, l->from_count, sizeof *l->into, err));
    GX_TRY(gx_job_alloc(job, &l->out_of, l->to_count, sizeof *l->out_of, err));
    GX_TRY(sort_overlaps(order, l, job, err));
    for (uint32_t c = 0; c < l->from_count; c++) {
        l->heir[c] = l->into[c] = GX_NONE;
    }
    for (uint32_t c = 0; c < l->to_count; c++) {
        l->parent[c] = l->out_of[c] = GX_NONE;
    }
    for (uint32_t k = 0; k < l->overlap_count; k++) {
        uint32_t i = order[k];
        const gx_overlap *o = &l->overlap[i];
        if (l->heir[o->from] == GX_NONE && l->parent[o->to] == GX_NONE && may_carry(l, o)) {
            l->heir[o->from] = l->parent[o->to] = i;
        }
        if (o->members > l->from_size[o->from] / 2) {
            l->into[o->from] = i;
        }
        if (o->members > l->to_size[o->to] / 2) {
            l->out_of[o->to] = i;
        }
    }
done:
    gx_job_free(job, order);
    return status;
}

gx_status gx_lineage_find(gx_lineage *out, const uint32_t *before, uint32_t n0,
                          const uint32_t *after, uint32_t n1, gx_job *job, gx_error *err) {
    gx_lineage l = {.from_members = n0, .to_members = n1, .job = job};
    gx_status status;
    GX_TRY(count_sizes(&l.from_size, &l.from_count, before, n0, job, err));
    GX_TRY(count_sizes(&l.to_size, &l.to_count, after, n1, job, err));
    GX_TRY(find_overlaps(&l, before, after, job, err));
    GX_TRY(match(&l, job, err));
    *out = l;
    return GX_OK;
done:
    gx_lineage_finish(&l);
    return status;
}

void gx_lineage_finish(gx_lineage *lineage) {
    gx_job *job = lineage->job;
    if (!job) {
        return;
    }
    gx_job_free(job, lineage->from_size);
    gx_job_free(job, lineage->to_size);
    gx_job_free(job, lineage->overlap);
    gx_job_free(job, lineage->heir);
    gx_job_free(job, lineage->parent);
    gx_job_free(job, lineage->into);
    gx_job_free(job, lineage->out_of);
    *lineage = (gx_lineage){0};
}

void gx_lineage_ids(uint32_t *id, uint32_t *in_out_next, const gx_lineage *lineage,
                    const uint32_t *before_id) {
    for (uint32_t c = 0; c < lineage->to_count; c++) {
        if (lineage->parent[c] == GX_NONE) {
            id[c] = (*in_out_next)++;
        } else {
            uint32_t from = lineage->overlap[lineage->parent[c]].from;
            id[c] = before_id ? before_id[from] : from;
        }
    }
}
