"""The long run: `python3 -m tests.differential [QUESTIONS] [SEED]` as root, MERIDIAN_BUILD naming the build."""
import collections
import os
import sys
import time

from tests.differential import rounds
from tests.figures import figure

LONG = 1_000_000  # questions of a run that counts as a figure
TARGET = "a million questions to Meridian, Knot, NSD and BIND: no difference but the listed ones"


def main(arguments):
    if os.geteuid() != 0:
        sys.exit("tests.differential: needs root to make network namespaces")
    count = int(arguments[0]) if arguments else 1_000_000
    seed = int(arguments[1]) if len(arguments) > 1 else int.from_bytes(os.urandom(4), "big")
    first_seed, started = seed, time.monotonic()
    counts, zones, asked = collections.Counter(), 0, 0
    while asked < count:
        of_round = max(rounds.FAMILIES, min(rounds.QUESTIONS, count - asked) // rounds.FAMILIES * rounds.FAMILIES)
        began = time.monotonic()
        print(f"seed {seed}: {of_round} questions ...", end=" ", flush=True)
        try:
            zones += rounds.play(seed, of_round, counts)
        except rounds.Failed as failed:
            print(f"\n{failed}\n\nagain: ./dev differential {of_round} {seed}")
            return 1
        print(f"{time.monotonic() - began:.1f} s")
        asked += of_round
        seed += 1
    print(rounds.summary(asked, zones, counts))
    if asked >= LONG:
        figure.record("differential", TARGET, f"{asked} questions about {zones} zones from seed {first_seed}: 0 differences; "
                      f"{counts['all four equal'] / asked * 100:.1f} % all four equal",
                      time.monotonic() - started, f"sudo ./dev differential {count} {first_seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
