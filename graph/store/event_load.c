/* Events: writing, always in batches.
 *
 * Rows are packed as they come (24 bytes and the row as it will lie in the log). A flush then
 *   1. drops rows whose event_id is there already, or came before in the batch: hashes are sorted
 *      and looked up; new ones are merged into event_id,
 *   2. sorts by time, then (stable) by user, and merges the core records: a row without an
 *      event_id that is there already is found out here,
 *   3. writes the rest to the log in time order, appended where it is newer than all there is.
 * So each tree is walked once, in key order, whatever the order of the rows: O(n log n) in name, in
 * fact a few counting passes. Memory: the rows, and 36 bytes a row while it is sorted.
 */
#include "graph/store/event.h"
#include "graph/store/sort.h"

#include <unistd.h>

enum {
    RUN = 1 << 12,
    FIRST_BYTES = 1 << 12,
    CHUNK_BYTES = 1 << 20,
    FIRST_ROWS = 1 << 6,
    ROWS_MAX = 1 << 30 /* in one batch */
};

typedef struct staged {
    uint64_t time, key;
    const uint8_t *row;
    uint16_t size;
    bool has_id;
    bool dropped;   /* known before, or a duplicate within the batch */
    bool conflicts; /* dropped, though the fields under its event_id are others */
} staged;

typedef struct chunk {
    struct chunk *next;
    size_t used, capacity;
    uint8_t bytes[];
} chunk;

struct gx_event_load {
    gx_txn *txn;
    gx_job *job; /* may be NULL */
    staged *rows;
    size_t count, capacity;
    chunk *chunks;
    size_t bytes, limit; /* held by rows and chunks; when to write in between */
    uint64_t charged;    /* on the job's account */
    gx_event_counts counts;
    size_t with_id;
    uint32_t user_end, item_end, action_end; /* one more than the largest number seen */
    uint32_t other_end[5];                   /* channel, group, via, campaign, coupon */
};

/* ---- staging ----------------------------------------------------------------------------- */

/* A quarter of what the job may hold, or an eighth of the machine; sorting takes about as much. */
static size_t buffer_limit(const gx_job *job) {
    uint64_t low = UINT64_C(16) << 20, high = UINT64_C(2) << 30;
    uint64_t wanted = job && job->mem_limit
                          ? job->mem_limit / 4
                          : (uint64_t)sysconf(_SC_PHYS_PAGES) / 8 * (uint64_t)sysconf(_SC_PAGESIZE);
    return (size_t)(wanted < low ? low : wanted > high ? high : wanted);
}

static gx_status charge(gx_event_load *load, size_t bytes, gx_error *err) {
    gx_status status = load->job ? gx_job_charge(load->job, bytes, err) : GX_OK;
    if (status == GX_OK) {
        load->charged += bytes;
        load->bytes += bytes;
    }
    return status;
}

static void free_chunks(gx_event_load *load) {
    for (chunk *c = load->chunks, *next; c; c = next) {
        next = c->next;
        gx_free(c);
    }
    load->chunks = NULL;
}

static void forget_rows(gx_event_load *load) {
    free_chunks(load);
    gx_free(load->rows);
    if (load->job) {
        gx_job_refund(load->job, load->charged);
    }
    load->rows = NULL;
    load->count = load->capacity = load->with_id = load->bytes = 0;
    load->charged = 0;
}

static gx_status reserve_row(gx_event_load *load, gx_error *err) {
    if (load->count < load->capacity) {
        return GX_OK;
    }
    size_t capacity = load->capacity ? load->capacity * 2 : FIRST_ROWS;
    size_t more = (capacity - load->capacity) * sizeof(staged);
    gx_status status = charge(load, more, err);
    if (status != GX_OK) {
        return status;
    }
    staged *rows = gx_realloc(load->rows, capacity, sizeof *rows);
    if (!rows) {
        return gx_fail_memory(err, capacity * sizeof *rows);
    }
    load->rows = rows;
    load->capacity = capacity;
    return GX_OK;
}

