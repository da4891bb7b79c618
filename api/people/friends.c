#include "api/people/friends.h"

#include "api/privacy.h"
#include "api/support.h"
#include "api/vector.h"
#include "engine/kernel/top.h"
#include "engine/operations/tie_parts.h"

#include <stdlib.h>

enum {
    POOL = 100,        /* candidates that are looked at more closely, and as many more as … */
    POOL_A_ROW = 4,    /* … this times the list */
    GROUP_MAX = 2000,  /* members read of one group */
    LEADERS_MAX = 1000 /* of the whole shop, where it has more */
};

/* What a part is worth in each mode; the graph's own weights are gx_meet_weights_default. */
static const struct {
    double graph, circle, group, taste, city, expert;
} worth[] = {
    [GX_MEET_CLOSE] = {1, 1, 0.3, 1, 0.1, 0},
    [GX_MEET_CROSS_CIRCLE] = {1, 0, 0.3, 3, 0.1, 0},
    [GX_MEET_EXPERT] = {0.5, 0, 0.2, 2, 0.05, 2},
};

const char *gx_meet_reason_name(gx_meet_reason reason) {
    static const char *const names[] = {
#define X(name, text) text,
        GX_MEET_REASON_MAP(X)
#undef X
    };
    return names[reason];
}

/* ---- what is read once --------------------------------------------------------------------------
 */

/* The rows of the snapshot; without them the graph that is kept. */
static gx_status find_rows(gx_meeting *m, gx_error *err) {
    gx_call_env *call = m->call;
    const gx_arrays *arrays = call->state->arrays;
    const uint32_t users = call->state->users;
    if (arrays) {
        m->graph = (gx_meet_graph){
            .n = users,
            .ptr = gx_result_get(arrays, "strength", "ptr", GX_U64, (uint64_t)users + 1),
            .dst = gx_arrays_get(arrays, "strength.dst", GX_U32, 0),
            .degree = gx_result_get(arrays, "strength", "degree", GX_U32, users),
            .community = gx_result_get(arrays, "leiden", "community", GX_U32, users),
        };
    }
    if (m->graph.ptr && m->graph.dst && m->graph.degree) {
        return GX_OK;
    }
    gx_status status = gx_graph_hold(&m->held, call->db, &call->state->rules, GX_GRAPH_UNDIRECTED,
                                     NULL, call->job, err);
    if (status == GX_OK) {
        m->graph = (gx_meet_graph){
            .n = m->held->graph.n, .ptr = m->held->graph.out_ptr, .dst = m->held->graph.out_dst};
    }
    return status;
}

static gx_status find_leaders(gx_meeting *m, gx_slice category, gx_error *err) {
    const gx_state *state = m->call->state;
    const uint64_t *ptr;
    gx_status status;
    if (!category.size) {
        return gx_need_array(&m->leader_score, state, "leaders.score", GX_F64, state->users, err);
    }
    GX_TRY(gx_need_array(&ptr, state, "leaders.category_ptr", GX_U64, 0, err));
    uint32_t count = (uint32_t)gx_arrays_find(state->arrays, "leaders.category_ptr")->shape[0] - 1;
    GX_TRY(gx_category_find(&m->category, m->call->arena, state->arrays, category, count, err));
done:
    return status;
}

gx_status gx_meeting_open(gx_meeting *out, gx_call_env *call, gx_meet_mode mode, uint32_t n,
                          bool same_city, gx_slice category, gx_error *err) {
    gx_status status = GX_OK;
    *out = (gx_meeting){
        .call = call, .mode = mode, .n = n, .same_city = same_city, .category = GX_NONE};
    if (mode == GX_MEET_EXPERT) {
        GX_TRY(find_leaders(out, category, err));
    }
    GX_TRY(find_rows(out, err));
    if (mode == GX_MEET_CROSS_CIRCLE && !out->graph.community) {
        GX_TRY(gx_need_snapshot(call->state, err));
        GX_TRY(gx_fail(err, GX_CONFLICT,
                       "the snapshot has no circles; build it with leiden (model.build)"));
    }
    GX_TRY(gx_meet_open(&out->meet, &out->graph, call->job, err));
done:
    return status;
}

void gx_meeting_close(gx_meeting *meeting) {
    if (meeting->call) {
        gx_meet_close(&meeting->meet, meeting->call->job);
        gx_graph_release(meeting->call->db, meeting->held);
    }
    *meeting = (gx_meeting){0};
}

