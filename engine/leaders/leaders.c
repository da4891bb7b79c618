/* Opinion leaders (R21–R24, R31): a score from 0 to 100 that is the sum of its parts.
 *
 *   score(v) = authentic(v) · 100 · Σ_p weight_p · h_p(v) / Σ_p weight_p · max h_p
 *
 * over nine measures p, which make up four parts; the fifth, authenticity, is what is taken off
 * where followers look bought or arranged (authentic.c). The measures:
 *
 *   followers      those who follow v
 *   walks          A³·1, walks of three steps that end at v: of the cheap measures the one nearest
 *                  to the size of simulated outbreaks
 *   breadth        effective number of circles the followers come from: who reaches beyond their
 *                  own
 *   pagerank       followed by those who are followed (Page et al. 1999)
 *   core           coreness; good spreaders sit in the core (Kitsak et al., Nature Physics 6, 2010)
 *   topic          own items × items of followers, by category: knows what they care for
 *   activity       items acted on
 *   amplification  followers' acts that came after v's own on the same item, as far as they go
 *                  beyond chance (credit.c)
 *   conversion     share of followers who bought after v's act, times what of it is beyond chance
 *
 * Weights are learnt where the log allows: acts up to the time at which `split` of them lay behind
 * give the measures, the followers' later acts after v's own, beyond chance, are what was to be
 * told (fit.c). There h is the level log(1 + x / mean x). Where the log does not allow, or weights
 * were given, h is the place,
 *
 *   place_p(v) = 1 − log(r) / log(n + 1), r the member's place by p from 1 for the best (ties share
 *   their mean place): each halving of the place is worth the same, so that the top of a heavy tail
 *   is told apart and yet no heavy tail drowns the others.
 *
 * A measure that nobody has (no events) is left out and the others count for it. Somebody whom
 * nobody follows scores 0: leading takes an audience. Plain follower count gives its own rank and
 * the rank correlation with it is given beside the score, so that a score that is follower count in
 * disguise is seen at once.
 *
 * Followers are those who are still here: the ties of members who have departed are left out, and
 * of pagerank and core, which know all ties, the share of followers who are here counts.
 *
 * Time O(n + m), for credit O(Σ over ties of the shorter of the two histories, times log), for
 * topic O(Σ over ties of the follower's history); memory about 205 bytes a member, 34 an entry of
 * the matrix and 4 a member or item and thread. */
#include "engine/leaders/leaders.h"

#include "engine/community/partition.h"
#include "engine/kernel/rank.h"
#include "engine/leaders/score.h"

#include <math.h>
#include <stdlib.h>

enum {
    MEASURES = GX_LEADER_MEASURE_COUNT,
    PARTS = GX_LEADER_PART_COUNT,
    FLAGS = GX_LEADER_FLAG_COUNT
};

const char *const gx_leader_parts[PARTS] = {
#define X(name, text, help) text,
    GX_LEADER_PART_MAP(X)
#undef X
};
const char *const gx_leader_measures[MEASURES] = {
#define X(name, text, part, weight, help) text,
    GX_LEADER_MEASURE_MAP(X)
#undef X
};
const char *const gx_leader_flags[FLAGS] = {
#define X(name, text, help) text,
    GX_LEADER_FLAG_MAP(X)
#undef X
};
const uint8_t gx_leader_part_of[MEASURES] = {
#define X(name, text, part, weight, help) GX_LEADER_##part,
    GX_LEADER_MEASURE_MAP(X)
#undef X
};

