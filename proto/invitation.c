#include "proto/invitation.h"

#include <assert.h>
#include <stdio.h>

#include "proto/code.h"

#define FIXED_LEN (32 + 32 + 16 + 1) /* up to and with the address count */
#define WHAT_SHIFT 6                 /* in the count byte */
#define PAYLOAD_MAX                                                                                \
    (FIXED_LEN + 32 + PH_INVITATION_ADDRESSES_MAX * (2 + PH_ADDRESS_LEN_MAX) + PH_CODE_CHECK_LEN)

static_assert(PH_CODE_SIZE(sizeof "PHAROS1-", PAYLOAD_MAX) <= PH_INVITATION_CODE_MAX,
              "the longest code fits");

static const struct ph_code_form invitation_form = {
    .prefix = "PHAROS1",
    .other = "This is not an invitation code: those begin with PHAROS1-.",
    .beginning = "The code is mistyped at its beginning: it must be PHAROS1-.",
    .too_long = "This is too long to be an invitation code.",
};

static const struct ph_code_form plea_form = {
    .prefix = "PHJOIN1",
    .other = "This is not a request to join: those begin with PHJOIN1-.",
    .beginning = "The request is mistyped at its beginning: it must be PHJOIN1-.",
    .too_long = "This is too long to be a request to join.",
};

void ph_invitation_wipe(struct ph_invitation *invitation)
{
    ph_wipe(invitation, sizeof *invitation);
}

/* --- Writing --- */

static bool put_address(struct ph_buffer *out, const char address[PH_ADDRESS_LEN_MAX + 1])
{
    const char *end = memchr(address, 0, PH_ADDRESS_LEN_MAX + 1);
    if (end == NULL || end == address)
        return false;
    uint8_t len_bytes[2];
    ph_put_u16(len_bytes, (uint16_t)(end - address));
    ph_buffer_put(out, len_bytes, sizeof len_bytes);
    ph_buffer_put(out, address, (size_t)(end - address));
    return true;
}

static enum ph_status put_payload(const struct ph_invitation *invitation, struct ph_buffer *out)
{
    if (invitation->address_count > PH_INVITATION_ADDRESSES_MAX)
        return PH_LIMIT;
    ph_buffer_put(out, invitation->network.bytes, 32);
    ph_buffer_put(out, invitation->key.bytes, 32);
    ph_buffer_put(out, invitation->secret, sizeof invitation->secret);
    uint8_t count = (uint8_t)(invitation->address_count | invitation->what << WHAT_SHIFT);
    ph_buffer_put(out, &count, 1);
    if (invitation->what != PH_CLAIM_NONE)
        ph_buffer_put(out, invitation->school.bytes, sizeof invitation->school.bytes);
    for (size_t i = 0; i < invitation->address_count; i++) {
        if (!put_address(out, invitation->addresses[i]))
            return PH_LIMIT;
    }
    assert(!out->overflow);
    return PH_OK;
}

enum ph_status ph_invitation_write(const struct ph_invitation *invitation,
                                   char out[PH_INVITATION_CODE_MAX])
{
    uint8_t bytes[PAYLOAD_MAX];
    struct ph_buffer buffer = ph_buffer(bytes, sizeof bytes - PH_CODE_CHECK_LEN);
    enum ph_status status = put_payload(invitation, &buffer);
    if (status == PH_OK)
        ph_code_write(&invitation_form, &buffer, out);
    ph_wipe(bytes, sizeof bytes);
    return status;
}

/* --- Reading --- */

/* One address from `rest`, which it shortens. */
static bool take_address(struct ph_bytes *rest, char out[PH_ADDRESS_LEN_MAX + 1])
{
    if (rest->len < 2)
        return false;
    size_t len = ph_get_u16(rest->data);
    *rest = ph_bytes(rest->data + 2, rest->len - 2);
    if (len == 0 || len > PH_ADDRESS_LEN_MAX || len > rest->len || memchr(rest->data, 0, len))
        return false;
    memcpy(out, rest->data, len);
    out[len] = 0;
    *rest = ph_bytes(rest->data + len, rest->len - len);
    return true;
}

