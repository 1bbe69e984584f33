/* A node under load, killed at random moments and started again: what it has answered is there, and
 * its log is one chain for everybody, a peer that follows included.
 *
 *     kills [--first SEED] [--count KILLS]
 *
 * Exit code 1: a finding. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/disk/guard.h"
#include "tests/disk/node.h"
#include "tests/disk/school.h"

#define COUNT_DEFAULT 200
#define CLIENTS 6
#define LOAD_US_MAX 30000  /* from the first write to the kill */
#define START_US_MAX 60000 /* from the start to a kill while it starts */
#define CHECK_EVERY 5
#define KILLS_PER_HOME 500

struct harness {
    char folder[DISK_PATH_SIZE], said[DISK_PATH_SIZE];
    struct disk_node killed, peer;
    struct disk_memory memory;
    struct disk_chance chance;
    uint64_t kill_count, early_count, finding_count, unanswered_count, record_count, title_number;
};

static void find(struct harness *harness, const char *what)
{
    harness->finding_count++;
    printf("kill %llu: %s; see %s\n", (unsigned long long)harness->kill_count, what,
           harness->folder);
}

/* --- load --- */

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void write_next(struct harness *harness, struct disk_client *client)
{
    char title[64];
    snprintf(title, sizeof title, "plan %llu", (unsigned long long)harness->title_number++);
    if (!disk_client_new_plan(client, title))
        disk_client_close(client);
}

/* What has been answered counts, even if it is read after the node's end. */
static void read_next(struct harness *harness, struct disk_client *client, bool goes_on)
{
    char line[64] = "record ";
    switch (disk_client_read(client, line + 7)) {
    case DISK_REPLY_NONE_YET:
        return;
    case DISK_REPLY_ID:
        disk_memory_take(&harness->memory, line);
        break;
    case DISK_REPLY_REFUSED:
        find(harness, "a write is refused");
        break;
    case DISK_REPLY_GONE:
        harness->unanswered_count++;
        disk_client_close(client);
        return;
    }
    if (goes_on)
        write_next(harness, client);
    else
        disk_client_close(client);
}

static void wait_for_some(const struct disk_client *clients, uint64_t us)
{
    struct pollfd all[CLIENTS];
    struct timespec time = {.tv_sec = (time_t)(us / 1000000),
                            .tv_nsec = (long)(us % 1000000) * 1000};
    for (size_t i = 0; i < CLIENTS; i++)
        all[i] = (struct pollfd){.fd = clients[i].fd, .events = POLLIN};
    (void)ppoll(all, CLIENTS, &time, NULL);
}

static void load_and_kill(struct harness *harness)
{
    struct disk_client clients[CLIENTS];
    uint64_t end_us = now_us() + disk_below(&harness->chance, LOAD_US_MAX), now = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        if (!disk_client_open(&clients[i], harness->killed.home))
            find(harness, "the control socket is closed");
        else
            write_next(harness, &clients[i]);
    }
    while ((now = now_us()) < end_us) {
        wait_for_some(clients, end_us - now);
        for (size_t i = 0; i < CLIENTS; i++)
            if (clients[i].fd >= 0)
                read_next(harness, &clients[i], true);
    }
    disk_node_kill(&harness->killed);
    for (size_t i = 0; i < CLIENTS; i++)
        while (clients[i].fd >= 0)
            read_next(harness, &clients[i], false);
}

/* --- checks --- */

static void print_entry(const struct disk_known *entry)
{
    char line[DISK_KNOWN_LINE_SIZE];
    disk_known_line(entry, line);
    printf("%s", line);
}

static enum disk_code check(void *impl)
{
    struct harness *harness = impl;
    struct ph_session *session = disk_school_open(harness->killed.home);
    if (session == NULL)
        return DISK_WRONG;
    enum disk_code code = disk_school_check(session, &harness->memory);
    if (code == DISK_WELL && !disk_school_learn(session, &harness->memory, print_entry))
        code = DISK_WRONG;
    return disk_school_end(session, code);
}

/* What the child has seen is remembered here. */
static void learn(struct harness *harness)
{
    FILE *said = fopen(harness->said, "r");
    char line[300];
    while (said != NULL && fgets(line, sizeof line, said) != NULL)
        if (strncmp(line, "entry ", 6) == 0)
            disk_memory_take(&harness->memory, line);
    if (said != NULL)
        fclose(said);
}

