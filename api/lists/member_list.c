/* One member's list: what is live, the filter, the weights, the slate, the list. */
#include "api/lists/member_list.h"

gx_status gx_list_asked_read(gx_list_asked *out, gx_call_env *call, const gx_columns *columns,
                             int64_t then_ms, gx_error *err) {
    gx_status status = GX_OK;
    const uint32_t n = (uint32_t)gx_arg_int(call->args, "n");
    *out = (gx_list_asked){.why = gx_arg_bool(call->args, "why")};
    GX_TRY(gx_listing_weigh(&out->weighing, call, err));
    GX_TRY(gx_min_count(&out->min_count, call->txn, call->arena, err));
    GX_TRY(gx_filter_make_then(&out->filter, call, columns, true, then_ms, err));
    GX_TRY(gx_slate_read(&out->slate, call, &out->filter, n, err));
    GX_TRY(gx_exposure_read(&out->exposure, call, err));
    GX_TRY(gx_now_read(&out->now, call, then_ms, err));
    out->n = out->slate.n;
done:
    return status;
}

gx_status gx_member_list_read(gx_member_list *out, const gx_list_asked *asked, gx_call_env *call,
                              uint32_t id, gx_slice word, gx_error *err) {
    *out = (gx_member_list){.word = word};
    return gx_now_member(&out->live, &asked->now, call, asked->filter.columns, id, err);
}

gx_status gx_member_list_make(gx_member_list *list, const gx_list_asked *asked, gx_call_env *call,
                              uint8_t *mask, const uint32_t *skip, uint32_t skip_count,
                              gx_error *err) {
    gx_slate slate = asked->slate.slate;
    gx_rec_request request = {.n = asked->n,
                              .pass = mask,
                              .items = asked->filter.items,
                              .why = asked->why,
                              .why_least = asked->min_count};
    gx_filter_member(mask, &asked->filter, &list->live);
    for (uint32_t k = 0; k < skip_count; k++) {
        if (skip[k] < asked->filter.items) {
            mask[skip[k]] = 0;
        }
    }
    (void)gx_listing_weights_of(request.weights, list->weighing ? list->weighing : &asked->weighing,
                                call->state->rec, &list->live.rec);
    gx_exposure_member(&slate, &asked->exposure, list->word);
    request.slate = asked->slate.plain && !(slate.explore > 0) ? NULL : &slate;
    return gx_rec_list_make(&list->list, call->state->rec, &list->live.rec, &request, call->arena,
                            call->job, err);
}

gx_value gx_member_list_short(const gx_member_list *made, const gx_list_asked *asked,
                              const uint8_t *mask, gx_arena *arena) {
    const gx_rec_list *list = &made->list;
    if (list->count >= asked->n) {
        return gx_nil();
    }
    char *text = gx_arena_printf(
        arena,
        "%u of %u: of %u items %u %s where and exclude, and %u of them %s left for this member%s%s",
        list->count, asked->n, asked->filter.items, asked->filter.passing,
        gx_plural(asked->filter.passing, "is shown, of the right kind and passes",
                  "are shown, of the right kind and pass"),
        list->passing, gx_plural(list->passing, "is", "are"),
        gx_filter_say_out(&asked->filter, &made->live, mask, arena),
        list->count < list->passing ? "; caps and kinds leave no room for more" : "");
    return gx_filter_short(arena, &asked->filter, text ? text : "");
}
