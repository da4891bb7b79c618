/* Every parameter of every model, one that is too small, too large, no number or a word: build and
 * eval refuse it before they compute anything, with its name, what was given and what
 * is accepted. */
#include "api/passes.h"
#include "api/testing.h"

#include <math.h>

typedef struct bad {
    gx_value value;
    const char *shown; /* in the message; NULL: it is no value of this parameter's type to test */
} bad;

enum { BELOW, ABOVE, NAN_NUMBER, NAN_TEXT, WORD, KINDS };

static bad bad_of(const gx_param *param, int kind, gx_arena *arena) {
    const bool number = param->type == GX_PARAM_INT || param->type == GX_PARAM_REAL;
    const double step = param->type == GX_PARAM_INT ? 1 : 1e-3 * (param->high - param->low);
    char shown[64];
    bad out = {gx_nil(), NULL};
    switch (kind) {
    case BELOW:
        out.value = number ? gx_real(param->low - step) : gx_nil();
        break;
    case ABOVE:
        out.value = number ? gx_real(param->high + step) : gx_nil();
        break;
    case NAN_NUMBER:
        out.value = gx_real((double)NAN);
        break;
    case NAN_TEXT:
        out.value = gx_str("nan");
        break;
    default:
        out.value = gx_str("plenty");
        break;
    }
    if (out.value.type != GX_NIL) {
        out.shown = gx_arena_printf(arena, "%s: %s was given; accepted is ", param->name,
                                    gx_value_shown(shown, sizeof shown, &out.value));
    }
    return out;
}

static void refuse(test_shop *s, const char *method, const gx_value *args, const gx_param *param,
                   const char *pass, const char *says) {
    gx_error err = {0};
    gx_value out;
    const gx_status status = gx_call(&out, s->db, method, args, s->arena, &err);
    char range[80] = "";
    if (param->type == GX_PARAM_CHOICE) {
        snprintf(range, sizeof range, "one of %s", param->choices);
    } else if (param->type != GX_PARAM_BOOL) {
        snprintf(range, sizeof range, "from %.15g to %.15g", param->low, param->high);
    }
    if (status != GX_BAD_REQUEST || !strstr(err.message, says) || !strstr(err.message, range) ||
        strcmp(err.at, param->name) != 0) {
        fail_msg("%s of %s.%s: %s at %s, '%s', expected '%s…%s'", method, pass, param->name,
                 gx_status_name(status), err.at, err.message, says, range);
    }
}

/* {model: {parameter: value}} in `key`. */
static gx_value call_of(test_shop *s, const char *pass, const gx_param *param, gx_value value,
                        const char *list, const char *key) {
    gx_value args = gx_map(s->arena, 3), of = gx_map(s->arena, 1), all = gx_map(s->arena, 1);
    gx_value names = gx_list(s->arena, 1);
    gx_map_put(s->arena, &of, param->name, value);
    gx_map_put(s->arena, &all, pass, of);
    gx_list_add(s->arena, &names, gx_str(pass));
    if (list) {
        gx_map_put(s->arena, &args, list, names);
    }
    gx_map_put(s->arena, &args, key, all);
    return args;
}

static void every_parameter_of_every_model_has_its_range(void **state) {
    (void)state;
    test_shop s;
    uint32_t models = 0, refused = 0;
    const gx_pass *pass;
    test_shop_open(&s);
    test_shop_fill(&s, 5, 24, 0);
    for (size_t k = 0; (pass = gx_any_pass_at(k)) != NULL; k++) {
        models += pass->kind == GX_KIND_MODEL;
        for (size_t i = 0; pass->kind == GX_KIND_MODEL && i < pass->param_count; i++) {
            const gx_param *param = &pass->params[i];
            const bool number = param->type == GX_PARAM_INT || param->type == GX_PARAM_REAL;
            if (number &&
                !(param->low <= param->high && isfinite(param->low) && isfinite(param->high))) {
                fail_msg("%s.%s has no range", pass->name, param->name);
            }
            for (int b = 0; b < KINDS; b++) {
                const bad one = bad_of(param, b, s.arena);
                if (!one.shown) {
                    continue;
                }
                gx_value args = call_of(&s, pass->name, param, one.value, "passes", "params");
                refuse(&s, "model.build", &args, param, pass->name, one.shown);
                args = call_of(&s, pass->name, param, one.value, "models", "params");
                refuse(&s, "eval.run", &args, param, pass->name, one.shown);
                refused++;
            }
        }
    }
    assert_true(models >= 11 && refused > 200);
    test_shop_close(&s);
}

/* Also of a pass that is not built, by every pass there is: a note that it is not used would hide
 * that it is wrong. */
static void what_is_not_built_is_checked_too(void **state) {
    (void)state;
    test_shop s;
    const gx_pass *pass;
    uint32_t refused = 0;
    test_shop_open(&s);
    test_shop_fill(&s, 5, 24, 0);
    for (size_t k = 0; (pass = gx_any_pass_at(k)) != NULL; k++) {
        for (size_t i = 0; i < pass->param_count; i++) {
            const gx_param *param = &pass->params[i];
            if ((param->type == GX_PARAM_INT || param->type == GX_PARAM_REAL) &&
                param->low <= param->high) {
                const bad one = bad_of(param, ABOVE, s.arena);
                const gx_value args = call_of(&s, pass->name, param, one.value, NULL, "params");
                refuse(&s, "model.build", &args, param, pass->name, one.shown);
                refused++;
            }
        }
    }
    assert_true(refused > 100);
    test_shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_parameter_of_every_model_has_its_range),
        cmocka_unit_test(what_is_not_built_is_checked_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
