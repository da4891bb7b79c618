/* What is live about one member.
 *
 * History: what the member's events with each item come to (graph/csr/signal.h), as the matrix of
 * a build has it, and besides what is against an item. Friends: everybody tied to the member now,
 * by the strength that the snapshot gives the tie, else by a default from the tie's weight and
 * kind; who is blocked, either way, is nobody, and so is who has departed. Leaders of the member's
 * circle are read besides, without a tie. */
#include "api/people/member.h"

#include "api/people/alike.h"
#include "api/people/people.h"
#include "api/vector.h"
#include "engine/operations/tie_parts.h"
#include "graph/csr/departed.h"
#include "graph/csr/signal.h"

#include <math.h>
#include <stdlib.h>

static const double DAY_MS = 86400000.0;
static const int RECENT_DAYS = 30;

typedef struct reader {
    gx_txn *txn;
    const gx_state *state;
    gx_arena *arena;
    uint32_t user;
    bool bars;        /* only history and rules are asked for */
    int64_t until_ms; /* what happened then or later is not seen */
    int64_t newest_ms;
    vector deeds; /* gx_deed: own events */
    gx_people people;
    vector acts;   /* gx_act: what they did */
    vector recent; /* gx_event_core: of one of them */
    vector theirs; /* gx_deed: the same, where some speak against an item */
    double buy_weight;
} reader;

/* ---- history -------------------------------------------------------------------------------- */

static gx_status add_deed(vector *deeds, const reader *r, const gx_event_core *event,
                          gx_error *err) {
    gx_deed *d = vector_add(deeds);
    if (!d) {
        return gx_fail_memory(err, deeds->capacity * sizeof *d);
    }
    *d = gx_deed_of(event, gx_action_rule_of(&r->state->rules, r->txn, event->action),
                    (uint32_t)deeds->count);
    return GX_OK;
}

/* All events of the member, newest first: the array grows until they fit. The caller frees it. */
static gx_status read_own(gx_event_core **out, size_t *out_count, const reader *r, gx_error *err) {
    enum { FIRST = 256 };
    for (size_t limit = FIRST;; limit *= 4) {
        gx_event_core *events = gx_alloc(limit, sizeof *events);
        if (!events) {
            return gx_fail_memory(err, limit * sizeof *events);
        }
        gx_status status = gx_event_recent(events, out_count, r->txn, r->user, limit, err);
        if (status == GX_OK && *out_count < limit) {
            *out = events;
            return GX_OK;
        }
        gx_free(events);
        if (status != GX_OK) {
            return status;
        }
    }
}

static gx_status read_deeds(reader *r, gx_error *err) {
    gx_event_core *events = NULL;
    size_t count = 0;
    gx_status status = read_own(&events, &count, r, err);
    for (size_t i = count; status == GX_OK && i-- > 0;) { /* oldest first */
        if (events[i].ts_ms >= r->until_ms) {
            continue;
        }
        r->newest_ms = events[i].ts_ms > r->newest_ms ? events[i].ts_ms : r->newest_ms;
        if (events[i].item != GX_NONE) {
            status = add_deed(&r->deeds, r, &events[i], err);
        }
    }
    gx_free(events);
    return status;
}

static uint8_t did_of(const gx_signal *s) {
    return (uint8_t)((s->seen ? GX_DID_HAVE : 0) | (s->value < 0 ? GX_DID_DISLIKE : 0) |
                     (s->value < 0 && s->returned ? GX_DID_RETURN : 0));
}

