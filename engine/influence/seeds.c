#include "engine/influence/seeds.h"

#include "engine/influence/simulate.h"

#include <math.h>

enum {
    FIRST = 1 << 13,         /* sets of the first round, */
    FIRST_ENTRIES = 1 << 20, /* or as many as hold so many entries */
    SOME_ENTRIES = 1 << 19,  /* by which a choice from small sets is foreseen */
    CHUNK = 1 << 20,         /* sets of one chunk at the most: they stay in a cache */
    CHUNKS_MOST = 1 << 12,
    ROUNDS_MOST = 24,
    JUDGES = 4, /* R2 is a quarter of R1, and at least as many sets as */
    JUDGES_LEAST = 1 << 18,
    JUDGES_ENTRIES = 1 << 21, /* … hold so many entries */
    ENTRY = 4,                /* bytes, */
    DRAWN = 3 * ENTRY /* and while it is put in order, with its part of root, block and slab */
};

static const uint64_t ROOM = UINT64_C(1) << 28; /* entries, where the job sets no limit */
static const double LARGE = 0.0005;             /* of the members in a set on average, and */
static const double LARGE_SET = 16;             /* so many: worlds are better */
static const double WORLDS = 7; /* over eps; in small graphs twice, and more below FAST */
static const double FAST = 0.1, SMALL = 30000, WORLDS_LEAST = 24;
static const double SURPLUS = 1.1; /* sets beyond what eps is reckoned to take */
static const double CLOSE = 0.02;  /* so near to the first by sets that it has to be played */
static const double RUNS_LEAST = 500, RUNS_MOST = 10000;
static const double CHOSEN_S = 8e-9;              /* an entry chosen from */
static const double ORDER_S = 4.5e-7;             /* an arc, all heuristics */
static const double CONSTANT = 0.632120558828558; /* 1 − 1/e */

typedef struct choosing {
    gx_seeds *out;
    const gx_graph *graph;
    const gx_seed_options *options;
    gx_job *job;
    gx_chances chances;
    gx__roots roots;
    gx__sets *sets;            /* R1, and behind it R2 */
    size_t chosen_from, drawn; /* chunks of R1, and with R2 */
    uint64_t next;             /* number of the next set */
    uint64_t room;             /* entries */
    bool full;                 /* no room was left for all that were wanted */
    uint64_t r1, r2;           /* sets */
    uint32_t *seed, count;     /* the choice */
    double *gain;
    bool large; /* by worlds: */
    uint32_t drawn_worlds;
    gx__worlds judges;
    double noise, most; /* Σ √c / Σ c; the bound on any choice's cover of R1 */
} choosing;

/* ---- sets ------------------------------------------------------------------------------------ */

static uint64_t entries_of(const choosing *c) {
    uint64_t sum = 0;
    for (size_t k = 0; k < c->drawn; k++) {
        sum += c->sets[k].entries;
    }
    return sum;
}

