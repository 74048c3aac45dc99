#include "dataplane/vlan.h"

#include <errno.h>
#include <string.h>

/* Reads a VID at *text and moves behind it; 0 when there is none. */
static uint16_t
read_vid(const char **text)
{
	uint32_t vid = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++) {
		vid = vid * 10 + (uint32_t)(**text - '0');
		if (vid > DP_VLAN_ID_MAX) {
			return 0;
		}
	}
	return (uint16_t)vid;
}

/* 0: not a VLAN. */
static uint32_t
read_key(const char *text)
{
	uint16_t outer = read_vid(&text);
	uint16_t inner = 0;

	if (outer != 0 && *text == '.') {
		text++;
		inner = read_vid(&text);
		if (inner == 0) {
			return 0;
		}
	}
	return *text == '\0' && outer != 0 ? dp_vlan_key(outer, inner) : 0;
}

int
dp_vlans_add(struct dp_vlans *vlans, const char *text)
{
	uint32_t key;

	if (strcmp(text, "untagged") == 0) {
		if (vlans->has_untagged) {
			return -EEXIST;
		}
		vlans->has_untagged = true;
		return 0;
	}
	key = read_key(text);
	if (key == 0) {
		return -EINVAL;
	}
	if (is_dp_vlan_listed(vlans, key)) {
		return -EEXIST;
	}
	if (vlans->cnt == DP_VLANS_MAX) {
		return -ENOSPC;
	}
	vlans->keys[vlans->cnt++] = key;
	return 0;
}
