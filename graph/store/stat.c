/* What a store holds, and who reads it. */
#include "graph/store/inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

typedef struct oldest {
    uint64_t txn;
    uint32_t readers;
} oldest;

/* LMDB tells its readers as text only: "    pid     thread     txnid", "-" where it holds none. */
static int each_reader(const char *line, void *ctx) {
    oldest *o = ctx;
    char *end;
    strtoul(line, &end, 10);
    strtoul(end, &end, 16);
    while (*end == ' ') {
        end++;
    }
    if (*end >= '0' && *end <= '9') {
        uint64_t txn = strtoull(end, NULL, 10);
        o->readers++;
        o->txn = txn < o->txn ? txn : o->txn;
    }
    return 0;
}

static gx_status stat_file(gx_store_stats *s, gx_store *store, gx_error *err) {
    char path[4096];
    struct stat file;
    MDB_envinfo info;
    MDB_stat page;
    gx_status status = GX_OK;
    oldest o = {UINT64_MAX, 0};
    snprintf(path, sizeof path, "%s/data.mdb", store->path);
    if (stat(path, &file) != 0) {
        return gx_fail_errno(err, errno, "looking at", path);
    }
    GX__MDB(store, mdb_env_info(store->env, &info), "looking at");
    GX__MDB(store, mdb_env_stat(store->env, &page), "looking at");
    s->file_bytes = (uint64_t)file.st_size;
    s->used_bytes = ((uint64_t)info.me_last_pgno + 1) * page.ms_psize;
    int code = mdb_reader_list(store->env, each_reader, &o);
    if (code < 0) {
        return gx__mdb_fail(store, code, "listing readers", err);
    }
    s->readers = o.readers;
    s->oldest_reader_lag = o.readers ? (uint32_t)(info.me_last_txnid - o.txn) : 0;
done:
    return status;
}

gx_status gx_store_stat(gx_store_stats *out, gx_store *store, gx_error *err) {
    gx_store_stats s = {.schema = GX_STORE_SCHEMA};
    gx_txn *txn;
    gx_status status = stat_file(&s, store, err);
    if (status != GX_OK) {
        return status;
    }
    status = gx_txn_read(&txn, store, err);
    if (status != GX_OK) {
        return status;
    }
    s.users = gx_word_live(txn, GX_SPACE_USER);
    s.items = gx_word_live(txn, GX_SPACE_ITEM);
    s.groups = gx_word_live(txn, GX_SPACE_GROUP);
    s.coupons = gx_word_live(txn, GX_SPACE_COUPON);
    s.members = gx_member_count(txn);
    s.ties = gx_tie_count(txn);
    s.events = gx_event_count(txn);
    s.impressions = gx_impression_count(txn);
    s.state = gx_txn_state(txn);
    gx_txn_abort(txn);
    *out = s;
    return GX_OK;
}
