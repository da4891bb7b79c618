/* rec.experts: the nearest trusted expert for a category or a question (R74). docs/experts.md.
 *
 * Of a top-level category the snapshot has the leaders; those of a path are ranked as they are
 * asked for (topic.h).
 *
 *   score = authority in the category / 100 × trust,  trust = the most that the product of tie
 *   strengths along a way from the member comes to
 *
 * found by Dijkstra over −ln strength, past those who have departed. Whom no way leads to follow,
 * by authority. */
#include "api/build/keep.h"
#include "api/lists/lists.h"
#include "api/lists/topic.h"
#include "api/people/leader.h"
#include "api/people/member_rules.h"
#include "api/people/people.h"
#include "api/privacy.h"
#include "engine/kernel/heap.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

enum { WORDS_MOST = 32, GUESSES = 3 };

/* clang-format off */
static const gx_param params[] = {
    {"user", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL | GX_PARAM_WHOM, "who asks"},
    {"category", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0, "about which item category, a path like home/kitchen too"},
    {"question", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "or the question itself: the category whose titles and tags have its words"},
    {"n", GX_PARAM_INT, "5", 1, 100, "members", NULL, 0, "how many"},
    {"least", GX_PARAM_REAL, "0", 0, 100, NULL, NULL, 0, "least authority in the category"},
};
/* clang-format on */

typedef struct expert {
    uint32_t user, rank; /* in the category, from 1 */
    double authority, trust, score;
} expert;

typedef struct asking {
    gx_call_env *call;
    const gx_columns *columns;
    gx_people own;
    uint32_t user;
    gx_value category; /* its name */
    gx_value guesses;  /* of a question */
    expert *expert;
    uint32_t count, hidden, flagged, min_count;
    uint64_t kept; /* only so many leaders of the category are known; 0: all who lead there */
    gx__heap heap; /* key: −ln trust */
    uint32_t *from;
    uint8_t *gone; /* users: 1 for those who have departed: neither asked nor asked through */
    uint32_t users;
} asking;

/* ---- which category ---------------------------------------------------------------------------
 */

/* Words of letters and digits, small; of Chinese, two characters at a time. */
static uint32_t words_of(char word[][64], const gx_slice text) {
    uint32_t count = 0;
    for (size_t i = 0; i < text.size && count < WORDS_MOST;) {
        const unsigned char first = (unsigned char)text.data[i];
        size_t size = 0;
        if (first < 128) {
            while (i + size < text.size && isalnum((unsigned char)text.data[i + size])) {
                size++;
            }
            for (size_t k = 0; size >= 3 && size < 64 && k < size; k++) {
                word[count][k] = (char)tolower((unsigned char)text.data[i + k]);
            }
            if (size >= 3 && size < 64) {
                word[count++][size] = '\0';
            }
            i += size ? size : 1;
            continue;
        }
        const size_t one = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
        const size_t next = i + one;
        if (next < text.size && (unsigned char)text.data[next] >= 0xe0 && first >= 0xe0) {
            const size_t two = (unsigned char)text.data[next] >= 0xf0 ? 4 : 3;
            if (next + two <= text.size) {
                memcpy(word[count], text.data + i, one + two);
                word[count++][one + two] = '\0';
            }
        }
        i = next;
    }
    return count;
}

static void add_text(char *all, size_t room, size_t *at, const gx_value *value) {
    if (value->type == GX_LIST) {
        for (uint32_t i = 0; i < value->size; i++) {
            add_text(all, room, at, &value->as.items[i]);
        }
    } else if (value->type == GX_TEXT && *at + value->size + 2 < room) {
        for (uint32_t i = 0; i < value->size; i++) {
            all[(*at)++] = (char)tolower((unsigned char)value->as.text[i]);
        }
        all[(*at)++] = ' ';
    }
    all[*at] = '\0';
}

