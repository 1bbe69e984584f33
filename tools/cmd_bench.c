/* bench sync: how fast two nodes come to the same records, and at what cost. */
#include "tools/bench_home.h"
#include "tools/bench_record.h"
#include "tools/bench_run.h"
#include "tools/commands.h"
#include "tools/session.h"
#include "tools/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RECORDS_DEFAULT 100000
#define RECORDS_MAX 10000000
#define WRITERS_DEFAULT 11
#define TEXT_DEFAULT 300
#define SEED 1
#define SHOWN_EVERY_US 20000
#define SHOWN_US_MAX (UINT64_C(600) * 1000000)
#define CLOSE_US_MAX (UINT64_C(10) * 1000000)

/* What was measured of one exchange. */
struct exchange {
    uint64_t answer_us;   /* from connecting to the answer of "pharos sync" */
    uint64_t shown_us;    /* until the last record is shown */
    uint64_t wire_bytes;  /* TCP payload, both directions, from connecting to closing */
    uint64_t count_bytes; /* the same as the serving node counted it */
};

struct bench {
    struct ph_bench_plan plan;
    char folder[PH_HOME_PATH_MAX];
    char full[PH_HOME_PATH_MAX + 8], empty[PH_HOME_PATH_MAX + 8];
    struct ph_bench_made made;
    struct ph_bench_run run;
    struct exchange first, second;
    uint64_t made_us;
    uint64_t record_count, record_count_full; /* shown at the end */
    char root[2][65];                         /* of the full and the empty one */
    uint64_t entries_verified;
};

static int fail(const char *why)
{
    if (ph_bench_is_stopped())
        why = "Stopped.";
    return ph_cli_refuse("%s", why[0] != 0 ? why : "The benchmark can't go on.");
}

static uint64_t count_of(const json_t *answer, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(answer, key));
}

/* --- asking a node that serves --- */

static int ask_status(const char *home, json_t **out)
{
    struct ph_cli cli = {.home = home};
    struct ph_session *session;
    struct ph_request request;
    int code = ph_session_open(&cli, &session);
    if (code != PH_EXIT_OK)
        return code;
    ph_request_begin(&request, "status", 0);
    return ph_session_close(session, ph_session_ask(session, &request, out));
}

/* Keeps the wire going until everything that was received is shown. */
static int await_shown(struct bench *bench)
{
    uint64_t begun_us = ph_bench_now_us(), asked_us = 0, now_us;
    uint64_t backlog = 1;
    while ((now_us = ph_bench_now_us()) - begun_us < SHOWN_US_MAX && backlog != 0 &&
           !ph_bench_is_stopped()) {
        json_t *status = NULL;
        ph_bench_step(&bench->run);
        if (now_us - asked_us < SHOWN_EVERY_US)
            continue;
        asked_us = now_us;
        int code = ask_status(bench->empty, &status);
        if (code != PH_EXIT_OK)
            return code;
        backlog = count_of(status, "backlog");
        json_decref(status);
    }
    bench->first.shown_us = ph_bench_now_us() - bench->run.wire.up_us;
    return backlog == 0 ? PH_EXIT_OK : fail("The records are not shown in time.");
}

/* --- exchanges --- */

static int sync_once(struct bench *bench, struct exchange *exchange)
{
    struct ph_bench_run *run = &bench->run;
    json_t *answer = NULL;
    ph_bench_wire_reset(&run->wire);
    if (ph_bench_command(run, bench->empty, "sync", run->wire.address, &answer) != PH_OK)
        return fail("The exchange failed.");
    exchange->answer_us = ph_bench_now_us() - run->wire.up_us;
    json_decref(answer);
    return PH_EXIT_OK;
}

/* The connection goes to its end; the serving node's count of all connections so far is read. */
static int close_exchange(struct bench *bench, struct exchange *exchange, uint64_t counted_before)
{
    struct ph_bench_run *run = &bench->run;
    uint64_t begun_us = ph_bench_now_us();
    json_t *status = NULL;
    while (ph_bench_wire_is_up(&run->wire) && ph_bench_now_us() - begun_us < CLOSE_US_MAX &&
           !ph_bench_is_stopped())
        ph_bench_step(run);
    if (ph_bench_wire_is_up(&run->wire) || run->wire.connection_count != 1)
        return fail("There was not one connection from its beginning to its end.");
    exchange->wire_bytes = run->wire.bytes[0] + run->wire.bytes[1];
    int code = ask_status(bench->full, &status);
    exchange->count_bytes =
        count_of(status, "bytes_in") + count_of(status, "bytes_out") - counted_before;
    json_decref(status);
    return code;
}

