/* JSON: the whole answer in one text, or its main list with one entry a line. */
#include "cli/format.h"
#include "graph/codec/codec.h"

void gx_print_json(FILE *out, const gx_value *value, bool indented) {
    gx_buffer text = {0};
    gx_json_write(&text, value, indented ? GX_JSON_INDENTED : GX_JSON_COMPACT);
    gx_buffer_text(&text, "\n");
    gx_buffer_flush(&text, out);
    gx_buffer_finish(&text);
}

static void write_json(FILE *out, const gx_answer *answer) {
    gx_print_json(out, answer->bare_list && answer->rows ? answer->rows : answer->value, true);
}

static void write_lines(FILE *out, const gx_answer *answer) {
    if (!answer->rows) {
        gx_print_json(out, answer->value, false);
        return;
    }
    for (uint32_t i = 0; i < answer->rows->size; i++) {
        gx_print_json(out, &answer->rows->as.items[i], false);
    }
}

static gx_status write_row(void *ctx, const gx_value *row, gx_error *err) {
    (void)err;
    gx_print_json(ctx, row, false);
    return GX_OK;
}

static gx_status write_graph(FILE *out, const gx_graph_source *source, gx_error *err) {
    return (source->nodes ? source->each_node : source->each_edge)(source->user, write_row, out,
                                                                   err);
}

const gx_form gx_form_json = {.name = "json", .write = write_json};
const gx_form gx_form_jsonl = {.name = "jsonl", .write = write_lines, .write_graph = write_graph};
