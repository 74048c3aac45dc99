"""The same questions over every port kind: right answers, equal bytes, counters that add up."""
import socket

import dns.flags
import dns.message
import dns.rdatatype

from tests.e2e.base import FIRST_WORKER, LabCase, SLOW, ZONES, counter_changes, counters
from tests.e2e.questions import ANSWERED, MALFORMED
from tests.lib import programs
from tests.lib.dns_client import Client, ecs_scope, query, rcode
from tests.lib.lab import wait_for


class Answers:
    """One port kind: a data plane with a table compiled once, no control plane."""

    reference = {}  # question -> reply of the first port kind that was asked, to the byte
    has_exact_count = False  # whether this port receives nothing but our queries

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        image = programs.compile_table(cls.lab, ZONES, cls.lab.path("e2e.table"),
                                       geo=programs.country_database(), generation=7)
        cls.set_up_server()
        cls.publish_file(cls.data_plane, image)

    @classmethod
    def start(cls, ports, **keys):
        cls.data_plane = programs.DataPlane(cls.lab, cls.server_side, ports, **keys)
        cls.data_plane.start(20 * SLOW)

    def check(self, question, message, is_tcp):
        self.assertIsNotNone(message, "no answer")
        self.assertEqual(rcode(message), question.rcode)
        self.assertEqual(bool(message.flags & dns.flags.AA), question.is_authoritative)
        self.assertFalse(message.flags & (dns.flags.RA | dns.flags.AD))
        self.assertEqual(message.edns, 0 if question.options.get("edns", True) else -1)
        if question.is_truncated and not is_tcp:
            self.assertTrue(message.flags & dns.flags.TC)
            self.assertEqual(message.answer + message.authority + message.additional, [])
            return
        self.assertFalse(message.flags & dns.flags.TC)
        self.assertEqual([rdata.to_text() for rrset in message.answer for rdata in rrset], question.answer)
        self.assertEqual([dns.rdatatype.to_text(rrset.rdtype) for rrset in message.authority],
                         question.authority)
        self.assertEqual([rdata.to_text() for rrset in message.additional for rdata in rrset],
                         question.additional)
        if question.scope == -1:  # depends on the database; not 0, since the answer does
            self.assertGreater(ecs_scope(message), 0)
        else:
            self.assertEqual(ecs_scope(message), question.scope)

    def ask_all(self, send, is_tcp, family):
        """Asks every question; returns the replies and the verdicts that must have been counted."""
        verdicts = {"received": 0}
        for question in ANSWERED:
            with self.subTest(question.title, tcp=is_tcp, family=family):
                wire = question.wire()
                reply = send(wire, family)
                self.check(question, None if reply is None else dns.message.from_wire(reply), is_tcp)
                key = (question.title, is_tcp and question.is_truncated)
                self.assertEqual(reply, Answers.reference.setdefault(key, reply),
                                 "the reply differs from another port kind's, transport's or family's")
            verdict = question.tcp_verdict() if is_tcp else question.udp_verdict()
            verdicts[verdict] = verdicts.get(verdict, 0) + 1
            verdicts["received"] += 1
        return verdicts

    def counters(self, is_udp):
        """UDP must have come by the port under test: a kernel socket beside it is another worker."""
        return counters(self.lab, self.data_plane, FIRST_WORKER if is_udp else None)

    def assert_counted(self, before, verdicts, is_udp=True):
        """The counters moved by exactly these verdicts; other frames of the port are drops."""
        after = self.counters(is_udp)
        changes = counter_changes(before, after)
        self.assertEqual(changes.pop("received"), sum(changes.values()), "one verdict a packet")
        if not self.has_exact_count:
            changes = {name: count for name, count in changes.items()
                       if not name.startswith("drop_") or name in verdicts}
        verdicts = {name: count for name, count in verdicts.items() if name != "received"}
        self.assertEqual(changes, verdicts)

    def test_udp_over_ipv4(self):
        before = self.counters(is_udp=True)
        self.assert_counted(before, self.ask_all(self.client.udp_wire, False, 4))

    def test_udp_over_ipv6(self):
        before = self.counters(is_udp=True)
        self.assert_counted(before, self.ask_all(self.client.udp_wire, False, 6))

    def test_tcp(self):
        for family in (4, 6):
            before = self.counters(is_udp=False)
            self.assert_counted(before, self.ask_all(self.client.tcp_wire, True, family), is_udp=False)

    def test_malformed(self):
        verdicts = {}
        before = self.counters(is_udp=True)
        for title, wire, expected, verdict in MALFORMED:
            with self.subTest(title):
                reply = self.client.udp_wire(wire, timeout=0.1 * SLOW if expected is None else 2)
                verdicts[verdict] = verdicts.get(verdict, 0) + 1
                if expected is None:
                    self.assertIsNone(reply)
                    continue
                self.assertIsNotNone(reply, "no answer")
                self.assertLessEqual(len(reply), len(wire) + 11, "larger than the query and an OPT")
                self.assertEqual(extended_rcode(reply), expected)
        self.assert_counted(before, verdicts)

    def test_zz_clean_exit(self):
        """Last by name: what a sanitizer has to say comes at the end."""
        self.stop_cleanly(self.data_plane.process)


def extended_rcode(reply):
    """All twelve bits: dnspython's parser refuses some of the messages that are looked at here."""
    low = reply[3] & 15
    if reply[10:12] == b"\x00\x01":  # one additional record: the OPT, last
        return reply[len(reply) - 11 + 5] << 4 | low
    return low


