/* guanxi bench: how fast, on your data, beside which peer. */
#include "bench/bench.h"
#include "cli/verb.h"

static const gx_param params[] = {
    {"suite", GX_PARAM_TEXT, "all", GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_POSITIONAL,
     "graph, estimates, models, influence, store, serve, recommend, all; or compare BEFORE AFTER, "
     "or page LINES …"},
    {"files", GX_PARAM_LIST, NULL, 1, 100, NULL, NULL, GX_PARAM_POSITIONAL,
     "of compare: two files of JSON lines; of page: one or more"},
    {"data", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "input: an edge list, a store or a folder of such (graph, estimates, influence), a train file "
     "(models), "
     "a store that is made where it is not there (recommend)"},
    {"model", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "of recommend: the model of the interest channel (linear, ials, fusion, …)"},
    {"members", GX_PARAM_INT, "200000", 100, 1e7, NULL, NULL, 0,
     "of recommend: members of the shop that is made; half as many items, 20 events each"},
    {"peers", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "run whatever is installed of igraph, NetworKit, leidenalg, NetworkX and implicit beside "
     "guanxi"},
    {"only", GX_PARAM_LIST, NULL, 1, 100, NULL, NULL, 0,
     "of graph and influence: these tasks only (pagerank,leiden), also where they are long"},
    {"thread_counts", GX_PARAM_LIST, NULL, 1, 8, NULL, NULL, 0,
     "of graph: numbers of threads to run at (1,2,16); 1 and --threads unless given"},
    {"tools", GX_PARAM_LIST, NULL, 1, 16, NULL, NULL, 0,
     "of graph: these peers only: igraph, python_igraph, networkit, leidenalg, networkx"},
    {"peer_limit", GX_PARAM_DURATION, "60s", 1, 1e9, NULL, NULL, 0,
     "of graph: a peer that takes longer for one run is left out of the task"},
    {"budget", GX_PARAM_DURATION, "6s", 1, 1e9, NULL, NULL, 0,
     "of graph: no further run of a tool on a task after this long"},
    {"resume", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "of graph: lines of a run that was interrupted: they are printed again, their tasks not run"},
    {"notes", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "of page, as md: what people wrote for it, such as bench/graph_notes.md"},
    {"max_rss", GX_PARAM_BYTES, NULL, 1, 1e18, "bytes", NULL, 0,
     "of graph: fail where the process holds more than this while guanxi runs a task"},
    {"peer_python", GX_PARAM_TEXT, "build/peers/bin/python", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "of graph: the Python that has the peers' packages; script/peers installs it"},
    {"peer_scripts", GX_PARAM_TEXT, "bench/peers", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "of graph: folder of the scripts that call them"},
    {"runs", GX_PARAM_INT, "5", 1, 100, NULL, NULL, 0,
     "counted runs of each task, after a warm-up"},
};

typedef struct lines {
    gx_command *command;
    gx_value list;
} lines;

