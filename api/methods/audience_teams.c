/* audience.teams: who could buy an item together (R47): members it suits, close to each other.
 * docs/teams.md. */
#include "api/build/estimate.h"
#include "api/lists/audience.h"
#include "api/lists/near.h"
#include "api/lists/segment.h"
#include "api/people/leader.h"
#include "api/people/member_rules.h"
#include "engine/operations/teams.h"

#include <math.h>

/* clang-format off */
static const gx_param params[] = {
    {"item", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "which item, by id"},
    {"size", GX_PARAM_INT, "3", 2, GX_TEAM_MOST, "members", NULL, 0, "of a team"},
    {"n", GX_PARAM_INT, "20", 1, 10000, "teams", NULL, 0, "how many teams"},
    {"close", GX_PARAM_REAL, "0.5", 0, 1, NULL, NULL, 0,
     "what closeness counts beside willingness: 0 only how much it suits them, 1 only their ties"},
    {"balance", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "exchange members between teams so that the least is worth more"},
    {"balance_by", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "every team has of each value of this text of the members about the share that the pool has, like city or gender"},
    {"not_in", GX_PARAM_LIST, NULL, 1, 64, NULL, NULL, 0,
     "nobody who is in one of these: groups, circles like c-17, or expressions over members' fields"},
    {"taken", GX_PARAM_LIST, NULL, 1, 1000000, "members", NULL, GX_PARAM_WHOM,
     "never these members, who are in a team already"},
    {"pool", GX_PARAM_INT, "1000", 2, 5000, "members", NULL, 0, "so many of those whom it suits best"},
    {"risk_most", GX_PARAM_REAL, NULL, 0, 100, NULL, NULL, 0,
     "nobody of a greater risk by the pass leaders, closed rings too (50, and nobody whom that pass has excluded); 100: everybody"},
    GX_SEGMENT_PARAM,
    GX_FILTER_PARAMS,
    GX_SEEN_PARAM,
    GX_CHANNELS_PARAM,
    GX_ESTIMATE_PARAM,
};
/* clang-format on */

typedef struct gathering {
    gx_audience a;
    const gx_columns *columns;
    gx_filter filter;
    gx_near near;
    gx_segment segment;
    gx_segment *barred; /* not_in */
    uint32_t barred_count;
    gx_segment_row row;
    gx_value unknown; /* of `taken` */
    gx_risks risks;
    uint32_t risky, gone; /* left out for it; who has departed */
    gx_labels labels;     /* of all members, by balance_by */
    uint32_t *kind;       /* of the pool: the label, or labels.count for none; NULL: any mix */
    uint32_t *of_kind;
    uint32_t item;
    uint32_t *pool, count; /* members by how well it suits them */
    double *willing;       /* of each: its score over that of the first */
    gx_graph ties;         /* between them */
    gx_team *team;
    uint32_t teams;
} gathering;

static gx_status is_wanted(bool *out, gathering *g, uint32_t user, gx_error *err) {
    gx_call_env *call = g->a.call;
    gx_arena *own = gx_arena_create();
    gx_value record = gx_nil();
    gx_status status = own ? GX_OK : gx_fail_memory(err, 0);
    *out = true;
    if (status == GX_OK && (g->segment.given || g->barred_count > 0)) {
        status = gx_record_get(&record, call->txn, own, GX_SPACE_USER, user, err);
        if (status == GX_OK) {
            status = gx_segment_has(out, &g->segment, &g->row, call->txn, user, &record, err);
        }
    }
    for (uint32_t i = 0; status == GX_OK && *out && i < g->barred_count; i++) {
        status = gx_segment_has(out, &g->barred[i], &g->row, call->txn, user, &record, err);
        *out = !*out;
    }
    if (status == GX_OK && *out) {
        status = gx_filter_leaves(out, &g->filter, call, user, g->item, err);
    }
    gx_arena_destroy(own);
    return status;
}

