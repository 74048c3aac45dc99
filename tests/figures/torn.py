"""Publishers killed at random moments, and two at once: what is served is always whole, and never goes back."""
import os
import random
import signal
import time

from tests.e2e.base import SLOW, publisher
from tests.figures import figure, tables
from tests.lib import programs
from tests.lib.dns_client import generation
from tests.lib.lab import wait_for
from tests.lib.load import Asker

RATE = 5000 if SLOW == 1 else 1000


class Torn(figure.Figure):
    figure = "torn or old publish"
    target = "publisher killed at 1,000 random points; of two, one stopped: always a whole generation, never backwards"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_data_plane()
        cls.images = tables.write_images(cls.lab)
        cls.known = tables.learn(cls.lab, cls.data_plane, cls.client, cls.images)

    def served(self):
        return generation(self.client.ask("n0.swap.test", nsid=True))[0]

    def start_publisher(self):
        """One that publishes as fast as it can, from the next generation on."""
        return self.lab.spawn([programs.PUBLISHER, self.data_plane.socket, "swap", *self.images, str(self.served() + 1),
                               "100000", "0"], f"publisher.{len(self.lab.processes)}")

    def test_killed_and_competing(self):
        kills = figure.choose(15, 1000)
        asker = Asker(self.lab, self.client_side, programs.SERVER4, self.known, figure.choose(4, 120) * min(SLOW, 2), RATE)
        points, seed = random.Random(), random.SystemRandom().randrange(2 ** 32)
        points.seed(seed)
        first = self.served()
        for _ in range(kills):
            process = self.start_publisher()
            if points.random() < 0.7:  # amid its publishes; else perhaps before the first
                wait_for(process.log, 10 * SLOW, "the publisher publishes", interval=0.001)
            time.sleep(points.uniform(0, 0.02 * SLOW))  # the moment is the test's input, not something waited for
            process.kill()
        self.assertGreater(self.served(), first, f"nothing was published between the kills (seed {seed})")
        self.compete()
        result = asker.finish()
        self.assertEqual((result["wrong"], result["backwards"], result["lost"]), (0, 0, 0), tables.describe_fault(result))
        self.measured(f"{kills} kills over {self.served() - first} generations, 0 mixed, 0 backwards, 0 lost of "
                      f"{result['answered']} replies; a stopped publisher's rival refused until its end")

    def assert_turned_away(self):
        said = publisher(self.lab, self.data_plane, "file", self.images[0], check=False)
        self.assertRegex(said, "^refused another")

    def compete(self):
        """The one that holds the place keeps it while it is stopped; with its end the other may come."""
        holder = self.start_publisher()
        before = self.served()
        wait_for(lambda: self.served() > before, 10 * SLOW, "the first publishes")
        os.kill(holder.pid, signal.SIGSTOP)
        self.assert_turned_away()  # what the stopped one had sent by then is taken before the next connection is
        stopped_at = self.served()
        self.assert_turned_away()
        self.assertEqual(self.served(), stopped_at)
        holder.kill()
        # Stale at first, if the last image was adopted but not yet asked for: then refused, and the next one is not.
        wait_for(lambda: "ack " in publisher(self.lab, self.data_plane, "swap", *self.images, str(self.served() + 1), "2",
                                             "0", check=False), 10 * SLOW, "the other publishes")
        self.assertRegex(publisher(self.lab, self.data_plane, "swap", *self.images, str(stopped_at), "1", "0", check=False),
                         "^refused .*generation")
