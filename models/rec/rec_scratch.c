/* Scratch memory of the recommender: a few blocks that wait between calls, taken and given back by
 * one atomic exchange. With more calls at once than places to wait, the rest is allocated and
 * freed. */
#include "models/rec/rec_parts.h"

#include <stdatomic.h>

enum { PLACES = 16 };

struct gx__pool {
    _Atomic(gx__scratch *) idle[PLACES];
};

gx_status gx__pool_create(gx__pool **out, gx_error *err) {
    gx__pool *pool = gx_alloc(1, sizeof *pool);
    if (!pool) {
        return gx_fail_memory(err, sizeof *pool);
    }
    for (size_t i = 0; i < PLACES; i++) {
        atomic_init(&pool->idle[i], NULL);
    }
    *out = pool;
    return GX_OK;
}

static void scratch_destroy(gx__scratch *scratch) {
    if (scratch) {
        gx_free(scratch->slot);
        gx_free(scratch->raw);
        gx_free(scratch->total);
        gx_free(scratch->open);
        gx_free(scratch);
    }
}

void gx__pool_destroy(gx__pool *pool) {
    for (size_t i = 0; pool && i < PLACES; i++) {
        scratch_destroy(atomic_load(&pool->idle[i]));
    }
    gx_free(pool);
}

/* A quarter more than asked for: the catalogue grows while a snapshot serves. */
static gx_status scratch_create(gx__scratch **out, uint32_t items, gx_error *err) {
    uint32_t room = items + items / 4 < items ? items : items + items / 4;
    gx__scratch *made = gx_alloc0(1, sizeof *made);
    if (!made) {
        return gx_fail_memory(err, sizeof *made);
    }
    made->items = room;
    made->slot = gx_alloc0((size_t)room + 1, sizeof *made->slot);
    made->raw = gx_alloc((size_t)room + 1, sizeof *made->raw);
    made->total = gx_alloc((size_t)room + 1, sizeof *made->total);
    made->open = gx_alloc((size_t)room + 1, sizeof *made->open);
    if (!made->slot || !made->raw || !made->total || !made->open) {
        scratch_destroy(made);
        return gx_fail_memory(err, (size_t)room * GX__SCRATCH_BYTES);
    }
    *out = made;
    return GX_OK;
}

gx_status gx__scratch_take(gx__scratch **out, gx__pool *pool, uint32_t items, gx_error *err) {
    for (size_t i = 0; i < PLACES; i++) {
        gx__scratch *found = atomic_exchange(&pool->idle[i], NULL);
        if (found && found->items >= items) {
            *out = found;
            return GX_OK;
        }
        scratch_destroy(found); /* NULL, or too small from now on */
    }
    return scratch_create(out, items, err);
}

void gx__scratch_give(gx__pool *pool, gx__scratch *scratch) {
    for (size_t i = 0; scratch && i < PLACES; i++) {
        gx__scratch *empty = NULL;
        if (atomic_compare_exchange_strong(&pool->idle[i], &empty, scratch)) {
            return;
        }
    }
    scratch_destroy(scratch);
}
