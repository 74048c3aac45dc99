"""The three programs in a lab: where they are built, their configuration, how they are started."""
import json
import os
import re
import time

from tests.lib.lab import LabError, Process, ROOT, run, wait_for

BUILD = os.environ.get("MERIDIAN_BUILD", os.path.join(ROOT, "build"))
MERIDIAND = os.path.join(BUILD, "dataplane", "meridiand")
CONTROL = os.path.join(BUILD, "control", "meridian-control")
CTL = os.path.join(BUILD, "control", "meridianctl")
PUBLISHER = os.path.join(BUILD, "tests", "e2e", "publisher")
SHOW_COUNTERS = os.path.join(BUILD, "tests", "load", "show_counters")

SERVER4, SERVER6 = "10.53.0.53", "fd53::53"
CLIENT4, CLIENT6 = "10.53.0.1", "fd53::1"
# What meridiand says when an interface's kernel driver takes no XDP program.
XDP_REFUSED = "the kernel refuses AF_XDP"

AMERICA = ("10.53.1.11", "fd53:1::11")
REST = ("10.53.2.22", "fd53:2::22")


def is_sanitized():
    """Whether the build is the slow one: limits in time are then of another kind."""
    return "asan" in os.path.basename(BUILD)


def country_database():
    """The pinned CC0 database that `dev` fetched."""
    directory = os.path.join(ROOT, ".cache")
    names = sorted(name for name in os.listdir(directory) if re.match(r"geo-whois.*\.mmdb$", name))
    if not names:
        raise LabError(f"no country database in {directory}: ./dev fetches it")
    return os.path.join(directory, names[-1])


def sanitizer_environment(lab):
    """Reports go to files that check_reports() reads: a report is a failure whatever else holds."""
    log = lab.path("sanitizer")
    return {
        "ASAN_OPTIONS": f"log_path={log}:exitcode=99:detect_leaks=1",
        "UBSAN_OPTIONS": f"log_path={log}:halt_on_error=1:print_stacktrace=1:exitcode=99",
    }


def sanitizer_reports(lab):
    """What sanitizers wrote in this lab, as one text; empty when nothing."""
    texts = []
    for name in sorted(os.listdir(lab.directory)):
        if name.startswith("sanitizer."):
            with open(lab.path(name), encoding="utf-8", errors="replace") as file:
                texts.append(f"{name}:\n{file.read()}")
    return "\n".join(texts)


def port_lines(kind, **keys):
    """One entry of meridiand's `ports`."""
    lines = [f"  - kind: {kind}"]
    lines += [f"    {key}: {json.dumps(value)}" for key, value in keys.items()]
    return lines


READY = "meridiand: ready"
# Packets of one burst: a worker killed while it copies its counters to the shared lines leaves that many half shown.
BURST_MAX = 64


class DataPlaneProcess(Process):
    """A meridiand whose counters can be read whenever, also after its end, however it ended."""

    segment = None  # its counters' memfd, held open

    def hold_counters(self):
        """Opens the segment of counters once it is there."""
        directory = f"/proc/{self.pid}/fd"
        if self.segment is not None or not self.is_running():
            return
        for name in os.listdir(directory):
            path = os.path.join(directory, name)
            try:
                if os.readlink(path).startswith("/memfd:meridian-stats"):
                    self.segment = open(path, "rb")
                    return
            except FileNotFoundError:
                pass  # closed meanwhile

    def kill(self):
        self.hold_counters()
        super().kill()

    def stop(self, seconds=15):
        self.hold_counters()
        return super().stop(seconds)

    def counters(self):
        """{"ports": {...}, "workers": [{"received": n, "verdicts": {...}, ...}, ...]}; None before there are any."""
        self.hold_counters()
        if self.segment is None:
            return None
        number = self.segment.fileno()
        return json.loads(run(SHOW_COUNTERS, f"/dev/fd/{number}", pass_fds=(number,)).stdout)

    def settled_buffers(self, ask, seconds):
        """Packet buffers out of their pools, once they have been as many for longer than the second in which meridiand
        counts them. `ask` has one query answered: AF_XDP takes back what was sent when it sends the next time, so two
        single replies leave it one, always."""
        ask()
        ask()
        seen = [-1, 0]

        def is_settled():
            now = self.counters()["ports"]["buffers"]
            if now != seen[0]:
                seen[:] = now, time.monotonic()
            return time.monotonic() - seen[1] > 1.5
        wait_for(is_settled, seconds, lambda: f"packet buffers come to rest: {seen[0]}", interval=0.1)
        return seen[0]

    def check_counters(self):
        """Once it has ended: every packet of every worker, TCP's included, has exactly one verdict. Raises LabError."""
        counters = self.counters()
        if counters is None:
            if READY in self.log():
                raise LabError(f"{self.log_path}: served, but nobody held its counters")
            return
        slack = 0 if self.popen.returncode == 0 else BURST_MAX
        for number, worker in enumerate(counters["workers"]):
            counted = sum(worker["verdicts"].values())
            if abs(worker["received"] - counted) > slack:
                raise LabError(f"{self.log_path}: worker {number} received {worker['received']}, its verdicts are "
                               f"{counted}: {worker['verdicts']}")

    def release(self):
        if self.segment is not None:
            self.segment.close()
        self.segment = None


def data_planes(lab):
    """Every meridiand that was started in this lab."""
    return [process for process in lab.processes if isinstance(process, DataPlaneProcess)]


