/*
 * SVCB and HTTPS in presentation form (RFC 9460 §2.1). Values are written without quotes: what
 * would need them is escaped.
 */
#include <ctype.h>
#include <string.h>
#include <sys/socket.h>

#include "control/present_impl.h"
#include "control/rdata.h"

/* RFC 9460 appendix A: a comma or backslash within an item of a list is escaped twice, once for the
 * list and once for the character-string around it. */
static void
put_value_char(struct cp_rdata_reader *reader, uint8_t c, bool is_in_list)
{
	if (is_in_list && c == ',') {
		(void)fputs("\\\\,", reader->out);
	} else if (c == '\\') {
		(void)fputs(is_in_list ? "\\\\\\\\" : "\\\\", reader->out);
	} else if (c > ' ' && c <= '~' && strchr("\"();", c) == NULL) {
		(void)fputc(c, reader->out);
	} else {
		(void)fprintf(reader->out, "\\%03u", c);
	}
}

static void
put_octets(struct cp_rdata_reader *reader)
{
	for (; reader->off < reader->end; reader->off++) {
		put_value_char(reader, reader->message[reader->off], false);
	}
}

static void
put_key(struct cp_rdata_reader *reader, uint16_t key)
{
	const char *name = cp_svcb_key_name(key);

	if (name != NULL) {
		(void)fputs(name, reader->out);
	} else {
		(void)fprintf(reader->out, "key%u", key);
	}
}

static void
put_mandatory(struct cp_rdata_reader *reader)
{
	if (has_cp_rdata(reader, 2)) {
		put_key(reader, cp_read_be16(reader->message + reader->off));
		reader->off += 2;
	}
}

static void
put_alpn(struct cp_rdata_reader *reader)
{
	size_t cnt = 0;

	if (!has_cp_rdata(reader, 1)) {
		return;
	}
	cnt = reader->message[reader->off++];
	if (cnt == 0 || !has_cp_rdata(reader, cnt)) {
		reader->is_bad = true;
		return;
	}
	for (; cnt > 0; cnt--) {
		put_value_char(reader, reader->message[reader->off++], true);
	}
}

static void
put_ipv4hint(struct cp_rdata_reader *reader)
{
	cp_put_address(reader, AF_INET, 4);
}

static void
put_ipv6hint(struct cp_rdata_reader *reader)
{
	cp_put_address(reader, AF_INET6, 16);
}

static void
put_ech(struct cp_rdata_reader *reader)
{
	cp_put_base64(reader, reader->end - reader->off);
}

/* The item of each list, and the whole of what is none. Keys without a row are octets. */
static const struct form {
	uint16_t key;
	bool is_list;
	void (*put)(struct cp_rdata_reader *reader);
} forms[] = {
	{ CP_SVCB_MANDATORY, true, put_mandatory },
	{ CP_SVCB_ALPN, true, put_alpn },
	{ CP_SVCB_PORT, false, cp_put_u16 },
	{ CP_SVCB_IPV4HINT, true, put_ipv4hint },
	{ CP_SVCB_ECH, false, put_ech },
	{ CP_SVCB_IPV6HINT, true, put_ipv6hint },
};

static const struct form *
find_form(uint16_t key)
{
	static const struct form octets = { .put = put_octets };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].key == key) {
			return &forms[i];
		}
	}
	return &octets;
}

/* The value is all that the reader has. */
static void
put_value(struct cp_rdata_reader *reader, const struct form *form)
{
	form->put(reader);
	while (form->is_list && !reader->is_bad && reader->off < reader->end) {
		(void)fputc(',', reader->out);
		form->put(reader);
	}
	reader->is_bad = reader->is_bad || reader->off != reader->end;
}

/* put_param writes one " key=value". Returns its key, or -1 after which the reader is bad. */
static int
put_param(struct cp_rdata_reader *reader)
{
	const uint8_t *at = reader->message + reader->off;
	size_t end = reader->end;
	uint16_t key = 0;
	size_t cnt = 0;

	if (!has_cp_rdata(reader, 4)) {
		return -1;
	}
	key = cp_read_be16(at);
	cnt = cp_read_be16(at + 2);
	reader->off += 4;
	if (!has_cp_rdata(reader, cnt) || (key == CP_SVCB_NO_DEFAULT_ALPN && cnt > 0)) {
		reader->is_bad = true;
		return -1;
	}
	(void)fputc(' ', reader->out);
	put_key(reader, key);
	if (cnt > 0 || find_form(key)->put != put_octets) {
		(void)fputc('=', reader->out);
		reader->end = reader->off + cnt;
		put_value(reader, find_form(key));
		reader->end = end;
	}
	return key;
}

void
cp_put_svcb(struct cp_rdata_reader *reader)
{
	int last = -1;

	cp_put_u16(reader);
	(void)fputc(' ', reader->out);
	cp_put_name(reader);
	while (!reader->is_bad && reader->off < reader->end) {
		int key = put_param(reader);

		/* RFC 9460 §2.2: strictly increasing. */
		reader->is_bad = reader->is_bad || key <= last;
		last = key;
	}
}
