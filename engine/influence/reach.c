#include "engine/influence/reach.h"

#include "engine/kernel/parallel.h"
#include "engine/kernel/room.h"
#include "graph/base/sorted.h"

#include <stdlib.h>

enum {
    TURN = 64 /* blocks */,
    AHEAD = 16 /* entries: a line of the cache */,
    CHOICES_OF_ALL = 1 << GX__CHOICES_MOST
};

/* ---- where seeds are ------------------------------------------------------------------------- */

/* A block gone through from set to set that holds a seed. Few members are seeds, and a bit for each
 * member stays in the nearest cache. */
typedef struct walk {
    const gx__block *block;
    const uint64_t *is_seed;
    uint64_t next; /* entry that is a seed, or the end */
    uint32_t set;
} walk;

static void to_seed(walk *w, uint64_t from) {
    const uint32_t *node = w->block->node;
    const uint64_t entries = w->block->entries;
    while (from < entries && !gx__bit_is_set(w->is_seed, node[from])) {
        from++;
    }
    w->next = from;
}

/* Of a block; the next one is asked for meanwhile. */
static walk walk_of(const gx__sets *sets, uint32_t which, const uint64_t *is_seed) {
    walk w = {.block = sets->block[which], .is_seed = is_seed};
    const gx__block *next = sets->block[which + 1 < sets->blocks ? which + 1 : which];
    for (uint64_t i = 0; i < next->entries + next->kept; i += AHEAD) {
        __builtin_prefetch(&next->node[i]);
    }
    to_seed(&w, 0);
    return w;
}

/* The set that the next seed is in, if there is one more. */
static bool next_set(walk *w) {
    while (w->next < w->block->entries && w->block->end[w->set] <= w->next) {
        w->set++;
    }
    return w->next < w->block->entries;
}

static bool is_root(const walk *w) {
    return w->next == (w->set > 0 ? w->block->end[w->set - 1] : 0);
}

/* The next seed of this set, GX_NONE after the last. */
static uint32_t next_seed(walk *w) {
    if (w->next >= w->block->end[w->set]) {
        return GX_NONE;
    }
    const uint32_t seed = w->block->node[w->next];
    to_seed(w, w->next + 1);
    return seed;
}

static void mark(uint64_t *is_seed, const gx__choice *choice) {
    for (uint32_t i = 0; i < choice->count; i++) {
        gx__bit_set(is_seed, choice->seed[i]);
    }
}

/* ---- counted --------------------------------------------------------------------------------- */

/* Sets by who of the choices has a seed in them, and by who has the one they begin at. */
typedef struct tally {
    uint64_t held[CHOICES_OF_ALL], begun[CHOICES_OF_ALL];
} tally;

static void look_at_block(tally *io, walk w, const uint8_t *whose) {
    while (next_set(&w)) {
        uint8_t held = 0;
        if (is_root(&w)) {
            io->begun[whose[w.block->node[w.next]]]++;
        }
        for (uint32_t v; (v = next_seed(&w)) != GX_NONE;) {
            held |= whose[v];
        }
        io->held[held]++;
    }
}

static void add_tally(gx__reached *io, const tally *of, size_t choices) {
    for (size_t k = 0; k < choices; k++) {
        for (size_t who = 0; who < CHOICES_OF_ALL; who++) {
            io[k].covered += who >> k & 1 ? of->held[who] : 0;
            io[k].begun += who >> k & 1 ? of->begun[who] : 0;
        }
    }
}

static void look_at_chunk(gx__reached *io, const gx__sets *sets, const uint64_t *is_seed,
                          const uint8_t *whose, size_t choices, gx_job *job) {
#pragma omp parallel num_threads(job->threads)
    {
        tally own = {0};
#pragma omp for schedule(dynamic, TURN) nowait
        for (uint32_t b = 0; b < sets->blocks; b++) {
            if (!gx_job_should_stop(job)) {
                look_at_block(&own, walk_of(sets, b, is_seed), whose);
            }
        }
#pragma omp critical(reach)
        add_tally(io, &own, choices);
    }
}

