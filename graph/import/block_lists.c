/* Entries of members' block lists that no item has: most often a name that is spelt otherwise, so
 * that nothing is kept from the member and nobody knows. A note, no refusal: items may come later.
 *
 * What items have is kept as hashes of their texts in small letters, in one open table; that two
 * texts share one of 64 bits is as good as impossible, and would leave a note unsaid. O(members +
 * items). */
#include "graph/import/import.h"

#include <stdio.h>
#include <xxhash.h>

enum { LOOK = 4096, LONGEST = 512 };

/* Which field of items an entry may be, also as the seed of its hash. */
enum { BRAND = 1, SELLER = 2, LABEL = 3 };

static const struct {
    const char *name, *attr; /* as the table of columns has it, or as an open column */
    uint64_t of;
    const char *what;
} fields[] = {
    {"blocked_brands", "attr_blocked_brands", BRAND, "brand"},
    {"blocked_sellers", "attr_blocked_sellers", SELLER, "seller"},
    {"dislikes", "attr_dislikes", LABEL, "category, tag or brand"},
};

typedef struct search {
    gx_txn *txn;
    gx_job *job;
    uint64_t *slots; /* 0: free */
    size_t capacity, count;
    uint32_t seen;
    bool lists, no_memory;
    uint64_t unknown[GX_COUNT(fields)];
    char first[GX_COUNT(fields)][200];
} search;

