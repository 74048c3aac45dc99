/*
 * The YAML 1.1 resolver as PyYAML's SafeLoader has it. Zone files are typed by octoDNS with it, and
 * what "010", "1:30" or "no" mean must not differ between the two programs.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "conf/yaml.h"

/* A float longer than this has more digits than a double can tell apart. */
#define FLOAT_TEXT_MAX 512u

static const char digits_bin[] = "01_";
static const char digits_oct[] = "01234567_";
static const char digits_dec[] = "0123456789_";
static const char digits_hex[] = "0123456789abcdefABCDEF_";

static bool
is_any_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (text[0] == (*words)[0] && strcmp(text, *words) == 0) {
			return true;
		}
	}
	return false;
}

static const char *
skip_sign(const char *text)
{
	return *text == '-' || *text == '+' ? text + 1 : text;
}

/* skip_sixties passes ":SS" groups, (?::[0-5]?[0-9])+, and returns `text` itself when there is none. */
static const char *
skip_sixties(const char *text)
{
	while (text[0] == ':' && isdigit((unsigned char)text[1])) {
		if (text[1] <= '5' && isdigit((unsigned char)text[2])) {
			text += 3;
		} else {
			text += 2;
		}
	}
	return text;
}

/* The digits of an integer: base and where they begin; NULL when the text is no integer. Base 60
 * stands for "1:30". */
static const char *
find_integer(const char *text, int *ret_base)
{
	const char *digits = skip_sign(text);
	const char *end = NULL;

	if (digits[0] == '0' && (digits[1] == 'b' || digits[1] == 'x')) {
		const char *set = digits[1] == 'b' ? digits_bin : digits_hex;

		*ret_base = digits[1] == 'b' ? 2 : 16;
		digits += 2;
		return *digits != '\0' && digits[strspn(digits, set)] == '\0' ? digits : NULL;
	}
	if (digits[0] == '0') {
		*ret_base = 8;
		return digits[strspn(digits, digits_oct)] == '\0' ? digits : NULL;
	}
	if (!isdigit((unsigned char)digits[0])) {
		return NULL;
	}
	end = digits + strspn(digits, digits_dec);
	*ret_base = *end == '\0' ? 10 : 60;
	return *skip_sixties(end) == '\0' ? digits : NULL;
}

static int
digit_of(char c)
{
	if (isdigit((unsigned char)c)) {
		return c - '0';
	}
	return tolower((unsigned char)c) - 'a' + 10;
}

/* Sums digits into *total; false when it left int64_t. */
static bool
has_room_for(int64_t *total, int64_t factor, int64_t digit)
{
	return !__builtin_mul_overflow(*total, factor, total) &&
	       !__builtin_add_overflow(*total, digit, total);
}

static struct conf_value
integer_of(const char *digits, int base, bool is_negative)
{
	struct conf_value value = { .type = CONF_TYPE_INT };
	int64_t group = 0; /* a ":SS" group, or everything when there are none */
	int64_t total = 0;
	bool is_in_range = true;
	int radix = base == 60 ? 10 : base;

	for (; *digits != '\0' && is_in_range; digits++) {
		if (*digits == ':') {
			is_in_range = has_room_for(&total, 60, group);
			group = 0;
		} else if (*digits != '_') {
			int digit = digit_of(*digits);

			/* Summed with its sign, so that INT64_MIN itself is reached. */
			is_in_range = has_room_for(&group, radix, is_negative ? -digit : digit);
		}
	}
	if (is_in_range) {
		is_in_range = has_room_for(&total, 60, group);
	}
	value.is_big = !is_in_range;
	value.integer = is_in_range ? total : is_negative ? INT64_MIN : INT64_MAX;
	return value;
}

