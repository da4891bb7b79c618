/* Social roles (R25): a table of rules over figures of each member (roles.h); the first rule that
 * fires names the role, and all that fire are kept.
 *
 * Figures come from what members did (gx_facts), the leader score, the plane of z and participation
 * (Guimerà and Amaral, Nature 433, 2005), Burt's constraint (Structural Holes, 1992, eq. 2.4) and
 * brokerage: v stands between a and b where a → v → b and not a → b. By the circles of the three
 * (Gould and Fernandez, Structures of mediation, Sociological Methodology 19, 1989) it is
 *
 *   coordinator a, v, b together     itinerant   a, b together, v elsewhere
 *   gatekeeper  v, b together        representative   a, v together      liaison   all apart
 *
 * Of more than SAMPLE members who point at v every stride-th stands for the others. Time O(n log n
 * + Σ_v min(in, SAMPLE) · degrees); memory 8 bytes a member, 4 a circle and thread. */
#include "engine/leaders/roles.h"

#include "engine/community/partition.h"
#include "engine/kernel/parallel.h"
#include "engine/leaders/leaders.h"
#include "graph/base/sorted.h"
#include "graph/pass/pass.h"

#include <math.h>
#include <stdlib.h>

enum { SAMPLE = 64, MEMBERS_A_ROUND = 64, FIGURES = GX_ROLE_FIGURE_COUNT };
enum { COORDINATOR, ITINERANT, GATEKEEPER, REPRESENTATIVE, LIAISON };

#define F(name) (UINT32_C(1) << GX_FIGURE_##name)
const gx_role_rule gx_roles[GX_ROLE_COUNT] = {
#define X(name, text, rule, figures) {text, rule, figures},
    GX_ROLE_MAP(X)
#undef X
};
#undef F
const char *const gx_role_figures[FIGURES] = {
#define X(name, text, help) text,
    GX_ROLE_FIGURE_MAP(X)
#undef X
};
const char *const gx_brokerages[GX_BROKERAGE_COUNT] = {"coordinator", "itinerant", "gatekeeper",
                                                       "representative", "liaison"};

/* X(NAME, default, low, high, unit, help) */
#define LIMIT_MAP(X)                                                                               \
    X(new_days, "30", 0, 1e5, "days", "a newcomer joined no longer ago")                           \
    X(dormant_days, "90", 1, 1e5, "days", "a dormant member did nothing for so long")              \
    X(leader_share, "0.03", 0, 1, NULL, "share of the members that lead")                          \
    X(coupon_purchases, "3", 1, 1e9, "purchases", "a bargain hunter bought so many")               \
    X(coupon_share, "0.8", 0, 1, NULL, "and that share of them with a coupon")                     \
    X(helper_answers, "20", 1, 1e9, "answers", "a helper answered so often")                       \
    X(promoter_shares, "25", 1, 1e9, "shares", "a promoter shared and invited so often")           \
    X(promoter_part, "0.5", 0, 1, NULL, "and that is this part of its events")                     \
    X(connector_z, "2.5", 0, 100, NULL, "a connector's ties within its circle, in deviations")     \
    X(connector_participation, "0.3", 0, 1, NULL, "and how far its ties are spread")               \
    X(bridge_circles, "3", 1, 1e6, "circles", "a bridge is tied to so many other circles")         \
    X(bridge_participation, "0.62", 0, 1, NULL, "and its ties are spread so far")                  \
    X(bridge_constraint, "0.4", 0, 10, NULL, "and its constraint is at most this")                 \
    X(bridge_brokerage, "0.7", 0, 1, NULL, "and that share of its pairs crosses circles")          \
    X(buyer_purchases, "15", 1, 1e9, "purchases", "a buyer bought so many")                        \
    X(buyer_shares, "0.05", 0, 10, NULL, "and shared, answered and invited so often a purchase")   \
    X(lurker_looks, "10", 1, 1e9, "looks", "a lurker looked so often")                             \
    X(lurker_acts, "0.05", 0, 1, NULL, "and that share of its events is anything else")            \
    X(active_share, "0.1", 0, 1, NULL, "share of those who did anything that are active")

