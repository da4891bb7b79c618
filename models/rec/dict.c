/* Dictionary of words: one hash table of numbers over one buffer of bytes. Expected O(1) a look-up;
 * 48 bytes a word and the text itself. */
#include "models/rec/dict.h"

#include <math.h>

#define FIRST_SLOTS 16u
#define WORDS_MAX (UINT32_MAX >> 2) /* the columns keep the upper bits for themselves */

static uint32_t hash_of(gx__word_kind kind, gx_slice text) {
    uint64_t h = (uint64_t)kind + 1 + text.size;
    size_t at = 0;
    for (; at + 8 <= text.size; at += 8) {
        uint64_t piece;
        memcpy(&piece, text.data + at, 8);
        h = gx_mix64(h ^ piece);
    }
    if (at < text.size) {
        uint64_t piece = 0;
        memcpy(&piece, text.data + at, text.size - at);
        h = gx_mix64(h ^ piece);
    }
    return (uint32_t)(h >> 32);
}

/* The slot that holds the word, or the empty one where it belongs. */
static uint32_t slot_of(const gx__dict *dict, gx__word_kind kind, gx_slice text, uint32_t hash) {
    uint32_t mask = dict->slot_count - 1;
    for (uint32_t s = hash & mask;; s = (s + 1) & mask) {
        uint32_t id = dict->slots[s];
        if (id == 0) {
            return s;
        }
        const gx__word *word = &dict->words[id];
        if (word->hash == hash && word->kind == kind && word->size == text.size &&
            memcmp(dict->bytes + word->at, text.data, text.size) == 0) {
            return s;
        }
    }
}

void gx__dict_finish(gx__dict *dict) {
    gx_free(dict->words);
    gx_free(dict->slots);
    gx_free(dict->bytes);
    memset(dict, 0, sizeof *dict);
}

uint32_t gx__dict_find(const gx__dict *dict, gx__word_kind kind, gx_slice bytes) {
    if (dict->slot_count == 0) {
        return 0;
    }
    return dict->slots[slot_of(dict, kind, bytes, hash_of(kind, bytes))];
}

static gx_status grow_words(gx__dict *dict, gx_error *err) {
    uint32_t capacity = dict->capacity ? dict->capacity * 2 : FIRST_SLOTS / 2;
    gx__word *words = gx_realloc(dict->words, capacity, sizeof *words);
    if (!words) {
        return gx_fail_memory(err, capacity * sizeof *words);
    }
    dict->words = words;
    dict->capacity = capacity;
    return GX_OK;
}

static gx_status grow_slots(gx__dict *dict, gx_error *err) {
    uint32_t slot_count = dict->slot_count ? dict->slot_count * 2 : FIRST_SLOTS;
    uint32_t *slots = gx_alloc0(slot_count, sizeof *slots);
    if (!slots) {
        return gx_fail_memory(err, slot_count * sizeof *slots);
    }
    uint32_t mask = slot_count - 1;
    for (uint32_t id = 1; id <= dict->count; id++) {
        uint32_t s = dict->words[id].hash & mask;
        while (slots[s] != 0) {
            s = (s + 1) & mask;
        }
        slots[s] = id;
    }
    gx_free(dict->slots);
    dict->slots = slots;
    dict->slot_count = slot_count;
    return GX_OK;
}

static gx_status grow_bytes(gx__dict *dict, size_t more, gx_error *err) {
    size_t capacity = dict->byte_capacity ? dict->byte_capacity : 64;
    while (capacity - dict->byte_count < more) {
        capacity *= 2;
    }
    if (capacity == dict->byte_capacity) {
        return GX_OK;
    }
    char *bytes = gx_realloc(dict->bytes, capacity, 1);
    if (!bytes) {
        return gx_fail_memory(err, capacity);
    }
    dict->bytes = bytes;
    dict->byte_capacity = capacity;
    return GX_OK;
}

/* Room for one more word: half-full slots at most, and words[0] besides. */
static gx_status reserve(gx__dict *dict, size_t bytes, gx_error *err) {
    if (dict->count >= WORDS_MAX) {
        return gx_fail(err, GX_OVER_LIMIT, "an attribute has more than %u different texts",
                       WORDS_MAX);
    }
    gx_status status = GX_OK;
    if (dict->count + 2 > dict->capacity) {
        status = grow_words(dict, err);
    }
    if (status == GX_OK && (dict->count + 1) * 2 > dict->slot_count) {
        status = grow_slots(dict, err);
    }
    return status == GX_OK ? grow_bytes(dict, bytes, err) : status;
}

static double number_of(gx__word_kind kind, gx_slice bytes) {
    double number = NAN;
    if (kind == GX__WORD_NUMBER) {
        memcpy(&number, bytes.data, sizeof number);
    } else if (kind == GX__WORD_TEXT && !gx_parse_real(bytes, &number)) {
        number = NAN;
    }
    return number;
}

gx_status gx__dict_intern(uint32_t *out, gx__dict *dict, gx__word_kind kind, gx_slice bytes,
                          gx_error *err) {
    uint32_t hash = hash_of(kind, bytes);
    if (dict->slot_count > 0) {
        uint32_t id = dict->slots[slot_of(dict, kind, bytes, hash)];
        if (id != 0) {
            *out = id;
            return GX_OK;
        }
    }
    gx_status status = reserve(dict, bytes.size, err);
    if (status != GX_OK) {
        return status;
    }
    uint32_t slot = slot_of(dict, kind, bytes, hash);
    uint32_t id = ++dict->count;
    gx__word *word = &dict->words[id];
    *word = (gx__word){.at = dict->byte_count,
                       .size = (uint32_t)bytes.size,
                       .hash = hash,
                       .kind = kind,
                       .number = number_of(kind, bytes)};
    if (bytes.size > 0) {
        memcpy(dict->bytes + dict->byte_count, bytes.data, bytes.size);
    }
    dict->byte_count += bytes.size;
    dict->numeric += isnan(word->number) ? 0 : 1;
    dict->slots[slot] = id;
    *out = id;
    return GX_OK;
}

gx_status gx__dict_intern_number(uint32_t *out, gx__dict *dict, double number, gx_error *err) {
    double plain = number == 0 ? 0 : number; /* −0 and 0 are one number */
    char bytes[sizeof plain];
    memcpy(bytes, &plain, sizeof plain);
    return gx__dict_intern(out, dict, GX__WORD_NUMBER, (gx_slice){bytes, sizeof bytes}, err);
}

void gx__dict_use(gx__dict *dict, uint32_t word) {
    if (dict->words[word].uses++ == 0) {
        dict->used++;
    }
}

void gx__dict_unuse(gx__dict *dict, uint32_t word) {
    if (--dict->words[word].uses == 0) {
        dict->used--;
    }
}
