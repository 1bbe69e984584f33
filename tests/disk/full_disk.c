/* The program on a small disk that fills up: writes are refused in a sentence, reads go on,
 * everything works again when there is room, and nothing that was acknowledged is lost. Needs to
 * mount a tmpfs; where that isn't allowed it says so and ends with exit code 77.
 *
 *     full_disk [--first SEED] [--count CYCLES]      of filling and freeing
 *
 * Exit code 1: a finding. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/disk/guard.h"
#include "tests/disk/node.h"
#include "tests/disk/school.h"

#define COUNT_DEFAULT 12
#define CYCLES_PER_DISK 12
#define CARDS 2 /* the network and the school have a record each */
#define SKIPPED 77
#define FILLING_MAX 100000
#define RESERVE_BYTES_MAX 300000 /* of the disk, taken by somebody else's file */

struct harness {
    char folder[DISK_PATH_SIZE], disk[DISK_PATH_SIZE], ballast[DISK_PATH_SIZE];
    char said[DISK_PATH_SIZE];
    struct disk_node node;
    struct disk_memory memory;
    struct disk_chance chance;
    uint64_t cycle_count, record_count, refused_count, finding_count;
};

static void find(struct harness *harness, const char *what)
{
    harness->finding_count++;
    printf("%s\n", what);
}

/* --- writing --- */

/* True: acknowledged. */
static bool write_plan(struct harness *harness)
{
    char line[64] = "record ";
    enum disk_reply reply = disk_node_new_plan(&harness->node, "title", line + 7);
    if (reply == DISK_REPLY_ID)
        disk_memory_take(&harness->memory, line);
    else if (reply == DISK_REPLY_REFUSED)
        harness->refused_count++;
    else
        find(harness, "the server doesn't answer");
    return reply == DISK_REPLY_ID;
}

