#include "engine/influence/reach.h"

#include "engine/kernel/room.h"

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
            if (b % TURN != 0 || !gx_job_should_stop(job)) {
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

typedef struct sharing {
    const gx__sets *sets;
    size_t chunks;
    const gx__choice *choice;
    const uint64_t *is_seed;
    uint32_t *place; /* n: of a seed, in the choice */
    uint64_t *first; /* count: sets that begin at no seed, by the first they hold */
    uint64_t *begun; /* count: sets that begin at a seed, by that */
    double *worth;   /* count: of such a set */
} sharing;

static uint32_t first_place(walk *w, const uint32_t *place) {
    uint32_t first = GX_NONE;
    for (uint32_t v; (v = next_seed(w)) != GX_NONE;) {
        first = place[v] < first ? place[v] : first;
    }
    return first;
}

static void count_block(const sharing *s, walk w) {
    while (next_set(&w)) {
        const bool begins = is_root(&w);
        const uint32_t root = s->place[w.block->node[w.next]], first = first_place(&w, s->place);
        uint64_t *at = begins ? &s->begun[root] : &s->first[first];
#pragma omp atomic
        (*at)++;
    }
}

static gx_status count_all(const sharing *s, gx_job *job, gx_error *err) {
    for (size_t c = 0; c < s->chunks; c++) {
        const gx__sets *sets = &s->sets[c];
#pragma omp parallel for schedule(dynamic, TURN) num_threads(job->threads)
        for (uint32_t b = 0; b < sets->blocks; b++) {
            if (b % TURN != 0 || !gx_job_should_stop(job)) {
                count_block(s, walk_of(sets, b, s->is_seed));
            }
        }
    }
    return gx_job_check(job, err);
}

/* Those that begin at a seed are few; by number, so that sums are the same at any number of
 * threads. */
static void share_begun(double *gain, const sharing *s) {
    for (size_t c = 0; c < s->chunks; c++) {
        for (uint32_t b = 0; b < s->sets[c].blocks; b++) {
            walk w = {.block = s->sets[c].block[b], .is_seed = s->is_seed};
            for (uint32_t set = 0; set < w.block->kept; set++) {
                const uint64_t begins = set > 0 ? w.block->end[set - 1] : 0;
                const uint32_t root = w.block->node[begins];
                if (gx__bit_is_set(s->is_seed, root)) {
                    w.set = set;
                    w.next = begins;
                    gain[first_place(&w, s->place)] += s->worth[s->place[root]];
                }
            }
        }
        for (uint32_t i = 0; i < s->choice->count; i++) {
            gain[i] += s->sets[c].alone[s->choice->seed[i]] * s->worth[i];
        }
    }
}

static void share(double *gain, sharing *s, double each, const double *weight) {
    for (uint32_t i = 0; i < s->choice->count; i++) {
        const uint32_t v = s->choice->seed[i];
        const double own = weight ? weight[v] : 1;
        for (size_t c = 0; c < s->chunks; c++) {
            s->begun[i] += s->sets[c].alone[v];
        }
        s->worth[i] = s->begun[i] > 0 ? own / (double)s->begun[i] : 0;
        gain[i] = (double)s->first[i] * each + (s->begun[i] > 0 ? 0 : own);
    }
    share_begun(gain, s);
}

gx_status gx__reach_gains(double *gain, const gx__sets *sets, size_t chunks,
                          const gx__choice *choice, double each, const double *weight, gx_job *job,
                          gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t n = chunks > 0 ? sets->n : 0;
    uint64_t *is_seed = NULL;
    sharing s = {.sets = sets, .chunks = chunks, .choice = choice};
    GX_TRY(gx_job_alloc(job, &is_seed, n / 64 + 1, sizeof *is_seed, err));
    GX_TRY(gx_job_alloc(job, &s.place, n, sizeof *s.place, err));
    GX_TRY(gx_job_alloc(job, &s.first, choice->count, sizeof *s.first, err));
    GX_TRY(gx_job_alloc(job, &s.begun, choice->count, sizeof *s.begun, err));
    GX_TRY(gx_job_alloc(job, &s.worth, choice->count, sizeof *s.worth, err));
    if (n > 0) {
        mark(is_seed, choice);
        for (uint32_t i = 0; i < choice->count; i++) {
            s.place[choice->seed[i]] = i;
        }
    }
    s.is_seed = is_seed;
    GX_TRY(count_all(&s, job, err));
    share(gain, &s, each, weight);
done:
    gx_job_free(job, is_seed);
    gx_job_free(job, s.place);
    gx_job_free(job, s.first);
    gx_job_free(job, s.begun);
    gx_job_free(job, s.worth);
    return status;
}
