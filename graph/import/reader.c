/* The window over a source, what formats share, and the table of formats. */
#include "graph/import/reader.h"

#include <stdio.h>

enum { WINDOW_BYTES = 1 << 20 };

static const gx__format *const formats[] = {
    &gx__format_csv, &gx__format_tsv, &gx__format_jsonl, &gx__format_snap, &gx__format_lightgcn,
};

const gx__format *gx__format_find(const char *name, bool preset) {
    for (size_t i = 0; i < GX_COUNT(formats); i++) {
        if (formats[i]->preset == preset && strcmp(formats[i]->name, name) == 0) {
            return formats[i];
        }
    }
    return NULL;
}

const char *gx__format_names(bool preset) {
    return preset ? "snap, lightgcn" : "csv, tsv, jsonl";
}

const char *gx__reason_text(gx__reason reason) {
    static const char *const texts[] = {
#define X(name, text) text,
        GX__REASON_MAP(X)
#undef X
    };
    return texts[reason];
}

const char *gx__reason_accepts(gx__reason reason) {
    switch (reason) {
    case GX__BAD_TIME:
        return "; accepted is ISO 8601 (2026-05-01T18:00:00Z) or Unix time";
    case GX__BAD_NUMBER:
        return "; accepted is a number like 12 or 0.5, whole where it counts something";
    case GX__NEGATIVE:
    case GX__NEGATIVE_WEIGHT:
        return "; accepted is 0 or more";
    case GX__BAD_BOOLEAN:
    case GX__BAD_ANSWER:
        return "; accepted is true or false, yes or no, y or n, on or off, 1 or 0, 是 or 否";
    case GX__BAD_STARS:
        return "; accepted is 0 to 5, to which ratings of another scale are brought first, or an "
               "action that is not `scaled`";
    case GX__BEFORE_1970:
    case GX__IN_THE_FUTURE:
        return "; accepted is from 1970 to a day after now, by the clock of this machine";
    default:
        return "";
    }
}

/* ---- the window ------------------------------------------------------------------------- */

/* True where every byte is 1 to 127. One pass that compilers turn into vector code. */
static bool is_plain(const char *data, size_t size) {
    unsigned char high = 0, zero = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)data[i];
        high |= byte;
        zero |= byte == 0;
    }
    return !(high & 0x80) && !zero;
}

gx_status gx__window_fill(bool *out_full, gx__window *window, gx_error *err) {
    size_t kept = window->end - window->at;
    *out_full = false;
    if (kept >= window->capacity) {
        if (window->capacity >= GX__ROW_BYTES_MAX) {
            *out_full = true;
            return GX_OK;
        }
        size_t capacity = window->capacity * 2;
        char *grown = gx_realloc(window->data, capacity + 1, 1);
        if (!grown) {
            return gx_fail_memory(err, capacity + 1);
        }
        window->data = grown;
        window->capacity = capacity;
    }
    if (window->at) {
        memmove(window->data, window->data + window->at, kept);
    }
    window->at = 0;
    window->end = kept;
    size_t room = window->capacity - kept, got = 0;
    gx_status status = gx__source_read(&got, window->source, window->data + kept, room, err);
    if (status != GX_OK) {
        return status;
    }
    window->eof = got < room;
    window->plain = is_plain(window->data + kept, got) &&
                    (window->plain || kept == 0 || is_plain(window->data, kept));
    window->end += got;
    window->data[window->end] = '\n';
    return GX_OK;
}

static void skip_byte_order_mark(gx__window *window) {
    const gx_slice all = {window->data, window->end}, rest = gx_slice_unmarked(all);
    if (rest.size < all.size) {
        window->at = all.size - rest.size;
        window->plain = is_plain(rest.data, rest.size);
    }
}

/* ---- opening ---------------------------------------------------------------------------- */

static const gx__format *format_of(const gx__window *window, const gx__format *otherwise) {
    size_t at = window->at;
    while (at < window->end && memchr(" \t\r\n", window->data[at], 4)) {
        at++;
    }
    return at < window->end && window->data[at] == '{' ? &gx__format_jsonl : otherwise;
}

/* `format` NULL: JSON lines, or `otherwise`. */
static gx_status open_reader(gx__reader *out, gx__source *source, const gx__format *format,
                             const gx__format *otherwise, gx_error *err) {
    gx_status status = GX_OK;
    gx__reader reader = {.window = {.source = source, .capacity = WINDOW_BYTES}, .line = 1};
    bool full;
    reader.arena = gx_arena_create();
    reader.window.data = gx_alloc(WINDOW_BYTES + 1, 1);
    if (!reader.arena || !reader.window.data) {
        status = gx_fail_memory(err, WINDOW_BYTES);
        goto done;
    }
    GX_TRY(gx__window_fill(&full, &reader.window, err));
    skip_byte_order_mark(&reader.window);
    reader.format = format ? format : format_of(&reader.window, otherwise);
    GX_TRY(reader.format->start(&reader, err));
    *out = reader;
    return GX_OK;
done:
    gx__reader_finish(&reader);
    return status;
}

