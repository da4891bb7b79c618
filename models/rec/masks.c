#include "models/rec/masks.h"

#include <pthread.h>

enum { PLACES = 16, BYTES_MAX = 32 << 20 };

struct gx__masks {
    pthread_mutex_t lock;
    gx__mask mask[PLACES];
    uint64_t uses;
};

gx_status gx__masks_create(gx__masks **out, gx_error *err) {
    gx__masks *masks = gx_alloc0(1, sizeof *masks);
    if (!masks) {
        return gx_fail_memory(err, sizeof *masks);
    }
    pthread_mutex_init(&masks->lock, NULL);
    *out = masks;
    return GX_OK;
}

static void mask_finish(gx__mask *mask) {
    gx_free(mask->text);
    gx_free(mask->pass);
    *mask = (gx__mask){0};
}

void gx__masks_destroy(gx__masks *masks) {
    if (masks) {
        for (size_t k = 0; k < PLACES; k++) {
            mask_finish(&masks->mask[k]);
        }
        pthread_mutex_destroy(&masks->lock);
        gx_free(masks);
    }
}

static gx__mask *find(gx__masks *masks, gx_slice text) {
    for (size_t k = 0; k < PLACES; k++) {
        gx__mask *mask = &masks->mask[k];
        if (mask->text && mask->size == text.size &&
            memcmp(mask->text, text.data, text.size) == 0) {
            return mask;
        }
    }
    return NULL;
}

gx__mask *gx__masks_hold(gx__masks *masks, gx_slice text) {
    pthread_mutex_lock(&masks->lock);
    gx__mask *mask = find(masks, text);
    if (!mask) {
        pthread_mutex_unlock(&masks->lock);
        return NULL;
    }
    mask->used = ++masks->uses;
    return mask;
}

void gx__masks_release(gx__masks *masks) {
    pthread_mutex_unlock(&masks->lock);
}

bool gx__mask_reserve(gx__mask *mask, uint32_t count) {
    uint8_t *grown = gx_realloc(mask->pass, (size_t)count + 1, 1);
    mask->pass = grown ? grown : mask->pass;
    return grown != NULL;
}

void gx__masks_keep(gx__masks *masks, gx_slice text, const uint8_t *pass, uint32_t count,
                    uint64_t at) {
    const size_t places =
        BYTES_MAX / ((size_t)count + 1) < PLACES ? BYTES_MAX / ((size_t)count + 1) : PLACES;
    gx__mask made = {.size = text.size, .count = count, .at = at};
    if (places == 0) {
        return;
    }
    made.text = gx_alloc(text.size + 1, 1);
    made.pass = gx_alloc((size_t)count + 1, 1);
    if (!made.text || !made.pass) {
        mask_finish(&made);
        return;
    }
    memcpy(made.text, text.data, text.size);
    memcpy(made.pass, pass, count);
    pthread_mutex_lock(&masks->lock);
    gx__mask *into = find(masks, text); /* somebody else may have made it meanwhile */
    if (!into) {
        into = &masks->mask[0];
        for (size_t k = 1; k < places; k++) { /* one that is free was never used */
            into = masks->mask[k].used < into->used ? &masks->mask[k] : into;
        }
    }
    mask_finish(into);
    made.used = ++masks->uses;
    *into = made;
    pthread_mutex_unlock(&masks->lock);
}
