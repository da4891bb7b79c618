/* The build: views → plan → named arrays → a published snapshot. */
#include "api/build/build.h"

#include "api/build/besides.h"
#include "api/build/blend.h"
#include "api/build/compute.h"
#include "api/build/estimate.h"
#include "api/build/interest.h"

#include <stdio.h>

/* NULL: the model of interest. */
static const char *const usual[] = {"degree",   "pagerank", "components", "kcore",   "leiden",
                                    "strength", "circle",   "spanners",   "bridges", "structure",
                                    "leaders",  "popular",  NULL,         "bundle"};

static const char *interest_of(const gx_build_options *options) {
    return options->interest ? options->interest : GX_INTEREST_MODEL;
}

static const char *usual_name(const gx_build_options *options, size_t i) {
    return usual[i] ? usual[i] : interest_of(options);
}

/* ---- the plan -------------------------------------------------------------------------------- */

static const gx_value *params_of(const gx_build_options *options, const char *pass) {
    return options->params ? gx_map_get(options->params, pass) : NULL;
}

/* Of every pass that is named, also where it is not built: see gx_build_unused. */
static gx_status check_params(const gx_build_options *options, gx_arena *arena, gx_error *err) {
    const gx_value *map = options->params;
    for (uint32_t i = 0; map && map->type == GX_MAP && i < map->size; i++) {
        const gx_pair *pair = &map->as.pairs[i];
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(pair->key.size < 60 ? pair->key.size : 60),
                 pair->key.as.text);
        const gx_pass *pass = gx_any_pass_find(name);
        gx_args args;
        if (!pass) {
            return gx_any_pass_missing((gx_slice){pair->key.as.text, pair->key.size}, GX_KIND_COUNT,
                                       err);
        }
        if (pair->value.type != GX_MAP) {
            return gx_fail_at(err, GX_BAD_REQUEST, "params",
                              "params: %s has a %s; accepted is a map of its parameters", name,
                              gx_type_name(pair->value.type));
        }
        gx_status status =
            gx_args_parse(&args, arena, pass->params, pass->param_count, &pair->value, err);
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}

static bool is_named(gx_slice name, const gx_build_options *options) {
    bool found = false;
    for (uint32_t i = 0; !gx_build_is_usual(options) && i < options->passes->size && !found; i++) {
        const gx_value *one = &options->passes->as.items[i];
        found = gx_slice_equal(name, (gx_slice){one->as.text, one->size});
    }
    for (size_t i = 0; gx_build_is_usual(options) && i < GX_COUNT(usual) && !found; i++) {
        found = gx_slice_equal(name, gx_slice_of(usual_name(options, i)));
    }
    return found;
}

gx_value gx_build_unused(gx_arena *arena, const gx_value *given, const gx_build_options *options) {
    const bool some = given && given->type == GX_MAP;
    gx_value list = gx_list(arena, some ? given->size : 0);
    for (uint32_t i = 0; some && i < given->size; i++) {
        const gx_value *key = &given->as.pairs[i].key;
        if (!is_named((gx_slice){key->as.text, key->size}, options)) {
            gx_list_add(arena, &list, *key);
        }
    }
    return list;
}

/* The wanted passes, by the caller's list or by default; what they need is added by the plan.
 * Members are numbers from here on, also in the recipe: a forgotten member's id is not kept there.
 */
static gx_status make_plan(gx_plan *out, gx_arena *arena, gx_store *store,
                           const gx_build_options *options, gx_error *err) {
    gx_status status;
    const bool given = !gx_build_is_usual(options);
    const size_t count = given ? options->passes->size : GX_COUNT(usual);
    gx_plan_step *wanted = gx_arena_get(arena, (count + 1) * sizeof *wanted);
    if (!wanted) {
        return gx_fail_memory(err, (count + 1) * sizeof *wanted);
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = given ? NULL : usual_name(options, i);
        if (given) {
            const gx_value *text = &options->passes->as.items[i];
            name = gx_arena_printf(arena, "%.*s", (int)text->size, text->as.text);
        }
        const gx_pass *pass = name ? gx_any_pass_find(name) : NULL;
        if (!pass) {
            return name ? gx_any_pass_missing(gx_slice_of(name), GX_KIND_COUNT, err)
                        : gx_fail_memory(err, 0);
        }
        wanted[i] = (gx_plan_step){.pass = pass, .instance = pass->name};
        status = gx_params_resolve(&wanted[i].params, arena, store, pass,
                                   params_of(options, pass->name), err);
        if (status != GX_OK) {
            return status;
        }
    }
    return gx_plan_make(out, gx_pass_tables(), gx_pass_tables_count, wanted, count, err);
}

