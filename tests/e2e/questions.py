"""Questions with their right answers, asked over every port kind: the table of the answers suite.

Each says what the client sees and the one verdict that the packet must be counted as.
"""
import struct
from dataclasses import dataclass, field

import dns.rdatatype

from tests.lib.dns_client import query
from tests.lib.programs import AMERICA, REST, SERVER4, SERVER6

SOA, NS = ["SOA"], ["NS"]


@dataclass
class Question:
    title: str
    name: str
    rdtype: str = "A"
    rcode: str = "NOERROR"
    answer: list = field(default_factory=list)     # presentation forms, sorted by record type as sent
    authority: list = field(default_factory=list)  # record types
    additional: list = field(default_factory=list)
    is_authoritative: bool = True
    scope: int = None      # ECS scope expected back
    ecs: str = None
    options: dict = field(default_factory=dict)
    is_truncated: bool = False  # over UDP
    verdict: str = None         # default: what the rcode is called

    def wire(self, ident=0x1234):
        return query(self.name, self.rdtype, ecs=self.ecs, ident=ident, **self.options).to_wire()

    def udp_verdict(self):
        return "truncated" if self.is_truncated else self.tcp_verdict()

    def tcp_verdict(self):
        return self.verdict or self.rcode.lower()


def _q(title, name, *arguments, **keys):
    absolute = name if name.endswith(".") else f"{name}.e2e.test." if name else "e2e.test."
    return Question(title, absolute, *arguments, **keys)


BIG = [f'"{digit} {letter * 198}"' for digit, letter in enumerate("abcdefgh")]
GLUE = ["192.0.2.57"]
MAIL = ["192.0.2.25", "2001:db8::25"]  # what stands beside an answer: every A before any AAAA
SERVERS = [SERVER4, "10.53.0.54", SERVER6]

