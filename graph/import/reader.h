/* Bytes into rows. A reader is a window over a source and one format: the format finds the rows in
 * the window and cuts them into cells, without copying; every format gives the same rows, so that
 * what comes after does not know which one it was.
 */
#ifndef GX_IMPORT_READER_H
#define GX_IMPORT_READER_H

#include "graph/import/reasons.h"
#include "graph/import/source.h"

enum {
    GX__ROW_BYTES_MAX = 16 << 20, /* of one row, whatever the format */
    GX__COLUMNS_MAX = 1024
};

/* What a cell is known to be. A CSV cell is BARE: only its column can say. */
typedef enum gx__cell_type {
    GX__CELL_BARE,
    GX__CELL_TEXT,
    GX__CELL_NUMBER, /* a JSON number */
    GX__CELL_BOOL,
    GX__CELL_NESTED, /* a JSON list or map, as it stands in the file */
    GX__CELL_NIL     /* given as nil by a method: a field of a record goes; empty text */
} gx__cell_type;

typedef struct gx__cell {
    const char *data; /* NULL: not given */
    uint32_t size;
    gx__cell_type type;
} gx__cell;

typedef struct gx__row {
    uint64_t line; /* of its first byte, from 1 */
    gx_slice raw;  /* as it stands in the file, without the line end */
    const gx__cell
        *cells; /* one a name of the reader, `count` of them; later ones were not given */
    uint32_t count;
    bool plain;        /* only ASCII and no NUL: the text needs no checking */
    bool end;          /* there are no more rows; nothing else is set */
    gx__reason reason; /* not NONE: the row cannot be used */
    gx_slice value;    /* and what is wrong with it */
} gx__row;

typedef struct gx__window {
    gx__source *source;
    char *data; /* capacity + 1 bytes: a line feed stands behind the last, to stop every scan */
    size_t capacity, at, end;
    bool eof;
    bool plain; /* no byte in it is NUL or above 127 */
} gx__window;

typedef struct gx__format gx__format;

/* The text a column has where a file does not give it. */
typedef struct gx__fallback {
    const char *kind, *column, *text;
} gx__fallback;

typedef struct gx__reader {
    gx__window window;
    const gx__format *format;
    uint64_t line; /* of the next row */
    gx_arena *arena;
    gx_slice *names; /* of the columns: from the header, or in the order they are met */
    uint32_t name_count, name_capacity;
    gx__cell *cells;
    uint32_t cell_capacity;
    char *scratch; /* unescaped text of the present row */
    size_t scratch_size, scratch_capacity;
    char separator;      /* of csv and tsv */
    uint8_t stops[256];  /* of csv and tsv: the bytes that end a bare cell */
    gx_slice text, user; /* of lightgcn: what is left of the line, and whose it is */
    uint64_t text_line;
} gx__reader;

/* A format, or a preset: a shape that names its columns itself. One row of gx__formats. */
struct gx__format {
    const char *name;
    const char *help;
    bool preset;
    const char *kind;              /* of a preset: what its rows are; else NULL */
    const gx__fallback *fallbacks; /* of a preset, for what its files do not have */
    size_t fallback_count;
    bool open_names;     /* further columns may turn up in any row */
    bool drop_self_ties; /* leaves them out and counts them; others refuse the row */
    /* Reads what comes before the rows, and sets the names as far as they are known. */
    gx_status (*start)(gx__reader *reader, gx_error *err);
    gx_status (*next)(gx__row *out, gx__reader *reader, gx_error *err);
};

/* By name; NULL where there is none. `preset`: look among the presets, else among the others. */
const gx__format *gx__format_find(const char *name, bool preset);
const char *gx__format_names(bool preset); /* "csv, tsv, jsonl" */

/* Takes the source over in every case. `format` NULL: from the first bytes. */
GX_MUST_CHECK gx_status gx__reader_open(gx__reader *out, gx__source *source,
                                        const gx__format *format, gx_error *err);
/* JSON lines where the first bytes are those, else `format`. */
GX_MUST_CHECK gx_status gx__reader_open_or(gx__reader *out, gx__source *source,
                                           const gx__format *format, gx_error *err);
/* The column of ids of members by its name, the best known first; GX_NONE: none (ids.c). */
uint32_t gx__reader_id_column(const gx__reader *reader);
/* The names of the columns, those there is room for, for people. Gives `out`. */
const char *gx__reader_list_names(char *out, size_t size, const gx__reader *reader);
void gx__reader_finish(gx__reader *reader);
/* The next row; its texts live until the call after. Fails only where the file cannot be read on:
 * a row that is no good says so in `reason`. */
GX_MUST_CHECK gx_status gx__reader_next(gx__row *out, gx__reader *reader, gx_error *err);

/* ---- for formats -------------------------------------------------------------------------- */

/* More bytes behind the window's end; moves what is unread to the front. `*out_full`: the window
 * holds a row's maximum already. */
GX_MUST_CHECK gx_status gx__window_fill(bool *out_full, gx__window *window, gx_error *err);
/* The next line without its end, counted; false at the end of the file. */
GX_MUST_CHECK gx_status gx__reader_line(gx_slice *out, bool *out_more, gx__reader *reader,
                                        gx_error *err);
GX_MUST_CHECK gx_status gx__reader_add_name(gx__reader *reader, gx_slice name, gx_error *err);
/* Room for `count` cells, all of them not given. */
GX_MUST_CHECK gx_status gx__reader_cells(gx__reader *reader, uint32_t count, gx_error *err);
/* `size` bytes of scratch beyond what is used; pointers into it stay good until the next row, so
 * the first call of a row has to ask for all the row can need. */
GX_MUST_CHECK gx_status gx__reader_scratch(gx__reader *reader, size_t size, gx_error *err);
/* "file.csv:17", in the error's `at`. */
GX_MUST_CHECK gx_status gx__reader_fail(const gx__reader *reader, gx_status code, uint64_t line,
                                        gx_error *err, const char *format, ...) GX_PRINTF(5, 6);

extern const gx__format gx__format_csv, gx__format_tsv, gx__format_jsonl, gx__format_snap,
    gx__format_lightgcn;

#endif
