/* Overlapping circles: a member may belong to several.
 *
 * Ego splitting (Epasto, Lattanzi and Paes Leme: Ego-splitting framework: from non-overlapping to
 * overlapping clusters, KDD 2017). The neighbours of each member are parted into groups that know
 * each other; the member stands once for each group, as a persona, and every tie joins the two
 * personas it belongs to (personas.h). Circles are the communities of the persona graph, by Leiden,
 * and a member is in the circles of all their personas.
 *
 * What differs from the paper: groups of fewer than `least` neighbours join the largest; Leiden is
 * in the place of label propagation over the persona graph; and circles of fewer than `min_size`
 * members are dropped, but for members who would be left with none. A circle's share of a member is
 * the part of the member's ties, by weight, that lie in it.
 *
 * The paper is of undirected graphs: ties count without direction, with their weights, in the
 * groups, in Leiden and in the shares. `directed` is refused.
 *
 * O(Σ over ties of the smaller degree + triangles) for the groups and what Leiden takes on as many
 * ties and somewhat more nodes; memory: 12 bytes an arc, 20 a persona, and Leiden's.
 */
#include "engine/community/leiden.h"
#include "engine/community/no_direction.h"
#include "engine/community/partition.h"
#include "engine/community/personas.h"
#include "engine/community/quality.h"
#include "engine/kernel/scores.h"

#include <stdlib.h>

static const gx_param params[] = {
    {"resolution", GX_PARAM_REAL, "1", 1e-6, 1e6, NULL, NULL, 0,
     "above 1 finds more and smaller circles, below 1 fewer and larger"},
    {"least", GX_PARAM_INT, "3", 1, 1e6, "members", NULL, 0,
     "neighbours a group has at least; smaller ones join the largest"},
    {"min_size", GX_PARAM_INT, "3", 1, 1e9, "members", NULL, 0,
     "smaller circles are dropped, unless a member has no other"},
    {"weighted", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "ties count by their weights, and without direction"},
    GX__PARAM_NO_DIRECTION,
};

static const gx_gives gives[] = {
    {"community", GX_U32, GX_LEN_USERS, "main circle of each member: that of the largest share"},
    {"ptr", GX_U64, GX_LEN_OTHER, "where each member's circles begin in item; members + 1"},
    {"item", GX_U32, GX_LEN_OTHER, "circles of each member, by falling share; the main one first"},
    {"share", GX_F32, GX_LEN_OTHER, "share of the member's ties in it, 0 to 1"},
    {"size", GX_U32, GX_LEN_OTHER, "members of each circle"},
};

/* One circle of one member. */
typedef struct membership {
    uint32_t circle;
    double share;
} membership;

typedef struct memberships {
    uint32_t n, circles, min_size;
    uint64_t *ptr;    /* n + 1 */
    membership *all;  /* by member; one a persona at most */
    uint32_t *size;   /* of each circle */
    uint32_t *number; /* of each circle; GX_NONE: dropped */
} memberships;

static int by_circle(const void *a, const void *b) {
    const membership *x = a, *y = b;
    return (x->circle > y->circle) - (x->circle < y->circle);
}

static int by_share(const void *a, const void *b) {
    const membership *x = a, *y = b;
    return x->share != y->share ? (x->share < y->share ? 1 : -1) : by_circle(a, b);
}

/* The circles of v's personas, each once; returns how many. */
static uint32_t list_circles(membership *out, const gx__personas *p, const uint32_t *circle,
                             uint32_t v) {
    const gx__rows_view rows = gx__rows_out(&p->graph);
    uint32_t count = 0, kept = 0;
    double all = 0;
    for (uint32_t k = p->first[v]; k < p->first[v + 1]; k++) {
        out[count] = (membership){circle[k], gx__row_strength(&rows, k)};
        all += out[count++].share;
    }
    qsort(out, count, sizeof *out, by_circle);
    for (uint32_t i = 0; i < count; i++) {
        double share = all > 0 ? out[i].share / all : 0;
        if (kept > 0 && out[kept - 1].circle == out[i].circle) {
            out[kept - 1].share += share;
        } else {
            out[kept++] = (membership){out[i].circle, share};
        }
    }
    qsort(out, kept, sizeof *out, by_share);
    return kept;
}

/* Everybody's circles, then without the small ones. */
static void collect(memberships *s, const gx__personas *p, const uint32_t *circle) {
    uint64_t at = 0;
    for (uint32_t v = 0; v < s->n; v++) {
        s->ptr[v] = at;
        at += list_circles(s->all + at, p, circle, v);
        for (uint64_t i = s->ptr[v]; i < at; i++) {
            s->size[s->all[i].circle]++;
        }
    }
    s->ptr[s->n] = at;
    at = 0;
    for (uint32_t v = 0; v < s->n; v++) {
        uint64_t begin = at, from = s->ptr[v];
        for (uint64_t i = from; i < s->ptr[v + 1]; i++) {
            if (s->size[s->all[i].circle] >= s->min_size) {
                s->all[at++] = s->all[i];
            }
        }
        if (at == begin) {
            s->all[at++] = s->all[from];
        }
        s->ptr[v] = begin;
    }
    s->ptr[s->n] = at;
}

