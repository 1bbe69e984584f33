#include "tests/sim/sim_school.h"

#include <stdio.h>

#include "proto/pack.h"
#include "tests/sim/sim_state.h"

#define NO_HOST UINT32_MAX

/* --- requests --- */

struct request {
    uint8_t bytes[PH_COMMAND_BYTES_MAX / 4];
    struct ph_buffer out;
};

static void begin(struct request *request, const char *name, size_t argument_count)
{
    request->out = ph_buffer(request->bytes, sizeof request->bytes);
    ph_pack_array(&request->out, 1 + argument_count);
    ph_pack_text(&request->out, ph_bytes_text(name));
}

static void put_text(struct request *request, const char *text)
{
    ph_pack_text(&request->out, ph_bytes_text(text));
}

/* An address list of one, or none. */
static void put_host(struct request *request, uint32_t host)
{
    char address[32];
    ph_pack_array(&request->out, host == NO_HOST ? 0 : 1);
    snprintf(address, sizeof address, "node%u:%s", host, SIM_PORT);
    if (host != NO_HOST)
        put_text(request, address);
}

static void put_pair(struct request *request, const char *field, const char *value)
{
    ph_pack_array(&request->out, value == NULL ? 0 : 1);
    if (value == NULL)
        return;
    ph_pack_array(&request->out, 2);
    put_text(request, field);
    put_text(request, value);
}

static struct ph_bytes run(struct sim *sim, uint32_t node, const struct request *request)
{
    struct ph_bytes answer = sim_command(sim, node, ph_buffer_bytes(&request->out));
    const char *error = sim_error(answer);
    if (error != NULL)
        sim_trace_line(&sim->trace, sim_now(sim), node, "< error: %s", error);
    return answer;
}

/* As run, for what must not be refused. */
static struct ph_bytes must_run(struct sim *sim, uint32_t node, const struct request *request)
{
    struct ph_bytes answer = run(sim, node, request);
    if (answer.len == 0)
        sim_fail(sim, "node %u gave no answer", node);
    if (sim_error(answer) != NULL)
        sim_fail(sim, "node %u refused: %s", node, sim_error(answer));
    return answer;
}

/* --- answers --- */

struct ph_bytes sim_pick(struct ph_bytes map, const char *key)
{
    struct ph_unpacker unpacker = ph_unpack_scanned(map);
    if (map.len == 0 || ph_unpack_type(&unpacker) != PH_PACK_MAP)
        return ph_bytes(NULL, 0);
    uint32_t count = ph_unpack_map(&unpacker);
    for (uint32_t i = 0; i < count; i++) {
        struct ph_bytes found = ph_unpack_text(&unpacker);
        struct ph_bytes item = ph_unpack_skip(&unpacker);
        if (ph_bytes_equal(found, ph_bytes_text(key)))
            return item;
    }
    return ph_bytes(NULL, 0);
}

struct sim_text sim_pick_text(struct ph_bytes map, const char *key)
{
    struct sim_text out = {""};
    struct ph_bytes item = sim_pick(map, key);
    struct ph_unpacker unpacker = ph_unpack_scanned(item);
    if (item.len == 0 || ph_unpack_type(&unpacker) != PH_PACK_TEXT)
        return out;
    struct ph_bytes text = ph_unpack_text(&unpacker);
    snprintf(out.text, sizeof out.text, "%.*s", (int)text.len, (const char *)text.data);
    return out;
}

const char *sim_error(struct ph_bytes answer)
{
    static struct sim_text error;
    if (sim_pick(answer, "error").len == 0)
        return NULL;
    error = sim_pick_text(answer, "error");
    return error.text;
}

/* --- the network --- */

void sim_found(struct sim *sim, uint32_t node, const char *network_name)
{
    struct request request;
    begin(&request, "network_new", 1);
    put_text(&request, network_name);
    must_run(sim, node, &request);
}

