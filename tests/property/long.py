"""The long form of the ECS property test, which goes on record: `python3 -m tests.property.long PROGRAM DATABASE
RECORDS SEED`."""
import re
import subprocess
import sys
import time

from tests.figures.figure import record

QUESTIONS = 2000  # a record


def main(program, database, records, seed):
    began = time.monotonic()
    done = subprocess.run(["nice", "-n", "19", program, database, records, str(QUESTIONS), seed], check=False,
                          stdout=subprocess.PIPE, text=True)
    print(done.stdout, end="")
    if done.returncode != 0:
        return 1
    counts = re.match(r"ecs: (\d+ records), (\d+ questions).*, (\d+ answers) compared\n", done.stdout)
    shortest = re.search(r"shown to be the shortest (\d+)", done.stdout)
    record("client subnet scopes", "equal to a slow reference and not one bit shorter: 0 wrong",
           f"{', '.join(counts.groups())} compared, {shortest.group(1)} shown to be the shortest, 0 wrong",
           time.monotonic() - began, f"./dev ecs {records} {seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
