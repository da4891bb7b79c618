/* cascade.stats: how things spread from member to member: size, depth, speed, K and how far beyond
 * a circle, of each item or campaign and of all together. docs/cascades.md. */
#include "api/referral/cascades.h"

#include <math.h>

static const gx_param params[] = {
    GX_CASCADE_PARAMS,
    {"order", GX_PARAM_CHOICE, "brought", GX_PARAM_UNCHECKED, NULL,
     "brought|members|largest|depth|k|virality|revenue", 0, "the largest first, by"},
    {"min_size", GX_PARAM_INT, "2", 1, 1e9, "members", NULL, 0,
     "leave out what fewer members joined"},
    {"n", GX_PARAM_INT, "20", 1, 1e6, NULL, NULL, 0, "how many"},
};

static double order_of(const gx_args *args, const gx_cascade *c) {
    return gx_arg_is(args, "order", "members")    ? c->members
           : gx_arg_is(args, "order", "largest")  ? c->largest
           : gx_arg_is(args, "order", "depth")    ? c->depth
           : gx_arg_is(args, "order", "k")        ? c->k
           : gx_arg_is(args, "order", "virality") ? (isnan(c->virality) ? 0 : c->virality)
           : gx_arg_is(args, "order", "revenue")  ? (double)c->revenue
                                                  : c->members - c->roots;
}

static gx_status measure_all(gx_cascade *of, gx_cascade *total, const gx_trees *t, gx_job *job,
                             gx_error *err) {
    gx_status status;
    gx_cascade_scratch scratch = {0};
    uint32_t *nodes = NULL;
    gx_job_stage(job, "measures", t->forests);
    GX_TRY(gx_job_alloc(job, &nodes, t->count, sizeof *nodes, err));
    GX_TRY(gx_job_alloc(job, &scratch.times, t->count, sizeof *scratch.times, err));
    for (uint32_t v = 0; v < t->count; v++) {
        nodes[v] = v;
    }
    for (uint32_t f = 0; f < t->forests; f++) {
        gx_cascade_measure(&of[f], &t->forest, &t->facts, nodes + t->first[f],
                           t->first[f + 1] - t->first[f], &scratch);
        if (f % 256 == 0) {
            GX_TRY(gx_job_check(job, err));
        }
    }
    gx_cascade_measure(total, &t->forest, &t->facts, nodes, t->count, &scratch);
done:
    gx_job_free(job, nodes);
    gx_job_free(job, scratch.times);
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_arena *arena = call->arena;
    const gx_args *args = call->args;
    gx_trees t = {0};
    gx_cascade *of = NULL, total;
    gx_value list = gx_list(arena, 32), all = gx_map(arena, 16);
    gx_status status;
    uint32_t count;
    GX_TRY(gx_cascade_trees(&t, call, (int)gx_arg_int(call->args, "decimals"), err));
    GX_TRY(gx_job_alloc(call->job, &of, t.forests, sizeof *of, err));
    GX_TRY(measure_all(of, &total, &t, call->job, err));
    double *score = gx_arena_get(arena, ((size_t)t.forests + 1) * sizeof *score);
    uint8_t *keep = gx_arena_get(arena, (size_t)t.forests + 1);
    if (!score || !keep) {
        GX_TRY(gx_fail_memory(err, t.forests * sizeof *score));
    }
    for (uint32_t f = 0; f < t.forests; f++) {
        score[f] = order_of(args, &of[f]);
        keep[f] = of[f].members >= gx_arg_int(args, "min_size");
    }
    const uint32_t *top =
        gx_top_f64(arena, &count, score, t.forests, (uint32_t)gx_arg_int(args, "n"), keep);
    if (!top) {
        GX_TRY(gx_fail_memory(err, t.forests * sizeof *top));
    }
    for (uint32_t i = 0; i < count; i++) {
        gx_value row = gx_map(arena, 18);
        gx_trees_put_key(&row, call, &t, top[i]);
        gx_cascade_put(&row, arena, &of[top[i]], t.has_circles);
        gx_list_add(arena, &list, row);
    }
    gx_cascade_put(&all, arena, &total, t.has_circles);
    *out = gx_map(arena, 4);
    gx_slice by = gx_arg_text(args, "by");
    gx_map_put(arena, out, "by", gx_text_copy(arena, by.data, by.size));
    gx_map_put(arena, out, "cascades", list);
    gx_map_put(arena, out, "total", all);
    gx_map_put(arena, out, "told", gx_trees_told(arena, &t));
done:
    gx_job_free(call->job, of);
    gx_trees_finish(&t);
    return status;
}

const gx_method gx_method_cascade_stats = {
    .name = "cascade.stats",
    .summary = "how items, campaigns or invites spread: size, depth, speed, K, across circles",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .is_long = gx_is_always_long,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{by, cascades: [{item or campaign, members, roots, brought, trees, largest, depth, "
              "spreaders, k, virality, cross_circle, half_hours, delay_hours, first, last, sales, "
              "revenue_minor}], total: {…}, told: {self_via, unknown_via, implied, unrecorded, "
              "undated, again, cycles, early, no_amount, bad_amount}}",
    .run = run,
};
