/* Configuration files as rows: what is taken, and what each mistake is told. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/config.h"
#include "tests/unit/test.h"

/* Loads `text` as a file; all messages into `said`. */
static int
load(const char *text, struct dp_config *config, char *said, size_t said_size)
{
	char path[] = "/tmp/meridian-config-XXXXXX";
	struct conf_errors errors = { 0 };
	int fd = mkstemp(path);
	size_t len = 0;
	int err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	err = dp_config_load(path, config, &errors);
	unlink(path);
	said[0] = '\0';
	for (size_t i = 0; i < errors.cnt && len < said_size; i++) {
		len += (size_t)snprintf(said + len, said_size - len, "%u:%u: %s\n",
				errors.messages[i].line, errors.messages[i].col,
				errors.messages[i].text);
	}
	conf_errors_free(&errors);
	return err;
}

#define SOCKET_PORT      "ports: [{kind: socket, listen: '127.0.0.1:5300'}]\n"
#define XDP_PORT         "ports: [{kind: af_xdp, interface: v0}]\n"
#define TAP_VLANS(vlans) "ports: [{kind: tap, interface: t0, vlans: [" vlans "]}]\n"

static void
mistakes_are_named_with_their_place(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} rows[] = {
		{ "identity: x\n", "ports" },
		{ "ports: []\n", "ports: 0 of them; 1 to 16" },
		{ "ports: [{kind: carrier_pigeon}]\n", "kind" },
		{ "ports: [{interface: v0}]\n", "kind" },
		{ "ports: [{kind: af_xdp}]\n", "ports[0].interface: needed for kind af_xdp" },
		{ XDP_PORT, "ports[0]: kind af_xdp needs `addresses`" },
		{ "ports: [{kind: af_packet, interface: v0}]\n", "needs `addresses`" },
		{ "ports: [{kind: tap, interface: 'a,b=c'}]\n", "cannot be an interface name" },
		{ "ports: [{kind: tap, interface: 'abcdefghijklmnop'}]\n", "interface name" },
		{ "ports: [{kind: memif}]\n", "ports[0].socket: needed for kind memif" },
		{ "ports: [{kind: pci}]\n", "ports[0].device: needed for kind pci" },
		{ "ports: [{kind: socket}]\n", "ports[0].listen: needed for kind socket" },
		{ "ports: [{kind: socket, listen: '127.0.0.1:0'}]\n",
				"ports[0].listen[0]: '127.0.0.1:0'" },
		{ "ports: [{kind: socket, listen: 'localhost:53'}]\n", "'localhost:53'" },
		{ TAP_VLANS("0"), "ports[0].vlans[0]: '0' is not untagged, a VLAN from 1 to 4094" },
		{ TAP_VLANS("100, 4095"), "ports[0].vlans[1]: '4095' is not" },
		{ TAP_VLANS("untagged, 100, 100"), "ports[0].vlans[2]: '100' is named twice" },
		{ "ports: [{kind: socket, listen: '127.0.0.1:5300', vlans: [100]}]\n",
				"ports[0].vlans: not for kind socket" },
		{ SOCKET_PORT "addresses: [192.0.2.1, 192.0.2]\n",
				"addresses[1]: '192.0.2' is not an IPv4 or IPv6 address" },
		{ SOCKET_PORT "cores: [1, x]\n", "cores[1]: 'x'" },
		{ SOCKET_PORT "cores: [3-1]\n", "cores[0]: '3-1'" },
		{ SOCKET_PORT "cores: [1, 0-2]\n", "cores: CPU 1 is named twice" },
		{ SOCKET_PORT "cores: [0-99]\n", "more than 64 workers" },
		{ SOCKET_PORT "max_udp_bytes: 65535\n", "max_udp_bytes" },
		{ SOCKET_PORT "max_udp_byte: 1232\n", "max_udp_byte" },
		{ SOCKET_PORT "tcp: {idle_timeout_s: 0}\n", "idle_timeout_s" },
		{ SOCKET_PORT "cookies: {secrets: x}\n", "cookies.secrets" },
		{ SOCKET_PORT "cookies: {enabled: false, require: true}\n",
				"cookies.require: cookies are not enabled" },
		{ SOCKET_PORT "cookies: {secret_file: /nowhere/secrets}\n",
				"0:0: No such file or directory" },
		{ SOCKET_PORT "drop_source_ports: [7, 0]\n",
				"drop_source_ports[1]: '0' is not a port (1 to 65535)" },
		{ SOCKET_PORT "drop_source_ports: 65536\n", "'65536' is not a port" },
		{ SOCKET_PORT "drop_source_ports: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,"
			      "18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33]\n",
				"drop_source_ports: 33 of them; at most 32" },
		{ SOCKET_PORT "rate_limit: {responses_per_second: -1}\n",
				"rate_limit.responses_per_second" },
		{ SOCKET_PORT "rate_limit: {burst_s: 0}\n", "rate_limit.burst_s" },
		{ SOCKET_PORT "rate_limit: {ipv4_prefix: 33}\n", "rate_limit.ipv4_prefix" },
		{ SOCKET_PORT "rate_limit: {exempt: [here]}\n", "rate_limit.exempt[0]: 'here'" },
		{ SOCKET_PORT "ecs: {resolvers: [192.0.2.0/24, 192.0.2.1/24]}\n",
				"2:33: ecs.resolvers[1]: '192.0.2.1/24' is not an address or a "
				"prefix" },
		{ SOCKET_PORT "identity: " /* 65 characters */
			      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
				"identity: 65 characters; at most 64" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dp_config config;
		char said[1024];

		if (load(rows[i].text, &config, said, sizeof(said)) != -EINVAL ||
				strstr(said, rows[i].says) == NULL) {
			fail_msg("%s: said '%s'", rows[i].text, said);
		}
	}
}

