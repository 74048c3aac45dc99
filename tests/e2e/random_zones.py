"""Random zones with one of everything that decides an answer, and random questions about them.

Everything comes from one seeded generator, so that a seed says all there is to say about a run.
"""
import ipaddress
import json
import os

ZONE, CHILD = "rand.test", "kid.rand.test"
LABELS = ["a", "b", "c", "d", "e", "f"]
GEOS = ["AF", "AN", "AS", "EU", "NA", "OC", "SA", "EU-DE", "EU-FR", "EU-GB", "EU-NL", "EU-IT", "NA-US", "NA-CA", "NA-MX",
        "NA-US-CA", "NA-CA-ON", "SA-BR", "SA-AR", "AS-JP", "AS-CN", "AS-IN", "AS-KR", "AS-TR", "OC-AU", "OC-NZ", "AF-ZA",
        "AF-EG", "AF-NG"]
# Where the registries hand out: most of the address space beside is nobody's.
IPV6_BLOCKS = ["2001::/16", "2400::/12", "2600::/12", "2800::/12", "2a00::/12", "2c00::/12", "2003::/18", "2001:db8::/32"]
OUTSIDE = ["www.example.org.", "rand.example.", "rand.test.example."]
# Long enough to be cut at 512, at 1232, or at neither.
TEXT_SIZES = [5, 60, 300, 480, 700, 1150, 1300]


def random_network(rng, family=None, shortest=0):
    """A prefix of any length, in IPv6 mostly where addresses are in use."""
    family = family or rng.choice([4, 4, 6])
    if family == 4:
        bits = rng.choice([8, 9, 12, 15, 16, 18, 20, 22, 24, 25, 28, 32])
        return ipaddress.ip_network((rng.getrandbits(32), max(bits, shortest)), strict=False)
    block = ipaddress.ip_network(rng.choice(IPV6_BLOCKS))
    bits = max(rng.choice([16, 20, 24, 28, 29, 32, 33, 36, 40, 44, 48, 56, 64, 65, 80, 128]), block.prefixlen, shortest)
    address = int(block.network_address) | rng.getrandbits(128 - block.prefixlen)
    return ipaddress.ip_network((address, bits), strict=False)


