/* Status codes and errors: everything derives from GX_STATUS_MAP. */
#include "graph/base/base.h"

/* Macros for the analyser only: here are the functions. */
#undef gx_fail
#undef gx_fail_at
#undef gx_fail_memory
#undef gx_fail_errno

#include <errno.h>
#include <stdio.h>

const char *gx_status_name(gx_status status) {
    static const char *const names[] = {
#define X(name, wire, exit, retryable, text) wire,
        GX_STATUS_MAP(X)
#undef X
    };
    return (unsigned)status < GX_STATUS_COUNT ? names[status] : "unknown";
}

const char *gx_status_text(gx_status status) {
    static const char *const texts[] = {
#define X(name, wire, exit, retryable, text) text,
        GX_STATUS_MAP(X)
#undef X
    };
    return (unsigned)status < GX_STATUS_COUNT ? texts[status] : "unknown status";
}

int gx_status_exit_code(gx_status status) {
    static const int codes[] = {
#define X(name, wire, exit, retryable, text) exit,
        GX_STATUS_MAP(X)
#undef X
    };
    return (unsigned)status < GX_STATUS_COUNT ? codes[status] : 1;
}

bool gx_status_is_retryable(gx_status status) {
    static const bool flags[] = {
#define X(name, wire, exit, retryable, text) retryable,
        GX_STATUS_MAP(X)
#undef X
    };
    return (unsigned)status < GX_STATUS_COUNT && flags[status];
}

const char *gx_version(void) {
    return GX_VERSION_TEXT;
}

static void fill(gx_error *err, gx_status code, const char *at, const char *format, va_list list) {
    if (!err) {
        return;
    }
    /* The arguments may point into *err itself (a message that is wrapped in another). */
    gx_error made = {.code = code};
    snprintf(made.at, sizeof made.at, "%s", at);
    vsnprintf(made.message, sizeof made.message, format, list);
    *err = made;
}

gx_status gx_fail(gx_error *err, gx_status code, const char *format, ...) {
    va_list list;
    va_start(list, format);
    fill(err, code, "", format, list);
    va_end(list);
    return code;
}

gx_status gx_fail_at(gx_error *err, gx_status code, const char *at, const char *format, ...) {
    va_list list;
    va_start(list, format);
    fill(err, code, at, format, list);
    va_end(list);
    return code;
}

gx_status gx_fail_memory(gx_error *err, size_t bytes) {
    return gx_fail(err, GX_NO_MEMORY, "out of memory: %zu bytes were asked for", bytes);
}

gx_status gx_fail_errno(gx_error *err, int number, const char *what, const char *path) {
    if (number == ENOSPC || number == EDQUOT) {
        return gx_fail(err, GX_IO, "%s %s: the disk is full (%s)", what, path, strerror(number));
    }
    if (number == ENOMEM) {
        return gx_fail(err, GX_NO_MEMORY, "%s %s: %s", what, path, strerror(number));
    }
    if (number == ENOENT) {
        return gx_fail(err, GX_NOT_FOUND, "%s %s: there is no such file or directory", what, path);
    }
    return gx_fail(err, GX_IO, "%s %s: %s", what, path, strerror(number));
}
