#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/geo_impl.h"

/* The metadata lies behind the last of these, within the last 128 KiB of the file. */
#define MARKER          "\xab\xcd\xefMaxMind.com"
#define MARKER_BYTES    (sizeof(MARKER) - 1)
#define MARKER_SEARCH   (128u << 10)
#define SEPARATOR_BYTES 16u /* zeros between search tree and data section */

/* Invariant of all that follows: reader->off <= reader->record->section->size. */

/* `cnt` (at most 8) bytes at the reader's place as one big-endian number. */
static bool
take_number(struct cp_mmdb_reader *reader, uint32_t cnt, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (cnt > reader->record->section->size - reader->off) {
		return false;
	}
	for (uint32_t i = 0; i < cnt; i++) {
		number = number << 8 | reader->record->section->bytes[reader->off++];
	}
	*ret_number = number;
	return true;
}

/* Sizes from 29 on spill into one, two or three more bytes, each range beginning where the shorter
 * one ends. */
static bool
take_size(struct cp_mmdb_reader *reader, uint32_t *size)
{
	static const uint32_t base[] = { 29, 285, 65821 };
	uint64_t more;
	uint32_t extra = *size - 28;

	if (*size < 29) {
		return true;
	}
	if (!take_number(reader, extra, &more)) {
		return false;
	}
	*size = base[extra - 1] + (uint32_t)more;
	return true;
}

/* A pointer's control byte is 001SSVVV: S + 1 more bytes, VVV above them but for S = 3. */
static bool
take_pointer(struct cp_mmdb_reader *reader, uint8_t control, size_t *ret_target)
{
	static const uint32_t base[] = { 0, 2048, 526336, 0 };
	uint32_t extra = (control >> 3 & 3u) + 1;
	uint64_t high = extra < 4 ? control & 7u : 0;
	uint64_t low;
	size_t target;

	if (!take_number(reader, extra, &low)) {
		return false;
	}
	target = (size_t)(high << 8 * extra | low) + base[extra - 1];
	if (target >= reader->record->section->size) {
		return false;
	}
	*ret_target = target;
	return true;
}

/* Moves over a scalar's payload and takes its number, when it is one. */
static bool
take_payload(struct cp_mmdb_reader *reader, struct cp_mmdb_value *value)
{
	static const uint8_t most[] = { [CP_MMDB_UINT16] = 2,
		[CP_MMDB_UINT32] = 4,
		[CP_MMDB_INT32] = 4,
		[CP_MMDB_UINT64] = 8,
		[CP_MMDB_UINT128] = 16 };

	switch (value->kind) {
	case CP_MMDB_STRING:
	case CP_MMDB_BYTES:
		break;
	case CP_MMDB_DOUBLE:
	case CP_MMDB_FLOAT:
		if (value->size != (value->kind == CP_MMDB_DOUBLE ? 8 : 4)) {
			return false;
		}
		break;
	case CP_MMDB_UINT16:
	case CP_MMDB_UINT32:
	case CP_MMDB_UINT64:
	case CP_MMDB_INT32:
	case CP_MMDB_UINT128:
		if (value->size > most[value->kind]) {
			return false;
		}
		break;
	default:
		return false;
	}
	if (value->size > reader->record->section->size - reader->off) {
		return false;
	}
	value->bytes = reader->record->section->bytes + reader->off;
	if (value->kind == CP_MMDB_UINT16 || value->kind == CP_MMDB_UINT32 ||
			value->kind == CP_MMDB_UINT64) {
		return take_number(reader, value->size, &value->number);
	}
	reader->off += value->size;
	return true;
}

/* One value at the reader's place; a pointer stays a pointer, its target in `next`. */
static bool
take_value(struct cp_mmdb_reader *reader, struct cp_mmdb_value *value)
{
	uint64_t control;
	uint64_t extended;
	bool is_good;

	*value = (struct cp_mmdb_value){ 0 };
	if (reader->record->values_left == 0 || !take_number(reader, 1, &control)) {
		return false;
	}
	reader->record->values_left--;
	value->kind = (enum cp_mmdb_kind)(control >> 5);
	value->size = (uint32_t)(control & 0x1f);
	if (value->kind == CP_MMDB_POINTER) {
		return take_pointer(reader, (uint8_t)control, &value->next);
	}
	if (control >> 5 == 0) { /* extended: the kind is in a byte of its own, less 7 */
		if (!take_number(reader, 1, &extended) || extended == 0) {
			return false;
		}
		value->kind = (enum cp_mmdb_kind)(7 + extended);
	}
	if (!take_size(reader, &value->size)) {
		return false;
	}
	if (value->kind == CP_MMDB_MAP || value->kind == CP_MMDB_ARRAY) {
		is_good = true;
	} else if (value->kind == CP_MMDB_BOOL) {
		is_good = value->size <= 1;
		value->number = value->size;
	} else {
		is_good = take_payload(reader, value);
	}
	value->next = reader->off;
	return is_good;
}

