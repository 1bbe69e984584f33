/* doctor: why two schools don't find each other, step by step and in plain words. */
#include "node/address_uv.h"
#include "proto/pack.h"
#include "tools/commands.h"
#include "tools/print.h"
#include "tools/session.h"

#include <stdio.h>
#include <string.h>

#define WAIT_MS 30000 /* of one call: to be picked up, greeted and judged */
#define WAYS_MAX 8    /* ways to a school that are tried */
#define AHEAD_MS_MAX (10 * 60 * 1000)
#define TEXT_MAX 600

/* --- what may be found, and what to do about it --- */

enum step { NAME, ROUTE, PORT, NETWORK, MEMBER, EQUAL, CLOCK, STEPS };

static const struct {
    const char *name, *text;
} steps[STEPS] = {
    [NAME] = {"name", "the name has an address"},
    [ROUTE] = {"route", "there is a way to that address"},
    [PORT] = {"port", "somebody answers at that port"},
    [NETWORK] = {"network", "it is pharos of this network"},
    [MEMBER] = {"member", "both schools accept each other"},
    [EQUAL] = {"equal", "both hold the same"},
    [CLOCK] = {"clock", "its clock is not ahead of this one"},
};

#define AT_CALL "called"
#define AT_PICK_UP "connected"

#define LET_IN                                                                                     \
    "On the other PC let its firewall allow the program pharos to be called at TCP port %s, and "  \
    "see that the PC is on; behind a router, forward that port to it, or let the other school "    \
    "call this one."

/* The first that fits. `%s` in the advice is the port. */
static const struct finding {
    const char *reach;  /* how far the call came; NULL: any further than "greeted" */
    const char *reason; /* a part of it; NULL: any */
    enum step step;     /* that fails */
    const char *why, *advice;
} findings[] = {
    {AT_CALL, "unknown node or service", NAME, "nobody knows that name",
     "Look whether the name is typed right; or give the PC's address as numbers, which "
     "«pharos status» shows there."},
    {AT_CALL, "no address", NAME, "that name has no address",
     "Give the PC's address as numbers instead of the name."},
    {AT_CALL, "temporary failure", NAME, "whoever knows names can't be asked now",
     "Give the PC's address as numbers: that needs no internet and no name server."},
    {AT_CALL, "network is unreachable", ROUTE, "this PC has no way to that network",
     "Connect this PC to the network that the other one is in: look at its cable or Wi-Fi."},
    {AT_CALL, "host is unreachable", ROUTE, "that PC is not in its network, or is off",
     "Look whether the other PC is on and connected, and whether its address is still the same."},
    {AT_CALL, "no route", ROUTE, "this PC has no way to that address",
     "Connect both PCs to one network, or meet at a third school that both reach."},
    {AT_CALL, "connection refused", PORT, "that PC is there, but nothing listens at port %s",
     "Start «pharos serve» on the other PC, and compare the port in its first line, "
     "«listening on …», with %s."},
    {AT_CALL, "timed out", PORT, "no answer comes back from port %s", LET_IN},
    {AT_CALL, "no answer", PORT, "no answer comes back from port %s", LET_IN},
    {AT_CALL, NULL, PORT, "the call fails",
     "Look whether the other PC is on and «pharos serve» runs there at port %s."},
    {"nothing", NULL, PORT, "the call was not made", "Try again in a minute."},
    {"greeted", NULL, NETWORK, "it has the key of this network, and doesn't show who it is",
     "Let both PCs run the same version of pharos: «pharos version»."},
    {NULL, "shut out there", MEMBER,
     "it says that this school is removed, has another key, or that this PC's installation is "
     "closed",
     "Ask the other schools: they can vote «pharos member restore» with this school's name."},
    {NULL, "doesn't know our school", MEMBER, "it doesn't know this school",
     "Let that PC meet a school that knows both, or ask there for an invitation: «pharos invite»."},
    {NULL, "used up", MEMBER, "the invitation has been used as often as it may",
     "Ask for a new invitation: «pharos invite»."},
    {NULL, "no place left", MEMBER, "it has no place left",
     "The network is full, or that PC has too many connections: try again later."},
    {NULL, "switched off", MEMBER, "it is just being switched off",
     "Try again when the other PC is on."},
    {NULL, "show in time", MEMBER, "it doesn't show in time that it is a member",
     "Let both PCs meet a school that knows both."},
    {NULL, NULL, MEMBER, "the talk ends before both have accepted each other",
     "Try again; if it stays so, look into the log of «pharos serve» on both PCs."},
};

static const struct finding from_other_program = {
    .step = NETWORK,
    .why = "what answers at port %s is another program",
    .advice = "Look at the first line of «pharos serve» on the other PC, «listening on …»: it may "
              "be another port than %s."};
static const struct finding from_other_network = {
    .step = NETWORK,
    .why = "what answers at port %s doesn't take this network's key",
    .advice = "It is pharos of another network or version, or another program: compare the network "
              "in «pharos status» on both PCs, and the port %s with the first line of "
              "«pharos serve»."};
