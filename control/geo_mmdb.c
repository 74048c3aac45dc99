#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "table/ipc.h"

#include "control/geo_impl.h"

/* The metadata lies behind the last of these, within the last 128 KiB of the file. */
#define MARKER          "\xab\xcd\xefMaxMind.com"
#define MARKER_BYTES    (sizeof(MARKER) - 1)
#define MARKER_SEARCH   ((size_t)128 << 10)
#define SEPARATOR_BYTES 16u /* zeros between search tree and data section */

/* Shorter metadata cannot hold its nine fields, and 1.7.1 reads up to three bytes behind it. */
#define METADATA_BYTES_MIN 64u

/* Languages in the metadata; MaxMind's databases have 8. Each is copied by the library. */
#define LANGUAGES_MAX 64u

static int
fail(struct tbl_error *ret_error, const char *text)
{
	(void)snprintf(ret_error->text, sizeof(ret_error->text), "%s", text);
	return -EBADMSG;
}

/* The metadata is behind the last marker, whatever a record may contain. */
static const uint8_t *
find_metadata(const uint8_t *bytes, size_t size)
{
	const uint8_t *end = bytes + size;
	const uint8_t *at = size > MARKER_SEARCH ? end - MARKER_SEARCH : bytes;
	const uint8_t *found = NULL;

	while ((at = memmem(at, (size_t)(end - at), MARKER, MARKER_BYTES)) != NULL) {
		at += MARKER_BYTES;
		found = at;
	}
	return found;
}

/* The value of a metadata key, or with NULL the one at `off` itself; false unless it is of `type`.
 * `metadata` is a database whose data section is the metadata, as the library itself reads it. */
static bool
read_metadata(const MMDB_s *metadata, uint32_t off, const char *key, uint32_t type,
		MMDB_entry_data_s *ret_value)
{
	const char *const path[] = { key, NULL };
	MMDB_entry_s start = { .mmdb = metadata, .offset = off };

	return MMDB_aget_value(&start, ret_value, path) == MMDB_SUCCESS && ret_value->type == type;
}

/* Has the map or array `key` few elements, `parts` values each, and are all of them strings? The
 * library lists it with all that its pointers lead to, which may be without end. */
static bool
has_strings_only(const MMDB_s *metadata, const char *key, uint32_t type, uint32_t parts)
{
	MMDB_entry_data_s value;

	if (!read_metadata(metadata, 0, key, type, &value) || value.data_size > LANGUAGES_MAX) {
		return false;
	}
	for (uint32_t left = parts * value.data_size; left > 0; left--) {
		if (!read_metadata(metadata, value.offset_to_next, NULL, MMDB_DATA_TYPE_UTF8_STRING,
				    &value)) {
			return false;
		}
	}
	return true;
}

/* Whether the search tree fits is asked here because the library asks in 32 bits. */
static int
check_tree(const MMDB_s *metadata, size_t body_bytes, struct tbl_error *ret_error)
{
	MMDB_entry_data_s node_cnt;
	MMDB_entry_data_s record_bits;
	MMDB_entry_data_s version;
	uint64_t tree_bytes;

	if (!read_metadata(metadata, 0, "node_count", MMDB_DATA_TYPE_UINT32, &node_cnt) ||
			!read_metadata(metadata, 0, "record_size", MMDB_DATA_TYPE_UINT16,
					&record_bits) ||
			!read_metadata(metadata, 0, "ip_version", MMDB_DATA_TYPE_UINT16,
					&version)) {
		return fail(ret_error, "the metadata is damaged: node_count, record_size or "
				       "ip_version is missing");
	}
	if (record_bits.uint16 != 24 && record_bits.uint16 != 28 && record_bits.uint16 != 32) {
		return fail(ret_error, "metadata: record_size is not 24, 28 or 32");
	}
	if (version.uint16 != 4 && version.uint16 != 6) {
		return fail(ret_error, "metadata: ip_version is not 4 or 6");
	}
	if (node_cnt.uint32 == 0) {
		return fail(ret_error, "metadata: node_count is 0");
	}
	tree_bytes = (uint64_t)node_cnt.uint32 * record_bits.uint16 / 4;
	if (body_bytes < SEPARATOR_BYTES || tree_bytes > body_bytes - SEPARATOR_BYTES) {
		return fail(ret_error, "the file is shorter than the search tree its metadata "
				       "promises: truncated or damaged");
	}
	return 0;
}

