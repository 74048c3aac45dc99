"""What stands beside an answer: addresses of the hosts that it names, and never more than fits."""
from tests.conformance.check import UDP, check
from tests.conformance.lookup import WWW_A, lookup
from tests.conformance.message import Bad

MAIL = ["mail.dns.test. 300 A 192.0.2.25", "mail.dns.test. 300 AAAA 2001:db8::25"]
WWW = [WWW_A, "www.dns.test. 300 AAAA 2001:db8::80"]

lookup("mx-additional", "RFC 1035 §3.3.9", "MX has the addresses of hosts in its zone beside it, and those of no others.",
       "mx.dns.test. MX", aa=True, ns=[], ar=MAIL,
       an=["mx.dns.test. 300 MX 10 mail.dns.test.", "mx.dns.test. 300 MX 20 mail.example.org."])
lookup("srv-additional", "RFC 2782", "SRV has its target's addresses beside it.", "_sip._tcp.dns.test. SRV", aa=True,
       an=["_sip._tcp.dns.test. 300 SRV 0 5 5060 mail.dns.test."], ns=[], ar=MAIL)
lookup("ns-additional", "RFC 1035 §3.3.11", "NS that is asked for has the addresses of its servers beside it.",
       "dns.test. NS", aa=True, ns=[],
       an=["dns.test. 3600 NS ns1.dns.test.", "dns.test. 3600 NS ns2.dns.test."],
       ar=["ns1.dns.test. 300 A 192.0.2.53", "ns2.dns.test. 300 A 192.0.2.54", "ns1.dns.test. 300 AAAA 2001:db8::53"])


@check("https-additional", "RFC 9460 §4.1")
def https_additional(ask):
    """HTTPS has its target's addresses beside it: its own for ".", and in AliasMode the target's HTTPS set before them."""
    own = ["service.dns.test. 300 A 192.0.2.44"]
    ask.query("service.dns.test.", "HTTPS").expect(aa=True, ns=[], ar=own)
    ask.query("svcalias.dns.test.", "HTTPS").expect(aa=True, ns=[], ar=WWW)
    service = ask.query("service.dns.test.", "HTTPS").answer[0].text()
    ask.query("front.dns.test.", "HTTPS").expect(aa=True, an=["front.dns.test. 300 HTTPS 0 service.dns.test."], ns=[],
                                                 ar=[service, *own])


lookup("svcb-additional", "RFC 9460 §4.1", "SVCB likewise.", "_dns.ns1.dns.test. SVCB", aa=True, ns=[],
       ar=["ns1.dns.test. 300 A 192.0.2.53", "ns1.dns.test. 300 AAAA 2001:db8::53"])
lookup("additional-not-for-null", "RFC 7505 §3", "The MX that says there is none names no host.", "nullmx.dns.test. MX",
       an=["nullmx.dns.test. 300 MX 0 ."], ns=[], ar=[])
lookup("additional-of-a-wildcard", "RFC 4592 §3.3.1", "A host that a wildcard makes has its addresses too.",
       "wildmx.dns.test. MX", ar=["any.wild.dns.test. 300 A 192.0.2.40"])
lookup("additional-is-not-glue", "RFC 2181 §5.4.1", "Addresses below a delegation are glue, and glue is for referrals.",
       "glueonly.dns.test. MX", an=["glueonly.dns.test. 300 MX 10 ns.in.dns.test."], ns=[], ar=[])
lookup("any-has-no-additional", "RFC 8482 §4.1", "ANY has nothing beside it.", ["mx.dns.test. ANY", "dns.test. ANY"],
       aa=True, ns=[], ar=[])


@check("additional-thirteen-hosts", "CVE-2024-11187")
def thirteen_hosts(ask):
    """However many hosts an answer names, thirteen are looked up."""
    reply = ask.query("bigmx.dns.test.", "MX").expect(aa=True, ns=[])
    if len(reply.answer) != 20 or len(reply.additional) != 13:
        raise Bad(f"{len(reply.answer)} and {len(reply.additional)} records")


@check("additional-as-it-fits", "RFC 2181 §9", over=UDP)
def as_it_fits(ask):
    """What does not fit beside an answer is left out, set by set, and the reply is not truncated for it."""
    whole = ask.query("bigtight.dns.test.", "MX", edns=False, ident=1).expect(aa=True, ns=[])
    texts = [item.text() for item in whole.additional]
    if len(whole.answer) != 3 or texts != MAIL[:len(texts)] or len(texts) == 2 or len(whole.wire) > 512:
        raise Bad(f"{len(whole.wire)} bytes, beside the answer: {texts}")
    ask.query("bigtight.dns.test.", "MX", size=1232).expect(aa=True, ns=[], ar=MAIL)
