/* Cells into values, by the type of their column.
 *
 * A row is converted in three steps: numbers, times, texts and open fields first; then the ids are
 * looked at; and only when nothing is wrong any more are they looked up, or given. So a rejected
 * row leaves no trace, not even an id.
 */
#include "graph/import/convert.h"

#include "graph/import/import.h"

#include <float.h>
#include <math.h>
#include <strings.h>

enum { RECORD_BYTES_MAX = 1 << 18 }; /* of all open fields of a row */

void gx__converter_finish(gx__converter *converter) {
    gx_arena_destroy(converter->kept);
    gx_free(converter->directed);
    gx_buffer_finish(&converter->packed);
    *converter = (gx__converter){0};
}

static gx_slice text_of(const gx__cell *cell) {
    return (gx_slice){cell->data, cell->size};
}

/* A cell that was given; empty optional cells are not. */
static bool is_given(const gx__cell *cell) {
    return cell->data && cell->size > 0;
}

static const gx__cell *cell_of(const gx__bound *bound, const gx__row *row) {
    static const gx__cell none = {0};
    const gx__cell *cell = bound->position < row->count ? &row->cells[bound->position] : &none;
    if (is_given(cell) || (cell->type == GX__CELL_NIL && !bound->fallback.data)) {
        return cell;
    }
    return bound->fallback.data ? &bound->fallback : &none;
}

/* ---- single values ----------------------------------------------------------------------- */

/* nan, inf and infinity in any case and with a sign: no numbers here, but said to be what they are.
 */
static bool is_not_finite(gx_slice text) {
    static const char *const names[] = {"nan", "inf", "infinity"};
    if (text.size && (text.data[0] == '-' || text.data[0] == '+')) {
        text.data++;
        text.size--;
    }
    for (size_t i = 0; i < GX_COUNT(names); i++) {
        if (text.size == strlen(names[i]) && strncasecmp(text.data, names[i], text.size) == 0) {
            return true;
        }
    }
    return false;
}

static gx__reason read_real(double *out, const gx__cell *cell) {
    gx_slice text = text_of(cell);
    if (gx_parse_real(text, out)) {
        return GX__NONE;
    }
    return is_not_finite(text) ? GX__NOT_FINITE : GX__BAD_NUMBER;
}

static gx__reason read_float(float *out, const gx__cell *cell) {
    double wide;
    gx__reason reason = read_real(&wide, cell);
    if (reason == GX__NONE && fabs(wide) > (double)FLT_MAX) {
        reason = GX__OUT_OF_RANGE;
    }
    if (reason == GX__NONE) {
        *out = (float)wide;
    }
    return reason;
}

static gx__reason read_int(int64_t *out, const gx__cell *cell) {
    return gx_parse_int(text_of(cell), out) ? GX__NONE : GX__BAD_NUMBER;
}

static gx__reason read_count(uint32_t *out, const gx__cell *cell) {
    int64_t wide;
    gx__reason reason = read_int(&wide, cell);
    if (reason == GX__NONE && (wide < 0 || wide >= (int64_t)GX_NONE)) {
        reason = GX__OUT_OF_RANGE;
    }
    if (reason == GX__NONE) {
        *out = (uint32_t)wide;
    }
    return reason;
}

static gx__reason read_bool(bool *out, const gx__cell *cell) {
    return gx_parse_answer(text_of(cell), out) ? GX__NONE : GX__BAD_BOOLEAN;
}

static gx__reason read_time(int64_t *out, gx__converter *converter, const gx__cell *cell) {
    gx_slice text = text_of(cell);
    if (!gx_parse_time_ms(text, out)) {
        return GX__BAD_TIME;
    }
    /* The same rule of magnitude as gx_parse_time_ms, read off the number of digits. */
    size_t whole = 0;
    while (whole < text.size && text.data[whole] != '.') {
        whole++;
    }
    whole -= text.data[0] == '-' || text.data[0] == '+';
    bool iso = text.size > 4 && text.data[4] == '-';
    converter->times |= iso ? GX__TIME_ISO : whole > 11 ? GX__TIME_MILLISECONDS : GX__TIME_SECONDS;
    return GX__NONE;
}

/* When something was done: since 1970, and not after tomorrow, by the clock of this machine. One
 * deed in years to come would make every other look old. */