/* The history, one entry an item. */
static gx_status make_history(gx_member_live *out, reader *r, gx_error *err) {
    size_t count = r->deeds.count;
    gx_deed *deeds = r->deeds.data;
    uint32_t *item = gx_arena_get(r->arena, count * sizeof *item + 1);
    uint32_t *action = gx_arena_get(r->arena, count * sizeof *action + 1);
    float *weight = gx_arena_get(r->arena, count * sizeof *weight + 1);
    int64_t *ts = gx_arena_get(r->arena, count * sizeof *ts + 1);
    uint8_t *did = gx_arena_get(r->arena, count + 1);
    gx_member_times *times = gx_arena_get(r->arena, count * sizeof *times + 1);
    if (!item || !action || !weight || !ts || !did || !times) {
        return gx_fail_memory(err, count * (21 + sizeof *times));
    }
    gx_deeds_sort(deeds, count);
    uint32_t made = 0;
    for (size_t from = 0, to; from < count; from = to, made++) {
        gx_signal s;
        to = gx_deeds_run(deeds, from, count);
        item[made] = deeds[from].item;
        gx_signal_make(&s, deeds + from, to - from, r->newest_ms, true);
        weight[made] = (float)s.value;
        ts[made] = s.last_ms;
        action[made] = s.action;
        did[made] = did_of(&s);
        times[made] = (gx_member_times){s.first_ms, s.again_ms, s.times, s.has && !s.seen};
    }
    out->rec.history = (gx_history){r->user, made, item, weight, ts};
    out->did = did;
    out->action = action;
    out->times = times;
    return GX_OK;
}

/* ---- ties ----------------------------------------------------------------------------------- */

typedef struct heard {
    gx_friend *friend;
    uint32_t count;
    gx_arena *scratch; /* of one record at a time */
} heard;

/* Unless they have departed by the time that is read of. */
static gx_status hear(heard *h, const reader *r, const gx_friend *person, gx_error *err) {
    const int64_t by_ms = r->until_ms == INT64_MAX ? 0 : r->until_ms;
    bool gone = false;
    gx_arena_reset(h->scratch);
    gx_status status = gx_user_departed(&gone, r->txn, h->scratch, person->user, by_ms, err);
    if (status == GX_OK && !gone) {
        h->friend[h->count++] = *person;
    }
    return status;
}

/* Friends by falling strength. */
static gx_status hear_tied(heard *h, const reader *r, gx_error *err) {
    const size_t count = r->people.count;
    gx_status status = GX_OK;
    gx_person *sorted = gx_alloc(count + 1, sizeof *sorted);
    if (!sorted) {
        return gx_fail_memory(err, count * sizeof *sorted);
    }
    if (count > 0) {
        memcpy(sorted, r->people.person, count * sizeof *sorted);
        qsort(sorted, count, sizeof *sorted, gx_person_by_strength);
    }
    for (size_t i = 0; status == GX_OK && i < count && h->count < GX_MEMBER_FRIENDS; i++) {
        if (!sorted[i].blocked && sorted[i].strength > 0) {
            const gx_friend person = {.user = sorted[i].user,
                                      .strength = sorted[i].strength,
                                      .followed = sorted[i].followed,
                                      .tied_as = sorted[i].tied_as};
            status = hear(h, r, &person, err);
        }
    }
    gx_free(sorted);
    return status;
}

/* The leaders of the circle whom the member has no tie to. */
static gx_status hear_leaders(heard *h, const reader *r, gx_error *err) {
    uint32_t leaders[GX_REC_CIRCLE_LEADERS];
    const uint32_t circle = gx_rec_circle(r->state->rec, r->user, h->friend, h->count);
    const uint32_t count = gx_rec_circle_leaders(leaders, r->state->rec, circle);
    gx_status status = GX_OK;
    for (uint32_t k = 0; status == GX_OK && k < count; k++) {
        if (leaders[k] != r->user && !gx_people_find(&r->people, leaders[k])) {
            status = hear(h, r, &(gx_friend){.user = leaders[k]}, err);
        }
    }
    return status;
}

