/* Which members are meant. */
#include "api/lists/segment.h"

#include "api/lists/known.h"

/* So many records share a dictionary before it is made anew: what members are called is different
 * for each. */
enum { ROWS_KEPT = 1024 };

static bool looks_like_circle(gx_slice text) {
    return text.size > 2 && text.data[0] == 'c' && text.data[1] == '-' && text.data[2] >= '0' &&
           text.data[2] <= '9' && !memchr(text.data, ' ', text.size);
}

gx_status gx_segment_read(gx_segment *out, gx_call_env *call, gx_error *err) {
    return gx_segment_read_from(out, call, "segment", err);
}

gx_status gx_segment_read_from(gx_segment *out, gx_call_env *call, const char *argument,
                               gx_error *err) {
    if (gx_arg_has(call->args, argument)) {
        return gx_segment_read_text(out, call, argument, gx_arg_text(call->args, argument), err);
    }
    *out = (gx_segment){.group = GX_NONE, .circle = GX_NONE};
    return GX_OK;
}

gx_status gx_segment_labels(gx_labels *out, gx_call_env *call, gx_slice field, gx_error *err) {
    gx_status status = GX_OK;
    *out = (gx_labels){0};
    for (int i = 0; status == GX_OK && i < 2 && out->count == 0; i++) {
        const char *before = i ? "attr_" : "";
        const char *name =
            gx_arena_printf(call->arena, "%s%.*s", before, (int)field.size, field.data);
        gx_labels_finish(out);
        status = name ? gx_view_labels(out, call->txn, GX_SPACE_USER, name, false, call->job, err)
                      : gx_fail_memory(err, field.size);
    }
    return status;
}

static void drop_columns(gx_segment_row *row) {
    gx_columns_destroy(row->columns);
    row->columns = NULL;
    row->used = 0;
}

void gx_segment_row_finish(gx_segment_row *row) {
    drop_columns(row);
    gx_arena_destroy(row->arena);
    row->arena = NULL;
}

/* The record with the member's id. */
static gx_status with_id(gx_value *out, gx_segment_row *row, gx_txn *txn, uint32_t user,
                         const gx_value *record, gx_error *err) {
    row->arena = row->arena ? row->arena : gx_arena_create();
    if (!row->arena) {
        return gx_fail_memory(err, 0);
    }
    gx_arena_reset(row->arena);
    *out = gx_record_named(row->arena, txn, GX_SPACE_USER, user, record);
    return gx_arena_status(row->arena) == GX_OK ? GX_OK : gx_fail_memory(err, record->size);
}

typedef struct belongs {
    uint32_t group;
    bool found;
} belongs;

static gx_status look(void *user, const gx_membership *member, gx_error *err) {
    belongs *b = user;
    (void)err;
    b->found |= member->group == b->group && member->left_ms == GX_TIME_UNKNOWN;
    return GX_OK;
}

static gx_status passes(bool *out, const gx_segment *segment, gx_segment_row *row,
                        const gx_value *record, gx_error *err) {
    if (row->columns && row->used == ROWS_KEPT) {
        drop_columns(row);
    }
    gx_status status = row->columns ? GX_OK : gx_columns_create(&row->columns, err);
    if (status == GX_OK) {
        status = gx_columns_set(row->columns, row->used, record, err);
    }
    if (status == GX_OK) {
        *out = gx_where_row(segment->where, row->columns, row->used++);
    }
    return status;
}

gx_status gx_segment_has(bool *out, const gx_segment *segment, gx_segment_row *row, gx_txn *txn,
                         uint32_t user, const gx_value *record, gx_error *err) {
    gx_status status = GX_OK;
    gx_value named;
    *out = !segment->given;
    if (segment->group != GX_NONE) {
        belongs b = {.group = segment->group};
        status = gx_member_of_user(txn, user, look, &b, err);
        *out = b.found;
    } else if (segment->by_circle) {
        *out = user < segment->users && segment->community[user] == segment->circle;
    } else if (segment->where && segment->by_id) {
        status = with_id(&named, row, txn, user, record, err);
        status = status == GX_OK ? passes(out, segment, row, &named, err) : status;
    } else if (segment->where) {
        status = passes(out, segment, row, record, err);
    }
    return status;
}

