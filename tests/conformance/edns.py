"""EDNS: RFC 6891 and the options that are read or ignored. Cookies are in cookies.py, client subnets in ecs.py."""
import itertools
import struct

from tests.conformance.check import TCP, UDP, check
from tests.conformance.message import (COOKIE, DO, EDE, KEEPALIVE, NSID, PADDING, ZONEVERSION, AD, CD, RD, Bad, Z, ecs,
                                       header, opt, option, question, record)
from tests.conformance.messages import WWW

GREETING = b"e2e 7.0"  # the identity of the lab's servers, and generation and sequence of the table


def expect_opt(reply, version=0, flags=0, size=1232):
    """The reply's OPT as it stands there."""
    if reply.opt is None or str(reply.opt.owner) != "." or reply.opt.rdclass != size:
        raise Bad(f"OPT: {reply.opt and (str(reply.opt.owner), reply.opt.rdclass)}")
    if reply.opt.ttl >> 16 & 0xff != version or reply.opt.ttl & 0xffff != flags:
        raise Bad(f"OPT version and flags: {reply.opt.ttl:#010x}")
    return reply


def expect_no_options(reply):
    if reply.opt.rdata:
        raise Bad(f"options that nobody asked for: {reply.opt.options()}")
    return reply


@check("plain-no-opt-in-reply", "RFC 6891 §6.1.1")
def plain(ask):
    """Who sends no OPT gets none, whatever the rcode."""
    ask.query(edns=False).expect(an=WWW, opt=False)
    ask.query("x.www.dns.test.", edns=False).expect(rcode="NXDOMAIN", opt=False)
    ask.query("www.example.org.", edns=False).expect(rcode="REFUSED", opt=False)
    ask.query(qtype=128, edns=False).expect(rcode="FORMERR", opt=False)
    ask.query(qtype=254, edns=False).expect(rcode="NOTIMP", opt=False)


@check("opt-in-reply", "RFC 6891 §6.1.1")
def opt_in_reply(ask):
    """Who sends an OPT gets one: version 0, no flags, no options."""
    expect_no_options(expect_opt(ask.query().expect(an=WWW)))
    expect_no_options(expect_opt(ask.query("www.dns.test.", "MX").expect(an=[])))


@check("reply-opt-size", "RFC 9715 §3.1, RFC 6891 §6.2.4")
def reply_opt_size(ask):
    """Our OPT says what we take ourselves, whatever the client's says."""
    for size in (0, 512, 1232, 4096, 65535):
        expect_opt(ask.query(size=size).expect(an=WWW), size=1232)


@check("badvers", "RFC 6891 §6.1.3")
def badvers(ask):
    """A version above ours: BADVERS in an OPT of version 0, and no answer."""
    expect_no_options(expect_opt(ask.query(version=1).expect(rcode="BADVERS", aa=False)))


@check("badvers-255", "RFC 6891 §6.1.3")
def badvers_255(ask):
    """The last version: likewise."""
    for version in (2, 100, 255):
        expect_opt(ask.query(version=version).expect(rcode="BADVERS"))


@check("badvers-with-options", "RFC 8906 §3.2.2")
def badvers_with_options(ask):
    """What options mean in another version is not known: none is read."""
    for options in ((option(65001, b"x" * 40),), (option(NSID),), (ecs(1, 33, 0, b"bad"),)):
        expect_no_options(expect_opt(ask.query("www.dns.test.", "A", *options, version=1).expect(rcode="BADVERS")))


@check("badvers-outside-zone", "RFC 6891 §6.1.3")
def badvers_outside(ask):
    """BADVERS goes before anything that is said of the name."""
    ask.query("www.example.org.", version=1).expect(rcode="BADVERS", opt=True)
    ask.query("x.www.dns.test.", version=1).expect(rcode="BADVERS", opt=True)


