/* An invitation code: all that a school needs to join, as text that survives being typed, printed
 * and put into a QR code: "PHAROS1-" and upper-case base32 (spec: "Invitation codes"). It holds the
 * network key: whoever has it can knock. */
#ifndef PHAROS_PROTO_INVITATION_H
#define PHAROS_PROTO_INVITATION_H

#include "pharos/bytes.h"
#include "pharos/id.h"
#include "pharos/limits.h"
#include "pharos/status.h"
#include "proto/crypto.h"

#define PH_INVITATION_CODE_MAX 2048 /* characters, with the final zero */

/* What an invitation is to, if not to join as a new school. */
enum ph_claimed {
    PH_CLAIM_NONE = 0,
    PH_CLAIM_ENROL = 1,   /* as another installation of a school */
    PH_CLAIM_SUCCEED = 2, /* with a new key of a school */
};

struct ph_invitation {
    enum ph_claimed what;
    struct ph_school_id school; /* unless it is PH_CLAIM_NONE */
    struct ph_network_id network;
    struct ph_network_key key;
    uint8_t secret[16];
    uint8_t address_count;
    char addresses[PH_INVITATION_ADDRESSES_MAX][PH_ADDRESS_LEN_MAX + 1]; /* "host:port" */
};

void ph_invitation_wipe(struct ph_invitation *invitation);

/* Writes a zero-terminated code. PH_LIMIT: too many or too long addresses. */
PH_MUST_USE enum ph_status ph_invitation_write(const struct ph_invitation *invitation,
                                               char out[PH_INVITATION_CODE_MAX]);
/* Case, white space and hyphens don't matter. PH_REFUSED with one plain sentence in `why`: not a
 * code, mistyped (the check doesn't fit), from a newer version. */
PH_MUST_USE enum ph_status ph_invitation_read(struct ph_bytes text, struct ph_invitation *out,
                                              char why[200]);

/* What a school that has an invitation shows a voter on paper or a stick, when it can't reach one:
 * its key, signed by the invitation's. Nothing in it is secret. */
#define PH_PLEA_LEN (32 + 32 + 32 + 64)
#define PH_PLEA_CODE_MAX 300 /* characters, with the final zero */

struct ph_plea {
    struct ph_network_id network;
    struct ph_school_id school;
    uint8_t invite_key[32];
    struct ph_signature signature;
};

void ph_plea_write(const struct ph_plea *plea, char out[PH_PLEA_CODE_MAX]);
/* As ph_invitation_read. */
PH_MUST_USE enum ph_status ph_plea_read(struct ph_bytes text, struct ph_plea *out, char why[200]);

#endif
