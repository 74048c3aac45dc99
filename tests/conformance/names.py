"""Names in questions: every octet, every length, every way to get a name wrong."""
import struct

from tests.conformance.check import UDP, check
from tests.conformance.message import Bad, header, name, query, question, record
from tests.conformance.messages import expect_formerr, expect_header_only

TAIL = b"\3dns\4test\0"
LONGEST = b"".join(b"\x3f" + b"x" * 63 for _ in range(3)) + b"\x34" + b"y" * 52 + TAIL  # 255 bytes
NODATA = [  # the SOA, with the smaller of its TTL and its MINIMUM (RFC 2308 §3)
    "dns.test. 120 SOA ns1.dns.test. hostmaster.dns.test. 7 7200 3600 1209600 120"]


def txt(owner, text):
    return [f'{owner} 300 TXT "{text}"']


@check("0x20-question-echo", "RFC 4343 §4, DVE-2017-0003, DVE-2017-0006")
def question_echo(ask):
    """The question comes back letter for letter, and owners that are the question with it."""
    for asked in ("wWw.DnS.tEsT.", "WWW.DNS.TEST.", "www.dns.TEST."):
        reply = ask.query(asked).expect(an=[f"{asked} 300 A 192.0.2.80"])
        if reply.question != question(asked):
            raise Bad(reply.question)
    reply = ask.query("X.wWw.dns.TEST.").expect(rcode="NXDOMAIN")
    reply = ask.query("wWw.eXample.ORG.").expect(rcode="REFUSED")
    if reply.question != question("wWw.eXample.ORG."):
        raise Bad(reply.question)


@check("case-insensitive-match", "RFC 4343 §3")
def case_is_ignored(ask):
    """Letters match whatever their case, in the question and in the zone."""
    for asked in ("spelled.dns.test.", "SPELLED.dns.test.", "SpelleD.Dns.Test."):
        ask.query(asked).expect(an=[f"{asked} 300 A 192.0.2.81"], aa=True)


@check("case-is-ascii-alone", "RFC 4343 §3.1")
def case_is_ascii(ask):
    """Octets above 127, and [\\]^_` beside {|}~, have no case."""
    high = b"\3\xe4\xc4\xff" + TAIL
    ask.query(high, "TXT").expect(aa=True, an=['\\228\\196\\255.dns.test. 300 TXT "high"'])
    for other in (b"\3\xc4\xc4\xff", b"\3\xe4\xe4\xff", b"\3\xe4\xc4\xdf"):
        ask.query(other + TAIL, "TXT").expect(rcode="NXDOMAIN")


@check("null-byte-label", "RFC 2181 §11")
def null_byte(ask):
    """A zero octet is an octet of a label like any other."""
    ask.query(b"\x08nul\0byte" + TAIL, "TXT").expect(an=txt("nul\\000byte.dns.test.", "nul"))
    ask.query(b"\3nul" + TAIL, "TXT").expect(rcode="NXDOMAIN")


@check("dot-inside-label", "RFC 2181 §11")
def dot_inside(ask):
    """A dot may stand inside a label."""
    ask.query(b"\x0adot.inside" + TAIL, "TXT").expect(an=txt("dot\\.inside.dns.test.", "one label"))


@check("dot-label-is-not-two-labels", "RFC 2181 §11")
def dot_is_no_separator(ask):
    """A label with a dot in it is not the two labels that look like it."""
    ask.query(b"\3dot\6inside" + TAIL, "TXT").expect(an=txt("dot.inside.dns.test.", "two labels"))
    ask.query(b"\x0cwww.dns.test\0").expect(rcode="REFUSED")
    ask.query(b"\7www.dns\4test\0").expect(rcode="REFUSED")


@check("high-bytes", "RFC 2181 §11")
def high_bytes(ask):
    """Octets above 127 match themselves."""
    ask.query(b"\3\xe4\xc4\xff" + TAIL, "TXT").expect(an=txt("\\228\\196\\255.dns.test.", "high"))


@check("every-octet", "RFC 2181 §11")
def every_octet(ask):
    """A label of each of the 256 octets is looked up: NXDOMAIN, or the wildcard's answer."""
    for wire, reply in ask.flood([query(bytes([1, octet]) + TAIL, ident=octet) for octet in range(256)]):
        reply.expect(rcode="NXDOMAIN", ns=NODATA, an=[])
    for wire, reply in ask.flood([query(bytes([1, octet]) + b"\4wild" + TAIL, ident=octet) for octet in range(256)
                                  if octet not in b"bB"]):
        if [item.rdata for item in reply.answer] != [bytes([192, 0, 2, 40])]:
            raise Bad(wire.hex())


