/* A run: five items, as they stand in a message. What is read, entry by entry, is accepted at every
 * other door too (ph_entry_check, the stored form), and encoded again gives the same bytes. The run
 * is judged with its signature, and once more with the right one. */
#include "proto/run.h"
#include "store/entries.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/quick_crypto.h"

static uint8_t out_bytes[2 * PH_FRAME_PLAIN_MAX], stored_bytes[PH_STORED_LEN_MAX];

/* The entry before the run, as the head names it; its times and sums follow from the first byte of
 * its id, so that ends of all ranges are met. */
static struct ph_link link_before(const struct ph_run_head *head)
{
    static const uint64_t numbers[] = {0, 1, PH_LAMPORT_MAX - 1, PH_LAMPORT_MAX, UINT64_C(1) << 31};
    uint8_t choice = head->after_id.bytes[0];
    struct ph_link link = {.seq = head->after_seq, .id = head->after_id};
    if (link.seq == 0)
        return link;
    link.lamport = numbers[choice % 5];
    link.sum = numbers[choice / 5 % 5];
    link.time_ms = choice < 128 ? 0 : (int64_t)link.lamport - choice;
    return link;
}

static void check_stored(const struct ph_run_entry *entry, const struct ph_signature *signature)
{
    struct ph_stored_entry stored;
    size_t len = ph_stored_len(&entry->body, signature != NULL);
    FUZZ_CHECK(len <= sizeof stored_bytes);
    ph_stored_encode(entry->encoded, &entry->body, signature, stored_bytes);
    FUZZ_CHECK(ph_stored_decode(ph_bytes(stored_bytes, len), &stored) == PH_OK);
    FUZZ_CHECK((stored.signature != NULL) == (signature != NULL));
    FUZZ_CHECK(stored.body.content_is_missing == entry->body.content_is_missing);
    FUZZ_CHECK(ph_bytes_equal(stored.body.skeleton, entry->body.skeleton));
    FUZZ_CHECK(ph_bytes_equal(stored.body.content, entry->body.content));
    struct ph_hash one = ph_body_hash(&stored.body);
    FUZZ_CHECK(ph_hash_equal(&one, &entry->header.body_hash));
}

/* Said once more, since ph_entry_check and the run's reader share their judgement. */
static void check_numbers(const struct ph_link *before, const struct ph_header *header,
                          uint64_t quota)
{
    FUZZ_CHECK(header->seq == before->seq + 1 && header->seq != 0);
    FUZZ_CHECK(ph_entry_id_equal(&header->previous, &before->id));
    FUZZ_CHECK(header->body_len <= PH_BODY_MAX && header->sum == before->sum + header->body_len);
    FUZZ_CHECK(header->sum >= before->sum && header->sum <= quota);
    FUZZ_CHECK(header->lamport > before->lamport && header->lamport <= PH_LAMPORT_MAX);
    FUZZ_CHECK(header->lamport - before->lamport <= PH_LAMPORT_STEP_MAX);
}

static void check_entry(const struct ph_link *before, const struct ph_run_entry *entry,
                        uint64_t quota)
{
    struct ph_header header;
    check_numbers(before, &entry->header, quota);
    FUZZ_CHECK(ph_entry_check(before, &entry->header, &entry->body, quota) == PH_OK);
    FUZZ_CHECK(ph_header_decode(entry->encoded, &header) == PH_OK);
    FUZZ_CHECK(header.seq == entry->header.seq && header.sum == entry->header.sum &&
               header.lamport == entry->header.lamport && header.body_len <= PH_BODY_MAX);
    check_stored(entry, NULL);
}

/* Which quota a run meets; a byte of its signature says. */
static uint64_t quota_of(const struct ph_run_reader *run)
{
    return run->signature.bytes[63] < 16 ? 1000 : UINT64_MAX;
}

/* With the signature that it has, then with the right one. */
static void verify(struct ph_run_reader *run, const struct ph_link *link,
                   const struct ph_run_entry *last)
{
    struct ph_sign_secret secret = quick_secret_of(run->head.writer.bytes);
    struct ph_signature right = ph_sign(PH_SIGNED_ENTRY, link->id.bytes, &secret), kept = {{0}};
    bool is_right = memcmp(&run->signature, &right, sizeof right) == 0;
    FUZZ_CHECK(ph_run_verify(run, link, &kept) == (is_right ? PH_OK : PH_UNAUTHENTIC));
    run->signature = right;
    FUZZ_CHECK(ph_run_verify(run, link, &kept) == PH_OK);
    check_stored(last, &kept);
}

/* PH_OK: all entries were read and are in `out`. */
static enum ph_status copy_entries(struct ph_run_reader *run, struct ph_link *link,
                                   struct ph_run_writer *out, struct ph_run_entry *entry)
{
    uint64_t quota = quota_of(run);
    size_t counted = 0;
    for (;;) {
        struct ph_link before = *link;
        enum ph_status status = ph_run_next(run, link, quota, entry);
        if (status != PH_OK) {
            FUZZ_CHECK(link->seq == before.seq && ph_entry_id_equal(&link->id, &before.id));
            return status == PH_NOT_FOUND ? PH_OK : status;
        }
        counted += ph_run_counted(entry->header.body_len);
        FUZZ_CHECK(counted <= PH_RUN_COUNTED_MAX && link->seq == before.seq + 1);
        check_entry(&before, entry, quota);
        ph_run_add(out, &entry->header, &entry->body);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ph_bytes bytes = ph_bytes(data, size);
    struct ph_unpacker in;
    struct ph_run_reader run;
    struct ph_run_writer writer;
    struct ph_run_entry entry = {0};
    struct ph_buffer out = ph_buffer(out_bytes, sizeof out_bytes);
    if (size > PH_FRAME_PLAIN_MAX || ph_unpack(&in, bytes) != PH_OK)
        return 0;
    ph_unpack_array_of(&in, 5);
    if (in.failed || ph_run_open(&in, &run) != PH_OK || ph_unpack_end(&in) != PH_OK)
        return 0;
    struct ph_link link = link_before(&run.head);
    ph_pack_array(&out, 5);
    ph_run_begin(&writer, &out, &run.head.writer, &link, run.head.entry_count);
    if (copy_entries(&run, &link, &writer, &entry) != PH_OK)
        return 0;
    ph_run_end(&writer, &run.signature);
    FUZZ_CHECK(!out.overflow && ph_bytes_equal(ph_buffer_bytes(&out), bytes));
    verify(&run, &link, &entry);
    return 0;
}
