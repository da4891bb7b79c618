/* Exact parses of whole texts, independent of the locale. */
#include "graph/base/base.h"
#include "graph/base/float.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

bool gx_parse_int(gx_slice text, int64_t *out) {
    size_t i = 0;
    bool negative = text.size > 0 && text.data[0] == '-';
    if (text.size > 0 && (text.data[0] == '-' || text.data[0] == '+')) {
        i = 1;
    }
    if (i == text.size || text.size - i > 19) {
        return false;
    }
    uint64_t value = 0;
    for (; i < text.size; i++) {
        unsigned digit = (unsigned char)text.data[i] - (unsigned)'0';
        if (digit > 9) {
            return false;
        }
        value = value * 10 + digit; /* 19 digits fit */
    }
    if (value > (uint64_t)INT64_MAX + (negative ? 1 : 0)) {
        return false;
    }
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

bool gx_parse_answer(gx_slice text, bool *out) {
    static const char *const yes[] = {"yes", "true", "y", "t", "on", "1", "1.0", "是"};
    static const char *const no[] = {"no", "false", "n", "f", "off", "0", "0.0", "否"};
    text = gx_slice_trimmed(text);
    _Static_assert(GX_COUNT(yes) == GX_COUNT(no), "a no for every yes");
    for (size_t k = 0; k < GX_COUNT(yes); k++) {
        const bool is_yes =
            text.size == strlen(yes[k]) && strncasecmp(text.data, yes[k], text.size) == 0;
        if (is_yes ||
            (text.size == strlen(no[k]) && strncasecmp(text.data, no[k], text.size) == 0)) {
            *out = is_yes;
            return true;
        }
    }
    return false;
}

/* Up to 15 digits and a power of ten up to 22 are exact in double arithmetic (Clinger 1990); the
 * rest goes to strtod, which is only given a text already known to be a plain decimal. */
bool gx_parse_real(gx_slice text, double *out) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *s = text.data, *end = text.data + text.size;
    bool negative = false, seen = false;
    uint64_t digits = 0;
    int used = 0, scale = 0;
    if (s < end && (*s == '-' || *s == '+')) {
        negative = *s++ == '-';
    }
    for (bool point = false; s < end; s++) {
        if (*s == '.' && !point) {
            point = true;
            continue;
        }
        unsigned digit = (unsigned char)*s - (unsigned)'0';
        if (digit > 9) {
            break;
        }
        seen = true;
        if (used < 19) {
            digits = digits * 10 + digit;
            used += digits != 0;
            scale -= point;
        } else {
            used++;
        }
    }
    if (!seen) {
        return false;
    }
    if (s == end && used <= 15 && scale >= -22) {
        double value = (double)digits / powers[-scale];
        *out = negative ? -value : value;
        return true;
    }
    if (s < end) {
        if (*s != 'e' && *s != 'E') {
            return false;
        }
        s++;
        s += s < end && (*s == '-' || *s == '+');
        if (s == end) {
            return false;
        }
        for (; s < end; s++) {
            if (*s < '0' || *s > '9') {
                return false;
            }
        }
    }
    char copy[400];
    if (text.size >= sizeof copy) {
        return false;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    double value = strtod(copy, NULL);
    if (!isfinite(value)) {
        return false;
    }
    *out = value;
    return true;
}

typedef struct unit {
    const char *name;
    double factor;
} unit;

/* A non-negative number and one of the units; a bare number has the factor `bare`. */
static bool parse_with_unit(gx_slice text, const unit *units, size_t count, double bare,
                            double *out) {
    size_t digits = 0;
    while (digits < text.size &&
           ((text.data[digits] >= '0' && text.data[digits] <= '9') || text.data[digits] == '.')) {
        digits++;
    }
    double number, factor = bare;
    if (!gx_parse_real((gx_slice){text.data, digits}, &number)) {
        return false;
    }
    gx_slice rest = {text.data + digits, text.size - digits};
    if (rest.size) {
        size_t i = 0;
        while (i < count && !gx_slice_is(rest, units[i].name)) {
            i++;
        }
        if (i == count) {
            return false;
        }
        factor = units[i].factor;
    }
    *out = number * factor;
    return *out < 9e18;
}

bool gx_parse_bytes(gx_slice text, uint64_t *out) {
    static const unit units[] = {
        {"B", 1},
        {"K", 1024},
        {"KiB", 1024},
        {"kB", 1e3},
        {"M", 1048576.0},
        {"MiB", 1048576.0},
        {"MB", 1e6},
        {"G", 1073741824.0},
        {"GB", 1e9},
        {"GiB", 1073741824.0},
        {"T", 1099511627776.0},
        {"TiB", 1099511627776.0},
    };
    double bytes;
    if (!parse_with_unit(text, units, GX_COUNT(units), 1, &bytes)) {
        return false;
    }
    *out = (uint64_t)bytes;
    return true;
}

bool gx_parse_duration_ms(gx_slice text, int64_t *out) {
    static const unit units[] = {
        {"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"min", 6e4}, {"h", 36e5}, {"d", 864e5}, {"w", 6048e5},
    };
    double ms;
    if (!parse_with_unit(text, units, GX_COUNT(units), 1, &ms)) {
        return false;
    }
    *out = (int64_t)ms;
    return true;
}

/* ---- times ---------------------------------------------------------------------------- */

/* Days since 1970-01-01 of a proleptic Gregorian date (Hinnant, "days_from_civil"). */
static int64_t days_of(int64_t year, int64_t month, int64_t day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static bool digits_at(const char **s, const char *end, int count, int64_t *out) {
    if (end - *s < count) {
        return false;
    }
    int64_t value = 0;
    for (int i = 0; i < count; i++) {
        unsigned digit = (unsigned char)(*s)[i] - (unsigned)'0';
        if (digit > 9) {
            return false;
        }
        value = value * 10 + digit;
    }
    *s += count;
    *out = value;
    return true;
}

static bool byte_at(const char **s, const char *end, char byte) {
    if (*s < end && **s == byte) {
        (*s)++;
        return true;
    }
    return false;
}

static bool parse_zone(const char **s, const char *end, int64_t *out_ms) {
    *out_ms = 0;
    if (*s == end || byte_at(s, end, 'Z') || byte_at(s, end, 'z')) {
        return *s == end;
    }
    bool west = **s == '-';
    if (!west && **s != '+') {
        return false;
    }
    (*s)++;
    int64_t hours, minutes = 0;
    if (!digits_at(s, end, 2, &hours)) {
        return false;
    }
    if (*s < end) {
        byte_at(s, end, ':');
        if (!digits_at(s, end, 2, &minutes)) {
            return false;
        }
    }
    *out_ms = (hours * 60 + minutes) * 60000 * (west ? -1 : 1);
    return *s == end && hours <= 14 && minutes < 60;
}

static bool parse_clock(const char **s, const char *end, int64_t *out_ms) {
    int64_t hour, minute, second = 0, ms = 0;
    if (!digits_at(s, end, 2, &hour) || !byte_at(s, end, ':') || !digits_at(s, end, 2, &minute)) {
        return false;
    }
    if (byte_at(s, end, ':')) {
        if (!digits_at(s, end, 2, &second)) {
            return false;
        }
        if (byte_at(s, end, '.') || byte_at(s, end, ',')) {
            int64_t weight = 100;
            if (*s == end || **s < '0' || **s > '9') {
                return false;
            }
            for (; *s < end && **s >= '0' && **s <= '9'; (*s)++, weight /= 10) {
                ms += (**s - '0') * weight;
            }
        }
    }
    if (hour > 23 || minute > 59 || second > 60) {
        return false;
    }
    *out_ms = ((hour * 60 + minute) * 60 + second) * 1000 + ms;
    return true;
}

static bool parse_iso(gx_slice text, int64_t *out) {
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const char *s = text.data, *end = text.data + text.size;
    int64_t year, month, day, clock = 0, zone = 0;
    if (!digits_at(&s, end, 4, &year) || !byte_at(&s, end, '-') || !digits_at(&s, end, 2, &month) ||
        !byte_at(&s, end, '-') || !digits_at(&s, end, 2, &day) || month < 1 || month > 12) {
        return false;
    }
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day < 1 || day > lengths[month - 1] + (month == 2 && leap)) {
        return false;
    }
    if (s < end) {
        if (*s != 'T' && *s != 't' && *s != ' ') {
            return false;
        }
        s++;
        if (!parse_clock(&s, end, &clock) || !parse_zone(&s, end, &zone)) {
            return false;
        }
    }
    *out = days_of(year, month, day) * 86400000 + clock - zone;
    return true;
}

bool gx_parse_time_ms(gx_slice text, int64_t *out) {
    int64_t number;
    double real;
    if (text.size >= 10 && text.data[4] == '-') {
        return parse_iso(text, out);
    }
    if (gx_parse_int(text, &number)) {
        if (number > 100000000000000 || number < -100000000000000) {
            return false; /* beyond the year 5138: microseconds, or not a time */
        }
        bool seconds = number < 100000000000 && number > -100000000000;
        *out = seconds ? number * 1000 : number;
        return true;
    }
    if (gx_parse_real(text, &real) && fabs(real) < 1e11) { /* seconds with a fraction */
        *out = (int64_t)llround(real * 1000);
        return true;
    }
    return false;
}

const char *gx_format_time_ms(char *out, int64_t time_ms) {
    int64_t days = time_ms / 86400000, rest = time_ms % 86400000;
    if (rest < 0) {
        rest += 86400000;
        days--;
    }
    /* The inverse of days_of (Hinnant, "civil_from_days"). */
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2);
    int written = snprintf(out, 32, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lld", (long long)year,
                           (long long)month, (long long)(day_of_year - (153 * shifted + 2) / 5 + 1),
                           (long long)(rest / 3600000), (long long)(rest / 60000 % 60),
                           (long long)(rest / 1000 % 60));
    if (written > 0 && written < 27) {
        if (rest % 1000) {
            snprintf(out + written, 32 - (size_t)written, ".%03lldZ", (long long)(rest % 1000));
        } else {
            snprintf(out + written, 32 - (size_t)written, "Z");
        }
    }
    return out;
}

double gx_float_as_given(float value) {
    char text[32];
    if (!isfinite(value) || truncf(value) == value) {
        return (double)value;
    }
    for (int digits = 1; digits <= 9; digits++) { /* 9 tell any two floats apart */
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        float back = strtof(text, NULL);
        if (memcmp(&back, &value, sizeof back) == 0) {
            break;
        }
    }
    return strtod(text, NULL);
}
