#include "tests/property/asker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "table/location.h"

#include "dataplane/message.h"

#define TYPE_ECS 8u

static void
print_address(struct address address, unsigned int bits)
{
	struct tbl_prefix prefix = { .family = (uint8_t)address.family, .bits = (uint8_t)bits };
	char text[TBL_PREFIX_TEXT_MAX];
	u128 value = address.family == 4 ? address.value << 96 : address.value;

	for (unsigned int i = 16; i-- > 0; value >>= 8) {
		prefix.bytes[i] = (uint8_t)value;
	}
	tbl_prefix_text(&prefix, text);
	(void)fprintf(stderr, "%s", text);
}

void
asker_fail(const struct asker *asker, const struct question *question, const char *what)
{
	char name[SCENE_NAME_MAX];

	scene_owner(question->record, name);
	(void)fprintf(stderr, "ecs: seed %" PRIu64 ": %s type %u, client ", asker->seed,
			question->name != NULL ? question->name : name, question->type);
	print_address(question->client, question->source_bits);
	(void)fprintf(stderr, "%s, from ", question->has_ecs ? "" : " (not sent)");
	print_address(question->source, family_bits(question->source.family));
	(void)fprintf(stderr, ": %s\necs: zone file and database: %s\n", what, asker->directory);
	_exit(1); /* stderr is not buffered */
}

static size_t
put_name(const char *text, uint8_t *bytes)
{
	int len = tbl_name_from_text(text, bytes);

	if (len < 0) {
		(void)fprintf(stderr, "ecs: %s is no name\n", text);
		_exit(1); /* stderr is not buffered */
	}
	return (size_t)len;
}

static void
put_u16(uint8_t *bytes, size_t *len, unsigned int value)
{
	bytes[(*len)++] = (uint8_t)(value >> 8);
	bytes[(*len)++] = (uint8_t)value;
}

static struct tbl_addr
to_tbl_addr(struct address address)
{
	struct tbl_addr addr = { .family = (uint8_t)address.family };
	u128 value = address.family == 4 ? address.value << 96 : address.value;

	for (unsigned int i = 16; i-- > 0; value >>= 8) {
		addr.bytes[i] = (uint8_t)value;
	}
	return addr;
}

static size_t
put_ecs(const struct question *question, uint8_t *bytes)
{
	struct tbl_addr addr = to_tbl_addr(question->client);
	size_t addr_len = (question->source_bits + 7) / 8;
	size_t len = 0;

	put_u16(bytes, &len, TYPE_ECS);
	put_u16(bytes, &len, (unsigned int)(4 + addr_len));
	put_u16(bytes, &len, question->client.family == 4 ? 1 : 2);
	bytes[len++] = (uint8_t)question->source_bits;
	bytes[len++] = 0;
	memcpy(bytes + len, addr.bytes, addr_len);
	return len + addr_len;
}

static size_t
put_query(const struct question *question, uint8_t *bytes)
{
	static const uint8_t header[12] = { 0xca, 0xfe, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1 };
	char name[SCENE_NAME_MAX];
	size_t len = sizeof(header);
	uint8_t ecs[32];
	size_t ecs_len = question->has_ecs ? put_ecs(question, ecs) : 0;

	scene_owner(question->record, name);
	memcpy(bytes, header, sizeof(header));
	len += put_name(question->name != NULL ? question->name : name, bytes + len);
	put_u16(bytes, &len, question->type);
	put_u16(bytes, &len, 1);
	bytes[len++] = 0;
	put_u16(bytes, &len, 41);
	put_u16(bytes, &len, ASKER_MESSAGE_MAX);
	put_u16(bytes, &len, 0);
	put_u16(bytes, &len, 0);
	put_u16(bytes, &len, (unsigned int)ecs_len);
	memcpy(bytes + len, ecs, ecs_len);
	return len + ecs_len;
}

static void
check_option(const struct asker *asker, const struct question *question, struct reply *reply)
{
	const struct reparse_option *option = reparse_find_option(&reply->parsed, TYPE_ECS);
	uint8_t sent[32];

	reply->scope = 0;
	if (!question->has_ecs) {
		if (option != NULL) {
			asker_fail(asker, question, "an ECS option that nobody asked for");
		}
		return;
	}
	(void)put_ecs(question, sent);
	if (option == NULL || option->len != (unsigned int)(sent[2] << 8 | sent[3])) {
		asker_fail(asker, question, "no ECS option, or one of another length");
	}
	reply->scope = reply->bytes[option->off + 3u];
	sent[7] = (uint8_t)reply->scope;
	if (memcmp(sent + 4, reply->bytes + option->off, option->len) != 0) {
		asker_fail(asker, question, "another ECS option than was sent");
	}
}

