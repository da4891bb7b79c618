/* What there is, where something was named that is not. */
#include "api/lists/known.h"

#include "api/privacy.h"

/* TOLD names in an error; members are read LOOK at a time; of a field the texts of so many members
 * are told from. WORDS: an expression has at most 4,096 bytes, four of them a text. */
enum { TOLD = 12, LOOK = 1024, SAMPLE = 65536, FIELDS = 256, WORDS = 1024 };

/* ---- errors -----------------------------------------------------------------------------------
 */

/* "a, b, c" of the first few, and how many there are beside. */
static const char *told(gx_arena *arena, const gx_slice *name, uint32_t count) {
    const char *all = "";
    for (uint32_t i = 0; i < count && i < TOLD; i++) {
        const char *more =
            gx_arena_printf(arena, "%s%s%.*s", all, i ? ", " : "", (int)name[i].size, name[i].data);
        all = more ? more : all;
    }
    const char *rest =
        count > TOLD ? gx_arena_printf(arena, "%s and %u more", all, count - TOLD) : all;
    return rest ? rest : all;
}

static size_t common_start(gx_slice a, gx_slice b) {
    size_t size = 0;
    while (size < a.size && size < b.size && a.data[size] == b.data[size]) {
        size++;
    }
    return size;
}

/* How alike they begin; what import called attr_NAME is NAME, too. */
static size_t nearness(gx_slice name, gx_slice text) {
    static const char before[] = "attr_";
    const size_t skip = sizeof before - 1, plain = common_start(name, text);
    if (name.size <= skip || memcmp(name.data, before, skip) != 0) {
        return plain;
    }
    const size_t after = common_start((gx_slice){name.data + skip, name.size - skip}, text);
    return after > plain ? after : plain;
}

/* Brings the TOLD names to the front that begin most like the text; else they stay in order. */
static void nearest_first(gx_slice *name, uint32_t count, gx_slice text) {
    for (uint32_t i = 0; i < count && i < TOLD; i++) {
        uint32_t best = i;
        for (uint32_t k = i + 1; k < count; k++) {
            if (nearness(name[k], text) > nearness(name[best], text)) {
                best = k;
            }
        }
        const gx_slice one = name[best];
        memmove(name + i + 1, name + i, (best - i) * sizeof *name);
        name[i] = one;
    }
}

const char *gx_known_told(gx_arena *arena, gx_slice *name, uint32_t count, gx_slice text) {
    nearest_first(name, count, text);
    return told(arena, name, count);
}

gx_status gx_known_no_field(gx_arena *arena, const gx_columns *columns, const char *argument,
                            const char *who, gx_slice field, gx_error *err) {
    char shown[80];
    const uint32_t count = gx_columns_fields(NULL, 0, columns);
    gx_slice *name = gx_arena_get(arena, ((size_t)count + 1) * sizeof *name);
    if (!name) {
        return gx_fail_memory(err, count * sizeof *name);
    }
    gx_columns_fields(name, count, columns);
    nearest_first(name, count, field);
    gx_quote(shown, sizeof shown, field.data, field.size);
    return count
               ? gx_fail_at(err, GX_NOT_FOUND, argument, "%s: no %s has the field %s; %ss have %s",
                            argument, who, shown, who, told(arena, name, count))
               : gx_fail_at(err, GX_NOT_FOUND, argument,
                            "%s: no %s has the field %s; no %s has any", argument, who, shown, who);
}

gx_status gx_known_no_text(gx_arena *arena, const gx_columns *columns, const char *argument,
                           const char *who, const char *column, gx_slice field, gx_slice text,
                           gx_error *err) {
    char shown[80];
    const uint32_t count = gx_columns_texts(NULL, 0, columns, column);
    gx_slice *name = gx_arena_get(arena, ((size_t)count + 1) * sizeof *name);
    if (!name) {
        return gx_fail_memory(err, count * sizeof *name);
    }
    gx_columns_texts(name, count, columns, column);
    nearest_first(name, count, text);
    gx_quote(shown, sizeof shown, text.data, text.size);
    return gx_fail_at(err, GX_NOT_FOUND, argument, "%s: no %s has the %.*s %s%s%s%s%s", argument,
                      who, (int)field.size, field.data, shown, count ? "; " : "", count ? who : "",
                      count ? "s have " : "", told(arena, name, count));
}

