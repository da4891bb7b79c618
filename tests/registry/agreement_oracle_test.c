/* Agreement of two partitions against igraph's compare_communities. */
#include "engine/community/quality.h"
#include "tests/registry/sample.h"

static double igraph_says(const uint32_t *a, const uint32_t *b, uint32_t n,
                          igraph_community_comparison_t method) {
    igraph_vector_int_t x, y;
    igraph_real_t result = NAN;
    igraph_vector_int_init(&x, n);
    igraph_vector_int_init(&y, n);
    for (uint32_t v = 0; v < n; v++) {
        VECTOR(x)[v] = a[v];
        VECTOR(y)[v] = b[v];
    }
    assert_int_equal(igraph_compare_communities(&x, &y, &result, method), IGRAPH_SUCCESS);
    igraph_vector_int_destroy(&x);
    igraph_vector_int_destroy(&y);
    return result;
}

static void test_agreement(void **state) {
    (void)state;
    enum { MOST = 60 };
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        gx_rng rng = gx_rng_at(seed, 41);
        uint32_t n = 2 + (uint32_t)gx_rng_below(&rng, MOST - 1), a[MOST], b[MOST];
        uint32_t groups_a = 1 + (uint32_t)gx_rng_below(&rng, n);
        uint32_t groups_b = 1 + (uint32_t)gx_rng_below(&rng, n);
        for (uint32_t v = 0; v < n; v++) {
            a[v] = (uint32_t)gx_rng_below(&rng, groups_a);
            b[v] = seed % 2 && gx_rng_below(&rng, 4) ? a[v] % groups_b
                                                     : (uint32_t)gx_rng_below(&rng, groups_b);
        }
        gx_agreement found;
        gx_job job;
        gx_job_init(&job, 1, 1);
        assert_int_equal(gx_quality_agreement(&found, a, b, n, &job, NULL), GX_OK);
        double nmi = igraph_says(a, b, n, IGRAPH_COMMCMP_NMI);
        double ari = igraph_says(a, b, n, IGRAPH_COMMCMP_ADJUSTED_RAND);
        ari = isnan(ari) ? 1 : ari; /* igraph's 0 / 0: both put everybody together, or nobody */
        if (!(fabs(found.nmi - nmi) <= 1e-9 && fabs(found.ari - ari) <= 1e-9)) {
            fail_msg("seed %u: NMI %.12g, ARI %.12g; igraph %.12g, %.12g", (unsigned)seed,
                     found.nmi, found.ari, nmi, ari);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agreement),
    };
    return cmocka_run_group_tests_name("agreement", tests, NULL, NULL);
}
