/* What tests of TCP need over loopback. Errors fail the running test. */
#ifndef TESTS_UNIT_DATAPLANE_LOOPBACK_H
#define TESTS_UNIT_DATAPLANE_LOOPBACK_H

#include <stddef.h>
#include <stdint.h>

/* loopback_find_port: a TCP port of 127.0.0.1 that was free a moment ago. */
uint16_t loopback_find_port(void);

/* loopback_make_query writes the question for CHAOS TXT generation.meridian., with its length before it;
 * returns the length of all. */
size_t loopback_make_query(uint16_t id, uint8_t bytes[64]);

#endif
