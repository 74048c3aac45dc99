#include "control/target.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/healthcheck.h"

/* A target with a port and, for requests, a host and a path. */
static const char *const key_names[] = {
	[CP_PROTOCOL_HTTPS] = "https",
	[CP_PROTOCOL_HTTP] = "http",
	[CP_PROTOCOL_TCP] = "tcp",
	[CP_PROTOCOL_UDP] = "udp",
	[CP_PROTOCOL_ICMP] = "icmp",
};
#define PROTOCOL_CNT (sizeof(key_names) / sizeof(key_names[0]))

static bool
has_request(enum cp_protocol protocol)
{
	return protocol == CP_PROTOCOL_HTTPS || protocol == CP_PROTOCOL_HTTP;
}

static void
copy_text(char *to, size_t size, const char *text)
{
	(void)snprintf(to, size, "%s", text);
}

void
cp_target_make(const struct cp_healthcheck *check, const char *value_text,
		struct cp_target *ret_target)
{
	struct cp_target target = { .protocol = check->protocol,
		.port = check->port,
		.interval_ms = check->interval_ms,
		.timeout_ms = check->timeout_ms,
		.fall = check->fall,
		.rise = check->rise };
	size_t len = 0;

	copy_text(target.address, sizeof(target.address), value_text);
	/* Names of CNAME pools end with a dot that certificates and requests do not have. */
	len = strlen(target.address);
	if (len > 1 && target.address[len - 1] == '.') {
		target.address[len - 1] = '\0';
	}
	if (has_request(check->protocol)) {
		copy_text(target.host, sizeof(target.host),
				check->host != NULL ? check->host : target.address);
		copy_text(target.path, sizeof(target.path), check->path);
	}
	*ret_target = target;
}

/* put_escaped writes text without blanks: what is not a visible ASCII character, and "%", becomes
 * %XX, so that a key splits at its blanks. Returns the length or -EINVAL. */
static int
put_escaped(char *to, size_t size, const char *text)
{
	size_t len = 0;

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		bool is_plain = c > ' ' && c < 0x7f && c != '%';
		size_t need = is_plain ? 1 : 3;

		if (need >= size - len) {
			return -EINVAL;
		}
		if (is_plain) {
			to[len] = (char)c;
			to[len + 1] = '\0';
		} else {
			(void)snprintf(to + len, size - len, "%%%02X", c);
		}
		len += need;
	}
	return (int)len;
}

static int
put_request(const struct cp_target *target, char *to, size_t size)
{
	char host[3 * sizeof(target->host)];
	char path[CP_TARGET_KEY_MAX];
	int len = 0;

	to[0] = '\0';
	if (!has_request(target->protocol)) {
		return 0;
	}
	host[0] = '\0';
	path[0] = '\0';
	if (put_escaped(host, sizeof(host), target->host) < 0 ||
			put_escaped(path, sizeof(path), target->path) < 0) {
		return -EINVAL;
	}
	len = snprintf(to, size, " host=%s path=%s", host, path);
	return len < 0 || (size_t)len >= size ? -EINVAL : len;
}

int
cp_target_key(const struct cp_target *target, char key[CP_TARGET_KEY_MAX])
{
	char request[CP_TARGET_KEY_MAX];
	char text[CP_TARGET_KEY_MAX];
	int len = put_request(target, request, sizeof(request));

	if (len < 0) {
		return len;
	}
	len = snprintf(text, sizeof(text),
			"%s %s %u%s interval=%" PRIu32 " timeout=%" PRIu32 " fall=%" PRIu32
			" rise=%" PRIu32,
			key_names[target->protocol], target->address, target->port, request,
			target->interval_ms, target->timeout_ms, target->fall, target->rise);
	if (len < 0 || (size_t)len >= sizeof(text)) {
		return -EINVAL;
	}
	memcpy(key, text, (size_t)len + 1);
	return len;
}

/* take_word copies the next word of *at and steps behind it and its one blank. */
static int
take_word(const char **at, char *word, size_t size)
{
	size_t len = strcspn(*at, " ");

	if (len == 0 || len >= size) {
		return -EINVAL;
	}
	memcpy(word, *at, len);
	word[len] = '\0';
	*at += len + ((*at)[len] == ' ');
	return 0;
}