/* ---- one member ---------------------------------------------------------------------------------
 */

typedef struct search {
    gx_meeting *m;
    gx_txn *txn;
    uint32_t user;
    int64_t now_ms;
    vector tied;   /* uint32_t, sorted: the other end of every tie there is, of whatever kind */
    vector groups; /* shared: candidates out of groups, sorted by user */
    vector pool;   /* gx_meet_one */
    gx_history history;
    gx_slice city; /* of the member; empty: not known */
    uint32_t circle;
    uint32_t group; /* being read */
    double group_weight;
    uint32_t group_read;
    uint32_t hidden; /* would be shown, but did not agree to be named */
} search;

/* Somebody of a group of the member's. */
typedef struct shared {
    uint32_t user, group;
    double weight;
} shared;

static gx_status add_tied(void *context, const gx_tie *tie, gx_error *err) {
    search *s = context;
    uint32_t *row = vector_add(&s->tied);
    if (!row) {
        return gx_fail_memory(err, s->tied.capacity * s->tied.size);
    }
    *row = tie->src == s->user ? tie->dst : tie->src;
    return GX_OK;
}

/* Also ties of no weight: what keeps two apart is a tie as well. */
static gx_status read_tied(search *s, gx_error *err) {
    gx_status status = gx_tie_out(s->txn, s->user, add_tied, s, err);
    if (status == GX_OK) {
        status = gx_tie_in(s->txn, s->user, add_tied, s, err);
    }
    if (status == GX_OK && s->tied.count > 0) {
        qsort(s->tied.data, s->tied.count, s->tied.size, gx_by_number);
    }
    return status;
}

static bool may_meet(const search *s, uint32_t user) {
    return user != s->user && !(s->tied.count && bsearch(&user, s->tied.data, s->tied.count,
                                                         s->tied.size, gx_by_number));
}

/* ---- candidates ---------------------------------------------------------------------------------
 */

static gx_status add_shared(void *context, const gx_membership *member, gx_error *err) {
    search *s = context;
    if (member->left_ms != GX_TIME_UNKNOWN || s->group_read++ >= GROUP_MAX ||
        !may_meet(s, member->user)) {
        return GX_OK;
    }
    shared *row = vector_add(&s->groups);
    if (!row) {
        return gx_fail_memory(err, s->groups.capacity * s->groups.size);
    }
    *row = (shared){member->user, s->group, 0};
    return GX_OK;
}

static gx_status add_group(void *context, const gx_membership *member, gx_error *err) {
    search *s = context;
    if (member->left_ms != GX_TIME_UNKNOWN) {
        return GX_OK;
    }
    const size_t from = s->groups.count;
    s->group = member->group;
    s->group_read = 0;
    gx_status status = gx_member_of_group(s->txn, member->group, add_shared, s, err);
    for (size_t i = from; i < s->groups.count; i++) {
        ((shared *)s->groups.data)[i].weight = gx_tie_group_weight(s->group_read);
    }
    return status;
}

/* By user; of one, the smallest group first. */
static int by_user(const void *a, const void *b) {
    const shared *x = a, *y = b;
    if (x->user != y->user) {
        return x->user < y->user ? -1 : 1;
    }
    if (x->weight != y->weight) {
        return x->weight > y->weight ? -1 : 1;
    }
    return (x->group > y->group) - (x->group < y->group);
}

/* One row a person: the smallest group, the sum of the weights. */
static gx_status read_groups(search *s, gx_error *err) {
    gx_status status = gx_member_of_user(s->txn, s->user, add_group, s, err);
    shared *all = s->groups.data;
    size_t made = 0;
    if (status == GX_OK && s->groups.count > 0) {
        qsort(all, s->groups.count, sizeof *all, by_user);
    }
    for (size_t i = 0; i < s->groups.count; i++) {
        if (made > 0 && all[made - 1].user == all[i].user) {
            all[made - 1].weight += all[i].weight;
        } else {
            all[made++] = all[i];
        }
    }
    s->groups.count = made;
    return status;
}

static const shared *shared_with(const search *s, uint32_t user) {
    return s->groups.count
               ? bsearch(&user, s->groups.data, s->groups.count, s->groups.size, gx_by_number)
               : NULL;
}

/* How somebody leads; all 0: they do not. */
typedef struct leading {
    double score;
    uint32_t rank;
} leading;

