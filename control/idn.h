/*
 * Names in other than ASCII letters, as octoDNS encodes them: lower-cased, then each label to its
 * "xn--" form under IDNA 2008, strictly, without the mappings of UTS 46.
 *
 * Threads:   pure.
 * Memory:    results live in the caller's arena.
 * Errors:    -EINVAL with a reason in words (those of Python's idna package where it has some),
 *            -ENOMEM.
 * Standards: RFC 5890 to 5893 (IDNA 2008, registration), RFC 3492 (Punycode).
 */
#ifndef CONTROL_IDN_H
#define CONTROL_IDN_H

#include <stdbool.h>

#include "conf/arena.h"

/* cp_idn_encode: the ASCII form of a name with or without a final dot. A name in ASCII comes back
 * lower-cased and not looked at further; "*" may be the first label. */
int
cp_idn_encode(struct conf_arena *arena, const char *name, char **ret_name, const char **ret_reason);

/* cp_idn_decode: the form that people read, for messages; `name` itself where it has no other, is
 * no IDN, or memory is out. */
const char *cp_idn_decode(struct conf_arena *arena, const char *name);

bool is_cp_ascii(const char *text);

#endif
