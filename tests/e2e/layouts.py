"""Zones in every layout that octoDNS knows: what is served of them, and what is not when one of their files is wrong."""
import os
import shutil

from tests.e2e.base import LabCase, SLOW
from tests.lib import programs
from tests.lib.dns_client import texts
from tests.lib.lab import run

FILES = {
    "flat.test.yaml": "www: {type: A, value: 192.0.2.1}\n",
    # Split; what the files are called means nothing. The second is for `*` and the apex by custom.
    "split.test./anything.yaml": "www: {type: A, value: 192.0.2.2}\n",
    "split.test./$split.test.yaml": "'': {type: MX, value: {exchange: mail.split.test., preference: 5}}\n"
                                    "'*': {type: A, value: 192.0.2.3}\n",
    # Both at once, the zone in letters of its own.
    "münchen.test./übung.yaml": "übung: {type: CNAME, value: Straße.Test.}\n",
    "münchen.test.yaml": "www: {type: A, value: 192.0.2.4}\n",
    "xn--strae-oqa.test.yaml": "'': {type: A, value: 192.0.2.5}\n",
    "all.yaml": "'': {type: NS, value: ns1.flat.test.}\n_dmarc: {type: TXT, value: v=DMARC1; p=none}\n",
}
SETTINGS = {
    "split_extension": ".",
    "shared_filename": "all.yaml",
    "escaped_semicolons": False,
    "zones": [{"name": "parked.test."}, {"name": "münchen.test.", "lenient": True}],
}
ALL_ZONES = ["flat.test", "split.test", "parked.test", "xn--mnchen-3ya.test", "xn--strae-oqa.test"]


class Layouts(LabCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, text in FILES.items():
            cls.lab.write(f"zones/{name}", text)
        cls.zones = cls.lab.path("zones")
        cls.start_data_plane(programs.port_lines("socket", listen=[f"{programs.SERVER4}:53"]))
        cls.control = programs.ControlPlane(cls.lab, cls.server_side, cls.zones, cls.data_plane, geo=False, **SETTINGS)
        cls.control.start(30 * SLOW)
        programs.wait_answer(cls.client, 20 * SLOW, lambda answer: answer.answer, "www.flat.test")

    @classmethod
    def tearDownClass(cls):
        cls.stop_planes()
        super().tearDownClass()

    def asked(self, name, rdtype="A"):
        return texts(self.client.ask(name, rdtype).answer)

    def dig(self, name, rdtype):
        """dig encodes by IDNA 2008 too, and on its own."""
        done = self.client_side.run("dig", f"@{programs.SERVER4}", "+short", "+norecurse", "+idnin", name, rdtype,
                                    env={**os.environ, "LC_ALL": "C.UTF-8"})
        return done.stdout.split()

    def check(self, *arguments):
        return run(programs.CTL, "check", *arguments, check=False,
                   env={**os.environ, **programs.sanitizer_environment(self.lab)})

    def test_1_every_layout_is_served(self):
        for name, rdtype, answer in (
                ("www.flat.test", "A", ["192.0.2.1"]),
                ("www.split.test", "A", ["192.0.2.2"]),
                ("other.split.test", "A", ["192.0.2.3"]),
                ("split.test", "MX", ["5 mail.split.test."]),
                ("www.xn--mnchen-3ya.test", "A", ["192.0.2.4"])):
            with self.subTest(name):
                self.assertEqual(self.asked(name, rdtype), answer)
        for zone in ALL_ZONES:
            with self.subTest(zone):
                self.assertEqual(self.asked(zone, "NS"), ["ns1.flat.test."])
                self.assertEqual(self.asked(f"_dmarc.{zone}", "TXT"), ['"v=DMARC1; p=none"'])

    def test_2_names_in_other_letters(self):
        self.assertEqual(self.dig("www.München.test", "A"), ["192.0.2.4"])
        self.assertEqual(self.dig("Übung.MÜNCHEN.test", "A"), ["xn--strae-oqa.test.", "192.0.2.5"])

    def test_3_check_reads_the_same(self):
        done = self.check("--config", self.control.config)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stderr)
        self.assertIn(f"{len(ALL_ZONES)} zones", done.stdout)
        done = self.check(self.zones)
        self.assertIn("3 zones", done.stdout)  # without the configuration, those that are one file
        self.assertRegex(done.stderr, r"split\.test\.: warning: ignored")

    def test_4_a_wrong_file_keeps_its_zone_as_it_was(self):
        wrong = self.lab.write("zones/split.test./zz.yaml", "www: {type: A, value: 192.0.2.9}\nx: {type: A, value: y}\n")
        self.lab.write("zones/flat.test.yaml", "www: {type: A, value: 192.0.2.11}\n")
        done = self.control.ctl("apply", check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stderr, r'zz\.yaml:2:4: error: Invalid record "x\.split\.test\."\n  - invalid IPv4 address "y"')
        self.assertRegex(done.stderr, r"zz\.yaml:1:6: error: Duplicate record www\.split\.test\., type A\n"
                                      r"  existing: \S*split\.test\./anything\.yaml, line 1, column 6\n"
                                      r"  new:      \S*split\.test\./zz\.yaml, line 1, column 6")
        self.assertEqual(self.asked("www.split.test"), ["192.0.2.2"])
        self.assertEqual(self.asked("www.flat.test"), ["192.0.2.11"])
        os.unlink(wrong)
        self.control.ctl("apply")

    def test_5_one_zone_in_both_spellings(self):
        both = self.lab.write("zones/xn--mnchen-3ya.test.yaml", FILES["münchen.test.yaml"])
        done = self.control.ctl("apply", check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stderr, r'Both UTF-8 "\S*münchen\.test\.yaml" and IDNA "\S*xn--mnchen-3ya\.test\.yaml" exist for '
                                      r"münchen\.test\.")
        self.assertEqual(self.asked("www.xn--mnchen-3ya.test"), ["192.0.2.4"])
        os.unlink(both)
        self.control.ctl("apply")

    def test_6_a_broken_shared_file_changes_nothing(self):
        self.lab.write("zones/all.yaml", "'': [\n")
        done = self.control.ctl("apply", check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stderr, r"all\.yaml:2:1: error")
        for zone in ALL_ZONES:
            with self.subTest(zone):
                self.assertEqual(self.asked(zone, "NS"), ["ns1.flat.test."])
        self.lab.write("zones/all.yaml", FILES["all.yaml"])
        self.control.ctl("apply")

    def test_7_a_directory_that_is_gone(self):
        shutil.move(os.path.join(self.zones, "split.test."), self.lab.path("away"))
        done = self.control.ctl("apply", check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout + done.stderr, r"split\.test\.")
        self.assertEqual(self.asked("www.split.test"), ["192.0.2.2"])
        shutil.move(self.lab.path("away"), os.path.join(self.zones, "split.test."))
        self.control.ctl("apply")
