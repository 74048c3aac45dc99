"""Bad TCP clients of every kind at once, while UDP is asked 20,000 times a second: what UDP and a new TCP client notice."""
import contextlib
import json
import os
import random
import re
import statistics
import struct

import dns.message

from tests.conformance.link import checksum
from tests.e2e.base import SLOW
from tests.e2e.tcp import BIG, SOURCES, write_zone
from tests.figures import figure
from tests.lib import expect, programs, tcp_clients
from tests.lib.dns_client import query, texts
from tests.lib.load import Asker, Flood
from tests.lib.tcp_clients import Crowd, framed, repeating

RATE = 20_000 if SLOW == 1 else 2000
IDLE, SLOW_READERS, DRIPS, GARBAGE = 2000, 100, 100, 10  # the last each tenth of a second
SYN_RATE, SYN_SOURCES = 5000, 1000
SPOOFED = "10.99"  # routed to the client, which has none of these addresses: nobody answers the SYN-ACK
NOISE = (b"GET / HTTP/1.1\r\n\r\n", b"\0\0", b"\xff" * 1000, bytes.fromhex("16030100050100000100"))
BUFFERED_MB = 32  # tcp.max_buffered_mb's default


def syn(ethernet, source):
    """A frame that begins a connection and never goes on."""
    addresses = source + bytes(map(int, programs.SERVER4.split(".")))
    segment = struct.pack(">HHIIBBHHH", random.randrange(1024, 65536), 53, random.randrange(2 ** 32), 0, 5 << 4, 2, 65535, 0, 0)
    total = checksum(addresses + struct.pack(">HH", 6, len(segment)) + segment)
    segment = segment[:16] + struct.pack(">H", total) + segment[18:]
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, 64, 6, 0) + addresses
    return ethernet + head[:10] + struct.pack(">H", checksum(head)) + head[12:] + segment


def mac(namespace, interface):
    shown = namespace.ip("link", "show", interface).stdout
    return bytes.fromhex(re.search(r"link/ether (\S+)", shown).group(1).replace(":", ""))


