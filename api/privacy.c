#include "api/privacy.h"

#include <stdio.h>

static gx_answer answer(bool yes) {
    return yes ? GX_ANSWER_YES : GX_ANSWER_NO;
}

gx_answer gx_answer_of(const gx_value *field) {
    bool yes;
    double number;
    if (!field || field->type == GX_NIL) {
        return GX_ANSWER_SILENT;
    }
    if (field->type == GX_BOOL) {
        return answer(field->as.boolean);
    }
    if (field->type == GX_TEXT) {
        if (field->size == 0) {
            return GX_ANSWER_SILENT;
        }
        return gx_parse_answer((gx_slice){field->as.text, field->size}, &yes) ? answer(yes)
                                                                              : GX_ANSWER_UNCLEAR;
    }
    if (!gx_value_as_real(field, &number) || (number != 0 && number != 1)) {
        return GX_ANSWER_UNCLEAR;
    }
    return answer(number == 1);
}

bool gx_says_yes(const gx_value *field) {
    return gx_answer_of(field) == GX_ANSWER_YES;
}

bool gx_consents(gx_txn *txn, gx_arena *arena, uint32_t user) {
    gx_value record;
    return gx_record_get(&record, txn, arena, GX_SPACE_USER, user, NULL) == GX_OK &&
           gx_says_yes(gx_map_get(&record, "consent"));
}

gx_status gx_min_count_check(const gx_value *value, gx_error *err) {
    if (value->type == GX_INT && value->as.integer >= 1 && value->as.integer <= GX_MIN_COUNT_MOST) {
        return GX_OK;
    }
    char shown[64];
    return gx_fail_at(err, GX_BAD_REQUEST, "value",
                      "value: %s was given; min_count takes a whole number from 1 to %d",
                      gx_value_shown(shown, sizeof shown, value), GX_MIN_COUNT_MOST);
}

gx_status gx_min_count(uint32_t *out, gx_txn *txn, gx_arena *arena, gx_error *err) {
    gx_value value;
    gx_status status = gx_setting_get(&value, txn, arena, "min_count", err);
    if (status == GX_OK) {
        const int64_t given = value.type == GX_INT ? value.as.integer : 0;
        *out = given < 1                   ? GX_MIN_COUNT_DEFAULT
               : given > GX_MIN_COUNT_MOST ? GX_MIN_COUNT_MOST
                                           : (uint32_t)given;
    }
    return status;
}

gx_value gx_hidden_value(uint32_t hidden, uint32_t min_count) {
    return hidden > 0 && hidden < min_count ? gx_nil() : gx_int(hidden);
}

gx_hidden_text gx_hidden_say(uint32_t hidden, uint32_t min_count) {
    gx_hidden_text out = {""};
    if (hidden > 0 && hidden < min_count) {
        snprintf(out.text, sizeof out.text, "; some did not agree to be named");
    } else if (hidden > 0) {
        snprintf(out.text, sizeof out.text, "; %u did not agree to be named", hidden);
    }
    return out;
}
