/*
 * What the kernel's driver of an interface does, by ethtool: its receive queues, and whether the
 * hardware takes VLAN tags off.
 *
 * Threads:   the main thread, at start and at exit.
 * Memory:    nothing is kept.
 * Errors:    negative errno; drivers that know nothing of the question have one queue and leave tags.
 */
#ifndef DATAPLANE_NIC_H
#define DATAPLANE_NIC_H

#include <stdbool.h>
#include <stdint.h>

/* dp_nic_queues: the receive queues the interface has now. */
uint32_t dp_nic_queues(const char *interface);

/* is_dp_nic_untagging: the hardware takes tags off (ethtool: rx-vlan-offload). An XDP program then
 * takes the packets of a VLAN for untagged ones. */
bool is_dp_nic_untagging(const char *interface);
int dp_nic_set_untagging(const char *interface, bool is_on);

#endif
