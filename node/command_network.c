/* Commands about the network: found, invite, join, sync. */
#include "node/author.h"
#include "node/claims.h"
#include "node/command_list.h"
#include "node/dial.h"
#include "node/ingest.h"
#include "node/names.h"
#include "node/peers.h"
#include "node/welcome.h"
#include "proto/kind.h"

#define JOIN_TRIES 3

/* A command's last argument was read and all of them fit. */
static enum ph_status end_args(const struct ph_request *request)
{
    return ph_unpack_end(&request->args);
}

static enum ph_status take_addresses(struct ph_request *request,
                                     struct ph_bytes out[PH_INVITATION_ADDRESSES_MAX],
                                     uint32_t *count)
{
    *count = ph_unpack_array(&request->args);
    if (*count > PH_INVITATION_ADDRESSES_MAX)
        return ph_refuse(request, "At most %d addresses fit.", PH_INVITATION_ADDRESSES_MAX);
    for (uint32_t i = 0; i < *count; i++) {
        out[i] = ph_unpack_text(&request->args);
        if (out[i].len > PH_ADDRESS_LEN_MAX)
            return ph_refuse(request, "An address has at most %d letters.", PH_ADDRESS_LEN_MAX);
    }
    return PH_OK;
}

enum ph_status ph_command_network_new(struct ph_node *node, struct ph_request *request)
{
    struct ph_bytes name = ph_unpack_text(&request->args);
    PH_TRY(end_args(request));
    if (node->membership == PH_MEMBERSHIP_JOINING)
        return ph_refuse(request, "This school is joining a network already.");
    if (node->membership == PH_MEMBERSHIP_MEMBER)
        return ph_refuse(request, "This school is in a network already.");
    if (name.len == 0 || name.len > PH_NETWORK_NAME_MAX)
        return ph_refuse(request, "A network's name has 1 to %d bytes.", PH_NETWORK_NAME_MAX);
    if (!ph_name_is_clean(name))
        return ph_refuse(request, "A network's name has letters and no control characters.");
    PH_TRY(ph_author_found(node, name));
    ph_pack_map(&request->answer, 2);
    ph_answer_hex(&request->answer, "network", node->network.bytes, sizeof node->network.bytes);
    ph_answer_key(&request->answer, "name");
    ph_pack_text(&request->answer, name);
    request->wait = PH_WAIT_COMMIT;
    return PH_OK;
}

/* --- invitations --- */

static enum ph_status answer_code(struct ph_request *request, struct ph_invitation *invitation)
{
    char code[PH_INVITATION_CODE_MAX];
    enum ph_status status = ph_invitation_write(invitation, code);
    if (status == PH_OK) {
        ph_pack_map(&request->answer, 1);
        ph_answer_text(&request->answer, "code", code);
        request->wait = PH_WAIT_COMMIT;
    }
    ph_wipe(code, sizeof code);
    return status;
}

/* The rest of the arguments. */
static enum ph_status take_invitation(struct ph_node *node, struct ph_request *request,
                                      struct ph_invitation *out)
{
    struct ph_bytes addresses[PH_INVITATION_ADDRESSES_MAX] = {{0}};
    uint32_t count = 0;
    PH_TRY(take_addresses(request, addresses, &count));
    PH_TRY(end_args(request));
    *out = (struct ph_invitation){.network = node->network, .key = node->network_key};
    for (uint32_t i = 0; i < count; i++)
        memcpy(out->addresses[i], addresses[i].data, addresses[i].len);
    out->address_count = (uint8_t)count;
    return PH_OK;
}

enum ph_status ph_command_invite(struct ph_node *node, struct ph_request *request)
{
    struct ph_invitation invitation;
    struct ph_fact fact = {.type = PH_FACT_INVITE};
    struct ph_sign_secret secret;
    uint64_t uses = ph_unpack_uint(&request->args, UINT32_MAX);
    PH_TRY(take_invitation(node, request, &invitation));
    if (uses == 0 || uses > PH_INVITE_USES_MAX)
        return ph_refuse(request, "An invitation is for 1 to %d schools.", PH_INVITE_USES_MAX);
    node->env.ops->random(node->env.impl, invitation.secret, sizeof invitation.secret);
    ph_invite_key(invitation.secret, &secret, fact.of.invite.key);
    ph_wipe(&secret, sizeof secret);
    fact.of.invite.uses = (uint16_t)uses;
    enum ph_status status = answer_code(request, &invitation);
    ph_invitation_wipe(&invitation);
    return status == PH_OK ? ph_author_fact(node, &fact, NULL) : status;
}

static enum ph_status invite_to_claim(struct ph_node *node, struct ph_request *request,
                                      enum ph_claimed what, const struct ph_school_id *school)
{
    struct ph_invitation invitation;
    PH_TRY(take_invitation(node, request, &invitation));
    enum ph_status status = ph_claims_issue(node, what, school, &invitation);
    if (status == PH_OK)
        status = answer_code(request, &invitation);
    ph_invitation_wipe(&invitation);
    return status;
}