static void
all_mistakes_are_told_in_one_run(void **state)
{
	struct dp_config config;
	char said[1024];

	(void)state;
	assert_int_equal(load("addresses: [x]\ncores: [y]\nports: [{kind: pci}]\n", &config, said,
					 sizeof(said)),
			-EINVAL);
	assert_non_null(strstr(said, "1:13: addresses[0]"));
	assert_non_null(strstr(said, "2:9: cores[0]"));
	assert_non_null(strstr(
			said, "3:9: ports[0].device")); /* what is missing: where it should be */
}

static void
what_is_not_said_has_its_default(void **state)
{
	struct dp_config config;
	char said[1024];

	(void)state;
	assert_int_equal(load(SOCKET_PORT, &config, said, sizeof(said)), 0);
	assert_string_equal(said, "");
	assert_int_equal(config.settings.max_udp_bytes, 1232);
	assert_false(config.settings.is_rotating);
	assert_int_equal(config.idle_sleep_us, 50);
	assert_int_equal(config.promote_after_s, 30);
	assert_int_equal(config.main_core, -1);
	assert_int_equal(config.cpu_cnt, 0);
	assert_true(config.cookies.enabled);
	assert_false(config.settings.is_cookie_required);
	assert_null(config.cookie_file.path);
	assert_int_equal(config.cookie_keys.cnt, 0);
	assert_int_equal(config.settings.tcp_keepalive_ds, 100);
	assert_true(config.tcp.enabled);
	assert_int_equal(config.tcp.idle_timeout_s, 10);
	assert_int_equal(config.settings.tcp_keepalive_ds, 100);
	assert_string_equal(config.run_dir, "/run/meridian");
	assert_string_equal(config.state_dir, "/var/lib/meridian");
	assert_true(config.settings.identity_len > 0); /* the host's name */
	assert_false(is_dp_config_packet(&config));
	assert_int_equal(config.listen.cnt, 1);
	assert_int_equal(config.listen.items[0].port, 5300);
	dp_config_done(&config);
}

static void
who_is_answered_is_read(void **state)
{
	static const uint16_t talkative[] = { 7, 11, 13, 17, 19, 37, 69, 123 };
	const struct tbl_addr listed = { { 192, 0, 2, 77 }, 4 };
	const struct tbl_addr other = { { 192, 0, 3, 77 }, 4 };
	struct dp_config config;
	char said[1024];

	(void)state;
	assert_int_equal(load(SOCKET_PORT, &config, said, sizeof(said)), 0);
	assert_false(config.settings.is_ecs_off);
	assert_true(is_dp_prefixes_empty(&config.settings.ecs_resolvers));
	assert_int_equal(config.settings.drop_source_ports.cnt, ARRAY_LEN(talkative));
	assert_memory_equal(config.settings.drop_source_ports.items, talkative, sizeof(talkative));
	dp_config_done(&config);
	assert_int_equal(load(SOCKET_PORT "drop_source_ports: [123, 7]\n"
					  "ecs: {resolvers: 192.0.2.0/24}\n",
					 &config, said, sizeof(said)),
			0);
	assert_int_equal(config.settings.drop_source_ports.cnt, 2);
	assert_int_equal(config.settings.drop_source_ports.items[0], 7);
	assert_true(is_in_dp_prefixes(&config.settings.ecs_resolvers, &listed));
	assert_false(is_in_dp_prefixes(&config.settings.ecs_resolvers, &other));
	dp_config_done(&config);
	assert_int_equal(load(SOCKET_PORT "drop_source_ports: []\necs: {enabled: false}\n", &config,
					 said, sizeof(said)),
			0);
	assert_int_equal(config.settings.drop_source_ports.cnt, 0);
	assert_true(config.settings.is_ecs_off);
	dp_config_done(&config);
}

