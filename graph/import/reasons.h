/* Why a row is rejected. The texts are what people read in the report and in the rejects file. */
#ifndef GX_IMPORT_REASONS_H
#define GX_IMPORT_REASONS_H

#define GX__REASON_MAP(X)                                                                          \
    X(NONE, "")                                                                                    \
    X(MISSING, "missing value")                                                                    \
    X(ID_TOO_LONG, "id over 255 bytes")                                                            \
    X(BAD_UTF8, "bad UTF-8")                                                                       \
    X(NUL_BYTE, "NUL byte")                                                                        \
    X(BAD_NUMBER, "bad number")                                                                    \
    X(NOT_FINITE, "not a finite number")                                                           \
    X(NEGATIVE_WEIGHT, "negative weight")                                                          \
    X(NEGATIVE, "negative number")                                                                 \
    X(BAD_STATUS, "not on, active, hidden, off or deleted")                                        \
    X(BAD_KIND, "not product, content or event")                                                   \
    X(BAD_ANSWER, "neither yes nor no")                                                            \
    X(BAD_STARS, "not stars of 0 to 5")                                                            \
    X(BAD_PLACES, "not a whole number of 0 or more")                                               \
    X(BAD_LATITUDE, "not degrees of -90 to 90")                                                    \
    X(BAD_LONGITUDE, "not degrees of -180 to 180")                                                 \
    X(OUT_OF_RANGE, "number out of range")                                                         \
    X(BAD_TIME, "bad time")                                                                        \
    X(BEFORE_1970, "time before 1970")                                                             \
    X(IN_THE_FUTURE, "time after tomorrow")                                                        \
    X(BAD_BOOLEAN, "bad boolean")                                                                  \
    X(RAGGED, "ragged row")                                                                        \
    X(UNTERMINATED_QUOTE, "unterminated quote")                                                    \
    X(AFTER_QUOTE, "text after a closing quote")                                                   \
    X(BAD_JSON, "bad JSON")                                                                        \
    X(DUPLICATE_KEY, "duplicate key")                                                              \
    X(NESTED_VALUE, "nested value")                                                                \
    X(SELF_TIE, "self tie")                                                                        \
    X(UNKNOWN_ID, "unknown id")                                                                    \
    X(BAD_EDGE, "not an edge")                                                                     \
    X(TOO_LARGE, "record too large")

typedef enum gx__reason {
#define X(name, text) GX__##name,
    GX__REASON_MAP(X)
#undef X
        GX__REASON_COUNT
} gx__reason;

const char *gx__reason_text(gx__reason reason);
/* What would have been taken, "; accepted is …"; empty where the reason says so itself. */
const char *gx__reason_accepts(gx__reason reason);

#endif
