/* What a power cut may leave of a school's home, image by image: a workload is recorded
 * (recorder.c), disks are made from the recording (recording.h), and each is opened as the program
 * would open it.
 *
 *     crash_images [--first SEED] [--count IMAGES]   so many images, from that seed on
 *     crash_images --only SEED.GENERATION.IMAGE      one of them again; its folder is kept
 *
 * A seed has two generations: the second one works on an image of the first, so that what recovery
 * writes is cut as well. Before the images come the controls, disks without their journal: on two
 * that lie losses must be seen, on an honest one none, since LMDB alone has all that was
 * acknowledged. Exit code 1: a finding, or a control that failed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/disk/files.h"
#include "tests/disk/guard.h"
#include "tests/disk/recording.h"
#include "tests/disk/school.h"
#include "tests/disk/workload.h"

#define GENERATIONS 2
#define IMAGES_PER_GENERATION 500 /* half of them exhaustive, half drawn */
#define CONTROL_IMAGES 300
#define COUNT_DEFAULT 5000
#define PENDING_MAX 4096
#define SUBSETS_MAX 5      /* up to so many writes each subset is tried */
#define TWICE 4            /* one image in so many is opened twice */
#define WITHOUT_DATABASE 9 /* one image in so many loses its database, too */
#define FINDINGS_SHOWN 10
#define IDLE_SEEDS_MAX 10

/* A disk that loses its journal, and lies, or not. */
struct control {
    const char *name;
    const char *variable; /* of the recorder; NULL: an honest disk */
};

static const struct control controls[] = {
    {"swallowed syncs", "DISK_SWALLOW"}, {"NOSYNC", "DISK_NOSYNC"}, {"without a journal", NULL}};
#define CONTROL_COUNT (sizeof controls / sizeof controls[0])

struct harness {
    char folder[DISK_PATH_SIZE];
    char base[DISK_PATH_SIZE];  /* what a workload begins with */
    char image[DISK_PATH_SIZE]; /* and what is left of it */
    char recording[DISK_PATH_SIZE], said[DISK_PATH_SIZE];
    const struct control *control; /* NULL: none */
    uint64_t seed;
    unsigned generation, index;
    unsigned only_generation, only_index; /* if has_only */
    bool has_only;
    uint64_t image_count, image_count_max, finding_count;
    struct disk_memory memory;      /* what the disk has promised so far */
    struct disk_memory next_memory; /* and by the image that the next generation works on */
    char next_base[DISK_PATH_SIZE];
    unsigned next_index; /* not before this one */
    bool has_next;
    struct disk_chance chance;
};

/* --- one image --- */

/* A power cut takes nothing away that would make the school write as another one. */
static bool is_same_writer(const struct disk_memory *memory, size_t before)
{
    for (size_t i = before; i < memory->entry_count; i++) {
        if (before == 0 ||
            memcmp(memory->entries[i].writer.bytes, memory->entries[0].writer.bytes, 32) == 0)
            continue;
        printf("it became a new writer\n");
        return false;
    }
    return true;
}

static bool write_and_learn(struct ph_session *session, struct disk_memory *memory)
{
    char line[64] = "record ";
    /* Refused if it was founded before the cut and nobody had been told yet. */
    if (!memory->is_founded)
        (void)!disk_school_found(session);
    if (!disk_school_write(session, "after", line + 7)) {
        printf("nothing can be written any more\n");
        return false;
    }
    disk_memory_take(memory, line);
    return disk_school_learn(session, memory, NULL);
}

static enum disk_code check_once(const char *home, struct disk_memory *memory, bool writer_stays)
{
    size_t before = memory->entry_count;
    struct ph_session *session = disk_school_open(home);
    if (session == NULL) {
        printf("the home can't be opened\n");
        return DISK_WRONG;
    }
    enum disk_code code = disk_school_check(session, memory);
    if (code == DISK_WELL &&
        (!write_and_learn(session, memory) || (writer_stays && !is_same_writer(memory, before))))
        code = DISK_WRONG;
    return disk_school_end(session, code);
}

/* Some twice: what the first opening made of it, and its own entry, must last. Some without their
 * database: the journal alone has all that was acknowledged. A control goes without its journal,
 * which would make good what a lying disk loses, and nothing would be seen. Without its journal a
 * school becomes a new writer, and rightly. */