static uint64_t least_of(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* As many more, or as fit into `room` entries of all; how many it were. */
static gx_status draw(uint64_t *out, choosing *c, uint64_t count, uint64_t room, gx_error *err) {
    gx__drawing *drawing = NULL;
    gx_status status = GX_OK;
    const uint64_t most = least_of(count, CHUNK);
    *out = 0;
    if (count == 0) {
        return GX_OK;
    }
    GX_TRY(gx__drawing_create(&drawing, &c->chances, &c->roots, (uint32_t)most, c->job, err));
    while (*out < count && c->drawn < CHUNKS_MOST) {
        const uint64_t held = entries_of(c);
        if (held >= room) {
            c->full = true;
            break;
        }
        const uint64_t want = least_of(least_of(count - *out, most), room - held); /* with roots */
        gx__sets *chunk = &c->sets[c->drawn];
        GX_TRY(gx__sets_draw(chunk, drawing, c->next, (uint32_t)want, room - held, err));
        c->drawn++;
        c->next += want;
        *out += chunk->count;
    }
done:
    gx__drawing_destroy(drawing);
    return status;
}

/* Sets that R2 is to have: enough to tell heuristics from the choice, whatever eps is. */
static uint64_t judges(const choosing *c) {
    if (c->options->sets > 0) {
        return c->options->sets / (JUDGES + 1);
    }
    const uint64_t held = entries_of(c), quarter = c->r1 / JUDGES;
    const double each = c->r1 ? (double)held / (double)c->r1 : 1;
    const double least = fmin(JUDGES_LEAST, JUDGES_ENTRIES / fmax(each, 1));
    return quarter > (uint64_t)least ? quarter : (uint64_t)least;
}

/* R2 goes to R1 and as many join it as make it `count`; a fifth of the room is R2's. */
static gx_status enlarge(choosing *c, uint64_t count, gx_error *err) {
    gx_status status = GX_OK;
    uint64_t more = 0, room = c->room - c->room / (JUDGES + 1);
    if (c->r1 == 0 && c->options->sets == 0 && room > FIRST_ENTRIES) {
        room = FIRST_ENTRIES;
    }
    c->r1 += c->r2;
    if (count > c->r1) {
        GX_TRY(draw(&more, c, count - c->r1, room, err));
        c->full = c->full && (c->r1 > 0 || c->options->sets > 0);
        c->r1 += more;
    }
    c->chosen_from = c->drawn;
    GX_TRY(draw(&c->r2, c, judges(c), c->room, err));
done:
    return status;
}

/* ---- the choice by sets ---------------------------------------------------------------------- */

static void take_over(choosing *c, const gx__chosen_so_far *chosen) {
    c->count = chosen->count;
    if (chosen->count > 0) {
        memcpy(c->seed, chosen->order, chosen->count * sizeof *c->seed);
    }
}

/* The choice into c->seed, its bound and its noise. */
static gx_status choose(choosing *c, const gx_seed_limits *limits, gx_error *err) {
    gx__chosen_so_far chosen = {0};
    gx__cover cover = {0};
    gx_status status = GX_OK;
    double noise = 0, all = 0;
    GX_TRY(gx__cover_make(&cover, c->sets, c->chosen_from, &c->options->aim, c->job, err));
    GX_TRY(gx__chosen_start(&chosen, limits, c->job, err));
    GX_TRY(gx__cover_choose(&c->most, &chosen, c->gain, &cover, c->job, err));
    take_over(c, &chosen);
    for (uint32_t i = 0; i < c->count; i++) {
        noise += sqrt(c->gain[i]);
        all += c->gain[i];
    }
    c->noise = all > 0 ? noise / all : 0;
done:
    gx__cover_finish(&cover, c->job);
    gx__chosen_finish(&chosen, c->job);
    return status;
}

/* Sets of R2 that the seeds cover, of each beyond those before in gain[] if asked for. */
static gx_status count_covered(uint64_t *out, double *gain, choosing *c, const uint32_t *seed,
                               uint32_t count, gx_error *err) {
    gx__cover cover = {0};
    const gx__aim aim = {0};
    gx_status status = GX_OK;
    GX_TRY(gx__cover_make(&cover, &c->sets[c->chosen_from], c->drawn - c->chosen_from, &aim, c->job,
                          err));
    *out = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t more = gx__cover_take(&cover, seed[i]);
        *out += more;
        if (gain) {
            gain[i] = (double)more * c->roots.total / (double)c->r2;
        }
    }
done:
    gx__cover_finish(&cover, c->job);
    return status;
}

/* What the seeds reach, by sets or worlds that no choice has seen. */
static gx_status judge(double *out_mean, double *out_error, double *gain, choosing *c,
                       const uint32_t *seed, uint32_t count, gx_error *err) {
    uint64_t covered;
    if (c->large) {
        return gx__worlds_judge(out_mean, out_error, gain, &c->judges, seed, count, c->job, err);
    }
    const gx_status status = count_covered(&covered, gain, c, seed, count, err);
    if (status == GX_OK) {
        const double share = c->r2 ? (double)covered / (double)c->r2 : 0;
        *out_mean = share * c->roots.total;
        *out_error = c->r2 ? sqrt(share * (1 - share) / (double)c->r2) * c->roots.total : 0;
    }
    return status;
}

/* ---- the choice by worlds -------------------------------------------------------------------- */

static double kept_arcs(const choosing *c) {
    const gx__chance_rows *rows = &c->chances.heeds;
    double sum = 0;
    for (uint32_t v = 0; v < c->chances.n; v++) {
        const uint64_t from = rows->ptr[v], to = rows->ptr[v + 1];
        sum += rows->chance ? 0 : (double)rows->row_chance[v] * (double)(to - from);
        for (uint64_t i = from; rows->chance && i < to; i++) {
            sum += (double)rows->chance[i];
        }
    }
    return sum;
}

/* Bytes of one world and its share of those that judge. */
static double world_bytes(const choosing *c) {
    return 1.5 * (17.0 * c->chances.n + 4 * kept_arcs(c));
}

