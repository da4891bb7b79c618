/* Inside the room only: a CSV file written fast. What fails is remembered and reported by close, so
 * that a row is written without a check at every cell. The file appears under its name when it is
 * closed well, and not at all otherwise. */
#ifndef GX_DATASETS_SHOP_CSV_H
#define GX_DATASETS_SHOP_CSV_H

#include "graph/base/base.h"

#include <limits.h>

typedef struct gx__csv {
    char path[PATH_MAX], temp[PATH_MAX];
    int fd;     /* -1: closed */
    void *gzip; /* gzFile, NULL: plain */
    char separator;
    char *buffer;
    size_t size;
    bool row_begun;
    int failed; /* errno of the first failure */
    uint64_t rows;
} gx__csv;

/* `header` without line break. `gzip` adds ".gz" to the name. */
GX_MUST_CHECK gx_status gx__csv_open(gx__csv *out, const char *folder, const char *name,
                                     const char *header, bool gzip, gx_error *err);
/* To an open file, which is not closed: no header, cells with `separator` between. */
GX_MUST_CHECK gx_status gx__csv_open_fd(gx__csv *out, int fd, char separator, bool gzip,
                                        gx_error *err);
GX_MUST_CHECK gx_status gx__csv_close(gx__csv *csv, gx_error *err);
void gx__csv_abandon(gx__csv *csv); /* after a close: does nothing */

/* Each begins the next cell. */
void gx__csv_text(gx__csv *csv, const char *text); /* quoted where it must be */
void gx__csv_int(gx__csv *csv, int64_t value);
void gx__csv_named(gx__csv *csv, const char *prefix, uint64_t number); /* "u17" */
void gx__csv_fixed(gx__csv *csv, uint64_t value, unsigned decimals);   /* 1234, 2: "12.34" */
void gx__csv_time(gx__csv *csv, int64_t unix_s);                       /* "2026-03-04T05:06:07Z" */
void gx__csv_date(gx__csv *csv, int64_t unix_s);
void gx__csv_empty(gx__csv *csv);
/* Goes on in the same cell. */
void gx__csv_more(gx__csv *csv, const char *plain);
void gx__csv_end(gx__csv *csv);

#endif
