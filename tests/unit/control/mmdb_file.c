#include "tests/unit/control/mmdb_file.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"

void
mmdb_start(struct mmdb_file *file, uint32_t ip_version, uint32_t record_bits)
{
	memset(file, 0, sizeof(*file));
	file->ip_version = ip_version;
	file->record_bits = record_bits;
	file->build_epoch_s = 1781725900; /* 2026-06-17 */
	file->type = "Test-Country";
	file->languages = "\x00\x04"; /* an empty array */
	file->languages_size = 2;
	file->description = "\xe0"; /* an empty map */
	file->description_size = 1;
	file->nodes[0][0] = MMDB_EMPTY;
	file->nodes[0][1] = MMDB_EMPTY;
	file->node_cnt = 1;
}

size_t
mmdb_raw(struct mmdb_file *file, const void *bytes, size_t size)
{
	size_t off = file->data_size;

	assert_true(size <= sizeof(file->data) - off);
	memcpy(file->data + off, bytes, size);
	file->data_size += size;
	return off;
}

/* A value's head; sizes up to 284 are all that tests need. */
static size_t
add_head(struct mmdb_file *file, uint32_t kind, uint32_t size)
{
	uint8_t head[3] = { 0 };
	uint32_t len = 1;
	uint32_t low = size < 29 ? size : 29;

	assert_true(size < 285);
	head[0] = (uint8_t)((kind < 8 ? kind << 5 : 0) | low);
	if (kind > 7) {
		head[len++] = (uint8_t)(kind - 7);
	}
	if (size >= 29) {
		head[len++] = (uint8_t)(size - 29);
	}
	return mmdb_raw(file, head, len);
}

size_t
mmdb_map(struct mmdb_file *file, uint32_t cnt)
{
	return add_head(file, 7, cnt);
}

size_t
mmdb_array(struct mmdb_file *file, uint32_t cnt)
{
	return add_head(file, 11, cnt);
}

size_t
mmdb_string(struct mmdb_file *file, const char *text)
{
	size_t off = add_head(file, 2, (uint32_t)strlen(text));

	(void)mmdb_raw(file, text, strlen(text));
	return off;
}

size_t
mmdb_pointer(struct mmdb_file *file, size_t off)
{
	uint8_t bytes[5] = { 0x38, (uint8_t)(off >> 24), (uint8_t)(off >> 16), (uint8_t)(off >> 8),
		(uint8_t)off };

	return mmdb_raw(file, bytes, sizeof(bytes));
}

size_t
mmdb_flat(struct mmdb_file *file, const char *country)
{
	size_t off = mmdb_map(file, 1);

	(void)mmdb_string(file, "country_code");
	(void)mmdb_string(file, country);
	return off;
}

size_t
mmdb_nested(struct mmdb_file *file, const char *country, const char *subdivision)
{
	size_t off = mmdb_map(file, subdivision == NULL ? 1 : 2);

	(void)mmdb_string(file, "country");
	(void)mmdb_map(file, 1);
	(void)mmdb_string(file, "iso_code");
	(void)mmdb_string(file, country);
	if (subdivision != NULL) {
		(void)mmdb_string(file, "subdivisions");
		(void)mmdb_array(file, 1);
		(void)mmdb_map(file, 1);
		(void)mmdb_string(file, "iso_code");
		(void)mmdb_string(file, subdivision);
	}
	return off;
}

/* Address bits and length of a prefix as they are in this file's tree. */
static uint32_t
parse(const struct mmdb_file *file, const char *prefix, uint8_t bytes[16])
{
	bool is_ipv4 = strchr(prefix, ':') == NULL;
	uint32_t base = is_ipv4 && file->ip_version == 6 ? 96 : 0;
	char address[64] = "";
	const char *slash = strchr(prefix, '/');

	assert_non_null(slash);
	memset(bytes, 0, 16);
	memcpy(address, prefix, (size_t)(slash - prefix));
	assert_int_equal(1, inet_pton(is_ipv4 ? AF_INET : AF_INET6, address, bytes + base / 8));
	return base + (uint32_t)strtoul(slash + 1, NULL, 10);
}

