/* audience.overlap: how many members two audiences have in common (R32), from the store as it is
 * now. An audience is a group, a circle, an expression over members' fields, those who took to
 * something of a brand, category or other field of items, or a list of members.
 *
 *   jaccard = both / (a + b − both)      lift = both · N / (a · b)
 *
 * A count below `min_count` is not told, nor one that it could be worked out from. */
#include "api/lists/lists.h"
#include "api/lists/segment.h"
#include "api/lists/topic.h"
#include "api/privacy.h"

/* clang-format off */
#define AUDIENCE_HELP                                                                              \
    "a group, a circle like c-17, brand:NAME, category:NAME, item:ID or another field of items, an expression over members' fields, or a list of members"

static const gx_param params[] = {
    {"a", GX_PARAM_ANY, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "one audience: " AUDIENCE_HELP},
    {"b", GX_PARAM_ANY, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "the other, said the same way"},
    {"took", GX_PARAM_CHOICE, NULL, GX_PARAM_UNCHECKED, NULL, "any|bought", 0,
     "of brands, categories and items: who has more for one of them than against it (any, unless said), or who bought one and did not give it back, whatever they think of it"},
    {"exact", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "tell counts below min_count too: not to be passed on"},
};
/* clang-format on */

/* One of the two. */
typedef struct side {
    const char *argument, *kind;
    uint8_t *mask; /* members; the job's */
    uint32_t size;
    gx_value unknown; /* of a list: ids that the store does not know */
} side;

typedef struct overlap {
    gx_call_env *call;
    gx_views views; /* made once, for who took what */
    bool has_views;
    uint32_t users, members; /* numbers given, and those of them who are still there */
    side side[2];
    uint32_t both;
} overlap;

/* ---- who is meant -----------------------------------------------------------------------------
 */

/* "brand:acme" → brand, acme; false: it is said another way. */
static bool split_field(gx_slice *field, gx_slice *text, gx_slice given) {
    size_t i = 0;
    while (i < given.size &&
           ((given.data[i] >= 'a' && given.data[i] <= 'z') || given.data[i] == '_')) {
        i++;
    }
    *field = (gx_slice){given.data, i};
    const bool split = i > 0 && i + 1 < given.size && given.data[i] == ':';
    *text = split ? (gx_slice){given.data + i + 1, given.size - i - 1} : (gx_slice){"", 0};
    return split;
}

static gx_status mark_takers(overlap *o, side *s, gx_slice field, gx_slice text, gx_error *err) {
    gx_call_env *call = o->call;
    gx_status status = GX_OK;
    uint8_t *wanted = NULL;
    if (!o->has_views) {
        GX_TRY(gx_views_make(&o->views, call->db->store, &call->state->rules, GX_NEED_MATRIX, NULL,
                             call->job, err));
        o->has_views = true;
        if (gx_arg_is(call->args, "took", "bought")) {
            GX_TRY(gx_views_own(&o->views, call->db->store, &call->state->rules, err));
        }
    }
    const bool bought = gx_arg_is(call->args, "took", "bought");
    const gx_matrix *m = bought ? &o->views.owned : &o->views.matrix;
    GX_TRY(gx_job_alloc(call->job, &wanted, (size_t)o->views.matrix.cols + 1, 1, err));
    GX_TRY(gx_topic_mark(wanted, o->views.matrix.cols, call, s->argument, field, text, err));
    for (uint32_t u = 0; u < o->users && u < m->rows; u++) {
        for (uint64_t k = m->ptr[u]; k < m->ptr[u + 1] && !s->mask[u]; k++) {
            s->mask[u] = wanted[m->col[k]];
        }
    }
done:
    gx_job_free(call->job, wanted);
    return status;
}

static gx_status mark_list(const overlap *o, side *s, gx_error *err) {
    gx_lists_ids ids;
    const gx_status status = gx_lists_find(&ids, o->call, GX_SPACE_USER, s->argument, err);
    for (uint32_t i = 0; status == GX_OK && i < ids.count; i++) {
        if (ids.id[i] < o->users) {
            s->mask[ids.id[i]] = 1;
        }
    }
    s->unknown = status == GX_OK ? ids.unknown : gx_nil();
    return status;
}

