/*
 * The XDP program around an AF_XDP port (xdp/filter.bpf.c): DPDK's port attaches it; here it is
 * given addresses, VLANs and MAC, and what a killed process left on the interface is removed.
 *
 * Threads:   the main thread, at start and at exit.
 * Memory:    nothing is kept; the kernel owns program and maps.
 * Errors:    negative errno with a sentence that names the interface.
 */
#ifndef DATAPLANE_XDP_H
#define DATAPLANE_XDP_H

#include "table/view.h"

#include "dataplane/frame.h"

#define DP_XDP_OBJECT "filter.bpf.o"

/* dp_xdp_clear detaches our own program, or nothing when there is none. Another's program is left
 * alone (-EEXIST, and the sentence names it) unless `replace`. */
int dp_xdp_clear(const char *interface, bool replace, struct tbl_error *ret_error);

/* dp_xdp_fill tells the attached program what is ours: from here on it takes such queries.
 * *ret_is_native says whether the driver runs it, or the kernel's slower generic code. */
int dp_xdp_fill(const char *interface, const struct dp_frame_filter *filter, bool *ret_is_native,
		struct tbl_error *ret_error);

/* dp_xdp_quiet keeps libbpf from printing; what matters comes back as an error. */
void dp_xdp_quiet(void);

#endif
