/* Evaluation of a compiled `where` over columns.
 *
 * Row by row it would be a walk of the tree an item. Here each test first becomes a table with one
 * byte a word of its column (does the word pass?), and then the tree is walked once a page of 1,024
 * rows with masks of one byte a row, leaving a page as soon as nothing in it can pass. Time O(tests
 * × rows) with a small constant (measured in docs/where.md), memory one byte a test and word. An
 * expression that was asked before is evaluated on the pages that changed since (masks.h). */
#include "models/parallel.h"
#include "models/rec/columns.h"
#include "models/rec/where_program.h"

#include <math.h>
#include <strings.h>

/* A test bound to a column; column NULL: no row has the field. */
typedef struct bound {
    const gx__column *column;
    const uint8_t *table; /* one a word, [0] is 0; NULL for exists */
} bound;

/* The places of items: a column of each name, in the order they are looked at; NULL: there is none.
 */
typedef struct places {
    const gx__column *latitude[2], *longitude[2];
} places;

typedef struct evaluation {
    const gx_columns *columns;
    places places;
    bound bounds[GX__WHERE_TESTS];
} evaluation;

/* ---- what one value passes ------------------------------------------------------------------ */

/* A number, or a text that reads as one: it equals numbers, and as a text texts alone. */
static bool has_number(const gx__literal *literal) {
    return literal->kind == GX__LITERAL_NUMBER ||
           (literal->kind == GX__LITERAL_TEXT && !isnan(literal->number));
}

static bool number_passes(const gx__test *test, double number) {
    double limit = test->literal_count > 0 ? test->literals[0].number : 0;
    switch (test->op) {
    case GX__TEST_LESS:
        return number < limit;
    case GX__TEST_LESS_EQUAL:
        return number <= limit;
    case GX__TEST_GREATER:
        return number > limit;
    case GX__TEST_GREATER_EQUAL:
        return number >= limit;
    case GX__TEST_EXISTS:
        return !isnan(number);
    case GX__TEST_IN:
        break;
    }
    for (uint32_t i = 0; i < test->literal_count; i++) {
        const gx__literal *literal = &test->literals[i];
        if (has_number(literal) && number == literal->number) {
            return true;
        }
    }
    return false;
}

/* A text that spells true or false is one to a truth literal: CSV has no other way to say it. */
static bool word_is_truth(const gx__word *word, const char *bytes, bool truth) {
    if (word->kind == GX__WORD_BOOL) {
        return (bytes[0] != 0) == truth;
    }
    const char *spelled = truth ? "true" : "false";
    return word->kind == GX__WORD_TEXT && word->size == strlen(spelled) &&
           strncasecmp(bytes, spelled, word->size) == 0;
}

static bool word_equals(const gx__dict *dict, uint32_t id, const gx__literal *literal) {
    const gx__word *word = &dict->words[id];
    const char *bytes = dict->bytes + word->at;
    switch (literal->kind) {
    case GX__LITERAL_NUMBER:
        return word->number == literal->number;
    case GX__LITERAL_TEXT:
        return word->kind == GX__WORD_NUMBER
                   ? word->number == literal->number
                   : word->kind == GX__WORD_TEXT && word->size == literal->text.size &&
                         memcmp(bytes, literal->text.data, word->size) == 0;
    case GX__LITERAL_PREFIX:
        return word->kind == GX__WORD_TEXT && word->size >= literal->text.size &&
               memcmp(bytes, literal->text.data, literal->text.size) == 0;
    case GX__LITERAL_BOOL:
        break;
    }
    return word_is_truth(word, bytes, literal->truth);
}

static bool word_passes(const gx__test *test, const gx__dict *dict, uint32_t id) {
    if (test->op == GX__TEST_EXISTS) {
        return true;
    }
    if (test->op != GX__TEST_IN) {
        return number_passes(test, dict->words[id].number);
    }
    for (uint32_t i = 0; i < test->literal_count; i++) {
        if (word_equals(dict, id, &test->literals[i])) {
            return true;
        }
    }
    return false;
}

/* ---- the moment ------------------------------------------------------------------------------ */

static const double EARTH_KM = 6371.0088; /* mean radius */

double gx_distance_km(double latitude, double longitude, double other_latitude,
                      double other_longitude) {
    const double degree = acos(-1) / 180;
    const double up = sin((other_latitude - latitude) * degree / 2);
    const double along = sin((other_longitude - longitude) * degree / 2);
    const double h =
        up * up + cos(latitude * degree) * cos(other_latitude * degree) * along * along;
    return 2 * EARTH_KM * asin(sqrt(fmin(h, 1)));
}