static gx_status mark_segment(const overlap *o, side *s, gx_error *err) {
    uint32_t user;
    gx_error own = {0};
    const gx_status status = gx_segment_mark(s->mask, o->users, o->call, s->argument, &own);
    const gx_slice said = gx_arg_text(o->call->args, s->argument);
    if (status == GX_BAD_REQUEST &&
        gx_word_find(&user, o->call->txn, GX_SPACE_USER, said) == GX_OK) {
        char shown[80];
        return gx_fail_at(err, GX_BAD_REQUEST, s->argument,
                          "%s: %s is a member; accepted is a list of members, which of one alone "
                          "is \"%.*s,\" on the command line",
                          s->argument, gx_quote(shown, sizeof shown, said.data, said.size),
                          (int)said.size, said.data);
    }
    return status == GX_OK ? GX_OK : gx_fail_at(err, status, s->argument, "%s", own.message);
}

static gx_status mark(overlap *o, side *s, gx_error *err) {
    gx_call_env *call = o->call;
    const gx_value *given = gx_arg_value(call->args, s->argument);
    const gx_slice said = gx_arg_text(call->args, s->argument);
    gx_slice field = {"", 0}, text = {"", 0};
    uint32_t group;
    gx_status status = gx_job_alloc(call->job, &s->mask, (size_t)o->users + 1, 1, err);
    if (status != GX_OK) {
        return status;
    }
    const bool is_group =
        said.size > 0 && gx_word_find(&group, call->txn, GX_SPACE_GROUP, said) == GX_OK;
    const bool is_field = !is_group && split_field(&field, &text, said);
    if (given->type == GX_LIST && given->size > 0) {
        s->kind = "list";
        status = mark_list(o, s, err);
    } else if (is_field) {
        s->kind = gx_arena_printf(call->arena, "%.*s", (int)field.size, field.data);
        status = mark_takers(o, s, field, text, err);
    } else if (said.size > 0) {
        const bool circle = said.size > 2 && said.data[0] == 'c' && said.data[1] == '-';
        s->kind = is_group ? "group" : circle ? "circle" : "expression";
        status = mark_segment(o, s, err);
    } else {
        status = gx_fail_at(err, GX_BAD_REQUEST, s->argument,
                            "%s: nothing was given; accepted is " AUDIENCE_HELP, s->argument);
    }
    return status;
}

static gx_status check_took(const overlap *o, gx_error *err) {
    if (!gx_arg_has(o->call->args, "took") || o->has_views) {
        return GX_OK;
    }
    return gx_fail_at(err, GX_BAD_REQUEST, "took",
                      "took was given, and neither audience (%s, %s) is of items; it goes with "
                      "brand:NAME, category:NAME, "
                      "item:ID or another field of items",
                      o->side[0].kind, o->side[1].kind);
}

static void count(overlap *o) {
    for (uint32_t u = 0; u < o->users; u++) {
        const bool there = gx_word_name(o->call->txn, GX_SPACE_USER, u).size > 0;
        const bool a = there && o->side[0].mask[u], b = there && o->side[1].mask[u];
        o->members += there;
        o->side[0].size += a;
        o->side[1].size += b;
        o->both += a && b;
    }
}

/* ---- the answer -------------------------------------------------------------------------------
 */

static gx_value number(bool told, uint32_t number) {
    return told ? gx_int(number) : gx_nil();
}

static gx_value ratio(bool told, double over, double under) {
    return told && under > 0 ? gx_real(over / under) : gx_nil();
}

