/* Items whose status says what no reader of today would have taken. */
#include "graph/import/import.h"

#include <stdio.h>

enum { TOLD = 10 };

typedef struct search {
    gx_txn *txn;
    gx_job *job;
    gx_problem_fn fn;
    void *user;
    uint64_t unknown;
} search;

bool gx_item_status_is_known(const gx_value *status) {
    static const char *const words[] = {GX_ITEM_STATUS_SHOWN, GX_ITEM_STATUS_HIDDEN};
    bool known = !status || status->type == GX_NIL;
    for (size_t i = 0; i < GX_COUNT(words) && !known; i++) {
        known = status->type == GX_TEXT &&
                gx_slice_is((gx_slice){status->as.text, status->size}, words[i]);
    }
    for (uint32_t i = 0; status && status->type == GX_LIST && i < status->size && !known; i++) {
        known = gx_item_status_is_known(&status->as.items[i]); /* one that says it is enough */
    }
    return known;
}

const char *gx_item_kind(gx_slice text) {
    static const char *const kinds[] = {GX_ITEM_KINDS};
    for (size_t k = 0; k < GX_COUNT(kinds); k++) {
        if (gx_slice_is(text, kinds[k])) {
            return kinds[k];
        }
    }
    return NULL;
}

static void tell(const search *s, uint32_t item, const gx_value *status) {
    char line[320], id[96], word[96] = "";
    const gx_slice name = gx_word_name(s->txn, GX_SPACE_ITEM, item);
    gx_quote(id, sizeof id, name.data, name.size);
    if (status->type == GX_TEXT) {
        gx_quote(word, sizeof word, status->as.text, status->size);
    } else {
        snprintf(word, sizeof word, "of type %s", gx_type_name(status->type));
    }
    snprintf(line, sizeof line, "item %s: status %s is not on, active, hidden, off or deleted", id,
             word);
    s->fn(s->user, line);
}

static gx_status look(void *user, uint32_t id, const gx_value *fields, gx_error *err) {
    search *s = user;
    const gx_value *status = gx_map_get(fields, "status");
    if (!gx_item_status_is_known(status) && s->unknown++ < TOLD) {
        tell(s, id, status);
    }
    return s->job ? gx_job_check(s->job, err) : GX_OK;
}

gx_status gx_item_status_check(uint64_t *out_unknown, gx_txn *txn, gx_job *job, gx_problem_fn fn,
                               void *user, gx_error *err) {
    search s = {.txn = txn, .job = job, .fn = fn, .user = user};
    const gx_status status = gx_record_each(txn, GX_SPACE_ITEM, look, &s, err);
    if (status == GX_OK && s.unknown > 0) {
        char line[160];
        snprintf(line, sizeof line,
                 "items with such a status: %llu; no list shows them until they are put with "
                 "another",
                 (unsigned long long)s.unknown);
        fn(user, line);
    }
    *out_unknown = s.unknown;
    return status;
}
