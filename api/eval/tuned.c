#include "api/eval/tuned.h"

#include "api/passes.h"
#include "models/model.h"

static const char *name_of(gx_arena *arena, const gx_value *key) {
    return gx_arena_printf(arena, "%.*s", (int)key->size, key->as.text);
}

gx_status gx_tuned_check(const gx_value *models, gx_arena *arena, gx_error *err) {
    gx_status status = GX_OK;
    for (uint32_t i = 0; i < models->size && status == GX_OK; i++) {
        const gx_pair *pair = &models->as.pairs[i];
        const char *name = name_of(arena, &pair->key);
        const gx_model *model = name ? gx_model_find(name) : NULL;
        gx_args args;
        if (!name) {
            return gx_fail_memory(err, pair->key.size);
        }
        if (!model) {
            return gx_any_pass_missing(gx_slice_of(name), GX_KIND_MODEL, err);
        }
        if (pair->value.type != GX_MAP) {
            return gx_fail_at(err, GX_BAD_REQUEST, "value",
                              "models: %s has a %s; accepted is a map of its parameters", name,
                              gx_type_name(pair->value.type));
        }
        status = gx_args_parse(&args, arena, model->pass.params, model->pass.param_count,
                               &pair->value, err);
    }
    return status;
}

gx_status gx_tuned_get(gx_value *out, gx_db *db, gx_arena *arena, gx_error *err) {
    gx_txn *txn;
    *out = gx_nil();
    gx_status status = gx_txn_read(&txn, db->store, err);
    if (status == GX_OK) {
        status = gx_setting_get(out, txn, arena, "models", err);
        gx_txn_abort(txn);
    }
    return status;
}

gx_value gx_params_over(const gx_value *over, const gx_value *under, gx_arena *arena) {
    gx_value map = gx_map(arena, under->size + 4);
    for (uint32_t i = 0; i < under->size; i++) {
        gx_map_put_text(arena, &map, under->as.pairs[i].key, under->as.pairs[i].value);
    }
    for (uint32_t i = 0; over && over->type == GX_MAP && i < over->size; i++) {
        gx_map_put_text(arena, &map, over->as.pairs[i].key, over->as.pairs[i].value);
    }
    return map;
}

gx_status gx_tuned_beneath(gx_value *out, const gx_value *given, gx_db *db, gx_arena *arena,
                           gx_error *err) {
    gx_value kept;
    *out = *given;
    gx_status status = gx_tuned_get(&kept, db, arena, err);
    if (status != GX_OK || kept.type != GX_MAP) {
        return status;
    }
    gx_value map = gx_map(arena, 8);
    if (given->type == GX_MAP) {
        map = gx_params_over(NULL, given, arena);
    }
    for (uint32_t i = 0; i < kept.size; i++) {
        const gx_pair *pair = &kept.as.pairs[i];
        const char *name = name_of(arena, &pair->key);
        const gx_value *own = name ? gx_map_get(&map, name) : NULL;
        if (!name || !gx_model_find(name) || pair->value.type != GX_MAP ||
            (own && own->type != GX_MAP)) {
            continue; /* of a model this program does not have; or what is told to be wrong later */
        }
        gx_map_put(arena, &map, name, gx_params_over(own, &pair->value, arena));
    }
    *out = map;
    return GX_OK;
}

gx_status gx_tuned_put(gx_db *db, const char *model, const gx_value *params, const char *principal,
                       gx_arena *arena, gx_error *err) {
    gx_value kept, answer, one = gx_map(arena, 1), args = gx_map(arena, 2);
    gx_status status = gx_tuned_get(&kept, db, arena, err);
    if (status != GX_OK) {
        return status;
    }
    gx_map_put(arena, &one, model, *params);
    gx_map_put(arena, &args, "name", gx_str("models"));
    gx_map_put(arena, &args, "value",
               kept.type == GX_MAP ? gx_params_over(&one, &kept, arena) : one);
    const gx_call_options options = {.principal = principal};
    return gx_db_call(&answer, db, gx_method_find("admin.config"), &args, &options, arena, err);
}
