/* A hash table a space in front of the store: open addressing with linear probing, a slot of half a
 * cache line with the word itself inside where it is short, so that an id met before costs one
 * hash (XXH3) and one line of memory. The seed differs from import to import, since what is hashed
 * comes from outside. Beyond TABLE_SLOTS_MAX words a table starts anew: memory stays bounded, and
 * what was dropped is in the store.
 *
 * New words are numbered here and given to the store many at once, sorted, since writing a tree in
 * key order is several times as fast as in the order in which ids turn up in a file.
 */
#include "graph/import/words.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    SHORT_BYTES = 23,
    FIRST_SLOTS = 256,
    TABLE_SLOTS_MAX = 1 << 23,
    FRESH_MAX = 1 << 20 /* new words held back */
};

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

/* Forgets what is cached; the numbering goes on. */
static void table_drop(gx__word_table *table) {
    gx_free(table->slots);
    gx_arena_destroy(table->texts);
    table->slots = NULL;
    table->texts = NULL;
    table->capacity = table->count = 0;
}

void gx__words_finish(gx__words *words) {
    for (int space = 0; space < GX_SPACE_COUNT; space++) {
        table_drop(&words->tables[space]);
        gx_buffer_finish(&words->tables[space].fresh);
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

/* ---- new words -------------------------------------------------------------------------- */

static gx_status fresh_flush(gx__words *words, gx_space space, gx_job *job, gx_error *err) {
    gx__word_table *table = &words->tables[space];
    uint32_t first, expected = table->next - (uint32_t)table->fresh_count;
    if (table->fresh_count == 0) {
        return GX_OK;
    }
    gx_slice *list = gx_alloc(table->fresh_count, sizeof *list);
    if (!list) {
        return gx_fail_memory(err, table->fresh_count * sizeof *list);
    }
    const char *at = table->fresh.bytes;
    for (size_t i = 0; i < table->fresh_count; i++) {
        list[i] = (gx_slice){at + 1, (unsigned char)*at};
        at += 1 + list[i].size;
    }
    gx_status status =
        gx_word_append(&first, words->txn, space, list, table->fresh_count, job, err);
    gx_free(list);
    if (status == GX_OK && first != expected) {
        return gx_fail(err, GX_INTERNAL, "the store numbers %s from %u, the import from %u",
                       gx_space_name(space), first, expected);
    }
    table->fresh.size = 0;
    table->fresh_count = 0;
    return status;
}

gx_status gx__words_flush(gx__words *words, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    for (int space = 0; status == GX_OK && space < GX_SPACE_COUNT; space++) {
        status = fresh_flush(words, (gx_space)space, job, err);
    }
    return status;
}

static gx_status fresh_add(uint32_t *out, gx__word_table *table, gx_slice word, gx_error *err) {
    char size = (char)word.size;
    if (table->next >= GX_NONE - 1) {
        return gx_fail(err, GX_OVER_LIMIT, "the store has no more numbers for new ids");
    }
    gx_buffer_append(&table->fresh, &size, 1);
    gx_buffer_append(&table->fresh, word.data, word.size);
    if (table->fresh.failed) {
        return gx_fail_memory(err, table->fresh.size * 2);
    }
    table->fresh_count++;
    *out = table->next++;
    return GX_OK;
}

/* ---- looking up ------------------------------------------------------------------------- */

static void table_open(gx__words *words, gx_space space) {
    gx__word_table *table = &words->tables[space];
    table->known = table->next = gx_word_count(words->txn, space);
    table->is_open = true;
}

/* Makes room for one more: what is new goes to the store before the table that knows it goes. */
static gx_status make_room(gx__words *words, gx_space space, gx_job *job, gx_error *err) {
    gx__word_table *table = &words->tables[space];
    gx_status status = GX_OK;
    bool is_full = table->count * 4 >= table->capacity * 3;
    bool is_largest = is_full && table->capacity >= TABLE_SLOTS_MAX;
    if (table->fresh_count >= FRESH_MAX || (is_largest && table->fresh_count)) {
        status = fresh_flush(words, space, job, err);
    }
    if (status == GX_OK && is_largest) {
        table_drop(table);
        table->known = table->next; /* from now on the store is asked about all of them */
    }
    if (status == GX_OK && is_full) {
        status = table_grow(words, table, err);
    }
    return status;
}

gx_status gx__word_get(uint32_t *out, bool *out_created, gx__words *words, gx_space space,
                       gx_slice word, bool create, gx_job *job, gx_error *err) {
    gx__word_table *table = &words->tables[space];
    if (!table->is_open) {
        table_open(words, space);
    }
    if (table->count * 4 >= table->capacity * 3 || table->fresh_count >= FRESH_MAX) {
        gx_status status = make_room(words, space, job, err);
        if (status != GX_OK) {
            return status;
        }
    }
    uint64_t hash = hash_of(words, word);
    gx__word *slot = slot_of(table, hash, word);
    *out_created = false;
    if (slot->id != GX_NONE) {
        *out = slot->id;
        return GX_OK;
    }
    uint32_t id;
    gx_status status = table->known ? gx_word_find(&id, words->txn, space, word) : GX_NOT_FOUND;
    if (status == GX_NOT_FOUND && create) {
        status = fresh_add(&id, table, word, err);
        *out_created = status == GX_OK;
    }
    if (status == GX_OK) {
        status = slot_set(table, slot, hash, word, id, err);
        *out = id;
    }
    return status;
}
