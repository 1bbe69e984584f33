/* Commands: one table, MessagePack in and out (README.md: names, arguments, answers). */
#ifndef PHAROS_NODE_COMMAND_H
#define PHAROS_NODE_COMMAND_H

#include "node/state.h"

void ph_command_on_command(struct ph_node *node, ph_command_id id, struct ph_bytes bytes);
void ph_command_on_gone(struct ph_node *node, ph_command_id id);
/* A batch is durable, or it found the disk full: those who wait for it are answered. */
void ph_command_on_committed(struct ph_node *node, uint64_t generation, enum ph_status status);
void ph_command_on_job_done(struct ph_node *node, struct ph_job *job);
/* At the end of each step: those that wait for a state of things, or have waited long enough. */
void ph_command_check(struct ph_node *node);
uint64_t ph_command_next_ms(const struct ph_node *node);
void ph_command_free_all(struct ph_node *node);

/* --- for command_*.c --- */

/* A request under way: its arguments, and the answer being built. */
struct ph_request {
    ph_command_id id;
    struct ph_bytes bytes; /* the whole request, borrowed */
    struct ph_unpacker args;
    struct ph_buffer answer;
    char error[256];       /* a plain sentence; the answer if not empty */
    enum ph_wait_for wait; /* NOTHING: answered at the end of the action */
    uint64_t deadline_ms;  /* of the wait */
    int address_index;     /* sync */
};

typedef enum ph_status ph_command_action(struct ph_node *node, struct ph_request *request);

/* Refuse with a sentence: returns PH_REFUSED. */
__attribute__((format(printf, 2, 3))) enum ph_status ph_refuse(struct ph_request *request,
                                                               const char *format, ...);
/* Writing answers: a map's text key, and values under one. */
void ph_answer_key(struct ph_buffer *out, const char *key);
void ph_answer_text(struct ph_buffer *out, const char *key, const char *text);
void ph_answer_uint(struct ph_buffer *out, const char *key, uint64_t value);
void ph_answer_bool(struct ph_buffer *out, const char *key, bool value);
void ph_answer_hex(struct ph_buffer *out, const char *key, const void *id, size_t len);

ph_command_action ph_command_network_new, ph_command_invite, ph_command_join, ph_command_confirm,
    ph_command_sync;
ph_command_action ph_command_new, ph_command_set, ph_command_add, ph_command_remove;
ph_command_action ph_command_show, ph_command_list, ph_command_log;
ph_command_action ph_command_status, ph_command_verify, ph_command_rebuild;

/* The answers of commands that wait for a state of things, once it has come; false: not yet. */
bool ph_command_sync_is_done(struct ph_node *node, const struct ph_wait *wait,
                             struct ph_buffer *answer, char error[256]);
bool ph_command_join_is_done(struct ph_node *node, const struct ph_wait *wait,
                             struct ph_buffer *answer, char error[256]);
bool ph_command_rebuild_is_done(struct ph_node *node, struct ph_buffer *answer);
void ph_command_verify_answer(struct ph_job *job, struct ph_buffer *answer);

#endif
