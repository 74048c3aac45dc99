#include "control/idn.h"

#include <errno.h>
#include <idn2.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <unistr.h>

#include "table/name.h"

static const char ace_prefix[] = "xn--";
#define ACE_PREFIX_LEN 4u

/* A label of 63 octets in "xn--" form holds at most 59 characters, of at most four bytes in UTF-8.
 * Longer ones are refused before Punycode, which is quadratic, is tried on them. */
#define LABEL_BYTES_MAX 252u
#define NAME_CHARS_MAX  253u /* without a final dot: RFC 1035's 255 octets on the wire */

/* What libidn2 finds, in the words of Python's idna; the others in libidn2's own. */
static const struct {
	int code;
	const char *words;
} reasons[] = {
	{ IDN2_TOO_BIG_LABEL, "Label too long" },
	{ IDN2_PUNYCODE_BIG_OUTPUT, "Label too long" },
	{ IDN2_NOT_NFC, "Label must be in Normalization Form C" },
	{ IDN2_2HYPHEN, "Label has disallowed hyphens in 3rd and 4th position" },
	{ IDN2_HYPHEN_STARTEND, "Label must not start or end with a hyphen" },
	{ IDN2_LEADING_COMBINING, "Label begins with an illegal combining character" },
};

/* One name on its way. */
struct encoder {
	struct conf_arena *arena;
	const char **ret_reason;
	size_t len;
	char to[NAME_CHARS_MAX + 2];
};

bool
is_cp_ascii(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text > 0x7f) {
			return false;
		}
	}
	return true;
}

static int
refuse(const struct encoder *encoder, const char *reason)
{
	*encoder->ret_reason = reason;
	return -EINVAL;
}

static int
refuse_code(const struct encoder *encoder, const char *label, int code)
{
	char *text = NULL;

	if (code == IDN2_MALLOC) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (reasons[i].code == code) {
			return refuse(encoder, reasons[i].words);
		}
	}
	text = conf_arena_printf(encoder->arena, "\"%s\": %s", label, idn2_strerror(code));
	return text != NULL ? refuse(encoder, text) : -ENOMEM;
}

/* is_mixing_numerals: RFC 5893 §2 rule 4, which libidn2 2.3 does not check: a label read from right
 * to left has European or Arabic numerals, never both. */
static bool
is_mixing_numerals(const char *label)
{
	const uint8_t *at = (const uint8_t *)label;
	bool has_european = false;
	bool has_arabic = false;
	ucs4_t c = 0;

	while ((at = u8_next(&c, at)) != NULL) {
		int category = uc_bidi_category(c);

		has_european = has_european || category == UC_BIDI_EN;
		has_arabic = has_arabic || category == UC_BIDI_AN;
	}
	return has_european && has_arabic;
}

/* A label in ASCII beside others that are not: Python's idna holds it to the same rules. */
static int
check_ascii(const struct encoder *encoder, const char *label)
{
	size_t len = strlen(label);
	size_t at = strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-");
	char *text = NULL;

	if (len >= 4 && label[2] == '-' && label[3] == '-') {
		return refuse_code(encoder, label, IDN2_2HYPHEN);
	}
	if (label[0] == '-' || label[len - 1] == '-') {
		return refuse_code(encoder, label, IDN2_HYPHEN_STARTEND);
	}
	if (label[at] == '\0') {
		return 0;
	}
	text = conf_arena_printf(encoder->arena,
			"Codepoint U+%04X at position %zu of '%s' not allowed",
			(unsigned int)label[at], at + 1, label);
	return text != NULL ? refuse(encoder, text) : -ENOMEM;
}

/* put_label encodes one label, which is NUL-terminated, lower-cased UTF-8. */
static int
put_label(struct encoder *encoder, const char *label)
{
	const uint8_t *text = (const uint8_t *)label;
	bool is_ascii = is_cp_ascii(label);
	bool is_encoded = strncmp(label, ace_prefix, ACE_PREFIX_LEN) == 0;
	uint8_t *encoded = NULL;
	size_t len = 0;
	int rc = 0;

	if (label[0] == '\0') {
		return refuse(encoder, "Empty Label");
	}
	if (strlen(label) > LABEL_BYTES_MAX) {
		return refuse_code(encoder, label, IDN2_TOO_BIG_LABEL);
	}
	if (is_ascii && !is_encoded) {
		rc = check_ascii(encoder, label);
		if (rc != 0) {
			return rc;
		}
	} else {
		rc = idn2_register_u8(is_ascii ? NULL : text, is_ascii ? text : NULL, &encoded, 0);
		if (rc == IDN2_OK && !is_ascii && is_mixing_numerals(label)) {
			rc = IDN2_BIDI;
		}
	}
	if (rc == IDN2_OK) {
		label = encoded != NULL ? (const char *)encoded : label;
		len = strlen(label);
		rc = len > TBL_LABEL_MAX ? IDN2_TOO_BIG_LABEL : IDN2_OK;
	}
	if (rc != IDN2_OK) {
		rc = refuse_code(encoder, (const char *)text, rc);
	} else if (len > NAME_CHARS_MAX - encoder->len) {
		rc = refuse(encoder, "Domain too long");
	} else {
		memcpy(encoder->to + encoder->len, label, len);
		encoder->len += len;
	}
	idn2_free(encoded);
	return rc;
}

