"""Tags: what a test outside this folder holds of an RFC, said above the test.

    /* conformance: zone-rrset-cap | RFC 2181 §5, CVE-2024-1737 | An RRset of more than 100 records is refused. */
    static void
    refuses_what_cannot_be_served(void **state)

An id of its own, what it rests on, and what holds; "#" in Python. Several tags may stand above one test, and a tag may go
on in the next line. docs/conformance.md lists them beside the checks.
"""
import os
import re
from dataclasses import dataclass

from tests.conformance.check import SOURCE
from tests.lib.lab import ROOT

MARK = "conformance:"
COMMENT = {".c": re.compile(r"/\*\s*" + MARK + r"(.*?)\*/\s*", re.S),
           ".py": re.compile(r"# " + MARK + r"((?:.*\n)(?:# (?!" + MARK + r").*\n)*)")}
# What a tag stands above: a function, a method or a class, its name captured.
TEST = {".c": re.compile(r"(?:static )?(?:void|int)\s+(\w+)\("), ".py": re.compile(r" *(?:@\w+\s+)?(?:class|def) (\w+)")}
# A cmocka test is named where it stands and again in the list of what runs.
IS_UNIT = re.compile(r"tests/unit/.*\.c")


@dataclass(frozen=True)
class Tag:
    ident: str
    sources: tuple
    text: str
    path: str  # of the file, from the root
    test: str


class TagError(Exception):
    """path:line: what is wrong with a tag."""


def read_one(words, where):
    fields = [field.strip() for field in re.sub(r"\s+[*#]?\s*", " ", words).split("|")]
    if len(fields) != 3 or not all(fields):
        raise TagError(f"{where}: a tag is \"{MARK} id | sources | what holds\"")
    ident, sources, text = fields
    if not re.fullmatch(r"[\w.*+-]+", ident):
        raise TagError(f"{where}: {ident!r} is no id")
    for source in sources.split(", "):
        if not SOURCE.fullmatch(source):
            raise TagError(f"{where}: {source!r} is no source")
    return ident, tuple(sources.split(", ")), text


def read_tags(text, path):
    """The tags of one file's text. One that stands above no test, or above one that is never run, is an error."""
    ending = os.path.splitext(path)[1]
    tags = []
    at = text.find(MARK)
    while at >= 0:
        where = f"{path}:{text.count(chr(10), 0, at) + 1}"
        match = COMMENT[ending].match(text, text.rfind("/*" if ending == ".c" else "#", 0, at))
        waiting = []
        while match is not None:
            waiting.append(read_one(match[1], where))
            end = match.end()
            match = COMMENT[ending].match(text, end)
        test = TEST[ending].match(text, end) if waiting else None
        if test is None:
            raise TagError(f"{where}: a tag stands above a test")
        if IS_UNIT.fullmatch(path) and len(re.findall(rf"\b{test[1]}\b", text)) < 2:
            raise TagError(f"{where}: {test[1]} is never run")
        tags += [Tag(*fields, path, test[1]) for fields in waiting]
        at = text.find(MARK, end)
    return tags


def load_tags():
    """Every tag below tests/, in the order of files and lines."""
    tags = []
    here = os.path.dirname(os.path.relpath(os.path.abspath(__file__), ROOT))
    for folder, folders, names in os.walk(os.path.join(ROOT, "tests")):
        folders.sort()
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), ROOT)
            if os.path.splitext(name)[1] not in COMMENT or path.startswith((here, "tests/unit/conformance/")):
                continue
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                text = file.read()
            if MARK in text:
                tags += read_tags(text, path)
    return tags
