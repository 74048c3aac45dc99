"""How much of the packet path the unit tests and fuzz corpora run: `python3 tests/lib/coverage.py BUILD`.

BUILD is a build directory made by clang with its source-based coverage. Prints functions, lines and branches of each
file that bytes from the network pass through before a worker has answered them, and fails below the limits. Every
branch that no test takes stands in docs/coverage.md with its reason; an entry that no longer holds fails as well.
"""
import collections
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = "docs/coverage.md"
# The pure part of both: no DPDK, no sockets, no clock. Patterns, so that a new file of a kind is in it.
SOURCES = ["dataplane/checksum.c", "dataplane/cookie.c", "dataplane/frame.c", "dataplane/limiter*.c",
           "dataplane/message*.c", "dataplane/prefixes.c", "dataplane/stream.c", "table/name.c", "table/reply*.c",
           "table/view.c"]
TESTS = [r"dataplane/(checksum|cookie|frame|limiter\w*|message\w*|no_memory|prefixes|stream)",
         r"table/(additional|name|reply\w*|rotate|view)", r"fuzz/(check|frame|message|session|stream)"]
LIMITS = {"functions": 100.0, "lines": 98.0, "branches": 95.0}
SIDES = ("true", "false")


def sources():
    return sorted(path for pattern in SOURCES for path in glob.glob(pattern, root_dir=ROOT))


def introspect(build, what):
    return json.loads(subprocess.run(["meson", "introspect", f"--{what}", build], check=True,
                                     capture_output=True).stdout)


def choose_tests(build):
    wanted = re.compile("|".join(f"(?:{pattern})" for pattern in TESTS))
    return [test for test in introspect(build, "tests") if wanted.fullmatch(test["name"])]


def run_test(build, number, test):
    profile = os.path.join(build, "profiles", f"{number}.profraw")
    done = subprocess.run(test["cmd"], cwd=test["workdir"] or build, check=False, capture_output=True, text=True,
                          env={**os.environ, **test["env"], "LLVM_PROFILE_FILE": profile})
    if done.returncode != 0:
        sys.exit(f"coverage: {test['name']} fails:\n{done.stdout}{done.stderr}")
    return profile


def ninja(build, *targets):
    """Quiet unless it fails."""
    done = subprocess.run(["ninja", "-C", build, *targets], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"coverage: {done.stdout}")


