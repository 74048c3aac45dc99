"""docs/conformance.md, made of the register of checks and of the figures measured: `python3 -m tests.conformance.page`
writes it, and the suite `conformance` fails while it says anything else."""
import collections
import importlib
import os

from tests.conformance.check import FRAMES, SOURCE, TCP, UDP, load_all
from tests.figures import NAMES, figure
from tests.lib.lab import ROOT

PAGE = os.path.join(ROOT, "docs", "conformance.md")
# Behaviours that another test holds, a line each: source, what holds, file, and the test's name as it stands there.
ELSEWHERE = os.path.join(ROOT, "tests", "conformance", "elsewhere.tsv")
HEAD = """# Conformance

Made by `./dev conformance-page` from `tests/conformance/`; [testing.md](testing.md#conformance) says how a check is run. Each stands under
every section it rests on. Over UDP is: kernel sockets, AF_XDP, AF_PACKET and TAP, IPv4 and IPv6; frames go beneath the kernel into all but the
first. Replies must be equal to the byte over all of them, and counted under the verdicts they show.

"""


def rows_of(path):
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file if line.strip()]
    return lines[1:]  # the first names the columns


def cell(text):
    return text.replace("|", "\\|").replace("*", "\\*")


def over(check):
    names = [{UDP: "UDP", TCP: "TCP", FRAMES: "frames"}[transport] for transport in check.over]
    return ", ".join(names) + (", once" if check.is_once else "")


def read_elsewhere():
    """{source: rows of the page}; a test that is not there is an error."""
    found = collections.defaultdict(list)
    for source, text, path, name in rows_of(ELSEWHERE):
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            if name not in file.read():
                raise ValueError(f"{ELSEWHERE}: {path} has no {name}")
        found[source].append((name, text, f"`{path}`"))
    return found


def collect():
    """{"RFC 1035" or another heading: [(section, check, text, over)]}."""
    found = collections.defaultdict(list)
    rows = [(source, check.ident, check.text, over(check)) for check in load_all().values() for source in check.sources]
    rows += [(source, *row) for source, many in read_elsewhere().items() for row in many]
    for source, *row in rows:
        match = SOURCE.fullmatch(source)
        if match is None:
            raise ValueError(f"{source!r} is no source")
        if match["rfc"]:
            found[f"RFC {match['rfc']}"].append((f"§{match['section']}" if match["section"] else "", *row))
        else:
            found["What others fell over, and practice"].append((source, *row))
    return found


def heading_order(heading):
    return (0, int(heading[4:])) if heading.startswith("RFC ") else (1, 0)


def section_order(row):
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in row[0].lstrip("§").split(".")], row[1]


def read_figures():
    """The rows of docs/figures.tsv, then those of figures whose long form has not been run yet."""
    rows = rows_of(figure.TABLE)
    known = {row[0] for row in rows}
    for module_name in NAMES:
        module = importlib.import_module(f"tests.figures.{module_name}")
        rows += [[found.figure, found.target, "not yet in the long form", "", f"sudo ./dev figures --long {module_name}", ""]
                 for _, found in sorted(vars(module).items()) if isinstance(found, type) and
                 issubclass(found, figure.Figure) and found.figure and found.figure not in known]
    return rows


def render():
    parts = [HEAD]
    found = collect()
    for heading in sorted(found, key=heading_order):
        parts.append(f"## {heading}\n\n| rests on | check | what holds | over, or where |\n| --- | --- | --- | --- |\n")
        parts += [f"| {' | '.join(cell(text) for text in row)} |\n" for row in sorted(found[heading], key=section_order)]
        parts.append("\n")
    parts.append("## Figures to hold\n\nOf two cores of a shared Xeon, client and server on the same two; each has a short form that asserts what is lost and wrong in "
                 "every run of the suites.\n\n| figure | target | last measured | seconds | how | when |\n"
                 "| --- | --- | --- | --- | --- | --- |\n")
    parts += [f"| {cell(name)} | {cell(target)} | {cell(measured)} | {seconds} | `{command}` | {date} |\n"
              for name, target, measured, seconds, command, date in read_figures()]
    return "".join(parts)


if __name__ == "__main__":
    with open(PAGE, "w", encoding="utf-8") as page:
        page.write(render())
