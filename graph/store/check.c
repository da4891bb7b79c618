/* Every invariant that the layout promises, tree against tree (docs/store.md lists them).
 *
 * Cost: one pass over everything and a look-up a record in its twin; memory: nothing to speak of.
 */
#include "graph/store/check.h"

#include <math.h>
#include <stdio.h>

void gx__problem(checker *c, const char *format, ...) {
    char line[400];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    c->problems++;
    if (c->fn && c->problems <= PROBLEMS_TOLD) {
        c->fn(c->user, line);
    }
}

gx_status gx__check_poll(checker *c, gx_error *err) {
    if (++c->seen % 4096 || !c->job) {
        return GX_OK;
    }
    gx_job_tick(c->job, c->seen);
    return gx_job_check(c->job, err);
}

/* ---- sets -------------------------------------------------------------------------------- */

typedef struct set_check {
    checker *c;
    const gx__set *set;
    const char *name;
    uint8_t last[GX__RECORD_MAX];
    uint64_t records;
} set_check;

static gx_status each_block(void *ctx, MDB_val key, MDB_val block, gx_error *err) {
    set_check *s = ctx;
    size_t record = s->set->record, identity = s->set->identity;
    const uint8_t *at = block.mv_data;
    if (key.mv_size != identity || block.mv_size == 0 || block.mv_size % record ||
        block.mv_size > GX__BLOCK_BYTES) {
        gx__problem(s->c, "%s: a block of %zu bytes under a key of %zu", s->name, block.mv_size,
                    key.mv_size);
        return GX_OK;
    }
    if (memcmp(key.mv_data, at, identity) > 0 ||
        (s->records && memcmp(s->last, key.mv_data, identity) >= 0)) {
        gx__problem(s->c, "%s: a block lies under a key that does not bound it", s->name);
    }
    for (size_t i = 0; i < block.mv_size / record; i++, at += record) {
        if (s->records++ && memcmp(s->last, at, identity) >= 0) {
            gx__problem(s->c, "%s: record %llu is not above the one before", s->name,
                        (unsigned long long)s->records);
        }
        memcpy(s->last, at, record);
    }
    return gx__check_poll(s->c, err);
}

gx_status gx__check_set(uint64_t *out_records, checker *c, const gx__set *set, const char *name,
                        gx_error *err) {
    set_check s = {.c = c, .set = set, .name = name};
    gx_status status = gx__each(c->txn, set->tree, (MDB_val){0, NULL}, 0, each_block, &s, err);
    *out_records = s.records;
    return status;
}

/* ---- words and records ------------------------------------------------------------------- */

typedef struct word_check {
    checker *c;
    gx_space space;
    uint32_t next, live;
} word_check;

static gx_status each_name(void *ctx, MDB_val key, MDB_val name, gx_error *err) {
    word_check *w = ctx;
    uint32_t id = GX_NONE, found;
    if (key.mv_size == sizeof id) {
        memcpy(&id, key.mv_data, sizeof id);
    }
    if (id != w->next) {
        gx__problem(w->c, "%s: number %u follows %u", gx_space_name(w->space), id, w->next);
    }
    w->next = id + 1;
    if (name.mv_size) {
        gx_slice word = {name.mv_data, name.mv_size};
        w->live++;
        if (gx_word_find(&found, w->c->txn, w->space, word) != GX_OK || found != id) {
            char quoted[96];
            gx__problem(w->c, "%s: the word of number %u, %s, does not lead back to it",
                        gx_space_name(w->space), id,
                        gx_quote(quoted, sizeof quoted, word.data, word.size));
        }
    }
    return gx__check_poll(w->c, err);
}

static gx_status each_record(void *ctx, MDB_val key, MDB_val row, gx_error *err) {
    word_check *w = ctx;
    const gx_pack_limits limits = GX_PACK_LIMITS_DEFAULT;
    gx_value fields;
    uint32_t id = GX_NONE;
    if (key.mv_size == sizeof id) {
        memcpy(&id, key.mv_data, sizeof id);
    }
    if (gx_word_name(w->c->txn, w->space, id).size == 0) {
        gx__problem(w->c, "%s: a record of number %u, which has no word", gx_space_name(w->space),
                    id);
    }
    gx_arena_reset(w->c->arena);
    gx_status status = gx_pack_read(&fields, w->c->arena, row.mv_data, row.mv_size, &limits, NULL);
    if (status == GX_NO_MEMORY) {
        return gx_fail_memory(err, row.mv_size);
    }
    if (status != GX_OK || fields.type != GX_MAP || fields.size == 0) {
        gx__problem(w->c, "%s: the record of number %u is no map of fields",
                    gx_space_name(w->space), id);
    }
    return gx__check_poll(w->c, err);
}

