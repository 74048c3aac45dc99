/*
 * RDATA in presentation form. A reader steps over it field by field; a field is a check, a read and
 * a step, and after the first that does not fit nothing more is read.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "control/binary_text.h"
#include "control/present.h"
#include "control/present_impl.h"
#include "control/rdata.h"

#define POINTER_MARK 0xc0u

/* Copies the name at `off` uncompressed. Every pointer must lead backwards, so this ends. */
static int
unpack_name(const uint8_t *message, size_t len, size_t off, uint8_t wire[TBL_NAME_MAX])
{
	size_t end = 0; /* behind the name where it stands; 0 until the first pointer */
	size_t lowest = off;
	size_t used = 0;

	while (off < len) {
		uint8_t label = message[off];

		if ((label & POINTER_MARK) == POINTER_MARK) {
			if (len - off < 2) {
				return -EBADMSG;
			}
			end = end == 0 ? off + 2 : end;
			off = cp_read_be16(message + off) & 0x3fffu;
			if (off >= lowest) {
				return -EBADMSG;
			}
			lowest = off;
			continue;
		}
		if (label > TBL_LABEL_MAX || (size_t)label + 1 > len - off ||
				(size_t)label + 1 > TBL_NAME_MAX - used) {
			return -EBADMSG;
		}
		memcpy(wire + used, message + off, (size_t)label + 1);
		used += (size_t)label + 1;
		off += (size_t)label + 1;
		if (label == 0) {
			return (int)(end == 0 ? off : end);
		}
	}
	return -EBADMSG;
}

int
cp_present_name(const uint8_t *message, size_t len, size_t off, char text[TBL_NAME_TEXT_MAX])
{
	uint8_t wire[TBL_NAME_MAX];
	int end = unpack_name(message, len, off, wire);

	if (end > 0) {
		tbl_name_to_text(wire, text);
	}
	return end;
}

bool
has_cp_rdata(struct cp_rdata_reader *reader, size_t cnt)
{
	if (cnt > reader->end - reader->off) {
		reader->is_bad = true;
	}
	return !reader->is_bad;
}

void
cp_put_name(struct cp_rdata_reader *reader)
{
	char text[TBL_NAME_TEXT_MAX];
	int end = reader->is_bad ? -EBADMSG
	                         : cp_present_name(reader->message, reader->len, reader->off, text);

	if (end < 0 || (size_t)end > reader->end) {
		reader->is_bad = true;
		return;
	}
	(void)fputs(text, reader->out);
	reader->off = (size_t)end;
}

static void
put_u8(struct cp_rdata_reader *reader)
{
	if (has_cp_rdata(reader, 1)) {
		(void)fprintf(reader->out, "%u", reader->message[reader->off]);
		reader->off += 1;
	}
}

void
cp_put_u16(struct cp_rdata_reader *reader)
{
	if (has_cp_rdata(reader, 2)) {
		(void)fprintf(reader->out, "%u", cp_read_be16(reader->message + reader->off));
		reader->off += 2;
	}
}

static void
put_u32(struct cp_rdata_reader *reader)
{
	if (has_cp_rdata(reader, 4)) {
		(void)fprintf(reader->out, "%u", cp_read_be32(reader->message + reader->off));
		reader->off += 4;
	}
}

static void
put_quoted(struct cp_rdata_reader *reader, size_t cnt)
{
	if (!has_cp_rdata(reader, cnt)) {
		return;
	}
	(void)fputc('"', reader->out);
	for (size_t i = 0; i < cnt; i++) {
		uint8_t c = reader->message[reader->off + i];

		if (c == '"' || c == '\\') {
			(void)fprintf(reader->out, "\\%c", c);
		} else if (c < 0x20 || c > 0x7e) {
			(void)fprintf(reader->out, "\\%03u", c);
		} else {
			(void)fputc(c, reader->out);
		}
	}
	(void)fputc('"', reader->out);
	reader->off += cnt;
}

static void
put_character_string(struct cp_rdata_reader *reader)
{
	if (has_cp_rdata(reader, 1)) {
		size_t cnt = reader->message[reader->off++];

		put_quoted(reader, cnt);
	}
}

static void
put_space(struct cp_rdata_reader *reader)
{
	(void)fputc(' ', reader->out);
}

static void
put_u8s(struct cp_rdata_reader *reader, int cnt)
{
	for (int i = 0; i < cnt; i++) {
		put_u8(reader);
		put_space(reader);
	}
}

static void
put_u16s(struct cp_rdata_reader *reader, int cnt)
{
	for (int i = 0; i < cnt; i++) {
		cp_put_u16(reader);
		put_space(reader);
	}
}

