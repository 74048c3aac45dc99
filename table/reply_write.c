/* Writing: what tbl_resolve() found, copied behind the question, and its pointers set. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "table/reply.h"
#include "table/view_impl.h"

struct writer {
	const struct tbl_view *view;
	const struct tbl_reply *reply;
	uint8_t *message;
	uint8_t qname_len;
	size_t starts[TBL_PIECES_MAX]; /* message offset of each piece written so far */
};

/* As locate_suffix() for the CNAME that a DNAME made: its RDATA is what the DNAME kept of its owner's
 * name, then a pointer to the DNAME's own target. */
__attribute__((noinline)) static size_t
locate_in_synthesis(const struct writer *writer, int8_t index, size_t suffix_len)
{
	const struct tbl_piece *piece = &writer->reply->pieces[index];
	size_t name_len = piece->target_len;
	size_t target_len = tbl_dname_target_len(piece->answer);

	if (suffix_len == 0) {
		suffix_len = name_len;
	}
	if (suffix_len > target_len) {
		return writer->starts[index] + TBL_FIRST_RDATA_POS + name_len - suffix_len;
	}
	return writer->starts[piece->dname] + TBL_FIRST_RDATA_POS + target_len - suffix_len;
}

/* Message offset of the last `suffix_len` wire bytes of a piece's owner; 0: of all of it. The bytes
 * of a CNAME's target are in its RDATA up to where that ends with a pointer into its own owner. */
static inline size_t
locate_suffix(const struct writer *writer, int8_t owner, size_t suffix_len)
{
	while (owner != TBL_OWNER_QUESTION) {
		const struct tbl_piece *piece = &writer->reply->pieces[owner];
		const struct tbl_cname *target;
		size_t rdata;

		if (piece->section == TBL_REPLY_SYNTHESIS) {
			return locate_in_synthesis(writer, owner, suffix_len);
		}
		target = &writer->view->cnames[piece->answer->cname];
		rdata = writer->starts[owner] + target->rdata_pos;
		if (suffix_len == 0) {
			suffix_len = target->name_len;
		}
		if (suffix_len > target->shared_len) {
			return rdata + target->name_len - suffix_len;
		}
		owner = piece->owner;
	}
	return TBL_MESSAGE_HEADER_BYTES + (suffix_len == 0 ? 0 : writer->qname_len - suffix_len);
}

/* The first `cnt` bytes of labels of the name at message offset `at`, which may go on elsewhere. They
 * are whole labels of a name we have written, or of the question; were they not, this would end all
 * the same: a pointer leads back or nowhere, and no label is longer than what is left. */
static void
copy_labels(const uint8_t *message, size_t at, size_t cnt, uint8_t *labels)
{
	while (cnt > 0) {
		size_t label_bytes = message[at] + 1u;

		if ((message[at] & (TBL_POINTER_MARK >> 8)) != 0) {
			size_t back = ((size_t)message[at] << 8 | message[at + 1]) &
			              TBL_POINTER_MAX;

			if (back >= at) {
				memset(labels, 0, cnt);
				return;
			}
			at = back;
			continue;
		}
		label_bytes = label_bytes < cnt ? label_bytes : cnt;
		memcpy(labels, message + at, label_bytes);
		labels += label_bytes;
		at += label_bytes;
		cnt -= label_bytes;
	}
}

static void
put_pointer(uint8_t *at, size_t target)
{
	at[0] = (uint8_t)((TBL_POINTER_MARK | target) >> 8);
	at[1] = (uint8_t)target;
}

/* Writes the CNAME that piece `index` makes of its DNAME: owner as asked, class and TTL of the DNAME
 * (RFC 6672 §3.1), and a target that ends with a pointer to the DNAME's, which is written out. Returns
 * its bytes, or -ENOSPC. Not inlined: rare. */
__attribute__((noinline)) static int
write_synthesis(const struct writer *writer, uint32_t index, size_t room)
{
	const struct tbl_piece *piece = &writer->reply->pieces[index];
	const struct tbl_answer *dname = piece->answer;
	size_t kept = piece->target_len - tbl_dname_target_len(dname);
	size_t bytes = TBL_FIRST_RDATA_POS + kept + TBL_POINTER_BYTES;
	size_t owner = locate_suffix(writer, piece->owner, 0);
	size_t target = writer->starts[piece->dname] + TBL_FIRST_RDATA_POS;
	uint8_t *at = writer->message + writer->starts[index];

	if (bytes > room || owner > TBL_POINTER_MAX || target > TBL_POINTER_MAX) {
		return -ENOSPC;
	}
	memcpy(at, writer->view->wire + dname->wire_off, TBL_FIRST_RDATA_POS);
	put_pointer(at, owner);
	at[3] = TBL_TYPE_CNAME;
	at[10] = (uint8_t)((kept + TBL_POINTER_BYTES) >> 8);
	at[11] = (uint8_t)(kept + TBL_POINTER_BYTES);
	copy_labels(writer->message, owner, kept, at + TBL_FIRST_RDATA_POS);
	put_pointer(at + TBL_FIRST_RDATA_POS + kept, target);
	return (int)bytes;
}

