/* Two columns of a file as a map, in memory: what is known beside a store, such as labels. A table
 * with a header is read by the names of its columns; what has none is two words a line. */
#include "graph/import/import.h"
#include "graph/import/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* Whose a row is, for telling that somebody has two. */
typedef struct whose {
    gx_slice id; /* in the arena */
    uint64_t line;
} whose;

typedef struct pairs {
    const char *path, *name;
    bool numbers;
    gx_arena *arena;
    gx__reader reader;
    bool json, named; /* the columns are: by a header, or by every line */
    gx_value map;
    whose *rows;
    size_t capacity;
} pairs;

/* ---- which column is which -------------------------------------------------------------------
 */

/* Names of columns, one of which is known to hold ids, and no numbers. */
static bool is_header(gx_slice *names, uint32_t count) {
    double number;
    for (uint32_t k = 0; k < count; k++) {
        if (gx_parse_real(names[k], &number)) {
            return false;
        }
    }
    const gx__reader reader = {.names = names, .name_count = count};
    return count > 1 && gx__reader_id_column(&reader) != GX_NONE;
}

/* The first line as cells of CSV, without their quotes. */
static uint32_t split_line(gx_slice *out, uint32_t room, gx_slice line) {
    uint32_t count = 0;
    size_t from = 0;
    for (size_t at = 0; at <= line.size && count < room; at++) {
        if (at < line.size && !memchr(",;\t", line.data[at], 3)) {
            continue;
        }
        gx_slice cell = {line.data + from, at - from};
        while (cell.size && memchr(" \"\r", cell.data[0], 3)) {
            cell.data++;
            cell.size--;
        }
        while (cell.size && memchr(" \"\r", cell.data[cell.size - 1], 3)) {
            cell.size--;
        }
        out[count++] = cell;
        from = at + 1;
    }
    return count;
}

/* A table with a header is CSV or TSV from here on. */
static gx_status find_header(pairs *p, gx_error *err) {
    gx_slice names[32];
    gx__reader *reader = &p->reader;
    const char *start = reader->window.data + reader->window.at;
    const size_t left = reader->window.end - reader->window.at;
    const char *stop = memchr(start, '\n', left);
    const gx_slice line = {start, stop ? (size_t)(stop - start) : left};
    p->json = reader->format == &gx__format_jsonl;
    p->named = p->json || is_header(names, split_line(names, GX_COUNT(names), line));
    if (p->json || !p->named) {
        return GX_OK;
    }
    reader->name_count = 0;
    reader->format = &gx__format_csv;
    return reader->format->start(reader, err);
}

/* The columns as the words of a first line of the form `user_id cost` name them. */
static gx_status take_names(pairs *p, const gx__row *row, gx_error *err) {
    gx_slice names[3];
    gx_status status = GX_OK;
    const uint32_t count = row->count < GX_COUNT(names) ? row->count : GX_COUNT(names);
    for (uint32_t k = 0; k < count; k++) {
        names[k] = (gx_slice){row->cells[k].data, row->cells[k].size};
    }
    p->named = row->reason == GX__NONE && is_header(names, count);
    p->reader.name_count = p->named ? 0 : p->reader.name_count;
    for (uint32_t k = 0; status == GX_OK && p->named && k < count; k++) {
        status = gx__reader_add_name(&p->reader, names[k], err);
    }
    return status;
}

/* Which cells of a row are the id and what is told of it: the column `name`, or the only other
 * one. */
static bool find_cells(uint32_t *id, uint32_t *told, const pairs *p, const gx__row *row) {
    uint32_t others = 0;
    *id = p->named ? gx__reader_id_column(&p->reader) : 0;
    *told = GX_NONE;
    for (uint32_t k = 0; k < row->count; k++) {
        if (k == *id || (p->json && !row->cells[k].data)) {
            continue;
        }
        *told = k;
        others++;
        if (p->named && k < p->reader.name_count && p->reader.names[k].size == strlen(p->name) &&
            strncasecmp(p->reader.names[k].data, p->name, p->reader.names[k].size) == 0) {
            others = 1;
            break;
        }
    }
    return *id < row->count && row->cells[*id].data && row->cells[*id].size && others == 1;
}

/* ---- rows ------------------------------------------------------------------------------------
 */

/* Nothing below 0, as limits and costs are. */
static gx_status check_number(const pairs *p, const gx__row *row, gx_slice of, gx_slice text,
                              gx_error *err) {
    char shown[60], whose_[60];
    double number;
    return gx_parse_real(text, &number) && number >= 0
               ? GX_OK
               : gx_fail_at(err, GX_BAD_REQUEST, p->name,
                            "%s:%llu: %s is no %s of %s; accepted is a number of 0 or more",
                            p->path, (unsigned long long)row->line,
                            gx_quote(shown, sizeof shown, text.data, text.size), p->name,
                            gx_quote(whose_, sizeof whose_, of.data, of.size));
}

