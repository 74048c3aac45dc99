"""HTTP and HTTPS probes of real servers, and what is said of a check that no server ever answered."""
import json
import os
import re
import sys

import yaml

from tests.e2e.base import LabCase, SLOW
from tests.lib import programs
from tests.lib.certificates import Authority
from tests.lib.dns_client import texts
from tests.lib.lab import ROOT, run, wait_for

PACE = {"healthcheck": {"fall": 2, "rise": 2, "interval": 0.2, "timeout": 0.2}}
LAST_RESORT = "10.53.9.9"

# name, address, port, manner of the server, certificate, healthcheck, what is said of it (None: up)
SERVERS = [
    ("good", "10.53.3.1", 443, "200", "good", "{protocol: HTTPS, path: /}", None),
    ("six", "fd53:3::2", 443, "204", "six", "{protocol: HTTPS, path: /}", None),
    ("literal", "10.53.3.3", 8443, "200", "literal", "{protocol: HTTPS, port: 8443, host: null}", None),
    ("redirect", "10.53.3.4", 443, "302", "redirect", "{protocol: HTTPS}", None),
    ("endless", "10.53.3.5", 443, "endless", "endless", "{protocol: HTTPS}", None),
    ("plain", "10.53.3.6", 80, "/up", None, "{protocol: HTTP, port: 80, path: /up}", None),
    ("path", "10.53.3.7", 80, "/up", None, "{protocol: HTTP, port: 80, path: /down}",
     r"HTTP 404 from http://10\.53\.3\.7:80/down \(200 to 399 expected\)"),
    ("error", "10.53.3.8", 443, "503", "error", "{protocol: HTTPS, path: /x}",
     r"HTTP 503 from https://10\.53\.3\.8:443/x \(200 to 399 expected\)"),
    ("expired", "10.53.3.9", 443, "200", "expired", "{protocol: HTTPS}", "certificate has expired"),
    ("name", "10.53.3.10", 443, "200", "other", "{protocol: HTTPS}", "the certificate is for another host: .*name.health.test"),
    ("stranger", "10.53.3.11", 443, "200", "stranger", "{protocol: HTTPS}", "unable to get local issuer certificate"),
    ("nontls", "10.53.3.12", 443, "200", None, "{protocol: HTTPS}", "TLS handshake: wrong version number"),
    ("mute", "10.53.3.13", 443, "mute", "mute", "{protocol: HTTPS}", "timed out after 200 ms: no answer"),
    ("half", "10.53.3.14", 443, "half", "half", "{protocol: HTTPS}", "timed out after 200 ms: no end of the answer"),
    ("body", "10.53.3.15", 443, "body", "body", "{protocol: HTTPS}", "timed out after 200 ms: no end of the answer"),
    ("hang", "10.53.3.16", 443, "hang", None, "{protocol: HTTPS}", "timed out after 200 ms: no end of the TLS handshake"),
    ("reset", "10.53.3.17", 80, "reset", None, "{protocol: HTTP, port: 80}", "Recv failure: Connection reset by peer"),
    ("closed", "10.53.3.18", 443, None, None, "{protocol: HTTPS}", "connect: Connection refused"),
]
# The mission's own trap: a record whose zone writes no health check.
TRAP = "10.53.4.1"


def record(name, address, octodns):
    """One line of a zone file; keys in the order that octoDNS wants."""
    rdtype, last = ("AAAA", "fd53:9::9") if ":" in address else ("A", LAST_RESORT)
    return f"{name}: " + json.dumps({
        "dynamic": {"pools": {"one": {"values": [{"value": address}]}}, "rules": [{"pool": "one"}]},
        "octodns": octodns, "ttl": 60, "type": rdtype, "value": last}, sort_keys=True) + "\n"


