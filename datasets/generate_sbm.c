/* The planted partition, a stochastic block model of equal blocks: two members of one block are
 * tied with one chance, two of different blocks with another (Holland, Laskey, Leinhardt 1983;
 * Condon and Karp 2001). The chances follow from the mean degree and from mu, the share of a
 * member's ties that leave the block. Members are numbered at random.
 *
 * Pairs that are not tied are skipped by geometric draws (Batagelj and Brandes 2005): time
 * O(n + edges), memory 17 bytes an edge and 8 a member.
 */
#include "datasets/generate.h"

#include <math.h>

enum { BLOCK = 1024, SHUFFLE = 1, DRAW = 2 };

static const gx_param params[] = {
    {"members", GX_PARAM_INT, "10000", 2, 1e9, "members", NULL, 0, "how many"},
    {"blocks", GX_PARAM_INT, "50", 1, 1e8, "blocks", NULL, 0, "of the same size, or one less"},
    {"degree", GX_PARAM_REAL, "20", 0, 1e6, "ties", NULL, 0, "of a member on average"},
    {"mu", GX_PARAM_REAL, "0.3", 0, 1, NULL, NULL, 0, "share of ties that leave the block"},
};

typedef struct model {
    uint32_t n, blocks;
    double ln_not_in, ln_not_out; /* logarithms of the chances of no tie */
    const uint32_t *name;
    gx__pairs *pairs;
    gx_job *job;
} model;

static uint32_t block_start(const model *s, uint32_t block) {
    return (uint32_t)((uint64_t)s->n * block / s->blocks);
}

/* Ties u to each of [from, to) with the chance of which `ln_not` is the logarithm of the rest. */
static gx_status tie_range(const model *s, uint32_t u, uint32_t from, uint32_t to, double ln_not,
                           gx_rng *rng, gx_error *err) {
    uint64_t v = from;
    gx_status status = GX_OK;
    if (!(ln_not < 0)) {
        return GX_OK;
    }
    for (v += gx__geometric(rng, ln_not, s->n); v < to && status == GX_OK;
         v += 1 + gx__geometric(rng, ln_not, s->n)) {
        status = gx__pairs_grow(s->pairs, 1, s->job, err);
        if (status == GX_OK) {
            s->pairs->key[s->pairs->count++] = gx__pair(s->name[u], s->name[v]);
        }
    }
    return status;
}

static gx_status tie_all(const model *s, uint32_t *label, gx_error *err) {
    gx_status status = GX_OK;
    for (uint32_t b = 0; b < s->blocks; b++) {
        uint32_t end = block_start(s, b + 1);
        for (uint32_t u = block_start(s, b); u < end; u++) {
            gx_rng rng = gx__generate_rng(s->job, DRAW, u);
            label[s->name[u]] = b;
            GX_TRY(tie_range(s, u, u + 1, end, s->ln_not_in, &rng, err));
            GX_TRY(tie_range(s, u, end, s->n, s->ln_not_out, &rng, err));
            if (u % BLOCK == 0) {
                GX_TRY(gx_job_check(s->job, err));
            }
        }
    }
done:
    return status;
}

/* The logarithm of no tie, where `ties` of `others` are wanted. */
static gx_status chance(double *out, double ties, double others, const char *which, gx_error *err) {
    if (ties > others) {
        return gx_fail_at(err, GX_BAD_REQUEST, "degree",
                          "%g ties %s the block are wanted of a member, but there are only %g "
                          "members to tie",
                          ties, which, others);
    }
    *out = ties >= others ? -INFINITY : gx__ln(1 - ties / others);
    *out = others > 0 ? *out : 0;
    return GX_OK;
}

/* Sizes and chances. */
static gx_status chances(model *s, const gx_args *args, gx_error *err) {
    gx_status status = GX_OK;
    double degree = gx_arg_real(args, "degree"), mu = gx_arg_real(args, "mu");
    s->n = (uint32_t)gx_arg_int(args, "members");
    s->blocks = (uint32_t)gx_arg_int(args, "blocks");
    if (s->blocks > s->n) {
        return gx_fail_at(err, GX_BAD_REQUEST, "blocks",
                          "blocks: %u was given; accepted is at most the number of members, %u",
                          s->blocks, s->n);
    }
    double size = (double)s->n / s->blocks;
    GX_TRY(chance(&s->ln_not_in, degree * (1 - mu), size - 1, "within", err));
    GX_TRY(chance(&s->ln_not_out, degree * mu, s->n - size, "beyond", err));
done:
    return status;
}

/* On average; and room for somewhat more. */
static double edges_of(const gx_args *args) {
    return gx_arg_real(args, "degree") * (double)gx_arg_int(args, "members") / 2;
}

static uint64_t room_for(double edges) {
    return (uint64_t)(edges * 1.05) + 64;
}

static gx_status expect(gx_edges_expected *out, const gx_args *args, gx_error *err) {
    model s = {0};
    gx_status status = chances(&s, args, err);
    double edges = edges_of(args);
    *out = (gx_edges_expected){.n = s.n,
                               .m = (uint64_t)edges,
                               .mem_bytes =
                                   8 * (room_for(edges) + (uint64_t)edges) + 8 * (uint64_t)s.n};
    return status;
}

static gx_status run(gx_edges *out, const gx_args *args, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx__pairs pairs = {0};
    uint32_t *name = NULL;
    model s = {.pairs = &pairs, .job = job};
    GX_TRY(chances(&s, args, err));
    GX_TRY(gx__permutation(&name, s.n, gx__generate_rng(job, SHUFFLE, 0), job, err));
    s.name = name;
    GX_TRY(gx_job_alloc(job, &out->label, s.n, sizeof *out->label, err));
    GX_TRY(gx__pairs_grow(&pairs, room_for(edges_of(args)), job, err));
    GX_TRY(tie_all(&s, out->label, err));
    GX_TRY(gx__edges_settle(out, s.n, &pairs, job, err));
done:
    gx_job_free(job, name);
    gx__pairs_finish(&pairs, job);
    return status;
}

const gx_generator gx_generator_sbm = {
    .name = "sbm",
    .summary = "equal blocks, tied more within than between",
    .paper = "Holland, Laskey, Leinhardt: Stochastic blockmodels: first steps, 1983; Condon, Karp: "
             "Algorithms for graph partitioning on the planted partition model, 2001",
    .params = params,
    .param_count = GX_COUNT(params),
    .labels = true,
    .expect = expect,
    .run = run,
};
