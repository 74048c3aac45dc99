/* What parsing a frame (frame.c) and turning it round (frame_reply.c) both know of its headers. */
#ifndef DATAPLANE_FRAME_IMPL_H
#define DATAPLANE_FRAME_IMPL_H

#define ETHER_BYTES      14u
#define ETHER_ADDR_BYTES 6u
#define ETHER_TYPE_OFF   12u
#define ETHER_TYPE_IPV4  0x0800u
#define ETHER_TYPE_IPV6  0x86ddu
#define ETHER_TYPE_CTAG  0x8100u /* 802.1Q */
#define ETHER_TYPE_STAG  0x88a8u /* 802.1ad */
#define TAG_BYTES        4u      /* TCI, then the type of what follows */

#define IPV4_BYTES        20u
#define IPV4_TOTAL_OFF    2u
#define IPV4_FRAGMENT_OFF 6u
#define IPV4_TTL_OFF      8u
#define IPV4_PROTO_OFF    9u
#define IPV4_CHECKSUM_OFF 10u
#define IPV4_SOURCE_OFF   12u
#define IPV4_DEST_OFF     16u

#define IPV6_BYTES       40u
#define IPV6_PAYLOAD_OFF 4u
#define IPV6_NEXT_OFF    6u
#define IPV6_HOPS_OFF    7u
#define IPV6_SOURCE_OFF  8u
#define IPV6_DEST_OFF    24u

#define NEXT_UDP 17u

#define UDP_BYTES        8u
#define UDP_LENGTH_OFF   4u
#define UDP_CHECKSUM_OFF 6u

#endif
