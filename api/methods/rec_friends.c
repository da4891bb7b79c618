/* rec.friends: whom a member could meet, with reasons. Ties, blocks and departures are those of
 * this moment. */
#include "api/lists/why.h"
#include "api/people/friends.h"
#include "api/support.h"

#include <stdlib.h>

static const gx_param params[] = {
    {"users", GX_PARAM_LIST, NULL, 1, 100, "members", NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL | GX_PARAM_WHOM, "for whom, by id"},
    {"n", GX_PARAM_INT, "10", 1, 200, "members", NULL, 0, "how many for each"},
    {"mode", GX_PARAM_CHOICE, "close", GX_PARAM_UNCHECKED, NULL, "close|cross-circle|expert", 0,
     "friends of friends, people of other circles, or opinion leaders, by what was built"},
    {"category", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "of mode expert: leaders in this item category"},
    {"same_city", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "only members of the same city"},
    {"why", GX_PARAM_BOOL, "true", GX_PARAM_UNCHECKED, NULL, NULL, 0, "say why, with evidence"},
};

/* ---- reasons ------------------------------------------------------------------------------------
 */

typedef struct sayer {
    gx_call_env *call;
    const gx_meeting *meeting;
    gx_around *own; /* everybody tied to the member, strongest first */
    uint32_t min_count;
} sayer;

static const struct {
    const char *en, *zh;
} sentences[GX_REASON_COUNT] = {
    [GX_REASON_MUTUAL] = {"You are both tied to some of the same people", "你们有共同联系的人"},
    [GX_REASON_WALK] = {"Close to people you know", "与你认识的人走得近"},
    [GX_REASON_CIRCLE] = {"In your circle", "和你在同一个圈子"},
    [GX_REASON_GROUP] = {"In the same group as you: {what}", "和你在同一个群:{what}"},
    [GX_REASON_TASTE] = {"Likes what you like", "和你喜好相近"},
    [GX_REASON_CITY] = {"Also in {what}", "也在{what}"},
    [GX_REASON_EXPERT] = {"No. {what} of the leaders of this shop", "本店达人第 {what} 位"},
};
static const char *const counted_en = "{what} people you are both tied to",
                         *const counted_zh = "与你们都有联系的 {what} 人";
static const char *const untold_en = "Near you by ties", *const untold_zh = "在关系网里离你近";

/* Those tied to both at this moment by ties of any kind, as the score has them, the member's
 * closest first. */
static gx_status tell_mutual(gx_value *row, gx_value *evidence, const sayer *s, uint32_t user,
                             gx_error *err) {
    gx_arena *arena = s->call->arena;
    gx_people their = {0};
    uint32_t count = 0;
    gx_status status = gx_people_read(&their, s->call->txn, &s->call->state->rules, user, err);
    for (uint32_t k = 0; status == GX_OK && k < s->own->count; k++) {
        const gx_person *same = gx_people_find(&their, s->own->one[k].user);
        s->own->one[k].did = same && !same->blocked;
        count += s->own->one[k].did;
    }
    gx_people_finish(&their);
    if (status != GX_OK) {
        return status;
    }
    const gx_around_told told = gx_around_tell(s->own);
    if (count == 0) { /* the snapshot knew ties that are no more */
        gx_why_fill(row, arena, sentences[GX_REASON_WALK].en, sentences[GX_REASON_WALK].zh, NULL,
                    0);
    } else if (told.nothing) {
        gx_why_fill(row, arena, untold_en, untold_zh, NULL, 0);
    } else if (told.count > 0) {
        char *text = gx_arena_printf(arena, "%u", told.count);
        gx_value named = gx_list(arena, told.shown);
        for (uint32_t k = 0; k < told.shown; k++) {
            gx_list_add(arena, &named,
                        gx_word_value(arena, s->call->txn, GX_SPACE_USER, told.named[k]));
        }
        gx_map_put(arena, evidence, "people", named);
        if (told.hidden > 0) {
            gx_map_put(arena, evidence, "hidden", gx_int(told.hidden));
        }
        if (told.count > 1) {
            gx_why_say(row, arena, counted_en, counted_zh, "what", gx_slice_of(text ? text : ""));
        }
    }
    return GX_OK;
}

