/* A community as the snapshot knows it. */
#include "api/people/community.h"

gx_circle_names gx_circle_names_of(const gx_state *state, const gx_arrays *arrays,
                                   const char *instance, const gx_pass *pass) {
    gx_circle_names names = {.instance = instance};
    if (!pass || strcmp(pass->name, "leiden") != 0) {
        return names;
    }
    const gx_array *id = gx_result_find(arrays, instance, "id");
    if (id && id->dtype == GX_U32 && id->rank == 1) {
        names.id = id->data;
        names.count = (uint32_t)id->shape[0];
    }
    const uint32_t *next = gx_result_get(state->arrays, "leiden", "next_id", GX_U32, 1);
    names.known = !state->circles ? GX_NONE : next ? *next : state->circles;
    return names;
}

gx_value gx_circle_name(gx_arena *arena, const gx_circle_names *names, uint32_t community) {
    if (community == GX_NONE) {
        return gx_nil();
    }
    const uint32_t id = community < names->count ? names->id[community] : community;
    char *text = id < names->known ? gx_arena_printf(arena, "c-%u", id)
                                   : gx_arena_printf(arena, "%s-%u", names->instance, community);
    return gx_str(text ? text : "");
}

gx_status gx_circles_resolve(gx_circles *out, const gx_state *state, gx_error *err) {
    gx_status status = GX_OK;
    gx_circles c = {.state = state, .members = state->users};
    const gx_arrays *arrays = state->arrays;
    GX_TRY(gx_need_array(&c.community, state, "leiden.community", GX_U32, state->users, err));
    GX_TRY(gx_need_array(&c.size, state, "circle.size", GX_U32, 0, err));
    c.count = (uint32_t)gx_arrays_find(arrays, "circle.size")->shape[0];
    c.density = gx_arrays_get(arrays, "circle.density", GX_F64, c.count);
    c.conductance = gx_arrays_get(arrays, "circle.conductance", GX_F64, c.count);
    c.ptr = gx_arrays_get(arrays, "circle.ptr", GX_U64, (uint64_t)c.count + 1);
    c.item = gx_arrays_get(arrays, "circle.item", GX_U32, 0);
    c.item_count = gx_arrays_get(arrays, "circle.count", GX_U32, 0);
    c.everywhere = gx_arrays_get(arrays, "circle.everywhere", GX_U32, 0);
    *out = c;
done:
    return status;
}

gx_value gx_circle_row(gx_arena *arena, const gx_circles *circles, uint32_t community) {
    gx_value row = gx_map(arena, 6);
    gx_map_put(arena, &row, "community", gx_community_value(arena, circles->state, community));
    gx_map_put(arena, &row, "size", gx_int(circles->size[community]));
    if (circles->density) {
        gx_map_put(arena, &row, "density", gx_real(circles->density[community]));
    }
    if (circles->conductance) {
        gx_map_put(arena, &row, "conductance", gx_real(circles->conductance[community]));
    }
    return row;
}

static gx_value title_of(gx_arena *arena, gx_txn *txn, uint32_t item) {
    gx_value record;
    if (gx_record_get(&record, txn, arena, GX_SPACE_ITEM, item, NULL) != GX_OK) {
        return gx_nil();
    }
    const gx_value *title = gx_map_get(&record, "title");
    return title ? *title : gx_nil();
}

gx_value gx_circle_items(gx_arena *arena, gx_txn *txn, const gx_circles *circles,
                         uint32_t community, uint32_t n) {
    gx_value list = gx_list(arena, n);
    if (!circles->ptr || !circles->item || !circles->item_count) {
        return list;
    }
    uint64_t from = circles->ptr[community], to = circles->ptr[community + 1];
    for (uint64_t k = from; k < to && k - from < n; k++) {
        gx_value row = gx_map(arena, 5);
        gx_map_put(arena, &row, "item", gx_word_value(arena, txn, GX_SPACE_ITEM, circles->item[k]));
        gx_value title = title_of(arena, txn, circles->item[k]);
        if (title.type != GX_NIL) {
            gx_map_put(arena, &row, "title", title);
        }
        gx_map_put(arena, &row, "count", gx_int(circles->item_count[k]));
        const double share = (double)circles->item_count[k] / (double)circles->size[community];
        const uint32_t everywhere = circles->everywhere ? circles->everywhere[k] : 0;
        gx_map_put(arena, &row, "share", gx_real(share));
        gx_map_put(arena, &row, "lift",
                   everywhere > 0 ? gx_real(share * circles->members / everywhere) : gx_nil());
        gx_list_add(arena, &list, row);
    }
    return list;
}
