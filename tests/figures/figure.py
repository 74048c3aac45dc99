"""A figure: a test that measures. Its short form asserts in every run of the tests; its long form, which `./dev figures
--long` runs, asserts the same over more and writes what it measured into docs/figures.tsv."""
import os
import time

from tests.e2e.base import LabCase
from tests.lib import programs
from tests.lib.lab import LabError, ROOT

TABLE = os.path.join(ROOT, "docs", "figures.tsv")
HEAD = "name\ttarget\tmeasured\tseconds\tcommand\tdate\n"
is_long = False  # set by tests.figures.__main__


def choose(short, long):
    """What the form that runs needs; a sanitizer's build runs short forms alone."""
    return long if is_long else short


def record(name, target, measured, seconds, command):
    """Replaces the figure's line in the table, or adds one."""
    for text in (name, target, measured, command):
        if "\t" in text or "\n" in text:
            raise LabError(f"{name}: a tab or a line's end in {text!r}")
    lines = []
    if os.path.exists(TABLE):
        with open(TABLE, encoding="utf-8") as file:
            lines = [line for line in file if not line.startswith((f"{name}\t", HEAD))]
    lines.append(f"{name}\t{target}\t{measured}\t{seconds:.0f}\t{command}\t{time.strftime('%Y-%m-%d', time.gmtime())}\n")
    with open(TABLE, "w", encoding="utf-8") as file:
        file.writelines([HEAD, *lines])


class Figure(LabCase):
    """Subclasses say `figure` and `target`, and call measured() once in their one test."""

    figure = None  # its name in docs/figures.tsv
    target = None
    command = None  # `./dev figures --long` with the module's name, unless it says otherwise

    def setUp(self):
        self.began = time.monotonic()

    def measured(self, text):
        """What was found; called when all that must hold has held."""
        print(f"\n    {self.figure}: {text}", end="")
        if is_long and not programs.is_sanitized():
            module = type(self).__module__.rsplit(".", 1)[1]
            record(self.figure, self.target, text, time.monotonic() - self.began,
                   self.command or f"sudo ./dev figures --long {module}")
