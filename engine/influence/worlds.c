#include "engine/influence/worlds.h"

#include "engine/influence/simulate.h"
#include "engine/kernel/parallel.h"
#include "engine/kernel/room.h"

#include <math.h>

/* ---- one world ------------------------------------------------------------------------------- */

enum { SLAB_WORLDS = 32 };

/* What making a world takes, of one thread. */
typedef struct maker {
    const gx_chances *chances;
    gx__slabs slabs;
    gx__keepers *keepers; /* n / 64 + 1 */
    uint32_t count;       /* of keepers: those who keep arcs, in order */
    uint32_t *ptr;        /* n + 1: arcs of each keeper */
    uint32_t *next;       /* where they lead: members, or from n on keepers */
    uint64_t room;
    uint32_t *index, *low; /* n, of each keeper: Tarjan's */
    uint32_t *stack, *path;
    uint32_t *at;   /* the next arc to look at */
    uint32_t *knot; /* the keeper's */
    uint32_t knots;
    gx_error err;
    gx_status status;
} maker;

typedef struct making {
    gx__worlds *out;
    const gx_chances *chances;
    const double *weight;
    uint32_t first;
    gx_job *job;
    maker *makers;
    int threads;
} making;

/* The kept arcs of those who keep any, which lead to members. */
static bool keep_arcs(maker *m, const making *w, uint32_t run) {
    const gx__chance_rows *rows = &m->chances->heard;
    const uint64_t world = gx__world_of(w->job->seed, run);
    uint32_t end = 0;
    m->count = 0;
    for (uint32_t v = 0; v < w->chances->n; v++) {
        const uint32_t from = end;
        gx__kept kept = gx__kept_of(rows, v);
        gx__draws d = gx__draws_of(world, v);
        if (v % 64 == 0) {
            m->keepers[v / 64] = (gx__keepers){.before = m->count};
        }
        m->status =
            gx__numbers_grow(&m->next, &m->room, end + (kept.to - kept.at), w->job, &m->err);
        if (m->status != GX_OK) {
            return false;
        }
        for (uint64_t arc; (arc = gx__kept_next(&kept, rows, &d)) < kept.to;) {
            m->next[end++] = rows->node[arc];
        }
        if (end > from) {
            m->keepers[v / 64].bits |= UINT64_C(1) << v % 64;
            m->ptr[m->count++] = from;
        }
    }
    m->ptr[m->count] = end;
    return true;
}

static bool keeps(const gx__keepers *keepers, uint32_t v) {
    return keepers[v / 64].bits >> v % 64 & 1;
}

/* Who keeps arcs by number among those who do. */
static uint32_t keeper_of(const gx__keepers *keepers, uint32_t v) {
    const gx__keepers *here = &keepers[v / 64];
    const uint64_t below = (UINT64_C(1) << v % 64) - 1;
    return here->before + (uint32_t)__builtin_popcountll(here->bits & below);
}

/* Arcs to those who keep none lead on to nobody, so they tie no knots. */
static void find_keepers(maker *m, uint32_t n) {
    for (uint32_t i = 0; i < m->ptr[m->count]; i++) {
        const uint32_t v = m->next[i];
        m->next[i] = keeps(m->keepers, v) ? n + keeper_of(m->keepers, v) : v;
    }
}

/* Closes the knot whose first member is v: those on the stack from v on. */
static void close_knot(maker *m, uint32_t v, uint32_t *top) {
    uint32_t u;
    do {
        u = m->stack[--*top];
        m->knot[u] = m->knots;
        m->low[u] = GX_NONE; /* no longer on the stack */
    } while (u != v);
    m->knots++;
}

/* Strongly connected components of keepers, numbered so that arcs lead to lower numbers (Tarjan
 * 1972). */
