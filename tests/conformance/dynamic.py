"""Records that depend on the client where names do unusual things: at an apex, behind a wildcard, an ALIAS, a DNAME."""
from tests.conformance.check import check
from tests.conformance.ecs import expect_echo, net
from tests.conformance.message import ECS, Bad

GERMAN4, GERMAN6, AMERICAN4, AMERICAN6, BRAZILIAN = ("84.128.0.0/24", "2003::/56", "8.8.8.0/24", "2600::/56",
                                                     "187.0.0.0/24")


def expect_place(ask, qname, qtype, prefix, *answer, aa=True):
    """The answer to a client there; its scope is not 0, since others have another one."""
    reply = ask.query(qname, qtype, net(prefix)).expect(aa=aa, an=list(answer), ns=[])
    (data,) = reply.options(ECS)
    if data[3] == 0:
        raise Bad(f"{qname} {prefix}: scope 0")


@check("dynamic-apex", "RFC 7871 §7.2.1, RFC 1034 §4.3.2")
def apex(ask):
    """A zone's apex depends on the client like any name, by either family's prefix, beside its NS and SOA."""
    for prefix, last in ((AMERICAN4, "11"), (GERMAN4, "22"), (BRAZILIAN, "11"), (AMERICAN6, "11"), (GERMAN6, "22")):
        expect_place(ask, "apex.test.", "A", prefix, f"apex.test. 60 A 192.0.2.{last}")
        expect_place(ask, "apex.test.", "AAAA", prefix, f"apex.test. 60 AAAA 2001:db8::{last}")
    expect_echo(ask.query("apex.test.", "SOA", net(GERMAN4)).expect(aa=True), net(GERMAN4), 0)


@check("dynamic-behind-a-wildcard", "RFC 7871 §7.2.1, RFC 4592 §3.3.1")
def behind_a_wildcard(ask):
    """A wildcard's CNAME leads to what the client is to have, and a name of its own keeps the wildcard off."""
    expect_place(ask, "not.there.apex.test.", "A", AMERICAN4, "not.there.apex.test. 3600 CNAME apex.test.",
                 "apex.test. 60 A 192.0.2.11")
    expect_place(ask, "not-there.apex.test.", "AAAA", GERMAN6, "not-there.apex.test. 3600 CNAME apex.test.",
                 "apex.test. 60 AAAA 2001:db8::22")
    ask.query("_acme-challenge.apex.test.", "TXT").expect(aa=True, an=['_acme-challenge.apex.test. 10 TXT ""'])


@check("alias-into-another-zone", "practice")
def alias(ask):
    """An ALIAS is answered by the addresses of its target, as the client has them there; it is no type itself."""
    for prefix, last in ((AMERICAN4, "11"), (GERMAN6, "22")):
        expect_place(ask, "follow.test.", "A", prefix, f"follow.test. 60 A 192.0.2.{last}")
        expect_place(ask, "follow.test.", "AAAA", prefix, f"follow.test. 60 AAAA 2001:db8::{last}")
    ask.query("follow.test.", 65401).expect(aa=True, an=[], ns=["SOA"])


@check("geo-older-form", "practice")
def older_form(ask):
    """The older way to write places answers like the newer."""
    for prefix, last in ((AMERICAN4, 72), (GERMAN4, 71), (BRAZILIAN, 73)):
        expect_place(ask, "places.follow.test.", "A", prefix, f"places.follow.test. 3600 A 192.0.2.{last}")


@check("dynamic-behind-a-dname", "RFC 6672 §3.2, RFC 7871 §7.2.1")
def behind_a_dname(ask):
    """A DNAME to where the client counts: the scope is that of the end."""
    expect_place(ask, "places.todyn.dns.test.", "A", GERMAN4, "todyn.dns.test. 70 DNAME geo.test.",
                 "places.todyn.dns.test. 70 CNAME places.geo.test.", "places.geo.test. 30 A 192.0.2.22")
