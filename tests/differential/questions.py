"""Random and adversarial questions about a family of zones."""
import struct

from tests.differential import names, rdata, wire
from tests.differential.zones import OUTSIDE, STAR

IN, CHAOS, ANY = 1, 3, 255
SERVED_TYPES = sorted({rdata.number(kind) for kind in [*rdata.NUMBERS, *rdata.KINDS]})
# Types of questions, of signed zones, reserved ones, and ones that nobody knows.
STRANGE_TYPES = [0, 11, 10, 24, 25, 30, 38, 41, 46, 47, 48, 50, 51, 59, 60, 100, 128, 248, 249, 250, 251, 252, 253, 254, ANY,
                 ANY, ANY, ANY, 258, 666, 32768, 65279, 65535]
CLASSES = [0, 2, CHAOS, CHAOS, 4, 254, 255, 256, 65280]
PAYLOADS = [None, None, None, 0, 511, 512, 600, 1231, 1232, 1232, 1232, 1232, 4096, 65535]
DO, CD_FLAG, RD_FLAG = 0x8000, 0x0010, 0x0100
NSID, ECS, COOKIE, PADDING, UNKNOWN = 3, 8, 10, 12, 65001
POINTED = ["A", "AAAA", "NS", "CNAME", "DNAME", "DS", "SOA", "TXT", "MX"]


class Question:
    """What is asked; `message` is it as octets."""

    def __init__(self, name, rdtype, rdclass=IN, payload=1232, flags=0, do=False, options=b""):
        self.name, self.rdtype, self.rdclass = name, rdtype, rdclass
        self.payload, self.flags, self.do, self.options = payload, flags, do, options
        opt = b"" if payload is None else (b"\0" + struct.pack(">HHIH", wire.OPT, payload, DO if do else 0, len(options)) +
                                           options)
        self.message = (struct.pack(">6H", 0, flags, 1, 0, 0, 1 if opt else 0) + names.wire(name) +
                        struct.pack(">2H", rdtype, rdclass) + opt)

    def at(self, name):
        """The same of another name, with room for any answer."""
        return Question(name, self.rdtype, self.rdclass, 65535, self.flags, self.do)

    def __str__(self):
        edns = "no EDNS" if self.payload is None else f"EDNS {self.payload}{' DO' if self.do else ''}{self._told()}"
        return f"{names.text(self.name)} TYPE{self.rdtype} CLASS{self.rdclass} ({edns}, flags {self.flags:#06x})"


    def _told(self):
        return f" options {self.options.hex()}" if self.options else ""


def _ecs(rng):
    """A client subnet, right one time in two: else its lengths, family or bits behind the prefix are any."""
    if rng.random() < 0.5:
        return struct.pack(">HBB", 1, 24, 0) + rng.randbytes(3)
    return struct.pack(">HBB", rng.randrange(4), rng.randrange(140), rng.choice([0, 0, 24])) + rng.randbytes(rng.randrange(18))


def _options(rng):
    """What stands in the OPT: mostly nothing. Of what servers do with options, the rcode and the answer are compared."""
    if rng.random() < 0.85:
        return b""
    made = b""
    for _ in range(rng.choice([1, 1, 2, 3])):
        code = rng.choice([NSID, ECS, COOKIE, PADDING, UNKNOWN])
        data = {NSID: b"", ECS: _ecs(rng), COOKIE: rng.randbytes(rng.choice([8, 8, 24, rng.randrange(45)])),
                PADDING: bytes(rng.randrange(60)), UNKNOWN: rng.randbytes(rng.randrange(20))}[code]
        made += struct.pack(">HH", code, len(data)) + data
    return made


def _flip(rng, name):
    return names.mix_case(rng, name)


def _below(rng, family, name):
    return (*(family.label() if rng.random() < 0.8 else rng.choice([b"ns1", b"ns", b"z" * 63])
              for _ in range(rng.choice([1, 1, 2, 3]))), *name)


def _name(rng, family, known):
    """(name, what stands there): names of records, and those beside, above and below."""
    zone, name = rng.choice(known)
    here = zone.records.get(name) or zone.hidden[name]
    kind = rng.random()
    if kind < 0.30:
        return name, here
    if kind < 0.42:  # what a wildcard makes of another name, also where one is below another
        return tuple(family.label() if label == STAR else label for label in name), here
    if kind < 0.60:
        return _below(rng, family, name), here
    if kind < 0.68:
        return name[1:], here
    if kind < 0.76:
        return (family.label(), *name[1:]), here
    if kind < 0.82 and len(name) > 2:
        drop = rng.randrange(len(name))
        return name[:drop] + name[drop + 1:], here
    if kind < 0.88:
        tops = sorted(zone.cuts | zone.dnames) or [name]
        return _below(rng, family, rng.choice(tops)), here
    if kind < 0.93:  # the longest names, and one octet less
        return names.fill(rng, name, names.NAME_MAX - rng.choice([0, 0, 1, rng.randrange(60)])), here
    if kind < 0.96:
        return rng.choice(OUTSIDE), here
    return family.owner(zone), here


def _type(rng, here):
    kind = rng.random()
    if kind < 0.45:
        return rdata.number(rng.choice(list(here)))
    if kind < 0.75:
        return rdata.number(rng.choice(POINTED))
    return rng.choice(SERVED_TYPES if kind < 0.9 else STRANGE_TYPES) if kind < 0.99 else rng.randrange(65536)


def make(rng, family, count):
    known = [(zone, name) for zone in family.zones for name in [*zone.records, *zone.hidden]]
    while count > 0:
        name, here = _name(rng, family, known)
        service = rng.choice(family.services) if family.services and rng.random() < 0.08 else None
        if service is not None:  # a host's name, and one that a wildcard makes of it
            name = tuple(family.label() if label == STAR else label for label in service[0])
        if names.size(name) > names.NAME_MAX:
            continue
        count -= 1
        if rng.random() < 0.25:
            name = _flip(rng, name)
        rdclass = IN if rng.random() < 0.98 else rng.choice(CLASSES)
        flags = (RD_FLAG if rng.random() < 0.3 else 0) | (CD_FLAG if rng.random() < 0.1 else 0)
        rdtype = _type(rng, here) if service is None else rdata.number(service[1])
        yield Question(name, rdtype, rdclass, rng.choice(PAYLOADS), flags, rng.random() < 0.1,
                       _options(rng))
