#include "engine/influence/sets.h"

#include "engine/kernel/parallel.h"
#include "engine/kernel/slabs.h"

#include <math.h>

enum {
    BLOCK = 64,      /* sets drawn by one thread in a row, at the most, */
    BLOCK_LARGE = 4, /* and where they are large or nobody knows, unless they are many */
    LARGE = 64,      /* members of a large set */
    MANY = 1 << 16,
    WAVE_ENTRIES = 1 << 24, /* or so at the most, between two looks at the room left */
    GROWS = 8,
    WAVE_LEAST = 8, /* blocks */
    LOOK = 1 << 16,
    TURN_ENTRIES = 1 << 13,
    TURNS = 8,    /* of each thread in a wave, at least */
    SPREADERS = 8 /* threads that put entries into order, each with a count for every member */
};

/* Sets of one block, one after the other; a set begins with its root. */
typedef struct block {
    uint32_t sets, kept; /* drawn, and of them those of two or more */
    uint32_t first;      /* number of the first of those */
    uint64_t entries;
    uint32_t *node, *end; /* of those; in a slab, with the block */
} block;

/* A thread's own, in lines of the cache that nobody else writes to. */
typedef struct drawer {
    _Alignas(GX_CACHE_LINE) uint64_t *seen; /* a bit a member */
    const gx_chances *chances;
    uint32_t *node;
    uint64_t room;
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
    block **blocks;
    uint32_t block_count;
    gx__drawn before; /* earlier */
    drawer *drawers;
    int spreaders;
    uint64_t *spread; /* spreaders × n: entries of a member, and where the next goes */
};

/* ---- roots ----------------------------------------------------------------------------------- */

gx_status gx__roots_make(gx__roots *out, const double *weight, uint32_t n, gx_job *job,
                         gx_error *err) {
    *out = (gx__roots){.n = n, .total = n};
    if (!weight) {
        return GX_OK;
    }
    gx_status status = gx_job_alloc(job, &out->owned, n, sizeof *out->owned, err);
    out->total = 0;
    for (uint32_t v = 0; status == GX_OK && v < n; v++) {
        if (!(weight[v] >= 0 && weight[v] < INFINITY)) {
            status = gx_fail(err, GX_BAD_REQUEST,
                             "a member weighs %g; accepted is 0 or more, finite", weight[v]);
        } else {
            out->owned[v] = out->total += weight[v];
        }
    }
    if (status == GX_OK && n > 0 && !(out->total > 0)) {
        status = gx_fail(err, GX_BAD_REQUEST, "nobody is to be reached: all weights are 0");
    }
    out->up = out->owned;
    if (status != GX_OK) {
        gx__roots_finish(out, job);
    }
    return status;
}

void gx__roots_finish(gx__roots *roots, gx_job *job) {
    gx_job_free(job, roots->owned);
    *roots = (gx__roots){0};
}

