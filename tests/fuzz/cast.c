#include "tests/fuzz/cast.h"

#include "proto/kind.h"
#include "store/view.h"

#define TITLE_FIELD 3

/* --- talking --- */

void cast_say(struct cast *cast, uint32_t line, struct speaker *speaker, struct ph_bytes message)
{
    static uint8_t bytes[PH_FRAME_CIPHER_MAX + PH_FRAME_HEAD_LEN];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    speaker_say(speaker, message, &out);
    lone_say(&cast->lone, line, ph_buffer_bytes(&out));
}

static void greet_once(struct cast *cast, uint32_t line, struct speaker *speaker)
{
    uint8_t bytes[SPEAKER_GREETING_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    speaker_greet(speaker, &out);
    lone_say(&cast->lone, line, ph_buffer_bytes(&out));
    lone_deliver(&cast->lone);
}

bool cast_greet(struct cast *cast, uint32_t line, struct speaker *speaker, enum cast_role who)
{
    static const uint8_t ephemeral[32] = {9};
    const struct lone_line *heard = &cast->lone.lines[line];
    struct ph_bytes frame;
    size_t used;
    struct ph_packer packer = speaker->packer;
    if (packer.compressor == NULL)
        speaker_init(speaker, &cast->schools[who].identity, &cast->invitation);
    speaker->identity = cast->schools[who].identity;
    speaker->identity.transport_secret[1] = (uint8_t)line; /* one PC for each line */
    speaker->certificate = speaker_certify(&speaker->identity, &cast->invitation.network);
    speaker_begin(speaker, ephemeral);
    greet_once(cast, line, speaker);
    if (ph_frame_parse(ph_bytes(heard->heard, heard->heard_len), &frame, &used) != PH_OK)
        return false;
    FUZZ_CHECK(speaker_take_greeting(speaker, frame) == PH_OK);
    lone_take(&cast->lone, line, used);
    greet_once(cast, line, speaker);
    return true;
}

/* --- writing --- */

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct ph_fact_id));
}

struct ph_bytes cast_fact(struct cast *cast, struct ph_fact *fact, enum cast_role who,
                          bool by_school, struct ph_fact_id *past, uint32_t past_count,
                          uint8_t out[PH_FACT_MAX])
{
    const struct cast_school *author = &cast->schools[who];
    struct ph_buffer buffer = ph_buffer(out, PH_FACT_MAX);
    if (past_count != 0)
        qsort(past, past_count, sizeof *past, compare_ids);
    fact->network = cast->invitation.network;
    fact->past = ph_bytes(past, past_count * sizeof *past);
    memcpy(fact->author.bytes, by_school ? author->school.bytes : author->writer.bytes, 32);
    if (ph_fact_sign(fact, by_school ? &author->school_secret : &author->writer_secret, &buffer) !=
        PH_OK)
        return ph_bytes(out, 0);
    return ph_buffer_bytes(&buffer);
}

/* An op of some entry that may be there. */
static struct ph_op_ref pick_ref(struct cast *cast, struct fuzz_input *input)
{
    const struct cast_school *of = &cast->schools[fuzz_pick(input, 3)];
    const struct ph_link *link = &of->links[fuzz_pick(input, of->link_count)];
    return ph_op_ref(&of->writer, link->seq, &link->id, (uint16_t)fuzz_pick(input, 4));
}

static void write_ops(struct cast *cast, struct fuzz_input *input, enum cast_role who, uint32_t seq,
                      struct ph_op_writer *ops)
{
    static const uint8_t random[4];
    struct ph_op_ref ref = pick_ref(cast, input);
    const struct cast_school *owner = &cast->schools[fuzz_pick(input, 3)];
    uint8_t how = fuzz_byte(input);
    struct ph_record_id record =
        ph_record_id_make((how & 1) != 0 ? &owner->school : &cast->schools[who].school,
                          (how & 1) != 0 ? fuzz_pick(input, 4) : seq, random);
    ph_ops_group(ops, (uint16_t)(1 + (how >> 1) % 9), &record, PH_AUDIENCE_NETWORK);
    if ((how & 1) == 0)
        ph_ops_create(ops);
    ph_ops_set(ops, (uint16_t)fuzz_pick(input, 8), &ref, how >> 7, ph_bytes_text("\xa4oops"));
    if ((how & 64) != 0)
        ph_ops_add(ops, (uint16_t)fuzz_pick(input, 8),
                   ph_bytes_text("\xa1"
                                 "a"));
    if ((how & 32) != 0)
        ph_ops_remove(ops, (uint16_t)fuzz_pick(input, 8), &ref, 1);
}

static struct ph_body make_body(struct cast *cast, struct fuzz_input *input, enum cast_role who,
                                uint32_t seq, uint8_t *scratch)
{
    struct ph_op_writer ops;
    struct ph_body body = {.salt = {{7}}};
    uint8_t how = fuzz_byte(input);
    if (how % 4 == 3) { /* whatever */
        body.skeleton = fuzz_bytes(input, 200);
        body.content = fuzz_bytes(input, 200);
        body.content_len = (uint16_t)body.content.len;
    } else {
        ph_ops_begin(&ops, scratch, scratch + PH_BODY_MAX, PH_BODY_MAX);
        write_ops(cast, input, who, seq, &ops);
        FUZZ_CHECK(ph_ops_end(&ops, &body) == PH_OK);
        body.salt = (struct ph_salt){{7}};
    }
    if ((how & 4) != 0 && body.content_len != 0) {
        body.content_hash = ph_body_content_hash(&body);
        body.content_is_missing = true;
    }
    return body;
}

