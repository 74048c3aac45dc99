/*
 * Ethernet, IPv4, IPv6 and UDP headers of one frame: is it a query to us, and where does the DNS
 * message lie; then the same frame turned round as the reply. Pure functions over bytes.
 *
 * Threads:   pure.
 * Memory:    nothing is allocated; reads stay inside frame[0..len), writes inside frame[0..capacity).
 * Errors:    a drop verdict (table/stats.h); the lengths of frame, IP and UDP are checked against
 *            each other, none is trusted.
 * Standards: RFC 791, 768, 8200, 1122 §3.2.1.3 (invalid sources), 6864 (DF set, no IDs needed).
 */
#ifndef DATAPLANE_FRAME_H
#define DATAPLANE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/stats.h"
#include "table/view.h"

#include "dataplane/client.h"

#define DP_ADDRESSES_MAX 64u /* linear search; a server has a handful */

/* The addresses we answer on. None: any (kernel sockets already chose). `mac` is the port's own,
 * where a port can be given frames for others; without it only link broadcasts are refused. */
struct dp_addresses {
	uint32_t cnt;
	bool has_mac;
	uint8_t mac[6];
	struct tbl_addr items[DP_ADDRESSES_MAX];
};

struct dp_frame {
	uint16_t l3_off;
	uint16_t udp_off;
	uint16_t dns_off;
	uint16_t dns_len;
	struct dp_client client;
};

/* dp_frame_parse: TBL_VERDICT_CNT when the frame is a query to us (fills *ret_frame), else the drop.
 * `verify_checksum` false where the port vouches for the UDP checksum. 802.1Q tags: DROP_NOT_DNS
 * (they reach the kernel) until they can be configured. IPv4 options and the IPv6 options headers
 * are skipped; other IPv6 extension headers are DROP_NOT_DNS. len <= 65535 + 14. */
enum tbl_verdict
dp_frame_parse(const uint8_t *frame, size_t len, const struct dp_addresses *addresses,
		bool verify_checksum, struct dp_frame *ret_frame);

/* dp_frame_reply turns headers round (MACs, addresses, ports), sets lengths, TTL 64, DF, and
 * computes both checksums over a dns_len message already in place at frame->dns_off. IP options and
 * extension headers go: the message then moves forward over them. Returns the frame's new length,
 * never above frame->dns_off + dns_len. dns_len <= 65535 less the headers. */
size_t dp_frame_reply(uint8_t *bytes, const struct dp_frame *frame, size_t dns_len);

/* dp_address_parse reads one "192.0.2.53" or "2001:db8::53" (no port). 0 or -EINVAL. */
int dp_address_parse(const char *text, struct tbl_addr *ret_addr);

#endif
