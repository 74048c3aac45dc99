/* Master files: types to wire form, RRsets, $INCLUDE, and everything that is refused, by its words. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/compile.h"
#include "control/master_impl.h"
#include "control/rdata.h"
#include "tests/unit/control/zone_text.h"
#include "tests/unit/test.h"

/* Three lines, so that what a row adds begins on the fourth. */
#define HEAD                                                                \
	"$TTL 300\n"                                                        \
	"@ SOA ns1.example.net. admin.example.net. 7 7200 900 1209600 60\n" \
	"@ NS ns1.example.net.\n"

static struct loaded
load_master(const char *text)
{
	const struct zone_file files[] = { { "example.test.zone", text }, { NULL, NULL } };

	return load_files(files, NULL);
}

static char *
hex_of(const struct tbl_rdata *rdata, char buffer[1024])
{
	buffer[0] = '\0';
	for (size_t i = 0; i < rdata->size && i < 500; i++) {
		(void)snprintf(buffer + 2 * i, 3, "%02x", rdata->bytes[i]);
	}
	return buffer;
}

/* The hexadecimal digits are what dnspython 2.3 makes of the same text. */
static const struct {
	const char *type, *text, *hex;
} typed[] = {
	{ "A", "192.0.2.1", "c0000201" },
	{ "AAAA", "2001:db8::1", "20010db8000000000000000000000001" },
	{ "MX", "10 mail", "000a046d61696c076578616d706c65047465737400" },
	{ "PTR", "host.example.net.", "04686f7374076578616d706c65036e657400" },
	{ "TXT", "\"a \\\"b\\\" \\\\ \\195\\169;\" c", "0b6120226222205c20c3a93b0163" },
	{ "TXT", "\"\"", "00" },
	{ "HINFO", "\"PC\" \"Unix x\"", "02504306556e69782078" },
	{ "RP", "admin.example.test. .", "0561646d696e076578616d706c6504746573740000" },
	{ "SRV", "0 5 5060 sip", "0000000513c403736970076578616d706c65047465737400" },
	{ "NAPTR", "100 50 \"s\" \"http+I2L\" \"!^.*$!\\\\1!\" _http._tcp.example.net.",
			"00640032017308687474702b49324c09215e2e2a24215c3121055f68747470045f"
			"746370076578616d706c65036e657400" },
	{ "LOC", "42 21 54.5 N 71 6 18.123 W -24m 30m 10m 2m", "0033132289172fc470be157500988d20" },
	{ "LOC", "52 N 0 E 0m", "001216138b2872008000000000989680" },
	{ "DNAME", "other.example.net.", "056f74686572076578616d706c65036e657400" },
	{ "DS", "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
			"ec4505012bb183af5f22588179a53b0a98631fad1a292118" },
	{ "SSHFP", "4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789",
			"0402123456789abcdef67890123456789abcdef67890123456789abcdef1234567"
			"89" },
	{ "TLSA", "3 1 1 0d6fce3320315023ff499a3f3de1362c88f1380311ac8c036890ab13243ff7be",
			"0301010d6fce3320315023ff499a3f3de1362c88f1380311ac8c036890ab13243f"
			"f7be" },
	{ "OPENPGPKEY", "mDMEXEcE6RYJKwYBBAHaRw8BAQdA",
			"9833045c4704e916092b06010401da470f01010740" },
	{ "SVCB",
			"1 svc.example.net. port=8443 alpn=\"h2,h3\" mandatory=port,alpn "
			"ipv4hint=192.0.2.1,192.0.2.2 key667=\"h\\195\\169\"",
			"000103737663076578616d706c65036e6574000000000400010003000100060268"
			"320268330003000220fb00040008c0000201c0000202029b000368c3a9" },
	{ "HTTPS", "1 . alpn=h2 no-default-alpn ech=AEP+DQA/ ipv6hint=2001:db8::1",
			"0001000001000302683200020000000500060043fe0d003f0006001020010db800"
			"0000000000000000000001" },
	{ "HTTPS", "0 other.example.net.", "0000056f74686572076578616d706c65036e657400" },
	{ "SPF", "\"v=spf1 -all\"", "0b763d73706631202d616c6c" },
	{ "URI", "10 1 \"https://example.net/A b\"",
			"000a000168747470733a2f2f6578616d706c652e6e65742f412062" },
	{ "CAA", "128 issue \"ca.example.net; x=1\"",
			"8005697373756563612e6578616d706c652e6e65743b20783d31" },
	{ "CERT", "PKIX 1 8 AAAA", "0001000108000000" },
	{ "AFSDB", "1 afs", "000103616673076578616d706c65047465737400" },
	{ "EUI48", "00-00-5e-00-53-2a", "00005e00532a" },
	{ "APL", "1:192.0.2.0/24 !2:2001:db8::/32", "00011803c000020002208420010db8" },
	{ "TYPE65280", "\\# 4 C0000201", "c0000201" },
	{ "TYPE65280", "\\# 0", "" },
	{ "A", "\\# 4 C0000201", "c0000201" },
	{ "CSYNC", "66 3 A NS AAAA", "000000420003000460000008" },
	{ "SMIMEA", "3 1 1 00ff", "03010100ff" },
	{ "L64", "10 2001:0db8:1140:1000", "000a20010db811401000" },
	{ "DHCID", "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=",
			"000201636fc0b8271c82825bb1ac5c41cf5351aa69b4febd94e8f17cdb95000da4"
			"8c40" },
	{ "ZONEMD",
			"1 1 1 "
			"ababababababababababababababababababababababababababababababababab"
			"ababababababababababababababab",
			"000000010101ababababababababababababababababababababababababababab"
			"ababababababababababababababababababababab" },
};

