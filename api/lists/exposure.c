/* What is shown, by chance and on record. */
#include "api/lists/exposure.h"

#include "api/support.h"

#include <xxhash.h>

/* What the draws follow beside the member. */
static uint64_t seed_of(const gx_args *args, uint64_t seed, gx_slice request_id) {
    const bool counts = request_id.size > 0 && gx_arg_real(args, "explore") > 0;
    return counts ? seed ^ XXH3_64bits(request_id.data, request_id.size) : seed;
}

gx_status gx_exposure_read(gx_exposure *out, gx_call_env *call, gx_error *err) {
    const gx_args *args = call->args;
    gx_slice given = gx_arg_text(args, "request_id");
    *out = (gx_exposure){.explore = gx_arg_real(args, "explore"),
                         .log = gx_arg_bool(args, "log"),
                         .seed = seed_of(args, call->job->seed, given),
                         .many = gx_arg_value(args, "users")->size > 1};
    bool needed = out->log || (out->explore > 0 && !gx_arg_has(args, "seed"));
    if (given.size > 0) {
        out->request_id = gx_arena_printf(call->arena, "%.*s", (int)given.size, given.data);
    } else if (needed) {
        uint64_t number = gx_mix64((uint64_t)gx_clock_ns() ^ gx_mix64((uint64_t)gx_time_ms()));
        out->request_id = gx_arena_printf(call->arena, "g-%016llx", (unsigned long long)number);
        if (out->request_id && !gx_arg_has(args, "seed")) {
            out->seed = seed_of(args, out->seed, gx_slice_of(out->request_id));
        }
    }
    return out->request_id || !(given.size > 0 || needed) ? GX_OK : gx_fail_memory(err, given.size);
}

gx_status gx_exposure_again(gx_exposure *out, gx_call_env *call, gx_error *err) {
    const gx_args *args = call->args;
    const gx_slice given = gx_arg_text(args, "request_id");
    *out = (gx_exposure){.explore = gx_arg_real(args, "explore"),
                         .seed = seed_of(args, call->job->seed, given)};
    if (out->explore > 0 && given.size == 0 && !gx_arg_has(args, "seed")) {
        return gx_fail_at(err, GX_BAD_REQUEST, "explore",
                          "explore: the seed or the request_id that the list was made with tells "
                          "which items were drawn; neither was given");
    }
    return GX_OK;
}

void gx_exposure_member(gx_slate *slate, const gx_exposure *exposure, gx_slice user) {
    slate->explore = exposure->explore;
    slate->seed = exposure->seed;
    slate->stream = XXH3_64bits(user.data, user.size);
}

gx_value gx_exposure_id(gx_arena *arena, const gx_exposure *exposure, uint32_t index) {
    if (!exposure->request_id) {
        return gx_nil();
    }
    char *text = exposure->many ? gx_arena_printf(arena, "%s/%u", exposure->request_id, index + 1)
                                : gx_arena_printf(arena, "%s", exposure->request_id);
    return gx_str(text ? text : "");
}

/* ---- the log -------------------------------------------------------------------------------- */

/* The channel that adds most. */
static const gx_value *channel_of(const gx_value *shares) {
    const gx_value *name = NULL;
    double most = 0, share;
    for (uint32_t c = 0; shares && c < shares->size; c++) {
        if (gx_value_as_real(&shares->as.pairs[c].value, &share) && share > most) {
            most = share;
            name = &shares->as.pairs[c].key;
        }
    }
    return name;
}

/* `time`, `arm` of the list and `channel` of the item where they are told, else now, the call's
 * and the channel that adds most. The arm of a list is of the call's experiment and is logged as
 * EXPERIMENT:ARM, so that no other experiment takes it for its own; the call's is logged as it is.
 */
