"""Packet buffers go back to where they came from, whatever a frame is: as many are out after a class as before it."""
import socket

from tests.e2e.base import SLOW
from tests.figures import figure, frames, tables
from tests.lib import programs
from tests.lib.dns_client import query
from tests.lib.lab import wait_for
from tests.lib.load import Flood

RATE = 100_000 if SLOW == 1 else 10_000  # below what the port takes: each frame is to be seen
RING_CNT = 4096  # frames that fill every ring and cache once: what they keep then, they keep


class Leak:
    """Sends each class that this port shows to its worker."""

    target = "1e6 packets of each class (drop, FORMERR, TC, ARP, fragment, VLAN, TCP, ...): buffers out equal before and after"
    interface = "cli0"
    hidden = ()  # classes that never reach the worker

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.images = tables.write_images(cls.lab)
        cls.set_up_server()
        cls.publish_file(cls.data_plane, cls.images[0])

    def counters(self):
        return self.data_plane.process.counters()

    def verdicts(self):
        return self.counters()["workers"][0]["verdicts"]

    def settle(self):
        return self.data_plane.process.settled_buffers(
            lambda: self.client.ask("n0.swap.test", timeout=10 * SLOW), 20 * SLOW)

    def send(self, frame, count):
        result = Flood(self.lab, self.client_side, self.interface, [frame], count=count, seconds=120 * SLOW,
                       rate=RATE).finish()
        self.assertEqual(result["sent"], count, "the interface did not take the frames in time")
        return count

    def check_class(self, title, verdict, frame, count, at_start):
        """Returns how many of its frames were counted."""
        before = self.verdicts()[verdict]
        sent = self.send(frame, count)
        wait_for(lambda: self.verdicts()[verdict] - before >= sent * 0.9, 20 * SLOW,
                 lambda: f"{title}: {sent} sent, {self.verdicts()[verdict] - before} counted as {verdict}")
        if figure.is_long:  # what one class leaks, the end shows too: only then is it worth the seconds to know which
            self.assertEqual(self.settle(), at_start, f"buffers out after: {title}")
        return self.verdicts()[verdict] - before

    def test_every_class(self):
        count = figure.choose(5000 // SLOW, 1_000_000)
        classes = {title: found for title, found in frames.leak_classes(self.link, "swap.test").items()
                   if title not in self.hidden}
        for _, frame in classes.values():
            self.send(frame, RING_CNT)
        at_start = self.settle()
        seen = sum(self.check_class(title, *found, count, at_start) for title, found in classes.items())
        asked = self.ask_tcp(figure.choose(200, 20_000))
        self.assertEqual(self.settle(), at_start, "buffers out")
        self.measured(f"{at_start} buffers out before and after each of {len(classes)} classes of {count} ({seen} counted under "
                      f"their verdicts) and {asked} queries over TCP")

    def ask_tcp(self, count):
        wire = query("n0.swap.test").to_wire()
        with self.client_side.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            sock.settimeout(10 * SLOW)
            sock.connect((programs.SERVER4, 53))
            framed = len(wire).to_bytes(2, "big") + wire
            file = sock.makefile("rb")
            for _ in range(count):
                sock.sendall(framed)
                self.assertGreater(len(file.read(int.from_bytes(file.read(2), "big"))), len(wire))
        return count


class TapLeak(Leak, figure.Figure):
    """No kernel between: every frame there is reaches the worker."""

    figure = "leak of mbufs (TAP)"
    interface = "dns0"

    @classmethod
    def set_up_server(cls):
        cls.start_data_plane(programs.port_lines("tap", interface="dns0"))
        cls.server_side.ip("link", "set", "dns0", "netns", cls.client_side.name)
        cls.client_side.ip("link", "set", "dns0", "up")
        wait_for(lambda: "LOWER_UP" in cls.client_side.ip("link", "show", "dns0").stdout, 5, "dns0 is up")
        cls.link = frames.link_to(cls.lab, cls.client_side, "dns0", "02:00:00:00:00:53")


class XdpLeak(Leak, figure.Figure):
    """Only what our XDP program takes reaches the worker; the rest is the kernel's."""

    figure = "leak of mbufs (AF_XDP)"
    hidden = ("not ours", "other port", "ARP", "first fragment", "later fragment", "VLAN", "cut frame")

    @classmethod
    def set_up_server(cls):
        cls.start_data_plane()
        cls.link = frames.link_to(cls.lab, cls.client_side, "cli0", frames.address_of(cls.server_side, "srv0"))
