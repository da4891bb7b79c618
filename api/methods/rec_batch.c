/* rec.batch: lists for everybody, a page of members a call, in the order of the store: what
 * rec.user answers for each, less whom a push leaves out, with the time to send it.
 *
 * A page is shared out in blocks of BLOCK members; each thread has a transaction, a mask and an
 * arena of its own, so memory is that of a page and of the threads, however many members there are.
 * Nothing depends on which thread makes a block. */
#include "api/lists/lists.h"
#include "api/lists/member_list.h"
#include "api/lists/push.h"
#include "api/lists/segment.h"
#include "engine/kernel/parallel.h"
#include "graph/codec/codec.h"

#include <math.h>
#include <stdio.h>
#include <xxhash.h>

enum {
    BLOCK = GX_REC_BLOCK,
    ITEMS_A_CALL = 100000, /* members × n */
    THREADS_MAX = 256,
    SAMPLE = 256,  /* members by which an estimate is made */
    MADE_FROM = 64 /* bytes */
};

/* clang-format off */
static const gx_param params[] = {
    {"users", GX_PARAM_LIST, NULL, 1, 10000, "members", NULL, GX_PARAM_POSITIONAL | GX_PARAM_WHOM,
     "only these members, by id, as one page; everybody where none is given"},
    {"after", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "go on behind this member: next of the page before"},
    {"members", GX_PARAM_INT, "1000", 1, 10000, "members", NULL, 0,
     "how many are looked at in this page"},
    GX_SEGMENT_PARAM,
    GX_LIST_N_PARAM,
    GX_LIST_PARAMS,
    GX_PUSH_PARAMS,
    {"why", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0, "say why, with evidence"},
    {"made_from", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "refuse where lists are not made from this any more: made_from of the page before, the snapshot and the settings"},
    GX_ESTIMATE_PARAM,
};
/* clang-format on */

/* One member of the page, and what came of it. */
typedef struct place {
    uint32_t id;   /* GX_NONE: not in the store */
    gx_slice word; /* borrowed from the page's transaction, or the arguments */
    bool outside;  /* not of the segment, nor named: of no push */
    gx_push_left left;
    bool moved;
    gx_value row; /* where it goes; in the arena of the thread that made it */
} place;

typedef struct page {
    gx_call_env *call;
    gx_list_asked asked;
    gx_push_rules rules;
    gx_segment segment;
    place *places;
    uint32_t count;
    char made_from[MADE_FROM];
    int64_t begun_ns;   /* of the CPU */
    uint32_t seen;      /* position in the order of the store behind the page, or of `users` */
    gx_slice last;      /* empty: there is no next page */
    size_t kept, block; /* bytes: rows of all threads, and the most that one block took */
} page;

typedef struct worker {
    const page *p;
    gx_call_env call; /* arena: of one block */
    gx_arena *kept;   /* rows */
    uint8_t *mask;
    float *raw;      /* BLOCK rows; NULL: members are scored one by one */
    uint64_t billed; /* of the two arenas */
    size_t block;    /* bytes: the most that one block took */
    gx_segment_row segment_row;
} worker;

/* ---- one member ----------------------------------------------------------------------------- */

/* What speaks for the item most. */
static const char *leading(const gx_rec_item *item) {
    const char *name = "popular";
    double most = 0;
    for (uint32_t c = 0; c < GX_CHANNEL_COUNT; c++) {
        if (item->channel[c] > most) {
            most = item->channel[c];
            name = gx_channel_name((gx_channel)c);
        }
    }
    return name;
}

static gx_value item_value(const worker *w, const gx_why_writer *writer, const gx_rec_item *item) {
    const page *p = w->p;
    gx_value row = gx_map(w->kept, 6);
    gx_map_put(w->kept, &row, "id", gx_word_value(w->kept, w->call.txn, GX_SPACE_ITEM, item->item));
    gx_map_put(w->kept, &row, "rank", gx_int(item->rank));
    gx_map_put(w->kept, &row, "score", gx_real(item->score));
    gx_map_put(w->kept, &row, "channel", gx_str(leading(item)));
    if (p->asked.exposure.explore > 0 || p->asked.exposure.log) {
        gx_map_put(w->kept, &row, "propensity", gx_real(item->propensity));
    }
    if (p->asked.why) {
        gx_value why = gx_why_list(writer, item);
        gx_map_put(w->kept, &row, "why", gx_value_copy(w->kept, &why));
    }
    return row;
}

