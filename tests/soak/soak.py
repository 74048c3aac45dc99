"""The soak: one meridiand on AF_XDP and TAP ports, one meridian-control, and all that may happen to them at once."""
import contextlib
import random
import sys
import time

from tests.e2e.base import LabCase, SLOW
from tests.figures import frames, tables
from tests.lib import expect, programs, tcp_clients
from tests.lib.dns_client import generation, query, texts
from tests.lib.lab import ROOT, wait_for
from tests.lib.load import Asker, Flood
from tests.lib.programs import AMERICA, REST
from tests.lib.tcp_clients import Crowd, framed, repeating
from tests.soak import traffic
from tests.soak.samples import Series, descriptor_cnt, memory_kb

SHORT_SECONDS = 15 if SLOW == 1 else 60
FRAMES = 4096             # different hostile ones a port, over and over
ASK_RATE = 10_000 // SLOW ** 2
FLOOD_RATE = 10_000 // SLOW ** 2
SOURCES = tcp_clients.addresses(20)
IDLE, DRIPS, READERS = 200, 20, 20
# Growth that is none of ours: the allocator's and the sanitizer's own stores are not level to the page.
MEMORY_SLACK_KB, MEMORY_SLACK_RATIO = 2048, 0.02

HEALTH_ZONE = """\
---
'':
  type: NS
  values: [ns1.health.test., ns2.health.test.]
flip:
  dynamic:
    pools:
      america:
        fallback: rest
        values:
          - value: 10.53.1.11
      rest:
        values:
          - value: 10.53.2.22
    rules:
      - pool: america
  octodns:
    healthcheck:
      port: 80
      protocol: TCP
    meridian:
      healthcheck:
        fall: 3
        interval: 0.1
        rise: 2
        timeout: 0.1
  ttl: 60
  type: A
  values:
    - 10.53.1.11
    - 10.53.2.22
ns1:
  type: A
  value: 192.0.2.51
ns2:
  type: A
  value: 192.0.2.52
"""


