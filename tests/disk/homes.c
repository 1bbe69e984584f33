/* Homes with one of their files damaged: the program never crashes, shows nothing wrong, has what
 * this school wrote, and says what happened.
 *
 *     homes [--first SEED] [--count HOMES] [--program-every N]
 *     homes --only SEED                      one of them again; its folder is kept
 *
 * Most are opened in a child of this process; every N-th by the built program, which serves, is
 * written to, and gets back what others hold from a peer. Exit code 1: a finding. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/disk/guard.h"
#include "tests/disk/node.h"
#include "tests/disk/school.h"

#define COUNT_DEFAULT 1000
#define PROGRAM_EVERY 8
#define FINDINGS_SHOWN 20
#define PAGE_LEN 4096
#define SECTOR_LEN 512

enum damage { FLIP, ZERO_PAGE, GARBAGE, CUT, MISDIRECT, DELETE, OLDER, DAMAGE_COUNT };
static const char *const damage_names[] = {
    [FLIP] = "a bit flipped",  [ZERO_PAGE] = "a page zeroed",  [GARBAGE] = "a sector garbled",
    [CUT] = "cut short",       [MISDIRECT] = "a page doubled", [DELETE] = "deleted",
    [OLDER] = "an older copy",
};

struct harness {
    char folder[DISK_PATH_SIZE], older[DISK_PATH_SIZE], said[DISK_PATH_SIZE];
    struct disk_node prepared, prepared_peer; /* as they lie there, whole */
    struct disk_node home, peer;              /* the copies at hand */
    struct disk_memory own, all; /* what this school wrote; and with what it had from others */
    struct disk_chance chance;
    uint64_t seed;
    char file[256];
    enum damage damage;
    bool has_only;
    uint64_t home_count, program_count, aside_count, refused_count, finding_count;
};

/* --- preparing --- */

static struct harness *learner;

static void take_own(const struct disk_known *entry)
{
    char line[DISK_KNOWN_LINE_SIZE];
    disk_known_line(entry, line);
    disk_memory_take(&learner->own, line);
}

static void write_own(struct harness *harness, int count)
{
    struct ph_session *session = disk_school_open(harness->prepared.home);
    char line[64] = "record ";
    bool is_well = session != NULL && disk_school_learn(session, &harness->all, NULL);
    learner = harness;
    for (int i = 0; i < count && is_well; i++) {
        is_well = disk_school_write(session, "own", line + 7) &&
                  disk_school_learn(session, &harness->all, take_own);
        disk_memory_take(&harness->own, line);
        disk_memory_take(&harness->all, line);
    }
    if (!is_well || disk_school_close(session) != 0)
        disk_die("the prepared home doesn't work");
}

static void write_at_peer(struct harness *harness, int count)
{
    for (int i = 0; i < count; i++) {
        char *out = NULL, line[64];
        if (disk_node_run(&harness->prepared_peer, WORDS("new", "plan", "title=theirs"), &out,
                          NULL) != 0)
            disk_die("the peer doesn't work");
        snprintf(line, sizeof line, "record %.32s", out);
        disk_memory_take(&harness->all, line);
        free(out);
    }
    disk_node_do(&harness->prepared, WORDS("sync", harness->prepared_peer.address));
}

static void prepare(struct harness *harness)
{
    static const char config[] = "# settings\nlog = info\n";
    char path[DISK_PATH_SIZE];
    disk_make_folder(harness->folder);
    disk_path(harness->said, harness->folder, "said");
    disk_path(harness->older, harness->folder, "older");
    disk_node_init(&harness->prepared, harness->folder, "prepared");
    disk_node_init(&harness->prepared_peer, harness->folder, "prepared-peer");
    disk_node_init(&harness->home, harness->folder, "home");
    disk_node_init(&harness->peer, harness->folder, "peer");
    disk_node_found(&harness->prepared_peer);
    disk_node_join(&harness->prepared, &harness->prepared_peer);
    disk_path(path, harness->prepared.home, "config");
    disk_write_file(path, config, sizeof config - 1);
    write_at_peer(harness, 8);
    write_own(harness, 12);
    disk_copy_folder(harness->prepared.home, harness->older);
    write_at_peer(harness, 4);
    write_own(harness, 12); /* these nobody else has */
    harness->own.is_made = harness->own.is_founded = true;
    if (disk_node_stop(&harness->prepared_peer) != 0)
        disk_die("the peer doesn't end well");
}

/* --- damage --- */