static gx_status fill_pool(gathering *g, gx_error *err) {
    gx_call_env *call = g->a.call;
    const uint32_t users = g->a.users, wanted = (uint32_t)gx_arg_int(call->args, "pool");
    uint32_t count;
    gx_status status = GX_OK;
    for (uint32_t u = 0; u < users; u++) {
        g->a.out[u] = !g->a.out[u]; /* for gx_top_f64, which keeps */
    }
    uint32_t *best = gx_top_f64(call->arena, &count, g->a.score, users, users, g->a.out);
    g->pool = gx_arena_get(call->arena, ((size_t)wanted + 1) * sizeof *g->pool);
    g->willing = gx_arena_get(call->arena, ((size_t)wanted + 1) * sizeof *g->willing);
    if (!best || !g->pool || !g->willing) {
        return gx_fail_memory(err, users * sizeof *best);
    }
    for (uint32_t i = 0; i < count && g->count < wanted; i++) {
        bool takes = false;
        GX_TRY(gx_job_check(call->job, err));
        GX_TRY(is_wanted(&takes, g, best[i], err));
        if (takes) {
            g->pool[g->count] = best[i];
            g->willing[g->count++] = g->a.score[best[i]] / g->a.score[g->pool[0]];
        }
    }
done:
    return status;
}

/* Rings count too: who is tied to each other alone makes the closest of teams. */
static gx_status bar_risky(gathering *g, gx_error *err) {
    static const double RISK_MOST = 50;
    const gx_status status = gx_risks_open(&g->risks, g->a.call, RISK_MOST, err);
    for (uint32_t u = 0; status == GX_OK && u < g->a.users; u++) {
        g->gone += g->a.out[u];
        if (!g->a.out[u] && gx_is_risky(&g->risks, u)) {
            g->a.out[u] = 1;
            g->risky++;
        }
    }
    return status;
}

/* Who may not be in a team whatever suits them. */
static gx_status bar(gathering *g, gx_error *err) {
    gx_call_env *call = g->a.call;
    const gx_value *list = gx_arg_value(call->args, "not_in");
    const uint32_t named = list && list->type == GX_LIST ? list->size : 0;
    gx_lists_ids ids = {.unknown = gx_nil()};
    gx_status status = GX_OK;
    g->barred = gx_arena_get(call->arena, ((size_t)named + 1) * sizeof *g->barred);
    GX_TRY(g->barred ? GX_OK : gx_fail_memory(err, named * sizeof *g->barred));
    for (; g->barred_count < named; g->barred_count++) {
        const gx_value *one = &list->as.items[g->barred_count];
        GX_TRY(gx_segment_read_text(&g->barred[g->barred_count], call, "not_in",
                                    (gx_slice){one->as.text, one->size}, err));
    }
    if (gx_arg_has(call->args, "taken")) {
        GX_TRY(gx_lists_find(&ids, call, GX_SPACE_USER, "taken", err));
    }
    for (uint32_t i = 0; i < ids.count; i++) {
        if (ids.id[i] < g->a.users) {
            g->a.out[ids.id[i]] = 1;
        }
    }
    g->unknown = ids.unknown;
done:
    return status;
}

static gx_status read_field(gathering *g, gx_error *err) {
    gx_call_env *call = g->a.call;
    const gx_slice by = gx_arg_text(call->args, "balance_by");
    char shown[60];
    gx_status status = GX_OK;
    if (gx_arg_has(call->args, "balance_by")) {
        GX_TRY(gx_segment_labels(&g->labels, call, by, err));
        status = g->labels.count > 0
                     ? GX_OK
                     : gx_fail_at(err, GX_BAD_REQUEST, "balance_by",
                                  "balance_by: no member has a text called %s; accepted is a field "
                                  "of the members, like city",
                                  gx_quote(shown, sizeof shown, by.data, by.size));
    }
done:
    return status;
}

static gx_status sort_pool(gathering *g, gx_error *err) {
    gx_arena *arena = g->a.call->arena;
    const gx_labels *l = &g->labels;
    if (l->count == 0) {
        return GX_OK;
    }
    g->kind = gx_arena_get(arena, ((size_t)g->count + 1) * sizeof *g->kind);
    g->of_kind = gx_arena_get(arena, ((size_t)l->count + 1) * sizeof *g->of_kind);
    if (!g->kind || !g->of_kind) {
        return gx_fail_memory(err, ((size_t)g->count + l->count) * sizeof *g->kind);
    }
    memset(g->of_kind, 0, ((size_t)l->count + 1) * sizeof *g->of_kind);
    for (uint32_t i = 0; i < g->count; i++) {
        const uint32_t u = g->pool[i];
        g->kind[i] = u < l->n && l->label[u] < l->count ? l->label[u] : l->count;
        g->of_kind[g->kind[i]]++;
    }
    return GX_OK;
}

