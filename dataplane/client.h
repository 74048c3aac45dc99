/*
 * Who asked, and how: what an answer may depend on beside the message and the table.
 *
 * Threads:   pure data.
 * Memory:    a small value, copied.
 * Errors:    none.
 */
#ifndef DATAPLANE_CLIENT_H
#define DATAPLANE_CLIENT_H

#include <stdint.h>

#include "table/view.h"

enum dp_transport {
	DP_UDP,
	DP_TCP,
};

struct dp_client {
	struct tbl_addr addr; /* the packet's own source; ECS takes its place for location */
	uint16_t port;
	uint8_t transport; /* enum dp_transport */
};

#endif
