/* Structure (R26): figures of the whole community and of each circle, every one an array whose
 * first entry is the whole and whose entry c + 1 is circle c, with the ties inside it alone.
 *
 *   density         ties / (n (n − 1) / 2)
 *   reciprocity     share of directed ties that are there both ways (Newman 2010, equation 7.46)
 *   clustering      transitivity, and the mean over members (structure.h)
 *   assortativity   Newman 2002, equation 4
 *   distance        mean, and effective diameter (Leskovec, Kleinberg, Faloutsos 2005), from a
 *                   sample
 *   vertical        share of the weight of directed ties that is between a host of a group and
 *                   somebody who is in that group; the rest is horizontal, among members; and the
 *                   same share of interactions: what members did to each other, counted
 *   weighted_…      the first four where a tie counts by its weight:
 *     density         mean weight over all pairs (Wasserman and Faust 1994, 4.4)
 *     reciprocity     Σ min(w_uv, w_vu) / Σ w_uv (Squartini, Picciolo, Ruzzenenti and
 *                     Garlaschelli 2013)
 *     clustering      structure.h: Opsahl and Panzarasa 2009; Barrat et al. 2004, equation 5
 *     assortativity   of strengths: Newman 2003, equation 21
 *
 * Searches meet in groups of up to 64 (Then et al. 2014), eight groups for the whole, whose
 * jackknife is the error. O(m √m) time at worst for triangles, O(8 m) for each 512 samples of the
 * whole, and the same for each 64 of all circles together; 32 bytes a member and 8 an arc, or 32 a
 * member and thread. The same bytes at any thread count: a circle and a group of sources are each
 * served by one thread. */
#include "engine/operations/structure.h"

#include "engine/community/partition.h"
#include "engine/kernel/draw.h"
#include "engine/kernel/parallel.h"
#include "engine/kernel/triangles.h"

#include <math.h>

enum { SMALL = 1 << 14 };

static const gx_param params[] = {
    {"samples", GX_PARAM_INT, "256", 0, 1e9, "members", NULL, 0,
     "distances of the whole from so many members drawn at random; 0: from all, exact"},
    {"circle_samples", GX_PARAM_INT, "64", 1, 1e9, "members", NULL, 0,
     "the same in each circle; of a circle with no more members exact"},
};

/* X(field, type, dtype, what it is) */
#define FIGURES(X)                                                                                 \
    X(members, uint32_t, GX_U32,                                                                   \
      "members; the first entry of each array is the whole, then circles")                         \
    X(hosts, uint32_t, GX_U32, "members who host a group")                                         \
    X(ties, uint64_t, GX_U64, "pairs of members who are tied, in any direction")                   \
    X(arcs, uint64_t, GX_U64, "ties by direction")                                                 \
    X(density, double, GX_F64, "share of all pairs that are tied; NaN below two members")          \
    X(reciprocity, double, GX_F64, "share of arcs that are there both ways; NaN without arcs")     \
    X(clustering, double, GX_F64, "share of paths of two ties that are closed; NaN without any")   \
    X(local_clustering, double, GX_F64,                                                            \
      "mean share of closed pairs around a member; NaN likewise")                                  \
    X(assortativity, double, GX_F64, "correlation of degrees over ties; NaN where all are equal")  \
    X(distance, double, GX_F64,                                                                    \
      "mean ties between two members whom a path joins; NaN without any")                          \
    X(distance_error, double, GX_F64, "its standard error; 0: exact")                              \
    X(diameter, double, GX_F64, "90 in 100 distances are at most this, interpolated")              \
    X(diameter_error, double, GX_F64, "its standard error; 0: exact")                              \
    X(reach, double, GX_F64, "share of pairs that a path joins")                                   \
    X(vertical, double, GX_F64,                                                                    \
      "share of weight between hosts and their groups; NaN without hosts")                         \
    X(interactions, double, GX_F64,                                                                \
      "how often members did something to each other; NaN where it is not known")                  \
    X(vertical_interactions, double, GX_F64,                                                       \
      "share of them between hosts and their groups; NaN without hosts")                           \
    X(weight, double, GX_F64, "weight of ties, each pair once")                                    \
    X(weighted_density, double, GX_F64, "mean weight over all pairs, tied or not")                 \
    X(weighted_reciprocity, double, GX_F64, "share of weight that is returned; NaN without any")   \
    X(weighted_clustering, double, GX_F64, "closed share of paths of two ties, by their weight")   \
    X(weighted_local_clustering, double, GX_F64, "mean share of closed pairs, by weight of ties")  \
    X(weighted_assortativity, double, GX_F64, "correlation of strengths over ties")

