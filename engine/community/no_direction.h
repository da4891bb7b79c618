/* For methods that know no direction: a parameter `directed` that is left out of the help, and
 * refused where it is asked for, so that nobody takes the answer for one about directed ties. */
#ifndef GX_COMMUNITY_NO_DIRECTION_H
#define GX_COMMUNITY_NO_DIRECTION_H

#include "graph/base/param.h"

#define GX__PARAM_NO_DIRECTION                                                                     \
    {.name = "directed",                                                                           \
     .type = GX_PARAM_BOOL,                                                                        \
     .fallback = "false",                                                                          \
     .low = 1,                                                                                     \
     .flags = GX_PARAM_HIDDEN,                                                                     \
     .help = "refused: the method knows no direction"}

/* bad_request where it is true: `why` says of whom the method is. */
GX_MUST_CHECK static inline gx_status gx__refuse_direction(const gx_args *args, const char *pass,
                                                           const char *why, gx_error *err) {
    return gx_arg_bool(args, "directed")
               ? gx_fail_at(err, GX_BAD_REQUEST, "directed",
                            "%s knows no direction: %s; infomap, leiden, louvain (directed) and "
                            "label_propagation (direction) do",
                            pass, why)
               : GX_OK;
}

#endif