/* The snapshot's strengths between those of the pool. */
static gx_status tie_pool(gathering *g, gx_error *err) {
    gx_call_env *call = g->a.call;
    gx_job *job = call->job;
    uint32_t *place = NULL, *src = NULL, *dst = NULL;
    float *weight = NULL;
    uint64_t room = 1, m = 0;
    gx_status status = GX_OK;
    const uint32_t *to;
    const float *strength;
    for (uint32_t i = 0; i < g->count; i++) {
        room += gx_rec_strengths(&to, &strength, call->state->rec, g->pool[i]);
    }
    GX_TRY(gx_job_alloc(job, &place, (size_t)g->a.users + 1, sizeof *place, err));
    GX_TRY(gx_job_alloc(job, &src, room, sizeof *src, err));
    GX_TRY(gx_job_alloc(job, &dst, room, sizeof *dst, err));
    GX_TRY(gx_job_alloc(job, &weight, room, sizeof *weight, err));
    for (uint32_t i = 0; i < g->count; i++) {
        place[g->pool[i]] = i + 1;
    }
    for (uint32_t i = 0; i < g->count; i++) {
        const uint32_t count = gx_rec_strengths(&to, &strength, call->state->rec, g->pool[i]);
        for (uint32_t k = 0; k < count; k++) {
            if (to[k] < g->a.users && place[to[k]] > 0 && strength[k] > 0) {
                src[m] = i;
                dst[m] = place[to[k]] - 1;
                weight[m++] = fminf(strength[k], 1);
            }
        }
    }
    GX_TRY(gx_graph_build(&g->ties, g->count, m, src, dst, weight, GX_GRAPH_UNDIRECTED, job, err));
done:
    gx_job_free(job, place);
    gx_job_free(job, src);
    gx_job_free(job, dst);
    gx_job_free(job, weight);
    return status;
}

static gx_value kind_value(const gathering *g, uint32_t kind) {
    const gx_slice name =
        kind < g->labels.count ? gx_label_name(&g->labels, kind) : (gx_slice){"", 0};
    return kind < g->labels.count ? gx_text_copy(g->a.call->arena, name.data, name.size) : gx_nil();
}

/* How many of a team are of each value. */
static gx_value mix_value(const gathering *g, const gx_team *team, uint32_t size) {
    gx_arena *arena = g->a.call->arena;
    gx_value list = gx_list(arena, size);
    for (uint32_t kind = 0; kind <= g->labels.count; kind++) {
        uint32_t found = 0;
        for (uint32_t i = 0; i < size; i++) {
            found += g->kind[team->member[i]] == kind;
        }
        if (found > 0) {
            gx_value one = gx_map(arena, 2);
            gx_map_put(arena, &one, "value", kind_value(g, kind));
            gx_map_put(arena, &one, "members", gx_int(found));
            gx_list_add(arena, &list, one);
        }
    }
    return list;
}

/* What was asked of every team, by each value that the pool has. */
static gx_value quota_rows(const gathering *g, uint32_t size) {
    gx_arena *arena = g->a.call->arena;
    gx_value list = gx_list(arena, 8);
    for (uint32_t kind = 0; g->kind && kind <= g->labels.count; kind++) {
        const uint32_t there = g->of_kind[kind];
        if (there > 0) {
            gx_value one = gx_map(arena, 4);
            gx_map_put(arena, &one, "value", kind_value(g, kind));
            gx_map_put(arena, &one, "pool", gx_int(there));
            gx_map_put(arena, &one, "least", gx_int(gx_team_least(size, there, g->count)));
            gx_map_put(arena, &one, "most", gx_int(gx_team_most(size, there, g->count)));
            gx_list_add(arena, &list, one);
        }
    }
    return list;
}

