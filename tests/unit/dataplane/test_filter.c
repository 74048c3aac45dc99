/*
 * The XDP program, run by the kernel over frames of every kind (BPF_PROG_TEST_RUN). What it takes
 * must be exactly our queries: a frame too many is lost to the kernel, one too few to us.
 *
 * Needs the right to load programs; without it the test says so and is skipped.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/vlan.h"
#include "dataplane/xdp/link.h"
#include "tests/unit/test.h"

#define SKIP_EXIT 77 /* what meson counts as skipped */
#define FRAME_MAX 256u

static struct bpf_object *object;
static int program_fd;
static int socket_fd;

static int
map_fd(const char *name)
{
	return bpf_object__find_map_fd_by_name(object, name);
}

static void
add_address(const char *map, int family, const char *text)
{
	uint8_t key[16];
	const uint8_t present = 1;

	assert_int_equal(inet_pton(family, text, key), 1);
	assert_int_equal(bpf_map_update_elem(map_fd(map), key, &present, BPF_ANY), 0);
}

static void
add_vlan(uint16_t outer, uint16_t inner)
{
	const uint32_t key = dp_vlan_key(outer, inner);
	const uint8_t present = 1;

	assert_int_equal(bpf_map_update_elem(map_fd("our_vlans"), &key, &present, BPF_ANY), 0);
}

/* A frame in the making; the parts are appended in order. */
struct frame {
	size_t len;
	uint8_t bytes[FRAME_MAX];
};

static void
put(struct frame *frame, const void *bytes, size_t len)
{
	assert_true(len <= sizeof(frame->bytes) - frame->len);
	memcpy(frame->bytes + frame->len, bytes, len);
	frame->len += len;
}

static void
put16(struct frame *frame, unsigned int value)
{
	const uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	put(frame, bytes, sizeof(bytes));
}

struct row {
	const char *what;
	const char *dst;
	unsigned int port;
	uint16_t fragment; /* IPv4: flags and offset */
	uint8_t protocol;
	uint8_t ihl;     /* IPv4: header words; 0: 5 */
	uint8_t version; /* 0: the right one */
	bool is_ours;
	bool is_other_mac;
	struct {
		uint16_t type; /* 0: no more */
		uint16_t tci;
	} tags[3];
};

static void
put_ethernet(struct frame *frame, const struct row *row, unsigned int type)
{
	put(frame, row->is_other_mac ? "\x02\x00\x00\x00\x00\x09" : "\x02\x00\x00\x00\x00\x01", 6);
	put(frame, "\x02\x00\x00\x00\x00\x02", 6);
	for (size_t i = 0; i < ARRAY_LEN(row->tags) && row->tags[i].type != 0; i++) {
		put16(frame, row->tags[i].type);
		put16(frame, row->tags[i].tci);
	}
	put16(frame, type);
}

