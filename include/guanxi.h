/* guanxi (关系): social-graph recommendation and opinion-leader engine for community shops.
 *
 * This is the only installed header. The library has one door: a store is opened as a `gx_db`,
 * and every question is a method of one table, called with a map of named arguments and answered
 * with a map (`gx_call`). The same table serves the command line and the RPC socket; the list of
 * methods with their parameters is what `gx_call(db, "sys.describe", …)` returns.
 *
 * Conventions: outputs come first and are untouched on failure; every function that can fail
 * returns a gx_status and takes an optional gx_error; destructors accept NULL; text is UTF-8 with
 * an explicit length and need not be NUL-terminated. A gx_db may be used by many threads at once.
 */
#ifndef GUANXI_H
#define GUANXI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GX_VERSION_MAJOR 0
#define GX_VERSION_MINOR 1
#define GX_VERSION_PATCH 0

#if defined(__GNUC__)
#define GX_API __attribute__((visibility("default")))
#define GX_MUST_CHECK __attribute__((warn_unused_result))
#define GX_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define GX_API
#define GX_MUST_CHECK
#define GX_PRINTF(f, a)
#endif

/* ---- status ------------------------------------------------------------------------------ */

/* X(NAME, name on the wire, exit code of the program, retryable, text). The numbers are the order
 * of the rows and are part of the ABI: add at the end. */
#define GX_STATUS_MAP(X)                                                                           \
    X(OK, "ok", 0, false, "success")                                                               \
    X(BAD_REQUEST, "bad_request", 2, false, "an argument is missing, of the wrong type or range")  \
    X(NOT_FOUND, "not_found", 4, false, "nothing by that name or id")                              \
    X(CONFLICT, "conflict", 1, false, "what is there does not allow it")                           \
    X(BUSY, "busy", 5, true, "somebody else holds it, or the server is full; try again")           \
    X(DEADLINE, "deadline", 6, true, "the deadline passed, or would pass")                         \
    X(CANCELLED, "cancelled", 6, false, "cancelled on request")                                    \
    X(OVER_LIMIT, "over_limit", 7, false, "a limit would be passed")                               \
    X(UNAUTHENTICATED, "unauthenticated", 9, false, "no valid token was given")                    \
    X(FORBIDDEN, "forbidden", 9, false, "the token does not allow it")                             \
    X(INTERNAL, "internal", 1, false, "a fault of guanxi")                                         \
    X(IO, "io", 1, true, "a file or the disk failed")                                              \
    X(NO_MEMORY, "no_memory", 1, true, "out of memory")                                            \
    X(CORRUPT, "corrupt", 1, false, "a file is damaged")                                           \
    X(REJECTED, "rejected", 3, false, "some rows were rejected")                                   \
    X(UNREACHABLE, "unreachable", 8, true, "no server answers there")                              \
    X(INTERRUPTED, "interrupted", 130, false, "interrupted; the store is intact")

typedef enum gx_status {
#define X(name, wire, exit, retryable, text) GX_##name,
    GX_STATUS_MAP(X)
#undef X
        GX_STATUS_COUNT
} gx_status;

/* What went wrong, in the caller's storage. The message names the argument, what was given and
 * what is accepted; `at` names the place (an argument, a file and line), may be empty. */
typedef struct gx_error {
    gx_status code;
    char at[120];
    char message[520];
} gx_error;

GX_API const char *gx_status_name(gx_status status); /* "not_found" */
GX_API const char *gx_status_text(gx_status status); /* one sentence */
GX_API int gx_status_exit_code(gx_status status);    /* of the program */
GX_API bool gx_status_is_retryable(gx_status status);
GX_API const char *gx_version(void); /* "0.1.0" */

/* ---- values: the arguments and results of every method ------------------------------------- */

/* An arena owns everything that was made in it; it is dropped whole. When memory ends, the arena
 * remembers (gx_arena_status), and what is added from then on is dropped. Not thread-safe. */
typedef struct gx_arena gx_arena;

GX_API gx_arena *gx_arena_create(void); /* NULL when out of memory */
GX_API void gx_arena_destroy(gx_arena *arena);
GX_API gx_status gx_arena_status(const gx_arena *arena); /* GX_OK or GX_NO_MEMORY */

typedef enum gx_type { GX_NIL, GX_BOOL, GX_INT, GX_REAL, GX_TEXT, GX_LIST, GX_MAP } gx_type;

typedef struct gx_pair gx_pair;

/* A tree of values; plain data, copied freely: lists, maps and text are borrowed from the arena
 * (or the caller) they were made in. */
typedef struct gx_value {
    gx_type type;
    uint32_t size;     /* bytes of a text, entries of a list or map */
    uint32_t capacity; /* entries a list or map has room for */
    union {
        bool boolean;
        int64_t integer;
        double real;
        const char *text;
        struct gx_value *items;
        gx_pair *pairs;
    } as;
} gx_value;

struct gx_pair {
    gx_value key; /* always GX_TEXT */
    gx_value value;
};

GX_API gx_value gx_nil(void);
GX_API gx_value gx_bool(bool value);
GX_API gx_value gx_int(int64_t value);
GX_API gx_value gx_real(double value);
GX_API gx_value gx_text(const char *data, size_t size); /* borrows data */
GX_API gx_value gx_str(const char *text);               /* borrows a C string */
GX_API gx_value gx_text_copy(gx_arena *arena, const char *data, size_t size);
GX_API gx_value gx_list(gx_arena *arena, uint32_t capacity);
GX_API gx_value gx_map(gx_arena *arena, uint32_t capacity);
GX_API void gx_list_add(gx_arena *arena, gx_value *list, gx_value value);
/* Replaces the value where the key is there already. `key` is a C string and is borrowed. */
GX_API void gx_map_put(gx_arena *arena, gx_value *map, const char *key, gx_value value);
/* NULL where the map has no such key, or is not a map. */
GX_API const gx_value *gx_map_get(const gx_value *map, const char *key);
GX_API bool gx_value_equal(const gx_value *a, const gx_value *b);

/* ---- a store, and what can be asked of it --------------------------------------------------- */

typedef struct gx_db gx_db;

typedef struct gx_db_options {
    bool read_only;     /* never takes the writer's lock */
    bool create;        /* make an empty store where there is none */
    int threads;        /* 0: one a processor */
    uint64_t mem_bytes; /* cap of one heavy call, 0: none */
    uint64_t seed;      /* of every random stream, default 1 */
    void (*log)(void *user, int level,
                const char *line); /* NULL: silent; level 0 error … 3 debug */
    void *log_user;
} gx_db_options;

/* Opens the store in the directory `path`. `options` may be NULL. Errors: not_found, busy (another
 * process writes), corrupt, io. */
GX_API GX_MUST_CHECK gx_status gx_db_open(gx_db **out, const char *path,
                                          const gx_db_options *options, gx_error *err);
GX_API void gx_db_close(gx_db *db);

/* Calls `method` ("rec.user") with the map `args` (NULL: none). The result is made in `arena` and
 * lives as long as it does. */
GX_API GX_MUST_CHECK gx_status gx_call(gx_value *out, gx_db *db, const char *method,
                                       const gx_value *args, gx_arena *arena, gx_error *err);

#ifdef __cplusplus
}
#endif

#endif
