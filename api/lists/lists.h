/* What the lists beside rec.user share: who they are for, items as rows, and their sentences. */
#ifndef GX_API_LISTS_H
#define GX_API_LISTS_H

#include "api/lists/why.h"

/* Every sentence of these lists, in English and Chinese, stands in api/lists/lists.c. */
typedef enum gx_lists_sentence {
    GX_SAYS_BUNDLE_AFTER, /* {share} {item} {days} {lift} */
    GX_SAYS_BUNDLE_WITH,  /* {share} {item} {lift} */
    GX_SAYS_BUNDLE_PLAIN, /* {item} */
    GX_SAYS_TAKEN_AFTER,  /* the same where the log has no purchases */
    GX_SAYS_TAKEN_WITH,
    GX_SAYS_TAKEN_PLAIN,
    GX_SAYS_GROUP_MANY,  /* {n} {all} */
    GX_SAYS_GROUP_ALL,   /* {all} */
    GX_SAYS_GROUP_NAMED, /* {n} */
    GX_SAYS_GROUP_SOME,
    GX_SAYS_GROUP_NEAR,
    GX_SAYS_GROUP_WHOLE,
    GX_SAYS_GROUP_POPULAR,
    GX_SAYS_GROUP_REST,
    GX_SAYS_TOPIC_COUNTED,  /* {n} {lift} */
    GX_SAYS_LAYOUT,         /* {item} {share} */
    GX_SAYS_LAYOUT_POPULAR, /* the same */
    GX_SAYS_LAYOUT_REST,    /* the same */
    GX_SAYS_AUDIENCE_TASTE, /* {item} */
    GX_SAYS_AUDIENCE_LIKE,
    GX_SAYS_AUDIENCE_TIED,
    GX_SAYS_AUDIENCE_AMONG, /* {circle} */
    GX_SAYS_AUDIENCE_FRIENDS,
    GX_SAYS_AUDIENCE_CIRCLE, /* {circle} */
    GX_SAYS_AUDIENCE_LEADER,
    GX_SAYS_AUDIENCE_NEAR, /* {km} */
    GX_SAYS_FIT_VALUE,     /* {value} */
    GX_SAYS_FIT_PRICE,
    GX_SAYS_GUIDE_MANY,     /* {did} {item} {n} */
    GX_SAYS_GUIDE_SOME,     /* {did} {item} */
    GX_SAYS_GUIDE_MESSAGE,  /* {did} {item} */
    GX_SAYS_GUIDE_LEADER,   /* {score} {did} {item} {n} */
    GX_SAYS_GUIDE_PROMOTER, /* {sales} {did} {item} {n} */
    GX_SAYS_GUIDE_GIVEN,    /* {did} {item} {n} */
    GX_SAYS_TEAM,           /* {item} {all} */
    GX_SAYS_EXPERT_KNOWN,   /* {category} {rank} */
    GX_SAYS_EXPERT_NEAR,    /* {category} {rank} {steps} */
    GX_SAYS_EXPERT_FAR,     /* {category} {rank} */
    GX_SAYS_COUNT
} gx_lists_sentence;

/* `en` and `zh` into the row. */
void gx_lists_say(gx_value *row, gx_arena *arena, gx_lists_sentence which, const gx_hole *holes,
                  size_t count);
gx_hole gx_lists_hole(const char *name, const char *text);
/* A number as it stands in a sentence: a share as "12%", else "5.1". */
gx_hole gx_lists_share(gx_arena *arena, const char *name, double share);
gx_hole gx_lists_times(gx_arena *arena, const char *name, double times);
gx_hole gx_lists_count(gx_arena *arena, const char *name, uint32_t count);
/* Title, or id where it has none. */
gx_slice gx_lists_title(gx_call_env *call, const gx_columns *columns, uint32_t item);

/* {id, title?} with room for more. */
gx_value gx_lists_item(gx_call_env *call, const gx_columns *columns, uint32_t item, uint32_t room);

/* Ids of the list in the order they were given, each once: those of the store as numbers, the
 * others as texts. In the arena. not_found where the store knows none of them, naming the first. */
typedef struct gx_lists_ids {
    uint32_t *id, count;
    gx_value unknown;
} gx_lists_ids;
GX_MUST_CHECK gx_status gx_lists_find(gx_lists_ids *out, gx_call_env *call, gx_space space,
                                      const char *argument, gx_error *err);

/* GX_NONE where the store does not know the member. */
GX_MUST_CHECK gx_status gx_lists_user(uint32_t *out, gx_txn *txn, gx_slice id, gx_error *err);
/* One member as lists need them, by id, whether the store knows it or not. */
GX_MUST_CHECK gx_status gx_lists_member(gx_member_live *out, gx_call_env *call,
                                        const gx_columns *columns, gx_slice id, gx_error *err);

/* Holds the item columns for `make`. */
typedef gx_status (*gx_lists_fn)(gx_value *out, gx_call_env *call, const gx_columns *columns,
                                 gx_error *err);
GX_MUST_CHECK gx_status gx_lists_held(gx_value *out, gx_call_env *call, gx_lists_fn make,
                                      gx_error *err);

#endif
