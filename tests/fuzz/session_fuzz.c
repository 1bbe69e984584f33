/* A conversation: an input says, step by step, what members and strangers tell a node, on two
 * lines, with right seals or wrong ones, while its disk and network take their time. Whatever is
 * said:
 *
 *   - the node goes on, says only what decodes, and holds no more than its bounds;
 *   - a friend, whose line does no wrong, keeps it;
 *   - afterwards the store verifies, and the same node opened again from disk has the same root. */
#include "proto/kind.h"
#include "store/verify.h"
#include "tests/fuzz/cast.h"

#define LINES_OPEN 2 /* the third is the friend's */
#define FRIEND_LINE LINES_OPEN
#define STEPS_MAX 40

static struct cast cast;
static struct speaker speakers[LONE_LINES];
static bool is_ready;
static struct ph_root last_root; /* that the node told the friend */
static struct ph_hash last_fact_set;
static uint32_t renewals_met; /* by the friend */
static uint8_t message_bytes[PH_FRAME_MESSAGE_MAX], heard_bytes[PH_FRAME_MESSAGE_MAX];
static uint8_t frame_bytes[PH_FRAME_CIPHER_MAX + PH_FRAME_HEAD_LEN];

/* --- hearing --- */

static void hear_line(uint32_t line)
{
    struct lone_line *from = &cast.lone.lines[line];
    struct ph_bytes frame;
    struct ph_message message;
    size_t used, at = 0;
    while (speaker_is_open(&speakers[line]) &&
           ph_frame_parse(ph_bytes(from->heard + at, from->heard_len - at), &frame, &used) ==
               PH_OK) {
        struct ph_buffer room = ph_buffer(heard_bytes, sizeof heard_bytes);
        FUZZ_CHECK(speaker_hear(&speakers[line], frame, &room, &message) == PH_OK);
        at += used;
        if (message.type == PH_MESSAGE_ROOT && line == FRIEND_LINE) {
            last_root = message.of.root.root;
            last_fact_set = message.of.root.fact_set;
        }
    }
    if (at != 0)
        lone_take(&cast.lone, line, at);
}

static void hear_all(void)
{
    for (uint32_t line = 0; line < LONE_LINES; line++)
        if (cast.lone.lines[line].heard_len != 0)
            hear_line(line);
}

/* --- parts of messages --- */

static struct ph_writer_id pick_writer(struct fuzz_input *input)
{
    return cast.schools[fuzz_pick(input, CAST_COUNT)].writer;
}

static const struct ph_link *pick_link(struct fuzz_input *input, enum cast_role *who)
{
    *who = (enum cast_role)fuzz_pick(input, 3);
    const struct cast_school *school = &cast.schools[*who];
    return &school->links[fuzz_pick(input, school->link_count)];
}

static void put_root(struct fuzz_input *input, struct ph_buffer *out)
{
    struct ph_root root = last_root;
    struct ph_hash fact_set = last_fact_set;
    uint8_t how = fuzz_byte(input);
    root.bytes[0] ^= how & 1;
    fact_set.bytes[0] ^= how >> 1 & 1;
    ph_message_root(out, &fact_set, &root);
}

static void put_heads(struct fuzz_input *input, struct ph_buffer *out)
{
    struct ph_head heads[8];
    struct ph_hole holes[4];
    enum cast_role who;
    uint32_t head_count = fuzz_pick(input, 9), hole_count = fuzz_pick(input, 5);
    for (uint32_t i = 0; i < head_count; i++) {
        const struct ph_link *link = pick_link(input, &who);
        uint8_t bend = fuzz_byte(input);
        heads[i] = (struct ph_head){cast.schools[who].writer, link->seq + bend % 8, link->id};
        heads[i].id.bytes[0] ^= bend >> 7;
    }
    for (uint32_t i = 0; i < hole_count; i++)
        holes[i] = (struct ph_hole){.writer = pick_writer(input), .seq = 1 + fuzz_pick(input, 6)};
    ph_message_heads(out, heads, head_count, holes, hole_count);
}

static void put_want(struct fuzz_input *input, struct ph_buffer *out)
{
    struct ph_locator locators[8];
    struct ph_wanted wanted = {.writer = pick_writer(input)};
    enum cast_role who;
    const struct ph_link *head = pick_link(input, &who);
    wanted.head.seq = head->seq == 0 ? 1 : head->seq;
    memcpy(wanted.head.check, head->id.bytes, sizeof wanted.head.check);
    uint32_t count = fuzz_pick(input, 9), seq = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct ph_link *link = pick_link(input, &who);
        seq = seq > link->seq ? seq : link->seq == 0 ? 1 : link->seq;
        locators[i].seq = seq;
        memcpy(locators[i].check, link->id.bytes, sizeof locators[i].check);
    }
    wanted.run_count = (uint8_t)(1 + fuzz_pick(input, PH_WANT_RUNS_MAX));
    ph_message_want(out, &wanted, locators, count);
}