/* Somebody else's file: what of the disk is left is drawn. */
static void take_room(struct harness *harness)
{
    static const char zeros[4096];
    uint64_t left = disk_below(&harness->chance, RESERVE_BYTES_MAX);
    int fd = open(harness->ballast, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    uint64_t len = 0;
    if (fd < 0)
        disk_die("no ballast");
    while (write(fd, zeros, sizeof zeros) == sizeof zeros)
        len += sizeof zeros;
    if (ftruncate(fd, (off_t)(len > left ? len - left : 0)) != 0)
        disk_die("no ballast");
    close(fd);
}

/* --- checks --- */

static void check_refusal(struct harness *harness)
{
    char *err = NULL, *out = NULL;
    int code = disk_node_run(&harness->node, WORDS("new", "plan", "title=x"), &out, &err);
    if (code == 0 && out != NULL) {
        char line[64];
        snprintf(line, sizeof line, "record %.32s", out);
        disk_memory_take(&harness->memory, line);
    } else if (code != 1 || err == NULL || strstr(err, "full") == NULL) {
        printf("exit code %d: %s", code, err == NULL ? "" : err);
        find(harness, "a refusal doesn't say that the disk is full");
    }
    free(err);
    free(out);
}

static void check_reading(struct harness *harness)
{
    char *out = NULL;
    const char *latest = harness->memory.records[harness->memory.record_count - 1];
    if (disk_node_run(&harness->node, WORDS("show", latest), &out, NULL) != 0 || out == NULL)
        find(harness, "nothing can be read on a full disk");
    free(out);
}

static enum disk_code check(void *impl)
{
    struct harness *harness = impl;
    struct ph_session *session = disk_school_open(harness->node.home);
    if (session == NULL)
        return DISK_WRONG;
    enum disk_code code = disk_school_check(session, &harness->memory);
    uint64_t shown = disk_school_record_count(session);
    if (code == DISK_WELL && shown != harness->memory.record_count + CARDS) {
        printf("%llu records are shown, %zu were acknowledged: one that was refused came back\n",
               (unsigned long long)shown - CARDS, harness->memory.record_count);
        code = DISK_WRONG;
    }
    return disk_school_end(session, code);
}

static void check_home(struct harness *harness)
{
    int code = disk_guard(harness->said, check, harness);
    if (code == 0)
        return;
    disk_guard_tell(harness->said, code);
    find(harness, "what is on the disk isn't right");
}

/* --- one cycle --- */

static void serve(struct harness *harness)
{
    disk_node_start(&harness->node, NULL);
    if (!disk_node_await(&harness->node))
        find(harness, "it doesn't serve");
}

static void fill(struct harness *harness)
{
    take_room(harness);
    for (int i = 0; i < FILLING_MAX && write_plan(harness); i++)
        continue;
    check_refusal(harness);
    check_reading(harness);
}

/* In half of the cycles it is started again while the disk is full: refused in a sentence, or it
 * serves what is there. */
static void restart_full(struct harness *harness)
{
    size_t len = 0;
    if (disk_node_stop(&harness->node) != 0)
        find(harness, "it doesn't end well on a full disk");
    unlink(harness->node.log);
    disk_node_start(&harness->node, NULL);
    if (disk_node_await(&harness->node)) {
        check_reading(harness);
        return;
    }
    int code = disk_node_stop(&harness->node);
    uint8_t *log = disk_read_file(harness->node.log, &len);
    if ((code != 1 && code != 3) || log == NULL || len < 8)
        find(harness, "on a full disk it ends without a sentence");
    free(log);
}

static void run_cycle(struct harness *harness)
{
    bool is_restarted = disk_below(&harness->chance, 2) == 0;
    fill(harness);
    if (is_restarted)
        restart_full(harness);
    unlink(harness->ballast);
    if (harness->node.serve.pid == 0)
        serve(harness);
    if (!write_plan(harness))
        find(harness, "with room again, a write is refused");
    if (disk_node_stop(&harness->node) != 0)
        find(harness, "it doesn't end well");
    check_home(harness);
    serve(harness);
}

/* --- the disk --- */

static bool make_disk(struct harness *harness)
{
    disk_make_folder(harness->folder);
    disk_path(harness->disk, harness->folder, "disk");
    disk_path(harness->said, harness->folder, "said");
    disk_path(harness->ballast, harness->disk, "ballast");
    disk_node_init(&harness->node, harness->disk, "home");
    disk_path(harness->node.log, harness->folder, "log");
    if (mkdir(harness->disk, S_IRWXU) != 0)
        disk_die("%s can't be made", harness->disk);
    if (mount("tmpfs", harness->disk, "tmpfs", 0, "size=4m,mode=0700") == 0)
        return true;
    printf("full disk: skipped, a tmpfs can't be mounted here: %s\n", strerror(errno));
    disk_remove_folder(harness->folder);
    return false;
}

static void remove_disk(struct harness *harness)
{
    if (umount2(harness->disk, MNT_DETACH) != 0)
        disk_die("%s can't be unmounted", harness->disk);
    disk_remove_folder(harness->folder);
    harness->record_count += harness->memory.record_count;
    disk_memory_free(&harness->memory);
}

static void run_disk(struct harness *harness, uint64_t end)
{
    disk_node_do(&harness->node, WORDS("init", "--school", "S"));
    disk_node_do(&harness->node, WORDS("network", "new", "N"));
    serve(harness);
    write_plan(harness);
    while (harness->cycle_count < end && harness->finding_count == 0) {
        run_cycle(harness);
        harness->cycle_count++;
    }
    if (disk_node_stop(&harness->node) != 0)
        find(harness, "it doesn't end well");
}

/* A disk of its own for so many cycles: the home grows on it. False: none can be mounted. */
static bool run(struct harness *harness, uint64_t count)
{
    while (harness->cycle_count < count && harness->finding_count == 0) {
        uint64_t left = count - harness->cycle_count;
        if (!make_disk(harness))
            return false;
        run_disk(harness, harness->cycle_count + (left < CYCLES_PER_DISK ? left : CYCLES_PER_DISK));
        remove_disk(harness);
    }
    return true;
}

int main(int count, char **words)
{
    static struct harness harness;
    uint64_t cycle_count = COUNT_DEFAULT;
    time_t started = time(NULL);
    for (int i = 1; i + 1 < count; i += 2) {
        if (strcmp(words[i], "--first") == 0)
            harness.chance.state = strtoull(words[i + 1], NULL, 10);
        else if (strcmp(words[i], "--count") == 0)
            cycle_count = strtoull(words[i + 1], NULL, 10);
        else
            disk_die("full_disk [--first SEED] [--count CYCLES]");
    }
    bool is_skipped = !run(&harness, cycle_count);
    if (is_skipped)
        return SKIPPED;
    printf(
        "full disk: %llu cycles, %llu records acknowledged, %llu refused, %llu findings, %ld s\n",
        (unsigned long long)harness.cycle_count, (unsigned long long)harness.record_count,
        (unsigned long long)harness.refused_count, (unsigned long long)harness.finding_count,
        (long)(time(NULL) - started));
    return disk_exit_code(harness.finding_count, harness.refused_count, "write was refused");
}
