/* The table of kinds and columns. */
#include "graph/import/columns.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

#define SMALL_BATCH 4096
#define LARGE_BATCH (1 << 20) /* what the store sorts and appends in one run */

#define OF(type, member) offsetof(type, member)

static const gx__column users[] = {
    {"user_id", "user|uid|member_id", GX__ID, GX_SPACE_USER, true, OF(gx__record, id)},
    {"joined_at", NULL, GX__TIME, 0, false, GX__FIELD},
    {"region", NULL, GX__TEXT, 0, false, GX__FIELD},
    {"city", NULL, GX__TEXT, 0, false, GX__FIELD},
    {"gender", NULL, GX__TEXT, 0, false, GX__FIELD},
    {"age_band", NULL, GX__TEXT, 0, false, GX__FIELD},
    {"occupation", NULL, GX__TEXT, 0, false, GX__FIELD},
    {"tags", NULL, GX__TAGS, 0, false, GX__FIELD},
    {"prefers", NULL, GX__TAGS, 0, false, GX__FIELD},
    {"dislikes", NULL, GX__TAGS, 0, false, GX__FIELD},
    {"channel", NULL, GX__TEXT, 0, false, GX__FIELD},
    {"invited_by", NULL, GX__TEXT, 0, false, GX__FIELD},
    {"consent", NULL, GX__ANSWER, 0, false, GX__FIELD},
    {"push", "attr_push", GX__ANSWER, 0, false, GX__FIELD},
    {"status", NULL, GX__TEXT, 0, false, GX__FIELD},
    {"left_at", NULL, GX__TIME, 0, false, GX__FIELD},
    {"lat", NULL, GX__LATITUDE, 0, false, GX__FIELD},
    {"lon", NULL, GX__LONGITUDE, 0, false, GX__FIELD},
};

static const gx__column items[] = {
    {"item_id", "item|sku|product_id", GX__ID, GX_SPACE_ITEM, true, OF(gx__record, id)},
    {"kind", NULL, GX__ITEM_KIND, 0, false, GX__FIELD},
    {"title", NULL, GX__TEXT, 0, false, GX__FIELD},
    {"category", NULL, GX__TEXT, 0, false, GX__FIELD},
    {"brand", NULL, GX__TEXT, 0, false, GX__FIELD},
    {"seller", NULL, GX__TEXT, 0, false, GX__FIELD},
    {"price", NULL, GX__PRICE, 0, false, GX__FIELD},
    {"margin", NULL, GX__DOUBLE, 0, false, GX__FIELD},
    {"stock", NULL, GX__STOCK, 0, false, GX__FIELD},
    {"status", NULL, GX__STATUS, 0, false, GX__FIELD},
    {"listed_at", NULL, GX__TIME, 0, false, GX__FIELD},
    {"tags", NULL, GX__TAGS, 0, false, GX__FIELD},
    {"capacity", NULL, GX__PLACES, 0, false, GX__FIELD},
    {"starts_at", NULL, GX__TIME, 0, false, GX__FIELD},
    {"ends_at", NULL, GX__TIME, 0, false, GX__FIELD},
    {"lat", NULL, GX__LATITUDE, 0, false, GX__FIELD},
    {"lon", NULL, GX__LONGITUDE, 0, false, GX__FIELD},
};

static const gx__column groups[] = {
    {"group_id", "group", GX__ID, GX_SPACE_GROUP, true, OF(gx__record, id)},
    {"name", NULL, GX__TEXT, 0, false, GX__FIELD},
    {"platform", NULL, GX__TEXT, 0, false, GX__FIELD},
    {"owner", NULL, GX__TEXT, 0, false, GX__FIELD},
    {"region", NULL, GX__TEXT, 0, false, GX__FIELD},
    {"topic", NULL, GX__TEXT, 0, false, GX__FIELD},
};

static const gx__column coupons[] = {
    {"coupon_id", NULL, GX__ID, GX_SPACE_COUPON, true, OF(gx__record, id)},
    {"value", NULL, GX__DOUBLE, 0, false, GX__FIELD},
    {"type", NULL, GX__TEXT, 0, false, GX__FIELD},
    {"community", NULL, GX__TEXT, 0, false, GX__FIELD},
    {"start", NULL, GX__TIME, 0, false, GX__FIELD},
    {"end", NULL, GX__TIME, 0, false, GX__FIELD},
    {"budget", NULL, GX__DOUBLE, 0, false, GX__FIELD},
};

static const gx__column members[] = {
    {"group_id", "group", GX__ID, GX_SPACE_GROUP, true, OF(gx_membership, group)},
    {"user_id", "user|uid|member_id", GX__ID, GX_SPACE_USER, true, OF(gx_membership, user)},
    {"role", NULL, GX__TEXT, 0, false, OF(gx_membership, role)},
    {"joined_at", NULL, GX__TIME, 0, false, OF(gx_membership, joined_ms)},
    {"left_at", NULL, GX__TIME, 0, false, OF(gx_membership, left_ms)},
};

