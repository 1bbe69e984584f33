#include "node/receipts.h"

#include <stdlib.h>

#include "node/ends.h"
#include "node/ingest.h"
#include "node/outbox.h"
#include "node/penalty.h"
#include "node/stock.h"

#define FIRST_SIZE 16

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void due_now(struct ph_node *node)
{
    node->receipts.next_ms = node->now_ms;
}

/* --- those kept --- */

static struct ph_receipt_kept *find(struct ph_node *node, const struct ph_writer_id *writer)
{
    for (uint32_t i = 0; i < node->receipts.count; i++)
        if (ph_writer_id_equal(&node->receipts.items[i].receipt.writer, writer))
            return &node->receipts.items[i];
    return NULL;
}

/* A place for one more; it takes `bytes` over. NULL: no memory, or it is none. */
static struct ph_receipt_kept *put(struct ph_node *node, struct ph_receipt_kept *place,
                                   uint8_t *bytes, size_t len)
{
    struct ph_receipts *receipts = &node->receipts;
    struct ph_unpacker in = ph_unpack_scanned(ph_bytes(bytes, len));
    struct ph_receipt receipt;
    if (ph_receipt_unpack(&in, &receipt) != PH_OK)
        return NULL;
    if (place == NULL && receipts->count == receipts->size) {
        uint32_t size = receipts->size == 0 ? FIRST_SIZE : 2 * receipts->size;
        struct ph_receipt_kept *items = realloc(receipts->items, size * sizeof *items);
        if (items == NULL)
            return NULL;
        receipts->items = items;
        receipts->size = size;
    }
    if (place == NULL) {
        place = &receipts->items[receipts->count++];
        *place = (struct ph_receipt_kept){.bytes = NULL};
    }
    free(place->bytes);
    place->bytes = bytes;
    place->len = len;
    place->receipt = receipt;
    return place;
}

static uint8_t *copy_of(struct ph_bytes bytes)
{
    uint8_t *copy = malloc(bytes.len);
    if (copy != NULL)
        memcpy(copy, bytes.data, bytes.len);
    return copy;
}

/* The number of its writer's first log; -1: none is held. */
static int log_of(const struct ph_node *node, struct ph_receipt_kept *kept)
{
    const struct ph_writer_id *writer = &kept->receipt.writer;
    if (kept->log < node->logs.count && node->logs.items[kept->log].first == kept->log &&
        ph_writer_id_equal(&node->logs.items[kept->log].row.writer, writer))
        return (int)kept->log;
    int number = ph_ends_find(node, writer);
    kept->log = number >= 0 ? (uint32_t)number : UINT32_MAX;
    return number;
}

static bool may_speak(const struct ph_node *node, int number)
{
    if (number < 0)
        return false;
    const struct ph_log_row *row = &node->logs.items[number].row;
    return !node->logs.items[number].is_left_out && !node->logs.items[number].is_closed &&
           !ph_facts_is_removed(node->facts, &row->school) &&
           !ph_facts_is_closed(node->facts, &row->school, &row->writer);
}

/* Facts are asked once for each state of theirs: that is dear. */
bool ph_receipts_counts(struct ph_node *node, struct ph_receipt_kept *kept)
{
    int number = log_of(node, kept);
    uint32_t facts = ph_facts_count(node->facts) + 1;
    if (number < 0 || node->logs.items[number].is_left_out || node->logs.items[number].is_closed)
        return false;
    if (kept->judged_facts != facts)
        kept->may_speak = may_speak(node, number);
    kept->judged_facts = facts;
    return kept->may_speak;
}

static enum ph_status load_one(struct ph_node *node, const struct ph_view *view, uint32_t number)
{
    const struct ph_writer_id *writer = &node->logs.items[number].row.writer;
    struct ph_bytes value;
    enum ph_status status = ph_view_receipt(view, writer, &value);
    if (status != PH_OK)
        return status == PH_NOT_FOUND ? PH_OK : status;
    uint8_t *bytes = copy_of(value);
    if (bytes == NULL)
        return PH_NO_MEMORY;
    struct ph_receipt_kept *kept = put(node, NULL, bytes, value.len);
    if (kept == NULL) {
        free(bytes);
        return PH_CORRUPT;
    }
    kept->log = number;
    kept->is_saved = true;
    if (node->has_writer && ph_writer_id_equal(writer, &node->writer))
        node->receipts.counter = kept->receipt.counter;
    return PH_OK;
}

