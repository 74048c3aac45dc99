"""Headers, opcodes, classes, sections: messages right and wrong."""
import struct

from tests.conformance.check import BOTH, UDP, check
from tests.conformance.message import (AA, AD, CD, QR, RA, RD, TC, Bad, Z, header, name, opt, query, question, record)

WWW = ["www.dns.test. 300 A 192.0.2.80"]
PLAIN = {"edns": False}


def ask_with(ask, flags, **expected):
    """The plain question with these header flags; answered as without them."""
    return ask.query(flags=flags, **PLAIN).expect(an=WWW, aa=True, **expected)


def expect_bits(reply, **bits):
    for bit, is_set in bits.items():
        if reply.has(globals()[bit.upper()]) != is_set:
            raise Bad(f"{bit.upper()} is {int(not is_set)}")


def expect_header_only(reply, rcode):
    reply.expect(rcode=rcode)
    if len(reply.wire) != 12 or any(reply.counts):
        raise Bad(f"not a header alone: {reply.wire.hex()}")


def expect_formerr(ask, wire, is_echoed):
    """FORMERR that echoes the question or nothing, and never more than came."""
    reply = ask.send(wire).expect(rcode="FORMERR", aa=False)
    if (reply.counts[0] == 1) != is_echoed:
        raise Bad(f"{reply.counts[0]} questions echoed")
    if len(reply.wire) - (11 if reply.opt else 0) > len(wire):
        raise Bad("longer than the query")
    return reply


# Header.

@check("id-qr-opcode", "RFC 1035 §4.1.1")
def id_qr_opcode(ask):
    """ID and opcode come back as they were sent, with QR set."""
    for ident in (0, 1, 0x00ff, 0x8000, 0xffff):
        reply = ask.query(ident=ident, **PLAIN).expect(an=WWW)
        if reply.ident != ident or reply.flags & 0xf800 != QR:
            raise Bad(f"{reply.ident:#x} {reply.flags:#06x}")


@check("aa-set", "RFC 1035 §4.1.1, RFC 2181 §5.4.1")
def aa_set(ask):
    """AA is set where we speak for the name, NODATA and NXDOMAIN too, and clear in referrals and REFUSED."""
    ask.query("www.dns.test.").expect(aa=True)
    ask.query("www.dns.test.", "MX").expect(aa=True)
    ask.query("x.www.dns.test.").expect(rcode="NXDOMAIN", aa=True)
    ask.query("www.in.dns.test.").expect(aa=False)
    ask.query("www.example.org.").expect(rcode="REFUSED", aa=False)


@check("ra-clear", "RFC 1035 §4.1.1")
def ra_clear(ask):
    """RA is 0, also to who asks for recursion: there is none here."""
    expect_bits(ask_with(ask, RD), ra=False)
    expect_bits(ask.query("www.example.org.", flags=RD).expect(rcode="REFUSED"), ra=False)


@check("rd-copied", "RFC 1035 §4.1.1")
def rd_copied(ask):
    """RD is copied, into errors too."""
    expect_bits(ask_with(ask, RD), rd=True)
    expect_bits(ask.query("www.dns.test.", 128, flags=RD).expect(rcode="FORMERR"), rd=True)


@check("rd-not-invented", "RFC 1035 §4.1.1")
def rd_not_invented(ask):
    """RD stays 0 where it was 0."""
    expect_bits(ask_with(ask, 0), rd=False)


@check("z-bit-ignored-and-zero", "RFC 8906 §3.1.3, RFC 1035 §4.1.1")
def z_bit(ask):
    """The reserved bit is ignored and 0 in the reply."""
    expect_bits(ask_with(ask, Z), z=False)


@check("ad-in-query", "RFC 6840 §5.7, RFC 8906 §3.1.3, DVE-2017-0013")
def ad_in_query(ask):
    """AD in a query is no reason to set it: nothing here was validated."""
    expect_bits(ask_with(ask, AD), ad=False)


@check("cd-in-query", "RFC 4035 §3.1.6, RFC 8906 §3.1.3")
def cd_in_query(ask):
    """CD is copied."""
    expect_bits(ask_with(ask, CD), cd=True)
    expect_bits(ask_with(ask, 0), cd=False)


@check("tc-in-query-ignored", "RFC 8906 §3.1.3")
def tc_in_query(ask):
    """TC in a query means nothing."""
    ask_with(ask, TC)


@check("aa-ra-in-query-ignored", "RFC 8906 §3.1.3")
def aa_ra_in_query(ask):
    """AA and RA in a query mean nothing."""
    expect_bits(ask_with(ask, AA | RA), ra=False)
    ask.query("www.example.org.", flags=AA | RA).expect(rcode="REFUSED", aa=False)


