/* Choices of seeds compared: the greedy one, and heuristics beside it. */
#include "engine/influence/choosing.h"
#include "engine/influence/copies.h"
#include "engine/influence/simulate.h"

#include <math.h>

_Static_assert(GX_SEED_METHODS_MOST <= (int)GX__CHOICES_MOST, "all are judged together");

enum { BESIDE_MOST = 4 }; /* threads: of more, one would still be at it when all is drawn */

bool gx__choosing_compares(const gx__choosing *c) {
    return c->options->heuristics && !(c->options->aim.fairness > 0);
}

/* ---- heuristics ------------------------------------------------------------------------------ */

/* Places of an order that may be looked at. Without costs and quotas nobody is refused but who may
 * not be a seed, or is one already. */
static uint32_t depth_of(const gx_seed_limits *l) {
    uint64_t depth = (uint64_t)l->count + l->given_count;
    for (uint32_t v = 0; l->barred && v < l->n; v++) {
        depth += l->barred[v] != 0;
    }
    return l->cost || l->circle || depth > l->n ? l->n : (uint32_t)depth;
}

/* The first of its order that the limits let in. */
static gx_status pick(gx__picked *out, const gx__choosing *c, size_t heuristic, gx_job *job,
                      gx_error *err) {
    const gx_seed_limits *limits = &c->options->limits;
    gx__chosen_so_far chosen = {0};
    uint32_t *order = NULL, *seed = NULL;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(job, &order, c->graph->n, sizeof *order, err));
    GX_TRY(gx__heuristics[heuristic].order(order, c->graph, &c->chances, limits->count,
                                           depth_of(limits), job, err));
    GX_TRY(gx__chosen_start(&chosen, limits, job, err));
    for (uint32_t i = 0; i < limits->n && chosen.count < limits->count; i++) {
        if (gx__chosen_admits(&chosen, order[i])) {
            gx__chosen_take(&chosen, order[i]);
        }
    }
    GX_TRY(gx_job_alloc(job, &seed, limits->count, sizeof *seed, err));
    if (chosen.count > 0) {
        memcpy(seed, chosen.order, chosen.count * sizeof *seed);
    }
    *out = (gx__picked){seed, chosen.count};
done:
    gx__chosen_finish(&chosen, job);
    gx_job_free(job, order);
    return status;
}

gx_status gx__choosing_pick_all(gx__choosing *c, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    for (size_t h = 0; h < gx__heuristic_count && status == GX_OK; h++) {
        if (!c->picked[h].seed) {
            status = pick(&c->picked[h], c, h, job, err);
        }
    }
    return status;
}

/* Whoever fails here picks when all is drawn, or fails again. */
static void pick_aside(void *user) {
    gx__choosing *c = user;
    gx_job aside;
    gx_error why; /* told when they pick again */
    gx_job_aside(&aside, c->job);
    const gx_status ignored = gx__choosing_pick_all(c, &aside, &why);
    (void)ignored;
}

/* With the first sets that are to judge, which do not depend on the choice and take a while: longer
 * than heuristics do where there are no more arcs than entries. Where memory is short, or is filled
 * by as many sets as were asked for, there is room later. */
void gx__choosing_pick_beside(gx__choosing *c, gx__drawing *drawing) {
    const uint64_t room =
        2 * (uint64_t)GX__JUDGES_ENTRIES + gx__heuristic_bytes(c->graph) / GX__ENTRY;
    if (gx__choosing_compares(c) && !c->beside && c->r1 > 0 && c->options->sets == 0 &&
        c->graph->m <= GX__JUDGES_ENTRIES && c->job->threads > 1 &&
        c->job->threads <= BESIDE_MOST && c->room >= room) {
        c->beside = true;
        gx__drawing_beside(drawing, pick_aside, c);
    }
}

/* ---- who wins -------------------------------------------------------------------------------- */

/* A copy of the seeds. */
static gx_status enter(gx__choosing *c, const char *name, const uint32_t *seed, uint32_t count,
                       gx_error *err) {
    gx__entrant *e = &c->entrants[c->entered++];
    *e = (gx__entrant){.name = name, .count = count, .played = (double)NAN};
    const gx_status status = gx_job_alloc(c->job, &e->seed, count, sizeof *e->seed, err);
    if (status == GX_OK && count > 0) {
        memcpy(e->seed, seed, count * sizeof *seed);
    }
    return status;
}

/* Seeds are reached whatever is drawn; sets that begin elsewhere tell the rest. So the strata of
 * roots have their true weights (post-stratification: Cochran, Sampling techniques, 3rd ed., 1977,
 * section 5A.9): it is never below the seeds, and less noisy. */
static gx__verdict verdict_of(const gx__choosing *c, const gx__entrant *e, gx__reached reached) {
    const double own = gx__choosing_weight(c, e->seed, e->count);
    const double rest = fmax(c->roots.total - own, 0), sets = (double)(c->r2 - reached.begun);
    const double share = sets > 0 ? (double)(reached.covered - reached.begun) / sets : 0;
    return (gx__verdict){.mean = own + share * rest,
                         .error = sets > 0 ? sqrt(share * (1 - share) / sets) * rest : 0,
                         .elsewhere = sets,
                         .covered = reached.covered};
}

