#include "tests/sim/sim_adversary_state.h"

#include <stdio.h>
#include <stdlib.h>

#define TALKS_WANTED 3 /* sessions that it opens without being told to */

static const char *const names[] = {
#define ROW(symbol, name) name,
    SIM_LIES(ROW)
#undef ROW
};

static sim_lie_act *const acts[] = {
    [SIM_LIE_NUMBER_FORK] = sim_lie_fork,         [SIM_LIE_NUMBER_LEAP] = sim_lie_leap,
    [SIM_LIE_NUMBER_WITHHOLD] = sim_lie_withhold, [SIM_LIE_NUMBER_HEADS] = sim_lie_heads,
    [SIM_LIE_NUMBER_FLOOD] = sim_lie_flood,       [SIM_LIE_NUMBER_SLOW] = sim_lie_slow,
    [SIM_LIE_NUMBER_QUOTA] = sim_lie_quota,       [SIM_LIE_NUMBER_TRESPASS] = sim_lie_trespass,
    [SIM_LIE_NUMBER_BYTES] = sim_lie_bytes,       [SIM_LIE_NUMBER_HOLES] = sim_lie_holes,
    [SIM_LIE_NUMBER_FACTS] = sim_lie_facts,       [SIM_LIE_NUMBER_KEYS] = sim_lie_keys,
    [SIM_LIE_NUMBER_CENSOR] = sim_lie_censor,     [SIM_LIE_NUMBER_MANY] = sim_lie_many,
    [SIM_LIE_NUMBER_TREE] = sim_lie_tree,         [SIM_LIE_NUMBER_RECEIPTS] = sim_lie_receipts,
};

static const char *const plot_names[] = {
#define ROW(symbol, name) name,
    SIM_PLOTS(ROW)
#undef ROW
};

static sim_lie_act *const plot_acts[] = {
    [SIM_PLOT_NUMBER_FLOOD] = sim_plot_flood,
    [SIM_PLOT_NUMBER_HIDE] = sim_plot_hide,
    [SIM_PLOT_NUMBER_BURDEN] = sim_plot_burden,
    [SIM_PLOT_NUMBER_SHARE] = sim_plot_share,
};

/* Lies that go on while it is calm: they must cost nobody anything. */
#define CALM_LIES                                                                                  \
    (SIM_LIE(WITHHOLD) | SIM_LIE(HEADS) | SIM_LIE(SLOW) | SIM_LIE(CENSOR) | SIM_LIE(FLOOD) |       \
     SIM_LIE(TREE))

/* --- small answers --- */

uint64_t sim_adversary_draw(struct sim_adversary *adversary, uint64_t below)
{
    return sim_next(&adversary->chance) % below;
}

bool sim_adversary_does(const struct sim_adversary *adversary, uint32_t lie)
{
    return (adversary->lies & lie) != 0;
}

