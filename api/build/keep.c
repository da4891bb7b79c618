/* The arrays of one run, kept in the snapshot under a name of their own. */
#include "api/build/keep.h"

#include <inttypes.h>
#include <stdio.h>

/* Arrays "INSTANCE.…" of `from` into `to`; `others`: those of every other name. */
static gx_status copy(gx_arrays *to, const gx_arrays *from, const char *instance, bool others,
                      gx_job *job, gx_error *err) {
    size_t size = strlen(instance);
    for (size_t i = 0; i < gx_arrays_count(from); i++) {
        const gx_array *array = gx_arrays_at(from, i);
        bool own = strncmp(array->name, instance, size) == 0 && array->name[size] == '.';
        void *data;
        if (own == others) {
            continue;
        }
        gx_status status = gx_arrays_add(&data, to, array->name, array->dtype, array->shape[0],
                                         array->rank == 2 ? array->shape[1] : 0, job, err);
        if (status == GX_OK) {
            memcpy(data, array->data, array->bytes);
            status = gx_job_check(job, err);
        }
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}

/* What was noted of the other runs that are kept. */
static gx_status note_others(gx_arrays *to, const gx_arrays *from, const char *instance,
                             gx_arena *arena, gx_error *err) {
    for (size_t i = 0; i < gx_arrays_count(from); i++) {
        const char *name = gx_arrays_at(from, i)->name;
        size_t size = strcspn(name, ".");
        bool own = strncmp(name, instance, size) == 0 && !instance[size];
        const char *key = gx_arena_printf(arena, "run.%.*s", (int)size, name);
        const char *text = key && !own ? gx_arrays_noted(from, key) : NULL;
        gx_status status = text ? gx_arrays_note(to, key, text, err) : GX_OK;
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}

/* What was noted of the snapshot before, and what this run was; `kept` says which arrays are new.
 */
static gx_status note(gx_arrays *to, const gx_arrays *from, const char *instance,
                      const gx_pass *pass, const gx_value *params, uint64_t seed, gx_error *err) {
    static const char *const kept[] = {"recipe", "state", "version", "interest"};
    gx_status status = GX_OK;
    gx_buffer text = {0};
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, 0);
    }
    for (size_t i = 0; i < GX_COUNT(kept); i++) {
        const char *noted = gx_arrays_noted(from, kept[i]);
        if (noted) {
            GX_TRY(gx_arrays_note(to, kept[i], noted, err));
        }
    }
    GX_TRY(note_others(to, from, instance, arena, err));
    gx_value run = gx_map(arena, 3);
    gx_map_put(arena, &run, "pass", gx_str(pass->name));
    gx_map_put(arena, &run, "seed", gx_int((int64_t)seed));
    if (params && params->type == GX_MAP) {
        gx_map_put(arena, &run, "params", *params);
    }
    gx_json_write(&text, &run, GX_JSON_COMPACT);
    gx_buffer_append(&text, "", 1);
    GX_TRY(gx_arrays_note(to, "kept", instance, err));
    char *key = gx_arena_printf(arena, "run.%s", instance);
    if (text.failed || !key) {
        GX_TRY(gx_fail_memory(err, text.size));
    }
    GX_TRY(gx_arrays_note(to, key, text.bytes, err));
done:
    gx_buffer_finish(&text);
    gx_arena_destroy(arena);
    return status;
}