/* The receiver serves too, so that its memory can be looked at to the end; the second time it runs
 * only for the one command. */
static int exchange_twice(struct bench *bench)
{
    char why[PH_WHY_SIZE] = "";
    struct ph_bench_run *run = &bench->run;
    if (ph_bench_serve(&run->full, why) != PH_OK || ph_bench_serve(&run->empty, why) != PH_OK ||
        ph_bench_wire_open(&run->wire, run->full.address, why) != PH_OK)
        return fail(why);
    int code = sync_once(bench, &bench->first);
    if (code == PH_EXIT_OK)
        code = await_shown(bench);
    ph_bench_end(run, &run->empty);
    if (code == PH_EXIT_OK)
        code = close_exchange(bench, &bench->first, 0);
    if (code == PH_EXIT_OK)
        code = sync_once(bench, &bench->second);
    if (code == PH_EXIT_OK)
        code = close_exchange(bench, &bench->second, bench->first.count_bytes);
    ph_bench_end(run, &run->full);
    return code;
}

/* --- checks --- */

static int read_end(struct bench *bench, const char *home, char root[65], uint64_t *record_count)
{
    json_t *status = NULL;
    if (ph_bench_command(&bench->run, home, "status", NULL, &status) != PH_OK)
        return fail("The status can't be read.");
    const char *text = json_string_value(json_object_get(status, "root"));
    snprintf(root, 65, "%s", text != NULL ? text : "");
    *record_count = count_of(status, "records");
    json_decref(status);
    return PH_EXIT_OK;
}

static int check(struct bench *bench)
{
    json_t *report = NULL;
    if (ph_bench_command(&bench->run, bench->empty, "verify", NULL, &report) != PH_OK)
        return fail("What was received does not verify.");
    bench->entries_verified = count_of(report, "entries");
    json_decref(report);
    int code = read_end(bench, bench->full, bench->root[0], &bench->record_count_full);
    if (code == PH_EXIT_OK)
        code = read_end(bench, bench->empty, bench->root[1], &bench->record_count);
    if (code != PH_EXIT_OK)
        return code;
    if (strcmp(bench->root[0], bench->root[1]) != 0)
        return fail("The roots differ.");
    return bench->record_count == bench->record_count_full ? PH_EXIT_OK
                                                           : fail("Not all records are shown.");
}

/* --- the answer --- */

static double seconds(uint64_t us)
{
    return (double)us / 1e6;
}

static json_t *exchange_json(const struct exchange *exchange)
{
    return json_pack("{s:f, s:I, s:b}", "seconds", seconds(exchange->answer_us), "wire_bytes",
                     (json_int_t)exchange->wire_bytes, "node_counts_the_same",
                     exchange->wire_bytes == exchange->count_bytes);
}

static int print_json(const struct bench *bench)
{
    double count = bench->plan.record_count;
    json_t *first = exchange_json(&bench->first);
    json_object_set_new(first, "records_per_second",
                        json_real(count / seconds(bench->first.answer_us)));
    json_object_set_new(first, "shown_seconds", json_real(seconds(bench->first.shown_us)));
    json_object_set_new(first, "shown_records_per_second",
                        json_real(count / seconds(bench->first.shown_us)));
    json_object_set_new(first, "bytes_per_record",
                        json_real((double)bench->first.wire_bytes / count));
    return ph_cli_json(json_pack(
        "{s:I, s:I, s:f, s:f, s:f, s:o, s:o, s:I, s:I, s:I, s:s}", "records",
        (json_int_t)bench->plan.record_count, "writers", (json_int_t)bench->plan.writer_count,
        "text_bytes_per_record", (double)bench->made.text_bytes / count, "body_bytes_per_record",
        (double)bench->made.body_bytes / count, "making_seconds", seconds(bench->made_us),
        "first_sync", first, "second_sync", exchange_json(&bench->second),
        "receiver_rss_anon_kib_max", (json_int_t)bench->run.empty.anonymous_kib_max,
        "sender_rss_anon_kib_max", (json_int_t)bench->run.full.anonymous_kib_max,
        "entries_verified", (json_int_t)bench->entries_verified, "root", bench->root[1]));
}

