/* Opinion leaders (R21–R24): a score from 0 to 100 that is the sum of its parts.
 *
 *   score(v) = 100 · Σ_p weight_p · place_p(v) / Σ_p weight_p
 *
 * place_p(v) = 1 − log(r) / log(n + 1), r the member's place by p from 1 for the best (ties share
 * their mean place): each halving of the place is worth the same, so that the top of a heavy tail
 * is told apart and yet no heavy tail drowns the other parts. Parts, and why they are there:
 *
 *   followers      those who follow v
 *   reach          A³·1, walks of three steps that end at v: of the cheap measures the one nearest
 *                  to the size of simulated outbreaks
 *   pagerank       followed by those who are followed (Page et al. 1999)
 *   core           coreness; good spreaders sit in the core (Kitsak et al., Nature Physics 6, 2010)
 *   breadth        effective number of circles the followers come from: who reaches beyond their
 *                  own
 *   activity       own acts; 0 by default, since being busy is not being heeded
 *   amplification  followers' acts that came after v's own on the same item, as far as they go
 *                  beyond chance (credit.c); over half of the score, since it alone says that v is
 *                  heeded
 *
 * A part that nobody has (no events) is left out and the others count for it. Somebody whom nobody
 * follows scores 0: leading takes an audience. Plain follower count gives its own rank and the rank
 * correlation with it is given beside the score, so that a score that is follower count in disguise
 * is seen at once.
 *
 * Time O(n + m) and, for credit, O(Σ over ties of the shorter of the two histories, times log);
 * memory about 120 bytes a member, 28 an entry of the matrix and 4 a member or item and thread. */
#include "engine/leaders/leaders.h"

#include "engine/community/partition.h"
#include "engine/kernel/rank.h"
#include "engine/leaders/measures.h"

#include <math.h>

const char *const gx_leader_parts[GX_LEADER_PART_COUNT] = {
#define X(name, text, weight, help) text,
    GX_LEADER_PART_MAP(X)
#undef X
};

/* Parts from here on come from events, those before from ties: the standing among people. */
enum { FIRST_EVENT_PART = GX_LEADER_ACTIVITY };

static const gx_param params[] = {
#define X(part, text, weight, what)                                                                \
    {.name = text,                                                                                 \
     .type = GX_PARAM_REAL,                                                                        \
     .fallback = weight,                                                                           \
     .low = 0,                                                                                     \
     .high = 1e6,                                                                                  \
     .help = "how much it counts: " what},
    GX_LEADER_PART_MAP(X)
#undef X
        {.name = "window",
         .type = GX_PARAM_DURATION,
         .fallback = "30d",
         .low = 0,
         .high = 1e13,
         .unit = "ms",
         .help = "a follower's act counts when it came so soon after; 0: whenever"},
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
     "points from each part: followers, reach, pagerank, core, "
     "breadth, activity, amplification"},
    {"follower_correlation", GX_F64, GX_LEN_OTHER,
     "Spearman's rank correlation of score and follower count"},
    {"category_ptr", GX_U64, GX_LEN_OTHER, "start of each category's leaders, categories + 1"},
    {"category_user", GX_U32, GX_LEN_OTHER, "best first"},
    {"category_score", GX_F32, GX_LEN_OTHER, "0 to 100"},
};

typedef struct leaders {
    const gx_input *input;
    uint32_t n;
    double weight[GX_LEADER_PART_COUNT];
    double *followers; /* plain count */
    double *raw;       /* the part at hand */
    double *structure; /* Σ weight · place of the parts from ties */
    double *place;
    uint32_t *order;
    uint64_t *credit; /* per entry of the matrix */
    double *score;    /* output; Σ weight · place until it is finished */
    float *part;      /* output, members × parts; the same */
} leaders;

static void leaders_finish(leaders *l, gx_job *job) {
    gx_job_free(job, l->followers);
    gx_job_free(job, l->raw);
    gx_job_free(job, l->structure);
    gx_job_free(job, l->place);
    gx_job_free(job, l->order);
    gx_job_free(job, l->credit);
}

