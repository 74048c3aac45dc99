#include <string.h>

#include "dataplane/bytes.h"
#include "dataplane/message_impl.h"

#define CHAOS_NAME_MAX    24u /* the longest below is 21 */
#define OWNER_IS_QUESTION (0xc000u | DP_HEADER_BYTES)
#define TXT_RECORD_BYTES  (2u + DP_RECORD_FIXED_BYTES + 1u) /* owner, fields, string length */

enum topic {
	TOPIC_NONE,
	TOPIC_VERSION,
	TOPIC_IDENTITY,
	TOPIC_GENERATION,
};

static_assert(DP_IDENTITY_MAX <= DP_CHAOS_TEXT_MAX, "identity fits");
static_assert(DP_GENERATION_TEXT_MAX <= DP_CHAOS_TEXT_MAX, "generation fits");
static_assert(sizeof("meridian " MERIDIAN_VERSION) <= DP_CHAOS_TEXT_MAX, "version fits");

/* Lower-cased wire names, as dp_query_parse leaves them. */
static const struct {
	uint8_t wire[CHAOS_NAME_MAX];
	enum topic topic;
} chaos_names[] = {
	{ "\7version\4bind", TOPIC_VERSION }, /* BIND's custom, everybody's now */
	{ "\7version\6server", TOPIC_VERSION },
	{ "\2id\6server", TOPIC_IDENTITY }, /* RFC 4892 §2 */
	{ "\10hostname\4bind", TOPIC_IDENTITY },
	{ "\12generation\10meridian", TOPIC_GENERATION },
};

static enum topic
find_topic(const struct tbl_name *name)
{
	for (size_t i = 0; i < sizeof(chaos_names) / sizeof(chaos_names[0]); i++) {
		/* A name ends with the root label, so equal bytes are equal lengths. */
		if (name->len <= sizeof(chaos_names[i].wire) &&
				memcmp(chaos_names[i].wire, name->wire, name->len) == 0) {
			return chaos_names[i].topic;
		}
	}
	return TOPIC_NONE;
}

/* Digits of `value`, most significant first; returns how many. */
static size_t
write_decimal(uint64_t value, uint8_t *text)
{
	uint8_t digits[20];
	size_t cnt = 0;

	do {
		digits[cnt++] = (uint8_t)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	for (size_t i = 0; i < cnt; i++) {
		text[i] = digits[cnt - 1 - i];
	}
	return cnt;
}

size_t
dp_generation_text(const struct tbl_view *view, uint8_t text[DP_GENERATION_TEXT_MAX])
{
	size_t len = write_decimal(view->header->generation, text);

	text[len++] = '.';
	return len + write_decimal(view->select->sequence, text + len);
}

size_t
dp_chaos_text(const struct tbl_view *view, const struct dp_settings *settings,
		const struct dp_query *query, uint8_t text[DP_CHAOS_TEXT_MAX])
{
	static const char version[] = "meridian " MERIDIAN_VERSION;

	if (query->qtype != DP_TYPE_TXT && query->qtype != DP_TYPE_ANY) {
		return 0;
	}
	switch (find_topic(&query->name)) {
	case TOPIC_VERSION:
		memcpy(text, version, sizeof(version) - 1);
		return sizeof(version) - 1;
	case TOPIC_IDENTITY: /* empty when the operator set none: RFC 4892 §3 has us refuse */
		memcpy(text, settings->identity, settings->identity_len);
		return settings->identity_len;
	case TOPIC_GENERATION:
		return dp_generation_text(view, text);
	case TOPIC_NONE:
		break;
	}
	return 0;
}

size_t
dp_chaos_write(const uint8_t *text, size_t text_len, uint8_t *message, size_t len, size_t capacity)
{
	uint8_t *record = message + len;

	if (len > capacity || TXT_RECORD_BYTES + text_len > capacity - len) {
		return 0;
	}
	dp_store_be16(record, OWNER_IS_QUESTION);
	dp_store_be16(record + 2, DP_TYPE_TXT);
	dp_store_be16(record + 4, DP_CLASS_CHAOS);
	memset(record + 6, 0, 4); /* TTL 0: true now, of this server, and worth no cache */
	dp_store_be16(record + 10, (uint16_t)(text_len + 1));
	record[12] = (uint8_t)text_len;
	memcpy(record + TXT_RECORD_BYTES, text, text_len);
	return len + TXT_RECORD_BYTES + text_len;
}
