/* seed.plan: a campaign for an item (R51): whom to ask to share it, within limits, which prospects
 * that reaches, and how many of them are expected to take it: docs/plan.md. */
#include "api/build/estimate.h"
#include "api/lists/audience.h"
#include "api/lists/filter.h"
#include "api/lists/near.h"
#include "api/lists/segment.h"
#include "api/people/member_rules.h"
#include "api/spread/limits.h"
#include "engine/influence/copies.h"
#include "engine/influence/seeds.h"
#include "engine/influence/simulate.h"

#include <math.h>

/* clang-format off */
static const gx_param params[] = {
    {"item", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "what the campaign is for, by id"},
    GX_SPREAD_LIMIT_PARAMS,
    {"audience", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "only these count as prospects: a group, a circle like c-17, or an expression over members' fields"},
    {"rate", GX_PARAM_REAL, NULL, 0, 1, NULL, NULL, 0,
     "how many of those reached take an item that suits them on average (1 with learned chances, which say so themselves, else 0.05)"},
    {"prospects", GX_PARAM_INT, "100", 0, 1e6, "members", NULL, 0, "how many of them are listed"},
    {"runs", GX_PARAM_INT, "1000", 2, 1e6, "runs", NULL, 0, "how often the campaign is played"},
    {"within", GX_PARAM_REAL, "0.9", 0.01, 0.999, NULL, NULL, 0,
     "one campaign ends between low and high with this chance"},
    {"eps", GX_PARAM_REAL, GX_SEED_EPS, 0.001, 1, NULL, NULL, 0,
     "of the choice of seeds: the noise of all gains together that is small enough"},
    {"chances", GX_PARAM_CHOICE, "auto", GX_PARAM_UNCHECKED, NULL,
     "auto|learned|weighted|strength|constant", 0,
     "of a tie: as the pass influence learnt it where that was built, else 1 / how many one heeds; the tie's share of the weight of one's ties; or p for every tie"},
    {"model", GX_PARAM_CHOICE, "cascade", GX_PARAM_UNCHECKED, NULL, "cascade", GX_PARAM_HIDDEN, "each tie by itself"},
    {"p", GX_PARAM_REAL, NULL, 0, 1, NULL, NULL, 0, "the chance of every tie, with chances constant"},
    {"raise", GX_PARAM_REAL, "1", 0, 1000, NULL, NULL, 0,
     "a coupon or further shares: every chance becomes 1 - (1 - chance)^raise"},
    GX_VIEW_PARAMS,
    GX_SEEN_PARAM,
    GX_CHANNELS_PARAM,
    GX_ESTIMATE_PARAM,
};
static const gx_param filter_params[] = {GX_FILTER_PARAMS, GX_SEEN_PARAM};
/* clang-format on */

/* How a prospect stands to the seeds; the first that holds. */
#define WAY_MAP(X)                                                                                 \
    X(LEADER, "leader")   /* heeds a seed who leads */                                             \
    X(FRIENDS, "friends") /* heeds another seed */                                                 \
    X(CIRCLE, "circle")   /* is in a circle with one */                                            \
    X(FURTHER, "further") /* reached by way of others alone */

typedef enum way {
#define X(name, text) name,
    WAY_MAP(X)
#undef X
        WAYS
} way;

static const char *const way_names[] = {
#define X(name, text) text,
    WAY_MAP(X)
#undef X
};

enum { LEFT_HAS, LEFT_AUDIENCE, LEFT_DEPARTED, LEFT_RULE, LEFT_COUNT };
static const char *const left_names[] = {"has_it", "audience", "departed", "rule"};

/* Sums of those who stand somewhere: a way, a circle, all. */
typedef struct sums {
    uint32_t members; /* prospects, reached in some run or not */
    double reached;   /* Σ r */
    double expected;  /* Σ r w */
    double alone;     /* Σ r w (1 − r w): the variance if each were reached by itself */
} sums;

