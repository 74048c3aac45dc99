"""Bytes out for bytes in, over UDP, of every question that the tests know: what a forger of sources would gain by us."""
import os
import re

import dns.rdatatype

from tests.conformance.asker import Asker
from tests.conformance.check import UDP, load_all
from tests.conformance.message import TC, Bad, Reply, query
from tests.e2e.base import SLOW
from tests.figures import figure
from tests.lib import programs
from tests.lib.lab import ROOT

PAGE = os.path.join(ROOT, "docs", "abuse.md")
BEGIN, END = "<!-- amplification: written by tests/figures/amplification.py -->\n", "<!-- end of amplification -->\n"
ERRORS = ("FORMERR", "REFUSED", "NOTIMP", "BADVERS")
ERROR_MAX, ANSWER_MAX = 1.5, 10.0
# Sets that the tests' zones hold for being large.
LARGE = re.compile(rb"(?:s\d+|big\w*|huge\w*)", re.ASCII)
LISTED = ("A", "AAAA", "ANY", "CNAME", "DNAME", "DS", "HTTPS", "MX", "NS", "SOA", "SRV", "SVCB", "TXT")
DEMO_ZONES = os.path.join(ROOT, "conf", "demo", "zones")
DEMO_NAMES = ["example.test.", "www.example.test.", "nothing.example.test.", "ns1.example.test.", "example.org."]
DEMO_TYPES = ["A", "AAAA", "NS", "SOA", "MX", "TXT", "CNAME", "ANY", "SRV", "HTTPS", "DS", "TYPE65400"]


class Sizes:
    """The largest ratio of each (type, rcode)."""

    def __init__(self):
        self.worst = {}
        self.asked = 0

    def note(self, wire, answer):
        if len(wire) < 12:
            return
        self.asked += 1
        try:
            reply = Reply(answer)
        except Bad:
            return  # not ours to judge here
        key = (question_type(wire), "TC" if reply.has(TC) else reply.rcode_text, reply.answer != [] and is_large(wire))
        ratio = len(answer) / len(wire)
        if ratio > self.worst.get(key, (0,))[0]:
            self.worst[key] = (ratio, len(wire), len(answer), wire)


def question_type(wire):
    """What was asked for, or "-" where nobody can tell."""
    at = 12
    while at < len(wire) and 0 < wire[at] < 64:
        at += 1 + wire[at]
    if wire[4:6] != b"\0\1" or wire[2] & 0x78 or at + 3 > len(wire) or wire[at] != 0:
        return "-"
    text = dns.rdatatype.to_text(int.from_bytes(wire[at + 1:at + 3], "big"))
    return text if text in LISTED else "others"


def is_large(wire):
    """Whether the first label is one of LARGE's."""
    return LARGE.fullmatch(wire[13:13 + wire[12]]) is not None


class Weigher(Asker):
    """A check's asker that notes the size of all it reads."""

    sizes = None

    def read(self, wire, received, verdict=None):
        self.sizes.note(wire, received)
        return super().read(wire, received, verdict)


class Amplification(figure.Figure):
    figure = "amplification"
    target = f"reply bytes / query bytes over UDP: FORMERR, REFUSED <= {ERROR_MAX}, others <= {ANSWER_MAX:.0f}"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data_plane = programs.DataPlane(cls.lab, cls.server_side, [programs.port_lines(
            "socket", listen=[f"{programs.SERVER4}:53", f"[{programs.SERVER6}]:53"])])
        cls.data_plane.start(20 * SLOW)
        cls.sizes = Sizes()

    def publish(self, zones, generation):
        self.publish_file(self.data_plane, programs.compile_table(
            self.lab, zones, self.lab.path(f"{generation}.table"), geo=programs.country_database(),
            generation=generation))

    def ask(self, wire):
        answer = self.client.udp_wire(wire)
        if answer is not None:
            self.sizes.note(wire, answer)

    def ask_checks(self):
        servers = {4: programs.SERVER4, 6: programs.SERVER6}
        for check in load_all().values():
            if UDP not in check.over or check.config != "default":
                continue
            asker = Weigher(check, UDP, 4, self.client_side, servers)
            asker.sizes = self.sizes
            try:
                check.run(asker)
            finally:
                asker.close()

    def test_every_question(self):
        self.publish(os.path.join(ROOT, "tests", "conformance", "zones"), 7)
        self.ask_checks()
        self.publish(DEMO_ZONES, 8)
        for name in DEMO_NAMES:
            for rdtype in DEMO_TYPES:
                for edns in (False, True):
                    self.ask(query(name, rdtype_number(rdtype), edns=edns))
        self.judge()

    def judge(self):
        worst = self.sizes.worst
        errors = {key: found for key, found in worst.items() if key[1] in ERRORS}
        answers = {key: found for key, found in worst.items() if key not in errors}
        for key, (ratio, asked, answered, wire) in worst.items():
            if key[2]:
                continue
            limit = ERROR_MAX if key in errors else ANSWER_MAX
            self.assertLessEqual(ratio, limit, f"{key}: {answered} bytes to {asked}: {wire.hex()}")
        truncated = {key: found for key, found in worst.items() if key[1] == "TC"}
        self.assertLessEqual(max(found[0] for found in truncated.values()), ERROR_MAX)
        if figure.is_long:
            write_table(worst)
        large = [found[0] for key, found in answers.items() if key[2]]
        self.measured(f"{self.sizes.asked} replies: answers at most "
                      f"{max(found[0] for key, found in answers.items() if not key[2]):.1f} ({max(large):.1f} of large sets), "
                      f"errors {max(found[0] for found in errors.values()):.2f}, "
                      f"truncated {max(found[0] for found in truncated.values()):.2f}")


def rdtype_number(text):
    return int(dns.rdatatype.from_text(text))


def write_table(worst):
    """Puts the table into the page between its marks."""
    lines = ["| type | rcode | largest ratio | query | reply |\n", "| --- | --- | --- | --- | --- |\n"]
    for (rdtype, rcode, large), (ratio, asked, answered, _) in sorted(worst.items(), key=lambda item: (-item[1][0], item[0])):
        if ratio > 1:
            note = ", a set that is large on purpose" if large else ""
            lines.append(f"| {rdtype} | {rcode}{note} | {ratio:.2f} | {asked} | {answered} |\n")
    with open(PAGE, encoding="utf-8") as file:
        before, _, rest = file.read().partition(BEGIN)
        after = rest.partition(END)[2]
    with open(PAGE, "w", encoding="utf-8") as file:
        file.writelines([before, BEGIN, *lines, END, after])
