/* Files of cookie secrets: what is read of each, what each mistake is told, and when one is another. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/cookie_file.h"
#include "tests/unit/dataplane/tempdir.h"
#include "tests/unit/test.h"

#define A "000102030405060708090a0b0c0d0e0f"
#define B "ffeeddccbbaa99887766554433221100"
#define C "CAFEcafeCAFEcafeCAFEcafeCAFEcafe"
#define D "0123456789abcdef0123456789abcdef"

struct bench {
	char directory[TEMPDIR_MAX];
	char path[TEMPDIR_MAX + 16];
	struct dp_cookie_file file;
};

static void
put_mode(const struct bench *bench, const char *text, size_t len, mode_t mode)
{
	FILE *out = fopen(bench->path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(bench->path, mode), 0);
}

static void
put(const struct bench *bench, const char *text)
{
	put_mode(bench, text, strlen(text), 0600);
}

static int
set_up(void **state)
{
	static struct bench bench;

	tempdir_make(bench.directory);
	(void)snprintf(bench.path, sizeof(bench.path), "%s/secrets", bench.directory);
	bench.file = (struct dp_cookie_file){ .path = bench.path };
	*state = &bench;
	return 0;
}

static int
tear_down(void **state)
{
	tempdir_remove(((struct bench *)*state)->directory);
	return 0;
}

/* Reads the file; all messages into `said`, as "line:col: text". */
static int
read_file(struct bench *bench, struct dp_cookie_keys *keys, char *said, size_t said_size)
{
	struct conf_errors errors = { 0 };
	size_t len = 0;
	int err = dp_cookie_file_read(&bench->file, keys, &errors);

	said[0] = '\0';
	for (size_t i = 0; i < errors.cnt && len < said_size; i++) {
		assert_string_equal(errors.messages[i].file, bench->path);
		len += (size_t)snprintf(said + len, said_size - len, "%u:%u: %s\n",
				errors.messages[i].line, errors.messages[i].col,
				errors.messages[i].text);
	}
	conf_errors_free(&errors);
	return err;
}

static void
secrets_are_read_in_order(void **state)
{
	static const struct {
		const char *text;
		uint32_t cnt;
		uint8_t first_bytes[DP_COOKIE_KEYS_MAX];
	} rows[] = {
		{ A "\n", 1, { 0x00 } },
		{ A, 1, { 0x00 } },
		{ "# next week: the second first\n" A "\n\n" B "  # since Monday\n", 2,
				{ 0x00, 0xff } },
		{ "\t" C "\r\n" B "#\r\n" A "\r\n", 3, { 0xca, 0xff, 0x00 } },
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dp_cookie_keys keys;
		char said[1024];

		put(bench, rows[i].text);
		assert_int_equal(read_file(bench, &keys, said, sizeof(said)), 0);
		assert_string_equal(said, "");
		assert_int_equal(keys.cnt, rows[i].cnt);
		for (uint32_t k = 0; k < keys.cnt; k++) {
			assert_int_equal(keys.keys[k][0], rows[i].first_bytes[k]);
		}
	}
	put(bench, C);
	{
		static const uint8_t cafe[DP_COOKIE_KEY_BYTES] = { 0xca, 0xfe, 0xca, 0xfe, 0xca,
			0xfe, 0xca, 0xfe, 0xca, 0xfe, 0xca, 0xfe, 0xca, 0xfe, 0xca, 0xfe };
		struct dp_cookie_keys keys;
		char said[64];

		assert_int_equal(read_file(bench, &keys, said, sizeof(said)), 0);
		assert_memory_equal(keys.keys[0], cafe, sizeof(cafe));
	}
}

static void
mistakes_are_named_with_their_place(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} rows[] = {
		{ "", "0:0: no secret in it\n" },
		{ "# " A "\n", "0:0: no secret in it\n" },
		{ "0011\n", "1:1: a secret of 4 hexadecimal digits; it has 32\n" },
		{ A "0\n", "1:1: a secret of 33 hexadecimal digits; it has 32\n" },
		{ "\n  secret\n", "2:3: not a hexadecimal digit\n" },
		{ "\n0102x304\n", "2:5: not a hexadecimal digit\n" },
		{ A " " B "\n", "1:34: one secret a line\n" },
		{ A "\n" B "\n" A "\n", "3:1: this secret stands above\n" },
		{ A "\n" B "\n" C "\n" D "\n",
				"4:1: a fourth secret; at most three are in use at a time\n" },
		{ "x\ny\n", "1:1: not a hexadecimal digit\n2:1: not a hexadecimal digit\n" },
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dp_cookie_keys keys = { .cnt = 77 };
		char said[1024];

		put(bench, rows[i].text);
		assert_int_equal(read_file(bench, &keys, said, sizeof(said)), -EINVAL);
		assert_string_equal(said, rows[i].says);
		assert_int_equal(keys.cnt, 77); /* as it was */
	}
}

