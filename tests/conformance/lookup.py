"""Names, types and what is found: RFC 1034 §4.3.2 and what came after it."""
from tests.conformance.check import BOTH, check
from tests.conformance.message import Bad, name

SOA = ["SOA"]  # one SOA record, whatever it says
DENIAL = ["dns.test. 120 SOA ns1.dns.test. hostmaster.dns.test. 7 7200 3600 1209600 120"]
WWW_A = "www.dns.test. 300 A 192.0.2.80"
IN_NS = ["in.dns.test. 900 NS ns.in.dns.test."]
IN_GLUE = ["ns.in.dns.test. 901 A 192.0.2.61", "ns.in.dns.test. 901 AAAA 2001:db8::61"]


def lookup(ident, sources, text, asked, over=BOTH, **expected):
    """A check that is one question, "NAME TYPE", and its reply; a list of questions has the same reply for each."""
    def run(ask):
        for one in [asked] if isinstance(asked, str) else asked:
            qname, qtype = one.split()
            ask.query(qname, int(qtype[4:]) if qtype.startswith("TYPE") else qtype).expect(**expected)
    run.__doc__ = text
    check(ident, sources, over)(run)


def nodata(ident, sources, text, asked, soa=DENIAL):
    lookup(ident, sources, text, asked, aa=True, an=[], ns=soa, ar=[])


def nxdomain(ident, sources, text, asked, soa=DENIAL):
    lookup(ident, sources, text, asked, rcode="NXDOMAIN", aa=True, an=[], ns=soa, ar=[])


def referral(ident, sources, text, asked, ns, ar):
    lookup(ident, sources, text, asked, aa=False, an=[], ns=ns, ar=ar)


# Denials and their TTL.

nodata("nodata-soa-negttl", "RFC 2308 §2.2, RFC 2308 §3, DVE-2017-0008",
       "NODATA carries the SOA, with the smaller of its TTL and its MINIMUM.", "www.dns.test. MX")
nxdomain("nxdomain-soa-negttl", "RFC 2308 §2.1, RFC 2308 §3",
         "NXDOMAIN carries the SOA, with the smaller of its TTL and its MINIMUM.", "nothing.www.dns.test. A")
nodata("negttl-of-a-short-soa", "RFC 2308 §3", "Where the SOA's own TTL is the smaller one it is the denial's.",
       "www.short.test. MX",
       ["short.test. 60 SOA ns1.dns.test. hostmaster.dns.test. 3 7200 3600 1209600 300"])
lookup("soa-query-own-ttl", "RFC 2308 §3", "The SOA that is asked for keeps its own TTL.", "dns.test. SOA", aa=True,
       an=["dns.test. 3600 SOA ns1.dns.test. hostmaster.dns.test. 7 7200 3600 1209600 120"], ns=[])
nodata("ns-query-at-leaf-nodata", "RFC 1034 §4.3.2, DVE-2017-0017, DVE-2018-0004",
       "A name that exists has no NXDOMAIN for any type, NS and SOA least of all.",
       ["www.dns.test. NS", "www.dns.test. SOA", "www.dns.test. TYPE65280", "any.wild.dns.test. NS"])
nodata("ent-nodata", "RFC 8020 §2, RFC 4592 §2.2.2, DVE-2019-0001",
       "A name that only has names below it exists: NODATA.", ["ent.dns.test. A", "ent.dns.test. TXT", "_tcp.dns.test. A"])
nodata("ent-mid", "RFC 8020 §2, RFC 4592 §2.2.2", "So does one in the middle of a longer name.", "b.ent.dns.test. A")
nxdomain("below-leaf-nxdomain", "RFC 8020 §2", "Below a name with nothing below it there is nothing.",
         ["x.www.dns.test. A", "y.x.www.dns.test. TXT", "x.a.b.ent.dns.test. A", "x.ent.dns.test. A"])


# RRsets.

