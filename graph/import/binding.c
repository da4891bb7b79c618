/* Which column of a file is which: by its name, by --map, by an alias; then the kind they make. */
#include "graph/import/columns.h"

#include <stdio.h>
#include <strings.h>

/* ---- names ------------------------------------------------------------------------------ */

static bool same_name(gx_slice given, const char *name, size_t size) {
    return given.size == size && strncasecmp(given.data, name, size) == 0;
}

static bool is_alias(const gx__column *column, gx_slice given) {
    for (const char *at = column->aliases; at && *at;) {
        size_t size = strcspn(at, "|");
        if (same_name(given, at, size)) {
            return true;
        }
        at += size + (at[size] == '|');
    }
    return false;
}

static bool is_known(gx_slice name) {
    for (size_t i = 0; i < gx__kind_count; i++) {
        for (size_t c = 0; c < gx__kinds[i].column_count; c++) {
            if (gx_slice_is(name, gx__kinds[i].columns[c].name)) {
                return true;
            }
        }
    }
    return false;
}

/* A pair of --map: one side is a column of guanxi, the other its name in the file. Where both could
 * be, the first is ours. False where neither is. */
static bool read_pair(const char *pair, gx_slice *out_ours, gx_slice *out_theirs) {
    const char *equals = strchr(pair, '=');
    if (!equals || equals == pair || !equals[1]) {
        return false;
    }
    gx_slice left = {pair, (size_t)(equals - pair)}, right = gx_slice_of(equals + 1);
    bool ours_first = is_known(left);
    *out_ours = ours_first ? left : right;
    *out_theirs = ours_first ? right : left;
    return ours_first || is_known(right);
}

/* The name in the file that --map gives for a column; empty where it gives none. */
static gx_slice mapped(const char *const *map, const char *column) {
    gx_slice ours, theirs;
    for (; map && *map; map++) {
        if (read_pair(*map, &ours, &theirs) && gx_slice_is(ours, column)) {
            return theirs;
        }
    }
    return (gx_slice){0};
}

static bool is_named(const gx__reader *reader, const char *column) {
    for (uint32_t i = 0; i < reader->name_count; i++) {
        if (same_name(reader->names[i], column, strlen(column))) {
            return true;
        }
    }
    return false;
}

/* The column of `kind` that the file's column `name` is; NULL: none. --map is stronger than the
 * name itself, and that is stronger than an alias. */
static const gx__column *column_of(const gx__kind *kind, const gx__reader *reader,
                                   const char *const *map, gx_slice name) {
    const gx__column *by_name = NULL, *by_alias = NULL;
    for (size_t i = 0; i < kind->column_count; i++) {
        const gx__column *column = &kind->columns[i];
        gx_slice from = mapped(map, column->name);
        if (from.size) {
            if (gx_slice_equal(from, name)) {
                return column;
            }
        } else if (same_name(name, column->name, strlen(column->name))) {
            by_name = column;
        } else if (is_alias(column, name) && !is_named(reader, column->name)) {
            by_alias = column;
        }
    }
    return by_name ? by_name : by_alias;
}

/* NULL where there is none. */
static const char *fallback_of(const gx__binding *binding, const gx__kind *kind,
                               const char *column) {
    const char *found = NULL;
    for (size_t i = 0; i < binding->fallback_count; i++) {
        const gx__fallback *row = &binding->fallbacks[i];
        if (strcmp(row->kind, kind->name) == 0 && strcmp(row->column, column) == 0) {
            found = row->text;
        }
    }
    return found;
}

/* ---- the kind --------------------------------------------------------------------------- */

/* How many columns it needs; 0 where the file does not have them all. */
static size_t fit(const gx__binding *binding, const gx__kind *kind, const gx__reader *reader) {
    size_t needed = 0;
    for (size_t i = 0; i < kind->column_count; i++) {
        const gx__column *column = &kind->columns[i];
        bool found = !column->required || fallback_of(binding, kind, column->name);
        for (uint32_t n = 0; !found && n < reader->name_count; n++) {
            found = column_of(kind, reader, binding->map, reader->names[n]) == column;
        }
        if (!found) {
            return 0;
        }
        needed += column->required;
    }
    return needed;
}

