/*
 * The publish socket as a publisher meets it. Publisher and event loop are one thread: each message
 * is sent, the loop runs until it has nothing to do, and the answer is there.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "table/build.h"

#include "dataplane/counters.h"
#include "dataplane/intake.h"
#include "tests/unit/dataplane/images.h"
#include "tests/unit/dataplane/nobody.h"
#include "tests/unit/test.h"

struct bench {
	char dir[64];
	struct event_base *base;
	struct dp_swap swap;
	struct dp_adopter adopter;
	int stats_fd;
	struct tbl_stats_segment *stats;
	struct dp_intake *intake;
	char said[256]; /* last */
};

static void
ignore_served(void *arg, const struct dp_served *served, bool is_new_table)
{
	(void)arg;
	(void)served;
	(void)is_new_table;
}

static void
note(void *arg, const char *text)
{
	struct bench *bench = arg;

	(void)snprintf(bench->said, sizeof(bench->said), "%s", text);
}

static int
open_intake(struct bench *bench, struct dp_intake **ret_intake, struct tbl_error *error)
{
	const struct dp_intake_params params = {
		.base = bench->base,
		.run_dir = bench->dir,
		.adopter = &bench->adopter,
		.stats_fd = bench->stats_fd,
		.worker_cnt = 3,
		.arg = bench,
		.say = note,
	};

	return dp_intake_open(&params, ret_intake, error);
}

static int
set_up(void **state)
{
	const struct dp_quiescence quiescence = nobody();
	struct bench *bench = calloc(1, sizeof(*bench));
	struct tbl_error error;

	(void)snprintf(bench->dir, sizeof(bench->dir), "/tmp/meridian-intake-XXXXXX");
	assert_non_null(mkdtemp(bench->dir));
	bench->base = event_base_new();
	dp_swap_init(&bench->swap, &quiescence, 1);
	bench->adopter = (struct dp_adopter){ .swap = &bench->swap, .served = ignore_served };
	assert_int_equal(dp_stats_open(3, 0, &bench->stats_fd, &bench->stats), 0);
	assert_int_equal(open_intake(bench, &bench->intake, &error), 0);
	*state = bench;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *bench = *state;

	dp_intake_close(bench->intake);
	dp_adopter_done(&bench->adopter);
	dp_swap_done(&bench->swap);
	dp_stats_close(bench->stats_fd, bench->stats);
	event_base_free(bench->base);
	assert_int_equal(rmdir(bench->dir), 0); /* the socket is gone */
	free(bench);
	return 0;
}

static void
run_loop(struct bench *bench)
{
	/* An accepted connection is read in the round after. */
	for (int i = 0; i < 3; i++) {
		assert_true(event_base_loop(bench->base, EVLOOP_NONBLOCK) >= 0);
	}
}

static int
connect_to(struct bench *bench)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", bench->dir,
			DP_INTAKE_NAME);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	run_loop(bench);
	return fd;
}

static struct tbl_ipc_msg
receive(int fd, int *ret_fd)
{
	struct tbl_ipc_msg msg = { 0 };
	int passed_fd = -1;

	assert_int_equal(tbl_ipc_recv(fd, &msg, &passed_fd), 0);
	if (ret_fd != NULL) {
		*ret_fd = passed_fd;
	} else {
		assert_int_equal(passed_fd, -1);
	}
	return msg;
}

/* A connection whose HELLO has been read. */
static int
join(struct bench *bench)
{
	int fd = connect_to(bench);
	int stats_fd;

	assert_int_equal(receive(fd, &stats_fd).kind, TBL_IPC_HELLO);
	assert_true(stats_fd >= 0);
	close(stats_fd);
	return fd;
}

static struct tbl_ipc_msg
ask(struct bench *bench, int fd, enum tbl_ipc_kind kind, const struct dp_image *image,
		uint64_t image_bytes)
{
	struct tbl_ipc_msg msg;

	tbl_ipc_init(&msg, kind);
	msg.image_bytes = image_bytes;
	assert_int_equal(tbl_ipc_send(fd, &msg, image != NULL ? image->fd : -1), 0);
	run_loop(bench);
	return receive(fd, NULL);
}

static struct tbl_ipc_msg
publish(struct bench *bench, int fd, enum tbl_ipc_kind kind, struct dp_image *image)
{
	struct tbl_ipc_msg reply = ask(bench, fd, kind, image, image->size);

	dp_image_drop(image);
	return reply;
}