gx_status gx__reader_open(gx__reader *out, gx__source *source, const gx__format *format,
                          gx_error *err) {
    return open_reader(out, source, format, &gx__format_csv, err);
}

gx_status gx__reader_open_or(gx__reader *out, gx__source *source, const gx__format *format,
                             gx_error *err) {
    return open_reader(out, source, NULL, format, err);
}

void gx__reader_finish(gx__reader *reader) {
    gx__source_close(reader->window.source);
    gx_free(reader->window.data);
    gx_free(reader->names);
    gx_free(reader->cells);
    gx_free(reader->scratch);
    gx_arena_destroy(reader->arena);
    *reader = (gx__reader){0};
}

gx_status gx__reader_next(gx__row *out, gx__reader *reader, gx_error *err) {
    return reader->format->next(out, reader, err);
}

const char *gx__reader_list_names(char *out, size_t size, const gx__reader *reader) {
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < reader->name_count && used + 16 < size; i++) {
        char quoted[48];
        gx_quote(quoted, sizeof quoted, reader->names[i].data, reader->names[i].size);
        int step = snprintf(out + used, size - used, "%s%s", used ? ", " : "", quoted);
        used += step > 0 ? (size_t)step : 0;
    }
    return out;
}

/* ---- for formats -------------------------------------------------------------------------- */

gx_status gx__reader_fail(const gx__reader *reader, gx_status code, uint64_t line, gx_error *err,
                          const char *format, ...) {
    char at[sizeof err->at], message[sizeof err->message];
    const gx__source *source = reader->window.source; /* none behind rows given as values */
    snprintf(at, sizeof at, "%.90s:%llu", source ? gx__source_path(source) : "rows",
             (unsigned long long)line);
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    return gx_fail_at(err, code, at, "%s", message);
}

gx_status gx__reader_line(gx_slice *out, bool *out_more, gx__reader *reader, gx_error *err) {
    gx__window *window = &reader->window;
    size_t known = 0; /* bytes already seen to hold no line end */
    for (;;) {
        const char *start = window->data + window->at;
        size_t size = window->end - window->at;
        const char *stop = memchr(start + known, '\n', size - known);
        if (stop || window->eof) {
            *out_more = stop || size > 0;
            size_t length = stop ? (size_t)(stop - start) : size;
            window->at += length + (stop != NULL);
            reader->line++;
            if (length && start[length - 1] == '\r') {
                length--;
            }
            *out = (gx_slice){start, length};
            return GX_OK;
        }
        known = size;
        bool full;
        gx_status status = gx__window_fill(&full, window, err);
        if (status != GX_OK) {
            return status;
        }
        if (full) {
            return gx__reader_fail(reader, GX_OVER_LIMIT, reader->line, err,
                                   "the line is longer than %d MiB, the most a row may have",
                                   GX__ROW_BYTES_MAX >> 20);
        }
    }
}

gx_status gx__reader_add_name(gx__reader *reader, gx_slice name, gx_error *err) {
    if (reader->name_count >= GX__COLUMNS_MAX) {
        return gx__reader_fail(reader, GX_OVER_LIMIT, reader->line, err,
                               "more than %d columns; that is the most a file may have",
                               GX__COLUMNS_MAX);
    }
    if (reader->name_count == reader->name_capacity) {
        uint32_t capacity = reader->name_capacity ? reader->name_capacity * 2 : 16;
        gx_slice *grown = gx_realloc(reader->names, capacity, sizeof *grown);
        if (!grown) {
            return gx_fail_memory(err, capacity * sizeof *grown);
        }
        reader->names = grown;
        reader->name_capacity = capacity;
    }
    char *copy = gx_arena_get(reader->arena, name.size + 1);
    if (!copy) {
        return gx_fail_memory(err, name.size + 1);
    }
    memcpy(copy, name.data, name.size);
    copy[name.size] = '\0';
    reader->names[reader->name_count++] = (gx_slice){copy, name.size};
    return GX_OK;
}

gx_status gx__reader_cells(gx__reader *reader, uint32_t count, gx_error *err) {
    if (count > reader->cell_capacity) {
        uint32_t capacity = count < 16 ? 16 : count * 2;
        gx__cell *grown = gx_realloc(reader->cells, capacity, sizeof *grown);
        if (!grown) {
            return gx_fail_memory(err, capacity * sizeof *grown);
        }
        reader->cells = grown;
        reader->cell_capacity = capacity;
    }
    memset(reader->cells, 0, count * sizeof *reader->cells);
    return GX_OK;
}

gx_status gx__reader_scratch(gx__reader *reader, size_t size, gx_error *err) {
    size_t need = reader->scratch_size + size;
    if (need > reader->scratch_capacity) {
        size_t capacity = need < 4096 ? 4096 : need * 2;
        char *grown = gx_realloc(reader->scratch, capacity, 1);
        if (!grown) {
            return gx_fail_memory(err, capacity);
        }
        reader->scratch = grown;
        reader->scratch_capacity = capacity;
    }
    return GX_OK;
}
