/* Ties: one record under its source and the same, turned round, under its destination.
 *
 *   tie_out   src u32 | kind u32 | dst u32 ‖ time i64 | weight f32 | flags u32
 *   tie_in    dst u32 | kind u32 | src u32 ‖ the same
 *
 * What stands before ‖ is the identity (big-endian), the rest is replaced when a tie is put again.
 * An undirected tie has src < dst and is seen from its other end through tie_in.
 */
#include "graph/store/inner.h"
#include "graph/store/sort.h"

#include <math.h>

enum { TIE_BYTES = 28, TIE_IDENTITY = 12, DIRECTED = 1 };

const gx__set gx__tie_out_set = {GX__TREE_TIE_OUT, TIE_BYTES, TIE_IDENTITY};
const gx__set gx__tie_in_set = {GX__TREE_TIE_IN, TIE_BYTES, TIE_IDENTITY};

void gx__tie_encode(uint8_t *to, const gx_tie *tie, bool turned) {
    uint32_t flags = tie->directed ? DIRECTED : 0;
    gx__put_be32(to, turned ? tie->dst : tie->src);
    gx__put_be32(to + 4, tie->kind);
    gx__put_be32(to + 8, turned ? tie->src : tie->dst);
    memcpy(to + 12, &tie->ts_ms, 8);
    memcpy(to + 20, &tie->weight, 4);
    memcpy(to + 24, &flags, 4);
}

gx_tie gx__tie_decode(const uint8_t *from, bool turned) {
    uint32_t flags;
    gx_tie tie = {.kind = gx__be32(from + 4)};
    tie.src = gx__be32(turned ? from + 8 : from);
    tie.dst = gx__be32(turned ? from : from + 8);
    memcpy(&tie.ts_ms, from + 12, 8);
    memcpy(&tie.weight, from + 20, 4);
    memcpy(&flags, from + 24, 4);
    tie.directed = flags & DIRECTED;
    return tie;
}

static gx_tie ordered(const gx_tie *tie) {
    gx_tie t = *tie;
    if (!t.directed && t.src > t.dst) {
        t.src = tie->dst;
        t.dst = tie->src;
    }
    return t;
}

static gx_status check_tie(gx_txn *txn, const gx_tie *tie, uint32_t users, uint32_t kinds,
                           gx_error *err) {
    if (tie->src >= users || tie->dst >= users) {
        return gx__check_id(txn, GX_SPACE_USER, tie->src > tie->dst ? tie->src : tie->dst, err);
    }
    if (tie->kind >= kinds) {
        return gx__check_id(txn, GX_SPACE_TIE_KIND, tie->kind, err);
    }
    return isfinite(tie->weight) && tie->weight >= 0
               ? GX_OK
               : gx_fail(err, GX_BAD_REQUEST, "the weight of a tie is %g; it is finite and ≥ 0",
                         (double)tie->weight);
}

gx_status gx_tie_put(bool *out_created, gx_txn *txn, const gx_tie *tie, gx_error *err) {
    uint64_t created;
    gx_status status = gx_tie_put_many(&created, NULL, txn, tie, 1, NULL, err);
    if (status == GX_OK && out_created) {
        *out_created = created > 0;
    }
    return status;
}

gx_status gx_tie_del(gx_txn *txn, uint32_t src, uint32_t dst, uint32_t kind, gx_error *err) {
    gx_tie tie = {.src = src, .dst = dst, .kind = kind, .directed = true}, turned = tie;
    uint8_t out[TIE_BYTES], in[TIE_BYTES];
    bool was;
    gx_status status;
    GX_TRY(gx__check_writes(txn, err));
    gx__tie_encode(out, &tie, false);
    GX_TRY(gx__set_del(&was, txn, &gx__tie_out_set, out, err));
    if (!was && src > dst) { /* an undirected one may be meant, from its other end */
        uint8_t record[TIE_BYTES];
        turned.src = dst;
        turned.dst = src;
        gx__tie_encode(out, &turned, false);
        GX_TRY(gx__set_find(record, txn, &gx__tie_out_set, out, err));
        tie = gx__tie_decode(record, false);
        if (!tie.directed) {
            GX_TRY(gx__set_del(&was, txn, &gx__tie_out_set, out, err));
        }
    }
    if (!was) {
        return GX_NOT_FOUND;
    }
    gx__tie_encode(in, &tie, true);
    GX_TRY(gx__set_del(NULL, txn, &gx__tie_in_set, in, err));
    txn->counts.ties--;
done:
    return status;
}