typedef struct plan {
    gx_call_env *call;
    gx_spread spread;
    gx_spread_limits limits;
    gx_spread_circles circles;
    gx_audience a;
    uint32_t item;
    bool learned;
    double rate;
    const char *rate_from;
    double *willing; /* members: chance to take it once reached; 0: no prospect */
    double *fit;     /* members: how well it suits them, 1 on average */
    double *reach;   /* members: chance to be reached */
    float *given;    /* arcs, of learned chances: times fit */
    uint8_t *is_seed, *is_prospect;
    uint32_t *self;                     /* members: their own numbers */
    gx_seeds seeds;                     /* `gain` as played */
    gx_spread_average played;           /* Σ w over runs */
    double spread_variance;             /* of one of them */
    sums all, by_way[WAYS], *by_circle; /* circles + 1 */
    double width;                       /* of an interval, in √alone */
    uint32_t left[LEFT_COUNT], prospects;
} plan;

/* ---- who is willing ---------------------------------------------------------------------------
 */

static gx_status make_filter(gx_filter *out, const plan *p, const gx_columns *columns,
                             gx_error *err) {
    gx_call_env call = *p->call; /* `exclude` is of seeds, not of items */
    gx_value map = gx_map(call.arena, 1);
    gx_args own;
    gx_map_put(call.arena, &map, "seen", *gx_arg_value(p->call->args, "seen"));
    gx_status status =
        gx_args_parse(&own, call.arena, filter_params, GX_COUNT(filter_params), &map, err);
    call.args = &own;
    return status == GX_OK ? gx_filter_make(out, &call, columns, true, err) : status;
}

/* willing = 1 for those who could take it, 0 else, each of these counted under a reason. */
static gx_status find_prospects(plan *p, const gx_columns *columns, gx_error *err) {
    gx_call_env *call = p->call;
    const int64_t now = gx_time_ms();
    gx_filter filter;
    uint8_t *wanted = NULL;
    gx_arena *own = gx_arena_create();
    gx_status status = own ? GX_OK : gx_fail_memory(err, 0);
    GX_TRY(status);
    GX_TRY(make_filter(&filter, p, columns, err));
    const gx_value why_not = gx_filter_reason(&filter, NULL, p->item, call->arena);
    if (why_not.type != GX_NIL) {
        GX_TRY(
            gx_fail_at(err, GX_CONFLICT, "item", "%s", gx_filter_not_shown(call->arena, &why_not)));
    }
    if (gx_arg_has(call->args, "audience")) {
        GX_TRY(gx_job_alloc(call->job, &wanted, (size_t)p->spread.n + 1, 1, err));
        GX_TRY(gx_segment_mark(wanted, p->spread.n, call, "audience", err));
    }
    gx_job_stage(call->job, "prospects", p->spread.n);
    for (uint32_t u = 0; u < p->spread.n && u < p->a.users; u++) {
        gx_member_live live;
        gx_value record;
        if (gx_word_name(call->txn, GX_SPACE_USER, u).size == 0) {
            continue;
        }
        if (p->a.base[u] >= 1) {
            p->left[LEFT_HAS]++;
            continue;
        }
        if (wanted && !wanted[u]) {
            p->left[LEFT_AUDIENCE]++;
            continue;
        }
        gx_arena_reset(own);
        GX_TRY(gx_job_check(call->job, err));
        gx_job_tick(call->job, u);
        GX_TRY(gx_record_get(&record, call->txn, own, GX_SPACE_USER, u, err));
        if (gx_is_departed(&record, now)) {
            p->left[LEFT_DEPARTED]++;
            continue;
        }
        GX_TRY(gx_member_read_bars(&live, call->txn, call->state, columns, u, own, err));
        const bool may = gx_filter_reason(&filter, &live, p->item, own).type == GX_NIL;
        p->left[LEFT_RULE] += !may;
        p->willing[u] = may;
        p->is_prospect[u] = may;
        p->prospects += may;
    }
done:
    gx_job_free(call->job, wanted);
    gx_arena_destroy(own);
    return status;
}

/* fit = (score + m) / 2m with m the mean score of prospects: 1 on average over them, ½ where
 * nothing speaks for it. */
static void make_fit(plan *p) {
    double sum = 0;
    for (uint32_t u = 0; u < p->spread.n && u < p->a.users; u++) {
        sum += p->willing[u] > 0 ? p->a.score[u] : 0;
    }
    const double mean = p->prospects > 0 ? sum / p->prospects : 0;
    for (uint32_t u = 0; u < p->spread.n && u < p->a.users; u++) {
        p->fit[u] = mean > 0 ? (p->a.score[u] + mean) / (2 * mean) : 1;
        p->willing[u] *= fmin(1, p->rate * (p->learned ? 1 : p->fit[u]));
    }
}

