"""Signed queries to a server that has no keys (RFC 8945)."""
import struct

from tests.conformance.check import check
from tests.conformance.message import Bad, header, name, opt, question, record

ANY, TSIG, BADKEY = 255, 250, 17
TIME_FUDGE = struct.pack(">HIH", 1, 2, 300)
ORIGINAL_ID = 0xbeef


def rdata(algorithm="hmac-sha256.", mac=b"m" * 32, other=b""):
    return (name(algorithm) + TIME_FUDGE + struct.pack(">H", len(mac)) + mac +
            struct.pack(">3H", ORIGINAL_ID, 0, len(other)) + other)


def tsig(owner="key.dns.test.", rclass=ANY, ttl=0, data=None, rdlength=None):
    return record(owner, TSIG, rclass, ttl, rdata() if data is None else data, rdlength)


def signed(ask, *additional, qtype="A", flags=0, counts=None):
    """A query for www.dns.test. with these records behind it."""
    return ask.send(header(flags, counts or (1, 0, 0, len(additional)), ask.next_id()) +
                    question(qtype=qtype) + b"".join(additional))


def expect_badkey(reply, owner="key.dns.test."):
    """NOTAUTH, and last of all an unsigned TSIG that says BADKEY."""
    if reply.rcode_text != "NOTAUTH" or reply.answer or reply.authority or len(reply.additional) != 1:
        raise Bad(f"{reply.rcode_text}, or more than a TSIG")
    found = reply.additional[0]
    if (found.rdtype, found.rdclass, found.ttl, found.end) != (TSIG, ANY, 0, len(reply.wire)):
        raise Bad("no TSIG at the end")
    if found.owner.to_wire() != name(owner):
        raise Bad(f"key {found.owner}")
    wanted = name("hmac-sha256.") + TIME_FUDGE + struct.pack(">4H", 0, ORIGINAL_ID, BADKEY, 0)
    if found.rdata != wanted:
        raise Bad(f"TSIG {found.rdata.hex()}")


@check("unknown-key-badkey", "RFC 8945 §5.2.1, RFC 8945 §5.3.2")
def unknown_key(ask):
    """A key that is not known: NOTAUTH, and an unsigned TSIG with BADKEY."""
    expect_badkey(signed(ask, tsig()))


@check("badkey-behind-opt", "RFC 8945 §5.2, RFC 6891 §6.1.1")
def behind_opt(ask):
    """The TSIG stands behind the OPT, in query and reply."""
    reply = signed(ask, opt(), tsig())
    expect_badkey(reply)
    if reply.opt is None:
        raise Bad("has no OPT")


@check("tsig-key-name-case", "RFC 8945 §4.2, RFC 4343 §4")
def key_name_case(ask):
    """The key's name comes back as it was spelled."""
    expect_badkey(signed(ask, tsig("KeY.dns.test.")), "KeY.dns.test.")


@check("badkey-update", "RFC 8945 §5.2, RFC 2136 §3.3")
def signed_update(ask):
    """An update with an unknown key is told so too."""
    expect_badkey(signed(ask, tsig(), qtype="SOA", flags=0x2800))


@check("tsig-unknown-algorithm", "CVE-2025-40775")
def unknown_algorithm(ask):
    """An algorithm nobody knows harms nothing."""
    for algorithm in (".", "x.", "gss-tsig.", "x" * 63 + "." + "y" * 63 + "."):
        reply = signed(ask, tsig(data=rdata(algorithm)))
        if reply.rcode_text != "NOTAUTH" or len(reply.additional) != 1:
            raise Bad(f"{reply.rcode_text}, or no TSIG")


@check("tsig-not-last-formerr", "RFC 8945 §5.2")
def not_last(ask):
    """Anything behind the TSIG, an OPT too: FORMERR."""
    signed(ask, tsig(), record(rdata=b"\1\2\3\4")).expect(rcode="FORMERR")
    signed(ask, tsig(), opt()).expect(rcode="FORMERR", opt=True)


@check("two-tsig-formerr", "RFC 8945 §5.2")
def two(ask):
    """Two TSIG records: FORMERR."""
    signed(ask, tsig(), tsig()).expect(rcode="FORMERR")


@check("tsig-elsewhere-formerr", "RFC 8945 §5.2")
def elsewhere(ask):
    """A TSIG in the answer or authority section: FORMERR."""
    signed(ask, tsig(), counts=(1, 1, 0, 0)).expect(rcode="FORMERR")
    signed(ask, tsig(), counts=(1, 0, 1, 0)).expect(rcode="FORMERR")


@check("tsig-class-in", "RFC 8945 §4.2")
def class_and_ttl(ask):
    """Class other than ANY, TTL other than 0: FORMERR."""
    signed(ask, tsig(rclass=1)).expect(rcode="FORMERR")
    signed(ask, tsig(ttl=1)).expect(rcode="FORMERR")


@check("tsig-cut", "RFC 8945 §4.2")
def cut(ask):
    """RDATA that ends anywhere but where its lengths say: FORMERR."""
    whole = rdata(mac=b"mac", other=b"six-by")
    for length in range(len(whole)):
        signed(ask, tsig(data=whole[:length])).expect(rcode="FORMERR")
    signed(ask, tsig(data=whole + b"\0")).expect(rcode="FORMERR")
    signed(ask, tsig(rdlength=len(rdata()) + 1)).expect(rcode="FORMERR")


def send_unsigned_add(ask):
    add = record("added.dns.test.", "TXT", 1, 60, b"\5added")
    return ask.send(header(0x2800, (1, 0, 1, 0), ask.next_id()) + question("dns.test.", "SOA") + add)


@check("update-unsigned-add-refused", "RFC 2136 §3.3, RFC 3007 §3")
def unsigned_add(ask):
    """An update that nobody signed is REFUSED."""
    reply = send_unsigned_add(ask).expect(rcode="REFUSED")
    if reply.flags & 0x7800 != 0x2800:
        raise Bad(f"{reply.flags:#06x}")


@check("update-had-no-effect", "RFC 2136 §3.3")
def no_effect(ask):
    """What was refused is not there, and the zone's serial has not moved."""
    before = ask.query("dns.test.", "SOA").expect(aa=True).answer[0].rdata
    send_unsigned_add(ask)
    ask.query("added.dns.test.", "TXT").expect(rcode="NXDOMAIN", aa=True)
    if ask.query("dns.test.", "SOA").expect(aa=True).answer[0].rdata != before:
        raise Bad("another SOA")


@check("update-zone-section-formerr", "RFC 2136 §3.1.1, CVE-2026-5946")
def update_zone_section(ask):
    """An update's zone section is one SOA of class IN, or it is FORMERR: another type, no zone, two, no data's class."""
    zone = question("dns.test.", "SOA")
    sections = [question("dns.test.", qtype) for qtype in ("A", "ANY", 0)] + [b"", zone * 2]
    sections += [question("dns.test.", "SOA", qclass) for qclass in (0, 3, 254, 255, 65535)]
    for section in sections:
        count = len(section) // len(zone)
        ask.send(header(0x2800, (count, 0, 0, 0), ask.next_id()) + section).expect(rcode="FORMERR", aa=False)
