#include "control/shadow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/dns.h"
#include "table/reply.h"

#include "control/present_impl.h"
#include "control/unpack.h"

#define MESSAGE_BYTES   65535u
#define DIFFERENCES_MAX 20u /* told; one already stops the publish */

struct shadow {
	const struct tbl_view *view;
	struct conf_errors *errors;
	uint8_t *message;
	uint8_t *plain; /* RDATA, decompressed */
	size_t message_len;
	size_t stride;                    /* every so-many-th static record is asked for */
	uint8_t serial[TBL_SERIAL_BYTES]; /* the table's generation */
	bool has_own_soa; /* the zone at hand has: its serial is not the generation */
	size_t difference_cnt;
};

/* Is this RDATA one of the record's values (or, for a dynamic record, one of any pool's)? Case of
 * names apart. */
static bool
is_rdata_of(const struct shadow *shadow, const struct tbl_rdata *value, uint16_t type,
		const uint8_t *plain, size_t size)
{
	size_t head;
	uint32_t names = cp_rdata_name_cnt(type, &head);
	uint8_t lower[TBL_NAME_MAX];
	uint8_t plain_lower[TBL_NAME_MAX];

	if (value->size != size || (head > 0 && memcmp(value->bytes, plain, head) != 0)) {
		return false;
	}
	for (uint32_t i = 0; i < names; i++) {
		size_t len = tbl_name_lower(value->bytes + head, lower);

		if (tbl_name_lower(plain + head, plain_lower) != len ||
				memcmp(lower, plain_lower, len) != 0) {
			return false;
		}
		head += len;
	}
	if (type == TBL_TYPE_SOA && !shadow->has_own_soa) {
		if (size - head < TBL_SERIAL_BYTES ||
				memcmp(plain + head, shadow->serial, TBL_SERIAL_BYTES) != 0) {
			return false;
		}
		head += TBL_SERIAL_BYTES;
	}
	return memcmp(value->bytes + head, plain + head, size - head) == 0;
}

static bool
has_value(const struct shadow *shadow, const struct cp_record *record, const uint8_t *plain,
		size_t size)
{
	for (uint32_t i = 0; i < record->value_cnt; i++) {
		if (is_rdata_of(shadow, &record->values[i], record->type, plain, size)) {
			return true;
		}
	}
	for (uint32_t p = 0; record->dynamic != NULL && p < record->dynamic->pool_cnt; p++) {
		const struct cp_pool *pool = &record->dynamic->pools[p];

		for (uint32_t i = 0; i < pool->value_cnt; i++) {
			if (is_rdata_of(shadow, &pool->values[i].rdata, record->type, plain,
					    size)) {
				return true;
			}
		}
	}
	return false;
}

/* Reads the first `cnt` records of the reply. NULL when all are the record's, else what differs. */
static const char *
compare_records(const struct shadow *shadow, const struct cp_record *record, size_t off,
		uint32_t cnt)
{
	uint8_t *plain = shadow->plain;
	uint8_t owner[TBL_NAME_MAX];

	for (uint32_t i = 0; i < cnt; i++) {
		int len = cp_unpack_name(shadow->message, shadow->message_len, off, owner, &off);
		size_t size;

		/* Asked for in lower case, and answered so. */
		if (len < 0 || memcmp(owner, record->owner, (size_t)len) != 0) {
			return "the owner name is another";
		}
		if (shadow->message_len - off < TBL_RECORD_FIXED_BYTES ||
				cp_read_be16(shadow->message + off) != record->type) {
			return "the type is another";
		}
		size = cp_read_be16(shadow->message + off + 8);
		off += TBL_RECORD_FIXED_BYTES;
		if (size > shadow->message_len - off) {
			return "a record is cut short";
		}
		len = cp_unpack_rdata(shadow->message, shadow->message_len, off, size, record->type,
				plain);
		if (len < 0 || !has_value(shadow, record, plain, (size_t)len)) {
			return "a value is none of the zone's";
		}
		off += size;
	}
	return NULL;
}

static bool
is_address(uint16_t type)
{
	return type == TBL_TYPE_A || type == TBL_TYPE_AAAA;
}

/* Is the record hidden below a delegation, or by a zone inside its own? What the reply says is then
 * not its business. So are addresses at the delegation itself: glue, when one of its NS names it. A cut or an apex at or above the record's zone hides nothing: it stands there
 * because the table lacks the zone. */
static bool
is_hidden(const struct shadow *shadow, const struct cp_zone *zone, const struct cp_record *record,
		const struct tbl_reply *reply)
{
	const struct tbl_view *view = shadow->view;
	const struct tbl_node *node = reply->match.node;
	const uint8_t *above;

	if (node == NULL) {
		return false;
	}
	/* A CNAME into a delegation makes a referral too, but behind an answer. */
	if (reply->is_referral && reply->pieces[0].section == TBL_REPLY_AUTHORITY) {
		above = tbl_node_name(view, &view->nodes[node->cut]);
		return !is_tbl_name_within(zone->apex, above) &&
		       (!is_tbl_name_within(above, record->owner) || is_address(record->type));
	}
	above = tbl_node_name(view, &view->nodes[view->zones[node->zone].apex]);
	return !is_tbl_name_within(zone->apex, above);
}