void
asker_ask(struct asker *asker, const struct question *question, struct reply *reply)
{
	static const struct dp_settings settings = { .max_udp_bytes = 1232 };
	struct dp_answerer answerer = {
		.view = &asker->view, .settings = &settings, .random = question->random
	};
	struct dp_client client = {
		.addr = to_tbl_addr(question->source), .port = 4096, .transport = DP_TCP
	};
	size_t len = put_query(question, reply->bytes);
	const char *wrong;

	asker->answer_cnt++;
	(void)dp_answer_message(
			&answerer, &client, reply->bytes, len, sizeof(reply->bytes), &reply->len);
	wrong = reparse(reply->bytes, reply->len, &reply->parsed);
	if (wrong != NULL || !reply->parsed.has_opt) {
		asker_fail(asker, question, wrong != NULL ? wrong : "no OPT");
	}
	reply->body_len = reply->parsed.opt.rdata_off - 11u;
	check_option(asker, question, reply);
}

/* What was answered */

struct answers {
	const struct asker *asker;
	const struct question *question;
	const struct reparse_message *parsed;
	unsigned int at;
};

static const struct reparse_record *
next_answer(struct answers *answers, uint16_t type)
{
	const struct reparse_record *record = &answers->parsed->records[answers->at];

	if (answers->at == answers->parsed->record_cnt || record->section != REPARSE_ANSWER ||
			record->type != type) {
		asker_fail(answers->asker, answers->question,
				"a record is missing from the answer");
	}
	answers->at++;
	return record;
}

/* Which value of the pool the record has; the first is 0. */
static uint32_t
value_of(const struct answers *answers, const struct reparse_record *found, const struct step *step)
{
	const struct pool *pool = &step->record->pools[step->serves];

	for (uint32_t i = 0; i < pool->value_cnt; i++) {
		uint8_t wanted[TBL_NAME_MAX];
		size_t at = found->rdata_off;
		struct reparse_name name;
		size_t len;

		if (found->type == SCENE_A || found->type == SCENE_AAAA) {
			len = scene_address_bytes(step->record, step->serves, i, wanted);
			if (memcmp(wanted, answers->parsed->bytes + at, len) == 0) {
				return i;
			}
			continue;
		}
		{
			char text[SCENE_NAME_MAX];

			scene_target(step->record, step->serves, i, text);
			len = put_name(text, wanted);
		}
		if (reparse_name(answers->parsed, &at, &name) == NULL && name.len == len &&
				memcmp(name.wire, wanted, len) == 0) {
			return i;
		}
	}
	asker_fail(answers->asker, answers->question, "an answer of another pool");
}

static void
check_step(struct answers *answers, const struct path *path, unsigned int at)
{
	const struct step *step = &path->steps[at];
	const struct pool *pool = &step->record->pools[step->serves];
	bool is_whole = step->serves == step->record->pool_cnt;
	uint32_t cnt = is_whole ? pool->value_cnt : 1;

	for (uint32_t i = 0; i < cnt; i++) {
		uint32_t value = value_of(answers, next_answer(answers, step->record->type), step);

		if (pool->is_down[value]) {
			asker_fail(answers->asker, answers->question, "an answer that is down");
		}
	}
	if (step->record->type == SCENE_DNAME) {
		(void)next_answer(answers, SCENE_CNAME);
	}
	if (path->is_hop[at]) {
		(void)next_answer(answers, SCENE_CNAME);
	}
}

void
asker_check(const struct asker *asker, const struct question *question, const struct path *path,
		const struct reply *reply)
{
	struct answers answers = { asker, question, &reply->parsed, 0 };
	bool has_soa = path->end == END_NODATA || path->end == END_NXDOMAIN;

	if ((reply->parsed.flags & 0xf) != (path->end == END_NXDOMAIN ? 3 : 0)) {
		asker_fail(asker, question, "another rcode");
	}
	for (unsigned int i = 0; i < path->step_cnt; i++) {
		check_step(&answers, path, i);
	}
	if (path->end == END_DATA) {
		(void)next_answer(&answers, path->end_type);
	}
	if (reply->parsed.record_cnt != answers.at + (has_soa ? 1u : 0u)) {
		asker_fail(asker, question, "more records, or fewer");
	}
	if (question->has_ecs && reply->scope != (question->source_bits > 0 ? path->scope : 0)) {
		(void)fprintf(stderr, "ecs: scope %u, not %u\n", reply->scope, path->scope);
		asker_fail(asker, question, "another scope");
	}
}
