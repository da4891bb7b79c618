#include "api/privacy.h"

bool gx_says_yes(const gx_value *field) {
    if (!field) {
        return false;
    }
    gx_slice text = {field->type == GX_TEXT ? field->as.text : "",
                     field->type == GX_TEXT ? field->size : 0};
    return (field->type == GX_BOOL && field->as.boolean) ||
           (field->type == GX_INT && field->as.integer == 1) || gx_slice_is(text, "true") ||
           gx_slice_is(text, "yes") || gx_slice_is(text, "1");
}

bool gx_consents(gx_txn *txn, gx_arena *arena, uint32_t user) {
    gx_value record;
    return gx_record_get(&record, txn, arena, GX_SPACE_USER, user, NULL) == GX_OK &&
           gx_says_yes(gx_map_get(&record, "consent"));
}

gx_status gx_min_count(uint32_t *out, gx_txn *txn, gx_arena *arena, gx_error *err) {
    gx_value value;
    gx_status status = gx_setting_get(&value, txn, arena, "min_count", err);
    if (status == GX_OK) {
        bool given = value.type == GX_INT && value.as.integer >= 1 && value.as.integer <= 1000000;
        *out = given ? (uint32_t)value.as.integer : GX_MIN_COUNT_DEFAULT;
    }
    return status;
}