static bool take_school(struct ph_bytes *rest, struct ph_school_id *out)
{
    if (rest->len < sizeof out->bytes)
        return false;
    memcpy(out->bytes, rest->data, sizeof out->bytes);
    *rest = ph_bytes(rest->data + sizeof out->bytes, rest->len - sizeof out->bytes);
    return true;
}

static bool take_payload(struct ph_bytes payload, struct ph_invitation *out)
{
    *out = (struct ph_invitation){0};
    memcpy(out->network.bytes, payload.data, 32);
    memcpy(out->key.bytes, payload.data + 32, 32);
    memcpy(out->secret, payload.data + 64, sizeof out->secret);
    uint8_t count = payload.data[FIXED_LEN - 1];
    out->address_count = count & ((1 << WHAT_SHIFT) - 1);
    if (out->address_count > PH_INVITATION_ADDRESSES_MAX || count >> WHAT_SHIFT > PH_CLAIM_SUCCEED)
        return false;
    out->what = (enum ph_claimed)(count >> WHAT_SHIFT);
    struct ph_bytes rest = ph_bytes(payload.data + FIXED_LEN, payload.len - FIXED_LEN);
    if (out->what != PH_CLAIM_NONE && !take_school(&rest, &out->school))
        return false;
    for (size_t i = 0; i < out->address_count; i++) {
        if (!take_address(&rest, out->addresses[i]))
            return false;
    }
    return rest.len == 0;
}

enum ph_status ph_invitation_read(struct ph_bytes text, struct ph_invitation *out, char why[200])
{
    uint8_t bytes[PAYLOAD_MAX];
    struct ph_bytes payload;
    struct ph_invitation invitation = {.what = PH_CLAIM_NONE};
    const char *refusal = ph_code_read(&invitation_form, text, bytes, sizeof bytes, &payload);
    if (refusal == NULL && payload.len < FIXED_LEN)
        refusal = PH_CODE_MISTYPED;
    if (refusal == NULL && !take_payload(payload, &invitation))
        refusal = "The code's addresses can't be read: please ask for a new code.";
    if (refusal == NULL)
        *out = invitation;
    else
        snprintf(why, 200, "%s", refusal);
    ph_wipe(bytes, sizeof bytes);
    ph_invitation_wipe(&invitation);
    return refusal == NULL ? PH_OK : PH_REFUSED;
}

/* --- Requests --- */

void ph_plea_write(const struct ph_plea *plea, char out[PH_PLEA_CODE_MAX])
{
    uint8_t bytes[PH_PLEA_LEN + PH_CODE_CHECK_LEN];
    struct ph_buffer buffer = ph_buffer(bytes, PH_PLEA_LEN);
    ph_buffer_put(&buffer, plea->network.bytes, 32);
    ph_buffer_put(&buffer, plea->school.bytes, 32);
    ph_buffer_put(&buffer, plea->invite_key, 32);
    ph_buffer_put(&buffer, plea->signature.bytes, 64);
    ph_code_write(&plea_form, &buffer, out);
}

enum ph_status ph_plea_read(struct ph_bytes text, struct ph_plea *out, char why[200])
{
    uint8_t bytes[PH_PLEA_LEN + PH_CODE_CHECK_LEN];
    struct ph_bytes payload;
    const char *refusal = ph_code_read(&plea_form, text, bytes, sizeof bytes, &payload);
    if (refusal == NULL && payload.len != PH_PLEA_LEN)
        refusal = PH_CODE_MISTYPED;
    if (refusal != NULL) {
        snprintf(why, 200, "%s", refusal);
        return PH_REFUSED;
    }
    memcpy(out->network.bytes, payload.data, 32);
    memcpy(out->school.bytes, payload.data + 32, 32);
    memcpy(out->invite_key, payload.data + 64, 32);
    memcpy(out->signature.bytes, payload.data + 96, 64);
    return PH_OK;
}
