/* The compiler of `where` (the grammar is in where.h): a lexer of one token and a recursive
 * descent.
 *
 * Time and memory O(bytes of the expression); depth, tests and bytes have a maximum, so that a
 * hostile text costs a bounded stack. Everything lies in the caller's arena. */
#include "models/rec/where_program.h"

#include <math.h>
#include <stdio.h>
#include <strings.h>

typedef enum token_kind {
    TOKEN_END,
    TOKEN_NAME,   /* a field or a word of the language */
    TOKEN_QUOTED, /* `a field` */
    TOKEN_NUMBER,
    TOKEN_TEXT,
    TOKEN_OP,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_BAD
} token_kind;

typedef struct token {
    token_kind kind;
    gx_slice source;
} token;

typedef struct parser {
    gx_arena *arena;
    gx_slice text;
    size_t at;     /* behind `now` */
    size_t behind; /* the end of the token before `now` */
    token now;
    uint32_t depth, tests;
    const gx_where *where;
    gx_error *err;
} parser;

/* ---- tokens --------------------------------------------------------------------------------- */

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Letters, _ and every byte of a non-ASCII letter begin a field. */
static bool is_name_first(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

static bool is_name(char c) {
    return is_name_first(c) || is_digit(c) || c == '.';
}

static bool is_number(char c) {
    return is_name(c) || c == '+' || c == '-';
}

static size_t run_of(gx_slice text, size_t from, bool (*belongs)(char)) {
    size_t end = from;
    while (end < text.size && belongs(text.data[end])) {
        end++;
    }
    return end - from;
}

/* Length of a quoted token with both quotes; 0 where it does not end. */
static size_t quoted_length(gx_slice text, size_t from) {
    char quote = text.data[from];
    for (size_t i = from + 1; i < text.size; i++) {
        if (text.data[i] == '\\' && quote != '`') {
            i++;
        } else if (text.data[i] == quote) {
            return i + 1 - from;
        }
    }
    return 0;
}

static size_t op_length(gx_slice text, size_t from) {
    char c = text.data[from];
    bool equals = from + 1 < text.size && text.data[from + 1] == '=';
    if (c == '!') {
        return equals ? 2 : 0;
    }
    return equals ? 2 : 1;
}

static token_kind scan(size_t *length, gx_slice text, size_t at) {
    char c = text.data[at];
    *length = 1;
    switch (c) {
    case '(':
        return TOKEN_OPEN;
    case ')':
        return TOKEN_CLOSE;
    case ',':
        return TOKEN_COMMA;
    case '=':
    case '!':
    case '<':
    case '>':
        *length = op_length(text, at);
        return *length ? TOKEN_OP : TOKEN_BAD;
    case '"':
    case '\'':
    case '`':
        *length = quoted_length(text, at);
        return *length == 0 ? TOKEN_BAD : c == '`' ? TOKEN_QUOTED : TOKEN_TEXT;
    default:
        break;
    }
    if (is_name_first(c)) {
        *length = run_of(text, at, is_name);
        return TOKEN_NAME;
    }
    if (is_number(c)) {
        *length = run_of(text, at, is_number);
        return TOKEN_NUMBER;
    }
    return TOKEN_BAD;
}

static void advance(parser *p) {
    p->behind = p->at;
    while (p->at < p->text.size && is_space(p->text.data[p->at])) {
        p->at++;
    }
    size_t length = 0;
    token_kind kind = p->at < p->text.size ? scan(&length, p->text, p->at) : TOKEN_END;
    if (kind == TOKEN_BAD) {
        length = p->text.size - p->at;
    }
    p->now = (token){kind, {p->text.data + p->at, length}};
    p->at += length;
}

/* Words of the language in any case; a field of that name is written `and`. */
static bool token_is(const token *t, const char *word) {
    return t->kind == TOKEN_NAME && t->source.size == strlen(word) &&
           strncasecmp(t->source.data, word, t->source.size) == 0;
}

static bool token_is_word(const token *t) {
    static const char *const words[] = {"and", "or", "not", "in", "exists", "true", "false"};
    for (size_t i = 0; i < GX_COUNT(words); i++) {
        if (token_is(t, words[i])) {
            return true;
        }
    }
    return false;
}

static bool take_word(parser *p, const char *word) {
    if (!token_is(&p->now, word)) {
        return false;
    }
    advance(p);
    return true;
}

/* ---- errors --------------------------------------------------------------------------------- */

static gx_status expected(const parser *p, const char *what) {
    char quoted[64];
    size_t position = (size_t)(p->now.source.data - p->text.data) + 1;
    if (p->now.kind == TOKEN_END) {
        return gx_fail_at(p->err, GX_BAD_REQUEST, "where",
                          "where: the expression ends at position %zu; expected %s", position,
                          what);
    }
    return gx_fail_at(p->err, GX_BAD_REQUEST, "where", "where: position %zu: expected %s, given %s",
                      position, what,
                      gx_quote(quoted, sizeof quoted, p->now.source.data, p->now.source.size));
}

static gx_status too_much(const parser *p, const char *what, int limit) {
    return gx_fail_at(p->err, GX_BAD_REQUEST, "where", "where: more than %d %s", limit, what);
}

static gx_status out_of_memory(const parser *p) {
    return gx_fail_memory(p->err, p->text.size);
}

/* ---- literals ------------------------------------------------------------------------------- */

/* What a text reads as where it is written as numbers are; a code such as 007 is none. */
static double number_of(gx_slice text) {
    double number;
    const char *p = text.data, *end = p + text.size;
    p += p < end && *p == '-';
    const bool plain = p < end && is_digit(*p) && !(*p == '0' && p + 1 < end && p[1] != '.');
    return plain && gx_parse_real(text, &number) ? number : NAN;
}

/* Undoes \" \' \\ \*; a star at the end that was not escaped makes it a prefix. */
static gx_status text_literal(gx__literal *out, parser *p) {
    gx_slice body = {p->now.source.data + 1, p->now.source.size - 2};
    char *bytes = gx_arena_get(p->arena, body.size + 1);
    if (!bytes) {
        return out_of_memory(p);
    }
    size_t size = 0;
    bool star = false;
    for (size_t i = 0; i < body.size; i++) {
        bool escaped = body.data[i] == '\\';
        i += escaped;
        bytes[size++] = body.data[i];
        star = !escaped && body.data[i] == '*';
    }
    *out = (gx__literal){.kind = star ? GX__LITERAL_PREFIX : GX__LITERAL_TEXT,
                         .number = star ? NAN : number_of((gx_slice){bytes, size}),
                         .text = {bytes, size - star}};
    return GX_OK;
}

static gx_status literal(gx__literal *out, parser *p) {
    gx_status status = GX_OK;
    gx__literal made = {0};
    if (p->now.kind == TOKEN_NUMBER) {
        made.kind = GX__LITERAL_NUMBER;
        if (!gx_parse_real(p->now.source, &made.number)) {
            return expected(p, "a number");
        }
    } else if (p->now.kind == TOKEN_TEXT) {
        status = text_literal(&made, p);
    } else if (token_is(&p->now, "true") || token_is(&p->now, "false")) {
        made.kind = GX__LITERAL_BOOL;
        made.truth = token_is(&p->now, "true");
    } else {
        return expected(p, "a number, a quoted text, true or false");
    }
    if (status == GX_OK) {
        advance(p);
        *out = made;
    }
    return status;
}

/* What < and its like take: a number, or a date in quotes, which is its Unix milliseconds. */
static gx_status ordered_literal(gx__literal *out, parser *p) {
    parser before = *p;
    gx__literal made;
    gx_status status = literal(&made, p);
    if (status != GX_OK) {
        return status;
    }
    int64_t time_ms = 0;
    bool is_date = made.kind == GX__LITERAL_TEXT && memchr(made.text.data, '-', made.text.size) &&
                   gx_parse_time_ms(made.text, &time_ms);
    if (made.kind != GX__LITERAL_NUMBER && !is_date) {
        return expected(&before, "a number or a date (only = and != compare texts)");
    }
    *out = is_date ? (gx__literal){.kind = GX__LITERAL_NUMBER, .number = (double)time_ms} : made;
    return GX_OK;
}

static gx_status literal_list(gx__test *test, parser *p) {
    if (p->now.kind != TOKEN_OPEN) {
        return expected(p, "( and a list of values after `in`");
    }
    advance(p);
    uint32_t capacity = 0, count = 0;
    gx__literal *list = NULL;
    for (;;) {
        if (count == capacity) {
            uint32_t larger = capacity ? capacity * 2 : 8;
            gx__literal *grown = gx_arena_get(p->arena, larger * sizeof *grown);
            if (!grown) {
                return out_of_memory(p);
            }
            if (count > 0) {
                memcpy(grown, list, count * sizeof *grown);
            }
            list = grown;
            capacity = larger;
        }
        gx_status status = literal(&list[count], p);
        if (status != GX_OK) {
            return status;
        }
        count++;
        if (p->now.kind != TOKEN_COMMA) {
            break;
        }
        advance(p);
    }
    if (p->now.kind != TOKEN_CLOSE) {
        return expected(p, ", or )");
    }
    advance(p);
    test->literals = list;
    test->literal_count = count;
    return GX_OK;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static gx_status comparison(gx__test *test, parser *p) {
    gx_slice op = p->now.source;
    advance(p);
    gx__literal *value = gx_arena_get(p->arena, sizeof *value);
    if (!value) {
        return out_of_memory(p);
    }
    test->literals = value;
    test->literal_count = 1;
    test->negated = gx_slice_is(op, "!=");
    if (test->negated || op.data[0] == '=') {
        test->op = GX__TEST_IN;
        return literal(value, p);
    }
    if (op.data[0] == '<') {
        test->op = op.size == 2 ? GX__TEST_LESS_EQUAL : GX__TEST_LESS;
    } else {
        test->op = op.size == 2 ? GX__TEST_GREATER_EQUAL : GX__TEST_GREATER;
    }
    return ordered_literal(value, p);
}

static gx_status test_of(gx__node *node, parser *p) {
    gx__test *test = &node->test;
    bool quoted = p->now.kind == TOKEN_QUOTED;
    if (!quoted && (p->now.kind != TOKEN_NAME || token_is_word(&p->now))) {
        return expected(p, "a field, `not` or (");
    }
    if (p->tests == GX__WHERE_TESTS) {
        return too_much(p, "tests", GX__WHERE_TESTS);
    }
    node->kind = GX__NODE_TEST;
    test->number = p->tests++;
    test->field = p->now.source;
    test->now = &p->where->now;
    if (quoted) {
        test->field = (gx_slice){test->field.data + 1, test->field.size - 2};
    } else {
        test->speaks_of = gx_slice_is(test->field, "distance") ? GX__DISTANCE
                          : gx_slice_is(test->field, "hour")   ? GX__HOUR
                                                               : GX__NO_MOMENT;
    }
    advance(p);
    if (p->now.kind == TOKEN_OP) {
        return comparison(test, p);
    }
    test->negated = take_word(p, "not");
    if (take_word(p, "in")) {
        test->op = GX__TEST_IN;
        return literal_list(test, p);
    }
    if (!test->negated && take_word(p, "exists")) {
        test->op = GX__TEST_EXISTS;
        return GX_OK;
    }
    return expected(p, test->negated ? "`in`" : "= != < <= > >= in, not in or exists");
}

/* ---- and, or, not --------------------------------------------------------------------------- */

static gx_status expression(gx__node **out, parser *p);

static gx_status node_create(gx__node **out, parser *p) {
    gx__node *node = gx_arena_get(p->arena, sizeof *node);
    if (!node) {
        return out_of_memory(p);
    }
    memset(node, 0, sizeof *node);
    node->source.data = p->now.source.data;
    *out = node;
    return GX_OK;
}

static void node_close(gx__node *node, const parser *p) {
    node->source.size = (size_t)(p->text.data + p->behind - node->source.data);
}

static gx_status parenthesis(gx__node **out, parser *p) {
    if (++p->depth > GX__WHERE_DEPTH) {
        return too_much(p, "levels of parentheses", GX__WHERE_DEPTH);
    }
    advance(p);
    gx_status status = expression(out, p);
    if (status != GX_OK) {
        return status;
    }
    if (p->now.kind != TOKEN_CLOSE) {
        return expected(p, "and, or, or )");
    }
    advance(p);
    p->depth--;
    return GX_OK;
}

static gx_status primary(gx__node **out, parser *p) {
    if (p->now.kind == TOKEN_OPEN) {
        return parenthesis(out, p);
    }
    gx__node *node = NULL;
    gx_status status = node_create(&node, p);
    if (status == GX_OK) {
        status = test_of(node, p);
    }
    if (status == GX_OK) {
        node_close(node, p);
        *out = node;
    }
    return status;
}

static gx_status negation(gx__node **out, parser *p) {
    if (!token_is(&p->now, "not")) {
        return primary(out, p);
    }
    gx__node *node = NULL;
    gx_status status = node_create(&node, p);
    if (status != GX_OK) {
        return status;
    }
    node->kind = GX__NODE_NOT;
    advance(p);
    status = primary(&node->first, p);
    if (status == GX_OK) {
        node_close(node, p);
        *out = node;
    }
    return status;
}

/* item { word item }; a single item stays itself. */
static gx_status chain(gx__node **out, parser *p, const char *word, gx__node_kind kind,
                       gx_status (*item)(gx__node **, parser *)) {
    gx__node *node = NULL, *last = NULL;
    gx_status status = node_create(&node, p);
    if (status == GX_OK) {
        status = item(&last, p);
    }
    if (status != GX_OK) {
        return status;
    }
    node->kind = kind;
    node->first = last;
    while (take_word(p, word)) {
        gx__node *more = NULL;
        status = item(&more, p);
        if (status != GX_OK) {
            return status;
        }
        last->next = more;
        last = more;
    }
    node_close(node, p);
    *out = node->first->next ? node : node->first;
    return GX_OK;
}

static gx_status conjunction(gx__node **out, parser *p) {
    return chain(out, p, "and", GX__NODE_AND, negation);
}

static gx_status expression(gx__node **out, parser *p) {
    return chain(out, p, "or", GX__NODE_OR, conjunction);
}

gx_status gx_where_compile(gx_where **out, gx_arena *arena, gx_slice text, gx_error *err) {
    parser p = {.arena = arena, .err = err};
    if (text.size > GX__WHERE_BYTES) {
        return gx_fail_at(err, GX_BAD_REQUEST, "where", "where: %zu bytes, at most %d are accepted",
                          text.size, GX__WHERE_BYTES);
    }
    gx_where *where = gx_arena_get(arena, sizeof *where);
    gx_value copy = gx_text_copy(arena, text.data, text.size);
    if (!where || gx_arena_status(arena) != GX_OK) {
        return gx_fail_memory(err, text.size);
    }
    memset(where, 0, sizeof *where);
    p.text = (gx_slice){copy.as.text, copy.size};
    p.where = where;
    advance(&p);
    gx__node *root = NULL;
    gx_status status = expression(&root, &p);
    if (status != GX_OK) {
        return status;
    }
    if (p.now.kind != TOKEN_END) {
        return expected(&p, "and, or, or the end");
    }
    where->root = root;
    where->tests = p.tests;
    *out = where;
    return GX_OK;
}

/* ---- the moment ------------------------------------------------------------------------------ */

static bool speaks_of(const gx__node *node, gx__moment_field what) {
    bool does = node->kind == GX__NODE_TEST && node->test.speaks_of == what;
    for (const gx__node *child = node->first; child && !does; child = child->next) {
        does = speaks_of(child, what);
    }
    return does;
}

gx_status gx_where_at(gx_where *where, const gx_moment *moment, gx_error *err) {
    if (speaks_of(where->root, GX__DISTANCE) &&
        (isnan(moment->latitude) || isnan(moment->longitude))) {
        return gx_fail_at(err, GX_BAD_REQUEST, "where",
                          "where: distance is that from the place of the call; give it in context "
                          "as geo, like 52.52,13.4 (a field of that name goes between backquotes)");
    }
    if (speaks_of(where->root, GX__HOUR) && isnan(moment->hour)) {
        return gx_fail_at(err, GX_BAD_REQUEST, "where",
                          "where: hour is that of the call; give it in context as hour, 0 to 23 (a "
                          "field of that name goes between backquotes)");
    }
    where->now = (gx__now){true, *moment};
    where->of_moment = speaks_of(where->root, GX__DISTANCE) || speaks_of(where->root, GX__HOUR);
    return GX_OK;
}

/* ---- what it speaks of ----------------------------------------------------------------------- */

static bool asks_for(const gx__node *node, gx_slice field) {
    bool does = node->kind == GX__NODE_TEST && node->test.op == GX__TEST_EXISTS &&
                gx_slice_equal(node->test.field, field);
    for (const gx__node *child = node->first; child && !does; child = child->next) {
        does = asks_for(child, field);
    }
    return does;
}

static bool names(const gx__node *node, gx_slice field) {
    bool does = node->kind == GX__NODE_TEST && gx_slice_equal(node->test.field, field);
    for (const gx__node *child = node->first; child && !does; child = child->next) {
        does = names(child, field);
    }
    return does;
}

bool gx_where_names(const gx_where *where, gx_slice field) {
    return names(where->root, field);
}

/* What is collected of the tests, one kind of it. */
typedef struct told {
    const gx_where *where;
    gx_slice *field;
    gx_where_text *text;
    uint32_t room, count;
} told;

static void tell_texts(told *t, const gx__test *test) {
    for (uint32_t i = 0; i < test->literal_count; i++) {
        const gx__literal *literal = &test->literals[i];
        const bool prefix = literal->kind == GX__LITERAL_PREFIX;
        if (literal->kind != GX__LITERAL_TEXT && !prefix) {
            continue;
        }
        if (t->count < t->room) {
            t->text[t->count] = (gx_where_text){test->field, literal->text, prefix};
        }
        t->count++;
    }
}

static void tell(told *t, const gx__node *node) {
    const gx__test *test = &node->test;
    const bool of_moment = test->speaks_of != GX__NO_MOMENT && t->where->now.given;
    if (node->kind == GX__NODE_TEST && !of_moment && !asks_for(t->where->root, test->field)) {
        if (t->text && test->op == GX__TEST_IN && !test->negated) {
            tell_texts(t, test);
        } else if (!t->text) {
            if (t->count < t->room) {
                t->field[t->count] = test->field;
            }
            t->count++;
        }
    }
    for (const gx__node *child = node->first; child; child = child->next) {
        tell(t, child);
    }
}

uint32_t gx_where_fields(gx_slice *out, uint32_t room, const gx_where *where) {
    told t = {.where = where, .field = out, .room = room};
    tell(&t, where->root);
    return t.count;
}

uint32_t gx_where_texts(gx_where_text *out, uint32_t room, const gx_where *where) {
    told t = {.where = where, .text = out, .room = room};
    tell(&t, where->root);
    return t.count;
}
