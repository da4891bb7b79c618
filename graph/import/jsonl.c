/* JSONL: one JSON object a line. The keys are the columns, in the order they are first met; a row
 * need not have them all.
 *
 * Only the outermost object is taken apart here: texts, numbers and booleans become cells as they
 * stand, and a nested list or map stays one cell of its source text, for whoever wants it
 * (gx_json_read). That is all the grammar an import row needs, in one pass and without a tree.
 */
#include "graph/import/reader.h"

typedef struct scanner {
    gx__reader *reader;
    const char *at, *end;
    gx__reason reason;
    gx_slice value;
} scanner;

static bool broken(scanner *s, gx__reason reason, const char *from) {
    s->reason = reason;
    s->value = (gx_slice){from, (size_t)(s->end - from)};
    return false;
}

static void skip_blanks(scanner *s) {
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\r')) {
        s->at++;
    }
}

static bool take(scanner *s, char byte) {
    skip_blanks(s);
    if (s->at < s->end && *s->at == byte) {
        s->at++;
        return true;
    }
    return false;
}

/* ---- texts ------------------------------------------------------------------------------ */

static bool hex4(const char *at, const char *end, uint32_t *out) {
    uint32_t value = 0;
    if (end - at < 4) {
        return false;
    }
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)at[i], lower = c | 0x20;
        if (c >= '0' && c <= '9') {
            value = value * 16 + c - '0';
        } else if (lower >= 'a' && lower <= 'f') {
            value = value * 16 + lower - 'a' + 10;
        } else {
            return false;
        }
    }
    *out = value;
    return true;
}

static char *put_utf8(char *out, uint32_t code) {
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xC0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *out++ = (char)(0xE0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    } else {
        *out++ = (char)(0xF0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3F));
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    }
    return out;
}

/* \uXXXX with `*at` behind the u; two of them where the first is a high surrogate. */
static char *unescape_code(char *out, const char **at, const char *end) {
    uint32_t code, low;
    if (!hex4(*at, end, &code)) {
        return NULL;
    }
    *at += 4;
    if (code >= 0xD800 && code < 0xDC00) {
        if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u' || !hex4(*at + 2, end, &low) ||
            low < 0xDC00 || low > 0xDFFF) {
            return NULL;
        }
        *at += 6;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code < 0xE000) {
        return NULL;
    }
    return put_utf8(out, code);
}

/* The text [from, to) with its escapes resolved, in scratch: never longer than its source. */
static bool unescape(scanner *s, gx_slice *out, const char *from, const char *to) {
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    gx__reader *reader = s->reader;
    char *start = reader->scratch + reader->scratch_size, *put = start;
    for (const char *p = from; p < to;) {
        if (*p != '\\') {
            *put++ = *p++;
            continue;
        }
        p++;
        const char *letter = p < to && *p ? strchr(letters, *p) : NULL;
        if (letter) {
            *put++ = meanings[letter - letters];
            p++;
        } else if (p < to && *p == 'u') {
            p++;
            put = unescape_code(put, &p, to);
            if (!put) {
                return broken(s, GX__BAD_JSON, from);
            }
        } else {
            return broken(s, GX__BAD_JSON, from);
        }
    }
    *out = (gx_slice){start, (size_t)(put - start)};
    reader->scratch_size += out->size;
    return true;
}

/* A text with `s->at` behind its opening quote. */
static bool scan_text(scanner *s, gx_slice *out) {
    const char *from = s->at;
    bool escaped = false;
    while (s->at < s->end && *s->at != '"') {
        if ((unsigned char)*s->at < 0x20) {
            return broken(s, *s->at ? GX__BAD_JSON : GX__NUL_BYTE, from);
        }
        if (*s->at == '\\') {
            escaped = true;
            s->at++;
            if (s->at == s->end) {
                break;
            }
        }
        s->at++;
    }
    if (s->at >= s->end) {
        return broken(s, GX__UNTERMINATED_QUOTE, from);
    }
    const char *to = s->at++;
    if (escaped) {
        return unescape(s, out, from, to);
    }
    *out = (gx_slice){from, (size_t)(to - from)};
    return true;
}