static gx_status leaders_init(leaders *l, const gx_input *input, const gx_args *args, gx_job *job,
                              gx_error *err) {
    const size_t n = input->users;
    double sum = 0.0;
    gx_status status = GX_OK;
    *l = (leaders){.input = input, .n = input->users};
    for (int p = 0; p < GX_LEADER_PART_COUNT; p++) {
        l->weight[p] = gx_arg_real(args, gx_leader_parts[p]);
        sum += l->weight[p];
    }
    if (sum <= 0.0) {
        GX_TRY(gx_fail_at(err, GX_BAD_REQUEST, "reach",
                          "every part's weight is 0; one of them must count"));
    }
    GX_TRY(gx_job_alloc(job, &l->followers, n, sizeof *l->followers, err));
    GX_TRY(gx_job_alloc(job, &l->raw, n, sizeof *l->raw, err));
    GX_TRY(gx_job_alloc(job, &l->structure, n, sizeof *l->structure, err));
    GX_TRY(gx_job_alloc(job, &l->place, n, sizeof *l->place, err));
    GX_TRY(gx_job_alloc(job, &l->order, n, sizeof *l->order, err));
    GX_TRY(gx_job_alloc(job, &l->credit, input->matrix->nnz, sizeof *l->credit, err));
done:
    return status;
}

/* ---- the parts ----------------------------------------------------------------------------- */

static gx_status copy_score(leaders *l, const char *name, gx_error *err) {
    const double *score;
    gx_status status = gx_arrays_need(&score, l->input->arrays, name, GX_F64, l->n, err);
    if (status == GX_OK) {
        memcpy(l->raw, score, l->n * sizeof *score);
    }
    return status;
}

static gx_status measure_breadth(leaders *l, gx_job *job, gx_error *err) {
    const uint32_t *community;
    uint32_t circles;
    gx_status status = gx_partition_circles(&community, &circles, l->input, err);
    return status == GX_OK ? gx__leaders_breadth(l->raw, l->input->graph, community, job, err)
                           : status;
}

static void sum_rows(leaders *l, bool of_credit) {
    const gx_matrix *matrix = l->input->matrix;
    for (uint32_t v = 0; v < l->n; v++) {
        double sum = 0.0;
        for (uint64_t i = matrix->ptr[v]; i < matrix->ptr[v + 1]; i++) {
            sum += of_credit ? (double)l->credit[i] : gx__leaders_act(matrix, i);
        }
        l->raw[v] = sum;
    }
}

/* Fills `raw` with one part. */
static gx_status measure(leaders *l, gx_leader_part part, gx_job *job, gx_error *err) {
    switch (part) {
    case GX_LEADER_FOLLOWERS:
        gx__leaders_followers(l->followers, l->input->graph);
        memcpy(l->raw, l->followers, l->n * sizeof *l->raw);
        return GX_OK;
    case GX_LEADER_REACH:
        return gx__leaders_reach(l->raw, l->followers, l->input->graph, job, err);
    case GX_LEADER_PAGERANK:
        return copy_score(l, "pagerank.score", err);
    case GX_LEADER_CORE:
        return copy_score(l, "kcore.score", err);
    case GX_LEADER_BREADTH:
        return measure_breadth(l, job, err);
    case GX_LEADER_ACTIVITY:
    case GX_LEADER_AMPLIFICATION:
        sum_rows(l, part == GX_LEADER_AMPLIFICATION);
        return GX_OK;
    case GX_LEADER_PART_COUNT:
        break;
    }
    return gx_fail(err, GX_INTERNAL, "no part %d of the leader score", (int)part);
}

/* Adds the part at hand to the scores; *weights grows by its weight where anybody has any. */
static gx_status add_part(leaders *l, int part, double *weights, gx_job *job, gx_error *err) {
    const double weight = l->weight[part];
    gx_status status = gx__rank_falling(l->order, l->raw, l->n, job, err);
    if (status != GX_OK || l->n == 0 || l->raw[l->order[0]] <= 0.0) {
        return status;
    }
    gx__rank_places(l->place, l->raw, l->order, l->n);
    *weights += weight;
    for (uint32_t v = 0; v < l->n; v++) {
        double points = l->followers[v] > 0.0 ? weight * l->place[v] : 0.0;
        l->score[v] += points;
        l->structure[v] += part < FIRST_EVENT_PART ? points : 0.0;
        l->part[(size_t)v * GX_LEADER_PART_COUNT + (size_t)part] = (float)points;
    }
    return GX_OK;
}

static void scale(double *value, uint32_t n, double factor) {
    for (uint32_t v = 0; v < n; v++) {
        value[v] = fmin(value[v] * factor, factor > 0.0 ? 100.0 : 0.0);
    }
}