/* conformance: zone-unknown-types | RFC 3597 §5 | Types are read in their own notation and in the generic one,
 * unknown ones too. */
static void
test_types_to_wire(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(typed); i++) {
		char text[1024];
		char hex[1024];
		struct loaded loaded;
		const struct cp_record *record = NULL;

		(void)snprintf(text, sizeof(text), HEAD "x %s %s\n%s", typed[i].type, typed[i].text,
				strcmp(typed[i].type, "DS") == 0 ? "x NS ns\n" : "");
		loaded = load_master(text);
		if (loaded.errors.cnt > 0) {
			fail_msg("row %zu: %s", i, loaded.said);
		}
		for (size_t k = 0; k < loaded.zones->items[0].record_cnt; k++) {
			const struct cp_record *at = &loaded.zones->items[0].records[k];

			if (strcmp(at->fqdn, "x.example.test.") == 0 && at->type != CP_TYPE_NS) {
				record = at;
			}
		}
		if (record == NULL) {
			fail_msg("row %zu is not there", i);
			return; /* for the analyser */
		}
		assert_int_equal(record->value_cnt, 1);
		assert_string_equal(hex_of(&record->values[0], hex), typed[i].hex);
		free_loaded(&loaded);
	}
}

static void
test_rrsets(void **state)
{
	static const struct {
		const char *text, *fqdn, *type, *values;
	} rows[] = {
		{ HEAD, "example.test.", "SOA",
				"300 ns1.example.net. admin.example.net. 7 7200 900 1209600 60" },
		{ HEAD "www 60 IN A 192.0.2.1\n", "www.example.test.", "A", "60 192.0.2.1" },
		{ HEAD "www IN 60 A 192.0.2.1\n", "www.example.test.", "A", "60 192.0.2.1" },
		{ HEAD "www 1h30m A 192.0.2.1\n", "www.example.test.", "A", "5400 192.0.2.1" },
		{ HEAD "WWW.Example.TEST. A 192.0.2.1\n", "www.example.test.", "A",
				"300 192.0.2.1" },
		/* Together whatever stands between; sorted as text. */
		{ HEAD "a A 192.0.2.2\nb A 192.0.2.3\na A 192.0.2.1\n", "a.example.test.", "A",
				"300 192.0.2.1 192.0.2.2" },
		{ HEAD "$ORIGIN sub.example.test.\nx A 192.0.2.1\n@ MX 10 x\n", "sub.example.test.",
				"MX", "300 10 x.sub.example.test." },
		{ HEAD "x A 192.0.2.1\n  TXT \"behind\"\n", "x.example.test.", "TXT",
				"300 \"behind\"" },
		{ HEAD "x TXT ( \"a\" ; one\n  \"b\" )\n", "x.example.test.", "TXT",
				"300 \"a\" \"b\"" },
		{ HEAD "* A 192.0.2.1", "*.example.test.", "A", "300 192.0.2.1" },
		{ HEAD "a\\.b A 192.0.2.1\n", "a\\.b.example.test.", "A", "300 192.0.2.1" },
		{ HEAD "$TTL 5\nx A 192.0.2.1\n", "x.example.test.", "A", "5 192.0.2.1" },
		{ HEAD "x TYPE1 \\# 4 c0000201\n", "x.example.test.", "A", "300 192.0.2.1" },
		{ HEAD "x TYPE65280 \\# 2 0AFF\n", "x.example.test.", "TYPE65280",
				"300 \\# 2 0aff" },
		{ HEAD "x TYPE65280 \\# 0\n", "x.example.test.", "TYPE65280", "300 \\# 0 " },
		{ HEAD "x HINFO a b\n", "x.example.test.", "TYPE13", "300 \\# 4 01610162" },
		{ HEAD "x 0 A 192.0.2.1\n", "x.example.test.", "A", "0 192.0.2.1" },
		{ HEAD "x 2147483647 A 192.0.2.1\n", "x.example.test.", "A",
				"2147483647 192.0.2.1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct loaded loaded = load_master(rows[i].text);
		char buffer[1024];

		if (loaded.errors.cnt > 0) {
			fail_msg("row %zu: %s", i, loaded.said);
		}
		assert_string_equal(values_of(&loaded, rows[i].fqdn, rows[i].type, buffer),
				rows[i].values);
		assert_true(loaded.zones->items[0].has_own_soa);
		assert_int_equal(loaded.zones->items[0].records[0].type, CP_TYPE_SOA);
		free_loaded(&loaded);
	}
}

/* RDATA of each type that has a form, in generic notation (RFC 3597 §5), which is read without looking at it. */
static const struct {
	const char *type, *hex;
	const char *fine; /* how many of its octets are such RDATA; one more is a zero */
} forms[] = {
	{ "A", "c0000201", "4" },
	{ "AAAA", "20010db8000000000000000000000001", "16" },
	{ "NS", "016100", "3" },
	{ "CNAME", "016100", "3" },
	{ "PTR", "016100", "3" },
	{ "DNAME", "016100", "3" },
	{ "MX", "0005016100", "5" },
	{ "SRV", "000100020003016100", "9" },
	{ "NAPTR", "00010002015501610162016300", "13" },
	{ "LOC", "001216138b2872008000000000989680", "16" },
	/* One string and two; the zero is a third, without a character. */
	{ "TXT", "0161026263", "2 5 6" },
	{ "SPF", "0161026263", "2 5 6" },
	/* What ends with octets of any number, but for none where that would be no value. */
	{ "CAA", "0005697373756561", "7 8 9" },
	{ "DS", "ec450502aabb", "5 6 7" },
	{ "SSHFP", "0401aabb", "3 4 5" },
	{ "TLSA", "030100aabb", "4 5 6" },
	{ "URI", "000a0001616263", "5 6 7 8" },
	/* Whole parameters: none, port; alpn, port, ipv4hint. */
	{ "SVCB", "000100000300020035", "3 9" },
	{ "HTTPS", "0001000001000302683200030002003500040004c0000201", "3 10 16 24" },
};

/* load_form: a record with the first `size` octets of forms[row], or one zero more than there are. */
static struct loaded
load_form(size_t row, size_t size)
{
	bool is_ds = strcmp(forms[row].type, "DS") == 0;
	char text[512];

	(void)snprintf(text, sizeof(text), HEAD "%sx %s \\# %zu%s%.*s%s\n",
			is_ds ? "x NS ns\n" : "", forms[row].type, size, size > 0 ? " " : "",
			(int)(2 * size), forms[row].hex,
			2 * size > strlen(forms[row].hex) ? "00" : "");
	return load_master(text);
}

static void
expect_form(size_t row, size_t size)
{
	struct loaded loaded = load_form(row, size);
	char fine[32];
	char number[32];

	(void)snprintf(fine, sizeof(fine), " %s ", forms[row].fine);
	(void)snprintf(number, sizeof(number), " %zu ", size);
	if ((strstr(fine, number) == NULL) == (loaded.errors.error_cnt == 0)) {
		fail_msg("%s of %zu octets: %s", forms[row].type, size, loaded.said);
	}
	free_loaded(&loaded);
}

/* conformance: zone-rdata-length | RFC 1035 §3.2.1, RFC 3597 §4, RFC 9460 §2.2, CVE-2026-12244, CVE-2026-33611 | RDATA that is shorter or longer than its
 * type says is refused, SVCB's parameters one by one. */
static void
test_lengths_of_rdata(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		for (size_t size = 0; size <= strlen(forms[i].hex) / 2 + 1; size++) {
			expect_form(i, size);
		}
	}
}

