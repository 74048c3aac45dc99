/*
 * A strict reader of replies, written apart from the code under test: what a resolver that forgives
 * nothing would accept. Every section is as long as its count says, the message ends where the last
 * record does, compression pointers only ever point backwards, and RDATA is what its type wants.
 */
#ifndef TESTS_FUZZ_DATAPLANE_REPARSE_H
#define TESTS_FUZZ_DATAPLANE_REPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define REPARSE_NAME_MAX    255u
#define REPARSE_RECORDS_MAX 256u
#define REPARSE_OPTIONS_MAX 8u

struct reparse_name {
	uint8_t len; /* uncompressed wire bytes, case kept */
	uint8_t wire[REPARSE_NAME_MAX];
};

enum reparse_section {
	REPARSE_ANSWER,
	REPARSE_AUTHORITY,
	REPARSE_ADDITIONAL,
};

struct reparse_record {
	enum reparse_section section;
	struct reparse_name owner;
	uint16_t type;
	uint16_t class_field;
	uint32_t ttl_field;
	uint16_t rdata_off;
	uint16_t rdata_len;
};

struct reparse_option {
	uint16_t code;
	uint16_t len;
	uint16_t off;
};

struct reparse_message {
	const uint8_t *bytes;
	size_t len;
	uint16_t id;
	uint16_t flags;
	uint16_t question_cnt;
	struct reparse_name qname;
	uint16_t qtype;
	uint16_t qclass;
	size_t question_end;
	unsigned int record_cnt; /* OPT and TSIG not among them */
	struct reparse_record records[REPARSE_RECORDS_MAX];
	bool has_opt;
	struct reparse_record opt;
	bool has_tsig;
	struct reparse_record tsig;
	unsigned int option_cnt;
	struct reparse_option options[REPARSE_OPTIONS_MAX];
};

static inline uint16_t
reparse_u16(const struct reparse_message *message, size_t at)
{
	return (uint16_t)(message->bytes[at] << 8 | message->bytes[at + 1]);
}

static inline uint32_t
reparse_u32(const struct reparse_message *message, size_t at)
{
	return (uint32_t)reparse_u16(message, at) << 16 | reparse_u16(message, at + 2);
}

/* Reads the name at *at, which then lies behind it. NULL, or what is wrong. A name that is followed
 * through pointers may only go down: each lies before the labels that led to it. */
static inline const char *
reparse_name(const struct reparse_message *message, size_t *at, struct reparse_name *name)
{
	size_t pos = *at;
	size_t floor = pos;
	bool is_direct = true;
	size_t used = 0;

	for (;;) {
		uint8_t label;

		if (pos >= message->len) {
			return "name runs past the message";
		}
		label = message->bytes[pos];
		if (label >= 0xc0) {
			size_t target;

			if (pos + 1 >= message->len) {
				return "pointer cut in two";
			}
			target = reparse_u16(message, pos) & 0x3fffu;
			if (target >= floor || target < 12) {
				return "pointer does not point backwards";
			}
			*at = is_direct ? pos + 2 : *at;
			is_direct = false;
			floor = target;
			pos = target;
			continue;
		}
		if (label > 63) {
			return "reserved label type";
		}
		if (label + 1u > message->len - pos || label + 1u > REPARSE_NAME_MAX - used) {
			return "label too long for message or name";
		}
		memcpy(name->wire + used, message->bytes + pos, label + 1u);
		used += label + 1u;
		pos += label + 1u;
		if (label == 0) {
			name->len = (uint8_t)used;
			*at = is_direct ? pos : *at;
			return NULL;
		}
	}
}

/* RDATA that is `fixed` bytes, then `name_cnt` names, then `tail` bytes, and nothing more. */
static inline const char *
reparse_named_rdata(const struct reparse_message *message, const struct reparse_record *record,
		const size_t shape[3])
{
	size_t at = record->rdata_off + shape[0];
	size_t end = (size_t)record->rdata_off + record->rdata_len;
	struct reparse_name name;

	for (size_t i = 0; i < shape[1]; i++) {
		const char *wrong = at < end ? reparse_name(message, &at, &name) : "RDATA cut";

		if (wrong != NULL) {
			return wrong;
		}
	}
	return at + shape[2] == end ? NULL : "RDATA longer or shorter than its names";
}

static inline const char *
reparse_strings(const struct reparse_message *message, const struct reparse_record *record)
{
	size_t at = record->rdata_off;
	size_t end = at + record->rdata_len;

	if (at == end) {
		return "TXT without a string";
	}
	while (at < end) {
		at += 1u + message->bytes[at];
	}
	return at == end ? NULL : "TXT string runs past its RDATA";
}

/* A name written out in full: no pointer stands in it (RFC 6672 section 2.5). */
static inline const char *
reparse_dname(const struct reparse_message *message, const struct reparse_record *record)
{
	size_t at = record->rdata_off;
	size_t end = at + record->rdata_len;

	while (at < end && message->bytes[at] != 0) {
		if (message->bytes[at] > 63) {
			return "DNAME target is compressed";
		}
		at += 1u + message->bytes[at];
	}
	return at + 1 == end && record->rdata_len <= 255 ? NULL : "DNAME is not one name";
}

