/* CSV rows into a buffer, the buffer into a plain or gzip'ed file. */
#include "datasets/shop_csv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

enum { BUFFER_BYTES = 1 << 20, ROW_MAX = 4096, GZIP_LEVEL = 6, GZIP_FAST = 1 };
#define TEMP_SUFFIX ".tmp"

static void flush(gx__csv *csv) {
    const char *at = csv->buffer;
    size_t left = csv->size;
    csv->size = 0;
    while (left > 0 && csv->failed == 0) {
        ssize_t done =
            csv->gzip != NULL ? gzwrite(csv->gzip, at, (unsigned)left) : write(csv->fd, at, left);
        if (done <= 0) {
            if (done < 0 && errno == EINTR) {
                continue;
            }
            csv->failed = errno != 0 ? errno : EIO;
            return;
        }
        at += done;
        left -= (size_t)done;
    }
}

/* Takes over csv->fd, and closes it on a failure. */
static gx_status begin(gx__csv *csv, bool gzip, int level, gx_error *err) {
    csv->buffer = gx_alloc(BUFFER_BYTES + ROW_MAX, 1);
    char mode[] = {'w', 'b', (char)('0' + level), '\0'};
    csv->gzip = csv->buffer != NULL && gzip ? gzdopen(csv->fd, mode) : NULL;
    if (csv->buffer == NULL || (gzip && csv->gzip == NULL)) {
        close(csv->fd);
        gx_free(csv->buffer);
        return gx_fail_memory(err, BUFFER_BYTES + ROW_MAX);
    }
    return GX_OK;
}

gx_status gx__csv_open(gx__csv *out, const char *folder, const char *name, const char *header,
                       bool gzip, gx_error *err) {
    gx__csv csv = {.fd = -1, .separator = ','};
    int size = snprintf(csv.path, sizeof csv.path, "%s/%s%s", folder, name, gzip ? ".gz" : "");
    if (size < 0 || (size_t)size + sizeof TEMP_SUFFIX > sizeof csv.temp) {
        return gx_fail(err, GX_OVER_LIMIT, "the path %.60s… is too long", folder);
    }
    memcpy(csv.temp, csv.path, (size_t)size);
    memcpy(csv.temp + size, TEMP_SUFFIX, sizeof TEMP_SUFFIX);
    csv.fd = open(csv.temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (csv.fd < 0) {
        return gx_fail_errno(err, errno, "cannot create", csv.temp);
    }
    gx_status status = begin(&csv, gzip, GZIP_LEVEL, err);
    if (status != GX_OK) {
        unlink(csv.temp);
        return status;
    }
    *out = csv;
    gx__csv_more(out, header);
    gx__csv_more(out, "\n");
    return GX_OK;
}

gx_status gx__csv_open_fd(gx__csv *out, int fd, char separator, bool gzip, gx_error *err) {
    gx__csv csv = {.fd = dup(fd), .separator = separator};
    if (csv.fd < 0) {
        return gx_fail_errno(err, errno, "writing", "the output");
    }
    gx_status status = begin(&csv, gzip, GZIP_FAST, err);
    if (status == GX_OK) {
        *out = csv;
    }
    return status;
}

static void shut(gx__csv *csv) {
    errno = 0;
    int result = csv->gzip != NULL ? gzclose(csv->gzip) : close(csv->fd);
    if (result != 0 && csv->failed == 0) {
        csv->failed = errno != 0 ? errno : EIO;
    }
    csv->fd = -1;
    gx_free(csv->buffer);
    csv->buffer = NULL;
}

gx_status gx__csv_close(gx__csv *csv, gx_error *err) {
    errno = 0;
    flush(csv);
    shut(csv);
    bool named = csv->path[0] != '\0';
    if (named && csv->failed == 0 && rename(csv->temp, csv->path) != 0) {
        csv->failed = errno;
    }
    if (named && csv->failed != 0) {
        unlink(csv->temp);
    }
    if (!named && csv->failed == EPIPE) {
        return GX_OK; /* `| head` has read what it wanted */
    }
    if (csv->failed != 0) {
        return gx_fail_errno(err, csv->failed, "cannot write", named ? csv->path : "the output");
    }
    return GX_OK;
}

void gx__csv_abandon(gx__csv *csv) {
    if (csv->fd >= 0) {
        shut(csv);
        if (csv->path[0] != '\0') {
            unlink(csv->temp);
        }
    }
}

/* ---- cells ---------------------------------------------------------------------------------- */

static void put(gx__csv *csv, const char *bytes, size_t size) {
    if (csv->size + size > BUFFER_BYTES + ROW_MAX) {
        flush(csv);
    }
    memcpy(csv->buffer + csv->size, bytes, size);
    csv->size += size;
}

static void begin_cell(gx__csv *csv) {
    if (csv->row_begun) {
        put(csv, &csv->separator, 1);
    }
    csv->row_begun = true;
}

static void put_digits(gx__csv *csv, uint64_t value, unsigned at_least) {
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0 || sizeof digits - at < at_least);
    put(csv, digits + at, sizeof digits - at);
}

