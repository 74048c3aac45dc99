#include "control/scalar.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
is_cp_null(const struct conf_node *node)
{
	return node == NULL ||
	       (node->kind == CONF_SCALAR && conf_type_of(node).type == CONF_TYPE_NULL);
}

bool
is_cp_text(const struct conf_node *node)
{
	return node != NULL && node->kind == CONF_SCALAR &&
	       conf_type_of(node).type == CONF_TYPE_STRING;
}

bool
is_cp_true(const struct conf_node *node)
{
	struct conf_value value = { 0 };

	if (node == NULL) {
		return false;
	}
	if (node->kind != CONF_SCALAR) {
		return (node->kind == CONF_SEQUENCE ? node->sequence.cnt : node->mapping.cnt) > 0;
	}
	value = conf_type_of(node);
	switch (value.type) {
	case CONF_TYPE_NULL:
		return false;
	case CONF_TYPE_BOOL:
		return value.boolean;
	case CONF_TYPE_INT:
		return value.integer != 0;
	case CONF_TYPE_FLOAT:
		return value.real < 0 || value.real > 0;
	default:
		return node->scalar.len > 0;
	}
}

/* The shortest digits that read back as the same number, always with a point or an exponent. */
static char *
real_text(struct conf_arena *arena, double real)
{
	char text[40];

	if (isnan(real) || isinf(real)) {
		return conf_arena_printf(arena, "%s",
				isnan(real) ? "nan"
				: real < 0  ? "-inf"
					    : "inf");
	}
	for (int digits = 1; digits <= 17; digits++) { /* 17 always suffice for a double */
		double back = 0;

		(void)snprintf(text, sizeof(text), "%.*g", digits, real);
		back = strtod(text, NULL);
		if (!(back < real) && !(back > real)) {
			break;
		}
	}
	/* Python changes to an exponent at 1e16, "%g" where the digits end. */
	if (strchr(text, 'e') != NULL && fabs(real) >= 1 && fabs(real) < 1e16) {
		(void)snprintf(text, sizeof(text), "%.0f", real);
	}
	return conf_arena_printf(arena, "%s%s", text, strpbrk(text, ".e") != NULL ? "" : ".0");
}

char *
cp_scalar_text(struct conf_arena *arena, const struct conf_node *node)
{
	struct conf_value value = { 0 };

	if (node == NULL) {
		return conf_arena_printf(arena, "None");
	}
	if (node->kind == CONF_SEQUENCE) {
		return conf_arena_printf(arena, node->sequence.cnt > 0 ? "[...]" : "[]");
	}
	if (node->kind == CONF_MAPPING) {
		return conf_arena_printf(arena, node->mapping.cnt > 0 ? "{...}" : "{}");
	}
	value = conf_type_of(node);
	switch (value.type) {
	case CONF_TYPE_NULL:
		return conf_arena_printf(arena, "None");
	case CONF_TYPE_BOOL:
		return conf_arena_printf(arena, value.boolean ? "True" : "False");
	case CONF_TYPE_INT:
		if (!value.is_big) {
			return conf_arena_printf(arena, "%" PRId64, value.integer);
		}
		break;
	case CONF_TYPE_FLOAT:
		return real_text(arena, value.real);
	default:
		break;
	}
	return conf_arena_copy(arena, node->scalar.text, node->scalar.len);
}

/* int("..."): blanks around, a sign, digits with single underscores between them. */
static int
text_int(const char *text, int64_t *ret_value)
{
	bool is_negative = false;
	int64_t total = 0;
	const char *digits = NULL;

	text += strspn(text, " \t\r\n\f\v");
	is_negative = *text == '-';
	text += *text == '-' || *text == '+';
	digits = text;
	for (; isdigit((unsigned char)*text) ||
			(*text == '_' && text > digits && isdigit((unsigned char)text[1]));
			text++) {
		int digit = *text - '0';

		if (*text == '_') {
			continue;
		}
		if (__builtin_mul_overflow(total, 10, &total) ||
				__builtin_add_overflow(
						total, is_negative ? -digit : digit, &total)) {
			return -EINVAL;
		}
	}
	if (text == digits || text[strspn(text, " \t\r\n\f\v")] != '\0') {
		return -EINVAL;
	}
	*ret_value = total;
	return 0;
}

int
cp_scalar_int(const struct conf_node *node, int64_t *ret_value)
{
	struct conf_value value = { 0 };

	if (node == NULL || node->kind != CONF_SCALAR) {
		return -EINVAL;
	}
	value = conf_type_of(node);
	switch (value.type) {
	case CONF_TYPE_INT:
		*ret_value = value.integer;
		return value.is_big ? -EINVAL : 0;
	case CONF_TYPE_BOOL:
		*ret_value = value.boolean;
		return 0;
	case CONF_TYPE_FLOAT:
		/* 2^62 rather than 2^63: the cast is defined and nothing real is larger. */
		if (!(fabs(value.real) < 4611686018427387904.0)) {
			return -EINVAL;
		}
		*ret_value = (int64_t)value.real;
		return 0;
	case CONF_TYPE_STRING:
		return text_int(node->scalar.text, ret_value);
	default:
		return -EINVAL;
	}
}

int
cp_scalar_real(const struct conf_node *node, double *ret_value)
{
	struct conf_value value = { 0 };
	char *end = NULL;
	double real = 0;

	if (node == NULL || node->kind != CONF_SCALAR) {
		return -EINVAL;
	}
	value = conf_type_of(node);
	if (value.type == CONF_TYPE_INT) {
		*ret_value = (double)value.integer;
		return 0;
	}
	if (value.type == CONF_TYPE_FLOAT) {
		*ret_value = value.real;
		return 0;
	}
	if (value.type != CONF_TYPE_STRING || !isdigit((unsigned char)node->scalar.text[0])) {
		return -EINVAL;
	}
	real = strtod(node->scalar.text, &end);
	if (*end != '\0') {
		return -EINVAL;
	}
	*ret_value = real;
	return 0;
}