static const gx_param params[] = {
#define X(name_, value, least, most, what, text)                                                   \
    {.name = #name_,                                                                               \
     .type = GX_PARAM_REAL,                                                                        \
     .fallback = value,                                                                            \
     .low = least,                                                                                 \
     .high = most,                                                                                 \
     .unit = what,                                                                                 \
     .help = text},
    LIMIT_MAP(X)
#undef X
};

typedef struct limits {
#define X(name, value, least, most, what, text) double name;
    LIMIT_MAP(X)
#undef X
    double active_events; /* that many events are among the most */
    double leaders;       /* the last place that leads */
} limits;

static const gx_gives gives[] = {
    {"role", GX_U32, GX_LEN_USERS, "of the table in roles.h, the first that fires"},
    {"fired", GX_U32, GX_LEN_USERS, "bit r: the rule of role r fires"},
    {"figure", GX_F32, GX_LEN_USERS, "what the rules look at, in the order of roles.h"},
    {"brokerage", GX_F32, GX_LEN_USERS,
     "pairs it stands between as coordinator, itinerant, gatekeeper, representative, liaison"},
};

typedef struct roles {
    const gx_input *input;
    const uint32_t *community;
    uint32_t circles;
    limits limit;
    uint32_t *role, *fired; /* outputs, as the next two */
    float *figure, *brokerage;
} roles;

/* ---- brokerage ------------------------------------------------------------------------------- */

/* What b adds to for one a of circle `ca`, where v is of `cv`. */
static int kind_of(uint32_t ca, uint32_t cv, uint32_t cb) {
    return ca == cv   ? (cb == cv ? COORDINATOR : REPRESENTATIVE)
           : cb == ca ? ITINERANT
           : cb == cv ? GATEKEEPER
                      : LIAISON;
}

/* Pairs (a, b) of one a that v stands between. `count`: those v points at, by circle. */
static void broker_for(double pairs[GX_BROKERAGE_COUNT], const roles *r, uint32_t a, uint32_t v,
                       const uint32_t *count, uint32_t outs) {
    const gx_graph *g = r->input->graph;
    const uint32_t *c = r->community, ca = c[a], cv = c[v];
    if (ca == cv) {
        pairs[COORDINATOR] += count[cv];
        pairs[REPRESENTATIVE] += outs - count[cv];
    } else {
        pairs[ITINERANT] += count[ca];
        pairs[GATEKEEPER] += count[cv];
        pairs[LIAISON] += outs - count[ca] - count[cv];
    }
    uint64_t i = g->out_ptr[a], k = g->out_ptr[v];
    const uint64_t i_end = g->out_ptr[a + 1], k_end = g->out_ptr[v + 1];
    while (k < k_end) { /* without a itself and those a points at */
        const uint32_t b = g->out_dst[k];
        while (i < i_end && g->out_dst[i] < b) {
            i++;
        }
        const bool reached = b == a || (i < i_end && g->out_dst[i] == b);
        if (reached && b != v) {
            pairs[kind_of(ca, cv, c[b])] -= 1;
        }
        k++;
    }
}

static void broker(const roles *r, uint32_t v, uint32_t *count) {
    const gx_graph *g = r->input->graph;
    const uint64_t from = g->in_ptr[v], to = g->in_ptr[v + 1];
    const uint64_t stride = (to - from) / SAMPLE + 1;
    double pairs[GX_BROKERAGE_COUNT] = {0}, drawn = 0, all = 0;
    uint32_t outs = 0;
    for (uint64_t k = g->out_ptr[v]; k < g->out_ptr[v + 1]; k++) {
        if (g->out_dst[k] != v) {
            count[r->community[g->out_dst[k]]]++;
            outs++;
        }
    }
    for (uint64_t k = from; k < to && outs > 0; k++) {
        all += g->in_src[k] != v;
        if ((k - from) % stride == 0 && g->in_src[k] != v) {
            drawn++;
            broker_for(pairs, r, g->in_src[k], v, count, outs);
        }
    }
    for (uint64_t k = g->out_ptr[v]; k < g->out_ptr[v + 1]; k++) {
        count[r->community[g->out_dst[k]]] = 0;
    }
    for (int b = 0; b < GX_BROKERAGE_COUNT && drawn > 0; b++) {
        r->brokerage[(size_t)v * GX_BROKERAGE_COUNT + (size_t)b] = (float)(pairs[b] * all / drawn);
    }
}

