#include "engine/kernel/triangle_sums.h"

#include "engine/kernel/triangles.h"

gx__tie_ways gx__tie_ways_of(const gx_input *input, const gx_args *args) {
    const gx_graph *graph = gx__graph_by(input, args);
    return (gx__tie_ways){.directed = gx_arg_bool(args, "directed"),
                          .weighted =
                              gx_arg_bool(args, "weighted") && (!graph || graph->out_weight)};
}

typedef struct adding {
    double *sum;
    const uint32_t *member;
} adding;

/* A triangle of a member comes by two of its ties. */
static void add_tie(void *user, uint32_t i, uint32_t j, double weight, double shared) {
    const adding *a = user;
    double part = weight * shared / 2;
    a->sum[a->member[i]] += part;
    a->sum[a->member[j]] += part;
}

static gx_status sum_roots(double *sum, const gx_input *input, bool directed, gx_job *job,
                           gx_error *err) {
    gx_status status = GX_OK;
    gx__contacts contacts = {0};
    GX_TRY(gx__contacts_make_roots(&contacts, input, directed, job, err));
    adding a = {sum, contacts.member};
    GX_TRY(gx__contacts_pairs(&contacts, false, add_tie, &a, "triangles", job, err));
done:
    gx__contacts_free(&contacts, job);
    return status;
}

gx_status gx__triangles_sum(double *sum, const gx_input *input, gx__tie_ways ways, gx_job *job,
                            gx_error *err) {
    gx_status status = GX_OK;
    uint64_t *count = NULL;
    gx__oriented oriented = {0};
    if (ways.weighted) {
        return sum_roots(sum, input, ways.directed, job, err);
    }
    GX_TRY(gx__orient(&oriented, input->undirected, false, job, err));
    GX_TRY(gx_job_alloc(job, &count, input->users, sizeof *count, err));
    GX_TRY(ways.directed ? gx__triangles_count_directed(count, &oriented, input->graph, job, err)
                         : gx__triangles_count(count, NULL, &oriented, job, err));
    for (uint32_t p = 0; p < input->users; p++) {
        sum[oriented.member[p]] += (double)count[p];
    }
done:
    gx_job_free(job, count);
    gx__oriented_free(&oriented, job);
    return status;
}

static uint64_t arcs_of(const gx_input *input) {
    return input->undirected ? input->undirected->m : 0;
}

uint64_t gx__triangles_sum_bytes(const gx_input *input, gx__tie_ways ways, int threads) {
    return ways.weighted ? gx__contacts_roots_bytes(input, threads)
           : ways.directed
               ? gx__triangles_directed_bytes(input->users, arcs_of(input), threads)
               : gx__triangles_bytes(input->users, arcs_of(input), false, false, threads);
}

double gx__triangles_sum_cpu_s(const gx__degrees *degrees, gx__tie_ways ways) {
    return ways.weighted ? gx__contacts_cpu_s(degrees, ways.directed, true)
                         : gx__triangles_cpu_s(degrees) * (ways.directed ? 1.5 : 1);
}
