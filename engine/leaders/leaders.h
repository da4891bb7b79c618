/* The parts of the opinion-leader score, in the order of the columns of `leaders.part`. */
#ifndef GX_ENGINE_LEADERS_LEADERS_H
#define GX_ENGINE_LEADERS_LEADERS_H

#include "graph/base/base.h"

extern const char *const gx_leader_parts[];
extern const size_t gx_leader_part_count;

#endif