static const gx_param params[] = {
#define X(name_, text, part, weight, what)                                                         \
    {.name = text,                                                                                 \
     .type = GX_PARAM_REAL,                                                                        \
     .fallback = weight,                                                                           \
     .low = 0,                                                                                     \
     .high = 1e6,                                                                                  \
     .help = "how much it counts where weights are not learnt: " what},
    GX_LEADER_MEASURE_MAP(X)
#undef X
        {.name = "window",
         .type = GX_PARAM_DURATION,
         .fallback = "30d",
         .low = 0,
         .high = 1e13,
         .unit = "ms",
         .help = "a follower's act counts when it came so soon after; 0: whenever"},
    {.name = "fit",
     .type = GX_PARAM_BOOL,
     .fallback = "true",
     .low = 1,
     .help = "learn the weights from what followers did, where no weight was given and the log "
             "says enough"},
    {.name = "split",
     .type = GX_PARAM_REAL,
     .fallback = "0.75",
     .low = 0.1,
     .high = 0.95,
     .help = "share of the acts that weights are learnt by; the later ones are what is to be told"},
    {.name = "burst",
     .type = GX_PARAM_DURATION,
     .fallback = "3d",
     .low = 0,
     .high = 1e13,
     .unit = "ms",
     .help = "growth within so short a time is looked at; 0: it is not"},
    {.name = "risk_most",
     .type = GX_PARAM_REAL,
     .fallback = "50",
     .low = 0,
     .high = 100,
     .help = "who is of a greater risk, closed rings aside, scores 0 and is left out of the "
             "ranking; 100: nobody"},
    {.name = "per_category",
     .type = GX_PARAM_INT,
     .fallback = "50",
     .low = 1,
     .high = 1e6,
     .unit = "members",
     .help = "at most so many leaders of each category are kept"},
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "0 to 100, the sum of the parts"},
    {"rank", GX_U32, GX_LEN_USERS, "1 is the highest score"},
    {"follower_rank", GX_U32, GX_LEN_USERS, "1 has the most followers"},
    {"part", GX_F32, GX_LEN_USERS,
     "points from each part: reach, amplification, authority, conversion, authenticity"},
    {"measure", GX_F32, GX_LEN_USERS,
     "the measures themselves: followers, walks, breadth, pagerank, core, topic, activity, "
     "amplification, conversion"},
    {"weight", GX_F64, GX_LEN_OTHER, "the most points each measure can give, sum 100"},
    {"fit", GX_F64, GX_LEN_OTHER,
     "whether weights were learnt, members, heeded members, time of the split, Spearman's "
     "correlation with what came, the same of follower count"},
    {"flag", GX_F32, GX_LEN_USERS,
     "share of the followers: bought_followers, sudden_growth, closed_ring; of the acts: flood; 0: "
     "no flag"},
    {"flag_count", GX_U32, GX_LEN_USERS, "how many that is"},
    {"risk", GX_F32, GX_LEN_USERS, "0 to 100: of all flags together; 0: no flag"},
    {"excluded", GX_U8, GX_LEN_USERS, "1: of too great a risk to be ranked"},
    {"follower_correlation", GX_F64, GX_LEN_OTHER,
     "Spearman's rank correlation of score and follower count, of those who are not excluded; NaN: "
     "all are equal"},
    {"window", GX_I64, GX_LEN_OTHER,
     "ms so soon after which a follower's act counts, for topics that are asked for later"},
    {"category_ptr", GX_U64, GX_LEN_OTHER, "start of each category's leaders, categories + 1"},
    {"category_user", GX_U32, GX_LEN_OTHER, "best first"},
    {"category_score", GX_F32, GX_LEN_OTHER, "0 to 100"},
};

static void leaders_finish(gx__leaders *l, gx_job *job) {
    gx_job_free(job, l->followers);
    gx_job_free(job, l->kept);
    gx_job_free(job, l->authentic);
    gx_job_free(job, l->raw);
    gx_job_free(job, l->standing);
    gx_job_free(job, l->place);
    gx_job_free(job, l->order);
    gx_job_free(job, l->credit);
}

/* Another weight than the usual one. */
static bool is_given(const gx_args *args, int p) {
    return gx_arg_real(args, gx_leader_measures[p]) != strtod(params[p].fallback, NULL);
}

