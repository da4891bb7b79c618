/* Whom a push leaves out, and when each is sent. */
#include "api/lists/push.h"

#include "api/lists/known.h"
#include "api/lists/why.h"

#include <stdio.h>
#include <xxhash.h>

static const int64_t MINUTE_MS = 60000;
static const int DAY_MINUTES = 1440;

const char *gx_push_left_name(gx_push_left why) {
    static const char *const names[] = {
#define X(name, text) text,
        GX_PUSH_LEFT_MAP(X)
#undef X
    };
    return (unsigned)why < GX_PUSH_LEFT_COUNT ? names[why] : "none";
}

static int64_t floor_to(int64_t value, int64_t unit) {
    const int64_t rest = value % unit;
    return value - (rest < 0 ? rest + unit : rest);
}

/* ---- arguments ------------------------------------------------------------------------------ */

/* "22:00" in minutes of the day; 24:00 is 00:00. */
static bool read_clock(int *out, gx_slice text) {
    int64_t hour, minute = 0;
    const char *colon = memchr(text.data, ':', text.size);
    const size_t size = colon ? (size_t)(colon - text.data) : text.size;
    if (size == 0 || size > 2 || !gx_parse_int((gx_slice){text.data, size}, &hour)) {
        return false;
    }
    if (colon && (text.size - size != 3 ||
                  !gx_parse_int((gx_slice){colon + 1, text.size - size - 1}, &minute))) {
        return false;
    }
    if (hour < 0 || minute < 0 || minute > 59 || hour * 60 + minute > DAY_MINUTES) {
        return false;
    }
    *out = (int)(hour * 60 + minute) % DAY_MINUTES;
    return true;
}

static gx_status read_quiet(gx_push_rules *rules, const gx_args *args, gx_error *err) {
    const gx_slice text = gx_arg_text(args, "quiet");
    const char *dash = text.size > 0 ? memchr(text.data, '-', text.size) : NULL;
    char shown[64];
    if (!gx_arg_has(args, "quiet")) {
        return GX_OK;
    }
    const size_t size = dash ? (size_t)(dash - text.data) : 0;
    if (dash && read_clock(&rules->quiet_from, (gx_slice){text.data, size}) &&
        read_clock(&rules->quiet_to, (gx_slice){dash + 1, text.size - size - 1}) &&
        rules->quiet_from != rules->quiet_to) {
        return GX_OK;
    }
    return gx_fail_at(err, GX_BAD_REQUEST, "quiet",
                      "quiet: %s was given; accepted are two different times of the day, like "
                      "22:00-08:00",
                      gx_quote(shown, sizeof shown, text.data, text.size));
}

static gx_status read_zone(gx_push_rules *rules, const gx_args *args, gx_error *err) {
    const gx_slice text = gx_arg_text(args, "tz");
    gx_status status = gx_zones_create(&rules->zones, err);
    if (status != GX_OK) {
        return status;
    }
    rules->zone = gx_zones_find(rules->zones, text);
    if (rules->zone) {
        return GX_OK;
    }
    if (gx_zones_starved(rules->zones)) {
        return gx_fail_memory(err, text.size);
    }
    char shown[80];
    return gx_fail_at(
        err, GX_BAD_REQUEST, "tz",
        "tz: %s was given; accepted are offsets like +08:00, UTC, and names of the tz "
        "database like Asia/Shanghai",
        gx_quote(shown, sizeof shown, text.data, text.size));
}

static gx_status read_text(const char **out, gx_call_env *call, const char *name, size_t most,
                           gx_error *err) {
    const gx_slice text = gx_arg_text(call->args, name);
    *out = NULL;
    if (!gx_arg_has(call->args, name)) {
        return GX_OK;
    }
    if (text.size == 0 || text.size > most || !gx_utf8_is_valid(text.data, text.size) ||
        memchr(text.data, 0, text.size)) {
        char shown[80];
        return gx_fail_at(err, GX_BAD_REQUEST, name,
                          "%s: %s was given; accepted is a text of 1 to %zu bytes", name,
                          gx_quote(shown, sizeof shown, text.data, text.size), most);
    }
    *out = gx_arena_printf(call->arena, "%.*s", (int)text.size, text.data);
    return *out ? GX_OK : gx_fail_memory(err, text.size);
}

static gx_status read_experiment(gx_push_rules *rules, gx_call_env *call, gx_error *err) {
    const gx_slice arm = gx_arg_text(call->args, "arm");
    rules->arm = GX_NONE;
    rules->has_experiment = gx_arg_has(call->args, "experiment");
    if (!rules->has_experiment) {
        return GX_OK;
    }
    gx_status status = gx_experiment_find(&rules->experiment, call->txn, call->arena, "experiment",
                                          gx_arg_text(call->args, "experiment"), err);
    for (uint32_t a = 0; status == GX_OK && a < rules->experiment.arms; a++) {
        rules->arm = gx_slice_is(arm, rules->experiment.arm[a]) ? a : rules->arm;
    }
    if (status == GX_OK && arm.size > 0 && rules->arm == GX_NONE) {
        char shown[80];
        status =
            gx_fail_at(err, GX_BAD_REQUEST, "arm", "arm: experiment %s has no arm %s",
                       rules->experiment.name, gx_quote(shown, sizeof shown, arm.data, arm.size));
    }
    return status;
}

