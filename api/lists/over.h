/* Events that are past: by `ends_at`, else `starts_at`, each also with attr_ before it, against the
 * clock. One without either, or with what is no time, is never over; nor is an item of another
 * kind. */
#ifndef GX_API_OVER_H
#define GX_API_OVER_H

#include "api/support.h"
#include "models/rec/where.h"

#define GX_NO_TIME INT64_MIN

/* A field of the item, or that with attr_ before it; nil: neither. */
gx_value gx_item_field(gx_arena *arena, const gx_columns *columns, uint32_t item, const char *name);
/* ISO 8601 or Unix time, as a number too; GX_NO_TIME: neither. */
int64_t gx_item_time(gx_arena *arena, const gx_columns *columns, uint32_t item, const char *name);
/* When an event ends: GX_NO_TIME where its fields do not say. */
int64_t gx_event_ends(gx_arena *arena, const gx_columns *columns, uint32_t item);
/* Events below `items` that are over at `now_ms`, rising, in the arena. O(items) where the store
 * has any of the fields, and a look at each event. */
GX_MUST_CHECK gx_status gx_events_over(uint32_t **out, uint32_t *out_count,
                                       const gx_columns *columns, uint32_t items, int64_t now_ms,
                                       gx_arena *arena, gx_error *err);

#endif
