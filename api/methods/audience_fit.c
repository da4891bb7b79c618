/* audience.fit: how well each member fits what a community stands for (R13): its positioning, and
 * whom it suits.
 *
 * A member's profile x_u is the share of what they chose that carries each value of an attribute
 * (category on each level, brand, seller, tag, band of prices); c is the mean profile of the K
 * members of the community who chose anything, p that of all. What the community stands for is
 * w_v = told_v ln lift_v, lift = (K c + 10 p) / ((K + 10) p) where that is above 1 and two members
 * or more (one of fewer than five) carry the value; told_v is how much the attribute tells
 * (models/rec/attributes.h). A value that is named counts as the strongest of these. The fit is the
 * cosine of x_u and w; who has departed is not listed. O(events × values of an item). */
#include "api/lists/audience.h"
#include "api/lists/group.h"
#include "api/people/member_rules.h"
#include "api/support.h"

#include <math.h>

enum { SMALL = 5, SHOWN = 20, REASONS = 3, LOOKED_AT = 12 };

enum { LIKES_MOST = 64 };

static const double PRIOR = 10;

/* clang-format off */
static const gx_param params[] = {
    GX_GROUP_PARAMS,
    {"likes", GX_PARAM_LIST, NULL, 1, LIKES_MOST, NULL, NULL, 0,
     "categories, brands, sellers or tags it stands for, beside or without a community"},
    {"who", GX_PARAM_CHOICE, "all", GX_PARAM_UNCHECKED, NULL, "all|inside|outside", 0,
     "everybody, its members or the others"},
    {"n", GX_PARAM_INT, "100", 1, 100000, "members", NULL, 0, "how many"},
    {"why", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0, "say why"},
};
/* clang-format on */

typedef struct fitting {
    gx_audience a;
    const gx_columns *columns;
    const gx_attributes *attributes;
    gx_group group;  /* count 0: none was named */
    double *all;     /* values: the sum of profiles of everybody */
    double *inside;  /* values: of the community */
    uint32_t *carry; /* values: members of the community who carry it */
    double *weight;  /* values */
    double *x;       /* values: of one member; 0 between members */
    double members, chose, norm;
    bool had[LIKES_MOST]; /* of each of likes: whether an item carries it */
} fitting;

/* ---- profiles ------------------------------------------------------------------------------- */

/* Fills x with the member's profile and `touched` with its values; returns how many. What is there
 * is cleared by clear_profile. */
static uint32_t make_profile(const fitting *f, uint32_t *touched, uint32_t user) {
    const gx_matrix *m = &f->a.views.matrix;
    const double count = (double)(m->ptr[user + 1] - m->ptr[user]);
    uint32_t made = 0, row[GX_ATTRIBUTES_MAX];
    for (uint64_t k = m->ptr[user]; k < m->ptr[user + 1]; k++) {
        const uint32_t found = gx_attributes_values(row, f->attributes, f->columns, m->col[k]);
        for (uint32_t v = 0; v < found; v++) {
            if (f->x[row[v]] == 0) {
                touched[made++] = row[v];
            }
            f->x[row[v]] += 1 / count;
        }
    }
    return made;
}

static void clear_profile(const fitting *f, const uint32_t *touched, uint32_t count) {
    for (uint32_t k = 0; k < count; k++) {
        f->x[touched[k]] = 0;
    }
}

static gx_status sum_profiles(fitting *f, uint32_t *touched, gx_error *err) {
    gx_status status = GX_OK;
    const gx_matrix *m = &f->a.views.matrix;
    for (uint32_t u = 0; u < f->a.users; u++) {
        const bool is_inside = f->a.base[u] > 0;
        const uint32_t count = make_profile(f, touched, u);
        for (uint32_t k = 0; k < count; k++) {
            const uint32_t v = touched[k];
            f->all[v] += f->x[v];
            f->inside[v] += is_inside ? f->x[v] : 0;
            f->carry[v] += is_inside;
        }
        clear_profile(f, touched, count);
        f->members += m->ptr[u + 1] > m->ptr[u];
        f->chose += is_inside && m->ptr[u + 1] > m->ptr[u];
        if (u % 4096 == 0) {
            GX_TRY(gx_job_check(f->a.call->job, err));
        }
    }
done:
    return status;
}

/* ---- what the community stands for ----------------------------------------------------------- */

