"""Client subnet: RFC 7871."""
import ipaddress
import struct

from tests.conformance.check import check
from tests.conformance.message import ECS, Bad, ecs, header, opt, option, question

NETS = "nets.geo.test."  # 198.51.100.128/25 and 2001:db8:1:8000::/49: .62; around them /24 and /48: .61; else .63


def net(prefix, scope=0):
    """The option for a prefix as text: exactly the bytes that a resolver must send."""
    network = ipaddress.ip_network(prefix)
    length = (network.prefixlen + 7) // 8
    return ecs(1 if network.version == 4 else 2, network.prefixlen, scope, network.network_address.packed[:length])


def expect_echo(reply, sent, scope):
    """The option as it was sent but for its scope."""
    wanted = sent[4:7] + bytes([scope]) + sent[8:]
    if reply.options(ECS) != [wanted]:
        raise Bad(f"ECS {[data.hex() for data in reply.options(ECS)]}, not {wanted.hex()}")
    return reply


def expect_no_echo(reply):
    if reply.options(ECS):
        raise Bad("carries ECS")
    return reply


def ask_net(ask, prefix, address, scope, name=NETS):
    reply = ask.query(name, "A", net(prefix)).expect(an=[f"{name} 30 A {address}"], aa=True)
    return expect_echo(reply, net(prefix), scope)


def expect_formerr(ask, *options):
    """FORMERR with an OPT and no ECS, for data that depends on the client, that does not, and none."""
    for name in (NETS, "www.dns.test.", "www.example.org."):
        expect_no_echo(ask.query(name, "A", *options).expect(rcode="FORMERR", opt=True))


@check("v4-24-echo", "RFC 7871 §7.2.1")
def v4_24(ask):
    """Family, source and address come back as they were sent, with the scope of the answer."""
    ask_net(ask, "198.51.100.0/25", "192.0.2.61", 25)
    ask_net(ask, "198.51.101.0/24", "192.0.2.63", 24)
    ask_net(ask, "198.51.100.200/32", "192.0.2.62", 25)


@check("v6-56-echo", "RFC 7871 §7.2.1")
def v6_56(ask):
    """The same over IPv6."""
    ask_net(ask, "2001:db8:1:ff00::/56", "192.0.2.62", 49)
    ask_net(ask, "2001:db8:1::/56", "192.0.2.61", 49)
    ask_net(ask, "2001:db8:1:7fff::/64", "192.0.2.61", 49)


@check("scope-longer-than-source", "RFC 7871 §7.2.1")
def scope_longer(ask):
    """A prefix that the answer does not hold for whole: the scope says for how much of it the answer holds."""
    ask_net(ask, "198.51.100.0/24", "192.0.2.61", 25)
    ask_net(ask, "2001:db8:1::/48", "192.0.2.61", 49)


@check("scope-shares-no-answer", "RFC 7871 §7.3.1")
def scope_is_exact(ask):
    """No scope covers an address with another answer, and none is a bit longer than that asks for."""
    for octet in range(256):
        address = "192.0.2.62" if octet >= 128 else "192.0.2.61"
        ask_net(ask, f"198.51.100.{octet}/32", address, 25)
    for third, scope in ((96, 22), (99, 22), (101, 24), (102, 23), (104, 21), (0, 18), (64, 19), (128, 17)):
        ask_net(ask, f"198.51.{third}.0/24", "192.0.2.63", scope)


@check("source-0-scope-0", "RFC 7871 §7.1.2")
def source_0(ask):
    """Source prefix 0 asks that the client's place not be used: scope 0."""
    for sent in (ecs(1, 0), ecs(2, 0)):
        expect_echo(ask.query(NETS, "A", sent).expect(an=[f"{NETS} 30 A 192.0.2.63"]), sent, 0)


@check("static-name-scope-0", "RFC 7871 §7.2.1")
def static_name(ask):
    """What is the same for everybody has scope 0: data, NODATA, NXDOMAIN, referrals."""
    sent = net("198.51.100.0/24")
    for name, qtype, rcode in (("plain.geo.test.", "A", "NOERROR"), ("www.dns.test.", "A", "NOERROR"),
                               ("www.dns.test.", "MX", "NOERROR"), ("x.www.dns.test.", "A", "NXDOMAIN"),
                               ("www.in.dns.test.", "A", "NOERROR"), ("geo.test.", "SOA", "NOERROR")):
        expect_echo(ask.query(name, qtype, sent).expect(rcode=rcode), sent, 0)


