/* audience.expand: members like those of a list, a group or a circle (R13, R14): by what they
 * choose, whom they are tied to and which circles they are in.
 *
 * An item says something where more of the list chose it than elsewhere: with k of its K members
 * and p the share of all, lift = (k + 10 p) / (K + 10) / p, weight ln lift where it is above 1 and
 * k is 2 or more (1 for a list of fewer than 5). Taste is the cosine of a member's items with those
 * weights. O(events + ties). */
#include "api/lists/audience.h"
#include "api/lists/group.h"
#include "api/people/member_rules.h"
#include "api/support.h"

#include <math.h>

static const double PRIOR = 10;
enum { SMALL = 5 };

/* clang-format off */
static const gx_param params[] = {
    GX_GROUP_PARAMS,
    {"n", GX_PARAM_INT, "100", 1, 100000, "members", NULL, 0, "how many more"},
    GX_CHANNELS_PARAM,
    {"why", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0, "say why"},
};
/* clang-format on */

typedef struct tally {
    double all, listed;
} tally;

static gx_status make_taste(gx_audience *a, uint32_t seeds, gx_error *err) {
    const gx_matrix *m = &a->views.matrix;
    gx_status status = GX_OK;
    tally *count = NULL;
    double members = 0, norm = 0;
    const double least = seeds < SMALL ? 1 : 2;
    GX_TRY(gx_job_alloc(a->call->job, &count, m->cols, sizeof *count, err));
    for (uint32_t u = 0; u < a->users; u++) {
        members += m->ptr[u + 1] > m->ptr[u];
        for (uint64_t k = m->ptr[u]; k < m->ptr[u + 1]; k++) {
            count[m->col[k]].all++;
            count[m->col[k]].listed += (double)a->base[u];
        }
    }
    for (uint32_t i = 0; i < m->cols; i++) { /* `all` becomes the weight */
        const double p = members > 0 ? count[i].all / members : 0;
        const double lift = p > 0 ? (count[i].listed + PRIOR * p) / (seeds + PRIOR) / p : 0;
        count[i].all = lift > 1 && count[i].listed >= least ? log(lift) : 0;
        norm += count[i].all * count[i].all;
    }
    for (uint32_t u = 0; u < a->users && norm > 0; u++) {
        double sum = 0;
        for (uint64_t k = m->ptr[u]; k < m->ptr[u + 1]; k++) {
            sum += count[m->col[k]].all;
        }
        const double length = sqrt((double)(m->ptr[u + 1] - m->ptr[u]) * norm);
        a->s[GX_CHANNEL_INTEREST][u] = length > 0 ? (float)(sum / length) : 0;
    }
done:
    gx_job_free(a->call->job, count);
    return status;
}

static gx_status answer(gx_value *out, gx_audience *a, const gx_group *seeds, gx_error *err) {
    gx_call_env *call = a->call;
    gx_arena *arena = call->arena;
    uint32_t count = 0, n = (uint32_t)gx_arg_int(call->args, "n");
    gx_value row = gx_map(arena, 6), users, less = gx_nil();
    for (uint32_t u = 0; u < a->users; u++) {
        a->out[u] = !a->out[u];
    }
    uint32_t *best = gx_top_f64(arena, &count, a->score, a->users, n, a->out);
    if (!best) {
        return gx_fail_memory(err, n * sizeof *best);
    }
    users = gx_list(arena, count);
    for (uint32_t k = 0; k < count; k++) {
        gx_value one = gx_audience_row(a, best[k], k + 1);
        if (gx_arg_bool(call->args, "why")) {
            gx_map_put(arena, &one, "why",
                       gx_audience_why(a, best[k], GX_SAYS_AUDIENCE_LIKE, NULL, 0));
        }
        gx_list_add(arena, &users, one);
    }
    if (count < n) {
        char *text = gx_arena_printf(
            arena, "%u of %u: no more members have anything in common with the list", count, n);
        less = gx_str(text ? text : "");
    }
    gx_map_put(arena, &row, "seeds", gx_int(seeds->count));
    gx_map_put(arena, &row, "count", gx_int(a->count));
    gx_map_put(arena, &row, "users", users);
    gx_map_put(arena, &row, "unknown", seeds->unknown);
    gx_value notes = gx_list(arena, 2);
    gx_audience_note(&notes, a, false, "score");
    gx_map_put(arena, &row, "notes", notes);
    gx_map_put(arena, &row, "short", less);
    *out = row;
    return GX_OK;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    gx_audience a = {.call = call};
    gx_group seeds;
    GX_TRY(gx_group_find(&seeds, call, UINT32_MAX, err));
    GX_TRY(gx_audience_init(&a, call, err));
    GX_TRY(gx_listing_weights(a.weights, call, err));
    for (uint32_t k = 0; k < seeds.count; k++) {
        if (seeds.user[k] < a.users) {
            a.base[seeds.user[k]] = 1;
            a.out[seeds.user[k]] = 1;
        }
    }
    GX_TRY(make_taste(&a, seeds.count, err));
    GX_TRY(gx_departed_mark(a.out, a.users, call->txn, call->job, err));
    GX_TRY(gx_audience_score(&a, false, err));
    GX_TRY(answer(out, &a, &seeds, err));
done:
    gx_audience_finish(&a);
    return status;
}

const gx_method gx_method_audience_expand = {
    .name = "audience.expand",
    .summary = "members like those of a list: by taste, ties and circle",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result = "{seeds, count, users: [{user, score, rank, channels, why: [{channel, share, en, "
              "zh}]}], unknown, notes: [text], short}",
    .run = run,
};