/* The value as the catalogue has it; false where no item carries it any more. */
static bool trait_of(gx_trait *out, const fitting *f, uint32_t value) {
    gx_trait row[GX_ATTRIBUTES_MAX];
    for (uint64_t k = f->attributes->ptr[value]; k < f->attributes->ptr[value + 1]; k++) {
        const uint32_t count = gx_attributes_of(row, f->columns, f->attributes->item[k]);
        for (uint32_t t = 0; t < count; t++) {
            if (row[t].hash == f->attributes->hash[value]) {
                *out = row[t];
                return true;
            }
        }
    }
    return false;
}

/* Whether `likes` has the text; each time it does is told. */
static bool is_named(fitting *f, const gx_value *likes, gx_slice text) {
    bool named = false;
    for (uint32_t k = 0; k < likes->size && k < LIKES_MOST; k++) {
        const gx_value *like = &likes->as.items[k];
        if (text.size > 0 && like->type == GX_TEXT && like->size == text.size &&
            memcmp(like->as.text, text.data, text.size) == 0) {
            named = f->had[k] = true;
        }
    }
    return named;
}

static void weigh(fitting *f) {
    const gx_attributes *a = f->attributes;
    const gx_value *likes = gx_arg_value(f->a.call->args, "likes");
    const double least = f->chose < SMALL ? 1 : 2;
    double most = 0;
    for (uint32_t v = 0; v < a->count && f->members > 0; v++) {
        const double p = f->all[v] / f->members;
        const double lift = p > 0 ? (f->inside[v] + PRIOR * p) / ((f->chose + PRIOR) * p) : 0;
        const bool counts = lift > 1 && f->carry[v] >= least;
        f->weight[v] = counts ? (double)a->weight[v] * log(lift) : 0;
        most = f->weight[v] > most ? f->weight[v] : most;
    }
    for (uint32_t v = 0; v < a->count; v++) {
        gx_trait trait;
        if (likes->type == GX_LIST && trait_of(&trait, f, v) && is_named(f, likes, trait.text)) {
            f->weight[v] = most > 0 ? most : 1;
        }
        f->norm += f->weight[v] * f->weight[v];
    }
}

/* Ids that the store does not know, and things that no item carries; not_found where likes are all
 * there is to go by, and none is known. */
static gx_status find_unknown(gx_value *out, const fitting *f, gx_error *err) {
    gx_arena *arena = f->a.call->arena;
    const gx_value *likes = gx_arg_value(f->a.call->args, "likes");
    const uint32_t count = likes->type == GX_LIST ? likes->size : 0;
    uint32_t unknown = 0;
    char shown[80];
    *out = f->group.count > 0 ? f->group.unknown : gx_list(arena, count);
    for (uint32_t k = 0; k < count && k < LIKES_MOST; k++) {
        if (!f->had[k]) {
            gx_list_add(arena, out, likes->as.items[k]);
            unknown++;
        }
    }
    if (unknown == 0 || unknown < count || f->group.count > 0) {
        return GX_OK;
    }
    const gx_value *first = &likes->as.items[0];
    return gx_fail_at(
        err, GX_NOT_FOUND, "likes", "likes: no item has the category, brand, seller or tag %s%s",
        first->type == GX_TEXT ? gx_quote(shown, sizeof shown, first->as.text, first->size)
                               : "that was given",
        count > 1 ? ", nor one of the others" : "");
}

/* ---- the fit -------------------------------------------------------------------------------- */

static void score(fitting *f, uint32_t *touched, const uint8_t *gone) {
    gx_audience *a = &f->a;
    const bool inside = gx_arg_is(a->call->args, "who", "inside");
    const bool outside = gx_arg_is(a->call->args, "who", "outside");
    for (uint32_t u = 0; u < a->users; u++) {
        const uint32_t count = make_profile(f, touched, u);
        double dot = 0, own = 0;
        for (uint32_t k = 0; k < count; k++) {
            dot += f->x[touched[k]] * f->weight[touched[k]];
            own += f->x[touched[k]] * f->x[touched[k]];
        }
        clear_profile(f, touched, count);
        a->score[u] = own > 0 && f->norm > 0 ? dot / sqrt(own * f->norm) : 0;
        const bool left_out = (inside && !(a->base[u] > 0)) || (outside && a->base[u] > 0) ||
                              gone[u] || gx_word_name(a->call->txn, GX_SPACE_USER, u).size == 0;
        a->out[u] = !left_out && a->score[u] > 0; /* for gx_top_f64, which keeps */
        a->count += a->out[u];
    }
}

/* ---- the answer ----------------------------------------------------------------------------- */

