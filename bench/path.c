/*
 * What one query costs between "bytes are here" and "the reply is ready": dp_query_parse,
 * dp_query_prefetch and dp_query_answer over bursts, as a worker runs them, with no port around.
 *
 *   path native      one line a case: name, nanoseconds a query, query bytes, reply bytes
 *   path callgrind   the same work once, under valgrind: one profile dump a case
 *
 * path.sh runs both and prints one table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <valgrind/callgrind.h>

#include "bench/path_table.h"
#include "dataplane/bytes.h"
#include "dataplane/limiter.h"
#include "dataplane/message.h"

#define BURST     32u   /* what a worker takes from a port at once */
#define QUERIES   4096u /* different ones a case, so that no name stays in a cache by itself */
#define QUERY_MAX 320u  /* a name of 255 octets, and EDNS */
#define REPLY_MAX 1232u
#define PASSES    200u /* over all queries of a case, natively: most of a second */
#define NS_PER_S  1000000000LL
#define TYPE_A    1u
#define TYPE_MX   15u
#define OPT_BYTES 11u

enum edns {
	EDNS_NONE,
	EDNS_PLAIN,
	EDNS_ECS, /* IPv4, /24 */
};

enum limits {
	LIMITS_OFF,
	LIMITS_BY_NAME, /* a bucket for each prefix and name; none is ever empty */
	LIMITS_ALL,     /* and one for each prefix */
};

/* One kind of query: which name is asked for (MAIL for its MX), with what EDNS, and what must come of it. */
struct kind {
	const char *name;
	enum { HOST, BELOW_W, BELOW_APEX, BELOW_HOST, APEX, MAIL, ELSEWHERE, DEEPEST } owner;
	enum edns edns;
	enum tbl_verdict verdict;
	enum limits limits;
	bool is_deep; /* of the table that holds a name of 127 labels */
};

static const struct kind kinds[] = {
	{ "static A", HOST, EDNS_NONE, TBL_VERDICT_ANSWER_NOERROR, LIMITS_OFF, false },
	{ "static A, EDNS", HOST, EDNS_PLAIN, TBL_VERDICT_ANSWER_NOERROR, LIMITS_OFF, false },
	{ "wildcard A", BELOW_W, EDNS_NONE, TBL_VERDICT_ANSWER_NOERROR, LIMITS_OFF, false },
	{ "wildcard CNAME to geo apex", BELOW_APEX, EDNS_ECS, TBL_VERDICT_ANSWER_NOERROR,
			LIMITS_OFF, false },
	{ "NXDOMAIN", BELOW_HOST, EDNS_NONE, TBL_VERDICT_ANSWER_NXDOMAIN, LIMITS_OFF, false },
	{ "geo A, no ECS", APEX, EDNS_NONE, TBL_VERDICT_ANSWER_NOERROR, LIMITS_OFF, false },
	{ "geo A, ECS /24", APEX, EDNS_ECS, TBL_VERDICT_ANSWER_NOERROR, LIMITS_OFF, false },
	{ "MX, two additional", MAIL, EDNS_NONE, TBL_VERDICT_ANSWER_NOERROR, LIMITS_OFF, false },
	{ "REFUSED", ELSEWHERE, EDNS_NONE, TBL_VERDICT_ANSWER_REFUSED, LIMITS_OFF, false },
	{ "static A, rate limit", HOST, EDNS_NONE, TBL_VERDICT_ANSWER_NOERROR, LIMITS_BY_NAME,
			false },
	{ "static A, two rate limits", HOST, EDNS_NONE, TBL_VERDICT_ANSWER_NOERROR, LIMITS_ALL,
			false },
	{ "127 labels", DEEPEST, EDNS_NONE, TBL_VERDICT_ANSWER_REFUSED, LIMITS_OFF, false },
	{ "127 labels, deep table", DEEPEST, EDNS_NONE, TBL_VERDICT_ANSWER_NXDOMAIN, LIMITS_OFF,
			true },
};

struct query {
	uint8_t bytes[QUERY_MAX];
	size_t len;
	struct dp_client client;
};

/* What a worker holds: a burst of buffers and their parsed queries. */
struct bench {
	struct tbl_view views[2]; /* [is_deep] */
	struct dp_limiter *limiters[LIMITS_ALL + 1];
	struct dp_settings settings;
	struct dp_answerer answerer;
	uint64_t random;
	struct query queries[QUERIES];
	struct dp_query parsed[BURST];
	uint8_t messages[BURST][REPLY_MAX];
	enum tbl_verdict verdicts[BURST];
	size_t reply_lens[BURST];
	uint64_t reply_bytes;
	uint64_t query_bytes;
};

static void
stop(const char *why)
{
	(void)fprintf(stderr, "path: %s\n", why);
	_Exit(EXIT_FAILURE);
}