/* For the new key of a school that has lost its own. */
enum ph_status ph_command_invite_successor(struct ph_node *node, struct ph_request *request)
{
    struct ph_school_id school;
    struct ph_bytes named = ph_unpack_text(&request->args);
    PH_TRY(ph_names_find_school(node, request, named, &school));
    if (ph_school_id_equal(&school, &node->school))
        return ph_refuse(request, "This school has its key. Another installation of it joins by "
                                  "«pharos writer add».");
    return invite_to_claim(node, request, PH_CLAIM_SUCCEED, &school);
}

enum ph_status ph_command_writer_add(struct ph_node *node, struct ph_request *request)
{
    if (ph_facts_next_serial(node->facts, &node->school) >= PH_WRITERS_MAX)
        return ph_refuse(request, "This school has had as many installations as it may have.");
    return invite_to_claim(node, request, PH_CLAIM_ENROL, &node->school_key);
}

static enum ph_status refuse_address(struct ph_request *request, struct ph_bytes text)
{
    return ph_refuse(request, "«%.*s» is not an address: write HOST:PORT.",
                     (int)(text.len < 100 ? text.len : 100), (const char *)text.data);
}

/* --- joining --- */

static enum ph_status set_out(struct ph_node *node, struct ph_request *request,
                              const struct ph_invitation *invitation,
                              const struct ph_bytes *addresses, uint32_t address_count)
{
    if (node->membership == PH_MEMBERSHIP_MEMBER)
        return ph_refuse(request, "This school is a member of a network already.");
    if (node->membership == PH_MEMBERSHIP_JOINING &&
        !ph_network_id_equal(&invitation->network, &node->network))
        return ph_refuse(request, "This school is joining another network already.");
    int indexes[2 * PH_INVITATION_ADDRESSES_MAX];
    uint32_t count = invitation->address_count + address_count;
    for (uint32_t i = 0; i < count; i++) {
        struct ph_bytes text = i < address_count
                                   ? addresses[i]
                                   : ph_bytes_text(invitation->addresses[i - address_count]);
        indexes[i] = ph_dial_add(node, text, true);
        if (indexes[i] < 0)
            return refuse_address(request, text);
    }
    PH_TRY(ph_author_join(node, invitation));
    for (uint32_t i = 0; i < count; i++) {
        node->dial.items[indexes[i]].is_remembered = true;
        node->dial.items[indexes[i]].next_ms = 0;
        ph_peers_dial(node, indexes[i]);
    }
    return ph_dial_remember(node);
}

enum ph_status ph_command_join(struct ph_node *node, struct ph_request *request)
{
    struct ph_invitation invitation;
    struct ph_bytes addresses[PH_INVITATION_ADDRESSES_MAX] = {{0}};
    uint32_t address_count = 0;
    struct ph_bytes code = ph_unpack_text(&request->args);
    PH_TRY(take_addresses(request, addresses, &address_count));
    uint64_t wait_ms = ph_unpack_uint(&request->args, UINT32_MAX);
    PH_TRY(end_args(request));
    PH_TRY(ph_invitation_read(code, &invitation, request->error));
    enum ph_status status = set_out(node, request, &invitation, addresses, address_count);
    ph_invitation_wipe(&invitation);
    PH_TRY(status);
    request->wait = PH_WAIT_JOIN;
    request->deadline_ms = node->now_ms + wait_ms;
    return PH_OK;
}

static const char *last_failure(const struct ph_node *node)
{
    for (uint32_t i = 0; i < node->dial.count; i++)
        if (node->dial.items[i].failure[0] != '\0')
            return node->dial.items[i].failure;
    return node->dial.count == 0 ? "no address is known" : "no answer yet";
}

/* Whoever invited us may just be starting: a command without a serving node tries a few times. */
static bool is_hopeless(const struct ph_node *node)
{
    for (uint32_t i = 0; i < node->dial.count; i++)
        if (node->dial.items[i].conn != 0 || node->dial.items[i].failure_count < JOIN_TRIES)
            return false;
    return !node->is_serving;
}

bool ph_command_join_is_done(struct ph_node *node, const struct ph_wait *wait,
                             struct ph_buffer *answer, char error[256])
{
    (void)error;
    bool is_quiet = ph_ingest_is_quiet(node);
    bool is_member = node->membership == PH_MEMBERSHIP_MEMBER;
    if (!is_quiet || (!is_member && !is_hopeless(node) && node->now_ms < wait->deadline_ms))
        return false;
    ph_pack_map(answer, is_member ? 2 : 3);
    ph_answer_text(answer, "state", is_member ? "member" : "waiting");
    ph_answer_hex(answer, "network", node->network.bytes, sizeof node->network.bytes);
    if (!is_member)
        ph_answer_text(answer, "why", last_failure(node));
    return true;
}

/* --- joining where no voter can be reached --- */