void
cp_put_address(struct cp_rdata_reader *reader, int family, size_t bytes)
{
	char text[INET6_ADDRSTRLEN];

	if (has_cp_rdata(reader, bytes)) {
		inet_ntop(family, reader->message + reader->off, text, sizeof(text));
		(void)fputs(text, reader->out);
		reader->off += bytes;
	}
}

static void
put_a(struct cp_rdata_reader *reader)
{
	cp_put_address(reader, AF_INET, 4);
}

static void
put_aaaa(struct cp_rdata_reader *reader)
{
	cp_put_address(reader, AF_INET6, 16);
}

static void
put_mx(struct cp_rdata_reader *reader)
{
	cp_put_u16(reader);
	put_space(reader);
	cp_put_name(reader);
}

static void
put_srv(struct cp_rdata_reader *reader)
{
	put_u16s(reader, 3);
	cp_put_name(reader);
}

static void
put_soa(struct cp_rdata_reader *reader)
{
	cp_put_name(reader);
	put_space(reader);
	cp_put_name(reader);
	for (int i = 0; i < 5; i++) {
		put_space(reader);
		put_u32(reader);
	}
}

static void
put_txt(struct cp_rdata_reader *reader)
{
	put_character_string(reader);
	while (!reader->is_bad && reader->off < reader->end) {
		put_space(reader);
		put_character_string(reader);
	}
}

/* A tag is letters and digits (RFC 8659 §4.1); any other byte would be taken for the form's own. */
static void
put_caa_tag(struct cp_rdata_reader *reader)
{
	size_t cnt;

	if (!has_cp_rdata(reader, 1)) {
		return;
	}
	cnt = reader->message[reader->off++];
	if (!has_cp_rdata(reader, cnt)) {
		return;
	}
	for (; cnt > 0; cnt--) {
		uint8_t c = reader->message[reader->off++];

		reader->is_bad = reader->is_bad || c > 0x7f || isalnum(c) == 0;
		(void)fputc(c, reader->out);
	}
}

static void
put_caa(struct cp_rdata_reader *reader)
{
	put_u8(reader);
	put_space(reader);
	put_caa_tag(reader);
	put_space(reader);
	put_quoted(reader, reader->end - reader->off);
}

/* What is left, in hexadecimal; at least an octet, since nothing has no form. */
static void
put_hex(struct cp_rdata_reader *reader)
{
	if (has_cp_rdata(reader, 1)) {
		cp_hex_print(reader->out, reader->message + reader->off, reader->end - reader->off);
		reader->off = reader->end;
	}
}

void
cp_put_base64(struct cp_rdata_reader *reader, size_t cnt)
{
	if (cnt > 0 && has_cp_rdata(reader, cnt)) {
		cp_base64_print(reader->out, reader->message + reader->off, cnt);
		reader->off += cnt;
	} else {
		reader->is_bad = true;
	}
}

static void
put_ds(struct cp_rdata_reader *reader)
{
	put_u16s(reader, 1);
	put_u8s(reader, 2);
	put_hex(reader);
}

static void
put_sshfp(struct cp_rdata_reader *reader)
{
	put_u8s(reader, 2);
	put_hex(reader);
}

static void
put_tlsa(struct cp_rdata_reader *reader)
{
	put_u8s(reader, 3);
	put_hex(reader);
}

static void
put_openpgpkey(struct cp_rdata_reader *reader)
{
	cp_put_base64(reader, reader->end - reader->off);
}

static void
put_naptr(struct cp_rdata_reader *reader)
{
	put_u16s(reader, 2);
	for (int i = 0; i < 3; i++) {
		put_character_string(reader);
		put_space(reader);
	}
	cp_put_name(reader);
}

static void
put_uri(struct cp_rdata_reader *reader)
{
	put_u16s(reader, 2);
	(void)has_cp_rdata(reader, 1); /* no target is empty: RFC 7553 §4.4 */
	put_quoted(reader, reader->end - reader->off);
}

/* A fixed-point number; behind the point zeros are left out, but for the first. */
static void
put_decimal(FILE *out, uint64_t number, unsigned int digits)
{
	uint64_t unit = 1;

	for (unsigned int i = 0; i < digits; i++) {
		unit *= 10;
	}
	(void)fprintf(out, "%" PRIu64 ".", number / unit);
	for (number %= unit, unit /= 10; unit > 0; unit /= 10) {
		(void)fprintf(out, "%" PRIu64, number / unit);
		number %= unit;
		if (number == 0) {
			break;
		}
	}
}