@check("unknown-option-ignored", "RFC 6891 §6.1.2, RFC 8906 §3.2.3, DVE-2017-0020, DVE-2018-0002")
def unknown_option(ask):
    """An option nobody knows is ignored and not echoed."""
    for code, data in ((0, b""), (100, b""), (65001, b"\1\2\3\4"), (65535, b"x" * 500)):
        expect_no_options(ask.query("www.dns.test.", "A", option(code, data)).expect(an=WWW, opt=True))


@check("unknown-flags-zeroed", "RFC 6891 §6.1.4, RFC 8906 §3.2.4")
def unknown_flags(ask):
    """EDNS flags nobody defined are ignored and 0 in the reply."""
    reply = ask.send(header(counts=(1, 0, 0, 1)) + question() + opt(flags=0x7fff)).expect(an=WWW)
    expect_opt(reply, flags=0)
    reply = ask.send(header(counts=(1, 0, 0, 1)) + question() + opt(flags=0xffff)).expect(an=WWW)
    expect_opt(reply, flags=DO)


@check("do-bit-copied", "RFC 3225 §3, RFC 8906 §3.2.6")
def do_bit(ask):
    """DO is copied; there is nothing signed to send."""
    for name, rcode in (("www.dns.test.", "NOERROR"), ("x.www.dns.test.", "NXDOMAIN"), ("www.example.org.", "REFUSED")):
        reply = ask.send(header(counts=(1, 0, 0, 1)) + question(name) + opt(flags=DO)).expect(rcode=rcode)
        expect_opt(reply, flags=DO)


@check("two-opts-formerr", "RFC 6891 §6.1.1")
def two_opts(ask):
    """Two OPTs: FORMERR."""
    ask.send(header(counts=(1, 0, 0, 2)) + question() + opt() + opt()).expect(rcode="FORMERR")
    other = record("x.dns.test.", "A", 1, 60, b"\0\0\0\0")
    ask.send(header(counts=(1, 0, 0, 3)) + question() + opt() + other + opt(version=1)).expect(rcode="FORMERR")


@check("opt-owner-not-root", "RFC 6891 §6.1.2")
def opt_owner(ask):
    """An OPT that is not the root's: FORMERR."""
    for owner in (b"\1a\0", b"\xc0\x0c"):
        ask.send(header(counts=(1, 0, 0, 1)) + question() + opt(owner=owner)).expect(rcode="FORMERR")


@check("opt-rdlen-overrun", "RFC 6891 §6.1.2")
def opt_rdlen_overrun(ask):
    """An OPT whose RDATA would reach beyond the message: FORMERR."""
    for rdlength in (1, 4, 65535):
        ask.send(header(counts=(1, 0, 0, 1)) + question() + opt(rdlength=rdlength)).expect(rcode="FORMERR")


@check("option-len-overrun", "RFC 6891 §6.1.2")
def option_len_overrun(ask):
    """An option that would reach beyond its OPT: FORMERR, bytes behind the OPT or not."""
    for code, length in itertools.product((NSID, COOKIE, 65001), (1, 9, 65535)):
        ask.send(header(counts=(1, 0, 0, 1)) + question() + opt(option(code, b"", length))).expect(rcode="FORMERR")
        ask.send(header(counts=(1, 0, 0, 1)) + question() + opt(option(code, b"", length)) +
                 bytes(100)).expect(rcode="FORMERR")


@check("option-header-cut", "RFC 6891 §6.1.2")
def option_header_cut(ask):
    """Fewer bytes than an option's code and length need: FORMERR."""
    for rest in (b"\0", b"\0\3", b"\0\3\0", option(65001, b"xy") + b"\0\3\0"):
        ask.send(header(counts=(1, 0, 0, 1)) + question() + opt(rest)).expect(rcode="FORMERR")


@check("size-below-512", "RFC 6891 §6.2.3", over=UDP)
def size_below_512(ask):
    """A size below 512 counts as 512."""
    for size in (0, 1, 60, 511, 512):
        ask.query("s400.dns.test.", "TXT", size=size).expect(aa=True, tc=False)
        ask.query("s600.dns.test.", "TXT", size=size).expect(tc=True)


