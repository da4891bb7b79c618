/* Arguments of the methods of evaluation: rising numbers, and lists made elsewhere. */
#include "api/eval/eval.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- numbers ----------------------------------------------------------------------------------
 */

typedef struct numbers {
    uint32_t *out, count, most, low, high;
    const char *name;
} numbers;

static gx_status bad_number(const numbers *n, gx_slice given, gx_error *err) {
    char shown[48];
    return gx_fail_at(err, GX_BAD_REQUEST, n->name,
                      "%s: %s was given; accepted are up to %u whole numbers from %u to %u, each "
                      "once, such as 5,10,20",
                      n->name, gx_quote(shown, sizeof shown, given.data, given.size), n->most,
                      n->low, n->high);
}

static gx_status add_number(numbers *n, gx_slice given, gx_error *err) {
    int64_t value;
    if (!gx_parse_int(given, &value) || value < (int64_t)n->low || value > (int64_t)n->high ||
        n->count == n->most) {
        return bad_number(n, given, err);
    }
    uint32_t at = n->count++;
    for (; at > 0 && n->out[at - 1] > value; at--) {
        n->out[at] = n->out[at - 1];
    }
    n->out[at] = (uint32_t)value;
    return at > 0 && n->out[at - 1] == value ? bad_number(n, given, err) : GX_OK;
}

static gx_status add_numbers(numbers *n, const gx_value *value, gx_error *err) {
    char text[32];
    gx_status status = GX_OK;
    if (value->type == GX_INT) {
        snprintf(text, sizeof text, "%lld", (long long)value->as.integer);
        return add_number(n, gx_slice_of(text), err);
    }
    if (value->type != GX_TEXT) {
        return bad_number(n, gx_slice_of(gx_type_name(value->type)), err);
    }
    const char *at = value->as.text, *end = at + value->size;
    while (status == GX_OK && at <= end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;
        status = add_number(n, (gx_slice){at, (size_t)(stop - at)}, err);
        at = stop + 1;
    }
    return status;
}

gx_status gx_eval_numbers(uint32_t *out, uint32_t *out_count, uint32_t most, const gx_value *value,
                          const char *name, uint32_t low, uint32_t high, gx_error *err) {
    numbers n = {.out = out, .most = most, .low = low, .high = high, .name = name};
    gx_status status = GX_OK;
    if (value->type != GX_LIST) {
        status = add_numbers(&n, value, err);
    }
    for (uint32_t i = 0; value->type == GX_LIST && status == GX_OK && i < value->size; i++) {
        status = add_numbers(&n, &value->as.items[i], err);
    }
    if (status == GX_OK && n.count == 0) {
        status = bad_number(&n, gx_slice_of(""), err);
    }
    *out_count = n.count;
    return status;
}

/* ---- lists ------------------------------------------------------------------------------------
 */

typedef struct lists_reader {
    gx_given_lists *out;
    gx_call_env *call;
    const char *name;
    gx_txn *txn;
    uint32_t *of;   /* members: which pair of the map; GX_NONE */
    uint32_t *last; /* items: the last pair that had it, from 1 */
    uint32_t users, items;
} lists_reader;

static gx_status bad_lists(const lists_reader *r, const char *what, const gx_value *given,
                           gx_error *err) {
    return gx_fail_at(err, GX_BAD_REQUEST, r->name,
                      "lists: %s of %s is a %s; accepted is {name: {user: [item, …]}}, ids as "
                      "text, best first",
                      what, r->name, gx_type_name(given->type));
}

static const char *quoted(gx_arena *arena, gx_slice text) {
    char shown[80];
    const char *copy =
        gx_arena_printf(arena, "%s", gx_quote(shown, sizeof shown, text.data, text.size));
    return copy ? copy : "";
}

static gx_slice slice_of(const gx_value *value) {
    return (gx_slice){value->as.text, value->size};
}

/* Whose each list is; the members nobody knows are counted. */
static gx_status find_members(lists_reader *r, const gx_value *map, gx_error *err) {
    for (uint32_t p = 0; p < map->size; p++) {
        const gx_pair *pair = &map->as.pairs[p];
        uint32_t user;
        if (pair->value.type != GX_LIST) {
            return bad_lists(r, "the list of a member", &pair->value, err);
        }
        r->out->rows += pair->value.size;
        gx_status status = gx_word_find(&user, r->txn, GX_SPACE_USER, slice_of(&pair->key));
        if (status == GX_NOT_FOUND || (status == GX_OK && user >= r->users)) {
            r->out->unknown_users++;
            if (!r->out->first_user) {
                r->out->first_user = quoted(r->call->arena, slice_of(&pair->key));
            }
            continue;
        }
        if (status != GX_OK) {
            return gx_fail(err, status, "looking for a member failed");
        }
        if (r->of[user] != GX_NONE) {
            return gx_fail_at(err, GX_BAD_REQUEST, r->name, "lists: %s has two lists in %s",
                              quoted(r->call->arena, slice_of(&pair->key)), r->name);
        }
        r->of[user] = p;
        r->out->users++;
    }
    return GX_OK;
}

