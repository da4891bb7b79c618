/* `where`: a small expression over item attributes, checked before top-k.
 *
 *   expr    = and { "or" and } ;
 *   and     = not { "and" not } ;
 *   not     = [ "not" ] test ;
 *   test    = "(" expr ")"
 *           | field op literal
 *           | field [ "not" ] "in" "(" literal { "," literal } ")"
 *           | field "exists" ;
 *   op      = "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" ;
 *   literal = number | "text" | 'text' | true | false ; a text may end in "*": what begins with it
 *   field   = name | `any name` ;
 *
 * A field an item does not have makes its test false (also under !=): `exists` asks for it. A field
 * that holds a list (tags) passes where any entry does; != and `not in` are the opposite of = and
 * `in` on a field that is there, so a list passes them where no entry is equal. A text that reads
 * as a number is one to a number, of an item (CSV knows texts only) and of the expression. < and
 * its like take a number or a date in quotes, which stands for its Unix milliseconds; comparing
 * other texts with them is a bad_request. In a text \"
 * \' \\ and \* stand for themselves. Words of the language are read in any case; a field of such a
 * name goes between backquotes.
 *
 * `distance` and `hour` without backquotes are no fields but speak of the moment of the call, where
 * one was given (gx_where_at): the kilometres from the place of the call to the item, along a great
 * circle, none where the item has no place; and the hour of the call, the same for all items.
 */
#ifndef GX_MODELS_REC_WHERE_H
#define GX_MODELS_REC_WHERE_H

#include "graph/base/base.h"

#include <math.h>

/* A table of attributes by row: numbers as doubles (NaN: none), texts as words of the column's
 * dictionary, lists as runs of words. Grown and changed by its owner; read by any number of
 * evaluations while nobody changes it. */
typedef struct gx_columns gx_columns;

GX_MUST_CHECK gx_status gx_columns_create(gx_columns **out, gx_error *err);
void gx_columns_destroy(gx_columns *columns);
/* Replaces row `row` by the fields of a record; rows may be set in any order. Fields that are nil,
 * NaN, maps or empty lists are left out. On failure the row is as it was. over_limit: more than
 * 4,096 different fields. */
GX_MUST_CHECK gx_status gx_columns_set(gx_columns *columns, uint32_t row, const gx_value *fields,
                                       gx_error *err);
uint32_t gx_columns_rows(const gx_columns *columns);
/* The field as a value (text borrowed from the columns until they change; whole numbers as
 * integers); nil where there is none. */
gx_value gx_columns_get(const gx_columns *columns, gx_arena *arena, uint32_t row,
                        const char *field);

/* Whether any row has ever had the field. */
bool gx_columns_has(const gx_columns *columns, const char *field);
/* Names of fields, those first that rows had first: at most `room`, borrowed from the columns;
 * returns how many there are. */
uint32_t gx_columns_fields(gx_slice *out, uint32_t room, const gx_columns *columns);
/* Texts that some row has in the field, in the same manner. O(texts). */
uint32_t gx_columns_texts(gx_slice *out, uint32_t room, const gx_columns *columns,
                          const char *field);
/* Of these texts those that are `text` in another case of (ASCII) letters, or with `path` that have
 * it so before their end or a slash, cut there; not those that have it letter for letter. In the
 * same manner; a cut one may come more than once. O(texts). */
uint32_t gx_columns_alike(gx_slice *out, uint32_t room, const gx_columns *columns,
                          const char *field, gx_slice text, bool path);
/* Whether the field of the row is this text, or a list with it. */
bool gx_columns_is(const gx_columns *columns, uint32_t row, const char *field, gx_slice text);
/* pass[i] = 0 for the rows below `count` of which that is true. O(rows) where any is. */
void gx_columns_clear_text(uint8_t *pass, uint32_t count, const gx_columns *columns,
                           const char *field, gx_slice text);