enum ph_status ph_receipts_load(struct ph_node *node)
{
    struct ph_view view = {0};
    enum ph_status status = ph_view_open(node->store, &view);
    for (uint32_t i = 0; i < node->logs.count && status == PH_OK; i++)
        if (node->logs.items[i].first == i)
            status = load_one(node, &view, i);
    ph_view_close(&view);
    node->receipts.is_due = true;
    return status;
}

void ph_receipts_free(struct ph_node *node)
{
    for (uint32_t i = 0; i < node->receipts.count; i++)
        free(node->receipts.items[i].bytes);
    free(node->receipts.items);
    free(node->receipts.made);
}

/* --- making one --- */

/* Those of others are written along with ours: they are no reason for a commit of their own. */
static enum ph_status save_others(struct ph_node *node, struct ph_batch *batch)
{
    for (uint32_t i = 0; i < node->receipts.count; i++) {
        struct ph_receipt_kept *kept = &node->receipts.items[i];
        if (kept->is_saved)
            continue;
        PH_TRY(ph_batch_receipt(batch, &kept->receipt.writer, ph_bytes(kept->bytes, kept->len)));
        kept->is_saved = true;
    }
    return PH_OK;
}

static enum ph_status sign_and_save(struct ph_node *node, struct ph_receipt *receipt)
{
    struct ph_receipts *receipts = &node->receipts;
    struct ph_batch *batch = NULL;
    struct ph_buffer out = ph_outbox_message(node);
    PH_TRY(ph_ingest_batch(node, &batch));
    receipt->counter = receipts->counter + 1;
    ph_receipt_sign(receipt, &node->network, &node->writer_secret);
    ph_receipt_pack(receipt, &out);
    assert(!out.overflow && receipts->made == NULL);
    receipts->made = copy_of(ph_buffer_bytes(&out));
    if (receipts->made == NULL)
        return PH_NO_MEMORY;
    receipts->made_len = out.len;
    receipts->made_generation = node->ingest.generation;
    receipts->made_ms = node->now_ms;
    receipts->has_made = true;
    receipts->is_forced = false;
    receipts->counter++;
    PH_TRY(ph_batch_receipt(batch, &node->writer, ph_buffer_bytes(&out)));
    return save_others(node, batch);
}

static bool says_the_same(struct ph_node *node, const struct ph_receipt *receipt)
{
    const struct ph_receipt_kept *last = find(node, &node->writer);
    return last != NULL && !node->receipts.is_forced &&
           ph_bytes_equal(last->receipt.held, receipt->held) &&
           ph_bytes_equal(last->receipt.replaced, receipt->replaced) &&
           last->receipt.is_cut == receipt->is_cut;
}

static enum ph_status make(struct ph_node *node)
{
    struct ph_receipt receipt = {.writer = node->writer};
    uint8_t replaced[PH_RECEIPT_REPLACED_MAX * PH_RECEIPT_WRITER_LEN];
    uint8_t *held = malloc((size_t)(node->logs.count + 1) * PH_RECEIPT_HELD_LEN);
    if (held == NULL)
        return PH_NO_MEMORY;
    enum ph_status status = ph_stock_take(node, &receipt, held, replaced);
    node->receipts.is_due = false;
    if (status == PH_OK && !says_the_same(node, &receipt))
        status = sign_and_save(node, &receipt);
    if (status == PH_PARTIAL) {
        node->receipts.is_due = true; /* no room in the batch: after the commit */
        status = PH_OK;
    }
    free(held);
    return status;
}

/* Others must know who says it. */
static bool may_make(const struct ph_node *node)
{
    const struct ph_receipts *receipts = &node->receipts;
    if (!receipts->is_due || receipts->made != NULL || node->own_log < 0 || !node->has_writer ||
        node->membership != PH_MEMBERSHIP_MEMBER || node->is_stopping ||
        receipts->counter == UINT32_MAX || ph_ingest_is_full(node))
        return false;
    const struct ph_fact_id *certify = &node->logs.items[node->own_log].row.certify;
    return ph_facts_find_prefix(node->facts, certify->bytes) < node->ingest.facts_durable;
}

