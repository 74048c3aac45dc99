/*
 * Asks questions over UDP as fast as told and judges every reply (expect.h):
 *
 *   asker ADDRESS EXPECT SECONDS RATE FLOWS WINDOW
 *
 * RATE is questions a second, 0 for as many as WINDOW questions on their way allow. Each of FLOWS sockets has a port
 * of its own, so one worker answers it: along a flow, generations never go back. A question without a reply for
 * TIMEOUT_NS is lost. Prints one line of JSON; exit 0 whatever the replies were.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/load/expect.h"

#define DNS_PORT  53u
#define FLOWS_MAX 64u
#define SLOTS_LOG2 \
	8u /* questions on their way of one flow: the ID's low bits; the high ones tell rounds apart */
#define SLOTS_MAX (1u << SLOTS_LOG2)
#define BATCH_MAX 32u
/* Far above any latency here, so that what is lost is lost; below SLOTS_MAX rounds of any slot. */
#define TIMEOUT_NS   2000000000ULL
#define SECOND_NS    1000000000ULL
#define FAULTS_MAX   3u /* printed in full: one defect has many */
#define RCVBUF_BYTES (1 << 20)
/* Latencies are counted in 1/16 octaves of microseconds, up to 2^32 us. */
#define STEPS     16u
#define STEPS_CNT (33u * STEPS)

struct slot {
	uint64_t sent_ns; /* 0: free */
	uint32_t question;
	uint8_t round;
};

struct flow {
	int sock;
	uint32_t next_slot;
	uint32_t waiting_cnt;
	uint64_t generation;
	struct slot slots[SLOTS_MAX];
};

struct fault {
	uint32_t question;
	size_t len;
	uint8_t reply[EXPECT_BYTES_MAX];
};

struct asker {
	struct expect expect;
	struct flow flows[FLOWS_MAX];
	uint32_t flow_cnt;
	uint32_t window; /* of one flow */
	uint64_t rate;
	uint32_t next_question;
	uint64_t sent, answered, lost, wrong, backwards, stray, unsent;
	uint64_t generation_first, generation_last;
	uint64_t latency_max_ns;
	uint64_t latencies[STEPS_CNT];
	struct fault faults[FAULTS_MAX];
};

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

static uint32_t
step_of(uint64_t latency_ns)
{
	uint64_t us = latency_ns / 1000u;
	uint32_t octave = 0;

	while (octave < 32u && us >> (octave + 1) != 0) {
		octave++;
	}
	if (octave < 4u) {
		return (uint32_t)us; /* below 16 us each has a step */
	}
	return octave * STEPS + ((uint32_t)(us >> (octave - 4u)) & (STEPS - 1u));
}

/* The upper end of a step: no percentile is told better than it was. */
static uint64_t
us_of_step(uint32_t step)
{
	return step < STEPS ? step : ((STEPS + step % STEPS + 1u) << (step / STEPS - 4u)) - 1u;
}

static uint64_t
percentile_us(const struct asker *asker, uint32_t per_mille)
{
	uint64_t left = asker->answered * per_mille / 1000u;

	for (uint32_t i = 0; i < STEPS_CNT; i++) {
		if (asker->latencies[i] > left) {
			return us_of_step(i);
		}
		left -= asker->latencies[i];
	}
	return asker->latency_max_ns / 1000u;
}