void gx__csv_more(gx__csv *csv, const char *plain) {
    put(csv, plain, strlen(plain));
}

void gx__csv_text(gx__csv *csv, const char *text) {
    begin_cell(csv);
    if (strpbrk(text, ",\"\r\n") == NULL) {
        gx__csv_more(csv, text);
        return;
    }
    put(csv, "\"", 1);
    for (const char *at = text; *at != '\0'; at++) {
        put(csv, *at == '"' ? "\"\"" : at, *at == '"' ? 2 : 1);
    }
    put(csv, "\"", 1);
}

void gx__csv_int(gx__csv *csv, int64_t value) {
    begin_cell(csv);
    if (value < 0) {
        put(csv, "-", 1);
    }
    put_digits(csv, value < 0 ? -(uint64_t)value : (uint64_t)value, 1);
}

void gx__csv_named(gx__csv *csv, const char *prefix, uint64_t number) {
    begin_cell(csv);
    gx__csv_more(csv, prefix);
    put_digits(csv, number, 1);
}

void gx__csv_fixed(gx__csv *csv, uint64_t value, unsigned decimals) {
    uint64_t scale = 1;
    for (unsigned i = 0; i < decimals; i++) {
        scale *= 10;
    }
    begin_cell(csv);
    put_digits(csv, value / scale, 1);
    put(csv, ".", 1);
    put_digits(csv, value % scale, decimals);
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar, counted in eras of 400 years that
 * begin on the first of March, so that the leap day comes last. */
static void put_date(gx__csv *csv, int64_t days) {
    int64_t z = days + 719468;
    int64_t era = z / 146097, day_of_era = z % 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    int64_t day = day_of_year - (153 * shifted + 2) / 5 + 1;
    int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    put_digits(csv, (uint64_t)(year_of_era + era * 400 + (month <= 2)), 4);
    put(csv, "-", 1);
    put_digits(csv, (uint64_t)month, 2);
    put(csv, "-", 1);
    put_digits(csv, (uint64_t)day, 2);
}

void gx__csv_date(gx__csv *csv, int64_t unix_s) {
    begin_cell(csv);
    put_date(csv, unix_s / 86400);
}

void gx__csv_time(gx__csv *csv, int64_t unix_s) {
    uint64_t in_day = (uint64_t)(unix_s % 86400);
    gx__csv_date(csv, unix_s);
    put(csv, "T", 1);
    put_digits(csv, in_day / 3600, 2);
    put(csv, ":", 1);
    put_digits(csv, in_day / 60 % 60, 2);
    put(csv, ":", 1);
    put_digits(csv, in_day % 60, 2);
    put(csv, "Z", 1);
}

void gx__csv_empty(gx__csv *csv) {
    begin_cell(csv);
}

void gx__csv_end(gx__csv *csv) {
    put(csv, "\n", 1);
    csv->row_begun = false;
    csv->rows++;
    if (csv->size >= BUFFER_BYTES) {
        flush(csv);
    }
}