static gx_status no_kind(const gx__reader *reader, gx_error *err) {
    char names[160], kinds[300];
    size_t used = 0;
    for (size_t i = 0; i < gx__kind_count && used < sizeof kinds; i++) {
        char required[80];
        int step = snprintf(kinds + used, sizeof kinds - used, "%s%s (%s)", used ? ", " : "",
                            gx__kinds[i].name,
                            gx__kind_required(required, sizeof required, &gx__kinds[i]));
        used += step > 0 ? (size_t)step : 0;
    }
    return gx__reader_fail(
        reader, GX_BAD_REQUEST, 1, err,
        "the columns %s are of no known kind; accepted: %s; see --kind and --map of "
        "`guanxi import`",
        gx__reader_list_names(names, sizeof names, reader), kinds);
}

/* The kind that needs most of what is there; two that need the same number are not told apart. */
static gx_status find_kind(gx__binding *binding, const gx__reader *reader, gx_error *err) {
    const gx__kind *best = NULL, *second = NULL;
    size_t most = 0;
    for (size_t i = 0; i < gx__kind_count; i++) {
        size_t needed = fit(binding, &gx__kinds[i], reader);
        if (needed > most) {
            most = needed;
            best = &gx__kinds[i];
            second = NULL;
        } else if (needed && needed == most) {
            second = &gx__kinds[i];
        }
    }
    if (!best) {
        return no_kind(reader, err);
    }
    if (second) {
        return gx__reader_fail(
            reader, GX_BAD_REQUEST, 1, err,
            "the columns fit %s and %s alike; `guanxi import --kind KIND` says which", best->name,
            second->name);
    }
    binding->kind = best;
    return GX_OK;
}

static gx_status kind_named(const gx__kind **out, const char *name, gx_error *err) {
    const gx__kind *kind = gx__kind_find(name);
    if (!kind) {
        char quoted[64];
        gx_quote(quoted, sizeof quoted, name, strlen(name));
        return gx_fail_at(err, GX_BAD_REQUEST, "kind",
                          "there is no kind %s; accepted: users, items, groups, coupons, members, "
                          "ties, events, impressions",
                          quoted);
    }
    *out = kind;
    return GX_OK;
}

/* Every pair of --map has to name a column of some kind, so that a slip is not passed over. */
static gx_status check_map(const char *const *map, gx_error *err) {
    gx_slice ours, theirs;
    for (; map && *map; map++) {
        if (!read_pair(*map, &ours, &theirs)) {
            char quoted[96];
            gx_quote(quoted, sizeof quoted, *map, strlen(*map));
            return gx_fail_at(err, GX_BAD_REQUEST, "map",
                              "%s: wanted is column=name, a column of guanxi (user_id, ts, …) and "
                              "its name in the file, or the other way round",
                              quoted);
        }
    }
    return GX_OK;
}

/* ---- binding ---------------------------------------------------------------------------- */

static bool is_id(const gx__column *column) {
    return column->type == GX__ID || column->type == GX__NAME;
}

static gx__bound *bound_of(gx__binding *binding, const gx__column *column) {
    gx__bound *list = is_id(column) ? binding->ids : binding->scalars;
    while (list->column != column) {
        list++;
    }
    return list;
}

static void note_ignored(gx__binding *binding, gx_slice name) {
    char *out = binding->ignored;
    size_t used = strlen(out), room = sizeof binding->ignored - used;
    if (room > name.size + 8) {
        snprintf(out + used, room, "%s%.*s", used ? "," : "", (int)name.size, name.data);
    } else if (room > 6 && (used < 4 || strcmp(out + used - 4, ",…") != 0)) {
        snprintf(out + used, room, ",…");
    }
}

