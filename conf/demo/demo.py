"""The whole path on real input, in network namespaces of its own: `sudo ./dev demo [--keep]`.

Two namespaces and one veth pair, no route out. In `server`: meridiand on a DPDK port on the veth,
meridian-control, and two web backends on addresses of the loopback. In `client`: whoever asks.
Ends with exit status 0 only if every line of the table and every measurement held.
"""
import argparse
import contextlib
import itertools
import json
import os
import shutil
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from tests.lib import lab as lab_module
from tests.lib import programs
from tests.lib.countries import COUNTRIES, choose_client
from tests.lib.dns_client import Client, rcode, texts
from tests.lib.load import DnsPerf
from tests.lib.probe_watch import ProbeWatch
from tests.lib.programs import AMERICA, REST, SERVER4, SERVER6

ZONE = "example.test"
KEPT = os.path.join(lab_module.ROOT, ".cache", "demo-kept.json")
HUGE_PAGES = 128  # 2 MiB each; what the packet buffers of one queue take, with room
# Selection build, publish, swap and our own polling; the probe's threshold is not in it.
FLIP_LIMIT_MS = 50
BRAZIL = next(country for country in COUNTRIES if country[0] == "BR")
PUBLISHES_MIN = 10  # in 5 s of load; fewer would not be "throughout"


class Report:
    """Prints aligned lines, remembers whether all of them held."""

    def __init__(self):
        self.held = 0
        self.failed = 0
        self.began = time.monotonic()

    def title(self, text):
        print(f"\n== {text}  [{time.monotonic() - self.began:.1f} s]", flush=True)

    def head(self):
        print(f"{'client':<34} {'by':<5} {'question':<30} {'expected':<42} {'got':<42} ok")

    def row(self, client, transport, question, expected, got):
        self.line(f"{client:<34} {transport:<5} {question:<30} {expected:<42} {got:<42}", expected == got)

    def fact(self, text, is_right):
        self.line(f"{text:<155}", is_right)

    def line(self, text, is_right):
        self.held += is_right
        self.failed += not is_right
        print(f"{text} {'ok' if is_right else 'FAILED'}", flush=True)


