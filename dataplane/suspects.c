#include "dataplane/suspects.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "serving"
#define TEMP_NAME FILE_NAME ".tmp"
/* One line for what is served and one for each content blamed, 40 bytes at most. */
#define BLAMED_MAX 8u /* the oldest is overwritten: publishing on is what leaves them behind */
#define TEXT_MAX   (40u * (BLAMED_MAX + 1))

struct blamed {
	uint64_t content_hash; /* 0: free */
	unsigned int crash_cnt;
};

struct dp_suspects {
	char *dir;
	int dir_fd;
	uint64_t serving; /* 0: none */
	struct blamed blamed[BLAMED_MAX];
	unsigned int next;
};

static int
fail(const struct dp_suspects *suspects, const char *what, int err, struct tbl_error *error)
{
	(void)snprintf(error->text, sizeof(error->text), "%.120s/" FILE_NAME ": %s: %s",
			suspects->dir, what, strerrordesc_np(-err));
	return err;
}

static int
write_file(const struct dp_suspects *suspects, struct tbl_error *error)
{
	char text[TEXT_MAX];
	int len = snprintf(text, sizeof(text), "serving %" PRIu64 "\n", suspects->serving);
	int file = openat(suspects->dir_fd, TEMP_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			0640);
	ssize_t done;
	int err = 0;

	if (file < 0) {
		return fail(suspects, "cannot be written", -errno, error);
	}
	for (size_t i = 0; i < BLAMED_MAX; i++) {
		if (suspects->blamed[i].content_hash != 0) {
			len += snprintf(text + len, sizeof(text) - (size_t)len,
					"crashed %" PRIu64 " %u\n",
					suspects->blamed[i].content_hash,
					suspects->blamed[i].crash_cnt);
		}
	}
	done = write(file, text, (size_t)len);
	if (done != len) {
		err = done < 0 ? -errno : -ENOSPC;
	}
	if (close(file) != 0 && err == 0) {
		err = -errno;
	}
	if (err == 0 && renameat(suspects->dir_fd, TEMP_NAME, suspects->dir_fd, FILE_NAME) != 0) {
		err = -errno;
	}
	return err == 0 ? 0 : fail(suspects, "cannot be written", err, error);
}

static struct blamed *
find_blamed(struct dp_suspects *suspects, uint64_t content_hash)
{
	for (size_t i = 0; i < BLAMED_MAX; i++) {
		if (suspects->blamed[i].content_hash == content_hash) {
			return &suspects->blamed[i];
		}
	}
	return NULL;
}

static struct blamed *
add_blamed(struct dp_suspects *suspects, uint64_t content_hash)
{
	struct blamed *blamed = &suspects->blamed[suspects->next++ % BLAMED_MAX];

	*blamed = (struct blamed){ content_hash, 0 };
	return blamed;
}

static void
blame(struct dp_suspects *suspects, uint64_t content_hash)
{
	struct blamed *blamed = find_blamed(suspects, content_hash);

	if (blamed == NULL) {
		blamed = add_blamed(suspects, content_hash);
	}
	blamed->crash_cnt++;
}

static void
parse_line(struct dp_suspects *suspects, const char *line)
{
	uint64_t content_hash;
	unsigned int cnt;

	/* Numbers out of range come out as some number: at worst no table has it. */
	if (sscanf(line, "serving %" SCNu64, &content_hash) == 1) { /* NOLINT(cert-err34-c) */
		suspects->serving = content_hash;
	} else if (sscanf(line, "crashed %" SCNu64 " %u", /* NOLINT(cert-err34-c) */
				   &content_hash, &cnt) == 2 &&
			content_hash != 0) {
		add_blamed(suspects, content_hash)->crash_cnt = cnt;
	}
}

static void
read_file(struct dp_suspects *suspects)
{
	char text[TEXT_MAX];
	int file = openat(suspects->dir_fd, FILE_NAME, O_RDONLY | O_CLOEXEC);
	ssize_t len = file >= 0 ? read(file, text, sizeof(text) - 1) : 0;
	char *rest = NULL;

	if (file >= 0) {
		close(file);
	}
	text[len > 0 ? len : 0] = '\0';
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
			line = strtok_r(NULL, "\n", &rest)) {
		parse_line(suspects, line);
	}
}

int
dp_suspects_open(const char *dir, struct dp_suspects **ret_suspects, struct tbl_error *ret_error)
{
	struct dp_suspects *suspects = calloc(1, sizeof(*suspects));
	int err;

	if (suspects == NULL || (suspects->dir = strdup(dir)) == NULL) {
		free(suspects);
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "out of memory");
		return -ENOMEM;
	}
	suspects->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (suspects->dir_fd < 0) {
		err = fail(suspects, "cannot be read", -errno, ret_error);
		free(suspects->dir);
		free(suspects);
		return err;
	}
	read_file(suspects);
	if (suspects->serving != 0) {
		blame(suspects, suspects->serving);
		suspects->serving = 0;
	}
	*ret_suspects = suspects;
	return 0;
}

void
dp_suspects_close(struct dp_suspects *suspects, bool is_clean)
{
	struct tbl_error ignored;

	if (suspects == NULL) {
		return;
	}
	if (is_clean) {
		/* Failing means that this exit will be taken for a crash: one is tolerated. */
		suspects->serving = 0;
		(void)write_file(suspects, &ignored);
	}
	close(suspects->dir_fd);
	free(suspects->dir);
	free(suspects);
}

bool
is_dp_suspect(const struct dp_suspects *suspects, uint64_t content_hash)
{
	for (size_t i = 0; suspects != NULL && i < BLAMED_MAX; i++) {
		if (suspects->blamed[i].content_hash == content_hash) {
			return suspects->blamed[i].crash_cnt >= DP_SUSPECTS_CRASH_MAX;
		}
	}
	return false;
}

int
dp_suspects_serving(
		struct dp_suspects *suspects, uint64_t content_hash, struct tbl_error *ret_error)
{
	suspects->serving = content_hash;
	return write_file(suspects, ret_error);
}

int
dp_suspects_clear(struct dp_suspects *suspects, uint64_t content_hash, struct tbl_error *ret_error)
{
	struct blamed *blamed = find_blamed(suspects, content_hash);

	if (blamed == NULL) {
		return 0;
	}
	*blamed = (struct blamed){ 0 };
	return write_file(suspects, ret_error);
}
