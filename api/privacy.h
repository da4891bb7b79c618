/* What may be said of people to others (R36, R81). A person is named only where the field `consent`
 * of their record is true; the others are counted in `hidden`. A count is shown only from
 * `min_count` up: below it a text says that a friend did, without how many, who or when. What would
 * follow of one who did not agree is not told either: api/lists/around.h. */
#ifndef GX_API_PRIVACY_H
#define GX_API_PRIVACY_H

#include "graph/store/store.h"

/* What a field answers, of a record as JSON or CSV gave it: true and 1, and the texts of
 * gx_parse_answer. SILENT: there is none, or nothing in it. Whatever cannot be read as yes or no is
 * UNCLEAR, which is no consent: whoever asks goes on with a YES alone, or stops at all but
 * SILENT. */
typedef enum gx_answer {
    GX_ANSWER_SILENT,
    GX_ANSWER_YES,
    GX_ANSWER_NO,
    GX_ANSWER_UNCLEAR
} gx_answer;
gx_answer gx_answer_of(const gx_value *field);
/* Whether it says yes. */
bool gx_says_yes(const gx_value *field);
/* Whether the person agreed to be named to others. */
bool gx_consents(gx_txn *txn, gx_arena *arena, uint32_t user);

enum { GX_MIN_COUNT_DEFAULT = 3, GX_MIN_COUNT_MOST = 1000000 };

/* bad_request: a value that the setting `min_count` may not have. */
GX_MUST_CHECK gx_status gx_min_count_check(const gx_value *value, gx_error *err);
/* The setting `min_count`. Of a store that has a value which is not accepted any more: the most
 * where it is above that, so that nothing is told which it meant to hide; else the default. */
GX_MUST_CHECK gx_status gx_min_count(uint32_t *out, gx_txn *txn, gx_arena *arena, gx_error *err);

/* Of those who were left out since they did not agree to be named: their number from `min_count`
 * up, nil for some fewer; 0 where there are none. */
gx_value gx_hidden_value(uint32_t hidden, uint32_t min_count);
/* The same as the end of a sentence: "; 12 did not agree to be named", "; some …" below the count,
 * empty for 0. */
typedef struct gx_hidden_text {
    char text[64];
} gx_hidden_text;
gx_hidden_text gx_hidden_say(uint32_t hidden, uint32_t min_count);

#endif