/* Which words the item's title, tags and category have, as bits. */
static uint32_t bits_of(const asking *a, gx_arena *arena, uint32_t item, char word[][64],
                        uint32_t count) {
    static const char *const fields[] = {"title", "tags", "category"};
    char text[2048] = "";
    size_t at = 0;
    uint32_t bits = 0;
    for (size_t f = 0; f < GX_COUNT(fields); f++) {
        const gx_value value = gx_columns_get(a->columns, arena, item, fields[f]);
        add_text(text, sizeof text, &at, &value);
    }
    for (uint32_t w = 0; w < count; w++) {
        bits |= strstr(text, word[w]) ? UINT32_C(1) << w : 0;
    }
    return bits;
}

/* By category, a row of WIDTH: items with each word, and behind these its items; a row more for all
 * categories. */
enum { WIDTH = WORDS_MOST + 1 };

static gx_status count_words(double *with, const asking *a, const uint32_t *label,
                             uint32_t categories, char word[][64], uint32_t words, gx_error *err) {
    enum { LOOK = 1 << 10 };
    gx_status status = GX_OK;
    double *all = with + (size_t)categories * WIDTH;
    gx_arena *own = gx_arena_create();
    if (!own) {
        GX_TRY(gx_fail_memory(err, 0));
    }
    for (uint32_t i = 0; i < a->call->state->items; i++) {
        if (i % LOOK == 0) {
            GX_TRY(gx_job_check(a->call->job, err));
        }
        if (label[i] < categories) {
            double *row = with + (size_t)label[i] * WIDTH;
            const uint32_t bits = bits_of(a, own, i, word, words);
            gx_arena_reset(own);
            row[WORDS_MOST]++;
            for (uint32_t w = 0; w < words; w++) {
                row[w] += bits >> w & 1;
                all[w] += bits >> w & 1;
            }
        }
    }
done:
    gx_arena_destroy(own);
    return status;
}

/* Σ over its words of the share of a category's items that have it × ln(1 + items / items with it).
 */
static gx_status guess_category(uint32_t *out, asking *a, const uint32_t *label,
                                uint32_t categories, gx_error *err) {
    gx_call_env *call = a->call;
    gx_status status = GX_OK;
    char word[WORDS_MOST][64];
    const gx_slice question = gx_arg_text(call->args, "question");
    const uint32_t words = words_of(word, question), items = call->state->items;
    double *with = gx_alloc0(((size_t)categories + 1) * WIDTH, sizeof *with);
    double *score = gx_arena_get(call->arena, ((size_t)categories + 1) * sizeof *score);
    char shown[80];
    if (!with || !score) {
        GX_TRY(gx_fail_memory(err, ((size_t)categories + 1) * WIDTH * sizeof *with));
    }
    GX_TRY(gx_filter_lock(&a->columns, call, err));
    GX_TRY(count_words(with, a, label, categories, word, words, err));
    const double *all = with + (size_t)categories * WIDTH;
    for (uint32_t c = 0; c < categories; c++) {
        const double *row = with + (size_t)c * WIDTH;
        score[c] = 0;
        for (uint32_t w = 0; w < words && row[WORDS_MOST] > 0; w++) {
            score[c] += row[w] > 0 ? row[w] / row[WORDS_MOST] * log(1 + items / all[w]) : 0;
        }
    }
    uint32_t found;
    const uint32_t *top = gx_top_f64(call->arena, &found, score, categories, GUESSES, NULL);
    if (!top) {
        GX_TRY(gx_fail_memory(err, GUESSES));
    }
    if (found == 0 || !(score[top[0]] > 0)) {
        GX_TRY(gx_fail_at(err, GX_NOT_FOUND, "question",
                          "question: %s has no word that an item's title, tags or category has; "
                          "say category",
                          gx_quote(shown, sizeof shown, question.data, question.size)));
    }
    for (uint32_t i = 0; i < found && score[top[i]] > 0; i++) {
        gx_value one = gx_map(call->arena, 2);
        gx_map_put(call->arena, &one, "category",
                   gx_category_value(call->arena, call->state->arrays, top[i]));
        gx_map_put(call->arena, &one, "score", gx_real(score[top[i]]));
        gx_list_add(call->arena, &a->guesses, one);
    }
    *out = top[0];
done:
    gx_free(with);
    return status;
}

/* ---- who knows about it -----------------------------------------------------------------------
 */

