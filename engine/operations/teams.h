/* Teams of members who are willing and close to each other (R47). A team of t is worth
 *
 *   V = (1 − close) · mean willingness + close · mean strength of its t (t − 1) / 2 pairs
 *
 * and is held together: whoever is in it has a way to the others along ties inside it. Teams are
 * taken greedily: each grown from the member from whom the best one grows, nobody twice. Then they
 * are balanced: members are exchanged between the least team and others while that raises the least
 * of the two. A heuristic: the best choice of disjoint groups of three is NP-hard.
 *
 * Mixed as all are: where each of the n is of a kind, a team has of a kind with c of them at least
 * ⌊t c / n⌋ and at most ⌈t c / n⌉ (the quota rule of apportionment; Balinski and Young, Fair
 * Representation, 1982). Such a mix always exists, since Σ ⌊t c / n⌋ ≤ t ≤ Σ ⌈t c / n⌉. */
#ifndef GX_OPERATIONS_TEAMS_H
#define GX_OPERATIONS_TEAMS_H

#include "graph/csr/graph.h"

enum { GX_TEAM_MOST = 20 };

typedef struct gx_team_options {
    const gx_graph *ties;  /* undirected, of those who may be in a team; weights 0 … 1 */
    const double *willing; /* ties->n, 0 … 1 */
    uint32_t size;         /* 2 … GX_TEAM_MOST */
    uint32_t count;        /* teams at the most */
    double close;          /* 0 … 1: what closeness counts beside willingness */
    bool balance;
    const uint32_t *kind; /* ties->n, below `kinds`; NULL: any mix */
    uint32_t kinds;
} gx_team_options;

typedef struct gx_team {
    uint32_t member[GX_TEAM_MOST]; /* the one it is held together by most first */
    double value, willing, close;  /* the two means */
    uint32_t ties;                 /* pairs that are tied */
    double even; /* 1 − Σ over kinds |share of the team − share of all| / 2; 1 without kinds */
} gx_team;

/* How many of a kind with `of_kind` of all n a team of `size` has. */
static inline uint32_t gx_team_least(uint32_t size, uint32_t of_kind, uint32_t n) {
    return (uint32_t)((uint64_t)size * of_kind / n);
}
static inline uint32_t gx_team_most(uint32_t size, uint32_t of_kind, uint32_t n) {
    return (uint32_t)(((uint64_t)size * of_kind + n - 1) / n);
}

/* *out: at most `count` teams by falling value, the job's. O(members · size · ties of a team),
 * several times. */
GX_MUST_CHECK gx_status gx_teams_form(gx_team **out, uint32_t *out_count,
                                      const gx_team_options *options, gx_job *job, gx_error *err);

#endif
