/* What the blend is learnt from: the scores of the four channels for what a member took, and for
 * what stood against it: the first GX_BLEND_TOP of every channel alone. An item that would rank
 * above what was taken by a sum of channels is, but for sums of many middling ones, among them. */
#include "models/rec/blend.h"
#include "models/rec/rec_parts.h"

#include <stdlib.h>

static int by_number(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Items that candidates are, or any item: 0 where it could not have been taken. */
static bool is_open(const gx__scores *scores, const uint8_t *skip, uint32_t item) {
    return item < scores->rec->items && !skip[item];
}

static void add_mass(gx_blend_take *take, gx_channel channel, float s) {
    double power = 1;
    for (uint32_t p = 0; p < GX_BLEND_POWERS; p++) {
        power *= (double)s;
        take->mass[p][channel] += power;
    }
}

/* The first of the interest channel; its masses on the way. */
static uint32_t top_interest(gx_blend_take *take, gx_scored *top, const gx__scores *scores,
                             const uint8_t *skip) {
    uint32_t items = scores->rec->items;
    if (!scores->interest) {
        return 0;
    }
    for (uint32_t i = 0; i < items; i++) {
        float s = scores->interest[i] * scores->interest_scale;
        if (s > 0 && !skip[i]) {
            add_mass(take, GX_CHANNEL_INTEREST, s < 1 ? s : 1);
        }
    }
    return gx_top(top, GX_BLEND_TOP, scores->interest, items, skip, 0);
}

/* The first of another channel: among the candidates alone; `value` is as long as they are. */
static uint32_t top_candidates(gx_blend_take *take, gx_scored *top, float *value,
                               const gx__scores *scores, const uint8_t *skip, gx_channel channel) {
    for (uint32_t k = 0; k < scores->count; k++) {
        float s[GX_CHANNEL_COUNT];
        uint32_t item = scores->candidates[k].item;
        value[k] = 0;
        if (is_open(scores, skip, item)) {
            gx__scores_of(s, scores, item);
            value[k] = s[channel];
            add_mass(take, channel, s[channel]);
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

gx_status gx_rec_evidence(gx_blend_take *take, gx_blend_cell *cells, const gx_rec *rec,
                          const gx_rec_member *member, const uint8_t *skip, uint32_t item,
                          gx_error *err) {
    gx__scores scores;
    gx_scored top[GX_BLEND_TOP];
    uint32_t items[GX_BLEND_CELLS], count = 0;
    gx_status status = gx__scores_make(&scores, rec, member, rec->items, err);
    if (status != GX_OK) {
        return status;
    }
    float *value = gx_alloc((size_t)scores.count + 1, sizeof *value);
    if (!value) {
        gx__scores_finish(&scores);
        return gx_fail_memory(err, scores.count * sizeof *value);
    }
    memset(take->mass, 0, sizeof take->mass);
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        uint32_t found = c == GX_CHANNEL_INTEREST
                             ? top_interest(take, top, &scores, skip)
                             : top_candidates(take, top, value, &scores, skip, (gx_channel)c);
        for (uint32_t k = 0; k < found; k++) {
            items[count++] = top[k].item;
        }
    }
    count = merge(items, count, item);
    gx__scores_of(cells[0].s, &scores, item);
    for (uint32_t k = 0; k < count; k++) {
        gx__scores_of(cells[k + 1].s, &scores, items[k]);
    }
    take->popular_rank = scores.interest ? GX_NONE : popular_rank(rec, skip, item);
    take->item = item;
    take->likes = scores.likes;
    take->count = count + 1;
    gx_free(value);
    gx__scores_finish(&scores);
    return GX_OK;
}