static inline const char *
reparse_rdata(const struct reparse_message *message, const struct reparse_record *record)
{
	static const size_t one_name[3] = { 0, 1, 0 };
	static const size_t soa[3] = { 0, 2, 20 };
	static const size_t mx[3] = { 2, 1, 0 };

	switch (record->type) {
	case 1: /* A */
		return record->rdata_len == 4 ? NULL : "A is not 4 bytes";
	case 28: /* AAAA */
		return record->rdata_len == 16 ? NULL : "AAAA is not 16 bytes";
	case 2:  /* NS */
	case 5:  /* CNAME */
	case 12: /* PTR */
		return reparse_named_rdata(message, record, one_name);
	case 39: /* DNAME */
		return reparse_dname(message, record);
	case 6:
		return reparse_named_rdata(message, record, soa);
	case 15:
		return reparse_named_rdata(message, record, mx);
	case 16:
		return reparse_strings(message, record);
	default:
		return NULL;
	}
}

static inline const char *
reparse_opt(struct reparse_message *message)
{
	size_t at = message->opt.rdata_off;
	size_t end = at + message->opt.rdata_len;

	while (at < end) {
		struct reparse_option *option = &message->options[message->option_cnt];

		if (end - at < 4 || message->option_cnt == REPARSE_OPTIONS_MAX) {
			return "EDNS option cut, or too many";
		}
		option->code = reparse_u16(message, at);
		option->len = reparse_u16(message, at + 2);
		option->off = (uint16_t)(at + 4);
		if (option->len > end - at - 4) {
			return "EDNS option runs past the OPT";
		}
		at += 4u + option->len;
		message->option_cnt++;
	}
	return NULL;
}

/* A TSIG that nobody signed: a plain name, 16 bytes of which the last two and the MAC's length are 0 (RFC
 * 8945 section 4.2). */
static inline const char *
reparse_tsig(struct reparse_message *message, const struct reparse_record *record)
{
	size_t at = record->rdata_off;
	struct reparse_name algorithm;

	message->has_tsig = true;
	message->tsig = *record;
	if (record->section != REPARSE_ADDITIONAL || record->class_field != 255 ||
			record->ttl_field != 0) {
		return "TSIG misplaced, or not of class ANY and TTL 0";
	}
	if (reparse_name(message, &at, &algorithm) != NULL ||
			at != (size_t)record->rdata_off + algorithm.len) {
		return "TSIG algorithm is no plain name";
	}
	return at + 16 == (size_t)record->rdata_off + record->rdata_len &&
	                                       reparse_u16(message, at + 8) == 0 &&
	                                       reparse_u16(message, at + 14) == 0
	                       ? NULL
	                       : "TSIG is not an unsigned one";
}

static inline const char *
reparse_record(struct reparse_message *message, enum reparse_section section, size_t *at)
{
	struct reparse_record record = { .section = section };
	const char *wrong = reparse_name(message, at, &record.owner);

	if (wrong != NULL) {
		return wrong;
	}
	if (message->len - *at < 10) {
		return "record cut";
	}
	record.type = reparse_u16(message, *at);
	record.class_field = reparse_u16(message, *at + 2);
	record.ttl_field = (uint32_t)reparse_u16(message, *at + 4) << 16 |
	                   reparse_u16(message, *at + 6);
	record.rdata_len = reparse_u16(message, *at + 8);
	record.rdata_off = (uint16_t)(*at + 10);
	if (record.rdata_len > message->len - *at - 10) {
		return "RDATA runs past the message";
	}
	*at += 10u + record.rdata_len;
	if (message->has_tsig) {
		return "a record behind the TSIG";
	}
	if (record.type == 250) {
		return reparse_tsig(message, &record);
	}
	if (record.type == 41) {
		if (message->has_opt || section != REPARSE_ADDITIONAL || record.owner.len != 1) {
			return "OPT twice, misplaced or not at the root";
		}
		message->has_opt = true;
		message->opt = record;
		return reparse_opt(message);
	}
	if (message->record_cnt == REPARSE_RECORDS_MAX) {
		return "more records than any test has";
	}
	message->records[message->record_cnt++] = record;
	return reparse_rdata(message, &record);
}

static inline const char *
reparse_question(struct reparse_message *message, size_t *at)
{
	const char *wrong = reparse_name(message, at, &message->qname);

	if (wrong != NULL) {
		return wrong;
	}
	if (message->len - *at < 4) {
		return "question cut";
	}
	message->qtype = reparse_u16(message, *at);
	message->qclass = reparse_u16(message, *at + 2);
	*at += 4;
	return NULL;
}

/* reparse reads bytes[0..len) into *message: NULL, or a sentence that says what is wrong. */
static inline const char *
reparse(const uint8_t *bytes, size_t len, struct reparse_message *message)
{
	size_t at = 12;
	const char *wrong = NULL;

	memset(message, 0, sizeof(*message));
	message->bytes = bytes;
	message->len = len;
	if (len < 12) {
		return "shorter than a header";
	}
	message->id = reparse_u16(message, 0);
	message->flags = reparse_u16(message, 2);
	message->question_cnt = reparse_u16(message, 4);
	if (message->question_cnt > 1) {
		return "more than one question";
	}
	if (message->question_cnt == 1) {
		wrong = reparse_question(message, &at);
	}
	message->question_end = at;
	for (unsigned int section = 0; section < 3; section++) {
		unsigned int cnt = reparse_u16(message, 6 + 2 * (size_t)section);

		for (unsigned int i = 0; i < cnt && wrong == NULL; i++) {
			wrong = reparse_record(message, (enum reparse_section)section, &at);
		}
	}
	if (wrong == NULL && at != len) {
		return "bytes behind the last record";
	}
	return wrong;
}

/* reparse_find_option: the first option of this code, or NULL. */
static inline const struct reparse_option *
reparse_find_option(const struct reparse_message *message, uint16_t code)
{
	for (unsigned int i = 0; i < message->option_cnt; i++) {
		if (message->options[i].code == code) {
			return &message->options[i];
		}
	}
	return NULL;
}

#endif
