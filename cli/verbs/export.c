/* guanxi export: a table of the store as a file that imports again, or the whole graph as one that
 * other tools read. */
#include "graph/import/export.h"
#include "api/support.h"
#include "cli/store_graph.h"

static const gx_param params[] = {
    {"kind", GX_PARAM_CHOICE, NULL, GX_PARAM_UNCHECKED, NULL,
     "users|items|groups|members|ties|events|impressions|coupons|graph",
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "which table, or the graph of members and ties with what the snapshot says of them"},
    GX_PART_PARAM,
    GX_VIEW_PARAMS,
};

typedef struct sink {
    gx_command *command;
    bool json; /* lines become the entries of one list */
    bool begun, line_ended;
} sink;

static bool put(sink *s, const char *bytes, size_t size) {
    return fwrite(bytes, 1, size, s->command->out) == size;
}

/* JSON lines as one JSON list: a comma before every line but the first. */
static bool put_json(sink *s, const char *bytes, size_t size) {
    bool good = true;
    for (size_t i = 0; i < size && good;) {
        const char *end = memchr(bytes + i, '\n', size - i);
        size_t line = end ? (size_t)(end - bytes) - i : size - i;
        if (!s->begun || s->line_ended) {
            good = s->begun ? put(s, ",\n", 2) : put(s, "[\n", 2);
        }
        s->begun = true;
        s->line_ended = end != NULL;
        good = good && put(s, bytes + i, line);
        i += line + s->line_ended;
    }
    return good;
}

static gx_status write_out(void *user, const char *bytes, size_t size, gx_error *err) {
    sink *s = user;
    if (s->json ? !put_json(s, bytes, size) : !put(s, bytes, size)) {
        gx_status status = gx_write_failed(err);
        return status == GX_OK ? GX_CANCELLED : status; /* nobody reads on: stop */
    }
    return GX_OK;
}

static gx_status export_graph(gx_command *command, gx_error *err) {
    /* A table for people would not read back: without a format, a graph is GraphML. */
    const gx_form *form =
        gx_form_of(command->format == GX_FORMAT_TABLE ? GX_FORMAT_GRAPHML : command->format);
    if (!form->write_graph) {
        return gx_fail_at(err, GX_BAD_REQUEST, "format",
                          "--format %s: a graph is exported as graphml, gexf or svg, or one of its "
                          "lists as csv or jsonl",
                          form->name);
    }
    gx_status status = gx_store_graph_write(form, command, err);
    if (status == GX_OK && fflush(command->out) != 0) {
        status = gx_write_failed(err);
    }
    return status == GX_CANCELLED && ferror(command->out) ? GX_OK : status;
}

/* A table is written whole, and of a store. */
static gx_status refuse_graph_flags(const gx_command *command, gx_error *err) {
    if (gx_arg_has(&command->common, "preset") || gx_arg_bool(&command->common, "undirected")) {
        const char *flag = gx_arg_has(&command->common, "preset") ? "preset" : "undirected";
        return gx_fail_at(err, GX_BAD_REQUEST, flag,
                          "--%s is of a bare data file; a table is exported of a store", flag);
    }
    static const char *const names[] = {"part", "kinds", "since", "until"};
    for (size_t i = 0; i < GX_COUNT(names); i++) {
        if (gx_map_get(&command->given, names[i])) {
            return gx_fail_at(err, GX_BAD_REQUEST, names[i],
                              "--%s is of a graph: `guanxi export %s graph`", names[i],
                              command->target);
        }
    }
    return GX_OK;
}

static gx_status run(gx_command *command, gx_error *err) {
    if (gx_arg_is(&command->args, "kind", "graph")) {
        return export_graph(command, err);
    }
    if (!gx_form_of(command->format)->write) {
        return gx_fail_at(err, GX_BAD_REQUEST, "format",
                          "--format %s is of a graph: `guanxi export %s graph`",
                          gx_form_of(command->format)->name, command->target);
    }
    gx_status status = refuse_graph_flags(command, err);
    if (status != GX_OK) {
        return status;
    }
    gx_store *store = NULL;
    gx_txn *txn = NULL;
    gx_store_options options = {.read_only = true};
    sink s = {.command = command, .json = command->format == GX_FORMAT_JSON};
    /* A table for people would not read back: without a format, export writes CSV. */
    const char *format = s.json || command->format == GX_FORMAT_JSONL ? "jsonl" : "csv";
    const char *kind = gx_arg_word(&command->args, "kind");
    GX_TRY(gx_store_open(&store, command->target, &options, err));
    GX_TRY(gx_txn_read(&txn, store, err));
    GX_TRY(gx_export_table(txn, kind, format, write_out, &s, &command->job, err));
    if (s.json) {
        put(&s, s.begun ? "\n]\n" : "[]\n", 3);
    }
    if (fflush(command->out) != 0) {
        status = gx_write_failed(err);
    }
done:
    if (status == GX_CANCELLED && ferror(command->out)) {
        status = GX_OK;
    }
    gx_txn_abort(txn);
    gx_store_close(store);
    return status;
}

static const gx_graph_keys graph = {
    .nodes = "members", .id = "user_id", .edges = "ties", .src = "src", .dst = "dst"};

const gx_verb gx_verb_export = {
    .name = "export",
    .group = "store",
    .summary =
        "write a table of the store as CSV or JSON lines, or its graph as GraphML, GEXF or CSV",
    .params = params,
    .param_count = GX_COUNT(params),
    .flags = GX_VERB_LOCAL,
    .graph = &graph,
    .run = run,
    .examples = "  guanxi export shop.gx events -o events.csv\n"
                "  guanxi export shop.gx users --format jsonl | zstd > users.jsonl.zst\n"
                "  guanxi export shop.gx graph --format gexf -o shop.gexf\n"
                "  guanxi export shop.gx graph --format csv --kinds friend -o edges.csv\n",
};
