"""One round: zones, servers, questions, verdicts; everything from one seed."""
import os
import random

import dns.exception
import dns.message

from tests.differential import questions, servers, wire
from tests.differential.compare import Differs, Judge
from tests.differential.zones import Family
from tests.lib.lab import Lab, LabError, ROOT
from tests.lib.programs import check_counters, sanitizer_reports

FAMILIES = 10  # of five zones each: with more, each is asked less; with fewer, a round meets fewer surprises
QUESTIONS = 20_000  # of a round
SHOWN_MAX = 5  # differences told in full: one defect has many
KEPT = os.path.join(ROOT, ".cache", "differential")  # zones of a round that failed


class Failed(Exception):
    """What differs, told in full."""


def _told(octets):
    try:
        return dns.message.from_wire(octets).to_text()
    except dns.exception.DNSException as error:
        return f"{octets.hex()} ({type(error).__name__})"


def _describe(question, replies, error):
    told = [f"{question}: {error}"]
    for name, octets in replies.items():
        told += [f"--- {name}", _told(octets)]
    return "\n".join(told)


def _keep(written):
    """Copies the zone files to where they outlive the lab."""
    os.makedirs(KEPT, exist_ok=True)
    for _, path, _ in written:
        with open(path, "rb") as file, open(os.path.join(KEPT, os.path.basename(path)), "wb") as copy:
            copy.write(file.read())


def play(seed, count, counts):
    """Asks `count` questions and adds to `counts` how the replies agree; returns the number of zones. Raises Failed."""
    rng = random.Random(seed)
    families = [Family(rng, number) for number in range(FAMILIES)]
    failures = []
    with Lab("differential") as lab:
        directory = lab.path("zones")
        os.mkdir(directory)
        written = [entry for family in families for entry in family.write(directory)]
        try:
            running = servers.start(lab, lab.namespace("differential"), directory, written)
        except LabError:
            _keep(written)
            raise
        judge = Judge(running, families)
        for family in families:
            asked = list(questions.make(rng, family, count // FAMILIES))
            for question, replies in zip(asked, servers.ask_all(running, [question.message for question in asked])):
                try:
                    judge.judge(question, replies)
                except (Differs, wire.Garbled) as error:
                    failures.append(_describe(question, replies, error))
        servers.stop(running)
        check_counters(lab, servers.WAIT_S)
        if failures:
            _keep(written)
        if reports := sanitizer_reports(lab):
            raise LabError(reports)
    if failures:
        raise Failed("\n\n".join([f"seed {seed}: {len(failures)} of {count} replies differ (zones: {KEPT})",
                                  *failures[:SHOWN_MAX]]))
    counts.update(judge.counts)
    return len(written)


def summary(asked, zones, counts):
    """What was asked and how it agreed, most common first."""
    return "\n".join([f"{asked} questions about {zones} zones, 0 differences but by these reasons:",
                      *(f"{count:9}  {reason}" for reason, count in counts.most_common())])
