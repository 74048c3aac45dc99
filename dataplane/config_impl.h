/*
 * What the files behind dataplane/config.h share: how a mistake is told with its place, and the rows
 * and checks that are not in config.c. Nobody else includes this.
 *
 * Threads:   pure.
 * Memory:    dp_config_limits_done releases what dp_config_check_limits allocated.
 * Errors:    added to checker->errors; the caller looks at their number in the end.
 */
#ifndef DATAPLANE_CONFIG_IMPL_H
#define DATAPLANE_CONFIG_IMPL_H

#include "dataplane/config.h"

/* Checks of what rows cannot say. `document` is the file again, for the places of its keys. */
struct dp_config_checker {
	const char *file;
	const struct conf_document *document;
	struct conf_errors *errors;
};

/* dp_config_complain adds an error. Its text begins with the key it is about, "ports[0].listen: ...":
 * that is where it points. */
void dp_config_complain(const struct dp_config_checker *checker, const char *format, ...)
		__attribute__((format(printf, 2, 3)));

/* is_dp_config_number reads the decimal number text[0..end). false: no digits, above `max`, or other
 * characters. */
bool is_dp_config_number(
		const char *text, const char *end, unsigned long max, unsigned long *ret_number);

/* dp_config_check_vlans reads the port's `vlans` texts into its port->vlans. */
void dp_config_check_vlans(
		const struct dp_config_checker *checker, size_t i, struct dp_port_config *port);

/* config_limits.c: who is answered, and how much. */
extern const struct conf_row dp_config_ecs_rows[];
extern const struct conf_row dp_config_rate_limit_rows[];
/* dp_config_check_limits: 0 whatever it complains of, or -ENOMEM. */
int dp_config_check_limits(const struct dp_config_checker *checker, struct dp_config *config);
void dp_config_limits_done(struct dp_config *config);

#endif
