"""The register of conformance checks: what each is called, what it rests on, where it is run.

A check is a function of one asker (tests/conformance/asker.py). It sends messages, asserts what comes back, and is run
over every transport it is meant for: over each, the same messages must be answered by the same bytes and be counted
under the verdicts that the replies show or the check says.

    @check("qtype-nxname", "RFC 9824 §3.5")
    def asks_for_nxname(ask):
        \"\"\"NXNAME is no type of a question: FORMERR.\"\"\"
        ask.query("www.dns.test.", 128).expect(rcode="FORMERR")

The first line of the docstring is what docs/conformance.md says of it.
"""
import importlib
import os
import re
from dataclasses import dataclass

from tests.lib import programs

UDP, TCP, FRAMES = "udp", "tcp", "frames"
BOTH = (UDP, TCP)

# What a check may rest on besides an RFC's section: a violation or a hole that others had, or what servers do.
SOURCE = re.compile(r"RFC (?P<rfc>\d+)(?: §(?P<section>[A-Z]?[\d.]*\d|[A-Z]))?"
                    r"|DVE-\d{4}-\d{4}|CVE-\d{4}-\d{4,5}|practice")

# Settings of meridiand, beside those of every lab, that some checks need: name -> {key: value}. Each that is used has a
# server of its own on kernel sockets.
CONFIGS = {
    "default": {},
    # Cookies that are not ours do not do.
    "cookies_required": {"cookies": {"require": True}},
    # One reply of each kind a second, and every one over that slips.
    "limited": {"rate_limit": {"responses_per_second": 1, "negatives_per_second": 1, "errors_per_second": 1,
                               "burst_s": 1, "slip": 1}},
    # Sets of addresses begin with any of them.
    "rotating": {"rotate": True},
    # One of the client's addresses is listed: the IPv4 one.
    "resolvers": {"ecs": {"resolvers": [programs.CLIENT4]}},
}


@dataclass(frozen=True)
class Check:
    ident: str
    sources: tuple   # ("RFC 1035 §4.1.1", ...)
    text: str        # one line: what holds
    run: callable
    over: tuple      # UDP, TCP, FRAMES
    config: str      # a key of CONFIGS
    is_same: bool    # the same bytes over every transport (truncation aside)
    is_once: bool    # over the first of its transports, kernel sockets and IPv4 alone: tens of thousands of messages


CHECKS = {}


def check(ident, sources, over=BOTH, config="default", same=True, once=False):
    """Registers the function as the check called `ident`. `sources` is a list with commas: "RFC 1035 §4.1.1, RFC 8906".
    same=False is for replies that say something of the moment or of who asked: cookies, times. once=True is for what
    takes seconds: it is run over kernel sockets and IPv4 alone."""
    names = tuple(sources.split(", "))
    for name in names:
        if not SOURCE.fullmatch(name):
            raise ValueError(f"{ident}: {name!r} is no source")
    if ident in CHECKS:
        raise ValueError(f"{ident}: a second check of that name")
    if config not in CONFIGS:
        raise ValueError(f"{ident}: no configuration {config!r}")

    def register(function):
        text = (function.__doc__ or "").strip().split("\n")[0]
        if not text:
            raise ValueError(f"{ident}: no docstring that says what holds")
        over_all = (over,) if isinstance(over, str) else tuple(over)
        CHECKS[ident] = Check(ident, names, text, function, over_all, config, same, once)
        return function
    return register


def topics():
    """The modules that hold checks: every file here but the machinery."""
    folder = os.path.dirname(os.path.abspath(__file__))
    return sorted(name[:-3] for name in os.listdir(folder) if name.endswith(".py") and
                  name not in ("__init__.py", "asker.py", "check.py", "link.py", "message.py", "page.py", "tags.py"))


def load_all():
    """CHECKS with every topic in it."""
    for topic in topics():
        importlib.import_module(f"tests.conformance.{topic}")
    return CHECKS