static gx__reason read_moment(int64_t *out, gx__converter *converter, const gx__cell *cell) {
    static const int64_t day_ms = 86400000;
    gx__reason reason = read_time(out, converter, cell);
    if (converter->latest_ms == 0) {
        converter->latest_ms = gx_time_ms() + day_ms;
    }
    if (reason == GX__NONE && *out < 0) {
        reason = GX__BEFORE_1970;
    } else if (reason == GX__NONE && *out > converter->latest_ms) {
        reason = GX__IN_THE_FUTURE;
    }
    return reason;
}

/* ---- values of open records ------------------------------------------------------------------ */

/* A number without anything that a code or a phone number might have: no leading zero, plus, blank
 * or exponent, and few enough digits to come back as it was. */
static bool looks_like_number(gx_slice text, bool *out_whole) {
    const char *p = text.data, *end = p + text.size;
    size_t point = 0, digits = 0;
    p += p < end && *p == '-';
    if (p + 1 < end && *p == '0' && p[1] != '.') {
        return false;
    }
    for (const char *first = p; p < end; p++) {
        if (*p == '.' && !point && p > first && p + 1 < end) {
            point++;
        } else if (*p >= '0' && *p <= '9') {
            digits++;
        } else {
            return false;
        }
    }
    *out_whole = point == 0;
    return digits > 0 && digits <= 15;
}

static gx_value number_of(gx_slice text, bool whole) {
    int64_t integer;
    double real;
    if (whole && gx_parse_int(text, &integer)) {
        return gx_int(integer);
    }
    return gx_parse_real(text, &real) ? gx_real(real) : gx_nil();
}

static bool is_flat_list(const gx_value *value) {
    if (value->type != GX_LIST) {
        return false;
    }
    for (uint32_t i = 0; i < value->size; i++) {
        gx_type type = value->as.items[i].type;
        if (type == GX_LIST || type == GX_MAP || type == GX_NIL) {
            return false;
        }
    }
    return true;
}

static gx__reason read_list(gx_value *out, gx_arena *arena, const gx__cell *cell) {
    if (gx_json_read(out, arena, cell->data, cell->size, NULL) != GX_OK) {
        return GX__BAD_JSON;
    }
    return is_flat_list(out) ? GX__NONE : GX__NESTED_VALUE;
}

static gx_value bare_value(gx_arena *arena, gx_slice text) {
    bool whole;
    if (looks_like_number(text, &whole)) {
        return number_of(text, whole);
    }
    gx_value list;
    gx__cell cell = {text.data, (uint32_t)text.size, GX__CELL_NESTED};
    if (text.data[0] == '[' && read_list(&list, arena, &cell) == GX__NONE) {
        return list; /* as the export writes it */
    }
    if (gx_slice_is(text, "true") || gx_slice_is(text, "false")) {
        return gx_bool(text.data[0] == 't');
    }
    return gx_text(text.data, text.size);
}

/* A column nobody declared: JSON says its type; a bare cell is a number where it looks like one. */
static gx__reason read_open(gx_value *out, gx_arena *arena, const gx__cell *cell) {
    gx_slice text = text_of(cell);
    switch (cell->type) {
    case GX__CELL_BARE:
        *out = bare_value(arena, text);
        return GX__NONE;
    case GX__CELL_TEXT:
        *out = gx_text(text.data, text.size);
        return GX__NONE;
    case GX__CELL_BOOL:
        *out = gx_bool(text.data[0] == 't');
        return GX__NONE;
    case GX__CELL_NUMBER:
        *out = number_of(text, memchr(text.data, '.', text.size) == NULL &&
                                   memchr(text.data, 'e', text.size) == NULL &&
                                   memchr(text.data, 'E', text.size) == NULL);
        return out->type == GX_NIL ? GX__OUT_OF_RANGE : GX__NONE;
    case GX__CELL_NESTED:
        return read_list(out, arena, cell);
    case GX__CELL_NIL:
        *out = gx_nil();
        return GX__NONE;
    }
    return GX__BAD_JSON;
}

static bool is_tag_break(char byte) {
    return byte == '|' || byte == ';' || byte == ',';
}

