/* The market: a shop as large as is wanted, written straight into a store, for load. Circles of a
 * hundred members who like what their circle likes, items in shelves (`c7/s12`) whose first ones
 * sell most, brands, sellers, prices, stock, regions and a rare tag, so that filters of every
 * selectivity mean something. Drawn from the seed: the same store for the same sizes. */
#include "bench/market.h"

#include "graph/store/store.h"

#include <math.h>
#include <stdio.h>

enum { CIRCLE = 100, SHELVES_A_PART = 25, SHELF = 100, TIES = 7, WORD = 12, EVENTS_MOST = 400 };

static const int64_t FIRST_MS = 1730000000000, DAY_MS = 86400000, DAYS = 365;

typedef struct market {
    gx_market_size size;
    gx_txn *txn;
    gx_job *job;
    uint32_t actions[3], friend_kind, follow_kind;
} market;

/* Number k of a word list is HEADk. */
static gx_status add_words(market *m, gx_space space, const char *head, uint32_t count,
                           gx_error *err) {
    gx_status status = GX_OK;
    uint32_t first;
    char (*text)[WORD] = gx_alloc((size_t)count + 1, sizeof *text);
    gx_slice *words = gx_alloc((size_t)count + 1, sizeof *words);
    if (!text || !words) {
        status = gx_fail_memory(err, count * (sizeof *text + sizeof *words));
    }
    for (uint32_t k = 0; status == GX_OK && k < count; k++) {
        const int size = snprintf(text[k], WORD, "%s%u", head, k);
        words[k] = (gx_slice){text[k], (size_t)size};
    }
    if (status == GX_OK) {
        status = gx_word_append(&first, m->txn, space, words, count, m->job, err);
    }
    gx_free(text);
    gx_free(words);
    return status;
}

static gx_status add_names(market *m, gx_error *err) {
    static const char *const actions[] = {"buy", "view", "cart"};
    gx_status status = GX_OK;
    bool created;
    GX_TRY(add_words(m, GX_SPACE_USER, "u", m->size.members, err));
    GX_TRY(add_words(m, GX_SPACE_ITEM, "i", m->size.items, err));
    for (size_t a = 0; a < GX_COUNT(actions); a++) {
        GX_TRY(gx_word_intern(&m->actions[a], &created, m->txn, GX_SPACE_ACTION,
                              gx_slice_of(actions[a]), err));
    }
    GX_TRY(gx_word_intern(&m->friend_kind, &created, m->txn, GX_SPACE_TIE_KIND,
                          gx_slice_of("friend"), err));
    status = gx_word_intern(&m->follow_kind, &created, m->txn, GX_SPACE_TIE_KIND,
                            gx_slice_of("follow"), err);
done:
    return status;
}

/* ---- records -------------------------------------------------------------------------------- */

static void put_number(gx_arena *a, gx_value *row, const char *key, const char *head,
                       uint64_t number) {
    const char *text = gx_arena_printf(a, "%s%llu", head, (unsigned long long)number);
    gx_map_put(a, row, key, gx_str(text ? text : ""));
}

static uint32_t shelves_of(const gx_market_size *size) {
    return size->items / SHELF > 0 ? size->items / SHELF : 1;
}

static gx_value item_fields(gx_arena *a, const market *m, uint32_t i, gx_rng *rng) {
    static const char *const kinds[] = {"content", "event"};
    gx_value row = gx_map(a, 12);
    const uint32_t shelf = i % shelves_of(&m->size);
    const char *category =
        gx_arena_printf(a, "c%u/s%u", shelf / SHELVES_A_PART, shelf % SHELVES_A_PART);
    const uint64_t kind = gx_rng_below(rng, 50);
    put_number(a, &row, "title", "Item ", i);
    gx_map_put(a, &row, "category", gx_str(category ? category : ""));
    put_number(a, &row, "brand", "b", gx_rng_below(rng, 500));
    put_number(a, &row, "seller", "u", gx_rng_below(rng, 300));
    put_number(a, &row, "region", "r", gx_rng_below(rng, 20));
    put_number(a, &row, "tags", "t", gx_rng_below(rng, 1000));
    gx_map_put(a, &row, "price", gx_real(floor(exp(gx_rng_real(rng) * 6.9) * 100) / 100));
    gx_map_put(a, &row, "stock", gx_int(gx_rng_below(rng, 33) ? 20 : 0));
    if (kind < GX_COUNT(kinds)) {
        gx_map_put(a, &row, "kind", gx_str(kinds[kind]));
    }
    if (gx_rng_below(rng, 50) == 0) {
        gx_map_put(a, &row, "status", gx_str("hidden"));
    }
    if (gx_rng_below(rng, 50) == 0) {
        gx_map_put(a, &row, "age_min", gx_int(18));
    }
    return row;
}

static gx_value member_fields(gx_arena *a, const market *m, uint32_t u, gx_rng *rng) {
    static const char *const bands[] = {"13-17", "18-24", "25-34", "35-44"};
    gx_value row = gx_map(a, 4);
    (void)m;
    gx_map_put(a, &row, "consent", gx_bool(u % 2 == 0));
    put_number(a, &row, "region", "r", gx_rng_below(rng, 20));
    gx_map_put(a, &row, "age_band", gx_str(bands[gx_rng_below(rng, GX_COUNT(bands))]));
    if (gx_rng_below(rng, 20) == 0) {
        put_number(a, &row, "blocked_brands", "b", gx_rng_below(rng, 500));
    }
    return row;
}

typedef gx_value (*fields_fn)(gx_arena *a, const market *m, uint32_t id, gx_rng *rng);

