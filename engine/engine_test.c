/* The table against the files: every constant `gx_pass_x` of the engine has its row, every row its
 * constant in a file of that name. Self-registering passes would vanish from a static library; a
 * forgotten row would too, but for this. */
#include "engine/engine.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* Whether a file holds the definition of a pass, and its name. */
static bool definition_in(const char *path, char name[64]) {
    char line[512];
    bool found = false;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (!found && fgets(line, sizeof line, file)) {
        found = sscanf(line, "const gx_pass gx_pass_%63[a-z0-9_] = {", name) == 1;
    }
    fclose(file);
    return found;
}

static void rows_are_the_definitions(void **state) {
    (void)state;
    const gx_pass_table *table = gx_engine_passes();
    glob_t files;
    size_t found = 0;
    assert_int_equal(glob("engine/*/*.c", 0, NULL, &files), 0); /* tests run in the source folder */
    for (size_t i = 0; i < files.gl_pathc; i++) {
        char name[64], file_name[80];
        if (definition_in(files.gl_pathv[i], name)) {
            found++;
            const gx_pass *pass = gx_pass_find(table, name);
            if (!pass) {
                fail_msg("%s defines gx_pass_%s, which has no row in passes.def", files.gl_pathv[i],
                         name);
            }
            snprintf(file_name, sizeof file_name, "/%s.c", name);
            assert_non_null(strstr(files.gl_pathv[i], file_name));
            assert_string_equal(pass->name, name);
        }
    }
    assert_int_equal(found, table->count);
    globfree(&files);
}

static void find_knows_its_rows_only(void **state) {
    (void)state;
    assert_non_null(gx_pass_find(gx_engine_passes(), "pagerank"));
    assert_null(gx_pass_find(gx_engine_passes(), "page"));
    assert_null(gx_pass_find(gx_engine_passes(), ""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_the_definitions),
        cmocka_unit_test(find_knows_its_rows_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
