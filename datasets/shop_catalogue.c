/* What the sample shop sells. Products are spread over the leaf categories; within a leaf the k-th
 * of n sells like 1 / (k + 1) (Zipf), so that few are known to all and most to few. */
#include "datasets/shop.h"

static uint32_t product_count(uint32_t users) {
    uint64_t count = (uint64_t)users * 3 / 10;
    return count < 2 * GX__SHOP_LEAVES ? 2 * GX__SHOP_LEAVES
           : count > 200000            ? 200000
                                       : (uint32_t)count;
}

static gx__item draw_item(const gx__shop *shop, uint32_t item) {
    gx_rng rng = gx__shop_rng(shop, GX__STREAM_ITEM, item);
    /* The first go round all leaves: none stays empty. */
    gx__item out = {
        .leaf = (uint8_t)(item < GX__SHOP_LEAVES ? item : gx__below(&rng, GX__SHOP_LEAVES))};
    uint32_t typical = gx__leaf_word[out.leaf].price;
    uint32_t whole = typical / 2 + gx__below(&rng, typical) + (uint32_t)gx__pareto(&rng, 200);
    out.price_cents = whole * 100 - (gx__chance(&rng, 6000) ? 10 : 0);
    out.listed_day = (int16_t)(gx__chance(&rng, 8500) ? -1 - (int32_t)gx__below(&rng, 700)
                                                      : (int32_t)gx__below(&rng, 300));
    return out;
}

/* A counting sort by leaf, then each leaf's products in an order that does not follow their
 * numbers. */
static void fill_shelves(gx__shop *shop) {
    uint32_t at[GX__SHOP_LEAVES];
    for (uint32_t i = 0; i < shop->products; i++) {
        shop->leaf_start[shop->item[i].leaf + 1]++;
    }
    for (uint32_t leaf = 0; leaf < GX__SHOP_LEAVES; leaf++) {
        shop->leaf_start[leaf + 1] += shop->leaf_start[leaf];
        at[leaf] = shop->leaf_start[leaf];
    }
    for (uint32_t i = 0; i < shop->products; i++) {
        shop->shelf[at[shop->item[i].leaf]++] = i;
    }
    for (uint32_t leaf = 0; leaf < GX__SHOP_LEAVES; leaf++) {
        gx_rng rng = gx__shop_rng(shop, GX__STREAM_ITEM, (uint64_t)2 << 32 | leaf);
        uint32_t *shelf = shop->shelf + shop->leaf_start[leaf];
        double *sum = shop->popularity + shop->leaf_start[leaf], total = 0;
        uint32_t count = shop->leaf_start[leaf + 1] - shop->leaf_start[leaf];
        for (uint32_t i = count; i > 1; i--) {
            uint32_t j = gx__below(&rng, i), moved = shelf[i - 1];
            shelf[i - 1] = shelf[j];
            shelf[j] = moved;
        }
        for (uint32_t i = 0; i < count; i++) {
            total += 1.0 / (i + 1);
            sum[i] = total;
        }
    }
}

uint32_t gx__shelf_pick(const gx__shop *shop, uint32_t leaf, gx_rng *rng) {
    const double *sum = shop->popularity + shop->leaf_start[leaf];
    uint32_t low = 0, high = shop->leaf_start[leaf + 1] - shop->leaf_start[leaf] - 1;
    double at = gx_rng_real(rng) * sum[high];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sum[middle] <= at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return shop->shelf[shop->leaf_start[leaf] + low];
}

/* Any product at all: what a circle takes up has nothing to do with its theme, so that the circle's
 * influence cannot be mistaken for taste. */
uint32_t gx__hot_item(const gx__shop *shop, uint32_t circle, uint32_t quarter, uint32_t k) {
    gx_rng rng =
        gx__shop_rng(shop, GX__STREAM_HOT, ((uint64_t)circle * 4 + quarter) * GX__SHOP_HOT + k);
    return gx__below(&rng, shop->products);
}

gx_status gx__shop_draw_catalogue(gx__shop *shop, gx_job *job, gx_error *err) {
    gx_status status;
    shop->products = product_count(shop->users);
    shop->contents = shop->products / 12;
    uint32_t items = shop->products + shop->contents;
    GX_TRY(gx_job_alloc(job, &shop->item, items, sizeof *shop->item, err));
    GX_TRY(gx_job_alloc(job, &shop->shelf, shop->products, sizeof *shop->shelf, err));
    GX_TRY(gx_job_alloc(job, &shop->popularity, shop->products, sizeof *shop->popularity, err));
    for (uint32_t i = 0; i < items; i++) {
        shop->item[i] = draw_item(shop, i);
    }
    fill_shelves(shop);
done:
    return status;
}