@check("no-ecs-unsolicited", "RFC 7871 §7.2.1")
def no_ecs_unsolicited(ask):
    """Who sends no ECS gets none, whatever the answer depends on."""
    expect_no_echo(ask.query(NETS).expect(aa=True))
    expect_no_echo(ask.query("plain.geo.test.").expect(aa=True))


@check("scope-nonzero-in-query", "RFC 7871 §6")
def scope_in_query(ask):
    """A scope in a query: FORMERR."""
    expect_formerr(ask, net("198.51.100.0/24", 24))
    expect_formerr(ask, net("2001:db8::/56", 1))


@check("v4-prefix-33", "RFC 7871 §6")
def v4_prefix_33(ask):
    """An IPv4 prefix over 32 bits: FORMERR."""
    expect_formerr(ask, ecs(1, 33, 0, bytes([198, 51, 100, 1, 0])))
    expect_formerr(ask, ecs(1, 255, 0, bytes(32)))


@check("v6-prefix-129", "RFC 7871 §6")
def v6_prefix_129(ask):
    """An IPv6 prefix over 128 bits: FORMERR."""
    expect_formerr(ask, ecs(2, 129, 0, bytes(17)))
    expect_formerr(ask, ecs(2, 255, 0, bytes(32)))


@check("family-0-nonzero", "RFC 7871 §6, RFC 7871 §7.1.2")
def family_0_nonzero(ask):
    """Family 0 with a prefix: FORMERR."""
    expect_formerr(ask, ecs(0, 24, 0, b"\1\2\3"))


@check("family-3", "RFC 7871 §7.2.1")
def family_3(ask):
    """A family nobody defined: FORMERR, with a prefix or without."""
    for family in (3, 255, 65535):
        expect_formerr(ask, ecs(family, 24, 0, b"\1\2\3"))
        expect_formerr(ask, ecs(family, 0))


@check("address-too-short", "RFC 7871 §6")
def address_too_short(ask):
    """Fewer bytes of address than the prefix has: FORMERR."""
    expect_formerr(ask, ecs(1, 24, 0, b"\1\2"))
    expect_formerr(ask, ecs(1, 1, 0, b""))
    expect_formerr(ask, ecs(2, 56, 0, bytes(6)))


@check("address-too-long", "RFC 7871 §6")
def address_too_long(ask):
    """More bytes of address than the prefix has: FORMERR."""
    expect_formerr(ask, ecs(1, 24, 0, b"\1\2\3\0"))
    expect_formerr(ask, ecs(1, 0, 0, b"\0"))
    expect_formerr(ask, ecs(2, 56, 0, bytes(16)))


@check("bits-beyond-prefix", "RFC 7871 §6")
def bits_beyond(ask):
    """A bit set behind the prefix: FORMERR."""
    expect_formerr(ask, ecs(1, 23, 0, b"\1\2\3"))
    expect_formerr(ask, ecs(1, 1, 0, b"\x40"))
    expect_formerr(ask, ecs(2, 57, 0, bytes([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0x40])))


@check("option-2-bytes", "RFC 7871 §6")
def option_2_bytes(ask):
    """An option shorter than its fixed fields: FORMERR."""
    for length in range(4):
        expect_formerr(ask, option(ECS, b"\0\1\0"[:length]))


@check("two-ecs", "RFC 7871 §6")
def two_ecs(ask):
    """Two options: the first counts, and is the one echoed."""
    first, second = net("198.51.100.0/25"), net("198.51.100.128/25")
    reply = ask.query(NETS, "A", first, second).expect(an=[f"{NETS} 30 A 192.0.2.61"])
    expect_echo(reply, first, 25)


@check("negative-answer-ecs", "RFC 7871 §7.4")
def negative_answer(ask):
    """NODATA and NXDOMAIN echo the option too."""
    sent = net("198.51.100.0/24")
    expect_echo(ask.query(NETS, "MX", sent).expect(an=[], ns=["SOA"]), sent, 0)
    expect_echo(ask.query("x.plain.geo.test.", "A", sent).expect(rcode="NXDOMAIN", ns=["SOA"]), sent, 0)