@check("opt-in-answer-section", "RFC 6891 §6.1.1")
def opt_in_answer(ask):
    """An OPT in answer or authority is none: answered as if it were not there."""
    for counts in ((1, 1, 0, 0), (1, 0, 1, 0)):
        ask.send(header(counts=counts) + question() + opt()).expect(an=WWW, opt=False)
        ask.send(header(counts=counts) + question() + opt(version=9)).expect(an=WWW, opt=False)


@check("opt-then-other-rr", "RFC 6891 §6.1.1")
def opt_then_other(ask):
    """The OPT may stand before other additional records."""
    other = record("x.dns.test.", "A", 1, 60, b"\0\0\0\0")
    ask.send(header(counts=(1, 0, 0, 2)) + question() + opt(option(NSID)) + other).expect(an=WWW, opt=True, ar=[])


@check("other-rr-then-opt", "RFC 6891 §6.1.1")
def other_then_opt(ask):
    """The OPT may stand behind other additional records."""
    other = record("x.dns.test.", "A", 1, 60, b"\0\0\0\0")
    reply = ask.send(header(counts=(1, 1, 1, 3)) + question() + other * 4 + opt(option(NSID)))
    if reply.expect(an=WWW, ns=[], ar=[]).options(NSID) != [GREETING]:
        raise Bad("the OPT was not read")


@check("refused-carries-opt", "RFC 6891 §6.1.1")
def refused_carries_opt(ask):
    """REFUSED carries an OPT where the query did."""
    expect_opt(ask.query("www.example.org.").expect(rcode="REFUSED"))


@check("nxdomain-carries-opt", "RFC 6891 §6.1.1")
def nxdomain_carries_opt(ask):
    """NXDOMAIN carries an OPT where the query did."""
    expect_opt(ask.query("x.www.dns.test.").expect(rcode="NXDOMAIN"))


@check("formerr-qd2-opt", "RFC 6891 §6.1.1, RFC 9619 §4")
def formerr_qd2_opt(ask):
    """FORMERR for two questions carries an OPT where one stands behind them."""
    wire = header(counts=(2, 0, 0, 1)) + question() * 2 + opt()
    expect_opt(ask.send(wire).expect(rcode="FORMERR"))


@check("nsid-only-on-request", "RFC 5001 §2.2")
def nsid_on_request(ask):
    """NSID is sent to who asks for it, and to nobody else."""
    if ask.query().expect(an=WWW).options(NSID):
        raise Bad("NSID unasked")


@check("nsid", "RFC 5001 §2.2, RFC 5001 §2.3")
def nsid(ask):
    """NSID names the server and the table that answered, in errors too; once, however often it is asked for."""
    for name, rcode in (("www.dns.test.", "NOERROR"), ("x.www.dns.test.", "NXDOMAIN"), ("www.example.org.", "REFUSED")):
        for times in (1, 2, 5):
            reply = ask.query(name, "A", *[option(NSID)] * times).expect(rcode=rcode)
            if reply.options(NSID) != [GREETING]:
                raise Bad(reply.opt.options())


@check("nsid-nonempty-request", "RFC 5001 §2.1")
def nsid_nonempty(ask):
    """A request for NSID is empty; another is ignored."""
    reply = ask.query("www.dns.test.", "A", option(NSID, b"x")).expect(an=WWW)
    if reply.options(NSID):
        raise Bad("answered")


@check("keepalive-ignored-on-udp", "RFC 7828 §3.3.1", over=UDP)
def keepalive_udp(ask):
    """edns-tcp-keepalive means nothing over UDP."""
    for data in (b"", b"\0\1"):
        expect_no_options(ask.query("www.dns.test.", "A", option(KEEPALIVE, data)).expect(an=WWW))


