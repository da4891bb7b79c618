/* Items by what they are: the brand, the category, or any other field of theirs. What members did
 * with them says who took to a brand, and who leads in a topic. */
#ifndef GX_API_TOPIC_H
#define GX_API_TOPIC_H

#include "api/people/leader.h"
#include "engine/leaders/topic.h"

/* wanted[i] = 1, beside those that are marked already, for the first `items` items whose `field` is
 * `text`, or a list with it: of `category` what stands below that path too, of `item` the one of
 * that id. `tag` is `tags`, and a field that no item has is looked for as attr_FIELD, as import
 * keeps columns it does not know. A text that reads as a number, true or false is one, too.
 * not_found: the parameter `argument`, what was given, and fields or values that items have.
 * O(items). */
GX_MUST_CHECK gx_status gx_topic_mark(uint8_t *wanted, uint32_t items, gx_call_env *call,
                                      const char *argument, gx_slice field, gx_slice text,
                                      gx_error *err);

/* A category that is a path, home/kitchen, as a topic: FIELD=VALUE into *of; nil: it is a top-level
 * one, of which the snapshot has a list. no_memory. */
GX_MUST_CHECK gx_status gx_topic_of_path(gx_value *of, gx_arena *arena, gx_slice category,
                                         gx_error *err);

/* Leaders of a topic, from the events as they are now and the scores of the snapshot. */
typedef struct gx_topic {
    gx_topic_leaders leaders;
    uint32_t items; /* of the topic */
} gx_topic;

/* `of`: FIELD=VALUE, or VALUE of the field before; an item counts that is any of them. bad_request,
 * not_found: of `argument`. conflict: the snapshot says too little. O(events + ties × histories),
 * nothing is kept. gx_topic_finish in any case. */
GX_MUST_CHECK gx_status gx_topic_make(gx_topic *out, gx_call_env *call, const gx_leaders *leaders,
                                      const char *argument, const gx_value *of, gx_error *err);
/* What gx_topic_make would take: the store is read, which is timed, and the ranking told from its
 * size; memory at the peak of each. Refused as that is. */
GX_MUST_CHECK gx_status gx_topic_estimate(gx_estimate *out_read, gx_estimate *out_ranking,
                                          gx_call_env *call, const char *argument,
                                          const gx_value *of, gx_error *err);
void gx_topic_finish(gx_topic *topic);

#endif
