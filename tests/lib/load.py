"""Load from inside a namespace: dnsperf, whose losses are counted; a client that judges every reply; raw frames."""
import json
import os
import re
from dataclasses import dataclass

from tests.lib import programs
from tests.lib.lab import LabError

ASKER = os.path.join(programs.BUILD, "tests", "load", "asker")
FLOOD = os.path.join(programs.BUILD, "tests", "load", "flood")


@dataclass
class LoadResult:
    sent: int
    completed: int
    lost: int
    interrupted: int
    rate: float
    latency_max_ms: float
    rcodes: dict
    text: str

    def is_clean(self):
        """Every query answered, and there were some."""
        return self.lost == 0 and self.completed > 0 and self.completed + self.interrupted == self.sent


class DnsPerf:
    """Starts at once; finish() waits for the end. Queries cycle through the questions."""

    def __init__(self, lab, namespace, server, questions, seconds, rate, port=53):
        path = lab.path("dnsperf.questions")
        with open(path, "w", encoding="ascii") as file:
            file.writelines(f"{name} {rdtype}\n" for name, rdtype in questions)
        # A time-out of 2 s: far above any latency here, so that what is lost is lost.
        # One thread: the other core is the server's.
        self.seconds = seconds
        self.process = lab.spawn(["dnsperf", "-s", server, "-p", str(port), "-d", path, "-l", str(seconds),
                                  "-Q", str(rate), "-t", "2", "-c", "8", "-T", "1", "-e"],
                                 f"dnsperf.{len(lab.processes)}", namespace)

    def finish(self):
        status = self.process.wait(self.seconds + 30)
        text = self.process.log()
        if status != 0:
            raise LabError(f"dnsperf: exit {status}\n{text}")
        return parse(text)


def parse(text):
    def number(pattern):
        found = re.search(pattern, text)
        if found is None:
            raise LabError(f"dnsperf said nothing like {pattern!r}:\n{text}")
        return found.group(1)
    interrupted = re.search(r"Queries interrupted:\s+(\d+)", text)
    return LoadResult(
        sent=int(number(r"Queries sent:\s+(\d+)")),
        completed=int(number(r"Queries completed:\s+(\d+)")),
        lost=int(number(r"Queries lost:\s+(\d+)")),
        interrupted=int(interrupted.group(1)) if interrupted else 0,
        rate=float(number(r"Queries per second:\s+([\d.]+)")),
        latency_max_ms=float(number(r"Average Latency.*max ([\d.]+)\)")) * 1e3,
        rcodes={name: int(count) for name, count in re.findall(r"([A-Z]+) (\d+) \([\d.]+%\)", text)},
        text=text)


class _Tool:
    """One of tests/load/, at work from the start; finish() returns what it printed."""

    def __init__(self, lab, namespace, seconds, *command):
        self.seconds = seconds
        self.process = lab.spawn([str(word) for word in command], f"{os.path.basename(command[0])}.{len(lab.processes)}",
                                 namespace)

    def finish(self):
        status = self.process.wait(self.seconds + 30)
        if status != 0:
            raise LabError(f"{self.process.command[0]}: exit {status}\n{self.process.log()}")
        return json.loads(self.process.log())


class Asker(_Tool):
    """tests/load/asker.c with a file of questions and right replies (tests/lib/expect.py). Rate 0: as fast as it can."""

    def __init__(self, lab, namespace, server, path, seconds, rate=0, flows=4, window=256):
        super().__init__(lab, namespace, seconds, ASKER, server, path, seconds, rate, flows, window)


class Flood(_Tool):
    """tests/load/flood.c: these frames, over and over, until `count` of them or so many seconds."""

    def __init__(self, lab, namespace, interface, frames, count=10 ** 12, seconds=3600, rate=0):
        path = lab.path(f"frames.{len(lab.processes)}")
        with open(path, "wb") as file:
            file.writelines(len(frame).to_bytes(2, "big") + frame for frame in frames)
        super().__init__(lab, namespace, seconds, FLOOD, interface, path, count, seconds, rate)