/* What was asked for and is not in the list: only lists that miss something have the keys. */
static void put_missing(const worker *w, gx_value *row, const gx_member_list *made) {
    const gx_list_asked *asked = &w->p->asked;
    gx_arena *arena = w->call.arena;
    const gx_value less = gx_member_list_short(made, asked, w->mask, arena);
    const gx_value pins =
        gx_slate_missing_pins(&asked->slate, &asked->filter, &made->live, w->mask, arena);
    if (less.type != GX_NIL) {
        gx_map_put(w->kept, row, "short", gx_value_copy(w->kept, &less));
    }
    if (pins.type != GX_NIL) {
        gx_map_put(w->kept, row, "not_pinned", gx_value_copy(w->kept, &pins));
    }
}

static gx_value row_value(worker *w, const place *at, const gx_member_list *made, uint32_t arm,
                          int64_t time_ms) {
    const page *p = w->p;
    gx_arena *kept = w->kept;
    char time[32];
    gx_value row = gx_map(kept, 8), items = gx_list(kept, made->list.count);
    gx_around around = {0};
    const gx_why_writer writer = {.call = &w->call,
                                  .columns = p->asked.filter.columns,
                                  .live = &made->live,
                                  .around = &around,
                                  .min_count = p->asked.min_count};
    gx_map_put(kept, &row, "user", gx_text_copy(kept, at->word.data, at->word.size));
    gx_format_time_ms(time, time_ms);
    gx_map_put(kept, &row, "time", gx_text_copy(kept, time, strlen(time)));
    for (uint32_t k = 0; k < made->list.count; k++) {
        gx_list_add(kept, &items, item_value(w, &writer, &made->list.items[k]));
    }
    gx_map_put(kept, &row, "items", items);
    gx_map_put(kept, &row, "rung", gx_str(gx_rung_name(made->list.rung)));
    put_missing(w, &row, made);
    if (arm < GX_HOLDOUT) {
        gx_map_put(kept, &row, "arm", gx_str(p->rules.experiment.arm[arm]));
    }
    if (p->asked.exposure.log) {
        gx_map_put(kept, &row, "request_id", gx_push_request(kept, &p->rules, at->word));
    }
    return row;
}

/* One member of a block between the two halves. */
typedef struct half {
    place *at;
    gx_member_list made;
    gx_push_log log;
    int64_t time_ms;
    uint32_t arm;
} half;

/* Whether there is a list to make, and all that it is made from. */
static gx_status begin(half *h, worker *w, gx_error *err) {
    const page *p = w->p;
    place *at = h->at;
    gx_status status = GX_OK;
    gx_value record;
    bool inside = false;
    at->left = GX_PUSH_LEFT_UNKNOWN;
    if (at->id == GX_NONE) {
        return GX_OK;
    }
    GX_TRY(gx_record_get(&record, w->call.txn, w->call.arena, GX_SPACE_USER, at->id, err));
    GX_TRY(
        gx_segment_has(&inside, &p->segment, &w->segment_row, w->call.txn, at->id, &record, err));
    if (!inside) {
        at->left = GX_PUSH_LEFT_SEGMENT;
        at->outside = gx_arg_value(p->call->args, "users")->type != GX_LIST;
        return GX_OK;
    }
    at->left = gx_push_who(&h->arm, &p->rules, at->word, &record);
    if (at->left != GX_PUSH_GOES) {
        return GX_OK;
    }
    h->time_ms = gx_push_time(&at->moved, &p->rules, at->word, &record);
    GX_TRY(gx_push_log_read(&h->log, &p->rules, w->call.txn, at->id, at->word, h->time_ms,
                            w->call.arena, err));
    if (h->log.full) {
        at->left = GX_PUSH_LEFT_CAP;
        return GX_OK;
    }
    GX_TRY(gx_member_list_read(&h->made, &p->asked, &w->call, at->id, at->word, err));
done:
    return status;
}

