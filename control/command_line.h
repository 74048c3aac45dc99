/*
 * meridian-control's command line as data (conf/program.h).
 *
 * Threads:   constant.
 * Memory:    constant.
 * Errors:    none.
 */
#ifndef CONTROL_COMMAND_LINE_H
#define CONTROL_COMMAND_LINE_H

#include "conf/program.h"

enum cp_exit {
	CP_EXIT_FINE = 0,
	CP_EXIT_INPUT = 1,
	CP_EXIT_USAGE = 2,
};

extern const struct conf_program cp_program;

#endif