static gx_value team_row(const gathering *g, const gx_team *team, uint32_t rank) {
    gx_call_env *call = g->a.call;
    gx_arena *arena = call->arena;
    const uint32_t size = (uint32_t)gx_arg_int(call->args, "size");
    const gx_slice title = gx_lists_title(call, g->columns, g->item);
    const gx_hole holes[] = {{"item", title, title}, gx_lists_count(arena, "all", size)};
    gx_value row = gx_map(arena, 10), members = gx_list(arena, size), prompt = gx_map(arena, 2);
    for (uint32_t i = 0; i < size; i++) {
        gx_value one = gx_map(arena, 2);
        gx_map_put(arena, &one, "user",
                   gx_word_value(arena, call->txn, GX_SPACE_USER, g->pool[team->member[i]]));
        gx_map_put(arena, &one, "willing", gx_real(g->willing[team->member[i]]));
        gx_list_add(arena, &members, one);
    }
    gx_lists_say(&prompt, arena, GX_SAYS_TEAM, holes, GX_COUNT(holes));
    gx_map_put(arena, &row, "rank", gx_int(rank));
    gx_map_put(arena, &row, "starter", *gx_map_get(&members.as.items[0], "user"));
    gx_map_put(arena, &row, "value", gx_real(team->value));
    gx_map_put(arena, &row, "willing", gx_real(team->willing));
    gx_map_put(arena, &row, "close", gx_real(team->close));
    gx_map_put(arena, &row, "ties", gx_int(team->ties));
    gx_map_put(arena, &row, "members", members);
    gx_map_put(arena, &row, "mix", g->kind ? mix_value(g, team, size) : gx_nil());
    gx_map_put(arena, &row, "even", g->kind ? gx_real(team->even) : gx_nil());
    gx_map_put(arena, &row, "prompt", prompt);
    return row;
}

/* Everything but the choice: the pool, and who of it is tied to whom. */
static gx_status gather(gathering *g, gx_error *err) {
    gx_status status = GX_OK;
    GX_TRY(gx_departed_mark(g->a.out, g->a.users, g->a.call->txn, g->a.call->job, err));
    GX_TRY(bar_risky(g, err));
    GX_TRY(bar(g, err));
    GX_TRY(read_field(g, err));
    GX_TRY(gx_audience_score(&g->a, false, err));
    GX_TRY(fill_pool(g, err));
    GX_TRY(sort_pool(g, err));
    GX_TRY(tie_pool(g, err));
done:
    return status;
}

static gx_status form(gathering *g, bool balance, gx_error *err) {
    const gx_args *args = g->a.call->args;
    const gx_team_options options = {.ties = &g->ties,
                                     .willing = g->willing,
                                     .kind = g->kind,
                                     .kinds = g->labels.count + 1,
                                     .size = (uint32_t)gx_arg_int(args, "size"),
                                     .count = (uint32_t)gx_arg_int(args, "n"),
                                     .close = gx_arg_real(args, "close"),
                                     .balance = balance};
    return gx_teams_form(&g->team, &g->teams, &options, g->a.call->job, err);
}

/* The teams are formed, and timed; what is told is how long it takes to balance them: each looks at
 * all exchanges with each other, and reckons both teams anew. */
static gx_status estimate(gx_value *out, gathering *g, int64_t begun_ns, bool formed,
                          gx_error *err) {
    static const double exchange_s = 3.4e-9;
    const gx_call_env *call = g->a.call;
    gx_job *job = call->job;
    const int64_t gathered = gx_clock_cpu_ns();
    const uint64_t read = atomic_load(&job->mem_peak);
    const gx_status status = formed ? form(g, false, err) : GX_OK;
    const double size = (double)gx_arg_int(call->args, "size");
    const double both = gx_arg_bool(call->args, "balance") ? pow(g->teams, 2) : 0;
    const gx_part_estimate steps[] = {
        {"pool", {.mem_bytes = read, .cpu_s = (double)(gathered - begun_ns) / 1e9}},
        {"choice",
         {.mem_bytes = atomic_load(&job->mem_peak),
          .cpu_s = (double)(gx_clock_cpu_ns() - gathered) / 1e9}},
        {"balance",
         {.mem_bytes = atomic_load(&job->mem_used) + 26 * (uint64_t)g->count,
          .cpu_s = exchange_s * both * pow(size, 4)}}};
    *out = gx_estimate_steps(call->arena, steps, GX_COUNT(steps), 2);
    return status;
}