static void tie_knots(maker *m, uint32_t n) {
    uint32_t found = 0, top = 0;
    m->knots = 0;
    memset(m->index, 0xff, m->count * sizeof *m->index);
    for (uint32_t root = 0; root < m->count; root++) {
        uint32_t depth = 0;
        if (m->index[root] != GX_NONE) {
            continue;
        }
        m->path[depth++] = root;
        m->index[root] = m->low[root] = found++;
        m->at[root] = m->ptr[root];
        m->stack[top++] = root;
        while (depth > 0) {
            const uint32_t v = m->path[depth - 1];
            if (m->at[v] < m->ptr[v + 1]) {
                const uint32_t place = m->next[m->at[v]++], u = place - n;
                if (place < n) {
                    continue;
                }
                if (m->index[u] == GX_NONE) {
                    m->index[u] = m->low[u] = found++;
                    m->at[u] = m->ptr[u];
                    m->stack[top++] = u;
                    m->path[depth++] = u;
                } else if (m->low[u] != GX_NONE && m->index[u] < m->low[v]) {
                    m->low[v] = m->index[u];
                }
                continue;
            }
            depth--;
            const uint32_t low = m->low[v];
            if (low == m->index[v]) {
                close_knot(m, v, &top);
            }
            if (depth > 0 && low < m->low[m->path[depth - 1]]) {
                m->low[m->path[depth - 1]] = low;
            }
        }
    }
}

/* Few worlds have a slab each: what is left of one is much beside them, and how many of them a
 * thread makes is by chance. */
static gx_status lay_out(gx__world *world, maker *m, const making *w, uint64_t arcs) {
    const uint32_t n = w->chances->n, made = (uint32_t)(world - w->out->world);
    const size_t left = (w->out->count - made) / (uint32_t)w->threads + 1; /* a thread */
    const size_t knots = m->knots, words = gx__world_words(n, m->knots);
    const size_t bytes = (n / 64 + 1) * sizeof *world->keepers + 8 * (knots + 2 * words) +
                         8 * (knots / 64 + 1) + 4 * ((size_t)m->count + knots + 1 + arcs);
    const bool many = w->out->count / SLAB_WORLDS >= (uint32_t)w->threads;
    const size_t likely = many ? left * (bytes + GX_CACHE_LINE) : bytes;
    char *at;
    gx_status status = gx__slabs_take(&at, &m->slabs, bytes, likely, w->job, &m->err);
    if (status != GX_OK) {
        return status;
    }
    *world = (gx__world){.knots = m->knots};
    world->keepers = (gx__keepers *)(void *)at;
    world->size = (double *)(void *)(world->keepers + n / 64 + 1);
    world->taken = (uint64_t *)(void *)(world->size + knots);
    world->from_hub = world->taken + words;
    world->to_hub = world->from_hub + words;
    world->knot = (uint32_t *)(void *)(world->to_hub + knots / 64 + 1);
    world->ptr = world->knot + m->count;
    world->next = world->ptr + knots + 1;
    return GX_OK;
}

/* From now on arcs of keepers lead to places; how many lead out of their knot, and in m->low out of
 * each. */
static uint64_t find_places(maker *m, uint32_t n) {
    uint64_t all = 0;
    memset(m->low, 0, m->knots * sizeof *m->low);
    for (uint32_t k = 0; k < m->count; k++) {
        uint32_t out = 0;
        for (uint32_t i = m->ptr[k]; i < m->ptr[k + 1]; i++) {
            m->next[i] = m->next[i] < n ? m->next[i] : n + m->knot[m->next[i] - n];
            out += m->next[i] != n + m->knot[k];
        }
        m->low[m->knot[k]] += out;
        all += out;
    }
    return all;
}

static double worth_of(const double *weight, uint32_t v) {
    return weight ? weight[v] : 1;
}

/* Of each knot, what its members are worth. */
static void weigh_knots(gx__world *world, const double *weight, uint32_t n) {
    const uint32_t *knot = world->knot;
    for (uint32_t word = 0; word <= n / 64; word++) {
        for (uint64_t bits = world->keepers[word].bits; bits; bits &= bits - 1) {
            const uint32_t v = word * 64 + (uint32_t)__builtin_ctzll(bits);
            world->size[*knot++] += worth_of(weight, v);
        }
    }
}

