/* One pass on demand. */
#include "api/build/compute.h"

#include "api/build/estimate.h"

gx_status gx_ids_given(uint32_t *out, gx_db *db, const gx_snapshot *before, gx_job *job,
                       gx_error *err) {
    const gx_pass *pass;
    gx_snapshot_info *list = NULL;
    size_t count = 0;
    gx_status status;
    GX_TRY(gx_snapshot_list(&list, &count, db->path, err));
    for (size_t i = 0; i < count && list[i].number > gx_snapshot_number(before); i++) {
        gx_snapshot *newer = NULL;
        GX_TRY(gx_job_check(job, err));
        if (gx_snapshot_open(&newer, db->path, list[i].number, NULL) != GX_OK) {
            continue;
        }
        for (size_t k = 0; (pass = gx_any_pass_at(k)) != NULL; k++) {
            const uint32_t *next =
                gx_result_get(gx_snapshot_arrays(newer), pass->name, "next_id", GX_U32, 1);
            *out = next && *next > *out ? *next : *out;
        }
        gx_snapshot_release(newer);
    }
done:
    gx_free(list);
    return status;
}

gx_status gx_compute(gx_arrays **out, gx_db *db, const gx_pass *pass, const char *instance,
                     const gx_value *params, const gx_view_spec *spec, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_plan plan = {0};
    gx_views views = {0};
    gx_arrays *results = NULL;
    gx_plan_step wanted = {.pass = pass, .instance = instance};
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, 0);
    }
    gx_state *state = gx_db_hold_state(db);
    GX_TRY(gx_params_resolve(&wanted.params, arena, db->store, pass, params, err));
    GX_TRY(gx_plan_make(&plan, gx_pass_tables(), gx_pass_tables_count, &wanted, 1, err));
    status = gx_views_make(&views, db->store, &state->rules, plan.needs, spec, job, err);
    if (status == GX_OVER_LIMIT) {
        gx_tell_whole_need(err, db->store, pass, wanted.params, job);
    }
    GX_TRY(status);
    GX_TRY(gx_arrays_create(&results, err));
    views.input.arrays = results;
    views.input.before = state->arrays;
    if (state->snapshot && pass->kind == GX_KIND_COMMUNITY) {
        GX_TRY(gx_ids_given(&views.input.ids_given, db, state->snapshot, job, err));
    }
    if (plan.needs & GX_NEED_CATEGORY) {
        GX_TRY(gx_categories_add(results, &views.category, job, err));
    }
    GX_TRY(gx_plan_run(results, &plan, &views.input, job, err));
    *out = results;
    results = NULL;
done:
    views.input.before = NULL;
    gx_arrays_drop(results, job);
    gx_views_finish(&views);
    gx_plan_finish(&plan);
    gx_state_release(state);
    gx_arena_destroy(arena);
    return status;
}