/* A run of one to four entries from some place in a log, by its writer or not quite. */
static void put_run(struct fuzz_input *input, struct ph_buffer *out)
{
    static uint8_t scratch[2 * PH_BODY_MAX];
    struct ph_run_writer run;
    enum cast_role who;
    struct ph_link link = *pick_link(input, &who);
    struct cast_school *school = &cast.schools[who];
    uint8_t how = fuzz_byte(input);
    uint32_t count = 1 + how % 4;
    ph_message_run_begin(out);
    ph_run_begin(&run, out, &school->writer, &link, count);
    for (uint32_t i = 0; i < count; i++)
        cast_entry(&cast, input, who, &run, &link, scratch);
    struct ph_signature signature = ph_sign(PH_SIGNED_ENTRY, link.id.bytes, &school->writer_secret);
    signature.bytes[0] ^= how >> 7;
    ph_run_end(&run, &signature);
    if (school->link_count < CAST_LINKS_MAX)
        school->links[school->link_count++] = link;
}

/* The past of a new fact: some of those that are held. */
static uint32_t pick_past(struct fuzz_input *input, struct ph_fact_id past[4])
{
    uint32_t count = fuzz_pick(input, 4);
    for (uint32_t i = 0; i < count; i++)
        past[i] = cast.facts[fuzz_pick(input, cast.fact_count)];
    return count;
}

static struct ph_bytes make_fact(struct fuzz_input *input, uint8_t out[PH_FACT_MAX])
{
    struct ph_fact fact = {.type = fuzz_pick(input, 9)};
    struct ph_fact_id past[4];
    uint32_t past_count = pick_past(input, past);
    enum cast_role who = (enum cast_role)fuzz_pick(input, CAST_COUNT);
    const struct cast_school *other = &cast.schools[fuzz_pick(input, CAST_COUNT)];
    uint8_t how = fuzz_byte(input);
    if (fact.type == PH_FACT_CERTIFY) {
        fact.of.certify.writer = other->writer;
        fact.of.certify.consenting = &other->writer_secret;
        fact.of.certify.serial = how % PH_WRITERS_MAX;
    } else if (fact.type == PH_FACT_INVITE) {
        fact.of.invite.uses = how % 3;
        fact.of.invite.key[0] = how;
    } else if (fact.type == PH_FACT_ADMIT) {
        fact.of.admit.school = other->school;
        fact.of.admit.invite = cast.facts[how % cast.fact_count];
        fact.of.admit.proof =
            ph_join_prove(cast.invitation.secret, &cast.invitation.network, &other->school)
                .signature;
    } else if (fact.type == PH_FACT_PROPOSE) {
        fact.of.propose.what = PH_PROPOSAL_CONFIRM;
        fact.of.propose.school = other->school;
    } else if (fact.type == PH_FACT_VOTE) {
        fact.of.vote.proposal = cast.facts[how % cast.fact_count];
    }
    struct ph_bytes bytes = cast_fact(&cast, &fact, who, how >> 7, past, past_count, out);
    if (bytes.len != 0 && cast.fact_count < 64)
        cast.facts[cast.fact_count++] = fact.id;
    return bytes;
}

static void put_facts(struct fuzz_input *input, struct ph_buffer *out, bool as_introduction,
                      enum cast_role who)
{
    static uint8_t bytes[4][PH_FACT_MAX];
    struct ph_bytes facts[4];
    uint32_t count = fuzz_pick(input, 5);
    for (uint32_t i = 0; i < count; i++)
        facts[i] = make_fact(input, bytes[i]);
    if (!as_introduction) {
        ph_message_facts(out, facts, count);
        return;
    }
    struct ph_join_proof proof =
        ph_join_prove(cast.invitation.secret, &cast.invitation.network, &cast.schools[who].school);
    proof.signature.bytes[0] ^= fuzz_byte(input) >> 7;
    ph_message_introduce(out, facts, count, fuzz_byte(input) % 2 == 0 ? &proof : NULL);
}

