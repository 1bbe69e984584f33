#include "node/penalty.h"

#include "node/peers.h"
#include "node/report.h"

void ph_penalty_fail(struct ph_node *node, enum ph_status status, const char *what)
{
    ph_log(node->log, PH_LOG_ERROR, "%s: %s; stopping", what, ph_status_text(status));
    if (node->failure == PH_OK)
        node->failure = status;
}

void ph_penalty_apply(struct ph_node *node, struct ph_peer *peer, enum ph_status status,
                      const char *what)
{
    switch (ph_status_blame(status)) {
    case PH_BLAME_NONE:
        return;
    case PH_BLAME_USER:
    case PH_BLAME_PEER:
        ph_report(node, peer, PH_LOG_WARN, "%s: %s; connection closed", what,
                  ph_status_text(status));
        ph_peers_end(node, peer, PH_END_BAD_INPUT);
        return;
    case PH_BLAME_LOCAL:
        ph_penalty_fail(node, status, what);
        return;
    }
}
