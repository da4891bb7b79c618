/* graph.run: any pass or model fit of the tables, over the live store; tells what arrays it gave,
 * and for small ones what is in them. */
#include "api/support.h"

static const gx_param params[] = {
    {"pass", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "which one; `guanxi run TARGET` alone lists them"},
    {"params", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "its parameters"},
    {"n", GX_PARAM_INT, "10", 0, 1e6, "entries", NULL, 0, "how many entries of each array to show"},
    {"estimate", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "only say what it would take"},
    GX_VIEW_PARAMS,
};

/* Beyond int64 (hashes): near enough to be seen, and not negative. */
static gx_value of_u64(uint64_t number) {
    return number <= INT64_MAX ? gx_int((int64_t)number) : gx_real((double)number);
}

static gx_value entry(const gx_array *array, uint64_t i) {
    switch (array->dtype) {
    case GX_U8:
        return gx_int(((const uint8_t *)array->data)[i]);
    case GX_I32:
        return gx_int(((const int32_t *)array->data)[i]);
    case GX_U32:
        return gx_int(((const uint32_t *)array->data)[i]);
    case GX_I64:
        return gx_int(((const int64_t *)array->data)[i]);
    case GX_U64:
        return of_u64(((const uint64_t *)array->data)[i]);
    case GX_F32:
        return gx_real((double)((const float *)array->data)[i]);
    case GX_F64:
        return gx_real(((const double *)array->data)[i]);
    case GX_DTYPE_COUNT:
        break;
    }
    return gx_nil();
}

static gx_value show(gx_arena *arena, const gx_array *array, uint64_t n) {
    gx_value row = gx_map(arena, 4), shape = gx_list(arena, 2);
    uint64_t count = array->shape[0] * (array->rank == 2 ? array->shape[1] : 1);
    gx_list_add(arena, &shape, gx_int((int64_t)array->shape[0]));
    if (array->rank == 2) {
        gx_list_add(arena, &shape, gx_int((int64_t)array->shape[1]));
    }
    gx_value head = gx_list(arena, (uint32_t)(n < count ? n : count));
    for (uint64_t i = 0; i < count && i < n; i++) {
        gx_list_add(arena, &head, entry(array, i));
    }
    gx_map_put(arena, &row, "name", gx_text_copy(arena, array->name, strlen(array->name)));
    gx_map_put(arena, &row, "dtype", gx_str(gx_dtype_name(array->dtype)));
    gx_map_put(arena, &row, "shape", shape);
    gx_map_put(arena, &row, "head", head);
    return row;
}

static gx_status estimate(gx_value *out, gx_call_env *call, const gx_pass *pass, gx_error *err) {
    const gx_value *given = gx_arg_value(call->args, "params");
    gx_value passes = gx_list(call->arena, 1), by_pass = gx_map(call->arena, 1);
    gx_list_add(call->arena, &passes, gx_str(pass->name));
    if (given->type == GX_MAP) {
        gx_map_put(call->arena, &by_pass, pass->name, *given);
    }
    gx_build_options options = {.passes = &passes, .params = &by_pass};
    return gx_build_estimate(out, call->db, &options, call->arena, call->job, err);
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_slice wanted = gx_arg_text(call->args, "pass");
    const char *name = gx_arena_printf(call->arena, "%.*s", (int)wanted.size, wanted.data);
    const gx_pass *pass = name ? gx_any_pass_find(name) : NULL;
    if (!pass) {
        return gx_any_pass_missing(wanted, GX_KIND_COUNT, err);
    }
    if (gx_arg_bool(call->args, "estimate")) {
        return estimate(out, call, pass, err);
    }
    gx_view_spec spec;
    gx_arrays *results = NULL;
    const gx_value *given = gx_arg_value(call->args, "params");
    int64_t wall = gx_clock_ns(), cpu = gx_clock_cpu_ns();
    gx_status status = gx_spec_from_args(&spec, call->arena, call->args, err);
    if (status == GX_OK) {
        status = gx_compute(&results, call->db, pass, given->type == GX_MAP ? given : NULL, &spec,
                            call->job, err);
    }
    if (status != GX_OK) {
        return status;
    }
    gx_value arrays = gx_list(call->arena, 8);
    for (size_t i = 0; i < gx_arrays_count(results); i++) {
        gx_list_add(
            call->arena, &arrays,
            show(call->arena, gx_arrays_at(results, i), (uint64_t)gx_arg_int(call->args, "n")));
    }
    gx_arrays_destroy(results);
    *out = gx_map(call->arena, 4);
    gx_map_put(call->arena, out, "pass", gx_str(pass->name));
    gx_map_put(call->arena, out, "wall_s", gx_real((double)(gx_clock_ns() - wall) / 1e9));
    gx_map_put(call->arena, out, "cpu_s", gx_real((double)(gx_clock_cpu_ns() - cpu) / 1e9));
    gx_map_put(call->arena, out, "arrays", arrays);
    return GX_OK;
}

const gx_method gx_method_graph_run = {
    .name = "graph.run",
    .summary = "run any pass or model fit over the live store",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result =
        "{pass, wall_s, cpu_s, arrays: [{name, dtype, shape, head}]} or {steps, mem_bytes, cpu_s}",
    .run = run,
};