/* not_found: nobody passes the expression, and nobody has a text that it looks for. */
static gx_status refuse_nobodys(const gx_segment *segment, gx_call_env *call, const char *argument,
                                gx_error *err) {
    enum { LOOK = 4096 };
    const uint32_t users = gx_word_count(call->txn, GX_SPACE_USER);
    gx_error own = {0};
    gx_segment_row row = {0};
    gx_arena *arena = NULL;
    bool has = false;
    gx_status status = gx_known_member_texts(call, argument, segment->where, &own);
    if (status != GX_NOT_FOUND) {
        return status == GX_OK ? GX_OK : gx_fail_at(err, status, argument, "%s", own.message);
    }
    arena = gx_arena_create();
    status = arena ? GX_OK : gx_fail_memory(err, 0);
    for (uint32_t v = 0; status == GX_OK && v < users && !has; v++) {
        gx_value record;
        if (v % LOOK == 0) {
            gx_arena_reset(arena);
            GX_TRY(gx_job_check(call->job, err));
        }
        GX_TRY(gx_record_get(&record, call->txn, arena, GX_SPACE_USER, v, err));
        GX_TRY(gx_segment_has(&has, segment, &row, call->txn, v, &record, err));
    }
    if (status == GX_OK && !has) {
        status = gx_fail_at(err, GX_NOT_FOUND, argument, "%s", own.message);
    }
done:
    gx_segment_row_finish(&row);
    gx_arena_destroy(arena);
    return status;
}

gx_status gx_segment_read_text(gx_segment *out, gx_call_env *call, const char *argument,
                               gx_slice text, gx_error *err) {
    gx_segment s = {.given = true, .group = GX_NONE, .circle = GX_NONE};
    gx_status status = GX_OK;
    gx_where *where = NULL;
    if (gx_word_find(&s.group, call->txn, GX_SPACE_GROUP, text) != GX_OK) {
        s.group = GX_NONE;
        s.by_circle = looks_like_circle(text);
    }
    if (s.by_circle) {
        GX_TRY(gx_community_parse(&s.circle, argument, text, call->state, err));
        s.users = call->state->users;
        GX_TRY(gx_need_array(&s.community, call->state, "leiden.community", GX_U32, s.users, err));
    } else if (s.group == GX_NONE) {
        gx_error own = {0};
        status = gx_where_compile(&where, call->arena, text, &own);
        if (status == GX_BAD_REQUEST) {
            char shown[80];
            return gx_fail_at(err, GX_BAD_REQUEST, argument,
                              "%s: %s is neither a group of the store nor a circle like c-17, "
                              "and no expression: %s",
                              argument, gx_quote(shown, sizeof shown, text.data, text.size),
                              own.message);
        }
        if (status != GX_OK) {
            return gx_fail(err, status, "%s", own.message);
        }
        GX_TRY(gx_known_member_fields(call, argument, where, err));
        s.where = where;
        s.by_id = gx_where_names(where, gx_slice_of(gx_key_column(GX_SPACE_USER)));
        GX_TRY(refuse_nobodys(&s, call, argument, err));
    }
    *out = s;
done:
    return status;
}

gx_status gx_segment_mark(uint8_t *mask, uint32_t count, gx_call_env *call, const char *argument,
                          gx_error *err) {
    enum { LOOK = 4096 };
    gx_status status = GX_OK;
    gx_segment segment;
    gx_segment_row row = {0};
    gx_arena *own = gx_arena_create();
    if (!own) {
        return gx_fail_memory(err, 0);
    }
    GX_TRY(gx_segment_read_from(&segment, call, argument, err));
    for (uint32_t v = 0; v < count; v++) {
        gx_value record = gx_nil();
        bool has = false;
        if (v % LOOK == 0) {
            gx_arena_reset(own);
            GX_TRY(gx_job_check(call->job, err));
        }
        if (segment.where) {
            GX_TRY(gx_record_get(&record, call->txn, own, GX_SPACE_USER, v, err));
        }
        GX_TRY(gx_segment_has(&has, &segment, &row, call->txn, v, &record, err));
        mask[v] = has;
    }
done:
    gx_segment_row_finish(&row);
    gx_arena_destroy(own);
    return status;
}