/* What MMDB_open relies on without looking; body_bytes lie before the marker. */
static int
check_metadata(const uint8_t *start, size_t size, size_t body_bytes, struct tbl_error *ret_error)
{
	const MMDB_s metadata = { .data_section = start, .data_section_size = (uint32_t)size };

	if (size < METADATA_BYTES_MIN || size > CP_MMDB_SPAN_BYTES) {
		return fail(ret_error, "the metadata is cut short or absurdly long");
	}
	if (!has_strings_only(&metadata, "languages", MMDB_DATA_TYPE_ARRAY, 1) ||
			!has_strings_only(&metadata, "description", MMDB_DATA_TYPE_MAP, 2)) {
		return fail(ret_error, "the metadata is damaged: languages or description is no "
				       "short list of strings");
	}
	return check_tree(&metadata, body_bytes, ret_error);
}

static int
fail_in_library(int status, struct tbl_error *ret_error)
{
	(void)fail(ret_error, MMDB_strerror(status));
	switch (status) {
	case MMDB_OUT_OF_MEMORY_ERROR:
		return -ENOMEM;
	case MMDB_FILE_OPEN_ERROR:
	case MMDB_IO_ERROR:
		return -EIO;
	default:
		return -EBADMSG;
	}
}

/* The library maps a file by name. It gets one that nobody can write to or cut short while it is
 * being read: a sealed memfd, by its name in /proc. */
static int
open_copy(const uint8_t *bytes, size_t size, MMDB_s *ret_db, struct tbl_error *ret_error)
{
	int fd = tbl_image_to_memfd("geo-database", bytes, size);
	char path[32];
	int status;

	if (fd < 0) {
		(void)fail(ret_error, "no memory for a copy");
		return fd;
	}
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	status = MMDB_open(path, MMDB_MODE_MMAP, ret_db);
	(void)close(fd);
	return status == MMDB_SUCCESS ? 0 : fail_in_library(status, ret_error);
}

/* Only plain characters reach a message. */
static void
copy_type(const char *type, char *text, size_t size)
{
	size_t len = strnlen(type, size - 1);

	for (size_t i = 0; i < len; i++) {
		bool is_plain = type[i] >= ' ' && type[i] <= '~';

		text[i] = (char)(is_plain ? type[i] : '?');
	}
	text[len] = '\0';
}

int
cp_mmdb_open(const uint8_t *bytes, size_t size, struct cp_mmdb *ret_mmdb,
		struct tbl_error *ret_error)
{
	const uint8_t *start = find_metadata(bytes, size);
	size_t body_bytes;
	int err;

	if (start == NULL) {
		return fail(ret_error,
				"no MaxMind DB metadata: truncated, or a file of another kind");
	}
	body_bytes = (size_t)(start - bytes) - MARKER_BYTES;
	err = check_metadata(start, size - (size_t)(start - bytes), body_bytes, ret_error);
	if (err == 0) {
		err = open_copy(bytes, size, &ret_mmdb->db, ret_error);
	}
	if (err == 0) {
		const MMDB_s *db = &ret_mmdb->db;

		ret_mmdb->data_bytes = (uint32_t)(body_bytes -
						  (size_t)(db->data_section - db->file_content));
		ret_mmdb->address_bits = db->depth;
		copy_type(db->metadata.database_type, ret_mmdb->type, sizeof(ret_mmdb->type));
	}
	return err;
}

void
cp_mmdb_close(struct cp_mmdb *mmdb)
{
	MMDB_close(&mmdb->db);
}
