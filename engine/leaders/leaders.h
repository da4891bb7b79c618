/* The parts of the opinion-leader score, in the order of the columns of `leaders.part`. */
#ifndef GX_ENGINE_LEADERS_LEADERS_H
#define GX_ENGINE_LEADERS_LEADERS_H

#include "graph/base/base.h"

/* X(NAME, text, weight by default, help) */
#define GX_LEADER_PART_MAP(X)                                                                      \
    X(FOLLOWERS, "followers", "0.20", "those who follow")                                          \
    X(REACH, "reach", "0.10", "followers of followers of followers")                               \
    X(PAGERANK, "pagerank", "0.05", "followed by those who are followed")                          \
    X(CORE, "core", "0.05", "how deep in the densest part of the network")                         \
    X(BREADTH, "breadth", "0.05", "circles that the followers come from")                          \
    X(ACTIVITY, "activity", "0", "own acts")                                                       \
    X(AMPLIFICATION, "amplification", "0.55", "acts of followers after one's own, beyond chance")

typedef enum gx_leader_part {
#define X(name, text, weight, help) GX_LEADER_##name,
    GX_LEADER_PART_MAP(X)
#undef X
        GX_LEADER_PART_COUNT
} gx_leader_part;

extern const char *const gx_leader_parts[GX_LEADER_PART_COUNT];

#endif