static gx_status add_parts(leaders *l, gx_job *job, gx_error *err) {
    double ties = 0.0, events = 0.0;
    gx_status status = GX_OK;
    for (int p = 0; p < GX_LEADER_PART_COUNT; p++) {
        gx_job_tick(job, (uint64_t)p);
        GX_TRY(gx_job_check(job, err));
        GX_TRY(measure(l, (gx_leader_part)p, job, err));
        GX_TRY(add_part(l, p, p < FIRST_EVENT_PART ? &ties : &events, job, err));
    }
    const double factor = ties + events > 0.0 ? 100.0 / (ties + events) : 0.0;
    for (size_t i = 0; i < (size_t)l->n * GX_LEADER_PART_COUNT; i++) {
        l->part[i] = (float)((double)l->part[i] * factor);
    }
    if (ties > 0.0) {
        scale(l->structure, l->n, 1.0 / ties);
    } else { /* ties count for nothing by the weights given: the score itself says who stands well
              */
        memcpy(l->structure, l->score, l->n * sizeof *l->score);
        scale(l->structure, l->n, factor / 100.0);
    }
    scale(l->score, l->n, factor);
done:
    return status;
}

/* ---- the pass ------------------------------------------------------------------------------ */

static gx_status give_rank(uint32_t *rank, leaders *l, const double *score, gx_job *job,
                           gx_error *err) {
    gx_status status = gx__rank_falling(l->order, score, l->n, job, err);
    for (uint32_t i = 0; status == GX_OK && i < l->n; i++) {
        rank[l->order[i]] = i + 1;
    }
    return status;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    leaders l = {0};
    uint32_t *rank, *follower_rank;
    double *correlation;
    gx_status status;
    gx_job_stage(job, "leaders", GX_LEADER_PART_COUNT);
    GX_TRY(leaders_init(&l, input, args, job, err));
    GX_TRY(gx_output_add(&l.score, out, "score", GX_F64, l.n, 0, err));
    GX_TRY(gx_output_add(&l.part, out, "part", GX_F32, l.n, GX_LEADER_PART_COUNT, err));
    GX_TRY(gx_output_add(&rank, out, "rank", GX_U32, l.n, 0, err));
    GX_TRY(gx_output_add(&follower_rank, out, "follower_rank", GX_U32, l.n, 0, err));
    GX_TRY(gx_output_add(&correlation, out, "follower_correlation", GX_F64, 1, 0, err));
    GX_TRY(gx__leaders_credit(l.credit, input->graph, input->matrix, gx_arg_int(args, "window"),
                              job, err));
    GX_TRY(add_parts(&l, job, err));
    GX_TRY(give_rank(rank, &l, l.score, job, err));
    GX_TRY(give_rank(follower_rank, &l, l.followers, job, err));
    GX_TRY(gx__rank_spearman(correlation, l.score, l.followers, l.n, job, err));
    GX_TRY(gx__leaders_by_category(out, input, l.structure, l.credit,
                                   (uint32_t)gx_arg_int(args, "per_category"), job, err));
done:
    leaders_finish(&l, job);
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const uint64_t n = input->users, m = input->graph ? input->graph->m : 0;
    const uint64_t nnz = input->matrix ? input->matrix->nnz : 0;
    const uint64_t categories = input->category ? input->category->count : 0;
    const uint64_t kept = categories * (uint64_t)gx_arg_int(args, "per_category");
    out->mem_bytes = n * (120 + 4 * (uint64_t)threads) + 8 * nnz +
                     4 * (uint64_t)threads * input->items + 100 * categories +
                     24 * (kept < nnz ? kept : nnz);
    double acts = n > 0 ? (double)nnz / (double)n : 0.0;
    out->cpu_s = 1e-6 * (double)n + 1e-8 * (double)m * (1.0 + acts) + 6e-8 * (double)nnz;
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
    if (!score || !part || !correlation || !(fabs(*correlation) <= 1.0 + 1e-9)) {
        return gx_fail(err, GX_INTERNAL, "scores of leaders do not fit %u members", n);
    }
    for (uint32_t v = 0; v < n; v++) {
        double sum = 0.0;
        for (size_t p = 0; p < GX_LEADER_PART_COUNT; p++) {
            sum += (double)part[(size_t)v * GX_LEADER_PART_COUNT + p];
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
    .summary = "opinion leaders: a score of seven parts, over the shop and by category",
    .paper = "rank aggregation; A^3 1, coreness (Kitsak et al. 2010), PageRank (Page et al. 1999), "
             "credit distribution (Goyal, Bonchi, Lakshmanan, VLDB 2012)",
    .complexity = "time O(n + m) and for credit O(sum over ties of the shorter history); memory "
                  "120 n + 28 nnz bytes",
    .needs = GX_NEED_GRAPH | GX_NEED_IN | GX_NEED_MATRIX | GX_NEED_CATEGORY,
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
