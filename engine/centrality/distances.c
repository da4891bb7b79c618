/* Distances from given members: how many ties, or how long a path, away everybody is from the
 * nearest of them. By breadth-first search, direction-optimising (kernel/bfs.h), or by Dijkstra's
 * where ties have lengths (kernel/dijkstra.h). O(n + m), weighted O(m log n), one thread. Memory: 8
 * or 20 bytes a member beside the result.
 */
#include "engine/kernel/bfs.h"
#include "engine/kernel/dijkstra.h"
#include "engine/kernel/members.h"

static const gx_param params[] = {
    {.name = "sources",
     .type = GX_PARAM_LIST,
     .low = 0,
     .high = 1048576,
     .unit = "members",
     .flags = GX_PARAM_MEMBERS,
     .help = "members to start from, by id; none: the one with most ties, of equals the first"},
    GX__PATHS_PARAMS,
};

static const gx_gives gives[] = {
    {"distance", GX_F64, GX_LEN_USERS,
     "from the nearest source, in ties or lengths of ties; infinite where no path leads"},
    {"reached", GX_U64, GX_LEN_OTHER, "one number: members that a path leads to, sources too"},
};

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    (void)threads;
    gx__paths paths = gx__paths_asked(input, args);
    bool weighted = paths.weighted;
    double n = input->users, m = (double)paths.m;
    uint64_t listed = gx_arg_has(args, "sources") ? gx_arg_value(args, "sources")->size : 1;
    out->mem_bytes = (uint64_t)input->users * sizeof(double) + sizeof(uint64_t) +
                     listed * sizeof(uint32_t) +
                     (weighted ? gx__dijkstra_bytes(input->users) : gx__bfs_bytes(input->users));
    out->cpu_s = 1.6e-10 * m + 1.8e-8 * n + 1e-6;
    if (weighted) {
        const gx__degrees degrees = gx__degrees_of(gx__graph_by(input, args), input->users);
        out->cpu_s = gx__dijkstra_seconds(&degrees) + 1e-6;
    }
}

static uint32_t busiest(const gx__paths *paths) {
    uint32_t best = 0;
    uint64_t most = 0;
    for (uint32_t v = 0; v < paths->n; v++) {
        uint64_t degree = gx__row_length(&paths->out, v);
        best = degree > most ? v : best;
        most = degree > most ? degree : most;
    }
    return best;
}

static gx_status search(double *distance, uint64_t *reached, const gx__paths *paths,
                        const uint32_t *sources, uint32_t count, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx__bfs bfs = {0};
    gx__dijkstra dijkstra = {0};
    if (paths->weighted) {
        GX_TRY(gx__dijkstra_init(&dijkstra, paths->n, job, err));
        GX_TRY(gx__dijkstra_run(&dijkstra, paths, sources, count, job, err));
        memcpy(distance, dijkstra.distance, paths->n * sizeof *distance);
        *reached = dijkstra.settled;
        goto done;
    }
    GX_TRY(gx__bfs_init(&bfs, paths->n, job, err));
    GX_TRY(gx__bfs_run(&bfs, paths, sources, count, job, err));
    for (uint32_t v = 0; v < paths->n; v++) {
        distance[v] = bfs.level[v] == GX_NONE ? (double)INFINITY : bfs.level[v];
    }
    *reached = bfs.reached;
done:
    gx__bfs_finish(&bfs, job);
    gx__dijkstra_finish(&dijkstra, job);
    return status;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    gx_status status = GX_OK;
    gx__paths paths = gx__paths_asked(input, args);
    uint32_t *sources = NULL, count = 0, hub;
    double *distance;
    uint64_t *reached;
    gx_job_stage(job, "distances", 0);
    GX_TRY(gx_output_add(&distance, out, "distance", GX_F64, paths.n, 0, err));
    GX_TRY(gx_output_add(&reached, out, "reached", GX_U64, 1, 0, err));
    GX_TRY(gx__members_parse(&sources, &count, args, "sources", paths.n, job, err));
    if (count == 0 && paths.n > 0) {
        hub = busiest(&paths);
        GX_TRY(search(distance, reached, &paths, &hub, 1, job, err));
    } else {
        GX_TRY(search(distance, reached, &paths, sources, count, job, err));
    }
done:
    gx_job_free(job, sources);
    return status;
}

/* No tie leads farther than its own length. */
static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    gx__paths paths = gx__paths_asked(input, args);
    const double *distance = gx_result_get(result, instance, "distance", GX_F64, paths.n);
    for (uint32_t v = 0; distance && v < paths.n; v++) {
        if (!(distance[v] >= 0)) {
            return gx_fail(err, GX_INTERNAL, "%s.distance of member %u is %g", instance, v,
                           distance[v]);
        }
        for (uint64_t i = paths.out.ptr[v]; i < paths.out.ptr[v + 1]; i++) {
            uint32_t u = paths.out.end[i];
            if (distance[u] > distance[v] + gx__path_length(&paths, &paths.out, i)) {
                return gx_fail(err, GX_INTERNAL, "%s.distance of %u and %u, tied, is %g and %g",
                               instance, v, u, distance[v], distance[u]);
            }
        }
    }
    return distance || paths.n == 0
               ? GX_OK
               : gx_fail(err, GX_INTERNAL, "%s.distance is not there", instance);
}

const gx_pass gx_pass_distances = {
    .name = "distances",
    .kind = GX_KIND_PROFILE,
    .summary = "how far everybody is from given members",
    .paper = "Beamer, Asanovic, Patterson: Direction-optimizing breadth-first search, 2012; "
             "Dijkstra: A note on two problems in connexion with graphs, 1959",
    .complexity = "O(n + m), weighted O(m log n); one thread; 16 to 28 bytes a member",
    .needs = GX__NEED_TIES,
    .reads = gx__reads_ties,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .label_dependent = true, /* of members with equally many ties the first is the source */
    .estimate = estimate,
    .run = run,
    .check = check,
};