static gx_status end(half *h, worker *w, gx_error *err) {
    gx_status status = gx_member_list_make(&h->made, &w->p->asked, &w->call, w->mask, h->log.items,
                                           h->log.item_count, err);
    if (status != GX_OK) {
        return status;
    }
    if (h->made.list.count == 0) {
        h->at->left = GX_PUSH_LEFT_NOTHING;
    } else {
        h->at->row = row_value(w, h->at, &h->made, h->arm, h->time_ms);
    }
    const bool whole = gx_arena_status(w->kept) == GX_OK && gx_arena_status(w->call.arena) == GX_OK;
    return whole ? GX_OK : gx_fail_memory(err, 0);
}

static gx_status score_block(half *halves, uint32_t count, worker *w, gx_error *err) {
    const gx_rec *rec = w->call.state->rec;
    const gx_rec_member *members[BLOCK];
    bool made[BLOCK];
    for (uint32_t k = 0; k < count; k++) {
        members[k] = &halves[k].made.live.rec;
    }
    const uint32_t width = w->p->asked.filter.items;
    gx_status status =
        gx_rec_score_members(w->raw, width, made, rec, members, count, w->call.job, err);
    for (uint32_t k = 0; status == GX_OK && k < count; k++) {
        halves[k].made.live.rec.raw = made[k] ? w->raw + (size_t)k * width : NULL;
    }
    return status;
}

/* What the arenas have grown to is the job's. */
static gx_status bill(worker *w, gx_error *err) {
    const size_t block = gx_arena_bytes(w->call.arena);
    const uint64_t bytes = gx_arena_bytes(w->kept) + block;
    w->block = block > w->block ? block : w->block;
    if (bytes <= w->billed) {
        return GX_OK;
    }
    const gx_status status = gx_job_charge(w->call.job, bytes - w->billed, err);
    w->billed = status == GX_OK ? bytes : w->billed;
    return status;
}

static gx_status make_block(worker *w, uint32_t from, uint32_t to, gx_error *err) {
    gx_status status = GX_OK;
    half halves[BLOCK];
    uint32_t count = 0;
    gx_arena_reset(w->call.arena);
    for (uint32_t k = from; k < to; k++) {
        halves[count] = (half){.at = &w->p->places[k], .arm = GX_NONE};
        GX_TRY(gx_job_check(w->call.job, err));
        GX_TRY(begin(&halves[count], w, err));
        count += halves[count].at->left == GX_PUSH_GOES && !halves[count].at->outside;
    }
    if (w->raw && count > 0) {
        GX_TRY(score_block(halves, count, w, err));
    }
    for (uint32_t k = 0; k < count; k++) {
        GX_TRY(end(&halves[k], w, err));
    }
    GX_TRY(bill(w, err));
done:
    return status;
}

/* ---- the page ------------------------------------------------------------------------------- */

static void worker_finish(worker *w) {
    gx_segment_row_finish(&w->segment_row);
    gx_txn_abort(w->call.txn);
    gx_arena_destroy(w->call.arena);
    gx_arena_destroy(w->kept);
    gx_job_free(w->call.job, w->mask);
    gx_job_free(w->call.job, w->raw);
    gx_job_refund(w->call.job, w->billed);
}

static gx_status worker_init(worker *w, const page *p, gx_error *err) {
    gx_status status;
    const bool blocks = gx_rec_scores_blocks(p->call->state->rec);
    *w = (worker){.p = p, .call = *p->call};
    w->call.txn = NULL;
    w->call.arena = gx_arena_create();
    w->kept = gx_arena_create();
    if (!w->call.arena || !w->kept) {
        return gx_fail_memory(err, 0);
    }
    GX_TRY(gx_job_alloc(w->call.job, &w->mask, (size_t)p->asked.filter.items + 1, 1, err));
    if (blocks) {
        GX_TRY(gx_job_alloc(w->call.job, &w->raw, (size_t)p->asked.filter.items * BLOCK + 1,
                            sizeof *w->raw, err));
    }
    GX_TRY(gx_txn_read(&w->call.txn, p->call->db->store, err));
done:
    return status;
}

/* Of several blocks that fail the first one tells why. */
typedef struct failure {
    gx_status status;
    gx_error error;
    uint32_t block;
} failure;

static void note_failure(failure *f, gx_status status, const gx_error *err, uint32_t block) {
#pragma omp critical(gx_batch_failure)
    if (f->status == GX_OK || block < f->block) {
        *f = (failure){status, *err, block};
    }
}