static void
what_cannot_hold_secrets_is_refused(void **state)
{
	struct bench *bench = *state;
	struct dp_cookie_keys keys;
	char said[1024];
	char large[4097];

	assert_int_equal(read_file(bench, &keys, said, sizeof(said)), -EINVAL);
	assert_string_equal(said, "0:0: No such file or directory\n");
	for (unsigned int mode = 1; mode <= 7; mode++) {
		put_mode(bench, A, strlen(A), 0600 | mode);
		assert_int_equal(read_file(bench, &keys, said, sizeof(said)), -EINVAL);
		assert_string_equal(said,
				"0:0: secrets that everybody may read are none: chmod o= it\n");
	}
	put_mode(bench, A, strlen(A), 0640);
	assert_int_equal(read_file(bench, &keys, said, sizeof(said)), 0);
	memset(large, '#', sizeof(large));
	put_mode(bench, large, sizeof(large), 0600);
	assert_int_equal(read_file(bench, &keys, said, sizeof(said)), -EINVAL);
	assert_string_equal(said, "0:0: more than 4096 bytes are no file of cookie secrets\n");
	put_mode(bench, A "\0" B, 65, 0600);
	assert_int_equal(read_file(bench, &keys, said, sizeof(said)), -EINVAL);
	assert_string_equal(said, "1:33: not a hexadecimal digit\n");
	assert_int_equal(unlink(bench->path), 0);
	assert_int_equal(mkfifo(bench->path, 0600), 0); /* nobody will ever write to it */
	assert_int_equal(read_file(bench, &keys, said, sizeof(said)), -EINVAL);
	assert_string_equal(said, "0:0: not a file\n");
	assert_int_equal(unlink(bench->path), 0);
	assert_int_equal(mkdir(bench->path, 0700), 0);
	assert_int_equal(read_file(bench, &keys, said, sizeof(said)), -EINVAL);
	assert_string_equal(said, "0:0: not a file\n");
	assert_int_equal(rmdir(bench->path), 0);
}

static void
a_change_shows_until_it_is_read(void **state)
{
	struct bench *bench = *state;
	struct dp_cookie_keys keys;
	char other[TEMPDIR_MAX + 32];
	char said[1024];

	put(bench, A);
	assert_true(has_dp_cookie_file_changed(&bench->file)); /* never read */
	assert_int_equal(read_file(bench, &keys, said, sizeof(said)), 0);
	assert_false(has_dp_cookie_file_changed(&bench->file));
	put(bench, A "\n" B "\n"); /* longer */
	assert_true(has_dp_cookie_file_changed(&bench->file));
	assert_int_equal(read_file(bench, &keys, said, sizeof(said)), 0);
	assert_false(has_dp_cookie_file_changed(&bench->file));
	/* renamed into place, as long and as old as the one before */
	(void)snprintf(other, sizeof(other), "%s.new", bench->path);
	assert_int_equal(rename(bench->path, other), 0);
	put(bench, B "\n" A "\n");
	assert_int_equal(rename(bench->path, other), 0);
	assert_int_equal(rename(other, bench->path), 0);
	assert_true(has_dp_cookie_file_changed(&bench->file));
	assert_int_equal(read_file(bench, &keys, said, sizeof(said)), 0);
	/* gone: a change once, then the way it is */
	assert_int_equal(unlink(bench->path), 0);
	assert_true(has_dp_cookie_file_changed(&bench->file));
	assert_int_equal(read_file(bench, &keys, said, sizeof(said)), -EINVAL);
	assert_false(has_dp_cookie_file_changed(&bench->file));
	put(bench, A);
	assert_true(has_dp_cookie_file_changed(&bench->file));
	/* wrong, and stays wrong */
	put(bench, "x");
	assert_int_equal(read_file(bench, &keys, said, sizeof(said)), -EINVAL);
	assert_false(has_dp_cookie_file_changed(&bench->file));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(secrets_are_read_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
				mistakes_are_named_with_their_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
				what_cannot_hold_secrets_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_change_shows_until_it_is_read, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("dataplane/cookie_file", tests, NULL, NULL);
}
