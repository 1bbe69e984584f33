#define _GNU_SOURCE /* memmem */

/* Content that did not come with its entry: whoever has it fills the hole, once or twice, and holes
 * that nobody can fill don't keep others from healing. */
#include <stdlib.h>

#include "proto/run.h"
#include "store/view.h"
#include "tests/support/bad_member.h"

#define BAD 2 /* of four; 0, 1 and 3 are honest */

static void a_hole_filled_twice_at_once_is_filled(void **state)
{
    (void)state;
    struct sim *sim = sim_network(741, 4);
    struct bad_member bad = bad_member_of(sim, BAD);
    struct sim_stranger *one = bad_member_dial(&bad, 0, 0);
    struct sim_stranger *two = bad_member_dial(&bad, 1, 0);
    bad_member_say_run(&bad, one, &bad.log, 1, true);
    sim_run(sim, 2000);
    CHECK(sim_converge(sim, 60000));
    sim_set_commit_ms(sim, 0, (struct sim_span){300, 300});

    bad_member_say_fill(one, &bad.log);
    bad_member_say_fill(two, &bad.log);
    bad_member_say_fill(two, &bad.log);
    sim_run(sim, 3000);

    CHECK(sim_is_up(sim, 0));
    CHECK(sim_stranger_is_up(one) && sim_stranger_is_up(two));
    CHECK(sim_converge(sim, 60000));
    CHECK(sim_are_equal(sim, 0, 1) && sim_are_equal(sim, 0, 3));
    struct ph_bytes records = sim_records(sim, 3);
    CHECK(memmem(records.data, records.len, "oops", 4) != NULL);
    CHECK(sim_verify(sim, 0));
    sim_stranger_free(one);
    sim_stranger_free(two);
    sim_free(sim);
}

/* --- many --- */

static void put_last_entry(const struct ph_view *view, uint32_t number,
                           const struct ph_log_row *row, struct ph_buffer *message)
{
    struct ph_stored_entry before, last;
    struct ph_run_writer run;
    CHECK_OK(ph_view_entry(view, number, row->tip.seq - 1, &before));
    CHECK_OK(ph_view_entry(view, number, row->tip.seq, &last));
    struct ph_entry_id id = ph_header_id(before.encoded);
    struct ph_link link = ph_link_after(&before.header, &id);
    last.body.content_hash = ph_body_content_hash(&last.body);
    last.body.content_is_missing = true;
    ph_message_run_begin(message);
    ph_run_begin(&run, message, &row->writer, &link, 1);
    ph_run_add(&run, &last.header, &last.body);
    ph_run_end(&run, last.signature);
}

/* The last entry of node 1, as node 1 holds it, passed on without its content. */
static void say_without_content(struct sim *sim, struct sim_stranger *stranger,
                                struct ph_writer_id *writer)
{
    static uint8_t bytes[PH_FRAME_PLAIN_MAX];
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes - 1);
    struct ph_sign_secret unused;
    struct ph_view view = {0};
    struct ph_log_row row;
    uint32_t number = 0;
    ph_sign_key_from_seed(sim_identity(sim, 1)->writer_seed, &unused, writer->bytes);
    CHECK_OK(ph_view_open(sim_store(sim, 1), &view));
    for (;; number++) {
        CHECK_OK(ph_view_log(&view, number, &row));
        if (ph_writer_id_equal(&row.writer, writer))
            break;
    }
    put_last_entry(&view, number, &row, &message);
    ph_view_close(&view);
    sim_stranger_say(stranger, ph_buffer_bytes(&message));
}

/* A writer key that sorts before node 1's: its holes are named first. */
static struct bad_fact certify_before(struct bad_member *bad, struct bad_log *log)
{
    struct ph_writer_id honest;
    struct ph_sign_secret unused;
    struct bad_fact fact;
    uint8_t seed = 0;
    ph_sign_key_from_seed(sim_identity(bad->sim, 1)->writer_seed, &unused, honest.bytes);
    do
        fact = bad_member_certify(bad, seed++, &bad->log.certify, log);
    while (memcmp(log->writer.bytes, honest.bytes, sizeof honest.bytes) > 0 && seed != 0);
    CHECK(memcmp(log->writer.bytes, honest.bytes, sizeof honest.bytes) < 0);
    return fact;
}

static void holes_that_nobody_can_fill_keep_no_other_from_healing(void **state)
{
    (void)state;
    struct sim *sim = sim_network(742, 4);
    struct bad_member bad = bad_member_of(sim, BAD);
    struct sim_stranger *stranger = bad_member_dial(&bad, 0, 0);
    struct bad_log log = {.content_len = 0};
    struct ph_writer_id honest;
    struct bad_fact fact = certify_before(&bad, &log);
    bad_member_say_facts(stranger, &fact, 1);
    sim_run(sim, 1000);
    bad_member_say_run(&bad, stranger, &log, PH_HOLES_PER_HEADS_MAX + 20, true);
    sim_run(sim, 2000);
    CHECK(sim_converge(sim, 60000));
    sim_partition(sim, 0, 1);
    struct sim_id plan = sim_write(sim, 1, "plan", "title", "Whole");
    say_without_content(sim, stranger, &honest);
    sim_run(sim, 2000);
    assert_string_not_equal(sim_show(sim, 0, &plan, "title").text, "?");
    CHECK(strstr(sim_show(sim, 0, &plan, "title").text, "Whole") == NULL);

    sim_heal(sim);
    sim_run(sim, 6 * PH_IDLE_ROOT_MS);

    assert_string_equal(sim_show(sim, 0, &plan, "title").text, "Whole (School 1)");
    CHECK(sim_converge(sim, 60000));
    sim_stranger_free(stranger);
    sim_free(sim);
}

CHECK_MAIN(cmocka_unit_test(a_hole_filled_twice_at_once_is_filled),
           cmocka_unit_test(holes_that_nobody_can_fill_keep_no_other_from_healing))
