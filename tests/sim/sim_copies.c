/* Disks that are copied, set back and cloned. */
#include "tests/sim/sim_state.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Both files of a machine's disk: which of them, and where. */
static void path_of(const struct sim_machine *machine, size_t which, char out[SIM_PATH_MAX * 2])
{
    if (which == 0)
        snprintf(out, SIM_PATH_MAX * 2, "%s/data.mdb", machine->path);
    else
        snprintf(out, SIM_PATH_MAX * 2, "%s", machine->journal);
}

static void read_file(const struct sim *sim, const char *path, struct sim_copy *copy)
{
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    copy->is_there = file >= 0;
    if (!copy->is_there)
        return;
    if (fstat(file, &about) != 0)
        sim_fail(sim, "%s can't be read", path);
    copy->len = (size_t)about.st_size;
    copy->bytes = realloc(copy->bytes, copy->len + 1);
    if (copy->bytes == NULL || read(file, copy->bytes, copy->len) != about.st_size)
        sim_fail(sim, "%s can't be read", path);
    close(file);
}

static void write_file(const struct sim *sim, const char *path, const struct sim_copy *copy)
{
    if (!copy->is_there) {
        remove(path);
        return;
    }
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || write(file, copy->bytes, copy->len) != (ssize_t)copy->len ||
        ftruncate(file, (off_t)copy->len) != 0)
        sim_fail(sim, "%s can't be written", path);
    close(file);
}

static void check_is_down(const struct sim *sim, uint32_t node)
{
    if (sim_is_up(sim, node))
        sim_fail(sim, "node %u is up: its disk can't be copied", node);
}

void sim_back_up(struct sim *sim, uint32_t node)
{
    struct sim_machine *machine = &sim->machines[node];
    char path[SIM_PATH_MAX * 2];
    check_is_down(sim, node);
    sim_trace_line(&sim->trace, sim->clock.now_ms, node, "! is backed up");
    for (size_t i = 0; i < SIM_DISK_FILES; i++) {
        path_of(machine, i, path);
        read_file(sim, path, &machine->backup[i]);
    }
    machine->backed_up = machine->identity;
}

static void write_backup(struct sim *sim, uint32_t node, uint32_t from)
{
    char path[SIM_PATH_MAX * 2];
    check_is_down(sim, node);
    for (size_t i = 0; i < SIM_DISK_FILES; i++) {
        path_of(&sim->machines[node], i, path);
        write_file(sim, path, &sim->machines[from].backup[i]);
    }
}

void sim_copy_to_all(struct sim *sim, uint32_t from)
{
    sim_back_up(sim, from);
    for (uint32_t node = 0; node < sim->options.node_count; node++)
        if (node != from)
            write_backup(sim, node, from);
}

void sim_restore(struct sim *sim, uint32_t node, uint32_t from, enum sim_secrets secrets)
{
    struct sim_machine *machine = &sim->machines[node];
    sim_trace_line(&sim->trace, sim->clock.now_ms, node, "! gets the backup of node %u, %s", from,
                   secrets == SIM_SECRETS_COPIED ? "secrets and all" : "without secrets");
    write_backup(sim, node, from);
    machine->identity = sim->machines[from].backed_up;
    machine->identity.has_writer = machine->identity.has_writer && secrets == SIM_SECRETS_COPIED;
}

void sim_copies_free(struct sim_machine *machine)
{
    for (size_t i = 0; i < SIM_DISK_FILES; i++)
        free(machine->backup[i].bytes);
}
