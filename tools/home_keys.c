#define _GNU_SOURCE /* statx */

#include "tools/home_keys.h"

#include "node/random_uv.h"
#include "proto/kind.h"
#include "proto/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_FILE_SIZE 1024
#define KEY_CHECK_LEN 8
#define FREE_TITLE "pharos writer key 1"  /* bound to nothing yet */
#define BOUND_TITLE "pharos writer key 2" /* to this machine and this database */

/* --- files --- */

static void put_check(struct ph_buffer *out)
{
    struct ph_hash check = ph_hash(PH_DOMAIN_CODE, ph_buffer_bytes(out));
    ph_buffer_put(out, check.bytes, KEY_CHECK_LEN);
}

static enum ph_status write_school_key(const struct ph_home *home,
                                       const struct ph_identity *identity, char why[PH_WHY_SIZE])
{
    uint8_t room[KEY_FILE_SIZE];
    struct ph_buffer out = ph_buffer(room, sizeof room);
    ph_pack_array(&out, 3);
    ph_pack_text(&out, ph_bytes_text("pharos school key 1"));
    ph_pack_bin(&out, ph_bytes(identity->school_seed, 32));
    ph_pack_text(&out, ph_bytes_text(identity->school_name));
    put_check(&out);
    enum ph_status status = ph_home_write(home, PH_SCHOOL_FILE, ph_buffer_bytes(&out), why);
    ph_wipe(room, sizeof room);
    return status;
}

static void put_machine(struct ph_buffer *out, const struct ph_machine *machine)
{
    ph_pack_bin(out, ph_bytes(machine->id.bytes, sizeof machine->id.bytes));
    ph_pack_array(out, machine->address_count);
    for (uint32_t i = 0; i < machine->address_count; i++)
        ph_pack_bin(out, ph_bytes(machine->addresses[i], PH_MACHINE_ADDRESS_LEN));
}

/* Bound, or as it comes with a new home: the first database that it is used with makes it its
 * own. */
static enum ph_status write_writer_key(const struct ph_home *home,
                                       const struct ph_identity *identity,
                                       const struct ph_binding *binding, char why[PH_WHY_SIZE])
{
    uint8_t room[KEY_FILE_SIZE];
    struct ph_buffer out = ph_buffer(room, sizeof room);
    ph_pack_array(&out, binding->is_bound ? 8 : 4);
    ph_pack_text(&out, ph_bytes_text(binding->is_bound ? BOUND_TITLE : FREE_TITLE));
    ph_pack_bin(&out, ph_bytes(identity->writer_seed, 32));
    ph_pack_bin(&out, ph_bytes(identity->transport_secret, 32));
    ph_pack_uint(&out, identity->serial);
    if (binding->is_bound) {
        ph_pack_bin(&out, ph_bytes(binding->token, sizeof binding->token));
        ph_pack_uint(&out, binding->born_ns);
        put_machine(&out, &binding->machine);
    }
    put_check(&out);
    enum ph_status status = ph_home_write(home, PH_WRITER_FILE, ph_buffer_bytes(&out), why);
    ph_wipe(room, sizeof room);
    return status;
}

/* Starts reading a key file whose check fits and that has this title. */
static enum ph_status begin_key(struct ph_bytes file, const char *title, uint32_t count,
                                struct ph_unpacker *in)
{
    if (file.len <= KEY_CHECK_LEN)
        return PH_CORRUPT;
    struct ph_bytes value = ph_bytes(file.data, file.len - KEY_CHECK_LEN);
    struct ph_hash check = ph_hash(PH_DOMAIN_CODE, value);
    if (memcmp(check.bytes, file.data + value.len, KEY_CHECK_LEN) != 0 ||
        ph_unpack(in, value) != PH_OK)
        return PH_CORRUPT;
    ph_unpack_array_of(in, count);
    return !in->failed && ph_bytes_equal(ph_unpack_text(in), ph_bytes_text(title)) ? PH_OK
                                                                                   : PH_CORRUPT;
}

