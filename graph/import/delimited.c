/* CSV and TSV by RFC 4180: a header row, cells between separators, quotes around those that hold
 * separators, quotes or line breaks. What real files do beyond the RFC and is still unambiguous is
 * read: line feeds alone, no line end at the last row, a quote inside a bare cell, blank lines.
 *
 * A bare cell is found by a table look-up a byte, and is a slice of the window; only a cell with
 * doubled quotes is copied. A row that is not whole in the window is read again from its start
 * when more bytes are there: once in WINDOW_BYTES, so that the scan needs no state between calls.
 *
 * An opening quote that is never closed would swallow the rest of the file. So its line is given as
 * one bad row, and reading goes on at the next line.
 */
#include "graph/import/reader.h"

typedef enum scan {
    SCAN_ROW,
    SCAN_BLANK,
    SCAN_END,
    SCAN_MORE,        /* needs bytes behind the window */
    SCAN_MORE_QUOTED, /* the same, inside a quoted cell */
    SCAN_MEMORY
} scan;

typedef struct scanner {
    gx__reader *reader;
    const char *end;   /* of the window */
    bool last;         /* no more bytes can come: what is open stays open */
    uint64_t lines;    /* that the row spans */
    gx__reason reason; /* of the row */
    gx_slice value;
} scanner;

static uint64_t count_lines(const char *data, const char *end) {
    uint64_t lines = 0;
    while (data < end && (data = memchr(data, '\n', (size_t)(end - data))) != NULL) {
        lines++;
        data++;
    }
    return lines;
}

/* The text of a quoted cell with every doubled quote made one, in scratch. */
static bool undouble(scanner *s, gx__cell *cell, const char *from, const char *to) {
    gx__reader *reader = s->reader;
    /* The first of a row asks for all that the row can need, so that the block never moves. */
    size_t need = reader->scratch_size ? 0 : (size_t)(s->end - from) + 1;
    if (gx__reader_scratch(reader, need, NULL) != GX_OK) {
        return false;
    }
    char *out = reader->scratch + reader->scratch_size, *at = out;
    for (const char *p = from; p < to; p++) {
        *at++ = *p;
        p += *p == '"';
    }
    cell->data = out;
    cell->size = (uint32_t)(at - out);
    reader->scratch_size += cell->size + (cell->size == 0);
    return true;
}

static bool ends_cell(const scanner *s, const char *p) {
    return p == s->end || s->reader->stops[(unsigned char)*p] ||
           (*p == '\r' && (p + 1 == s->end || p[1] == '\n'));
}

/* A cell that begins with the quote before `from`. *out_at: behind its closing quote. */
static scan scan_quoted(scanner *s, gx__cell *cell, const char *from, const char **out_at) {
    const char *p = from;
    bool doubled = false;
    for (;;) {
        p = memchr(p, '"', (size_t)(s->end - p));
        if (!p || (p + 1 == s->end && !s->last)) {
            return SCAN_MORE_QUOTED;
        }
        if (p + 1 == s->end || p[1] != '"') {
            break;
        }
        doubled = true;
        p += 2;
    }
    s->lines += count_lines(from, p);
    cell->data = from;
    cell->size = (uint32_t)(p - from);
    if (doubled && !undouble(s, cell, from, p)) {
        return SCAN_MEMORY;
    }
    p++;
    if (p + 1 >= s->end && !s->last) {
        return SCAN_MORE_QUOTED; /* what follows decides, and a line end may be two bytes */
    }
    if (!ends_cell(s, p)) {
        s->reason = GX__AFTER_QUOTE;
        s->value = (gx_slice){cell->data, cell->size};
        p = memchr(p, '\n', (size_t)(s->end - p)); /* the rest of the line makes no sense */
        if (!p && !s->last) {
            return SCAN_MORE;
        }
        p = p ? p : s->end;
    } else if (p < s->end && *p == '\r') {
        p++;
    }
    *out_at = p;
    return SCAN_ROW;
}

