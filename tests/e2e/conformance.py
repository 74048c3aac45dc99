"""The checks of tests/conformance over every port kind, transport and family: right, equal to the byte, and counted.

One server a port kind answers from one table, compiled once. A check fails where its assertions fail, where its replies
differ from those of another transport, or where the counters did not move by what it sent.
"""
import json
import os
import random
import socket
import subprocess

from tests.conformance.asker import SENTINEL, Asker
from tests.conformance.check import CONFIGS, FRAMES, TCP, UDP, load_all
from tests.conformance.link import Link, dns_of
from tests.conformance.message import TC, Reply, query
from tests.e2e.base import FIRST_WORKER, LabCase, SLOW, counter_changes
from tests.lib import programs
from tests.lib.lab import ROOT, LabError, wait_for

ZONES = os.path.join(ROOT, "tests", "conformance", "zones")
CHECKS = load_all()
VLANS = ["untagged", "100", "300.100"]
SERVERS = {4: programs.SERVER4, 6: programs.SERVER6}


class Watch:
    """The counters, read as often as a check wants."""

    def __init__(self, lab, data_plane):
        self.process = subprocess.Popen(
            [programs.PUBLISHER, data_plane.socket, "watch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            bufsize=1, env={**os.environ, **programs.sanitizer_environment(lab)})

    def read(self, worker=None):
        """Of one worker, else summed over all."""
        self.process.stdin.write("\n" if worker is None else f"{worker}\n")
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        if self.process.wait(10 * SLOW) != 0:
            raise LabError("publisher: watch failed")


def answered_of(counters):
    return sum(count for name, count in counters.items() if name != "received" and not name.startswith("drop_"))


def assert_adds_up(read):
    """One verdict a packet. A packet's two counters may be seen a moment apart: other frames than ours come here too."""
    def is_equal():
        now = read()
        return now.pop("received") == sum(now.values())
    wait_for(is_equal, 2 * SLOW, lambda: f"received is the sum of verdicts: {read()}")


class Conformance:
    """One port kind under one configuration."""

    reference = {}  # (check, number of the reply) -> {transport: (where first, bytes)}
    config = "default"
    interface = "cli0"      # the client's end of where the port under test receives
    has_filter = False      # whether an XDP program decides what the port receives
    has_joined_ipv4 = False  # whether the kernel puts IPv4 fragments together first
    has_exact_count = True  # whether this port receives nothing but our queries
    transports = (UDP, TCP)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        image = programs.compile_table(cls.lab, ZONES, cls.lab.path("conformance.table"),
                                       geo=programs.country_database(), generation=7)
        cls.data_plane = programs.DataPlane(cls.lab, cls.server_side, [cls.port()], **CONFIGS[cls.config])
        cls.data_plane.start(20 * SLOW)
        cls.wire_up()
        cls.publish_file(cls.data_plane, image)
        cls.watch = Watch(cls.lab, cls.data_plane)
        cls.addClassCleanup(cls.watch.close)
        cls.link = cls.make_link() if FRAMES in cls.transports else None
        if cls.link is not None:
            cls.addClassCleanup(cls.link.close)

    @classmethod
    def wire_up(cls):
        """What is left to do once the port is there."""

    @classmethod
    def make_link(cls):
        mac = json.loads(cls.server_side.run("ip", "-json", "link", "show", "srv0").stdout)[0]["address"]
        return Link(cls.client_side, cls.interface, mac, has_filter=cls.has_filter, has_joined_ipv4=cls.has_joined_ipv4,
                    left_to=(cls.server_side, "srv0") if cls.has_filter else None)

    def compare(self, asker, where):
        """The same bytes as over every transport before, except where UDP truncates and TCP does not. The first reply of
        each is what later ones are compared with, whichever is asked first."""
        for number, wire in enumerate(asker.replies):
            key = (asker.check.ident, number)
            firsts = self.reference.setdefault(key, {})
            firsts.setdefault(asker.transport, (where, wire))
            for transport, (first, expected) in firsts.items():
                udp = expected if asker.is_tcp else wire
                if TCP in (transport, asker.transport) and transport != asker.transport and udp[2] & TC >> 8:
                    continue
                self.assertEqual(wire.hex(), expected.hex(), f"reply {number + 1} differs from that over {first}")

    def counters(self, transport):
        """UDP must have come by the port under test: a kernel socket beside it is another worker."""
        return self.watch.read(None if transport == TCP else FIRST_WORKER)

    def assert_counted(self, before, asker):
        """The counters move by exactly what was sent. A worker publishes a burst's counters after its replies, so
        they may be a moment behind; what is counted beyond shows here or in the check that follows."""
        expected = {name: count for name, count in asker.expected.items() if count}

        def changes():
            moved = counter_changes(before, self.counters(asker.transport))
            moved.pop("received", None)
            if not self.has_exact_count:  # other frames than ours come here too: ARP, ND, TCP
                others = moved.pop("drop_not_dns", 0)
                moved.update({name: min(count, others) for name, count in expected.items() if name == "drop_not_dns"})
            return moved
        if asker.received is not None:
            self.wait_received(before, asker)
            expected = changes()
        try:
            wait_for(lambda: changes() == expected, 2 * SLOW, "counters")
        except LabError:
            self.assertEqual(changes(), expected, "verdicts counted")
        assert_adds_up(lambda: self.counters(asker.transport))

    def wait_received(self, before, asker):
        """Where some of many frames are answered: as many count as answered as were, and none is lost on the way."""
        def is_all():
            moved = counter_changes(before, self.counters(asker.transport))
            answered = sum(count for name, count in moved.items() if name != "received" and not name.startswith("drop_"))
            return answered == asker.answered_cnt and asker.received.is_right(moved["received"])
        wait_for(is_all, 2 * SLOW, lambda: f"{asker.answered_cnt} answers counted and every frame received or left to the "
                                           f"kernel: {counter_changes(before, self.counters(asker.transport))}")

    def run_check(self, check, transport, family):
        where = f"{type(self).__name__} {transport}{family}"
        before = self.counters(transport)
        asker = Asker(check, transport, family, self.client_side, SERVERS, self.link)
        try:
            check.run(asker)
        finally:
            asker.close()
        if check.is_same:
            self.compare(asker, where)
        self.assert_counted(before, asker)

    def run_all(self, transport):
        checks = [check for check in CHECKS.values() if transport in check.over and check.config == self.config]
        for family in (4, 6):
            for check in checks:
                if check.is_once and (family == 6 or not isinstance(self, Sockets)):
                    continue
                with self.subTest(check.ident, over=f"{transport}{family}"):
                    self.run_check(check, transport, family)

    def test_udp(self):
        self.run_all(UDP)

    def test_tcp(self):
        if TCP in self.transports:
            self.run_all(TCP)

    def test_frames(self):
        if FRAMES not in self.transports:
            return
        at_rest = self.data_plane.process.settled_buffers(self.wake, 20 * SLOW)
        self.run_all(FRAMES)
        self.assertEqual(self.data_plane.process.settled_buffers(self.wake, 20 * SLOW), at_rest, "packet buffers out")

    def wake(self):
        self.link.drain()
        self.link.send(self.link.query_frame(SENTINEL))
        self.link.receive(lambda frame: dns_of(frame) is not None)

    def test_zz_clean_exit(self):
        """Last by name: what a sanitizer has to say comes at the end."""
        self.stop_cleanly(self.data_plane.process)


class Sockets(Conformance, LabCase):
    """Kernel sockets: no DPDK."""

    @classmethod
    def port(cls):
        return programs.port_lines("socket", listen=[f"{programs.SERVER4}:53", f"[{programs.SERVER6}]:53"])


class AfXdp(Conformance, LabCase):
    has_filter = True
    transports = (UDP, TCP, FRAMES)

    @classmethod
    def port(cls):
        return programs.port_lines("af_xdp", interface="srv0", vlans=VLANS)

    def test_the_kernel_answers_the_rest(self):
        self.assertNotIn("nothing answers", self.data_plane.process.log())


class AfPacket(Conformance, LabCase):
    has_joined_ipv4 = True  # DPDK's driver asks for it (PACKET_FANOUT_FLAG_DEFRAG)
    has_exact_count = False
    transports = (UDP, FRAMES)

    @classmethod
    def port(cls):
        return programs.port_lines("af_packet", interface="srv0", vlans=VLANS)


class Tap(Conformance, LabCase):
    """The TAP interface is moved to the client: what is sent into it comes to meridiand as from a NIC of its own."""

    has_exact_count = False
    transports = (UDP, FRAMES)
    interface = "dns0"
    MAC = "02:00:00:00:00:53"

    @classmethod
    def port(cls):
        return programs.port_lines("tap", interface="dns0", vlans=VLANS)

    @classmethod
    def wire_up(cls):
        namespace = cls.client_side
        cls.server_side.ip("link", "set", "dns0", "netns", namespace.name)
        namespace.run("sysctl", "-qw", "net.ipv6.conf.dns0.accept_dad=0")
        namespace.ip("link", "set", "dns0", "up")
        wait_for(lambda: "LOWER_UP" in namespace.ip("link", "show", "dns0").stdout, 5, "dns0 is up")
        for address, prefix in ((programs.SERVER4, "32"), (programs.SERVER6, "128")):
            # Nobody answers ARP at the other end of a TAP: the port is not a host.
            namespace.ip("neigh", "replace", address, "lladdr", cls.MAC, "dev", "dns0")
            namespace.ip("route", "add", f"{address}/{prefix}", "dev", "dns0", "src",
                         programs.CLIENT4 if prefix == "32" else programs.CLIENT6)

    @classmethod
    def make_link(cls):
        return Link(cls.client_side, cls.interface, cls.MAC, has_kernel=False)

    def test_what_nobody_answers_is_said(self):
        self.assertIn("port dns0: nothing answers ARP, ND or TCP here yet: neighbours must be static",
                      self.data_plane.process.log())


class Recorder(Asker):
    """Keeps what was asked and answered: {query: reply}."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.record = {}

    def read(self, wire, received, verdict=None):
        self.record[wire] = received
        return super().read(wire, received, verdict)


class ManyPorts(LabCase):
    """One process, ports of three kinds, several queues each: one table, one set of counters, one answer."""

    FLOWS = 8  # each from a port of its own, so that they spread over queues

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lab.veth(cls.client_side, "cli1", ["10.54.0.1/24"], cls.server_side, "srv1", ["10.54.0.53/24"])
        cls.lab.veth(cls.client_side, "cli2", ["10.55.0.1/24", "fd55::1/64"],
                     cls.server_side, "srv2", ["10.55.0.53/24", "fd55::53/64"])
        cls.data_plane = programs.DataPlane(cls.lab, cls.server_side, [
            programs.port_lines("af_packet", interface="srv0", queues=2),
            programs.port_lines("af_xdp", interface="srv1"),
            programs.port_lines("socket", listen=["10.55.0.53:53", "[fd55::53]:53"], queues=2)],
            addresses=[programs.SERVER4, programs.SERVER6, "10.54.0.53"])
        cls.data_plane.start(20 * SLOW)
        cls.publish_file(cls.data_plane, programs.compile_table(
            cls.lab, ZONES, cls.lab.path("conformance.table"), geo=programs.country_database(), generation=7))
        cls.watch = Watch(cls.lab, cls.data_plane)
        cls.addClassCleanup(cls.watch.close)

    def connect(self, server):
        sock = self.client_side.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.settimeout(2 * SLOW)
        sock.connect((server, 53))
        return sock

    def record(self):
        """({query: reply}, how many were answered): what the checks ask, but what says something of the moment or of who
        asks."""
        known, answered = {}, 0
        for check in CHECKS.values():
            if UDP in check.over and check.config == "default" and check.is_same and not check.is_once:
                asker = Recorder(check, UDP, 4, self.client_side, {4: "10.55.0.53"})
                try:
                    check.run(asker)
                finally:
                    asker.close()
                known.update(asker.record)
                answered += answered_of(asker.expected)
        return known, answered

    def assert_moved(self, before, measure, expected):
        """A measure of what moved, whatever else came by the cables meanwhile; every packet under one verdict. The last
        burst's counters follow its replies."""
        def moved():
            return measure(counter_changes(before, self.watch.read()))
        try:
            wait_for(lambda: moved() == expected, 2 * SLOW, "counters")
        except LabError:
            self.assertEqual(moved(), expected)
        assert_adds_up(self.watch.read)

    def test_every_port_and_queue(self):
        """Each query of the checks again, in another order, through every port and queue: the same bytes."""
        before = self.watch.read()
        known, answered = self.record()
        wires = list(known)
        random.Random(7).shuffle(wires)
        for server in (programs.SERVER4, "10.54.0.53", "10.55.0.53"):
            flows = [self.connect(server) for _ in range(self.FLOWS)]
            for number, wire in enumerate(wires):
                flow = flows[number % self.FLOWS]
                flow.send(wire)
                self.assertEqual(flow.recv(65535).hex(), known[wire].hex(), f"{server}: {wire.hex()}")
        self.assert_moved(before, answered_of, answered + 3 * len(wires))

    def ask(self, server):
        sock = self.connect(server)
        sock.send(query("www.dns.test."))
        Reply(sock.recv(65535)).expect(an=["www.dns.test. 300 A 192.0.2.80"])

    def test_oversize(self):
        """More than any query can need is cut by the kernel, and then nobody's question."""
        before = self.watch.read()
        self.connect("10.55.0.53").send(query("www.dns.test.").ljust(4097, b"\0"))
        self.ask("10.55.0.53")
        self.assert_moved(before, lambda moved: (moved.get("drop_oversize"), moved.get("noerror")), (1, 1))

    def test_no_way_back(self):
        """The kernel has no route to whoever asked: not the same as a full queue."""
        self.client_side.add_address("lo", "fd99::9/128")
        before = self.watch.read()
        with self.client_side.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("fd99::9", 0))
            sock.sendto(query("www.dns.test."), ("fd55::53", 53))
        self.ask("fd55::53")
        self.assert_moved(before, lambda moved: (moved.get("drop_tx_error"), moved.get("noerror")), (1, 1))

    def test_zz_clean_exit(self):
        self.stop_cleanly(self.data_plane.process)


def _configured(name):
    """A class for the checks that need another configuration."""
    return type(f"Sockets_{name}", (Sockets,), {"config": name, "__module__": __name__})


for _name in sorted({check.config for check in CHECKS.values()} - {"default"}):
    globals()[f"Sockets_{_name}"] = _configured(_name)
