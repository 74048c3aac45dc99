/* XXH_INLINE_ALL: the streaming state lives on the stack, and no call can fail for want of memory. */
#define XXH_INLINE_ALL
#include "table/seal.h"

#include <string.h>
#include <xxhash.h>

uint64_t
tbl_seal_content(const void *image, size_t size)
{
	return XXH3_64bits((const uint8_t *)image + TBL_HEADER_BYTES, size - TBL_HEADER_BYTES);
}

uint64_t
tbl_seal_header(const void *image)
{
	uint8_t header[TBL_HEADER_BYTES];

	memcpy(header, image, sizeof(header));
	memset(header + offsetof(struct tbl_header, checksum), 0, sizeof(uint64_t));
	return XXH3_64bits(header, sizeof(header));
}

uint64_t
tbl_seal_selection(const void *selection, size_t size)
{
	struct tbl_select_header header;
	XXH3_state_t state;

	memcpy(&header, selection, sizeof(header));
	header.checksum = 0;
	XXH3_64bits_reset(&state);
	XXH3_64bits_update(&state, &header, sizeof(header));
	XXH3_64bits_update(
			&state, (const uint8_t *)selection + sizeof(header), size - sizeof(header));
	return XXH3_64bits_digest(&state);
}