/* The request has begun; whose address goes into the code is its last argument. */
static struct sim_code ask_for_code(struct sim *sim, uint32_t node, struct request *request,
                                    uint32_t host)
{
    struct sim_code code;
    put_host(request, host);
    struct ph_bytes item = sim_pick(must_run(sim, node, request), "code");
    struct ph_unpacker unpacker = ph_unpack_scanned(item);
    struct ph_bytes text = ph_unpack_text(&unpacker);
    snprintf(code.text, sizeof code.text, "%.*s", (int)text.len, (const char *)text.data);
    return code;
}

struct sim_code sim_invite(struct sim *sim, uint32_t node, uint32_t uses, uint32_t host)
{
    struct request request;
    begin(&request, "invite", 2);
    ph_pack_uint(&request.out, uses);
    return ask_for_code(sim, node, &request, host);
}

struct sim_code sim_invite_installation(struct sim *sim, uint32_t node)
{
    struct request request;
    begin(&request, "writer_add", 1);
    return ask_for_code(sim, node, &request, node);
}

static void begin_join(struct request *request, const struct sim_code *code, uint32_t host,
                       uint32_t wait_ms)
{
    begin(request, "join", 3);
    put_text(request, code->text);
    put_host(request, host);
    ph_pack_uint(&request->out, wait_ms);
}

ph_command_id sim_join_begin(struct sim *sim, uint32_t node, const struct sim_code *code)
{
    struct request request;
    begin_join(&request, code, NO_HOST, 0);
    return sim_command_begin(sim, node, ph_buffer_bytes(&request.out));
}

bool sim_join(struct sim *sim, uint32_t node, const struct sim_code *code, uint32_t host,
              uint32_t wait_ms)
{
    struct request request;
    begin_join(&request, code, host, wait_ms);
    struct sim_text state = sim_pick_text(must_run(sim, node, &request), "state");
    return strcmp(state.text, "member") == 0;
}

static void begin_about(struct request *request, struct sim *sim, const char *command,
                        uint32_t other)
{
    struct ph_sign_secret secret;
    uint8_t school[32];
    char hex[65] = "";
    ph_sign_key_from_seed(sim_identity(sim, other)->school_seed, &secret, school);
    ph_hex(school, sizeof school, hex);
    begin(request, command, 1);
    put_text(request, hex);
}

static bool pick_bool(struct ph_bytes answer, const char *key)
{
    struct ph_unpacker unpacker = ph_unpack_scanned(sim_pick(answer, key));
    return ph_unpack_bool(&unpacker);
}

struct sim_code sim_invite_successor(struct sim *sim, uint32_t node, uint32_t other)
{
    struct request request;
    begin_about(&request, sim, "invite_successor", other);
    request.out.data[0]++; /* one argument more */
    return ask_for_code(sim, node, &request, node);
}

bool sim_close_writer(struct sim *sim, uint32_t node, uint32_t number)
{
    struct request request;
    begin(&request, "writer_close", 1);
    ph_pack_uint(&request.out, number);
    struct ph_bytes answer = run(sim, node, &request);
    return answer.len != 0 && sim_error(answer) == NULL;
}

bool sim_confirm(struct sim *sim, uint32_t node, uint32_t other)
{
    struct request request;
    begin_about(&request, sim, "confirm", other);
    return pick_bool(must_run(sim, node, &request), "voter");
}

bool sim_decide(struct sim *sim, uint32_t node, const char *command, uint32_t other)
{
    struct request request;
    begin_about(&request, sim, command, other);
    struct ph_bytes answer = run(sim, node, &request);
    return answer.len != 0 && sim_error(answer) == NULL && pick_bool(answer, "decided");
}

ph_command_id sim_decide_begin(struct sim *sim, uint32_t node, const char *command, uint32_t other)
{
    struct request request;
    begin_about(&request, sim, command, other);
    return sim_command_begin(sim, node, ph_buffer_bytes(&request.out));
}

bool sim_leave(struct sim *sim, uint32_t node)
{
    struct request request;
    begin(&request, "member_leave", 0);
    struct ph_bytes answer = run(sim, node, &request);
    return answer.len != 0 && sim_error(answer) == NULL;
}