/* ---- the recipe --------------------------------------------------------------------------------
 */

/* The recipe: enough to make the same bytes again. */
static gx_status add_notes(gx_arrays *arrays, const gx_plan *plan, const gx_views *views,
                           const gx_build_options *options, uint32_t before, gx_job *job,
                           gx_error *err) {
    gx_status status = GX_OK;
    gx_buffer text = {0};
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, 0);
    }
    gx_value passes = gx_list(arena, (uint32_t)plan->count);
    for (size_t i = 0; i < plan->count; i++) {
        gx_value step = gx_map(arena, 2);
        gx_map_put(arena, &step, "pass", gx_str(plan->steps[i].pass->name));
        if (plan->steps[i].params) {
            gx_map_put(arena, &step, "params", *plan->steps[i].params);
        }
        gx_list_add(arena, &passes, step);
    }
    gx_value recipe = gx_map(arena, 3);
    gx_map_put(arena, &recipe, "seed", gx_int((int64_t)job->seed));
    gx_map_put(arena, &recipe, "passes", passes);
    gx_map_put(arena, &recipe, "before", gx_int(before));
    gx_map_put(arena, &recipe, "blend", gx_bool(gx_arrays_find(arrays, "blend.weight") != NULL));
    gx_json_write(&text, &recipe, GX_JSON_COMPACT);
    gx_buffer_append(&text, "", 1);
    char state[32];
    snprintf(state, sizeof state, "%llu", (unsigned long long)views->state);
    if (text.failed || gx_arena_status(arena) != GX_OK) {
        GX_TRY(gx_fail_memory(err, text.size));
    }
    GX_TRY(gx_arrays_note(arrays, "recipe", text.bytes, err));
    GX_TRY(gx_arrays_note(arrays, "state", state, err));
    GX_TRY(gx_arrays_note(arrays, "version", gx_version(), err));
    if (gx_build_is_usual(options)) {
        GX_TRY(gx_arrays_note(arrays, "interest", interest_of(options), err));
    }
done:
    gx_buffer_finish(&text);
    gx_arena_destroy(arena);
    return status;
}

/* ---- the build ----------------------------------------------------------------------------------
 */

static gx_status check_results(const gx_arrays *results, const gx_plan *plan, const gx_input *input,
                               gx_arena *arena, gx_error *err) {
    for (size_t i = 0; i < plan->count; i++) {
        const gx_plan_step *step = &plan->steps[i];
        gx_args args;
        gx_status status = gx_args_parse(&args, arena, step->pass->params, step->pass->param_count,
                                         step->params, err);
        if (status == GX_OK && step->pass->check) {
            status = step->pass->check(results, step->instance, input, &args, err);
        }
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}

static uint64_t bytes_of(const gx_arrays *arrays) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < gx_arrays_count(arrays); i++) {
        bytes += gx_arrays_at(arrays, i)->bytes;
    }
    return bytes;
}

static bool has_circles(const gx_snapshot *snapshot) {
    return gx_arrays_find(gx_snapshot_arrays(snapshot), "leiden.community") != NULL;
}

/* The newest older one with circles, in place of one without: their ids must not begin anew. */
static gx_status open_circles(gx_snapshot **in_out, gx_db *db, gx_job *job, gx_error *err) {
    gx_snapshot_info *list = NULL;
    gx_snapshot *older = NULL;
    size_t count = 0;
    gx_status status;
    GX_TRY(gx_snapshot_list(&list, &count, db->path, err));
    for (size_t i = 0; i < count; i++) {
        if (list[i].number >= gx_snapshot_number(*in_out)) {
            continue;
        }
        GX_TRY(gx_job_check(job, err));
        if (gx_snapshot_open(&older, db->path, list[i].number, NULL) != GX_OK) {
            continue;
        }
        if (has_circles(older)) {
            gx_snapshot_release(*in_out);
            *in_out = older;
            break;
        }
        gx_snapshot_release(older);
    }
done:
    gx_free(list);
    return status;
}