/* ---- other values --------------------------------------------------------------------------- */

static size_t digits(const scanner *s) {
    const char *p = s->at;
    while (p < s->end && *p >= '0' && *p <= '9') {
        p++;
    }
    return (size_t)(p - s->at);
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool scan_number(scanner *s, gx__cell *cell) {
    const char *from = s->at;
    s->at += *s->at == '-';
    size_t whole = digits(s);
    if (whole == 0 || (whole > 1 && *s->at == '0')) {
        return broken(s, GX__BAD_JSON, from);
    }
    s->at += whole;
    if (s->at < s->end && *s->at == '.') {
        s->at++;
        size_t fraction = digits(s);
        if (fraction == 0) {
            return broken(s, GX__BAD_JSON, from);
        }
        s->at += fraction;
    }
    if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
        s->at++;
        s->at += s->at < s->end && (*s->at == '+' || *s->at == '-');
        size_t exponent = digits(s);
        if (exponent == 0) {
            return broken(s, GX__BAD_JSON, from);
        }
        s->at += exponent;
    }
    *cell = (gx__cell){from, (uint32_t)(s->at - from), GX__CELL_NUMBER};
    return true;
}

static bool scan_word(scanner *s, const char *word) {
    size_t size = strlen(word);
    if ((size_t)(s->end - s->at) >= size && memcmp(s->at, word, size) == 0) {
        s->at += size;
        return true;
    }
    return false;
}

/* A list or map as it stands: up to the bracket that closes it. gx_json_read judges the inside. */
static bool scan_nested(scanner *s, gx__cell *cell) {
    const char *from = s->at;
    size_t depth = 0;
    bool quoted = false;
    for (; s->at < s->end; s->at++) {
        char byte = *s->at;
        if (quoted && byte == '\\') {
            s->at++;
        } else if (byte == '"') {
            quoted = !quoted;
        } else if (!quoted && (byte == '[' || byte == '{')) {
            depth++;
        } else if (!quoted && (byte == ']' || byte == '}') && --depth == 0) {
            s->at++;
            *cell = (gx__cell){from, (uint32_t)(s->at - from), GX__CELL_NESTED};
            return true;
        }
    }
    s->at = s->end;
    return broken(s, GX__BAD_JSON, from);
}

static bool scan_value(scanner *s, gx__cell *cell) {
    const char *from = s->at;
    if (s->at == s->end) {
        return broken(s, GX__BAD_JSON, from);
    }
    switch (*s->at) {
    case '"': {
        gx_slice text;
        s->at++;
        if (!scan_text(s, &text)) {
            return false;
        }
        *cell = (gx__cell){text.data, (uint32_t)text.size, GX__CELL_TEXT};
        return true;
    }
    case '{':
    case '[':
        return scan_nested(s, cell);
    case 't':
    case 'f':
        if (!scan_word(s, *from == 't' ? "true" : "false")) {
            return broken(s, GX__BAD_JSON, from);
        }
        *cell = (gx__cell){from, (uint32_t)(s->at - from), GX__CELL_BOOL};
        return true;
    case 'n':
        *cell = (gx__cell){0}; /* null: not given */
        return scan_word(s, "null") || broken(s, GX__BAD_JSON, from);
    case 'N': /* Python writes these three, and no JSON reader should take them */
    case 'I':
        return broken(s, GX__NOT_FINITE, from);
    case '-':
        if (s->at + 1 < s->end && s->at[1] == 'I') {
            return broken(s, GX__NOT_FINITE, from);
        }
        return scan_number(s, cell);
    default:
        return scan_number(s, cell);
    }
}

/* ---- rows ------------------------------------------------------------------------------- */

/* The position of `key`; tries `expected` first, since rows of a file have their keys in one order.
 */