/* Whether weights are learnt: none was given, and the log has times. */
static bool may_learn(const gx_input *input, const gx_args *args) {
    bool given = false;
    for (int p = 0; p < MEASURES; p++) {
        given = given || is_given(args, p);
    }
    return gx_arg_bool(args, "fit") && !given && input->matrix && input->matrix->ts &&
           input->matrix->nnz > 0;
}

static gx_status read_weights(gx__leaders *l, const gx_args *args, gx_error *err) {
    double sum = 0.0;
    for (int p = 0; p < MEASURES; p++) {
        l->weight[p] = gx_arg_real(args, gx_leader_measures[p]);
        sum += l->weight[p];
    }
    return sum > 0.0 ? GX_OK
                     : gx_fail_at(err, GX_BAD_REQUEST, gx_leader_measures[0],
                                  "every measure's weight is 0; one of them must count");
}

static gx_status leaders_init(gx__leaders *l, const gx_input *input, const gx_graph *all,
                              const gx_args *args, gx_job *job, gx_error *err) {
    const size_t n = input->users;
    gx_status status = GX_OK;
    *l = (gx__leaders){
        .input = input,
        .all = all,
        .first = input->first && input->first->nnz == input->matrix->nnz ? input->first->ts
                                                                         : input->matrix->ts,
        .n = input->users,
        .after = {
            .window_ms = gx_arg_int(args, "window"), .since_ms = INT64_MIN, .until_ms = INT64_MAX}};
    GX_TRY(read_weights(l, args, err));
    GX_TRY(gx_job_alloc(job, &l->followers, n, sizeof *l->followers, err));
    GX_TRY(gx_job_alloc(job, &l->kept, n, sizeof *l->kept, err));
    GX_TRY(gx_job_alloc(job, &l->authentic, n, sizeof *l->authentic, err));
    GX_TRY(gx_job_alloc(job, &l->raw, n, sizeof *l->raw, err));
    GX_TRY(gx_job_alloc(job, &l->standing, n, sizeof *l->standing, err));
    GX_TRY(gx_job_alloc(job, &l->place, n, sizeof *l->place, err));
    GX_TRY(gx_job_alloc(job, &l->order, n, sizeof *l->order, err));
    GX_TRY(gx_job_alloc(job, &l->credit, input->matrix->nnz, sizeof *l->credit, err));
done:
    return status;
}

/* ---- the measures -------------------------------------------------------------------------- */

/* Other passes know all ties: of what they give counts the share of followers who are still here.
 */
static gx_status copy_score(gx__leaders *l, const char *name, gx_error *err) {
    const double *score;
    gx_status status = gx_arrays_need(&score, l->input->arrays, name, GX_F64, l->n, err);
    for (uint32_t v = 0; status == GX_OK && v < l->n; v++) {
        const double all = (double)(l->all->in_ptr[v + 1] - l->all->in_ptr[v]);
        l->raw[v] = all > l->followers[v] ? score[v] * l->followers[v] / all : score[v];
    }
    return status;
}

static gx_status measure_breadth(gx__leaders *l, gx_job *job, gx_error *err) {
    const uint32_t *community;
    uint32_t circles;
    gx_status status = gx_partition_circles(&community, &circles, l->input, err);
    return status == GX_OK ? gx__leaders_breadth(l->raw, l->input->graph, community, job, err)
                           : status;
}

