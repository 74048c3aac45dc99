"""Reads replies into what is compared. dnspython takes 0.3 ms a message, and the million messages of a long run would
mostly wait for it; this reads what answers hold and no more, and raises Garbled for what does not parse."""
import collections
import struct

HEADER_BYTES = 12
OPT = 41
NOERROR, SERVFAIL = 0, 2

# Where names stand in RDATA: n a name, a digit so many octets, s a character string, * the rest. Names of SVCB and other
# newer types have a case (RFC 6840 section 5.1), and are never compressed.
_FORMS = {2: "n", 3: "n", 4: "n", 5: "n", 6: "nn*", 7: "n", 8: "n", 9: "n", 12: "n", 14: "nn", 15: "2n", 17: "nn",
          18: "2n", 21: "2n", 33: "6n", 35: "4sssn", 36: "2n", 39: "n"}

RRset = collections.namedtuple("RRset", "owner type ttl rdatas")  # owner folded; rdatas a frozenset
Reply = collections.namedtuple("Reply", "rcode flags question answer authority additional has_opt repeats size")

AA, TC, RD, RA, AD, CD = 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010
QR = 0x8000


class Garbled(Exception):
    """The message cannot be read."""


def read_name(message, off):
    """(labels as they stand, offset behind the name)."""
    labels, behind, bound = [], None, off
    while True:
        length = message[off]
        if length == 0:
            return tuple(labels), (off + 1 if behind is None else behind)
        if length >= 0xc0:
            target = (length & 0x3f) << 8 | message[off + 1]
            behind = off + 2 if behind is None else behind
            if target >= bound:
                raise Garbled(f"compression pointer at {off} does not point back")
            off = bound = target
            continue
        if length > 63:
            raise Garbled(f"label type {length:#x}")
        labels.append(message[off + 1:off + 1 + length])
        off += 1 + length


def _fold(labels):
    return tuple(label.lower() for label in labels)


def _fold_wire(labels):
    return b"".join(bytes([len(label)]) + label.lower() for label in labels) + b"\0"


def _read_rdata(message, rdtype, off, end):
    """RDATA without compression, names in it folded: servers may keep a name's case or not."""
    form = _FORMS.get(rdtype)
    if form is None or off == end:
        return message[off:end]
    parts = []
    for item in form:
        if item == "n":
            labels, off = read_name(message, off)
            parts.append(_fold_wire(labels))
        else:
            size = end - off if item == "*" else 1 + message[off] if item == "s" else int(item)
            parts.append(message[off:off + size])
            off += size
    if off != end:
        raise Garbled(f"RDATA of type {rdtype} ends at {off}, not {end}")
    return b"".join(parts)


def _read_section(message, off, count):
    """([RRset] in the order they begin, offset behind, OPT's presence, records that stand there again)."""
    sets, has_opt, repeats = {}, False, 0
    for _ in range(count):
        owner, off = read_name(message, off)
        rdtype, _, ttl, size = struct.unpack_from(">HHIH", message, off)
        off += 10
        if size > len(message) - off:
            raise Garbled("RDATA longer than the message")
        if rdtype == OPT:
            has_opt = True
        else:
            rdata = _read_rdata(message, rdtype, off, off + size)
            rdatas = sets.setdefault((_fold(owner), rdtype, ttl), [])
            repeats += rdata in rdatas
            rdatas.append(rdata)
        off += size
    return [RRset(*key, frozenset(rdatas)) for key, rdatas in sets.items()], off, has_opt, repeats


def parse(message):
    try:
        _, flags, qdcount, ancount, nscount, arcount = struct.unpack_from(">6H", message)
        off = HEADER_BYTES
        if qdcount:
            _, off = read_name(message, off)
            off += 4
        question = message[HEADER_BYTES:off]
        answer, off, _, again = _read_section(message, off, ancount)
        authority, off, _, more = _read_section(message, off, nscount)
        additional, off, has_opt, most = _read_section(message, off, arcount)
    except (IndexError, struct.error) as error:
        raise Garbled(f"ends in the middle: {error}") from error
    if off != len(message):
        raise Garbled(f"{len(message) - off} octets behind the last record")
    return Reply(flags & 15, flags, question, answer, authority, additional, has_opt, again + more + most, len(message))


def target_of(rrset):
    """Labels of the name that a CNAME RRset leads to."""
    return read_name(next(iter(rrset.rdatas)), 0)[0]
