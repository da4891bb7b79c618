/* Parameters: one check of a map against a table. */
#include "graph/base/param.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char *gx_param_type_name(gx_param_type type) {
    static const char *const names[] = {"boolean",  "integer", "number", "text", "choice", "time",
                                        "duration", "bytes",   "list",   "map",  "any"};
    return (unsigned)type < GX_COUNT(names) ? names[type] : "unknown";
}

/* What is accepted, in words, for messages. */
static const char *accepted(const gx_param *param, char *out, size_t size) {
    if (param->type == GX_PARAM_CHOICE) {
        snprintf(out, size, "one of %s", param->choices);
        return out;
    }
    static const char *const words[] = {"true or false",
                                        "a whole number",
                                        "a number",
                                        "a text",
                                        "",
                                        "a time (ISO 8601, or Unix seconds or milliseconds)",
                                        "a duration (like 250ms, 30s, 7d)",
                                        "a size (like 512MiB, 2GiB)",
                                        "a list of texts",
                                        "a map",
                                        "any value"};
    if (param->type == GX_PARAM_ANY) {
        snprintf(out, size, "%s", param->help); /* says the shape */
        return out;
    }
    if (param->low <= param->high && param->type == GX_PARAM_LIST) {
        snprintf(out, size, "a list of %g to %g texts", param->low, param->high);
    } else if (param->low <= param->high) {
        snprintf(out, size, "%s from %.15g to %.15g", words[param->type], param->low, param->high);
    } else {
        snprintf(out, size, "%s", words[param->type]);
    }
    return out;
}

/* What is wrong with a list: one of its entries, or how many there are. */
static const char *shown_list(const gx_value *list, char *out, size_t size) {
    for (uint32_t i = 0; i < list->size; i++) {
        if (list->as.items[i].type != GX_TEXT) {
            char entry[120];
            snprintf(out, size, "a list with %s",
                     gx_value_shown(entry, sizeof entry, &list->as.items[i]));
            return out;
        }
    }
    snprintf(out, size, "a list of %u", (unsigned)list->size);
    return out;
}

static gx_status refuse(const gx_param *param, const gx_value *given, gx_error *err) {
    char what[160], want[200];
    bool list = param->type == GX_PARAM_LIST && given->type == GX_LIST;
    return gx_fail_at(
        err, GX_BAD_REQUEST, param->name, "%s: %s was given; accepted is %s", param->name,
        list ? shown_list(given, what, sizeof what) : gx_value_shown(what, sizeof what, given),
        accepted(param, want, sizeof want));
}

static bool is_choice(const char *choices, gx_slice text) {
    for (const char *at = choices; *at;) {
        size_t size = strcspn(at, "|");
        if (gx_slice_equal((gx_slice){at, size}, text)) {
            return true;
        }
        at += size + (at[size] == '|');
    }
    return false;
}

static bool to_bool(const gx_value *given, gx_value *out) {
    if (given->type == GX_TEXT) {
        gx_slice text = {given->as.text, given->size};
        bool yes = gx_slice_is(text, "true") || gx_slice_is(text, "yes") || gx_slice_is(text, "1");
        bool no = gx_slice_is(text, "false") || gx_slice_is(text, "no") || gx_slice_is(text, "0");
        *out = gx_bool(yes);
        return yes || no;
    }
    *out = *given;
    return given->type == GX_BOOL;
}

static bool to_int(const gx_value *given, gx_value *out) {
    int64_t number;
    if (given->type == GX_TEXT) {
        if (!gx_parse_int((gx_slice){given->as.text, given->size}, &number)) {
            return false;
        }
        *out = gx_int(number);
        return true;
    }
    if (given->type == GX_REAL && given->as.real == floor(given->as.real) &&
        fabs(given->as.real) < 9e15) {
        *out = gx_int((int64_t)given->as.real);
        return true;
    }
    *out = *given;
    return given->type == GX_INT;
}

static bool to_real(const gx_value *given, gx_value *out) {
    double number;
    if (given->type == GX_TEXT) {
        if (!gx_parse_real((gx_slice){given->as.text, given->size}, &number)) {
            return false;
        }
    } else if (!gx_value_as_real(given, &number) || !isfinite(number)) {
        return false;
    }
    *out = gx_real(number);
    return true;
}

