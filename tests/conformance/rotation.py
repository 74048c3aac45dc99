"""Sets of several addresses, where the order in which they stand is asked to change."""
from tests.conformance.check import check
from tests.conformance.message import Bad

ASKED = 400  # that one of eight addresses never comes first has a chance of 1 in 10^22


@check("rotation", "practice", config="rotating", same=False)
def rotation(ask):
    """With `rotate` every address of a set comes first now and then, and the set is the same each time."""
    first = set()
    whole = None
    for _ in range(ASKED):
        texts = [item.text() for item in ask.query("many.dns.test.", "A").expect(aa=True, ns=[]).answer]
        whole = whole or set(texts)
        if set(texts) != whole or len(texts) != len(whole):
            raise Bad(f"another set: {texts}")
        first.add(texts[0])
    if first != whole:
        raise Bad(f"never first: {sorted(whole - first)}")


@check("rotation-of-addresses-alone", "practice, RFC 1034 §4.3.2", config="rotating")
def addresses_alone(ask):
    """CNAMEs stay in front of what they lead to, and sets of other types as they are."""
    chain = ask.query("alias.dns.test.", "A").answer
    if [item.text().split()[2] for item in chain[:-1]] != ["CNAME"] * (len(chain) - 1) or len(chain) < 2:
        raise Bad(f"a chain of {[item.text() for item in chain]}")
    ask.query("dns.test.", "NS").expect(aa=True, ns=[], an=["dns.test. 3600 NS ns1.dns.test.",
                                                             "dns.test. 3600 NS ns2.dns.test."])
    ask.query("mx.dns.test.", "MX").expect(an=["mx.dns.test. 300 MX 10 mail.dns.test.",
                                               "mx.dns.test. 300 MX 20 mail.example.org."])
