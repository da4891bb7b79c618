#include "graph/csr/firsts.h"

#include <stdlib.h>

enum { CHUNK = 64, BLOCK = 1 << 16 };

/* What the result's arrays lie in; off any job's account. */
typedef struct block {
    uint64_t bytes;
    void *part[9];
    size_t parts;
} block;

static gx_status take(void *out_part, block *b, uint64_t count, size_t size, gx_error *err) {
    void *part = gx_alloc0(count ? count : 1, size);
    if (!part) {
        return gx_fail_memory(err, count * size);
    }
    b->part[b->parts++] = part;
    b->bytes += count * size;
    memcpy(out_part, &part, sizeof part);
    return GX_OK;
}

static void give(block *b) {
    for (size_t i = 0; b && i < b->parts; i++) {
        gx_free(b->part[i]);
    }
    gx_free(b);
}

/* By what was done, item, time and via: the first of each run is the one that counts. */
static int compare(const void *a, const void *b) {
    const gx_first_event *x = a, *y = b;
    if (x->passes != y->passes) {
        return x->passes ? 1 : -1;
    }
    if (x->item != y->item) {
        return x->item < y->item ? -1 : 1;
    }
    if (x->ts_ms != y->ts_ms) {
        return x->ts_ms < y->ts_ms ? -1 : 1;
    }
    return x->via < y->via ? -1 : x->via > y->via;
}

static bool is_first(const gx_first_event *row, uint64_t from, uint64_t i) {
    return i == from || row[i].passes != row[i - 1].passes || row[i].item != row[i - 1].item;
}

static gx_status check_events(uint32_t users, uint32_t items, uint64_t count,
                              gx_first_event *events, gx_job *job, gx_error *err) {
    for (uint64_t i = 0; i < count; i++) {
        if (i % BLOCK == 0 && gx_job_should_stop(job)) {
            break;
        }
        if (events[i].user >= users || events[i].item >= items) {
            return gx_fail(err, GX_BAD_REQUEST,
                           "event %llu: member %u, item %u; there are %u members and %u items",
                           (unsigned long long)i, events[i].user, events[i].item, users, items);
        }
        if (events[i].via == events[i].user) {
            events[i].via = GX_NONE;
        }
    }
    return gx_job_check(job, err);
}

typedef struct sorting {
    uint32_t users;
    uint64_t count;
    gx_first_event *event; /* by member */
    uint64_t *start;       /* users + 1 */
    gx_job *job;
} sorting;

/* Cycles each event to its member's place: in place, since a log is large. */
static void by_member(sorting *s, uint64_t *next) {
    for (uint64_t i = 0; i < s->count; i++) {
        s->start[s->event[i].user + 1]++;
    }
    for (uint32_t v = 0; v < s->users; v++) {
        s->start[v + 1] += s->start[v];
        next[v] = s->start[v];
    }
    for (uint32_t v = 0; v < s->users; v++) {
        while (next[v] < s->start[v + 1]) {
            gx_first_event *here = &s->event[next[v]];
            if (here->user == v) {
                next[v]++;
                continue;
            }
            gx_first_event *there = &s->event[next[here->user]++];
            const gx_first_event moved = *here;
            *here = *there;
            *there = moved;
        }
    }
}

static void sort_rows(const sorting *s) {
#pragma omp parallel for schedule(dynamic, CHUNK) num_threads(s->job->threads)
    for (uint32_t v = 0; v < s->users; v++) {
        const uint64_t count =
            s->start[v + 1] - s->start[v]; /* of nobody's events there are none */
        if (count > 1 && !gx_job_should_stop(s->job)) {
            qsort(s->event + s->start[v], count, sizeof *s->event, compare);
        }
    }
}

static gx_status fill(gx_first_rows *out, block *b, const sorting *s, bool passes, gx_error *err) {
    uint64_t *ptr, at = 0;
    uint32_t *item, *via;
    int64_t *ts;
    gx_status status;
    GX_TRY(take(&ptr, b, (uint64_t)s->users + 1, sizeof *ptr, err));
    for (uint32_t v = 0; v < s->users; v++) {
        for (uint64_t i = s->start[v]; i < s->start[v + 1]; i++) {
            out->count += s->event[i].passes == passes && is_first(s->event, s->start[v], i);
        }
        ptr[v + 1] = out->count;
    }
    GX_TRY(take(&item, b, out->count, sizeof *item, err));
    GX_TRY(take(&via, b, out->count, sizeof *via, err));
    GX_TRY(take(&ts, b, out->count, sizeof *ts, err));
    for (uint32_t v = 0; v < s->users; v++) {
        for (uint64_t i = s->start[v]; i < s->start[v + 1]; i++) {
            if (s->event[i].passes == passes && is_first(s->event, s->start[v], i)) {
                item[at] = s->event[i].item;
                via[at] = s->event[i].via;
                ts[at++] = s->event[i].ts_ms;
            }
        }
    }
    *out = (gx_first_rows){out->count, ptr, item, ts, via};
done:
    return status;
}

gx_status gx_firsts_build(gx_firsts *out, uint32_t users, uint32_t items, const int64_t *since,
                          uint64_t count, gx_first_event *events, gx_job *job, gx_error *err) {
    gx_status status;
    sorting s = {.users = users, .count = count, .event = events, .job = job};
    gx_firsts made = {.users = users, .items = items};
    uint64_t *next = NULL;
    block *b = gx_alloc0(1, sizeof *b);
    if (!b) {
        return gx_fail_memory(err, sizeof *b);
    }
    GX_TRY(check_events(users, items, count, events, job, err));
    GX_TRY(gx_job_alloc(job, &s.start, (size_t)users + 1, sizeof *s.start, err));
    GX_TRY(gx_job_alloc(job, &next, users, sizeof *next, err));
    by_member(&s, next);
    sort_rows(&s);
    GX_TRY(gx_job_check(job, err));
    GX_TRY(fill(&made.took, b, &s, false, err));
    GX_TRY(fill(&made.passed, b, &s, true, err));
    if (since) {
        int64_t *joined;
        GX_TRY(take(&joined, b, users, sizeof *joined, err));
        memcpy(joined, since, users * sizeof *joined);
        made.since = joined;
    }
    for (uint64_t i = 0; i < count; i++) {
        made.from_ms = i == 0 || events[i].ts_ms < made.from_ms ? events[i].ts_ms : made.from_ms;
        made.to_ms = i == 0 || events[i].ts_ms > made.to_ms ? events[i].ts_ms : made.to_ms;
    }
    made.owner = b;
    *out = made;
    b = NULL;
done:
    give(b);
    gx_job_free(job, next);
    gx_job_free(job, s.start);
    return status;
}

void gx_firsts_finish(gx_firsts *firsts) {
    block *b = firsts->owner;
    *firsts = (gx_firsts){0};
    give(b);
}

uint64_t gx_firsts_bytes(const gx_firsts *firsts) {
    const block *b = firsts->owner;
    return b ? b->bytes : 0;
}
