/* The program: one table of commands. */
#include "proto/crypto.h"
#include "tools/commands.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const struct ph_command commands[] = {
    {"init", "--school NAME", "make this school's home folder", "--school=", 0, 0, cmd_init},
    {"network new", "NAME", "found a network", NULL, 1, 1, cmd_network_new},
    {"invite", "[--uses N] [--address HOST:PORT]...", "print a code for another school to join",
     "--uses= --address=", 0, 0, cmd_invite},
    {"join", "CODE|- [--peer HOST:PORT]...", "join a network; - reads the code from stdin",
     "--peer=", 1, 1, cmd_join},
    {"member list", "", "the schools of the network, and what is asked about them", NULL, 0, 0,
     cmd_member_list},
    {"member invite", "[--uses N] [--address HOST:PORT]...", "the same as invite",
     "--uses= --address=", 0, 0, cmd_invite},
    {"member request", "", "print what a voter admits a waiting school by, if none can be reached",
     NULL, 0, 0, cmd_member_request},
    {"member admit", "REQUEST", "admit a school that waits, by its request", NULL, 1, 1,
     cmd_member_admit},
    {"member confirm", "SCHOOL", "vote to let a member school vote", NULL, 1, 1,
     cmd_member_confirm},
    {"member remove", "SCHOOL", "vote to remove a school", NULL, 1, 1, cmd_member_remove},
    {"member restore", "SCHOOL", "vote to take a removed school back", NULL, 1, 1,
     cmd_member_restore},
    {"member successor", "SCHOOL [--address HOST:PORT]...",
     "print a code for a school that has lost its key to come back with another", "--address=", 1,
     1, cmd_member_successor},
    {"member succeed", "SCHOOL", "vote for the new key of a school", NULL, 1, 1,
     cmd_member_succeed},
    {"member leave", "", "leave the network", NULL, 0, 0, cmd_member_leave},
    {"host list", "", "whose turn it is as host, and the terms to come", NULL, 0, 0, cmd_host_list},
    {"host propose", "SCHOOL [--deputy SCHOOL]... [--from DATE] [--to DATE]",
     "propose a school's turn as host", "--deputy= --from= --to=", 1, 1, cmd_host_propose},
    {"host accept", "[--no]", "accept this school's turn, or decline it", "--no", 0, 0,
     cmd_host_accept},
    {"host handover", "", "hand over to the next host", NULL, 0, 0, cmd_host_handover},
    {"host take", "[SCHOOL]", "ask to take over from a host that is gone, or agree to it", NULL, 0,
     1, cmd_host_take},
    {"writer list", "", "the installations of this school", NULL, 0, 0, cmd_writer_list},
    {"writer add", "[--address HOST:PORT]...",
     "print a code for another PC of this school to join with", "--address=", 0, 0, cmd_writer_add},
    {"writer close", "NUMBER", "end an installation, as of a PC that was lost", NULL, 1, 1,
     cmd_writer_close},
    {"policy list", "", "what the network has decided about itself", NULL, 0, 0, cmd_policy_list},
    {"policy set", "NAME NUMBER", "vote on a setting of the network", NULL, 2, 2, cmd_policy_set},
    {"serve",
     "[--listen ADDR:PORT] [--peer HOST:PORT]... [--address HOST:PORT]... [--beacon PORT|off]",
     "run the node", "--listen= --peer= --address= --beacon=", 0, 0, cmd_serve},
    {"new", "KIND [--with network] FIELD=VALUE...", "write a record, print its id", "--with=", 1,
     INT_MAX, cmd_new},
    {"set", "ID FIELD=VALUE...", "change fields; an empty value clears", NULL, 2, INT_MAX, cmd_set},
    {"add", "ID FIELD=VALUE...", "add to a field that holds several", NULL, 2, INT_MAX, cmd_add},
    {"remove", "ID FIELD=VALUE...", "take from a field that holds several", NULL, 2, INT_MAX,
     cmd_remove},
    {"show", "ID", "a record, with every value that schools wrote apart", NULL, 1, 1, cmd_show},
    {"list", "KIND", "all records of a kind", NULL, 1, 1, cmd_list},
    {"log", "[ID]", "who wrote what, and when they say they did", NULL, 0, 1, cmd_log},
    {"status", "[--why SCHOOL]", "school, network, members, peers; or what a school lacks, and why",
     "--why=", 0, 0, cmd_status},
    {"sync", "HOST:PORT", "one exchange with one node, then exit", NULL, 1, 1, cmd_sync},
    {"doctor", "SCHOOL|HOST:PORT", "try every way to a school, and say what is wrong", NULL, 1, 1,
     cmd_doctor},
    {"verify", "", "read and check everything that is stored", NULL, 0, 0, cmd_verify},
    {"rebuild", "", "make the records again from the logs", NULL, 0, 0, cmd_rebuild},
    {"demo", "[--schools N] [--keep DIR]", "show a network of schools at work on this machine",
     "--schools= --keep=", 0, 0, cmd_demo},
    {"bench sync", "[--records N] [--writers N] [--bytes N] [--keep DIR]",
     "measure the first sync of two nodes on this machine",
     "--records= --writers= --bytes= --keep=", 0, 0, cmd_bench_sync},
    {"version", "", "print the version", NULL, 0, 0, cmd_version},
    {0},
};

static bool is_help(int count, char **arguments)
{
    return count == 0 || strcmp(arguments[0], "help") == 0 || strcmp(arguments[0], "-h") == 0 ||
           strcmp(arguments[0], "--help") == 0;
}

/* `pharos COMMAND --help` */
static bool asks_for_help(int count, char **arguments)
{
    for (int i = 0; i < count && strcmp(arguments[i], "--") != 0; i++)
        if (strcmp(arguments[i], "--help") == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    struct ph_cli cli;
    if (ph_crypto_init() != PH_OK)
        return ph_cli_refuse("The cryptographic library doesn't start.");
    if (is_help(argc - 1, argv + 1) || asks_for_help(argc - 1, argv + 1)) {
        ph_cli_help(commands, stdout);
        return PH_EXIT_OK;
    }
    int code = ph_cli_parse(commands, argv + 1, argc - 1, &cli);
    if (code == PH_EXIT_OK && cli.command == NULL) {
        ph_cli_help(commands, stderr);
        code = PH_EXIT_USAGE;
    }
    if (code == PH_EXIT_OK)
        code = cli.command->run(&cli);
    if (fflush(stdout) != 0 || ferror(stdout))
        code = code != PH_EXIT_OK ? code : ph_cli_refuse("The answer can't be written.");
    return code;
}
