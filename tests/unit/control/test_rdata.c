/* Values of each type: what is refused in octoDNS's words, and the wire form of what is not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/zones.h"
#include "tests/unit/control/zone_text.h"
#include "tests/unit/test.h"

/* load_value: one record whose values part is `values`, under a name that SRV takes. */
static struct loaded
load_value(const char *type, const char *values)
{
	char text[2048];

	(void)snprintf(text, sizeof(text),
			"'': {type: NS, value: ns.example.test.}\n_x._tcp: {type: %s, %s}\n", type,
			values);
	return load_text(text);
}

static const struct {
	const char *type, *values, *reasons;
} refused[] = {
	{ "A", "value: hello", "  - invalid IPv4 address \"hello\"\n" },
	{ "A", "value: 5", "  - invalid IPv4 address \"5\"\n" },
	{ "A", "value: no", "  - invalid IPv4 address \"False\"\n" },
	{ "A", "value: 192.0.2.01", "  - invalid IPv4 address \"192.0.2.01\"\n" },
	{ "A", "values: [hello, '', ~]",
			"  - invalid IPv4 address \"hello\"\n  - empty value\n"
			"  - missing value(s)\n" },
	{ "A", "values: []", "  - missing value(s)\n" },
	{ "A", "value: ", "  - missing value(s)\n" },
	{ "AAAA", "value: 192.0.2.1", "  - invalid IPv6 address \"192.0.2.1\"\n" },
	{ "CNAME", "value: ", "  - missing value\n" },
	{ "CNAME", "values: [a.b.]", "  - missing value\n" },
	{ "CNAME", "value: [a.b.]", "  - CNAME takes one value\n" },
	{ "CNAME", "value: foo.", "  - CNAME value \"foo.\" is not a valid FQDN\n" },
	{ "CNAME", "value: -a.b.", "  - CNAME value \"-a.b.\" is not a valid FQDN\n" },
	{ "CNAME", "value: a-.b.", "  - CNAME value \"a-.b.\" is not a valid FQDN\n" },
	{ "CNAME", "value: a..b.", "  - CNAME value \"a..b.\" is not a valid FQDN\n" },
	{ "CNAME", "value: .", "  - CNAME value \".\" is not a valid FQDN\n" },
	{ "CNAME", "value: '*.A.b.'", "  - CNAME value \"*.a.b.\" is not a valid FQDN\n" },
	{ "CNAME", "value: 5", "  - CNAME value must be text\n" },
	{ "CNAME", "value: _x.\xc3\xa9.test.",
			"  - CNAME value \"_x.\xc3\xa9.test.\" is not a valid FQDN: Codepoint "
			"U+005F at position 1 of '_x' not allowed\n" },
	{ "PTR", "values: []", "  - missing value(s)\n" },
	{ "PTR", "values: ['', a.b.]", "  - missing value\n" },
	{ "MX", "value: {}", "  - missing preference\n  - missing exchange\n" },
	{ "MX", "value: {exchange: a, preference: x}",
			"  - invalid preference \"x\"\n  - MX exchange \"a\" is not a "
			"valid FQDN\n" },
	{ "MX", "value: {exchange: a.b., preference: 65536}",
			"  - invalid preference \"65536\"\n" },
	{ "MX", "value: a.b.", "  - MX value must hold \"field: value\" pairs\n" },
	{ "MX", "values: []", "  - missing value(s)\n" },
	{ "SRV", "value: {}",
			"  - missing priority\n  - missing weight\n  - missing port\n"
			"  - missing target\n" },
	{ "SRV", "value: {port: foo, priority: -1, target: a.b., weight: ~}",
			"  - invalid priority \"-1\"\n  - invalid weight \"None\"\n"
			"  - invalid port \"foo\"\n" },
	{ "CAA", "value: {flags: 256}",
			"  - invalid flags \"256\"\n  - missing tag\n  - missing value\n" },
	{ "CAA", "value: {tag: '', value: x}", "  - invalid tag \"\" or value too long\n" },
	{ "CAA", "value: {tag: iod\\f, value: x}",
			"  - invalid tag \"iod\\f\": only letters and digits make a tag\n" },
	{ "TXT", "value: 5", "  - TXT value must be text: put quotes around 5\n" },
	{ "TXT", "value: a;b", "  - unescaped ; in \"a;b\"\n" },
	{ "TXT", "value: 'a\\\\;b'", "  - double escaped ; in \"a\\\\;b\"\n" },
	{ "TXT", "value: \"\xc3\xa9\"", "  - non ASCII character in \"\xc3\xa9\"\n" },
	{ "TXT", "value: \"a\\0b\"", "  - TXT value holds a NUL character\n" },
	{ "TXT", "values: [~, a, ~]", "  - missing value(s)\n  - missing value(s)\n" },
	{ "DS", "value: {}",
			"  - missing key_tag\n  - missing algorithm\n  - missing "
			"digest_type\n  - missing digest\n" },
	{ "DS", "value: {flags: x}",
			"  - invalid flags \"x\"\n  - missing protocol\n  - missing "
			"algorithm\n  - missing public_key\n" },
	{ "DS", "value: {algorithm: 256, digest: ab, digest_type: 1, key_tag: 1}",
			"  - invalid algorithm \"256\"\n" },
	{ "DS", "value: {algorithm: 8, digest: abc, digest_type: 1, key_tag: 1}",
			"  - DS digest \"abc\" is not hexadecimal\n" },
	{ "DS", "value: {algorithm: 8, digest: '', digest_type: 1, key_tag: 1}",
			"  - DS digest \"\" is not hexadecimal\n" },
	{ "DS", "value: {algorithm: 8, digest: 0123, digest_type: 1, key_tag: 1}",
			"  - DS digest must be text: put quotes around it\n"
			"example.test.yaml:2:51: warning: 0123 is read as the number 83: write "
			"that, or put quotes around it\n" },
	{ "SSHFP", "value: {algorithm: 9, fingerprint: ab, fingerprint_type: 1}",
			"  - unrecognized algorithm \"9\"\n  - fingerprint length 2 does "
			"not match fingerprint_type 1 (expected 40)\n" },
	{ "SSHFP", "value: {algorithm: x, fingerprint_type: 3}",
			"  - invalid algorithm \"x\"\n  - unrecognized fingerprint_type "
			"\"3\"\n  - missing fingerprint\n" },
	{ "TLSA", "value: {matching_type: 3, selector: x}",
			"  - invalid selector \"x\"\n  - invalid matching_type \"3\"\n"
			"  - missing certificate_usage\n"
			"  - missing certificate_association_data\n" },
	{ "OPENPGPKEY", "value: ", "  - missing value(s)\n" },
	{ "OPENPGPKEY", "value: YWI", "  - OPENPGPKEY value \"YWI\" is not base64\n" },
	{ "SPF", "value: a;b", "  - unescaped ; in \"a;b\"\n" },
	{ "NAPTR", "value: {}",
			"  - missing order\n  - missing preference\n  - missing flags\n"
			"  - missing service\n  - missing regexp\n"
			"  - missing replacement\n" },
	{ "NAPTR",
			"value: {flags: X, order: 1, preference: 65536, regexp: '', "
			"replacement: 'a..b', service: ''}",
			"  - invalid preference \"65536\"\n  - unrecognized flags \"X\"\n"
			"  - NAPTR replacement \"a..b\" is not a domain name\n" },
	{ "URI", "value: {priority: x, target: ''}",
			"  - invalid priority \"x\"\n  - missing weight\n"
			"  - missing target\n" },
	{ "LOC", "value: {altitude: -100001, lat_degrees: 91, lat_direction: E}",
			"  - invalid value for lat_degrees \"91\"\n"
			"  - missing lat_minutes\n  - missing long_degrees\n"
			"  - missing long_minutes\n  - missing lat_seconds\n"
			"  - missing long_seconds\n"
			"  - invalid value for altitude \"-100001\"\n"
			"  - missing size\n  - missing precision_horz\n"
			"  - missing precision_vert\n"
			"  - invalid direction for lat_direction \"E\"\n"
			"  - missing long_direction\n" },
	{ "LOC",
			"value: {altitude: 0, lat_degrees: 90, lat_direction: N, "
			"lat_minutes: 0, lat_seconds: 0.001, long_degrees: 0, "
			"long_direction: W, long_minutes: 0, long_seconds: 0, "
			"precision_horz: 0, precision_vert: 0, size: 0}",
			"  - lat_degrees, minutes and seconds are more than 90 degrees\n" },
	{ "SVCB", "value: {}", "  - missing svcpriority\n  - missing targetname\n" },
	{ "HTTPS", "value: {svcparams: {port: 1}, svcpriority: 0, targetname: .}",
			"  - svcparams set on AliasMode SVCB record\n" },
	{ "SVCB",
			"value: {svcparams: {alpn: [], key1: x, key65535: x, keyx: x, "
			"port: 65536, x: 1}, svcpriority: 1, targetname: .}",
			"  - alpn is an empty list\n"
			"  - SvcParam key \"key1\" is written alpn\n"
			"  - SvcParam key \"key65535\" is reserved\n"
			"  - SvcParam key \"keyx\" has wrong format\n"
			"  - port 65536 is not a valid number\n"
			"  - Unknown SvcParam x\n" },
	{ "SVCB",
			"value: {svcparams: {mandatory: [port]}, svcpriority: 1, "
			"targetname: .}",
			"  - SvcParam 3 in mandatory is not another one that is set, or is "
			"there twice\n" },
	{ "SVCB",
			"value: {svcparams: {mandatory: [port, port], port: 1}, "
			"svcpriority: 1, targetname: .}",
			"  - SvcParam 3 in mandatory is not another one that is set, or is "
			"there twice\n" },
	{ "SVCB",
			"value: {svcparams: {key7: a, key07: b}, svcpriority: 1, "
			"targetname: .}",
			"  - SvcParam key7 is given twice\n" },
	{ "SVCB", "value: {svcparams: 5, svcpriority: 1, targetname: .}",
			"  - svcparams must hold \"key: value\" pairs\n" },
};

