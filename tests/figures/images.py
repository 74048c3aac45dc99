"""Spoilt images offered to a data plane under load: each is refused by name, and what is served does not change."""
import random

from tests.e2e.base import SLOW, publisher
from tests.figures import figure, tables
from tests.lib import programs
from tests.lib.load import Asker


def spoil(rng, image):
    """(what was done, the image after it)."""
    kind = rng.randrange(4)
    at = rng.randrange(len(image))
    if kind == 0:
        return f"cut at {at}", image[:at]
    if kind == 1:
        return f"bit of {at} turned", image[:at] + bytes([image[at] ^ 1 << rng.randrange(8)]) + image[at + 1:]
    if kind == 2:
        length = rng.randrange(1, 200)
        return f"{length} octets random at {at}", (image[:at] + rng.randbytes(length) + image[at + length:])[:len(image)]
    return f"{at} octets too many", image + rng.randbytes(at + 1)


class Images(figure.Figure):
    figure = "bad input"
    target = "truncations, bit flips, rubbish, 0 bytes: table unchanged, the refusal told, the publisher's place kept"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_data_plane()
        cls.images = tables.write_images(cls.lab)
        cls.known = tables.learn(cls.lab, cls.data_plane, cls.client, cls.images)

    def test_every_one_is_refused(self):
        count = figure.choose(100, 5000)
        seed = random.SystemRandom().randrange(2 ** 32)
        rng = random.Random(seed)
        asker = Asker(self.lab, self.client_side, programs.SERVER4, self.known, figure.choose(4, 60) * min(SLOW, 2), 1000)
        with open(self.images[0], "rb") as file:
            image = file.read()
        path = self.lab.path("spoilt.table")
        for title, spoilt in [("nothing", b""), *(spoil(rng, image) for _ in range(count))]:
            if spoilt == image:
                continue
            with open(path, "wb") as file:
                file.write(spoilt)
            said = publisher(self.lab, self.data_plane, "file", path, check=False)
            self.assertRegex(said, r"^refused .+", f"{title}, seed {seed}")
        result = asker.finish()
        self.assertEqual((result["wrong"], result["lost"]), (0, 0), tables.describe_fault(result))
        self.assertEqual(result["generation_last"], tables.FIRST + 1, "another table is served")
        output = publisher(self.lab, self.data_plane, "swap", *self.images, str(tables.FIRST + 2), "1", "0")
        self.assertRegex(output, "^ack ", "a good image after the bad ones")
        self.measured(f"{count + 1} spoilt images refused, 0 wrong of {result['answered']} replies meanwhile; zone files, "
                      "databases and configurations: suites refusals, plan, changes and the oracle's")
