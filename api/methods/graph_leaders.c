/* graph.leaders: opinion leaders with the parts of their score, over the whole shop, in a
 * community, in a category or in a topic; always beside their rank by plain follower count and the
 * correlation of the ranking with it. The lists of top-level categories are in the snapshot; those
 * of topics, which any field of items makes, are ranked as they are asked for, by the events as
 * they are now. */
#include "api/build/estimate.h"
#include "api/build/keep.h"
#include "api/lists/topic.h"
#include "api/people/member_rules.h"

#include <math.h>

static const gx_param params[] = {
    {"n", GX_PARAM_INT, "20", 1, 1e6, "members", NULL, 0, "how many"},
    {"community", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "only members of this community, like c-17"},
    {"category", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "leaders in this item category; of a path like home/kitchen, as topic category=home/kitchen"},
    {"topic", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, 0,
     "leaders among who act on items with FIELD=VALUE: category=home/kitchen, brand=acme or "
     "another "
     "field of items; several: any of them"},
    {"flagged", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "those who carry a flag instead, of the greatest risk first, excluded ones too"},
    {"card", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "the card of this member instead: who they are, who listens, what they sell"},
    GX_ESTIMATE_PARAM,
};

/* score = √(100 · shop_score) · in_category; the parts are of shop_score. */
static double in_category(const gx_leaders *l, uint32_t user, double score) {
    const double most = sqrt(100 * l->score[user]);
    return most > 0 ? fmin(score / most, 1) : 0;
}

static gx_value row_of(gx_call_env *call, const gx_leaders *l, uint32_t user, double score,
                       uint32_t rank, gx_value name, bool of_category) {
    gx_arena *arena = call->arena;
    gx_value row = gx_map(arena, 11);
    gx_map_put(arena, &row, "user", name);
    gx_map_put(arena, &row, "score", gx_real(score));
    gx_map_put(arena, &row, "rank", gx_int(rank));
    gx_map_put(arena, &row, "follower_rank", gx_int(l->follower_rank[user]));
    const uint32_t *community =
        gx_result_get(call->state->arrays, "leiden", "community", GX_U32, l->count);
    if (community) {
        gx_map_put(arena, &row, "community",
                   gx_community_value(arena, call->state, community[user]));
    }
    if (of_category) {
        gx_map_put(arena, &row, "shop_score", gx_real(l->score[user]));
        gx_map_put(arena, &row, "in_category", gx_real(in_category(l, user, score)));
    }
    gx_map_put(arena, &row, "parts", gx_leader_parts_value(arena, l, user));
    gx_map_put(arena, &row, "risk", gx_real((double)l->risk[user]));
    gx_map_put(arena, &row, "excluded", gx_bool(l->excluded[user]));
    gx_map_put(arena, &row, "flags", gx_leader_flags_value(arena, l, user));
    return row;
}

/* The list, and how many departed were passed over on the way to its end. */
typedef struct listing {
    gx_value rows;
    uint32_t n, departed;
    int64_t now_ms;
    bool by_community;
    const uint32_t *community; /* of each, where only those of `which` are listed */
    uint32_t which;
    bool part;            /* not the whole shop's ranking */
    gx_value correlation; /* of the part's ranking and follower count */
} listing;

static void add(gx_value *list, gx_call_env *call, const gx_leaders *l, uint32_t user, double score,
                uint32_t rank, bool of_category) {
    gx_value name = gx_word_value(call->arena, call->txn, GX_SPACE_USER, user);
    if (name.type != GX_NIL) {
        gx_list_add(call->arena, list, row_of(call, l, user, score, rank, name, of_category));
    }
}

/* The next of a ranking: who has departed is counted, anybody else added. */
static gx_status offer(listing *list, gx_call_env *call, const gx_leaders *l, uint32_t user,
                       double score, uint32_t rank, bool of_category, gx_error *err) {
    gx_value record;
    const gx_status status =
        gx_record_get(&record, call->txn, call->arena, GX_SPACE_USER, user, err);
    if (status != GX_OK) {
        return status;
    }
    if (gx_is_departed(&record, list->now_ms)) {
        list->departed++;
    } else {
        add(&list->rows, call, l, user, score, rank, of_category);
    }
    return GX_OK;
}