static gx_status score(plan *p, gx_error *err) {
    gx_status status = GX_OK;
    gx_call_env *call = p->call;
    const gx_columns *columns = NULL;
    gx_near near = {0};
    GX_TRY(gx_audience_init(&p->a, call, err));
    GX_TRY(gx_listing_weights(p->a.weights, call, err));
    GX_TRY(gx_filter_lock(&columns, call, err));
    GX_TRY(gx_near_open(&near, call, columns, &p->a.views.matrix, err));
    GX_TRY(gx_near_find(&near, p->item, err));
    gx_near_audience(&p->a, &near);
    GX_TRY(gx_audience_score(&p->a, true, err));
    GX_TRY(find_prospects(p, columns, err));
    make_fit(p);
done:
    if (columns) {
        gx_db_items_unlock(call->db);
    }
    gx_near_close(&near);
    return status;
}

/* ---- the campaign -----------------------------------------------------------------------------
 */

/* Of learned chances: the chance of b → a times how well the item suits a. Who is told to share
 * shares for sure, others by how likely they pass on what they take (`passes`); then it is that of
 * what is shared. A snapshot without these has both in one. */
static void scale(plan *p) {
    const gx_graph *g = p->spread.graph;
    const gx_state *state = p->call->state;
    const float *shared = gx_spread_of_arcs(&p->spread, "influence.shared");
    const float *passes =
        shared ? gx_arrays_get(state->arrays, "influence.passes", GX_F32, p->spread.n) : NULL;
    const float *chance = passes ? shared : p->spread.chance.given;
    for (uint32_t a = 0; a < g->n; a++) {
        for (uint64_t e = g->out_ptr[a]; e < g->out_ptr[a + 1]; e++) {
            p->given[e] = (float)fmin(1, (double)chance[e] * p->fit[a]);
        }
    }
    p->spread.chance.given = p->given;
    p->spread.chance.passes = passes;
}

/* Whether somebody is a prospect and somebody may be a seed. */
static gx_status can_choose(bool *out, const plan *p, gx_error *err) {
    double worth = 0;
    for (uint32_t v = 0; v < p->spread.n; v++) {
        worth += p->willing[v];
    }
    *out = false;
    return worth > 0 ? gx_seed_limits_admit(out, &p->limits.limits, p->call->job, err) : GX_OK;
}

static gx_seed_options options_of(plan *p) {
    return (gx_seed_options){.chance = p->spread.chance,
                             .limits = p->limits.limits,
                             .aim = {.fairness = gx_arg_real(p->call->args, "fair"),
                                     .circle = p->limits.circles.of,
                                     .circles = p->limits.circles.count},
                             .weight = p->willing,
                             .eps = gx_arg_real(p->call->args, "eps"),
                             .heuristics = true};
}

static gx_status choose(plan *p, gx_error *err) {
    bool any;
    gx_status status = can_choose(&any, p, err);
    if (status == GX_OK && any) {
        const gx_seed_options options = options_of(p);
        status = gx_seeds_choose(&p->seeds, p->spread.graph, &options, p->call->job, err);
    }
    for (uint32_t i = 0; status == GX_OK && i < p->seeds.count; i++) {
        p->is_seed[p->seeds.seed[i]] = 1;
    }
    return status;
}

/* What runs of it tell: each member is a circle of its own. */
static gx_status make_options(gx_simulation_options *out, plan *p, gx_error *err) {
    const gx_status status =
        gx_job_alloc(p->call->job, &p->self, (size_t)p->spread.n + 1, sizeof *p->self, err);
    for (uint32_t v = 0; status == GX_OK && v < p->spread.n; v++) {
        p->self[v] = v;
    }
    *out = (gx_simulation_options){.seed = p->seeds.seed,
                                   .count = p->seeds.count,
                                   .runs = (uint32_t)gx_arg_int(p->call->args, "runs"),
                                   .weight = p->willing,
                                   .circle = p->self,
                                   .circles = p->spread.n,
                                   .seeds = true};
    return status;
}