/* Numbers the circles: those that are somebody's main one as every partition is numbered, then the
 * others as Leiden did. `community` gets the main ones. */
static gx_status number_circles(memberships *s, uint32_t *community, gx_job *job, gx_error *err) {
    uint32_t next = 0;
    memset(s->size, 0, s->circles * sizeof *s->size);
    for (uint64_t i = 0; i < s->ptr[s->n]; i++) {
        s->size[s->all[i].circle]++;
    }
    for (uint32_t c = 0; c < s->circles; c++) {
        s->number[c] = GX_NONE;
    }
    for (uint32_t v = 0; v < s->n; v++) {
        uint32_t *number = &s->number[s->all[s->ptr[v]].circle];
        *number = *number == GX_NONE ? next++ : *number;
        community[v] = *number;
    }
    gx_status status = gx_partition_order(community, s->n, &next, job, err);
    if (status != GX_OK) {
        return status;
    }
    for (uint32_t v = 0; v < s->n; v++) {
        s->number[s->all[s->ptr[v]].circle] = community[v];
    }
    for (uint32_t c = 0; c < s->circles; c++) {
        if (s->number[c] == GX_NONE && s->size[c] > 0) {
            s->number[c] = next++;
        }
    }
    return GX_OK;
}

static gx_status give(gx_output *out, const memberships *s, gx_error *err) {
    uint64_t *ptr, all = s->ptr[s->n];
    uint32_t *item, *size, numbers = 0;
    float *share;
    gx_status status;
    for (uint32_t c = 0; c < s->circles; c++) {
        numbers += s->number[c] != GX_NONE;
    }
    GX_TRY(gx_output_add(&ptr, out, "ptr", GX_U64, (uint64_t)s->n + 1, 0, err));
    GX_TRY(gx_output_add(&item, out, "item", GX_U32, all, 0, err));
    GX_TRY(gx_output_add(&share, out, "share", GX_F32, all, 0, err));
    GX_TRY(gx_output_add(&size, out, "size", GX_U32, numbers, 0, err));
    memcpy(ptr, s->ptr, ((size_t)s->n + 1) * sizeof *ptr);
    for (uint64_t i = 0; i < all; i++) {
        item[i] = s->number[s->all[i].circle];
        share[i] = (float)s->all[i].share;
        size[item[i]]++;
    }
done:
    return status;
}

/* From the communities of the personas to what is given; lets go of the personas on the way. */
static gx_status give_circles(gx_output *out, uint32_t *community, memberships *s, gx__personas *p,
                              const uint32_t *circle, gx_error *err) {
    gx_job *job = out->job;
    gx_status status;
    GX_TRY(gx_job_alloc(job, &s->ptr, (size_t)s->n + 1, sizeof *s->ptr, err));
    GX_TRY(gx_job_alloc(job, &s->all, p->graph.n, sizeof *s->all, err));
    GX_TRY(gx_job_alloc(job, &s->size, s->circles, sizeof *s->size, err));
    GX_TRY(gx_job_alloc(job, &s->number, s->circles, sizeof *s->number, err));
    collect(s, p, circle);
    GX_TRY(gx_job_check(job, err));
    gx__personas_finish(p, job);
    GX_TRY(number_circles(s, community, job, err));
    GX_TRY(give(out, s, err));
done:
    gx_job_free(job, s->number);
    gx_job_free(job, s->size);
    gx_job_free(job, s->all);
    gx_job_free(job, s->ptr);
    return status;
}

/* ---- the pass ------------------------------------------------------------------------------ */

static gx__personas_options options_of(const gx_args *args) {
    return (gx__personas_options){.least = (uint32_t)gx_arg_int(args, "least"),
                                  .weighted = gx_arg_bool(args, "weighted")};
}

static uint64_t larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static void estimate(gx_estimate *out, const gx_input *input, const gx_args *args, int threads) {
    const gx_graph *g = input->undirected;
    const gx__personas_options options = options_of(args);
    double guess = input->users;
    out->mem_bytes = 8 * (uint64_t)input->users;
    if (g) {
        guess = gx__personas_guess(g, &options);
        uint64_t n = g->n, personas = (uint64_t)(1.04 * guess);
        uint64_t held = gx__personas_held(g, personas) + 4 * personas;
        uint64_t found = held + gx__leiden_bytes(personas, g->m, false, threads);
        uint64_t given = held + 8 * (n + 1) + (16 + 8) * personas;
        out->mem_bytes = 4 * n + 256 +
                         larger(gx__personas_bytes(g, options.weighted, personas, threads),
                                larger(found, given));
    }
    out->cpu_s =
        (g ? gx__personas_cpu_s(g) : 0) + 6e-7 * guess + 2e-7 * (double)(g ? g->m : 0) + 1e-6;
}

