/* guanxi status: what is in a store or behind a server. */
#include "cli/verb.h"

const gx_verb gx_verb_status = {
    .name = "status",
    .group = "store",
    .summary = "counts, snapshot and versions",
    .method = "sys.info",
    .examples = "  guanxi status shop.gx\n  guanxi status unix:/run/guanxi.sock --format json\n",
};
