"""DNS over TCP under many clients and bad ones: thousands of idle connections, drips, slow readers, churn, swaps."""
import os
import re
import time

import dns.edns
import dns.flags
import dns.message

from tests.e2e.base import LabCase, SLOW, publisher
from tests.figures import tables
from tests.lib import programs, tcp_clients
from tests.lib.dns_client import generation, query, texts
from tests.lib.lab import wait_for
from tests.lib.load import DnsPerf
from tests.lib.tcp_clients import Asking, Crowd, repeating

SOURCES = tcp_clients.addresses(100)
RATE = 20000 if SLOW == 1 else 2000
KEEPALIVE = 11
LISTENING = "0A"  # a state of /proc/net/tcp
BIG, BIG_CNT = "big.tcp.test", 100
ZONE = """\
---
'':
  type: NS
  values: [ns1.tcp.test., ns2.tcp.test.]
big:
  type: TXT
  values: [{texts}]
www:
  type: A
  value: 192.0.2.80
"""


def write_zone(lab):
    """With 59 KB behind one name, in a hundred records: the most that a set may have of either."""
    values = ", ".join(repr(f"{number:02} " + "x" * 570) for number in range(BIG_CNT))
    lab.write("zones/tcp.test.yaml", ZONE.format(texts=values))
    return lab.path("zones")


class TcpCase(LabCase):
    """A server of that zone with TCP settings of the class."""

    TCP = {}
    WWW = query("www.tcp.test").to_wire()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tcp_clients.raise_descriptor_limit()
        tcp_clients.add_addresses(cls.client_side, "cli0", SOURCES)
        cls.data_plane = programs.DataPlane(cls.lab, cls.server_side, [programs.port_lines("af_xdp", interface="srv0")],
                                            tcp=cls.TCP)
        cls.data_plane.start(20 * SLOW)
        cls.publish_file(cls.data_plane, programs.compile_table(cls.lab, write_zone(cls.lab),
                                                                cls.lab.path("tcp.table")))

    def crowd(self, *sources):
        crowd = Crowd(self.client_side, list(sources) or SOURCES)
        self.addCleanup(crowd.close)
        return crowd

    def is_www(self, reply):
        return texts(dns.message.from_wire(reply).answer) == ["192.0.2.80"]

    def assert_answered_at_once(self, crowd, limit_s=1.0):
        """A new connection's query is answered within the second that is promised."""
        took = tcp_clients.seconds_to_answer(crowd, self.WWW, self.is_www)
        self.assertLess(took, limit_s * SLOW)
        return took

    def memory_kb(self):
        with open(f"/proc/{self.data_plane.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.data_plane.process.pid}/fd"))

    def connections(self):
        """How many the process has accepted and not closed: sockets of port 53 that belong to somebody."""
        with open(f"/proc/{self.data_plane.process.pid}/net/tcp", encoding="ascii") as file:
            rows = [line.split() for line in file.readlines()[1:]]
        return sum(row[1].endswith(":0035") and row[3] != LISTENING and row[9] != "0" for row in rows)

    def wait_connections(self, least, most=None):
        """Until they are so many; exactly `least` when that is all that is said."""
        most = least if most is None else most
        wait_for(lambda: least <= self.connections() <= most, 10 * SLOW,
                 lambda: f"{least} to {most} connections, not {self.connections()}")

    def tcp_counters(self):
        return self.data_plane.process.counters()["workers"][-1]


