/* The rows that were not taken: counted by reason, and written to a file beside the one they are
 * from, which is made at the first of them. */
#ifndef GX_IMPORT_REJECTS_H
#define GX_IMPORT_REJECTS_H

#include "graph/codec/codec.h"
#include "graph/import/convert.h"

#include <stdio.h>

typedef struct gx__rejects {
    const char *input; /* whose rows they are */
    char path[512];    /* empty: only counted */
    FILE *file;
    gx_buffer line;
    uint64_t total, by_reason[GX__REASON_COUNT];
    char first[256]; /* "events.csv:17: bad number in value: 'abc'" */
} gx__rejects;

/* `path` NULL: beside the input; "": none. */
GX_MUST_CHECK gx_status gx__rejects_open(gx__rejects *out, const char *input, const char *path,
                                         gx_error *err);
GX_MUST_CHECK gx_status gx__rejects_add(gx__rejects *rejects, const gx__row *row,
                                        const gx__refusal *refusal, gx_error *err);
/* Writes out what is buffered. */
GX_MUST_CHECK gx_status gx__rejects_close(gx__rejects *rejects, gx_error *err);

#endif