static gx_status broker_all(const roles *r, gx_job *job, gx_error *err) {
    const uint32_t n = r->input->users;
    uint32_t *counts = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &counts, r->circles, (size_t)job->threads * sizeof *counts, err));
#pragma omp parallel num_threads(job->threads)
    {
        uint32_t *count = counts + (size_t)gx_thread() * r->circles;
#pragma omp for schedule(dynamic, MEMBERS_A_ROUND)
        for (uint32_t v = 0; v < n; v++) {
            if (!gx_job_should_stop(job)) {
                broker(r, v, count);
            }
        }
    }
    status = gx_job_check(job, err);
done:
    gx_job_free(job, counts);
    return status;
}

/* ---- figures --------------------------------------------------------------------------------- */

static double days_between(int64_t from_ms, int64_t to_ms) {
    return from_ms == INT64_MIN || from_ms == INT64_MAX || to_ms == INT64_MIN
               ? NAN
               : fmax(((double)to_ms - (double)from_ms) / 86400000.0, 0);
}

static void put_facts(double of[FIGURES], const gx_facts *facts, uint32_t v) {
    const gx_fact *f = &facts->of[v];
    const int64_t since = f->joined_ms != INT64_MIN ? f->joined_ms : f->first_ms;
    of[GX_FIGURE_JOINED_DAYS] = days_between(since, facts->end_ms);
    of[GX_FIGURE_IDLE_DAYS] = days_between(f->events ? f->last_ms : since, facts->end_ms);
    of[GX_FIGURE_EVENTS] = f->events;
    of[GX_FIGURE_LOOKS] = f->looks;
    of[GX_FIGURE_PURCHASES] = f->purchases;
    of[GX_FIGURE_COUPON_SHARE] = f->purchases ? (double)f->coupons / f->purchases : 0;
    of[GX_FIGURE_SHARES] = f->shares;
    of[GX_FIGURE_ANSWERS] = f->answers;
    of[GX_FIGURE_INVITES] = f->invites;
}