gx_status gx__leaders_measure(gx__leaders *l, gx_leader_measure p, const gx_matrix *matrix,
                              const int64_t *first, gx_job *job, gx_error *err) {
    const gx_input *in = l->input;
    switch (p) {
    case GX_MEASURE_FOLLOWERS:
        memcpy(l->raw, l->followers, l->n * sizeof *l->raw);
        return GX_OK;
    case GX_MEASURE_WALKS:
        return gx__leaders_reach(l->raw, l->followers, in->graph, job, err);
    case GX_MEASURE_BREADTH:
        return measure_breadth(l, job, err);
    case GX_MEASURE_PAGERANK:
        return copy_score(l, "pagerank.score", err);
    case GX_MEASURE_CORE:
        return copy_score(l, "kcore.score", err);
    case GX_MEASURE_TOPIC:
        return gx__leaders_topic(l->raw, in->graph, matrix, in->category, job, err);
    case GX_MEASURE_ACTIVITY:
        for (uint32_t v = 0; v < l->n; v++) {
            l->raw[v] = (double)(matrix->ptr[v + 1] - matrix->ptr[v]);
        }
        return GX_OK;
    case GX_MEASURE_AMPLIFICATION:
        gx__leaders_sum_credit(l->raw, l->credit, matrix);
        return GX_OK;
    case GX_MEASURE_CONVERSION:
        return gx__leaders_conversion(l->raw, l->kept, in->graph, matrix, first,
                                      in->bought ? in->bought : in->matrix, &l->after, job, err);
    case GX_LEADER_MEASURE_COUNT:
        break;
    }
    return gx_fail(err, GX_INTERNAL, "no measure %d of the leader score", (int)p);
}

double gx__leaders_unit(const gx__leaders *l) {
    double sum = 0.0;
    uint32_t followed = 0;
    for (uint32_t v = 0; v < l->n; v++) {
        if (l->followers[v] > 0.0) {
            sum += l->raw[v];
            followed++;
        }
    }
    return followed ? sum / followed : 0.0;
}

/* ---- the score ----------------------------------------------------------------------------- */

/* h of the measure at hand into `place`; *highest is the most there can be. */
static void rate(gx__leaders *l, double *highest) {
    const double unit = l->fitted ? gx__leaders_unit(l) : 0.0;
    *highest = l->fitted ? 0.0 : 1.0;
    for (uint32_t v = 0; l->fitted && v < l->n; v++) {
        l->place[v] = unit > 0.0 && l->followers[v] > 0.0 ? log1p(l->raw[v] / unit) : 0.0;
        *highest = fmax(*highest, l->place[v]);
    }
}

/* Adds the measure at hand to the scores. */
static gx_status add_measure(gx__leaders *l, int p, gx_job *job, gx_error *err) {
    const size_t part = gx_leader_part_of[p];
    double highest;
    for (uint32_t v = 0; v < l->n; v++) {
        l->measure[(size_t)v * MEASURES + (size_t)p] = (float)l->raw[v];
    }
    gx_status status = gx__rank_falling(l->order, l->raw, l->n, job, err);
    if (status != GX_OK || l->n == 0 || l->raw[l->order[0]] <= 0.0) {
        return status;
    }
    gx__rank_places(l->place, l->raw, l->order, l->n);
    rate(l, &highest);
    l->points[p] = l->weight[p] * highest;
    for (uint32_t v = 0; v < l->n; v++) {
        double points = l->followers[v] > 0.0 ? l->weight[p] * l->place[v] : 0.0;
        l->score[v] += points;
        l->part[(size_t)v * PARTS + part] += (float)points;
    }
    return GX_OK;
}

/* Sums to points, and off with what is not authentic. */
static void finish_scores(gx__leaders *l) {
    double all = 0.0;
    for (int p = 0; p < MEASURES; p++) {
        all += l->points[p];
    }
    const double factor = all > 0.0 ? 100.0 / all : 0.0;
    for (int p = 0; p < MEASURES; p++) {
        l->points[p] *= factor;
    }
    for (uint32_t v = 0; v < l->n; v++) {
        float *part = l->part + (size_t)v * PARTS;
        const double raw = fmin(l->score[v] * factor, factor > 0.0 ? 100.0 : 0.0);
        for (int p = 0; p < PARTS; p++) {
            part[p] = (float)((double)part[p] * factor);
        }
        part[GX_LEADER_AUTHENTICITY] = (float)(raw * (l->authentic[v] - 1.0));
        l->score[v] = raw * l->authentic[v];
        l->standing[v] = sqrt(l->score[v] / 100.0);
    }
}

