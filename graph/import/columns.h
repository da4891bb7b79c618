/* What may be in a file: one table of kinds and their columns. CSV, TSV, JSONL and the presets
 * share it for reading, and the export writes by it, so a column is one row here and nothing else.
 */
#ifndef GX_IMPORT_COLUMNS_H
#define GX_IMPORT_COLUMNS_H

#include "graph/import/reader.h"
#include "graph/store/store.h"

enum { GX__KIND_COLUMNS_MAX = 32 };

/* How a cell is read, and the C type of its place in the row (see `lands`). */
typedef enum gx__type {
    GX__ID,        /* an external id of `space` → uint32_t */
    GX__NAME,      /* a word of a small vocabulary (kind, action, channel) → uint32_t */
    GX__TEXT,      /* gx_slice */
    GX__TAGS,      /* "a|b|c", or a JSON list of texts: a list */
    GX__TIME,      /* int64_t, Unix milliseconds */
    GX__MOMENT,    /* int64_t, Unix milliseconds, from 0 to a day after now */
    GX__FLOAT,     /* float */
    GX__QUANTITY,  /* float, not negative */
    GX__WEIGHT,    /* float, not negative */
    GX__DOUBLE,    /* double */
    GX__INT,       /* int64_t */
    GX__PRICE,     /* double, not negative */
    GX__STOCK,     /* int64_t, not negative */
    GX__PLACES,    /* int64_t, 0 to 1e9 */
    GX__LATITUDE,  /* double, degrees */
    GX__LONGITUDE, /* double, degrees */
    GX__STATUS,    /* text: what is shown and what is not; in any case, kept in small letters */
    GX__ITEM_KIND, /* text: product, content or event; in any case, kept in small letters */
    GX__ANSWER,    /* text: yes or no, as gx_parse_answer reads it */
    GX__COUNT,     /* uint32_t */
    GX__BOOL       /* bool */
} gx__type;

#define GX__FIELD SIZE_MAX /* lands in the open record, under the column's name */

typedef struct gx__column {
    const char *name;
    const char *aliases; /* other headers it is known by, "a|b"; NULL: none. Case does not matter */
    gx__type type;
    gx_space space;
    bool required;
    size_t lands; /* offset in the row, or GX__FIELD */
} gx__column;

typedef struct gx__tally {
    uint64_t created, updated, unchanged;
    uint64_t conflicting;    /* events: the event_id is there with other fields */
    char first_conflict[96]; /* the first of them, quoted */
} gx__tally;

/* Adds what became of `count` events. */
void gx__tally_events(gx__tally *counts, const gx_event_counts *put, uint64_t count);

/* A row of an open record's kind: its id, and its fields beside it. */
typedef struct gx__record {
    uint32_t id;
    bool created; /* the id was first seen in this row */
    gx_value fields;
} gx__record;

/* What a kind needs beyond its columns. */
typedef enum gx__shape {
    GX__SHAPE_RECORD, /* a row is a gx__record of the kind's space */
    GX__SHAPE_TIE,    /* its first two ids are its ends, its third its kind */
    GX__SHAPE_EVENT,  /* further columns are packed into `extra` */
    GX__SHAPE_PLAIN
} gx__shape;

typedef struct gx__kind {
    const char *name;
    gx__shape shape;
    const gx__column *columns;
    size_t column_count;
    const void *blank; /* a row with nothing given */
    size_t row_bytes;
    size_t batch_rows; /* how many go to the store at once */
    bool open;      /* a column it does not know is kept: in the record, or in the event's extra */
    gx_space space; /* of a record */
    /* Writes a batch. */
    gx_status (*flush)(gx__tally *counts, gx_txn *txn, void *rows, size_t count, gx_job *job,
                       gx_error *err);
} gx__kind;

extern const gx__kind gx__kinds[];
extern const size_t gx__kind_count;

const gx__kind *gx__kind_find(const char *name);
const gx__column *gx__column_find(const gx__kind *kind, const char *name);
/* "user_id, item_id, action, ts" */
const char *gx__kind_required(char *out, size_t size, const gx__kind *kind);

/* ---- which column of a file is which ----------------------------------------------------------
 */

typedef struct gx__bound {
    const gx__column *column;
    uint32_t position; /* in the row; GX_NONE: the file does not have it */
    gx__cell fallback; /* where a row does not give it; data NULL: none */
} gx__bound;

typedef struct gx__extra {
    uint32_t position;
    gx_slice name;
} gx__extra;

typedef struct gx__binding {
    const gx__kind *kind;
    gx__bound ids[8]; /* of type ID and NAME: looked up last, when the row is known to be good */
    size_t id_count;
    gx__bound scalars[GX__KIND_COLUMNS_MAX];
    size_t scalar_count;
    gx__extra extras[GX__COLUMNS_MAX];
    size_t extra_count;
    uint32_t names_done; /* of the reader's names */
    bool strict;
    const char *const *map;
    const gx__fallback *fallbacks;
    size_t fallback_count;
    char ignored[512]; /* the columns it does not know, comma-separated */
} gx__binding;

/* Finds the kind by the reader's names unless `kind` names it, and binds them. bad_request with
 * what would be accepted. Of two fallbacks for a column the later wins. */
GX_MUST_CHECK gx_status gx__binding_open(gx__binding *out, const gx__reader *reader,
                                         const char *kind, const char *const *map,
                                         const gx__fallback *fallbacks, size_t fallback_count,
                                         bool strict, gx_error *err);
/* Binds names that were met since (JSONL). */
GX_MUST_CHECK gx_status gx__binding_update(gx__binding *binding, const gx__reader *reader,
                                           uint64_t line, gx_error *err);

#endif
