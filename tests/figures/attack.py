"""Floods of the dearest questions there are, as fast as they can be sent: what each kind costs, and what others notice."""
import random
import statistics

from tests.conformance import message
from tests.e2e.base import SLOW, publisher
from tests.figures import figure, frames
from tests.lib import expect, programs
from tests.lib.dns_client import query
from tests.lib.load import Asker, Flood

FRAMES = 2048  # different ones of a class, over and over
LINKS = 17     # of the longest chain that is followed
HONEST_RATE = 2000 if SLOW == 1 else 300
OTHER = "10.54.0.53"  # of the port that is not flooded
# Of the fastest class's rate. A chain is eighteen look-ups and five hundred octets and cannot be as fast as one look-up; below
# this it would be worse than its links together. The others have no way of their own that would be slower.
CHAIN = "longest chain"
CHAIN_MIN, OTHERS_MIN = 0.12, 0.4


def zone():
    """A name, a set for ANY, and the longest chain."""
    chain = "".join(f"c{number:02}:\n  type: CNAME\n  value: c{number + 1:02}.attack.test.\n" for number in range(LINKS))
    return ("---\n'':\n  - type: MX\n    values: [{ exchange: n0.attack.test., preference: 10 }]\n"
            "  - type: NS\n    values: [ns1.attack.test., ns2.attack.test.]\n"
            f"{chain}c{LINKS}:\n  type: A\n  value: 192.0.2.99\n"
            "n0:\n  - type: A\n    value: 192.0.2.1\n  - type: AAAA\n    value: 2001:db8::1\n"
            "  - type: TXT\n    values: [one, two, three]\n"
            "ns1:\n  type: A\n  value: 192.0.2.51\nns2:\n  type: A\n  value: 192.0.2.52\n")


def payloads(rng):
    """{class: messages}."""
    plain = [message.query("n0.attack.test.", "A", ident=rng.randrange(65536)) for _ in range(FRAMES)]
    return {
        "one name": plain,
        "random subdomains": [message.query(f"{frames.random_label(rng)}.attack.test.") for _ in range(FRAMES)],
        "ANY": [message.query("n0.attack.test.", "ANY", ident=number) for number in range(FRAMES)],
        CHAIN: [message.query("c00.attack.test.", "A", ident=number) for number in range(FRAMES)],
        "half garbage": [frames.garbage(rng, wire) if number % 2 else wire for number, wire in enumerate(plain)],
    }


class Attack(figure.Figure):
    figure = "attack"
    target = "honest loss < 1 % on another queue at 2x capacity; slowest class >= 80 % of the fastest one's rate"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lab.veth(cls.client_side, "cli1", ["10.54.0.1/24"], cls.server_side, "srv1", [f"{OTHER}/24"])
        cls.data_plane = programs.DataPlane(cls.lab, cls.server_side, [
            programs.port_lines("af_xdp", interface="srv0"), programs.port_lines("af_xdp", interface="srv1")],
            addresses=[programs.SERVER4, programs.SERVER6, OTHER])
        cls.data_plane.start(20 * SLOW)
        cls.lab.write("zones/attack.test.yaml", zone())
        publisher(cls.lab, cls.data_plane, "file", programs.compile_table(cls.lab, cls.lab.path("zones"),
                                                                          cls.lab.path("attack.table")))
        link = frames.link_to(cls.lab, cls.client_side, "cli0", frames.address_of(cls.server_side, "srv0"))
        rng = random.Random(1)
        cls.classes = {title: frames.from_anywhere(link, rng, made) for title, made in payloads(rng).items()}
        wire = query("n0.attack.test", ident=0).to_wire()
        reply = cls.client.udp_wire(wire)
        cls.known = expect.write(cls.lab.path("honest.expect"), [(wire, [(reply, bytes([expect.EQUAL]) * len(reply))])])

    def received(self):
        """Of all packet workers: what was looked at, each with its verdict."""
        return sum(worker["received"] for worker in self.data_plane.process.counters()["workers"][:-1])

    def flood(self, title, seconds):
        """(offered, looked at) a second."""
        before = self.received()
        result = Flood(self.lab, self.client_side, "cli0", self.classes[title], seconds=seconds).finish()
        return (number / result["seconds"] for number in (result["sent"], self.received() - before))

    def test_what_others_notice(self):
        seconds, rounds = figure.choose((1, 2), (3, 7))
        offered, served = ({title: [] for title in self.classes} for _ in range(2))
        honest = Asker(self.lab, self.client_side, OTHER, self.known, seconds * rounds * len(self.classes), HONEST_RATE)
        for _ in range(rounds):  # in turn, so that what else the machine does falls on all
            for title in self.classes:
                for found, rate in zip((offered, served), self.flood(title, seconds)):
                    found[title].append(rate)
        result = honest.finish()
        self.assertEqual(result["wrong"], 0, result)
        self.assertLess(result["lost"], result["sent"] * 0.01, result)
        rates = {title: statistics.median(found) for title, found in served.items()}
        ratios = {title: rate / max(rates.values()) for title, rate in rates.items()}
        chain = ratios.pop(CHAIN)
        worst = min(ratios, key=ratios.get)
        if SLOW == 1:
            self.assertGreater(chain, CHAIN_MIN, rates)
            self.assertGreater(ratios[worst], OTHERS_MIN, rates)
        load = sum(map(sum, offered.values())) / sum(map(sum, served.values()))
        told = ", ".join(f"{title} {rate / 1000:.0f}k" for title, rate in rates.items())
        self.measured(f"honest client on another queue: {result['lost']} lost of {result['sent']}, p99 {result['p99_us'] / 1000:.1f} ms, "
                      f"at {load:.1f}x of what was served; answers/s {told}: {worst} {ratios[worst] * 100:.0f} % of the fastest, the chain "
                      f"of {LINKS} links {chain * 100:.0f} %" + ("" if chain >= 0.8 else " (18 look-ups: not met)"))
