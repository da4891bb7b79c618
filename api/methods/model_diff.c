/* model.diff: what changed from one snapshot to another, array by array. */
#include "api/db.h"

#include <math.h>

static const gx_param params[] = {
    {"from", GX_PARAM_INT, NULL, 1, 999999, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "the older snapshot"},
    {"to", GX_PARAM_INT, NULL, 1, 999999, NULL, NULL, GX_PARAM_POSITIONAL,
     "the newer; the one served where it is not given"},
};

static double number_at(const gx_array *array, uint64_t i) {
    return array->dtype == GX_F32 ? (double)((const float *)array->data)[i]
                                  : ((const double *)array->data)[i];
}

/* How many entries differ, and by how much where they are reals. */
static gx_value compare(gx_arena *arena, const gx_array *a, const gx_array *b) {
    gx_value row = gx_map(arena, 5);
    gx_map_put(arena, &row, "array", gx_text_copy(arena, a->name, strlen(a->name)));
    if (a->dtype != b->dtype) {
        gx_map_put(arena, &row, "change", gx_str("type"));
        return row;
    }
    size_t width = gx_dtype_bytes(a->dtype);
    uint64_t count_a = a->bytes / width, count_b = b->bytes / width;
    uint64_t shared = count_a < count_b ? count_a : count_b, differ = 0;
    bool real = a->dtype == GX_F32 || a->dtype == GX_F64;
    double largest = 0;
    for (uint64_t i = 0; i < shared; i++) {
        const char *x = (const char *)a->data + i * width, *y = (const char *)b->data + i * width;
        if (memcmp(x, y, width) != 0) {
            differ++;
            double gap = real ? fabs(number_at(a, i) - number_at(b, i)) : 0;
            largest = gap > largest ? gap : largest;
        }
    }
    bool same = !differ && count_a == count_b;
    gx_map_put(arena, &row, "change", gx_str(same ? "same" : "values"));
    gx_map_put(arena, &row, "entries", gx_int((int64_t)count_b));
    gx_map_put(arena, &row, "differ", gx_int((int64_t)differ));
    gx_map_put(arena, &row, "longer_by", gx_int((int64_t)count_b - (int64_t)count_a));
    if (real) {
        gx_map_put(arena, &row, "largest_gap", gx_real(largest));
    }
    return row;
}

static gx_value only_in(gx_arena *arena, const gx_array *array, const char *change) {
    gx_value row = gx_map(arena, 2);
    gx_map_put(arena, &row, "array", gx_text_copy(arena, array->name, strlen(array->name)));
    gx_map_put(arena, &row, "change", gx_str(change));
    return row;
}

static gx_value rows_of(gx_arena *arena, const gx_arrays *a, const gx_arrays *b) {
    gx_value list = gx_list(arena, 32);
    for (size_t i = 0; i < gx_arrays_count(a); i++) {
        const gx_array *one = gx_arrays_at(a, i), *other = gx_arrays_find(b, one->name);
        gx_list_add(arena, &list, other ? compare(arena, one, other) : only_in(arena, one, "gone"));
    }
    for (size_t i = 0; i < gx_arrays_count(b); i++) {
        const gx_array *one = gx_arrays_at(b, i);
        if (!gx_arrays_find(a, one->name)) {
            gx_list_add(arena, &list, only_in(arena, one, "new"));
        }
    }
    return list;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    const char *path = gx_store_path(call->db->store);
    gx_snapshot *from = NULL, *to = NULL;
    GX_TRY(gx_snapshot_open(&from, path, (uint32_t)gx_arg_int(call->args, "from"), err));
    GX_TRY(gx_snapshot_open(&to, path, (uint32_t)gx_arg_int(call->args, "to"), err));
    *out = gx_map(call->arena, 3);
    gx_map_put(call->arena, out, "from", gx_int(gx_snapshot_number(from)));
    gx_map_put(call->arena, out, "to", gx_int(gx_snapshot_number(to)));
    gx_map_put(call->arena, out, "arrays",
               rows_of(call->arena, gx_snapshot_arrays(from), gx_snapshot_arrays(to)));
done:
    gx_snapshot_release(from);
    gx_snapshot_release(to);
    return status;
}

const gx_method gx_method_model_diff = {
    .name = "model.diff",
    .summary = "what changed from one snapshot to another",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{from, to, arrays: [{array, change, entries, differ, longer_by, largest_gap}]}",
    .run = run,
};
