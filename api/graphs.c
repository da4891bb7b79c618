/* The graphs that are kept between calls: see the header. */
#include "api/graphs.h"

#include <stdio.h>
#include <time.h>

enum { KEPT = 4 };

/* What a graph was made of. */
typedef struct key {
    unsigned flags;
    int64_t from_ms, to_ms;
    uint64_t rules; /* a hash of the weights of kinds */
    char *kinds;    /* names, each ended by a line feed; NULL: every social kind */
} key;

typedef struct kept {
    gx_held held; /* first: what callers have is this */
    key key;
    uint64_t used; /* the larger, the later */
    unsigned holders;
} kept;

struct gx_graphs {
    pthread_mutex_t lock;
    pthread_cond_t made;
    kept *slot[KEPT];
    uint64_t clock;
    bool making;
};

gx_status gx_graphs_create(gx_graphs **out, gx_error *err) {
    gx_graphs *graphs = gx_alloc0(1, sizeof *graphs);
    if (!graphs) {
        return gx_fail_memory(err, sizeof *graphs);
    }
    pthread_mutex_init(&graphs->lock, NULL);
    pthread_cond_init(&graphs->made, NULL);
    *out = graphs;
    return GX_OK;
}

static void let_go(kept *entry) {
    if (entry && --entry->holders == 0) {
        gx_graph_finish(&entry->held.graph);
        gx_free(entry->key.kinds);
        gx_free(entry);
    }
}

