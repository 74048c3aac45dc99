#include "control/unpack.h"

#include <errno.h>
#include <string.h>

#include "table/dns.h"

#include "control/present_impl.h"

#define POINTER_JUMPS_MAX 127u /* a name has no more labels */

int
cp_unpack_name(const uint8_t *message, size_t len, size_t off, uint8_t name[TBL_NAME_MAX],
		size_t *ret_end)
{
	size_t name_len = 0;
	size_t end = 0;
	uint32_t jumps = 0;

	while (off < len) {
		uint8_t octet = message[off];

		if (octet >= TBL_POINTER_MARK >> 8 && len - off >= TBL_POINTER_BYTES &&
				jumps++ < POINTER_JUMPS_MAX) {
			end = end == 0 ? off + TBL_POINTER_BYTES : end;
			off = cp_read_be16(message + off) & TBL_POINTER_MAX;
			continue;
		}
		if (octet > TBL_LABEL_MAX || octet + 1u > len - off ||
				octet + 1u > TBL_NAME_MAX - name_len) {
			return -EBADMSG;
		}
		memcpy(name + name_len, message + off, octet + 1u);
		name_len += octet + 1u;
		off += octet + 1u;
		if (octet == 0) {
			*ret_end = end == 0 ? off : end;
			return (int)name_len;
		}
	}
	return -EBADMSG;
}

uint32_t
cp_rdata_name_cnt(uint16_t type, size_t *ret_head)
{
	*ret_head = type == TBL_TYPE_MX ? 2 : 0;
	switch (type) {
	case TBL_TYPE_SOA:
		return 2;
	case TBL_TYPE_NS:
	case TBL_TYPE_CNAME:
	case TBL_TYPE_PTR:
	case TBL_TYPE_MX:
	case TBL_TYPE_DNAME:
		return 1;
	default:
		return 0;
	}
}

int
cp_unpack_rdata(const uint8_t *message, size_t len, size_t off, size_t size, uint16_t type,
		uint8_t *plain)
{
	size_t head;
	uint32_t names = cp_rdata_name_cnt(type, &head);
	size_t end = off + size;
	size_t plain_len = head <= size ? head : size;

	memcpy(plain, message + off, plain_len);
	off += plain_len;
	for (uint32_t i = 0; i < names; i++) {
		uint8_t name[TBL_NAME_MAX];
		int name_len = cp_unpack_name(message, len, off, name, &off);

		if (name_len < 0 || off > end) {
			return -EBADMSG;
		}
		memcpy(plain + plain_len, name, (size_t)name_len);
		plain_len += (size_t)name_len;
	}
	memcpy(plain + plain_len, message + off, end - off);
	return (int)(plain_len + (end - off));
}
