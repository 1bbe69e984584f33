/* Entries as they are stored. What decodes, encodes to the same bytes, so that no two values stand
 * for one entry; and its header is accepted after its predecessor exactly if its numbers follow. */
#include "store/entries.h"
#include "tests/fuzz/fuzz.h"

static uint8_t out_bytes[PH_STORED_LEN_MAX];

static void check_header(const uint8_t encoded[PH_HEADER_LEN], const struct ph_header *header)
{
    uint8_t again[PH_HEADER_LEN];
    ph_header_encode(header, again);
    FUZZ_CHECK(memcmp(again, encoded, sizeof again) == 0);
}

/* With the predecessor that it says it has, and the body hash that it should have. */
static void check_acceptance(const struct ph_stored_entry *stored)
{
    struct ph_header header = stored->header;
    struct ph_link link = {.seq = header.seq - 1,
                           .id = header.previous,
                           .sum = header.sum - header.body_len,
                           .lamport = header.lamport - 1};
    struct ph_hash hash = ph_body_hash(&stored->body);
    bool hash_fits = ph_hash_equal(&hash, &header.body_hash);
    bool numbers_fit = header.seq != 0 && header.sum >= header.body_len && header.lamport != 0;
    FUZZ_CHECK((ph_entry_check(&link, &header, &stored->body, UINT64_MAX) == PH_OK) ==
               (hash_fits && numbers_fit));
    header.body_hash = hash;
    FUZZ_CHECK((ph_entry_check(&link, &header, &stored->body, UINT64_MAX) == PH_OK) == numbers_fit);
    FUZZ_CHECK(!numbers_fit || header.sum == 0 ||
               ph_entry_check(&link, &header, &stored->body, header.sum - 1) == PH_LIMIT);
    if (header.lamport > PH_LAMPORT_STEP_MAX) {
        link.lamport = header.lamport - PH_LAMPORT_STEP_MAX - 1;
        FUZZ_CHECK(ph_entry_check(&link, &header, &stored->body, UINT64_MAX) != PH_OK);
        link.lamport++;
        FUZZ_CHECK((ph_entry_check(&link, &header, &stored->body, UINT64_MAX) == PH_OK) ==
                   numbers_fit);
    }
    link.seq++;
    FUZZ_CHECK(ph_entry_check(&link, &header, &stored->body, UINT64_MAX) != PH_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ph_bytes bytes = ph_bytes(data, size);
    struct ph_stored_entry stored;
    struct ph_header header;
    if (size >= PH_HEADER_LEN && ph_header_decode(data, &header) == PH_OK)
        check_header(data, &header);
    if (ph_stored_decode(bytes, &stored) != PH_OK)
        return 0;
    FUZZ_CHECK(size <= PH_STORED_LEN_MAX);
    size_t len = ph_stored_len(&stored.body, stored.signature != NULL);
    FUZZ_CHECK(len == size);
    ph_stored_encode(stored.encoded, &stored.body, stored.signature, out_bytes);
    FUZZ_CHECK(ph_bytes_equal(ph_bytes(out_bytes, len), bytes));
    check_acceptance(&stored);
    return 0;
}
