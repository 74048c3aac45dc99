/*
 * The publish protocol between meridian-control (client) and meridiand (server): fixed-size
 * messages over a SEQPACKET UNIX socket, images and the counters as descriptors beside them.
 *
 * On connect the data plane sends HELLO with the counters' memfd. The control plane sends TABLE or
 * SELECTION with a sealed memfd; the data plane answers each with exactly one ACK (every worker
 * serves it, the old image is unmapped) or REFUSED (text says why; the old one goes on serving).
 * A SELECTION for a generation above the served one is kept (and acknowledged) until its TABLE
 * comes, and is served with it from the first answer on; so a publish sends SELECTION, then TABLE.
 * PING is answered by ACK with what is served. One publisher at a time: a second connection gets
 * REFUSED with status -EBUSY and is closed.
 *
 * Threads:   pure functions over a descriptor; callers serialise use of one descriptor.
 * Memory:    received descriptors belong to the caller.
 * Errors:    0 or negative errno; -EBADMSG for a message of another version or size.
 */
#ifndef TABLE_IPC_H
#define TABLE_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TBL_IPC_MAGIC   0x3143504952444d4dULL
#define TBL_IPC_VERSION 1u

enum tbl_ipc_kind {
	TBL_IPC_HELLO = 1,     /* data plane -> control; with the counters' descriptor */
	TBL_IPC_TABLE = 2,     /* control -> data plane; with an image */
	TBL_IPC_SELECTION = 3, /* control -> data plane; with a selection for the served table */
	TBL_IPC_PING = 4,      /* control -> data plane */
	TBL_IPC_ACK = 5,       /* data plane -> control */
	TBL_IPC_REFUSED = 6,   /* data plane -> control */
};

#define TBL_IPC_TEXT_MAX 216u
struct tbl_ipc_msg {
	uint64_t magic;
	uint32_t version;
	uint32_t kind;       /* enum tbl_ipc_kind */
	uint64_t generation; /* TABLE, SELECTION: of the table sent or filled; else served (0: none) */
	uint64_t sequence;     /* SELECTION: sent; else served */
	uint64_t content_hash; /* of the table served, or 0 */
	uint64_t image_bytes;  /* TABLE, SELECTION */
	uint64_t swap_ns;      /* ACK: from pointer store to last worker's quiescent state */
	int32_t status;        /* REFUSED: negative errno */
	uint32_t pid;          /* HELLO: of the data plane */
	uint32_t worker_cnt;   /* HELLO */
	uint32_t zone_cnt;     /* of the table served, or 0 */
	uint32_t rrset_cnt;    /* likewise; glue counts */
	uint32_t reserved;
	char text[TBL_IPC_TEXT_MAX]; /* REFUSED: a sentence; HELLO: version; NUL-terminated */
};

/* tbl_ipc_init sets magic, version, kind and zeroes the rest. */
void tbl_ipc_init(struct tbl_ipc_msg *msg, enum tbl_ipc_kind kind);

/* tbl_ipc_send sends one message, `fd` beside it unless -1. -EAGAIN when the socket is full. */
int tbl_ipc_send(int sock, const struct tbl_ipc_msg *msg, int fd);

/* tbl_ipc_recv receives one message; *ret_fd is the descriptor or -1. -EAGAIN when none waits,
 * -ECONNRESET at end of file. */
int tbl_ipc_recv(int sock, struct tbl_ipc_msg *ret_msg, int *ret_fd);

/* tbl_image_to_memfd copies bytes into a sealed memfd (write, grow, shrink, further seals). Returns it or -errno. */
int tbl_image_to_memfd(const char *name, const void *bytes, size_t size);

/* tbl_image_map makes an image readable that cannot change any more. With must_be_sealed it maps a
 * memfd sealed as above (-EPERM for any other file); else it reads a plain file into memory of its
 * own, since a mapping of it would follow whoever cuts or rewrites the file. -EBADMSG for a size of 0
 * or over TBL_IMAGE_MAX and for what is no file. munmap() when done. */
int tbl_image_map(int fd, bool must_be_sealed, const void **ret_image, size_t *ret_size);

#endif