static const gx_gives gives[] = {
#define X(field, type, dtype, what) {#field, dtype, GX_LEN_OTHER, what},
    FIGURES(X)
#undef X
};

/* Bytes of an entry in all of them. */
enum {
    RESULT = 0
#define X(field, type, dtype, what) +(int)sizeof(type)
    FIGURES(X)
#undef X
};

typedef struct figures {
#define X(field, type, dtype, what) type *field;
    FIGURES(X)
#undef X
} figures;

/* What goes along the arcs of some members. */
typedef struct flow {
    uint64_t arcs, mutual;
    double weight, returned, vertical;
    double acts, vertical_acts; /* interactions */
} flow;

typedef struct structure {
    const gx_input *input;
    gx__inner inner;
    figures f;
    uint8_t *host;      /* whether a member hosts any group */
    flow *inside, *all; /* by circle: of arcs within it, and of all arcs of its members */
    gx__msbfs *work;    /* one a thread */
    int threads;
    uint32_t samples, circle_samples; /* asked for */
    gx_job *job;
} structure;

/* ---- arcs ------------------------------------------------------------------------------------ */

static bool hosts_group(const gx_matrix *groups, uint64_t i) {
    return groups->value && groups->value[i] > 1;
}

/* Whether one of the two hosts a group that both are in. */
static bool is_vertical(const structure *s, uint32_t u, uint32_t v) {
    const gx_matrix *groups = s->input->groups;
    if (!s->host[u] && !s->host[v]) {
        return false;
    }
    uint64_t i = groups->ptr[u], k = groups->ptr[v];
    while (i < groups->ptr[u + 1] && k < groups->ptr[v + 1]) {
        uint32_t a = groups->col[i], b = groups->col[k];
        if (a == b && (hosts_group(groups, i) || hosts_group(groups, k))) {
            return true;
        }
        i += a <= b;
        k += b <= a;
    }
    return false;
}

/* `back` is the weight of the tie the other way; below 0: there is none. */
static void add_arc(flow *f, double weight, double back, bool vertical) {
    f->arcs++;
    f->mutual += back >= 0;
    f->weight += weight;
    f->returned += fmin(weight, fmax(back, 0));
    f->vertical += vertical ? weight : 0;
}

static void add_acts(flow *f, double count, bool vertical) {
    f->acts += count;
    f->vertical_acts += vertical ? count : 0;
}

static void add_flow(flow *to, const flow *from) {
    to->arcs += from->arcs;
    to->mutual += from->mutual;
    to->weight += from->weight;
    to->returned += from->returned;
    to->vertical += from->vertical;
    to->acts += from->acts;
    to->vertical_acts += from->vertical_acts;
}

static void add_arcs(const structure *s, uint32_t v, flow *inside, flow *all) {
    const gx_graph *g = s->input->graph;
    const uint32_t *community = s->inner.community;
    uint64_t back = g->in_ptr[v], back_end = g->in_ptr[v + 1];
    for (uint64_t i = g->out_ptr[v]; i < g->out_ptr[v + 1]; i++) {
        uint32_t u = g->out_dst[i];
        while (back < back_end && g->in_src[back] < u) {
            back++;
        }
        if (u == v) {
            continue;
        }
        bool mutual = back < back_end && g->in_src[back] == u, vertical = is_vertical(s, v, u);
        double weight = g->out_weight ? (double)g->out_weight[i] : 1;
        double returned = !mutual ? -1 : g->in_weight ? (double)g->in_weight[back] : 1;
        add_arc(all, weight, returned, vertical);
        if (community[u] == community[v]) {
            add_arc(inside, weight, returned, vertical);
        }
    }
}