static gx_status make_friends(gx_friend **out, uint32_t *out_count, reader *r, gx_error *err) {
    const size_t most = GX_MEMBER_FRIENDS + GX_REC_CIRCLE_LEADERS;
    heard h = {.friend = gx_arena_get(r->arena, most * sizeof *h.friend),
               .scratch = gx_arena_create()};
    gx_status status = GX_OK;
    if (!h.friend || !h.scratch) {
        status = gx_fail_memory(err, most * sizeof *h.friend);
        goto done;
    }
    GX_TRY(hear_tied(&h, r, err));
    GX_TRY(hear_leaders(&h, r, err));
    *out = h.friend;
    *out_count = h.count;
done:
    gx_arena_destroy(h.scratch);
    return status;
}

/* ---- acts ----------------------------------------------------------------------------------- */

static gx_status add_act(reader *r, uint32_t user, const gx_deed *deed, gx_error *err) {
    gx_act *act = vector_add(&r->acts);
    if (!act) {
        return gx_fail_memory(err, r->acts.capacity * sizeof *act);
    }
    *act = (gx_act){user, deed->item, deed->action, (float)(deed->weight / r->buy_weight),
                    deed->ts_ms};
    return GX_OK;
}

/* What somebody said against an item, or took back, is no word for it. */
static gx_status add_standing(reader *r, uint32_t user, gx_error *err) {
    gx_deed *deeds = r->theirs.data;
    gx_status status = GX_OK;
    gx_deeds_sort(deeds, r->theirs.count);
    for (size_t from = 0, to; from < r->theirs.count; from = to) {
        gx_signal s;
        to = gx_deeds_run(deeds, from, r->theirs.count);
        gx_signal_make(&s, deeds + from, to - from, r->newest_ms, false);
        for (size_t k = from; s.value > 0 && k < to && status == GX_OK; k++) {
            status = deeds[k].counts ? add_act(r, user, &deeds[k], err) : GX_OK;
        }
    }
    return status;
}

/* The acts of one person, from events newest first. */
static gx_status add_acts(reader *r, uint32_t user, const gx_event_core *events, size_t count,
                          gx_error *err) {
    gx_status status = GX_OK;
    bool against = false;
    for (size_t i = 0; i < count; i++) {
        r->newest_ms = events[i].ts_ms > r->newest_ms ? events[i].ts_ms : r->newest_ms;
        against |=
            gx_action_is_against(gx_action_rule_of(&r->state->rules, r->txn, events[i].action));
    }
    r->theirs.count = 0;
    for (size_t i = count; status == GX_OK && against && i-- > 0;) {
        status = events[i].item == GX_NONE ? GX_OK : add_deed(&r->theirs, r, &events[i], err);
    }
    if (status == GX_OK && against) {
        return add_standing(r, user, err);
    }
    for (size_t i = 0; status == GX_OK && !against && i < count; i++) {
        const gx_action_rule *rule = gx_action_rule_of(&r->state->rules, r->txn, events[i].action);
        const gx_deed deed = gx_deed_of(&events[i], rule, 0);
        if (deed.item != GX_NONE && deed.weight > 0) {
            status = add_act(r, user, &deed, err);
        }
    }
    return status;
}

/* The newest GX_MEMBER_ACTS events of somebody: of the last 50, then of the last 200 and so on,
 * until so many of them are old enough. */
static gx_status read_recent(reader *r, uint32_t user, gx_error *err) {
    for (size_t limit = GX_MEMBER_ACTS;; limit *= 4) {
        size_t found = 0, newer = 0;
        gx_event_core *events = vector_room(&r->recent, limit);
        if (!events) {
            return gx_fail_memory(err, limit * sizeof *events);
        }
        gx_status status = gx_event_recent(events, &found, r->txn, user, limit, err);
        while (newer < found && events[newer].ts_ms >= r->until_ms) {
            newer++;
        }
        if (status == GX_OK && found == limit && found - newer < GX_MEMBER_ACTS) {
            continue;
        }
        size_t end = newer + GX_MEMBER_ACTS < found ? newer + GX_MEMBER_ACTS : found;
        return status == GX_OK ? add_acts(r, user, events + newer, end - newer, err) : status;
    }
}

