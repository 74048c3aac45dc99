"""What a process holds while it works: memory, descriptors, packet buffers; and whether it grows."""
import os
import re
import statistics


def memory_kb(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1))


def descriptor_cnt(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


class Series:
    """Values over time. The first quarter is warm-up: caches, rings and the allocator's own stores fill."""

    def __init__(self):
        self.times, self.values = [], []

    def add(self, at_s, value):
        self.times.append(at_s)
        self.values.append(value)

    def _warm(self):
        """(times, values) behind the warm-up."""
        first = next(i for i, at in enumerate(self.times) if at >= self.times[0] + (self.times[-1] - self.times[0]) / 4)
        return self.times[first:], self.values[first:]

    def growth(self):
        """By how much the line through the values rises from the end of the warm-up to the last of them."""
        times, values = self._warm()
        return statistics.linear_regression(times, values).slope * (times[-1] - times[0])

    def first_and_last(self):
        """Medians of the first and the last third behind the warm-up: single peaks do not count."""
        _, values = self._warm()
        third = max(len(values) // 3, 1)
        return statistics.median(values[:third]), statistics.median(values[-third:])