class Soak(LabCase):
    """The short form is a suite; tests.soak sets `seconds` to more."""

    seconds = SHORT_SECONDS
    told = None  # what was found, once all has held

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tcp_clients.raise_descriptor_limit()
        tcp_clients.add_addresses(cls.client_side, "cli0", SOURCES)
        cls.add_backend_addresses()
        cls.start_backend("rest", REST[0])
        cls.backend = cls.start_backend("america", AMERICA[0])
        cls.start_planes()

    @classmethod
    def start_planes(cls):
        cls.data_plane = programs.DataPlane(cls.lab, cls.server_side, [
            programs.port_lines("af_xdp", interface="srv0"), programs.port_lines("tap", interface="dns0")])
        cls.data_plane.environment = cls.environment()
        cls.data_plane.start(20 * SLOW)
        cls.server_side.ip("link", "set", "dns0", "netns", cls.client_side.name)
        cls.client_side.ip("link", "set", "dns0", "up")
        cls.lab.write("soak-zones/health.test.yaml", HEALTH_ZONE)
        cls.write_zone(0)
        cls.control = programs.ControlPlane(cls.lab, cls.server_side, cls.lab.path("soak-zones"), cls.data_plane)
        cls.control.environment = cls.environment()
        cls.control.start(60 * SLOW)
        cls.wait_flip(AMERICA[0])

    @classmethod
    def environment(cls):
        """What AddressSanitizer keeps of freed memory, 256 MB by default, looks like a leak for as long as it fills."""
        before = programs.sanitizer_environment(cls.lab)["ASAN_OPTIONS"]
        return {"ASAN_OPTIONS": f"{before}:quarantine_size_mb=8"}

    @classmethod
    def start_backend(cls, name, address):
        return cls.lab.spawn([sys.executable, f"{ROOT}/conf/demo/backend.py", name, address],
                             f"backend-{name}.{len(cls.lab.processes)}", cls.server_side)

    @classmethod
    def write_zone(cls, number):
        """The zone's file is table A's (0) or B's (1)."""
        cls.lab.write("soak-zones/swap.test.yaml", tables.zone(tables.MARKS[number]))

    @classmethod
    def wait_flip(cls, address):
        programs.wait_answer(cls.client, 30 * SLOW, lambda answer: texts(answer.answer) == [address], "flip.health.test")

    def apply(self, number):
        self.write_zone(number)
        self.control.ctl("apply", "--force", timeout=60 * SLOW)

    def learn(self):
        """Every right reply, checked and written down while nothing else happens; returns the file's path."""
        swap = [query(f"{question[0]}.swap.test".lstrip("."), question[1], ecs=question[2], ident=0).to_wire()
                for question in tables.QUESTIONS]
        known = [[] for _ in swap]
        for number in (1, 0):
            self.apply(number)
            served = generation(self.client.ask("n0.swap.test", nsid=True))[0]
            for question, wire, replies in zip(tables.QUESTIONS, swap, known):
                reply = self.client.udp_wire(wire)
                tables.check(question, number, reply)
                replies.append((reply, expect.mask_of(reply, served)))
        flip, flips = query("flip.health.test", ident=0).to_wire(), []
        for address in (REST[0], AMERICA[0]):
            self.set_backend(address == AMERICA[0])
            self.wait_flip(address)
            reply = self.client.udp_wire(flip)
            flips.append((reply, bytes([expect.EQUAL]) * len(reply)))
        return expect.write(self.lab.path("soak.expect"), [*zip(swap, known), *[(flip, flips)] * 4])

    def set_backend(self, is_up):
        if is_up and not self.backend.is_running():
            type(self).backend = self.start_backend("america", AMERICA[0])
        elif not is_up:
            self.backend.kill()

    # What goes on beside the questions.

    def publisher(self):
        """An action: the other table, through the control plane."""
        numbers = iter(range(1, 10 ** 9))
        return lambda: self.apply(next(numbers) % 2)

    def flipper(self):
        """An action: the backend stops, or is back."""
        return lambda: self.set_backend(not self.backend.is_running())

    def bad_tcp(self, stack):
        """Idle, dripping, never reading and senseless clients."""
        rng = random.Random(3)
        wire, big = (query(name, rdtype).to_wire() for name, rdtype in (("n0.swap.test", "A"), ("big.swap.test", "TXT")))
        stack.enter_context(Crowd(self.client_side, SOURCES)).connect(IDLE)
        dripping = stack.enter_context(Crowd(self.client_side, SOURCES)).connect(DRIPS)
        reading, talking = (stack.enter_context(Crowd(self.client_side, SOURCES)) for _ in range(2))

        def never_read():
            if reading.open_count() < READERS // 2:
                reading.close()
                for sock in reading.connect(READERS):
                    with contextlib.suppress(OSError):
                        sock.sendall(framed(big) * 50)

        def talk():
            talking.close()
            for sock in talking.connect(5):
                with contextlib.suppress(OSError):
                    sock.sendall(framed(traffic.message_of(rng)) + rng.randbytes(rng.randrange(50)))
        stack.enter_context(repeating(tcp_clients.drip(dripping, framed(wire)), 0.5))
        stack.enter_context(repeating(never_read, 0.5))
        stack.enter_context(repeating(talk, 0.1 * SLOW))

    def flood(self, interface, link, seed):
        rng = random.Random(seed)
        return Flood(self.lab, self.client_side, interface, [traffic.frame_of(rng, link) for _ in range(FRAMES)],
                     seconds=self.seconds, rate=FLOOD_RATE)

    # What is looked at.

    def buffers(self):
        return self.data_plane.process.counters()["ports"]["buffers"]

    def rest(self):
        """Buffers and descriptors that are out when nothing is asked: AF_XDP takes back its last but one reply."""
        last = [None, time.monotonic()]

        def is_at_rest():
            for _ in range(2):
                self.client.ask("n0.swap.test")
            now = self.buffers(), descriptor_cnt(self.data_plane.process), descriptor_cnt(self.control.process)
            if now != last[0]:
                last[:] = now, time.monotonic()
            return time.monotonic() - last[1] > 2.5  # the gauge of buffers is read once a second
        wait_for(is_at_rest, 60 * SLOW, lambda: f"buffers and descriptors come to rest: {last[0]}", interval=0.1)
        return last[0]

    def watch(self, until_s, series):
        """Samples until then; a process that ended is an error of its own."""
        began = time.monotonic()
        while (now := time.monotonic() - began) < until_s:
            for name, process in (("meridiand", self.data_plane.process), ("meridian-control", self.control.process)):
                self.assertTrue(process.is_running(), process.log()[-4000:])
                series[name].add(now, memory_kb(process))
            time.sleep(min(1.0, self.seconds / 60))  # between samples, not for something to be done

    def test_everything_at_once(self):
        seed = random.SystemRandom().randrange(2 ** 32)
        print(f"seed {seed} ...", end=" ", flush=True)
        known = self.learn()
        at_start = self.rest()
        series = {"meridiand": Series(), "meridian-control": Series()}
        before = self.data_plane.process.counters()
        with contextlib.ExitStack() as stack:
            link = frames.link_to(self.lab, self.client_side, "cli0", frames.address_of(self.server_side, "srv0"))
            floods = [self.flood("cli0", link, seed), self.flood("dns0", link, seed + 1)]
            self.bad_tcp(stack)
            stack.enter_context(repeating(self.publisher(), 1))
            stack.enter_context(repeating(self.flipper(), 2))
            asker = Asker(self.lab, self.client_side, programs.SERVER4, known, self.seconds, ASK_RATE)
            self.watch(self.seconds, series)
            result = asker.finish()
            sent = sum(flood.finish()["sent"] for flood in floods)
        self.judge(result, series)
        self.set_backend(True)
        self.wait_flip(AMERICA[0])
        self.assertEqual(self.rest(), at_start, "packet buffers, descriptors of meridiand, of meridian-control")
        self.report(result, sent, series, before)

    def judge(self, result, series):
        self.assertEqual(result["wrong"], 0, tables.describe_fault(result))
        self.assertGreater(result["answered"], self.seconds * ASK_RATE * 0.5)
        self.assertLess(result["lost"], result["sent"] * 0.001)
        for name, values in series.items():
            first, last = values.first_and_last()
            self.assertLess(last - first, MEMORY_SLACK_KB + first * MEMORY_SLACK_RATIO, f"{name}: KB of memory")

    def report(self, result, sent, series, before):
        after = self.data_plane.process.counters()
        frames_cnt, tcp_cnt = (sum(after["workers"][i]["received"] - before["workers"][i]["received"] for i in numbers)
                               for numbers in (range(len(after["workers"]) - 1), [-1]))
        published = generation(self.client.ask("n0.swap.test", nsid=True))[0]
        grown = ", ".join(f"{name} {values.growth():+.0f} KB of {values.values[-1]}" for name, values in series.items())
        type(self).told = (f"{self.seconds} s: 0 wrong, {result['lost']} lost of {result['answered']} replies judged; {sent} hostile frames, "
                           f"{frames_cnt} packets and {tcp_cnt} TCP messages received, generation {published}; memory {grown}; buffers "
                           "and descriptors as at the start")
        print(f"\n    {self.told}", end="")

    def test_zz_clean_exit(self):
        self.stop_planes()