@check("padding-no-udp-amplification", "RFC 7830 §6, RFC 8467 §4", over=UDP)
def padding(ask):
    """Padding in clear text would hide nothing and make replies longer: none is sent."""
    for length in (0, 1, 400):
        expect_no_options(ask.query("www.dns.test.", "A", option(PADDING, bytes(length))).expect(an=WWW))


@check("expire-ignored", "RFC 7314 §2")
def expire(ask):
    """EXPIRE speaks of secondaries: ignored."""
    expect_no_options(ask.query("dns.test.", "SOA", option(9)).expect(aa=True))


def expect_ede(reply, code):
    if reply.opt.options() != [(EDE, code.to_bytes(2, "big"))]:
        raise Bad(reply.opt.options())


@check("ede-only-with-edns", "RFC 8914 §3")
def ede_only_with_edns(ask):
    """Extended errors need an OPT to stand in, and an error to speak of; a query's own means nothing."""
    ask.query("www.example.org.", edns=False).expect(rcode="REFUSED", opt=False)
    ask.query(qtype=128, edns=False).expect(rcode="FORMERR", opt=False)
    expect_no_options(ask.query("www.dns.test.", "A", option(EDE, b"\0\0")).expect(an=WWW))
    expect_no_options(ask.query("www.dns.test.", "MX").expect(an=[]))
    expect_no_options(ask.query("x.www.dns.test.").expect(rcode="NXDOMAIN"))


@check("ede-not-authoritative", "RFC 8914 §4.21")
def ede_not_authoritative(ask):
    """REFUSED outside our zones says so: 20."""
    for name in ("www.example.org.", "test.", "."):
        expect_ede(ask.query(name).expect(rcode="REFUSED"), 20)
    expect_ede(ask.query("no.such.", "TXT", qclass=3).expect(rcode="REFUSED"), 20)


@check("ede-prohibited", "RFC 8914 §4.19, RFC 5936 §5")
def ede_prohibited(ask):
    """A zone transfer is refused as prohibited: 18."""
    for qtype in ("AXFR", "IXFR"):
        expect_ede(ask.query("dns.test.", qtype).expect(rcode="REFUSED"), 18)


@check("ede-invalid-query-type", "RFC 9824 §3.5")
def ede_invalid_query_type(ask):
    """A type that is no question's is named as the fault: 30."""
    for qtype in (128, 41, 250):
        expect_ede(ask.query("dns.test.", qtype).expect(rcode="FORMERR"), 30)


@check("ede-not-supported", "RFC 8914 §4.22")
def ede_not_supported(ask):
    """Types and classes that are not served: 21."""
    for qtype in (249, 253, 254):
        expect_ede(ask.query("dns.test.", qtype).expect(rcode="NOTIMP"), 21)
    for qclass in (0, 4, 254, 255):
        expect_ede(ask.query("dns.test.", qclass=qclass).expect(rcode="REFUSED"), 21)


@check("options-amplify-nothing", "practice", same=False)
def options_amplify_nothing(ask):
    """A reply without records is at most half as long again as its query, whatever was asked for but NSID."""
    for name, qtype, qclass in ((".", "NS", 1), ("a.", "A", 1), ("a.", 128, 1), ("a.", 252, 1), ("a.", 254, 1),
                                ("a.", "A", 255), ("a.", "TXT", 3), ("x" * 63 + ".invalid.", "A", 1)):
        for options in ((), (option(COOKIE, b"12345678"),), (option(ZONEVERSION), option(KEEPALIVE)),
                        (ecs(1, 24, 0, b"\xc0\0\2"),), (option(COOKIE, bytes(24)), option(PADDING))):
            wire = header(counts=(1, 0, 0, 1)) + question(name, qtype, qclass) + opt(*options)
            reply = ask.send(wire)
            if reply.rcode == 0 or 2 * len(reply.wire) > 3 * len(wire):
                raise Bad(f"{len(wire)} bytes asked, {len(reply.wire)} answered: {name} {qtype}")