/* Room for one row of at most GX__ROW_MAX bytes; a lone event gets a chunk of its own size. */
static gx_status reserve_bytes(uint8_t **out, gx_event_load *load, size_t most, gx_error *err) {
    chunk *c = load->chunks;
    if (!c || c->capacity - c->used < most) {
        size_t capacity = load->count == 0 && most < FIRST_BYTES ? FIRST_BYTES : CHUNK_BYTES;
        gx_status status = charge(load, capacity, err);
        if (status != GX_OK) {
            return status;
        }
        c = gx_alloc(1, sizeof *c + capacity);
        if (!c) {
            return gx_fail_memory(err, capacity);
        }
        *c = (chunk){.next = load->chunks, .capacity = capacity};
        load->chunks = c;
    }
    *out = c->bytes + c->used;
    return GX_OK;
}

static void note_numbers(gx_event_load *load, const gx_event *e) {
    const uint32_t others[] = {e->channel, e->group, e->via, e->campaign, e->coupon};
    load->user_end = e->user >= load->user_end ? e->user + 1 : load->user_end;
    load->action_end = e->action >= load->action_end ? e->action + 1 : load->action_end;
    if (e->item != GX_NONE && e->item >= load->item_end) {
        load->item_end = e->item + 1;
    }
    for (size_t i = 0; i < GX_COUNT(others); i++) {
        if (others[i] != GX_NONE && others[i] >= load->other_end[i]) {
            load->other_end[i] = others[i] + 1;
        }
    }
}

static gx_status stage(gx_event_load *load, const gx_event *event, gx_error *err) {
    uint8_t *row = NULL;
    gx_status status;
    GX_TRY(gx__event_check(event, err));
    if (event->user == GX_NONE || event->action == GX_NONE) {
        return gx_fail(err, GX_BAD_REQUEST, "an event has a user and an action");
    }
    GX_TRY(reserve_row(load, err));
    GX_TRY(reserve_bytes(&row, load,
                         GX__ROW_HEAD_BYTES + 40 + event->event_id.size + event->extra.size, err));
    size_t size = gx__event_encode(row, event);
    gx__event_key key = gx__event_key_of(event, row, size);
    load->chunks->used += size;
    load->rows[load->count++] = (staged){.time = key.time,
                                         .key = key.key,
                                         .row = row,
                                         .size = (uint16_t)size,
                                         .has_id = event->event_id.size > 0};
    load->with_id += event->event_id.size > 0;
    note_numbers(load, event);
done:
    return status;
}

/* ---- flush ------------------------------------------------------------------------------- */

typedef struct flush {
    gx_event_load *load;
    gx_txn *txn;
    staged *rows;
    size_t count, with_id;
    gx__pair *pairs, *scratch;
    uint32_t *by_time;
    uint8_t *records, *known; /* RUN of each */
    uint32_t *at;             /* which row a record of the run is */
    gx_error *err;
} flush;

static gx_slice id_of(const staged *s) {
    gx_event event = {0};
    gx__event_key key = {s->time, s->key};
    bool whole = gx__event_decode(&event, key, s->row, s->size);
    return whole ? event.event_id : (gx_slice){"", 0};
}

static gx_status poll(const flush *f, uint64_t done) {
    gx_job *job = f->load->job;
    if (!job) {
        return GX_OK;
    }
    gx_job_tick(job, done);
    return gx_job_check(job, f->err);
}

static gx_status collision(const flush *f, const staged *s) {
    char time[32], quoted[96];
    gx_slice id = id_of(s);
    return gx_fail(f->err, GX_CONFLICT,
                   "event %s at %s has the same 64-bit hash as another event of that time",
                   gx_quote(quoted, sizeof quoted, id.data, id.size),
                   gx_format_time_ms(time, gx__time_of(s->time)));
}