bool sim_sync(struct sim *sim, uint32_t node, uint32_t other, uint32_t wait_ms)
{
    struct request request;
    char address[32];
    snprintf(address, sizeof address, "node%u:%s", other, SIM_PORT);
    begin(&request, "sync", 2);
    put_text(&request, address);
    ph_pack_uint(&request.out, wait_ms);
    struct ph_bytes answer = run(sim, node, &request);
    return answer.len != 0 && sim_error(answer) == NULL;
}

struct sim *sim_network(uint64_t seed, uint32_t node_count)
{
    struct sim *sim = sim_start_all(seed, node_count);
    sim_found(sim, 0, "Lighthouse");
    if (node_count == 1)
        return sim;
    struct sim_code code = sim_invite(sim, 0, node_count - 1, 0);
    for (uint32_t node = 1; node < node_count; node++)
        if (!sim_join(sim, node, &code, NO_HOST, 60000))
            sim_fail(sim, "node %u was not admitted", node);
    if (!sim_converge(sim, 60000))
        sim_fail(sim, "a new network does not come to rest");
    return sim;
}

/* --- records --- */

void sim_draw_text(uint64_t *chance, char *out, size_t size)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789";
    for (size_t i = 0; i < size - 1; i++)
        out[i] = letters[sim_next(chance) % (sizeof letters - 1)];
    out[size - 1] = '\0';
}

static void begin_write(struct request *request, const char *kind, const char *field,
                        const char *value)
{
    begin(request, "new", 3);
    put_text(request, kind);
    put_text(request, "network");
    put_pair(request, field, value);
}

static struct sim_id id_of(struct ph_bytes answer)
{
    struct sim_id id = {""};
    struct sim_text text = sim_pick_text(answer, "id");
    snprintf(id.text, sizeof id.text, "%.32s", text.text);
    return id;
}

struct sim_id sim_write(struct sim *sim, uint32_t node, const char *kind, const char *field,
                        const char *value)
{
    struct request request;
    begin_write(&request, kind, field, value);
    return id_of(must_run(sim, node, &request));
}

ph_command_id sim_write_begin(struct sim *sim, uint32_t node, const char *kind, const char *field,
                              const char *value)
{
    struct request request;
    begin_write(&request, kind, field, value);
    return sim_command_begin(sim, node, ph_buffer_bytes(&request.out));
}

struct sim_id sim_written(const struct sim *sim, ph_command_id command)
{
    return id_of(sim_answer(sim, command));
}

ph_command_id sim_change_begin(struct sim *sim, uint32_t node, const char *how,
                               const struct sim_id *id, const char *field, const char *value)
{
    struct request request;
    begin(&request, how, 2);
    put_text(&request, id->text);
    put_pair(&request, field, value);
    return sim_command_begin(sim, node, ph_buffer_bytes(&request.out));
}

bool sim_change(struct sim *sim, uint32_t node, const char *how, const struct sim_id *id,
                const char *field, const char *value)
{
    struct request request;
    begin(&request, how, 2);
    put_text(&request, id->text);
    put_pair(&request, field, value);
    struct ph_bytes answer = run(sim, node, &request);
    return answer.len != 0 && sim_error(answer) == NULL;
}

/* One "value (name)" more. */
static void append_value(struct sim_text *out, struct ph_bytes item)
{
    struct sim_text value = sim_pick_text(item, "value"), name = sim_pick_text(item, "name");
    size_t len = strlen(out->text);
    snprintf(out->text + len, sizeof out->text - len, "%s%.200s (%.100s)", len == 0 ? "" : " | ",
             value.text, name.text);
}