static gx_status read_acts(reader *r, gx_friend *friends, uint32_t count, gx_error *err) {
    gx_status status = GX_OK;
    for (uint32_t f = 0; status == GX_OK && f < count; f++) {
        friends[f].act_from = (uint32_t)r->acts.count;
        status = read_recent(r, friends[f].user, err);
        friends[f].act_to = (uint32_t)r->acts.count;
    }
    return status;
}

static uint32_t likes_of(const gx_history *history) {
    uint32_t count = 0;
    for (uint32_t k = 0; k < history->count; k++) {
        count += history->weight[k] > 0;
    }
    return count;
}

/* ---- declared tags -------------------------------------------------------------------------- */

static void write_quoted(gx_buffer *out, const char *data, size_t size) {
    gx_buffer_text(out, "\"");
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '"' || data[i] == '\\' || data[i] == '*') {
            gx_buffer_text(out, "\\");
        }
        gx_buffer_append(out, data + i, 1);
    }
}

/* Items that carry the tag, are of the brand, or stand in the category of that name or below it. */
static gx_status tag_where(gx_where **out, gx_arena *arena, const gx_value *tag, gx_error *err) {
    gx_buffer text = {0};
    write_quoted(&text, tag->as.text, tag->size);
    char *quoted = gx_arena_printf(arena, "%.*s", (int)text.size, text.bytes ? text.bytes : "");
    bool failed = text.failed || !quoted;
    gx_buffer_finish(&text);
    char *where =
        failed ? NULL
               : gx_arena_printf(arena, "tags = %s\" or brand = %s\" or category in (%s\", %s/*\")",
                                 quoted, quoted, quoted, quoted);
    if (!where) {
        return gx_fail_memory(err, tag->size);
    }
    return gx_where_compile(out, arena, gx_slice_of(where), err);
}

/* What the member said to like, thing by thing, with the items that carry it. */
typedef struct declared {
    const reader *r;
    const gx_columns *columns;
    uint8_t *pass;
    vector items; /* uint32_t */
    gx_slice *tag;
    uint32_t *at;
    uint32_t count;
} declared;

static gx_status add_tagged(declared *d, const gx_value *tag, gx_error *err) {
    gx_where *where = NULL;
    uint32_t rows = gx_columns_rows(d->columns);
    if (tag->type != GX_TEXT || tag->size == 0 || tag->size > GX_ID_BYTES_MAX ||
        memchr(tag->as.text, 0, tag->size) || d->count == GX_MEMBER_TAGS) {
        return GX_OK;
    }
    const size_t before = d->items.count;
    gx_status status = tag_where(&where, d->r->arena, tag, err);
    if (status == GX_OK) {
        status = gx_where_eval(d->pass, where, d->columns, rows, err);
    }
    for (uint32_t i = 0; status == GX_OK && i < rows; i++) {
        if (d->pass[i]) {
            uint32_t *item = vector_add(&d->items);
            if (!item) {
                return gx_fail_memory(err, d->items.capacity * sizeof *item);
            }
            *item = i;
        }
    }
    if (status == GX_OK && d->items.count > before) {
        d->tag[d->count++] = (gx_slice){tag->as.text, tag->size};
        d->at[d->count] = (uint32_t)d->items.count;
    }
    return status;
}

static gx_status add_field(declared *d, const gx_value *field, gx_error *err) {
    gx_status status = GX_OK;
    if (field->type != GX_LIST) {
        return add_tagged(d, field, err);
    }
    for (uint32_t k = 0; status == GX_OK && k < field->size && k < GX_MEMBER_TAGS; k++) {
        status = add_tagged(d, &field->as.items[k], err);
    }
    return status;
}

