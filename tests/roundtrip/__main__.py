"""octoDNS's own cases: `python3 -m tests.roundtrip record-cases.jsonl` as root, MERIDIAN_BUILD naming the build.

Each case that Meridian accepts becomes a zone of its own in one table; a data plane in a namespace is asked for the
record, and the answer must be what dnspython makes of the case's fields (fields.py). Prints how many of what.
"""
import collections
import json
import os
import sys

import dns.exception

from tests.lib import programs
from tests.lib.dns_client import Client
from tests.lib.lab import Lab, run
from tests.roundtrip import fields
from tests.roundtrip.asking import Differs, check, served

ADDRESS = "127.0.0.1"
BESIDE_DS = {"type": "NS", "value": "ns1.example.net."}  # a DS stands at a delegation


class Case:
    """One case as a zone. The zone's name is ours: no verdict and no RDATA depends on it."""

    def __init__(self, number, case):
        self.number, self.record = number, case["data"]
        if case.get("lenient"):
            octodns = self.record.get("octodns") or {}
            self.record = dict(sorted({**self.record, "octodns": {**octodns, "lenient": True}}.items()))
        self.zone = f"case{number}.test."
        self.name = case["name"]
        if self.record["type"] == "DS" and self.name == "":
            self.name = "delegated"

    def is_for_us(self):
        """octoDNS sends a record to the targets its `octodns` key leaves over; ours would be "meridian"."""
        octodns = self.record.get("octodns") or {}
        included = octodns.get("included") or []
        return (not octodns.get("ignored") and "meridian" not in (octodns.get("excluded") or []) and
                (not included or "meridian" in included))

    def write(self, directory):
        records = [self.record, BESIDE_DS] if self.record["type"] == "DS" else self.record
        with open(os.path.join(directory, f"{self.zone}yaml"), "w", encoding="utf-8") as file:
            json.dump({self.name: records}, file)  # JSON is YAML

    def check(self, client):
        """Raises Differs, or what dnspython says of fields it does not take."""
        record, owner = self.record, fields.owner(self.name, self.zone)
        values = [value for value in fields.values_of(record) if value is not None]
        if "dynamic" not in record and "geo" not in record:
            check(client, owner, record["type"], fields.ttl_of(record), fields.wires(record["type"], values))
            return
        # Which pool answers depends on where the asker is: any value of any, at a TTL.
        values += [value["value"] for pool in (record.get("dynamic") or {}).get("pools", {}).values()
                   for value in pool["values"]]
        values += [value for place in (record.get("geo") or {}).values()
                   for value in (place if isinstance(place, list) else [place])]
        ttl, got = served(client, owner, record["type"])
        if ttl != fields.ttl_of(record) or not set(got) <= fields.wires(record["type"], values):
            raise Differs(f"TTL {ttl}, {[wire.hex() for wire in got]}: no value of any pool")


def accepted(lab, cases):
    """Those that `check` finds nothing wrong with; the files of the others are removed."""
    directory = lab.path("zones")
    os.mkdir(directory)
    for case in cases:
        case.write(directory)
    done = run(programs.CTL, "check", directory, "--geo", programs.country_database(), "--json", check=False)
    refused = {os.path.basename(message["file"]) for message in json.loads(done.stdout)["messages"]
               if message["level"] == "error"}
    for name in refused:
        if name:
            os.unlink(os.path.join(directory, name))
    return directory, [case for case in cases if f"{case.zone}yaml" not in refused]


def counts(counter):
    return ", ".join(f"{rdtype} {count}" for rdtype, count in sorted(counter.items()))


def main(path):
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    cases = [Case(number, case) for number, case in enumerate(lines, 1)
             if case["expect"]["ok"] and case["data"]["type"] in fields.PRESENTATION]
    others = [case for case in cases if not case.is_for_us()]
    cases = [case for case in cases if case.is_for_us()]
    failed, asked = [], collections.Counter()
    with Lab("roundtrip") as lab:
        directory, good = accepted(lab, cases)
        namespace = lab.namespace("server")
        plane = programs.DataPlane(lab, namespace, [programs.port_lines("socket", listen=[f"{ADDRESS}:53"])])
        plane.start()
        image = programs.compile_table(lab, directory, lab.path("table"), geo=programs.country_database())
        run(programs.PUBLISHER, plane.socket, "file", image)
        client = Client(namespace, ADDRESS, None)
        programs.wait_answer(client, 20, lambda answer: answer.answer, good[0].zone, "SOA")
        for case in good:
            try:
                case.check(client)
                asked[case.record["type"]] += 1
            except (Differs, dns.exception.DNSException, KeyError, ValueError) as error:
                failed.append(case)
                print(f"case {case.number} {json.dumps(case.record)}: {type(error).__name__} {error}")
        if plane.process.stop() != 0 or programs.sanitizer_reports(lab):
            sys.exit(plane.process.log() + programs.sanitizer_reports(lab))
    print(f"{len(cases)} cases that octoDNS accepts for a target like this, {len(others)} for others: "
          f"{len(cases) - len(good)} refused here, {sum(asked.values())} asked back equal, {len(failed)} differ")
    print("asked: " + counts(asked))
    print("refused here: " + counts(collections.Counter(case.record["type"] for case in cases if case not in good)))
    return 0 if asked and not failed else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