/* All send theirs to all: what a minute costs would grow with the square of their number. */
static uint64_t pause_ms(const struct ph_node *node)
{
    uint64_t count =
        node->logs.count > PH_RECEIPT_HELD_FEW ? node->logs.count : PH_RECEIPT_HELD_FEW;
    return PH_RECEIPT_MS * count / PH_RECEIPT_HELD_FEW;
}

static uint64_t make_ms(const struct ph_node *node)
{
    const struct ph_receipts *receipts = &node->receipts;
    uint64_t settled_ms = receipts->last_ms + PH_RECEIPT_QUIET_MS;
    if (!may_make(node))
        return UINT64_MAX;
    settled_ms = earlier(settled_ms, receipts->first_ms + pause_ms(node));
    if (!receipts->has_made || receipts->made_ms + pause_ms(node) < settled_ms)
        return settled_ms;
    return receipts->made_ms + pause_ms(node);
}

/* --- commits --- */

static void note_change(struct ph_node *node)
{
    struct ph_receipts *receipts = &node->receipts;
    if (ph_root_equal(&receipts->seen, &node->logs.root))
        return;
    if (!receipts->is_due)
        receipts->first_ms = node->now_ms;
    receipts->seen = node->logs.root;
    receipts->last_ms = node->now_ms;
    receipts->is_due = true;
}

static void drop_made(struct ph_receipts *receipts)
{
    free(receipts->made);
    receipts->made = NULL;
}

enum ph_status ph_receipts_on_committed(struct ph_node *node)
{
    struct ph_receipts *receipts = &node->receipts;
    note_change(node);
    due_now(node);
    if (receipts->made == NULL || receipts->made_generation > node->ingest.generation_under_way)
        return PH_OK;
    struct ph_unpacker in = ph_unpack_scanned(ph_bytes(receipts->made, receipts->made_len));
    struct ph_receipt receipt;
    if (ph_receipt_unpack(&in, &receipt) != PH_OK)
        return PH_CORRUPT;
    struct ph_receipt_kept *kept =
        put(node, find(node, &receipt.writer), receipts->made, receipts->made_len);
    if (kept == NULL)
        return PH_NO_MEMORY;
    receipts->made = NULL;
    kept->taken_ms = node->now_ms;
    kept->pass_ms = node->now_ms;
    kept->is_saved = true;
    return PH_OK;
}

void ph_receipts_on_full_disk(struct ph_node *node)
{
    struct ph_receipts *receipts = &node->receipts;
    drop_made(receipts);
    receipts->is_due = true;
    for (uint32_t i = 0; i < receipts->count; i++)
        receipts->items[i].is_saved = false;
}

/* --- taking --- */

static enum ph_status in_vain(struct ph_peer *peer)
{
    return ++peer->vain_receipts > PH_RECEIPTS_VAIN_MAX ? PH_LIMIT : PH_OK;
}

/* So many of one writer are taken in a while, whoever brings them. Only those that it has signed
 * are counted, so that nobody else uses up its share. */
static bool is_flood(const struct ph_node *node, struct ph_receipt_kept *kept)
{
    if (node->now_ms - kept->burst_ms >= PH_RECEIPT_MS / 2) {
        kept->burst_ms = node->now_ms;
        kept->burst_count = 0;
    }
    return kept->burst_count >= PH_RECEIPT_BURST;
}

/* Made by us, and forgotten: our disk was set back, or lost its database. */
static void take_own(struct ph_node *node, const struct ph_receipt *receipt)
{
    struct ph_receipts *receipts = &node->receipts;
    if (receipts->counter >= receipt->counter)
        return;
    receipts->counter = receipt->counter;
    receipts->is_due = true;
    receipts->is_forced = true;
    due_now(node);
}