@check("name-255-ok", "RFC 1035 §2.3.4")
def name_255(ask):
    """A name of 255 bytes is looked up and found."""
    reply = ask.query(LONGEST).expect(aa=True)
    if len(LONGEST) != 255 or [item.rdata for item in reply.answer] != [bytes([192, 0, 2, 255])]:
        raise Bad(reply.wire.hex())
    ask.query(LONGEST.replace(b"xxxx", b"xxxy", 1)).expect(rcode="NXDOMAIN")
    ask.query(b"\1a" * 127 + b"\0").expect(rcode="REFUSED")
    ask.query(b"\1a" * 122 + TAIL).expect(rcode="NXDOMAIN")


@check("name-256-formerr-or-drop", "RFC 1035 §2.3.4")
def name_256(ask):
    """A name of 256 bytes is none: FORMERR, nothing echoed."""
    longer = LONGEST.replace(b"\x34", b"\x35y", 1)
    for qname in (longer, b"\1a" * 128 + b"\0", b"\1a" * 600 + b"\0"):
        expect_formerr(ask, header() + question(qname), False)


@check("label-0x40", "RFC 6891 §5, RFC 2673 §3")
def label_0x40(ask):
    """Extended labels were given up: FORMERR."""
    for first in (0x40, 0x41, 0x7f):
        expect_formerr(ask, header() + question(bytes([first]) + b"a\0"), False)


@check("label-0x80", "RFC 1035 §4.1.4")
def label_0x80(ask):
    """Reserved labels: FORMERR."""
    for first in (0x80, 0xbf):
        expect_formerr(ask, header() + question(bytes([first]) + b"a\0"), False)


for _ident, _text, _qname in (
        ("qname-self-pointer", "A question that points at itself: FORMERR.", b"\xc0\x0c"),
        ("qname-forward-pointer", "A question that points ahead: FORMERR.", b"\xc0\x12"),
        ("qname-pointer-to-header", "A question that points into the header: FORMERR.", b"\xc0\x00"),
        ("pointer-past-end", "A question that points behind the message: FORMERR.", b"\xff\xff"),
        ("pointer-loop", "A question whose labels lead back to their beginning: FORMERR.", b"\3www\xc0\x0c")):
    def _pointer(ask, qname=_qname):
        expect_formerr(ask, header() + question(qname), False)
        expect_formerr(ask, header() + qname, False)
    _pointer.__doc__ = _text
    check(_ident, "RFC 1035 §4.1.4")(_pointer)


@check("truncated-qname", "RFC 1035 §4.1.2")
def truncated_qname(ask):
    """A name that ends before its end, wherever: FORMERR, a header alone."""
    for end in range(1, len(name("www.dns.test."))):
        expect_header_only(ask.send(header() + name("www.dns.test.")[:end]), "FORMERR")


@check("missing-qtype", "RFC 1035 §4.1.2")
def missing_qtype(ask):
    """A question without a type: FORMERR, a header alone."""
    expect_header_only(ask.send(header() + name("www.dns.test.")), "FORMERR")
    expect_header_only(ask.send(header() + name("www.dns.test.") + b"\0"), "FORMERR")


@check("missing-qclass", "RFC 1035 §4.1.2")
def missing_qclass(ask):
    """A question without a class: FORMERR, a header alone."""
    expect_header_only(ask.send(header() + name("www.dns.test.") + b"\0\1"), "FORMERR")
    expect_header_only(ask.send(header() + name("www.dns.test.") + b"\0\1\0"), "FORMERR")


# Types of questions.

@check("qtype-opt", "RFC 6891 §6.1.1")
def qtype_opt(ask):
    """OPT is no type of a question: FORMERR."""
    ask.query(qtype=41).expect(rcode="FORMERR")


@check("qtype-tsig-tkey", "RFC 8945 §4.2, RFC 2930 §4, CVE-2026-3119")
def qtype_tsig(ask):
    """TSIG is no type of a question, and no keys are exchanged: FORMERR, NOTIMP."""
    ask.query(qtype=250).expect(rcode="FORMERR")
    ask.query(qtype=249).expect(rcode="NOTIMP")


@check("qtype-nxname", "RFC 9824 §3.5")
def qtype_nxname(ask):
    """NXNAME is no type of a question: FORMERR."""
    ask.query(qtype=128).expect(rcode="FORMERR")
    ask.query("x.www.dns.test.", 128).expect(rcode="FORMERR")


@check("maila-mailb", "RFC 1035 §3.2.3")
def maila_mailb(ask):
    """MAILA and MAILB are obsolete: NOTIMP."""
    ask.query(qtype=254).expect(rcode="NOTIMP")
    ask.query(qtype=253).expect(rcode="NOTIMP")


@check("axfr-over-udp", "RFC 5936 §4.2", over=UDP)
def axfr_over_udp(ask):
    """AXFR over UDP: REFUSED, not a record."""
    ask.query("dns.test.", "AXFR").expect(rcode="REFUSED", aa=False)


@check("ixfr-udp-not-data", "RFC 1995 §2")
def ixfr(ask):
    """IXFR: REFUSED, not a record."""
    soa = record("dns.test.", "SOA", 1, 60, name("ns1.dns.test.") + name("a.dns.test.") + bytes(20))
    ask.query("dns.test.", "IXFR").expect(rcode="REFUSED")
    ask.send(header(counts=(1, 0, 1, 0)) + question("dns.test.", "IXFR") + soa).expect(rcode="REFUSED")


