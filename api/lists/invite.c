/* Who of an audience may be asked to come. */
#include "api/lists/invite.h"

#include "api/lists/known.h"
#include "api/lists/push.h"

#include <math.h>
#include <stdio.h>

static const int64_t NOT_TOLD = GX_NO_END;
enum { USUAL = 100, MOST = 10000 };

/* ---- what the item tells -------------------------------------------------------------------- */

/* The field, or that with attr_ before it; nil: neither. */
static gx_value item_field(gx_arena *arena, const gx_columns *columns, uint32_t item,
                           const char *name) {
    char longer[32];
    gx_value value = gx_columns_get(columns, arena, item, name);
    snprintf(longer, sizeof longer, "attr_%s", name);
    return value.type == GX_NIL ? gx_columns_get(columns, arena, item, longer) : value;
}

static bool on_the_globe(const double place[2]) {
    return fabs(place[0]) <= 90 && fabs(place[1]) <= 180;
}

static void read_item(gx_invite *invite, gx_arena *arena, const gx_columns *columns,
                      uint32_t item) {
    double capacity;
    const gx_value lat = item_field(arena, columns, item, "lat");
    const gx_value lon = item_field(arena, columns, item, "lon");
    const gx_value room = item_field(arena, columns, item, "capacity");
    if (!gx_value_as_number(&lat, &invite->place[0]) ||
        !gx_value_as_number(&lon, &invite->place[1]) || !on_the_globe(invite->place)) {
        invite->place[0] = invite->place[1] = (double)NAN;
    }
    invite->event = gx_columns_is(columns, item, "kind", gx_slice_of("event"));
    invite->capacity = gx_value_as_number(&room, &capacity) && capacity >= 0 && capacity < 1e9
                           ? (int64_t)capacity
                           : NOT_TOLD;
    invite->ends_ms = gx_columns_end(columns, item);
}

gx_status gx_invite_read(gx_invite *out, gx_audience *audience, const gx_columns *columns,
                         uint32_t item, gx_error *err) {
    gx_status status = GX_OK;
    gx_call_env *call = audience->call;
    const gx_slice consent = gx_arg_text(call->args, "consent");
    gx_invite invite = {.audience = audience};
    GX_TRY(gx_segment_read(&invite.segment, call, err));
    read_item(&invite, call->arena, columns, item);
    if (gx_arg_has(call->args, "within")) {
        invite.within = gx_arg_real(call->args, "within");
        if (isnan(invite.place[0])) {
            return gx_fail_at(err, GX_BAD_REQUEST, "within",
                              "within: the item has no place; it is told by its fields lat and "
                              "lon, in degrees");
        }
    }
    if (gx_arg_has(call->args, "per_circle")) {
        invite.per_circle = (uint32_t)gx_arg_int(call->args, "per_circle");
        invite.of_circle =
            gx_arena_get(call->arena, (call->state->circles + 1) * sizeof *invite.of_circle);
        if (!invite.of_circle) {
            return gx_fail_memory(err, call->state->circles * sizeof *invite.of_circle);
        }
        memset(invite.of_circle, 0, (call->state->circles + 1) * sizeof *invite.of_circle);
    }
    if (gx_arg_has(call->args, "consent")) {
        if (consent.size == 0 || consent.size > GX_ID_BYTES_MAX) {
            return gx_fail_at(err, GX_BAD_REQUEST, "consent",
                              "consent: it was given without the name of a field");
        }
        invite.consent = gx_arena_printf(call->arena, "%.*s", (int)consent.size, consent.data);
        if (!invite.consent) {
            return gx_fail_memory(err, consent.size);
        }
        GX_TRY(gx_known_member_answer(call, "consent", consent, err));
    }
    invite.asks = invite.segment.given || invite.within > 0 || invite.consent || invite.event;
    *out = invite;
done:
    return status;
}

uint32_t gx_invite_wanted(const gx_invite *invite) {
    const gx_args *args = invite->audience->call->args;
    if (gx_arg_has(args, "n")) {
        return (uint32_t)gx_arg_int(args, "n");
    }
    if (!invite->event || invite->capacity == NOT_TOLD) {
        return USUAL;
    }
    const int64_t places = invite->capacity - invite->joined;
    return places < 0 ? 0 : places > MOST ? MOST : (uint32_t)places;
}