/* Every label another each time: nothing of it is in a cache, nothing is there. */
static void
print_deepest(struct bench *bench, char *text, size_t size)
{
	const size_t len = 2 * ((size_t)TBL_LABELS_MAX - 1); /* of a digit and a dot each */

	for (size_t at = 0; at < len; at += 2) {
		text[at] = (char)('0' + dp_random(&bench->random) % 10);
		text[at + 1] = '.';
	}
	(void)snprintf(text + len, size - len, "%s", BENCH_DEEP_ZONE);
}

static void
print_owner(struct bench *bench, const struct kind *kind, char *text, size_t size)
{
	uint64_t random = dp_random(&bench->random);
	unsigned int word = (unsigned int)(random & 0xffffu);
	unsigned int host = (unsigned int)(random >> 16) % BENCH_HOSTS;
	unsigned int zone = (unsigned int)(random >> 32) % BENCH_ZONES;

	switch (kind->owner) {
	case HOST:
		(void)snprintf(text, size, "h%u.zone%u.test.", host, zone);
		break;
	case BELOW_W:
		(void)snprintf(text, size, "x%x.w.zone%u.test.", word, zone);
		break;
	case BELOW_APEX:
		(void)snprintf(text, size, "x%x.zone%u.test.", word, zone);
		break;
	case BELOW_HOST:
		(void)snprintf(text, size, "x%x.h%u.zone%u.test.", word, host, zone);
		break;
	case APEX:
		(void)snprintf(text, size, "zone%u.test.", zone);
		break;
	case MAIL:
		(void)snprintf(text, size, "mail.zone%u.test.", zone);
		break;
	case ELSEWHERE:
		(void)snprintf(text, size, "x%x.example.net.", word);
		break;
	case DEEPEST:
		print_deepest(bench, text, size);
		break;
	}
}

/* Any unicast address: the top octet 1..223 without 127, so that every lookup is a real one. */
static void
random_address(struct bench *bench, uint8_t bytes[4])
{
	uint64_t random = dp_random(&bench->random);

	memcpy(bytes, &random, 4);
	bytes[0] = (uint8_t)(1 + bytes[0] % 126);
}

static size_t
append_opt(struct bench *bench, enum edns edns, uint8_t *at)
{
	static const uint8_t plain[OPT_BYTES] = { 0, 0, 41, 0x04, 0xd0 };
	static const uint8_t ecs[8] = { 0, 8, 0, 7, 0, 1, 24, 0 };
	uint8_t address[4];

	memcpy(at, plain, sizeof(plain));
	if (edns == EDNS_PLAIN) {
		return OPT_BYTES;
	}
	random_address(bench, address);
	at[OPT_BYTES - 1] = sizeof(ecs) + 3;
	memcpy(at + OPT_BYTES, ecs, sizeof(ecs));
	memcpy(at + OPT_BYTES + sizeof(ecs), address, 3);
	return OPT_BYTES + sizeof(ecs) + 3;
}

static void
make_query(struct bench *bench, const struct kind *kind, struct query *query)
{
	char text[QUERY_MAX];
	uint8_t name[TBL_NAME_MAX];
	int name_len;

	print_owner(bench, kind, text, sizeof(text));
	name_len = tbl_name_from_text(text, name);
	if (name_len < 0) {
		stop(text);
	}
	memset(query->bytes, 0, sizeof(query->bytes));
	dp_store_be16(query->bytes, (uint16_t)dp_random(&bench->random));
	dp_store_be16(query->bytes + 4, 1);
	memcpy(query->bytes + DP_HEADER_BYTES, name, (size_t)name_len);
	query->len = DP_HEADER_BYTES + (size_t)name_len;
	dp_store_be16(query->bytes + query->len, kind->owner == MAIL ? TYPE_MX : TYPE_A);
	dp_store_be16(query->bytes + query->len + 2, 1);
	query->len += 4;
	if (kind->edns != EDNS_NONE) {
		dp_store_be16(query->bytes + 10, 1);
		query->len += append_opt(bench, kind->edns, query->bytes + query->len);
	}
	query->client = (struct dp_client){ .addr.family = 4, .port = 40000 };
	random_address(bench, query->client.addr.bytes);
}

static void
receive(struct bench *bench, const struct query *queries)
{
	for (unsigned int i = 0; i < BURST; i++) {
		memcpy(bench->messages[i], queries[i].bytes, queries[i].len);
	}
}

/* What is measured: the three stages over one burst. Not inlined, so that callgrind can tell by the
 * function's name when to count. */
__attribute__((noinline)) static void
run_burst(struct bench *bench, const struct query *queries)
{
	for (unsigned int i = 0; i < BURST; i++) {
		dp_query_parse(bench->messages[i], queries[i].len, &bench->parsed[i]);
	}
	for (unsigned int i = 0; i < BURST; i++) {
		dp_query_prefetch(bench->answerer.view, &bench->parsed[i]);
	}
	for (unsigned int i = 0; i < BURST; i++) {
		bench->verdicts[i] = dp_query_answer(&bench->answerer, &bench->parsed[i],
				&queries[i].client, bench->messages[i], REPLY_MAX,
				&bench->reply_lens[i]);
	}
}

