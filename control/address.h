/*
 * Addresses and prefixes as text: what Python's ipaddress accepts and prints, since that is what
 * octoDNS shows its users.
 *
 * Threads:   pure.
 * Memory:    callers own every buffer.
 * Errors:    -EINVAL for text that is no address, or a prefix with host bits set.
 * Standards: RFC 4291 §2.2, RFC 5952 §4 (but IPv4-mapped addresses stay in hexadecimal).
 */
#ifndef CONTROL_ADDRESS_H
#define CONTROL_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "table/location.h"

#define CP_ADDRESS_TEXT_MAX 46u /* INET6_ADDRSTRLEN */
#define CP_PREFIX_TEXT_MAX  50u /* and "/128" */

/* cp_address_parse: family 4, 6, or 0 for either. */
int cp_address_parse(const char *text, uint8_t family, struct tbl_addr *ret_addr);
void cp_address_text(const struct tbl_addr *addr, char text[CP_ADDRESS_TEXT_MAX]);

/* cp_prefix_parse: "192.0.2.0/24"; a bare address is a prefix of all its bits. */
int cp_prefix_parse(const char *text, struct tbl_prefix *ret_prefix);
/* cp_prefix_parse_loose: 0 also when bits behind the prefix are set; they are cleared, and
 * *ret_has_host_bits says so: for telling people what they must have meant. */
int cp_prefix_parse_loose(const char *text, struct tbl_prefix *ret_prefix, bool *ret_has_host_bits);
void cp_prefix_text(const struct tbl_prefix *prefix, char text[CP_PREFIX_TEXT_MAX]);

/* cp_prefix_first: the lowest address of a prefix. */
struct tbl_addr cp_prefix_first(const struct tbl_prefix *prefix);

#endif
