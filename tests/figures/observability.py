"""Every frame that was sent is found in the counters: under its verdict, or among what the port or the cable lost."""
from tests.e2e.base import SLOW
from tests.figures import figure, frames, leak
from tests.lib.lab import wait_for
from tests.lib.load import Flood


class Observability(leak.XdpLeak):
    figure = "observability"
    target = "received = answered + dropped by reason, exactly; every frame sent is counted once"
    test_every_class = None  # leak's own

    def received(self):
        """Of the packet worker, which nobody but this test sends to."""
        return self.counters()["workers"][0]["received"]

    def wait_changes(self, before, changes):
        """Until the verdicts have moved by exactly so much, no more and no less."""
        def moved():
            return {name: count - before[name] for name, count in self.verdicts().items() if count != before[name]}
        wait_for(lambda: moved() == changes, 20 * SLOW, lambda: f"{moved()} is to be {changes}")

    def flood_everything(self, seconds):
        """As fast as it goes; returns (sent, lost by the cable, missed by the port, received)."""
        before = self.received(), self.counters()["ports"]["missed"], frames.dropped_by_link(self.client_side, "cli0")
        sent = Flood(self.lab, self.client_side, "cli0", [self.link.query_frame(b"x" * 12)], seconds=seconds).finish()["sent"]

        def lost():
            return (frames.dropped_by_link(self.client_side, "cli0") - before[2],
                    self.counters()["ports"]["missed"] - before[1], self.received() - before[0])
        wait_for(lambda: sum(lost()) == sent, 20 * SLOW, lambda: f"sent {sent}, found {lost()}", interval=0.1)
        return sent, *lost()

    def test_every_frame_is_counted(self):
        count = figure.choose(1000, 100_000)
        classes = {title: found for title, found in frames.leak_classes(self.link, "swap.test").items()
                   if title not in self.hidden}
        for verdict, frame in classes.values():
            before = self.verdicts()
            self.send(frame, count)
            self.wait_changes(before, {verdict: count})
        sent, cable, missed, received = self.flood_everything(figure.choose(1, 20))
        worker = self.counters()["workers"][0]
        self.assertEqual(worker["received"], sum(worker["verdicts"].values()))
        self.measured(f"{len(classes)} classes of {count}: each exactly under its verdict; {sent} at full speed = {received} "
                      f"received + {missed} missed by the port + {cable} lost by the cable; every data plane of every suite: "
                      "verdicts = received, worker by worker")
