/* The commands themselves; command.c has the table of their names. */
#ifndef PHAROS_NODE_COMMAND_LIST_H
#define PHAROS_NODE_COMMAND_LIST_H

#include "node/request.h"

/* Reads its arguments, does what is asked, writes the answer or says what it waits for. */
typedef enum ph_status ph_command_action(struct ph_node *node, struct ph_request *request);

ph_command_action ph_command_network_new, ph_command_invite, ph_command_invite_successor,
    ph_command_writer_add, ph_command_join, ph_command_sync;
ph_command_action ph_command_member_request, ph_command_member_admit;
ph_command_action ph_command_doctor, ph_command_doctor_school;
ph_command_action ph_command_members, ph_command_confirm, ph_command_member_remove,
    ph_command_member_restore, ph_command_member_succeed, ph_command_member_leave;
ph_command_action ph_command_policy, ph_command_policy_set;
ph_command_action ph_command_host_list, ph_command_host_propose, ph_command_host_accept,
    ph_command_host_handover, ph_command_host_take;
ph_command_action ph_command_writers, ph_command_writer_close;
ph_command_action ph_command_new, ph_command_set, ph_command_add, ph_command_remove;
ph_command_action ph_command_show, ph_command_list, ph_command_log;
ph_command_action ph_command_status, ph_command_why, ph_command_verify, ph_command_rebuild;

/* The answers of commands that wait for a state of things, once it has come; false: not yet. */
bool ph_command_sync_is_done(struct ph_node *node, const struct ph_wait *wait,
                             struct ph_buffer *answer, char error[256]);
bool ph_command_doctor_is_done(struct ph_node *node, const struct ph_wait *wait,
                               struct ph_buffer *answer, char error[256]);
bool ph_command_join_is_done(struct ph_node *node, const struct ph_wait *wait,
                             struct ph_buffer *answer, char error[256]);
bool ph_command_rebuild_is_done(struct ph_node *node, struct ph_buffer *answer, char error[256]);
void ph_command_verify_answer(struct ph_job *job, struct ph_buffer *answer);

#endif
