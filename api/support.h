/* Small things that many methods say the same way. */
#ifndef GX_API_SUPPORT_H
#define GX_API_SUPPORT_H

#include "api/db.h"
#include "api/passes.h"
#include "api/views.h"

/* not_found: "user 'u9' is not in this store". */
GX_MUST_CHECK gx_status gx_need_word(uint32_t *out, gx_txn *txn, gx_space space, gx_slice word,
                                     gx_error *err);
/* The external id, copied; nil where it was forgotten. */
gx_value gx_word_value(gx_arena *arena, gx_txn *txn, gx_space space, uint32_t id);
/* What the column of the id is called in the table of what `space` names: "user_id", "item_id",
 * "group_id". */
const char *gx_key_column(gx_space space);
/* A record with its id before it, as a row of the table has it; without one where the id was
 * forgotten. In the arena, texts borrowed. */
gx_value gx_record_named(gx_arena *arena, gx_txn *txn, gx_space space, uint32_t id,
                         const gx_value *record);
/* nil of NaN, which stands for what is not defined or was not computed. */
gx_value gx_real_or_nil(double value);
/* For qsort and bsearch: numbers, or rows that begin with one, by rising number. */
int gx_by_number(const void *a, const void *b);
/* An `is_long`: how much there is to do is not known before. */
bool gx_is_always_long(const gx_value *args);
/* A tie as it stands in answers: {src, dst, kind, weight, directed, ts?}. */
gx_value gx_tie_value(gx_arena *arena, gx_txn *txn, const gx_tie *tie);
/* What went wrong with one entry of a list: {code, name, message, at}. */
gx_value gx_error_value(gx_arena *arena, const gx_error *err);
/* The name of a category of the snapshot; nil for GX_NONE. */
gx_value gx_category_value(gx_arena *arena, const gx_arrays *arrays, uint32_t label);
/* Which of the first `count` categories of the snapshot is called so; not_found says what was
 * given. */
GX_MUST_CHECK gx_status gx_category_find(uint32_t *out, gx_arena *arena, const gx_arrays *arrays,
                                         gx_slice wanted, uint32_t count, gx_error *err);
/* "c-17": how a circle of the snapshot is named outside: by its id, which stays when its number
 * changes. `state` NULL: an id is given. Other partitions: gx_circle_name. */
gx_value gx_community_value(gx_arena *arena, const gx_state *state, uint32_t community);
/* The id in a name, whether there is such a circle or not. bad_request says what was given for
 * which argument. */
GX_MUST_CHECK gx_status gx_community_id_parse(uint32_t *out, const char *argument, gx_slice text,
                                              gx_error *err);
/* A circle's number by its name. As above; not_found. */
GX_MUST_CHECK gx_status gx_community_parse(uint32_t *out, const char *argument, gx_slice text,
                                           const gx_state *state, gx_error *err);
/* conflict: no snapshot, or one built without the pass strength, which gx_rec_strengths needs. */
GX_MUST_CHECK gx_status gx_need_strengths(const gx_state *state, gx_error *err);
/* conflict: "no snapshot yet: run `guanxi build`"; where it is damaged, how, and the way out. */
GX_MUST_CHECK gx_status gx_need_snapshot(const gx_state *state, gx_error *err);
/* gx_arrays_need of the snapshot. conflict, and how to get one, where there is no snapshot or it
 * was built without the pass that gives the array. */
GX_MUST_CHECK gx_status gx_need_array(void *out_data, const gx_state *state, const char *name,
                                      gx_dtype dtype, uint64_t rows, gx_error *err);
enum { GX_PASS_COMMAND = 160 };
/* "`guanxi run STORE leaders --write leaders` (graph.run)": what brings the pass of that name, or
 * of the array of that name, into a snapshot and leaves the others there. Into `out`. */
const char *gx_pass_command(char out[GX_PASS_COMMAND], const char *name);
/* Adds a sentence to `notes`: this snapshot was built without the pass, what that means here, and
 * what to run. */
void gx_note_missing(gx_value *notes, gx_arena *arena, const char *pass, const char *effect);
/* The argument of a parameter that not every method has; NULL: this one does not. */
const gx_value *gx_arg_taken(const gx_args *args, const char *name);
/* Indexes of the n largest finite scores (f64), by falling score, then rising index; keep (may be
 * NULL) leaves out where 0. In the arena. */
uint32_t *gx_top_f64(gx_arena *arena, uint32_t *out_count, const double *score, uint32_t count,
                     uint32_t n, const uint8_t *keep);
/* The weight in a map of weights, the parameter `at`: a number, or a text that says one, as the
 * command line gives it. bad_request. */
GX_MUST_CHECK gx_status gx_weight_read(double *out, const char *at, const gx_pair *pair,
                                       gx_error *err);
/* bad_request, with both times, at the argument that was given (the later one of the two). */
GX_MUST_CHECK gx_status gx_times_in_order(const gx_args *args, const char *from, int64_t from_ms,
                                          const char *to, int64_t to_ms, gx_error *err);
/* The kinds, since and until parameters as a view. */
GX_MUST_CHECK gx_status gx_spec_from_args(gx_view_spec *out, gx_arena *arena, const gx_args *args,
                                          gx_error *err);

/* The same as a filter for ties that are read one at a time, every kind where none is named. The
 * caller finishes it. */
GX_MUST_CHECK gx_status gx_filter_from_args(gx_tie_filter *out, gx_txn *txn, gx_arena *arena,
                                            const gx_args *args, gx_error *err);

/* The rows of a method's parameter table that choose the view; see gx_spec_from_args. */
#define GX_VIEW_PARAMS                                                                             \
    {"kinds", GX_PARAM_LIST, NULL, 1, 10000, NULL, NULL, 0, "only these tie kinds"},               \
        {"since", GX_PARAM_TIME, NULL, GX_PARAM_UNCHECKED,                                         \
         NULL,    NULL,          0,    "only ties and events from this time on"},                  \
        {"until", GX_PARAM_TIME, NULL, GX_PARAM_UNCHECKED,                                         \
         NULL,    NULL,          0,    "only ties and events before this time"}

/* The row of a heavy method that can say beforehand what it takes. */
#define GX_ESTIMATE_PARAM                                                                          \
    {"estimate", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED,                                       \
     NULL,       NULL,          0,       "only say what it would take"}

#endif