/* Plays it with random numbers that the choice has not seen. */
static gx_status play(plan *p, gx_error *err) {
    gx_job *job = p->call->job;
    const uint64_t seed = job->seed;
    gx_chances chances = {0};
    gx_simulation played = {0};
    gx_simulation_options options;
    gx_status status = GX_OK;
    if (p->seeds.count == 0) {
        return GX_OK;
    }
    job->seed = gx_mix64(seed ^ UINT64_C(0x706c616e));
    GX_TRY(make_options(&options, p, err));
    for (uint32_t i = 0; i < p->seeds.count; i++) { /* who is asked to share is no prospect */
        p->willing[p->seeds.seed[i]] = 0;
    }
    GX_TRY(gx_chances_make(&chances, p->spread.graph, &p->spread.chance, true, job, err));
    GX_TRY(gx_chances_copy(&chances, job, err));
    GX_TRY(gx_simulate(&played, &chances, &options, job, err));
    memcpy(p->reach, played.by_circle, p->spread.n * sizeof *p->reach);
    memcpy(p->seeds.gain, played.by_seed, p->seeds.count * sizeof *p->seeds.gain);
    p->played = (gx_spread_average){played.mean, played.error, played.runs, 0, played.most, 0};
    p->spread_variance = played.error * played.error * played.runs;
done:
    job->seed = seed;
    gx_simulation_finish(&played, job);
    gx_chances_finish(&chances, job);
    return status;
}

/* ---- by way and circle ------------------------------------------------------------------------
 */

static bool leads(const plan *p, uint32_t user) {
    return gx_rec_leader_rank(p->call->state->rec, user) > 0;
}

/* Whether the snapshot says who leads. */
static bool knows_leaders(const plan *p) {
    return gx_arrays_find(p->call->state->arrays, "leaders.score") != NULL;
}

static way way_of(const plan *p, uint32_t user, const uint8_t *seeded) {
    const gx_graph *g = p->spread.graph;
    const uint32_t circle = p->circles.of[user];
    way found = circle != GX_NONE && seeded[circle] ? CIRCLE : FURTHER;
    for (uint64_t e = g->out_ptr[user]; e < g->out_ptr[user + 1] && found != LEADER; e++) {
        if (p->is_seed[g->out_dst[e]]) {
            found = leads(p, g->out_dst[e]) ? LEADER : FRIENDS;
        }
    }
    return found;
}

static void add(sums *s, double reach, double willing) {
    const double takes = reach * willing;
    s->members++;
    s->reached += reach;
    s->expected += takes;
    s->alone += takes * (1 - takes);
}

static gx_status sum_up(plan *p, uint8_t *ways, gx_error *err) {
    gx_arena *arena = p->call->arena;
    uint8_t *seeded = gx_arena_get(arena, (size_t)p->circles.count + 1);
    p->by_circle = gx_arena_get(arena, ((size_t)p->circles.count + 1) * sizeof *p->by_circle);
    if (!seeded || !p->by_circle) {
        return gx_fail_memory(err, p->circles.count * sizeof *p->by_circle);
    }
    memset(seeded, 0, (size_t)p->circles.count + 1);
    memset(p->by_circle, 0, ((size_t)p->circles.count + 1) * sizeof *p->by_circle);
    for (uint32_t i = 0; i < p->seeds.count; i++) {
        seeded[gx_spread_circle_of(&p->circles, p->seeds.seed[i])] = 1;
    }
    for (uint32_t u = 0; u < p->spread.n; u++) {
        if (p->is_prospect[u] && !p->is_seed[u]) {
            ways[u] = (uint8_t)way_of(p, u, seeded);
            add(&p->all, p->reach[u], p->willing[u]);
            add(&p->by_way[ways[u]], p->reach[u], p->willing[u]);
            add(&p->by_circle[gx_spread_circle_of(&p->circles, u)], p->reach[u], p->willing[u]);
        }
    }
    return GX_OK;
}

/* Variance of the conversions of one campaign: between runs, and of who takes it once reached. */
static double variance(const plan *p) {
    double chance = 0;
    for (uint32_t u = 0; u < p->spread.n; u++) {
        chance += p->reach[u] * p->willing[u] * (1 - p->willing[u]);
    }
    return p->spread_variance + chance;
}

/* z with P(|N| < z) = within. */
static double z_of(double within) {
    double low = 0, high = 10;
    for (int i = 0; i < 60; i++) {
        const double z = (low + high) / 2;
        *(erf(z / sqrt(2)) < within ? &low : &high) = z;
    }
    return (low + high) / 2;
}

/* ---- the answer -------------------------------------------------------------------------------
 */

