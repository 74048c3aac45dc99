/*
 * A publisher for the end-to-end tests: speaks table/ipc.h to a running data plane as the control
 * plane does, but makes tables that no control plane would, as fast as asked.
 *
 *   publisher SOCKET reseal IMAGE COUNT INTERVAL_MS   the same content under COUNT new generations
 *   publisher SOCKET swap A B FIRST COUNT INTERVAL_MS COUNT tables, image A in even generations and B in
 *                                                     odd ones
 *   publisher SOCKET churn FIRST COUNT INTERVAL_MS    COUNT tables that differ everywhere: every
 *                                                     address, TTL, serial, name set and hash seed
 *                                                     is a function of the generation alone
 *   publisher SOCKET file IMAGE                       the bytes of IMAGE as they are
 *   publisher SOCKET counters [WORKER]                prints the counters as JSON: one worker's, else
 *                                                     summed over all
 *   publisher SOCKET watch                            the same once for each line of standard input, which is
 *                                                     a worker's number or empty
 *   publisher SOCKET hold                             connects and waits for its end
 *
 * Prints a line for each reply: "ack GENERATION SWAP_US ROUND_TRIP_US" or "refused TEXT". Exit 0
 * when every publish was acknowledged, 1 when one was refused, 2 for everything else.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "table/build.h"
#include "table/ipc.h"
#include "table/location.h"
#include "table/name.h"
#include "table/stats.h"

#define REPLY_TIMEOUT_MS \
	10000          /* ten times the data plane's own deadline for a swap, for slow sanitizers */
#define NAMES_CNT  64u /* enough to fill several buckets, few enough to build 1,000 tables */
#define TYPE_A     1u
#define TYPE_NS    2u
#define TYPE_CNAME 5u
#define TYPE_SOA   6u
#define TYPE_TXT   16u

struct publisher {
	int sock;
	int counters_fd; /* from HELLO */
	uint64_t served; /* generation, from HELLO and every reply */
	bool was_refused;
};

static uint64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static void
sleep_until_us(uint64_t when_us)
{
	struct timespec ts = {
		.tv_sec = (time_t)(when_us / 1000000u),
		.tv_nsec = (long)(when_us % 1000000u) * 1000,
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR) {
	}
}

static int
receive(struct publisher *publisher, struct tbl_ipc_msg *ret_msg)
{
	struct pollfd waiting = { .fd = publisher->sock, .events = POLLIN };
	int fd = -1;
	int rc;

	if (poll(&waiting, 1, REPLY_TIMEOUT_MS) != 1) {
		return -ETIMEDOUT;
	}
	rc = tbl_ipc_recv(publisher->sock, ret_msg, &fd);
	if (fd >= 0) {
		publisher->counters_fd = fd; /* only HELLO carries one */
	}
	return rc;
}

static int
connect_to(const char *path, struct publisher *publisher)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct tbl_ipc_msg hello;
	int rc;

	if (strlen(path) >= sizeof(address.sun_path)) {
		return -ENAMETOOLONG;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	publisher->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (publisher->sock < 0 || connect(publisher->sock, (struct sockaddr *)&address,
						   sizeof(address)) != 0) {
		return -errno;
	}
	rc = receive(publisher, &hello);
	if (rc != 0) {
		return rc;
	}
	if (hello.kind == TBL_IPC_REFUSED) {
		printf("refused %s\n", hello.text);
		return hello.status;
	}
	publisher->served = hello.generation;
	return 0;
}

/* publish_image sends one image and waits for its reply. A refusal is remembered, not an error. */
static int
publish_image(struct publisher *publisher, const void *image, size_t size)
{
	const struct tbl_header *header = image;
	struct tbl_ipc_msg msg;
	uint64_t started_us = now_us();
	int fd = tbl_image_to_memfd("publisher", image, size);
	int rc;

	if (fd < 0) {
		return fd;
	}
	tbl_ipc_init(&msg, TBL_IPC_TABLE);
	msg.image_bytes = size;
	if (size >= sizeof(*header)) {
		msg.generation = header->generation;
	}
	rc = tbl_ipc_send(publisher->sock, &msg, fd);
	close(fd);
	if (rc == 0) {
		rc = receive(publisher, &msg);
	}
	if (rc != 0) {
		return rc;
	}
	if (msg.kind == TBL_IPC_ACK) {
		publisher->served = msg.generation;
		printf("ack %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", msg.generation,
				msg.swap_ns / 1000u, now_us() - started_us);
	} else {
		publisher->was_refused = true;
		printf("refused %s\n", msg.text);
	}
	(void)fflush(stdout);
	return 0;
}

