/* Who is at the other end of a socket, as the kernel says. */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/json_read.h"
#include "control/who.h"
#include "tests/unit/test.h"

static void
test_the_peer_is_us(void **state)
{
	struct cp_who who;
	char text[CP_WHO_TEXT_MAX];
	char wanted[CP_WHO_TEXT_MAX];
	int socks[2];
	json_t *json;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks), 0);
	cp_who_of_peer(socks[0], &who);
	assert_int_equal(who.pid, getpid());
	assert_int_equal(who.uid, getuid());
	assert_string_equal(who.program, "test_who");
	assert_string_not_equal(who.name, "");
	cp_who_text(&who, text);
	(void)snprintf(wanted, sizeof(wanted), "%s (test_who, pid %d)", who.name, getpid());
	assert_string_equal(text, wanted);
	json = cp_who_json(&who);
	assert_int_equal(cp_json_number(json, "pid"), getpid());
	json_decref(json);
	close(socks[0]);
	close(socks[1]);
	/* Nobody at all: not the daemon, whose pid is 0. */
	cp_who_of_peer(-1, &who);
	assert_string_equal(who.name, "unknown");
	assert_int_not_equal(who.pid, 0);
}

/* Whatever a program calls itself: JSON and terminals get ASCII. */
static void
test_a_program_of_any_name(void **state)
{
	struct cp_who who;
	int socks[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks), 0);
	assert_int_equal(prctl(PR_SET_NAME, "a\xff\033[2J"), 0);
	cp_who_of_peer(socks[0], &who);
	assert_int_equal(prctl(PR_SET_NAME, "test_who"), 0);
	assert_string_equal(who.program, "a??[2J");
	close(socks[0]);
	close(socks[1]);
}

enum { SEEN_AS_ANOTHER, SEEN_AS_SOMETHING_ELSE, NOT_ALLOWED };

/* Run in a child: makes a process in a PID namespace of its own look at the peer of `sock`, us. */
static int
look_from_another_namespace(int sock)
{
	struct cp_who who;
	int status;
	pid_t child;

	if (unshare(CLONE_NEWPID) != 0) {
		return NOT_ALLOWED;
	}
	child = fork();
	if (child == 0) {
		cp_who_of_peer(sock, &who);
		_exit(who.pid == UINT32_MAX ? SEEN_AS_ANOTHER : SEEN_AS_SOMETHING_ELSE);
	}
	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status)
	                                                                : NOT_ALLOWED;
}

/* Who has no number in our PID namespace (the socket in a container) is not the daemon itself. */
static void
test_a_peer_of_another_namespace(void **state)
{
	int socks[2];
	int status = 0;
	pid_t child;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks), 0);
	child = fork();
	if (child == 0) {
		_exit(look_from_another_namespace(socks[0]));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_ALLOWED) {
		print_message("    only root makes PID namespaces\n");
	} else {
		assert_int_equal(WEXITSTATUS(status), SEEN_AS_ANOTHER);
	}
	close(socks[0]);
	close(socks[1]);
}

static void
test_texts(void **state)
{
	static const struct {
		struct cp_who who;
		const char *text, *json;
	} rows[] = {
		{ { .name = "start" }, "start", "{\"name\":\"start\"}" },
		{ { .name = "uid 7", .uid = 7, .pid = 9 }, "uid 7 (pid 9)",
				"{\"name\":\"uid 7\",\"pid\":9,\"program\":\"\",\"uid\":7}" },
		{ { .name = "uid 7", .uid = 7, .pid = UINT32_MAX },
				"uid 7 (a process of another namespace)",
				"{\"name\":\"uid 7\",\"program\":\"\",\"uid\":7}" },
		/* A program may call itself anything. */
		{ { .name = "x", .program = "\xff", .uid = 1, .pid = 2 }, "x (\xff, pid 2)",
				"{\"name\":\"x\",\"pid\":2,\"program\":\"?\",\"uid\":1}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[CP_WHO_TEXT_MAX];
		char dumped[200] = "";
		json_t *json = cp_who_json(&rows[i].who);
		size_t len = json_dumpb(
				json, dumped, sizeof(dumped) - 1, JSON_COMPACT | JSON_SORT_KEYS);

		assert_true(len < sizeof(dumped));
		json_decref(json);
		cp_who_text(&rows[i].who, text);
		assert_string_equal(text, rows[i].text);
		assert_string_equal(dumped, rows[i].json);
	}
}

static void
test_the_daemon_itself(void **state)
{
	struct cp_who who = cp_who_self("SIGHUP");

	(void)state;
	assert_string_equal(who.name, "SIGHUP");
	assert_int_equal(who.pid, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_peer_is_us),
		cmocka_unit_test(test_a_program_of_any_name),
		cmocka_unit_test(test_a_peer_of_another_namespace),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_the_daemon_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
