/* A dictionary of words with dense numbers from 1, for the columns of one attribute. Internal to
 * models/rec.
 *
 * Words are typed: a text, a truth value, or a number that stood in a list. Each remembers how
 * often it is used, so that a column whose texts change all the time can be rebuilt without the
 * dead ones. */
#ifndef GX_MODELS_REC_DICT_H
#define GX_MODELS_REC_DICT_H

#include "graph/base/base.h"

typedef enum gx__word_kind { GX__WORD_TEXT, GX__WORD_BOOL, GX__WORD_NUMBER } gx__word_kind;

typedef struct gx__word {
    size_t at; /* into bytes */
    uint32_t size;
    uint32_t hash;
    uint32_t uses;
    gx__word_kind kind;
    double number; /* NaN where it does not read as a number */
} gx__word;

typedef struct gx__dict {
    gx__word *words; /* words[0] is nobody's */
    uint32_t count, capacity;
    uint32_t used;    /* words with uses > 0 */
    uint32_t numeric; /* words that read as a number */
    uint32_t *slots;  /* open addressing, 0 empty; slot_count is a power of two */
    uint32_t slot_count;
    char *bytes;
    size_t byte_count, byte_capacity;
} gx__dict;

void gx__dict_finish(gx__dict *dict);
/* 0 where it is not there. */
uint32_t gx__dict_find(const gx__dict *dict, gx__word_kind kind, gx_slice bytes);
GX_MUST_CHECK gx_status gx__dict_intern(uint32_t *out, gx__dict *dict, gx__word_kind kind,
                                        gx_slice bytes, gx_error *err);
/* Numbers are told apart by value, so their bytes are the double's own. */
GX_MUST_CHECK gx_status gx__dict_intern_number(uint32_t *out, gx__dict *dict, double number,
                                               gx_error *err);
void gx__dict_use(gx__dict *dict, uint32_t word);
void gx__dict_unuse(gx__dict *dict, uint32_t word);

static inline gx_slice gx__dict_bytes(const gx__dict *dict, uint32_t word) {
    return (gx_slice){dict->bytes + dict->words[word].at, dict->words[word].size};
}

#endif
