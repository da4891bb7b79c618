/* Items by what they are, and who leads among those who act on them. */
#include "api/lists/topic.h"

#include "api/lists/filter.h"
#include "api/lists/known.h"

/* ---- items by a field ------------------------------------------------------------------------
 */

/* The column that a field is kept as; NULL: there is none, or memory ended. */
static const char *column_of(gx_arena *arena, const gx_columns *columns, gx_slice field) {
    const bool tag = gx_slice_is(field, "tag");
    const char *name =
        gx_arena_printf(arena, "%.*s%s", (int)field.size, field.data, tag ? "s" : "");
    if (name && !gx_columns_has(columns, name)) {
        name = gx_arena_printf(arena, "attr_%s", name);
    }
    return name && gx_columns_has(columns, name) ? name : NULL;
}

/* `text` as what else it may stand for, a number or a truth; NULL: it is a text only. */
static gx_status as_where(gx_where **out, gx_arena *arena, const char *column, gx_slice text,
                          gx_error *err) {
    double number;
    char *where = NULL;
    *out = NULL;
    if (strchr(column, '`')) { /* no expression can name it */
        return GX_OK;
    }
    if (gx_slice_is(text, "true") || gx_slice_is(text, "false")) {
        where = gx_arena_printf(arena, "`%s` = %.*s", column, (int)text.size, text.data);
    } else if (gx_parse_real(text, &number)) {
        where = gx_arena_printf(arena, "`%s` = %.17g", column, number);
    } else {
        return GX_OK;
    }
    return where ? gx_where_compile(out, arena, gx_slice_of(where), err)
                 : gx_fail_memory(err, text.size);
}

static gx_status mark_rows(uint8_t *wanted, uint32_t *found, uint32_t items, gx_arena *arena,
                           const gx_columns *columns, const char *column, bool path, gx_slice text,
                           gx_error *err) {
    gx_where *where;
    const gx_status status = as_where(&where, arena, column, text, err);
    for (uint32_t i = 0; status == GX_OK && i < items; i++) {
        const bool is = (path ? gx_columns_is_path(columns, i, column, text)
                              : gx_columns_is(columns, i, column, text)) ||
                        (where && gx_where_row(where, columns, i));
        wanted[i] |= is;
        *found += is;
    }
    return status;
}

gx_status gx_topic_mark(uint8_t *wanted, uint32_t items, gx_call_env *call, const char *argument,
                        gx_slice field, gx_slice text, gx_error *err) {
    const gx_columns *columns = NULL;
    gx_arena *arena = call->arena;
    gx_status status = GX_OK;
    uint32_t found = 0;
    if (gx_slice_is(field, "item")) {
        uint32_t item;
        GX_TRY(gx_need_word(&item, call->txn, GX_SPACE_ITEM, text, err));
        if (item < items) {
            wanted[item] = 1;
        }
        return GX_OK;
    }
    GX_TRY(gx_filter_lock(&columns, call, err));
    const char *column = column_of(arena, columns, field);
    if (!column) {
        GX_TRY(gx_arena_status(arena) == GX_OK
                   ? gx_known_no_field(arena, columns, argument, "item", field, err)
                   : gx_fail_memory(err, field.size));
    }
    GX_TRY(mark_rows(wanted, &found, items, arena, columns, column, gx_slice_is(field, "category"),
                     text, err));
    if (found == 0) {
        GX_TRY(gx_known_no_text(arena, columns, argument, "item", column, field, text, err));
    }
done:
    if (columns) {
        gx_db_items_unlock(call->db);
    }
    return status;
}

/* ---- leaders of a topic ----------------------------------------------------------------------
 */

gx_status gx_topic_of_path(gx_value *of, gx_arena *arena, gx_slice category, gx_error *err) {
    *of = gx_nil();
    if (category.size == 0 || !memchr(category.data, '/', category.size)) {
        return GX_OK;
    }
    char *text = gx_arena_printf(arena, "category=%.*s", (int)category.size, category.data);
    *of = text ? gx_str(text) : gx_nil();
    return text ? GX_OK : gx_fail_memory(err, category.size);
}

/* "FIELD=VALUE", or a value of the field before. */
static gx_status read_entry(gx_slice *field, gx_slice *text, const gx_value *entry,
                            const char *argument, gx_error *err) {
    char shown[80];
    const bool is_text = entry->type == GX_TEXT;
    const gx_slice given = is_text ? (gx_slice){entry->as.text, entry->size} : (gx_slice){"", 0};
    const char *equals = given.size ? memchr(given.data, '=', given.size) : NULL;
    if (equals) {
        const size_t size = (size_t)(equals - given.data);
        *field = (gx_slice){given.data, size};
        *text = (gx_slice){equals + 1, given.size - size - 1};
    } else {
        *text = given;
    }
    if (field->size > 0 && text->size > 0) {
        return GX_OK;
    }
    return gx_fail_at(err, GX_BAD_REQUEST, argument,
                      "%s: %s was given; accepted is FIELD=VALUE, like category=home/kitchen, "
                      "brand=acme or another field of items",
                      argument, gx_quote(shown, sizeof shown, given.data, given.size));
}