ANSWERED = [
    _q("static A", "www", answer=["192.0.2.80"]),
    _q("no EDNS", "www", answer=["192.0.2.80"], options={"edns": False}),
    _q("case is kept and ignored", "WwW", answer=["192.0.2.80"]),
    _q("static AAAA", "mail", "AAAA", answer=["2001:db8::25"]),
    _q("MX at the apex", "", "MX", answer=["10 mail.e2e.test."], additional=MAIL),
    _q("CAA at the apex", "", "CAA", answer=['0 issue "letsencrypt.org"']),
    _q("NS at the apex", "", "NS", answer=["ns1.e2e.test.", "ns2.e2e.test."], additional=SERVERS),
    _q("SRV", "_sip._tcp", "SRV", answer=["0 5 5060 mail.e2e.test."], additional=MAIL),
    _q("HTTPS with an address beside it", "web", "HTTPS", answer=["1 . alpn=\"h2\"", "2 www.e2e.test."],
       additional=["192.0.2.44", "192.0.2.80"]),
    _q("HTTPS, an alias to a service", "front", "HTTPS", answer=["0 web.e2e.test."],
       additional=["1 . alpn=\"h2\"", "2 www.e2e.test.", "192.0.2.44"]),
    _q("ANY has nothing beside it", "web", "ANY", answer=["192.0.2.44"]),
    _q("empty TXT", "_acme-challenge", "TXT", answer=['""']),
    _q("NODATA", "www", "AAAA", authority=SOA),
    _q("empty non-terminal", "ent", authority=SOA),
    _q("below an empty non-terminal", "absent.ent", rcode="NXDOMAIN", authority=SOA),
    _q("below a leaf", "absent.www", rcode="NXDOMAIN", authority=SOA),
    _q("unknown type", "www", "TYPE65400", authority=SOA),
    _q("CNAME chain", "alias", answer=["chain.e2e.test.", "www.e2e.test.", "192.0.2.80"]),
    _q("CNAME asked for", "alias", "CNAME", answer=["chain.e2e.test."]),
    _q("CNAME out of the zones", "outside", answer=["www.example.org."]),
    _q("CNAME to nowhere", "dead", rcode="NXDOMAIN", answer=["absent.wild2.e2e.test."], authority=SOA),
    _q("CNAME loop ends", "loop1", answer=["loop2.e2e.test.", "loop1.e2e.test."]),
    _q("DNAME itself", "moved", "DNAME", answer=["landed.e2e.test."]),
    _q("DNAME's owner has no address", "moved", authority=SOA),
    _q("below a DNAME", "www.moved", answer=["landed.e2e.test.", "www.landed.e2e.test.", "192.0.2.90"]),
    _q("below a DNAME, case kept", "WwW.MoVed",
       answer=["landed.e2e.test.", "WwW.landed.e2e.test.", "192.0.2.90"]),
    _q("below a DNAME, to nowhere", "a.www.moved", rcode="NXDOMAIN",
       answer=["landed.e2e.test.", "a.www.landed.e2e.test."], authority=SOA),
    _q("a DNAME makes the name too long", ".".join(["x" * 63] * 3 + ["x" * 46, "moved"]), rcode="YXDOMAIN",
       answer=["landed.e2e.test."]),
    _q("wildcard A", "any.wild", answer=["192.0.2.40"]),
    _q("wildcard, several labels", "a.b.c.wild", answer=["192.0.2.40"]),
    _q("wildcard NODATA", "any.wild", "TXT", authority=SOA),
    _q("wildcard CNAME, American", "nothing-here", ecs="8.8.8.0/24", scope=-1,
       answer=["e2e.test.", AMERICA[0]]),
    _q("wildcard CNAME, German, AAAA", "nothing-here", "AAAA", ecs="2003::/56", scope=-1,
       answer=["e2e.test.", REST[1]]),
    _q("apex, American", "", ecs="8.8.8.0/24", scope=-1, answer=[AMERICA[0]]),
    _q("apex, American over IPv6 prefix", "", "AAAA", ecs="2600::/56", scope=-1, answer=[AMERICA[1]]),
    _q("apex, German", "", ecs="84.128.0.0/24", scope=-1, answer=[REST[0]]),
    _q("apex, Brazilian", "", ecs="187.0.0.0/24", scope=-1, answer=[AMERICA[0]]),
    _q("apex, no client subnet", "", answer=[REST[0]]),
    _q("apex, source prefix 0", "", ecs="0.0.0.0/0", scope=0, answer=[REST[0]]),
    _q("subnet rule, inside", "nets", ecs="198.51.100.7/32", scope=25, answer=["192.0.2.61"]),
    _q("subnet rule, nested", "nets", ecs="198.51.100.129/32", scope=25, answer=["192.0.2.62"]),
    _q("subnet rule, sibling outside", "nets", ecs="198.51.101.0/24", scope=24, answer=["192.0.2.63"]),
    _q("subnet rule, IPv6 inside", "nets", ecs="2001:db8:1:1::/64", scope=49, answer=["192.0.2.61"]),
    _q("subnet rule, IPv6 nested", "nets", ecs="2001:db8:1:8001::/64", scope=49, answer=["192.0.2.62"]),
    _q("static name has scope 0", "www", ecs="198.51.100.0/24", scope=0, answer=["192.0.2.80"]),
    _q("referral", "child", "A", is_authoritative=False, authority=NS, additional=GLUE),
    _q("referral from below", "a.b.child", "MX", is_authoritative=False, authority=NS, additional=GLUE),
    _q("DS at the cut is the parent's", "child", "DS", authority=SOA),
    _q("larger than 1232 bytes", "big", "TXT", answer=BIG, is_truncated=True),
    _q("larger than 512 bytes without EDNS", "big", "TXT", answer=BIG, is_truncated=True,
       options={"edns": False}),
    _q("name server address", "ns1", answer=[SERVER4]),
    _q("name server address, IPv6", "ns1", "AAAA", answer=[SERVER6]),
    _q("ALIAS into another zone, American", "other.test.", ecs="8.8.8.0/24", scope=-1, answer=[AMERICA[0]]),
    _q("ALIAS into another zone, German, AAAA", "other.test.", "AAAA", ecs="2003::/56", scope=-1, answer=[REST[1]]),
    _q("ALIAS is no type of the table", "other.test.", "TYPE65401", authority=SOA),
    _q("geo, American", "places.other.test.", ecs="8.8.8.0/24", scope=-1, answer=["192.0.2.72"]),
    _q("geo, German", "places.other.test.", ecs="84.128.0.0/24", scope=-1, answer=["192.0.2.71"]),
    _q("geo, Brazilian", "places.other.test.", ecs="187.0.0.0/24", scope=-1, answer=["192.0.2.73"]),
    _q("outside our zones", "www.example.org.", rcode="REFUSED", is_authoritative=False),
    _q("the root", ".", "NS", rcode="REFUSED", is_authoritative=False),
]


