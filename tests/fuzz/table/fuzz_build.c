/*
 * Any sequence of records to the builder, from names and values few enough to meet each other:
 *   byte 0      which zones there are (bit z: apexes[z])
 *   byte 1      health: target t is up when bit t % 8 is set
 *   records     zone, type, labels of the owner, number of values; see read_record()
 * What must hold:
 *   - a refusal has a sentence, and nothing is refused but with -EINVAL;
 *   - a finished image passes tbl_check(), says the same bytes for the same input, and keeps its
 *     content_hash when resealed;
 *   - every owner of an accepted table is found there, itself or (glue) its closest encloser;
 *   - replies about them are well-formed, and no record stands in one twice (RFC 2181 §5), whatever is
 *     beside the answer and whichever address comes first;
 *   - the selection that any health leaves passes tbl_check_selection().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/build.h"
#include "table/dns.h"
#include "table/reply.h"

#include "tests/fuzz/dataplane/reparse.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/table/sample.h"

#define ZONES_MAX   4u
#define VALUES_MAX  4u
#define OWNERS_MAX  64u
#define RDATA_MAX   64u
#define TARGETS_MAX 8u

#define LONG_LABEL "\74abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwx"

static const char *const apexes[ZONES_MAX] = { "\1e", "\1s\1e", "\1y\1s\1e", "" };
static const char *const labels[] = { "\1a", "\1B", "\1*", "\1s", "\1y", "\1x", "\2ns",
	LONG_LABEL };
static const uint16_t types[] = { A, AAAA, NS, CNAME, SOA, MX, PTR, TXT, SRV, DS, DNAME, 41, 0,
	SVCB, HTTPS };

/* Reads on; behind the end everything is zero. */
struct input {
	const uint8_t *data;
	size_t size;
};

static uint8_t
next_byte(struct input *input)
{
	uint8_t byte = 0;

	if (input->size > 0) {
		byte = *input->data++;
		input->size--;
	}
	return byte;
}

struct build {
	struct tbl_builder *builder;
	uint32_t zones[ZONES_MAX];
	uint32_t zone_cnt;
	uint8_t owners[OWNERS_MAX][TBL_NAME_MAX];
	size_t owner_cnt;
};

static uint16_t
put_label(uint8_t *name, uint16_t len, const char *label)
{
	memcpy(name + len, label, (size_t)label[0] + 1);
	return (uint16_t)(len + label[0] + 1);
}

/* One byte: labels a (bits 0..2) and b (bits 3..5) as "a.b.e.", "b.e.", "a.b.s.e."; or "e.", or the
 * root. */
static uint16_t
read_name(struct input *input, uint8_t *name)
{
	uint8_t byte = next_byte(input);
	uint8_t form = byte >> 6;
	uint16_t len = 0;

	if (form == 0 || form == 2) {
		len = put_label(name, len, labels[byte & 7]);
	}
	if (form != 3) {
		len = put_label(name, len, labels[byte >> 3 & 7]);
	}
	if (form == 2) {
		len = put_label(name, len, "\1s");
	}
	if (form != 3 || (byte & 1) == 0) {
		len = put_label(name, len, "\1e");
	}
	name[len] = 0;
	return (uint16_t)(len + 1);
}

/* RDATA of the type's form, or (raw) whatever the input has. */
static uint16_t
read_rdata(struct input *input, uint16_t type, bool is_raw, uint8_t *rdata)
{
	uint16_t len = 0;

	if (is_raw) {
		uint16_t size = next_byte(input) % RDATA_MAX;

		for (; len < size; len++) {
			rdata[len] = next_byte(input);
		}
		return len;
	}
	memset(rdata, 0, RDATA_MAX);
	switch (type) {
	case NS:
	case CNAME:
	case PTR:
	case DNAME:
		return read_name(input, rdata);
	case MX:
		return (uint16_t)(2 + read_name(input, rdata + 2));
	case SRV:
		return (uint16_t)(6 + read_name(input, rdata + 6));
	case SVCB:
	case HTTPS: /* AliasMode, or by one byte ServiceMode with "." now and then */
		rdata[1] = next_byte(input) & 3;
		if (rdata[1] == 3) {
			return 3;
		}
		return (uint16_t)(2 + read_name(input, rdata + 2));
	case SOA:
		len = read_name(input, rdata);
		len = (uint16_t)(len + read_name(input, rdata + len));
		rdata[len + 19] = next_byte(input);
		return (uint16_t)(len + 20);
	default:
		rdata[0] = next_byte(input);
		return type == AAAA ? 16 : 4;
	}
}

static void
check_refusal(int rc, const struct tbl_error *error)
{
	FUZZ_ASSERT(rc == -EINVAL);
	FUZZ_ASSERT(memchr(error->text, '\0', sizeof(error->text)) != NULL);
	FUZZ_ASSERT(error->text[0] != '\0');
}

