/* External ids to numbers, for one import: the store's words, with those met so far in memory. */
#ifndef GX_IMPORT_WORDS_H
#define GX_IMPORT_WORDS_H

#include "graph/codec/codec.h"
#include "graph/store/store.h"

typedef struct gx__word gx__word;

typedef struct gx__word_table {
    gx__word *slots;
    size_t capacity, count; /* a power of two; 0: nothing yet */
    gx_arena *texts;        /* of words that do not fit a slot */
    bool is_open;           /* `known` and `next` are set */
    uint32_t known;         /* numbers below were given before this import */
    uint32_t next;          /* the number of the next new word */
    gx_buffer fresh;        /* the new ones that the store does not have yet: size byte, text */
    size_t fresh_count;
} gx__word_table;

typedef struct gx__words {
    gx_txn *txn;
    uint64_t seed;
    gx__word_table tables[GX_SPACE_COUNT];
} gx__words;

void gx__words_init(gx__words *words, gx_txn *txn);
void gx__words_finish(gx__words *words);
/* A new word gets the next number here and now, but the store only hears of it at gx__words_flush.
 * `create` false: not_found, without a message, where neither the store nor this import has it.
 * The word is 1 to 255 bytes of valid UTF-8 without NUL. */
GX_MUST_CHECK gx_status gx__word_get(uint32_t *out, bool *out_created, gx__words *words,
                                     gx_space space, gx_slice word, bool create, gx_job *job,
                                     gx_error *err);
/* Gives the store what is new, before anything is written that uses it. */
GX_MUST_CHECK gx_status gx__words_flush(gx__words *words, gx_job *job, gx_error *err);

#endif
