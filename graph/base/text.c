/* Text: slices, UTF-8, quoting for messages, near names. */
#include "graph/base/base.h"

#include <stdio.h>

gx_slice gx_slice_of(const char *text) {
    return (gx_slice){text, strlen(text)};
}

gx_slice gx_slice_unmarked(gx_slice text) {
    static const char mark[] = {'\xEF', '\xBB', '\xBF'};
    const bool marked = text.size >= sizeof mark && memcmp(text.data, mark, sizeof mark) == 0;
    return marked ? (gx_slice){text.data + sizeof mark, text.size - sizeof mark} : text;
}

gx_slice gx_slice_trimmed(gx_slice text) {
    while (text.size && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.size--;
    }
    while (text.size && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) {
        text.size--;
    }
    return text;
}

bool gx_slice_equal(gx_slice a, gx_slice b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

int gx_slice_order(gx_slice a, gx_slice b) {
    const size_t least = a.size < b.size ? a.size : b.size;
    const int order = least ? memcmp(a.data, b.data, least) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

bool gx_slice_is(gx_slice slice, const char *text) {
    return gx_slice_equal(slice, gx_slice_of(text));
}

/* Length of the well-formed sequence at `s` (RFC 3629: no overlong forms, no surrogates), or 0. */
static size_t utf8_length(const unsigned char *s, size_t size) {
    static const struct {
        unsigned char first_low, first_high, second_low, second_high, length;
    } rows[] = {
        {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
        {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
        {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    if (s[0] < 0x80) {
        return 1;
    }
    for (size_t r = 0; r < GX_COUNT(rows); r++) {
        if (s[0] < rows[r].first_low || s[0] > rows[r].first_high) {
            continue;
        }
        if (size < rows[r].length || s[1] < rows[r].second_low || s[1] > rows[r].second_high) {
            return 0;
        }
        for (size_t i = 2; i < rows[r].length; i++) {
            if ((s[i] & 0xC0) != 0x80) {
                return 0;
            }
        }
        return rows[r].length;
    }
    return 0;
}

bool gx_utf8_is_valid(const char *data, size_t size) {
    size_t i = 0;
    while (i < size) {
        /* Eight ASCII bytes at a time: nearly all ids are. */
        uint64_t word;
        while (i + 8 <= size && (memcpy(&word, data + i, 8), (word & 0x8080808080808080u) == 0)) {
            i += 8;
        }
        if (i >= size) {
            break;
        }
        size_t length = utf8_length((const unsigned char *)data + i, size - i);
        if (length == 0) {
            return false;
        }
        i += length;
    }
    return true;
}

const char *gx_quote(char *out, size_t out_size, const char *data, size_t size) {
    size_t at = 0, i = 0;
    bool cut = false;
    if (out_size < 12) {
        if (out_size) {
            out[0] = '\0';
        }
        return out;
    }
    out[at++] = '\'';
    while (i < size) {
        const unsigned char *s = (const unsigned char *)data + i;
        size_t length = utf8_length(s, size - i);
        bool plain = length > 0 && s[0] >= 0x20 && s[0] != 0x7f;
        size_t need = plain ? length : 4;
        if (at + need + 6 > out_size) {
            cut = true;
            break;
        }
        if (plain) {
            memcpy(out + at, s, length);
            i += length;
        } else {
            snprintf(out + at, 5, "\\x%02X", s[0]);
            i++;
        }
        at += need;
    }
    snprintf(out + at, out_size - at, cut ? "…'" : "'");
    return out;
}

/* Levenshtein distance over two rows; names are short. */
static size_t edit_distance(const char *a, const char *b) {
    enum { LONGEST = 48 };
    size_t n = strlen(a), m = strlen(b);
    if (n > LONGEST || m > LONGEST) {
        return LONGEST;
    }
    size_t row[LONGEST + 1];
    for (size_t j = 0; j <= m; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            best = best < row[j] + 1 ? best : row[j] + 1;
            best = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[m];
}

const char *gx_nearest(const char *given, const char *const *names, size_t count) {
    const char *best = NULL;
    size_t best_distance = strlen(given) < 4 ? 2 : 3;
    for (size_t i = 0; i < count; i++) {
        size_t distance = edit_distance(given, names[i]);
        if (distance < best_distance) {
            best_distance = distance;
            best = names[i];
        }
    }
    return best;
}

const char *gx_plural(uint64_t count, const char *one, const char *more) {
    return count == 1 ? one : more;
}

const char *gx_bytes_text(char out[GX_BYTES_TEXT], uint64_t bytes) {
    if (bytes < 1024) {
        snprintf(out, GX_BYTES_TEXT, "%u byte%s", (unsigned)bytes, gx_plural(bytes, "", "s"));
    } else if (bytes < 1048576) {
        snprintf(out, GX_BYTES_TEXT, "%.1f KiB", (double)bytes / 1024.0);
    } else {
        snprintf(out, GX_BYTES_TEXT, "%.1f MiB", (double)bytes / 1048576.0);
    }
    return out;
}

const char *gx_value_shown(char *out, size_t out_size, const gx_value *value) {
    switch (value ? value->type : GX_NIL) {
    case GX_NIL:
        snprintf(out, out_size, "nil");
        break;
    case GX_BOOL:
        snprintf(out, out_size, "%s", value->as.boolean ? "true" : "false");
        break;
    case GX_INT:
        snprintf(out, out_size, "%lld", (long long)value->as.integer);
        break;
    case GX_REAL:
        snprintf(out, out_size, "%.15g", value->as.real);
        break;
    case GX_TEXT:
        return gx_quote(out, out_size, value->as.text, value->size);
    case GX_LIST:
        snprintf(out, out_size, "a list of %u", (unsigned)value->size);
        break;
    default:
        snprintf(out, out_size, "a %s", gx_type_name(value->type));
    }
    return out;
}
