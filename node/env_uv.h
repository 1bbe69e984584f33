/* The environment of one node on libuv: its loop, clock, chance, TCP, commits and jobs on worker
 * threads, the control socket, and an orderly end on SIGINT and SIGTERM.
 *
 *     ph_env_uv_new -> ph_node_new(ph_env_uv_env) -> ph_env_uv_attach
 *       -> ph_env_uv_listen, _control, _run       a server
 *       -> ph_env_uv_command..., ph_env_uv_stop   one command in this process
 *     -> ph_env_uv_free -> ph_node_free
 *
 * All of it on one thread. One process has one of these at a time, since signals are the process's:
 * the first SIGINT or SIGTERM stops the node in good order, a second one ends the process at once
 * with exit code 130. SIGPIPE is ignored from ph_env_uv_new on. */
#ifndef PHAROS_NODE_ENV_UV_H
#define PHAROS_NODE_ENV_UV_H

#include "pharos/env.h"
#include "pharos/log.h"
#include "store/store.h"

struct ph_env_uv;
struct ph_node;

/* `log` is borrowed for its life. PH_NO_MEMORY, PH_IO. */
PH_MUST_USE enum ph_status ph_env_uv_new(const struct ph_log_sink *log, struct ph_env_uv **out);

/* Close everything that is open. False: a worker is still busy (a name being looked up, a long job)
 * and could not be waited for; then nothing is freed, node and store must stay too, and the process
 * should leave by _exit. NULL is fine. */
PH_MUST_USE bool ph_env_uv_free(struct ph_env_uv *env);

/* For ph_node_config; valid as long as `env`. */
struct ph_env ph_env_uv_env(struct ph_env_uv *env);

/* Give it the node that it serves, and the node its first event, WAKE. Both borrowed until
 * ph_env_uv_free. Once. */
void ph_env_uv_attach(struct ph_env_uv *env, struct ph_node *node, struct ph_store *store);

/* Listen for other nodes: "[::]:7410" is IPv6 and IPv4, or IPv4 alone where there is no IPv6; port
 * 0 is any free one. `actual` says where. PH_REFUSED: `why` says in one sentence. */
PH_MUST_USE enum ph_status ph_env_uv_listen(struct ph_env_uv *env, const char *address,
                                            char actual[PH_ADDRESS_LEN_MAX + 1], char why[200]);
/* Once it listens: say so to everybody near on this UDP port (0: to nobody), and hear it of others;
 * nothing is sent where it listens on loopback alone. And tell the node its addresses: these, and
 * those of the machine that it listens on. Once. */
void ph_env_uv_announce(struct ph_env_uv *env, uint16_t udp_port,
                        const char (*addresses)[PH_ADDRESS_LEN_MAX + 1], size_t count);
/* Listen for commands on a Unix socket in the folder `dir` (form: control_path_uv.h), whose lock
 * the caller holds. PH_REFUSED: `why` says in one sentence. */
PH_MUST_USE enum ph_status ph_env_uv_control(struct ph_env_uv *env, const char *dir, char why[200]);

/* Run until a signal has stopped the node in good order: PH_OK. Otherwise the local failure that
 * ended it. PH_DRAIN_MS_MAX bounds the stop, a commit under way excepted. */
PH_MUST_USE enum ph_status ph_env_uv_run(struct ph_env_uv *env);

/* Give the node one command and run until the last piece of its answer has come to `on_piece`
 * (borrowed for the call; which must not call back into `env`).
 * PH_PARTIAL: a signal stopped the node before. Else the local failure that ended it. */
PH_MUST_USE enum ph_status
ph_env_uv_command(struct ph_env_uv *env, struct ph_bytes request, void *impl,
                  void (*on_piece)(void *impl, struct ph_bytes piece, bool is_last));

/* Stop as a signal would, and run until that is done. As ph_env_uv_run. */
PH_MUST_USE enum ph_status ph_env_uv_stop(struct ph_env_uv *env);

/* Addresses of this machine's network interfaces as "host:port", loopback and link-local ones left
 * out: what others might reach. Writes at most `max`, says how many. */
size_t ph_env_uv_own_addresses(uint16_t port, char (*out)[PH_ADDRESS_LEN_MAX + 1], size_t max);

#endif