struct sim_text sim_show(struct sim *sim, uint32_t node, const struct sim_id *id, const char *field)
{
    struct request request;
    struct sim_text out = {""};
    begin(&request, "show", 1);
    put_text(&request, id->text);
    struct ph_bytes answer = run(sim, node, &request);
    if (answer.len == 0 || sim_error(answer) != NULL)
        return (struct sim_text){"?"};
    struct ph_unpacker fields = ph_unpack_scanned(sim_pick(answer, "fields"));
    for (uint32_t left = ph_unpack_array(&fields); left != 0; left--) {
        struct ph_bytes item = ph_unpack_skip(&fields);
        if (strcmp(sim_pick_text(item, "name").text, field) != 0)
            continue;
        struct ph_unpacker values = ph_unpack_scanned(sim_pick(item, "values"));
        for (uint32_t count = ph_unpack_array(&values); count != 0; count--)
            append_value(&out, ph_unpack_skip(&values));
    }
    return out;
}

static uint32_t count_page(struct sim *sim, uint32_t node, const char *kind,
                           struct ph_bytes *cursor)
{
    struct request request;
    begin(&request, "list", 3);
    put_text(&request, kind);
    if (cursor->len == 0)
        ph_pack_nil(&request.out);
    else
        ph_buffer_put(&request.out, cursor->data, cursor->len);
    ph_pack_uint(&request.out, 100);
    struct ph_bytes answer = must_run(sim, node, &request);
    struct ph_unpacker rows = ph_unpack_scanned(sim_pick(answer, "rows"));
    *cursor = sim_pick(answer, "next");
    struct ph_unpacker next = ph_unpack_scanned(*cursor);
    if (cursor->len != 0 && ph_unpack_nil(&next))
        *cursor = ph_bytes(NULL, 0);
    return ph_unpack_array(&rows);
}

uint32_t sim_count(struct sim *sim, uint32_t node, const char *kind)
{
    struct ph_bytes cursor = {0};
    uint32_t count = 0;
    do
        count += count_page(sim, node, kind, &cursor);
    while (cursor.len != 0);
    return count;
}

struct sim_text sim_notices(struct sim *sim, uint32_t node)
{
    struct sim_text out = {""};
    struct request request;
    begin(&request, "status", 0);
    struct ph_bytes list = sim_pick(must_run(sim, node, &request), "notices");
    struct ph_unpacker in = ph_unpack_scanned(list);
    uint32_t count = ph_unpack_array(&in);
    for (uint32_t i = 0; i < count; i++) {
        struct sim_text one = sim_pick_text(ph_unpack_skip(&in), "text");
        size_t len = strlen(out.text);
        int room = (int)(sizeof out.text - len - 2);
        snprintf(out.text + len, sizeof out.text - len, "%.*s\n", room, one.text);
    }
    return out;
}

bool sim_verify(struct sim *sim, uint32_t node)
{
    struct request request;
    begin(&request, "verify", 0);
    struct ph_bytes answer = must_run(sim, node, &request);
    if (sim_pick(answer, "damage").len == 0)
        sim_fail(sim, "node %u does not say what is damaged", node);
    struct sim_text damage = sim_pick_text(answer, "damage");
    if (damage.text[0] != '\0')
        sim_trace_line(&sim->trace, sim_now(sim), node, "! damaged: %s", damage.text);
    return damage.text[0] == '\0';
}

uint32_t sim_log_count(struct sim *sim, uint32_t node, const char *school)
{
    struct request request;
    uint32_t found = 0;
    begin(&request, "log", 3);
    ph_pack_nil(&request.out);
    ph_pack_nil(&request.out);
    ph_pack_uint(&request.out, 100);
    struct ph_unpacker rows = ph_unpack_scanned(sim_pick(must_run(sim, node, &request), "rows"));
    for (uint32_t i = ph_unpack_array(&rows); i != 0; i--)
        found += strcmp(sim_pick_text(ph_unpack_skip(&rows), "name").text, school) == 0;
    return found;
}

struct sim_text sim_request(struct sim *sim, uint32_t node)
{
    struct request request;
    begin(&request, "member_request", 0);
    return sim_pick_text(must_run(sim, node, &request), "request");
}

bool sim_admit(struct sim *sim, uint32_t node, const struct sim_text *text)
{
    struct request request;
    begin(&request, "member_admit", 1);
    put_text(&request, text->text);
    struct ph_bytes answer = run(sim, node, &request);
    return answer.len != 0 && sim_error(answer) == NULL;
}