/* (?:[eE][-+][0-9]+)? : YAML 1.1 wants the exponent's sign. */
static bool
is_exponent_or_end(const char *text)
{
	if (*text == '\0') {
		return true;
	}
	if ((text[0] != 'e' && text[0] != 'E') || (text[1] != '-' && text[1] != '+')) {
		return false;
	}
	text += 2;
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static bool
is_float(const char *text)
{
	static const char *const infinities[] = { ".inf", ".Inf", ".INF", NULL };
	static const char *const not_numbers[] = { ".nan", ".NaN", ".NAN", NULL };
	const char *at = skip_sign(text);
	const char *end = NULL;

	if (is_any_of(at, infinities) || is_any_of(text, not_numbers)) {
		return true;
	}
	if (*text == '.') {
		return text[1] != '\0' && text[1] != '_' &&
		       is_exponent_or_end(text + 1 + strspn(text + 1, digits_dec)) &&
		       isdigit((unsigned char)text[1]);
	}
	if (!isdigit((unsigned char)*at)) {
		return false;
	}
	at += strspn(at, digits_dec);
	end = skip_sixties(at);
	if (*end != '.') {
		return false;
	}
	end += 1 + strspn(end + 1, digits_dec);
	return *at == ':' ? *end == '\0' : is_exponent_or_end(end);
}

static double
real_of(const char *text)
{
	char plain[FLOAT_TEXT_MAX];
	size_t len = 0;
	const char *at = skip_sign(text);
	double total = 0;
	double sign = *text == '-' ? -1 : 1;

	for (; *at != '\0' && len + 1 < sizeof(plain); at++) {
		if (*at == ':') {
			plain[len] = '\0';
			total = (total + strtod(plain, NULL)) * 60;
			len = 0;
		} else if (*at != '_') {
			plain[len++] = *at;
		}
	}
	plain[len] = '\0';
	/* ".inf" and ".nan" are YAML's spelling, "inf" and "nan" strtod's. */
	if (plain[0] == '.' && isalpha((unsigned char)plain[1])) {
		return sign * strtod(plain + 1, NULL);
	}
	return sign * (total + strtod(plain, NULL));
}

/* is_shaped: '9' stands for a digit, '?' for a digit or nothing, every other character for itself;
 * *ret_end is what lies behind. */
static bool
is_shaped(const char *text, const char *shape, const char **ret_end)
{
	for (; *shape != '\0'; shape++) {
		bool is_digit = isdigit((unsigned char)*text);

		if (*shape == '?') {
			text += is_digit;
		} else if (*shape == '9' ? is_digit : *text == *shape) {
			text++;
		} else {
			return false;
		}
	}
	*ret_end = text;
	return true;
}

static bool
is_zone_offset_or_end(const char *text)
{
	text += strspn(text, " \t");
	if (*text == '\0' || strcmp(text, "Z") == 0) {
		return true;
	}
	if (*text != '-' && *text != '+') {
		return false;
	}
	return (is_shaped(text + 1, "9?", &text) && *text == '\0') ||
	       (*text == ':' && is_shaped(text, ":99", &text) && *text == '\0') ||
	       (is_shaped(text, "99", &text) && *text == '\0');
}

static bool
is_date(const char *text)
{
	const char *at = NULL;

	if (is_shaped(text, "9999-99-99", &at) && *at == '\0') {
		return true;
	}
	if (!is_shaped(text, "9999-9?-9?", &at)) {
		return false;
	}
	if (*at == 'T' || *at == 't') {
		at++;
	} else if (*at == ' ' || *at == '\t') {
		at += strspn(at, " \t");
	} else {
		return false;
	}
	if (!is_shaped(at, "9?:99:99", &at)) {
		return false;
	}
	if (*at == '.') {
		at += 1 + strspn(at + 1, "0123456789");
	}
	return is_zone_offset_or_end(at);
}

bool
is_conf_int_surprising(const struct conf_node *node)
{
	const char *text = skip_sign(node->scalar.text);
	const char *digits = NULL;
	int base = 10;

	/* Most values begin otherwise, and most that do not end here. */
	if (!node->is_plain || !isdigit((unsigned char)text[0]) ||
			strlen(node->scalar.text) != node->scalar.len) {
		return false;
	}
	digits = find_integer(text, &base);
	return digits != NULL && base != 10 && !(base == 8 && digits[1] == '\0');
}

/* type_of_word: null and the booleans, most of the time asked for a text that is neither. */
static struct conf_value
type_of_word(const char *text)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const trues[] = { "yes", "Yes", "YES", "true", "True", "TRUE", "on",
		"On", "ON", NULL };
	static const char *const falses[] = { "no", "No", "NO", "false", "False", "FALSE", "off",
		"Off", "OFF", NULL };

	if (is_any_of(text, nulls)) {
		return (struct conf_value){ .type = CONF_TYPE_NULL };
	}
	if (is_any_of(text, trues) || is_any_of(text, falses)) {
		return (struct conf_value){ .type = CONF_TYPE_BOOL,
			.boolean = is_any_of(text, trues) };
	}
	return (struct conf_value){ .type = CONF_TYPE_STRING };
}

static struct conf_value
type_of_number(const char *text)
{
	int base = 10;
	const char *digits = find_integer(text, &base);

	if (digits != NULL) {
		return integer_of(digits, base, text[0] == '-');
	}
	if (is_float(text)) {
		return (struct conf_value){ .type = CONF_TYPE_FLOAT, .real = real_of(text) };
	}
	return (struct conf_value){ .type = is_date(text) ? CONF_TYPE_DATE : CONF_TYPE_STRING };
}

struct conf_value
conf_type_of(const struct conf_node *node)
{
	/* What each kind may begin with. The longest word is "false". */
	static const char words[] = "~nNtTfFyYoO";
	static const char numbers[] = "+-.0123456789";
	const char *text = node->scalar.text;
	size_t len = node->scalar.len;

	if (!node->is_plain || strlen(text) != len) {
		return (struct conf_value){ .type = CONF_TYPE_STRING };
	}
	if (len == 0 || (len <= 5 && strchr(words, text[0]) != NULL)) {
		return type_of_word(text);
	}
	if (strchr(numbers, text[0]) != NULL) {
		return type_of_number(text);
	}
	return (struct conf_value){ .type = CONF_TYPE_STRING };
}
