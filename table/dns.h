/*
 * Numbers of the DNS itself, for all who count a message's octets or judge a reply.
 *
 * Threads:   constants.
 * Memory:    none.
 * Errors:    none.
 * Standards: RFC 1035 §3.2 and §4.1, RFC 2181 §8, RFC 2136 §2.2, RFC 6891 §6.1.2, RFC 7871 §6, RFC 8914 §2.
 */
#ifndef TABLE_DNS_H
#define TABLE_DNS_H

/* Types the reader itself has to know. */
enum tbl_type {
	TBL_TYPE_A = 1,
	TBL_TYPE_NS = 2,
	TBL_TYPE_CNAME = 5,
	TBL_TYPE_SOA = 6,
	TBL_TYPE_PTR = 12,
	TBL_TYPE_MX = 15,
	TBL_TYPE_AAAA = 28,
	TBL_TYPE_SRV = 33,
	TBL_TYPE_DNAME = 39,
	TBL_TYPE_OPT = 41,
	TBL_TYPE_DS = 43,
	TBL_TYPE_RRSIG = 46,
	TBL_TYPE_NSEC = 47,
	TBL_TYPE_SVCB = 64,
	TBL_TYPE_HTTPS = 65,
	TBL_TYPE_META_FIRST = 249, /* TKEY, TSIG, IXFR, AXFR, MAILB, MAILA, ANY: never data */
	TBL_TYPE_ANY = 255,
};

/* Those that tbl_resolve() gives. */
enum tbl_rcode {
	TBL_RCODE_NOERROR = 0,
	TBL_RCODE_NXDOMAIN = 3,
	TBL_RCODE_REFUSED = 5,
	TBL_RCODE_YXDOMAIN = 6, /* a DNAME makes a name of over 255 octets (RFC 6672 §2.2) */
};

#define TBL_CLASS_IN 1u
#define TBL_TTL_MAX  0x7fffffffu /* RFC 2181 §8: 31 bits, seconds */

#define TBL_MESSAGE_HEADER_BYTES 12u
#define TBL_QUESTION_TAIL_BYTES  4u  /* QTYPE and QCLASS, behind the name */
#define TBL_RECORD_FIXED_BYTES   10u /* TYPE, CLASS, TTL, RDLENGTH, behind the owner */
#define TBL_OPT_BYTES            11u /* one without options: root owner and the fixed fields */
#define TBL_EDE_BYTES            6u  /* an extended error without text (RFC 8914 §2) */
#define TBL_ECS_FIXED_BYTES      8u  /* OPTION-CODE to SCOPE PREFIX-LENGTH, the address behind it */

#define TBL_SERIAL_BYTES      4u
#define TBL_SOA_NUMBERS_BYTES 20u /* SERIAL to MINIMUM, at the end of an SOA (RFC 1035 §3.3.13) */

/* A compression pointer, how far it may reach, and what marks one. */
#define TBL_POINTER_BYTES 2u
#define TBL_POINTER_MAX   0x3fffu
#define TBL_POINTER_MARK  0xc000u

#endif