static int
open_flow(struct flow *flow, const char *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(DNS_PORT) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(DNS_PORT) };
	bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
	const struct sockaddr *peer =
			is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6;
	int size = RCVBUF_BYTES;

	if (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1) {
		return -EINVAL;
	}
	flow->sock = socket(peer->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (flow->sock < 0 || connect(flow->sock, peer, is_v4 ? sizeof(v4) : sizeof(v6)) != 0) {
		return -errno;
	}
	return setsockopt(flow->sock, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0 ? 0 : -errno;
}

/* The next free slot, or NULL; slots whose question got no reply in time are freed on the way. */
static struct slot *
take_slot(struct asker *asker, struct flow *flow, uint64_t now)
{
	for (uint32_t tried = 0; tried < SLOTS_MAX; tried++) {
		struct slot *slot = &flow->slots[flow->next_slot];

		flow->next_slot = (flow->next_slot + 1u) % SLOTS_MAX;
		if (slot->sent_ns != 0 && now - slot->sent_ns > TIMEOUT_NS) {
			slot->sent_ns = 0;
			flow->waiting_cnt--;
			asker->lost++;
		}
		if (slot->sent_ns == 0) {
			return slot;
		}
	}
	return NULL;
}

/* Sends up to `cnt` questions on one flow; returns how many went. */
static uint32_t
send_some(struct asker *asker, struct flow *flow, uint32_t cnt)
{
	uint8_t queries[BATCH_MAX][EXPECT_BYTES_MAX];
	struct iovec parts[BATCH_MAX];
	struct mmsghdr messages[BATCH_MAX] = { 0 };
	struct slot *slots[BATCH_MAX];
	uint64_t now = now_ns();
	uint32_t room = asker->window > flow->waiting_cnt ? asker->window - flow->waiting_cnt : 0;
	uint32_t ready = 0;
	int sent;

	cnt = cnt < room ? cnt : room;
	while (ready < cnt && ready < BATCH_MAX) {
		struct slot *slot = take_slot(asker, flow, now);
		const struct expect_question *question;

		if (slot == NULL) {
			break;
		}
		question = &asker->expect.questions[asker->next_question];
		slot->question = asker->next_question;
		slot->round++;
		slot->sent_ns = now;
		memcpy(queries[ready], question->query, question->query_len);
		queries[ready][0] = slot->round;
		queries[ready][1] = (uint8_t)(slot - flow->slots);
		parts[ready] = (struct iovec){ queries[ready], question->query_len };
		messages[ready].msg_hdr =
				(struct msghdr){ .msg_iov = &parts[ready], .msg_iovlen = 1 };
		slots[ready++] = slot;
		asker->next_question = (asker->next_question + 1u) % asker->expect.cnt;
	}
	sent = ready > 0 ? sendmmsg(flow->sock, messages, ready, 0) : 0;
	sent = sent > 0 ? sent : 0;
	for (uint32_t i = (uint32_t)sent; i < ready; i++) {
		slots[i]->sent_ns = 0; /* the kernel had no room: never asked */
		asker->unsent++;
	}
	flow->waiting_cnt += (uint32_t)sent;
	asker->sent += (uint32_t)sent;
	return (uint32_t)sent;
}

static void
keep_fault(struct asker *asker, uint32_t question, const uint8_t *reply, size_t len)
{
	uint64_t number = asker->wrong + asker->backwards;

	if (number < FAULTS_MAX) {
		asker->faults[number].question = question;
		asker->faults[number].len = len;
		memcpy(asker->faults[number].reply, reply, len);
	}
}

static void
take_reply(struct asker *asker, struct flow *flow, const uint8_t *reply, size_t len, uint64_t now)
{
	struct slot *slot = len >= 2 ? &flow->slots[reply[1]] : NULL;
	const struct expect_question *question;
	bool is_backwards;

	if (slot == NULL || slot->sent_ns == 0 || slot->round != reply[0]) {
		asker->stray++;
		return;
	}
	question = &asker->expect.questions[slot->question];
	asker->answered++;
	if (now - slot->sent_ns > asker->latency_max_ns) {
		asker->latency_max_ns = now - slot->sent_ns;
	}
	asker->latencies[step_of(now - slot->sent_ns)]++;
	slot->sent_ns = 0;
	flow->waiting_cnt--;
	if (!expect_judge(question, reply, len, &flow->generation, &is_backwards)) {
		keep_fault(asker, slot->question, reply, len);
		asker->wrong += !is_backwards;
		asker->backwards += is_backwards;
	} else if (flow->generation > asker->generation_last) {
		asker->generation_last = flow->generation;
		asker->generation_first = asker->generation_first == 0 ? flow->generation
		                                                       : asker->generation_first;
	}
}

/* Takes what has come on one flow; returns how many replies. */
static uint32_t
receive_some(struct asker *asker, struct flow *flow)
{
	uint8_t replies[BATCH_MAX][EXPECT_BYTES_MAX];
	struct iovec parts[BATCH_MAX];
	struct mmsghdr messages[BATCH_MAX] = { 0 };
	uint64_t now;
	int cnt;

	for (uint32_t i = 0; i < BATCH_MAX; i++) {
		parts[i] = (struct iovec){ replies[i], sizeof(replies[i]) };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i], .msg_iovlen = 1 };
	}
	cnt = recvmmsg(flow->sock, messages, BATCH_MAX, 0, NULL);
	now = now_ns();
	for (int i = 0; i < cnt; i++) {
		take_reply(asker, flow, replies[i], messages[i].msg_len, now);
	}
	return cnt > 0 ? (uint32_t)cnt : 0;
}

static void
rest(struct asker *asker, uint64_t until_ns)
{
	struct pollfd waiting[FLOWS_MAX];
	uint64_t now = now_ns();
	struct timespec left = { 0 };

	for (uint32_t i = 0; i < asker->flow_cnt; i++) {
		waiting[i] = (struct pollfd){ .fd = asker->flows[i].sock, .events = POLLIN };
	}
	if (until_ns > now) {
		left.tv_nsec = (long)(until_ns - now < SECOND_NS / 100 ? until_ns - now
								       : SECOND_NS / 100);
	}
	(void)ppoll(waiting, asker->flow_cnt, &left, NULL);
}

static uint32_t
receive_all(struct asker *asker)
{
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < asker->flow_cnt; i++) {
		cnt += receive_some(asker, &asker->flows[i]);
	}
	return cnt;
}

/* How many questions are due, and when the next one is. */
static uint64_t
count_due(const struct asker *asker, uint64_t began_ns, uint64_t now, uint64_t *ret_next_ns)
{
	uint64_t due;

	*ret_next_ns = now;
	if (asker->rate == 0) {
		return UINT64_MAX;
	}
	due = (now - began_ns) / 1000u * asker->rate / 1000000u;
	*ret_next_ns = began_ns + (asker->sent + asker->unsent + 1) * SECOND_NS / asker->rate;
	return due > asker->sent + asker->unsent ? due - asker->sent - asker->unsent : 0;
}

