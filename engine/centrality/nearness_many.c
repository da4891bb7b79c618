/* Counts are kept as binary numbers whose k-th digits lie side by side, one bit a search, so that
 * one addition of words serves 64 searches. Sixteen arrivals are added to each other first, in a
 * tree of full adders, and only their sum of sixteens runs on through the higher digits (Harley and
 * Seal; Warren, Hacker's Delight, 2nd edition, section 5-1). */
#include "engine/centrality/nearness_many.h"

enum { SIXTEENS = 4 };

static uint32_t lanes_of(uint32_t n) {
    return n < GX__LANES ? n : GX__LANES;
}

gx_status gx__many_init(gx__many *out, const gx__nearness *a, gx_error *err) {
    *out = (gx__many){.a = a};
    return gx__msbfs_init(&out->searches, a->n, lanes_of(a->n), a->job, err);
}

void gx__many_finish(gx__many *many, gx_job *job) {
    gx__msbfs_finish(&many->searches, job);
}

uint64_t gx__many_bytes(uint32_t n) {
    return gx__msbfs_bytes(n, lanes_of(n)) + sizeof(gx__many);
}

/* a + b + c: `a` gets the ones; returns the twos. */
static inline gx__many_bits add3(gx__many_bits *a, const gx__many_bits *b, const gx__many_bits *c) {
    gx__many_bits twos;
    for (int w = 0; w < GX__MANY_WORDS; w++) {
        uint64_t either = a->word[w] ^ b->word[w];
        twos.word[w] = (a->word[w] & b->word[w]) | (either & c->word[w]);
        a->word[w] = either ^ c->word[w];
    }
    return twos;
}

/* Adds what is kept; pairs of a digit make one of the next, as long as there are pairs. */
static void count_kept(gx__many *m) {
    uint32_t count = m->kept;
    for (uint32_t i = count; i < GX__MANY_KEPT; i++) {
        m->keep[i] = (gx__many_bits){{0}};
    }
    count = GX__MANY_KEPT;
    for (int d = 0; d < SIXTEENS; d++) {
        count /= 2;
        for (uint32_t i = 0; i < count; i++) {
            m->keep[i] = add3(&m->digit[d], &m->keep[2 * i], &m->keep[2 * i + 1]);
        }
    }
    gx__many_bits carry = m->keep[0];
    for (int d = SIXTEENS; d < GX__MANY_DIGITS; d++) {
        uint64_t any = 0;
        for (int w = 0; w < GX__MANY_WORDS; w++) {
            uint64_t both = m->digit[d].word[w] & carry.word[w];
            m->digit[d].word[w] ^= carry.word[w];
            carry.word[w] = both;
            any |= both;
        }
        if (!any) {
            break;
        }
    }
    m->kept = 0;
}

/* The counts of a level into the sums. */
static void end_level(gx__many *m) {
    const double distance = m->level;
    count_kept(m);
    for (uint32_t i = 0; i < m->count; i++) {
        uint64_t size = 0;
        for (int d = 0; d < GX__MANY_DIGITS; d++) {
            size |= (m->digit[d].word[i / 64] >> i % 64 & 1) << d;
        }
        m->reached[i] += (double)size;
        m->sum[i] += m->a->harmonic ? (double)size / distance : (double)size * distance;
    }
    memset(m->digit, 0, sizeof m->digit);
}

static void visit(void *user, uint32_t v, uint32_t level, uint32_t searches) {
    gx__many *m = user;
    const uint32_t words = m->searches.words;
    (void)searches;
    if (level != m->level) {
        if (m->level) {
            end_level(m);
        }
        m->level = level;
    }
    gx__many_bits *kept = &m->keep[m->kept++];
    *kept = (gx__many_bits){{0}};
    memcpy(kept->word, m->searches.next + (size_t)v * words, words * sizeof *kept->word);
    if (m->kept == GX__MANY_KEPT) {
        count_kept(m);
    }
}

void gx__many_run(gx__many *m) {
    for (uint32_t i = 0; i < m->count; i++) {
        m->sum[i] = m->reached[i] = 0;
    }
    m->level = m->kept = 0;
    memset(m->digit, 0, sizeof m->digit);
    gx__msbfs_run(&m->searches, &m->a->paths, m->member, NULL, m->count, visit, m, m->a->job);
    if (m->level) {
        end_level(m);
    }
}