class Thousands(TcpCase):
    TCP = {"max_connections": 5000, "idle_timeout_s": 300}

    def test_idle_connections_cost_little_and_stop_nobody(self):
        count = 4000
        others = self.crowd()
        self.assert_answered_at_once(others)  # so that what is allocated once is
        self.wait_connections(0)
        memory, descriptors = self.memory_kb(), self.descriptors()
        idle = self.crowd()
        idle.connect(count)
        self.wait_connections(count)
        each = (self.memory_kb() - memory) * 1024 / count
        if SLOW == 1:
            self.assertLess(each, 1024, "bytes of ours for one idle connection")
        load = DnsPerf(self.lab, self.client_side, programs.SERVER4, [("www.tcp.test", "A")], 4, RATE)
        longest = max(self.assert_answered_at_once(others) for _ in range(100))
        result = load.finish()
        self.assertTrue(result.is_clean(), result.text)
        self.assertEqual(idle.open_count(), count)
        # Over three quarters of the places are taken: whoever asks how long to stay is told to go (RFC 7828 §3.3.2).
        crowded = query("www.tcp.test")
        crowded.use_edns(0, options=[dns.edns.GenericOption(KEEPALIVE, b"")])
        (told,) = dns.message.from_wire(Asking.connect(others).ask(crowded.to_wire())).options
        self.assertEqual((told.otype, told.data), (KEEPALIVE, b"\0\0"))
        # They can be used yet.
        for sock in idle.sockets[::40]:
            self.assertTrue(self.is_www(Asking(sock).ask(self.WWW)))
        self.assertEqual(idle.open_count(), count)
        idle.close()
        others.close()
        self.wait_connections(0)
        self.assertEqual(self.descriptors(), descriptors)
        print(f"\n    {count} idle connections, {each:.0f} bytes each; a new one answered within {longest * 1000:.1f} ms; "
              f"UDP at {result.rate:.0f}/s lost {result.lost}", end="")

    def test_the_largest_answers(self):
        """Ten pipelined, each whole; over UDP the same question is truncated."""
        wire = query(BIG, "TXT").to_wire()
        asking = Asking.connect(self.crowd())
        asking.sock.sendall(tcp_clients.framed(wire) * 10)
        for _ in range(10):
            reply = asking.receive()
            self.assertGreater(len(reply), 58_000)
            message = dns.message.from_wire(reply)
            self.assertFalse(message.flags & dns.flags.TC)
            self.assertEqual(len({rdata.to_text() for rdata in message.answer[0]}), BIG_CNT)
        self.assertTrue(self.client.ask(BIG, "TXT").flags & dns.flags.TC)

    def test_comings_and_goings_leave_nothing(self):
        rounds, each = (20, 500) if SLOW == 1 else (4, 250)
        crowd = self.crowd()

        def churn():
            """Some ask and wait, some ask and reset, some say nothing, some half a query."""
            sockets = crowd.connect(each)
            for number, sock in enumerate(sockets):
                if number % 4 == 0:
                    sock.sendall(tcp_clients.framed(self.WWW))
                    self.assertEqual(sock.recv(2), (len(self.WWW) + 16).to_bytes(2, "big"))
                elif number % 4 == 1:
                    sock.sendall(tcp_clients.framed(self.WWW) * 50)
                    tcp_clients.reset(sock)
                elif number % 4 == 2:
                    sock.sendall(tcp_clients.framed(self.WWW)[:20])
            crowd.close()
        churn()
        self.wait_connections(0)
        memory, descriptors = self.memory_kb(), self.descriptors()
        began = time.monotonic()
        for _ in range(rounds):
            churn()
        took = time.monotonic() - began
        self.wait_connections(0)
        self.assertEqual(self.descriptors(), descriptors)
        grown = self.memory_kb() - memory
        self.assert_answered_at_once(crowd)
        if SLOW == 1:  # a sanitizer keeps what was freed
            self.assertLess(grown, 1024, "KB more than after the first round")
        print(f"\n    {rounds * each} connections in {took:.1f} s, {grown} KB more than after the first {each}", end="")


