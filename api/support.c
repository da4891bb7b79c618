/* Small things that many methods say the same way. */
#include "api/support.h"

#include "engine/kernel/top.h"
#include "graph/base/float.h"

#include <math.h>
#include <stdio.h>

static const char *space_noun(gx_space space) {
    static const char *const nouns[GX_SPACE_COUNT] = {"user",     "item",   "group",   "coupon",
                                                      "tie kind", "action", "channel", "campaign"};
    return (unsigned)space < GX_SPACE_COUNT ? nouns[space] : "word";
}

gx_status gx_need_word(uint32_t *out, gx_txn *txn, gx_space space, gx_slice word, gx_error *err) {
    gx_status status = gx_word_find(out, txn, space, word);
    if (status == GX_NOT_FOUND) {
        char shown[80];
        return gx_fail_at(err, GX_NOT_FOUND, space_noun(space), "%s %s is not in this store",
                          space_noun(space), gx_quote(shown, sizeof shown, word.data, word.size));
    }
    return status == GX_OK ? GX_OK : gx_fail(err, status, "the store could not be read");
}

gx_value gx_word_value(gx_arena *arena, gx_txn *txn, gx_space space, uint32_t id) {
    gx_slice name = gx_word_name(txn, space, id);
    return name.size ? gx_text_copy(arena, name.data, name.size) : gx_nil();
}

const char *gx_key_column(gx_space space) {
    static const char *const names[] = {
        [GX_SPACE_USER] = "user_id", [GX_SPACE_ITEM] = "item_id", [GX_SPACE_GROUP] = "group_id"};
    return (size_t)space < GX_COUNT(names) && names[space] ? names[space] : "id";
}

gx_value gx_record_named(gx_arena *arena, gx_txn *txn, gx_space space, uint32_t id,
                         const gx_value *record) {
    const gx_slice name = gx_word_name(txn, space, id);
    const uint32_t fields = record->type == GX_MAP ? record->size : 0;
    gx_value row = gx_map(arena, fields + 1);
    if (name.size > 0) {
        gx_map_put(arena, &row, gx_key_column(space), gx_text(name.data, name.size));
    }
    for (uint32_t k = 0; k < fields; k++) {
        gx_map_put_text(arena, &row, record->as.pairs[k].key, record->as.pairs[k].value);
    }
    return row;
}

gx_value gx_real_or_nil(double value) {
    return isnan(value) ? gx_nil() : gx_real(value);
}

