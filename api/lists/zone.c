/* Time zones. A file of the tz database has the moments at which the offset changed, and behind
 * them, as text, the rule by which it goes on changing ("EST5EDT,M3.2.0,M11.1.0"). */
#include "api/lists/zone.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    NAME_MAX_BYTES = 64,
    ZONES_MAX = 1024,
    FILE_MAX = 1 << 17,
    CHANGES_MAX = 4096,
    DAY_S = 86400
};

/* The n-th (5: last) weekday of a month, at so many seconds of local time. */
typedef struct day_rule {
    int month, week, weekday;
    int32_t at_s;
} day_rule;

struct gx_zone {
    gx_zone *next;
    char name[NAME_MAX_BYTES];
    bool good, starved; /* starved: memory ended while it was read */
    uint32_t changes;
    int64_t *at_s;             /* rising */
    int32_t *offset;           /* from at_s[k] on */
    int32_t first;             /* before the first */
    bool has_rule, has_summer; /* behind the last */
    int32_t standard, summer;
    day_rule begin, end;
};

struct gx_zones {
    pthread_mutex_t mutex;
    gx_zone *first;
    uint32_t count;
    bool starved;
};

/* ---- fixed offsets -------------------------------------------------------------------------- */

static bool digit(char c) {
    return c >= '0' && c <= '9';
}

/* "Z", "UTC", "GMT", and "+8", "+08", "+0800", "+08:00", alone or after UTC or GMT. */
static bool read_fixed(int32_t *out, gx_slice text) {
    const char *s = text.data, *end = s + text.size;
    if (gx_slice_is(text, "Z")) {
        *out = 0;
        return true;
    }
    if (text.size >= 3 && (memcmp(s, "UTC", 3) == 0 || memcmp(s, "GMT", 3) == 0)) {
        s += 3;
    }
    if (s == end) {
        *out = 0;
        return text.size > 0;
    }
    const int sign = *s == '+' ? 1 : *s == '-' ? -1 : 0;
    int number[2] = {0, 0}, part = 0, digits = 0;
    for (s++; sign && s < end; s++) {
        if (*s == ':' && part == 0 && digits > 0) {
            part = 1;
            digits = 0;
        } else if (digit(*s) && digits < 2) {
            number[part] = number[part] * 10 + (*s - '0');
            digits++;
        } else if (digit(*s) && part == 0) {
            part = 1;
            digits = 1;
            number[1] = *s - '0';
        } else {
            return false;
        }
    }
    if (!sign || digits == 0 || (part == 1 && digits != 2) || number[0] > 15 || number[1] > 59) {
        return false;
    }
    *out = sign * (number[0] * 3600 + number[1] * 60);
    return true;
}

/* ---- the rule behind the last change -------------------------------------------------------- */