static int
add_dynamic(struct build *build, struct input *input, const uint8_t *owner, uint16_t type,
		uint32_t zone, struct tbl_error *error)
{
	static const char *const keys[TARGETS_MAX] = { NULL, "1", "2", "3", "4", "5", "6", "7" };
	uint8_t bytes[2 * VALUES_MAX][4 * RDATA_MAX + TBL_NAME_MAX];
	struct tbl_value_input values[2 * VALUES_MAX];
	struct tbl_pool_input pools[2];
	uint8_t shape = next_byte(input);

	for (uint32_t i = 0; i < 2 * VALUES_MAX; i++) {
		uint8_t byte = next_byte(input);

		values[i] = (struct tbl_value_input){
			.rdata = { bytes[i], read_rdata(input, type, false, bytes[i]) },
			.text = "text",
			.target_key = keys[byte % TARGETS_MAX],
			.weight = (uint16_t)(byte >> 1),
			.status = (uint8_t)(byte >> 6),
		};
	}
	pools[0] = (struct tbl_pool_input){ "zero", values, shape & 7, (shape >> 3 & 3) - 1 };
	pools[1] = (struct tbl_pool_input){ "one", values + VALUES_MAX, 1 + (shape >> 5 & 1),
		(shape >> 6 & 1) - 1 };
	pools[0].value_cnt = pools[0].value_cnt > VALUES_MAX ? VALUES_MAX : pools[0].value_cnt;
	return tbl_builder_add_dynamic(build->builder, zone, owner, type, shape,
			&(struct tbl_dyn_input){ shape >> 7, pools, 2, &values[0].rdata, 1 },
			error);
}

static int
add_static(struct build *build, struct input *input, const uint8_t *owner, uint16_t type,
		uint32_t zone, struct tbl_error *error)
{
	uint8_t bytes[VALUES_MAX][4 * RDATA_MAX + TBL_NAME_MAX];
	struct tbl_rdata records[VALUES_MAX];
	uint8_t shape = next_byte(input);
	uint32_t cnt = shape % (VALUES_MAX + 1);

	for (uint32_t i = 0; i < cnt; i++) {
		records[i].size = read_rdata(input, type, (shape & 0x80) != 0, bytes[i]);
		records[i].bytes = bytes[i];
	}
	return tbl_builder_add_rrset(build->builder, zone, owner, type, shape, records, cnt, error);
}

static void
read_record(struct build *build, struct input *input)
{
	uint8_t kind = next_byte(input);
	uint16_t type = types[(kind & 0x0f) % (sizeof(types) / sizeof(types[0]))];
	uint32_t zone = build->zones[(kind >> 4 & 3) % build->zone_cnt];
	uint8_t *owner = build->owners[build->owner_cnt];
	struct tbl_error error = { .text = "" };
	int rc;

	(void)read_name(input, owner);
	rc = (kind & 0x80) != 0 ? add_dynamic(build, input, owner, type, zone, &error)
	                        : add_static(build, input, owner, type, zone, &error);
	if (rc != 0) {
		check_refusal(rc, &error);
	} else {
		build->owner_cnt++;
	}
}

/* Builds what the input says. NULL: refused. */
static void *
make_image(struct build *build, const struct tbl_location *location, struct input input,
		size_t *size)
{
	const struct tbl_build_params params = {
		.generation = 1, .hash_seed = { 3, 4 }, .location = location
	};
	struct tbl_error error = { .text = "" };
	uint8_t zones = next_byte(&input);
	void *image = NULL;
	int rc;

	*build = (struct build){ 0 };
	(void)next_byte(&input); /* health */
	FUZZ_ASSERT(tbl_builder_new(&params, &build->builder) == 0);
	for (uint32_t z = 0; z < ZONES_MAX; z++) {
		if ((zones >> z & 1) != 0) {
			FUZZ_ASSERT(tbl_builder_add_zone(build->builder, (const uint8_t *)apexes[z],
						    &build->zones[build->zone_cnt++], &error) == 0);
		}
	}
	while (build->zone_cnt > 0 && input.size > 0 && build->owner_cnt < OWNERS_MAX) {
		read_record(build, &input);
	}
	rc = tbl_builder_finish(build->builder, &image, size, &error);
	if (rc != 0) {
		check_refusal(rc, &error);
		FUZZ_ASSERT(image == NULL);
	}
	tbl_builder_free(build->builder);
	return image;
}

static void
check_selection(const void *image, uint8_t health)
{
	const struct tbl_header *header = image;
	struct tbl_error error;
	bool is_up[TARGETS_MAX];
	void *selection = NULL;
	size_t size = 0;

	FUZZ_ASSERT(header->sections[TBL_SECTION_TARGETS].cnt < TARGETS_MAX);
	for (uint32_t t = 0; t < TARGETS_MAX; t++) {
		is_up[t] = (health >> t & 1) != 0;
	}
	FUZZ_ASSERT(tbl_select_build(image, is_up, 1, &selection, &size) == 0);
	FUZZ_ASSERT(tbl_check_selection(image, selection, size, &error) == 0);
	free(selection);
}

