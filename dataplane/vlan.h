/*
 * Which VLANs a port answers in: 802.1Q tags, alone or behind another (QinQ, 802.1ad). A frame's tags
 * are one number, a key: the outer VID above the inner one, 0 for a tag that is not there. A priority
 * tag (VID 0) names no VLAN and so makes no difference.
 *
 * Threads:   pure.
 * Memory:    plain data.
 * Errors:    -EINVAL, -EEXIST, -ENOSPC from adding; the caller words them.
 * Standards: IEEE 802.1Q-2018 §9.6 (VID 0 and 4095 name no VLAN).
 */
#ifndef DATAPLANE_VLAN_H
#define DATAPLANE_VLAN_H

#include <stdbool.h>
#include <stdint.h>

#define DP_VLANS_MAX       64u   /* linear search; and as many as addresses, one or two in each */
#define DP_VLAN_ID_MAX     4094u /* 4095 is reserved */
#define DP_VLAN_TAGS_MAX   2u    /* QinQ; nobody stacks three in front of a server */
#define DP_VLAN_INNER_BITS 12u

struct dp_vlans {
	bool has_untagged; /* frames without a tag are answered too */
	uint32_t cnt;
	uint32_t keys[DP_VLANS_MAX];
};

static inline uint32_t
dp_vlan_key(uint16_t outer, uint16_t inner)
{
	return (uint32_t)outer << DP_VLAN_INNER_BITS | inner;
}

/* is_dp_vlan_listed: frames whose tags are `key` are answered; key 0: frames without. */
static inline bool
is_dp_vlan_listed(const struct dp_vlans *vlans, uint32_t key)
{
	if (key == 0) {
		return vlans->has_untagged;
	}
	for (uint32_t i = 0; i < vlans->cnt; i++) {
		if (vlans->keys[i] == key) {
			return true;
		}
	}
	return false;
}

/* dp_vlans_add adds "untagged", "100" or "300.100" (outer and inner). -EINVAL: it is none of these;
 * -EEXIST: it was there; -ENOSPC: DP_VLANS_MAX were. */
int dp_vlans_add(struct dp_vlans *vlans, const char *text);

#endif
