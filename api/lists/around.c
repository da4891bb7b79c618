/* What may be told of some of the people tied to a reader: every question is whether each one who
 * did not agree to be named could be absent from what is told. */
#include "api/lists/around.h"

enum { CLASSES = 4 }; /* values of tied_as */
static const uint8_t both = GX_TIED_FRIEND | GX_TIED_FOLLOWED;

static bool agrees(const gx_around *around, uint32_t k) {
    gx_around_one *one = &around->one[k];
    if (one->agreed == GX_AROUND_UNASKED) {
        one->agreed = gx_consents(around->txn, around->arena, one->user) ? GX_AROUND_AGREED
                                                                         : GX_AROUND_SILENT;
    }
    return one->agreed == GX_AROUND_AGREED;
}

/* ---- one of them ------------------------------------------------------------------------------
 */

/* The word that stands for somebody: the first of those in use that is true of them. */
static uint8_t word_of(uint8_t tied_as, uint8_t in_use, gx_tied_as first) {
    const uint8_t words = tied_as & in_use;
    return words & first ? (uint8_t)first : words;
}

/* Whether who reads the word knows who it is, and that they did not agree. `unnamed`: it is known
 * that it is not one who agreed. */
static bool tells_one(const gx_around *around, uint8_t word, uint8_t in_use, gx_tied_as first,
                      bool unnamed) {
    uint32_t all = 0, silent = 0;
    for (uint32_t k = 0; k < around->count && all < 2; k++) {
        if (word_of(around->one[k].tied_as, in_use, first) == word) {
            const bool agreed = agrees(around, k);
            all += !unnamed || !agreed;
            silent += !agreed;
        }
    }
    return all == 1 && silent == 1;
}

/* The words that tell nobody apart: a word for one alone is given up, they are called what others
 * are too. */
static uint8_t words_in_use(bool *out_nothing, const gx_around *around, gx_tied_as first,
                            bool unnamed) {
    const uint8_t second = (uint8_t)(both ^ first);
    uint8_t in_use = both;
    for (;;) {
        if (in_use & first && tells_one(around, (uint8_t)first, in_use, first, unnamed)) {
            in_use &= second;
        } else if (in_use & second && tells_one(around, second, in_use, first, unnamed)) {
            in_use &= (uint8_t)first;
        } else if (!tells_one(around, 0, in_use, first, unnamed)) {
            *out_nothing = false;
            return in_use;
        } else if (in_use == 0) {
            *out_nothing = true;
            return 0;
        } else {
            in_use = in_use & second ? in_use & (uint8_t)first : 0;
        }
    }
}

uint8_t gx_around_word(bool *out_nothing, const gx_around *around, uint8_t tied_as,
                       gx_tied_as first) {
    return word_of(tied_as, words_in_use(out_nothing, around, first, true), first);
}

/* ---- several of them --------------------------------------------------------------------------
 */

typedef struct doers {
    uint32_t named, hidden;
    uint8_t all_ties, named_ties; /* of each of them, of each who is named */
} doers;

static doers count_doers(const gx_around *around) {
    doers d = {.all_ties = both, .named_ties = both};
    for (uint32_t k = 0; k < around->count; k++) {
        if (!around->one[k].did) {
            continue;
        }
        d.all_ties &= around->one[k].tied_as;
        if (agrees(around, k)) {
            d.named++;
            d.named_ties &= around->one[k].tied_as;
        } else {
            d.hidden++;
        }
    }
    return d;
}

/* The strongest of the words that are true. */
static uint8_t called(uint8_t ties) {
    return ties & GX_TIED_FRIEND ? GX_TIED_FRIEND : ties;
}

/* Whether the hidden could be others, whichever of them one looks at: so many of those who did not
 * agree and are what the word says, and, where what is named does not show why no stronger word was
 * taken, one who does. */