void sim_adversary_tell(struct sim_adversary *adversary, const char *format, ...)
{
    char line[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    sim_trace_line(&adversary->sim->trace, sim_now(adversary->sim), adversary->node, "~ %s", line);
}

void sim_adversary_forbid(struct sim_adversary *adversary, const struct ph_entry_id *id)
{
    adversary->forbidden[adversary->forbidden_count++ % SIM_FORBIDDEN_MAX] = *id;
}

void sim_adversary_forbid_fact(struct sim_adversary *adversary, const struct ph_fact_id *id)
{
    adversary->forbidden_facts[adversary->forbidden_fact_count++ % SIM_FORBIDDEN_MAX] = *id;
}

static uint32_t count_sessions(const struct sim_adversary *adversary)
{
    uint32_t count = 0;
    for (size_t i = 0; i < SIM_SESSIONS_MAX; i++)
        count += adversary->talks[i].session.state == SIM_SESSION_OPEN;
    return count;
}

uint64_t sim_adversary_act_count(const struct sim_adversary *adversary)
{
    return adversary->act_count;
}

/* --- sessions --- */

static struct sim_talk *talk_of(struct sim_adversary *adversary, ph_conn_id conn)
{
    for (size_t i = 0; i < SIM_SESSIONS_MAX; i++)
        if (adversary->talks[i].session.state != SIM_SESSION_DOWN &&
            adversary->talks[i].session.conn == conn)
            return &adversary->talks[i];
    return NULL;
}

static struct sim_talk *new_talk(struct sim_adversary *adversary, ph_conn_id conn,
                                 const struct ph_identity *identity)
{
    struct sim_talk *talk = NULL;
    for (size_t i = 0; i < SIM_SESSIONS_MAX && talk == NULL; i++)
        if (adversary->talks[i].session.state == SIM_SESSION_DOWN)
            talk = &adversary->talks[i];
    if (talk == NULL)
        return NULL;
    *talk = (struct sim_talk){.node = SIM_NOBODY};
    talk->session = (struct sim_session){.sim = adversary->sim,
                                         .place = adversary->place,
                                         .conn = conn,
                                         .hear = sim_adversary_hear,
                                         .impl = adversary,
                                         .state = SIM_SESSION_DIALING};
    talk->session.speaker =
        (struct speaker){.identity = *identity,
                         .network = adversary->invitation.network,
                         .key = adversary->invitation.key,
                         .role = conn % 2 == 1 ? PH_HANDSHAKE_INITIATOR : PH_HANDSHAKE_RESPONDER,
                         .version = SPEAKER_VERSION,
                         .certificate = speaker_certify(identity, &adversary->invitation.network),
                         .packer = adversary->packer}; /* the contexts are shared */
    return talk;
}

void sim_adversary_dial(struct sim_adversary *adversary, uint32_t node,
                        const uint8_t writer_seed[32])
{
    struct ph_identity identity = adversary->identity;
    struct sim_talk *talk;
    char address[32];
    if (!sim_is_up(adversary->sim, node))
        return; /* with all down it would call itself, or another of its kind */
    identity.transport_secret[5] ^= (uint8_t)++adversary->pc_count;
    memcpy(identity.writer_seed, writer_seed, sizeof identity.writer_seed);
    talk = new_talk(adversary, adversary->last_conn + 2, &identity);
    if (talk == NULL)
        return;
    adversary->last_conn += 2;
    talk->node = node;
    snprintf(address, sizeof address, "node%u:%s", node, SIM_PORT);
    sim_net_dial(adversary->sim->net, adversary->place, talk->session.conn, address);
}

static void on_up(void *impl, ph_conn_id conn, const char *address)
{
    struct sim_adversary *adversary = impl;
    struct sim_talk *talk =
        conn % 2 == 1 ? talk_of(adversary, conn) : new_talk(adversary, conn, &adversary->identity);
    (void)address;
    if (talk == NULL)
        sim_net_hangup(adversary->sim->net, adversary->place, conn);
    else
        sim_session_begin(&talk->session);
}

/* What both sides say first: a root, which is not ours to have. Nobody talks to another of its
 * kind: what is heard there is noise. */
static void open_talk(struct sim_adversary *adversary, struct sim_talk *talk)
{
    sim_talk_find_node(adversary, talk);
    if (talk->node != SIM_NOBODY && !sim_is_up(adversary->sim, talk->node)) {
        sim_session_leave(&talk->session);
        return;
    }
    uint8_t bytes[100];
    struct ph_buffer message = ph_buffer(bytes, sizeof bytes);
    struct ph_hash fact_set = ph_facts_hash(adversary->facts, ph_facts_count(adversary->facts));
    struct ph_root root = {{(uint8_t)sim_adversary_draw(adversary, 256), 1}};
    ph_message_root(&message, &fact_set, &root);
    sim_session_say(&talk->session, ph_buffer_bytes(&message));
}

static void on_data(void *impl, ph_conn_id conn, struct ph_bytes bytes)
{
    struct sim_adversary *adversary = impl;
    struct sim_talk *talk = talk_of(adversary, conn);
    if (talk == NULL)
        return;
    bool was_open = talk->session.state == SIM_SESSION_OPEN;
    sim_session_take(&talk->session, bytes);
    if (!was_open && talk->session.state == SIM_SESSION_OPEN)
        open_talk(adversary, talk);
}

static void on_sent(void *impl, ph_conn_id conn, size_t len)
{
    (void)impl;
    (void)conn;
    (void)len;
}

static void on_down(void *impl, ph_conn_id conn, const char *reason)
{
    struct sim_talk *talk = talk_of(impl, conn);
    (void)reason;
    if (talk != NULL)
        sim_session_end(&talk->session);
}

static const struct sim_party_ops party = {
    .up = on_up, .data = on_data, .sent = on_sent, .down = on_down};

/* --- acting --- */

/* Somebody honest, as far as it knows. */
static uint32_t draw_node(struct sim_adversary *adversary)
{
    uint32_t count = adversary->sim->options.node_count;
    uint32_t node = (uint32_t)sim_adversary_draw(adversary, count);
    for (uint32_t i = 0; i < count && !sim_is_up(adversary->sim, node); i++)
        node = (node + 1) % count;
    return node;
}

static sim_lie_act *draw_act(struct sim_adversary *adversary, const char **name)
{
    uint32_t lies = adversary->is_calm ? adversary->lies & CALM_LIES : adversary->lies;
    uint32_t lie = (uint32_t)sim_adversary_draw(adversary, SIM_LIE_COUNT);
    *name = "write";
    if (lies == 0 || (!adversary->is_calm && sim_adversary_draw(adversary, 4) == 0))
        return adversary->is_calm ? NULL : sim_lie_write;
    while ((lies >> lie & 1) == 0)
        lie = (lie + 1) % SIM_LIE_COUNT;
    *name = names[lie];
    return acts[lie];
}

/* NULL: this time none. */
static sim_lie_act *draw_plot(struct sim_adversary *adversary, const char **name)
{
    if (adversary->is_calm || adversary->plots == 0 || sim_adversary_draw(adversary, 2) == 0)
        return NULL;
    uint32_t plot = (uint32_t)sim_adversary_draw(adversary, SIM_PLOT_COUNT);
    while ((adversary->plots >> plot & 1) == 0)
        plot = (plot + 1) % SIM_PLOT_COUNT;
    *name = plot_names[plot];
    return plot_acts[plot];
}

static void act(struct sim_adversary *adversary, sim_lie_act *what, const char *name)
{
    struct sim_talk *talk = sim_talk_draw(adversary);
    if (talk == NULL || what == NULL)
        return;
    adversary->act_count++;
    sim_adversary_tell(adversary, "%s %u", name, talk->node);
    what(adversary, talk);
}

static void go_on(struct sim_adversary *adversary);

static void on_turn(void *impl, uint64_t life, uint64_t unused)
{
    struct sim_adversary *adversary = impl;
    const char *name = NULL;
    (void)unused;
    if (life != adversary->life)
        return;
    if (count_sessions(adversary) < TALKS_WANTED)
        sim_adversary_dial(adversary, draw_node(adversary), adversary->identity.writer_seed);
    sim_lie_act *what = draw_plot(adversary, &name);
    if (what == NULL)
        what = draw_act(adversary, &name);
    act(adversary, what, name);
    go_on(adversary);
}

static void go_on(struct sim_adversary *adversary)
{
    struct sim_task task = {.action = on_turn, .impl = adversary, .a = adversary->life};
    struct sim_span pause_ms = adversary->pause_ms;
    uint64_t ms = pause_ms.min + sim_adversary_draw(adversary, pause_ms.max - pause_ms.min + 1);
    sim_clock_at(&adversary->sim->clock, sim_now(adversary->sim) + ms, &task);
}

static void listen_to_all(struct sim_adversary *adversary)
{
    if (adversary->deaf_to != SIM_NOBODY)
        sim_net_open(adversary->sim->net, sim_place(adversary->sim, adversary->deaf_to),
                     adversary->place);
    adversary->deaf_to = SIM_NOBODY;
}

void sim_adversary_calm(struct sim_adversary *adversary, bool is_gone)
{
    sim_adversary_tell(adversary, is_gone ? "is gone" : "is calm");
    adversary->is_calm = true;
    listen_to_all(adversary);
    if (!is_gone || adversary->is_gone)
        return;
    adversary->is_gone = true;
    adversary->life++;
    for (size_t i = 0; i < SIM_SESSIONS_MAX; i++)
        sim_session_end(&adversary->talks[i].session);
    sim_net_go_down(adversary->sim->net, adversary->place);
}

/* --- life --- */

struct sim_adversary *sim_adversary_new(struct sim *sim,
                                        const struct sim_adversary_options *options)
{
    /* Few; just what is kept; one more; many. */
    static const uint32_t own_max[] = {2, PH_BRANCHES_MAX, PH_BRANCHES_MAX + 1, 40};
    struct sim_adversary *adversary = calloc(1, sizeof *adversary);
    if (adversary == NULL || ph_packer_init(&adversary->packer) != PH_OK)
        abort();
    adversary->sim = sim;
    adversary->node = options->node;
    adversary->place = sim_place(sim, options->node);
    adversary->lies = options->lies;
    adversary->plots = options->plots;
    adversary->apart = options->apart;
    adversary->pause_ms = options->pause_ms;
    adversary->chance = options->seed;
    adversary->own_max = options->line_max;
    adversary->censored_node = options->censored;
    if (options->line_max == 0)
        adversary->own_max =
            own_max[sim_adversary_draw(adversary, sizeof own_max / sizeof *own_max)];
    adversary->identity = *sim_identity(sim, options->node);
    adversary->invitation = *options->invitation;
    adversary->partner = options->partner;
    if (options->partner != NULL)
        options->partner->partner = adversary;
    adversary->last_conn = 1000001; /* odd, and not one that the node had */
    adversary->censored = adversary->deaf_to = SIM_NOBODY;
    ph_sign_key_from_seed(adversary->identity.school_seed, &adversary->school_secret,
                          adversary->school.bytes);
    if (sim_is_up(sim, options->node))
        sim_fail(sim, "node %u is up: nobody can take its place", options->node);
    sim_adversary_remember(adversary);
    sim_net_hand_over(sim->net, adversary->place, &party, adversary);
    sim_net_listen(sim->net, adversary->place);
    go_on(adversary);
    return adversary;
}

void sim_adversary_free(struct sim_adversary *adversary)
{
    if (adversary == NULL)
        return;
    sim_adversary_calm(adversary, true);
    if (adversary->partner != NULL)
        adversary->partner->partner = NULL;
    sim_net_hand_over(adversary->sim->net, adversary->place, &sim_machine_party,
                      &adversary->sim->machines[adversary->node]);
    sim_adversary_forget(adversary);
    ph_packer_deinit(&adversary->packer);
    free(adversary);
}