static void draw_file(struct harness *harness)
{
    struct disk_names names = disk_list(harness->prepared.home);
    uint64_t lot = disk_below(&harness->chance, 10);
    const char *wanted = lot < 5 ? "store/data.mdb" : lot < 7 ? "journal" : "";
    size_t at = 0;
    while (at < names.count && strcmp(names.all[at].path, wanted) != 0)
        at++;
    while (at >= names.count || names.all[at].is_folder)
        at = disk_below(&harness->chance, names.count);
    snprintf(harness->file, sizeof harness->file, "%s", names.all[at].path);
    free(names.all);
}

static void garble(struct harness *harness, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)disk_next(&harness->chance);
}

/* Damages bytes where they stand; the length that is left. */
static size_t damage_bytes(struct harness *harness, uint8_t *bytes, size_t len)
{
    size_t at = (size_t)disk_below(&harness->chance, len);
    size_t page = at / PAGE_LEN * PAGE_LEN, sector = at / SECTOR_LEN * SECTOR_LEN;
    size_t other = (size_t)disk_below(&harness->chance, len) / PAGE_LEN * PAGE_LEN;
    size_t page_len = len - page < PAGE_LEN ? len - page : PAGE_LEN;
    size_t sector_len = len - sector < SECTOR_LEN ? len - sector : SECTOR_LEN;
    if (harness->damage == FLIP)
        bytes[at] ^= (uint8_t)(1u << disk_below(&harness->chance, 8));
    else if (harness->damage == ZERO_PAGE)
        memset(bytes + page, 0, page_len);
    else if (harness->damage == GARBAGE)
        garble(harness, bytes + sector, sector_len);
    else if (harness->damage == MISDIRECT)
        memmove(bytes + page, bytes + other, len - other < page_len ? len - other : page_len);
    return harness->damage == CUT ? at : len;
}

static void damage_home(struct harness *harness)
{
    char path[DISK_PATH_SIZE], older[DISK_PATH_SIZE];
    size_t len = 0;
    disk_path(path, harness->home.home, harness->file);
    disk_path(older, harness->older, harness->file);
    uint8_t *bytes = disk_read_file(harness->damage == OLDER ? older : path, &len);
    if (harness->damage == DELETE || bytes == NULL)
        unlink(path);
    else {
        if (len > 0)
            len = damage_bytes(harness, bytes, len);
        disk_write_file(path, bytes, len);
    }
    free(bytes);
}

/* In half of them as after a kill. */
static void draw_home(struct harness *harness)
{
    char path[DISK_PATH_SIZE];
    harness->chance.state = harness->seed;
    disk_copy_folder(harness->prepared.home, harness->home.home);
    draw_file(harness);
    harness->damage = (enum damage)disk_below(&harness->chance, DAMAGE_COUNT);
    disk_path(path, harness->home.home, "closed");
    if (disk_below(&harness->chance, 2) == 0 && strcmp(harness->file, "closed") != 0)
        unlink(path);
    damage_home(harness);
}

/* --- judging --- */

static void find(struct harness *harness, const char *what)
{
    if (harness->finding_count++ >= FINDINGS_SHOWN)
        return;
    printf("%s, %s: %s\n  again: homes --only %llu\n", harness->file, damage_names[harness->damage],
           what, (unsigned long long)harness->seed);
}

/* Without its keys a school is nobody, and what people write into the settings they must put
 * right. */
static bool may_refuse(const struct harness *harness)
{
    return strcmp(harness->file, "school.key") == 0 || strcmp(harness->file, "config") == 0;
}

static bool is_set_aside(const struct harness *harness)
{
    char path[DISK_PATH_SIZE];
    disk_path(path, harness->home.home, "store.damaged-1");
    return access(path, F_OK) == 0;
}

static bool has_said_something(const char *path)
{
    size_t len = 0;
    uint8_t *text = disk_read_file(path, &len);
    bool has_sentence = text != NULL && len > 8 && memchr(text, '.', len) != NULL;
    free(text);
    return has_sentence;
}

static enum disk_code check_own(void *impl)
{
    struct harness *harness = impl;
    char id[33];
    struct ph_session *session = disk_school_open(harness->home.home);
    if (session == NULL)
        return DISK_REFUSED;
    enum disk_code code = disk_school_check(session, &harness->own);
    if (code == DISK_WELL && !disk_school_write(session, "after", id))
        code = DISK_WRONG;
    return disk_school_end(session, code);
}

static void judge_refusal(struct harness *harness, const char *said)
{
    harness->refused_count++;
    if (!may_refuse(harness))
        find(harness, "it refuses to open");
    else if (!has_said_something(said))
        find(harness, "it refuses without a sentence");
}

