#define _GNU_SOURCE

#include "tests/support/spaces.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 40

static int middle = -1;

static int file_of(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
    return open(path, O_RDONLY | O_CLOEXEC);
}

bool spaces_begin(void)
{
    bool is_allowed = unshare(CLONE_NEWNET) == 0 &&
                      space_run(WORDS("ip", "link", "add", "bridge0", "type", "bridge")) &&
                      space_run(WORDS("ip", "link", "set", "bridge0", "up"));
    if (!is_allowed) {
        printf("skipped: a network of its own is not allowed here, or there is no bridge\n");
        return false;
    }
    middle = file_of(getpid());
    return middle >= 0;
}

/* --- places --- */

static _Noreturn void keep(int ready)
{
    bool is_made = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && unshare(CLONE_NEWNET) == 0;
    if (!is_made || write(ready, "", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

bool space_make(struct space *space)
{
    int ends[2];
    char byte;
    if (pipe(ends) != 0)
        return false;
    space->keeper = fork();
    if (space->keeper == 0)
        keep(ends[1]);
    close(ends[1]);
    bool is_made = space->keeper > 0 && read(ends[0], &byte, 1) == 1;
    close(ends[0]);
    space->file = is_made ? file_of(space->keeper) : -1;
    return space->file >= 0;
}

void space_end(struct space *space)
{
    if (space->keeper <= 0)
        return;
    kill(space->keeper, SIGKILL);
    waitpid(space->keeper, NULL, 0);
    if (space->file >= 0)
        close(space->file);
    *space = (struct space){0};
}

void space_enter(const struct space *space)
{
    assert_int_equal(setns(space->file, CLONE_NEWNET), 0);
}

void space_leave(void)
{
    assert_int_equal(setns(middle, CLONE_NEWNET), 0);
}

/* --- what is done there --- */

bool space_run(const char *const *words)
{
    const char *arguments[ARGUMENTS_MAX] = {"env"};
    struct ph_child_spec spec = {
        .program = "/usr/bin/env", .arguments = arguments, .err = STDERR_FILENO};
    struct ph_child child;
    for (size_t i = 0; i + 2 < ARGUMENTS_MAX && words[i] != NULL; i++)
        arguments[1 + i] = words[i];
    return ph_child_start(&spec, &child) == PH_OK &&
           ph_child_wait(&child, ph_child_now_ms() + PROCESS_PATIENCE_MS) == 0;
}

void space_do(const struct space *space, const char *const *words)
{
    space_enter(space);
    bool is_done = space_run(words);
    space_leave();
    CHECK(is_done);
}

bool space_connect(const struct space *space, int number, const char *card)
{
    char port[16], pid[16];
    snprintf(port, sizeof port, "port%d", number);
    snprintf(pid, sizeof pid, "%d", (int)space->keeper);
    return space_run(WORDS("ip", "link", "add", port, "type", "veth", "peer", "name", card, "netns",
                           pid)) &&
           space_run(WORDS("ip", "link", "set", port, "master", "bridge0", "up"));
}

bool space_cable(const struct space *a, const char *card_a, const struct space *b,
                 const char *card_b)
{
    char pid_a[16], pid_b[16];
    snprintf(pid_a, sizeof pid_a, "%d", (int)a->keeper);
    snprintf(pid_b, sizeof pid_b, "%d", (int)b->keeper);
    return space_run(WORDS("ip", "link", "add", card_a, "netns", pid_a, "type", "veth", "peer",
                           "name", card_b, "netns", pid_b));
}

void space_address(const struct space *space, const char *card, const char *address)
{
    space_do(space, WORDS("ip", "link", "set", "lo", "up"));
    space_do(space, WORDS("ip", "addr", "add", address, "broadcast", "+", "dev", card));
    space_do(space, WORDS("ip", "link", "set", card, "up"));
}

void space_serve(const struct space *space, struct process_school *school, const char *listen,
                 const char *const *words)
{
    space_enter(space);
    process_serve_at(school, listen, words);
    space_leave();
}
