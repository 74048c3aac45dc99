"""Asks a served zone for its records and tells what differs."""
import struct

import dns.exception
import dns.flags
import dns.name
import dns.rdata
import dns.rdatatype

from tests.lib.dns_client import query

HEADER_BYTES = 12


class Differs(Exception):
    """The answer is not what an independent parser makes of the record."""


def records(wire):
    """(owner, type, TTL, RDATA octets without compression) of each record, the answer's first. RDATA that dnspython
    finds fault with is taken as it is."""
    counts = struct.unpack(">4H", wire[4:HEADER_BYTES])
    off = HEADER_BYTES
    for _ in range(counts[0]):
        off += dns.name.from_wire(wire, off)[1] + 4
    for _ in range(sum(counts[1:])):
        owner, used = dns.name.from_wire(wire, off)
        rdtype, rdclass, ttl, size = struct.unpack(">HHIH", wire[off + used:off + used + 10])
        off += used + 10
        try:
            octets = dns.rdata.from_wire(rdclass, rdtype, wire, off, size).to_wire()
        except dns.exception.DNSException:
            octets = wire[off:off + size]
        off += size
        yield owner, rdtype, ttl, octets


def served(client, name, rdtype, **options):
    """(TTL, [RDATA octets]) of the RRset, asked for over TCP when it does not fit in UDP. A delegation's NS and glue are
    in the referral."""
    wire = query(name, rdtype, **options).to_wire()
    reply = client.udp_wire(wire)
    if reply is not None and struct.unpack(">H", reply[2:4])[0] & dns.flags.TC:
        reply = client.tcp_wire(wire)
    if reply is None:
        raise Differs("no answer")
    found = [(ttl, octets) for owner, number, ttl, octets in records(reply)
             if owner == name and number == dns.rdatatype.from_text(rdtype)]
    if len({ttl for ttl, _ in found}) != 1:
        raise Differs(f"TTLs {sorted({ttl for ttl, _ in found})} of this name and type, rcode {reply[3] & 15}")
    return found[0][0], [octets for _, octets in found]


def check(client, name, rdtype, ttl, wires, **options):
    """The answer has this owner and TTL and these RDATA, each once."""
    ttl_served, got = served(client, name, rdtype, **options)
    if ttl_served != ttl:
        raise Differs(f"TTL {ttl_served}, expected {ttl}")
    if sorted(got) != sorted(wires):
        raise Differs("RDATA\n  served   " + ", ".join(sorted(wire.hex() for wire in got)) +
                      "\n  expected " + ", ".join(sorted(wire.hex() for wire in wires)))


def check_drawn(client, name, rdtype, ttl, wires, ask_max=500, **options):
    """Answers hold one of these RDATA each, and over time all of them: a weighted pool."""
    seen = set()
    for _ in range(ask_max):
        ttl_served, got = served(client, name, rdtype, **options)
        if ttl_served != ttl or len(got) != 1 or got[0] not in wires:
            raise Differs(f"TTL {ttl_served}, RDATA {[wire.hex() for wire in got]}; expected {ttl} and one of "
                          f"{sorted(wire.hex() for wire in wires)}")
        seen.add(got[0])
        if seen == wires:
            return
    raise Differs(f"never drawn in {ask_max} answers: {sorted(wire.hex() for wire in wires - seen)}")
