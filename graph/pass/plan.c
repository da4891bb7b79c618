/* The plan: a depth-first walk over "needs the array" puts every step after those that give what it
 * needs, adds the ones nobody asked for, and keeps the asked order otherwise. Tables and plans are
 * short, so everything is looked up by walking them. */
#include "graph/pass/pass.h"

#include <math.h>

typedef struct maker {
    const gx_pass_table *const *tables;
    size_t table_count;
    gx_plan_step *todo; /* asked for, then what had to be added */
    uint8_t *mark;      /* of each: 0 or what follows */
    size_t count;
    gx_plan plan;
} maker;

enum { OPEN = 1, DONE }; /* on the way down, in the plan */

static const gx_pass *find_pass(const maker *m, const char *name, size_t bytes) {
    for (size_t t = 0; t < m->table_count; t++) {
        for (size_t i = 0; i < m->tables[t]->count; i++) {
            const gx_pass *pass = m->tables[t]->rows[i];
            if (strncmp(pass->name, name, bytes) == 0 && !pass->name[bytes]) {
                return pass;
            }
        }
    }
    return NULL;
}

static size_t pass_count(const maker *m) {
    size_t count = 0;
    for (size_t t = 0; t < m->table_count; t++) {
        count += m->tables[t]->count;
    }
    return count;
}

static gx_status fail_unknown(const maker *m, const char *name, gx_error *err) {
    size_t count = 0;
    const char **names = gx_alloc(pass_count(m), sizeof *names);
    for (size_t t = 0; names && t < m->table_count; t++) {
        for (size_t i = 0; i < m->tables[t]->count; i++) {
            names[count++] = m->tables[t]->rows[i]->name;
        }
    }
    const char *near = gx_nearest(name, names, count);
    char quoted[80];
    gx_status status = gx_fail_at(err, GX_BAD_REQUEST, "pass", "there is no pass %s%s%s%s",
                                  gx_quote(quoted, sizeof quoted, name, strlen(name)),
                                  near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    gx_free(names);
    return status;
}

static bool gives(const gx_pass *pass, const char *suffix) {
    for (size_t i = 0; i < pass->give_count; i++) {
        if (strcmp(pass->gives[i].suffix, suffix) == 0) {
            return true;
        }
    }
    return false;
}

/* The step that gives the array "instance.suffix": one asked for under that name, else the pass
 * that is called so, added to the end of the list. */
static gx_status find_giver(size_t *out, maker *m, const gx_pass *needing, const char *array,
                            gx_error *err) {
    const char *dot = strrchr(array, '.');
    size_t bytes = dot ? (size_t)(dot - array) : 0;
    for (size_t i = 0; i < m->count; i++) {
        const char *instance = m->todo[i].instance;
        if (strncmp(instance, array, bytes) == 0 && !instance[bytes] && dot &&
            gives(m->todo[i].pass, dot + 1)) {
            *out = i;
            return GX_OK;
        }
    }
    const gx_pass *pass = find_pass(m, array, bytes);
    if (!dot || !pass || !gives(pass, dot + 1)) {
        return gx_fail_at(err, GX_BAD_REQUEST, needing->name,
                          "%s needs the array %s, which no pass gives", needing->name, array);
    }
    m->todo[m->count] = (gx_plan_step){.pass = pass, .instance = pass->name};
    *out = m->count++;
    return GX_OK;
}

/* The views a step reads; all that its pass may, where its parameters are wrong: the run says so.
 */
static gx_status add_needs(unsigned *needs, const gx_plan_step *step, gx_error *err) {
    const gx_pass *pass = step->pass;
    const unsigned all = pass->needs | pass->wants;
    if (!pass->reads) {
        *needs |= all;
        return GX_OK;
    }
    gx_args args;
    gx_arena *arena = gx_arena_create();
    if (!arena) {
        return gx_fail_memory(err, sizeof args);
    }
    bool parsed =
        gx_args_parse(&args, arena, pass->params, pass->param_count, step->params, NULL) == GX_OK;
    *needs |= parsed ? gx_pass_reads(pass, all, &args) : all;
    gx_arena_destroy(arena);
    return GX_OK;
}

/* Puts step i behind everything it needs. Depth is bounded by the number of steps. */
static gx_status place(maker *m, size_t i, gx_error *err) {
    gx_status status = GX_OK;
    if (m->mark[i] == DONE) {
        return GX_OK;
    }
    const gx_pass *pass = m->todo[i].pass;
    if (m->mark[i] == OPEN) {
        return gx_fail_at(err, GX_BAD_REQUEST, pass->name, "%s needs, by a circle, its own result",
                          pass->name);
    }
    m->mark[i] = OPEN;
    for (const char *const *array = pass->arrays; array && *array; array++) {
        size_t giver = 0;
        GX_TRY(find_giver(&giver, m, pass, *array, err));
        GX_TRY(place(m, giver, err));
    }
    m->mark[i] = DONE;
    GX_TRY(add_needs(&m->plan.needs, &m->todo[i], err));
    m->plan.steps[m->plan.count++] = m->todo[i];
done:
    return status;
}

static bool same_step(const gx_plan_step *a, const gx_plan_step *b) {
    bool same_params =
        a->params == b->params || (a->params && b->params && gx_value_equal(a->params, b->params));
    return a->pass == b->pass && same_params;
}

/* Copies what was asked for, names resolved; the same step twice counts once. */
static gx_status take_wanted(maker *m, const gx_plan_step *wanted, size_t count, gx_error *err) {
    for (size_t i = 0; i < count; i++) {
        gx_plan_step step = wanted[i];
        if (!step.pass && step.instance) {
            step.pass = find_pass(m, step.instance, strlen(step.instance));
        }
        if (!step.pass) {
            return fail_unknown(m, step.instance ? step.instance : "", err);
        }
        step.instance = step.instance ? step.instance : step.pass->name;
        bool known = false;
        for (size_t k = 0; k < m->count && !known; k++) {
            known = strcmp(m->todo[k].instance, step.instance) == 0;
            if (known && !same_step(&m->todo[k], &step)) {
                return gx_fail_at(err, GX_BAD_REQUEST, "pass",
                                  "%s is asked for twice, with other parameters; give one of them "
                                  "another name",
                                  step.instance);
            }
        }
        if (!known) {
            m->todo[m->count++] = step;
        }
    }
    return GX_OK;
}

gx_status gx_plan_make(gx_plan *out, const gx_pass_table *const *tables, size_t table_count,
                       const gx_plan_step *wanted, size_t count, gx_error *err) {
    gx_status status = GX_OK;
    maker m = {.tables = tables, .table_count = table_count};
    /* A pass is added at most once under its own name. */
    size_t capacity = count + pass_count(&m);
    m.todo = gx_alloc0(capacity, sizeof *m.todo);
    m.mark = gx_alloc0(capacity, sizeof *m.mark);
    m.plan.steps = gx_alloc0(capacity, sizeof *m.plan.steps);
    if (!m.todo || !m.mark || !m.plan.steps) {
        status = gx_fail_memory(err, capacity * sizeof *m.todo);
        goto done;
    }
    GX_TRY(take_wanted(&m, wanted, count, err));
    for (size_t i = 0, asked = m.count; i < asked; i++) {
        GX_TRY(place(&m, i, err));
    }
    *out = m.plan;
done:
    gx_free(m.todo);
    gx_free(m.mark);
    if (status != GX_OK) {
        gx_free(m.plan.steps);
    }
    return status;
}

/* What a step leaves behind, as far as its description tells. */
static uint64_t result_bytes(const gx_pass *pass, const gx_input *input) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < pass->give_count; i++) {
        const gx_gives *g = &pass->gives[i];
        uint64_t rows = g->rows == GX_LEN_USERS   ? input->users
                        : g->rows == GX_LEN_ITEMS ? input->items
                                                  : 0;
        bytes += rows * gx_dtype_bytes(g->dtype);
    }
    return bytes;
}