/* Half the width of an interval over √alone: of a part as much wider than if each were alone as the
 * whole is. */
static double width_of(const plan *p) {
    const double times = p->all.alone > 0 ? variance(p) / p->all.alone : 1;
    return z_of(gx_arg_real(p->call->args, "within")) * sqrt(times);
}

/* {members, reached, expected, low, high} */
static void put_sums(gx_value *row, const plan *p, const sums *s) {
    gx_arena *arena = p->call->arena;
    const double wide = p->width * sqrt(s->alone);
    gx_map_put(arena, row, "members", gx_int(s->members));
    gx_map_put(arena, row, "reached", gx_real(s->reached));
    gx_map_put(arena, row, "expected", gx_real(s->expected));
    gx_map_put(arena, row, "low", gx_real(fmax(0, s->expected - wide)));
    gx_map_put(arena, row, "high", gx_real(fmin(s->members, s->expected + wide)));
}

static gx_value circle_value(const plan *p, uint32_t user) {
    return gx_spread_circle_value(&p->circles, gx_spread_circle_of(&p->circles, user));
}

static gx_value seed_rows(const plan *p) {
    gx_arena *arena = p->call->arena;
    gx_value list = gx_list(arena, p->seeds.count);
    for (uint32_t i = 0; i < p->seeds.count; i++) {
        const uint32_t user = p->seeds.seed[i];
        const gx_graph *g = p->spread.graph;
        gx_value row = gx_map(arena, 8);
        uint32_t heard = 0;
        for (uint64_t e = g->in_ptr[user]; e < g->in_ptr[user + 1]; e++) {
            heard += p->is_prospect[g->in_src[e]] && !p->is_seed[g->in_src[e]];
        }
        gx_map_put(arena, &row, "user_id", gx_word_value(arena, p->call->txn, GX_SPACE_USER, user));
        gx_map_put(arena, &row, "gain", gx_real(p->seeds.gain[i]));
        gx_map_put(arena, &row, "leads", knows_leaders(p) ? gx_bool(leads(p, user)) : gx_nil());
        gx_map_put(arena, &row, "prospects", gx_int(heard));
        gx_map_put(arena, &row, "circle", circle_value(p, user));
        if (p->limits.cost) {
            gx_map_put(arena, &row, "cost", gx_real(p->limits.cost[user]));
        }
        gx_spread_put_risk(arena, &row, &p->limits, user);
        gx_list_add(arena, &list, row);
    }
    return list;
}

static gx_status prospect_rows(gx_value *list, const plan *p, const uint8_t *ways, gx_error *err) {
    gx_arena *arena = p->call->arena;
    const uint32_t most = (uint32_t)gx_arg_int(p->call->args, "prospects");
    uint32_t count = 0;
    double *takes = gx_arena_get(arena, ((size_t)p->spread.n + 1) * sizeof *takes);
    *list = gx_list(arena, 32);
    if (!takes) {
        return gx_fail_memory(err, p->spread.n * sizeof *takes);
    }
    for (uint32_t u = 0; u < p->spread.n; u++) {
        takes[u] = p->reach[u] * p->willing[u];
    }
    const uint32_t *best =
        most > 0 ? gx_top_f64(arena, &count, takes, p->spread.n, most, NULL) : NULL;
    if (most > 0 && !best) {
        return gx_fail_memory(err, most * sizeof *best);
    }
    for (uint32_t k = 0; k < count && takes[best[k]] > 0; k++) {
        const uint32_t u = best[k];
        gx_value row = gx_map(arena, 8);
        gx_map_put(arena, &row, "rank", gx_int(k + 1));
        gx_map_put(arena, &row, "user", gx_word_value(arena, p->call->txn, GX_SPACE_USER, u));
        gx_map_put(arena, &row, "p", gx_real(takes[u]));
        gx_map_put(arena, &row, "reach", gx_real(p->reach[u]));
        gx_map_put(arena, &row, "willing", gx_real(p->willing[u]));
        gx_map_put(arena, &row, "fit", gx_real(p->fit[u]));
        gx_map_put(arena, &row, "channel", gx_str(way_names[ways[u]]));
        gx_map_put(arena, &row, "circle", circle_value(p, u));
        gx_list_add(arena, list, row);
    }
    return GX_OK;
}