static gx_slice slice_of(gx_value text) {
    return text.type == GX_TEXT ? (gx_slice){text.as.text, text.size} : (gx_slice){"", 0};
}

/* The field of a record, "" where it is no text. */
static gx_slice field_of(const sayer *s, gx_space space, uint32_t id, const char *field) {
    gx_value record;
    if (gx_record_get(&record, s->call->txn, s->call->arena, space, id, NULL) != GX_OK) {
        return (gx_slice){"", 0};
    }
    const gx_value *value = gx_map_get(&record, field);
    return value ? slice_of(*value) : (gx_slice){"", 0};
}

static void tell_group(gx_value *row, gx_value *evidence, const sayer *s, uint32_t group) {
    gx_arena *arena = s->call->arena;
    gx_value id = gx_word_value(arena, s->call->txn, GX_SPACE_GROUP, group);
    gx_slice name = field_of(s, GX_SPACE_GROUP, group, "name");
    gx_map_put(arena, evidence, "group", id);
    gx_why_say(row, arena, sentences[GX_REASON_GROUP].en, sentences[GX_REASON_GROUP].zh, "what",
               name.size ? name : slice_of(id));
}

static void tell_expert(gx_value *row, gx_value *evidence, const sayer *s, const gx_meet_one *one) {
    gx_arena *arena = s->call->arena;
    char *rank = gx_arena_printf(arena, "%u", one->leader_rank);
    gx_map_put(arena, evidence, "rank", gx_int(one->leader_rank));
    gx_why_say(row, arena, sentences[GX_REASON_EXPERT].en, sentences[GX_REASON_EXPERT].zh, "what",
               gx_slice_of(rank ? rank : ""));
    if (s->meeting->category != GX_NONE) {
        char *en = gx_arena_printf(arena, "No. %u of the leaders in {what}", one->leader_rank);
        char *zh = gx_arena_printf(arena, "{what}达人第 %u 位", one->leader_rank);
        gx_value topic = gx_category_value(arena, s->call->state->arrays, s->meeting->category);
        gx_map_put(arena, evidence, "topic", topic);
        gx_why_say(row, arena, en ? en : "", zh ? zh : "", "what", slice_of(topic));
    }
    gx_map_put(arena, evidence, "score", gx_real(one->leader_score));
}

static gx_status tell(gx_value *row, gx_value *evidence, const sayer *s, const gx_meet_one *one,
                      gx_meet_reason reason, gx_error *err) {
    gx_arena *arena = s->call->arena;
    gx_slice city;
    gx_why_say(row, arena, sentences[reason].en, sentences[reason].zh, "what", (gx_slice){"", 0});
    switch (reason) {
    case GX_REASON_MUTUAL:
        return tell_mutual(row, evidence, s, one->user, err);
    case GX_REASON_CIRCLE:
        gx_map_put(arena, evidence, "community",
                   gx_community_value(arena, s->call->state, s->meeting->meet.circle));
        break;
    case GX_REASON_GROUP:
        tell_group(row, evidence, s, one->group);
        break;
    case GX_REASON_TASTE:
        if (one->items >= s->min_count) {
            gx_map_put(arena, evidence, "items", gx_int(one->items));
        }
        break;
    case GX_REASON_CITY:
        city = field_of(s, GX_SPACE_USER, one->user, "city");
        gx_map_put(arena, evidence, "city", gx_text_copy(arena, city.data, city.size));
        gx_why_say(row, arena, sentences[reason].en, sentences[reason].zh, "what", city);
        break;
    case GX_REASON_EXPERT:
        tell_expert(row, evidence, s, one);
        break;
    default:
        break;
    }
    return GX_OK;
}