static enum ph_status keep(struct ph_node *node, struct ph_peer *peer, uint32_t number,
                           const struct ph_receipt *receipt)
{
    uint8_t packed[PH_RECEIPT_MAX];
    struct ph_buffer out = ph_buffer(packed, sizeof packed);
    struct ph_receipt_kept *kept = find(node, &receipt->writer);
    ph_receipt_pack(receipt, &out);
    uint8_t *bytes = copy_of(ph_buffer_bytes(&out));
    bool is_first = kept == NULL;
    if (bytes != NULL)
        kept = put(node, kept, bytes, out.len);
    if (bytes == NULL || kept == NULL) {
        free(bytes);
        return PH_NO_MEMORY;
    }
    if (is_first)
        kept->burst_ms = node->now_ms;
    kept->burst_count++;
    kept->log = number;
    kept->has_from = true;
    kept->from = peer->school;
    kept->taken_ms = node->now_ms;
    kept->pass_ms = kept->next_pass_ms > node->now_ms ? kept->next_pass_ms : node->now_ms;
    kept->is_saved = false;
    due_now(node);
    return PH_OK;
}

static void note_shown(struct ph_peer *peer, uint32_t number, uint32_t counter)
{
    if (peer->logs[number].receipt_shown < counter)
        peer->logs[number].receipt_shown = counter;
}

enum ph_status ph_receipts_take(struct ph_node *node, struct ph_peer *peer,
                                struct ph_message *message)
{
    const struct ph_receipt *receipt = &message->of.receipt;
    int number = ph_ends_find(node, &receipt->writer);
    if (!may_speak(node, number))
        return in_vain(peer);
    struct ph_receipt_kept *kept = find(node, &receipt->writer);
    note_shown(peer, (uint32_t)number, receipt->counter);
    if (kept != NULL && (kept->receipt.counter >= receipt->counter || is_flood(node, kept)))
        return in_vain(peer);
    PH_TRY(ph_receipt_verify(receipt, &node->network));
    peer->vain_receipts = 0;
    if (node->has_writer && ph_writer_id_equal(&receipt->writer, &node->writer)) {
        take_own(node, receipt);
        return PH_OK;
    }
    return keep(node, peer, (uint32_t)number, receipt);
}

/* Both are sorted by nothing in common: a writer is found by its beginning. */
enum ph_status ph_receipts_take_list(struct ph_node *node, struct ph_peer *peer,
                                     struct ph_message *message)
{
    struct ph_bytes names = message->of.receipts.names;
    uint32_t count = (uint32_t)(names.len / PH_RECEIPT_NAME_LEN);
    for (uint32_t i = 0; i < node->receipts.count; i++) {
        struct ph_receipt_kept *kept = &node->receipts.items[i];
        uint8_t key[PH_RECEIPT_NAME_LEN];
        int number = log_of(node, kept);
        ph_receipt_name_put(key, &kept->receipt.writer, 0);
        const uint8_t *found = count == 0 ? NULL
                                          : bsearch(key, names.data, count, PH_RECEIPT_NAME_LEN,
                                                    ph_receipt_compare_names);
        if (found != NULL && number >= 0)
            note_shown(peer, (uint32_t)number, ph_get_u32(found + PH_RECEIPT_WRITER_LEN));
    }
    if (!peer->receipts_heard)
        peer->receipts_heard_ms = node->now_ms;
    peer->receipts_heard = true;
    due_now(node);
    return PH_OK;
}

/* --- listing --- */

static enum ph_status send_list(struct ph_node *node, struct ph_peer *peer)
{
    uint8_t *names = malloc((size_t)PH_RECEIPTS_LISTED_MAX * PH_RECEIPT_NAME_LEN);
    uint32_t count = 0;
    if (names == NULL)
        return PH_NO_MEMORY;
    for (uint32_t i = 0; i < node->receipts.count && count < PH_RECEIPTS_LISTED_MAX; i++) {
        struct ph_receipt_kept *kept = &node->receipts.items[i];
        int number = log_of(node, kept);
        if (number < 0 || peer->logs[number].receipt_told >= kept->receipt.counter)
            continue;
        peer->logs[number].receipt_told = kept->receipt.counter;
        ph_receipt_name_put(names + (size_t)count++ * PH_RECEIPT_NAME_LEN, &kept->receipt.writer,
                            kept->receipt.counter);
    }
    count = ph_stock_sort(names, count, PH_RECEIPT_NAME_LEN, ph_receipt_compare_names);
    struct ph_buffer message = ph_outbox_message(node);
    ph_message_receipts(&message, ph_bytes(names, (size_t)count * PH_RECEIPT_NAME_LEN));
    free(names);
    peer->receipts_begun = true;
    return ph_outbox_send(node, peer, &message);
}