/* Times, durations and sizes: a number as it is, or a text with a unit. */
static bool to_quantity(gx_param_type type, const gx_value *given, gx_value *out) {
    gx_slice text = {given->as.text, given->size};
    int64_t ms;
    uint64_t bytes;
    char number[32];
    if (given->type == GX_INT && type == GX_PARAM_TIME) { /* seconds or milliseconds, as in text */
        int size = snprintf(number, sizeof number, "%lld", (long long)given->as.integer);
        text = (gx_slice){number, (size_t)size};
    } else if (given->type != GX_TEXT) {
        return to_int(given, out);
    }
    bool good;
    if (type == GX_PARAM_BYTES) {
        good = gx_parse_bytes(text, &bytes);
        *out = gx_int(good ? (int64_t)bytes : 0);
    } else {
        good =
            type == GX_PARAM_TIME ? gx_parse_time_ms(text, &ms) : gx_parse_duration_ms(text, &ms);
        *out = gx_int(good ? ms : 0);
    }
    return good;
}

static bool to_list(gx_arena *arena, const gx_value *given, gx_value *out) {
    if (given->type == GX_TEXT) {
        *out = gx_list(arena, 1);
        gx_list_add(arena, out, *given);
        return true;
    }
    *out = *given;
    if (given->type != GX_LIST) {
        return false;
    }
    for (uint32_t i = 0; i < given->size; i++) {
        if (given->as.items[i].type != GX_TEXT) {
            return false;
        }
    }
    return true;
}

static bool in_range(const gx_param *param, const gx_value *value) {
    if (param->low > param->high) {
        return true;
    }
    double number;
    if (param->type == GX_PARAM_LIST) {
        number = value->size;
    } else if (!gx_value_as_real(value, &number)) {
        return true;
    }
    return number >= param->low && number <= param->high;
}

static bool convert(gx_value *out, gx_arena *arena, const gx_param *param, const gx_value *given) {
    switch (param->type) {
    case GX_PARAM_BOOL:
        return to_bool(given, out);
    case GX_PARAM_INT:
        return to_int(given, out);
    case GX_PARAM_REAL:
        return to_real(given, out);
    case GX_PARAM_TEXT:
        *out = *given;
        return given->type == GX_TEXT;
    case GX_PARAM_CHOICE:
        *out = *given;
        return given->type == GX_TEXT &&
               is_choice(param->choices, (gx_slice){given->as.text, given->size});
    case GX_PARAM_TIME:
    case GX_PARAM_DURATION:
    case GX_PARAM_BYTES:
        return to_quantity(param->type, given, out);
    case GX_PARAM_LIST:
        return to_list(arena, given, out);
    case GX_PARAM_MAP:
        *out = *given;
        return given->type == GX_MAP;
    case GX_PARAM_ANY:
        *out = *given;
        return true;
    }
    return false;
}

static gx_status check_whom(const gx_param *param, const gx_value *made, gx_error *err) {
    const gx_value *all = made->type == GX_LIST ? made->as.items : made;
    const uint32_t count = made->type == GX_LIST ? made->size : 1;
    for (uint32_t k = 0; k < count; k++) {
        if (all[k].size == 0) {
            return gx_fail_at(err, GX_BAD_REQUEST, param->name,
                              "%s: '' was given; accepted is a member's id", param->name);
        }
    }
    return GX_OK;
}

static gx_status fill_one(gx_value *out, gx_arena *arena, const gx_param *param,
                          const gx_value *map, gx_error *err) {
    const gx_value *given = gx_map_get(map, param->name);
    gx_value fallback;
    if (!given || given->type == GX_NIL) {
        *out = gx_nil();
        if (param->flags & GX_PARAM_REQUIRED) {
            char want[200];
            return gx_fail_at(err, GX_BAD_REQUEST, param->name, "%s is missing; accepted is %s",
                              param->name, accepted(param, want, sizeof want));
        }
        if (!param->fallback) {
            return GX_OK;
        }
        fallback = gx_str(param->fallback);
        given = &fallback;
    }
    gx_value made;
    if (!convert(&made, arena, param, given) || !in_range(param, &made)) {
        return refuse(param, given, err);
    }
    *out = made;
    return param->flags & GX_PARAM_WHOM ? check_whom(param, &made, err) : GX_OK;
}

/* "there are a, b, c", as many as there is room for. */
static const char *list_names(char *out, size_t size, const char *const *names, size_t count) {
    size_t at = (size_t)snprintf(out, size, "there %s", count ? "are " : "is none");
    for (size_t i = 0; i < count; i++) {
        if (at + strlen(names[i]) + 8 > size) {
            snprintf(out + at, size - at, ", …");
            break;
        }
        at += (size_t)snprintf(out + at, size - at, "%s%s", i ? ", " : "", names[i]);
    }
    return out;
}

