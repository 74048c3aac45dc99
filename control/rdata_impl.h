/*
 * What the readers of rdata_*.c share: fields of a mapping, and texts.
 *
 * Threads:   pure.
 * Memory:    texts live in the reader's arena.
 * Errors:    reasons are added as octoDNS words them; -EINVAL or NULL then, -ENOMEM without one.
 */
#ifndef CONTROL_RDATA_IMPL_H
#define CONTROL_RDATA_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/idn.h"
#include "control/rdata.h"

/* cp_fields_check: the value is a mapping. */
int cp_fields_check(const struct cp_reader *reader, const struct conf_node *value);

/* cp_field_number: a field of `max` at most. octoDNS does not look at ranges everywhere; a number
 * that its field cannot hold is refused all the same, in the same words. */
int cp_field_number(const struct cp_reader *reader, const struct conf_node *node, const char *key,
		int64_t max, uint16_t *ret_number);

/* cp_field_numbers: three fields in their order, each of its maximum at most. */
int cp_field_numbers(const struct cp_reader *reader, const struct conf_node *value,
		const char *const keys[3], const int64_t maxima[3], uint16_t ret_numbers[3]);

/* cp_field_text: a text field that must be there. NULL after a reason, or when memory is out. */
char *cp_field_text(const struct cp_reader *reader, const struct conf_node *node, const char *key);

struct cp_octets {
	const uint8_t *bytes;
	size_t size;
};

/* cp_text_unescape undoes the escapes of zone files (RFC 1035 §5.1) in place and returns how many
 * octets there are. A backslash before fewer than three digits stands for itself. */
size_t cp_text_unescape(char *text);

/* cp_txt_judge adds octoDNS's reasons about semicolons and characters in a text. */
void cp_txt_judge(const struct cp_reader *reader, const char *text);

void cp_wire_u16(uint8_t *at, uint16_t number);

#endif