static gx_status make_lists(page *p, worker *workers, int threads, gx_error *err) {
    const uint32_t blocks = (p->count + BLOCK - 1) / BLOCK;
    failure failed = {.status = GX_OK};
    bool stop = false;
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
    for (uint32_t b = 0; b < blocks; b++) {
        worker *w = &workers[gx_thread()];
        bool stopped;
#pragma omp atomic read
        stopped = stop;
        if (stopped) {
            continue;
        }
        const uint32_t from = b * BLOCK, left = p->count - from;
        gx_error own = {0};
        gx_status status = make_block(w, from, from + (left < BLOCK ? left : BLOCK), &own);
        if (status != GX_OK) {
            note_failure(&failed, status, &own, b);
#pragma omp atomic write
            stop = true;
        }
    }
    if (failed.status != GX_OK && err) {
        *err = failed.error;
    }
    return failed.status;
}

/* ---- whom the page is of -------------------------------------------------------------------- */

/* Each of them once: a page of its own. */
static gx_status take_named(page *p, const gx_value *named, gx_error *err) {
    gx_status status = GX_OK;
    const gx_value once = gx_list_each_once(p->call->arena, named), *users = &once;
    if (once.type != GX_LIST) {
        return gx_fail_memory(err, named->size * sizeof *named);
    }
    for (; status == GX_OK && p->count < users->size; p->count++) {
        const gx_value *user = &users->as.items[p->count];
        place *at = &p->places[p->count];
        at->word = (gx_slice){user->as.text, user->size};
        status = gx_lists_user(&at->id, p->call->txn, at->word, err);
    }
    p->seen = p->count;
    return status;
}

static gx_status take_members(page *p, uint32_t most, gx_error *err) {
    const gx_slice after = gx_arg_text(p->call->args, "after");
    const uint32_t all = gx_word_count(p->call->txn, GX_SPACE_USER);
    uint32_t id = 0;
    if (gx_arg_has(p->call->args, "after")) {
        gx_status status = gx_need_word(&id, p->call->txn, GX_SPACE_USER, after, err);
        if (status != GX_OK) {
            return status;
        }
        id++;
    }
    for (; id < all && p->count < most; id++) {
        const gx_slice word = gx_word_name(p->call->txn, GX_SPACE_USER, id);
        if (word.size > 0) { /* not forgotten */
            p->places[p->count++] = (place){.id = id, .word = word};
        }
    }
    p->seen = id;
    p->last = id < all && p->count ? p->places[p->count - 1].word : (gx_slice){0};
    return GX_OK;
}

static gx_status take_page(page *p, gx_error *err) {
    const gx_value *users = gx_arg_value(p->call->args, "users");
    const bool named = users->type == GX_LIST;
    const uint32_t most = named ? users->size : (uint32_t)gx_arg_int(p->call->args, "members");
    p->places = gx_arena_get(p->call->arena, ((size_t)most + 1) * sizeof *p->places);
    if (!p->places) {
        return gx_fail_memory(err, most * sizeof *p->places);
    }
    memset(p->places, 0, ((size_t)most + 1) * sizeof *p->places);
    return named ? take_named(p, users, err) : take_members(p, most, err);
}

/* ---- the answer ----------------------------------------------------------------------------- */

static gx_value left_value(gx_arena *arena, const place *at) {
    gx_value row = gx_map(arena, 2);
    gx_map_put(arena, &row, "user", gx_text_copy(arena, at->word.data, at->word.size));
    gx_map_put(arena, &row, "reason", gx_str(gx_push_left_name(at->left)));
    return row;
}

/* One list more where the rule keeps the pin out. */
static void count_pin(gx_arena *arena, gx_value *rules, const gx_value *pin) {
    const gx_value *why = gx_map_get(pin, "why_not"), *rule = gx_map_get(why, "rule");
    for (uint32_t k = 0; k < rules->size; k++) {
        gx_value *row = &rules->as.items[k];
        const gx_value *had = gx_map_get(row, "rule");
        if (had && gx_value_equal(had, rule)) {
            gx_map_put(arena, row, "lists", gx_int(gx_map_get(row, "lists")->as.integer + 1));
            return;
        }
    }
    gx_value row = gx_map(arena, 5);
    gx_map_put(arena, &row, "id", *gx_map_get(pin, "id"));
    gx_map_put(arena, &row, "rule", *rule);
    gx_map_put(arena, &row, "en", *gx_map_get(why, "en"));
    gx_map_put(arena, &row, "zh", *gx_map_get(why, "zh"));
    gx_map_put(arena, &row, "lists", gx_int(1));
    gx_list_add(arena, rules, row);
}

