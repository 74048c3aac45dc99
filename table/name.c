#include "table/name.h"

#include <errno.h>
#include <string.h>

#define WORD_BYTES 8u

/* gcc and clang both have it on every 64-bit host; ISO C does not. */
__extension__ typedef unsigned __int128 uint128;

/* Two constants that only keep an all-zero seed from being a fixed point; digits of pi. */
#define SALT_A 0x243f6a8885a308d3ULL
#define SALT_B 0x13198a2e03707344ULL

static uint64_t
load_word(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* Adds 32 to every octet of 'A'..'Z' in eight at once. Octets above 0x7f are masked out: their low
 * seven bits may look like a letter. */
static uint64_t
lower_word(uint64_t word)
{
	const uint64_t ones = 0x0101010101010101ULL;
	uint64_t low7 = word & (0x7f * ones);
	uint64_t above_z = low7 + (0x7f - 'Z') * ones;
	uint64_t from_a = low7 + (0x80 - 'A') * ones;
	uint64_t is_upper = from_a & ~above_z & ~word & (0x80 * ones);

	return word + (is_upper >> 2);
}

/* Length octets are below 'A', so a whole wire name can be lower-cased without telling them from
 * the labels. */
static void
lower_bytes(const uint8_t *bytes, size_t len, uint8_t *lower)
{
	size_t i = 0;

	for (; i + WORD_BYTES <= len; i += WORD_BYTES) {
		uint64_t word = lower_word(load_word(bytes + i));

		memcpy(lower + i, &word, sizeof(word));
	}
	for (; i < len; i++) {
		lower[i] = (uint8_t)lower_word(bytes[i]);
	}
}

int
tbl_name_parse(const uint8_t *bytes, size_t size, struct tbl_name *ret_name)
{
	size_t limit = size < TBL_NAME_MAX ? size : TBL_NAME_MAX;
	size_t at = 0;
	uint8_t cnt = 0;

	/* Invariant: at <= limit. Labels are at least two octets, so 255 octets hold at most 127. */
	while (at < limit && bytes[at] != 0) {
		size_t label_bytes = 1u + bytes[at];

		if (bytes[at] > TBL_LABEL_MAX || label_bytes > limit - at) {
			return -EINVAL;
		}
		ret_name->off[cnt++] = (uint8_t)at;
		at += label_bytes;
	}
	if (at >= limit) {
		return -EINVAL;
	}
	ret_name->off[cnt] = (uint8_t)at;
	ret_name->label_cnt = cnt;
	ret_name->len = (uint8_t)(at + 1);
	lower_bytes(bytes, at + 1, ret_name->wire);
	return (int)(at + 1);
}

/*
 * One round: both factors depend on the secret seed, and all 128 bits of the product come back, so
 * that nobody without the seed can predict how a chosen difference between two words spreads.
 */
static uint64_t
fold(uint64_t state, uint64_t word, const uint64_t key[2])
{
	uint128 product = (uint128)(state ^ key[0]) * (word ^ key[1]);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/*
 * One to eight octets of the name from `at` on as a word, zero behind them. Always loads eight
 * octets from inside wire[]; near its end the load begins earlier and is shifted.
 */
static uint64_t
load_octets(const struct tbl_name *name, size_t at, size_t cnt)
{
	const size_t last = TBL_NAME_MAX - WORD_BYTES;
	size_t from = at < last ? at : last;
	uint64_t word = load_word(name->wire + from) >> 8 * (at - from);

	return cnt < WORD_BYTES ? word & ((1ULL << 8 * cnt) - 1) : word;
}

void
tbl_name_hash(struct tbl_name *name, const uint64_t seed[2])
{
	const uint64_t key[2] = { seed[0] ^ SALT_A, seed[1] ^ SALT_B };
	uint64_t state = fold(0, 0, key);

	name->hash[name->label_cnt] = state;
	for (size_t label = name->label_cnt; label-- > 0;) {
		size_t at = name->off[label];
		size_t end = name->off[label + 1];

		/* The length octet is hashed with its label: "ab.c" and "a.bc" part at the first
		 * word, and the zeros that fill the last word are no octets of another label. */
		for (; end - at > WORD_BYTES; at += WORD_BYTES) {
			state = fold(state, load_octets(name, at, WORD_BYTES), key);
		}
		state = fold(state, load_octets(name, at, end - at), key);
		name->hash[label] = state;
	}
}

/* Reads what follows a backslash at *text; advances it behind. */
static int
read_escape(const char **text)
{
	const char *at = *text;
	int value = 0;

	if (*at == '\0') {
		return -EINVAL;
	}
	if (*at < '0' || *at > '9') {
		*text = at + 1;
		return (uint8_t)*at;
	}
	for (int i = 0; i < 3; i++) {
		if (at[i] < '0' || at[i] > '9') {
			return -EINVAL;
		}
		value = value * 10 + (at[i] - '0');
	}
	*text = at + 3;
	return value <= 255 ? value : -EINVAL;
}

/* Reads one label of text up to its dot or the end into wire[0..room), length octet first. Returns
 * its wire length. */
static int
read_label(const char **text, uint8_t *wire, size_t room)
{
	size_t len = 0;

	while (**text != '\0' && **text != '.') {
		int octet = *(const uint8_t *)*text;

		(*text)++;
		if (octet == '\\') {
			octet = read_escape(text);
		}
		if (octet < 0 || len >= TBL_LABEL_MAX || len + 1 >= room) {
			return -EINVAL;
		}
		wire[++len] = (uint8_t)octet;
	}
	if (len == 0) {
		return -EINVAL;
	}
	wire[0] = (uint8_t)len;
	return (int)(len + 1);
}

int
tbl_name_from_text(const char *text, uint8_t wire[TBL_NAME_MAX])
{
	size_t at = 0;

	if (strcmp(text, ".") == 0) {
		wire[0] = 0;
		return 1;
	}
	do {
		/* One octet stays free for the root label. */
		int len = read_label(&text, wire + at, TBL_NAME_MAX - 1 - at);

		if (len < 0) {
			return -EINVAL;
		}
		at += (size_t)len;
		if (*text == '.') {
			text++;
		}
	} while (*text != '\0');
	wire[at] = 0;
	return (int)(at + 1);
}

static size_t
write_octet(uint8_t octet, char *text)
{
	/* What RFC 1035 §5.1 gives a meaning in master files; the rest of printable ASCII has none. */
	if (octet != 0 && strchr(".\\\"();@$", octet) != NULL) {
		text[0] = '\\';
		text[1] = (char)octet;
		return 2;
	}
	if (octet > 0x20 && octet < 0x7f) {
		text[0] = (char)octet;
		return 1;
	}
	text[0] = '\\';
	text[1] = (char)('0' + octet / 100);
	text[2] = (char)('0' + octet / 10 % 10);
	text[3] = (char)('0' + octet % 10);
	return 4;
}

size_t
tbl_name_to_text(const uint8_t *wire, char text[TBL_NAME_TEXT_MAX])
{
	size_t len = 0;

	if (*wire == 0) {
		text[len++] = '.';
	}
	for (; *wire != 0; wire += 1u + *wire) {
		for (size_t i = 1; i <= *wire; i++) {
			len += write_octet(wire[i], text + len);
		}
		text[len++] = '.';
	}
	text[len] = '\0';
	return len;
}

static size_t
wire_len(const uint8_t *wire)
{
	size_t at = 0;

	while (wire[at] != 0) {
		at += 1u + wire[at];
	}
	return at + 1;
}

uint8_t
tbl_name_lower(const uint8_t *wire, uint8_t lower[TBL_NAME_MAX])
{
	size_t len = wire_len(wire);

	lower_bytes(wire, len, lower);
	return (uint8_t)len;
}

bool
is_tbl_name_within(const uint8_t *name, const uint8_t *ancestor)
{
	size_t ancestor_len = wire_len(ancestor);
	size_t len = wire_len(name);

	while (len > ancestor_len) {
		len -= 1u + *name;
		name += 1u + *name;
	}
	return len == ancestor_len && memcmp(name, ancestor, len) == 0;
}

/* Where each label begins, the leftmost first; returns how many there are. */
static size_t
find_labels(const uint8_t *wire, uint8_t at[TBL_LABELS_MAX])
{
	size_t cnt = 0;
	size_t off = 0;

	while (wire[off] != 0) {
		at[cnt++] = (uint8_t)off;
		off += 1u + wire[off];
	}
	return cnt;
}

/* Octets compare unsigned, an absent octet before a zero one. */
static int
compare_labels(const uint8_t *a, const uint8_t *b)
{
	int order = memcmp(a + 1, b + 1, *a < *b ? *a : *b);

	return order != 0 ? order : (int)*a - (int)*b;
}

int
tbl_name_compare(const uint8_t *a, const uint8_t *b)
{
	uint8_t a_at[TBL_LABELS_MAX];
	uint8_t b_at[TBL_LABELS_MAX];
	size_t a_cnt = find_labels(a, a_at);
	size_t b_cnt = find_labels(b, b_at);

	while (a_cnt > 0 && b_cnt > 0) {
		int order = compare_labels(a + a_at[--a_cnt], b + b_at[--b_cnt]);

		if (order != 0) {
			return order;
		}
	}
	return (a_cnt > 0) - (b_cnt > 0);
}