/* ---- who ------------------------------------------------------------------------------------ */

static double distance_to(const gx_invite *invite, const gx_value *record) {
    static const char *const names[][2] = {{"lat", "lon"}, {"attr_lat", "attr_lon"}};
    double place[2];
    for (size_t k = 0; k < GX_COUNT(names) && !isnan(invite->place[0]); k++) {
        if (gx_value_as_number(gx_map_get(record, names[k][0]), &place[0]) &&
            gx_value_as_number(gx_map_get(record, names[k][1]), &place[1]) && on_the_globe(place)) {
            return gx_distance_km(invite->place[0], invite->place[1], place[0], place[1]);
        }
    }
    return (double)NAN;
}

static gx_status ask(gx_invite_left *out, const gx_invite *invite, gx_segment_row *row,
                     uint32_t user, int64_t now_ms, gx_arena *arena, gx_error *err) {
    gx_status status = GX_OK;
    gx_txn *txn = invite->audience->call->txn;
    gx_value record;
    bool inside = false;
    *out = GX_INVITE_LEFT_SEGMENT;
    GX_TRY(gx_record_get(&record, txn, arena, GX_SPACE_USER, user, err));
    GX_TRY(gx_segment_has(&inside, &invite->segment, row, txn, user, &record, err));
    if (!inside) {
        return GX_OK;
    }
    *out = GX_INVITE_GOES;
    if (gx_is_departed(&record, now_ms)) {
        *out = GX_INVITE_LEFT_DEPARTED;
        return GX_OK;
    }
    if (invite->within > 0) {
        const double far = distance_to(invite, &record);
        *out = isnan(far)             ? GX_INVITE_LEFT_PLACE
               : far > invite->within ? GX_INVITE_LEFT_FAR
                                      : GX_INVITE_GOES;
    }
    if (*out == GX_INVITE_GOES && (invite->event || invite->consent) &&
        gx_push_answer(invite->consent, &record) != GX_ANSWER_YES) {
        const bool unclear = gx_push_answer(invite->consent, &record) == GX_ANSWER_UNCLEAR;
        *out = unclear ? GX_INVITE_LEFT_UNCLEAR : GX_INVITE_LEFT_CONSENT;
    }
done:
    return status;
}

/* Whether the member has it now: joined and did not take it back; or was there. */
static gx_status has_joined(bool *out, const gx_invite *invite, const gx_columns *columns,
                            uint32_t user, uint32_t item, gx_arena *arena, gx_error *err) {
    gx_member_live live;
    const gx_call_env *call = invite->audience->call;
    gx_status status =
        gx_member_read_bars(&live, call->txn, call->state, columns, user, arena, err);
    *out = false;
    for (uint32_t h = 0; status == GX_OK && h < live.rec.history.count; h++) {
        if (live.rec.history.item[h] == item) {
            *out = (live.did[h] & GX_DID_HAVE) != 0 || live.times[h].count > 0;
        }
    }
    return status;
}

static gx_status find_joined(gx_invite *invite, const gx_columns *columns, uint32_t item,
                             bool joined_too, gx_arena *arena, gx_error *err) {
    gx_status status = GX_OK;
    gx_audience *a = invite->audience;
    const gx_matrix *m = &a->views.matrix;
    for (uint32_t u = 0; u < a->users && invite->event; u++) {
        bool touched = false, joined = false;
        for (uint64_t k = m->ptr[u]; k < m->ptr[u + 1] && !touched; k++) {
            touched = m->col[k] == item;
        }
        if (!touched) {
            continue;
        }
        gx_arena_reset(arena);
        GX_TRY(gx_job_check(a->call->job, err));
        GX_TRY(has_joined(&joined, invite, columns, u, item, arena, err));
        invite->joined += joined;
        if (joined && !joined_too) {
            invite->left[GX_INVITE_LEFT_JOINED]++;
            a->count -= !a->out[u];
            a->out[u] = 1;
        }
    }
done:
    return status;
}

