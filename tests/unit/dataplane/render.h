/*
 * A reply as one line of text, read by the strict parser of tests/fuzz/dataplane/reparse.h, so that
 * a test row says what it expects and shows what came instead:
 *   NOERROR aa rd; an www.example.test. 300 A 192.0.2.80; opt 1232 do ecs 1/24/5
 * "an", "ns", "ar" are the sections; "no question" is said, a question is not.
 */
#ifndef TESTS_UNIT_DATAPLANE_RENDER_H
#define TESTS_UNIT_DATAPLANE_RENDER_H

#include <stddef.h>
#include <stdint.h>

#define RENDER_MAX 4096u

/* render_reply writes the line, or "MALFORMED: why". */
void render_reply(const uint8_t *reply, size_t len, char text[RENDER_MAX]);

#endif