/* The values that `amount` is largest of, first; at most `most`, above 0. */
static uint32_t strongest(uint32_t *out, uint32_t most, const uint32_t *value, uint32_t count,
                          const double *x, const double *weight) {
    uint32_t made = 0;
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t v = value ? value[k] : k;
        const double amount = (x ? x[v] : 1) * weight[v];
        uint32_t at = made;
        while (at > 0 && amount > (x ? x[out[at - 1]] : 1) * weight[out[at - 1]]) {
            at--;
        }
        if (!(amount > 0) || at == most) {
            continue;
        }
        made += made < most;
        memmove(out + at + 1, out + at, (made - 1 - at) * sizeof *out);
        out[at] = v;
    }
    return made;
}

/* Whether a reason has said it: the same word as a tag, or the category above it. */
static bool is_said(const gx_value *list, gx_slice text) {
    for (uint32_t k = 0; text.size > 0 && k < list->size; k++) {
        const gx_value *value = gx_map_get(&list->as.items[k], "value");
        if (value && value->size >= text.size &&
            memcmp(value->as.text, text.data, text.size) == 0 &&
            (value->size == text.size || value->as.text[text.size] == '/')) {
            return true;
        }
    }
    return false;
}

static gx_value why_value(const fitting *f, uint32_t user, uint32_t *touched) {
    gx_arena *arena = f->a.call->arena;
    gx_value list = gx_list(arena, REASONS);
    uint32_t best[LOOKED_AT], paid = UINT32_MAX; /* which reason tells of prices */
    const uint32_t count = make_profile(f, touched, user);
    const uint32_t found = strongest(best, LOOKED_AT, touched, count, f->x, f->weight);
    double dot = 0;
    for (uint32_t k = 0; k < count; k++) {
        dot += f->x[touched[k]] * f->weight[touched[k]];
    }
    for (uint32_t k = 0; k < found && list.size < REASONS; k++) {
        gx_trait trait;
        if (!trait_of(&trait, f, best[k]) || is_said(&list, trait.text)) {
            continue;
        }
        const bool price = trait.field == GX_ATTRIBUTE_PRICE;
        const double share = f->x[best[k]] * f->weight[best[k]] / dot;
        if (price && paid < list.size) { /* another band of prices is the same reason */
            gx_value *said = &list.as.items[paid];
            gx_map_put(arena, said, "share", gx_real(gx_map_real(said, "share") + share));
            continue;
        }
        paid = price ? list.size : paid;
        gx_value row = gx_map(arena, 6);
        const gx_hole hole = {"value", trait.text, trait.text};
        gx_map_put(arena, &row, "attribute", gx_str(gx_attribute_column(trait.field)));
        if (!price) {
            gx_map_put(arena, &row, "value", gx_text_copy(arena, trait.text.data, trait.text.size));
        }
        gx_map_put(arena, &row, "share", gx_real(share));
        gx_lists_say(&row, arena, price ? GX_SAYS_FIT_PRICE : GX_SAYS_FIT_VALUE, &hole, 1);
        gx_list_add(arena, &list, row);
    }
    clear_profile(f, touched, count);
    return list;
}

/* What the community stands for, strongest first: only what enough of its members carry. */
static gx_value portrait_value(const fitting *f) {
    gx_arena *arena = f->a.call->arena;
    gx_value list = gx_list(arena, SHOWN);
    uint32_t best[4 * SHOWN], min_count = f->group.min_count;
    const uint32_t found = strongest(best, 4 * SHOWN, NULL, f->attributes->count, NULL, f->weight);
    for (uint32_t k = 0; k < found && list.size < SHOWN; k++) {
        gx_trait trait;
        const uint32_t v = best[k];
        if (!trait_of(&trait, f, v) || trait.text.size == 0 ||
            (f->carry[v] > 0 && f->carry[v] < min_count)) {
            continue;
        }
        gx_value row = gx_map(arena, 5);
        gx_map_put(arena, &row, "attribute", gx_str(gx_attribute_column(trait.field)));
        gx_map_put(arena, &row, "value", gx_text_copy(arena, trait.text.data, trait.text.size));
        gx_map_put(arena, &row, "weight", gx_real(f->weight[v] / sqrt(f->norm)));
        if (f->carry[v] > 0) {
            gx_map_put(arena, &row, "share", gx_real(f->inside[v] / f->chose));
            gx_map_put(arena, &row, "members", gx_int(f->carry[v]));
        }
        gx_list_add(arena, &list, row);
    }
    return list;
}

