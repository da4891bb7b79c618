/* graph.run: any pass or model fit of the tables, over the live store; tells what arrays it gave,
 * and for small ones what is in them. */
#include "api/build/build.h"
#include "api/build/compute.h"
#include "api/build/entries.h"
#include "api/build/estimate.h"
#include "api/build/keep.h"

static const gx_param params[] = {
    {"pass", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, "which one; `guanxi run` alone lists them"},
    {"params", GX_PARAM_MAP, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "its parameters"},
    {"n", GX_PARAM_INT, "10", 0, 1e6, "entries", NULL, 0, "how many entries of each array to show"},
    GX_ESTIMATE_PARAM,
    {"ties", GX_PARAM_INT, NULL, 0, 1e13, "ties", NULL, 0,
     "with estimate: of a graph that is not there, with so many ties"},
    {"members", GX_PARAM_INT, NULL, 0, 4e9, "members", NULL, 0, "with ties: and so many members"},
    {"users", GX_PARAM_INT, NULL, 0, 4e9, "members", NULL, 0, "as members"},
    {"undirected", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "with ties: each of them goes both ways"},
    {"top", GX_PARAM_INT, NULL, 1, 1e7, "members", NULL, 0,
     "show so many members of the highest score, and all the pass gives them"},
    {"of", GX_PARAM_LIST, NULL, 1, 65536, NULL, NULL, 0, "show what the pass gives these members"},
    {"all", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "show what the pass gives every member"},
    {"array", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "show every entry of this array, whatever its rows are of"},
    {"write", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "keep the arrays in the snapshot under this name, until the next build"},
    GX_VIEW_PARAMS,
};

typedef struct shower {
    gx_arena *arena;
    gx_txn *txn;
    const gx_arrays *results;
    uint64_t n; /* entries of each array */
} shower;

/* The first entries; members, items and categories by name, nil where they are forgotten or none.
 */
static gx_value head_of(const shower *s, const gx_array *array, gx_entry_kind kind) {
    uint64_t count = array->shape[0] * (array->rank == 2 ? array->shape[1] : 1);
    gx_value head = gx_list(s->arena, (uint32_t)(s->n < count ? s->n : count));
    for (uint64_t i = 0; i < count && i < s->n; i++) {
        gx_list_add(s->arena, &head, gx_entry_value(s->arena, s->txn, s->results, array, kind, i));
    }
    return head;
}

/* Whose rows those entries are of. */
static gx_value ids_of(const shower *s, const gx_array *array, gx_entry_kind kind) {
    uint64_t columns = array->rank == 2 && array->shape[1] ? array->shape[1] : 1;
    uint64_t rows = (s->n + columns - 1) / columns;
    gx_value ids = gx_list(s->arena, 16);
    for (uint64_t i = 0; i < array->shape[0] && i < rows; i++) {
        gx_list_add(s->arena, &ids, gx_entry_name(s->arena, s->txn, s->results, kind, (uint32_t)i));
    }
    return ids;
}

static gx_value show(const shower *s, const gx_array *array, const gx_pass *from,
                     const char *suffix) {
    gx_arena *arena = s->arena;
    gx_value row = gx_map(arena, 5), shape = gx_list(arena, 2);
    gx_list_add(arena, &shape, gx_int((int64_t)array->shape[0]));
    if (array->rank == 2) {
        gx_list_add(arena, &shape, gx_int((int64_t)array->shape[1]));
    }
    gx_entry_kind rows = gx_entry_rows_of(from, suffix);
    gx_map_put(arena, &row, "name", gx_text_copy(arena, array->name, strlen(array->name)));
    gx_map_put(arena, &row, "dtype", gx_str(gx_dtype_name(array->dtype)));
    gx_map_put(arena, &row, "shape", shape);
    gx_map_put(arena, &row, "ids", rows != GX_ENTRY_PLAIN ? ids_of(s, array, rows) : gx_nil());
    gx_map_put(arena, &row, "head", head_of(s, array, gx_entry_kind_of(from, suffix)));
    return row;
}