class SocketAnswers(Answers, LabCase):
    """Kernel sockets: no DPDK."""

    has_exact_count = True

    @classmethod
    def set_up_server(cls):
        cls.start([programs.port_lines("socket", listen=[f"{programs.SERVER4}:53", f"[{programs.SERVER6}]:53"])])

    def test_oversize(self):
        """More than any query can need is cut by the kernel, and then nobody's question."""
        before = self.counters(is_udp=True)
        with self.client_side.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(query("www.e2e.test").to_wire().ljust(4097, b"\0"), (programs.SERVER4, 53))
        self.assertEqual(rcode(self.client.ask("www.e2e.test")), "NOERROR")
        self.assert_counted(before, {"received": 2, "drop_oversize": 1, "noerror": 1})

    def test_no_way_back(self):
        """The kernel has no route to whoever asked: not the same as a full queue."""
        self.client_side.add_address("lo", "fd99::9/128")
        before = self.counters(is_udp=True)
        with self.client_side.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("fd99::9", 0))
            sock.sendto(query("www.e2e.test").to_wire(), (programs.SERVER6, 53))
        self.assertEqual(rcode(self.client.ask("www.e2e.test", family=6)), "NOERROR")
        self.assert_counted(before, {"received": 2, "drop_tx_error": 1, "noerror": 1})


class AfXdpAnswers(Answers, LabCase):
    has_exact_count = True  # our program takes nothing but UDP port 53 to our addresses

    @classmethod
    def set_up_server(cls):
        cls.start([programs.port_lines("af_xdp", interface="srv0")])

    def test_the_kernel_answers_the_rest(self):
        self.assertNotIn("nothing answers", self.data_plane.process.log())


class AfPacketAnswers(Answers, LabCase):
    @classmethod
    def set_up_server(cls):
        cls.start([programs.port_lines("af_packet", interface="srv0")])


class TapAnswers(Answers, LabCase):
    """The TAP interface is moved to the client: what is sent into it comes to meridiand as from a NIC of
    its own. TCP, which belongs to the kernel, goes by the veth."""

    @classmethod
    def set_up_server(cls):
        cls.start([programs.port_lines("tap", interface="dns0")])
        namespace = cls.client_side
        cls.server_side.ip("link", "set", "dns0", "netns", namespace.name)
        namespace.run("sysctl", "-qw", "net.ipv6.conf.dns0.accept_dad=0")
        namespace.ip("link", "set", "dns0", "up")
        wait_for(lambda: "LOWER_UP" in namespace.ip("link", "show", "dns0").stdout, 5, "dns0 is up")
        for address, prefix in ((programs.SERVER4, "32"), (programs.SERVER6, "128")):
            # Nobody answers ARP at the other end of a TAP: the port is not a host.
            namespace.ip("neigh", "replace", address, "lladdr", "02:00:00:00:00:53", "dev", "dns0")
            namespace.ip("route", "add", f"{address}/{prefix}", "dev", "dns0", "src",
                         programs.CLIENT4 if prefix == "32" else programs.CLIENT6)
        for family, net in (("-4", "10.53.0.0/24"), ("-6", "fd53::/64")):
            namespace.run("ip", family, "rule", "add", "ipproto", "tcp", "lookup", "53")
            namespace.run("ip", family, "route", "add", net, "dev", "cli0", "table", "53")
        cls.client = Client(namespace, programs.SERVER4, programs.SERVER6)

    def test_what_nobody_answers_is_said(self):
        self.assertIn("port dns0: nothing answers ARP, ND or TCP here yet: neighbours must be static",
                      self.data_plane.process.log())


class ManyPorts(LabCase):
    """One process, ports of three kinds, several queues each: one table, one set of counters."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lab.veth(cls.client_side, "cli1", ["10.54.0.1/24"], cls.server_side, "srv1", ["10.54.0.53/24"])
        cls.lab.veth(cls.client_side, "cli2", ["10.55.0.1/24"], cls.server_side, "srv2", ["10.55.0.53/24"])
        cls.data_plane = programs.DataPlane(cls.lab, cls.server_side, [
            programs.port_lines("af_packet", interface="srv0", queues=2),
            programs.port_lines("af_xdp", interface="srv1"),
            programs.port_lines("socket", listen=["10.55.0.53:53"], queues=2)],
            addresses=[programs.SERVER4, programs.SERVER6, "10.54.0.53"])
        cls.data_plane.start(20 * SLOW)
        cls.publish_file(cls.data_plane, programs.compile_table(
            cls.lab, ZONES, cls.lab.path("e2e.table"), geo=programs.country_database()))

    def test_every_port_and_queue(self):
        before = counters(self.lab, self.data_plane)
        questions, asked = [q for q in ANSWERED if not q.is_truncated], 0
        for server in (programs.SERVER4, "10.54.0.53", "10.55.0.53"):
            client = Client(self.client_side, server, None)
            for repeat in range(8):  # each from a port of its own, so that flows spread over queues
                for question in questions:
                    with self.subTest(question.title, server=server):
                        reply = client.udp_wire(question.wire())
                        Answers.check(self, question, None if reply is None else dns.message.from_wire(reply), False)
                    asked += 1
        changes = counter_changes(before, counters(self.lab, self.data_plane))
        self.assertEqual(changes.pop("received"), sum(changes.values()))
        self.assertEqual(sum(count for name, count in changes.items() if not name.startswith("drop_")), asked)

    def test_zz_clean_exit(self):
        self.stop_cleanly(self.data_plane.process)