class Demo:
    def __init__(self, lab, report):
        self.lab, self.report = lab, report
        self.client_side = lab.namespace("client")
        self.server_side = lab.namespace("server")
        lab.veth(self.client_side, "cli0", [f"{programs.CLIENT4}/24", f"{programs.CLIENT6}/64"],
                 self.server_side, "srv0", [f"{SERVER4}/24", f"{SERVER6}/64"])
        self.server_side.add_address("lo", *(f"{a}/32" for a in (AMERICA[0], REST[0])),
                                     *(f"{a}/128" for a in (AMERICA[1], REST[1])))
        self.client = Client(self.client_side, SERVER4, SERVER6)
        self.watch = ProbeWatch(self.server_side)
        self.data_plane = self.control = self.america = None

    def start(self):
        self.america = self.start_backend("america", AMERICA)
        self.start_backend("rest_of_world", REST)
        self.start_data_plane()
        zones = shutil.copytree(os.path.join(lab_module.ROOT, "conf", "demo", "zones"), self.lab.path("zones"))
        self.control = programs.ControlPlane(self.lab, self.server_side, zones, self.data_plane)
        self.control.start()
        programs.wait_answer(self.client, 20, lambda answer: answer.answer, ZONE)

    def start_backend(self, name, addresses):
        script = os.path.join(lab_module.ROOT, "conf", "demo", "backend.py")
        return self.lab.spawn([sys.executable, script, name, *addresses], f"backend-{name}", self.server_side)

    def start_data_plane(self):
        """AF_XDP; AF_PACKET only where the kernel refuses XDP, and then the reason is shown."""
        self.data_plane = programs.DataPlane(self.lab, self.server_side,
                                             [programs.port_lines("af_xdp", interface="srv0")])
        try:
            self.data_plane.start()
            print("meridiand: DPDK port on AF_XDP, interface srv0")
        except lab_module.LabError as error:
            if programs.XDP_REFUSED not in str(error):
                raise
            print(f"{error}\n{programs.XDP_REFUSED}: DPDK port on AF_PACKET instead")
            self.data_plane = programs.DataPlane(self.lab, self.server_side,
                                                 [programs.port_lines("af_packet", interface="srv0")],
                                                 name="meridiand-af_packet")
            self.data_plane.start()

    # --- what is asked, and what is expected beside it ---

    def ask_row(self, who, name, rdtype, expected, family=4, tcp=False, ecs=None):
        answer = self.client.ask(name, rdtype, family=family, tcp=tcp, ecs=ecs)
        self.report.row(who, f"{'tcp' if tcp else 'udp'}{family}", f"{name} {rdtype}", expected,
                        "no answer" if answer is None else describe(answer))

    def show_countries(self):
        for code, is_american, candidates4, candidates6 in COUNTRIES:
            for family, rdtype, candidates in ((4, "A", candidates4), (6, "AAAA", candidates6)):
                prefix, length = choose_client(code, candidates)
                expected = (AMERICA if is_american else REST)[family == 6]
                self.ask_row(f"{code} {prefix} (database /{length})", ZONE, rdtype, expected,
                             family=family, ecs=prefix)

    def show_names(self):
        american = choose_client("US", COUNTRIES[0][2])[0]
        german = choose_client("DE", COUNTRIES[3][2])[0]
        mirrored, rest = f"www.{ZONE}", f"CNAME {ZONE}. + {REST[0]}"
        for family, tcp in ((4, False), (4, True), (6, False), (6, True)):
            for who, name, rdtype, expected, ecs in (
                    (f"US {american}", ZONE, "A", AMERICA[0], american),
                    (f"US {american}", mirrored, "A", f"CNAME {ZONE}. + {AMERICA[0]}", american),
                    (f"DE {german}", mirrored, "A", rest, german),
                    ("(no client subnet)", mirrored, "A", rest, None),
                    ("-", f"old.{ZONE}", "A", f"CNAME host.lab.{ZONE}. + 10.53.2.30", None),
                    ("-", f"_acme-challenge.{ZONE}", "TXT", '""', None),
                    ("-", f"_acme-challenge.{ZONE}", "A", "NOERROR, SOA", None),
                    ("-", f"lab.{ZONE}", "A", "NOERROR, SOA", None),
                    ("-", f"absent.old.{ZONE}", "A", "NXDOMAIN, SOA", None),
                    ("-", "www.example.org", "A", "REFUSED", None)):
                self.ask_row(who, name, rdtype, expected, family, tcp, ecs)

    def show_explained(self):
        for code, is_american, candidates4, candidates6 in COUNTRIES[:1] + COUNTRIES[3:4]:
            for rdtype, candidates in (("A", candidates4), ("AAAA", candidates6)):
                address = choose_client(code, candidates)[0].split("/")[0]
                done = self.control.ctl("explain", ZONE, rdtype, "--from", address, check=False)
                print("\n".join(f"    {line}" for line in done.stdout.splitlines()))
                pool = "america" if is_american else "rest_of_world"
                self.report.fact(f"explain {ZONE} {rdtype} --from {address} names pool {pool}",
                                 done.returncode == 0 and pool in done.stdout)

    # --- a change ---

    def change_and_go_back(self):
        """South America moves to the other server, as planned, and back."""
        path = self.lab.path("zones/example.test.yaml")
        with open(path, encoding="utf-8") as file:
            before = file.read()
        self.lab.write("zones/example.test.yaml", before.replace("            - SA\n", ""))
        planned = self.control.ctl("plan", check=False)
        print("\n".join(f"    {line}" for line in planned.stdout.splitlines()))
        plan = self.control.ctl_json("plan")["plan"]
        self.report.fact("meridianctl plan: two records, and nothing unsafe",
                         planned.returncode == 0 and not plan["unsafe"] and len(plan["moves"]) > 0
                         and sum(zone["updates"] for zone in plan["zones"]) == 2)
        applied = self.control.ctl("apply", "--checksum", plan["checksum"], check=False)
        self.report.fact(f"meridianctl apply --checksum {plan['checksum'][:12]}...: that plan is served",
                         applied.returncode == 0)
        self.report.head()
        self.show_brazil(REST)
        gone_back = self.control.ctl("rollback", check=False)
        self.report.fact("meridianctl rollback: the table before is served, under a new generation",
                         gone_back.returncode == 0)
        self.show_brazil(AMERICA)
        self.lab.write("zones/example.test.yaml", before)
        self.report.fact("meridianctl apply: the zones directory counts again, and nothing differs",
                         self.control.ctl("apply", check=False).returncode == 0
                         and self.control.ctl_json("status")["problems"] == [])
        print("\n".join(f"    {line}" for line in self.control.ctl("history").stdout.splitlines()))

    def show_brazil(self, servers):
        code, _, candidates4, candidates6 = BRAZIL
        for family, rdtype, candidates in ((4, "A", candidates4), (6, "AAAA", candidates6)):
            prefix, length = choose_client(code, candidates)
            self.ask_row(f"{code} {prefix} (database /{length})", ZONE, rdtype, servers[family == 6],
                         family=family, ecs=prefix)

    # --- health ---

    def american_questions(self):
        for code, is_american, candidates4, candidates6 in COUNTRIES:
            if is_american:
                yield "A", choose_client(code, candidates4)[0], 0
                yield "AAAA", choose_client(code, candidates6)[0], 1

    def wait_american_answers(self, targets, seconds):
        """Polls every American question until each has the answer; returns the time that was."""
        questions = list(self.american_questions())
        names = [ZONE, f"www.{ZONE}"]

        def is_changed():
            return all(
                (answer := self.client.ask(name, rdtype, ecs=prefix)) is not None
                and targets[index] in texts(answer.answer, rdtype)
                for rdtype, prefix, index in questions for name in names)
        lab_module.wait_for(is_changed, seconds, f"answers {targets}", interval=0)
        return time.time()

    def fail_over(self):
        fall, rise, interval_ms = probe_limits(self.control)
        stopped = time.time()
        self.america.kill()
        changed = self.wait_american_answers(REST, 20)
        reached = max(self.watch.refusals(address, 80, stopped)[fall - 1] for address in AMERICA)
        self.report_flip("america backend stopped", f"{fall} failed probes, {interval_ms} ms apart",
                         stopped, reached, changed)
        answer = self.client.ask(ZONE, "A", ecs=choose_client("DE", COUNTRIES[3][2])[0])
        self.report.fact("a German answer is what it was", REST[0] in texts(answer.answer, "A"))
        started = time.time()
        self.america = self.start_backend("america", AMERICA)
        changed = self.wait_american_answers(AMERICA, 20)
        reached = max(self.watch.acceptances(address, 80, started)[rise - 1] for address in AMERICA)
        self.report_flip("america backend back", f"{rise} good probes", started, reached, changed)

    def report_flip(self, event, threshold, began, reached, changed):
        beyond_ms = (changed - reached) * 1e3
        self.report.fact(
            f"{event}: every American answer changed after {(changed - began) * 1e3:.0f} ms, "
            f"{beyond_ms:.1f} ms beyond the probe's threshold ({threshold}); limit {FLIP_LIMIT_MS} ms",
            beyond_ms < FLIP_LIMIT_MS)

    # --- under load ---

    def kill_control(self):
        perf = DnsPerf(self.lab, self.client_side, SERVER4, self.perf_questions(), seconds=3, rate=5000)
        time.sleep(1)  # let the load run before and after
        self.control.process.kill()
        result = perf.finish()
        self.report.fact(f"meridian-control killed with SIGKILL: {result.completed} answers of "
                         f"{result.sent} queries in 3 s, {result.lost} lost", result.is_clean())
        answer = self.client.ask(ZONE, "A", ecs=choose_client("US", COUNTRIES[0][2])[0])
        self.report.fact("an American answer is what it was", AMERICA[0] in texts(answer.answer, "A"))
        self.control.start()
        self.report.fact("meridian-control started again", True)

    def publish_under_load(self):
        before = self.control.ctl_json("status")
        stop = threading.Event()
        failures = []

        def publish():
            for number in itertools.count(1):
                if stop.is_set():
                    return
                # Without a change nothing would be published.
                self.lab.write("zones/tick.test.yaml", "---\n'':\n  - type: NS\n    value: ns1.tick.test.\n"
                                                       f"  - type: TXT\n    value: tick {number}\n")
                done = self.control.ctl("apply", check=False)
                if done.returncode != 0:
                    failures.append(done.stdout + done.stderr)
        publisher = threading.Thread(target=publish)
        publisher.start()
        result = DnsPerf(self.lab, self.client_side, SERVER4, self.perf_questions(), seconds=5,
                         rate=20000).finish()
        stop.set()
        publisher.join()
        published = served_generation(self.control.ctl_json("status")) - served_generation(before)
        self.report.fact(f"dnsperf for 5 s: {result.completed} answers ({result.rate:.0f} a second), "
                         f"{result.lost} lost, worst latency {result.latency_max_ms:.1f} ms", result.is_clean())
        self.report.fact(f"tables published meanwhile: {published}, refused: {len(failures)}",
                         published >= PUBLISHES_MIN and not failures)

    def perf_questions(self):
        return [(ZONE, "A"), (ZONE, "AAAA"), (f"www.{ZONE}", "A"), (f"absent.old.{ZONE}", "A"),
                (f"_acme-challenge.{ZONE}", "TXT")]

    def check_counters(self):
        counters = self.control.ctl_json("counters")
        received, verdicts = sum_counters(counters)
        self.report.fact(f"every packet has one verdict: {received} received, {verdicts} verdicts",
                         received == verdicts and received > 0)