static gx_value way_rows(const plan *p) {
    gx_arena *arena = p->call->arena;
    gx_value list = gx_list(arena, WAYS);
    for (int w = 0; w < WAYS; w++) {
        gx_value row = gx_map(arena, 6);
        gx_map_put(arena, &row, "channel", gx_str(way_names[w]));
        put_sums(&row, p, &p->by_way[w]);
        gx_list_add(arena, &list, row);
    }
    return list;
}

/* The one with most expected first, those where nothing is too. */
static gx_status circle_rows(gx_value *list, uint32_t *unlisted, const plan *p, gx_error *err) {
    gx_arena *arena = p->call->arena;
    const uint32_t all = p->circles.count + 1;
    double *expected = gx_arena_get(arena, all * sizeof *expected);
    uint32_t *seeds, *size, count;
    *list = gx_list(arena, 16);
    if (!expected) {
        return gx_fail_memory(err, all * sizeof *expected);
    }
    gx_status status =
        gx_spread_circles_tally(&seeds, &p->circles, p->seeds.seed, p->seeds.count, arena, err);
    if (status == GX_OK) {
        status = gx_spread_circles_tally(&size, &p->circles, NULL, p->spread.n, arena, err);
    }
    if (status != GX_OK) {
        return status;
    }
    for (uint32_t c = 0; c < all; c++) {
        expected[c] = p->by_circle[c].expected;
    }
    const uint32_t *top =
        gx_spread_circles_listed(&count, unlisted, &p->circles, expected, size, arena);
    if (!top) {
        return gx_fail_memory(err, all * sizeof *top);
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t c = top[i];
        gx_value row = gx_map(arena, 7);
        gx_map_put(arena, &row, "circle", gx_spread_circle_value(&p->circles, c));
        gx_map_put(arena, &row, "seeds", gx_int(seeds[c]));
        put_sums(&row, p, &p->by_circle[c]);
        gx_list_add(arena, list, row);
    }
    return GX_OK;
}

static gx_value expected_row(const plan *p) {
    gx_arena *arena = p->call->arena;
    gx_value row = gx_map(arena, 8);
    put_sums(&row, p, &p->all);
    gx_map_put(arena, &row, "error", gx_real(p->played.error));
    gx_map_put(arena, &row, "interval", gx_spread_interval(arena, &p->played));
    return row;
}

/* Who is no prospect, and why. */
static const char *nobody(const plan *p) {
    const char *text = gx_arena_printf(
        p->call->arena,
        "nobody is a prospect: %u %s it, %u %s not of the audience, %u %s departed, from %u a rule "
        "of lists keeps it",
        p->left[LEFT_HAS], gx_plural(p->left[LEFT_HAS], "has", "have"), p->left[LEFT_AUDIENCE],
        gx_plural(p->left[LEFT_AUDIENCE], "is", "are"), p->left[LEFT_DEPARTED],
        gx_plural(p->left[LEFT_DEPARTED], "has", "have"), p->left[LEFT_RULE]);
    return text ? text : "nobody is a prospect";
}

static gx_value missing(const plan *p) {
    const gx_seed_limits *l = &p->limits.limits;
    const char *text = p->prospects == 0 ? nobody(p) : NULL;
    if (!text && p->seeds.count < l->count && !l->cost) {
        text = gx_arena_printf(p->call->arena, "%u of %u seed%s: %s", p->seeds.count, l->count,
                               gx_plural(l->count, "", "s"),
                               gx_spread_nobody_else(&p->limits, p->seeds.seed, p->seeds.count));
    }
    if (!text && p->seeds.count == 0 && l->cost) {
        text = l->most ? "no seeds: nobody who may be one is within the budget and the quotas "
                         "(most, most_each)"
                       : "no seeds: nobody who may be one is within the budget";
    }
    if (gx_arg_has(p->call->args, "rate") && gx_arg_real(p->call->args, "rate") == 0.0) {
        text = "the rate is 0: nobody would take the item, so no seed is of use";
    }
    if (!text && !(p->all.reached > 0)) {
        const char *never = gx_spread_never(&p->spread);
        text = never ? never : "no prospect heeds a seed, directly or by way of others";
    }
    return text ? gx_str(text) : gx_nil();
}

