"""Runs one fuzz target for hours of CPU at the lowest priority, and writes down how long that was and what it found:
`python3 -m tests.fuzz.long PROGRAM HOURS`.

What it learns goes to .cache/fuzz; the committed corpus is only read. The figure stands in docs/figures.tsv, a line a
target: a run replaces the one before it, and says which commit it was of.
"""
import os
import re
import resource
import subprocess
import sys

from tests.figures.figure import record
from tests.lib.lab import ROOT

SLICE_S = 300     # of wall time, after which the CPU time is read
INPUT_S = 10      # one input that takes longer is a finding
MEMORY_MB = 2048
TARGET = "2 CPU-hours, no finding left"


def spent_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def paths_of(program):
    """(name, committed corpus, learnt corpus, where findings go, dictionaries)."""
    name = os.path.basename(program)
    room = os.path.join(ROOT, "tests", "fuzz", os.path.basename(os.path.dirname(program)))
    corpus = os.path.join(room, "corpus_" + name.removeprefix("fuzz_"))
    learnt = os.path.join(ROOT, ".cache", "fuzz", name)
    dictionaries = [os.path.join(room, file) for file in sorted(os.listdir(room)) if file.endswith(".dict")]
    return name, corpus, learnt, f"{learnt}-", dictionaries


def run_slice(program, seconds):
    """(executions, edges covered, whether an input broke something)"""
    _, corpus, learnt, findings, dictionaries = paths_of(program)
    os.makedirs(learnt, exist_ok=True)
    done = subprocess.run(
        ["nice", "-n", "19", program, f"-max_total_time={seconds}", f"-timeout={INPUT_S}",
         f"-rss_limit_mb={MEMORY_MB}", "-print_final_stats=1", f"-artifact_prefix={findings}",
         *(f"-dict={path}" for path in dictionaries), learnt, corpus],
        check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        env={**os.environ, "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"})
    executions = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stdout)
    covered = re.findall(r"\bcov: (\d+)", done.stdout)
    if done.returncode != 0:
        print(done.stdout[-8000:])
    return (int(executions.group(1)) if executions else 0, int(covered[-1]) if covered else 0, done.returncode != 0)


def commit():
    named = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=8", "--exclude=*"], check=False,
                           capture_output=True, text=True)
    return named.stdout.strip() or "no commit"


def main(program, hours):
    name = paths_of(program)[0].removeprefix("fuzz_")
    wanted_s = float(hours) * 3600
    began_s, executions, covered, has_found = spent_s(), 0, 0, False
    revision = commit()
    while not has_found and spent_s() - began_s < wanted_s:
        left_s = wanted_s - (spent_s() - began_s)
        more, covered, has_found = run_slice(program, max(1, min(SLICE_S, int(left_s) + 1)))
        executions += more
        print(f"fuzz: {name}: {spent_s() - began_s:.0f} of {wanted_s:.0f} s of CPU, {executions} executions, "
              f"{covered} edges", flush=True)
    cpu_s = spent_s() - began_s
    found = "1 finding" if has_found else "0 findings"
    record(f"fuzz {name}", TARGET, f"{cpu_s:.0f} s of CPU, {executions} executions, {covered} edges covered, {found}; "
           f"commit {revision}", cpu_s, f"./dev fuzz-long {name} {hours}")
    return 1 if has_found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
