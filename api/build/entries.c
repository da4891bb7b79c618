/* Members and what a pass gave them. */
#include "api/build/entries.h"

#include "api/people/community.h"

#include <math.h>

/* Beyond int64 (hashes): near enough to be seen, and not negative. */
static gx_value of_u64(uint64_t number) {
    return number <= INT64_MAX ? gx_int((int64_t)number) : gx_real((double)number);
}

static gx_value plain_value(const gx_array *array, uint64_t i) {
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
        return gx_real_or_nil((double)((const float *)array->data)[i]);
    case GX_F64:
        return gx_real_or_nil(((const double *)array->data)[i]);
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

gx_value gx_entry_value(gx_arena *arena, gx_txn *txn, const gx_arrays *arrays,
                        const gx_array *array, gx_entry_kind kind, uint64_t i) {
    return kind == GX_ENTRY_PLAIN || array->dtype != GX_U32
               ? plain_value(array, i)
               : gx_entry_name(arena, txn, arrays, kind, ((const uint32_t *)array->data)[i]);
}

enum { COLUMNS_MAX = 32 };

/* The arrays of an instance with an entry a member. */
typedef struct columns {
    const gx_array *array[COLUMNS_MAX];
    const char *name[COLUMNS_MAX];
    gx_entry_kind kind[COLUMNS_MAX]; /* of the entries */
    size_t count;
    uint64_t members;
    const uint32_t *circle; /* one a member, of a pass whose circles have names; else NULL */
    gx_circle_names names;
} columns;

/* An array may be as long as there are members and yet be something else: an order of them. */
static void choose(columns *out, const gx_arrays *arrays, const gx_pass *pass, const char *instance,
                   uint64_t members) {
    *out = (columns){.members = members};
    for (size_t i = 0; i < pass->give_count && out->count < COLUMNS_MAX; i++) {
        const gx_gives *gives = &pass->gives[i];
        const gx_array *array = gx_result_find(arrays, instance, gives->suffix);
        if (array && gives->rows == GX_LEN_USERS && array->rank == 1 &&
            array->shape[0] == members) {
            out->array[out->count] = array;
            out->kind[out->count] = gx_entry_kind_of(pass, gives->suffix);
            out->name[out->count++] = gives->suffix;
        }
    }
}

/* Their numbers are those of this run; the names are what other answers call them. */
static void name_circles(columns *out, const gx_call_env *call, const gx_arrays *arrays,
                         const gx_pass *pass, const char *instance) {
    out->names = gx_circle_names_of(call->state, arrays, instance, pass);
    if (out->names.id) {
        out->circle = gx_result_get(arrays, instance, "community", GX_U32, out->members);
    }
}

/* How many members the arrays are about: those of the state the arrays were made from. */
static uint64_t members_of(const gx_arrays *arrays, const gx_pass *pass, const char *instance,
                           uint64_t now) {
    for (size_t i = 0; i < pass->give_count; i++) {
        const gx_array *array = gx_result_find(arrays, instance, pass->gives[i].suffix);
        if (array && pass->gives[i].rows == GX_LEN_USERS) {
            return array->shape[0];
        }
    }
    return now;
}

static void add_row(gx_value *list, gx_arena *arena, gx_txn *txn, const gx_arrays *arrays,
                    const columns *c, gx_value name, uint32_t member) {
    gx_value row = gx_map(arena, (uint32_t)c->count + 1);
    gx_map_add(arena, &row, gx_str("user_id"), name);
    for (size_t k = 0; k < c->count; k++) {
        gx_value key = gx_text_copy(arena, c->name[k], strlen(c->name[k]));
        gx_map_add(arena, &row, key,
                   member < c->members
                       ? gx_entry_value(arena, txn, arrays, c->array[k], c->kind[k], member)
                       : gx_nil());
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
    choose(&c, arrays, pass, instance,
           members_of(arrays, pass, instance, gx_word_count(txn, GX_SPACE_USER)));
    name_circles(&c, call, arrays, pass, instance);
    for (uint32_t i = 0; i < members->size; i++) {
        const gx_value *id = &members->as.items[i];
        uint32_t member;
        GX_TRY(gx_need_word(&member, txn, GX_SPACE_USER, (gx_slice){id->as.text, id->size}, err));
        add_row(out, call->arena, txn, arrays, &c, gx_text_copy(call->arena, id->as.text, id->size),
                member);
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
    const gx_array *score = gx_result_find(arrays, instance, "score");
    if (!score || score->dtype != GX_F64 || score->rank != 1) {
        return gx_fail_at(
            err, GX_BAD_REQUEST, "top",
            "%s gives members no score to rank them by; `of` shows some of them, `all` "
            "every one",
            instance);
    }
    gx_status status = gx_txn_read(&txn, call->db->store, err);
    if (status != GX_OK) {
        return status;
    }
    choose(&c, arrays, pass, instance, score->shape[0]);
    uint32_t *top =
        gx_top_f64(call->arena, &count, score->data, (uint32_t)score->shape[0], n, NULL);
    *out = gx_list(call->arena, 32);
    for (uint32_t i = 0; top && i < count; i++) {
        gx_value name = gx_word_value(call->arena, txn, GX_SPACE_USER, top[i]);
        if (name.type != GX_NIL) { /* a forgotten member has no name */
            add_row(out, call->arena, txn, arrays, &c, name, top[i]);
        }
    }
    gx_txn_abort(txn);
    return GX_OK;
}

/* The names of the arrays the pass gives, for messages. */
static const char *names_of(gx_arena *arena, const gx_pass *pass) {
    const char *names = "";
    for (size_t i = 0; names && i < pass->give_count; i++) {
        names = gx_arena_printf(arena, "%s%s%s", names, i ? ", " : "", pass->gives[i].suffix);
    }
    return names ? names : "";
}

gx_status gx_entries_all(gx_value *out, gx_call_env *call, const gx_arrays *arrays,
                         const gx_pass *pass, const char *instance, gx_error *err) {
    gx_txn *txn;
    columns c;
    gx_arena *arena = call->arena;
    gx_status status = gx_txn_read(&txn, call->db->store, err);
    if (status != GX_OK) {
        return status;
    }
    uint64_t known = gx_word_count(txn, GX_SPACE_USER);
    choose(&c, arrays, pass, instance, members_of(arrays, pass, instance, known));
    name_circles(&c, call, arrays, pass, instance);
    if (c.count == 0) {
        GX_TRY(gx_fail_at(err, GX_BAD_REQUEST, "all",
                          "%s gives nothing to each member; `array` shows one of what it gives: %s",
                          instance, names_of(arena, pass)));
    }
    *out = gx_list(arena, (uint32_t)c.members);
    for (uint32_t user = 0; user < c.members; user++) {
        gx_value name = gx_word_value(arena, txn, GX_SPACE_USER, user);
        if (name.type != GX_NIL) { /* a forgotten member has no name */
            add_row(out, arena, txn, arrays, &c, name, user);
        }
    }
done:
    gx_txn_abort(txn);
    return status;
}

/* ---- one array whole ---------------------------------------------------------------------------
 */

/* And the pass that gives it, NULL where that is another than `pass`. */
static const gx_array *array_named(gx_arena *arena, const gx_arrays *arrays, const gx_pass *pass,
                                   const char *instance, gx_slice wanted, const gx_pass **out_from,
                                   const char **out_suffix) {
    const char *own = gx_arena_printf(arena, "%s.%.*s", instance, (int)wanted.size, wanted.data);
    const char *full = gx_arena_printf(arena, "%.*s", (int)wanted.size, wanted.data);
    const gx_array *array = own ? gx_arrays_find(arrays, own) : NULL;
    *out_from = pass;
    *out_suffix = full;
    if (!array && full && (array = gx_arrays_find(arrays, full)) != NULL) {
        size_t size = strcspn(full, ".");
        const char *whose = gx_arena_printf(arena, "%.*s", (int)size, full);
        bool mine = whose && strcmp(whose, instance) == 0;
        *out_from = mine ? pass : whose ? gx_any_pass_find(whose) : NULL;
        *out_suffix = full + size + (full[size] == '.');
    }
    return array;
}

static void add_entry(gx_value *list, gx_arena *arena, const char *key, gx_value name,
                      uint64_t column, bool table, gx_value value) {
    gx_value row = gx_map(arena, 3);
    gx_map_add(arena, &row, gx_str(key), name);
    if (table) {
        gx_map_add(arena, &row, gx_str("column"), gx_int((int64_t)column));
    }
    gx_map_add(arena, &row, gx_str("value"), value);
    gx_list_add(arena, list, row);
}

gx_status gx_entries_array(gx_value *out, gx_call_env *call, const gx_arrays *arrays,
                           const gx_pass *pass, const char *instance, gx_slice wanted,
                           gx_error *err) {
    gx_arena *arena = call->arena;
    gx_txn *txn;
    const gx_pass *from;
    const char *suffix;
    const gx_array *array = array_named(arena, arrays, pass, instance, wanted, &from, &suffix);
    if (!array) {
        char given[80];
        return gx_fail_at(err, GX_NOT_FOUND, "array", "%s gives no array %s; it gives %s", instance,
                          gx_quote(given, sizeof given, wanted.data, wanted.size),
                          names_of(arena, pass));
    }
    gx_status status = gx_txn_read(&txn, call->db->store, err);
    if (status != GX_OK) {
        return status;
    }
    gx_entry_kind rows = gx_entry_rows_of(from, suffix);
    gx_entry_kind kind = gx_entry_kind_of(from, suffix);
    const char *key = rows == GX_ENTRY_MEMBER ? "user_id"
                      : rows == GX_ENTRY_ITEM ? "item_id"
                                              : "row";
    uint64_t width = array->rank == 2 ? array->shape[1] : 1;
    *out = gx_list(arena, 64);
    for (uint64_t i = 0; i < array->shape[0]; i++) {
        gx_value name = rows == GX_ENTRY_PLAIN
                            ? gx_int((int64_t)i)
                            : gx_entry_name(arena, txn, arrays, rows, (uint32_t)i);
        for (uint64_t k = 0; name.type != GX_NIL && k < width; k++) {
            add_entry(out, arena, key, name, k, array->rank == 2,
                      gx_entry_value(arena, txn, arrays, array, kind, i * width + k));
        }
    }
    gx_txn_abort(txn);
    return GX_OK;
}

void gx_entries_numbers(gx_value *out, gx_arena *arena, const gx_arrays *arrays,
                        const gx_pass *pass, const char *instance) {
    for (size_t i = 0; pass && i < pass->give_count; i++) {
        const gx_gives *gives = &pass->gives[i];
        const gx_array *array = gx_result_find(arrays, instance, gives->suffix);
        if (array && gives->rows == GX_LEN_OTHER && array->rank == 1 && array->shape[0] == 1 &&
            gx_entry_kind_of(pass, gives->suffix) == GX_ENTRY_PLAIN &&
            !gx_map_get(out, gives->suffix)) {
            gx_map_put(arena, out, gives->suffix, plain_value(array, 0));
        }
    }
}

static gx_value with_top(gx_arena *arena, const gx_pass *pass, const gx_value *given, int64_t top) {
    for (size_t i = 0; i < pass->param_count; i++) {
        if (strcmp(pass->params[i].name, "top") != 0) {
            continue;
        }
        gx_value params = given->type == GX_MAP ? gx_value_copy(arena, given) : gx_map(arena, 1);
        if (!gx_map_get(&params, "top") && !gx_map_get(&params, "samples")) {
            gx_map_put(arena, &params, "top", gx_int(top));
        }
        return params;
    }
    return *given;
}

gx_value gx_params_chosen(gx_call_env *call, const gx_pass *pass) {
    const gx_value *given = gx_arg_value(call->args, "params");
    bool others = gx_arg_has(call->args, "of") || gx_arg_bool(call->args, "all") ||
                  gx_arg_value(call->args, "users")->type == GX_LIST; /* else how many there are */
    return gx_arg_has(call->args, "top") && !others
               ? with_top(call->arena, pass, given, gx_arg_int(call->args, "top"))
               : *given;
}