static places find_places(const gx_columns *columns) {
    return (places){{gx__columns_find(columns, gx_slice_of("lat")),
                     gx__columns_find(columns, gx_slice_of("attr_lat"))},
                    {gx__columns_find(columns, gx_slice_of("lon")),
                     gx__columns_find(columns, gx_slice_of("attr_lon"))}};
}

/* NaN where the row has no number there. */
static double number_at(const gx__column *column, uint32_t row) {
    const gx__page *page = column ? gx__column_page(column, row) : NULL;
    const uint32_t at = row % GX__PAGE_ROWS;
    if (page && page->number && !isnan(page->number[at])) {
        return page->number[at];
    }
    const bool word = page && page->word && page->word[at] != 0;
    return word && !(page->word[at] & GX__CELL_LIST) ? column->dict.words[page->word[at]].number
                                                     : (double)NAN;
}

/* NaN where the item has no place, or none on the globe. */
static double distance_of(const gx_moment *moment, const places *where, uint32_t row) {
    for (size_t k = 0; k < GX_COUNT(where->latitude); k++) {
        const double latitude = number_at(where->latitude[k], row);
        const double longitude = number_at(where->longitude[k], row);
        if (fabs(latitude) <= 90 && fabs(longitude) <= 180) {
            return gx_distance_km(moment->latitude, moment->longitude, latitude, longitude);
        }
    }
    return (double)NAN;
}

static bool is_of_moment(const gx__test *test) {
    return test->speaks_of != GX__NO_MOMENT && test->now->given;
}

static double moment_number(const gx__test *test, const places *where, uint32_t row) {
    const gx_moment *moment = &test->now->moment;
    return test->speaks_of == GX__HOUR ? moment->hour : distance_of(moment, where, row);
}

/* ---- one row -------------------------------------------------------------------------------- */

static bool cell_passes(const gx__test *test, const gx__column *column, uint32_t word) {
    if (!(word & GX__CELL_LIST)) {
        return word_passes(test, &column->dict, word);
    }
    const uint32_t *run = column->runs + (word & ~GX__CELL_LIST);
    for (uint32_t i = 1; i <= run[0]; i++) {
        if (word_passes(test, &column->dict, run[i])) {
            return true;
        }
    }
    return false;
}

static bool test_row(const gx__test *test, const gx_columns *columns, uint32_t row) {
    if (is_of_moment(test)) {
        const places where = find_places(columns);
        const double number = moment_number(test, &where, row);
        return !isnan(number) && number_passes(test, number) != test->negated;
    }
    const gx__column *column = gx__columns_find(columns, test->field);
    const gx__page *page = column ? gx__column_page(column, row) : NULL;
    uint32_t at = row % GX__PAGE_ROWS;
    if (page && page->number && !isnan(page->number[at])) {
        return number_passes(test, page->number[at]) != test->negated;
    }
    if (page && page->word && page->word[at] != 0) {
        return cell_passes(test, column, page->word[at]) != test->negated;
    }
    return false;
}

static bool node_row(const gx__node *node, const gx_columns *columns, uint32_t row) {
    switch (node->kind) {
    case GX__NODE_TEST:
        return test_row(&node->test, columns, row);
    case GX__NODE_NOT:
        return !node_row(node->first, columns, row);
    case GX__NODE_AND:
    case GX__NODE_OR:
        break;
    }
    bool decides = node->kind == GX__NODE_OR; /* the value that ends the walk */
    for (const gx__node *child = node->first; child; child = child->next) {
        if (node_row(child, columns, row) == decides) {
            return decides;
        }
    }
    return !decides;
}

bool gx_where_row(const gx_where *where, const gx_columns *columns, uint32_t row) {
    return !where || node_row(where->root, columns, row);
}

gx_slice gx_where_failed(const gx_where *where, const gx_columns *columns, uint32_t row) {
    if (gx_where_row(where, columns, row)) {
        return (gx_slice){"", 0};
    }
    const gx__node *node = where->root;
    while (node->kind == GX__NODE_AND) {
        node = node->first;
        while (node_row(node, columns, row)) {
            node = node->next; /* one of them fails, since their parent does */
        }
    }
    return node->source;
}

/* ---- a page of rows ------------------------------------------------------------------------- */

GX__CLONES static void compare_page(uint8_t *restrict mask, const double *restrict number,
                                    uint32_t rows, gx__test_op op, double limit) {
    switch (op) {
    case GX__TEST_LESS:
        for (uint32_t i = 0; i < rows; i++) {
            mask[i] = number[i] < limit;
        }
        break;
    case GX__TEST_LESS_EQUAL:
        for (uint32_t i = 0; i < rows; i++) {
            mask[i] = number[i] <= limit;
        }
        break;
    case GX__TEST_GREATER:
        for (uint32_t i = 0; i < rows; i++) {
            mask[i] = number[i] > limit;
        }
        break;
    case GX__TEST_GREATER_EQUAL:
        for (uint32_t i = 0; i < rows; i++) {
            mask[i] = number[i] >= limit;
        }
        break;
    case GX__TEST_EXISTS:
        for (uint32_t i = 0; i < rows; i++) {
            mask[i] = number[i] == number[i];
        }
        break;
    case GX__TEST_IN:
        for (uint32_t i = 0; i < rows; i++) {
            mask[i] |= number[i] == limit;
        }
        break;
    }
}

