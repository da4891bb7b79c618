/* The table of methods, and what is common to all of them. */
#include "api/method.h"

#define GX_METHOD(name) extern const gx_method gx_method_##name;
#include "api/methods.def"
#undef GX_METHOD

static const gx_method *const rows[] = {
#define GX_METHOD(name) &gx_method_##name,
#include "api/methods.def"
#undef GX_METHOD
};

static const gx_method_table table = {rows, GX_COUNT(rows)};

const gx_method_table *gx_methods(void) {
    return &table;
}

const gx_method *gx_method_find(const char *name) {
    for (size_t i = 0; i < table.count; i++) {
        if (strcmp(rows[i]->name, name) == 0) {
            return rows[i];
        }
    }
    return NULL;
}

gx_status gx_method_missing(const char *name, gx_error *err) {
    const char *names[GX_COUNT(rows)];
    for (size_t i = 0; i < table.count; i++) {
        names[i] = rows[i]->name;
    }
    char given[64];
    gx_quote(given, sizeof given, name, strlen(name));
    const char *near = gx_nearest(name, names, table.count);
    return gx_fail_at(err, GX_NOT_FOUND, "method", "there is no method %s; %s%s", given,
                      near ? "did you mean " : "sys.describe lists what there is",
                      near ? near : "");
}

const gx_param gx_method_common[] = {
    {"deadline_ms", GX_PARAM_INT, NULL, 1, 86400000, "ms", NULL, 0,
     "give up, with the error deadline, after this long"},
    {"request_id", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "written to the log beside the call; draws of explore follow it"},
    {"seed", GX_PARAM_INT, NULL, 0, 9e15, NULL, NULL, 0, "of every random stream"},
    {"threads", GX_PARAM_INT, NULL, 1, 1024, NULL, NULL, 0,
     "how many a heavy call may use; at most those of the store"},
    {"mem", GX_PARAM_BYTES, NULL, 1, 1e18, "bytes", NULL, 0,
     "how much memory a heavy call may hold"},
};
const size_t gx_method_common_count = GX_COUNT(gx_method_common);

const char *gx_scope_name(gx_scope scope) {
    static const char *const names[] = {"none", "read", "write", "operate", "admin"};
    return (unsigned)scope < GX_COUNT(names) ? names[scope] : "unknown";
}

const char *gx_cost_name(gx_cost cost) {
    static const char *const names[] = {"short", "write", "long"};
    return (unsigned)cost < GX_COUNT(names) ? names[cost] : "unknown";
}