static gx__reason read_tags(gx_value *out, gx_arena *arena, const gx__cell *cell) {
    const char *p = cell->data, *end = p + cell->size;
    if (cell->type == GX__CELL_NESTED || (cell->type == GX__CELL_BARE && *p == '[')) {
        return read_list(out, arena, cell);
    }
    *out = gx_list(arena, 4);
    while (p < end) {
        const char *from = p;
        while (p < end && !is_tag_break(*p)) {
            p++;
        }
        const char *to = p;
        while (from < to && *from == ' ') {
            from++;
        }
        while (to > from && to[-1] == ' ') {
            to--;
        }
        if (to > from) {
            gx_list_add(arena, out, gx_text(from, (size_t)(to - from)));
        }
        p += p < end;
    }
    return GX__NONE;
}

/* One of a few words, in any case. */
static bool read_word(gx_value *out, const gx__cell *cell, const char *const *words, size_t count) {
    for (size_t i = 0; i < count && cell->type != GX__CELL_NESTED; i++) {
        if (cell->size == strlen(words[i]) && !strncasecmp(cell->data, words[i], cell->size)) {
            *out = gx_str(words[i]);
            return true;
        }
    }
    return false;
}

/* What a shop says of an item. A word that nobody acts upon would leave the item shown. */
static gx__reason read_status(gx_value *out, const gx__cell *cell) {
    static const char *const words[] = {GX_ITEM_STATUS_SHOWN, GX_ITEM_STATUS_HIDDEN};
    return read_word(out, cell, words, GX_COUNT(words)) ? GX__NONE : GX__BAD_STATUS;
}

static gx__reason read_kind(gx_value *out, const gx__cell *cell) {
    static const char *const words[] = {GX_ITEM_KINDS};
    return read_word(out, cell, words, GX_COUNT(words)) ? GX__NONE : GX__BAD_KIND;
}

/* What a member agreed to, kept as it was written. A word that is neither yes nor no would be
 * taken for a no by whoever asks, and nobody would know. */
static gx__reason read_answer(gx_value *out, const gx__cell *cell) {
    bool yes;
    if (cell->type == GX__CELL_NESTED || !gx_parse_answer(text_of(cell), &yes)) {
        return GX__BAD_ANSWER;
    }
    *out = gx_text(cell->data, cell->size);
    return GX__NONE;
}

static gx__reason read_places(gx_value *out, const gx__cell *cell) {
    static const int64_t most = 1000000000;
    int64_t places;
    if (read_int(&places, cell) != GX__NONE || places < 0 || places > most) {
        return GX__BAD_PLACES;
    }
    *out = gx_int(places);
    return GX__NONE;
}

static gx__reason read_degrees(gx_value *out, gx__type type, const gx__cell *cell) {
    const bool latitude = type == GX__LATITUDE;
    double degrees;
    if (read_real(&degrees, cell) != GX__NONE || !(fabs(degrees) <= (latitude ? 90 : 180))) {
        return latitude ? GX__BAD_LATITUDE : GX__BAD_LONGITUDE;
    }
    *out = gx_real(degrees);
    return GX__NONE;
}

static gx__reason read_field(gx_value *out, gx__converter *converter, gx__type type,
                             const gx__cell *cell) {
    gx__reason reason;
    int64_t integer;
    double real;
    bool boolean;
    switch (type) {
    case GX__TIME:
        reason = read_time(&integer, converter, cell);
        *out = reason == GX__NONE ? gx_int(integer) : gx_nil();
        return reason;
    case GX__INT:
    case GX__STOCK:
        reason = read_int(&integer, cell);
        *out = reason == GX__NONE ? gx_int(integer) : gx_nil();
        return reason == GX__NONE && type == GX__STOCK && integer < 0 ? GX__NEGATIVE : reason;
    case GX__DOUBLE:
    case GX__PRICE:
        reason = read_real(&real, cell);
        *out = reason == GX__NONE ? gx_real(real) : gx_nil();
        return reason == GX__NONE && type == GX__PRICE && real < 0 ? GX__NEGATIVE : reason;
    case GX__PLACES:
        return read_places(out, cell);
    case GX__LATITUDE:
    case GX__LONGITUDE:
        return read_degrees(out, type, cell);
    case GX__STATUS:
        return read_status(out, cell);
    case GX__ITEM_KIND:
        return read_kind(out, cell);
    case GX__ANSWER:
        return read_answer(out, cell);
    case GX__BOOL:
        reason = read_bool(&boolean, cell);
        *out = reason == GX__NONE ? gx_bool(boolean) : gx_nil();
        return reason;
    case GX__TAGS:
        return read_tags(out, converter->scratch, cell);
    default:
        if (cell->type == GX__CELL_NESTED) {
            return GX__NESTED_VALUE;
        }
        *out = gx_text(cell->data, cell->size); /* lives as long as the row */
        return GX__NONE;
    }
}