gx_status gx__reach_count(gx__reached *out, const gx__sets *sets, size_t chunks,
                          const gx__choice *choice, size_t choices, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t n = chunks > 0 ? sets->n : 0;
    uint64_t *is_seed = NULL;
    uint8_t *whose = NULL;
    memset(out, 0, choices * sizeof *out);
    GX_TRY(gx_job_alloc(job, &is_seed, n / 64 + 1, sizeof *is_seed, err));
    GX_TRY(gx_job_alloc(job, &whose, n, sizeof *whose, err));
    for (size_t k = 0; k < (n > 0 ? choices : 0); k++) {
        mark(is_seed, &choice[k]);
        for (uint32_t i = 0; i < choice[k].count; i++) {
            whose[choice[k].seed[i]] |= (uint8_t)(1u << k);
        }
    }
    for (size_t c = 0; c < chunks; c++) {
        look_at_chunk(out, &sets[c], is_seed, whose, choices, job);
        for (size_t k = 0; k < choices; k++) {
            for (uint32_t i = 0; i < choice[k].count; i++) {
                const uint32_t alone = sets[c].alone[choice[k].seed[i]];
                out[k].covered += alone;
                out[k].begun += alone;
            }
        }
    }
    GX_TRY(gx_job_check(job, err));
done:
    gx_job_free(job, is_seed);
    gx_job_free(job, whose);
    return status;
}

/* ---- shared ---------------------------------------------------------------------------------- */

/* A thread's own. */
typedef struct sharer {
    uint64_t *first; /* count: sets that begin at no seed, by the first they hold */
    uint64_t *begun; /* count: sets that begin at a seed, by that */
    uint32_t *later; /* of those that hold a seed before that one: the one, and the first */
    uint64_t laters, room;
    gx_error err;
    gx_status status;
} sharer;

typedef struct sharing {
    const gx__sets *sets;
    size_t chunks;
    const gx__choice *choice;
    uint64_t *is_seed;
    uint32_t *place; /* n: of a seed, in the choice */
    sharer *own;
    int threads;
    int64_t *later; /* of all threads, rising: the one in the upper half, the first in the lower */
    uint64_t laters;
    double *worth; /* count: of a set that begins there */
} sharing;

static void note_later(sharer *own, uint32_t root, uint32_t first, gx_job *job) {
    own->status = gx__numbers_grow(&own->later, &own->room, 2 * (own->laters + 1), job, &own->err);
    if (own->status == GX_OK) {
        own->later[2 * own->laters] = root;
        own->later[2 * own->laters + 1] = first;
        own->laters++;
    }
}

static void share_block(sharer *own, const uint32_t *place, walk w, gx_job *job) {
    while (own->status == GX_OK && next_set(&w)) {
        const bool begins = is_root(&w);
        const uint32_t root = place[w.block->node[w.next]];
        uint32_t first = root;
        for (uint32_t v; (v = next_seed(&w)) != GX_NONE;) {
            first = place[v] < first ? place[v] : first;
        }
        if (begins) {
            own->begun[root]++;
        } else {
            own->first[first]++;
        }
        if (begins && first != root) {
            note_later(own, root, first, job);
        }
    }
}

static gx_status look_at_all(sharing *s, gx_job *job, gx_error *err) {
    for (size_t c = 0; c < s->chunks; c++) {
        const gx__sets *sets = &s->sets[c];
#pragma omp parallel for schedule(dynamic, TURN) num_threads(s->threads)
        for (uint32_t b = 0; b < sets->blocks; b++) {
            if (!gx_job_should_stop(job)) {
                share_block(&s->own[gx_thread()], s->place, walk_of(sets, b, s->is_seed), job);
            }
        }
    }
    for (int t = 0; t < s->threads; t++) {
        if (s->own[t].status != GX_OK) {
            if (err) {
                *err = s->own[t].err;
            }
            return s->own[t].status;
        }
        s->laters += s->own[t].laters;
    }
    return gx_job_check(job, err);
}