/* By falling share. */
static gx_status why_list(gx_value *out, const sayer *s, const gx_meet_one *one, gx_error *err) {
    gx_arena *arena = s->call->arena;
    gx_value list = gx_list(arena, GX_REASON_COUNT);
    bool told[GX_REASON_COUNT] = {false};
    for (;;) {
        int best = -1;
        for (int r = 0; r < GX_REASON_COUNT; r++) {
            if (!told[r] && one->part[r] > 0 && (best < 0 || one->part[r] > one->part[best])) {
                best = r;
            }
        }
        if (best < 0) {
            break;
        }
        told[best] = true;
        gx_value row = gx_map(arena, 5), evidence = gx_map(arena, 3);
        gx_map_put(arena, &row, "reason", gx_str(gx_meet_reason_name((gx_meet_reason)best)));
        gx_map_put(arena, &row, "share", gx_real(one->part[best] / one->score));
        gx_status status = tell(&row, &evidence, s, one, (gx_meet_reason)best, err);
        if (status != GX_OK) {
            return status;
        }
        gx_map_put(arena, &row, "evidence", evidence);
        gx_list_add(arena, &list, row);
    }
    *out = list;
    return GX_OK;
}

/* ---- lists --------------------------------------------------------------------------------------
 */

/* Everybody tied to the member, the closest first; whoever one of the two blocks is nobody, and so
 * is who has departed. */
static gx_status own_around(gx_around *out, gx_call_env *call, const gx_people *people,
                            uint32_t min_count, gx_error *err) {
    const size_t size = people->count + 1;
    gx_person *sorted = gx_arena_get(call->arena, size * sizeof *sorted);
    gx_arena *scratch = gx_arena_create(); /* of one record at a time */
    gx_status status = GX_OK;
    *out = (gx_around){.txn = call->txn, .arena = call->arena, .min_count = min_count};
    out->one = gx_arena_get(call->arena, size * sizeof *out->one);
    if (!sorted || !out->one || !scratch) {
        status = gx_fail_memory(err, size * (sizeof *sorted + sizeof *out->one));
        goto done;
    }
    if (people->count > 0) {
        memcpy(sorted, people->person, people->count * sizeof *sorted);
        qsort(sorted, people->count, sizeof *sorted, gx_person_by_strength);
    }
    for (size_t k = 0; k < people->count; k++) {
        bool gone = sorted[k].blocked;
        gx_arena_reset(scratch);
        if (!gone) {
            GX_TRY(gx_user_departed(&gone, call->txn, scratch, sorted[k].user, 0, err));
        }
        if (!gone) { /* all are called tied, and not friends */
            out->one[out->count++] = (gx_around_one){.user = sorted[k].user};
        }
    }
done:
    gx_arena_destroy(scratch);
    return status;
}

static gx_status people_value(gx_value *out, sayer *s, const gx_meet_one *list, uint32_t count,
                              gx_error *err) {
    gx_call_env *call = s->call;
    gx_arena *arena = call->arena;
    const bool why = gx_arg_bool(call->args, "why");
    *out = gx_list(arena, count);
    for (uint32_t i = 0; i < count; i++) {
        gx_value row = gx_map(arena, 5);
        gx_map_put(arena, &row, "id", gx_word_value(arena, call->txn, GX_SPACE_USER, list[i].user));
        gx_map_put(arena, &row, "score", gx_real(list[i].score));
        gx_map_put(arena, &row, "rank", gx_int(i + 1));
        if (why) {
            gx_value reasons;
            gx_status status = why_list(&reasons, s, &list[i], err);
            if (status != GX_OK) {
                return status;
            }
            gx_map_put(arena, &row, "why", reasons);
        }
        gx_list_add(arena, out, row);
    }
    return GX_OK;
}