/* A value into its place in the row. */
static gx__reason read_place(void *place, gx__converter *converter, gx__type type,
                             const gx__cell *cell) {
    gx__reason reason;
    switch (type) {
    case GX__TIME:
        return read_time(place, converter, cell);
    case GX__MOMENT:
        return read_moment(place, converter, cell);
    case GX__FLOAT:
        return read_float(place, cell);
    case GX__QUANTITY:
        reason = read_float(place, cell);
        return reason == GX__NONE && *(float *)place < 0 ? GX__NEGATIVE : reason;
    case GX__WEIGHT:
        reason = read_float(place, cell);
        return reason == GX__NONE && *(float *)place < 0 ? GX__NEGATIVE_WEIGHT : reason;
    case GX__DOUBLE:
        return read_real(place, cell);
    case GX__INT:
        return read_int(place, cell);
    case GX__COUNT:
        return read_count(place, cell);
    case GX__BOOL:
        return read_bool(place, cell);
    default: {
        if (cell->type == GX__CELL_NESTED) {
            return GX__NESTED_VALUE;
        }
        char *copy = gx_arena_get(converter->arena, cell->size);
        if (copy) { /* else the arena remembers */
            memcpy(copy, cell->data, cell->size);
            *(gx_slice *)place = (gx_slice){copy, cell->size};
        }
        return GX__NONE;
    }
    }
}

/* ---- the steps of a row --------------------------------------------------------------------- */

static void refuse(gx__refusal *out, gx__reason reason, const char *column, const gx__cell *cell) {
    *out = (gx__refusal){reason, column, cell ? text_of(cell) : (gx_slice){"", 0}};
}

static gx__reason check_text(const gx__cell *cell) {
    if (memchr(cell->data, '\0', cell->size)) {
        return GX__NUL_BYTE;
    }
    return gx_utf8_is_valid(cell->data, cell->size) ? GX__NONE : GX__BAD_UTF8;
}

/* Every cell that lands somewhere; only asked of rows that are not plain ASCII. */
static void check_texts(gx__refusal *out, const gx__binding *binding, const gx__row *row) {
    for (size_t i = 0; i < binding->id_count + binding->scalar_count; i++) {
        const gx__bound *bound =
            i < binding->id_count ? &binding->ids[i] : &binding->scalars[i - binding->id_count];
        const gx__cell *cell = cell_of(bound, row);
        gx__reason reason = cell->size ? check_text(cell) : GX__NONE;
        if (reason != GX__NONE) {
            refuse(out, reason, bound->column->name, cell);
            return;
        }
    }
    for (size_t i = 0; i < binding->extra_count; i++) {
        const gx__extra *extra = &binding->extras[i];
        if (extra->position >= row->count || !is_given(&row->cells[extra->position])) {
            continue;
        }
        gx__reason reason = check_text(&row->cells[extra->position]);
        if (reason != GX__NONE) {
            refuse(out, reason, extra->name.data, &row->cells[extra->position]);
            return;
        }
    }
}

/* A field that goes: gx_record_merge takes a nil so. */
static bool is_cleared(const gx__converter *converter, const gx__cell *cell) {
    return cell->type == GX__CELL_NIL && converter->binding->kind->shape == GX__SHAPE_RECORD;
}