/* Only those of one community, where one is named. */
static gx_status read_community(listing *list, gx_call_env *call, const gx_leaders *l,
                                gx_error *err) {
    const gx_slice wanted = gx_arg_text(call->args, "community");
    gx_status status = GX_OK;
    if (gx_arg_has(call->args, "community")) {
        GX_TRY(gx_need_array(&list->community, call->state, "leiden.community", GX_U32, l->count,
                             err));
        GX_TRY(gx_community_parse(&list->which, "community", wanted, call->state, err));
        list->by_community = true;
    }
done:
    return status;
}

static bool is_listed(const listing *list, uint32_t user) {
    return !list->by_community || list->community[user] == list->which;
}

/* Of a part's ranking, all of it, whoever is listed: those in `keep` by what it goes by. */
static gx_status correlate(listing *list, gx_call_env *call, const gx_leaders *l, const double *by,
                           const uint8_t *keep, gx_error *err) {
    gx_job *job = call->job;
    gx_status status;
    uint32_t *user = NULL, count = 0;
    double *score = NULL;
    GX_TRY(gx_job_alloc(job, &user, l->count, sizeof *user, err));
    GX_TRY(gx_job_alloc(job, &score, l->count, sizeof *score, err));
    for (uint32_t u = 0; u < l->count; u++) {
        if (keep[u]) {
            user[count] = u;
            score[count++] = by[u];
        }
    }
    list->part = true;
    GX_TRY(gx_leaders_correlate(&list->correlation, l, user, score, count, job, err));
done:
    gx_job_free(job, score);
    gx_job_free(job, user);
    return status;
}

/* Those who are ranked, or (`flagged`) who carry a flag, by the whole shop's score or by risk;
 * everybody, or those of one community. */
static gx_status by_score(listing *list, gx_call_env *call, const gx_leaders *l, gx_error *err) {
    const bool flagged = gx_arg_bool(call->args, "flagged");
    uint32_t count = 0, seen = 0, most = list->n;
    gx_status status = GX_OK;
    uint8_t *keep = gx_arena_get(call->arena, l->count + 1u);
    double *by = gx_arena_get(call->arena, (l->count + 1u) * sizeof *by);
    if (!keep || !by) {
        return gx_fail_memory(err, l->count * sizeof *by);
    }
    for (uint32_t u = 0; u < l->count; u++) {
        keep[u] = is_listed(list, u) && (flagged ? l->risk[u] > 0.0f : !l->excluded[u]);
        by[u] = flagged ? (double)l->risk[u] : l->score[u];
    }
    if (list->by_community || flagged) {
        GX_TRY(correlate(list, call, l, by, keep, err));
    }
    /* More are looked at until so many stay that have not departed. */
    do {
        const uint32_t *top = gx_top_f64(call->arena, &count, by, l->count, most, keep);
        for (; top && seen < count && list->rows.size < list->n; seen++) {
            const uint32_t v = top[seen];
            GX_TRY(offer(list, call, l, v, l->score[v],
                         list->by_community && !flagged ? seen + 1 : l->rank[v], false, err));
        }
        most = count < most || most > l->count ? 0 : 2 * most;
    } while (most > 0 && list->rows.size < list->n);
done:
    return status;
}

/* Of those in `keep` (NULL: of all), the rank being the place among them. */
static gx_status list_ranked(listing *list, gx_call_env *call, const gx_leaders *l,
                             const gx_ranked *best, const uint8_t *keep, gx_error *err) {
    gx_status status = GX_OK;
    uint32_t rank = 0;
    uint8_t *ranks = gx_arena_get(call->arena, l->count + 1u);
    double *by = gx_arena_get(call->arena, (l->count + 1u) * sizeof *by);
    if (!ranks || !by) {
        return gx_fail_memory(err, l->count * sizeof *by);
    }
    memset(ranks, 0, l->count);
    for (uint64_t k = 0; k < best->count; k++) {
        const uint32_t v = best->user[k];
        ranks[v] = !keep || keep[v];
        by[v] = (double)best->score[k];
        if (ranks[v] && list->rows.size < list->n) {
            GX_TRY(offer(list, call, l, v, by[v], ++rank, true, err));
        }
    }
    GX_TRY(correlate(list, call, l, by, ranks, err));
done:
    return status;
}