/* ---- items ------------------------------------------------------------------------------------
 */

gx_status gx_known_item_fields(gx_arena *arena, const gx_columns *columns, const char *argument,
                               const gx_where *where, gx_error *err) {
    gx_slice field[FIELDS];
    const uint32_t count = gx_where_fields(field, FIELDS, where);
    for (uint32_t i = 0; i < count && i < FIELDS; i++) {
        char *name = gx_arena_printf(arena, "%.*s", (int)field[i].size, field[i].data);
        if (!name) {
            return gx_fail_memory(err, field[i].size);
        }
        if (!gx_columns_has(columns, name)) {
            return gx_known_no_field(arena, columns, argument, "item", field[i], err);
        }
    }
    return GX_OK;
}

/* Whether some item has it. */
static bool is_some_items(const gx_where_text *wanted, const gx_slice *text, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const size_t size = wanted->text.size;
        if (text[i].size >= size && (wanted->prefix || text[i].size == size) &&
            memcmp(text[i].data, wanted->text.data, size) == 0) {
            return true;
        }
    }
    return false;
}

/* What an error would say, as a note. */
static gx_status note(const char **out, gx_arena *arena, gx_status status, const gx_error *found,
                      gx_error *err) {
    if (status != GX_NOT_FOUND) {
        return status == GX_OK ? GX_OK : gx_fail(err, status, "%s", found->message);
    }
    *out = gx_arena_printf(arena, "%s", found->message);
    return *out ? GX_OK : gx_fail_memory(err, sizeof found->message);
}

gx_status gx_known_item_texts(const char **out, gx_arena *arena, const gx_columns *columns,
                              const char *argument, const gx_where *where, gx_error *err) {
    gx_error found = {0};
    *out = NULL;
    gx_where_text *wanted = gx_arena_get(arena, WORDS * sizeof *wanted);
    if (!wanted) {
        return gx_fail_memory(err, WORDS * sizeof *wanted);
    }
    const uint32_t all = gx_where_texts(wanted, WORDS, where), count = all < WORDS ? all : WORDS;
    for (uint32_t i = 0; i < count; i++) {
        const gx_slice field = wanted[i].field;
        char *name = gx_arena_printf(arena, "%.*s", (int)field.size, field.data);
        const uint32_t texts = name ? gx_columns_texts(NULL, 0, columns, name) : 0;
        gx_slice *text = gx_arena_get(arena, ((size_t)texts + 1) * sizeof *text);
        if (!name || !text) {
            return gx_fail_memory(err, texts * sizeof *text);
        }
        gx_columns_texts(text, texts, columns, name);
        if (!is_some_items(&wanted[i], text, texts)) {
            const gx_status status = gx_known_no_text(arena, columns, argument, "item", name, field,
                                                      wanted[i].text, &found);
            return note(out, arena, status, &found, err);
        }
    }
    return GX_OK;
}

/* ---- members ----------------------------------------------------------------------------------
 */

/* What is looked for in records: fields, or texts of them (text.data NULL: any value). */
typedef struct search {
    gx_where_text *wanted;
    bool *found;
    uint32_t count, left;
    bool answers;     /* a yes or a no is looked for */
    uint32_t member;  /* the one that is looked at */
    uint32_t unclear; /* the first that says neither, and in `said` what; empty: none */
    char said[96];
} search;

static bool is_text(const gx_value *value, const gx_where_text *wanted) {
    if (value->type != GX_TEXT || value->size < wanted->text.size ||
        (!wanted->prefix && value->size > wanted->text.size)) {
        return false;
    }
    return memcmp(value->as.text, wanted->text.data, wanted->text.size) == 0;
}

