/* The handshake, both roles at once, with real keys. An input says what happens to each message on
 * its way: bits turned, cut, lengthened, replaced, one sent twice. Whatever arrives other than it
 * left ends the handshake at once and for good; whatever arrives whole is read; the seals after it
 * hold in the same way. */
#include "proto/handshake.h"

#include "pharos/limits.h"
#include "tests/fuzz/fuzz.h"

#define ROOM 1024

static const struct ph_agree_secret statics[2] = {{{0, 1}}, {{0, 3}}};
static const struct ph_agree_secret ephemerals[2] = {{{0, 2}}, {{0, 4}}};
static const struct ph_network_key network_key = {{3}};

struct letter {
    uint8_t bytes[ROOM];
    size_t len;
};

static void start(struct ph_handshake *sides)
{
    for (int i = 0; i < 2; i++) {
        struct ph_handshake_config config = {
            .role = i == 0 ? PH_HANDSHAKE_INITIATOR : PH_HANDSHAKE_RESPONDER,
            .pattern = PH_HANDSHAKE_XX,
            .psk_places = PH_HANDSHAKE_PSK(0),
            .psks = &network_key,
            .prologue = ph_bytes_text("pharos 1"),
            .static_key = &statics[i],
            .ephemeral_key = &ephemerals[i],
        };
        ph_handshake_init(&sides[i], &config);
    }
}

/* What happens to a message on its way. */
static void bend(struct fuzz_input *input, struct letter *letter, const struct letter *earlier)
{
    struct ph_bytes other;
    size_t at = letter->len == 0 ? 0 : fuzz_u16(input) % letter->len;
    switch (fuzz_pick(input, 5)) {
    case 0:
        letter->bytes[at] ^= fuzz_byte(input);
        return;
    case 1:
        letter->len = at;
        return;
    case 2:
        other = fuzz_bytes(input, ROOM - letter->len);
        memcpy(letter->bytes + letter->len, other.data, other.len);
        letter->len += other.len;
        return;
    case 3:
        other = fuzz_bytes(input, ROOM);
        memcpy(letter->bytes, other.data, other.len);
        letter->len = other.len;
        return;
    default:
        *letter = *earlier;
    }
}

static bool is_same(const struct letter *a, const struct letter *b)
{
    return ph_bytes_equal(ph_bytes(a->bytes, a->len), ph_bytes(b->bytes, b->len));
}

/* Bit i of the input's first byte says whether something happens to message i. */
static bool deliver(struct fuzz_input *input, struct letter *letter, const struct letter *earlier,
                    bool is_bent)
{
    struct letter sent = *letter;
    if (is_bent)
        bend(input, letter, earlier);
    return is_same(letter, &sent);
}

static bool pass_message(struct fuzz_input *input, struct ph_handshake *sides, int index,
                         bool is_bent)
{
    static struct letter earlier;
    struct letter letter;
    uint8_t payload_bytes[ROOM];
    struct ph_buffer out = ph_buffer(letter.bytes, sizeof letter.bytes);
    struct ph_buffer payload = ph_buffer(payload_bytes, sizeof payload_bytes);
    struct ph_handshake *writer = &sides[index % 2], *reader = &sides[1 - index % 2];
    struct ph_bytes said = fuzz_bytes(input, PH_HANDSHAKE_PAYLOAD_MAX);
    if (index == 0)
        earlier.len = 0;
    FUZZ_CHECK(ph_handshake_write(writer, said, &out) == PH_OK);
    letter.len = out.len;
    struct letter sent = letter;
    bool is_whole = deliver(input, &letter, &earlier, is_bent);
    earlier = sent;
    struct ph_bytes arriving = fuzz_copy(ph_bytes(letter.bytes, letter.len));
    enum ph_status status = ph_handshake_read(reader, arriving, &payload);
    fuzz_free(arriving);
    FUZZ_CHECK((status == PH_OK) == is_whole);
    FUZZ_CHECK(ph_bytes_equal(ph_buffer_bytes(&payload), is_whole ? said : ph_bytes(NULL, 0)));
    if (is_whole)
        return true;
    FUZZ_CHECK(!ph_handshake_is_done(reader) && !ph_handshake_is_ours_to_write(reader));
    payload.len = 0;
    FUZZ_CHECK(ph_handshake_read(reader, ph_bytes(sent.bytes, sent.len), &payload) ==
               PH_UNAUTHENTIC);
    return false;
}

static void pass_sealed(struct fuzz_input *input, struct ph_channel *channels, bool is_bent)
{
    static struct letter none;
    struct letter letter;
    uint8_t plain_bytes[ROOM];
    struct ph_buffer out = ph_buffer(letter.bytes, sizeof letter.bytes);
    struct ph_buffer plain = ph_buffer(plain_bytes, sizeof plain_bytes);
    struct ph_bytes said = fuzz_bytes(input, ROOM / 2);
    int from = fuzz_byte(input) & 1;
    FUZZ_CHECK(ph_channel_seal(&channels[from], said, &out) == PH_OK);
    letter.len = out.len;
    bool is_whole = deliver(input, &letter, &none, is_bent);
    struct ph_bytes arriving = fuzz_copy(ph_bytes(letter.bytes, letter.len));
    enum ph_status status = ph_channel_open(&channels[1 - from], arriving, &plain);
    fuzz_free(arriving);
    FUZZ_CHECK((status == PH_OK) == is_whole);
    FUZZ_CHECK(channels[1 - from].is_open == is_whole);
    if (is_whole)
        FUZZ_CHECK(ph_bytes_equal(ph_buffer_bytes(&plain), said));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct ph_handshake sides[2];
    struct ph_channel channels[2];
    uint8_t bends = fuzz_byte(&input);
    start(sides);
    for (int i = 0; i < 3; i++)
        if (!pass_message(&input, sides, i, (bends >> i & 1) != 0))
            return 0;
    FUZZ_CHECK(memcmp(ph_handshake_hash(&sides[0]), ph_handshake_hash(&sides[1]),
                      PH_HANDSHAKE_HASH_LEN) == 0);
    ph_handshake_split(&sides[0], &channels[0]);
    ph_handshake_split(&sides[1], &channels[1]);
    for (int i = 3; i < 6 && channels[0].is_open && channels[1].is_open; i++)
        pass_sealed(&input, channels, (bends >> i & 1) != 0);
    return 0;
}