static void add_rows(gx_value *rows, const gx_value *list, gx_call_env *call, const char *model) {
    gx_arena *arena = call->arena;
    const gx_value *items = gx_map_get(list, "items"), *own = gx_map_get(list, "arm");
    const gx_value *time = gx_map_get(list, "time");
    gx_slice arm = gx_arg_text(call->args, "arm");
    gx_value ts = time ? *time : gx_int(gx_time_ms());
    if (own && own->type == GX_TEXT) {
        const gx_slice experiment = gx_arg_text(call->args, "experiment");
        char *text = gx_arena_printf(arena, "%.*s:%.*s", (int)experiment.size, experiment.data,
                                     (int)own->size, own->as.text);
        arm = gx_slice_of(text ? text : "");
    }
    for (uint32_t k = 0; k < items->size; k++) {
        const gx_value *item = &items->as.items[k];
        const gx_value *told = gx_map_get(item, "channel");
        const gx_value *channel = told ? told : channel_of(gx_map_get(item, "channels"));
        gx_value row = gx_map(arena, 9);
        gx_map_put(arena, &row, "request_id", *gx_map_get(list, "request_id"));
        gx_map_put(arena, &row, "user_id", *gx_map_get(list, "user"));
        gx_map_put(arena, &row, "item_id", *gx_map_get(item, "id"));
        gx_map_put(arena, &row, "pos", gx_int(k));
        gx_map_put(arena, &row, "ts", ts);
        gx_map_put(arena, &row, "propensity", *gx_map_get(item, "propensity"));
        gx_map_put(arena, &row, "model", gx_str(model));
        if (arm.size > 0) {
            gx_map_put(arena, &row, "arm", gx_text(arm.data, arm.size));
        }
        if (channel) {
            gx_map_put(arena, &row, "channel", *channel);
        }
        gx_list_add(arena, rows, row);
    }
}

static gx_status write_rows(int64_t *out_created, gx_call_env *call, gx_value rows, gx_error *err) {
    gx_value args = gx_map(call->arena, 1);
    gx_map_put(call->arena, &args, "impressions", rows);
    gx_write_call write = {.method = gx_method_find("impression.put"),
                           .args = &args,
                           .arena = call->arena,
                           .principal = call->principal};
    gx_db_write(call->db, &write, 1);
    if (write.status != GX_OK) {
        if (err) {
            *err = write.error;
        }
        return write.status;
    }
    const gx_value *created = gx_map_get(&write.result, "created");
    *out_created = created && created->type == GX_INT ? created->as.integer : 0;
    return GX_OK;
}

static gx_status model_name(const char **out, gx_call_env *call, gx_error *err) {
    const char *name = gx_rec_interest_model(call->state->rec);
    uint32_t number = call->state->snapshot ? gx_snapshot_number(call->state->snapshot) : 0;
    *out = gx_arena_printf(call->arena, "%s@%u", name ? name : "none", (unsigned)number);
    return *out ? GX_OK : gx_fail_memory(err, 64);
}

gx_status gx_exposure_log(gx_value *lists, gx_call_env *call, gx_error *err) {
    const char *model;
    gx_status status = model_name(&model, call, err);
    for (uint32_t i = 0; status == GX_OK && i < lists->size; i++) {
        gx_value *list = &lists->as.items[i];
        gx_value rows = gx_list(call->arena, 20);
        int64_t created = 0;
        if (gx_map_get(list, "known")
                ->as.boolean) { /* who is not in the store has no impressions */
            add_rows(&rows, list, call, model);
        }
        if (rows.size > 0) {
            status = write_rows(&created, call, rows, err);
        }
        gx_map_put(call->arena, list, "logged", gx_int(created));
    }
    return status;
}

gx_status gx_exposure_log_all(int64_t *out_created, const gx_value *lists, gx_call_env *call,
                              gx_error *err) {
    const char *model;
    gx_value rows = gx_list(call->arena, 64);
    gx_status status = model_name(&model, call, err);
    for (uint32_t i = 0; status == GX_OK && i < lists->size; i++) {
        add_rows(&rows, &lists->as.items[i], call, model);
    }
    *out_created = 0;
    return status == GX_OK && rows.size > 0 ? write_rows(out_created, call, rows, err) : status;
}
