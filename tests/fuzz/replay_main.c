/* Runs a target on the files given, and on all files of the folders given: how a build without a
 * fuzzer goes through the corpus, and how a finding is looked at. */
#include <dirent.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (1024 * 1024)

static unsigned replayed;

static void replay_file(const char *path)
{
    uint8_t *room = malloc(INPUT_MAX);
    FILE *file = fopen(path, "rb");
    if (room == NULL || file == NULL) {
        perror(path);
        exit(1);
    }
    size_t len = fread(room, 1, INPUT_MAX, file);
    fclose(file);
    struct ph_bytes input = fuzz_copy(ph_bytes(room, len));
    free(room);
    fprintf(stderr, "%s\n", path); /* the last one named is the one that fails */
    LLVMFuzzerTestOneInput(input.data, input.len);
    fuzz_free(input);
    replayed++;
}

static void replay_folder(const char *path)
{
    struct dirent **names = NULL;
    int count = scandir(path, &names, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            replay_file(file);
        free(names[i]);
    }
    free(names);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct stat about;
        bool is_folder = stat(argv[i], &about) == 0 && S_ISDIR(about.st_mode);
        if (is_folder)
            replay_folder(argv[i]);
        else
            replay_file(argv[i]);
    }
    printf("%u inputs\n", replayed);
    return replayed == 0; /* a corpus that is not there is not replayed */
}