/* A benchmark of wrong answers measures nothing. */
static void
check_burst(struct bench *bench, const struct kind *kind, const struct query *queries)
{
	for (unsigned int i = 0; i < BURST; i++) {
		if (bench->verdicts[i] != kind->verdict) {
			stop(kind->name);
		}
		bench->reply_bytes += bench->reply_lens[i];
		bench->query_bytes += queries[i].len;
	}
}

static long long
now_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
		stop("no monotonic clock");
	}
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* One pass over a case's queries; the time of the bursts alone. */
static long long
time_pass(struct bench *bench, const struct kind *kind)
{
	long long total_ns = 0;

	bench->query_bytes = 0;
	bench->reply_bytes = 0;
	for (unsigned int i = 0; i < QUERIES; i += BURST) {
		const struct query *queries = &bench->queries[i];
		long long start_ns;

		receive(bench, queries);
		start_ns = now_ns();
		run_burst(bench, queries);
		total_ns += now_ns() - start_ns;
		check_burst(bench, kind, queries);
	}
	return total_ns;
}

/* The fastest pass counts: everything that makes another slower is the machine's doing. */
static void
run_native(struct bench *bench, const struct kind *kind)
{
	long long best_ns = time_pass(bench, kind);

	for (unsigned int i = 1; i < PASSES; i++) {
		long long pass_ns = time_pass(bench, kind);

		best_ns = pass_ns < best_ns ? pass_ns : best_ns;
	}
	printf("%s\t%.1f\t%llu\t%llu\n", kind->name, (double)best_ns / QUERIES,
			(unsigned long long)bench->query_bytes / QUERIES,
			(unsigned long long)bench->reply_bytes / QUERIES);
}

static void
run_callgrind(struct bench *bench, const struct kind *kind)
{
	CALLGRIND_ZERO_STATS;
	for (unsigned int i = 0; i < QUERIES; i += BURST) {
		const struct query *queries = &bench->queries[i];

		receive(bench, queries);
		run_burst(bench, queries);
		check_burst(bench, kind, queries);
	}
	CALLGRIND_DUMP_STATS_AT(kind->name);
	printf("%s\t%u\n", kind->name, QUERIES);
}

static void *
open_table(bool is_deep, struct tbl_view *view)
{
	struct tbl_error error;
	size_t size;
	void *image = bench_table(is_deep, &size);

	if (tbl_check(image, size, &error) != 0) {
		stop(error.text);
	}
	tbl_view_init(view, image, NULL);
	return image;
}

/* The default table size, and rates that nothing here reaches: what is measured is the counting. */
static void
open_limiters(struct bench *bench)
{
	struct dp_limiter_params params = {
		.per_second = { DP_LIMIT_RATE_MAX, DP_LIMIT_RATE_MAX, DP_LIMIT_RATE_MAX, 0 },
		.burst_s = DP_LIMIT_BURST_S_MAX,
		.ipv4_bits = 24,
		.ipv6_bits = 56,
		.table_size = 131072,
	};

	for (unsigned int i = LIMITS_BY_NAME; i <= LIMITS_ALL; i++) {
		params.per_second[DP_LIMIT_ALL] = i == LIMITS_ALL ? DP_LIMIT_RATE_MAX : 0;
		if (dp_limiter_new(&params, &bench->limiters[i]) != 0) {
			stop("out of memory");
		}
	}
}

int
main(int argc, char **argv)
{
	static struct bench bench = {
		.settings = { .max_udp_bytes = REPLY_MAX, .identity_len = 5, .identity = "bench" },
		.random = 88172645463325252ULL,
	};
	bool is_native = argc == 2 && strcmp(argv[1], "native") == 0;
	void *images[2];

	if (argc != 2 || (!is_native && strcmp(argv[1], "callgrind") != 0)) {
		(void)fprintf(stderr, "usage: path native | path callgrind (see bench/path.sh)\n");
		return 2;
	}
	for (unsigned int is_deep = 0; is_deep < 2; is_deep++) {
		images[is_deep] = open_table(is_deep != 0, &bench.views[is_deep]);
	}
	open_limiters(&bench);
	bench.answerer = (struct dp_answerer){
		.settings = &bench.settings,
		.random = dp_random(&bench.random),
		.now.monotonic_ms = 1000,
	};
	CALLGRIND_START_INSTRUMENTATION;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (unsigned int j = 0; j < QUERIES; j++) {
			make_query(&bench, &kinds[i], &bench.queries[j]);
		}
		bench.answerer.view = &bench.views[kinds[i].is_deep ? 1 : 0];
		bench.answerer.limiter = bench.limiters[kinds[i].limits];
		(is_native ? run_native : run_callgrind)(&bench, &kinds[i]);
	}
	CALLGRIND_STOP_INSTRUMENTATION;
	for (unsigned int i = 0; i <= LIMITS_ALL; i++) {
		dp_limiter_free(bench.limiters[i]);
	}
	free(images[0]);
	free(images[1]);
	return 0;
}
