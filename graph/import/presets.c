/* Well-known shapes without a header, read as they are. A preset is a format that names its columns
 * itself and says what its rows are; a further one is a function like these and a row in reader.c.
 */
#include "graph/import/reader.h"

static bool is_blank_byte(char byte) {
    return byte == ' ' || byte == '\t';
}

/* The next word of `text` between separators; empty where there is none. */
static gx_slice next_word(gx_slice *text, bool (*separates)(char byte)) {
    while (text->size && separates(text->data[0])) {
        text->data++;
        text->size--;
    }
    gx_slice word = {text->data, 0};
    while (word.size < text->size && !separates(word.data[word.size])) {
        word.size++;
    }
    text->data += word.size;
    text->size -= word.size;
    return word;
}

static gx_status name_columns(gx__reader *reader, const char *const *names, gx_error *err) {
    gx_status status = GX_OK;
    for (uint32_t count = 0; status == GX_OK && names[count]; count++) {
        status = gx__reader_add_name(reader, gx_slice_of(names[count]), err);
    }
    return status == GX_OK ? gx__reader_cells(reader, reader->name_count, err) : status;
}

/* ---- snap: an edge a line ---------------------------------------------------------------- */

static bool separates_edge(char byte) {
    return is_blank_byte(byte) || byte == ',' || byte == ';';
}

static gx_status snap_start(gx__reader *reader, gx_error *err) {
    static const char *const names[] = {"src", "dst", "weight", NULL};
    return name_columns(reader, names, err);
}

static gx_status snap_next(gx__row *out, gx__reader *reader, gx_error *err) {
    gx_slice line, rest, first;
    bool more;
    uint64_t number;
    do {
        number = reader->line;
        gx_status status = gx__reader_line(&line, &more, reader, err);
        if (status != GX_OK) {
            return status;
        }
        rest = line;
        first = next_word(&rest, separates_edge);
    } while (more && (first.size == 0 || first.data[0] == '#' || first.data[0] == '%'));
    *out = (gx__row){.end = !more,
                     .line = number,
                     .raw = line,
                     .cells = reader->cells,
                     .plain = reader->window.plain};
    for (gx_slice word = first; word.size; word = next_word(&rest, separates_edge)) {
        if (out->count == reader->name_count) {
            out->count++;
            break;
        }
        reader->cells[out->count++] = (gx__cell){word.data, (uint32_t)word.size, GX__CELL_BARE};
    }
    if (more && (out->count < 2 || out->count > reader->name_count)) {
        out->reason = GX__BAD_EDGE;
        out->value = line;
    }
    return GX_OK;
}

/* An edge is read as it is written, from u to v; --undirected makes it mutual. */
static const gx__fallback snap_fallbacks[] = {{"ties", "kind", "follow"}};

const gx__format gx__format_snap = {
    .name = "snap",
    .help = "an edge list: u v, or u v weight, between blanks, tabs or commas; # begins a comment",
    .preset = true,
    .kind = "ties",
    .fallbacks = snap_fallbacks,
    .fallback_count = GX_COUNT(snap_fallbacks),
    .drop_self_ties = true,
    .start = snap_start,
    .next = snap_next,
};

/* ---- lightgcn: a user a line, then all the items ----------------------------------------------
 */

static gx_status lightgcn_start(gx__reader *reader, gx_error *err) {
    static const char *const names[] = {"user_id", "item_id", NULL};
    reader->text = (gx_slice){"", 0};
    return name_columns(reader, names, err);
}

static gx_status lightgcn_next(gx__row *out, gx__reader *reader, gx_error *err) {
    gx_slice item = next_word(&reader->text, is_blank_byte);
    while (item.size == 0) { /* a user may have no items at all */
        bool more;
        reader->text_line = reader->line;
        gx_status status = gx__reader_line(&reader->text, &more, reader, err);
        if (status != GX_OK) {
            return status;
        }
        if (!more) {
            *out = (gx__row){.end = true};
            return GX_OK;
        }
        reader->user = next_word(&reader->text, is_blank_byte);
        item = next_word(&reader->text, is_blank_byte);
    }
    reader->cells[0] = (gx__cell){reader->user.data, (uint32_t)reader->user.size, GX__CELL_BARE};
    reader->cells[1] = (gx__cell){item.data, (uint32_t)item.size, GX__CELL_BARE};
    *out = (gx__row){.line = reader->text_line,
                     .raw = item,
                     .cells = reader->cells,
                     .count = 2,
                     .plain = reader->window.plain};
    return GX_OK;
}

static const gx__fallback lightgcn_fallbacks[] = {{"events", "action", "view"},
                                                  {"events", "ts", "0"}};

const gx__format gx__format_lightgcn = {
    .name = "lightgcn",
    .help = "one line a user: user item item …",
    .preset = true,
    .kind = "events",
    .fallbacks = lightgcn_fallbacks,
    .fallback_count = GX_COUNT(lightgcn_fallbacks),
    .start = lightgcn_start,
    .next = lightgcn_next,
};