static gx_value notes(const plan *p) {
    gx_arena *arena = p->call->arena;
    gx_value list = gx_list(arena, 2);
    gx_spread_note(&list, &p->spread);
    gx_audience_note(&list, &p->a, false, "fit");
    const gx_slice by = gx_arg_text(p->call->args, "by");
    if (p->call->state->circles == 0 && p->circles.count > 0 &&
        (by.size == 0 || gx_slice_is(by, "circle"))) {
        gx_list_add(arena, &list,
                    gx_str("the circles and the channel circle of the answer are of circles that "
                           "were found for it, as the pass leiden does"));
    }
    gx_risks_note(&list, p->call, "nobody is known to lead: who heeds a seed counts as its friend");
    return list;
}

static gx_status answer(gx_value *out, plan *p, const uint8_t *ways, gx_error *err) {
    gx_arena *arena = p->call->arena;
    const gx_args *args = p->call->args;
    gx_value row = gx_map(arena, 22), left = gx_map(arena, LEFT_COUNT), list;
    double spent = 0;
    uint32_t unlisted;
    gx_status status = GX_OK;
    p->width = width_of(p);
    gx_map_put(arena, &row, "item", gx_word_value(arena, p->call->txn, GX_SPACE_ITEM, p->item));
    gx_map_put(arena, &row, "seeds", seed_rows(p));
    gx_map_put(arena, &row, "expected", expected_row(p));
    gx_map_put(arena, &row, "channels", way_rows(p));
    GX_TRY(circle_rows(&list, &unlisted, p, err));
    gx_map_put(arena, &row, "circles", list);
    gx_map_put(arena, &row, "circles_more", gx_int(unlisted));
    GX_TRY(prospect_rows(&list, p, ways, err));
    gx_map_put(arena, &row, "prospects", list);
    if (p->limits.cost) {
        for (uint32_t i = 0; i < p->seeds.count; i++) {
            spent += p->limits.cost[p->seeds.seed[i]];
        }
        gx_map_put(arena, &row, "spent", gx_real(spent));
        gx_map_put(arena, &row, "budget", gx_real(p->limits.limits.budget));
        gx_map_put(arena, &row, "cost_each",
                   p->all.expected > 0 ? gx_real(spent / p->all.expected) : gx_nil());
    }
    gx_map_put(arena, &row, "chances", gx_str(gx_spread_chances_name(p->spread.chance.rule)));
    gx_map_put(arena, &row, "rate", gx_real(p->rate));
    gx_map_put(arena, &row, "rate_from", gx_str(p->rate_from));
    gx_map_put(arena, &row, "runs", *gx_arg_value(args, "runs"));
    gx_map_put(arena, &row, "candidates", gx_int(p->prospects));
    for (int i = 0; i < LEFT_COUNT; i++) {
        gx_map_put(arena, &left, left_names[i], gx_int(p->left[i]));
    }
    gx_map_put(arena, &row, "left_out", left);
    gx_map_put(arena, &row, "seeds_left_out", gx_spread_left_out(arena, &p->limits));
    gx_map_put(arena, &row, "notes", notes(p));
    gx_map_put(arena, &row, "unknown", p->limits.unknown);
    gx_map_put(arena, &row, "short", missing(p));
    *out = row;
done:
    return status;
}

/* ---- beforehand -------------------------------------------------------------------------------
 */

/* What has been read and scored until here is done and timed; the choice is told from its first
 * sets, which are drawn, and the runs from what those say it reaches. */
static gx_status estimate(gx_value *out, plan *p, int64_t begun_ns, gx_error *err) {
    gx_job *job = p->call->job;
    const uint64_t n = p->spread.n, m = p->spread.graph->m;
    const double runs = (double)gx_arg_int(p->call->args, "runs");
    const uint64_t held = atomic_load(&job->mem_used);
    gx_part_estimate steps[] = {{"prospects",
                                 {.mem_bytes = atomic_load(&job->mem_peak),
                                  .cpu_s = (double)(gx_clock_thread_ns() - begun_ns) / 1e9}},
                                {.name = "seeds"},
                                {.name = "runs"}};
    gx_seeds_forecast f = {0};
    gx_simulation_options play;
    bool any;
    gx_status status = can_choose(&any, p, err);
    if (status == GX_OK && any) {
        status = make_options(&play, p, err);
    }
    if (status == GX_OK && any) {
        const gx_seed_options options = options_of(p);
        status = gx_seeds_foresee(&f, p->spread.graph, &options, &play, job, err);
        steps[1].estimate.mem_bytes = f.mem_bytes > f.order_bytes ? f.mem_bytes : f.order_bytes;
        steps[1].estimate.cpu_s = f.cpu_s + f.order_s;
        steps[2].estimate =
            (gx_estimate){.mem_bytes = held + 32 * n + gx_chances_bytes(&p->spread.chance, n, m),
                          .cpu_s = f.forward_s + runs * f.run_s};
    }
    *out = gx_estimate_steps(p->call->arena, steps, GX_COUNT(steps), 1);
    return status;
}

