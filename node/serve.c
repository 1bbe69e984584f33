#include "node/serve.h"

#include "node/branches.h"
#include "node/ends.h"
#include "node/outbox.h"

/* --- one run --- */

/* How many entries from behind `after` make the next run: as many as fit, cut back to the last one
 * that is signed. PH_NOT_FOUND: no signed one fits. */
static enum ph_status measure_run(const struct ph_node *node, const struct ph_view *view,
                                  const struct ph_place_on *after, uint32_t *count,
                                  struct ph_signature *signature)
{
    struct ph_place_on at = *after;
    size_t counted = 0;
    *count = 0;
    while (at.seq < node->logs.items[at.number].durable.seq) {
        struct ph_stored_entry entry;
        at.seq++;
        PH_TRY(ph_branch_entry(node, view, &at, &entry));
        counted += ph_run_counted(entry.header.body_len);
        if (counted > PH_RUN_COUNTED_MAX)
            break;
        if (entry.signature != NULL) {
            *count = at.seq - after->seq;
            *signature = *entry.signature;
        }
    }
    return *count != 0 ? PH_OK : PH_NOT_FOUND;
}

static enum ph_status write_run(const struct ph_node *node, const struct ph_view *view,
                                const struct ph_place_on *after, struct ph_buffer *message,
                                uint32_t *count)
{
    struct ph_signature signature;
    struct ph_link link;
    struct ph_run_writer run;
    struct ph_place_on at = *after;
    PH_TRY(measure_run(node, view, after, count, &signature));
    PH_TRY(ph_branch_link(node, view, after, &link));
    ph_message_run_begin(message);
    ph_run_begin(&run, message, &node->logs.items[at.number].row.writer, &link, *count);
    for (uint32_t i = 0; i < *count; i++) {
        struct ph_stored_entry entry;
        at.seq++;
        PH_TRY(ph_branch_entry(node, view, &at, &entry));
        ph_run_add(&run, &entry.header, &entry.body);
    }
    ph_run_end(&run, &signature);
    return PH_OK;
}

/* The next fork on the way of a branch to its end; the end of the way: none. */
static uint32_t next_fork(const struct ph_node *node, const struct ph_place_on *after)
{
    uint32_t next = node->logs.items[after->number].durable.seq;
    const struct ph_log *log = &node->logs.items[after->number];
    for (; log->row.is_branch && log->row.base_seq > after->seq;
         log = &node->logs.items[log->row.base_log])
        next = log->row.base_seq;
    return next;
}

/* A store never holds a stretch that it can't pass on, but for one: what was taken in one run with
 * entries of the log that the branch leaves may be too long together with more of these. Whoever
 * wants it gets those with that log, so the run goes on from the fork. */
static enum ph_status write_next_run(const struct ph_node *node, const struct ph_view *view,
                                     struct ph_place_on *after, struct ph_buffer *message,
                                     uint32_t *count)
{
    enum ph_status status = write_run(node, view, after, message, count);
    while (status == PH_NOT_FOUND && after->seq < node->logs.items[after->number].row.base_seq) {
        after->seq = next_fork(node, after);
        status = write_run(node, view, after, message, count);
    }
    return status == PH_NOT_FOUND ? PH_CORRUPT : status;
}

enum ph_status ph_serve_run(struct ph_node *node, struct ph_peer *peer, uint32_t number,
                            uint32_t *after_seq)
{
    struct ph_place_on after = {number, *after_seq};
    struct ph_view view = {0};
    uint32_t count = 0;
    struct ph_buffer message = ph_outbox_message(node);
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = write_next_run(node, &view, &after, &message, &count);
    ph_view_close(&view);
    PH_TRY(status);
    *after_seq = after.seq + count;
    if (peer->logs[number].assumed < *after_seq)
        peer->logs[number].assumed = *after_seq;
    return ph_outbox_send(node, peer, &message);
}

/* --- what was wanted --- */

static enum ph_status serve(struct ph_node *node, struct ph_peer *peer, struct ph_serve *serve)
{
    const struct ph_log *log = &node->logs.items[serve->log];
    while (serve->is_active && ph_outbox_has_room(peer)) {
        if (serve->runs_left == 0 || serve->after_seq >= log->durable.seq) {
            serve->is_active = false;
            return PH_OK;
        }
        serve->runs_left--;
        PH_TRY(ph_serve_run(node, peer, serve->log, &serve->after_seq));
    }
    return PH_OK;
}

enum ph_status ph_serve_pump(struct ph_node *node, struct ph_peer *peer)
{
    for (size_t i = 0; i < PH_SERVES_PER_PEER_MAX; i++)
        PH_TRY(serve(node, peer, &peer->serves[i]));
    return PH_OK;
}

/* The branch that leads to the head wanted, and where the locators and it agree last. */
static enum ph_status find_common(struct ph_node *node, const struct ph_view *view,
                                  struct ph_message *want, uint32_t first, struct ph_place_on *out)
{
    PH_TRY(ph_branch_find(node, view, first, &want->of.want.log.head, &out->number));
    if (want->of.want.log.head.seq > node->logs.items[out->number].durable.seq)
        return PH_WAITING;
    out->seq = 0;
    for (uint32_t i = 0; i < want->of.want.locator_count; i++) {
        struct ph_locator locator = ph_message_next_locator(&want->of.want.locators);
        struct ph_place_on at = {out->number, locator.seq};
        if (locator.seq <= out->seq || locator.seq > node->logs.items[out->number].durable.seq)
            continue;
        enum ph_status status = ph_branch_has(node, view, &at, locator.check);
        if (status == PH_OK)
            out->seq = locator.seq;
        else if (status != PH_NOT_FOUND && status != PH_WAITING)
            return status;
    }
    return PH_OK;
}

/* Asked for the same log again, what was under way is replaced; with all places taken, the one that
 * has least left: its asker has given it up. */
static struct ph_serve *serve_place(struct ph_peer *peer, uint32_t log)
{
    struct ph_serve *place = &peer->serves[0];
    for (size_t i = 0; i < PH_SERVES_PER_PEER_MAX; i++) {
        struct ph_serve *slot = &peer->serves[i];
        if (slot->is_active && slot->log == log)
            return slot;
        uint8_t left = slot->is_active ? slot->runs_left : 0;
        if (place->is_active && left < place->runs_left)
            place = slot;
    }
    return place;
}

enum ph_status ph_serve_take_want(struct ph_node *node, struct ph_peer *peer,
                                  struct ph_message *message)
{
    int first = ph_ends_find(node, &message->of.want.log.writer);
    struct ph_place_on common = {0};
    struct ph_view view = {0};
    if (first < 0)
        return PH_OK;
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = find_common(node, &view, message, (uint32_t)first, &common);
    ph_view_close(&view);
    if (status == PH_NOT_FOUND || status == PH_WAITING)
        return PH_OK; /* not here (any more), or not durable yet: it will be announced */
    PH_TRY(status);
    *serve_place(peer, common.number) =
        (struct ph_serve){.is_active = true,
                          .log = common.number,
                          .after_seq = common.seq,
                          .runs_left = message->of.want.log.run_count};
    return ph_serve_pump(node, peer);
}
