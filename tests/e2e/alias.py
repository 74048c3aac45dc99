"""A zone whose apex follows another zone's name: what clients see when that changes or goes, and that check,
plan and apply tell the same lints."""
import json
import os

from tests.e2e.base import LabCase, SLOW
from tests.lib import programs
from tests.lib.dns_client import generation, texts
from tests.lib.lab import run

FOLLOWER = """---
'':
  - {lint}ttl: 300
    type: ALIAS
    value: www.b.test.
  - type: NS
    value: ns1.b.test.
'*':
  type: CNAME
  value: a.test.
"""
SILENCED = "octodns: {meridian: {lint: {zone_ignore: [acme-captured]}}}\n    "


class Alias(LabCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_data_plane()
        cls.write_follower("")
        cls.write_target("www: {type: A, value: 192.0.2.1}\n")
        cls.control = programs.ControlPlane(cls.lab, cls.server_side, cls.lab.path("zones"), cls.data_plane, geo=False,
                                            probes={"enabled": False})
        cls.control.start(30 * SLOW)
        programs.wait_answer(cls.client, 20 * SLOW, lambda answer: texts(answer.answer) == ["192.0.2.1"], "a.test")

    @classmethod
    def write_zone(cls, zone, text):
        os.makedirs(cls.lab.path("zones"), exist_ok=True)
        os.rename(cls.lab.write(f"new/{zone}", text), cls.lab.path(f"zones/{zone}.yaml"))

    @classmethod
    def write_follower(cls, lint):
        cls.write_zone("a.test", FOLLOWER.replace("{lint}", lint))

    @classmethod
    def write_target(cls, records):
        cls.write_zone("b.test", "---\n'': {type: NS, value: ns1.b.test.}\n" + records)

    def served(self, name, rdtype="A"):
        answer = self.client.ask(name, rdtype, nsid=True)
        return texts(answer.answer), generation(answer)[0]

    def lints(self):
        """(lint, line, level) as check, plan and apply have them: all the same."""
        def of(reply):
            return [(message["lint"], message["line"], message["level"]) for message in reply["messages"]
                    if "lint" in message]
        checked = of(json.loads(run(programs.CTL, "check", self.lab.path("zones"), "--json").stdout))
        self.assertEqual(of(self.control.ctl_json("plan")), checked)
        self.assertEqual(of(self.control.ctl_json("apply")), checked)
        return checked

    def test_1_lints_are_told_everywhere(self):
        self.assertEqual(self.lints(), [("acme-captured", 9, "warning")])
        done = self.control.ctl("plan")
        self.assertRegex(done.stdout + done.stderr, r"a\.test\.yaml:9:3: warning: .* \[acme-captured\]\n")

    def test_2_silenced(self):
        self.write_follower(SILENCED)
        self.assertEqual(self.lints(), [])

    def test_3_both_change_at_once(self):
        before = self.served("a.test")[1]
        self.write_target("www:\n- {ttl: 60, type: A, value: 192.0.2.2}\n- {type: AAAA, value: '2001:db8::2'}\n")
        plan = self.control.ctl("plan").stdout
        self.assertIn("a.test.", plan)
        self.assertIn("www.b.test.", plan)
        self.control.ctl("apply")
        for name in ("a.test", "www.b.test", "any.a.test"):
            addresses, number = self.served(name)
            self.assertIn("192.0.2.2", addresses)
            self.assertEqual(number, before + 1)
        self.assertEqual(self.served("a.test", "AAAA")[0], ["2001:db8::2"])
        self.assertEqual(self.client.ask("a.test").answer[0].ttl, 60)

    def test_4_the_target_goes(self):
        """The zone that leads nowhere is kept as it was, with a place; the other one goes on."""
        self.write_target("mail: {type: A, value: 192.0.2.3}\n")
        done = self.control.ctl("apply", "--force", check=False)
        self.assertRegex(done.stdout + done.stderr,
                         r'a\.test\.yaml:3:5: error: ALIAS a\.test\. to "www\.b\.test\." has no answer: '
                         r'"www\.b\.test\." does not exist')
        self.assertEqual(self.served("mail.b.test")[0], ["192.0.2.3"])
        self.assertEqual(self.served("a.test")[0], ["192.0.2.2"])

    def test_9_clean_exit(self):
        self.stop_cleanly(self.control.process)
        self.stop_cleanly(self.data_plane.process)