@check("rcode-in-query-ignored", "RFC 1035 §4.1.1")
def rcode_in_query(ask):
    """An rcode in a query means nothing."""
    for rcode in range(1, 16):
        ask_with(ask, rcode)


@check("response-bit-dropped", "RFC 1035 §7.3, CVE-2024-2169")
def response_bit(ask):
    """A response is never answered, or two servers could keep each other busy for ever."""
    for flags in (0x8000, 0x8180, 0x8005, 0xffff):
        ask.silence(header(flags) + question(), "drop_response")
    ask.silence(header(0x8001, (0, 0, 0, 0)), "drop_response")


@check("all-header-flags", "RFC 8906 §3.1.3, RFC 1035 §4.1.1", over=UDP, once=True)
def all_header_flags(ask):
    """Each of the 32,768 flag words of a query is answered, by opcode alone; each response's word is not."""
    wires = [query(flags=flags, ident=flags, **PLAIN) for flags in range(0x8000)]
    for wire, reply in ask.flood(wires):
        (flags,) = struct.unpack_from(">H", wire, 2)
        if flags & 0x7800 == 0:
            reply.expect(an=WWW, aa=True)
            expect_bits(reply, rd=bool(flags & RD), cd=bool(flags & CD))
        elif reply.rcode_text == "NOERROR" or reply.answer:
            raise Bad(f"flags {flags:#06x} are answered")
    ask.silence_all([query(flags=flags, ident=flags, **PLAIN) for flags in range(0x8000, 0x10000)], "drop_response")


# Opcodes.

@check("iquery-notimp", "RFC 3425 §3")
def iquery(ask):
    """IQUERY is obsolete: NOTIMP, a header alone."""
    wire = header(1 << 11, (0, 1, 0, 0)) + record(b"\0", "A", rdata=bytes([192, 0, 2, 80]))
    expect_header_only(ask.send(wire), "NOTIMP")


@check("status-notimp", "RFC 1035 §4.1.1")
def status(ask):
    """STATUS: NOTIMP, a header alone."""
    expect_header_only(ask.send(header(2 << 11) + question()), "NOTIMP")


@check("opcode3-notimp", "RFC 8906 §3.1.4")
def opcode3(ask):
    """An opcode nobody defined: NOTIMP, a header alone."""
    expect_header_only(ask.send(header(3 << 11) + question()), "NOTIMP")


@check("opcode15-notimp", "RFC 8906 §3.1.4")
def opcode15(ask):
    """The last opcode: NOTIMP, a header alone; what EDNS says there is not known."""
    expect_header_only(ask.send(header(15 << 11) + question()), "NOTIMP")
    expect_header_only(ask.send(query(flags=15 << 11)), "NOTIMP")


@check("opcode15-allflags", "RFC 8906 §3.1.4")
def opcode15_allflags(ask):
    """Every bit but QR set: NOTIMP; RD and CD copied, nothing else."""
    reply = ask.send(header(0x7fff) + question())
    expect_header_only(reply, "NOTIMP")
    if reply.flags != 0xf914:
        raise Bad(f"{reply.flags:#06x}")


@check("opcodes-answered", "RFC 8906 §3.1.4")
def every_opcode(ask):
    """Each of the sixteen opcodes gets a reply of the same opcode; only QUERY gets data."""
    for opcode in range(1, 16):
        for wire in (query(flags=opcode << 11), header(opcode << 11, (0, 0, 0, 0))):
            reply = ask.send(wire)
            if reply.rcode_text == "NOERROR" or reply.answer or reply.authority:
                raise Bad(f"opcode {opcode}: {reply.rcode_text}")


@check("notify-not-noerror", "RFC 1996 §3.10")
def notify(ask):
    """A NOTIFY changes nothing here and is not thanked for."""
    wire = header(4 << 11 | AA, (1, 1, 0, 0)) + question("dns.test.", "SOA")
    wire += record(b"\xc0\x0c", "SOA", ttl=60, rdata=name("ns1.dns.test.") + name("a.dns.test.") + bytes(20))
    reply = ask.send(wire)
    if reply.rcode_text not in ("NOTIMP", "REFUSED", "NOTAUTH"):
        raise Bad(reply.rcode_text)


@check("update-denied", "RFC 2136 §3.3, RFC 3007 §3")
def update(ask):
    """An unsigned UPDATE is refused, whatever it would do."""
    zone = question("dns.test.", "SOA")
    add = record("new.dns.test.", "TXT", 1, 60, b"\3new")
    reply = ask.send(header(5 << 11, (1, 0, 1, 0)) + zone + add)
    if reply.rcode_text not in ("NOTIMP", "REFUSED", "NOTAUTH"):
        raise Bad(reply.rcode_text)
    ask.query("new.dns.test.", "TXT").expect(rcode="NXDOMAIN")