static gx_value row_of(gx_arena *arena, const gx_bench_line *line, const char *suite) {
    gx_value row = gx_map(arena, 32);
    gx_map_put(arena, &row, "suite", gx_str(suite));
    gx_map_put(arena, &row, "task", gx_text_copy(arena, line->task, strlen(line->task)));
    gx_map_put(arena, &row, "graph", gx_text_copy(arena, line->graph, strlen(line->graph)));
    char *input =
        line->input ? gx_arena_printf(arena, "%016llx", (unsigned long long)line->input) : NULL;
    gx_map_put(arena, &row, "tool", gx_text_copy(arena, line->tool, strlen(line->tool)));
    if (line->version) {
        gx_map_put(arena, &row, "version",
                   gx_text_copy(arena, line->version, strlen(line->version)));
    }
    if (line->members) {
        gx_map_put(arena, &row, "members", gx_int((int64_t)line->members));
        gx_map_put(arena, &row, "ties", gx_int((int64_t)line->ties));
    }
    gx_map_put(arena, &row, "threads", gx_int(line->threads));
    gx_map_put(arena, &row, "wall_s", line->note ? gx_nil() : gx_real(line->wall_s));
    gx_map_put(arena, &row, "wall_min_s", line->note ? gx_nil() : gx_real(line->wall_min_s));
    gx_map_put(arena, &row, "cpu_s", line->note ? gx_nil() : gx_real(line->cpu_s));
    if (line->over_s > 0) {
        gx_map_put(arena, &row, "over_s", gx_real(line->over_s));
    }
    gx_map_put(arena, &row, "rss_bytes", gx_int((int64_t)line->rss_bytes));
    if (line->mem_bytes) {
        gx_map_put(arena, &row, "mem_bytes", gx_int((int64_t)line->mem_bytes));
    }
    gx_map_put(arena, &row, "value", line->value_name ? gx_real(line->value) : gx_nil());
    gx_map_put(arena, &row, "unit", line->value_name ? gx_str(line->value_name) : gx_nil());
    if (line->p99_us > 0) {
        gx_map_put(arena, &row, "p50_us", gx_real(line->p50_us));
        gx_map_put(arena, &row, "p99_us", gx_real(line->p99_us));
    }
    if (line->p999_us > 0) {
        gx_map_put(arena, &row, "p999_us", gx_real(line->p999_us));
    }
    if (input) {
        gx_map_put(arena, &row, "input", gx_str(input));
    }
    if (line->has_peer) {
        gx_map_put(arena, &row, "ratio", gx_real(line->ratio));
        gx_map_put(arena, &row, "agrees", gx_bool(line->agrees));
    }
    if (line->is_peer) {
        gx_map_put(arena, &row, "equal", gx_bool(line->equal));
    }
    if (line->how || line->note) {
        const char *text = line->note ? line->note : line->how;
        gx_map_put(arena, &row, "how", gx_text_copy(arena, text, strlen(text)));
    }
    if (line->has_estimate) {
        gx_map_put(arena, &row, "used_bytes", gx_int((int64_t)line->used_bytes));
        gx_map_put(arena, &row, "estimate_bytes", gx_int((int64_t)line->estimate_bytes));
        gx_map_put(arena, &row, "estimate_cpu_s", gx_real(line->estimate_cpu_s));
        gx_map_put(arena, &row, "estimate_most_s", gx_real(line->estimate_most_s));
    }
    gx_map_put(arena, &row, "commit", gx_str(gx_bench_commit()));
    gx_map_put(arena, &row, "cpu", gx_str(gx_bench_cpu()));
    return row;
}

/* JSON lines come out as they are measured; the other forms wait for the whole. */
static void emit(void *user, const gx_bench_line *line, const char *suite) {
    lines *l = user;
    gx_value row = row_of(l->command->arena, line, suite);
    gx_list_add(l->command->arena, &l->list, row);
    if (l->command->format == GX_FORMAT_JSONL) {
        gx_error ignored;
        gx_status status = gx_print(l->command, &row, NULL, NULL, false, &ignored);
        (void)status;
        fflush(l->command->out); /* a process that is killed leaves them */
    }
}

static void say(void *user, const char *format, ...) {
    const lines *l = user;
    char text[400];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    gx_say(l->command, "%s", text);
}

static const gx_value *list_of(const gx_command *command, const char *name) {
    const gx_value *value = gx_arg_value(&command->args, name);
    return value->type == GX_LIST ? value : NULL;
}

static gx_status compare(gx_command *command, gx_error *err) {
    const gx_value *files = gx_arg_value(&command->args, "files");
    gx_value list;
    if (files->type != GX_LIST || files->size != 2) {
        return gx_fail_at(err, GX_BAD_REQUEST, "files", "compare needs two files: BEFORE AFTER");
    }
    const char *names[2];
    for (int i = 0; i < 2; i++) {
        const gx_value *file = &files->as.items[i];
        names[i] = gx_arena_printf(command->arena, "%.*s", (int)file->size, file->as.text);
    }
    gx_status status = gx_bench_compare(&list, command->arena, names[0], names[1], err);
    return status == GX_OK ? gx_print(command, &list, NULL, NULL, false, err) : status;
}

