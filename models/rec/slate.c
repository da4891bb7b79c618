/* Choosing the places of a list one after the other.
 *
 * Candidates come in runs by falling score. One that the limits have no room for is passed over;
 * since a value that is full stays full, everything of it is struck out before the next run. Runs
 * after the first are drawn from the best few hundred, and where these are used up from all that
 * have a score: O(items + runs × what is left), and one run where limits are loose. Diversity
 * chooses within the first run only, which is longer then. */
#include "models/rec/rec_parts.h"

#include "models/rec/columns.h"
#include "models/rec/diverse.h"
#include "models/rec/explore.h"
#include "models/top.h"

#include <float.h>
#include <math.h>

enum { RUN_LEAST = 64, RUN_GROWS = 4 };

const char *gx_slate_flag_name(gx_slate_flag flag) {
    static const char *const names[GX_SLATE_FLAG_COUNT] = {
#define X(name, text) text,
        GX_SLATE_FLAG_MAP(X)
#undef X
    };
    return (unsigned)flag < GX_SLATE_FLAG_COUNT ? names[flag] : "unknown";
}

/* ---- limits --------------------------------------------------------------------------------- */

typedef struct counted {
    uint64_t key; /* 0: free */
    uint32_t count, most;
} counted;

typedef struct limit {
    const gx__column *column;
    uint64_t absent;
    uint32_t most;
    counted *table; /* open addressing; slots is a power of two */
    uint32_t slots;
    uint64_t *level; /* the key of each word of the column; NULL: its own */
    uint8_t *full;   /* of each word, for strike_full: no room is left */
} limit;

typedef struct slate {
    const gx_rec *rec;
    const gx_rec_request *request;
    const gx_slate *rules;
    gx__ranking *ranking;
    float *total; /* of the ranking */
    limit limits[GX_SLATE_LIMITS];
    gx__pick *picks;
    uint32_t count, n; /* places taken, and all */
} slate;

#define KEY_UNKNOWN (UINT64_C(1) << 40) /* a value that no item has: above every word */

static counted *find(const limit *l, uint64_t key) {
    uint32_t at = (uint32_t)gx_mix64(key) & (l->slots - 1);
    while (l->table[at].key != 0 && l->table[at].key != key) {
        at = (at + 1) & (l->slots - 1);
    }
    return &l->table[at];
}

static counted *entry(const limit *l, uint64_t key) {
    counted *c = find(l, key);
    if (c->key == 0) {
        *c = (counted){.key = key, .most = l->most};
    }
    return c;
}

/* Of the key as the column has it. */
static uint64_t value_of(const limit *l, uint64_t key) {
    if (key == 0) {
        return l->absent;
    }
    return l->level && l->column && key <= l->column->dict.count ? l->level[key] : key;
}

static uint64_t key_of(const limit *l, uint32_t item) {
    return value_of(l, gx__column_key(l->column, item));
}

static bool value_has_room(const limit *l, uint64_t value) {
    if (value == 0) {
        return true;
    }
    const counted *c = find(l, value);
    return c->key ? c->count < c->most : l->most > 0;
}

static bool limit_has_room(const limit *l, uint32_t item) {
    return value_has_room(l, key_of(l, item));
}

static bool has_room(const slate *s, uint32_t item) {
    for (uint32_t k = 0; k < s->rules->limit_count; k++) {
        if (!limit_has_room(&s->limits[k], item)) {
            return false;
        }
    }
    return true;
}

static gx_status limit_open(limit *l, const gx_slate *rules, const gx_slate_limit *asked,
                            uint32_t n, gx_error *err) {
    uint32_t slots = 16;
    while (slots < 2 * (n + asked->quotas + 1)) {
        slots *= 2;
    }
    l->column = gx__columns_find(rules->columns, gx_slice_of(asked->field));
    l->most = asked->most;
    l->slots = slots;
    const uint32_t words = l->column ? l->column->dict.count + 1 : 1; /* [0] is nobody's */
    l->table = gx_alloc0(slots, sizeof *l->table);
    l->full = gx_alloc(words, sizeof *l->full);
    l->level = asked->levels > 0 ? gx_alloc(words, sizeof *l->level) : NULL;
    if (!l->table || !l->full || (asked->levels > 0 && !l->level)) {
        return gx_fail_memory(err, slots * sizeof *l->table + (size_t)words * 9);
    }
    for (uint32_t w = 0; l->level && l->column && w < words; w++) {
        l->level[w] = gx__column_prefix(l->column, w, asked->levels);
    }
    if (asked->absent) {
        l->absent = gx__column_key_of(l->column, gx_slice_of(asked->absent));
        l->absent = l->absent ? l->absent : KEY_UNKNOWN;
    }
    for (uint32_t k = 0; k < asked->quotas; k++) {
        uint64_t key = gx__column_key_of(l->column, asked->value[k]);
        if (key == 0 && asked->absent && gx_slice_is(asked->value[k], asked->absent)) {
            key = l->absent;
        }
        if (key != 0) {
            entry(l, key)->most = asked->quota[k];
        }
    }
    return GX_OK;
}

