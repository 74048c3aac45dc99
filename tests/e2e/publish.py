"""Tables are swapped while queries run: nothing lost, nothing wrong, nothing from two generations."""
import itertools
import os
import shutil
import threading
import time

import dns.message
import dns.rdatatype

from tests.e2e.base import FIRST_WORKER, LabCase, SLOW, ZONES, counters, publisher
from tests.lib import programs
from tests.lib.dns_client import generation, query, rcode, texts
from tests.lib.lab import wait_for
from tests.lib.load import DnsPerf

QUESTIONS = [("www.e2e.test", "A"), ("e2e.test", "A"), ("any.e2e.test", "AAAA"), ("absent.www.e2e.test", "A"),
             ("alias.e2e.test", "A"), ("x.child.e2e.test", "A"), ("_acme-challenge.e2e.test", "TXT")]
RATE = 20000 if not programs.is_sanitized() else 2000  # queries a second: well below what either build answers


class Checker:
    """Asks a few questions over and over on one socket and compares whole replies."""

    def __init__(self, client, namespace_questions, judge):
        self.client, self.questions, self.judge = client, namespace_questions, judge
        self.checked, self.faults = 0, []
        self.stop_event = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        number = 0
        while not self.stop_event.is_set():
            for wire in self.questions:
                number += 1
                ident = (number % 65535 + 1).to_bytes(2, "big")
                reply = self.client.udp_wire(ident + wire[2:])
                fault = "no answer" if reply is None else self.judge(wire, reply)
                self.checked += 1
                if fault:
                    self.faults.append(fault)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop_event.set()
        self.thread.join()


def e2e_judge():
    """Compares with the first reply to the same question: the content does not change."""
    known = {}

    def judge(wire, reply):
        # Without the ID and with the SOA's serial taken out, which is the generation.
        message = dns.message.from_wire(reply)
        seen = (rcode(message), texts(message.answer),
                [text for text in texts(message.authority) if " hostmaster" not in text])
        return None if known.setdefault(wire, seen) == seen else f"{seen} is not {known[wire]}"
    return judge


