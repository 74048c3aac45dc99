/*
 * Any bytes as a table or a selection. A whole image is most of a megabyte, and a checksum guards
 * it, so an input is usually a list of changes to a good image, whose sums are then made right again:
 *   byte 0      enum control
 *   byte 1      number of changes
 *   8 each      struct change
 *   the rest    a question: type, random, address, name
 * or, with RAW, the rest is the image itself. What must hold for what the checker accepts:
 *   - every node is found by its own name, and nothing is read outside the image;
 *   - every question ends, with no more pieces than there is room for, each a real answer;
 *   - the reply is one that a strict reader accepts, fits where it fits, and is the same each time;
 *   - the data plane's own answer to it, over UDP and TCP, has one verdict, fits, and is such a reply
 *     too;
 *   - an image with a wrong sum is never accepted.
 */
#include <errno.h>
#include <string.h>

#include "table/reply.h"
#include "table/seal.h"

#include "dataplane/message.h"
#include "tests/fuzz/dataplane/reparse.h"
#include "tests/fuzz/dataplane/second_opinion.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/table/sample.h"

#define CHANGES_MAX     32u /* more say no more: each is one lie */
#define NODES_ASKED_MAX 256u
#define MESSAGE_MAX     65535u
#define HEADER_BYTES    12u
#define QUESTION_TAIL   4u

enum control {
	RAW = 1u << 0,
	SELECTION = 1u << 1,  /* the changes are to a selection for the good table */
	UNSEALED = 1u << 2,   /* leave the sums as they are */
	SMALL_BASE = 1u << 3, /* change the smallest table instead of the one with everything */
};

/* Sets 1, 2 or 4 bytes of a section (of the header, when there is no such section). */
struct change {
	uint8_t section;
	uint8_t width;
	uint16_t off;
	uint32_t value;
};

struct input {
	const uint8_t *bytes;
	size_t len;
};

struct base {
	uint8_t *image;
	size_t size;
	void *selection;
	size_t selection_size;
};

static uint64_t
take(struct input *input, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes && input->len > 0; i++) {
		value |= (uint64_t)*input->bytes << 8 * i;
		input->bytes++;
		input->len--;
	}
	return value;
}

static const struct base *
get_base(bool is_small)
{
	static const struct sample_record records[] = {
		{ "a.", SOA, "a." },
		{ "*.a.", CNAME, "a." },
		{ NULL, 0, NULL },
	};
	static const struct sample_zone zone = { "a.", records };
	static struct base bases[2];
	struct base *base = &bases[is_small];

	if (base->image == NULL) {
		base->image = is_small ? sample_build(&zone, 1, NULL, &base->size)
		                       : sample_everything(&base->size);
		FUZZ_ASSERT(tbl_select_build(base->image, NULL, 1, &base->selection,
					    &base->selection_size) == 0);
	}
	return base;
}

static void *
copy_aligned(const void *bytes, size_t size)
{
	void *copy = NULL;

	/* Exactly as long as the image: a sanitizer sees the first byte read beyond it. */
	FUZZ_ASSERT(posix_memalign(&copy, TBL_ALIGN_BYTES, size > 0 ? size : 1) == 0);
	memcpy(copy, bytes, size);
	return copy;
}

/* Where a change may be made: one section of the good image, or all of `bytes`. */
static void
apply(const struct change *change, const struct tbl_header *good, uint8_t *bytes, size_t size)
{
	size_t width = (size_t)1 << change->width % 3;
	size_t off = 0;

	if (good != NULL) {
		const struct tbl_section *section =
				&good->sections[change->section % TBL_SECTION_CNT];

		size = sizeof(*good);
		if (change->section < TBL_SECTION_CNT) {
			off = section->off;
			size = section->cnt * section->elem_bytes;
		}
	}
	if (size >= width) {
		memcpy(bytes + off + change->off % (size - width + 1), &change->value, width);
	}
}

static void
apply_all(struct input *input, const struct tbl_header *good, uint8_t *bytes, size_t size)
{
	uint64_t cnt = take(input, 1) % (CHANGES_MAX + 1);

	for (uint64_t i = 0; i < cnt; i++) {
		struct change change = {
			.section = (uint8_t)take(input, 1),
			.width = (uint8_t)take(input, 1),
			.off = (uint16_t)take(input, 2),
			.value = (uint32_t)take(input, 4),
		};

		apply(&change, good, bytes, size);
	}
}