/* Does the reply begin with an RRset where the record's belongs? A delegation's NS are a referral's
 * authority (RFC 1034 §4.3.2); an SOA there says that there is nothing. */
static bool
has_rrset(const struct cp_zone *zone, const struct cp_record *record, const struct tbl_reply *reply)
{
	bool is_delegation = record->type == TBL_TYPE_NS &&
	                     !is_tbl_name_within(zone->apex, record->owner);

	if (reply->rcode != 0 || reply->piece_cnt == 0) {
		return false;
	}
	return is_delegation ? reply->is_referral && reply->pieces[0].section == TBL_REPLY_AUTHORITY
	                     : reply->pieces[0].section == TBL_REPLY_ANSWER;
}

static const char *
ask(struct shadow *shadow, const struct cp_zone *zone, const struct cp_record *record)
{
	static const struct tbl_addr nowhere = { .family = 4 };
	static const struct tbl_asker nobody = { .source = &nowhere };
	struct tbl_counts counts;
	struct tbl_reply reply;
	struct tbl_name name;
	size_t start;
	int len;

	if (tbl_name_parse(record->owner, sizeof(record->owner), &name) < 0) {
		return "the name is none";
	}
	tbl_name_hash(&name, shadow->view->header->hash_seed);
	tbl_resolve(shadow->view, &name, record->type, &nobody, 0, &reply);
	if (is_hidden(shadow, zone, record, &reply)) {
		return NULL;
	}
	if (!has_rrset(zone, record, &reply)) {
		return "the table has no answer";
	}
	start = TBL_MESSAGE_HEADER_BYTES + name.len + TBL_QUESTION_TAIL_BYTES;
	memcpy(shadow->message + TBL_MESSAGE_HEADER_BYTES, name.wire, name.len);
	len = tbl_reply_write(shadow->view, &reply, name.len, shadow->message, start, MESSAGE_BYTES,
			&counts);
	if (len < 0) {
		return "the answer does not fit a message";
	}
	shadow->message_len = (size_t)len;
	if (record->dynamic == NULL && reply.pieces[0].answer->rr_cnt != record->value_cnt) {
		return "the number of values is another";
	}
	return compare_records(shadow, record, start, reply.pieces[0].answer->rr_cnt);
}

static void
store_serial(uint64_t generation, uint8_t serial[TBL_SERIAL_BYTES])
{
	for (uint32_t i = 0; i < TBL_SERIAL_BYTES; i++) {
		serial[i] = (uint8_t)(generation >> (8 * (TBL_SERIAL_BYTES - 1 - i)));
	}
}

static void
ask_zone(struct shadow *shadow, const struct cp_zone *zone)
{
	shadow->has_own_soa = zone->has_own_soa;
	for (size_t i = 0; i < zone->record_cnt; i++) {
		const struct cp_record *record = &zone->records[i];
		const char *difference;

		if (record->dynamic == NULL && i % shadow->stride != 0) {
			continue;
		}
		difference = ask(shadow, zone, record);
		if (difference != NULL && shadow->difference_cnt++ < DIFFERENCES_MAX) {
			char type[CP_TYPE_NAME_MAX];

			conf_error_add(shadow->errors, CONF_ERROR, record->file, record->line,
					record->col,
					"the compiled table does not answer %s %s as the zone "
					"says: %s "
					"(a defect of Meridian: please report it)",
					record->fqdn, cp_type_name(record->type, type), difference);
		}
	}
}

int
cp_shadow_check(const void *image, const struct cp_zones *zones, const bool *is_left_out,
		struct conf_errors *errors)
{
	struct tbl_view view;
	struct shadow shadow = { .view = &view, .errors = errors, .stride = 1 };
	size_t record_cnt = 0;

	for (size_t i = 0; i < zones->cnt; i++) {
		record_cnt += zones->items[i].record_cnt;
	}
	shadow.stride += record_cnt / CP_SHADOW_RECORDS_MAX;
	shadow.message = malloc(MESSAGE_BYTES + CP_UNPACKED_MAX);
	if (shadow.message == NULL) {
		return -ENOMEM;
	}
	shadow.plain = shadow.message + MESSAGE_BYTES;
	tbl_view_init(&view, image, NULL);
	store_serial(view.header->generation, shadow.serial);
	for (size_t i = 0; i < zones->cnt; i++) {
		if (!is_left_out[i]) {
			ask_zone(&shadow, &zones->items[i]);
		}
	}
	free(shadow.message);
	return shadow.difference_cnt == 0 ? 0 : -EBADMSG;
}
