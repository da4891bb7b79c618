#include "engine/kernel/msbfs.h"

enum {
    WIDE = GX__LANES / 64,
    LOOK_EVERY = 256,
    FORWARD_COST = 4 /* of a tie looked at forwards, in ties backwards, which often end early */
};

/* Counts of bits are an instruction of every processor of the last decade, but not of the oldest
 * x86-64; the loops that need them are compiled for both. They work on whole numbers only.
 * Sanitizers run before the choice could be made. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__POPCNT__) &&                       \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define CLONES __attribute__((target_clones("avx2", "popcnt", "default")))
#else
#define CLONES
#endif

typedef struct step {
    gx__msbfs *work;
    const gx__paths *paths;
    const uint64_t *full; /* bits of all searches */
    uint32_t level;
    gx__msbfs_visit visit;
    void *user;
    gx_job *job;
} step;

gx_status gx__msbfs_init(gx__msbfs *out, uint32_t n, uint32_t lanes, gx_job *job, gx_error *err) {
    gx__msbfs work = {.n = n, .words = lanes > 64 ? WIDE : 1};
    size_t words = (size_t)n * work.words;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &work.seen, words, sizeof *work.seen, err));
    GX_TRY(gx_job_alloc(job, &work.front, words, sizeof *work.front, err));
    GX_TRY(gx_job_alloc(job, &work.next, words, sizeof *work.next, err));
    GX_TRY(gx_job_alloc(job, &work.list[0], n, sizeof *work.list[0], err));
    GX_TRY(gx_job_alloc(job, &work.list[1], n, sizeof *work.list[1], err));
    *out = work;
    return GX_OK;
done:
    gx__msbfs_finish(&work, job);
    return status;
}

uint64_t gx__msbfs_bytes(uint32_t n, uint32_t lanes) {
    return (uint64_t)n * (3 * sizeof(uint64_t) * (lanes > 64 ? WIDE : 1) + 2 * sizeof(uint32_t));
}

void gx__msbfs_finish(gx__msbfs *work, gx_job *job) {
    gx_job_free(job, work->seen);
    gx_job_free(job, work->front);
    gx_job_free(job, work->next);
    gx_job_free(job, work->list[0]);
    gx_job_free(job, work->list[1]);
    *work = (gx__msbfs){0};
}

/* ---- a level -------------------------------------------------------------------------------- */

/* What is new among next[v]: kept there, seen, told. */
static inline void arrive(const step *s, uint32_t v, uint32_t words) {
    uint64_t *next = s->work->next + (size_t)v * words, *seen = s->work->seen + (size_t)v * words;
    uint32_t searches = 0;
    for (uint32_t w = 0; w < words; w++) {
        next[w] &= ~seen[w];
        seen[w] |= next[w];
        searches += (uint32_t)__builtin_popcountll(next[w]);
    }
    if (searches) {
        s->work->list[1][s->work->count[1]++] = v;
        s->visit(s->user, v, s->level, searches);
    }
}

static inline void forwards(const step *s, uint32_t words) {
    gx__msbfs *work = s->work;
    const gx__rows_view *out = &s->paths->out;
    uint32_t touched = 0, *list = work->list[1];
    for (uint32_t i = 0; i < work->count[0]; i++) {
        uint32_t v = work->list[0][i];
        const uint64_t *front = work->front + (size_t)v * words;
        if (i % LOOK_EVERY == LOOK_EVERY - 1 && gx_job_should_stop(s->job)) {
            break;
        }
        for (uint64_t k = out->ptr[v]; k < out->ptr[v + 1]; k++) {
            uint64_t *next = work->next + (size_t)out->end[k] * words;
            uint64_t before = 0, after = 0;
            for (uint32_t w = 0; w < words; w++) {
                before |= next[w];
                next[w] |= front[w];
                after |= next[w];
            }
            if (!before && after) {
                list[touched++] = out->end[k];
            }
        }
    }
    for (uint32_t i = 0; i < touched; i++) { /* the list is written again, never ahead of i */
        arrive(s, list[i], words);
    }
}

