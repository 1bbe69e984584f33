/* Network addresses as text: "192.0.2.7:7410", "[2001:db8::7]:7410", "host.example:7410". */
#ifndef PHAROS_NODE_ADDRESS_UV_H
#define PHAROS_NODE_ADDRESS_UV_H

#include "pharos/limits.h"
#include "pharos/status.h"

#include <stdbool.h>
#include <stdint.h>

struct sockaddr;
struct sockaddr_storage;

struct ph_address {
    char host[PH_ADDRESS_LEN_MAX + 1]; /* without brackets */
    uint16_t port;
};

/* PH_REFUSED: not "host:port" or "[v6]:port", or a port over 65535. Nothing is written then.
 * Port 0 is taken: whether it makes sense is the caller's business. */
PH_MUST_USE enum ph_status ph_address_parse(const char *text, struct ph_address *out);

/* The same without asking anybody: PH_NOT_FOUND if host is a name and no number. */
PH_MUST_USE enum ph_status ph_address_numeric(const struct ph_address *address,
                                              struct sockaddr_storage *out);

/* As text that ph_address_parse takes; an IPv4 address within IPv6 is written as IPv4. */
void ph_address_format(const struct sockaddr *from, char out[PH_ADDRESS_LEN_MAX + 1]);

#endif
