"""docs/conformance.md, made of the register of checks, of tags (tags.py) and of docs/figures.tsv.

`python3 -m tests.conformance.page` writes it; tests/unit/conformance/test_page.py fails while it is old, or while a
behaviour of required.txt has no test.
"""
import collections
import difflib
import importlib
import os
import re

from tests.conformance.check import FRAMES, SOURCE, TCP, UDP, load_all
from tests.conformance.tags import load_tags
from tests.figures import NAMES, figure
from tests.lib.lab import ROOT

PAGE = os.path.join(ROOT, "docs", "conformance.md")
HERE = os.path.dirname(os.path.abspath(__file__))
TITLES = os.path.join(HERE, "rfcs.tsv")
REQUIRED = os.path.join(HERE, "required.txt")
HEAD = """# Conformance

Every behaviour that an RFC asks of an authoritative server, or that others fell over, with the test that holds it: {rfcs} RFCs, {checks} checks over
the wire, {tags} tests besides. Made by `./dev conformance-page` from the tests themselves; a unit test fails while it is old.

A row without a file is a check of `tests/conformance/` ([how it is run](testing.md#conformance)): `sudo ./dev test conformance`. **UDP** is kernel sockets,
AF_XDP, AF_PACKET and TAP, IPv4 and IPv6; **frames** go beneath the kernel into all but the first. Replies must be equal to the byte over all of
them, and counted under the verdicts they show. *Once* is what takes seconds: over kernel sockets and IPv4. A row with a file is a test
that stands there, run by `./dev test`. What rests on several sections stands under each.

How doubtful sentences were read: [dns-readings.md](dns-readings.md).
"""
FIGURES_HEAD = """
## Figures to hold

From [figures.tsv](figures.tsv): what each long form measured last, client and server on the same two cores of a shared Xeon. Each has
a short form that asserts what is lost and wrong in every run of the suites ([testing.md](testing.md#figures)); fuzz targets replay their corpora instead.

| figure | target | measured | seconds | command | date |
| --- | --- | --- | --- | --- | --- |
"""


def rows_of(path):
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file if line.strip()]
    return lines[1:]  # the first names the columns


def cell(text):
    return re.sub(r"([|*<\[\]])", r"\\\1", text)


def over(check):
    names = [{UDP: "UDP", TCP: "TCP", FRAMES: "frames"}[transport] for transport in check.over]
    return ", ".join(names) + (", *once*" if check.is_once else "")


def read_titles():
    return {int(number): title for number, title in rows_of(TITLES)}


def collect(checks, tags):
    """{RFC's number, or "CVE", "DVE", "practice": [(section or source, id, text, where)]}."""
    known = set(checks)
    for tag in tags:
        if tag.ident in known:
            raise ValueError(f"{tag.path}: a second test called {tag.ident}")
        known.add(tag.ident)
    rows = [(source, check.ident, check.text, over(check)) for check in checks.values() for source in check.sources]
    rows += [(source, tag.ident, tag.text, f"`{tag.path}`: {tag.test}") for tag in tags for source in tag.sources]
    found = collections.defaultdict(list)
    for source, *row in rows:
        match = SOURCE.fullmatch(source)
        if match["rfc"]:
            found[int(match["rfc"])].append((f"§{match['section']}" if match["section"] else "", *row))
        else:
            found[source.split("-")[0]].append(("" if source == "practice" else source, *row))
    return found


def section_order(row):
    """By section, 10 behind 9 and appendices last, then by id."""
    parts = row[0].lstrip("§").split(".") if row[0] else []
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts], row[1]


def render_section(heading, column, rows):
    lines = [f"\n## {heading}\n\n", f"| {column} | id | what holds | over, or where |\n", "| --- | --- | --- | --- |\n"]
    for source, ident, text, where in sorted(rows, key=section_order):
        lines.append(f"| {source} | {cell(ident)} | {cell(text)} | {where} |\n")
    return "".join(lines)


def read_figures():
    """The rows of docs/figures.tsv by name, fuzz targets last; then the figures whose long form has not been run yet."""
    rows = sorted(rows_of(figure.TABLE), key=lambda row: (row[0].startswith("fuzz "), row[0]))
    known = {row[0] for row in rows}
    for module_name in NAMES:
        module = importlib.import_module(f"tests.figures.{module_name}")
        rows += [[found.figure, found.target, "not yet in the long form", "", f"sudo ./dev figures --long {module_name}", ""]
                 for _, found in sorted(vars(module).items()) if isinstance(found, type) and
                 issubclass(found, figure.Figure) and found.figure and found.figure not in known]
    return rows


def render():
    checks, tags, titles = load_all(), load_tags(), read_titles()
    found = collect(checks, tags)
    rfcs = sorted(heading for heading in found if isinstance(heading, int))
    unknown = [number for number in rfcs if number not in titles]
    if unknown:
        raise ValueError(f"{TITLES} has no title of RFC {', '.join(map(str, unknown))}")
    parts = [HEAD.format(rfcs=len(rfcs), checks=len(checks), tags=len({(tag.path, tag.test) for tag in tags}))]
    parts += [render_section(f"RFC {number}: {titles[number]}", "section", found[number]) for number in rfcs]
    parts.append(render_section("Violations that others are known for (DVE)", "violation", found["DVE"]))
    parts.append(render_section("Holes that others had (CVE)", "hole", found["CVE"]))
    parts.append(render_section("Practice", "", found["practice"]))
    parts.append(FIGURES_HEAD)
    parts += [f"| {cell(name)} | {cell(target)} | {cell(measured)} | {seconds} | `{command}` | {date} |\n"
              for name, target, measured, seconds, command, date in read_figures()]
    return "".join(parts)


def read_required():
    with open(REQUIRED, encoding="utf-8") as file:
        lines = [line.partition("#")[0].strip() for line in file]
    return [line for line in lines if line]


def missing():
    """Ids of required.txt that neither a check nor a tag has."""
    known = set(load_all()) | {tag.ident for tag in load_tags()}
    return [ident for ident in read_required() if ident not in known]


def read_page():
    with open(PAGE, encoding="utf-8") as file:
        return file.read()


def differences():
    """Lines of a diff between the page and what it should be; none when it is up to date."""
    return list(difflib.unified_diff(read_page().splitlines(), render().splitlines(), "docs/conformance.md",
                                     "what the tests say", n=0, lineterm=""))


if __name__ == "__main__":
    rendered = render()
    with open(PAGE, "w", encoding="utf-8") as page:
        page.write(rendered)
