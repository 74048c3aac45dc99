"""Each record of tests/roundtrip/zones, asked over DNS: the answer must be what dnspython makes of the same file."""
import contextlib
import os

import dns.name
import dns.rdatatype
import dns.zone
import yaml

from tests.e2e.base import LabCase, SLOW
from tests.lib import programs
from tests.lib.dns_client import rcode
from tests.lib.lab import ROOT, run
from tests.roundtrip import fields
from tests.roundtrip.asking import check, check_drawn

ZONES = os.path.join(ROOT, "tests", "roundtrip", "zones")
ELSEWHERE = "192.88.99.0/24"  # in no rule of the zones: the catch-all answers
SOA = {"mname": "ns.config.test.", "rname": "who.config.test.", "refresh_s": 1001, "retry_s": 1002,
       "expire_s": 1003, "ttl_s": 1004, "negative_ttl_s": 105}
TEXT_SOA = {"rname": "text.config.test.", "ttl_s": 90}  # of the zone text.test. alone


def zone_names(suffix):
    return sorted(name[:-len(suffix)] for name in os.listdir(ZONES) if name.endswith(f".{suffix}"))


def yaml_records(zone):
    """(owner, record) of a zone file as PyYAML reads it."""
    with open(os.path.join(ZONES, f"{zone}yaml"), encoding="utf-8") as file:
        for name, records in yaml.safe_load(file).items():
            for record in records if isinstance(records, list) else [records]:
                yield fields.owner(str(name), zone), record


class RoundTrip(LabCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        run(programs.CTL, "check", ZONES)  # says where when a zone is refused
        listen = [f"{programs.SERVER4}:53", f"[{programs.SERVER6}]:53"]
        cls.data_plane = programs.DataPlane(cls.lab, cls.server_side, [programs.port_lines("socket", listen=listen)])
        cls.data_plane.start(20 * SLOW)
        cls.control = programs.ControlPlane(cls.lab, cls.server_side, ZONES, cls.data_plane, geo=False, soa=SOA,
                                            zones=[{"name": "text.test.", "soa": TEXT_SOA}])
        cls.control.start(30 * SLOW)
        programs.wait_answer(cls.client, 20 * SLOW, lambda answer: rcode(answer) == "NOERROR", "types.test.", "SOA")

    def each(self, cases, check_one):
        """Runs check_one(*case) as a subtest each and prints how many there were."""
        count = 0
        for case in cases:
            count += 1
            with self.subTest(" ".join(str(part) for part in case[:2])):
                check_one(*case)
        self.assertGreater(count, 0)
        print(f"{count} asked ...", end=" ", flush=True)

    def test_every_yaml_record_is_what_its_fields_say(self):
        cases = [(owner, record["type"], fields.ttl_of(record), fields.wires(record["type"], fields.values_of(record)))
                 for zone in zone_names("yaml") for owner, record in yaml_records(zone) if "dynamic" not in record]
        self.each(cases, lambda *case: check(self.client, *case))

    def test_every_yaml_type_is_asked(self):
        asked = {record["type"] for zone in zone_names("yaml") for _, record in yaml_records(zone)}
        self.assertEqual(set(fields.PRESENTATION) - asked, set())

    def test_every_pool_is_what_its_values_say(self):
        cases = [(owner, f"{record['type']} from {where}", record, pool, where)
                 for zone in zone_names("yaml") for owner, record in yaml_records(zone) if "dynamic" in record
                 for pool, where in self.places(record)]
        self.each(cases, self.check_pool)

    @staticmethod
    def places(record):
        for rule in record["dynamic"]["rules"]:
            for where in rule.get("subnets", [ELSEWHERE]):
                yield rule["pool"], where

    def check_pool(self, owner, _, record, pool, where):
        """The pool of the rule, or its fallback, or the record's own values, by their `status` alone."""
        pools, rdtype = record["dynamic"]["pools"], record["type"]
        while pool is not None:
            up = [value["value"] for value in pools[pool]["values"] if value["status"] == "up"]
            if up:
                check_drawn(self.client, owner, rdtype, fields.ttl_of(record), fields.wires(rdtype, up), ecs=where)
                return
            pool = pools[pool].get("fallback")
        check(self.client, owner, rdtype, fields.ttl_of(record), fields.wires(rdtype, fields.values_of(record)),
              ecs=where)

    def test_every_record_of_a_master_file_is_what_dnspython_reads(self):
        cases = []
        for name in zone_names("zone"):
            with contextlib.chdir(ZONES):  # dnspython's $INCLUDE is relative to here
                zone = dns.zone.from_file(f"{name}zone", origin=name, relativize=False, allow_include=True)
            cases += [(owner, dns.rdatatype.to_text(rdataset.rdtype), rdataset.ttl,
                       {rdata.to_wire() for rdata in rdataset})
                      for owner, node in zone.nodes.items() for rdataset in node.rdatasets]
        self.each(cases, lambda *case: check(self.client, *case))

    def test_a_generated_soa_is_as_configured(self):
        generation = self.control.ctl_json("status")["table"]["generation"]
        for name, rdtype, ttl in (("types.test.", "SOA", SOA["ttl_s"]), ("none.types.test.", "A", 105),
                                  ("a.types.test.", "AAAA", 105)):
            with self.subTest(name, rdtype=rdtype):
                answer = self.client.ask(name, rdtype)
                [rrset] = answer.answer or answer.authority
                self.assertEqual((rrset.name, rrset.ttl), (dns.name.from_text("types.test."), ttl))
                self.assertEqual(rrset[0].to_text(), f"ns.config.test. who.config.test. {generation} 1001 1002 1003 105")

    def test_a_zone_may_have_settings_of_its_own_for_its_soa(self):
        for name, rdtype in (("text.test.", "SOA"), ("none.text.test.", "A")):
            with self.subTest(name):
                answer = self.client.ask(name, rdtype)
                [rrset] = answer.answer or answer.authority
                self.assertEqual(rrset.ttl, 90)  # the negative answer's too: less than MINIMUM (RFC 2308 section 3)
                self.assertRegex(rrset[0].to_text(), r"^ns\.config\.test\. text\.config\.test\. \d+ 1001 1002 1003 105$")

    def test_the_soa_of_a_master_file_is_its_own(self):
        for name, rdtype, ttl in (("master.test.", "SOA", 3600), ("none.master.test.", "A", 300)):
            with self.subTest(name, rdtype=rdtype):
                answer = self.client.ask(name, rdtype)
                [rrset] = answer.answer or answer.authority
                self.assertEqual(rrset.ttl, ttl)
                self.assertEqual(rrset[0].to_text(),
                                 "ns1.master.test. hostmaster.example.net. 2026010101 7200 900 1209600 300")