static void
rate_limits_are_read(void **state)
{
	const struct tbl_addr listed = { { 192, 0, 2, 77 }, 4 };
	struct dp_config config;
	char said[1024];

	(void)state;
	assert_int_equal(load(SOCKET_PORT, &config, said, sizeof(said)), 0);
	assert_false(config.has_rate_limit); /* off by default */
	assert_int_equal(config.limiter.ipv4_bits, 24);
	assert_int_equal(config.limiter.ipv6_bits, 56);
	dp_config_done(&config);
	assert_int_equal(load(SOCKET_PORT "rate_limit: {errors_per_second: 7, slip: 3, burst_s: 4, "
					  "ipv6_prefix: 48, table_size: 2000, exempt: "
					  "[192.0.2.0/24]}\n",
					 &config, said, sizeof(said)),
			0);
	assert_true(config.has_rate_limit);
	assert_int_equal(config.limiter.per_second[DP_LIMIT_ERROR], 7);
	assert_int_equal(config.limiter.per_second[DP_LIMIT_ANSWER], 0);
	assert_int_equal(config.limiter.slip, 3);
	assert_int_equal(config.limiter.burst_s, 4);
	assert_int_equal(config.limiter.ipv6_bits, 48);
	assert_int_equal(config.limiter.table_size, 2000);
	assert_true(is_in_dp_prefixes(&config.limiter_exempt, &listed));
	dp_config_done(&config);
}

static void
ports_cores_and_addresses_are_read(void **state)
{
	struct dp_config config;
	char said[1024];

	(void)state;
	assert_int_equal(
			load("identity: ns1\naddresses: [192.0.2.53, '2001:db8::53']\n"
			     "cores: [2, 4-6]\nports:\n- {kind: af_xdp, interface: v0, queues: 3}\n"
			     "- {kind: memif, socket: m.sock, role: client, checksum: trust}\n",
					&config, said, sizeof(said)),
			0);
	assert_string_equal(said, "");
	assert_int_equal(config.addresses.cnt, 2);
	assert_int_equal(config.addresses.items[1].family, 6);
	assert_int_equal(config.cpu_cnt, 4);
	assert_int_equal(config.cpus[3], 6);
	assert_int_equal(config.settings.identity_len, 3);
	assert_true(is_dp_config_packet(&config));
	assert_int_equal(config.ports.cnt, 2);
	assert_int_equal(dp_config_ports(&config)[0].queues, 3);
	assert_int_equal(dp_config_ports(&config)[0].checksum, DP_CHECKSUM_VERIFY);
	assert_int_equal(dp_config_ports(&config)[1].role, DP_MEMIF_CLIENT);
	assert_int_equal(dp_config_ports(&config)[1].checksum, DP_CHECKSUM_TRUST);
	assert_string_equal(dp_config_ports(&config)[1].socket, "/tmp/m.sock");
	assert_true(dp_config_ports(&config)[1].vlans.has_untagged);
	assert_int_equal(dp_config_ports(&config)[1].vlans.cnt, 0);
	dp_config_done(&config);
}

static void
vlans_are_read_as_they_are_written(void **state)
{
	const struct dp_vlans *vlans;
	struct dp_config config;
	char said[1024];

	(void)state;
	/* 300.100 is no number: it is not 300.1. */
	assert_int_equal(load(TAP_VLANS("100, 300.100, 4094.1"), &config, said, sizeof(said)), 0);
	vlans = &dp_config_ports(&config)[0].vlans;
	assert_false(vlans->has_untagged);
	assert_int_equal(vlans->cnt, 3);
	assert_int_equal(vlans->keys[0], dp_vlan_key(100, 0));
	assert_int_equal(vlans->keys[1], dp_vlan_key(300, 100));
	assert_int_equal(vlans->keys[2], dp_vlan_key(4094, 1));
	dp_config_done(&config);
	assert_int_equal(load(TAP_VLANS("untagged"), &config, said, sizeof(said)), 0);
	assert_true(dp_config_ports(&config)[0].vlans.has_untagged);
	dp_config_done(&config);
}