class Health(LabCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        addresses = [entry[1] for entry in SERVERS] + [TRAP]
        cls.server_side.add_address("lo", *(f"{a}/{128 if ':' in a else 32}" for a in addresses))
        cls.make_certificates()
        cls.servers = cls.serve("servers", [
            {"address": address, "port": port, "manner": manner,
             **({"certificate": cls.certificates[certificate]} if certificate else {})}
            for _, address, port, manner, certificate, _, _ in SERVERS if manner is not None])
        records = [record(name, address, {"healthcheck": yaml.safe_load(check), "meridian": PACE})
                   for name, address, _, _, _, check, _ in sorted(SERVERS, key=lambda entry: entry[0])]
        cls.lab.write("zones/health.test.yaml", "".join(["'': {type: NS, value: ns1.health.test.}\n", *records]))
        cls.start_data_plane(programs.port_lines("socket", listen=[f"{programs.SERVER4}:53"]))
        cls.control = programs.ControlPlane(cls.lab, cls.server_side, cls.lab.path("zones"), cls.data_plane, geo=False,
                                            probes={"min_up_percent": 0, "max_down_per_min": 1000})
        cls.control.environment = {"SSL_CERT_FILE": cls.authority.certificate, "http_proxy": "http://10.53.3.18:1/",
                                   "https_proxy": "http://10.53.3.18:1/"}
        cls.control.start(30 * SLOW)
        programs.wait_answer(cls.client, 20 * SLOW, lambda answer: answer.answer, "good.health.test")

    @classmethod
    def tearDownClass(cls):
        cls.stop_planes()
        super().tearDownClass()

    @classmethod
    def make_certificates(cls):
        cls.authority = Authority(cls.lab)
        stranger = Authority(cls.lab, "stranger-authority")
        cls.certificates = {
            "literal": cls.authority.sign("literal", "IP:10.53.3.3"),
            "expired": cls.authority.sign("expired", "DNS:expired.health.test", days=-1),
            "other": cls.authority.sign("other", "DNS:other.health.test"),
            "stranger": stranger.sign("stranger", "DNS:stranger.health.test"),
            "trap": cls.authority.sign("trap", "DNS:trap.trap.test"),
        }
        for name in {entry[4] for entry in SERVERS if entry[4]} - set(cls.certificates):
            cls.certificates[name] = cls.authority.sign(name, f"DNS:{name}.health.test")

    @classmethod
    def serve(cls, name, entries):
        process = cls.lab.spawn([sys.executable, f"{ROOT}/tests/lib/web_server.py",
                                 cls.lab.write(f"{name}.json", json.dumps(entries))], name, cls.server_side)
        wait_for(lambda: "ready" in process.log(), 20, lambda: f"{name} listen\n{process.log()}")
        return process

    def target(self, address):
        """What is known of the one target with this address."""
        found = [target for target in self.control.ctl_json("health")["targets"]
                 if f" {address} " in target["key"]]
        self.assertEqual(len(found), 1, address)
        return found[0]

    def wait_state(self, address, state):
        wait_for(lambda: self.target(address)["state"] == state, 20 * SLOW,
                 lambda: f"{address} is {state}: {self.target(address)}", interval=0.05)
        return self.target(address)

    def answers(self, name, rdtype="A"):
        return texts(self.client.ask(name, rdtype).answer)

    def test_1_what_each_server_is(self):
        for name, address, _, _, _, _, reason in SERVERS:
            with self.subTest(name):
                target = self.wait_state(address, "up" if reason is None else "down")
                if reason is None:
                    self.assertEqual((target["reason"], target["failed"]), ("", 0))
                    self.assertGreater(target["ever_up_unix_ms"], 0)
                else:
                    self.assertRegex(target["reason"], reason)
                    self.assertEqual((target["succeeded"], target["ever_up_unix_ms"]), (0, 0))
                self.assertEqual(target["has_never_answered"], reason is not None)

    def test_2_answers_follow(self):
        for name, address, _, _, _, _, reason in SERVERS:
            rdtype, last = ("AAAA", "fd53:9::9") if ":" in address else ("A", LAST_RESORT)
            expected = [address] if reason is None else [last]
            with self.subTest(name):
                wait_for(lambda: self.answers(f"{name}.health.test", rdtype) == expected, 10 * SLOW, f"{name}: {expected}")

    def test_2_certificates_are_not_read_for_each_probe(self):
        """Nor does it matter when they are replaced at that moment."""
        away = self.authority.certificate + ".away"
        os.rename(self.authority.certificate, away)
        before = self.target("10.53.3.1")["succeeded"]
        wait_for(lambda: self.target("10.53.3.1")["succeeded"] >= before + 3, 20 * SLOW, "three probes", interval=0.05)
        os.rename(away, self.authority.certificate)

    def test_3_was_up_once_is_something_else(self):
        """Down and never up are told apart, over a restart too."""
        self.servers.kill()
        target = self.wait_state("10.53.3.1", "down")
        self.assertFalse(target["has_never_answered"], target)
        self.control.process.stop(15 * SLOW)
        self.control.start(30 * SLOW)
        self.assertFalse(self.target("10.53.3.1")["has_never_answered"])
        self.assertTrue(self.target("10.53.3.18")["has_never_answered"])

    def test_4_the_default_check_that_nobody_wrote(self):
        """A zone without a health check, whose server does not serve /_dns."""
        trap = self.serve("trap", [{"address": TRAP, "port": 443, "manner": "/index.html",
                                    "certificate": self.certificates["trap"]}])
        self.lab.write("zones/trap.test.yaml",
                       "'': {type: NS, value: ns1.trap.test.}\n" + record("trap", TRAP, {"meridian": PACE}))
        checked = run(programs.CTL, "check", self.lab.path("zones"), check=False)
        self.assertRegex(checked.stderr, r"https://trap\.trap\.test:443/_dns.*\[default-healthcheck\]")
        applied = self.control.ctl("apply", check=False)
        self.assertRegex(applied.stdout, r"1 health target is not yet probed and counts as up until then", applied.stderr)

        target = self.wait_state(TRAP, "down")
        said = r"HTTP 404 from https://10\.53\.4\.1:443/_dns \(200 to 399 expected\)"
        self.assertRegex(target["reason"], said)
        advice = re.escape("octodns: {healthcheck: {protocol: TCP, port: 443}}")
        status = self.control.ctl_json("status")
        loud = [problem for problem in status["problems"] if "NEVER ONCE ANSWERED" in problem and "_dns" in problem]
        self.assertRegex("\n".join(loud), f"trap.*octoDNS's DEFAULT CHECK.*{advice}", status["problems"])
        self.assertIn("HAVE NEVER ONCE ANSWERED", self.control.ctl("status", check=False).stdout)
        self.assertRegex(self.control.ctl("health").stdout, fr"https {TRAP}:443 .*HAS NEVER ANSWERED since it is watched")
        self.assertRegex(self.control.ctl("explain", "trap.trap.test", "A", "--from", programs.CLIENT4).stdout,
                         r"(?s)HTTP 404.*HAS NEVER ANSWERED since it is watched \(\d+ s\); this is octoDNS's DEFAULT CHECK")
        applied = self.control.ctl("apply", check=False)
        self.assertRegex(applied.stderr, fr"health: https {TRAP}:443 trap\.trap\.test/_dns HAS NEVER ONCE ANSWERED: {said}; "
                                         r"records that rely on it: 1, e\.g\. trap\.trap\.test\. A; this is octoDNS's DEFAULT")
        self.assertRegex(applied.stderr, r"trap\.test\.yaml:2:7: warning: 1 of the 1 checked values .*\[never-answered\]")
        items = [item for item in self.control.ctl_json("apply")["never_answered"] if TRAP in item["target"]]
        self.assertEqual([(item["records"], item["record"], item["is_default_check"]) for item in items],
                         [(1, "trap.trap.test. A", True)])

        trap.kill()
        self.serve("served", [{"address": TRAP, "port": 443, "manner": "/_dns", "certificate": self.certificates["trap"]}])
        target = self.wait_state(TRAP, "up")
        self.assertFalse(target["has_never_answered"])
        wait_for(lambda: self.answers("trap.trap.test") == [TRAP], 10 * SLOW, "it is answered")
        self.assertFalse([problem for problem in self.control.ctl_json("status")["problems"] if TRAP in problem])
        self.assertNotRegex(self.control.ctl("apply", check=False).stderr, r"trap\.test\.yaml.*never-answered")

    def test_5_our_own_fault_is_nobodys_verdict(self):
        """Without certificates to check by, no HTTPS probe says anything: what is up stays so, and status tells."""
        self.control.process.stop(15 * SLOW)
        self.control.environment["SSL_CERT_FILE"] = self.lab.path("missing.pem")
        self.control.start(30 * SLOW)
        wait_for(lambda: any(re.search(r"health targets cannot be probed from here, e\.g\. https .*missing\.pem", problem)
                             for problem in self.control.ctl_json("status")["problems"]), 20 * SLOW,
                 lambda: self.control.ctl_json("status")["problems"], interval=0.05)
        wait_for(lambda: "missing.pem" in self.target(TRAP)["reason"], 20 * SLOW, "a probe of it", interval=0.05)
        target = self.target(TRAP)
        self.assertEqual((target["state"], target["failed"], target["has_never_answered"]), ("up", 0, False), target)
        self.assertEqual(self.answers("trap.trap.test"), [TRAP])
