/* What pulls an item down: each entry that speaks against its own item is left out once, and what
 * the score gains is what the entry takes. It holds for every model, whether a dislike subtracts a
 * row or is an observation of nothing. At most TRIED scorings beside the first. */
#include "models/rec/rec_parts.h"

enum { TRIED = 16 };

typedef struct looker {
    const gx_rec *rec;
    const gx_history *history;
    uint32_t *item;
    float *weight;
    int64_t *ts;
    gx__scratch *scratch;
} looker;

/* The raw score of the item for the history less entry `without` (GX_NONE: all of it). */
static gx_status score(double *out, const looker *l, uint32_t item, uint32_t without,
                       gx_error *err) {
    const gx_history *all = l->history;
    const gx_model *model = l->rec->model;
    gx_history kept = {
        .user = all->user, .item = l->item, .weight = l->weight, .ts = all->ts ? l->ts : NULL};
    float *raw = l->scratch->raw;
    bool folded;
    for (uint32_t k = 0; k < all->count; k++) {
        if (k != without) {
            l->item[kept.count] = all->item[k];
            l->weight[kept.count] = all->weight[k];
            l->ts[kept.count++] = all->ts ? all->ts[k] : 0;
        }
    }
    gx_status status =
        model->score_items
            ? model->score_items(raw, &folded, l->rec->model_state, &kept, false, &item, 1, err)
            : model->score(raw, &folded, l->rec->model_state, &kept, err);
    *out = status == GX_OK ? (double)raw[model->score_items ? 0 : item] : 0;
    return status;
}

/* The strongest entries against an item, at most TRIED of them. */
static uint32_t strongest(uint32_t out[TRIED], const gx_history *history) {
    uint32_t count = 0;
    for (uint32_t k = 0; k < history->count; k++) {
        if (!(history->weight[k] < 0) ||
            (count == TRIED && history->weight[k] >= history->weight[out[TRIED - 1]])) {
            continue;
        }
        uint32_t at = count < TRIED ? count++ : TRIED - 1;
        for (; at > 0 && history->weight[k] < history->weight[out[at - 1]]; at--) {
            out[at] = out[at - 1];
        }
        out[at] = k;
    }
    return count;
}

static void keep(gx_against *out, uint32_t item, double part) {
    uint32_t at = out->count < GX_REC_AGAINST ? out->count++ : GX_REC_AGAINST;
    for (; at > 0 && part > out->part[at - 1]; at--) {
        if (at < GX_REC_AGAINST) {
            out->part[at] = out->part[at - 1];
            out->item[at] = out->item[at - 1];
        }
    }
    if (at < GX_REC_AGAINST) {
        out->part[at] = part;
        out->item[at] = item;
    }
}

gx_status gx_rec_against(gx_against *out, const gx_rec *rec, const gx_rec_member *member,
                         uint32_t item, gx_arena *arena, gx_error *err) {
    const gx_history *history = &member->history;
    uint32_t tried[TRIED];
    const uint32_t count = strongest(tried, history);
    gx_status status = GX_OK;
    gx_against against = {0};
    looker l = {.rec = rec, .history = history};
    *out = against;
    if (count == 0 || !rec->model || item >= rec->items) {
        return GX_OK;
    }
    l.item = gx_arena_get(arena, history->count * sizeof *l.item);
    l.weight = gx_arena_get(arena, history->count * sizeof *l.weight);
    l.ts = gx_arena_get(arena, history->count * sizeof *l.ts);
    if (!l.item || !l.weight || !l.ts) {
        return gx_fail_memory(err, history->count * 16);
    }
    GX_TRY(gx__scratch_take(&l.scratch, rec->pool, rec->items, err));
    double now, without;
    GX_TRY(score(&now, &l, item, GX_NONE, err));
    for (uint32_t k = 0; k < count; k++) {
        GX_TRY(score(&without, &l, item, tried[k], err));
        if (without > 0 && without - now > 1e-6 * without) {
            const double part = (without - now) / without;
            keep(&against, history->item[tried[k]], part < 1 ? part : 1);
        }
    }
    *out = against;
done:
    gx__scratch_give(rec->pool, l.scratch);
    return status;
}
