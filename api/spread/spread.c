/* Over which ties, and along which chances. */
#include "api/spread/spread.h"

#include "api/people/member_rules.h"
#include "models/eval/eval.h"

#include <math.h>

/* Arrays of a snapshot by an older program do not say which ties they are of: by their number. */
static bool is_of_these_ties(const gx_spread *s, const gx_array *learnt) {
    const gx_state *state = s->call->state;
    const uint64_t *ties = gx_arrays_get(state->arrays, "influence.ties", GX_U64, 1);
    return learnt->shape[0] == s->graph->m && state->users == s->n &&
           (!ties || *ties == gx_graph_digest(s->graph));
}

/* What learns the chances: a run that is kept is of the members of its snapshot. */
static const char *learning(const gx_spread *s) {
    char run[GX_PASS_COMMAND];
    const gx_state *state = s->call->state;
    const bool build = !state->arrays || state->users != s->n;
    const char *text = gx_arena_printf(s->call->arena, "%s%s learns them",
                                       build ? "`guanxi build` (model.build), then " : "",
                                       gx_pass_command(run, "influence"));
    return text ? text : "the pass influence learns them";
}

/* Looked up once a call, where it is asked for. */
static const char *find_unfit(const gx_spread *s) {
    const gx_state *state = s->call->state;
    const gx_array *a =
        state->arrays ? gx_arrays_find(state->arrays, "influence.probability") : NULL;
    const bool some = s->spec.kinds || s->spec.from_ms != 0 || s->spec.to_ms != 0;
    const bool asked = gx_arg_is(s->call->args, "chances", "auto") ||
                       gx_arg_is(s->call->args, "chances", "learned");
    if (!a || !asked || is_of_these_ties(s, a)) {
        return NULL;
    }
    const bool other = a->shape[0] == s->graph->m && state->users == s->n;
    const char *text = gx_arena_printf(
        s->call->arena,
        "they were learnt of %llu arcs between %u members, and %s%llu between %u are "
        "asked about now: %s%s again",
        (unsigned long long)a->shape[0], state->users, other ? "other " : "",
        (unsigned long long)s->graph->m, s->n,
        some ? "ask about all ties, or, if there are new ones, " : "", learning(s));
    return text ? text : "they are of other ties";
}

const char *gx_spread_unfit(const gx_spread *s) {
    return s->unfit;
}

static void note_chances(gx_value *notes, const gx_spread *s) {
    gx_arena *arena = s->call->arena;
    if (!gx_arg_is(s->call->args, "chances", "auto") || s->chance.rule == GX_CHANCE_GIVEN ||
        s->chance.model != GX_SPREAD_CASCADE) {
        return;
    }
    const char *why = gx_spread_unfit(s);
    if (!why && gx_event_count(s->call->txn) == 0) { /* there is nothing to learn from */
        return;
    }
    const char *text = gx_arena_printf(
        arena, "chances are %s ones, 1 / how many one heeds, since %s%s%s",
        gx_spread_chances_name(s->chance.rule), why ? "those learnt are out of date: " : "",
        why ? why : "none were learnt: ", why ? "" : learning(s));
    gx_list_add(arena, notes, gx_str(text ? text : "chances are those of the ties"));
}

static void note_sharing(gx_value *notes, const gx_spread *s) {
    if (s->chance.rule == GX_CHANCE_GIVEN && s->chance.model == GX_SPREAD_THRESHOLD) {
        gx_list_add(s->call->arena, notes,
                    gx_str("model threshold has no sharing: seeds too pass on what they have with "
                           "the learned chance that members do, so they reach fewer than with "
                           "model cascade, where they share for sure"));
    }
}

static void note_no_ties(gx_value *notes, const gx_spread *s) {
    gx_arena *arena = s->call->arena;
    const char *text =
        gx_arena_printf(arena, "there are no ties%s%s%s to spread along: nobody passes anything on",
                        s->spec.kinds ? " of these kinds" : "",
                        s->spec.from_ms != 0 || s->spec.to_ms != 0 ? " in this time" : "",
                        s->held->graph.m > 0 ? " but of members who have departed" : "");
    gx_list_add(arena, notes, gx_str(text ? text : "there are no ties to spread along"));
}