/* What the graph, groups and leaders say of one; nothing is read from the store. */
static gx_meet_one value_one(const search *s, uint32_t user, leading lead) {
    const gx_meeting *m = s->m;
    const shared *group = shared_with(s, user);
    gx_meet_one one = {
        .user = user, .group = GX_NONE, .leader_score = lead.score, .leader_rank = lead.rank};
    if (user < m->graph.n) {
        double adamic, walk, circle;
        gx_meet_shares(&adamic, &walk, &circle, &m->meet, &gx_meet_weights_default, user);
        one.part[GX_REASON_MUTUAL] = worth[m->mode].graph * adamic;
        one.part[GX_REASON_WALK] = worth[m->mode].graph * walk;
        one.part[GX_REASON_CIRCLE] = worth[m->mode].circle * circle;
    }
    if (group) {
        one.group = group->group;
        one.part[GX_REASON_GROUP] = worth[m->mode].group * gx_tie_groups_part(group->weight);
    }
    one.part[GX_REASON_EXPERT] = worth[m->mode].expert * lead.score / 100;
    for (int p = 0; p < GX_REASON_COUNT; p++) {
        one.score += one.part[p];
    }
    return one;
}

/* A member without a circle is outside of all. */
static bool in_other_circle(const search *s, uint32_t user) {
    const uint32_t *community = s->m->graph.community;
    return community && user < s->m->graph.n && s->circle != GX_NONE &&
           community[user] != s->circle;
}

static void offer(const search *s, gx__top *top, uint32_t user, leading lead) {
    if (may_meet(s, user) && (s->m->mode != GX_MEET_CROSS_CIRCLE || in_other_circle(s, user))) {
        gx__top_offer(top, value_one(s, user, lead).score, user, 0);
    }
}

/* Everybody the graph touched, and those of groups whom it did not. */
static void offer_near(const search *s, gx__top *top) {
    const gx_meet *meet = &s->m->meet;
    const shared *rows = s->groups.data;
    for (uint32_t i = 0; i < meet->touched_count; i++) {
        offer(s, top, meet->touched[i], (leading){0});
    }
    for (size_t i = 0; i < s->groups.count; i++) {
        uint32_t user = rows[i].user;
        if (user >= meet->graph->n || !gx_meet_is_touched(meet, user)) {
            offer(s, top, user, (leading){0});
        }
    }
}

/* Who leads the category, best first, and how many there are. */
static const uint32_t *category_leaders(const float **out_score, uint32_t *out_count,
                                        const gx_meeting *m) {
    const gx_arrays *arrays = m->call->state->arrays;
    const uint64_t *ptr = gx_arrays_get(arrays, "leaders.category_ptr", GX_U64, 0);
    const uint32_t *leader = gx_arrays_get(arrays, "leaders.category_user", GX_U32, 0);
    const float *score = gx_arrays_get(arrays, "leaders.category_score", GX_F32, 0);
    const uint64_t count = ptr[m->category + 1] - ptr[m->category];
    *out_count = !leader || !score ? 0 : count < GX_REC_EXPERTS ? (uint32_t)count : GX_REC_EXPERTS;
    *out_score = *out_count ? score + ptr[m->category] : NULL;
    return *out_count ? leader + ptr[m->category] : NULL;
}

/* How they lead the shop, or the category asked for. */
static leading leading_of(const gx_meeting *m, uint32_t user) {
    leading lead = {0};
    if (m->category == GX_NONE) {
        lead.rank = gx_rec_leader_rank(m->call->state->rec, user);
        lead.rank = lead.rank <= LEADERS_MAX ? lead.rank : 0;
        lead.score = lead.rank ? m->leader_score[user] : 0;
        return lead;
    }
    const float *score;
    uint32_t count;
    const uint32_t *leader = category_leaders(&score, &count, m);
    for (uint32_t k = 0; k < count; k++) {
        if (leader[k] == user && score[k] > 0) {
            return (leading){(double)score[k], k + 1};
        }
    }
    return lead;
}

static void offer_leader(const search *s, gx__top *top, uint32_t user) {
    leading lead = leading_of(s->m, user);
    if (lead.rank) {
        offer(s, top, user, lead);
    }
}

static void offer_leaders(const search *s, gx__top *top) {
    if (s->m->category == GX_NONE) {
        for (uint32_t u = 0; u < s->m->call->state->users; u++) {
            offer_leader(s, top, u);
        }
        return;
    }
    const float *score;
    uint32_t count;
    const uint32_t *leader = category_leaders(&score, &count, s->m);
    for (uint32_t k = 0; k < count; k++) {
        offer_leader(s, top, leader[k]);
    }
}