def describe(answer):
    """An answer as the table shows it: its data, or its rcode with SOA in authority."""
    if not answer.answer:
        soa = ", SOA" if texts(answer.authority, "SOA") else ""
        return f"{rcode(answer)}{soa}"
    parts = [f"CNAME {text}" for text in texts(answer.answer, "CNAME")]
    parts += [text for rdtype in ("A", "AAAA", "TXT", "MX") for text in texts(answer.answer, rdtype)]
    return " + ".join(parts)


def run_all(demo):
    report = demo.report
    demo.start()
    report.title("Where clients of the CC0 country database are sent (EDNS client subnet)")
    report.head()
    demo.show_countries()
    report.title("Names, types and transports")
    report.head()
    demo.show_names()
    report.title("Which rule and prefix gave the answer")
    demo.show_explained()
    report.title("A change is planned, published and taken back")
    demo.change_and_go_back()
    report.title("A backend fails and comes back")
    demo.fail_over()
    report.title("The control plane dies")
    demo.kill_control()
    report.title("Tables are published under load")
    demo.publish_under_load()
    demo.check_counters()


# --- what the control plane's JSON says ---

def served_generation(status):
    return status["data_plane"]["generation"]


def probe_limits(control):
    """(fall, rise, interval in ms) of the zone's health check."""
    target = control.ctl_json("health")["targets"][0]
    return target["fall"], target["rise"], target["interval_ms"]