void gx_spread_note(gx_value *notes, const gx_spread *spread) {
    if (spread->n > 0 && spread->graph->m == 0) { /* which chances they would have matters not */
        note_no_ties(notes, spread);
        return;
    }
    note_chances(notes, spread);
    note_sharing(notes, spread);
}

/* ---- who is gone ------------------------------------------------------------------------------
 */

static gx_status find_gone(gx_spread *s, gx_error *err) {
    gx_call_env *call = s->call;
    gx_status status = GX_OK;
    GX_TRY(gx_job_alloc(call->job, &s->gone, (size_t)s->n + 1, 1, err));
    GX_TRY(gx_departed_mark(s->gone, s->n, call->txn, call->job, err));
    const bool all_named = gx_word_live(call->txn, GX_SPACE_USER) == s->n;
    s->here = 0;
    for (uint32_t v = 0; v < s->n; v++) {
        if (!all_named && gx_word_name(call->txn, GX_SPACE_USER, v).size == 0) {
            s->gone[v] = 1;
        }
        s->here += !s->gone[v];
    }
    if (s->here == s->n) {
        gx_job_free(call->job, s->gone);
        s->gone = NULL;
    }
done:
    return status;
}

static bool stays(const gx_spread *s, uint32_t a, uint64_t arc) {
    return !s->gone[a] && !s->gone[s->held->graph.out_dst[arc]];
}

/* Its numbers of those arcs that stay, in their order. */
static gx_status thin(float **out, const gx_spread *s, const float *full, gx_error *err) {
    const gx_graph *g = &s->held->graph;
    const gx_status status =
        gx_job_alloc(s->call->job, out, (size_t)s->own.m + 1, sizeof **out, err);
    uint64_t count = 0;
    for (uint32_t a = 0; status == GX_OK && a < g->n; a++) {
        for (uint64_t e = g->out_ptr[a]; e < g->out_ptr[a + 1]; e++) {
            if (stays(s, a, e)) {
                (*out)[count++] = full[e];
            }
        }
    }
    return status;
}

/* The ties without those of members who are gone. */
static gx_status thin_graph(gx_spread *s, gx_error *err) {
    const gx_graph *g = &s->held->graph;
    const unsigned flags = GX_GRAPH_IN | (g->directed ? 0 : GX_GRAPH_UNDIRECTED);
    const gx_status status =
        gx_graph_without(&s->own, g, s->gone, s->gone, flags, s->call->job, err);
    if (status == GX_OK) {
        s->graph = &s->own;
    }
    return status;
}

uint32_t gx_spread_keep_here(uint32_t *io, uint32_t count, const gx_spread *spread) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!spread->gone || !spread->gone[io[i]]) {
            io[kept++] = io[i];
        }
    }
    return kept;
}

/* ---- chances ----------------------------------------------------------------------------------
 */

static const char *const by_arc[] = {"influence.probability", "influence.shared"};

/* As it is in the snapshot, if it is of these ties. */
static const float *of_all_arcs(const gx_spread *s, const char *name) {
    const gx_state *state = s->call->state;
    const uint64_t m = s->held->graph.m;
    return state->arrays && !s->unfit && state->users == s->n && m > 0
               ? gx_arrays_get(state->arrays, name, GX_F32, m)
               : NULL;
}

static gx_status leave_gone(gx_spread *s, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(find_gone(s, err));
    if (s->gone) {
        GX_TRY(thin_graph(s, err));
    }
    for (size_t k = 0; s->gone && k < GX_COUNT(by_arc); k++) {
        const float *full = of_all_arcs(s, by_arc[k]);
        if (full) {
            GX_TRY(thin(&s->thin[k], s, full, err));
        }
    }
done:
    return status;
}

const float *gx_spread_of_arcs(const gx_spread *spread, const char *name) {
    for (size_t k = 0; spread->gone && k < GX_COUNT(by_arc); k++) {
        if (strcmp(name, by_arc[k]) == 0) {
            return spread->thin[k];
        }
    }
    return spread->gone ? NULL : of_all_arcs(spread, name);
}