/* The head of every array, of the pass and of those it stands on. */
static gx_status show_all(gx_value *out, gx_call_env *call, const gx_arrays *results,
                          const gx_pass *pass, const char *instance, gx_error *err) {
    shower s = {
        .arena = call->arena, .results = results, .n = (uint64_t)gx_arg_int(call->args, "n")};
    gx_status status = gx_txn_read(&s.txn, call->db->store, err);
    if (status != GX_OK) {
        return status;
    }
    *out = gx_list(call->arena, 8);
    for (size_t i = 0; i < gx_arrays_count(results); i++) {
        const gx_array *array = gx_arrays_at(results, i);
        size_t size = strcspn(array->name, ".");
        const char *whose = gx_arena_printf(call->arena, "%.*s", (int)size, array->name);
        const char *suffix = array->name + size + (array->name[size] == '.');
        if (whose && strcmp(whose, "category") != 0) { /* names for the others, no result */
            const gx_pass *from = strcmp(whose, instance) == 0 ? pass : gx_any_pass_find(whose);
            gx_list_add(call->arena, out, show(&s, array, from, suffix));
        }
    }
    gx_txn_abort(s.txn);
    return GX_OK;
}

static gx_status estimate(gx_value *out, gx_call_env *call, const gx_pass *pass, gx_error *err) {
    gx_view_spec spec;
    gx_value given = gx_params_chosen(call, pass);
    gx_status status = gx_spec_from_args(&spec, call->arena, call->args, err);
    return status == GX_OK
               ? gx_estimate_pass(out, call->db, pass, &given, &spec, call->arena, call->job, err)
               : status;
}

/* Of a graph that is not there. */
static gx_status estimate_size(gx_value *out, gx_call_env *call, const gx_pass *pass,
                               gx_error *err) {
    const gx_value *given = gx_arg_value(call->args, "params");
    const char *members = gx_arg_has(call->args, "members") ? "members" : "users";
    if (!gx_arg_has(call->args, members)) {
        return gx_fail_at(err, GX_BAD_REQUEST, "members",
                          "members: nothing was given; with ties accepted is a number of members "
                          "(members or users)");
    }
    const gx_graph_size size = {.members = (uint32_t)gx_arg_int(call->args, members),
                                .ties = (uint64_t)gx_arg_int(call->args, "ties"),
                                .both_ways = gx_arg_bool(call->args, "undirected")};
    return gx_estimate_graph(out, pass, given->type == GX_MAP ? given : NULL, &size,
                             call->job->threads, call->arena, err);
}

/* One answer at a time. */
static gx_status check_shown(const gx_args *args, gx_error *err) {
    static const char *const whole[] = {"array", "of", "top"};
    const char *first = gx_arg_bool(args, "all") ? "all" : NULL;
    for (size_t i = 0; i < GX_COUNT(whole); i++) {
        if (first && gx_arg_has(args, whole[i])) {
            return gx_fail_at(err, GX_BAD_REQUEST, whole[i],
                              "%s and %s were given; accepted is one of them", first, whole[i]);
        }
        first = !first && gx_arg_has(args, whole[i]) ? whole[i] : first;
    }
    return GX_OK;
}

/* The members or the array asked for, or the head of every array. */
static gx_status add_answer(gx_value *out, gx_call_env *call, const gx_arrays *results,
                            const gx_pass *pass, const char *instance, gx_error *err) {
    gx_value members, arrays;
    gx_status status = GX_OK;
    if (gx_arg_has(call->args, "of")) {
        GX_TRY(gx_entries_of(&members, call, results, pass, instance,
                             gx_arg_value(call->args, "of"), err));
        gx_map_put(call->arena, out, "members", members);
    } else if (gx_arg_has(call->args, "top")) {
        GX_TRY(gx_entries_top(&members, call, results, pass, instance,
                              (uint32_t)gx_arg_int(call->args, "top"), err));
        gx_map_put(call->arena, out, "members", members);
    } else if (gx_arg_bool(call->args, "all")) {
        GX_TRY(gx_entries_all(&members, call, results, pass, instance, err));
        gx_map_put(call->arena, out, "members", members);
    } else if (gx_arg_has(call->args, "array")) {
        GX_TRY(gx_entries_array(&arrays, call, results, pass, instance,
                                gx_arg_text(call->args, "array"), err));
        gx_map_put(call->arena, out, "entries", arrays);
    } else {
        GX_TRY(show_all(&arrays, call, results, pass, instance, err));
        gx_map_put(call->arena, out, "arrays", arrays);
    }
    gx_entries_numbers(out, call->arena, results, pass, instance);
done:
    return status;
}

