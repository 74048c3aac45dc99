/*
 * Sends frames into an interface beneath the kernel's stack, the same ones over and over:
 *
 *   flood INTERFACE FRAMES COUNT SECONDS RATE
 *
 * FRAMES is a file of frames, each behind its length as two octets, most significant first. Ends after COUNT frames
 * or SECONDS, whichever comes first; RATE is frames a second, 0 for as many as the interface takes. Prints
 * {"sent": N, "refused": N, "seconds": S}: refused are those for which the interface had no room.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BATCH_MAX    32u
#define SECOND_NS    1000000000ULL
#define SNDBUF_BYTES (1 << 20)

struct flood {
	int sock;
	uint8_t *file; /* read only: sendmmsg wants it so */
	size_t file_size;
	size_t next_off;
	uint64_t sent;
	uint64_t refused;
};

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

/* The file's bytes, or NULL. */
static uint8_t *
map_frames(const char *path, size_t *ret_size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *bytes = MAP_FAILED;

	if (fd < 0) {
		return NULL;
	}
	if (fstat(fd, &st) == 0 && st.st_size > 2) {
		bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		*ret_size = (size_t)st.st_size;
	}
	close(fd);
	return bytes == MAP_FAILED ? NULL : bytes;
}

static int
open_link(struct flood *flood, const char *interface)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET };
	const int one = 1;
	const int size = SNDBUF_BYTES;

	address.sll_ifindex = (int)if_nametoindex(interface);
	/* Protocol 0: nothing is received here. */
	flood->sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (flood->sock < 0 || address.sll_ifindex == 0 ||
			bind(flood->sock, (struct sockaddr *)&address, sizeof(address)) != 0) {
		return -errno;
	}
	(void)setsockopt(flood->sock, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return setsockopt(flood->sock, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) == 0
	                       ? 0
	                       : -errno;
}

/* The next frame, the first again behind the last; its length 0 for a file that is cut. */
static struct iovec
next_frame(struct flood *flood)
{
	size_t left = flood->file_size - flood->next_off;
	uint8_t *at = flood->file + flood->next_off;
	size_t len;

	if (left < 2) {
		flood->next_off = 0;
		left = flood->file_size;
		at = flood->file;
	}
	len = (size_t)at[0] << 8 | at[1];
	if (len > left - 2) {
		return (struct iovec){ 0 };
	}
	flood->next_off += 2 + len;
	return (struct iovec){ at + 2, len };
}

/* Sends up to `cnt` frames. */
static int
send_some(struct flood *flood, uint64_t cnt)
{
	struct iovec parts[BATCH_MAX];
	struct mmsghdr messages[BATCH_MAX] = { 0 };
	uint32_t ready = 0;
	int sent;

	for (; ready < BATCH_MAX && ready < cnt; ready++) {
		parts[ready] = next_frame(flood);
		if (parts[ready].iov_len == 0) {
			return -EINVAL;
		}
		messages[ready].msg_hdr =
				(struct msghdr){ .msg_iov = &parts[ready], .msg_iovlen = 1 };
	}
	sent = sendmmsg(flood->sock, messages, ready, 0);
	if (sent < 0 && errno != ENOBUFS && errno != EAGAIN) {
		return -errno;
	}
	sent = sent > 0 ? sent : 0;
	flood->sent += (uint32_t)sent;
	if ((uint32_t)sent < ready) {
		flood->refused++; /* the one that ended the batch: lost, and another sent in its place */
	}
	return 0;
}

static void
sleep_until(uint64_t when_ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(when_ns / SECOND_NS),
		.tv_nsec = (long)(when_ns % SECOND_NS),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR) {
	}
}

static int
send_all(struct flood *flood, uint64_t cnt, uint64_t seconds, uint64_t rate, uint64_t began_ns)
{
	int rc = 0;
	uint64_t now;

	while (rc == 0 && flood->sent < cnt && (now = now_ns()) - began_ns < seconds * SECOND_NS) {
		uint64_t sent = flood->sent;
		uint64_t due = rate == 0 ? cnt : (now - began_ns) / 1000u * rate / 1000000u + 1;

		due = due < cnt ? due : cnt;
		if (due > sent) {
			rc = send_some(flood, due - sent);
		} else {
			sleep_until(began_ns + (sent + 1) * SECOND_NS / rate);
		}
	}
	return rc;
}

static int
run(struct flood *flood, char **argv)
{
	uint64_t began_ns = now_ns();
	int rc;

	flood->file = map_frames(argv[2], &flood->file_size);
	if (flood->file == NULL) {
		(void)fprintf(stderr, "flood: %s: no frames\n", argv[2]);
		return -EINVAL;
	}
	rc = open_link(flood, argv[1]);
	if (rc == 0) {
		rc = send_all(flood, strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10),
				strtoull(argv[5], NULL, 10), began_ns);
	}
	if (rc == 0) {
		printf("{\"sent\": %" PRIu64 ", \"refused\": %" PRIu64 ", \"seconds\": %.3f}\n",
				flood->sent, flood->refused, (double)(now_ns() - began_ns) / 1e9);
	}
	return rc;
}

int
main(int argc, char **argv)
{
	struct flood flood = { .sock = -1 };
	int rc;

	if (argc != 6) {
		(void)fprintf(stderr, "usage: flood INTERFACE FRAMES COUNT SECONDS RATE\n");
		return 2;
	}
	rc = run(&flood, argv);
	if (flood.sock >= 0) {
		close(flood.sock);
	}
	if (rc != 0) {
		(void)fprintf(stderr, "flood: %s: %s\n", argv[1], strerrordesc_np(-rc));
		return 2;
	}
	return 0;
}
