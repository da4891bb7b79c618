#include "engine/kernel/triangle_sums.h"

gx__tie_ways gx__tie_ways_of(const gx_input *input, const gx_args *args) {
    const gx_graph *graph = gx__graph_by(input, args);
    return (gx__tie_ways){.directed = gx_arg_bool(args, "directed"),
                          .weighted =
                              gx_arg_bool(args, "weighted") && (!graph || graph->out_weight)};
}

typedef struct adding {
    double *sum;
    const uint32_t *member;
    double unit; /* half of what the product has to be taken times: a triangle comes by two ties */
} adding;

static void add_tie(void *user, uint32_t i, uint32_t j, double weight, double shared) {
    const adding *a = user;
    double part = a->unit * weight * shared;
    a->sum[a->member[i]] += part;
    a->sum[a->member[j]] += part;
}

gx_status gx__triangles_sum(double *sum, const gx_input *input, gx__tie_ways ways, gx_job *job,
                            gx_error *err) {
    gx_status status = GX_OK;
    gx__contacts contacts = {0};
    GX_TRY(ways.weighted ? gx__contacts_make_roots(&contacts, input, ways.directed, job, err)
                         : gx__contacts_make(&contacts, input, ways.directed, false, job, err));
    /* Contacts halve what goes both ways: an eighth for three ties. */
    adding a = {sum, contacts.member, ways.directed && !ways.weighted ? 4 : 0.5};
    GX_TRY(gx__contacts_pairs(&contacts, false, add_tie, &a, "triangles", job, err));
done:
    gx__contacts_free(&contacts, job);
    return status;
}

uint64_t gx__triangles_sum_bytes(const gx_input *input, gx__tie_ways ways, int threads) {
    return ways.weighted ? gx__contacts_roots_bytes(input, threads)
                         : gx__contacts_bytes(input, ways.directed, false, threads);
}
