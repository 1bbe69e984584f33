/* One fact from bytes. What parses, signed again with the same fields, gives the same bytes; so
 * nothing in it was read that is not in it (but for proposals of later versions). A fact whose
 * signature does not fit is tried again with the right one. */
#include "proto/fact.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/quick_crypto.h"

#define SIGNATURE_LEN 64

static uint8_t again_bytes[PH_FACT_MAX], mended_bytes[PH_FACT_MAX];

static void check_parsed(struct ph_bytes bytes, const struct ph_fact *fact)
{
    struct ph_sign_secret author, writer;
    struct ph_buffer out = ph_buffer(again_bytes, sizeof again_bytes);
    struct ph_fact again = *fact;
    FUZZ_CHECK(fact->past.len % 32 == 0 && fact->past.len <= (size_t)PH_FACT_PAST_MAX * 32);
    if (fact->type == PH_FACT_PROPOSE && fact->of.propose.what == PH_PROPOSAL_OTHER)
        return; /* what a later version proposes is kept as bytes alone */
    author = quick_secret_of(fact->author.bytes);
    if (fact->type == PH_FACT_CERTIFY && fact->past.len != 0) {
        writer = quick_secret_of(fact->of.certify.writer.bytes);
        again.of.certify.consenting = &writer;
    }
    FUZZ_CHECK(ph_fact_sign(&again, &author, &out) == PH_OK);
    FUZZ_CHECK(ph_fact_id_equal(&again.id, &fact->id));
    FUZZ_CHECK(ph_bytes_equal(ph_buffer_bytes(&out), bytes));
}

/* A signature stands at the end, behind its two bytes of head; a consent may stand behind it. */
static void sign_at(uint8_t *end, enum ph_signature_tag tag, const uint8_t key[32],
                    const struct ph_hash *id)
{
    struct ph_sign_secret secret = quick_secret_of(key);
    struct ph_signature signature = ph_sign(tag, id->bytes, &secret);
    memcpy(end - SIGNATURE_LEN, signature.bytes, SIGNATURE_LEN);
}

struct keys {
    uint8_t network[32], author[32], writer[32]; /* writer: of a certify fact */
};

/* As a statement holds them: after version and type. */
static bool find_keys(struct ph_bytes statement, struct keys *out)
{
    struct ph_unpacker in;
    uint8_t unused[32];
    if (ph_unpack(&in, statement) != PH_OK)
        return false;
    ph_unpack_array(&in);
    ph_unpack_uint(&in, UINT64_MAX);
    ph_unpack_uint(&in, UINT64_MAX);
    ph_unpack_fixed(&in, out->network, 32);
    ph_unpack_fixed(&in, out->author, 32);
    ph_unpack_fixed(&in, unused, 32);
    if (in.failed)
        return false;
    ph_unpack_fixed(&in, out->writer, 32);
    return true;
}

static struct ph_bytes mend(struct ph_bytes bytes)
{
    struct ph_unpacker in;
    struct keys keys = {.network = {0}};
    if (bytes.len > sizeof mended_bytes || ph_unpack(&in, bytes) != PH_OK)
        return bytes;
    uint32_t count = ph_unpack_array(&in);
    struct ph_bytes statement = ph_unpack_bin(&in);
    if (in.failed || !find_keys(statement, &keys) || bytes.len < 2 * (SIGNATURE_LEN + 2))
        return bytes;
    struct ph_hash id = ph_hash(PH_DOMAIN_FACT, statement);
    uint8_t *end = mended_bytes + bytes.len;
    memcpy(mended_bytes, bytes.data, bytes.len);
    if (count == 4) {
        struct ph_hash consented =
            ph_hash2(PH_DOMAIN_ENROL, ph_bytes(keys.network, 32), ph_bytes(keys.author, 32));
        sign_at(end, PH_SIGNED_CONSENT, keys.writer, &consented);
        end -= SIGNATURE_LEN + 2;
    }
    sign_at(end, PH_SIGNED_FACT, keys.author, &id);
    return ph_bytes(mended_bytes, bytes.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ph_bytes bytes = ph_bytes(data, size);
    struct ph_fact fact;
    enum ph_status status = ph_fact_parse(bytes, &fact);
    if (status == PH_UNAUTHENTIC) {
        bytes = fuzz_copy(mend(bytes));
        status = ph_fact_parse(bytes, &fact);
        if (status == PH_OK)
            check_parsed(bytes, &fact);
        fuzz_free(bytes);
    } else if (status == PH_OK) {
        check_parsed(bytes, &fact);
    }
    return 0;
}