static void print_text(const struct bench *bench)
{
    const struct exchange *first = &bench->first, *second = &bench->second;
    double count = bench->plan.record_count;
    printf("%u records of %.0f bytes of text by %u writers, made in %.1f s\n",
           bench->plan.record_count, (double)bench->made.text_bytes / count,
           bench->plan.writer_count, seconds(bench->made_us));
    printf("first sync: %.2f s, %.0f records/s; all shown after %.2f s, %.0f records/s\n",
           seconds(first->answer_us), count / seconds(first->answer_us), seconds(first->shown_us),
           count / seconds(first->shown_us));
    printf("on the wire: %llu bytes, %.1f a record%s\n", (unsigned long long)first->wire_bytes,
           (double)first->wire_bytes / count,
           first->wire_bytes == first->count_bytes ? "; the node counts the same" : "");
    printf("private memory at most: receiver %.1f MiB, sender %.1f MiB\n",
           (double)bench->run.empty.anonymous_kib_max / 1024,
           (double)bench->run.full.anonymous_kib_max / 1024);
    printf("second sync: %llu bytes in all, %.3f s\n", (unsigned long long)second->wire_bytes,
           seconds(second->answer_us));
    printf("%llu entries verified, roots equal: %s\n", (unsigned long long)bench->entries_verified,
           bench->root[1]);
}

/* --- the whole --- */

static int make_folder(struct bench *bench, const char *kept)
{
    enum ph_status status = PH_OK;
    errno = 0;
    if (kept == NULL)
        status = ph_tree_make(bench->folder, sizeof bench->folder);
    else if (strlen(kept) >= sizeof bench->folder || mkdir(kept, 0700) != 0)
        status = PH_IO;
    else
        snprintf(bench->folder, sizeof bench->folder, "%s", kept);
    if (status != PH_OK)
        return ph_cli_refuse("A new folder for the homes can't be made: %s.", strerror(errno));
    snprintf(bench->full, sizeof bench->full, "%s/full", bench->folder);
    snprintf(bench->empty, sizeof bench->empty, "%s/empty", bench->folder);
    bench->run.full.home = bench->full;
    bench->run.empty.home = bench->empty;
    return PH_EXIT_OK;
}

static int run(struct bench *bench)
{
    char why[PH_WHY_SIZE] = "";
    uint64_t begun_us = ph_bench_now_us();
    if (ph_bench_homes(&bench->plan, bench->full, bench->empty, &bench->made, why) != PH_OK)
        return fail(why);
    bench->made_us = ph_bench_now_us() - begun_us;
    if (ph_bench_is_stopped())
        return fail("");
    int code = exchange_twice(bench);
    return code == PH_EXIT_OK ? check(bench) : code;
}

static int run_and_clean(struct bench *bench, const char *kept)
{
    int code = make_folder(bench, kept);
    if (code != PH_EXIT_OK)
        return code;
    code = run(bench);
    ph_bench_end(&bench->run, &bench->run.empty);
    ph_bench_end(&bench->run, &bench->run.full);
    ph_bench_wire_close(&bench->run.wire);
    if (kept == NULL && ph_tree_remove(bench->folder) != PH_OK)
        ph_cli_refuse("The folder %s can't be removed.", bench->folder);
    return code;
}

static bool read_plan(const struct ph_cli *cli, struct ph_bench_plan *plan)
{
    static const long records[2] = {1, RECORDS_MAX};
    static const long writers[2] = {1, PH_BENCH_WRITERS_MAX};
    static const long bytes[2] = {PH_BENCH_TEXT_MIN, PH_BENCH_TEXT_MAX};
    long record_count, writer_count, text_len;
    if (!ph_cli_number(cli, "--records", RECORDS_DEFAULT, records, &record_count) ||
        !ph_cli_number(cli, "--writers", WRITERS_DEFAULT, writers, &writer_count) ||
        !ph_cli_number(cli, "--bytes", TEXT_DEFAULT, bytes, &text_len))
        return false;
    *plan = (struct ph_bench_plan){(uint32_t)record_count, (uint32_t)writer_count,
                                   (uint32_t)text_len, SEED};
    return true;
}

int cmd_bench_sync(struct ph_cli *cli)
{
    const char *kept = ph_cli_option(cli, "--keep", 0);
    struct ph_bench_plan plan;
    if (!read_plan(cli, &plan))
        return PH_EXIT_USAGE;
    struct bench *bench = calloc(1, sizeof *bench);
    if (bench == NULL)
        return ph_cli_refuse("Memory is exhausted.");
    bench->plan = plan;
    bench->run.full.child = bench->run.empty.child = PH_CHILD_NONE;
    bench->run.wire.listener = bench->run.wire.ends[0] = bench->run.wire.ends[1] = -1;
    ph_bench_catch_signals();
    int code = run_and_clean(bench, kept);
    if (code == PH_EXIT_OK && cli->json)
        code = print_json(bench);
    else if (code == PH_EXIT_OK)
        print_text(bench);
    free(bench);
    return code;
}