static void try_here(struct harness *harness)
{
    int code = disk_guard(harness->said, check_own, harness);
    if (code == DISK_REFUSED)
        judge_refusal(harness, harness->said);
    else if (code != 0) {
        find(harness, code > DISK_SIGNALLED ? "it crashes" : "what was acknowledged isn't there");
        if (harness->finding_count <= FINDINGS_SHOWN)
            disk_guard_tell(harness->said, code);
    } else if (is_set_aside(harness) && !has_said_something(harness->said))
        find(harness, "nobody is told that the store was set aside");
}

/* --- the program --- */

static enum disk_code check_all(void *impl)
{
    struct harness *harness = impl;
    struct ph_session *session = disk_school_open(harness->home.home);
    if (session == NULL)
        return DISK_WRONG;
    enum disk_code code = disk_school_check(session, &harness->own);
    if (code == DISK_WELL)
        code = disk_school_check(session, &harness->all);
    return disk_school_end(session, code);
}

static void work_with_peer(struct harness *harness)
{
    char *err = NULL, id[33];
    if (disk_node_new_plan(&harness->home, "served", id) != DISK_REPLY_ID)
        find(harness, "nothing can be written");
    if (disk_node_run(&harness->home, WORDS("sync", harness->peer.address), NULL, &err) != 0) {
        find(harness, "it can't sync");
        printf("%s", err == NULL ? "" : err);
    }
    free(err);
    if (disk_node_stop(&harness->home) != 0)
        find(harness, "the server doesn't end well");
    int code = disk_guard(harness->said, check_all, harness);
    if (code == 0)
        return;
    find(harness, code > DISK_SIGNALLED ? "it crashes" : "after a sync something is missing");
    if (harness->finding_count <= FINDINGS_SHOWN)
        disk_guard_tell(harness->said, code);
}

static void try_program(struct harness *harness)
{
    disk_copy_folder(harness->prepared_peer.home, harness->peer.home);
    disk_node_start(&harness->peer, NULL);
    if (!disk_node_await(&harness->peer))
        disk_die("the peer doesn't serve");
    unlink(harness->home.log);
    disk_node_start(&harness->home, NULL);
    if (disk_node_await(&harness->home))
        work_with_peer(harness);
    else {
        int code = disk_node_stop(&harness->home);
        if (code != 1 && code != 3)
            find(harness, "the server crashes");
        else
            judge_refusal(harness, harness->home.log);
    }
    if (is_set_aside(harness) && !has_said_something(harness->home.log))
        find(harness, "nobody is told that the store was set aside");
    if (disk_node_stop(&harness->peer) != 0)
        disk_die("the peer doesn't end well");
    harness->program_count++;
}

/* --- the harness --- */

static int run(struct harness *harness, uint64_t first, uint64_t count, uint64_t program_every)
{
    time_t started = time(NULL);
    prepare(harness);
    for (harness->seed = first; harness->seed < first + count; harness->seed++) {
        draw_home(harness);
        if (harness->seed % program_every == 0)
            try_program(harness);
        else
            try_here(harness);
        harness->home_count++;
        harness->aside_count += is_set_aside(harness);
    }
    printf("homes: %llu damaged, %llu opened by the program, %llu stores set aside, %llu refused, "
           "%llu findings, %ld s\n",
           (unsigned long long)harness->home_count, (unsigned long long)harness->program_count,
           (unsigned long long)harness->aside_count, (unsigned long long)harness->refused_count,
           (unsigned long long)harness->finding_count, (long)(time(NULL) - started));
    disk_memory_free(&harness->own);
    disk_memory_free(&harness->all);
    if (harness->has_only)
        printf("%s, %s, in %s\n", harness->file, damage_names[harness->damage], harness->folder);
    else
        disk_remove_folder(harness->folder);
    uint64_t proof_count = harness->has_only ? 1 : harness->aside_count;
    return disk_exit_code(harness->finding_count, proof_count, "store was set aside");
}

int main(int count, char **words)
{
    static struct harness harness;
    uint64_t first = 1, home_count = COUNT_DEFAULT, program_every = PROGRAM_EVERY;
    if (setenv("PHAROS_BIRTHS_UNKNOWN", "1", 1) != 0) /* homes are copied, and are the same ones */
        disk_die("the environment is full");
    for (int i = 1; i + 1 < count; i += 2) {
        uint64_t number = strtoull(words[i + 1], NULL, 10);
        harness.has_only = harness.has_only || strcmp(words[i], "--only") == 0;
        if (strcmp(words[i], "--first") == 0 || strcmp(words[i], "--only") == 0)
            first = number;
        else if (strcmp(words[i], "--count") == 0)
            home_count = number;
        else if (strcmp(words[i], "--program-every") == 0 && number > 0)
            program_every = number;
        else
            disk_die("homes [--first SEED] [--count HOMES] [--program-every N] [--only SEED]");
    }
    return run(&harness, first, harness.has_only ? 1 : home_count, program_every);
}
