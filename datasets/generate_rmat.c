/* R-MAT: every edge is placed by descending the adjacency matrix from the whole to one entry, at
 * each of `scale` levels into one of four quarters with chances a, b, c and 1 − a − b − c
 * (Chakrabarti, Zhan, Faloutsos 2004). The defaults are those of Graph500; as there, members are
 * numbered at random, so that the number tells nothing of the degree. 2^scale members and
 * edge_factor · 2^scale draws; draws that repeat an edge, or join a member to itself, are lost.
 *
 * Time O(draws · scale), memory 16 bytes a draw and 4 a member. Draws come in blocks with a stream
 * each, so threads do not change the graph.
 */
#include "datasets/generate.h"

enum { BLOCK = 1 << 14, SHUFFLE = 1, DRAW = 2 };

static const gx_param params[] = {
    {"scale", GX_PARAM_INT, "16", 1, 30, NULL, NULL, 0, "2^scale members"},
    {"edge_factor", GX_PARAM_REAL, "16", 0, 1024, NULL, NULL, 0, "draws a member"},
    {"a", GX_PARAM_REAL, "0.57", 0, 1, NULL, NULL, 0, "chance of the first quarter"},
    {"b", GX_PARAM_REAL, "0.19", 0, 1, NULL, NULL, 0, "chance of the second quarter"},
    {"c", GX_PARAM_REAL, "0.19", 0, 1, NULL, NULL, 0, "chance of the third quarter"},
};

typedef struct quarters {
    unsigned scale;
    uint32_t a, ab, abc; /* chances up to here, of 2^32 */
} quarters;

static uint32_t of_32(double chance) {
    double scaled = chance * 0x1.0p32;
    return scaled >= 0x1.0p32 - 1 ? UINT32_MAX : (uint32_t)scaled;
}

/* Two levels a word of randomness. */
static uint64_t draw(const quarters *q, const uint32_t *name, gx_rng *rng) {
    uint32_t u = 0, v = 0;
    uint64_t word = 0;
    for (unsigned level = 0; level < q->scale; level++) {
        word = level % 2 ? word >> 32 : gx_rng_next(rng);
        uint32_t at = (uint32_t)word;
        uint32_t down = at >= q->ab, right = (at >= q->a) ^ down ^ (at >= q->abc);
        u = u << 1 | down;
        v = v << 1 | right;
    }
    return gx__pair(name[u], name[v]);
}

static uint64_t draws(const gx_args *args, uint32_t n) {
    return (uint64_t)(gx_arg_real(args, "edge_factor") * n);
}

static gx_status expect(gx_edges_expected *out, const gx_args *args, gx_error *err) {
    double sum = gx_arg_real(args, "a") + gx_arg_real(args, "b") + gx_arg_real(args, "c");
    if (sum > 1 + 1e-9) {
        return gx_fail_at(err, GX_BAD_REQUEST, "a", "a + b + c is %g; they must be at most 1", sum);
    }
    uint32_t n = UINT32_C(1) << gx_arg_int(args, "scale");
    uint64_t count = draws(args, n);
    *out = (gx_edges_expected){.n = n, .m = count, .mem_bytes = 16 * count + 4 * (uint64_t)n};
    return GX_OK;
}

static gx_status run(gx_edges *out, const gx_args *args, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx__pairs pairs = {0};
    uint32_t *name = NULL;
    double a = gx_arg_real(args, "a"), b = gx_arg_real(args, "b"), c = gx_arg_real(args, "c");
    quarters q = {(unsigned)gx_arg_int(args, "scale"), of_32(a), of_32(a + b), of_32(a + b + c)};
    uint32_t n = UINT32_C(1) << q.scale;
    uint64_t count = draws(args, n);
    GX_TRY(gx__permutation(&name, n, gx__generate_rng(job, SHUFFLE, 0), job, err));
    GX_TRY(gx__pairs_grow(&pairs, count, job, err));
    pairs.count = count;
    uint64_t blocks = (count + BLOCK - 1) / BLOCK;
#pragma omp parallel for num_threads(job->threads) schedule(dynamic, 4)
    for (uint64_t k = 0; k < blocks; k++) {
        uint64_t end = (k + 1) * BLOCK < count ? (k + 1) * BLOCK : count;
        gx_rng rng = gx__generate_rng(job, DRAW, k);
        for (uint64_t i = k * BLOCK; i < end && !gx_job_should_stop(job); i++) {
            pairs.key[i] = draw(&q, name, &rng);
        }
    }
    GX_TRY(gx_job_check(job, err));
    GX_TRY(gx__edges_settle(out, n, &pairs, job, err));
done:
    gx_job_free(job, name);
    gx__pairs_finish(&pairs, job);
    return status;
}

const gx_generator gx_generator_rmat = {
    .name = "rmat",
    .summary = "heavy-tailed degrees and a dense core, as Graph500 draws them",
    .paper = "Chakrabarti, Zhan, Faloutsos: R-MAT: a recursive model for graph mining, 2004",
    .params = params,
    .param_count = GX_COUNT(params),
    .expect = expect,
    .run = run,
};
