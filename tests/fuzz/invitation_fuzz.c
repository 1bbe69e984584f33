/* An invitation code as somebody typed it. What is read, written again, reads the same; and the
 * rewritten code differs from the typed one in case, white space and hyphens alone. */
#include "proto/invitation.h"
#include "tests/fuzz/fuzz.h"

static bool is_ignored(uint8_t letter)
{
    return letter == ' ' || letter == '-' || (letter >= '\t' && letter <= '\r');
}

/* The next letter that counts, upper case; 0 at the end. */
static uint8_t next_letter(struct ph_bytes *text)
{
    while (text->len != 0) {
        uint8_t letter = *text->data;
        *text = ph_bytes(text->data + 1, text->len - 1);
        if (!is_ignored(letter))
            return letter >= 'a' && letter <= 'z' ? (uint8_t)(letter - 'a' + 'A') : letter;
    }
    return 0;
}

static void check_letters(struct ph_bytes typed, struct ph_bytes written)
{
    uint8_t letter;
    do {
        letter = next_letter(&written);
        FUZZ_CHECK(next_letter(&typed) == letter);
    } while (letter != 0);
}

static void check_text(struct ph_bytes text)
{
    struct ph_invitation one, two;
    char why[200] = "", code[PH_INVITATION_CODE_MAX], again[PH_INVITATION_CODE_MAX];
    enum ph_status status = ph_invitation_read(text, &one, why);
    FUZZ_CHECK(status == PH_OK || (status == PH_REFUSED && why[0] != '\0'));
    if (status != PH_OK)
        return;
    FUZZ_CHECK(one.address_count <= PH_INVITATION_ADDRESSES_MAX);
    FUZZ_CHECK(ph_invitation_write(&one, code) == PH_OK);
    check_letters(text, ph_bytes_text(code));
    FUZZ_CHECK(ph_invitation_read(ph_bytes_text(code), &two, why) == PH_OK);
    FUZZ_CHECK(ph_invitation_write(&two, again) == PH_OK && strcmp(code, again) == 0);
}

/* The rest of an input as what a code holds, with the right check. */
static void check_made(struct fuzz_input *input)
{
    struct ph_invitation made = {.address_count = (uint8_t)fuzz_pick(input, 6)};
    made.what = (enum ph_claimed)(made.address_count % (PH_CLAIM_SUCCEED + 1));
    char code[PH_INVITATION_CODE_MAX];
    bool is_writable = made.address_count <= PH_INVITATION_ADDRESSES_MAX;
    for (size_t i = 0; i < made.address_count && i < PH_INVITATION_ADDRESSES_MAX; i++) {
        struct ph_bytes address = fuzz_bytes(input, PH_ADDRESS_LEN_MAX);
        if (address.len != 0)
            memcpy(made.addresses[i], address.data, address.len);
        is_writable = is_writable && made.addresses[i][0] != '\0';
    }
    enum ph_status status = ph_invitation_write(&made, code);
    FUZZ_CHECK(status == PH_OK || !is_writable);
    if (status == PH_OK)
        check_text(ph_bytes_text(code));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    if (size != 0 && data[0] == 0)
        check_made(&(struct fuzz_input){data + 1, size - 1});
    else
        check_text(ph_bytes(input.next, input.left));
    return 0;
}