/* A file, and everything that is said about it. */
static const struct {
	const char *text, *said;
} sayings[] = {
	/* Warnings. */
	{ HEAD "x A 192.0.2.1\ny A 192.0.2.1\nx A 192.0.2.1\n",
			"example.test.zone:6:1: warning: dropped: the same record is at "
			"example.test.zone:4:1\n" },
	{ HEAD "x MX 5 A.example.net.\nx MX 5 B.example.net.\nx MX 5 a.Example.net.\n",
			"example.test.zone:6:1: warning: dropped: the same record is at "
			"example.test.zone:4:1\n" },
	{ HEAD "x 60 A 192.0.2.9\nx 30 A 192.0.2.1\nx 90 A 192.0.2.2\n",
			"example.test.zone:5:1: warning: TTL 30, and 60 on line 4, in one RRset of "
			"x.example.test. A: the lowest is taken, 30 (RFC 2181 section 5.2)\n" },
	{ "@ SOA ns1.example.net. admin.example.net. 7 7200 900 1209600 60\n"
	  "@ NS ns1.example.net.\nx 30 A 192.0.2.1\ny A 192.0.2.1\n",
			"example.test.zone:1:1: warning: no TTL and no $TTL: 60 is taken, the last "
			"one stated\n" },
	{ "@ 5 SOA ns1.example.net. admin.example.net. 7 7200 900 1209600 60\n",
			"example.test.zone: warning: zone example.test. has no NS record at its "
			"apex\n" },
	/* The zone as a whole. */
	{ "$TTL 5\n@ NS ns1\n", "example.test.zone: error: zone example.test. has no SOA\n" },
	{ "", "example.test.zone: error: zone example.test. has no SOA\n"
	      "example.test.zone: warning: zone example.test. has no NS record at its apex\n" },
	{ HEAD "@ SOA ns1.example.net. admin.example.net. 8 7200 900 1209600 60\n",
			"example.test.zone:2:1: error: 2 records of type SOA at example.test.: "
			"there can be one\n" },
	{ HEAD "x SOA ns1.example.net. admin.example.net. 8 7200 900 1209600 60\n",
			"example.test.zone:4:1: error: an SOA at x.example.test., which is not the "
			"zone's own name\n" },
	{ HEAD "x CNAME a.example.net.\nx CNAME b.example.net.\n",
			"example.test.zone:4:1: error: 2 records of type CNAME at x.example.test.: "
			"there can be one\n" },
	{ HEAD "x CNAME a.example.net.\nx A 192.0.2.1\n",
			"example.test.zone:4:1: error: Invalid zone \"example.test.\"\n"
			"  - Invalid state, CNAME at x.example.test. cannot coexist with other "
			"records (example.test.zone, line 5, column 1, example.test.zone, line 4, "
			"column 1)\n" },
	{ HEAD "@ CNAME a.example.net.\n",
			"example.test.zone:4:1: error: Invalid zone \"example.test.\"\n"
			"  - Invalid state, CNAME at example.test. cannot coexist with other "
			"records (example.test.zone, line 3, column 1, example.test.zone, line 4, "
			"column 1, example.test.zone, line 2, column 1)\n" },
	/* Records. */
	{ HEAD "x.example.net. A 192.0.2.1\nxexample.test. A 192.0.2.1\n",
			"example.test.zone:4:1: error: x.example.net. is not in zone "
			"example.test.\n"
			"example.test.zone:5:1: error: xexample.test. is not in zone "
			"example.test.\n" },
	{ HEAD "x 2147483648 A 192.0.2.1\n",
			"example.test.zone:4:1: error: TTL 2147483648 is over 2147483647: "
			"resolvers read it as 0 (RFC 2181 section 8)\n" },
	{ HEAD "x 4294967295 A 192.0.2.1\n",
			"example.test.zone:4:1: error: TTL 4294967295 is over 2147483647: "
			"resolvers read it as 0 (RFC 2181 section 8)\n" },
	{ "x A 192.0.2.1\n" HEAD,
			"example.test.zone:1:1: error: no TTL: neither here nor in a record or "
			"$TTL before\n" },
	{ HEAD "x CH A 192.0.2.1\nx TYPE0 \\# 0\nx TYPE255 \\# 0\n",
			"example.test.zone:4:4: error: unknown record type, or a class other than "
			"IN\n"
			"example.test.zone:5:1: error: TYPE0 is not a type of records\n"
			"example.test.zone:6:1: error: TYPE255 is not a type of records\n" },
	{ HEAD "x TYPE1 \\# 3 c00002\n",
			"example.test.zone:4:1: error: the data of x.example.test. does not have "
			"the form of its type, A\n" },
	{ HEAD "x NSEC y A\ny NSEC x A\ny CDS 1 13 2 00\n",
			"example.test.zone:4:1: error: NSEC: signed zones are not served yet\n"
			"example.test.zone:6:1: error: CDS: signed zones are not served yet\n" },
	/* Text. All of it in one run; records of several lines are known by their first. */
	{ HEAD "\n; comment\nx A 192.0.2\n  A 192.0.2.1 1\ny MX (\n ten\n a\n)\nz A 192.0.2.1\n"
	       "z A 192.0.2.1\n",
			"example.test.zone:6:12: error: invalid IPv4 address\n"
			"example.test.zone:7:15: error: unexpected data\n"
			"example.test.zone:9:2: error: invalid number\n"
			"example.test.zone:13:1: warning: dropped: the same record is at "
			"example.test.zone:12:1\n" },
	{ HEAD "x ( A\n  192.0.2.1\n)\n\nx A 192.0.2.1\n",
			"example.test.zone:8:1: warning: dropped: the same record is at "
			"example.test.zone:4:1\n" },
	{ HEAD "$GENERATE 1-3 a$ A 192.0.2.$\nx A 192.0.2\n",
			"example.test.zone:4:1: error: $GENERATE is not supported: write out the "
			"records it stands for\n"
			"example.test.zone:5:12: error: invalid IPv4 address\n" },
	{ HEAD "$FOO\nx A 192.0.2\n",
			"example.test.zone:4:2: error: unknown directive: there are $ORIGIN, $TTL "
			"and $INCLUDE (nothing behind this is read)\n" },
	{ HEAD "x A (\n192.0.2.1\n",
			"example.test.zone:6:1: error: a parenthesis is open at the end of the "
			"file (nothing behind this is read)\n" },
	{ HEAD "x A 192.0.2.1\r\ny A 192.0.2.1\r\n",
			"example.test.zone:4:14: error: a carriage return: lines end with a line "
			"feed alone (nothing behind this is read)\n" },
	{ HEAD "x A 192.0.2.1 junk\n", "example.test.zone:4:15: error: unexpected data\n" },
	{ HEAD "0123456789012345678901234567890123456789012345678901234567890123 A 192.0.2.1\n",
			"example.test.zone:4:64: error: maximal domain name label length has "
			"exceeded\n" },
};