static gx_status bind_name(gx__binding *binding, const gx__reader *reader, uint32_t position,
                           uint64_t line, gx_error *err) {
    gx_slice name = reader->names[position];
    const gx__column *column = column_of(binding->kind, reader, binding->map, name);
    char quoted[80];
    gx_quote(quoted, sizeof quoted, name.data, name.size);
    if (column) {
        gx__bound *bound = bound_of(binding, column);
        if (bound->position != GX_NONE) {
            char other[80];
            gx_slice first = reader->names[bound->position];
            gx_quote(other, sizeof other, first.data, first.size);
            return gx__reader_fail(
                reader, GX_BAD_REQUEST, line, err,
                "the columns %s and %s both give %s; `guanxi import --map %s=…` names "
                "one",
                other, quoted, column->name, column->name);
        }
        bound->position = position;
        return GX_OK;
    }
    if (binding->strict) {
        return gx__reader_fail(reader, GX_BAD_REQUEST, line, err,
                               "%s has no column %s, and --strict refuses unknown columns",
                               binding->kind->name, quoted);
    }
    note_ignored(binding, name);
    if (binding->kind->open) {
        binding->extras[binding->extra_count++] = (gx__extra){position, name};
    }
    return GX_OK;
}

gx_status gx__binding_update(gx__binding *binding, const gx__reader *reader, uint64_t line,
                             gx_error *err) {
    gx_status status = GX_OK;
    while (status == GX_OK && binding->names_done < reader->name_count) {
        status = bind_name(binding, reader, binding->names_done++, line, err);
    }
    return status;
}

/* A header has to have every required column; a JSONL row is asked one by one. */
static gx_status check_required(const gx__binding *binding, const gx__reader *reader,
                                gx_error *err) {
    for (size_t i = 0; i < binding->id_count + binding->scalar_count; i++) {
        const gx__bound *bound =
            i < binding->id_count ? &binding->ids[i] : &binding->scalars[i - binding->id_count];
        if (bound->column->required && bound->position == GX_NONE && !bound->fallback.data) {
            char names[300];
            return gx__reader_fail(reader, GX_BAD_REQUEST, 1, err,
                                   "%s needs the column %s; the file has %s; `guanxi import` takes "
                                   "--map %s=NAME",
                                   binding->kind->name, bound->column->name,
                                   gx__reader_list_names(names, sizeof names, reader),
                                   bound->column->name);
        }
    }
    return GX_OK;
}

/* Every column of the kind, not yet found in the file. */
static void list_columns(gx__binding *binding) {
    for (size_t i = 0; i < binding->kind->column_count; i++) {
        const gx__column *column = &binding->kind->columns[i];
        const char *text = fallback_of(binding, binding->kind, column->name);
        gx__bound bound = {.column = column, .position = GX_NONE};
        if (text) {
            bound.fallback = (gx__cell){text, (uint32_t)strlen(text), GX__CELL_BARE};
        }
        if (is_id(column)) {
            binding->ids[binding->id_count++] = bound;
        } else {
            binding->scalars[binding->scalar_count++] = bound;
        }
    }
}

gx_status gx__binding_open(gx__binding *out, const gx__reader *reader, const char *kind,
                           const char *const *map, const gx__fallback *fallbacks,
                           size_t fallback_count, bool strict, gx_error *err) {
    out->map = map;
    out->fallbacks = fallbacks;
    out->fallback_count = fallback_count;
    out->strict = strict;
    out->id_count = out->scalar_count = out->extra_count = 0;
    out->names_done = 0;
    out->ignored[0] = '\0';
    gx_status status = check_map(map, err);
    if (status == GX_OK) {
        status = kind ? kind_named(&out->kind, kind, err) : find_kind(out, reader, err);
    }
    if (status == GX_OK) {
        list_columns(out);
        status = gx__binding_update(out, reader, 1, err);
    }
    if (status == GX_OK && !reader->format->open_names) {
        status = check_required(out, reader, err);
    }
    return status;
}
