/* Parameters as data: one table serves range checks, help, describe, the reference page and the
 * client stubs. Passes, models, methods and verbs all use it. */
#ifndef GX_BASE_PARAM_H
#define GX_BASE_PARAM_H

#include "graph/base/base.h"

typedef enum gx_param_type {
    GX_PARAM_BOOL,
    GX_PARAM_INT,
    GX_PARAM_REAL,
    GX_PARAM_TEXT,
    GX_PARAM_CHOICE,   /* one of `choices`, "a|b|c" */
    GX_PARAM_TIME,     /* ISO 8601 or Unix; kept as integer milliseconds */
    GX_PARAM_DURATION, /* "30d", or a number of milliseconds; kept as milliseconds */
    GX_PARAM_BYTES,    /* "2GiB" or a number */
    GX_PARAM_LIST,     /* of text; a single text is a list of one, "a,b" is split by the CLI only */
    GX_PARAM_MAP,      /* a nested map, checked by its method */
    GX_PARAM_ANY
} gx_param_type;

enum {
    GX_PARAM_REQUIRED = 1,
    GX_PARAM_POSITIONAL = 2,
    GX_PARAM_HIDDEN = 4,
    /* A list of members, of a pass: doors give external ids, and the api puts the internal numbers,
     * as text, in their place before the pass sees it. */
    GX_PARAM_MEMBERS = 8,
    /* Of a model: worth searching (docs/tune.md, which also says between what and what). */
    GX_PARAM_SEARCH = 16,
    /* A TEXT or LIST of members' ids, none of which may be empty. */
    GX_PARAM_WHOM = 32
};

typedef struct gx_param {
    const char *name; /* snake_case; the CLI shows it as --kebab-case */
    gx_param_type type;
    const char *fallback; /* the default, as text; NULL: absent (nil) */
    double low,
        high; /* of INT, REAL, DURATION, BYTES, and the length of a LIST; low > high: unchecked */
    const char *unit;    /* "ms", "members"; NULL: none */
    const char *choices; /* of CHOICE */
    unsigned flags;
    const char *help; /* one line, lower case, no full stop */
} gx_param;

#define GX_PARAM_UNCHECKED 1, 0

typedef struct gx_args {
    const gx_param *params;
    size_t count;
    gx_value *values; /* one a parameter, of its type, or nil */
} gx_args;

/* Checks `map` (NULL: all defaults) against the table: unknown names (with "did you mean"), missing
 * ones, types, ranges and choices are GX_BAD_REQUEST that name the parameter, what was given and
 * what is accepted. Text is accepted for numbers, times and booleans, as the CLI gives it. */
GX_MUST_CHECK gx_status gx_args_parse(gx_args *out, gx_arena *arena, const gx_param *params,
                                      size_t count, const gx_value *map, gx_error *err);

/* By name; a name that is not in the table is a bug and asserts. */
bool gx_arg_has(const gx_args *args, const char *name); /* given, or has a default */
bool gx_arg_bool(const gx_args *args, const char *name);
int64_t gx_arg_int(const gx_args *args, const char *name);
double gx_arg_real(const gx_args *args, const char *name);
gx_slice gx_arg_text(const gx_args *args, const char *name); /* empty when absent */
bool gx_arg_is(const gx_args *args, const char *name, const char *text);
const gx_value *gx_arg_value(const gx_args *args, const char *name);

/* {name, type, default, low, high, unit, choices, required, help} for sys.describe and docs. */
gx_value gx_param_describe(gx_arena *arena, const gx_param *param);
const char *gx_param_type_name(gx_param_type type);

#endif
