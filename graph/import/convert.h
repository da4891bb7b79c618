/* A row of cells into a row of its kind. */
#ifndef GX_IMPORT_CONVERT_H
#define GX_IMPORT_CONVERT_H

#include "graph/import/columns.h"
#include "graph/import/words.h"

/* What a time was written as; a set, for the report. */
enum { GX__TIME_ISO = 1, GX__TIME_SECONDS = 2, GX__TIME_MILLISECONDS = 4 };

typedef struct gx__converter {
    const gx__binding *binding;
    gx__words *words;
    gx_job *job;
    gx_arena *arena;    /* texts of the batch; the caller resets it */
    gx_arena *scratch;  /* fields of the row: until the next one */
    const char *source; /* tag of new events; NULL: none */
    bool strict;
    bool undirected;
    bool drop_self_ties; /* refuses them, and gives their member an id */
    gx_buffer packed;
    unsigned times;
    int64_t latest_ms;                /* no event is later; 0: not asked yet */
    uint64_t new_ids[GX_SPACE_COUNT]; /* that were only named */
    gx_arena *kept;                   /* of `actions` */
    gx_value actions;                 /* the setting, once it was asked for */
    uint8_t *directed; /* by the id of a tie kind: 0 not asked yet, 1 directed, 2 undirected */
    uint32_t directed_count;
} gx__converter;

/* Why a row was not taken. */
typedef struct gx__refusal {
    gx__reason reason;
    const char *column; /* "" where it is the row as a whole */
    gx_slice value;
} gx__refusal;

void gx__converter_finish(gx__converter *converter);

/* Fills `row`, a copy of the kind's blank. A row that is no good sets out->reason, and has changed
 * nothing: ids are only given once the rest is known to be right, or with drop_self_ties where
 * nothing else is wrong. */
GX_MUST_CHECK gx_status gx__convert(gx__refusal *out, void *row, gx__converter *converter,
                                    const gx__row *from, gx_error *err);

#endif
