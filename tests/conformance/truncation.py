"""What fits and what does not: TC says so, and nothing stands half there."""
from tests.conformance.check import BOTH, TCP, UDP, check
from tests.conformance.message import TC, Bad, header, query, question

SET = '{0} 300 TXT'  # how the one record of a large set begins


def expect_whole(reply, qname, limit):
    reply.expect(aa=True, tc=False, ns=[])
    if len(reply.answer) != 1 or not reply.answer[0].text().startswith(SET.format(qname)) or len(reply.wire) > limit:
        raise Bad(f"{len(reply.wire)} bytes, {len(reply.answer)} records")


def expect_truncated(reply, wire):
    """Question and OPT, nothing else: as long as the query is, without its options."""
    reply.expect(tc=True)
    if reply.counts[:3] != [1, 0, 0] or len(reply.wire) > len(wire):
        raise Bad(f"{reply.counts}, {len(reply.wire)} bytes to {len(wire)}")


@check("512-limit-tc", "RFC 1035 §4.2.1, RFC 6891 §6.2.5", over=UDP)
def limit_512(ask):
    """Without EDNS 512 bytes are all there is; what is larger is truncated."""
    expect_whole(ask.query("s400.dns.test.", "TXT", edns=False), "s400.dns.test.", 512)
    for qname in ("s600.dns.test.", "s1100.dns.test.", "s60000.dns.test."):
        wire = query(qname, "TXT", edns=False)
        expect_truncated(ask.send(wire), wire)


@check("fits-1232", "RFC 6891 §6.2.3", over=UDP)
def fits_1232(ask):
    """Who takes 1,232 bytes gets what fits in them; who takes less gets TC."""
    expect_whole(ask.query("s1100.dns.test.", "TXT", size=1232), "s1100.dns.test.", 1232)
    wire = query("s1100.dns.test.", "TXT", size=1000)
    expect_truncated(ask.send(wire), wire)


@check("huge-tc-at-1232", "RFC 9715 §3.1, RFC 6891 §6.2.3", over=UDP)
def huge_at_1232(ask):
    """What is over 1,232 bytes is truncated for who takes 1,232."""
    for qname in ("s1400.dns.test.", "s5000.dns.test.", "s60000.dns.test."):
        wire = query(qname, "TXT", size=1232)
        expect_truncated(ask.send(wire), wire)


@check("huge-4096-capped", "RFC 9715 §3.1", over=UDP)
def huge_at_4096(ask):
    """Whoever takes more gets no more than our 1,232: a reply is never cut in fragments."""
    for size in (1400, 4096, 65535):
        wire = query("s1400.dns.test.", "TXT", size=size)
        expect_truncated(ask.send(wire), wire)


@check("no-partial-rrset-with-tc-clear", "RFC 2181 §9, RFC 2181 §5", over=UDP)
def no_partial_rrset(ask):
    """At every size the client may name, an answer is whole with TC clear, or empty with TC set."""
    sizes = set()
    for size in range(512, 1233, 16):
        for qname, qtype in (("s600.dns.test.", "TXT"), ("s1100.dns.test.", "TXT"), ("www.fat.dns.test.", "A")):
            wire = query(qname, qtype, size=size, ident=ask.next_id())
            reply = ask.send(wire)
            if len(reply.wire) > size:
                raise Bad(f"{len(reply.wire)} bytes to who takes {size}")
            if reply.has(TC):
                expect_truncated(reply, wire)
            elif reply.counts[:2] != [1, 1] and qtype == "TXT":
                raise Bad(f"{reply.counts} at {size}")
            sizes.add((qname, reply.has(TC)))
    if len(sizes) != 5:  # the referral is over every limit, the others over some
        raise Bad(sizes)


@check("minimal-truncation", "RFC 9715 §3.1, RFC 7766 §5", over=UDP)
def minimal(ask):
    """A truncated reply has no records: whoever cannot take all is to come over TCP, and nobody is amplified."""
    for fields in ({}, {"edns": False}, {"size": 65535}, {"flags": 0x0100}):
        wire = query("s5000.dns.test.", "TXT", **fields)
        expect_truncated(ask.send(wire), wire)


@check("referral-glue-tc", "RFC 9471 §3.1", over=BOTH)
def referral_glue(ask):
    """A referral whose glue below the cut does not fit is truncated; over TCP all of it is there."""
    wire = query("www.fat.dns.test.")
    reply = ask.send(wire)
    if ask.is_tcp:
        reply.expect(aa=False, an=[])
        if (len(reply.authority), len(reply.additional)) != (20, 40):
            raise Bad(reply.counts)
    else:
        expect_truncated(reply, wire)


@check("truncated-parses", "RFC 1035 §4.1.1", over=UDP)
def parses(ask):
    """A truncated reply is a whole message: the counts are right, nothing is cut in two; names of every length."""
    for length in (1, 30, 63):
        qname = bytes([length]) + b"n" * length + b"\3fat\3dns\4test\0"
        wire = header() + question(qname)
        expect_truncated(ask.send(wire), wire)


@check("tcp-is-not-truncated", "RFC 7766 §5, RFC 6891 §6.2.5", over=TCP)
def over_tcp(ask):
    """Over TCP the sizes that EDNS speaks of mean nothing: all is answered whole."""
    for qname in ("s600.dns.test.", "s1400.dns.test.", "s5000.dns.test."):
        for fields in ({"edns": False}, {"size": 512}, {}):
            expect_whole(ask.query(qname, "TXT", **fields), qname, 65535)