static gx_status condense(maker *m, const making *w, gx__world *world) {
    const uint32_t n = w->chances->n;
    gx_status status = lay_out(world, m, w, find_places(m, n));
    if (status != GX_OK) {
        return status;
    }
    memcpy(world->keepers, m->keepers, (n / 64 + 1) * sizeof *world->keepers);
    memcpy(world->knot, m->knot, m->count * sizeof *m->knot);
    weigh_knots(world, w->weight, n);
    for (uint32_t k = 0; k < world->knots; k++) {
        world->ptr[k + 1] = world->ptr[k] + m->low[k];
    }
    memcpy(m->at, world->ptr, world->knots * sizeof *m->at);
    for (uint32_t k = 0; k < m->count; k++) {
        for (uint32_t i = m->ptr[k]; i < m->ptr[k + 1]; i++) {
            if (m->next[i] != n + m->knot[k]) {
                world->next[m->at[m->knot[k]]++] = m->next[i];
            }
        }
    }
    return GX_OK;
}

/* ---- who is reached -------------------------------------------------------------------------- */

/* Adds what the arcs of a knot lead to, where it is new, to what is reached from the hub. */
static void reach_from_hub(gx__world *world, const double *weight, uint32_t n, uint32_t k) {
    for (uint32_t a = world->ptr[k]; a < world->ptr[k + 1]; a++) {
        const uint32_t to = world->next[a];
        if (!gx__bit_is_set(world->from_hub, to)) {
            gx__bit_set(world->from_hub, to);
            world->behind += to < n ? worth_of(weight, to) : world->size[to - n];
        }
    }
}

/* Arcs lead to lower numbers: one pass down finds what the hub reaches, one up who reaches it. */
static void find_hub(gx__world *world, const double *weight, uint32_t n) {
    world->hub = world->knots > 0 ? 0 : GX_NONE;
    for (uint32_t k = 1; k < world->knots; k++) {
        world->hub = world->size[k] > world->size[world->hub] ? k : world->hub;
    }
    if (world->hub == GX_NONE) {
        return;
    }
    gx__bit_set(world->from_hub, n + world->hub);
    gx__bit_set(world->to_hub, world->hub);
    world->behind = world->size[world->hub];
    for (uint32_t k = world->hub + 1; k-- > 0;) {
        if (gx__bit_is_set(world->from_hub, n + k)) {
            reach_from_hub(world, weight, n, k);
        }
    }
    for (uint32_t k = world->hub + 1; k < world->knots; k++) {
        bool leads = false;
        for (uint32_t a = world->ptr[k]; a < world->ptr[k + 1] && !leads; a++) {
            leads = world->next[a] >= n && gx__bit_is_set(world->to_hub, world->next[a] - n);
        }
        if (leads) {
            gx__bit_set(world->to_hub, k);
        }
    }
}

/* Those being visited: a thread's own. */
typedef struct visit {
    _Alignas(GX_CACHE_LINE) uint64_t *seen; /* a bit a place, all 0 between visits */
    uint32_t *queue;                        /* n: at most all members' places */
    uint32_t count;
    uint32_t n;
    const double *weight;
} visit;

static uint32_t place_of(const gx__world *w, const visit *at, uint32_t v) {
    return keeps(w->keepers, v) ? at->n + w->knot[keeper_of(w->keepers, v)] : v;
}

/* Worth of the places reached from `place` that are not taken. They are in at->queue, but for those
 * behind the hub, and at->seen is cleared. */
