/* Checked, aligned, counted memory. Every block carries its size in the 64 bytes before it, so that
 * blocks stay cache-line aligned, leaks can be counted and the k-th request can be made to fail. */
#include "graph/base/base.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { HEAD_BYTES = GX_CACHE_LINE };

typedef struct head {
    size_t bytes; /* asked for, without the head */
    void *raw;    /* what libc gave */
} head;

static _Atomic uint64_t live_blocks, live_bytes;
static _Atomic uint64_t fail_countdown;

void gx_alloc_fail_at(uint64_t k) {
    atomic_store(&fail_countdown, k);
}

uint64_t gx_alloc_live_blocks(void) {
    return atomic_load(&live_blocks);
}

uint64_t gx_alloc_live_bytes(void) {
    return atomic_load(&live_bytes);
}

bool gx_mul_overflows(size_t a, size_t b) {
    size_t product;
    return __builtin_mul_overflow(a, b, &product);
}

static bool must_fail(void) {
    if (atomic_load_explicit(&fail_countdown, memory_order_relaxed) == 0) {
        return false;
    }
    return atomic_fetch_sub(&fail_countdown, 1) == 1;
}

static head *head_of(void *block) {
    return (head *)(void *)((char *)block - HEAD_BYTES);
}

static void count(int64_t blocks, int64_t bytes) {
    atomic_fetch_add_explicit(&live_blocks, (uint64_t)blocks, memory_order_relaxed);
    atomic_fetch_add_explicit(&live_bytes, (uint64_t)bytes, memory_order_relaxed);
}

static void *get(size_t count_, size_t size, bool clear) {
    size_t bytes, whole;
    if (__builtin_mul_overflow(count_, size, &bytes) ||
        __builtin_add_overflow(bytes, (size_t)(HEAD_BYTES + GX_CACHE_LINE), &whole) ||
        must_fail()) {
        return NULL;
    }
    /* calloc leaves fresh pages untouched: a large cleared array costs nothing until it is used. */
    char *raw = clear ? calloc(1, whole) : malloc(whole);
    if (!raw) {
        return NULL;
    }
    uintptr_t at =
        ((uintptr_t)raw + HEAD_BYTES + GX_CACHE_LINE - 1) & ~(uintptr_t)(GX_CACHE_LINE - 1);
    void *block = raw + (at - (uintptr_t)raw);
    *head_of(block) = (head){.bytes = bytes, .raw = raw};
    count(1, (int64_t)bytes);
    return block;
}

void *gx_alloc(size_t count_, size_t size) {
    return get(count_, size, false);
}

void *gx_alloc0(size_t count_, size_t size) {
    return get(count_, size, true);
}

void gx_free(void *block) {
    if (!block) {
        return;
    }
    head *h = head_of(block);
    count(-1, -(int64_t)h->bytes);
    free(h->raw);
}

void *gx_realloc(void *block, size_t count_, size_t size) {
    void *fresh = get(count_, size, false);
    if (!fresh || !block) {
        return fresh;
    }
    size_t old = head_of(block)->bytes, now = head_of(fresh)->bytes;
    memcpy(fresh, block, old < now ? old : now);
    gx_free(block);
    return fresh;
}

size_t gx_alloc_size(const void *block) {
    if (!block) {
        return 0;
    }
    head h;
    memcpy(&h, (const char *)block - HEAD_BYTES, sizeof h);
    return h.bytes;
}

void gx_wide_pages(void *at, size_t bytes) {
#ifdef MADV_HUGEPAGE
    enum { PAGE = 1 << 21 };
    char *from = at;
    const size_t skip = (PAGE - (uintptr_t)at % PAGE) % PAGE;
    if (bytes >= skip + PAGE) { /* the rest of a page may belong to somebody else */
        const int ignored = madvise(from + skip, (bytes - skip) / PAGE * PAGE, MADV_HUGEPAGE);
        (void)ignored;
    }
#else
    (void)at, (void)bytes;
#endif
}

char *gx_strdup(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = gx_alloc(size, 1);
    if (copy) {
        memcpy(copy, text, size);
    }
    return copy;
}
