#include "tests/sim/sim_work.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/kind.h"
#include "proto/pack.h"

#define KINDS 8
#define KNOWN_MAX 256
#define ANSWER_MS_MAX 60000 /* no command that is given here may wait longer */
#define JOIN_AGAIN_MS 20000

struct asked {
    ph_command_id id;
    uint32_t node;
    uint64_t life, at_ms;
    bool is_write, is_gone, is_answered;
    uint16_t kind; /* of the record that is written */
};

struct sim_work {
    struct sim *sim;
    const struct sim_plan *plan;
    struct sim_oracle *oracle;
    struct sim_code code;
    uint64_t when, what;
    uint64_t next_ms;
    uint64_t join_ms[SIM_NODES_MAX]; /* when to ask (again) to join */
    bool is_member[SIM_NODES_MAX];
    uint32_t command_count; /* of those that the plan counts */
    struct asked *asked;    /* owned */
    size_t asked_count, asked_size;
    struct sim_id known[KNOWN_MAX]; /* records that somebody was told of */
    uint16_t known_kinds[KNOWN_MAX];
    uint32_t known_nodes[KNOWN_MAX]; /* where they were made */
    uint32_t known_count;
    uint8_t request_bytes[PH_COMMAND_BYTES_MAX / 4];
    struct ph_buffer request;
};

static uint64_t draw(struct sim_work *work, uint64_t below)
{
    return sim_plan_below(&work->what, below);
}

/* --- asking --- */

static void begin(struct sim_work *work, const char *name, size_t argument_count)
{
    work->request = ph_buffer(work->request_bytes, sizeof work->request_bytes);
    ph_pack_array(&work->request, 1 + argument_count);
    ph_pack_text(&work->request, ph_bytes_text(name));
}

static void put_text(struct sim_work *work, const char *text)
{
    ph_pack_text(&work->request, ph_bytes_text(text));
}

/* `kind` is that of the record to be written; 0: nothing is written. */
static void ask(struct sim_work *work, uint32_t node, uint16_t kind)
{
    if (work->asked_count == work->asked_size) {
        work->asked_size = work->asked_size == 0 ? 64 : 2 * work->asked_size;
        work->asked = realloc(work->asked, work->asked_size * sizeof *work->asked);
        if (work->asked == NULL)
            abort();
    }
    struct asked *asked = &work->asked[work->asked_count++];
    *asked = (struct asked){.id = sim_next_command(work->sim),
                            .node = node,
                            .life = sim_life(work->sim, node),
                            .at_ms = sim_now(work->sim),
                            .is_write = kind != 0,
                            .kind = kind};
    sim_command_begin(work->sim, node, ph_buffer_bytes(&work->request));
}

/* --- values --- */

/* Known id, or one that there is not. */
static void put_record(struct sim_work *work)
{
    char hex[33] = "00112233445566778899aabbccddeeff";
    if (work->known_count != 0 && draw(work, 10) != 0)
        put_text(work, work->known[draw(work, work->known_count)].text);
    else
        put_text(work, hex);
}

static void put_school(struct sim_work *work)
{
    char hex[65] = "";
    struct ph_school_id school =
        sim_school(work->sim, (uint32_t)draw(work, work->plan->node_count));
    ph_hex(school.bytes, sizeof school.bytes, hex);
    put_text(work, hex);
}

/* Words that repeat, so that some compress and some values are equal. */
static void put_words(struct sim_work *work, size_t size_max)
{
    static const char *const words[] = {"reading ", "القراءة ", "count ", "sing ", "lead "};
    char text[16384] = "";
    size_t len = 0, wanted = 8;
    if (draw(work, 6) == 0)
        wanted = sim_plan_scale(&work->what, 1, work->plan->value_max);
    wanted = wanted < size_max ? wanted : size_max;
    while (len < wanted) {
        const char *word = words[draw(work, 5)];
        size_t word_len = strlen(word);
        if (len + word_len > size_max || len + word_len >= sizeof text)
            break;
        memcpy(text + len, word, word_len + 1);
        len += word_len;
    }
    put_text(work, text);
}

static void put_value(struct sim_work *work, const struct ph_field *field)
{
    static const char *const dates[] = {"2026-03-15", "1970-01-01", "2099-12-31"};
    static const char *const positions[] = {"V", "B", "k", "Bz1"};
    switch (field->value) {
    case PH_VALUE_TEXT:
        put_words(work, field->size_max);
        return;
    case PH_VALUE_DATE:
        put_text(work, draw(work, 12) == 0 ? "2026-13-45" : dates[draw(work, 3)]);
        return;
    case PH_VALUE_CHOICE:
        put_text(work, draw(work, 12) == 0 ? "nonsense" : field->choices[draw(work, 3)]);
        return;
    case PH_VALUE_RECORD:
        put_record(work);
        return;
    case PH_VALUE_SCHOOL:
        put_school(work);
        return;
    case PH_VALUE_POSITION:
        put_text(work, positions[draw(work, 4)]);
        return;
    }
}

