#include "proto/invitation.h"

#include <ctype.h>
#include <stdio.h>

#include "tests/support/vectors.h"

#define FACTS_PATH PH_VECTORS "/facts.json"
#define WHY_LEN 200

/* Every count gives another number of bits that are left over in the last character. */
static struct ph_invitation invitation_with(size_t address_count)
{
    struct ph_invitation out = {.address_count = (uint8_t)address_count};
    memset(out.network.bytes, 1, sizeof out.network.bytes);
    memset(out.key.bytes, 2, sizeof out.key.bytes);
    memset(out.secret, 3, sizeof out.secret);
    for (size_t i = 0; i < address_count && i < PH_INVITATION_ADDRESSES_MAX; i++)
        snprintf(out.addresses[i], sizeof out.addresses[i], "h%0*u:7410", (int)i + 1, 0U);
    return out;
}

static void check_refused(struct ph_bytes text, const char *part_of_why)
{
    char why[WHY_LEN] = "";
    struct ph_invitation out;
    CHECK_STATUS(ph_invitation_read(text, &out, why), PH_REFUSED);
    if (strstr(why, part_of_why) == NULL)
        print_error("said \"%s\", not \"%s\"\n", why, part_of_why);
    CHECK(strstr(why, part_of_why) != NULL && why[strlen(why) - 1] == '.');
}

static void check_reads_as(struct ph_bytes text, const struct ph_invitation *expected)
{
    char why[WHY_LEN] = "";
    struct ph_invitation out;
    CHECK_OK(ph_invitation_read(text, &out, why));
    assert_memory_equal(&out, expected, sizeof out);
}

static void every_count_of_addresses_survives_writing_and_reading(void **state)
{
    (void)state;
    char code[PH_INVITATION_CODE_MAX];
    for (size_t count = 0; count <= PH_INVITATION_ADDRESSES_MAX; count++) {
        struct ph_invitation invitation = invitation_with(count);
        CHECK_OK(ph_invitation_write(&invitation, code));
        check_reads_as(ph_bytes_text(code), &invitation);
    }
}

static void an_invitation_can_name_a_school(void **state)
{
    (void)state;
    char code[PH_INVITATION_CODE_MAX];
    for (int what = PH_CLAIM_ENROL; what <= PH_CLAIM_SUCCEED; what++)
        for (size_t count = 0; count <= PH_INVITATION_ADDRESSES_MAX; count++) {
            struct ph_invitation invitation = invitation_with(count);
            invitation.what = (enum ph_claimed)what;
            memset(invitation.school.bytes, 4, sizeof invitation.school.bytes);
            CHECK_OK(ph_invitation_write(&invitation, code));
            check_reads_as(ph_bytes_text(code), &invitation);
        }
    struct ph_invitation invitation = invitation_with(1);
    invitation.what = (enum ph_claimed)(PH_CLAIM_SUCCEED + 1);
    CHECK_OK(ph_invitation_write(&invitation, code));
    check_refused(ph_bytes_text(code), "addresses");
}

static void a_request_survives_writing_and_reading(void **state)
{
    (void)state;
    char code[PH_PLEA_CODE_MAX], why[WHY_LEN] = "";
    struct ph_plea plea = {.network = {{1}}, .school = {{2}}, .invite_key = {3}}, read;
    memset(plea.signature.bytes, 4, sizeof plea.signature.bytes);
    ph_plea_write(&plea, code);
    CHECK(strlen(code) < sizeof code);
    CHECK_OK(ph_plea_read(ph_bytes_text(code), &read, why));
    assert_memory_equal(&read, &plea, sizeof plea);
    check_refused(ph_bytes_text(code), "begin with PHAROS1");
    code[30] = code[30] == 'A' ? 'B' : 'A';
    CHECK_STATUS(ph_plea_read(ph_bytes_text(code), &read, why), PH_REFUSED);
    CHECK(strstr(why, "mistyped") != NULL);
}