static const struct finding from_removed = {
    .step = MEMBER,
    .why = "the network has removed that school",
    .advice = "If it is to come back, the schools vote: «pharos member restore» with its name."};
static const struct finding from_itself = {.step = NETWORK,
                                           .why = "that address leads to this PC itself",
                                           .advice = "Give the address of the other school's PC."};
static const struct finding from_no_word = {
    .step = MEMBER,
    .why = "it has not said in time that it accepts this school",
    .advice = "Leave both PCs on and connected, and try again in a minute."};
static const struct finding from_unequal = {
    .step = EQUAL,
    .why = "not yet: they are connected, and entries are on their way",
    .advice = "Leave both PCs on and connected."};
static const struct finding from_clock = {
    .step = CLOCK,
    .why = "the newest entry of that school claims to be of later than now",
    .advice = "Set the clock that is wrong, here or there; pharos works all the same, only the "
              "dates it shows are wrong."};

/* --- one way --- */

static const char *text_in(const json_t *found, const char *key)
{
    const char *text = json_string_value(json_object_get(found, key));
    return text != NULL ? text : "";
}

static bool is_true(const json_t *found, const char *key)
{
    return json_is_true(json_object_get(found, key));
}

static bool fits(const struct finding *finding, const char *reach, const char *reason)
{
    bool is_late = strcmp(reach, "known") == 0 || strcmp(reach, "open") == 0;
    bool is_there = finding->reach == NULL ? is_late : strcmp(finding->reach, reach) == 0;
    return is_there && (finding->reason == NULL || strstr(reason, finding->reason) != NULL);
}

static const struct finding *find_in_table(const char *reach, const char *reason)
{
    size_t i = 0;
    while (i + 1 < sizeof findings / sizeof *findings && !fits(&findings[i], reach, reason))
        i++; /* the last row fits all that is left */
    return &findings[i];
}

/* Whether the reason as it was given says more than the finding. */
static bool is_worth_telling(const struct finding *finding)
{
    bool is_last = finding == &findings[sizeof findings / sizeof *findings - 1];
    return finding->step <= PORT || is_last;
}

/* NULL: all is well. */
static const struct finding *judge(const json_t *found)
{
    const char *reach = text_in(found, "reach"), *reason = text_in(found, "reason");
    if (is_true(found, "itself"))
        return &from_itself;
    if (is_true(found, "removed"))
        return &from_removed;
    if (strcmp(reach, AT_PICK_UP) == 0)
        return is_true(found, "said_some") ? &from_other_program : &from_other_network;
    bool is_open = strcmp(reach, "open") == 0 && reason[0] == 0;
    if (!is_open)
        return find_in_table(reach, reason);
    if (!is_true(found, "accepted"))
        return &from_no_word;
    if (!is_true(found, "equal"))
        return &from_unequal;
    return json_integer_value(json_object_get(found, "ahead_ms")) > AHEAD_MS_MAX ? &from_clock
                                                                                 : NULL;
}

/* The text with the port in the place of each "%s". */
static json_t *with_port(const char *text, const char *address)
{
    char out[TEXT_MAX] = "";
    const char *colon = strrchr(address, ':'), *place;
    const char *port = colon != NULL ? colon + 1 : "";
    size_t len = 0;
    while ((place = strstr(text, "%s")) != NULL && len < sizeof out) {
        len += (size_t)snprintf(out + len, sizeof out - len, "%.*s%s", (int)(place - text), text,
                                port);
        text = place + 2;
    }
    if (len < sizeof out)
        snprintf(out + len, sizeof out - len, "%s", text);
    return json_string(out);
}

static json_t *step_of(enum step step, const struct finding *finding, const json_t *found)
{
    const char *result = finding == NULL || step < finding->step ? "ok"
                         : step == finding->step                 ? "FAILS"
                                                                 : "not tried";
    json_t *out = json_pack("{s:s, s:s, s:s}", "step", steps[step].name, "text", steps[step].text,
                            "result", result);
    if (finding != NULL && step == finding->step) {
        json_object_set_new(out, "why", with_port(finding->why, text_in(found, "address")));
        if (text_in(found, "reason")[0] != 0 && is_worth_telling(finding))
            json_object_set(out, "reason", json_object_get(found, "reason"));
    }
    return out;
}

static json_t *way_of(const json_t *found, const char *source)
{
    const struct finding *finding = judge(found);
    const char *address = text_in(found, "address");
    json_t *list = json_array();
    for (enum step step = NAME; step < STEPS; step++)
        json_array_append_new(list, step_of(step, finding, found));
    json_t *way = json_pack("{s:s, s:s, s:s, s:b, s:o}", "address", address, "from", source, "name",
                            text_in(found, "name"), "well",
                            finding == NULL || finding->step > MEMBER, "steps", list);
    json_object_set_new(way, "advice",
                        finding == NULL ? json_string("") : with_port(finding->advice, address));
    return way;
}

static int try_way(struct ph_session *session, const char *address, const char *source,
                   json_t *ways)
{
    struct ph_request request;
    json_t *found = NULL;
    ph_request_begin(&request, "doctor", 2);
    ph_request_text(&request, address);
    ph_pack_uint(&request.bytes, WAIT_MS);
    int code = ph_session_ask(session, &request, &found);
    if (code == PH_EXIT_OK)
        json_array_append_new(ways, way_of(found, source));
    json_decref(found);
    return code;
}

