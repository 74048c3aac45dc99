/*
 * What the XDP program is told of its link, in the map our_link: the shape that the program
 * (filter.bpf.c) and the process that fills it (dataplane/xdp.c) share.
 *
 * Threads:   written once, before any address is; read by the program.
 * Memory:    one array element.
 */
#ifndef DATAPLANE_XDP_LINK_H
#define DATAPLANE_XDP_LINK_H

#include <linux/types.h>

/* The key of a frame's tags in the map our_vlans is dataplane/vlan.h's: outer VID << 12 | inner. */
struct dp_xdp_link {
	__u8 mac[6];
	__u8 has_untagged; /* frames without a tag are ours too */
	__u8 reserved;
};

#endif