/* In how many lists each pin is not shown, by the rule. Lists tell pins in their order. */
static gx_value not_pinned(gx_arena *arena, const gx_asked_slate *slate, const gx_value *lists) {
    gx_value out = gx_list(arena, 2);
    const size_t size = (slate->pin_count + (size_t)1) * sizeof(gx_value);
    gx_value *rules = gx_arena_status(arena) == GX_OK ? gx_arena_get(arena, size) : NULL;
    for (uint32_t k = 0; rules && k < slate->pin_count; k++) {
        rules[k] = gx_list(arena, 1);
    }
    for (uint32_t i = 0; rules && i < lists->size; i++) {
        const gx_value *pins = gx_map_get(&lists->as.items[i], "not_pinned");
        for (uint32_t k = 0, at = 0; pins && k < pins->size && at < slate->pin_count; at++) {
            const gx_value *id = gx_map_get(&pins->as.items[k], "id");
            if (gx_slice_equal((gx_slice){id->as.text, id->size}, slate->pins[at].id)) {
                count_pin(arena, &rules[at], &pins->as.items[k++]);
            }
        }
    }
    for (uint32_t k = 0; rules && k < slate->pin_count; k++) {
        for (uint32_t i = 0; i < rules[k].size; i++) {
            gx_list_add(arena, &out, rules[k].as.items[i]);
        }
    }
    return out;
}

static gx_value answer(const page *p) {
    gx_arena *arena = p->call->arena;
    gx_value out = gx_map(arena, 14), lists = gx_list(arena, p->count), left = gx_list(arena, 16);
    int64_t reasons[GX_PUSH_LEFT_COUNT] = {0}, items = 0, moved = 0, members = 0, less = 0;
    for (uint32_t k = 0; k < p->count; k++) {
        const place *at = &p->places[k];
        members += !at->outside;
        if (at->outside) {
            continue;
        }
        if (at->left == GX_PUSH_GOES) {
            items += gx_map_get(&at->row, "items")->size;
            moved += at->moved;
            less += gx_map_get(&at->row, "short") != NULL;
            gx_list_add(arena, &lists, gx_value_copy(arena, &at->row));
        } else {
            reasons[at->left]++;
            gx_list_add(arena, &left, left_value(arena, at));
        }
    }
    gx_value counts = gx_map(arena, GX_PUSH_LEFT_COUNT + 5);
    gx_map_put(arena, &counts, "members", gx_int(members));
    gx_map_put(arena, &counts, "lists", gx_int(lists.size));
    gx_map_put(arena, &counts, "items", gx_int(items));
    gx_map_put(arena, &counts, "moved", gx_int(moved));
    gx_map_put(arena, &counts, "short", gx_int(less));
    for (uint32_t k = 0; k < GX_PUSH_LEFT_COUNT; k++) {
        gx_map_put(arena, &counts, gx_push_left_name((gx_push_left)k), gx_int(reasons[k]));
    }
    gx_map_put(arena, &out, "push", gx_text_copy(arena, p->rules.name, strlen(p->rules.name)));
    gx_map_put(arena, &out, "lists", lists);
    gx_map_put(arena, &out, "left_out", left);
    gx_map_put(arena, &out, "counts", counts);
    if (p->asked.slate.pin_count > 0) {
        gx_map_put(arena, &out, "not_pinned",
                   not_pinned(arena, &p->asked.slate, gx_map_get(&out, "lists")));
    }
    gx_map_put(arena, &out, "next",
               p->last.size > 0 ? gx_text_copy(arena, p->last.data, p->last.size) : gx_nil());
    gx_value notes = gx_list(arena, 1);
    if (p->asked.filter.unheard) {
        gx_list_add(arena, &notes, gx_str(p->asked.filter.unheard));
    }
    if (p->asked.filter.unknown) {
        gx_list_add(arena, &notes, gx_str(p->asked.filter.unknown));
    }
    const gx_value *idle = &p->asked.slate.idle;
    for (uint32_t k = 0; idle->type == GX_LIST && k < idle->size; k++) {
        gx_list_add(arena, &notes, idle->as.items[k]);
    }
    gx_map_put(arena, &out, "notes", notes);
    gx_map_put(arena, &out, "made_from", gx_text_copy(arena, p->made_from, strlen(p->made_from)));
    gx_map_put(arena, &out, "seen", gx_int(p->seen));
    gx_map_put(arena, &out, "of",
               gx_int(gx_arg_value(p->call->args, "users")->type == GX_LIST
                          ? p->seen
                          : gx_word_count(p->call->txn, GX_SPACE_USER)));
    return out;
}

