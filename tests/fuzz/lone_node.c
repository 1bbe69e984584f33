#include "tests/fuzz/lone_node.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "proto/pack.h"
#include "tools/tree.h"

#define START_MS 1000000
#define WALL_MS INT64_C(1773568800000)
#define STEPS_MAX 20000 /* things to do at one time; more: somebody spins */

/* --- the environment --- */

static void random_bytes(void *impl, uint8_t *out, size_t len)
{
    struct lone *lone = impl;
    for (size_t i = 0; i < len; i++) {
        lone->chance = lone->chance * UINT64_C(6364136223846793005) + 1442695040888963407;
        out[i] = (uint8_t)(lone->chance >> 56);
    }
}

static void wake_at(void *impl, uint64_t deadline_ms)
{
    struct lone *lone = impl;
    lone->alarm_ms = deadline_ms;
}

static void dial(void *impl, ph_conn_id conn, const char *address)
{
    struct lone *lone = impl;
    FUZZ_CHECK(conn % 2 == 1 && strlen(address) <= PH_ADDRESS_LEN_MAX);
    FUZZ_CHECK(lone->dialed_count < PH_ADDRESSES_MAX);
    lone->dialed[lone->dialed_count++] = conn;
}

/* False: it was not dialed. */
static bool forget_dial(struct lone *lone, ph_conn_id conn)
{
    for (size_t i = 0; i < lone->dialed_count; i++)
        if (lone->dialed[i] == conn) {
            lone->dialed[i] = lone->dialed[--lone->dialed_count];
            return true;
        }
    return false;
}

static struct lone_line *line_of(struct lone *lone, ph_conn_id conn)
{
    for (size_t i = 0; i < LONE_LINES; i++)
        if (lone->lines[i].conn == conn && lone->lines[i].is_up)
            return &lone->lines[i];
    return NULL;
}

static void send_bytes(void *impl, ph_conn_id conn, struct ph_bytes bytes)
{
    struct lone_line *line = line_of(impl, conn);
    FUZZ_CHECK(line != NULL);
    while (line->heard_len + bytes.len > line->heard_size) {
        line->heard_size = line->heard_size == 0 ? 4096 : 2 * line->heard_size;
        line->heard = realloc(line->heard, line->heard_size);
        FUZZ_CHECK(line->heard != NULL);
    }
    memcpy(line->heard + line->heard_len, bytes.data, bytes.len);
    line->heard_len += bytes.len;
    line->unsent += bytes.len;
    FUZZ_CHECK(line->unsent <= PH_OUTBOX_BYTES_HARD_MAX + PH_FRAME_CIPHER_MAX + 2);
}

static void hangup(void *impl, ph_conn_id conn)
{
    struct lone *lone = impl;
    struct lone_line *line = line_of(lone, conn);
    FUZZ_CHECK(forget_dial(lone, conn) || line != NULL);
    if (line != NULL)
        line->is_up = false;
}

static void datagram(void *impl, struct ph_bytes bytes)
{
    (void)impl;
    FUZZ_CHECK(bytes.len == PH_BEACON_LEN);
}

static void commit(void *impl, struct ph_batch *batch)
{
    struct lone *lone = impl;
    FUZZ_CHECK(lone->batch == NULL);
    lone->batch = batch;
    lone->commit_count++;
}

static void job(void *impl, struct ph_job *given)
{
    struct lone *lone = impl;
    FUZZ_CHECK(lone->job == NULL);
    lone->job = given;
}

static void reply(void *impl, ph_command_id command, struct ph_bytes piece, bool is_last)
{
    struct lone *lone = impl;
    FUZZ_CHECK(command != 0 && command <= lone->last_command && is_last);
    lone->waiting_count -= lone->waiting_count != 0;
    FUZZ_CHECK(piece.len <= LONE_ANSWER_MAX && ph_pack_scan_local(piece) == PH_OK);
    struct ph_unpacker in = ph_unpack_scanned(piece);
    FUZZ_CHECK(ph_unpack_type(&in) == PH_PACK_MAP);
    if (command != lone->last_command)
        return; /* one that was given earlier, and waited */
    memcpy(lone->answer, piece.data, piece.len);
    lone->answer_len = piece.len;
    lone->answered = command;
}