static int
take_number(const char **at, const char *name, uint32_t max, uint32_t *ret_number)
{
	size_t name_len = strlen(name);
	uint64_t number = 0;
	char word[32];
	const char *digits = word;

	if (take_word(at, word, sizeof(word)) != 0 || strncmp(word, name, name_len) != 0) {
		return -EINVAL;
	}
	digits += name_len;
	/* Ten digits hold every uint32_t; a number is written without leading zeros. */
	if (digits[0] == '\0' || strlen(digits) > 10 || (digits[0] == '0' && digits[1] != '\0')) {
		return -EINVAL;
	}
	for (; *digits != '\0'; digits++) {
		if (*digits < '0' || *digits > '9') {
			return -EINVAL;
		}
		number = number * 10 + (uint64_t)(*digits - '0');
	}
	if (number > max) {
		return -EINVAL;
	}
	*ret_number = (uint32_t)number;
	return 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -EINVAL;
}

/* unescape reads the two digits behind a "%" and steps onto the second. */
static int
unescape(const char **from, char *ret_char)
{
	int high = hex_digit((*from)[1]);
	int low = high >= 0 ? hex_digit((*from)[2]) : -EINVAL;
	unsigned char c = 0;

	if (high < 0 || low < 0 || (high == 0 && low == 0)) {
		return -EINVAL; /* a NUL would end the text early */
	}
	c = (unsigned char)(high * 16 + low);
	memcpy(ret_char, &c, 1);
	*from += 2;
	return 0;
}

static int
take_escaped(const char **at, const char *name, char *text, size_t size)
{
	char word[CP_TARGET_KEY_MAX];
	size_t len = 0;
	const char *from = word;

	if (take_word(at, word, sizeof(word)) != 0 || strncmp(word, name, strlen(name)) != 0) {
		return -EINVAL;
	}
	for (from += strlen(name); *from != '\0'; from++) {
		char c = *from;

		if (c == '%' && unescape(&from, &c) != 0) {
			return -EINVAL;
		}
		if (len + 1 >= size) {
			return -EINVAL;
		}
		text[len++] = c;
	}
	text[len] = '\0';
	return 0;
}

static int
take_protocol(const char **at, enum cp_protocol *ret_protocol)
{
	char word[16];

	if (take_word(at, word, sizeof(word)) != 0) {
		return -EINVAL;
	}
	for (unsigned int i = 0; i < PROTOCOL_CNT; i++) {
		if (strcmp(word, key_names[i]) == 0) {
			*ret_protocol = (enum cp_protocol)i;
			return 0;
		}
	}
	return -EINVAL;
}

int
cp_target_from_key(const char *key, struct cp_target *ret_target)
{
	struct cp_target target = { 0 };
	const char *at = key;
	uint32_t port = 0;
	char again[CP_TARGET_KEY_MAX];

	if (take_protocol(&at, &target.protocol) != 0 ||
			take_word(&at, target.address, sizeof(target.address)) != 0 ||
			take_number(&at, "", UINT16_MAX, &port) != 0) {
		return -EINVAL;
	}
	target.port = (uint16_t)port;
	if (has_request(target.protocol) &&
			(take_escaped(&at, "host=", target.host, sizeof(target.host)) != 0 ||
					take_escaped(&at, "path=", target.path,
							sizeof(target.path)) != 0)) {
		return -EINVAL;
	}
	if (take_number(&at, "interval=", UINT32_MAX, &target.interval_ms) != 0 ||
			take_number(&at, "timeout=", UINT32_MAX, &target.timeout_ms) != 0 ||
			take_number(&at, "fall=", UINT32_MAX, &target.fall) != 0 ||
			take_number(&at, "rise=", UINT32_MAX, &target.rise) != 0) {
		return -EINVAL;
	}
	/* Canonical: one spelling a target. What is left over or written otherwise shows here. */
	if (cp_target_key(&target, again) < 0 || strcmp(again, key) != 0) {
		return -EINVAL;
	}
	*ret_target = target;
	return 0;
}

void
cp_target_label(const struct cp_target *target, char *label, size_t size)
{
	bool is_ipv6 = strchr(target->address, ':') != NULL;
	char port[8] = "";

	if (target->protocol != CP_PROTOCOL_ICMP) {
		(void)snprintf(port, sizeof(port), ":%u", target->port);
	}
	(void)snprintf(label, size, "%s %s%s%s%s%s%s%s", key_names[target->protocol],
			is_ipv6 ? "[" : "", target->address, is_ipv6 ? "]" : "", port,
			has_request(target->protocol) ? " " : "", target->host, target->path);
}
