/*
 * meridiand's command line as data (conf/program.h).
 *
 * Threads:   constant.
 * Memory:    constant.
 * Errors:    none.
 */
#ifndef DATAPLANE_COMMAND_LINE_H
#define DATAPLANE_COMMAND_LINE_H

#include "conf/program.h"

enum dp_exit {
	DP_EXIT_FINE = 0,
	DP_EXIT_INPUT = 1, /* configuration, table or machine: the message says which */
	DP_EXIT_USAGE = 2,
	DP_EXIT_HUNG = 3, /* nothing wrong with the input: a new process can serve */
};

extern const struct conf_program dp_program;

#endif