static double reach(const gx__world *w, visit *at, uint32_t place) {
    const uint32_t n = at->n;
    double sum = 0;
    uint32_t count = 0; /* not at->count, beside which another thread's is */
    at->count = 0;
    if (gx__bit_is_set(w->taken, place)) {
        return 0;
    }
    const bool over_hub = w->hub != GX_NONE && place >= n && gx__bit_is_set(w->to_hub, place - n);
    if (over_hub) {
        sum = w->behind;
    }
    if (!over_hub || place != n + w->hub) {
        at->queue[count++] = place;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (at->queue[i] < n) {
            sum += worth_of(at->weight, at->queue[i]);
            continue;
        }
        const uint32_t k = at->queue[i] - n;
        sum += w->size[k];
        for (uint32_t a = w->ptr[k]; a < w->ptr[k + 1]; a++) {
            const uint32_t to = w->next[a];
            if (!gx__bit_is_set(at->seen, to) && !gx__bit_is_set(w->taken, to) &&
                !(over_hub && gx__bit_is_set(w->from_hub, to))) {
                gx__bit_set(at->seen, to);
                at->queue[count++] = to;
            }
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        at->seen[at->queue[i] / 64] = 0;
    }
    at->count = count;
    return sum;
}

static double take(gx__world *w, visit *at, uint32_t v) {
    w->hub = GX_NONE;
    const double sum = reach(w, at, place_of(w, at, v));
    for (uint32_t i = 0; i < at->count; i++) {
        gx__bit_set(w->taken, at->queue[i]);
    }
    return sum;
}

static gx_status visit_init(visit *at, const gx__worlds *worlds, gx_job *job, gx_error *err) {
    const uint32_t n = at->n = worlds->n;
    at->weight = worlds->weight;
    gx_status status = gx_job_alloc(job, &at->seen, gx__world_words(n, n), sizeof *at->seen, err);
    return status != GX_OK ? status : gx_job_alloc(job, &at->queue, n, sizeof *at->queue, err);
}

static void visit_finish(visit *at, gx_job *job) {
    gx_job_free(job, at->seen);
    gx_job_free(job, at->queue);
}

/* ---- making ---------------------------------------------------------------------------------- */

static gx_status makers_init(making *w, gx_error *err) {
    const uint32_t n = w->chances->n;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(w->job, &w->makers, (size_t)w->threads, sizeof *w->makers, err));
    for (int t = 0; t < w->threads; t++) {
        maker *m = &w->makers[t];
        m->chances = gx__chances_of(w->chances, (uint32_t)t);
        GX_TRY(gx_job_alloc(w->job, &m->keepers, n / 64 + 1, sizeof *m->keepers, err));
        GX_TRY(gx_job_alloc(w->job, &m->ptr, (size_t)n + 1, sizeof *m->ptr, err));
        GX_TRY(gx_job_alloc(w->job, &m->index, n, sizeof *m->index, err));
        GX_TRY(gx_job_alloc(w->job, &m->low, n, sizeof *m->low, err));
        GX_TRY(gx_job_alloc(w->job, &m->stack, n, sizeof *m->stack, err));
        GX_TRY(gx_job_alloc(w->job, &m->path, n, sizeof *m->path, err));
        GX_TRY(gx_job_alloc(w->job, &m->at, n, sizeof *m->at, err));
        GX_TRY(gx_job_alloc(w->job, &m->knot, n, sizeof *m->knot, err));
    }
done:
    return status;
}

static void makers_finish(making *w) {
    for (int t = 0; w->makers && t < w->threads; t++) {
        maker *m = &w->makers[t];
        gx__slabs_join(&w->out->slabs, &m->slabs);
        gx_job_free(w->job, m->keepers);
        gx_job_free(w->job, m->ptr);
        gx_job_free(w->job, m->index);
        gx_job_free(w->job, m->low);
        gx_job_free(w->job, m->stack);
        gx_job_free(w->job, m->path);
        gx_job_free(w->job, m->at);
        gx_job_free(w->job, m->knot);
        gx__numbers_drop(m->next, m->room, w->job);
    }
    gx_job_free(w->job, w->makers);
}