static void read_scalars(gx__refusal *out, void *row, gx_value *fields, gx__converter *converter,
                         const gx__row *from) {
    const gx__binding *binding = converter->binding;
    for (size_t i = 0; i < binding->scalar_count; i++) {
        const gx__bound *bound = &binding->scalars[i];
        const gx__column *column = bound->column;
        if (bound->position == GX_NONE && !bound->fallback.data && !column->required) {
            continue;
        }
        const gx__cell *cell = cell_of(bound, from);
        gx__reason reason = GX__NONE;
        if (!is_given(cell)) {
            reason = column->required ? GX__MISSING : GX__NONE;
            if (column->lands == GX__FIELD && is_cleared(converter, cell)) {
                gx_map_add(converter->scratch, fields, gx_str(column->name), gx_nil());
            }
        } else if (column->lands == GX__FIELD) {
            gx_value value;
            reason = read_field(&value, converter, column->type, cell);
            if (reason == GX__NONE) {
                gx_map_add(converter->scratch, fields, gx_str(column->name), value);
            }
        } else {
            reason = read_place((char *)row + column->lands, converter, column->type, cell);
        }
        if (reason != GX__NONE) {
            refuse(out, reason, column->name, cell);
            return;
        }
    }
}

static void read_extras(gx__refusal *out, gx_value *fields, gx__converter *converter,
                        const gx__row *from) {
    const gx__binding *binding = converter->binding;
    for (size_t i = 0; i < binding->extra_count; i++) {
        const gx__extra *extra = &binding->extras[i];
        gx_value value;
        if (extra->position >= from->count) {
            continue;
        }
        const gx__cell *cell = &from->cells[extra->position];
        if (!is_given(cell) && !is_cleared(converter, cell)) {
            continue;
        }
        gx__reason reason = read_open(&value, converter->scratch, cell);
        if (reason != GX__NONE) {
            refuse(out, reason, extra->name.data, cell);
            return;
        }
        gx_map_add(converter->scratch, fields, gx_text(extra->name.data, extra->name.size), value);
    }
}

static void check_ids(gx__refusal *out, const gx__converter *converter, const gx__row *from) {
    const gx__binding *binding = converter->binding;
    for (size_t i = 0; i < binding->id_count; i++) {
        const gx__bound *bound = &binding->ids[i];
        const gx__cell *cell = cell_of(bound, from);
        gx__reason reason = GX__NONE;
        if (!is_given(cell)) {
            reason = bound->column->required ? GX__MISSING : GX__NONE;
        } else if (cell->size > GX_ID_BYTES_MAX) {
            reason = GX__ID_TOO_LONG;
        } else if (cell->type == GX__CELL_NESTED) {
            reason = GX__NESTED_VALUE;
        }
        if (reason != GX__NONE) {
            refuse(out, reason, bound->column->name, cell);
            return;
        }
    }
}

/* A member who names himself; the first two ids of a tie are its ends. */
static void check_self_tie(gx__refusal *out, const gx__converter *converter, const gx__row *from) {
    const gx__bound *ids = converter->binding->ids;
    const gx__cell *src = cell_of(&ids[0], from);
    if (gx_slice_equal(text_of(src), text_of(cell_of(&ids[1], from)))) {
        refuse(out, GX__SELF_TIE, "dst", src);
    }
}

/* In strict mode the members, items and groups have to be there, from files of their own. */
static bool has_to_exist(const gx__converter *converter, const gx__column *column) {
    return converter->strict && column->type == GX__ID && column->space <= GX_SPACE_GROUP &&
           converter->binding->kind->shape != GX__SHAPE_RECORD;
}

/* Whether the table of actions of this store says that a value multiplies the weight. */
static gx_status has_stars(bool *out, gx__converter *converter, gx_slice action, gx_error *err) {
    if (!converter->kept) {
        converter->kept = gx_arena_create();
        if (!converter->kept) {
            return gx_fail_memory(err, 0);
        }
        gx_status status = gx_setting_get(&converter->actions, converter->words->txn,
                                          converter->kept, "actions", err);
        if (status != GX_OK) {
            return status;
        }
    }
    *out = gx_action_has_stars(action);
    const gx_value *all = &converter->actions;
    for (uint32_t i = 0; all->type == GX_MAP && i < all->size; i++) {
        const gx_value *key = &all->as.pairs[i].key;
        const gx_value *scaled = gx_map_get(&all->as.pairs[i].value, "scaled");
        if (scaled && scaled->type == GX_BOOL &&
            gx_slice_equal((gx_slice){key->as.text, key->size}, action)) {
            *out = scaled->as.boolean;
        }
    }
    return GX_OK;
}

