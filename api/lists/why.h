/* Reasons in words: what the recommender says in numbers (gx_why) as the `why` list of an item, in
 * English and Chinese from one table of templates, with evidence.
 * Who may be named and what may be counted: api/privacy.h, api/lists/around.h. */
#ifndef GX_API_WHY_H
#define GX_API_WHY_H

#include "api/lists/around.h"
#include "api/lists/filter.h"

typedef struct gx_why_writer {
    gx_call_env *call;
    const gx_columns *columns; /* held: titles of items */
    const gx_member_live *live;
    gx_around *around; /* zeroed; of `live`, filled when it is needed */
    uint32_t min_count;
} gx_why_writer;

/* [{channel, share, en, zh, evidence}], in the order of the channels; in the call's arena. */
gx_value gx_why_list(const gx_why_writer *writer, const gx_rec_item *item);

/* [{item, action, part, en, zh}]: what of the member's history pulls an item down. */
gx_value gx_why_against(const gx_why_writer *writer, const gx_against *against);

/* What stands for {name} in a sentence. */
typedef struct gx_hole {
    const char *name;
    gx_slice en, zh;
} gx_hole;

/* {did}: what somebody did by the action (GX_NONE: something), as it stands in a sentence:
 * "bought", "买过". */
gx_hole gx_why_did(gx_call_env *call, uint32_t action);
gx_hole gx_why_bought(void); /* the same of a purchase */

/* `en` and `zh` into the row, every {name} filled. */
void gx_why_fill(gx_value *row, gx_arena *arena, const char *en, const char *zh,
                 const gx_hole *holes, size_t count);
/* The same with {name} replaced by `value`. */
void gx_why_say(gx_value *row, gx_arena *arena, const char *en, const char *zh, const char *name,
                gx_slice value);

#endif
