/* What every room may use: errors, checked memory, arenas, text, hashes, random streams. */
#ifndef GX_BASE_BASE_H
#define GX_BASE_BASE_H

#include <guanxi.h>

#include <stdarg.h>
#include <string.h>

#define GX_NONE UINT32_MAX /* no node, no id */
#define GX_CACHE_LINE 64
#define GX_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define GX_ID_BYTES_MAX 255 /* of an external id */

/* ---- errors ---------------------------------------------------------------------------- */

/* Fills *err (which may be NULL) and returns `code`, so that `return gx_fail(err, …)` reads well.
 */
GX_MUST_CHECK gx_status gx_fail(gx_error *err, gx_status code, const char *format, ...)
    GX_PRINTF(3, 4);
/* The same with the place it happened: an argument's name, a file and line. */
GX_MUST_CHECK gx_status gx_fail_at(gx_error *err, gx_status code, const char *at,
                                   const char *format, ...) GX_PRINTF(4, 5);
GX_MUST_CHECK gx_status gx_fail_memory(gx_error *err, size_t bytes);
/* GX_IO with strerror(number); ENOSPC and EDQUOT say that the disk is full. */
GX_MUST_CHECK gx_status gx_fail_errno(gx_error *err, int number, const char *what,
                                      const char *path);

#ifdef __clang_analyzer__
/* The analyser does not see into error.c: tell it that a failure is never GX_OK. */
#define gx_fail(err, ...) gx__failed((gx_fail)(err, __VA_ARGS__))
#define gx_fail_at(err, ...) gx__failed((gx_fail_at)(err, __VA_ARGS__))
#define gx_fail_memory(err, bytes) gx__failed((gx_fail_memory)(err, bytes))
#define gx_fail_errno(err, ...) gx__failed((gx_fail_errno)(err, __VA_ARGS__))
static inline gx_status gx__failed(gx_status status) {
    return status == GX_OK ? GX_INTERNAL : status;
}
#endif

#define GX_TRY(call)                                                                               \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status != GX_OK) {                                                                     \
            goto done;                                                                             \
        }                                                                                          \
    } while (0)

/* ---- memory ---------------------------------------------------------------------------- */

/* All memory of guanxi goes through these four, so that a test can make the k-th request fail and
 * count what was not given back. Blocks are 64-byte aligned; sizes are overflow-checked. */
void *gx_alloc(size_t count,
               size_t size); /* not cleared; NULL when out of memory or count*size overflows */
void *gx_alloc0(size_t count, size_t size);               /* cleared */
void *gx_realloc(void *block, size_t count, size_t size); /* the old block lives on when NULL */
void gx_free(void *block);
char *gx_strdup(const char *text);
size_t gx_alloc_size(const void *block); /* bytes asked for; 0 for NULL */
/* For an array that is about to be written whole and read here and there: its whole 2 MB pages are
 * asked to be pages of the machine, so that far fewer translations of addresses are missing. Only a
 * hint; memory written before stays as it is. */
void gx_wide_pages(void *at, size_t bytes);

/* Test hook: the k-th allocation from now on fails (1: the next), 0: never. Process-wide. */
void gx_alloc_fail_at(uint64_t k);
uint64_t gx_alloc_live_blocks(void);
uint64_t gx_alloc_live_bytes(void);

bool gx_mul_overflows(size_t a, size_t b);
/* The product of two uint64_t, whole. */
__extension__ typedef unsigned __int128 gx__wide;

/* ---- arena (public type, internal calls) ---------------------------------------------------- */

void *gx_arena_get(gx_arena *arena, size_t bytes); /* 16-byte aligned; NULL once memory ended */
void gx_arena_reset(gx_arena *arena);              /* keeps one block; what was made is gone */
size_t gx_arena_bytes(const gx_arena *arena);
char *gx_arena_printf(gx_arena *arena, const char *format, ...) GX_PRINTF(2, 3);

/* ---- values (public type, internal calls) -------------------------------------------------------
 */

/* gx_map_put with a key that is not a C string. */
void gx_map_put_text(gx_arena *arena, gx_value *map, gx_value key, gx_value value);
/* Adds without looking for the key: the caller knows that it is new. */
void gx_map_add(gx_arena *arena, gx_value *map, gx_value key, gx_value value);
/* Of a list of texts each once, at its first place; in the arena. NIL: there is no memory. */
gx_value gx_list_each_once(gx_arena *arena, const gx_value *texts);
gx_value gx_value_copy(gx_arena *arena, const gx_value *value); /* deep, text too */
bool gx_value_as_real(const gx_value *value, double *out);      /* of GX_INT or GX_REAL */
/* A finite number, also as a text that reads as one; false for NULL. */
bool gx_value_as_number(const gx_value *value, double *out);
/* The number under key; 0 where map is NULL or has none. */
double gx_map_real(const gx_value *map, const char *key);
const char *gx_type_name(gx_type type);

