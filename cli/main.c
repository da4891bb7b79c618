/* The program: takes the command line apart, runs the verb, turns the status into an exit code. */
#include "cli/format.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static gx_job *interrupted_job;
static volatile sig_atomic_t interrupted;

/* The first Ctrl-C asks the job to stop; a second one ends the program: the store is safe either
 * way. */
static void on_interrupt(int number) {
    if (interrupted || !interrupted_job) {
        _exit(gx_status_exit_code(GX_INTERRUPTED));
    }
    interrupted = number;
    gx_job_cancel(interrupted_job);
}

static void watch_interrupts(gx_job *job) {
    interrupted_job = job;
    struct sigaction action = {.sa_handler = on_interrupt};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void set_job(gx_command *command) {
    const gx_args *common = &command->common;
    gx_job_init(&command->job, (int)gx_arg_int(common, "threads"),
                gx_arg_has(common, "seed") ? (uint64_t)gx_arg_int(common, "seed") : 1);
    command->job.mem_limit = (uint64_t)gx_arg_int(common, "mem");
    if (gx_arg_has(common, "deadline")) {
        command->job.deadline_ns = gx_clock_ns() + gx_arg_int(common, "deadline") * 1000000;
    }
}

/* The plain verb: open the target, call its method, print the answer. */
gx_status gx_run_method(gx_command *command, gx_error *err) {
    gx_value result;
    const gx_verb *verb = command->verb;
    gx_value args = gx_method_args(command, gx_method_find(verb->method));
    gx_status status = GX_OK;
    for (size_t i = 0; verb->ids && verb->ids[i] && status == GX_OK; i++) {
        status = gx_ids_from_files(&args, command, verb->ids[i], err);
    }
    if (status == GX_OK) {
        status = gx_ask(&result, command, verb->method, &args, err);
    }
    if (status != GX_OK) {
        return status;
    }
    if (gx_map_get(&args, "estimate") && gx_map_get(&result, "steps")) {
        return gx_print(command, &result, "steps", NULL, false, err);
    }
    if (verb->say) {
        verb->say(command, &result);
    }
    if (verb->rows && gx_form_of(command->format)->flat) {
        result = verb->rows(command->arena, &result);
    }
    if (verb->words && (command->format == GX_FORMAT_TABLE || command->format == GX_FORMAT_MD)) {
        result = verb->words(command->arena, &result);
    }
    return gx_print(command, &result, verb->list, verb->columns, verb->bare_list, err);
}

/* An answer that goes to a file is written beside it, and takes its name when it is whole: a verb
 * that fails leaves the old file as it was, and with keep_part the part beside it, as it does from
 * the start where a run is resumed. What is not a plain file (/dev/null, a pipe) is written as it
 * is. */
static gx_status open_output(gx_command *command, const char **out_path, const char **out_written,
                             gx_error *err) {
    struct stat info;
    const char *path = gx_arg_word(&command->common, "output");
    *out_path = *out_written = path;
    if (!path) {
        return GX_OK;
    }
    if (stat(path, &info) != 0 || S_ISREG(info.st_mode)) {
        *out_written = command->part = gx_arena_printf(command->arena, "%s.part", path);
    }
    const bool as_left = command->part && (command->verb->flags & GX_VERB_RESUMES) &&
                         gx_arg_bool(&command->args, "resume") && access(command->part, F_OK) == 0;
    command->keep_part = as_left;
    command->out = *out_written ? fopen(*out_written, as_left ? "r+" : "w") : NULL;
    return command->out ? GX_OK : gx_fail_errno(err, errno, "writing", path);
}

static gx_status close_output(gx_command *command, gx_status status, const char *path,
                              const char *written, gx_error *err) {
    if (!path) {
        return status;
    }
    if (fclose(command->out) != 0 && status == GX_OK) {
        status = gx_fail_errno(err, errno, "writing", path);
    }
    if (written != path && status == GX_OK && rename(written, path) != 0) {
        status = gx_fail_errno(err, errno, "writing", path);
    }
    if (written != path && status != GX_OK && command->keep_part) {
        gx_say(command, "what was done is kept in %s", written);
    } else if (written != path && status != GX_OK) {
        unlink(written);
    }
    return status;
}

static gx_status run(gx_command *command, gx_error *err) {
    const char *path, *written;
    gx_status status = open_output(command, &path, &written, err);
    if (status != GX_OK) {
        return status;
    }
    set_job(command);
    watch_interrupts(&command->job);
    gx_progress_begin(command);
    status = command->verb->run ? command->verb->run(command, err) : gx_run_method(command, err);
    gx_progress_end(command);
    interrupted_job = NULL;
    status = close_output(command, status, path, written, err);
    if (status == GX_CANCELLED && interrupted) {
        status = gx_fail(err, GX_INTERRUPTED, "interrupted; the store is intact");
    }
    return status;
}

/* libgomp's threads spin for milliseconds while they wait, which halves the speed of everybody on a
 * shared machine; a tenth of one is as good on an idle one, and longer than a short serial part
 * takes: a thread that sleeps is slow to wake. It reads its settings before main, so they are set
 * for a second start of the same program. Whoever sets them is left alone. docs/passes.md has what
 * it costs. */
static void settle_waiting(char **argv) {
    if (!getenv("GOMP_SPINCOUNT") && !getenv("OMP_WAIT_POLICY") &&
        setenv("GOMP_SPINCOUNT", "2000", 1) == 0) {
        execv("/proc/self/exe", argv); /* where it cannot, we go on as we are */
    }
}

/* With the place it happened, where the message does not name it. */
static void say_error(gx_status status, const gx_error *err) {
    const char *message = err->message[0] ? err->message : gx_status_text(status);
    bool named = !err->at[0] || strstr(message, err->at);
    fprintf(stderr, "guanxi: %s%s%s\n", named ? "" : err->at, named ? "" : ": ", message);
}

int main(int argc, char **argv) {
    settle_waiting(argv);
    setlocale(LC_CTYPE, "");
    gx_arena *arena = gx_arena_create();
    gx_error err = {0};
    gx_command command;
    if (!arena) {
        fputs("guanxi: out of memory\n", stderr);
        return gx_status_exit_code(GX_NO_MEMORY);
    }
    static char help_word[] = "help", version_word[] = "version";
    char *help_argv[] = {argv[0], help_word, NULL};
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        argc = 2;
        argv = help_argv;
    } else if (strcmp(argv[1], "--version") == 0) {
        argv[1] = version_word;
    }
    gx_status status = gx_command_parse(&command, arena, argc - 1, argv + 1, &err);
    if (status == GX_OK && gx_arg_bool(&command.common, "help")) {
        const gx_pass *pass = gx_command_pass(&command);
        if (pass) {
            gx_help_pass(stdout, pass);
        } else {
            gx_help_verb(stdout, arena, command.verb);
        }
    } else if (status == GX_OK) {
        status = run(&command, &err);
    }
    if (status != GX_OK) {
        say_error(status, &err);
    }
    gx_arena_destroy(arena);
    return gx_status_exit_code(status);
}