uint64_t gx_tie_count(gx_txn *txn) {
    return txn->counts.ties;
}

/* ---- many at once ------------------------------------------------------------------------ */

enum { RUN = 1 << 13 };

typedef struct batch {
    gx_txn *txn;
    const gx_tie *ties;
    size_t count;
    gx__pair *pairs, *scratch;
    uint8_t *records, *known; /* of a run */
    gx_job *job;
    gx_error *err;
} batch;

static uint64_t key_of(const gx_tie *tie, unsigned part) {
    return part == 0 ? tie->dst : part == 1 ? tie->kind : tie->src;
}

/* The order by (src, kind, dst), or turned round; ties given twice stay in the order given. */
static void sort_batch(batch *b, bool turned) {
    for (size_t i = 0; i < b->count; i++) {
        b->pairs[i].index = (uint32_t)i;
    }
    for (unsigned part = 0; part < 3; part++) {
        for (size_t i = 0; i < b->count; i++) {
            gx_tie tie = ordered(&b->ties[b->pairs[i].index]);
            b->pairs[i].key = key_of(&tie, turned ? 2 - part : part);
        }
        gx__sort_pairs(b->pairs, b->scratch, b->count);
    }
}

static bool same_tie(const batch *b, size_t i, size_t j) {
    gx_tie a = ordered(&b->ties[b->pairs[i].index]), c = ordered(&b->ties[b->pairs[j].index]);
    return a.src == c.src && a.dst == c.dst && a.kind == c.kind;
}

/* Writes one tree. Of a tie given twice the last one counts, and only the first can be new. */
static gx_status write_tree(uint64_t *out_created, uint64_t *out_changed, bool *created_flags,
                            batch *b, bool turned) {
    gx_status status = GX_OK;
    size_t from = 0;
    const gx__set *set = turned ? &gx__tie_in_set : &gx__tie_out_set;
    *out_created = *out_changed = 0;
    sort_batch(b, turned);
    while (from < b->count) {
        size_t to = from, records = 0;
        uint64_t created;
        while (to < b->count && records < RUN) {
            size_t last = to + 1;
            while (last < b->count && same_tie(b, to, last)) {
                last++;
            }
            gx_tie tie = ordered(&b->ties[b->pairs[last - 1].index]);
            gx__tie_encode(b->records + records++ * TIE_BYTES, &tie, turned);
            to = last;
        }
        if (b->job) {
            GX_TRY(gx_job_check(b->job, b->err));
        }
        GX_TRY(gx__set_merge(&created, b->known, b->txn, set, b->records, records, true, b->err));
        *out_created += created;
        for (size_t i = 0; i < records; i++) {
            *out_changed += b->known[i] == 2;
        }
        for (size_t i = from, record = 0; created_flags && i < to; i++) {
            bool again = i > from && same_tie(b, i - 1, i);
            record += i > from && !again;
            created_flags[b->pairs[i].index] = !again && !b->known[record];
        }
        from = to;
    }
done:
    return status;
}

static gx_status check_batch(const batch *b) {
    uint32_t users = gx_word_count(b->txn, GX_SPACE_USER);
    uint32_t kinds = gx_word_count(b->txn, GX_SPACE_TIE_KIND);
    gx_status status = gx__check_writes(b->txn, b->err);
    if (status == GX_OK && b->count > UINT32_MAX) {
        status =
            gx_fail(b->err, GX_OVER_LIMIT, "%zu ties at once, at most %u", b->count, UINT32_MAX);
    }
    for (size_t i = 0; i < b->count && status == GX_OK; i++) {
        status = check_tie(b->txn, &b->ties[i], users, kinds, b->err);
    }
    return status;
}

