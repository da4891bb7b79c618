/* Preferential attachment: members come one by one, and each ties itself to m different earlier
 * ones with chances in proportion to their degrees (Barabási and Albert 1999). The first m + 1 are
 * a star. A draw from the list of all ends so far is a draw by degree (Batagelj and Brandes 2005).
 *
 * (members − m) · m edges; degrees fall off as k^-3. Time O(edges), memory 16 bytes an edge and 4 a
 * member.
 */
#include "datasets/generate.h"

enum { BLOCK = 1024, DRAW = 1 };

static const gx_param params[] = {
    {"members", GX_PARAM_INT, "10000", 2, 1e9, "members", NULL, 0, "how many"},
    {"m", GX_PARAM_INT, "8", 1, 10000, "edges", NULL, 0, "edges each newcomer brings"},
};

/* Appends the edges of newcomer v. `last[u]` is the newest member that chose u. */
static void attach(gx__pairs *pairs, uint32_t *end, uint32_t *last, uint32_t v, uint32_t m,
                   gx_rng *rng) {
    uint64_t ends = 2 * pairs->count;
    for (uint32_t k = 0; k < m; k++) {
        uint32_t u;
        do {
            u = end[gx_rng_below(rng, ends)];
        } while (last[u] == v);
        last[u] = v;
        end[2 * pairs->count] = u;
        end[2 * pairs->count + 1] = v;
        pairs->key[pairs->count++] = gx__pair(u, v);
    }
}

static gx_status expect(gx_edges_expected *out, const gx_args *args, gx_error *err) {
    uint32_t n = (uint32_t)gx_arg_int(args, "members"), m = (uint32_t)gx_arg_int(args, "m");
    if (m >= n) {
        return gx_fail_at(err, GX_BAD_REQUEST, "m", "m is %u of %u members; it must be smaller", m,
                          n);
    }
    uint64_t count = (uint64_t)(n - m) * m;
    *out = (gx_edges_expected){.n = n, .m = count, .mem_bytes = 16 * count + 4 * (uint64_t)n};
    return GX_OK;
}

static gx_status run(gx_edges *out, const gx_args *args, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx__pairs pairs = {0};
    uint32_t *end = NULL, *last = NULL;
    uint32_t n = (uint32_t)gx_arg_int(args, "members"), m = (uint32_t)gx_arg_int(args, "m");
    uint64_t count = (uint64_t)(n - m) * m;
    GX_TRY(gx__pairs_grow(&pairs, count, job, err));
    GX_TRY(gx_job_alloc(job, &end, 2 * count, sizeof *end, err));
    GX_TRY(gx_job_alloc(job, &last, n, sizeof *last, err));
    gx_rng rng = gx__generate_rng(job, DRAW, 0);
    for (uint32_t u = 0; u < m; u++) {
        end[2 * u] = u;
        end[2 * u + 1] = m;
        pairs.key[pairs.count++] = gx__pair(u, m);
    }
    for (uint32_t v = m + 1; v < n; v++) {
        attach(&pairs, end, last, v, m, &rng);
        if (v % BLOCK == 0) {
            GX_TRY(gx_job_check(job, err));
        }
    }
    gx_job_free(job, end);
    end = NULL;
    GX_TRY(gx__edges_settle(out, n, &pairs, job, err));
done:
    gx_job_free(job, end);
    gx_job_free(job, last);
    gx__pairs_finish(&pairs, job);
    return status;
}

const gx_generator gx_generator_ba = {
    .name = "ba",
    .summary = "newcomers tie themselves to whom many are tied to",
    .paper = "Barabási, Albert: Emergence of scaling in random networks, 1999",
    .params = params,
    .param_count = GX_COUNT(params),
    .expect = expect,
    .run = run,
};
