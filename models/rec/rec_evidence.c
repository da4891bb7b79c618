/* What the blend is learnt from: the scores of the four channels for what a member took, and for
 * what stood against it: the first GX_BLEND_TOP of every channel alone. An item that would rank
 * above what was taken by a sum of channels is, but for sums of many middling ones, among them. */
#include "models/parallel.h"
#include "models/rec/blend.h"
#include "models/rec/rec_parts.h"

#include <math.h>
#include <stdlib.h>

static int by_number(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Whether the member could have taken the item: it is of the snapshot and not left out. */
static bool could_be_taken(const gx__scores *scores, const uint8_t *skip, uint32_t item) {
    return item < scores->rec->items && !skip[item];
}

/* ---- what stood against it ------------------------------------------------------------------ */

static uint32_t top_interest(gx_scored *top, const gx__scores *scores, const uint8_t *skip) {
    return scores->interest
               ? gx_top(top, GX_BLEND_TOP, scores->interest, scores->rec->items, skip, 0)
               : 0;
}

/* The first of another channel: among the candidates alone; `value` is as long as they are. */
static uint32_t top_candidates(gx_scored *top, float *value, const gx__scores *scores,
                               const uint8_t *skip, gx_channel channel) {
    for (uint32_t k = 0; k < scores->count; k++) {
        float s[GX_CHANNEL_COUNT];
        uint32_t item = scores->candidates[k].item;
        value[k] = 0;
        if (could_be_taken(scores, skip, item)) {
            gx__scores_of(s, scores, item);
            value[k] = s[channel];
        }
    }
    uint32_t found = gx_top(top, GX_BLEND_TOP, value, scores->count, NULL, 0);
    for (uint32_t k = 0; k < found; k++) {
        top[k].item = scores->candidates[top[k].item].item;
    }
    return found;
}

/* Rising items, each once, without what was taken. */
static uint32_t merge(uint32_t *items, uint32_t count, uint32_t taken) {
    uint32_t made = 0;
    qsort(items, count, sizeof *items, by_number);
    for (uint32_t k = 0; k < count; k++) {
        if (items[k] != taken && (made == 0 || items[made - 1] != items[k])) {
            items[made++] = items[k];
        }
    }
    return made;
}

/* What a list shows where no channel speaks: the most popular, of items as popular the first. */
static uint32_t popular_rank(const gx_rec *rec, const uint8_t *skip, uint32_t item) {
    if (!rec->popular || item >= rec->items) {
        return GX_NONE;
    }
    uint32_t before = 0;
    float own = rec->popular[item];
    for (uint32_t i = 0; i < rec->items; i++) {
        float p = rec->popular[i];
        before += !skip[i] && (p > own || (p == own && i < item)) ? 1 : 0;
    }
    return before + 1;
}

/* ---- how likely each channel alone makes it ------------------------------------------------- */

typedef struct masses {
    double power[GX_BLEND_POWERS];
} masses;

static void add_mass(masses *mass, double s) {
    double power = 1;
    for (uint32_t p = 0; p < GX_BLEND_POWERS; p++) {
        power *= s;
        mass->power[p] += power;
    }
}

static void tell_chance(double *chance, const masses *mass, double s) {
    double power = 1;
    for (uint32_t p = 0; p < GX_BLEND_POWERS; p++) {
        power *= s;
        chance[p] = mass->power[p] > 0 ? power / mass->power[p] : 0;
    }
}

/* add_mass of every item, in lanes, so that the compiler may take a vector at a time: what items
 * are like speaks for nearly all of them. */
GX__CLONES static masses add_masses(const float *restrict raw, const uint8_t *restrict skip,
                                    uint32_t items, float scale) {
    enum { LANES = 8 };
    double lane[GX_BLEND_POWERS][LANES] = {{0}};
    masses mass = {0};
    for (uint32_t i = 0; i < items / LANES * LANES; i += LANES) {
        for (uint32_t l = 0; l < LANES; l++) {
            float s = raw[i + l] * scale;
            s = s > 0 ? s : 0;
            s = s < 1 ? s : 1;
            double one = skip[i + l] ? 0 : (double)s, power = one;
            for (uint32_t p = 0; p < GX_BLEND_POWERS; p++, power *= one) {
                lane[p][l] += power;
            }
        }
    }
    for (uint32_t i = items / LANES * LANES; i < items; i++) {
        const double s = (double)(raw[i] * scale);
        add_mass(&mass, skip[i] || !(s > 0) ? 0 : s < 1 ? s : 1);
    }
    for (uint32_t l = 0; l < LANES; l++) {
        for (uint32_t p = 0; p < GX_BLEND_POWERS; p++) {
            mass.power[p] += lane[p][l];
        }
    }
    return mass;
}

static void interest_chance(gx_blend_take *take, const gx__scores *scores, const uint8_t *skip,
                            uint32_t item) {
    masses mass = {0};
    float own[GX_CHANNEL_COUNT];
    if (scores->interest) {
        mass = add_masses(scores->interest, skip, scores->rec->items, scores->interest_scale);
    }
    gx__scores_of(own, scores, item);
    tell_chance(take->chance[GX_CHANNEL_INTEREST], &mass, (double)own[GX_CHANNEL_INTEREST]);
}

/* One candidate after the other, in `scores->candidates`. */
typedef struct heard {
    const gx__scores *scores;
    double *friends, *leader;
} heard;

static void hear(void *user, const gx_friend *person, const gx__lead *lead,
                 gx__candidate *candidate) {
    const heard *h = user;
    size_t k = (size_t)(candidate - h->scores->candidates);
    const gx__evidence said = gx__evidence_of(h->scores->rec, person, lead, candidate);
    h->friends[k] += said.friends;
    h->leader[k] += said.leader;
}

/* Friends and leaders, with what they did fading faster or slower than in a list. `value`: two an
 * item of the candidates. */
static void people_chance(gx_blend_take *take, gx__scores *scores, const uint8_t *skip,
                          uint32_t item, double *value) {
    heard h = {scores, value, value + scores->count};
    double fade_ms = scores->fade_ms;
    for (uint32_t r = 0; r < GX_BLEND_REACHES; r++) {
        masses friends = {0}, leader = {0};
        uint32_t slot = item < scores->items ? scores->scratch->slot[item] : 0;
        memset(value, 0, 2 * (size_t)scores->count * sizeof *value);
        scores->fade_ms = gx_blend_days[r] * 86400000.0;
        gx__walk_acts(scores, NULL, hear, &h);
        for (uint32_t k = 0; k < scores->count; k++) {
            if (could_be_taken(scores, skip, scores->candidates[k].item)) {
                add_mass(&friends, h.friends[k]);
                add_mass(&leader, h.leader[k]);
            }
        }
        uint32_t at = r * GX_BLEND_POWERS;
        tell_chance(take->chance[GX_CHANNEL_FRIENDS] + at, &friends,
                    slot ? h.friends[slot - 1] : 0);
        tell_chance(take->chance[GX_CHANNEL_LEADER] + at, &leader, slot ? h.leader[slot - 1] : 0);
    }
    scores->fade_ms = fade_ms;
}

/* Popularity of all items, of those with one label, and how many those are; in lanes, so that the
 * compiler may take a vector at a time. */
typedef struct shelf {
    double all, same;
    uint32_t count;
} shelf;

GX__CLONES static shelf add_shelf(const float *restrict popular, const uint32_t *restrict category,
                                  uint32_t items, uint32_t label) {
    enum { LANES = 8 };
    double all[LANES] = {0}, same[LANES] = {0};
    uint32_t count[LANES] = {0};
    shelf sum = {0};
    for (uint32_t i = 0; i < items / LANES * LANES; i += LANES) {
        for (uint32_t l = 0; l < LANES; l++) {
            double p = popular[i + l] > 0 ? (double)popular[i + l] : 0;
            bool is = category[i + l] == label;
            all[l] += p;
            same[l] += is ? p : 0;
            count[l] += is ? 1 : 0;
        }
    }
    for (uint32_t i = items / LANES * LANES, l = 0; i < items; i++, l++) {
        double p = popular[i] > 0 ? (double)popular[i] : 0;
        all[l] += p;
        same[l] += category[i] == label ? p : 0;
        count[l] += category[i] == label ? 1 : 0;
    }
    for (uint32_t l = 0; l < LANES; l++) {
        sum.all += all[l];
        sum.same += same[l];
        sum.count += count[l];
    }
    return sum;
}

/* Without the interest model's word: a category by how much of the history it is, within it an item
 * by popularity. Without categories or popularity: any item. What could not be taken is of the
 * history. */
static double taste_chance(const gx__scores *scores, const uint8_t *skip, uint32_t item) {
    static const double everybody = 4, least = 0.25;
    const gx_rec *rec = scores->rec;
    const gx_history *history = &scores->member->history;
    if (item >= rec->items || skip[item]) {
        return 0;
    }
    if (!rec->category || !rec->popular) {
        return 1.0 / rec->items;
    }
    const uint32_t label = rec->category[item];
    const shelf sum = add_shelf(rec->popular, rec->category, rec->items, label);
    double floor = least * (double)rec->popular_mean, liked = 0;
    double all = sum.all + floor * rec->items, same = sum.same + floor * sum.count;
    for (uint32_t k = 0; k < history->count; k++) {
        uint32_t i = history->item[k];
        bool is = i < rec->items && rec->category[i] == label;
        double p = i < rec->items && skip[i] ? (double)gx__popularity(rec, i) + floor : 0;
        liked += is && history->weight[k] > 0 ? 1 : 0;
        all -= p;
        same -= is ? p : 0;
    }
    double own = (double)gx__popularity(rec, item) + floor;
    all = fmax(all, own);
    same = fmax(same, own);
    return (liked + everybody * same / all) / (scores->likes + everybody) * own / same;
}

/* ---- both ----------------------------------------------------------------------------------- */

/* In `value`, two a candidate. */
static void tell_chances(gx_blend_take *take, gx__scores *scores, const uint8_t *skip,
                         uint32_t item, double *value) {
    memset(take->chance, 0, sizeof take->chance);
    interest_chance(take, scores, skip, item);
    people_chance(take, scores, skip, item, value);
    take->taste = taste_chance(scores, skip, item);
}

/* The cells of a list, what was taken first; how many. In `value`, one a candidate. */
static uint32_t fill_cells(gx_blend_cell *cells, const gx__scores *scores, const uint8_t *skip,
                           uint32_t item, float *value) {
    gx_scored top[GX_BLEND_TOP];
    uint32_t items[GX_BLEND_CELLS], count = 0;
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        uint32_t found = c == GX_CHANNEL_INTEREST
                             ? top_interest(top, scores, skip)
                             : top_candidates(top, value, scores, skip, (gx_channel)c);
        for (uint32_t k = 0; k < found; k++) {
            items[count++] = top[k].item;
        }
    }
    count = merge(items, count, item);
    gx__scores_of(cells[0].s, scores, item);
    for (uint32_t k = 0; k < count; k++) {
        gx__scores_of(cells[k + 1].s, scores, items[k]);
    }
    return count + 1;
}

gx_status gx_rec_evidence(gx_blend_list *out, gx_blend_cell *cells, gx_blend_take *take,
                          const gx_rec *rec, const gx_rec_member *member, const uint8_t *skip,
                          uint32_t item, gx_error *err) {
    gx__scores scores;
    gx_status status = gx__scores_make(&scores, rec, member, rec->items, false, err);
    if (status != GX_OK) {
        return status;
    }
    float *value = gx_alloc((size_t)scores.count + 1, sizeof *value);
    double *both = take ? gx_alloc(2 * (size_t)scores.count + 1, sizeof *both) : NULL;
    if (!value || (take && !both)) {
        status = gx_fail_memory(err, 2 * scores.count * sizeof *both);
    } else {
        /* Without a history what was declared, or members alike, speak for some items at the most:
         * the popular ones follow. */
        const bool follows = !scores.interest || scores.likes == 0;
        out->count = fill_cells(cells, &scores, skip, item, value);
        out->popular_rank = follows ? popular_rank(rec, skip, item) : GX_NONE;
        out->likes = scores.likes;
    }
    if (status == GX_OK && take) {
        tell_chances(take, &scores, skip, item, both);
    }
    gx_free(value);
    gx_free(both);
    gx__scores_finish(&scores);
    return status;
}