bool gx_keep_is_reserved(const char *name) {
    static const char *const names[] = {"id",        "user_id",      "label",    "x",      "y",
                                        "community", "leader_score", "src",      "dst",    "source",
                                        "target",    "kind",         "directed", "weight", "ts"};
    for (size_t i = 0; i < GX_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

gx_status gx_keep_check(gx_slice name, const gx_db *db, const gx_state *state, const gx_pass *pass,
                        gx_error *err) {
    enum { NAME_MAX_BYTES = 60 };
    char text[NAME_MAX_BYTES + 1], given[80];
    bool good = name.size > 0 && name.size <= NAME_MAX_BYTES;
    for (size_t i = 0; good && i < name.size; i++) {
        char c = name.data[i];
        good = (c >= 'a' && c <= 'z') || (i > 0 && ((c >= '0' && c <= '9') || c == '_'));
    }
    if (!good) {
        return gx_fail_at(err, GX_BAD_REQUEST, "write",
                          "write: %s was given; accepted is a name of a-z, 0-9 and _, a "
                          "letter first, at most %d long",
                          gx_quote(given, sizeof given, name.data, name.size), NAME_MAX_BYTES);
    }
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    const gx_pass *taken = gx_any_pass_find(text);
    if ((taken && taken != pass) || strcmp(text, "history") == 0 || strcmp(text, "category") == 0) {
        return gx_fail_at(err, GX_CONFLICT, "write",
                          "write: %s is the name of something else in snapshots", text);
    }
    if (gx_keep_is_reserved(text)) {
        return gx_fail_at(err, GX_CONFLICT, "write",
                          "write: %s is what exports call an id, a position or another attribute; "
                          "accepted is any other name",
                          text);
    }
    if (db->options.read_only) {
        return gx_fail(err, GX_FORBIDDEN,
                       "the store was opened read-only; a run that is kept writes a snapshot");
    }
    return gx_need_snapshot(state, err);
}

gx_status gx_keep(uint32_t *out_number, gx_db *db, const gx_arrays *results, const char *instance,
                  const gx_pass *pass, const gx_value *params, gx_job *job, gx_error *err) {
    gx_arrays *arrays = NULL;
    gx_status status = gx_db_publishing(db, job, err);
    if (status != GX_OK) {
        return status;
    }
    gx_state *state = gx_db_hold_state(db); /* what others kept meanwhile is in it */
    GX_TRY(gx_need_snapshot(state, err));
    GX_TRY(gx_arrays_create(&arrays, err));
    GX_TRY(copy(arrays, state->arrays, instance, true, job, err));
    GX_TRY(copy(arrays, results, instance, false, job, err));
    GX_TRY(note(arrays, state->arrays, instance, pass, params, job->seed, err));
    gx_job_stage(job, "publish", 0);
    GX_TRY(gx_snapshot_publish(out_number, db->path, arrays, true, job, err));
    GX_TRY(gx_db_reload(db, err));
done:
    gx_db_published(db);
    gx_arrays_drop(arrays, job);
    gx_state_release(state);
    return status;
}

static bool read_note(gx_value *out, const gx_state *state, const char *key, gx_arena *arena) {
    const char *text = key && state->arrays ? gx_arrays_noted(state->arrays, key) : NULL;
    return text && gx_json_read(out, arena, text, strlen(text), NULL) == GX_OK;
}

const gx_pass *gx_kept_pass(const gx_state *state, const char *instance, gx_arena *arena) {
    gx_value run;
    if (!read_note(&run, state, gx_arena_printf(arena, "run.%s", instance), arena)) {
        return NULL;
    }
    const gx_value *pass = gx_map_get(&run, "pass");
    const char *name = pass && pass->type == GX_TEXT
                           ? gx_arena_printf(arena, "%.*s", (int)pass->size, pass->as.text)
                           : NULL;
    return name ? gx_any_pass_find(name) : NULL;
}

const gx_array *gx_kept_array(const gx_call_env *call, const char *name, const char *suffix,
                              const gx_view_spec *spec) {
    bool plain = !gx_arg_has(call->args, "params") && !gx_arg_bool(call->args, "fresh") &&
                 !spec->kinds && spec->from_ms == spec->to_ms;
    return plain ? gx_result_find(call->state->arrays, name, suffix) : NULL;
}

/* What the recipe of the build says of the pass. */
static const gx_value *find_step(const gx_value *recipe, const char *name) {
    const gx_value *passes = gx_map_get(recipe, "passes");
    for (uint32_t i = 0; passes && passes->type == GX_LIST && i < passes->size; i++) {
        const gx_value *pass = gx_map_get(&passes->as.items[i], "pass");
        if (pass && pass->type == GX_TEXT &&
            gx_slice_is((gx_slice){pass->as.text, pass->size}, name)) {
            return &passes->as.items[i];
        }
    }
    return NULL;
}

gx_value gx_made_with(const gx_state *state, const char *instance, gx_arena *arena) {
    gx_value note;
    const gx_value *step = NULL;
    if (read_note(&note, state, gx_arena_printf(arena, "run.%s", instance), arena)) {
        step = &note;
    } else if (read_note(&note, state, "recipe", arena)) {
        step = find_step(&note, instance);
    }
    const gx_value *params = step ? gx_map_get(step, "params") : NULL;
    return params ? *params : gx_nil();
}

/* "; kept: slow, mine", of that kind, after what the message says. */
static void add_kept(gx_error *err, gx_kind kind, const gx_call_env *call) {
    const gx_arrays *arrays = call->state->arrays;
    const char *before = "";
    for (size_t i = 0; arrays && i < gx_arrays_count(arrays); i++) {
        const char *array = gx_arrays_at(arrays, i)->name;
        const char *name = gx_arena_printf(call->arena, "%.*s", (int)strcspn(array, "."), array);
        const gx_pass *pass = name ? gx_kept_pass(call->state, name, call->arena) : NULL;
        size_t used = strlen(err->message);
        if (pass && pass->kind == kind && strcmp(before, name) != 0) {
            snprintf(err->message + used, sizeof err->message - used, "%s%s",
                     *before ? ", " : "; kept are ", name);
            before = name;
        }
    }
}

gx_status gx_result_missing(gx_slice name, gx_kind kind, const gx_call_env *call, gx_error *err) {
    const char *text = gx_arena_printf(call->arena, "%.*s", (int)name.size, name.data);
    const gx_pass *pass = text ? gx_kept_pass(call->state, text, call->arena) : NULL;
    if (pass && pass->kind == kind) {
        return gx_fail(err, GX_BAD_REQUEST,
                       "%s is a result that was kept, of the pass %s: it has no parameters, and is "
                       "not computed anew; accepted is %s alone, or %s with parameters",
                       text, pass->name, text, pass->name);
    }
    gx_status status = gx_any_pass_missing(name, kind, err);
    if (err) {
        add_kept(err, kind, call);
    }
    return status;
}
