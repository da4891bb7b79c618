/* Shares and evidence of the items of a list: one more walk over the acts, and the model's own
 * explanation of each item. O(acts + items of the list × history). */
#include "models/rec/rec_parts.h"
#include "models/scoring.h"

enum { ACTIONS = 8, PEOPLE = GX_COUNT(((gx_why *)0)->people) };

/* Those tied to the member who did one action with an item. */
typedef struct doers {
    uint32_t action;
    float weight; /* the largest of it */
    uint32_t all, recent, shown;
    uint32_t people[PEOPLE];
    double value[PEOPLE]; /* what each of `people` adds, falling */
    int64_t last_ms;
    uint8_t any_tie, all_ties; /* gx_tied_as of one of them, of each of them */
    uint32_t counted;          /* who was counted last, + 1 */
    bool counted_recent;
} doers;

/* Of one item of the list. */
typedef struct tally {
    doers did[ACTIONS];
    uint32_t actions;
    gx_why leader; /* of the first leader */
    double authority;
} tally;

typedef struct evidence {
    gx__scores *scores;
    tally *tallies; /* one an item of the list */
    uint32_t least;
} evidence;

/* NULL: so many kinds of action are told apart already. */
static doers *doers_of(tally *t, uint32_t action) {
    uint32_t k = 0;
    while (k < t->actions && t->did[k].action != action) {
        k++;
    }
    if (k == t->actions && k < ACTIONS) {
        t->did[t->actions++] =
            (doers){.action = action, .last_ms = INT64_MIN, .all_ties = UINT8_MAX};
    }
    return k < ACTIONS ? &t->did[k] : NULL;
}

/* Keeps those that add most, by falling value; who came first stays before an equal. */
static void add_person(doers *d, const gx_friend *person, double value) {
    if (d->shown < PEOPLE || value > d->value[PEOPLE - 1]) {
        uint32_t at = d->shown < PEOPLE ? d->shown++ : PEOPLE - 1;
        for (; at > 0 && value > d->value[at - 1]; at--) {
            d->value[at] = d->value[at - 1];
            d->people[at] = d->people[at - 1];
        }
        d->value[at] = value;
        d->people[at] = person->user;
    }
    d->all++;
    d->any_tie |= person->tied_as;
    d->all_ties &= person->tied_as;
    d->counted = person->user + 1;
    d->counted_recent = false;
}

/* A person counts once for every action they did, by the latest time they did it. */
static void add_friend(tally *t, const gx_rec_member *member, const gx_friend *person,
                       const gx__candidate *candidate) {
    const double value = (double)(person->strength * candidate->best);
    for (uint32_t a = person->act_from; a < person->act_to; a++) {
        const gx_act *act = &member->acts[a];
        doers *d =
            act->item == candidate->item && act->weight > 0 ? doers_of(t, act->action) : NULL;
        if (!d) {
            continue;
        }
        if (d->counted != person->user + 1) {
            add_person(d, person, value);
        }
        d->weight = act->weight > d->weight ? act->weight : d->weight;
        d->last_ms = act->ts_ms > d->last_ms ? act->ts_ms : d->last_ms;
        if (act->ts_ms >= member->recent_from_ms && !d->counted_recent) {
            d->recent++;
            d->counted_recent = true;
        }
    }
}

/* The first leader speaks, by their own act; who came first stays before an equal. */
static void add_leader(tally *t, const gx__scores *scores, const gx_friend *person,
                       const gx__lead *lead, const gx__candidate *candidate) {
    const gx_act *act = &scores->member->acts[candidate->best_act];
    double score = 0;
    uint32_t category = GX_NONE;
    const double authority = gx__authority(&score, &category, scores->rec, lead, candidate->item) *
                             (double)candidate->best;
    if (authority > t->authority) {
        t->authority = authority;
        t->leader = (gx_why){.people = {person->user},
                             .people_shown = 1,
                             .people_all = 1,
                             .people_recent = act->ts_ms >= scores->member->recent_from_ms,
                             .action = act->action,
                             .last_ms = act->ts_ms,
                             .any_tie = person->tied_as,
                             .all_ties = person->tied_as,
                             .community = GX_NONE,
                             .leader_score = score,
                             .leader_category = category,
                             .leader_tied = person->strength > 0};
    }
}

static void add_evidence(void *user, const gx_friend *person, const gx__lead *lead,
                         gx__candidate *candidate) {
    const evidence *e = user;
    if (candidate->chosen == 0) {
        return;
    }
    tally *t = &e->tallies[candidate->chosen - 1];
    if (person->strength > 0) {
        add_friend(t, e->scores->member, person, candidate);
    }
    add_leader(t, e->scores, person, lead, candidate);
}

/* Whether a is told rather than b: the weightier action, of equals what more did, then the smaller
 * number; but before all what enough did to be counted. */