/* ---- a closer look ------------------------------------------------------------------------------
 */

static gx_slice text_of(const gx_value *record, const char *field) {
    const gx_value *value = gx_map_get(record, field);
    return value && value->type == GX_TEXT ? (gx_slice){value->as.text, value->size}
                                           : (gx_slice){"", 0};
}

/* Whether the record of a member lets them be shown to anybody. */
static bool may_show(bool *out_agreed, const gx_value *record, int64_t now_ms) {
    *out_agreed = gx_says_yes(gx_map_get(record, "consent"));
    return !gx_is_departed(record, now_ms);
}

/* Reads their record and events; *keep is false for who may not be shown after all. */
static gx_status look_at(gx_meet_one *one, bool *keep, search *s, gx_arena *scratch,
                         gx_error *err) {
    gx_value record;
    gx_history their;
    gx_status status = GX_OK;
    *keep = gx_word_name(s->txn, GX_SPACE_USER, one->user).size > 0; /* else forgotten */
    if (!*keep) {
        return GX_OK;
    }
    GX_TRY(gx_record_get(&record, s->txn, scratch, GX_SPACE_USER, one->user, err));
    gx_slice city = text_of(&record, "city");
    bool same_city = s->city.size > 0 && gx_slice_equal(city, s->city), agreed;
    *keep = may_show(&agreed, &record, s->now_ms) && (same_city || !s->m->same_city);
    if (*keep && !agreed) {
        *keep = false;
        s->hidden++;
    }
    if (*keep) {
        GX_TRY(gx_member_history(&their, s->txn, s->m->call->state, one->user, scratch, err));
        one->part[GX_REASON_TASTE] = worth[s->m->mode].taste * gx_meet_weights_default.taste *
                                     gx_history_cosine(&one->items, &s->history, &their);
        one->part[GX_REASON_CITY] = same_city ? worth[s->m->mode].city : 0;
        one->score += one->part[GX_REASON_TASTE] + one->part[GX_REASON_CITY];
    }
done:
    return status;
}

static int by_score(const void *a, const void *b) {
    const gx_meet_one *x = a, *y = b;
    if (x->score != y->score) {
        return x->score > y->score ? -1 : 1;
    }
    return (x->user > y->user) - (x->user < y->user);
}

uint32_t gx_meeting_pool(uint32_t n) {
    return POOL + POOL_A_ROW * n;
}

/* Looks at the offered, best first, until the pool is full of those who may be shown. */
static gx_status fill_pool(search *s, const gx__top *top, gx_error *err) {
    const size_t enough = gx_meeting_pool(s->m->n);
    gx_status status = GX_OK;
    gx_arena *scratch = gx_arena_create();
    if (!scratch) {
        return gx_fail_memory(err, 0);
    }
    for (uint32_t i = 0; i < top->count && s->pool.count < enough; i++) {
        const uint32_t user = top->entry[i].id;
        bool expert = s->m->mode == GX_MEET_EXPERT, keep = false;
        gx_meet_one one = value_one(s, user, expert ? leading_of(s->m, user) : (leading){0});
        GX_TRY(gx_job_check(s->m->call->job, err));
        GX_TRY(look_at(&one, &keep, s, scratch, err));
        gx_arena_reset(scratch);
        gx_meet_one *row = keep ? vector_add(&s->pool) : NULL;
        if (keep && !row) {
            GX_TRY(gx_fail_memory(err, s->pool.capacity * s->pool.size));
        }
        if (keep) {
            *row = one;
        }
    }
    if (s->pool.count > 0) {
        qsort(s->pool.data, s->pool.count, s->pool.size, by_score);
    }
done:
    gx_arena_destroy(scratch);
    return status;
}

/* ---- all ----------------------------------------------------------------------------------------
 */

/* By the snapshot; for one it does not know, by the ties. */
static gx_status find_circle(search *s, const gx_people *own, gx_error *err) {
    gx_friend *friends = gx_arena_get(s->m->call->arena, own->count * sizeof *friends + 1);
    uint32_t count = 0;
    if (!friends) {
        return gx_fail_memory(err, own->count * sizeof *friends);
    }
    for (size_t i = 0; i < own->count; i++) {
        if (!own->person[i].blocked) {
            friends[count++] =
                (gx_friend){.user = own->person[i].user, .strength = own->person[i].strength};
        }
    }
    s->circle = gx_rec_circle(s->m->call->state->rec, s->user, friends, count);
    return GX_OK;
}

