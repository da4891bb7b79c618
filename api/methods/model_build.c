/* model.build: computes what is served from the store as it is now, and publishes it as a snapshot.
 */
#include "api/build/interest.h"
#include "api/eval/tuned.h"
#include "api/passes.h"
#include "api/support.h"

static const gx_param params[] = {
    {"passes", GX_PARAM_LIST, NULL, 1, 256, NULL, NULL, 0,
     "which passes and models; what they need is added"},
    {"params", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "map of pass to its parameters; before what the setting \"models\" has, as model.tune keeps "
     "it"},
    {"interest", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "the model of taste that lists are made by, among the usual passes; where nothing is said, "
     "ials "
     "or linear, by which finds more of what members took in the last tenth of the log"},
    {"blend", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "beside the usual passes: learn the channels' weights from what members took"},
    {"promote", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0, "serve it at once"},
    {"check", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "run every pass's invariant before publishing"},
    GX_ESTIMATE_PARAM,
    GX_VIEW_PARAMS,
};

static bool has_prefix(const gx_arrays *arrays, const char *prefix, size_t size) {
    for (size_t i = 0; i < gx_arrays_count(arrays); i++) {
        if (strncmp(gx_arrays_at(arrays, i)->name, prefix, size) == 0) {
            return true;
        }
    }
    return false;
}

/* The model of interest of a build of the usual passes. */
static bool was_replaced(const gx_arrays *before, const gx_arrays *now, const char *name,
                         size_t size) {
    const char *old = gx_arrays_noted(before, "interest");
    return old && gx_arrays_noted(now, "interest") && strlen(old) == size &&
           strncmp(old, name, size) == 0;
}

/* Passes and kept runs, by which array names begin, that `before` has and `now` does not; the model
 * of interest is not left out where another has its place. */
static gx_value left_out(gx_arena *arena, const gx_arrays *before, const gx_arrays *now) {
    gx_value list = gx_list(arena, 8);
    for (size_t i = 0; before && now && i < gx_arrays_count(before); i++) {
        const char *name = gx_arrays_at(before, i)->name;
        const size_t size = strcspn(name, ".");
        bool told = has_prefix(now, name, size + 1) || was_replaced(before, now, name, size);
        for (uint32_t k = 0; !told && k < list.size; k++) {
            const gx_value *one = &list.as.items[k];
            told = gx_slice_equal((gx_slice){name, size}, (gx_slice){one->as.text, one->size});
        }
        if (!told) {
            gx_list_add(arena, &list, gx_text_copy(arena, name, size));
        }
    }
    return list;
}

/* Of what is served from now on, compared with what was when the call began. */
static void put_left_out(gx_value *out, gx_call_env *call) {
    gx_state *now = gx_db_hold_state(call->db);
    gx_map_put(call->arena, out, "left_out",
               left_out(call->arena, call->state->arrays, now->arrays));
    gx_state_release(now);
}

/* A model by name, of taste: popularity alone is none. */
static gx_status read_interest(const char **out, gx_call_env *call, gx_error *err) {
    const gx_slice given = gx_arg_text(call->args, "interest");
    const gx_value *passes = gx_arg_value(call->args, "passes");
    if (!gx_arg_has(call->args, "interest")) {
        return GX_OK;
    }
    if (passes->type == GX_LIST) {
        return gx_fail_at(err, GX_BAD_REQUEST, "interest",
                          "interest: it was given with passes, which name the models themselves");
    }
    const char *name = gx_arena_printf(call->arena, "%.*s", (int)given.size, given.data);
    const gx_model *model = name ? gx_model_find(name) : NULL;
    if (!model) {
        return gx_any_pass_missing(given, GX_KIND_MODEL, err);
    }
    if (strcmp(model->pass.name, "popular") == 0) {
        return gx_fail_at(err, GX_BAD_REQUEST, "interest",
                          "interest: popular tells nobody's taste; who has no history gets what is "
                          "popular anyway");
    }
    *out = model->pass.name;
    return GX_OK;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_value by_pass;
    gx_build_options options = {.passes = gx_arg_value(call->args, "passes"),
                                .params = &by_pass,
                                .blend = gx_arg_bool(call->args, "blend"),
                                .promote = gx_arg_bool(call->args, "promote"),
                                .check = gx_arg_bool(call->args, "check")};
    gx_status status = gx_spec_from_args(&options.spec, call->arena, call->args, err);
    status = status == GX_OK ? read_interest(&options.interest, call, err) : status;
    if (status == GX_OK) {
        status = gx_tuned_beneath(&by_pass, gx_arg_value(call->args, "params"), call->db,
                                  call->arena, err);
    }
    if (status != GX_OK) {
        return status;
    }
    if (gx_arg_bool(call->args, "estimate")) {
        return gx_build_estimate(out, call->db, &options, GX_BUILD_NEEDS, call->arena, call->job,
                                 err);
    }
    gx_build_result built;
    status = gx_build(&built, call->db, &options, call->job, err);
    if (status != GX_OK) {
        return status;
    }
    options.interest = built.interest.model;
    const gx_value unused =
        gx_build_unused(call->arena, gx_arg_value(call->args, "params"), &options);
    *out = gx_map(call->arena, 9);
    gx_map_put(call->arena, out, "snapshot", gx_int(built.number));
    gx_map_put(call->arena, out, "promoted", gx_bool(options.promote));
    gx_map_put(call->arena, out, "bytes", gx_int((int64_t)built.bytes));
    if (built.interest.model) {
        gx_map_put(call->arena, out, "interest", gx_str(built.interest.model));
        gx_map_put(call->arena, out, "tried", gx_interest_told(call->arena, &built.interest));
    }
    gx_map_put(call->arena, out, "wall_s", gx_real(built.wall_s));
    gx_map_put(call->arena, out, "cpu_s", gx_real(built.cpu_s));
    if (options.promote) {
        put_left_out(out, call);
    }
    if (unused.size > 0) {
        gx_map_put(call->arena, out, "unused", unused);
    }
    return GX_OK;
}

const gx_method gx_method_model_build = {
    .name = "model.build",
    .summary = "compute what is served and publish it as a snapshot",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{snapshot, promoted, bytes, interest?, tried?: [{model, ndcg@20}], wall_s, cpu_s, "
              "left_out?: [pass], unused?: [pass]} or "
              "{steps, mem_bytes, "
              "cpu_s, cpu_most_s}",
    .run = run,
};