/* What the members of the page get, in threads of the job. */
static gx_status fill_page(gx_value *out, page *p, gx_error *err) {
    gx_status status = GX_OK;
    gx_call_env *call = p->call;
    const uint32_t blocks = (p->count + BLOCK - 1) / BLOCK;
    const int most = call->job->threads < THREADS_MAX ? call->job->threads : THREADS_MAX;
    const int wanted = (uint32_t)most < blocks ? most : (int)(blocks ? blocks : 1);
    int threads = 0;
    worker *workers = gx_alloc0((size_t)wanted, sizeof *workers);
    if (!workers) {
        return gx_fail_memory(err, (size_t)wanted * sizeof *workers);
    }
    while (threads < wanted) {
        GX_TRY(worker_init(&workers[threads++], p, err));
    }
    GX_TRY(make_lists(p, workers, threads, err));
    if (gx_zones_starved(p->rules.zones)) {
        status = gx_fail_memory(err, 0);
        goto done;
    }
    *out = answer(p);
    GX_TRY(gx_call_bill(call, err));
done:
    for (int t = 0; t < threads; t++) {
        p->kept += workers[t].kept ? gx_arena_bytes(workers[t].kept) : 0;
        p->block = workers[t].block > p->block ? workers[t].block : p->block;
        worker_finish(&workers[t]);
    }
    gx_free(workers);
    return status;
}

/* ---- what it would take --------------------------------------------------------------------- */

/* Members at equal distances, in whole blocks as they come in a page. */
static gx_status take_sample(page *p, gx_error *err) {
    const uint32_t all = gx_word_count(p->call->txn, GX_SPACE_USER);
    const uint32_t blocks = SAMPLE / BLOCK, step = all / blocks;
    p->places = gx_arena_get(p->call->arena, SAMPLE * sizeof *p->places);
    if (!p->places) {
        return gx_fail_memory(err, SAMPLE * sizeof *p->places);
    }
    memset(p->places, 0, SAMPLE * sizeof *p->places);
    for (uint32_t k = 0; k < SAMPLE && k < all; k++) {
        const uint32_t id = all <= SAMPLE ? k : k / BLOCK * step + k % BLOCK;
        const gx_slice word = gx_word_name(p->call->txn, GX_SPACE_USER, id);
        if (word.size > 0) {
            p->places[p->count++] = (place){.id = id, .word = word};
        }
    }
    return GX_OK;
}

/* Bytes of the lists as csv: user, rank, item, score, channel, time and what is between. */
static double csv_bytes(const gx_value *lists) {
    enum { SCORE = 18, TIME = 20, BETWEEN = 6 };
    double bytes = 0;
    for (uint32_t i = 0; i < lists->size; i++) {
        const gx_value *items = gx_map_get(&lists->as.items[i], "items");
        for (uint32_t k = 0; k < items->size; k++) {
            bytes += gx_map_get(&lists->as.items[i], "user")->size +
                     (k < 9    ? 1
                      : k < 99 ? 2
                               : 3) +
                     gx_map_get(&items->as.items[k], "id")->size + SCORE +
                     gx_map_get(&items->as.items[k], "channel")->size + TIME + BETWEEN;
        }
    }
    return bytes;
}

/* Bytes of the lists as JSON, a line each. */
static gx_status json_bytes(double *bytes, const gx_value *lists, gx_error *err) {
    gx_buffer text = {0};
    for (uint32_t i = 0; i < lists->size; i++) {
        gx_json_write(&text, &lists->as.items[i], GX_JSON_COMPACT);
        gx_buffer_append(&text, "\n", 1);
    }
    const gx_status status = text.failed ? gx_fail_memory(err, text.size) : GX_OK;
    *bytes = (double)text.size;
    gx_buffer_finish(&text);
    return status;
}