static int
read_image(const char *path, void **ret_bytes, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *bytes = NULL;
	size_t capacity;

	if (fd < 0 || fstat(fd, &st) != 0) {
		return -errno;
	}
	/* Writable and aligned as images are; aligned_alloc wants whole multiples. */
	capacity = ((size_t)st.st_size + TBL_ALIGN_BYTES) & ~(size_t)(TBL_ALIGN_BYTES - 1);
	bytes = aligned_alloc(TBL_ALIGN_BYTES, capacity);
	if (bytes == NULL || read(fd, bytes, (size_t)st.st_size) != st.st_size) {
		free(bytes);
		close(fd);
		return -EIO;
	}
	close(fd);
	*ret_bytes = bytes;
	*ret_size = (size_t)st.st_size;
	return 0;
}

static int
publish_reseals(struct publisher *publisher, const char *path, uint32_t cnt, uint32_t interval_ms)
{
	void *image = NULL;
	size_t size = 0;
	uint64_t next_us = now_us();
	int rc = read_image(path, &image, &size);

	for (uint32_t i = 0; rc == 0 && i < cnt; i++) {
		tbl_reseal(image, publisher->served + 1, 0);
		rc = publish_image(publisher, image, size);
		next_us += (uint64_t)interval_ms * 1000u;
		sleep_until_us(next_us);
	}
	free(image);
	return rc;
}

static int
publish_swaps(struct publisher *publisher, char **paths, uint32_t first, uint32_t cnt,
		uint32_t interval_ms)
{
	void *images[2] = { NULL, NULL };
	size_t sizes[2] = { 0, 0 };
	uint64_t next_us = now_us();
	int rc = read_image(paths[0], &images[0], &sizes[0]);

	if (rc == 0) {
		rc = read_image(paths[1], &images[1], &sizes[1]);
	}
	for (uint32_t generation = first; rc == 0 && generation < first + cnt; generation++) {
		tbl_reseal(images[generation % 2], generation, 0);
		rc = publish_image(publisher, images[generation % 2], sizes[generation % 2]);
		next_us += (uint64_t)interval_ms * 1000u;
		sleep_until_us(next_us);
	}
	free(images[0]);
	free(images[1]);
	return rc;
}

static int
publish_file(struct publisher *publisher, const char *path)
{
	void *image = NULL;
	size_t size = 0;
	int rc = read_image(path, &image, &size);

	if (rc == 0) {
		rc = publish_image(publisher, image, size);
	}
	free(image);
	return rc;
}

/* One table of the churn, while it is made. ttl and the third and second address byte are the
 * generation: a reader can tell from any record which table it came from. */
struct churn {
	struct tbl_builder *builder;
	uint32_t zone;
	uint32_t generation; /* below 65536, to fit two address bytes */
	struct tbl_error error;
	int rc; /* first failure */
};

static struct tbl_rdata
address_rdata(const struct churn *churn, uint8_t last, uint8_t bytes[4])
{
	bytes[0] = 10;
	bytes[1] = (uint8_t)(churn->generation >> 8);
	bytes[2] = (uint8_t)churn->generation;
	bytes[3] = last;
	return (struct tbl_rdata){ .bytes = bytes, .size = 4 };
}

static void
add_record(struct churn *churn, const char *owner, uint16_t type, const uint8_t *bytes, size_t size)
{
	struct tbl_rdata rdata = { .bytes = bytes, .size = (uint16_t)size };
	uint8_t wire[TBL_NAME_MAX];

	if (churn->rc != 0) {
		return;
	}
	if (tbl_name_from_text(owner, wire) < 0) {
		churn->rc = -EINVAL;
		return;
	}
	churn->rc = tbl_builder_add_rrset(churn->builder, churn->zone, wire, type,
			churn->generation, &rdata, 1, &churn->error);
}

static void
add_address(struct churn *churn, const char *owner, uint8_t last)
{
	uint8_t bytes[4];
	struct tbl_rdata rdata = address_rdata(churn, last, bytes);

	add_record(churn, owner, TYPE_A, rdata.bytes, rdata.size);
}

static void
add_name_record(struct churn *churn, const char *owner, uint16_t type, const char *target)
{
	uint8_t wire[TBL_NAME_MAX];
	int len = tbl_name_from_text(target, wire);

	add_record(churn, owner, type, wire, len > 0 ? (size_t)len : 0);
}

/* Serial, and MINIMUM so that the negative TTL is the generation too. */
static void
add_soa(struct churn *churn)
{
	uint8_t bytes[2 * TBL_NAME_MAX + 20];
	uint32_t numbers[5] = { churn->generation, 3600, 600, 86400, churn->generation };
	int len = tbl_name_from_text("ns.churn.test.", bytes);
	size_t off = (size_t)len;

	off += (size_t)tbl_name_from_text("hostmaster.churn.test.", bytes + off);
	for (size_t i = 0; i < 5; i++) {
		uint32_t number_be = htonl(numbers[i]);

		memcpy(bytes + off, &number_be, sizeof(number_be));
		off += sizeof(number_be);
	}
	add_record(churn, "churn.test.", TYPE_SOA, bytes, off);
}

