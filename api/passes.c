/* Every pass there is, and the members among its parameters. */
#include "api/passes.h"

#include "api/support.h"
#include "engine/engine.h"

#include <inttypes.h>
#include <stdio.h>

const gx_pass_table *const *gx_pass_tables(void) {
    static const gx_pass_table *tables[2];
    tables[0] = gx_engine_passes();
    tables[1] = gx_model_passes();
    return tables;
}

const size_t gx_pass_tables_count = 2;

const gx_pass *gx_any_pass_at(size_t i) {
    const gx_pass_table *const *tables = gx_pass_tables();
    for (size_t t = 0; t < gx_pass_tables_count; t++) {
        if (i < tables[t]->count) {
            return tables[t]->rows[i];
        }
        i -= tables[t]->count;
    }
    return NULL;
}

const gx_pass *gx_any_pass_find(const char *name) {
    const gx_pass *pass;
    size_t i = 0;
    while ((pass = gx_any_pass_at(i)) != NULL && strcmp(pass->name, name) != 0) {
        i++;
    }
    return pass;
}

const gx_param *gx_any_pass_param(const char *name) {
    const gx_pass *pass;
    for (size_t i = 0; (pass = gx_any_pass_at(i)) != NULL; i++) {
        for (size_t k = 0; k < pass->param_count; k++) {
            if (strcmp(pass->params[k].name, name) == 0) {
                return &pass->params[k];
            }
        }
    }
    return NULL;
}

/* Names a near one, and what there is of that kind (GX_KIND_COUNT: of any). */
gx_status gx_any_pass_missing(gx_slice name, gx_kind kind, gx_error *err) {
    enum { MOST = 128 };
    const gx_pass *pass;
    const char *known[MOST];
    char names[330] = "", given[64], copy[64], hint[64] = "", rest[56] = "";
    size_t at = 0, count = 0, told = 0;
    for (size_t i = 0; (pass = gx_any_pass_at(i)) != NULL && count < MOST; i++) {
        if (kind == GX_KIND_COUNT || pass->kind == kind) {
            known[count++] = pass->name;
        }
    }
    while (told < count && at + strlen(known[told]) + 3 < sizeof names) {
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "", known[told]);
        told++;
    }
    if (told < count) {
        snprintf(rest, sizeof rest, " and %zu more, told by graph.passes", count - told);
    }
    snprintf(copy, sizeof copy, "%.*s", (int)name.size, name.data);
    const char *near = gx_nearest(copy, known, count);
    if (near) {
        snprintf(hint, sizeof hint, " did you mean %s?", near);
    }
    const gx_pass *other = kind == GX_KIND_COUNT ? NULL : gx_any_pass_find(copy);
    if (other) {
        return gx_fail(err, GX_NOT_FOUND,
                       "there is no %s %s, that is a pass of the kind %s; there "
                       "are %s%s",
                       gx_kind_name(kind), gx_quote(given, sizeof given, name.data, name.size),
                       gx_kind_name(other->kind), names, rest);
    }
    return gx_fail(err, GX_NOT_FOUND, "there is no %s %s;%s there are %s%s",
                   kind == GX_KIND_COUNT ? "pass" : gx_kind_name(kind),
                   gx_quote(given, sizeof given, name.data, name.size), hint, names, rest);
}

/* ---- members by id ------------------------------------------------------------------------------
 */

static gx_status add_number(gx_value *list, gx_arena *arena, gx_txn *txn, gx_slice id,
                            gx_error *err) {
    uint32_t number;
    gx_status status = gx_need_word(&number, txn, GX_SPACE_USER, id, err);
    if (status == GX_OK) {
        char *text = gx_arena_printf(arena, "%" PRIu32, number);
        gx_list_add(arena, list, gx_str(text ? text : ""));
    }
    return status;
}

/* What is not text is kept, for the pass's own check to refuse. */
static gx_status resolve_list(gx_value *out, gx_arena *arena, gx_txn *txn, const gx_value *given,
                              gx_error *err) {
    gx_status status = GX_OK;
    gx_value list = gx_list(arena, given->type == GX_LIST ? given->size : 4);
    if (given->type == GX_TEXT) { /* as the program gives it */
        const char *at = given->as.text, *end = at + given->size;
        while (status == GX_OK && at <= end) {
            const char *comma = memchr(at, ',', (size_t)(end - at));
            const char *stop = comma ? comma : end;
            status = add_number(&list, arena, txn, (gx_slice){at, (size_t)(stop - at)}, err);
            at = stop + 1;
        }
    }
    for (uint32_t i = 0; given->type == GX_LIST && status == GX_OK && i < given->size; i++) {
        const gx_value *item = &given->as.items[i];
        if (item->type == GX_TEXT) {
            status = add_number(&list, arena, txn, (gx_slice){item->as.text, item->size}, err);
        } else {
            gx_list_add(arena, &list, *item);
        }
    }
    *out = given->type == GX_TEXT || given->type == GX_LIST ? list : *given;
    return status;
}

gx_status gx_params_resolve(const gx_value **out, gx_arena *arena, gx_store *store,
                            const gx_pass *pass, const gx_value *params, gx_error *err) {
    gx_status status = GX_OK;
    gx_txn *txn = NULL;
    gx_value *made = NULL;
    for (size_t p = 0; p < pass->param_count; p++) {
        const gx_param *param = &pass->params[p];
        const gx_value *given =
            params && param->flags & GX_PARAM_MEMBERS ? gx_map_get(params, param->name) : NULL;
        if (!given) {
            continue;
        }
        if (!made) {
            GX_TRY(gx_txn_read(&txn, store, err));
            made = gx_arena_get(arena, sizeof *made);
            if (!made) {
                GX_TRY(gx_fail_memory(err, sizeof *made));
            }
            *made = gx_value_copy(arena, params);
        }
        gx_value numbers;
        GX_TRY(resolve_list(&numbers, arena, txn, given, err));
        gx_map_put(arena, made, param->name, numbers);
    }
    if (gx_arena_status(arena) != GX_OK) {
        GX_TRY(gx_fail_memory(err, 0));
    }
    *out = made ? made : params;
done:
    gx_txn_abort(txn);
    return status;
}