static void check_home(struct harness *harness)
{
    int code = disk_guard(harness->said, check, harness);
    if (code == 0) {
        learn(harness);
        return;
    }
    disk_guard_tell(harness->said, code);
    find(harness, "what is on the disk isn't right");
}

static char *root_of(const struct disk_node *node)
{
    char *text = NULL;
    if (disk_node_run(node, WORDS("--json", "status"), &text, NULL) != 0)
        return NULL;
    json_t *answer = json_loads(text, 0, NULL);
    const char *root = json_string_value(json_object_get(answer, "root"));
    char *copy = root == NULL ? NULL : strdup(root);
    json_decref(answer);
    free(text);
    return copy;
}

/* Two entries in one place would leave the two with different heads for ever. */
static void check_peer(struct harness *harness)
{
    char *err = NULL;
    if (disk_node_run(&harness->killed, WORDS("sync", harness->peer.address), NULL, &err) != 0) {
        printf("%s", err == NULL ? "" : err);
        find(harness, "the two can't sync");
    }
    free(err);
    char *here = root_of(&harness->killed), *there = root_of(&harness->peer);
    if (here == NULL || there == NULL || strcmp(here, there) != 0)
        find(harness, "the peer that followed holds something else");
    if (disk_node_run(&harness->peer, WORDS("verify"), NULL, NULL) != 0)
        find(harness, "the peer's store doesn't verify");
    free(here);
    free(there);
}

/* --- rounds --- */

static void sleep_us(uint64_t us)
{
    struct timespec time = {.tv_nsec = (long)us * 1000};
    nanosleep(&time, NULL);
}

static void run_round(struct harness *harness)
{
    disk_node_start(&harness->killed, harness->peer.address);
    if (disk_below(&harness->chance, 6) == 0) {
        sleep_us(disk_below(&harness->chance, START_US_MAX));
        disk_node_kill(&harness->killed);
        harness->early_count++;
    } else if (disk_node_await(&harness->killed))
        load_and_kill(harness);
    else {
        disk_node_kill(&harness->killed);
        find(harness, "it doesn't start again");
    }
    harness->kill_count++;
    if (harness->kill_count % CHECK_EVERY == 0)
        check_home(harness);
}

/* A home of its own, so that checking it stays quick. */
static void run_home(struct harness *harness, uint64_t count)
{
    uint64_t end = harness->kill_count + count;
    disk_make_folder(harness->folder);
    disk_path(harness->said, harness->folder, "said");
    disk_node_init(&harness->peer, harness->folder, "peer");
    disk_node_init(&harness->killed, harness->folder, "killed");
    disk_node_found(&harness->peer);
    disk_node_join(&harness->killed, &harness->peer);
    while (harness->kill_count < end && harness->finding_count == 0)
        run_round(harness);
    check_home(harness);
    if (harness->finding_count == 0)
        check_peer(harness);
    if (disk_node_stop(&harness->peer) != 0)
        find(harness, "the peer didn't end well");
    harness->record_count += harness->memory.record_count;
    disk_memory_free(&harness->memory);
    if (harness->finding_count == 0)
        disk_remove_folder(harness->folder);
}

static int run(struct harness *harness, uint64_t count)
{
    time_t started = time(NULL);
    while (harness->kill_count < count && harness->finding_count == 0) {
        uint64_t left = count - harness->kill_count;
        run_home(harness, left < KILLS_PER_HOME ? left : KILLS_PER_HOME);
    }
    printf("kills: %llu (%llu while starting), %llu records acknowledged, %llu writes unanswered, "
           "%llu findings, %ld s\n",
           (unsigned long long)harness->kill_count, (unsigned long long)harness->early_count,
           (unsigned long long)harness->record_count, (unsigned long long)harness->unanswered_count,
           (unsigned long long)harness->finding_count, (long)(time(NULL) - started));
    return disk_exit_code(harness->finding_count, harness->record_count, "record was acknowledged");
}

int main(int count, char **words)
{
    static struct harness harness;
    uint64_t kill_count = COUNT_DEFAULT;
    harness.chance.state = 1;
    for (int i = 1; i + 1 < count; i += 2) {
        uint64_t number = strtoull(words[i + 1], NULL, 10);
        if (strcmp(words[i], "--first") == 0)
            harness.chance.state = number;
        else if (strcmp(words[i], "--count") == 0)
            kill_count = number;
        else
            disk_die("kills [--first SEED] [--count KILLS]");
    }
    return run(&harness, kill_count);
}