void cast_entry(struct cast *cast, struct fuzz_input *input, enum cast_role who,
                struct ph_run_writer *run, struct ph_link *link, uint8_t *scratch)
{
    static const uint64_t steps[] = {1, 1, 1, 2, PH_LAMPORT_STEP_MAX, 0, PH_LAMPORT_STEP_MAX + 1};
    uint8_t encoded[PH_HEADER_LEN];
    struct ph_body body = make_body(cast, input, who, link->seq + 1, scratch);
    uint64_t lamport = link->lamport + steps[fuzz_pick(input, 7)];
    struct ph_header header =
        ph_header_after(link, &cast->schools[who].writer, lamport, link->time_ms, &body);
    ph_header_encode(&header, encoded);
    struct ph_entry_id id = ph_header_id(encoded);
    ph_run_add(run, &header, &body);
    *link = ph_link_after(&header, &id);
}

/* --- the beginning --- */

static void make_school(struct cast_school *school, uint8_t number)
{
    struct ph_identity *identity = &school->identity;
    memset(identity->school_seed, 10 + number, sizeof identity->school_seed);
    memset(identity->writer_seed, 30 + number, sizeof identity->writer_seed);
    memset(identity->transport_secret, 50 + number, sizeof identity->transport_secret);
    identity->has_writer = true;
}

static void take_keys(struct cast_school *school)
{
    ph_sign_key_from_seed(school->identity.school_seed, &school->school_secret,
                          school->school.bytes);
    ph_sign_key_from_seed(school->identity.writer_seed, &school->writer_secret,
                          school->writer.bytes);
}

/* Facts, and the certificates among them, as the node has them on disk. */
static void read_facts(struct cast *cast)
{
    struct ph_view view = {0};
    struct ph_bytes bytes;
    struct ph_fact fact;
    FUZZ_CHECK(ph_view_open(cast->lone.store, &view) == PH_OK);
    cast->fact_count = 0;
    while (ph_view_fact(&view, cast->fact_count, &bytes) == PH_OK) {
        FUZZ_CHECK(cast->fact_count < 64 && ph_fact_parse(bytes, &fact) == PH_OK);
        cast->facts[cast->fact_count++] = fact.id;
        for (size_t i = 0; i < CAST_COUNT && fact.type == PH_FACT_CERTIFY; i++)
            if (ph_writer_id_equal(&cast->schools[i].writer, &fact.of.certify.writer))
                cast->schools[i].certify = fact.id;
    }
    ph_view_close(&view);
}

static void read_own_log(struct cast *cast)
{
    struct cast_school *node = &cast->schools[CAST_NODE];
    struct ph_view view = {0};
    struct ph_stored_entry entry;
    FUZZ_CHECK(ph_view_open(cast->lone.store, &view) == PH_OK);
    node->links[0] = ph_link_first(&node->certify);
    node->link_count = 1;
    while (node->link_count < 4 && ph_view_entry(&view, 0, node->link_count, &entry) == PH_OK) {
        struct ph_entry_id id = ph_header_id(entry.encoded);
        node->links[node->link_count++] = ph_link_after(&entry.header, &id);
    }
    ph_view_close(&view);
}

static void join(struct cast *cast, enum cast_role who)
{
    static struct speaker speaker;
    struct cast_school *school = &cast->schools[who];
    uint8_t bytes[2 * PH_FACT_MAX], fact_bytes[PH_FACT_MAX];
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes);
    struct ph_fact certify = {.type = PH_FACT_CERTIFY};
    struct ph_join_proof proof =
        ph_join_prove(cast->invitation.secret, &cast->invitation.network, &school->school);
    lone_connect(&cast->lone, 0);
    FUZZ_CHECK(cast_greet(cast, 0, &speaker, who));
    ph_message_introduce(&message, NULL, 0, &proof);
    cast_say(cast, 0, &speaker, ph_buffer_bytes(&message));
    lone_settle(&cast->lone);
    read_facts(cast);
    certify.of.certify.writer = school->writer;
    certify.of.certify.consenting = &school->writer_secret;
    struct ph_fact_id last = cast->facts[cast->fact_count - 1]; /* the admission */
    struct ph_bytes fact = cast_fact(cast, &certify, who, true, &last, 1, fact_bytes);
    message.len = 0;
    ph_message_facts(&message, &fact, 1);
    cast_say(cast, 0, &speaker, ph_buffer_bytes(&message));
    lone_settle(&cast->lone);
    lone_disconnect(&cast->lone, 0);
    read_facts(cast);
    FUZZ_CHECK(!ph_fact_id_is_zero(&school->certify));
    school->links[0] = ph_link_first(&school->certify);
    school->link_count = 1;
}

static void found(struct cast *cast)
{
    char why[200];
    FUZZ_CHECK(lone_command(&cast->lone, ph_bytes_text("\x92\xabnetwork_new\xa3Net")).len != 0);
    struct ph_bytes answer = lone_command(&cast->lone, ph_bytes("\x93\xa6invite\x08\x90", 10));
    struct ph_unpacker in = ph_unpack_scanned(lone_pick(answer, "code"));
    FUZZ_CHECK(ph_invitation_read(ph_unpack_text(&in), &cast->invitation, why) == PH_OK);
}

void cast_init(struct cast *cast)
{
    lone_init(&cast->lone);
    cast->schools[CAST_NODE].identity = cast->lone.identity;
    for (uint32_t i = 0; i < CAST_COUNT; i++) {
        if (i != CAST_NODE)
            make_school(&cast->schools[i], (uint8_t)i);
        take_keys(&cast->schools[i]);
    }
    found(cast);
    join(cast, CAST_MEMBER);
    join(cast, CAST_FRIEND);
    read_own_log(cast);
    for (size_t i = 0; i < CAST_COUNT; i++)
        cast->schools[i].link_count_kept = cast->schools[i].link_count;
    lone_keep(&cast->lone);
}