static gx_status run(gx_output *out, const gx_input *input, const gx_args *args, gx_job *job,
                     gx_error *err) {
    const gx_graph *g = input->undirected;
    const gx__personas_options options = options_of(args);
    const gx_leiden_options leiden = {.resolution = gx_arg_real(args, "resolution"),
                                      .tolerance = 1e-4};
    memberships s = {.n = g->n, .min_size = (uint32_t)gx_arg_int(args, "min_size")};
    gx__personas p = {0};
    uint32_t *community, *circle = NULL;
    gx_status status;
    GX_TRY(gx__refuse_direction(args, "overlapping",
                                "ego splitting is defined for undirected graphs", err));
    GX_TRY(gx_output_add(&community, out, "community", GX_U32, g->n, 0, err));
    GX_TRY(gx__personas_make(&p, g, &options, job, err));
    GX_TRY(gx_job_alloc(job, &circle, p.graph.n, sizeof *circle, err));
    GX_TRY(gx_leiden_find(circle, &s.circles, &p.graph, &leiden, job, err));
    GX_TRY(give_circles(out, community, &s, &p, circle, err));
done:
    gx_job_free(job, circle);
    gx__personas_finish(&p, job);
    return status;
}

/* Every member has a main circle and it comes first; shares fall and sum to 1 at most. */
static gx_status check_member(uint32_t v, const uint32_t *item, const float *share, uint64_t count,
                              uint32_t main, uint32_t circles, gx_error *err) {
    double sum = 0;
    if (count == 0 || item[0] != main) {
        return gx_fail(err, GX_INTERNAL, "member %u has no main circle, or not first", v);
    }
    for (uint64_t i = 0; i < count; i++) {
        sum += (double)share[i];
        if (item[i] >= circles || !(share[i] >= 0) || (i > 0 && share[i] > share[i - 1])) {
            return gx_fail(err, GX_INTERNAL, "member %u: circle %u with share %g", v, item[i],
                           (double)share[i]);
        }
    }
    return sum <= 1 + 1e-4 ? GX_OK
                           : gx_fail(err, GX_INTERNAL, "shares of member %u sum to %g", v, sum);
}

static gx_status check(const gx_arrays *result, const char *instance, const gx_input *input,
                       const gx_args *args, gx_error *err) {
    (void)args;
    const uint32_t n = input->users;
    const uint32_t *community = gx_result_get(result, instance, "community", GX_U32, n);
    const uint64_t *ptr = gx_result_get(result, instance, "ptr", GX_U64, (uint64_t)n + 1);
    const gx_array *size = gx_result_find(result, instance, "size");
    gx_status status = GX_OK;
    if (!ptr || !size || (n && !community)) {
        return gx_fail(err, GX_INTERNAL, "%s.community, ptr or size is not there", instance);
    }
    const uint32_t *item = gx_result_get(result, instance, "item", GX_U32, ptr[n]);
    const float *share = gx_result_get(result, instance, "share", GX_F32, ptr[n]);
    if (n && (!item || !share)) {
        return gx_fail(err, GX_INTERNAL, "%s.item or share is not there", instance);
    }
    for (uint32_t v = 0; v < n; v++) {
        GX_TRY(check_member(v, item + ptr[v], share + ptr[v], ptr[v + 1] - ptr[v], community[v],
                            (uint32_t)size->shape[0], err));
    }
    GX_TRY(gx_quality_check_order(community, n, err));
done:
    return status;
}

const gx_pass gx_pass_overlapping = {
    .name = "overlapping",
    .kind = GX_KIND_COMMUNITY,
    .summary = "overlapping circles: a member may belong to several",
    .paper = "Epasto, Lattanzi, Paes Leme: Ego-splitting framework: from non-overlapping to "
             "overlapping clusters, KDD 2017; Leiden on the persona graph",
    .complexity =
        "O(sum over ties of the smaller degree + triangles), then as leiden; 12 bytes an arc, 20 a "
        "persona and Leiden's",
    .needs = GX_NEED_UNDIRECTED,
    .gives = gives,
    .give_count = GX_COUNT(gives),
    .params = params,
    .param_count = GX_COUNT(params),
    .label_dependent = true, /* Leiden's order, and equals are told apart by number */
    .estimate = estimate,
    .run = run,
    .check = check,
};
