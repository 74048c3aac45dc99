/* Keys of health targets: one spelling each, and nothing else is a key. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/target.h"
#include "tests/unit/test.h"

/* Its address is one character longer than a target holds. */
static const char long_address_key[] =
		"tcp 0123456789012345678901234567890123456789012345678901234567890123 443 "
		"interval=1 "
		"timeout=1 fall=1 rise=1";

static char host[] = "www.example.test";
static char path[] = "/_dns?a=b c%20d";

/* A check and a value, and the key and the label of the target they make. */
static const struct {
	struct cp_healthcheck check;
	const char *value, *key, *label;
} rows[] = {
	{ { .protocol = CP_PROTOCOL_TCP,
			  .port = 443,
			  .interval_ms = 10000,
			  .timeout_ms = 4000,
			  .fall = 3,
			  .rise = 2 },
			"192.0.2.1", "tcp 192.0.2.1 443 interval=10000 timeout=4000 fall=3 rise=2",
			"tcp 192.0.2.1:443" },
	{ { .protocol = CP_PROTOCOL_TCP,
			  .port = 80,
			  .interval_ms = 200,
			  .timeout_ms = 100,
			  .fall = 1,
			  .rise = 1 },
			"2001:db8::1", "tcp 2001:db8::1 80 interval=200 timeout=100 fall=1 rise=1",
			"tcp [2001:db8::1]:80" },
	{ { .protocol = CP_PROTOCOL_HTTPS,
			  .port = 443,
			  .host = host,
			  .path = path,
			  .interval_ms = 1,
			  .timeout_ms = 1,
			  .fall = 1,
			  .rise = 1 },
			"192.0.2.1",
			"https 192.0.2.1 443 host=www.example.test "
			"path=/_dns?a=b%20c%2520d "
			"interval=1 timeout=1 fall=1 rise=1",
			"https 192.0.2.1:443 www.example.test/_dns?a=b c%20d" },
	/* No host: the value itself; a name loses its final dot. */
	{ { .protocol = CP_PROTOCOL_HTTP,
			  .port = 80,
			  .path = path + 4,
			  .interval_ms = 1,
			  .timeout_ms = 1,
			  .fall = 1,
			  .rise = 1 },
			"a.test.",
			"http a.test 80 host=a.test path=s?a=b%20c%2520d interval=1 "
			"timeout=1 "
			"fall=1 rise=1",
			"http a.test:80 a.tests?a=b c%20d" },
	{ { .protocol = CP_PROTOCOL_ICMP, .interval_ms = 1, .timeout_ms = 1, .fall = 1, .rise = 1 },
			"192.0.2.1", "icmp 192.0.2.1 0 interval=1 timeout=1 fall=1 rise=1",
			"icmp 192.0.2.1" },
	{ { .protocol = CP_PROTOCOL_UDP,
			  .port = 53,
			  .interval_ms = UINT32_MAX,
			  .timeout_ms = 1,
			  .fall = 1,
			  .rise = 1 },
			"192.0.2.1", "udp 192.0.2.1 53 interval=4294967295 timeout=1 fall=1 rise=1",
			"udp 192.0.2.1:53" },
};

static void
test_keys_and_labels(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cp_target target;
		struct cp_target again;
		char key[CP_TARGET_KEY_MAX];
		char label[256];

		cp_target_make(&rows[i].check, rows[i].value, &target);
		assert_int_equal(cp_target_key(&target, key), strlen(rows[i].key));
		assert_string_equal(key, rows[i].key);
		cp_target_label(&target, label, sizeof(label));
		assert_string_equal(label, rows[i].label);
		assert_int_equal(cp_target_from_key(key, &again), 0);
		assert_int_equal(cp_target_key(&again, key), strlen(rows[i].key));
		assert_string_equal(key, rows[i].key);
		assert_string_equal(again.host, target.host);
		assert_string_equal(again.path, target.path);
		assert_int_equal(again.port, target.port);
		assert_int_equal(again.interval_ms, target.interval_ms);
	}
}

static void
test_what_is_no_key(void **state)
{
	static const char *const keys[] = {
		"",
		"tcp",
		"tcp 192.0.2.1",
		"TCP 192.0.2.1 443 interval=1 timeout=1 fall=1 rise=1",
		"tcp 192.0.2.1 443 interval=1 timeout=1 fall=1",
		"tcp 192.0.2.1 443 interval=1 timeout=1 fall=1 rise=1 ",
		"tcp 192.0.2.1 443 interval=1 timeout=1 fall=1 rise=1 x",
		"tcp  192.0.2.1 443 interval=1 timeout=1 fall=1 rise=1",
		" tcp 192.0.2.1 443 interval=1 timeout=1 fall=1 rise=1",
		"tcp 192.0.2.1 0443 interval=1 timeout=1 fall=1 rise=1",
		"tcp 192.0.2.1 65536 interval=1 timeout=1 fall=1 rise=1",
		"tcp 192.0.2.1 443 interval=4294967296 timeout=1 fall=1 rise=1",
		"tcp 192.0.2.1 443 interval=99999999999 timeout=1 fall=1 rise=1",
		"tcp 192.0.2.1 443 interval=-1 timeout=1 fall=1 rise=1",
		"tcp 192.0.2.1 443 interval= timeout=1 fall=1 rise=1",
		"tcp 192.0.2.1 443 timeout=1 interval=1 fall=1 rise=1",
		"tcp 192.0.2.1 443 host=x path=/ interval=1 timeout=1 fall=1 rise=1",
		"http 192.0.2.1 443 interval=1 timeout=1 fall=1 rise=1",
		"http 192.0.2.1 443 host=x path=/%2 interval=1 timeout=1 fall=1 rise=1",
		"http 192.0.2.1 443 host=x path=/%41 interval=1 timeout=1 fall=1 rise=1",
		"http 192.0.2.1 443 host=x path=/%00 interval=1 timeout=1 fall=1 rise=1",
		"http 192.0.2.1 443 host=x path=/%zz interval=1 timeout=1 fall=1 rise=1",
		long_address_key,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct cp_target target = { .port = 7 };

		if (cp_target_from_key(keys[i], &target) != -EINVAL || target.port != 7) {
			fail_msg("\"%s\" is taken for a key", keys[i]);
		}
	}
}

static void
test_a_key_that_does_not_fit(void **state)
{
	struct cp_target target = {
		.protocol = CP_PROTOCOL_HTTP, .address = "192.0.2.1", .host = "x"
	};
	char key[CP_TARGET_KEY_MAX] = "untouched";

	(void)state;
	memset(target.path, ' ', sizeof(target.path) - 1);
	assert_int_equal(cp_target_key(&target, key), -EINVAL);
	assert_string_equal(key, "untouched");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_and_labels),
		cmocka_unit_test(test_what_is_no_key),
		cmocka_unit_test(test_a_key_that_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