static bool is_told_before(const doers *a, const doers *b, uint32_t least) {
    const bool a_counts = a->all >= least, b_counts = b->all >= least;
    if (a_counts != b_counts) {
        return a_counts;
    }
    if (a->weight != b->weight) {
        return a->weight > b->weight;
    }
    return a->all != b->all ? a->all > b->all : a->action < b->action;
}

/* Everything that is told is of those who did the one action that is told. */
static void tell_friends(gx_why *why, const tally *t, uint32_t least) {
    const doers *told = t->actions > 0 ? &t->did[0] : NULL;
    for (uint32_t k = 1; k < t->actions; k++) {
        told = is_told_before(&t->did[k], told, least) ? &t->did[k] : told;
    }
    if (told) {
        memcpy(why->people, told->people, sizeof why->people);
        why->people_shown = told->shown;
        why->people_all = told->all;
        why->people_recent = told->recent;
        why->action = told->action;
        why->last_ms = told->last_ms;
        why->any_tie = told->any_tie;
        why->all_ties = told->all_ties;
    }
}

static void tell_circle(gx_why *why, const gx__scores *scores, uint32_t item) {
    const gx_rec *rec = scores->rec;
    const gx__candidate *c = &scores->candidates[scores->scratch->slot[item] - 1];
    uint64_t at = rec->circle_ptr[scores->circle] + c->place;
    why->community = scores->circle;
    why->community_count = rec->circle_count[at];
    why->community_share = (double)rec->circle_count[at] / (double)rec->circle_size[scores->circle];
    const uint32_t everywhere = rec->circle_everywhere ? rec->circle_everywhere[at] : 0;
    why->community_times = everywhere > 0 ? why->community_share * rec->users / everywhere : 0;
}

/* The scores that the reason of an attribute is found from. */
static void settle_alike(gx__scores *scores, uint32_t item) {
    gx_trait row[GX_ATTRIBUTES_MAX];
    const gx_columns *columns = scores->member->columns;
    const uint32_t count = scores->open && columns ? gx_attributes_of(row, columns, item) : 0;
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t *items = NULL;
        const uint32_t alike = gx_attributes_items(&items, &scores->rec->attributes, row[k].hash);
        for (uint32_t i = 0; i < alike; i++) {
            gx__scores_settle(scores, items[i]);
        }
    }
}

static bool tell_again(gx_why *why, const gx_rec_member *member, uint32_t item) {
    for (uint32_t k = 0; k < member->again_count; k++) {
        if (member->again[k].item == item) {
            why->again_days = (double)member->again[k].days;
            why->again_own = member->again[k].own;
            return true;
        }
    }
    return false;
}

/* The items of the history that add most, and their part of `sum`, which is all that adds. Clears
 * the parts that are told. */
static void tell_history(gx_why *why, float *parts, const gx_history *history, double sum) {
    while (why->item_count < GX_COUNT(why->items)) {
        uint32_t best = GX_NONE;
        for (uint32_t k = 0; k < history->count; k++) {
            if (parts[k] > 0 && (best == GX_NONE || parts[k] > parts[best])) {
                best = k;
            }
        }
        if (best == GX_NONE) {
            break;
        }
        why->items[why->item_count] = history->item[best];
        why->item_parts[why->item_count++] = (double)parts[best] / sum;
        parts[best] = 0;
    }
}

/* The first of what can be said: that it is time for it again, who is alike, what was declared,
 * whose circle likes it, what it is like, or the history, from what each entry of it adds (NULL:
 * not known). */
static void tell_interest(gx_why *why, float *parts, gx__scores *scores, uint32_t item) {
    const gx_rec *rec = scores->rec;
    const gx_history *history = &scores->member->history;
    if (tell_again(why, scores->member, item)) {
        return;
    }
    if (scores->from_alike) {
        why->alike = true;
        return;
    }
    const double s = (double)(scores->interest[item] * scores->interest_scale);
    if (gx__declared(scores, item, &why->tag) > s / 2) {
        return;
    }
    why->tag = 0;
    if (rec->model && rec->model->spoken_by) {
        why->community = rec->model->spoken_by(rec->model_state, history, item);
        why->popular = why->community != GX_NONE;
    }
    if (why->popular) {
        return;
    }
    double sum = 0;
    for (uint32_t k = 0; parts && k < history->count; k++) {
        sum += parts[k] > 0 ? (double)parts[k] : 0;
    }
    const bool is_thin =
        sum < (double)scores->interest[item] / 2 && gx_attributes_trust(&rec->attributes, item) < 1;
    if (is_thin) {
        settle_alike(scores, item);
    }
    if (is_thin && gx_attributes_reason(&why->attribute, scores->interest, &rec->attributes,
                                        scores->member->columns, item)) {
        return;
    }
    why->popular = rec->model && rec->model->spoken_by;
    if (parts) {
        tell_history(why, parts, history, sum);
    }
}

