/* What the put and get methods of the tables share. */
#include "api/rows.h"

#include "graph/import/import.h"

/* A single map counts as a list of one. */
static gx_status rows_of(gx_value *out, gx_call_env *call, const char *list, gx_error *err) {
    const gx_value *given = gx_arg_value(call->args, list);
    if (given->type == GX_LIST) {
        *out = *given;
    } else if (given->type == GX_MAP) {
        *out = gx_list(call->arena, 1);
        gx_list_add(call->arena, out, *given);
    } else {
        return gx_fail_at(err, GX_BAD_REQUEST, list,
                          "%s: a %s was given; accepted is a list of maps", list,
                          gx_type_name(given->type));
    }
    return GX_OK;
}

/* Item columns follow the records that were written. */
static void touch_items(gx_call_env *call, const gx_value *rows) {
    for (uint32_t i = 0; i < rows->size; i++) {
        const gx_value *name = gx_map_get(&rows->as.items[i], "item_id");
        uint32_t item;
        if (name && name->type == GX_TEXT &&
            gx_word_find(&item, call->txn, GX_SPACE_ITEM, (gx_slice){name->as.text, name->size}) ==
                GX_OK) {
            gx_items_touch(call->db->items, item);
        }
    }
}

gx_status gx_rows_put(gx_value *out, gx_call_env *call, const char *list, const char *kind,
                      gx_error *err) {
    gx_value rows;
    gx_rows_report report;
    gx_status status = rows_of(&rows, call, list, err);
    if (status == GX_OK) {
        status = gx_import_rows(&report, call->txn, kind, &rows, NULL, call->job, err);
    }
    if (status != GX_OK) {
        return status;
    }
    if (strcmp(kind, "items") == 0) {
        touch_items(call, &rows);
    }
    *out = gx_map(call->arena, 7);
    gx_map_put(call->arena, out, "created", gx_int((int64_t)report.created));
    gx_map_put(call->arena, out, "updated", gx_int((int64_t)report.updated));
    gx_map_put(call->arena, out, "unchanged", gx_int((int64_t)report.unchanged));
    gx_map_put(call->arena, out, "conflicting", gx_int((int64_t)report.conflicting));
    gx_map_put(call->arena, out, "new_users", gx_int((int64_t)report.new_users));
    gx_map_put(call->arena, out, "new_items", gx_int((int64_t)report.new_items));
    gx_map_put(call->arena, out, "new_groups", gx_int((int64_t)report.new_groups));
    return GX_OK;
}

gx_status gx_rows_get(gx_value *out, gx_call_env *call, const char *list, gx_space space,
                      const char *key, gx_error *err) {
    const gx_value *names = gx_arg_value(call->args, list);
    gx_arena *arena = call->arena;
    gx_value rows = gx_list(arena, names->size);
    for (uint32_t i = 0; i < names->size; i++) {
        const gx_value *name = &names->as.items[i];
        gx_error missing;
        uint32_t id;
        gx_value row = gx_map(arena, 8), fields;
        gx_map_put(arena, &row, key, gx_text_copy(arena, name->as.text, name->size));
        gx_slice word = {name->as.text, name->size};
        if (gx_need_word(&id, call->txn, space, word, &missing) != GX_OK) {
            gx_map_put(arena, &row, "error", gx_error_value(arena, &missing));
            gx_list_add(arena, &rows, row);
            continue;
        }
        gx_status status = gx_record_get(&fields, call->txn, arena, space, id, err);
        if (status != GX_OK) {
            return status;
        }
        for (uint32_t k = 0; k < fields.size; k++) {
            gx_map_put_text(arena, &row, fields.as.pairs[k].key, fields.as.pairs[k].value);
        }
        gx_list_add(arena, &rows, row);
    }
    *out = gx_map(arena, 1);
    gx_map_put(arena, out, list, rows);
    return GX_OK;
}