/* --- printing --- */

static void print_way(const json_t *way)
{
    size_t i;
    json_t *step, *list = json_object_get(way, "steps");
    ph_print_text(stdout, json_object_get(way, "address"), -1);
    printf(" (%s)\n", text_in(way, "from"));
    json_array_foreach(list, i, step)
    {
        printf("  %-36s %s", text_in(step, "text"), text_in(step, "result"));
        if (text_in(step, "why")[0] != 0)
            printf(": %s", text_in(step, "why"));
        if (text_in(step, "reason")[0] != 0) {
            fputs(" (", stdout);
            ph_print_text(stdout, json_object_get(step, "reason"), -1);
            putchar(')');
        }
        putchar('\n');
    }
    printf("  what to do: %s\n",
           text_in(way, "advice")[0] != 0 ? text_in(way, "advice") : "nothing, this way is well.");
}

static const char *beacon_words(const char *beacon)
{
    if (strcmp(beacon, "heard") == 0)
        return "heard near by";
    return strcmp(beacon, "off") == 0 ? "not listened for near by" : "not heard near by";
}

static void print_school(const json_t *report)
{
    const char *turn = text_in(report, "turn"), *address = text_in(report, "connected");
    if (json_object_get(report, "name") == NULL)
        return;
    ph_print_text(stdout, json_object_get(report, "name"), -1);
    if (turn[0] == 0)
        turn = is_true(report, "removed") ? "removed" : "member";
    printf(": %s, %s%s, %s\n", turn, address[0] != 0 ? "connected at " : "not connected", address,
           beacon_words(text_in(report, "beacon")));
}

static int print_report(const struct ph_cli *cli, json_t *report)
{
    size_t i;
    json_t *way, *ways = json_object_get(report, "ways");
    if (cli->json)
        return ph_cli_json(json_incref(report));
    print_school(report);
    json_array_foreach(ways, i, way) print_way(way);
    if (text_in(report, "advice")[0] != 0)
        printf("what to do: %s\n", text_in(report, "advice"));
    return PH_EXIT_OK;
}

/* --- a school, or an address --- */

static bool is_any_well(const json_t *ways)
{
    size_t i;
    json_t *way;
    json_array_foreach(ways, i, way)
    {
        if (is_true(way, "well"))
            return true;
    }
    return false;
}

/* Besides what is to be done about each way. */
static const char *advice_of(const json_t *report)
{
    bool is_heard = strcmp(text_in(report, "beacon"), "heard") == 0;
    if (is_true(report, "itself"))
        return "This is this school itself: name another one.";
    if (is_true(report, "removed"))
        return from_removed.advice;
    if (is_any_well(json_object_get(report, "ways")))
        return "";
    if (text_in(report, "connected")[0] != 0)
        return "Nothing: the two are connected, whoever of them can call the other.";
    if (json_array_size(json_object_get(report, "ways")) == 0 && !is_heard)
        return "No address of it is known: run «pharos serve» on both PCs in one network, with the "
               "program pharos allowed to use UDP port 7409 there, or try an address: «pharos "
               "doctor HOST:PORT».";
    return "No way works now. What both write still gets there through any school that both can "
           "reach, such as the host.";
}

static int ask_about_school(struct ph_cli *cli, struct ph_session *session, json_t **report)
{
    struct ph_request request;
    ph_request_begin(&request, "doctor_school", 1);
    ph_request_text(&request, cli->words[0]);
    return ph_session_ask(session, &request, report);
}

static int examine_school(struct ph_cli *cli, struct ph_session *session)
{
    size_t i;
    json_t *report = NULL, *known, *ways = json_array();
    int code = ask_about_school(cli, session, &report);
    json_array_foreach(json_object_get(report, "ways"), i, known)
    {
        if (i < WAYS_MAX && code == PH_EXIT_OK)
            code = try_way(session, text_in(known, "address"), text_in(known, "from"), ways);
    }
    if (code == PH_EXIT_OK) {
        json_object_set(report, "ways", ways);
        json_object_set_new(report, "advice", json_string(advice_of(report)));
        code = print_report(cli, report);
    }
    json_decref(ways);
    json_decref(report);
    return code;
}

static int examine_address(struct ph_cli *cli, struct ph_session *session)
{
    json_t *report = json_pack("{s:[]}", "ways");
    int code = try_way(session, cli->words[0], "typed", json_object_get(report, "ways"));
    if (code == PH_EXIT_OK)
        code = print_report(cli, report);
    json_decref(report);
    return code;
}

int cmd_doctor(struct ph_cli *cli)
{
    struct ph_session *session = NULL;
    struct ph_address at;
    bool is_address = ph_address_parse(cli->words[0], &at) == PH_OK && at.port != 0;
    int code = ph_session_open(cli, &session);
    if (session == NULL)
        return code;
    code = is_address ? examine_address(cli, session) : examine_school(cli, session);
    return ph_session_close(session, code);
}