static enum disk_code check(const struct harness *harness, struct disk_memory *memory)
{
    char path[DISK_PATH_SIZE];
    bool has_journal = harness->control == NULL;
    bool is_whole = !has_journal || harness->index % WITHOUT_DATABASE != 0;
    disk_path(path, harness->image, "school.key");
    if (!memory->is_made && access(path, F_OK) != 0 && !disk_school_make(harness->image)) {
        printf("init doesn't work\n");
        return DISK_WRONG;
    }
    disk_path(path, harness->image, "store/data.mdb");
    if (!is_whole)
        unlink(path);
    disk_path(path, harness->image, "journal");
    if (!has_journal)
        unlink(path);
    bool stays = is_whole && has_journal;
    enum disk_code code = check_once(harness->image, memory, stays);
    if (code == DISK_WELL && harness->index % TWICE == 0)
        code = check_once(harness->image, memory, stays);
    return code;
}

static enum disk_code check_image(void *impl)
{
    struct harness *harness = impl;
    return check(harness, &harness->memory);
}

static void report(struct harness *harness, int code)
{
    bool is_lie = harness->control != NULL && harness->control->variable != NULL;
    if (is_lie && code != DISK_LOST)
        return;
    harness->finding_count++;
    if (is_lie || harness->finding_count > FINDINGS_SHOWN)
        return;
    disk_guard_tell(harness->said, code);
    if (harness->control == NULL)
        printf("  again: crash_images --only %llu.%u.%u\n", (unsigned long long)harness->seed,
               harness->generation, harness->index);
}

static void try_image(struct harness *harness, const struct disk *disk, const struct disk_cut *cut)
{
    unsigned index = harness->index++;
    bool is_next = !harness->has_next && index >= harness->next_index && harness->memory.is_founded;
    bool is_only = harness->has_only && harness->only_generation == harness->generation &&
                   harness->only_index == index;
    if (harness->has_only && !is_only && !is_next)
        return;
    if (harness->control != NULL && !harness->memory.is_founded)
        return; /* nothing is promised yet, and nothing can be lost */
    disk_write_image(disk, cut, harness->image);
    if (is_next) {
        disk_copy_folder(harness->image, harness->next_base);
        disk_memory_copy(&harness->next_memory, &harness->memory);
        harness->has_next = true;
    }
    if (harness->has_only && !is_only)
        return;
    harness->index = index;
    int code = disk_guard(harness->said, check_image, harness);
    harness->image_count++;
    if (code != 0)
        report(harness, code);
    harness->index = index + 1;
}

/* --- which images --- */

static void drop_all(bool *is_kept, size_t count, bool value)
{
    for (size_t i = 0; i < count; i++)
        is_kept[i] = value;
}

static size_t list_loose(const struct disk *disk, bool last_is_under_way, size_t *loose)
{
    size_t count = disk_pending_count(disk), found = 0;
    if (count > PENDING_MAX)
        disk_die("too many writes are not durable");
    for (size_t i = 0; i < count; i++)
        if (disk_is_loose(disk, i) || (last_is_under_way && i + 1 == count))
            loose[found++] = i;
    return found;
}

/* Each subset where they are few; else each prefix, each one alone, each one missing. */
static void try_all(struct harness *harness, const struct disk *disk, bool last_is_under_way)
{
    bool is_kept[PENDING_MAX] = {false};
    size_t loose[PENDING_MAX], count = list_loose(disk, last_is_under_way, loose);
    struct disk_cut cut = {.is_kept = is_kept,
                           .last_is_under_way = last_is_under_way,
                           .name_count = disk_pending_name_count(disk),
                           .torn = SIZE_MAX};
    if (count <= SUBSETS_MAX) {
        for (size_t subset = 0; subset < (size_t)1 << count; subset++) {
            for (size_t i = 0; i < count; i++)
                is_kept[loose[i]] = (subset >> i & 1) != 0;
            try_image(harness, disk, &cut);
        }
        return;
    }
    for (size_t i = 0; i <= count; i++) {
        try_image(harness, disk, &cut);
        if (i < count)
            is_kept[loose[i]] = true;
    }
    for (size_t i = 0; i < count; i++) {
        is_kept[loose[i]] = false;
        try_image(harness, disk, &cut);
        is_kept[loose[i]] = true;
    }
    drop_all(is_kept, PENDING_MAX, false);
    for (size_t i = 0; i < count; i++) {
        is_kept[loose[i]] = true;
        try_image(harness, disk, &cut);
        is_kept[loose[i]] = false;
    }
}

static void try_drawn(struct harness *harness, const struct disk *disk, bool last_is_under_way)
{
    bool is_kept[PENDING_MAX] = {false};
    size_t loose[PENDING_MAX], count = list_loose(disk, last_is_under_way, loose);
    struct disk_cut cut = {.is_kept = is_kept,
                           .last_is_under_way = last_is_under_way,
                           .name_count =
                               disk_below(&harness->chance, disk_pending_name_count(disk) + 1),
                           .torn = SIZE_MAX};
    uint64_t share = disk_below(&harness->chance, 5); /* of four: how much is kept */
    for (size_t i = 0; i < count; i++)
        is_kept[loose[i]] = disk_below(&harness->chance, 4) < share;
    if (count > 0 && disk_below(&harness->chance, 2) == 0) {
        cut.torn = loose[disk_below(&harness->chance, count)];
        cut.sectors = disk_next(&harness->chance);
        is_kept[cut.torn] = true;
    }
    try_image(harness, disk, &cut);
}