/* ---- all --------------------------------------------------------------------------------------
 */

static gx_status open_spread(plan *p, gx_error *err) {
    gx_status status = gx_spread_open(&p->spread, p->call, err);
    if (status == GX_OK) {
        p->learned = p->spread.chance.rule == GX_CHANCE_GIVEN;
        p->rate_from = gx_spread_rate(&p->rate, &p->spread, false);
    }
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    gx_job *job = call->job;
    plan p = {.call = call, .a = {.call = call}};
    uint8_t *ways = NULL;
    const int64_t begun = gx_clock_thread_ns();
    GX_TRY(gx_need_word(&p.item, call->txn, GX_SPACE_ITEM, gx_arg_text(call->args, "item"), err));
    GX_TRY(gx_need_snapshot(call->state, err));
    GX_TRY(open_spread(&p, err));
    const size_t room = (size_t)p.spread.n + 1;
    GX_TRY(gx_job_alloc(job, &p.willing, room, sizeof *p.willing, err));
    GX_TRY(gx_job_alloc(job, &p.fit, room, sizeof *p.fit, err));
    GX_TRY(gx_job_alloc(job, &p.reach, room, sizeof *p.reach, err));
    GX_TRY(gx_job_alloc(job, &p.is_seed, room, 1, err));
    GX_TRY(gx_job_alloc(job, &p.is_prospect, room, 1, err));
    GX_TRY(gx_job_alloc(job, &ways, room, 1, err));
    if (p.learned) {
        GX_TRY(gx_job_alloc(job, &p.given, p.spread.graph->m + 1, sizeof *p.given, err));
    }
    GX_TRY(gx_spread_limits_read(&p.limits, &p.spread, err));
    GX_TRY(gx_spread_circles_find(&p.circles, &p.spread, gx_arg_text(call->args, "by"), err));
    GX_TRY(score(&p, err));
    if (p.learned) {
        scale(&p);
    }
    if (gx_arg_bool(call->args, "estimate")) {
        GX_TRY(estimate(out, &p, begun, err));
        goto done;
    }
    GX_TRY(choose(&p, err));
    GX_TRY(play(&p, err));
    GX_TRY(sum_up(&p, ways, err));
    GX_TRY(answer(out, &p, ways, err));
done:
    gx_audience_finish(&p.a);
    gx_seeds_finish(&p.seeds, job);
    gx_spread_circles_finish(&p.circles, job);
    gx_spread_limits_finish(&p.limits, job);
    gx_job_free(job, p.willing);
    gx_job_free(job, p.fit);
    gx_job_free(job, p.reach);
    gx_job_free(job, p.given);
    gx_job_free(job, p.self);
    gx_job_free(job, p.is_seed);
    gx_job_free(job, p.is_prospect);
    gx_job_free(job, ways);
    gx_spread_close(&p.spread);
    return status;
}

const gx_method gx_method_seed_plan = {
    .name = "seed.plan",
    .summary = "a campaign for an item: seeds within limits, prospects, expected conversions",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result =
        "{item, seeds: [{user_id, gain, leads, prospects, circle, cost?, risk?}], expected: "
        "{members, "
        "reached, expected, low, high, error, interval: [low, high]}, channels: [{channel, "
        "members, reached, expected, low, high}], circles: [{circle, seeds, members, reached, "
        "expected, low, high}], circles_more, prospects: [{rank, user, p, reach, willing, fit, "
        "channel, "
        "circle}], spent?, budget?, cost_each?, chances, rate, rate_from, runs, candidates, "
        "left_out: {has_it, audience, departed, rule}, seeds_left_out: {excluded, departed, risk, "
        "segment, inactive, "
        "used}, notes: [text], unknown, short}; with estimate {steps, "
        "mem_bytes, cpu_s, cpu_most_s}",
    .run = run,
};
