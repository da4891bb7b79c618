/* Sorting for bulk writes: least-significant-digit radix sort of (key, index) pairs, and words by
 * eight-byte groups on top of it. */
#include "graph/store/sort.h"

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, SMALL = 24 };

static void insertion_sort(gx__pair *pairs, size_t count) {
    for (size_t i = 1; i < count; i++) {
        gx__pair pair = pairs[i];
        size_t j = i;
        for (; j > 0 && pairs[j - 1].key > pair.key; j--) {
            pairs[j] = pairs[j - 1];
        }
        pairs[j] = pair;
    }
}

/* One stable pass by the digit at `shift`. */
static void scatter(gx__pair *to, const gx__pair *from, size_t count, unsigned shift) {
    size_t at[DIGITS] = {0};
    for (size_t i = 0; i < count; i++) {
        at[from[i].key >> shift & (DIGITS - 1)]++;
    }
    size_t sum = 0;
    for (size_t d = 0; d < DIGITS; d++) {
        size_t here = at[d];
        at[d] = sum;
        sum += here;
    }
    for (size_t i = 0; i < count; i++) {
        to[at[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
    }
}

void gx__sort_pairs(gx__pair *pairs, gx__pair *scratch, size_t count) {
    if (count <= SMALL) {
        insertion_sort(pairs, count);
        return;
    }
    uint64_t differing = 0;
    bool sorted = true;
    for (size_t i = 1; i < count; i++) {
        differing |= pairs[i].key ^ pairs[0].key;
        sorted &= pairs[i - 1].key <= pairs[i].key;
    }
    if (sorted) {
        return;
    }
    gx__pair *from = pairs, *to = scratch;
    for (unsigned shift = (unsigned)__builtin_ctzll(differing); shift < 64 && differing >> shift;
         shift += DIGIT_BITS) {
        if ((differing >> shift & (DIGITS - 1)) == 0) {
            continue;
        }
        scatter(to, from, count, shift);
        gx__pair *swap = from;
        from = to;
        to = swap;
    }
    if (from != pairs) {
        memcpy(pairs, from, count * sizeof *pairs);
    }
}

/* ---- words ------------------------------------------------------------------------------- */

/* Eight bytes of a word from `depth` on, zero past its end: as a number, in the order of memcmp. */
static uint64_t group(gx_slice word, size_t depth) {
    uint64_t bytes = 0;
    if (word.size > depth) {
        size_t left = word.size - depth;
        memcpy(&bytes, word.data + depth, left < sizeof bytes ? left : sizeof bytes);
    }
    return __builtin_bswap64(bytes);
}

static size_t common_prefix(const gx_slice *words, const gx__pair *pairs, size_t count,
                            size_t depth) {
    gx_slice first = words[pairs[0].index];
    size_t common = first.size;
    for (size_t i = 1; i < count && common > depth; i++) {
        gx_slice word = words[pairs[i].index];
        size_t limit = word.size < common ? word.size : common, same = depth;
        while (same < limit && word.data[same] == first.data[same]) {
            same++;
        }
        common = same;
    }
    return common;
}

/* Sorts words that agree up to `depth`. Depth grows by at least eight a level, and a word has at
 * most 255 bytes: 32 levels of recursion. */
static void sort_from(gx__pair *pairs, gx__pair *scratch, const gx_slice *words, size_t count,
                      size_t depth) {
    depth = common_prefix(words, pairs, count, depth);
    for (size_t i = 0; i < count; i++) {
        pairs[i].key = group(words[pairs[i].index], depth);
    }
    gx__sort_pairs(pairs, scratch, count);
    for (size_t from = 0, to; from < count; from = to) {
        to = from + 1;
        while (to < count && pairs[to].key == pairs[from].key) {
            to++;
        }
        /* Equal groups that end in a zero byte are equal words: nothing follows. */
        if (to - from > 1 && (pairs[from].key & 0xff) != 0) {
            sort_from(pairs + from, scratch, words, to - from, depth + sizeof(uint64_t));
        }
    }
}

gx_status gx__sort_words(uint32_t **out, const gx_slice *words, uint32_t count, gx_error *err) {
    gx__pair *pairs = gx_alloc(count, sizeof *pairs), *scratch = gx_alloc(count, sizeof *scratch);
    uint32_t *order = gx_alloc(count, sizeof *order);
    if (!pairs || !scratch || !order) {
        gx_free(pairs);
        gx_free(scratch);
        gx_free(order);
        return gx_fail_memory(err, (size_t)count * (2 * sizeof *pairs + sizeof *order));
    }
    for (uint32_t i = 0; i < count; i++) {
        pairs[i].index = i;
    }
    sort_from(pairs, scratch, words, count, 0);
    for (uint32_t i = 0; i < count; i++) {
        order[i] = pairs[i].index;
    }
    gx_free(pairs);
    gx_free(scratch);
    *out = order;
    return GX_OK;
}
