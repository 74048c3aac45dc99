"""Hostile frames for the soak, from a seed: what a resolver sends and what only somebody else would."""
import struct

import dns.rdatatype

from tests.conformance import message
from tests.conformance.link import ETH_P_IP, ETH_P_IPV6
from tests.figures import frames

NAMES = ["n0.swap.test.", "big.swap.test.", "geo.swap.test.", "alias.swap.test.", "x.child.swap.test.", "swap.test.",
         "a.b.c.wild.swap.test.", "only-a.swap.test.", "example.org.", "."]
TYPES = [int(dns.rdatatype.from_text(text)) for text in ("A", "AAAA", "MX", "TXT", "NS", "SOA", "ANY", "CNAME", "DS", "AXFR")]
LONGEST = b"".join(bytes([62]) + b"x" * 62 for _ in range(3)) + b"\x2c" + b"y" * 44 + b"\4swap\4test\0"
FLAGS_OF_OPCODES = [0, 0, 0, 0, 0x2800, 0x2000, 0x1000, 0x7800, 0x8000]  # queries, UPDATE, NOTIFY, STATUS, 15, a response
ETH_P_VLAN, ETH_P_QINQ, ETH_P_ARP = 0x8100, 0x88a8, 0x0806


def _options(rng):
    """Some EDNS options, right and wrong."""
    for _ in range(rng.choice([0, 0, 1, 1, 2, 30])):
        kind = rng.randrange(6)
        if kind == 0:
            yield message.ecs(1, 24, 0, rng.randbytes(3))
        elif kind == 1:
            yield message.ecs(rng.randrange(4), rng.randrange(140), rng.randrange(2), rng.randbytes(rng.randrange(18)))
        elif kind == 2:
            yield message.option(message.COOKIE, rng.randbytes(rng.choice([8, 24, 24, rng.randrange(50)])))
        elif kind == 3:
            yield message.option(message.NSID)
        elif kind == 4:
            yield message.option(rng.randrange(65536), rng.randbytes(rng.randrange(40)), rng.choice([None, None, 60000]))
        else:
            yield message.option(rng.choice([message.KEEPALIVE, message.PADDING, message.ZONEVERSION]))


def message_of(rng):
    """A DNS message; one in three is not one."""
    name = rng.choice([rng.choice(NAMES), f"{frames.random_label(rng)}.swap.test.", LONGEST])
    flags = rng.choice(FLAGS_OF_OPCODES) | (rng.randrange(65536) & 0x87ff if rng.random() < 0.2 else rng.choice([0, 0x0100]))
    made = message.query(name, rng.choice(TYPES) if rng.random() < 0.9 else rng.randrange(65536), *_options(rng),
                         flags=flags, qclass=rng.choice([1] * 20 + [3, 254, 255]), ident=rng.randrange(65536),
                         edns=rng.random() < 0.8, size=rng.choice([0, 512, 1232, 4096, 65535]),
                         version=rng.choice([0] * 20 + [1, 255]))
    return made if rng.random() < 0.67 else frames.garbage(rng, made)


def _packet(rng, link, payload):
    """(Ethertype, IP packet): right, or with a field that is not."""
    if rng.random() < 0.3:
        wrong = rng.choice([{}, {}, {"udp_checksum": rng.randrange(65536)}, {"hop_limit": 0}, {"next_header": rng.randrange(256)},
                            {"payload_length": rng.randrange(65536)}])
        return ETH_P_IPV6, link.udp6(payload, sport=frames.port_of(rng), **wrong)
    wrong = rng.choice([{}, {}, {}, {"src": frames.spoofed(rng)}, {"sport": rng.choice([0, 53, 123])}, {"options": b"\1\1\1\0"},
                        {"fragment": rng.choice([0x2000, 0x2003, 0x0010, 0x4000])}, {"udp_length": rng.randrange(2000)},
                        {"udp_checksum": rng.choice([0, 1])}, {"total_length": rng.randrange(2000)}, {"ihl": rng.randrange(16)},
                        {"version": rng.randrange(16)}, {"src": bytes([127, 0, 0, 1])}, {"src": link.server4}])
    return ETH_P_IP, link.udp4(payload, **{"sport": frames.port_of(rng), **wrong})


def frame_of(rng, link):
    """An Ethernet frame around a message; some are tagged, some cut, some are no IP at all."""
    ethertype, packet = _packet(rng, link, message_of(rng)[:1400])
    kind = rng.random()
    if kind < 0.05:
        return link.ethernet(rng.choice([ETH_P_VLAN, ETH_P_QINQ]), struct.pack(">HH", rng.randrange(4096), ethertype) + packet)
    if kind < 0.08:
        return link.ethernet(rng.choice([ETH_P_ARP, rng.randrange(65536)]), rng.randbytes(rng.randrange(100)))
    if kind < 0.12:
        return link.ethernet(ethertype, packet)[:rng.randrange(14, 60)]
    return link.ethernet(ethertype, packet)
