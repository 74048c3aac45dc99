#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "table/ipc.h"

#include "control/ctl.h"

enum ctl_status
ctl_fail(enum ctl_status status, const char *format, ...)
{
	va_list args;

	(void)fputs("meridianctl: ", stderr);
	va_start(args, format);
	/* It is: the line above. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	return status;
}

void
ctl_print_errors(const struct conf_errors *errors)
{
	conf_errors_print(errors, stderr, isatty(STDERR_FILENO) == 1);
}

void
ctl_print_json(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	(void)fputc('\n', stdout);
}

/* A mapping starts on a page, which is the alignment an image needs. */
enum ctl_status
ctl_table_open(const char *path, struct ctl_table *table)
{
	struct tbl_error error;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would wait */
	int err;

	memset(table, 0, sizeof(*table));
	if (fd < 0) {
		return ctl_fail(CTL_INPUT, "%s: %s", path, strerrordesc_np(errno));
	}
	err = tbl_image_map(fd, false, &table->image, &table->image_bytes);
	close(fd);
	if (err != 0) {
		return ctl_fail(CTL_INPUT, "%s: %s", path,
				err == -EBADMSG ? "not a table: it is empty or larger than any "
						  "table may be"
						: strerrordesc_np(-err));
	}
	if (tbl_check(table->image, table->image_bytes, &error) != 0) {
		ctl_table_close(table);
		return ctl_fail(CTL_INPUT, "%s: not a table this program can read: %s", path,
				error.text);
	}
	tbl_view_init(&table->view, table->image, NULL);
	return CTL_FINE;
}

void
ctl_table_close(struct ctl_table *table)
{
	if (table->image != NULL) {
		/* Mapped to be read; munmap does not care. NOLINTNEXTLINE(performance-no-int-to-ptr) */
		munmap((void *)(uintptr_t)table->image, table->image_bytes);
		table->image = NULL;
	}
}

enum ctl_status
ctl_geo_load(const struct ctl_options *options, struct conf_errors *errors, struct cp_geo **ret_geo)
{
	*ret_geo = NULL;
	if (options->geo_cnt == 0) {
		return CTL_FINE;
	}
	if (cp_geo_load(options->geo, options->geo_cnt, errors, ret_geo) != 0) {
		*ret_geo = NULL;
		return CTL_INPUT;
	}
	return CTL_FINE;
}
