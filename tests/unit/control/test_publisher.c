/* The client of the publish protocol against a data plane that behaves in every way. */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "table/format.h"

#include "control/publisher.h"
#include "tests/unit/control/fake_plane.h"
#include "tests/unit/control/scratch.h"
#include "tests/unit/test.h"

/* A test that waits longer than this for something that must come has failed. */
#define DEADLINE_S 10

struct scene {
	struct event_base *base;
	struct fake_plane plane;
	struct cp_publisher *publisher;
	size_t hello_cnt, reply_cnt, lost_cnt;
	struct tbl_ipc_msg hello;
	struct tbl_ipc_msg sent[16];
	enum tbl_ipc_kind replies[16];
	char lost_reason[128];
};

static void
on_hello(void *ctx, const struct tbl_ipc_msg *hello, int stats_fd)
{
	struct scene *scene = ctx;

	assert_int_equal(stats_fd, -1);
	scene->hello = *hello;
	scene->hello_cnt++;
}

static void
on_reply(void *ctx, const struct tbl_ipc_msg *sent, const struct tbl_ipc_msg *reply,
		uint64_t waited_us)
{
	struct scene *scene = ctx;

	assert_true(waited_us < DEADLINE_S * UINT64_C(1000000));
	scene->sent[scene->reply_cnt] = *sent;
	scene->replies[scene->reply_cnt++] = reply->kind;
}

static void
on_lost(void *ctx, const char *reason)
{
	struct scene *scene = ctx;

	(void)snprintf(scene->lost_reason, sizeof(scene->lost_reason), "%s", reason);
	scene->lost_cnt++;
}

static void
begin(struct scene *scene)
{
	static const struct cp_publisher_events events = {
		.on_hello = on_hello, .on_reply = on_reply, .on_lost = on_lost
	};

	scene->base = event_base_new();
	assert_int_equal(cp_publisher_new(scene->base, scratch_path("plane.sock"), &events, scene,
					 &scene->publisher),
			0);
}