gx_estimate gx_plan_estimate(gx_plan *plan, const gx_input *input, int threads) {
    gx_estimate whole = {0};
    uint64_t results = 0;
    for (size_t i = 0; i < plan->count; i++) {
        gx_plan_step *step = &plan->steps[i];
        gx_arena *arena = gx_arena_create();
        gx_args args;
        step->estimate = (gx_estimate){0};
        /* Parameters that do not parse are told when the plan runs. */
        if (arena && gx_args_parse(&args, arena, step->pass->params, step->pass->param_count,
                                   step->params, NULL) == GX_OK) {
            step->pass->estimate(&step->estimate, input, &args, threads);
        }
        gx_arena_destroy(arena);
        whole.cpu_s += step->estimate.cpu_s;
        whole.cpu_most_s += fmax(step->estimate.cpu_s, step->estimate.cpu_most_s);
        if (results + step->estimate.mem_bytes > whole.mem_bytes) {
            whole.mem_bytes = results + step->estimate.mem_bytes;
        }
        results += result_bytes(step->pass, input) + step->estimate.kept_bytes;
    }
    whole.kept_bytes = results;
    return whole;
}

gx_status gx_plan_run(gx_arrays *results, const gx_plan *plan, gx_input *input, gx_job *job,
                      gx_error *err) {
    gx_status status = GX_OK;
    input->arrays = results;
    for (size_t i = 0; i < plan->count; i++) {
        const gx_plan_step *step = &plan->steps[i];
        GX_TRY(gx_pass_run(results, step->pass, step->instance, input, step->params, job, err));
    }
done:
    return status;
}

void gx_plan_finish(gx_plan *plan) {
    gx_free(plan->steps);
    *plan = (gx_plan){0};
}
