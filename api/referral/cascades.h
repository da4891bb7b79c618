/* What the methods cascade.* share. */
#ifndef GX_API_CASCADES_H
#define GX_API_CASCADES_H

#include "api/referral/log.h"

/* The trees asked for; and those of methods that tell money. */
#define GX_CASCADE_TREE_PARAMS                                                                     \
    {"by",                                                                                         \
     GX_PARAM_CHOICE,                                                                              \
     "item",                                                                                       \
     GX_PARAM_UNCHECKED,                                                                           \
     NULL,                                                                                         \
     "item|campaign|all|invite",                                                                   \
     0,                                                                                            \
     "trees of each item, of each campaign, of all that members do, or of who invited whom"},      \
        {"item", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED,                                          \
         NULL,   NULL,          0,    "only of this item; by invite: only its sales count"},       \
        {"campaign", GX_PARAM_TEXT,                                                                \
         NULL,       GX_PARAM_UNCHECKED,                                                           \
         NULL,       NULL,                                                                         \
         0,          "only events of this campaign; by invite: only its sales count"},             \
        {"action",                                                                                 \
         GX_PARAM_LIST,                                                                            \
         NULL,                                                                                     \
         1,                                                                                        \
         64,                                                                                       \
         NULL,                                                                                     \
         NULL,                                                                                     \
         0,                                                                                        \
         "with which a member joins (purchases and shares); not by invite"},                       \
        {"since", GX_PARAM_TIME,                                                                   \
         NULL,    GX_PARAM_UNCHECKED,                                                              \
         NULL,    NULL,                                                                            \
         0,       "only events from this time on; by invite: sales and members who joined"},       \
        {"until", GX_PARAM_TIME,                                                                   \
         NULL,    GX_PARAM_UNCHECKED,                                                              \
         NULL,    NULL,                                                                            \
         0,       "only events before this time; by invite: sales and members who joined"}
#define GX_CASCADE_PARAMS GX_CASCADE_TREE_PARAMS, GX_DECIMALS_PARAM("revenue_minor counts")

/* The item, campaign and time of a call; not its decimals. not_found; bad_request. */
GX_MUST_CHECK gx_status gx_log_spec_of(gx_log_spec *out, gx_call_env *call, gx_error *err);
GX_MUST_CHECK gx_status gx_cascade_trees(gx_trees *out, gx_call_env *call, int decimals,
                                         gx_error *err);
/* "item", "campaign" or, where trees have neither, NULL; and the word. */
const char *gx_trees_key_name(const gx_trees *trees);
void gx_trees_put_key(gx_value *row, gx_call_env *call, const gx_trees *trees, uint32_t forest);
/* nil where the time is not known, INT64_MIN. */
void gx_cascade_put_time(gx_value *row, gx_arena *arena, const char *key, int64_t ts_ms);
void gx_cascade_put(gx_value *row, gx_arena *arena, const gx_cascade *cascade, bool has_circles);
/* {self_via, unknown_via, …}: what could not be used as it stands, all of it, also 0. */
gx_value gx_trees_told(gx_arena *arena, const gx_trees *trees);

#endif
