#include "tests/disk/workload.h"

#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/disk/files.h"
#include "tests/disk/school.h"

#define TERMS_MAX 3   /* how often the home is opened and closed */
#define WRITES_MAX 12 /* in each */
#define LONG_TITLES 4 /* one in so many */

static struct disk_chance chance;

/* --- the same chance each time --- */

static const char *name_of_chance(void)
{
    return "seeded";
}

static uint32_t draw_u32(void)
{
    return (uint32_t)disk_next(&chance);
}

static void draw_bytes(void *const out, const size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)disk_next(&chance);
}

static struct randombytes_implementation seeded = {
    .implementation_name = name_of_chance, .random = draw_u32, .buf = draw_bytes};

/* --- saying what is acknowledged --- */

static void say(const char *text)
{
    if (write(STDOUT_FILENO, text, strlen(text)) != (ssize_t)strlen(text))
        disk_die("nobody listens");
}

static void say_entry(const struct disk_known *entry)
{
    char line[DISK_KNOWN_LINE_SIZE];
    disk_known_line(entry, line);
    say(line);
}

static void say_record(const char *id)
{
    char line[64];
    snprintf(line, sizeof line, "record %s\n", id);
    say(line);
}

/* --- at work --- */

static void draw_title(char out[401])
{
    size_t len = disk_below(&chance, LONG_TITLES) == 0 ? 1 + disk_below(&chance, 400)
                                                       : 1 + disk_below(&chance, 30);
    memset(out, 'a' + (int)disk_below(&chance, 26), len);
    out[len] = 0;
}

static bool write_one(struct ph_session *session, char latest[33])
{
    char title[401];
    draw_title(title);
    bool is_change = latest[0] != 0 && disk_below(&chance, 3) == 0;
    if (is_change)
        return disk_school_change(session, latest, title);
    if (!disk_school_write(session, title, latest))
        return false;
    say_record(latest);
    return true;
}

static int work(struct ph_session *session, struct disk_memory *memory)
{
    char latest[33] = "";
    uint64_t count = 1 + disk_below(&chance, WRITES_MAX);
    for (uint64_t i = 0; i < count; i++)
        if (!write_one(session, latest) || !disk_school_learn(session, memory, say_entry))
            return 1;
    return 0;
}

static int found(struct ph_session *session, struct disk_memory *memory)
{
    if (!disk_school_found(session))
        return 1;
    say("founded\n");
    return disk_school_learn(session, memory, say_entry) ? 0 : 1;
}

int disk_workload(const char *home, uint64_t seed)
{
    struct disk_memory memory = {0};
    struct stat about;
    char key[DISK_PATH_SIZE];
    int code = 0;
    chance.state = seed;
    randombytes_set_implementation(&seeded);
    disk_path(key, home, "school.key");
    bool is_new = stat(key, &about) != 0;
    if (is_new && !disk_school_make(home))
        return 1;
    if (is_new)
        say("made\n");
    uint64_t count = 1 + disk_below(&chance, TERMS_MAX);
    for (uint64_t i = 0; i < count && code == 0; i++) {
        struct ph_session *session = disk_school_open(home);
        if (session == NULL)
            return 1;
        if (is_new && i == 0)
            code = found(session, &memory);
        if (code == 0)
            code = work(session, &memory);
        code = disk_school_close(session) != 0 ? 1 : code;
    }
    disk_memory_free(&memory);
    return code;
}