/* One row from the window's start on: its cells, and *out_at behind its last byte. */
static scan scan_cells(scanner *s, const char *start, uint32_t *out_count, const char **out_at) {
    const uint8_t *stops = s->reader->stops;
    const uint32_t capacity = s->reader->cell_capacity;
    const char *p = start;
    for (uint32_t count = 0;;) {
        /* Cells beyond the header's are counted, and share the last place. */
        gx__cell *cell = s->reader->cells + (count < capacity ? count : capacity - 1);
        count++;
        cell->type = GX__CELL_BARE;
        if (*p == '"' && p < s->end) {
            scan found = scan_quoted(s, cell, p + 1, &p);
            if (found != SCAN_ROW) {
                return found;
            }
        } else {
            const char *from = p;
            while (!stops[(unsigned char)*p]) {
                p++;
            }
            size_t size = (size_t)(p - from);
            if (size && *p == '\n' && p[-1] == '\r') {
                size--;
            }
            cell->data = from;
            cell->size = (uint32_t)size;
        }
        if (*p == '\n' || p >= s->end) {
            if (p >= s->end && !s->last) {
                return SCAN_MORE;
            }
            *out_count = count;
            *out_at = p;
            return SCAN_ROW;
        }
        p++;
    }
}

static bool is_blank(const char *from, const char *to) {
    return from == to || (to - from == 1 && *from == '\r');
}

/* The first line of a row whose quote is never closed. */
static scan unterminated(scanner *s, const char *start, uint32_t *out_count, const char **out_at) {
    const char *stop = memchr(start, '\n', (size_t)(s->end - start));
    *out_at = stop ? stop : s->end;
    *out_count = 0;
    s->lines = 0;
    s->reason = GX__UNTERMINATED_QUOTE;
    s->value = (gx_slice){start, (size_t)(*out_at - start)};
    return SCAN_ROW;
}

static scan scan_row(gx__row *out, gx__reader *reader, bool give_up) {
    gx__window *window = &reader->window;
    const char *start = window->data + window->at, *at = NULL;
    scanner s = {.reader = reader, .end = window->data + window->end, .last = window->eof};
    uint32_t count = 0;
    if (start == s.end) {
        return window->eof ? SCAN_END : SCAN_MORE;
    }
    reader->scratch_size = 0;
    scan found = scan_cells(&s, start, &count, &at);
    if (found == SCAN_MORE_QUOTED && (s.last || give_up)) {
        found = unterminated(&s, start, &count, &at);
    }
    if (found != SCAN_ROW) {
        return found;
    }
    out->line = reader->line;
    out->raw = (gx_slice){start, (size_t)(at - start)};
    if (out->raw.size && at[-1] == '\r') {
        out->raw.size--;
    }
    out->cells = reader->cells;
    out->count = count;
    out->plain = window->plain;
    out->end = false;
    out->reason = s.reason;
    out->value = s.value;
    bool whole = at < s.end;
    reader->line += s.lines + (whole ? 1 : 0);
    window->at += (size_t)(at - start) + (whole ? 1 : 0);
    return is_blank(start, at) ? SCAN_BLANK : SCAN_ROW;
}

static gx_status row_read(gx__row *out, gx__reader *reader, gx_error *err) {
    bool give_up = false;
    for (;;) {
        scan found = scan_row(out, reader, give_up);
        give_up = false;
        if (found == SCAN_ROW) {
            return GX_OK;
        }
        if (found == SCAN_END) {
            *out = (gx__row){.end = true};
            return GX_OK;
        }
        if (found == SCAN_MEMORY) {
            return gx_fail_memory(err, reader->window.end - reader->window.at);
        }
        if (found == SCAN_BLANK) {
            continue;
        }
        bool full;
        gx_status status = gx__window_fill(&full, &reader->window, err);
        if (status != GX_OK) {
            return status;
        }
        if (full && found == SCAN_MORE) {
            return gx__reader_fail(reader, GX_OVER_LIMIT, reader->line, err,
                                   "the row is longer than %d MiB, the most a row may have",
                                   GX__ROW_BYTES_MAX >> 20);
        }
        give_up = full; /* no closing quote within the longest row there may be */
    }
}

static gx_status delimited_next(gx__row *out, gx__reader *reader, gx_error *err) {
    gx_status status = row_read(out, reader, err);
    if (status == GX_OK && !out->end && out->reason == GX__NONE &&
        out->count != reader->name_count) {
        out->reason = GX__RAGGED;
        out->value = out->raw;
    }
    return status;
}

/* ---- the header ------------------------------------------------------------------------- */