/* Those of the ranking who may be asked. What is read of one is dropped before the next. */
static gx_status take_experts(asking *a, const gx_ranked *of, const gx_leaders *leaders,
                              gx_error *err) {
    enum { LOOK = 1 << 10 };
    gx_call_env *call = a->call;
    gx_status status = GX_OK;
    gx_arena *own = gx_arena_create();
    GX_TRY(own ? GX_OK : gx_fail_memory(err, 0));
    GX_TRY(gx_job_alloc(call->job, &a->expert, of->count + 1, sizeof *a->expert, err));
    for (uint64_t i = 0; i < of->count; i++) {
        const uint32_t user = of->user[i];
        const double score = (double)of->score[i];
        const gx_person *known = gx_people_find(&a->own, user);
        if (i % LOOK == 0) {
            GX_TRY(gx_job_check(call->job, err));
        }
        if (user == a->user || user >= a->users || (known && known->blocked) ||
            score < gx_arg_real(call->args, "least") || !(score > 0) || a->gone[user] ||
            gx_word_name(call->txn, GX_SPACE_USER, user).size == 0) {
            continue;
        }
        gx_arena_reset(own);
        if (user < leaders->count && leaders->flag_count[user] > 0) {
            a->flagged++;
        } else if (!gx_consents(call->txn, own, user)) {
            a->hidden++;
        } else {
            a->expert[a->count++] =
                (expert){.user = user, .rank = (uint32_t)i + 1, .authority = score};
        }
    }
done:
    gx_arena_destroy(own);
    return status;
}

/* Of a top-level category, or of the question: as the snapshot has them. */
static gx_status of_category(asking *a, const gx_leaders *leaders, gx_error *err) {
    gx_call_env *call = a->call;
    const gx_arrays *arrays = call->state->arrays;
    const gx_slice given = gx_arg_text(call->args, "category");
    const uint32_t *label;
    gx_category_leaders all;
    uint32_t category;
    gx_status status;
    const gx_value made = gx_made_with(call->state, "leaders", call->arena);
    GX_TRY(gx_category_leaders_resolve(&all, call->arena, call->state, &made, err));
    if (given.size) {
        GX_TRY(gx_category_find(&category, call->arena, arrays, given, all.categories, err));
    } else {
        GX_TRY(
            gx_need_array(&label, call->state, "category.label", GX_U32, call->state->items, err));
        GX_TRY(guess_category(&category, a, label, all.categories, err));
    }
    a->category = gx_category_value(call->arena, arrays, category);
    const gx_ranked of = gx_category_ranked(&all, category);
    GX_TRY(take_experts(a, &of, leaders, err));
    if (of.count >= all.kept &&
        (double)of.score[of.count - 1] >= gx_arg_real(call->args, "least")) {
        a->kept = all.kept;
    }
done:
    return status;
}

static gx_status find_experts(asking *a, const gx_leaders *leaders, gx_error *err) {
    gx_call_env *call = a->call;
    const gx_slice category = gx_arg_text(call->args, "category");
    gx_topic topic = {0};
    gx_value of;
    gx_status status;
    GX_TRY(gx_topic_of_path(&of, call->arena, category, err));
    if (of.type == GX_NIL) {
        GX_TRY(of_category(a, leaders, err));
    } else {
        GX_TRY(gx_topic_make(&topic, call, leaders, "category", &of, err));
        const gx_ranked all = {topic.leaders.user, topic.leaders.score, topic.leaders.count};
        a->category = *gx_arg_value(call->args, "category");
        GX_TRY(take_experts(a, &all, leaders, err));
    }
done:
    gx_topic_finish(&topic);
    return status;
}

/* ---- how near ---------------------------------------------------------------------------------
 */

