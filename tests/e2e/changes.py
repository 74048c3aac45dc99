"""Changes as an operator makes them: planned, applied as planned, undone, remembered; and what is left of
it when something is killed in between."""
import json
import os
import random
import re
import shlex
import signal
import subprocess
import time

from tests.e2e.base import LabCase, SLOW
from tests.lib import programs
from tests.lib.api import Api
from tests.lib.dns_client import generation, texts
from tests.lib.lab import run, wait_for
from tests.lib.load import DnsPerf

ROLLBACKS = 100
RATE = 10000 if not programs.is_sanitized() else 1000  # queries a second
KILLS = 8


class Changes(LabCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_data_plane()
        cls.write_zone("one.test", www="192.0.2.1")
        cls.write_zone("two.test", www="192.0.2.200")
        cls.control = programs.ControlPlane(cls.lab, cls.server_side, cls.lab.path("zones"), cls.data_plane, geo=False,
                                            probes={"enabled": False}, history_keep=200)
        cls.control.start(30 * SLOW)
        programs.wait_answer(cls.client, 20 * SLOW, lambda answer: texts(answer.answer) == ["192.0.2.1"],
                             "www.one.test")

    @classmethod
    def write_zone(cls, zone, **addresses):
        """Renamed into place, as careful writers do."""
        text = f"---\n'':\n  type: NS\n  value: ns1.{zone}.\n" + "".join(
            f"{name}:\n  type: A\n  value: {address}\n" for name, address in sorted(addresses.items()))
        os.rename(cls.lab.write(f"new/{zone}", text), os.path.join(cls.zones_dir(), f"{zone}.yaml"))

    @classmethod
    def zones_dir(cls):
        os.makedirs(cls.lab.path("zones"), exist_ok=True)
        return cls.lab.path("zones")

    def set_address(self, address):
        self.write_zone("one.test", www=address)

    def served(self, name="www.one.test"):
        """(addresses, generation, serial of the zone's SOA) as the wire has them."""
        answer = self.client.ask(name, nsid=True)
        soa = self.client.ask(name.split(".", 1)[1], "SOA")
        return texts(answer.answer), generation(answer)[0], int(texts(soa.answer)[0].split()[2])

    def assert_served(self, address):
        addresses, number, serial = self.served()
        self.assertEqual(addresses, [address])
        self.assertEqual(number, serial)
        return number

    def status(self):
        return self.control.ctl_json("status")

    def restart(self, sign=signal.SIGKILL):
        """Ends the control plane and starts another, until that has read everything and is connected."""
        self.control.process.popen.send_signal(sign)
        self.control.process.popen.wait()
        self.control.start(30 * SLOW)
        self.wait_idle()

    def wait_idle(self):
        def is_idle():
            status = self.status()
            return (status["data_plane"]["connected"] and not status["is_applying"] and status["last_apply"]
                    and status["data_plane"]["generation"] == status["table"]["generation"])
        wait_for(is_idle, 30 * SLOW, "the control plane has caught up")

    def test_1_apply_what_was_planned(self):
        before = self.assert_served("192.0.2.1")
        self.set_address("192.0.2.2")
        plan = self.control.ctl("plan")
        self.assertRegex(plan.stdout, r"Update")
        self.assertRegex(plan.stdout, r"www\.one\.test\., \['192\.0\.2\.1'\]")
        self.assertRegex(plan.stdout, r"Creates=0, Updates=1, Deletes=0")
        self.assertEqual(self.assert_served("192.0.2.1"), before)
        # What a job without the daemon makes of the same files has the same checksum.
        served = os.path.join(self.control.state_dir, "history", f"{before}.table")
        offline = json.loads(run(programs.CTL, "plan", "--config", self.control.config, "--against", served,
                                 "--json").stdout)
        self.assertIn(offline["checksum"], plan.stdout)
        command = shlex.split(re.search(r"meridianctl (apply --checksum .*)", plan.stdout).group(1))
        done = run(programs.CTL, *command)
        self.assertRegex(done.stdout, r"generation \d+ is served by every worker, \d+\.\d ms after")
        self.assertEqual(self.assert_served("192.0.2.2"), before + 1)
        done = self.control.ctl("apply")
        self.assertIn("No changes were planned", done.stdout)
        self.assertEqual(self.assert_served("192.0.2.2"), before + 1)

    def test_2_another_plan_is_not_applied(self):
        self.set_address("192.0.2.3")
        checksum = self.control.ctl_json("plan")["checksum"]
        self.set_address("192.0.2.4")
        done = self.control.ctl("apply", "--checksum", checksum, check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("the plan is another one now", done.stderr)
        self.assertIn("192.0.2.4", done.stdout)
        status, reply = Api(self.control.socket, 20 * SLOW).ask("POST", "/v1/apply", {"checksum": checksum})
        self.assertEqual(status, 409)
        self.assertFalse(reply["published"])
        before = self.assert_served("192.0.2.2")
        self.control.ctl("apply", "--checksum", reply["checksum"])
        self.assertEqual(self.assert_served("192.0.2.4"), before + 1)

    def test_3_rollback_stays(self):
        newest = self.assert_served("192.0.2.4")
        done = self.control.ctl("rollback")
        self.assertIn(f"rolled back to generation {newest - 1}'s content", done.stdout)
        self.assertRegex(done.stdout, r"www\.one\.test\., \['192\.0\.2\.4'\]")
        self.assertEqual(self.assert_served("192.0.2.2"), newest + 1)  # the SOA's serial grew
        self.set_address("192.0.2.5")
        self.control.process.popen.send_signal(signal.SIGHUP)
        wait_for(lambda: "nothing published: rolled back" in self.control.process.log(), 10 * SLOW,
                 lambda: self.control.process.log())
        self.restart()
        self.assertEqual(self.assert_served("192.0.2.2"), newest + 1)
        status = self.status()
        self.assertEqual(status["pinned"]["of"], newest - 1)
        self.assertTrue(any("rolled back to generation" in problem for problem in status["problems"]), status["problems"])
        # The data plane too may lose everything.
        self.data_plane.process.kill()
        for name in os.listdir(self.data_plane.state_dir):
            os.unlink(os.path.join(self.data_plane.state_dir, name))
        self.data_plane.start(20 * SLOW)
        programs.wait_answer(self.client, 20 * SLOW, lambda answer: texts(answer.answer) == ["192.0.2.2"],
                             "www.one.test")
        self.control.ctl("apply")
        self.assertEqual(self.assert_served("192.0.2.5"), newest + 2)
        self.assertIsNone(self.status()["pinned"])

    def test_4_history_diff_wait(self):
        newest = self.assert_served("192.0.2.5")
        entries = self.control.ctl_json("history")["entries"]
        self.assertEqual([(entry["generation"], entry["kind"]) for entry in entries[:3]],
                         [(newest, "apply"), (newest - 1, "rollback"), (newest - 2, "apply")])
        self.assertEqual({entry["outcome"] for entry in entries}, {"served"})
        who = entries[0]["who"]
        self.assertEqual((who["name"], who["uid"], who["program"]), ("root", 0, "meridianctl"))
        self.assertRegex(self.control.ctl("history").stdout, rf"{newest}\* \d+-\d+-\d+ .* root +apply +1 zone")
        diff = self.control.ctl("diff", str(newest - 1), str(newest)).stdout
        self.assertIn("192.0.2.2", diff)
        self.assertIn("192.0.2.5", diff)
        self.assertIn("No changes", self.control.ctl("diff", str(newest), str(newest)).stdout)
        self.control.ctl("wait", "--generation", str(newest))
        done = self.control.ctl("wait", "--generation", str(newest + 1), "--timeout", "1", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"meridiand was last seen with {newest}", done.stderr)
        waiting = subprocess.Popen([programs.CTL, "wait", "--generation", str(newest + 1), "--socket",
                                    self.control.socket], stdout=subprocess.PIPE, text=True)
        self.set_address("192.0.2.6")
        self.control.ctl("apply")
        output, _ = waiting.communicate(timeout=20 * SLOW)
        self.assertEqual((waiting.returncode, output), (0, f"generation {newest + 1} is served by every worker\n"))

    def test_5_many_at_once(self):
        """Every one is answered, none is half of another, and the last word is the directory's."""
        before = self.assert_served("192.0.2.6")
        self.set_address("192.0.2.7")
        running = [subprocess.Popen([programs.CTL, *command, "--json", "--socket", self.control.socket],
                                    stdout=subprocess.PIPE, text=True)
                   for command in (["apply"], ["plan"], ["apply"], ["plan"], ["apply"], ["apply"])]
        results = [json.loads(process.communicate(timeout=60 * SLOW)[0]) for process in running]
        self.assertEqual([process.returncode for process in running], [0] * len(running))
        self.assertEqual(self.assert_served("192.0.2.7"), before + 1)
        self.assertEqual({result["generation"] for result in results if result["kind"] == "apply"}, {before + 1})
        waited = [sentence for result in results for sentence in result.get("waited_for", [])]
        self.assertTrue(all(re.match(r"(apply|plan) by root \(meridianctl, pid \d+\)$", text) for text in waited), waited)

    def test_6_a_start_publishes_nothing_unsafe(self):
        before = self.served()
        os.unlink(os.path.join(self.zones_dir(), "two.test.yaml"))
        self.restart(signal.SIGTERM)
        self.assertEqual(self.served(), before)
        self.assertEqual(texts(self.client.ask("www.two.test").answer), ["192.0.2.200"])
        shown = self.control.ctl("status").stdout
        self.assertRegex(shown, r"PROBLEM: the last apply \(start\) published nothing: .*two\.test\..*--force")
        plan = self.control.ctl("plan", check=False)
        self.assertEqual(plan.returncode, 1)
        self.assertRegex(plan.stdout, r"apply --checksum [0-9a-f]{64} --force")
        self.assertEqual(self.control.ctl("apply", check=False).returncode, 1)
        self.assertEqual(self.served(), before)
        self.control.ctl("apply", "--force")
        self.assertEqual(texts(self.client.ask("www.two.test").answer), [])
        self.assertEqual(self.status()["problems"], [])

    def write_broken(self, zone):
        path = self.lab.write(f"new/{zone}", "---\nwww:\n  type: A\n  value: not an address\n")
        os.rename(path, os.path.join(self.zones_dir(), f"{zone}.yaml"))

    def assert_one_kept(self, address, others):
        """one.test is broken and goes on; two.test is as its file says."""
        self.assert_served(address)
        self.assertEqual(texts(self.client.ask("www.two.test").answer), [others])
        problems = self.status()["problems"]
        self.assertEqual(len(problems), 1, problems)
        self.assertIn("zone one.test. has errors: its last good version is served", problems[0])

    def test_6_broken_zones_stop_no_other(self):
        """Not after a restart and not after a rollback, when nobody has loaded what is served."""
        self.write_zone("two.test", www="192.0.2.201")
        self.set_address("192.0.2.8")
        self.control.ctl("apply")
        before = self.assert_served("192.0.2.8")
        self.write_broken("one.test")
        self.write_zone("two.test", www="192.0.2.202")
        self.restart()
        self.assert_one_kept("192.0.2.8", "192.0.2.202")
        self.restart()  # nothing has changed since, so nothing is published
        self.assert_one_kept("192.0.2.8", "192.0.2.202")
        self.assertEqual(self.assert_served("192.0.2.8"), before + 1)
        self.set_address("192.0.2.9")
        self.control.ctl("apply")
        self.control.ctl("rollback", str(before))
        self.write_broken("one.test")
        self.write_zone("two.test", www="192.0.2.203")
        status, reply = Api(self.control.socket, 20 * SLOW).ask("POST", "/v1/apply")
        self.assertEqual((status, reply["kept_zones"]), (200, ["one.test."]))
        self.assert_one_kept("192.0.2.8", "192.0.2.203")
        os.unlink(os.path.join(self.zones_dir(), "two.test.yaml"))
        self.set_address("192.0.2.7")
        self.control.ctl("apply", "--force")
        self.assertEqual(self.status()["problems"], [])

    def test_7_killed_at_any_moment(self):
        """What is served afterwards is what one of the applies said, as the history has it."""
        rng = random.Random(7)
        number = self.served()[1]
        for turn in range(KILLS):
            self.set_address(f"192.0.2.{100 + turn}")
            process = subprocess.Popen([programs.CTL, "apply", "--socket", self.control.socket],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0, 0.03))  # anywhere from before the reading to after the answer
            self.restart()
            process.wait(20 * SLOW)
            addresses, now, serial = self.served()
            self.assertEqual(addresses, [f"192.0.2.{100 + turn}"])  # the start applies what was left undone
            self.assertEqual(now, serial)
            self.assertGreater(now, number)
            number = now
            self.assertEqual(self.control.ctl_json("history")["entries"][0]["generation"], now)
            self.assertEqual(self.status()["problems"], [])

    def test_8_rollbacks_under_load(self):
        """From one of two tables to the other, a hundred times: no query goes without its answer."""
        self.set_address("192.0.2.61")
        self.control.ctl("apply")
        first = self.assert_served("192.0.2.61")
        self.set_address("192.0.2.62")
        self.control.ctl("apply")
        second = self.assert_served("192.0.2.62")
        load = DnsPerf(self.lab, self.client_side, programs.SERVER4,
                       [("www.one.test", "A"), ("one.test", "SOA"), ("absent.one.test", "A")], 12 * SLOW, RATE)
        began = time.monotonic()
        for turn in range(ROLLBACKS):
            status, reply = Api(self.control.socket, 20 * SLOW).ask(
                "POST", "/v1/rollback", {"generation": second if turn % 2 else first})
            self.assertEqual((status, reply["generation"]), (200, second + 1 + turn) if turn else (200, second + 1))
        took = time.monotonic() - began
        result = load.finish()
        self.assertTrue(result.is_clean(), result.text)
        self.assertEqual(set(result.rcodes), {"NOERROR", "NXDOMAIN"})
        self.assertEqual(self.assert_served("192.0.2.62"), second + ROLLBACKS)
        print(f"\n    {ROLLBACKS} rollbacks in {took:.1f} s, {result.rate:.0f} queries/s, {result.lost} lost of "
              f"{result.sent}, worst latency {result.latency_max_ms:.1f} ms", end="")
        self.control.ctl("apply")

    def test_9_clean_exit(self):
        self.stop_cleanly(self.control.process)
        self.stop_cleanly(self.data_plane.process)