static gx_status position_of(uint32_t *out, gx__reader *reader, gx_slice key, uint32_t expected,
                             gx_error *err) {
    uint32_t count = reader->name_count, at = expected;
    if (at >= count || !gx_slice_equal(reader->names[at], key)) {
        at = 0;
        while (at < count && !gx_slice_equal(reader->names[at], key)) {
            at++;
        }
    }
    *out = at;
    return at < count ? GX_OK : gx__reader_add_name(reader, key, err);
}

/* One "key": value. */
static bool scan_pair(scanner *s, uint8_t *seen, uint32_t *expected, gx_status *out_status,
                      gx_error *err) {
    gx_slice key;
    gx__cell cell;
    uint32_t at;
    const char *from = s->at;
    if (!take(s, '"')) {
        return broken(s, GX__BAD_JSON, from);
    }
    if (!scan_text(s, &key)) {
        return false;
    }
    if (!gx_utf8_is_valid(key.data, key.size)) {
        return broken(s, GX__BAD_UTF8, from);
    }
    if (key.size == 0 || memchr(key.data, '\0', key.size) || !take(s, ':')) {
        return broken(s, GX__BAD_JSON, from);
    }
    skip_blanks(s);
    if (!scan_value(s, &cell)) {
        return false;
    }
    *out_status = position_of(&at, s->reader, key, *expected, err);
    if (*out_status != GX_OK) {
        return false;
    }
    if (seen[at]) {
        return broken(s, GX__DUPLICATE_KEY, from);
    }
    seen[at] = 1;
    s->reader->cells[at] = cell;
    *expected = at + 1;
    return true;
}

static bool scan_object(scanner *s, gx_status *out_status, gx_error *err) {
    uint8_t seen[GX__COLUMNS_MAX + 1] = {0};
    uint32_t expected = 0;
    const char *from = s->at;
    if (!take(s, '{')) {
        return broken(s, GX__BAD_JSON, from);
    }
    if (!take(s, '}')) {
        do {
            if (!scan_pair(s, seen, &expected, out_status, err)) {
                return false;
            }
        } while (take(s, ','));
        if (!take(s, '}')) {
            return broken(s, GX__BAD_JSON, from);
        }
    }
    skip_blanks(s);
    return s->at == s->end || broken(s, GX__BAD_JSON, s->at);
}

static gx_status jsonl_next(gx__row *out, gx__reader *reader, gx_error *err) {
    gx_slice line;
    bool more;
    uint64_t number;
    scanner s;
    do {
        number = reader->line;
        gx_status status = gx__reader_line(&line, &more, reader, err);
        if (status != GX_OK) {
            return status;
        }
        if (!more) {
            *out = (gx__row){.end = true};
            return GX_OK;
        }
        s = (scanner){.reader = reader, .at = line.data, .end = line.data + line.size};
        skip_blanks(&s);
    } while (s.at == s.end);

    reader->scratch_size = 0;
    gx_status status = gx__reader_scratch(reader, line.size, err);
    if (status != GX_OK) {
        return status;
    }
    if (reader->name_count) {
        memset(reader->cells, 0, reader->name_count * sizeof *reader->cells);
    }
    scan_object(&s, &status, err);
    *out = (gx__row){
        .line = number,
        .raw = line,
        .cells = reader->cells,
        .count = reader->name_count,
        /* An escape can bring in any byte. */
        .plain = reader->window.plain && reader->scratch_size == 0,
        .reason = s.reason,
        .value = s.value,
    };
    return status;
}

static gx_status jsonl_start(gx__reader *reader, gx_error *err) {
    return gx__reader_cells(reader, GX__COLUMNS_MAX, err); /* names are met row by row */
}

const gx__format gx__format_jsonl = {
    .name = "jsonl",
    .help = "one JSON object a line, its keys the columns",
    .open_names = true,
    .start = jsonl_start,
    .next = jsonl_next,
};
