#include "tools/bench_run.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_US 5000
#define STEP_MS 2
#define START_MS 20000
#define STOP_MS 10000

/* --- signals --- */

/* Handlers know nothing but what is global. */
static volatile sig_atomic_t is_stopped;

static void on_signal(int number)
{
    is_stopped = number;
}

void ph_bench_catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

bool ph_bench_is_stopped(void)
{
    return is_stopped != 0;
}

/* --- memory --- */

static uint64_t read_anonymous_kib(pid_t pid)
{
    char path[64], text[4096] = "";
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    text[len > 0 ? len : 0] = 0;
    const char *line = strstr(text, "RssAnon:");
    return line != NULL ? strtoull(line + strlen("RssAnon:"), NULL, 10) : 0;
}

static void look(struct ph_bench_node *node)
{
    uint64_t kib = node->child.pid != 0 ? read_anonymous_kib(node->child.pid) : 0;
    if (kib > node->anonymous_kib_max)
        node->anonymous_kib_max = kib;
}

void ph_bench_step(struct ph_bench_run *run)
{
    uint64_t now_us = ph_bench_now_us();
    if (now_us - run->looked_us >= LOOK_US) {
        run->looked_us = now_us;
        look(&run->full);
        look(&run->empty);
    }
    ph_bench_wire_step(&run->wire, STEP_MS);
}

/* --- nodes --- */

enum ph_status ph_bench_serve(struct ph_bench_node *node, char why[PH_WHY_SIZE])
{
    static const char before[] = "listening on ";
    char line[PH_ADDRESS_LEN_MAX + sizeof before] = "";
    const char *arguments[] = {"pharos", "serve",  "--listen", "127.0.0.1:0", "--log",
                               "warn",   "--home", node->home, NULL};
    struct ph_child_spec spec = {PH_CHILD_SELF, arguments, NULL, STDERR_FILENO};
    enum ph_status status = ph_child_start(&spec, &node->child);
    if (status == PH_OK)
        status = ph_child_line(&node->child, line, sizeof line, ph_child_now_ms() + START_MS);
    if (status == PH_OK && strncmp(line, before, strlen(before)) == 0) {
        snprintf(node->address, sizeof node->address, "%s", line + strlen(before));
        return PH_OK;
    }
    snprintf(why, PH_WHY_SIZE, "The node of %.200s does not start.", node->home);
    return PH_IO;
}

void ph_bench_end(struct ph_bench_run *run, struct ph_bench_node *node)
{
    uint64_t deadline_ms = ph_child_now_ms() + STOP_MS;
    if (node->child.pid == 0)
        return;
    ph_child_signal(&node->child, SIGTERM);
    /* Its last words go over the wire. */
    while (ph_child_gather(&node->child, NULL, NULL, ph_child_now_ms()) == PH_WAITING &&
           ph_child_now_ms() < deadline_ms)
        ph_bench_step(run);
    while (ph_bench_wire_is_up(&run->wire) && ph_child_now_ms() < deadline_ms)
        ph_bench_step(run);
    ph_child_stop(&node->child, deadline_ms);
    node->child = PH_CHILD_NONE;
}

/* --- commands --- */

enum ph_status ph_bench_command(struct ph_bench_run *run, const char *home, const char *command,
                                const char *word, json_t **out)
{
    const char *arguments[] = {"pharos", command, "--json", "--home", home, word, NULL};
    struct ph_child_spec spec = {PH_CHILD_SELF, arguments, NULL, STDERR_FILENO};
    struct ph_child child = PH_CHILD_NONE;
    struct ph_child_text text = {0};
    enum ph_status status = ph_child_start(&spec, &child);
    if (status == PH_OK) {
        while ((status = ph_child_gather(&child, &text, NULL, ph_child_now_ms())) == PH_WAITING &&
               is_stopped == 0)
            ph_bench_step(run);
    }
    int code = status == PH_OK ? ph_child_wait(&child, ph_child_now_ms() + STOP_MS)
                               : ph_child_stop(&child, ph_child_now_ms() + STOP_MS);
    *out = status == PH_OK && code == 0 ? json_loadb(text.text, text.len, 0, NULL) : NULL;
    ph_child_text_free(&text);
    return *out != NULL ? PH_OK : PH_REFUSED;
}