static gx_status add_item(lists_reader *r, uint64_t at, const gx_value *item, const gx_pair *of,
                          uint32_t mark, gx_error *err) {
    uint32_t number;
    if (item->type != GX_TEXT) {
        return bad_lists(r, "an item", item, err);
    }
    gx_status status = gx_word_find(&number, r->txn, GX_SPACE_ITEM, slice_of(item));
    if (status == GX_NOT_FOUND || (status == GX_OK && number >= r->items)) {
        r->out->unknown_items++;
        if (!r->out->first_item) {
            r->out->first_item = quoted(r->call->arena, slice_of(item));
        }
        r->out->lists.item[at] = GX_NONE;
        return GX_OK;
    }
    if (status != GX_OK) {
        return gx_fail(err, status, "looking for an item failed");
    }
    if (r->last[number] == mark) {
        return gx_fail_at(err, GX_BAD_REQUEST, r->name, "lists: %s has %s twice in %s",
                          quoted(r->call->arena, slice_of(&of->key)),
                          quoted(r->call->arena, slice_of(item)), r->name);
    }
    r->last[number] = mark;
    r->out->lists.item[at] = number;
    return GX_OK;
}

static gx_status fill_lists(lists_reader *r, const gx_value *map, gx_error *err) {
    uint64_t at = 0;
    for (uint32_t u = 0; u < r->users; u++) {
        r->out->lists.ptr[u] = at;
        if (r->of[u] == GX_NONE) {
            continue;
        }
        const gx_pair *pair = &map->as.pairs[r->of[u]];
        for (uint32_t k = 0; k < pair->value.size; k++) {
            gx_status status = add_item(r, at, &pair->value.as.items[k], pair, u + 1, err);
            if (status != GX_OK) {
                return status;
            }
            at++;
        }
    }
    r->out->lists.ptr[r->users] = at;
    return gx_job_check(r->call->job, err);
}

gx_status gx_given_lists_read(gx_given_lists *out, gx_call_env *call, const char *name,
                              const gx_value *value, gx_error *err) {
    lists_reader r = {.out = out, .call = call, .name = name};
    *out = (gx_given_lists){0};
    if (value->type != GX_MAP) {
        return bad_lists(&r, "what is given", value, err);
    }
    gx_status status = gx_txn_read(&r.txn, call->db->store, err);
    if (status != GX_OK) {
        return status;
    }
    r.users = gx_word_count(r.txn, GX_SPACE_USER);
    r.items = gx_word_count(r.txn, GX_SPACE_ITEM);
    GX_TRY(gx_job_alloc(call->job, &r.of, r.users, sizeof *r.of, err));
    GX_TRY(gx_job_alloc(call->job, &r.last, r.items, sizeof *r.last, err));
    for (uint32_t u = 0; u < r.users; u++) {
        r.of[u] = GX_NONE;
    }
    GX_TRY(find_members(&r, value, err));
    out->lists.rows = r.users;
    out->lists.ptr = gx_arena_get(call->arena, (r.users + 1ULL) * sizeof *out->lists.ptr);
    out->lists.item = gx_arena_get(call->arena, (out->rows + 1) * sizeof *out->lists.item);
    if (!out->lists.ptr || !out->lists.item) {
        GX_TRY(gx_fail_memory(err, (out->rows + 1) * sizeof *out->lists.item));
    }
    GX_TRY(fill_lists(&r, value, err));
done:
    gx_job_free(call->job, r.of);
    gx_job_free(call->job, r.last);
    gx_txn_abort(r.txn);
    return status;
}

/* ---- actions ----------------------------------------------------------------------------------
 */

gx_status gx_actions_choose(bool **out, uint32_t *out_count, gx_txn *txn, const gx_rules *rules,
                            const gx_value *named, bool (*otherwise)(const gx_action_rule *rule),
                            gx_job *job, gx_error *err) {
    const uint32_t count = gx_word_count(txn, GX_SPACE_ACTION);
    const bool by_name = named->type == GX_LIST;
    gx_status status = gx_job_alloc(job, out, count, sizeof **out, err);
    for (uint32_t a = 0; status == GX_OK && !by_name && a < count; a++) {
        (*out)[a] = otherwise(gx_action_rule_of(rules, txn, a));
    }
    for (uint32_t i = 0; status == GX_OK && by_name && i < named->size; i++) {
        const gx_value *name = &named->as.items[i];
        uint32_t action;
        status =
            gx_need_word(&action, txn, GX_SPACE_ACTION, (gx_slice){name->as.text, name->size}, err);
        if (status == GX_OK) {
            (*out)[action] = true;
        }
    }
    *out_count = status == GX_OK ? count : 0;
    return status;
}