/* A few members' lists are made, on one thread, and what they take is taken times all. */
static gx_status estimate(gx_value *out, page *p, gx_error *err) {
    gx_arena *arena = p->call->arena;
    const uint32_t all = gx_word_live(p->call->txn, GX_SPACE_USER);
    const double page_members = (double)gx_arg_int(p->call->args, "members");
    const double threads =
        p->call->job->threads < THREADS_MAX ? p->call->job->threads : THREADS_MAX;
    gx_value lists;
    double json = 0;
    p->call->job->threads = 1;
    gx_status status = take_sample(p, err);
    const size_t before = gx_arena_bytes(arena);
    const int64_t begun = gx_clock_cpu_ns();
    if (status == GX_OK) {
        status = fill_page(&lists, p, err);
    }
    if (status == GX_OK) {
        status = json_bytes(&json, gx_map_get(&lists, "lists"), err);
    }
    p->call->job->threads = (int)threads;
    if (status != GX_OK) {
        return status;
    }
    const double cpu = (double)(gx_clock_cpu_ns() - begun) / 1e9;
    const double times = p->count ? (double)all / p->count : 0;
    /* Rows lie in the thread's arena and, copied, in the answer; a block of others may take more.
     */
    const double rows = (double)(gx_arena_bytes(arena) - before + p->kept) *
                        (p->count ? fmin(page_members, (double)all) / p->count : 0);
    const double block = 1.05 * (double)p->block, items = p->asked.filter.items;
    const double each = 16 + (p->asked.slate.plain ? 0 : 12); /* mask, scratch and slate */
    const double width = gx_rec_scores_blocks(p->call->state->rec) ? items : 0;
    /* What every page reads before its lists. */
    const double pages = ceil((double)all / page_members) * (double)(begun - p->begun_ns) / 1e9;
    *out = gx_map(arena, 7);
    gx_map_put(arena, out, "members", gx_int(all));
    gx_map_put(arena, out, "lists",
               gx_int((int64_t)((double)gx_map_get(&lists, "lists")->size * times)));
    gx_map_put(arena, out, "cpu_s", gx_real(cpu * times + pages));
    gx_map_put(
        arena, out, "mem_bytes",
        gx_int((int64_t)(rows + threads * (block + items * each + width * BLOCK * sizeof(float)))));
    gx_map_put(arena, out, "disk_bytes",
               gx_int((int64_t)(csv_bytes(gx_map_get(&lists, "lists")) * times)));
    gx_map_put(arena, out, "json_bytes", gx_int((int64_t)(json * times)));
    return status;
}

/* ---- what lists are made from --------------------------------------------------------------- */

/* "snapshot.state.settings": which snapshot, the state of the store it was built from, and a hash
 * of the settings that hold from the next call on. */
static gx_status write_made_from(page *p, gx_error *err) {
    static const char *const settings[] = {"actions", "channels", "min_count", "repeat",
                                           "tie_kinds"};
    gx_status status = GX_OK;
    const gx_call_env *call = p->call;
    const char *state = call->state->arrays ? gx_arrays_noted(call->state->arrays, "state") : NULL;
    gx_buffer text = {0};
    for (size_t k = 0; k < GX_COUNT(settings); k++) {
        gx_value value = gx_nil();
        GX_TRY(gx_setting_get(&value, call->txn, call->arena, settings[k], err));
        gx_json_write(&text, &value, GX_JSON_COMPACT);
    }
    if (text.failed) {
        status = gx_fail_memory(err, text.size);
        goto done;
    }
    snprintf(p->made_from, sizeof p->made_from, "%u.%.24s.%016llx",
             call->state->snapshot ? gx_snapshot_number(call->state->snapshot) : 0,
             state ? state : "0", (unsigned long long)XXH3_64bits(text.bytes, text.size));
done:
    gx_buffer_finish(&text);
    return status;
}