static void tell_item(gx_rec_item *item, const evidence *e, uint32_t k, float *parts) {
    item->why_count = 0;
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        if (!(item->channel[c] > 0)) {
            continue;
        }
        gx_why *why = &item->why[item->why_count++];
        *why = (gx_why){.leader_category = GX_NONE, .community = GX_NONE};
        if (c == GX_CHANNEL_FRIENDS) {
            tell_friends(why, &e->tallies[k], e->least);
        } else if (c == GX_CHANNEL_LEADER) {
            *why = e->tallies[k].leader;
        } else if (c == GX_CHANNEL_CIRCLE) {
            tell_circle(why, e->scores, item->item);
        } else {
            tell_interest(why, parts, e->scores, item->item);
        }
        why->channel = (gx_channel)c;
        why->share = item->channel[c];
    }
}

/* ---- parts of the model's scores ------------------------------------------------------------- */

enum { AT_ONCE = 64 }; /* items */

/* A row of parts for each of the items, at most AT_ONCE: zeros where the model adds nothing. */
static gx_status fill_parts(float *parts, const gx_rec_item *items, uint32_t count,
                            const gx__scores *scores, gx_error *err) {
    const gx_rec *rec = scores->rec;
    const gx_history *history = &scores->member->history;
    uint32_t item[AT_ONCE], row[AT_ONCE], wanted = 0;
    for (uint32_t k = 0; k < count; k++) {
        if (items[k].channel[GX_CHANNEL_INTEREST] > 0 && items[k].item < rec->items) {
            item[wanted] = items[k].item;
            row[wanted++] = k;
        }
    }
    gx_status status = GX_OK;
    if (wanted > 0) {
        status = gx__explain_items(parts, rec->model, rec->model_state, history, item, wanted, err);
    }
    /* From the last, whose place is the furthest behind its row. */
    for (uint32_t k = count; status == GX_OK && k-- > 0;) {
        float *to = parts + (size_t)k * history->count;
        if (wanted > 0 && row[wanted - 1] == k) {
            wanted--;
            memmove(to, parts + (size_t)wanted * history->count, history->count * sizeof *to);
        } else {
            memset(to, 0, history->count * sizeof *to);
        }
    }
    return status;
}

static gx_status tell_all(gx_rec_item *items, uint32_t count, const evidence *e, gx_error *err) {
    const gx_rec *rec = e->scores->rec;
    const uint32_t history = e->scores->member->history.count;
    const bool tells = e->scores->likes > 0 && rec->model && rec->model->explain;
    const uint32_t rows = count < AT_ONCE ? count : AT_ONCE;
    gx_status status = GX_OK;
    float *parts = tells ? gx_alloc((size_t)rows * history + 1, sizeof *parts) : NULL;
    if (tells && !parts) {
        return gx_fail_memory(err, (size_t)rows * history * sizeof *parts);
    }
    for (uint32_t first = 0; first < count; first += AT_ONCE) {
        const uint32_t some = count - first < AT_ONCE ? count - first : AT_ONCE;
        if (tells) {
            GX_TRY(fill_parts(parts, items + first, some, e->scores, err));
        }
        for (uint32_t k = 0; k < some; k++) {
            tell_item(&items[first + k], e, first + k, tells ? parts + (size_t)k * history : NULL);
        }
    }
done:
    gx_free(parts);
    return status;
}

static void choose(gx__scores *scores, uint64_t *wanted, const gx_rec_item *items, uint32_t count) {
    for (uint32_t k = 0; k < count; k++) {
        uint32_t item = items[k].item;
        uint32_t slot = item < scores->items ? scores->scratch->slot[item] : 0;
        if (slot != 0) {
            scores->candidates[slot - 1].chosen = k + 1;
            wanted[item / 64 % GX__WANTED_WORDS] |= UINT64_C(1) << (item % 64);
        }
    }
}

gx_status gx__why_fill(gx_rec_item *items, uint32_t count, uint32_t least, gx__scores *scores,
                       gx_error *err) {
    tally *tallies = gx_alloc0((size_t)count + 1, sizeof *tallies);
    if (!tallies) {
        return gx_fail_memory(err, ((size_t)count + 1) * sizeof *tallies);
    }
    /* One person is not counted, whatever may be. */
    evidence e = {.scores = scores, .tallies = tallies, .least = least > 2 ? least : 2};
    uint64_t wanted[GX__WANTED_WORDS] = {0};
    choose(scores, wanted, items, count);
    gx__walk_acts(scores, wanted, add_evidence, &e);
    gx_status status = tell_all(items, count, &e, err);
    gx_free(tallies);
    return status;
}
