/* The classic graphs against what their papers and everybody since have counted in them. */
#include "datasets/datasets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { NODES_MAX = 64 };

static const gx_classic *find(const char *name) {
    size_t count;
    const gx_classic *all = gx_classics(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i].name, name) == 0) {
            return &all[i];
        }
    }
    fail_msg("there is no %s", name);
    return NULL;
}

static void degrees_of(uint32_t out[NODES_MAX], const gx_classic *graph) {
    memset(out, 0, NODES_MAX * sizeof *out);
    for (uint32_t i = 0; i < graph->m; i++) {
        out[graph->edges[i][0]]++;
        out[graph->edges[i][1]]++;
    }
}

static uint32_t triangles_of(const gx_classic *graph) {
    bool tied[NODES_MAX][NODES_MAX] = {{false}};
    uint32_t count = 0;
    for (uint32_t i = 0; i < graph->m; i++) {
        tied[graph->edges[i][0]][graph->edges[i][1]] = true;
    }
    for (uint32_t a = 0; a < graph->n; a++) {
        for (uint32_t b = a + 1; b < graph->n; b++) {
            for (uint32_t c = b + 1; c < graph->n; c++) {
                count += tied[a][b] && tied[b][c] && tied[a][c];
            }
        }
    }
    return count;
}

static void each_is_a_simple_graph(void **state) {
    (void)state;
    size_t count;
    const gx_classic *all = gx_classics(&count);
    assert_int_equal(count, 3);
    for (size_t g = 0; g < count; g++) {
        assert_non_null(all[g].source);
        assert_true(all[g].n <= NODES_MAX);
        for (uint32_t i = 0; i < all[g].m; i++) {
            const uint32_t *edge = all[g].edges[i];
            assert_true(edge[0] < edge[1] && edge[1] < all[g].n);
            if (i > 0) { /* sorted, so none is there twice */
                const uint32_t *before = all[g].edges[i - 1];
                assert_true(before[0] < edge[0] || (before[0] == edge[0] && before[1] < edge[1]));
            }
        }
    }
}

static void karate(void **state) {
    (void)state;
    const gx_classic *graph = find("karate");
    uint32_t degree[NODES_MAX], in_faction[2] = {0}, across = 0;
    degrees_of(degree, graph);
    assert_int_equal(graph->n, 34);
    assert_int_equal(graph->m, 78);
    assert_int_equal(degree[0], 16);  /* the instructor */
    assert_int_equal(degree[33], 17); /* the administrator */
    assert_int_equal(degree[11], 1);
    assert_int_equal(triangles_of(graph), 45);
    for (uint32_t i = 0; i < graph->n; i++) {
        in_faction[graph->label[i]]++;
    }
    assert_int_equal(in_faction[0], 17);
    assert_int_equal(in_faction[1], 17);
    assert_int_not_equal(graph->label[0], graph->label[33]);
    for (uint32_t i = 0; i < graph->m; i++) {
        across += graph->label[graph->edges[i][0]] != graph->label[graph->edges[i][1]];
    }
    assert_int_equal(across, 11);
}

static void florentine(void **state) {
    (void)state;
    const gx_classic *graph = find("florentine");
    uint32_t degree[NODES_MAX], medici = 0, pucci = 0;
    degrees_of(degree, graph);
    assert_int_equal(graph->n, 16);
    assert_int_equal(graph->m, 20);
    for (uint32_t i = 0; i < graph->n; i++) {
        medici = strcmp(graph->names[i], "Medici") == 0 ? i : medici;
        pucci = strcmp(graph->names[i], "Pucci") == 0 ? i : pucci;
    }
    assert_int_equal(degree[medici], 6);
    assert_int_equal(degree[pucci], 0);
    assert_int_equal(triangles_of(graph), 3);
}

static void davis(void **state) {
    (void)state;
    static const uint32_t came[14] = {3, 3, 6, 4, 8, 8, 10, 14, 12, 5, 4, 6, 3, 3};
    const gx_classic *graph = find("davis");
    uint32_t degree[NODES_MAX];
    degrees_of(degree, graph);
    assert_int_equal(graph->n, 32);
    assert_int_equal(graph->m, 89);
    for (uint32_t i = 0; i < graph->m; i++) {
        assert_int_equal(graph->label[graph->edges[i][0]], 0);
        assert_int_equal(graph->label[graph->edges[i][1]], 1);
    }
    for (uint32_t i = 0; i < GX_COUNT(came); i++) {
        assert_int_equal(degree[18 + i], came[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_a_simple_graph),
        cmocka_unit_test(karate),
        cmocka_unit_test(florentine),
        cmocka_unit_test(davis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