bool
cp_mmdb_read(struct cp_mmdb_reader *reader, struct cp_mmdb_value *ret_value)
{
	if (!reader->record->is_bad && take_value(reader, ret_value)) {
		struct cp_mmdb_reader target = *reader;

		if (ret_value->kind != CP_MMDB_POINTER) {
			return true;
		}
		target.off = ret_value->next;
		/* A pointer must not lead to another one. */
		if (take_value(&target, ret_value) && ret_value->kind != CP_MMDB_POINTER) {
			return true;
		}
	}
	reader->record->is_bad = true;
	return false;
}

/* Pointers are not followed: what they lead to is charged to who asks for it. */
bool
cp_mmdb_skip(struct cp_mmdb_reader *reader)
{
	uint64_t left = 1;

	while (left > 0) {
		struct cp_mmdb_value value;

		if (reader->record->is_bad || !take_value(reader, &value)) {
			reader->record->is_bad = true;
			return false;
		}
		left--;
		if (value.kind == CP_MMDB_MAP) {
			left += 2ULL * value.size;
		} else if (value.kind == CP_MMDB_ARRAY) {
			left += value.size;
		}
	}
	return true;
}

bool
cp_mmdb_element(struct cp_mmdb_reader *reader, struct cp_mmdb_value *ret_value)
{
	struct cp_mmdb_reader ahead = *reader;

	return cp_mmdb_read(&ahead, ret_value) && cp_mmdb_skip(reader);
}

bool
cp_mmdb_pair(struct cp_mmdb_reader *reader, struct cp_mmdb_value *ret_key,
		struct cp_mmdb_value *ret_value)
{
	if (!cp_mmdb_read(reader, ret_key)) {
		return false;
	}
	if (ret_key->kind != CP_MMDB_STRING) {
		reader->record->is_bad = true;
		return false;
	}
	return cp_mmdb_element(reader, ret_value);
}

struct cp_mmdb_reader
cp_mmdb_enter(const struct cp_mmdb_reader *reader, const struct cp_mmdb_value *value)
{
	return (struct cp_mmdb_reader){ .record = reader->record, .off = value->next };
}

bool
cp_mmdb_is(const struct cp_mmdb_value *value, const char *text)
{
	return value->kind == CP_MMDB_STRING && value->size == strlen(text) &&
	       memcmp(value->bytes, text, value->size) == 0;
}

static int
fail(struct tbl_error *ret_error, const char *text)
{
	(void)snprintf(ret_error->text, sizeof(ret_error->text), "%s", text);
	return -EBADMSG;
}

/* What the metadata says, wide enough for any unsigned value. */
struct metadata {
	uint64_t major_version;
	uint64_t node_cnt;
	uint64_t record_bits;
	uint64_t ip_version;
	uint64_t build_epoch_s;
	struct cp_mmdb_value type;
};

static bool
read_metadata(const struct cp_mmdb_section *section, struct metadata *ret_metadata)
{
	struct cp_mmdb_record record = { .section = section,
		.values_left = CP_MMDB_RECORD_VALUES_MAX };
	struct cp_mmdb_reader reader = { .record = &record };
	struct cp_mmdb_value map;
	const struct {
		const char *key;
		uint64_t *number;
	} fields[] = {
		{ "binary_format_major_version", &ret_metadata->major_version },
		{ "node_count", &ret_metadata->node_cnt },
		{ "record_size", &ret_metadata->record_bits },
		{ "ip_version", &ret_metadata->ip_version },
		{ "build_epoch", &ret_metadata->build_epoch_s },
	};

	if (!cp_mmdb_read(&reader, &map) || map.kind != CP_MMDB_MAP) {
		return false;
	}
	for (uint32_t i = 0; i < map.size; i++) {
		struct cp_mmdb_value key;
		struct cp_mmdb_value value;

		if (!cp_mmdb_pair(&reader, &key, &value)) {
			return false;
		}
		if (cp_mmdb_is(&key, "database_type")) {
			ret_metadata->type = value;
		}
		for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++) {
			if (cp_mmdb_is(&key, fields[f].key)) {
				*fields[f].number = value.number;
			}
		}
	}
	return true;
}