def check_counters(lab, seconds):
    """Ends what still runs, with status 0, and adds up the counters of every meridiand of the lab. Raises LabError."""
    for process in data_planes(lab):
        if process.is_running() and process.stop(seconds) != 0:
            raise LabError(process.log())
        process.check_counters()
        process.release()


class DataPlane:
    """One meridiand with its own run and state directories; started as often as a test likes."""

    def __init__(self, lab, namespace, ports, name="meridiand", **keys):
        self.lab, self.namespace, self.name = lab, namespace, name
        self.run_dir = lab.path(f"{name}.run")
        self.state_dir = keys.pop("state_dir", lab.path(f"{name}.state"))
        self.socket = os.path.join(self.run_dir, "meridiand.sock")
        self.wrapper = []  # a command that runs it: prlimit
        self.environment = {}
        self.process = None
        self.starts = 0
        os.makedirs(self.run_dir, exist_ok=True)
        os.makedirs(self.state_dir, exist_ok=True)
        tcp = keys.pop("tcp", True)
        lines = ["identity: e2e"]
        if any("kind: socket" not in port[0] for port in ports):  # socket ports say where they listen
            lines += [f"addresses: {json.dumps(keys.pop('addresses', [SERVER4, SERVER6]))}"]
        lines += ["ports:", *(line for port in ports for line in port)]
        lines += [f"tcp: {json.dumps(tcp if isinstance(tcp, dict) else {'enabled': tcp})}"]
        lines += [f"run_dir: {self.run_dir}", f"state_dir: {self.state_dir}"]
        lines += [f"{key}: {json.dumps(value)}" for key, value in keys.items()]
        self.config = lab.write(f"{name}.yaml", "\n".join(lines) + "\n")

    def start(self, wait_seconds=20):
        """Starts it and waits until it says that it is ready."""
        self.starts += 1
        log_name = f"{self.name}.{self.starts}"
        self.process = self.lab.spawn([*self.wrapper, MERIDIAND, "--config", self.config], log_name, self.namespace,
                                      {**sanitizer_environment(self.lab), **self.environment},
                                      DataPlaneProcess)
        if wait_seconds:
            self.wait_ready(wait_seconds)
        return self.process

    def wait_ready(self, seconds):
        def is_ready():
            if not self.process.is_running():
                raise LabError(f"meridiand ended with {self.process.popen.returncode}:\n{self.process.log()}")
            return READY in self.process.log()
        wait_for(is_ready, seconds, lambda: f"meridiand is ready\n{self.process.log()}")
        self.process.hold_counters()


class ControlPlane:
    """One meridian-control for a zones directory and a data plane."""

    def __init__(self, lab, namespace, zones_dir, data_plane, name="control", geo=True, **keys):
        self.lab, self.namespace, self.name = lab, namespace, name
        self.socket = lab.path(f"{name}.sock")
        self.state_dir = lab.path(f"{name}.state")
        self.environment = {}
        self.process = None
        self.starts = 0
        os.makedirs(self.state_dir, exist_ok=True)
        lines = [f"zones_dir: {zones_dir}", f"state_dir: {self.state_dir}", f"api_socket: {self.socket}",
                 f"data_plane: {data_plane.socket}"]
        if geo:
            lines += [f"geo_databases: [{json.dumps(geo if isinstance(geo, str) else country_database())}]"]
        lines += [f"{key}: {json.dumps(value)}" for key, value in keys.items()]
        self.config = lab.write(f"{name}.yaml", "\n".join(lines) + "\n")

    def start(self, wait_seconds=30):
        """Starts it and waits until its API answers."""
        self.starts += 1
        self.process = self.lab.spawn([CONTROL, "--config", self.config], f"{self.name}.{self.starts}",
                                      self.namespace, {**sanitizer_environment(self.lab), **self.environment})
        if wait_seconds:
            self.wait_ready(wait_seconds)
        return self.process

    def wait_ready(self, seconds):
        def is_ready():
            if not self.process.is_running():
                raise LabError(f"meridian-control ended with {self.process.popen.returncode}:\n"
                               f"{self.process.log()}")
            return os.path.exists(self.socket) and self.ctl("status", check=False).returncode != 3
        wait_for(is_ready, seconds, lambda: f"{self.socket} answers\n{self.process.log()}", interval=0.05)

    def ctl(self, *arguments, check=True, **options):
        """meridianctl against this control plane."""
        return run(CTL, *arguments, "--socket", self.socket, check=check,
                   env={**os.environ, **sanitizer_environment(self.lab)}, **options)

    def ctl_json(self, *arguments):
        return json.loads(self.ctl(*arguments, "--json").stdout)


def compile_table(lab, zones, output, geo=None, generation=1):
    """An offline table; returns its path."""
    command = [CTL, "compile", "--zones", zones, "-o", output, "--generation", str(generation)]
    if geo:
        command += ["--geo", geo]
    run(*command, env={**os.environ, **sanitizer_environment(lab)})
    return output


def wait_answer(client, seconds, is_right, name, rdtype="A", **options):
    """Asks until is_right(answer); returns (answer, time waited in s)."""
    started = time.monotonic()
    last = []

    def ask():
        answer = client.ask(name, rdtype, timeout=0.25, **options)
        last[:] = [answer]
        return answer is not None and is_right(answer) and answer
    answer = wait_for(ask, seconds, lambda: f"{name} {rdtype} answered as wanted; last: {last}")
    return answer, time.monotonic() - started