@check("dso-udp", "RFC 8490 §5.1.1")
def dso(ask):
    """DNS Stateful Operations are not implemented: NOTIMP, no state."""
    wire = header(6 << 11, (0, 0, 0, 0)) + struct.pack(">2H", 1, 8) + bytes(8)
    expect_header_only(ask.send(wire), "NOTIMP")


# Classes and names that are not ours.

@check("class-chaos", "RFC 4892 §2")
def class_chaos(ask):
    """CHAOS has our five TXT names; everything else there is REFUSED."""
    for asked in ("version.bind.", "version.server.", "id.server.", "hostname.bind.", "generation.meridian."):
        reply = ask.query(asked, "TXT", qclass=3).expect(aa=True)
        if len(reply.answer) != 1 or reply.answer[0].rdclass != 3:
            raise Bad([item.text() for item in reply.answer])
    ask.query("www.dns.test.", qclass=3).expect(rcode="REFUSED")
    ask.query("version.bind.", "A", qclass=3).expect(rcode="REFUSED")
    ask.query("dns.test.", "SOA", qclass=3).expect(rcode="REFUSED")


@check("class-none", "RFC 2136 §2.4")
def class_none(ask):
    """Class NONE is for updates: REFUSED."""
    ask.query(qclass=254).expect(rcode="REFUSED", aa=False)


@check("class-any-no-crash", "RFC 1035 §3.2.5")
def class_any(ask):
    """Class ANY: REFUSED."""
    ask.query(qclass=255).expect(rcode="REFUSED", aa=False)
    ask.query(qtype="ANY", qclass=255).expect(rcode="REFUSED", aa=False)


@check("class-0", "RFC 1035 §3.2.4")
def class_0(ask):
    """A reserved class, and unknown ones: REFUSED."""
    for qclass in (0, 2, 4, 5, 0x8001, 0xffff):
        ask.query(qclass=qclass).expect(rcode="REFUSED", aa=False)


@check("out-of-zone-refused", "RFC 8906 §3, RFC 1034 §4.3.2")
def out_of_zone(ask):
    """A name in no zone of ours: REFUSED; no AA, no SOA, no referral upwards."""
    for asked in ("www.example.org.", "dns.test.org.", "xdns.test.", "www.dns.tes."):
        ask.query(asked).expect(rcode="REFUSED", aa=False)


@check("root-refused", "RFC 8906 §3")
def root(ask):
    """The root is not ours: REFUSED, for every type."""
    for qtype in ("NS", "A", "SOA", "ANY"):
        ask.query(".", qtype).expect(rcode="REFUSED", aa=False)


@check("parent-refused", "RFC 1034 §4.3.2")
def parent(ask):
    """The name above our zone is not ours."""
    ask.query("test.", "NS").expect(rcode="REFUSED", aa=False)
    ask.query("test.", "SOA").expect(rcode="REFUSED", aa=False)


@check("short-qnames", "CVE-2018-14626, practice")
def short_names(ask):
    """The shortest names: the root, one label of one octet; nothing to fall over."""
    for asked in (b"\0", b"\1a\0", b"\1\0\0", b"\1.\0", b"\1*\0"):
        ask.query(asked).expect(rcode="REFUSED")
    ask.query("example.", "NS").expect(aa=True)


# Sections and counts.

@check("short-0-dropped", "RFC 1035 §4.1.1", over=UDP)
def short_0(ask):
    """An empty datagram is dropped."""
    ask.silence(b"", "drop_runt")


for _length in (1, 2, 11):
    def _short(ask, length=_length):
        ask.silence(header()[:length], "drop_runt")
    _short.__doc__ = f"{_length} bytes are no header: dropped."
    check(f"short-{_length}-dropped", "RFC 1035 §4.1.1", BOTH)(_short)


@check("header-only", "RFC 9619 §4")
def header_only(ask):
    """A header without a question: FORMERR, a header alone."""
    expect_header_only(ask.send(header(counts=(0, 0, 0, 0))), "FORMERR")


@check("header-qd1-empty", "RFC 1035 §4.1.2")
def header_qd1_empty(ask):
    """A question that is promised and not there: FORMERR, a header alone."""
    expect_header_only(ask.send(header()), "FORMERR")


@check("qdcount2-formerr", "RFC 9619 §4")
def qdcount2(ask):
    """Two questions: FORMERR, and neither is echoed."""
    expect_formerr(ask, header(counts=(2, 0, 0, 0)) + question() + question("mail.dns.test."), False)


