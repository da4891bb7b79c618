/* Who is tied to a member at this moment. */
#include "api/people/people.h"

#include <stdlib.h>

static const float FOLLOWER_SHARE = 0.5F; /* of a default strength, where only the other one ties */

typedef struct reader {
    gx_people *people;
    gx_txn *txn;
    const gx_rules *rules;
    uint32_t user;
} reader;

static gx_person *add_row(gx_people *people) {
    if (people->count == people->capacity) {
        size_t capacity = people->capacity ? people->capacity * 2 : 64;
        gx_person *grown = gx_realloc(people->person, capacity, sizeof *grown);
        if (!grown) {
            return NULL;
        }
        people->person = grown;
        people->capacity = capacity;
    }
    return &people->person[people->count++];
}

bool gx_people_take(const gx_people *people, const gx_kind_rule *rule, const gx_tie *tie) {
    const gx_tie_filter *filter = people->filter;
    bool social = rule->weight > 0 || (filter && filter->kind);
    return social && (!filter || gx_tie_filter_takes(filter, tie));
}

/* By kind: of a trust, a chat or a gift no word is said but that the two are connected. */
static uint8_t tied_as(const gx_kind_rule *rule, bool own) {
    if (strcmp(rule->name, "friend") == 0 || strcmp(rule->name, "family") == 0) {
        return GX_TIED_FRIEND;
    }
    return own && strcmp(rule->name, "follow") == 0 ? GX_TIED_FOLLOWED : 0;
}

static gx_status add_person(const reader *r, const gx_tie *tie, uint32_t other, bool out,
                            gx_error *err) {
    const gx_kind_rule *rule = gx_kind_rule_of(r->rules, r->txn, tie->kind);
    double weight = (double)(rule->weight > 0 ? rule->weight : 1) * (double)tie->weight;
    const gx_tie_filter *filter = r->people->filter;
    const bool asked = filter && filter->kind && tie->kind < filter->kind_count &&
                       filter->kind[tie->kind]; /* by name: a tie as any other */
    const bool blocks = rule->blocks && !asked;
    const bool later =
        r->people->until_ms && tie->ts_ms != GX_TIME_UNKNOWN && tie->ts_ms >= r->people->until_ms;
    if (other == r->user || later || (!blocks && !gx_people_take(r->people, rule, tie))) {
        return GX_OK; /* kinds that are not social; a tie of weight 0 is a tie */
    }
    gx_person *p = add_row(r->people);
    if (!p) {
        return gx_fail_memory(err, r->people->capacity * sizeof *p);
    }
    bool own = out || !tie->directed;
    float plain = blocks ? 0 : (float)(weight / (1 + weight));
    *p = (gx_person){.user = other,
                     .strength = plain * (own ? 1 : FOLLOWER_SHARE),
                     .tie = plain,
                     .out = own && !blocks,
                     .in = (!out || !tie->directed) && !blocks,
                     .followed = out && tie->directed,
                     .tied_as = blocks ? 0 : tied_as(rule, own),
                     .blocked = blocks};
    return GX_OK;
}

static gx_status add_out(void *user, const gx_tie *tie, gx_error *err) {
    return add_person(user, tie, tie->dst, true, err);
}

static gx_status add_in(void *user, const gx_tie *tie, gx_error *err) {
    const reader *r = user;
    return add_person(r, tie, tie->src == r->user ? tie->dst : tie->src, false, err);
}

static int by_user(const void *a, const void *b) {
    uint32_t x = ((const gx_person *)a)->user, y = ((const gx_person *)b)->user;
    return (x > y) - (x < y);
}

/* One row a person: the strongest of several ties. */
static void merge(gx_people *people) {
    gx_person *all = people->person;
    size_t made = 0;
    if (people->count > 0) {
        qsort(all, people->count, sizeof *all, by_user);
    }
    for (size_t i = 0; i < people->count; i++) {
        if (made > 0 && all[made - 1].user == all[i].user) {
            gx_person *p = &all[made - 1];
            p->strength = all[i].strength > p->strength ? all[i].strength : p->strength;
            p->tie = all[i].tie > p->tie ? all[i].tie : p->tie;
            p->out |= all[i].out;
            p->in |= all[i].in;
            p->followed |= all[i].followed;
            p->tied_as |= all[i].tied_as;
            p->blocked |= all[i].blocked;
        } else {
            all[made++] = all[i];
        }
    }
    people->count = made;
}

gx_status gx_people_read(gx_people *people, gx_txn *txn, const gx_rules *rules, uint32_t user,
                         gx_error *err) {
    reader r = {people, txn, rules, user};
    people->count = 0;
    gx_status status = gx_tie_out(txn, user, add_out, &r, err);
    if (status == GX_OK) {
        status = gx_tie_in(txn, user, add_in, &r, err);
    }
    if (status == GX_OK) {
        merge(people);
    }
    return status;
}

static gx_person *find(const gx_people *people, uint32_t user) {
    gx_person key = {.user = user};
    return people->count > 0 ? bsearch(&key, people->person, people->count, sizeof key, by_user)
                             : NULL;
}

const gx_person *gx_people_find(const gx_people *people, uint32_t user) {
    return find(people, user);
}

/* The rows are cut, so that one end may list a tie that the other does not. */
static void measure_from_others(gx_people *people, const gx_rec *rec, uint32_t user) {
    for (size_t i = 0; i < people->count; i++) {
        const uint32_t *dst = NULL;
        const float *weight = NULL;
        gx_person *p = &people->person[i];
        uint32_t count = p->measured ? 0 : gx_rec_strengths(&dst, &weight, rec, p->user);
        for (uint32_t k = 0; k < count; k++) {
            if (dst[k] == user && weight[k] > 0) {
                p->tie = weight[k];
                break;
            }
        }
    }
}

void gx_people_measure(gx_people *people, const gx_rec *rec, uint32_t user) {
    const uint32_t *dst = NULL;
    const float *weight = NULL;
    uint32_t count = gx_rec_strengths(&dst, &weight, rec, user);
    for (uint32_t k = 0; k < count; k++) {
        gx_person *found = find(people, dst[k]);
        if (found && weight[k] > 0) {
            found->strength = found->tie = weight[k];
            found->measured = true;
        }
    }
    if (count > 0 && people->count > count) {
        measure_from_others(people, rec, user);
    }
}

int gx_person_by_strength(const void *a, const void *b) {
    const gx_person *x = a, *y = b;
    if (x->strength != y->strength) {
        return x->strength > y->strength ? -1 : 1;
    }
    return (x->user > y->user) - (x->user < y->user);
}

void gx_people_finish(gx_people *people) {
    gx_free(people->person);
    *people = (gx_people){0};
}