static void
test_refused_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct loaded loaded = load_value(refused[i].type, refused[i].values);
		char expected[1024];

		(void)snprintf(expected, sizeof(expected),
				"example.test.yaml:2:10: error: Invalid record "
				"\"_x._tcp.example.test.\"\n%s",
				refused[i].reasons);
		assert_string_equal(loaded.said, expected);
		free_loaded(&loaded);
	}
}

static void
expect_wire(const struct cp_record *record, const char *hex)
{
	char got[256] = "";

	for (size_t i = 0; i < record->values[0].size; i++) {
		(void)snprintf(got + 2 * i, sizeof(got) - 2 * i, "%02x",
				record->values[0].bytes[i]);
	}
	assert_string_equal(got, hex);
}

static const struct {
	const char *type, *values, *text, *hex;
} served[] = {
	{ "A", "value: 192.0.2.1", "192.0.2.1", "c0000201" },
	{ "AAAA", "value: '2001:0DB8::1'", "2001:db8::1", "20010db8000000000000000000000001" },
	{ "CNAME", "value: A.Test", "a.test.", "0161047465737400" },
	{ "CNAME", "value: 192.0.2.1.", "192.0.2.1.",
			"033139320130013201310"
			"0" },
	{ "NS", "value: a.test.", "a.test.", "0161047465737400" },
	{ "PTR", "value: a_b.test.", "a_b.test.", "03615f62047465737400" },
	{ "MX", "value: {exchange: a.test., preference: 10}", "10 a.test.",
			"000a0161047465737400" },
	{ "MX", "value: {priority: '10', value: a.test.}", "10 a.test.", "000a0161047465737400" },
	{ "MX", "value: {exchange: ., preference: 0}", "0 .", "000000" },
	{ "SRV", "value: {port: 443, priority: 1, target: ., weight: 2}", "1 2 443 .",
			"0001000201bb00" },
	{ "CAA", "value: {tag: issue, value: 'a \"b\" c'}", "0 issue \"a \\\"b\\\" c\"",
			"000569737375656120226222"
			"2063" },
	{ "CAA", "value: {flags: 128, tag: iodef, value: ''}", "128 iodef \"\"", "8005696f646566" },
	{ "TXT", "value: ''", "\"\"", "00" },
	{ "TXT", "value: abc", "\"abc\"", "03616263" },
	{ "TXT", "value: 'v=x\\; y'", "\"v=x; y\"", "06763d783b2079" },
	{ "TXT", "value: 'a ; b'", "\"a ; b\"", "0561203b2062" },
	{ "TXT", "value: '\"quoted\"'", "\"quoted\"", "0671756f746564" },
	{ "TXT", "value: '\"one\" \"two\"'", "\"onetwo\"", "066f6e6574776f" },
	{ "TXT", "value: 'a\\059b'", "\"a\\\\059b\"", "06615c30353962" },
	{ "TXT", "value: '\"'", "\"\"", "00" },
	{ "TXT", "value: 'say \"hi\"'", "\"say \\\"hi\\\"\"",
			"0873617920226869"
			"22" },
	{ "DS", "value: {algorithm: 8, digest: 'AB cd', digest_type: 2, key_tag: 258}",
			"258 8 2 abcd", "01020802abcd" },
	{ "DS", "value: {algorithm: 2, flags: 258, protocol: 8, public_key: abcd}", "258 8 2 abcd",
			"01020802abcd" },
	{ "SSHFP",
			"value: {algorithm: 4, fingerprint: "
			"0123456789abcdef0123456789ABCDEF01234567, fingerprint_type: 1}",
			"4 1 0123456789abcdef0123456789abcdef01234567",
			"04010123456789abcdef0123456789abcdef01234567" },
	{ "TLSA",
			"value: {certificate_association_data: 1234, certificate_usage: "
			"3, matching_type: 1, selector: 1}",
			"3 1 1 1234", "0301011234" },
	{ "OPENPGPKEY", "value: YW Jj ZA==", "YWJjZA==", "61626364" },
	{ "SPF", "value: v=spf1 -all", "\"v=spf1 -all\"", "0b763d73706631202d616c6c" },
	{ "NAPTR",
			"value: {flags: u, order: 1, preference: 2, regexp: "
			"'!^(.*)$!\\1\\\\2\\065!', replacement: A.test, service: ~}",
			"1 2 \"U\" \"\" \"!^(.*)$!\\\\1\\\\2A!\" A.test.",
			"00010002015500"
			"0e215e282e2a2924215c315c324121"
			"0141047465737400" },
	{ "URI", "value: {priority: 1, target: 'https://x/Y\"', weight: 2}",
			"1 2 \"https://x/Y\\\"\"", "0001000268747470733a2f2f782f5922" },
	{ "LOC",
			"value: {altitude: -0.01, lat_degrees: 31, lat_direction: S, "
			"lat_minutes: 58, lat_seconds: 52.1, long_degrees: 180, "
			"long_direction: E, long_minutes: 0, long_seconds: 0, "
			"precision_horz: 90000000, precision_vert: 0, size: 15.5}",
			"31 58 52.1 S 180 0 0.0 E -0.01m 10.0m 90000000.0m 0.0m",
			"001399007923393ca69fb2000098967f" },
	{ "SVCB", "value: {svcpriority: 0, targetname: A.test}", "0 a.test.",
			"00000161047465737400" },
	{ "HTTPS",
			"value: {svcparams: {alpn: [h3, h2], ech: YWI=, ipv4hint: "
			"[192.0.2.1], ipv6hint: ['2001:db8::1'], key667: 'a\\001', "
			"mandatory: [port, alpn], no-default-alpn: ~, port: '443'}, "
			"svcpriority: 1, targetname: .}",
			"1 . mandatory=alpn,port alpn=h3,h2 no-default-alpn port=443 "
			"ipv4hint=192.0.2.1 ech=YWI= ipv6hint=2001:db8::1 "
			"key667=a\\001",
			"000100"
			"0000000400010003"
			"00010006026833026832"
			"00020000"
			"0003000201bb"
			"00040004c0000201"
			"000500026162"
			"0006001020010db8000000000000000000000001"
			"029b00026101" },
};

