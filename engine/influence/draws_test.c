/* Draws inside the loops that spread: the quick logarithm against the library's. */
#include "engine/influence/draws.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Jumps are measured in it and rounded to whole arcs, so it must never be below 0. */
static void logarithms_are_near_and_never_below_0(void **state) {
    (void)state;
    const double ends[] = {1, 1 - 0x1p-53, 0.5, 0x1p-53};
    gx__draws d = gx__draws_of(1, 2);
    for (size_t i = 0; i < 1000000; i++) {
        const double x = i < GX_COUNT(ends) ? ends[i] : gx__draws_real(&d);
        assert_true(gx__minus_ln(x) >= 0);
        assert_true(fabs(gx__minus_ln(x) + log(x)) < 1e-9);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logarithms_are_near_and_never_below_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