static gx_status refuse(const pairs *p, const gx__row *row, gx_error *err) {
    char shown[60], names[160], accepted[240] = "";
    if (p->json) {
        snprintf(accepted, sizeof accepted, "; accepted is {\"user_id\": …, \"%s\": …}", p->name);
    } else if (p->named && row->reason == GX__NONE && row->count > 2) {
        return gx_fail(err, GX_BAD_REQUEST,
                       "%s: of the columns %s none is called %s; accepted is one of that name, or "
                       "one alone beside the member",
                       p->path, gx__reader_list_names(names, sizeof names, &p->reader), p->name);
    }
    return gx_fail(err, GX_BAD_REQUEST, "%s:%llu: %s is not a member and a %s%s", p->path,
                   (unsigned long long)row->line,
                   gx_quote(shown, sizeof shown, row->raw.data, row->raw.size), p->name, accepted);
}

static gx_status add(pairs *p, const gx__row *row, gx_slice id, gx_slice told, gx_error *err) {
    const gx_value key = gx_text_copy(p->arena, id.data, id.size);
    if (p->map.size == p->capacity) {
        const size_t capacity = p->capacity ? 2 * p->capacity : 256;
        whose *grown = gx_realloc(p->rows, capacity, sizeof *grown);
        if (!grown) {
            return gx_fail_memory(err, capacity * sizeof *grown);
        }
        p->rows = grown;
        p->capacity = capacity;
    }
    p->rows[p->map.size] = (whose){{key.as.text, key.size}, row->line};
    gx_map_add(p->arena, &p->map, key, gx_text_copy(p->arena, told.data, told.size));
    return GX_OK;
}

static gx_status take_row(pairs *p, const gx__row *row, gx_error *err) {
    uint32_t id, told;
    if (!p->json && row->raw.size && memchr("#%", row->raw.data[0], 2)) {
        return GX_OK; /* a comment of a table */
    }
    if (row->reason != GX__NONE || (p->named && row->count != p->reader.name_count && !p->json) ||
        !find_cells(&id, &told, p, row)) {
        return refuse(p, row, err);
    }
    const gx_slice key = {row->cells[id].data, row->cells[id].size};
    const gx_slice text = {row->cells[told].data, row->cells[told].size};
    gx_status status = p->numbers ? check_number(p, row, key, text, err) : GX_OK;
    return status == GX_OK ? add(p, row, key, text, err) : status;
}

static int by_id(const void *a, const void *b) {
    const whose *x = a, *y = b;
    const int order = gx_slice_order(x->id, y->id);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Each member once, and somebody at all. */
static gx_status check(pairs *p, gx_error *err) {
    char shown[60];
    if (p->map.size == 0) {
        return gx_fail(err, GX_BAD_REQUEST, "%s has no rows; accepted is a member and a %s a line",
                       p->path, p->name);
    }
    qsort(p->rows, p->map.size, sizeof *p->rows, by_id);
    for (size_t i = 1; i < p->map.size; i++) {
        const whose *one = &p->rows[i - 1], *other = &p->rows[i];
        if (gx_slice_equal(one->id, other->id)) {
            return gx_fail(err, GX_BAD_REQUEST,
                           "%s: %s is in line %llu and in line %llu; accepted is one %s a member",
                           p->path, gx_quote(shown, sizeof shown, one->id.data, one->id.size),
                           (unsigned long long)one->line, (unsigned long long)other->line, p->name);
        }
    }
    return GX_OK;
}

gx_status gx_import_pairs(gx_value *out, const char *path, const char *name, bool numbers,
                          gx_arena *arena, gx_error *err) {
    gx__source *source;
    gx__row row;
    pairs p = {
        .path = path, .name = name, .numbers = numbers, .arena = arena, .map = gx_map(arena, 64)};
    gx_status status = gx__source_open(&source, path, err);
    if (status == GX_OK) {
        status = gx__reader_open_or(&p.reader, source, gx__format_find("snap", true), err);
    }
    if (status != GX_OK) {
        return status;
    }
    GX_TRY(find_header(&p, err));
    for (bool first = !p.named;; first = false) {
        GX_TRY(gx__reader_next(&row, &p.reader, err));
        if (row.end) {
            break;
        }
        if (first) {
            GX_TRY(take_names(&p, &row, err));
        }
        if (!first || !p.named) {
            GX_TRY(take_row(&p, &row, err));
        }
    }
    GX_TRY(check(&p, err));
    *out = p.map;
done:
    gx_free(p.rows);
    gx__reader_finish(&p.reader);
    return status;
}
