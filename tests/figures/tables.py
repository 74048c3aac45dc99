"""Two tables that differ in every answer, and a server that has shown what each says."""
import os
import re

import dns.message

from tests.e2e.base import publisher
from tests.lib import expect, programs
from tests.lib.dns_client import query, rcode, texts
from tests.lib.lab import LabError

MARKS = ("192.0.2", "198.51.100")  # of every address in table A, and in table B
FIRST = 1_000_000  # generation of table A when its answers are learnt; as many digits as all that follow

_DYNAMIC = """\
  dynamic:
    pools:
      inside:
        values:
          - status: up
            value: {mark}.201
      outside:
        values:
          - status: up
            value: {mark}.202
    rules:
      - pool: {subnet_pool}
        subnets:
          - 203.0.113.0/24
      - pool: {other_pool}
  ttl: 60
  type: A
  value: {mark}.203"""


def _natural(name):
    """The order that octoDNS wants."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def zone(mark):
    """The same names in both but one each; every RDATA and the geo rule differ."""
    is_a = mark == MARKS[0]
    pools = ("inside", "outside") if is_a else ("outside", "inside")
    long_texts = ", ".join(repr(f"{number} {mark} " + "x" * 180) for number in range(5))
    records = {
        "": f"  - type: MX\n    values: [{{ exchange: mail.swap.test., preference: {10 + is_a} }}]\n"
            "  - type: NS\n    values: [ns1.swap.test., ns2.swap.test.]",
        "*.wild": f"  type: A\n  value: {mark}.42",
        "alias": "  type: CNAME\n  value: chain.swap.test.",
        "big": f"  type: TXT\n  values: [{long_texts}]",
        "chain": f"  type: CNAME\n  value: n{3 + is_a}.swap.test.",
        "child": f"  type: NS\n  value: ns{1 + is_a}.child.swap.test.",
        f"ns{1 + is_a}.child": f"  type: A\n  value: {mark}.61",
        "four": f"  type: A\n  values: [{mark}.1, {mark}.2, {mark}.3, {mark}.4]",
        "geo": _DYNAMIC.format(mark=mark, subnet_pool=pools[0], other_pool=pools[1]),
        "mail": f"  type: A\n  value: {mark}.25",
        "ns1": f"  type: A\n  value: {mark}.51",
        "ns2": f"  type: A\n  value: {mark}.52",
        f"only-{'a' if is_a else 'b'}": f"  type: A\n  value: {mark}.7",
        "text": f"  type: TXT\n  values: ['{mark}', 'of table {mark}']",
        **{f"n{number}": f"  type: A\n  value: {mark}.{number}" for number in range(32)},
    }
    return "---\n" + "".join(f"{name!r}:\n{records[name]}\n" for name in sorted(records, key=_natural))


# (name, type, client subnet, rcodes of A and B, last octets of the addresses answered by A and B: None for other types)
QUESTIONS = [
    *((f"n{number}", "A", None, None, ([str(number)],) * 2) for number in (0, 9, 31)),
    ("four", "A", None, None, (["1", "2", "3", "4"],) * 2),
    ("text", "TXT", None, None, None),
    ("big", "TXT", None, None, None),
    ("x.y.wild", "A", None, None, (["42"],) * 2),
    ("alias", "A", None, None, (["4"], ["3"])),
    ("geo", "A", "203.0.113.0/24", None, (["201"], ["202"])),
    ("geo", "A", "203.0.112.0/24", None, (["202"], ["201"])),
    ("only-a", "A", None, ("NOERROR", "NXDOMAIN"), (["7"], [])),
    ("only-b", "A", None, ("NXDOMAIN", "NOERROR"), ([], ["7"])),
    ("", "MX", None, None, None),
    ("x.child", "A", None, None, ([], [])),
    ("n1", "AAAA", None, None, None),
    ("absent.n1", "A", None, ("NXDOMAIN", "NXDOMAIN"), None),
]
# What stands in a reply of either table that has no address in its answer.
_TOLD = {"text": "of table {mark}", "big": "{mark} xxx", "": "1{is_a} mail", "x.child": "ns{ns}.child"}


def write_images(lab):
    """Paths of the two tables, compiled."""
    images = []
    for number, mark in enumerate(MARKS):
        lab.write(f"swap-{number}/swap.test.yaml", zone(mark))
        images.append(programs.compile_table(lab, lab.path(f"swap-{number}"), lab.path(f"swap-{number}.table")))
    return images


def check(question, number, reply):
    """Raises LabError unless the reply is what table A (0) or B (1) says; what is learnt must be right first."""
    name, rdtype, _, rcodes, lasts = question
    mark, message = MARKS[number], dns.message.from_wire(reply)
    seen = [rrset.to_text() for section in (message.answer, message.authority, message.additional) for rrset in section]
    is_right = rcode(message) == (rcodes[number] if rcodes else "NOERROR") and MARKS[1 - number] not in "\n".join(seen)
    if lasts is not None:
        is_right = is_right and texts(message.answer, "A") == sorted(f"{mark}.{last}" for last in lasts[number])
    if name in _TOLD:
        is_a = int(number == 0)
        is_right = is_right and _TOLD[name].format(mark=mark, is_a=is_a, ns=1 + is_a) in "\n".join(seen)
    if not is_right:
        raise LabError(f"{name}.swap.test {rdtype} of table {'AB'[number]}: {message}")


def learn(lab, data_plane, client, images):
    """Publishes A and B, checks what they say, and writes it down for tests/load/asker.c. The newest generation is then
    FIRST + 1; the next table is A's. Returns the file's path."""
    wires = [query(f"{question[0]}.swap.test".lstrip("."), question[1], nsid=True, ecs=question[2], ident=0).to_wire()
             for question in QUESTIONS]
    replies = [[] for _ in wires]
    for number in range(2):
        publisher(lab, data_plane, "swap", *images, str(FIRST + number), "1", "0")
        for question, wire, known in zip(QUESTIONS, wires, replies):
            reply = client.udp_wire(wire)
            if reply is None:
                raise LabError(f"{question[0]}.swap.test: no answer")
            check(question, number, reply)
            if not re.search(rb" %d\.0" % (FIRST + number), reply):
                raise LabError(f"{question[0]}.swap.test: no generation in {reply.hex()}")
            known.append((reply, expect.mask_of(reply, FIRST + number)))
    return expect.write(lab.path("swap.expect"), list(zip(wires, replies)))


def describe_fault(result):
    """The first wrong reply in words, for a failure's message."""
    for fault in result["faults"]:
        return f"{dns.message.from_wire(bytes.fromhex(fault['reply']))}"
    return "none"


def size_of(images):
    return sum(os.path.getsize(image) for image in images)