/* Descends to the record of a prefix, splitting what is on the way into two of the same. */
static int64_t *
reach(struct mmdb_file *file, const char *prefix)
{
	uint8_t bytes[16];
	uint32_t bits = parse(file, prefix, bytes);
	int64_t *record = NULL;
	uint32_t node = 0;

	assert_true(bits > 0); /* the root has no record that leads to it */
	for (uint32_t i = 0; i < bits; i++) {
		if (record != NULL && *record < 0) {
			assert_true(file->node_cnt < MMDB_NODES_MAX);
			file->nodes[file->node_cnt][0] = *record;
			file->nodes[file->node_cnt][1] = *record;
			*record = file->node_cnt++;
		}
		node = record == NULL ? 0 : (uint32_t)*record;
		record = &file->nodes[node][bytes[i / 8] >> (7 - i % 8) & 1];
	}
	return record;
}

void
mmdb_link(struct mmdb_file *file, const char *prefix, int64_t record)
{
	*reach(file, prefix) = record;
}

void
mmdb_insert(struct mmdb_file *file, const char *prefix, size_t off)
{
	mmdb_link(file, prefix, MMDB_DATA(off));
}

int64_t
mmdb_node(struct mmdb_file *file, const char *prefix)
{
	int64_t node = *reach(file, prefix);

	assert_true(node >= 0);
	return node;
}

static void
put(struct mmdb_file *file, uint64_t number, uint32_t cnt)
{
	assert_true(cnt <= sizeof(file->bytes) - file->size);
	for (uint32_t i = cnt; i-- > 0;) {
		file->bytes[file->size++] = (uint8_t)(number >> 8 * i);
	}
}

static void
put_bytes(struct mmdb_file *file, const void *bytes, size_t size)
{
	assert_true(size <= sizeof(file->bytes) - file->size);
	memcpy(file->bytes + file->size, bytes, size);
	file->size += size;
}

static void
put_text(struct mmdb_file *file, const char *text)
{
	put(file, 2u << 5 | (uint32_t)strlen(text), 1);
	put_bytes(file, text, strlen(text));
}

static uint32_t
wire_record(const struct mmdb_file *file, int64_t record)
{
	if (record == MMDB_EMPTY) {
		return file->node_cnt;
	}
	return record >= 0 ? (uint32_t)record : file->node_cnt + 16 + (uint32_t)(-1 - record);
}

static void
put_node(struct mmdb_file *file, const int64_t node[2])
{
	uint64_t left = wire_record(file, node[0]);
	uint64_t right = wire_record(file, node[1]);

	if (file->record_bits == 28) {
		put(file, left & 0xffffff, 3);
		put(file, (left >> 24) << 4 | right >> 24, 1);
		put(file, right & 0xffffff, 3);
	} else {
		put(file, left, file->record_bits / 8);
		put(file, right, file->record_bits / 8);
	}
}

void
mmdb_finish(struct mmdb_file *file)
{
	static const char marker[] = "\xab\xcd\xefMaxMind.com";

	file->size = 0;
	for (uint32_t i = 0; i < file->node_cnt; i++) {
		put_node(file, file->nodes[i]);
	}
	put(file, 0, 8);
	put(file, 0, 8);
	put_bytes(file, file->data, file->data_size);
	put_bytes(file, marker, sizeof(marker) - 1);
	put(file, 7u << 5 | 9, 1);
	put_text(file, "node_count");
	put(file, 6u << 5 | 4, 1);
	put(file, file->node_cnt, 4);
	put_text(file, "record_size");
	put(file, 5u << 5 | 2, 1);
	put(file, file->record_bits, 2);
	put_text(file, "ip_version");
	put(file, 5u << 5 | 2, 1);
	put(file, file->ip_version, 2);
	put_text(file, "database_type");
	put_text(file, file->type);
	put_text(file, "languages");
	put_bytes(file, file->languages, file->languages_size);
	put_text(file, "description");
	put_bytes(file, file->description, file->description_size);
	put_text(file, "binary_format_major_version");
	put(file, 5u << 5 | 2, 1);
	put(file, 2, 2);
	put_text(file, "binary_format_minor_version");
	put(file, 5u << 5, 1);
	put_text(file, "build_epoch");
	put(file, 0x0802, 2); /* a uint64 of 8 bytes */
	put(file, file->build_epoch_s, 8);
}