static void
put_udp(struct frame *frame, unsigned int port)
{
	put16(frame, 40000);
	put16(frame, port);
	put16(frame, 8 + 12);
	put16(frame, 0);
	put(frame, "\x12\x34\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
}

static void
put_ipv4(struct frame *frame, const struct row *row)
{
	uint8_t ihl = row->ihl != 0 ? row->ihl : 5;
	uint8_t head[60] = { 0 };

	head[0] = (uint8_t)((row->version != 0 ? row->version : 4) << 4 | ihl);
	head[6] = (uint8_t)(row->fragment >> 8);
	head[7] = (uint8_t)row->fragment;
	head[8] = 64;
	head[9] = row->protocol;
	memset(head + 20, 1, sizeof(head) - 20); /* options: no-operation */
	assert_int_equal(inet_pton(AF_INET, "198.51.100.1", head + 12), 1);
	assert_int_equal(inet_pton(AF_INET, row->dst, head + 16), 1);
	put(frame, head, ihl >= 5 ? ihl * 4u : 20u);
}

static void
put_ipv6(struct frame *frame, const struct row *row)
{
	uint8_t head[40] = { 0 };

	head[0] = (uint8_t)((row->version != 0 ? row->version : 6) << 4);
	head[6] = row->protocol;
	head[7] = 64;
	assert_int_equal(inet_pton(AF_INET6, "2001:db8:1::1", head + 8), 1);
	assert_int_equal(inet_pton(AF_INET6, row->dst, head + 24), 1);
	put(frame, head, sizeof(head));
}

static void
make_frame(struct frame *frame, const struct row *row)
{
	bool is_v6 = strchr(row->dst, ':') != NULL;

	memset(frame, 0, sizeof(*frame));
	put_ethernet(frame, row, is_v6 ? 0x86dd : 0x0800);
	if (is_v6) {
		put_ipv6(frame, row);
	} else {
		put_ipv4(frame, row);
	}
	put_udp(frame, row->port);
}

/* The program's decision about the first `len` bytes (at least an Ethernet header: the kernel
 * accepts no less). */
static uint32_t
decide(const struct frame *frame, size_t len)
{
	struct bpf_test_run_opts opts = {
		.sz = sizeof(opts),
		.data_in = frame->bytes,
		.data_size_in = (uint32_t)len,
		.repeat = 1,
	};
	int err = bpf_prog_test_run_opts(program_fd, &opts);

	if (err != 0) {
		fail_msg("test run of %zu bytes: %s", len, strerrordesc_np(-err));
	}
	return opts.retval;
}

#define V4_QUERY "192.0.2.53", 53, 0, IPPROTO_UDP, 0, 0
#define V6_QUERY "2001:db8::53", 53, 0, IPPROTO_UDP, 0, 0

static const struct row rows[] = {
	{ "IPv4", "192.0.2.53", 53, 0, IPPROTO_UDP, 0, 0, true },
	{ "IPv4, second address", "192.0.2.54", 53, 0, IPPROTO_UDP, 0, 0, true },
	{ "IPv4, do not fragment", "192.0.2.53", 53, 0x4000, IPPROTO_UDP, 0, 0, true },
	{ "IPv4, one word of options", "192.0.2.53", 53, 0, IPPROTO_UDP, 6, 0, true },
	{ "IPv4, all options", "192.0.2.53", 53, 0, IPPROTO_UDP, 15, 0, true },
	{ "IPv6", "2001:db8::53", 53, 0, IPPROTO_UDP, 0, 0, true },
	{ "IPv4, not our address", "192.0.2.55", 53, 0, IPPROTO_UDP, 0, 0, false },
	{ "IPv6, not our address", "2001:db8::54", 53, 0, IPPROTO_UDP, 0, 0, false },
	{ "IPv4, port 5353", "192.0.2.53", 5353, 0, IPPROTO_UDP, 0, 0, false },
	{ "IPv4, port bytes swapped", "192.0.2.53", 53 << 8, 0, IPPROTO_UDP, 0, 0, false },
	{ "IPv6, port 5353", "2001:db8::53", 5353, 0, IPPROTO_UDP, 0, 0, false },
	{ "IPv4, TCP", "192.0.2.53", 53, 0, IPPROTO_TCP, 0, 0, false },
	{ "IPv4, ICMP", "192.0.2.53", 53, 0, IPPROTO_ICMP, 0, 0, false },
	{ "IPv6, TCP", "2001:db8::53", 53, 0, IPPROTO_TCP, 0, 0, false },
	{ "IPv6, hop-by-hop options", "2001:db8::53", 53, 0, IPPROTO_HOPOPTS, 0, 0, false },
	{ "IPv6, fragment header", "2001:db8::53", 53, 0, IPPROTO_FRAGMENT, 0, 0, false },
	{ "IPv4, first fragment", "192.0.2.53", 53, 0x2000, IPPROTO_UDP, 0, 0, false },
	{ "IPv4, later fragment", "192.0.2.53", 53, 0x0001, IPPROTO_UDP, 0, 0, false },
	{ "IPv4, last fragment", "192.0.2.53", 53, 0x1fff, IPPROTO_UDP, 0, 0, false },
	{ "IPv4, header length 4", "192.0.2.53", 53, 0, IPPROTO_UDP, 4, 0, false },
	{ "IPv4, version 6", "192.0.2.53", 53, 0, IPPROTO_UDP, 0, 6, false },
	{ "IPv6, version 4", "2001:db8::53", 53, 0, IPPROTO_UDP, 0, 4, false },
	{ "IPv4, another's MAC", "192.0.2.53", 53, 0, IPPROTO_UDP, 0, 0, false, true },
	{ "IPv4, VLAN 100", V4_QUERY, true, .tags = { { 0x8100, 100 } } },
	{ "IPv6, VLAN 100", V6_QUERY, true, .tags = { { 0x8100, 100 } } },
	{ "IPv4, VLAN 100, priority 7", V4_QUERY, true, .tags = { { 0x8100, 0xf064 } } },
	{ "IPv4, VLAN 100, 802.1ad", V4_QUERY, true, .tags = { { 0x88a8, 100 } } },
	{ "IPv4, VLAN 100, another's MAC", V4_QUERY, false, true, .tags = { { 0x8100, 100 } } },
	{ "IPv4, VLAN 7", V4_QUERY, false, .tags = { { 0x8100, 7 } } },
	{ "IPv6, VLAN 7", V6_QUERY, false, .tags = { { 0x8100, 7 } } },
	{ "IPv4, VLAN 300", V4_QUERY, false, .tags = { { 0x8100, 300 } } },
	{ "IPv4, priority tag", V4_QUERY, true, .tags = { { 0x8100, 0xe000 } } },
	{ "IPv4, QinQ 300.100", V4_QUERY, true, .tags = { { 0x88a8, 300 }, { 0x8100, 100 } } },
	{ "IPv6, QinQ 300.100", V6_QUERY, true, .tags = { { 0x8100, 300 }, { 0x8100, 100 } } },
	{ "IPv4, QinQ 100.300", V4_QUERY, false, .tags = { { 0x88a8, 100 }, { 0x8100, 300 } } },
	{ "IPv4, QinQ 300.101", V4_QUERY, false, .tags = { { 0x88a8, 300 }, { 0x8100, 101 } } },
	{ "IPv4, three tags", V4_QUERY, false,
			.tags = { { 0x88a8, 300 }, { 0x8100, 100 }, { 0x8100, 100 } } },
};

static void
our_queries_are_taken_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct frame frame;

		make_frame(&frame, &rows[i]);
		if (decide(&frame, frame.len) != (rows[i].is_ours ? XDP_REDIRECT : XDP_PASS)) {
			fail_msg("%s: %s", rows[i].what, rows[i].is_ours ? "passed" : "taken");
		}
	}
}