int gx_by_number(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

bool gx_is_always_long(const gx_value *args) {
    (void)args;
    return true;
}

gx_value gx_tie_value(gx_arena *arena, gx_txn *txn, const gx_tie *tie) {
    gx_value row = gx_map(arena, 7);
    gx_map_put(arena, &row, "src", gx_word_value(arena, txn, GX_SPACE_USER, tie->src));
    gx_map_put(arena, &row, "dst", gx_word_value(arena, txn, GX_SPACE_USER, tie->dst));
    gx_map_put(arena, &row, "kind", gx_word_value(arena, txn, GX_SPACE_TIE_KIND, tie->kind));
    gx_map_put(arena, &row, "weight", gx_real(gx_float_as_given(tie->weight)));
    gx_map_put(arena, &row, "directed", gx_bool(tie->directed));
    if (tie->ts_ms != GX_TIME_UNKNOWN) {
        gx_map_put(arena, &row, "ts", gx_int(tie->ts_ms));
    }
    return row;
}

gx_value gx_error_value(gx_arena *arena, const gx_error *err) {
    gx_value map = gx_map(arena, 4);
    gx_map_put(arena, &map, "code", gx_int(err->code));
    gx_map_put(arena, &map, "name", gx_str(gx_status_name(err->code)));
    gx_map_put(arena, &map, "message", gx_text_copy(arena, err->message, strlen(err->message)));
    if (err->at[0]) {
        gx_map_put(arena, &map, "at", gx_text_copy(arena, err->at, strlen(err->at)));
    }
    return map;
}

gx_value gx_category_value(gx_arena *arena, const gx_arrays *arrays, uint32_t label) {
    const gx_array *at = gx_arrays_find(arrays, "category.name_at");
    const gx_array *names = gx_arrays_find(arrays, "category.names");
    if (!at || !names || at->dtype != GX_U32 || names->dtype != GX_U8 ||
        label >= at->shape[0] - 1) {
        return gx_nil();
    }
    const uint32_t *offset = at->data;
    if (offset[label] > offset[label + 1] || offset[label + 1] > names->bytes) {
        return gx_nil();
    }
    return gx_text_copy(arena, (const char *)names->data + offset[label],
                        offset[label + 1] - offset[label]);
}

gx_status gx_category_find(uint32_t *out, gx_arena *arena, const gx_arrays *arrays, gx_slice wanted,
                           uint32_t count, gx_error *err) {
    for (uint32_t c = 0; c < count; c++) {
        gx_value name = gx_category_value(arena, arrays, c);
        if (name.type == GX_TEXT && gx_slice_equal(wanted, (gx_slice){name.as.text, name.size})) {
            *out = c;
            return GX_OK;
        }
    }
    enum { TOLD = 12 };
    char shown[80];
    const char *all = "";
    for (uint32_t c = 0; c < count && c < TOLD; c++) {
        const gx_value name = gx_category_value(arena, arrays, c);
        const int size = name.type == GX_TEXT ? (int)name.size : 0;
        const char *more = gx_arena_printf(arena, "%s%s%.*s", all, c ? ", " : ": ", size,
                                           size ? name.as.text : "");
        all = more ? more : all;
    }
    return gx_fail_at(err, GX_NOT_FOUND, "category",
                      "there is no item category %s among the %u top-level ones%s%s",
                      gx_quote(shown, sizeof shown, wanted.data, wanted.size), count, all,
                      count > TOLD ? ", …" : "");
}

gx_value gx_community_value(gx_arena *arena, const gx_state *state, uint32_t community) {
    if (community == GX_NONE) {
        return gx_nil();
    }
    bool named = state && state->circle_id && community < state->circles;
    char *text = gx_arena_printf(arena, "c-%u", named ? state->circle_id[community] : community);
    return gx_str(text ? text : "");
}

gx_status gx_community_id_parse(uint32_t *out, const char *argument, gx_slice text, gx_error *err) {
    gx_slice digits = text;
    if (text.size > 2 && memcmp(text.data, "c-", 2) == 0) {
        digits = (gx_slice){text.data + 2, text.size - 2};
    }
    int64_t id;
    char shown[80];
    if (!gx_parse_int(digits, &id) || id < 0 || id >= GX_NONE) {
        return gx_fail_at(err, GX_BAD_REQUEST, argument,
                          "%s: %s was given; accepted is a community like c-17", argument,
                          gx_quote(shown, sizeof shown, text.data, text.size));
    }
    *out = (uint32_t)id;
    return GX_OK;
}

gx_status gx_community_parse(uint32_t *out, const char *argument, gx_slice text,
                             const gx_state *state, gx_error *err) {
    uint32_t id;
    char shown[80];
    gx_status status = gx_community_id_parse(&id, argument, text, err);
    if (status != GX_OK) {
        return status;
    }
    for (uint32_t c = 0; c < state->circles; c++) {
        if (id == (state->circle_id ? state->circle_id[c] : c)) {
            *out = c;
            return GX_OK;
        }
    }
    return gx_fail_at(err, GX_NOT_FOUND, argument,
                      "%s: there is no community %s among the %u of this snapshot", argument,
                      gx_quote(shown, sizeof shown, text.data, text.size), state->circles);
}

gx_status gx_need_snapshot(const gx_state *state, gx_error *err) {
    if (state->arrays) {
        return GX_OK;
    }
    if (state->damage.code != GX_OK) {
        return gx_fail_at(err, state->damage.code, state->damage.at,
                          "%s; `guanxi model rollback` (model.rollback) serves the one before it, "
                          "`guanxi build` (model.build) makes a new one",
                          state->damage.message);
    }
    return gx_fail(err, GX_CONFLICT,
                   "there is no snapshot yet; make one with `guanxi build` (model.build)");
}

gx_status gx_need_array(void *out_data, const gx_state *state, const char *name, gx_dtype dtype,
                        uint64_t rows, gx_error *err) {
    gx_status status = gx_need_snapshot(state, err);
    if (status == GX_OK && !gx_arrays_find(state->arrays, name)) {
        char run[GX_PASS_COMMAND];
        return gx_fail(err, GX_CONFLICT,
                       "this snapshot was built without the pass %.*s; %s adds it, `guanxi build` "
                       "(model.build) makes one with what it names in --passes, or with the usual "
                       "ones",
                       (int)strcspn(name, "."), name, gx_pass_command(run, name));
    }
    return status == GX_OK ? gx_arrays_need(out_data, state->arrays, name, dtype, rows, err)
                           : status;
}

const char *gx_pass_command(char out[GX_PASS_COMMAND], const char *name) {
    const int size = (int)strcspn(name, ".");
    snprintf(out, GX_PASS_COMMAND, "`guanxi run STORE %.*s --write %.*s` (graph.run)", size, name,
             size, name);
    return out;
}

void gx_note_missing(gx_value *notes, gx_arena *arena, const char *pass, const char *effect) {
    char run[GX_PASS_COMMAND];
    const char *text =
        gx_arena_printf(arena, "this snapshot was built without the pass %s: %s; %s adds it", pass,
                        effect, gx_pass_command(run, pass));
    gx_list_add(arena, notes, gx_str(text ? text : effect));
}

gx_status gx_need_strengths(const gx_state *state, gx_error *err) {
    const uint64_t *ptr;
    return gx_need_array(&ptr, state, "strength.ptr", GX_U64, (uint64_t)state->users + 1, err);
}

/* ---- the n largest ------------------------------------------------------------------------------
 */

uint32_t *gx_top_f64(gx_arena *arena, uint32_t *out_count, const double *score, uint32_t count,
                     uint32_t n, const uint8_t *keep) {
    gx__top top = {.capacity = n < count ? n : count};
    top.entry = gx_arena_get(arena, ((size_t)top.capacity + 1) * sizeof *top.entry);
    uint32_t *out = gx_arena_get(arena, ((size_t)top.capacity + 1) * sizeof *out);
    *out_count = 0;
    if (!top.entry || !out) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        if ((!keep || keep[i]) && isfinite(score[i])) {
            gx__top_offer(&top, score[i], i, 0);
        }
    }
    gx__top_sort(&top);
    for (uint32_t i = 0; i < top.count; i++) {
        out[i] = top.entry[i].id;
    }
    *out_count = top.count;
    return out;
}