static const struct ph_env_ops env_ops = {.random = random_bytes,
                                          .wake_at = wake_at,
                                          .dial = dial,
                                          .send = send_bytes,
                                          .hangup = hangup,
                                          .datagram = datagram,
                                          .commit = commit,
                                          .job = job,
                                          .reply = reply};

static void renew_identity(struct ph_identity *identity, uint32_t number, uint16_t serial)
{
    memset(identity->writer_seed, (int)(2 + number), sizeof identity->writer_seed);
    memset(identity->transport_secret, (int)(102 + number), sizeof identity->transport_secret);
    identity->serial = serial;
    identity->has_writer = true;
}

/* `identity` is the writer's part alone; ours has the school as well. */
static enum ph_status renew(void *impl, uint16_t serial, struct ph_identity *identity)
{
    struct lone *lone = impl;
    lone->renew_count++;
    renew_identity(identity, lone->renew_count, serial);
    renew_identity(&lone->identity, lone->renew_count, serial);
    return PH_OK;
}

/* Lines are made, so that how they are made is tried too. */
static void write_log(void *impl, enum ph_log_level level, const char *line)
{
    (void)impl;
    FUZZ_CHECK(level <= PH_LOG_DEBUG && strlen(line) < PH_LOG_LINE_MAX);
}

/* --- life --- */

static void start(struct lone *lone)
{
    char why[200] = "";
    struct ph_event event = {.type = PH_EVENT_WAKE};
    struct ph_store_options options = {
        .path = lone->path, .map_bytes = 1 << 22, .any_file_system = true, .log = &lone->log};
    FUZZ_CHECK(ph_store_open(&options, &lone->store, why) == PH_OK);
    struct ph_node_config config = {.env = {.ops = &env_ops, .impl = lone},
                                    .store = lone->store,
                                    .identity = &lone->identity,
                                    .keeper = {.renew = renew, .impl = lone},
                                    .log = &lone->log,
                                    .is_serving = true};
    FUZZ_CHECK(ph_node_new(&config, &lone->node) == PH_OK);
    lone->alarm_ms = UINT64_MAX;
    lone_tell(lone, &event);
    lone_settle(lone);
}

static void stop(struct lone *lone)
{
    for (uint32_t i = 0; i < LONE_LINES; i++)
        lone_disconnect(lone, i);
    lone_settle(lone);
    ph_node_free(lone->node);
    ph_store_close(lone->store);
    lone->node = NULL;
    lone->store = NULL;
    lone->dialed_count = 0;
    lone->waiting_count = 0;
}

static struct lone *all;

static void remove_folders(void)
{
    for (const struct lone *lone = all; lone != NULL; lone = lone->next)
        (void)!ph_tree_remove(lone->path);
}