/* Stars beyond the scale would count like several purchases, or against what was liked. */
static gx_status check_stars(gx__refusal *out, const gx_event *event, gx__converter *converter,
                             const gx__row *from, gx_error *err) {
    const gx__binding *binding = converter->binding;
    gx_status status = GX_OK;
    bool stars = false;
    if (isnan(event->value) || (event->value >= GX_STARS_LEAST && event->value <= GX_STARS_MOST)) {
        return GX_OK;
    }
    for (size_t i = 0; i < binding->id_count && status == GX_OK; i++) {
        if (binding->ids[i].column->space == GX_SPACE_ACTION) {
            status = has_stars(&stars, converter, text_of(cell_of(&binding->ids[i], from)), err);
        }
    }
    for (size_t i = 0; i < binding->scalar_count && stars; i++) {
        const gx__bound *bound = &binding->scalars[i];
        if (strcmp(bound->column->name, "value") == 0) {
            refuse(out, GX__BAD_STARS, bound->column->name, cell_of(bound, from));
        }
    }
    return status;
}

static gx_status find_known_ids(gx__refusal *out, gx__converter *converter, const gx__row *from,
                                gx_error *err) {
    const gx__binding *binding = converter->binding;
    for (size_t i = 0; i < binding->id_count; i++) {
        const gx__bound *bound = &binding->ids[i];
        const gx__cell *cell = cell_of(bound, from);
        uint32_t id;
        bool created;
        if (!is_given(cell) || !has_to_exist(converter, bound->column)) {
            continue;
        }
        gx_status status = gx__word_get(&id, &created, converter->words, bound->column->space,
                                        text_of(cell), false, converter->job, err);
        if (status == GX_NOT_FOUND) {
            refuse(out, GX__UNKNOWN_ID, bound->column->name, cell);
            return GX_OK;
        }
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}

static gx_status give_ids(void *row, gx__converter *converter, const gx__row *from, gx_error *err) {
    const gx__binding *binding = converter->binding;
    for (size_t i = 0; i < binding->id_count; i++) {
        const gx__bound *bound = &binding->ids[i];
        const gx__cell *cell = cell_of(bound, from);
        bool created;
        if (!is_given(cell)) {
            continue;
        }
        uint32_t *place = (uint32_t *)(void *)((char *)row + bound->column->lands);
        gx_status status = gx__word_get(place, &created, converter->words, bound->column->space,
                                        text_of(cell), true, converter->job, err);
        if (status != GX_OK) {
            return status;
        }
        if (binding->kind->shape == GX__SHAPE_RECORD) {
            ((gx__record *)row)->created = created;
        } else {
            converter->new_ids[bound->column->space] += created;
        }
    }
    return GX_OK;
}

/* ---- what a kind needs beyond its columns ------------------------------------------------------
 */

static gx_status kind_is_directed(bool *out, gx__converter *converter, uint32_t kind, gx_slice name,
                                  gx_error *err) {
    if (kind >= converter->directed_count) {
        uint32_t count = kind + 16;
        uint8_t *grown = gx_realloc(converter->directed, count, 1);
        if (!grown) {
            return gx_fail_memory(err, count);
        }
        memset(grown + converter->directed_count, 0, count - converter->directed_count);
        converter->directed = grown;
        converter->directed_count = count;
    }
    if (!converter->directed[kind]) {
        converter->directed[kind] = gx_tie_kind_is_directed(name) ? 1 : 2;
    }
    *out = converter->directed[kind] == 1;
    return GX_OK;
}

/* Whether a tie goes both ways: its own column, else the option, else its kind. */
static gx_status finish_tie(gx_tie *tie, gx__converter *converter, const gx__row *from,
                            gx_error *err) {
    const gx__binding *binding = converter->binding;
    for (size_t i = 0; i < binding->scalar_count; i++) {
        const gx__bound *bound = &binding->scalars[i];
        if (bound->column->type == GX__BOOL && is_given(cell_of(bound, from))) {
            return GX_OK;
        }
    }
    if (converter->undirected) {
        tie->directed = false;
        return GX_OK;
    }
    return kind_is_directed(&tie->directed, converter, tie->kind,
                            text_of(cell_of(&binding->ids[2], from)), err);
}

/* By name: an event without an id is known by its fields, in whatever order they were given. */
static void sort_fields(gx_value *fields) {
    for (uint32_t i = 1; i < fields->size; i++) {
        gx_pair pair = fields->as.pairs[i];
        uint32_t at = i;
        for (; at > 0; at--) {
            const gx_value *key = &fields->as.pairs[at - 1].key;
            uint32_t size = key->size < pair.key.size ? key->size : pair.key.size;
            int order = memcmp(key->as.text, pair.key.as.text, size);
            if (order < 0 || (order == 0 && key->size <= pair.key.size)) {
                break;
            }
            fields->as.pairs[at] = fields->as.pairs[at - 1];
        }
        fields->as.pairs[at] = pair;
    }
}

static gx_status finish_event(gx_event *event, gx__converter *converter, gx_value *fields,
                              gx_error *err) {
    if (converter->source) {
        gx_map_put(converter->scratch, fields, "source", gx_str(converter->source));
    }
    if (fields->size == 0) {
        return GX_OK;
    }
    sort_fields(fields);
    gx_buffer *packed = &converter->packed;
    packed->size = 0;
    gx_pack_write(packed, fields);
    char *copy = gx_arena_get(converter->arena, packed->size);
    if (packed->failed || !copy) {
        return gx_fail_memory(err, packed->size);
    }
    memcpy(copy, packed->bytes, packed->size);
    event->extra = (gx_slice){copy, packed->size};
    return GX_OK;
}

static gx_status finish_row(void *row, gx__converter *converter, const gx__row *from,
                            gx_value *fields, gx_error *err) {
    switch (converter->binding->kind->shape) {
    case GX__SHAPE_RECORD:
        ((gx__record *)row)->fields = gx_value_copy(converter->arena, fields);
        return GX_OK;
    case GX__SHAPE_TIE:
        return finish_tie(row, converter, from, err);
    case GX__SHAPE_EVENT:
        return finish_event(row, converter, fields, err);
    case GX__SHAPE_PLAIN:
        break;
    }
    return GX_OK;
}

gx_status gx__convert(gx__refusal *out, void *row, gx__converter *converter, const gx__row *from,
                      gx_error *err) {
    gx_status status = GX_OK;
    const gx__kind *kind = converter->binding->kind;
    out->reason = GX__NONE;
    if (!from->plain) {
        check_texts(out, converter->binding, from);
    }
    gx_arena_reset(converter->scratch);
    gx_value fields = gx_map(converter->scratch, 0);
    if (out->reason == GX__NONE) {
        read_scalars(out, row, &fields, converter, from);
    }
    if (out->reason == GX__NONE && kind->open) {
        read_extras(out, &fields, converter, from);
    }
    if (out->reason == GX__NONE && kind->open && from->raw.size > RECORD_BYTES_MAX) {
        *out = (gx__refusal){GX__TOO_LARGE, "", {from->raw.data, 64}};
    }
    if (out->reason == GX__NONE) {
        check_ids(out, converter, from);
    }
    if (out->reason == GX__NONE && kind->shape == GX__SHAPE_TIE) {
        check_self_tie(out, converter, from);
    }
    if (out->reason == GX__NONE && kind->shape == GX__SHAPE_EVENT) {
        GX_TRY(check_stars(out, row, converter, from, err));
    }
    /* Left out rather than refused: its member is known all the same. */
    const bool left_out = out->reason == GX__SELF_TIE && converter->drop_self_ties;
    if ((out->reason == GX__NONE || left_out) && converter->strict) {
        GX_TRY(find_known_ids(out, converter, from, err));
    }
    if (left_out && out->reason == GX__SELF_TIE) {
        GX_TRY(give_ids(row, converter, from, err));
    }
    if (out->reason == GX__NONE) {
        GX_TRY(give_ids(row, converter, from, err));
        GX_TRY(finish_row(row, converter, from, &fields, err));
    }
    if (gx_arena_status(converter->arena) != GX_OK ||
        gx_arena_status(converter->scratch) != GX_OK) {
        status = gx_fail_memory(err, gx_arena_bytes(converter->arena));
    }
done:
    return status;
}