static void
ask_until(struct asker *asker, uint64_t began_ns, uint64_t end_ns)
{
	uint64_t now;

	while ((now = now_ns()) < end_ns) {
		uint64_t next_ns;
		uint64_t due = count_due(asker, began_ns, now, &next_ns);
		uint32_t moved = 0;

		for (uint32_t i = 0; i < asker->flow_cnt && due > 0; i++) {
			uint32_t share = due < BATCH_MAX ? (uint32_t)due : BATCH_MAX;
			uint32_t sent = send_some(asker, &asker->flows[i], share);

			moved += sent;
			due -= due == UINT64_MAX ? 0 : sent;
		}
		moved += receive_all(asker);
		if (moved == 0) {
			/* Nothing due: until something is. Windows full: until a reply comes, or time-outs are due. */
			rest(asker, due == 0 ? next_ns : now + SECOND_NS / 1000);
		}
	}
}

/* Takes what is still on its way; what does not come in time is lost. */
static void
finish(struct asker *asker)
{
	uint64_t end_ns = now_ns() + TIMEOUT_NS;
	uint64_t now;

	while ((now = now_ns()) < end_ns && asker->answered + asker->lost < asker->sent) {
		if (receive_all(asker) == 0) {
			rest(asker, now + SECOND_NS / 100);
		}
	}
	asker->lost = asker->sent - asker->answered;
}

static void
print_hex(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		printf("%02x", bytes[i]);
	}
}

static void
print_result(const struct asker *asker, uint64_t took_ns)
{
	uint64_t fault_cnt = asker->wrong + asker->backwards;

	printf("{\"sent\": %" PRIu64 ", \"answered\": %" PRIu64 ", \"lost\": %" PRIu64
	       ", \"wrong\": %" PRIu64 ", \"backwards\": %" PRIu64 ", \"stray\": %" PRIu64
	       ", \"unsent\": %" PRIu64 ", \"seconds\": %.3f, ",
			asker->sent, asker->answered, asker->lost, asker->wrong, asker->backwards,
			asker->stray, asker->unsent, (double)took_ns / 1e9);
	printf("\"generation_first\": %" PRIu64 ", \"generation_last\": %" PRIu64
	       ", \"p50_us\": %" PRIu64 ", \"p99_us\": %" PRIu64 ", \"p999_us\": %" PRIu64
	       ", \"max_us\": %" PRIu64 ", \"faults\": [",
			asker->generation_first, asker->generation_last, percentile_us(asker, 500),
			percentile_us(asker, 990), percentile_us(asker, 999),
			asker->latency_max_ns / 1000u);
	for (uint64_t i = 0; i < fault_cnt && i < FAULTS_MAX; i++) {
		const struct fault *fault = &asker->faults[i];
		const struct expect_question *question = &asker->expect.questions[fault->question];

		printf("%s{\"query\": \"", i > 0 ? ", " : "");
		print_hex(question->query, question->query_len);
		printf("\", \"reply\": \"");
		print_hex(fault->reply, fault->len);
		printf("\"}");
	}
	printf("]}\n");
}

static uint32_t
number(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 10);
}

static int
run(struct asker *asker, char **argv)
{
	uint64_t began_ns;
	uint32_t window = number(argv[6]);
	unsigned int line = 0;
	int rc = expect_read(argv[2], &asker->expect, &line);

	if (rc != 0) {
		(void)fprintf(stderr, "asker: %s:%u: %s\n", argv[2], line, strerrordesc_np(-rc));
		return rc;
	}
	asker->rate = number(argv[4]);
	asker->flow_cnt = number(argv[5]);
	if (asker->flow_cnt == 0 || asker->flow_cnt > FLOWS_MAX || window < asker->flow_cnt) {
		return -EINVAL;
	}
	asker->window = window / asker->flow_cnt;
	asker->window = asker->window < SLOTS_MAX ? asker->window : SLOTS_MAX;
	for (uint32_t i = 0; rc == 0 && i < asker->flow_cnt; i++) {
		rc = open_flow(&asker->flows[i], argv[1]);
	}
	if (rc != 0) {
		return rc;
	}
	began_ns = now_ns();
	ask_until(asker, began_ns, began_ns + number(argv[3]) * SECOND_NS);
	finish(asker);
	print_result(asker, now_ns() - began_ns);
	return 0;
}

int
main(int argc, char **argv)
{
	struct asker *asker = calloc(1, sizeof(*asker));
	int rc = -ENOMEM;

	if (argc != 7) {
		(void)fprintf(stderr, "usage: asker ADDRESS EXPECT SECONDS RATE FLOWS WINDOW\n");
		free(asker);
		return 2;
	}
	if (asker != NULL) {
		rc = run(asker, argv);
		expect_free(&asker->expect);
	}
	free(asker);
	if (rc != 0) {
		(void)fprintf(stderr, "asker: %s\n", strerrordesc_np(-rc));
		return 2;
	}
	return 0;
}