static gx_value short_of(gx_call_env *call, bool known, const gx_meet_list *list,
                         uint32_t min_count) {
    const uint32_t n = (uint32_t)gx_arg_int(call->args, "n");
    if (list->count >= n) {
        return gx_nil();
    }
    const char *why = !known ? "this member is not in the store"
                      : gx_arg_is(call->args, "mode", "expert")
                          ? "there is no other leader whom this member has no tie to"
                          : "nobody else is near whom this member has no tie to";
    gx_hidden_text hidden = gx_hidden_say(list->hidden, min_count);
    char *text = gx_arena_printf(call->arena, "%u of %u: %s%s", list->count, n, why, hidden.text);
    return gx_str(text ? text : "");
}

static gx_status one_member(gx_value *out, gx_meeting *meeting, uint32_t min_count,
                            const gx_value *given, gx_error *err) {
    gx_call_env *call = meeting->call;
    gx_arena *arena = call->arena;
    gx_people own = {0};
    gx_meet_list list = {0};
    uint32_t user = GX_NONE;
    gx_value people = gx_list(arena, 0);
    gx_slice word = {given->as.text, given->size};
    gx_status status = gx_word_find(&user, call->txn, GX_SPACE_USER, word);
    const bool known = status == GX_OK;
    if (!known && status != GX_NOT_FOUND) {
        return gx_fail(err, status, "the store could not be read");
    }
    status = GX_OK;
    if (known) {
        GX_TRY(gx_meeting_list(&list, &own, meeting, user, err));
        gx_around around;
        sayer s = {call, meeting, &around, min_count};
        GX_TRY(own_around(&around, call, &own, min_count, err));
        GX_TRY(people_value(&people, &s, list.one, list.count, err));
    }
    *out = gx_map(arena, 5);
    gx_map_put(arena, out, "user", gx_text_copy(arena, word.data, word.size));
    gx_map_put(arena, out, "known", gx_bool(known));
    gx_map_put(arena, out, "people", people);
    gx_map_put(arena, out, "hidden", gx_hidden_value(list.hidden, min_count));
    gx_map_put(arena, out, "short", short_of(call, known, &list, min_count));
done:
    gx_people_finish(&own);
    return status;
}

static gx_meet_mode mode_of(const gx_args *args) {
    return gx_arg_is(args, "mode", "close")    ? GX_MEET_CLOSE
           : gx_arg_is(args, "mode", "expert") ? GX_MEET_EXPERT
                                               : GX_MEET_CROSS_CIRCLE;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    gx_meeting meeting = {0};
    uint32_t min_count;
    const gx_value *users = gx_arg_value(call->args, "users");
    const gx_meet_mode mode = mode_of(call->args);
    gx_slice category = gx_arg_text(call->args, "category");
    gx_value list = gx_list(call->arena, users->size);
    if (category.size && mode != GX_MEET_EXPERT) {
        return gx_fail_at(err, GX_BAD_REQUEST, "category",
                          "category was given with mode %.*s; it goes with mode expert",
                          (int)gx_arg_text(call->args, "mode").size,
                          gx_arg_text(call->args, "mode").data);
    }
    GX_TRY(gx_min_count(&min_count, call->txn, call->arena, err));
    GX_TRY(gx_meeting_open(&meeting, call, mode, (uint32_t)gx_arg_int(call->args, "n"),
                           gx_arg_bool(call->args, "same_city"), category, err));
    for (uint32_t i = 0; i < users->size; i++) {
        gx_value row;
        GX_TRY(one_member(&row, &meeting, min_count, &users->as.items[i], err));
        gx_list_add(call->arena, &list, row);
        GX_TRY(gx_call_bill(call, err));
    }
    *out = list;
done:
    gx_meeting_close(&meeting);
    return status;
}

const gx_method gx_method_rec_friends = {
    .name = "rec.friends",
    .summary =
        "whom members could meet: friends of friends, of other circles, or leaders, with reasons",
    .scope = GX_SCOPE_READ,
    .cost = GX_COST_SHORT,
    .params = params,
    .param_count = GX_COUNT(params),
    .is_long = gx_is_always_long,
    .result =
        "[{user, known, people: [{id, score, rank, why: [{reason, share, en, zh, evidence}]}], "
        "hidden (from min_count up), short}]",
    .run = run,
};
