/* The passes behind the channels over what was before a time. */
#include "api/build/blend_past.h"

#include "api/build/besides.h"

/* Weights of the leader score are not learnt anew at each moment: those of a shorter log differ
 * from those of the whole, and what the blend learns of the leader channel would be of another
 * score. */
static gx_pair usual_weights = {{.type = GX_TEXT, .size = 3, .as.text = "fit"}, {.type = GX_BOOL}};
static const gx_value not_fitted = {.type = GX_MAP, .size = 1, .as.pairs = &usual_weights};

gx_status gx_past_plan(gx_plan *out, gx_past_use use, const gx_build_options *options,
                       gx_error *err) {
    const char *const names[] = {
        "leiden",  "strength", "circle",
        "leaders", "popular",  options->interest ? options->interest : GX_INTEREST_MODEL};
    gx_plan_step wanted[GX_COUNT(names)];
    for (size_t i = 0; i < GX_COUNT(names); i++) {
        const gx_value *given = options->params ? gx_map_get(options->params, names[i]) : NULL;
        wanted[i] = (gx_plan_step){.pass = gx_any_pass_find(names[i]), .params = given};
        if (!given && use == GX_PAST_LEARN && strcmp(names[i], "leaders") == 0) {
            wanted[i].params = &not_fitted;
        }
    }
    return gx_plan_make(out, gx_pass_tables(), gx_pass_tables_count, wanted, GX_COUNT(names), err);
}

gx_status gx_past_make(gx_past *p, gx_past_use use, gx_db *db, const gx_state *now,
                       const gx_build_options *options, int64_t cut_ms, gx_error *err) {
    gx_view_spec spec = options->spec;
    gx_status status;
    spec.from_ms = spec.from_ms ? spec.from_ms : INT64_MIN + 1;
    spec.to_ms = cut_ms;
    p->interest = options->interest;
    GX_TRY(gx_past_plan(&p->plan, use, options, err));
    GX_TRY(gx_views_make(&p->views, db->store, &now->rules, p->plan.needs | GX_BUILD_NEEDS, &spec,
                         p->job, err));
    GX_TRY(gx_arrays_create(&p->arrays, err));
    p->views.input.arrays = p->arrays;
    GX_TRY(gx_plan_run(p->arrays, &p->plan, &p->views.input, p->job, err));
    GX_TRY(gx_besides_add(p->arrays, &p->views, db, p->job, err));
    p->state = (gx_state){.arrays = p->arrays,
                          .rules = now->rules,
                          .users = p->views.input.users,
                          .items = p->views.input.items};
done:
    return status;
}

gx_status gx_past_open(gx_past *p, gx_error *err) {
    return gx_rec_open(&p->state.rec, p->arrays, p->interest, p->state.users, p->state.items, err);
}

void gx_past_finish(gx_past *p) {
    gx_rec_close(p->state.rec);
    gx_arrays_drop(p->arrays, p->job);
    gx_views_finish(&p->views);
    gx_plan_finish(&p->plan);
}
