/* guanxi check: every promise of the store's layout and of the snapshots, verified. */
#include "cli/verb.h"
#include "graph/import/import.h"
#include "graph/snapshot/snapshot.h"
#include "graph/store/store.h"

static void note(void *user, const char *line) {
    gx_command *command = user;
    fprintf(command->out, "%s\n", line);
}

/* Items that no list shows for a status that is no such word: the store is sound all the same. */
static gx_status check_statuses(gx_command *command, gx_store *store, gx_error *err) {
    gx_txn *txn;
    uint64_t unknown;
    gx_status status = gx_txn_read(&txn, store, err);
    if (status == GX_OK) {
        status = gx_item_status_check(&unknown, txn, &command->job, note, command, err);
        gx_txn_abort(txn);
    }
    return status;
}

static uint64_t check_snapshots(gx_command *command) {
    gx_snapshot_info *infos = NULL;
    size_t count = 0;
    uint64_t problems = 0;
    gx_error err;
    if (gx_snapshot_list(&infos, &count, command->target, &err) != GX_OK) {
        fprintf(command->out, "snapshots: %s\n", err.message);
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        gx_snapshot *snapshot = NULL;
        if (gx_snapshot_open(&snapshot, command->target, infos[i].number, &err) != GX_OK) {
            fprintf(command->out, "snapshot %u: %s\n", infos[i].number, err.message);
            problems++;
        }
        gx_snapshot_release(snapshot);
    }
    gx_free(infos);
    return problems;
}

static gx_status run(gx_command *command, gx_error *err) {
    gx_store *store;
    uint64_t problems = 0;
    gx_store_options options = {.read_only = true};
    gx_status status = gx_store_open(&store, command->target, &options, err);
    if (status != GX_OK) {
        return status;
    }
    status = gx_store_check(&problems, store, &command->job, note, command, err);
    if (status == GX_OK) {
        status = check_statuses(command, store, err);
    }
    gx_store_close(store);
    if (status != GX_OK) {
        return status;
    }
    problems += check_snapshots(command);
    if (problems) {
        return gx_fail(err, GX_CORRUPT, "%s: %llu problem%s", command->target,
                       (unsigned long long)problems, gx_plural(problems, "", "s"));
    }
    gx_say(command, "%s: every check passed", command->target);
    return GX_OK;
}

const gx_verb gx_verb_check = {
    .name = "check",
    .group = "store",
    .summary = "verify the store and its snapshots",
    .flags = GX_VERB_LOCAL | GX_VERB_NO_SHAPE,
    .run = run,
    .examples = "  guanxi check shop.gx\n",
};
