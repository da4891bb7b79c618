/* The store: one LMDB environment in one directory, and everything a shop knows.
 *
 *   words        external id or name ⇄ dense uint32, one numbering a space, never reused
 *   records      (space, id) → open map of fields (users, items, groups, coupons, …)
 *   ties         (src, kind, dst) once, sorted both by source and by destination
 *   events       each once by its key, sorted by user and time, and by time
 *   memberships, impressions, settings
 *
 * One writer, any number of readers that never block. A write transaction is all or nothing, also
 * when the process is killed. The page docs/store.md has the byte layout and the reasons.
 */
#ifndef GX_STORE_STORE_H
#define GX_STORE_STORE_H

#include "graph/base/job.h"
#include "graph/codec/codec.h"

#define GX_STORE_SCHEMA 1

/* Spaces of external ids and names. Order is on disk: add at the end. */
#define GX_SPACE_MAP(X)                                                                            \
    X(USER, "users")                                                                               \
    X(ITEM, "items")                                                                               \
    X(GROUP, "groups")                                                                             \
    X(COUPON, "coupons")                                                                           \
    X(TIE_KIND, "tie_kinds")                                                                       \
    X(ACTION, "actions")                                                                           \
    X(CHANNEL, "channels")                                                                         \
    X(CAMPAIGN, "campaigns")

typedef enum gx_space {
#define X(name, text) GX_SPACE_##name,
    GX_SPACE_MAP(X)
#undef X
        GX_SPACE_COUNT
} gx_space;

const char *gx_space_name(gx_space space);

typedef enum gx_sync { GX_SYNC_ALWAYS, GX_SYNC_INTERVAL, GX_SYNC_NONE } gx_sync;

typedef struct gx_store gx_store;
typedef struct gx_txn gx_txn;

typedef struct gx_store_options {
    bool create;    /* make the store where there is none; conflict where there is something else */
    bool exclusive; /* with create: conflict where there is a store already */
    bool read_only;
    gx_sync sync;
    uint64_t map_bytes; /* address space reserved, 0: all there is; the file grows as needed */
    /* How long gx_txn_write waits for another process that writes: 0: 5,000, negative: not at all.
     */
    int64_t busy_wait_ms;
} gx_store_options;

/* not_found (with how to make one), corrupt, conflict (a newer schema), io. */
GX_MUST_CHECK gx_status gx_store_open(gx_store **out, const char *path,
                                      const gx_store_options *options, gx_error *err);
void gx_store_close(gx_store *store);
const char *gx_store_path(const gx_store *store);

/* Read transactions are cheap and thread-free (MDB_NOTLS). A second writing process waits for
 * busy_wait_ms and then gets busy; a second writer thread of this process waits its turn. A full
 * disk is io, and the store stays readable. */
GX_MUST_CHECK gx_status gx_txn_read(gx_txn **out, gx_store *store, gx_error *err);
GX_MUST_CHECK gx_status gx_txn_write(gx_txn **out, gx_store *store, gx_error *err);
GX_MUST_CHECK gx_status gx_txn_commit(gx_txn *txn, gx_error *err); /* frees it in every case */
void gx_txn_abort(gx_txn *txn);                                    /* accepts NULL */
/* A savepoint inside a write transaction: what was written since is kept or undone. */
GX_MUST_CHECK gx_status gx_txn_nest(gx_txn **out, gx_txn *parent, gx_error *err);
/* Grows with every committed write: what a view or snapshot was made from. */
uint64_t gx_txn_state(const gx_txn *txn);
/* The state that the last change of a tie led to; 0 where none was ever changed since this number
 * is kept. Two transactions with the same one see the same ties. */
uint64_t gx_txn_tie_state(gx_txn *txn);

/* ---- words ------------------------------------------------------------------------------- */

/* not_found without a message where it is not there: the caller knows what it looked for. */
GX_MUST_CHECK gx_status gx_word_find(uint32_t *out, gx_txn *txn, gx_space space, gx_slice word);
/* Finds or gives the next number. bad_request: empty, over 255 bytes, bad UTF-8, NUL inside. */
GX_MUST_CHECK gx_status gx_word_intern(uint32_t *out, bool *out_created, gx_txn *txn,
                                       gx_space space, gx_slice word, gx_error *err);
/* Borrowed until the transaction ends or writes. Empty: the id was forgotten or never given. */
gx_slice gx_word_name(gx_txn *txn, gx_space space, uint32_t id);
/* One more than the largest id given: the length of every per-space array. */
uint32_t gx_word_count(gx_txn *txn, gx_space space);
/* How many of them still have a name: those given less those forgotten. */
uint32_t gx_word_live(gx_txn *txn, gx_space space);