/* Pools 0 and 1 end in .201 and .202, the last resort in .203; the rule set sends 192.0.2.0/24 to
 * pool 0 in even generations, to pool 1 in odd ones. */
static void
add_dynamic(struct churn *churn)
{
	uint8_t bytes[3][4];
	struct tbl_value_input values[2];
	struct tbl_pool_input pools[2];
	struct tbl_rdata last_resort = address_rdata(churn, 203, bytes[2]);
	struct tbl_dyn_input input = {
		.pools = pools, .pool_cnt = 2, .last_resort = &last_resort, .last_resort_cnt = 1
	};
	uint8_t wire[TBL_NAME_MAX];

	for (uint8_t i = 0; i < 2; i++) {
		values[i] = (struct tbl_value_input){ .rdata = address_rdata(churn,
								      (uint8_t)(201 + i), bytes[i]),
			.text = "churn",
			.weight = 1 };
		pools[i] = (struct tbl_pool_input){ .name = i == 0 ? "even" : "odd",
			.values = &values[i],
			.value_cnt = 1,
			.fallback = -1 };
	}
	if (churn->rc == 0 && tbl_name_from_text("geo.churn.test.", wire) > 0) {
		churn->rc = tbl_builder_add_dynamic(churn->builder, churn->zone, wire, TYPE_A,
				churn->generation, &input, &churn->error);
	}
}

static void
add_records(struct churn *churn)
{
	uint8_t text[12];
	char owner[64];
	int len = snprintf((char *)text + 1, sizeof(text) - 1, "%" PRIu32, churn->generation);

	text[0] = (uint8_t)len;
	add_soa(churn);
	add_name_record(churn, "churn.test.", TYPE_NS, "ns.churn.test.");
	add_address(churn, "ns.churn.test.", 53);
	add_record(churn, "text.churn.test.", TYPE_TXT, text, (size_t)len + 1);
	add_address(churn, "*.wild.churn.test.", 42);
	add_name_record(churn, "alias.churn.test.", TYPE_CNAME, "n0.churn.test.");
	add_dynamic(churn);
	/* A name of every second table, and a number of names that moves every section. */
	if (churn->generation % 2 == 0) {
		add_address(churn, "even.churn.test.", 2);
	}
	for (uint32_t i = 0; i < NAMES_CNT + churn->generation % 7; i++) {
		(void)snprintf(owner, sizeof(owner), "n%" PRIu32 ".churn.test.", i);
		add_address(churn, owner, (uint8_t)i);
	}
}

static int
build_location(uint32_t generation, struct tbl_location **ret_location, struct tbl_error *error)
{
	static const char *const catch_all[] = { NULL };
	struct tbl_prefix prefix = { .bytes = { 192, 0, 2 }, .bits = 24, .family = 4 };
	struct tbl_rule_input rules[2] = {
		{ .pool = (uint16_t)(generation % 2), .subnets = &prefix, .subnet_cnt = 1 },
		{ .pool = (uint16_t)((generation + 1) % 2), .geos = catch_all },
	};
	struct tbl_ruleset_input ruleset = { .rules = rules, .rule_cnt = 2 };

	return tbl_location_build(&ruleset, 1, NULL, ret_location, error);
}

static int
build_churn(uint32_t generation, void **ret_image, size_t *ret_size)
{
	struct churn churn = { .generation = generation };
	struct tbl_build_params params = {
		.generation = generation,
		.hash_seed = { generation, ~(uint64_t)generation },
	};
	struct tbl_location *location = NULL;
	uint8_t apex[TBL_NAME_MAX];

	tbl_name_from_text("churn.test.", apex);
	churn.rc = build_location(generation, &location, &churn.error);
	if (churn.rc == 0) {
		params.location = location;
		churn.rc = tbl_builder_new(&params, &churn.builder);
	}
	if (churn.rc == 0) {
		churn.rc = tbl_builder_add_zone(churn.builder, apex, &churn.zone, &churn.error);
	}
	add_records(&churn);
	if (churn.rc == 0) {
		churn.rc = tbl_builder_finish(churn.builder, ret_image, ret_size, &churn.error);
	}
	tbl_builder_free(churn.builder);
	tbl_location_free(location);
	if (churn.rc != 0) {
		(void)fprintf(stderr, "publisher: generation %" PRIu32 ": %s\n", generation,
				churn.error.text);
	}
	return churn.rc;
}