static gx_status read_tags(gx_member_live *out, const reader *r, const gx_columns *columns,
                           gx_error *err) {
    /* Tags may also be what the shop says of a member: they count where nothing else does. */
    static const char *const fields[] = {
        "prefers",    "attr_prefers",    "interests", "attr_interests",
        "categories", "attr_categories", "tags"};
    const bool known = likes_of(&out->rec.history) > 0;
    declared d = {.r = r, .columns = columns, .items = {.size = sizeof(uint32_t)}};
    gx_value record;
    gx_status status = GX_OK;
    d.pass = gx_alloc((size_t)gx_columns_rows(columns) + 1, 1);
    d.tag = gx_arena_get(r->arena, GX_MEMBER_TAGS * sizeof *d.tag);
    d.at = gx_arena_get(r->arena, (GX_MEMBER_TAGS + 1) * sizeof *d.at);
    if (!d.pass || !d.tag || !d.at) {
        status = gx_fail_memory(err, gx_columns_rows(columns));
        goto done;
    }
    d.at[0] = 0;
    GX_TRY(gx_record_get(&record, r->txn, r->arena, GX_SPACE_USER, r->user, err));
    for (size_t f = 0; f < GX_COUNT(fields) - known; f++) {
        const gx_value *field = gx_map_get(&record, fields[f]);
        if (field) {
            GX_TRY(add_field(&d, field, err));
        }
    }
    uint32_t *kept = gx_arena_get(r->arena, d.items.count * sizeof *kept + 1);
    uint64_t *alike = gx_arena_get(r->arena, GX_ALIKE_MAX * sizeof *alike);
    if (!kept || !alike) {
        status = gx_fail_memory(err, d.items.count * sizeof *kept);
        goto done;
    }
    if (d.items.count > 0) {
        memcpy(kept, d.items.data, d.items.count * sizeof *kept);
    }
    out->rec.alike = alike;
    out->rec.alike_count = known ? 0 : gx_alike_of(alike, &record);
    out->tag = d.tag;
    out->rec.tag_items = kept;
    out->rec.tag_at = d.at;
    out->rec.tag_count = d.count;
done:
    gx_free(d.items.data);
    gx_free(d.pass);
    return status;
}

/* ---- all ------------------------------------------------------------------------------------ */

static gx_status read_all(gx_member_live *live, reader *r, const gx_columns *columns,
                          gx_error *err) {
    gx_status status = GX_OK;
    gx_friend *friends = NULL;
    uint32_t count = 0;
    GX_TRY(read_deeds(r, err));
    GX_TRY(gx_people_read(&r->people, r->txn, &r->state->rules, r->user, err));
    if (r->bars) {
        return make_history(live, r, err);
    }
    gx_people_measure(&r->people, r->state->rec, r->user);
    GX_TRY(make_friends(&friends, &count, r, err));
    GX_TRY(read_acts(r, friends, count, err));
    GX_TRY(make_history(live, r, err));
    gx_act *acts = gx_arena_get(r->arena, r->acts.count * sizeof *acts + 1);
    if (!acts) {
        return gx_fail_memory(err, r->acts.count * sizeof *acts);
    }
    if (r->acts.count > 0) {
        memcpy(acts, r->acts.data, r->acts.count * sizeof *acts);
    }
    live->rec.friends = friends;
    live->rec.friend_count = count;
    live->rec.acts = acts;
    if (columns && likes_of(&live->rec.history) < GX_MEMBER_KNOWN) {
        GX_TRY(read_tags(live, r, columns, err));
    }
done:
    return status;
}