/* When news are to be listed; UINT64_MAX: there are none. */
static uint64_t list_ms(struct ph_node *node, const struct ph_peer *peer)
{
    uint64_t next = UINT64_MAX;
    if (!peer->receipts_begun)
        return peer->up_ms + PH_RECEIPT_TELL_MS; /* a visit that finds nothing new costs nothing */
    for (uint32_t i = 0; i < node->receipts.count; i++) {
        struct ph_receipt_kept *kept = &node->receipts.items[i];
        int number = log_of(node, kept);
        if (number >= 0 && peer->logs[number].receipt_told < kept->receipt.counter)
            next = earlier(next, kept->taken_ms + PH_RECEIPT_TELL_MS);
    }
    return next;
}

/* --- passing on --- */

static uint64_t pass_ms(const struct ph_peer *peer, const struct ph_receipt_kept *kept)
{
    uint64_t late_ms =
        kept->taken_ms > peer->receipts_heard_ms ? kept->taken_ms : peer->receipts_heard_ms;
    late_ms = peer->is_eager ? 0 : late_ms + PH_RECEIPT_LATE_MS;
    return kept->pass_ms > late_ms ? kept->pass_ms : late_ms;
}

static enum ph_status pass_on(struct ph_node *node, struct ph_peer *peer, uint64_t *next)
{
    for (uint32_t i = 0; i < node->receipts.count && ph_outbox_has_room(peer); i++) {
        struct ph_receipt_kept *kept = &node->receipts.items[i];
        uint32_t counter = kept->receipt.counter;
        int number = log_of(node, kept);
        if (number < 0 || peer->logs[number].receipt_shown >= counter ||
            peer->logs[number].receipt_sent >= counter || !ph_receipts_counts(node, kept))
            continue;
        uint64_t at_ms = pass_ms(peer, kept);
        if (at_ms > node->now_ms) {
            *next = earlier(*next, at_ms);
            continue;
        }
        peer->logs[number].receipt_sent = counter;
        peer->logs[number].receipt_told = counter;
        kept->next_pass_ms = node->now_ms + PH_RECEIPT_MS / 2;
        struct ph_buffer message = ph_outbox_message(node);
        ph_message_receipt(&message, &kept->receipt);
        PH_TRY(ph_outbox_send(node, peer, &message));
    }
    return PH_OK;
}

static enum ph_status pump_peer(struct ph_node *node, struct ph_peer *peer, uint64_t *next)
{
    if (!ph_outbox_has_room(peer)) {
        *next = earlier(*next, node->now_ms + PH_RECEIPT_TELL_MS);
        return PH_OK;
    }
    if (list_ms(node, peer) <= node->now_ms)
        PH_TRY(send_list(node, peer));
    if (peer->receipts_heard)
        PH_TRY(pass_on(node, peer, next));
    *next = earlier(*next, list_ms(node, peer));
    return PH_OK;
}

void ph_receipts_again(struct ph_node *node, struct ph_peer *peer)
{
    for (uint32_t i = 0; i < peer->log_size; i++)
        peer->logs[i].receipt_sent = peer->logs[i].receipt_shown;
    due_now(node);
}

void ph_receipts_pump(struct ph_node *node)
{
    struct ph_receipts *receipts = &node->receipts;
    uint64_t next = UINT64_MAX;
    if (receipts->next_ms > node->now_ms || node->facts == NULL)
        return;
    enum ph_status status = make_ms(node) <= node->now_ms ? make(node) : PH_OK;
    if (status != PH_OK)
        ph_penalty_fail(node, status, "making a receipt");
    for (size_t i = 0; i < node->peers_end; i++) {
        struct ph_peer *peer = &node->peers[i];
        if (peer->state == PH_PEER_OPEN && peer->heads_begun && peer->heads_heard)
            ph_penalty_apply(node, peer, pump_peer(node, peer, &next), "sending receipts");
    }
    receipts->next_ms = earlier(next, make_ms(node));
}

uint64_t ph_receipts_next_ms(const struct ph_node *node)
{
    return node->facts == NULL ? UINT64_MAX : node->receipts.next_ms;
}
