/* guanxi leaders: opinion leaders with the parts of their score. */
#include "cli/verb.h"

const gx_verb gx_verb_leaders = {
    .name = "leaders",
    .group = "graph",
    .summary = "opinion leaders, with the parts of their score",
    .method = "graph.leaders",
    .list = "leaders",
    .columns = "user,score,rank,follower_rank,community,parts,flags",
    .examples = "  guanxi leaders shop.gx -n 10\n  guanxi leaders shop.gx --community c-17\n"
                "  guanxi leaders unix:/run/guanxi.sock --category skincare --format json\n"
                "  guanxi leaders shop.gx --card u12\n",
};