static gx_status answer(gx_value *out, fitting *f, uint32_t *touched, gx_error *err) {
    gx_call_env *call = f->a.call;
    gx_arena *arena = call->arena;
    uint32_t count = 0, n = (uint32_t)gx_arg_int(call->args, "n");
    uint32_t *best = gx_top_f64(arena, &count, f->a.score, f->a.users, n, f->a.out);
    gx_value row = gx_map(arena, 7), users = gx_list(arena, count), less = gx_nil(), unknown;
    if (!best) {
        return gx_fail_memory(err, n * sizeof *best);
    }
    const gx_status status = find_unknown(&unknown, f, err);
    if (status != GX_OK) {
        return status;
    }
    for (uint32_t k = 0; k < count; k++) {
        gx_value one = gx_map(arena, 5);
        gx_map_put(arena, &one, "user", gx_word_value(arena, call->txn, GX_SPACE_USER, best[k]));
        gx_map_put(arena, &one, "score", gx_real(f->a.score[best[k]]));
        gx_map_put(arena, &one, "rank", gx_int(k + 1));
        gx_map_put(arena, &one, "inside", gx_bool(f->a.base[best[k]] > 0));
        if (gx_arg_bool(call->args, "why")) {
            gx_map_put(arena, &one, "why", why_value(f, best[k], touched));
        }
        gx_list_add(arena, &users, one);
    }
    if (count < n) {
        char *text = gx_arena_printf(arena, "%u of %u: %s", count, n,
                                     f->norm > 0 ? "no more members chose what it stands for"
                                                 : "nothing tells it from the others: what its "
                                                   "members chose has no attributes, or the same");
        less = gx_str(text ? text : "");
    }
    gx_map_put(arena, &row, "size", gx_int(f->group.size));
    gx_map_put(arena, &row, "portrait", portrait_value(f));
    gx_map_put(arena, &row, "count", gx_int(f->a.count));
    gx_map_put(arena, &row, "users", users);
    gx_map_put(arena, &row, "unknown", unknown);
    gx_map_put(arena, &row, "short", less);
    *out = row;
    return GX_OK;
}

static gx_status make(gx_value *out, fitting *f, gx_error *err) {
    gx_status status = GX_OK;
    gx_job *job = f->a.call->job;
    const size_t values = (size_t)f->attributes->count + 1;
    uint32_t *touched = NULL;
    uint8_t *gone = NULL;
    GX_TRY(gx_job_alloc(job, &f->all, values, sizeof *f->all, err));
    GX_TRY(gx_job_alloc(job, &f->inside, values, sizeof *f->inside, err));
    GX_TRY(gx_job_alloc(job, &f->carry, values, sizeof *f->carry, err));
    GX_TRY(gx_job_alloc(job, &f->weight, values, sizeof *f->weight, err));
    GX_TRY(gx_job_alloc(job, &f->x, values, sizeof *f->x, err));
    GX_TRY(gx_job_alloc(job, &touched, values, sizeof *touched, err));
    GX_TRY(gx_job_alloc(job, &gone, (size_t)f->a.users + 1, sizeof *gone, err));
    GX_TRY(gx_departed_mark(gone, f->a.users, f->a.call->txn, job, err));
    GX_TRY(sum_profiles(f, touched, err));
    weigh(f);
    score(f, touched, gone);
    GX_TRY(answer(out, f, touched, err));
done:
    gx_job_free(job, f->all);
    gx_job_free(job, f->inside);
    gx_job_free(job, f->carry);
    gx_job_free(job, f->weight);
    gx_job_free(job, f->x);
    gx_job_free(job, touched);
    gx_job_free(job, gone);
    return status;
}

static bool names_community(const gx_args *args) {
    return gx_arg_has(args, "users") || gx_arg_has(args, "group") || gx_arg_has(args, "circle");
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    fitting f = {.a = {.call = call}};
    if (names_community(call->args) || !gx_arg_has(call->args, "likes")) {
        GX_TRY(gx_group_find(&f.group, call, UINT32_MAX, err));
    } else {
        GX_TRY(gx_min_count(&f.group.min_count, call->txn, call->arena, err));
    }
    GX_TRY(gx_audience_init(&f.a, call, err));
    for (uint32_t k = 0; k < f.group.count; k++) {
        if (f.group.user[k] < f.a.users) {
            f.a.base[f.group.user[k]] = 1;
        }
    }
    GX_TRY(gx_filter_lock(&f.columns, call, err));
    f.attributes = gx_rec_attributes(call->state->rec);
    status = make(out, &f, err);
    gx_db_items_unlock(call->db);
done:
    gx_audience_finish(&f.a);
    return status;
}

const gx_method gx_method_audience_fit = {
    .name = "audience.fit",
    .summary = "how well each member fits what a community stands for, and why",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result =
        "{size, portrait: [{attribute, value, weight, share, members}], count, users: [{user, "
        "score, rank, inside, why: [{attribute, value, share, en, zh}]}], unknown, short}",
    .run = run,
};
