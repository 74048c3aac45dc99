#include <stdlib.h>

#include "dataplane/frame.h"
#include "dataplane/seats.h"
#include "tests/unit/test.h"

#define SEATS_MAX 8

/* A client and a time; each step is one of them. */
struct step {
	enum {
		TAKE, /* a seat for `addr`; the seat of step `other` is given up for it, -1: none */
		RENEW, /* the seat of step `other` */
		LEAVE, /* likewise */
	} what;
	const char *addr;
	int other;
};

struct walk {
	struct dp_seats *seats;
	struct dp_seat items[32]; /* a step's own */
};

static struct tbl_addr
parse(const char *text)
{
	struct tbl_addr addr;

	assert_int_equal(dp_address_parse(text, &addr), 0);
	return addr;
}

static void
take(struct walk *walk, const struct step *step, size_t i)
{
	struct tbl_addr addr = parse(step->addr);
	struct dp_seat *evictee = dp_seats_evictee(walk->seats, &addr);

	if (evictee != (step->other >= 0 ? &walk->items[step->other] : NULL)) {
		fail_msg("step %zu: the seat of step %td was to go", i,
				evictee != NULL ? evictee - walk->items : -1);
	}
	if (evictee != NULL) {
		dp_seats_leave(walk->seats, evictee);
	}
	dp_seats_take(walk->seats, &walk->items[i], &addr, i);
	assert_int_equal(walk->items[i].since_ms, i);
}

/* Walks the steps at one millisecond each with 8 seats, 3 a client. */
static void
check(const struct step *steps, size_t cnt)
{
	struct walk walk;

	assert_int_equal(dp_seats_new(SEATS_MAX, 3, 0x9e3779b97f4a7c14u, &walk.seats), 0);
	for (size_t i = 0; i < cnt; i++) {
		switch (steps[i].what) {
		case TAKE:
			take(&walk, &steps[i], i);
			break;
		case RENEW:
			dp_seats_renew(walk.seats, &walk.items[steps[i].other], i);
			break;
		case LEAVE:
			dp_seats_leave(walk.seats, &walk.items[steps[i].other]);
			break;
		}
	}
	while (dp_seats_oldest(walk.seats) != NULL) {
		dp_seats_leave(walk.seats, dp_seats_oldest(walk.seats));
	}
	assert_int_equal(dp_seats_count(walk.seats), 0);
	dp_seats_free(walk.seats);
}

#define CHECK(steps) check(steps, ARRAY_LEN(steps))

static void
a_client_above_its_share_gives_up_its_oldest(void **state)
{
	static const struct step steps[] = {
		{ TAKE, "192.0.2.9", -1 },
		{ TAKE, "192.0.2.1", -1 },
		{ TAKE, "192.0.2.1", -1 },
		{ TAKE, "192.0.2.1", -1 },
		{ TAKE, "192.0.2.1", 1 },
		{ RENEW, NULL, 2 },
		{ TAKE, "192.0.2.1", 3 },
		{ LEAVE, NULL, 4 },
		{ TAKE, "192.0.2.1", -1 },
	};

	(void)state;
	CHECK(steps);
}

static void
when_all_are_taken_the_oldest_of_any_goes(void **state)
{
	static const struct step steps[] = {
		{ TAKE, "192.0.2.1", -1 },
		{ TAKE, "192.0.2.2", -1 },
		{ TAKE, "192.0.2.2", -1 },
		{ TAKE, "192.0.2.2", -1 },
		{ TAKE, "192.0.2.4", -1 },
		{ TAKE, "192.0.2.5", -1 },
		{ TAKE, "192.0.2.6", -1 },
		{ TAKE, "2001:db8::1", -1 },
		{ RENEW, NULL, 0 },
		/* Its own share comes first, and is not the oldest of all when renewed. */
		{ RENEW, NULL, 1 },
		{ TAKE, "192.0.2.2", 2 },
		{ TAKE, "192.0.2.7", 3 },
		{ TAKE, "192.0.2.8", 4 },
	};

	(void)state;
	CHECK(steps);
}

static void
an_ipv6_client_is_a_56(void **state)
{
	static const struct step steps[] = {
		{ TAKE, "2001:db8:0:aa00::1", -1 },
		{ TAKE, "2001:db8:0:aaff::1", -1 },
		{ TAKE, "2001:db8:0:aa77:1:2:3:4", -1 },
		{ TAKE, "2001:db8:0:ab00::1", -1 },
		{ TAKE, "2001:db8:0:aa01::1", 0 },
		/* The bytes of 32.1.13.184, and not that client. */
		{ TAKE, "32.1.13.184", -1 },
	};

	(void)state;
	CHECK(steps);
}

/* Every client at once, come and gone in another order, many times over: each has a place in the
 * table, and every one is given back. */
static void
clients_come_and_go(void **state)
{
	struct dp_seats *seats = NULL;
	struct dp_seat *items = calloc(1000, sizeof(*items));
	struct tbl_addr addr = { .family = 4 };

	(void)state;
	assert_int_equal(dp_seats_new(1000, 1, 12345, &seats), 0);
	for (uint64_t round = 0; round < 20; round++) {
		for (size_t i = 0; i < 1000; i++) {
			size_t number = i * 7 % 1000;

			addr.bytes[2] = (uint8_t)(number >> 8);
			addr.bytes[3] = (uint8_t)number;
			assert_null(dp_seats_evictee(seats, &addr));
			dp_seats_take(seats, &items[number], &addr, round);
			assert_ptr_equal(dp_seats_evictee(seats, &addr), &items[number]);
		}
		for (size_t i = 0; i < 1000; i++) {
			dp_seats_leave(seats, &items[i * 13 % 1000]);
		}
		assert_int_equal(dp_seats_count(seats), 0);
		assert_null(dp_seats_oldest(seats));
	}
	dp_seats_free(seats);
	free(items);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_above_its_share_gives_up_its_oldest),
		cmocka_unit_test(when_all_are_taken_the_oldest_of_any_goes),
		cmocka_unit_test(an_ipv6_client_is_a_56),
		cmocka_unit_test(clients_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
