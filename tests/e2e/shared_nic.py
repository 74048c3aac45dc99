"""While an AF_XDP port takes DNS from an interface, the kernel keeps everything else on it."""
import os
import signal
import socket
import threading

import dns.edns
import dns.message

from tests.e2e.base import FIRST_WORKER, LabCase, SLOW, ZONES, counter_changes, counters
from tests.lib import programs
from tests.lib.dns_client import Client, query, texts
from tests.lib.lab import wait_for

OTHER4 = "10.53.0.99"  # an address of the same host that is not ours


class SharedNic(LabCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server_side.add_address("srv0", f"{OTHER4}/24")
        cls.start_data_plane()
        cls.publish_file(cls.data_plane, programs.compile_table(
            cls.lab, ZONES, cls.lab.path("e2e.table"), geo=programs.country_database()))

    def setUp(self):
        # Each test proves that DNS is taken from the interface while the rest is not.
        answer = self.client.ask("www.e2e.test")
        self.assertEqual(texts(answer.answer), ["192.0.2.80"])
        self.before = counters(self.lab, self.data_plane)

    def test_what_the_program_leaves_is_answered_by_the_kernels_socket(self):
        """The host's own queries never pass the interface; a query in fragments is not taken by the program."""
        packet_worker = counters(self.lab, self.data_plane, FIRST_WORKER)
        local = Client(self.server_side, programs.SERVER4, programs.SERVER6)
        for asked in (local, FragmentingClient(self.client_side)):
            with self.subTest(type(asked).__name__):
                self.assertEqual(texts(asked.ask("www.e2e.test").answer), ["192.0.2.80"])
        self.assertEqual(counter_changes(self.before, counters(self.lab, self.data_plane)),
                         {"received": 2, "noerror": 2})
        self.assertEqual(counters(self.lab, self.data_plane, FIRST_WORKER), packet_worker)

    def assert_nothing_received(self):
        self.assertEqual(counter_changes(self.before, counters(self.lab, self.data_plane)), {})

    def test_program_is_attached(self):
        shown = self.server_side.ip("-details", "link", "show", "srv0").stdout
        self.assertIn("xdp", shown)

    def test_ping(self):
        for address in (programs.SERVER4, programs.SERVER6):
            self.client_side.run("ping", "-c", "3", "-i", "0.05", "-W", "2", address)
        self.assert_nothing_received()

    def test_neighbours_are_resolved(self):
        self.client_side.ip("neigh", "flush", "dev", "cli0")
        for address in (programs.SERVER4, programs.SERVER6):
            self.client_side.run("ping", "-c", "1", "-W", "2", address)
            self.assertRegex(self.client_side.ip("neigh", "show", address).stdout, "lladdr")
        self.assert_nothing_received()

    def test_tcp_on_another_port(self):
        for family, address in ((socket.AF_INET, programs.SERVER4), (socket.AF_INET6, programs.SERVER6)):
            with self.server_side.socket(family, socket.SOCK_STREAM) as listener:
                listener.bind((address, 8022))
                listener.listen()
                threading.Thread(target=echo_once, args=(listener,), daemon=True).start()
                with self.client_side.socket(family, socket.SOCK_STREAM) as sock:
                    sock.settimeout(5)
                    sock.connect((address, 8022))
                    sock.sendall(b"x" * 100000)
                    sock.shutdown(socket.SHUT_WR)
                    self.assertEqual(read_all(sock), b"x" * 100000)
        self.assert_nothing_received()

    def test_udp_on_another_port_and_address(self):
        """Port 54 of our address, and port 53 of an address that is not ours, are other programs'."""
        for address, port in ((programs.SERVER4, 54), (OTHER4, 53)):
            with self.server_side.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, \
                    self.client_side.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                server.bind((address, port))
                server.settimeout(5)
                client.sendto(b"hello", (address, port))
                self.assertEqual(server.recvfrom(100)[0], b"hello")
        self.assert_nothing_received()

    def test_udp_from_port_53_to_another(self):
        """Answers to a resolver on the same host have port 53 as source: not ours."""
        with self.server_side.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, \
                self.client_side.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            server.bind((programs.SERVER4, 40053))
            server.settimeout(5)
            client.bind((programs.CLIENT4, 53))
            client.sendto(b"reply", (programs.SERVER4, 40053))
            self.assertEqual(server.recvfrom(100)[0], b"reply")
        self.assert_nothing_received()


class FragmentingClient:
    """Sends a query so padded (RFC 7830) that it leaves as two fragments."""

    def __init__(self, namespace):
        self.namespace = namespace

    def ask(self, name):
        query = dns.message.make_query(name, "A", use_edns=0, options=[
            dns.edns.GenericOption(dns.edns.OptionType.PADDING, bytes(2000))])
        with self.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(5)
            sock.sendto(query.to_wire(max_size=4096), (programs.SERVER4, 53))
            return dns.message.from_wire(sock.recv(65535))


class PortLosses(LabCase):
    """What a port loses reaches no worker: only the port's own counts can tell."""

    FLOOD = 8192  # queries: several times what the port's rings hold

    def test_queries_to_a_stopped_process_are_counted_by_the_port(self):
        data_plane = programs.DataPlane(self.lab, self.server_side,
                                        [programs.port_lines("af_xdp", interface="srv0")])
        data_plane.start(20 * SLOW)
        self.add_backend_addresses()
        control = programs.ControlPlane(self.lab, self.server_side, ZONES, data_plane, probes={"enabled": False})
        control.start(30 * SLOW)
        programs.wait_answer(self.client, 20 * SLOW, lambda answer: texts(answer.answer) == ["192.0.2.80"],
                             "www.e2e.test")
        before = control.ctl_json("counters")
        at_rest = before["ports"].pop("buffers")
        self.assertGreater(at_rest, 0)
        self.assertEqual(before["ports"], {"missed": 0, "errors": 0, "no_buffer": 0, "tx_errors": 0})
        wire = query("www.e2e.test").to_wire()
        os.kill(data_plane.process.pid, signal.SIGSTOP)
        with self.client_side.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for _ in range(self.FLOOD):
                sock.sendto(wire, (programs.SERVER4, 53))
        os.kill(data_plane.process.pid, signal.SIGCONT)
        wait_for(lambda: control.ctl_json("counters")["ports"]["missed"] > 0, 10 * SLOW, "the port's losses are shown")
        self.client.ask("www.e2e.test")  # answered after all that waited in the queue
        after = control.ctl_json("counters")
        received = after["received"] - before["received"]
        self.assertLessEqual(received + after["ports"]["missed"], self.FLOOD + 1)
        self.assertEqual(received, sum(after["verdicts"].values()) - sum(before["verdicts"].values()))
        # All are back in the rings but those of the last burst, sent and not yet taken back.
        wait_for(lambda: abs(control.ctl_json("counters")["ports"]["buffers"] - at_rest) <= 64, 10 * SLOW,
                 lambda: f"buffers come back to {at_rest}: {control.ctl_json('counters')['ports']}")
        self.assertRegex(control.ctl("counters").stdout, rf"in no verdict\): {after['ports']['missed']} missed")
        print(f"\n    {self.FLOOD} queries to a stopped process: {received} answered later, "
              f"{after['ports']['missed']} missed by the port", end="")
        self.stop_cleanly(control.process)
        self.stop_cleanly(data_plane.process)


class CleanExit(LabCase):
    def test_program_is_detached(self):
        data_plane = programs.DataPlane(self.lab, self.server_side,
                                        [programs.port_lines("af_xdp", interface="srv0")])
        data_plane.start(20 * SLOW)
        self.stop_cleanly(data_plane.process)
        self.assertNotIn("xdp", self.server_side.ip("-details", "link", "show", "srv0").stdout)


def echo_once(listener):
    connection, _ = listener.accept()
    with connection:
        connection.sendall(read_all(connection))


def read_all(sock):
    chunks = []
    while chunk := sock.recv(65536):
        chunks.append(chunk)
    return b"".join(chunks)
