"""Under abuse: rate limits, source ports, amplification, who may send client subnets."""
import time

from tests.conformance.check import FRAMES, TCP, UDP, check
from tests.conformance.message import ECS, NSID, QR, TC, Bad, ecs, header, option, opt, query, question, record

ASKED = 50  # of a rate of one a second: all of them take a moment


def ask_all(ask, wires):
    """Asks each; those over the limit come back without records. Returns how many were answered whole."""
    began = time.monotonic()
    whole = 0
    for wire in wires:
        reply = ask.send(wire, verdict="slipped")
        if reply.has(TC):
            if len(reply.wire) > len(wire) or reply.answer or reply.authority or reply.additional:
                raise Bad(f"a slipped reply of {len(reply.wire)} bytes to {len(wire)}")
            continue
        whole += 1
        ask.expected["slipped"] -= 1
        ask.expected[reply.rcode_text.lower()] += 1
    most = 2 + int(time.monotonic() - began)
    if not 1 <= whole <= most:
        raise Bad(f"{whole} of {len(wires)} answered whole, of at most {most}")
    return whole


@check("rate-limit-slips", "practice", over=UDP, config="limited", same=False)
def rate_limit(ask):
    """Over its limit an answer is TC and no larger than its query, whatever the query wants besides."""
    ask_all(ask, [query("www.dns.test.", "TXT", option(NSID), ident=ask.next_id()) for _ in range(ASKED)])


@check("rate-limit-by-name", "practice", over=UDP, config="limited", same=False)
def by_name(ask):
    """One name over its limit does not silence another."""
    ask_all(ask, [query("unknown.dns.test.", "TYPE65400", ident=ask.next_id()) for _ in range(ASKED)])
    ask.query("hinfo.dns.test.", "HINFO").expect()


@check("rate-limit-denials-by-zone", "practice", over=UDP, config="limited", same=False)
def denials(ask):
    """Names that are made up share one limit."""
    ask_all(ask, [query(f"x{number}.www.dns.test.", ident=ask.next_id()) for number in range(ASKED)])


@check("rate-limit-wildcard", "practice", over=UDP, config="limited", same=False)
def wildcard(ask):
    """So do the names of one wildcard."""
    ask_all(ask, [query(f"x{number}.wild.dns.test.", ident=ask.next_id()) for number in range(ASKED)])


@check("rate-limit-tcp-exempt", "practice", over=TCP, config="limited")
def over_tcp(ask):
    """TCP is not limited."""
    for _ in range(ASKED):
        ask.query("www.dns.test.").expect(an=["www.dns.test. 300 A 192.0.2.80"])


@check("source-port-0-dropped", "practice", over=FRAMES)
def source_port_0(ask):
    """From port 0 nobody can be answered."""
    ask.frame_silence(ask.link.query_frame(query(), ask.family, sport=0), "drop_source")


@check("talkative-source-ports-dropped", "CVE-2024-2169", over=FRAMES)
def source_ports(ask):
    """Services that answer whatever they are sent get nothing: echo, chargen, NTP, TFTP and their like."""
    for port in (7, 11, 13, 17, 19, 37, 69, 123):
        ask.frame_silence(ask.link.query_frame(query(), ask.family, sport=port), "drop_source_port")


@check("source-port-53-answered", "practice", over=FRAMES)
def source_port_53(ask):
    """Port 53 may ask, as old resolvers do; a response from there is dropped like any."""
    wire = query(ident=ask.next_id())
    ask.frame(ask.link.query_frame(wire, ask.family, sport=53), wire)
    ask.frame_silence(ask.link.query_frame(header(QR) + question(), ask.family, sport=53), "drop_response")


@check("errors-amplify-nothing", "practice")
def errors(ask):
    """FORMERR, REFUSED, NOTIMP and BADVERS are at most half as long again as their query."""
    for wire in (query("www.example.org."), query("www.example.org.", edns=False), query(".", "NS"),
                 query("dns.test.", "AXFR"), query("dns.test.", "MAILA"), query("www.dns.test.", version=1),
                 query("www.dns.test.", flags=1 << 11), query("dns.test.", "SOA", flags=5 << 11),
                 query("dns.test.", "SOA", flags=4 << 11), query("www.dns.test.", 128),
                 header(counts=(0, 0, 0, 0)), header() + question()[:-1],
                 header(counts=(1, 0, 0, 2)) + question() + opt() + record(rdlength=9)):
        reply = ask.send(wire)
        if reply.rcode_text in ("NOERROR", "NXDOMAIN") or 2 * len(reply.wire) > 3 * len(wire):
            raise Bad(f"{reply.rcode_text}: {len(reply.wire)} bytes to {len(wire)}")


@check("ecs-resolver-list", "RFC 7871 §7.2.1", over=UDP, config="resolvers", same=False)
def resolver_list(ask):
    """A client subnet counts from a listed resolver alone; another's is as if it were not there."""
    for subnet in (ecs(1, 24, 0, b"\x08\x08\x08"), ecs(2, 32, 0, b"\x20\x01\x0d\xb8")):
        reply = ask.query("www.dns.test.", "A", subnet).expect()
        if bool(reply.options(ECS)) != (ask.family == 4):
            raise Bad("echoed to who is not listed, or not to who is")


@check("ecs-malformed-from-anybody", "RFC 7871 §7.1.2", over=UDP, config="resolvers")
def malformed_from_anybody(ask):
    """A malformed client subnet is FORMERR whoever sends it."""
    ask.query("www.dns.test.", "A", ecs(1, 33, 0, bytes(5))).expect(rcode="FORMERR")
