#include "node/report.h"

static struct ph_report_measure *measure_of(struct ph_node *node, const struct ph_peer *peer)
{
    return peer->state == PH_PEER_OPEN ? &node->member_reports : &node->stranger_reports;
}

/* Spent lines come back with time. */
static void refill(struct ph_report_measure *measure, uint64_t now_ms)
{
    uint64_t count = (now_ms - measure->counted_ms) / PH_REPORT_PACE_MS;
    measure->counted_ms += count * PH_REPORT_PACE_MS;
    measure->spent -= count < measure->spent ? (uint32_t)count : measure->spent;
}

static bool may_say(struct ph_report_measure *measure, uint64_t now_ms)
{
    refill(measure, now_ms);
    if (measure->spent < PH_REPORT_BURST) {
        measure->spent++;
        return true;
    }
    if (measure->left_out < UINT32_MAX)
        measure->left_out++;
    return false;
}

void ph_report(struct ph_node *node, const struct ph_peer *peer, enum ph_log_level level,
               const char *format, ...)
{
    char text[PH_LOG_LINE_MAX];
    va_list arguments;
    struct ph_report_measure *measure = measure_of(node, peer);
    if (node->log == NULL || level > node->log->level || !may_say(measure, node->now_ms))
        return;
    if (measure->left_out != 0)
        ph_log(node->log, PH_LOG_WARN, "%u lines about connections were left out",
               measure->left_out);
    measure->left_out = 0;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ph_log(node->log, level, "%s: %s", peer->address, text);
}
