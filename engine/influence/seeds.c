#include "engine/influence/choosing.h"
#include "engine/influence/copies.h"

#include <math.h>

enum {
    CHUNKS_MOST = 1 << 12,
    DRAWN =
        3 * GX__ENTRY /* bytes of an entry put in order, with its part of root, block and slab */
};

static const uint64_t ROOM = UINT64_C(1) << 28; /* entries, where the job sets no limit */
static const double LARGE = 0.0005;             /* of the members in a set on average, and */
static const double LARGE_SET = 16;             /* so many: worlds are better */
static const double WORLDS = 7; /* over eps; in small graphs twice, and more below FAST */
static const double FAST = 0.1, SMALL = 30000, WORLDS_LEAST = 24;
static const double SURPLUS = 1.1;                /* sets beyond what eps is reckoned to take */
static const double CONSTANT = 0.632120558828558; /* 1 − 1/e */

/* ---- sets ------------------------------------------------------------------------------------ */

static gx__drawn drawn_so_far(const gx__choosing *c) {
    gx__drawn so_far = {0};
    for (size_t k = 0; k < c->drawn; k++) {
        so_far.sets += c->sets[k].count;
        so_far.kept += c->sets[k].kept;
        so_far.entries += c->sets[k].entries;
    }
    return so_far;
}

uint64_t gx__choosing_entries(const gx__choosing *c) {
    return drawn_so_far(c).entries;
}