static void
test_wire_and_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(served); i++) {
		struct loaded loaded = load_value(served[i].type, served[i].values);
		const struct cp_record *record =
				record_at(&loaded, "_x._tcp.example.test.", served[i].type);

		assert_string_equal(loaded.said, "");
		assert_non_null(record);
		assert_string_equal(record->texts[0], served[i].text);
		expect_wire(record, served[i].hex);
		free_loaded(&loaded);
	}
}

static void
test_long_txt_is_cut(void **state)
{
	static const struct {
		size_t len, pieces;
	} rows[] = { { 254, 1 }, { 255, 1 }, { 256, 2 }, { 510, 2 }, { 511, 3 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char value[1024];
		struct loaded loaded;
		const struct cp_record *record = NULL;
		size_t piece_cnt = 0;

		/* A leading "x": a row of noughts alone would be a number. */
		(void)snprintf(value, sizeof(value), "value: x%0*d", (int)rows[i].len - 1, 0);
		loaded = load_value("TXT", value);
		record = record_at(&loaded, "_x._tcp.example.test.", "TXT");
		assert_non_null(record);
		assert_int_equal(record->values[0].size, rows[i].len + rows[i].pieces);
		for (size_t at = 0; at < record->values[0].size; piece_cnt++) {
			at += 1u + record->values[0].bytes[at];
			assert_true(at <= record->values[0].size);
		}
		assert_int_equal(piece_cnt, rows[i].pieces);
		free_loaded(&loaded);
	}
}

static void
test_txt_over_the_limit(void **state)
{
	static char text[70000];
	struct loaded loaded;
	size_t len = (size_t)snprintf(text, sizeof(text), "a: {type: TXT, value: x");

	(void)state;
	memset(text + len, 'x', 66000);
	(void)snprintf(text + len + 66000, 8, "}\n");
	loaded = load_text(text);
	assert_non_null(strstr(loaded.said, "more than a record holds"));
	free_loaded(&loaded);
}

static void
test_too_many_values(void **state)
{
	char text[4096] = "a: {type: A, values: [";
	struct loaded loaded;

	(void)state;
	for (int i = 0; i <= 100; i++) {
		size_t len = strlen(text);

		(void)snprintf(text + len, sizeof(text) - len, "192.0.2.%d%s", i,
				i < 100 ? ", " : "]}");
	}
	loaded = load_text(text);
	assert_non_null(strstr(loaded.said, "  - 101 values, the limit is 100\n"));
	free_loaded(&loaded);
}

static void
test_service_names(void **state)
{
	static const struct {
		const char *name;
		bool is_good;
	} rows[] = {
		{ "_sip._tcp", true },
		{ "_sip.x", true },
		{ "'*.x'", true },
		{ "_.x", false },
		{ "_sip", false },
		{ "sip._tcp", false },
		{ "'*'", false },
		{ "x", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[256];
		struct loaded loaded;

		(void)snprintf(text, sizeof(text),
				"%s: {type: SRV, value: {port: 1, priority: 1, target: a.b., "
				"weight: 1}}\n",
				rows[i].name);
		loaded = load_text(text);
		assert_int_equal(strstr(loaded.said, "invalid name for SRV record") == NULL,
				rows[i].is_good);
		free_loaded(&loaded);
		(void)snprintf(text, sizeof(text),
				"%s: {type: URI, value: {priority: 1, target: 'x:', weight: 1}}\n",
				rows[i].name);
		loaded = load_text(text);
		assert_int_equal(strstr(loaded.said, "invalid name for URI record") == NULL,
				rows[i].is_good);
		free_loaded(&loaded);
	}
}

static void
test_root_cname(void **state)
{
	struct loaded loaded = load_text("'': {type: CNAME, value: a.b.}\n");

	(void)state;
	assert_non_null(strstr(loaded.said, "  - root CNAME not allowed\n"));
	free_loaded(&loaded);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_values),
		cmocka_unit_test(test_wire_and_text),
		cmocka_unit_test(test_long_txt_is_cut),
		cmocka_unit_test(test_txt_over_the_limit),
		cmocka_unit_test(test_too_many_values),
		cmocka_unit_test(test_service_names),
		cmocka_unit_test(test_root_cname),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
