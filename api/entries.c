/* Members and what a pass gave them. */
#include "api/entries.h"

#include "api/community.h"

/* Beyond int64 (hashes): near enough to be seen, and not negative. */
static gx_value of_u64(uint64_t number) {
    return number <= INT64_MAX ? gx_int((int64_t)number) : gx_real((double)number);
}

gx_value gx_entry_value(const gx_array *array, uint64_t i) {
    switch (array->dtype) {
    case GX_U8:
        return gx_int(((const uint8_t *)array->data)[i]);
    case GX_I32:
        return gx_int(((const int32_t *)array->data)[i]);
    case GX_U32:
        return gx_int(((const uint32_t *)array->data)[i]);
    case GX_I64:
        return gx_int(((const int64_t *)array->data)[i]);
    case GX_U64:
        return of_u64(((const uint64_t *)array->data)[i]);
    case GX_F32:
        return gx_real((double)((const float *)array->data)[i]);
    case GX_F64:
        return gx_real(((const double *)array->data)[i]);
    case GX_DTYPE_COUNT:
        break;
    }
    return gx_nil();
}

static bool is_among(const char *const *names, const char *name) {
    for (; names && *names; names++) {
        if (strcmp(*names, name) == 0) {
            return true;
        }
    }
    return false;
}

gx_entry_kind gx_entry_kind_of(const gx_pass *pass, const char *suffix) {
    return !pass                                     ? GX_ENTRY_PLAIN
           : is_among(pass->member_arrays, suffix)   ? GX_ENTRY_MEMBER
           : is_among(pass->item_arrays, suffix)     ? GX_ENTRY_ITEM
           : is_among(pass->category_arrays, suffix) ? GX_ENTRY_CATEGORY
                                                     : GX_ENTRY_PLAIN;
}

gx_entry_kind gx_entry_rows_of(const gx_pass *pass, const char *suffix) {
    for (size_t i = 0; pass && i < pass->give_count; i++) {
        if (strcmp(pass->gives[i].suffix, suffix) == 0) {
            return pass->gives[i].rows == GX_LEN_USERS   ? GX_ENTRY_MEMBER
                   : pass->gives[i].rows == GX_LEN_ITEMS ? GX_ENTRY_ITEM
                                                         : GX_ENTRY_PLAIN;
        }
    }
    return GX_ENTRY_PLAIN;
}

gx_value gx_entry_name(gx_arena *arena, gx_txn *txn, const gx_arrays *arrays, gx_entry_kind kind,
                       uint32_t number) {
    return kind == GX_ENTRY_CATEGORY ? gx_category_value(arena, arrays, number)
           : kind == GX_ENTRY_PLAIN
               ? gx_int(number)
               : gx_word_value(arena, txn, kind == GX_ENTRY_MEMBER ? GX_SPACE_USER : GX_SPACE_ITEM,
                               number);
}

enum { COLUMNS_MAX = 32 };

/* The arrays of an instance with an entry a member. */
typedef struct columns {
    const gx_array *array[COLUMNS_MAX];
    const char *name[COLUMNS_MAX];
    size_t count;
    uint64_t members;
    const uint32_t *circle; /* one a member, of a pass whose circles have names; else NULL */
    gx_circle_names names;
} columns;

static const gx_array *score_of(const gx_arrays *arrays, gx_arena *arena, const char *instance) {
    const char *name = gx_arena_printf(arena, "%s.score", instance);
    const gx_array *array = name ? gx_arrays_find(arrays, name) : NULL;
    return array && array->dtype == GX_F64 && array->rank == 1 ? array : NULL;
}

/* An array may be as long as there are members and yet be something else: an order of them. */
static void choose(columns *out, gx_arena *arena, const gx_arrays *arrays, const gx_pass *pass,
                   const char *instance, uint64_t members) {
    *out = (columns){.members = members};
    for (size_t i = 0; i < pass->give_count && out->count < COLUMNS_MAX; i++) {
        const gx_gives *gives = &pass->gives[i];
        const char *name = gx_arena_printf(arena, "%s.%s", instance, gives->suffix);
        const gx_array *array = name ? gx_arrays_find(arrays, name) : NULL;
        if (array && gives->rows == GX_LEN_USERS && array->rank == 1 &&
            array->shape[0] == members) {
            out->array[out->count] = array;
            out->name[out->count++] = gives->suffix;
        }
    }
}

/* Their numbers are those of this run; the names are what other answers call them. */
static void name_circles(columns *out, const gx_call_env *call, const gx_arrays *arrays,
                         const gx_pass *pass, const char *instance) {
    out->names = gx_circle_names_of(call->state, arrays, instance, pass, call->arena);
    if (out->names.id) {
        out->circle = gx_result_get(arrays, instance, "community", GX_U32, out->members);
    }
}

