/* A school that has written on one record as much as counts and shows there is told so before
 * anything is signed, and goes on everywhere else. */
#include "tests/sim/sim_school.h"
#include "tests/support/check.h"

#include <stdio.h>

#define AT_ONCE PH_FIELDS_PER_KIND_MAX

/* Two schools that both hold an action of the first. */
static struct sim *two_schools(uint64_t seed, struct sim_id *action)
{
    struct sim *sim = sim_network(seed, 2);
    *action = sim_write(sim, 0, "action", "title", "Read aloud");
    CHECK(sim_converge(sim, 10000));
    return sim;
}

static uint32_t added_count; /* values, by all */

/* Adds or removes `count` values at once, of `len` bytes, numbered from `first`. NULL: done; else
 * the sentence. */
static const char *change_values(struct sim *sim, const char *how, const struct sim_id *id,
                                 const char *field, uint32_t first, uint32_t count, uint32_t len)
{
    static uint8_t bytes[PH_BODY_MAX + 4096];
    char text[1001];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    ph_pack_array(&out, 3);
    ph_pack_text(&out, ph_bytes_text(how));
    ph_pack_text(&out, ph_bytes_text(id->text));
    ph_pack_array(&out, count);
    for (uint32_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "%0*u", (int)len, first + i);
        ph_pack_array(&out, 2);
        ph_pack_text(&out, ph_bytes_text(field));
        ph_pack_text(&out, ph_bytes_text(text));
    }
    return sim_error(sim_command(sim, 1, ph_buffer_bytes(&out)));
}

/* Each another one. */
static const char *add_values(struct sim *sim, const struct sim_id *id, const char *field,
                              uint32_t count, uint32_t len)
{
    added_count += count;
    return change_values(sim, "add", id, field, added_count - count, count, len);
}

static void add_helpers(struct sim *sim, const struct sim_id *action, uint32_t count)
{
    for (uint32_t done = 0; done < count; done += AT_ONCE) {
        uint32_t left = count - done;
        CHECK(add_values(sim, action, "helpers", left < AT_ONCE ? left : AT_ONCE, 8) == NULL);
    }
}

/* Both hold the same, whoever is asked. */
static void check_same(struct sim *sim, const struct sim_id *action, const char *field,
                       const char *expected)
{
    CHECK(sim_converge(sim, 120000));
    CHECK(sim_are_equal(sim, 0, 1));
    for (uint32_t node = 0; node < 2; node++) {
        assert_string_equal(sim_show(sim, node, action, field).text, expected);
        CHECK(sim_verify(sim, node));
    }
}

/* The sentence; NULL: not refused. */
static const char *refusal(struct sim *sim, const struct sim_id *id, const char *field,
                           const char *value)
{
    ph_command_id command = sim_change_begin(sim, 1, "set", id, field, value);
    sim_run(sim, 1000);
    return sim_error(sim_answer(sim, command));
}

static bool says(const char *sentence, const char *part)
{
    return sentence != NULL && strstr(sentence, part) != NULL;
}

static void a_change_beyond_the_share_is_refused_and_not_signed(void **state)
{
    (void)state;
    struct sim_id action;
    struct sim *sim = two_schools(1, &action);
    uint32_t first = added_count;
    add_helpers(sim, &action, PH_SCHOOL_SHARE_MAX - 1);
    CHECK(says(add_values(sim, &action, "helpers", 2, 8),
               "this edit makes 2 changes, and of the 1024 that this school may make to this "
               "action it has 1 left: go on in a new action."));
    CHECK(sim_change(sim, 1, "set", &action, "lead", "Amal"));
    CHECK(sim_converge(sim, 120000));
    uint32_t commit_count = sim_commit_count(sim, 1);
    struct ph_root root = sim_root(sim, 1);

    CHECK(says(refusal(sim, &action, "lead", "Huda"), "it has 0 left:"));
    CHECK(says(change_values(sim, "remove", &action, "helpers", first, 1, 8), "it has 0 left:"));

    struct ph_root after = sim_root(sim, 1);
    CHECK(ph_root_equal(&root, &after));
    assert_int_equal(sim_commit_count(sim, 1), commit_count);
    check_same(sim, &action, "lead", "Amal (School 1)");
    sim_free(sim);
}

static void who_is_refused_on_one_record_goes_on_elsewhere(void **state)
{
    (void)state;
    struct sim_id action;
    struct sim *sim = two_schools(2, &action);
    struct sim_id other = sim_write(sim, 0, "action", "title", "Read at home");
    CHECK(sim_converge(sim, 10000));
    add_helpers(sim, &action, PH_SCHOOL_SHARE_MAX);
    CHECK(!sim_change(sim, 1, "set", &action, "lead", "Huda"));

    struct sim_id fresh = sim_write(sim, 1, "action", "title", "Read aloud, from here on");
    CHECK(sim_change(sim, 1, "set", &fresh, "lead", "Huda"));
    CHECK(sim_change(sim, 1, "set", &other, "lead", "Huda"));
    CHECK(sim_change(sim, 0, "set", &action, "lead", "Nour"));

    check_same(sim, &fresh, "lead", "Huda (School 1)");
    check_same(sim, &other, "lead", "Huda (School 1)");
    check_same(sim, &action, "lead", "Nour (School 0)");
    sim_free(sim);
}