/* The snapshot that is current, for passes that start from it; NULL where there is none. A damaged
 * one is none, since a build is the way out. */
static gx_status open_before(gx_snapshot **out, gx_db *db, const gx_state *state, gx_job *job,
                             gx_error *err) {
    uint32_t number = gx_snapshot_current(db->path);
    gx_status status = GX_OK;
    if (state->snapshot && gx_snapshot_number(state->snapshot) == number) {
        *out = gx_snapshot_hold(state->snapshot);
    } else if (number) {
        status = gx_snapshot_open(out, db->path, 0, err);
    }
    if (status == GX_OK && *out && !has_circles(*out)) {
        return open_circles(out, db, job, err);
    }
    return status == GX_NO_MEMORY ? status : GX_OK;
}

/* Beside the usual passes alone. */
static bool learns_blend(const gx_build_options *options) {
    return options->blend && gx_build_is_usual(options);
}

static gx_status compute_all(gx_arrays *results, gx_views *views, const gx_plan *plan, gx_db *db,
                             const gx_build_options *options, const gx_interest *interest,
                             gx_arena *arena, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_state *state = gx_db_hold_state(db);
    gx_snapshot *before = NULL;
    unsigned needs = plan->needs | GX_BUILD_NEEDS;
    GX_TRY(open_before(&before, db, state, job, err));
    gx_job_stage(job, "views", 0);
    GX_TRY(gx_views_make(views, db->store, &state->rules, needs, &options->spec, job, err));
    views->input.arrays = results;
    if (before) {
        views->input.before = gx_snapshot_arrays(before);
        GX_TRY(gx_ids_given(&views->input.ids_given, db, before, job, err));
    }
    GX_TRY(gx_plan_run(results, plan, &views->input, job, err));
    if (options->check) {
        GX_TRY(check_results(results, plan, &views->input, arena, err));
    }
    if (learns_blend(options)) {
        GX_TRY(gx_blend_add(results, db, views, options, job, err));
    }
    GX_TRY(gx_besides_add(results, views, db, job, err));
    GX_TRY(add_notes(results, plan, views, options, before ? gx_snapshot_number(before) : 0, job,
                     err));
    GX_TRY(gx_interest_note(results, interest, err));
done:
    views->input.before = NULL;
    gx_snapshot_release(before);
    gx_state_release(state);
    return status;
}

static gx_status publish(uint32_t *out_number, gx_db *db, gx_arrays *results, bool promote,
                         gx_job *job, gx_error *err) {
    gx_job_stage(job, "publish", 0);
    gx_status status = gx_db_publishing(db, job, err);
    if (status != GX_OK) {
        return status;
    }
    status = gx_snapshot_publish(out_number, db->path, results, promote, job, err);
    if (status == GX_OK && promote) {
        status = gx_db_reload(db, err);
    }
    gx_db_published(db);
    return status;
}

gx_status gx_build(gx_build_result *out, gx_db *db, const gx_build_options *options, gx_job *job,
                   gx_error *err) {
    gx_status status = GX_OK;
    int64_t wall = gx_clock_ns(), cpu = gx_clock_cpu_ns();
    gx_plan plan = {0};
    gx_views views = {0};
    gx_arrays *results = NULL;
    gx_build_options settled = *options;
    gx_interest interest;
    uint32_t number;
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, 0);
    }
    if (db->options.read_only) {
        GX_TRY(gx_fail(err, GX_FORBIDDEN,
                       "the store was opened read-only; a build writes a snapshot"));
    }
    GX_TRY(check_params(options, arena, err));
    GX_TRY(gx_interest_settle(&settled, &interest, db, arena, job, err));
    GX_TRY(make_plan(&plan, arena, db->store, &settled, err));
    GX_TRY(gx_arrays_create(&results, err));
    GX_TRY(compute_all(results, &views, &plan, db, &settled, &interest, arena, job, err));
    GX_TRY(publish(&number, db, results, options->promote, job, err));
    *out = (gx_build_result){.interest = interest,
                             .number = number,
                             .bytes = bytes_of(results),
                             .wall_s = (double)(gx_clock_ns() - wall) / 1e9,
                             .cpu_s = (double)(gx_clock_cpu_ns() - cpu) / 1e9};
