/* The effective size of a member's network: its contacts, less those that the others make redundant
 * (Burt, Structural Holes, 1992, equation 2.2):
 *
 *     E_i = Σ over contacts j of (1 − Σ over q ≠ i, j of p_iq m_jq)
 *     p_iq = (a_iq + a_qi) / Σ over k of (a_ik + a_ki)
 *     m_jq = (a_jq + a_qj) / max over k of (a_jk + a_kj)
 *
 * Where ties have neither weight nor direction that is k − 2 t / k, k contacts with t ties among
 * them (Borgatti, Structural holes: unpacking Burt's redundancy measures, 1997), which is counted
 * as triangles are. A member without ties has 0, one whose ties all weigh 0 has all its contacts.
 * Self-loops do not count. `efficiency` is the size by the number of contacts.
 *
 * Σ_q of a contact is Σ_q w_iq w_jq by s_i and j's largest weight: computed once a tie, along the
 * shorter row. Time O(m √m). Memory: 44 bytes a member, 8 a member and thread, 8 an arc, 2 MiB or 8
 * bytes a tie of the largest member.
 */
#include "engine/kernel/contacts.h"
#include "engine/kernel/triangles.h"

static const gx_param params[] = {GX__CONTACTS_PARAMS};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "contacts that the others do not make redundant"},
    {"efficiency", GX_F64, GX_LEN_USERS, "the same by the number of contacts, 0 to 1"},
};

static bool is_plain(const gx_input *input, const gx_args *args) {
    return !gx_arg_bool(args, "directed") &&
           !(gx_arg_bool(args, "weighted") && input->undirected && input->undirected->out_weight);
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    uint64_t n = input->users, m = input->undirected ? input->undirected->m : 0;
    gx__degrees degrees = gx__degrees_of(input->undirected, input->users);
    out->mem_bytes = 2 * sizeof(double) * n;
    if (is_plain(input, args)) {
        out->mem_bytes += gx__triangles_bytes(n, m, false, false, threads);
        out->cpu_s = gx__triangles_cpu_s(&degrees) + 1e-6;
        return;
    }
    out->mem_bytes += gx__contacts_bytes(input, gx_arg_bool(args, "directed"),
                                         gx_arg_bool(args, "weighted"), threads) +
                      sizeof(double) * n;
    out->cpu_s = gx__contacts_cpu_s(&degrees, gx_arg_bool(args, "directed"),
                                    gx__weighs(input->undirected, args)) +
                 1e-6;
}

static double largest_of(const gx__contacts *c, uint32_t j) {
    double largest = 0;
    for (uint64_t k = c->rows.ptr[j]; c->rows.weight && k < c->rows.ptr[j + 1]; k++) {
        double weight = (double)c->rows.weight[k];
        largest = weight > largest ? weight : largest;
    }
    return c->rows.weight ? largest : 1;
}

/* The ties of each member so far, less what is redundant among them. */
typedef struct sums {
    double *score;
    const gx__contacts *contacts;
    const double *largest;
} sums;

/* Σ over q of p_iq m_jq is what i and j share by s_i and j's largest weight; from the other end by
 * s_j and i's. */
static void add_pair(void *user, uint32_t i, uint32_t j, double weight, double shared) {
    (void)weight;
    sums *s = user;
    const double *strength = s->contacts->strength;
    s->score[s->contacts->member[i]] += 1 - (shared > 0 ? shared / strength[i] / s->largest[j] : 0);
    s->score[s->contacts->member[j]] += 1 - (shared > 0 ? shared / strength[j] / s->largest[i] : 0);
}

static gx_status pair_sizes(double *score, const gx_input *input, const gx_args *args, gx_job *job,
                            gx_error *err) {
    gx_status status = GX_OK;
    gx__contacts contacts = {0};
    double *largest = NULL;
    GX_TRY(gx__contacts_make(&contacts, input, gx_arg_bool(args, "directed"),
                             gx_arg_bool(args, "weighted"), job, err));
    GX_TRY(gx_job_alloc(job, &largest, contacts.n, sizeof *largest, err));
    for (uint32_t j = 0; j < contacts.n && !gx_job_should_stop(job); j++) {
        largest[j] = largest_of(&contacts, j);
    }
    sums s = {score, &contacts, largest};
    GX_TRY(gx__contacts_pairs(&contacts, false, add_pair, &s, "effective_size", job, err));
done:
    gx_job_free(job, largest);
    gx__contacts_free(&contacts, job);
    return status;
}

/* k − 2 t / k. */
static gx_status plain_sizes(double *score, const gx_graph *graph, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    const gx__rows_view rows = gx__rows_out(graph);
    uint64_t *count = NULL;
    gx__oriented oriented = {0};
    GX_TRY(gx__orient(&oriented, graph, false, job, err));
    GX_TRY(gx_job_alloc(job, &count, graph->n, sizeof *count, err));
    GX_TRY(gx__triangles_count(count, NULL, &oriented, job, err));
    for (uint32_t p = 0; p < graph->n && !gx_job_should_stop(job); p++) {
        uint32_t v = oriented.member[p];
        double ties = (double)gx__others(&rows, v);
        score[v] = ties > 0 ? ties - 2 * (double)count[p] / ties : 0;
    }
done:
    gx_job_free(job, count);
    gx__oriented_free(&oriented, job);
    return status;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    const gx__rows_view rows = gx__rows_out(input->undirected);
    double *score, *efficiency;
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(gx_output_add(&efficiency, out, "efficiency", GX_F64, input->users, 0, err));
    if (is_plain(input, args)) {
        GX_TRY(plain_sizes(score, input->undirected, job, err));
    } else {
        GX_TRY(pair_sizes(score, input, args, job, err));
    }
    for (uint32_t v = 0; v < input->users && !gx_job_should_stop(job); v++) {
        double ties = (double)gx__others(&rows, v);
        efficiency[v] = ties > 0 ? score[v] / ties : 0;
    }
    status = gx_job_check(job, err);
done:
    return status;
}

/* Between one contact and all of them: what is shared with a contact is at most the rest. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const double *score, slack = 1e-6;
    const gx__rows_view rows = gx__rows_out(input->undirected);
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    for (uint32_t v = 0; status == GX_OK && v < input->users; v++) {
        double ties = (double)gx__others(&rows, v), least = ties > 0 ? 1 - slack : 0;
        if (!(score[v] >= least && score[v] <= ties)) {
            return gx_fail(err, GX_INTERNAL, "%s.score of member %u is %g, with %g contacts",
                           instance, v, score[v], ties);
        }
    }
    return status;
}

const gx_pass gx_pass_effective_size = {
    .name = "effective_size",
    .kind = GX_KIND_CENTRALITY,
    .summary = "Burt's effective size: contacts that the others do not make redundant",
    .paper = "Burt: Structural Holes, 1992, eq. 2.2; Borgatti: Structural holes: unpacking Burt's "
             "redundancy measures, 1997",
    .complexity = "O(m sqrt(m)) time at worst; 44 bytes a member, 8 a member and thread, 8 an arc",
    .needs = GX__NEED_TIES,
    .reads = gx__contacts_reads,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .estimate = estimate,
    .run = run,
    .check = check,
};