/* Big-endian, as every number of a message. */
static void
put_serial(const struct tbl_view *view, uint8_t *at)
{
	uint64_t generation = view->header->generation;

	at[0] = (uint8_t)(generation >> 24);
	at[1] = (uint8_t)(generation >> 16);
	at[2] = (uint8_t)(generation >> 8);
	at[3] = (uint8_t)generation;
}

/* Writes what piece `index`, already copied to its place, leaves to the reader. */
static int
place_fixups(const struct writer *writer, uint32_t index)
{
	const struct tbl_piece *piece = &writer->reply->pieces[index];
	const struct tbl_fixup *fixups = tbl_fixups(writer->view, piece->answer);
	size_t start = writer->starts[index];

	for (uint32_t i = 0; i < piece->answer->fixup_cnt; i++) {
		uint32_t arg = fixups[i].arg;
		uint8_t *at = writer->message + start + fixups[i].pos;
		size_t target;

		if (arg == TBL_FIXUP_SERIAL) {
			put_serial(writer->view, at);
			continue;
		}
		target = (arg & TBL_FIXUP_LOCAL) != 0 ? start + (arg & TBL_POINTER_MAX)
		                                      : locate_suffix(writer, piece->owner, arg);
		if (target > TBL_POINTER_MAX) {
			return -ENOSPC;
		}
		put_pointer(at, target);
	}
	return 0;
}

/* The case every answer is stored for, pointers and order; see struct tbl_answer. One test for four
 * rare things: this is asked for every answer. */
static bool
is_preplaced(const struct tbl_reply *reply, uint32_t index)
{
	const struct tbl_piece *piece = &reply->pieces[index];

	static_assert(TBL_REPLY_ANSWER == 0, "the one section answers are stored for");
	return index == 0 && (piece->section | (unsigned int)reply->is_wildcard |
					     piece->answer->flags | reply->rotate) == 0;
}

/* How many bytes of a set of addresses stand in front of the record that is to come first. All its
 * records are of one size and have the same owner, so they can stand in any order, pointers and all. */
static size_t
skip_to_first(uint32_t rotate, const struct tbl_answer *answer, const uint8_t *wire)
{
	uint32_t type = (uint32_t)wire[TBL_POINTER_BYTES] << 8 | wire[TBL_POINTER_BYTES + 1];
	size_t first = (size_t)(((uint64_t)rotate * answer->rr_cnt) >> 32); /* no division */

	if (type != TBL_TYPE_A && type != TBL_TYPE_AAAA) {
		return 0;
	}
	return first * (TBL_FIRST_RDATA_POS + (type == TBL_TYPE_A ? 4u : 16u));
}

/* Copies an answer to its place, the first of its records chosen by the reply's `rotate`. Not inlined:
 * an option. */
__attribute__((noinline)) static void
copy_rotated(const struct writer *writer, const struct tbl_answer *answer, uint8_t *at)
{
	const uint8_t *wire = writer->view->wire + answer->wire_off;
	size_t skipped = skip_to_first(writer->reply->rotate, answer, wire);

	memcpy(at, wire + skipped, answer->wire_len - skipped);
	memcpy(at + (answer->wire_len - skipped), wire, skipped);
}

/* Copies the answer of piece `index` to its place and sets its pointers. Returns its bytes, or
 * -ENOSPC. */
static inline int
write_answer(const struct writer *writer, uint32_t index, size_t room)
{
	const struct tbl_answer *answer = writer->reply->pieces[index].answer;
	uint8_t *at = writer->message + writer->starts[index];

	if (answer->wire_len > room) {
		return -ENOSPC;
	}
	if (writer->reply->rotate != 0) {
		copy_rotated(writer, answer, at);
	} else {
		memcpy(at, writer->view->wire + answer->wire_off, answer->wire_len);
	}
	if (!is_preplaced(writer->reply, index) && place_fixups(writer, index) != 0) {
		return -ENOSPC;
	}
	return answer->wire_len;
}

/* Where a name that stands in the message begins, behind the pointer that it may be as a whole.
 * Returns more than a pointer can say when it leads nowhere. */
