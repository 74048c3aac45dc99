"""`explain` and the wire are asked the same random questions and must agree; and what it says of every
client at once must be what it says of each."""
import ipaddress
import json
import os
import random
import re
import socket
import time
import urllib.parse

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from tests.e2e.base import LabCase, SLOW
from tests.e2e.random_zones import Generator, Question, random_network
from tests.lib import programs
from tests.lib.api import Api
from tests.lib.dns_client import NSID, ecs_scope, parse_generation, query, rcode
from tests.lib.lab import run, wait_for

EDE = dns.edns.OptionType.EDE

SEED = int(os.environ.get("MERIDIAN_SEED", "0")) or random.SystemRandom().randrange(1, 2 ** 32)
CASES = 10000 if not programs.is_sanitized() else 2500
NAMES = 150
# Addresses of many countries, put on the client's loopback: questions that carry no client subnet.
SOURCES = [programs.CLIENT4, programs.CLIENT6, "8.8.8.8", "84.128.0.9", "187.0.0.7", "126.0.0.3", "41.0.0.4", "1.128.0.5",
           "99.224.0.6", "2600::7", "2003::8", "2804:14c::9", "240f::a", "2c0f:f248::b"]


def record_key(name, rdtype, ttl, wire):
    return name.canonicalize().to_text(), rdtype, ttl, wire


def wire_records(rrsets):
    """Every record of a section of a message, in order."""
    return [record_key(rrset.name, dns.rdatatype.to_text(rrset.rdtype), rrset.ttl, rdata.to_digestable())
            for rrset in rrsets for rdata in rrset]


class Rdata:
    """From presentation form to wire, by dnspython: a parser of its own. The same texts come often."""

    def __init__(self):
        self.known = {}

    def wire(self, rdtype, text):
        key = rdtype, text
        if key not in self.known:
            self.known[key] = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(rdtype),
                                                  text).to_digestable()
        return self.known[key]

    def record(self, record):
        return record_key(dns.name.from_text(record["name"]), record["type"], record["ttl_s"],
                          self.wire(record["type"], record["rdata"]))


RDATA = Rdata()


def explain(api, **parameters):
    query_text = urllib.parse.urlencode({key: value for key, value in parameters.items() if value is not None})
    status, reply = api.ask("GET", f"/v1/explain?{query_text}")
    if status != 200:
        raise AssertionError(f"{query_text}: {status} {reply}")
    return reply


def decisions(explained):
    return [step["decision"] for step in explained["steps"] if "decision" in step]


def answered_values(decision):
    """The rdata texts that this record may be answered with today."""
    pool = decision["pools"][-1] if decision["pools"] else {"is_answering": False}
    return [value["value"] for value in pool["values"] if value["is_answered"]] if pool["is_answering"] else []