static gx_status compute(gx_value *out, gx_call_env *call, const gx_pass *pass,
                         const char *instance, gx_error *err) {
    gx_view_spec spec;
    gx_arrays *results = NULL;
    gx_status status = GX_OK;
    gx_value chosen = gx_params_chosen(call, pass);
    int64_t wall = gx_clock_ns(), cpu = gx_clock_cpu_ns();
    const gx_value *given = chosen.type == GX_MAP ? &chosen : NULL;
    GX_TRY(gx_spec_from_args(&spec, call->arena, call->args, err));
    GX_TRY(gx_compute(&results, call->db, pass, instance, given, &spec, call->job, err));
    *out = gx_map(call->arena, 6);
    gx_map_put(call->arena, out, "pass", gx_str(pass->name));
    gx_map_put(call->arena, out, "wall_s", gx_real((double)(gx_clock_ns() - wall) / 1e9));
    gx_map_put(call->arena, out, "cpu_s", gx_real((double)(gx_clock_cpu_ns() - cpu) / 1e9));
    if (gx_arg_has(call->args, "write")) {
        uint32_t number;
        GX_TRY(gx_keep(&number, call->db, results, instance, pass, given, call->job, err));
        gx_map_put(call->arena, out, "snapshot", gx_int(number));
    }
    GX_TRY(add_answer(out, call, results, pass, instance, err));
done:
    gx_arrays_drop(results, call->job);
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_slice wanted = gx_arg_text(call->args, "pass"), name = gx_arg_text(call->args, "write");
    const char *text = gx_arena_printf(call->arena, "%.*s", (int)wanted.size, wanted.data);
    const char *instance = gx_arena_printf(call->arena, "%.*s", (int)name.size, name.data);
    const gx_pass *pass = text ? gx_any_pass_find(text) : NULL;
    if (!pass || !instance) {
        return gx_any_pass_missing(wanted, GX_KIND_COUNT, err);
    }
    gx_status status = check_shown(call->args, err);
    if (status != GX_OK) {
        return status;
    }
    if (gx_arg_has(call->args, "ties")) {
        return estimate_size(out, call, pass, err);
    }
    if (gx_arg_bool(call->args, "estimate")) {
        return estimate(out, call, pass, err);
    }
    if (!gx_arg_has(call->args, "write")) {
        return compute(out, call, pass, pass->name, err);
    }
    status = gx_keep_check(name, call->db, call->state, pass, err);
    return status == GX_OK ? compute(out, call, pass, instance, err) : status;
}

const gx_method gx_method_graph_run = {
    .name = "graph.run",
    .summary = "run any pass or model fit over the live store",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_LONG,
    .params = params,
    .param_count = GX_COUNT(params),
    .result =
        "{pass, wall_s, cpu_s, snapshot?, arrays: [{name, dtype, shape, ids, head}]} (ids: "
        "the members or items that the rows in head are of; in head members, items and "
        "categories by name), with top, of or all instead of arrays members: [{user_id, …}] (of "
        "leiden with circle, the name that goes with its number community), with array "
        "entries: [{user_id or item_id or row, column?, value}], and bound?, samples?, …: each "
        "array of one number "
        "that the pass gives; or {steps, mem_bytes, cpu_s, cpu_most_s}",
    .run = run,
};