static gx_status check_made_from(const page *p, gx_error *err) {
    const gx_slice was = gx_arg_text(p->call->args, "made_from");
    const char *settings = strrchr(p->made_from, '.');
    const size_t size = (size_t)(settings - p->made_from);
    if (was.size == 0 || gx_slice_is(was, p->made_from)) {
        return GX_OK;
    }
    const bool snapshot = was.size < size || memcmp(was.data, p->made_from, size) != 0;
    char shown[80];
    return gx_fail_at(err, GX_CONFLICT, "made_from",
                      "the %s changed: the lists so far were made from %s, and would be made from "
                      "%s now; they have to be made anew",
                      snapshot ? "snapshot" : "settings of the store",
                      gx_quote(shown, sizeof shown, was.data, was.size), p->made_from);
}

static gx_status make_page(gx_value *out, page *p, const gx_columns *columns, gx_error *err) {
    gx_status status = GX_OK;
    gx_call_env *call = p->call;
    GX_TRY(gx_list_asked_read(&p->asked, call, columns, 0, err));
    GX_TRY(gx_push_rules_read(&p->rules, call, err));
    GX_TRY(gx_segment_read(&p->segment, call, err));
    p->asked.exposure.seed = call->job->seed ^ XXH3_64bits(p->rules.name, strlen(p->rules.name));
    if (gx_arg_bool(call->args, "estimate")) {
        status = estimate(out, p, err);
        goto done;
    }
    GX_TRY(write_made_from(p, err));
    GX_TRY(check_made_from(p, err));
    GX_TRY(take_page(p, err));
    GX_TRY(fill_page(out, p, err));
done:
    gx_push_rules_finish(&p->rules);
    return status;
}

static gx_status check(const gx_call_env *call, gx_error *err) {
    const gx_value *users = gx_arg_value(call->args, "users");
    const bool named = users->type == GX_LIST;
    const uint64_t members = named ? users->size : (uint64_t)gx_arg_int(call->args, "members");
    const uint64_t asked = members * (uint64_t)gx_arg_int(call->args, "n");
    if (named && gx_arg_has(call->args, "after")) {
        return gx_fail_at(err, GX_BAD_REQUEST, "after",
                          "after: it was given with users, who are one page");
    }
    if (asked > ITEMS_A_CALL) {
        return gx_fail_at(err, GX_OVER_LIMIT, named ? "users" : "members",
                          "members × n is %llu items; at most %d in one page",
                          (unsigned long long)asked, ITEMS_A_CALL);
    }
    return GX_OK;
}

static gx_status run(gx_value *out, gx_call_env *call, gx_error *err) {
    gx_status status = GX_OK;
    gx_call_env own = *call; /* a long call has no transaction of its own */
    page p = {.call = &own, .begun_ns = gx_clock_cpu_ns()};
    const gx_columns *columns = NULL;
    own.txn = NULL;
    GX_TRY(check(call, err));
    GX_TRY(gx_txn_read(&own.txn, call->db->store, err));
    GX_TRY(gx_filter_lock(&columns, &own, err));
    status = make_page(out, &p, columns, err);
    gx_db_items_unlock(call->db);
    if (status == GX_OK && gx_arg_bool(call->args, "log") && !gx_arg_bool(call->args, "estimate")) {
        int64_t created = 0;
        status = gx_exposure_log_all(&created, gx_map_get(out, "lists"), &own, err);
        gx_map_put(call->arena, out, "logged", gx_int(created));
    }
done:
    gx_txn_abort(own.txn);
    return status;
}

const gx_method gx_method_rec_batch = {
    .name = "rec.batch",
    .summary = "lists for everybody, a page of members a call: holdout, caps, quiet hours, times",
    .scope = GX_SCOPE_OPERATE,
    .cost = GX_COST_LONG,
    .from_snapshot = true,
    .params = params,
    .param_count = GX_COUNT(params),
    .result = "{push, lists: [{user, time, items: [{id, rank, score, channel, propensity?, why?}], "
              "rung, short?, not_pinned?: [{id, place, why_not}], arm?, request_id?}], left_out: "
              "[{user, reason}], counts: {members, lists, items, moved, short, holdout, arm, "
              "no_consent, departed, cap, nothing, unknown, "
              "segment, unclear_consent}, not_pinned?: [{id, rule, en, zh, lists}], next, "
              "notes: [text], made_from, seen, "
              "of, logged?} or {members, lists, cpu_s, mem_bytes, disk_bytes, json_bytes}",
    .run = run,
};