/* What is asked of an accepted image. */
struct question {
	struct tbl_addr client;
	uint64_t random;
	uint16_t type;
	struct tbl_name name;
};

static void
take_question(struct input *input, struct question *question)
{
	question->type = (uint16_t)take(input, 2);
	question->random = take(input, 8);
	question->client.family = take(input, 1) % 2 != 0 ? 6 : 4;
	for (size_t i = 0; i < sizeof(question->client.bytes); i++) {
		question->client.bytes[i] = (uint8_t)take(input, 1);
	}
	if (tbl_name_parse(input->bytes, input->len, &question->name) < 0) {
		FUZZ_ASSERT(tbl_name_parse((const uint8_t *)"", 1, &question->name) == 1);
	}
}

/* A CNAME made by a DNAME is of one in the reply, and leads to a name. */
static void
check_synthesis(const struct tbl_reply *reply, int index)
{
	const struct tbl_piece *piece = &reply->pieces[index];

	FUZZ_ASSERT(piece->dname < index);
	FUZZ_ASSERT(reply->pieces[piece->dname].answer == piece->answer);
	FUZZ_ASSERT((piece->answer->flags & TBL_ANSWER_DNAME) != 0);
	FUZZ_ASSERT(piece->target_len > 0);
}

static void
check_reply(const struct tbl_view *view, const struct tbl_reply *reply)
{
	uint64_t answer_cnt = view->header->sections[TBL_SECTION_ANSWERS].cnt;

	FUZZ_ASSERT(reply->piece_cnt <= TBL_PIECES_MAX);
	FUZZ_ASSERT(reply->rcode == 0 || reply->rcode == 3 || reply->rcode == 5 ||
			reply->rcode == 6);
	FUZZ_ASSERT((reply->rcode == 5) == (reply->piece_cnt == 0));
	FUZZ_ASSERT(reply->scope_bits <= 128);
	for (int i = 0; i < reply->piece_cnt; i++) {
		const struct tbl_piece *piece = &reply->pieces[i];

		FUZZ_ASSERT(piece->answer >= view->answers &&
				piece->answer < view->answers + answer_cnt);
		FUZZ_ASSERT(piece->owner >= TBL_OWNER_QUESTION && piece->owner < i);
		if (piece->section == TBL_REPLY_SYNTHESIS) {
			check_synthesis(reply, i);
		}
	}
}

static void
put_u16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static size_t
put_question(const struct question *question, uint8_t *message)
{
	uint8_t *at = message + HEADER_BYTES;

	memset(message, 0, HEADER_BYTES);
	message[2] = 0x80; /* QR */
	put_u16(message + 4, 1);
	memcpy(at, question->name.wire, question->name.len);
	put_u16(at + question->name.len, question->type);
	put_u16(at + question->name.len + 2, 1);
	return HEADER_BYTES + question->name.len + QUESTION_TAIL;
}

/* A byte less costs the reply an additional set, if it has some, and else all of it. */
static void
check_less(const struct tbl_view *view, const struct tbl_reply *reply,
		const struct question *question, uint8_t *exact, size_t size,
		const struct tbl_counts *whole)
{
	size_t begin = HEADER_BYTES + question->name.len + QUESTION_TAIL;
	bool has_added = reply->has_additional && whole->additional > 0;
	struct tbl_counts counts;
	int less;

	if (size == begin) {
		return;
	}
	less = tbl_reply_write(view, reply, question->name.len, exact, begin, size - 1, &counts);
	if (!has_added) {
		FUZZ_ASSERT(less == -ENOSPC);
		return;
	}
	FUZZ_ASSERT(less > 0 && (size_t)less < size);
	FUZZ_ASSERT(counts.answer == whole->answer && counts.authority == whole->authority &&
			counts.additional < whole->additional);
}