static gx_status put_figures(roles *r, gx_error *err) {
    const gx_arrays *arrays = r->input->arrays;
    const uint32_t n = r->input->users, *rank, *circles;
    const double *score, *participation, *z, *constraint;
    const float *flag;
    gx_status status;
    GX_TRY(gx_arrays_need(&score, arrays, "leaders.score", GX_F64, n, err));
    GX_TRY(gx_arrays_need(&rank, arrays, "leaders.rank", GX_U32, n, err));
    GX_TRY(gx_arrays_need(&flag, arrays, "leaders.flag", GX_F32, n, err));
    GX_TRY(gx_arrays_need(&participation, arrays, "spanners.score", GX_F64, n, err));
    GX_TRY(gx_arrays_need(&z, arrays, "spanners.z", GX_F64, n, err));
    GX_TRY(gx_arrays_need(&circles, arrays, "spanners.circles", GX_U32, n, err));
    GX_TRY(gx_arrays_need(&constraint, arrays, "constraint.score", GX_F64, n, err));
    for (uint32_t v = 0; v < n; v++) {
        double of[FIGURES], crossing = 0;
        const float *pairs = r->brokerage + (size_t)v * GX_BROKERAGE_COUNT;
        for (int f = 0; f < FIGURES; f++) {
            of[f] = NAN;
        }
        if (r->input->facts) {
            put_facts(of, r->input->facts, v);
        }
        of[GX_FIGURE_SCORE] = score[v];
        of[GX_FIGURE_RANK] = rank[v];
        of[GX_FIGURE_FLAGS] = 0;
        for (size_t f = 0; f < GX_LEADER_FLAG_COUNT; f++) {
            of[GX_FIGURE_FLAGS] += flag[(size_t)v * GX_LEADER_FLAG_COUNT + f] > 0;
        }
        for (int b = ITINERANT; b <= LIAISON; b++) {
            crossing += (double)pairs[b];
        }
        const double all = crossing + (double)pairs[COORDINATOR];
        of[GX_FIGURE_PARTICIPATION] = participation[v];
        of[GX_FIGURE_Z] = z[v];
        of[GX_FIGURE_CIRCLES] = circles[v];
        of[GX_FIGURE_CONSTRAINT] = constraint[v];
        of[GX_FIGURE_BROKERAGE] = all > 0 ? crossing / all : 0;
        for (size_t f = 0; f < FIGURES; f++) {
            r->figure[(size_t)v * FIGURES + f] = (float)of[f];
        }
    }
done:
    return status;
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* A figure that is not known is NaN, with which every comparison is false. */
static bool fires(gx_role role, const float *figure, const limits *l) {
#define OF(name) ((double)figure[GX_FIGURE_##name])
    const double said = OF(SHARES) + OF(INVITES), spoken = said + OF(ANSWERS);
    switch (role) {
    case GX_ROLE_NEWCOMER:
        return OF(JOINED_DAYS) <= l->new_days;
    case GX_ROLE_DORMANT:
        return OF(IDLE_DAYS) >= l->dormant_days;
    case GX_ROLE_LEADER:
        return OF(RANK) <= l->leaders && OF(SCORE) > 0 && OF(FLAGS) <= 0;
    case GX_ROLE_BARGAIN_HUNTER:
        return OF(PURCHASES) >= l->coupon_purchases && OF(COUPON_SHARE) >= l->coupon_share;
    case GX_ROLE_HELPER:
        return OF(ANSWERS) >= l->helper_answers;
    case GX_ROLE_PROMOTER:
        return said >= l->promoter_shares && OF(SHARES) >= l->promoter_part * OF(EVENTS);
    case GX_ROLE_CONNECTOR:
        return OF(Z) >= l->connector_z && OF(PARTICIPATION) >= l->connector_participation;
    case GX_ROLE_BRIDGE:
        return OF(CIRCLES) >= l->bridge_circles && OF(PARTICIPATION) >= l->bridge_participation &&
               OF(CONSTRAINT) <= l->bridge_constraint && OF(BROKERAGE) >= l->bridge_brokerage;
    case GX_ROLE_BUYER:
        return OF(PURCHASES) >= l->buyer_purchases && spoken <= l->buyer_shares * OF(PURCHASES);
    case GX_ROLE_LURKER:
        return OF(LOOKS) >= l->lurker_looks && OF(PURCHASES) <= 0 && spoken <= 0 &&
               OF(EVENTS) - OF(LOOKS) <= l->lurker_acts * OF(EVENTS);
    case GX_ROLE_ACTIVE:
        return OF(EVENTS) > 0 && OF(EVENTS) >= l->active_events;
    case GX_ROLE_ORDINARY:
    case GX_ROLE_COUNT:
        break;
    }
    return true;
#undef OF
}

/* How many events the last of the most active has. */
static gx_status find_active(roles *r, gx_job *job, gx_error *err) {
    const gx_facts *facts = r->input->facts;
    double *events = NULL;
    uint32_t count = 0;
    gx_status status = GX_OK;
    r->limit.active_events = INFINITY;
    if (!facts) {
        goto done;
    }
    GX_TRY(gx_job_alloc(job, &events, r->input->users, sizeof *events, err));
    for (uint32_t v = 0; v < r->input->users; v++) {
        events[count] = facts->of[v].events;
        count += facts->of[v].events > 0;
    }
    qsort(events, count, sizeof *events, gx_by_f64);
    const uint32_t most = (uint32_t)(r->limit.active_share * count);
    if (most > 0) {
        r->limit.active_events = events[count - most];
    }
done:
    gx_job_free(job, events);
    return status;
}

static void read_limits(limits *l, const gx_args *args, uint32_t n) {
#define X(name, value, least, most, what, text) l->name = gx_arg_real(args, #name);
    LIMIT_MAP(X)
#undef X
    l->leaders = ceil(l->leader_share * n);
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    const uint32_t n = input->users;
    roles r = {.input = input};
    gx_status status;
    gx_job_stage(job, "roles", 0);
    read_limits(&r.limit, args, n);
    GX_TRY(gx_partition_circles(&r.community, &r.circles, input, err));
    GX_TRY(gx_output_add(&r.role, out, "role", GX_U32, n, 0, err));
    GX_TRY(gx_output_add(&r.fired, out, "fired", GX_U32, n, 0, err));
    GX_TRY(gx_output_add(&r.figure, out, "figure", GX_F32, n, FIGURES, err));
    GX_TRY(gx_output_add(&r.brokerage, out, "brokerage", GX_F32, n, GX_BROKERAGE_COUNT, err));
    GX_TRY(find_active(&r, job, err));
    GX_TRY(broker_all(&r, job, err));
    GX_TRY(put_figures(&r, err));
    for (uint32_t v = 0; v < n; v++) {
        r.role[v] = GX_ROLE_ORDINARY;
        for (uint32_t role = GX_ROLE_ORDINARY; role-- > 0;) {
            const bool fired = fires((gx_role)role, r.figure + (size_t)v * FIGURES, &r.limit);
            r.role[v] = fired ? role : r.role[v];
            r.fired[v] |= (uint32_t)fired << role;
        }
        r.fired[v] |= r.fired[v] ? 0 : UINT32_C(1) << GX_ROLE_ORDINARY;
    }
done:
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)args;
    const uint64_t n = input->users, m = input->graph ? input->graph->m : 0;
    out->mem_bytes = n * (8 + 4 * FIGURES + 4 * GX_BROKERAGE_COUNT + (input->facts ? 8u : 0u)) +
                     n / 8 * (uint64_t)threads;
    out->cpu_s = 1e-6 * (double)n + 2e-8 * (double)m * SAMPLE;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const uint32_t n = input->users;
    const uint32_t *role = gx_result_get(result, instance, "role", GX_U32, n);
    const uint32_t *fired = gx_result_get(result, instance, "fired", GX_U32, n);
    const float *pairs = gx_result_get(result, instance, "brokerage", GX_F32, n);
    if (!role || !fired || !pairs) {
        return gx_fail(err, GX_INTERNAL, "roles do not fit %u members", n);
    }
    for (uint32_t v = 0; v < n; v++) {
        if (role[v] >= GX_ROLE_COUNT || !(fired[v] >> role[v] & 1) ||
            fired[v] & ((UINT32_C(1) << role[v]) - 1)) {
            return gx_fail(err, GX_INTERNAL, "member %u has role %u of the fired %x", v, role[v],
                           fired[v]);
        }
        for (size_t b = 0; b < GX_BROKERAGE_COUNT; b++) {
            if (!(pairs[v * GX_BROKERAGE_COUNT + b] >= 0)) {
                return gx_fail(err, GX_INTERNAL, "member %u stands between %g pairs", v,
                               (double)pairs[v * GX_BROKERAGE_COUNT + b]);
            }
        }
    }
    return GX_OK;
}

static const char *const arrays[] = {"leaders.score", "spanners.score", "constraint.score",
                                     "leiden.community", NULL};

const gx_pass gx_pass_roles = {
    .name = "roles",
    .kind = GX_KIND_PROFILE,
    .summary = "the role each member plays: the first rule of a table that fires, with its figures",
    .paper = "Burt 1992; Gould, Fernandez, Structures of mediation, Sociological Methodology 19 "
             "(1989); Guimerà, Amaral, Nature 433 (2005)",
    .complexity = "time O(n log n + sum of degrees of at most 64 contacts); 104 bytes a member",
    .needs = GX_NEED_GRAPH | GX_NEED_IN,
    .wants = GX_NEED_FACTS,
    .arrays = arrays,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .label_dependent = true, /* as leaders and circles are */
    .estimate = estimate,
    .run = run,
    .check = check,
};