static void the_longest_code_survives_writing_and_reading(void **state)
{
    (void)state;
    char code[PH_INVITATION_CODE_MAX];
    struct ph_invitation invitation = invitation_with(PH_INVITATION_ADDRESSES_MAX);
    for (size_t i = 0; i < PH_INVITATION_ADDRESSES_MAX; i++)
        memset(invitation.addresses[i], 'a', PH_ADDRESS_LEN_MAX);
    CHECK_OK(ph_invitation_write(&invitation, code));
    check_reads_as(ph_bytes_text(code), &invitation);
}

static void known_codes_are_read_and_written(void **state)
{
    (void)state;
    json_t *vectors = vectors_open(FACTS_PATH);
    json_t *list = vector_member(vectors, "invitations");
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *known = json_array_get(list, i);
        json_t *addresses = vector_member(known, "addresses");
        const char *code = json_string_value(vector_member(known, "code"));
        char why[WHY_LEN];
        char again[PH_INVITATION_CODE_MAX];
        struct ph_invitation out;
        struct vector_bytes network = vector_bytes(vectors, "network");
        struct vector_bytes key = vector_bytes(vectors, "network_key");
        struct vector_bytes secret = vector_bytes(vector_member(vectors, "join"), "invite_secret");

        CHECK_OK(ph_invitation_read(ph_bytes_text(code), &out, why));

        CHECK_BYTES(ph_bytes(out.network.bytes, 32), vector_view(&network));
        CHECK_BYTES(ph_bytes(out.key.bytes, 32), vector_view(&key));
        CHECK_BYTES(ph_bytes(out.secret, 16), vector_view(&secret));
        assert_int_equal(out.address_count, json_array_size(addresses));
        for (size_t k = 0; k < out.address_count; k++)
            assert_string_equal(out.addresses[k], json_string_value(json_array_get(addresses, k)));
        CHECK_OK(ph_invitation_write(&out, again));
        assert_string_equal(again, code);
    }
    json_decref(vectors);
}

static void case_white_space_and_hyphens_do_not_matter(void **state)
{
    (void)state;
    char code[PH_INVITATION_CODE_MAX];
    char spread[4 * PH_INVITATION_CODE_MAX];
    size_t len = 0;
    struct ph_invitation invitation = invitation_with(2);
    CHECK_OK(ph_invitation_write(&invitation, code));
    for (size_t i = 0; code[i] != 0; i++) {
        spread[len++] = (char)(i % 3 == 0 ? tolower((unsigned char)code[i]) : code[i]);
        if (i % 4 == 0)
            spread[len++] = " -\n\r\t"[i / 4 % 5];
    }
    check_reads_as(ph_bytes(spread, len), &invitation);
}

static void every_mistyped_character_is_refused(void **state)
{
    (void)state;
    static const char typed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.";
    char code[PH_INVITATION_CODE_MAX];
    char why[WHY_LEN];
    struct ph_invitation out;
    for (size_t count = 0; count <= PH_INVITATION_ADDRESSES_MAX; count++) {
        struct ph_invitation invitation = invitation_with(count);
        CHECK_OK(ph_invitation_write(&invitation, code));
        for (size_t i = 0; code[i] != 0; i++) {
            char right = code[i];
            for (size_t k = 0; k < sizeof typed - 1 && right != '-'; k++) {
                code[i] = typed[k];
                if (typed[k] != right)
                    CHECK_STATUS(ph_invitation_read(ph_bytes_text(code), &out, why), PH_REFUSED);
            }
            code[i] = right;
        }
    }
}

static void every_cut_or_lengthened_code_is_refused(void **state)
{
    (void)state;
    char code[PH_INVITATION_CODE_MAX];
    char why[WHY_LEN];
    struct ph_invitation out;
    struct ph_invitation invitation = invitation_with(1);
    CHECK_OK(ph_invitation_write(&invitation, code));
    size_t len = strlen(code);
    for (size_t cut = 0; cut < len; cut++)
        CHECK_STATUS(ph_invitation_read(ph_bytes(code, cut), &out, why), PH_REFUSED);
    memcpy(code + len, "AAAAAAAA", 9);
    for (size_t more = 1; more <= 8; more++)
        CHECK_STATUS(ph_invitation_read(ph_bytes(code, len + more), &out, why), PH_REFUSED);
}