@check("rrset-complete", "RFC 2181 §5")
def rrset_complete(ask):
    """An RRset is answered whole, each record once."""
    reply = ask.query("many.dns.test.").expect(aa=True, ns=[])
    if sorted(item.rdata for item in reply.answer) != [bytes([192, 0, 2, last]) for last in range(1, 9)]:
        raise Bad([item.text() for item in reply.answer])


@check("ttl-uniform", "RFC 2181 §5.2")
def ttl_uniform(ask):
    """The records of an RRset have one TTL."""
    for qname, qtype, ttl in (("many.dns.test.", "A", 300), ("dns.test.", "NS", 3600), ("mx.dns.test.", "MX", 300)):
        if {item.ttl for item in ask.query(qname, qtype).expect(aa=True).answer} != {ttl}:
            raise Bad(f"{qname} {qtype}")


@check("no-duplicate-rrs", "RFC 2181 §5, DVE-2017-0016")
def no_duplicates(ask):
    """No record stands twice in a reply, whichever sections two reasons would put it in."""
    for qname, qtype in (("mx.dns.test.", "MX"), ("dns.test.", "NS"), ("in.dns.test.", "NS"), ("loop1.dns.test.", "A"),
                         ("two.dns.test.", "A"), ("host.sibling.dns.test.", "A"), ("service.dns.test.", "HTTPS")):
        reply = ask.query(qname, qtype)
        texts = [item.text().lower() for item in reply.answer + reply.authority + reply.additional]
        if len(texts) != len(set(texts)):
            raise Bad(texts)


# CNAME.

ALIAS = ["alias.dns.test. 60 CNAME link.dns.test.", "link.dns.test. 61 CNAME www.dns.test."]

lookup("cname-chain-in-zone", "RFC 1034 §4.3.2, RFC 1034 §3.6.2",
       "A chain is followed, each CNAME before what it leads to.", "alias.dns.test. A", aa=True, an=[*ALIAS, WWW_A], ns=[])
lookup("cname-qtype-cname", "RFC 1034 §3.6.2", "Who asks for the CNAME gets it and no more.", "alias.dns.test. CNAME",
       aa=True, an=ALIAS[:1], ns=[], ar=[])
lookup("any-at-cname", "RFC 1034 §3.6.2, RFC 8482 §4.1", "ANY stops at the CNAME.", "alias.dns.test. ANY",
       aa=True, an=ALIAS[:1], ns=[], ar=[])
lookup("cname-out-of-zone", "RFC 1034 §4.3.2, RFC 2308 §2.2",
       "A chain that leaves our zones ends there: NOERROR, no SOA.", "out.dns.test. A",
       aa=True, an=["out.dns.test. 60 CNAME www.example.org."], ns=[], ar=[])
lookup("cname-to-nxdomain", "RFC 6604 §3, RFC 2308 §2.1",
       "The rcode is that of the chain's last name: NXDOMAIN, with the SOA.", "gone.dns.test. A", rcode="NXDOMAIN",
       aa=True, an=["gone.dns.test. 60 CNAME nothing.www.dns.test."], ns=DENIAL, ar=[])
lookup("cname-nodata", "RFC 2308 §2.2", "A chain to a name without the type: NODATA of that name.", "nodata.dns.test. A",
       aa=True, an=["nodata.dns.test. 60 CNAME link2.dns.test."], ns=DENIAL, ar=[])
lookup("cname-into-another-zone", "RFC 1034 §4.3.2", "A chain goes on in other zones of ours.", "tozone.dns.test. A",
       aa=True, an=["tozone.dns.test. 60 CNAME host1.example.", "host1.example. 3600 A 192.0.2.1"], ns=[])
lookup("cname-into-zone-inside", "RFC 1034 §4.3.2", "A zone of ours inside another answers for itself.",
       "toinner.dns.test. A", aa=True,
       an=["toinner.dns.test. 60 CNAME www.inner.dns.test.", "www.inner.dns.test. 300 A 192.0.2.70"], ns=[])
lookup("cname-into-delegation", "RFC 1034 §4.3.2", "A chain into a delegation ends with its referral.",
       "tocut.dns.test. A", aa=True, an=["tocut.dns.test. 60 CNAME host.in.dns.test."], ns=IN_NS, ar=IN_GLUE)
