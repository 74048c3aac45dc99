#include "tests/unit/dataplane/render.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

#include "tests/fuzz/dataplane/reparse.h"

struct line {
	char *text;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void
put(struct line *line, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	/* The linter loses sight of the va_start above. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	len = vsnprintf(line->text + line->len, RENDER_MAX - line->len, format, args);
	va_end(args);
	if (len > 0) {
		line->len += (size_t)len < RENDER_MAX - line->len ? (size_t)len
		                                                  : RENDER_MAX - line->len - 1;
	}
}

static void
put_octet(struct line *line, uint8_t octet)
{
	if (octet > ' ' && octet < 0x7f && octet != '.' && octet != '\\') {
		put(line, "%c", octet);
	} else {
		put(line, "\\%03u", octet);
	}
}

static void
put_name(struct line *line, const struct reparse_name *name)
{
	size_t at = 0;

	while (name->wire[at] != 0) {
		for (size_t i = 1; i <= name->wire[at]; i++) {
			put_octet(line, name->wire[at + i]);
		}
		put(line, ".");
		at += 1u + name->wire[at];
	}
	if (at == 0) {
		put(line, ".");
	}
}

static void
put_name_at(struct line *line, const struct reparse_message *message, size_t at)
{
	struct reparse_name name;

	if (reparse_name(message, &at, &name) == NULL) {
		put_name(line, &name);
	}
}

static void
put_text(struct line *line, const uint8_t *bytes, size_t len)
{
	put(line, "\"");
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == ' ') {
			put(line, " ");
		} else if (bytes[i] == '.') {
			put(line, ".");
		} else {
			put_octet(line, bytes[i]);
		}
	}
	put(line, "\"");
}

static void
put_hex(struct line *line, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		put(line, "%02x", bytes[i]);
	}
}

static void
put_address(struct line *line, int family, const uint8_t *bytes)
{
	char text[INET6_ADDRSTRLEN];

	put(line, "%s", inet_ntop(family, bytes, text, sizeof(text)));
}

static void
put_rdata(struct line *line, const struct reparse_message *message,
		const struct reparse_record *record)
{
	const uint8_t *rdata = message->bytes + record->rdata_off;

	switch (record->type) {
	case 1:
		put(line, "A ");
		put_address(line, AF_INET, rdata);
		break;
	case 2:
	case 5:
		put(line, record->type == 2 ? "NS " : "CNAME ");
		put_name_at(line, message, record->rdata_off);
		break;
	case 6:
		put(line, "SOA ");
		put_name_at(line, message, record->rdata_off);
		put(line, " %u", reparse_u16(message, record->rdata_off + record->rdata_len - 2u));
		break;
	case 15:
		put(line, "MX %u ", reparse_u16(message, record->rdata_off));
		put_name_at(line, message, record->rdata_off + 2u);
		break;
	case 33:
		if (rdata[0] == 0 && record->rdata_len > 6) {
			put(line, "SRV %u ", reparse_u16(message, record->rdata_off));
			put_name_at(line, message, record->rdata_off + 6u);
			break;
		}
		put(line, "TYPE33 ");
		put_text(line, rdata, record->rdata_len);
		break;
	case 64:
	case 65:
		put(line, record->type == 64 ? "SVCB %u " : "HTTPS %u ",
				reparse_u16(message, record->rdata_off));
		put_name_at(line, message, record->rdata_off + 2u);
		break;
	case 39:
		put(line, "DNAME ");
		put_name_at(line, message, record->rdata_off);
		break;
	case 16:
		put(line, "TXT ");
		if (rdata[0] + 1u == record->rdata_len) {
			put_text(line, rdata + 1, rdata[0]);
		} else {
			put(line, "%u bytes", record->rdata_len);
		}
		break;
	case 28:
		put(line, "AAAA ");
		put_address(line, AF_INET6, rdata);
		break;
	default:
		put(line, "TYPE%u ", record->type);
		put_text(line, rdata, record->rdata_len);
		break;
	}
}

static void
put_record(struct line *line, const struct reparse_message *message,
		const struct reparse_record *record)
{
	static const char *const sections[] = { "an", "ns", "ar" };

	put(line, "; %s ", sections[record->section]);
	put_name(line, &record->owner);
	put(line, " %u ", record->ttl_field);
	if (record->class_field != 1) {
		put(line, record->class_field == 3 ? "CH " : "CLASS? ");
	}
	put_rdata(line, message, record);
}

static void
put_options(struct line *line, const struct reparse_message *message)
{
	for (unsigned int i = 0; i < message->option_cnt; i++) {
		const struct reparse_option *option = &message->options[i];
		const uint8_t *data = message->bytes + option->off;

		if (option->code == 3) {
			put(line, " nsid ");
			put_text(line, data, option->len);
		} else if (option->code == 8 && option->len >= 4) {
			put(line, " ecs %u/%u/%u", reparse_u16(message, option->off), data[2],
					data[3]);
		} else if (option->code == 10) {
			put(line, " cookie ");
			put_hex(line, data, option->len);
		} else if (option->code == 11 && option->len == 2) {
			put(line, " keepalive %u", reparse_u16(message, option->off));
		} else if (option->code == 15 && option->len == 2) {
			put(line, " ede %u", reparse_u16(message, option->off));
		} else if (option->code == 19 && option->len == 6 && data[1] == 0) {
			put(line, " zoneversion %u labels serial %u", data[0],
					reparse_u32(message, option->off + 2u));
		} else {
			put(line, " option %u", option->code);
		}
	}
}

static void
put_opt(struct line *line, const struct reparse_message *message)
{
	uint32_t ttl_field = message->opt.ttl_field;

	put(line, "; opt %u", message->opt.class_field);
	if (ttl_field >> 16 & 0xff) {
		put(line, " version %u", ttl_field >> 16 & 0xff);
	}
	put(line, "%s", ttl_field & 0x8000 ? " do" : "");
	if ((ttl_field & 0x7fff) != 0) {
		put(line, " flags %04x", ttl_field & 0x7fff);
	}
	put_options(line, message);
}

/* Key, algorithm, the two numbers that come back, and the error. */
static void
put_tsig(struct line *line, const struct reparse_message *message)
{
	size_t at = message->tsig.rdata_off;
	struct reparse_name algorithm;

	put(line, "; tsig ");
	put_name(line, &message->tsig.owner);
	put(line, " ");
	if (reparse_name(message, &at, &algorithm) == NULL) {
		put_name(line, &algorithm);
		put(line, " time %u fudge %u id %04x error %u", reparse_u16(message, at + 4),
				reparse_u16(message, at + 6), reparse_u16(message, at + 10),
				reparse_u16(message, at + 12));
	}
}

static void
put_header(struct line *line, const struct reparse_message *message)
{
	static const char *const flags[] = { " cd", " ad", " z", " ra", " rd", " tc", " aa" };
	static const char *const rcodes[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
		"NOTIMP", "REFUSED", "YXDOMAIN" };
	unsigned int rcode = (message->flags & 0xfu) |
	                     (message->has_opt ? message->opt.ttl_field >> 24 << 4 : 0);

	if (rcode == 16 || rcode == 23) {
		put(line, rcode == 16 ? "BADVERS" : "BADCOOKIE");
	} else {
		put(line, "%s", rcode == 9 ? "NOTAUTH" : rcode < 7 ? rcodes[rcode] : "RCODE?");
	}
	if ((message->flags & 0x8000) == 0) {
		put(line, " QUERY");
	}
	if ((message->flags & 0x7800) != 0) {
		put(line, " opcode %u", message->flags >> 11 & 0xfu);
	}
	for (int i = 6; i >= 0; i--) {
		put(line, "%s", message->flags & 0x10 << i ? flags[i] : "");
	}
	put(line, "%s", message->question_cnt == 0 ? "; no question" : "");
}

void
render_reply(const uint8_t *reply, size_t len, char text[RENDER_MAX])
{
	static struct reparse_message message; /* large; tests have one thread */
	struct line line = { .text = text };
	const char *wrong = reparse(reply, len, &message);

	text[0] = '\0';
	if (wrong != NULL) {
		put(&line, "MALFORMED: %s", wrong);
		return;
	}
	put_header(&line, &message);
	for (unsigned int i = 0; i < message.record_cnt; i++) {
		put_record(&line, &message, &message.records[i]);
	}
	if (message.has_opt) {
		put_opt(&line, &message);
	}
	if (message.has_tsig) {
		put_tsig(&line, &message);
	}
}