static uint64_t hash_of(gx_slice text, uint64_t of) {
    char small[LONGEST];
    const size_t size = text.size < LONGEST ? text.size : LONGEST;
    for (size_t i = 0; i < size; i++) {
        const char c = text.data[i];
        small[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    const uint64_t hash = XXH3_64bits_withSeed(small, size, of);
    return hash ? hash : 1;
}

/* ---- the table ------------------------------------------------------------------------------ */

static uint64_t *slot_of(const search *s, uint64_t hash) {
    size_t at = hash & (s->capacity - 1);
    while (s->slots[at] && s->slots[at] != hash) {
        at = (at + 1) & (s->capacity - 1);
    }
    return &s->slots[at];
}

static void grow(search *s) {
    search larger = *s;
    larger.capacity = s->capacity ? s->capacity * 2 : 1024;
    larger.slots = gx_alloc0(larger.capacity, sizeof *larger.slots);
    if (!larger.slots) {
        s->no_memory = true;
        return;
    }
    for (size_t i = 0; i < s->capacity; i++) {
        if (s->slots[i]) {
            *slot_of(&larger, s->slots[i]) = s->slots[i];
        }
    }
    gx_free(s->slots);
    s->slots = larger.slots;
    s->capacity = larger.capacity;
}

static void add(search *s, gx_slice text, uint64_t of) {
    if (s->count * 2 >= s->capacity) {
        grow(s);
    }
    if (s->no_memory || text.size == 0) {
        return;
    }
    uint64_t *slot = slot_of(s, hash_of(text, of));
    s->count += *slot == 0;
    *slot = hash_of(text, of);
}

static bool is_there(const search *s, gx_slice text, uint64_t of) {
    return *slot_of(s, hash_of(text, of)) != 0;
}

/* ---- items ---------------------------------------------------------------------------------- */

static void add_value(search *s, const gx_value *value, uint64_t of, bool path) {
    for (uint32_t i = 0; value && value->type == GX_LIST && i < value->size; i++) {
        add_value(s, &value->as.items[i], of, path);
    }
    if (!value || value->type != GX_TEXT) {
        return;
    }
    for (uint32_t i = 0; path && i < value->size; i++) { /* "skincare" of "skincare/serum" */
        if (value->as.text[i] == '/') {
            add(s, (gx_slice){value->as.text, i}, of);
        }
    }
    add(s, (gx_slice){value->as.text, value->size}, of);
}

static gx_status step(search *s, gx_error *err) {
    if (s->no_memory) {
        return gx_fail_memory(err, s->capacity * 2 * sizeof *s->slots);
    }
    return ++s->seen % LOOK == 0 ? gx_job_check(s->job, err) : GX_OK;
}

static gx_status take_item(void *user, uint32_t id, const gx_value *item, gx_error *err) {
    search *s = user;
    (void)id;
    add_value(s, gx_map_get(item, "brand"), BRAND, false);
    add_value(s, gx_map_get(item, "seller"), SELLER, false);
    add_value(s, gx_map_get(item, "brand"), LABEL, false);
    add_value(s, gx_map_get(item, "tags"), LABEL, false);
    add_value(s, gx_map_get(item, "category"), LABEL, true);
    return step(s, err);
}

/* ---- members -------------------------------------------------------------------------------- */

static const gx_value *list_of(const gx_value *member, size_t f) {
    const gx_value *value = gx_map_get(member, fields[f].name);
    return value ? value : gx_map_get(member, fields[f].attr);
}

static gx_status look_for_lists(void *user, uint32_t id, const gx_value *member, gx_error *err) {
    search *s = user;
    (void)id;
    for (size_t f = 0; f < GX_COUNT(fields); f++) {
        s->lists = s->lists || list_of(member, f);
    }
    return s->lists ? GX_CANCELLED : step(s, err); /* one is enough */
}

static void check_text(search *s, size_t f, uint32_t member, gx_slice text) {
    text = gx_slice_trimmed(text);
    if (text.size == 0 || is_there(s, text, fields[f].of)) {
        return;
    }
    if (s->unknown[f]++ == 0) {
        char entry[80], id[80];
        const gx_slice who = gx_word_name(s->txn, GX_SPACE_USER, member);
        snprintf(s->first[f], sizeof s->first[f], "%s of %s",
                 gx_quote(entry, sizeof entry, text.data, text.size),
                 gx_quote(id, sizeof id, who.data, who.size));
    }
}

/* As member_rules reads them: a text is itself or, between |, ; and ,, several; an entry of a list
 * is itself alone. */
static void check_value(search *s, size_t f, uint32_t member, const gx_value *value, bool split) {
    for (uint32_t i = 0; value && value->type == GX_LIST && i < value->size; i++) {
        check_value(s, f, member, &value->as.items[i], false);
    }
    if (!value || value->type != GX_TEXT) {
        return;
    }
    const gx_slice whole = {value->as.text, value->size};
    const char *from = whole.data, *end = from + whole.size;
    if (!split || is_there(s, gx_slice_trimmed(whole), fields[f].of)) {
        check_text(s, f, member, whole);
        return;
    }
    for (const char *p = from; p <= end; p++) {
        if (p == end || *p == '|' || *p == ';' || *p == ',') {
            check_text(s, f, member, (gx_slice){from, (size_t)(p - from)});
            from = p + 1;
        }
    }
}

static gx_status check_member(void *user, uint32_t id, const gx_value *member, gx_error *err) {
    search *s = user;
    for (size_t f = 0; f < GX_COUNT(fields); f++) {
        check_value(s, f, id, list_of(member, f), true);
    }
    return step(s, err);
}

gx_status gx_block_lists_check(gx_txn *txn, gx_job *job, gx_problem_fn fn, void *user,
                               gx_error *err) {
    search s = {.txn = txn, .job = job};
    gx_status status = gx_record_each(txn, GX_SPACE_USER, look_for_lists, &s, err);
    if (status != GX_OK && !(status == GX_CANCELLED && s.lists)) {
        return status;
    }
    if (!s.lists) {
        return GX_OK;
    }
    GX_TRY(gx_record_each(txn, GX_SPACE_ITEM, take_item, &s, err));
    if (s.count > 0) {
        GX_TRY(gx_record_each(txn, GX_SPACE_USER, check_member, &s, err));
    }
    for (size_t f = 0; f < GX_COUNT(fields); f++) {
        if (s.unknown[f]) {
            char line[400];
            snprintf(line, sizeof line,
                     "%s: %llu that no item has as its %s, first %s: nothing is kept from whoever "
                     "lists it",
                     fields[f].name, (unsigned long long)s.unknown[f], fields[f].what, s.first[f]);
            fn(user, line);
        }
    }
done:
    gx_free(s.slots);
    return status;
}