static void put_fact_ids(struct fuzz_input *input, struct ph_buffer *out)
{
    uint8_t prefixes[16 * 16];
    uint32_t count = fuzz_pick(input, 17);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(prefixes + 16 * (size_t)i, cast.facts[fuzz_pick(input, cast.fact_count)].bytes, 16);
        prefixes[16 * (size_t)i] ^= fuzz_byte(input) >> 6;
    }
    ph_message_fact_ids(out, ph_bytes(prefixes, 16 * (size_t)count), fuzz_byte(input) % 2 != 0);
}

static void put_fill(struct fuzz_input *input, struct ph_buffer *out)
{
    static const struct ph_salt salt = {{7}};
    struct ph_writer_id writer = pick_writer(input);
    uint32_t seq = 1 + fuzz_pick(input, 6);
    uint8_t how = fuzz_byte(input);
    struct ph_bytes content = how % 2 == 0 ? ph_bytes_text("\x91\xa4oops") : fuzz_bytes(input, 200);
    ph_message_fill(out, &writer, seq, &salt, content);
}

/* Names another session, of whomever, or none. A few of what chooses stand for the two messages
 * that have nothing but their type. */
static void put_twin(struct fuzz_input *input, struct ph_buffer *out)
{
    struct ph_hash session = {{0}};
    const struct speaker *other = &speakers[fuzz_pick(input, LONE_LINES)];
    uint8_t how = fuzz_byte(input);
    if (how >= 0xf0) {
        ph_message_prune(out);
        return;
    }
    if (how >= 0xe0) {
        ph_message_graft(out);
        return;
    }
    if (speaker_is_open(other))
        memcpy(session.bytes, ph_handshake_hash(&other->handshake), sizeof session.bytes);
    session.bytes[0] ^= how & 1;
    ph_message_twin(out, &session);
}

/* With one reason more, which stands for a twin: what the corpus says goes on to mean the same. */
static void put_end_or_twin(struct fuzz_input *input, struct ph_buffer *out)
{
    uint32_t reason = fuzz_pick(input, PH_END_FULL + 2);
    if (reason > PH_END_FULL)
        put_twin(input, out);
    else
        ph_message_end(out, (enum ph_end_reason)reason);
}

static void put_message(struct fuzz_input *input, struct ph_buffer *out, uint32_t type,
                        enum cast_role who)
{
    struct ph_bytes raw;
    switch (type) {
    case PH_MESSAGE_ROOT:
        put_root(input, out);
        return;
    case PH_MESSAGE_WHO:
        ph_message_who(out);
        return;
    case PH_MESSAGE_INTRODUCE:
    case PH_MESSAGE_FACTS:
        put_facts(input, out, type == PH_MESSAGE_INTRODUCE, who);
        return;
    case PH_MESSAGE_FACT_IDS:
        put_fact_ids(input, out);
        return;
    case PH_MESSAGE_HEADS:
        put_heads(input, out);
        return;
    case PH_MESSAGE_WANT:
        put_want(input, out);
        return;
    case PH_MESSAGE_RUN:
        put_run(input, out);
        return;
    case PH_MESSAGE_FILL:
        put_fill(input, out);
        return;
    case PH_MESSAGE_END:
        put_end_or_twin(input, out);
        return;
    default:
        raw = fuzz_bytes(input, 2000);
        ph_buffer_put(out, raw.data, raw.len);
    }
}

/* --- steps --- */

static enum cast_role roles[LONE_LINES];

/* One message: whole, or with a bit turned, cut short or lengthened. */
static void say(struct fuzz_input *input, uint32_t line, uint32_t type)
{
    struct ph_buffer out = ph_buffer(message_bytes, sizeof message_bytes - 1);
    if (!cast.lone.lines[line].is_up || !speaker_is_open(&speakers[line]))
        return;
    put_message(input, &out, type, roles[line]);
    uint8_t bend = fuzz_byte(input);
    if (out.overflow)
        return;
    if (bend >= 0xf0 && out.len != 0)
        out.data[fuzz_u16(input) % out.len] ^= (uint8_t)(1 << bend % 8);
    else if (bend >= 0xe8)
        out.len -= fuzz_byte(input) % (out.len + 1);
    else if (bend >= 0xe0)
        out.data[out.len++] = bend;
    cast_say(&cast, line, &speakers[line], ph_buffer_bytes(&out));
}

static void say_plain(struct fuzz_input *input, uint32_t line, bool is_sealed)
{
    struct ph_buffer out = ph_buffer(frame_bytes, sizeof frame_bytes);
    struct ph_bytes raw = fuzz_bytes(input, 1000);
    if (!cast.lone.lines[line].is_up)
        return;
    if (is_sealed && speaker_is_open(&speakers[line]))
        speaker_seal(&speakers[line], raw, &out);
    else
        ph_buffer_put(&out, raw.data, raw.len);
    lone_say(&cast.lone, line, ph_buffer_bytes(&out));
}