static void
hello_says_who_and_what(void **state)
{
	struct bench *bench = *state;
	int stats_fd = -1;
	int fd = connect_to(bench);
	struct tbl_ipc_msg hello = receive(fd, &stats_fd);
	struct stat a;
	struct stat b;

	assert_int_equal(hello.kind, TBL_IPC_HELLO);
	assert_int_equal(hello.pid, getpid());
	assert_int_equal(hello.worker_cnt, 3);
	assert_int_equal(hello.generation, 0);
	assert_string_equal(hello.text, MERIDIAN_VERSION);
	assert_int_equal(fstat(stats_fd, &a), 0);
	assert_int_equal(fstat(bench->stats_fd, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	close(stats_fd);
	close(fd);
}

static void
tables_and_selections_are_acknowledged(void **state)
{
	struct bench *bench = *state;
	int fd = join(bench);
	struct tbl_ipc_msg reply = publish(bench, fd, TBL_IPC_TABLE, images_table(5));

	assert_int_equal(reply.kind, TBL_IPC_ACK);
	assert_int_equal(reply.generation, 5);
	assert_true(reply.content_hash != 0);
	reply = publish(bench, fd, TBL_IPC_SELECTION, images_selection(5, 3));
	assert_int_equal(reply.kind, TBL_IPC_ACK);
	assert_int_equal(reply.sequence, 3);
	reply = ask(bench, fd, TBL_IPC_PING, NULL, 0);
	assert_int_equal(reply.kind, TBL_IPC_ACK);
	assert_int_equal(reply.generation, 5);
	assert_int_equal(reply.sequence, 3);
	close(fd);
}

static void
the_next_publisher_is_told_what_is_served(void **state)
{
	struct bench *bench = *state;
	int stats_fd = -1;
	int fd = join(bench);
	struct tbl_ipc_msg hello;

	assert_int_equal(publish(bench, fd, TBL_IPC_TABLE, images_table(9)).kind, TBL_IPC_ACK);
	close(fd); /* it died */
	run_loop(bench);
	fd = connect_to(bench);
	hello = receive(fd, &stats_fd);
	assert_int_equal(hello.kind, TBL_IPC_HELLO);
	assert_int_equal(hello.generation, 9);
	close(stats_fd);
	close(fd);
}

static void
refusals_say_why_and_change_nothing(void **state)
{
	struct bench *bench = *state;
	int fd = join(bench);
	struct dp_image *table = images_table(6);
	struct tbl_ipc_msg reply;

	assert_int_equal(publish(bench, fd, TBL_IPC_TABLE, images_table(5)).kind, TBL_IPC_ACK);

	reply = publish(bench, fd, TBL_IPC_TABLE, images_table(5));
	assert_int_equal(reply.kind, TBL_IPC_REFUSED);
	assert_int_equal(reply.status, -ESTALE);
	assert_int_equal(reply.generation, 5);
	assert_non_null(strstr(reply.text, "not newer than 5"));
	assert_string_equal(bench->said, reply.text);

	reply = publish(bench, fd, TBL_IPC_TABLE, images_damaged(6, 2000));
	assert_int_equal(reply.status, -EBADMSG);

	reply = ask(bench, fd, TBL_IPC_TABLE, NULL, 10);
	assert_int_equal(reply.status, -EBADMSG);
	assert_non_null(strstr(reply.text, "no image"));

	reply = ask(bench, fd, TBL_IPC_TABLE, table, table->size + 1);
	assert_int_equal(reply.status, -EBADMSG);
	assert_non_null(strstr(reply.text, "the message says"));
	dp_image_drop(table);

	/* A table where a selection should be. */
	reply = publish(bench, fd, TBL_IPC_SELECTION, images_table(6));
	assert_int_equal(reply.status, -EBADMSG);
	assert_int_equal(ask(bench, fd, TBL_IPC_PING, NULL, 0).generation, 5);
	close(fd);
}

static void
an_image_that_is_not_sealed_is_refused(void **state)
{
	struct bench *bench = *state;
	int fd = join(bench);
	struct dp_image *table = images_table(1);
	char path[] = "/tmp/meridian-image-XXXXXX";
	struct dp_image file = { .fd = mkstemp(path), .size = table->size };
	struct tbl_ipc_msg reply;

	assert_int_equal(write(file.fd, table->bytes, table->size), table->size);
	reply = ask(bench, fd, TBL_IPC_TABLE, &file, file.size);
	assert_int_equal(reply.kind, TBL_IPC_REFUSED);
	assert_int_equal(reply.status, -EPERM);
	assert_non_null(strstr(reply.text, "sealed"));
	close(file.fd);
	unlink(path);
	dp_image_drop(table);
	close(fd);
}

static void
a_second_publisher_is_turned_away(void **state)
{
	struct bench *bench = *state;
	int first = join(bench);
	int second = connect_to(bench);
	struct tbl_ipc_msg reply = receive(second, NULL);
	int passed_fd = -1;

	assert_int_equal(reply.kind, TBL_IPC_REFUSED);
	assert_int_equal(reply.status, -EBUSY);
	assert_int_equal(tbl_ipc_recv(second, &reply, &passed_fd), -ECONNRESET);
	assert_int_equal(ask(bench, first, TBL_IPC_PING, NULL, 0).kind, TBL_IPC_ACK);
	close(first);
	close(second);
}

static void
a_dead_publishers_place_is_free_at_once(void **state)
{
	struct bench *bench = *state;

	for (int i = 0; i < 5; i++) {
		int fd = join(bench);
		struct dp_image *table = images_table((uint64_t)i + 1);
		struct tbl_ipc_msg msg;

		/* It dies with a table on its way: the loop learns of both and of its successor in
		 * one round. */
		tbl_ipc_init(&msg, TBL_IPC_TABLE);
		msg.image_bytes = table->size;
		assert_int_equal(tbl_ipc_send(fd, &msg, table->fd), 0);
		dp_image_drop(table);
		close(fd);
	}
	assert_int_equal(dp_swap_current(&bench->swap)->view.header->generation, 4);
	run_loop(bench);
	assert_int_equal(dp_swap_current(&bench->swap)->view.header->generation, 5);
}

static void
nonsense_ends_the_connection_and_frees_the_place(void **state)
{
	static const char *const nonsense[] = { "x", "MMDRIPC1 and then something else" };
	struct bench *bench = *state;

	for (size_t i = 0; i < ARRAY_LEN(nonsense); i++) {
		int fd = join(bench);
		struct tbl_ipc_msg msg;
		int passed_fd = -1;

		assert_true(send(fd, nonsense[i], strlen(nonsense[i]), 0) > 0);
		run_loop(bench);
		assert_int_equal(tbl_ipc_recv(fd, &msg, &passed_fd), -ECONNRESET);
		close(fd);
	}
	close(join(bench));
}

static void
a_publisher_that_does_not_read_is_dropped(void **state)
{
	struct bench *bench = *state;
	int fd = join(bench);
	struct tbl_ipc_msg ping;
	int err = 0;
	unsigned int sent_cnt = 0;

	tbl_ipc_init(&ping, TBL_IPC_PING);
	/* Far more than a socket buffer of any size holds. */
	while (err == 0 && sent_cnt < 1000000) {
		err = tbl_ipc_send(fd, &ping, -1);
		sent_cnt++;
		run_loop(bench);
	}
	assert_true(err == -EPIPE || err == -ECONNRESET);
	close(fd);
	close(join(bench));
}

static void
the_socket_is_the_groups_alone(void **state)
{
	struct bench *bench = *state;
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", bench->dir, DP_INTAKE_NAME);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
}

static void
a_live_socket_is_left_alone_and_a_dead_one_replaced(void **state)
{
	struct bench *bench = *state;
	struct dp_intake *second = NULL;
	struct tbl_error error = { .text = "" };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int dead;

	assert_int_equal(open_intake(bench, &second, &error), -EADDRINUSE);
	assert_non_null(strstr(error.text, "another meridiand"));
	close(join(bench)); /* the first one still answers */
	run_loop(bench);

	dp_intake_close(bench->intake);
	bench->intake = NULL;
	dead = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", bench->dir,
			DP_INTAKE_NAME);
	assert_int_equal(bind(dead, (const struct sockaddr *)&address, sizeof(address)), 0);
	close(dead); /* its file stays, as after a crash */
	assert_int_equal(open_intake(bench, &bench->intake, &error), 0);
	close(join(bench));
}

int
main(void)
{
#define ON_A_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		ON_A_BENCH(hello_says_who_and_what),
		ON_A_BENCH(tables_and_selections_are_acknowledged),
		ON_A_BENCH(the_next_publisher_is_told_what_is_served),
		ON_A_BENCH(refusals_say_why_and_change_nothing),
		ON_A_BENCH(an_image_that_is_not_sealed_is_refused),
		ON_A_BENCH(a_second_publisher_is_turned_away),
		ON_A_BENCH(a_dead_publishers_place_is_free_at_once),
		ON_A_BENCH(nonsense_ends_the_connection_and_frees_the_place),
		ON_A_BENCH(a_publisher_that_does_not_read_is_dropped),
		ON_A_BENCH(the_socket_is_the_groups_alone),
		ON_A_BENCH(a_live_socket_is_left_alone_and_a_dead_one_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