/* ---- picking -------------------------------------------------------------------------------- */

static void take(slate *s, uint32_t item, bool earned, uint32_t flags) {
    for (uint32_t k = 0; k < s->rules->limit_count; k++) {
        uint64_t key = key_of(&s->limits[k], item);
        if (key != 0) {
            entry(&s->limits[k], key)->count++;
        }
    }
    s->picks[s->count++] =
        (gx__pick){.item = item, .earned = earned, .flags = flags, .propensity = 1};
    s->total[item] = GX__TAKEN;
}

/* Pins go before everything and have their places against the limits. */
static void take_pins(slate *s) {
    for (uint32_t k = 0; k < s->rules->pin_count && s->count < s->n; k++) {
        uint32_t item = s->rules->pins[k].item;
        if (gx__passes(s->request, item)) {
            gx__ranking_settle(s->ranking, item);
            take(s, item, s->total[item] > 0, 1U << GX_SLATE_PINNED);
        }
    }
}

/* The run from the best on, into places; the whole of it is done with afterwards. */
static void walk(slate *s, const gx_scored *run, uint32_t count, bool earned) {
    for (uint32_t k = 0; k < count && s->count < s->n; k++) {
        if (has_room(s, run[k].item)) {
            take(s, run[k].item, earned, 0);
        }
        s->total[run[k].item] = GX__TAKEN;
    }
}

/* The same by what is worth most beside what is taken. */
static gx_status walk_diverse(slate *s, const gx_scored *run, uint32_t count, bool earned,
                              gx_error *err) {
    gx__diverse *d = NULL;
    uint8_t *gone = gx_alloc0((size_t)count + 1, 1);
    gx_status status = gone ? GX_OK : gx_fail_memory(err, count);
    if (status == GX_OK) {
        status = gx__diverse_open(&d, s->rec, s->rules, run, count, s->n, err);
    }
    for (uint32_t k = 0; status == GX_OK && k < s->count; k++) {
        status = gx__diverse_beside(d, s->picks[k].item, err);
    }
    while (status == GX_OK && s->count < s->n) {
        uint32_t first = GX_NONE, best = GX_NONE;
        double most = -INFINITY;
        for (uint32_t k = 0; k < count; k++) {
            gone[k] = gone[k] || !has_room(s, run[k].item);
            double value = gone[k] ? -INFINITY : gx__diverse_value(d, k);
            first = first == GX_NONE && !gone[k] ? k : first;
            if (value > most) {
                most = value;
                best = k;
            }
        }
        if (best == GX_NONE) {
            break;
        }
        gone[best] = 1;
        take(s, run[best].item, earned, best != first ? 1U << GX_SLATE_DIVERSE : 0);
        status = s->count < s->n ? gx__diverse_take(d, best, err) : GX_OK;
    }
    for (uint32_t k = 0; k < count; k++) {
        s->total[run[k].item] = GX__TAKEN;
    }
    gx__diverse_close(d);
    gx_free(gone);
    return status;
}

/* Which words have no room left: those in the table say so, the others are as their limit. */
static void find_full(limit *l) {
    const uint32_t words = l->column->dict.count + 1;
    memset(l->full, l->most == 0, words);
    for (uint32_t w = 1; l->level && w < words; w++) {
        l->full[w] = !value_has_room(l, l->level[w]);
    }
    for (uint32_t t = 0; !l->level && t < l->slots; t++) {
        const counted *c = &l->table[t];
        if (c->key != 0 && c->key < words) {
            l->full[c->key] = c->count >= c->most;
        }
    }
    l->full[0] = !value_has_room(l, l->absent);
}

/* The first `rows` rows of a page, whose totals begin at `total`. */
static void strike_page(float *total, uint32_t rows, const limit *l, const gx__page *page) {
    for (uint32_t k = 0; k < rows; k++) {
        const uint32_t cell = page->word ? page->word[k] : 0;
        if (cell & GX__CELL_LIST) {
            const uint32_t *run = l->column->runs + (cell & ~GX__CELL_LIST);
            total[k] = l->full[run[0] > 0 ? run[1] : 0] ? GX__TAKEN : total[k];
        } else {
            total[k] = l->full[cell] ? GX__TAKEN : total[k];
        }
    }
}