static gx_status take_learned(gx_spread *s, gx_error *err) {
    const gx_state *state = s->call->state;
    const char *name = "influence.probability";
    gx_status status = gx_need_array(&s->chance.given, state, name, GX_F32, 0, err);
    if (status != GX_OK) {
        return status;
    }
    const uint64_t learnt = gx_arrays_find(state->arrays, name)->shape[0];
    const char *why = gx_spread_unfit(s);
    if (why) {
        return gx_fail_at(err, GX_CONFLICT, "chances", "chances: %s", why);
    }
    s->chance.rule = GX_CHANCE_GIVEN;
    s->shared = gx_arrays_get(state->arrays, "influence.shared", GX_F32, learnt);
    if (s->gone) { /* there is none of them where there are no ties */
        s->chance.given = s->thin[0] ? s->thin[0] : s->chance.given;
        s->shared = s->thin[1];
    }
    s->passes = gx_arrays_get(state->arrays, "influence.passes", GX_F32, s->n);
    return GX_OK;
}

static gx_status read_chances(gx_spread *s, gx_error *err) {
    const gx_args *args = s->call->args;
    const bool constant = gx_arg_is(args, "chances", "constant");
    s->chance = (gx_chance_options){
        .model = gx_arg_is(args, "model", "threshold") ? GX_SPREAD_THRESHOLD : GX_SPREAD_CASCADE,
        .rule = constant                                 ? GX_CHANCE_CONSTANT
                : gx_arg_is(args, "chances", "strength") ? GX_CHANCE_STRENGTH
                                                         : GX_CHANCE_WEIGHTED,
        .raise = gx_arg_real(args, "raise")};
    if (constant != gx_arg_has(args, "p")) {
        return constant ? gx_fail_at(err, GX_BAD_REQUEST, "p",
                                     "p: nothing was given; with chances constant accepted is a "
                                     "chance from 0 to 1")
                        : gx_fail_at(err, GX_BAD_REQUEST, "p",
                                     "p was given; it goes with chances constant");
    }
    if (constant) {
        s->chance.constant = gx_arg_real(args, "p");
    }
    const bool learnt = gx_arg_is(args, "chances", "auto") &&
                        s->chance.model == GX_SPREAD_CASCADE && gx_spread_of_arcs(s, by_arc[0]);
    return learnt || gx_arg_is(args, "chances", "learned") ? take_learned(s, err) : GX_OK;
}

gx_status gx_spread_open(gx_spread *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    *out = (gx_spread){.call = call};
    GX_TRY(gx_spec_from_args(&out->spec, call->arena, call->args, err));
    GX_TRY(gx_graph_hold(&out->held, call->db, &call->state->rules, GX_GRAPH_IN, &out->spec,
                         call->job, err));
    out->graph = &out->held->graph;
    out->n = out->graph->n;
    out->unfit = find_unfit(out);
    GX_TRY(leave_gone(out, err));
    GX_TRY(read_chances(out, err));
    GX_TRY(gx_spread_check_raise(out, "raise", err));
done:
    return status;
}

gx_status gx_spread_check_raise(const gx_spread *spread, const char *name, gx_error *err) {
    const gx_args *args = spread->call->args;
    const gx_chance_rule rule = spread->chance.rule;
    if (spread->chance.model != GX_SPREAD_THRESHOLD || !gx_arg_has(args, name) ||
        !(gx_arg_real(args, name) > 1) ||
        !(rule == GX_CHANCE_WEIGHTED || rule == GX_CHANCE_STRENGTH)) {
        return GX_OK;
    }
    return gx_fail_at(err, GX_BAD_REQUEST, name,
                      "%s: %g was given with model threshold and chances %s: the weights of those "
                      "one heeds come to 1, the most there is, so nothing would change; accepted "
                      "is a raise of 0 to 1, chances constant or learned, or model cascade",
                      name, gx_arg_real(args, name), gx_spread_chances_name(rule));
}

