/* Reasons in words: what the recommender says in numbers (gx_why) as the `why` list of an item, in
 * English and Chinese from one table of templates, with evidence.
 *
 * Privacy (R36, R81): a person is named only where the field `consent` of their record is true; the
 * others are counted in `hidden`. A count is shown only from `min_count` up (setting, default 3):
 * below it the text says that a friend did, without how many, who or when. */
#ifndef GX_API_WHY_H
#define GX_API_WHY_H

#include "api/filter.h"

typedef struct gx_why_writer {
    gx_call_env *call;
    const gx_columns *columns; /* held: titles of items */
    const gx_member_live *live;
    uint32_t min_count;
} gx_why_writer;

#define GX_MIN_COUNT_DEFAULT 3

/* The setting `min_count`: a whole number, 1 or more; anything else is the default. */
GX_MUST_CHECK gx_status gx_why_min_count(uint32_t *out, gx_txn *txn, gx_arena *arena,
                                         gx_error *err);
/* [{channel, share, en, zh, evidence}], in the order of the channels; in the call's arena. */
gx_value gx_why_list(const gx_why_writer *writer, const gx_rec_item *item);

/* [{item, action, part, en, zh}]: what of the member's history pulls an item down. */
gx_value gx_why_against(const gx_why_writer *writer, const gx_against *against);

/* Whether a field says yes: true, 1, "true", "yes" or "1", as JSON and CSV have it. NULL does not.
 */
bool gx_says_yes(const gx_value *field);
/* Whether the person agreed to be named to others. */
bool gx_consents(gx_txn *txn, gx_arena *arena, uint32_t user);
/* What stands for {name} in a sentence. */
typedef struct gx_hole {
    const char *name;
    gx_slice en, zh;
} gx_hole;

/* `en` and `zh` into the row, every {name} filled. */
void gx_why_fill(gx_value *row, gx_arena *arena, const char *en, const char *zh,
                 const gx_hole *holes, size_t count);
/* The same with {name} replaced by `value`. */
void gx_why_say(gx_value *row, gx_arena *arena, const char *en, const char *zh, const char *name,
                gx_slice value);

#endif