lookup("cname-into-wildcard", "RFC 4592 §3.3.1", "A chain may end at what a wildcard makes.", "towild.dns.test. A",
       aa=True, an=["towild.dns.test. 60 CNAME any.wild.dns.test.", "any.wild.dns.test. 300 A 192.0.2.40"], ns=[])


@check("cname-loop-ends", "RFC 1034 §3.6.2")
def cname_loop(ask):
    """A loop ends: NOERROR, each CNAME once."""
    ask.query("loop1.dns.test.").expect(aa=True, ns=[], an=["loop1.dns.test. 60 CNAME loop2.dns.test.",
                                                            "loop2.dns.test. 60 CNAME loop1.dns.test."])
    ask.query("self.dns.test.").expect(aa=True, ns=[], an=["self.dns.test. 60 CNAME self.dns.test."])


@check("cname-chain-limit", "RFC 1034 §5.2.2, practice")
def cname_chain_limit(ask):
    """Seventeen links are followed; what is found then ends the answer, another CNAME too."""
    links = [f"c{at}.dns.test. 60 CNAME c{at + 1}.dns.test." for at in range(1, 21)]
    ask.query("c4.dns.test.").expect(aa=True, an=[*links[3:], "c21.dns.test. 300 A 192.0.2.21"])
    ask.query("c1.dns.test.").expect(aa=True, an=links[:18])


# Wildcards.

lookup("wildcard-synth", "RFC 4592 §3.3.1", "A name that does not exist gets the wildcard's data as its own.",
       "any.wild.dns.test. A", aa=True, an=["any.wild.dns.test. 300 A 192.0.2.40"], ns=[])
lookup("wildcard-deep", "RFC 4592 §2.2.1", "The asterisk stands for any number of labels.", "x.y.z.wild.dns.test. A",
       aa=True, an=["x.y.z.wild.dns.test. 300 A 192.0.2.40"], ns=[])
nodata("wildcard-nodata", "RFC 4592 §3.3.3, RFC 2308 §2.2", "A type the wildcard does not have: NODATA.",
       "any.wild.dns.test. MX")
nodata("wildcard-blocked-by-name", "RFC 4592 §2.2.1", "A name that exists is no wildcard's.", "blocked.wild.dns.test. A")
nxdomain("wildcard-not-below-existing", "RFC 4592 §3.3.1", "Nor is what would be below it: the closest encloser is nearer.",
         "x.blocked.wild.dns.test. A")
nodata("wildcard-blocked-by-ent", "RFC 4592 §2.2.2", "An empty non-terminal exists, and keeps the wildcard out.",
       "b.wild.dns.test. A")
nxdomain("wildcard-not-below-ent", "RFC 4592 §2.2.2", "Below an empty non-terminal too.", "x.b.wild.dns.test. A")
lookup("literal-asterisk", "RFC 4592 §2.3", "The asterisk can be asked for by its name.", "*.wild.dns.test. A",
       aa=True, an=["*.wild.dns.test. 300 A 192.0.2.40"], ns=[])
nxdomain("wildcard-owner-not-matched-by-itself", "RFC 4592 §2.2.1, RFC 4592 §2.3",
         "Nothing is made of a wildcard below its own name.", ["x.*.wild.dns.test. A", "*.*.wild.dns.test. A"])
lookup("wildcard-cname", "RFC 4592 §4.3", "A wildcard CNAME is made and followed.", "any.wcname.dns.test. A",
       aa=True, an=["any.wcname.dns.test. 60 CNAME www.dns.test.", WWW_A], ns=[])
lookup("wildcard-inside-wildcard", "RFC 4592 §3.3.1", "The nearest wildcard answers.", "a.x.outer.dns.test. TXT",
       aa=True, an=['a.x.outer.dns.test. 300 TXT "inner"'], ns=[])
