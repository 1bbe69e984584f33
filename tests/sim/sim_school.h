/* What people do at a node, and what they see: the commands of node/README.md with their arguments
 * packed and their answers picked apart. Those without a way to say no end the program if
 * refused. */
#ifndef PHAROS_TESTS_SIM_SCHOOL_H
#define PHAROS_TESTS_SIM_SCHOOL_H

#include "proto/invitation.h"
#include "tests/sim/sim.h"

struct sim_code {
    char text[PH_INVITATION_CODE_MAX];
};
struct sim_id {
    char text[33]; /* a record, in hex; empty: none */
};
struct sim_text {
    char text[1024];
};

void sim_found(struct sim *sim, uint32_t node, const char *network_name);
/* The same with the quota of a log as no command sets it; the node is down, and starts as
 * founder. */
void sim_found_with_quota(struct sim *sim, uint32_t node, const char *network_name, uint64_t quota);
/* All nodes are members of one network, each with the card that its log begins with, and hold the
 * same; all are down. It is written to their disks, since so many can't be asked to join. */
void sim_found_all(struct sim *sim, const char *network_name);
/* `host` is whose address goes into the code; UINT32_MAX: none. */
struct sim_code sim_invite(struct sim *sim, uint32_t node, uint32_t uses, uint32_t host);
/* A code for another installation of `node`'s school, or, with `command` "invite_successor", for a
 * new key of school `other`. `node`'s address is in it. */
struct sim_code sim_invite_installation(struct sim *sim, uint32_t node);
struct sim_code sim_invite_successor(struct sim *sim, uint32_t node, uint32_t other);
/* Close the installation of that number; false: refused. */
bool sim_close_writer(struct sim *sim, uint32_t node, uint32_t number);
/* At `host`'s address, if the code has none; UINT32_MAX. False: still waiting after `wait_ms`. */
bool sim_join(struct sim *sim, uint32_t node, const struct sim_code *code, uint32_t host,
              uint32_t wait_ms);
/* Begin to join and don't wait. */
ph_command_id sim_join_begin(struct sim *sim, uint32_t node, const struct sim_code *code);
/* The voter `node` confirms school `other`. Whether that made it a voter. */
bool sim_confirm(struct sim *sim, uint32_t node, uint32_t other);
/* What a waiting school shows a voter, and its being admitted by that; false: refused. */
struct sim_text sim_request(struct sim *sim, uint32_t node);
bool sim_admit(struct sim *sim, uint32_t node, const struct sim_text *request);
/* `node` votes on what `command` asks of school `other`, the first of them proposing it
 * ("member_remove", "member_restore"). Whether that decided it; false too if it is refused. */
bool sim_decide(struct sim *sim, uint32_t node, const char *command, uint32_t other);
ph_command_id sim_decide_begin(struct sim *sim, uint32_t node, const char *command,
                               uint32_t other); /* and don't wait */
bool sim_leave(struct sim *sim, uint32_t node); /* false: refused */
/* One exchange; false: an error, which is then in the trace. */
bool sim_sync(struct sim *sim, uint32_t node, uint32_t other, uint32_t wait_ms);
/* A founder (node 0) and the others joined at it: the usual beginning. */
struct sim *sim_network(uint64_t seed, uint32_t node_count);

/* `size` - 1 letters, as chance has them, so that they don't compress. */
void sim_draw_text(uint64_t *chance, char *out, size_t size);
/* A record with one field set; the value may be NULL. */
struct sim_id sim_write(struct sim *sim, uint32_t node, const char *kind, const char *field,
                        const char *value);
/* Begin it and don't wait; sim_written then gives the id, or an empty one (no answer, or
 * refused). */
ph_command_id sim_write_begin(struct sim *sim, uint32_t node, const char *kind, const char *field,
                              const char *value);
struct sim_id sim_written(const struct sim *sim, ph_command_id command);
/* `how`: "set", "add" or "remove". False: refused. */
bool sim_change(struct sim *sim, uint32_t node, const char *how, const struct sim_id *id,
                const char *field, const char *value);
ph_command_id sim_change_begin(struct sim *sim, uint32_t node, const char *how,
                               const struct sim_id *id, const char *field, const char *value);

/* What `show` says of a field: "one (School 0) | two (School 1)", as it lists them; "" if there is
 * nothing, "?" if there is no such record. */
struct sim_text sim_show(struct sim *sim, uint32_t node, const struct sim_id *id,
                         const char *field);
/* How many records of a kind `list` knows. */
uint32_t sim_count(struct sim *sim, uint32_t node, const char *kind);
/* What it was told of its own installation, all in one text. */
struct sim_text sim_notices(struct sim *sim, uint32_t node);
/* How many rows `log` has of that school, of those it shows on its first page. */
uint32_t sim_log_count(struct sim *sim, uint32_t node, const char *school);
/* Reads and checks everything in the store; false: damage, which is then in the trace. */
bool sim_verify(struct sim *sim, uint32_t node);
/* The sentence of an answer that is an error; NULL: it is none. Borrowed from a static place. */
const char *sim_error(struct ph_bytes answer);
/* The item under a key of a map; empty: none. */
struct ph_bytes sim_pick(struct ph_bytes map, const char *key);
/* As text; empty if it is none. */
struct sim_text sim_pick_text(struct ph_bytes map, const char *key);

#endif
