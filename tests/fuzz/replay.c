/* Runs a fuzz target over files, without libFuzzer: the seeds as a plain regression test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    enum { MOST = 1 << 20 };
    uint8_t *data = malloc(MOST);
    size_t size = data ? fread(data, 1, MOST, file) : 0;
    fclose(file);
    /* A copy of the exact size, so that reading past the end is seen. */
    uint8_t *exact = realloc(data, size ? size : 1);
    if (!exact) {
        free(data);
        return 1;
    }
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 0;
}

int main(int argc, char **argv) {
    int failed = argc != 2, count = 0;
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[4096];
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
            failed |= replay(path);
            count++;
        }
    }
    closedir(folder);
    printf("%d inputs\n", count);
    return failed || count == 0;
}