static void connect_line(struct fuzz_input *input, uint32_t line)
{
    static const enum cast_role callers[] = {CAST_MEMBER, CAST_MEMBER, CAST_JOINER, CAST_STRANGER};
    lone_disconnect(&cast.lone, line);
    roles[line] = callers[fuzz_pick(input, 4)];
    lone_connect(&cast.lone, line);
    cast_greet(&cast, line, &speakers[line], roles[line]);
    hear_all();
}

static void greet_friend(void)
{
    lone_connect(&cast.lone, FRIEND_LINE);
    FUZZ_CHECK(cast_greet(&cast, FRIEND_LINE, &speakers[FRIEND_LINE], CAST_FRIEND));
    renewals_met = cast.lone.renew_count;
    lone_settle(&cast.lone);
    hear_all();
}

/* The friend says where it stands, which is where the node said it stands: all is well. Only a node
 * that has become a new writer, with new keys to be known by, ends its sessions. */
static void friend_lives(void)
{
    struct ph_buffer out = ph_buffer(message_bytes, sizeof message_bytes);
    if (cast.lone.renew_count != renewals_met && !cast.lone.lines[FRIEND_LINE].is_up)
        greet_friend();
    ph_message_root(&out, &last_fact_set, &last_root);
    FUZZ_CHECK(cast.lone.lines[FRIEND_LINE].is_up);
    cast_say(&cast, FRIEND_LINE, &speakers[FRIEND_LINE], ph_buffer_bytes(&out));
}

static void pass_time(struct fuzz_input *input)
{
    static const uint64_t spans[] = {1, 100, 1000, 5000, 16000, 31000};
    lone_advance(&cast.lone, spans[fuzz_pick(input, 6)]);
    friend_lives();
}

static void write_something(void)
{
    static const char request[] = "\x94\xa3new\xa4plan\xa7network\x91\x92\xa5title\xa2hi";
    lone_command_begin(&cast.lone, ph_bytes_text(request));
}

static void act(struct fuzz_input *input)
{
    uint8_t choice = fuzz_byte(input);
    uint32_t line = choice >> 7, what = choice % 18;
    if (what <= PH_MESSAGE_END)
        say(input, line, what);
    else if (what == 11)
        say_plain(input, line, true);
    else if (what == 12)
        say_plain(input, line, false);
    else if (what == 13)
        connect_line(input, line);
    else if (what == 14)
        pass_time(input);
    else if (what == 15)
        lone_work(&cast.lone);
    else if (what == 16)
        write_something();
    else
        lone_settle(&cast.lone);
    if ((choice & 64) == 0)
        lone_deliver(&cast.lone);
    hear_all();
}

/* --- beginning and end --- */

/* Costs as much as the rest of most conversations: for one in four. */
static void check_disk(void)
{
    struct ph_verify_report report;
    uint8_t before[80];
    struct ph_bytes root = lone_root(&cast.lone);
    FUZZ_CHECK(root.len != 0 && root.len <= sizeof before);
    memcpy(before, root.data, root.len);
    size_t len = root.len;
    enum ph_status status = ph_store_verify(cast.lone.store, &report);
    if (status != PH_OK)
        fprintf(stderr, "%s\n", report.damage);
    FUZZ_CHECK(status == PH_OK);
    lone_reopen(&cast.lone);
    FUZZ_CHECK(ph_bytes_equal(lone_root(&cast.lone), ph_bytes(before, len)));
}

static void end(bool is_checked)
{
    for (uint32_t line = 0; line < LINES_OPEN; line++)
        lone_disconnect(&cast.lone, line);
    lone_settle(&cast.lone);
    hear_all();
    friend_lives();
    FUZZ_CHECK(cast.lone.waiting_count == 0);
    if (!lone_is_changed(&cast.lone))
        return;
    lone_disconnect(&cast.lone, FRIEND_LINE);
    if (is_checked)
        check_disk();
    lone_reset(&cast.lone);
    greet_friend();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    static uint32_t fact_count;
    if (!is_ready) {
        cast_init(&cast);
        fact_count = cast.fact_count;
        greet_friend();
        is_ready = true;
    }
    cast.fact_count = fact_count;
    for (size_t i = 0; i < CAST_COUNT; i++)
        cast.schools[i].link_count = cast.schools[i].link_count_kept;
    connect_line(&input, 0);
    for (uint32_t i = 0; i < STEPS_MAX && input.left != 0; i++)
        act(&input);
    end(size % 4 == 0);
    return 0;
}
