/* guanxi build: computes what is served and publishes it. */
#include "cli/verb.h"

const gx_verb gx_verb_build = {
    .name = "build",
    .group = "serving",
    .summary = "compute what is served and publish it as a snapshot",
    .method = "model.build",
    .flags = GX_VERB_WRITES,
    .list = "steps",
    .examples =
        "  guanxi build shop.gx\n  guanxi build shop.gx --estimate\n"
        "  guanxi build shop.gx --params leiden.resolution=0.5 --params linear.neighbours=500\n",
};