static gx_status mark_all(uint8_t *wanted, uint32_t items, gx_call_env *call, const char *argument,
                          const gx_value *of, gx_error *err) {
    const uint32_t count = of->type == GX_LIST ? of->size : 1;
    gx_slice field = {"", 0}, text;
    gx_status status = GX_OK;
    for (uint32_t i = 0; i < count; i++) {
        const gx_value *entry = of->type == GX_LIST ? &of->as.items[i] : of;
        GX_TRY(read_entry(&field, &text, entry, argument, err));
        GX_TRY(gx_topic_mark(wanted, items, call, argument, field, text, err));
    }
done:
    return status;
}

/* The items that are wanted and the views they are ranked by. */
typedef struct asked {
    uint8_t *wanted; /* by item of the views */
    uint32_t items;  /* that are wanted */
    gx_views views;
    int64_t window_ms;
} asked;

static void asked_finish(asked *a, gx_job *job) {
    gx_views_finish(&a->views);
    gx_job_free(job, a->wanted);
}

/* What cannot be answered is told before the events are read. */
static gx_status read_asked(asked *out, gx_call_env *call, const char *argument, const gx_value *of,
                            gx_error *err) {
    gx_job *job = call->job;
    gx_status status = GX_OK;
    const uint32_t items = gx_word_count(call->txn, GX_SPACE_ITEM);
    const int64_t *window = gx_arrays_get(call->state->arrays, "leaders.window", GX_I64, 1);
    if (!window) {
        GX_TRY(gx_fail_at(err, GX_CONFLICT, argument,
                          "%s: the leaders of this snapshot are of an older program, which did not "
                          "keep what topics are ranked by; `guanxi build` makes them anew",
                          argument));
    }
    out->window_ms = *window;
    GX_TRY(gx_job_alloc(job, &out->wanted, (size_t)items + 1, 1, err));
    GX_TRY(mark_all(out->wanted, items, call, argument, of, err));
    GX_TRY(gx_views_make(&out->views, call->db->store, &call->state->rules,
                         GX_NEED_GRAPH | GX_NEED_IN | GX_NEED_MATRIX | GX_NEED_FIRST |
                             GX_NEED_DEPARTED,
                         NULL, job, err));
    /* Items that were put after the call began are in no topic of it. */
    if (out->views.input.items > items) {
        uint8_t *longer;
        GX_TRY(gx_job_alloc(job, &longer, out->views.input.items, 1, err));
        memcpy(longer, out->wanted, items);
        gx_job_free(job, out->wanted);
        out->wanted = longer;
    }
    for (uint32_t i = 0; i < items; i++) {
        out->items += out->wanted[i];
    }
done:
    return status;
}

gx_status gx_topic_make(gx_topic *out, gx_call_env *call, const gx_leaders *leaders,
                        const char *argument, const gx_value *of, gx_error *err) {
    asked a = {0};
    gx_status status = GX_OK;
    *out = (gx_topic){0};
    GX_TRY(read_asked(&a, call, argument, of, err));
    const gx_leader_scores scores = {
        .score = leaders->score, .count = leaders->count, .window_ms = a.window_ms};
    out->items = a.items;
    GX_TRY(gx_leaders_of_topic(&out->leaders, &a.views.input, a.wanted, &scores, call->job, err));
done:
    asked_finish(&a, call->job);
    return status;
}

gx_status gx_topic_estimate(gx_estimate *out_read, gx_estimate *out_ranking, gx_call_env *call,
                            const char *argument, const gx_value *of, gx_error *err) {
    asked a = {0};
    const int64_t begun = gx_clock_cpu_ns();
    gx_status status = GX_OK;
    GX_TRY(read_asked(&a, call, argument, of, err));
    *out_read = (gx_estimate){.mem_bytes = atomic_load(&call->job->mem_peak),
                              .cpu_s = (double)(gx_clock_cpu_ns() - begun) / 1e9};
    gx_leaders_of_topic_estimate(out_ranking, &a.views.input);
    out_ranking->mem_bytes += atomic_load(&call->job->mem_used);
done:
    asked_finish(&a, call->job);
    return status;
}

void gx_topic_finish(gx_topic *topic) {
    gx_topic_leaders_finish(&topic->leaders);
    topic->items = 0;
}
