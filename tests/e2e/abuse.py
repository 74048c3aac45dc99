"""Two servers set on each other by forged queries fall silent at once."""
import json
import time

from tests.conformance.link import Link
from tests.conformance.message import QR, TC, header, opt, query, question
from tests.e2e.base import LabCase, SLOW, ZONES
from tests.lib import programs
from tests.lib.lab import wait_for

# What a server may be sent in another's name; each says how many of it are answered.
QUERIES = [query("www.e2e.test."), query("big.e2e.test.", "TXT"), query("www.example.org."),
           query("www.e2e.test.", flags=15 << 11), header(counts=(2, 0, 0, 0)) + question() + question(),
           query("www.e2e.test.", version=1), header(counts=(1, 0, 0, 2)) + question() + opt() + opt()]
RESPONSES = [header(QR) + question(), header(QR | 1), header(QR | 4 | 15 << 11), header(QR | TC) + question("www.e2e.test.")]
ROUNDS = 100


# conformance: forged-loop-ends | CVE-2024-2169 | Two servers, each asked in the other's name, say nothing behind the
# first answer.
class ForgedLoop(LabCase):
    """A is behind srv0, B behind cli0: two ends of one cable, both AF_XDP."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.a = cls.start_server(cls.server_side, "srv0", [programs.SERVER4, programs.SERVER6], "a")
        cls.b = cls.start_server(cls.client_side, "cli0", [programs.CLIENT4, programs.CLIENT6], "b")

    @classmethod
    def start_server(cls, namespace, interface, addresses, name):
        server = programs.DataPlane(cls.lab, namespace, [programs.port_lines("af_xdp", interface=interface)], name=name,
                                    addresses=addresses)
        server.start(20 * SLOW)
        cls.publish_file(server, programs.compile_table(cls.lab, ZONES, cls.lab.path(f"{name}.table"),
                                                        geo=programs.country_database()))
        return server

    @classmethod
    def link(cls, namespace, interface, peer, addresses, peer_addresses):
        """Frames that say they come from `addresses`, at this end of the cable."""
        mac = json.loads(peer[0].run("ip", "-json", "link", "show", peer[1]).stdout)[0]["address"]
        link = Link(namespace, interface, mac, addresses, peer_addresses)
        cls.addClassCleanup(link.close)
        return link

    def verdicts(self, server):
        total = {}
        for worker in server.process.counters()["workers"]:
            for name, count in worker["verdicts"].items():
                total[name] = total.get(name, 0) + count
        return total

    def test_each_answer_is_the_last(self):
        ours, theirs = (programs.SERVER4, programs.SERVER6), (programs.CLIENT4, programs.CLIENT6)
        to_a = self.link(self.client_side, "cli0", (self.server_side, "srv0"), theirs, ours)
        to_b = self.link(self.server_side, "srv0", (self.client_side, "cli0"), ours, theirs)
        each = 2 * len(QUERIES), 2 * len(RESPONSES)  # of a round, to each server

        def wait_until_done(rounds):
            """Each answer reaches the other server, and ends there. Round by round, so that no ring overflows."""
            dropped = rounds * (each[0] + each[1])

            def are_done():
                found = [self.verdicts(server) for server in (self.a, self.b)]
                return all(counts["drop_response"] == dropped for counts in found) and found
            return wait_for(are_done, 20 * SLOW, lambda: f"{dropped} responses dropped by each: "
                            f"{[self.verdicts(server)['drop_response'] for server in (self.a, self.b)]}")
        for number in range(ROUNDS):
            for family in (4, 6):
                for link in (to_a, to_b):
                    for wire in QUERIES + RESPONSES:
                        link.send(link.query_frame(wire, family, sport=53))
            found = wait_until_done(number + 1)
        answered = ROUNDS * each[0]
        for counts in found:
            self.assertEqual(sum(counts.values()), 2 * answered + ROUNDS * each[1])
        time.sleep(1)  # the claim is about this second
        self.assertEqual([self.verdicts(server) for server in (self.a, self.b)], found)
        print(f"\n    {2 * answered} answers to forged queries, each the last", end="")

    def test_zz_clean_exit(self):
        """Last by name: what a sanitizer has to say comes at the end."""
        for server in (self.a, self.b):
            self.stop_cleanly(server.process)