static gx_status read_all(gx_push_rules *rules, gx_call_env *call, gx_error *err) {
    const gx_args *args = call->args;
    gx_status status;
    char time[32];
    rules->send_ms = gx_arg_has(args, "send") ? gx_arg_int(args, "send") : gx_time_ms();
    rules->over_ms = gx_arg_int(args, "over");
    rules->cap = (uint32_t)gx_arg_int(args, "cap");
    rules->cap_ms = gx_arg_int(args, "cap_window");
    rules->again_ms = gx_arg_int(args, "again");
    GX_TRY(read_text(&rules->name, call, "push", GX_PUSH_NAME_BYTES, err));
    GX_TRY(read_text(&rules->consent, call, "consent", GX_ID_BYTES_MAX, err));
    if (rules->consent) {
        GX_TRY(gx_known_member_answer(call, "consent", gx_slice_of(rules->consent), err));
    }
    GX_TRY(read_text(&rules->holdout.salt, call, "holdout_name", GX_ID_BYTES_MAX, err));
    GX_TRY(read_quiet(rules, args, err));
    GX_TRY(read_zone(rules, args, err));
    GX_TRY(read_experiment(rules, call, err));
    if (!rules->name) {
        rules->name = gx_arena_printf(call->arena, "%s", gx_format_time_ms(time, rules->send_ms));
        status = rules->name ? GX_OK : gx_fail_memory(err, sizeof time);
    }
    rules->holdout.holdout = gx_arg_real(args, "holdout");
done:
    return status;
}

gx_status gx_push_rules_read(gx_push_rules *out, gx_call_env *call, gx_error *err) {
    gx_push_rules rules = {0};
    gx_status status = read_all(&rules, call, err);
    if (status != GX_OK) {
        gx_push_rules_finish(&rules);
        return status;
    }
    *out = rules;
    return GX_OK;
}

void gx_push_rules_finish(gx_push_rules *rules) {
    gx_zones_destroy(rules->zones);
    rules->zones = NULL;
}

/* ---- who ------------------------------------------------------------------------------------ */

static const gx_value *field_of(const gx_value *record, const char *name, const char *with_attr) {
    const gx_value *value = gx_map_get(record, name);
    return value ? value : gx_map_get(record, with_attr);
}

gx_answer gx_push_answer(const char *consent, const gx_value *record) {
    char name[GX_ID_BYTES_MAX + 8];
    const gx_answer push = gx_answer_of(field_of(record, "push", "attr_push"));
    if (push == GX_ANSWER_NO || push == GX_ANSWER_UNCLEAR) {
        return push;
    }
    if (!consent) {
        return GX_ANSWER_YES;
    }
    snprintf(name, sizeof name, "attr_%s", consent);
    const gx_answer said = gx_answer_of(field_of(record, consent, name));
    return said == GX_ANSWER_SILENT ? GX_ANSWER_NO : said;
}

gx_push_left gx_push_who(uint32_t *out_arm, const gx_push_rules *rules, gx_slice user,
                         const gx_value *record) {
    *out_arm = GX_NONE;
    if (rules->has_experiment) {
        *out_arm = gx_experiment_arm(&rules->experiment, user);
    }
    if (*out_arm == GX_HOLDOUT ||
        (rules->holdout.holdout > 0 && gx_experiment_arm(&rules->holdout, user) == GX_HOLDOUT)) {
        return GX_PUSH_LEFT_HOLDOUT;
    }
    if (rules->arm != GX_NONE && *out_arm != rules->arm) {
        return GX_PUSH_LEFT_ARM;
    }
    if (gx_is_departed(record, gx_time_ms())) {
        return GX_PUSH_LEFT_DEPARTED;
    }
    const gx_answer said = gx_push_answer(rules->consent, record);
    return said == GX_ANSWER_YES       ? GX_PUSH_GOES
           : said == GX_ANSWER_UNCLEAR ? GX_PUSH_LEFT_UNCLEAR
                                       : GX_PUSH_LEFT_CONSENT;
}

/* ---- when ----------------------------------------------------------------------------------- */

static uint64_t hash_of(const gx_push_rules *rules, gx_slice user, uint64_t purpose) {
    const uint64_t seed = XXH3_64bits_withSeed(rules->name, strlen(rules->name), purpose);
    return XXH3_64bits_withSeed(user.data, user.size, seed);
}

static const gx_zone *zone_of(const gx_push_rules *rules, const gx_value *record) {
    const gx_value *tz = field_of(record, "tz", "attr_tz");
    const gx_zone *own = tz && tz->type == GX_TEXT
                             ? gx_zones_find(rules->zones, (gx_slice){tz->as.text, tz->size})
                             : NULL;
    return own ? own : rules->zone;
}