@check("qtype-0", "RFC 1035 §3.2.2")
def qtype_0(ask):
    """Type 0 is looked up like any other: NODATA."""
    ask.query(qtype=0).expect(aa=True, an=[], ns=NODATA)


@check("qtype-65535-nodata", "RFC 3597 §3, CVE-2021-36754")
def qtype_65535(ask):
    """The last type: NODATA."""
    ask.query(qtype=65535).expect(aa=True, an=[], ns=NODATA)


@check("qtype-666-nodata", "RFC 3597 §3, RFC 8906 §3.1.2")
def qtype_666(ask):
    """A type nobody defined: NODATA, not NOTIMP."""
    ask.query(qtype=666).expect(aa=True, an=[], ns=NODATA)
    ask.query("x.www.dns.test.", 666).expect(rcode="NXDOMAIN", ns=NODATA)


@check("unknown-type-data", "RFC 3597 §3, RFC 3597 §4")
def unknown_type(ask):
    """Data of a type nobody defined is answered as it is, names in it uncompressed."""
    reply = ask.query("unknown.dns.test.", 65400).expect(an=["unknown.dns.test. 300 TYPE65400 \\# 4 deadbeef"])
    reply = ask.query("unknown.dns.test.", 666)
    if [item.rdata for item in reply.answer] != [name("dns.test.")]:
        raise Bad(reply.wire.hex())


@check("rrsig-query-nodata", "RFC 4035 §3.1")
def rrsig(ask):
    """DNSSEC's own types are NODATA in a zone that is not signed."""
    for qtype in ("RRSIG", "NSEC", "DNSKEY", "NSEC3", "NSEC3PARAM", "CDS", "CDNSKEY"):
        ask.query("dns.test.", qtype).expect(aa=True, an=[], ns=NODATA)


@check("any-bounded", "RFC 8482 §4.1")
def any_bounded(ask):
    """ANY is answered by one RRset of the name, the same each time."""
    first = ask.query(qtype="ANY", ident=9).expect(aa=True, an=["www.dns.test. 300 A 192.0.2.80"])
    if ask.query(qtype="ANY", ident=9).wire != first.wire:
        raise Bad("another RRset")
    ask.query("ent.dns.test.", "ANY").expect(aa=True, an=[], ns=NODATA)
    ask.query("x.www.dns.test.", "ANY").expect(rcode="NXDOMAIN", ns=NODATA)


@check("any-bigtxt-no-amplify", "RFC 8482 §4.1", over=UDP)
def any_big(ask):
    """ANY at a name with much data is no larger than the answer to one of its types, and never above the limit."""
    reply = ask.query("bigany.dns.test.", "ANY").expect(an=["bigany.dns.test. 300 A 192.0.2.82"])
    if len(reply.wire) > 100:
        raise Bad(len(reply.wire))
    ask.query("s1400.dns.test.", "ANY", size=65535).expect(tc=True)


@check("all-qtypes", "RFC 3597 §3, CVE-2021-36754, DVE-2017-0011, DVE-2017-0019", over=UDP, once=True)
def all_qtypes(ask):
    """All 65,536 types at a name with data, a wildcard's, an empty non-terminal and one that is not there."""
    no_data = {41: "FORMERR", 128: "FORMERR", 250: "FORMERR", 249: "NOTIMP", 253: "NOTIMP", 254: "NOTIMP",
               251: "REFUSED", 252: "REFUSED"}
    has_data = {"www.dns.test.": {1, 16, 28, 255}, "any.wild.dns.test.": {1, 16, 255}}
    for asked in ("www.dns.test.", "any.wild.dns.test.", "ent.dns.test.", "x.www.dns.test."):
        absent = ask.query(asked, 65280, edns=False, ident=0)
        absent.expect(rcode="NXDOMAIN" if asked[0] == "x" else "NOERROR", an=[], ns=NODATA, aa=True)
        at = 12 + len(name(asked))
        tail = absent.wire[at + 2:]
        wires = [query(asked, qtype, edns=False, ident=qtype) for qtype in range(65536)]
        for wire, reply in ask.flood_raw(wires):
            (qtype,) = struct.unpack_from(">H", wire)
            if qtype in no_data:
                ask.read(wire, reply).expect(rcode=no_data[qtype])
            elif qtype in has_data.get(asked, ()):
                read = ask.read(wire, reply).expect(aa=True, ns=[])
                if {item.rdtype for item in read.answer} != {min(has_data[asked]) if qtype == 255 else qtype}:
                    raise Bad(f"{asked} TYPE{qtype}: {reply.hex()}")
            elif reply[2:at] != absent.wire[2:at] or reply[at:at + 2] != wire[:2] or reply[at + 2:] != tail:
                raise Bad(f"{asked} TYPE{qtype}: {reply.hex()}")
            else:
                ask.count(absent)
