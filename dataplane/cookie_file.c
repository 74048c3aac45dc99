#include "dataplane/cookie_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SECRET_DIGITS 32u /* two for a byte of a key */
static_assert(SECRET_DIGITS == 2 * DP_COOKIE_KEY_BYTES, "all of it");
/* Three secrets and a page of comments; more is another file, named by mistake. */
#define FILE_BYTES_MAX 4096u

/* A line at hand. */
struct reader {
	const char *path;
	const char *text;
	const char *end;
	uint32_t line;
	struct dp_cookie_keys keys;
	struct conf_errors *errors;
};

static struct dp_cookie_stamp
take_stamp(const char *path)
{
	struct dp_cookie_stamp stamp = { 0 };
	struct stat status;

	if (stat(path, &status) == 0) {
		stamp.is_there = true;
		stamp.dev = status.st_dev;
		stamp.ino = status.st_ino;
		stamp.size = status.st_size;
		stamp.mtim = status.st_mtim;
		stamp.ctim = status.st_ctim;
	}
	return stamp;
}

static bool
is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool
has_dp_cookie_file_changed(const struct dp_cookie_file *file)
{
	struct dp_cookie_stamp now = take_stamp(file->path);
	const struct dp_cookie_stamp *then = &file->stamp;

	return now.is_there != then->is_there || now.dev != then->dev || now.ino != then->ino ||
	       now.size != then->size || !is_same_time(&now.mtim, &then->mtim) ||
	       !is_same_time(&now.ctim, &then->ctim);
}

/* -1: not a hexadecimal digit. */
static int
digit_value(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	if (c >= 'A' && c <= 'F') {
		return c - 'A' + 10;
	}
	return -1;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool
has_key(const struct dp_cookie_keys *keys, const uint8_t key[DP_COOKIE_KEY_BYTES])
{
	for (uint32_t i = 0; i < keys->cnt; i++) {
		if (memcmp(keys->keys[i], key, DP_COOKIE_KEY_BYTES) == 0) {
			return true;
		}
	}
	return false;
}

static void
complain(struct reader *reader, const char *at, const char *text)
{
	conf_error_add(reader->errors, CONF_ERROR, reader->path, reader->line,
			(uint32_t)(at - reader->text) + 1, "%s", text);
}

/* The secret that stands at `at`, `digits` characters long. */
static void
add_secret(struct reader *reader, const char *at, size_t digits)
{
	const char *start = at;
	uint8_t key[DP_COOKIE_KEY_BYTES];

	if (digits != SECRET_DIGITS) {
		conf_error_add(reader->errors, CONF_ERROR, reader->path, reader->line,
				(uint32_t)(at - reader->text) + 1,
				"a secret of %zu hexadecimal digits; it has %u", digits,
				SECRET_DIGITS);
		return;
	}
	for (size_t i = 0; i < DP_COOKIE_KEY_BYTES; i++) {
		key[i] = (uint8_t)((unsigned int)digit_value(at[0]) << 4 |
				   (unsigned int)digit_value(at[1]));
		at += 2;
	}
	if (has_key(&reader->keys, key)) {
		complain(reader, start, "this secret stands above");
	} else if (reader->keys.cnt == DP_COOKIE_KEYS_MAX) {
		complain(reader, start, "a fourth secret; at most three are in use at a time");
	} else {
		memcpy(reader->keys.keys[reader->keys.cnt++], key, sizeof(key));
	}
	explicit_bzero(key, sizeof(key));
}

static void
read_line(struct reader *reader)
{
	const char *at = reader->text;
	const char *start;

	while (at < reader->end && is_blank(*at)) {
		at++;
	}
	if (at == reader->end || *at == '#') {
		return;
	}
	start = at;
	while (at < reader->end && digit_value(*at) >= 0) {
		at++;
	}
	if (at < reader->end && !is_blank(*at) && *at != '#') {
		complain(reader, at, "not a hexadecimal digit");
		return;
	}
	add_secret(reader, start, (size_t)(at - start));
	while (at < reader->end && is_blank(*at)) {
		at++;
	}
	if (at < reader->end && *at != '#') {
		complain(reader, at, "one secret a line");
	}
}

static void
read_text(struct reader *reader, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		reader->text = text;
		reader->end = newline != NULL ? newline : end;
		reader->line++;
		read_line(reader);
		text = reader->end + 1;
	}
}

static void
complain_of_file(const char *path, const char *text, struct conf_errors *errors)
{
	conf_error_add(errors, CONF_ERROR, path, 0, 0, "%s", text);
}

/* The descriptor of a file that may hold secrets, or -1 with the reason told. Not blocking: opening a
 * pipe would wait for who writes it. */
static int
open_secrets(const char *path, struct conf_errors *errors)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0) {
		complain_of_file(path, strerrordesc_np(errno), errors);
	} else if (!S_ISREG(status.st_mode)) {
		complain_of_file(path, "not a file", errors);
	} else if ((status.st_mode & S_IRWXO) != 0) {
		complain_of_file(path, "secrets that everybody may read are none: chmod o= it",
				errors);
	} else {
		return fd;
	}
	if (fd >= 0) {
		close(fd);
	}
	return -1;
}

/* How many bytes of the file text[0..FILE_BYTES_MAX] holds, or -1 with the reason told. */
static ssize_t
load(const char *path, char text[FILE_BYTES_MAX + 1], struct conf_errors *errors)
{
	int fd = open_secrets(path, errors);
	ssize_t len = 0;
	ssize_t got = 1;

	if (fd < 0) {
		return -1;
	}
	while (got > 0 && len <= (ssize_t)FILE_BYTES_MAX) {
		got = read(fd, text + len, FILE_BYTES_MAX + 1 - (size_t)len);
		len += got > 0 ? got : 0;
	}
	if (got < 0) {
		complain_of_file(path, strerrordesc_np(errno), errors);
		len = -1;
	} else if (len > (ssize_t)FILE_BYTES_MAX) {
		complain_of_file(
				path, "more than 4096 bytes are no file of cookie secrets", errors);
		len = -1;
	}
	close(fd);
	return len;
}

int
dp_cookie_file_read(struct dp_cookie_file *file, struct dp_cookie_keys *ret_keys,
		struct conf_errors *errors)
{
	struct reader reader = { .path = file->path, .errors = errors };
	size_t error_cnt = errors->error_cnt;
	char text[FILE_BYTES_MAX + 1];
	ssize_t len;

	/* Before it is opened: what is written meanwhile then counts as a change. */
	file->stamp = take_stamp(file->path);
	len = load(file->path, text, errors);
	if (len >= 0) {
		read_text(&reader, text, (size_t)len);
		if (errors->error_cnt == error_cnt && reader.keys.cnt == 0) {
			complain_of_file(file->path, "no secret in it", errors);
		}
	}
	if (errors->error_cnt == error_cnt) {
		*ret_keys = reader.keys;
	}
	explicit_bzero(text, sizeof(text));
	explicit_bzero(&reader.keys, sizeof(reader.keys));
	return errors->error_cnt == error_cnt ? 0 : -EINVAL;
}
