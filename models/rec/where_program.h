/* A compiled `where`: a tree of and, or, not and tests; internal to models/rec. */
#ifndef GX_MODELS_REC_WHERE_PROGRAM_H
#define GX_MODELS_REC_WHERE_PROGRAM_H

#include "models/rec/where.h"

enum { GX__WHERE_BYTES = 4096, GX__WHERE_TESTS = 256, GX__WHERE_DEPTH = 32 };

typedef enum gx__literal_kind {
    GX__LITERAL_NUMBER,
    GX__LITERAL_TEXT,
    GX__LITERAL_PREFIX,
    GX__LITERAL_BOOL
} gx__literal_kind;

typedef struct gx__literal {
    gx__literal_kind kind;
    bool truth;
    double number; /* of a text what it reads as; NAN where it is none */
    gx_slice text;
} gx__literal;

typedef enum gx__test_op {
    GX__TEST_IN, /* equal to any of the literals: =, in */
    GX__TEST_LESS,
    GX__TEST_LESS_EQUAL,
    GX__TEST_GREATER,
    GX__TEST_GREATER_EQUAL,
    GX__TEST_EXISTS
} gx__test_op;

typedef enum gx__moment_field { GX__NO_MOMENT, GX__DISTANCE, GX__HOUR } gx__moment_field;

/* What the moment is, once gx_where_at has set it. */
typedef struct gx__now {
    bool given;
    gx_moment moment;
} gx__now;

typedef struct gx__test {
    gx__moment_field speaks_of; /* where `now` is given: no column */
    const gx__now *now;         /* of the whole expression */
    gx_slice field;
    gx__test_op op;
    bool negated; /* != and `not in`: the field is there, and the test does not hold */
    const gx__literal *literals;
    uint32_t literal_count;
    uint32_t number; /* 0.. in the order of the text */
} gx__test;

typedef enum gx__node_kind { GX__NODE_AND, GX__NODE_OR, GX__NODE_NOT, GX__NODE_TEST } gx__node_kind;

typedef struct gx__node gx__node;

struct gx__node {
    gx__node_kind kind;
    gx_slice source; /* what it was compiled from */
    gx__node *first; /* of its children; NULL for a test */
    gx__node *next;  /* its sibling */
    gx__test test;
};

struct gx_where {
    const gx__node *root;
    uint32_t tests;
    gx__now now;
    bool of_moment; /* a test speaks of it */
};

#endif