class CutOff(TcpCase):
    """Two seconds for whoever gets nothing done, and one megabyte for what all leave lying."""

    TCP = {"idle_timeout_s": 2, "max_buffered_mb": 1}

    def assert_ends_in_time(self, crowd, began):
        wait_for(lambda: crowd.open_count() == 0, 10 * SLOW, lambda: f"{crowd.open_count()} are open still")
        took = time.monotonic() - began
        self.assertGreater(took, 1.9)
        self.assertLess(took, 4 * SLOW)

    def test_silence(self):
        crowd, began = self.crowd(), time.monotonic()
        crowd.connect(50)
        self.assert_ends_in_time(crowd, began)

    def test_single_bytes_do_not_count(self):
        crowd, began = self.crowd(), time.monotonic()
        sockets = crowd.connect(50)
        with repeating(tcp_clients.drip(sockets, tcp_clients.framed(self.WWW)), 0.2):
            self.assert_ends_in_time(crowd, began)

    def test_whole_queries_do(self):
        asking = Asking.connect(self.crowd())
        until = time.monotonic() + 5
        while time.monotonic() < until:
            self.assertTrue(self.is_www(asking.ask(self.WWW)))
            time.sleep(0.2)  # a client's own pace, not a wait for anything

    def test_who_does_not_read(self):
        """Their answers are tens of megabytes; what we hold of them is bounded, others are answered, and they are reset."""
        memory = self.memory_kb()
        crowd, others = self.crowd(), self.crowd()
        wire = tcp_clients.framed(query(BIG, "TXT").to_wire())
        for sock in crowd.connect(200):
            sock.sendall(wire * 100)
        peaks = []

        def look():
            self.assert_answered_at_once(others)
            peaks.append(self.memory_kb())
        with repeating(look, 0.02):
            wait_for(lambda: crowd.open_count() == 0, 10 * SLOW, lambda: f"{crowd.open_count()} are open still")
            self.wait_connections(0, most=2)  # the others' come and go
        if SLOW == 1:
            self.assertLess(max(peaks) - memory, 4096, "KB")
        # 200 took at most what sockets hold, and not 100 answers each.
        self.assertLess(self.tcp_counters()["received"], 200 * 60)

    def test_one_address_has_its_share(self):
        crowd, others = self.crowd(SOURCES[0]), self.crowd(SOURCES[1])
        others.connect(1)
        crowd.connect(64)
        self.assertEqual(crowd.open_count(), 64)
        crowd.connect(6)
        wait_for(lambda: crowd.open_count() == 64, 1, "six have made room")
        self.assertEqual(others.open_count(), 1)
        self.assert_answered_at_once(crowd)


class NoDescriptors(LabCase):
    """A limit of 300 files: fewer connections than configured, which is said, and the oldest make room."""

    def test_fewer_connections(self):
        tcp_clients.add_addresses(self.client_side, "cli0", SOURCES)
        data_plane = programs.DataPlane(self.lab, self.server_side,
                                        [programs.port_lines("socket", listen=[f"{programs.SERVER4}:53"])])
        data_plane.wrapper = ["prlimit", "--nofile=300"]
        process = data_plane.start(20 * SLOW)
        self.assertIn("tcp.max_connections: 151 in place of 4096", process.log())
        self.publish_file(data_plane, programs.compile_table(self.lab, write_zone(self.lab), self.lab.path("tcp.table")))
        crowd = Crowd(self.client_side, SOURCES)
        self.addCleanup(crowd.close)
        crowd.connect(400)
        wait_for(lambda: crowd.open_count() == 151, 5 * SLOW, lambda: f"151 are left, not {crowd.open_count()}")
        reply = Asking.connect(crowd).ask(TcpCase.WWW)
        self.assertEqual(texts(dns.message.from_wire(reply).answer), ["192.0.2.80"])
        self.assertEqual(process.stop(15 * SLOW), 0, process.log())


class Swaps(LabCase):
    """Connections that stay, while the table under them is swapped twenty times a second."""

    def test_every_answer_is_of_one_table(self):
        self.start_data_plane()
        images = tables.write_images(self.lab)
        publisher(self.lab, self.data_plane, "swap", *images, str(tables.FIRST), "1", "0")
        crowd = Crowd(self.client_side, [programs.CLIENT4])
        self.addCleanup(crowd.close)
        askings = [Asking.connect(crowd) for _ in range(8)]
        seen = [0] * len(askings)
        wire = query("n9.swap.test", nsid=True).to_wire()
        answered = 0

        def ask():
            nonlocal answered
            for number, asking in enumerate(askings):
                message = dns.message.from_wire(asking.ask(wire))
                now, _ = generation(message)
                expected = f"{tables.MARKS[(now - tables.FIRST) % 2]}.9"
                assert texts(message.answer) == [expected], f"generation {now}: {message}"
                assert now >= seen[number], f"generation {now} after {seen[number]}"
                seen[number] = now
                answered += 1
        with repeating(ask, 0):
            output = publisher(self.lab, self.data_plane, "swap", *images, str(tables.FIRST + 1), "100", "50")
        self.assertEqual(output.count("ack "), 100)
        self.assertGreater(min(seen), tables.FIRST + 90)
        self.assertGreater(answered, 1000 // SLOW)
        print(f"\n    {answered} answers on 8 connections, 100 tables, none wrong", end="")
