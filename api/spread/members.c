/* Numbers and marks for members, out of arguments. */
#include "api/lists/segment.h"
#include "api/lists/topic.h"
#include "api/spread/spread.h"

#include <math.h>
#include <stdio.h>

/* ---- numbers ----------------------------------------------------------------------------------
 */

typedef struct reading {
    const gx_spread *spread;
    const char *argument, *field, *longer; /* the field, and with attr_ before it */
    double *out;
    uint64_t found;
} reading;

static gx_status take_number(reading *r, uint32_t user, const gx_value *value, gx_error *err) {
    double number = (double)NAN;
    const bool read = gx_value_as_number(value, &number);
    if (!read || !(number >= 0 && number <= GX_WORTH_MOST)) {
        char shown[60], given[60] = "something that is no number";
        const gx_slice name = gx_word_name(r->spread->call->txn, GX_SPACE_USER, user);
        if (value->type == GX_TEXT) {
            gx_quote(given, sizeof given, value->as.text, value->size);
        } else if (read) {
            snprintf(given, sizeof given, "%g", number);
        }
        return gx_fail_at(
            err, GX_BAD_REQUEST, r->argument, "%s: %s has %s; accepted is a number from 0 to %g",
            r->argument, gx_quote(shown, sizeof shown, name.data, name.size), given, GX_WORTH_MOST);
    }
    r->out[user] = number;
    r->found++;
    return GX_OK;
}

static gx_status take_field(void *user, uint32_t id, const gx_value *fields, gx_error *err) {
    reading *r = user;
    const gx_value *value = gx_map_get(fields, r->field);
    value = value ? value : gx_map_get(fields, r->longer);
    const bool none = !value || value->type == GX_NIL || (value->type == GX_TEXT && !value->size);
    return none || id >= r->spread->n ? GX_OK : take_number(r, id, value, err);
}

static gx_status take_map(reading *r, const gx_value *map, gx_error *err) {
    gx_status status = GX_OK;
    for (uint32_t i = 0; status == GX_OK && i < map->size; i++) {
        const gx_pair *pair = &map->as.pairs[i];
        const gx_slice name = {pair->key.as.text, pair->key.size};
        uint32_t user;
        status = gx_need_word(&user, r->spread->call->txn, GX_SPACE_USER, name, err);
        if (status == GX_OK && user < r->spread->n) {
            status = take_number(r, user, &pair->value, err);
        }
    }
    return status;
}

gx_status gx_spread_numbers(double *out, const gx_spread *spread, const char *argument,
                            double otherwise, gx_error *err) {
    gx_arena *arena = spread->call->arena;
    const gx_value *given = gx_arg_value(spread->call->args, argument);
    reading r = {.spread = spread, .argument = argument, .out = out};
    gx_status status;
    for (uint32_t v = 0; v < spread->n; v++) {
        out[v] = otherwise;
    }
    if (given->type == GX_MAP) {
        return take_map(&r, given, err);
    }
    if (given->type != GX_TEXT) {
        return gx_fail_at(err, GX_BAD_REQUEST, argument,
                          "%s is neither the name of a field nor a map of members to numbers",
                          argument);
    }
    r.field = gx_arena_printf(arena, "%.*s", (int)given->size, given->as.text);
    r.longer = gx_arena_printf(arena, "attr_%.*s", (int)given->size, given->as.text);
    if (!r.field || !r.longer) {
        return gx_fail_memory(err, given->size);
    }
    status = gx_record_each(spread->call->txn, GX_SPACE_USER, take_field, &r, err);
    if (status == GX_OK && r.found == 0) {
        char shown[60];
        return gx_fail_at(err, GX_BAD_REQUEST, argument, "%s: no member has a number called %s",
                          argument, gx_quote(shown, sizeof shown, given->as.text, given->size));
    }
    return status;
}

/* ---- worth ------------------------------------------------------------------------------------
 */

/* mask[v] = 1 for those with a signal for an item of the category, and more for than against it. */
static gx_status mark_takers(uint8_t *mask, const gx_spread *spread, gx_slice category,
                             gx_error *err) {
    gx_call_env *call = spread->call;
    uint8_t *wanted = NULL;
    gx_views views = {0};
    gx_status status = GX_OK;
    GX_TRY(gx_views_make(&views, call->db->store, &call->state->rules, GX_NEED_MATRIX, NULL,
                         call->job, err));
    const gx_matrix *m = &views.matrix;
    GX_TRY(gx_job_alloc(call->job, &wanted, (size_t)m->cols + 1, 1, err));
    GX_TRY(
        gx_topic_mark(wanted, m->cols, call, "category", gx_slice_of("category"), category, err));
    for (uint32_t u = 0; u < m->rows && u < spread->n; u++) {
        for (uint64_t k = m->ptr[u]; k < m->ptr[u + 1] && !mask[u]; k++) {
            mask[u] = wanted[m->col[k]];
        }
    }
done:
    gx_job_free(call->job, wanted);
    gx_views_finish(&views);
    return status;
}

/* worth[v] = 0 for those that are not marked; bad_request where nobody is left. */
static gx_status keep_marked(double *worth, const uint8_t *mask, const gx_spread *spread,
                             const char *argument, gx_error *err) {
    double left = 0;
    for (uint32_t v = 0; v < spread->n; v++) {
        worth[v] = mask[v] ? worth[v] : 0;
        left += worth[v];
    }
    if (left > 0) {
        return GX_OK;
    }
    const gx_slice given = gx_arg_text(spread->call->args, argument);
    char shown[80];
    return gx_fail_at(err, GX_BAD_REQUEST, argument, "%s: nobody is left to be reached with %s",
                      argument, gx_quote(shown, sizeof shown, given.data, given.size));
}

gx_status gx_spread_worth(double **out, const gx_spread *spread, gx_error *err) {
    gx_status status = GX_OK;
    const gx_args *args = spread->call->args;
    gx_job *job = spread->call->job;
    const bool by_audience = gx_arg_has(args, "audience"), by_weight = gx_arg_has(args, "weight");
    const bool by_category = gx_arg_has(args, "category");
    uint8_t *mask = NULL;
    double *worth = NULL;
    *out = NULL;
    if (!by_audience && !by_weight && !by_category && !spread->gone) {
        return GX_OK;
    }
    GX_TRY(gx_job_alloc(job, &worth, spread->n, sizeof *worth, err));
    GX_TRY(gx_job_alloc(job, &mask, spread->n, 1, err));
    for (uint32_t v = 0; v < spread->n; v++) {
        worth[v] = 1;
    }
    if (by_weight) {
        GX_TRY(gx_spread_numbers(worth, spread, "weight", 0, err));
    }
    for (uint32_t v = 0; spread->gone && v < spread->n; v++) {
        worth[v] = spread->gone[v] ? 0 : worth[v];
    }
    if (by_audience) {
        GX_TRY(gx_segment_mark(mask, spread->n, spread->call, "audience", err));
        GX_TRY(keep_marked(worth, mask, spread, "audience", err));
    }
    if (by_category) {
        memset(mask, 0, spread->n);
        GX_TRY(mark_takers(mask, spread, gx_arg_text(args, "category"), err));
        GX_TRY(keep_marked(worth, mask, spread, "category", err));
    }
    *out = worth;
    worth = NULL;
done:
    gx_job_free(job, mask);
    gx_job_free(job, worth);
    return status;
}