static void
end(struct scene *scene)
{
	cp_publisher_free(scene->publisher);
	event_base_free(scene->base);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

/* Runs the loop until *value reaches `wanted`. */
static void
wait_until(struct scene *scene, const size_t *value, size_t wanted)
{
	struct timeval deadline = { .tv_sec = DEADLINE_S };
	bool is_late = false;
	struct event *timer = evtimer_new(scene->base, on_deadline, &is_late);

	event_add(timer, &deadline);
	while (*value < wanted && !is_late) {
		event_base_loop(scene->base, EVLOOP_ONCE);
	}
	event_free(timer);
	assert_true(*value >= wanted);
}

/* Images are opaque to the publisher; a header is what the fake looks at. */
static int
offer(struct scene *scene, enum tbl_ipc_kind kind, uint64_t generation, uint64_t sequence)
{
	struct tbl_header image = { .generation = generation };
	struct cp_offer offered = {
		.kind = kind,
		.image = &image,
		.image_bytes = sizeof(image),
		.generation = generation,
		.sequence = sequence,
	};

	return cp_publisher_offer(scene->publisher, &offered);
}

static void
test_a_table_is_sent_and_acknowledged(void **state)
{
	struct scene scene = { .plane = { .served = { .generation = 5, .content_hash = 99 } } };

	(void)state;
	begin(&scene);
	fake_plane_open(&scene.plane, scene.base, scratch_path("plane.sock"));
	assert_false(is_cp_publisher_connected(scene.publisher));
	assert_int_equal(offer(&scene, TBL_IPC_TABLE, 6, 0), -ENOTCONN);
	wait_until(&scene, &scene.hello_cnt, 1);
	assert_true(is_cp_publisher_connected(scene.publisher));
	assert_int_equal(scene.hello.generation, 5);
	assert_int_equal(scene.hello.content_hash, 99);
	assert_int_equal(offer(&scene, TBL_IPC_TABLE, 6, 0), 0);
	wait_until(&scene, &scene.reply_cnt, 1);
	assert_int_equal(scene.replies[0], TBL_IPC_ACK);
	assert_int_equal(scene.sent[0].generation, 6);
	assert_int_equal(scene.plane.served.generation, 6);
	assert_int_equal(scene.plane.messages[0].image_bytes, sizeof(struct tbl_header));
	assert_int_equal(scene.lost_cnt, 0);
	end(&scene);
	fake_plane_close(&scene.plane);
}

static void
test_the_newest_replaces_what_was_not_sent(void **state)
{
	struct scene scene = { .plane = { .manner = FAKE_IS_MUTE } };

	(void)state;
	begin(&scene);
	fake_plane_open(&scene.plane, scene.base, scratch_path("plane.sock"));
	wait_until(&scene, &scene.hello_cnt, 1);
	offer(&scene, TBL_IPC_TABLE, 1, 0); /* under way, unanswered */
	wait_until(&scene, &scene.plane.message_cnt, 1);
	offer(&scene, TBL_IPC_SELECTION, 1, 1); /* fills a table that is overtaken below */
	offer(&scene, TBL_IPC_TABLE, 2, 0);
	offer(&scene, TBL_IPC_SELECTION, 3, 1);
	offer(&scene, TBL_IPC_TABLE, 3, 0);
	offer(&scene, TBL_IPC_SELECTION, 3, 2);
	scene.plane.manner = FAKE_ACKS;
	fake_plane_answer(&scene.plane, TBL_IPC_ACK);
	wait_until(&scene, &scene.reply_cnt, 3);
	assert_int_equal(scene.plane.message_cnt, 3);
	/* A selection goes ahead of its table, so that the two are served together. */
	assert_int_equal(scene.plane.messages[1].kind, TBL_IPC_SELECTION);
	assert_int_equal(scene.plane.messages[1].generation, 3);
	assert_int_equal(scene.plane.messages[1].sequence, 2);
	assert_int_equal(scene.plane.messages[2].kind, TBL_IPC_TABLE);
	assert_int_equal(scene.plane.messages[2].generation, 3);
	end(&scene);
	fake_plane_close(&scene.plane);
}

static void
test_a_refusal_is_told(void **state)
{
	struct scene scene = { .plane = { .manner = FAKE_REFUSES } };

	(void)state;
	begin(&scene);
	fake_plane_open(&scene.plane, scene.base, scratch_path("plane.sock"));
	wait_until(&scene, &scene.hello_cnt, 1);
	offer(&scene, TBL_IPC_TABLE, 1, 0);
	wait_until(&scene, &scene.reply_cnt, 1);
	assert_int_equal(scene.replies[0], TBL_IPC_REFUSED);
	assert_true(is_cp_publisher_connected(scene.publisher));
	end(&scene);
	fake_plane_close(&scene.plane);
}

static void
test_it_comes_back_after_a_lost_connection(void **state)
{
	struct scene scene = { .plane = { .manner = FAKE_HANGS_UP } };

	(void)state;
	begin(&scene);
	fake_plane_open(&scene.plane, scene.base, scratch_path("plane.sock"));
	wait_until(&scene, &scene.hello_cnt, 1);
	offer(&scene, TBL_IPC_TABLE, 1, 0);
	wait_until(&scene, &scene.lost_cnt, 1);
	assert_string_equal(scene.lost_reason, "the data plane closed the connection");
	assert_int_equal(offer(&scene, TBL_IPC_TABLE, 1, 0), -ENOTCONN);
	wait_until(&scene, &scene.hello_cnt, 2);
	scene.plane.manner = FAKE_ACKS;
	offer(&scene, TBL_IPC_TABLE, 2, 0);
	wait_until(&scene, &scene.reply_cnt, 1);
	assert_int_equal(scene.sent[0].generation, 2);
	end(&scene);
	fake_plane_close(&scene.plane);
}

/* Nobody listens for a while: one message, not one an attempt. */
static void
test_an_absent_data_plane_is_told_once(void **state)
{
	struct scene scene = { 0 };
	struct timeval later = { .tv_usec = 1000 };

	(void)state;
	begin(&scene);
	wait_until(&scene, &scene.lost_cnt, 1);
	assert_non_null(strstr(scene.lost_reason, "No such file or directory"));
	event_base_loopexit(scene.base, &later);
	event_base_dispatch(scene.base);
	assert_int_equal(scene.lost_cnt, 1);
	fake_plane_open(&scene.plane, scene.base, scratch_path("plane.sock"));
	wait_until(&scene, &scene.hello_cnt, 1);
	assert_int_equal(scene.lost_cnt, 1);
	end(&scene);
	fake_plane_close(&scene.plane);
}

/* A second publisher is told so instead of HELLO. */
static void
test_a_taken_place_is_told(void **state)
{
	struct scene scene = { .plane = { .is_silent = true } };

	(void)state;
	begin(&scene);
	fake_plane_open(&scene.plane, scene.base, scratch_path("plane.sock"));
	wait_until(&scene, &scene.plane.connection_cnt, 1);
	fake_plane_answer(&scene.plane, TBL_IPC_REFUSED);
	wait_until(&scene, &scene.lost_cnt, 1);
	assert_string_equal(scene.lost_reason, "a test refuses everything");
	end(&scene);
	fake_plane_close(&scene.plane);
}

static void
test_a_message_out_of_turn_ends_the_connection(void **state)
{
	struct scene scene = { 0 };

	(void)state;
	begin(&scene);
	fake_plane_open(&scene.plane, scene.base, scratch_path("plane.sock"));
	wait_until(&scene, &scene.hello_cnt, 1);
	fake_plane_answer(&scene.plane, TBL_IPC_ACK);
	wait_until(&scene, &scene.lost_cnt, 1);
	assert_string_equal(scene.lost_reason, "the data plane sent a message out of turn");
	end(&scene);
	fake_plane_close(&scene.plane);
}

static void
test_back_off_grows_and_is_spread(void **state)
{
	static const struct {
		uint32_t attempt, random, delay_ms;
	} rows[] = {
		{ 0, 0, 100 },
		{ 0, UINT32_MAX, 199 },
		{ 1, 0, 200 },
		{ 3, 0, 800 },
		{ 4, 0, 1600 },
		{ 5, 0, 2500 },
		{ 5, UINT32_MAX, 4999 },
		{ UINT32_MAX, 0, 2500 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(cp_backoff_ms(rows[i].attempt, rows[i].random), rows[i].delay_ms);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_table_is_sent_and_acknowledged),
		cmocka_unit_test(test_the_newest_replaces_what_was_not_sent),
		cmocka_unit_test(test_a_refusal_is_told),
		cmocka_unit_test(test_it_comes_back_after_a_lost_connection),
		cmocka_unit_test(test_an_absent_data_plane_is_told_once),
		cmocka_unit_test(test_a_taken_place_is_told),
		cmocka_unit_test(test_a_message_out_of_turn_ends_the_connection),
		cmocka_unit_test(test_back_off_grows_and_is_spread),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