/* Sets the mask of the rows whose number passes; the others to 0. */
static void numbers_page(uint8_t *mask, const gx__test *test, const double *number, uint32_t rows) {
    if (test->op != GX__TEST_IN) {
        double limit = test->literal_count > 0 ? test->literals[0].number : 0;
        compare_page(mask, number, rows, test->op, limit);
        return;
    }
    memset(mask, 0, rows);
    for (uint32_t i = 0; i < test->literal_count; i++) {
        if (has_number(&test->literals[i])) {
            compare_page(mask, number, rows, GX__TEST_IN, test->literals[i].number);
        }
    }
}

static uint8_t list_passes(const uint32_t *run, const uint8_t *table) {
    for (uint32_t i = 1; i <= run[0]; i++) {
        if (table[run[i]]) {
            return 1;
        }
    }
    return 0;
}

GX__CLONES static void words_page(uint8_t *restrict mask, const bound *b,
                                  const uint32_t *restrict word, uint32_t rows) {
    const uint8_t *restrict table = b->table;
    if (!table) {
        for (uint32_t i = 0; i < rows; i++) {
            mask[i] |= word[i] != 0;
        }
    } else if (b->column->lists == 0) {
        for (uint32_t i = 0; i < rows; i++) {
            mask[i] |= table[word[i]];
        }
    } else {
        for (uint32_t i = 0; i < rows; i++) {
            mask[i] |= word[i] & GX__CELL_LIST
                           ? list_passes(b->column->runs + (word[i] & ~GX__CELL_LIST), table)
                           : table[word[i]];
        }
    }
}

/* != and `not in`: the other way round where the field is there. */
GX__CLONES static void negate_page(uint8_t *restrict mask, const gx__page *page, uint32_t rows) {
    for (uint32_t i = 0; i < rows; i++) {
        bool there = (page->number && !isnan(page->number[i])) || (page->word && page->word[i]);
        mask[i] = there & (mask[i] ^ 1);
    }
}

static void moment_page(uint8_t *mask, const gx__test *test, const places *where, uint32_t p,
                        uint32_t rows) {
    double number[GX__PAGE_ROWS];
    for (uint32_t i = 0; i < rows; i++) {
        number[i] = moment_number(test, where, p * GX__PAGE_ROWS + i);
    }
    numbers_page(mask, test, number, rows);
    if (test->negated) {
        const gx__page page = {.number = number};
        negate_page(mask, &page, rows);
    }
}

static void test_page(uint8_t *mask, const gx__test *test, const bound *b, uint32_t p,
                      uint32_t rows) {
    const gx__page *page = b->column ? gx__column_page(b->column, p * GX__PAGE_ROWS) : NULL;
    if (page && page->number) {
        numbers_page(mask, test, page->number, rows);
    } else {
        memset(mask, 0, rows);
    }
    if (page && page->word) {
        words_page(mask, b, page->word, rows);
    }
    if (page && test->negated) {
        negate_page(mask, page, rows);
    }
}

static bool any_is(const uint8_t *mask, uint32_t rows, uint8_t value) {
    return memchr(mask, value, rows) != NULL;
}

GX__CLONES static void invert_page(uint8_t *mask, uint32_t rows) {
    for (uint32_t i = 0; i < rows; i++) {
        mask[i] ^= 1;
    }
}

GX__CLONES static void join_page(uint8_t *restrict mask, const uint8_t *restrict other, bool is_and,
                                 uint32_t rows) {
    if (is_and) {
        for (uint32_t i = 0; i < rows; i++) {
            mask[i] &= other[i];
        }
        return;
    }
    for (uint32_t i = 0; i < rows; i++) {
        mask[i] |= other[i];
    }
}

/* Recursion is bounded by the depth of parentheses; a mask a level lies on the stack. */
static void node_page(uint8_t *mask, const gx__node *node, const evaluation *e, uint32_t p,
                      uint32_t rows) {
    if (node->kind == GX__NODE_TEST && is_of_moment(&node->test)) {
        moment_page(mask, &node->test, &e->places, p, rows);
        return;
    }
    if (node->kind == GX__NODE_TEST) {
        test_page(mask, &node->test, &e->bounds[node->test.number], p, rows);
        return;
    }
    node_page(mask, node->first, e, p, rows);
    if (node->kind == GX__NODE_NOT) {
        invert_page(mask, rows);
        return;
    }
    bool is_and = node->kind == GX__NODE_AND;
    uint8_t other[GX__PAGE_ROWS];
    for (const gx__node *child = node->first->next; child; child = child->next) {
        if (!any_is(mask, rows, is_and)) {
            return; /* nothing left that this child could change */
        }
        node_page(other, child, e, p, rows);
        join_page(mask, other, is_and, rows);
    }
}