/* Why the list has fewer than were asked for: more are not kept, or there are no more. */
static gx_value category_short(const listing *list, gx_arena *arena, const gx_ranked *best,
                               uint64_t kept, gx_slice category) {
    const char *text;
    if (list->rows.size >= list->n) {
        return gx_nil();
    }
    if (best->count < kept) {
        text = gx_arena_printf(arena, "%u of %u: no more are ranked in the category",
                               list->rows.size, list->n);
    } else {
        text = gx_arena_printf(arena,
                               "%u of %u: the snapshot keeps the first %llu of a category "
                               "(per_category of the pass leaders); topic category=%.*s ranks all",
                               list->rows.size, list->n, (unsigned long long)kept,
                               (int)category.size, category.data);
    }
    return gx_str(text ? text : "");
}

static gx_status by_category(listing *list, gx_value *less, gx_call_env *call, const gx_leaders *l,
                             gx_error *err) {
    gx_status status = GX_OK;
    const gx_slice wanted = gx_arg_text(call->args, "category");
    gx_category_leaders all;
    uint32_t category = 0;
    const gx_value made = gx_made_with(call->state, "leaders", call->arena);
    GX_TRY(gx_category_leaders_resolve(&all, call->arena, call->state, &made, err));
    GX_TRY(
        gx_category_find(&category, call->arena, call->state->arrays, wanted, all.categories, err));
    const gx_ranked best = gx_category_ranked(&all, category);
    GX_TRY(list_ranked(list, call, l, &best, NULL, err));
    *less = category_short(list, call->arena, &best, all.kept, wanted);
done:
    return status;
}

/* ---- topics ----------------------------------------------------------------------------------
 */

/* Which topic is asked for, and as what: a list of FIELD=VALUE; nil: none is. */
static gx_status asked_topic(gx_value *of, const char **argument, gx_call_env *call,
                             gx_error *err) {
    const gx_status status =
        gx_topic_of_path(of, call->arena, gx_arg_text(call->args, "category"), err);
    *argument = of->type == GX_NIL ? "topic" : "category";
    *of = of->type == GX_NIL ? *gx_arg_value(call->args, "topic") : *of;
    return status;
}

/* Why the list has fewer than were asked for. */
static gx_value topic_short(const listing *list, gx_arena *arena, const gx_topic *topic,
                            bool community) {
    char *text;
    if (list->rows.size >= list->n) {
        return gx_nil();
    }
    if (topic->leaders.acted == 0) {
        text = gx_arena_printf(arena, "0 of %u: nobody acted on the topic's %u item%s", list->n,
                               topic->items, gx_plural(topic->items, "", "s"));
    } else {
        text = gx_arena_printf(arena,
                               "%u of %u: of all who acted on the topic's items, %u, are ranked "
                               "%u%s; who is not has no "
                               "followers, is excluded or came after the build",
                               list->rows.size, list->n, topic->leaders.acted, topic->leaders.count,
                               community ? ", whatever their community" : "");
    }
    return gx_str(text ? text : "");
}

static gx_value topic_value(gx_arena *arena, const gx_value *of, const gx_topic *topic) {
    gx_value map = gx_map(arena, 4), list = gx_list(arena, 1);
    if (of->type == GX_TEXT) {
        gx_list_add(arena, &list, *of);
    }
    gx_map_put(arena, &map, "of", of->type == GX_TEXT ? list : *of);
    gx_map_put(arena, &map, "items", gx_int(topic->items));
    gx_map_put(arena, &map, "acted", gx_int(topic->leaders.acted));
    gx_map_put(arena, &map, "ranked", gx_int(topic->leaders.count));
    return map;
}

static gx_status by_topic(listing *list, gx_value *less, gx_call_env *call, const gx_leaders *l,
                          const gx_topic *topic, gx_error *err) {
    const gx_ranked best = {topic->leaders.user, topic->leaders.score, topic->leaders.count};
    uint8_t *keep = NULL;
    gx_status status = GX_OK;
    if (list->by_community) {
        keep = gx_arena_get(call->arena, l->count + 1u);
        if (!keep) {
            return gx_fail_memory(err, l->count);
        }
        for (uint32_t u = 0; u < l->count; u++) {
            keep[u] = is_listed(list, u);
        }
    }
    GX_TRY(list_ranked(list, call, l, &best, keep, err));
    *less = topic_short(list, call->arena, topic, list->by_community);
done:
    return status;
}

