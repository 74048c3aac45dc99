"""DNS messages as bytes: parts to build queries of, right and wrong, and a reader of replies that forgives nothing."""
import struct

import dns.exception
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype

QR, AA, TC, RD, RA, Z, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010
OPT = 41
NSID, ECS, COOKIE, KEEPALIVE, PADDING, EDE, ZONEVERSION = 3, 8, 10, 11, 12, 15, 19
DO = 0x8000


class Bad(AssertionError):
    """A reply is not what it must be."""


def name(text):
    """Wire form, letters kept."""
    return dns.name.from_text(text).to_wire()


def header(flags=0, counts=(1, 0, 0, 0), ident=0x4321):
    return struct.pack(">6H", ident, flags, *counts)


def question(qname="www.dns.test.", qtype="A", qclass=1):
    """`qname` as text, or the bytes that stand in its place."""
    wire = qname if isinstance(qname, bytes) else name(qname)
    return wire + struct.pack(">2H", rdtype(qtype), qclass)


def record(owner=b"\0", rtype="A", rclass=1, ttl=0, rdata=b"", rdlength=None):
    wire = owner if isinstance(owner, bytes) else name(owner)
    length = len(rdata) if rdlength is None else rdlength
    return wire + struct.pack(">2HIH", rdtype(rtype), rclass, ttl, length) + rdata


def opt(*options, size=1232, version=0, flags=0, extended_rcode=0, owner=b"\0", rdlength=None):
    ttl = extended_rcode << 24 | version << 16 | flags
    return record(owner, OPT, size, ttl, b"".join(options), rdlength)


def option(code, data=b"", length=None):
    return struct.pack(">2H", code, len(data) if length is None else length) + data


def ecs(family, source, scope=0, address=b""):
    return option(ECS, struct.pack(">HBB", family, source, scope) + address)


def query(qname="www.dns.test.", qtype="A", *options, edns=True, qclass=1, flags=0, ident=0x4321, **opt_fields):
    """A whole query; with EDNS unless told otherwise."""
    counts = (1, 0, 0, 1 if edns else 0)
    return (header(flags, counts, ident) + question(qname, qtype, qclass) +
            (opt(*options, **opt_fields) if edns else b""))


def rdtype(value):
    return value if isinstance(value, int) else int(dns.rdatatype.from_text(value))


class Record:
    def __init__(self, wire, at):
        self.owner, used = dns.name.from_wire(wire, at)
        at += used
        if len(wire) - at < 10:
            raise Bad("a record is cut short")
        self.rdtype, self.rdclass, self.ttl, length = struct.unpack_from(">2HIH", wire, at)
        at += 10
        if length > len(wire) - at:
            raise Bad("RDATA reaches beyond the message")
        self.rdata, self.end, self.rdata_at = wire[at:at + length], at + length, at
        self._wire = wire

    def text(self):
        """"OWNER TTL TYPE RDATA", the class named where it is not IN."""
        rdata = dns.rdata.from_wire(self.rdclass, self.rdtype, self._wire, self.rdata_at, len(self.rdata))
        rclass = "" if self.rdclass == 1 else f"{dns.rdataclass.to_text(self.rdclass)} "
        return f"{self.owner} {self.ttl} {rclass}{dns.rdatatype.to_text(self.rdtype)} {rdata.to_text()}"

    def options(self):
        """Of an OPT: [(code, data)]."""
        at, found = 0, []
        while at < len(self.rdata):
            code, length = struct.unpack_from(">2H", self.rdata, at)
            if length > len(self.rdata) - at - 4:
                raise Bad("an option reaches beyond its OPT")
            found.append((code, self.rdata[at + 4:at + 4 + length]))
            at += 4 + length
        return found


class Reply:
    """One reply, read to its last byte. Sections are lists of Record without the OPT, which is `opt` or None."""

    def __init__(self, wire):
        if len(wire) < 12:
            raise Bad(f"a reply of {len(wire)} bytes")
        self.wire = wire
        self.ident, self.flags, *self.counts = struct.unpack_from(">6H", wire)
        try:
            self._read()
        except (dns.exception.DNSException, struct.error) as error:
            raise Bad(f"the reply does not parse: {error!r}\n{wire.hex()}") from error

    def _read(self):
        at = 12
        for _ in range(self.counts[0]):
            _, used = dns.name.from_wire(self.wire, at)
            at += used + 4
        self.question = self.wire[12:at]
        sections = []
        for count in self.counts[1:]:
            records = []
            for _ in range(count):
                records.append(Record(self.wire, at))
                at = records[-1].end
            sections.append(records)
        if at != len(self.wire):
            raise Bad(f"{len(self.wire) - at} bytes behind the last record")
        self.answer, self.authority, additional = sections
        opts = [item for item in additional if item.rdtype == OPT]
        if len(opts) > 1 or any(item.rdtype == OPT for item in self.answer + self.authority):
            raise Bad("an OPT too many, or in the wrong section")
        self.opt = opts[0] if opts else None
        self.additional = [item for item in additional if item.rdtype != OPT]

    @property
    def rcode(self):
        """All twelve bits."""
        high = self.opt.ttl >> 24 if self.opt else 0
        return high << 4 | self.flags & 15

    @property
    def rcode_text(self):
        return "BADVERS" if self.rcode == 16 else dns.rcode.to_text(self.rcode)

    def has(self, bit):
        return bool(self.flags & bit)

    def options(self, code):
        """The data of each option of that code."""
        return [data for number, data in self.opt.options() if number == code] if self.opt else []

    def expect(self, rcode="NOERROR", aa=None, tc=False, an=None, ns=None, ar=None, opt=None):
        """Asserts what is given. Sections are lists of Record.text(), in order; "SOA" alone in `ns` stands for one SOA
        record, whatever it says. An error has no records unless said so. Returns the reply itself."""
        if self.rcode_text != rcode:
            raise Bad(f"rcode {self.rcode_text}, not {rcode}")
        if aa is not None and self.has(AA) != aa:
            raise Bad(f"AA is {int(self.has(AA))}")
        if self.has(TC) != tc:
            raise Bad(f"TC is {int(self.has(TC))}")
        if opt is not None and (self.opt is not None) != opt:
            raise Bad("has an OPT" if self.opt else "has no OPT")
        if rcode not in ("NOERROR", "NXDOMAIN", "YXDOMAIN") or tc:
            an, ns, ar = an or [], ns or [], ar or []
        for title, wanted, records in (("answer", an, self.answer), ("authority", ns, self.authority),
                                       ("additional", ar, self.additional)):
            if wanted is None:
                continue
            if wanted == ["SOA"]:
                texts = [dns.rdatatype.to_text(item.rdtype) for item in records]
            else:
                texts = [item.text() for item in records]
            if texts != wanted:
                raise Bad(f"{title}:\n  " + "\n  ".join(texts) + "\nnot:\n  " + "\n  ".join(wanted))
        return self