@check("tcp-keepalive-nonempty-request", "RFC 7828 §3.2.1", over=TCP)
def keepalive_nonempty(ask):
    """A client has no timeout to tell: an edns-tcp-keepalive option with one is ignored, and who sends none gets none."""
    expect_no_options(ask.query("www.dns.test.", "A", option(KEEPALIVE, b"\0\1")).expect(an=WWW))
    expect_no_options(ask.query("www.dns.test.", "A").expect(an=WWW))


def expect_zoneversion(reply, labels, serial):
    if reply.options(ZONEVERSION) != [struct.pack(">BBI", labels, 0, serial)]:
        raise Bad(reply.opt.options())


@check("zoneversion", "RFC 9660 §3.2")
def zoneversion(ask):
    """ZONEVERSION names the zone that speaks of the question's name, by its labels, and its SOA's serial."""
    soa = ask.query("dns.test.", "SOA").expect(aa=True).answer[0].rdata
    serial = struct.unpack(">I", soa[-20:-16])[0]
    for name, qtype, rcode in (("www.dns.test.", "A", "NOERROR"), ("www.dns.test.", "MX", "NOERROR"),
                               ("x.www.dns.test.", "A", "NXDOMAIN")):
        expect_zoneversion(ask.query(name, qtype, option(ZONEVERSION)).expect(rcode=rcode), 2, serial)
    expect_zoneversion(ask.query("www.dns.test.", "A", option(ZONEVERSION, b"payload")).expect(an=WWW), 2, serial)


@check("zoneversion-only-on-request", "RFC 9660 §3.2")
def zoneversion_on_request(ask):
    """Unasked, or for a name of nobody's zone here, there is no ZONEVERSION."""
    expect_no_options(ask.query().expect(an=WWW))
    if ask.query("www.example.org.", "A", option(ZONEVERSION)).expect(rcode="REFUSED").options(ZONEVERSION):
        raise Bad("of no zone")


@check("100-options", "CVE-2024-11187, practice")
def hundred_options(ask):
    """As many options as fit are walked, and the ones we know found among them."""
    reply = ask.query("www.dns.test.", "A", *(option(65001 + i % 500, b"x" * (i % 5)) for i in range(100)),
                      option(NSID), *(option(65001) for _ in range(100))).expect(an=WWW)
    if reply.opt.options() != [(NSID, GREETING)]:
        raise Bad(reply.opt.options())


@check("opt-ttl-extrcode-in-query-ignored", "RFC 6891 §6.1.3")
def extended_rcode_in_query(ask):
    """An extended rcode in a query means nothing."""
    for value in (1, 255):
        expect_opt(ask.query(extended_rcode=value).expect(an=WWW))


# Cookies are made of the time and of who asks.
@check("compliance-matrix", "RFC 8906 §8.1, RFC 8906 §8.2, DVE-2017-0018", same=False)
def compliance_matrix(ask):
    """Every combination of the field's EDNS tests gets a reply: versions, flags, options, sizes, header bits, types."""
    for version, edns_flags, options, size, flags, qtype in itertools.product(
            (0, 1), (0, DO, 0x40), ((), (option(100),), (option(NSID), option(COOKIE, b"12345678"), ecs(1, 0))),
            (512, 4096), (0, RD, AD | CD, Z), ("SOA", 1000)):
        wire = header(flags, (1, 0, 0, 1)) + question("dns.test.", qtype)
        wire += opt(*options, size=size, version=version, flags=edns_flags)
        reply = ask.send(wire)
        reply.expect(rcode="BADVERS" if version else "NOERROR", aa=not version, opt=True)
        if not version and bool(reply.answer) != (qtype == "SOA"):
            raise Bad(f"{flags:#x} {qtype}")
        expect_opt(reply, flags=edns_flags & DO)