/* Where the member stands in the topic; nil: it is not ranked there. */
static gx_value standing_value(gx_arena *arena, const gx_topic *topic, const gx_leaders *l,
                               uint32_t user) {
    const gx_topic_leaders *best = &topic->leaders;
    for (uint32_t k = 0; k < best->count; k++) {
        if (best->user[k] == user) {
            gx_value row = gx_map(arena, 3);
            gx_map_put(arena, &row, "rank", gx_int(k + 1));
            gx_map_put(arena, &row, "score", gx_real((double)best->score[k]));
            gx_map_put(arena, &row, "in_category",
                       gx_real(in_category(l, user, (double)best->score[k])));
            return row;
        }
    }
    return gx_nil();
}

/* ---- the card --------------------------------------------------------------------------------
 */

/* The row of one member, and its card beside it. */
static gx_status one_card(gx_value *list, gx_value *card, gx_call_env *call, const gx_leaders *l,
                          const gx_topic *topic, gx_error *err) {
    uint32_t user;
    gx_status status =
        gx_need_word(&user, call->txn, GX_SPACE_USER, gx_arg_text(call->args, "card"), err);
    if (status == GX_OK && user >= l->count) {
        status = gx_fail_at(err, GX_NOT_FOUND, "card",
                            "the snapshot does not know this member yet: `guanxi build`");
    }
    if (status == GX_OK) {
        add(list, call, l, user, l->score[user], l->rank[user], false);
        status = gx_leader_card(card, call, l, user, (uint32_t)gx_arg_int(call->args, "n"), err);
    }
    gx_value record;
    if (status == GX_OK) {
        status = gx_record_get(&record, call->txn, call->arena, GX_SPACE_USER, user, err);
    }
    if (status == GX_OK) {
        gx_map_put(call->arena, card, "departed", gx_bool(gx_is_departed(&record, gx_time_ms())));
        if (topic) {
            gx_map_put(call->arena, card, "in_topic", standing_value(call->arena, topic, l, user));
        }
    }
    return status;
}

static bool is_given(const gx_value *args, const char *name) {
    const gx_value *value = gx_map_get(args, name);
    return value && value->type != GX_NIL;
}

static bool is_long(const gx_value *args) {
    const gx_value *category = gx_map_get(args, "category");
    return is_given(args, "card") || is_given(args, "topic") ||
           (category && category->type == GX_TEXT &&
            memchr(category->as.text, '/', category->size));
}

/* Arguments that do not go together, and what does instead. */
static gx_status check_pairs(const gx_args *args, gx_error *err) {
    static const struct {
        const char *one, *other, *instead;
    } pairs[] = {{"card", "community", ""},
                 {"card", "category", ", or card and topic category=NAME"},
                 {"category", "community", ", or community and topic category=NAME"},
                 {"topic", "category", ", or topic category=NAME too"},
                 {"flagged", "card", ""},
                 {"flagged", "category", ""},
                 {"flagged", "topic", ""},
                 {"estimate", "card", ""}};
    for (size_t i = 0; i < GX_COUNT(pairs); i++) {
        const char *one = pairs[i].one, *other = pairs[i].other;
        const bool flag = strcmp(one, "flagged") == 0 || strcmp(one, "estimate") == 0;
        const bool has = flag ? gx_arg_bool(args, one) : gx_arg_has(args, one);
        if (has && gx_arg_has(args, other)) {
            return gx_fail_at(err, GX_BAD_REQUEST, one,
                              "%s and %s were both given; accepted is one of them%s", one, other,
                              pairs[i].instead);
        }
    }
    return GX_OK;
}