static size_t
skip_pointer(const uint8_t *message, size_t at)
{
	while ((message[at] & (TBL_POINTER_MARK >> 8)) != 0) {
		size_t back = ((size_t)message[at] << 8 | message[at + 1]) & TBL_POINTER_MAX;

		if (back >= at) {
			return SIZE_MAX;
		}
		at = back;
	}
	return at;
}

/* Appends the sets that belong beside an answer which begins at `start`, each whole if it fits and
 * its owner can be pointed at. Returns the new length. Not inlined: most types have none. */
__attribute__((noinline)) static size_t
write_additional(const struct writer *writer, const struct tbl_answer *answer, size_t start,
		size_t len, size_t capacity, struct tbl_counts *counts)
{
	const struct tbl_view *view = writer->view;
	const struct tbl_additional *next = tbl_additionals(view, answer);
	uint8_t flags;

	do {
		const struct tbl_answer *set = &view->answers[next->answer];
		const struct tbl_fixup *fixups = tbl_fixups(view, set);
		size_t owner = skip_pointer(writer->message, start + next->pos);

		flags = next->flags;
		next++;
		if (set->wire_len > capacity - len || owner > TBL_POINTER_MAX) {
			continue;
		}
		memcpy(writer->message + len, view->wire + set->wire_off, set->wire_len);
		/* Types without names in RDATA that could be compressed: each is an owner. */
		for (uint32_t i = 0; i < set->fixup_cnt; i++) {
			put_pointer(writer->message + len + fixups[i].pos, owner);
		}
		len += set->wire_len;
		counts->additional = (uint16_t)(counts->additional + set->rr_cnt);
	} while ((flags & TBL_ADDITIONAL_LAST) == 0);
	return len;
}

static inline void
count(const struct tbl_piece *piece, struct tbl_counts *counts)
{
	const struct tbl_answer *answer = piece->answer;

	/* A synthesis is one record, as its DNAME is. */
	if (piece->section == TBL_REPLY_AUTHORITY) {
		counts->authority = (uint16_t)(counts->authority + answer->rr_cnt);
	} else {
		counts->answer = (uint16_t)(counts->answer + answer->rr_cnt);
	}
	/* Only a referral has any, and it is the last piece: glue ends the message. Nothing else belongs
	 * beside a referral. */
	counts->additional = (uint16_t)(counts->additional + answer->extra_cnt);
}

/* Seven parameters: what to write, where to, and how much that was.
 * NOLINTBEGIN(readability-function-size) */
static inline int
write_pieces(const struct tbl_view *view, const struct tbl_reply *reply, uint8_t qname_len,
		uint8_t *message, size_t len, size_t capacity, struct tbl_counts *ret_counts)
{
	struct tbl_counts counts = { 0 };
	struct writer writer;
	size_t start = len; /* of the last piece */

	/* Field by field: starts[] is written as the pieces are, and clearing it first costs. */
	writer.view = view;
	writer.reply = reply;
	writer.message = message;
	writer.qname_len = qname_len;
	for (uint32_t i = 0; i < reply->piece_cnt; i++) {
		const struct tbl_piece *piece = &reply->pieces[i];
		int bytes;

		start = len;
		writer.starts[i] = start;
		bytes = piece->section == TBL_REPLY_SYNTHESIS
		                        ? write_synthesis(&writer, i, capacity - len)
		                        : write_answer(&writer, i, capacity - len);
		if (bytes < 0) {
			return bytes;
		}
		len += (size_t)bytes;
		count(piece, &counts);
	}
	if (reply->has_additional) {
		len = write_additional(&writer, reply->pieces[reply->piece_cnt - 1u].answer, start,
				len, capacity, &counts);
	}
	*ret_counts = counts;
	return (int)len;
}

int
tbl_reply_write(const struct tbl_view *view, const struct tbl_reply *reply, uint8_t qname_len,
		uint8_t *message, size_t len, size_t capacity, struct tbl_counts *ret_counts)
{
	const struct tbl_answer *answer;

	if (len > capacity) {
		return -ENOSPC;
	}
	/* Nearly every reply: one answer, ready as it is stored. */
	if (reply->piece_cnt != 1 || !is_preplaced(reply, 0)) {
		return write_pieces(view, reply, qname_len, message, len, capacity, ret_counts);
	}
	answer = reply->pieces[0].answer;
	if (answer->wire_len > capacity - len) {
		return -ENOSPC;
	}
	memcpy(message + len, view->wire + answer->wire_off, answer->wire_len);
	*ret_counts = (struct tbl_counts){ .answer = answer->rr_cnt,
		.additional = answer->extra_cnt };
	return (int)(len + answer->wire_len);
}
/* NOLINTEND(readability-function-size) */
