/* rec.similar: items like an item, by the interest model of the snapshot, and by what they are
 * where their history is thin. */
#include "api/lists/context.h"
#include "api/lists/lists.h"
#include "api/support.h"

/* clang-format off */
static const gx_param params[] = {
    {"items", GX_PARAM_LIST, NULL, 1, 1000, "items", NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "like which, by id"},
    {"n", GX_PARAM_INT, "20", 1, 1000, "items", NULL, 0, "how many for each"},
    GX_FILTER_PARAMS,
    GX_CONTEXT_PLACE_PARAM,
};
/* clang-format on */

static gx_value rows_of(gx_call_env *call, const gx_filter *filter, const gx_scored *top,
                        uint32_t count) {
    gx_value list = gx_list(call->arena, count);
    for (uint32_t k = 0; k < count; k++) {
        gx_value row = gx_map(call->arena, 3);
        gx_map_put(call->arena, &row, "id",
                   gx_word_value(call->arena, call->txn, GX_SPACE_ITEM, top[k].item));
        gx_value title = gx_columns_get(filter->columns, call->arena, top[k].item, "title");
        if (title.type == GX_TEXT) {
            gx_map_put(call->arena, &row, "title",
                       gx_text_copy(call->arena, title.as.text, title.size));
        }
        gx_map_put(call->arena, &row, "score", gx_real((double)top[k].score));
        gx_list_add(call->arena, &list, row);
    }
    return list;
}

/* One entry of the answer: items, or the error of this entry alone; fails where there is no memory
 * for any. */
static gx_status one_item(gx_value *out, gx_call_env *call, const gx_filter *filter,
                          const gx_value *given, gx_error *failure) {
    gx_arena *arena = call->arena;
    gx_error err = {0};
    uint32_t item, count = 0, n = (uint32_t)gx_arg_int(call->args, "n");
    gx_scored *top = NULL;
    gx_value row = gx_map(arena, 3);
    gx_map_put(arena, &row, "item", gx_text_copy(arena, given->as.text, given->size));
    gx_slice word = {given->as.text, given->size};
    gx_status status = gx_need_word(&item, call->txn, GX_SPACE_ITEM, word, &err);
    if (status == GX_OK) {
        status = gx_rec_similar(&top, &count, call->state->rec, item, n, filter->pass,
                                filter->items, filter->columns, arena, call->job, &err);
    }
    if (status == GX_OVER_LIMIT || status == GX_NO_MEMORY) {
        return gx_fail(failure, status, "%s", err.message);
    }
    if (status != GX_OK) {
        gx_map_put(arena, &row, "error", gx_error_value(arena, &err));
        *out = row;
        return GX_OK;
    }
    gx_map_put(arena, &row, "items", rows_of(call, filter, top, count));
    gx_value less = gx_nil();
    if (count < n) {
        char *text =
            gx_arena_printf(arena, "%u of %u: no more items that pass are like it", count, n);
        less = gx_filter_short(arena, filter, text ? text : "");
    }
    gx_map_put(arena, &row, "short", less);
    gx_filter_note(&row, filter, arena);
    *out = row;
    return gx_call_bill(call, failure);
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_filter filter;
    gx_lists_ids known; /* one at least */
    const gx_value *items = gx_arg_value(call->args, "items");
    gx_status status = gx_need_snapshot(call->state, err);
    if (status != GX_OK) {
        return status;
    }
    status = gx_lists_find(&known, call, GX_SPACE_ITEM, "items", err);
    if (status != GX_OK) {
        return status;
    }
    status = gx_context_place_only(call->args, err);
    if (status != GX_OK) {
        return status;
    }
    const gx_columns *columns;
    status = gx_filter_lock(&columns, call, err);
    if (status != GX_OK) {
        return status;
    }
    GX_TRY(gx_filter_make(&filter, call, columns, false, err));
    gx_value list = gx_list(call->arena, items->size);
    for (uint32_t i = 0; i < items->size; i++) {
        gx_value row;
        GX_TRY(gx_job_check(call->job, err));
        GX_TRY(one_item(&row, call, &filter, &items->as.items[i], err));
        gx_list_add(call->arena, &list, row);
    }
    *out = list;
done:
    gx_db_items_unlock(call->db);
    return status;
}

const gx_method gx_method_rec_similar = {
    .name = "rec.similar",
    .summary = "items like an item: who liked one liked the other",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "[{item, items: [{id, title, score}], short, notes?: [text]} or {item, error}]",
    .run = run,
};