void lone_init(struct lone *lone)
{
    *lone = (struct lone){.now_ms = START_MS, .chance = 1};
    memset(lone->identity.school_seed, 1, sizeof lone->identity.school_seed);
    renew_identity(&lone->identity, 0, 0);
    snprintf(lone->identity.school_name, sizeof lone->identity.school_name, "Alone");
    lone->log = (struct ph_log_sink){.level = PH_LOG_DEBUG, .write = write_log, .impl = lone};
    lone->answer = malloc(LONE_ANSWER_MAX);
    snprintf(lone->path, sizeof lone->path, "%s/pharos-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    FUZZ_CHECK(lone->answer != NULL && ph_crypto_init() == PH_OK && mkdtemp(lone->path) != NULL);
    if (all == NULL)
        atexit(remove_folders);
    lone->next = all;
    all = lone;
    start(lone);
}

void lone_tell(struct lone *lone, struct ph_event *event)
{
    event->now_ms = lone->now_ms;
    event->wall_ms = WALL_MS + (int64_t)lone->now_ms;
    ph_node_step(lone->node, event);
    FUZZ_CHECK(ph_node_failure(lone->node) == PH_OK);
}

/* --- the disk --- */

static void keep_file(struct lone *lone, int folder, const char *name)
{
    struct lone_file *file = &lone->files[lone->file_count++];
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    off_t len = lseek(fd, 0, SEEK_END);
    uint8_t *bytes = malloc((size_t)len + 1);
    FUZZ_CHECK(lone->file_count <= 8 && len >= 0 && bytes != NULL);
    FUZZ_CHECK(pread(fd, bytes, (size_t)len, 0) == len);
    close(fd);
    snprintf(file->name, sizeof file->name, "%s", name);
    file->bytes = ph_bytes(bytes, (size_t)len);
}

void lone_keep(struct lone *lone)
{
    struct dirent *entry;
    stop(lone);
    DIR *folder = opendir(lone->path);
    FUZZ_CHECK(folder != NULL);
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "lock.mdb") != 0)
            keep_file(lone, dirfd(folder), entry->d_name);
    closedir(folder);
    start(lone);
    lone_reset(lone);
}