static enum ph_status parse_school_key(struct ph_bytes file, struct ph_identity *out,
                                       struct ph_binding *unused)
{
    struct ph_unpacker in;
    (void)unused;
    PH_TRY(begin_key(file, "pharos school key 1", 3, &in));
    ph_unpack_fixed(&in, out->school_seed, 32);
    struct ph_bytes name = ph_unpack_text(&in);
    if (ph_unpack_end(&in) != PH_OK || name.len >= sizeof out->school_name)
        return PH_CORRUPT;
    memcpy(out->school_name, name.data, name.len);
    out->school_name[name.len] = 0;
    return PH_OK;
}

static void unpack_binding(struct ph_unpacker *in, struct ph_binding *out)
{
    ph_unpack_fixed(in, out->token, sizeof out->token);
    out->born_ns = ph_unpack_uint(in, UINT64_MAX);
    ph_unpack_fixed(in, out->machine.id.bytes, sizeof out->machine.id.bytes);
    uint32_t count = ph_unpack_array(in);
    in->failed = in->failed || count > PH_MACHINE_ADDRESSES_MAX;
    for (uint32_t i = 0; i < count && !in->failed; i++)
        ph_unpack_fixed(in, out->machine.addresses[i], PH_MACHINE_ADDRESS_LEN);
    out->machine.address_count = count;
    out->is_bound = true;
}

static enum ph_status parse_writer_key(struct ph_bytes file, struct ph_identity *out,
                                       struct ph_binding *binding)
{
    struct ph_unpacker in;
    bool is_free = begin_key(file, FREE_TITLE, 4, &in) == PH_OK;
    if (!is_free)
        PH_TRY(begin_key(file, BOUND_TITLE, 8, &in));
    ph_unpack_fixed(&in, out->writer_seed, 32);
    ph_unpack_fixed(&in, out->transport_secret, 32);
    out->serial = (uint16_t)ph_unpack_uint(&in, PH_WRITERS_MAX - 1);
    if (!is_free)
        unpack_binding(&in, binding);
    out->has_writer = ph_unpack_end(&in) == PH_OK;
    return out->has_writer ? PH_OK : PH_CORRUPT;
}

typedef enum ph_status parse_key(struct ph_bytes file, struct ph_identity *out,
                                 struct ph_binding *binding);

static enum ph_status read_key(const struct ph_home *home, const char *name, parse_key *parse,
                               struct ph_identity *out, struct ph_binding *binding,
                               char why[PH_WHY_SIZE])
{
    uint8_t room[KEY_FILE_SIZE];
    size_t len = sizeof room;
    enum ph_status status = ph_home_read(home, name, room, &len, why);
    if (status == PH_NOT_FOUND)
        ph_home_say(why, status, "%.250s/%s is missing.", home->path, name);
    if (status == PH_LIMIT)
        status = PH_CORRUPT;
    if (status == PH_OK)
        status = parse(ph_bytes(room, len), out, binding);
    if (status == PH_CORRUPT)
        ph_home_say(why, status, "%.250s/%s is damaged.", home->path, name);
    ph_wipe(room, sizeof room);
    return status;
}

void ph_home_forget_writer(struct ph_identity *identity)
{
    ph_wipe(identity->writer_seed, sizeof identity->writer_seed);
    ph_wipe(identity->transport_secret, sizeof identity->transport_secret);
    identity->serial = 0;
    identity->has_writer = false;
}

enum ph_status ph_home_identity(const struct ph_home *home, struct ph_identity *out,
                                struct ph_binding *binding, char why[PH_WHY_SIZE])
{
    struct ph_identity identity = {0};
    struct ph_binding found = {.is_bound = false};
    enum ph_status status =
        read_key(home, PH_SCHOOL_FILE, parse_school_key, &identity, &found, why);
    if (status != PH_OK)
        goto out;
    status = read_key(home, PH_WRITER_FILE, parse_writer_key, &identity, &found, why);
    if (status == PH_NOT_FOUND || status == PH_CORRUPT) {
        ph_home_forget_writer(&identity);
        status = PH_OK;
    }
    if (status == PH_OK) {
        *out = identity;
        *binding = found;
    }
out:
    ph_wipe(&identity, sizeof identity);
    return status;
}