/* Where a school can be called is for its node to say. */
static bool is_of(const struct ph_field *field, int type)
{
    if (strcmp(field->name, "addresses") == 0)
        return false;
    return type < 0 || (int)field->type == type;
}

/* One to three fields of the kind, of that type if `type` says one (then there may be none); a
 * register may be cleared. */
static void put_fields(struct sim_work *work, const struct ph_kind *kind, int type)
{
    const struct ph_field *chosen[3];
    uint32_t count = 0, wanted = 1 + (uint32_t)draw(work, 3), of_type = 0;
    for (const struct ph_field *field = kind->fields; field->number != 0; field++)
        of_type += is_of(field, type);
    for (const struct ph_field *field = kind->fields; field->number != 0; field++)
        if (is_of(field, type) && count < wanted && draw(work, of_type--) < wanted - count)
            chosen[count++] = field;
    ph_pack_array(&work->request, count);
    for (uint32_t i = 0; i < count; i++) {
        ph_pack_array(&work->request, 2);
        put_text(work, chosen[i]->name);
        if (type == PH_FIELD_REGISTER && draw(work, 10) == 0)
            put_text(work, "");
        else
            put_value(work, chosen[i]);
    }
}

/* --- commands --- */

static void write_new(struct sim_work *work, uint32_t node)
{
    uint64_t number = draw(work, 20) == 0 ? 1 + draw(work, KINDS)
                                          : PH_KIND_PLAN + draw(work, KINDS - PH_KIND_PLAN + 1);
    const struct ph_kind *kind = ph_kind_by_number((uint16_t)number);
    begin(work, "new", 3);
    put_text(work, kind->name);
    put_text(work, "network");
    put_fields(work, kind, -1);
    ask(work, node, kind->number);
}

/* Mostly one that this node may change. */
static uint32_t choose_record(struct sim_work *work, uint32_t node)
{
    uint32_t record = 0;
    for (int tries = 0; tries < 5; tries++) {
        record = (uint32_t)draw(work, work->known_count);
        if (ph_kind_by_number(work->known_kinds[record])->right == PH_RIGHT_MEMBER ||
            work->known_nodes[record] == node)
            break;
    }
    return record;
}

static void write_change(struct sim_work *work, uint32_t node)
{
    static const char *const names[] = {"set", "add", "remove"};
    uint32_t record = choose_record(work, node);
    uint64_t drawn = draw(work, 5), what = drawn < 3 ? 0 : drawn - 2;
    const struct ph_kind *kind = ph_kind_by_number(work->known_kinds[record]);
    begin(work, names[what], 2);
    put_text(work, work->known[record].text);
    put_fields(work, kind, what == 0 ? PH_FIELD_REGISTER : PH_FIELD_SET);
    ask(work, node, kind->number);
}

static void read_one(struct sim_work *work, uint32_t node)
{
    static const char *const alone[] = {"status", "verify", "rebuild"};
    uint64_t what = draw(work, 6);
    if (what < 3) {
        begin(work, alone[what], 0);
    } else if (what == 3) {
        begin(work, "show", 1);
        put_record(work);
    } else {
        begin(work, what == 4 ? "list" : "log", 3);
        if (what == 4)
            put_text(work, ph_kind_by_number((uint16_t)(1 + draw(work, KINDS)))->name);
        else
            ph_pack_nil(&work->request);
        ph_pack_nil(&work->request);
        ph_pack_uint(&work->request, 1 + draw(work, 100));
    }
    ask(work, node, 0);
}

static void speak_of_members(struct sim_work *work, uint32_t node)
{
    char address[32];
    uint32_t other = (uint32_t)draw(work, work->plan->node_count);
    snprintf(address, sizeof address, "node%u:%s", other, SIM_PORT);
    switch (draw(work, 3)) {
    case 0:
        begin(work, "confirm", 1);
        put_school(work);
        break;
    case 1:
        begin(work, "invite", 2);
        ph_pack_uint(&work->request, 1 + draw(work, 3));
        ph_pack_array(&work->request, 0);
        break;
    default:
        begin(work, "sync", 2);
        put_text(work, address);
        ph_pack_uint(&work->request, draw(work, 60000));
    }
    ask(work, node, 0);
}

static void leave(struct sim_work *work)
{
    struct asked *asked = &work->asked[draw(work, work->asked_count)];
    if (asked->is_answered || asked->is_gone || sim_life(work->sim, asked->node) != asked->life)
        return;
    asked->is_gone = true;
    sim_command_gone(work->sim, asked->id);
}

