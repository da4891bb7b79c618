/* put and get of the store's tables. They differ in nothing but their names, so they are rows here:
 * one of TABLES_PUT for what may be written, one of RECORDS_GET for records that are read by id. */
#include "api/rows.h"

/* X(name, list, what a row has) */
#define TABLES_PUT(X)                                                                              \
    X(user, "users", "[{user_id, joined_at, region, tags, consent, …}]")                           \
    X(item, "items", "[{item_id, title, category, price, stock, status, …}]")                      \
    X(group, "groups", "[{group_id, name, owner, …}]")                                             \
    X(coupon, "coupons", "[{coupon_id, value, start, end, …}]")                                    \
    X(member, "members", "[{group_id, user_id, role, joined_at, left_at}]")                        \
    X(tie, "ties", "[{src, dst, kind, weight, ts, directed}]")                                     \
    X(event, "events", "[{user_id, item_id, action, ts, event_id, value, …}]")                     \
    X(impression, "impressions", "[{request_id, user_id, item_id, pos, ts, …}]")

/* X(name, list, space, key of a row) */
#define RECORDS_GET(X)                                                                             \
    X(user, "users", USER, "user_id")                                                              \
    X(item, "items", ITEM, "item_id")                                                              \
    X(group, "groups", GROUP, "group_id")                                                          \
    X(coupon, "coupons", COUPON, "coupon_id")

#define X(name_, list, columns)                                                                    \
    static const gx_param name_##_put_params[] = {                                                 \
        {list, GX_PARAM_ANY, NULL, GX_PARAM_UNCHECKED, NULL, NULL,                                 \
         GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL, columns}};                                       \
    static gx_status name_##_put(gx_value *out, gx_call_env *call, gx_error *err) {                \
        return gx_rows_put(out, call, list, list, err);                                            \
    }                                                                                              \
    const gx_method gx_method_##name_##_put = {                                                    \
        .name = #name_ ".put",                                                                     \
        .summary = "write " list "; the same again changes nothing",                               \
        .scope = GX_SCOPE_WRITE,                                                                   \
        .cost = GX_COST_WRITE,                                                                     \
        .params = name_##_put_params,                                                              \
        .param_count = 1,                                                                          \
        .result = "{created, updated, unchanged, conflicting, new_users, new_items, new_groups}",  \
        .run = name_##_put,                                                                        \
    };
TABLES_PUT(X)
#undef X

#define X(name_, list, space, key)                                                                 \
    static const gx_param name_##_get_params[] = {{list, GX_PARAM_LIST, NULL, 1, 65536, NULL,      \
                                                   NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,  \
                                                   "which ones, by id"}};                          \
    static gx_status name_##_get(gx_value *out, gx_call_env *call, gx_error *err) {                \
        return gx_rows_get(out, call, list, GX_SPACE_##space, key, err);                           \
    }                                                                                              \
    const gx_method gx_method_##name_##_get = {                                                    \
        .name = #name_ ".get",                                                                     \
        .summary = "the records of " list ", or an error for each that is not there",              \
        .scope = GX_SCOPE_READ,                                                                    \
        .cost = GX_COST_SHORT,                                                                     \
        .params = name_##_get_params,                                                              \
        .param_count = 1,                                                                          \
        .result = "{" list ": [{" key ", …} or {" key ", error}]}",                                \
        .run = name_##_get,                                                                        \
    };
RECORDS_GET(X)
#undef X