static gx_value side_row(const overlap *o, const side *s, bool size, bool parts) {
    gx_arena *arena = o->call->arena;
    gx_value row = gx_map(arena, 6);
    const gx_value *given = gx_arg_value(o->call->args, s->argument);
    gx_map_put(arena, &row, "name", given->type == GX_TEXT ? *given : gx_str("list"));
    gx_map_put(arena, &row, "kind", gx_str(s->kind ? s->kind : ""));
    gx_map_put(arena, &row, "members", number(size, s->size));
    gx_map_put(arena, &row, "share", ratio(size, s->size, o->members));
    gx_map_put(arena, &row, "only", number(parts, s->size - o->both));
    gx_map_put(arena, &row, "common", ratio(parts, o->both, s->size));
    return row;
}

static gx_value unknown_of(const overlap *o) {
    gx_value list = gx_list(o->call->arena, 1);
    for (int i = 0; i < 2; i++) {
        const gx_value *ids = &o->side[i].unknown;
        for (uint32_t k = 0; ids->type == GX_LIST && k < ids->size; k++) {
            gx_list_add(o->call->arena, &list, ids->as.items[k]);
        }
    }
    return list;
}

/* The parts (both, only a, only b) follow from each other and the sizes: one that is too small
 * hides them all. */
static gx_status answer(gx_value *out, const overlap *o, gx_error *err) {
    gx_call_env *call = o->call;
    gx_arena *arena = call->arena;
    const side *a = &o->side[0], *b = &o->side[1];
    const uint32_t only_a = a->size - o->both, only_b = b->size - o->both;
    const uint32_t all = a->size + only_b;
    uint32_t least;
    const gx_status status = gx_min_count(&least, call->txn, arena, err);
    if (status != GX_OK) {
        return status;
    }
    least = gx_arg_bool(call->args, "exact") ? 0 : least;
    const bool size_a = a->size >= least, size_b = b->size >= least;
    const bool parts = o->both >= least && only_a >= least && only_b >= least;
    gx_value row = gx_map(arena, 10), less = gx_nil();
    if (!size_a || !size_b || !parts) {
        const char *which = !size_a || !size_b ? "an audience"
                                               : "the overlap, or what is left of an "
                                                 "audience without it,";
        char *text = gx_arena_printf(arena,
                                     "%s has fewer than %u members: hidden; exact tells it, "
                                     "not to be passed on",
                                     which, least);
        less = gx_str(text ? text : "");
    }
    gx_map_put(arena, &row, "members", gx_int(o->members));
    gx_map_put(arena, &row, "a", side_row(o, a, size_a, parts));
    gx_map_put(arena, &row, "b", side_row(o, b, size_b, parts));
    gx_map_put(arena, &row, "both", number(parts, o->both));
    gx_map_put(arena, &row, "either", number(parts, all));
    gx_map_put(arena, &row, "jaccard", ratio(parts, o->both, all));
    gx_map_put(arena, &row, "expected",
               ratio(size_a && size_b, (double)a->size * b->size, o->members));
    gx_map_put(arena, &row, "lift",
               ratio(parts, (double)o->both * o->members, (double)a->size * b->size));
    gx_map_put(arena, &row, "unknown", unknown_of(o));
    gx_map_put(arena, &row, "short", less);
    *out = row;
    return GX_OK;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    overlap o = {.call = call, .side = {{.argument = "a"}, {.argument = "b"}}};
    o.users = gx_word_count(call->txn, GX_SPACE_USER);
    for (int i = 0; i < 2; i++) {
        GX_TRY(mark(&o, &o.side[i], err));
    }
    GX_TRY(check_took(&o, err));
    count(&o);
    GX_TRY(answer(out, &o, err));
done:
    gx_job_free(call->job, o.side[0].mask);
    gx_job_free(call->job, o.side[1].mask);
    if (o.has_views) {
        gx_views_finish(&o.views);
    }
    return status;
}

const gx_method gx_method_audience_overlap = {
    .name = "audience.overlap",
    .summary = "how many members two groups, circles, brands, segments or lists have in common",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result = "{members, a: {name, kind, members, share, only, common}, b: {…}, both, either, "
              "jaccard, expected, lift, unknown, short}",
    .run = run,
};
