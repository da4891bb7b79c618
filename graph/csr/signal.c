/* From the events of a member with one item to what the member thinks of it; see signal.h. */
#include "graph/csr/signal.h"

#include <math.h>
#include <stdlib.h>

/* Purchases closer than this are one time: the same order, written in several rows. */
static const int64_t SAME_TIME_MS = 12 * 3600 * INT64_C(1000);

double gx_event_weight(const gx_action_rule *rule, float value) {
    const double centre = (double)rule->centre;
    const double scale =
        rule->scaled && !isnan(value) ? ((double)value - centre) / (5 - centre) : 1;
    return (double)rule->weight * scale;
}

double gx_event_fade(const gx_action_rule *rule, double weight, int64_t ts_ms, int64_t now_ms) {
    const double age = (double)now_ms - (double)ts_ms;
    return rule->half_life_ms > 0 && age > 0 ? weight * exp2(-age / rule->half_life_ms) : weight;
}

gx_deed gx_deed_of(const gx_event_core *event, const gx_action_rule *rule, uint32_t order) {
    return (gx_deed){.rule = rule,
                     .weight = gx_event_weight(rule, event->value),
                     .ts_ms = event->ts_ms,
                     .item = event->item,
                     .action = event->action,
                     .order = order,
                     .match = GX_NONE};
}

static int by_item(const void *a, const void *b) {
    const gx_deed *x = a, *y = b;
    if (x->item != y->item) {
        return x->item < y->item ? -1 : 1;
    }
    return (x->order > y->order) - (x->order < y->order);
}

void gx_deeds_sort(gx_deed *deeds, size_t count) {
    if (count > 1) { /* qsort wants an array, even of none */
        qsort(deeds, count, sizeof *deeds, by_item);
    }
}

size_t gx_deeds_run(const gx_deed *deeds, size_t from, size_t count) {
    size_t to = from;
    while (to < count && deeds[to].item == deeds[from].item) {
        to++;
    }
    return to;
}

/* ---- what was taken back -------------------------------------------------------------------- */

static bool undoes_purchases(const gx_action_rule *rule) {
    return strcmp(rule->undoes, GX_UNDOES_PURCHASE) == 0;
}

static bool can_undo(const gx_action_rule *rule, const gx_deed *deed) {
    return undoes_purchases(rule) ? deed->rule->is_purchase && deed->weight > 0
                                  : strcmp(rule->undoes, deed->rule->name) == 0;
}

/* The latest deed before k that it takes back and no other has. What lies between another of the
 * same kind and its match is taken already, so the search jumps over it. */
static uint32_t find_match(const gx_deed *deeds, size_t k) {
    const gx_action_rule *rule = deeds[k].rule;
    for (size_t j = k; j-- > 0;) {
        if (deeds[j].rule->undoes[0] && strcmp(deeds[j].rule->undoes, rule->undoes) == 0) {
            if (deeds[j].match == GX_NONE) {
                return GX_NONE;
            }
            j = deeds[j].match;
        } else if (!deeds[j].undone && can_undo(rule, &deeds[j])) {
            return (uint32_t)j;
        }
    }
    return GX_NONE;
}

static void strike(gx_deed *deeds, size_t count) {
    for (size_t k = 0; k < count; k++) {
        deeds[k].undone = false;
        deeds[k].match = GX_NONE;
    }
    for (size_t k = 0; k < count; k++) {
        if (deeds[k].rule->undoes[0]) {
            deeds[k].match = find_match(deeds, k);
            if (deeds[k].match != GX_NONE) {
                deeds[deeds[k].match].undone = true;
            }
        }
    }
}

/* ---- what stands ---------------------------------------------------------------------------- */

/* A time the member bought it or took to it again. */
static void count_time(gx_signal *s, const gx_deed *deed) {
    if (s->times == 0) {
        s->first_ms = s->again_ms = deed->ts_ms;
        s->times = 1;
    } else if (deed->ts_ms - s->again_ms >= SAME_TIME_MS) {
        s->again_ms = deed->ts_ms;
        s->times++;
    }
}

/* What the deed says beside its weight: owning, and times. */
static void count_deed(gx_signal *s, const gx_deed *deed) {
    const gx_action_rule *rule = deed->rule;
    const bool buys = rule->is_purchase && deed->weight > 0;
    if (buys) {
        s->bought += deed->weight;
        s->bought_ms = deed->ts_ms;
    }
    if (rule->is_purchase || rule->scaled) { /* nobody rates what they never had */
        s->has = true;
        s->seen |= !rule->repeat;
    }
    if (buys || (rule->repeat && deed->weight > 0)) {
        count_time(s, deed);
    }
}

static void choose_action(gx_signal *s, const gx_deed *deeds, size_t from, size_t count) {
    double most = 0;
    for (size_t k = from; k < count; k++) {
        const double weight = fabs(deeds[k].weight);
        if (deeds[k].counts && weight >= most) {
            most = weight;
            s->action = deeds[k].action;
        }
    }
}

void gx_signal_make(gx_signal *out, gx_deed *deeds, size_t count, int64_t now_ms, bool fades) {
    gx_signal s = {.last_ms = INT64_MIN, .bought_ms = INT64_MIN, .action = GX_NONE};
    double against = 0; /* the weightiest word against it that stands, not faded; 0: none */
    size_t since = 0;   /* nothing before it counts */
    bool undoes = false;
    for (size_t k = 0; k < count; k++) {
        undoes |= deeds[k].rule->undoes[0] != '\0';
    }
    if (undoes) {
        strike(deeds, count);
    }
    for (size_t k = 0; k < count; k++) {
        gx_deed *deed = &deeds[k];
        const double faded =
            fades ? gx_event_fade(deed->rule, deed->weight, deed->ts_ms, now_ms) : deed->weight;
        s.last_ms = deed->ts_ms > s.last_ms ? deed->ts_ms : s.last_ms;
        deed->counts = false;
        if (deed->undone) {
            continue;
        }
        if (undoes_purchases(deed->rule) && s.bought > 0) {
            continue; /* another one stands: one of two was returned */
        }
        count_deed(&s, deed);
        if (deed->weight < 0) {
            if (-deed->weight >= against) {
                s.returned = undoes_purchases(deed->rule);
            }
            s.value = against > 0 ? fmin(s.value, faded) : faded;
            since = against > 0 ? since : k;
            against = fmax(against, -deed->weight);
            deed->counts = true;
        } else if (deed->weight > 0 && deed->weight >= against) {
            s.value = against > 0 ? faded : s.value + faded;
            since = against > 0 ? k : since;
            against = 0;
            s.returned = false;
            deed->counts = true;
        }
    }
    for (size_t k = 0; k < since; k++) {
        deeds[k].counts = false;
    }
    choose_action(&s, deeds, since, count);
    *out = s;
}