/* ---- text ---------------------------------------------------------------------------- */

typedef struct gx_slice {
    const char *data;
    size_t size;
} gx_slice;

gx_slice gx_slice_of(const char *text);
bool gx_slice_is(gx_slice slice, const char *text);
bool gx_slice_equal(gx_slice a, gx_slice b);
/* By bytes, as qsort wants it; what begins another comes first. */
int gx_slice_order(gx_slice a, gx_slice b);
gx_slice gx_slice_trimmed(gx_slice text); /* without blanks and tabs around it */
/* Without the byte order mark of UTF-8 that some editors put before a file. */
gx_slice gx_slice_unmarked(gx_slice text);
bool gx_utf8_is_valid(const char *data, size_t size);
/* A value as somebody would have written it, text in quotes; "a map", "a list of 3" where that is
 * long, "nil" for NULL: for messages. Returns `out`. */
const char *gx_value_shown(char *out, size_t out_size, const gx_value *value);
/* A printable, quoted, shortened copy for messages: control bytes and bad UTF-8 as \xNN. */
const char *gx_quote(char *out, size_t out_size, const char *data, size_t size);
/* "700 bytes", "31.2 KiB", "1.5 MiB": for messages. Returns `out`. */
#define GX_BYTES_TEXT 32
const char *gx_bytes_text(char out[GX_BYTES_TEXT], uint64_t bytes);
/* What goes with a count: "%u item%s" with gx_plural(n, "", "s"), or "%u %s" with "is" and "are".
 */
const char *gx_plural(uint64_t count, const char *one, const char *more);
/* Edit distance 2 or less: for "did you mean". NULL when nothing is near. */
const char *gx_nearest(const char *given, const char *const *names, size_t count);

/* Exact, whole-text parses: no leading or trailing blanks, no locale. */
bool gx_parse_int(gx_slice text, int64_t *out);
bool gx_parse_real(gx_slice text, double *out); /* refuses NaN, infinity, hex */
/* Yes or no as people and tables write it, in any case and with blanks around it: yes, true, y, t,
 * on, 1, 1.0, 是; no, false, n, f, off, 0, 0.0, 否. False: it says neither. */
bool gx_parse_answer(gx_slice text, bool *out);
bool gx_parse_bytes(gx_slice text, uint64_t *out);      /* 512M, 2GiB, 1000 */
bool gx_parse_duration_ms(gx_slice text, int64_t *out); /* 250ms, 30s, 5m, 2h, 7d */
/* ISO 8601 (date, date-time, Z or offset) or Unix seconds or milliseconds, told apart by
 * magnitude (below 1e11: seconds). Result: Unix milliseconds. */
bool gx_parse_time_ms(gx_slice text, int64_t *out);
/* "2026-11-23T18:59:00Z" (and .123 where there are milliseconds); out holds at least 32 bytes. */
const char *gx_format_time_ms(char *out, int64_t time_ms);

/* ---- clock: for jobs, deadlines and the server; never for an algorithm -------------------------
 */

int64_t gx_clock_ns(void);        /* monotonic */
int64_t gx_clock_cpu_ns(void);    /* of the process */
int64_t gx_clock_thread_ns(void); /* of the calling thread: nothing that others of it do */
int64_t gx_time_ms(void);         /* Unix, milliseconds */
uint64_t gx_rss_peak_bytes(void);

/* ---- folders for a moment ----------------------------------------------------------------- */

enum { GX_FOLDER_MAX = 1024 };

/* A fresh folder below TMPDIR (or /tmp); its path into `out`. */
GX_MUST_CHECK gx_status gx_folder_make(char *out, size_t out_size, gx_error *err);
void gx_folder_remove(const char *path); /* with all that is in it */

/* ---- random streams ---------------------------------------------------------------------------
 */

/* A stream is named by (seed, item), never by thread, so that results do not depend on how the
 * work was shared out. xoshiro256** seeded by splitmix64 (Blackman and Vigna 2018). */
typedef struct gx_rng {
    uint64_t s[4];
} gx_rng;

uint64_t gx_mix64(uint64_t x); /* splitmix64's finaliser */
gx_rng gx_rng_at(uint64_t seed, uint64_t item);
uint64_t gx_rng_next(gx_rng *rng);
double gx_rng_real(gx_rng *rng);                    /* [0, 1) */
uint64_t gx_rng_below(gx_rng *rng, uint64_t bound); /* [0, bound), unbiased (Lemire 2019) */
double gx_rng_normal(gx_rng *rng);

#endif
