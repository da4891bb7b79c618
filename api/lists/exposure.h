/* Lists that are shown to somebody: exploration with known chances, and the log of what was shown
 * (impressions with propensity, arm and model), from which guanxi eval --off-policy judges. */
#ifndef GX_API_EXPOSURE_H
#define GX_API_EXPOSURE_H

#include "api/lists/slate.h"

/* clang-format off */
#define GX_EXPLORE_PARAM                                                                           \
    {"explore", GX_PARAM_REAL, "0", 0, 1, NULL, NULL, 0,                                           \
     "the chance of a place to show something drawn from further down; draws follow seed and request_id "  \
     "(where neither is given, one that is made for the call and told), those of lists for everybody seed " \
     "and push"}
#define GX_EXPOSURE_PARAMS                                                                         \
    GX_EXPLORE_PARAM,                                                                              \
    {"log", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,                             \
     "write what is shown as impressions, with the propensity of every place"},                    \
    {"arm", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,                                \
     "of an experiment, for the log"}
/* clang-format on */

typedef struct gx_exposure {
    double explore;
    bool log;
    uint64_t seed;
    const char *request_id; /* as given, or made where draws or the log need one; NULL: none */
    bool many;              /* members: each has a request id of its own */
} gx_exposure;

GX_MUST_CHECK gx_status gx_exposure_read(gx_exposure *out, gx_call_env *call, gx_error *err);
/* Only how the draws of a list went: for speaking of it afterwards. bad_request: there were draws,
 * and neither seed nor request_id tells which. */
GX_MUST_CHECK gx_status gx_exposure_again(gx_exposure *out, gx_call_env *call, gx_error *err);
/* The slate of one member of the call. */
void gx_exposure_member(gx_slate *slate, const gx_exposure *exposure, gx_slice user);
/* The request id of the member `index` of the call; nil where there is none. */
gx_value gx_exposure_id(gx_arena *arena, const gx_exposure *exposure, uint32_t index);
/* Writes the lists of an answer of rec.user and puts `logged`, how many impressions are new, into
 * each. Nothing is held of the store's items meanwhile. forbidden: it was opened for reading. */
GX_MUST_CHECK gx_status gx_exposure_log(gx_value *lists, gx_call_env *call, gx_error *err);
/* The lists of rec.batch, of members the store knows, in one commit: {user, request_id, time, arm?,
 * items: [{id, channel?, propensity}]}. *out_created: impressions that are new. */
GX_MUST_CHECK gx_status gx_exposure_log_all(int64_t *out_created, const gx_value *lists,
                                            gx_call_env *call, gx_error *err);

#endif
