/*
 * What a zone may be called, in a file's name or in the configuration.
 *
 * Threads:   pure.
 * Memory:    results live in the caller's arena.
 * Errors:    -EINVAL with a reason in words (octoDNS's where it has some), -ENOMEM.
 * Standards: RFC 1035 §2.3.4; IDNA 2008 as control/idn.h has it.
 */
#ifndef CONTROL_ZONE_NAME_H
#define CONTROL_ZONE_NAME_H

#include <stdint.h>

#include "table/name.h"

#include "conf/arena.h"

/* cp_zone_name: "Example.test." as "example.test." and as wire bytes; an IDN in its ASCII form. */
int cp_zone_name(struct conf_arena *arena, const char *text, char **ret_name,
		uint8_t ret_wire[TBL_NAME_MAX], const char **ret_reason);

#endif
