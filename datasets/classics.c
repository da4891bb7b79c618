/* Classic small graphs as facts: who was tied to whom, as the papers report it. Nodes count from 0,
 * each tie is written once with the smaller end first. */
#include "datasets/datasets.h"

/* Members of a university karate club who met outside of it; after a quarrel it split in two. */
static const uint32_t karate_edges[][2] = {
    {0, 1},   {0, 2},   {0, 3},   {0, 4},   {0, 5},   {0, 6},   {0, 7},   {0, 8},   {0, 10},
    {0, 11},  {0, 12},  {0, 13},  {0, 17},  {0, 19},  {0, 21},  {0, 31},  {1, 2},   {1, 3},
    {1, 7},   {1, 13},  {1, 17},  {1, 19},  {1, 21},  {1, 30},  {2, 3},   {2, 7},   {2, 8},
    {2, 9},   {2, 13},  {2, 27},  {2, 28},  {2, 32},  {3, 7},   {3, 12},  {3, 13},  {4, 6},
    {4, 10},  {5, 6},   {5, 10},  {5, 16},  {6, 16},  {8, 30},  {8, 32},  {8, 33},  {9, 33},
    {13, 33}, {14, 32}, {14, 33}, {15, 32}, {15, 33}, {18, 32}, {18, 33}, {19, 33}, {20, 32},
    {20, 33}, {22, 32}, {22, 33}, {23, 25}, {23, 27}, {23, 29}, {23, 32}, {23, 33}, {24, 25},
    {24, 27}, {24, 31}, {25, 31}, {26, 29}, {26, 33}, {27, 33}, {28, 31}, {28, 33}, {29, 32},
    {29, 33}, {30, 32}, {30, 33}, {31, 32}, {31, 33}, {32, 33}};
static const uint32_t karate_label[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0,
                                        0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

/* Marriages between the families of fifteenth-century Florence. The Pucci married into none of
 * them. */
static const uint32_t florentine_edges[][2] = {
    {0, 8},  {1, 5}, {1, 6},  {1, 8},  {2, 4},  {2, 8},  {3, 6},  {3, 10},  {3, 14},  {4, 10},
    {4, 14}, {6, 7}, {6, 15}, {8, 12}, {8, 13}, {8, 15}, {9, 13}, {10, 14}, {12, 14}, {12, 15}};
static const char *const florentine_names[] = {
    "Acciaiuoli", "Albizzi",      "Barbadori", "Bischeri",  "Castellani", "Ginori",
    "Guadagni",   "Lamberteschi", "Medici",    "Pazzi",     "Peruzzi",    "Pucci",
    "Ridolfi",    "Salviati",     "Strozzi",   "Tornabuoni"};

/* Eighteen women of a town in Mississippi (0 to 17) and the fourteen meetings they came to (18 to
 * 31). */
static const uint32_t davis_edges[][2] = {
    {0, 18},  {0, 19},  {0, 20},  {0, 21},  {0, 22},  {0, 23},  {0, 25},  {0, 26},  {1, 18},
    {1, 19},  {1, 20},  {1, 22},  {1, 23},  {1, 24},  {1, 25},  {2, 19},  {2, 20},  {2, 21},
    {2, 22},  {2, 23},  {2, 24},  {2, 25},  {2, 26},  {3, 18},  {3, 20},  {3, 21},  {3, 22},
    {3, 23},  {3, 24},  {3, 25},  {4, 20},  {4, 21},  {4, 22},  {4, 24},  {5, 20},  {5, 22},
    {5, 23},  {5, 25},  {6, 22},  {6, 23},  {6, 24},  {6, 25},  {7, 23},  {7, 25},  {7, 26},
    {8, 22},  {8, 24},  {8, 25},  {8, 26},  {9, 24},  {9, 25},  {9, 26},  {9, 29},  {10, 25},
    {10, 26}, {10, 27}, {10, 29}, {11, 25}, {11, 26}, {11, 27}, {11, 29}, {11, 30}, {11, 31},
    {12, 24}, {12, 25}, {12, 26}, {12, 27}, {12, 29}, {12, 30}, {12, 31}, {13, 23}, {13, 24},
    {13, 26}, {13, 27}, {13, 28}, {13, 29}, {13, 30}, {13, 31}, {14, 24}, {14, 25}, {14, 27},
    {14, 28}, {14, 29}, {15, 25}, {15, 26}, {16, 26}, {16, 28}, {17, 26}, {17, 28}};
static const uint32_t davis_label[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                       0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static const char *const davis_names[] = {"Evelyn Jefferson",
                                          "Laura Mandeville",
                                          "Theresa Anderson",
                                          "Brenda Rogers",
                                          "Charlotte McDowd",
                                          "Frances Anderson",
                                          "Eleanor Nye",
                                          "Pearl Oglethorpe",
                                          "Ruth DeSand",
                                          "Verne Sanderson",
                                          "Myra Liddel",
                                          "Katherina Rogers",
                                          "Sylvia Avondale",
                                          "Nora Fayette",
                                          "Helen Lloyd",
                                          "Dorothy Murchison",
                                          "Olivia Carleton",
                                          "Flora Price",
                                          "E1",
                                          "E2",
                                          "E3",
                                          "E4",
                                          "E5",
                                          "E6",
                                          "E7",
                                          "E8",
                                          "E9",
                                          "E10",
                                          "E11",
                                          "E12",
                                          "E13",
                                          "E14"};

static const gx_classic classics[] = {
    {.name = "karate",
     .source = "Zachary 1977, An information flow model for conflict and fission in small groups",
     .n = 34,
     .m = GX_COUNT(karate_edges),
     .edges = karate_edges,
     .label = karate_label},
    {.name = "florentine",
     .source =
         "Padgett and Ansell 1993, Robust action and the rise of the Medici; as in Breiger and "
         "Pattison 1986",
     .n = GX_COUNT(florentine_names),
     .m = GX_COUNT(florentine_edges),
     .edges = florentine_edges,
     .names = florentine_names},
    {.name = "davis",
     .source = "Davis, Gardner and Gardner 1941, Deep South",
     .n = GX_COUNT(davis_names),
     .m = GX_COUNT(davis_edges),
     .edges = davis_edges,
     .label = davis_label,
     .names = davis_names},
};

const gx_classic *gx_classics(size_t *out_count) {
    *out_count = GX_COUNT(classics);
    return classics;
}