static int
publish_churn(struct publisher *publisher, uint32_t first, uint32_t cnt, uint32_t interval_ms)
{
	uint64_t next_us = now_us();
	int rc = 0;

	for (uint32_t generation = first; rc == 0 && generation < first + cnt; generation++) {
		void *image = NULL;
		size_t size = 0;

		rc = build_churn(generation, &image, &size);
		if (rc == 0) {
			rc = publish_image(publisher, image, size);
		}
		free(image);
		next_us += (uint64_t)interval_ms * 1000u;
		sleep_until_us(next_us);
	}
	return rc;
}

/* The counters, mapped until the process ends; NULL when they are none. */
static const struct tbl_stats_segment *
map_counters(const struct publisher *publisher)
{
	const struct tbl_stats_segment *segment = mmap(
			NULL, sizeof(*segment), PROT_READ, MAP_SHARED, publisher->counters_fd, 0);

	if (segment == MAP_FAILED || segment->magic != TBL_STATS_MAGIC ||
			segment->worker_cnt > TBL_WORKERS_MAX + 1) {
		return NULL;
	}
	return segment;
}

/* One line of JSON. `only` is a worker's number or NULL. */
static void
print_counters(const struct tbl_stats_segment *segment, const char *only)
{
	uint64_t sums[TBL_VERDICT_CNT] = { 0 };
	uint64_t received = 0;

	for (uint32_t w = 0; w < segment->worker_cnt; w++) {
		const struct tbl_stats_worker *worker = &segment->workers[w];

		if (only != NULL && strtoul(only, NULL, 10) != w) {
			continue;
		}
		/* Relaxed: whoever asks has waited for the answers; no order between counters is meant. */
		received += __atomic_load_n(&worker->received, __ATOMIC_RELAXED);
		for (unsigned int v = 0; v < TBL_VERDICT_CNT; v++) {
			sums[v] += __atomic_load_n(&worker->verdicts[v], __ATOMIC_RELAXED);
		}
	}
	printf("{\"received\": %" PRIu64, received);
	for (unsigned int v = 0; v < TBL_VERDICT_CNT; v++) {
		printf(", \"%s\": %" PRIu64, tbl_verdict_name(v), sums[v]);
	}
	printf("}\n");
	(void)fflush(stdout);
}

/* Until standard input ends. The publish place is free meanwhile: the counters stay mapped. */
static void
watch_counters(struct publisher *publisher, const struct tbl_stats_segment *segment)
{
	char line[16]; /* a worker's number has two digits */

	(void)close(publisher->sock);
	publisher->sock = -1;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		print_counters(segment, line[0] == '\n' ? NULL : line);
	}
}

static int
show_counters(struct publisher *publisher, bool is_watch, const char *only)
{
	const struct tbl_stats_segment *segment = map_counters(publisher);

	if (segment == NULL) {
		return -EBADMSG;
	}
	if (is_watch) {
		watch_counters(publisher, segment);
	} else {
		print_counters(segment, only);
	}
	return 0;
}

static uint32_t
number(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 10);
}

static int
dispatch(struct publisher *publisher, int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[2], "reseal") == 0) {
		return publish_reseals(publisher, argv[3], number(argv[4]), number(argv[5]));
	}
	if (argc == 8 && strcmp(argv[2], "swap") == 0) {
		return publish_swaps(publisher, argv + 3, number(argv[5]), number(argv[6]),
				number(argv[7]));
	}
	if (argc == 6 && strcmp(argv[2], "churn") == 0) {
		return publish_churn(publisher, number(argv[3]), number(argv[4]), number(argv[5]));
	}
	if (argc == 4 && strcmp(argv[2], "file") == 0) {
		return publish_file(publisher, argv[3]);
	}
	if ((argc == 3 || argc == 4) && strcmp(argv[2], "counters") == 0) {
		return show_counters(publisher, false, argc == 4 ? argv[3] : NULL);
	}
	if (argc == 3 && strcmp(argv[2], "watch") == 0) {
		return show_counters(publisher, true, NULL);
	}
	if (argc == 3 && strcmp(argv[2], "hold") == 0) {
		printf("served %" PRIu64 "\n", publisher->served);
		(void)fflush(stdout);
		return pause() == -1 ? 0 : -EIO; /* until a signal ends us */
	}
	return -EINVAL;
}

int
main(int argc, char **argv)
{
	struct publisher publisher = { .sock = -1, .counters_fd = -1 };
	int rc;

	if (argc < 3) {
		(void)fprintf(stderr, "usage: publisher SOCKET "
				      "reseal|swap|churn|file|counters|watch|hold ...\n");
		return 2;
	}
	rc = connect_to(argv[1], &publisher);
	if (rc == 0) {
		rc = dispatch(&publisher, argc, argv);
	}
	if (publisher.sock >= 0) {
		close(publisher.sock);
	}
	if (rc != 0) {
		(void)fprintf(stderr, "publisher: %s: %s\n", argv[1], strerrordesc_np(-rc));
		return 2;
	}
	return publisher.was_refused ? 1 : 0;
}