static gx_status add_measures(gx__leaders *l, gx_job *job, gx_error *err) {
    const gx_matrix *matrix = l->input->matrix;
    const int64_t *first = l->first;
    gx_status status = GX_OK;
    for (int p = 0; p < MEASURES; p++) {
        gx_job_tick(job, (uint64_t)p);
        GX_TRY(gx_job_check(job, err));
        GX_TRY(gx__leaders_measure(l, (gx_leader_measure)p, matrix, first, job, err));
        GX_TRY(add_measure(l, p, job, err));
    }
    finish_scores(l);
done:
    return status;
}

/* ---- the pass ------------------------------------------------------------------------------ */

static gx_status give_rank(uint32_t *rank, gx__leaders *l, const double *score, gx_job *job,
                           gx_error *err) {
    gx_status status = gx__rank_falling(l->order, score, l->n, job, err);
    for (uint32_t i = 0; status == GX_OK && i < l->n; i++) {
        rank[l->order[i]] = i + 1;
    }
    return status;
}

/* Of those who are ranked. Uses up `raw` and `place`. */
static gx_status correlate(double *out, gx__leaders *l, gx_job *job, gx_error *err) {
    uint32_t ranked = 0;
    for (uint32_t v = 0; v < l->n; v++) {
        if (!l->excluded[v]) {
            l->place[ranked] = l->score[v];
            l->raw[ranked++] = l->followers[v];
        }
    }
    return gx__rank_spearman(out, l->place, l->raw, ranked, job, err);
}

static gx_status add_outputs(gx__leaders *l, gx__leaders_signs *signs, gx_output *out,
                             gx_error *err) {
    gx_status status;
    GX_TRY(gx_output_add(&l->score, out, "score", GX_F64, l->n, 0, err));
    GX_TRY(gx_output_add(&l->part, out, "part", GX_F32, l->n, PARTS, err));
    GX_TRY(gx_output_add(&l->measure, out, "measure", GX_F32, l->n, MEASURES, err));
    GX_TRY(gx_output_add(&l->points, out, "weight", GX_F64, MEASURES, 0, err));
    GX_TRY(gx_output_add(&l->fit, out, "fit", GX_F64, GX_LEADER_FIT_COUNT, 0, err));
    GX_TRY(gx_output_add(&signs->flag, out, "flag", GX_F32, l->n, FLAGS, err));
    GX_TRY(gx_output_add(&l->risk, out, "risk", GX_F32, l->n, 0, err));
    GX_TRY(gx_output_add(&l->excluded, out, "excluded", GX_U8, l->n, 0, err));
    GX_TRY(gx_output_add(&signs->count, out, "flag_count", GX_U32, l->n, FLAGS, err));
    signs->authentic = l->authentic;
done:
    return status;
}

/* What of the score is taken off is the risk; where too much of it is not for a closed ring, which
 * a circle of friends may be too, nothing of the score is left. */
static void exclude(gx__leaders *l, const gx__leaders_signs *signs, double risk_most) {
    for (uint32_t v = 0; v < l->n; v++) {
        double left = 1;
        for (size_t f = 0; f < FLAGS; f++) {
            left *= f == GX_FLAG_RING ? 1 : 1 - (double)signs->flag[(size_t)v * FLAGS + f];
        }
        l->risk[v] = (float)(100.0 * (1.0 - l->authentic[v]));
        l->excluded[v] = 100.0 * (1.0 - left) > risk_most;
        l->authentic[v] = l->excluded[v] ? 0.0 : l->authentic[v];
    }
}

