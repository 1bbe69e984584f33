#include "node/address_uv.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

static bool parse_port(const char *text, uint16_t *out)
{
    uint32_t port = 0;
    size_t len = strlen(text);
    if (len == 0 || len > 5)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        port = port * 10 + (uint32_t)(text[i] - '0');
    }
    *out = (uint16_t)port;
    return port <= UINT16_MAX;
}

/* Letters, digits and what else stands in names and numbers: no spaces, no controls, no slashes. */
static bool is_host(const char *text, size_t len, bool in_brackets)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool is_sign = c == '.' || c == '-' || c == '_' || (in_brackets && (c == ':' || c == '%'));
        if (!is_plain && !is_sign)
            return false;
    }
    return len > 0;
}

enum ph_status ph_address_parse(const char *text, struct ph_address *out)
{
    size_t len = strlen(text);
    if (len > PH_ADDRESS_LEN_MAX)
        return PH_REFUSED;
    bool in_brackets = text[0] == '[';
    const char *host = in_brackets ? text + 1 : text;
    const char *end = in_brackets ? strstr(host, "]:") : strchr(host, ':');
    uint16_t port = 0;
    if (end == NULL || !is_host(host, (size_t)(end - host), in_brackets) ||
        !parse_port(in_brackets ? end + 2 : end + 1, &port))
        return PH_REFUSED;

    memcpy(out->host, host, (size_t)(end - host));
    out->host[end - host] = 0;
    out->port = port;
    return PH_OK;
}

/* The library takes an interface by its name alone; addresses that were heard have its number. */
static uint32_t scope_of(const char *host)
{
    const char *percent = strchr(host, '%');
    uint32_t number = 0;
    for (const char *c = percent == NULL ? "" : percent + 1; *c >= '0' && *c <= '9'; c++)
        number = number * 10 + (uint32_t)(*c - '0');
    return number;
}

enum ph_status ph_address_numeric(const struct ph_address *address, struct sockaddr_storage *out)
{
    struct sockaddr_storage found = {0};
    if (uv_ip4_addr(address->host, address->port, (struct sockaddr_in *)&found) != 0) {
        memset(&found, 0, sizeof found);
        if (uv_ip6_addr(address->host, address->port, (struct sockaddr_in6 *)&found) != 0)
            return PH_NOT_FOUND;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&found;
        if (v6->sin6_scope_id == 0)
            v6->sin6_scope_id = scope_of(address->host);
    }
    *out = found;
    return PH_OK;
}

static void format_v6(const struct sockaddr_in6 *from, char *out, size_t size)
{
    char host[64] = "";
    char scope[IF_NAMESIZE + 1] = "";
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    const uint8_t *bytes = from->sin6_addr.s6_addr;
    unsigned port = ntohs(from->sin6_port);
    if (memcmp(bytes, mapped, sizeof mapped) == 0) {
        snprintf(out, size, "%u.%u.%u.%u:%u", bytes[12], bytes[13], bytes[14], bytes[15], port);
        return;
    }
    uv_ip6_name(from, host, sizeof host);
    if (from->sin6_scope_id != 0)
        snprintf(scope, sizeof scope, "%%%u", (unsigned)from->sin6_scope_id);
    snprintf(out, size, "[%s%s]:%u", host, scope, port);
}

void ph_address_format(const struct sockaddr *from, char out[PH_ADDRESS_LEN_MAX + 1])
{
    char host[64] = "";
    if (from->sa_family == AF_INET6) {
        format_v6((const struct sockaddr_in6 *)(const void *)from, out, PH_ADDRESS_LEN_MAX + 1);
        return;
    }
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)from;
    if (from->sa_family == AF_INET)
        uv_ip4_name(v4, host, sizeof host);
    snprintf(out, PH_ADDRESS_LEN_MAX + 1, "%s:%u", host,
             from->sa_family == AF_INET ? ntohs(v4->sin_port) : 0U);
}
