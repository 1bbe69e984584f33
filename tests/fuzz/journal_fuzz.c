/* The journal: an input is a file from its first frame on, or payloads that are sealed here, one of
 * which may be bent. What parses, sealed again, is the same frame; exactly the untouched frames
 * parse; what a payload's changes say, written again, is the same payload. */
#include "pharos/limits.h"
#include "store/journal.h"
#include "tests/fuzz/fuzz.h"

#define FRAMES_MAX 8
#define FRAME_ROOM 4096

static uint8_t room[FRAMES_MAX * FRAME_ROOM], again[FRAMES_MAX * FRAME_ROOM];

static void check_payload(struct ph_bytes payload)
{
    struct ph_buffer out = ph_buffer(again, sizeof again);
    struct ph_journal_change change;
    size_t at = 0, before;
    enum ph_status status;
    do {
        before = at;
        status = ph_journal_next(payload, &at, &change);
        FUZZ_CHECK(at <= payload.len && (status == PH_OK) == (at > before));
        if (status == PH_OK) {
            FUZZ_CHECK(ph_journal_change_len(&change) == at - before);
            ph_journal_put(&out, &change);
        }
    } while (status == PH_OK);
    FUZZ_CHECK((status == PH_NOT_FOUND) == (at == payload.len));
    FUZZ_CHECK(out.overflow || ph_bytes_equal(ph_buffer_bytes(&out), ph_bytes(payload.data, at)));
}

static bool check_frame(struct ph_bytes *rest, struct ph_journal_mark *mark)
{
    struct ph_journal_mark before = *mark, sealed = *mark, decoded;
    struct ph_bytes payload = {0};
    uint8_t encoded[PH_JOURNAL_MARK_LEN];
    enum ph_status status = ph_journal_parse(*rest, mark, &payload);
    if (status != PH_OK) {
        FUZZ_CHECK(status == PH_PARTIAL || status == PH_CORRUPT);
        FUZZ_CHECK(memcmp(&before, mark, sizeof before) == 0);
        return false;
    }
    size_t len = PH_JOURNAL_HEAD_LEN + payload.len;
    FUZZ_CHECK(len <= rest->len && payload.data == rest->data + PH_JOURNAL_HEAD_LEN);
    if (len <= sizeof again) {
        memcpy(again, rest->data, len);
        memset(again, 0, PH_JOURNAL_HEAD_LEN);
        ph_journal_seal(again, payload.len, &sealed);
        FUZZ_CHECK(memcmp(again, rest->data, len) == 0);
        FUZZ_CHECK(memcmp(&sealed, mark, sizeof sealed) == 0);
    }
    ph_journal_mark_encode(mark, encoded);
    FUZZ_CHECK(ph_journal_mark_decode(ph_bytes(encoded, sizeof encoded), &decoded) == PH_OK);
    FUZZ_CHECK(memcmp(&decoded, mark, sizeof decoded) == 0);
    check_payload(payload);
    *rest = ph_bytes(rest->data + len, rest->len - len);
    return true;
}

static uint32_t check_file(struct ph_bytes bytes)
{
    struct ph_journal_mark mark = {0};
    struct ph_bytes copy = fuzz_copy(bytes), rest = copy;
    uint32_t count = 0;
    while (check_frame(&rest, &mark))
        count++;
    FUZZ_CHECK(mark.number == count);
    fuzz_free(copy);
    return count;
}

/* Up to the first frame that is bent, all are read; it is not. */
static void check_sealed(struct fuzz_input *input)
{
    struct ph_journal_mark mark = {0};
    size_t len = 0, bend_at;
    uint32_t count = 0, before_bend = 0;
    uint8_t bend = fuzz_byte(input);
    bend_at = fuzz_u16(input);
    for (; count < FRAMES_MAX; count++) {
        struct ph_bytes payload = fuzz_bytes(input, FRAME_ROOM - PH_JOURNAL_HEAD_LEN);
        if (payload.len == 0)
            break;
        memcpy(room + len + PH_JOURNAL_HEAD_LEN, payload.data, payload.len);
        ph_journal_seal(room + len, payload.len, &mark);
        len += PH_JOURNAL_HEAD_LEN + payload.len;
        before_bend += bend_at >= len;
    }
    bool is_bent = bend != 0 && bend_at < len;
    if (is_bent)
        room[bend_at] ^= bend;
    FUZZ_CHECK(check_file(ph_bytes(room, len)) == (is_bent ? before_bend : count));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    if ((fuzz_byte(&input) & 1) == 0)
        check_file(ph_bytes(input.next, input.left));
    else
        check_sealed(&input);
    return 0;
}
