/* Running one pass: its needs, its parameters and its estimate are checked before it starts, what
 * it promised to give is checked before anybody sees it, and a failure leaves nothing behind. */
#include "graph/pass/pass.h"

#include <assert.h>
#include <stdio.h>

enum { NAME_MAX_BYTES = 128 };

const char *gx_kind_name(gx_kind kind) {
    static const char *const names[] = {
        [GX_KIND_CENTRALITY] = "centrality",
        [GX_KIND_COMMUNITY] = "community",
        [GX_KIND_TIE] = "tie",
        [GX_KIND_LEADERS] = "leaders",
        [GX_KIND_PROFILE] = "profile",
        [GX_KIND_MODEL] = "model",
    };
    static_assert(GX_COUNT(names) == GX_KIND_COUNT, "a name for each kind");
    return (unsigned)kind < GX_KIND_COUNT ? names[kind] : "unknown";
}

const gx_pass *gx_pass_find(const gx_pass_table *table, const char *name) {
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->rows[i]->name, name) == 0) {
            return table->rows[i];
        }
    }
    return NULL;
}

/* "instance.suffix"; false where it does not fit. */
static bool full_name(char out[NAME_MAX_BYTES], const char *instance, const char *suffix) {
    int bytes = snprintf(out, NAME_MAX_BYTES, "%s.%s", instance, suffix);
    return bytes > 0 && bytes < NAME_MAX_BYTES;
}

gx_status gx_output_add(void *out_data, gx_output *out, const char *suffix, gx_dtype dtype,
                        uint64_t rows, uint64_t cols, gx_error *err) {
    char name[NAME_MAX_BYTES];
    if (!full_name(name, out->instance, suffix)) {
        return gx_fail_at(err, GX_BAD_REQUEST, "instance", "the name %s.%s is over %d bytes",
                          out->instance, suffix, NAME_MAX_BYTES - 1);
    }
    return gx_arrays_add(out_data, out->arrays, name, dtype, rows, cols, out->job, err);
}

const gx_array *gx_result_find(const gx_arrays *arrays, const char *instance, const char *suffix) {
    char name[NAME_MAX_BYTES];
    return arrays && full_name(name, instance, suffix) ? gx_arrays_find(arrays, name) : NULL;
}

const void *gx_result_get(const gx_arrays *arrays, const char *instance, const char *suffix,
                          gx_dtype dtype, uint64_t rows) {
    char name[NAME_MAX_BYTES];
    if (!arrays || !full_name(name, instance, suffix)) {
        return NULL;
    }
    return gx_arrays_get(arrays, name, dtype, rows);
}

/* ---- before the run -------------------------------------------------------------------------- */

unsigned gx_pass_reads(const gx_pass *pass, unsigned views, const gx_args *args) {
    return pass->reads ? views & pass->reads(args) : views;
}

static gx_status check_needs(const gx_pass *pass, const gx_input *input, const gx_args *args,
                             gx_error *err) {
    const unsigned asked = gx_pass_reads(pass, pass->needs, args);
    const struct {
        unsigned need;
        bool met;
        const char *what;
    } needs[] = {
        {GX_NEED_GRAPH, input->graph, "the graph of ties"},
        {GX_NEED_IN, input->graph && input->graph->in_ptr, "the in-arrays of the graph"},
        {GX_NEED_UNDIRECTED, input->undirected, "the undirected graph"},
        {GX_NEED_MATRIX, input->matrix, "the matrix of members and items"},
        {GX_NEED_CATEGORY, input->category, "the categories of items"},
        {GX_NEED_TIMES, input->times, "the times of ties"},
        {GX_NEED_GROUPS, input->groups, "the members of groups"},
        {GX_NEED_ACTS, input->acts, "what members did to each other"},
        {GX_NEED_BOUGHT, input->bought, "the purchases"},
        {GX_NEED_FACTS, input->facts, "what members did"},
        {GX_NEED_FIRST, input->first, "when members first acted on items"},
        {GX_NEED_TAKES, input->takes, "who took and passed on what first"},
    };
    for (size_t i = 0; i < GX_COUNT(needs); i++) {
        if (asked & needs[i].need && !needs[i].met) {
            return gx_fail_at(err, GX_BAD_REQUEST, pass->name, "%s needs %s, which is not there",
                              pass->name, needs[i].what);
        }
    }
    for (const char *const *name = pass->arrays; name && *name; name++) {
        if (!input->arrays || !gx_arrays_find(input->arrays, *name)) {
            return gx_fail_at(err, GX_NOT_FOUND, pass->name,
                              "%s needs the array %s, which is not there; run what gives it first",
                              pass->name, *name);
        }
    }
    return GX_OK;
}