/* --- binding --- */

enum ph_status ph_home_bind(const struct ph_home *home, const struct ph_identity *identity,
                            const struct ph_binding *binding, char why[PH_WHY_SIZE])
{
    return write_writer_key(home, identity, binding, why);
}

bool ph_binding_fits(const struct ph_binding *bound, const struct ph_binding *here)
{
    bool born_fits = bound->born_ns == here->born_ns || bound->born_ns == 0 || here->born_ns == 0;
    return born_fits && memcmp(bound->token, here->token, sizeof bound->token) == 0 &&
           ph_machine_fits(&bound->machine, &here->machine);
}

enum ph_status ph_home_born_ns(const struct ph_home *home, uint64_t *out, char why[PH_WHY_SIZE])
{
    struct statx about;
    if (statx(home->fd, "store/data.mdb", AT_SYMLINK_NOFOLLOW, STATX_BTIME, &about) != 0)
        return ph_home_say(why, PH_IO, "%.250s/store/data.mdb can't be looked at: %s.", home->path,
                           strerror(errno));
    *out = 0;
    if ((about.stx_mask & STATX_BTIME) != 0)
        *out = (uint64_t)about.stx_btime.tv_sec * 1000000000 + about.stx_btime.tv_nsec;
    return PH_OK;
}

/* --- new ones --- */

static void draw_writer(struct ph_identity *identity, uint16_t serial)
{
    ph_random_uv(identity->writer_seed, 32);
    ph_random_uv(identity->transport_secret, 32);
    identity->serial = serial;
    identity->has_writer = true;
}

enum ph_status ph_home_renew(void *impl, uint16_t serial, struct ph_identity *identity)
{
    const struct ph_home_keeper *keeper = impl;
    char why[PH_WHY_SIZE] = "";
    draw_writer(identity, serial);
    enum ph_status status = write_writer_key(keeper->home, identity, &keeper->binding, why);
    if (status != PH_OK)
        ph_home_forget_writer(identity);
    return status;
}

/* Bytes of UTF-8 without control characters, so that a name is safe on every screen and in logs. */
enum ph_status ph_home_check_name(const char *name, char why[PH_WHY_SIZE])
{
    uint8_t room[PH_NETWORK_NAME_MAX + 8];
    struct ph_buffer packed = ph_buffer(room, sizeof room);
    size_t len = strlen(name);
    if (len == 0 || len > PH_NETWORK_NAME_MAX)
        return ph_home_say(why, PH_REFUSED, "A school's name has 1 to %d bytes.",
                           PH_NETWORK_NAME_MAX);
    ph_pack_text(&packed, ph_bytes_text(name));
    if (ph_pack_scan(ph_buffer_bytes(&packed)) != PH_OK)
        return ph_home_say(why, PH_REFUSED, "The school's name is not valid UTF-8 text.");
    if (!ph_name_is_clean(ph_bytes_text(name)))
        return ph_home_say(why, PH_REFUSED,
                           "A school's name has letters and no control characters.");
    return PH_OK;
}

enum ph_status ph_home_make_keys(const struct ph_home *home, const char *name,
                                 struct ph_school_id *school, char why[PH_WHY_SIZE])
{
    struct ph_identity identity = {0};
    struct ph_sign_secret secret;
    const struct ph_binding not_yet = {.is_bound = false};
    ph_random_uv(identity.school_seed, 32);
    draw_writer(&identity, 0);
    snprintf(identity.school_name, sizeof identity.school_name, "%s", name);
    ph_sign_key_from_seed(identity.school_seed, &secret, school->bytes);
    ph_wipe(&secret, sizeof secret);

    /* The school's key is last: it is what makes this folder a home. */
    enum ph_status status = write_writer_key(home, &identity, &not_yet, why);
    if (status == PH_OK)
        status = write_school_key(home, &identity, why);
    ph_wipe(&identity, sizeof identity);
    return status;
}
