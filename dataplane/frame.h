/*
 * Ethernet, VLAN tags, IPv4, IPv6 and UDP headers of one frame: is it a query to us, and where does the DNS
 * message lie; then the same frame turned round as the reply. Pure functions over bytes.
 *
 * Threads:   pure.
 * Memory:    nothing is allocated; reads stay inside frame[0..len), writes inside frame[0..capacity).
 * Errors:    a drop verdict (table/stats.h); the lengths of frame, IP and UDP are checked against
 *            each other, none is trusted.
 * Standards: IEEE 802.1Q; RFC 791, 768, 8200 §4 (extension headers), 6946 (atomic fragments), 1122
 *            §3.2.1.3 (invalid sources), 6864 (DF set, no IDs needed), 6437 §3 (flow label 0).
 */
#ifndef DATAPLANE_FRAME_H
#define DATAPLANE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/stats.h"
#include "table/view.h"

#include "dataplane/client.h"
#include "dataplane/vlan.h"

#define DP_ADDRESSES_MAX 64u /* linear search; a server has a handful */

/* The addresses we answer on. None: any (kernel sockets already chose). */
struct dp_addresses {
	uint32_t cnt;
	struct tbl_addr items[DP_ADDRESSES_MAX];
};

/* Which of a port's frames may be queries to us. `mac` is the port's own, where a port can be given
 * frames for others; without it only link broadcasts and multicasts are refused. */
struct dp_frame_filter {
	struct dp_addresses addresses;
	struct dp_vlans vlans;
	bool has_mac;
	uint8_t mac[6];
};

struct dp_frame {
	uint16_t l3_off; /* behind the tags */
	uint16_t udp_off;
	uint16_t dns_off;
	uint16_t dns_len;
	struct dp_client client;
};

/* dp_frame_parse: TBL_VERDICT_CNT when the frame is a query to us (fills *ret_frame), else the drop.
 * `verify_checksum` false where the port vouches for the UDP checksum. Tags stand in the frame, at
 * most DP_VLAN_TAGS_MAX of them. IPv4 options are skipped; so are IPv6 options headers, routing headers
 * that have nothing left to route, and fragment headers of packets that are whole. Every other
 * extension header is DROP_NOT_DNS. len <= 65535. */
enum tbl_verdict
dp_frame_parse(const uint8_t *frame, size_t len, const struct dp_frame_filter *filter,
		bool verify_checksum, struct dp_frame *ret_frame);

/* dp_frame_reply turns headers round (MACs, addresses, ports), sets lengths, TTL 64, DF, and
 * computes both checksums over a dns_len message already in place at frame->dns_off. Tags stay, but
 * for the drop-eligible bit. IP options and extension headers go: the message then moves forward
 * over them. Returns the frame's new length,
 * never above frame->dns_off + dns_len. dns_len <= 65535 less the headers. */
size_t dp_frame_reply(uint8_t *bytes, const struct dp_frame *frame, size_t dns_len);

/* dp_address_parse reads one "192.0.2.53" or "2001:db8::53" (no port). 0 or -EINVAL. */
int dp_address_parse(const char *text, struct tbl_addr *ret_addr);

#endif