/* ---- tables --------------------------------------------------------------------------------- */

/* Exact texts are looked up; only what may match many words is tried on each. */
static void table_fill(uint8_t *table, const gx__test *test, const gx__dict *dict) {
    memset(table, 0, (size_t)dict->count + 1);
    bool each = test->op != GX__TEST_IN && dict->numeric > 0;
    for (uint32_t i = 0; test->op == GX__TEST_IN && i < test->literal_count; i++) {
        const gx__literal *literal = &test->literals[i];
        if (literal->kind == GX__LITERAL_TEXT) {
            table[gx__dict_find(dict, GX__WORD_TEXT, literal->text)] = 1;
            each |= has_number(literal) && dict->numeric > 0;
        } else {
            each |= literal->kind != GX__LITERAL_NUMBER || dict->numeric > 0;
        }
    }
    for (uint32_t id = 1; each && id <= dict->count; id++) {
        table[id] = word_passes(test, dict, id);
    }
    table[0] = 0; /* where a look-up found nothing */
}

/* Binds every test to its column. With `tables` NULL it only counts the bytes that the tables take.
 */
static size_t bind_node(evaluation *e, const gx__node *node, uint8_t *tables, size_t at) {
    for (const gx__node *child = node->first; child; child = child->next) {
        at = bind_node(e, child, tables, at);
    }
    if (node->kind != GX__NODE_TEST) {
        return at;
    }
    const gx__column *column = gx__columns_find(e->columns, node->test.field);
    bound *b = &e->bounds[node->test.number];
    *b = (bound){.column = column};
    if (!column || node->test.op == GX__TEST_EXISTS) {
        return at;
    }
    if (tables) {
        table_fill(tables + at, &node->test, &column->dict);
        b->table = tables + at;
    }
    return at + column->dict.count + 1;
}

/* The pages that have rows from `known` on, or have changed since. */
static gx_status eval_since(uint8_t *pass, const gx_where *where, const gx_columns *columns,
                            uint32_t known, uint64_t since, uint32_t count, gx_error *err) {
    evaluation e;
    e.columns = columns;
    e.places = find_places(columns);
    size_t bytes = bind_node(&e, where->root, NULL, 0);
    uint8_t *tables = gx_alloc(bytes + 1, 1);
    if (!tables) {
        return gx_fail_memory(err, bytes);
    }
    bind_node(&e, where->root, tables, 0);
    for (uint32_t p = 0, from = 0; from < count; p++) {
        uint32_t rows = count - from < GX__PAGE_ROWS ? count - from : GX__PAGE_ROWS;
        if (from + rows > known || gx__columns_changed(columns, p) > since) {
            node_page(pass + from, where->root, &e, p, rows);
        }
        from += rows;
    }
    gx_free(tables);
    return GX_OK;
}

/* Brings a kept mask to what the columns are now; false: it could not be. */
static bool refresh(gx__mask *mask, const gx_where *where, const gx_columns *columns,
                    uint32_t count) {
    const uint32_t all = count > mask->count ? count : mask->count;
    if (all == mask->count && mask->at == columns->changes) {
        return true;
    }
    if ((all > mask->count && !gx__mask_reserve(mask, all)) ||
        eval_since(mask->pass, where, columns, mask->count, mask->at, all, NULL) != GX_OK) {
        return false;
    }
    mask->count = all;
    mask->at = columns->changes;
    return true;
}

gx_status gx_where_eval(uint8_t *pass, const gx_where *where, const gx_columns *columns,
                        uint32_t count, gx_error *err) {
    if (!where) {
        memset(pass, 1, count);
        return GX_OK;
    }
    const gx_slice text = where->root->source;
    gx__mask *mask = where->of_moment ? NULL : gx__masks_hold(columns->masks, text);
    if (mask) {
        const bool good = refresh(mask, where, columns, count);
        if (good) {
            memcpy(pass, mask->pass, count);
        }
        gx__masks_release(columns->masks);
        if (good) {
            return GX_OK;
        }
    }
    gx_status status = eval_since(pass, where, columns, 0, 0, count, err);
    if (status == GX_OK && !where->of_moment) {
        gx__masks_keep(columns->masks, text, pass, count, columns->changes);
    }
    return status;
}