static void put_file(const struct lone *lone, const struct lone_file *file)
{
    char path[sizeof lone->path + sizeof file->name];
    snprintf(path, sizeof path, "%s/%s", lone->path, file->name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    FUZZ_CHECK(fd >= 0 && ftruncate(fd, (off_t)file->bytes.len) == 0);
    FUZZ_CHECK(pwrite(fd, file->bytes.data, file->bytes.len, 0) == (ssize_t)file->bytes.len);
    close(fd);
}

void lone_reset(struct lone *lone)
{
    stop(lone);
    for (size_t i = 0; i < lone->file_count; i++)
        put_file(lone, &lone->files[i]);
    lone->now_ms = START_MS;
    lone->chance = 1;
    renew_identity(&lone->identity, 0, 0);
    lone->renew_count = 0;
    start(lone);
    lone->commits_kept = lone->commit_count;
}

void lone_reopen(struct lone *lone)
{
    stop(lone);
    start(lone);
}

bool lone_is_changed(const struct lone *lone)
{
    return lone->commit_count != lone->commits_kept || lone->renew_count != 0;
}

/* --- the network and time --- */

void lone_connect(struct lone *lone, uint32_t line)
{
    struct ph_event event = {.type = PH_EVENT_CONN_UP};
    struct lone_line *to = &lone->lines[line];
    FUZZ_CHECK(!to->is_up);
    to->conn = lone->last_conn += 2;
    to->is_up = true;
    to->heard_len = to->unsent = 0;
    event.of.up.conn = to->conn;
    event.of.up.address = "caller:1";
    lone_tell(lone, &event);
}

void lone_disconnect(struct lone *lone, uint32_t line)
{
    struct ph_event event = {.type = PH_EVENT_CONN_DOWN};
    if (!lone->lines[line].is_up)
        return;
    lone->lines[line].is_up = false;
    event.of.down.conn = lone->lines[line].conn;
    event.of.down.reason = "gone";
    lone_tell(lone, &event);
}

void lone_say(struct lone *lone, uint32_t line, struct ph_bytes bytes)
{
    struct ph_event event = {.type = PH_EVENT_CONN_DATA};
    if (!lone->lines[line].is_up || bytes.len == 0)
        return;
    event.of.data.conn = lone->lines[line].conn;
    event.of.data.bytes = bytes;
    lone_tell(lone, &event);
}

void lone_take(struct lone *lone, uint32_t line, size_t len)
{
    struct lone_line *from = &lone->lines[line];
    from->heard_len -= len;
    memmove(from->heard, from->heard + len, from->heard_len);
}

static void wake(struct lone *lone)
{
    struct ph_event event = {.type = PH_EVENT_WAKE};
    for (uint32_t i = 0; lone->alarm_ms <= lone->now_ms; i++) {
        FUZZ_CHECK(i < STEPS_MAX);
        lone->alarm_ms = UINT64_MAX;
        lone_tell(lone, &event);
    }
}

void lone_advance(struct lone *lone, uint64_t ms)
{
    lone->now_ms += ms;
    wake(lone);
}

void lone_deliver(struct lone *lone)
{
    for (size_t i = 0; i < LONE_LINES; i++) {
        struct lone_line *line = &lone->lines[i];
        struct ph_event event = {.type = PH_EVENT_SENT};
        event.of.sent.conn = line->conn;
        event.of.sent.len = line->unsent;
        line->unsent = 0;
        if (line->is_up && event.of.sent.len != 0)
            lone_tell(lone, &event);
    }
    while (lone->dialed_count != 0) {
        struct ph_event event = {.type = PH_EVENT_CONN_DOWN};
        event.of.down.conn = lone->dialed[--lone->dialed_count];
        event.of.down.reason = "nobody there";
        lone_tell(lone, &event);
    }
}

static enum ph_status apply(struct lone *lone)
{
    enum ph_status status = ph_store_apply(lone->store, lone->batch);
    while (status == PH_MAP_FULL) {
        FUZZ_CHECK(ph_store_grow(lone->store) == PH_OK);
        status = ph_store_apply(lone->store, lone->batch);
    }
    return status;
}

bool lone_work(struct lone *lone)
{
    struct ph_event event = {.type = PH_EVENT_COMMITTED};
    if (lone->batch != NULL) {
        event.of.committed.status = apply(lone);
        event.of.committed.batch = lone->batch;
        lone->batch = NULL;
    } else if (lone->job != NULL) {
        event.type = PH_EVENT_JOB_DONE;
        event.of.done.job = lone->job;
        lone->job = NULL;
        event.of.done.job->run(event.of.done.job);
    } else {
        return false;
    }
    lone_tell(lone, &event);
    return true;
}

static bool has_unsent(const struct lone *lone)
{
    for (size_t i = 0; i < LONE_LINES; i++)
        if (lone->lines[i].is_up && lone->lines[i].unsent != 0)
            return true;
    return lone->dialed_count != 0;
}

void lone_settle(struct lone *lone)
{
    for (uint32_t i = 0; lone_work(lone) || has_unsent(lone) || lone->alarm_ms <= lone->now_ms;
         i++) {
        FUZZ_CHECK(i < STEPS_MAX);
        lone_deliver(lone);
        wake(lone);
    }
}

/* --- commands --- */

void lone_command_begin(struct lone *lone, struct ph_bytes request)
{
    struct ph_event event = {.type = PH_EVENT_COMMAND};
    event.of.command.id = ++lone->last_command;
    event.of.command.bytes = request;
    lone->waiting_count++;
    lone_tell(lone, &event);
}

struct ph_bytes lone_command(struct lone *lone, struct ph_bytes request)
{
    lone_command_begin(lone, request);
    lone_settle(lone);
    if (lone->answered != lone->last_command)
        return ph_bytes(NULL, 0);
    return ph_bytes(lone->answer, lone->answer_len);
}

struct ph_bytes lone_pick(struct ph_bytes map, const char *key)
{
    struct ph_unpacker in = ph_unpack_scanned(map);
    if (map.len == 0 || ph_unpack_type(&in) != PH_PACK_MAP)
        return ph_bytes(NULL, 0);
    for (uint32_t left = ph_unpack_map(&in); left != 0; left--) {
        struct ph_bytes found = ph_unpack_text(&in), item = ph_unpack_skip(&in);
        if (ph_bytes_equal(found, ph_bytes_text(key)))
            return item;
    }
    return ph_bytes(NULL, 0);
}

struct ph_bytes lone_root(struct lone *lone)
{
    return lone_pick(lone_command(lone, ph_bytes_text("\x91\xa6status")), "root");
}
