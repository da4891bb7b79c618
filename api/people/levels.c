/* One level of a hierarchy: see the header, and docs/leiden.md for the arrays. */
#include "api/people/levels.h"

#include <stdlib.h>

static const gx_array *find(const gx_arrays *arrays, const char *instance, const char *suffix) {
    const gx_array *array = gx_result_find(arrays, instance, suffix);
    return array && array->dtype == GX_U32 && array->rank == 1 ? array : NULL;
}

uint32_t gx_levels_count(const gx_arrays *arrays, const char *instance) {
    const gx_array *ptr = find(arrays, instance, "level_ptr");
    return ptr && ptr->shape[0] > 1 && find(arrays, instance, "parent")
               ? (uint32_t)ptr->shape[0] - 1
               : 0;
}

/* Parts of each level lie one after the other, and point into the next. */
static bool fits(const uint32_t *ptr, uint32_t levels, const gx_array *parent, uint32_t members) {
    const uint32_t *of = parent->data;
    bool good = ptr[0] == 0 && ptr[1] == members && ptr[levels] == parent->shape[0];
    for (uint32_t l = 0; good && l < levels; l++) {
        good = ptr[l] <= ptr[l + 1];
    }
    for (uint32_t l = 0; good && l < levels; l++) {
        const uint32_t next = l + 1 < levels ? ptr[l + 2] - ptr[l + 1] : members;
        for (uint32_t i = ptr[l]; good && i < ptr[l + 1]; i++) {
            good = of[i] < next;
        }
    }
    return good;
}

static int by_size(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static gx_status sort(gx_level *level, gx_arena *arena, uint32_t members, gx_error *err) {
    const size_t room = (size_t)level->count + 1;
    uint64_t *key = gx_arena_get(arena, room * sizeof *key);
    uint32_t *order = gx_arena_get(arena, room * sizeof *order);
    uint32_t *rank = gx_arena_get(arena, room * sizeof *rank);
    if (!key || !order || !rank) {
        return gx_fail_memory(err, room * (sizeof *key + 2 * sizeof *order));
    }
    for (uint32_t c = 0; c < level->count; c++) {
        key[c] = ((uint64_t)members << 32) + c; /* less its size */
    }
    for (uint32_t v = 0; v < members; v++) {
        key[level->part[v]] -= (uint64_t)1 << 32;
    }
    qsort(key, level->count, sizeof *key, by_size);
    for (uint32_t i = 0; i < level->count; i++) {
        order[i] = (uint32_t)key[i];
        rank[order[i]] = i;
    }
    level->order = order;
    level->rank = rank;
    return GX_OK;
}

gx_status gx_level_find(gx_level *out, gx_arena *arena, const gx_arrays *arrays,
                        const char *instance, uint32_t members, uint32_t level, gx_error *err) {
    const uint32_t levels = gx_levels_count(arrays, instance);
    if (!levels) {
        return gx_fail_at(err, GX_BAD_REQUEST, "level",
                          "level %u was given; %s has no hierarchy, leiden and louvain have", level,
                          instance);
    }
    if (level < 1 || level > levels) {
        return gx_fail_at(err, GX_BAD_REQUEST, "level",
                          "level: %u was given; accepted is 1 (the smallest parts) to %u (the "
                          "communities)",
                          level, levels);
    }
    const gx_array *parent = find(arrays, instance, "parent");
    const uint32_t *ptr = find(arrays, instance, "level_ptr")->data, *of = parent->data;
    if (!fits(ptr, levels, parent, members)) {
        return gx_fail(err, GX_CORRUPT, "%s.level_ptr and %s.parent do not fit together", instance,
                       instance);
    }
    uint32_t *part = gx_arena_get(arena, ((size_t)members + 1) * sizeof *part);
    gx_level found = {.part = part, .level = level, .levels = levels};
    if (!part) {
        return gx_fail_memory(err, members * sizeof *part);
    }
    for (uint32_t v = 0; v < members; v++) {
        part[v] = v;
        for (uint32_t l = 0; l < level; l++) {
            part[v] = of[ptr[l] + part[v]];
        }
        found.count = part[v] >= found.count ? part[v] + 1 : found.count;
    }
    found.parent = level < levels ? of + ptr[level] : NULL;
    gx_status status = sort(&found, arena, members, err);
    if (status == GX_OK) {
        *out = found;
    }
    return status;
}
