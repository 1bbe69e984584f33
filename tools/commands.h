/* The commands of the program, each `int cmd_…(struct ph_cli *)` that returns an exit code; their
 * words, options and help are in the table of pharos.c. */
#ifndef PHAROS_TOOLS_COMMANDS_H
#define PHAROS_TOOLS_COMMANDS_H

#include "tools/cli.h"

int cmd_init(struct ph_cli *cli); /* cmd_network.c */
int cmd_network_new(struct ph_cli *cli);
int cmd_invite(struct ph_cli *cli);
int cmd_join(struct ph_cli *cli);
int cmd_member_successor(struct ph_cli *cli);
int cmd_writer_add(struct ph_cli *cli);
int cmd_member_list(struct ph_cli *cli); /* cmd_member.c */
int cmd_member_request(struct ph_cli *cli);
int cmd_member_admit(struct ph_cli *cli);
int cmd_member_confirm(struct ph_cli *cli);
int cmd_member_remove(struct ph_cli *cli);
int cmd_member_restore(struct ph_cli *cli);
int cmd_member_succeed(struct ph_cli *cli);
int cmd_member_leave(struct ph_cli *cli);
int cmd_host_list(struct ph_cli *cli); /* cmd_host.c */
int cmd_host_propose(struct ph_cli *cli);
int cmd_host_accept(struct ph_cli *cli);
int cmd_host_handover(struct ph_cli *cli);
int cmd_host_take(struct ph_cli *cli);
int cmd_writer_list(struct ph_cli *cli);
int cmd_writer_close(struct ph_cli *cli);
int cmd_policy_list(struct ph_cli *cli);
int cmd_policy_set(struct ph_cli *cli);
int cmd_serve(struct ph_cli *cli); /* cmd_serve.c */
int cmd_new(struct ph_cli *cli);   /* cmd_record.c */
int cmd_set(struct ph_cli *cli);
int cmd_add(struct ph_cli *cli);
int cmd_remove(struct ph_cli *cli);
int cmd_show(struct ph_cli *cli); /* cmd_show.c */
int cmd_list(struct ph_cli *cli);
int cmd_log(struct ph_cli *cli);
int cmd_status(struct ph_cli *cli); /* cmd_status.c */
int cmd_sync(struct ph_cli *cli);
int cmd_verify(struct ph_cli *cli);
int cmd_rebuild(struct ph_cli *cli);
int cmd_version(struct ph_cli *cli);
int cmd_doctor(struct ph_cli *cli);     /* cmd_doctor.c */
int cmd_demo(struct ph_cli *cli);       /* cmd_demo.c */
int cmd_bench_sync(struct ph_cli *cli); /* cmd_bench.c */

#endif