static void make_one(making *w, maker *m, uint32_t i) {
    const uint32_t n = w->chances->n;
    gx__world *world = &w->out->world[i];
    m->status = gx_job_check(w->job, &m->err);
    if (m->status != GX_OK || !keep_arcs(m, w, w->first + i)) {
        return;
    }
    find_keepers(m, n);
    tie_knots(m, n);
    m->status = condense(m, w, world);
    if (m->status == GX_OK) {
        find_hub(world, w->weight, n);
    }
}

gx_status gx__worlds_make(gx__worlds *out, const gx_chances *chances, const double *weight,
                          uint32_t first, uint32_t count, gx_job *job, gx_error *err) {
    making w = {.out = out,
                .chances = chances,
                .weight = weight,
                .first = first,
                .job = job,
                .threads = job->threads};
    gx_status status = GX_OK;
    *out = (gx__worlds){.n = chances->n, .count = chances->n ? count : 0, .weight = weight};
    if (chances->n > GX__WORLD_MEMBERS) {
        return gx_fail(err, GX_OVER_LIMIT, "worlds of %u members; accepted are %u", chances->n,
                       (uint32_t)GX__WORLD_MEMBERS);
    }
    GX_TRY(gx_job_alloc(job, &out->world, out->count, sizeof *out->world, err));
    GX_TRY(makers_init(&w, err));
#pragma omp parallel for schedule(dynamic, 1) num_threads(w.threads)
    for (uint32_t i = 0; i < out->count; i++) {
        maker *m = &w.makers[gx_thread()];
        if (m->status == GX_OK) {
            make_one(&w, m, i);
        }
    }
    for (int t = 0; t < w.threads; t++) {
        if (w.makers[t].status != GX_OK) {
            status = w.makers[t].status;
            if (err) {
                *err = w.makers[t].err;
            }
            goto done;
        }
    }
done:
    makers_finish(&w);
    if (status != GX_OK) {
        gx__worlds_finish(out, job);
    }
    return status;
}

void gx__worlds_finish(gx__worlds *worlds, gx_job *job) {
    gx__slabs_finish(&worlds->slabs, job);
    gx_job_free(job, worlds->world);
    *worlds = (gx__worlds){0};
}

/* ---- choosing -------------------------------------------------------------------------------- */

enum {
    GROUPS = 8,    /* of worlds, each summed by one thread, so that sums are in one order */
    AT_ONCE = 1024 /* members looked at together */
};

/* The first world of a group. */
static uint32_t group_at(const gx__worlds *worlds, int group) {
    return (uint32_t)((uint64_t)worlds->count * (uint64_t)group / GROUPS);
}

/* What those who keep arcs reach beyond themselves. */
static void add_keepers(double *sum, const visit *at, const gx__world *w, const double *by_knot) {
    const uint32_t *knot = w->knot;
    for (uint32_t word = 0; word <= at->n / 64; word++) {
        for (uint64_t bits = w->keepers[word].bits; bits; bits &= bits - 1) {
            const uint32_t v = word * 64 + (uint32_t)__builtin_ctzll(bits);
            sum[v] += by_knot[*knot++] - worth_of(at->weight, v);
        }
    }
}

/* Adds what each member reaches alone, in worlds [from, to). By knot, as members share them. */
static void reach_alone(double *sum, const gx__worlds *worlds, uint32_t from, uint32_t to,
                        visit *at, double *by_knot, gx_job *job) {
    for (uint32_t i = from; i < to && !gx_job_should_stop(job); i++) {
        const gx__world *w = &worlds->world[i];
        for (uint32_t k = 0; k < w->knots; k++) {
            by_knot[k] = reach(w, at, worlds->n + k);
        }
        add_keepers(sum, at, w, by_knot);
    }
    for (uint32_t v = 0; v < worlds->n; v++) {
        sum[v] += (to - from) * worth_of(at->weight, v);
    }
}

