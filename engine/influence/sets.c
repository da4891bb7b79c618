#include "engine/influence/sets.h"

#include "engine/kernel/parallel.h"
#include "engine/kernel/room.h"

#include <math.h>

enum {
    BLOCK = 64,      /* sets drawn by one thread in a row; */
    BLOCK_LARGE = 4, /* where they are large or nobody knows, unless they are many; */
    LARGE = 64,      /* members of a large set */
    MANY = 1 << 16,
    WAVE_ENTRIES = 1 << 24, /* or so at the most, between two looks at the room left */
    GROWS = 8,
    WAVE_LEAST = 8, /* blocks */
    AHEAD = 24,     /* entries whose places are asked for before they are written to */
    TURN_ENTRIES = 1 << 13,
    TURNS = 8,    /* of each thread in a wave, at least */
    SPREADERS = 8 /* threads that put entries into order, each with a count for every member */
};

/* A thread's own, in lines of the cache that nobody else writes to. */
typedef struct drawer {
    gx__backward back;
    uint32_t *node; /* of the block that is drawn */
    uint64_t room, count;
    uint32_t ends[BLOCK * GX__EACH], kept;
    uint32_t *alone; /* n: sets of one */
    gx__slabs slabs; /* where blocks lie */
    gx_error err;
    gx_status status;
} drawer;

struct gx__drawing {
    const gx_chances *chances;
    const gx__roots *roots;
    gx_job *job;
    uint64_t first; /* of the sets that are drawn now */
    uint32_t count;
    uint32_t block_sets;
    gx__block **blocks;
    uint32_t block_count;
    gx__drawn before; /* earlier */
    drawer *drawers;
    void (*beside)(void *user); /* to be done yet */
    void *beside_user;
};

/* ---- one block ------------------------------------------------------------------------------- */

/* A set that is whole joins its block, unless it is its root alone. */
static gx_status keep_set(void *user, const uint32_t *node, uint64_t members, gx_error *err) {
    drawer *own = user;
    const uint64_t count = own->count + members;
    if (members == 1) {
        own->alone[*node]++;
        return GX_OK;
    }
    const gx_status status = gx__numbers_grow(&own->node, &own->room, count, own->back.job, err);
    if (status != GX_OK) {
        return status;
    }
    memcpy(&own->node[own->count], node, members * sizeof *node);
    own->ends[own->kept++] = (uint32_t)count;
    own->count = count;
    return GX_OK;
}

static gx_status keep_block(gx__block **out, drawer *own, uint32_t sets, gx_job *job) {
    const uint32_t kept = own->kept;
    const size_t entries = own->count;
    const size_t bytes = sizeof(gx__block) + (entries + kept) * sizeof *own->node;
    gx__block *b;
    gx_status status = gx__slabs_take(&b, &own->slabs, bytes, own->slabs.bytes / 8, job, &own->err);
    if (status == GX_OK) {
        uint32_t *node = (uint32_t *)(void *)(b + 1);
        *b = (gx__block){.sets = sets, .kept = kept, .entries = entries, .node = node};
        b->end = node + entries;
        if (kept > 0) {
            memcpy(b->end, own->ends, kept * sizeof *own->ends);
            memcpy(b->node, own->node, entries * sizeof *b->node);
        }
        *out = b;
    }
    return status;
}

static void draw_block(gx__drawing *w, uint32_t which) {
    drawer *own = &w->drawers[gx_thread()];
    const uint64_t from = (uint64_t)which * w->block_sets, left = w->count - from;
    const uint32_t sets = left < w->block_sets ? (uint32_t)left : w->block_sets;
    own->count = own->kept = 0;
    own->status = gx__backward_draw(&own->back, w->first + from, sets, keep_set, own, &own->err);
    if (own->status == GX_OK) {
        own->status = gx_job_check(w->job, &own->err);
    }
    if (own->status == GX_OK) {
        own->status = keep_block(&w->blocks[which], own, sets, w->job);
    }
}

/* ---- by member ------------------------------------------------------------------------------- */

/* Thread t's share of the blocks. */
static uint32_t share_of(const gx__sets *sets, int t, int threads) {
    return (uint32_t)((uint64_t)sets->blocks * (uint64_t)t / (uint64_t)threads);
}