static bool has(const gx_value *value, const gx_where_text *wanted) {
    bool is = !wanted->text.data || is_text(value, wanted);
    for (uint32_t i = 0; !is && value->type == GX_LIST && i < value->size; i++) {
        is = is_text(&value->as.items[i], wanted);
    }
    return is;
}

static bool is_wanted(search *s, const gx_value *value, const gx_where_text *wanted) {
    if (!s->answers) {
        return has(value, wanted);
    }
    const gx_answer answer = gx_answer_of(value);
    if (answer == GX_ANSWER_UNCLEAR && s->said[0] == 0) {
        gx_value_shown(s->said, sizeof s->said, value);
        s->unclear = s->member;
    }
    return answer == GX_ANSWER_YES || answer == GX_ANSWER_NO;
}

static void look(search *s, const gx_value *record) {
    for (uint32_t k = 0; record->type == GX_MAP && k < record->size; k++) {
        const gx_pair *pair = &record->as.pairs[k];
        const gx_slice key = {pair->key.as.text, pair->key.size};
        for (uint32_t i = 0; i < s->count; i++) {
            if (!s->found[i] && pair->value.type != GX_NIL &&
                gx_slice_equal(key, s->wanted[i].field) &&
                is_wanted(s, &pair->value, &s->wanted[i])) {
                s->found[i] = true;
                s->left -= s->left > 0;
            }
        }
    }
}

/* What an error is made from: all fields, or the texts of one. */
static gx_status collect(gx_columns *columns, const gx_value *record, gx_slice only, gx_arena *own,
                         gx_error *err) {
    gx_value part = *record;
    if (only.size > 0) {
        part = gx_map(own, 1);
        for (uint32_t k = 0; record->type == GX_MAP && k < record->size; k++) {
            const gx_pair *pair = &record->as.pairs[k];
            if (gx_slice_equal((gx_slice){pair->key.as.text, pair->key.size}, only)) {
                char *name = gx_arena_printf(own, "%.*s", (int)only.size, only.data);
                if (!name) {
                    return gx_fail_memory(err, only.size);
                }
                gx_map_put(own, &part, name, pair->value);
            }
        }
        if (part.size == 0) {
            return GX_OK;
        }
    }
    const uint32_t rows = gx_columns_rows(columns);
    const uint32_t row = only.size == 0 ? 0 : rows < SAMPLE ? rows : SAMPLE;
    return row == SAMPLE ? GX_OK : gx_columns_set(columns, row, &part, err);
}

/* Reads members until everything is found (`s`), or into the columns. */
static gx_status scan(search *s, gx_columns *columns, gx_slice only, gx_call_env *call,
                      gx_error *err) {
    const uint32_t users = gx_word_count(call->txn, GX_SPACE_USER);
    gx_status status = GX_OK;
    gx_arena *own = gx_arena_create();
    if (!own) {
        return gx_fail_memory(err, 0);
    }
    for (uint32_t v = 0; v < users && (!s || s->left > 0); v++) {
        gx_value record;
        if (v % LOOK == 0) {
            gx_arena_reset(own);
            GX_TRY(gx_job_check(call->job, err));
        }
        GX_TRY(gx_record_get(&record, call->txn, own, GX_SPACE_USER, v, err));
        if (!s || !s->answers) { /* the id answers nothing */
            record = gx_record_named(own, call->txn, GX_SPACE_USER, v, &record);
            if (gx_arena_status(own) != GX_OK) {
                GX_TRY(gx_fail_memory(err, record.size));
            }
        }
        if (s) {
            s->member = v;
            look(s, &record);
        } else {
            GX_TRY(collect(columns, &record, only, own, err));
        }
    }
done:
    gx_arena_destroy(own);
    return status;
}