/* A cell with a number has no word: such pages go item by item. */
static void strike_full(slate *s) {
    const uint32_t items = s->request->items;
    for (uint32_t k = 0; k < s->rules->limit_count; k++) {
        limit *l = &s->limits[k];
        if (l->column) {
            find_full(l);
        }
        const bool none_full = !value_has_room(l, l->absent);
        for (uint32_t first = 0; first < items; first += GX__PAGE_ROWS) {
            const uint32_t rows = items - first < GX__PAGE_ROWS ? items - first : GX__PAGE_ROWS;
            const gx__page *page = l->column ? gx__column_page(l->column, first) : NULL;
            if (page && page->word && !page->number) {
                strike_page(s->total + first, rows, l, page);
                continue;
            }
            const bool empty = !page || (!page->word && !page->number);
            for (uint32_t i = first; i < first + rows; i++) {
                const bool full = empty ? none_full : !limit_has_room(l, i);
                s->total[i] = full ? GX__TAKEN : s->total[i];
            }
        }
    }
}

/* ---- what is left of the best ---------------------------------------------------------------- */

enum { BEST_LEAST = 512 };

/* Items with a total above `limit`: rising, and their totals, which are bounds where the ranking's
 * are. */
typedef struct best {
    uint32_t *item;
    float *score;
    gx_scored *run;
    uint32_t count, length; /* length: of a run */
    float limit;
} best;

static bool is_full(const limit *l, uint32_t item, bool none_full) {
    const gx__page *page = l->column ? gx__column_page(l->column, item) : NULL;
    if (!page || (!page->word && !page->number)) {
        return none_full;
    }
    if (page->number) {
        return !limit_has_room(l, item);
    }
    const uint32_t cell = page->word[item % GX__PAGE_ROWS];
    if (cell & GX__CELL_LIST) {
        const uint32_t *run = l->column->runs + (cell & ~GX__CELL_LIST);
        return l->full[run[0] > 0 ? run[1] : 0] != 0;
    }
    return l->full[cell] != 0;
}

/* What gx_top counts. */
static inline bool is_above(float total, float least) {
    return total > least && total <= FLT_MAX;
}

/* Leaves what is still above the limit and has room. */
static void narrow(best *b, slate *s) {
    for (uint32_t k = 0; k < s->rules->limit_count; k++) {
        limit *l = &s->limits[k];
        const bool none_full = !value_has_room(l, l->absent);
        uint32_t kept = 0;
        if (l->column) {
            find_full(l);
        }
        for (uint32_t i = 0; i < b->count; i++) {
            const uint32_t item = b->item[i];
            const bool full = is_full(l, item, none_full);
            s->total[item] = full ? GX__TAKEN : s->total[item];
            b->item[kept] = item;
            kept += full ? 0 : 1;
        }
        b->count = kept;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < b->count; i++) {
        const float total = s->total[b->item[i]];
        b->item[kept] = b->item[i];
        b->score[kept] = total;
        kept += is_above(total, b->limit) ? 1 : 0;
    }
    b->count = kept;
}

static void settle_at(best *b, slate *s, uint32_t at) {
    gx__ranking_settle(s->ranking, b->item[at]);
    b->score[at] = s->total[b->item[at]];
}

/* The first of them into b->run, as gx__ranking_top does it with all: their places in b->item. */
static uint32_t draw(best *b, slate *s) {
    const uint32_t length = b->length < b->count ? b->length : b->count;
    uint32_t found = gx_top(b->run, length, b->score, b->count, NULL, 0);
    const uint8_t *open = s->ranking->scores.open;
    if (!open) {
        return found;
    }
    float least = found < length ? 0 : INFINITY;
    for (uint32_t k = 0; k < found; k++) {
        const uint32_t at = b->run[k].item;
        settle_at(b, s, at);
        least = b->score[at] < least ? b->score[at] : least;
    }
    for (uint32_t i = 0; i < b->count; i++) {
        if (b->score[i] >= least && open[b->item[i]]) {
            settle_at(b, s, i);
        }
    }
    return gx_top(b->run, length, b->score, b->count, NULL, 0);
}

/* Takes from them until the list is full or nothing above the limit is left. What is settled to a
 * total that is not above it has to wait for those that were never looked at. */