static void each_refusal_says_what_is_wrong(void **state)
{
    (void)state;
    static char long_text[8000];
    char code[PH_INVITATION_CODE_MAX];
    struct ph_invitation invitation = invitation_with(1);
    memset(long_text, 'A', sizeof long_text);
    CHECK_OK(ph_invitation_write(&invitation, code));
    check_refused(ph_bytes_text(""), "not an invitation code");
    check_refused(ph_bytes_text("hello"), "not an invitation code");
    check_refused(ph_bytes(long_text, sizeof long_text), "too long");
    check_refused(ph_bytes_text("PHAROS1-"), "incomplete");
    code[sizeof "PHAROS" - 1] = '2';
    check_refused(ph_bytes_text(code), "newer version");
    code[sizeof "PHAROS" - 1] = 'I';
    check_refused(ph_bytes_text(code), "mistyped at its beginning");
    code[sizeof "PHAROS" - 1] = '1';
    code[20] = code[20] == 'A' ? 'B' : 'A';
    check_refused(ph_bytes_text(code), "mistyped or incomplete");
}

static void right_checks_do_not_excuse_wrong_addresses(void **state)
{
    (void)state;
    json_t *vectors = vectors_open(FACTS_PATH);
    json_t *list = vector_member(vectors, "unreadable_invitations");
    assert_int_equal(json_array_size(list), 8);
    for (size_t i = 0; i < json_array_size(list); i++)
        check_refused(ph_bytes_text(json_string_value(json_array_get(list, i))), "new code");
    json_decref(vectors);
}

static void a_refused_code_leaves_the_invitation_as_it_was(void **state)
{
    (void)state;
    char why[WHY_LEN];
    struct ph_invitation before = invitation_with(3);
    struct ph_invitation out = before;
    CHECK_STATUS(ph_invitation_read(ph_bytes_text("PHAROS1-AAAA"), &out, why), PH_REFUSED);
    assert_memory_equal(&out, &before, sizeof out);
}

static void addresses_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    char code[PH_INVITATION_CODE_MAX];
    struct ph_invitation many = invitation_with(PH_INVITATION_ADDRESSES_MAX + 1);
    CHECK_STATUS(ph_invitation_write(&many, code), PH_LIMIT);
    struct ph_invitation endless = invitation_with(1);
    memset(endless.addresses[0], 'a', sizeof endless.addresses[0]);
    CHECK_STATUS(ph_invitation_write(&endless, code), PH_LIMIT);
    struct ph_invitation empty = invitation_with(2);
    empty.addresses[1][0] = 0;
    CHECK_STATUS(ph_invitation_write(&empty, code), PH_LIMIT);
}

CHECK_MAIN(cmocka_unit_test(every_count_of_addresses_survives_writing_and_reading),
           cmocka_unit_test(an_invitation_can_name_a_school),
           cmocka_unit_test(a_request_survives_writing_and_reading),
           cmocka_unit_test(the_longest_code_survives_writing_and_reading),
           cmocka_unit_test(known_codes_are_read_and_written),
           cmocka_unit_test(case_white_space_and_hyphens_do_not_matter),
           cmocka_unit_test(every_mistyped_character_is_refused),
           cmocka_unit_test(every_cut_or_lengthened_code_is_refused),
           cmocka_unit_test(each_refusal_says_what_is_wrong),
           cmocka_unit_test(right_checks_do_not_excuse_wrong_addresses),
           cmocka_unit_test(a_refused_code_leaves_the_invitation_as_it_was),
           cmocka_unit_test(addresses_that_do_not_fit_are_refused))