static uint64_t least_of(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* Sets of one member are only counted. */
uint64_t gx__choosing_chunk(const gx__choosing *c) {
    const gx__drawn so_far = drawn_so_far(c);
    return (uint64_t)GX__CHUNK * gx__drawn_each(&so_far);
}

gx_status gx__choosing_draw(uint64_t *out, gx__choosing *c, uint64_t count, uint64_t room,
                            bool judges, gx_error *err) {
    gx__drawing *drawing = NULL;
    gx_status status = GX_OK;
    const uint64_t most = least_of(count, gx__choosing_chunk(c));
    *out = 0;
    if (count == 0) {
        return GX_OK;
    }
    GX_TRY(gx__drawing_create(&drawing, &c->chances, &c->roots, (uint32_t)most, drawn_so_far(c),
                              c->job, err));
    if (judges) {
        gx__choosing_pick_beside(c, drawing);
    }
    while (*out < count && c->drawn < CHUNKS_MOST) {
        const uint64_t held = gx__choosing_entries(c);
        if (held >= room) {
            break;
        }
        const uint64_t want = least_of(least_of(count - *out, most), room - held); /* with roots */
        gx__sets *chunk = &c->sets[c->drawn];
        GX_TRY(gx__sets_draw(chunk, drawing, c->next, (uint32_t)want, room - held, !judges, err));
        c->drawn++;
        c->next += want;
        *out += chunk->count;
    }
done:
    gx__drawing_destroy(drawing);
    return status;
}

/* Sets that R2 is to have: enough to tell heuristics from the choice, whatever eps is. */
uint64_t gx__choosing_judges(const gx__choosing *c) {
    if (c->options->sets > 0) {
        return c->options->sets / (GX__JUDGES + 1);
    }
    const uint64_t held = gx__choosing_entries(c), quarter = c->r1 / GX__JUDGES;
    const double each = c->r1 ? (double)held / (double)c->r1 : 1;
    const double least = fmin(GX__JUDGES_LEAST, GX__JUDGES_ENTRIES / fmax(each, 1));
    return quarter > (uint64_t)least ? quarter : (uint64_t)least;
}

/* A fifth of the room is for R2. */
static uint64_t room_to_judge(const gx__choosing *c) {
    return c->room / (GX__JUDGES + 1);
}

/* R2 cannot join R1 without taking what is for the next R2. */
static bool is_full(const gx__choosing *c) {
    return gx__choosing_entries(c) >= c->room - room_to_judge(c);
}

/* R2 goes to R1 and as many join it as make it `count`; then R2 is drawn anew. */
static gx_status enlarge(gx__choosing *c, uint64_t count, gx_error *err) {
    gx_status status = GX_OK;
    uint64_t more = 0, room = c->room - room_to_judge(c);
    if (c->r1 == 0 && c->options->sets == 0 && room > GX__FIRST_ENTRIES) {
        room = GX__FIRST_ENTRIES;
    }
    for (; c->chosen_from < c->drawn; c->chosen_from++) {
        GX_TRY(gx__sets_turn(&c->sets[c->chosen_from], c->job, err));
    }
    c->r1 += c->r2;
    if (count > c->r1) {
        GX_TRY(gx__choosing_draw(&more, c, count - c->r1, room, false, err));
        c->r1 += more;
    }
    c->chosen_from = c->drawn;
    room = gx__choosing_entries(c) + room_to_judge(c);
    GX_TRY(gx__choosing_draw(&c->r2, c, gx__choosing_judges(c), room, true, err));
done:
    return status;
}

/* ---- the choice by sets ---------------------------------------------------------------------- */

static void take_over(gx__choosing *c, const gx__chosen_so_far *chosen) {
    c->count = chosen->count;
    if (chosen->count > 0) {
        memcpy(c->seed, chosen->order, chosen->count * sizeof *c->seed);
    }
}

/* The choice into c->seed, its bound and its noise. */
gx_status gx__choosing_choose(gx__choosing *c, const gx_seed_limits *limits, gx_error *err) {
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

/* ---- the choice by worlds -------------------------------------------------------------------- */

static double kept_arcs(const gx__choosing *c) {
    const gx__chance_rows *rows = &c->chances.heeds;
    double sum = 0;
    for (uint32_t v = 0; v < c->chances.n; v++) {
        const uint64_t from = rows->ptr[v], to = rows->ptr[v + 1];
        sum += rows->even ? (double)gx__chance_at(rows, v, from) * (double)(to - from) : 0;
        for (uint64_t i = from; !rows->even && i < to; i++) {
            sum += (double)rows->chance[i];
        }
    }
    return sum;
}

/* Bytes of one world and its share of those that judge. */
static double world_bytes(const gx__choosing *c) {
    const double n = c->chances.n, kept = kept_arcs(c), keepers = fmin(n, kept);
    return 1.5 * (0.5 * n + 17 * keepers + 4 * kept);
}

/* Members of a small graph have worlds that differ more, and cost less. */
static uint32_t worlds_wanted(const gx__choosing *c) {
    const double eps = c->options->eps, n = c->chances.n;
    const double small = fmin(fmax(sqrt(SMALL / fmax(n, 1)), 1), 2);
    const double more = fmin(fmax(sqrt(FAST / eps), 1), fmax(SMALL / fmax(n, 1), 1));
    return (uint32_t)ceil(WORLDS / eps * more * small);
}

/* Those there is room for. */
uint32_t gx__choosing_worlds(const gx__choosing *c) {
    const double room = 2.0 * GX__ENTRY * (double)c->room / world_bytes(c);
    return (uint32_t)fmin(worlds_wanted(c), room);
}

gx_status gx__choosing_by_worlds(gx__choosing *c, const gx_seed_limits *limits, gx_error *err) {
    gx_chances both = {0};
    gx__worlds worlds = {0};
    gx__chosen_so_far chosen = {0};
    gx_status status = GX_OK;
    const gx_seed_options *o = c->options;
    const uint32_t count = c->large ? c->drawn_worlds : gx__choosing_worlds(c),
                   judges = count / 2 + 1;
    GX_TRY(gx_chances_make(&both, c->graph, &o->chance, true, c->job, err));
    GX_TRY(gx_chances_copy(&both, c->job, err));
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

static double log_chances(const gx__choosing *c) {
    const double delta = c->options->delta > 0 ? c->options->delta
                         : c->chances.n > 1    ? 1 / (double)c->chances.n
                                               : 0.5;
    return log(2.0 * GX__ROUNDS_MOST * GX_SEED_METHODS_MOST / delta);
}

static double lower_bound(const gx__choosing *c, double covered) {
    const double a = log_chances(c), root = sqrt(covered + 2 * a / 9) - sqrt(a / 2);
    const double sets = root > 0 ? root * root - a / 18 : 0;
    return c->r2 && sets > 0 ? sets * c->roots.total / (double)c->r2 : 0;
}

static double upper_bound(const gx__choosing *c) {
    const double a = log_chances(c), root = sqrt(c->most + a / 2) + sqrt(a / 2);
    const double sets = c->r1 ? root * root / (double)c->r1 : 1;
    return (sets < 1 ? sets : 1) * c->roots.total;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* Whether sets can show that no choice reaches much more: what is known of any choice's reach knows
 * of no quotas and no costs, so a choice that keeps to them may never come near. */
static bool is_provable(const gx__choosing *c) {
    const gx_seed_limits *l = &c->options->limits;
    return !(c->options->aim.fairness > 0) && !l->cost && !l->least && !l->most;
}

/* Whoever may win is judged together, since that is one look at the sets: by the verdict of the
 * choice, which is first, it is told whether it is settled. */
static gx_status is_settled(bool *out, gx__choosing *c, gx_error *err) {
    const double eps = c->options->eps;
    gx_status status = GX_OK;
    if (c->options->sets > 0) {
        *out = c->r1 + c->r2 >= c->options->sets;
        return GX_OK;
    }
    *out = c->noise <= eps;
    if (*out && is_provable(c)) {
        GX_TRY(gx__choosing_enter_all(c, err));
        const double covered = (double)c->entrants[0].verdict.covered;
        *out = lower_bound(c, covered) >= (CONSTANT - eps) * upper_bound(c);
        if (!*out) {
            gx__choosing_forget_entrants(c);
            gx_job_stage(c->job, "seeds", 0); /* heuristics have had theirs */
        }
    }
done:
    return status;
}

/* Sets that R1 should have next: twice as many, or as many as eps is reckoned to take. */
uint64_t gx__choosing_next_size(const gx__choosing *c) {
    const double factor = c->noise / c->options->eps;
    uint64_t size = 2 * c->r1;
    if (c->options->sets > 0) {
        return c->options->sets - c->options->sets / (GX__JUDGES + 1);
    }
    if (factor > 1) {
        const double wanted = SURPLUS * factor * factor * (double)c->r1;
        size = wanted < 16.0 * (double)c->r1 ? (uint64_t)wanted : 16 * c->r1;
    }
    return size > c->r1 + c->r2 ? size : c->r1 + c->r2;
}

/* Whether sets are so large that worlds tell more for the same work, and there is room for them.
 * In a world a seed is like any other member, who passes on or does not: then there are sets. */
bool gx__choosing_is_large(const gx__choosing *c) {
    const double sets = (double)(c->r1 + c->r2), entries = (double)gx__choosing_entries(c);
    return c->options->chance.model == GX_SPREAD_CASCADE && !(c->options->aim.fairness > 0) &&
           c->options->sets == 0 && !c->chances.passes && entries > LARGE * c->chances.n * sets &&
           entries > LARGE_SET * sets && c->chances.n <= GX__WORLD_MEMBERS &&
           gx__choosing_worlds(c) >= WORLDS_LEAST;
}

static gx_status rounds(gx__choosing *c, gx_error *err) {
    gx_status status = GX_OK;
    bool settled;
    GX_TRY(enlarge(c, c->options->sets > 0 ? gx__choosing_next_size(c) : GX__FIRST, err));
    for (uint32_t round = 0; round < GX__ROUNDS_MOST; round++) {
        GX_TRY(gx__choosing_choose(c, &c->options->limits, err));
        if (gx__choosing_is_large(c)) {
            c->out->ended = gx__choosing_worlds(c) < worlds_wanted(c) ? "memory" : "eps";
            return gx__choosing_by_worlds(c, &c->options->limits, err);
        }
        GX_TRY(is_settled(&settled, c, err));
        if (settled) {
            c->out->ended = c->options->sets ? "sets" : "eps";
            break;
        }
        c->out->ended = "memory";
        if (is_full(c)) {
            break;
        }
        GX_TRY(enlarge(c, gx__choosing_next_size(c), err));
    }
done:
    return status;
}

/* ---- all ------------------------------------------------------------------------------------- */

/* Sets of R2 that hold a seed. */
static gx_status count_covered(uint64_t *out, const gx__choosing *c, gx_error *err) {
    gx__reached reached;
    const gx__choice choice = {c->seed, c->count};
    const gx_status status = gx__reach_count(&reached, &c->sets[c->chosen_from],
                                             c->drawn - c->chosen_from, &choice, 1, c->job, err);
    *out = reached.covered;
    return status;
}

double gx__choosing_weight(const gx__choosing *c, const uint32_t *seed, uint32_t count) {
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += c->options->weight ? c->options->weight[seed[i]] : 1;
    }
    return sum;
}

/* What the sets say of the choice, of which gx__choosing_compare has judged the whole. */
static gx_status share_by_sets(gx__choosing *c, gx_error *err) {
    const gx__choice choice = {c->seed, c->count};
    const double rest = fmax(c->roots.total - gx__choosing_weight(c, c->seed, c->count), 0),
                 sets = c->verdict.elsewhere;
    return gx__reach_gains(c->out->gain, &c->sets[c->chosen_from], c->drawn - c->chosen_from,
                           &choice, sets > 0 ? rest / sets : 0, c->options->weight, c->job, err);
}

static gx_status share_by_worlds(gx__choosing *c, gx_error *err) {
    double mean, error;
    return gx__worlds_judge(&mean, &error, c->out->gain, &c->judges, c->seed, c->count, c->job,
                            err);
}

static gx_status answer(gx__choosing *c, gx_error *err) {
    gx_seeds *out = c->out;
    gx_status status = GX_OK;
    uint64_t covered = c->verdict.covered;
    GX_TRY(gx_job_alloc(c->job, &out->seed, c->count, sizeof *out->seed, err));
    GX_TRY(gx_job_alloc(c->job, &out->gain, c->count, sizeof *out->gain, err));
    if (c->count > 0) {
        memcpy(out->seed, c->seed, c->count * sizeof *out->seed);
    }
    out->count = c->count;
    out->spread = c->verdict.mean;
    out->error = c->verdict.error;
    out->judges = c->verdict.elsewhere;
    GX_TRY(c->large ? share_by_worlds(c, err) : share_by_sets(c, err));
    GX_TRY(c->large ? count_covered(&covered, c, err) : GX_OK);
    out->lower = fmax(lower_bound(c, (double)covered), gx__choosing_weight(c, c->seed, c->count));
    out->upper = c->options->aim.fairness > 0 ? (double)NAN : upper_bound(c);
    out->sets = c->r1 + c->r2;
    out->entries = gx__choosing_entries(c);
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

gx_status gx__choosing_prepare(gx__choosing *c, gx_error *err) {
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
    GX_TRY(gx_chances_copy(&c->chances, c->job, err)); /* the room is the same for any threads */
done:
    return status;
}

void gx__choosing_finish(gx__choosing *c) {
    for (size_t k = 0; c->sets && k < c->drawn; k++) {
        gx__sets_finish(&c->sets[k], c->job);
    }
    gx_job_free(c->job, c->sets);
    gx_job_free(c->job, c->seed);
    gx_job_free(c->job, c->gain);
    gx__choosing_forget_entrants(c);
    for (size_t h = 0; h < GX_COUNT(c->picked); h++) {
        gx_job_free(c->job, c->picked[h].seed);
    }
    gx__worlds_finish(&c->judges, c->job);
    gx__roots_finish(&c->roots, c->job);
    gx_chances_finish(&c->chances, c->job);
}

gx_status gx_seeds_choose(gx_seeds *out, const gx_graph *graph, const gx_seed_options *options,
                          gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx__choosing c = {.out = out, .graph = graph, .options = options, .job = job};
    *out = (gx_seeds){0};
    gx_job_stage(job, "seeds", options->sets);
    GX_TRY(gx__choosing_prepare(&c, err));
    GX_TRY(rounds(&c, err));
    GX_TRY(gx__choosing_compare(&c, err));
    GX_TRY(answer(&c, err));
done:
    gx__choosing_finish(&c);
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
