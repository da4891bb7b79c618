/* How likely what one member has reaches another, learned from the log: of every arc of the social
 * graph a chance, what simulation and seeds take (chances.h), and a mean delay.
 *
 *   shared(a → b)       that a takes what b passes on, because b did (evidence.h, shrink.h)
 *   passes(b)           that b passes on what it has taken
 *   probability(a → b)  the product: that what b takes reaches a
 *
 * Where the log has no shares every act is passed on and passes is 1. What differs from the papers:
 * a `via` of the log is believed, friends' agreement that goes back to chance is taken out, and
 * pairs are held to what is known of pairs like them. */
#include "engine/influence/shrink.h"
#include "engine/influence/unsure.h"
#include "graph/pass/pass.h"

#include <math.h>

static const char methods[] = "bernoulli|jaccard|credit|decayed";

static const gx_param params[] = {
    {"method", GX_PARAM_CHOICE, "decayed", GX_PARAM_UNCHECKED, NULL, methods, 0,
     "whose doing it is when several could have moved a member: all of theirs (bernoulli, "
     "jaccard), "
     "shared evenly (credit), or more the later they acted (decayed)"},
    {"trigger", GX_PARAM_CHOICE, "auto", GX_PARAM_UNCHECKED, NULL, "auto|share|act", 0,
     "what others may follow: shares, or whatever a member does (auto: shares where there are "
     "any)"},
    {"window", GX_PARAM_DURATION, "14d", 1, 1e13, "ms", NULL, 0,
     "an act counts when it came so soon after; shares later than that before the log's end tell "
     "nothing yet"},
    {"fallback", GX_PARAM_CHOICE, "auto", GX_PARAM_UNCHECKED, NULL,
     "auto|constant|weighted|strength|weight", 0,
     "what chances are like where the log says little: the same for all, one over how many a "
     "member heeds, the tie's share of the member's ties, its weight; auto: what fits the log "
     "best"},
    {"constant", GX_PARAM_REAL, "0.05", 0, 1, NULL, NULL, 0,
     "the chance of a usual tie in a log that says nothing"},
    {"prior", GX_PARAM_REAL, NULL, 0, 1e9, "acts", NULL, 0,
     "how much the fallback counts against what is known of a pair (learned, with factors for each "
     "member); 0: not at all"},
    {"beyond_chance", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "leave out what friends would have done anyway"},
    {"named", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "count only acts of which the log says by way of whom: chances that somebody comes and is "
     "seen "
     "to come by a member"},
};

static const gx_gives gives[] = {
    {"probability", GX_F32, GX_LEN_OTHER,
     "by arc a → b of the social graph: chance that what b takes reaches a"},
    {"shared", GX_F32, GX_LEN_OTHER, "by arc: chance that a takes what b passes on"},
    {"passes", GX_F32, GX_LEN_USERS, "chance that the member passes on what it has taken"},
    {"delay", GX_F32, GX_LEN_OTHER, "by arc: mean days until a follows"},
    {"trials", GX_U32, GX_LEN_OTHER, "by arc: times that b passed on what a could still take"},
    {"acts", GX_F32, GX_LEN_OTHER, "by arc: acts of a that are put down to b"},
    {"after", GX_F64, GX_LEN_OTHER,
     "acts by time since the latest share of somebody heeded, up to window / 128, / 64, … window"},
    {"before", GX_F64, GX_LEN_OTHER, "the same before the next share: what chance would do"},
    {"fit", GX_F64, GX_LEN_OTHER,
     "trials, acts, mean days, fallback (0 constant, 1 weighted, 2 strength, 3 weight), its scale, "
     "prior of who heeds, of whom they heed, of pairs (1e9: no difference to be seen), 1 where "
     "whatever is done is passed on"},
    {"ties", GX_U64, GX_LEN_OTHER, "of the arcs that all this is of (gx_graph_digest)"},
};