/* The same of a path: a/b is a/b itself and what begins with a/b/. */
bool gx_columns_is_path(const gx_columns *columns, uint32_t row, const char *field, gx_slice path);
void gx_columns_clear_path(uint8_t *pass, uint32_t count, const gx_columns *columns,
                           const char *field, gx_slice path);
/* Whether the row has the field and it does not read as a number of at most `limit`: what cannot be
 * read counts as above every limit. */
bool gx_columns_above(const gx_columns *columns, uint32_t row, const char *field, double limit);
void gx_columns_clear_above(uint8_t *pass, uint32_t count, const gx_columns *columns,
                            const char *field, double limit);

/* When a row ends: `ends_at`, else `starts_at`, each also with attr_ before it, in ISO 8601 or Unix
 * time; GX_NO_END: neither is a time. */
#define GX_NO_END INT64_MIN
int64_t gx_columns_end(const gx_columns *columns, uint32_t row);
/* Whether it is of the kind event and has ended. */
bool gx_columns_is_over(const gx_columns *columns, uint32_t row, int64_t now_ms);
/* pass[i] = 0 for the rows below `count` of which that is true. O(events), and once for every row
 * near one that was set. */
GX_MUST_CHECK gx_status gx_columns_clear_over(uint8_t *pass, uint32_t count,
                                              const gx_columns *columns, int64_t now_ms,
                                              gx_error *err);

typedef struct gx_where gx_where;

/* bad_request with the position and what was expected; at most 4,096 bytes, 256 tests, depth 32.
 * Names are looked up at evaluation, so a field that no item has yet is no error here
 * (gx_where_fields tells them to who refuses it). Made in the arena. */
GX_MUST_CHECK gx_status gx_where_compile(gx_where **out, gx_arena *arena, gx_slice text,
                                         gx_error *err);
/* Where and when a list is asked for; NaN: not given. */
typedef struct gx_moment {
    double latitude, longitude; /* degrees, north and east */
    double hour;                /* 0 … 23 */
} gx_moment;

#define GX_MOMENT_NONE ((gx_moment){(double)NAN, (double)NAN, (double)NAN})

/* Of a place from -90 to 90 and -180 to 180, in kilometres, on a sphere (haversine; within .6% of
 * the distance on the ellipsoid). */
double gx_distance_km(double latitude, double longitude, double other_latitude,
                      double other_longitude);
/* Sets what `distance` and `hour` are. An item's place are its fields `lat` and `lon`, or
 * `attr_lat` and `attr_lon`. bad_request: the expression speaks of what the moment does not tell.
 * Before it, the two names are fields like others. */
GX_MUST_CHECK gx_status gx_where_at(gx_where *where, const gx_moment *moment, gx_error *err);
/* Fields whose values the expression compares, as often as it does: at most `room`, returns how
 * many (at most 256). Those of the moment (gx_where_at) are none, nor one that the expression asks
 * for by `exists`: it may be nobody's. */
uint32_t gx_where_fields(gx_slice *out, uint32_t room, const gx_where *where);
/* Whether any test of it is about the field, `exists` too. */
bool gx_where_names(const gx_where *where, gx_slice field);
/* Texts that a `=` or `in` looks for, each with its field, in the same manner. */
typedef struct gx_where_text {
    gx_slice field, text;
    bool prefix; /* of what begins with the text */
} gx_where_text;
uint32_t gx_where_texts(gx_where_text *out, uint32_t room, const gx_where *where);
/* pass[i] = 1 where row i passes, i < count. NULL passes every row; rows beyond the table are rows
 * without any field. */
GX_MUST_CHECK gx_status gx_where_eval(uint8_t *pass, const gx_where *where,
                                      const gx_columns *columns, uint32_t count, gx_error *err);
bool gx_where_row(const gx_where *where, const gx_columns *columns, uint32_t row);
/* The part of the expression that keeps the row out: the first failing member of the outermost
 * `and`s, as it was written. Empty where the row passes. */
gx_slice gx_where_failed(const gx_where *where, const gx_columns *columns, uint32_t row);

#endif
