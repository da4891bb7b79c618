#include "graph/import/rejects.h"
#include "graph/import/text.h"

#include <errno.h>

gx_status gx__rejects_open(gx__rejects *out, const char *input, const char *path, gx_error *err) {
    bool is_stdin = strcmp(input, "-") == 0;
    *out = (gx__rejects){.input = is_stdin ? "standard input" : input};
    int size = path       ? snprintf(out->path, sizeof out->path, "%s", path)
               : is_stdin ? 0 /* there is no place beside it */
                          : snprintf(out->path, sizeof out->path, "%s.rejects.csv", input);
    if (size < 0 || (size_t)size >= sizeof out->path) {
        return gx_fail_at(err, GX_BAD_REQUEST, "rejects",
                          "the path of the rejects file would be longer than %zu bytes",
                          sizeof out->path - 1);
    }
    return GX_OK;
}

static void note_first(gx__rejects *rejects, const gx__row *row, const gx__refusal *refusal) {
    const char *slash = strrchr(rejects->input, '/');
    char quoted[96];
    gx_quote(quoted, sizeof quoted, refusal->value.data, refusal->value.size);
    snprintf(rejects->first, sizeof rejects->first, "%.60s:%llu: %s%s%.50s: %s%s",
             slash ? slash + 1 : rejects->input, (unsigned long long)row->line,
             gx__reason_text(refusal->reason), refusal->column[0] ? " in " : "", refusal->column,
             quoted, gx__reason_accepts(refusal->reason));
}

static gx_status write_line(gx__rejects *rejects, gx_error *err) {
    if (rejects->line.failed) {
        return gx_fail_memory(err, rejects->line.size);
    }
    if (fwrite(rejects->line.bytes, 1, rejects->line.size, rejects->file) != rejects->line.size) {
        return gx_fail_errno(err, errno, "write", rejects->path);
    }
    return GX_OK;
}

static gx_status open_file(gx__rejects *rejects, gx_error *err) {
    rejects->file = fopen(rejects->path, "we");
    if (!rejects->file) {
        gx_error cause;
        (void)!gx_fail_errno(&cause, errno, "write the rejected rows to", rejects->path);
        return gx_fail_at(err, GX_IO, rejects->path, "%.200s; the first: %s; --rejects says where",
                          cause.message, rejects->first);
    }
    rejects->line.size = 0;
    gx_buffer_text(&rejects->line, "line,reason,column,value,row\n");
    return write_line(rejects, err);
}

gx_status gx__rejects_add(gx__rejects *rejects, const gx__row *row, const gx__refusal *refusal,
                          gx_error *err) {
    rejects->by_reason[refusal->reason]++;
    if (rejects->total++ == 0) {
        note_first(rejects, row, refusal);
    }
    if (!rejects->path[0]) {
        return GX_OK;
    }
    if (!rejects->file) {
        gx_status status = open_file(rejects, err);
        if (status != GX_OK) {
            return status;
        }
    }
    gx_buffer *line = &rejects->line;
    line->size = 0;
    gx_buffer_printf(line, "%llu,", (unsigned long long)row->line);
    gx__csv_cell(line, gx_slice_of(gx__reason_text(refusal->reason)));
    gx_buffer_append(line, ",", 1);
    gx__csv_cell(line, gx_slice_of(refusal->column));
    gx_buffer_append(line, ",", 1);
    gx__csv_cell(line, refusal->value);
    gx_buffer_append(line, ",", 1);
    gx__csv_cell(line, row->raw);
    gx_buffer_append(line, "\n", 1);
    return write_line(rejects, err);
}

gx_status gx__rejects_close(gx__rejects *rejects, gx_error *err) {
    gx_status status = GX_OK;
    gx_buffer_finish(&rejects->line);
    if (rejects->file && fclose(rejects->file) != 0) {
        status = gx_fail_errno(err, errno, "write", rejects->path);
    }
    rejects->file = NULL;
    return status;
}
