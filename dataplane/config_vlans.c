#include <errno.h>

#include "dataplane/config_impl.h"

void
dp_config_check_vlans(
		const struct dp_config_checker *checker, size_t i, struct dp_port_config *port)
{
	const struct conf_strings *texts = &port->vlan_texts;

	for (size_t k = 0; k < texts->cnt; k++) {
		int err = dp_vlans_add(&port->vlans, texts->items[k]);

		if (err == -EINVAL) {
			dp_config_complain(checker,
					"ports[%zu].vlans[%zu]: '%s' is not untagged, a VLAN from "
					"1 to %u, or OUTER.INNER",
					i, k, texts->items[k], DP_VLAN_ID_MAX);
		} else if (err == -EEXIST) {
			dp_config_complain(checker, "ports[%zu].vlans[%zu]: '%s' is named twice", i,
					k, texts->items[k]);
		} else if (err == -ENOSPC) {
			dp_config_complain(
					checker, "ports[%zu].vlans: more than %u", i, DP_VLANS_MAX);
			return;
		}
	}
	if (port->kind == DP_PORT_SOCKET && (port->vlans.cnt > 0 || !port->vlans.has_untagged)) {
		dp_config_complain(checker,
				"ports[%zu].vlans: not for kind socket: the kernel takes tags off, "
				"and knows which address is in which VLAN",
				i);
	}
}