static inline void backwards(const step *s, uint32_t words) {
    gx__msbfs *work = s->work;
    const gx__rows_view *in = &s->paths->in;
    for (uint32_t v = 0; v < work->n; v++) {
        const uint64_t *seen = work->seen + (size_t)v * words;
        uint64_t left[WIDE], missing = 0;
        for (uint32_t w = 0; w < words; w++) {
            left[w] = s->full[w] & ~seen[w];
            missing |= left[w];
        }
        if (v % LOOK_EVERY == 0 && gx_job_should_stop(s->job)) {
            break;
        }
        if (!missing) {
            continue;
        }
        for (uint64_t k = in->ptr[v]; k < in->ptr[v + 1] && missing; k++) {
            const uint64_t *front = work->front + (size_t)in->end[k] * words;
            missing = 0;
            for (uint32_t w = 0; w < words; w++) {
                left[w] &= ~front[w];
                missing |= left[w];
            }
        }
        uint64_t *next = work->next + (size_t)v * words;
        for (uint32_t w = 0; w < words; w++) {
            next[w] = s->full[w] & ~left[w];
        }
        arrive(s, v, words);
    }
}

CLONES static void forwards_narrow(const step *s) {
    forwards(s, 1);
}

CLONES static void forwards_wide(const step *s) {
    forwards(s, WIDE);
}

CLONES static void backwards_narrow(const step *s) {
    backwards(s, 1);
}

CLONES static void backwards_wide(const step *s) {
    backwards(s, WIDE);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static void start(step *s, uint64_t *full, const uint32_t *source, const uint16_t *lane,
                  uint32_t count) {
    gx__msbfs *work = s->work;
    memset(work->seen, 0, (size_t)work->n * work->words * sizeof *work->seen);
    memset(work->front, 0, (size_t)work->n * work->words * sizeof *work->front);
    memset(work->next, 0, (size_t)work->n * work->words * sizeof *work->next);
    work->count[0] = work->count[1] = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bit = lane ? lane[i] : i, v = source[i];
        uint64_t *front = work->front + (size_t)v * work->words, any = 0;
        for (uint32_t w = 0; w < work->words; w++) {
            any |= front[w];
        }
        if (!any) {
            work->list[0][work->count[0]++] = v;
        }
        front[bit / 64] |= (uint64_t)1 << bit % 64;
        full[bit / 64] |= (uint64_t)1 << bit % 64;
        work->seen[(size_t)v * work->words + bit / 64] |= (uint64_t)1 << bit % 64;
    }
}

static uint64_t ties_ahead(const step *s) {
    uint64_t ties = 0;
    for (uint32_t i = 0; i < s->work->count[0]; i++) {
        ties += gx__row_length(&s->paths->out, s->work->list[0][i]);
    }
    return ties;
}

/* next becomes front, and what was front is cleared for next. */
static void turn(gx__msbfs *work) {
    uint64_t *front = work->front;
    uint32_t *list = work->list[0];
    for (uint32_t i = 0; i < work->count[0]; i++) {
        memset(front + (size_t)list[i] * work->words, 0, work->words * sizeof *front);
    }
    work->front = work->next;
    work->next = front;
    work->list[0] = work->list[1];
    work->list[1] = list;
    work->count[0] = work->count[1];
    work->count[1] = 0;
}

void gx__msbfs_run(gx__msbfs *work, const gx__paths *paths, const uint32_t *source,
                   const uint16_t *lane, uint32_t count, gx__msbfs_visit visit, void *user,
                   gx_job *job) {
    uint64_t full[WIDE] = {0};
    step s = {work, paths, full, 0, visit, user, job};
    start(&s, full, source, lane, count);
    while (work->count[0] && !gx_job_should_stop(job)) {
        s.level++;
        bool back = paths->in.ptr && ties_ahead(&s) * FORWARD_COST > paths->m + work->n;
        if (back) {
            (work->words == 1 ? backwards_narrow : backwards_wide)(&s);
        } else {
            (work->words == 1 ? forwards_narrow : forwards_wide)(&s);
        }
        turn(work);
    }
}
