"""Two known tables swapped every 10 ms while a client asks as fast as it can: every reply is wholly of one of them."""
import re

from tests.e2e.base import SLOW, publisher
from tests.figures import figure, tables
from tests.lib import programs
from tests.lib.load import Asker

INTERVAL_MS = 10 if SLOW == 1 else 100


class Churn(figure.Figure):
    figure = "answer correctness under churn"
    target = "tables swapped every 10 ms for 1 h at full load: 0 mixed, stale or backwards of >= 1e8 replies"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_data_plane()
        cls.images = tables.write_images(cls.lab)
        cls.known = tables.learn(cls.lab, cls.data_plane, cls.client, cls.images)

    def ask(self, path, seconds):
        return Asker(self.lab, self.client_side, programs.SERVER4, path, seconds)

    def test_1_the_judge_judges(self):
        """With one octet of what is expected changed, and with the tables exchanged, replies are wrong."""
        with open(self.known, encoding="ascii") as file:
            text = file.read()
        exchanged = re.sub(r"(reply .*\n)(reply .*\n)", r"\2\1", text)
        changed = re.sub(r"(reply [0-9a-f]{24})..", r"\g<1>ff", text, count=2)
        # Two questions are answered alike by both tables: no such name, and no such type.
        alike = len(tables.QUESTIONS) - 2
        for spoilt, wrong_cnt in ((exchanged, alike), (changed, 1)):
            result = self.ask(self.lab.write("spoilt.expect", spoilt), 1).finish()
            self.assertEqual(result["lost"], 0)
            self.assertAlmostEqual(result["wrong"] / result["answered"], wrong_cnt / len(tables.QUESTIONS), delta=0.01)

    def test_2_swaps_under_full_load(self):
        seconds = figure.choose(4, 600)
        asker = self.ask(self.known, seconds)
        output = publisher(self.lab, self.data_plane, "swap", *self.images, str(tables.FIRST + 2),
                           str((seconds - 1) * 1000 // INTERVAL_MS), str(INTERVAL_MS), timeout=seconds * 2 + 60)
        result = asker.finish()
        self.assertEqual((result["wrong"], result["backwards"], result["stray"]), (0, 0, 0),
                         tables.describe_fault(result))
        self.assertEqual(result["lost"], 0)
        swaps = output.count("ack ")
        self.assertEqual(swaps, (seconds - 1) * 1000 // INTERVAL_MS)
        self.assertGreater(result["generation_last"] - result["generation_first"], swaps * 0.9,
                           "the client did not see most of the tables")
        self.measured(f"0 wrong, 0 backwards, 0 lost of {result['answered']} replies ({result['answered'] / seconds:.0f}/s), "
                      f"{swaps} tables")
