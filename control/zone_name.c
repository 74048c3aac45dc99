#include "control/zone_name.h"

#include <errno.h>
#include <string.h>

#include "control/idn.h"

/* shape_reason: octoDNS's objections, then ours: an escape would make a zone of another name than
 * the file shows. NULL when there is none. */
static const char *
shape_reason(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || text[len - 1] != '.') {
		return "missing ending dot";
	}
	if (strstr(text, "..") != NULL) {
		return "double dot not allowed";
	}
	if (strpbrk(text, " \t") != NULL) {
		return "whitespace not allowed";
	}
	return strchr(text, '\\') != NULL ? "backslash not allowed" : NULL;
}

int
cp_zone_name(struct conf_arena *arena, const char *text, char **ret_name,
		uint8_t ret_wire[TBL_NAME_MAX], const char **ret_reason)
{
	const char *reason = shape_reason(text);
	uint8_t wire[TBL_NAME_MAX];
	char *name = NULL;
	int rc = reason == NULL ? cp_idn_encode(arena, text, &name, &reason) : -EINVAL;

	if (rc == 0 && tbl_name_from_text(name, wire) < 0) {
		reason = "not a domain name";
		rc = -EINVAL;
	}
	if (rc == 0) {
		(void)tbl_name_lower(wire, ret_wire);
		*ret_name = name;
	} else if (rc == -EINVAL) {
		*ret_reason = reason;
	}
	return rc;
}