static gx_value answer(const gathering *g, gx_value why_not) {
    gx_call_env *call = g->a.call;
    gx_arena *arena = call->arena;
    const uint32_t n = (uint32_t)gx_arg_int(call->args, "n");
    gx_value row = gx_lists_item(call, g->columns, g->item, 10), less = gx_nil();
    gx_value list = gx_list(arena, g->teams + 1);
    for (uint32_t i = 0; i < g->teams; i++) {
        gx_list_add(arena, &list, team_row(g, &g->team[i], i + 1));
    }
    if (g->teams < n) {
        char *text =
            gx_arena_printf(arena, "%u of %u: %s", g->teams, n,
                            why_not.type != GX_NIL ? gx_filter_not_shown(arena, &why_not)
                            : g->count == 0        ? "it suits nobody who may be asked"
                            : g->kind ? "of those whom it suits no more are tied to each other "
                                        "in such a mix as balance_by asks for"
                                      : "of those whom it suits no more are tied to each other");
        less = gx_str(text ? text : "");
    }
    gx_map_put(arena, &row, "teams", list);
    gx_map_put(arena, &row, "size", gx_int(gx_arg_int(call->args, "size")));
    gx_map_put(arena, &row, "pool", gx_int(g->count));
    gx_map_put(arena, &row, "quotas", quota_rows(g, (uint32_t)gx_arg_int(call->args, "size")));
    gx_value left = gx_map(arena, 2);
    gx_map_put(arena, &left, "departed", gx_int(g->gone));
    gx_map_put(arena, &left, "risk", gx_int(g->risky));
    gx_map_put(arena, &row, "left_out", left);
    gx_map_put(arena, &row, "unknown", g->unknown);
    gx_map_put(arena, &row, "why_not", why_not);
    gx_map_put(arena, &row, "short", less);
    gx_value notes = gx_list(arena, 1);
    gx_risks_note(&notes, call, NULL);
    gx_map_put(arena, &row, "notes", notes);
    gx_filter_note(&row, &g->filter, arena);
    return row;
}

static gx_status make(gx_value *out, gathering *g, int64_t begun_ns, gx_error *err) {
    gx_call_env *call = g->a.call;
    gx_status status = GX_OK;
    GX_TRY(gx_filter_make(&g->filter, call, g->columns, true, err));
    gx_value why_not = gx_filter_reason(&g->filter, NULL, g->item, call->arena);
    GX_TRY(gx_near_open(&g->near, call, g->columns, &g->a.views.matrix, err));
    GX_TRY(gx_near_find(&g->near, g->item, err));
    for (uint32_t u = 0; u < g->a.users; u++) {
        bool has;
        g->a.s[GX_CHANNEL_INTEREST][u] = (float)gx_near_taste(&has, &g->near, u);
        g->a.base[u] = has ? 1 : g->a.s[GX_CHANNEL_INTEREST][u];
    }
    const bool shown = why_not.type == GX_NIL;
    if (shown) {
        GX_TRY(gather(g, err));
    }
    if (gx_arg_bool(call->args, "estimate")) {
        GX_TRY(estimate(out, g, begun_ns, shown, err));
        goto done;
    }
    if (shown) {
        GX_TRY(form(g, gx_arg_bool(call->args, "balance"), err));
    }
    *out = answer(g, why_not);
done:
    return status;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    gathering g = {.a = {.call = call}};
    const int64_t begun = gx_clock_cpu_ns();
    GX_TRY(gx_need_word(&g.item, call->txn, GX_SPACE_ITEM, gx_arg_text(call->args, "item"), err));
    GX_TRY(gx_need_strengths(call->state, err));
    GX_TRY(gx_audience_init(&g.a, call, err));
    GX_TRY(gx_listing_weights(g.a.weights, call, err));
    GX_TRY(gx_segment_read(&g.segment, call, err));
    GX_TRY(gx_filter_lock(&g.columns, call, err));
    status = make(out, &g, begun, err);
    gx_db_items_unlock(call->db);
done:
    gx_job_free(call->job, g.team);
    gx_graph_finish(&g.ties);
    gx_near_close(&g.near);
    gx_segment_row_finish(&g.row);
    gx_labels_finish(&g.labels);
    gx_audience_finish(&g.a);
    return status;
}

const gx_method gx_method_audience_teams = {
    .name = "audience.teams",
    .summary = "teams for a group buy: members an item suits, close to each other",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result = "{id, title, teams: [{rank, starter, value, willing, close, ties, members: [{user, "
              "willing}], mix: [{value, members}], even, prompt: {en, zh}}], size, pool, quotas: "
              "[{value, pool, least, most}], left_out: {departed, risk}, unknown, why_not, short, "
              "notes: [text]}; "
              "with estimate {steps, "
              "mem_bytes, cpu_s, cpu_most_s}",
    .run = run,
};
