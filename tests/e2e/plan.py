"""What a change would do, from files alone: the blast radius is true to the last address, and plan and
diff say what they should with the exit status they promise."""
import json
import os
import shutil

from tests.e2e.base import LabCase, SLOW
from tests.lib import programs
from tests.lib.lab import run

ZONES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "plan_zones")
BEFORE, AFTER = os.path.join(ZONES, "before"), os.path.join(ZONES, "after")
BLAST_COUNT = os.path.join(programs.BUILD, "tests", "e2e", "blast_count")
CHANGES = 3  # that blast_count looks at


class Plan(LabCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.geo = programs.country_database()
        cls.environment = {**os.environ, **programs.sanitizer_environment(cls.lab)}
        cls.before = programs.compile_table(cls.lab, BEFORE, cls.lab.path("before.table"),
                                            geo=cls.geo, generation=41)
        cls.after = programs.compile_table(cls.lab, AFTER, cls.lab.path("after.table"),
                                           geo=cls.geo, generation=50)

    def run_ctl(self, *arguments):
        return run(programs.CTL, *arguments, check=False, timeout=60, env=self.environment)

    def plan(self, zones, *arguments):
        return self.run_ctl("plan", "--zones", zones, "--geo", self.geo, "--against", self.before, *arguments)

    def copy_zones(self, name):
        directory = self.lab.path(name)
        shutil.copytree(BEFORE, directory)
        return directory

    def test_blast_radius_equals_a_count_of_every_address(self):
        done = run(BLAST_COUNT, self.geo, BEFORE, AFTER, check=False, timeout=120 * SLOW, env=self.environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count(" numbers equal, "), CHANGES, done.stdout)
        print("\n" + done.stdout.rstrip())

    def test_no_change_is_no_change(self):
        done = self.plan(BEFORE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("No changes were planned", done.stdout)
        plan = json.loads(self.plan(BEFORE, "--json").stdout)
        self.assertEqual((plan["served_generation"], plan["zones"], plan["moves"], plan["unsafe"]),
                         (41, [], [], []))

    def test_plan_and_diff_say_the_same(self):
        """A plan of zone files and the difference of the tables made from them are one change."""
        printed = self.plan(AFTER)
        self.assertEqual(printed.returncode, 0, printed.stderr)
        for line in ("* plan.test.\n", "*   Update\n",
                     "*     <CnameRecord CNAME 3600, everybody.plan.test., ns1.plan.test.> ->\n",
                     "*       - rule: NA, SA -> america\n", "*       + rule: AS, OC -> asia\n",
                     "*   Summary: Creates=0, Updates=4, Deletes=0, Existing=7, Meta=False\n",
                     "*     one -> two: 100 % of IPv4 (100 % of what the database knows), 100 % of IPv6 (100 %)\n"):
            self.assertIn(line, printed.stdout)
        plan = json.loads(self.plan(AFTER, "--json").stdout)
        self.assertIn(f"checksum: {plan['checksum']}\n", printed.stdout)
        done = self.run_ctl("diff", self.before, self.after, "--geo", self.geo, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        plan.pop("messages")
        self.assertEqual(json.loads(done.stdout), plan)

    def test_what_moves_there_moves_back(self):
        def moves(*tables):
            groups = json.loads(self.run_ctl("diff", *tables, "--geo", self.geo, "--json").stdout)["moves"]
            return {(record["name"], record["type"], move["from"], move["to"], move["ipv4_addresses"],
                     move["ipv6_addresses"])
                    for group in groups for record in group["records"] for move in group["moves"]}

        there = moves(self.before, self.after)
        back = moves(self.after, self.before)
        self.assertEqual({(name, kind, to, source, *counts) for name, kind, source, to, *counts in back}, there)
        self.assertIn(("everybody.plan.test.", "CNAME", "one", "two", 2**32, str(2**128)), there)

    def test_vanishing_zone_needs_force(self):
        directory = self.lab.path("other")
        self.lab.write("other/other.test.yaml", "---\n'':\n  type: NS\n  value: ns1.plan.test.\n")
        sentence = "unsafe: [plan.test.] would no longer be served, force required\n"
        for arguments, status in (((), 1), (("--force",), 0)):
            done = self.plan(directory, *arguments)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertIn(sentence, done.stdout)

    def test_thresholds_of_the_configuration(self):
        """--config brings the zones, the databases and what a zone may change at once."""
        records = [f"a{number}:\n  type: A\n  value: 192.0.2.1\n" for number in range(10, 30)]
        apex = "---\n'':\n  type: NS\n  value: ns1.many.test.\n"
        before = os.path.dirname(self.lab.write("many/many.test.yaml", apex + "".join(records)))
        self.lab.write("fewer/many.test.yaml", apex + "".join(records[3:]))
        served = self.lab.path("many.table")
        self.assertEqual(self.run_ctl("compile", "--zones", before, "-o", served).returncode, 0)
        for threshold, unsafe in (("0.3", []), ("0.1", ["[many.test.] Too many deletes, 14.29% is over 10.00% (3/21), "
                                                        "force required"])):
            config = self.lab.write(f"control-{threshold}.yaml",
                                    f"zones_dir: {self.lab.path('fewer')}\nzones:\n  - name: many.test.\n"
                                    f"    delete_pcent_threshold: {threshold}\n")
            done = self.run_ctl("plan", "--config", config, "--against", served, "--json")
            self.assertEqual(json.loads(done.stdout)["unsafe"], unsafe)
            self.assertEqual(done.returncode, 1 if unsafe else 0)

    def test_errors_are_no_plan(self):
        directory = self.copy_zones("broken")
        self.lab.write("broken/broken.test.yaml", "---\n'':\n  type: A\n  value: 192.0.2.300\n")
        done = self.plan(directory)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"broken\.test\.yaml:3:3: error: ")
        self.assertIn("no plan: ", done.stderr)
        answer = json.loads(self.plan(directory, "--json").stdout)
        self.assertIs(answer["ok"], False)

    def test_misuse(self):
        for arguments, status, message in ((("plan", "--against", self.before), 2, "--zones DIR or --config FILE"),
                                           (("diff", self.before), 2, ""),
                                           (("diff", self.before, "/nonexistent.table"), 1, "/nonexistent.table: "),
                                           (("plan", "--zones", BEFORE, "--against", BEFORE), 1, BEFORE)):
            done = self.run_ctl(*arguments)
            self.assertEqual(done.returncode, status, arguments)
            self.assertIn(message, done.stderr)