static gx_status read_member(gx_member_live *out, reader *r, const gx_columns *columns,
                             int64_t clock_ms, gx_error *err) {
    gx_status status = GX_OK;
    gx_member_live live = {
        .rec = {.user = r->user, .history = {.user = r->user}, .columns = columns}};
    double buy = (double)gx_action_rule_named(&r->state->rules, "buy")->weight;
    r->buy_weight = buy > 0 ? buy : 1;
    r->newest_ms = gx_rec_newest_ms(r->state->rec);
    r->deeds.size = r->theirs.size = sizeof(gx_deed);
    r->acts.size = sizeof(gx_act);
    r->recent.size = sizeof(gx_event_core);
    if (r->user != GX_NONE) {
        status = read_all(&live, r, columns, err);
    }
    if (status == GX_OK && columns) {
        status =
            gx_member_rules_read(&live.rules, r->txn, columns, &r->people, r->user, r->arena, err);
    }
    gx_free(r->deeds.data);
    gx_people_finish(&r->people);
    gx_free(r->acts.data);
    gx_free(r->recent.data);
    gx_free(r->theirs.data);
    if (status != GX_OK) {
        return status;
    }
    live.rec.now_ms = r->newest_ms;
    live.rec.recent_from_ms = clock_ms - (int64_t)(RECENT_DAYS * DAY_MS);
    *out = live;
    return GX_OK;
}

gx_status gx_member_read(gx_member_live *out, gx_txn *txn, const gx_state *state,
                         const gx_columns *columns, uint32_t user, int64_t clock_ms,
                         gx_arena *arena, gx_error *err) {
    reader r = {.txn = txn, .state = state, .arena = arena, .user = user, .until_ms = INT64_MAX};
    return read_member(out, &r, columns, clock_ms, err);
}

gx_status gx_member_read_bars(gx_member_live *out, gx_txn *txn, const gx_state *state,
                              const gx_columns *columns, uint32_t user, gx_arena *arena,
                              gx_error *err) {
    reader r = {.txn = txn,
                .state = state,
                .arena = arena,
                .user = user,
                .bars = true,
                .until_ms = INT64_MAX};
    return read_member(out, &r, columns, 0, err);
}

gx_status gx_member_read_until(gx_member_live *out, gx_txn *txn, const gx_state *state,
                               const gx_columns *columns, uint32_t user, int64_t until_ms,
                               gx_arena *arena, gx_error *err) {
    const gx_tie_filter then = {.from_ms = INT64_MIN + 1, .to_ms = until_ms};
    reader r = {.txn = txn,
                .state = state,
                .arena = arena,
                .user = user,
                .until_ms = until_ms,
                .people = {.filter = &then, .until_ms = until_ms}};
    return read_member(out, &r, columns, until_ms, err);
}

gx_status gx_member_history(gx_history *out, gx_txn *txn, const gx_state *state, uint32_t user,
                            gx_arena *arena, gx_error *err) {
    gx_member_live live = {.rec = {.user = user, .history = {.user = user}}};
    reader r = {.txn = txn,
                .state = state,
                .arena = arena,
                .user = user,
                .until_ms = INT64_MAX,
                .newest_ms = gx_rec_newest_ms(state->rec),
                .deeds = {.size = sizeof(gx_deed)}};
    gx_status status = read_deeds(&r, err);
    if (status == GX_OK) {
        status = make_history(&live, &r, err);
    }
    gx_free(r.deeds.data);
    if (status == GX_OK) {
        *out = live.rec.history;
    }
    return status;
}

static double likes(const gx_history *history, uint32_t k) {
    return history->weight[k] > 0 ? (double)history->weight[k] : 0;
}

static double norm_of(const gx_history *history) {
    double sum = 0;
    for (uint32_t k = 0; k < history->count; k++) {
        sum += likes(history, k) * likes(history, k);
    }
    return sqrt(sum);
}

double gx_history_cosine(uint32_t *out_both, const gx_history *a, const gx_history *b) {
    double dot = 0;
    *out_both = 0;
    for (uint32_t i = 0, k = 0; i < a->count && k < b->count;) {
        if (a->item[i] == b->item[k]) {
            double both = likes(a, i++) * likes(b, k++);
            *out_both += both > 0;
            dot += both;
        } else if (a->item[i] < b->item[k]) {
            i++;
        } else {
            k++;
        }
    }
    return gx_tie_purchases_part(dot, norm_of(a), norm_of(b));
}
