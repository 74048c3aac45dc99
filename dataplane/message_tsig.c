#include <string.h>

#include "dataplane/bytes.h"
#include "dataplane/message_impl.h"

#define TSIG_ERROR_BADKEY 17u /* RFC 8945 §3 */

/* Behind the algorithm's name: Time Signed, Fudge, MAC Size; the MAC; Original ID, Error, Other Len;
 * Other Data (RFC 8945 §4.2). */
#define TIME_BYTES       6u
#define FUDGE_BYTES      2u
#define BEFORE_MAC_BYTES (TIME_BYTES + FUDGE_BYTES + 2u)
#define AFTER_MAC_BYTES  6u
#define OTHER_LEN_OFF    4u
#define POINTER_MARK     0xc0u /* in a label's length octet (RFC 1035 §4.1.4) */
#define POINTER_MASK     0x3fffu

/* Length of the uncompressed name at bytes[0..size), or 0: no name, cut short, or compressed, which a
 * name in RDATA of a type newer than RFC 1035 never is (RFC 3597 §4). */
static size_t
plain_name_len(const uint8_t *bytes, size_t size)
{
	size_t limit = size < TBL_NAME_MAX ? size : TBL_NAME_MAX;
	size_t at = 0;

	while (at < limit && bytes[at] != 0) {
		size_t label_bytes = 1u + bytes[at];

		if (bytes[at] > TBL_LABEL_MAX || label_bytes > limit - at) {
			return 0;
		}
		at += label_bytes;
	}
	return at < limit ? at + 1 : 0;
}

/* Writes the name at message[at..end) in full. Returns its length, or 0 when it is none, too long, or a
 * pointer leads anywhere but further back, which is what ends the walk. */
static size_t
expand_name(const uint8_t *message, size_t end, size_t at, uint8_t name[TBL_NAME_MAX])
{
	size_t floor = at;
	size_t used = 0;

	while (at < end) {
		uint8_t label = message[at];
		size_t label_bytes = 1u + label;

		if (label >= POINTER_MARK) {
			if (end - at < 2) {
				return 0;
			}
			at = dp_load_be16(message + at) & POINTER_MASK;
			if (at >= floor || at < DP_HEADER_BYTES) {
				return 0;
			}
			floor = at;
			continue;
		}
		if (label > TBL_LABEL_MAX || label_bytes > end - at ||
				label_bytes > TBL_NAME_MAX - used) {
			return 0;
		}
		memcpy(name + used, message + at, label_bytes);
		used += label_bytes;
		at += label_bytes;
		if (label == 0) {
			return used;
		}
	}
	return 0;
}

/* Whether rdata[0..len) is a TSIG's from the algorithm's name to the last byte of Other Data. */
static bool
is_rdata_whole(const uint8_t *rdata, size_t len, size_t algorithm_len)
{
	size_t at = algorithm_len; /* at <= len holds throughout */
	size_t mac_len;

	if (algorithm_len == 0 || len - at < BEFORE_MAC_BYTES) {
		return false;
	}
	at += BEFORE_MAC_BYTES;
	mac_len = dp_load_be16(rdata + at - 2);
	if (mac_len > len - at) {
		return false;
	}
	at += mac_len;
	return len - at >= AFTER_MAC_BYTES &&
	       dp_load_be16(rdata + at + OTHER_LEN_OFF) == len - at - AFTER_MAC_BYTES;
}

enum dp_rcode
dp_tsig_parse(const uint8_t *message, const struct dp_record *record, struct dp_tsig *tsig)
{
	const uint8_t *rdata = message + record->rdata_off;
	size_t algorithm_len = plain_name_len(rdata, record->rdata_len);
	uint8_t owner[TBL_NAME_MAX];

	if (record->class_field != DP_CLASS_ANY || record->ttl_field != 0 ||
			!is_rdata_whole(rdata, record->rdata_len, algorithm_len) ||
			expand_name(message, record->rdata_off, record->owner_off, owner) == 0) {
		return DP_RCODE_FORMERR;
	}
	*tsig = (struct dp_tsig){
		.is_present = true,
		.owner_off = (uint16_t)record->owner_off,
		.rdata_off = (uint16_t)record->rdata_off,
		.algorithm_len = (uint16_t)algorithm_len,
	};
	return DP_RCODE_NOERROR;
}

size_t
dp_tsig_write(const uint8_t *message, const struct dp_tsig *tsig, uint8_t record[DP_TSIG_MAX])
{
	const uint8_t *rdata = message + tsig->rdata_off;
	size_t head_len = (size_t)tsig->algorithm_len + TIME_BYTES + FUDGE_BYTES;
	size_t mac_len = dp_load_be16(rdata + head_len);
	/* A name, as dp_tsig_parse has found. */
	size_t len = expand_name(message, tsig->rdata_off, tsig->owner_off, record);

	dp_store_be16(record + len, DP_TYPE_TSIG);
	dp_store_be16(record + len + 2, DP_CLASS_ANY);
	memset(record + len + 4, 0, 4); /* TTL */
	dp_store_be16(record + len + 8, (uint16_t)(head_len + 2 + AFTER_MAC_BYTES));
	len += DP_RECORD_FIXED_BYTES;
	memcpy(record + len, rdata, head_len);
	len += head_len;
	dp_store_be16(record + len, 0);                              /* no MAC */
	memcpy(record + len + 2, rdata + head_len + 2 + mac_len, 2); /* Original ID */
	dp_store_be16(record + len + 4, TSIG_ERROR_BADKEY);
	dp_store_be16(record + len + 6, 0); /* no Other Data */
	return len + 2 + AFTER_MAC_BYTES;
}