static const char *skip_name(const char *s) {
    if (*s == '<') {
        s = strchr(s, '>');
        return s ? s + 1 : NULL;
    }
    const char *from = s;
    while ((*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z')) {
        s++;
    }
    return s - from >= 3 ? s : NULL;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static const char *read_hours(int32_t *out, const char *s) {
    const int sign = *s == '-' ? -1 : 1;
    int32_t parts[3] = {0};
    s += *s == '-' || *s == '+';
    for (int k = 0; k < 3; k++) {
        if (!digit(*s)) {
            return NULL;
        }
        for (int n = 0; n < 3 && digit(*s); n++) {
            parts[k] = parts[k] * 10 + (*s++ - '0');
        }
        if (*s != ':') {
            break;
        }
        s++;
    }
    *out = sign * (parts[0] * 3600 + parts[1] * 60 + parts[2]);
    return s;
}

/* ",Mm.w.d[/time]" */
static const char *read_day(day_rule *out, const char *s) {
    int used = 0;
    out->at_s = 2 * 3600;
    if (sscanf(s, ",M%d.%d.%d%n", &out->month, &out->week, &out->weekday, &used) != 3 ||
        used == 0 || out->month < 1 || out->month > 12 || out->week < 1 || out->week > 5 ||
        out->weekday < 0 || out->weekday > 6) {
        return NULL;
    }
    s += used;
    return *s == '/' ? read_hours(&out->at_s, s + 1) : s;
}

static bool read_rule(gx_zone *zone, const char *s) {
    int32_t west;
    s = skip_name(s);
    s = s ? read_hours(&west, s) : NULL;
    if (!s) {
        return false;
    }
    zone->standard = -west;
    zone->has_rule = true;
    if (!*s) {
        return true;
    }
    s = skip_name(s);
    zone->summer = zone->standard + 3600;
    if (s && *s && *s != ',') {
        s = read_hours(&west, s);
        zone->summer = -west;
    }
    s = s ? read_day(&zone->begin, s) : NULL;
    s = s ? read_day(&zone->end, s) : NULL;
    zone->has_summer = s && !*s;
    return zone->has_summer;
}

/* Days since 1970 of a date (Howard Hinnant, days_from_civil). */
static int64_t days_of(int64_t year, int month, int day) {
    year -= month <= 2;
    const int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t year_of(int64_t day) {
    day += 719468;
    const int64_t era = (day >= 0 ? day : day - 146096) / 146097, of_era = day - era * 146097;
    const int64_t of_year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int64_t in_year = of_era - (365 * of_year + of_year / 4 - of_year / 100);
    return of_year + era * 400 + ((5 * in_year + 2) / 153 >= 10);
}

/* Local seconds since 1970 at which the rule's day of the year comes. */
static int64_t moment_of(const day_rule *rule, int64_t year) {
    const int64_t first = days_of(year, rule->month, 1);
    const int64_t next =
        rule->month == 12 ? days_of(year + 1, 1, 1) : days_of(year, rule->month + 1, 1);
    const int weekday = (int)(((first + 4) % 7 + 7) % 7);
    int64_t day = first + (rule->weekday - weekday + 7) % 7 + 7 * (rule->week - 1);
    while (day >= next) {
        day -= 7;
    }
    return day * DAY_S + rule->at_s;
}

static int32_t by_rule(const gx_zone *zone, int64_t time_s) {
    if (!zone->has_summer) {
        return zone->standard;
    }
    const int64_t local = time_s + zone->standard;
    const int64_t year = year_of((local >= 0 ? local : local - DAY_S + 1) / DAY_S);
    const int64_t begin = moment_of(&zone->begin, year) - zone->standard;
    const int64_t end = moment_of(&zone->end, year) - zone->summer;
    const bool summer = begin < end ? time_s >= begin && time_s < end
                                    : time_s >= begin || time_s < end; /* of the south */
    return summer ? zone->summer : zone->standard;
}

/* ---- files ---------------------------------------------------------------------------------- */

static int64_t big_endian(const uint8_t *from, int bytes) {
    uint64_t value = from[0] & 0x80 ? UINT64_MAX : 0;
    for (int k = 0; k < bytes; k++) {
        value = value << 8 | from[k];
    }
    return (int64_t)value;
}

enum { HEAD = 44, TYPE = 6 }; /* bytes of a header, of a type of local time */
enum { IS_UTC, IS_STANDARD, LEAPS, TIMES, TYPES, CHARS, COUNTS }; /* in the order of a header */

/* Version 2 or later: a header and its data with 32-bit times, which is skipped, then both again
 * with 64-bit times. Where those data begin, and how much there is of each kind, all of which is in
 * the file. */
static bool read_heads(size_t *out_at, int64_t count[COUNTS], const uint8_t *bytes, size_t size) {
    size_t at = 0;
    for (int part = 0; part < 2; part++) {
        if (size - at < HEAD || memcmp(bytes + at, "TZif", 4) != 0 || bytes[at + 4] < '2') {
            return false;
        }
        for (int k = 0; k < COUNTS; k++) {
            count[k] = big_endian(bytes + at + 20 + 4 * k, 4);
            if (count[k] < 0 || count[k] > CHANGES_MAX) {
                return false;
            }
        }
        const size_t width = part ? 8 : 4;
        const size_t need = (size_t)count[TIMES] * (width + 1) + (size_t)count[TYPES] * TYPE +
                            (size_t)count[CHARS] + (size_t)count[LEAPS] * (width + 4) +
                            (size_t)count[IS_STANDARD] + (size_t)count[IS_UTC];
        if (size - at - HEAD < need || count[TYPES] == 0) {
            return false;
        }
        at += HEAD + (part ? 0 : need);
    }
    *out_at = at;
    return true;
}

/* The line behind the data; none is as good. */
static bool read_rule_line(gx_zone *zone, const uint8_t *from, size_t size) {
    const uint8_t *end = size > 1 && *from == '\n' ? memchr(from + 1, '\n', size - 1) : NULL;
    char text[128] = "";
    if (end && (size_t)(end - from) < sizeof text) {
        memcpy(text, from + 1, (size_t)(end - from) - 1);
    }
    return text[0] == '\0' || read_rule(zone, text);
}

static bool read_tzif(gx_zone *zone, const uint8_t *bytes, size_t size) {
    int64_t count[COUNTS] = {0};
    size_t at = 0;
    if (!read_heads(&at, count, bytes, size)) {
        return false;
    }
    const uint32_t changes = (uint32_t)count[TIMES];
    const uint8_t *type_of = bytes + at + (size_t)changes * 8, *types = type_of + changes;
    const uint8_t *rule = types + (size_t)count[TYPES] * TYPE + (size_t)count[CHARS] +
                          (size_t)count[LEAPS] * 12 + (size_t)count[IS_STANDARD] +
                          (size_t)count[IS_UTC];
    zone->at_s = gx_alloc((size_t)changes + 1, sizeof *zone->at_s);
    zone->offset = gx_alloc((size_t)changes + 1, sizeof *zone->offset);
    zone->starved = !zone->at_s || !zone->offset;
    if (zone->starved) {
        return false;
    }
    zone->first = (int32_t)big_endian(types, 4);
    for (uint32_t k = 0; k < changes; k++) {
        if (type_of[k] >= count[TYPES]) {
            return false;
        }
        zone->at_s[k] = big_endian(bytes + at + (size_t)k * 8, 8);
        zone->offset[k] = (int32_t)big_endian(types + (size_t)type_of[k] * TYPE, 4);
    }
    zone->changes = changes;
    return read_rule_line(zone, rule, size - (size_t)(rule - bytes));
}

/* A name of the database: letters, digits, _ - + and slashes between; nothing that leaves its
 * folder. */
static bool is_name(gx_slice name) {
    bool good = name.size > 0 && name.size < NAME_MAX_BYTES && name.data[0] != '/';
    for (size_t k = 0; good && k < name.size; k++) {
        const char c = name.data[k];
        good = digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               (c != '\0' && strchr("_-+/", c) != NULL);
    }
    return good;
}

static bool read_file(gx_zone *zone) {
    const char *folder = getenv("TZDIR");
    char path[1024];
    int size = snprintf(path, sizeof path, "%s/%s",
                        folder && *folder ? folder : "/usr/share/zoneinfo", zone->name);
    FILE *file = size > 0 && (size_t)size < sizeof path ? fopen(path, "rb") : NULL;
    uint8_t *bytes = file ? gx_alloc(FILE_MAX, 1) : NULL;
    zone->starved = file && !bytes;
    size_t got = bytes ? fread(bytes, 1, FILE_MAX, file) : 0;
    bool good = got > 0 && got < FILE_MAX && read_tzif(zone, bytes, got);
    if (file) {
        fclose(file);
    }
    gx_free(bytes);
    return good;
}

/* ---- finding -------------------------------------------------------------------------------- */

gx_status gx_zones_create(gx_zones **out, gx_error *err) {
    gx_zones *zones = gx_alloc0(1, sizeof *zones);
    if (!zones) {
        return gx_fail_memory(err, sizeof *zones);
    }
    pthread_mutex_init(&zones->mutex, NULL);
    *out = zones;
    return GX_OK;
}

static void zone_destroy(gx_zone *zone) {
    if (zone) {
        gx_free(zone->at_s);
        gx_free(zone->offset);
        gx_free(zone);
    }
}

void gx_zones_destroy(gx_zones *zones) {
    while (zones && zones->first) {
        gx_zone *zone = zones->first;
        zones->first = zone->next;
        zone_destroy(zone);
    }
    if (zones) {
        pthread_mutex_destroy(&zones->mutex);
    }
    gx_free(zones);
}

static gx_zone *zone_make(gx_slice name) {
    gx_zone *zone = gx_alloc0(1, sizeof *zone);
    if (!zone) {
        return NULL;
    }
    memcpy(zone->name, name.data, name.size);
    zone->good = read_fixed(&zone->first, name) || (is_name(name) && read_file(zone));
    return zone;
}

/* Names that are no zone are kept too: a shop may have them in a million records. */
const gx_zone *gx_zones_find(gx_zones *zones, gx_slice name) {
    gx_zone *zone = NULL;
    if (name.size == 0 || name.size >= NAME_MAX_BYTES || memchr(name.data, 0, name.size)) {
        return NULL;
    }
    pthread_mutex_lock(&zones->mutex);
    for (zone = zones->first; zone && !gx_slice_is(name, zone->name);) {
        zone = zone->next;
    }
    if (!zone && zones->count < ZONES_MAX) {
        zone = zone_make(name);
        if (!zone || zone->starved) {
            zones->starved = true;
            zone_destroy(zone);
            zone = NULL;
        } else {
            zone->next = zones->first;
            zones->first = zone;
            zones->count++;
        }
    }
    pthread_mutex_unlock(&zones->mutex);
    return zone && zone->good ? zone : NULL;
}

bool gx_zones_starved(gx_zones *zones) {
    pthread_mutex_lock(&zones->mutex);
    const bool starved = zones->starved;
    pthread_mutex_unlock(&zones->mutex);
    return starved;
}

int32_t gx_zone_offset_s(const gx_zone *zone, int64_t time_ms) {
    const int64_t time_s = time_ms >= 0 ? time_ms / 1000 : -((999 - time_ms) / 1000);
    uint32_t low = 0, high = zone->changes; /* changes before `low` are not after the moment */
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (zone->at_s[middle] <= time_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == zone->changes && zone->has_rule) {
        return by_rule(zone, time_s);
    }
    return low > 0 ? zone->offset[low - 1] : zone->first;
}
