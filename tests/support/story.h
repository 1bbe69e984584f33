/* A store with a journal that two writers fill step by step, ours and theirs; and what must be
 * there after opening it again, whatever happened to its database or its journal. */
#ifndef PHAROS_TESTS_SUPPORT_STORY_H
#define PHAROS_TESTS_SUPPORT_STORY_H

#include "tests/support/home.h"
#include "tests/support/world.h"

#define OURS 0
#define THEIRS 1
#define STEPS                                                                                      \
    6 /* batches after the first, each with an own entry; every other with one of others' */
#define FILE_MAX (1024 * 1024)

/* A file's bytes, kept. */
struct story_file {
    uint8_t bytes[FILE_MAX];
    size_t len;
};

extern struct world story_world;
extern struct world_entry story_ours[STEPS + 4], story_theirs[STEPS + 4];
extern uint32_t story_our_count, story_their_count;
/* Of story_begin: the journal's bytes, the database's before the last batch. */
extern struct story_file story_journal, story_database;

void story_load(const char *path, struct story_file *out);
void story_save(const char *path, const uint8_t *bytes, size_t len);
const char *story_database_path(const struct home *home); /* until called again */
uint64_t story_bytes_of(const char *path);
bool story_is_set_aside(const struct home *home); /* the journal */

struct ph_batch *story_own_batch(void);
void story_put_ours(struct ph_batch *batch);
void story_put_theirs(struct ph_batch *batch);
void story_write_step(struct home *home, int step);
void story_found(struct home *home, bool has_journal); /* the facts and logs; open */
void story_begin(struct home *home);                   /* and all steps; closed */
void story_lose_database(struct home *home);           /* closes */
/* Where a frame of story_journal begins, from 1 on; the end for one too many. */
size_t story_offset_of(uint32_t frame);

void story_check_ours(const struct home *home, uint32_t count);
void story_check_sound(struct home *home);
void story_check_rest(const struct home *home, uint32_t count_of_theirs);
/* The journal alone brings it all back. */
void story_check_journal_is_complete(struct home *home, uint32_t count);

#endif