static void count_entries(const gx__sets *sets, uint64_t *count, int t, int threads) {
    for (uint32_t b = share_of(sets, t, threads); b < share_of(sets, t + 1, threads); b++) {
        for (uint64_t i = 0; i < sets->block[b]->entries; i++) {
            count[sets->block[b]->node[i]]++;
        }
    }
}

static void put_entries(gx__sets *sets, uint64_t *next, int t, int threads) {
    for (uint32_t b = share_of(sets, t, threads); b < share_of(sets, t + 1, threads); b++) {
        const gx__block *it = sets->block[b];
        uint64_t i = 0;
        for (uint32_t s = 0; s < it->kept; s++) {
            const uint32_t number = it->first + s;
            sets->root[number] = it->node[i];
            for (; i < it->end[s]; i++) {
                if (i + AHEAD < it->entries) {
                    __builtin_prefetch(&sets->set[next[it->node[i + AHEAD]]], 1);
                }
                sets->set[next[it->node[i]]++] = number;
            }
        }
    }
}

/* In `spread` (threads × n) how many entries of a member each thread has, and then where its next
 * goes. */
static uint64_t give_places(gx__sets *sets, uint64_t *spread, int threads) {
    const uint32_t n = sets->n;
    uint64_t sum = 0;
#pragma omp parallel for schedule(static, 1) num_threads(threads)
    for (int t = 0; t < threads; t++) {
        count_entries(sets, &spread[(size_t)n * (size_t)t], t, threads);
    }
    for (uint32_t v = 0; v < n; v++) {
        sets->ptr[v] = sum;
        for (int t = 0; t < threads; t++) {
            uint64_t *here = &spread[(size_t)n * (size_t)t + v], many = *here;
            *here = sum;
            sum += many;
        }
    }
    sets->ptr[n] = sum;
    return sum;
}

/* By member too; the blocks stay. */
static gx_status order_entries(gx__sets *sets, gx_job *job, gx_error *err) {
    const uint32_t n = sets->n;
    const int threads = job->threads < SPREADERS ? job->threads : SPREADERS;
    uint64_t *spread = NULL;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &sets->ptr, (size_t)n + 1, sizeof *sets->ptr, err));
    GX_TRY(gx_job_alloc(job, &spread, (size_t)n * (size_t)threads, sizeof *spread, err));
    const uint64_t entries = give_places(sets, spread, threads);
    GX_TRY(gx_job_alloc(job, &sets->root, sets->kept, sizeof *sets->root, err));
    GX_TRY(gx_job_alloc(job, &sets->set, entries, sizeof *sets->set, err));
    gx_wide_pages(sets->root, sets->kept * sizeof *sets->root);
    gx_wide_pages(sets->set, entries * sizeof *sets->set);
#pragma omp parallel for schedule(static, 1) num_threads(threads)
    for (int t = 0; t < threads; t++) {
        put_entries(sets, &spread[(size_t)n * (size_t)t], t, threads);
    }
    GX_TRY(gx_job_check(job, err));
done:
    gx_job_free(job, spread);
    return status;
}

static void drop_blocks(gx__sets *sets, gx_job *job) {
    gx_job_free(job, sets->block);
    gx__slabs_finish(&sets->slabs, job);
    sets->block = NULL;
    sets->blocks = 0;
}

gx_status gx__sets_turn(gx__sets *sets, gx_job *job, gx_error *err) {
    const gx_status status = order_entries(sets, job, err);
    if (status == GX_OK) {
        drop_blocks(sets, job);
    }
    return status;
}

/* ---- all ------------------------------------------------------------------------------------- */

static uint32_t blocks_of(uint32_t sets, uint32_t each) {
    return sets / each + (sets % each > 0);
}

/* Blocks of as many entries or so: many sets that are small, few that are large, which are shared
 * well among threads; of very many sets any are. */
static uint32_t block_sets_of(const gx__drawn *before, uint32_t most) {
    if (before->sets == 0) {
        return most < MANY ? BLOCK_LARGE : BLOCK;
    }
    if (before->entries >= LARGE * before->sets) {
        return BLOCK_LARGE;
    }
    return BLOCK * gx__drawn_each(before);
}