static gx_status judge(gx__choosing *c, gx_error *err) {
    gx__choice choice[GX_SEED_METHODS_MOST];
    gx__reached reached[GX_SEED_METHODS_MOST];
    gx_status status = GX_OK;
    for (size_t i = 0; i < c->entered; i++) {
        gx__entrant *e = &c->entrants[i];
        choice[i] = (gx__choice){e->seed, e->count};
        e->verdict = (gx__verdict){0};
        if (c->large) {
            GX_TRY(gx__worlds_judge(&e->verdict.mean, &e->verdict.error, NULL, &c->judges, e->seed,
                                    e->count, c->job, err));
        }
    }
    if (!c->large) {
        GX_TRY(gx__reach_count(reached, &c->sets[c->chosen_from], c->drawn - c->chosen_from, choice,
                               c->entered, c->job, err));
    }
    for (size_t i = 0; i < (c->large ? 0 : c->entered); i++) {
        c->entrants[i].verdict = verdict_of(c, &c->entrants[i], reached[i]);
    }
done:
    return status;
}

/* Greedy by gain over cost alone may come to nothing beside one dear member: what is best for its
 * cost leaves no budget for it. The better of it and of greedy by gain is at least ½ (1 − 1/e) of
 * the best choice within a budget (Khuller, Moss, Naor 1999; Leskovec et al., Cost-effective
 * outbreak detection in networks, KDD 2007, theorem 3). */
static gx_status enter_by_gain(gx__choosing *c, gx_error *err) {
    gx_seed_limits limits = c->options->limits;
    const double most = c->most, noise = c->noise;
    limits.by_gain = true;
    gx_status status =
        c->large ? gx__choosing_by_worlds(c, &limits, err) : gx__choosing_choose(c, &limits, err);
    if (status == GX_OK) {
        c->most = fmin(c->most, most); /* either bounds every choice */
        c->noise = noise;
        status = enter(c, "gain", c->seed, c->count, err);
    }
    return status;
}

gx_status gx__choosing_enter_all(gx__choosing *c, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(enter(c, "greedy", c->seed, c->count, err));
    if (c->options->limits.cost && !(c->options->aim.fairness > 0)) {
        GX_TRY(enter_by_gain(c, err));
    }
    if (gx__choosing_compares(c)) {
        GX_TRY(gx__choosing_pick_all(c, c->job, err));
        for (size_t h = 0; h < gx__heuristic_count && c->entered < GX_SEED_METHODS_MOST; h++) {
            GX_TRY(enter(c, gx__heuristics[h].name, c->picked[h].seed, c->picked[h].count, err));
        }
    }
    GX_TRY(judge(c, err));
done:
    return status;
}

void gx__choosing_forget_entrants(gx__choosing *c) {
    for (; c->entered > 0; c->entered--) {
        gx_job_free(c->job, c->entrants[c->entered - 1].seed);
    }
}

/* Once some are played the others are out. */
static double worth_of(const gx__entrant *e) {
    return isnan(e->played) ? e->verdict.mean : e->played;
}

static size_t best_of(const gx__choosing *c) {
    const gx__entrant *e = c->entrants;
    size_t best = 0;
    for (size_t i = 1; i < c->entered; i++) {
        best = !e[i].out && (e[best].out || worth_of(&e[i]) > worth_of(&e[best])) ? i : best;
    }
    return best;
}

/* Sets tell little of choices that reach few: those that they cannot tell apart are played in the
 * same worlds, in as many runs as reach as many members as there are entries, and the first is who
 * wins that. What sets say of the winner stays without bias. */
static gx_status play_off(gx__choosing *c, gx_error *err) {
    gx__entrant *e = c->entrants;
    gx_status status = GX_OK;
    gx_chances forward = {0};
    const gx__entrant first = e[best_of(c)];
    const double least =
        first.verdict.mean - fmax(3 * first.verdict.error, GX__CLOSE * first.verdict.mean);
    const double each = (double)c->chances.n / c->roots.total; /* members for what is worth 1 */
    double work = 0;
    size_t close = 0;
    for (size_t i = 0; i < c->entered; i++) {
        close += e[i].verdict.mean >= least;
        work += e[i].verdict.mean >= least ? e[i].verdict.mean * each : 0;
    }
    const double runs = fmin((double)gx__choosing_entries(c) / fmax(work, 1), GX__RUNS_MOST);
    if (close < 2 || c->large || runs < GX__RUNS_LEAST) {
        return GX_OK;
    }
    GX_TRY(gx_chances_make(&forward, c->graph, &c->options->chance, true, c->job, err));
    GX_TRY(gx_chances_copy(&forward, c->job, err));
    for (size_t i = 0; i < c->entered; i++) {
        gx_simulation played;
        const gx_simulation_options options = {.seed = e[i].seed,
                                               .count = e[i].count,
                                               .runs = (uint32_t)runs,
                                               .weight = c->options->weight};
        e[i].out = e[i].verdict.mean < least;
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

gx_status gx__choosing_compare(gx__choosing *c, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(c->entered > 0 ? GX_OK : gx__choosing_enter_all(c, err));
    GX_TRY(play_off(c, err));
    const gx__entrant *best = &c->entrants[best_of(c)];
    c->out->method = best->name;
    c->verdict = best->verdict;
    c->count = best->count;
    if (best->count > 0) {
        memcpy(c->seed, best->seed, best->count * sizeof *c->seed);
    }
    for (size_t i = 0; i < c->entered; i++) {
        const gx__entrant *e = &c->entrants[i];
        c->out->tried[c->out->tried_count++] =
            (gx_seed_method){e->name, e->verdict.mean, e->played};
    }
done:
    return status;
}