static void add_interactions(const structure *s, uint32_t v, flow *inside, flow *all) {
    const gx_matrix *acts = s->input->acts;
    const uint32_t *community = s->inner.community;
    for (uint64_t i = acts ? acts->ptr[v] : 0; acts && i < acts->ptr[v + 1]; i++) {
        uint32_t u = acts->col[i];
        if (u == v) {
            continue;
        }
        double count = gx_matrix_value(acts, i);
        bool vertical = is_vertical(s, v, u);
        add_acts(all, count, vertical);
        if (community[u] == community[v]) {
            add_acts(inside, count, vertical);
        }
    }
}

static void add_circle(const structure *s, uint32_t c) {
    const gx__inner *inner = &s->inner;
    for (uint32_t p = inner->at[c]; p < inner->at[c + 1] && !gx_job_should_stop(s->job); p++) {
        uint32_t v = inner->member[p];
        s->f.hosts[c + 1] += s->host[v];
        add_arcs(s, v, &s->inside[c], &s->all[c]);
        add_interactions(s, v, &s->inside[c], &s->all[c]);
    }
}

static double share_of(double part, double whole, bool known) {
    return known && whole > 0 ? fmin(part / whole, 1) : (double)NAN;
}

static void close_flow(const structure *s, uint32_t entry, const flow *f) {
    s->f.arcs[entry] = f->arcs;
    s->f.reciprocity[entry] = f->arcs ? (double)f->mutual / (double)f->arcs : (double)NAN;
    s->f.weighted_reciprocity[entry] = share_of(f->returned, f->weight, true);
    s->f.vertical[entry] = share_of(f->vertical, f->weight, s->f.hosts[0] > 0);
    s->f.interactions[entry] = s->input->acts ? f->acts : (double)NAN;
    s->f.vertical_interactions[entry] =
        share_of(f->vertical_acts, f->acts, s->input->acts && s->f.hosts[0] > 0);
}

static gx_status find_flows(structure *s, gx_error *err) {
    const gx_matrix *groups = s->input->groups;
    const uint32_t n = s->input->users, circles = s->inner.circles;
    flow whole = {0};
    gx_status status;
    GX_TRY(gx_job_alloc(s->job, &s->host, n, sizeof *s->host, err));
    GX_TRY(gx_job_alloc(s->job, &s->inside, circles, sizeof *s->inside, err));
    GX_TRY(gx_job_alloc(s->job, &s->all, circles, sizeof *s->all, err));
    for (uint32_t v = 0; v < n; v++) {
        for (uint64_t i = groups->ptr[v]; i < groups->ptr[v + 1]; i++) {
            s->host[v] |= hosts_group(groups, i);
        }
    }
#pragma omp parallel for num_threads(s->threads) schedule(dynamic, 1) if (s->threads > 1)
    for (uint32_t c = 0; c < circles; c++) {
        add_circle(s, c);
    }
    GX_TRY(gx_job_check(s->job, err));
    for (uint32_t c = 0; c < circles; c++) {
        add_flow(&whole, &s->all[c]);
        s->f.hosts[0] += s->f.hosts[c + 1];
    }
    close_flow(s, 0, &whole);
    for (uint32_t c = 0; c < circles; c++) {
        close_flow(s, c + 1, &s->inside[c]);
    }
done:
    return status;
}

/* ---- texture --------------------------------------------------------------------------------- */