gx_status gx__drawing_create(gx__drawing **out, const gx_chances *chances, const gx__roots *roots,
                             uint32_t most, gx__drawn before, gx_job *job, gx_error *err) {
    gx__drawing *w = NULL;
    gx_status status = gx_job_alloc(job, &w, 1, sizeof *w, err);
    *out = w;
    if (status != GX_OK) {
        return status;
    }
    *w = (gx__drawing){.chances = chances, .roots = roots, .job = job, .before = before};
    w->block_sets = block_sets_of(&before, most);
    GX_TRY(gx_job_alloc(job, &w->blocks, blocks_of(most, w->block_sets), sizeof(gx__block *), err));
    GX_TRY(gx_job_alloc(job, &w->drawers, (size_t)job->threads, sizeof *w->drawers, err));
    for (int t = 0; t < job->threads; t++) {
        GX_TRY(gx__backward_init(&w->drawers[t].back, gx__chances_of(chances, (uint32_t)t), roots,
                                 job, err));
        GX_TRY(gx_job_alloc(job, &w->drawers[t].alone, chances->n, sizeof(uint32_t), err));
    }
done:
    if (status != GX_OK) {
        gx__drawing_destroy(w);
        *out = NULL;
    }
    return status;
}

void gx__drawing_beside(gx__drawing *w, void (*does)(void *user), void *user) {
    w->beside = does;
    w->beside_user = user;
}

void gx__drawing_destroy(gx__drawing *w) {
    if (!w) {
        return;
    }
    for (int t = 0; w->drawers && t < w->job->threads; t++) {
        gx__backward_finish(&w->drawers[t].back);
        gx_job_free(w->job, w->drawers[t].alone);
        gx__slabs_finish(&w->drawers[t].slabs, w->job);
        gx__numbers_drop(w->drawers[t].node, w->drawers[t].room, w->job);
    }
    gx_job_free(w->job, w->drawers);
    gx_job_free(w->job, w->blocks);
    gx_job_free(w->job, w);
}

/* Blocks to draw next: GROWS times as many sets as have been drawn, now and earlier, as far as
 * there is room for what they are likely to hold, and WAVE_LEAST on top, which share well. Threads
 * that fell asleep between two waves take a while to wake. */
static uint32_t next_wave(const gx__drawing *w, const gx__sets *now, uint32_t blocks,
                          uint64_t room) {
    const uint64_t left = room - now->entries < WAVE_ENTRIES ? room - now->entries : WAVE_ENTRIES;
    const double drawn = (double)(w->before.sets + now->count);
    const double held = (double)(w->before.entries + now->entries); /* a set has its root */
    const double fit = drawn > 0 ? (double)left / held * drawn : 0;
    const bool unknown = drawn <= 0 && w->block_sets > BLOCK_LARGE;
    const double wave = fmin(fit, GROWS * drawn) / w->block_sets + (unknown ? 1 : WAVE_LEAST);
    const uint32_t most = w->block_count - blocks;
    return wave < most ? (uint32_t)wave : most;
}

/* Blocks that a thread takes at a time: one where sets are large; where a block is drawn in a
 * microsecond, as many as keep threads from waiting for each other's. */
static int turn_of(const gx__drawing *w, const gx__sets *now, uint32_t wave) {
    const double drawn = (double)(w->before.sets + now->count);
    const double held = (double)(w->before.entries + now->entries);
    const double many = held > 0 ? TURN_ENTRIES * drawn / held / w->block_sets : 0;
    const double turn = fmin(many, (double)wave / (TURNS * w->job->threads));
    return turn > 1 ? (int)turn : 1;
}