/* A row a graph and task; as md, a page, but of estimates alone. */
static gx_status print_page(const gx_command *command, const gx_value *kept, const char *notes,
                            gx_error *err) {
    const gx_value graph = gx_bench_lines_of(command->arena, kept, false);
    bool estimates = kept->size > 0 && graph.size == 0;
    if (estimates || command->format != GX_FORMAT_MD) {
        gx_value rows = estimates ? gx_bench_estimates_page(command->arena, kept)
                                  : gx_bench_page(command->arena, &graph);
        return gx_print(command, &rows, NULL, NULL, false, err);
    }
    gx_buffer text = {0};
    gx_bench_document(&text, command->arena, kept, notes);
    gx_status status = text.failed ? gx_fail_memory(err, text.size) : GX_OK;
    if (status == GX_OK && fwrite(text.bytes, 1, text.size, command->out) != text.size) {
        status = gx_write_failed(err);
    }
    gx_buffer_finish(&text);
    return status;
}

/* Lines of the suites graph and estimates that were kept. */
static gx_status page(gx_command *command, gx_error *err) {
    const gx_value *files = gx_arg_value(&command->args, "files");
    if (files->type != GX_LIST || files->size == 0) {
        return gx_fail_at(err, GX_BAD_REQUEST, "files",
                          "page needs files of JSON lines, of guanxi bench graph or estimates");
    }
    gx_value kept = gx_list(command->arena, 64);
    const char *path = gx_arg_word(&command->args, "notes"), *notes = NULL;
    gx_status status = GX_OK;
    for (uint32_t i = 0; status == GX_OK && i < files->size; i++) {
        const gx_value *file = &files->as.items[i];
        const char *name = gx_arena_printf(command->arena, "%.*s", (int)file->size, file->as.text);
        status = gx_bench_read(&kept, command->arena, name, err);
    }
    if (status == GX_OK && path) {
        status = gx_bench_read_text(&notes, command->arena, path, err);
    }
    return status == GX_OK ? print_page(command, &kept, notes, err) : status;
}

/* What emit did not print yet. */
static gx_status print_lines(const lines *l, const char *suite, gx_error *err) {
    const gx_command *command = l->command;
    if (command->format == GX_FORMAT_JSONL) {
        return GX_OK;
    }
    bool md = command->format == GX_FORMAT_MD, table = command->format == GX_FORMAT_TABLE;
    if ((md && strcmp(suite, "graph") == 0) || (strcmp(suite, "estimates") == 0 && (md || table))) {
        return print_page(command, &l->list, NULL, err);
    }
    /* For people: what differs from line to line. */
    const char *columns =
        command->format == GX_FORMAT_TABLE
            ? "suite,task,graph,tool,threads,wall_s,cpu_s,rss_bytes,mem_bytes,value,unit,"
              "p50_us,p99_us,p999_us,ratio,agrees,how"
            : NULL;
    return gx_print(command, &l->list, NULL, columns, false, err);
}

/* The lines of a run before this one, printed again. */
static gx_status take_had(lines *l, gx_value *have, const char *path, gx_error *err) {
    *have = gx_list(l->command->arena, 64);
    gx_status status = gx_bench_read(have, l->command->arena, path, err);
    for (uint32_t i = 0; status == GX_OK && i < have->size; i++) {
        gx_list_add(l->command->arena, &l->list, have->as.items[i]);
        if (l->command->format == GX_FORMAT_JSONL) {
            status = gx_print(l->command, &have->as.items[i], NULL, NULL, false, err);
        }
    }
    return status;
}

/* Of a run that was interrupted or failed: the lines of tasks that had ended. */
static gx_status print_part(const lines *l, const char *suite, gx_status failed) {
    gx_error ignored;
    l->command->keep_part = print_lines(l, suite, &ignored) == GX_OK;
    gx_say(l->command, "not whole: %u line%s, of the tasks that had ended", l->list.size,
           gx_plural(l->list.size, "", "s"));
    return failed;
}

/* Of which suites a flag says something; those that are not here, of all that are run. */
static const struct {
    const char *flag, *suites; /* "|a|b|" */
} of_suites[] = {{"files", "|compare|page|"},
                 {"data", "|graph|estimates|models|influence|recommend|"},
                 {"model", "|recommend|models|"},
                 {"members", "|recommend|"},
                 {"peers", "|graph|models|influence|"},
                 {"only", "|graph|influence|"},
                 {"thread_counts", "|graph|"},
                 {"tools", "|graph|"},
                 {"peer_limit", "|graph|"},
                 {"budget", "|graph|"},
                 {"resume", "|graph|"},
                 {"notes", "|page|"},
                 {"max_rss", "|graph|"},
                 {"peer_python", "|graph|models|influence|"},
                 {"peer_scripts", "|graph|models|influence|"},
                 {"runs", "|graph|estimates|models|influence|store|serve|recommend|"}};