/* The same reply into a buffer of exactly its size, and into one a byte too small. */
static void
check_capacity(const struct tbl_view *view, const struct tbl_reply *reply,
		const struct question *question, const uint8_t *message, size_t size)
{
	uint8_t *exact = malloc(size);
	struct tbl_counts counts;
	size_t begin;

	if (exact == NULL) {
		abort();
	}
	begin = put_question(question, exact);
	FUZZ_ASSERT(tbl_reply_write(view, reply, question->name.len, exact, begin, size, &counts) ==
			(int)size);
	FUZZ_ASSERT(memcmp(exact + begin, message + begin, size - begin) == 0);
	check_less(view, reply, question, exact, size, &counts);
	free(exact);
}

static void
ask(const struct tbl_view *view, struct question *question)
{
	static uint8_t message[MESSAGE_MAX];
	static struct reparse_message parsed;
	struct tbl_counts counts;
	struct tbl_reply reply;
	const char *wrong;
	size_t begin;
	int len;

	tbl_name_hash(&question->name, view->header->hash_seed);
	tbl_prefetch_name(view, &question->name);
	tbl_resolve(view, &question->name, question->type,
			&(struct tbl_asker){ .source = &question->client }, question->random,
			&reply);
	check_reply(view, &reply);
	begin = put_question(question, message);
	len = tbl_reply_write(
			view, &reply, question->name.len, message, begin, sizeof(message), &counts);
	if (len < 0) {
		/* Seventeen CNAMEs ahead of a set of the largest size. */
		FUZZ_ASSERT(len == -ENOSPC);
		return;
	}
	put_u16(message + 6, counts.answer);
	put_u16(message + 8, counts.authority);
	put_u16(message + 10, counts.additional);
	wrong = reparse(message, (size_t)len, &parsed);
	/* TXT is opaque to a table, as every type without names is (RFC 3597). */
	FUZZ_ASSERT(wrong == NULL || strncmp(wrong, "TXT", 3) == 0);
	check_capacity(view, &reply, question, message, (size_t)len);
}

/* The question as a query with an OPT that asks for everything and a client subnet. */
static size_t
put_query(const struct question *question, uint8_t *message)
{
	static const uint8_t opt[] = { 0, 0, 41, 16, 0, 0, 0, 0x80, 0, 0, 8, 0, 3, 0, 0, 0, 19, 0,
		0 };
	uint8_t addr_len = question->client.family == 4 ? 4 : 16;
	size_t len = put_question(question, message);
	size_t options = len + 11;

	message[2] = 0;
	message[11] = 1;
	memcpy(message + len, opt, sizeof(opt));
	len += sizeof(opt);
	put_u16(message + len, 8);
	put_u16(message + len + 2, 4u + addr_len);
	put_u16(message + len + 4, addr_len == 4 ? 1 : 2);
	message[len + 6] = (uint8_t)(8 * addr_len);
	message[len + 7] = 0;
	memcpy(message + len + 8, question->client.bytes, addr_len);
	len += 8u + addr_len;
	put_u16(message + options - 2, (unsigned int)(len - options));
	return len;
}

static void
ask_data_plane(const struct tbl_view *view, const struct question *question,
		enum dp_transport transport)
{
	static const struct dp_settings settings = {
		.max_udp_bytes = 1232, .identity_len = 5, .identity = "node1"
	};
	static uint8_t message[MESSAGE_MAX];
	static struct reparse_message parsed;
	struct dp_answerer answerer = {
		.view = view, .settings = &settings, .random = question->random | 1u
	};
	const struct dp_client client = {
		.addr = question->client, .port = 40000, .transport = (uint8_t)transport
	};
	size_t len = put_query(question, message);
	const char *wrong;
	enum tbl_verdict verdict =
			dp_answer_message(&answerer, &client, message, len, sizeof(message), &len);

	FUZZ_ASSERT(verdict < TBL_VERDICT_DROP_NOT_DNS);
	FUZZ_ASSERT(len >= HEADER_BYTES && (transport == DP_TCP || len <= 1232));
	wrong = reparse(message, len, &parsed);
	/* TXT and all that libknot would look into besides are opaque to a table. */
	FUZZ_ASSERT(wrong == NULL || strncmp(wrong, "TXT", 3) == 0);
	assert_defined(message, len);
}