static gx_status check_space(checker *c, gx_space space, gx_error *err) {
    word_check w = {.c = c, .space = space};
    gx_status status;
    GX_TRY(gx__each(c->txn, gx__tree_of(GX__TREE_NAME, space), (MDB_val){0, NULL}, 0, each_name, &w,
                    err));
    if (w.live != gx_word_live(c->txn, space)) {
        gx__problem(c, "%s: %u words by number, %u by name", gx_space_name(space), w.live,
                    gx_word_live(c->txn, space));
    }
    GX_TRY(gx__each(c->txn, gx__tree_of(GX__TREE_RECORD, space), (MDB_val){0, NULL}, 0, each_record,
                    &w, err));
done:
    return status;
}

/* ---- ties -------------------------------------------------------------------------------- */

static bool is_user(checker *c, uint32_t user) {
    return gx_word_name(c->txn, GX_SPACE_USER, user).size > 0;
}

static gx_status check_twin(checker *c, const gx_tie *tie, gx_error *err) {
    uint8_t record[GX__RECORD_MAX], twin[GX__RECORD_MAX];
    gx__tie_encode(record, tie, true);
    gx_status status = gx__set_find(twin, c->txn, &gx__tie_in_set, record, err);
    if (status == GX_NOT_FOUND ||
        (status == GX_OK && memcmp(record, twin, gx__tie_in_set.record) != 0)) {
        gx__problem(c, "tie %u → %u of kind %u is not the same by destination", tie->src, tie->dst,
                    tie->kind);
        status = GX_OK;
    }
    return status;
}

static void check_tie(checker *c, const uint8_t *record, const gx_tie *tie) {
    uint8_t again[GX__RECORD_MAX];
    gx__tie_encode(again, tie, false);
    if (memcmp(record, again, gx__tie_out_set.record) != 0) {
        gx__problem(c, "tie %u → %u of kind %u has unknown flags", tie->src, tie->dst, tie->kind);
    }
    if (!is_user(c, tie->src) || !is_user(c, tie->dst) ||
        tie->kind >= gx_word_count(c->txn, GX_SPACE_TIE_KIND)) {
        gx__problem(c, "tie %u → %u of kind %u names what is not there", tie->src, tie->dst,
                    tie->kind);
    }
    if (!(isfinite(tie->weight) && tie->weight >= 0)) {
        gx__problem(c, "tie %u → %u of kind %u weighs %g", tie->src, tie->dst, tie->kind,
                    (double)tie->weight);
    }
    if (!tie->directed && tie->src > tie->dst) {
        gx__problem(c, "undirected tie %u — %u lies under its larger end", tie->src, tie->dst);
    }
}

static gx_status each_tie_run(void *ctx, const uint8_t *records, size_t count, gx_error *err) {
    checker *c = ctx;
    gx_status status = GX_OK;
    for (size_t i = 0; i < count && status == GX_OK; i++) {
        const uint8_t *record = records + i * gx__tie_out_set.record;
        gx_tie tie = gx__tie_decode(record, false);
        check_tie(c, record, &tie);
        GX_TRY(check_twin(c, &tie, err));
        status = gx__check_poll(c, err);
    }
done:
    return status;
}

static gx_status check_ties(checker *c, gx_error *err) {
    uint64_t out = 0, in = 0;
    gx_status status;
    GX_TRY(gx__check_set(&out, c, &gx__tie_out_set, "tie_out", err));
    GX_TRY(gx__check_set(&in, c, &gx__tie_in_set, "tie_in", err));
    GX_TRY(gx__set_each(c->txn, &gx__tie_out_set, NULL, 0, each_tie_run, c, err));
    if (out != in || out != gx_tie_count(c->txn)) {
        gx__problem(c, "ties: %llu by source, %llu by destination, %llu counted",
                    (unsigned long long)out, (unsigned long long)in,
                    (unsigned long long)gx_tie_count(c->txn));
    }
done:
    return status;
}

/* ---- the whole --------------------------------------------------------------------------- */

static gx_status check_all(checker *c, gx_error *err) {
    gx_status status;
    for (unsigned space = 0; space < GX_SPACE_COUNT; space++) {
        GX_TRY(check_space(c, (gx_space)space, err));
    }
    GX_TRY(check_ties(c, err));
    GX_TRY(gx__check_events(c, err));
    GX_TRY(gx__check_members(c, err));
done:
    return status;
}

gx_status gx_store_check(uint64_t *out_problems, gx_store *store, gx_job *job, gx_problem_fn fn,
                         void *user, gx_error *err) {
    checker c = {.job = job, .fn = fn, .user = user, .arena = gx_arena_create()};
    if (!c.arena) {
        return gx_fail_memory(err, 0);
    }
    gx_status status = gx_txn_read(&c.txn, store, err);
    if (status == GX_OK) {
        if (job) {
            gx_job_stage(job, "checking", 0);
        }
        status = check_all(&c, err);
        gx_txn_abort(c.txn);
    }
    gx_arena_destroy(c.arena);
    if (status == GX_OK) {
        *out_problems = c.problems;
    }
    return status;
}