static gx_status refuse_flags(const gx_command *command, gx_error *err) {
    const char *suite = gx_arg_word(&command->args, "suite");
    const char *wanted = gx_arena_printf(command->arena, "|%s|", suite);
    for (size_t i = 0; wanted && i < GX_COUNT(of_suites); i++) {
        const char *suites = of_suites[i].suites;
        const bool of_all = strcmp(suite, "all") == 0 && !strstr(suites, "|page|");
        if (gx_map_get(&command->given, of_suites[i].flag) && !of_all && !strstr(suites, wanted)) {
            char flag[64];
            gx_flag_name(flag, sizeof flag, of_suites[i].flag);
            return gx_fail_at(err, GX_BAD_REQUEST, of_suites[i].flag,
                              "--%s was given for %s; it is of %.*s", flag, suite,
                              (int)(strlen(suites) - 2), suites + 1);
        }
    }
    return GX_OK;
}

static gx_status run(gx_command *command, gx_error *err) {
    const gx_status refused = refuse_flags(command, err);
    if (refused != GX_OK) {
        return refused;
    }
    lines l = {command, gx_list(command->arena, 64)};
    if (gx_arg_is(&command->args, "suite", "compare")) {
        return compare(command, err);
    }
    if (gx_arg_is(&command->args, "suite", "page")) {
        return page(command, err);
    }
    gx_bench bench = {.suite = gx_arg_word(&command->args, "suite"),
                      .runs = (int)gx_arg_int(&command->args, "runs"),
                      .threads = command->job.threads,
                      .peers = gx_arg_bool(&command->args, "peers"),
                      .data = gx_arg_word(&command->args, "data"),
                      .model = gx_arg_word(&command->args, "model"),
                      .members = (uint32_t)gx_arg_int(&command->args, "members"),
                      .job = &command->job,
                      .only = list_of(command, "only"),
                      .thread_list = list_of(command, "thread_counts"),
                      .tools = list_of(command, "tools"),
                      .python = gx_arg_word(&command->args, "peer_python"),
                      .scripts = gx_arg_word(&command->args, "peer_scripts"),
                      .rss_limit = gx_arg_has(&command->args, "max_rss")
                                       ? (uint64_t)gx_arg_int(&command->args, "max_rss")
                                       : 0,
                      .peer_limit_s = (double)gx_arg_int(&command->args, "peer_limit") / 1e3,
                      .budget_s = (double)gx_arg_int(&command->args, "budget") / 1e3,
                      .emit = emit,
                      .say = say,
                      .user = &l};
    gx_value have;
    const char *resume = gx_arg_word(&command->args, "resume");
    gx_status status = GX_OK;
    if (resume) {
        status = take_had(&l, &have, resume, err);
        bench.have = &have;
    }
    if (status == GX_OK) {
        status = gx_bench_run(&bench, err);
    }
    gx_progress_end(command);
    if (status == GX_OK) {
        return print_lines(&l, bench.suite, err);
    }
    return l.list.size ? print_part(&l, bench.suite, status) : status;
}

const gx_verb gx_verb_bench = {
    .name = "bench",
    .group = "quality",
    .summary = "how fast, on your data, beside which peer",
    .params = params,
    .param_count = GX_COUNT(params),
    .flags = GX_VERB_NO_TARGET | GX_VERB_NO_SHAPE,
    .run = run,
    .examples = "  guanxi bench graph --data edges.txt.gz --peers\n"
                "  guanxi bench estimates --data edges.txt.gz\n"
                "  guanxi bench serve --format jsonl -o now.jsonl\n"
                "  guanxi bench compare before.jsonl now.jsonl\n"
                "  guanxi bench page a.jsonl b.jsonl --format md --notes bench/graph_notes.md\n",
};
