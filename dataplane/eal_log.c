#include "dataplane/eal_log.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <rte_log.h>

/* A line of DPDK's with its prefix; longer ones are cut. */
#define LINES_BYTES 160u

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards both */
static char lines[LINES_BYTES];
static size_t lines_len;

static ssize_t
keep(void *cookie, const char *bytes, size_t size)
{
	(void)cookie;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < size && lines_len < sizeof(lines) - 1; i++) {
		/* Several messages become one line: DPDK explains the first failure with more. */
		if (bytes[i] != '\n') {
			lines[lines_len++] = bytes[i];
		} else if (lines_len + 2 < sizeof(lines)) {
			lines[lines_len++] = ';';
			lines[lines_len++] = ' ';
		}
	}
	lines[lines_len] = '\0';
	pthread_mutex_unlock(&lock);
	return (ssize_t)size;
}

void
dp_eal_log_capture(void)
{
	FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = keep });

	if (stream != NULL) {
		(void)setvbuf(stream, NULL, _IONBF, 0);
		rte_openlog_stream(stream); /* for the life of the process */
	}
}

void
dp_eal_log_reset(void)
{
	pthread_mutex_lock(&lock);
	lines_len = 0;
	lines[0] = '\0';
	pthread_mutex_unlock(&lock);
}

const char *
dp_eal_log_last(void)
{
	/* "; " behind the last message */
	pthread_mutex_lock(&lock);
	if (lines_len >= 2 && lines[lines_len - 2] == ';') {
		lines_len -= 2;
		lines[lines_len] = '\0';
	}
	pthread_mutex_unlock(&lock);
	return lines;
}
