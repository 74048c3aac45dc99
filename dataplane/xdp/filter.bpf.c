/*
 * The XDP program of an AF_XDP port: UDP to port 53 of our addresses goes to the receive queue's
 * AF_XDP socket, everything else to the kernel as if we were not there. In doubt the kernel gets
 * it: fragments, VLAN tags, IPv6 extension headers, anything cut short.
 *
 * The DPDK port loads it, attaches it and fills xsks_map (the port expects this name); meridiand
 * fills the addresses after that, so until then everything passes. A queue without a socket passes
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

#define DNS_PORT         53
#define QUEUES_MAX       64     /* DP_QUEUES_MAX */
#define ADDRESSES_MAX    64     /* DP_ADDRESSES_MAX */
#define IP_FRAGMENT_MASK 0x3fff /* more fragments, or an offset */

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
	const void *payload = eth + 1;
	int is_ours;

	if (payload > end) {
		return XDP_PASS;
	}
	is_ours = (eth->h_proto == bpf_htons(ETH_P_IP) && is_ours_ipv4(payload, end)) ||
	          (eth->h_proto == bpf_htons(ETH_P_IPV6) && is_ours_ipv6(payload, end));
	return is_ours ? (int)bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS) : XDP_PASS;
}

char LICENSE[] SEC("license") = "MIT";
