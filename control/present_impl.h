/*
 * What the files of cp_present_rdata share: a reader of RDATA that writes text.
 *
 * Threads:   pure.
 * Memory:    nothing is kept.
 * Errors:    is_bad, after which readers do nothing.
 */
#ifndef CONTROL_PRESENT_IMPL_H
#define CONTROL_PRESENT_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct cp_rdata_reader {
	const uint8_t *message;
	size_t len;
	size_t off; /* <= end <= len */
	size_t end;
	FILE *out;
	bool is_bad;
};

static inline uint16_t
cp_read_be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t
cp_read_be32(const uint8_t *at)
{
	return (uint32_t)cp_read_be16(at) << 16 | cp_read_be16(at + 2);
}

/* has_cp_rdata: cnt bytes are left; if not, the RDATA is bad. */
bool has_cp_rdata(struct cp_rdata_reader *reader, size_t cnt);

/* cp_put_x: writes the next field and steps over it. */
void cp_put_name(struct cp_rdata_reader *reader);
void cp_put_u16(struct cp_rdata_reader *reader);
void cp_put_address(struct cp_rdata_reader *reader, int family, size_t bytes);
void cp_put_base64(struct cp_rdata_reader *reader, size_t cnt);

/* cp_put_svcb: SVCB and HTTPS (RFC 9460 §2.1). */
void cp_put_svcb(struct cp_rdata_reader *reader);

#endif