class TcpAbuse(figure.Figure):
    figure = "TCP abuse"
    target = ("2,000 idle connections, slow readers, byte-drip, SYN flood, garbage: UDP loss 0 and p99 +10 %, new TCP query "
              "answered <= 1 s, state bounded")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tcp_clients.raise_descriptor_limit()
        tcp_clients.add_addresses(cls.client_side, "cli0", SOURCES)
        cls.server_side.ip("route", "add", f"{SPOOFED}.0.0/16", "via", programs.CLIENT4)
        cls.start_data_plane()
        cls.publish_file(cls.data_plane, programs.compile_table(cls.lab, write_zone(cls.lab), cls.lab.path("tcp.table")))
        wire = query("www.tcp.test", ident=0).to_wire()
        reply = cls.client.udp_wire(wire)
        assert texts(dns.message.from_wire(reply).answer) == ["192.0.2.80"]
        cls.wire = wire
        cls.known = expect.write(cls.lab.path("tcp.expect"), [(wire, [(reply, bytes([expect.EQUAL]) * len(reply))])])

    def setUp(self):
        super().setUp()
        self.answer_s, self.states = [], []

    def state(self):
        """(KB of memory, descriptors) of the server."""
        pid = self.data_plane.process.pid
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1)), len(os.listdir(f"/proc/{pid}/fd"))

    def crowd(self, stack):
        return stack.enter_context(Crowd(self.client_side, SOURCES))

    def read_slowly(self, crowd):
        """Asks for megabytes and reads none; whoever was reset comes again."""
        big = framed(query(BIG, "TXT").to_wire()) * 100
        if crowd.open_count() < SLOW_READERS // 2:
            crowd.close()
            for sock in crowd.connect(SLOW_READERS):
                with contextlib.suppress(OSError):
                    sock.sendall(big)

    def talk_nonsense(self, crowd):
        crowd.close()
        for number, sock in enumerate(crowd.connect(GARBAGE)):
            with contextlib.suppress(OSError):
                sock.sendall(NOISE[number % len(NOISE)])

    def ask_anew(self, crowd):
        self.answer_s.append(tcp_clients.seconds_to_answer(
            crowd, self.wire, lambda reply: texts(dns.message.from_wire(reply).answer) == ["192.0.2.80"]))
        self.states.append(self.state())

    @contextlib.contextmanager
    def abuse(self, seconds):
        """All of them at once. The idle ones are made first, so that what they cost to make is not measured."""
        ethernet = mac(self.server_side, "srv0") + mac(self.client_side, "cli0") + b"\x08\0"
        frames = [syn(ethernet, bytes(map(int, SPOOFED.split("."))) + number.to_bytes(2, "big"))
                  for number in range(SYN_SOURCES)]
        with contextlib.ExitStack() as stack:
            self.crowd(stack).connect(IDLE)
            dripping = self.crowd(stack).connect(DRIPS)
            reading, talking, asking = (self.crowd(stack) for _ in range(3))
            stack.enter_context(repeating(tcp_clients.drip(dripping, framed(self.wire)), 0.5))
            stack.enter_context(repeating(lambda: self.read_slowly(reading), 0.2))
            stack.enter_context(repeating(lambda: self.talk_nonsense(talking), 0.1))
            stack.enter_context(repeating(lambda: self.ask_anew(asking), 0.1))
            flood = Flood(self.lab, self.client_side, "cli0", frames, seconds=seconds + 1, rate=SYN_RATE)
            yield
            flood.finish()

    def cable_drops(self):
        """Frames for which the veth pair had no room in its ring of 256: before the server has seen them, or after."""
        return sum(json.loads(namespace.run("ip", "-json", "-statistics", "link", "show", name).stdout)[0]
                   ["stats64"]["tx"]["dropped"] for namespace, name in ((self.client_side, "cli0"), (self.server_side, "srv0")))

    def ask(self, seconds):
        before = self.cable_drops()
        result = Asker(self.lab, self.client_side, programs.SERVER4, self.known, seconds, RATE).finish()
        result["cable_drops"] = self.cable_drops() - before
        self.assertEqual(result["wrong"], 0, result)
        self.assertLessEqual(result["lost"], result["cable_drops"], result)
        return result

    def test_what_others_notice(self):
        seconds, rounds = figure.choose((2, 1), (10, 5))
        memory, descriptors = self.state()
        quiet, abused = [], []
        for _ in range(rounds):  # in turn, so that what else the machine does falls on both
            quiet.append(self.ask(seconds))
            with self.abuse(seconds):
                abused.append(self.ask(seconds))
        used_kb, used_descriptors = (max(state[i] for state in self.states) - before
                                     for i, before in enumerate((memory, descriptors)))
        self.assertGreater(len(self.answer_s), seconds * rounds)
        self.assertLess(max(self.answer_s), 1.0 * SLOW)
        self.assertGreater(used_descriptors, IDLE)
        self.assertLessEqual(used_descriptors, 4096)
        if SLOW == 1:
            self.assertLess(used_kb, (BUFFERED_MB + 8) * 1024, "KB")
        p50, p99, p50_abused, p99_abused = (statistics.median(result[key] for result in results) for results in (quiet, abused)
                                            for key in ("p50_us", "p99_us"))
        lost = sum(result["lost"] for result in abused)
        drops = sum(result["cable_drops"] for result in abused)
        told = f"{lost} lost, the veth having dropped {drops} frames," if lost else "0 lost"
        self.measured(f"UDP {told} of {sum(result['sent'] for result in abused)}, p50 {p50_abused:.0f} us (quiet "
                      f"{p50:.0f}), p99 {p99_abused:.0f} us (quiet {p99:.0f}; clients and server share two cores); new TCP "
                      f"query within {max(self.answer_s) * 1000:.0f} ms ({len(self.answer_s)} of them); at most {used_kb} KB and "
                      f"{used_descriptors} descriptors more")