/* not_found of the first that was not found. */
static gx_status refuse(const search *s, const char *argument, gx_call_env *call, gx_error *err) {
    gx_columns *columns = NULL;
    gx_status status = GX_OK;
    uint32_t i = 0;
    while (i < s->count && s->found[i]) {
        i++;
    }
    const gx_where_text *missing = &s->wanted[i];
    GX_TRY(gx_columns_create(&columns, err));
    if (!missing->text.data) {
        GX_TRY(scan(NULL, columns, (gx_slice){"", 0}, call, err));
        GX_TRY(gx_known_no_field(call->arena, columns, argument, "member", missing->field, err));
    }
    GX_TRY(scan(NULL, columns, missing->field, call, err));
    char *name =
        gx_arena_printf(call->arena, "%.*s", (int)missing->field.size, missing->field.data);
    GX_TRY(name ? gx_known_no_text(call->arena, columns, argument, "member", name, missing->field,
                                   missing->text, err)
                : gx_fail_memory(err, missing->field.size));
done:
    gx_columns_destroy(columns);
    return status;
}

static gx_status find_all(gx_where_text *wanted, uint32_t count, const char *argument,
                          gx_call_env *call, gx_error *err) {
    search s = {.wanted = wanted, .count = count, .left = count};
    s.found = gx_arena_get(call->arena, ((size_t)count + 1) * sizeof *s.found);
    if (!s.found) {
        return gx_fail_memory(err, count);
    }
    memset(s.found, 0, ((size_t)count + 1) * sizeof *s.found);
    const gx_status status = scan(&s, NULL, (gx_slice){"", 0}, call, err);
    return status == GX_OK && s.left > 0 ? refuse(&s, argument, call, err) : status;
}

gx_status gx_known_member_fields(gx_call_env *call, const char *argument, const gx_where *where,
                                 gx_error *err) {
    gx_slice field[FIELDS];
    gx_where_text wanted[FIELDS];
    uint32_t count = gx_where_fields(field, FIELDS, where);
    count = count < FIELDS ? count : FIELDS;
    for (uint32_t i = 0; i < count; i++) {
        wanted[i] = (gx_where_text){.field = field[i]};
    }
    return find_all(wanted, count, argument, call, err);
}

gx_status gx_known_member_texts(gx_call_env *call, const char *argument, const gx_where *where,
                                gx_error *err) {
    gx_where_text *wanted = gx_arena_get(call->arena, WORDS * sizeof *wanted);
    if (!wanted) {
        return gx_fail_memory(err, WORDS * sizeof *wanted);
    }
    const uint32_t count = gx_where_texts(wanted, WORDS, where);
    return find_all(wanted, count < WORDS ? count : WORDS, argument, call, err);
}

gx_status gx_known_member_answer(gx_call_env *call, const char *argument, gx_slice field,
                                 gx_error *err) {
    gx_status status = GX_OK;
    char *longer = gx_arena_printf(call->arena, "attr_%.*s", (int)field.size, field.data);
    gx_where_text wanted[] = {{.field = field}, {.field = gx_slice_of(longer ? longer : "")}};
    bool found[] = {false, false};
    search s = {.wanted = wanted,
                .found = found,
                .count = 2,
                .left = 1, /* either will do */
                .answers = true};
    if (!longer) {
        return gx_fail_memory(err, field.size);
    }
    GX_TRY(scan(&s, NULL, (gx_slice){"", 0}, call, err));
    if (!found[0] && !found[1] && s.said[0]) {
        char shown[80], id[80];
        const gx_slice who = gx_word_name(call->txn, GX_SPACE_USER, s.unclear);
        return gx_fail_at(err, GX_BAD_REQUEST, argument,
                          "%s: no member says yes or no in the field %s (%s of %s); accepted is a "
                          "field that does, like push",
                          argument, gx_quote(shown, sizeof shown, field.data, field.size), s.said,
                          gx_quote(id, sizeof id, who.data, who.size));
    }
    if (!found[0] && !found[1]) {
        GX_TRY(refuse(&s, argument, call, err));
    }
done:
    return status;
}