/* How many members the arrays are about: those of the state the arrays were made from. */
static uint64_t members_of(const gx_arrays *arrays, gx_arena *arena, const char *instance,
                           uint64_t now) {
    const gx_array *score = score_of(arrays, arena, instance);
    return score ? score->shape[0] : now;
}

static void add_row(gx_value *list, gx_arena *arena, const columns *c, gx_value name,
                    uint32_t member) {
    gx_value row = gx_map(arena, (uint32_t)c->count + 1);
    gx_map_add(arena, &row, gx_str("user_id"), name);
    for (size_t k = 0; k < c->count; k++) {
        gx_value key = gx_text_copy(arena, c->name[k], strlen(c->name[k]));
        gx_map_add(arena, &row, key,
                   member < c->members ? gx_entry_value(c->array[k], member) : gx_nil());
    }
    if (c->circle) {
        gx_map_add(arena, &row, gx_str("circle"),
                   member < c->members ? gx_circle_name(arena, &c->names, c->circle[member])
                                       : gx_nil());
    }
    gx_list_add(arena, list, row);
}

gx_status gx_entries_of(gx_value *out, gx_call_env *call, const gx_arrays *arrays,
                        const gx_pass *pass, const char *instance, const gx_value *members,
                        gx_error *err) {
    gx_txn *txn = NULL;
    gx_status status = GX_OK;
    columns c;
    *out = gx_list(call->arena, members->size);
    GX_TRY(gx_txn_read(&txn, call->db->store, err));
    choose(&c, call->arena, arrays, pass, instance,
           members_of(arrays, call->arena, instance, gx_word_count(txn, GX_SPACE_USER)));
    name_circles(&c, call, arrays, pass, instance);
    for (uint32_t i = 0; i < members->size; i++) {
        const gx_value *id = &members->as.items[i];
        uint32_t member;
        if (id->type != GX_TEXT) {
            GX_TRY(gx_fail_at(err, GX_BAD_REQUEST, "of", "of holds a %s; accepted are ids, as text",
                              gx_type_name(id->type)));
        }
        GX_TRY(gx_need_word(&member, txn, GX_SPACE_USER, (gx_slice){id->as.text, id->size}, err));
        add_row(out, call->arena, &c, gx_text_copy(call->arena, id->as.text, id->size), member);
    }
done:
    gx_txn_abort(txn);
    return status;
}

gx_status gx_entries_top(gx_value *out, gx_call_env *call, const gx_arrays *arrays,
                         const gx_pass *pass, const char *instance, uint32_t n, gx_error *err) {
    gx_txn *txn;
    columns c;
    uint32_t count;
    const gx_array *score = score_of(arrays, call->arena, instance);
    if (!score) {
        return gx_fail_at(err, GX_BAD_REQUEST, "top",
                          "%s gives members no score to rank them by; `of` shows some of them",
                          instance);
    }
    gx_status status = gx_txn_read(&txn, call->db->store, err);
    if (status != GX_OK) {
        return status;
    }
    choose(&c, call->arena, arrays, pass, instance, score->shape[0]);
    uint32_t *top =
        gx_top_f64(call->arena, &count, score->data, (uint32_t)score->shape[0], n, NULL);
    *out = gx_list(call->arena, 32);
    for (uint32_t i = 0; top && i < count; i++) {
        gx_value name = gx_word_value(call->arena, txn, GX_SPACE_USER, top[i]);
        if (name.type != GX_NIL) { /* a forgotten member has no name */
            add_row(out, call->arena, &c, name, top[i]);
        }
    }
    gx_txn_abort(txn);
    return GX_OK;
}

void gx_entries_numbers(gx_value *out, gx_arena *arena, const gx_arrays *arrays,
                        const gx_pass *pass, const char *instance) {
    for (size_t i = 0; pass && i < pass->give_count; i++) {
        const gx_gives *gives = &pass->gives[i];
        const char *name = gx_arena_printf(arena, "%s.%s", instance, gives->suffix);
        const gx_array *array = name ? gx_arrays_find(arrays, name) : NULL;
        if (array && gives->rows == GX_LEN_OTHER && array->rank == 1 && array->shape[0] == 1 &&
            gx_entry_kind_of(pass, gives->suffix) == GX_ENTRY_PLAIN &&
            !gx_map_get(out, gives->suffix)) {
            gx_map_put(arena, out, gives->suffix, gx_entry_value(array, 0));
        }
    }
}

gx_value gx_params_with_top(gx_arena *arena, const gx_pass *pass, const gx_value *given,
                            int64_t top) {
    for (size_t i = 0; i < pass->param_count; i++) {
        if (strcmp(pass->params[i].name, "top") != 0) {
            continue;
        }
        gx_value params = given->type == GX_MAP ? gx_value_copy(arena, given) : gx_map(arena, 1);
        if (!gx_map_get(&params, "top")) {
            gx_map_put(arena, &params, "top", gx_int(top));
        }
        return params;
    }
    return *given;
}