gx_status gx_spread_check_sharing(const gx_spread *spread, gx_error *err) {
    const bool learned = spread->chance.rule == GX_CHANCE_GIVEN,
               cascade = spread->chance.model == GX_SPREAD_CASCADE;
    if (gx_arg_bool(spread->call->args, "sharing") || (learned && cascade)) {
        return GX_OK;
    }
    return gx_fail_at(err, GX_BAD_REQUEST, "sharing",
                      "sharing is false with %s, where nobody shares; false goes with chances "
                      "learned and model cascade: leave it out, or give true",
                      cascade ? "other chances" : "model threshold");
}

void gx_spread_share(gx_chance_options *io, const gx_spread *spread) {
    if (spread->shared && spread->passes && io->model == GX_SPREAD_CASCADE &&
        gx_arg_bool(spread->call->args, "sharing")) {
        io->given = spread->shared;
        io->passes = spread->passes;
    }
}

const char *gx_spread_never(const gx_spread *spread) {
    const gx_chance_options *c = &spread->chance;
    return !(c->raise > 0) ? "the raise is 0: nobody takes what is shared"
           : c->rule == GX_CHANCE_CONSTANT && !(c->constant > 0)
               ? "p is 0: nobody takes what is shared"
               : NULL;
}

gx_status gx_spread_open_told(gx_spread *out, const char **out_chances, gx_call_env *call,
                              gx_error *err) {
    gx_status status = gx_spread_open(out, call, err);
    if (status == GX_OK && out->shared) {
        out->chance.given = out->shared;
    }
    *out_chances = status == GX_OK ? gx_spread_chances_name(out->chance.rule) : "";
    return status;
}

const char *gx_spread_rate(double *out, const gx_spread *spread, bool constant_takes) {
    static const double assumed = 0.05;
    const gx_chance_rule rule = spread->chance.rule;
    const bool takes = rule == GX_CHANCE_GIVEN || (constant_takes && rule == GX_CHANCE_CONSTANT);
    if (gx_arg_has(spread->call->args, "rate")) {
        *out = gx_arg_real(spread->call->args, "rate");
        return "given";
    }
    *out = takes ? 1 : assumed;
    return rule == GX_CHANCE_GIVEN ? "learned" : takes ? "given" : "assumed";
}

void gx_spread_close(gx_spread *spread) {
    if (spread->call) {
        gx_job_free(spread->call->job, spread->gone);
        for (size_t k = 0; k < GX_COUNT(spread->thin); k++) {
            gx_job_free(spread->call->job, spread->thin[k]);
        }
        gx_graph_finish(&spread->own);
        gx_graph_release(spread->call->db, spread->held);
    }
    *spread = (gx_spread){0};
}

const char *gx_spread_chances_name(gx_chance_rule rule) {
    static const char *const names[] = {
        [GX_CHANCE_WEIGHTED] = "weighted",
        [GX_CHANCE_STRENGTH] = "strength",
        [GX_CHANCE_CONSTANT] = "constant",
        [GX_CHANCE_GIVEN] = "learned",
    };
    return names[rule];
}

gx_value gx_spread_interval(gx_arena *arena, const gx_spread_average *average) {
    static const double normal = 1.959963984540054;
    const gx_spread_average *a = average;
    const double above = a->mean - a->low, below = a->high - a->mean, range = a->high - a->low;
    const double t = isfinite(a->runs) ? gx_student_t(0.05, a->runs - 1) : normal;
    const double half = a->error > 0 ? t * a->error : 0;
    double low = a->mean - half, high = a->mean + half;
    if (a->sets > 0 && range > 0) {
        const double hit = a->sets * fmin(fmax(above / range, 0), 1);
        const gx_interval share = gx_arm_mean(&(gx_arm_sums){a->sets, hit, hit}, true, 0.95);
        low = fmin(a->low + range * share.low, a->mean);
        high = fmax(a->low + range * share.high, a->mean);
    } else if (half > 0 && isfinite(range) && above > 0 && below > 0) {
        const double odds = below / above, times = exp(half * range / (above * below));
        low = a->low + range / (1 + odds * times);
        high = a->low + range / (1 + odds / times);
    }
    gx_value pair = gx_list(arena, 2);
    gx_list_add(arena, &pair, gx_real(fmin(fmax(low, a->low), a->high)));
    gx_list_add(arena, &pair, gx_real(fmin(fmax(high, a->low), a->high)));
    return pair;
}