/* Every word that was not forgotten, in id order. */
typedef gx_status (*gx_word_fn)(void *user, uint32_t id, gx_slice word, gx_error *err);
GX_MUST_CHECK gx_status gx_word_each(gx_txn *txn, gx_space space, gx_word_fn fn, void *user,
                                     gx_error *err);
/* For an import that keeps its own map of words: none of `words` is in the space yet; they are
 * numbered in the order given, from *out_first = gx_word_count on. Sorted and written in one run,
 * several times as fast as gx_word_intern. conflict: one is there already, or given twice (the
 * message names it; the transaction is to be aborted); bad_request as gx_word_intern. */
GX_MUST_CHECK gx_status gx_word_append(uint32_t *out_first, gx_txn *txn, gx_space space,
                                       const gx_slice *words, size_t count, gx_job *job,
                                       gx_error *err);

/* ---- records ----------------------------------------------------------------------------- */

/* `fields` is a map. Fields given replace, nil removes, others stay. */
GX_MUST_CHECK gx_status gx_record_merge(bool *out_changed, gx_txn *txn, gx_space space, uint32_t id,
                                        const gx_value *fields, gx_error *err);
/* An empty map where there is no record. Made in `arena`. */
GX_MUST_CHECK gx_status gx_record_get(gx_value *out, gx_txn *txn, gx_arena *arena, gx_space space,
                                      uint32_t id, gx_error *err);
/* In id order, those with a record; stops at the first status that is not GX_OK and returns it. */
typedef gx_status (*gx_record_fn)(void *user, uint32_t id, const gx_value *fields, gx_error *err);
GX_MUST_CHECK gx_status gx_record_each(gx_txn *txn, gx_space space, gx_record_fn fn, void *user,
                                       gx_error *err);
/* Takes out a user's word, record, ties, events, memberships and impressions (R81), and the fields
 * `invited_by` and `owner` of others that name them. The id stays spent. Cost: all records once. */
GX_MUST_CHECK gx_status gx_user_forget(gx_txn *txn, uint32_t user, gx_error *err);

/* ---- ties -------------------------------------------------------------------------------- */

typedef struct gx_tie {
    uint32_t src, dst;
    uint32_t kind;
    float weight;  /* finite, ≥ 0; default 1 */
    int64_t ts_ms; /* INT64_MIN: not known */
    bool directed; /* a friendship is one undirected tie: seen from both sides */
} gx_tie;

#define GX_TIME_UNKNOWN INT64_MIN

/* Whether a tie of this kind goes one way where its row does not say: friend, family and chat go
 * both ways; follow, trust and every kind not known of old go one way. */
/* Built-in actions whose value is stars. */
bool gx_action_has_stars(gx_slice action);
/* What as many stars as there are weigh in full, and what none. */
#define GX_STARS_LEAST 0
#define GX_STARS_MOST 5
bool gx_tie_kind_is_directed(gx_slice kind);

/* The tie (src, dst, kind) exists once; putting it again replaces weight and time. An undirected
 * tie is stored with src < dst. */
GX_MUST_CHECK gx_status gx_tie_put(bool *out_created, gx_txn *txn, const gx_tie *tie,
                                   gx_error *err);
GX_MUST_CHECK gx_status gx_tie_del(gx_txn *txn, uint32_t src, uint32_t dst, uint32_t kind,
                                   gx_error *err); /* not_found */
uint64_t gx_tie_count(gx_txn *txn);

typedef gx_status (*gx_tie_fn)(void *user, const gx_tie *tie, gx_error *err);
/* Every tie once, by (src, kind, dst). */
GX_MUST_CHECK gx_status gx_tie_each(gx_txn *txn, gx_tie_fn fn, void *user, gx_error *err);
/* Those that leave `user` (directed from it, or undirected with it; src is `user` then). */
GX_MUST_CHECK gx_status gx_tie_out(gx_txn *txn, uint32_t user, gx_tie_fn fn, void *ctx,
                                   gx_error *err);
/* Those that reach `user` (dst is `user`). */
GX_MUST_CHECK gx_status gx_tie_in(gx_txn *txn, uint32_t user, gx_tie_fn fn, void *ctx,
                                  gx_error *err);

/* ---- events ------------------------------------------------------------------------------ */

typedef struct gx_event {
    int64_t ts_ms;
    uint32_t user, item, action; /* item GX_NONE: an event without one (a check-in) */
    uint32_t channel, group, via, campaign, coupon; /* GX_NONE where not given */
    float value, qty;                               /* NaN where not given */
    double amount;                                  /* the same */
    gx_slice event_id; /* empty where not given: the key is then the hash of the fields */
    gx_slice extra;    /* every further column, as one MessagePack map; may be empty */
} gx_event;