static void do_one(struct sim_work *work, uint32_t node)
{
    uint64_t what = draw(work, 20);
    bool makes_new = draw(work, 1000) < work->plan->record_share || work->known_count == 0;
    work->command_count++;
    if (what == 0)
        speak_of_members(work, node);
    else if (what < 3)
        read_one(work, node);
    else if (what == 3 && work->asked_count != 0)
        leave(work);
    else if (makes_new)
        write_new(work, node);
    else
        write_change(work, node);
}

/* --- joining --- */

static void join(struct sim_work *work, uint32_t node)
{
    begin(work, "join", 3);
    put_text(work, work->code.text);
    ph_pack_array(&work->request, 0);
    ph_pack_uint(&work->request, 10000);
    work->join_ms[node] = sim_now(work->sim) + JOIN_AGAIN_MS;
    ask(work, node, 0);
}

static bool is_member(struct sim_work *work, uint32_t node)
{
    static const uint8_t request[] = "\x91\xa6status";
    if (work->is_member[node] || !sim_is_up(work->sim, node))
        return work->is_member[node];
    struct ph_bytes status = sim_command(work->sim, node, ph_bytes(request, sizeof request - 1));
    /* Durably: a crash may still take back what it says of itself. */
    work->is_member[node] = work->oracle->truth.disks[node].fact_count != 0 &&
                            strcmp(sim_pick_text(status, "state").text, "member") == 0;
    return work->is_member[node];
}

bool sim_work_join_all(struct sim_work *work)
{
    bool is_any_left = false;
    for (uint32_t node = 1; node < work->plan->honest_count; node++) {
        if (is_member(work, node))
            continue;
        is_any_left = true;
        if (work->join_ms[node] <= sim_now(work->sim) && sim_is_up(work->sim, node) &&
            !sim_is_stopping(work->sim, node))
            join(work, node);
    }
    return is_any_left;
}

/* --- when --- */

struct sim_work *sim_work_new(struct sim *sim, const struct sim_plan *plan,
                              struct sim_oracle *oracle, const struct sim_code *code)
{
    struct sim_work *work = calloc(1, sizeof *work);
    if (work == NULL)
        abort();
    work->sim = sim;
    work->plan = plan;
    work->oracle = oracle;
    work->code = *code;
    work->when = sim_plan_stream(plan->seed, SIM_PURPOSE_COMMAND_TIMES);
    work->what = sim_plan_stream(plan->seed, SIM_PURPOSE_COMMANDS);
    for (uint32_t node = 1; node < plan->node_count; node++)
        if (plan->joins_late[node])
            work->join_ms[node] = sim_now(sim) + sim_plan_below(&work->when, plan->storm_ms);
    work->next_ms = sim_now(sim) + sim_plan_below(&work->when, plan->work_pause_ms + 1);
    return work;
}

void sim_work_free(struct sim_work *work)
{
    if (work != NULL)
        free(work->asked);
    free(work);
}

uint64_t sim_work_next_ms(const struct sim_work *work)
{
    return work->command_count < work->plan->command_max ? work->next_ms : UINT64_MAX;
}

void sim_work_do(struct sim_work *work)
{
    uint32_t count = 1;
    uint32_t node = (uint32_t)draw(work, work->plan->honest_count);
    if (sim_now(work->sim) < work->next_ms || work->command_count >= work->plan->command_max)
        return;
    if (work->plan->burst_count > 1 && draw(work, 10) == 0)
        count = 1 + (uint32_t)draw(work, work->plan->burst_count);
    (void)sim_work_join_all(work);
    for (uint32_t i = 0; i < count && work->command_count < work->plan->command_max; i++)
        if (sim_is_up(work->sim, node) && !sim_is_stopping(work->sim, node))
            do_one(work, node);
    work->next_ms =
        sim_now(work->sim) + 1 + sim_plan_below(&work->when, 2 * work->plan->work_pause_ms);
}

void sim_work_forget(struct sim_work *work, uint32_t node)
{
    work->is_member[node] = false;
}

uint32_t sim_work_command_count(const struct sim_work *work)
{
    return work->command_count;
}

/* --- answers --- */

static struct asked *find_asked(struct sim_work *work, ph_command_id command)
{
    for (size_t i = work->asked_count; i-- != 0;)
        if (work->asked[i].id == command)
            return &work->asked[i];
    return NULL;
}

static uint32_t count_open(const struct sim_work *work, uint32_t node)
{
    uint32_t count = 0;
    for (size_t i = 0; i < work->asked_count; i++)
        count += work->asked[i].node == node && !work->asked[i].is_answered &&
                 work->asked[i].life == sim_life(work->sim, node);
    return count;
}

/* What must be so for a refusal to be true. */
enum excuse { ALWAYS, DISK_IS_FULL, DISK_WAS_FULL, COMMITS, CROWDED, BAD_MEMBERS };