class Agreement(LabCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        print(f"\n    seed {SEED} (MERIDIAN_SEED)", end="")
        cls.rng = random.Random(SEED)
        for source in SOURCES[2:]:
            bits = 128 if ":" in source else 32
            cls.client_side.add_address("lo", f"{source}/{bits}")
        cls.server_side.ip("route", "add", "default", "via", programs.CLIENT4)
        cls.server_side.ip("-6", "route", "add", "default", "via", programs.CLIENT6)
        cls.generator = Generator(cls.rng, SOURCES)
        cls.generator.make(NAMES)
        cls.data_plane = programs.DataPlane(cls.lab, cls.server_side, [programs.port_lines(
            "socket", listen=[f"{programs.SERVER4}:53", f"[{programs.SERVER6}]:53"])])
        cls.data_plane.start(20 * SLOW)
        cls.control = programs.ControlPlane(cls.lab, cls.server_side, cls.generator.write(cls.lab), cls.data_plane,
                                            enforce_order=False, probes={"enabled": False})
        cls.control.start(60 * SLOW)
        # Warnings, of which lenient records have thousands, are no part of what went wrong.
        wait_for(lambda: cls.is_served(cls.control.ctl_json("status")), 20 * SLOW,
                 lambda: f"seed {SEED}: the table is served\n" + "\n".join(
                     paragraph for paragraph in re.split(r"\n(?=\S)", cls.control.process.log())
                     if ": warning: " not in paragraph))
        cls.api = Api(cls.control.socket, 20 * SLOW)
        cls.sockets = {}
        for source in SOURCES:
            family = socket.AF_INET6 if ":" in source else socket.AF_INET
            sock = cls.client_side.socket(family, socket.SOCK_DGRAM)
            cls.addClassCleanup(sock.close)
            sock.bind((source, 0))
            sock.connect((programs.SERVER6 if ":" in source else programs.SERVER4, 53))
            sock.settimeout(5 * SLOW)
            cls.sockets[source] = sock

    @staticmethod
    def is_served(status):
        table = status["table"]
        return table and status["data_plane"].get("generation") == table["generation"] and [
            zone["standing"] for zone in status["zones"]] == ["served", "served"]

    def ask(self, question):
        message = query(question.name, question.type, ecs=str(question.ecs) if question.ecs else None,
                        nsid=question.has_nsid, payload=question.payload, edns=question.payload is not None)
        sock = self.sockets[question.source]
        sock.send(message.to_wire())
        wire = sock.recv(65535)
        reply = dns.message.from_wire(wire)
        self.assertEqual(reply.id, message.id)
        return wire, reply

    def explain(self, question, name=None):
        return explain(self.api, name=name or question.name, type=question.type, ecs=question.ecs,
                       **{"from": question.source})

    def check_header(self, question, reply, explained):
        self.assertEqual(rcode(reply), explained["rcode"])
        self.assertTrue(reply.flags & dns.flags.QR)
        self.assertFalse(reply.flags & (dns.flags.RA | dns.flags.AD | dns.flags.RD))
        self.assertEqual(bool(reply.flags & dns.flags.AA), explained["is_authoritative"])
        scope = explained["ecs"]["scope_bits"] if explained["ecs"]["is_sent"] else None
        self.assertEqual(ecs_scope(reply), scope, "ECS scope")
        self.assertEqual(explained["ecs"]["is_sent"], question.ecs is not None and rcode(reply) != "REFUSED")

    def check_size(self, question, wire, reply, explained):
        """Without NSID the reply has just the size that was told; with it, that many bytes more."""
        limit = 512 if question.payload in (None, 512) else 1232
        size = next(size for size in explained["sizes"]
                    if size["limit_bytes"] == limit and size["transport"] == "udp")
        nsid = sum(4 + len(option.data) for option in reply.options if option.otype == NSID)
        has_edns_alone = question.payload == 512 and question.ecs is None  # explained without EDNS: 11 bytes less
        more = nsid + (11 if has_edns_alone else 0)
        if rcode(reply) == "REFUSED" and question.payload is not None:  # an NSID may take the place of the reason why
            has_reason = any(option.otype == EDE for option in reply.options)
            self.assertTrue(has_reason or nsid)
            more -= 0 if has_reason else 6
            more += 6 if has_edns_alone else 0
        is_truncated = bool(reply.flags & dns.flags.TC)
        kept = len(explained["reply"]["additional"]) - size["left_out_records"] if "reply" in explained else 0
        has_all_kept = is_truncated or sum(len(rrset) for rrset in reply.additional) == kept
        if not more:
            self.assertEqual(is_truncated, size["is_truncated"])
            self.assertTrue(has_all_kept, "additional records left out")
        if is_truncated == size["is_truncated"] and has_all_kept:
            self.assertEqual(len(wire), size["sent_bytes"] + more)
        else:
            self.assertGreater(size["sent_bytes"] + more, limit)
        return is_truncated

    def check_generation(self, reply, explained):
        for option in reply.options:
            if option.otype == NSID:
                self.assertEqual(parse_generation(option.data), (explained["generation"], explained["sequence"]))

    def other_way(self, question, reply, explained):
        """The wire drew another CNAME than explain did: it must be one of those that may be drawn, and behind it
        must come what explain says of its target. Returns the explanation of the way as the wire went it."""
        records = explained["reply"]["answer"]
        step = -1
        for at, record in enumerate(records):
            step += record["type"] == "CNAME"  # each step before has one, be it made of a DNAME
            if record["type"] != "CNAME" or "drawn" not in record or question.type in ("CNAME", "ANY"):
                continue
            owner = dns.name.from_text(record["name"])
            seen = [rdata for rrset in reply.answer if rrset.rdtype == dns.rdatatype.CNAME and rrset.name == owner
                    for rdata in rrset]
            self.assertEqual(len(seen), 1, "one CNAME a name")
            target = seen[0].target.to_text()
            if target == record["rdata"]:
                continue
            self.assertIn(target, answered_values(explained["steps"][step]["decision"]))
            tail = self.explain(question, target)
            tail["is_authoritative"] = True  # the question's own name has its CNAME from us
            tail["reply"]["answer"] = records[:at] + [{**record, "rdata": target}] + tail["reply"]["answer"]
            head = explained["steps"][:step + 1]
            longest = max(item["decision"]["ecs"]["scope_bits"] for item in head if "decision" in item)
            tail["steps"] = head + tail["steps"]
            if question.ecs is not None:
                is_private = question.ecs.prefixlen == 0
                inner = 0 if tail["rcode"] == "REFUSED" else tail["ecs"]["scope_bits"]
                tail["ecs"] = {"is_sent": True, "scope_bits": 0 if is_private else max(longest, inner)}
            if tail["rcode"] == "REFUSED":
                tail["rcode"] = "NOERROR"  # out of our zones: whoever asked goes on from there
            return tail, True
        return explained, False

    @staticmethod
    def has_other_target(reply, explained):
        """Whoever asks for a CNAME is told the one that was drawn, and is not led on."""
        drawn = [RDATA.record(record) for record in explained["reply"]["answer"]
                 if "drawn" in record and record["type"] == "CNAME"]
        return bool(drawn) and drawn[0] not in wire_records(reply.answer)

    def check_records(self, reply, explained):
        self.assertEqual(sorted(wire_records(reply.authority)),
                         sorted(RDATA.record(record) for record in explained["reply"]["authority"]), "authority")
        # Those that do not fit are left out: check_size() knows how many. Of each set all, or none.
        told = [RDATA.record(record) for record in explained["reply"]["additional"]]
        for rrset in reply.additional:
            seen = sorted(wire_records([rrset]))
            self.assertEqual(seen, sorted(record for record in told if record[:2] == seen[0][:2]), "additional")
        self.seen["additional"] = self.seen.get("additional", 0) + (bool(reply.additional) and not explained["is_referral"])
        wanted = explained["reply"]["answer"]
        seen = wire_records(reply.answer)
        self.assertEqual(len(seen), len(wanted), f"{seen}\n{wanted}")
        for record in wanted:
            if "drawn" in record:
                drawn = [key for key in seen if key[:3] == RDATA.record(record)[:3]]
                self.assertEqual(len(drawn), 1)
                values = [RDATA.wire(record["type"], value) for decision in decisions(explained)
                          if decision["type"] == record["type"] and decision["pools"]
                          for value in answered_values(decision)]
                self.assertIn(drawn[0][3], values)
                self.drawn += 1
            else:
                self.assertIn(RDATA.record(record), seen)

    def check(self, question):
        wire, reply = self.ask(question)
        explained = self.explain(question)
        self.check_generation(reply, explained)
        taken, is_other = (explained, False) if reply.flags & dns.flags.TC else self.other_way(question, reply, explained)
        self.check_header(question, reply, taken)
        if is_other or self.has_other_target(reply, taken):  # targets differ in length
            is_truncated = bool(reply.flags & dns.flags.TC)
        else:
            is_truncated = self.check_size(question, wire, reply, taken)
        if is_truncated:
            self.assertEqual(reply.answer + reply.authority + reply.additional, [])
        else:
            self.check_records(reply, taken)
        self.count(explained, is_other, is_truncated)

    def count(self, explained, is_other, is_truncated):
        for step in explained["steps"]:
            key = f"{step['found']}/{step['says']}"
            self.seen[key] = self.seen.get(key, 0) + 1
            if "decision" in step:
                self.seen["dynamic"] = self.seen.get("dynamic", 0) + 1
        for key, is_so in (("another way drawn", is_other), ("truncated", is_truncated),
                           ("scope over 0", explained["ecs"]["scope_bits"] > 0)):
            self.seen[key] = self.seen.get(key, 0) + is_so

    def test_1_the_wire(self):
        self.seen, self.drawn = {}, 0
        began = time.monotonic()
        for number in range(CASES):
            question = Question(self.rng, self.generator)
            try:
                self.check(question)
            except AssertionError as error:
                raise AssertionError(f"seed {SEED}, case {number}: {question}\n{error}") from None
        print(f"\n    {CASES} cases in {time.monotonic() - began:.0f} s, {self.drawn} drawn; names passed: "
              + ", ".join(f"{key} {count}" for key, count in sorted(self.seen.items())), end="")
        for key in ("exact/records", "exact/nodata", "empty_non_terminal/nodata", "wildcard/records", "wildcard/nodata",
                    "nothing/nxdomain", "cut/referral", "below_cut/referral", "elsewhere/elsewhere", "dynamic",
                    "below_dname/redirected", "below_dname/overlong", "another way drawn", "truncated", "scope over 0",
                    "additional"):
            self.assertGreater(self.seen.get(key, 0), CASES // 1000, f"seed {SEED}: too few of {key}")

    @staticmethod
    def turns(listed):
        return tuple((turn["record"], turn["type"], turn.get("rule"), turn.get("pool")) for turn in listed)

    def outcome_of(self, whole, explained):
        """The outcome that a client's explanation belongs to: the way they have in common must be one."""
        passed = self.turns(decisions(explained))
        found = [outcome for outcome in whole["outcomes"]
                 if self.turns(outcome["decisions"]) == (passed[:len(outcome["decisions"])] if outcome["is_parted"]
                                                         else passed)]
        self.assertEqual(len(found), 1, passed)
        return found[0]

    def check_whole(self, whole):
        for family, addresses in (("ipv4", 2 ** 32), ("ipv6", 2 ** 128)):
            self.assertEqual(sum(int(outcome[f"{family}_addresses"]) for outcome in whole["outcomes"]), addresses)
            known = sum(int(outcome[f"{family}_known_addresses"]) for outcome in whole["outcomes"])
            self.assertEqual(known, int(whole["database"][f"{family}_addresses"]))
            for outcome in whole["outcomes"]:
                self.assertEqual(sum(int(country[f"{family}_addresses"]) for country in outcome["countries"]),
                                 int(outcome[f"{family}_known_addresses"]))

    def test_2_every_client(self):
        """Random clients of random records, each in exactly one outcome, as many as its share says."""
        records = self.rng.sample(self.generator.dynamic, 10)
        per_record = CASES // len(records)
        outcomes, slowest, began = 0, 0, time.monotonic()
        for name, rdtype in records:
            asked = {"name": (f"{name}." if name else "") + "rand.test", "type": rdtype}
            started = time.monotonic()
            whole = explain(self.api, **asked)
            slowest = max(slowest, time.monotonic() - started)
            self.check_whole(whole)
            outcomes += len(whole["outcomes"])
            hits, known = {}, {}
            for number in range(per_record):
                address = ipaddress.IPv4Address(self.rng.getrandbits(32)) if number % 2 else random_network(
                    self.rng, 6, shortest=128).network_address
                explained = explain(self.api, **asked, **{"from": address})
                outcome = self.outcome_of(whole, explained)
                key = whole["outcomes"].index(outcome)
                hits[key] = hits.get(key, 0) + number % 2
                known[key] = known.get(key, 0) + (number % 2 and "place" in explained["client"])
                self.check_client(outcome, explained, address)
            for key, outcome in enumerate(whole["outcomes"]):
                self.check_share(hits.get(key, 0), per_record // 2, outcome["ipv4_share"], f"seed {SEED}: {asked}")
                self.check_share(known.get(key, 0), per_record // 2, int(outcome["ipv4_known_addresses"]) / 2 ** 32,
                                 f"seed {SEED}: {asked}, of what the database names")
        print(f"\n    {CASES} clients of {len(records)} records with {outcomes} outcomes in "
              f"{time.monotonic() - began:.0f} s; all outcomes of one in at most {slowest * 1000:.0f} ms", end="")

    def check_client(self, outcome, explained, address):
        family = "ipv4" if address.version == 4 else "ipv6"
        self.assertGreater(int(outcome[f"{family}_addresses"]), 0)
        country = explained["client"].get("country")
        if country:
            code = f"{explained['client']['continent']}-{country}"
            self.assertTrue([item for item in outcome["countries"]
                             if item["code"] == code and int(item[f"{family}_addresses"]) > 0], code)
        if not outcome["is_parted"]:
            self.assertEqual(explained["rcode"], outcome["rcode"])
        if outcome["decisions"] and "values" in outcome:
            self.assertEqual([value["value"] for value in outcome["values"] if value["is_answered"]],
                             answered_values(decisions(explained)[len(outcome["decisions"]) - 1]))

    def check_share(self, hits, count, share, what):
        """Binomial: six deviations off happens once in half a billion."""
        deviation = (count * share * (1 - share)) ** 0.5
        self.assertLessEqual(abs(hits - count * share), 6 * deviation + 1, what)

    def test_3_every_address(self):
        """One record alone, so that its table can be counted leaf by leaf, and by nobody's code but Python's."""
        name, rdtype = self.generator.dynamic[0]
        record = next(record for record in self.generator.records[name] if record["type"] == rdtype)
        directory = os.path.dirname(self.lab.write("alone/rand.test.yaml", json.dumps(
            {"": {"type": "NS", "value": "ns1.example.org."}, "www": record}, sort_keys=True)))
        table = programs.compile_table(self.lab, directory, self.lab.path("alone.table"), geo=programs.country_database())
        dumped = json.loads(run(programs.CTL, "dump", table, "--json", timeout=120 * SLOW).stdout)
        rules = dumped["rule_sets"][0]["rule_by_class"]
        counted = {}
        for location in dumped["locations"]:
            network = ipaddress.ip_network(location["prefix"])
            key = network.version, rules[location["class"]]
            counted[key] = counted.get(key, 0) + network.num_addresses
        whole = json.loads(run(programs.CTL, "explain", "www.rand.test", rdtype, "--table", table, "--json").stdout)
        told = {}
        for outcome in whole["outcomes"]:
            for version, key in ((4, "ipv4_addresses"), (6, "ipv6_addresses")):
                told[version, outcome["decisions"][0].get("rule", 0)] = int(outcome[key])
        self.assertEqual({key: count for key, count in told.items() if count}, counted)

    def test_4_the_command(self):
        """What meridianctl sends is what the API is asked above, and the same as of a file."""
        name, rdtype = self.generator.dynamic[0]
        asked = [f"{name}.rand.test", rdtype]
        for more in ([], ["--from", "8.8.8.8"], ["--ecs", "2600::/32"], ["--from", "2003::8", "--ecs", "84.128.0.0/16"]):
            with self.subTest(more=more):
                told = self.control.ctl_json("explain", *asked, *more)
                again = explain(self.api, name=asked[0], type=rdtype, **dict(zip(
                    [option[2:] for option in more[::2]], more[1::2])))
                self.assertEqual(set(told), set(again))
                self.assertEqual(told["question"], again["question"])
                self.assertEqual(told.get("outcomes"), again.get("outcomes"))
                printed = self.control.ctl("explain", *asked, *more).stdout
                self.assertIn("different answers" if not more and len(told["outcomes"]) > 1 else asked[0], printed)
        refused = self.control.ctl("explain", *asked, "--ecs", "10.0.0.1/8", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("the prefix is 10.0.0.0/8", refused.stderr)

    def test_9_clean_exit(self):
        self.stop_cleanly(self.control.process)
        self.stop_cleanly(self.data_plane.process)
