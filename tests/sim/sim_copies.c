/* Disks that are copied, set back and cloned. */
#include "tests/sim/sim_state.h"

#include <stdio.h>
#include <stdlib.h>

static void copy_file(const struct sim *sim, const char *from, const char *to)
{
    uint8_t room[65536];
    FILE *in = fopen(from, "rb");
    if (in == NULL) {
        remove(to); /* there was none */
        return;
    }
    FILE *out = fopen(to, "wb");
    if (out == NULL)
        sim_fail(sim, "%s can't be written", to);
    for (size_t len; (len = fread(room, 1, sizeof room, in)) != 0;)
        if (fwrite(room, 1, len, out) != len)
            sim_fail(sim, "%s can't be written", to);
    fclose(in);
    if (fclose(out) != 0)
        sim_fail(sim, "%s can't be written", to);
}

static void check_is_down(const struct sim *sim, uint32_t node)
{
    if (sim_is_up(sim, node))
        sim_fail(sim, "node %u is up: its disk can't be copied", node);
}

/* The files of a machine's disk, and of its backup beside it. */
static void data_of(const struct sim *sim, uint32_t node, bool of_backup,
                    char out[SIM_PATH_MAX * 2])
{
    if (of_backup)
        snprintf(out, SIM_PATH_MAX * 2, "%s/node%u.backup", sim->root_path, node);
    else
        snprintf(out, SIM_PATH_MAX * 2, "%s/data.mdb", sim->machines[node].path);
}

static void journal_of(const struct sim *sim, uint32_t node, bool of_backup,
                       char out[SIM_PATH_MAX * 2])
{
    snprintf(out, SIM_PATH_MAX * 2, "%s%s", sim->machines[node].journal,
             of_backup ? ".backup" : "");
}

static void copy_disk(const struct sim *sim, uint32_t from, uint32_t to, bool into_backup)
{
    char source[SIM_PATH_MAX * 2], target[SIM_PATH_MAX * 2];
    data_of(sim, from, !into_backup, source);
    data_of(sim, to, into_backup, target);
    copy_file(sim, source, target);
    journal_of(sim, from, !into_backup, source);
    journal_of(sim, to, into_backup, target);
    copy_file(sim, source, target);
}

void sim_back_up(struct sim *sim, uint32_t node)
{
    check_is_down(sim, node);
    sim_trace_line(&sim->trace, sim->clock.now_ms, node, "! is backed up");
    copy_disk(sim, node, node, true);
    sim->machines[node].backed_up = sim->machines[node].identity;
}

void sim_restore(struct sim *sim, uint32_t node, uint32_t from, enum sim_secrets secrets)
{
    struct sim_machine *machine = &sim->machines[node];
    check_is_down(sim, node);
    sim_trace_line(&sim->trace, sim->clock.now_ms, node, "! gets the backup of node %u, %s", from,
                   secrets == SIM_SECRETS_COPIED ? "secrets and all" : "without secrets");
    copy_disk(sim, from, node, false);
    machine->identity = sim->machines[from].backed_up;
    machine->identity.has_writer = machine->identity.has_writer && secrets == SIM_SECRETS_COPIED;
}

void sim_copies_remove(const struct sim *sim, uint32_t node)
{
    char path[SIM_PATH_MAX * 2];
    data_of(sim, node, true, path);
    remove(path);
    journal_of(sim, node, true, path);
    remove(path);
}
