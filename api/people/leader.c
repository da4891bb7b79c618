/* Opinion leaders as a snapshot has them, and how doors say it. */
#include "api/people/leader.h"

#include "engine/kernel/rank.h"

gx_status gx_leaders_resolve(gx_leaders *out, const gx_state *state, gx_error *err) {
    const uint32_t n = state->users;
    gx_status status;
    *out = (gx_leaders){.count = n};
    GX_TRY(gx_need_array(&out->score, state, "leaders.score", GX_F64, n, err));
    GX_TRY(gx_need_array(&out->rank, state, "leaders.rank", GX_U32, n, err));
    GX_TRY(gx_need_array(&out->follower_rank, state, "leaders.follower_rank", GX_U32, n, err));
    GX_TRY(gx_need_array(&out->measure, state, "leaders.measure", GX_F32, n, err));
    GX_TRY(gx_need_array(&out->part, state, "leaders.part", GX_F32, n, err));
    GX_TRY(gx_need_array(&out->flag, state, "leaders.flag", GX_F32, n, err));
    GX_TRY(gx_need_array(&out->flag_count, state, "leaders.flag_count", GX_U32, n, err));
    GX_TRY(gx_need_array(&out->risk, state, "leaders.risk", GX_F32, n, err));
    GX_TRY(gx_need_array(&out->excluded, state, "leaders.excluded", GX_U8, n, err));
    GX_TRY(
        gx_need_array(&out->weight, state, "leaders.weight", GX_F64, GX_LEADER_MEASURE_COUNT, err));
    GX_TRY(gx_need_array(&out->fit, state, "leaders.fit", GX_F64, GX_LEADER_FIT_COUNT, err));
    GX_TRY(gx_need_array(&out->correlation, state, "leaders.follower_correlation", GX_F64, 1, err));
done:
    return status;
}

gx_status gx_category_leaders_resolve(gx_category_leaders *out, gx_arena *arena,
                                      const gx_state *state, const gx_value *made, gx_error *err) {
    const gx_pass *pass = gx_any_pass_find("leaders");
    gx_args args;
    gx_status status;
    GX_TRY(gx_need_array(&out->ptr, state, "leaders.category_ptr", GX_U64, 0, err));
    out->categories = (uint32_t)gx_arrays_rows(state->arrays, "leaders.category_ptr") - 1;
    const uint64_t all = out->ptr[out->categories];
    GX_TRY(gx_need_array(&out->user, state, "leaders.category_user", GX_U32, all, err));
    GX_TRY(gx_need_array(&out->score, state, "leaders.category_score", GX_F32, all, err));
    GX_TRY(gx_args_parse(&args, arena, pass->params, pass->param_count, made, err));
    out->kept = (uint64_t)gx_arg_int(&args, "per_category");
done:
    return status;
}

gx_ranked gx_category_ranked(const gx_category_leaders *leaders, uint32_t category) {
    const uint64_t from = leaders->ptr[category];
    return (gx_ranked){leaders->user + from, leaders->score + from,
                       leaders->ptr[category + 1] - from};
}

gx_status gx_risks_open(gx_risks *out, const gx_call_env *call, double otherwise, gx_error *err) {
    const gx_state *state = call->state;
    const uint32_t n = state->users;
    const bool given = gx_arg_has(call->args, "risk_most");
    gx_status status = GX_OK;
    *out = (gx_risks){.n = n, .most = otherwise, .given = given};
    if (given) {
        out->most = gx_arg_real(call->args, "risk_most");
    }
    if (given && out->most < 100) {
        GX_TRY(gx_need_array(&out->risk, state, "leaders.risk", GX_F32, n, err));
    }
    if (state->arrays) { /* those of an older program say nothing */
        out->risk = gx_arrays_get(state->arrays, "leaders.risk", GX_F32, n);
        out->excluded = gx_arrays_get(state->arrays, "leaders.excluded", GX_U8, n);
    }
done:
    return status;
}

void gx_risks_note(gx_value *notes, const gx_call_env *call, const char *effect) {
    static const char nobody[] = "nobody is left out for risk";
    gx_arena *arena = call->arena;
    const gx_arrays *arrays = call->state->arrays;
    const bool told = gx_arg_has(call->args, "risk_most") || /* everybody, if it is not known */
                      (arrays && gx_arrays_find(arrays, "leaders.risk"));
    if (!arrays) { /* a file of ties alone has nothing that a risk could be told by */
        if (!told && gx_event_count(call->txn) > 0) {
            gx_list_add(arena, notes,
                        gx_str("there is no snapshot that tells who is of too great a risk: nobody "
                               "is left out for it; make one with `guanxi build` (model.build)"));
        }
        return;
    }
    effect = gx_arrays_find(arrays, "leaders.score") ? NULL : effect;
    const char *both =
        effect && !told ? gx_arena_printf(arena, "%s, and %s", nobody, effect) : NULL;
    if (effect || !told) {
        gx_note_missing(notes, arena, "leaders", both ? both : effect ? effect : nobody);
    }
}