static gx_status learn(gx_output *out, const gx_input *input, const gx_evidence_options *options,
                       const gx_shrink_options *shrink, gx_job *job, gx_error *err) {
    const gx_graph *graph = input->graph;
    gx__evidence e = {0};
    gx__shrunk shrunk;
    float *probability, *shared, *passes;
    double *after, *before, *fit;
    uint64_t *ties;
    gx_status status;
    GX_TRY(gx_output_add(&probability, out, "probability", GX_F32, graph->m, 0, err));
    GX_TRY(gx_output_add(&shared, out, "shared", GX_F32, graph->m, 0, err));
    GX_TRY(gx_output_add(&passes, out, "passes", GX_F32, graph->n, 0, err));
    GX_TRY(gx_output_add(&e.delay, out, "delay", GX_F32, graph->m, 0, err));
    GX_TRY(gx_output_add(&e.trials, out, "trials", GX_U32, graph->m, 0, err));
    GX_TRY(gx_output_add(&e.acts, out, "acts", GX_F32, graph->m, 0, err));
    GX_TRY(gx_output_add(&after, out, "after", GX_F64, GX_DELAY_CLASSES, 0, err));
    GX_TRY(gx_output_add(&before, out, "before", GX_F64, GX_DELAY_CLASSES, 0, err));
    GX_TRY(gx_output_add(&fit, out, "fit", GX_F64, GX_FITS, 0, err));
    GX_TRY(gx_output_add(&ties, out, "ties", GX_U64, 1, 0, err));
    *ties = gx_graph_digest(graph);
    GX_TRY(gx_job_alloc(job, &e.passes, graph->n, sizeof *e.passes, err));
    GX_TRY(gx_job_alloc(job, &e.chances_to_pass, graph->n, sizeof *e.chances_to_pass, err));
    GX_TRY(gx__evidence_find(&e, graph, input->takes, options, job, err));
    GX_TRY(gx__shrink(&shrunk, shared, passes, graph, &e, shrink, options->by_acts, job, err));
    for (uint64_t i = 0; i < graph->m; i++) {
        probability[i] = shared[i] * passes[graph->out_dst[i]];
    }
    for (int c = 0; c < GX_DELAY_CLASSES; c++) {
        after[c] = (double)e.after[c];
        before[c] = e.before[c];
    }
    const double told[GX_FITS] = {
        [GX_FIT_TRIALS] = e.all_trials,      [GX_FIT_ACTS] = e.all_acts,
        [GX_FIT_DAYS] = e.mean_days,         [GX_FIT_SHAPE] = shrunk.shape,
        [GX_FIT_SCALE] = shrunk.scale,       [GX_FIT_HEEDING] = shrunk.heeding,
        [GX_FIT_HEEDED] = shrunk.heeded,     [GX_FIT_PAIR] = shrunk.pair,
        [GX_FIT_BY_ACTS] = options->by_acts,
    };
    memcpy(fit, told, sizeof told);
done:
    gx_job_free(job, e.chances_to_pass);
    gx_job_free(job, e.passes);
    return status;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_evidence_options options = {.window_ms = gx_arg_int(args, "window"),
                                   .beyond = gx_arg_bool(args, "beyond_chance"),
                                   .named = gx_arg_bool(args, "named")};
    gx_shrink_options shrink = {.shape = GX_SHAPE_AUTO,
                                .constant = gx_arg_real(args, "constant"),
                                .prior =
                                    gx_arg_has(args, "prior") ? gx_arg_real(args, "prior") : -1};
    const bool shares = input->takes->passed.count > 0;
    options.rule = gx_arg_is(args, "method", "bernoulli") ? GX_CREDIT_BERNOULLI
                   : gx_arg_is(args, "method", "jaccard") ? GX_CREDIT_JACCARD
                   : gx_arg_is(args, "method", "credit")  ? GX_CREDIT_EVEN
                                                          : GX_CREDIT_DECAYED;
    options.by_acts =
        gx_arg_is(args, "trigger", "act") || (gx_arg_is(args, "trigger", "auto") && !shares);
    for (int shape = 0; shape < GX_SHAPE_COUNT; shape++) {
        if (gx_arg_is(args, "fallback", gx_shape_names[shape])) {
            shrink.shape = (gx_chance_shape)shape;
        }
    }
    return learn(out, input, &options, &shrink, job, err);
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const uint64_t n = input->users, m = input->graph ? input->graph->m : 0;
    const gx_firsts *firsts = input->takes;
    const uint64_t count = firsts ? firsts->took.count + firsts->passed.count : 0;
    uint64_t longest = 0;
    (void)args;
    for (uint32_t v = 0; firsts && v < firsts->users; v++) {
        const uint64_t length = firsts->took.ptr[v + 1] - firsts->took.ptr[v];
        longest = length > longest ? length : longest;
    }
    const uint64_t passed = !firsts                ? 0
                            : firsts->passed.count ? firsts->passed.count
                                                   : firsts->took.count;
    const uint64_t room = 8 * (n + passed) + (uint64_t)threads * (24 * longest + 256);
    out->mem_bytes = 24 * m + 12 * n + (room > 32 * n ? room : 32 * n) + 256;
    const double each = n > 0 ? (double)count / (double)n : 0;
    out->cpu_s = 1e-7 * (double)n + (double)m * (3e-7 + 2e-8 * each);
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const gx_graph *g = input->graph;
    const float *probability = gx_result_get(result, instance, "probability", GX_F32, g->m);
    const float *shared = gx_result_get(result, instance, "shared", GX_F32, g->m);
    const float *delay = gx_result_get(result, instance, "delay", GX_F32, g->m);
    if (!probability || !shared || !delay) {
        return gx_fail(err, GX_INTERNAL, "chances do not fit %llu arcs", (unsigned long long)g->m);
    }
    for (uint64_t i = 0; i < g->m; i++) {
        if (!(probability[i] >= 0 && probability[i] <= shared[i] && shared[i] <= 1 &&
              delay[i] >= 0)) {
            return gx_fail(err, GX_INTERNAL, "arc %llu: chances %g and %g, delay %g",
                           (unsigned long long)i, (double)probability[i], (double)shared[i],
                           (double)delay[i]);
        }
    }
    return GX_OK;
}

const gx_pass gx_pass_influence = {
    .name = "influence",
    .kind = GX_KIND_TIE,
    .summary = "how likely what one member has reaches another, learned from who acted after whom",
    .paper = "Goyal, Bonchi, Lakshmanan, Learning influence probabilities in social networks, WSDM "
             "2010, 4.1 and 4.3; A data-based approach to social influence maximization, VLDB "
             "2012, 4; Anagnostopoulos, Kumar, Mahdian, Influence and correlation in social "
             "networks, KDD 2008",
    .complexity = "time O(sum over arcs of the shorter of two histories), five times; memory 24 m "
                  "+ 44 n bytes",
    .needs = GX_NEED_GRAPH | GX_NEED_TAKES,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .estimate = estimate,
    .run = run,
    .check = check,
};
