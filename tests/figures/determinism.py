"""The same query is the same reply, byte for byte: whichever worker, flow, port kind or transport it comes through."""
import dns.message

from tests.e2e.base import SLOW
from tests.figures import figure, tables
from tests.lib import programs
from tests.lib.load import Asker

FLOWS = 32


class Determinism(figure.Figure):
    figure = "query determinism"
    target = "same query and table, same reply bytes on all workers, UDP = TCP: 100 %"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lab.veth(cls.client_side, "cli1", ["10.54.0.1/24"], cls.server_side, "srv1", ["10.54.0.53/24"])
        cls.lab.veth(cls.client_side, "cli2", ["10.55.0.1/24"], cls.server_side, "srv2", ["10.55.0.53/24"])
        cls.data_plane = programs.DataPlane(cls.lab, cls.server_side, [
            programs.port_lines("af_packet", interface="srv0", queues=2), programs.port_lines("af_xdp", interface="srv1"),
            programs.port_lines("socket", listen=["10.55.0.53:53"], queues=2)],
            addresses=[programs.SERVER4, programs.SERVER6, "10.54.0.53"])
        cls.data_plane.start(20 * SLOW)
        cls.images = tables.write_images(cls.lab)
        cls.known = tables.learn(cls.lab, cls.data_plane, cls.client, cls.images)

    def test_every_way_in(self):
        answered = 0
        for server in (programs.SERVER4, "10.54.0.53", "10.55.0.53"):
            result = Asker(self.lab, self.client_side, server, self.known, figure.choose(1, 20), flows=FLOWS).finish()
            self.assertEqual((result["wrong"], result["lost"], result["backwards"]), (0, 0, 0),
                             f"{server}: {tables.describe_fault(result)}")
            answered += result["answered"]
        asked_cnt = sum(worker["received"] > 0 for worker in self.data_plane.process.counters()["workers"])
        self.assertGreaterEqual(asked_cnt, 3, "a packet worker, on machines with two cores, and both of the sockets")
        with open(self.known, encoding="ascii") as file:
            lines = [line.split() for line in file]
        asked = 0
        for number, line in enumerate(lines):
            if line[0] == "query":
                wire, reply = bytes.fromhex(line[1]), bytes.fromhex(lines[number + 2][1])  # table B's is the second
                self.assertEqual(self.client.tcp_wire(wire), reply, dns.message.from_wire(wire))
                asked += 1
        self.measured(f"{answered} replies from {asked_cnt} workers of three port "
                      f"kinds equal, {asked} of {asked} over TCP equal")
