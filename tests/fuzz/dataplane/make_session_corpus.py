"""Writes the seed inputs of fuzz_session: the messages of each conformance check are one session.

`python3 -m tests.fuzz.dataplane.make_session_corpus` as root: the checks are run against kernel sockets, and what they
send is written down. Run it after adding checks.
"""
import pathlib
import struct
import sys
import unittest

from tests.conformance.asker import Asker
from tests.e2e import conformance

HERE = pathlib.Path(__file__).resolve().parent / "corpus_session"
# enum setting of fuzz_session.c: one cookie key, an identity of five letters, keepalive; and what a check's own
# configuration is nearest to.
SETUP = 0x604
OVER_TCP = 1
EACH_MAX = 3       # messages of one flood
SESSION_MAX = 16   # messages of one check
MESSAGE_MAX = 700  # bytes; the largest ones differ by nothing but what they are padded with
SESSIONS = {}


class Recorder(Asker):
    """Notes what is sent."""

    def note(self, wires):
        session = SESSIONS.setdefault((self.check.ident, self.transport), [])
        for wire in [wire for wire in wires if len(wire) <= MESSAGE_MAX][:EACH_MAX]:
            if len(session) < SESSION_MAX and wire not in session:
                session.append(wire)

    def send(self, wire, verdict=None):
        self.note([wire])
        return super().send(wire, verdict)

    def silence(self, wire, verdict):
        self.note([wire])
        super().silence(wire, verdict)

    def flood_raw(self, wires):
        wires = list(wires)
        self.note(wires)
        yield from super().flood_raw(wires)


def write():
    HERE.mkdir(exist_ok=True)
    for file in HERE.iterdir():  # what a fuzzer found stays
        if not file.name.startswith("found-"):
            file.unlink()
    known = set()
    for (ident, transport), wires in sorted(SESSIONS.items()):
        control = OVER_TCP if transport == conformance.TCP else 0
        new = [wire for wire in wires if (wire[2:], control) not in known]
        known |= {(wire[2:], control) for wire in wires}
        # What UDP and TCP are asked alike is of interest once.
        if transport == conformance.TCP and all((wire[2:], 0) in known for wire in wires):
            continue
        if new:
            (HERE / f"{ident}-{transport}").write_bytes(SETUP.to_bytes(3, "little") + b"".join(
                struct.pack(">BH", control, len(wire)) + wire for wire in new))
    print(f"{len(list(HERE.iterdir()))} sessions, {sum(file.stat().st_size for file in HERE.iterdir())} bytes")


def main():
    conformance.Asker = Recorder
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(conformance.Sockets)
    result = unittest.TextTestRunner(verbosity=0).run(suite)
    write()  # what was sent is a seed whatever came back
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
