/*
 * Prints a segment of counters (table/stats.h) as JSON, worker by worker, without a place at the publisher's socket:
 *
 *   show_counters FILE      FILE is the memfd itself: /proc/PID/fd/N, or /dev/fd/N of one held open
 *
 * A descriptor held open outlives the process that wrote it: what it counted can be read after its end.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table/stats.h"

/* Relaxed: its writer may be at work; counters of one burst may be seen a moment apart. */
static uint64_t
load(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void
print_worker(const struct tbl_stats_worker *worker)
{
	printf("{\"received\": %" PRIu64 ", \"rx_bytes\": %" PRIu64 ", \"tx_bytes\": %" PRIu64
	       ", \"bursts\": %" PRIu64 ", \"generation\": %" PRIu64 ", \"sequence\": %" PRIu64
	       ", \"verdicts\": {",
			load(&worker->received), load(&worker->rx_bytes), load(&worker->tx_bytes),
			load(&worker->bursts), load(&worker->generation), load(&worker->sequence));
	for (unsigned int v = 0; v < TBL_VERDICT_CNT; v++) {
		printf("%s\"%s\": %" PRIu64, v > 0 ? ", " : "", tbl_verdict_name(v),
				load(&worker->verdicts[v]));
	}
	printf("}}");
}

static void
print_segment(const struct tbl_stats_segment *segment)
{
	printf("{\"ports\": {\"missed\": %" PRIu64 ", \"errors\": %" PRIu64
	       ", \"no_buffer\": %" PRIu64 ", \"tx_errors\": %" PRIu64 ", \"buffers\": %" PRIu64
	       "}, \"workers\": [",
			load(&segment->port_missed), load(&segment->port_errors),
			load(&segment->port_no_buffer), load(&segment->port_tx_errors),
			load(&segment->port_buffers));
	for (uint32_t w = 0; w < segment->worker_cnt; w++) {
		printf("%s", w > 0 ? ", " : "");
		print_worker(&segment->workers[w]);
	}
	printf("]}\n");
}

static int
show(const char *path)
{
	const struct tbl_stats_segment *segment;
	void *map;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0) {
		return -errno;
	}
	if (fstat(fd, &st) != 0 || st.st_size != (off_t)sizeof(*segment)) {
		close(fd);
		return -EBADMSG;
	}
	map = mmap(NULL, sizeof(*segment), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED) {
		return -errno;
	}
	segment = map;
	if (segment->magic == TBL_STATS_MAGIC && segment->version == TBL_STATS_VERSION &&
			segment->worker_cnt <= TBL_WORKERS_MAX + 1) {
		print_segment(segment);
	} else {
		rc = -EBADMSG;
	}
	munmap(map, sizeof(*segment));
	return rc;
}

int
main(int argc, char **argv)
{
	int rc;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: show_counters FILE\n");
		return 2;
	}
	rc = show(argv[1]);
	if (rc != 0) {
		(void)fprintf(stderr, "show_counters: %s: %s\n", argv[1], strerrordesc_np(-rc));
		return 2;
	}
	return 0;
}