def measure(build):
    """What llvm-cov says of our files."""
    ninja(build, "build.ninja")  # new files of meson's first
    tests = choose_tests(build)
    programs = sorted({test["cmd"][0] for test in tests})
    ninja(build, *(os.path.relpath(path, build) for path in programs))
    shutil.rmtree(os.path.join(build, "profiles"), ignore_errors=True)
    os.makedirs(os.path.join(build, "profiles"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        profiles = list(pool.map(lambda item: run_test(build, *item), enumerate(tests)))
    merged = os.path.join(build, "profiles", "merged.profdata")
    subprocess.run(["llvm-profdata-14", "merge", "-sparse", "-o", merged, *profiles], check=True)
    objects = [argument for path in programs[1:] for argument in ("-object", path)]
    exported = subprocess.run(["llvm-cov-14", "export", programs[0], *objects, "-instr-profile", merged,
                               *(os.path.join(ROOT, path) for path in sources())],
                              check=True, capture_output=True, text=True)
    return json.loads(exported.stdout)["data"][0], len(tests)


class Source:
    """One file: its counts, and its branches that were never taken."""

    def __init__(self, path, measured, functions):
        self.path = path
        self.summary = measured["summary"]
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            self.lines = file.read().split("\n")
        self.functions = functions
        self.untaken = collections.Counter()
        self.places = {}
        for branch in measured["branches"]:
            for side, count in zip(SIDES, branch[4:6]):
                if count == 0:
                    entry = (path, self.function_at(branch[0]), self.text_of(branch), side)
                    self.untaken[entry] += 1
                    self.places.setdefault(entry, branch[0])

    def function_at(self, line):
        return next((name for name, first, last in self.functions if first <= line <= last), "?")

    def text_of(self, branch):
        first, begin, last, end = branch[:4]
        lines = self.lines[first - 1:last]
        lines[-1] = lines[-1][:end - 1]
        lines[0] = lines[0][begin - 1:]
        return " ".join(" ".join(lines).split())


def function_places(data):
    """{path: [(name, first line, last line)]}"""
    places = collections.defaultdict(list)
    for function in data["functions"]:
        path = os.path.relpath(os.path.realpath(function["filenames"][0]), ROOT)
        region = function["regions"][0]
        places[path].append((function["name"].split(":")[-1], region[0], region[2]))
    return places


def read_page():
    """Entries of the page's table, with how often each stands there."""
    entries = collections.Counter()
    with open(os.path.join(ROOT, PAGE), encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if len(cells) == 5 and cells[3] in SIDES:
                if not cells[4]:
                    sys.exit(f"{PAGE}: no reason: {line.strip()}")
                entries[(cells[0].strip("`"), cells[1].strip("`"), cells[2].strip("`"), cells[3])] += 1
    return entries


def row_of(entry):
    """An entry as the page has it, but for the reason."""
    path, function, text, side = entry
    return f"| `{path}` | `{function}` | `{text}` | {side} | ".replace("||", "\\|\\|")


def check_page(files):
    """Says what is missing in the page and what is no longer true of it; returns how much that is."""
    untaken = sum((file.untaken for file in files), collections.Counter())
    places = {entry: line for file in files for entry, line in file.places.items()}
    listed = read_page()
    missing, stale = untaken - listed, listed - untaken
    for entry in sorted(missing.elements()):
        print(f"{entry[0]}:{places[entry]}: in {entry[1]}, {entry[2]} is never {entry[3]}, and {PAGE} gives no reason")
    for entry in sorted(stale.elements()):
        print(f"{PAGE}: taken by now, or gone: {row_of(entry)}")
    return missing.total() + stale.total()


def print_counts(files):
    """A line a file and one for all; returns the total percentages."""
    total = {kind: [0, 0] for kind in LIMITS}
    print(f"{'file':32}" + "".join(f"{kind:>22}" for kind in LIMITS))
    for file in files:
        cells = []
        for kind in LIMITS:
            covered, count = file.summary[kind]["covered"], file.summary[kind]["count"]
            total[kind][0] += covered
            total[kind][1] += count
            cells.append(f"{covered:>8} of {count:<5}{percent(covered, count):>5.1f}%")
        print(f"{file.path:32}" + "".join(f"{cell:>22}" for cell in cells))
    print(f"{'all':32}" + "".join(f"{f'{a:>8} of {b:<5}{percent(a, b):>5.1f}%':>22}" for a, b in total.values()))
    return {kind: percent(*pair) for kind, pair in total.items()}


def percent(covered, count):
    return 100.0 * covered / count if count else 100.0


# conformance: packet-path-coverage | practice | Of the packet path 100 % of functions, 98 % of lines and 95 % of
# branches are run; the others have a reason each.
def main(build):
    data, test_cnt = measure(os.path.abspath(build))
    functions = function_places(data)
    by_path = {os.path.relpath(os.path.realpath(file["filename"]), ROOT): file for file in data["files"]}
    absent = [path for path in sources() if path not in by_path]
    files = [Source(path, by_path[path], functions[path]) for path in sources() if path in by_path]
    totals = print_counts(files)
    faults = check_page(files)
    for path in absent:
        print(f"{path}: no test links it")
    below = [kind for kind, limit in LIMITS.items() if totals[kind] < limit]
    for kind in below:
        print(f"{kind}: {totals[kind]:.2f} %, at least {LIMITS[kind]:.0f} %")
    figures = ", ".join(f"{kind} {totals[kind]:.2f} %" for kind in LIMITS)
    print(f"coverage: {figures} of the packet path in {test_cnt} tests")
    return 1 if below or faults or absent else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