/* conformance: zone-no-soa-refused | RFC 1035 §5.2 | A zone without an SOA is refused. */
/* conformance: zone-two-soas-refused | RFC 1035 §5.2 | So is one with two, or with one below its apex. */
/* conformance: zone-out-of-zone-refused | RFC 1035 §5.2 | A record out of its zone is refused, with file, line and
 * column. */
/* conformance: zone-cname-beside-data-refused | RFC 2181 §10.1, RFC 1034 §3.6.2 | A CNAME beside other data, or
 * beside a second one, is refused. */
/* conformance: zone-duplicates-once | RFC 2181 §5, DVE-2017-0016 | A record that is given twice is taken once, and
 * that is said. */
static void
test_what_is_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sayings); i++) {
		struct loaded loaded = load_master(sayings[i].text);

		assert_string_equal(loaded.said, sayings[i].said);
		assert_int_equal(loaded.zones->items[0].has_errors, loaded.errors.error_cnt > 0);
		free_loaded(&loaded);
	}
}

struct include_case {
	const struct zone_file files[6];
	bool is_outside_allowed;
	const char *said, *fqdn, *type, *values;
};

static void
test_includes(void **state)
{
	static const struct include_case cases[] = {
		/* Relative to the including file; origin and TTL go in and do not come back. */
		{ .files = { { "example.test.zone", HEAD "$INCLUDE sub/a.inc\nz A 192.0.2.9\n" },
				  { "sub/", NULL },
				  { "sub/a.inc", "$ORIGIN in.example.test.\n$TTL 5\nx A 192.0.2.1\n"
						 "$INCLUDE b.inc\n" },
				  { "sub/b.inc", "y A 192.0.2.2\n" } },
				.said = "",
				.fqdn = "y.in.example.test.",
				.type = "A",
				.values = "5 192.0.2.2" },
		{ .files = { { "example.test.zone", HEAD "$INCLUDE a.inc in.example.test. ; why\n"
							 "z A 192.0.2.9\n" },
				  { "a.inc", "$TTL 5\nx A 192.0.2.1\n" } },
				.said = "",
				.fqdn = "z.example.test.",
				.type = "A",
				.values = "300 192.0.2.9" },
		{ .files = { { "example.test.zone", HEAD "$INCLUDE a.inc in.example.test.\n" },
				  { "a.inc", "x A 192.0.2.1\n\nx A 192.0.2\n" } },
				.said = "a.inc:3:12: error: invalid IPv4 address\n",
				.fqdn = "x.in.example.test.",
				.type = "A",
				.values = "300 192.0.2.1" },
		{ .files = { { "example.test.zone", HEAD "$INCLUDE none.inc\nx A 192.0.2.1\n" } },
				.said = "example.test.zone:4:1: error: cannot include none.inc: No "
					"such "
					"file or directory\n",
				.fqdn = "x.example.test.",
				.type = "A",
				.values = "300 192.0.2.1" },
		{ .files = { { "example.test.zone", HEAD "$INCLUDE sub\n" }, { "sub/", NULL } },
				.said = "example.test.zone:4:1: error: cannot include sub: Is a "
					"directory\n",
				.fqdn = "x.example.test.",
				.type = "A",
				.values = "none" },
		{ .files = { { "example.test.zone", HEAD "$INCLUDE /etc/hostname\n"
							 "x A 192.0.2.1\n" } },
				.said = "example.test.zone:4:1: error: cannot include "
					"/etc/hostname: it is outside of /tmp/",
				.fqdn = "x.example.test.",
				.type = "A",
				.values = "300 192.0.2.1" },
		{ .files = { { "example.test.zone", HEAD "$INCLUDE /dev/null\nx A 192.0.2.1\n" } },
				.is_outside_allowed = true,
				.said = "example.test.zone:4:1: error: cannot include /dev/null: "
					"it is "
					"not a regular file\n",
				.fqdn = "x.example.test.",
				.type = "A",
				.values = "300 192.0.2.1" },
		/* The owner of the record before does not go in. */
		{ .files = { { "example.test.zone", HEAD "x A 192.0.2.1\n$INCLUDE a.inc\n" },
				  { "a.inc", " TXT a\n" } },
				.said = "a.inc:1:1: error: a record without an owner, and no good "
					"one before it\n",
				.fqdn = "x.example.test.",
				.type = "TXT",
				.values = "none" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cp_zones_options options = cp_zones_defaults();
		struct loaded loaded;
		char buffer[1024];

		options.include_outside = cases[i].is_outside_allowed;
		loaded = load_files(cases[i].files, &options);
		assert_true(strncmp(loaded.said, cases[i].said, strlen(cases[i].said)) == 0);
		assert_int_equal(loaded.errors.cnt, cases[i].said[0] != '\0');
		assert_string_equal(values_of(&loaded, cases[i].fqdn, cases[i].type, buffer),
				cases[i].values);
		free_loaded(&loaded);
	}
}

/* A file that includes itself, files that include each other often, files too deep: each ends in one
 * error, and with what was read by then. */
static void
test_include_bombs(void **state)
{
	const struct zone_file loop[] = {
		{ "example.test.zone", HEAD "$INCLUDE example.test.zone\n" }, { NULL, NULL }
	};
	const struct zone_file ladder[] = {
		{ "example.test.zone", HEAD "$INCLUDE a\n$INCLUDE a\n$INCLUDE a\n$INCLUDE a\n" },
		{ "a", "$INCLUDE b\n$INCLUDE b\n$INCLUDE b\n$INCLUDE b\n$INCLUDE b\n" },
		{ "b", "$INCLUDE c\n$INCLUDE c\n$INCLUDE c\n$INCLUDE c\n$INCLUDE c\n" },
		{ "c", "$INCLUDE d\n$INCLUDE d\n$INCLUDE d\n$INCLUDE d\n$INCLUDE d\n" },
		{ "d", "$INCLUDE e\n$INCLUDE e\n$INCLUDE e\n$INCLUDE e\n$INCLUDE e\n" },
		{ "e", "" }, { NULL, NULL }
	};
	const struct zone_file deep[] = { { "example.test.zone", HEAD "$INCLUDE a\n" },
		{ "a", "$INCLUDE b\n" }, { "b", "$INCLUDE c\n" }, { "c", "$INCLUDE d\n" },
		{ "d", "$INCLUDE e\n" }, { "e", "$INCLUDE f\n" }, { "f", "$INCLUDE g\n" },
		{ "g", "$INCLUDE h\n" }, { "h", "$INCLUDE i\n" }, { "i", "" }, { NULL, NULL } };
	struct loaded loaded = load_files(loop, NULL);

	(void)state;
	assert_int_equal(loaded.errors.error_cnt, 1);
	assert_string_equal(loaded.said, "example.test.zone:4:1: error: cannot include "
					 "example.test.zone: it includes this file\n");
	free_loaded(&loaded);
	loaded = load_files(ladder, NULL);
	assert_non_null(strstr(loaded.said, "the zone has more than 1000 $INCLUDEs\n"));
	assert_true(loaded.zones->items[0].has_errors);
	free_loaded(&loaded);
	loaded = load_files(deep, NULL);
	assert_string_equal(loaded.said, "h:1:1: error: cannot include i: files include each other "
					 "more than 8 deep\n");
	free_loaded(&loaded);
}

/* More $INCLUDEs than the scanner's own stack has room for. */
static void
test_many_includes(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct loaded loaded;
	char buffer[1024];

	(void)state;
	assert_non_null(out);
	(void)fputs(HEAD, out);
	for (int i = 0; i < 100; i++) {
		(void)fprintf(out, "$INCLUDE a.inc x%d.example.test.\nbad A 1\n", i);
	}
	assert_int_equal(fclose(out), 0);
	{
		const struct zone_file files[] = { { "example.test.zone", text },
			{ "a.inc", "@ TXT a\n" }, { NULL, NULL } };

		loaded = load_files(files, NULL);
	}
	assert_int_equal(loaded.errors.error_cnt, 100);
	assert_string_equal(values_of(&loaded, "x99.example.test.", "TXT", buffer), "300 \"a\"");
	free_loaded(&loaded);
	free(text);
}

static void
test_many_errors_are_cut_short(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct loaded loaded;

	(void)state;
	assert_non_null(out);
	for (unsigned int i = 0; i < 10 * CONF_MESSAGES_PER_FILE_MAX; i++) {
		(void)fputs("bad A 1\n", out);
	}
	assert_int_equal(fclose(out), 0);
	loaded = load_master(text);
	assert_int_equal(loaded.errors.error_cnt, 10 * CONF_MESSAGES_PER_FILE_MAX + 1); /* no SOA */
	assert_in_range(loaded.errors.cnt, CONF_MESSAGES_PER_FILE_MAX,
			CONF_MESSAGES_PER_FILE_MAX + 8);
	free_loaded(&loaded);
	free(text);
}

/* Bytes that no editor writes. */
static void
test_hostile_bytes(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *said;
	} rows[] = {
		{ "x 5 TXT \"a\0b\"\n", 14, "invalid text character" },
		{ "\0\0\0\0\n", 5, "owner is invalid" },
		{ "; \0\n", 4, "has no SOA" },
		{ "\xff\xfe\n", 3, "owner is invalid" },
		{ "x 5 A ((((\n", 11, "too many left parentheses" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char dir[] = "/tmp/test_master.XXXXXX";
		char path[64];
		struct cp_zones_options options = cp_zones_defaults();
		struct conf_errors errors = { 0 };
		struct cp_zones *zones = NULL;
		bool is_said = false;
		FILE *file = NULL;

		assert_non_null(mkdtemp(dir));
		(void)snprintf(path, sizeof(path), "%s/example.test.zone", dir);
		file = fopen(path, "w");
		assert_non_null(file);
		assert_int_equal(fwrite(rows[i].bytes, 1, rows[i].size, file), rows[i].size);
		assert_int_equal(fclose(file), 0);
		assert_int_equal(cp_zones_load(dir, &options, &errors, &zones), 0);
		assert_true(errors.error_cnt > 0);
		for (size_t k = 0; k < errors.cnt && !is_said; k++) {
			is_said = strstr(errors.messages[k].text, rows[i].said) != NULL;
		}
		assert_true(is_said);
		cp_zones_free(zones);
		conf_errors_free(&errors);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(rmdir(dir), 0);
	}
}

/* A file of 2 GB costs its name; a FIFO is not waited for. */
static void
test_files_that_are_none(void **state)
{
	char dir[] = "/tmp/test_master.XXXXXX";
	char path[64];
	struct cp_zones_options options = cp_zones_defaults();
	struct conf_errors errors = { 0 };
	struct cp_zones *zones = NULL;
	int fd = -1;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/example.test.zone", dir);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 2147483648), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(cp_zones_load(dir, &options, &errors, &zones), 0);
	assert_string_equal(errors.messages[0].text, "cannot be read: it is too large: a zone has "
						     "at most 256 MiB, all its files together");
	cp_zones_free(zones);
	conf_errors_free(&errors);
	assert_int_equal(unlink(path), 0);

	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(cp_zones_load(dir, &options, &errors, &zones), 0);
	assert_string_equal(errors.messages[0].text, "cannot be read: it is not a regular file");
	cp_zones_free(zones);
	conf_errors_free(&errors);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* One line without an end: 20 MB of text in a record that may hold 64 KiB. */
/* conformance: zone-endless-line | CVE-2019-13951, CVE-2019-13952 | A line of 20 MB is an error. */
static void
test_endless_line(void **state)
{
	size_t size = 20u << 20;
	char *text = malloc(size + 1);
	struct loaded loaded;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', size);
	memcpy(text, "x 5 TXT ", 8);
	text[size] = '\0';
	loaded = load_master(text);
	assert_non_null(strstr(loaded.said, "error: text is too long"));
	free_loaded(&loaded);
	free(text);
}

/* A link is where it points to. */
static void
test_link_out_of_the_directory(void **state)
{
	char dir[] = "/tmp/test_master.XXXXXX";
	char path[64];
	char link[64];
	struct cp_zones_options options = cp_zones_defaults();
	struct conf_errors errors = { 0 };
	struct cp_zones *zones = NULL;
	FILE *file = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/example.test.zone", dir);
	(void)snprintf(link, sizeof(link), "%s/passwd", dir);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(HEAD "$INCLUDE passwd\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(symlink("/etc/passwd", link), 0);
	assert_int_equal(cp_zones_load(dir, &options, &errors, &zones), 0);
	assert_int_equal(errors.cnt, 1);
	assert_non_null(strstr(errors.messages[0].text, "passwd: it is outside of /tmp/"));
	cp_zones_free(zones);
	conf_errors_free(&errors);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* One zone as YAML and as a master file: which one is meant? */
static void
test_both_forms_of_one_zone(void **state)
{
	const struct zone_file files[] = {
		{ "example.test.yaml", "'': {type: NS, value: ns1.example.net.}\n" },
		{ "example.test.zone", HEAD }, { NULL, NULL }
	};
	struct loaded loaded = load_files(files, NULL);

	(void)state;
	assert_string_equal(loaded.said, "example.test.zone: error: zone example.test. is also in "
					 "example.test.yaml\n");
	assert_int_equal(loaded.zones->cnt, 1);
	assert_true(loaded.zones->items[0].has_errors);
	free_loaded(&loaded);
}

/* Sub-zone rules hold for master files too; what is split or shared is YAML's alone. */
static void
test_beside_other_layouts(void **state)
{
	struct cp_zones_options options = cp_zones_defaults();
	const struct zone_file files[] = {
		{ "example.test.zone", HEAD "sub A 192.0.2.1\nsub NS ns1\n" },
		{ "shared.yaml", "www: {type: A, value: 192.0.2.1}\n" },
		{ "sub.example.test.yaml", "'': {type: NS, value: ns1.example.net.}\n" },
		{ "zone.test.zone/", NULL },
		{ "zone.test.zone/a.yaml", "'': {type: NS, value: ns1.example.net.}\n" },
		{ NULL, NULL },
	};
	struct loaded loaded;

	(void)state;
	options.split_extension = ".zone";
	options.shared_filename = "shared.yaml";
	loaded = load_files(files, &options);
	assert_non_null(strstr(loaded.said, "Record sub.example.test. is a managed sub-zone and "
					    "not of type NS or DS\n"));
	assert_int_equal(loaded.errors.error_cnt, 1);
	assert_int_equal(loaded.zones->cnt, 3);
	assert_true(loaded.zones->items[0].has_errors);
	assert_null(record_at(&loaded, "www.example.test.", "A"));
	assert_non_null(record_at(&loaded, "www.sub.example.test.", "A"));
	assert_non_null(record_at(&loaded, "www.zone.test.", "A"));
	free_loaded(&loaded);
}

/* Glue of a delegation to a zone that is served here as well, and an escaped dot, which is no step up. */
static void
test_glue_of_a_zone_served_here(void **state)
{
	const struct zone_file files[] = {
		{ "example.test.zone", HEAD "Sub NS NS.sub\nns.sub A 192.0.2.1\n"
					    "x\\.sub A 192.0.2.2\nno.sub A 192.0.2.3\n" },
		{ "sub.example.test.zone", HEAD "ns A 192.0.2.1\n" },
		{ NULL, NULL },
	};
	struct loaded loaded = load_files(files, NULL);

	(void)state;
	assert_string_equal(loaded.said, "example.test.zone:7:1: error: Record "
					 "no.sub.example.test. is under a managed subzone\n");
	assert_non_null(record_at(&loaded, "ns.sub.example.test.", "A"));
	assert_non_null(record_at(&loaded, "x\\.sub.example.test.", "A"));
	free_loaded(&loaded);
}

/* The compiler takes it, and the serial stays the file's whatever the generation. */
static void
test_compiles_with_its_own_serial(void **state)
{
	const struct cp_compile_params params = { .generation = 99, .hash_seed = { 3, 5 } };
	struct loaded loaded = load_master(HEAD "www A 192.0.2.1\nx TYPE65280 \\# 0\n"
						"sub NS ns.sub\nns.sub A 192.0.2.5\n");
	struct cp_compiler *compiler = NULL;
	void *image = NULL;
	size_t size = 0;
	static const uint8_t numbers[] = { 0, 0, 0, 7, 0, 0, 0x1c, 0x20 };

	(void)state;
	assert_string_equal(loaded.said, "");
	assert_int_equal(cp_compiler_new(&compiler), 0);
	assert_int_equal(cp_compile(compiler, loaded.zones, NULL, &params, &loaded.errors, &image,
					 &size),
			0);
	assert_non_null(memmem(image, size, numbers, sizeof(numbers)));
	free(image);
	cp_compiler_free(compiler);
	free_loaded(&loaded);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types_to_wire),
		cmocka_unit_test(test_lengths_of_rdata),
		cmocka_unit_test(test_rrsets),
		cmocka_unit_test(test_what_is_said),
		cmocka_unit_test(test_includes),
		cmocka_unit_test(test_include_bombs),
		cmocka_unit_test(test_many_includes),
		cmocka_unit_test(test_many_errors_are_cut_short),
		cmocka_unit_test(test_hostile_bytes),
		cmocka_unit_test(test_files_that_are_none),
		cmocka_unit_test(test_endless_line),
		cmocka_unit_test(test_link_out_of_the_directory),
		cmocka_unit_test(test_both_forms_of_one_zone),
		cmocka_unit_test(test_beside_other_layouts),
		cmocka_unit_test(test_glue_of_a_zone_served_here),
		cmocka_unit_test(test_compiles_with_its_own_serial),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
