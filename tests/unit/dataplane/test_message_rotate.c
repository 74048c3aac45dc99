/* Rotation from the setting to the octets: as many replies begin with one address as with another. */
#include <stdlib.h>
#include <string.h>

#include "dataplane/message.h"
#include "tests/unit/table/sample.h"
#include "tests/unit/test.h"

#define MESSAGE_MAX 1232u
#define ASKED_CNT   20000u
/* Of 20,000 throws of a coin, six standard deviations (71 each): the seed is fixed, so it holds or not. */
#define UNFAIR 424u

struct bench {
	void *image;
	struct tbl_view view;
	struct dp_settings settings;
	struct dp_answerer answerer;
	uint8_t message[MESSAGE_MAX];
};

static void
begin(struct bench *bench, bool is_rotating)
{
	size_t size;

	bench->image = sample_everything(&size);
	tbl_view_init(&bench->view, bench->image, NULL);
	bench->settings = (struct dp_settings){ .max_udp_bytes = 1232, .is_rotating = is_rotating };
	bench->answerer = (struct dp_answerer){
		.view = &bench->view, .settings = &bench->settings, .random = 1
	};
}

static size_t
ask(struct bench *bench, const char *qname, enum dp_transport transport)
{
	struct dp_client client = {
		.addr = sample_addr("203.0.113.1"), .port = 40000, .transport = (uint8_t)transport
	};
	static const uint8_t header[DP_HEADER_BYTES] = { [5] = 1 };
	int name_len = tbl_name_from_text(qname, bench->message + sizeof(header));
	size_t len = sizeof(header) + (size_t)name_len + 4;

	memcpy(bench->message, header, sizeof(header));
	memcpy(bench->message + len - 4, "\0\1\0\1", 4);
	assert_int_equal(dp_answer_message(&bench->answerer, &client, bench->message, len,
					 MESSAGE_MAX, &len),
			TBL_VERDICT_ANSWER_NOERROR);
	return len;
}

/* "mail.example." has 192.0.2.25 and 192.0.2.26. */
static void
addresses_come_first_equally_often(void **state)
{
	static const enum dp_transport transports[] = { DP_UDP, DP_TCP };
	struct bench bench;

	(void)state;
	begin(&bench, true);
	for (size_t t = 0; t < ARRAY_LEN(transports); t++) {
		unsigned int first_cnt[2] = { 0 };

		for (unsigned int i = 0; i < ASKED_CNT; i++) {
			size_t len = ask(&bench, "mail.example.", transports[t]);
			unsigned int first = bench.message[len - 17] - 25u;

			assert_in_range(first, 0, 1);
			assert_int_equal(bench.message[len - 1] - 25u, 1 - first);
			first_cnt[first]++;
		}
		assert_in_range(first_cnt[0], ASKED_CNT / 2 - UNFAIR, ASKED_CNT / 2 + UNFAIR);
	}
	free(bench.image);
}

static void
without_it_replies_are_the_same_octets(void **state)
{
	static uint8_t plain[MESSAGE_MAX];
	struct bench bench;
	size_t len;

	(void)state;
	begin(&bench, false);
	len = ask(&bench, "mail.example.", DP_UDP);
	memcpy(plain, bench.message, len);
	for (unsigned int i = 0; i < 1000; i++) {
		assert_int_equal(ask(&bench, "mail.example.", DP_UDP), len);
		assert_memory_equal(bench.message, plain, len);
	}
	free(bench.image);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_come_first_equally_often),
		cmocka_unit_test(without_it_replies_are_the_same_octets),
	};

	return cmocka_run_group_tests_name("dataplane/message_rotate", tests, NULL, NULL);
}