static const gx__column ties[] = {
    {"src", "source|from", GX__ID, GX_SPACE_USER, true, OF(gx_tie, src)},
    {"dst", "target|to", GX__ID, GX_SPACE_USER, true, OF(gx_tie, dst)},
    {"kind", NULL, GX__NAME, GX_SPACE_TIE_KIND, false, OF(gx_tie, kind)},
    {"weight", NULL, GX__WEIGHT, 0, false, OF(gx_tie, weight)},
    {"ts", "timestamp", GX__TIME, 0, false, OF(gx_tie, ts_ms)},
    {"directed", NULL, GX__BOOL, 0, false, OF(gx_tie, directed)},
};

static const gx__column events[] = {
    {"user_id", "user|uid|member_id", GX__ID, GX_SPACE_USER, true, OF(gx_event, user)},
    {"item_id", "item|sku|product_id", GX__ID, GX_SPACE_ITEM, true, OF(gx_event, item)},
    {"action", NULL, GX__NAME, GX_SPACE_ACTION, true, OF(gx_event, action)},
    {"ts", "timestamp", GX__MOMENT, 0, true, OF(gx_event, ts_ms)},
    {"event_id", NULL, GX__TEXT, 0, false, OF(gx_event, event_id)},
    {"value", "rating", GX__FLOAT, 0, false, OF(gx_event, value)},
    {"qty", "quantity", GX__QUANTITY, 0, false, OF(gx_event, qty)},
    {"amount", NULL, GX__DOUBLE, 0, false, OF(gx_event, amount)},
    {"channel", NULL, GX__NAME, GX_SPACE_CHANNEL, false, OF(gx_event, channel)},
    {"group_id", NULL, GX__ID, GX_SPACE_GROUP, false, OF(gx_event, group)},
    {"via", NULL, GX__ID, GX_SPACE_USER, false, OF(gx_event, via)},
    {"campaign", NULL, GX__NAME, GX_SPACE_CAMPAIGN, false, OF(gx_event, campaign)},
    {"coupon", "coupon_id", GX__ID, GX_SPACE_COUPON, false, OF(gx_event, coupon)},
    {"session", "session_id", GX__TEXT, 0, false, GX__FIELD},
    {"store", "store_id", GX__TEXT, 0, false, GX__FIELD},
};

static const gx__column impressions[] = {
    {"request_id", NULL, GX__TEXT, 0, true, OF(gx_impression, request_id)},
    {"user_id", "user|uid|member_id", GX__ID, GX_SPACE_USER, true, OF(gx_impression, user)},
    {"item_id", "item|sku|product_id", GX__ID, GX_SPACE_ITEM, true, OF(gx_impression, item)},
    {"pos", "position", GX__COUNT, 0, true, OF(gx_impression, pos)},
    {"ts", "timestamp", GX__TIME, 0, true, OF(gx_impression, ts_ms)},
    {"arm", NULL, GX__TEXT, 0, false, OF(gx_impression, arm)},
    {"propensity", NULL, GX__WEIGHT, 0, false, OF(gx_impression, propensity)},
    {"channel", NULL, GX__NAME, GX_SPACE_CHANNEL, false, OF(gx_impression, channel)},
    {"model", NULL, GX__TEXT, 0, false, OF(gx_impression, model)},
};

/* ---- rows with nothing given -------------------------------------------------------------- */

static const gx__record blank_record = {.id = GX_NONE};
static const gx_membership blank_member = {.joined_ms = GX_TIME_UNKNOWN,
                                           .left_ms = GX_TIME_UNKNOWN};
static const gx_tie blank_tie = {.weight = 1, .ts_ms = GX_TIME_UNKNOWN};
static const gx_event blank_event = {.item = GX_NONE,
                                     .channel = GX_NONE,
                                     .group = GX_NONE,
                                     .via = GX_NONE,
                                     .campaign = GX_NONE,
                                     .coupon = GX_NONE,
                                     .value = NAN,
                                     .qty = NAN,
                                     .amount = NAN};
static const gx_impression blank_impression = {.channel = GX_NONE, .propensity = NAN};

/* ---- into the store ------------------------------------------------------------------------ */

static void count_created(gx__tally *counts, bool created) {
    counts->created += created;
    counts->unchanged += !created;
}

/* A put of a single row has no job. */
static gx_status check_job(gx_job *job, gx_error *err) {
    return job ? gx_job_check(job, err) : GX_OK;
}

static gx_status record_flush(gx__tally *counts, gx_txn *txn, gx_space space, gx__record *rows,
                              size_t count, gx_job *job, gx_error *err) {
    gx_status status = check_job(job, err);
    for (size_t i = 0; status == GX_OK && i < count; i++) {
        bool changed = false;
        status = gx_record_merge(&changed, txn, space, rows[i].id, &rows[i].fields, err);
        counts->created += rows[i].created;
        counts->updated += changed && !rows[i].created;
        counts->unchanged += !changed && !rows[i].created;
    }
    return status;
}

#define RECORD_FLUSH(name, space)                                                                  \
    static gx_status name(gx__tally *counts, gx_txn *txn, void *rows, size_t count, gx_job *job,   \
                          gx_error *err) {                                                         \
        return record_flush(counts, txn, space, rows, count, job, err);                            \
    }