static void close_texture(const structure *s, uint32_t entry, uint32_t members,
                          const gx__texture *t) {
    double pairs = (double)members * ((double)members - 1) / 2;
    s->f.members[entry] = members;
    s->f.ties[entry] = (uint64_t)t->ties;
    s->f.density[entry] = members > 1 ? t->ties / pairs : (double)NAN;
    s->f.clustering[entry] = t->clustering;
    s->f.local_clustering[entry] = t->local_clustering;
    s->f.assortativity[entry] = t->assortativity;
    s->f.weight[entry] = t->weight;
    s->f.weighted_density[entry] = members > 1 ? t->weight / pairs : (double)NAN;
    s->f.weighted_clustering[entry] = t->weighted_clustering;
    s->f.weighted_local_clustering[entry] = t->weighted_local_clustering;
    s->f.weighted_assortativity[entry] = t->weighted_assortativity;
}

static gx_status find_textures(structure *s, gx_error *err) {
    const gx__inner *inner = &s->inner;
    const gx_graph within = {.n = inner->n,
                             .m = inner->ptr[inner->n],
                             .out_ptr = inner->ptr,
                             .out_dst = inner->dst,
                             .out_weight = inner->weight,
                             .in_ptr = inner->ptr,
                             .in_src = inner->dst,
                             .in_weight = inner->weight};
    gx__texture whole, *parts = NULL;
    gx_status status;
    GX_TRY(gx_job_alloc(s->job, &parts, inner->circles, sizeof *parts, err));
    GX_TRY(gx__texture_of(&whole, s->input->undirected, NULL, 1, s->job, err));
    close_texture(s, 0, s->input->users, &whole);
    GX_TRY(gx__texture_of(parts, &within, inner->at, inner->circles, s->job, err));
    for (uint32_t c = 0; c < inner->circles; c++) {
        close_texture(s, c + 1, inner->at[c + 1] - inner->at[c], &parts[c]);
    }
done:
    gx_job_free(s->job, parts);
    return status;
}

/* ---- distances ------------------------------------------------------------------------------- */

static void close_distances(const structure *s, uint32_t entry, const gx__spread *spread) {
    s->f.distance[entry] = spread->mean;
    s->f.distance_error[entry] = spread->mean_error;
    s->f.diameter[entry] = spread->diameter;
    s->f.diameter_error[entry] = spread->diameter_error;
    s->f.reach[entry] = spread->reached;
}

/* Where group g of `count` sources begins. */
static uint32_t group_at(uint32_t count, uint32_t g) {
    return (uint32_t)((uint64_t)count * g / GX__SPREAD_GROUPS);
}

static gx_status measure_whole(structure *s, gx_error *err) {
    const gx__paths paths = gx__paths_of(s->input->undirected);
    const uint32_t n = paths.n, count = s->samples && s->samples < n ? s->samples : n;
    gx__distances groups[GX__SPREAD_GROUPS] = {{0}};
    gx_error errors[GX__SPREAD_GROUPS] = {{0}};
    uint32_t *source = NULL;
    gx__spread spread;
    gx_status status;
    GX_TRY(gx__draw(&source, count, n, s->job->seed, s->job, err));
#pragma omp parallel for num_threads(s->threads) schedule(dynamic, 1) if (s->threads > 1)
    for (uint32_t g = 0; g < GX__SPREAD_GROUPS; g++) {
        uint32_t first = group_at(count, g), end = group_at(count, g + 1);
        errors[g].code = gx__spread_group(&groups[g], &s->work[gx_thread()], &paths, source + first,
                                          end - first, s->job, &errors[g]);
    }
    for (uint32_t g = 0; g < GX__SPREAD_GROUPS; g++) {
        if (errors[g].code != GX_OK) {
            GX_TRY(gx_fail(err, errors[g].code, "%s", errors[g].message));
        }
    }
    gx__spread_close(&spread, groups, GX__SPREAD_GROUPS, n, count);
    close_distances(s, 0, &spread);
done:
    for (uint32_t g = 0; g < GX__SPREAD_GROUPS; g++) {
        gx__distances_finish(&groups[g]);
    }
    gx_job_free(s->job, source);
    return status;
}