/* --- a recording --- */

/* How many images are drawn at each event, and the first of the syncs that are tried
 * exhaustively. */
struct plan {
    unsigned *drawn_count;
    size_t first_sync;
};

static struct plan make_plan(struct harness *harness, const struct disk_recording *recording)
{
    struct plan plan = {.drawn_count = calloc(recording->event_count + 1, sizeof(unsigned))};
    size_t sync_count = 0;
    if (plan.drawn_count == NULL)
        disk_die("no memory");
    for (size_t i = 0; i < recording->event_count; i++)
        sync_count += disk_event_syncs(&recording->events[i]);
    plan.first_sync = sync_count == 0 ? 0 : disk_below(&harness->chance, sync_count);
    for (int i = 0; i < IMAGES_PER_GENERATION / 2; i++)
        plan.drawn_count[disk_below(&harness->chance, recording->event_count)]++;
    /* The next generation goes on from a late image, when something has been promised. */
    harness->next_index = (unsigned)(IMAGES_PER_GENERATION / 4 +
                                     disk_below(&harness->chance, IMAGES_PER_GENERATION / 4));
    return plan;
}

static void take_mark(struct harness *harness, const struct disk_event *event)
{
    char line[200];
    snprintf(line, sizeof line, "%.*s", (int)event->head.len, (const char *)event->bytes);
    disk_memory_take(&harness->memory, line);
}

static bool is_enough(const struct harness *harness)
{
    return !harness->has_only && harness->image_count >= harness->image_count_max;
}

static void try_event(struct harness *harness, struct disk *disk, const struct disk_event *event,
                      const unsigned plan[2])
{
    bool is_write = event->head.type == DISK_WRITE;
    if (is_write)
        disk_step(disk, event);
    if (plan[0] != 0)
        try_all(harness, disk, is_write);
    for (unsigned i = 0; i < plan[1] && !is_enough(harness); i++)
        try_drawn(harness, disk, is_write);
    if (!is_write)
        disk_step(disk, event);
    if (event->head.type == DISK_MARK)
        take_mark(harness, event);
}

static void try_recording(struct harness *harness, struct disk *disk)
{
    struct disk_recording recording;
    size_t sync_index = 0, tried_count = 0;
    disk_recording_read(&recording, harness->recording);
    struct plan plan = make_plan(harness, &recording);
    harness->index = 0;
    harness->has_next = false;
    for (size_t i = 0; i < recording.event_count && !is_enough(harness); i++) {
        const struct disk_event *event = &recording.events[i];
        unsigned before = harness->index;
        bool is_tried = disk_event_syncs(event) && sync_index++ >= plan.first_sync &&
                        tried_count < IMAGES_PER_GENERATION / 2;
        try_event(harness, disk, event, (unsigned[]){is_tried, plan.drawn_count[i]});
        tried_count += is_tried ? harness->index - before - plan.drawn_count[i] : 0;
    }
    free(plan.drawn_count);
    disk_recording_free(&recording);
}

/* --- a seed --- */

static void set_environment(const struct harness *harness, bool is_recorded)
{
    static char library[DISK_PATH_SIZE];
    if (!is_recorded) {
        unsetenv("LD_PRELOAD");
        return;
    }
    snprintf(library, sizeof library, "%s", PH_RECORDER);
    setenv("LD_PRELOAD", library, 1);
    setenv("DISK_FOLDER", harness->base, 1);
    setenv("DISK_RECORDING", harness->recording, 1);
    unsetenv("DISK_SWALLOW");
    unsetenv("DISK_NOSYNC");
    if (harness->control != NULL && harness->control->variable != NULL)
        setenv(harness->control->variable, "1", 1);
}

/* False: it failed; on stderr it said why. */
static bool record(const struct harness *harness)
{
    char seed[32];
    int result = 0;
    snprintf(seed, sizeof seed, "%llu",
             (unsigned long long)(harness->seed * GENERATIONS + harness->generation));
    unlink(harness->recording);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        set_environment(harness, true);
        bool is_quiet = harness->control != NULL && freopen("/dev/null", "w", stderr) == NULL;
        if (!is_quiet && freopen("/dev/null", "w", stdout) != NULL)
            execl("/proc/self/exe", "crash_images", "--workload", harness->base, seed, NULL);
        _exit(2);
    }
    if (pid < 0 || waitpid(pid, &result, 0) != pid)
        disk_die("no child can be made");
    return result == 0;
}

