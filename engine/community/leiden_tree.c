/* The levels of Leiden as arrays: 4 bytes a node of each level, twice while they are put together.
 */
#include "engine/community/leiden_tree.h"

#include "engine/community/partition.h"

gx_status gx__tree_push(gx__tree_levels *tree, const uint32_t *part, const uint32_t *node,
                        uint32_t n, gx_job *job, gx_error *err) {
    if (!tree->wanted) {
        return GX_OK;
    }
    uint32_t *copy = NULL;
    gx_status status = gx_job_alloc(job, &copy, n, sizeof *copy, err);
    if (status != GX_OK) {
        return status;
    }
    for (uint32_t i = 0; i < n; i++) {
        copy[node[i]] = part[i];
    }
    tree->part[tree->count] = copy;
    tree->nodes[tree->count++] = n;
    return GX_OK;
}

void gx__tree_clear(gx__tree_levels *tree, gx_job *job) {
    for (uint32_t l = 0; l < tree->count; l++) {
        gx_job_free(job, tree->part[l]);
    }
    tree->count = 0;
}

void gx__tree_swap(gx__tree_levels *a, gx__tree_levels *b) {
    gx__tree_levels kept = *a;
    *a = *b;
    *b = kept;
}

/* Nodes of the level on top, whose parts are the communities. */
static uint32_t top_nodes(const gx__tree_levels *tree, uint32_t n) {
    const uint32_t last = tree->count - 1;
    return tree->count ? gx_partition_count(tree->part[last], tree->nodes[last]) : n;
}

gx_status gx__tree_close(gx_leiden_tree *out, const gx__tree_levels *tree,
                         const uint32_t *community, uint32_t n, gx_job *job, gx_error *err) {
    gx_leiden_tree made = {.levels = tree->count + 1};
    uint64_t entries = top_nodes(tree, n);
    gx_status status;
    for (uint32_t l = 0; l < tree->count; l++) {
        entries += tree->nodes[l];
    }
    if (entries >= GX_NONE) {
        return gx_fail(err, GX_OVER_LIMIT, "levels of %llu parts do not fit 32-bit places",
                       (unsigned long long)entries);
    }
    GX_TRY(gx_job_alloc(job, &made.level_ptr, made.levels + 1u, sizeof *made.level_ptr, err));
    GX_TRY(gx_job_alloc(job, &made.parent, entries, sizeof *made.parent, err));
    for (uint32_t l = 0; l < tree->count; l++) {
        memcpy(made.parent + made.level_ptr[l], tree->part[l],
               tree->nodes[l] * sizeof *made.parent);
        made.level_ptr[l + 1] = made.level_ptr[l] + tree->nodes[l];
    }
    made.level_ptr[made.levels] = (uint32_t)entries;
    for (uint32_t v = 0; v < n; v++) {
        uint32_t node = v;
        for (uint32_t l = 0; l < tree->count; l++) {
            node = tree->part[l][node];
        }
        made.parent[made.level_ptr[tree->count] + node] = community[v];
    }
    *out = made;
done:
    if (status != GX_OK) {
        gx_leiden_tree_finish(&made, job);
    }
    return status;
}

void gx_leiden_tree_finish(gx_leiden_tree *tree, gx_job *job) {
    gx_job_free(job, tree->parent);
    gx_job_free(job, tree->level_ptr);
    *tree = (gx_leiden_tree){0};
}