/* Sources of a circle: all of them in one group, or a sample in eight. */
static gx_status measure_circle(const structure *s, uint32_t c, gx__msbfs *work, gx_error *err) {
    const gx__inner *inner = &s->inner;
    const uint32_t n = inner->at[c + 1] - inner->at[c];
    const bool exact = n <= s->circle_samples;
    const uint32_t count = exact ? n : s->circle_samples,
                   group_count = exact ? 1 : GX__SPREAD_GROUPS;
    const gx__rows_view rows = {inner->ptr + inner->at[c], inner->dst, NULL};
    const gx__paths paths = {
        .n = n, .m = rows.ptr[n] - rows.ptr[0], .out = rows, .in = rows, .directed = false};
    gx__distances groups[GX__SPREAD_GROUPS] = {{0}};
    uint32_t *source = NULL;
    gx__spread spread;
    gx_status status;
    work->n = n;
    GX_TRY(gx__draw(&source, count, n, gx_mix64(s->job->seed ^ (c + 1)), s->job, err));
    for (uint32_t g = 0; g < group_count; g++) {
        uint32_t first = exact ? 0 : group_at(count, g), end = exact ? n : group_at(count, g + 1);
        GX_TRY(
            gx__spread_group(&groups[g], work, &paths, source + first, end - first, s->job, err));
    }
    gx__spread_close(&spread, groups, group_count, n, count);
    close_distances(s, c + 1, &spread);
done:
    for (uint32_t g = 0; g < group_count; g++) {
        gx__distances_finish(&groups[g]);
    }
    gx_job_free(s->job, source);
    return status;
}

/* The first failure, by circle, is told. */
static gx_status measure_circles(structure *s, gx_error *err) {
    const uint32_t circles = s->inner.circles;
    uint32_t failed = GX_NONE;
    gx_error why = {0};
    gx__inner_localise(&s->inner);
#pragma omp parallel for num_threads(s->threads) schedule(dynamic, 1) if (s->threads > 1)
    for (uint32_t c = 0; c < circles; c++) {
        gx_error mine = {0};
        gx_status status = measure_circle(s, c, &s->work[gx_thread()], &mine);
        if (status != GX_OK) {
            mine.code = status;
#pragma omp critical
            if (failed == GX_NONE || c < failed) {
                failed = c;
                why = mine;
            }
        }
    }
    return failed == GX_NONE ? GX_OK : gx_fail(err, why.code, "%s", why.message);
}

static gx_status find_distances(structure *s, gx_error *err) {
    gx_status status;
    GX_TRY(gx_job_alloc(s->job, &s->work, (size_t)s->threads, sizeof *s->work, err));
    for (int t = 0; t < s->threads; t++) {
        GX_TRY(gx__msbfs_init(&s->work[t], s->input->users, GX__SPREAD_LANES, s->job, err));
    }
    GX_TRY(measure_whole(s, err));
    GX_TRY(measure_circles(s, err));
done:
    return status;
}

/* ---- the pass -------------------------------------------------------------------------------- */

