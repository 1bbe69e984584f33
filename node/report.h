/* Lines in the log that somebody on the other side of a connection can cause. They have a measure,
 * one for callers that are not known and one for sessions of members, so that nobody fills a disk
 * by calling, and strangers don't crowd out what is said of members: PH_REPORT_BURST lines at once,
 * then one each PH_REPORT_PACE_MS. What is left out is counted, and the next line says so. */
#ifndef PHAROS_NODE_REPORT_H
#define PHAROS_NODE_REPORT_H

#include "node/state.h"

/* "address: …". What the other side says is never part of it. */
__attribute__((format(printf, 4, 5))) void ph_report(struct ph_node *node,
                                                     const struct ph_peer *peer,
                                                     enum ph_log_level level, const char *format,
                                                     ...);

#endif