/* `turn`: see turn_of. */
static gx_status draw_wave(gx__drawing *w, uint32_t from, uint32_t to, int turn, gx_error *err) {
    void (*beside)(void *user) = to == w->block_count ? w->beside : NULL;
    w->beside = beside ? NULL : w->beside;
#pragma omp parallel num_threads(w->job->threads)
    {
#pragma omp single nowait
        if (beside) {
            beside(w->beside_user);
        }
#pragma omp for schedule(dynamic, turn)
        for (uint32_t b = from; b < to; b++) {
            if (w->drawers[gx_thread()].status == GX_OK) {
                draw_block(w, b);
            }
        }
    }
    for (int t = 0; t < w->job->threads; t++) {
        if (w->drawers[t].status != GX_OK) {
            if (err) {
                *err = w->drawers[t].err;
            }
            return w->drawers[t].status;
        }
    }
    return GX_OK;
}

static void forget_drawn(gx__drawing *w) {
#pragma omp parallel for schedule(static, 1) num_threads(w->job->threads)
    for (int t = 0; t < w->job->threads; t++) { /* its own, in its core's cache */
        gx__slabs_reuse(&w->drawers[t].slabs);
        w->drawers[t].status = GX_OK;
        memset(w->drawers[t].alone, 0, w->chances->n * sizeof *w->drawers[t].alone);
    }
}

static gx_status count_alone(gx__sets *out, const gx__drawing *w, gx_error *err) {
    gx_status status = gx_job_alloc(w->job, &out->alone, out->n, sizeof *out->alone, err);
#pragma omp parallel for schedule(static) num_threads(w->job->threads)
    for (uint32_t v = 0; v < (status == GX_OK ? out->n : 0); v++) {
        for (int t = 0; t < w->job->threads; t++) {
            out->alone[v] += w->drawers[t].alone[v];
        }
    }
    return status;
}

/* The blocks are the sets' own from now on. */
static gx_status hand_over(gx__sets *out, gx__drawing *w, gx_error *err) {
    gx_status status = gx_job_alloc(w->job, &out->block, out->blocks, sizeof *out->block, err);
    if (status == GX_OK && out->blocks > 0) {
        memcpy(out->block, w->blocks, out->blocks * sizeof(gx__block *));
    }
    for (int t = 0; status == GX_OK && t < w->job->threads; t++) {
        gx__slabs_join(&out->slabs, &w->drawers[t].slabs);
    }
    return status;
}

static gx_status keep_drawn(gx__sets *out, gx__drawing *w, bool by_member, gx_error *err) {
    for (uint32_t b = 0; b < out->blocks; b++) {
        w->blocks[b]->first = out->kept;
        out->kept += w->blocks[b]->kept;
    }
    w->before.sets += out->count;
    w->before.kept += out->kept;
    w->before.entries += out->entries;
    if (!by_member) {
        return hand_over(out, w, err);
    }
    out->block = w->blocks;
    const gx_status status = order_entries(out, w->job, err);
    out->block = NULL;
    out->blocks = 0;
    return status;
}

gx_status gx__sets_draw(gx__sets *out, gx__drawing *w, uint64_t first, uint32_t count,
                        uint64_t room, bool by_member, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t blocks = 0;
    *out = (gx__sets){.n = w->chances->n};
    w->first = first;
    w->count = w->chances->n ? count : 0;
    w->block_count = blocks_of(w->count, w->block_sets);
    while (blocks < w->block_count && (out->entries < room || blocks == 0)) {
        const uint32_t to = blocks + next_wave(w, out, blocks, room);
        const int turn = turn_of(w, out, to - blocks);
        GX_TRY(draw_wave(w, blocks, to, turn, err));
        for (; blocks < to; blocks++) {
            const gx__block *b = w->blocks[blocks];
            out->entries += b->entries + (b->sets - b->kept);
            out->count += b->sets;
        }
        gx_job_tick(w->job, first + out->count);
    }
    out->blocks = blocks;
    GX_TRY(count_alone(out, w, err));
    GX_TRY(keep_drawn(out, w, by_member, err));
done:
    forget_drawn(w);
    if (status != GX_OK) {
        gx__sets_finish(out, w->job);
    }
    return status;
}

void gx__sets_finish(gx__sets *sets, gx_job *job) {
    drop_blocks(sets, job);
    gx_job_free(job, sets->ptr);
    gx_job_free(job, sets->set);
    gx_job_free(job, sets->root);
    gx_job_free(job, sets->alone);
    *sets = (gx__sets){0};
}