static int threads_for(uint64_t size, int threads) {
    return size <= SMALL ? 1 : threads > GX__SPREAD_GROUPS ? GX__SPREAD_GROUPS : threads;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    structure s = {.input = input,
                   .threads = threads_for(input->graph->m + input->users, job->threads),
                   .samples = (uint32_t)gx_arg_int(args, "samples"),
                   .circle_samples = (uint32_t)gx_arg_int(args, "circle_samples"),
                   .job = job};
    const uint32_t *community;
    uint32_t circles;
    gx_status status;
    gx_job_stage(job, "structure", 0);
    GX_TRY(gx_partition_circles(&community, &circles, input, err));
    GX_TRY(gx__inner_init(&s.inner, input->undirected, community, circles, job, err));
#define X(field, type, dtype, what)                                                                \
    GX_TRY(gx_output_add(&s.f.field, out, #field, dtype, (uint64_t)s.inner.circles + 1, 0, err));
    FIGURES(X)
#undef X
    GX_TRY(find_flows(&s, err));
    GX_TRY(find_textures(&s, err));
    GX_TRY(find_distances(&s, err));
done:
    for (int t = 0; s.work && t < s.threads; t++) {
        gx__msbfs_finish(&s.work[t], job);
    }
    gx_job_free(job, s.work);
    gx_job_free(job, s.all);
    gx_job_free(job, s.inside);
    gx_job_free(job, s.host);
    gx__inner_finish(&s.inner, job);
    return status;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const uint64_t n = input->users, m = input->undirected ? input->undirected->m : 0;
    uint64_t pairs;
    const uint64_t circles = gx_partition_expected(&pairs, input);
    const int used = threads_for(n + m, threads);
    const bool weighted =
        input->undirected && (!input->undirected->out_ptr || input->undirected->out_weight);
    uint64_t texture = gx__texture_bytes(n, m, weighted, threads) + sizeof(gx__texture) * circles;
    uint64_t search =
        (uint64_t)used * (gx__msbfs_bytes((uint32_t)n, GX__SPREAD_LANES) + 8192) + 4 * n;
    uint64_t samples = (uint64_t)gx_arg_int(args, "samples");
    samples = samples && samples < n ? samples : n;
    gx__degrees degrees = gx__degrees_of(input->undirected, input->users);
    out->mem_bytes = 21 * n + (weighted ? 8 : 4) * m + (RESULT + 2 * sizeof(flow)) * (circles + 1) +
                     4096 + (texture > search ? texture : search);
    out->cpu_s = gx__triangles_cpu_s(&degrees) * 2 +
                 (double)(samples / 512 + 2) * 13 * (4e-9 * (double)m + 3e-8 * (double)n);
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const gx_array *array = gx_result_find(result, instance, "members");
    const uint32_t *members = gx_result_get(result, instance, "members", GX_U32, 0);
    uint64_t together = 0;
    for (uint64_t c = 1; members && c < array->shape[0]; c++) {
        together += members[c];
    }
    if (!members || members[0] != input->users || together != members[0]) {
        return gx_fail(err, GX_INTERNAL, "%s.members does not hold each of %u members once",
                       instance, input->users);
    }
    const char *const shares[] = {"density",
                                  "reciprocity",
                                  "clustering",
                                  "local_clustering",
                                  "reach",
                                  "vertical",
                                  "vertical_interactions",
                                  "weighted_reciprocity",
                                  "weighted_clustering",
                                  "weighted_local_clustering"};
    for (size_t k = 0; k < GX_COUNT(shares); k++) {
        const double *share = gx_result_get(result, instance, shares[k], GX_F64, array->shape[0]);
        for (uint64_t c = 0; c < array->shape[0]; c++) {
            if (!share || share[c] < 0 || share[c] > 1 + 1e-9) {
                return gx_fail(err, GX_INTERNAL, "%s.%s at %llu is %g", instance, shares[k],
                               (unsigned long long)c, share ? share[c] : (double)NAN);
            }
        }
    }
    return GX_OK;
}

static const char *const arrays[] = {"leiden.community", NULL};

const gx_pass gx_pass_structure = {
    .name = "structure",
    .kind = GX_KIND_PROFILE,
    .summary = "density, reciprocity, clustering, distances and hosts' share, whole and by circle, "
               "by number and by weight",
    .paper =
        "Newman, Networks: an introduction (2010), 7.9 and 7.46; Newman, Assortative mixing in "
        "networks, PRL 89 (2002), eq. 4; Leskovec, Kleinberg, Faloutsos, Graphs over time (2005); "
        "by weight: Barrat et al., PNAS 101 (2004), eq. 5; Opsahl, Panzarasa, Clustering in "
        "weighted "
        "networks (2009); Squartini et al., Reciprocity of weighted networks, Sci. Rep. 3 (2013)",
    .complexity =
        "time O(m sqrt m) at worst, O(8 m) for each 512 samples; memory 21 n + 8 m bytes and "
        "32 n a thread",
    .needs = GX_NEED_GRAPH | GX_NEED_IN | GX_NEED_UNDIRECTED | GX_NEED_GROUPS,
    .wants = GX_NEED_ACTS,
    .arrays = arrays,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .label_dependent = true, /* as the circles are, and who is drawn */
    .estimate = estimate,
    .run = run,
    .check = check,
};