static bool is_so(const struct sim_work *work, uint32_t node, enum excuse excuse)
{
    switch (excuse) {
    case ALWAYS:
        return true;
    case DISK_IS_FULL:
        return sim_is_disk_full(work->sim, node);
    case DISK_WAS_FULL:
        return sim_was_disk_full(work->sim, node);
    case COMMITS:
        return sim_is_committing(work->sim, node);
    case CROWDED:
        return count_open(work, node) >= PH_COMMANDS_MAX;
    case BAD_MEMBERS:
        return work->plan->bad_count != 0;
    }
    return false;
}

/* What a node may say to a person instead of doing it: whole sentences, of which the first that
 * fits counts. Nothing else is a reason. */
static bool is_known_refusal(const struct sim_work *work, uint32_t node, const char *sentence)
{
    static const struct {
        const char *pattern;
        enum excuse excuse;
    } refusals[] = {
        {"The disk is full: nothing was saved.", DISK_IS_FULL},
        {"The disk is full: this installation can't be certified, and so it can't write.",
         DISK_WAS_FULL},
        {"The node is busy writing; try again in a moment.", COMMITS},
        {"Too many commands are waiting; try again in a moment.", CROWDED},
        {"No exchange with *: the other side sent what can't be right.", BAD_MEMBERS},
        {"No exchange with *: *.", ALWAYS},
        {"The exchange with * did not come to its end in time.", ALWAYS},
        {"* is this school itself.", ALWAYS},
        {"This school is in no network yet: found one with *.", ALWAYS},
        {"This school waits to be admitted: connect it to the school that sent the invitation.",
         ALWAYS},
        {"This school is a member of a network already.", ALWAYS},
        {"No member has that name or key.", ALWAYS},
        {"Only a school that votes can confirm another.", ALWAYS},
        {"That school is not in the network any more.", BAD_MEMBERS},
        {"Only the school that wrote this * may change it.", ALWAYS},
        {"Each * has one record already: change it with «set».", ALWAYS},
        {"There is no such record here.", ALWAYS},
        {"That is too long for one record.", ALWAYS},
        {"Say what to change: FIELD=VALUE.", ALWAYS},
        {"The field «*» does not hold that value.", ALWAYS},
        {"The field * takes a date written as YYYY-MM-DD.", ALWAYS},
        {"The field * takes one of: *.", ALWAYS},
        {"The store is being verified already.", ALWAYS},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (fnmatch(refusals[i].pattern, sentence, 0) == 0)
            return is_so(work, node, refusals[i].excuse);
    return false;
}

static struct ph_record_id id_of(const char *hex)
{
    static const char digits[] = "0123456789abcdef";
    struct ph_record_id id = {{0}};
    for (size_t i = 0; i < 2 * sizeof id.bytes && hex[i] != '\0'; i++)
        id.bytes[i / 2] = (uint8_t)(id.bytes[i / 2] << 4 | (strchr(digits, hex[i]) - digits));
    return id;
}

static void remember(struct sim_work *work, const char *hex, const struct asked *asked)
{
    uint32_t place = work->known_count;
    for (uint32_t i = 0; i < work->known_count; i++)
        if (strcmp(work->known[i].text, hex) == 0)
            return;
    if (place == KNOWN_MAX)
        place = (uint32_t)draw(work, KNOWN_MAX);
    else
        work->known_count++;
    snprintf(work->known[place].text, sizeof work->known[place].text, "%.32s", hex);
    work->known_kinds[place] = asked->kind;
    work->known_nodes[place] = asked->node;
}

void sim_work_replied(struct sim_work *work, uint32_t node, ph_command_id command,
                      struct ph_bytes answer)
{
    struct asked *asked = find_asked(work, command);
    if (asked == NULL)
        return;
    const char *error = sim_error(answer);
    bool is_excused = error == NULL || is_known_refusal(work, node, error);
    asked->is_answered = true;
    if (!is_excused)
        sim_blame(work->oracle, SIM_UNSAFE, "node %u refused: %s", node, error);
    if (error != NULL || !asked->is_write)
        return;
    struct sim_text id = sim_pick_text(answer, "id");
    struct ph_record_id record = id_of(id.text);
    remember(work, id.text, asked);
    sim_oracle_saved_is_durable(work->oracle, node, &record);
}

void sim_work_all_are_answered(struct sim_work *work)
{
    for (size_t i = 0; i < work->asked_count; i++) {
        const struct asked *asked = &work->asked[i];
        if (!asked->is_answered && !asked->is_gone &&
            sim_life(work->sim, asked->node) == asked->life &&
            asked->at_ms + ANSWER_MS_MAX < sim_now(work->sim))
            sim_blame(work->oracle, SIM_STUCK, "node %u never answered command %llu", asked->node,
                      (unsigned long long)asked->id);
    }
}
