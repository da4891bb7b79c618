/* Burt's constraint: how far a member's contacts are tied to each other, so that all that is given
 * to one comes back to the same people (Burt, Structural Holes, 1992, equation 2.4; Structural
 * Holes and Good Ideas, 2004). Low values span structural holes.
 *
 *     C_i = Σ over contacts j of (p_ij + Σ over q ≠ i, j of p_iq p_qj)²
 *     p_ij = (a_ij + a_ji) / Σ over k ≠ i of (a_ik + a_ki)
 *
 * Where ties have no direction, which is so unless `directed` asks for it, a is the undirected
 * view's. A member without ties, or whose ties all weigh 0, has 0, where igraph has no number.
 * Self-loops do not count.
 *
 * With w_ij = a_ij + a_ji and s_i = Σ w_ij a contact adds ((w_ij + Σ_q w_iq w_qj / s_q) / s_i)²,
 * whose numerator is the same seen from j: computed once a tie, along the shorter row. Time O(Σ
 * over ties of the lower degree), which is O(m √m). Memory: 28 bytes a member, 8 a member and
 * thread, 4 an arc (8 with weights or `directed`), 2 MiB or 8 bytes a tie of the largest member.
 */
#include "engine/kernel/contacts.h"

static const gx_param params[] = {GX__CONTACTS_PARAMS};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "constraint: low where the member spans structural holes"},
};

typedef struct sums {
    double *score;
    const gx__contacts *contacts;
} sums;

/* p_ij + Σ p_iq p_qj is (w_ij + what i and j share) / s_i; from the other end the same with s_j. */
static void add_pair(void *user, uint32_t i, uint32_t j, double weight, double shared) {
    sums *s = user;
    double both = weight + shared;
    double own = both > 0 ? both / s->contacts->strength[i] : 0;
    double other = both > 0 ? both / s->contacts->strength[j] : 0;
    s->score[s->contacts->member[i]] += own * own;
    s->score[s->contacts->member[j]] += other * other;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    gx__degrees degrees = gx__degrees_of(input->undirected, input->users);
    out->mem_bytes = sizeof(double) * (uint64_t)input->users +
                     gx__contacts_bytes(input, gx_arg_bool(args, "directed"),
                                        gx_arg_bool(args, "weighted"), threads);
    out->cpu_s = gx__contacts_cpu_s(&degrees, gx_arg_bool(args, "directed"),
                                    gx__weighs(input->undirected, args)) +
                 1e-6;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    double *score;
    gx__contacts contacts = {0};
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(gx__contacts_make(&contacts, input, gx_arg_bool(args, "directed"),
                             gx_arg_bool(args, "weighted"), job, err));
    sums s = {score, &contacts};
    GX_TRY(gx__contacts_pairs(&contacts, true, add_pair, &s, "constraint", job, err));
done:
    gx__contacts_free(&contacts, job);
    return status;
}

/* Shares sum to 1 at each of two steps: at most 2², and at least what even shares come to. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const double *score, slack = 1e-6;
    const gx__rows_view rows = gx__rows_out(input->undirected);
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    for (uint32_t v = 0; status == GX_OK && v < input->users; v++) {
        double ties = (double)gx__others(&rows, v);
        if (score[v] > 0 && !(score[v] * ties >= 1 - slack && score[v] <= 4 + slack)) {
            return gx_fail(err, GX_INTERNAL, "%s.score of member %u is %g, with %g neighbours",
                           instance, v, score[v], ties);
        }
    }
    return status;
}

const gx_pass gx_pass_constraint = {
    .name = "constraint",
    .kind = GX_KIND_CENTRALITY,
    .summary = "Burt's constraint: how far a member's contacts are tied to each other",
    .paper = "Burt: Structural Holes, 1992, eq. 2.4",
    .complexity = "O(m sqrt(m)) time at worst; 28 bytes a member, 8 a member and thread, 4 an arc "
                  "(8 weighted)",
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