/* The signs are of all ties: what was bought looks so whoever left. */
static gx_status run(gx_output *out, const gx_input *all, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx__leaders l = {0};
    gx_graph here = {0};
    gx_input own = *all, *input = &own;
    gx__leaders_signs signs = {0};
    uint32_t *rank, *follower_rank;
    double *correlation;
    int64_t *window;
    gx_status status;
    gx_job_stage(job, "leaders", MEASURES);
    GX_TRY(gx__leaders_here(&here, all, job, err));
    own.graph = all->departed ? &here : all->graph;
    GX_TRY(leaders_init(&l, input, all->graph, args, job, err));
    GX_TRY(add_outputs(&l, &signs, out, err));
    GX_TRY(gx_output_add(&rank, out, "rank", GX_U32, l.n, 0, err));
    GX_TRY(gx_output_add(&follower_rank, out, "follower_rank", GX_U32, l.n, 0, err));
    GX_TRY(gx_output_add(&correlation, out, "follower_correlation", GX_F64, 1, 0, err));
    GX_TRY(gx_output_add(&window, out, "window", GX_I64, 1, 0, err));
    *window = l.after.window_ms;
    gx__leaders_followers(l.followers, input->graph);
    GX_TRY(gx__leaders_credit(l.credit, l.kept, input->graph, input->matrix, l.first, &l.after, job,
                              err));
    GX_TRY(gx__leaders_authentic(&signs, all, l.kept, gx_arg_int(args, "burst"), job, err));
    exclude(&l, &signs, gx_arg_real(args, "risk_most"));
    if (may_learn(input, args)) {
        GX_TRY(gx__leaders_learn(&l, gx_arg_real(args, "split"), job, err));
        memset(l.credit, 0, input->matrix->nnz * sizeof *l.credit);
        GX_TRY(gx__leaders_credit(l.credit, l.kept, input->graph, input->matrix, l.first, &l.after,
                                  job, err));
    }
    GX_TRY(add_measures(&l, job, err));
    GX_TRY(give_rank(rank, &l, l.score, job, err));
    GX_TRY(give_rank(follower_rank, &l, l.followers, job, err));
    GX_TRY(correlate(correlation, &l, job, err));
    GX_TRY(gx__leaders_by_category(out, input, l.standing, l.credit,
                                   (uint32_t)gx_arg_int(args, "per_category"), job, err));
done:
    leaders_finish(&l, job);
    gx__leaders_leave(&here, job);
    return status;
}

/* Seconds: credit once; where weights are learnt also before the split, after it and again, which
 * together are 2.5 times as much, and every measure twice. */
static double seconds(const gx_input *input, const gx_args *args, double rows) {
    static const double tie_s = 5e-8, history_s = 3.6e-9, sign_s = 8e-8, growth_s = 1e-7,
                        member_s = 1e-6, row_s = 3.2e-6;
    const double n = input->users, m = input->graph ? (double)input->graph->m : 0.0;
    const double nnz = input->matrix ? (double)input->matrix->nnz : 0.0;
    const double acts = nnz / fmax(n, 1.0);
    const bool learns = may_learn(input, args), times = input->times && input->times->ts;
    const double credit = gx__leaders_credit_seconds(input->graph, input->matrix, input->items);
    const double measures = (tie_s + history_s * acts) * m;
    const double signs = (times ? sign_s + growth_s : sign_s) * m;
    return (learns ? 3.5 : 1.0) * credit +
           gx__leaders_far(nnz) * ((learns ? 2.0 : 1.0) * measures + signs) + member_s * n +
           (learns ? row_s * rows : 0.0);
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const uint64_t n = input->users, nnz = input->matrix ? input->matrix->nnz : 0;
    const uint64_t categories = input->category ? input->category->count : 0;
    const uint64_t kept = categories * (uint64_t)gx_arg_int(args, "per_category");
    const uint64_t rows = n < GX__FIT_ROWS_MOST ? n : GX__FIT_ROWS_MOST;
    out->mem_bytes = n * (201 + 4 * (uint64_t)threads) + 34 * nnz + (8 * MEASURES + 12) * rows +
                     4 * (uint64_t)threads * input->items +
                     (100 + 8 * (uint64_t)threads) * categories + 24 * (kept < nnz ? kept : nnz);
    if (input->departed &&
        input->graph) { /* the ties of those who are here, while they are sorted */
        out->mem_bytes += 24 * input->graph->m + 16 * n;
    }
    out->kept_bytes = n * sizeof(float) * (PARTS + MEASURES + 2 * FLAGS - 4) +
                      8 * (categories + (kept < nnz ? kept : nnz));
    out->cpu_s = seconds(input, args, (double)rows);
}

