"""Names, types and what is found: RFC 1034 §4.3.2 and what came after it."""
from tests.conformance.check import BOTH, check

SOA = ["SOA"]  # one SOA record, whatever it says


def lookup(ident, sources, text, asked, over=BOTH, **expected):
    """A check that is one question, "NAME TYPE", and its reply."""
    qname, qtype = asked.split()

    def run(ask):
        ask.query(qname, int(qtype[4:]) if qtype.startswith("TYPE") else qtype).expect(**expected)
    run.__doc__ = text
    check(ident, sources, over)(run)


lookup("rfc4592-host3-mx", "RFC 4592 §2.2.1", "The wildcard answers a name that does not exist.",
       "host3.example. MX", aa=True, an=["host3.example. 3600 MX 10 host1.example."], ns=[])
lookup("rfc4592-host3-a-nodata", "RFC 4592 §2.2.1", "The wildcard has no such type: NODATA.",
       "host3.example. A", aa=True, an=[], ns=SOA, ar=[])