/* `out_created` false: the same event_id, or the same fields, was there; nothing changes. Whether
 * the fields under that event_id are the same is told by gx_event_put_counted. */
GX_MUST_CHECK gx_status gx_event_put(bool *out_created, gx_txn *txn, const gx_event *event,
                                     gx_error *err);
/* Many at once, in any order: sorted, deduplicated and written in runs. `out_created[i]` (may be
 * NULL) is set for each; `out_count` counts the new ones. Every call is a pass over what it
 * touches, so one call with all there is beats many with a few: for a whole file see
 * gx_event_load_open. */
GX_MUST_CHECK gx_status gx_event_put_many(uint64_t *out_count, bool *out_created, gx_txn *txn,
                                          const gx_event *events, size_t count, gx_job *job,
                                          gx_error *err);
/* What became of the rows; those neither created nor conflicting were there as they are. */
typedef struct gx_event_counts {
    uint64_t created;
    uint64_t conflicting;    /* the event_id was there with other fields, which stay */
    char first_conflict[96]; /* the event_id of the first of them, quoted; empty: none */
} gx_event_counts;
GX_MUST_CHECK gx_status gx_event_put_counted(gx_event_counts *out, gx_txn *txn,
                                             const gx_event *events, size_t count, gx_job *job,
                                             gx_error *err);
GX_MUST_CHECK gx_status gx_tie_put_many(uint64_t *out_count, bool *out_created, gx_txn *txn,
                                        const gx_tie *ties, size_t count, gx_job *job,
                                        gx_error *err);
/* The same; *out_changed: how many of those that were there got another weight, time or direction.
 */
GX_MUST_CHECK gx_status gx_tie_put_counted(uint64_t *out_created, uint64_t *out_changed,
                                           gx_txn *txn, const gx_tie *ties, size_t count,
                                           gx_job *job, gx_error *err);

/* The fast way in for a whole file. Rows are packed and kept in memory (about 60 bytes a row), then
 * sorted and written in one pass over each tree: call `open` once a file, `add` a row (what it
 * points to is copied), `finish` once. Words of the events may be given (gx_word_append) any time
 * before `finish`. When the buffer is full, what it holds is written in between. */
typedef struct gx_event_load gx_event_load;
GX_MUST_CHECK gx_status gx_event_load_open(gx_event_load **out, gx_txn *txn, gx_job *job,
                                           gx_error *err);
GX_MUST_CHECK gx_status gx_event_load_add(gx_event_load *load, const gx_event *event,
                                          gx_error *err);
/* Writes and frees, also where it fails. *out_count: the rows that were new. */
GX_MUST_CHECK gx_status gx_event_load_finish(uint64_t *out_count, gx_event_load *load,
                                             gx_error *err);
GX_MUST_CHECK gx_status gx_event_load_finish_counted(gx_event_counts *out, gx_event_load *load,
                                                     gx_error *err);
/* The next `add` writes what is held first: the words of it have to be there by then. */
bool gx_event_load_is_full(const gx_event_load *load);
void gx_event_load_abort(gx_event_load *load); /* accepts NULL; abort the transaction too */

GX_MUST_CHECK gx_status gx_event_find(gx_event *out, gx_txn *txn, gx_slice event_id);
uint64_t gx_event_count(gx_txn *txn);

typedef gx_status (*gx_event_fn)(void *user, const gx_event *event, gx_error *err);
/* Every event, by (user, time); slices are borrowed for the call. A look-up an event: where the
 * order does not matter, gx_event_between is fifty times as fast. */
GX_MUST_CHECK gx_status gx_event_each(gx_txn *txn, gx_event_fn fn, void *user, gx_error *err);
/* Of one user, newest first, at most `limit` (0: all). */
GX_MUST_CHECK gx_status gx_event_of_user(gx_txn *txn, uint32_t user, size_t limit, gx_event_fn fn,
                                         void *ctx, gx_error *err);
/* With from_ms ≤ time < to_ms, oldest first. */
GX_MUST_CHECK gx_status gx_event_between(gx_txn *txn, int64_t from_ms, int64_t to_ms,
                                         gx_event_fn fn, void *ctx, gx_error *err);

/* What lists and views read of an event. They lie packed by (user, time), so that reading all of
 * them, or one member's last few, is one sequential scan and no look-up. */
typedef struct gx_event_core {
    int64_t ts_ms;
    uint32_t user, item, action; /* item GX_NONE: none */
    float value;                 /* NaN where not given */
} gx_event_core;

/* All events by (user, time), in runs of at most a few hundred: what views are made from. */
typedef gx_status (*gx_event_run_fn)(void *user, const gx_event_core *events, size_t count,
                                     gx_error *err);