static gx_status check_categories(const gx_arrays *result, const char *instance,
                                  const gx_input *input, gx_error *err) {
    const uint32_t categories = input->category->count;
    const uint64_t *ptr =
        gx_result_get(result, instance, "category_ptr", GX_U64, (uint64_t)categories + 1);
    const uint64_t entries = ptr ? ptr[categories] : 0;
    const uint32_t *user = gx_result_get(result, instance, "category_user", GX_U32, entries);
    const float *score = gx_result_get(result, instance, "category_score", GX_F32, entries);
    if (!ptr || !user || !score) {
        return gx_fail(err, GX_INTERNAL, "leaders by category do not fit %u categories",
                       categories);
    }
    for (uint32_t c = 0; c < categories; c++) {
        for (uint64_t i = ptr[c]; i < ptr[c + 1]; i++) {
            bool sorted = i == ptr[c] || score[i] <= score[i - 1];
            if (user[i] >= input->users || !(score[i] >= 0.0f && score[i] <= 100.0f) || !sorted) {
                return gx_fail(err, GX_INTERNAL, "category %u lists member %u with %g", c, user[i],
                               (double)score[i]);
            }
        }
    }
    return GX_OK;
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const uint32_t n = input->users;
    const double *score = gx_result_get(result, instance, "score", GX_F64, n);
    const float *part = gx_result_get(result, instance, "part", GX_F32, n);
    const double *correlation = gx_result_get(result, instance, "follower_correlation", GX_F64, 1);
    const float *flag = gx_result_get(result, instance, "flag", GX_F32, n);
    if (!score || !part || !flag || !correlation || fabs(*correlation) > 1.0 + 1e-9) {
        return gx_fail(err, GX_INTERNAL, "scores of leaders do not fit %u members", n);
    }
    for (uint32_t v = 0; v < n; v++) {
        double sum = 0.0;
        for (size_t p = 0; p < PARTS; p++) {
            sum += (double)part[(size_t)v * PARTS + p];
        }
        for (size_t f = 0; f < FLAGS; f++) {
            float share = flag[(size_t)v * FLAGS + f];
            if (!(share >= 0.0f && share <= 1.0f)) {
                return gx_fail(err, GX_INTERNAL, "member %u has a flag of %g", v, (double)share);
            }
        }
        if (!(score[v] >= 0.0 && score[v] <= 100.0) || fabs(sum - score[v]) > 1e-3) {
            return gx_fail(err, GX_INTERNAL, "member %u scores %g, the parts sum to %g", v,
                           score[v], sum);
        }
    }
    return check_categories(result, instance, input, err);
}

static const char *const arrays[] = {"pagerank.score", "kcore.score", "leiden.community", NULL};

const gx_pass gx_pass_leaders = {
    .name = "leaders",
    .kind = GX_KIND_LEADERS,
    .summary = "opinion leaders: a score of five parts, over the shop and by category, and what "
               "looks bought",
    .paper = "rank aggregation; A^3 1, coreness (Kitsak et al. 2010), PageRank (Page et al. 1999), "
             "credit distribution (Goyal, Bonchi, Lakshmanan, VLDB 2012); Poisson regression "
             "(McCullagh and Nelder 1989)",
    .complexity = "time O(n + m) and for credit and topic O(sum over ties of the histories); "
                  "memory 205 n + 34 nnz bytes",
    .needs = GX_NEED_GRAPH | GX_NEED_IN | GX_NEED_MATRIX | GX_NEED_CATEGORY,
    .wants = GX_NEED_TIMES | GX_NEED_BOUGHT | GX_NEED_FIRST | GX_NEED_FACTS | GX_NEED_DEPARTED,
    .arrays = arrays,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .member_arrays = (const char *const[]){"category_user", NULL},
    .params = params,
    .param_count = GX_COUNT(params),
    .label_dependent = true,
    .estimate = estimate,
    .run = run,
    .check = check,
};
