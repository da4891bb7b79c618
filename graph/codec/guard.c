/* The guard: one walk over a MessagePack object that allocates nothing and believes nothing.
 *
 * msgpack-c trusts the count in a header: six bytes can ask it for 128 GiB. The walk keeps one
 * number that makes every lie visible at once: `owed`, the elements announced and not yet seen.
 * Each of them takes at least a byte, so position + owed is the least length the object can have.
 * When that passes the limit the object is refused, however few of its bytes have come; when it
 * passes what is there, the object is partial, and that length is what to wait for.
 *
 * Time O(elements), memory: one counter a level of nesting. A peer that sends a frame of B bytes a
 * byte at a time makes a caller who waits for the length given walk O(B log B) elements in all, not
 * O(B²), since the length owed shrinks by a share at every walk. */
#include "graph/codec/codec.h"

#include <assert.h>

typedef enum kind { SCALAR, BLOB, LIST, MAP, BAD } kind;

typedef struct head {
    uint8_t kind;
    uint8_t field; /* bytes of the length or count after the tag */
    uint8_t extra; /* fixed bytes after that: the payload of a scalar, the type of an ext */
} head;

/* Tags 0xc0 to 0xdf in order, from the MessagePack specification. */
static const head heads[32] = {
    {SCALAR, 0, 0},  {BAD, 0, 0},    {SCALAR, 0, 0}, {SCALAR, 0, 0}, /* nil, never used, booleans */
    {BLOB, 1, 0},    {BLOB, 2, 0},   {BLOB, 4, 0},                   /* bin 8, 16, 32 */
    {BLOB, 1, 1},    {BLOB, 2, 1},   {BLOB, 4, 1},                   /* ext 8, 16, 32 */
    {SCALAR, 0, 4},  {SCALAR, 0, 8},                                 /* float 32, 64 */
    {SCALAR, 0, 1},  {SCALAR, 0, 2}, {SCALAR, 0, 4}, {SCALAR, 0, 8}, /* uint 8 to 64 */
    {SCALAR, 0, 1},  {SCALAR, 0, 2}, {SCALAR, 0, 4}, {SCALAR, 0, 8}, /* int 8 to 64 */
    {SCALAR, 0, 2},  {SCALAR, 0, 3}, {SCALAR, 0, 5}, {SCALAR, 0, 9}, /* fixext 1 to 8 */
    {SCALAR, 0, 17},                                                 /* fixext 16 */
    {BLOB, 1, 0},    {BLOB, 2, 0},   {BLOB, 4, 0},                   /* str 8, 16, 32 */
    {LIST, 2, 0},    {LIST, 4, 0},   {MAP, 2, 0},    {MAP, 4, 0},
};

typedef struct walk {
    const unsigned char *data;
    size_t size, position;
    uint64_t owed;     /* elements announced and not yet seen */
    uint64_t elements; /* announced in all */
    uint32_t depth;
    uint64_t left[GX_PACK_DEPTH_CAP]; /* elements still to come at each level */
    size_t least;                     /* the least length, when partial */
    const gx_pack_limits *limits;
    gx_error *err;
} walk;

/* The status is in the error already. */
static gx_guard_verdict refuse(gx_status status) {
    (void)status;
    return GX_GUARD_REFUSED;
}

/* Are `bytes` more there? The limit is asked about one more for each other element owed. */
static gx_guard_verdict need(walk *w, uint64_t bytes) {
    uint64_t least = w->position + bytes + (w->owed - 1);
    if (least > w->limits->bytes_max) {
        return refuse(
            gx_fail(w->err, GX_OVER_LIMIT,
                    "a MessagePack object of %llu bytes or more; at most %zu are accepted",
                    (unsigned long long)least, w->limits->bytes_max));
    }
    if (w->position + bytes > w->size) {
        w->least = (size_t)least;
        return GX_GUARD_PARTIAL;
    }
    return GX_GUARD_WHOLE;
}

static uint64_t big_endian(const unsigned char *at, unsigned bytes) {
    uint64_t number = 0;
    for (unsigned i = 0; i < bytes; i++) {
        number = number << 8 | at[i];
    }
    return number;
}

/* The head of the element at the position, and its length or count. */
static head read_head(const walk *w, uint64_t *out_number) {
    unsigned tag = w->data[w->position];
    *out_number = 0;
    if (tag < 0x80 || tag >= 0xe0) {
        return (head){SCALAR, 0, 0};
    }
    if (tag >= 0xc0) {
        return heads[tag - 0xc0];
    }
    if (tag >= 0xa0) {
        *out_number = tag & 0x1f;
        return (head){BLOB, 0, 0};
    }
    *out_number = tag & 0x0f;
    return (head){tag >= 0x90 ? LIST : MAP, 0, 0};
}

static gx_guard_verdict enter(walk *w, uint64_t count) {
    w->elements += count;
    if (w->elements > w->limits->elements_max) {
        return refuse(
            gx_fail(w->err, GX_OVER_LIMIT,
                    "a MessagePack object of %llu elements or more; at most %u are accepted",
                    (unsigned long long)w->elements, w->limits->elements_max));
    }
    if (w->depth >= w->limits->depth_max) {
        return refuse(gx_fail(w->err, GX_OVER_LIMIT,
                              "a MessagePack object nested deeper than %u levels",
                              w->limits->depth_max));
    }
    if (count) {
        w->owed += count;
        w->left[w->depth++] = count;
    }
    return GX_GUARD_WHOLE;
}

/* One element: its head, its payload, or the promise of its entries. */
static gx_guard_verdict step(walk *w) {
    gx_guard_verdict verdict = need(w, 1);
    if (verdict != GX_GUARD_WHOLE) {
        return verdict;
    }
    uint64_t number;
    head h = read_head(w, &number);
    if (h.kind == BAD) {
        return refuse(gx_fail(w->err, GX_BAD_REQUEST, "byte 0xc1 at offset %zu is not MessagePack",
                              w->position));
    }
    size_t length = 1u + h.field + h.extra;
    verdict = need(w, length);
    if (verdict != GX_GUARD_WHOLE) {
        return verdict;
    }
    if (h.field) {
        number = big_endian(w->data + w->position + 1, h.field);
    }
    if (h.kind == BLOB) {
        verdict = need(w, length + number);
        if (verdict != GX_GUARD_WHOLE) {
            return verdict;
        }
        length += (size_t)number;
    }
    w->position += length;
    w->owed--;
    if (w->depth) {
        w->left[w->depth - 1]--;
    }
    if (h.kind == LIST || h.kind == MAP) {
        verdict = enter(w, h.kind == MAP ? 2 * number : number);
    }
    while (w->depth && w->left[w->depth - 1] == 0) {
        w->depth--;
    }
    return verdict;
}

gx_guard_verdict gx_guard_walk(size_t *out_size, const void *data, size_t size,
                               const gx_pack_limits *limits, gx_error *err) {
    assert(limits->depth_max <= GX_PACK_DEPTH_CAP);
    walk w = {.data = data, .size = size, .owed = 1, .limits = limits, .err = err};
    while (w.owed) {
        gx_guard_verdict verdict = step(&w);
        if (verdict == GX_GUARD_PARTIAL) {
            *out_size = w.least;
        }
        if (verdict != GX_GUARD_WHOLE) {
            return verdict;
        }
    }
    *out_size = w.position;
    return GX_GUARD_WHOLE;
}