gx_status gx__worlds_alone(double *sum, const gx__worlds *worlds, gx_job *job, gx_error *err) {
    const uint32_t n = worlds->n;
    const int threads = job->threads < GROUPS ? job->threads : GROUPS;
    double *group = NULL, *by_knot = NULL;
    visit at[GROUPS] = {{0}};
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &group, (size_t)n * GROUPS, sizeof *group, err));
    gx_wide_pages(group, (size_t)n * GROUPS * sizeof *group);
    GX_TRY(gx_job_alloc(job, &by_knot, (size_t)n * (size_t)threads, sizeof *by_knot, err));
    for (int t = 0; t < threads; t++) {
        GX_TRY(visit_init(&at[t], worlds, job, err));
    }
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
    for (int g = 0; g < GROUPS; g++) {
        reach_alone(&group[(size_t)n * (size_t)g], worlds, group_at(worlds, g),
                    group_at(worlds, g + 1), &at[gx_thread()],
                    &by_knot[(size_t)n * (size_t)gx_thread()], job);
    }
    GX_TRY(gx_job_check(job, err));
#pragma omp parallel for schedule(static) num_threads(threads)
    for (uint32_t v = 0; v < n; v++) {
        for (int g = 0; g < GROUPS; g++) {
            sum[v] += group[(size_t)n * (size_t)g + v];
        }
    }
done:
    for (int t = 0; t < threads; t++) {
        visit_finish(&at[t], job);
    }
    gx_job_free(job, by_knot);
    gx_job_free(job, group);
    return status;
}

/* A choice or a judgement under way. Worlds are taken in groups by the threads, and sums are of
 * groups in order, so they are the same at any number of threads. */
typedef struct spreading {
    gx__worlds *worlds;
    gx_job *job;
    visit *at; /* a thread */
    int threads;
    const double *alone; /* n: Σ over worlds, above what a member adds to any others */
    bool fresh;          /* alone[] will do, for a first place in the order */
    double *more;        /* GROUPS × AT_ONCE: what members add, of each group */
} spreading;

static gx_status spreading_init(spreading *s, gx__worlds *worlds, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    *s = (spreading){.worlds = worlds, .job = job, .fresh = true};
    s->threads = job->threads < GROUPS ? job->threads : GROUPS;
    GX_TRY(gx_job_alloc(job, &s->at, (size_t)s->threads, sizeof *s->at, err));
    for (int t = 0; t < s->threads; t++) {
        GX_TRY(visit_init(&s->at[t], worlds, job, err));
    }
done:
    return status;
}

static void spreading_finish(spreading *s) {
    for (int t = 0; s->at && t < s->threads; t++) {
        visit_finish(&s->at[t], s->job);
    }
    gx_job_free(s->job, s->at);
}

static double sum_of(const double *group) {
    double sum = 0;
    for (int g = 0; g < GROUPS; g++) {
        sum += group[g];
    }
    return sum;
}

