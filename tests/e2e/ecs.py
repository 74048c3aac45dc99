"""What a cache may believe of our client subnet scopes, against a slow reference and the real country database."""
import os
import re
import unittest

from tests.e2e.base import SLOW
from tests.lib import programs
from tests.lib.lab import Lab, run

ECS = os.path.join(programs.BUILD, "tests", "property", "ecs")
RECORDS, QUESTIONS = 20, 2000
SEED = os.environ.get("MERIDIAN_SEED", "1")


class ClientSubnets(unittest.TestCase):
    def test_scopes_are_as_short_as_they_can_be_and_no_shorter(self):
        lab = Lab("ecs")
        self.addCleanup(lab.close)
        done = run(ECS, programs.country_database(), str(RECORDS), str(QUESTIONS // SLOW), SEED, check=False,
                   timeout=120 * SLOW, env={**os.environ, **programs.sanitizer_environment(lab)})
        self.assertEqual((done.returncode, done.stderr, programs.sanitizer_reports(lab)), (0, "", ""))
        self.assertRegex(done.stdout, re.compile(rf"^ecs: {RECORDS} records, .*; 0 wrong$", re.S | re.M))
        print("\n" + done.stdout.rstrip())
