/* Those whom a reason speaks of, as who reads it may tell them apart. The reader knows their own
 * ties and who agreed to be named, and these rules; of nobody who did not agree may it follow that
 * they did something, as where the only one it could be is said not to be named. docs/recommend.md.
 */
#ifndef GX_API_AROUND_H
#define GX_API_AROUND_H

#include "api/privacy.h"
#include "models/rec/rec.h"

/* Whether somebody agreed to be named; asked of the store where it is not known. */
typedef enum gx_around_agreed {
    GX_AROUND_UNASKED,
    GX_AROUND_AGREED,
    GX_AROUND_SILENT
} gx_around_agreed;

/* Somebody tied to the reader. */
typedef struct gx_around_one {
    uint32_t user;
    uint8_t tied_as;    /* bits of gx_tied_as */
    uint8_t agreed;     /* a gx_around_agreed */
    bool did, recently; /* what the reason is about */
    int64_t last_ms;
} gx_around_one;

typedef struct gx_around {
    gx_txn *txn;
    gx_arena *arena;
    uint32_t min_count;
    gx_around_one *one; /* whom to name first comes first */
    uint32_t count;
} gx_around;

enum { GX_AROUND_NAMED_MAX = 8 };

/* What may be told of those who did it. */
typedef struct gx_around_told {
    uint32_t count;  /* how many, of whom is counted; 0: only that somebody did */
    uint32_t recent; /* of these, in the last 30 days */
    uint32_t hidden; /* of these, did not agree to be named; 0: it is not told whether any */
    uint32_t named[GX_AROUND_NAMED_MAX];
    uint32_t shown;
    int64_t last_ms;
    uint8_t tied_as; /* bits: what is true of each where they are counted, else of one */
    bool nothing;    /* not even that somebody did */
} gx_around_told;

/* The first of these that may be:
 *  - all are counted, those who agreed are named and the others are a number, of max(2, min_count)
 *    or more, where for each who did not agree another could have done it;
 *  - those who agreed alone are counted, from min_count up, and named;
 *  - all are counted and nobody is named, where fewer than min_count of either did it and it could
 *    have been without any one of those who did not agree; they are called what everybody is to
 *    the reader;
 *  - somebody did it, called what at least another is to the reader, or one who agreed;
 *  - nothing.
 * What they are called in the last case is decided from the ties, whoever did it. */
gx_around_told gx_around_tell(const gx_around *around);

/* What one person who did not agree may be called, the words of `first` before the others: bits of
 * gx_tied_as, 0 for anybody tied; *out_nothing: nor that. */
uint8_t gx_around_word(bool *out_nothing, const gx_around *around, uint8_t tied_as,
                       gx_tied_as first);

#endif
