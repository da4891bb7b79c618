#include "models/rec/ends.h"

#include "models/rec/columns.h"

#include <pthread.h>
#include <stdio.h>

struct gx__ends {
    pthread_mutex_t lock;
    uint64_t at;     /* the columns' `changes` that it stands for */
    uint32_t rows;   /* that were read */
    int64_t *end;    /* of each row; GX_NO_END: no event, or none is told */
    uint32_t *dated; /* the others, rising */
    uint32_t dated_count;
};

gx_status gx__ends_create(gx__ends **out, gx_error *err) {
    gx__ends *ends = gx_alloc0(1, sizeof *ends);
    if (!ends) {
        return gx_fail_memory(err, sizeof *ends);
    }
    pthread_mutex_init(&ends->lock, NULL);
    *out = ends;
    return GX_OK;
}

void gx__ends_destroy(gx__ends *ends) {
    if (ends) {
        pthread_mutex_destroy(&ends->lock);
        gx_free(ends->end);
        gx_free(ends->dated);
        gx_free(ends);
    }
}

/* ---- one row -------------------------------------------------------------------------------- */

static int64_t time_of(const gx_value *value) {
    char number[32];
    gx_slice text = {value->type == GX_TEXT ? value->as.text : "",
                     value->type == GX_TEXT ? value->size : 0};
    int64_t time_ms;
    if (value->type == GX_INT) { /* seconds or milliseconds */
        snprintf(number, sizeof number, "%lld", (long long)value->as.integer);
        text = gx_slice_of(number);
    }
    return gx_parse_time_ms(text, &time_ms) ? time_ms : GX_NO_END;
}

/* GX_NO_END also of a list; *there: the row has the field. */
static int64_t time_in(bool *there, const gx_columns *columns, uint32_t row, const char *field) {
    const bool list = gx__columns_is_list(columns, row, field); /* which needs an arena to be got */
    const gx_value value = list ? gx_nil() : gx_columns_get(columns, NULL, row, field);
    *there = list || value.type != GX_NIL;
    return time_of(&value);
}

int64_t gx_columns_end(const gx_columns *columns, uint32_t row) {
    static const char *const fields[][2] = {{"ends_at", "attr_ends_at"},
                                            {"starts_at", "attr_starts_at"}};
    int64_t end = GX_NO_END;
    for (size_t f = 0; f < GX_COUNT(fields) && end == GX_NO_END; f++) {
        bool there;
        end = time_in(&there, columns, row, fields[f][0]);
        end = there ? end : time_in(&there, columns, row, fields[f][1]);
    }
    return end;
}

static int64_t event_end(const gx_columns *columns, uint32_t row) {
    return gx_columns_is(columns, row, "kind", gx_slice_of("event")) ? gx_columns_end(columns, row)
                                                                     : GX_NO_END;
}

bool gx_columns_is_over(const gx_columns *columns, uint32_t row, int64_t now_ms) {
    const int64_t end = event_end(columns, row);
    return end != GX_NO_END && end <= now_ms;
}

/* ---- all of them ---------------------------------------------------------------------------- */

static bool tells_times(const gx_columns *columns) {
    static const char *const fields[] = {"ends_at", "starts_at", "attr_ends_at", "attr_starts_at"};
    bool any = false;
    for (size_t f = 0; f < GX_COUNT(fields); f++) {
        any = any || gx_columns_has(columns, fields[f]);
    }
    return any;
}

static gx_status grow(gx__ends *ends, uint32_t rows, gx_error *err) {
    int64_t *end = gx_realloc(ends->end, (size_t)rows + 1, sizeof *end);
    ends->end = end ? end : ends->end;
    uint32_t *dated = end ? gx_realloc(ends->dated, (size_t)rows + 1, sizeof *dated) : NULL;
    ends->dated = dated ? dated : ends->dated;
    return dated ? GX_OK : gx_fail_memory(err, rows * sizeof *end);
}

/* Reads the pages of rows that changed since. */
static gx_status refresh(gx__ends *ends, const gx_columns *columns, gx_error *err) {
    const uint32_t rows = gx_columns_rows(columns);
    if (ends->at == columns->changes) {
        return GX_OK;
    }
    if (rows > ends->rows && grow(ends, rows, err) != GX_OK) {
        return GX_NO_MEMORY;
    }
    for (uint32_t row = 0; row < rows; row++) {
        if (row >= ends->rows || gx__columns_changed(columns, row / GX__PAGE_ROWS) > ends->at) {
            ends->end[row] = event_end(columns, row);
        }
    }
    ends->rows = rows;
    ends->at = columns->changes;
    ends->dated_count = 0;
    for (uint32_t row = 0; row < rows; row++) {
        if (ends->end[row] != GX_NO_END) {
            ends->dated[ends->dated_count++] = row;
        }
    }
    return GX_OK;
}

gx_status gx_columns_clear_over(uint8_t *pass, uint32_t count, const gx_columns *columns,
                                int64_t now_ms, gx_error *err) {
    gx__ends *ends = columns->ends;
    if (!tells_times(columns)) {
        return GX_OK;
    }
    pthread_mutex_lock(&ends->lock);
    const gx_status status = refresh(ends, columns, err);
    for (uint32_t i = 0; status == GX_OK && i < ends->dated_count; i++) {
        const uint32_t row = ends->dated[i];
        if (row < count && ends->end[row] <= now_ms) {
            pass[row] = 0;
        }
    }
    pthread_mutex_unlock(&ends->lock);
    return status;
}