/* What threads found, into the first one's. */
static gx_status join(sharing *s, gx_job *job, gx_error *err) {
    uint64_t at = 0;
    const gx_status status = gx_job_alloc(job, &s->later, s->laters, sizeof *s->later, err);
    for (int t = 0; status == GX_OK && t < s->threads; t++) {
        const sharer *own = &s->own[t];
        for (uint64_t i = 0; i < own->laters; i++) {
            s->later[at++] = (int64_t)((uint64_t)own->later[2 * i] << 32 | own->later[2 * i + 1]);
        }
        for (uint32_t i = 0; t > 0 && i < s->choice->count; i++) {
            s->own->first[i] += own->first[i];
            s->own->begun[i] += own->begun[i];
        }
    }
    if (at > 0) {
        qsort(s->later, at, sizeof *s->later, gx_by_i64);
    }
    return status;
}

/* Sums in one order, so that they are the same at any number of threads. */
static void share(double *gain, const sharing *s, double each, const double *weight) {
    uint64_t *begun = s->own->begun;
    for (uint32_t i = 0; i < s->choice->count; i++) {
        const uint32_t v = s->choice->seed[i];
        const double own = weight ? weight[v] : 1;
        for (size_t c = 0; c < s->chunks; c++) {
            begun[i] += s->sets[c].alone[v];
        }
        s->worth[i] = begun[i] > 0 ? own / (double)begun[i] : 0;
        gain[i] = (double)s->own->first[i] * each + (begun[i] > 0 ? 0 : own);
    }
    for (uint64_t k = 0; k < s->laters; k++) {
        const uint64_t both = (uint64_t)s->later[k];
        gain[(uint32_t)both] += s->worth[both >> 32];
        begun[both >> 32]--;
    }
    for (uint32_t i = 0; i < s->choice->count; i++) {
        gain[i] += (double)begun[i] * s->worth[i];
    }
}

static gx_status sharing_init(sharing *s, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t n = s->chunks > 0 ? s->sets->n : 0, count = s->choice->count;
    GX_TRY(gx_job_alloc(job, &s->is_seed, n / 64 + 1, sizeof *s->is_seed, err));
    GX_TRY(gx_job_alloc(job, &s->place, n, sizeof *s->place, err));
    GX_TRY(gx_job_alloc(job, &s->worth, count, sizeof *s->worth, err));
    GX_TRY(gx_job_alloc(job, &s->own, (size_t)s->threads, sizeof *s->own, err));
    for (int t = 0; t < s->threads; t++) {
        GX_TRY(gx_job_alloc(job, &s->own[t].first, count, sizeof *s->own[t].first, err));
        GX_TRY(gx_job_alloc(job, &s->own[t].begun, count, sizeof *s->own[t].begun, err));
    }
    if (n > 0) {
        mark(s->is_seed, s->choice);
        for (uint32_t i = 0; i < count; i++) {
            s->place[s->choice->seed[i]] = i;
        }
    }
done:
    return status;
}

static void sharing_finish(sharing *s, gx_job *job) {
    for (int t = 0; s->own && t < s->threads; t++) {
        gx_job_free(job, s->own[t].first);
        gx_job_free(job, s->own[t].begun);
        gx__numbers_drop(s->own[t].later, s->own[t].room, job);
    }
    gx_job_free(job, s->own);
    gx_job_free(job, s->is_seed);
    gx_job_free(job, s->place);
    gx_job_free(job, s->later);
    gx_job_free(job, s->worth);
}

gx_status gx__reach_gains(double *gain, const gx__sets *sets, size_t chunks,
                          const gx__choice *choice, double each, const double *weight, gx_job *job,
                          gx_error *err) {
    /* What threads have of their own is no more than the members come to. */
    const uint64_t most = (chunks > 0 ? sets->n : 0) / ((uint64_t)choice->count + 1) + 1;
    const int threads = most < (uint64_t)job->threads ? (int)most : job->threads;
    sharing s = {.sets = sets, .chunks = chunks, .choice = choice, .threads = threads};
    gx_status status = GX_OK;
    GX_TRY(sharing_init(&s, job, err));
    GX_TRY(look_at_all(&s, job, err));
    GX_TRY(join(&s, job, err));
    share(gain, &s, each, weight);
done:
    sharing_finish(&s, job);
    return status;
}
