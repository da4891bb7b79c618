/* What a pass gave, member by member: the same rows for every method that shows some of them. */
#ifndef GX_API_ENTRIES_H
#define GX_API_ENTRIES_H

#include "api/support.h"

/* What numbers stand for. */
typedef enum gx_entry_kind {
    GX_ENTRY_PLAIN, /* themselves */
    GX_ENTRY_MEMBER,
    GX_ENTRY_ITEM,
    GX_ENTRY_CATEGORY
} gx_entry_kind;

/* The entries of the array "INSTANCE.SUFFIX" of the pass, and the numbers of its rows. `pass` may
 * be NULL: plain. */
gx_entry_kind gx_entry_kind_of(const gx_pass *pass, const char *suffix);
gx_entry_kind gx_entry_rows_of(const gx_pass *pass, const char *suffix);
/* An id or a name, nil where it is forgotten or none; a plain number stays one. `arrays` has the
 * names of categories. */
gx_value gx_entry_name(gx_arena *arena, gx_txn *txn, const gx_arrays *arrays, gx_entry_kind kind,
                       uint32_t number);
/* Entry i of an array, by name where it is a number of such a kind; nil where it is NaN: not
 * computed. */
gx_value gx_entry_value(gx_arena *arena, gx_txn *txn, const gx_arrays *arrays,
                        const gx_array *array, gx_entry_kind kind, uint64_t i);

/* {user_id, NAME…} for each of the members given (a list of ids), NAME every array "INSTANCE.NAME"
 * that the pass gives with one entry a member (members and items in it by id); nil for members
 * newer than the arrays. Of circles also {circle}, the name beside the number. not_found names the
 * member. */
GX_MUST_CHECK gx_status gx_entries_of(gx_value *out, gx_call_env *call, const gx_arrays *arrays,
                                      const gx_pass *pass, const char *instance,
                                      const gx_value *members, gx_error *err);
/* The same for the n members of the largest INSTANCE.score, falling. bad_request: the pass gives
 * none. */
GX_MUST_CHECK gx_status gx_entries_top(gx_value *out, gx_call_env *call, const gx_arrays *arrays,
                                       const gx_pass *pass, const char *instance, uint32_t n,
                                       gx_error *err);

/* The same for every member that is known, in the order they came. bad_request: the pass gives none
 * anything. */
GX_MUST_CHECK gx_status gx_entries_all(gx_value *out, gx_call_env *call, const gx_arrays *arrays,
                                       const gx_pass *pass, const char *instance, gx_error *err);
/* Every entry of the array "INSTANCE.WANTED", or of the one called WANTED: [{user_id, item_id or
 * row, column (of a table), value}]; rows of forgotten members and items are left out. not_found
 * lists what there is. */
GX_MUST_CHECK gx_status gx_entries_array(gx_value *out, gx_call_env *call, const gx_arrays *arrays,
                                         const gx_pass *pass, const char *instance, gx_slice wanted,
                                         gx_error *err);

/* Puts SUFFIX: number into the map `out` for every array "INSTANCE.SUFFIX" of one entry that the
 * pass gives beside those of members and items: `bound`, `samples`, `value`. Keys that are there
 * stay as they are. `pass` may be NULL: nothing is put. */
void gx_entries_numbers(gx_value *out, gx_arena *arena, const gx_arrays *arrays,
                        const gx_pass *pass, const char *instance);

/* The parameters of a pass as a call with `params` and `top` gives them: a pass that can leave out
 * all but its top is told (its own parameter `top`), unless it was told something else (`top`, or
 * `samples`) or others are asked for besides (`of`, `users`, `all`). In the arena; nil: none. */
gx_value gx_params_chosen(gx_call_env *call, const gx_pass *pass);

#endif