@check("qdcount-65535", "RFC 9619 §4")
def qdcount_65535(ask):
    """As many questions as can be promised: FORMERR."""
    expect_formerr(ask, header(counts=(65535, 0, 0, 0)) + question(), False)
    expect_formerr(ask, header(counts=(65535, 65535, 65535, 65535)) + question(), False)


@check("ancount-lie", "RFC 1035 §4.1.1")
def ancount_lie(ask):
    """An answer record that is promised and not there: FORMERR with the question."""
    expect_formerr(ask, header(counts=(1, 1, 0, 0)) + question(), True)


@check("nscount-lie", "RFC 1035 §4.1.1")
def nscount_lie(ask):
    """An authority record that is promised and not there: FORMERR with the question."""
    expect_formerr(ask, header(counts=(1, 0, 9, 0)) + question(), True)


@check("arcount-lie", "RFC 1035 §4.1.1")
def arcount_lie(ask):
    """An additional record that is promised and not there: FORMERR, with an OPT where one was read before."""
    expect_formerr(ask, header(counts=(1, 0, 0, 1)) + question(), True)
    expect_formerr(ask, header(counts=(1, 0, 0, 65535)) + question() + opt(), True)


@check("rr-in-answer", "RFC 1035 §4.1")
def rr_in_answer(ask):
    """Records in a query's answer and authority mean nothing; the question is answered."""
    junk = record("www.dns.test.", "A", 1, 60, b"\0\0\0\0")
    ask.send(header(counts=(1, 1, 0, 0)) + question() + junk).expect(an=WWW, ar=[])
    ask.send(header(counts=(1, 1, 2, 0)) + question() + junk * 3).expect(an=WWW, ar=[])


@check("rr-cut-short", "RFC 1035 §4.1.3")
def rr_cut_short(ask):
    """A record that ends before its end: FORMERR with the question, wherever it is cut."""
    whole = header(counts=(1, 1, 0, 0)) + question() + record("www.dns.test.", "A", 1, 60, b"\0\0\0\0")
    at = len(header() + question())
    for end in range(at, len(whole)):
        expect_formerr(ask, whole[:end], True)


@check("trailing-garbage", "RFC 1035 §4.1")
def trailing_garbage(ask):
    """Bytes behind the last record are ignored."""
    for junk in (b"\0", b"\xff" * 3, bytes(range(256))):
        ask.send(query(**PLAIN) + junk).expect(an=WWW, opt=False)
        ask.send(query() + junk).expect(an=WWW, opt=True)


@check("trailing-garbage-not-reflected", "DVE-2017-0001")
def trailing_garbage_not_reflected(ask):
    """Bytes behind the last record never come back: the reply is the one without them, to the byte."""
    junk = b"reflect me" * 30
    for wire in (query(), query("www.example.org."), query("x.www.dns.test."), query(qtype=128),
                 query("s1400.dns.test.", "TXT"), query("www.in.dns.test.", edns=False)):
        if ask.send(wire).wire != ask.send(wire + junk).wire:
            raise Bad("another reply for what lies behind")


@check("max-size-query", "RFC 1035 §4.2.2, practice")
def max_size_query(ask):
    """The longest query that arrives whole is answered like any other."""
    size = 65535 if ask.is_tcp else 1500 - 8 - (20 if ask.family == 4 else 40)
    ask.send(query().ljust(size, b"\0")).expect(an=WWW)
    filled = header(counts=(1, 0, 0, 1)) + question()
    filled += record(b"\0", "TXT", 1, 0, bytes(size - len(filled) - 11))
    ask.send(filled).expect(an=WWW, opt=False)


@check("same-question-same-bytes", "CVE-2020-17482, practice")
def same_question_same_bytes(ask):
    """A reply depends on question and table alone: the same after a thousand others, to the byte."""
    asked = [query("www.dns.test."), query("x.www.dns.test."), query("www.example.org."), query("in.dns.test."),
             query("c1.dns.test."), query("s1400.dns.test.", "TXT"), query("any.wild.dns.test."), query(qtype=128),
             query("nets.geo.test.", ident=7)]
    before = [ask.send(wire).wire for wire in asked]
    others = [query(f"{'x' * (i % 60 + 1)}.{i}.wild.dns.test.", 1 + i % 300, ident=i, edns=i % 3 > 0)
              for i in range(1000) if 1 + i % 300 not in (41, 128, 249, 250, 251, 252, 253, 254)]
    for _ in ask.flood(others):
        pass
    if [ask.send(wire).wire for wire in asked] != before:
        raise Bad("a reply has changed")