/* Runs of equal key are put in the order of a second one: rows of one day, hashes that collide. */
static void refine(flush *f, size_t count, bool by_time) {
    for (size_t from = 0, to; from < count; from = to) {
        uint64_t key = f->pairs[from].key;
        for (to = from + 1; to < count && f->pairs[to].key == key; to++) {
        }
        if (to - from == 1) {
            continue;
        }
        for (size_t i = from; i < to; i++) {
            const staged *s = &f->rows[f->pairs[i].index];
            f->pairs[i].key = by_time ? s->time : s->key;
        }
        gx__sort_pairs(f->pairs + from, f->scratch, to - from);
        for (size_t i = from; i < to; i++) {
            f->pairs[i].key = key;
        }
    }
}

static bool same_row(const staged *a, const staged *b) {
    return a->size == b->size && memcmp(a->row, b->row, a->size) == 0;
}

static bool same_event(const staged *a, const staged *b) {
    return a->time == b->time && same_row(a, b);
}

/* Marks rows whose event_id came before in this batch; ids that share a hash are few. */
static void drop_repeated_ids(flush *f) {
    for (size_t from = 0, to; from < f->with_id; from = to) {
        to = from + 1;
        while (to < f->with_id && f->pairs[to].key == f->pairs[from].key) {
            staged *s = &f->rows[f->pairs[to].index];
            for (size_t i = from; i < to && !s->dropped; i++) {
                const staged *before = &f->rows[f->pairs[i].index];
                s->dropped = gx_slice_equal(id_of(before), id_of(s));
                s->conflicts = s->dropped && !same_event(before, s);
            }
            to++;
        }
    }
}

/* A record of the store has the hash of some rows of the batch: the event_id in the log decides.
 * What is there stays, so a row conflicts with that, whatever came before it in the batch. */
static gx_status compare_id(void *ctx, size_t index, const uint8_t *record, gx_error *err) {
    flush *f = ctx;
    gx_event there;
    gx__event_key key = {.time = gx__be64(record + 8), .key = gx__be64(record)};
    gx_slice row;
    gx_status status = gx__event_get_row(&there, &row, f->txn, key, err);
    if (status == GX_NOT_FOUND) {
        return gx_fail(err, GX_CORRUPT, "store %s: an event_id leads to no event",
                       gx_store_path(f->txn->store));
    }
    for (size_t i = f->at[index]; status == GX_OK && i < f->with_id; i++) {
        staged *s = &f->rows[f->pairs[i].index];
        if (s->key != key.key) {
            break;
        }
        if (gx_slice_equal(there.event_id, id_of(s))) {
            s->dropped = true;
            s->conflicts = s->time != key.time || s->size != row.size ||
                           memcmp(s->row, row.data, row.size) != 0;
        }
    }
    return status;
}

static gx_status drop_known_ids(flush *f) {
    gx_status status = GX_OK;
    size_t hashes = f->count < RUN ? f->count : RUN;
    for (size_t i = 0; i < f->with_id;) {
        size_t count = 0;
        for (; i < f->with_id && count < hashes; i++) {
            uint64_t hash = f->pairs[i].key;
            if (i == 0 || hash != f->pairs[i - 1].key) {
                gx__put_be64(f->records + count * sizeof hash, hash);
                f->at[count++] = (uint32_t)i;
            }
        }
        GX_TRY(gx__set_probe(f->txn, &gx__event_id_set, f->records, sizeof(uint64_t), count,
                             compare_id, f, f->err));
        GX_TRY(poll(f, 0));
    }
done:
    return status;
}

static gx_status merge_ids(flush *f) {
    gx_status status = GX_OK;
    for (size_t i = 0; i < f->with_id && status == GX_OK;) {
        size_t records = 0, from = i;
        uint64_t created = 0;
        for (; i < f->with_id && records < RUN; i++) {
            const staged *s = &f->rows[f->pairs[i].index];
            if (!s->dropped) {
                gx__put_be64(f->records + records * GX__EVENT_ID_BYTES, s->key);
                gx__put_be64(f->records + records++ * GX__EVENT_ID_BYTES + 8, s->time);
            }
        }
        GX_TRY(gx__set_merge(&created, NULL, f->txn, &gx__event_id_set, f->records, records, false,
                             f->err));
        if (created != records) {
            return collision(f, &f->rows[f->pairs[from].index]);
        }
        status = poll(f, 0);
    }
done:
    return status;
}

