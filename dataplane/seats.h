/*
 * Seats for TCP connections: so many in all, so many for one client, and the order in which they
 * last got something done. Whoever comes when there is no seat gets that of the connection idle
 * longest, its own client's when the client has its share, anybody's when all are taken: a client
 * that holds seats for nothing is in the way of itself first.
 *
 * A client is one IPv4 address or one IPv6 /56, what a customer of an access network has to choose
 * addresses from (RFC 6177); the limit of answers counts alike.
 *
 * Threads:   one.
 * Memory:    dp_seats_new/_free, all of it at once; a seat is part of its connection.
 * Errors:    -ENOMEM from dp_seats_new alone. Every operation takes constant time.
 * Standards: RFC 7766 §6.2.2 (concurrent connections), RFC 9210 §4.2 (limits by client).
 */
#ifndef DATAPLANE_SEATS_H
#define DATAPLANE_SEATS_H

#include <stdint.h>
#include <sys/queue.h>

#include "table/view.h"

struct dp_seats;
struct dp_seat_client;

struct dp_seat {
	TAILQ_ENTRY(dp_seat) in_all; /* the one idle longest first, as below */
	TAILQ_ENTRY(dp_seat) in_client;
	struct dp_seat_client *client;
	uint64_t since_ms; /* when it last got something done */
};

/* dp_seats_new: at most `max` seats, `max_per_client` of them for one client; both at least 1.
 * `secret` keeps clients from choosing addresses that share a place in the hash table. */
int
dp_seats_new(uint32_t max, uint32_t max_per_client, uint64_t secret, struct dp_seats **ret_seats);
/* dp_seats_free accepts NULL; no seat may be taken. */
void dp_seats_free(struct dp_seats *seats);

/* dp_seats_evictee: whose seat `addr` would get; NULL: there is a free one. */
struct dp_seat *dp_seats_evictee(const struct dp_seats *seats, const struct tbl_addr *addr);

/* dp_seats_take: only when dp_seats_evictee says NULL. Times never go back. */
void dp_seats_take(struct dp_seats *seats, struct dp_seat *seat, const struct tbl_addr *addr,
		uint64_t now_ms);
/* dp_seats_renew: the seat's connection got something done. */
void dp_seats_renew(struct dp_seats *seats, struct dp_seat *seat, uint64_t now_ms);
void dp_seats_leave(struct dp_seats *seats, struct dp_seat *seat);

/* dp_seats_oldest: the one idle longest; NULL: none is taken. */
struct dp_seat *dp_seats_oldest(const struct dp_seats *seats);

uint32_t dp_seats_count(const struct dp_seats *seats);

#endif
