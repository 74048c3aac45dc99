/*
 * Opaque octets as zone files write them: hexadecimal (RFC 4648 §8) and base64 (RFC 4648 §4).
 *
 * Threads:   pure.
 * Memory:    the caller's. Octets are never more than the text has characters, so that a buffer as
 *            long as the text holds them, the text itself included.
 * Errors:    -EINVAL for text of another form; the buffer is then undefined.
 */
#ifndef CONTROL_BINARY_TEXT_H
#define CONTROL_BINARY_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* cp_hex_decode and cp_base64_decode return the number of octets. Base64 is padded, and the bits
 * that the last character does not need are 0, so that equal octets have one spelling (RFC 4648
 * §3.5). */
int cp_hex_decode(const char *text, uint8_t *bytes);
int cp_base64_decode(const char *text, uint8_t *bytes);

void cp_hex_print(FILE *out, const uint8_t *bytes, size_t cnt);
void cp_base64_print(FILE *out, const uint8_t *bytes, size_t cnt);

/* cp_blanks_remove takes spaces, tabs and line ends out of text, in place: zone files may cut long
 * octets with them. */
void cp_blanks_remove(char *text);

#endif
