"""Random zones served by Meridian, Knot DNS, NSD and BIND: nobody may be able to tell them apart, but for what
tests/differential/compare.py lists."""
import collections
import os
import random
import unittest

from tests.differential import rounds

ASKED = 20_000


# conformance: answers-as-others-do | practice | Random zones and questions are answered as Knot DNS, NSD or BIND
# answer them, but for a short list.
class Differential(unittest.TestCase):
    """One round; MERIDIAN_SEED=N repeats one."""

    maxDiff = 4000

    def test_four_servers_say_the_same(self):
        seed = int(os.environ.get("MERIDIAN_SEED", "0")) or random.SystemRandom().randrange(1, 2 ** 32)
        print(f"seed {seed} (MERIDIAN_SEED) ...", end=" ", flush=True)
        counts = collections.Counter()
        try:
            zones = rounds.play(seed, ASKED, counts)
        except rounds.Failed as failed:
            self.fail(str(failed))
        print(rounds.summary(ASKED, zones, counts))
        # What a change of the generator or of a reason could lose: a listed reason that takes over, TCP never asked.
        self.assertGreater(counts["all four equal"], ASKED * 0.7)
        self.assertGreater(counts["of these over TCP: cut over UDP"], ASKED * 0.005)
        self.assertGreater(counts["chain followed further than a peer does"], 0)
