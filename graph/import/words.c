/* A hash table a space in front of the store: open addressing with linear probing, a slot of half a
 * cache line with the word itself inside where it is short, so that an id met before costs one
 * hash (XXH3) and one line of memory. The seed differs from import to import, since what is hashed
 * comes from outside. Beyond TABLE_SLOTS_MAX words a table starts anew: memory stays bounded, and
 * what was dropped is in the store.
 */
#include "graph/import/words.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { SHORT_BYTES = 23, FIRST_SLOTS = 1024, TABLE_SLOTS_MAX = 1 << 23 };

struct gx__word {
    uint32_t id; /* GX_NONE: the slot is free */
    uint32_t tag;
    uint8_t size;
    char text[SHORT_BYTES]; /* or the address of a longer one */
};

_Static_assert(sizeof(gx__word) == 32, "two slots a cache line");

void gx__words_init(gx__words *words, gx_txn *txn) {
    *words = (gx__words){.txn = txn, .seed = gx_mix64((uint64_t)gx_clock_ns())};
}

static void table_drop(gx__word_table *table) {
    gx_free(table->slots);
    gx_arena_destroy(table->texts);
    *table = (gx__word_table){0};
}

void gx__words_finish(gx__words *words) {
    for (int space = 0; space < GX_SPACE_COUNT; space++) {
        table_drop(&words->tables[space]);
    }
}

static const char *text_of(const gx__word *slot) {
    const char *text = slot->text;
    if (slot->size > SHORT_BYTES) {
        memcpy(&text, slot->text, sizeof text);
    }
    return text;
}

static uint64_t hash_of(const gx__words *words, gx_slice word) {
    return XXH3_64bits_withSeed(word.data, word.size, words->seed);
}

/* The slot that holds `word`, or the free one where it would go. */
static gx__word *slot_of(const gx__word_table *table, uint64_t hash, gx_slice word) {
    size_t mask = table->capacity - 1, at = (size_t)hash & mask;
    uint32_t tag = (uint32_t)(hash >> 32);
    for (;; at = (at + 1) & mask) {
        gx__word *slot = &table->slots[at];
        if (slot->id == GX_NONE || (slot->tag == tag && slot->size == word.size &&
                                    memcmp(text_of(slot), word.data, word.size) == 0)) {
            return slot;
        }
    }
}

static gx_status slots_make(gx__word **out, size_t capacity, gx_error *err) {
    gx__word *slots = gx_alloc(capacity, sizeof *slots);
    if (!slots) {
        return gx_fail_memory(err, capacity * sizeof *slots);
    }
    memset(slots, 0xFF, capacity * sizeof *slots); /* every id GX_NONE */
    *out = slots;
    return GX_OK;
}

static gx_status table_grow(gx__words *words, gx__word_table *table, gx_error *err) {
    if (table->capacity >= TABLE_SLOTS_MAX) {
        table_drop(table);
    }
    gx__word_table grown = *table;
    grown.capacity = table->capacity ? table->capacity * 2 : FIRST_SLOTS;
    gx_status status = slots_make(&grown.slots, grown.capacity, err);
    if (status != GX_OK) {
        return status;
    }
    for (size_t i = 0; i < table->capacity; i++) {
        const gx__word *slot = &table->slots[i];
        if (slot->id != GX_NONE) {
            gx_slice word = {text_of(slot), slot->size};
            *slot_of(&grown, hash_of(words, word), word) = *slot;
        }
    }
    gx_free(table->slots);
    *table = grown;
    return GX_OK;
}

static gx_status slot_set(gx__word_table *table, gx__word *slot, uint64_t hash, gx_slice word,
                          uint32_t id, gx_error *err) {
    gx__word made = {.id = id, .tag = (uint32_t)(hash >> 32), .size = (uint8_t)word.size};
    if (word.size <= SHORT_BYTES) {
        memcpy(made.text, word.data, word.size);
    } else {
        if (!table->texts && !(table->texts = gx_arena_create())) {
            return gx_fail_memory(err, word.size);
        }
        char *copy = gx_arena_get(table->texts, word.size);
        if (!copy) {
            return gx_fail_memory(err, word.size);
        }
        memcpy(copy, word.data, word.size);
        memcpy(made.text, &copy, sizeof copy);
    }
    *slot = made;
    table->count++;
    return GX_OK;
}

gx_status gx__word_get(uint32_t *out, bool *out_created, gx__words *words, gx_space space,
                       gx_slice word, bool create, gx_error *err) {
    gx__word_table *table = &words->tables[space];
    gx_status status;
    uint32_t id;
    bool created = false;
    if (word.size > GX_ID_BYTES_MAX) {
        return gx_fail(err, GX_BAD_REQUEST, "an id of %zu bytes; the most is %d", word.size,
                       GX_ID_BYTES_MAX);
    }
    if (table->count * 4 >= table->capacity * 3) {
        status = table_grow(words, table, err);
        if (status != GX_OK) {
            return status;
        }
    }
    uint64_t hash = hash_of(words, word);
    gx__word *slot = slot_of(table, hash, word);
    if (slot->id != GX_NONE) {
        *out = slot->id;
        *out_created = false;
        return GX_OK;
    }
    status = create ? gx_word_intern(&id, &created, words->txn, space, word, err)
                    : gx_word_find(&id, words->txn, space, word);
    if (status == GX_OK) {
        status = slot_set(table, slot, hash, word, id, err);
    }
    if (status == GX_OK) {
        *out = id;
        *out_created = created;
    }
    return status;
}