class Generator:
    """Makes the files of both zones and remembers what is worth asking about."""

    def __init__(self, rng, sources):
        self.rng = rng
        self.sources = sources  # addresses that questions will come from
        self.records = {"": [{"type": "NS", "ttl": 3600, "values": [f"ns1.{ZONE}.", "ns2.example.org."]}]}
        self.ends = []    # names whose CNAMEs may be drawn among: nothing leads on from them
        self.subnets = []
        self.dynamic = []  # (name, type)
        self.cuts = []
        self.dnames = []
        self.certain = []  # (name, type)

    def is_free(self, name):
        """No record there yet, and in nobody else's part of the tree."""
        parts = name.split(".")
        above = {".".join(parts[i:]) for i in range(len(parts))}
        return name not in self.records and not above & {*self.cuts, *self.dnames, "kid"}

    def name(self):
        """A name nobody has yet; deep ones leave empty non-terminals behind, some are wildcards."""
        while True:
            labels = self.rng.choices(LABELS, k=self.rng.randint(1, 4))
            if self.rng.random() < 0.2:
                labels[0] = "*"
            name = ".".join(labels)
            if self.is_free(name):
                return name

    def address(self, rdtype):
        return f"192.0.2.{self.rng.randint(1, 254)}" if rdtype == "A" else f"2001:db8:1::{self.rng.randint(1, 65535):x}"

    def values_of(self, rdtype, count):
        if rdtype == "CNAME":
            return self.rng.sample(self.ends, min(count, len(self.ends)))
        values = {self.address(rdtype) for _ in range(count)}
        return sorted(values)

    def rules(self, pools):
        rules = []
        for _ in range(self.rng.randint(0, 6)):
            rule = {"pool": self.rng.choice(pools)}
            kind = self.rng.random()
            if kind < 0.75:
                rule["geos"] = sorted(self.rng.sample(GEOS, self.rng.randint(1, 4)))
            if kind > 0.5:
                networks = {self.subnet() for _ in range(self.rng.randint(1, 4))}
                rule["subnets"] = sorted(str(network) for network in networks)
            rules.append(rule)
        if self.rng.random() < 0.9 or not rules:
            rules.append({"pool": self.rng.choice(pools)})
        return rules

    def subnet(self):
        """Some hold others, some hold a client that asks from its own address."""
        kind = self.rng.random()
        if self.subnets and kind < 0.4:
            outer = self.rng.choice(self.subnets)
            bits = min(outer.max_prefixlen, outer.prefixlen + self.rng.choice([1, 2, 8]))
            network = ipaddress.ip_network((self.inside(outer), bits), strict=False)
        elif kind < 0.55:
            source = ipaddress.ip_address(self.rng.choice(self.sources))
            network = ipaddress.ip_network((int(source), source.max_prefixlen - self.rng.choice([0, 4, 8, 16]))
                                           if source.version == 4 else
                                           (source, 128 - self.rng.choice([0, 16, 64, 80])), strict=False)
        else:
            network = random_network(self.rng)
        self.subnets.append(network)
        return network

    def inside(self, network):
        return network.network_address + self.rng.getrandbits(network.max_prefixlen - network.prefixlen)

    def dynamic_record(self, name, rdtype):
        names = [f"p{i}" for i in range(self.rng.randint(1, 4))]
        pools = {}
        for i, pool in enumerate(names):
            count = 1 if self.rng.random() < 0.6 else self.rng.randint(2, 4)
            values = [{"value": value, "weight": self.rng.randint(1, 100) if count > 1 else 1,
                       "status": "down" if self.rng.random() < 0.25 else "up"}
                      for value in self.values_of(rdtype, count)]
            pools[pool] = {"values": values}
            if i + 1 < len(names) and self.rng.random() < 0.6:
                pools[pool]["fallback"] = names[self.rng.randint(i + 1, len(names) - 1)]
        record = {"type": rdtype, "ttl": self.rng.choice([5, 60, 300]), "octodns": {"lenient": True},
                  "dynamic": {"pools": pools, "rules": self.rules(names)}}
        last_resort = self.values_of(rdtype, 1 if rdtype == "CNAME" else self.rng.randint(1, 3))
        record.update({"value": last_resort[0]} if rdtype == "CNAME" else {"values": last_resort})
        self.dynamic.append((name, rdtype))
        return record

    def static_record(self, rdtype):
        ttl = self.rng.choice([1, 60, 3600])
        if rdtype == "TXT":
            size = self.rng.choice(TEXT_SIZES)
            return {"type": "TXT", "ttl": ttl, "value": "".join(self.rng.choices("abcdefgh ij", k=size)).strip() + "."}
        if rdtype == "MX":
            return {"type": "MX", "ttl": ttl, "values": [{"preference": p, "exchange": self.target()}
                                                        for p in range(self.rng.randint(1, 3))]}
        if rdtype == "SRV":
            return {"type": "SRV", "ttl": ttl, "octodns": {"lenient": True}, "values": [
                {"priority": p, "weight": 1, "port": 53, "target": self.target()} for p in range(self.rng.randint(1, 4))]}
        if rdtype == "HTTPS":
            return {"type": "HTTPS", "ttl": ttl, "values": [
                {"svcpriority": p, "targetname": self.rng.choice([".", self.target()])}
                for p in range(self.rng.randint(0, 1), 3)]}
        return {"type": rdtype, "ttl": ttl, "values": self.values_of(rdtype, self.rng.randint(1, 4))}

    def target(self):
        """Where a CNAME leads: to what is there, to what is not, out of our zones, below a cut."""
        kind = self.rng.random()
        if kind < 0.6 and len(self.records) > 1:
            return absolute(self.rng.choice([name for name in self.records if name]).replace("*", "z"))
        if kind < 0.8:
            return absolute(".".join(self.rng.choices(LABELS, k=self.rng.randint(1, 4))))
        return self.rng.choice([*OUTSIDE, f"kid.{ZONE}.", f"www.kid.{ZONE}.", f"no.kid.{ZONE}.",
                                *(f"x.{cut}.{ZONE}." for cut in self.cuts),
                                *(f"{label}.{name}.{ZONE}." for label, name in zip(LABELS, self.dnames))])

    def make(self, names):
        for i in range(4):
            self.make_cut(f"cut{i}" if i % 2 else f"cut{i}.{self.rng.choice(LABELS)}")
        self.make_dnames()
        for i in range(6):
            name = f"end{i}"
            self.ends.append(absolute(name))
            self.records[name] = [self.dynamic_record(name, "A") if i % 2 else self.static_record("A")]
        self.ends += [OUTSIDE[0], absolute("absent.end0"), absolute("x.cut1")]
        self.make_certain()
        for _ in range(names):
            name = self.name()
            kind = self.rng.random()
            if kind < 0.25:
                self.records[name] = [{"type": "CNAME", "ttl": self.rng.choice([5, 300]), "value": self.target()}]
            elif kind < 0.35:
                self.records[name] = [self.dynamic_record(name, "CNAME")]
            else:
                types = self.rng.sample(["A", "AAAA", "TXT", "MX", "SRV", "HTTPS"], self.rng.randint(1, 4))
                self.records[name] = [
                    self.dynamic_record(name, rdtype) if rdtype in ("A", "AAAA") and self.rng.random() < 0.7
                    else self.static_record(rdtype) for rdtype in types]

    def make_certain(self):
        """What chance alone might leave out: a CNAME drawn among many, replies too long for each limit."""
        fan = self.dynamic_record("fan", "CNAME")
        fan["dynamic"] = {"pools": {"all": {"values": [{"value": end, "weight": i + 1, "status": "up"}
                                                       for i, end in enumerate(self.ends)]}},
                          "rules": [{"pool": "all"}]}
        self.records["fan"] = [fan]
        for size in TEXT_SIZES[-3:]:
            self.records[f"long{size}"] = [{"type": "TXT", "ttl": 60, "value": "x" * size}]
        self.certain = [("fan", "A"), *((f"long{size}", "TXT") for size in TEXT_SIZES[-3:]),
                        *((cut, "A") for cut in self.cuts),
                        # what "wide" makes of these has 255 octets, and 256
                        (f"{'w' * 60}.wide", "A"), (f"{'w' * 61}.wide", "A")]

    def make_dnames(self):
        """To other parts of the tree, to each other, out of our zones; one grows at each turn, one is too long at once."""
        targets = {"moved0": absolute("a"), "moved1.b": absolute("b.a"), "moved2": absolute("moved0"),
                   "moved3.c.d": f"kid.{ZONE}.", "moved4": OUTSIDE[0], "grow": absolute("on.grow"),
                   "wide": absolute(".".join(["w" * 60] * 3))}
        for name, target in targets.items():
            self.records[name] = [{"type": "DNAME", "ttl": self.rng.choice([5, 300]), "value": target}]
            self.dnames.append(name)
        # One value a pool: a DNAME that is drawn would lead each draw a way of its own.
        pools = {f"p{i}": {"values": [{"value": absolute(self.rng.choice(LABELS)), "status": self.rng.choice(["up", "down"])}]}
                 for i in range(3)}
        self.records["moving"] = [{"type": "DNAME", "ttl": 60, "octodns": {"lenient": True}, "value": absolute("a.b"),
                                   "dynamic": {"pools": pools, "rules": self.rules(list(pools))}}]
        self.dnames.append("moving")

    def make_cut(self, name):
        self.records[name] = [{"type": "NS", "ttl": 3600, "values": [f"ns1.{name}.{ZONE}.", "ns.example.org."]}]
        self.records[f"ns1.{name}"] = [{"type": "A", "ttl": 60, "value": "192.0.2.53"}]
        if self.rng.random() < 0.5:
            self.records[name].append({"type": "DS", "ttl": 60, "value": {
                "key_tag": 1, "algorithm": 13, "digest_type": 2, "digest": "ab" * 32}})
        self.cuts.append(name)

    def write(self, lab):
        """JSON is YAML; one file for each zone. Returns the directory."""
        self.records["kid"] = [{"type": "NS", "ttl": 60, "value": f"ns1.{ZONE}."}]
        path = lab.write(f"random/{ZONE}.yaml", json.dumps(self.records, indent=1))
        lab.write(f"random/{CHILD}.yaml", json.dumps({
            "": [{"type": "NS", "ttl": 60, "value": f"ns1.{ZONE}."}, {"type": "MX", "value": {
                "preference": 1, "exchange": "mail.example.org."}}],
            "*.deep": {"type": "A", "value": "192.0.2.77"},
            "back": {"type": "CNAME", "value": absolute("end1")},
            "www": {"type": "A", "value": "192.0.2.78"}}))
        return os.path.dirname(path)


