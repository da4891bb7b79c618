#include "engine/kernel/paths.h"

gx__paths gx__paths_of(const gx_graph *graph) {
    return (gx__paths){.n = graph->n,
                       .m = graph->m,
                       .directed = graph->directed,
                       .out = gx__rows_out(graph),
                       .in = gx__rows_in(graph)};
}

gx__paths gx__paths_asked(const gx_input *input, const gx_args *args) {
    const gx_graph *graph = gx__graph_by(input, args);
    if (!graph) {
        return (gx__paths){.weighted = gx_arg_bool(args, "weighted"), /* before there are views */
                           .directed = gx_arg_bool(args, "directed")};
    }
    gx__paths paths = gx__paths_of(graph);
    paths.weighted = gx_arg_bool(args, "weighted") && graph->out_weight;
    paths.inverse = gx_arg_is(args, "length", "inverse");
    return paths;
}

gx__paths gx__paths_backwards(const gx__paths *paths) {
    gx__paths other = *paths;
    other.out = paths->in;
    other.in = paths->out;
    return other;
}
