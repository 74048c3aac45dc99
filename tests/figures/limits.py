"""A flood in the name of one /24, cut to its limit, and what that costs those who are there."""
import json
import threading
import time

from tests.conformance.link import Link
from tests.conformance.message import COOKIE, Reply, option, query
from tests.e2e.base import SLOW, ZONES
from tests.figures import figure
from tests.lib import programs
from tests.lib.dns_client import Client
from tests.lib.lab import LabError
from tests.lib.load import Flood

RATE, BURST_S, SLIP = 50, 1, 2  # replies a second to a name and type
EXEMPT, ELSEWHERE = "10.53.0.77", "10.54.7.1"
FORGED = [bytes((10, 53, 0, host)) for host in range(100, 250)]  # of the client's own /24
# A name, names of a wildcard, names that are not there, and names outside: one limit each.
NAMES = [["www.e2e.test."] * 50, [f"x{number}.wild.e2e.test." for number in range(50)],
         [f"x{number}.www.e2e.test." for number in range(50)]]


class Asking(threading.Thread):
    """Somebody real during the flood: asks one question after the other; `lost` are those without a whole answer."""

    def __init__(self, send, wire):
        super().__init__(daemon=True)
        self.send, self.wire = send, wire
        self.asked = self.lost = 0
        self.is_over = False

    def run(self):
        while not self.is_over:
            reply = self.send(self.wire)
            self.asked += 1
            self.lost += reply is None or reply[2] & 2  # TC
            time.sleep(0.03)  # 33 a second: within anybody's limit


class RateLimit(figure.Figure):
    figure = "rate limit"
    target = "a flood of 10,000 queries/s forged from one /24 is answered at the limit; exempt clients, cookies, other networks, TCP lose 0"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client_side.add_address("cli0", f"{EXEMPT}/24")
        cls.client_side.add_address("lo", f"{ELSEWHERE}/32")
        cls.server_side.ip("route", "add", f"{ELSEWHERE}/32", "via", programs.CLIENT4)
        cls.data_plane = programs.DataPlane(
            cls.lab, cls.server_side, [programs.port_lines("af_xdp", interface="srv0")],
            rate_limit={"responses_per_second": RATE, "negatives_per_second": RATE, "errors_per_second": RATE,
                        "burst_s": BURST_S, "slip": SLIP, "exempt": [f"{EXEMPT}/32"]})
        cls.data_plane.start(20 * SLOW)
        cls.publish_file(cls.data_plane, programs.compile_table(
            cls.lab, ZONES, cls.lab.path("e2e.table"), geo=programs.country_database()))

    def link(self):
        mac = json.loads(self.server_side.run("ip", "-json", "link", "show", "srv0").stdout)[0]["address"]
        link = Link(self.client_side, "cli0", mac)
        self.addCleanup(link.close)
        return link

    def verdicts(self):
        """Of the packet worker, where the flood comes in."""
        return self.data_plane.process.counters()["workers"][0]["verdicts"]

    def from_address(self, address):
        """udp_wire() of a client with that source address."""
        client = Client(self.client_side, programs.SERVER4, programs.SERVER6)
        make = client._socket

        def bound(family, kind):
            sock = make(family, kind)
            sock.bind((address, 0))
            return sock
        client._socket = bound
        return client.udp_wire

    def flood(self, frames, seconds):
        rate = 10_000 // SLOW
        return Flood(self.lab, self.client_side, "cli0", frames, seconds=seconds, rate=rate)

    def test_flood(self):
        seconds = figure.choose(3, 30)
        link = self.link()
        wire = query("www.e2e.test.")
        over_udp = [Asking(self.from_address(EXEMPT), wire), Asking(self.from_address(ELSEWHERE), wire),
                    Asking(self.client.udp_wire, self.with_cookie())]
        real = [*over_udp, Asking(self.client.tcp_wire, wire)]
        sent_all = full_all = 0
        for names in NAMES:
            frames = [link.query_frame(query(name, ident=number), src=source, sport=1024 + 7 * number)
                      for number, (name, source) in enumerate(zip(names * 3, FORGED))]
            before = self.verdicts()
            flood = self.flood(frames, seconds)
            if names is NAMES[0]:
                for asking in real:
                    asking.start()
            result = flood.finish()
            if names is NAMES[0]:
                for asking in real:
                    asking.is_over = True
                    asking.join(10 * SLOW)
            self.assertEqual(result["refused"], 0)
            changes = self.settled(before, result["sent"], over_udp if names is NAMES[0] else [])
            full = changes.get("noerror", 0) + changes.get("nxdomain", 0)
            if names is NAMES[0]:
                full -= sum(asking.asked for asking in over_udp)
            over = result["sent"] - full
            self.assertLessEqual(full, RATE * (BURST_S + result["seconds"] + 1))
            self.assertGreaterEqual(full, RATE * seconds * 0.8, "the limit is served")
            self.assertEqual(changes["slipped"] + changes["drop_rate_limited"], over)
            self.assertAlmostEqual(changes["slipped"] / over, 1 / SLIP, delta=0.01)
            sent_all += result["sent"]
            full_all += full
        for asking in real:
            self.assertGreater(asking.asked, 10 * seconds)
            self.assertEqual(asking.lost, 0)
        self.measured(f"{sent_all} forged queries, {full_all / (seconds * len(NAMES)):.0f}/s answered whole of {RATE} allowed; "
                      f"0 of {sum(asking.asked for asking in real)} real ones lost")

    def with_cookie(self):
        """A query that proves where it comes from: of the flooded /24, and not exempt."""
        reply = Reply(self.client.udp_wire(query("www.e2e.test.", "A", option(COOKIE, b"8 bytes."))))
        return query("www.e2e.test.", "A", option(COOKIE, reply.options(COOKIE)[0]))

    def settled(self, before, sent, over_udp):
        """How the counters changed once all that was sent is counted."""
        expected = sent + sum(asking.asked for asking in over_udp)
        deadline = time.monotonic() + 10 * SLOW
        while True:
            after = self.verdicts()
            changes = {name: after[name] - before[name] for name in after if after[name] != before[name]}
            if sum(changes.values()) >= expected:
                self.assertEqual(sum(changes.values()), expected, changes)
                return changes
            if time.monotonic() > deadline:
                raise LabError(f"{expected} were sent, counted {changes}")