/* Minutes until the quiet hours of this moment end; 0: it is not quiet. */
static int quiet_left(const gx_push_rules *rules, const gx_zone *zone, int64_t at_ms) {
    const int64_t local = at_ms + (int64_t)gx_zone_offset_s(zone, at_ms) * 1000;
    const int64_t day_ms = DAY_MINUTES * MINUTE_MS;
    const int minute = (int)((local - floor_to(local, day_ms)) / MINUTE_MS);
    const int from = rules->quiet_from, to = rules->quiet_to;
    const bool quiet = from < to ? minute >= from && minute < to : minute >= from || minute < to;
    return quiet ? (to - minute + DAY_MINUTES) % DAY_MINUTES : 0;
}

int64_t gx_push_time(bool *out_moved, const gx_push_rules *rules, gx_slice user,
                     const gx_value *record) {
    const double part = (double)(hash_of(rules, user, 2) >> 11) * 0x1p-53;
    const int64_t first = -floor_to(-rules->send_ms, MINUTE_MS); /* not before `send` */
    int64_t at = floor_to(first + (int64_t)(part * (double)rules->over_ms), MINUTE_MS);
    *out_moved = false;
    if (rules->quiet_from == rules->quiet_to) {
        return at;
    }
    const gx_zone *zone = zone_of(rules, record);
    /* Once, or again where the clocks change on the way. */
    for (int k = 0, left; k < 3 && (left = quiet_left(rules, zone, at)) > 0; k++) {
        at += left * MINUTE_MS;
        *out_moved = true;
    }
    return at;
}

/* ---- the log -------------------------------------------------------------------------------- */

static void write_request(char *out, size_t size, const gx_push_rules *rules, gx_slice user) {
    snprintf(out, size, "push/%s/%016llx", rules->name,
             (unsigned long long)XXH3_64bits(user.data, user.size));
}

gx_value gx_push_request(gx_arena *arena, const gx_push_rules *rules, gx_slice user) {
    char text[GX_PUSH_NAME_BYTES + 32];
    write_request(text, sizeof text, rules, user);
    return gx_text_copy(arena, text, strlen(text));
}

enum { PUSHES_TOLD = 1001 }; /* more than the largest cap */

typedef struct log_reader {
    const gx_push_rules *rules;
    gx_arena *arena;
    gx_slice own; /* this push's request id */
    int64_t at_ms;
    uint64_t *seen; /* hashes of the pushes within the window */
    uint32_t pushes, items, room;
    uint32_t *item;
} log_reader;

static bool within(int64_t ts_ms, int64_t at_ms, int64_t window_ms) {
    return ts_ms > at_ms - window_ms && ts_ms < at_ms + window_ms;
}

static gx_status take_item(log_reader *r, uint32_t item, gx_error *err) {
    if (r->items == r->room) {
        const uint32_t room = r->room ? r->room * 2 : 32;
        uint32_t *grown = gx_arena_get(r->arena, room * sizeof *grown);
        if (!grown) {
            return gx_fail_memory(err, room * sizeof *grown);
        }
        if (r->items > 0) {
            memcpy(grown, r->item, r->items * sizeof *grown);
        }
        r->item = grown;
        r->room = room;
    }
    r->item[r->items++] = item;
    return GX_OK;
}

static gx_status take_shown(void *user, const gx_impression *row, gx_error *err) {
    static const char head[] = "push/";
    log_reader *r = user;
    const size_t size = sizeof head - 1;
    if (row->request_id.size <= size || memcmp(row->request_id.data, head, size) != 0 ||
        gx_slice_equal(row->request_id, r->own)) {
        return GX_OK;
    }
    if (r->rules->cap > 0 && within(row->ts_ms, r->at_ms, r->rules->cap_ms)) {
        const uint64_t hash = XXH3_64bits(row->request_id.data, row->request_id.size);
        uint32_t k = 0;
        while (k < r->pushes && r->seen[k] != hash) {
            k++;
        }
        if (k == r->pushes && r->pushes < PUSHES_TOLD) {
            r->seen[r->pushes++] = hash;
        }
    }
    return r->rules->again_ms > 0 && within(row->ts_ms, r->at_ms, r->rules->again_ms)
               ? take_item(r, row->item, err)
               : GX_OK;
}

gx_status gx_push_log_read(gx_push_log *out, const gx_push_rules *rules, gx_txn *txn, uint32_t user,
                           gx_slice word, int64_t at_ms, gx_arena *arena, gx_error *err) {
    uint64_t seen[PUSHES_TOLD];
    char own[GX_PUSH_NAME_BYTES + 32];
    const int64_t capped = rules->cap > 0 ? rules->cap_ms : 0;
    const int64_t window = capped > rules->again_ms ? capped : rules->again_ms;
    *out = (gx_push_log){0};
    if (window == 0) {
        return GX_OK;
    }
    write_request(own, sizeof own, rules, word);
    log_reader r = {
        .rules = rules, .arena = arena, .own = gx_slice_of(own), .at_ms = at_ms, .seen = seen};
    gx_status status =
        gx_impression_of_user(txn, user, at_ms - window + 1, at_ms + window, take_shown, &r, err);
    if (status == GX_OK) {
        *out = (gx_push_log){rules->cap > 0 && r.pushes >= rules->cap, r.item, r.items};
    }
    return status;
}