/* The metadata is behind the last marker, whatever a record may contain. */
static const uint8_t *
find_metadata(const uint8_t *bytes, size_t size)
{
	size_t first = size > MARKER_SEARCH ? size - MARKER_SEARCH : 0;

	if (size < MARKER_BYTES) {
		return NULL;
	}
	for (size_t at = size - MARKER_BYTES + 1; at-- > first;) {
		if (memcmp(bytes + at, MARKER, MARKER_BYTES) == 0) {
			return bytes + at + MARKER_BYTES;
		}
	}
	return NULL;
}

/* Sets the parts of a file whose bytes before the marker are body_bytes. */
static int
place_parts(struct cp_mmdb *mmdb, const struct metadata *metadata, const uint8_t *bytes,
		size_t body_bytes, struct tbl_error *ret_error)
{
	uint64_t tree_bytes;

	if (metadata->major_version != 2) {
		return fail(ret_error, "metadata: not version 2 of the MaxMind DB format");
	}
	if (metadata->record_bits != 24 && metadata->record_bits != 28 &&
			metadata->record_bits != 32) {
		return fail(ret_error, "metadata: record_size is not 24, 28 or 32");
	}
	if (metadata->ip_version != 4 && metadata->ip_version != 6) {
		return fail(ret_error, "metadata: ip_version is not 4 or 6");
	}
	if (metadata->node_cnt == 0 || metadata->node_cnt > UINT32_MAX) {
		return fail(ret_error, "metadata: node_count is 0 or no 32-bit number");
	}
	tree_bytes = metadata->node_cnt * metadata->record_bits / 4;
	if (body_bytes < SEPARATOR_BYTES || tree_bytes > body_bytes - SEPARATOR_BYTES) {
		return fail(ret_error, "the file is shorter than the search tree its metadata "
				       "promises: truncated or damaged");
	}
	mmdb->tree = bytes;
	mmdb->data.bytes = bytes + tree_bytes + SEPARATOR_BYTES;
	mmdb->data.size = body_bytes - (size_t)tree_bytes - SEPARATOR_BYTES;
	mmdb->node_cnt = (uint32_t)metadata->node_cnt;
	mmdb->record_bits = (uint32_t)metadata->record_bits;
	mmdb->address_bits = metadata->ip_version == 4 ? 32 : 128;
	mmdb->build_epoch_s = metadata->build_epoch_s;
	return 0;
}

/* Only plain characters reach a message. */
static void
copy_type(const struct cp_mmdb_value *type, char *text, size_t size)
{
	size_t len = type->kind == CP_MMDB_STRING ? type->size : 0;

	len = len < size ? len : size - 1;
	for (size_t i = 0; i < len; i++) {
		bool is_plain = type->bytes[i] >= ' ' && type->bytes[i] <= '~';

		text[i] = (char)(is_plain ? type->bytes[i] : (uint8_t)'?');
	}
	text[len] = '\0';
}

int
cp_mmdb_open(const uint8_t *bytes, size_t size, struct cp_mmdb *ret_mmdb,
		struct tbl_error *ret_error)
{
	const uint8_t *start = find_metadata(bytes, size);
	struct cp_mmdb_section section;
	struct metadata metadata = { 0 };
	int err;

	if (start == NULL) {
		return fail(ret_error,
				"no MaxMind DB metadata: truncated, or a file of another kind");
	}
	section = (struct cp_mmdb_section){ start, size - (size_t)(start - bytes) };
	if (!read_metadata(&section, &metadata)) {
		return fail(ret_error, "the metadata is damaged");
	}
	err = place_parts(ret_mmdb, &metadata, bytes, (size_t)(start - bytes) - MARKER_BYTES,
			ret_error);
	if (err == 0) {
		copy_type(&metadata.type, ret_mmdb->type, sizeof(ret_mmdb->type));
	}
	return err;
}
