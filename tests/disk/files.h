/* Files and folders of the disk harnesses. Whatever fails here ends the program with a sentence and
 * exit code 2, because then nothing is known. */
#ifndef PHAROS_TESTS_DISK_FILES_H
#define PHAROS_TESTS_DISK_FILES_H

#include <stddef.h>
#include <stdint.h>

#define DISK_PATH_SIZE 512

__attribute__((format(printf, 1, 2), noreturn)) void disk_die(const char *format, ...);
/* The exit code of a harness: 1 with a finding. Without one something must show that the harness
 * was at work: if there is none of it, it dies. */
int disk_exit_code(uint64_t finding_count, uint64_t proof_count, const char *proof);
void *disk_resize(void *old, size_t size); /* realloc */

/* "FOLDER/NAME", or the folder itself if the name is empty. */
void disk_path(char out[DISK_PATH_SIZE], const char *folder, const char *name);
/* A fresh private folder on the memory file system, or in $TMPDIR. */
void disk_make_folder(char out[DISK_PATH_SIZE]);
void disk_remove_folder(const char *path);
/* All that is in it, and nothing else, into another one, which is made anew. */
void disk_copy_folder(const char *from, const char *to);

/* The whole file, to free; NULL: there is none. */
uint8_t *disk_read_file(const char *path, size_t *len);
/* Mode 0600; the file is made, or overwritten in place. */
void disk_write_file(const char *path, const void *bytes, size_t len);

/* The files and folders below a folder, folders before what is in them. */
struct disk_name {
    char path[256]; /* within the folder */
    uint64_t file;  /* inode number */
    int is_folder;
};
struct disk_names {
    struct disk_name *all; /* to free */
    size_t count;
};
struct disk_names disk_list(const char *folder);

/* Seeded chance. */
struct disk_chance {
    uint64_t state;
};
uint64_t disk_next(struct disk_chance *chance);
uint64_t disk_below(struct disk_chance *chance, uint64_t limit); /* limit above 0 */

#endif