/* A graph or matrix of another size than the input says is our own bug, and would read past its
 * end. */
static gx_status check_sizes(const gx_pass *pass, const gx_input *input, gx_error *err) {
    bool right = (!input->graph || input->graph->n == input->users) &&
                 (!input->undirected || input->undirected->n == input->users) &&
                 (!input->matrix ||
                  (input->matrix->rows == input->users && input->matrix->cols == input->items)) &&
                 (!input->category || input->category->n == input->items) &&
                 (!input->times ||
                  (input->times->rows == input->users && input->times->cols == input->users)) &&
                 (!input->acts ||
                  (input->acts->rows == input->users && input->acts->cols == input->users)) &&
                 (!input->bought ||
                  (input->bought->rows == input->users && input->bought->cols == input->items)) &&
                 (!input->first ||
                  (input->first->rows == input->users && input->first->cols == input->items)) &&
                 (!input->takes ||
                  (input->takes->users == input->users && input->takes->items == input->items)) &&
                 (!input->facts || input->facts->n == input->users) &&
                 (!input->groups || input->groups->rows == input->users);
    return right ? GX_OK
                 : gx_fail_at(err, GX_INTERNAL, pass->name,
                              "the input of %s is not of %u members and %u items", pass->name,
                              input->users, input->items);
}

static gx_status check_memory(const gx_pass *pass, const gx_input *input, const gx_args *args,
                              gx_job *job, gx_error *err) {
    gx_estimate estimate = {0};
    uint64_t used = atomic_load(&job->mem_used);
    if (!job->mem_limit) {
        return GX_OK;
    }
    pass->estimate(&estimate, input, args, job->threads);
    if (used > job->mem_limit || estimate.mem_bytes > job->mem_limit - used) {
        char need[GX_BYTES_TEXT], held[GX_BYTES_TEXT], limit[GX_BYTES_TEXT];
        return gx_fail_at(err, GX_OVER_LIMIT, pass->name,
                          "%s needs about %s and %.1f s on top of %s held; the limit is %s",
                          pass->name, gx_bytes_text(need, estimate.mem_bytes), estimate.cpu_s,
                          gx_bytes_text(held, used), gx_bytes_text(limit, job->mem_limit));
    }
    return GX_OK;
}

/* ---- after the run --------------------------------------------------------------------------- */

static gx_status check_gives(const gx_pass *pass, const char *instance, const gx_arrays *arrays,
                             const gx_input *input, gx_error *err) {
    for (size_t i = 0; i < pass->give_count; i++) {
        const gx_gives *g = &pass->gives[i];
        const gx_array *array = gx_result_find(arrays, instance, g->suffix);
        bool right = array && array->dtype == g->dtype &&
                     (g->rows != GX_LEN_USERS || array->shape[0] == input->users) &&
                     (g->rows != GX_LEN_ITEMS || array->shape[0] == input->items);
        if (!right) {
            return gx_fail_at(err, GX_INTERNAL, pass->name, "%s did not give %s.%s as it promises",
                              pass->name, instance, g->suffix);
        }
    }
    return GX_OK;
}

gx_status gx_pass_run(gx_arrays *results, const gx_pass *pass, const char *instance,
                      const gx_input *input, const gx_value *params, gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    gx_output out = {.instance = instance ? instance : pass->name, .job = job};
    gx_args args;
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, sizeof args);
    }
    GX_TRY(gx_args_parse(&args, arena, pass->params, pass->param_count, params, err));
    GX_TRY(check_needs(pass, input, &args, err));
    GX_TRY(check_sizes(pass, input, err));
    GX_TRY(check_memory(pass, input, &args, job, err));
    gx_job_stage(job, pass->name, 0);
    GX_TRY(gx_job_check(job, err));
    GX_TRY(gx_arrays_create(&out.arrays, err));
    GX_TRY(pass->run(&out, input, &args, job, err));
    GX_TRY(check_gives(pass, out.instance, out.arrays, input, err));
    GX_TRY(gx_arrays_move(results, out.arrays, err));
done:
    gx_arrays_drop(out.arrays, job); /* of a run that failed; else they have moved */
    gx_arena_destroy(arena);
    return status;
}