@check("ecs-on-refused", "RFC 7871 §7.2.1, practice")
def ecs_on_refused(ask):
    """An error is nobody's data: no ECS."""
    sent = net("198.51.100.0/24")
    expect_no_echo(ask.query("www.example.org.", "A", sent).expect(rcode="REFUSED", opt=True))
    expect_no_echo(ask.query(NETS, "A", sent, version=1).expect(rcode="BADVERS", opt=True))
    expect_no_echo(ask.query(NETS, 254, sent).expect(rcode="NOTIMP", opt=True))
    expect_no_echo(ask.query("version.bind.", "TXT", sent, qclass=3).expect(opt=True))


@check("family0-src0-echo", "RFC 7871 §7.1.2")
def family_0(ask):
    """Family 0 with prefix 0: answered as without ECS, echoed."""
    sent = ecs(0, 0)
    expect_echo(ask.query(NETS, "A", sent).expect(an=[f"{NETS} 30 A 192.0.2.63"]), sent, 0)


@check("ecs-along-a-chain", "RFC 7871 §7.2.1")
def along_a_chain(ask):
    """A CNAME to what depends on the client depends on the client."""
    sent = net("198.51.100.128/25")
    for name in ("alias.geo.test.", "any.geo.test."):
        reply = ask.query(name, "A", sent)
        if [item.rdata[-1] for item in reply.answer[1:]] != [62]:
            raise Bad(reply.wire.hex())
        expect_echo(reply, sent, 25)


@check("ecs-truncated", "RFC 7871 §7.2.1", over="udp")
def truncated(ask):
    """A truncated reply echoes the option as well."""
    sent = net("198.51.100.0/24")
    expect_echo(ask.query("s1400.dns.test.", "TXT", sent).expect(tc=True), sent, 0)


@check("every-prefix-length", "RFC 7871 §6, RFC 7871 §7.2.1")
def every_length(ask):
    """Each prefix length of both families is read, located and echoed."""
    for top, inside, nested in (("198.51.100.255/32", "198.51.100.0/24", "198.51.100.128/25"),
                                ("2001:db8:1:ffff::1/128", "2001:db8:1::/48", "2001:db8:1:8000::/49")):
        inside, nested = ipaddress.ip_network(inside), ipaddress.ip_network(nested)
        for bits in range(1, inside.max_prefixlen + 1):
            prefix = ipaddress.ip_network(top).supernet(new_prefix=bits)
            first = prefix.network_address  # where a prefix begins is where it is taken to be
            last = 62 if first in nested else 61 if first in inside else 63
            reply = ask.query(NETS, "A", net(str(prefix))).expect(an=[f"{NETS} 30 A 192.0.2.{last}"])
            ((_, source, scope),) = [struct.unpack_from(">HBB", data) for data in reply.options(ECS)]
            if source != bits or (scope != nested.prefixlen if first in inside else scope == 0):
                raise Bad(f"{prefix}: source {source} scope {scope}")


@check("geo-places", "RFC 7871 §7.2.1")
def places(ask):
    """The country of the prefix decides, not the resolver's; for IPv6 as for IPv4."""
    for prefix, last in (("8.8.8.0/24", 11), ("84.128.0.0/24", 22), ("187.0.0.0/24", 11), ("2600::/56", 11),
                         ("2003::/56", 22)):
        reply = ask.query("places.geo.test.", "A", net(prefix)).expect(aa=True)
        ((_, _, scope),) = [struct.unpack_from(">HBB", data) for data in reply.options(ECS)]
        if [item.rdata[-1] for item in reply.answer] != [last] or scope == 0:
            raise Bad(f"{prefix}: {[item.text() for item in reply.answer]} scope {scope}")


@check("ecs-anywhere-in-opt", "RFC 6891 §6.1.2")
def anywhere(ask):
    """The option is found among others, and the OPT among other records."""
    sent = net("198.51.100.128/25")
    for before, behind in (((option(65001, b"abc"),), ()), ((), (option(3), option(65002)))):
        expect_echo(ask.query(NETS, "A", *before, sent, *behind).expect(an=[f"{NETS} 30 A 192.0.2.62"]), sent, 25)
    junk = b"\0" + struct.pack(">2HIH", 1, 1, 0, 4) + bytes(4)
    wire = header(counts=(1, 0, 0, 3)) + question(NETS) + junk + opt(sent) + junk
    expect_echo(ask.send(wire).expect(an=[f"{NETS} 30 A 192.0.2.62"]), sent, 25)