static gx_status walk(asking *a, gx_error *err) {
    enum { LOOK = 1 << 12 };
    static const double FARTHEST = 9.2; /* trust of a ten thousandth */
    gx_job *job = a->call->job;
    gx__heap *h = &a->heap;
    gx_status status = GX_OK;
    uint32_t met = 0;
    GX_TRY(gx_job_alloc(job, &h->key, (size_t)a->users + 1, sizeof *h->key, err));
    GX_TRY(gx_job_alloc(job, &h->item, (size_t)a->users + 1, sizeof *h->item, err));
    GX_TRY(gx_job_alloc(job, &h->place, (size_t)a->users + 1, sizeof *h->place, err));
    GX_TRY(gx_job_alloc(job, &a->from, (size_t)a->users + 1, sizeof *a->from, err));
    for (uint32_t v = 0; v < a->users; v++) {
        h->key[v] = INFINITY;
        h->place[v] = a->from[v] = GX_NONE;
    }
    if (a->user < a->users) {
        gx__heap_lower(h, a->user, 0);
    }
    while (h->count > 0) {
        const uint32_t u = gx__heap_take(h), *dst;
        const float *weight;
        const uint32_t count = gx_rec_strengths(&dst, &weight, a->call->state->rec, u);
        if (++met % LOOK == 0) {
            GX_TRY(gx_job_check(job, err));
        }
        for (uint32_t i = 0; i < count; i++) {
            const gx_person *p = u == a->user ? gx_people_find(&a->own, dst[i]) : NULL;
            const double at = h->key[u] - log(fmin((double)weight[i], 1));
            if (dst[i] < a->users && !a->gone[dst[i]] && weight[i] > 0 && !(p && p->blocked) &&
                at <= FARTHEST && at < h->key[dst[i]]) {
                a->from[dst[i]] = u;
                gx__heap_lower(h, dst[i], at);
            }
        }
    }
done:
    return status;
}

static int by_score(const void *a, const void *b) {
    const expert *x = a, *y = b;
    if (x->score != y->score) {
        return x->score > y->score ? -1 : 1;
    }
    return (x->rank > y->rank) - (x->rank < y->rank);
}

/* ---- the answer -------------------------------------------------------------------------------
 */

/* From the member to the expert; who did not agree to be named is nil. */
static gx_value path_of(const asking *a, uint32_t user, uint32_t *steps) {
    gx_call_env *call = a->call;
    uint32_t count = 0;
    for (uint32_t v = user; v != GX_NONE; v = a->from[v]) {
        count++;
    }
    *steps = count - 1;
    uint32_t *way = gx_arena_get(call->arena, count * sizeof *way);
    if (!way) { /* the arena says so */
        return gx_nil();
    }
    count = 0;
    for (uint32_t v = user; v != GX_NONE; v = a->from[v]) {
        way[count++] = v;
    }
    gx_value list = gx_list(call->arena, count);
    while (count-- > 0) {
        const bool named = way[count] == a->user || gx_consents(call->txn, call->arena, way[count]);
        gx_list_add(call->arena, &list,
                    named ? gx_word_value(call->arena, call->txn, GX_SPACE_USER, way[count])
                          : gx_nil());
    }
    return list;
}

static gx_value expert_row(const asking *a, const expert *e, uint32_t rank) {
    gx_call_env *call = a->call;
    gx_arena *arena = call->arena;
    gx_value row = gx_map(arena, 9), why = gx_map(arena, 2);
    uint32_t steps = 0;
    const gx_value path = e->trust > 0 ? path_of(a, e->user, &steps) : gx_nil();
    const gx_value name = a->category;
    const gx_slice category = {name.type == GX_TEXT ? name.as.text : "",
                               name.type == GX_TEXT ? name.size : 0};
    const gx_hole holes[] = {{"category", category, category},
                             gx_lists_count(arena, "rank", e->rank),
                             gx_lists_count(arena, "steps", steps)};
    gx_lists_say(&why, arena,
                 e->trust <= 0 ? GX_SAYS_EXPERT_FAR
                 : steps <= 1  ? GX_SAYS_EXPERT_KNOWN
                               : GX_SAYS_EXPERT_NEAR,
                 holes, GX_COUNT(holes));
    gx_map_put(arena, &row, "rank", gx_int(rank));
    gx_map_put(arena, &row, "user", gx_word_value(arena, call->txn, GX_SPACE_USER, e->user));
    gx_map_put(arena, &row, "score", gx_real(e->score));
    gx_map_put(arena, &row, "authority", gx_real(e->authority));
    gx_map_put(arena, &row, "category_rank", gx_int(e->rank));
    gx_map_put(arena, &row, "trust", gx_real(e->trust));
    gx_map_put(arena, &row, "steps", e->trust > 0 ? gx_int(steps) : gx_nil());
    gx_map_put(arena, &row, "path", path);
    gx_map_put(arena, &row, "why", why);
    return row;
}