static void run_seed(struct harness *harness)
{
    harness->chance.state = harness->seed;
    disk_memory_free(&harness->memory);
    disk_remove_folder(harness->base);
    if (mkdir(harness->base, S_IRWXU) != 0)
        disk_die("%s can't be made", harness->base);
    for (unsigned i = 0; i < GENERATIONS && !is_enough(harness); i++) {
        harness->generation = i;
        struct disk *disk = disk_new(harness->base);
        harness->has_next = false;
        if (record(harness))
            try_recording(harness, disk);
        else if (harness->control == NULL && harness->finding_count++ < FINDINGS_SHOWN)
            printf("the workload of seed %llu, generation %u failed\n",
                   (unsigned long long)harness->seed, i);
        disk_free(disk);
        if (!harness->has_next)
            return;
        disk_copy_folder(harness->next_base, harness->base);
        disk_memory_copy(&harness->memory, &harness->next_memory);
    }
}

/* --- the program --- */

static void run_seeds(struct harness *harness, uint64_t first, uint64_t image_count)
{
    unsigned idle_count = 0;
    harness->image_count = harness->finding_count = 0;
    harness->image_count_max = image_count;
    for (harness->seed = first; !is_enough(harness); harness->seed++) {
        uint64_t before = harness->image_count;
        run_seed(harness);
        idle_count = harness->image_count == before ? idle_count + 1 : 0;
        errno = 0;
        if (idle_count == IDLE_SEEDS_MAX)
            disk_die("%u seeds in a row leave no image", idle_count);
    }
}

/* True: what a disk that lies lost was seen, and an honest one lost nothing. */
static bool run_control(struct harness *harness, const struct control *control)
{
    harness->control = control;
    run_seeds(harness, 1, CONTROL_IMAGES);
    printf("crash images, control %s: %llu of %llu images lost something\n", control->name,
           (unsigned long long)harness->finding_count, (unsigned long long)harness->image_count);
    harness->control = NULL;
    return (harness->finding_count > 0) == (control->variable != NULL);
}

static void make_paths(struct harness *harness)
{
    disk_make_folder(harness->folder);
    disk_path(harness->base, harness->folder, "base");
    disk_path(harness->image, harness->folder, "image");
    disk_path(harness->next_base, harness->folder, "next");
    disk_path(harness->recording, harness->folder, "recording");
    disk_path(harness->said, harness->folder, "said");
}

static int run_only(struct harness *harness, const char *which)
{
    unsigned long long seed;
    if (sscanf(which, "%llu.%u.%u", &seed, &harness->only_generation, &harness->only_index) != 3)
        disk_die("--only SEED.GENERATION.IMAGE");
    harness->has_only = true;
    harness->seed = seed;
    run_seed(harness);
    printf("crash images: %llu checked, %llu findings, image in %s\n",
           (unsigned long long)harness->image_count, (unsigned long long)harness->finding_count,
           harness->folder);
    return harness->finding_count != 0;
}

static int run_many(struct harness *harness, uint64_t first, uint64_t count)
{
    time_t started = time(NULL);
    bool controls_work = true;
    for (size_t i = 0; i < CONTROL_COUNT; i++)
        controls_work = run_control(harness, &controls[i]) && controls_work;
    run_seeds(harness, first, count);
    printf("crash images: %llu checked, %llu findings, seeds %llu to %llu, %ld s%s\n",
           (unsigned long long)harness->image_count, (unsigned long long)harness->finding_count,
           (unsigned long long)first, (unsigned long long)harness->seed - 1,
           (long)(time(NULL) - started), controls_work ? "" : ", a CONTROL FAILED");
    disk_remove_folder(harness->folder);
    return harness->finding_count != 0 || !controls_work;
}

int main(int count, char **words)
{
    static struct harness harness;
    uint64_t first = 1, image_count = COUNT_DEFAULT;
    if (setenv("PHAROS_BIRTHS_UNKNOWN", "1", 1) != 0) /* an image is made of new files */
        disk_die("the environment is full");
    if (count == 4 && strcmp(words[1], "--workload") == 0)
        return disk_workload(words[2], strtoull(words[3], NULL, 10));
    make_paths(&harness);
    for (int i = 1; i + 1 < count; i += 2) {
        if (strcmp(words[i], "--only") == 0)
            return run_only(&harness, words[i + 1]);
        if (strcmp(words[i], "--first") == 0)
            first = strtoull(words[i + 1], NULL, 10);
        else if (strcmp(words[i], "--count") == 0)
            image_count = strtoull(words[i + 1], NULL, 10);
        else
            disk_die("crash_images [--first SEED] [--count IMAGES] [--only SEED.GENERATION.IMAGE]");
    }
    return run_many(&harness, first, image_count);
}