static gx_status leave_departed(gx_invite *invite, gx_error *err) {
    gx_audience *a = invite->audience;
    gx_job *job = a->call->job;
    gx_status status = GX_OK;
    uint8_t *gone;
    GX_TRY(gx_job_alloc(job, &gone, (size_t)a->users + 1, 1, err));
    GX_TRY(gx_departed_mark(gone, a->users, a->call->txn, job, err));
    for (uint32_t u = 0; u < a->users; u++) {
        if (gone[u] && !a->out[u]) {
            invite->left[GX_INVITE_LEFT_DEPARTED]++;
            a->out[u] = 1;
            a->count--;
        }
    }
done:
    gx_job_free(job, gone);
    return status;
}

gx_status gx_invite_choose(gx_invite *invite, const gx_columns *columns, uint32_t item,
                           bool joined_too, gx_error *err) {
    enum { LOOKS = 1024 };
    gx_status status = GX_OK;
    gx_audience *a = invite->audience;
    gx_segment_row row = {0};
    const int64_t now_ms = gx_time_ms();
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, 0);
    }
    GX_TRY(find_joined(invite, columns, item, joined_too, arena, err));
    if (!invite->asks) { /* who has gone is in no audience; the rest is not asked */
        GX_TRY(leave_departed(invite, err));
    }
    for (uint32_t u = 0; u < a->users && invite->asks; u++) {
        gx_invite_left left = GX_INVITE_GOES;
        if (u % LOOKS == 0) {
            GX_TRY(gx_job_check(a->call->job, err));
        }
        if (a->out[u]) {
            continue;
        }
        gx_arena_reset(arena);
        GX_TRY(ask(&left, invite, &row, u, now_ms, arena, err));
        if (left != GX_INVITE_GOES) {
            invite->left[left]++;
            a->out[u] = 1;
            a->count--;
        }
    }
done:
    gx_segment_row_finish(&row);
    gx_arena_destroy(arena);
    return status;
}

bool gx_invite_circle_full(gx_invite *invite, uint32_t user) {
    const gx_state *state = invite->audience->call->state;
    const uint32_t circle =
        invite->of_circle ? gx_rec_circle(state->rec, user, NULL, 0) : state->circles;
    if (circle >= state->circles) {
        return false;
    }
    const bool full = invite->of_circle[circle] >= invite->per_circle;
    invite->of_circle[circle] += !full;
    invite->left[GX_INVITE_LEFT_CIRCLE] += full;
    return full;
}

gx_status gx_invite_distance(double *out, const gx_invite *invite, uint32_t user, gx_error *err) {
    gx_call_env *call = invite->audience->call;
    gx_value record;
    *out = (double)NAN;
    if (isnan(invite->place[0])) {
        return GX_OK;
    }
    gx_status status = gx_record_get(&record, call->txn, call->arena, GX_SPACE_USER, user, err);
    *out = status == GX_OK ? distance_to(invite, &record) : (double)NAN;
    return status;
}

/* ---- the answer ----------------------------------------------------------------------------- */

gx_value gx_invite_over(const gx_invite *invite, int64_t now_ms) {
    if (!invite->event || invite->ends_ms == NOT_TOLD || invite->ends_ms > now_ms) {
        return gx_nil();
    }
    return gx_filter_why(invite->audience->call->arena, "over", (gx_slice){"", 0},
                         "The event is over", "活动已结束");
}

void gx_invite_tell(gx_value *out, const gx_invite *invite) {
    static const char *const names[] = {
#define X(name, text) text,
        GX_INVITE_LEFT_MAP(X)
#undef X
    };
    gx_arena *arena = invite->audience->call->arena;
    gx_value left = gx_map(arena, GX_INVITE_LEFT_COUNT);
    const bool told = invite->capacity != NOT_TOLD;
    const int64_t places = told ? invite->capacity - invite->joined : 0;
    if (invite->event) {
        gx_map_put(arena, out, "joined", gx_int(invite->joined));
        gx_map_put(arena, out, "capacity", told ? gx_int(invite->capacity) : gx_nil());
        gx_map_put(arena, out, "places", told ? gx_int(places > 0 ? places : 0) : gx_nil());
    }
    for (size_t k = 0; k < GX_COUNT(names); k++) {
        gx_map_put(arena, &left, names[k], gx_int(invite->left[k]));
    }
    gx_map_put(arena, out, "left_out", left);
}
