/* Several members taken together: named, of a group of the store, or of a circle. */
#ifndef GX_API_GROUP_H
#define GX_API_GROUP_H

#include "api/lists/lists.h"

enum { GX_GROUP_MEMBERS = 200 }; /* of a larger one so many are heard */

/* clang-format off */
#define GX_GROUP_PARAMS                                                                            \
    {"users", GX_PARAM_LIST, NULL, 1, 100000, "members", NULL, GX_PARAM_POSITIONAL | GX_PARAM_WHOM, \
     "these members, by id; or `group`, or `circle`"},                                             \
    {"group", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                              \
     "the members of this group now, but who has departed"},                                                             \
    {"circle", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                             \
     "the members of this circle, like c-17, but who has departed"}
/* clang-format on */

typedef struct gx_group {
    uint32_t *user, count; /* those who are heard, by rising number or as they were named */
    uint32_t *all, size;   /* the whole: the same, or all of whom they were drawn */
    bool *named;           /* one a member: agreed to be named; see gx_group_names */
    uint32_t hidden;       /* how many did not */
    uint32_t min_count;
    gx_value unknown;  /* ids among `users` that the store does not have */
    gx_value departed; /* ids among `users` who have left; see gx_group_stay */
} gx_group;

/* At most `limit` members, those of a group or a circle without who has departed. bad_request: none
 * or several of users, group and circle; not_found: it is not there, nobody is in it. */
GX_MUST_CHECK gx_status gx_group_find(gx_group *out, gx_call_env *call, uint32_t limit,
                                      gx_error *err);
/* Takes out who has departed of members who were named. not_found: they all have. */
GX_MUST_CHECK gx_status gx_group_stay(gx_group *group, gx_call_env *call, gx_error *err);
/* Reads who of them agreed to be named. */
GX_MUST_CHECK gx_status gx_group_names(gx_group *group, gx_call_env *call, gx_error *err);
/* Takes out of mask[items] what a rule that protects any one of the whole group or the shop keeps
 * out (gx_filter_bar), be they heard or not. O(members × (own ties + own events)). */
GX_MUST_CHECK gx_status gx_group_bar(uint8_t *mask, const gx_group *group, const gx_filter *filter,
                                     gx_call_env *call, gx_error *err);
/* {members, of, unknown, departed?}: how many are heard, of how many; a size is told from min_count
 * up, or where the members were named. */
void gx_group_tell(gx_value *row, const gx_group *group, gx_call_env *call);

#endif
