/* Time zones: a fixed offset (+08:00, UTC), or a name of the system's tz database (RFC 8536).
 * Nothing of the process changes, unlike with TZ and localtime. */
#ifndef GX_API_ZONE_H
#define GX_API_ZONE_H

#include "graph/base/base.h"

typedef struct gx_zone gx_zone;

/* Zones that were asked for, each read once; any thread. */
typedef struct gx_zones gx_zones;

GX_MUST_CHECK gx_status gx_zones_create(gx_zones **out, gx_error *err);
void gx_zones_destroy(gx_zones *zones); /* accepts NULL */
/* NULL: there is no such zone, or memory ended. Lives as long as `zones`. */
const gx_zone *gx_zones_find(gx_zones *zones, gx_slice name);
/* Whether memory ended in any of them: then what was not found may be there. */
bool gx_zones_starved(gx_zones *zones);

/* Seconds that local time is ahead of UTC at a moment. */
int32_t gx_zone_offset_s(const gx_zone *zone, int64_t time_ms);

#endif