static void
ask_types(const struct tbl_view *view, const struct question *asked, const struct tbl_name *name)
{
	const uint16_t types[] = { A, NS, CNAME, SOA, MX, AAAA, SRV, DNAME, DS, SVCB, HTTPS, ANY,
		asked->type };
	struct question question = *asked;

	question.name = *name;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		question.type = types[i];
		ask(view, &question);
	}
	ask_data_plane(view, &question, DP_UDP);
	question.type = ANY;
	ask_data_plane(view, &question, DP_TCP);
}

/* Each node's name, and one below it. */
static void
ask_nodes(const struct tbl_view *view, const struct question *question)
{
	uint64_t cnt = view->header->sections[TBL_SECTION_NODES].cnt;

	for (uint64_t i = 0; i < cnt && i < NODES_ASKED_MAX; i++) {
		const struct tbl_node *node = &view->nodes[i];
		uint8_t below[TBL_NAME_MAX + 2] = { 1, 'x' };
		struct tbl_name name;
		struct tbl_match match;

		memcpy(below + 2, tbl_node_name(view, node), node->name_len);
		FUZZ_ASSERT(tbl_name_parse(below + 2, node->name_len, &name) == node->name_len);
		tbl_name_hash(&name, view->header->hash_seed);
		match = tbl_find(view, &name);
		FUZZ_ASSERT(match.kind == TBL_MATCH_EXACT && match.node == node);
		ask_types(view, question, &name);
		if (tbl_name_parse(below, node->name_len + 2u, &name) > 0) {
			ask_types(view, question, &name);
		}
	}
}

static void
ask_everything(const void *image, const void *selection, struct input *input)
{
	struct question question;
	struct tbl_view view;

	take_question(input, &question);
	tbl_view_init(&view, image, selection);
	FUZZ_ASSERT(tbl_locate(&view, &question.client) <
			view.header->sections[TBL_SECTION_LEAVES].cnt);
	ask(&view, &question);
	ask_nodes(&view, &question);
}

static void
fuzz_raw(struct input *input, unsigned int control)
{
	uint8_t *image = copy_aligned(input->bytes, input->len);
	struct tbl_error error;

	if ((control & UNSEALED) == 0 && input->len >= TBL_HEADER_BYTES) {
		sample_reseal(image, input->len);
	}
	if (tbl_check(image, input->len, &error) == 0) {
		ask_everything(image, NULL, input);
	}
	free(image);
}

static void
fuzz_table(struct input *input, unsigned int control)
{
	const struct base *base = get_base((control & SMALL_BASE) != 0);
	uint8_t *image = copy_aligned(base->image, base->size);
	struct tbl_error error;
	int rc;

	apply_all(input, (const struct tbl_header *)(const void *)base->image, image, base->size);
	if ((control & UNSEALED) == 0) {
		sample_reseal(image, base->size);
	}
	rc = tbl_check(image, base->size, &error);
	FUZZ_ASSERT(rc == 0 || rc == -EBADMSG);
	if ((control & UNSEALED) != 0) {
		FUZZ_ASSERT((rc == 0) == (memcmp(image, base->image, base->size) == 0));
	}
	if (rc == 0) {
		ask_everything(image, NULL, input);
	}
	free(image);
}

static void
fuzz_selection(struct input *input, unsigned int control)
{
	const struct base *base = get_base((control & SMALL_BASE) != 0);
	uint8_t *selection = copy_aligned(base->selection, base->selection_size);
	struct tbl_error error;
	int rc;

	apply_all(input, NULL, selection, base->selection_size);
	if ((control & UNSEALED) == 0) {
		struct tbl_select_header *header = (struct tbl_select_header *)(void *)selection;

		header->checksum = tbl_seal_selection(selection, base->selection_size);
	}
	rc = tbl_check_selection(base->image, selection, base->selection_size, &error);
	FUZZ_ASSERT(rc == 0 || rc == -EBADMSG);
	if (rc == 0) {
		ask_everything(base->image, selection, input);
	}
	free(selection);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	unsigned int control = (unsigned int)take(&input, 1);

	if ((control & RAW) != 0) {
		fuzz_raw(&input, control);
	} else if ((control & SELECTION) != 0) {
		fuzz_selection(&input, control);
	} else {
		fuzz_table(&input, control);
	}
	return 0;
}