done:
    gx_arrays_drop(results, job);
    gx_views_finish(&views);
    gx_plan_finish(&plan);
    gx_arena_destroy(arena);
    return status;
}

/* ---- what it would take ---------------------------------------------------------------------- */

/* The views are made for real: how much a model will keep depends on how the events lie, and what
 * making them took is known rather than guessed. */
gx_status gx_build_estimate(gx_value *out, gx_db *db, const gx_build_options *options,
                            unsigned also, gx_arena *arena, gx_job *job, gx_error *err) {
    gx_plan plan = {0};
    gx_views views = {0};
    int64_t cpu = gx_clock_cpu_ns();
    const uint64_t before = atomic_load(&job->mem_used);
    gx_status status = GX_OK;
    gx_state *state = gx_db_hold_state(db);
    gx_build_options settled = *options;
    GX_TRY(check_params(options, arena, err));
    GX_TRY(gx_interest_guess(&settled, state, arena, err));
    GX_TRY(make_plan(&plan, arena, db->store, &settled, err));
    atomic_store(&job->mem_peak, before);
    GX_TRY(gx_views_make(&views, db->store, &state->rules, plan.needs | also, &options->spec, job,
                         err));
    gx_estimate view = {.mem_bytes = atomic_load(&job->mem_peak) - before,
                        .cpu_s = (double)(gx_clock_cpu_ns() - cpu) / 1e9};
    gx_estimate later = gx_plan_estimate(&plan, &views.input, job->threads);
    gx_part_estimate parts[1 + GX_BESIDES] = {{.name = "blend"}}, tried = {.name = "interest"};
    size_t count = 0;
    const bool tries = gx_build_is_usual(options) && !options->interest;
    if (tries) {
        GX_TRY(gx_interest_estimate(&tried.estimate, &settled, &views, view, job, err));
    }
    if (learns_blend(options)) {
        GX_TRY(gx_blend_estimate(&parts[count++].estimate, db, &settled, &views, view, job, err));
    }
    if (also & GX_NEED_MATRIX) { /* a whole build, not a pass alone */
        GX_TRY(gx_besides_estimate(&parts[count], db, &views, job, err));
        count += GX_BESIDES;
    }
    *out = gx_estimate_value(arena, &plan, view, views.held, later, tries ? &tried : NULL, parts,
                             count);
done:
    gx_views_finish(&views);
    gx_plan_finish(&plan);
    gx_state_release(state);
    return status;
}

/* What the snapshot has takes nothing. */
static gx_value of_stored(gx_arena *arena) {
    gx_value map = gx_map(arena, 5);
    gx_map_put(arena, &map, "from", gx_str("snapshot"));
    gx_map_put(arena, &map, "steps", gx_list(arena, 1));
    gx_map_put(arena, &map, "mem_bytes", gx_int(0));
    gx_map_put(arena, &map, "cpu_s", gx_real(0));
    gx_map_put(arena, &map, "cpu_most_s", gx_real(0));
    return map;
}

gx_status gx_estimate_pass(gx_value *out, gx_db *db, const gx_pass *pass, const gx_value *params,
                           const gx_view_spec *spec, gx_arena *arena, gx_job *job, gx_error *err) {
    gx_value passes = gx_list(arena, 1), by_pass = gx_map(arena, 1);
    if (!pass) {
        *out = of_stored(arena);
        return GX_OK;
    }
    gx_list_add(arena, &passes, gx_str(pass->name));
    if (params->type == GX_MAP) {
        gx_map_put(arena, &by_pass, pass->name, *params);
    }
    gx_build_options options = {.passes = &passes, .params = &by_pass, .spec = *spec};
    return gx_build_estimate(out, db, &options, 0, arena, job, err);
}