def absolute(name):
    return f"{name}.{ZONE}." if name else f"{ZONE}."


class Question:
    """What one datagram asks."""

    TYPES = ["A", "A", "A", "A", "AAAA", "AAAA", "TXT", "MX", "MX", "SRV", "SRV", "HTTPS", "HTTPS",
             "CNAME", "DNAME", "NS", "SOA", "DS", "ANY", "CAA", "TYPE65280"]

    def __init__(self, rng, generator):
        self.type = rng.choice(self.TYPES)
        self.name = self._name(rng, generator)
        self.source = rng.choice(generator.sources)
        self.payload = rng.choice([None, 512, 1232, 1232])
        self.has_nsid = self.payload is not None and rng.random() < 0.3
        self.ecs = None
        if self.payload is not None and rng.random() < 0.75:
            self.ecs = self._ecs(rng, generator)

    def _name(self, rng, generator):
        kind = rng.random()
        if kind < 0.4:
            name, rdtype = rng.choice(generator.dynamic)
            if rdtype != "CNAME":
                self.type = rdtype
        elif kind < 0.45:
            name, self.type = rng.choice(generator.certain)
            return absolute(name)
        elif kind < 0.5:
            below = rng.choices([*LABELS, "w" * 60, "www"], k=rng.randint(0, 3))
            return absolute(".".join([*below, rng.choice(generator.dnames)]))
        elif kind < 0.65:
            name = rng.choice(list(generator.records))
        elif kind < 0.9:
            name = ".".join(rng.choices(LABELS, k=rng.randint(1, 5)))
        elif kind < 0.95:
            return rng.choice([f"{CHILD}.", f"www.{CHILD}.", f"back.{CHILD}.", f"x.y.deep.{CHILD}.", f"deep.{CHILD}."])
        else:
            return rng.choice([*OUTSIDE, ".", "com."])
        name = name.replace("*", rng.choice(["*", "x", "y.x"]))
        kind = rng.random()
        if kind < 0.15:
            name = f"{rng.choice(LABELS)}.{name}" if name else rng.choice(LABELS)
        elif kind < 0.25 and "." in name:
            name = name.split(".", 1)[1]
        return absolute(name)

    @staticmethod
    def _ecs(rng, generator):
        kind = rng.random()
        if kind < 0.06:
            return ipaddress.ip_network(rng.choice(["0.0.0.0/0", "::/0"]))
        if kind < 0.4 and generator.subnets:
            # The edges of what rules name: first, last, one beside, and around.
            network = rng.choice(generator.subnets)
            edge = int(rng.choice([network.network_address, network.broadcast_address])) + rng.choice([-1, 0, 0, 1])
            edge = min(max(edge, 0), 2 ** network.max_prefixlen - 1)
            bits = rng.choice([network.prefixlen, network.max_prefixlen, rng.randint(1, network.max_prefixlen)])
            address = ipaddress.IPv4Address(edge) if network.version == 4 else ipaddress.IPv6Address(edge)
            return ipaddress.ip_network(f"{address}/{bits}", strict=False)
        return random_network(rng, shortest=1)

    def __str__(self):
        return (f"{self.name} {self.type} from {self.source} ecs {self.ecs} payload {self.payload}"
                f"{' nsid' if self.has_nsid else ''}")