static gx_status add_records(market *m, gx_space space, uint32_t count, fields_fn fields,
                             gx_error *err) {
    gx_status status = GX_OK;
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, sizeof(gx_value));
    }
    for (uint32_t id = 0; status == GX_OK && id < count; id++) {
        bool changed;
        gx_rng rng = gx_rng_at(m->job->seed + space, id);
        const gx_value row = fields(arena, m, id, &rng);
        status = gx_record_merge(&changed, m->txn, space, id, &row, err);
        gx_arena_reset(arena);
    }
    gx_arena_destroy(arena);
    return status;
}

/* ---- ties and events ------------------------------------------------------------------------ */

/* Five friends in the circle, one beyond it, and the first of the circle is followed. */
static gx_status add_ties(market *m, gx_error *err) {
    const uint32_t members = m->size.members;
    uint64_t created, count = 0;
    gx_tie *ties = gx_alloc((size_t)members * TIES + 1, sizeof *ties);
    if (!ties) {
        return gx_fail_memory(err, (size_t)members * TIES * sizeof *ties);
    }
    for (uint32_t u = 0; u < members; u++) {
        gx_rng rng = gx_rng_at(m->job->seed + 101, u);
        const uint32_t first = u / CIRCLE * CIRCLE;
        const uint32_t size = members - first < CIRCLE ? members - first : CIRCLE;
        for (int k = 0; k < TIES; k++) {
            const bool follows = k == TIES - 1, beyond = k == TIES - 2;
            const uint32_t other = follows  ? first
                                   : beyond ? (uint32_t)gx_rng_below(&rng, members)
                                            : first + (uint32_t)gx_rng_below(&rng, size);
            const float weight = (float)(0.3 + 0.7 * gx_rng_real(&rng));
            if (other != u) {
                ties[count++] = (gx_tie){.src = follows || u < other ? u : other,
                                         .dst = follows || u < other ? other : u,
                                         .kind = follows ? m->follow_kind : m->friend_kind,
                                         .weight = weight,
                                         .ts_ms = FIRST_MS,
                                         .directed = follows};
            }
        }
    }
    gx_status status = gx_tie_put_many(&created, NULL, m->txn, ties, count, m->job, err);
    gx_free(ties);
    return status;
}

/* Of the circle's shelf, of the member's own, or any; the first of a shelf sell most. */
static uint32_t draw_item(const market *m, uint32_t u, gx_rng *rng) {
    const uint32_t shelves = shelves_of(&m->size);
    const double which = gx_rng_real(rng);
    const uint64_t circle = gx_mix64(u / CIRCLE + 1), own = gx_mix64((uint64_t)u << 20 | 1);
    const uint32_t shelf = (uint32_t)(which < 0.45   ? circle % shelves
                                      : which < 0.85 ? own % shelves
                                                     : gx_rng_below(rng, shelves));
    const double x = gx_rng_real(rng);
    const uint32_t rows = m->size.items / shelves;
    const uint32_t row = (uint32_t)(x * x * x * rows);
    const uint32_t item = row * shelves + shelf;
    return item < m->size.items ? item : shelf;
}

/* How many a member has: a heavy tail of the wanted mean. */
static uint32_t draw_count(double mean, gx_rng *rng) {
    const double least = mean / 2.5;
    const double x = least / pow(1 - gx_rng_real(rng), 1 / 1.7);
    return x < EVENTS_MOST ? (uint32_t)x : EVENTS_MOST;
}

static gx_status add_events(market *m, gx_error *err) {
    gx_event_load *load = NULL;
    uint64_t count;
    const double mean = (double)m->size.events / m->size.members;
    gx_status status = gx_event_load_open(&load, m->txn, m->job, err);
    for (uint32_t u = 0; status == GX_OK && u < m->size.members; u++) {
        gx_rng rng = gx_rng_at(m->job->seed + 202, u);
        for (uint32_t k = draw_count(mean, &rng); status == GX_OK && k > 0; k--) {
            const uint64_t action = gx_rng_below(&rng, 20);
            const gx_event event = {.ts_ms = FIRST_MS +
                                             (int64_t)gx_rng_below(&rng, (uint64_t)(DAYS * DAY_MS)),
                                    .user = u,
                                    .item = draw_item(m, u, &rng),
                                    .action = m->actions[action < 6    ? 0
                                                         : action < 19 ? 1
                                                                       : 2],
                                    .channel = GX_NONE,
                                    .group = GX_NONE,
                                    .via = GX_NONE,
                                    .campaign = GX_NONE,
                                    .coupon = GX_NONE,
                                    .value = NAN,
                                    .qty = NAN,
                                    .amount = NAN};
            status = gx_event_load_add(load, &event, err);
        }
    }
    if (status != GX_OK) {
        gx_event_load_abort(load);
        return status;
    }
    return gx_event_load_finish(&count, load, err);
}

/* ---- all ------------------------------------------------------------------------------------ */

gx_status gx_bench_market(gx_store *store, const gx_market_size *size, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    market m = {.size = *size, .job = job};
    GX_TRY(gx_txn_write(&m.txn, store, err));
    GX_TRY(add_names(&m, err));
    GX_TRY(add_records(&m, GX_SPACE_ITEM, size->items, item_fields, err));
    GX_TRY(add_records(&m, GX_SPACE_USER, size->members, member_fields, err));
    GX_TRY(add_ties(&m, err));
    GX_TRY(add_events(&m, err));
    status = gx_txn_commit(m.txn, err);
    m.txn = NULL;
done:
    gx_txn_abort(m.txn);
    return status;
}