/* Members of a small graph have worlds that differ more, and cost less. */
static uint32_t worlds_wanted(const choosing *c) {
    const double eps = c->options->eps, n = c->chances.n;
    const double small = fmin(fmax(sqrt(SMALL / fmax(n, 1)), 1), 2);
    const double more = fmin(fmax(sqrt(FAST / eps), 1), fmax(SMALL / fmax(n, 1), 1));
    return (uint32_t)ceil(WORLDS / eps * more * small);
}

/* Those there is room for. */
static uint32_t worlds_of(const choosing *c) {
    const double room = 2.0 * ENTRY * (double)c->room / world_bytes(c);
    return (uint32_t)fmin(worlds_wanted(c), room);
}

/* The choice into c->seed; of the first, those that judge are made too. */
static gx_status choose_by_worlds(choosing *c, const gx_seed_limits *limits, gx_error *err) {
    gx_chances both = {0};
    gx__worlds worlds = {0};
    gx__chosen_so_far chosen = {0};
    gx_status status = GX_OK;
    const gx_seed_options *o = c->options;
    const uint32_t count = c->large ? c->drawn_worlds : worlds_of(c), judges = count / 2 + 1;
    GX_TRY(gx_chances_make(&both, c->graph, &o->chance, true, c->job, err));
    if (!c->large) {
        GX_TRY(gx__worlds_make(&c->judges, &both, o->weight, count, judges, c->job, err));
    }
    GX_TRY(gx__worlds_make(&worlds, &both, o->weight, 0, count, c->job, err));
    GX_TRY(gx__chosen_start(&chosen, limits, c->job, err));
    GX_TRY(gx__worlds_choose(&chosen, c->gain, &worlds, c->job, err));
    take_over(c, &chosen);
    c->large = true;
    c->drawn_worlds = count;
    c->out->worlds = count + judges;
done:
    gx__chosen_finish(&chosen, c->job);
    gx__worlds_finish(&worlds, c->job);
    gx_chances_finish(&both, c->job);
    return status;
}

/* ---- bounds (OPIM-C, equations 5 and 8) ------------------------------------------------------ */

static double log_chances(const choosing *c) {
    const double delta = c->options->delta > 0 ? c->options->delta
                         : c->chances.n > 1    ? 1 / (double)c->chances.n
                                               : 0.5;
    return log(2.0 * ROUNDS_MOST * GX_SEED_METHODS_MOST / delta);
}

static double lower_bound(const choosing *c, double covered) {
    const double a = log_chances(c), root = sqrt(covered + 2 * a / 9) - sqrt(a / 2);
    const double sets = root > 0 ? root * root - a / 18 : 0;
    return c->r2 && sets > 0 ? sets * c->roots.total / (double)c->r2 : 0;
}

