"""Ethernet, IP and UDP: which frames carry a question, and what replies look like on the wire."""
from tests.conformance.check import FRAMES, check
from tests.conformance.message import query


@check("normal-query", "RFC 768", over=FRAMES)
def normal_query(ask):
    """A right frame with a query in it is answered."""
    wire = query("www.dns.test.")
    _, reply = ask.frame(ask.link.query_frame(wire, ask.family), wire)
    reply.expect(an=["www.dns.test. 300 A 192.0.2.80"])