referral("wildcard-not-across-a-cut", "RFC 1034 §4.3.3, RFC 1034 §4.3.2", "A wildcard does not reach into a delegation.",
         ["x.cut.wild.dns.test. A", "cut.wild.dns.test. A"], ["cut.wild.dns.test. 300 NS ns.cut.wild.dns.test."],
         ["ns.cut.wild.dns.test. 300 A 192.0.2.41"])

# The eight examples of RFC 4592 §2.2.1, in its order.

EXAMPLE = ["example. 600 SOA ns.example.com. hostmaster.example. 1 7200 3600 1209600 600"]

lookup("rfc4592-host3-mx", "RFC 4592 §2.2.1", "The wildcard answers a name that does not exist.",
       "host3.example. MX", aa=True, an=["host3.example. 3600 MX 10 host1.example."], ns=[])
nodata("rfc4592-host3-a-nodata", "RFC 4592 §2.2.1", "The wildcard has no such type: NODATA.", "host3.example. A", EXAMPLE)
lookup("rfc4592-foo.bar-txt", "RFC 4592 §2.2.1", "bar.example. does not exist, so the wildcard answers below it.",
       "foo.bar.example. TXT", aa=True, an=['foo.bar.example. 3600 TXT "this is a wildcard"'], ns=[])
nodata("rfc4592-host1-mx-nodata", "RFC 4592 §2.2.1", "host1.example. exists: NODATA.", "host1.example. MX", EXAMPLE)
nodata("rfc4592-sub.*-mx-nodata", "RFC 4592 §2.2.1", "sub.*.example. exists: NODATA.", "sub.*.example. MX", EXAMPLE)
nxdomain("rfc4592-_telnet._tcp.host1-nx", "RFC 4592 §2.2.1", "_tcp.host1.example. exists, without a wildcard below it.",
         "_telnet._tcp.host1.example. SRV", EXAMPLE)
referral("rfc4592-host.subdel-referral", "RFC 4592 §2.2.1", "subdel.example. is delegated.", "host.subdel.example. A",
         ["subdel.example. 3600 NS ns.example.com.", "subdel.example. 3600 NS ns.example.net."], [])
nxdomain("rfc4592-ghost.*-nx", "RFC 4592 §2.2.1", "*.example. exists: nothing is made below it.", "ghost.*.example. MX",
         EXAMPLE)


# Delegations.

referral("referral", "RFC 1034 §4.3.2, RFC 2181 §6.1", "Below a cut: its NS set, AA clear, no SOA.",
         ["www.in.dns.test. A", "a.b.c.in.dns.test. TXT"], IN_NS, IN_GLUE)
referral("referral-glue", "RFC 9471 §3.1, RFC 1034 §4.2.1", "Addresses of name servers below the cut go with it, all of them.",
         "www.two.dns.test. A", ["two.dns.test. 900 NS ns.example.org.", "two.dns.test. 900 NS ns.two.dns.test."],
         ["ns.two.dns.test. 300 A 192.0.2.62"])
referral("sibling-glue", "RFC 9471 §3.2, RFC 9471 §2.2", "So do those of name servers below another cut of the zone.",
         "www.sibling.dns.test. A", ["sibling.dns.test. 900 NS ns.in.dns.test."], IN_GLUE)
referral("glueless", "RFC 1034 §4.2.1", "A name server elsewhere has no address here.", "www.glueless.dns.test. A",
         ["glueless.dns.test. 900 NS ns.example.org."], [])
referral("ns-at-cut-is-referral", "RFC 2181 §6.1, RFC 1034 §4.3.2", "The NS set at a cut is the child's: a referral.",
         ["in.dns.test. NS", "in.dns.test. A", "in.dns.test. SOA", "in.dns.test. ANY"], IN_NS, IN_GLUE)
referral("glue-not-answered-as-data", "RFC 2181 §5.4.1, RFC 2181 §6.1", "Glue that is asked for is no answer: a referral.",
         ["ns.in.dns.test. A", "ns.in.dns.test. AAAA", "ns.in.dns.test. TXT"], IN_NS, IN_GLUE)