def header(flags=0, counts=(1, 0, 0, 0), ident=0x4321):
    return struct.pack(">6H", ident, flags, *counts)


def question(name=b"\x03www\x03e2e\x04test\x00", rdtype=1, rdclass=1):
    return name + struct.pack(">2H", rdtype, rdclass)


def opt(version=0, options=b"", size=1232):
    return b"\x00" + struct.pack(">HHBBHH", int(dns.rdatatype.OPT), size, 0, version, 0, len(options)) + options


def ecs_option(family, source, scope, address):
    body = struct.pack(">HBB", family, source, scope) + address
    return struct.pack(">HH", 8, len(body)) + body


# (title, wire, rcode that comes back or None for silence, verdict)
MALFORMED = [
    ("eleven bytes", header()[:11], None, "drop_runt"),
    ("a response", header(0x8000) + question(), None, "drop_response"),
    ("opcode STATUS", header(0x1000) + question(), 4, "notimp"),
    ("opcode 15", header(0x7800) + question(), 4, "notimp"),
    ("NOTIFY", header(0x2400) + question(rdtype=6), 5, "refused"),
    ("UPDATE", header(0x2800) + question(rdtype=6), 5, "refused"),
    ("two questions", header(counts=(2, 0, 0, 0)) + question() + question(), 1, "formerr"),
    ("no question", header(counts=(0, 0, 0, 0)), 1, "formerr"),
    ("label type 0x40", header() + question(b"\x41a\x00"), 1, "formerr"),
    ("question points at itself", header() + question(b"\xc0\x0c"), 1, "formerr"),
    ("name cut short", header() + b"\x03ww", 1, "formerr"),
    ("EDNS version 1", header(counts=(1, 0, 0, 1)) + question() + opt(version=1), 16, "badvers"),
    ("two OPT records", header(counts=(1, 0, 0, 2)) + question() + opt() + opt(), 1, "formerr"),
    ("ECS with a scope", header(counts=(1, 0, 0, 1)) + question() +
     opt(options=ecs_option(1, 24, 24, b"\xc0\x00\x02")), 1, "formerr"),
    ("ECS prefix 33", header(counts=(1, 0, 0, 1)) + question() +
     opt(options=ecs_option(1, 33, 0, b"\xc0\x00\x02\x00\x01")), 1, "formerr"),
    ("ECS bits beyond the prefix", header(counts=(1, 0, 0, 1)) + question() +
     opt(options=ecs_option(1, 23, 0, b"\xc0\x00\x03")), 1, "formerr"),
    ("option overruns", header(counts=(1, 0, 0, 1)) + question() +
     opt(options=struct.pack(">HH", 8, 9) + b"\x00\x01"), 1, "formerr"),
    ("class NONE", header() + question(rdclass=254), 5, "refused"),
    ("class ANY", header() + question(rdclass=255), 5, "refused"),
]
