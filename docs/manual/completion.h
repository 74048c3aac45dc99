/*
 * Shell completions from the same rows: bash and zsh.
 *
 * Threads:   pure.
 * Memory:    nothing is kept.
 * Errors:    those of `out`, for the caller to look at.
 */
#ifndef DOCS_MANUAL_COMPLETION_H
#define DOCS_MANUAL_COMPLETION_H

#include <stdio.h>

#include "conf/program.h"
#include "control/ctl.h"

/* completion_bash_ctl, _zsh_ctl: meridianctl, command by command. */
void completion_bash_ctl(
		FILE *out, const struct ctl_command *commands, const struct conf_option *options);
void completion_zsh_ctl(
		FILE *out, const struct ctl_command *commands, const struct conf_option *options);
/* completion_bash, completion_zsh: a program without commands. */
void completion_bash(FILE *out, const struct conf_program *program);
void completion_zsh(FILE *out, const struct conf_program *program);

#endif
