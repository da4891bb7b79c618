/* An arena: blocks of doubling size, dropped whole. Allocation is a pointer bump. */
#include "graph/base/base.h"

#include <stdio.h>

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20, ALIGNMENT = 16 };

typedef struct block block;

struct block {
    block *next; /* older */
    size_t size, used;
    _Alignas(ALIGNMENT) char bytes[];
};

struct gx_arena {
    block *newest;
    size_t total;
    bool failed;
};

static block *block_get(size_t size) {
    block *made = gx_alloc(1, sizeof(block) + size);
    if (made) {
        made->next = NULL;
        made->size = size;
        made->used = 0;
    }
    return made;
}

gx_arena *gx_arena_create(void) {
    gx_arena *arena = gx_alloc0(1, sizeof *arena);
    if (!arena) {
        return NULL;
    }
    arena->newest = block_get(FIRST_BLOCK);
    if (!arena->newest) {
        gx_free(arena);
        return NULL;
    }
    return arena;
}

static void drop_blocks(block *from) {
    while (from) {
        block *next = from->next;
        gx_free(from);
        from = next;
    }
}

void gx_arena_destroy(gx_arena *arena) {
    if (arena) {
        drop_blocks(arena->newest);
        gx_free(arena);
    }
}

/* Keeps the newest block, which is the largest of the usual sizes: a loop that resets its arena
 * after every call settles on one block. */
void gx_arena_reset(gx_arena *arena) {
    drop_blocks(arena->newest->next);
    arena->newest->next = NULL;
    arena->newest->used = 0;
    arena->total = 0;
    arena->failed = false;
    if (arena->newest->size > LARGEST_BLOCK) {
        block *small = block_get(FIRST_BLOCK);
        if (small) {
            gx_free(arena->newest);
            arena->newest = small;
        }
    }
}

gx_status gx_arena_status(const gx_arena *arena) {
    return arena->failed ? GX_NO_MEMORY : GX_OK;
}

size_t gx_arena_bytes(const gx_arena *arena) {
    return arena->total;
}

static bool grow(gx_arena *arena, size_t bytes) {
    size_t size = arena->newest->size * 2;
    if (size > LARGEST_BLOCK) {
        size = LARGEST_BLOCK;
    }
    if (size < bytes) {
        size = bytes;
    }
    block *made = block_get(size);
    if (!made) {
        arena->failed = true;
        return false;
    }
    made->next = arena->newest;
    arena->newest = made;
    return true;
}

void *gx_arena_get(gx_arena *arena, size_t bytes) {
    if (arena->failed || bytes > SIZE_MAX - ALIGNMENT) {
        arena->failed = true;
        return NULL;
    }
    size_t need = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (arena->newest->size - arena->newest->used < need && !grow(arena, need)) {
        return NULL;
    }
    void *at = arena->newest->bytes + arena->newest->used;
    arena->newest->used += need;
    arena->total += need;
    return at;
}

char *gx_arena_printf(gx_arena *arena, const char *format, ...) {
    va_list list;
    va_start(list, format);
    int size = vsnprintf(NULL, 0, format, list);
    va_end(list);
    char *text = size < 0 ? NULL : gx_arena_get(arena, (size_t)size + 1);
    if (text) {
        va_start(list, format);
        vsnprintf(text, (size_t)size + 1, format, list);
        va_end(list);
    }
    return text;
}