/* dot_len: how many bytes of a dot stand here (RFC 3490 §3.1: the three of East Asian scripts count
 * too), 0 when none. */
static size_t
dot_len(const char *at)
{
	if (*at == '.') {
		return 1;
	}
	return strncmp(at, "\xe3\x80\x82", 3) == 0 || strncmp(at, "\xef\xbc\x8e", 3) == 0 ||
	                                       strncmp(at, "\xef\xbd\xa1", 3) == 0
	                       ? 3
	                       : 0;
}

/* put_labels encodes what is left of a name; its labels are cut apart in place. */
static int
put_labels(struct encoder *encoder, char *name)
{
	while (*name != '\0') {
		char *end = name;
		size_t dot = 0;
		int rc = 0;

		while (*end != '\0' && dot_len(end) == 0) {
			end++;
		}
		dot = dot_len(end);
		*end = '\0';
		rc = put_label(encoder, name);
		if (rc != 0) {
			return rc;
		}
		name = end + dot;
		if (dot > 0) {
			encoder->to[encoder->len++] = '.';
		}
		if (*name != '\0' && encoder->len > NAME_CHARS_MAX) {
			return refuse(encoder, "Domain too long");
		}
	}
	return 0;
}

static char *
lower_ascii(struct conf_arena *arena, const char *name)
{
	char *copy = conf_arena_copy(arena, name, strlen(name));

	for (char *at = copy; at != NULL && *at != '\0'; at++) {
		*at = (char)(*at >= 'A' && *at <= 'Z' ? *at + ('a' - 'A') : *at);
	}
	return copy;
}

/* lower_text: Python's str.lower(), which knows about final sigmas and letters that become two. */
static char *
lower_text(struct conf_arena *arena, const char *name)
{
	size_t len = 0;
	uint8_t *lower = u8_tolower((const uint8_t *)name, strlen(name), NULL, NULL, NULL, &len);
	char *copy = lower != NULL ? conf_arena_copy(arena, lower, len) : NULL;

	free(lower);
	return copy;
}

int
cp_idn_encode(struct conf_arena *arena, const char *name, char **ret_name, const char **ret_reason)
{
	struct encoder encoder = { .arena = arena, .ret_reason = ret_reason };
	char *lower = NULL;
	int rc = 0;

	if (is_cp_ascii(name)) {
		*ret_name = lower_ascii(arena, name);
		return *ret_name != NULL ? 0 : -ENOMEM;
	}
	/* Zone files are UTF-8 or no YAML; file names can be anything. */
	if (u8_check((const uint8_t *)name, strlen(name)) != NULL) {
		return refuse(&encoder, "not UTF-8");
	}
	lower = lower_text(arena, name);
	if (lower == NULL) {
		return -ENOMEM;
	}
	if (is_cp_ascii(lower)) {
		*ret_name = lower;
		return 0;
	}
	if (strncmp(lower, "*.", 2) == 0) {
		memcpy(encoder.to, lower, 2);
		encoder.len = 2;
		lower += 2;
	}
	rc = put_labels(&encoder, lower);
	if (rc == 0) {
		*ret_name = conf_arena_copy(arena, encoder.to, encoder.len);
		rc = *ret_name != NULL ? 0 : -ENOMEM;
	}
	return rc;
}

/* is_encoding_of: would the label come back the same? Cherokee in capitals, which IDNA 2008 allows and
 * lower-casing loses, would not. */
static bool
is_encoding_of(struct conf_arena *arena, const char *label, const char *unicode)
{
	const char *lower = lower_text(arena, unicode);
	uint8_t *again = NULL;
	bool is_same = lower != NULL && strcmp(lower, unicode) == 0 &&
	               idn2_register_u8((const uint8_t *)unicode, NULL, &again, 0) == IDN2_OK &&
	               strcmp((const char *)again, label) == 0;

	idn2_free(again);
	return is_same;
}

/* decode_label: NULL when the label has no other form that would lead back to it. */
static char *
decode_label(struct conf_arena *arena, const char *label)
{
	char *unicode = NULL;
	char *copy = NULL;

	if (strncmp(label, ace_prefix, ACE_PREFIX_LEN) == 0 && strlen(label) <= TBL_LABEL_MAX &&
			idn2_to_unicode_8z8z(label, &unicode, IDN2_NO_TR46) == IDN2_OK &&
			is_encoding_of(arena, label, unicode)) {
		copy = conf_arena_copy(arena, unicode, strlen(unicode));
	}
	idn2_free(unicode);
	return copy;
}

const char *
cp_idn_decode(struct conf_arena *arena, const char *name)
{
	const char *shown = "";

	if (strlen(name) > TBL_NAME_TEXT_MAX || strstr(name, ace_prefix) == NULL) {
		return name;
	}
	for (const char *at = name; shown != NULL && *at != '\0';) {
		size_t len = strcspn(at, ".");
		char *label = conf_arena_copy(arena, at, len);
		char *decoded = label != NULL ? decode_label(arena, label) : NULL;
		bool has_dot = at[len] == '.';

		shown = conf_arena_printf(arena, "%s%s%s", shown,
				decoded != NULL ? decoded
				: label != NULL ? label
						: "",
				has_dot ? "." : "");
		at += len + has_dot;
	}
	return shown != NULL ? shown : name;
}
