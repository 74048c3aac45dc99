"""Writes what tests/load/expect.h reads: questions with every reply that is right, learnt from a quiet server and
compared with what is known of the zone first."""
import re
import struct

EQUAL, ANYTHING, DIGIT = 0xff, 0x00, 0x0d
SOA = struct.pack(">2H", 6, 1)


def mask_of(reply, generation):
    """Every byte must be equal, but for the generation in an NSID option and in the serial of an SOA."""
    mask = bytearray(bytes([EQUAL]) * len(reply))
    named = re.search(rb" (%d)\.\d+" % generation, reply)
    if named:
        mask[named.start(1):named.end(1)] = bytes([DIGIT]) * len(named.group(1))
    serial = struct.pack(">I", generation)
    at = reply.find(serial, reply.find(SOA, 12)) if SOA in reply[12:] else -1
    if at >= 0:
        mask[at:at + 4] = bytes([ANYTHING]) * 4
    return bytes(mask)


def write(path, questions):
    """questions: [(query, [(reply, mask), ...]), ...], all octets."""
    with open(path, "w", encoding="ascii") as file:
        for query, replies in questions:
            file.write(f"query {query.hex()}\n")
            file.writelines(f"reply {reply.hex()} {mask.hex()}\n" for reply, mask in replies)
    return path
