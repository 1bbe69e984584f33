/* Commands from a local user, some in a row, at a node that is in no network or at a member. An
 * input is raw requests, or names with arguments that are words which mean something here. Each
 * command is answered with a well-formed map, or still waits; the node goes on; what it wrote
 * verifies. */
#include "store/verify.h"
#include "tests/fuzz/cast.h"

#define COMMANDS_MAX 6
#define REQUEST_MAX 2048
#define WORDS_MAX 64

static const char *const names[] = {"network_new", "invite", "join",   "confirm", "sync",
                                    "new",         "set",    "add",    "remove",  "show",
                                    "list",        "log",    "status", "verify",  "rebuild"};
#define NAME_COUNT (sizeof names / sizeof names[0])

static const char *words[WORDS_MAX] = {
    "",           "network",  "school", "plan",     "priority", "objective", "action",
    "comment",    "title",    "name",   "parent",   "position", "status",    "due",
    "text",       "body",     "owner",  "done",     "open",     "host:7410", "[::1]:1",
    "2026-01-02", "nonsense", "a:0",    "\xc3\xa9", "\xd9\x85", "V",         "reflection"};
static uint32_t word_count = 28;
static char record_hex[33], school_hex[65], member_hex[65], code[PH_INVITATION_CODE_MAX];

static struct cast cast;
static struct lone alone;

/* --- requests --- */

static void put_word(struct fuzz_input *input, struct ph_buffer *out)
{
    ph_pack_text(out, ph_bytes_text(words[fuzz_pick(input, word_count)]));
}

static void put_item(struct fuzz_input *input, struct ph_buffer *out, int depth)
{
    struct ph_bytes raw;
    uint32_t count;
    switch (fuzz_pick(input, 8)) {
    case 0:
        ph_pack_nil(out);
        return;
    case 1:
        ph_pack_uint(out, fuzz_u16(input));
        return;
    case 2:
        raw = fuzz_bytes(input, 100);
        ph_buffer_put(out, raw.data, raw.len);
        return;
    case 3:
        raw = fuzz_bytes(input, 300);
        ph_pack_text(out, raw);
        return;
    case 4: /* a list of pairs, as fields are given */
        count = fuzz_pick(input, 4);
        ph_pack_array(out, count);
        for (; count != 0; count--) {
            ph_pack_array(out, 2);
            put_word(input, out);
            put_word(input, out);
        }
        return;
    case 5:
        count = depth == 0 ? fuzz_pick(input, 4) : 0;
        ph_pack_array(out, count);
        for (; count != 0; count--)
            put_item(input, out, depth + 1);
        return;
    default:
        put_word(input, out);
    }
}

static struct ph_bytes make_request(struct fuzz_input *input, uint8_t *room)
{
    struct ph_buffer out = ph_buffer(room, REQUEST_MAX);
    uint32_t name = fuzz_pick(input, NAME_COUNT + 2);
    if (name >= NAME_COUNT) {
        struct ph_bytes raw = fuzz_bytes(input, REQUEST_MAX);
        ph_buffer_put(&out, raw.data, raw.len);
        return ph_buffer_bytes(&out);
    }
    uint32_t count = fuzz_pick(input, 5);
    ph_pack_array(&out, 1 + count);
    ph_pack_text(&out, ph_bytes_text(names[name]));
    for (; count != 0; count--)
        put_item(input, &out, 0);
    return ph_buffer_bytes(&out);
}

/* --- the nodes --- */

static void hex_of(const uint8_t *bytes, size_t len, char *out)
{
    ph_hex(bytes, len, out);
    out[2 * len] = '\0';
    words[word_count++] = out;
}

/* A record that is there, and who is there. */
static void learn_words(void)
{
    struct ph_bytes id = lone_pick(
        lone_command(&cast.lone,
                     ph_bytes_text("\x94\xa3new\xa4plan\xa7network\x91\x92\xa5title\xa2hi")),
        "id");
    struct ph_unpacker in = ph_unpack_scanned(id);
    struct ph_bytes text = ph_unpack_text(&in);
    FUZZ_CHECK(text.len == 32);
    memcpy(record_hex, text.data, text.len);
    words[word_count++] = record_hex;
    hex_of(cast.schools[CAST_NODE].school.bytes, 32, school_hex);
    hex_of(cast.schools[CAST_MEMBER].school.bytes, 32, member_hex);
    FUZZ_CHECK(ph_invitation_write(&cast.invitation, code) == PH_OK);
    words[word_count++] = code;
}

static void run(struct lone *lone, struct ph_bytes request, bool is_patient)
{
    struct ph_bytes copy = fuzz_copy(request);
    lone_command(lone, copy);
    fuzz_free(copy);
    if (lone->answered == lone->last_command)
        return;
    /* It waits: for time to pass, or it is not waited for any more. */
    struct ph_event event = {.type = PH_EVENT_COMMAND_GONE};
    event.of.command.id = lone->last_command;
    if (is_patient)
        lone_advance(lone, 100000);
    else
        lone_tell(lone, &event);
    lone_settle(lone);
}

static void check_store(struct lone *lone)
{
    struct ph_verify_report report;
    FUZZ_CHECK(ph_store_verify(lone->store, &report) == PH_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_ready;
    uint8_t room[REQUEST_MAX];
    struct fuzz_input input = {data, size};
    if (!is_ready) {
        cast_init(&cast);
        learn_words();
        lone_keep(&cast.lone);
        lone_init(&alone);
        lone_keep(&alone);
        is_ready = true;
    }
    uint8_t how = fuzz_byte(&input);
    struct lone *lone = (how & 1) != 0 ? &cast.lone : &alone;
    for (uint32_t i = 0; i < COMMANDS_MAX && input.left != 0; i++)
        run(lone, make_request(&input, room), (how & 2) != 0);
    if (!lone_is_changed(lone))
        return 0;
    if (size % 4 == 0)
        check_store(lone);
    lone_reset(lone);
    return 0;
}
