/* Frames, and the plaintexts within: the first byte of an input says which. A frame is what its
 * head says, at every length of its beginning; what unpacks has the size that it claims, every byte
 * of it written, and comes back from being packed again. */
#include "proto/frame.h"
#include "tests/fuzz/fuzz.h"

static struct ph_packer packer;
static uint8_t one[PH_FRAME_MESSAGE_MAX], two[PH_FRAME_MESSAGE_MAX], plain[PH_FRAME_PLAIN_MAX];

/* --- frames --- */

/* Whether the stream's beginning of `len` bytes holds the frame that the whole one begins with. */
static void check_beginning(struct ph_bytes stream, size_t len, size_t frame_len)
{
    struct ph_bytes copy = fuzz_copy(ph_bytes(stream.data, len)), payload = {0};
    size_t used = 0;
    enum ph_status status = ph_frame_parse(copy, &payload, &used);
    FUZZ_CHECK(status == (len < frame_len ? PH_PARTIAL : PH_OK));
    FUZZ_CHECK(status == PH_OK || (used == 0 && payload.data == NULL));
    fuzz_free(copy);
}

static void check_frame(struct ph_bytes stream)
{
    struct ph_bytes payload = {0};
    size_t used = 0;
    enum ph_status status = ph_frame_parse(stream, &payload, &used);
    if (stream.len < PH_FRAME_HEAD_LEN) {
        FUZZ_CHECK(status == PH_PARTIAL);
        return;
    }
    size_t len = ph_get_u16(stream.data);
    FUZZ_CHECK((status == PH_MALFORMED) == (len == 0));
    FUZZ_CHECK((status == PH_OK) == (len != 0 && stream.len - PH_FRAME_HEAD_LEN >= len));
    if (status != PH_OK)
        return;
    FUZZ_CHECK(payload.data == stream.data + PH_FRAME_HEAD_LEN && payload.len == len);
    FUZZ_CHECK(used == PH_FRAME_HEAD_LEN + len);
    check_beginning(stream, used - 1, used);
    check_beginning(stream, used, used);
    uint8_t head_bytes[PH_FRAME_HEAD_LEN];
    struct ph_buffer head = ph_buffer(head_bytes, sizeof head_bytes);
    ph_frame_put_head(&head, len);
    FUZZ_CHECK(ph_bytes_equal(ph_buffer_bytes(&head), ph_bytes(stream.data, sizeof head_bytes)));
}

/* --- plaintexts --- */

static void check_round(struct ph_bytes message)
{
    struct ph_buffer out = ph_buffer(plain, sizeof plain), back = ph_buffer(two, sizeof two);
    enum ph_status status = ph_frame_pack(&packer, message, &out);
    FUZZ_CHECK((status == PH_OK) == (message.len <= PH_FRAME_MESSAGE_MAX));
    if (status != PH_OK)
        return;
    FUZZ_CHECK(!out.overflow && out.len <= 1 + message.len);
    FUZZ_CHECK(ph_frame_unpack(&packer, ph_buffer_bytes(&out), &back) == PH_OK);
    FUZZ_CHECK(ph_bytes_equal(ph_buffer_bytes(&back), message));
}

/* Unpacked twice into different dust: what was not written shows as a difference. */
static void check_plain(struct ph_bytes bytes)
{
    struct ph_buffer out = ph_buffer(one, sizeof one), again = ph_buffer(two, sizeof two);
    size_t claimed = 0;
    if (bytes.len > 0)
        claimed = bytes.data[0] == 0 ? bytes.len - 1
                  : bytes.len < 3    ? 0
                                     : ph_get_u16(bytes.data + 1);
    if (claimed > sizeof one)
        claimed = sizeof one;
    memset(one, 0x55, claimed);
    memset(two, 0xaa, claimed);
    enum ph_status status = ph_frame_unpack(&packer, bytes, &out);
    FUZZ_CHECK(ph_frame_unpack(&packer, bytes, &again) == status);
    FUZZ_CHECK(status == PH_OK || out.len == 0);
    if (status != PH_OK)
        return;
    FUZZ_CHECK(out.len == claimed && bytes.data[0] <= 1);
    FUZZ_CHECK(ph_bytes_equal(ph_buffer_bytes(&out), ph_buffer_bytes(&again)));
    check_round(ph_buffer_bytes(&out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (packer.compressor == NULL && ph_packer_init(&packer) != PH_OK)
        abort();
    if (size == 0)
        return 0;
    struct ph_bytes bytes = ph_bytes(data + 1, size - 1);
    if (data[0] % 3 == 0)
        check_frame(bytes);
    else if (data[0] % 3 == 1)
        check_plain(bytes);
    else
        check_round(bytes);
    return 0;
}