GX_MUST_CHECK gx_status gx_event_scan(gx_txn *txn, gx_event_run_fn fn, void *user, gx_error *err);
/* One user's last `limit` events, newest first, into the caller's array; *out_count ≤ limit. */
GX_MUST_CHECK gx_status gx_event_recent(gx_event_core *out, size_t *out_count, gx_txn *txn,
                                        uint32_t user, size_t limit, gx_error *err);

/* ---- members and impressions ------------------------------------------------------------- */

typedef struct gx_membership {
    uint32_t group, user;
    int64_t joined_ms, left_ms; /* GX_TIME_UNKNOWN */
    gx_slice role;
} gx_membership;

GX_MUST_CHECK gx_status gx_member_put(bool *out_created, gx_txn *txn, const gx_membership *member,
                                      gx_error *err);
typedef gx_status (*gx_member_fn)(void *user, const gx_membership *member, gx_error *err);
GX_MUST_CHECK gx_status gx_member_each(gx_txn *txn, gx_member_fn fn, void *user, gx_error *err);
GX_MUST_CHECK gx_status gx_member_of_group(gx_txn *txn, uint32_t group, gx_member_fn fn, void *ctx,
                                           gx_error *err);
GX_MUST_CHECK gx_status gx_member_of_user(gx_txn *txn, uint32_t user, gx_member_fn fn, void *ctx,
                                          gx_error *err);
uint64_t gx_member_count(gx_txn *txn);

typedef struct gx_impression {
    int64_t ts_ms;
    uint32_t user, item, pos, channel; /* channel may be GX_NONE */
    float propensity;                  /* NaN where not given */
    gx_slice request_id, arm, model;
} gx_impression;

/* Once by (request_id, pos). */
GX_MUST_CHECK gx_status gx_impression_put(bool *out_created, gx_txn *txn,
                                          const gx_impression *impression, gx_error *err);
typedef gx_status (*gx_impression_fn)(void *user, const gx_impression *impression, gx_error *err);
GX_MUST_CHECK gx_status gx_impression_each(gx_txn *txn, gx_impression_fn fn, void *user,
                                           gx_error *err);
/* One member's with from_ms ≤ time < to_ms, oldest first. */
GX_MUST_CHECK gx_status gx_impression_of_user(gx_txn *txn, uint32_t user, int64_t from_ms,
                                              int64_t to_ms, gx_impression_fn fn, void *ctx,
                                              gx_error *err);
uint64_t gx_impression_count(gx_txn *txn);

/* ---- settings (small JSON-like values by name: blend weights, action table, …) ----------- */

GX_MUST_CHECK gx_status gx_setting_put(gx_txn *txn, const char *name, const gx_value *value,
                                       gx_error *err);
/* nil where it was never set. */
GX_MUST_CHECK gx_status gx_setting_get(gx_value *out, gx_txn *txn, gx_arena *arena,
                                       const char *name, gx_error *err);

/* ---- the whole --------------------------------------------------------------------------- */

typedef struct gx_store_stats {
    uint64_t users, items, groups, members, ties, events, impressions, coupons;
    uint64_t file_bytes, used_bytes, state;
    uint32_t schema, readers, oldest_reader_lag; /* lag in transactions */
} gx_store_stats;

GX_MUST_CHECK gx_status gx_store_stat(gx_store_stats *out, gx_store *store, gx_error *err);

/* Every invariant that the layout promises (words both ways, ties both ways, each event in both
 * orders and in the key table, counts). Each finding is one line; *out_problems counts them. */
typedef void (*gx_problem_fn)(void *user, const char *line);
GX_MUST_CHECK gx_status gx_store_check(uint64_t *out_problems, gx_store *store, gx_job *job,
                                       gx_problem_fn fn, void *user, gx_error *err);
/* A hot, compacted copy of store and published snapshots' directory entry into a new directory. */
GX_MUST_CHECK gx_status gx_store_backup(gx_store *store, const char *to_path, gx_job *job,
                                        gx_error *err);
/* A store at `to_path` from a backup at `from_path`: checked whole first, then copied. conflict:
 * there is something at `to_path` already; corrupt: the backup is damaged. */
GX_MUST_CHECK gx_status gx_store_restore(const char *from_path, const char *to_path, gx_job *job,
                                         gx_error *err);
/* Rewrites the store without its free pages, beside and then in place. Nobody may have it open:
 * busy. */
GX_MUST_CHECK gx_status gx_store_compact(const char *path, gx_job *job, gx_error *err);
/* Waits until what was written is on disk (sync = interval or none). */
GX_MUST_CHECK gx_status gx_store_sync(gx_store *store, gx_error *err);

#endif