static gx_status estimate(gx_value *out, gx_call_env *call, const gx_leaders *l,
                          const char *argument, const gx_value *of, gx_error *err) {
    static const double member_s = 2e-7; /* they are put in order, and by follower count */
    gx_part_estimate topic[] = {{.name = "events"}, {.name = "ranking"}};
    const gx_part_estimate list = {
        "list", {.mem_bytes = 45 * (uint64_t)l->count, .cpu_s = member_s * l->count}};
    if (of->type == GX_NIL) { /* what the snapshot has */
        *out = gx_estimate_steps(call->arena, &list, 1, 0);
        return GX_OK;
    }
    const gx_status status =
        gx_topic_estimate(&topic[0].estimate, &topic[1].estimate, call, argument, of, err);
    if (status == GX_OK) {
        *out = gx_estimate_steps(call->arena, topic, GX_COUNT(topic), 1);
    }
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    gx_leaders l;
    listing list = {.rows = gx_list(call->arena, 32),
                    .n = (uint32_t)gx_arg_int(call->args, "n"),
                    .now_ms = gx_time_ms()};
    gx_value card = gx_nil(), of, less = gx_nil();
    gx_topic topic = {0};
    const char *argument;
    const bool one = gx_arg_has(call->args, "card");
    GX_TRY(check_pairs(call->args, err));
    GX_TRY(asked_topic(&of, &argument, call, err));
    GX_TRY(gx_leaders_resolve(&l, call->state, err));
    GX_TRY(read_community(&list, call, &l, err));
    if (gx_arg_bool(call->args, "estimate")) {
        status = estimate(out, call, &l, argument, &of, err);
        goto done;
    }
    if (of.type != GX_NIL) {
        GX_TRY(gx_topic_make(&topic, call, &l, argument, &of, err));
    }
    if (one) {
        GX_TRY(one_card(&list.rows, &card, call, &l, of.type != GX_NIL ? &topic : NULL, err));
    } else if (of.type != GX_NIL) {
        GX_TRY(by_topic(&list, &less, call, &l, &topic, err));
    } else if (gx_arg_has(call->args, "category")) {
        GX_TRY(by_category(&list, &less, call, &l, err));
    } else {
        GX_TRY(by_score(&list, call, &l, err));
    }
    *out = gx_map(call->arena, 12);
    if (one) {
        gx_map_put(call->arena, out, "card", card);
    }
    gx_map_put(call->arena, out, "leaders", list.rows);
    if (of.type != GX_NIL) {
        gx_map_put(call->arena, out, "topic", topic_value(call->arena, &of, &topic));
    }
    if (of.type != GX_NIL || gx_arg_has(call->args, "category")) {
        gx_map_put(call->arena, out, "short", less);
    }
    if (!one) {
        gx_value left_out = gx_map(call->arena, 1);
        gx_map_put(call->arena, &left_out, "departed", gx_int(list.departed));
        gx_map_put(call->arena, out, "left_out", left_out);
    }
    gx_map_put(call->arena, out, "follower_correlation",
               list.part ? list.correlation : gx_real_or_nil(l.correlation[0]));
    if (list.part) {
        gx_map_put(call->arena, out, "shop_follower_correlation", gx_real_or_nil(l.correlation[0]));
    }
    gx_leaders_put_about(call->arena, out, &l);
done:
    gx_topic_finish(&topic);
    return status;
}

const gx_method gx_method_graph_leaders = {
    .name = "graph.leaders",
    .summary = "opinion leaders, with the parts of their score",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .is_long = is_long,
    .params = params,
    .param_count = GX_COUNT(params),
    .result =
        "{leaders: [{user, score, rank, follower_rank, community, shop_score?, in_category? "
        "(of a category or topic), parts, risk, excluded, flags: [{flag, share, "
        "members or acts}]}], left_out: {departed} (who would stand in the "
        "list), topic (where asked for): {of, items, acted, ranked}, short (of a "
        "category or topic), "
        "follower_correlation (Spearman's, of the ranking shown: of all it ranks (by category, of "
        "those kept), what it goes "
        "by and plain follower count; nil where all are equal), shop_follower_correlation (of "
        "the whole shop's, where another is shown), fitted, weights, fit, card (where "
        "asked for): {user, departed, in_topic: {rank, score, in_category} or nil (where a "
        "topic is), attributes, interests, leads_in, audience: {followers, asked, listening, "
        "communities, regions, categories}, sells, hidden, measures}}; with estimate {steps, "
        "mem_bytes, cpu_s, cpu_most_s}",
    .run = run,
};
