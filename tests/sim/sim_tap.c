/* Listens to what a node says to its peers before it is sealed. Linked with --wrap=ph_outbox_send,
 * so the node's code is as it is everywhere else. */
#include "node/outbox.h"
#include "tests/sim/sim_state.h"

enum ph_status __real_ph_outbox_send(struct ph_node *node, struct ph_peer *peer,
                                     const struct ph_buffer *message);
enum ph_status __wrap_ph_outbox_send(struct ph_node *node, struct ph_peer *peer,
                                     const struct ph_buffer *message);

enum ph_status __wrap_ph_outbox_send(struct ph_node *node, struct ph_peer *peer,
                                     const struct ph_buffer *message)
{
    struct sim_machine *machine = sim_machine_stepping;
    if (machine != NULL && !machine->is_mute && machine->sim->watcher.said != NULL)
        machine->sim->watcher.said(machine->sim->watcher.impl, machine->index,
                                   ph_buffer_bytes(message));
    return __real_ph_outbox_send(node, peer, message);
}