/* World by world, so that each is read once for all members. */
static void reach_more(void *of, double *worth, const uint32_t *member, uint32_t count, bool none) {
    spreading *s = of;
    (void)none;
    if (s->fresh) {
        for (uint32_t i = 0; i < count; i++) {
            worth[i] = s->alone[member[i]];
        }
        return;
    }
    memset(s->more, 0, (size_t)GROUPS * AT_ONCE * sizeof *s->more);
#pragma omp parallel for schedule(dynamic, 1) num_threads(s->threads)
    for (int g = 0; g < GROUPS; g++) {
        double *more = s->more + (size_t)g * AT_ONCE;
        visit *at = &s->at[gx_thread()];
        for (uint32_t k = group_at(s->worlds, g); k < group_at(s->worlds, g + 1); k++) {
            const gx__world *world = &s->worlds->world[k];
            for (uint32_t i = 0; i < count && !gx_job_should_stop(s->job); i++) {
                more[i] += reach(world, at, place_of(world, at, member[i]));
            }
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        worth[i] = 0;
        for (int g = 0; g < GROUPS; g++) {
            worth[i] += s->more[(size_t)g * AT_ONCE + i];
        }
    }
}

static double take_all(void *of, uint32_t v) {
    spreading *s = of;
    double group[GROUPS] = {0};
#pragma omp parallel for schedule(dynamic, 1) num_threads(s->threads)
    for (int g = 0; g < GROUPS; g++) {
        for (uint32_t i = group_at(s->worlds, g); i < group_at(s->worlds, g + 1); i++) {
            group[g] += take(&s->worlds->world[i], &s->at[gx_thread()], v);
        }
    }
    return sum_of(group) / s->worlds->count;
}

/* From here on what is known of those alone is out of date. */
static gx_status look(void *of, const gx__chosen_so_far *chosen, gx_job *job, gx_error *err) {
    spreading *s = of;
    (void)chosen;
    s->fresh = false;
    return gx_job_check(job, err);
}

gx_status gx__worlds_choose(gx__chosen_so_far *chosen, double *gain, gx__worlds *worlds,
                            gx_job *job, gx_error *err) {
    double *alone = NULL;
    spreading s;
    const gx__added added = {
        .of = &s, .worth = reach_more, .at_once = AT_ONCE, .take = take_all, .look = look};
    gx_status status = GX_OK;
    GX_TRY(spreading_init(&s, worlds, job, err));
    GX_TRY(gx_job_alloc(job, &alone, worlds->n, sizeof *alone, err));
    GX_TRY(gx_job_alloc(job, &s.more, (size_t)GROUPS * AT_ONCE, sizeof *s.more, err));
    GX_TRY(gx__worlds_alone(alone, worlds, job, err));
    s.alone = alone;
    GX_TRY(gx__greedy(chosen, gain, &added, job, err));
done:
    spreading_finish(&s);
    gx_job_free(job, s.more);
    gx_job_free(job, alone);
    return status;
}

/* Of one world; gain[] (NULL: not asked for) grows by what each adds. */
static double judge_one(gx__world *world, visit *at, double *gain, const uint32_t *seed,
                        uint32_t count) {
    const size_t words = gx__world_words(at->n, world->knots);
    double sum = 0;
    memset(world->taken, 0, words * sizeof *world->taken);
    for (uint32_t i = 0; i < count; i++) {
        const double more = take(world, at, seed[i]);
        sum += more;
        if (gain) {
            gain[i] += more;
        }
    }
    memset(world->taken, 0, words * sizeof *world->taken);
    return sum;
}

static void judge_all(spreading *s, double *here, double *gains, const uint32_t *seed,
                      uint32_t count) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(s->threads)
    for (int g = 0; g < GROUPS; g++) {
        double *gain = gains ? gains + (size_t)g * count : NULL;
        for (uint32_t k = group_at(s->worlds, g); k < group_at(s->worlds, g + 1); k++) {
            if (!gx_job_should_stop(s->job)) {
                here[k] = judge_one(&s->worlds->world[k], &s->at[gx_thread()], gain, seed, count);
            }
        }
    }
}

gx_status gx__worlds_judge(double *out_mean, double *out_error, double *gain, gx__worlds *worlds,
                           const uint32_t *seed, uint32_t count, gx_job *job, gx_error *err) {
    spreading s;
    double *here = NULL, *gains = NULL;
    gx_status status = GX_OK;
    GX_TRY(spreading_init(&s, worlds, job, err));
    GX_TRY(gx_job_alloc(job, &here, worlds->count, sizeof *here, err));
    if (gain) {
        GX_TRY(gx_job_alloc(job, &gains, (size_t)count * GROUPS, sizeof *gains, err));
    }
    judge_all(&s, here, gains, seed, count);
    GX_TRY(gx_job_check(job, err));
    for (uint32_t i = 0; gain && i < count; i++) {
        gain[i] = 0;
        for (int g = 0; g < GROUPS; g++) {
            gain[i] += gains[(size_t)g * count + i] / worlds->count;
        }
    }
    gx_runs_mean(out_mean, out_error, here, worlds->count);
done:
    spreading_finish(&s);
    gx_job_free(job, here);
    gx_job_free(job, gains);
    return status;
}