static gx_status write_ids(flush *f) {
    gx_status status = GX_OK;
    size_t count = 0;
    bool any = gx__tree_entries(f->txn, GX__TREE_EVENT_ID) > 0;
    for (size_t i = 0; i < f->count; i++) {
        if (f->rows[i].has_id) {
            f->pairs[count++] = (gx__pair){f->rows[i].key, (uint32_t)i};
        }
    }
    gx__sort_pairs(f->pairs, f->scratch, count);
    f->with_id = count;
    drop_repeated_ids(f);
    if (any) {
        GX_TRY(drop_known_ids(f));
    }
    refine(f, count, true);
    for (size_t i = 1; i < count; i++) {
        const staged *a = &f->rows[f->pairs[i - 1].index], *b = &f->rows[f->pairs[i].index];
        if (!a->dropped && !b->dropped && a->key == b->key && a->time == b->time) {
            return collision(f, b);
        }
    }
    status = merge_ids(f);
done:
    return status;
}

static void sort_by_time(flush *f) {
    for (size_t i = 0; i < f->count; i++) {
        f->pairs[i] = (gx__pair){f->rows[i].time, (uint32_t)i};
    }
    gx__sort_pairs(f->pairs, f->scratch, f->count);
    refine(f, f->count, false);
    for (size_t i = 0; i < f->count; i++) {
        f->by_time[i] = f->pairs[i].index;
    }
}

static uint32_t user_of(const staged *s) {
    uint32_t user;
    memcpy(&user, s->row + 2, sizeof user);
    return user;
}

/* The next run of core records from pairs[*at], which are by (user, time, key). */
static gx_status fill_run(flush *f, size_t *at, size_t *out_records) {
    size_t records = 0;
    const staged *last = NULL;
    for (; *at < f->count && records < RUN; ++*at) {
        staged *s = &f->rows[f->pairs[*at].index];
        if (s->dropped) {
            continue;
        }
        bool again =
            last && last->key == s->key && last->time == s->time && user_of(last) == user_of(s);
        if (again && !same_row(last, s)) {
            return collision(f, s);
        }
        s->dropped = again;
        if (!again) {
            gx__core_encode(f->records + records * GX__CORE_BYTES, (gx__event_key){s->time, s->key},
                            s->row);
            f->at[records++] = f->pairs[*at].index;
            last = s;
        }
    }
    *out_records = records;
    return GX_OK;
}

static gx_status write_core(flush *f) {
    gx_status status = GX_OK;
    for (size_t i = 0; i < f->count; i++) {
        uint32_t index = f->by_time[i];
        f->pairs[i] = (gx__pair){user_of(&f->rows[index]), index};
    }
    gx__sort_pairs(f->pairs, f->scratch, f->count);
    for (size_t at = 0; at < f->count;) {
        size_t records = 0;
        uint64_t created = 0;
        GX_TRY(fill_run(f, &at, &records));
        GX_TRY(gx__set_merge(&created, f->known, f->txn, &gx__event_core_set, f->records, records,
                             false, f->err));
        for (size_t i = 0; i < records; i++) {
            staged *s = &f->rows[f->at[i]];
            if (f->known[i] && s->has_id) {
                return collision(f, s);
            }
            s->dropped = f->known[i];
        }
        f->load->counts.created += created;
        GX_TRY(poll(f, at / 2));
    }
done:
    return status;
}