/* Which of `candidates` the first line has most of, outside quotes; the first where it has none. */
static char separator_of(const gx__window *window, const char *candidates) {
    size_t counts[4] = {0};
    bool quoted = false;
    for (size_t i = window->at; i < window->end && (quoted || window->data[i] != '\n'); i++) {
        quoted ^= window->data[i] == '"';
        const char *found = quoted ? NULL : strchr(candidates, window->data[i]);
        if (found && window->data[i]) {
            counts[found - candidates]++;
        }
    }
    size_t best = 0;
    for (size_t c = 1; candidates[c]; c++) {
        best = counts[c] > counts[best] ? c : best;
    }
    return candidates[best];
}

static gx_status header_name(gx__reader *reader, uint64_t line, uint32_t position,
                             const gx__cell *cell, gx_error *err) {
    char quoted[80];
    gx_slice name = gx_slice_trimmed((gx_slice){cell->data, cell->size});
    gx_quote(quoted, sizeof quoted, name.data, name.size);
    if (name.size == 0) {
        return gx__reader_fail(reader, GX_BAD_REQUEST, line, err,
                               "column %u of the header has no name", position + 1);
    }
    if (!gx_utf8_is_valid(name.data, name.size) || memchr(name.data, '\0', name.size)) {
        return gx__reader_fail(reader, GX_BAD_REQUEST, line, err,
                               "the column name %s is not valid UTF-8 text", quoted);
    }
    for (uint32_t i = 0; i < reader->name_count; i++) {
        if (gx_slice_equal(reader->names[i], name)) {
            return gx__reader_fail(reader, GX_BAD_REQUEST, line, err,
                                   "the header has the column %s twice", quoted);
        }
    }
    return gx__reader_add_name(reader, name, err);
}

/* A carriage return that no line feed follows. Where it ends the lines, as in files of an old
 * Macintosh, the whole file is the first line: a header and no row, which must not pass for one. */
static bool has_bare_return(gx_slice text) {
    const char *at = text.data, *end = text.data + text.size;
    while ((at = memchr(at, '\r', (size_t)(end - at))) != NULL && at + 1 < end && at[1] == '\n') {
        at++;
    }
    return at != NULL;
}

static gx_status header_read(gx__reader *reader, gx_error *err) {
    gx__row row;
    reader->stops['\n'] = 1;
    reader->stops[(unsigned char)reader->separator] = 1;
    gx_status status = gx__reader_cells(reader, GX__COLUMNS_MAX + 1, err);
    if (status != GX_OK) {
        return status;
    }
    status = row_read(&row, reader, err);
    if (status != GX_OK || row.end) {
        return status;
    }
    if (has_bare_return(row.raw)) {
        char quoted[64];
        return gx__reader_fail(
            reader, GX_BAD_REQUEST, row.line, err,
            "the header %s has a carriage return (CR) inside; lines end in LF or "
            "CR LF: save the file with one of them",
            gx_quote(quoted, sizeof quoted, row.raw.data, row.raw.size));
    }
    if (row.reason != GX__NONE) {
        return gx__reader_fail(reader, GX_BAD_REQUEST, row.line, err, "the header has %s",
                               row.reason == GX__UNTERMINATED_QUOTE ? "an unterminated quote"
                                                                    : "text after a closing quote");
    }
    if (row.count > GX__COLUMNS_MAX) {
        return gx__reader_fail(reader, GX_OVER_LIMIT, row.line, err,
                               "more than %d columns; that is the most a file may have",
                               GX__COLUMNS_MAX);
    }
    for (uint32_t i = 0; status == GX_OK && i < row.count; i++) {
        status = header_name(reader, row.line, i, &row.cells[i], err);
    }
    return status;
}

static gx_status csv_start(gx__reader *reader, gx_error *err) {
    reader->separator = separator_of(&reader->window, ",\t;");
    if (reader->separator == '\t') {
        reader->format = &gx__format_tsv;
    }
    return header_read(reader, err);
}

static gx_status tsv_start(gx__reader *reader, gx_error *err) {
    reader->separator = '\t';
    return header_read(reader, err);
}

const gx__format gx__format_csv = {
    .name = "csv",
    .help = "a header row, then cells between commas, semicolons or tabs (RFC 4180)",
    .start = csv_start,
    .next = delimited_next,
};

const gx__format gx__format_tsv = {
    .name = "tsv",
    .help = "the same between tabs",
    .start = tsv_start,
    .next = delimited_next,
};