enum ph_status ph_command_member_request(struct ph_node *node, struct ph_request *request)
{
    char code[PH_PLEA_CODE_MAX];
    PH_TRY(end_args(request));
    if (node->membership != PH_MEMBERSHIP_JOINING || node->claimed != PH_CLAIM_NONE)
        return ph_refuse(request, "This school is not waiting to be admitted.");
    struct ph_join_proof proof =
        ph_join_prove(node->invite_secret, &node->network, &node->school_key);
    struct ph_plea plea = {
        .network = node->network, .school = node->school_key, .signature = proof.signature};
    memcpy(plea.invite_key, proof.invite_key, sizeof plea.invite_key);
    ph_plea_write(&plea, code);
    ph_pack_map(&request->answer, 1);
    ph_answer_text(&request->answer, "request", code);
    return PH_OK;
}

static enum ph_status refuse_plea(struct ph_request *request, enum ph_end_reason reason)
{
    if (reason == PH_END_USED_UP)
        return ph_refuse(request, "Its invitation has been used as often as it may.");
    if (reason == PH_END_FULL)
        return ph_refuse(request, "The network has no place left, or whoever invited may invite no "
                                  "more.");
    return ph_refuse(request, "No school that votes holds its invitation here: meet the one that "
                              "wrote it first, or admit it there.");
}

enum ph_status ph_command_member_admit(struct ph_node *node, struct ph_request *request)
{
    struct ph_plea plea;
    enum ph_end_reason reason = PH_END_UNKNOWN;
    struct ph_bytes code = ph_unpack_text(&request->args);
    PH_TRY(end_args(request));
    PH_TRY(ph_plea_read(code, &plea, request->error));
    if (!ph_network_id_equal(&plea.network, &node->network))
        return ph_refuse(request, "That request is to another network.");
    if (!ph_facts_knows(node->facts, &plea.school)) {
        struct ph_join_proof proof = {.signature = plea.signature};
        memcpy(proof.invite_key, plea.invite_key, sizeof proof.invite_key);
        enum ph_status status = ph_welcome_admit(node, &plea.school, &proof, &reason);
        if (status == PH_UNAUTHENTIC)
            return ph_refuse(request, "That request was not signed with its invitation.");
        if (status == PH_FORBIDDEN)
            return refuse_plea(request, reason);
        PH_TRY(status);
    }
    ph_pack_map(&request->answer, 1);
    ph_answer_hex(&request->answer, "school", plea.school.bytes, sizeof plea.school.bytes);
    request->wait = ph_ingest_is_quiet(node) ? PH_WAIT_NOTHING : PH_WAIT_COMMIT;
    return PH_OK;
}

/* --- one exchange --- */

enum ph_status ph_command_sync(struct ph_node *node, struct ph_request *request)
{
    struct ph_bytes address = ph_unpack_text(&request->args);
    uint64_t wait_ms = ph_unpack_uint(&request->args, UINT32_MAX);
    PH_TRY(end_args(request));
    int index = ph_dial_add(node, address, false);
    if (index < 0)
        return refuse_address(request, address);
    node->dial.items[index].failure[0] = '\0';
    ph_peers_dial(node, index);
    request->wait = PH_WAIT_SYNC;
    request->deadline_ms = node->now_ms + wait_ms;
    request->address_index = index;
    return PH_OK;
}

/* The session that an address led to: the one dialed, or the one that stayed beside it. */
static const struct ph_peer *session_of(const struct ph_node *node, int address_index)
{
    const struct ph_address *address = &node->dial.items[address_index];
    for (size_t i = 0; i < node->peers_end; i++) {
        const struct ph_peer *peer = &node->peers[i];
        if (peer->state == PH_PEER_OPEN &&
            (peer->address_index == address_index ||
             ph_agree_public_equal(&address->transport, &peer->transport)))
            return peer;
    }
    return NULL;
}

/* Both sides hold the union durably: their last root is ours, and they were told so. */
bool ph_command_sync_is_done(struct ph_node *node, const struct ph_wait *wait,
                             struct ph_buffer *answer, char error[256])
{
    const struct ph_address *address = &node->dial.items[wait->address_index];
    const struct ph_peer *peer = session_of(node, wait->address_index);
    if (peer != NULL && peer->has_their_root && ph_ingest_is_quiet(node) &&
        ph_root_equal(&peer->their_root, &node->logs.root) &&
        ph_root_equal(&peer->root_sent, &node->logs.root)) {
        ph_pack_map(answer, 3);
        ph_answer_hex(answer, "root", node->logs.root.bytes, sizeof node->logs.root.bytes);
        ph_answer_uint(answer, "bytes_in", peer->bytes_in);
        ph_answer_uint(answer, "bytes_out", peer->bytes_out);
        return true;
    }
    if (address->leads_home)
        snprintf(error, 256, "%.100s is this school itself.", address->text);
    else if (address->conn == 0 && peer == NULL && address->failure[0] != '\0')
        snprintf(error, 256, "No exchange with %.100s: %s.", address->text, address->failure);
    else if (node->now_ms >= wait->deadline_ms)
        snprintf(error, 256, "The exchange with %.100s did not come to its end in time.",
                 address->text);
    return error[0] != '\0';
}
