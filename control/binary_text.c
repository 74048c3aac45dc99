#include "control/binary_text.h"

#include <errno.h>
#include <string.h>

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int
cp_hex_decode(const char *text, uint8_t *bytes)
{
	int cnt = 0;

	for (; *text != '\0'; text += 2) {
		int high = hex_digit(text[0]);
		int low = high >= 0 ? hex_digit(text[1]) : -1; /* the end is no digit either */

		if (low < 0) {
			return -EINVAL;
		}
		bytes[cnt++] = (uint8_t)(high << 4 | low);
	}
	return cnt;
}

/* Octets of the last, padded four characters, `used` of which are not padding. */
static int
base64_tail(const char *text, size_t used, uint32_t bits, uint8_t *bytes)
{
	uint32_t unneeded = used == 2 ? 0xffffu : 0xffu;

	if (used < 2 || strcmp(text, used == 2 ? "==" : "=") != 0 || (bits & unneeded) != 0) {
		return -EINVAL;
	}
	bytes[0] = (uint8_t)(bits >> 16);
	if (used == 3) {
		bytes[1] = (uint8_t)(bits >> 8);
	}
	return (int)used - 1;
}

int
cp_base64_decode(const char *text, uint8_t *bytes)
{
	int cnt = 0;

	while (*text != '\0') {
		uint32_t bits = 0;
		size_t used = 0;

		for (; used < 4 && text[used] != '\0' && text[used] != '='; used++) {
			const char *found = strchr(base64, text[used]);

			if (found == NULL) {
				return -EINVAL;
			}
			bits |= (uint32_t)(found - base64) << (18 - 6 * used);
		}
		if (used < 4) {
			int tail = base64_tail(text + used, used, bits, bytes + cnt);

			return tail < 0 ? tail : cnt + tail;
		}
		bytes[cnt++] = (uint8_t)(bits >> 16);
		bytes[cnt++] = (uint8_t)(bits >> 8);
		bytes[cnt++] = (uint8_t)bits;
		text += 4;
	}
	return cnt;
}

void
cp_hex_print(FILE *out, const uint8_t *bytes, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		(void)fprintf(out, "%02x", bytes[i]);
	}
}

void
cp_base64_print(FILE *out, const uint8_t *bytes, size_t cnt)
{
	for (size_t i = 0; i < cnt; i += 3) {
		size_t left = cnt - i;
		uint32_t bits = (uint32_t)bytes[i] << 16;

		bits |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
		bits |= left > 2 ? bytes[i + 2] : 0;
		(void)fputc(base64[bits >> 18], out);
		(void)fputc(base64[bits >> 12 & 63], out);
		(void)fputc(left > 1 ? base64[bits >> 6 & 63] : '=', out);
		(void)fputc(left > 2 ? base64[bits & 63] : '=', out);
	}
}

void
cp_blanks_remove(char *text)
{
	char *kept = text;

	for (; *text != '\0'; text++) {
		if (strchr(" \t\r\n", *text) == NULL) {
			*kept++ = *text;
		}
	}
	*kept = '\0';
}
