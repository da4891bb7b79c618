/* guanxi serve: a store behind sockets. */
#include "cli/verb.h"
#include "server/server.h"

#include <stdlib.h>

static const gx_param params[] = {
    {"listen", GX_PARAM_LIST, NULL, 1, 16, NULL, NULL, GX_PARAM_REQUIRED,
     "unix:PATH or tcp:HOST:PORT; may be given several times"},
    {"loops", GX_PARAM_INT, NULL, 1, 256, NULL, NULL, 0, "worker loops (one a processor)"},
    {"long_threads", GX_PARAM_INT, NULL, 1, 256, NULL, NULL, 0,
     "threads for long calls (one a processor)"},
    {"read_only", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0, "refuse writes"},
};

static void log_line(void *user, int level, const char *line) {
    (void)user;
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    char time[32];
    fprintf(stderr, "time=%s level=%s %s\n", gx_format_time_ms(time, gx_time_ms()),
            levels[level < 0 || level > 3 ? 3 : level], line);
}

static gx_status run(gx_command *command, gx_error *err) {
    gx_status status = GX_OK;
    gx_db *db = NULL;
    gx_server *server = NULL;
    const gx_value *listen = gx_arg_value(&command->args, "listen");
    gx_db_options options = {.read_only = gx_arg_bool(&command->args, "read_only"),
                             .threads = command->job.threads,
                             .mem_bytes = command->job.mem_limit,
                             .seed = command->job.seed,
                             .log = log_line};
    gx_server_options how;
    gx_server_options_init(&how);
    const char **addresses = gx_arena_get(command->arena, (listen->size + 1) * sizeof *addresses);
    if (!addresses) {
        return gx_fail_memory(err, listen->size * sizeof *addresses);
    }
    for (uint32_t i = 0; i < listen->size; i++) {
        const gx_value *one = &listen->as.items[i];
        addresses[i] = gx_arena_printf(command->arena, "%.*s", (int)one->size, one->as.text);
    }
    addresses[listen->size] = NULL;
    how.listen = addresses;
    how.loops = (int)gx_arg_int(&command->args, "loops");
    how.long_threads = (int)gx_arg_int(&command->args, "long_threads");
    GX_TRY(gx_db_open(&db, command->target, &options, err));
    GX_TRY(gx_server_open(&server, db, &how, err));
    for (size_t i = 0; gx_server_address(server, i); i++) {
        gx_say(command, "listening on %s", gx_server_address(server, i));
    }
    GX_TRY(gx_server_run(server, true, err));
done:
    gx_server_close(server);
    gx_db_close(db);
    return status;
}

const gx_verb gx_verb_serve = {
    .name = "serve",
    .group = "serving",
    .summary = "serve a store over MessagePack-RPC",
    .params = params,
    .param_count = GX_COUNT(params),
    .flags = GX_VERB_LOCAL | GX_VERB_WRITES | GX_VERB_NO_SHAPE,
    .run = run,
    .examples =
        "  guanxi serve shop.gx --listen unix:/run/guanxi.sock --listen tcp:127.0.0.1:7070\n",
};
