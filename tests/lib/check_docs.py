"""Fails when a page names what is not there: `python3 tests/lib/check_docs.py ROOT`.

Links of every Markdown page and their anchors, files of ours in back quotes, the API's paths and the end-to-end
suites. What this cannot know is whether a sentence is true.
"""
import os
import re
import sys

FOLDERS = ("bench", "conf", "control", "dataplane", "docs", "table", "tests")
ENDINGS = r"\.(?:build|c|h|md|py|service|sh)"
LEFT_OUT = re.compile(r"^(?:\.git|\.cache|build.*|__pycache__)$")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def list_tree(root):
    """(files, folders) by their path from the root."""
    files, folders = set(), set()
    for at, names, leaves in os.walk(root):
        names[:] = [name for name in names if not LEFT_OUT.match(name)]
        files |= {os.path.relpath(os.path.join(at, leaf), root) for leaf in leaves}
        folders |= {os.path.relpath(os.path.join(at, name), root) for name in names}
    return files, folders


def anchors(text):
    """As GitHub makes them of headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
            for heading in re.findall(r"^#+ +(.*)$", text, re.M)}


def check_links(root, page, text, known):
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path = os.path.normpath(os.path.join(os.path.dirname(page), target)) if target else page
        if path not in known:
            yield f"links to {target}, which is not there"
        elif anchor and anchor not in anchors(read(os.path.join(root, path))):
            yield f"links to #{anchor} of {path}, which has no such heading"


def check_names(text, known):
    """A word in back quotes that looks like a file of ours is one: by its whole path, or a name some file has."""
    names = {os.path.basename(path) for path in known}
    for word in re.findall(r"[^\s`]+", " ".join(re.findall(r"`([^`\n]+)`", text))):
        word = word.rstrip("/.,:;")
        if re.search(r"[*<>{}$]", word):
            continue
        if word.split("/")[0] in FOLDERS and "/" in word:
            if word not in known:
                yield f"names {word}, which is not there"
        elif re.fullmatch(r"[\w-]+" + ENDINGS, word) and word not in names:
            yield f"names {word}, which no file is called"


def check_lists(root):
    """(page, fault) for lists that the sources have too."""
    pages = {name: read(os.path.join(root, name)) for name in ("docs/api.md", "docs/testing.md", "dev")}
    for path in re.findall(r'\{ "(/v1/\w+)", EVHTTP', read(os.path.join(root, "control/api.c"))):
        if path not in pages["docs/api.md"]:
            yield "docs/api.md", f"says nothing of {path}"
    suites = re.search(r"SUITES = \[(.*?)\]", read(os.path.join(root, "tests/e2e/__main__.py")), re.S).group(1)
    for suite in re.findall(r'"(\w+)"', suites):
        if not re.search(rf"^- \*\*{suite}\*\*", pages["docs/testing.md"], re.M):
            yield "docs/testing.md", f"says nothing of the suite {suite}"
        if not re.search(rf"[ ,]{suite}[,\n]", pages["dev"]):
            yield "dev", f"its help does not name the suite {suite}"


def main(root):
    files, folders = list_tree(root)
    known = files | folders | {"."}
    pages = sorted(path for path in files if path.endswith(".md"))
    faults = list(check_lists(root))
    for page in pages:
        text = read(os.path.join(root, page))
        faults += [(page, fault) for fault in check_links(root, page, text, known)]
        faults += [(page, fault) for fault in check_names(text, known)]
    for page, fault in faults:
        print(f"{page}: {fault}")
    print(f"{len(pages)} pages, {len(faults)} faults")
    return 1 if faults or not pages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