static void
cut_everywhere(const struct row *row)
{
	struct frame frame;

	make_frame(&frame, row);
	for (size_t len = 14; len < frame.len; len++) {
		/* The DNS header may be cut: that is for the worker to count. */
		bool has_headers = len >= frame.len - 12;

		if (decide(&frame, len) != (has_headers ? XDP_REDIRECT : XDP_PASS)) {
			fail_msg("%s, %zu bytes of %zu", row->what, len, frame.len);
		}
	}
}

static void
a_frame_cut_inside_its_headers_is_the_kernels(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].is_ours) {
			cut_everywhere(&rows[i]);
		}
	}
}

static void
set_link(bool has_untagged)
{
	const uint32_t only = 0;
	const struct dp_xdp_link link = { .mac = { 2, 0, 0, 0, 0, 1 },
		.has_untagged = has_untagged };

	assert_int_equal(bpf_map_update_elem(map_fd("our_link"), &only, &link, BPF_ANY), 0);
}

static void
untagged_frames_pass_where_only_tags_are_ours(void **state)
{
	(void)state;
	set_link(false);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool is_in_vlan = rows[i].tags[0].type != 0 && (rows[i].tags[0].tci & 0xfff) != 0;
		struct frame frame;

		make_frame(&frame, &rows[i]);
		if (decide(&frame, frame.len) !=
				(rows[i].is_ours && is_in_vlan ? XDP_REDIRECT : XDP_PASS)) {
			fail_msg("%s", rows[i].what);
		}
	}
	set_link(true);
}

static void
everything_passes_without_addresses_or_socket(void **state)
{
	const uint32_t queue = 0;
	struct frame frame;
	uint8_t key[16];

	(void)state;
	make_frame(&frame, &rows[0]);
	assert_int_equal(decide(&frame, frame.len), XDP_REDIRECT);
	assert_int_equal(bpf_map_delete_elem(map_fd("xsks_map"), &queue), 0);
	assert_int_equal(decide(&frame, frame.len), XDP_PASS); /* the process has died */
	assert_int_equal(bpf_map_update_elem(map_fd("xsks_map"), &queue, &socket_fd, BPF_ANY), 0);
	assert_int_equal(inet_pton(AF_INET, "192.0.2.53", key), 1);
	assert_int_equal(bpf_map_delete_elem(map_fd("our_ipv4"), key), 0);
	assert_int_equal(decide(&frame, frame.len), XDP_PASS);
	add_address("our_ipv4", AF_INET, "192.0.2.53");
}

/* 0, or why the kernel will not have it. */
static int
load_program(void)
{
	int err;

	object = bpf_object__open_file(FILTER_OBJECT, NULL);
	if (object == NULL) {
		return -errno;
	}
	err = bpf_object__load(object);
	if (err == 0) {
		program_fd = bpf_program__fd(bpf_object__next_program(object, NULL));
	}
	return err;
}

static int
set_up(void **state)
{
	const uint32_t queue = 0;

	(void)state;
	/* A socket that is bound to nothing is enough to be a place to redirect to. */
	socket_fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	assert_true(socket_fd >= 0);
	assert_int_equal(bpf_map_update_elem(map_fd("xsks_map"), &queue, &socket_fd, BPF_ANY), 0);
	add_address("our_ipv4", AF_INET, "192.0.2.53");
	add_address("our_ipv4", AF_INET, "192.0.2.54");
	add_address("our_ipv6", AF_INET6, "2001:db8::53");
	set_link(true);
	add_vlan(100, 0);
	add_vlan(300, 100);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_queries_are_taken_and_nothing_else),
		cmocka_unit_test(untagged_frames_pass_where_only_tags_are_ours),
		cmocka_unit_test(a_frame_cut_inside_its_headers_is_the_kernels),
		cmocka_unit_test(everything_passes_without_addresses_or_socket),
	};
	int err = load_program();
	int failed_cnt;

	if (err == -EPERM) {
		(void)puts("skipped: loading XDP programs needs root");
		return SKIP_EXIT;
	}
	if (err != 0) {
		(void)fprintf(stderr, "%s: %s\n", FILTER_OBJECT, strerrordesc_np(-err));
		return 1;
	}
	failed_cnt = cmocka_run_group_tests(tests, set_up, NULL);
	close(socket_fd);
	bpf_object__close(object);
	return failed_cnt;
}
