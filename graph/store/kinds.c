/* The kinds of ties that go both ways by nature. All others go one way: a follow is not returned by
 * being given, and of a kind nobody told us about, what the row says is all that is known. */
#include "graph/store/store.h"

bool gx_action_has_stars(gx_slice action) {
    static const char *const rated[] = {"rate", "rating", "review"};
    for (size_t i = 0; i < GX_COUNT(rated); i++) {
        if (gx_slice_is(action, rated[i])) {
            return true;
        }
    }
    return false;
}

bool gx_tie_kind_is_directed(gx_slice kind) {
    static const char *const mutual[] = {"friend", "family", "chat"};
    for (size_t i = 0; i < GX_COUNT(mutual); i++) {
        if (gx_slice_is(kind, mutual[i])) {
            return false;
        }
    }
    return true;
}