/* RFC 1876 §2: thousandths of a second of arc from 2^31, which is 0 degrees. */
static void
put_angle(struct cp_rdata_reader *reader, uint32_t wire, uint32_t degrees_max,
		const char *directions)
{
	bool is_positive = wire >= CP_LOC_ZERO;
	uint32_t angle = is_positive ? wire - CP_LOC_ZERO : CP_LOC_ZERO - wire;

	if (angle > degrees_max * CP_LOC_DEGREE) {
		reader->is_bad = true;
		return;
	}
	(void)fprintf(reader->out, "%u %u ", angle / CP_LOC_DEGREE,
			angle % CP_LOC_DEGREE / CP_LOC_MINUTE);
	put_decimal(reader->out, angle % CP_LOC_MINUTE, 3);
	(void)fprintf(reader->out, " %c ", directions[is_positive ? 0 : 1]);
}

/* RFC 1876 §2: two digits, a number and the power of ten of centimetres it counts. */
static void
put_size(struct cp_rdata_reader *reader, uint8_t size)
{
	uint64_t centimetres = size >> 4;

	if (size >> 4 > 9 || (size & 15) > 9) {
		reader->is_bad = true;
		return;
	}
	for (int i = 0; i < (size & 15); i++) {
		centimetres *= 10;
	}
	(void)fputc(' ', reader->out);
	put_decimal(reader->out, centimetres, 2);
	(void)fputc('m', reader->out);
}

static void
put_loc(struct cp_rdata_reader *reader)
{
	const uint8_t *at = reader->message + reader->off;
	int64_t altitude = 0;

	if (!has_cp_rdata(reader, CP_LOC_BYTES) || at[0] != 0) { /* the version */
		reader->is_bad = true;
		return;
	}
	put_angle(reader, cp_read_be32(at + 4), 90, "NS");
	put_angle(reader, cp_read_be32(at + 8), 180, "EW");
	altitude = (int64_t)cp_read_be32(at + 12) - CP_LOC_ALTITUDE_ZERO;
	(void)fputs(altitude < 0 ? "-" : "", reader->out);
	put_decimal(reader->out, (uint64_t)(altitude < 0 ? -altitude : altitude), 2);
	(void)fputc('m', reader->out);
	for (int i = 1; i <= 3; i++) {
		put_size(reader, at[i]);
	}
	reader->off += CP_LOC_BYTES;
}

/* RFC 3597 §5: \# length hexadecimal. */
static void
put_generic(struct cp_rdata_reader *reader)
{
	(void)fprintf(reader->out, "\\# %zu ", reader->end - reader->off);
	cp_hex_print(reader->out, reader->message + reader->off, reader->end - reader->off);
	reader->off = reader->end;
}

static const struct form {
	uint16_t type;
	void (*put)(struct cp_rdata_reader *reader);
} forms[] = {
	{ CP_TYPE_A, put_a },
	{ CP_TYPE_NS, cp_put_name },
	{ CP_TYPE_CNAME, cp_put_name },
	{ CP_TYPE_SOA, put_soa },
	{ CP_TYPE_PTR, cp_put_name },
	{ CP_TYPE_MX, put_mx },
	{ CP_TYPE_TXT, put_txt },
	{ CP_TYPE_AAAA, put_aaaa },
	{ CP_TYPE_LOC, put_loc },
	{ CP_TYPE_SRV, put_srv },
	{ CP_TYPE_NAPTR, put_naptr },
	{ CP_TYPE_DNAME, cp_put_name },
	{ CP_TYPE_DS, put_ds },
	{ CP_TYPE_SSHFP, put_sshfp },
	{ CP_TYPE_TLSA, put_tlsa },
	{ CP_TYPE_OPENPGPKEY, put_openpgpkey },
	{ CP_TYPE_SVCB, cp_put_svcb },
	{ CP_TYPE_HTTPS, cp_put_svcb },
	{ CP_TYPE_SPF, put_txt },
	{ CP_TYPE_URI, put_uri },
	{ CP_TYPE_CAA, put_caa },
};

int
cp_present_rdata(const uint8_t *message, size_t len, size_t off, uint16_t rdata_len, uint16_t type,
		FILE *out)
{
	struct cp_rdata_reader reader = { .message = message, .len = len, .off = off, .out = out };
	void (*put)(struct cp_rdata_reader *) = put_generic;

	if (off > len || rdata_len > len - off) {
		return -EBADMSG;
	}
	reader.end = off + rdata_len;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].type == type) {
			put = forms[i].put;
		}
	}
	put(&reader);
	return reader.is_bad || reader.off != reader.end ? -EBADMSG : 0;
}
