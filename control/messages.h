/*
 * Collected messages (conf_errors) as JSON and back, so that the daemon's messages reach a terminal
 * in the same form as those of a program that found them itself.
 *
 * Threads:   pure.
 * Memory:    cp_messages_json: a new reference; cp_messages_take fills a list the caller frees.
 * Errors:    messages that are not ours are skipped.
 */
#ifndef CONTROL_MESSAGES_H
#define CONTROL_MESSAGES_H

#include <jansson.h>

#include "conf/yaml.h"

/* cp_messages_json: [{file, line, col, level, text}], with lint where one found it. */
json_t *cp_messages_json(const struct conf_errors *errors);
void cp_messages_take(const json_t *messages, struct conf_errors *errors);

#endif
