/* guanxi generate: a random graph as an edge list; alone, the list of them. */
#include "cli/format.h"
#include "datasets/datasets.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const gx_param params[] = {
    {"model", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_POSITIONAL,
     "rmat, ba, lfr or sbm; alone, lists them with their parameters, each of which is a flag"},
    {"labels", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "of lfr and sbm: write the group of each member to this file, `member group` a line"},
    {"estimate", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "only say how large it will be, and what it takes to make it"},
};

static gx_status list_models(gx_command *command, gx_error *err) {
    size_t count;
    const gx_generator *const *rows = gx_generators(&count);
    gx_value list = gx_list(command->arena, 32);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < rows[i]->param_count; k++) {
            const gx_param *param = &rows[i]->params[k];
            gx_value row = gx_map(command->arena, 4);
            gx_map_put(command->arena, &row, "model", gx_str(rows[i]->name));
            gx_map_put(command->arena, &row, "parameter", gx_str(param->name));
            gx_map_put(command->arena, &row, "default",
                       param->fallback ? gx_str(param->fallback) : gx_nil());
            gx_map_put(command->arena, &row, "help", gx_str(param->help));
            gx_list_add(command->arena, &list, row);
        }
    }
    return gx_print(command, &list, NULL, NULL, false, err);
}

/* The models are listed where nothing is said of one. */
static gx_status refuse_without_model(const gx_command *command, gx_error *err) {
    const gx_value *maps[] = {&command->pass_flags, &command->given};
    for (size_t m = 0; m < GX_COUNT(maps); m++) {
        if (maps[m]->size > 0) {
            char flag[64];
            gx_flag_name(flag, sizeof flag, maps[m]->as.pairs[0].key.as.text);
            return gx_fail(err, GX_BAD_REQUEST,
                           "--%s was given without a model; accepted is `guanxi generate MODEL`; "
                           "`guanxi generate` lists the models",
                           flag);
        }
    }
    return GX_OK;
}

static bool is_gzip(const char *path) {
    size_t size = path ? strlen(path) : 0;
    return size > 3 && strcmp(path + size - 3, ".gz") == 0;
}

static gx_status write_labels(const gx_edges *edges, const char *path, gx_job *job, gx_error *err) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        return gx_fail_errno(err, errno, "writing", path);
    }
    gx_status status = gx_edges_write_labels(fd, edges, is_gzip(path), job, err);
    if (close(fd) != 0 && status == GX_OK) {
        status = gx_fail_errno(err, errno, "writing", path);
    }
    return status;
}

static gx_status estimate(gx_command *command, const char *model, gx_error *err) {
    gx_edges_expected expected;
    gx_value row = gx_map(command->arena, 5);
    gx_status status = gx_generate_estimate(&expected, model, &command->pass_flags, err);
    if (status != GX_OK) {
        return status;
    }
    gx_map_put(command->arena, &row, "model", gx_str(model));
    gx_map_put(command->arena, &row, "members", gx_int(expected.n));
    gx_map_put(command->arena, &row, "edges", gx_int((int64_t)expected.m));
    gx_map_put(command->arena, &row, "text_bytes", gx_int((int64_t)expected.text_bytes));
    gx_map_put(command->arena, &row, "mem_bytes", gx_int((int64_t)expected.mem_bytes));
    return gx_print(command, &row, NULL, NULL, false, err);
}

static gx_status run(gx_command *command, gx_error *err) {
    gx_status status = GX_OK;
    gx_edges edges = {0};
    gx_job *job = &command->job;
    if (!gx_arg_has(&command->args, "model")) {
        status = refuse_without_model(command, err);
        return status == GX_OK ? list_models(command, err) : status;
    }
    const char *model = gx_arg_word(&command->args, "model");
    if (gx_arg_bool(&command->args, "estimate") && gx_arg_has(&command->args, "labels")) {
        return gx_fail_at(err, GX_BAD_REQUEST, "labels",
                          "--labels goes without --estimate, which makes no graph");
    }
    if (gx_arg_bool(&command->args, "estimate")) {
        return estimate(command, model, err);
    }
    if (command->format != GX_FORMAT_TABLE) {
        return gx_fail_at(err, GX_BAD_REQUEST, "format",
                          "--format %s: a random graph is written as an edge list; accepted with a "
                          "model is no --format",
                          gx_form_of(command->format)->name);
    }
    const char *labels = gx_arg_word(&command->args, "labels");
    const char *path = gx_arg_word(&command->common, "output");
    const gx_generator *generator = gx_generator_find(model);
    if (labels && generator && !generator->labels) {
        return gx_fail_at(err, GX_BAD_REQUEST, "labels",
                          "%s plants no groups to write to %s; lfr and sbm do", model, labels);
    }
    GX_TRY(gx_generate(&edges, model, &command->pass_flags, job, err));
    if (labels) {
        GX_TRY(write_labels(&edges, labels, job, err));
    }
    GX_TRY(gx_edges_write(fileno(command->out), &edges, is_gzip(path), job, err));
    gx_progress_end(command);
    gx_say(command, "%s: %u members, %llu edges%s%s", model, edges.n, (unsigned long long)edges.m,
           path ? " in " : "", path ? path : "");
done:
    gx_edges_finish(&edges, job);
    return status;
}

static bool more(gx_more *out, size_t i) {
    size_t count;
    const gx_generator *const *rows = gx_generators(&count);
    if (i < count) {
        *out = (gx_more){rows[i]->name, rows[i]->summary, rows[i]->params, rows[i]->param_count};
    }
    return i < count;
}

const gx_verb gx_verb_generate = {
    .name = "generate",
    .group = "quality",
    .summary = "write a random graph: R-MAT, Barabási–Albert, LFR, planted blocks",
    .params = params,
    .param_count = GX_COUNT(params),
    .flags = GX_VERB_NO_TARGET | GX_VERB_NO_SHAPE,
    .more = more,
    .run = run,
    .examples = "  guanxi generate rmat --scale 20 -o rmat20.txt.gz\n"
                "  guanxi generate rmat --scale 26 --estimate\n"
                "  guanxi generate lfr --members 100000 --mu 0.5 -o edges.txt --labels labels.txt\n"
                "  guanxi generate ba --members 1000000 --m 8 --seed 7 | head\n",
};
