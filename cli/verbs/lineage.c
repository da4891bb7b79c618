/* guanxi lineage: what became of the circles between snapshots. */
#include "cli/verb.h"

const gx_verb gx_verb_lineage = {
    .name = "lineage",
    .group = "graph",
    .summary = "what became of the circles between snapshots: merged, split, born, died",
    .method = "graph.lineage",
    .flags = GX_VERB_SNAPSHOTS,
    .list = "events",
    .columns = "snapshot,event,community,other,size_before,size,shared",
    .examples = "  guanxi lineage shop.gx\n  guanxi lineage shop.gx 1 7 --chain\n"
                "  guanxi lineage shop.gx 1 --community c-17\n",
};