static gx_status write_log(flush *f) {
    gx_status status = GX_OK;
    gx_error *err = f->err;
    MDB_cursor *cursor = NULL;
    MDB_dbi dbi = gx__dbi(f->txn, GX__TREE_EVENT_LOG);
    uint8_t bytes[GX__LOG_KEY_BYTES];
    MDB_val key = {sizeof bytes, bytes}, last, row;
    GX__MDB(f->txn->store, mdb_cursor_open(f->txn->mdb, dbi, &cursor), "opening a cursor");
    bool above = false;
    for (size_t i = 0, written = 0; i < f->count; i++) {
        const staged *s = &f->rows[f->by_time[i]];
        if (i % RUN == 0) {
            GX_TRY(poll(f, (f->count + i) / 2));
        }
        if (s->dropped) {
            continue;
        }
        gx__log_key(bytes, (gx__event_key){s->time, s->key});
        if (written++ == 0) {
            int code = mdb_cursor_get(cursor, &last, &row, MDB_LAST);
            above = code == MDB_NOTFOUND || mdb_cmp(f->txn->mdb, dbi, &key, &last) > 0;
        }
        row = gx__val(s->row, s->size);
        int code = mdb_cursor_put(cursor, &key, &row, above ? MDB_APPEND : MDB_NOOVERWRITE);
        if (code == MDB_KEYEXIST) {
            status = collision(f, s);
            goto done;
        }
        GX__MDB(f->txn->store, code, "writing events");
    }
done:
    if (cursor) {
        mdb_cursor_close(cursor);
    }
    return status;
}

static gx_status check_numbers(const gx_event_load *load, gx_error *err) {
    static const gx_space spaces[] = {GX_SPACE_CHANNEL, GX_SPACE_GROUP, GX_SPACE_USER,
                                      GX_SPACE_CAMPAIGN, GX_SPACE_COUPON};
    gx_status status = GX_OK;
    if (load->user_end) {
        GX_TRY(gx__check_id(load->txn, GX_SPACE_USER, load->user_end - 1, err));
        GX_TRY(gx__check_id(load->txn, GX_SPACE_ACTION, load->action_end - 1, err));
    }
    if (load->item_end) {
        GX_TRY(gx__check_id(load->txn, GX_SPACE_ITEM, load->item_end - 1, err));
    }
    for (size_t i = 0; i < GX_COUNT(spaces); i++) {
        if (load->other_end[i]) {
            GX_TRY(gx__check_id(load->txn, spaces[i], load->other_end[i] - 1, err));
        }
    }
done:
    return status;
}

static void finish_flush(flush *f) {
    gx_free(f->pairs);
    gx_free(f->scratch);
    gx_free(f->by_time);
    gx_free(f->records);
    gx_free(f->known);
    gx_free(f->at);
}

static void count_conflicts(gx_event_load *load) {
    gx_event_counts *counts = &load->counts;
    for (size_t i = 0; i < load->count; i++) {
        if (load->rows[i].conflicts && counts->conflicting++ == 0) {
            gx_slice id = id_of(&load->rows[i]);
            gx_quote(counts->first_conflict, sizeof counts->first_conflict, id.data, id.size);
        }
    }
}

/* Writes the rows and marks the dropped ones; they stay until forget_rows. */
static gx_status write_rows(gx_event_load *load, gx_error *err) {
    size_t count = load->count, run = count < RUN ? count : RUN;
    flush f = {.load = load, .txn = load->txn, .rows = load->rows, .count = count, .err = err};
    gx_status status = check_numbers(load, err);
    if (status != GX_OK || count == 0) {
        return status;
    }
    if (load->job) {
        gx_job_stage(load->job, "writing events", count);
    }
    f.pairs = gx_alloc(count, sizeof *f.pairs);
    f.scratch = gx_alloc(count, sizeof *f.scratch);
    f.by_time = gx_alloc(count, sizeof *f.by_time);
    f.records = gx_alloc(run, GX__CORE_BYTES);
    f.known = gx_alloc(run, 1);
    f.at = gx_alloc(run, sizeof *f.at);
    if (!f.pairs || !f.scratch || !f.by_time || !f.records || !f.known || !f.at) {
        status = gx_fail_memory(err, count * (2 * sizeof *f.pairs + sizeof *f.by_time));
        goto done;
    }
    if (load->with_id) {
        GX_TRY(write_ids(&f));
        count_conflicts(load);
    }
    sort_by_time(&f);
    GX_TRY(write_core(&f));
    GX_TRY(write_log(&f));
done:
    finish_flush(&f);
    return status;
}

