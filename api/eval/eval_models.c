/* Models that are evaluated: found by name, fitted through the plan, opened. */
#include "api/eval/eval.h"

gx_status gx_eval_model_make(gx_eval_model *out, gx_call_env *call, gx_slice name,
                             const gx_value *all_params, gx_error *err) {
    const char *equals = memchr(name.data, '=', name.size);
    const size_t before = equals ? (size_t)(equals - name.data) : name.size;
    const gx_slice of = equals ? (gx_slice){equals + 1, name.size - before - 1} : name;
    const char *text = gx_arena_printf(call->arena, "%.*s", (int)of.size, of.data);
    const gx_model *model = text ? gx_model_find(text) : NULL;
    *out = (gx_eval_model){.model = model,
                           .name = gx_arena_printf(call->arena, "%.*s", (int)before, name.data)};
    if (!model) {
        return gx_any_pass_missing(of, GX_KIND_MODEL, err);
    }
    if (!out->name || !*out->name) {
        char shown[64];
        return gx_fail_at(err, GX_BAD_REQUEST, "models",
                          "models: %s was given; accepted is MODEL or NAME=MODEL",
                          gx_quote(shown, sizeof shown, name.data, name.size));
    }
    const gx_value *params = all_params->type == GX_MAP ? gx_map_get(all_params, out->name) : NULL;
    const gx_plan_step wanted = {.pass = &model->pass, .params = params};
    return gx_plan_make(&out->plan, gx_pass_tables(), gx_pass_tables_count, &wanted, 1, err);
}

gx_status gx_eval_check_params(const gx_eval_model *models, size_t count,
                               const gx_value *all_params, gx_error *err) {
    for (uint32_t i = 0; all_params->type == GX_MAP && i < all_params->size; i++) {
        const gx_value *key = &all_params->as.pairs[i].key;
        const gx_slice name = {key->as.text, key->size};
        bool known = false;
        for (size_t m = 0; m < count; m++) {
            known |= models[m].model && gx_slice_is(name, models[m].name);
        }
        if (!known) {
            char shown[64];
            return gx_fail_at(err, GX_BAD_REQUEST, "params",
                              "params: %s is none of the models asked for; accepted is "
                              "MODEL.PARAMETER=VALUE of one of them",
                              gx_quote(shown, sizeof shown, name.data, name.size));
        }
    }
    return GX_OK;
}

static double seconds_since(int64_t now, int64_t start) {
    return (double)(now - start) * 1e-9;
}

gx_status gx_eval_model_fit(gx_eval_model *model, gx_eval_data *data, gx_job *job, gx_error *err) {
    const gx_pass *pass = &model->model->pass;
    gx_status status;
    GX_TRY(gx_arrays_create(&model->arrays, err));
    const int64_t wall = gx_clock_ns(), cpu = gx_clock_cpu_ns();
    data->input.arrays = model->arrays;
    if (model->plan.needs & GX_NEED_CATEGORY) {
        GX_TRY(gx_categories_add(model->arrays, &data->views.category, job, err));
    }
    GX_TRY(gx_plan_run(model->arrays, &model->plan, &data->input, job, err));
    model->fit_wall_s = seconds_since(gx_clock_ns(), wall);
    model->fit_cpu_s = seconds_since(gx_clock_cpu_ns(), cpu);
    GX_TRY(model->model->open(&model->state, model->arrays, pass->name, data->input.users,
                              data->input.items, err));
done:
    data->input.arrays = NULL;
    if (status != GX_OK) {
        gx_eval_model_drop(model, job);
    }
    return status;
}

void gx_eval_model_drop(gx_eval_model *model, gx_job *job) {
    if (model->state) {
        model->model->close(model->state);
        model->state = NULL;
    }
    gx_arrays_drop(model->arrays, job);
    model->arrays = NULL;
}

void gx_eval_model_finish(gx_eval_model *model, gx_job *job) {
    gx_eval_model_drop(model, job);
    gx_plan_finish(&model->plan);
}
