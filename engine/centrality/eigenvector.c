/* Eigenvector centrality: a member's score is proportional to the sum of the scores of those tied
 * to it, by weight: A x = λ x for the largest λ (Bonacich, Factoring and weighting approaches to
 * status scores and clique identification, 1972).
 *
 * ARPACK, as igraph packs it, finds x; the products with A are our own, on all threads, over the
 * undirected graph. The start vector is the degree, so where several components share the largest
 * λ, each has its part of the result. O(n + m) a product, 15 doubles a member. Scores
 * are scaled so that the largest is 1; where no tie has weight, everybody's is 1.
 */
#include "engine/kernel/igraph_adapter.h"
#include "engine/kernel/scores.h"

#include <math.h>

enum { BLOCK = 1024, SMALL = 1 << 14 };

static const gx_param params[] = {
    {.name = "weighted",
     .type = GX_PARAM_BOOL,
     .fallback = "true",
     .low = 1,
     .help = "ties count by their weight"},
};

static const gx_gives gives[] = {
    {"score", GX_F64, GX_LEN_USERS, "share in the leading eigenvector, the largest is 1"},
    {"value", GX_F64, GX_LEN_OTHER, "one number: the largest eigenvalue"},
};

typedef struct product {
    gx__rows_view rows;
    double scale; /* weights times this are at most 1: squares of huge ones stay finite */
    uint32_t n;
    int threads;
    gx_job *job;
} product;

static double row_product(const product *p, uint32_t v, const double *from) {
    double sum = 0;
    for (uint64_t i = p->rows.ptr[v]; i < p->rows.ptr[v + 1]; i++) {
        sum += gx__row_weight(&p->rows, i) * p->scale * from[p->rows.end[i]];
    }
    return sum;
}

static void multiply(void *user, double *to, const double *from) {
    const product *p = user;
    uint32_t blocks = (p->n + BLOCK - 1) / BLOCK;
#pragma omp parallel for num_threads(p->threads) schedule(dynamic) if (p->threads > 1)
    for (uint32_t b = 0; b < blocks; b++) {
        uint32_t end = b + 1 < blocks ? (b + 1) * BLOCK : p->n;
        if (gx_job_should_stop(p->job)) {
            continue; /* the solver is told after the product */
        }
        for (uint32_t v = b * BLOCK; v < end; v++) {
            to[v] = row_product(p, v, from);
        }
    }
}

static double largest_weight(const gx__rows_view *rows, uint64_t m) {
    double largest = m > 0 && !rows->weight ? 1 : 0;
    for (uint64_t i = 0; rows->weight && i < m; i++) {
        largest = fmax(largest, (double)rows->weight[i]);
    }
    return largest;
}

/* The vector is known up to its sign and length; what should be 0 is only nearly so. */
static void normalise(double *score, uint32_t n) {
    double most = 0;
    for (uint32_t v = 0; v < n; v++) {
        most = fabs(score[v]) > fabs(most) ? score[v] : most;
    }
    for (uint32_t v = 0; v < n; v++) {
        score[v] = fmax(score[v] / most, 0);
        score[v] = score[v] < 1e-14 ? 0 : score[v];
    }
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)args;
    (void)threads;
    double m = input->undirected ? (double)input->undirected->m : 0, n = input->users;
    out->mem_bytes = gx__igraph_eigen_bytes(input->users) + 8 * (uint64_t)input->users + 64;
    out->cpu_s = 25 * (1.5e-9 * m + 2e-8 * n) + 1e-6;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    double *score, *value;
    const gx_graph *g = input->undirected;
    product p = {.rows = gx__rows_out(g), .scale = 1, .n = g->n, .job = job};
    p.threads = g->m + g->n > SMALL ? job->threads : 1;
    p.rows.weight = gx_arg_bool(args, "weighted") ? p.rows.weight : NULL;
    GX_TRY(gx__scores_add(&score, out, input, err));
    GX_TRY(gx_output_add(&value, out, "value", GX_F64, 1, 0, err));
    double largest = largest_weight(&p.rows, g->m);
    for (uint32_t v = 0; v < g->n; v++) {
        score[v] = 1;
    }
    if (largest <= 0) {
        goto done;
    }
    p.scale = 1 / largest;
    for (uint32_t v = 0; v < g->n; v++) {
        score[v] = 0;
        for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
            score[v] += gx__row_weight(&p.rows, i) * p.scale;
        }
    }
    GX_TRY(gx__igraph_eigen(score, value, g->n, multiply, &p, job, err));
    *value *= largest;
    normalise(score, g->n);
done:
    return status;
}

/* ‖A x − λ x‖ within 1e-6 of λ ‖x‖. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    const double *score;
    const gx_graph *g = input->undirected;
    gx_status status = gx__scores_check(&score, result, instance, input, err);
    const double *value = gx_result_get(result, instance, "value", GX_F64, 1);
    if (status != GX_OK || !value || *value == 0) {
        return status;
    }
    product p = {.rows = gx__rows_out(g), .scale = 1 / *value, .n = g->n};
    p.rows.weight = gx_arg_bool(args, "weighted") ? p.rows.weight : NULL;
    double apart = 0, length = 0;
    for (uint32_t v = 0; v < g->n; v++) {
        double gap = row_product(&p, v, score) - score[v];
        apart += gap * gap;
        length += score[v] * score[v];
    }
    if (!(apart <= 1e-12 * length)) {
        return gx_fail(err, GX_INTERNAL, "%s.score is off an eigenvector by %g", instance,
                       sqrt(apart / length));
    }
    return GX_OK;
}

const gx_pass gx_pass_eigenvector = {
    .name = "eigenvector",
    .kind = GX_KIND_CENTRALITY,
    .summary = "tied to members who are themselves well tied",
    .paper =
        "Bonacich: Factoring and weighting approaches to status scores and clique identification, "
        "1972",
    .complexity = "O(n + m) a product with the matrix; 120 bytes a member",
    .needs = GX_NEED_UNDIRECTED,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .estimate = estimate,
    .run = run,
    .check = check,
};