static gx_value answer(asking *a) {
    gx_call_env *call = a->call;
    gx_arena *arena = call->arena;
    const uint32_t n = (uint32_t)gx_arg_int(call->args, "n");
    gx_value row = gx_map(arena, 6), list = gx_list(arena, n), less = gx_nil();
    for (uint32_t i = 0; i < a->count; i++) {
        expert *e = &a->expert[i];
        e->trust = exp(-a->heap.key[e->user]);
        e->score = e->authority / 100 * e->trust;
    }
    if (a->count) {
        qsort(a->expert, a->count, sizeof *a->expert, by_score);
    }
    for (uint32_t i = 0; i < a->count && i < n; i++) {
        gx_list_add(arena, &list, expert_row(a, &a->expert[i], i + 1));
    }
    if (list.size < n) {
        const gx_hidden_text hidden = gx_hidden_say(a->hidden, a->min_count);
        const double least = gx_arg_real(call->args, "least");
        const char *of =
            least > 0 ? gx_arena_printf(arena, " of an authority of %g or more", least) : "";
        const char *among =
            a->kept ? gx_arena_printf(arena,
                                      " among its first %llu leaders, more of whom the snapshot "
                                      "does not keep (per_category of the pass leaders)",
                                      (unsigned long long)a->kept)
                    : "";
        char *text = gx_arena_printf(
            arena, "%u of %u: the category has no more experts%s%s%s; %u are flagged", list.size, n,
            of ? of : "", among ? among : "", hidden.text, a->flagged);
        less = gx_str(text ? text : "");
    }
    gx_map_put(arena, &row, "category", a->category);
    gx_map_put(arena, &row, "guesses", a->guesses);
    gx_map_put(arena, &row, "experts", list);
    gx_map_put(arena, &row, "hidden", gx_hidden_value(a->hidden, a->min_count));
    gx_map_put(arena, &row, "short", less);
    return row;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    asking a = {.call = call, .guesses = gx_list(call->arena, GUESSES)};
    gx_job *job = call->job;
    gx_leaders leaders;
    if (gx_arg_has(call->args, "category") == gx_arg_has(call->args, "question")) {
        return gx_fail_at(err, GX_BAD_REQUEST, "category",
                          "%s of category and question were given; accepted is one of them",
                          gx_arg_has(call->args, "category") ? "both" : "none");
    }
    GX_TRY(gx_need_strengths(call->state, err));
    GX_TRY(gx_min_count(&a.min_count, call->txn, call->arena, err));
    GX_TRY(gx_need_word(&a.user, call->txn, GX_SPACE_USER, gx_arg_text(call->args, "user"), err));
    a.users = call->state->users;
    GX_TRY(gx_people_read(&a.own, call->txn, &call->state->rules, a.user, err));
    GX_TRY(gx_leaders_resolve(&leaders, call->state, err));
    GX_TRY(gx_job_alloc(job, &a.gone, (size_t)a.users + 1, sizeof *a.gone, err));
    GX_TRY(gx_departed_mark(a.gone, a.users, call->txn, job, err));
    GX_TRY(find_experts(&a, &leaders, err));
    GX_TRY(walk(&a, err));
    *out = answer(&a);
done:
    if (a.columns) {
        gx_db_items_unlock(call->db);
    }
    gx_people_finish(&a.own);
    gx_job_free(job, a.heap.key);
    gx_job_free(job, a.heap.item);
    gx_job_free(job, a.heap.place);
    gx_job_free(job, a.from);
    gx_job_free(job, a.expert);
    gx_job_free(job, a.gone);
    return status;
}

const gx_method gx_method_rec_experts = {
    .name = "rec.experts",
    .summary = "the nearest trusted expert for a category or a question",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result = "{category, guesses: [{category, score}], experts: [{rank, user, score, authority, "
              "category_rank, trust, steps, path: [user or nil], why: {en, zh}}], hidden (from "
              "min_count up), short}",
    .run = run,
};
