/* Who has left the shop, by the records of members. */
#include "graph/csr/departed.h"

#include "graph/csr/view.h"

#include <strings.h>

bool gx_left_at(int64_t *out_ms, const gx_value *record) {
    const gx_value *left = gx_map_get(record, "left_at");
    if (left && left->type == GX_INT) {
        *out_ms = left->as.integer;
        return true;
    }
    return left && left->type == GX_TEXT &&
           gx_parse_time_ms((gx_slice){left->as.text, left->size}, out_ms);
}

bool gx_is_departed(const gx_value *record, int64_t now_ms) {
    static const char *const gone[] = {"left",    "departed", "closed", "off",
                                       "deleted", "hidden",   "banned", "suspended"};
    const gx_value *status = gx_map_get(record, "status");
    for (size_t i = 0; status && status->type == GX_TEXT && i < GX_COUNT(gone); i++) {
        if (status->size == strlen(gone[i]) &&
            strncasecmp(status->as.text, gone[i], status->size) == 0) {
            return true;
        }
    }
    int64_t at;
    return gx_left_at(&at, record) && at <= now_ms;
}

typedef struct marking {
    uint8_t *mark;
    uint32_t n, seen, found;
    int64_t now_ms;
    bool past; /* of a time that is over, when a status of today was not known */
    gx_job *job;
} marking;

static bool was_gone(const marking *m, const gx_value *fields) {
    int64_t at;
    return m->past ? gx_left_at(&at, fields) && at <= m->now_ms : gx_is_departed(fields, m->now_ms);
}

static gx_status mark_one(void *user, uint32_t id, const gx_value *fields, gx_error *err) {
    enum { LOOK = 4096 };
    marking *m = user;
    if (id < m->n && was_gone(m, fields)) {
        m->mark[id] = 1;
        m->found++;
    }
    return ++m->seen % LOOK == 0 ? gx_job_check(m->job, err) : GX_OK;
}

/* By to_ms, 0: by now. */
static marking marking_of(int64_t to_ms) {
    const int64_t now_ms = gx_time_ms();
    const bool past = to_ms != 0 && to_ms < now_ms;
    return (marking){.now_ms = past ? to_ms : now_ms, .past = past};
}

gx_status gx_user_departed(bool *out, gx_txn *txn, gx_arena *scratch, uint32_t user, int64_t to_ms,
                           gx_error *err) {
    const marking m = marking_of(to_ms);
    gx_value record;
    gx_status status = gx_record_get(&record, txn, scratch, GX_SPACE_USER, user, err);
    if (status == GX_OK) {
        *out = was_gone(&m, &record);
    }
    return status;
}

gx_status gx_departed_mark(uint8_t *mark, uint32_t n, gx_txn *txn, gx_job *job, gx_error *err) {
    marking m = marking_of(0);
    m.mark = mark;
    m.n = n;
    m.job = job;
    return gx_record_each(txn, GX_SPACE_USER, mark_one, &m, err);
}

gx_status gx_view_departed(uint8_t **out, gx_txn *txn, int64_t to_ms, gx_job *job, gx_error *err) {
    marking m = marking_of(to_ms);
    gx_status status;
    m.n = gx_word_count(txn, GX_SPACE_USER);
    m.job = job;
    GX_TRY(gx_job_alloc(job, &m.mark, (size_t)m.n + 1, 1, err));
    GX_TRY(gx_record_each(txn, GX_SPACE_USER, mark_one, &m, err));
    *out = m.found > 0 ? m.mark : NULL;
    m.mark = m.found > 0 ? NULL : m.mark;
done:
    gx_job_free(job, m.mark);
    return status;
}