class Publish(LabCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add_backend_addresses()
        cls.image = programs.compile_table(cls.lab, ZONES, cls.lab.path("e2e.table"),
                                           geo=programs.country_database())
        cls.start_data_plane()

    def checker(self):
        wires = [query(name, rdtype).to_wire() for name, rdtype in QUESTIONS]
        return Checker(self.client, wires, e2e_judge())

    def load(self, seconds):
        return DnsPerf(self.lab, self.client_side, programs.SERVER4, QUESTIONS, seconds, RATE)

    def assert_clean(self, result, checker):
        self.assertEqual(checker.faults[:3], [])
        self.assertGreater(checker.checked, 100)
        self.assertTrue(result.is_clean(), result.text)
        self.assertEqual(set(result.rcodes), {"NOERROR", "NXDOMAIN"})

    def test_1_whole_country_tables(self):
        """The real thing, with the country database in it, as fast as it is acknowledged."""
        self.publish_file(self.data_plane, self.image)
        before = counters(self.lab, self.data_plane, FIRST_WORKER)
        load = self.load(8)
        with self.checker() as checker:
            began = time.monotonic()
            output = publisher(self.lab, self.data_plane, "reseal", self.image, "80", "0")
            took = time.monotonic() - began
            result = load.finish()
        self.assertEqual(output.count("ack "), 80)
        self.assert_clean(result, checker)
        after = counters(self.lab, self.data_plane, FIRST_WORKER)
        self.assertGreaterEqual(after["received"] - before["received"], result.completed)
        self.assertEqual(after["received"], sum(after.values()) - after["received"], "one verdict a packet")
        print(f"\n    {80 / took:.0f} tables of {os.path.getsize(self.image) >> 20} MiB a second, {describe(result, output)}; "
              f"{checker.checked} replies compared", end="")

    def test_2_control_plane_killed_and_restarted(self):
        zones = self.lab.path("zones")
        shutil.copytree(ZONES, zones)
        numbers = itertools.count(1)

        def apply_something():
            """Each time another zone beside the ones that are asked for: without a change nothing is published."""
            self.lab.write("zones/tick.test.yaml", "---\n'':\n  - type: NS\n    value: ns1.tick.test.\n"
                                                   f"  - type: TXT\n    value: tick {next(numbers)}\n")
            control.ctl("apply")
        control = programs.ControlPlane(self.lab, self.server_side, zones, self.data_plane,
                                        probes={"enabled": False})
        # Also after a failure: there is one place for a publisher, and the next test wants it.
        self.addCleanup(lambda: control.process and control.process.kill())
        control.start(30 * SLOW)
        wait_for(lambda: control.ctl_json("status")["data_plane"]["connected"], 10 * SLOW, "connected")
        load = self.load(10 * (2 if SLOW > 1 else 1))
        with self.checker() as checker:
            for _ in range(2):
                for _ in range(5):
                    apply_something()
                control.process.kill()
                control.start(30 * SLOW)
            apply_something()
            result = load.finish()
        self.assert_clean(result, checker)
        self.stop_cleanly(control.process)

    def test_3_stale_and_second_publishers_are_refused(self):
        served = self.client.ask("www.e2e.test", nsid=True)
        output = publisher(self.lab, self.data_plane, "file", self.image, check=False)
        self.assertRegex(output, r"^refused .*generation")
        holder = self.lab.spawn([programs.PUBLISHER, self.data_plane.socket, "hold"], "holder")
        self.addCleanup(holder.kill)
        wait_for(lambda: "served" in holder.log(), 5 * SLOW, "the place is held")
        output = publisher(self.lab, self.data_plane, "file", self.image, check=False)
        self.assertRegex(output, r"^refused ")
        holder.kill()
        wait_for(lambda: publisher(self.lab, self.data_plane, "counters", check=False).startswith("{"),
                 5 * SLOW, "the place is free again")
        self.assertEqual(generation(self.client.ask("www.e2e.test", nsid=True)), generation(served))

    def test_9_clean_exit(self):
        self.stop_cleanly(self.data_plane.process)


CHURN_QUESTIONS = [("n0", "A", None), ("n63", "A", None), ("text", "TXT", None), ("x.y.wild", "A", None),
                   ("alias", "A", None), ("geo", "A", "192.0.2.0/24"), ("geo", "A", "198.51.100.0/24"),
                   ("even", "A", None), ("absent", "A", None), ("n1", "MX", None)]


class Churn(LabCase):
    """Tables that differ everywhere; every reply is checked against the generation it names."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_data_plane()
        publisher(cls.lab, cls.data_plane, "churn", "1", "1", "0")

    def setUp(self):
        self.seen = set()
        self.newest = generation(self.client.ask("n0.churn.test", nsid=True))[0]

    def judge(self, _, reply):
        message = dns.message.from_wire(reply)
        number = generation(message)[0]
        if number < self.newest:
            return f"generation {number} after {self.newest}"
        self.newest = number
        self.seen.add(number)
        return churn_fault(message, number)

    def churn(self, tables, interval_ms):
        """Publishes and checks meanwhile; returns (output of the publisher, seconds, checker)."""
        wires = [query(f"{name}.churn.test", rdtype, nsid=True, ecs=ecs).to_wire()
                 for name, rdtype, ecs in CHURN_QUESTIONS]
        first = self.newest + 1
        with Checker(self.client, wires, self.judge) as checker:
            began = time.monotonic()
            output = publisher(self.lab, self.data_plane, "churn", str(first), str(tables), str(interval_ms))
            took = time.monotonic() - began
        self.assertEqual(checker.faults[:3], [])
        self.assertEqual(output.count("ack "), tables)
        self.assertEqual(generation(self.client.ask("n0.churn.test", nsid=True))[0], first + tables - 1)
        return output, took, checker

    def test_1_twenty_a_second_for_ten_seconds(self):
        load = DnsPerf(self.lab, self.client_side, programs.SERVER4,
                       [(f"{name}.churn.test", rdtype) for name, rdtype, _ in CHURN_QUESTIONS], 12, RATE)
        output, took, checker = self.churn(200, 50)
        result = load.finish()
        self.assertTrue(result.is_clean(), result.text)
        self.assertEqual(set(result.rcodes), {"NOERROR", "NXDOMAIN"})
        self.assertLess(took, 10 * 1.1 * SLOW, "the pace was not held")
        print(f"\n    200 tables in {took:.1f} s, {describe(result, output)}; {checker.checked} replies checked",
              end="")

    def test_2_thousand_tables(self):
        """Slowly enough that the checker sees most of them."""
        output, took, checker = self.churn(1000, 15 * SLOW)
        self.assertGreater(len(self.seen), 500, "too few generations were looked at")
        print(f"\n    1000 tables in {took:.1f} s, {checker.checked} replies checked, of {len(self.seen)} "
              f"generations; swaps {swap_times(output)}", end="")

    def test_3_chaos_names_the_generation(self):
        chaos = self.client.ask("generation.meridian", "TXT", rdclass="CH")
        self.assertEqual(texts(chaos.answer), [f'"{self.newest}.0"'])

    def test_9_clean_exit(self):
        self.stop_cleanly(self.data_plane.process)


def swap_times(output):
    """Of the publisher's "ack GENERATION SWAP_US ROUND_TRIP_US" lines."""
    swaps = sorted(int(line.split()[2]) for line in output.splitlines())
    return f"median {swaps[len(swaps) // 2]} us, worst {swaps[-1]} us"


def describe(result, output):
    return (f"{result.rate:.0f} queries/s, {result.lost} lost of {result.sent}, worst latency "
            f"{result.latency_max_ms:.1f} ms; swaps {swap_times(output)}")


def churn_fault(message, number):
    """What is wrong with a reply if its table was `number`; None when nothing."""
    name = message.question[0].name.to_text()
    label = name.split(".", maxsplit=1)[0]
    for rrset in message.answer + message.authority:
        if rrset.ttl != number:
            return f"{name}: TTL {rrset.ttl} in generation {number}"
    soa = [rdata.serial for rrset in message.authority for rdata in rrset if rrset.rdtype == dns.rdatatype.SOA]
    if soa and soa != [number]:
        return f"{name}: serial {soa} in generation {number}"
    base = f"10.{number >> 8}.{number & 255}."
    expected = {
        "n0": ("NOERROR", [base + "0"]), "n63": ("NOERROR", [base + "63"]),
        "text": ("NOERROR", [f'"{number}"']), "x": ("NOERROR", [base + "42"]),
        "alias": ("NOERROR", sorted([base + "0", "n0.churn.test."])),
        "even": ("NOERROR", [base + "2"]) if number % 2 == 0 else ("NXDOMAIN", []),
        "absent": ("NXDOMAIN", []), "n1": ("NOERROR", []),
    }
    if label == "geo":
        is_inside = message_ecs(message).startswith("192.0.2")
        # Even generations send the subnet to pool 0 (.201), odd ones to pool 1 (.202).
        last = 201 + number % 2 if is_inside else 202 - number % 2
        expected["geo"] = ("NOERROR", [f"{base}{last}"])
    got = rcode(message), texts(message.answer)
    return None if got == expected[label] else f"{name}: {got} in generation {number}"


def message_ecs(message):
    return next(option.address for option in message.options if hasattr(option, "address"))