bool gx_is_risky(const gx_risks *risks, uint32_t user) {
    return risks->risk && user < risks->n &&
           ((double)risks->risk[user] > risks->most ||
            (!risks->given && risks->excluded && risks->excluded[user]));
}

gx_value gx_risk_value(const gx_risks *risks, uint32_t user) {
    return !risks->risk ? gx_nil() : gx_real(user < risks->n ? (double)risks->risk[user] : 0);
}

/* {name: number} of one row. */
static gx_value row_value(gx_arena *arena, const char *const *name, const float *row,
                          uint32_t count) {
    gx_value map = gx_map(arena, count);
    for (uint32_t p = 0; p < count; p++) {
        gx_map_put(arena, &map, name[p], gx_real((double)row[p]));
    }
    return map;
}

gx_value gx_leader_parts_value(gx_arena *arena, const gx_leaders *leaders, uint32_t user) {
    return row_value(arena, gx_leader_parts, leaders->part + (size_t)user * GX_LEADER_PART_COUNT,
                     GX_LEADER_PART_COUNT);
}

gx_value gx_leader_measures_value(gx_arena *arena, const gx_leaders *leaders, uint32_t user) {
    return row_value(arena, gx_leader_measures,
                     leaders->measure + (size_t)user * GX_LEADER_MEASURE_COUNT,
                     GX_LEADER_MEASURE_COUNT);
}

gx_value gx_leader_flags_value(gx_arena *arena, const gx_leaders *leaders, uint32_t user) {
    gx_value list = gx_list(arena, GX_LEADER_FLAG_COUNT);
    for (uint32_t f = 0; f < GX_LEADER_FLAG_COUNT; f++) {
        const size_t at = (size_t)user * GX_LEADER_FLAG_COUNT + f;
        if (leaders->flag[at] > 0.0f) {
            gx_value row = gx_map(arena, 3);
            gx_map_put(arena, &row, "flag", gx_str(gx_leader_flags[f]));
            gx_map_put(arena, &row, "share", gx_real((double)leaders->flag[at]));
            gx_map_put(arena, &row, f == GX_FLAG_FLOOD ? "acts" : "members",
                       gx_int(leaders->flag_count[at]));
            gx_list_add(arena, &list, row);
        }
    }
    return list;
}

gx_status gx_leaders_correlate(gx_value *out, const gx_leaders *leaders, const uint32_t *user,
                               const double *by, uint32_t count, gx_job *job, gx_error *err) {
    gx_status status;
    double *followers = NULL, correlation = 0;
    *out = gx_nil();
    GX_TRY(gx_job_alloc(job, &followers, count, sizeof *followers, err));
    for (uint32_t i = 0; i < count; i++) {
        followers[i] =
            (double)
                leaders->measure[(size_t)user[i] * GX_LEADER_MEASURE_COUNT + GX_MEASURE_FOLLOWERS];
    }
    GX_TRY(gx__rank_spearman(&correlation, by, followers, count, job, err));
    *out = gx_real_or_nil(correlation);
done:
    gx_job_free(job, followers);
    return status;
}

void gx_leaders_put_about(gx_arena *arena, gx_value *out, const gx_leaders *leaders) {
    gx_value weights = gx_map(arena, GX_LEADER_MEASURE_COUNT), fit = gx_map(arena, 5);
    for (uint32_t p = 0; p < GX_LEADER_MEASURE_COUNT; p++) {
        gx_map_put(arena, &weights, gx_leader_measures[p], gx_real(leaders->weight[p]));
    }
    gx_map_put(arena, &fit, "members", gx_int((int64_t)leaders->fit[GX_FIT_MEMBERS]));
    gx_map_put(arena, &fit, "heeded", gx_int((int64_t)leaders->fit[GX_FIT_HEEDED]));
    gx_map_put(arena, &fit, "split", gx_int((int64_t)leaders->fit[GX_FIT_SPLIT_MS]));
    gx_map_put(arena, &fit, "spearman", gx_real_or_nil(leaders->fit[GX_FIT_SPEARMAN]));
    gx_map_put(arena, &fit, "follower_spearman", gx_real_or_nil(leaders->fit[GX_FIT_FOLLOWERS]));
    gx_map_put(arena, out, "fitted", gx_bool(leaders->fit[GX_FIT_FITTED] > 0.0));
    gx_map_put(arena, out, "weights", weights);
    gx_map_put(arena, out, "fit", leaders->fit[GX_FIT_MEMBERS] > 0.0 ? fit : gx_nil());
}