/* ---- the loader -------------------------------------------------------------------------- */

gx_status gx_event_load_open(gx_event_load **out, gx_txn *txn, gx_job *job, gx_error *err) {
    gx_status status = gx__check_writes(txn, err);
    if (status != GX_OK) {
        return status;
    }
    gx_event_load *load = gx_alloc0(1, sizeof *load);
    if (!load) {
        return gx_fail_memory(err, sizeof *load);
    }
    load->txn = txn;
    load->job = job;
    load->limit = buffer_limit(job);
    *out = load;
    return GX_OK;
}

bool gx_event_load_is_full(const gx_event_load *load) {
    return load->bytes >= load->limit || load->count >= ROWS_MAX;
}

gx_status gx_event_load_add(gx_event_load *load, const gx_event *event, gx_error *err) {
    if (gx_event_load_is_full(load)) {
        gx_status status = write_rows(load, err);
        if (status != GX_OK) {
            return status;
        }
        forget_rows(load);
    }
    return stage(load, event, err);
}

gx_status gx_event_load_finish_counted(gx_event_counts *out, gx_event_load *load, gx_error *err) {
    gx_status status = write_rows(load, err);
    if (status == GX_OK) {
        *out = load->counts;
    }
    gx_event_load_abort(load);
    return status;
}

gx_status gx_event_load_finish(uint64_t *out_count, gx_event_load *load, gx_error *err) {
    gx_event_counts counts;
    gx_status status = gx_event_load_finish_counted(&counts, load, err);
    if (status == GX_OK) {
        *out_count = counts.created;
    }
    return status;
}

void gx_event_load_abort(gx_event_load *load) {
    if (load) {
        forget_rows(load);
        gx_free(load);
    }
}

static gx_status put_all(gx_event_counts *out, bool *out_created, gx_txn *txn,
                         const gx_event *events, size_t count, gx_job *job, gx_error *err) {
    gx_event_load *load = NULL;
    gx_status status = gx_event_load_open(&load, txn, job, err);
    if (status != GX_OK) {
        return status;
    }
    if (count >= ROWS_MAX) {
        status = gx_fail(err, GX_OVER_LIMIT, "%zu events at once, fewer than %d", count, ROWS_MAX);
    }
    for (size_t i = 0; i < count && status == GX_OK; i++) {
        status = stage(load, &events[i], err);
    }
    if (status == GX_OK) {
        status = write_rows(load, err);
    }
    if (status == GX_OK) {
        for (size_t i = 0; out_created && i < count; i++) {
            out_created[i] = !load->rows[i].dropped;
        }
        *out = load->counts;
    }
    gx_event_load_abort(load);
    return status;
}

gx_status gx_event_put_counted(gx_event_counts *out, gx_txn *txn, const gx_event *events,
                               size_t count, gx_job *job, gx_error *err) {
    return put_all(out, NULL, txn, events, count, job, err);
}

gx_status gx_event_put_many(uint64_t *out_count, bool *out_created, gx_txn *txn,
                            const gx_event *events, size_t count, gx_job *job, gx_error *err) {
    gx_event_counts counts;
    gx_status status = put_all(&counts, out_created, txn, events, count, job, err);
    if (status == GX_OK) {
        *out_count = counts.created;
    }
    return status;
}

gx_status gx_event_put(bool *out_created, gx_txn *txn, const gx_event *event, gx_error *err) {
    uint64_t created;
    gx_status status = gx_event_put_many(&created, NULL, txn, event, 1, NULL, err);
    if (status == GX_OK && out_created) {
        *out_created = created > 0;
    }
    return status;
}