static gx_status walk(search *s, const gx_people *own, gx_error *err) {
    gx_arena *arena = s->m->call->arena;
    uint32_t *row = gx_arena_get(arena, own->count * sizeof *row + 1), count = 0;
    if (!row) {
        return gx_fail_memory(err, own->count * sizeof *row);
    }
    for (size_t i = 0; i < own->count; i++) {
        row[count] = own->person[i].user;
        count += !own->person[i].blocked;
    }
    return gx_meet_from(&s->m->meet, s->user, row, count, s->circle, s->m->call->job, err);
}

static gx_status read_member(search *s, gx_people *own, gx_error *err) {
    gx_call_env *call = s->m->call;
    gx_value record;
    gx_status status = GX_OK;
    GX_TRY(gx_people_read(own, s->txn, &call->state->rules, s->user, err));
    gx_people_measure(own, call->state->rec, s->user);
    GX_TRY(read_tied(s, err));
    GX_TRY(read_groups(s, err));
    GX_TRY(gx_record_get(&record, s->txn, call->arena, GX_SPACE_USER, s->user, err));
    s->city = text_of(&record, "city");
    GX_TRY(gx_member_history(&s->history, s->txn, call->state, s->user, call->arena, err));
    GX_TRY(find_circle(s, own, err));
    GX_TRY(walk(s, own, err));
done:
    return status;
}

gx_status gx_meeting_list(gx_meet_list *out, gx_people *own, gx_meeting *meeting, uint32_t user,
                          gx_error *err) {
    gx_status status = GX_OK;
    gx_call_env *call = meeting->call;
    search s = {.m = meeting,
                .txn = call->txn,
                .user = user,
                .now_ms = gx_time_ms(),
                .tied = {.size = sizeof(uint32_t)},
                .groups = {.size = sizeof(shared)},
                .pool = {.size = sizeof(gx_meet_one)}};
    gx__top top = {0};
    GX_TRY(read_member(&s, own, err));
    const size_t offered = (size_t)meeting->meet.touched_count + s.groups.count + LEADERS_MAX;
    top.capacity = (uint32_t)offered;
    GX_TRY(gx_job_alloc(call->job, &top.entry, offered, sizeof *top.entry, err));
    if (meeting->mode == GX_MEET_EXPERT) {
        offer_leaders(&s, &top);
    } else {
        offer_near(&s, &top);
    }
    gx__top_sort(&top);
    GX_TRY(fill_pool(&s, &top, err));
    uint32_t count = s.pool.count < meeting->n ? (uint32_t)s.pool.count : meeting->n;
    gx_meet_one *list = gx_arena_get(call->arena, count * sizeof *list + 1);
    if (!list) {
        GX_TRY(gx_fail_memory(err, count * sizeof *list));
    }
    if (count > 0) {
        memcpy(list, s.pool.data, count * sizeof *list);
    }
    *out = (gx_meet_list){list, count, s.hidden};
done:
    gx_job_free(call->job, top.entry);
    gx_free(s.tied.data);
    gx_free(s.groups.data);
    gx_free(s.pool.data);
    return status;
}

/* ---- everybody ----------------------------------------------------------------------------------
 */

typedef struct marking {
    uint8_t *mark;
    uint32_t n, seen;
    int64_t now_ms;
    gx_txn *txn;
    gx_job *job;
} marking;

static gx_status mark_one(void *user, uint32_t id, const gx_value *record, gx_error *err) {
    enum { LOOK = 4096 };
    marking *m = user;
    bool agreed;
    if (id < m->n) {
        m->mark[id] = may_show(&agreed, record, m->now_ms) && agreed &&
                      gx_word_name(m->txn, GX_SPACE_USER, id).size > 0;
    }
    return ++m->seen % LOOK == 0 ? gx_job_check(m->job, err) : GX_OK;
}

gx_status gx_meeting_mark(uint8_t *mark, uint32_t n, gx_txn *txn, gx_job *job, gx_error *err) {
    marking m = {.mark = mark, .n = n, .now_ms = gx_time_ms(), .txn = txn, .job = job};
    memset(mark, 0, n);
    return gx_record_each(txn, GX_SPACE_USER, mark_one, &m, err);
}
