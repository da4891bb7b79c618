/* What the opinion-leader score is made of: five parts, and the measures behind four of them. */
#ifndef GX_ENGINE_LEADERS_LEADERS_H
#define GX_ENGINE_LEADERS_LEADERS_H

#include "graph/base/base.h"

/* X(NAME, text, help), in the order of the columns of `leaders.part`. */
#define GX_LEADER_PART_MAP(X)                                                                      \
    X(REACH, "reach", "who hears of it")                                                           \
    X(AMPLIFICATION, "amplification", "what followers did after them, beyond chance")              \
    X(AUTHORITY, "authority", "standing, and knowledge of what followers care for")                \
    X(CONVERSION, "conversion", "share of followers who bought after them, beyond chance")         \
    X(AUTHENTICITY, "authenticity", "taken off for what looks bought or arranged; 0 or less")

/* X(NAME, text, part, weight by default, help), in the order of the columns of `leaders.measure`.
 * What comes from ties goes before what comes from events. */
#define GX_LEADER_MEASURE_MAP(X)                                                                   \
    X(FOLLOWERS, "followers", REACH, "0.20", "those who follow")                                   \
    X(WALKS, "walks", REACH, "0.10", "followers of followers of followers")                        \
    X(BREADTH, "breadth", REACH, "0.05", "circles that the followers come from")                   \
    X(PAGERANK, "pagerank", AUTHORITY, "0.05", "followed by those who are followed")               \
    X(CORE, "core", AUTHORITY, "0.05", "how deep in the densest part of the network")              \
    X(TOPIC, "topic", AUTHORITY, "0", "own items in the categories of the followers' items")       \
    X(ACTIVITY, "activity", AUTHORITY, "0", "items acted on")                                      \
    X(AMPLIFICATION, "amplification", AMPLIFICATION, "0.50",                                       \
      "acts of followers after one's own, beyond chance")                                          \
    X(CONVERSION, "conversion", CONVERSION, "0.05", "share of followers who bought after them")

/* X(NAME, text, help), in the order of the columns of `leaders.flag`. */
#define GX_LEADER_FLAG_MAP(X)                                                                      \
    X(BOUGHT, "bought_followers", "followers without acts whom nobody follows, beyond the usual")  \
    X(GROWTH, "sudden_growth", "followers who came within days, beyond the usual and unheeded")    \
    X(RING, "closed_ring", "follows and is followed by a few who follow nobody else")              \
    X(FLOOD, "flood", "acts in bursts no person makes, or shares of one item without purchases")

typedef enum gx_leader_part {
#define X(name, text, help) GX_LEADER_##name,
    GX_LEADER_PART_MAP(X)
#undef X
        GX_LEADER_PART_COUNT
} gx_leader_part;

typedef enum gx_leader_measure {
#define X(name, text, part, weight, help) GX_MEASURE_##name,
    GX_LEADER_MEASURE_MAP(X)
#undef X
        GX_LEADER_MEASURE_COUNT
} gx_leader_measure;

typedef enum gx_leader_flag {
#define X(name, text, help) GX_FLAG_##name,
    GX_LEADER_FLAG_MAP(X)
#undef X
        GX_LEADER_FLAG_COUNT
} gx_leader_flag;

/* What `leaders.fit` says. */
typedef enum gx_leader_fit {
    GX_FIT_FITTED,    /* 1: weights were learnt; 0: those given */
    GX_FIT_MEMBERS,   /* that it was learnt from */
    GX_FIT_HEEDED,    /* of those, whom followers heeded later */
    GX_FIT_SPLIT_MS,  /* acts from then on are what was to be told */
    GX_FIT_SPEARMAN,  /* of what was told and what came */
    GX_FIT_FOLLOWERS, /* the same of follower count */
    GX_LEADER_FIT_COUNT
} gx_leader_fit;

extern const char *const gx_leader_parts[GX_LEADER_PART_COUNT];
extern const char *const gx_leader_measures[GX_LEADER_MEASURE_COUNT];
extern const char *const gx_leader_flags[GX_LEADER_FLAG_COUNT];
/* The part each measure belongs to. */
extern const uint8_t gx_leader_part_of[GX_LEADER_MEASURE_COUNT];

#endif
