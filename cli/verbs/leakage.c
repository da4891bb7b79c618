/* guanxi leakage: members who steer others' purchases elsewhere. */
#include "cli/verb.h"

static void say(const gx_command *command, const gx_value *result) {
    gx_say(command, "%.2f of the %.2f spent elsewhere was steered there",
           gx_map_real(result, "steered"), gx_map_real(result, "elsewhere"));
    gx_say_list(command, result);
}

const gx_verb gx_verb_leakage = {
    .name = "leakage",
    .group = "spread",
    .summary = "members after whom those who listen to them buy elsewhere, and how much",
    .method = "audience.leakage",
    .list = "members",
    .columns = "rank,user,steered,purchases,named,after,before,followers,ours,gone,acts",
    .say = say,
    .examples = "  guanxi leakage shop.gx --where 'seller = \"Jade Market\"'\n"
                "  guanxi leakage shop.gx --channels offline --window 7d -n 50\n"
                "  guanxi leakage shop.gx --stores store-Dalian,store-Wuhan --since 2026-06-01\n"
                "  guanxi leakage shop.gx --where 'price > 0' --estimate\n",
};
