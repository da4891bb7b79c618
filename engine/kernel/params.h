/* Rows that many passes have in their tables of parameters; the help says what they mean there. */
#ifndef GX_KERNEL_PARAMS_H
#define GX_KERNEL_PARAMS_H

#include "graph/base/param.h"

#define GX__PARAM_BOOL(name_, fallback_, help_)                                                    \
    {.name = name_, .type = GX_PARAM_BOOL, .fallback = fallback_, GX_PARAM_UNCHECKED, .help = help_}

/* Needs GX__NEED_TIES. */
#define GX__PARAM_DIRECTION(help_)                                                                 \
    {.name = "direction",                                                                          \
     .type = GX_PARAM_CHOICE,                                                                      \
     .fallback = "all",                                                                            \
     GX_PARAM_UNCHECKED,                                                                           \
     .choices = "all|in|out",                                                                      \
     .help = help_}

#define GX__PARAM_TOLERANCE(fallback_, help_)                                                      \
    {.name = "tolerance",                                                                          \
     .type = GX_PARAM_REAL,                                                                        \
     .fallback = fallback_,                                                                        \
     .low = 1e-13,                                                                                 \
     .high = 1,                                                                                    \
     .help = help_}

/* `told_by`: what of the results tells how far it came. */
#define GX__PARAM_STEPS(fallback_, told_by)                                                        \
    {.name = "max_iterations",                                                                     \
     .type = GX_PARAM_INT,                                                                         \
     .fallback = fallback_,                                                                        \
     .low = 1,                                                                                     \
     .high = 1e6,                                                                                  \
     .help = "stop here at the latest; the " told_by " says how far it came"}

#endif