void gx_graphs_destroy(gx_graphs *graphs) {
    if (!graphs) {
        return;
    }
    for (int i = 0; i < KEPT; i++) {
        let_go(graphs->slot[i]);
    }
    pthread_mutex_destroy(&graphs->lock);
    pthread_cond_destroy(&graphs->made);
    gx_free(graphs);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static uint64_t hash_of(const gx_rules *rules) {
    uint64_t hash = rules->kind_count;
    for (uint32_t i = 0; i < rules->kind_count; i++) {
        uint32_t weight;
        memcpy(&weight, &rules->kinds[i].weight, sizeof weight);
        hash = gx_mix64(hash ^ weight) + i;
    }
    return hash;
}

static gx_status key_make(key *out, const gx_rules *rules, unsigned flags, const gx_view_spec *spec,
                          gx_error *err) {
    bool undirected = flags & GX_GRAPH_UNDIRECTED;
    *out = (key){.flags = undirected ? flags & ~(unsigned)GX_GRAPH_IN : flags,
                 .rules = hash_of(rules)};
    if (!spec) {
        return GX_OK;
    }
    out->from_ms = spec->from_ms;
    out->to_ms = spec->to_ms;
    size_t size = 1;
    for (size_t i = 0; spec->kinds && spec->kinds[i]; i++) {
        size += strlen(spec->kinds[i]) + 1;
    }
    if (!spec->kinds) {
        return GX_OK;
    }
    out->kinds = gx_alloc(size, 1);
    if (!out->kinds) {
        return gx_fail_memory(err, size);
    }
    char *at = out->kinds;
    for (size_t i = 0; spec->kinds[i]; i++) {
        at += snprintf(at, size - (size_t)(at - out->kinds), "%s\n", spec->kinds[i]);
    }
    *at = '\0';
    return GX_OK;
}

/* Whether a graph made of `have` answers `want`: the same, or with in-arrays besides. */
static bool serves(const key *have, const key *want) {
    bool same_kinds = have->kinds && want->kinds ? strcmp(have->kinds, want->kinds) == 0
                                                 : have->kinds == want->kinds;
    return (have->flags == want->flags || have->flags == (want->flags | GX_GRAPH_IN)) &&
           have->from_ms == want->from_ms && have->to_ms == want->to_ms &&
           have->rules == want->rules && same_kinds;
}

/* ---- the kept ones: under the lock ----------------------------------------------------------- */

static kept *find(gx_graphs *graphs, const key *want, uint64_t tie_state) {
    for (int i = 0; i < KEPT; i++) {
        kept *entry = graphs->slot[i];
        if (entry && entry->held.tie_state >= tie_state && serves(&entry->key, want)) {
            entry->used = ++graphs->clock;
            entry->holders++;
            return entry;
        }
    }
    return NULL;
}

/* Drops what `entry` makes useless, and the longest unused ones until there is place and room. */
static void keep(gx_graphs *graphs, kept *entry, uint64_t room) {
    uint64_t bytes = gx_graph_bytes(&entry->held.graph);
    int place = -1;
    for (int i = 0; i < KEPT; i++) {
        kept *other = graphs->slot[i];
        if (other &&
            (other->held.tie_state < entry->held.tie_state || serves(&entry->key, &other->key))) {
            let_go(other);
            graphs->slot[i] = NULL;
        }
    }
    if (bytes > room) {
        return;
    }
    for (;;) {
        uint64_t held = bytes;
        int oldest = -1;
        place = -1;
        for (int i = 0; i < KEPT; i++) {
            kept *other = graphs->slot[i];
            if (!other) {
                place = i;
                continue;
            }
            held += gx_graph_bytes(&other->held.graph);
            oldest = oldest < 0 || other->used < graphs->slot[oldest]->used ? i : oldest;
        }
        if (place >= 0 && held <= room) {
            break;
        }
        let_go(graphs->slot[oldest]);
        graphs->slot[oldest] = NULL;
    }
    entry->used = ++graphs->clock;
    entry->holders++;
    graphs->slot[place] = entry;
}

/* ---- making one ------------------------------------------------------------------------------ */

/* Takes over the text of `want` where it goes well. */
static gx_status make(kept **out, key *want, gx_txn *txn, const gx_rules *rules,
                      const gx_view_spec *spec, gx_job *job, gx_error *err) {
    gx_tie_view view = {.flags = want->flags};
    if (spec) {
        view.kinds = spec->kinds;
        view.from_ms = spec->from_ms;
        view.to_ms = spec->to_ms;
    }
    kept *entry = gx_alloc0(1, sizeof *entry);
    if (!entry) {
        return gx_fail_memory(err, sizeof *entry);
    }
    gx_status status = gx_view_ties(&entry->held.graph, txn, rules, &view, job, err);
    if (status != GX_OK) {
        gx_free(entry);
        return status;
    }
    entry->held.tie_state = gx_txn_tie_state(txn);
    entry->holders = 1;
    entry->key = *want;
    want->kinds = NULL;
    *out = entry;
    return GX_OK;
}

/* One that is kept, or NULL where the caller is the one to make it. */
static gx_status find_or_begin(kept **out, gx_graphs *graphs, const key *want, uint64_t tie_state,
                               gx_job *job, gx_error *err) {
    gx_status status = GX_OK;
    pthread_mutex_lock(&graphs->lock);
    *out = find(graphs, want, tie_state);
    while (!*out && graphs->making && status == GX_OK) {
        const struct timespec until = gx_db_soon();
        pthread_cond_timedwait(&graphs->made, &graphs->lock, &until);
        status = gx_job_check(job, err);
        *out = status == GX_OK ? find(graphs, want, tie_state) : NULL;
    }
    graphs->making = status == GX_OK && !*out ? true : graphs->making;
    pthread_mutex_unlock(&graphs->lock);
    return status;
}

gx_status gx_graph_hold(const gx_held **out, gx_db *db, const gx_rules *rules, unsigned flags,
                        const gx_view_spec *spec, gx_job *job, gx_error *err) {
    gx_graphs *graphs = db->graphs;
    gx_status status = GX_OK;
    gx_txn *txn = NULL;
    kept *entry = NULL;
    key want = {0};
    GX_TRY(key_make(&want, rules, flags, spec, err));
    GX_TRY(gx_txn_read(&txn, db->store, err));
    GX_TRY(find_or_begin(&entry, graphs, &want, gx_txn_tie_state(txn), job, err));
    if (!entry) {
        status = make(&entry, &want, txn, rules, spec, job, err);
        pthread_mutex_lock(&graphs->lock);
        if (entry) {
            keep(graphs, entry, db->options.mem_bytes ? db->options.mem_bytes / 2 : UINT64_MAX);
        }
        graphs->making = false;
        pthread_cond_broadcast(&graphs->made);
        pthread_mutex_unlock(&graphs->lock);
    }
    if (entry) {
        *out = &entry->held;
    }
done:
    gx_txn_abort(txn);
    gx_free(want.kinds);
    return status;
}

void gx_graph_release(gx_db *db, const gx_held *held) {
    if (!held) {
        return;
    }
    kept *entry;
    memcpy(&entry, &held, sizeof entry); /* callers have it const */
    pthread_mutex_lock(&db->graphs->lock);
    let_go(entry);
    pthread_mutex_unlock(&db->graphs->lock);
}

void gx_graphs_stat(uint32_t *out_count, uint64_t *out_bytes, gx_graphs *graphs) {
    *out_count = 0;
    *out_bytes = 0;
    pthread_mutex_lock(&graphs->lock);
    for (int i = 0; i < KEPT; i++) {
        if (graphs->slot[i]) {
            ++*out_count;
            *out_bytes += gx_graph_bytes(&graphs->slot[i]->held.graph);
        }
    }
    pthread_mutex_unlock(&graphs->lock);
}