/* The first whose sum is above `place`: nobody of weight 0. */
static uint32_t root_of(const gx__roots *roots, gx__draws *d) {
    if (!roots->up) {
        return gx__draws_below(d, roots->n);
    }
    const double place = (double)(gx__draws_next(d) >> 11) * 0x1p-53 * roots->total;
    uint32_t low = 0, high = roots->n - 1;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (roots->up[middle] <= place) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ---- one set --------------------------------------------------------------------------------- */

static bool take(drawer *own, uint32_t v) {
    uint64_t *word = &own->seen[v / 64], bit = UINT64_C(1) << v % 64;
    const bool fresh = !(*word & bit);
    *word |= bit;
    return fresh;
}

static bool make_room(drawer *own, uint64_t count) {
    if (count <= own->room) {
        return true;
    }
    const uint64_t room = count + count / 2 + 1024;
    uint32_t *node = gx_realloc(own->node, room, sizeof *node);
    if (!node) {
        own->status = gx_fail_memory(&own->err, room * sizeof *node);
        return false;
    }
    own->node = node;
    own->room = room;
    return true;
}

/* Adds whom the cascade could have come from, behind the root at node[at]; where the set ends. A
 * seed passes on for sure, so whoever has an arc into the set is in it; it is walked on from those
 * alone who pass on what they get. */
static uint64_t spread_back(drawer *own, uint64_t at, gx__draws *d, gx_job *job) {
    const gx_chances *chances = own->chances;
    const gx__chance_rows *rows = &chances->heeds;
    uint64_t end = at + 1, looked = 0;
    for (uint64_t i = at; i < end; i++) {
        const uint32_t v = own->node[i];
        if (i > at && chances->passes && !(gx__draws_real(d) <= (double)chances->passes[v])) {
            continue;
        }
        gx__kept kept = gx__kept_of(rows, v);
        if (!make_room(own, end + (kept.to - kept.at))) {
            return end;
        }
        for (uint64_t arc; (arc = gx__kept_next(&kept, rows, d)) < kept.to;) {
            const uint32_t u = rows->node[arc];
            if (take(own, u)) {
                own->node[end++] = u;
            }
        }
        if (++looked % LOOK == 0 && gx_job_should_stop(job)) {
            return end;
        }
    }
    return end;
}

/* The same of thresholds: a walk back along the one kept arc of each. */
static uint64_t walk_back(drawer *own, uint64_t at, gx__draws *d) {
    const gx__chance_rows *rows = &own->chances->heeds;
    uint64_t end = at + 1;
    for (;;) {
        const uint32_t v = own->node[end - 1];
        const uint64_t arc = gx__kept_one(rows, v, d);
        if (arc == rows->ptr[v + 1] || !take(own, rows->node[arc]) || !make_room(own, end + 1)) {
            return end;
        }
        own->node[end++] = rows->node[arc];
    }
}

static gx_status keep_block(gx__drawing *w, uint32_t which, drawer *own, const uint32_t *end,
                            uint32_t kept, uint32_t sets) {
    const size_t entries = kept > 0 ? end[kept - 1] : 0;
    const size_t bytes = sizeof(block) + (entries + kept) * sizeof *own->node;
    block *b;
    gx_status status =
        gx__slabs_take(&b, &own->slabs, bytes, own->slabs.bytes / 8, w->job, &own->err);
    if (status == GX_OK) {
        uint32_t *node = (uint32_t *)(void *)(b + 1);
        *b = (block){.sets = sets, .kept = kept, .entries = entries, .node = node};
        b->end = node + entries;
        if (kept > 0) {
            memcpy(b->end, end, kept * sizeof *end);
            memcpy(b->node, own->node, entries * sizeof *b->node);
        }
        w->blocks[which] = b;
    }
    return status;
}

static void draw_block(gx__drawing *w, uint32_t which) {
    drawer *own = &w->drawers[gx_thread()];
    uint32_t ends[BLOCK], kept = 0;
    uint64_t end = 0;
    const uint64_t from = (uint64_t)which * w->block_sets, left = w->count - from;
    const uint32_t sets = left < w->block_sets ? (uint32_t)left : w->block_sets;
    for (uint32_t s = 0; s < sets && own->status == GX_OK; s++) {
        gx__draws d = gx__draws_of(w->job->seed, w->first + from + s);
        const uint64_t at = end;
        if (!make_room(own, end + 1)) {
            return;
        }
        own->node[at] = root_of(w->roots, &d);
        take(own, own->node[at]);
        end = own->chances->model == GX_SPREAD_CASCADE ? spread_back(own, at, &d, w->job)
                                                       : walk_back(own, at, &d);
        for (uint64_t i = at; i < end; i++) {
            own->seen[own->node[i] / 64] = 0;
        }
        if (end == at + 1) {
            own->alone[own->node[--end]]++;
        } else {
            ends[kept++] = (uint32_t)end;
        }
        if (end > UINT32_MAX || gx_job_should_stop(w->job)) {
            break;
        }
    }
    own->status = own->status != GX_OK ? own->status : gx_job_check(w->job, &own->err);
    if (own->status == GX_OK && end > UINT32_MAX) {
        own->status =
            gx_fail(&own->err, GX_OVER_LIMIT, "%u sets hold over 4,294,967,295 members", sets);
    }
    if (own->status == GX_OK) {
        own->status = keep_block(w, which, own, ends, kept, sets);
    }
}

/* ---- by member ------------------------------------------------------------------------------- */

/* Counts of thread t, for blocks [t, t + 1) · blocks / threads. */
static void count_entries(const gx__drawing *w, uint32_t blocks, uint64_t *count, int t,
                          int threads) {
    for (uint64_t b = (uint64_t)blocks * (uint64_t)t / (uint64_t)threads;
         b < (uint64_t)blocks * ((uint64_t)t + 1) / (uint64_t)threads; b++) {
        for (uint64_t i = 0; i < w->blocks[b]->entries; i++) {
            count[w->blocks[b]->node[i]]++;
        }
    }
}

static void put_entries(gx__sets *out, gx__drawing *w, uint32_t blocks, uint64_t *next, int t,
                        int threads) {
    for (uint64_t b = (uint64_t)blocks * (uint64_t)t / (uint64_t)threads;
         b < (uint64_t)blocks * ((uint64_t)t + 1) / (uint64_t)threads; b++) {
        block *it = w->blocks[b];
        uint64_t i = 0;
        for (uint32_t s = 0; s < it->kept; s++) {
            const uint32_t number = it->first + s;
            out->root[number] = it->node[i];
            for (; i < it->end[s]; i++) {
                out->set[next[it->node[i]]++] = number;
            }
        }
    }
}

static gx_status order_entries(gx__sets *out, gx__drawing *w, uint32_t blocks, gx_error *err) {
    const uint32_t n = out->n;
    const int threads = w->spreaders;
    gx_status status = GX_OK;
    uint64_t entries = 0;
    for (uint32_t b = 0; b < blocks; b++) {
        w->blocks[b]->first = out->kept;
        out->kept += w->blocks[b]->kept;
        entries += w->blocks[b]->entries;
    }
    GX_TRY(gx_job_alloc(w->job, &out->ptr, (size_t)n + 1, sizeof *out->ptr, err));
    GX_TRY(gx_job_alloc(w->job, &out->root, out->kept, sizeof *out->root, err));
    GX_TRY(gx_job_alloc(w->job, &out->set, entries, sizeof *out->set, err));
    gx_wide_pages(out->root, out->kept * sizeof *out->root);
    gx_wide_pages(out->set, entries * sizeof *out->set);
#pragma omp parallel for schedule(static, 1) num_threads(threads)
    for (int t = 0; t < threads; t++) {
        memset(&w->spread[(size_t)n * (size_t)t], 0, n * sizeof *w->spread);
        count_entries(w, blocks, &w->spread[(size_t)n * (size_t)t], t, threads);
    }
    uint64_t sum = 0;
    for (uint32_t v = 0; v < n; v++) {
        out->ptr[v] = sum;
        for (int t = 0; t < threads; t++) {
            uint64_t *here = &w->spread[(size_t)n * (size_t)t + v], many = *here;
            *here = sum;
            sum += many;
        }
    }
    out->ptr[n] = sum;
#pragma omp parallel for schedule(static, 1) num_threads(threads)
    for (int t = 0; t < threads; t++) {
        put_entries(out, w, blocks, &w->spread[(size_t)n * (size_t)t], t, threads);
    }
    GX_TRY(gx_job_check(w->job, err));
done:
    return status;
}

/* ---- all ------------------------------------------------------------------------------------- */

static uint32_t blocks_of(uint32_t sets, uint32_t each) {
    return sets / each + (sets % each > 0);
}

/* Whether blocks of many sets are shared well among threads; of very many sets any are. */
static bool are_small(const gx__drawn *before, uint32_t most) {
    return before->sets > 0 ? before->entries < LARGE * before->sets : most >= MANY;
}

gx_status gx__drawing_create(gx__drawing **out, const gx_chances *chances, const gx__roots *roots,
                             uint32_t most, gx__drawn before, gx_job *job, gx_error *err) {
    gx__drawing *w;
    gx_status status = gx_job_alloc(job, &w, 1, sizeof *w, err);
    *out = w;
    if (status != GX_OK) {
        return status;
    }
    *w = (gx__drawing){.chances = chances, .roots = roots, .job = job, .before = before};
    w->block_sets = are_small(&before, most) ? BLOCK : BLOCK_LARGE;
    w->spreaders = job->threads < SPREADERS ? job->threads : SPREADERS;
    GX_TRY(gx_job_alloc(job, &w->blocks, blocks_of(most, w->block_sets), sizeof(block *), err));
    GX_TRY(gx_job_alloc(job, &w->spread, (size_t)chances->n * (size_t)w->spreaders,
                        sizeof *w->spread, err));
    GX_TRY(gx_job_alloc(job, &w->drawers, (size_t)job->threads, sizeof *w->drawers, err));
    for (int t = 0; t < job->threads; t++) {
        w->drawers[t].chances = gx__chances_of(chances, (uint32_t)t);
        GX_TRY(gx_job_alloc(job, &w->drawers[t].seen, chances->n / 64 + 1, sizeof(uint64_t), err));
        GX_TRY(gx_job_alloc(job, &w->drawers[t].alone, chances->n, sizeof(uint32_t), err));
    }
done:
    if (status != GX_OK) {
        gx__drawing_destroy(w);
        *out = NULL;
    }
    return status;
}

void gx__drawing_destroy(gx__drawing *w) {
    if (!w) {
        return;
    }
    for (int t = 0; w->drawers && t < w->job->threads; t++) {
        gx_job_free(w->job, w->drawers[t].seen);
        gx_job_free(w->job, w->drawers[t].alone);
        gx__slabs_finish(&w->drawers[t].slabs, w->job);
        gx_free(w->drawers[t].node);
    }
    gx_job_free(w->job, w->drawers);
    gx_job_free(w->job, w->spread);
    gx_job_free(w->job, w->blocks);
    gx_job_free(w->job, w);
}

/* Blocks to draw next: GROWS times as many sets as have been drawn, now and earlier, as far as
 * there is room for what they are likely to hold. Threads that fell asleep between two waves take a
 * while to wake. */
static uint32_t next_wave(const gx__drawing *w, const gx__sets *now, uint32_t blocks,
                          uint64_t room) {
    const uint64_t left = room - now->entries < WAVE_ENTRIES ? room - now->entries : WAVE_ENTRIES;
    const double drawn = (double)(w->before.sets + now->count);
    const double held = (double)(w->before.entries + now->entries); /* a set has its root */
    const double fit = drawn > 0 ? (double)left / held * drawn : 0;
    const double wave = fmin(fit, GROWS * drawn) / w->block_sets + WAVE_LEAST;
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
#pragma omp parallel for schedule(dynamic, turn) num_threads(w->job->threads)
    for (uint32_t b = from; b < to; b++) {
        if (w->drawers[gx_thread()].status == GX_OK) {
            draw_block(w, b);
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
    for (int t = 0; status == GX_OK && t < w->job->threads; t++) {
        for (uint32_t v = 0; v < out->n; v++) {
            out->alone[v] += w->drawers[t].alone[v];
        }
    }
    return status;
}

gx_status gx__sets_draw(gx__sets *out, gx__drawing *w, uint64_t first, uint32_t count,
                        uint64_t room, gx_error *err) {
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
            const block *b = w->blocks[blocks];
            out->entries += b->entries + (b->sets - b->kept);
            out->count += b->sets;
        }
        gx_job_tick(w->job, first + out->count);
    }
    w->before.sets += out->count;
    w->before.entries += out->entries;
    GX_TRY(count_alone(out, w, err));
    GX_TRY(order_entries(out, w, blocks, err));
done:
    forget_drawn(w);
    if (status != GX_OK) {
        gx__sets_finish(out, w->job);
    }
    return status;
}

void gx__sets_finish(gx__sets *sets, gx_job *job) {
    gx_job_free(job, sets->ptr);
    gx_job_free(job, sets->set);
    gx_job_free(job, sets->root);
    gx_job_free(job, sets->alone);
    *sets = (gx__sets){0};
}
