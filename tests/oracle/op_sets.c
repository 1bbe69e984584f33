/* Sets of ops drawn from seeds, what pharos makes of them in several orders, as an event log for
 * oracle.js: op_sets [--first N] [--count N]. A set's number is its seed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/verify.h"
#include "tests/oracle/op_judge.h"
#include "tests/oracle/op_take.h"
#include "tests/support/event_log.h"

#define ORDERS 2
#define SETS_PER_FACTS 4 /* sets that share their facts */

/* --- a set --- */

static void print_offers(const struct op_facts *facts, const struct op_set *set, uint64_t seed)
{
    event_log_begin_offers(stdout, seed);
    for (uint32_t i = 0; i < facts->count; i++) {
        fputs("{\"t\":\"fact\",\"node\":0,", stdout);
        event_log_hex(stdout, "bytes", ph_bytes(facts->facts[i].bytes, facts->facts[i].len));
        fputs("}\n", stdout);
    }
    for (uint32_t i = 0; i < set->run_count; i++) {
        fputs("{\"t\":\"run\",\"node\":0,", stdout);
        event_log_hex(stdout, "bytes", set->runs[i]);
        fputs("}\n", stdout);
    }
    for (uint32_t i = 0; i < set->fill_count; i++) {
        const struct op_fill *fill = &set->fills[i];
        fputs("{\"t\":\"fill\",\"node\":0,", stdout);
        event_log_hex(stdout, "entry", ph_bytes(fill->entry.bytes, sizeof fill->entry.bytes));
        fputc(',', stdout);
        event_log_hex(stdout, "salt", ph_bytes(fill->salt.bytes, sizeof fill->salt.bytes));
        fputc(',', stdout);
        event_log_hex(stdout, "content", fill->content);
        fputs("}\n", stdout);
    }
}

static char *state_of(struct op_taker *taker)
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    CHECK(file != NULL);
    op_take_print(taker, file);
    fclose(file);
    return text;
}

/* A state that is the first one's needs no second look. */
static void print_if_new(char **first, char *state)
{
    if (*first == NULL) {
        fputs(state, stdout);
        *first = state;
        return;
    }
    if (strcmp(*first, state) != 0)
        fputs(state, stdout);
    free(state);
}

static void rebuild(struct op_taker *taker, char **first)
{
    struct ph_verify_report report;
    home_rebuild(&taker->home);
    print_if_new(first, state_of(taker));
    if (ph_store_verify(taker->home.store, &report) != PH_OK)
        printf("{\"t\":\"damage\",\"node\":0,\"what\":\"%s\"}\n", report.damage);
}

static void take_set(const struct op_set *set, const struct op_facts *facts,
                     struct ph_facts *const taken[ORDERS], uint64_t seed)
{
    static struct op_taker taker;
    struct chance chance = chance_of('t', seed);
    char *first = NULL;
    memset(&taker, 0, sizeof taker);
    for (uint32_t i = 0; i < ORDERS; i++) {
        op_take_begin(&taker, set, taken[i], facts->quota, &chance);
        print_if_new(&first, state_of(&taker));
        if (i == 0)
            op_take_print_merge(&taker, &chance, stdout);
        if (i == 1)
            rebuild(&taker, &first);
        op_take_end(&taker);
    }
    free(first);
}

/* Gives the set with what facts say of its entries, which are its own. */
static void run_set(const struct op_set *set, const struct op_facts *shared, uint64_t seed)
{
    static struct op_facts facts;
    struct chance chance = chance_of('g', ~seed);
    struct ph_facts *taken[ORDERS];
    facts = *shared;
    taken[0] = op_facts_take(&facts, &chance);
    op_judge_draw(&facts, taken[0], set, seed);
    for (uint32_t i = 1; i < ORDERS; i++)
        taken[i] = op_facts_take(&facts, &chance);
    print_offers(&facts, set, seed);
    take_set(set, &facts, taken, seed);
    for (uint32_t i = 0; i < ORDERS; i++)
        ph_facts_free(taken[i]);
}

static void run_group(uint64_t group, uint64_t first, uint64_t end)
{
    static struct op_facts facts;
    static struct op_set set;
    struct chance chance = chance_of('g', group);
    op_facts_draw(&facts, group);
    struct ph_facts *taken = op_facts_take(&facts, &chance);
    for (uint64_t seed = group * SETS_PER_FACTS; seed < (group + 1) * SETS_PER_FACTS; seed++)
        if (seed >= first && seed < end && op_set_draw(&set, taken, seed))
            run_set(&set, &facts, seed);
    ph_facts_free(taken);
}

int main(int argc, char **argv)
{
    uint64_t first = 0, count = 100;
    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t *number = strcmp(argv[i], "--first") == 0   ? &first
                           : strcmp(argv[i], "--count") == 0 ? &count
                                                             : NULL;
        if (number == NULL)
            return 2;
        *number = strtoull(argv[i + 1], NULL, 10);
    }
    setenv("TMPDIR", "/dev/shm", 0); /* nothing here is about the disk */
    if (ph_crypto_init() != PH_OK || make_world(NULL) != 0)
        return 1;
    for (uint64_t group = first / SETS_PER_FACTS; group * SETS_PER_FACTS < first + count; group++)
        run_group(group, first, first + count);
    return ferror(stdout) || fflush(stdout) != 0;
}