static double upper_bound(const choosing *c) {
    const double a = log_chances(c), root = sqrt(c->most + a / 2) + sqrt(a / 2);
    const double sets = c->r1 ? root * root / (double)c->r1 : 1;
    return (sets < 1 ? sets : 1) * c->roots.total;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static bool is_settled(choosing *c, uint64_t covered) {
    const double eps = c->options->eps;
    if (c->options->sets > 0) {
        return c->r1 + c->r2 >= c->options->sets;
    }
    return c->noise <= eps &&
           (c->options->aim.fairness > 0 || c->options->limits.cost ||
            lower_bound(c, (double)covered) >= (CONSTANT - eps) * upper_bound(c));
}

/* Sets that R1 should have next: twice as many, or as many as eps is reckoned to take. */
static uint64_t next_size(const choosing *c) {
    const double factor = c->noise / c->options->eps;
    uint64_t size = 2 * c->r1;
    if (c->options->sets > 0) {
        return c->options->sets - c->options->sets / (JUDGES + 1);
    }
    if (factor > 1) {
        const double wanted = SURPLUS * factor * factor * (double)c->r1;
        size = wanted < 16.0 * (double)c->r1 ? (uint64_t)wanted : 16 * c->r1;
    }
    return size > c->r1 + c->r2 ? size : c->r1 + c->r2;
}

/* Whether sets are so large that worlds tell more for the same work, and there is room for them.
 * In a world a seed is like any other member, who passes on or does not: then there are sets. */
static bool is_large(const choosing *c) {
    const double sets = (double)(c->r1 + c->r2), entries = (double)entries_of(c);
    return c->options->chance.model == GX_SPREAD_CASCADE && !(c->options->aim.fairness > 0) &&
           c->options->sets == 0 && !c->chances.passes && entries > LARGE * c->chances.n * sets &&
           entries > LARGE_SET * sets && worlds_of(c) >= WORLDS_LEAST;
}

static gx_status rounds(choosing *c, gx_error *err) {
    gx_status status = GX_OK;
    uint64_t covered;
    GX_TRY(enlarge(c, c->options->sets > 0 ? next_size(c) : FIRST, err));
    for (uint32_t round = 0; round < ROUNDS_MOST; round++) {
        GX_TRY(choose(c, &c->options->limits, err));
        if (is_large(c)) {
            c->out->ended = worlds_of(c) < worlds_wanted(c) ? "memory" : "eps";
            return choose_by_worlds(c, &c->options->limits, err);
        }
        GX_TRY(count_covered(&covered, NULL, c, c->seed, c->count, err));
        if (is_settled(c, covered)) {
            c->out->ended = c->options->sets ? "sets" : "eps";
            break;
        }
        c->out->ended = "memory";
        if (c->full) {
            break;
        }
        GX_TRY(enlarge(c, next_size(c), err));
    }
done:
    return status;
}

/* ---- heuristics beside it -------------------------------------------------------------------- */

/* The members of `order` that the limits let in, from the first. */
static gx_status first_of(uint32_t *seed, uint32_t *count, choosing *c, const uint32_t *order,
                          gx_error *err) {
    gx__chosen_so_far chosen = {0};
    const gx_seed_limits *limits = &c->options->limits;
    gx_status status = gx__chosen_start(&chosen, limits, c->job, err);
    for (uint32_t i = 0; status == GX_OK && i < limits->n && chosen.count < limits->count; i++) {
        if (gx__chosen_admits(&chosen, order[i])) {
            gx__chosen_take(&chosen, order[i]);
        }
    }
    *count = chosen.count;
    if (status == GX_OK && chosen.count > 0) {
        memcpy(seed, chosen.order, chosen.count * sizeof *seed);
    }
    gx__chosen_finish(&chosen, c->job);
    return status;
}

/* A choice to be compared. */
typedef struct entrant {
    const char *name;
    uint32_t *seed, count;
    double spread; /* by sets or worlds */
    double error;
    double played; /* NaN: it was not */
    bool out;      /* too far from the first to be played */
} entrant;

static gx_status enter(entrant *e, const char *name, choosing *c, const uint32_t *order,
                       gx_error *err) {
    const uint32_t most = c->options->limits.count;
    gx_status status = GX_OK;
    e->name = name;
    e->played = (double)NAN;
    GX_TRY(gx_job_alloc(c->job, &e->seed, most, sizeof *e->seed, err));
    if (order) {
        GX_TRY(first_of(e->seed, &e->count, c, order, err));
    } else if (c->count > 0) {
        memcpy(e->seed, c->seed, c->count * sizeof *e->seed);
    }
    e->count = order ? e->count : c->count;
    GX_TRY(judge(&e->spread, &e->error, NULL, c, e->seed, e->count, err));
done:
    return status;
}

/* Once some are played the others are out. */
static double worth_of(const entrant *e) {
    return isnan(e->played) ? e->spread : e->played;
}

static size_t best_of(const entrant *e, size_t count) {
    size_t best = 0;
    for (size_t i = 1; i < count; i++) {
        best = !e[i].out && (e[best].out || worth_of(&e[i]) > worth_of(&e[best])) ? i : best;
    }
    return best;
}

/* Sets tell little of choices that reach few: those that they cannot tell apart are played in the
 * same worlds, in as many runs as reach as many members as there are entries, and the first is who
 * wins that. What sets say of the winner stays without bias. */
static gx_status play_off(entrant *e, size_t count, choosing *c, gx_error *err) {
    gx_status status = GX_OK;
    gx_chances forward = {0};
    const entrant first = e[best_of(e, count)];
    const double least = first.spread - fmax(3 * first.error, CLOSE * first.spread);
    const double each = (double)c->chances.n / c->roots.total; /* members for what is worth 1 */
    double work = 0;
    size_t close = 0;
    for (size_t i = 0; i < count; i++) {
        close += e[i].spread >= least;
        work += e[i].spread >= least ? e[i].spread * each : 0;
    }
    const double runs = fmin((double)entries_of(c) / fmax(work, 1), RUNS_MOST);
    if (close < 2 || c->large || runs < RUNS_LEAST) {
        return GX_OK;
    }
    GX_TRY(gx_chances_make(&forward, c->graph, &c->options->chance, true, c->job, err));
    for (size_t i = 0; i < count; i++) {
        gx_simulation played;
        const gx_simulation_options options = {.seed = e[i].seed,
                                               .count = e[i].count,
                                               .runs = (uint32_t)runs,
                                               .weight = c->options->weight};
        e[i].out = e[i].spread < least;
        if (!e[i].out) {
            GX_TRY(gx_simulate(&played, &forward, &options, c->job, err));
            e[i].played = played.mean;
            gx_simulation_finish(&played, c->job);
        }
    }
done:
    gx_chances_finish(&forward, c->job);
    return status;
}

/* Places of an order that may be looked at. */
static uint32_t depth_of(const choosing *c) {
    const gx_seed_limits *l = &c->options->limits;
    return l->cost || l->barred || l->circle ? l->n : l->count;
}

/* Greedy by gain over cost alone may come to nothing beside one dear member: what is best for its
 * cost leaves no budget for it. The better of it and of greedy by gain is at least ½ (1 − 1/e) of
 * the best choice within a budget (Khuller, Moss, Naor 1999; Leskovec et al., Cost-effective
 * outbreak detection in networks, KDD 2007, theorem 3). */
static gx_status enter_by_gain(entrant *e, choosing *c, gx_error *err) {
    gx_seed_limits limits = c->options->limits;
    const double most = c->most, noise = c->noise;
    limits.by_gain = true;
    gx_status status = c->large ? choose_by_worlds(c, &limits, err) : choose(c, &limits, err);
    if (status == GX_OK) {
        c->most = fmin(c->most, most); /* either bounds every choice */
        c->noise = noise;
        status = enter(e, "gain", c, NULL, err);
    }
    return status;
}

/* Replaces the choice by another that reaches more: a heuristic's, or within a budget greedy by
 * gain. */
static gx_status compare(choosing *c, gx_error *err) {
    entrant entrants[GX_SEED_METHODS_MOST] = {{0}};
    uint32_t *order = NULL;
    size_t count = 0;
    gx_status status = GX_OK;
    GX_TRY(enter(&entrants[count++], "greedy", c, NULL, err));
    if (c->options->limits.cost && !(c->options->aim.fairness > 0)) {
        GX_TRY(enter_by_gain(&entrants[count++], c, err));
    }
    if (c->options->heuristics && !(c->options->aim.fairness > 0)) {
        GX_TRY(gx_job_alloc(c->job, &order, c->chances.n, sizeof *order, err));
        for (size_t h = 0; h < gx__heuristic_count && count < GX_SEED_METHODS_MOST; h++) {
            const gx__heuristic *heuristic = &gx__heuristics[h];
            GX_TRY(heuristic->order(order, c->graph, &c->chances, c->options->limits.count,
                                    depth_of(c), c->job, err));
            GX_TRY(enter(&entrants[count++], heuristic->name, c, order, err));
        }
    }
    GX_TRY(play_off(entrants, count, c, err));
    const entrant *best = &entrants[best_of(entrants, count)];
    c->out->method = best->name;
    c->count = best->count;
    if (best->count > 0) {
        memcpy(c->seed, best->seed, best->count * sizeof *c->seed);
    }
    for (size_t i = 0; i < count; i++) {
        c->out->tried[c->out->tried_count++] =
            (gx_seed_method){entrants[i].name, entrants[i].spread, entrants[i].played};
    }
done:
    for (size_t i = 0; i < count; i++) {
        gx_job_free(c->job, entrants[i].seed);
    }
    gx_job_free(c->job, order);
    return status;
}

/* ---- all ------------------------------------------------------------------------------------- */

static gx_status answer(choosing *c, gx_error *err) {
    gx_seeds *out = c->out;
    gx_status status = GX_OK;
    uint64_t covered;
    GX_TRY(gx_job_alloc(c->job, &out->seed, c->count, sizeof *out->seed, err));
    GX_TRY(gx_job_alloc(c->job, &out->gain, c->count, sizeof *out->gain, err));
    if (c->count > 0) {
        memcpy(out->seed, c->seed, c->count * sizeof *out->seed);
    }
    out->count = c->count;
    GX_TRY(judge(&out->spread, &out->error, out->gain, c, out->seed, out->count, err));
    GX_TRY(count_covered(&covered, NULL, c, out->seed, out->count, err));
    out->lower = lower_bound(c, (double)covered);
    out->upper = c->options->aim.fairness > 0 ? (double)NAN : upper_bound(c);
    out->sets = c->r1 + c->r2;
    out->entries = entries_of(c);
done:
    return status;
}

static gx_status check_options(const gx_seed_options *o, gx_error *err) {
    if (!(o->eps >= 0.001 && o->eps <= 1)) {
        return gx_fail_at(err, GX_BAD_REQUEST, "eps", "eps is %g; accepted is 0.001 to 1", o->eps);
    }
    if (!(o->aim.fairness >= 0 && o->aim.fairness <= 1)) {
        return gx_fail_at(err, GX_BAD_REQUEST, "fairness", "fairness is %g; accepted is 0 to 1",
                          o->aim.fairness);
    }
    return GX_OK;
}

static gx_status prepare(choosing *c, gx_error *err) {
    gx_status status = GX_OK;
    const gx_seed_options *o = c->options;
    GX_TRY(check_options(o, err));
    GX_TRY(gx_chances_make(&c->chances, c->graph, &o->chance, false, c->job, err));
    GX_TRY(gx__roots_make(&c->roots, o->weight, c->graph->n, c->job, err));
    GX_TRY(gx_job_alloc(c->job, &c->sets, CHUNKS_MOST, sizeof *c->sets, err));
    GX_TRY(gx_job_alloc(c->job, &c->seed, o->limits.count, sizeof *c->seed, err));
    GX_TRY(gx_job_alloc(c->job, &c->gain, o->limits.count, sizeof *c->gain, err));
    c->room = ROOM;
    if (c->job->mem_limit > 0) {
        const uint64_t used = c->job->mem_used;
        const uint64_t left = c->job->mem_limit > used ? c->job->mem_limit - used : 0;
        c->room = left / DRAWN < ROOM ? left / DRAWN : ROOM;
    }
done:
    return status;
}

static void choosing_finish(choosing *c) {
    for (size_t k = 0; c->sets && k < c->drawn; k++) {
        gx__sets_finish(&c->sets[k], c->job);
    }
    gx_job_free(c->job, c->sets);
    gx_job_free(c->job, c->seed);
    gx_job_free(c->job, c->gain);
    gx__worlds_finish(&c->judges, c->job);
    gx__roots_finish(&c->roots, c->job);
    gx_chances_finish(&c->chances, c->job);
}

gx_status gx_seeds_choose(gx_seeds *out, const gx_graph *graph, const gx_seed_options *options,
                          gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    choosing c = {.out = out, .graph = graph, .options = options, .job = job};
    *out = (gx_seeds){0};
    gx_job_stage(job, "seeds", 0);
    GX_TRY(prepare(&c, err));
    GX_TRY(rounds(&c, err));
    GX_TRY(compare(&c, err));
    GX_TRY(answer(&c, err));
done:
    choosing_finish(&c);
    if (status != GX_OK) {
        gx_seeds_finish(out, job);
    }
    return status;
}

void gx_seeds_finish(gx_seeds *seeds, gx_job *job) {
    gx_job_free(job, seeds->seed);
    gx_job_free(job, seeds->gain);
    seeds->seed = NULL;
    seeds->gain = NULL;
    seeds->count = 0;
}

/* ---- beforehand ------------------------------------------------------------------------------ */

/* What rounds() is likely to come to. */
typedef struct course {
    double sets, most;     /* in the end; of one drawing, at the most */
    double chunks, chosen; /* Σ over rounds of the sets that were chosen from */
} course;

static void foresee_draw(course *to, double sets) {
    to->most = fmax(to->most, fmin(sets, CHUNK));
    to->chunks += sets > 0 ? ceil(sets / CHUNK) : 0;
    to->sets += sets;
}

/* So many rounds at the most, gone through with noise that falls as sets grow: by √. `each` entries
 * a set. */
static course foresee_rounds(choosing *c, double each, uint32_t most) {
    const double room = (double)c->room / fmax(each, 1), first = c->noise * sqrt((double)c->r1);
    const double least = fmin(JUDGES_LEAST, JUDGES_ENTRIES / fmax(each, 1));
    const bool given = c->options->sets > 0;
    const uint64_t drawn = c->r1;
    course to = {0};
    c->r1 = c->r2 = 0;
    uint64_t size = given ? next_size(c) : drawn < FIRST ? drawn : FIRST;
    for (uint32_t round = 0; round < most; round++) {
        const double more = fmin((double)size - (double)(c->r1 + c->r2), room - to.sets);
        foresee_draw(&to, fmax(more, 0));
        c->r1 = (uint64_t)fmax(fmin((double)size, room), 1);
        const double judging = given ? (double)judges(c) : fmax((double)c->r1 / JUDGES, least);
        c->r2 = (uint64_t)fmax(fmin(judging, room - to.sets), 0);
        foresee_draw(&to, (double)c->r2);
        to.chosen += (double)c->r1;
        c->noise = first / sqrt((double)c->r1);
        if (given || c->noise <= c->options->eps || to.sets >= room) {
            break;
        }
        size = next_size(c);
    }
    c->r1 = drawn;
    c->noise = first / sqrt(fmax((double)drawn, 1));
    return to;
}

/* A choice by worlds: bytes and seconds of each, by some that are made and chosen from. */
typedef struct by_world {
    double bytes, made_s, chosen_s, judged_s;
} by_world;

static gx_status try_worlds(by_world *out, choosing *c, gx_error *err) {
    enum { TRIED = 8 };
    gx_chances both = {0};
    gx__worlds worlds = {0};
    gx__chosen_so_far chosen = {0};
    gx_job *job = c->job;
    gx_status status = GX_OK;
    double mean, error;
    GX_TRY(gx_chances_make(&both, c->graph, &c->options->chance, true, job, err));
    const uint64_t before = atomic_load(&job->mem_used);
    const int64_t begun = gx_clock_cpu_ns();
    GX_TRY(gx__worlds_make(&worlds, &both, c->options->weight, 0, TRIED, job, err));
    const int64_t made = gx_clock_cpu_ns();
    out->bytes = (double)(atomic_load(&job->mem_used) - before) / TRIED;
    GX_TRY(gx__chosen_start(&chosen, &c->options->limits, job, err));
    GX_TRY(gx__worlds_choose(&chosen, c->gain, &worlds, job, err));
    const int64_t chose = gx_clock_cpu_ns();
    GX_TRY(gx__worlds_judge(&mean, &error, NULL, &worlds, chosen.order, chosen.count, job, err));
    out->made_s = (double)(made - begun) / 1e9 / TRIED;
    out->chosen_s = (double)(chose - made) / 1e9 / TRIED;
    out->judged_s = (double)(gx_clock_cpu_ns() - chose) / 1e9 / TRIED;
done:
    gx__chosen_finish(&chosen, job);
    gx__worlds_finish(&worlds, job);
    gx_chances_finish(&both, job);
    return status;
}

/* `count` to choose from, and half as many that judge each of the choices. */
static double worlds_seconds(const by_world *w, const choosing *c, double count) {
    const double judges = count / 2 + 1, choices = c->options->limits.cost ? 2 : 1;
    const double judged = 1 + choices + (c->options->heuristics ? (double)gx__heuristic_count : 0);
    return w->made_s * (choices * count + judges) + w->chosen_s * choices * count +
           w->judged_s * judged * judges;
}

/* At the peaks. */
static void bytes_of(gx_seeds_forecast *out, const choosing *c, const course *to,
                     const by_world *world) {
    const double n = c->chances.n, m = (double)c->chances.m, threads = c->job->threads;
    const double each = (double)out->entries / fmax((double)out->sets, 1);
    const double forward = c->options->chance.rule == GX_CHANCE_CONSTANT ? 20 * n : 24 * m + 8 * n;
    double drawn = 0;
    for (size_t k = 0; k < c->drawn; k++) { /* for this, and counted in `used` */
        drawn += ENTRY * (double)(c->sets[k].entries + c->sets[k].count) + 8 * n;
    }
    const double sets = (double)atomic_load(&c->job->mem_used) - drawn + ENTRY * out->wanted +
                        8 * n * to->chunks + 4.0 * to->sets;
    const double judges = out->worlds / 2 + 1;
    const double worlds = out->worlds ? (out->worlds + judges) * world->bytes + forward : 0;
    /* Sets as they are drawn, in slabs of which an eighth may be left over. */
    const double drawing = 1.125 * (ENTRY * each + 4.6) * to->most + 8 * n * threads;
    const double choice = fmax(44 * n, drawing);
    if (c->options->heuristics) { /* PageRank and VoteRank need the undirected graph */
        out->order_bytes =
            (uint64_t)(sets + (out->worlds ? judges * world->bytes : 0) + 48 * n + 8 * m);
    }
    out->mem_bytes =
        (uint64_t)(sets + fmax(choice, out->worlds ? worlds + 28 * n * threads + 72 * n : 0));
}

/* As many more for R1; *io_s: seconds an entry beyond what the drawing before took, since what is
 * done once for all members is no more than noise in the whole. */
static gx_status draw_timed(double *io_s, choosing *c, uint64_t count, uint64_t room,
                            gx_error *err) {
    uint64_t more;
    const double before = (double)entries_of(c), was_s = *io_s * before;
    const int64_t begun = gx_clock_cpu_ns();
    const gx_status status = draw(&more, c, count, room, err);
    const double took_s = (double)(gx_clock_cpu_ns() - begun) / 1e9;
    const double drawn = (double)entries_of(c) - before;
    const double beyond_s = drawn > before ? (took_s - was_s) / (drawn - before) : 0;
    *io_s = beyond_s > 0 ? beyond_s : (took_s + was_s) / fmax(before + drawn, 1);
    c->r1 += more;
    c->chosen_from = c->drawn;
    return status;
}

/* The first sets, and where they are small so many more that their noise tells that of more yet: a
 * choice from few sets covers what no choice from more would. */
static gx_status draw_some(double *out_s, choosing *c, gx_error *err) {
    gx_status status = GX_OK;
    *out_s = 0;
    GX_TRY(draw_timed(out_s, c, FIRST, FIRST_ENTRIES, err));
    GX_TRY(choose(c, &c->options->limits, err));
    if (!is_large(c) && c->r1 == FIRST) {
        const uint64_t room = 4 * entries_of(c);
        GX_TRY(draw_timed(out_s, c, CHUNK - FIRST, room > SOME_ENTRIES ? room : SOME_ENTRIES, err));
        GX_TRY(choose(c, &c->options->limits, err));
    }
done:
    return status;
}

/* Where a heuristic is so near to the choice that they will be played, that takes as many members
 * reached as there are entries. Both are judged by as many sets more. */
static gx_status add_play_off(gx_seeds_forecast *io, choosing *c, double entry_s, gx_error *err) {
    const double two = 2 * io->share * c->chances.n;
    const double runs = fmin(io->wanted / fmax(two, 1), RUNS_MOST);
    enum { FORESEEN = 2 }; /* heuristics: the degree and its discount */
    uint32_t *order = NULL;
    entrant tried[1 + FORESEEN] = {{0}};
    gx_status status = GX_OK;
    bool close = false;
    if (io->worlds || runs < RUNS_LEAST || !c->options->heuristics ||
        c->options->aim.fairness > 0) {
        return GX_OK;
    }
    GX_TRY(draw(&c->r2, c, c->r1, 2 * FIRST_ENTRIES, err));
    GX_TRY(gx_job_alloc(c->job, &order, c->chances.n, sizeof *order, err));
    GX_TRY(enter(&tried[0], "greedy", c, NULL, err));
    for (size_t h = 0; h < FORESEEN && h < gx__heuristic_count; h++) {
        entrant *e = &tried[1 + h];
        GX_TRY(gx__heuristics[h].order(order, c->graph, &c->chances, c->options->limits.count,
                                       depth_of(c), c->job, err));
        GX_TRY(enter(e, gx__heuristics[h].name, c, order, err));
        close = close || e->spread >= tried[0].spread - fmax(e->error, CLOSE * tried[0].spread);
    }
    io->cpu_s += close ? entry_s * runs * two : 0;
done:
    for (size_t i = 0; i < GX_COUNT(tried); i++) {
        gx_job_free(c->job, tried[i].seed);
    }
    gx_job_free(c->job, order);
    return status;
}

gx_status gx_seeds_foresee(gx_seeds_forecast *out, const gx_graph *graph,
                           const gx_seed_options *options, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_seeds ignored = {0};
    choosing c = {.out = &ignored, .graph = graph, .options = options, .job = job};
    course to = {0};
    by_world world = {0};
    double entry_s;
    *out = (gx_seeds_forecast){0};
    GX_TRY(prepare(&c, err));
    GX_TRY(draw_some(&entry_s, &c, err));
    out->sets = c.r1;
    for (uint32_t i = 0; i < c.count; i++) {
        out->share += c.gain[i] / fmax((double)c.r1, 1);
    }
    out->entries = entries_of(&c);
    out->worlds = is_large(&c) ? worlds_of(&c) : 0;
    const double each = (double)out->entries / fmax((double)c.r1, 1);
    to = foresee_rounds(&c, each, out->worlds ? 1 : ROUNDS_MOST);
    out->wanted = to.sets * each;
    if (out->worlds) {
        GX_TRY(try_worlds(&world, &c, err));
    }
    bytes_of(out, &c, &to, &world);
    out->cpu_s = entry_s * out->wanted + CHOSEN_S * to.chosen * each;
    out->cpu_s += out->worlds ? worlds_seconds(&world, &c, out->worlds) : 0;
    out->order_s = options->heuristics ? ORDER_S * (double)c.chances.m : 0;
    GX_TRY(add_play_off(out, &c, entry_s, err));
done:
    choosing_finish(&c);
    return status;
}
