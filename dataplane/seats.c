#include "dataplane/seats.h"

#include <errno.h>
#include <stdlib.h>

/* Bytes of an IPv6 address that make a client: /56. */
#define CLIENT_IPV6_BYTES 7u

TAILQ_HEAD(seat_list, dp_seat);

struct dp_seat_client {
	SLIST_ENTRY(dp_seat_client) next; /* of its bucket, or of the unused */
	uint64_t key;
	uint32_t seat_cnt;
	struct seat_list seats;
};

SLIST_HEAD(client_list, dp_seat_client);

struct dp_seats {
	uint32_t max;
	uint32_t max_per_client;
	uint32_t cnt;
	unsigned int shift; /* 64 - log2 of the number of buckets */
	uint64_t multiplier;
	struct seat_list all;
	struct client_list unused;
	struct client_list *buckets;
	struct dp_seat_client *clients; /* `max` of them: each may have one seat */
};

/* The whole client in one number: family, then the address or its first 56 bits. */
static uint64_t
make_key(const struct tbl_addr *addr)
{
	size_t bytes = addr->family == 4 ? 4 : CLIENT_IPV6_BYTES;
	uint64_t key = addr->family;

	for (size_t i = 0; i < bytes; i++) {
		key = key << 8 | addr->bytes[i];
	}
	return key;
}

/* Multiply-shift: for a secret odd multiplier two keys meet with a chance of at most two in the
 * number of buckets, whoever chose them (Dietzfelbinger and others, 1997). */
static struct client_list *
find_bucket(const struct dp_seats *seats, uint64_t key)
{
	return &seats->buckets[key * seats->multiplier >> seats->shift];
}

static struct dp_seat_client *
find_client(const struct dp_seats *seats, uint64_t key)
{
	struct dp_seat_client *client;

	SLIST_FOREACH(client, find_bucket(seats, key), next)
	{
		if (client->key == key) {
			return client;
		}
	}
	return NULL;
}

int
dp_seats_new(uint32_t max, uint32_t max_per_client, uint64_t secret, struct dp_seats **ret_seats)
{
	struct dp_seats *seats = calloc(1, sizeof(*seats));
	unsigned int log2 = 1;

	if (seats == NULL) {
		return -ENOMEM;
	}
	while ((1ull << log2) < max) {
		log2++;
	}
	seats->max = max;
	seats->max_per_client = max_per_client;
	seats->shift = 64 - log2;
	seats->multiplier = secret | 1u;
	TAILQ_INIT(&seats->all);
	SLIST_INIT(&seats->unused);
	seats->buckets = calloc((size_t)1 << log2, sizeof(*seats->buckets)); /* empty: all zero */
	seats->clients = calloc(max, sizeof(*seats->clients));
	if (seats->buckets == NULL || seats->clients == NULL) {
		dp_seats_free(seats);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < max; i++) {
		SLIST_INSERT_HEAD(&seats->unused, &seats->clients[i], next);
	}
	*ret_seats = seats;
	return 0;
}

void
dp_seats_free(struct dp_seats *seats)
{
	if (seats != NULL) {
		free(seats->buckets);
		free(seats->clients);
		free(seats);
	}
}

struct dp_seat *
dp_seats_evictee(const struct dp_seats *seats, const struct tbl_addr *addr)
{
	const struct dp_seat_client *client = find_client(seats, make_key(addr));

	if (client != NULL && client->seat_cnt >= seats->max_per_client) {
		return TAILQ_FIRST(&client->seats);
	}
	return seats->cnt >= seats->max ? TAILQ_FIRST(&seats->all) : NULL;
}

/* The client's place in the table, made when it has none; there are as many as seats. */
static struct dp_seat_client *
enter_client(struct dp_seats *seats, uint64_t key)
{
	struct dp_seat_client *client = find_client(seats, key);

	if (client == NULL) {
		client = SLIST_FIRST(&seats->unused);
		SLIST_REMOVE_HEAD(&seats->unused, next);
		client->key = key;
		TAILQ_INIT(&client->seats);
		SLIST_INSERT_HEAD(find_bucket(seats, key), client, next);
	}
	return client;
}

void
dp_seats_take(struct dp_seats *seats, struct dp_seat *seat, const struct tbl_addr *addr,
		uint64_t now_ms)
{
	struct dp_seat_client *client = enter_client(seats, make_key(addr));

	seat->client = client;
	seat->since_ms = now_ms;
	TAILQ_INSERT_TAIL(&seats->all, seat, in_all);
	TAILQ_INSERT_TAIL(&client->seats, seat, in_client);
	seats->cnt++;
	client->seat_cnt++;
}

void
dp_seats_renew(struct dp_seats *seats, struct dp_seat *seat, uint64_t now_ms)
{
	struct dp_seat_client *client = seat->client;

	seat->since_ms = now_ms;
	TAILQ_REMOVE(&seats->all, seat, in_all);
	TAILQ_INSERT_TAIL(&seats->all, seat, in_all);
	TAILQ_REMOVE(&client->seats, seat, in_client);
	TAILQ_INSERT_TAIL(&client->seats, seat, in_client);
}

/* Buckets are short: its list is looked through. */
static void
forget_client(struct dp_seats *seats, struct dp_seat_client *client)
{
	SLIST_REMOVE(find_bucket(seats, client->key), client, dp_seat_client, next);
	SLIST_INSERT_HEAD(&seats->unused, client, next);
}

void
dp_seats_leave(struct dp_seats *seats, struct dp_seat *seat)
{
	struct dp_seat_client *client = seat->client;

	TAILQ_REMOVE(&seats->all, seat, in_all);
	TAILQ_REMOVE(&client->seats, seat, in_client);
	seat->client = NULL;
	seats->cnt--;
	client->seat_cnt--;
	if (client->seat_cnt == 0) {
		forget_client(seats, client);
	}
}

struct dp_seat *
dp_seats_oldest(const struct dp_seats *seats)
{
	return TAILQ_FIRST(&seats->all);
}

uint32_t
dp_seats_count(const struct dp_seats *seats)
{
	return seats->cnt;
}