static void pick_of(best *b, slate *s) {
    for (narrow(b, s); b->count > 0 && s->count < s->n; narrow(b, s)) {
        const uint32_t found = draw(b, s);
        for (uint32_t k = 0; k < found && s->count < s->n; k++) {
            const uint32_t item = b->item[b->run[k].item];
            if (!is_above(b->run[k].score, b->limit)) {
                break;
            }
            if (has_room(s, item)) {
                take(s, item, true, 0);
            }
            s->total[item] = GX__TAKEN;
        }
    }
}

static void gather(best *b, const float *total, uint32_t items) {
    enum { AT_ONCE = 16 };
    b->count = 0;
    for (uint32_t i = 0, end; i < items; i = end) {
        int any = 0;
        end = items - i < AT_ONCE ? items : i + AT_ONCE;
        for (uint32_t k = i; k < end; k++) {
            any |= total[k] > b->limit;
        }
        for (uint32_t k = i; any && k < end; k++) {
            b->item[b->count] = k;
            b->count += is_above(total[k], b->limit) ? 1 : 0;
        }
    }
}

/* The places that are left, from the totals above 0. */
static gx_status pick_rest(slate *s, gx_error *err) {
    const uint32_t items = s->request->items;
    const uint32_t wanted = s->n * 4 + (items / 64 < BEST_LEAST ? items / 64 : BEST_LEAST);
    best b = {.length = (s->n - s->count) * 2 + RUN_LEAST};
    const size_t runs = b.length > wanted ? b.length : wanted;
    gx_status status = GX_OK;
    b.item = gx_alloc((size_t)items + 1, sizeof *b.item);
    b.score = gx_alloc((size_t)items + 1, sizeof *b.score);
    b.run = gx_alloc(runs + 1, sizeof *b.run);
    if (!b.item || !b.score || !b.run) {
        status = gx_fail_memory(err, (size_t)items * 8 + runs * sizeof *b.run);
        goto done;
    }
    b.limit = gx__top_limit(b.run, wanted, s->total, items, NULL, 0);
    gather(&b, s->total, items);
    pick_of(&b, s);
    if (s->count < s->n && b.limit > 0) {
        b.limit = 0;
        gather(&b, s->total, items);
        pick_of(&b, s);
    }
done:
    gx_free(b.item);
    gx_free(b.score);
    gx_free(b.run);
    return status;
}

/* Takes from the totals above 0, or of popularity from 0 on, until the list is full or nothing is
 * left. */
static gx_status pick(slate *s, bool earned, gx_error *err) {
    uint32_t items = s->request->items;
    bool diverse = s->rules->diversity > 0; /* of the first run */
    uint64_t length = (uint64_t)s->n * (diverse ? 4 : 2) + RUN_LEAST;
    while (s->count < s->n) {
        length = length < items ? length : items;
        gx_scored *run = gx_alloc(length + 1, sizeof *run);
        if (!run) {
            return gx_fail_memory(err, length * sizeof *run);
        }
        uint32_t found = earned ? gx__ranking_top(run, (uint32_t)length, s->ranking)
                                : gx_top(run, (uint32_t)length, s->total, items, NULL, GX__TAKEN);
        gx_status status = GX_OK;
        if (diverse) {
            status = walk_diverse(s, run, found, earned, err);
        } else {
            walk(s, run, found, earned);
        }
        gx_free(run);
        if (status != GX_OK) {
            return status;
        }
        diverse = false;
        if (found < length || s->count == s->n) {
            break;
        }
        if (earned) {
            return pick_rest(s, err);
        }
        strike_full(s);
        length *= RUN_GROWS;
    }
    return GX_OK;
}

/* Each pin to its place, or as near to it as the list is long; the others keep their order. */
static gx_status place_pins(slate *s, gx_error *err) {
    uint32_t pins = 0;
    while (pins < s->count && (s->picks[pins].flags & (1U << GX_SLATE_PINNED))) {
        pins++;
    }
    if (pins == 0) {
        return GX_OK;
    }
    gx__pick *placed = gx_alloc(s->count, sizeof *placed);
    if (!placed) {
        return gx_fail_memory(err, s->count * sizeof *placed);
    }
    const gx_slate_pin *pin = s->rules->pins;
    for (uint32_t at = 0, p = 0, other = pins; at < s->count; at++) {
        while (p < pins && pin->item != s->picks[p].item) {
            pin++; /* one that is not shown */
        }
        bool pinned = p < pins && (pin->place <= at + 1 || other == s->count);
        placed[at] = pinned ? s->picks[p++] : s->picks[other++];
    }
    memcpy(s->picks, placed, s->count * sizeof *placed);
    gx_free(placed);
    return GX_OK;
}

/* ---- exploring ------------------------------------------------------------------------------ */

