/*
 * The XDP program of an AF_XDP port: UDP to port 53 of our addresses, to our MAC and in our VLANs,
 * goes to the receive queue's AF_XDP socket, everything else to the kernel as if we were not there.
 * In doubt the kernel gets it: fragments, other tags, IPv6 extension headers, anything cut short.
 *
 * The DPDK port loads it, attaches it and fills xsks_map (the port expects this name); meridiand
 * fills the others after that, so until then everything passes. A queue without a socket passes
 * too: when the process dies, its sockets leave the map and the kernel sees all packets again.
 */
/* The kernel's types come before the helpers that use them, whatever the alphabet says. */
/* clang-format off */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
/* clang-format on */

#include "link.h"

#define DNS_PORT         53
#define QUEUES_MAX       64     /* DP_QUEUES_MAX */
#define ADDRESSES_MAX    64     /* DP_ADDRESSES_MAX */
#define VLANS_MAX        64     /* DP_VLANS_MAX */
#define TAGS_MAX         2      /* DP_VLAN_TAGS_MAX */
#define IP_FRAGMENT_MASK 0x3fff /* more fragments, or an offset */
#define TCI_VID_MASK     0x0fff

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, QUEUES_MAX);
	__type(key, __u32);
	__type(value, __u32);
} xsks_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ADDRESSES_MAX);
	__type(key, struct in_addr);
	__type(value, __u8);
} our_ipv4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ADDRESSES_MAX);
	__type(key, struct in6_addr);
	__type(value, __u8);
} our_ipv6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VLANS_MAX);
	__type(key, __u32);
	__type(value, __u8);
} our_vlans SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dp_xdp_link);
} our_link SEC(".maps");

struct tag {
	__be16 tci;
	__be16 type; /* of what follows */
};

/* Where a frame's packet begins, what it is, and the tags before it. */
struct packet {
	const void *at;
	__be16 type;
	__u32 vlan; /* outer VID << 12 | inner; 0: none */
};

static __always_inline int
is_tag(__be16 type)
{
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

/* 0 when the frame ends before its packet begins. A third tag stays: it is no packet of ours. */
static __always_inline int
find_packet(const struct ethhdr *eth, const void *end, struct packet *packet)
{
	__u32 vids[TAGS_MAX] = { 0 };

	if ((const void *)(eth + 1) > end) {
		return 0;
	}
	packet->at = eth + 1;
	packet->type = eth->h_proto;
#pragma unroll
	for (int i = 0; i < TAGS_MAX; i++) {
		const struct tag *tag = packet->at;

		if (!is_tag(packet->type)) {
			break;
		}
		if ((const void *)(tag + 1) > end) {
			return 0;
		}
		vids[i] = bpf_ntohs(tag->tci) & TCI_VID_MASK;
		packet->type = tag->type;
		packet->at = tag + 1;
	}
	packet->vlan = vids[0] << 12 | vids[1];
	return 1;
}

/* By bytes: the compiler makes a call of memcmp, and there is nothing to call. */
static __always_inline int
is_same_mac(const __u8 *a, const __u8 *b)
{
	__u8 differing = 0;

#pragma unroll
	for (int i = 0; i < ETH_ALEN; i++) {
		differing |= a[i] ^ b[i];
	}
	return differing == 0;
}

static __always_inline int
is_link_ours(const struct ethhdr *eth, const struct packet *packet)
{
	const __u32 only = 0;
	const struct dp_xdp_link *link = bpf_map_lookup_elem(&our_link, &only);

	if (link == NULL || !is_same_mac(eth->h_dest, link->mac)) {
		return 0;
	}
	if (packet->vlan == 0) {
		return link->has_untagged;
	}
	return bpf_map_lookup_elem(&our_vlans, &packet->vlan) != NULL;
}

static __always_inline int
is_dns(const struct udphdr *udp, const void *end)
{
	return (const void *)(udp + 1) <= end && udp->dest == bpf_htons(DNS_PORT);
}

static __always_inline int
is_ours_ipv4(const struct iphdr *ip, const void *end)
{
	__u32 header_bytes;

	if ((const void *)(ip + 1) > end || ip->version != 4 || ip->protocol != IPPROTO_UDP ||
			(ip->frag_off & bpf_htons(IP_FRAGMENT_MASK)) != 0) {
		return 0;
	}
	header_bytes = ip->ihl * 4u; /* options included: at most 60 */
	return header_bytes >= sizeof(*ip) &&
	       is_dns((const void *)((const char *)ip + header_bytes), end) &&
	       bpf_map_lookup_elem(&our_ipv4, &ip->daddr) != NULL;
}

static __always_inline int
is_ours_ipv6(const struct ipv6hdr *ip, const void *end)
{
	return (const void *)(ip + 1) <= end && ip->version == 6 && ip->nexthdr == IPPROTO_UDP &&
	       is_dns((const void *)(ip + 1), end) &&
	       bpf_map_lookup_elem(&our_ipv6, &ip->daddr) != NULL;
}

SEC("xdp")
int
meridian_filter(struct xdp_md *ctx)
{
	const void *end = (const void *)(long)ctx->data_end;
	const struct ethhdr *eth = (const void *)(long)ctx->data;
	struct packet packet;
	int is_ours;

	if (!find_packet(eth, end, &packet)) {
		return XDP_PASS;
	}
	is_ours = (packet.type == bpf_htons(ETH_P_IP) && is_ours_ipv4(packet.at, end)) ||
	          (packet.type == bpf_htons(ETH_P_IPV6) && is_ours_ipv6(packet.at, end));
	is_ours = is_ours && is_link_ours(eth, &packet);
	return is_ours ? (int)bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS) : XDP_PASS;
}

char LICENSE[] SEC("license") = "MIT";