static gx_status put_batch(uint64_t *out_created, uint64_t *out_changed, bool *created_flags,
                           gx_txn *txn, const gx_tie *ties, size_t count, gx_job *job,
                           gx_error *err) {
    gx_status status;
    uint64_t created, changed, turned, ignored;
    size_t run = count < RUN ? count : RUN;
    batch b = {.txn = txn, .ties = ties, .count = count, .job = job, .err = err};
    GX_TRY(check_batch(&b));
    b.pairs = gx_alloc(count, sizeof *b.pairs);
    b.scratch = gx_alloc(count, sizeof *b.scratch);
    b.records = gx_alloc(run, TIE_BYTES);
    b.known = gx_alloc(run, 1);
    if (!b.pairs || !b.scratch || !b.records || !b.known) {
        status = gx_fail_memory(err, count * 2 * sizeof *b.pairs);
        goto done;
    }
    GX_TRY(write_tree(&created, &changed, created_flags, &b, false));
    GX_TRY(write_tree(&turned, &ignored, NULL, &b, true));
    if (created != turned) {
        status = gx_fail(err, GX_CORRUPT, "store %s: ties by source and by destination disagree",
                         gx_store_path(txn->store));
        goto done;
    }
    txn->counts.ties += created;
    *out_created = created;
    *out_changed = changed;
done:
    gx_free(b.pairs);
    gx_free(b.scratch);
    gx_free(b.records);
    gx_free(b.known);
    return status;
}

gx_status gx_tie_put_many(uint64_t *out_count, bool *out_created, gx_txn *txn, const gx_tie *ties,
                          size_t count, gx_job *job, gx_error *err) {
    uint64_t changed;
    return put_batch(out_count, &changed, out_created, txn, ties, count, job, err);
}

gx_status gx_tie_put_counted(uint64_t *out_created, uint64_t *out_changed, gx_txn *txn,
                             const gx_tie *ties, size_t count, gx_job *job, gx_error *err) {
    return put_batch(out_created, out_changed, NULL, txn, ties, count, job, err);
}

/* ---- reading ----------------------------------------------------------------------------- */

typedef struct reader {
    gx_tie_fn fn;
    void *user;
    bool turned;          /* the records come from tie_in */
    bool undirected_only; /* and are seen from the other end */
} reader;

static gx_status each_run(void *ctx, const uint8_t *records, size_t count, gx_error *err) {
    const reader *r = ctx;
    for (size_t i = 0; i < count; i++) {
        gx_tie tie = gx__tie_decode(records + i * TIE_BYTES, r->turned);
        if (r->undirected_only) {
            if (tie.directed || tie.src == tie.dst) {
                continue;
            }
            uint32_t src = tie.src;
            tie.src = tie.dst;
            tie.dst = src;
        }
        gx_status status = r->fn(r->user, &tie, err);
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}

gx_status gx_tie_each(gx_txn *txn, gx_tie_fn fn, void *user, gx_error *err) {
    reader r = {fn, user, false, false};
    return gx__set_each(txn, &gx__tie_out_set, NULL, 0, each_run, &r, err);
}

static gx_status both_sides(gx_txn *txn, uint32_t user, reader whole, reader other,
                            const gx__set *whole_set, const gx__set *other_set, gx_error *err) {
    uint8_t key[4];
    gx__put_be32(key, user);
    gx_status status = gx__set_each(txn, whole_set, key, sizeof key, each_run, &whole, err);
    return status != GX_OK ? status
                           : gx__set_each(txn, other_set, key, sizeof key, each_run, &other, err);
}

gx_status gx_tie_out(gx_txn *txn, uint32_t user, gx_tie_fn fn, void *ctx, gx_error *err) {
    reader whole = {fn, ctx, false, false}, other = {fn, ctx, true, true};
    return both_sides(txn, user, whole, other, &gx__tie_out_set, &gx__tie_in_set, err);
}

gx_status gx_tie_in(gx_txn *txn, uint32_t user, gx_tie_fn fn, void *ctx, gx_error *err) {
    reader whole = {fn, ctx, true, false}, other = {fn, ctx, false, true};
    return both_sides(txn, user, whole, other, &gx__tie_in_set, &gx__tie_out_set, err);
}
