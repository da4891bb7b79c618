/* guanxi centrality: members by a measure of their place in the graph. */
#include "cli/verb.h"

const gx_verb gx_verb_centrality = {
    .name = "centrality",
    .group = "graph",
    .summary = "members by a measure of their place in the graph",
    .method = "graph.centrality",
    .flags = GX_VERB_PASS_FLAGS,
    .pass_kind = GX_KIND_CENTRALITY,
    .list = "members",
    .columns = "user_id,score",
    .prepare = gx_prepare_pass_flags,
    .examples =
        "  guanxi centrality shop.gx pagerank -n 10\n"
        "  guanxi centrality edges.txt betweenness --preset snap --undirected\n"
        "  guanxi centrality shop.gx pagerank --damping 0.9 --all --format csv -o scores.csv\n",
};
