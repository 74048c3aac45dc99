#include "dataplane/checksum.h"

#include <string.h>

#define IPPROTO_UDP_NUMBER 17u

uint64_t
dp_sum_bytes(uint64_t sum, const uint8_t *bytes, size_t len)
{
	uint64_t words;
	uint16_t tail = 0;

	for (; len >= sizeof(words); len -= sizeof(words), bytes += sizeof(words)) {
		memcpy(&words, bytes, sizeof(words));
		sum += (words & 0xffffffffu) + (words >> 32);
	}
	for (; len >= sizeof(tail); len -= sizeof(tail), bytes += sizeof(tail)) {
		memcpy(&tail, bytes, sizeof(tail));
		sum += tail;
	}
	if (len != 0) {
		tail = 0;
		memcpy(&tail, bytes, 1);
		sum += tail;
	}
	return sum;
}

uint64_t
dp_sum_udp(const uint8_t *addrs, size_t addrs_len, const uint8_t *udp, uint16_t udp_len)
{
	uint64_t sum = dp_sum_bytes(0, addrs, addrs_len);

	sum = dp_sum_word(sum, IPPROTO_UDP_NUMBER);
	sum = dp_sum_word(sum, udp_len);
	return dp_sum_bytes(sum, udp, udp_len);
}