/* Whether two names are one; the parser has them without compression, case kept. */
static bool
is_same_name(const struct reparse_name *a, const struct reparse_name *b)
{
	struct tbl_name x;
	struct tbl_name y;

	return tbl_name_parse(a->wire, sizeof(a->wire), &x) > 0 &&
	       tbl_name_parse(b->wire, sizeof(b->wire), &y) == x.len &&
	       memcmp(x.wire, y.wire, x.len) == 0;
}

/* Types without names that could be compressed: their octets tell. */
static bool
is_repeated(const struct reparse_message *parsed, unsigned int i, unsigned int k)
{
	const struct reparse_record *a = &parsed->records[i];
	const struct reparse_record *b = &parsed->records[k];

	return a->type == b->type && (a->type == A || a->type == AAAA || a->type >= SRV) &&
	       a->rdata_len == b->rdata_len && is_same_name(&a->owner, &b->owner) &&
	       memcmp(parsed->bytes + a->rdata_off, parsed->bytes + b->rdata_off, a->rdata_len) ==
	                       0;
}

static void
ask(const struct tbl_view *view, const struct tbl_name *name, uint16_t type, uint32_t rotate)
{
	static const struct tbl_addr nowhere = { .family = 4 };
	static const struct tbl_asker asker = { .source = &nowhere };
	static uint8_t message[16384];
	static struct reparse_message parsed;
	size_t begin = TBL_MESSAGE_HEADER_BYTES + name->len + TBL_QUESTION_TAIL_BYTES;
	struct tbl_counts counts;
	struct tbl_reply reply;
	int len;

	tbl_resolve(view, name, type, &asker, 0, &reply);
	reply.rotate = rotate;
	memset(message, 0, begin);
	memcpy(message + TBL_MESSAGE_HEADER_BYTES, name->wire, name->len);
	message[begin - 3] = (uint8_t)type;
	message[begin - 1] = 1;
	len = tbl_reply_write(view, &reply, name->len, message, begin, sizeof(message), &counts);
	FUZZ_ASSERT(len > 0);
	message[2] = 0x80;
	message[5] = 1;
	message[7] = (uint8_t)counts.answer;
	message[9] = (uint8_t)counts.authority;
	message[11] = (uint8_t)counts.additional;
	if (reparse(message, (size_t)len, &parsed) != NULL) {
		return; /* a TXT that is none: opaque to a table (RFC 3597) */
	}
	for (unsigned int i = 0; i < parsed.record_cnt; i++) {
		for (unsigned int k = 0; k < i; k++) {
			FUZZ_ASSERT(!is_repeated(&parsed, i, k));
		}
	}
}

/* Asks for what leads to hosts, and for addresses: at the name, and below it for a wildcard's sake. */
static void
ask_about(const struct tbl_view *view, const struct tbl_name *name)
{
	static const uint16_t asked[] = { A, AAAA, NS, MX, SRV, SVCB, HTTPS, ANY };
	bool is_wildcard = name->wire[0] == 1 && name->wire[1] == '*';
	struct tbl_name below = *name;

	for (unsigned int letter = 'a'; letter <= 'c'; letter++) {
		for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
			ask(view, &below, asked[i], 0);
			ask(view, &below, asked[i], UINT32_MAX);
		}
		if (!is_wildcard) {
			return;
		}
		below.wire[1] = (uint8_t)letter;
		tbl_name_hash(&below, view->header->hash_seed);
	}
}

static void
check_image(void *image, size_t size, const struct build *build)
{
	struct tbl_header *header = image;
	uint64_t content_hash = header->content_hash;
	struct tbl_error error = { .text = "" };
	struct tbl_view view;

	if (tbl_check(image, size, &error) != 0) {
		(void)fprintf(stderr, "refused: %s\n", error.text);
		abort();
	}
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < build->owner_cnt; i++) {
		struct tbl_name name;
		struct tbl_match match;

		FUZZ_ASSERT(tbl_name_parse(build->owners[i], TBL_NAME_MAX, &name) > 0);
		tbl_name_hash(&name, header->hash_seed);
		match = tbl_find(&view, &name);
		FUZZ_ASSERT(match.kind != TBL_MATCH_NONE);
		ask_about(&view, &name);
	}
	tbl_reseal(image, 2, 3);
	FUZZ_ASSERT(header->content_hash == content_hash);
	FUZZ_ASSERT(tbl_check(image, size, &error) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tbl_location *location;
	static struct build build;
	const struct input input = { data, size };
	size_t image_size = 0;
	size_t again_size = 0;
	void *image;
	void *again;

	if (location == NULL) {
		location = sample_location(); /* once a process: it never changes */
	}
	image = make_image(&build, location, input, &image_size);
	if (image == NULL) {
		return 0;
	}
	again = make_image(&build, location, input, &again_size);
	FUZZ_ASSERT(again != NULL && image_size == again_size);
	FUZZ_ASSERT(memcmp(image, again, image_size) == 0);
	free(again);
	check_selection(image, size > 1 ? data[1] : 0);
	check_image(image, image_size, &build);
	free(image);
	return 0;
}