referral("occluded-name", "RFC 1034 §4.2.1, RFC 2136 §7.18", "What a zone has below its cut is hidden, cuts there too.",
         ["deep.in.dns.test. NS", "www.deep.in.dns.test. A", "ns.deep.in.dns.test. A"],
         IN_NS, IN_GLUE)
nodata("ds-at-cut-parent-nodata", "RFC 4035 §3.1.4.1", "The DS of a delegation is the parent's: here it has none.",
       ["in.dns.test. DS", "inner.dns.test. DS"])
referral("ds-below-cut-referral", "RFC 4035 §3.1.4.1, RFC 1034 §4.3.2", "A DS further below is not ours to deny.",
         ["x.in.dns.test. DS", "deep.in.dns.test. DS"], IN_NS, IN_GLUE)
lookup("ds-at-cut", "RFC 4035 §3.1.4.1", "Where the parent has a DS it is answered, with AA.", "signed.dns.test. DS", aa=True,
       an=["signed.dns.test. 900 DS 12345 13 2 " + "0123456789abcdef" * 4], ns=[])


# DNAME.

MOVED = "moved.dns.test. 70 DNAME landed.dns.test."

lookup("dname-synth", "RFC 6672 §3.1, RFC 6672 §3.2", "Below a DNAME: the DNAME, a CNAME with its TTL, and on from there.",
       "www.moved.dns.test. A", aa=True, ns=[],
       an=[MOVED, "www.moved.dns.test. 70 CNAME www.landed.dns.test.", "www.landed.dns.test. 300 A 192.0.2.90"])
lookup("dname-leads-out", "RFC 6672 §3.2", "A DNAME out of our zones: its CNAME is the end.", "x.dtoout.dns.test. A", aa=True,
       an=["dtoout.dns.test. 70 DNAME example.org.", "x.dtoout.dns.test. 70 CNAME x.example.org."], ns=[], ar=[])


@check("dname-owner-itself", "RFC 6672 §2.3")
def dname_owner(ask):
    """The DNAME's own name is not redirected: its data and its NODATA are its own."""
    ask.query("moved.dns.test.", "TXT").expect(aa=True, an=['moved.dns.test. 300 TXT "beside the DNAME"'], ns=[])
    ask.query("moved.dns.test.", "DNAME").expect(aa=True, an=[MOVED], ns=[])
    ask.query("moved.dns.test.", "A").expect(aa=True, an=[], ns=DENIAL)


@check("dname-yxdomain", "RFC 6672 §2.2")
def dname_yxdomain(ask):
    """A name that would be longer than 255 bytes: YXDOMAIN with the DNAME; one of 255 is made."""
    tail, landed = name("moved.dns.test."), name("landed.dns.test.")

    def above(length):
        labels = b""
        while len(labels) < length:
            size = min(63, length - len(labels) - 1)
            size -= len(labels) + size + 2 == length  # a label of no bytes is none
            labels += bytes([size]) + b"x" * size
        return labels
    fits = above(255 - len(landed))
    reply = ask.query(fits + tail).expect(rcode="NXDOMAIN", aa=True, ns=DENIAL)
    if len(reply.answer) != 2 or reply.answer[0].text() != MOVED:
        raise Bad([item.text() for item in reply.answer])
    ask.query(above(255 - len(landed) + 1) + tail).expect(rcode="YXDOMAIN", aa=True, an=[MOVED])


# Services.

@check("https-wire", "RFC 9460 §2.2")
def https_wire(ask):
    """SvcParams in the order of their keys, each with its length; the target written out."""
    alpn, port, hint = b"\0\1\0\6\2h2\2h3", b"\0\3\0\2\x20\xfb", b"\0\4\0\4\xc0\0\2\x50"
    for qname, rdata in (("service.dns.test.", b"\0\1\0" + alpn + port + hint),
                         ("svcalias.dns.test.", b"\0\0" + name("www.dns.test."))):
        reply = ask.query(qname, "HTTPS").expect(aa=True)
        if [item.rdata for item in reply.answer] != [rdata]:
            raise Bad(reply.wire.hex())
