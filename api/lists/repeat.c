/* What is due again. With x = time since the last purchase / the usual interval,
 *
 *   s = due(x) × n / (n + 1),   due(x) = 0 below ¾, 4x − 3 up to 1, then 1 / (1 + (x − 1) / 3)
 *
 * for an item bought n times: it comes back shortly before it is due, stands highest when it is,
 * and three intervals later speaks half as loud. The interval is the member's own mean where they
 * bought it twice or more, else the mean of those who did where they are enough, else the
 * setting's. Times count back from the newest event known, as recency does. */
#include "api/lists/repeat.h"

#include "api/lists/why.h"

#include <math.h>

static const double DAY_MS = 86400000.0;
static const double FIRST = 0.75, FADES = 3;
static const double DAYS_DEFAULT = 30;

/* ---- the setting and the argument ----------------------------------------------------------- */

static gx_status wrong(gx_error *err, const char *field, const char *accepted) {
    return gx_fail_at(err, GX_BAD_REQUEST, "repeat", "`%s` of repeat is %s", field, accepted);
}

static gx_status read_interval(double *days, const gx_value *v, gx_error *err) {
    int64_t ms = 0;
    bool good = v->type == GX_TEXT && gx_parse_duration_ms((gx_slice){v->as.text, v->size}, &ms);
    ms = v->type == GX_INT ? v->as.integer : ms;
    if ((!good && v->type != GX_INT) || ms <= 0 || (double)ms > 36500 * DAY_MS) {
        return wrong(err, "interval", "a duration above 0 like \"30d\", or milliseconds");
    }
    *days = (double)ms / DAY_MS;
    return GX_OK;
}

static gx_status read_setting(gx_repeat *r, const gx_value *setting, gx_arena *arena,
                              gx_error *err) {
    gx_status status = GX_OK;
    if (setting->type == GX_NIL) {
        return GX_OK;
    }
    if (setting->type != GX_MAP) {
        return gx_fail_at(err, GX_BAD_REQUEST, "repeat",
                          "repeat is a map of `where` and `interval`");
    }
    for (uint32_t i = 0; status == GX_OK && i < setting->size; i++) {
        const gx_pair *pair = &setting->as.pairs[i];
        const gx_slice key = {pair->key.as.text, pair->key.size};
        char shown[64];
        if (gx_slice_is(key, "where") && pair->value.type == GX_TEXT) {
            status = gx_where_compile(&r->where, arena,
                                      (gx_slice){pair->value.as.text, pair->value.size}, err);
        } else if (gx_slice_is(key, "interval")) {
            status = read_interval(&r->days, &pair->value, err);
        } else {
            status = wrong(err, gx_quote(shown, sizeof shown, key.data, key.size),
                           "not accepted; it takes `where`, an expression over items, and "
                           "`interval`");
        }
    }
    return status;
}

gx_status gx_repeat_check(const gx_value *setting, gx_arena *arena, gx_error *err) {
    gx_repeat r = {0};
    return read_setting(&r, setting, arena, err);
}

gx_status gx_repeat_read(gx_repeat *out, gx_call_env *call, gx_error *err) {
    const gx_state *state = call->state;
    gx_value setting;
    gx_status status;
    gx_repeat r = {.any = gx_arg_is(call->args, "repeat", "on"),
                   .off = gx_arg_is(call->args, "repeat", "off"),
                   .days = DAYS_DEFAULT,
                   .items = state->items};
    GX_TRY(gx_setting_get(&setting, call->txn, call->arena, "repeat", err));
    GX_TRY(read_setting(&r, &setting, call->arena, err));
    GX_TRY(gx_min_count(&r.min_count, call->txn, call->arena, err));
    if (state->arrays) {
        r.item_days = gx_arrays_get(state->arrays, "repeat.days", GX_F32, r.items);
        r.item_members = gx_arrays_get(state->arrays, "repeat.members", GX_U32, r.items);
    }
    *out = r;
done:
    return status;
}

/* ---- one item ------------------------------------------------------------------------------- */

/* The item's own field: true, or how long it lasts. */
static bool field_says(double *days, const gx_columns *columns, gx_arena *arena, uint32_t item,
                       const char *field) {
    const gx_value v = gx_columns_get(columns, arena, item, field);
    const gx_slice text = {v.type == GX_TEXT ? v.as.text : "", v.type == GX_TEXT ? v.size : 0};
    int64_t ms;
    if (gx_parse_duration_ms(text, &ms) && ms > 0) {
        *days = (double)ms / DAY_MS;
        return true;
    }
    return gx_says_yes(&v);
}

/* Whether the item is wanted again; *days: how long it lasts by its field or the setting. */
static bool is_wanted(double *days, const gx_repeat *r, const gx_member_times *times,
                      const gx_columns *columns, gx_arena *arena, uint32_t item) {
    *days = r->days;
    bool marked = false;
    if (columns) {
        marked = field_says(days, columns, arena, item, "repeat") ||
                 field_says(days, columns, arena, item, "attr_repeat") ||
                 (r->where && gx_where_row(r->where, columns, item));
    }
    return marked || r->any || times->wanted;
}

static double due(double x) {
    return x < FIRST ? 0 : x < 1 ? (x - FIRST) / (1 - FIRST) : 1 / (1 + (x - 1) / FADES);
}

static gx_again again_of(const gx_repeat *r, const gx_member_times *times, uint32_t item,
                         double days, int64_t now_ms) {
    const bool own = times->count > 1;
    const bool known = r->item_days && r->item_members && item < r->items &&
                       r->item_members[item] >= r->min_count && r->item_members[item] > 0 &&
                       r->item_days[item] > 0;
    if (own) {
        days = ((double)times->last_ms - (double)times->first_ms) / (times->count - 1) / DAY_MS;
    } else if (known) {
        days = (double)r->item_days[item];
    }
    const double x = ((double)now_ms - (double)times->last_ms) / DAY_MS / days;
    return (gx_again){.item = item,
                      .due = (float)(due(x) * times->count / (times->count + 1.0)),
                      .days = (float)days,
                      .own = own};
}

/* ---- one member ----------------------------------------------------------------------------- */

gx_status gx_repeat_apply(gx_member_live *live, const gx_repeat *repeat, const gx_columns *columns,
                          gx_arena *arena, gx_error *err) {
    const gx_history *history = &live->rec.history;
    uint32_t bought = 0, made = 0;
    for (uint32_t k = 0; k < history->count && !repeat->off; k++) {
        bought += live->times[k].count > 0 && history->weight[k] > 0;
    }
    if (bought == 0) {
        return GX_OK;
    }
    uint8_t *did = gx_arena_get(arena, history->count);
    gx_again *again = gx_arena_get(arena, bought * sizeof *again);
    if (!did || !again) {
        return gx_fail_memory(err, history->count + bought * sizeof *again);
    }
    memcpy(did, live->did, history->count);
    for (uint32_t k = 0; k < history->count; k++) {
        const gx_member_times *times = &live->times[k];
        double days;
        if (times->count == 0 || !(history->weight[k] > 0) ||
            !is_wanted(&days, repeat, times, columns, arena, history->item[k])) {
            continue;
        }
        const gx_again one = again_of(repeat, times, history->item[k], days, live->rec.now_ms);
        if (one.due > 0) {
            did[k] |= GX_DID_AGAIN;
            again[made++] = one;
        }
    }
    live->did = did;
    live->rec.again = again;
    live->rec.again_count = made;
    return GX_OK;
}
