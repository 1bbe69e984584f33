#include "node/listening_uv.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* --- own addresses --- */

static bool is_reachable(const uv_interface_address_t *found)
{
    if (found->is_internal)
        return false;
    if (found->address.address4.sin_family == AF_INET)
        return true;
    const struct in6_addr *v6 = &found->address.address6.sin6_addr;
    return found->address.address6.sin6_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(v6);
}

size_t ph_listening_uv_own(uint16_t port, char (*out)[PH_ADDRESS_LEN_MAX + 1], size_t max)
{
    uv_interface_address_t *found = NULL;
    int found_count = 0;
    size_t count = 0;
    if (uv_interface_addresses(&found, &found_count) != 0)
        return 0;
    for (int i = 0; i < found_count && count < max; i++) {
        if (!is_reachable(&found[i]))
            continue;
        struct sockaddr_in6 at = found[i].address.address6;
        if (at.sin6_family == AF_INET)
            ((struct sockaddr_in *)&at)->sin_port = htons(port);
        else
            at.sin6_port = htons(port);
        ph_address_format((const struct sockaddr *)&at, out[count++]);
    }
    uv_free_interface_addresses(found, found_count);
    return count;
}

/* --- where it listens --- */

static bool is_loopback(const struct sockaddr_storage *at)
{
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;
    memcpy(&v6, at, sizeof v6);
    memcpy(&v4, at, sizeof v4);
    if (at->ss_family == AF_INET)
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

void ph_listening_uv_init(struct ph_listening_uv *listening, struct ph_events_uv events,
                          const char *at)
{
    struct ph_address address;
    struct sockaddr_storage numeric;
    *listening = (struct ph_listening_uv){.events = events, .is_loopback = true};
    if (ph_address_parse(at, &address) != PH_OK || ph_address_numeric(&address, &numeric) != PH_OK)
        return;
    snprintf(listening->listening, sizeof listening->listening, "%s", at);
    listening->port = address.port;
    listening->is_loopback = is_loopback(&numeric);
    listening->is_any = strcmp(address.host, "::") == 0 || strcmp(address.host, "0.0.0.0") == 0;
}

/* What people know of comes first: it is there for a reason. */
static size_t gather(const struct ph_listening_uv *listening,
                     char out[PH_LISTENING_MAX][PH_ADDRESS_LEN_MAX + 1])
{
    size_t count = listening->given_count;
    memcpy(out, listening->given, count * sizeof *out);
    if (count == PH_LISTENING_MAX || listening->is_loopback)
        return count;
    if (listening->is_any)
        return count + ph_listening_uv_own(listening->port, out + count, PH_LISTENING_MAX - count);
    memcpy(out[count], listening->listening, sizeof *out);
    return count + 1;
}

static void look(struct ph_listening_uv *listening)
{
    char found[PH_LISTENING_MAX][PH_ADDRESS_LEN_MAX + 1] = {{0}};
    const char *addresses[PH_LISTENING_MAX];
    size_t count = gather(listening, found);
    if (listening->has_told && memcmp(found, listening->told, sizeof found) == 0)
        return;
    memcpy(listening->told, found, sizeof found);
    listening->has_told = true;
    for (size_t i = 0; i < count; i++)
        addresses[i] = found[i];
    struct ph_event event = {.type = PH_EVENT_LISTENING};
    event.of.listening.beacon_port = listening->beacon_port;
    event.of.listening.addresses = addresses;
    event.of.listening.address_count = count;
    listening->events.tell(listening->events.impl, &event);
}

static void on_timer(uv_timer_t *timer)
{
    look(timer->data);
}

void ph_listening_uv_begin(struct ph_listening_uv *listening, uv_loop_t *loop)
{
    uv_timer_init(loop, &listening->timer);
    listening->timer.data = listening;
    listening->is_open = true;
    uv_timer_start(&listening->timer, on_timer, PH_LISTENING_LOOK_MS, PH_LISTENING_LOOK_MS);
    look(listening);
}

void ph_listening_uv_close(struct ph_listening_uv *listening)
{
    if (listening->is_open)
        uv_close((uv_handle_t *)&listening->timer, NULL);
    listening->is_open = false;
}