gx_status gx_weight_read(double *out, const char *at, const gx_pair *pair, gx_error *err) {
    const gx_value *value = &pair->value;
    double weight = -1;
    if (gx_value_as_number(value, &weight) && weight >= 0 && weight <= 1e6) {
        *out = weight;
        return GX_OK;
    }
    char shown[64];
    return gx_fail_at(
        err, GX_BAD_REQUEST, at, "%s: %.*s=%s was given; accepted is a number from 0 to 1,000,000",
        at, (int)pair->key.size, pair->key.as.text, gx_value_shown(shown, sizeof shown, value));
}

/* ---- views
 * --------------------------------------------------------------------------------------- */

gx_status gx_times_in_order(const gx_args *args, const char *from, int64_t from_ms, const char *to,
                            int64_t to_ms, gx_error *err) {
    char first[32], last[32];
    return from_ms < to_ms ? GX_OK
                           : gx_fail_at(err, GX_BAD_REQUEST, gx_arg_has(args, to) ? to : from,
                                        "%s (%s) is not after %s (%s); accepted is %s before %s",
                                        to, gx_format_time_ms(last, to_ms), from,
                                        gx_format_time_ms(first, from_ms), from, to);
}

gx_status gx_spec_from_args(gx_view_spec *out, gx_arena *arena, const gx_args *args,
                            gx_error *err) {
    gx_view_spec spec = {0};
    const gx_value *kinds = gx_arg_value(args, "kinds");
    if (kinds->type == GX_LIST) {
        const char **names = gx_arena_get(arena, (kinds->size + 1) * sizeof *names);
        if (!names) {
            return gx_fail_memory(err, kinds->size * sizeof *names);
        }
        for (uint32_t i = 0; i < kinds->size; i++) {
            const gx_value *kind = &kinds->as.items[i];
            names[i] = gx_arena_printf(arena, "%.*s", (int)kind->size, kind->as.text);
        }
        names[kinds->size] = NULL;
        spec.kinds = names;
    }
    bool windowed = gx_arg_has(args, "since") || gx_arg_has(args, "until");
    if (windowed) {
        spec.from_ms = gx_arg_has(args, "since") ? gx_arg_int(args, "since") : INT64_MIN + 1;
        spec.to_ms = gx_arg_has(args, "until") ? gx_arg_int(args, "until") : INT64_MAX;
        gx_status status = gx_times_in_order(args, "since", spec.from_ms, "until", spec.to_ms, err);
        if (status != GX_OK) {
            return status;
        }
    }
    *out = spec;
    return GX_OK;
}

gx_status gx_filter_from_args(gx_tie_filter *out, gx_txn *txn, gx_arena *arena, const gx_args *args,
                              gx_error *err) {
    gx_view_spec spec;
    gx_status status = gx_spec_from_args(&spec, arena, args, err);
    return status == GX_OK ? gx_tie_filter_make(out, txn, spec.kinds, spec.from_ms, spec.to_ms, err)
                           : status;
}

const gx_value *gx_arg_taken(const gx_args *args, const char *name) {
    for (size_t i = 0; i < args->count; i++) {
        if (strcmp(args->params[i].name, name) == 0) {
            return &args->values[i];
        }
    }
    return NULL;
}