static gx_status check_names(const gx_param *params, size_t count, const gx_value *map,
                             gx_error *err) {
    for (uint32_t i = 0; map && i < map->size; i++) {
        gx_slice key = {map->as.pairs[i].key.as.text, map->as.pairs[i].key.size};
        size_t p = 0;
        while (p < count && !gx_slice_is(key, params[p].name)) {
            p++;
        }
        if (p < count) {
            continue;
        }
        const char *names[64];
        size_t named = 0;
        for (; named < count && named < GX_COUNT(names); named++) {
            names[named] = params[named].name;
        }
        char given[64], shown_key[80];
        snprintf(given, sizeof given, "%.*s", (int)(key.size < 60 ? key.size : 60), key.data);
        const char *near = gx_nearest(given, names, named);
        gx_quote(shown_key, sizeof shown_key, key.data, key.size);
        if (near) {
            return gx_fail_at(err, GX_BAD_REQUEST, given,
                              "there is no parameter %s; did you mean %s?", shown_key, near);
        }
        char list[300];
        return gx_fail_at(err, GX_BAD_REQUEST, given, "there is no parameter %s; %s", shown_key,
                          list_names(list, sizeof list, names, named));
    }
    return GX_OK;
}

gx_status gx_args_parse(gx_args *out, gx_arena *arena, const gx_param *params, size_t count,
                        const gx_value *map, gx_error *err) {
    if (map && map->type == GX_NIL) {
        map = NULL;
    }
    if (map && map->type != GX_MAP) {
        return gx_fail(err, GX_BAD_REQUEST, "arguments: a %s was given; accepted is a map",
                       gx_type_name(map->type));
    }
    gx_status status = check_names(params, count, map, err);
    if (status != GX_OK) {
        return status;
    }
    gx_value *values = gx_arena_get(arena, (count ? count : 1) * sizeof *values);
    if (!values) {
        return gx_fail_memory(err, count * sizeof *values);
    }
    for (size_t i = 0; i < count; i++) {
        status = fill_one(&values[i], arena, &params[i], map, err);
        if (status != GX_OK) {
            return status;
        }
    }
    if (gx_arena_status(arena) != GX_OK) {
        return gx_fail_memory(err, 0);
    }
    *out = (gx_args){params, count, values};
    return GX_OK;
}

const gx_value *gx_arg_value(const gx_args *args, const char *name) {
    for (size_t i = 0; i < args->count; i++) {
        if (strcmp(args->params[i].name, name) == 0) {
            return &args->values[i];
        }
    }
    assert(!"a parameter by that name");
    static const gx_value nothing;
    return &nothing;
}

bool gx_arg_has(const gx_args *args, const char *name) {
    return gx_arg_value(args, name)->type != GX_NIL;
}

bool gx_arg_bool(const gx_args *args, const char *name) {
    const gx_value *value = gx_arg_value(args, name);
    return value->type == GX_BOOL && value->as.boolean;
}

int64_t gx_arg_int(const gx_args *args, const char *name) {
    const gx_value *value = gx_arg_value(args, name);
    return value->type == GX_INT ? value->as.integer : 0;
}

double gx_arg_real(const gx_args *args, const char *name) {
    double number = 0;
    return gx_value_as_real(gx_arg_value(args, name), &number) ? number : 0;
}

gx_slice gx_arg_text(const gx_args *args, const char *name) {
    const gx_value *value = gx_arg_value(args, name);
    return value->type == GX_TEXT ? (gx_slice){value->as.text, value->size} : (gx_slice){"", 0};
}

bool gx_arg_is(const gx_args *args, const char *name, const char *text) {
    return gx_slice_is(gx_arg_text(args, name), text);
}

gx_value gx_param_describe(gx_arena *arena, const gx_param *param) {
    gx_value map = gx_map(arena, 12);
    gx_map_put(arena, &map, "name", gx_str(param->name));
    gx_map_put(arena, &map, "type", gx_str(gx_param_type_name(param->type)));
    gx_map_put(arena, &map, "required", gx_bool(param->flags & GX_PARAM_REQUIRED));
    if (param->fallback) {
        gx_map_put(arena, &map, "default", gx_str(param->fallback));
    }
    if (param->low <= param->high) {
        gx_map_put(arena, &map, "low", gx_real(param->low));
        gx_map_put(arena, &map, "high", gx_real(param->high));
    }
    if (param->unit) {
        gx_map_put(arena, &map, "unit", gx_str(param->unit));
    }
    if (param->flags & GX_PARAM_SEARCH) {
        gx_map_put(arena, &map, "searched", gx_bool(true));
    }
    if (param->choices) {
        gx_map_put(arena, &map, "choices", gx_str(param->choices));
    }
    gx_map_put(arena, &map, "help", gx_str(param->help ? param->help : ""));
    return map;
}
