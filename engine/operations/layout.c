/* Positions for pictures (R76): Fruchterman and Reingold, Graph drawing by force-directed
 * placement, Software: Practice and Experience 21 (1991), through igraph, on the undirected graph.
 *
 * Ties pull as springs do, members push each other away; from a thousand members on, only those of
 * the same part of a grid, which makes a round O(n + m). The picture is then moved into the square
 * from -1 to 1. One thread; igraph's copy of the graph and about 70 bytes a member.
 */
#include "engine/operations/layout.h"

#include "engine/kernel/igraph_adapter.h"
#include "graph/pass/pass.h"

#include <math.h>

static const gx_param params[] = {
    {.name = "iterations",
     .type = GX_PARAM_INT,
     .fallback = "200",
     .low = 1,
     .high = 1e5,
     .help = "rounds of pulling and pushing"},
    {.name = "weighted",
     .type = GX_PARAM_BOOL,
     .fallback = "true",
     .low = 1,
     .help = "stronger ties pull more; ties of weight 0 do not"},
};

static const gx_gives gives[] = {
    {"x", GX_F64, GX_LEN_USERS, "to the right, -1 to 1"},
    {"y", GX_F64, GX_LEN_USERS, "downwards, -1 to 1"},
};

/* The box around all into the square from -1 to 1; what is not finite goes to the middle. */
static void fit(double *xy, uint32_t n) {
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (size_t i = 0; i < 2 * (size_t)n; i++) {
        if (isfinite(xy[i])) {
            low[i % 2] = fmin(low[i % 2], xy[i]);
            high[i % 2] = fmax(high[i % 2], xy[i]);
        }
    }
    double half = fmax(high[0] - low[0], high[1] - low[1]) / 2;
    for (size_t i = 0; i < 2 * (size_t)n; i++) {
        double middle = (low[i % 2] + high[i % 2]) / 2;
        xy[i] = isfinite(xy[i]) && half > 0 ? (xy[i] - middle) / half : 0;
    }
}

gx_status gx_layout_find(double *out_xy, const gx_graph *graph, bool weighted, uint32_t iterations,
                         gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    if (graph->n > 0) {
        GX_TRY(gx__igraph_layout(out_xy, graph, weighted, iterations, job, err));
        fit(out_xy, graph->n);
    }
done:
    return status;
}

uint64_t gx_layout_separate(double *in_out_xy, const double *radius, uint32_t n, uint32_t rounds) {
    uint64_t overlaps = 1;
    for (uint32_t round = 0; round < rounds && overlaps; round++) {
        overlaps = 0;
        for (uint32_t v = 1; v < n; v++) {
            for (uint32_t u = 0; u < v; u++) {
                double *a = in_out_xy + 2 * (size_t)u, *b = in_out_xy + 2 * (size_t)v;
                double dx = b[0] - a[0], dy = b[1] - a[1], apart = sqrt(dx * dx + dy * dy);
                double missing = radius[u] + radius[v] - apart;
                if (missing <= 1e-9) {
                    continue;
                }
                overlaps++;
                dx = apart > 0 ? dx / apart : 1;
                dy = apart > 0 ? dy / apart : 0;
                double of_a = radius[v] / (radius[u] + radius[v]);
                a[0] -= of_a * missing * dx, a[1] -= of_a * missing * dy;
                b[0] += (1 - of_a) * missing * dx, b[1] += (1 - of_a) * missing * dy;
            }
        }
    }
    return overlaps;
}

/* ---- the pass ------------------------------------------------------------------------------ */

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)threads;
    uint64_t n = input->users, m = input->undirected ? input->undirected->m / 2 : 0;
    double rounds = (double)gx_arg_int(args, "iterations"), near = n < 1000 ? (double)n : 50;
    out->mem_bytes = gx__igraph_graph_bytes(n, m) + gx__igraph_layout_bytes(n, m) +
                     2 * 2 * n * sizeof(double) + 1024;
    out->cpu_s = rounds * (1e-8 * (double)m + 2.4e-9 * near * (double)n) + 1e-6;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    uint32_t n = input->users;
    double *x, *y, *xy = NULL;
    GX_TRY(gx_output_add(&x, out, "x", GX_F64, n, 0, err));
    GX_TRY(gx_output_add(&y, out, "y", GX_F64, n, 0, err));
    GX_TRY(gx_job_alloc(job, &xy, n, 2 * sizeof *xy, err));
    GX_TRY(gx_layout_find(xy, input->undirected, gx_arg_bool(args, "weighted"),
                          (uint32_t)gx_arg_int(args, "iterations"), job, err));
    for (uint32_t v = 0; v < n; v++) {
        x[v] = xy[2 * (size_t)v];
        y[v] = xy[2 * (size_t)v + 1];
    }
done:
    gx_job_free(job, xy);
    return status;
}

/* Everybody is inside of the square. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const double *x = gx_result_get(result, instance, "x", GX_F64, input->users);
    const double *y = gx_result_get(result, instance, "y", GX_F64, input->users);
    if (input->users && (!x || !y)) {
        return gx_fail(err, GX_INTERNAL, "%s.x or y is not there", instance);
    }
    for (uint32_t v = 0; v < input->users; v++) {
        if (!(fabs(x[v]) <= 1 + 1e-9) || !(fabs(y[v]) <= 1 + 1e-9)) {
            return gx_fail(err, GX_INTERNAL, "%s puts member %u at %g, %g", instance, v, x[v],
                           y[v]);
        }
    }
    return GX_OK;
}

const gx_pass gx_pass_layout = {
    .name = "layout",
    .kind = GX_KIND_PROFILE,
    .summary = "positions for pictures: who is tied lies close",
    .paper = "Fruchterman, Reingold: Graph drawing by force-directed placement, Software: Practice "
             "and Experience 21, 1991",
    .complexity =
        "O(iterations · (n + m)), one thread; igraph's copy of the graph and 70 B a member",
    .needs = GX_NEED_UNDIRECTED,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .serial = true,
    .label_dependent = true, /* the start is random by number */
    .estimate = estimate,
    .run = run,
    .check = check,
};