/* Items of one group count alike against every limit, so one may stand for another. */
static uint64_t group_of(const slate *s, uint32_t item) {
    uint64_t group = 0;
    for (uint32_t k = 0; k < s->rules->limit_count; k++) {
        group = gx_mix64(group ^ key_of(&s->limits[k], item)) + k;
    }
    return group;
}

/* The best of what is not in the list, by the totals as they were; behind what channels speak for
 * the most popular, as in a list. */
static gx_status pool_of(gx__pick *pool, uint32_t *out_count, slate *s, uint32_t most,
                         gx_error *err) {
    gx_scored *top = gx_alloc((size_t)most + 1, sizeof *top);
    if (!top) {
        return gx_fail_memory(err, most * sizeof *top);
    }
    for (uint32_t k = 0; k < s->count; k++) {
        s->total[s->picks[k].item] = GX__TAKEN;
    }
    uint32_t items = s->request->items;
    const uint32_t earned = gx__ranking_top(top, most, s->ranking);
    uint32_t count = earned;
    if (earned < most) {
        gx__ranking_turn_to_popular(s->ranking);
        count += gx_top(top + earned, most - earned, s->total, items, NULL, GX__TAKEN);
    }
    for (uint32_t k = 0; k < count; k++) {
        pool[k] = (gx__pick){.item = top[k].item, .earned = k < earned};
    }
    gx_free(top);
    *out_count = count;
    return GX_OK;
}

/* `before`: the totals before any place was chosen. */
static gx_status explore(slate *s, const float *before, gx_error *err) {
    uint32_t most = s->n * 4 + RUN_LEAST, count = 0;
    gx__pick *pool = gx_alloc((size_t)most + 1, sizeof *pool);
    uint64_t *groups = gx_alloc((size_t)most + s->count + 1, sizeof *groups);
    gx_status status = pool && groups ? GX_OK : gx_fail_memory(err, most * sizeof *pool);
    if (status == GX_OK) {
        memcpy(s->total, before, s->request->items * sizeof *before);
        status = pool_of(pool, &count, s, most, err);
    }
    if (status == GX_OK) {
        gx_rng rng = gx_rng_at(s->rules->seed, s->rules->stream);
        uint64_t *places = groups + count;
        for (uint32_t k = 0; k < count; k++) {
            groups[k] = group_of(s, pool[k].item);
        }
        for (uint32_t k = 0; k < s->count; k++) {
            places[k] = group_of(s, s->picks[k].item);
        }
        status = gx__explore(s->picks, places, s->count, pool, groups, count, s->rules->explore,
                             &rng, err);
    }
    gx_free(pool);
    gx_free(groups);
    return status;
}

static uint32_t full_limit(const slate *s, uint32_t item) {
    for (uint32_t k = 0; k < s->rules->limit_count && item < s->request->items; k++) {
        if (!limit_has_room(&s->limits[k], item)) {
            return k;
        }
    }
    return GX_NONE;
}

gx_status gx__slate_pick(gx__pick *picks, uint32_t *out_count, uint32_t *out_limit,
                         gx__ranking *ranking, uint32_t n, gx_error *err) {
    gx_status status = GX_OK;
    float *before = NULL;
    const gx_rec_request *request = ranking->request;
    slate s = {.rec = ranking->scores.rec,
               .request = request,
               .rules = request->slate,
               .ranking = ranking,
               .total = ranking->total,
               .picks = picks,
               .n = n};
    for (uint32_t k = 0; k < s.rules->limit_count; k++) {
        GX_TRY(limit_open(&s.limits[k], s.rules, &s.rules->limits[k], n, err));
    }
    if (s.rules->explore > 0) {
        before = gx_alloc((size_t)request->items + 1, sizeof *before);
        if (!before) {
            status = gx_fail_memory(err, request->items * sizeof *before);
            goto done;
        }
        memcpy(before, s.total, request->items * sizeof *before);
        ranking->before = before;
    }
    take_pins(&s);
    GX_TRY(pick(&s, true, err));
    if (s.count < n) {
        gx__ranking_turn_to_popular(ranking);
        GX_TRY(pick(&s, false, err));
    }
    GX_TRY(place_pins(&s, err));
    if (before) {
        GX_TRY(explore(&s, before, err));
    }
    *out_count = s.count;
    *out_limit = full_limit(&s, s.rules->watch);
done:
    ranking->before = NULL;
    gx_free(before);
    for (uint32_t k = 0; k < s.rules->limit_count; k++) {
        gx_free(s.limits[k].table);
        gx_free(s.limits[k].full);
        gx_free(s.limits[k].level);
    }
    return status;
}