/* Whichever comes first by its key: nothing that either wrote may fall out. */
static void a_new_writer_has_what_its_school_has_left(void **state)
{
    (void)state;
    for (uint64_t seed = 3; seed < 5; seed++) {
        struct sim_id action;
        struct sim *sim = two_schools(seed, &action);
        CHECK(sim_change(sim, 1, "set", &action, "lead", "Amal"));
        add_helpers(sim, &action, PH_SCHOOL_SHARE_MAX - 3);
        CHECK(sim_change(sim, 1, "set", &action, "status", "doing"));

        sim_stop(sim, 1);
        sim_lose_writer(sim, 1);
        sim_start(sim, 1);
        CHECK(sim_change(sim, 1, "set", &action, "cost", "200 pounds"));
        CHECK(!sim_change(sim, 1, "set", &action, "cost", "300 pounds"));

        check_same(sim, &action, "lead", "Amal (School 1)");
        check_same(sim, &action, "status", "doing (School 1)");
        check_same(sim, &action, "cost", "200 pounds (School 1)");
        sim_free(sim);
    }
}

#define LONG_LEN 1000 /* of evidence; an item has three bytes more */
#define LONG_COUNT (PH_SCHOOL_BYTES_MAX / (LONG_LEN + 3))
#define REST_LEN (PH_SCHOOL_BYTES_MAX % (LONG_LEN + 3))

/* Shown to everybody, or refused: never signed, and missing everywhere. */
static void texts_beyond_a_schools_room_are_refused(void **state)
{
    (void)state;
    struct sim_id action;
    struct sim *sim = two_schools(5, &action);
    char rest[REST_LEN + 1], same[REST_LEN + 1];
    memset(rest, 'x', sizeof rest);
    rest[REST_LEN - 3] = '\0'; /* with its head it fills the room */
    memcpy(same, rest, sizeof same);
    same[0] = 'y';
    for (uint32_t i = 0; i + 2 < LONG_COUNT; i += 21)
        CHECK(add_values(sim, &action, "evidence", 21, LONG_LEN) == NULL);
    CHECK(add_values(sim, &action, "evidence", LONG_COUNT % 21, LONG_LEN) == NULL);

    CHECK(says(add_values(sim, &action, "evidence", 1, LONG_LEN),
               "this action has room for 64 KB of this school's texts, and with this edit they "
               "are 65 KB. Take some out first, or go on in a new action."));
    CHECK(sim_change(sim, 1, "set", &action, "resources", rest));
    CHECK(!sim_change(sim, 1, "set", &action, "status", "doing"));
    CHECK(!sim_change(sim, 1, "set", &action, "title", "")); /* not its own: a byte more */
    CHECK(sim_change(sim, 1, "set", &action, "resources", same));
    CHECK(sim_change(sim, 1, "set", &action, "resources", ""));
    CHECK(sim_change(sim, 1, "set", &action, "status", "doing"));

    check_same(sim, &action, "status", "doing (School 1)");
    sim_free(sim);
}

static void restart_from_backup(struct sim *sim)
{
    sim_stop(sim, 1);
    sim_restore(sim, 1, 1, SIM_SECRETS_MISSING);
    sim_start(sim, 1);
}

/* Two installations that didn't know of each other wrote more than has room: only what takes away
 * is let in, until all of it shows. */
static void who_has_too_much_there_may_take_away(void **state)
{
    (void)state;
    struct sim_id action;
    struct sim *sim = two_schools(6, &action);
    CHECK(sim_change(sim, 1, "set", &action, "lead", "Amal"));
    sim_stop(sim, 1);
    sim_back_up(sim, 1);
    sim_start(sim, 1);
    uint32_t first = added_count;
    CHECK(add_values(sim, &action, "evidence", 20, LONG_LEN) == NULL);
    CHECK(add_values(sim, &action, "evidence", 20, LONG_LEN) == NULL);
    CHECK(sim_converge(sim, 120000));
    sim_partition(sim, 0, 1);
    restart_from_backup(sim);
    CHECK(add_values(sim, &action, "evidence", 20, LONG_LEN) == NULL);
    CHECK(add_values(sim, &action, "evidence", 20, LONG_LEN) == NULL);
    sim_heal(sim);
    CHECK(sim_converge(sim, 120000));

    CHECK(says(refusal(sim, &action, "lead", "Huda"), "they are 79 KB"));
    CHECK(sim_change(sim, 1, "set", &action, "lead", ""));
    CHECK(change_values(sim, "remove", &action, "evidence", first + 20, 20, LONG_LEN) == NULL);
    CHECK(sim_change(sim, 1, "set", &action, "lead", "Huda"));

    check_same(sim, &action, "lead", "Huda (School 1)");
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(a_change_beyond_the_share_is_refused_and_not_signed),
           cmocka_unit_test(who_is_refused_on_one_record_goes_on_elsewhere),
           cmocka_unit_test(a_new_writer_has_what_its_school_has_left),
           cmocka_unit_test(texts_beyond_a_schools_room_are_refused),
           cmocka_unit_test(who_has_too_much_there_may_take_away))