def sum_counters(counters):
    return counters["received"], sum(counters["verdicts"].values())


# --- leaving it running ---

def keep(demo):
    """Writes down what --stop has to end, and forgets it here."""
    lab = demo.lab
    kept = {
        "directory": lab.directory,
        "namespaces": [namespace.name for namespace in lab.namespaces],
        "processes": [[process.pid, start_time(process.pid)] for process in lab.processes
                      if process.is_running()],
    }
    with open(KEPT, "w", encoding="utf-8") as file:
        json.dump(kept, file)
    inside = f"ip netns exec {demo.client_side.name}"
    ctl = os.path.relpath(programs.CTL)
    print(f"""
Left running. To try:
  {inside} dig @{SERVER4} {ZONE} A +norec +subnet=84.128.0.0/24
  {inside} dig @{SERVER6} www.{ZONE} AAAA +norec +subnet=2600::/56 +tcp
  {inside} dig @{SERVER4} generation.meridian CH TXT +short
  {inside} ping -c 1 {SERVER4}
  {ctl} status --socket {demo.control.socket}
  {ctl} explain www.{ZONE} A --from 187.0.0.1 --socket {demo.control.socket}
  {ctl} health --socket {demo.control.socket}
  {ctl} counters --socket {demo.control.socket}
  kill {demo.america.pid}     # the america backend; watch the answers change
Logs and configuration: {lab.directory}
To end it: sudo ./dev demo --stop""")
    lab.namespaces, lab.processes = [], []
    lab.directory = None


def start_time(pid):
    """Field 22 of /proc/PID/stat: with it, a process id means one process for ever."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[19]
    except FileNotFoundError:
        return None


def stop_kept():
    """Ends a kept demo; false when there is none."""
    if not os.path.exists(KEPT):
        return False
    with open(KEPT, encoding="utf-8") as file:
        kept = json.load(file)
    for pid, started in kept["processes"]:
        if started is not None and start_time(pid) == started:
            os.kill(pid, signal.SIGKILL)
    for name in kept["namespaces"]:
        lab_module.run("ip", "netns", "delete", name, check=False)
    shutil.rmtree(kept["directory"], ignore_errors=True)
    os.remove(KEPT)
    return True


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="leave everything running and say what to try")
    parser.add_argument("--stop", action="store_true", help="end what --keep left running")
    arguments = parser.parse_args()
    if arguments.stop:
        print("demo: stopped" if stop_kept() else "demo: none is running")
        return 0
    if os.path.exists(KEPT):
        print("demo: one is kept running already; end it with: sudo ./dev demo --stop", file=sys.stderr)
        return 1
    # A signal unwinds the stack, so that leaving the lab removes everything.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    report = Report()
    with contextlib.ExitStack() as stack:
        if not arguments.keep:
            pages = stack.enter_context(lab_module.huge_pages(HUGE_PAGES))
            print(f"huge pages: {pages} of 2 MiB" if pages else "huge pages: none to be had, works without")
        lab = stack.enter_context(lab_module.Lab("demo"))
        try:
            demo = Demo(lab, report)
            run_all(demo)
        except lab_module.LabError as error:
            print(f"demo: {error}", file=sys.stderr)
            report.failed += 1
        else:
            if arguments.keep:
                keep(demo)
    print(f"\ndemo: {report.held} held, {report.failed} failed, {time.monotonic() - report.began:.0f} s")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