static bool could_be_others(const gx_around *around, const doers *d) {
    const uint8_t word = called(d->all_ties);
    const uint8_t weaker = word == GX_TIED_FRIEND     ? 0
                           : word == GX_TIED_FOLLOWED ? GX_TIED_FRIEND
                                                      : both;
    const uint8_t to_show = weaker & (d->named ? d->named_ties : both);
    uint32_t silent[CLASSES] = {0}, all = 0;
    for (uint32_t k = 0; k < around->count; k++) {
        const uint8_t tied_as = around->one[k].tied_as & both;
        if ((tied_as & word) == word && !agrees(around, k)) {
            silent[tied_as]++;
            all++;
        }
    }
    for (uint8_t away = 0; away < CLASSES; away++) { /* one of this class did not */
        if (silent[away] == 0) {
            continue;
        }
        silent[away]--;
        const uint32_t no_friends = silent[0] + silent[GX_TIED_FOLLOWED];
        const uint32_t not_followed = silent[0] + silent[GX_TIED_FRIEND];
        silent[away]++;
        if (all - 1 < d->hidden || (to_show & GX_TIED_FRIEND && no_friends == 0) ||
            (to_show & GX_TIED_FOLLOWED && not_followed == 0)) {
            return false;
        }
    }
    return true;
}

/* Whether a number of all, of fewer than min_count of either, could be without any one of those
 * who did not agree. */
static bool could_be_without(const gx_around *around, const doers *d) {
    const uint32_t most = around->min_count - 1;
    uint32_t named = 0, silent = 0;
    for (uint32_t k = 0; k < around->count; k++) {
        named += agrees(around, k);
        silent += !agrees(around, k);
    }
    named = named < most ? named : most;
    return d->named + d->hidden - named < silent;
}

static void count_in(gx_around_told *told, const gx_around_one *one) {
    told->last_ms = told->count == 0 || one->last_ms > told->last_ms ? one->last_ms : told->last_ms;
    told->recent += one->recently;
    told->count++;
}

/* `names`: those who agreed are named; `all`: the others are counted too. */
static gx_around_told count_them(const gx_around *around, uint8_t word, bool names, bool all) {
    gx_around_told told = {.tied_as = word};
    for (uint32_t k = 0; k < around->count; k++) {
        const bool agreed = around->one[k].did && agrees(around, k);
        if (!around->one[k].did || !(all || agreed)) {
            continue;
        }
        count_in(&told, &around->one[k]);
        told.hidden += names && !agreed;
        if (names && agreed && told.shown < GX_AROUND_NAMED_MAX) {
            told.named[told.shown++] = around->one[k].user;
        }
    }
    return told;
}

/* That somebody did, by the first word that is true of one of them. */
static gx_around_told tell_some(const gx_around *around, const doers *d) {
    gx_around_told told = {0};
    uint8_t words = 0;
    /* Had somebody done it who agreed, they would be named. */
    const bool unnamed = around->min_count < 2;
    const uint8_t in_use = words_in_use(&told.nothing, around, GX_TIED_FRIEND, unnamed);
    for (uint32_t k = 0; k < around->count; k++) {
        words |= around->one[k].did ? around->one[k].tied_as & in_use : 0;
    }
    told.nothing = told.nothing || d->named + d->hidden == 0;
    told.tied_as = called(words);
    return told;
}

gx_around_told gx_around_tell(const gx_around *around) {
    const doers d = count_doers(around);
    const uint32_t least_hidden = around->min_count > 2 ? around->min_count : 2;
    if (d.hidden >= least_hidden && could_be_others(around, &d)) {
        return count_them(around, called(d.all_ties), true, true);
    }
    if (d.named >= around->min_count) {
        return count_them(around, called(d.named_ties), true, false);
    }
    if (d.named + d.hidden >= least_hidden && d.hidden < around->min_count &&
        could_be_without(around, &d)) {
        uint8_t everybody = both;
        for (uint32_t k = 0; k < around->count; k++) {
            everybody &= around->one[k].tied_as;
        }
        return count_them(around, called(everybody), false, true);
    }
    return tell_some(around, &d);
}
