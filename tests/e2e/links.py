"""What cables bring besides plain queries: three of them to one process that has the same addresses on each, frames too
long for a packet buffer, VLANs."""
import os

from tests.conformance.asker import SENTINEL
from tests.conformance.link import CTAG, STAG, Link, dns_of, tagged
from tests.conformance.message import query
from tests.e2e.base import FIRST_WORKER, LabCase, SLOW, counter_changes, counters
from tests.figures.frames import address_of
from tests.lib import programs
from tests.lib.lab import ROOT, wait_for

ZONES = os.path.join(ROOT, "tests", "conformance", "zones")
# The most that veth lets an interface with an XDP program have is a page less what the kernel keeps of it.
MTU = {"af_packet": 9000, "af_xdp": 3000, "tap": 9000}
HEADERS = 28  # IPv4 and UDP


class Links(LabCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lab.veth(cls.client_side, "cli1", [], cls.server_side, "srv1", [])
        for namespace, interface, kind in ((cls.client_side, "cli0", "af_packet"), (cls.server_side, "srv0", "af_packet"),
                                           (cls.client_side, "cli1", "af_xdp"), (cls.server_side, "srv1", "af_xdp")):
            namespace.ip("link", "set", interface, "mtu", str(MTU[kind]))
        vlans = ["untagged", "100", "300.100"]
        cls.start_data_plane(programs.port_lines("af_packet", interface="srv0", vlans=vlans),
                             programs.port_lines("af_xdp", interface="srv1", vlans=vlans),
                             programs.port_lines("tap", interface="dns0", vlans=vlans))
        cls.server_side.ip("link", "set", "dns0", "netns", cls.client_side.name)
        cls.client_side.ip("link", "set", "dns0", "mtu", str(MTU["tap"]), "up")
        wait_for(lambda: "LOWER_UP" in cls.client_side.ip("link", "show", "dns0").stdout, 5, "dns0 is up")
        cls.publish_file(cls.data_plane, programs.compile_table(
            cls.lab, ZONES, cls.lab.path("links.table"), geo=programs.country_database()))
        cls.links = {}
        for kind, interface, mac in (("af_packet", "cli0", address_of(cls.server_side, "srv0")),
                                     ("af_xdp", "cli1", address_of(cls.server_side, "srv1")),
                                     ("tap", "dns0", "02:00:00:00:00:53")):
            cls.links[kind] = Link(cls.client_side, interface, mac)
            cls.addClassCleanup(cls.links[kind].close)

    def replies_until_sentinel(self, link, family=4):
        """The frames with DNS in them that come in before the reply to a query sent now, and that one."""
        found = []

        def is_sentinel(frame):
            message = dns_of(frame)
            if message is not None:
                found.append(frame)
            return message is not None and message[:2] == SENTINEL[:2]
        link.send(link.query_frame(SENTINEL, family))
        link.receive(is_sentinel)
        return found

    # conformance: reply-by-the-same-port | practice | A reply leaves by the port its query came by, whatever addresses say.
    def test_a_reply_leaves_the_way_its_query_came(self):
        """Addresses do not say which: only the port and the MAC do."""
        for family in (4, 6):
            for kind, link in self.links.items():
                with self.subTest(kind, family=family):
                    for each in self.links.values():
                        each.drain()
                    link.send(link.query_frame(query(), family))
                    replies = {name: self.replies_until_sentinel(each, family) for name, each in self.links.items()}
                    self.assertEqual({name: len(frames) for name, frames in replies.items()},
                                     {name: 1 + (name == kind) for name in self.links})
                    for name, frames in replies.items():
                        for frame in frames:
                            self.assertEqual(frame[:12], self.links[name].client_mac + self.links[name].server_mac)

    def test_tags_of_802_1ad_come_back_as_such(self):
        """But from AF_PACKET: the kernel has taken the outer tag off, and DPDK's driver tells its number alone."""
        for kind, outer in (("af_xdp", STAG), ("tap", STAG), ("af_packet", CTAG)):
            link = self.links[kind]
            for sent, expected in (([(STAG, 100)], [(outer, 100)]),
                                   ([(STAG, 0x312c), (CTAG, 0xb064)], [(outer, 0x212c), (CTAG, 0xa064)])):
                with self.subTest(kind, tags=sent):
                    link.drain()
                    link.send(tagged(link.query_frame(query()), *sent))
                    reply = link.receive(lambda frame: (dns_of(frame) or b"")[:2] == query()[:2])
                    self.assertEqual(reply[12:12 + 4 * len(expected)], tagged(bytes(12), *expected)[12:])

    def losses(self):
        """{verdict or the port's own count: n} of what was dropped for its length."""
        counters = self.data_plane.process.counters()
        found = {name: sum(worker["verdicts"][name] for worker in counters["workers"])
                 for name in ("drop_frame", "drop_chained")}
        return {**found, "missed": counters["ports"]["missed"], "errors": counters["ports"]["errors"]}

    # conformance: frame-longer-than-a-buffer | practice | A frame too long for a buffer is counted, the next query answered.
    def test_a_frame_longer_than_a_buffer_is_counted_and_does_no_harm(self):
        """AF_PACKET hands on its beginning, the kernel gives AF_XDP none of it, TAP's driver has nowhere to put the rest."""
        for kind, counted, sizes in (("af_packet", "drop_frame", (2100, 8972)), ("af_xdp", "missed", (2100, 2972)),
                                     ("tap", "errors", (2100, 8972))):
            for size in sizes:
                with self.subTest(kind, size=size):
                    before = self.losses()
                    self.send_padded(self.links[kind], size)
                    self.assertEqual(len(self.replies_until_sentinel(self.links[kind])), 1)
                    expected = {**before, counted: before[counted] + 1}
                    wait_for(lambda: self.losses() == expected, 5 * SLOW, lambda: f"{expected}: {self.losses()}")

    def test_a_frame_of_1500_bytes_is_answered_where_longer_ones_are_possible(self):
        for kind, link in self.links.items():
            with self.subTest(kind):
                self.send_padded(link, 1500 - HEADERS)
                self.assertEqual(len(self.replies_until_sentinel(link)), 2)

    def send_padded(self, link, size):
        link.drain()
        link.send(link.query_frame(query().ljust(size, b"\0")))

    def test_zz_clean_exit(self):
        self.stop_cleanly(self.data_plane.process)


class Vlans:
    """A port that answers in VLAN 100 alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server_side.run("ethtool", "--offload", "srv0", "rxvlan", "on")
        cls.start_data_plane(programs.port_lines(cls.kind, interface="srv0", vlans=["100"]))
        cls.publish_file(cls.data_plane, programs.compile_table(
            cls.lab, ZONES, cls.lab.path("vlans.table"), geo=programs.country_database()))
        cls.link = Link(cls.client_side, "cli0", address_of(cls.server_side, "srv0"))
        cls.addClassCleanup(cls.link.close)

    @classmethod
    def is_untagging(cls):
        """Whether tags are taken off before an XDP program looks."""
        return "rx-vlan-offload: on" in cls.server_side.run("ethtool", "--show-offload", "srv0").stdout

    def send(self, family, *tags):
        self.link.drain()
        self.link.send(tagged(self.link.query_frame(query(), family), *tags))

    def receive(self):
        return self.link.receive(lambda frame: (dns_of(frame) or b"")[:2] == query()[:2])

    def wait_counted(self, before, worker, verdict):
        """Just this; ARP, ND and their like beside it are nobody's question."""
        def moved():
            changes = counter_changes(before, counters(self.lab, self.data_plane, worker))
            return {name: count for name, count in changes.items() if name not in ("received", "drop_not_dns")}
        wait_for(lambda: moved() == {verdict: 1}, 5 * SLOW, lambda: f"one {verdict}: {moved()}")

    def test_listed_vlan_is_answered_by_the_port(self):
        for family in (4, 6):
            before = counters(self.lab, self.data_plane, FIRST_WORKER)
            self.send(family, (CTAG, 100))
            self.assertEqual(self.receive()[12:16], b"\x81\0\0\x64")
            self.wait_counted(before, FIRST_WORKER, "noerror")

    # conformance: untagged-not-listed | practice | Where a port does not list untagged, queries without a tag are not its own.
    def test_untagged_is_not(self):
        for family in (4, 6):
            before = counters(self.lab, self.data_plane, self.unlisted_worker)
            self.send(family)
            if self.unlisted_verdict == "noerror":
                self.receive()
            self.wait_counted(before, self.unlisted_worker, self.unlisted_verdict)

    def test_zz_tags_are_left_on_while_xdp_needs_them(self):
        self.assertEqual(self.is_untagging(), self.kind != "af_xdp")
        self.stop_cleanly(self.data_plane.process)
        self.assertTrue(self.is_untagging())


class XdpVlans(Vlans, LabCase):
    """What is not listed is the kernel's: a socket of ours answers it."""

    kind = "af_xdp"
    unlisted_worker, unlisted_verdict = FIRST_WORKER + 1, "noerror"


class PacketVlans(Vlans, LabCase):
    """What is not listed is dropped."""

    kind = "af_packet"
    unlisted_worker, unlisted_verdict = FIRST_WORKER, "drop_vlan"