RECORD_FLUSH(users_flush, GX_SPACE_USER)
RECORD_FLUSH(items_flush, GX_SPACE_ITEM)
RECORD_FLUSH(groups_flush, GX_SPACE_GROUP)
RECORD_FLUSH(coupons_flush, GX_SPACE_COUPON)

static gx_status members_flush(gx__tally *counts, gx_txn *txn, void *rows, size_t count,
                               gx_job *job, gx_error *err) {
    gx_membership *members_ = rows;
    gx_status status = check_job(job, err);
    for (size_t i = 0; status == GX_OK && i < count; i++) {
        bool created = false;
        status = gx_member_put(&created, txn, &members_[i], err);
        count_created(counts, created);
    }
    return status;
}

static gx_status impressions_flush(gx__tally *counts, gx_txn *txn, void *rows, size_t count,
                                   gx_job *job, gx_error *err) {
    gx_impression *shown = rows;
    gx_status status = check_job(job, err);
    for (size_t i = 0; status == GX_OK && i < count; i++) {
        bool created = false;
        status = gx_impression_put(&created, txn, &shown[i], err);
        count_created(counts, created);
    }
    return status;
}

static gx_status ties_flush(gx__tally *counts, gx_txn *txn, void *rows, size_t count, gx_job *job,
                            gx_error *err) {
    uint64_t created = 0, changed = 0;
    gx_status status = gx_tie_put_counted(&created, &changed, txn, rows, count, job, err);
    counts->created += created;
    counts->updated += changed;
    counts->unchanged += count - created - changed;
    return status;
}

void gx__tally_events(gx__tally *counts, const gx_event_counts *put, uint64_t count) {
    if (counts->conflicting == 0) {
        memcpy(counts->first_conflict, put->first_conflict, sizeof counts->first_conflict);
    }
    counts->created += put->created;
    counts->conflicting += put->conflicting;
    counts->unchanged += count - put->created - put->conflicting;
}

static gx_status events_flush(gx__tally *counts, gx_txn *txn, void *rows, size_t count, gx_job *job,
                              gx_error *err) {
    gx_event_counts put = {0};
    gx_status status = gx_event_put_counted(&put, txn, rows, count, job, err);
    if (status == GX_OK) {
        gx__tally_events(counts, &put, count);
    }
    return status;
}

/* ---- the kinds, in the order a folder is read -------------------------------------------------
 */

#define COLUMNS(list) .columns = (list), .column_count = GX_COUNT(list)
#define BLANK(row) .blank = &(row), .row_bytes = sizeof(row)
#define RECORD(list, of)                                                                           \
    .name = #list, COLUMNS(list), BLANK(blank_record), .batch_rows = SMALL_BATCH, .open = true,    \
    .shape = GX__SHAPE_RECORD, .space = (of), .flush = list##_flush

const gx__kind gx__kinds[] = {
    {RECORD(users, GX_SPACE_USER)},
    {RECORD(items, GX_SPACE_ITEM)},
    {RECORD(groups, GX_SPACE_GROUP)},
    {RECORD(coupons, GX_SPACE_COUPON)},
    {.name = "members",
     .shape = GX__SHAPE_PLAIN,
     COLUMNS(members),
     BLANK(blank_member),
     .batch_rows = SMALL_BATCH,
     .flush = members_flush},
    {.name = "ties",
     .shape = GX__SHAPE_TIE,
     COLUMNS(ties),
     BLANK(blank_tie),
     .batch_rows = LARGE_BATCH,
     .flush = ties_flush},
    {.name = "events",
     .shape = GX__SHAPE_EVENT,
     COLUMNS(events),
     BLANK(blank_event),
     .batch_rows = LARGE_BATCH,
     .open = true,
     .flush = events_flush},
    {.name = "impressions",
     .shape = GX__SHAPE_PLAIN,
     COLUMNS(impressions),
     BLANK(blank_impression),
     .batch_rows = SMALL_BATCH,
     .flush = impressions_flush},
};
const size_t gx__kind_count = GX_COUNT(gx__kinds);

const gx__kind *gx__kind_find(const char *name) {
    for (size_t i = 0; i < gx__kind_count; i++) {
        if (strcmp(gx__kinds[i].name, name) == 0) {
            return &gx__kinds[i];
        }
    }
    return NULL;
}

const gx__column *gx__column_find(const gx__kind *kind, const char *name) {
    for (size_t i = 0; i < kind->column_count; i++) {
        if (strcmp(kind->columns[i].name, name) == 0) {
            return &kind->columns[i];
        }
    }
    return NULL;
}

const char *gx__kind_required(char *out, size_t size, const gx__kind *kind) {
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < kind->column_count && used < size; i++) {
        if (kind->columns[i].required) {
            int step =
                snprintf(out + used, size - used, "%s%s", used ? ", " : "", kind->columns[i].name);
            used += step > 0 ? (size_t)step : 0;
        }
    }
    return out;
}
