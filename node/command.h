/* Commands: one table, MessagePack in and out (README.md: names, arguments, answers). */
#ifndef PHAROS_NODE_COMMAND_H
#define PHAROS_NODE_COMMAND_H

#include "node/state.h"

void ph_command_on_command(struct ph_node *node, ph_command_id id, struct ph_bytes bytes);
void ph_command_on_gone(struct ph_node *node, ph_command_id id);
/* A batch is durable, or it found the disk full: those who wait for it are answered. */
void ph_command_on_committed(struct ph_node *node, uint64_t generation, enum ph_status status);
/* The writer that commands waited for is there: they begin again. */
void ph_command_on_writer(struct ph_node *node);
void ph_command_on_job_done(struct ph_node *node, struct ph_job *job);
/* At the end of each step: those that wait for a state of things, or have waited long enough. */
void ph_command_check(struct ph_node *node);
bool ph_command_has_waiting(const struct ph_node *node, enum ph_wait_for what);
uint64_t ph_command_next_ms(const struct ph_node *node);
void ph_command_free_all(struct ph_node *node);

#endif
