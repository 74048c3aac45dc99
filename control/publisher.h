/*
 * The client of table/ipc.h on the event loop: keeps one connection to meridiand, for ever, and
 * hands it the newest table and the newest selection. What has not been sent when something newer
 * comes is never sent.
 *
 * Threads:   the event loop's.
 * Memory:    cp_publisher_new/_free; images are copied into sealed memfds when offered.
 * Errors:    negative errno from cp_publisher_offer; everything later comes by callback.
 */
#ifndef CONTROL_PUBLISHER_H
#define CONTROL_PUBLISHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/ipc.h"

struct event_base;
struct cp_publisher;

struct cp_publisher_events {
	/* Connected; stats_fd (counters, table/stats.h) is the callee's, or -1. */
	void (*on_hello)(void *ctx, const struct tbl_ipc_msg *hello, int stats_fd);
	/* The answer to one offer: `sent` is the message it answers, reply an ACK or REFUSED. */
	void (*on_reply)(void *ctx, const struct tbl_ipc_msg *sent, const struct tbl_ipc_msg *reply,
			uint64_t waited_us);
	/* The connection is gone, or could not be made; offers are forgotten. Called once for each
	 * change of reason, not for each attempt. */
	void (*on_lost)(void *ctx, const char *reason);
};

int cp_publisher_new(struct event_base *base, const char *socket_path,
		const struct cp_publisher_events *events, void *ctx,
		struct cp_publisher **ret_publisher);
void cp_publisher_free(struct cp_publisher *publisher);

/* cp_publisher_offer sends an image (kind TBL_IPC_TABLE or TBL_IPC_SELECTION) as soon as what was
 * sent before has been answered; it replaces an unsent one of its kind. Offer a selection ahead of
 * its table; a table replaces unsent selections of others. -ENOTCONN when there is no connection. */
struct cp_offer {
	enum tbl_ipc_kind kind;
	const void *image;
	size_t image_bytes;
	uint64_t generation;
	uint64_t sequence;
};
int cp_publisher_offer(struct cp_publisher *publisher, const struct cp_offer *offer);

bool is_cp_publisher_connected(const struct cp_publisher *publisher);

/* cp_backoff_ms: how long to wait before attempt `attempt` (0: the first retry): 200 ms doubling to
 * 5 s, of which a random half is taken off so that a fleet does not knock in step. */
uint32_t cp_backoff_ms(uint32_t attempt, uint32_t random);

#endif
