/* guanxi actions: the table of actions of a store. */
#include "cli/verb.h"

const gx_verb gx_verb_actions = {
    .name = "actions",
    .group = "store",
    .summary = "what each action means: weight, half-life, polarity, wanted again",
    .method = "action.list",
    .list = "actions",
    .columns = "action,weight,half_life,polarity,repeat,purchase,share,scaled,centre,undoes,from,used",
    .examples = "  guanxi actions shop.gx\n"
                "  guanxi actions shop.gx --no-all --format json\n",
};