static void
endpoints_are_read_and_written(void **state)
{
	static const struct {
		const char *text;
		const char *means; /* NULL: refused */
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1:53" },
		{ "192.0.2.1:5300", "192.0.2.1:5300" },
		{ "2001:db8::1", "[2001:db8::1]:53" },
		{ "[2001:db8::1]", "[2001:db8::1]:53" },
		{ "[2001:db8::1]:65535", "[2001:db8::1]:65535" },
		{ "::", "[::]:53" },
		{ "0.0.0.0:1", "0.0.0.0:1" },
		{ "", NULL },
		{ ":53", NULL },
		{ "192.0.2.1:", NULL },
		{ "192.0.2.1:0", NULL },
		{ "192.0.2.1:65536", NULL },
		{ "192.0.2.1:5x", NULL },
		{ "[2001:db8::1", NULL },
		{ "2001:db8::1]:53", NULL },
		{ "[]:53", NULL },
		{ "[192.0.2.1:53", NULL },
		{ "example.test:53", NULL },
		{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dp_endpoint endpoint;
		char text[DP_ENDPOINT_TEXT_MAX];
		int err = dp_endpoint_parse(rows[i].text, &endpoint);

		if ((err == 0) != (rows[i].means != NULL)) {
			fail_msg("'%s': %d", rows[i].text, err);
		}
		if (err == 0) {
			dp_endpoint_text(&endpoint, text);
			assert_string_equal(text, rows[i].means);
		}
	}
}

static void
listen_arguments_make_a_socket_port(void **state)
{
	static const char *const good[] = { "127.0.0.1:5300", "[::1]:5300" };
	static const char *const bad[] = { "127.0.0.1:5300", "here" };
	struct conf_errors errors = { 0 };
	struct dp_config config;

	(void)state;
	assert_int_equal(dp_config_listen(good, 2, &config, &errors), 0);
	assert_int_equal(config.listen.cnt, 2);
	assert_false(is_dp_config_packet(&config));
	dp_config_done(&config);
	assert_int_equal(dp_config_listen(bad, 2, &config, &errors), -EINVAL);
	assert_int_equal(errors.error_cnt, 1);
	assert_non_null(strstr(errors.messages[0].text, "'here'"));
	conf_errors_free(&errors);
}

/* The whole file as text. */
static void
read_example(char *text, size_t size)
{
	FILE *file = fopen(MERIDIAND_EXAMPLE, "r");
	size_t len;

	assert_non_null(file);
	len = fread(text, 1, size - 1, file);
	assert_true(len > 0);
	text[len] = '\0';
	assert_int_equal(fclose(file), 0);
}

/* The text of --help; free() it. */
static char *
read_help(void)
{
	char *help = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&help, &size);

	assert_non_null(out);
	dp_config_help(out);
	assert_int_equal(fclose(out), 0);
	return help;
}

/* The key that a line of --help is about, with its colon; NULL: it explains one. */
static char *
key_of(char *line)
{
	char *key = line + strspn(line, " ");
	size_t len = strspn(key, "abcdefghijklmnopqrstuvwxyz_");

	if (len == 0 || key[len] != ':') {
		return NULL;
	}
	key[len + 1] = '\0';
	return key;
}

static void
the_example_shows_every_key_that_help_lists(void **state)
{
	static char example[65536];
	char *help = read_help();
	char *rest = NULL;
	size_t key_cnt = 0;

	(void)state;
	read_example(example, sizeof(example));
	for (char *line = strtok_r(help, "\n", &rest); line != NULL;
			line = strtok_r(NULL, "\n", &rest)) {
		const char *key = key_of(line);

		key_cnt += key != NULL ? 1 : 0;
		if (key != NULL && strstr(example, key) == NULL) {
			fail_msg("%s is not shown", key);
		}
	}
	assert_true(key_cnt > 20);
	free(help);
}

static void
the_example_is_fine(void **state)
{
	struct conf_errors errors = { 0 };
	struct dp_config config;

	(void)state;
	assert_int_equal(dp_config_load(MERIDIAND_EXAMPLE, &config, &errors), 0);
	assert_int_equal(errors.cnt, 0);
	dp_config_done(&config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_are_named_with_their_place),
		cmocka_unit_test(all_mistakes_are_told_in_one_run),
		cmocka_unit_test(what_is_not_said_has_its_default),
		cmocka_unit_test(who_is_answered_is_read),
		cmocka_unit_test(rate_limits_are_read),
		cmocka_unit_test(ports_cores_and_addresses_are_read),
		cmocka_unit_test(vlans_are_read_as_they_are_written),
		cmocka_unit_test(endpoints_are_read_and_written),
		cmocka_unit_test(listen_arguments_make_a_socket_port),
		cmocka_unit_test(the_example_shows_every_key_that_help_lists),
		cmocka_unit_test(the_example_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
